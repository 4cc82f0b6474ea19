/*-------------------------------------------------------------------------
 *
 * clock.c
 *		Changes of rows that lie spread over the range.
 *
 * A clock is a table that nobody sees, in two orders: by row it is laid out as
 * children are, by time it is a timeline, and a keyed permutation leads from one
 * to the other.  So the changes of a row are found without those of others, and
 * those of a time too, and nothing is kept.
 *
 * Ranks compare as times do, so how many changes of a row are still to come at a
 * time takes no times, but one count of ranks up to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/clock.h"
#include "gen/eval_internal.h"
#include "gen/moments.h"
#include "math/draws.h"

/* Labels of the draws of a clock. */
#define LABEL_LAYOUT		1
#define LABEL_TIMELINE		2
#define LABEL_PERMUTATION	3

/*
 * spindle_instance_clock
 *		A clock of a table, by its number, made on first use and kept by the
 *		instance.
 */
const SpindleClockState *
spindle_instance_clock(SpindleInstance *instance, int table, int clock)
{
	const SpindleLifecycle *lifecycle = instance->domain->table[table].lifecycle;
	const SpindleClock *model = &lifecycle->clock[clock];
	const SpindleKey key = spindle_instance_key(instance, model->label);
	MemoryContext oldcontext = MemoryContextSwitchTo(instance->context);
	SpindleClockState *state;

	if (instance->clock[table] == NULL)
		instance->clock[table] = palloc0(sizeof(SpindleClockState *) * lifecycle->nclocks);
	state = instance->clock[table][clock];
	if (state == NULL)
	{
		state = palloc0(sizeof(SpindleClockState));
		state->layout = spindle_layout_create(model->layout, spindle_key_derive(key, LABEL_LAYOUT),
											  instance->nrows[table]);
		state->n = state->layout->nchildren;
		state->timeline = spindle_timeline_create(model->calendar, spindle_key_derive(key, LABEL_TIMELINE), state->n,
												  false);
		spindle_permutation_init(&state->permutation, spindle_key_derive(key, LABEL_PERMUTATION), Max(state->n, 1));
		instance->clock[table][clock] = state;
	}
	MemoryContextSwitchTo(oldcontext);
	return state;
}

/*
 * spindle_clock_cursor_init
 *		A cursor that has read nothing yet.
 */
void
spindle_clock_cursor_init(SpindleClockCursor *cursor, const SpindleClockState *clock)
{
	cursor->clock = clock;
	spindle_layout_cursor_init(&cursor->layout, clock->layout);
	spindle_timeline_cursor_init(&cursor->timeline, clock->timeline);
	cursor->count = -1;
}

/*
 * spindle_clock_count_until
 *		How many changes there are up to a time, inclusive, of all rows together:
 *		exactly those with a rank below the result.
 */
int64
spindle_clock_count_until(SpindleClockCursor *cursor, Timestamp time)
{
	const int64 n = cursor->clock->n;
	int64		count;

	if (n == 0 || time == DT_NOEND)
		return n;
	if (time == DT_NOBEGIN)
		return 0;
	if (cursor->count >= 0 && cursor->counted == time)
		return cursor->count;

	/* a few more may be there at the edge of a group of the timeline */
	count = spindle_timeline_count_until(&cursor->timeline, time);
	while (count < n && spindle_clock_time(cursor, count) <= time)
		count++;
	cursor->counted = time;
	cursor->count = count;
	return count;
}

/* A time of a batch, and whose it is. */
typedef struct TimeOfRow
{
	Timestamp	time;
	int			i;
} TimeOfRow;

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE TimeOfRow
#define ST_COMPARE(a, b) ((a)->time < (b)->time ? -1 : (a)->time > (b)->time)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* What a step counts with. */
typedef struct Counter
{
	SpindleClockCursor cursor;
	int			capacity;
	TimeOfRow  *time;
	MemoryContext context;
} Counter;

/*
 * Sets count[i] to how many changes there are up to time[i].  Times are looked up in
 * their order, as rows that come by their number have them in any.
 */
static void
count_until(Counter *counter, const Timestamp *time, int n, int64 *count)
{
	int			same = 1;

	/* as of a time, all have that */
	while (same < n && time[same] == time[0])
		same++;
	if (same >= n)
	{
		for (int i = 0; i < n; i++)
			count[i] = i > 0 ? count[0] : spindle_clock_count_until(&counter->cursor, time[0]);
		return;
	}
	if (n > counter->capacity)
	{
		counter->capacity = Max(n, SPINDLE_BATCH_ROWS);
		if (counter->time)
			pfree(counter->time);
		counter->time = MemoryContextAllocHuge(counter->context, sizeof(TimeOfRow) * counter->capacity);
	}
	for (int i = 0; i < n; i++)
		counter->time[i] = (TimeOfRow) {.time = time[i],.i = i};
	sort_times(counter->time, n);
	for (int i = 0; i < n; i++)
		count[counter->time[i].i] = spindle_clock_count_until(&counter->cursor, counter->time[i].time);
}

/* Changes whose ranks are found together, row by row. */
typedef struct Changes
{
	int			n;
	int64		change[SPINDLE_DRAWS];	/* by row */
	int			row[SPINDLE_DRAWS]; /* place of its row */
} Changes;

/* Count those of some changes, which are none then, that are not among the ranks before until. */
static void
count_to_come(const SpindlePermutation *permutation, Changes *changes, const int64 *until, int64 *count)
{
	int64		rank[SPINDLE_DRAWS];

	/* a row can have thousands, and a batch millions */
	CHECK_FOR_INTERRUPTS();
	spindle_permute_many(permutation, NULL, changes->change, changes->n, rank);
	for (int k = 0; k < changes->n; k++)
		count[changes->row[k]] += rank[k] >= until[changes->row[k]];
	changes->n = 0;
}

/* Inputs: the time. */
static void
run_clock(Step *step)
{
	Counter    *counter = step->u.own;
	SpindleClockCursor *cursor = &counter->cursor;
	const SpindlePermutation *permutation = &cursor->clock->permutation;
	const Timestamp *time = step->input[0]->out.value;
	int64		until[SPINDLE_DRAWS];
	Changes		changes;

	count_until(counter, time, step->frame->n, step->out.value);
	changes.n = 0;
	for (int done = 0; done < step->frame->n; done += SPINDLE_DRAWS)
	{
		const int	rows = Min(SPINDLE_DRAWS, step->frame->n - done);
		int64	   *out = step->out.value + done;

		memcpy(until, out, sizeof(int64) * rows);
		memset(out, 0, sizeof(int64) * rows);
		for (int i = 0; i < rows; i++)
		{
			int64		first;
			int			n;

			if (time[done + i] == DT_NOEND)
				continue;
			n = spindle_layout_children(&cursor->layout, step->frame->row[done + i], &first);
			for (int k = 0; k < n; k++)
			{
				if (changes.n == SPINDLE_DRAWS)
					count_to_come(permutation, &changes, until, out);
				changes.change[changes.n] = first + k;
				changes.row[changes.n++] = i;
			}
		}
		count_to_come(permutation, &changes, until, out);
	}
}

/* What a step keeps that looks at the changes of one row after those of another one. */
typedef struct RowChanges
{
	SpindleMoments *moments;	/* of the rows, which know their changes */
	int			clock;
	int			i;				/* row of these that was looked at last */
} RowChanges;

/*
 * Input: the time.  The same as run_clock() by the times of each row's changes, which
 * are known where versions are expected.  Rows follow themselves at times that jump
 * there, and to count the ranks up to a time takes as long as ten times of changes.
 */
static void
run_clock_by_row(Step *step)
{
	RowChanges *changes = step->u.own;
	const Timestamp *time = step->input[0]->out.value;

	for (int i = 0; i < step->frame->n; i++)
	{
		const Timestamp *change;
		int			low = 0;
		int			high;
		int			n;

		changes->i = spindle_moments_find(changes->moments, step->frame->row[i], changes->i);
		high = n = spindle_moments_changes(changes->moments, changes->clock, changes->i, &change);
		while (low < high)
		{
			const int	middle = (low + high) / 2;

			if (change[middle] <= time[i])
				low = middle + 1;
			else
				high = middle;
		}
		step->out.value[i] = n - low;
	}
}

/* The same as spindle_compile_clock() where versions are expected. */
static Step *
compile_clock_by_row(SpindleEval *eval, Frame *frame, Step *time, int clock)
{
	RowChanges *changes = palloc0(sizeof(RowChanges));
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->run == run_clock_by_row && eval->step[i]->input[0] == time &&
			((RowChanges *) eval->step[i]->u.own)->clock == clock)
			return eval->step[i];
	step = spindle_step_add(eval, frame, run_clock_by_row, NULL, false, 1);
	step->input[0] = time;
	changes->moments = eval->moments;
	changes->clock = clock;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = changes;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_compile_clock
 *		How many changes of a clock are still to come for the rows of a frame, at
 *		their times.
 *
 * What lies behind a row's delete counts as well: what a row is at a time does not
 * depend on whether it is deleted later.
 */
Step *
spindle_compile_clock(SpindleEval *eval, Frame *frame, int clock)
{
	const SpindleClockState *state = spindle_instance_clock(eval->instance, frame->table, clock);
	Step	   *time = spindle_frame_time(eval, frame);
	Counter    *counter;
	Step	   *step;

	/* other rows of the table, as those that a row refers to, are not in the batch */
	if (eval->moments && frame == eval->top)
		return compile_clock_by_row(eval, frame, time, clock);

	/* columns that one clock sets share it */
	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->run == run_clock && eval->step[i]->input[0] == time &&
			((Counter *) eval->step[i]->u.own)->cursor.clock == state)
			return eval->step[i];
	step = spindle_step_add(eval, frame, run_clock, NULL, false, 1);
	step->input[0] = time;
	step->holds = STEP_HOLDS_OWN;
	counter = palloc0(sizeof(Counter));
	counter->context = eval->context;
	spindle_clock_cursor_init(&counter->cursor, state);
	step->u.own = counter;
	return spindle_step_finish(eval, step);
}
