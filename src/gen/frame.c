/*-------------------------------------------------------------------------
 *
 * frame.c
 *		Frames: the rows of other tables that a batch needs.
 *
 * The rows that a step refers to form a frame of parents, and all children that
 * the rows of a frame have form one of children.  Steps fill them, and bring
 * what is computed in them back to the rows that they were made for.
 *
 * Frames grow to the largest batch that they have had and are reused for the
 * next one.  Their arrays are freed one by one when they grow, as the
 * program's memory context lives on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/*
 * spindle_frame_add
 *		A frame without rows, with room for a batch, in the current memory
 *		context, which must be the program's.  base is NULL for the root.
 */
Frame *
spindle_frame_add(SpindleEval *eval, int table, Frame *base)
{
	Frame	   *frame = palloc0(sizeof(Frame));

	frame->table = table;
	frame->base = base;
	frame->child_table = -1;
	frame->context = eval->context;
	frame->capacity = SPINDLE_BATCH_ROWS;
	frame->row = palloc(sizeof(int64) * frame->capacity);
	eval->frames = lappend(eval->frames, frame);
	return frame;
}

/*
 * spindle_frame_reserve
 *		Make room for n rows in a derived frame, and for a map with nmap entries.
 *
 * What the arrays hold is lost if they grow.  Raises program_limit_exceeded
 * beyond half of 2^31 rows, as maps have 32 bits.
 */
void
spindle_frame_reserve(Frame *frame, int64 n, int64 nmap)
{
	if (n > frame->capacity)
	{
		if (n > PG_INT32_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many child rows for one batch")));
		pfree(frame->row);
		while (frame->capacity < n)
			frame->capacity *= 2;
		frame->row = MemoryContextAllocHuge(frame->context, sizeof(int64) * frame->capacity);
	}
	if (nmap > frame->map_capacity)
	{
		if (frame->map)
			pfree(frame->map);
		frame->map_capacity = Max(nmap, SPINDLE_BATCH_ROWS + 1);
		frame->map = MemoryContextAllocHuge(frame->context, sizeof(int32) * frame->map_capacity);
	}
}

/*
 * Make room for more children, needed > capacity in all, keeping the n there
 * are.
 *
 * spindle_frame_reserve() frees the array of rows, so it gets one of no use in its place.
 */
static void
grow_children(Frame *frame, int64 n, int64 needed)
{
	int64	   *row = frame->row;

	frame->row = palloc(1);
	spindle_frame_reserve(frame, needed, 0);
	memcpy(frame->row, row, sizeof(int64) * n);
	pfree(row);
}

/*
 * The rows that a step refers to become a frame; equal neighbours share one.
 *
 * Equal rows further apart are computed twice: to find them would cost more
 * than most columns do.
 */
static void
run_fill_parents(Step *step)
{
	Frame	   *frame = step->u.frame.sub;
	const SpindleVector rows = step->input[0]->out;
	const int	nrows = step->frame->n;
	int			n = 0;
	int64		previous = -1;
	int64	   *row;
	int32	   *map;

	Assert(step->holds == STEP_HOLDS_FRAME);
	spindle_frame_reserve(frame, nrows, nrows);
	row = frame->row;
	map = frame->map;

	/*
	 * Without jumps on whether a row is NULL or differs from the one before:
	 * those are coin tosses.  We write every row and keep it by counting it.
	 */
	for (int i = 0; i < nrows; i++)
	{
		const int64 value = rows.value[i];
		const int64 is_null = rows.is_null ? rows.is_null[i] : 0;

		row[n] = value;
		n += (int) ((value != previous) & ~is_null);
		previous ^= (previous ^ value) & (is_null - 1);
		map[i] = (n - 1) | -(int32) is_null;
	}
	frame->n = n;
}

/*
 * The rows that a step refers to are taken as they are, if it draws each by
 * itself: there is hardly a neighbour to share one with, and neither need they
 * be copied nor values brought back.
 */
static void
run_share_parents(Step *step)
{
	Frame	   *frame = step->u.frame.sub;

	Assert(step->holds == STEP_HOLDS_FRAME);
	frame->row = step->input[0]->out.value;
	frame->n = step->frame->n;
	frame->capacity = step->frame->capacity;
}

/*
 * spindle_frame_of_parents
 *		The frame of the rows of a table whose numbers a step computes, made on
 *		first use, with the step that fills it.
 *
 * rows is a step of base; where it is NULL, the frame has no row.  Values come
 * back to base by spindle_gather().
 */
Frame *
spindle_frame_of_parents(SpindleEval *eval, Frame *base, Step *rows, int table)
{
	ListCell   *lc;
	Frame	   *frame;
	Step	   *fill;

	foreach(lc, eval->frames)
	{
		frame = lfirst(lc);
		if (frame->rows == rows)
			return frame;
	}
	frame = spindle_frame_add(eval, table, base);
	frame->rows = rows;
	frame->is_shared = rows->is_scattered && !rows->has_nulls;
	fill = spindle_step_add(eval, base, frame->is_shared ? run_share_parents : run_fill_parents, NULL, false, 1);
	fill->input[0] = rows;
	fill->holds = STEP_HOLDS_FRAME;
	fill->u.frame.sub = frame;
	spindle_step_finish(eval, fill);
	return frame;
}

/*
 * run_fill_children() for rows that come one after another, as those of a scan do:
 * their children do so, too.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
fill_children_of_run(Step *step, Frame *frame)
{
	SpindleLayoutCursor *cursor = step->u.frame.layout;
	const int	nparents = step->frame->n;
	const int64 parent = step->frame->row[0];
	int64		first;
	int64		n = 0;
	int			i = 0;

	spindle_layout_load_parent(cursor, parent);
	first = cursor->first_child + cursor->start[parent - cursor->first_parent];
	while (true)
	{
		const int32 *start = &cursor->start[parent + i - cursor->first_parent];
		const int	left = (int) Min(cursor->first_parent + cursor->nparents - parent - i, nparents - i);
		const int32 by = (int32) n - start[0];
		int32	   *pg_restrict map = frame->map + i;

		for (int k = 0; k < left; k++)
			map[k] = start[k] + by;
		n += start[left] - start[0];
		i += left;
		spindle_frame_reserve(frame, n + FEW_CHILDREN, 0);
		if (i == nparents)
			break;
		spindle_layout_load(cursor, cursor->block + 1);
	}
	for (int k = 0; k < n; k++)
		frame->row[k] = first + k;
	frame->map[nparents] = (int32) n;
	frame->n = (int) n;
}

/* The same for rows in any order, for each by itself. */
static void
fill_children_of_each(Step *step, Frame *frame)
{
	SpindleLayoutCursor *cursor = step->u.frame.layout;
	const int	nparents = step->frame->n;
	const int64 *parent = step->frame->row;
	int64		first_parent = 0;	/* parents of the block that is decoded */
	int64		end_parent = 0;
	int64		n = 0;

	for (int i = 0; i < nparents; i++)
	{
		int64		first;
		int			count;
		int64	   *row;

		/* most parents are of the block of the one before */
		if (parent[i] >= first_parent && parent[i] < end_parent)
		{
			const int32 *start = &cursor->start[parent[i] - first_parent];

			first = cursor->first_child + start[0];
			count = start[1] - start[0];
		}
		else
		{
			count = spindle_layout_children(cursor, parent[i], &first);
			if (cursor->block >= 0)
			{
				first_parent = cursor->first_parent;
				end_parent = first_parent + cursor->nparents;
			}
		}

		if (n + count + FEW_CHILDREN > frame->capacity)
			grow_children(frame, n, n + count + FEW_CHILDREN);
		frame->map[i] = (int32) n;
		row = frame->row + n;
		for (int k = 0; k < FEW_CHILDREN; k++)
			row[k] = first + k;
		for (int k = FEW_CHILDREN; k < count; k++)
			row[k] = first + k;
		n += count;
	}
	frame->map[nparents] = (int32) n;
	frame->n = (int) n;
}

/*
 * All children that the rows have, in their order.  map[i] .. map[i + 1] - 1
 * are those of row i.
 */
static void
run_fill_children(Step *step)
{
	Frame	   *frame = step->u.frame.sub;

	Assert(step->holds == STEP_HOLDS_FRAME);
	spindle_frame_reserve(frame, 0, step->frame->n + 1);
	frame->is_run = step->frame->is_run && step->frame->n > 0;
	if (frame->is_run)
		fill_children_of_run(step, frame);
	else
		fill_children_of_each(step, frame);
}

/*
 * spindle_frame_of_children
 *		The frame of all children that the rows of a frame have in a table,
 *		made on first use, with the step that fills it.
 *
 * The table must be of kind "children", and base a frame of its parent table.
 */
Frame *
spindle_frame_of_children(SpindleEval *eval, Frame *base, int child_table)
{
	ListCell   *lc;
	Frame	   *frame;
	Step	   *fill;

	/* children are those of today, and what they know of their parents too */
	base = spindle_frame_today(base);
	foreach(lc, eval->frames)
	{
		frame = lfirst(lc);
		if (frame->base == base && frame->child_table == child_table)
			return frame;
	}
	frame = spindle_frame_add(eval, child_table, base);
	frame->child_table = child_table;
	fill = spindle_step_add(eval, base, run_fill_children, NULL, false, 0);
	fill->holds = STEP_HOLDS_FRAME;
	fill->u.frame.sub = frame;
	fill->u.frame.layout = palloc(sizeof(SpindleLayoutCursor));
	spindle_layout_cursor_init(fill->u.frame.layout, eval->instance->layout[child_table]);
	spindle_step_finish(eval, fill);
	return frame;
}

/*
 * All elements that arrays of the rows have.  map[i] .. map[i + 1] - 1 are those of
 * row i; in place of a row number, each has a hash of the row and its place there.
 */
static void
run_fill_elements(Step *step)
{
	Frame	   *frame = step->u.frame.sub;
	const int64 *length = step->input[0]->out.value;
	const int	nrows = step->frame->n;
	int64		n = 0;

	Assert(step->holds == STEP_HOLDS_FRAME);
	for (int i = 0; i < nrows; i++)
		n += length[i];
	spindle_frame_reserve(frame, n, nrows + 1);
	n = 0;
	for (int i = 0; i < nrows; i++)
	{
		const uint64 row = spindle_mix((uint64) step->frame->row[i] + SPINDLE_PHI);

		frame->map[i] = (int32) n;
		for (int64 k = 0; k < length[i]; k++)
			frame->row[n++] = (int64) (spindle_mix(row + (uint64) (k + 1) * SPINDLE_PHI) >> 1);
	}
	frame->map[nrows] = (int32) n;
	frame->n = (int) n;
}

/*
 * spindle_frame_of_elements
 *		A new frame of the elements of arrays, one array for each row of base, with
 *		the step that fills it; lengths is a step of base.
 *
 * Rules that are computed in it make draws, and ask for nothing else of a row.
 */
Frame *
spindle_frame_of_elements(SpindleEval *eval, Frame *base, Step *lengths)
{
	Frame	   *frame = spindle_frame_add(eval, base->table, base);
	Step	   *fill = spindle_step_add(eval, base, run_fill_elements, NULL, false, 1);

	fill->input[0] = lengths;
	fill->holds = STEP_HOLDS_FRAME;
	fill->u.frame.sub = frame;
	spindle_step_finish(eval, fill);
	return frame;
}

/*
 * Bring values from a frame of parents to the rows that refer to them.  The
 * result is NULL where the reference or the value is.
 */
static void
run_gather(Step *step)
{
	const Frame *sub = step->u.frame.sub;
	const SpindleVector in = step->input[0]->out;
	const SpindleVector out = step->out;
	const int32 *map = sub->map;
	const int	n = step->frame->n;

	Assert(step->holds == STEP_HOLDS_FRAME);
	if (!step->has_nulls)
	{
		for (int i = 0; i < n; i++)
			out.value[i] = in.value[map[i]];
		return;
	}
	if (sub->n == 0)
	{
		memset(out.value, 0, sizeof(int64) * n);
		memset(out.is_null, true, n);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		/* what refers to nothing reads the first row, which is then masked */
		int32		none = map[i] >> 31;

		out.value[i] = in.value[map[i] & ~none] & ~(int64) none;
		out.is_null[i] = none & 1;
	}
	if (in.is_null)
		for (int i = 0; i < n; i++)
			out.is_null[i] |= in.is_null[map[i] & ~(map[i] >> 31)];
}

/*
 * spindle_gather
 *		Bring a vector of a derived frame of parents to its base.
 *
 * inner is a step of sub, whose rows a step of the base computes.  There is
 * one such step for each vector; none for a frame whose rows are in the places
 * of those of the base, as are their values.
 */
Step *
spindle_gather(SpindleEval *eval, Frame *sub, Step *inner)
{
	Step	   *step;

	if (sub->is_shared)
		return inner;
	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->run == run_gather && eval->step[i]->input[0] == inner)
			return eval->step[i];
	step = spindle_step_add(eval, sub->base, run_gather, NULL, inner->has_nulls || sub->rows->has_nulls, 1);
	step->input[0] = inner;
	step->holds = STEP_HOLDS_FRAME;
	step->u.frame.sub = sub;
	return spindle_step_finish(eval, step);
}

/*
 * Bring values from the parents that a frame of children was made for: to each
 * child that of its parent.  What is written behind the last child of a parent
 * is written again by the next one.
 */
static void
run_gather_owner(Step *step)
{
	const SpindleVector in = step->input[0]->out;
	const int32 *map = step->frame->map;
	const int	nparents = step->frame->base->n;

	for (int i = 0; i < nparents; i++)
	{
		const int64 value = in.value[i];
		const int	count = map[i + 1] - map[i];
		int64	   *out = step->out.value + map[i];

		for (int k = 0; k < FEW_CHILDREN; k++)
			out[k] = value;
		for (int k = FEW_CHILDREN; k < count; k++)
			out[k] = value;
	}
	if (!step->has_nulls)
		return;
	for (int i = 0; i < nparents; i++)
		memset(step->out.is_null + map[i], in.is_null && in.is_null[i], map[i + 1] - map[i]);
}

/*
 * spindle_gather_owner
 *		Bring a vector of the parents of a frame of children to the children;
 *		inner is a step of the frame's base.
 */
Step *
spindle_gather_owner(SpindleEval *eval, Frame *children, Step *inner)
{
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->run == run_gather_owner && eval->step[i]->frame == children &&
			eval->step[i]->input[0] == inner)
			return eval->step[i];
	step = spindle_step_add(eval, children, run_gather_owner, NULL, inner->has_nulls, 1);
	step->input[0] = inner;
	return spindle_step_finish(eval, step);
}
