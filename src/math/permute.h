/*-------------------------------------------------------------------------
 *
 * permute.h
 *		Keyed permutations of 0 .. n-1 that can be inverted.
 *
 * What makes values differ without a memory of those that were given: position
 * k gets the number spindle_permute(k), and from a number its position is found
 * again.  Both are functions of key and n alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PERMUTE_H
#define SPINDLE_PERMUTE_H

#include "math/rng.h"

/* Numbers that can be permuted, at most. */
#define SPINDLE_MAX_PERMUTED	(INT64CONST(1) << 62)

#define SPINDLE_PERMUTE_ROUNDS	4

/* A permutation; a plain value that may be copied. */
typedef struct SpindlePermutation
{
	int64		n;				/* 1 to SPINDLE_MAX_PERMUTED */
	int			low_bits;		/* bits of the lower half of a number, 0 to 31 */
	uint32		low_mask;		/* 2^low_bits - 1 */
	uint32		high_mask;		/* of the upper half, which has as many bits or
								 * one more */
	uint64		round_key[SPINDLE_PERMUTE_ROUNDS];
} SpindlePermutation;

extern void spindle_permutation_init(SpindlePermutation *permutation, SpindleKey key, int64 n);
extern int64 spindle_permute(const SpindlePermutation *permutation, int64 k);
extern int64 spindle_permute_back(const SpindlePermutation *permutation, int64 k);
extern void spindle_permute_many(const SpindlePermutation *permutation, const uint64 *tweak, const int64 *k,
								 int n, int64 *number);

#endif							/* SPINDLE_PERMUTE_H */
