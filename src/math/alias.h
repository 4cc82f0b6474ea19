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

/* The entry, 0 .. n-1, that a draw selects. */
static inline uint32
spindle_alias_pick(const SpindleAlias *alias, uint64 draw)
{
	uint32		i = (uint32) (((draw >> 32) * alias->n) >> 32);

	/* written to compile without a branch, which would be mispredicted */
	return (uint32) draw < alias->slot[i].threshold ? i : alias->slot[i].other;
}

#endif							/* SPINDLE_ALIAS_H */
