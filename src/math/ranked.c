/*-------------------------------------------------------------------------
 *
 * ranked.c
 *		Choice by weight that rises with the draw.
 *
 * For draws that depend on each other: a high one has to give a high number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "math/ranked.h"

/* Draws are multiplied as whole numbers of 53 bits, which a double holds. */
#define DRAW_SHIFT	11

/*
 * spindle_ranked_create
 *		Prepare a choice among n >= 1 pieces, the lowest first, of which not all
 *		have the weight 0.
 *
 * Allocates in the current memory context.  The pieces are not kept.
 */
SpindleRanked *
spindle_ranked_create(const SpindleRankedPiece *piece, int n)
{
	SpindleRanked *ranked = palloc(sizeof(SpindleRanked));
	double		total = 0;
	double		sum = 0;

	ranked->n = 0;
	ranked->begin = palloc(sizeof(uint64) * n);
	ranked->low = palloc(sizeof(double) * n);
	ranked->per_draw = palloc(sizeof(double) * n);
	ranked->high = palloc(sizeof(double) * n);
	for (int i = 0; i < n; i++)
		total += piece[i].weight;
	for (int i = 0; i < n; i++)
	{
		const int	k = ranked->n;
		double		draws;

		if (piece[i].weight <= 0)
			continue;
		/* 2^64 itself does not fit */
		ranked->begin[k] = (uint64) (Min(sum / total, 0.9999999999999998) * 18446744073709551616.0);
		sum += piece[i].weight;
		draws = Max(piece[i].weight / total * 9007199254740992.0, 1.0);
		ranked->low[k] = piece[i].low;
		ranked->high[k] = piece[i].high;
		ranked->per_draw[k] = (piece[i].high - piece[i].low) / draws;
		ranked->n++;
	}
	for (int g = 0, k = 0; g <= 1 << SPINDLE_RANKED_GUIDE_BITS; g++)
	{
		while (k < ranked->n - 1 && g < 1 << SPINDLE_RANKED_GUIDE_BITS &&
			   ranked->begin[k + 1] <= (uint64) g << (64 - SPINDLE_RANKED_GUIDE_BITS))
			k++;
		ranked->guide[g] = g < 1 << SPINDLE_RANKED_GUIDE_BITS ? k : ranked->n - 1;
	}
	return ranked;
}

/* The piece that a draw selects. */
static inline int
pick(const SpindleRanked *ranked, uint64 draw)
{
	const int	g = (int) (draw >> (64 - SPINDLE_RANKED_GUIDE_BITS));
	int			low = ranked->guide[g];
	int			high = ranked->guide[g + 1];

	/* the last one that begins at or before the draw */
	while (low < high)
	{
		int			middle = low + (high - low + 1) / 2;

		if (ranked->begin[middle] <= draw)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/*
 * spindle_ranked_number
 *		The number that a draw selects; never falls as the draw rises.  *is_single
 *		tells whether the piece has no other one.
 */
double
spindle_ranked_number(const SpindleRanked *ranked, uint64 draw, bool *is_single)
{
	const int	k = pick(ranked, draw);

	*is_single = ranked->per_draw[k] == 0;
	return Min(ranked->low[k] + (double) (int64) ((draw - ranked->begin[k]) >> DRAW_SHIFT) * ranked->per_draw[k],
			   ranked->high[k]);
}
