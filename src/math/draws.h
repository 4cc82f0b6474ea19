/*-------------------------------------------------------------------------
 *
 * draws.h
 *		Many draws of one key at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DRAWS_H
#define SPINDLE_DRAWS_H

#include "math/rng.h"

/*
 * Compile a function for several kinds of processor; the dynamic linker takes
 * the one that fits.  For loops over arrays without branches, which the compiler
 * turns into vector instructions.  They give the same bits on any of them, with
 * floating point too, as the Makefile forbids to fuse operations.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__)
#define SPINDLE_FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SPINDLE_FOR_EACH_PROCESSOR
#endif

/* So many draws are a good portion: they stay in the processor's nearest cache. */
#define SPINDLE_DRAWS	256

extern void spindle_draws(SpindleKey key, const int64 *counter, int n, uint64 *draw);
extern void spindle_draws_from(SpindleKey key, int64 first, int n, uint64 *draw);

/*
 * spindle_draw(key, counter[i]), for callers that go through all i from 0 to n - 1;
 * portion, of SPINDLE_DRAWS entries, keeps what is computed ahead.
 */
static inline uint64
spindle_next_draw(SpindleKey key, const int64 *counter, int n, int i, uint64 *portion)
{
	if (i % SPINDLE_DRAWS == 0)
		spindle_draws(key, counter + i, Min(SPINDLE_DRAWS, n - i), portion);
	return portion[i % SPINDLE_DRAWS];
}

#endif							/* SPINDLE_DRAWS_H */
