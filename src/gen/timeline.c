/*-------------------------------------------------------------------------
 *
 * timeline.c
 *		Random times that rise with the row number.
 *
 * The times of a table are the order statistics of independent draws from its
 * calendar: gaps look like those of a Poisson process, yet row k's time can be
 * found without the rows before it.
 *
 * We halve the calendar's mass again and again.  A node of this binary tree
 * that holds n rows gives Binomial(n, 1/2) of them to its left half, drawn
 * with the node's number as counter.  A leaf holds about 4 to 8 rows; their
 * masses are independent uniform draws inside the leaf, sorted.  Row -> leaf
 * and time -> leaf both take one walk from the root, 31 steps for 10^10 rows.
 * The first 12 levels are kept, which bounds the memory (32 kB), and a reader
 * decodes 32 neighbouring leaves at a time.
 *
 * Compare Bentley and Saxe 1979, "Generating Sorted Lists of Random Numbers",
 * which has constant memory but goes in one direction only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "port/pg_bitutils.h"

#include "gen/timeline.h"
#include "math/draws.h"
#include "math/fpmath.h"

/* Rows of a leaf that are sorted all alike; more are rare. */
#define FEW_ROWS	8

/* Rows in turn that are found by themselves, before their group is decoded. */
#define MAX_LOOKED_UP	4

/*
 * How many of n rows fall into the left half of a node: Binomial(n, 1/2).
 *
 * Up to 512 rows we count random bits, which is exact.  Beyond that we round
 * a normal variable, whose distance to the binomial distribution is below
 * 0.1 % there; the number of rows stays exact in any case.
 */
static int64
split(SpindleKey key, uint64 node, int64 n)
{
	double		z;
	int64		left;

	if (n <= 512)
	{
		uint64		draw = spindle_draw(key, node);

		left = 0;
		for (int i = 0; n > 64; i++, n -= 64)
			left += pg_popcount64(spindle_mix(draw + i * SPINDLE_PHI));
		if (n > 0)
			left += pg_popcount64(draw >> (64 - n));
		return left;
	}
	z = spindle_normal_quantile(spindle_fraction(spindle_draw(key, node)));
	left = (int64) floor(0.5 * (double) n + 0.5 * sqrt((double) n) * z + 0.5);
	return Max(0, Min(left, n));
}

/* The number of a node among all nodes: the root is 1, as in a heap. */
static uint64
node_number(int depth, uint64 index)
{
	return (UINT64CONST(1) << depth) + index;
}

/*
 * Fill the bounds of the nodes below a node down to top_depth; first is the
 * node's first row, n its rows.
 */
static void
fill_top(const SpindleTimeline *timeline, int64 *top, int depth, uint64 index,
		 int64 first, int64 n)
{
	int64		left;

	if (depth == timeline->top_depth)
	{
		top[index] = first;
		return;
	}
	left = split(timeline->split_key, node_number(depth, index), n);
	fill_top(timeline, top, depth + 1, index * 2, first, left);
	fill_top(timeline, top, depth + 1, index * 2 + 1, first + left, n - left);
}

/*
 * spindle_timeline_create
 *		Lay out nrows >= 0 rows over a calendar, in the current context, which
 *		also keeps what is computed later.
 *
 * With first_at_start, row 0 stands at the very start of the range and the
 * others are random: for tables whose rows others need from the start on.
 */
SpindleTimeline *
spindle_timeline_create(const SpindleCalendar *calendar, SpindleKey key, int64 nrows,
						bool first_at_start)
{
	SpindleTimeline *timeline = palloc0(sizeof(SpindleTimeline));

	timeline->nrows = nrows;
	timeline->first_at_start = first_at_start && nrows > 0;
	timeline->calendar = calendar;
	timeline->split_key = spindle_key_derive(key, 1);
	timeline->leaf_key = spindle_key_derive(key, 2);
	timeline->depth = (nrows < 8 ? 0 : pg_leftmost_one_pos64(nrows) - 2);
	timeline->group_depth = Max(0, timeline->depth - SPINDLE_TIMELINE_GROUP_DEPTH);
	timeline->top_depth = Min(timeline->group_depth, SPINDLE_TIMELINE_TOP_DEPTH);
	timeline->context = CurrentMemoryContext;
	return timeline;
}

/*
 * spindle_timeline_cursor_init
 *		Begin to read a timeline, which must stay as long.
 *
 * The first cursor of a timeline makes its upper levels: up to 4096 draws and
 * 32 kB.  A cursor has 8 kB and nothing to release.
 */
void
spindle_timeline_cursor_init(SpindleTimelineCursor *cursor, SpindleTimeline *timeline)
{
	if (timeline->top == NULL)
	{
		int64		drawn = timeline->nrows - (timeline->first_at_start ? 1 : 0);
		int64	   *top = MemoryContextAlloc(timeline->context,
											 sizeof(int64) * ((1 << timeline->top_depth) + 1));

		fill_top(timeline, top, 0, 0, 0, drawn);
		top[1 << timeline->top_depth] = drawn;
		timeline->top = top;
	}
	cursor->timeline = timeline;
	cursor->first_row = 0;
	cursor->count = -1;
	cursor->from = cursor->until = 0;
	cursor->same_from = cursor->same_until = 0;
	cursor->group = PG_UINT64_MAX;
	cursor->looked_up = PG_UINT64_MAX;
	cursor->nlooked_up = 0;
}

/* Put the lower of two masses first, without a jump. */
static inline void
exchange(uint64 *a, uint64 *b)
{
	const uint64 low = Min(*a, *b);
	const uint64 high = Max(*a, *b);

	*a = low;
	*b = high;
}

/*
 * The masses of a leaf with n rows, from their draws.
 *
 * The few rows are sorted by exchanges without jumps, as nobody could predict
 * where a mass belongs.  Up to FEW_ROWS are filled up with the highest mass and
 * sorted by a network of 19 exchanges, so that their number takes no jumps either:
 * both arrays have room for so many.
 */
static inline void
load_leaf(int depth, uint64 leaf, const uint64 *draw, int64 n, uint64 *mass)
{
	const uint64 base = depth == 0 ? 0 : leaf << (64 - depth);
	uint64		m[FEW_ROWS];

	if (unlikely(n > FEW_ROWS))
	{
		for (int i = 0; i < n; i++)
		{
			mass[i] = base + (draw[i] >> depth);
			for (int j = 0; j < i; j++)
				exchange(&mass[j], &mass[i]);
		}
		return;
	}
	for (int i = 0; i < FEW_ROWS; i++)
		m[i] = i < n ? base + (draw[i] >> depth) : PG_UINT64_MAX;
	exchange(&m[0], &m[2]);
	exchange(&m[1], &m[3]);
	exchange(&m[4], &m[6]);
	exchange(&m[5], &m[7]);
	exchange(&m[0], &m[4]);
	exchange(&m[1], &m[5]);
	exchange(&m[2], &m[6]);
	exchange(&m[3], &m[7]);
	exchange(&m[0], &m[1]);
	exchange(&m[2], &m[3]);
	exchange(&m[4], &m[5]);
	exchange(&m[6], &m[7]);
	exchange(&m[2], &m[4]);
	exchange(&m[3], &m[5]);
	exchange(&m[1], &m[4]);
	exchange(&m[3], &m[6]);
	exchange(&m[1], &m[2]);
	exchange(&m[3], &m[4]);
	exchange(&m[5], &m[6]);
	for (int i = 0; i < FEW_ROWS; i++)
		mass[i] = m[i];
}

/*
 * The masses of all leaves below a node of a group, which holds n rows: level by
 * level the numbers of rows of nodes, then leaf by leaf.  The arrays have room for
 * FEW_ROWS beyond the last row.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
load_leaves(const SpindleTimeline *timeline, uint64 index, const uint64 *draw, int64 n, uint64 *mass)
{
	const int	levels = timeline->depth - timeline->group_depth;
	int64		rows[1 << SPINDLE_TIMELINE_GROUP_DEPTH] = {n};

	for (int k = 0; k < levels; k++)
	{
		const uint64 first = node_number(timeline->group_depth + k, index << k);

		/* from the last to the first, as each makes two of one */
		for (int j = (1 << k) - 1; j >= 0; j--)
		{
			const int64 here = rows[j];
			int64		left;

			/* as split() does */
			if (here < 64)
				left = __builtin_popcountll((spindle_draw(timeline->split_key, first + j) >> 1) >> (63 - here));
			else
				left = split(timeline->split_key, first + j, here);
			rows[j * 2] = left;
			rows[j * 2 + 1] = here - left;
		}
	}
	for (int l = 0; l < 1 << levels; l++)
	{
		load_leaf(timeline->depth, (index << levels) + l, draw, rows[l], mass);
		draw += rows[l];
		mass += rows[l];
	}
}

/*
 * Walk from a cached node to the group of leaves that holds a row (by_mass
 * false) or a mass (by_mass true), and decode it.
 */
static void
load_group(SpindleTimelineCursor *cursor, uint64 index, bool by_mass, int64 row, uint64 mass)
{
	const SpindleTimeline *timeline = cursor->timeline;
	int64		first = timeline->top[index];
	int64		n = timeline->top[index + 1] - first;
	uint64		masses[SPINDLE_TIMELINE_MAX_ROWS + FEW_ROWS];
	uint64		draw[SPINDLE_TIMELINE_MAX_ROWS + FEW_ROWS];

	for (int depth = timeline->top_depth; depth < timeline->group_depth; depth++)
	{
		int64		left = split(timeline->split_key, node_number(depth, index), n);
		bool		go_right;

		if (by_mass)
			go_right = (mass >> (63 - depth)) & 1;
		else
			go_right = row >= first + left;
		index = index * 2 + (go_right ? 1 : 0);
		first += go_right ? left : 0;
		n = go_right ? n - left : left;
	}

	cursor->group = index;
	cursor->until = cursor->from;	/* not known yet */
	cursor->first_row = first;
	cursor->count = 0;
	cursor->hint = 0;
	if (timeline->first_at_start)
	{
		if (index == 0)
			cursor->time[cursor->count++] = spindle_calendar_start(timeline->calendar);
		else
			cursor->first_row++;
	}

	/* 256 rows are expected at most in a group, 1024 are 48 sd away */
	if (cursor->count + n > SPINDLE_TIMELINE_MAX_ROWS)
		elog(ERROR, "timeline group has too many rows");
	spindle_draws_from(timeline->leaf_key, first, (int) n, draw);
	memset(draw + n, 0, sizeof(uint64) * FEW_ROWS);
	load_leaves(timeline, index, draw, n, masses);
	spindle_calendar_times(timeline->calendar, masses, (int) n, cursor->time + cursor->count);
	cursor->count += (int) n;
}

/* The cached node that holds a drawn row. */
static uint64
find_top(const SpindleTimelineCursor *cursor, int64 row)
{
	const SpindleTimeline *timeline = cursor->timeline;
	uint64		low = 0;
	uint64		high = UINT64CONST(1) << timeline->top_depth;

	/* a scan nearly always wants the neighbour, under the same node */
	if (cursor->count >= 0)
	{
		uint64		guess = cursor->group >> (timeline->group_depth - timeline->top_depth);

		if (row >= timeline->top[guess] && row < timeline->top[guess + 1])
		{
			low = guess;
			high = guess + 1;
		}
	}
	while (high - low > 1)
	{
		uint64		middle = (low + high) / 2;

		if (timeline->top[middle] <= row)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * spindle_timeline_seek
 *		Decode the group of leaves that holds a row, 0 <= row < nrows.
 *
 * A draw for each level of the tree below the kept ones, then some 200 for the
 * rows of the group.
 */
void
spindle_timeline_seek(SpindleTimelineCursor *cursor, int64 row)
{
	const SpindleTimeline *timeline = cursor->timeline;

	Assert(row >= 0 && row < timeline->nrows);
	if (timeline->first_at_start)
	{
		/* row 0 belongs to the first group, which may have no drawn row */
		if (row == 0)
		{
			load_group(cursor, 0, true, 0, 0);
			return;
		}
		row--;
	}

	load_group(cursor, find_top(cursor, row), false, row, 0);
}

/*
 * spindle_timeline_look_up
 *		The time of a row, as spindle_timeline_time(), for readers that jump.
 *
 * A row far from those that are decoded is found by itself, in its leaf: a draw for
 * each level of the tree and some six for the leaf, where a group takes 200.  The
 * group is decoded for the neighbour of the present one, and when so many rows in turn
 * are in it that they have cost as much.
 */
Timestamp
spindle_timeline_look_up(SpindleTimelineCursor *cursor, int64 row)
{
	const SpindleTimeline *timeline = cursor->timeline;
	const int64 drawn = row - timeline->first_at_start;
	uint64		draw[SPINDLE_TIMELINE_MAX_ROWS + FEW_ROWS];
	uint64		mass[SPINDLE_TIMELINE_MAX_ROWS + FEW_ROWS];
	uint64		index;
	int64		first;
	int64		n;
	Timestamp	time;

	if (cursor->count < 0 || drawn < 0 || (row >= cursor->first_row && row <= cursor->first_row + cursor->count))
		return spindle_timeline_time(cursor, row);
	index = find_top(cursor, drawn);
	first = timeline->top[index];
	n = timeline->top[index + 1] - first;
	for (int depth = timeline->top_depth; depth < timeline->depth; depth++)
	{
		const int64 left = split(timeline->split_key, node_number(depth, index), n);
		const bool	go_right = drawn >= first + left;

		if (depth == timeline->group_depth)
		{
			if (index != cursor->looked_up)
				cursor->nlooked_up = 0;
			else if (cursor->nlooked_up == MAX_LOOKED_UP)
				return spindle_timeline_time(cursor, row);
			cursor->looked_up = index;
			cursor->nlooked_up++;
		}
		index = index * 2 + go_right;
		first += go_right ? left : 0;
		n = go_right ? n - left : left;
	}
	if (n > SPINDLE_TIMELINE_MAX_ROWS)
		elog(ERROR, "timeline leaf has too many rows");
	spindle_draws_from(timeline->leaf_key, first, (int) n, draw);
	memset(draw + n, 0, sizeof(uint64) * FEW_ROWS);
	load_leaf(timeline->depth, index, draw, n, mass);
	spindle_calendar_times(timeline->calendar, &mass[drawn - first], 1, &time);
	return time;
}

/* The first time of the range whose mass is at least the given one. */
static Timestamp
time_of_mass(const SpindleCalendar *calendar, uint64 mass)
{
	Timestamp	low = spindle_calendar_start(calendar);
	Timestamp	high = spindle_calendar_end(calendar);

	while (low < high)
	{
		Timestamp	middle = low + (high - low) / 2;

		if (spindle_calendar_mass(calendar, middle) < mass)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Find out which times have their mass in the decoded group, so that the next
 * question need not compute it.  Mass never falls, so these are one stretch.
 */
static void
find_bounds(SpindleTimelineCursor *cursor)
{
	const SpindleTimeline *timeline = cursor->timeline;
	int			shift = 64 - timeline->group_depth;
	bool		is_last = timeline->group_depth == 0 ||
	cursor->group == (UINT64CONST(1) << timeline->group_depth) - 1;

	cursor->from = timeline->group_depth == 0 ? spindle_calendar_start(timeline->calendar) :
		time_of_mass(timeline->calendar, cursor->group << shift);
	cursor->until = is_last ? spindle_calendar_end(timeline->calendar) :
		time_of_mass(timeline->calendar, (cursor->group + 1) << shift);
}

/*
 * spindle_timeline_find_count
 *		What spindle_timeline_count_until() has not answered just before.
 *
 * t is any time; one before the calendar has no rows, one after it has all.
 * Keeps the answer, and for which times it holds, in the cursor.
 */
int64
spindle_timeline_find_count(SpindleTimelineCursor *cursor, Timestamp t)
{
	const SpindleTimeline *timeline = cursor->timeline;
	uint64		mass;
	uint64		group;
	int			low = 0;
	int			high;

	if (timeline->nrows == 0 || t < spindle_calendar_start(timeline->calendar))
		return 0;
	if (t >= spindle_calendar_end(timeline->calendar))
		return timeline->nrows;

	if (cursor->count < 0 || t < cursor->from || t >= cursor->until)
	{
		mass = spindle_calendar_mass(timeline->calendar, t);
		group = (timeline->group_depth == 0 ? 0 : mass >> (64 - timeline->group_depth));
		if (cursor->count < 0 || group != cursor->group)
			load_group(cursor, group >> (timeline->group_depth - timeline->top_depth), true, 0, mass);
		if (cursor->from == cursor->until)
			find_bounds(cursor);
	}

	/* times that are asked for one after another mostly rise, by a row or two */
	high = cursor->count;
	if (cursor->hint > 0 && cursor->time[cursor->hint - 1] <= t)
	{
		low = cursor->hint;
		for (int i = 0; i < 4 && low < high && cursor->time[low] <= t; i++)
			low++;
		if (low < high && cursor->time[low] > t)
			high = low;
	}
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (cursor->time[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	cursor->hint = low;
	cursor->same_from = low > 0 ? Max(cursor->from, cursor->time[low - 1]) : cursor->from;
	cursor->same_until = low < cursor->count ? Min(cursor->until, cursor->time[low]) : cursor->until;
	cursor->same_count = cursor->first_row + low;
	return cursor->same_count;
}
