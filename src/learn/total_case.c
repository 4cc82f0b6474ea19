/*-------------------------------------------------------------------------
 *
 * total_case.c
 *		Totals over those of the rows that refer to a row that have some value, as of
 *		lines that are not cancelled; and the rules of all totals.
 *
 * The rows are told by one of their columns that has few values.  For each value its
 * rows are summed and counted, and the values that a total is over are those whose
 * sums add up to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "learn/query.h"
#include "learn/total.h"

/* Columns by which rows are told, at most, the values of one, and columns that are summed. */
#define MAX_CASES		6
#define MAX_VALUES		8
#define MAX_ITEMS		6

/* A column by which rows are told. */
typedef struct Case
{
	int			column;			/* of the child */
	List	   *values;
	int			first;			/* number of the sums of its first value; see sum_of() */
} Case;

/* What is compared. */
typedef struct Cases
{
	const LearnTotals *totals;
	int			nitems;
	int			ncases;
	Case		of[MAX_CASES];
	int			nsums;
	int			n;				/* rows */
	double	  **value;			/* by column of the parent, then row: NAN for null */
	double	  **sum;			/* by case, value, and item or number, then row */
} Cases;

/* The values by which a column of the child can tell rows: declared, or few that may be carried; NIL if it cannot. */
static List *
telling_values(const LearnSchema *schema, const LearnTable *child, int c)
{
	const LearnColumn *column = &child->column[c];
	const LearnStatistics *statistics = column->statistics;
	List	   *values = NIL;

	if (!learn_can_read(child, c) || column->left_out || learn_is_key(child, c))
		return NIL;
	if (column->kind == LEARN_BOOL || column->kind == LEARN_ENUM || column->limits.has_list)
		values = learn_finite_values(column, MAX_VALUES);
	else if ((column->kind == LEARN_TEXT || column->kind == LEARN_INT) && statistics && statistics->nbounds == 0 && statistics->distinct > 0 &&
			 statistics->nvalues >= floor(statistics->distinct + 0.5) && learn_why_withheld(schema, child, c) == NULL)
		for (int v = 0; v < statistics->nvalues; v++)
		{
			if (!learn_is_shared(schema, child, statistics, v) || (column->kind == LEARN_TEXT && learn_text_is_telling(statistics->value[v])))
				return NIL;
			values = lappend(values, statistics->value[v]);
		}
	return list_length(values) >= 2 && list_length(values) <= MAX_VALUES ? values : NIL;
}

/* Find the columns that tell rows. */
static void
find_cases(const LearnSchema *schema, Cases *cases)
{
	const LearnTable *child = cases->totals->child;

	for (int c = 0; c < child->ncolumns && cases->ncases < MAX_CASES; c++)
	{
		List	   *values = telling_values(schema, child, c);

		if (values == NIL)
			continue;
		cases->of[cases->ncases++] = (Case) {c, values, cases->nsums};
		cases->nsums += list_length(values) * (cases->nitems + 1);
	}
}

/* The sums of one of the values of a case, or their number if item is -1, by row. */
static const double *
sum_of(const Cases *cases, const Case *c, int value, int item)
{
	return cases->sum[c->first + value * (cases->nitems + 1) + item + 1];
}

/* The query. */
static char *
cases_query(const Cases *cases)
{
	const LearnTable *child = cases->totals->child;
	StringInfoData query;
	StringInfoData aggregates;
	StringInfoData names;

	initStringInfo(&query);
	initStringInfo(&aggregates);
	initStringInfo(&names);
	for (int k = 0; k < cases->ncases; k++)
		for (int v = 0; v < list_length(cases->of[k].values); v++)
			for (int i = -1; i < cases->nitems; i++)
			{
				appendStringInfoString(&aggregates, i < 0 ? ", count(*" : ", sum(");
				if (i >= 0)
					learn_append_column(&aggregates, "c", &child->column[cases->totals->item[i]]);
				appendStringInfoString(&aggregates, ") FILTER (WHERE ");
				learn_append_column(&aggregates, "c", &child->column[cases->of[k].column]);
				appendStringInfo(&aggregates, " = %s) AS spindle_%d_%d_%d", quote_literal_cstr(list_nth(cases->of[k].values, v)), k, v, i + 1);
				appendStringInfo(&names, ", a.spindle_%d_%d_%d", k, v, i + 1);
			}
	learn_append_totals_query(&query, cases->totals, aggregates.data, names.data);
	return query.data;
}

/* A row of the query; its first column is the number of all that refer to it. */
static void
read_sums(char *const *value, void *arg)
{
	Cases	   *cases = arg;
	int			at = 1;

	if (cases->n == LEARN_TOTAL_ROWS)
		return;
	for (int i = 0; i < cases->totals->ncolumns; i++, at++)
		cases->value[i][cases->n] = value[at] ? strtod(value[at], NULL) : NAN;
	for (int i = 0; i < cases->nsums; i++, at++)
		cases->sum[i][cases->n] = value[at] ? strtod(value[at], NULL) : 0;
	cases->n++;
}

/* Note a total over the rows that have one of some values of a case. */
static void
note_total(const Cases *cases, int column, const Case *c, int values, int item, int holds)
{
	LearnColumn *parent = &cases->totals->parent->column[cases->totals->column[column]];
	LearnFinding *finding = learn_add_finding(parent, LEARN_FOUND_TOTAL, holds, cases->n);
	MemoryContext oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(finding));

	finding->function = item >= 0 ? "sum" : "count";
	finding->child = cases->totals->child;
	finding->child_key = cases->totals->key;
	finding->child_column = item >= 0 ? cases->totals->item[item] : -1;
	finding->case_column = c->column;
	for (int v = 0; v < list_length(c->values); v++)
		if (values & 1 << v)
			finding->case_values = lappend(finding->case_values, pstrdup(list_nth(c->values, v)));
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Is a column the total of an item over the rows that have one of some values of a case,
 * and not by chance?  values has a bit for each.
 */
static bool
try_values(const LearnSchema *schema, const Cases *cases, int column, const Case *c, int values, int item, double *total)
{
	const LearnColumn *parent = &cases->totals->parent->column[cases->totals->column[column]];
	const double unit = pow(10, -parent->scale);
	LearnTotals totals = {.n = cases->n,.value = cases->value};
	int			holds;
	int			filled = 0;
	int			fails = 0;

	for (int r = 0; r < cases->n; r++)
	{
		total[r] = 0;
		for (int v = 0; v < list_length(c->values); v++)
			if (values & 1 << v)
				total[r] += sum_of(cases, c, v, item)[r];
		filled += total[r] != 0;
		fails += !(fabs(total[r] - cases->value[column][r]) <= 0.5 * unit);
		if (fails > 2 + cases->n * 2 * (1 - LEARN_HOLDS))
			return false;
	}
	holds = learn_count_totals(&totals, column, total, unit, true, 0);
	if (filled < schema->options->k || holds < LEARN_HOLDS * cases->n ||
		learn_count_totals(&totals, column, total, unit, true, cases->n / 2 + 7) > LEARN_BY_CHANCE * cases->n)
		return false;
	note_total(cases, column, c, values, item, holds);
	return true;
}

/* Try all sets of values of a case, those of most values first; returns whether one was found. */
static bool
try_case(const LearnSchema *schema, const Cases *cases, int column, const Case *c, int item, double *total)
{
	const LearnColumn *parent = &cases->totals->parent->column[cases->totals->column[column]];
	const LearnColumn *of = item >= 0 ? &cases->totals->child->column[cases->totals->item[item]] : NULL;
	const int	n = list_length(c->values);

	if (of ? parent->kind != of->kind || parent->scale != of->scale : parent->kind != LEARN_INT)
		return false;
	for (int size = n - 1; size > 0; size--)
		for (int values = 1; values < (1 << n) - 1; values++)
			if (pg_popcount32(values) == size && try_values(schema, cases, column, c, values, item, total))
				return true;
	return false;
}

/*
 * learn_find_case_totals
 *		Find totals of one foreign key, over rows that have some value, among columns of
 *		its target.
 */
void
learn_find_case_totals(LearnSchema *schema, const LearnTotals *totals)
{
	Cases		cases = {.totals = totals,.nitems = Min(totals->nitems, MAX_ITEMS)};
	double	   *total = palloc(sizeof(double) * LEARN_TOTAL_ROWS);

	find_cases(schema, &cases);
	if (cases.ncases == 0)
		return;
	cases.value = palloc(sizeof(double *) * totals->ncolumns);
	for (int i = 0; i < totals->ncolumns; i++)
		cases.value[i] = palloc(sizeof(double) * LEARN_TOTAL_ROWS);
	cases.sum = palloc(sizeof(double *) * cases.nsums);
	for (int i = 0; i < cases.nsums; i++)
		cases.sum[i] = palloc(sizeof(double) * LEARN_TOTAL_ROWS);
	learn_query(cases_query(&cases), NULL, NULL, read_sums, &cases);
	for (int i = 0; i < totals->ncolumns; i++)
	{
		bool		is_found = false;

		CHECK_FOR_INTERRUPTS();
		for (int item = cases.nitems - 1; item >= -1 && !is_found; item--)
			for (int k = 0; k < cases.ncases && !is_found; k++)
				is_found = try_case(schema, &cases, i, &cases.of[k], item, total);
	}
}

/*
 * learn_append_case
 *		Append which rows of the child a total counts, as a clause of its aggregate;
 *		nothing if it counts all.
 */
void
learn_append_case(StringInfo query, const LearnFinding *finding, const char *alias)
{
	ListCell   *lc;

	if (finding->case_values == NIL)
		return;
	appendStringInfoString(query, " FILTER (WHERE ");
	learn_append_column(query, alias, &finding->child->column[finding->case_column]);
	appendStringInfoString(query, " IN (");
	foreach(lc, finding->case_values)
		appendStringInfo(query, "%s%s", foreach_current_index(lc) ? ", " : "", quote_literal_cstr(lfirst(lc)));
	appendStringInfoString(query, "))");
}

/* Do the rules of the child give the values by which its rows are told? */
static bool
has_values(const LearnFinding *finding)
{
	const LearnColumn *column = &finding->child->column[finding->case_column];
	ListCell   *lc;

	if (column->left_out || column->always_null || column->base == NULL)
		return false;
	if (column->kind == LEARN_BOOL || column->kind == LEARN_ENUM || column->limits.has_list)
		return true;
	foreach(lc, finding->case_values)
		if (strstr(column->base, learn_quote(lfirst(lc))) == NULL)
			return false;
	return true;
}

/* A hidden column of the child that is what a total counts where the row is one of those that do, and else 0; its name. */
static char *
add_counted(const LearnFinding *finding)
{
	LearnTable *child = finding->child;
	const LearnColumn *column = &child->column[finding->case_column];
	const LearnColumn *item = finding->child_column >= 0 ? &child->column[finding->child_column] : NULL;
	char	   *name = learn_unique_name(&child->names_used, psprintf("%s_by_%s", item ? item->name : "rows", column->name));
	StringInfoData rule;
	ListCell   *lc;

	initStringInfo(&rule);
	appendStringInfo(&rule, "{\"kind\": \"case\", \"cases\": [{\"when\": {\"column\": \"%s\", \"in\": [", column->name);
	foreach(lc, finding->case_values)
		appendStringInfo(&rule, "%s%s", foreach_current_index(lc) ? ", " : "", learn_json_value(column, lfirst(lc)));
	if (item)
		appendStringInfo(&rule, "]}, \"then\": {\"kind\": \"copy\", \"column\": \"%s\"}}]", item->name);
	else
		appendStringInfoString(&rule, "]}, \"then\": {\"kind\": \"constant\", \"value\": 1}}]");
	appendStringInfoString(&rule, ", \"else\": {\"kind\": \"constant\", \"value\": 0}}");
	learn_add_hidden(child, name, item ? item->format : "integer", rule.data)->nullable = item && !item->not_null;
	return name;
}

/*
 * learn_total_note
 *		What a total is, for the report; palloc'd.
 */
char *
learn_total_note(const LearnFinding *finding)
{
	StringInfoData note;
	ListCell   *lc;

	initStringInfo(&note);
	appendStringInfo(&note, "%s of rows of %s", finding->function, finding->child->sql_name);
	foreach(lc, finding->case_values)
		appendStringInfo(&note, "%s%s", foreach_current_index(lc) ? " or " : psprintf(" whose %s is ", finding->child->column[finding->case_column].sql_name), (char *) lfirst(lc));
	return note.data;
}

/*
 * learn_total_rule
 *		The rule of a total, JSON; the rows that are summed become children.  NULL if that
 *		is not possible.
 */
char *
learn_total_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding)
{
	LearnTable *child = finding->child;
	char	   *rule;

	if (child->empty || (finding->case_values && !has_values(finding)) || !learn_make_parent(schema, child, finding->child_key) ||
		(finding->child_column >= 0 && (child->column[finding->child_column].left_out || child->column[finding->child_column].always_null)))
		return NULL;
	if (finding->case_values)
		rule = psprintf("{\"kind\": \"total\", \"child\": \"%s\", \"column\": \"%s\", \"function\": \"sum\"}", child->name, add_counted(finding));
	else if (strcmp(finding->function, "count") == 0)
		rule = psprintf("{\"kind\": \"total\", \"child\": \"%s\", \"function\": \"count\"}", child->name);
	else
	{
		column->found_null = strcmp(finding->function, "sum") != 0;
		rule = psprintf("{\"kind\": \"total\", \"child\": \"%s\", \"column\": \"%s\", \"function\": \"%s\"}", child->name,
						child->column[finding->child_column].name, finding->function);
	}
	if (column->limits.has_low || column->limits.has_high)
	{
		char	   *name = learn_unique_name(&table->names_used, psprintf("%s_total", column->name));
		LearnHidden *hidden = learn_add_hidden(table, name, column->format, rule);

		hidden->nullable = column->found_null;
		rule = learn_limited_formula(column, hidden->name);
	}
	return rule;
}
