/*-------------------------------------------------------------------------
 *
 * total.c
 *		Columns that are totals over rows that refer to their row.
 *
 * For each foreign key some rows of its target are read, with the sums, numbers
 * and extremes of what refers to them, in one query that reads the referring table
 * once.  What holds in them is counted over both tables (verify.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/data.h"
#include "learn/query.h"
#include "learn/total.h"

/* Rows of the target that need rows that refer to them, and different values of a total, at least. */
#define LEAST_ROWS		20
#define LEAST_VALUES	2

/* LearnTotals of a column. */
static const struct
{
	const char *name;			/* in the format */
	const char *sql;
}			functions[] = {{"sum", "sum"}, {"max", "max"}, {"min", "min"}, {"mean", "avg"}};

/* Can a column be a total, or be summed? */
static bool
is_number(const LearnColumn *column)
{
	return column->kind == LEARN_INT || column->kind == LEARN_DECIMAL;
}

/* Choose the columns that are compared; false if there are none. */
static bool
choose_columns(LearnTotals *totals)
{
	for (int c = 0; c < totals->parent->ncolumns && totals->ncolumns < LEARN_TOTAL_COLUMNS; c++)
	{
		const LearnColumn *column = &totals->parent->column[c];

		if (learn_can_read(totals->parent, c) && is_number(column) && learn_can_be_found(totals->parent, column) &&
			!learn_is_key(totals->parent, c))
			totals->column[totals->ncolumns++] = c;
	}
	for (int c = 0; c < totals->child->ncolumns && totals->nitems < LEARN_TOTAL_COLUMNS; c++)
		if (learn_can_read(totals->child, c) && is_number(&totals->child->column[c]) && !learn_is_key(totals->child, c) &&
			!totals->child->column[c].left_out)
			totals->item[totals->nitems++] = c;
	return totals->ncolumns > 0;
}

/* Append the columns of a foreign key, of its target if wanted, else by the collations of those. */
static void
append_key(StringInfo query, const char *alias, const LearnTotals *totals, bool of_target)
{
	for (int i = 0; i < totals->key->n; i++)
	{
		const LearnColumn *target = &totals->parent->column[totals->key->target_column[i]];
		const LearnColumn *column = of_target ? target : &totals->child->column[totals->key->column[i]];

		appendStringInfoString(query, i ? ", " : "");
		learn_append_column(query, alias, column);
		appendStringInfoString(query, learn_collate(column, target));
	}
}

/*
 * learn_append_totals_query
 *		Append the query of numbers of the parent, and of aggregates of the child, each
 *		list of these beginning with a comma; they are as they are: not all are in the
 *		range of float8.
 */
void
learn_append_totals_query(StringInfo query, const LearnTotals *totals, const char *aggregates, const char *names)
{
	appendStringInfoString(query, "WITH p AS MATERIALIZED (SELECT ");
	append_key(query, "t", totals, true);
	for (int i = 0; i < totals->ncolumns; i++)
	{
		appendStringInfoString(query, ", ");
		learn_append_column(query, "t", &totals->parent->column[totals->column[i]]);
		appendStringInfo(query, " AS spindle_%d", i);
	}
	appendStringInfoString(query, " FROM ");
	learn_append_sample(query, totals->parent, LEARN_TOTAL_ROWS);
	appendStringInfo(query, " LIMIT %d), a AS (SELECT ", LEARN_TOTAL_ROWS);
	append_key(query, "c", totals, false);
	appendStringInfo(query, ", count(*) AS spindle_n%s FROM ", aggregates);
	learn_append_relation(query, totals->child);
	appendStringInfoString(query, " AS c WHERE (");
	append_key(query, "c", totals, false);
	appendStringInfoString(query, ") IN (SELECT ");
	append_key(query, "p", totals, true);
	appendStringInfoString(query, " FROM p) GROUP BY ");
	append_key(query, "c", totals, false);
	appendStringInfoString(query, ") SELECT spindle_n");
	for (int i = 0; i < totals->ncolumns; i++)
		appendStringInfo(query, ", p.spindle_%d", i);
	appendStringInfo(query, "%s FROM p LEFT JOIN a ON (", names);
	append_key(query, "p", totals, true);
	appendStringInfoString(query, ") = (");
	append_key(query, "a", totals, false);
	appendStringInfoString(query, ") ORDER BY ");
	append_key(query, "p", totals, true);
}

/* The query of all totals of a foreign key. */
static char *
totals_query(const LearnTotals *totals)
{
	StringInfoData query;
	StringInfoData aggregates;
	StringInfoData names;

	initStringInfo(&query);
	initStringInfo(&aggregates);
	initStringInfo(&names);
	for (int i = 0; i < totals->nitems; i++)
		for (int f = 0; f < lengthof(functions); f++)
		{
			appendStringInfo(&aggregates, ", %s(", functions[f].sql);
			learn_append_column(&aggregates, "c", &totals->child->column[totals->item[i]]);
			appendStringInfo(&aggregates, ") AS spindle_%d_%d", i, f);
			appendStringInfo(&names, ", a.spindle_%d_%d", i, f);
		}
	learn_append_totals_query(&query, totals, aggregates.data, names.data);
	return query.data;
}

/* A row of the query. */
static void
read_totals(char *const *value, void *arg)
{
	LearnTotals	   *totals = arg;
	int			at = 0;

	if (totals->n == LEARN_TOTAL_ROWS)
		return;
	totals->total[0][totals->n] = value[at] ? strtod(value[at], NULL) : 0;
	at++;
	for (int i = 0; i < totals->ncolumns; i++, at++)
		totals->value[i][totals->n] = value[at] ? strtod(value[at], NULL) : NAN;
	for (int i = 1; i <= totals->nitems * (int) lengthof(functions); i++, at++)
		totals->total[i][totals->n] = value[at] ? strtod(value[at], NULL) : NAN;
	totals->n++;
}

/*
 * learn_count_totals
 *		In how many of the rows a column is a total, taken from rows that are shift away.
 *
 * Without rows a sum is 0; of means the last digit is rounded.
 */
int
learn_count_totals(const LearnTotals *totals, int column, const double *total, double unit, bool is_sum, int shift)
{
	int			holds = 0;

	for (int r = 0; r < totals->n; r++)
	{
		double		value = totals->value[column][r];
		double		result = total[(r + shift) % totals->n];

		if (isnan(result) && is_sum)
			result = 0;
		holds += isnan(value) ? isnan(result) : !isnan(result) && fabs(value - result) <= 0.5 * unit * (1 + 1e-9) + 1e-12 * fabs(result);
	}
	return holds;
}

/* Has a column enough different values to be told from others? */
static bool
has_values(const LearnTotals *totals, int column)
{
	double		seen[LEAST_VALUES];
	int			n = 0;

	for (int r = 0; r < totals->n && n < LEAST_VALUES; r++)
	{
		bool		is_new = !isnan(totals->value[column][r]);

		for (int i = 0; i < n; i++)
			is_new &= seen[i] != totals->value[column][r];
		if (is_new)
			seen[n++] = totals->value[column][r];
	}
	return n == LEAST_VALUES;
}

/* Note a total if it holds, and not only by chance; item is -1 for the number. */
static bool
try_total(const LearnSchema *schema, const LearnTotals *totals, int column, int item, int function)
{
	LearnColumn *c = &totals->parent->column[totals->column[column]];
	const LearnColumn *i = item >= 0 ? &totals->child->column[totals->item[item]] : NULL;
	int			total = item >= 0 ? 1 + item * (int) lengthof(functions) + function : 0;
	bool		is_sum = item < 0 || function == 0;
	int			holds;
	LearnFinding *finding;

	if (i ? c->kind != i->kind || c->scale != i->scale : c->kind != LEARN_INT)
		return false;
	holds = learn_count_totals(totals, column, totals->total[total], pow(10, -c->scale), is_sum, 0);
	if (holds < LEARN_HOLDS * totals->n ||
		learn_count_totals(totals, column, totals->total[total], pow(10, -c->scale), is_sum, totals->n / 2 + 7) > LEARN_BY_CHANCE * totals->n)
		return false;
	finding = learn_add_finding(c, LEARN_FOUND_TOTAL, holds, totals->n);
	finding->function = item >= 0 ? functions[function].name : "count";
	finding->child = totals->child;
	finding->child_key = totals->key;
	finding->child_column = item >= 0 ? totals->item[item] : -1;
	return true;
}

/* Find the totals of one foreign key. */
static void
find_of_key(LearnSchema *schema, LearnTable *child, LearnKey *key)
{
	LearnTotals		totals = {.parent = &schema->table[key->target],.child = child,.key = key};
	int			ntotals;
	int			filled = 0;
	int			left = 0;

	if (!choose_columns(&totals))
		return;
	totals.value = palloc(sizeof(double *) * LEARN_TOTAL_COLUMNS);
	ntotals = 1 + totals.nitems * (int) lengthof(functions);
	totals.total = palloc(sizeof(double *) * ntotals);
	for (int i = 0; i < totals.ncolumns; i++)
		totals.value[i] = palloc(sizeof(double) * LEARN_TOTAL_ROWS);
	for (int i = 0; i < ntotals; i++)
		totals.total[i] = palloc(sizeof(double) * LEARN_TOTAL_ROWS);
	learn_query(totals_query(&totals), NULL, NULL, read_totals, &totals);
	for (int r = 0; r < totals.n; r++)
		filled += totals.total[0][r] > 0;
	if (filled < Max(LEAST_ROWS, schema->options->k))
		return;
	for (int c = 0; c < totals.ncolumns; c++)
	{
		bool		is_found = false;

		CHECK_FOR_INTERRUPTS();
		if (!has_values(&totals, c))
			continue;
		for (int f = 0; f < lengthof(functions) && !is_found; f++)
			for (int i = 0; i < totals.nitems && !is_found; i++)
				is_found = try_total(schema, &totals, c, i, f);
		if (!is_found && !try_total(schema, &totals, c, -1, 0))
			totals.column[left++] = totals.column[c];
	}
	totals.ncolumns = left;
	if (left > 0)
		learn_find_case_totals(schema, &totals);
}

/*
 * learn_find_totals
 *		Find totals over the rows that refer to those of each table.
 */
void
learn_find_totals(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);
			MemoryContext context;
			MemoryContext oldcontext;

			if (key->target == t || !learn_can_lead(schema, table, key))
				continue;
			context = AllocSetContextCreate(CurrentMemoryContext, "spindle learn totals", ALLOCSET_DEFAULT_SIZES);
			oldcontext = MemoryContextSwitchTo(context);
			find_of_key(schema, table, key);
			MemoryContextSwitchTo(oldcontext);
			MemoryContextDelete(context);
		}
	}
}
