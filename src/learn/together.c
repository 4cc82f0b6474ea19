/*-------------------------------------------------------------------------
 *
 * together.c
 *		Rules of columns that go together: values that follow from others, and copulas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/data.h"

/* Columns of a copula. */
#define MAX_COPULA		8

/* Values of the first column of a pair, as if they were equally frequent, from which on its draws keep the distribution of the second. */
#define ENOUGH_DRAWS	1500

/* Tuples of columns that are drawn together, in all tables, at most. */
#define MAX_TUPLES		50000

/* A number that rises with another one to this extent goes by its rank rather than follow from it anyhow. */
#define RATHER_RANKS	0.3

/* Does a rule begin as one of some kinds?  The last one is NULL. */
static bool
is_of_kind(const char *rule, const char *const *kinds)
{
	for (; *kinds; kinds++)
	{
		char	   *begin = psprintf("{\"kind\": \"%s\"", *kinds);

		if (strncmp(rule, begin, strlen(begin)) == 0)
			return true;
	}
	return false;
}

/*
 * learn_keyable_rule
 *		A rule that can draw by the values of other columns: of a pool the rule that is in
 *		it; NULL if there is none.
 */
char *
learn_keyable_rule(char *rule)
{
	static const char *const kinds[] = {"weighted", "empirical", "uniform", "lognormal", "geometric", "bernoulli", "words", "shape", "regex", NULL};
	static const char *const pool[] = {"pool", NULL};
	static const char within[] = "\"rule\": ";

	if (is_of_kind(rule, pool) && strstr(rule, within))
	{
		rule = pstrdup(strstr(rule, within) + strlen(within));
		rule[strlen(rule) - 1] = '\0';
	}
	return is_of_kind(rule, kinds) ? rule : NULL;
}

/* For list_sort: what follows from columns of few values before what follows from those of many. */
static int
compare_pairs(const ListCell *a, const ListCell *b)
{
	const LearnPair *x = lfirst(a);
	const LearnPair *y = lfirst(b);

	if (x->is_function != y->is_function)
		return x->is_function ? -1 : 1;
	if (x->is_function)
		return x->values != y->values ? x->values - y->values : x->first - y->first;
	return fabs(x->correlation) == fabs(y->correlation) ? 0 : fabs(x->correlation) > fabs(y->correlation) ? -1 : 1;
}

/* The correlation of two columns; 0 if it is not known. */
static double
correlation_of(const LearnTable *table, int a, int b)
{
	ListCell   *lc;

	foreach(lc, table->pairs)
	{
		const LearnPair *pair = lfirst(lc);

		if (!pair->is_function && !pair->is_associated && ((pair->first == a && pair->second == b) || (pair->first == b && pair->second == a)))
			return pair->correlation;
	}
	return 0;
}

/* How many values there are in the pool that is a column's rule; 0 if it is none, or if that goes by the rows. */
static int
pool_size(const LearnColumn *column)
{
	static const char begin[] = "{\"kind\": \"pool\", \"size\": ";

	return strncmp(column->base, begin, strlen(begin)) == 0 ? atoi(column->base + strlen(begin)) : 0;
}

/* Let the second column of a pair follow from the first, if both are free to. */
static void
use_function(LearnSchema *schema, LearnTable *table, const LearnPair *pair)
{
	const LearnColumn *first = &table->column[pair->first];
	LearnColumn *second = &table->column[pair->second];
	const char *key = first->name;
	char	   *rule;

	if (learn_is_refused(schema, table, second->name) || !learn_is_free(table, second, false) || second->checks ||
		second->key >= 0 || second->base == NULL || first->left_out || first->always_null || first->differs != LEARN_REPEATS ||
		fabs(correlation_of(table, pair->first, pair->second)) > RATHER_RANKS ||
		learn_column_depends_on(schema, table, pair->first, pair->second))
		return;
	rule = learn_keyable_rule(second->base);
	if (rule == NULL)
		return;
	if (pair->even < ENOUGH_DRAWS && rule == second->base && second->source && strcmp(second->source, "statistics") == 0)
	{
		second->note = psprintf("follows from %s in %.0f of %.0f rows that repeat it, but has too few values by that to keep its distribution", first->name, pair->holds, pair->rows);
		return;
	}
	if (pool_size(second) > 0)
	{
		char	   *number = learn_unique_name(&table->names_used, psprintf("%s_number", second->name));

		(void) learn_add_hidden(table, number, "integer", psprintf("{\"kind\": \"uniform\", \"min\": 1, \"max\": %d, \"keyed_by\": [\"%s\"]}", pool_size(second), key));
		key = number;
	}
	second->found_rule = psprintf("%.*s, \"keyed_by\": [\"%s\"]}", (int) strlen(rule) - 1, rule, key);
	second->keyed_by = list_make1_int(pair->first);
	second->note = psprintf("follows from %s in %.0f of %.0f rows that repeat it", first->name, pair->holds, pair->rows);
	second->source = "data";
}

/* Can a column be in a copula? */
static bool
can_correlate(const LearnTable *table, const LearnColumn *column)
{
	static const char *const kinds[] = {"weighted", "empirical", "uniform", "lognormal", "geometric", "bernoulli", NULL};

	return learn_is_free(table, column, false) && column->key < 0 && column->base && is_of_kind(column->base, kinds);
}

/* Append a copula of some columns. */
static void
append_copula(StringInfo out, LearnTable *table, List *columns)
{
	ListCell   *lc;

	appendStringInfo(out, "%s{\"columns\": [", out->len ? ", " : "[");
	foreach(lc, columns)
		appendStringInfo(out, "%s\"%s\"", foreach_current_index(lc) ? ", " : "", table->column[lfirst_int(lc)].name);
	appendStringInfoString(out, "], \"correlations\": [");
	for (int i = 1; i < list_length(columns); i++)
	{
		appendStringInfoString(out, i > 1 ? ", [" : "[");
		for (int j = 0; j < i; j++)
			appendStringInfo(out, "%s%s", j ? ", " : "", learn_number(correlation_of(table, list_nth_int(columns, i), list_nth_int(columns, j))));
		appendStringInfoChar(out, ']');
	}
	appendStringInfoString(out, "]}");
}

/*
 * Put the columns of a table that correlate into groups, beginning with those that do
 * most: each joins the group of its partner while there is room.
 */
static void
use_correlations(LearnTable *table)
{
	List	   *groups = NIL;
	StringInfoData copula;
	ListCell   *lc;
	ListCell   *lg;

	foreach(lc, table->pairs)
	{
		const LearnPair *pair = lfirst(lc);
		ListCell   *first = NULL;
		ListCell   *second = NULL;

		if (pair->is_function || pair->is_associated || !can_correlate(table, &table->column[pair->first]) || !can_correlate(table, &table->column[pair->second]))
			continue;
		foreach(lg, groups)
		{
			first = list_member_int(lfirst(lg), pair->first) ? lg : first;
			second = list_member_int(lfirst(lg), pair->second) ? lg : second;
		}
		if (first == NULL && second == NULL)
			groups = lappend(groups, list_make2_int(pair->first, pair->second));
		else if (first == NULL && list_length(lfirst(second)) < MAX_COPULA)
			lfirst(second) = lappend_int(lfirst(second), pair->first);
		else if (second == NULL && list_length(lfirst(first)) < MAX_COPULA)
			lfirst(first) = lappend_int(lfirst(first), pair->second);
	}
	initStringInfo(&copula);
	foreach(lg, groups)
		append_copula(&copula, table, lfirst(lg));
	if (groups)
	{
		appendStringInfoChar(&copula, ']');
		table->copula = copula.data;
	}
}

/*
 * learn_use_pairs
 *		Let columns go together as was found.  All else is decided but nulls.
 */
void
learn_use_pairs(LearnSchema *schema)
{
	int			budget = MAX_TUPLES;

	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		if (table->empty)
			continue;
		CHECK_FOR_INTERRUPTS();
		learn_use_tuples(schema, table, &budget);
		list_sort(table->pairs, compare_pairs);
		foreach(lc, table->pairs)
			if (((LearnPair *) lfirst(lc))->is_function)
				use_function(schema, table, lfirst(lc));
		if (!learn_is_refused(schema, table, NULL))
			use_correlations(table);
	}
}
