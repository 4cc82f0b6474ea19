/*-------------------------------------------------------------------------
 *
 * variant.c
 *		Patterns of values that checks of several columns allow.
 *
 * Columns that checks hold together can each be null, one of few values, or free.
 * All combinations of these are put before the checks, free columns with values of
 * their own rules; those that pass become the variants of a hidden column.  If none
 * passes free columns are given what the checks mention.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/schema.h"

/* Combinations that are tried, so many at a time, and that are kept. */
#define MAX_COMBINATIONS	4000
#define AT_A_TIME			256
#define MAX_VARIANTS		200

/* Values of a column that are tried one by one. */
#define MAX_CHOICES		20

/* Rounds in which weights are fitted, and what a choice has at least. */
#define FIT_ROUNDS		20
#define LEAST_SHARE		0.001

/* One thing that a column can be. */
typedef struct Choice
{
	bool		is_free;		/* what its rule gives */
	char	   *value;			/* else this one, NULL for null */
	char	   *tries[LEARN_TRIES];	/* of a free one */
	double		share;			/* of the rows that it should have */
} Choice;

/* A column of some checks, with what it can be. */
typedef struct Part
{
	int			column;
	int			n;
	Choice		choice[2 * MAX_CHOICES + 2];
} Part;

/* Checks that share columns. */
typedef struct Group
{
	Bitmapset  *columns;
	List	   *checks;			/* LearnCheck */
	int			nparts;
	Part	   *part;
} Group;

/* Add a choice to a part, if there is room. */
static Choice *
add_choice(Part *part, char *value, bool is_free)
{
	Choice	   *choice;

	if (part->n == lengthof(part->choice))
		return NULL;
	choice = &part->choice[part->n++];
	choice->is_free = is_free;
	choice->value = value;
	return choice;
}

/* Is what a column is decided by something else than its own rule? */
static bool
is_bound(const LearnTable *table, const LearnColumn *column)
{
	const LearnKey *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

	return column->differs != LEARN_REPEATS || column->grid >= 0 || column->follows >= 0 ||
		(key && (key->is_parent || key->is_distinct || key->grid >= 0));
}

/*
 * Can a column whose values differ be null in some rows all the same?  Its values need
 * each other's neither way.
 */
static bool
differs_apart(const LearnTable *table, const LearnColumn *column)
{
	const LearnKey *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

	return column->differs == LEARN_DIFFERS || column->differs == LEARN_GRID || (key && !key->is_parent && (key->is_distinct || key->grid >= 0));
}

/* Is a value one of the choices of a part? */
static bool
has_choice(const Part *part, const char *value)
{
	for (int i = 0; i < part->n; i++)
		if (part->choice[i].value && strcmp(part->choice[i].value, value) == 0)
			return true;
	return false;
}

/*
 * Add values that a column could have, each once: those that the format has, too, and
 * that pass the checks of the column alone.
 */
static void
add_values(LearnAsker *asker, LearnTable *table, Part *part, List *values)
{
	LearnColumn *column = &table->column[part->column];
	ListCell   *lc;

	foreach(lc, values)
	{
		char	   *value = lfirst(lc);
		char	   *rule;

		if (foreach_current_index(lc) >= MAX_CHOICES || value == NULL || has_choice(part, value))
			continue;
		rule = psprintf("{\"kind\": \"constant\", \"value\": %s}", learn_json_value(column, value));
		if (learn_sample(column, rule, 1) && (column->checks == NIL || learn_rule_passes(asker, table, column, list_make1(value), NULL)))
			(void) add_choice(part, value, false);
	}
}

/* What a column can be, with fixed values for free ones too if wants_fixed. */
static void
find_choices(const LearnSchema *schema, LearnAsker *asker, LearnTable *table, Part *part, int number, bool wants_fixed)
{
	const LearnColumn *column = &table->column[part->column];
	bool		bound = is_bound(table, column);
	List	   *values = bound || column->key >= 0 ? NIL :
		column->kind == LEARN_BOOL || column->kind == LEARN_ENUM || column->limits.has_list ? learn_finite_values(column, MAX_CHOICES) : NIL;
	ListCell   *lc;

	part->n = 0;
	if (column->left_out || column->always_null)
	{
		(void) add_choice(part, NULL, false);
		return;
	}
	if (values == NIL)
		learn_find_tries(schema, table, column, number, add_choice(part, NULL, true)->tries);
	foreach(lc, values)
		if (foreach_current_index(lc) < MAX_CHOICES)
			(void) add_choice(part, lfirst(lc), false);
	if (!column->not_null && (!bound || column->follows >= 0 || differs_apart(table, column)))
		(void) add_choice(part, NULL, false);
	if (!wants_fixed || values || bound || column->key >= 0)
		return;
	add_values(asker, table, part, column->limits.hints);
	if (column->kind == LEARN_TIME)
		add_values(asker, table, part, list_make4("06:00:00", "09:00:00", "17:00:00", "22:00:00"));
	if (column->kind == LEARN_ARRAY || column->kind == LEARN_RANGE || column->kind == LEARN_OTHER)
		add_values(asker, table, part, learn_type_candidates(column));
	if (learn_is_number(column) || column->kind == LEARN_ARRAY)
		add_values(asker, table, part, list_make3(part->choice[0].tries[0], part->choice[0].tries[1], part->choice[0].tries[2]));
}

/* Which share of the rows each choice of a column should have. */
static void
find_shares(const LearnColumn *column, Part *part)
{
	const LearnStatistics *statistics = column->statistics;
	double		nulls = statistics ? statistics->null_fraction : 0.2;
	int			values = 0;

	for (int i = 0; i < part->n; i++)
		values += part->choice[i].is_free || part->choice[i].value;
	for (int i = 0; i < part->n; i++)
	{
		Choice	   *choice = &part->choice[i];

		choice->share = !choice->is_free && choice->value == NULL ? nulls : (1 - nulls) / Max(values, 1);
		for (int v = 0; statistics && choice->value && v < statistics->nvalues; v++)
			if (strcmp(statistics->value[v], choice->value) == 0)
				choice->share = statistics->frequency[v];
		choice->share = Max(choice->share, LEAST_SHARE);
	}
}

/*
 * Weights of the n combinations of a group, by which each choice has its share as far
 * as those that pass allow; palloc'd.  Iterative proportional fitting.
 */
static double *
fit_weights(const Group *group, const bool *passes, int n)
{
	double	   *weight = palloc(sizeof(double) * n);

	for (int i = 0; i < n; i++)
		weight[i] = passes[i];
	for (int round = 0; round < FIT_ROUNDS; round++)
	{
		int			step = 1;

		for (int p = 0; p < group->nparts; p++)
		{
			const Part *part = &group->part[p];
			double		sum[lengthof(part->choice)] = {0};

			for (int i = 0; i < n; i++)
				sum[i / step % part->n] += weight[i];
			for (int i = 0; i < n; i++)
				if (sum[i / step % part->n] > 0)
					weight[i] *= part->choice[i / step % part->n].share / sum[i / step % part->n];
			step *= part->n;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return weight;
}

/* Groups of checks that are still to be met; a list.  One that uses no column is a group without columns. */
static List *
find_groups(const LearnTable *table)
{
	List	   *groups = NIL;
	ListCell   *lc;

	foreach(lc, table->checks)
	{
		LearnCheck *check = lfirst(lc);
		Group	   *group = palloc0(sizeof(Group));
		List	   *others = NIL;
		ListCell   *lg;

		if (check->is_settled || check->unasked)
			continue;
		group->columns = bms_copy(check->columns);
		group->checks = list_make1(check);
		foreach(lg, groups)
		{
			Group	   *other = lfirst(lg);

			if (bms_overlap(other->columns, group->columns))
			{
				group->columns = bms_add_members(group->columns, other->columns);
				group->checks = list_concat(other->checks, group->checks);
			}
			else
				others = lappend(others, other);
		}
		groups = lappend(others, group);
	}
	return groups;
}

/* How many combinations the choices of a group's columns have. */
static double
combinations(const Group *group)
{
	double		n = 1;

	for (int p = 0; p < group->nparts; p++)
		n *= group->part[p].n;
	return n;
}

/* The values of a combination, at one of its tries, into a row. */
static void
fill_row(const Group *group, int combination, int try, char **row)
{
	for (int p = 0; p < group->nparts; p++)
	{
		const Part *part = &group->part[p];
		const Choice *choice = &part->choice[combination % part->n];

		row[part->column] = choice->is_free ? choice->tries[try] : choice->value;
		combination /= part->n;
	}
}

/*
 * In a row of values of a combination, let free columns be no further from those that
 * they follow than they must, as some rows will have it.
 */
static void
let_follow(const LearnTable *table, const Group *group, int combination, char **row)
{
	for (int p = 0; p < group->nparts; p++)
	{
		const LearnColumn *column = &table->column[group->part[p].column];
		const char *first = column->follows >= 0 ? row[column->follows] : NULL;
		bool		is_free = group->part[p].choice[combination % group->part[p].n].is_free;

		combination /= group->part[p].n;
		if (first == NULL || !is_free || column->kind != table->column[column->follows].kind)
			continue;
		if (learn_is_number(column) && column->follows_strictly)
			row[group->part[p].column] = learn_number(strtod(first, NULL) + learn_step(column, strtod(first, NULL)));
		else
			row[group->part[p].column] = pstrdup(first);
	}
}

/*
 * Which of the combinations pass all checks; palloc'd, n of them.  Number i has the
 * choices of its mixed-radix digits, the first column the lowest.  Some are tried at a
 * time, as rows of wide tables are large.
 */
static bool *
try_combinations(LearnAsker *asker, const LearnTable *table, const Group *group, int n)
{
	const int	some = Min(n, AT_A_TIME);
	char	  ***rows = palloc(sizeof(char **) * some * LEARN_TRIES);
	bool	   *passes = palloc(sizeof(bool) * some * LEARN_TRIES);
	bool	   *result = palloc(sizeof(bool) * n);

	for (int i = 0; i < some * LEARN_TRIES; i++)
		rows[i] = palloc0(sizeof(char *) * table->ncolumns);
	memset(result, true, n);
	for (int first = 0; first < n; first += some)
	{
		const int	now = Min(some, n - first);
		ListCell   *lc;

		for (int i = 0; i < now * LEARN_TRIES; i++)
		{
			const int	try = i % LEARN_TRIES;

			fill_row(group, first + i / LEARN_TRIES, try, rows[i]);
			if (try % 2 > 0)
				let_follow(table, group, first + i / LEARN_TRIES, rows[i]);
		}
		foreach(lc, group->checks)
		{
			learn_ask(asker, lfirst(lc), rows, now * LEARN_TRIES, passes);
			for (int i = 0; i < now * LEARN_TRIES; i++)
				result[first + i / LEARN_TRIES] = result[first + i / LEARN_TRIES] && passes[i];
		}
	}
	for (int i = 0; i < some * LEARN_TRIES; i++)
		pfree(rows[i]);
	pfree(rows);
	pfree(passes);
	return result;
}

/*
 * Collect the constants of the checks of a group as hints of all its columns, and what
 * is at the ends of those that are made up.
 */
static void
share_hints(const LearnSchema *schema, LearnTable *table, const Group *group)
{
	ListCell   *lc;

	foreach(lc, group->checks)
	{
		LearnLimits limits = {.max_length = -1};
		int			c = -1;

		learn_collect_hints((Node *) ((LearnCheck *) lfirst(lc))->expr, &limits);
		limits.hints = list_concat(limits.hints, list_make5("0", "1", "10", learn_day(schema->first_day), learn_day(schema->end_day)));
		while ((c = bms_next_member(group->columns, c)) >= 0)
			table->column[c].limits.hints = list_concat(list_copy(limits.hints), table->column[c].limits.hints);
	}
}

/* Limit the choices to as many as can be tried. */
static void
limit_choices(Group *group)
{
	while (combinations(group) > MAX_COMBINATIONS)
	{
		Part	   *widest = &group->part[0];

		for (int p = 1; p < group->nparts; p++)
			if (group->part[p].n > widest->n)
				widest = &group->part[p];
		widest->n--;
		CHECK_FOR_INTERRUPTS();
	}
}

/* Columns that can be null, but in no combination that passes, are never null. */
static void
forbid_nulls(LearnTable *table, const Group *group, const bool *passes, int n)
{
	int			step = 1;

	for (int p = 0; p < group->nparts; p++)
	{
		const Part *part = &group->part[p];
		LearnColumn *column = &table->column[part->column];
		bool		is_null = false;

		for (int i = 0; i < n; i++)
		{
			const Choice *choice = &part->choice[i / step % part->n];

			is_null |= passes[i] && !choice->is_free && choice->value == NULL;
		}
		if (!is_null)
		{
			column->not_null = true;
			if (column->key >= 0)
				((LearnKey *) list_nth(table->keys, column->key))->is_tree = false;
		}
		step *= part->n;
	}
}

/*
 * Let a column be what patterns say.  If it can be null now, although its values
 * differ, that they do is nothing that the format would prove.
 */
static void
take_variant(LearnTable *table, LearnColumn *column)
{
	ListCell   *lc;

	column->variant = list_length(table->variants);
	if (column->key >= 0)
		((LearnKey *) list_nth(table->keys, column->key))->is_tree = false;
	if (!differs_apart(table, column))
		return;
	foreach(lc, table->sets)
	{
		LearnSet   *set = lfirst(lc);

		set->is_proved = set->is_proved && !bms_is_member((int) (column - table->column), set->columns);
	}
}

/* The variants that have passed as the rule of a hidden column. */
static void
make_variant(LearnTable *table, const Group *group, const bool *passes, int n)
{
	LearnVariant *variant = palloc0(sizeof(LearnVariant));
	double	   *weight = fit_weights(group, passes, n);
	StringInfoData rule;
	int			kept = 0;

	variant->name = learn_unique_name(&table->names_used, "pattern");
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"variant\", \"variants\": [");
	for (int i = 0; i < n; i++)
	{
		int			rest = i;
		bool		is_first = true;

		if (!passes[i])
			continue;
		appendStringInfo(&rule, "%s{\"weight\": %s, \"values\": {", kept++ ? ", " : "", learn_number(Max(floor(weight[i] * 1000 + 0.5), 1)));
		for (int p = 0; p < group->nparts; p++)
		{
			const Part *part = &group->part[p];
			const Choice *choice = &part->choice[rest % part->n];
			LearnColumn *column = &table->column[part->column];

			rest /= part->n;
			if (choice->is_free || column->left_out || column->always_null)
				continue;
			appendStringInfo(&rule, "%s%s: %s", is_first ? "" : ", ", learn_quote(column->name), learn_json_value(column, choice->value));
			is_first = false;
			take_variant(table, column);
		}
		appendStringInfoString(&rule, "}}");
	}
	appendStringInfoString(&rule, "]}");
	forbid_nulls(table, group, passes, n);
	variant->rule = rule.data;
	table->variants = lappend(table->variants, variant);
}

/*
 * Of more combinations that pass than are kept, forget some: those that are left stand
 * for equal shares of the rows.
 */
static void
thin_combinations(const Group *group, bool *passes, int n)
{
	double	   *weight = fit_weights(group, passes, n);
	double		sum = 0;
	double		before = 0;
	int			passing = 0;

	for (int i = 0; i < n; i++)
	{
		passing += passes[i];
		sum += weight[i];
	}
	for (int i = 0; i < n && passing > MAX_VARIANTS; i++)
	{
		double		after = before + weight[i] / sum * MAX_VARIANTS;

		passes[i] = passes[i] && floor(after) > floor(before);
		before = after;
	}
	pfree(weight);
}

/* How many choices that columns have by themselves are in no combination that passes. */
static int
count_missing(const Group *group, const int *own, const bool *passes, int n)
{
	int			step = 1;
	int			missing = 0;

	for (int p = 0; p < group->nparts; p++)
	{
		const Part *part = &group->part[p];

		for (int c = 0; c < Min(own[p], part->n); c++)
		{
			bool		is_there = false;

			for (int i = 0; i < n && !is_there; i++)
				is_there = passes[i] && i / step % part->n == c;
			missing += !is_there;
		}
		step *= part->n;
	}
	return missing;
}

/*
 * Put the combinations of a group's choices before the checks; which of them pass,
 * palloc'd, *n of them.
 */
static bool *
try_group(LearnSchema *schema, LearnTable *table, LearnAsker *asker, Group *group, bool wants_fixed, int *n)
{
	int			c = -1;

	group->part = palloc0(sizeof(Part) * group->nparts);
	if (wants_fixed)
		share_hints(schema, table, group);
	for (int p = 0; p < group->nparts; p++)
	{
		group->part[p].column = c = bms_next_member(group->columns, c);
		find_choices(schema, asker, table, &group->part[p], p, wants_fixed);
		find_shares(&table->column[c], &group->part[p]);
	}
	limit_choices(group);
	*n = (int) combinations(group);
	return try_combinations(asker, table, group, *n);
}

/* Does any of the combinations pass, and do all? */
static bool
passes_any(const bool *passes, int n, bool *all)
{
	bool		any = false;

	*all = true;
	for (int i = 0; i < n; i++)
	{
		any |= passes[i];
		*all &= passes[i];
	}
	return any;
}

/*
 * Find the patterns of a group of checks.  Free columns get fixed values where without
 * these no pattern passes, or one less of what the others can be would be met.
 */
static void
meet_group(LearnSchema *schema, LearnTable *table, LearnAsker *asker, Group *group)
{
	Group		fixed = *group;
	int		   *own = palloc(sizeof(int) * Max(bms_num_members(group->columns), 1));
	int			missing;
	bool		any;
	bool		all;
	int			n;
	int			nfixed;
	bool	   *passes;
	bool	   *fixed_passes;

	group->nparts = fixed.nparts = bms_num_members(group->columns);
	passes = try_group(schema, table, asker, group, false, &n);
	any = passes_any(passes, n, &all);
	if (any && all)
		return;					/* nothing has to be done */
	for (int p = 0; p < group->nparts; p++)
		own[p] = group->part[p].n;
	missing = count_missing(group, own, passes, n);
	if (missing > 0)
	{
		fixed_passes = try_group(schema, table, asker, &fixed, true, &nfixed);
		if (passes_any(fixed_passes, nfixed, &all) &&
			(!any || count_missing(&fixed, own, fixed_passes, nfixed) < missing))
		{
			thin_combinations(&fixed, fixed_passes, nfixed);
			make_variant(table, &fixed, fixed_passes, nfixed);
			return;
		}
	}
	if (any)
	{
		thin_combinations(group, passes, n);
		make_variant(table, group, passes, n);
		return;
	}
	learn_empty(schema, table, psprintf("no values were found that pass check %s",
										((LearnCheck *) linitial(group->checks))->name));
}

/* Columns of a grid that no pattern lets be null never are. */
static void
settle_grids(LearnTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
	{
		LearnColumn *column = &table->column[c];
		const LearnKey *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

		if (column->variant < 0 && (column->differs == LEARN_GRID || (key && key->grid >= 0)))
			column->not_null = true;
	}
}

/*
 * learn_find_variants
 *		Meet the checks of several columns that nothing else meets.
 *
 * A table gets no rows if no values are found.
 */
void
learn_find_variants(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		List	   *groups = table->empty ? NIL : find_groups(table);
		LearnAsker *asker;
		ListCell   *lc;

		foreach(lc, table->checks)
		{
			const LearnCheck *check = lfirst(lc);

			if (check->unasked && !check->is_settled)
				learn_note(table, "check %s is not evaluated: %s", check->name, check->unasked);
		}
		if (groups)
		{
			asker = learn_ask_open(table);
			foreach(lc, groups)
				meet_group(schema, table, asker, lfirst(lc));
			learn_ask_close(asker);
		}
		settle_grids(table);
	}
}
