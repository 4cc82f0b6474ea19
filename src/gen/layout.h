/*-------------------------------------------------------------------------
 *
 * layout.h
 *		Which rows of a child table belong to which row of its parent.
 *
 * Children are numbered in the order of their parents, so a parent's children
 * are consecutive rows.  The layout is a function of its parameters and key; a
 * cursor is a cache of one block, of use to one reader.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LAYOUT_H
#define SPINDLE_LAYOUT_H

#include "math/alias.h"
#include "math/rng.h"
#include "model/model.h"

/*
 * Parents per block, by kind of layout, as SPINDLE_LAYOUT_SPREAD_BLOCK; the first
 * one is part of its method, too.
 */
#define SPINDLE_LAYOUT_COUNTS_BLOCK 64
#define SPINDLE_LAYOUT_SUBSET_BLOCK 128

/*
 * How the rows of one child table are shared out.  Set by
 * spindle_layout_create() and never changed, so cursors may share it.  Row
 * numbers are from 0.
 */
typedef struct SpindleLayout
{
	SpindleLayoutKind kind;
	int64		nparents;
	int64		nchildren;		/* nparents times the ratio, cut to a whole
								 * number */
	int64		numerator;		/* children per parent, as a reduced fraction */
	int64		denominator;
	int			block;			/* parents per block, at most
								 * SPINDLE_LAYOUT_SUBSET_BLOCK */
	int			min;			/* children of one parent, at least */
	int			max;			/* at most */
	bool		is_small;		/* row numbers times numerator fit 64 bits */
	int64		per_block;		/* children of a full block where all have the
								 * same number, else -1 */
	int			direct;			/* hits in a full block, if a parent's
								 * children can be found without the others',
								 * else 0 */
	uint64		direct_even;	/* a one per byte that is an even hit */
	uint64		direct_odd;
	int32	   *count_of_bits;	/* for COUNTS: children, by bits of a draw */
	SpindleKey	key;			/* of the draws of blocks, or of parents for
								 * SUBSET */
	SpindleKey	adjust_key;		/* of the draws that correct the sum, for
								 * COUNTS */
} SpindleLayout;

/* One decoded block: what a reader of a layout keeps between calls. */
typedef struct SpindleLayoutCursor
{
	const SpindleLayout *layout;
	int64		block;			/* number of the decoded block, -1 if none */
	int64		first_parent;	/* row number of its first parent */
	int64		first_child;	/* row number of its first child */
	int			nparents;		/* in the block; the last block may have fewer
								 * than the others */
	int			nchildren;		/* of all parents of the block together */
	int			hint;			/* parent of the child last asked for, by its
								 * place in the block */
	int32		start[SPINDLE_LAYOUT_SUBSET_BLOCK + 1]; /* first child of each
														 * parent, relative to
														 * first_child */
} SpindleLayoutCursor;

extern SpindleLayout *spindle_layout_create(const SpindleTable *table, SpindleKey key, int64 nparents);
extern void spindle_layout_cursor_init(SpindleLayoutCursor *cursor,
									   const SpindleLayout *layout);
extern void spindle_layout_load(SpindleLayoutCursor *cursor, int64 block);
extern int64 spindle_layout_parent(SpindleLayoutCursor *cursor, int64 child);
extern void spindle_layout_pick(SpindleLayoutCursor *cursor, SpindleKey key, const int64 *row,
								const int64 *parent, const bool *no_parent, int n,
								int64 *child, bool *no_child);

/*
 * spindle_layout_one
 *		The children of parent i (0 to 15) of a full block of a layout that is
 *		direct, from the draw of the block.
 *
 * The block's children beyond the minimum are layout->direct hits, at most 16,
 * of four bits of the draw each: the number of the parent that is hit.  Those
 * on the parents before i and on i itself are counted, eight at a time, with a
 * byte for each hit.  Returns the number of children of i and sets *first to
 * the row number of the first one, or of where it would be.
 */
static inline int
spindle_layout_one(const SpindleLayout *layout, int64 block, uint64 draw, int i, int64 *first)
{
	const uint64 ones = UINT64CONST(0x0101010101010101);
	const uint64 highs = UINT64CONST(0x8080808080808080);
	uint64		even = draw & (ones * 15);	/* a hit per byte */
	uint64		odd = (draw >> 4) & (ones * 15);
	uint64		self = ones * (uint64) i;
	uint64		less;
	uint64		other;

	/* a byte's high bit is set if the hit is < i, or != i */
	less = ((((self | highs) - even - ones) & highs) >> 7 & layout->direct_even) +
		((((self | highs) - odd - ones) & highs) >> 7 & layout->direct_odd);
	other = ((((even ^ self) + (highs - ones)) & highs) >> 7 & layout->direct_even) +
		((((odd ^ self) + (highs - ones)) & highs) >> 7 & layout->direct_odd);

	/* the product's last byte is the sum of all bytes */
	*first = block * layout->per_block + layout->min * i + (int) ((less * ones) >> 56);
	return layout->min + layout->direct - (int) ((other * ones) >> 56);
}

/* Decode the block of a parent, 0 <= parent < nparents, unless it is the cursor's. */
static inline void
spindle_layout_load_parent(SpindleLayoutCursor *cursor, int64 parent)
{
	if (cursor->block < 0 || parent < cursor->first_parent ||
		parent >= cursor->first_parent + cursor->nparents)
		spindle_layout_load(cursor, parent / cursor->layout->block);
}

/*
 * spindle_layout_children
 *		The children of a parent, 0 <= parent < nparents: sets *first to the
 *		row number of the first one, or of where it would be, and returns how
 *		many there are.
 *
 * Decodes the parent's block, unless the layout is direct and the parent is
 * far from the last one: a scan comes back for the rest of the block, a lookup
 * does not.
 */
static inline int
spindle_layout_children(SpindleLayoutCursor *cursor, int64 parent, int64 *first)
{
	int			i;

	if (cursor->block < 0 || parent < cursor->first_parent ||
		parent >= cursor->first_parent + cursor->nparents)
	{
		const SpindleLayout *layout = cursor->layout;

		if (layout->direct > 0)
		{
			/* a constant size of blocks spares the division */
			int64		block = (int64) ((uint64) parent / SPINDLE_LAYOUT_SPREAD_BLOCK);

			if (block != cursor->block + 1 &&
				(block + 1) * SPINDLE_LAYOUT_SPREAD_BLOCK <= layout->nparents)
				return spindle_layout_one(layout, block, spindle_draw(layout->key, (uint64) block << 16),
										  (int) (parent % SPINDLE_LAYOUT_SPREAD_BLOCK), first);
		}
		spindle_layout_load(cursor, parent / layout->block);
	}
	i = (int) (parent - cursor->first_parent);
	*first = cursor->first_child + cursor->start[i];
	return cursor->start[i + 1] - cursor->start[i];
}

#endif							/* SPINDLE_LAYOUT_H */
