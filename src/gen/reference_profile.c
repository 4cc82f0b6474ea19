/*-------------------------------------------------------------------------
 *
 * reference_profile.c
 *		What is known of the rows that a reference chooses, for estimates.
 *
 * A row is chosen by its popularity among the rows that are eligible.  Where all
 * are at any time, that is all there is to it.  With "after", the first rows of
 * the parents are also chosen while there are few others: of 500000 customers,
 * the first one takes a thousand times as many orders as one of the last.  How
 * many rows are eligible is looked up for some of the choosing rows, whose
 * distances grow with their numbers, as do those of the eligible rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "gen/eval_internal.h"
#include "gen/reference_profile.h"

/* Parts of the choosing rows, at most: each is longer by a quarter than the ones before. */
#define MAX_PARTS	200
/*
 * Where all rows are equally popular, one is listed if it is chosen so many times
 * as often as one on average.
 */
#define LISTED		1.25

/* Choosing rows that have the same rows to choose from. */
typedef struct Part
{
	double		share;			/* of all choosing rows */
	double		eligible;		/* the first so many rows */
	double		popularity;		/* of all these */
} Part;

/* How often which rows are chosen. */
typedef struct Choices
{
	const SpindlePopularity *popularity;
	int			nparts;
	Part		part[MAX_PARTS];	/* eligible never falls */
} Choices;

/*
 * The parts of a table whose rows choose among those from before.  False if it
 * is not known which these are: the time must rise with the rows.
 */
static bool
find_parts(SpindleInstance *instance, int table, const SpindleRule *rule, const SpindleReferenceState *state,
		   Choices *choices)
{
	const SpindleColumnRef *time = &rule->reference.after_time;
	const int64 nrows = instance->nrows[table];
	int64		row[MAX_PARTS];
	double		share[MAX_PARTS];
	SpindleEval *eval;
	SpindleTimelineCursor *after;
	const SpindleVector *vector;
	double		sum = 0;
	int			n = 0;

	if (time->nsteps > 0 || !instance->domain->table[table].column[time->column].monotone)
		return false;
	for (int64 first = 0; first < nrows && n < MAX_PARTS; n++)
	{
		int64		end = Min(nrows, first + Max(1, first / 4));

		row[n] = first + (end - first) / 2;
		share[n] = (double) (end - first) / (double) nrows;
		first = end;
	}
	eval = spindle_eval_create(instance, table, CurrentMemoryContext);
	vector = spindle_eval_vector(eval, spindle_eval_add(eval, time));
	spindle_eval_run(eval, row, n);
	after = palloc(sizeof(SpindleTimelineCursor));
	spindle_timeline_cursor_init(after, state->after);
	for (int i = 0; i < n; i++)
	{
		Part	   *part = &choices->part[choices->nparts];

		part->eligible = (double) spindle_timeline_count_until(after, vector->value[i]);
		part->share = share[i];
		if (part->eligible == 0)
			continue;
		sum += share[i];
		choices->nparts++;
	}
	for (int i = 0; i < choices->nparts; i++)
		choices->part[i].share /= sum;
	MemoryContextDelete(eval->context);
	return choices->nparts > 0;
}

/* How often a row is chosen, of all choices, whose popularity is known. */
static double
share_of_row(const Choices *choices, int64 row, double popularity)
{
	double		share = 0;

	for (int i = choices->nparts - 1; i >= 0 && choices->part[i].eligible > row; i--)
		share += choices->part[i].share * popularity / choices->part[i].popularity;
	return share;
}

/* How often one of the first n rows is chosen, of all choices. */
static double
share_until(const Choices *choices, int64 n)
{
	const double popularity = spindle_popularity_until(choices->popularity, n);
	double		share = 0;

	for (int i = 0; i < choices->nparts; i++)
		share += choices->part[i].share * Min(1.0, popularity / choices->part[i].popularity);
	return share;
}

/* The same without the rows that are listed. */
static double
unlisted_until(const Choices *choices, const SpindleProfile *profile, int64 n)
{
	double		share = share_until(choices, n);

	for (int i = 0; i < profile->nvalues; i++)
		if (profile->value[i] < n)
			share -= profile->share[i];
	return share;
}

/* Set the quantiles of what is not listed. */
static void
set_quantiles(const Choices *choices, SpindleProfile *profile)
{
	const int64 nrows = choices->popularity->nrows;
	const double all = unlisted_until(choices, profile, nrows);
	int64		low = 0;

	if (all <= 0)
		return;
	profile->nquantiles = SPINDLE_PROFILE_QUANTILES;
	for (int q = 0; q < SPINDLE_PROFILE_QUANTILES; q++)
	{
		double		wanted = all * q / (SPINDLE_PROFILE_QUANTILES - 1);
		int64		high = nrows - 1;

		/* the first row with which so many are reached */
		while (low < high)
		{
			int64		middle = low + (high - low) / 2;

			if (unlisted_until(choices, profile, middle + 1) < wanted)
				low = middle + 1;
			else
				high = middle;
		}
		profile->quantile[q] = low;
	}
}

/*
 * spindle_reference_profile
 *		The rows that a reference chooses most often, and quantiles of the others,
 *		by the numbers of the rows in its state: of all parents, or of those that
 *		"where" leaves.
 *
 * For references without "among", "containing" and "distinct" whose state is not
 * empty.  Sets values, shares, quantiles and is_complete of the profile, whose
 * ndistinct has to be set; nothing if it is not known when which rows are
 * eligible.  Takes up to a millisecond, and memory of the current context.
 */
void
spindle_reference_profile(SpindleInstance *instance, int table, const SpindleRule *rule,
						  const SpindleReferenceState *state, SpindleProfile *profile)
{
	Choices    *choices = palloc0(sizeof(Choices));
	int64	   *row;
	double	   *popularity;
	int			n;

	choices->popularity = state->popularity;
	if (!rule->reference.has_after)
	{
		choices->nparts = 1;
		choices->part[0].share = 1;
		choices->part[0].eligible = (double) state->popularity->nrows;
	}
	else if (!find_parts(instance, table, rule, state, choices))
		return;
	for (int i = 0; i < choices->nparts; i++)
		choices->part[i].popularity = spindle_popularity_until(state->popularity, (int64) choices->part[i].eligible);
	n = spindle_popularity_prominent(state->popularity, &row, &popularity);
	for (int i = 0; i < n; i++)
	{
		double		share = share_of_row(choices, row[i], popularity[i]);

		if (state->popularity->kind != SPINDLE_SKEW_NONE || state->popularity->nrows <= SPINDLE_PROFILE_VALUES ||
			share * profile->ndistinct > LISTED)
			spindle_profile_add(profile, row[i], share);
	}
	profile->is_complete = profile->nvalues == state->popularity->nrows;
	if (!profile->is_complete)
		set_quantiles(choices, profile);
}
