/*-------------------------------------------------------------------------
 *
 * difference.c
 *		Columns that are not before, or not below, another one in the rows that there
 *		are.
 *
 * Times of a row that keep an order become one time and what lies between; so do
 * numbers, if both then have their distributions all the same.  Asked is how many rows
 * keep the order, how many would not if the columns had nothing to do with each other,
 * and for quantiles of both and of the differences; only those of differences are told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/schema.h"

/* Columns of a table that are compared with each other. */
#define MAX_COLUMNS		12

/* Rows that may break the order, of all; and that chance would let, at least, for an order to be none of chance. */
#define BROKEN			0.001
#define BY_CHANCE		10

/* Quantiles that are read, and those of them that are kept at most. */
#define QUANTILES		101

/* Distance between the distributions of a number as it is and as the sum of another one and a difference. */
#define NEAR			0.04

/* Tables with fewer rows than this many times k say nothing. */
#define LEAST_ROWS		5

/* Two columns, the first not above the second. */
typedef struct Pair
{
	int			first;
	int			second;
	double		rows;			/* that have both */
	double		above;			/* in which the first one is above the second */
	double		equal;
	double		alone;			/* in which only the second is not null */
	double		by_chance;		/* above, if they had nothing to do with each other */
	double		difference[QUANTILES];	/* of those that are not equal */
	double		low[QUANTILES]; /* of the first */
	double		high[QUANTILES];	/* of the second */
} Pair;

/* What is asked of a table. */
typedef struct Comparison
{
	LearnTable *table;
	int			ncolumns;
	int			column[MAX_COLUMNS];
	int			npairs;
	Pair	   *pair;
	int			asked;			/* pair whose quantiles are asked for */
} Comparison;

static bool
is_time(const LearnColumn *column)
{
	return column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP;
}

/* Can a column be compared with others, and may differences of it be told? */
static bool
is_comparable(const LearnSchema *schema, const LearnTable *table, int c, bool times)
{
	const LearnColumn *column = &table->column[c];
	bool		is_number = column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT;

	return (times ? is_time(column) : is_number) && column->is_readable && column->key < 0 && !column->counts && !column->left_out &&
		!column->always_null && !column->limits.has_list && column->differs == LEARN_REPEATS && column->found_rule == NULL &&
		learn_why_withheld(schema, table, c) == NULL;
}

/* A column in a query, of the table as t. */
static const char *
name_of(const LearnColumn *column)
{
	return psprintf("t.%s", learn_column_name(column));
}

/* A condition that a value can be computed with. */
static const char *
usable(const LearnColumn *column)
{
	return learn_is_finite(column, name_of(column));
}

/* A value in a query as a number. */
static const char *
number_of(const LearnColumn *column)
{
	return learn_as_number(column, name_of(column));
}

/* A row of the counts of all pairs. */
static void
read_counts(char *const *value, void *arg)
{
	Comparison *comparison = arg;

	for (int p = 0; p < comparison->npairs; p++)
	{
		Pair	   *pair = &comparison->pair[p];
		double		number[5];

		for (int i = 0; i < lengthof(number); i++)
			number[i] = value[p * lengthof(number) + i] ? strtod(value[p * lengthof(number) + i], NULL) : 0;
		pair->rows = number[0];
		pair->above = number[1];
		pair->equal = number[2];
		pair->alone = number[3];
		pair->by_chance = number[4] / 10;
	}
}

/* Count how all pairs of columns compare, in one reading of the table. */
static void
count_pairs(Comparison *comparison)
{
	const LearnTable *table = comparison->table;
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "WITH q AS MATERIALIZED (SELECT ");
	for (int i = 0; i < comparison->ncolumns; i++)
	{
		const LearnColumn *column = &table->column[comparison->column[i]];

		appendStringInfo(&query, "%spercentile_disc(0.1) WITHIN GROUP (ORDER BY %s) FILTER (WHERE %s) AS q%d", i ? ", " : "",
						 name_of(column), usable(column), comparison->column[i]);
	}
	appendStringInfo(&query, " FROM %s t) SELECT ", learn_relation_name(table));
	for (int p = 0; p < comparison->npairs; p++)
	{
		const Pair *pair = &comparison->pair[p];
		const char *a = name_of(&table->column[pair->first]);
		const char *b = name_of(&table->column[pair->second]);
		const char *both = psprintf("%s AND %s", usable(&table->column[pair->first]), usable(&table->column[pair->second]));

		appendStringInfo(&query, "%scount(*) FILTER (WHERE %s), count(*) FILTER (WHERE %s AND %s > %s), count(*) FILTER (WHERE %s AND %s = %s),"
						 " count(*) FILTER (WHERE %s IS NULL AND %s IS NOT NULL), count(*) FILTER (WHERE %s AND %s > q.q%d)",
						 p ? ", " : "", both, both, a, b, both, a, b, a, b, both, a, pair->second);
	}
	appendStringInfo(&query, " FROM %s t, q", learn_relation_name(table));
	learn_query(query.data, NULL, NULL, read_counts, comparison);
}

/* A row of quantiles: of the first column, the second, and the difference. */
static void
read_quantiles(char *const *value, void *arg)
{
	Comparison *comparison = arg;
	Pair	   *pair = &comparison->pair[comparison->asked];
	double	   *to[] = {pair->low, pair->high, pair->difference};

	for (int i = 0; i < lengthof(to); i++)
	{
		const char *text = value[i];
		double		last = 0;

		for (int q = 0; q < QUANTILES; q++)
		{
			if (text)
				text = text[0] ? text + 1 : text;
			if (text && text[0])
			{
				last = strtod(text, NULL);
				text += strcspn(text, ",}");
			}
			to[i][q] = last;
		}
	}
}

/* The quantiles of a number in a query. */
static const char *
quantiles_of(const char *number)
{
	return psprintf("percentile_disc((SELECT array_agg(i / 100.0::float8 ORDER BY i) FROM generate_series(0, %d) i)) WITHIN GROUP (ORDER BY (%s)::float8)",
					QUANTILES - 1, number);
}

/* Ask for the quantiles of a pair. */
static void
ask_quantiles(Comparison *comparison, int p)
{
	const LearnTable *table = comparison->table;
	const Pair *pair = &comparison->pair[p];
	const LearnColumn *first = &table->column[pair->first];
	const LearnColumn *second = &table->column[pair->second];
	const char *a = name_of(first);
	const char *b = name_of(second);
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s, %s, %s FILTER (WHERE %s < %s)", quantiles_of(number_of(first)), quantiles_of(number_of(second)),
					 quantiles_of(first->kind == LEARN_TIMESTAMP ? psprintf("extract(epoch FROM %s - %s)", b, a) :
								  psprintf("%s - %s", number_of(second), number_of(first))), a, b);
	appendStringInfo(&query, " FROM %s t WHERE %s AND %s AND %s <= %s", learn_relation_name(table), usable(first), usable(second), a, b);
	comparison->asked = p;
	learn_query(query.data, NULL, NULL, read_quantiles, comparison);
}

/*
 * How far the distribution of the second column is from that of the first one and an
 * independent difference: the largest difference of shares.
 */
static double
distance_of(const Pair *pair)
{
	int			n = QUANTILES - 1;
	double	   *sum = palloc(sizeof(double) * n * n);
	int			equal = (int) floor(pair->equal / pair->rows * n + 0.5);
	double		distance = 0;
	int			at = 0;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++)
		{
			double		difference = k < equal ? 0 : pair->difference[(k - equal) * n / Max(n - equal, 1)];

			sum[i * n + k] = pair->low[i] + difference;
		}
	qsort(sum, n * n, sizeof(double), learn_compare_numbers);
	for (int q = 1; q < n; q++)
	{
		int			below;

		while (at < n * n && sum[at] < pair->high[q])
			at++;
		below = at;
		while (at < n * n && sum[at] <= pair->high[q])
			at++;

		/* of equal values any share may be the quantile */
		if ((double) below / (n * n) > (double) q / n)
			distance = Max(distance, (double) below / (n * n) - (double) q / n);
		else if ((double) at / (n * n) < (double) q / n)
			distance = Max(distance, (double) q / n - (double) at / (n * n));
	}
	pfree(sum);
	return distance;
}

/*
 * Is the order of a pair one that rows keep, in enough rows?  What a check does not say
 * must be more than chance.
 */
static bool
keeps_order(const LearnSchema *schema, const LearnTable *table, const Pair *pair)
{
	double		least = schema->options->carry == SPINDLE_CARRY_ALL ? BY_CHANCE : (double) schema->options->k * LEAST_ROWS;
	bool		is_declared = table->column[pair->second].follows == pair->first;

	return pair->rows >= least && pair->above <= BROKEN * pair->rows &&
		(is_declared || pair->by_chance >= Max(BY_CHANCE, 20 * pair->above));
}

/* Would a column follow itself? */
static bool
leads_back(const LearnTable *table, int first, int second)
{
	for (int c = first; c >= 0; c = table->column[c].follows)
		if (c == second)
			return true;
	return false;
}

/*
 * The quantiles of a difference as they are told, in units of so many seconds or days;
 * *n of them.  There are k rows between two of them, and the ends are made up.
 */
static double *
told_quantiles(const LearnSchema *schema, const Pair *pair, double unit, int *n)
{
	double	   *told = palloc(sizeof(double) * (QUANTILES + 2));
	double		rows = pair->rows - pair->equal;
	int			every = schema->options->carry == SPINDLE_CARRY_ALL ? 1 :
		(int) Max(1, ceil(schema->options->k * (QUANTILES - 1) / Max(rows, 1)));

	*n = 0;
	if (schema->options->carry == SPINDLE_CARRY_ALL)
	{
		for (int q = 0; q < QUANTILES; q++)
			told[(*n)++] = pair->difference[q] / unit;
		return told;
	}
	told[(*n)++] = 0;
	for (int q = every; q <= QUANTILES - 1 - every; q += every)
		told[(*n)++] = learn_rounded(schema, pair->difference[q] / unit);
	if (*n < 3)
	{
		*n = 0;
		return told;
	}
	told[0] = Max(0, told[1] - (told[*n - 1] - told[1]) / (*n - 2));
	told[*n] = told[*n - 1] + (told[*n - 1] - told[1]) / (*n - 2);
	(*n)++;
	return told;
}

/* The distribution of a difference, as a member of an offset or a sum; NULL if nothing may be told. */
static char *
distribution_of(const LearnSchema *schema, LearnColumn *column, const Pair *pair, double unit, double least)
{
	double		equal = floor(pair->equal / pair->rows * 1000 + 0.5) / 1000;
	int			n;
	double	   *told = told_quantiles(schema, pair, unit, &n);
	StringInfoData out;

	if (n == 0 && (equal < 0.999 || least > 0))
		return NULL;
	initStringInfo(&out);
	appendStringInfoString(&out, "{\"distribution\": \"empirical\"");
	for (int i = 0; i < n; i++)
		appendStringInfo(&out, "%s%s", i ? ", " : ", \"quantiles\": [", learn_number(Max(told[i], least)));
	if (n > 0)
		appendStringInfoChar(&out, ']');
	if (equal > 0 && least == 0)
		appendStringInfo(&out, ", \"values\": {\"0\": %s}", learn_number(n == 0 ? 1 : Min(equal, 0.999)));
	appendStringInfoChar(&out, '}');
	column->carried = n > 2 ? n - 2 : 0;
	column->least_rows = n > 2 ? floor((pair->rows - pair->equal) / (n - 1)) : 0;
	return out.data;
}

/*
 * The rule of the second column of a pair, by the first; NULL if there is none.  Numbers
 * of seconds become minutes, hours or days where these do.
 */
static char *
rule_of(const LearnSchema *schema, LearnTable *table, const Pair *pair)
{
	LearnColumn *column = &table->column[pair->second];
	const char *first = table->column[pair->first].name;
	double		middle = pair->difference[QUANTILES / 2];
	bool		is_strict = column->follows >= 0 && column->follows_strictly;
	char	   *by;

	if (column->kind == LEARN_DATE)
	{
		by = distribution_of(schema, column, pair, 1, is_strict ? 1 : 0);
		return by ? psprintf("{\"kind\": \"offset\", \"column\": \"%s\", \"unit\": \"days\", \"by\": %s}", first, by) : NULL;
	}
	if (column->kind == LEARN_TIMESTAMP)
	{
		double		unit = middle < 3600 ? 1 : middle < 100 * 3600 ? 60 : 3600;

		by = distribution_of(schema, column, pair, unit, is_strict ? 0.001 : 0);
		return by ? psprintf("{\"kind\": \"offset\", \"column\": \"%s\", \"unit\": \"%s\", \"whole\": false, \"by\": %s}", first,
							 unit == 1 ? "seconds" : unit == 60 ? "minutes" : "hours", by) : NULL;
	}
	by = distribution_of(schema, column, pair, 1, is_strict ? learn_step(column, 0) : 0);
	return by ? psprintf("{\"kind\": \"correlated\", \"column\": \"%s\", \"add\": %s}", first, by) : NULL;
}

/* Let the second column of a pair follow the first, if that can be. */
static bool
follow(const LearnSchema *schema, LearnTable *table, const Pair *pair, bool times)
{
	LearnColumn *column = &table->column[pair->second];
	LearnColumn before = *column;
	char	   *rule;

	if (column->checks || column->limits.has_high || (column->follows < 0 && (column->limits.has_low || (!times && distance_of(pair) > NEAR))))
		return false;
	rule = rule_of(schema, table, pair);
	if (rule == NULL)
	{
		column->carried = before.carried;
		column->least_rows = before.least_rows;
		return false;
	}
	column->follows = pair->first;
	column->difference = rule;
	column->withheld = NULL;
	return true;
}

/*
 * Let each column follow the one that it is least behind, or the one that a check says,
 * among those before it.
 */
static void
find_followers(const LearnSchema *schema, Comparison *comparison, bool times)
{
	LearnTable *table = comparison->table;

	for (int i = 0; i < comparison->ncolumns; i++)
	{
		int			second = comparison->column[i];

		for (;;)
		{
			Pair	   *best = NULL;

			for (int p = 0; p < comparison->npairs; p++)
			{
				Pair	   *pair = &comparison->pair[p];

				if (pair->second == second && pair->rows > 0 && pair->alone == 0 &&
					(table->column[second].follows >= 0 ? table->column[second].follows == pair->first :
					 !leads_back(table, pair->first, second)) &&
					(best == NULL || pair->difference[QUANTILES / 2] < best->difference[QUANTILES / 2]))
					best = pair;
			}
			if (best == NULL || follow(schema, table, best, times))
				break;
			best->rows = 0;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* Compare the times, or the numbers, of a table. */
static void
compare_columns(const LearnSchema *schema, LearnTable *table, bool times)
{
	Comparison	comparison = {.table = table};

	for (int c = 0; c < table->ncolumns && comparison.ncolumns < MAX_COLUMNS; c++)
		if (is_comparable(schema, table, c, times))
			comparison.column[comparison.ncolumns++] = c;
	comparison.pair = palloc0(sizeof(Pair) * MAX_COLUMNS * MAX_COLUMNS);
	for (int i = 0; i < comparison.ncolumns; i++)
		for (int k = 0; k < comparison.ncolumns; k++)
		{
			int			first = comparison.column[i];
			int			second = comparison.column[k];

			if (i == k || table->column[first].type != table->column[second].type)
				continue;
			comparison.pair[comparison.npairs].first = first;
			comparison.pair[comparison.npairs++].second = second;
		}
	if (comparison.npairs > 0)
		count_pairs(&comparison);
	for (int p = 0; p < comparison.npairs; p++)
	{
		Pair	   *pair = &comparison.pair[p];

		if (keeps_order(schema, table, pair))
			ask_quantiles(&comparison, p);
		else
			pair->rows = 0;
	}
	find_followers(schema, &comparison, times);
	pfree(comparison.pair);
}

/*
 * learn_find_differences
 *		Let columns follow others that they are not before in the rows that there are.
 *
 * It is known which columns are keys, differ, or follow others by what checks say; for
 * these, how far they are behind is measured.
 */
void
learn_find_differences(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		if (table->empty || !table->is_counted)
			continue;
		compare_columns(schema, table, true);
		compare_columns(schema, table, false);
		CHECK_FOR_INTERRUPTS();
	}
}
