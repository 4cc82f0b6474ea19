/*-------------------------------------------------------------------------
 *
 * profile.c
 *		What is known of a column's values without computing rows.
 *
 * Where a rule says how often each value comes, or among how many rows it
 * chooses, that is better than any sample: a skewed reference to millions of
 * rows has a known number of different values, of which a sample sees a few.
 * What a rule knows is in its entry (SpindleRuleSteps); here is what rules have
 * in common, and what follows for a column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/eval_internal.h"
#include "gen/profile.h"
#include "math/fpmath.h"

/* Choices that are added up one by one, at most. */
#define MAX_CHOICES		100000

/* One of the values to choose from. */
typedef struct Choice
{
	int64		value;
	double		weight;
} Choice;

/*
 * spindle_profile_hit
 *		The probability that something is chosen at all, if it is chosen so
 *		many times on average.
 */
double
spindle_profile_hit(double choices)
{
	return choices > 30.0 ? 1.0 : 1.0 - spindle_exp(-choices);
}

/*
 * spindle_profile_add
 *		List a value, unless the list is full of more common ones.
 *
 * Of values that are equally common, those that come first stay in front.
 */
void
spindle_profile_add(SpindleProfile *profile, int64 value, double share)
{
	int			i;

	if (profile->nvalues < SPINDLE_PROFILE_VALUES)
		i = profile->nvalues++;
	else if (profile->share[SPINDLE_PROFILE_VALUES - 1] < share)
		i = SPINDLE_PROFILE_VALUES - 1;
	else
		return;
	for (; i > 0 && profile->share[i - 1] < share; i--)
	{
		profile->share[i] = profile->share[i - 1];
		profile->value[i] = profile->value[i - 1];
	}
	profile->share[i] = share;
	profile->value[i] = value;
}

/* For qsort(): equal values meet.  Any order will do. */
static int
compare_choices(const void *a, const void *b)
{
	int64		x = ((const Choice *) a)->value;
	int64		y = ((const Choice *) b)->value;

	return x < y ? -1 : x > y;
}

/*
 * spindle_profile_choices
 *		The profile of a column that draws one of n entries for each row.
 *
 * Entries may have the same value, and be NULL where is_null, if not NULL, says
 * so; then null_fraction is set as well.  weight has to be positive in sum.
 * Nothing is set if there are too many entries to look at.
 */
void
spindle_profile_choices(SpindleProfile *profile, int64 nrows, int n, const int64 *value,
						const bool *is_null, const double *weight)
{
	Choice	   *choice;
	int			used = 0;
	double		sum = 0;
	double		nulls = 0;

	if (n > MAX_CHOICES)
		return;
	choice = palloc(sizeof(Choice) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		sum += weight[i];
		if (is_null && is_null[i])
			nulls += weight[i];
		else
		{
			choice[used].value = value[i];
			choice[used++].weight = weight[i];
		}
	}
	qsort(choice, used, sizeof(Choice), compare_choices);
	profile->null_fraction = nulls / sum;
	profile->is_complete = true;
	for (int i = 0; i < used;)
	{
		double		together = 0;
		int			first = i;

		for (; i < used && choice[i].value == choice[first].value; i++)
			together += choice[i].weight;
		if (together <= 0)
			continue;
		profile->ndistinct += spindle_profile_hit(nrows * (together / sum));
		if (profile->nvalues == SPINDLE_PROFILE_VALUES)
			profile->is_complete = false;
		spindle_profile_add(profile, choice[first].value, together / (sum - nulls));
	}
	pfree(choice);
}

/*
 * spindle_column_profile
 *		What is known of a column of a table.
 *
 * Costs at most milliseconds, whatever the number of rows.  May make the state
 * of a reference, and raises what that does; see spindle_reference_state().
 * Uses the current memory context for a while.
 */
void
spindle_column_profile(SpindleInstance *instance, int table, int column, SpindleProfile *profile)
{
	const SpindleColumn *c = &instance->domain->table[table].column[column];
	const SpindleRuleSteps *steps = spindle_rule_steps_of(c->rule);

	check_stack_depth();
	memset(profile, 0, offsetof(SpindleProfile, value));
	profile->null_fraction = -1;
	if (steps->profile)
		steps->profile(instance, table, c->rule, profile);
	if (!c->nullable)
		profile->null_fraction = 0;
	else if (profile->null_fraction >= 0)
		profile->null_fraction = 1.0 - (1.0 - profile->null_fraction) * (1.0 - c->null_fraction);
	else if (!c->rule->ops->may_be_null(instance->domain, table, c->rule, NULL))
		profile->null_fraction = c->null_fraction;
}
