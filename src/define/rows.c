/*-------------------------------------------------------------------------
 *
 * rows.c
 *		How many rows a table has, and how they are shared out among parents.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "define/parse.h"

/*
 * Children of one parent as "ratio", "min" or one of "counts", at most; a "max"
 * may be 100 times that.
 */
#define MAX_CHILDREN	1000000

/* Entries of "counts", at most. */
#define MAX_COUNTS		10000

/*
 * A ratio from 0.000001 to 10^6, to six digits after the point, as a reduced
 * fraction: row counts are exact, and equal on all machines.
 */
static void
set_ratio(SpindleTable *table, double ratio)
{
	int64		numerator = (int64) floor(ratio * 1e6 + 0.5);
	int64		a = numerator;
	int64		b = 1000000;

	while (b != 0)
	{
		int64		rest = a % b;

		a = b;
		b = rest;
	}
	table->rows_numerator = numerator / a;
	table->rows_denominator = 1000000 / a;
}

/* The same from the member "ratio". */
static void
read_ratio(const SpindleJson *node, SpindleTable *table)
{
	SpindleJson m = spindle_json_member(node, "ratio");

	set_ratio(table, spindle_json_number(&m, 1e-6, MAX_CHILDREN));
}

/* A number of children with its weight. */
typedef struct Count
{
	int			count;
	double		weight;
} Count;

/* For qsort: by the number of children, which no two entries share. */
static int
compare_counts(const void *a, const void *b)
{
	return ((const Count *) a)->count - ((const Count *) b)->count;
}

/*
 * "counts": an object with a weight for each number of children, or "quantiles":
 * 2 to MAX_COUNTS numbers that do not fall, at equal distances of probability.
 *
 * A layout heeds weights to one part in 2^SPINDLE_LAYOUT_COUNT_BITS, so of
 * quantiles it is told what lies at as many places.
 */
static Count *
read_weights(const SpindleJson *node, int *n)
{
	Count	   *counts = palloc(sizeof(Count) * Max(spindle_json_size(node), 1));
	const cJSON *item;

	*n = 0;
	if (spindle_json_size(node) < 1 || spindle_json_size(node) > MAX_COUNTS)
		spindle_json_error(node, NULL, "1 to %d counts are needed.", MAX_COUNTS);
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson w = spindle_json_child(node, item, *n);
		char	   *end;
		long		count = strtol(item->string, &end, 10);

		if (end == item->string || *end || count < 0 || count > MAX_CHILDREN)
			spindle_json_error(node, NULL, "\"%s\" is not a number from 0 to %d.", item->string, MAX_CHILDREN);
		counts[*n].count = (int) count;
		counts[(*n)++].weight = spindle_json_number(&w, 1e-9, 1e9);
	}
	qsort(counts, *n, sizeof(Count), compare_counts);
	return counts;
}

static Count *
read_count_quantiles(const SpindleJson *node, int *n)
{
	static const char *const legal[] = {"quantiles", NULL};
	SpindleJson quantiles = spindle_json_member(node, "quantiles");
	const int	places = 1 << SPINDLE_LAYOUT_COUNT_BITS;
	Count	   *counts = palloc(sizeof(Count) * places);
	double	   *quantile;
	int			nquantiles;
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_object(node, legal);
	spindle_json_expect_array(&quantiles);
	nquantiles = spindle_json_size(&quantiles);
	if (nquantiles < 2 || nquantiles > MAX_COUNTS)
		spindle_json_error(&quantiles, NULL, "2 to %d quantiles are needed.", MAX_COUNTS);
	quantile = palloc(sizeof(double) * nquantiles);
	cJSON_ArrayForEach(item, quantiles.value)
	{
		SpindleJson m = spindle_json_child(&quantiles, item, i);

		quantile[i] = spindle_json_number(&m, 0, MAX_CHILDREN);
		if (i > 0 && quantile[i] < quantile[i - 1])
			spindle_json_error(&m, NULL, "quantiles must not fall.");
		i++;
	}
	*n = 0;
	for (int k = 0; k < places; k++)
	{
		double		at = (k + 0.5) / places * (nquantiles - 1);
		int			q = Min((int) at, nquantiles - 2);
		int			count = (int) floor(quantile[q] + (at - q) * (quantile[q + 1] - quantile[q]) + 0.5);

		if (*n > 0 && counts[*n - 1].count == count)
			counts[*n - 1].weight++;
		else
			counts[(*n)++] = (Count) {count, 1};
	}
	pfree(quantile);
	return counts;
}

/* "counts", in one form or the other, into the table. */
static void
read_counts_member(const SpindleJson *node, SpindleTable *table)
{
	Count	   *counts;
	int			n;

	spindle_json_expect_object(node, NULL);
	counts = spindle_json_has(node, "quantiles") ? read_count_quantiles(node, &n) : read_weights(node, &n);
	table->layout_kind = SPINDLE_LAYOUT_COUNTS;
	table->layout_ncounts = n;
	table->layout_count = palloc(sizeof(int) * n);
	table->layout_weights = palloc(sizeof(double) * n);
	for (int i = 0; i < n; i++)
	{
		table->layout_count[i] = counts[i].count;
		table->layout_weights[i] = counts[i].weight;
	}
	table->layout_min = counts[0].count;
	table->layout_max = counts[n - 1].count;
	pfree(counts);
}

/*
 * The counts of children a parent may have: "min" and "max", or "counts".
 * Without any, a parent may have none, and there is no limit that matters.
 *
 * The ratio has been read and must lie between the least and the largest.
 */
static void
read_counts(const SpindleJson *node, SpindleTable *table)
{
	double		ratio = (double) table->rows_numerator / table->rows_denominator;
	SpindleJson m;

	table->layout_kind = SPINDLE_LAYOUT_SPREAD;
	table->layout_min = 0;
	table->layout_max = MAX_CHILDREN * 100;
	if (spindle_json_has(node, "min"))
	{
		m = spindle_json_member(node, "min");
		table->layout_min = (int) spindle_json_int64(&m, 0, MAX_CHILDREN);
	}
	if (spindle_json_has(node, "max"))
	{
		m = spindle_json_member(node, "max");
		table->layout_max = (int) spindle_json_int64(&m, 1, MAX_CHILDREN * 100);
	}
	if (spindle_json_has(node, "counts"))
	{
		m = spindle_json_member(node, "counts");
		if (spindle_json_has(node, "min") || spindle_json_has(node, "max"))
			spindle_json_error(&m, NULL, "\"counts\" excludes \"min\" and \"max\".");
		read_counts_member(&m, table);
	}
	else if (table->layout_min == 0 && table->layout_max == 1)
		table->layout_kind = SPINDLE_LAYOUT_SUBSET;
	if (ratio < table->layout_min || ratio > table->layout_max)
		spindle_json_error(node, NULL, "the ratio %g is not between the least count %d and the largest %d.",
						   ratio, table->layout_min, table->layout_max);
}

/*
 * spindle_parse_layout
 *		How so many things are shared out among rows as children would be, but
 *		at most so many to one row: "ratio" and "min", "max" or "counts", or
 *		"counts" alone, whose mean is the ratio then.
 *
 * Fills what tells this in *layout, which is no table of the domain.
 */
void
spindle_parse_layout(const SpindleJson *node, SpindleTable *layout, int most)
{
	layout->rows_kind = SPINDLE_ROWS_CHILDREN;
	layout->parent_column = -1;
	if (spindle_json_has(node, "ratio") || !spindle_json_has(node, "counts"))
	{
		read_ratio(node, layout);
		read_counts(node, layout);
	}
	else
	{
		SpindleJson counts = spindle_json_member(node, "counts");
		double		sum = 0;
		double		mean = 0;

		if (spindle_json_has(node, "min") || spindle_json_has(node, "max"))
			spindle_json_error(&counts, NULL, "\"counts\" excludes \"min\" and \"max\".");
		read_counts_member(&counts, layout);
		for (int i = 0; i < layout->layout_ncounts; i++)
			sum += layout->layout_weights[i];
		for (int i = 0; i < layout->layout_ncounts; i++)
			mean += layout->layout_count[i] * (layout->layout_weights[i] / sum);
		if (mean < 1e-6)
			spindle_json_error(&counts, NULL, "no row has any.");
		set_ratio(layout, mean);
	}
	if (layout->layout_max > most && !spindle_json_has(node, "max") && !spindle_json_has(node, "counts"))
		layout->layout_max = most;
	if (layout->layout_max > most || layout->rows_numerator > most * layout->rows_denominator)
		spindle_json_error(node, NULL, "a row can have %d at most.", most);
}

/*
 * spindle_parse_rows
 *		First pass over a table's row count; the parent may be any other table,
 *		whether its own count has been read or not.
 *
 * Allocates in the current memory context, which is the domain's.
 */
void
spindle_parse_rows(SpindleParse *parse, const SpindleJson *table_node, SpindleTable *table)
{
	static const char *const kinds[] = {"preset", "fixed", "per_year", "ratio", "children", NULL};
	static const char *const legal[][8] = {
		{"kind", NULL},
		{"kind", "count", NULL},
		{"kind", "count", NULL},
		{"kind", "of", "ratio", NULL},
		{"kind", "of", "ratio", "min", "max", "counts", NULL},
	};
	SpindleJson node = spindle_json_member(table_node, "rows");
	SpindleJson m;

	spindle_json_expect_object(&node, NULL);
	m = spindle_json_member(&node, "kind");
	table->rows_kind = spindle_json_choice(&m, kinds);
	spindle_json_expect_object(&node, legal[table->rows_kind]);
	switch (table->rows_kind)
	{
		case SPINDLE_ROWS_PRESET:
			break;
		case SPINDLE_ROWS_FIXED:
		case SPINDLE_ROWS_PER_YEAR:
			m = spindle_json_member(&node, "count");
			table->rows_count = spindle_json_int64(&m, 0, SPINDLE_MAX_ROWS / 1000);
			break;
		case SPINDLE_ROWS_RATIO:
		case SPINDLE_ROWS_CHILDREN:
			m = spindle_json_member(&node, "of");
			table->rows_parent = spindle_parse_table(parse, &m);
			if (table->rows_parent == table->index)
				spindle_json_error(&m, NULL, "a table cannot depend on its own rows.");
			read_ratio(&node, table);
			if (table->rows_kind == SPINDLE_ROWS_CHILDREN)
				read_counts(&node, table);
			break;
	}
}

