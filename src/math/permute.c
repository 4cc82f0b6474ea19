/*-------------------------------------------------------------------------
 *
 * permute.c
 *		Keyed permutations of 0 .. n-1 that can be inverted.
 *
 * A Feistel network of four rounds (Luby and Rackoff 1988, "How to construct
 * pseudorandom permutations from pseudorandom functions") permutes the numbers of
 * as many bits as n needs; its halves differ by one bit where these are odd.  A
 * result that is not below n is permuted again until one is: the walk stays on
 * the cycle of a number below n, so it ends there at the latest, and it can be
 * walked backward (Black and Rogaway 2002, "Ciphers with arbitrary finite
 * domains").  n is more than half of the numbers, so that takes less than two
 * passes on average.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "math/draws.h"
#include "math/permute.h"

/* The round function: bits of a mix of one half and the round's key. */
static inline uint32
round_bits(uint64 round_key, uint32 half)
{
	return (uint32) (spindle_mix(round_key ^ half) >> 32);
}

/*
 * spindle_permutation_init
 *		Set up the permutation of 0 .. n-1, 1 <= n <= SPINDLE_MAX_PERMUTED, that
 *		belongs to a key.
 */
void
spindle_permutation_init(SpindlePermutation *permutation, SpindleKey key, int64 n)
{
	int			bits = 0;

	Assert(n >= 1 && n <= SPINDLE_MAX_PERMUTED);
	while ((INT64CONST(1) << bits) < n)
		bits++;
	permutation->n = n;
	permutation->low_bits = bits / 2;
	permutation->low_mask = (uint32) ((UINT64CONST(1) << permutation->low_bits) - 1);
	permutation->high_mask = (uint32) ((UINT64CONST(1) << (bits - permutation->low_bits)) - 1);
	for (int r = 0; r < SPINDLE_PERMUTE_ROUNDS; r++)
		permutation->round_key[r] = spindle_draw(key, r);
}

/*
 * spindle_permute
 *		The number at a place, 0 <= k < n.
 */
int64
spindle_permute(const SpindlePermutation *permutation, int64 k)
{
	const uint64 *const round_key = permutation->round_key;
	uint64		x = (uint64) k;

	Assert(k >= 0 && k < permutation->n);
	do
	{
		uint32		high = (uint32) (x >> permutation->low_bits);
		uint32		low = (uint32) x & permutation->low_mask;

		for (int r = 0; r < SPINDLE_PERMUTE_ROUNDS; r += 2)
		{
			high ^= round_bits(round_key[r], low) & permutation->high_mask;
			low ^= round_bits(round_key[r + 1], high) & permutation->low_mask;
		}
		x = ((uint64) high << permutation->low_bits) | low;
	} while (x >= (uint64) permutation->n);
	return (int64) x;
}

/*
 * spindle_permute_back
 *		The place of a number, 0 <= k < n.
 */
int64
spindle_permute_back(const SpindlePermutation *permutation, int64 k)
{
	const uint64 *const round_key = permutation->round_key;
	uint64		x = (uint64) k;

	Assert(k >= 0 && k < permutation->n);
	do
	{
		uint32		high = (uint32) (x >> permutation->low_bits);
		uint32		low = (uint32) x & permutation->low_mask;

		for (int r = SPINDLE_PERMUTE_ROUNDS - 2; r >= 0; r -= 2)
		{
			low ^= round_bits(round_key[r + 1], high) & permutation->low_mask;
			high ^= round_bits(round_key[r], low) & permutation->high_mask;
		}
		x = ((uint64) high << permutation->low_bits) | low;
	} while (x >= (uint64) permutation->n);
	return (int64) x;
}

/* One pass of the network over a number, the round keys changed by a tweak. */
static inline uint64
pass(const SpindlePermutation *p, uint64 tweak, uint64 x)
{
	uint64		high = x >> p->low_bits;
	uint64		low = x & p->low_mask;

	for (int r = 0; r < SPINDLE_PERMUTE_ROUNDS; r += 2)
	{
		high ^= (spindle_mix(p->round_key[r] ^ tweak ^ low) >> 32) & p->high_mask;
		low ^= (spindle_mix(p->round_key[r + 1] ^ tweak ^ high) >> 32) & p->low_mask;
	}
	return (high << p->low_bits) | low;
}

/* One pass over n numbers, each with its tweak. */
SPINDLE_FOR_EACH_PROCESSOR static void
pass_tweaked(const SpindlePermutation *permutation, const uint64 *pg_restrict tweak, const int64 *pg_restrict in,
			 int64 *pg_restrict out, int n)
{
	const SpindlePermutation p = *permutation;	/* in registers */

	for (int i = 0; i < n; i++)
		out[i] = (int64) pass(&p, tweak[i], (uint64) in[i]);
}

/* The same without tweaks. */
SPINDLE_FOR_EACH_PROCESSOR static void
pass_plain(const SpindlePermutation *permutation, const int64 *pg_restrict in, int64 *pg_restrict out, int n)
{
	const SpindlePermutation p = *permutation;	/* in registers */

	for (int i = 0; i < n; i++)
		out[i] = (int64) pass(&p, 0, (uint64) in[i]);
}

/*
 * spindle_permute_many() for up to SPINDLE_DRAWS places.
 *
 * Numbers that are not below n pass again, those alone, and side by side; which
 * they are is listed without jumps.
 */
static void
permute_portion(const SpindlePermutation *permutation, const uint64 *tweak, const int64 *k, int n, int64 *number)
{
	const int64 limit = permutation->n;
	uint16		at[SPINDLE_DRAWS];	/* of those that pass again */
	uint64		t[SPINDLE_DRAWS];
	int64		x[SPINDLE_DRAWS];
	int64		y[SPINDLE_DRAWS];
	int			left = 0;

	memcpy(x, k, sizeof(int64) * n);
	if (tweak)
		pass_tweaked(permutation, tweak, x, number, n);
	else
		pass_plain(permutation, x, number, n);

	/* there is a number for each place */
	if (limit - 1 == (((int64) permutation->high_mask << permutation->low_bits) | permutation->low_mask))
		return;
	for (int i = 0; i < n; i++)
	{
		at[left] = (uint16) i;
		left += number[i] >= limit;
	}
	while (left > 0)
	{
		int			again = 0;

		for (int i = 0; i < left; i++)
			x[i] = number[at[i]];
		if (tweak)
		{
			for (int i = 0; i < left; i++)
				t[i] = tweak[at[i]];
			pass_tweaked(permutation, t, x, y, left);
		}
		else
			pass_plain(permutation, x, y, left);
		for (int i = 0; i < left; i++)
		{
			number[at[i]] = y[i];
			at[again] = at[i];
			again += y[i] >= limit;
		}
		left = again;
	}
}

/*
 * spindle_permute_many
 *		The numbers at n places, all >= 0 and below that of the permutation.
 *
 * Each place can have a tweak: places with the same tweak are permuted alike,
 * those with others as by another key.  tweak may be NULL, all 0, which is
 * spindle_permute().  number may be k.
 */
void
spindle_permute_many(const SpindlePermutation *permutation, const uint64 *tweak, const int64 *k, int n,
					 int64 *number)
{
	for (int done = 0; done < n; done += SPINDLE_DRAWS)
		permute_portion(permutation, tweak ? tweak + done : NULL, k + done, Min(SPINDLE_DRAWS, n - done),
						number + done);
}
