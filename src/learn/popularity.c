/*-------------------------------------------------------------------------
 *
 * popularity.c
 *		How popular the rows of a target are, from how often they were chosen.
 *
 * Who chooses by chance chooses a row of popularity p sometimes more and sometimes less
 * often than p says: the numbers of choices are a mixture of Poisson distributions.
 * What is wanted is the mixture: the one that makes the numbers that were counted most
 * likely, found by expectation and maximization, which needs no shape of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/schema.h"
#include "math/fpmath.h"

/* Popularities that are mixed, rounds in which their shares are found, and numbers of choices by which. */
#define LEVELS			96
#define ROUNDS			250
#define OBSERVATIONS	200

/* Quantiles of a profile. */
#define PROFILE			400

/* What a profile has to gain over none. */
#define GAIN			0.004

/* Numbers of choices beyond which a normal distribution serves. */
#define LARGE_COUNT		400

/* A mixture: popularities as mean numbers of choices, rising, with their shares. */
typedef struct Mixture
{
	int			n;
	double		level[LEVELS];
	double		share[LEVELS];
} Mixture;

/* What it is found by. */
typedef struct Observed
{
	int			n;
	double		count[OBSERVATIONS];
	double		share[OBSERVATIONS];
} Observed;

/* The logarithm of n!, by Stirling's series. */
static double
log_factorial(double n)
{
	double		x = n + 1;
	double		shift = 0;

	for (; x < 10; x++)
		shift += spindle_log(x);
	return (x - 0.5) * spindle_log(x) - x + 0.91893853320467274178 + 1 / (12 * x) - 1 / (360 * x * x * x) - shift;
}

/* The probability of count choices where mean are expected. */
static double
poisson(double count, double mean)
{
	if (mean <= 0)
		return count == 0 ? 1 : 0;
	return spindle_exp(Max(count * spindle_log(mean) - mean - log_factorial(count), -700));
}

/* The probability of at most count choices, a whole number, where mean are expected. */
static double
poisson_until(double count, double mean)
{
	double		term = spindle_exp(-mean);
	double		sum = term;

	if (count < 0)
		return 0;
	if (mean > LARGE_COUNT)
		return spindle_normal_cdf((count + 0.5 - mean) / sqrt(mean));
	for (int i = 1; i <= count && i <= LARGE_COUNT * 4; i++)
	{
		term *= mean / i;
		sum += term;
	}
	return Min(sum, 1);
}

/* Take numbers of choices together until they are few enough: small ones stay, large ones are put to means. */
static void
observe(const LearnFamilies *families, Observed *observed)
{
	int			kept = families->n <= OBSERVATIONS ? families->n : OBSERVATIONS / 2;
	int			rest = families->n - kept;

	observed->n = 0;
	for (int i = 0; i < families->n;)
	{
		int			every = i < kept ? 1 : (rest + OBSERVATIONS - kept - 1) / (OBSERVATIONS - kept);
		double		share = 0;
		double		sum = 0;

		for (int k = 0; k < every && i < families->n; k++, i++)
		{
			share += families->share[i];
			sum += families->share[i] * families->count[i];
		}
		if (share <= 0)
			continue;
		observed->count[observed->n] = sum / share;
		observed->share[observed->n++] = share;
	}
}

/* Find the mixture that makes what was observed most likely. */
static void
find_mixture(const Observed *observed, double mean, Mixture *mixture)
{
	double		most = observed->count[observed->n - 1];
	double		least = Max(0.02 * mean, 0.002);
	double		step = spindle_exp(spindle_log(Max(most / least, 1.01)) / (LEVELS - 2));
	double	   *likely = palloc(sizeof(double) * LEVELS * observed->n);

	mixture->n = LEVELS;
	mixture->level[0] = 0;
	for (int l = 1; l < LEVELS; l++)
		mixture->level[l] = l == 1 ? least : mixture->level[l - 1] * step;
	for (int l = 0; l < LEVELS; l++)
	{
		mixture->share[l] = 1.0 / LEVELS;
		for (int i = 0; i < observed->n; i++)
			likely[i * LEVELS + l] = poisson(observed->count[i], mixture->level[l]);
	}
	for (int round = 0; round < ROUNDS; round++)
	{
		double		next[LEVELS] = {0};
		double		all = 0;

		for (int i = 0; i < observed->n; i++)
		{
			double		sum = 0;

			for (int l = 0; l < LEVELS; l++)
				sum += mixture->share[l] * likely[i * LEVELS + l];
			for (int l = 0; l < LEVELS && sum > 1e-300; l++)
				next[l] += observed->share[i] * mixture->share[l] * likely[i * LEVELS + l] / sum;
		}
		for (int l = 0; l < LEVELS; l++)
			all += next[l];
		for (int l = 0; l < LEVELS && all > 0; l++)
			mixture->share[l] = next[l] / all;
		CHECK_FOR_INTERRUPTS();
	}
	pfree(likely);
}

/* The largest difference between the shares of numbers of choices that there are and that a mixture gives. */
static double
distance_of(const Distribution *counted, const Mixture *mixture)
{
	double		distance = 0;
	double		until = 0;
	int			every = Max(1, counted->n / OBSERVATIONS);

	for (int i = 0; i < counted->n; i++)
	{
		double		at[] = {counted->value[i], i + 1 < counted->n ? counted->value[i + 1] - 1 : counted->value[i]};

		until += counted->weight[i] / counted->sum;
		for (int side = 0; side < 2 && i % every == 0; side++)
		{
			double		expected = 0;

			for (int l = 0; l < mixture->n; l++)
				if (mixture->share[l] > 1e-6)
					expected += mixture->share[l] * poisson_until(at[side], mixture->level[l]);
			distance = Max(distance, fabs(expected - until));
		}
		CHECK_FOR_INTERRUPTS();
	}
	return distance;
}

/* The popularities of the least popular rows together, up to a share of all rows. */
static double
popularity_until(const Mixture *mixture, double until)
{
	double		sum = 0;

	for (int l = 0; l < mixture->n && until > 0; l++)
	{
		sum += mixture->level[l] * Min(until, mixture->share[l]);
		until -= mixture->share[l];
	}
	return sum;
}

/* A mixture as the profile of a reference; "" if it gives nothing. */
static char *
profile_of(const Mixture *mixture, double mean)
{
	double		width = 0.5 / (PROFILE - 1);
	double		last = 0;
	StringInfoData profile;

	initStringInfo(&profile);
	for (int q = 0; q < PROFILE; q++)
	{
		/* the mean of those around, so that none are lost between two quantiles */
		double		low = Max((double) q / (PROFILE - 1) - width, 0);
		double		high = Min((double) q / (PROFILE - 1) + width, 1);
		double		popularity = (popularity_until(mixture, high) - popularity_until(mixture, low)) / (high - low);

		last = Max(last, floor(popularity / mean * 1000 + 0.5) / 1000);
		appendStringInfo(&profile, "%s%s", q ? ", " : ", \"skew\": {\"profile\": [", learn_number(last));
	}
	appendStringInfoString(&profile, "]}");
	return last > 0 ? profile.data : pstrdup("");
}

/*
 * learn_fit_profile
 *		Find how a reference has to choose that numbers of choices come out as they are,
 *		and how far off those that were counted they will be.
 */
void
learn_fit_profile(LearnFamilies *families, const Distribution *counted)
{
	double		mean = families->children / families->parents;
	Observed	observed;
	Mixture		alike = {1, {mean}, {1}};
	Mixture		mixture;
	double		without = distance_of(counted, &alike);

	observe(families, &observed);
	find_mixture(&observed, mean, &mixture);
	families->distance = distance_of(counted, &mixture);
	if (families->distance > without - GAIN)
	{
		families->distance = without;
		families->profile = pstrdup("");
	}
	else
		families->profile = profile_of(&mixture, mean);
}
