/*-------------------------------------------------------------------------
 *
 * draws.c
 *		Many draws of one key at once.
 *
 * A draw is three multiplications of 64 bits and some shifts, each waiting for
 * the one before; a processor with vectors of such numbers makes several draws
 * side by side, in a fifth of the time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "math/draws.h"

/* Set draw[i] to spindle_draw(key, counter[i]), 0 <= i < n. */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_draws(SpindleKey key, const int64 *pg_restrict counter, int n, uint64 *pg_restrict draw)
{
	for (int i = 0; i < n; i++)
		draw[i] = spindle_draw(key, counter[i]);
}

/* The same with counter[i] = first + i. */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_draws_from(SpindleKey key, int64 first, int n, uint64 *pg_restrict draw)
{
	for (int i = 0; i < n; i++)
		draw[i] = spindle_draw(key, first + i);
}
