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
#include "math/draws.h"

/* Children of one parent that are written at once. */
#define FEW_CHILDREN	4

/* The parent by the children's layout. */
void
spindle_run_parent(Step *step)
{
	SpindleLayoutCursor *cursor = step->state;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *out = step->out.value;

	for (int i = 0; i < n; i++)
		out[i] = spindle_layout_parent(cursor, row[i]);
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

	/* "after" gives NULL where no row came before, if the column may hold it */
	if (state->is_empty && n > 0 && !(step->after && step->rule->reference.may_miss))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s chooses among no rows at this scale", step->rule->path),
				 errhint("Give the table that is referred to at least one row.")));
	if (step->after)
	{
		/* the number of rows to choose from, where the choice will be */
		const SpindleVector time = step->input[0]->out;
		bool	   *pg_restrict is_null = step->out.is_null;

		for (int i = 0; i < n; i++)
		{
			bool		has_time = !(time.is_null && time.is_null[i]) && !state->is_empty;
			int64		count = has_time ? spindle_timeline_count_until(step->after, time.value[i]) : 0;

			out[i] = count;
			is_null[i] = count == 0;
		}
	}
	spindle_popularity_pick(state->popularity, step->frame->row, n, step->after ? out : NULL, out);
	if (state->choice && !state->is_empty)
		for (int i = 0; i < n; i++)
			out[i] = state->choice[out[i]];
}

/* One of the children of the row that another column refers to. */
void
spindle_run_among(Step *step)
{
	const SpindleVector *parent = &step->input[0]->out;

	spindle_layout_pick(step->state, step->key, step->frame->row, parent->value, parent->is_null, step->frame->n,
						step->out.value, step->out.is_null);
}

/* One of the rows whose period holds a time. */
void
spindle_run_containing(Step *step)
{
	const SpindleReferenceState *state = step->state;
	const SpindleVector time = step->input[0]->out;
	const SpindleVector out = step->out;
	const SpindleKey key = step->key;
	const SpindleKey null_key = spindle_key_derive(step->key, LABEL_NULLS);
	const uint64 threshold = spindle_threshold(step->fraction);
	const int64 *row = step->frame->row;
	const int	nrows = step->frame->n;
	Timestamp	from = 0;		/* times from here on ... */
	Timestamp	until = 0;		/* ... and before this have the rows open */
	const int64 *open = NULL;
	int			n = 0;			/* how many */
	uint64		nulls[SPINDLE_DRAWS];
	uint64		picks[SPINDLE_DRAWS];

	for (int i = 0; i < nrows; i++)
	{
		Timestamp	t = time.value[i];
		bool		is_null = spindle_next_draw(null_key, row, nrows, i, nulls) < threshold;
		uint64		pick = spindle_next_draw(key, row, nrows, i, picks);

		if (time.is_null && time.is_null[i])
		{
			out.is_null[i] = true;
			out.value[i] = 0;
			continue;
		}

		/* neighbours mostly have the same */
		if (t < from || t >= until)
		{
			int			at = 0; /* bounds that are <= t */
			int			high = state->nbounds;

			while (at < high)
			{
				int			middle = (at + high) / 2;

				if (state->bound[middle] <= t)
					at = middle + 1;
				else
					high = middle;
			}
			from = at > 0 ? state->bound[at - 1] : PG_INT64_MIN;
			until = at < state->nbounds ? state->bound[at] : PG_INT64_MAX;
			open = state->open + state->first_open[at];
			n = state->first_open[at + 1] - state->first_open[at];
		}
		if (n == 0)
		{
			out.is_null[i] = true;
			out.value[i] = 0;
			continue;
		}

		/* by a mask: whether a row is NULL is nothing to predict */
		out.is_null[i] = is_null;
		out.value[i] = open[spindle_below(pick, n)] & ((int64) is_null - 1);
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
	const SpindleVector rows = step->input[0]->out;
	const int	nrows = step->frame->n;
	int			n = 0;
	int64		previous = -1;
	int64	   *row;
	int32	   *map;

	reserve(step, frame, nrows, nrows);
	row = frame->row;
	map = frame->map;

	/*
	 * Without jumps on whether a row is NULL or differs from the one before:
	 * those are coin tosses.  We write every row and keep it by counting it.
	 */
	for (int i = 0; i < nrows; i++)
	{
		bool		is_null = rows.is_null && rows.is_null[i];
		bool		differs = !is_null & (rows.value[i] != previous);

		row[n] = rows.value[i];
		n += differs;
		previous = is_null ? previous : rows.value[i];
		map[i] = is_null ? -1 : n - 1;
	}
	frame->n = n;
}

void
spindle_run_fill_children(Step *step)
{
	Frame	   *frame = step->sub;
	SpindleLayoutCursor *cursor = step->state;
	const int	nparents = step->frame->n;
	const int64 *parent = step->frame->row;
	int64		n = 0;

	reserve(step, frame, 0, nparents + 1);
	for (int i = 0; i < nparents; i++)
	{
		int64		first;
		int			count = spindle_layout_children(cursor, parent[i], &first);
		int64	   *row;
		int32	   *owner;

		if (n + Max(count, FEW_CHILDREN) > frame->capacity)
			grow_children(step, frame, n, n + Max(count, FEW_CHILDREN));
		frame->map[i] = (int32) n;
		row = frame->row + n;
		owner = frame->owner + n;

		/* mostly they are few: a fixed number is written without jumps */
		for (int k = 0; k < FEW_CHILDREN; k++)
		{
			row[k] = first + k;
			owner[k] = i;
		}
		for (int k = FEW_CHILDREN; k < count; k++)
		{
			row[k] = first + k;
			owner[k] = i;
		}
		n += count;
	}
	frame->map[nparents] = (int32) n;
	frame->n = (int) n;
}

/* Bring values from the parents that a frame of children was made for. */
void
spindle_run_gather_owner(Step *step)
{
	const SpindleVector in = step->input[0]->out;
	const SpindleVector out = step->out;
	const int32 *owner = step->frame->owner;
	const int	n = step->frame->n;

	for (int i = 0; i < n; i++)
		out.value[i] = in.value[owner[i]];
	if (!step->has_nulls)
		return;
	for (int i = 0; i < n; i++)
		out.is_null[i] = in.is_null && in.is_null[owner[i]];
}

/* Bring values from a frame of parents to the rows that refer to them. */
void
spindle_run_gather(Step *step)
{
	const SpindleVector in = step->input[0]->out;
	const SpindleVector out = step->out;
	const int32 *map = step->sub->map;
	const int	n = step->frame->n;

	if (!step->has_nulls)
	{
		for (int i = 0; i < n; i++)
			out.value[i] = in.value[map[i]];
		return;
	}
	if (step->sub->n == 0)
	{
		memset(out.value, 0, sizeof(int64) * n);
		memset(out.is_null, true, n);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		/* what refers to nothing reads the first row, which is then masked */
		int32		none = map[i] >> 31;
		int32		k = map[i] & ~none;

		out.value[i] = in.value[k] & ~(int64) none;
		out.is_null[i] = none != 0 || (in.is_null && in.is_null[k]);
	}
}

/* Row numbers to values of a key that counts rows. */
void
spindle_run_key(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const int	n = step->frame->n;
	const int64 *pg_restrict rows = in->value;
	int64	   *pg_restrict out = step->out.value;
	const int64 start = step->number;
	const int64 by = step->number2;

	if (by == 1)
	{
		/* the usual key, for which the processor can add several at once */
		for (int i = 0; i < n; i++)
			out[i] = start + rows[i];
	}
	else
	{
		for (int i = 0; i < n; i++)
			out[i] = start + by * rows[i];
	}
	if (!step->has_nulls)
		return;
	if (in->is_null)
		memcpy(step->out.is_null, in->is_null, n);
	else
		memset(step->out.is_null, 0, n);
}
