/*-------------------------------------------------------------------------
 *
 * popularity.h
 *		Skewed choice of a row of a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_POPULARITY_H
#define SPINDLE_POPULARITY_H

#include "math/alias.h"
#include "math/rng.h"
#include "model/model.h"

#define SPINDLE_POPULARITY_MAX_BITS 10

typedef struct SpindlePopularity
{
	SpindleSkewKind kind;
	int64		nrows;			/* of the table chosen from */
	int			bits;			/* a block has 2^bits rows */
	const SpindleAlias *rank;	/* draw -> rank in a block */
	SpindleKey	block_key;		/* which block */
	SpindleKey	rank_key;		/* which rank in it */
	SpindleKey	scatter_key;	/* where a block's ranks lie */
} SpindlePopularity;

extern SpindlePopularity *spindle_popularity_create(SpindleSkewKind kind, double top,
													double share, SpindleKey key,
													int64 nrows);
extern int64 spindle_popularity_pick(const SpindlePopularity *popularity, uint64 counter,
									 int64 eligible);

#endif							/* SPINDLE_POPULARITY_H */
