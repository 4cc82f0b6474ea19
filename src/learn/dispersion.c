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
 * of which the share is known.  Children of a parent are as many as a Poisson
 * distribution says, or, if they differ more, a negative binomial one; if they differ
 * less, each parent has one, or their numbers are as even as can be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/schema.h"
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
#define SPREADS			60
#define LEAST_SPREAD	0.02
#define MOST_SPREAD		4.0
#define PARTS			48

/* How far the estimate may be off, as a share, and the popularities where the frequent rows end; each counts as one. */
#define ESTIMATE_OFF	0.02
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

/* Numbers of children with a weight, at most; the mean of them up to which they are told; and the least share. */
#define MAX_COUNTS		400
#define MOST_MEAN		30
#define LEAST_SHARE		1e-5

/* How far the mean of counts and the ratio may be apart. */
#define MEAN_OFF		0.03

/* What share of the rows more have one that refers to them than by chance, where that is no chance. */
#define CLEARLY			0.1

/* Rows that would be referred to twice in a sample by chance, where none is, if references do not differ. */
#define SURPRISE		5

/* What is known about a foreign key. */
typedef struct Known
{
	const LearnStatistics *statistics;
	double		rows;			/* that refer to one */
	double		sample;			/* of these, that were looked at */
	double		parents;
	double		distinct;		/* the estimate */
	int			nfrequent;		/* rows whose share is known, ... */
	double		frequent;		/* ... what they have together, ... */
	double		last;			/* ... what the last of them has, ... */
	double		different;		/* ... how many of them are expected in the sample, ... */
	double		once;			/* ... and how many of them once */
} Known;

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
find_frequent(Known *known, int n)
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
find_rows(Known *known, const LearnTable *table)
{
	const LearnStatistics *statistics = known->statistics;
	double		rows = statistics->rows > 0 && !statistics->is_counted ? Min(table->tuples, statistics->rows) : table->tuples;
	double		filled = 1 - statistics->null_fraction;

	known->rows = rows * filled;
	known->sample = statistics->is_counted ? known->rows : Min(statistics->sample, rows) * filled;
	known->distinct = statistics->distinct > 0 ? statistics->distinct : -statistics->distinct * rows;
}

/* Find out what is known about a foreign key; false if that is too little, or may not be told. */
static bool
find_known(const LearnSchema *schema, const LearnTable *table, const LearnKey *key, Known *known)
{
	int			column = telling_column(schema, key);
	const LearnStatistics *statistics = column < 0 ? NULL : table->column[column].statistics;

	*known = (Known) {.statistics = statistics};
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
 * The estimate of the number of different values that ANALYZE makes, if so many are in
 * its sample, of which so many once (Haas and Stokes).
 */
static double
estimate_of(const Known *known, double different, double once)
{
	double		n = known->sample;

	return Min(n * different / Max(n - once + once * n / known->rows, 1e-9), known->parents);
}

/* The share of the choices that the most popular rows have, by a log-normal distribution. */
static double
share_of_top(double top, double spread)
{
	return top <= 0 ? 0 : top >= 1 ? 1 : spindle_normal_cdf(spread - spindle_normal_quantile(1 - top));
}

/* The logarithm of a factor by which two numbers differ, squared, in units of another one. */
static double
off_by(double a, double b, double unit)
{
	double		log = spindle_log(Max(a, 1e-12) / Max(b, 1e-12)) / unit;

	return log * log;
}

/*
 * The estimate that ANALYZE would make if of so many rows that are chosen at all those
 * that are not frequent had a spread; *first is set to the share of the first of these.
 */
static double
estimate_by(const Known *known, double spread, double chosen, int parts, double *first)
{
	double		from = known->nfrequent / chosen;
	double		start = share_of_top(from, spread);
	double		mean = known->sample / chosen;	/* choices of one in the sample */
	double		scale = (1 - known->frequent) / Max(1 - start, 1e-12);
	double		different = known->different;
	double		once = known->once;
	double		little = Min(from + Max((1 - from) / PARTS, 1 / chosen), 1);
	double		before = start;
	double		at = from;

	for (int i = 1; i <= parts; i++)
	{
		/* finer parts where popularities differ most */
		double		part = (double) i / parts;
		double		to = from + (1 - from) * part * part;
		double		until = share_of_top(to, spread);
		double		expected = mean * scale * (until - before) / Max(to - at, 1e-12);
		double		none = spindle_exp(-Min(expected, 700));

		different += chosen * (to - at) * (1 - none);
		once += chosen * (to - at) * expected * none;
		before = until;
		at = to;
	}
	*first = little > from ? scale * (share_of_top(little, spread) - start) / (little - from) / chosen : known->last;
	return estimate_of(known, different, once);
}

/*
 * How badly a spread of the rows that are not frequent, of so many that are chosen at
 * all, agrees with what is known.
 */
static double
badness_of(const Known *known, double spread, double chosen)
{
	double		first;
	double		badness = off_by(estimate_by(known, spread, chosen, PARTS, &first), known->distinct, ESTIMATE_OFF);

	return badness + (known->nfrequent > 0 ? off_by(first, known->last, JUNCTION_OFF) : 0);
}

/* Find the spread that agrees best, and how many rows are chosen at all: all, unless that agrees with nothing. */
static double
find_spread(const Known *known, double *chosen)
{
	double		best = INFINITY;
	double		spread = 0;

	*chosen = known->parents;
	for (double some = known->parents; some >= known->distinct && some > known->nfrequent + 1 && best > 4; some *= 0.7)
	{
		double		step = spindle_exp(spindle_log(MOST_SPREAD / LEAST_SPREAD) / (SPREADS - 1));
		double		tried = LEAST_SPREAD;

		for (int i = 0; i < SPREADS; i++, tried *= step)
		{
			double		badness = badness_of(known, tried, some);

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
	const Known *known;
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
	const Known *known = popularity->known;
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
	const Known *known = popularity->known;
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
	Known		known;
	Popularity	popularity = {.known = &known};
	double		rows;
	double		width;
	double		last = 0;
	int			n;
	StringInfoData profile;

	if (!find_known(schema, table, key, &known))
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
	Known		known = {.statistics = statistics,.parents = INFINITY};
	double		best = INFINITY;
	double		distinct;
	double		likely;

	find_rows(&known, table);
	distinct = likely = statistics->distinct > 0 ? statistics->distinct : -statistics->distinct * table->tuples;
	if (statistics->nvalues < LEAST_FREQUENT || statistics->nvalues >= distinct || known.sample >= known.rows)
		return distinct;
	find_frequent(&known, statistics->nvalues);
	for (double spread = 0.1; spread < MOST_SPREAD; spread *= 1.25)
	{
		double		low = Max(0.9 * distinct, known.nfrequent + 1);
		double		high = MOST_TIMES * MOST_TIMES * distinct;
		double		first;

		for (int i = 0; i < 10; i++)
		{
			double		middle = sqrt(low * high);

			if (estimate_by(&known, spread, middle, FEW_PARTS, &first) > distinct)
				high = middle;
			else
				low = middle;
		}
		(void) estimate_by(&known, spread, low, FEW_PARTS, &first);
		if (off_by(first, known.last, 1) < best)
		{
			Known		all = known;

			/* if all rows had been looked at */
			best = off_by(first, known.last, 1);
			all.sample = all.rows;
			likely = estimate_by(&all, spread, low, FEW_PARTS, &first);
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
	Known		known;

	return find_known(schema, table, key, &known) && known.statistics->distinct <= -1 + known.statistics->null_fraction + 1e-6 &&
		known.sample * known.sample / 2 / known.parents >= SURPRISE;
}

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
estimate_for(const Known *known, const Counts *counts)
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
	return estimate_of(known, known->parents * different, known->parents * once);
}

/* Set a member of counts, with which the estimate rises, between two values so that it is the one that there is. */
static void
solve(const Known *known, Counts *counts, double *member, double low, double high)
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
find_counts(const Known *known, Counts *counts)
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
	Known		known;
	Counts		counts = {0};

	if (!find_known(schema, table, key, &known))
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
	Known		known;
	Counts		counts = {.mean = table->ratio,.shift = table->needs_children};
	double		share[MAX_COUNTS];
	double		mean = 0;
	double		sum = 0;
	int			most = 0;
	StringInfoData text;

	if (!find_known(schema, table, table->parent, &known) || table->ratio > MOST_MEAN || table->ratio < counts.shift ||
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
