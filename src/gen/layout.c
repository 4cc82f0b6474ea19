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

#include <math.h>

#include "gen/layout.h"
#include "math/draws.h"
#include "math/fpmath.h"

/* Children of a block that are thrown at its parents one by one, at most. */
#define MAX_THROWN		16000

/* With larger counts than this, a sum is corrected by more than one at a time. */
#define SMALL_COUNTS	1000

/*
 * Children of all parents below the given one, for block bounds.
 *
 * parent may be beyond the last one.  The product can have more than 64 bits;
 * a division of 128 bits takes several times as long, so it is for large
 * tables only.
 */
static inline int64
children_below(const SpindleLayout *layout, int64 parent)
{
	parent = Min(parent, layout->nparents);
	if (layout->per_block >= 0 && parent % layout->block == 0)
		return parent / layout->block * layout->per_block;
	if (layout->is_small)
		return (int64) ((uint64) (parent * layout->numerator) / (uint64) layout->denominator);
	return (int64) (((__int128) parent * layout->numerator) / layout->denominator);
}

/* The same for the first parent of a block, which may be behind the last one. */
static inline int64
children_below_block(const SpindleLayout *layout, int64 block)
{
	if (layout->per_block >= 0 && block * layout->block <= layout->nparents)
		return block * layout->per_block;
	return children_below(layout, block * layout->block);
}

/*
 * Fill the table that gives a number of children for the leading bits of a draw, by
 * the weights of the numbers there are.
 */
static void
list_counts(SpindleLayout *layout, const SpindleTable *table)
{
	const int	slots = 1 << SPINDLE_LAYOUT_COUNT_BITS;
	double		total = 0;
	double		sum = 0;
	int			slot = 0;

	layout->count_of_bits = palloc(sizeof(int32) * slots);
	for (int i = 0; i < table->layout_ncounts; i++)
		total += table->layout_weights[i];
	for (int i = 0; i < table->layout_ncounts; i++)
	{
		sum += table->layout_weights[i];
		while (slot < slots && (slot + 0.5) * total < sum * slots)
			layout->count_of_bits[slot++] = table->layout_count[i];
	}
	while (slot < slots)
		layout->count_of_bits[slot++] = layout->max;
}

/*
 * spindle_layout_create
 *		Lay out the rows of a table of kind "children" over nparents >= 0 rows, in
 *		the current memory context.
 *
 * The table's ratio lies between its least and its largest number of children.
 * Weights are heeded to one part in 4096.
 */
SpindleLayout *
spindle_layout_create(const SpindleTable *table, SpindleKey key, int64 nparents)
{
	SpindleLayout *layout = palloc0(sizeof(SpindleLayout));
	const SpindleLayoutKind kind = table->layout_kind;
	const int64 numerator = table->rows_numerator;
	const int64 denominator = table->rows_denominator;
	const int	min = table->layout_min;
	const int	max = table->layout_max;

	layout->kind = kind;
	layout->nparents = nparents;
	layout->numerator = numerator;
	layout->denominator = denominator;
	layout->is_small = nparents < PG_INT64_MAX / numerator;
	layout->min = min;
	layout->max = max;
	if (kind == SPINDLE_LAYOUT_SPREAD)
		layout->block = SPINDLE_LAYOUT_SPREAD_BLOCK;
	else if (kind == SPINDLE_LAYOUT_COUNTS)
		layout->block = SPINDLE_LAYOUT_COUNTS_BLOCK;
	else
	{
		/* as many as give all blocks the same number of children */
		layout->block = SPINDLE_LAYOUT_SUBSET_BLOCK;
		if (denominator <= SPINDLE_LAYOUT_SUBSET_BLOCK)
			layout->block -= (int) (SPINDLE_LAYOUT_SUBSET_BLOCK % denominator);
	}
	layout->per_block = (layout->block * numerator) % denominator == 0 ?
		layout->block * numerator / denominator : -1;
	if (kind == SPINDLE_LAYOUT_SPREAD && layout->per_block >= 0)
	{
		int64		thrown = layout->per_block - (int64) min * layout->block;

		/* as long as one draw does and no parent can have too many */
		if (thrown > 0 && thrown <= 16 && min + thrown <= max)
		{
			layout->direct = (int) thrown;
			for (int k = 0; k < thrown; k++)
			{
				if (k % 2 == 0)
					layout->direct_even |= UINT64CONST(1) << (k / 2 * 8);
				else
					layout->direct_odd |= UINT64CONST(1) << (k / 2 * 8);
			}
		}
	}
	layout->key = key;
	layout->adjust_key = spindle_key_derive(key, 1);
	layout->nchildren = children_below(layout, nparents);
	if (kind == SPINDLE_LAYOUT_COUNTS)
		list_counts(layout, table);
	return layout;
}

/*
 * spindle_layout_cursor_init
 *		Begin to read a layout, which must stay as long; nothing is decoded
 *		yet.
 *
 * A cursor holds nothing to release.
 */
void
spindle_layout_cursor_init(SpindleLayoutCursor *cursor, const SpindleLayout *layout)
{
	cursor->layout = layout;
	cursor->block = -1;
}

/*
 * Share out so many children that it would take too long to throw one by one: among
 * the n parents from first on, which all have min already.  node numbers the parts
 * that they are cut into, from 1.
 *
 * How many fall to a half is a normal variable, rounded, which for more than 16000
 * children is as good as binomial; it leaves no more to either half than its parents
 * can have.
 */
static void
share_out(const SpindleLayout *layout, int64 block, int node, int first, int n, int64 children, int32 *count)
{
	const int64 most = layout->max - layout->min;
	const int	half = n / 2;
	const double part = (double) half / n;
	double		z;
	int64		lower;

	if (n == 1)
	{
		count[first] += (int32) children;
		return;
	}
	z = spindle_normal_quantile(spindle_fraction(spindle_draw(layout->adjust_key, ((uint64) block << 16) + node)));
	lower = (int64) floor((double) children * part + sqrt((double) children * part * (1 - part)) * z + 0.5);
	lower = Max(Max(lower, 0), children - most * (n - half));
	lower = Min(lower, Min(children, most * half));
	share_out(layout, block, node * 2, first, half, lower, count);
	share_out(layout, block, node * 2 + 1, first + half, n - half, children - lower, count);
}

/*
 * Throw children at random parents, which all have min already, until none is
 * left; a parent that has max is passed over.  count has the children of each
 * parent and is added to.
 *
 * In a full block a parent is four bits of a draw.  The children fit, as the
 * ratio is not above max.
 */
static void
spread(const SpindleLayout *layout, int64 block, int nparents, int children, int32 *count)
{
	uint64		step = 0;
	uint64		draw = 0;

	if (children > MAX_THROWN)
	{
		share_out(layout, block, 1, 0, nparents, children, count);
		return;
	}
	while (children > 0)
	{
		int			i;

		if (nparents == SPINDLE_LAYOUT_SPREAD_BLOCK)
		{
			if (step % 16 == 0)
				draw = spindle_draw(layout->key, ((uint64) block << 16) + step / 16);
			i = draw & 15;
			draw >>= 4;
		}
		else
			i = (int) spindle_below(spindle_draw(layout->key, ((uint64) block << 16) + step), nparents);
		step++;
		if (count[i] < layout->max)
		{
			count[i]++;
			children--;
		}
	}
}

/*
 * spread() for a full block in which no parent can get more than max, whatever
 * is drawn, so that no child is thrown again; sets start as
 * spindle_layout_load() has to.
 *
 * Children are counted in four bits of a word for each parent, which 15 of the 16
 * that a draw has parents for cannot fill, then in bytes of two words; the sums of
 * these are those of a multiplication.
 */
static void
spread_freely(const SpindleLayout *layout, int64 block, int children, int32 *start)
{
	const uint64 ones = UINT64CONST(0x0101010101010101);
	uint64		even = 0;		/* children of parents 0, 2, ... 14 */
	uint64		odd = 0;		/* children of parents 1, 3, ... 15 */
	uint64		pairs;
	uint64		before_odd;

	for (int done = 0; done < children; done += 16)
	{
		uint64		draw = spindle_draw(layout->key, ((uint64) block << 16) + done / 16);
		const int	n = Min(children - done, 16);
		uint64		hits = 0;

		for (int k = 0; k < Min(n, 15); k++)
		{
			hits += UINT64CONST(1) << ((draw & 15) * 4);
			draw >>= 4;
		}
		even += hits & (ones * 15);
		odd += (hits >> 4) & (ones * 15);
		hits = (uint64) (n == 16) << (draw * 4 & 63);
		even += hits & (ones * 15);
		odd += (hits >> 4) & (ones * 15);
	}

	/* each byte is then the sum of the pairs up to it */
	pairs = (even + odd) * ones;
	before_odd = pairs - odd;
	start[0] = 0;
	for (int i = 0; i < 8; i++)
	{
		start[i * 2 + 1] = layout->min * (i * 2 + 1) + (int32) ((before_odd >> (i * 8)) & 0xFF);
		start[i * 2 + 2] = layout->min * (i * 2 + 2) + (int32) ((pairs >> (i * 8)) & 0xFF);
	}
}

/* The number of children that the i'th 12 bits of a draw select. */
static inline int
count_of_draw(const SpindleLayout *layout, uint64 draw, int i)
{
	return layout->count_of_bits[(draw >> (SPINDLE_LAYOUT_COUNT_BITS * i)) &
								 ((1 << SPINDLE_LAYOUT_COUNT_BITS) - 1)];
}

/*
 * Draw the number of children of each parent, five from one draw.  Then draw
 * anew for random parents wherever that brings the sum nearer to the total, so
 * that the counts stay those that have a weight.  If no such count helps any
 * more, the last few children are handed out or taken back one by one.
 */
static void
draw_counts(const SpindleLayout *layout, int64 block, int nparents, int total, int32 *count)
{
	const uint64 patience = 8 * (uint64) nparents;
	int			sum = 0;

	for (int i = 0; i < nparents; i++)
	{
		uint64		draw = spindle_draw(layout->key, ((uint64) block << 4) + i / 5);

		count[i] = count_of_draw(layout, draw, i % 5);
		sum += count[i];
	}
	for (uint64 step = 0; sum != total; step++)
	{
		uint64		draw = spindle_draw(layout->adjust_key, ((uint64) block << 20) + step);
		int			i = (int) spindle_below(draw, nparents);
		int			other = count_of_draw(layout, draw, 0);

		if (step >= patience)
		{
			int			by = layout->max > SMALL_COUNTS ? Max(abs(total - sum) / nparents, 1) : 1;

			other = count[i] + (sum < total ? by : -by);
			other = layout->max > SMALL_COUNTS ? Max(layout->min, Min(other, layout->max)) : other;
		}
		if (other < layout->min || other > layout->max ||
			abs(sum - count[i] + other - total) >= abs(sum - total))
			continue;
		sum += other - count[i];
		count[i] = other;
	}
}

/*
 * spindle_layout_load
 *		Decode a block, which must have a parent: set the bounds of its
 *		parents' children in the cursor.
 *
 * A block's draws are a function of its number, so blocks can be decoded in
 * any order.
 */
void
spindle_layout_load(SpindleLayoutCursor *cursor, int64 block)
{
	const SpindleLayout *layout = cursor->layout;
	int32		count[SPINDLE_LAYOUT_SUBSET_BLOCK];
	uint64		draw[SPINDLE_LAYOUT_SUBSET_BLOCK];
	int64		first_parent = block * layout->block;
	int			nparents = (int) Min(layout->block, layout->nparents - first_parent);
	int64		first_child = children_below_block(layout, block);
	int			total = (int) (children_below_block(layout, block + 1) - first_child);
	int			sum = 0;

	cursor->block = block;
	cursor->first_parent = first_parent;
	cursor->first_child = first_child;
	cursor->nparents = nparents;
	cursor->nchildren = total;
	cursor->hint = 0;
	if (layout->kind == SPINDLE_LAYOUT_SPREAD && nparents == SPINDLE_LAYOUT_SPREAD_BLOCK)
	{
		const int	thrown = total - layout->min * nparents;

		/* sums of bytes have to be bytes */
		if (layout->min + thrown <= layout->max && thrown <= 255)
		{
			spread_freely(layout, block, thrown, cursor->start);
			return;
		}
	}

	switch (layout->kind)
	{
		case SPINDLE_LAYOUT_SUBSET:
			/* selection sampling: Knuth, TAOCP vol. 2, 3.4.2, algorithm S */
			spindle_draws_from(layout->key, first_parent, nparents, draw);
			cursor->start[0] = 0;
			for (int i = 0; i < nparents; i++)
			{
				sum += spindle_below(draw[i], nparents - i) < (uint64) (total - sum);
				cursor->start[i + 1] = sum;
			}
			return;
		case SPINDLE_LAYOUT_SPREAD:
			for (int i = 0; i < nparents; i++)
				count[i] = layout->min;
			spread(layout, block, nparents, total - layout->min * nparents, count);
			break;
		case SPINDLE_LAYOUT_COUNTS:
			draw_counts(layout, block, nparents, total, count);
			break;
	}

	cursor->start[0] = 0;
	for (int i = 0; i < nparents; i++)
		cursor->start[i + 1] = cursor->start[i] + count[i];
}

/*
 * spindle_layout_parent
 *		The parent of a child row, 0 <= child < nchildren.
 *
 * Decodes the child's block unless it is the cursor's.  Children that are
 * asked for in order cost a comparison or two.
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
		block = cursor->block >= 0 && child == cursor->first_child + cursor->nchildren ?
			cursor->block + 1 :
			(int64) (((__int128) child * layout->denominator) /
					 ((__int128) layout->numerator * layout->block));
		while (children_below_block(layout, block) > child)
			block--;
		while (children_below_block(layout, block + 1) <= child)
			block++;
		spindle_layout_load(cursor, block);
	}

	/* the children of a batch mostly come one after another */
	child -= cursor->first_child;
	if (cursor->start[cursor->hint] <= child)
	{
		while (cursor->start[cursor->hint + 1] <= child)
			cursor->hint++;
		return cursor->first_parent + cursor->hint;
	}
	low = 0;
	high = cursor->hint;
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (cursor->start[middle] <= child)
			low = middle;
		else
			high = middle;
	}
	cursor->hint = low;
	return cursor->first_parent + low;
}

/*
 * For parents of full blocks of a layout that is direct: choose a child of each
 * by a draw.  Parents of other blocks get a child of no meaning.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
pick_directly(const SpindleLayout *layout, const int64 *pg_restrict parent, const uint64 *pg_restrict draw, int n,
			  int64 *pg_restrict child, bool *pg_restrict no_child)
{
	const SpindleLayout l = *layout;	/* nothing that a store could change */

	for (int i = 0; i < n; i++)
	{
		int64		block = (int64) ((uint64) parent[i] / SPINDLE_LAYOUT_SPREAD_BLOCK);
		int64		first;
		uint64		count = spindle_layout_one(&l, block, spindle_draw(l.key, (uint64) block << 16),
											   (int) (parent[i] % SPINDLE_LAYOUT_SPREAD_BLOCK), &first);

		/* spindle_below() for a count of few bits */
		first += (int64) (((draw[i] >> 32) * count + (((draw[i] & 0xFFFFFFFF) * count) >> 32)) >> 32);
		child[i] = count == 0 ? 0 : first;
		no_child[i] = count == 0;
	}
}

/*
 * spindle_layout_pick
 *		Choose a child of each of n parents, by a draw for each of n rows; or
 *		none, and 0, where there is no parent or it has no children.
 *
 * row has the numbers that the draws belong to, parent those of the parents.
 * no_parent may be NULL; where it is true, parent is read but not used.  Sets
 * child and no_child, of n entries each.  The choice is even among the
 * children of a parent.
 */
void
spindle_layout_pick(SpindleLayoutCursor *cursor, SpindleKey key, const int64 *row, const int64 *parent,
					const bool *no_parent, int n, int64 *child, bool *no_child)
{
	const SpindleLayout *layout = cursor->layout;
	const int64 direct_parents = layout->direct > 0 ?
	layout->nparents / SPINDLE_LAYOUT_SPREAD_BLOCK * SPINDLE_LAYOUT_SPREAD_BLOCK : 0;

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(key, row + done, m, draw);
		if (direct_parents > 0)
			pick_directly(layout, parent + done, draw, m, child + done, no_child + done);
		for (int i = done; i < done + m; i++)
		{
			int64		first = 0;
			int			count = 0;

			if (no_parent && no_parent[i])
			{
				no_child[i] = true;
				child[i] = 0;
				continue;
			}
			if (parent[i] < direct_parents)
				continue;
			count = spindle_layout_children(cursor, parent[i], &first);
			no_child[i] = count == 0;
			child[i] = count == 0 ? 0 : first + (int64) spindle_below(draw[i - done], count);
		}
	}
}
