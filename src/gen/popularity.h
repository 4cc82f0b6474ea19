/*-------------------------------------------------------------------------
 *
 * popularity.h
 *		Skewed choice of a row of a table.
 *
 * For references with "skew", and for those without, whose rows are all alike.
 * How popular a row is follows from the row counts and the key, not from the
 * rows; see popularity.c for the method.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_POPULARITY_H
#define SPINDLE_POPULARITY_H

#include "math/alias.h"
#include "gen/sample.h"
#include "math/rng.h"
#include "model/model.h"

/*
 * A prepared choice.  Without skew only kind, nrows and the keys are set.  It
 * never changes, so all readers of an instance share it.
 */
typedef struct SpindlePopularity
{
	SpindleSkewKind kind;
	int64		nrows;			/* of the table chosen from, at least 1 */
	int			bits;			/* a block has up to 2^bits rows, 0 to 10 */
	uint32		mask;			/* 2^bits - 1 */
	double	   *weight;			/* of each rank in a block */
	const SpindleAlias *rank;	/* draw -> rank in a block */
	uint16	   *place;			/* (rank + block's key) & mask -> place in the
								 * block; of a single block, by rank alone */
	double		mass;			/* popularity of all rows, that of a full block
								 * being 1 */
	const SpindleAlias *last;	/* draw -> place in a last block that is not
								 * full, behind full ones; else NULL */
	double	   *below;			/* popularity of the rows before each place of
								 * the first block, and at last of all */
	uint32	   *block_key;		/* keys of all blocks, NULL if these are too
								 * many to be listed */
	SpindleKey	key;			/* of the choices */
	SpindleKey	scatter_key;	/* of the blocks' keys */
} SpindlePopularity;

extern SpindlePopularity *spindle_popularity_create(const SpindleSkew *skew, SpindleKey key, int64 nrows);
extern double *spindle_popularity_weights(const SpindleSkew *skew, int n);
extern SpindleSample *spindle_popularity_sample(const SpindlePopularity *popularity);
extern void spindle_popularity_sampled_rows(const SpindlePopularity *popularity, const SpindleSampleChoices *choices,
											int n, int64 *row);
extern void spindle_popularity_pick(const SpindlePopularity *popularity, const int64 *row, int n,
									const int64 *eligible, int64 *choice);
extern double spindle_popularity_distinct(const SpindlePopularity *popularity, double choices, bool is_growing);
extern double spindle_popularity_until(const SpindlePopularity *popularity, int64 n);
extern int	spindle_popularity_prominent(const SpindlePopularity *popularity, int64 **row, double **weight);

#endif							/* SPINDLE_POPULARITY_H */
