/*-------------------------------------------------------------------------
 *
 * rng.h
 *		Random numbers that are a function of a position.
 *
 * There is no generator state.  A draw is a keyed mix of a 64-bit counter,
 * nearly always a row number, so any draw can be made at any time, in any
 * process, in any order.  The key stands for everything else that the value
 * depends on: seed, domain, table, column and the purpose of the draw.
 *
 * The mix is the SplitMix64 sequence (Steele, Lea and Flood 2014, "Fast
 * splittable pseudorandom number generators") with Stafford's variant 13 of
 * the finaliser.  Two such sequences that differ only in their start are one
 * orbit, shifted; a second key, added between the two multiplications, makes
 * the columns independent of each other.
 *
 * Everything here is integer arithmetic, or IEEE arithmetic without rounding,
 * and therefore gives the same bits on every machine.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RNG_H
#define SPINDLE_RNG_H

#include "postgres.h"

/* The golden ratio in 64 bits: the Weyl step of SplitMix64. */
#define SPINDLE_PHI		UINT64CONST(0x9E3779B97F4A7C15)

typedef struct SpindleKey
{
	uint64		start;			/* where the Weyl sequence begins */
	uint64		twist;			/* added between the multiplications */
} SpindleKey;

/* Stafford's variant 13: a bijection of 64-bit words. */
static inline uint64
spindle_mix(uint64 z)
{
	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/*
 * The draw that belongs to a counter: 64 uniform bits.  Within one key it
 * never repeats, which is harmless as no value shows all 64 bits.
 */
static inline uint64
spindle_draw(SpindleKey key, uint64 counter)
{
	uint64		z = key.start + counter * SPINDLE_PHI;

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z ^= key.twist;
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/*
 * A key made from another one and a label, for a further independent draw
 * with the same counter.
 */
static inline SpindleKey
spindle_key_derive(SpindleKey key, uint64 label)
{
	SpindleKey	result;

	result.start = spindle_mix(key.start ^ spindle_mix(label + SPINDLE_PHI));
	result.twist = spindle_mix(key.twist + result.start + SPINDLE_PHI);
	return result;
}

/* The key of a seed alone; every other key derives from it. */
static inline SpindleKey
spindle_key_seed(uint64 seed)
{
	SpindleKey	root = {spindle_mix(seed), spindle_mix(~seed)};

	return spindle_key_derive(root, 0);
}

/*
 * A label for a name.  FNV-1a over the bytes, finished by the mix; it decides
 * bytes that users keep, so it is ours and not the server's hash function,
 * which may change between releases.
 */
static inline uint64
spindle_label(const char *name)
{
	uint64		h = UINT64CONST(0xCBF29CE484222325);

	for (; *name; name++)
		h = (h ^ (unsigned char) *name) * UINT64CONST(0x100000001B3);
	return spindle_mix(h);
}

/* Draw scaled to 0 .. n-1 (n >= 1), by the high half of the product. */
static inline uint64
spindle_below(uint64 draw, uint64 n)
{
	return (uint64) (((unsigned __int128) draw * n) >> 64);
}

/* Draw as a fraction strictly between 0 and 1, in steps of 2^-52. */
static inline double
spindle_fraction(uint64 draw)
{
	return ((double) (draw >> 12) + 0.5) * (1.0 / 4503599627370496.0);
}

/* The number that a fraction (0..1) of all draws is below. */
static inline uint64
spindle_threshold(double fraction)
{
	return fraction >= 1.0 ? PG_UINT64_MAX : (uint64) (fraction * 18446744073709551616.0);
}

#endif							/* SPINDLE_RNG_H */
