/*-------------------------------------------------------------------------
 *
 * popularity.h
 *		Skewed choice of a row of a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_POPULARITY_H
#define SPINDLE_POPULARITY_H

#include "port/pg_bswap.h"

#include "math/alias.h"
#include "math/rng.h"
#include "model/model.h"

#define SPINDLE_POPULARITY_MAX_BITS 10
/* rows of a table whose places are listed: 128 kB */
#define SPINDLE_POPULARITY_MAX_PLACES	65536
/* after so many draws at or above the limit we take any row below it */
#define SPINDLE_POPULARITY_TRIES	32

typedef struct SpindlePopularity
{
	SpindleSkewKind kind;
	int64		nrows;			/* of the table chosen from */
	int			bits;			/* a block has 2^bits rows */
	const SpindleAlias *rank;	/* draw -> rank in a block */
	uint16	   *place;			/* place of each rank of each block, for a small
								 * table; else NULL */
	SpindleKey	key;			/* of the choices */
	SpindleKey	scatter_key;	/* where a block's ranks lie */
} SpindlePopularity;

extern SpindlePopularity *spindle_popularity_create(SpindleSkewKind kind, double top,
													double share, SpindleKey key,
													int64 nrows);

/*
 * The place of a rank in a block.
 *
 * The most popular ranks must not lie together by chance: a table ordered by
 * time would have its best rows early with one seed and late with another, and
 * the skew of a small table would depend on the seed.  So the first 2^k ranks
 * fall into 2^k different parts of the block: we reverse the bits of the rank,
 * after a hash in which every bit depends on lower ones only.  The hash is that
 * of Laine and Karras as given by Burley 2020, "Practical Hash-based Owen
 * Scrambling", JCGT 9(4); cut to the bits of a block it is a bijection.
 *
 * A single block of fewer rows walks along the bijection's cycle until it
 * meets one of them.
 */
static inline uint32
spindle_popularity_scatter(const SpindlePopularity *popularity, int64 block, uint32 rank)
{
	uint32		key = (uint32) (spindle_draw(popularity->scatter_key, block) >> 32);
	uint32		x = rank;

	do
	{
		x += key;
		x ^= x * 0x6C50B47CU;
		x ^= x * 0xB82F1E52U;
		x ^= x * 0xC7AFE638U;
		x ^= x * 0x8D22F6E6U;

		/* the lowest bits, in reverse order */
		x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
		x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
		x = ((x >> 4) & 0x0F0F0F0FU) | ((x & 0x0F0F0F0FU) << 4);
		x = pg_bswap32(x);
		x = popularity->bits == 0 ? 0 : x >> (32 - popularity->bits);
	} while (x >= popularity->rank->n);
	return x;
}

/*
 * The rank that 32 bits select: a number of a block of up to 1024 takes ten of
 * them, so the probabilities are exact to 2^-22.
 */
static inline uint32
spindle_popularity_rank(const SpindlePopularity *popularity, uint32 bits)
{
	uint64		product = (uint64) bits * popularity->rank->n;

	return spindle_alias_entry(popularity->rank, (uint32) (product >> 32), (uint32) product);
}

/*
 * spindle_popularity_pick
 *		Choose a row, 0 <= row < eligible, by popularity.
 *
 * counter is the number of the choosing row; 1 <= eligible <= nrows.  Half of a
 * draw is for the block, half for the rank; 32 bits reach every block of up to
 * 4 * 10^12 rows.
 */
static inline int64
spindle_popularity_pick(const SpindlePopularity *popularity, uint64 counter,
						int64 eligible)
{
	uint64		draw = spindle_draw(popularity->key, counter);

	Assert(eligible >= 1);
	if (popularity->kind == SPINDLE_SKEW_NONE)
		return (int64) spindle_below(draw, eligible);
	if (popularity->place && eligible == popularity->rank->n)
		return popularity->place[spindle_popularity_rank(popularity, (uint32) draw)];
	for (int i = 0; i < SPINDLE_POPULARITY_TRIES; i++)
	{
		int64		block = (int64) (((unsigned __int128) (draw >> 32) * (uint64) eligible) >> 32) >> popularity->bits;
		uint32		rank = spindle_popularity_rank(popularity, (uint32) draw);
		int64		row = (block << popularity->bits) |
		(popularity->place ? popularity->place[(block << popularity->bits) + rank] :
		 spindle_popularity_scatter(popularity, block, rank));

		if (row < eligible)
			return row;
		draw = spindle_mix(draw + SPINDLE_PHI);
	}
	return (int64) spindle_below(draw, eligible);
}

#endif							/* SPINDLE_POPULARITY_H */
