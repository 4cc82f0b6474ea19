/*-------------------------------------------------------------------------
 *
 * dispersion.c
 *		How many rows refer to one, as far as statistics tell.
 *
 * Of a foreign key pg_stats has the rows that are referred to most, with their shares,
 * and an estimate of how many are referred to at all.  That estimate is too low for a
 * skewed column, but it is known how it is made: of the number of different values in
 * the sample and of those that are in it once.  So it is compared with what the same
 * estimate would be if references were spread in one way or another; that way is taken
 * with which it agrees.
 *
 * Rows chosen by chance are as popular as a log-normal distribution says, beyond those
 * of which the share is known.  How many children there are of a parent is for
 * offspring.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/dispersion.h"
#include "math/fpmath.h"

/*
 * Quantiles of how popular the rows of a target are; of many rows, few are the popular
 * ones.  Of fewer rows than these it is told of each: two quantiles for each, and one.
 */
#define PROFILE			400
#define FEW_ROWS		499

/* A table of so many rows lists kinds of things rather than things: how often each is chosen is told. */
#define LOOKUP_ROWS		100

/* Rows of a table below this many times k say nothing. */
#define LEAST_ROWS		5

/* Spreads that are tried, the least and the largest, and parts in which the rows beyond the frequent ones are looked at. */
#define SPREADS			45
#define LEAST_SPREAD	0.02
#define MOST_SPREAD		4.0
#define PARTS			48

/* How far the popularities may be off where the frequent rows end: as bad as ESTIMATE_OFF. */
#define JUNCTION_OFF	0.5

/*
 * Different values: frequent ones from which on something can be told, parts in which the
 * others are looked at, how many times the estimate there are at most, and how far that
 * what seems likely is trusted, where the estimate is not: its part of the logarithm.
 */
#define LEAST_FREQUENT	20
#define FEW_PARTS		24
#define MOST_TIMES		5
#define CONFIDENCE		0.8

/* Rows that would be referred to twice in a sample by chance, where none is, if references do not differ. */
#define SURPRISE		5

/*
 * The column of a foreign key whose value alone tells the row that is referred to, by its
 * number; -1 if there is none.
 */
static int
telling_column(const LearnSchema *schema, const LearnKey *key)
{
	if (key->target < 0)
		return -1;
	for (int i = 0; i < key->n; i++)
	{
		ListCell   *lc;

		foreach(lc, key->n > 1 ? schema->table[key->target].sets : NIL)
		{
			const LearnSet *set = lfirst(lc);

			if (!set->is_odd && set->predicate == NULL && bms_num_members(set->columns) == 1 &&
				bms_is_member(key->target_column[i], set->columns))
				return key->column[i];
		}
	}
	return key->n == 1 ? key->column[0] : -1;
}

/* Find out what is known about the n most frequent values. */
static void
find_frequent(LearnKnown *known, int n)
{
	const LearnStatistics *statistics = known->statistics;

	known->nfrequent = n;
	for (int i = 0; i < n; i++)
	{
		double		share = statistics->frequency[i] / (1 - statistics->null_fraction);
		double		none = spindle_exp(-Min(known->sample * share, 700));

		known->frequent += share;
		known->last = share;
		known->different += 1 - none;
		known->once += known->sample * share * none;
	}
	known->frequent = Min(known->frequent, 1);
}

/*
 * Find out of how many rows the statistics are, how many were looked at, and what the
 * estimate is: those of a partition may stand for the table.
 */
static void
find_rows(LearnKnown *known, const LearnTable *table)
{
	const LearnStatistics *statistics = known->statistics;
	double		rows = statistics->rows > 0 && !statistics->is_counted ? Min(table->tuples, statistics->rows) : table->tuples;
	double		filled = 1 - statistics->null_fraction;

	known->rows = rows * filled;
	known->sample = statistics->is_counted ? known->rows : Min(statistics->sample, rows) * filled;
	known->distinct = statistics->distinct > 0 ? statistics->distinct : -statistics->distinct * rows;
}

/*
 * learn_find_known
 *		Find out what is known about a foreign key; false if that is too little, or may
 *		not be told.
 */
bool
learn_find_known(const LearnSchema *schema, const LearnTable *table, const LearnKey *key, LearnKnown *known)
{
	int			column = telling_column(schema, key);
	const LearnStatistics *statistics = column < 0 ? NULL : table->column[column].statistics;

	*known = (LearnKnown) {.statistics = statistics};
	if (statistics == NULL || schema->options->carry == SPINDLE_CARRY_NONE ||
		table->tuples < (double) schema->options->k * LEAST_ROWS)
		return false;
	known->parents = schema->table[key->target].tuples;
	find_rows(known, table);
	known->distinct = Min(known->distinct, known->parents);
	find_frequent(known, (int) Min(statistics->nvalues, known->parents));
	return known->parents >= 2 && known->distinct >= 1 && known->rows >= 1 && known->sample >= 1;
}

/*
 * learn_estimate_of
 *		The estimate of the number of different values that ANALYZE makes, if so many are
 *		in its sample, of which so many once (Haas and Stokes).
 */
double
learn_estimate_of(const LearnKnown *known, double different, double once)
{
	double		n = known->sample;

	return Min(n * different / Max(n - once + once * n / known->rows, 1e-9), known->parents);
}

/* Deviations above the middle beyond which there are no rows. */
#define FAR_OUT			40.0

/* How many deviations above the middle of a normal distribution those are that are above all but a share of rows. */
static double
deviations_of_top(double top)
{
	return top <= 0 ? FAR_OUT : top >= 1 ? -FAR_OUT : spindle_normal_quantile(1 - top);
}

/*
 * The share of a normal distribution below a number of deviations, to seven digits: by a
 * rational approximation (Hastings), as many of them are wanted.
 */
static double
share_below(double z)
{
	double		t = 1 / (1 + 0.2316419 * fabs(z));
	double		above = 0.3989422804014327 * spindle_exp(-Min(z * z / 2, 700)) *
		t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));

	return z > 0 ? 1 - above : above;
}

/* The share of the choices that the most popular rows have, by a log-normal distribution. */
static double
share_of_top(double top, double spread)
{
	return share_below(spread - deviations_of_top(top));
}

/* The rows that are chosen at all, but for the frequent ones, in parts by popularity. */
typedef struct Parts
{
	int			n;
	double		chosen;			/* how many rows there are */
	double		at[PARTS + 1];	/* where the parts begin and end, as shares of them */
	double		z[PARTS + 1];	/* the same in deviations above the middle */
	double		little;			/* a little beyond the frequent ones */
	double		z_little;
} Parts;

/* Part them; n is PARTS at most. */
static void
make_parts(const LearnKnown *known, double chosen, int n, Parts *parts)
{
	double		from = known->nfrequent / chosen;

	parts->n = n;
	parts->chosen = chosen;
	for (int i = 0; i <= n; i++)
	{
		/* finer parts where popularities differ most */
		double		part = (double) i / n;

		parts->at[i] = from + (1 - from) * part * part;
		parts->z[i] = deviations_of_top(parts->at[i]);
	}
	parts->little = Min(from + Max((1 - from) / PARTS, 1 / chosen), 1);
	parts->z_little = deviations_of_top(parts->little);
}

/* The logarithm of a factor by which two numbers differ, squared, in units of another one. */
static double
off_by(double a, double b, double unit)
{
	double		log = spindle_log(Max(a, 1e-12) / Max(b, 1e-12)) / unit;

	return log * log;
}

/*
 * The estimate that ANALYZE would make if the rows of these parts had a spread; *first is
 * set to the share of the first of them.
 */
static double
estimate_by(const LearnKnown *known, double spread, const Parts *parts, double *first)
{
	double		start = share_below(spread - parts->z[0]);
	double		mean = known->sample / parts->chosen;	/* choices of one in the sample */
	double		scale = (1 - known->frequent) / Max(1 - start, 1e-12);
	double		different = known->different;
	double		once = known->once;
	double		before = start;

	for (int i = 1; i <= parts->n; i++)
	{
		double		width = parts->at[i] - parts->at[i - 1];
		double		until = share_below(spread - parts->z[i]);
		double		expected = mean * scale * Max(until - before, 0) / Max(width, 1e-12);
		double		none = spindle_exp(-Min(expected, 700));

		different += parts->chosen * width * (1 - none);
		once += parts->chosen * width * expected * none;
		before = until;
	}
	*first = parts->little <= parts->at[0] ? known->last :
		scale * (share_below(spread - parts->z_little) - start) / (parts->little - parts->at[0]) / parts->chosen;
	return learn_estimate_of(known, different, once);
}

/* How badly a spread of the rows of these parts agrees with what is known. */
static double
badness_of(const LearnKnown *known, double spread, const Parts *parts)
{
	double		first;
	double		badness = off_by(estimate_by(known, spread, parts, &first), known->distinct, ESTIMATE_OFF);

	return badness + (known->nfrequent > 0 ? off_by(first, known->last, JUNCTION_OFF) : 0);
}

/* Find the spread that agrees best, and how many rows are chosen at all: all, unless that agrees with nothing. */
static double
find_spread(const LearnKnown *known, double *chosen)
{
	double		best = INFINITY;
	double		spread = 0;

	*chosen = known->parents;
	for (double some = known->parents; some >= known->distinct && some > known->nfrequent + 1 && best > 4; some *= 0.7)
	{
		double		step = spindle_exp(spindle_log(MOST_SPREAD / LEAST_SPREAD) / (SPREADS - 1));
		double		tried = LEAST_SPREAD;
		Parts		parts;

		make_parts(known, some, PARTS, &parts);
		for (int i = 0; i < SPREADS; i++, tried *= step)
		{
			double		badness = badness_of(known, tried, &parts);

			if (badness < best)
			{
				best = badness;
				spread = tried;
				*chosen = some;
			}
		}
		CHECK_FOR_INTERRUPTS();
	}
	return spread;
}

/* Rows by popularity, the most popular first. */
typedef struct Popularity
{
	const LearnKnown *known;
	int			k;				/* rows of which only the mean is told */
	double		top;			/* their choices together */
	double		slope;			/* exponent of how these are taken to fall */
	double		spread;			/* of those that are not frequent */
	double		chosen;			/* rows that are chosen at all */
} Popularity;

/* The share of the choices of the first rows together of those of which only the mean is told. */
static double
hidden_up_to(const Popularity *popularity, double rank)
{
	double		whole = floor(rank);
	double		before = popularity->top * spindle_pow(Min(whole / popularity->k, 1), 1 - popularity->slope);
	double		after = popularity->top * spindle_pow(Min((whole + 1) / popularity->k, 1), 1 - popularity->slope);

	/* within a row nothing falls */
	return (whole > 0 ? before : 0) * (1 - (rank - whole)) + after * (rank - whole);
}

/* The share of the choices of the first rows together, where rank need not be whole. */
static double
choices_up_to(const Popularity *popularity, double rank)
{
	const LearnKnown *known = popularity->known;
	double		sum = 0;
	double		start = share_of_top(known->nfrequent / popularity->chosen, popularity->spread);

	rank = Max(Min(rank, popularity->chosen), 0);
	if (popularity->k > 0 && rank > 0)
		sum = hidden_up_to(popularity, rank);
	for (int i = popularity->k; i < known->nfrequent && i < rank; i++)
		sum += known->statistics->frequency[i] / (1 - known->statistics->null_fraction) * Min(rank - i, 1);
	if (rank > known->nfrequent && start < 1)
		sum += (1 - known->frequent) * (share_of_top(rank / popularity->chosen, popularity->spread) - start) / (1 - start);
	return sum;
}

/*
 * Unless everything may be carried, of the k most popular rows only the mean is told, and
 * what the next one has: they are taken to fall to that.
 */
static void
hide_top(const LearnSchema *schema, Popularity *popularity)
{
	const LearnKnown *known = popularity->known;
	double		next = known->last;

	if (schema->options->carry == SPINDLE_CARRY_ALL || known->parents <= LOOKUP_ROWS)
		return;
	popularity->k = (int) Min(schema->options->k, known->nfrequent);
	for (int i = 0; i < popularity->k; i++)
		popularity->top += known->statistics->frequency[i] / (1 - known->statistics->null_fraction);
	if (popularity->k < known->nfrequent)
		next = known->statistics->frequency[popularity->k] / (1 - known->statistics->null_fraction);
	if (popularity->top > 0)
		popularity->slope = Max(Min(1 - next * popularity->k / popularity->top, 0.9), 0);
}

/*
 * learn_profile
 *		How often a foreign key chooses which share of its target's rows, as a member
 *		of a reference; "" if that is not known, or if all are alike.  Palloc'd.
 */
char *
learn_profile(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	LearnKnown	known;
	Popularity	popularity = {.known = &known};
	double		rows;
	double		width;
	double		last = 0;
	int			n;
	StringInfoData profile;

	if (!learn_find_known(schema, table, key, &known))
		return "";
	rows = known.parents;
	n = rows <= FEW_ROWS ? 2 * (int) rows + 1 : PROFILE;
	width = rows / (n - 1) / 2;
	if (known.nfrequent >= known.distinct || known.frequent >= 1)
		popularity.chosen = Max(known.nfrequent, 1);	/* all that are chosen are known */
	else
		popularity.spread = find_spread(&known, &popularity.chosen);
	if (known.nfrequent == 0 && popularity.spread < 2 * LEAST_SPREAD && popularity.chosen == rows)
		return "";
	hide_top(schema, &popularity);
	initStringInfo(&profile);
	for (int q = 0; q < n; q++)
	{
		/* the mean of those around, so that none are lost between two quantiles */
		double		rank = (1 - (double) q / (n - 1)) * rows;
		double		low = Max(rank - width, 0);
		double		high = Min(rank + width, rows);
		double		share = (choices_up_to(&popularity, high) - choices_up_to(&popularity, low)) / (high - low);

		last = Max(last, floor(share * rows * 1000 + 0.5) / 1000);
		appendStringInfo(&profile, "%s%s", q ? ", " : ", \"skew\": {\"profile\": [", learn_number(last));
	}
	appendStringInfoString(&profile, "]}");
	return last > 0 ? profile.data : "";
}

/*
 * learn_likely_distinct
 *		How many different values a column of a table has, as far as statistics tell.
 *
 * Of a column whose values are not all as frequent the estimate is too low.  How much
 * they differ is not known; that those beyond the frequent ones go on where these end is
 * taken for a sign of it.
 */
double
learn_likely_distinct(const LearnTable *table, const LearnStatistics *statistics)
{
	LearnKnown	known = {.statistics = statistics,.parents = INFINITY};
	double		best = INFINITY;
	double		distinct;
	double		likely;

	find_rows(&known, table);
	distinct = likely = statistics->distinct > 0 ? statistics->distinct : -statistics->distinct * table->tuples;
	if (statistics->nvalues < LEAST_FREQUENT || statistics->nvalues >= distinct || known.sample >= known.rows)
		return distinct;
	find_frequent(&known, statistics->nvalues);
	for (double spread = 0.2; spread < MOST_SPREAD; spread *= 1.3)
	{
		double		low = Max(0.9 * distinct, known.nfrequent + 1);
		double		high = MOST_TIMES * MOST_TIMES * distinct;
		double		first;
		Parts		parts;

		for (int i = 0; i < 10; i++)
		{
			double		middle = sqrt(low * high);

			make_parts(&known, middle, FEW_PARTS, &parts);
			if (estimate_by(&known, spread, &parts, &first) > distinct)
				high = middle;
			else
				low = middle;
		}
		make_parts(&known, low, FEW_PARTS, &parts);
		(void) estimate_by(&known, spread, &parts, &first);
		if (off_by(first, known.last, 1) < best)
		{
			LearnKnown	all = known;

			/* if all rows had been looked at */
			best = off_by(first, known.last, 1);
			all.sample = all.rows;
			likely = estimate_by(&all, spread, &parts, &first);
		}
	}
	return distinct * spindle_pow(Max(Min(likely / distinct, MOST_TIMES), 1), CONFIDENCE);
}

/*
 * learn_seems_distinct
 *		Do no two rows of a table refer to the same one by a foreign key?  So it seems if
 *		none did so in a sample in which by chance some would have done.
 */
bool
learn_seems_distinct(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	LearnKnown	known;

	return learn_find_known(schema, table, key, &known) && known.statistics->distinct <= -1 + known.statistics->null_fraction + 1e-6 &&
		known.sample * known.sample / 2 / known.parents >= SURPRISE;
}
