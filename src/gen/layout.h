/*-------------------------------------------------------------------------
 *
 * layout.h
 *		Which rows of a child table belong to which row of its parent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LAYOUT_H
#define SPINDLE_LAYOUT_H

#include "math/alias.h"
#include "math/rng.h"
#include "model/model.h"

/* Parents per block; with at most one child each the block is larger. */
#define SPINDLE_LAYOUT_BLOCK		16
#define SPINDLE_LAYOUT_SUBSET_BLOCK 128

typedef struct SpindleLayout
{
	SpindleLayoutKind kind;
	int64		nparents;
	int64		nchildren;
	int64		numerator;		/* children per parent, as a fraction */
	int64		denominator;
	int			block;			/* parents per block */
	int			min;			/* children of one parent, at least */
	int			max;			/* at most */
	const SpindleAlias *counts; /* for COUNTS: entry i is min + i children */
	SpindleKey	key;
	SpindleKey	adjust_key;
} SpindleLayout;

/* One decoded block: what a reader of a layout keeps between calls. */
typedef struct SpindleLayoutCursor
{
	const SpindleLayout *layout;
	int64		block;			/* number of the decoded block, -1 if none */
	int64		first_parent;
	int64		first_child;
	int			nparents;
	int			nchildren;
	int32		start[SPINDLE_LAYOUT_SUBSET_BLOCK + 1]; /* first child of each
														 * parent, relative to
														 * first_child */
} SpindleLayoutCursor;

extern SpindleLayout *spindle_layout_create(SpindleLayoutKind kind, SpindleKey key,
											int64 nparents, int64 numerator,
											int64 denominator, int min, int max,
											const SpindleAlias *counts);
extern void spindle_layout_cursor_init(SpindleLayoutCursor *cursor,
									   const SpindleLayout *layout);
extern void spindle_layout_load(SpindleLayoutCursor *cursor, int64 block);
extern int64 spindle_layout_parent(SpindleLayoutCursor *cursor, int64 child);

/* The children of a parent: sets *first, returns their number. */
static inline int
spindle_layout_children(SpindleLayoutCursor *cursor, int64 parent, int64 *first)
{
	int			i;

	if (cursor->block < 0 || parent < cursor->first_parent ||
		parent >= cursor->first_parent + cursor->nparents)
		spindle_layout_load(cursor, parent / cursor->layout->block);
	i = (int) (parent - cursor->first_parent);
	*first = cursor->first_child + cursor->start[i];
	return cursor->start[i + 1] - cursor->start[i];
}

#endif							/* SPINDLE_LAYOUT_H */
