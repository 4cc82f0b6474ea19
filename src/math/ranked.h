/*-------------------------------------------------------------------------
 *
 * ranked.h
 *		Choice by weight that rises with the draw.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RANKED_H
#define SPINDLE_RANKED_H

#include "math/rng.h"

/* Leading bits of a draw that the search of its piece begins with. */
#define SPINDLE_RANKED_GUIDE_BITS	10

/* A piece of a distribution, as it is given: numbers spread evenly. */
typedef struct SpindleRankedPiece
{
	double		weight;			/* 0 or more */
	double		low;			/* the numbers; both are the same for one that is
								 * frequent */
	double		high;
} SpindleRankedPiece;

/*
 * A distribution of numbers in pieces, the lowest first.  Unlike an alias table, it
 * gives a number that never falls as the draw rises.
 */
typedef struct SpindleRanked
{
	int			n;				/* pieces, at least 1 */
	uint64	   *begin;			/* of each: the first draw that selects it */
	double	   *low;			/* of each: its first number, */
	double	   *per_draw;		/* and what is added per 2^11 draws */
	double	   *high;			/* its last number, which none is above */
	int			guide[(1 << SPINDLE_RANKED_GUIDE_BITS) + 1];	/* piece of the first
																 * draw that begins
																 * with these bits */
} SpindleRanked;

extern SpindleRanked *spindle_ranked_create(const SpindleRankedPiece *piece, int n);
extern double spindle_ranked_number(const SpindleRanked *ranked, uint64 draw, bool *is_single);

#endif							/* SPINDLE_RANKED_H */
