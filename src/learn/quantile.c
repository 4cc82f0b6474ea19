/*-------------------------------------------------------------------------
 *
 * quantile.c
 *		Distributions of numbers and times, from statistics, as far as they are told.
 *
 * Statistics have frequent values, each with its frequency, and bounds between which
 * equally many of the other rows are.  Frequent values that too few rows share count
 * with the others: then quantiles of these together are computed.  Of all quantiles
 * those are taken between which enough rows are, and the ends are made up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/lsyscache.h"

#include "learn/schema.h"

/* Bounds that make a histogram of which the ends can be dropped, at least. */
#define LEAST_BOUNDS	4

/* Quantiles that are computed, and points that stand for the rows between two bounds. */
#define QUANTILES		101
#define POINTS			8

/* A number with the share of the rows that have it, or one near it. */
typedef struct Point
{
	double		number;
	double		share;
} Point;

/* A value as a number, as learn_number_of() has it; false if it is none, or too large for the format. */
static bool
number_of(const LearnColumn *column, const char *text, double *number)
{
	Oid			input;
	Oid			param;
	char	   *end;

	if (column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT)
	{
		*number = strtod(text, &end);
		return end != text && isfinite(*number) && fabs(*number) <= 1e15;
	}
	getTypeInputInfo(column->type, &input, &param);
	return learn_number_of(column->type, OidInputFunctionCall(input, unconstify(char *, text), param, -1), number) &&
		fabs(*number) < (column->kind == LEARN_INTERVAL ? 1e12 : 1e6);
}

/* For qsort. */
static int
compare_points(const void *a, const void *b)
{
	const Point *x = a;
	const Point *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/*
 * Bounds of a histogram, n of them with a share of the rows between them, together with
 * npoints points, to which points are added, as QUANTILES quantiles; palloc'd.
 */
static double *
merge(const double *bound, int n, double share, Point *point, int npoints)
{
	double	   *quantile = palloc(sizeof(double) * (QUANTILES + 2));
	double		all = share;
	double		before = 0;
	int			at = 0;

	for (int i = 0; i < npoints; i++)
		all += point[i].share;
	for (int i = 0; i + 1 < n; i++)
		for (int p = 0; p < POINTS; p++)
			point[npoints++] = (Point) {bound[i] + (bound[i + 1] - bound[i]) * (p + 0.5) / POINTS, share / (n - 1) / POINTS};
	qsort(point, npoints, sizeof(Point), compare_points);
	for (int q = 0; q < QUANTILES; q++)
	{
		while (at < npoints - 1 && before + point[at].share < all * q / (QUANTILES - 1))
			before += point[at++].share;
		quantile[q] = point[at].number;
	}
	return quantile;
}

/*
 * Keep every so many bounds that there are at least k rows between two of them; rows is
 * how many there are between all.  The first and the last, which are values of single
 * rows, give way to what lies a mean distance beyond their neighbours.
 */
static void
thin(const LearnSchema *schema, LearnNumbers *numbers, double rows)
{
	double	   *bound = numbers->bound;
	int			n = numbers->nbounds;
	int			every = (int) ceil(schema->options->k * (n - 1) / Max(rows, 1));
	int			kept = 0;
	double		gap;

	for (int i = every; i < n - 1; i += every)
		bound[++kept] = bound[i];
	numbers->nbounds = kept < 2 ? 0 : kept + 2;
	if (kept < 2)
		return;
	gap = (bound[kept] - bound[1]) / (kept - 1);
	bound[0] = bound[1] >= 0 ? Max(bound[1] - gap, 0) : bound[1] - gap;
	bound[kept + 1] = bound[kept] + gap;
}

/*
 * Tell apart the frequent values that may be carried, and others, which become points,
 * *npoints of them.
 */
static void
find_frequent(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column, LearnNumbers *numbers,
			  Point *point, int *npoints)
{
	const LearnStatistics *statistics = column->statistics;
	double		filled = Max(1 - statistics->null_fraction, 0.001);

	*npoints = 0;
	for (int i = 0; i < statistics->nvalues; i++)
	{
		LearnFrequent *frequent = &numbers->frequent[numbers->nfrequent];

		frequent->frequency = statistics->frequency[i];
		frequent->share = floor(frequent->frequency / filled * 10000) / 10000;
		if (!number_of(column, statistics->value[i], &frequent->number))
			numbers->others -= frequent->frequency;
		else if (frequent->share > 0 && learn_is_shared(schema, table, statistics, i))
		{
			numbers->others -= frequent->frequency;
			numbers->nfrequent++;
		}
		else
			point[(*npoints)++] = (Point) {frequent->number, frequent->frequency};
	}
}

/*
 * learn_numbers
 *		The numbers that a column has by its statistics, as far as they may be told;
 *		palloc'd.
 *
 * Shares are cut, as together they must not be more than 1.
 */
LearnNumbers *
learn_numbers(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column)
{
	const LearnStatistics *statistics = column->statistics;
	LearnNumbers *numbers = palloc0(sizeof(LearnNumbers));
	Point	   *point = palloc(sizeof(Point) * (statistics->nvalues + statistics->nbounds * POINTS + 1));
	int			npoints;
	double		apart = 0;

	numbers->others = 1 - statistics->null_fraction;
	numbers->frequent = palloc(sizeof(LearnFrequent) * (statistics->nvalues + 1));
	numbers->bound = palloc(sizeof(double) * (statistics->nbounds + 2));
	find_frequent(schema, table, column, numbers, point, &npoints);
	for (int i = 0; i < statistics->nbounds; i++)
		if (number_of(column, statistics->bound[i], &numbers->bound[numbers->nbounds]))
			numbers->nbounds++;
	for (int i = 0; i < npoints; i++)
		apart += point[i].share;
	if (npoints > 0)
	{
		double	   *merged = merge(numbers->bound, numbers->nbounds, numbers->nbounds > 1 ? Max(numbers->others - apart, 0) : 0, point, npoints);

		pfree(numbers->bound);
		numbers->bound = merged;
		numbers->nbounds = QUANTILES;
	}
	if (numbers->nbounds < LEAST_BOUNDS)
		numbers->nbounds = 0;
	else if (schema->options->carry != SPINDLE_CARRY_ALL)
		thin(schema, numbers, Min(Min(table->tuples, statistics->rows), statistics->sample) * numbers->others);
	if (numbers->nbounds < LEAST_BOUNDS)
		numbers->nbounds = 0;
	pfree(point);
	return numbers;
}

/* Free what learn_numbers() has made. */
void
learn_free_numbers(LearnNumbers *numbers)
{
	pfree(numbers->bound);
	pfree(numbers->frequent);
	pfree(numbers);
}

/* For qsort(): doubles, none of them NaN. */
int
learn_compare_numbers(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}
