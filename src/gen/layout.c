/*-------------------------------------------------------------------------
 *
 * layout.c
 *		Which rows of a child table belong to which row of its parent.
 *
 * Children are numbered in the order of their parents.  Parents come in blocks
 * of a fixed size, and the number of children up to the end of block j is the
 * declared ratio times the parents so far, cut to a whole number.  So a child's
 * block and a parent's block both follow by one division, and only the split
 * inside a block is random.  A reader decodes one block at a time.
 *
 * The fixed total makes the counts inside one block very slightly dependent;
 * the count of a single parent keeps its distribution.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/layout.h"

/* Children of all parents below the given one, for block bounds. */
static int64
children_below(const SpindleLayout *layout, int64 parent)
{
	return (int64) (((__int128) Min(parent, layout->nparents) * layout->numerator) /
					layout->denominator);
}

/*
 * spindle_layout_create
 *		Lay out children over nparents rows, in the current memory context.
 *
 * The ratio numerator / denominator lies between min and max, and counts, for
 * SPINDLE_LAYOUT_COUNTS, has max - min + 1 entries and is not copied.
 */
SpindleLayout *
spindle_layout_create(SpindleLayoutKind kind, SpindleKey key, int64 nparents,
					  int64 numerator, int64 denominator, int min, int max,
					  const SpindleAlias *counts)
{
	SpindleLayout *layout = palloc0(sizeof(SpindleLayout));

	layout->kind = kind;
	layout->nparents = nparents;
	layout->numerator = numerator;
	layout->denominator = denominator;
	layout->block = (kind == SPINDLE_LAYOUT_SUBSET ? SPINDLE_LAYOUT_SUBSET_BLOCK :
					 SPINDLE_LAYOUT_BLOCK);
	layout->min = min;
	layout->max = max;
	layout->counts = counts;
	layout->key = key;
	layout->adjust_key = spindle_key_derive(key, 1);
	layout->nchildren = children_below(layout, nparents);
	return layout;
}

void
spindle_layout_cursor_init(SpindleLayoutCursor *cursor, const SpindleLayout *layout)
{
	cursor->layout = layout;
	cursor->block = -1;
}

/*
 * spindle_layout_load
 *		Decode a block.
 */
void
spindle_layout_load(SpindleLayoutCursor *cursor, int64 block)
{
	const SpindleLayout *layout = cursor->layout;
	int32		count[SPINDLE_LAYOUT_SUBSET_BLOCK];
	int64		first_parent = block * layout->block;
	int			nparents = (int) Min(layout->block, layout->nparents - first_parent);
	int64		first_child = children_below(layout, first_parent);
	int			total = (int) (children_below(layout, first_parent + nparents) - first_child);
	int			sum = 0;

	switch (layout->kind)
	{
		case SPINDLE_LAYOUT_SUBSET:
			/* selection sampling: Knuth, TAOCP vol. 2, 3.4.2, algorithm S */
			for (int i = 0; i < nparents; i++)
			{
				uint64		draw = spindle_draw(layout->key, first_parent + i);

				count[i] = spindle_below(draw, nparents - i) < (uint64) (total - sum);
				sum += count[i];
			}
			break;
		case SPINDLE_LAYOUT_SPREAD:
			for (int i = 0; i < nparents; i++)
				count[i] = layout->min;
			sum = layout->min * nparents;
			break;
		case SPINDLE_LAYOUT_COUNTS:
			for (int i = 0; i < nparents; i++)
			{
				count[i] = layout->min +
					spindle_alias_pick(layout->counts,
									   spindle_draw(layout->key, first_parent + i));
				sum += count[i];
			}
			break;
	}

	/* hand out what is missing, or take back what is too much */
	for (uint64 step = 0; sum != total; step++)
	{
		uint64		draw = spindle_draw(layout->adjust_key, ((uint64) block << 16) + step);
		int			i = (int) spindle_below(draw, nparents);

		if (sum < total && count[i] < layout->max)
		{
			count[i]++;
			sum++;
		}
		else if (sum > total && count[i] > layout->min)
		{
			count[i]--;
			sum--;
		}
	}

	cursor->block = block;
	cursor->first_parent = first_parent;
	cursor->first_child = first_child;
	cursor->nparents = nparents;
	cursor->nchildren = total;
	cursor->start[0] = 0;
	for (int i = 0; i < nparents; i++)
		cursor->start[i + 1] = cursor->start[i] + count[i];
}

/*
 * spindle_layout_parent
 *		The parent of a child row, 0 <= child < nchildren.
 */
int64
spindle_layout_parent(SpindleLayoutCursor *cursor, int64 child)
{
	const SpindleLayout *layout = cursor->layout;
	int			low;
	int			high;

	if (cursor->block < 0 || child < cursor->first_child ||
		child >= cursor->first_child + cursor->nchildren)
	{
		int64		block;

		/* cutting to whole numbers makes the estimate at most one off */
		block = (int64) (((__int128) child * layout->denominator) /
						 ((__int128) layout->numerator * layout->block));
		while (children_below(layout, block * layout->block) > child)
			block--;
		while (children_below(layout, (block + 1) * layout->block) <= child)
			block++;
		spindle_layout_load(cursor, block);
	}

	child -= cursor->first_child;
	low = 0;
	high = cursor->nparents;
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (cursor->start[middle] <= child)
			low = middle;
		else
			high = middle;
	}
	return cursor->first_parent + low;
}
