/*-------------------------------------------------------------------------
 *
 * popularity.c
 *		Skewed choice of a row of a table.
 *
 * Every row has a fixed popularity, and the popular rows lie scattered.  Up to
 * 1024 rows form one block; more are cut into blocks of 1024.  All blocks have
 * the same profile of popularity by rank; a bijection that differs per block
 * says at which place a rank lies.  A choice draws a block evenly, a rank by
 * the profile and looks up the place: constant time and, at any
 * number of rows, 8 kB of tables, with 128 kB more where places are listed.
 *
 * Since a block is a fair sample of all, the choice can be limited to the
 * first m rows, those that exist at a certain time, without losing the skew:
 * blocks are drawn among those that have rows below m, and a place at or above
 * m is drawn again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "math/fpmath.h"
#include "gen/popularity.h"

/*
 * The share of all choices that falls on the first x (0..1) of the ranks, for
 * a shifted power law, power not 0.  The shift keeps the head finite: for 80 %
 * on the first 20 % the most popular of 1024 ranks gets about 50 times the
 * mean, at any number of rows.
 */
static double
power_share(double x, double power)
{
	const double shift = 0.005;
	double		low = spindle_pow(shift, power);

	return (spindle_pow(x + shift, power) - low) / (spindle_pow(1.0 + shift, power) - low);
}

/* The power for which the first top of the ranks get share (top < share < 1). */
static double
solve_power(double top, double share)
{
	double		low = -8.0;
	double		high = 1.0;

	for (int i = 0; i < 60; i++)
	{
		double		middle = (low + high) / 2;

		if (middle > -1e-9 && middle < 1e-9)
			middle = 1e-9;
		if (power_share(top, middle) > share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/*
 * spindle_popularity_create
 *		Prepare choices among nrows >= 1 rows, in the current memory context.
 *
 * For SPINDLE_SKEW_SHARE, 0 < top < share < 1.  For SPINDLE_SKEW_EXPONENT,
 * share is the exponent, > 0.
 */
SpindlePopularity *
spindle_popularity_create(SpindleSkewKind kind, double top, double share,
						  SpindleKey key, int64 nrows)
{
	SpindlePopularity *popularity = palloc0(sizeof(SpindlePopularity));
	int			n;
	double	   *weight;

	popularity->kind = kind;
	popularity->nrows = nrows;
	popularity->key = key;
	popularity->scatter_key = spindle_key_derive(key, 1);
	if (kind == SPINDLE_SKEW_NONE)
		return popularity;

	while (popularity->bits < SPINDLE_POPULARITY_MAX_BITS &&
		   (INT64CONST(1) << popularity->bits) < nrows)
		popularity->bits++;
	n = (int) Min(nrows, INT64CONST(1) << popularity->bits);
	weight = palloc(sizeof(double) * n);
	if (kind == SPINDLE_SKEW_SHARE)
	{
		double		power = solve_power(top, share);

		for (int r = 0; r < n; r++)
			weight[r] = power_share((r + 1.0) / n, power) - power_share((double) r / n, power);
	}
	else
	{
		for (int r = 0; r < n; r++)
			weight[r] = spindle_pow(r + 1.0, -share);
	}
	popularity->rank = spindle_alias_create(weight, n);
	pfree(weight);
	if (nrows <= SPINDLE_POPULARITY_MAX_PLACES)
	{
		int64		nblocks = (nrows + n - 1) / n;

		popularity->place = palloc(sizeof(uint16) * nblocks * n);
		for (int64 b = 0; b < nblocks; b++)
			for (int r = 0; r < n; r++)
				popularity->place[b * n + r] = spindle_popularity_scatter(popularity, b, r);
	}
	return popularity;
}
