/*-------------------------------------------------------------------------
 *
 * alias.h
 *		Choice among weighted entries in constant time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ALIAS_H
#define SPINDLE_ALIAS_H

#include "math/rng.h"

typedef struct SpindleAlias
{
	uint32		n;				/* entries, at least 1 */
	struct
	{
		uint32		threshold;	/* low half of a draw below it: stay */
		uint32		other;		/* else take this entry */
	}			slot[FLEXIBLE_ARRAY_MEMBER];
} SpindleAlias;

extern SpindleAlias *spindle_alias_create(const double *weight, int n);
extern void spindle_alias_weights(const SpindleAlias *alias, double *weight);

/*
 * The entry that slot i gives for 32 further bits.  A branch here would be
 * mispredicted as often as not, so we select by a mask.
 */
static inline uint32
spindle_alias_entry(const SpindleAlias *alias, uint32 i, uint32 bits)
{
	uint32		stay = -(uint32) (bits < alias->slot[i].threshold);

	return (i & stay) | (alias->slot[i].other & ~stay);
}

/* The entry, 0 .. n-1, that a draw selects. */
static inline uint32
spindle_alias_pick(const SpindleAlias *alias, uint64 draw)
{
	return spindle_alias_entry(alias, (uint32) (((draw >> 32) * alias->n) >> 32), (uint32) draw);
}

#endif							/* SPINDLE_ALIAS_H */
