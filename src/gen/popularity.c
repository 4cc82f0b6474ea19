/*-------------------------------------------------------------------------
 *
 * popularity.c
 *		Skewed choice of a row of a table.
 *
 * Every row has a fixed popularity, and the popular rows lie scattered.  Up to
 * 1024 rows form one block; more are cut into blocks of 1024.  All blocks have
 * the same profile of popularity by rank; a bijection that differs per block
 * says at which place a rank lies.  A choice draws a block evenly, a rank by
 * the profile and looks up the place: constant time, 8 kB of tables at any
 * number of rows.
 *
 * Since a block is a fair sample of all, the choice can be limited to the
 * first m rows, those that exist at a certain time, without losing the skew:
 * blocks are drawn among those that have rows below m, and a place at or above
 * m is drawn again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "math/fpmath.h"
#include "gen/popularity.h"

/* after so many draws at or above the limit we take any row below it */
#define MAX_TRIES 32

/*
 * The share of all choices that falls on the first x (0..1) of the ranks, for
 * a shifted power law.  The shift keeps the head finite: the most popular rank
 * gets about 60 times the mean, not an ever larger share.
 */
static double
power_share(double x, double power)
{
	const double shift = 0.001;
	double		low = spindle_pow(shift, power);

	return (spindle_pow(x + shift, power) - low) / (spindle_pow(1.0 + shift, power) - low);
}

/* The power for which the first top of the ranks get share (top < share < 1). */
static double
solve_power(double top, double share)
{
	double		low = 1e-6;
	double		high = 1.0;

	for (int i = 0; i < 60; i++)
	{
		double		middle = (low + high) / 2;

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
	popularity->block_key = spindle_key_derive(key, 1);
	popularity->rank_key = spindle_key_derive(key, 2);
	popularity->scatter_key = spindle_key_derive(key, 3);
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
	return popularity;
}

/*
 * The place of a rank in a block: multiplications by odd numbers and shifted
 * xors are bijections of the numbers below 2^bits.  A single block of fewer
 * rows walks along the bijection's cycle until it meets one of them.
 */
static inline uint32
scatter(const SpindlePopularity *popularity, int64 block, uint32 rank)
{
	uint64		draw = spindle_draw(popularity->scatter_key, block);
	uint32		mask = (1U << popularity->bits) - 1;
	int			half = (popularity->bits + 1) / 2;
	uint32		x = rank;

	do
	{
		x = (x * ((uint32) draw | 1) + (uint32) (draw >> 32)) & mask;
		x ^= x >> half;
		x = (x * ((uint32) (draw >> 16) | 1)) & mask;
		x ^= x >> half;
	} while (x >= popularity->rank->n);
	return x;
}

/*
 * spindle_popularity_pick
 *		Choose a row, 0 <= row < eligible, by popularity.
 *
 * counter is the number of the choosing row; 1 <= eligible <= nrows.
 */
int64
spindle_popularity_pick(const SpindlePopularity *popularity, uint64 counter,
						int64 eligible)
{
	uint64		draw = spindle_draw(popularity->block_key, counter);
	uint64		draw2;

	Assert(eligible >= 1);
	if (popularity->kind == SPINDLE_SKEW_NONE)
		return (int64) spindle_below(draw, eligible);

	draw2 = spindle_draw(popularity->rank_key, counter);
	for (int i = 0; i < MAX_TRIES; i++)
	{
		int64		block = (int64) (spindle_below(draw, eligible) >> popularity->bits);
		uint32		rank = spindle_alias_pick(popularity->rank, draw2);
		int64		row = (block << popularity->bits) | scatter(popularity, block, rank);

		if (row < eligible)
			return row;
		draw = spindle_mix(draw + SPINDLE_PHI);
		draw2 = spindle_mix(draw2 + SPINDLE_PHI);
	}
	return (int64) spindle_below(draw, eligible);
}
