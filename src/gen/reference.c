/*-------------------------------------------------------------------------
 *
 * reference.c
 *		The steps that choose rows of other tables and fetch values from them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "gen/eval_internal.h"

/* The parent by the children's layout. */
void
spindle_run_parent(Step *step)
{
	SpindleLayoutCursor *cursor = step->state;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = spindle_layout_parent(cursor, step->frame->row[i]);
}

/*
 * Where the levels of a hierarchy begin: the roots are the first rows, the
 * rest is split evenly over the other levels, in row order.
 */
static int64
level_start(const SpindleRule *rule, int64 nrows, int level)
{
	int64		roots = Max(1, Min(rule->hierarchy.roots, nrows / rule->hierarchy.levels));

	if (level == 0)
		return 0;
	if (rule->hierarchy.levels == 1 || level >= rule->hierarchy.levels)
		return nrows;
	return Min(nrows, roots) + (int64) ((__int128) Max(nrows - roots, 0) * (level - 1) /
										(rule->hierarchy.levels - 1));
}

static int
level_of(const SpindleRule *rule, int64 nrows, int64 row)
{
	int			level = 0;

	while (level + 1 < rule->hierarchy.levels && level_start(rule, nrows, level + 1) <= row)
		level++;
	return level;
}

void
spindle_run_level(Step *step)
{
	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = level_of(step->rule, step->number, step->frame->row[i]) + 1;
}

/* A row of the level above. */
void
spindle_run_hierarchy(Step *step)
{
	const SpindleRule *rule = step->rule;

	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		int			level = level_of(rule, step->number, row);
		int64		low = level == 0 ? 0 : level_start(rule, step->number, level - 1);
		int64		high = level_start(rule, step->number, level);

		step->out.is_null[i] = level == 0 || high <= low;
		step->out.value[i] = step->out.is_null[i] ? 0 :
			low + (int64) spindle_below(spindle_draw(step->key, row), high - low);
	}
}

/* Any row, by popularity; of those that "where" leaves; of those from before. */
void
spindle_run_reference(Step *step)
{
	const SpindleReferenceState *state = step->state;
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	if (step->after)
	{
		/* the number of rows to choose from, where the choice will be */
		const SpindleVector *time = &step->input[0]->out;

		for (int i = 0; i < n; i++)
		{
			bool		has_time = !(time->is_null && time->is_null[i]) && !state->is_empty;

			out[i] = has_time ? spindle_timeline_count_until(step->after, time->value[i]) : 0;
			step->out.is_null[i] = out[i] == 0;
		}
	}
	else if (state->is_empty && n > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s chooses among no rows at this scale", step->rule->path),
				 errhint("Give the table that is referred to at least one row.")));
	spindle_popularity_pick(state->popularity, step->frame->row, n, step->after ? out : NULL, out);
	if (state->choice && !state->is_empty)
		for (int i = 0; i < n; i++)
			out[i] = state->choice[out[i]];
}

/* One of the children of the row that another column refers to. */
void
spindle_run_among(Step *step)
{
	SpindleLayoutCursor *cursor = step->state;
	const SpindleVector *parent = &step->input[0]->out;

	for (int i = 0; i < step->frame->n; i++)
	{
		int64		first = 0;
		int			n = 0;

		if (!(parent->is_null && parent->is_null[i]))
			n = spindle_layout_children(cursor, parent->value[i], &first);
		step->out.is_null[i] = n == 0;
		step->out.value[i] = n == 0 ? 0 :
			first + (int64) spindle_below(spindle_draw(step->key, step->frame->row[i]), n);
	}
}

/* One of the rows whose period holds a time. */
void
spindle_run_containing(Step *step)
{
	const SpindleReferenceState *state = step->state;
	const SpindleVector *time = &step->input[0]->out;
	const SpindleKey null_key = spindle_key_derive(step->key, LABEL_NULLS);
	const uint64 threshold = spindle_threshold(step->fraction);
	int			at = 0;

	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		Timestamp	t = time->value[i];
		int			n = 0;

		if (!(time->is_null && time->is_null[i]) &&
			spindle_draw(null_key, row) >= threshold)
		{
			/* at = bounds that are <= t; neighbours mostly have the same */
			if ((at > 0 && state->bound[at - 1] > t) || (at < state->nbounds && state->bound[at] <= t))
			{
				int			low = 0;
				int			high = state->nbounds;

				while (low < high)
				{
					int			middle = (low + high) / 2;

					if (state->bound[middle] <= t)
						low = middle + 1;
					else
						high = middle;
				}
				at = low;
			}
			n = state->first_open[at + 1] - state->first_open[at];
		}
		step->out.is_null[i] = n == 0;
		step->out.value[i] = n == 0 ? 0 :
			state->open[state->first_open[at] + (int) spindle_below(spindle_draw(step->key, row), n)];
	}
}

/* A child of each row, or of the row it refers to. */
void
spindle_run_pick_child(Step *step)
{
	SpindleLayoutCursor *cursor = step->state;
	const SpindleVector *parent = step->ninputs ? &step->input[0]->out : NULL;

	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		int64		first = 0;
		int			n = 0;

		if (parent == NULL)
			n = spindle_layout_children(cursor, row, &first);
		else if (!(parent->is_null && parent->is_null[i]))
			n = spindle_layout_children(cursor, parent->value[i], &first);
		step->out.is_null[i] = n == 0;
		step->out.value[i] = first;
		if (n == 0)
			continue;
		if (step->rule->child.pick == SPINDLE_PICK_RANDOM)
			step->out.value[i] += (int64) spindle_below(spindle_draw(step->key, row), n);
		else if (step->rule->child.pick == SPINDLE_PICK_LAST)
			step->out.value[i] += n - 1;
	}
}

/* Make room for n rows in a derived frame, and for a map with nmap entries. */
static void
reserve(Step *step, Frame *frame, int64 n, int64 nmap)
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
		frame->row = MemoryContextAllocHuge(step->context, sizeof(int64) * frame->capacity);
	}
	if (nmap > frame->map_capacity)
	{
		if (frame->map)
			pfree(frame->map);
		frame->map_capacity = Max(nmap, SPINDLE_BATCH_ROWS + 1);
		frame->map = MemoryContextAllocHuge(step->context, sizeof(int32) * frame->map_capacity);
	}
}

/* Make room for more children, keeping the n there are. */
static void
grow_children(Step *step, Frame *frame, int64 n, int64 needed)
{
	int64	   *row = frame->row;
	int32	   *owner = frame->owner;

	frame->row = palloc(1);
	reserve(step, frame, needed, 0);
	memcpy(frame->row, row, sizeof(int64) * n);
	frame->owner = MemoryContextAllocHuge(step->context, sizeof(int32) * frame->capacity);
	memcpy(frame->owner, owner, sizeof(int32) * n);
	pfree(row);
	pfree(owner);
}

/* The rows that a step refers to become a frame; equal neighbours share one. */
void
spindle_run_fill_parents(Step *step)
{
	Frame	   *frame = step->sub;
	const SpindleVector *rows = &step->input[0]->out;
	int			n = 0;
	int64		previous = -1;

	reserve(step, frame, step->frame->n, step->frame->n);
	for (int i = 0; i < step->frame->n; i++)
	{
		if (rows->is_null && rows->is_null[i])
		{
			frame->map[i] = -1;
			continue;
		}

		/* without a branch on whether this row differs: that is a coin toss */
		n += rows->value[i] != previous;
		previous = frame->row[n - 1] = rows->value[i];
		frame->map[i] = n - 1;
	}
	frame->n = n;
}

void
spindle_run_fill_children(Step *step)
{
	Frame	   *frame = step->sub;
	SpindleLayoutCursor *cursor = step->state;
	int64		n = 0;

	reserve(step, frame, 0, step->frame->n + 1);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		first;
		int			count = spindle_layout_children(cursor, step->frame->row[i], &first);

		if (n + count > frame->capacity)
			grow_children(step, frame, n, n + count);
		frame->map[i] = (int32) n;
		for (int k = 0; k < count; k++)
		{
			frame->owner[n] = i;
			frame->row[n++] = first + k;
		}
	}
	frame->map[step->frame->n] = (int32) n;
	frame->n = (int) n;
}

/* Bring values from the parents that a frame of children was made for. */
void
spindle_run_gather_owner(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const int32 *owner = step->frame->owner;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = in->value[owner[i]];
	if (!step->has_nulls)
		return;
	for (int i = 0; i < step->frame->n; i++)
		step->out.is_null[i] = in->is_null && in->is_null[owner[i]];
}

/* Bring values from a frame of parents to the rows that refer to them. */
void
spindle_run_gather(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const int32 *map = step->sub->map;

	for (int i = 0; i < step->frame->n; i++)
	{
		int32		k = map[i];

		step->out.value[i] = k < 0 ? 0 : in->value[k];
		if (step->has_nulls)
			step->out.is_null[i] = k < 0 || (in->is_null && in->is_null[k]);
	}
}

/* Row numbers to values of a key that counts rows. */
void
spindle_run_key(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = step->number + step->number2 * in->value[i];
	if (step->has_nulls)
	{
		if (in->is_null)
			memcpy(step->out.is_null, in->is_null, step->frame->n);
		else
			memset(step->out.is_null, 0, step->frame->n);
	}
}
