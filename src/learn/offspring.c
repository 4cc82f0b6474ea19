/*-------------------------------------------------------------------------
 *
 * offspring.c
 *		How many children a parent has, as far as statistics tell.
 *
 * As many as a Poisson distribution says, or, if the estimate of different values tells
 * that they differ more, a negative binomial one; if they differ less, each parent has
 * one, or their numbers are as even as can be.  dispersion.c has what is estimated.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"

#include "learn/dispersion.h"
#include "math/fpmath.h"

/* Numbers of children with a weight, at most; the mean of them up to which they are told; and the least share. */
#define MAX_COUNTS		400
#define MOST_MEAN		30
#define LEAST_SHARE		1e-5

/* How far the mean of counts and the ratio may be apart. */
#define MEAN_OFF		0.03

/* What share of the rows more have one that refers to them than by chance, where that is no chance. */
#define CLEARLY			0.1

/* How numbers of children differ: the even ones, those that each parent has some of, and those of chance. */
typedef enum Shape
{
	EVEN,						/* a whole number, or the next one */
	SHIFTED,					/* one, and a Poisson distribution */
	CHANCE						/* a negative binomial distribution, or Poisson */
} Shape;

/* A mixture of numbers of children, of a mean. */
typedef struct Counts
{
	double		mean;
	double		shift;			/* children that each parent has */
	double		even;			/* share of parents with even numbers */
	double		shifted;		/* share of those with one and others by chance */
	double		evenness;		/* of the others, that of the negative binomial distribution; 0 is Poisson */
} Counts;

/*
 * The probability that a parent has no child in a sample that has a share of them, and
 * that it has one, by numbers of some shape.
 */
static void
seen_of(const Counts *counts, Shape shape, double share, double *none, double *one)
{
	double		mean = counts->mean;
	double		left = 1 - share;
	double		shift = shape == SHIFTED ? 1 : shape == CHANCE ? counts->shift : 0;

	if (shape == EVEN)
	{
		double		whole = floor(mean);
		double		more = mean - whole;
		double		all = whole > 0 || left > 0 ? spindle_pow(Max(left, 1e-300), whole) : 1;
		double		before = whole > 0 ? spindle_pow(Max(left, 1e-300), whole - 1) : 0;

		*none = all * (1 - more + more * left);
		*one = share * ((1 - more) * whole * before + more * (whole + 1) * all);
		return;
	}
	mean = Max(mean - shift, 0);
	if (shape == CHANCE && counts->evenness > 0)
	{
		double		base = 1 + mean / counts->evenness * share;

		*none = spindle_exp(-counts->evenness * spindle_log(base));
		*one = share * mean * *none / base;
	}
	else
	{
		*none = spindle_exp(-Min(mean * share, 700));
		*one = share * mean * *none;
	}
	if (shift > 0)
	{
		/* one child more, of which it is by chance whether it is in the sample */
		*one = *one * left + share * *none;
		*none *= left;
	}
}

/* The estimate that ANALYZE would make of such numbers. */
static double
estimate_for(const LearnKnown *known, const Counts *counts)
{
	double		share = known->sample / known->rows;
	double		weight[] = {counts->even, counts->shifted, 1 - counts->even - counts->shifted};
	double		different = 0;
	double		once = 0;

	for (int shape = EVEN; shape <= CHANCE; shape++)
	{
		double		none;
		double		one;

		seen_of(counts, shape, share, &none, &one);
		different += weight[shape] * (1 - none);
		once += weight[shape] * one;
	}
	return learn_estimate_of(known, known->parents * different, known->parents * once);
}

/* Set a member of counts, with which the estimate rises, between two values so that it is the one that there is. */
static void
solve(const LearnKnown *known, Counts *counts, double *member, double low, double high)
{
	for (int i = 0; i < 50; i++)
	{
		*member = (low + high) / 2;
		if (estimate_for(known, counts) < known->distinct)
			low = *member;
		else
			high = *member;
	}
}

/* Find the numbers of children that agree with the estimate; false if those of chance do, about. */
static bool
find_counts(const LearnKnown *known, Counts *counts)
{
	double		chance = estimate_for(known, counts);

	if (fabs(chance - known->distinct) <= ESTIMATE_OFF * known->distinct)
		return counts->shift > 0;
	if (chance > known->distinct)
	{
		solve(known, counts, &counts->evenness, 0.02, 100);
		return true;
	}
	if (counts->mean > 1 && counts->shift == 0)
	{
		counts->shifted = 1;
		if (estimate_for(known, counts) > known->distinct)
		{
			solve(known, counts, &counts->shifted, 0, 1);
			return true;
		}
	}
	counts->even = 1;
	counts->shifted = 0;
	if (estimate_for(known, counts) > known->distinct)
	{
		/* between these and those before */
		bool		has_shifted = counts->mean > 1 && counts->shift == 0;

		for (double low = 0, high = 1; high - low > 1e-6;)
		{
			counts->even = (low + high) / 2;
			counts->shifted = has_shifted ? 1 - counts->even : 0;
			if (estimate_for(known, counts) < known->distinct)
				low = counts->even;
			else
				high = counts->even;
		}
	}
	return true;
}

/* The share of parents with a number of children by numbers of chance, of the share of those with one less. */
static double
next_share(const Counts *counts, double mean, double share, int number)
{
	if (counts->evenness > 0)
		return share * (number - 1 + counts->evenness) / number * mean / (counts->evenness + mean);
	return share * mean / number;
}

/* The shares of parents with 0 to MAX_COUNTS - 1 children. */
static void
list_shares(const Counts *counts, double *share)
{
	double		whole = floor(counts->mean);
	double		chance = 1 - counts->even - counts->shifted;
	int			shift = (int) counts->shift;
	double		mean = Max(counts->mean - shift, 0);
	double		by_chance = counts->evenness > 0 ? spindle_exp(-counts->evenness * spindle_log(1 + mean / counts->evenness)) : spindle_exp(-mean);
	double		shifted = spindle_exp(-Max(counts->mean - 1, 0));

	memset(share, 0, sizeof(double) * MAX_COUNTS);
	share[(int) whole] += counts->even * (whole + 1 - counts->mean);
	share[(int) whole + 1] += counts->even * (counts->mean - whole);
	for (int i = 0; i < MAX_COUNTS - 1; i++)
	{
		share[i + shift] += chance * by_chance;
		share[i + 1] += counts->shifted * shifted;
		by_chance = next_share(counts, mean, by_chance, i + 1);
		shifted = shifted * Max(counts->mean - 1, 0) / (i + 1);
	}
}

/*
 * learn_seems_even
 *		Do more rows have one that refers to them than chance would give?
 */
bool
learn_seems_even(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	LearnKnown	known;
	Counts		counts = {0};

	if (!learn_find_known(schema, table, key, &known))
		return false;
	counts.mean = known.rows / known.parents;
	return known.distinct - estimate_for(&known, &counts) > CLEARLY * known.parents;
}

/*
 * learn_likely_counts
 *		The numbers of children of a table's parents, as a member of "rows", as far as
 *		statistics tell; NULL if they do not, or if chance gives the same.  Palloc'd.
 */
char *
learn_likely_counts(const LearnSchema *schema, const LearnTable *table)
{
	LearnKnown	known;
	Counts		counts = {.mean = table->ratio,.shift = table->needs_children};
	double		share[MAX_COUNTS];
	double		mean = 0;
	double		sum = 0;
	int			most = 0;
	StringInfoData text;

	if (!learn_find_known(schema, table, table->parent, &known) || table->ratio > MOST_MEAN || table->ratio < counts.shift ||
		fabs(known.rows / known.parents - table->ratio) > MEAN_OFF * table->ratio || !find_counts(&known, &counts))
		return NULL;
	list_shares(&counts, share);
	for (int i = 0; i < MAX_COUNTS; i++)
	{
		share[i] = floor(share[i] / LEAST_SHARE + 0.5) * LEAST_SHARE;
		sum += share[i];
		mean += i * share[i];
		most = share[i] > 0 ? i : most;
	}
	if (sum <= 0 || fabs(mean / sum - table->ratio) > MEAN_OFF * table->ratio || most < table->ratio)
		return NULL;
	initStringInfo(&text);
	for (int i = 0; i < MAX_COUNTS; i++)
		if (share[i] > 0)
			appendStringInfo(&text, "%s\"%d\": %s", text.len ? ", " : ", \"counts\": {", i, learn_number(floor(share[i] / LEAST_SHARE + 0.5) / (1 / LEAST_SHARE)));
	appendStringInfoChar(&text, '}');
	return text.data;
}
