/*-------------------------------------------------------------------------
 *
 * past.c
 *		What has happened to rows up to a time: how often, and when last.
 *
 * Things that happen to a row at one microsecond by its states count once, those by
 * clocks each.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/clock.h"
#include "gen/eval_internal.h"

/* Inputs of a step, in this order. */
enum
{
	INPUT_TIME,
	INPUT_INSERT,
	INPUT_BACK,
	INPUT_STATES,				/* NULL without states */
	NINPUTS
};

/*
 * The clocks of a table.  Times of inserts are counted with cursors of their own: both
 * kinds of times have neighbours in a batch, but not each other.
 */
typedef struct Past
{
	int			nclocks;
	SpindleClockCursor *clock;
	SpindleClockCursor *insert_clock;
} Past;

/* Note that something has happened to a row, which was inserted before, if it was before time. */
static inline void
note(Timestamp when, Timestamp insert, Timestamp time, Timestamp *last, int64 *n)
{
	if (when > time || when <= insert)
		return;
	*last = Max(*last, when);
	(*n)++;
}

/*
 * The same for all changes of a row by a clock.  Ranks compare as times do; only the
 * time of the last one is looked up.
 */
static void
look_back_clock(SpindleClockCursor *cursor, SpindleClockCursor *insert_cursor, int64 row, Timestamp insert,
				Timestamp time, Timestamp *last, int64 *n)
{
	int64		first;
	const int	nchanges = spindle_layout_children(&cursor->layout, row, &first);
	int64		from;
	int64		until;
	int64		latest = -1;

	if (nchanges == 0)
		return;

	/* a row can have thousands, and a batch millions */
	CHECK_FOR_INTERRUPTS();
	from = spindle_clock_count_until(insert_cursor, insert);
	until = spindle_clock_count_until(cursor, time);
	for (int k = 0; k < nchanges; k++)
	{
		const int64 rank = spindle_clock_rank(cursor, first + k);

		if (rank < from || rank >= until)
			continue;
		latest = Max(latest, rank);
		(*n)++;
	}
	if (latest >= 0)
		*last = Max(*last, spindle_clock_time(cursor, latest));
}

/*
 * What has happened to the i'th row of a step: returns how often, the insert being
 * once, and sets *last.
 */
static int64
look_back(Step *step, int i, Timestamp *last)
{
	Past	   *past = step->u.own;
	const Timestamp time = step->input[INPUT_TIME]->out.value[i];
	const Timestamp insert = step->input[INPUT_INSERT]->out.value[i];
	const Timestamp back = step->input[INPUT_BACK]->out.value[i];
	int64		n = 1;

	*last = insert;
	if (back != DT_NOEND)
		note(back, insert, time, last, &n);
	if (step->input[INPUT_STATES])
	{
		const Timestamp *moment;
		const int	nmoments = spindle_states_moments(step->input[INPUT_STATES], i, true, &moment);

		for (int k = 0; k < nmoments; k++)
			if (k == 0 || moment[k] != moment[k - 1])
				note(moment[k], insert, time, last, &n);
	}
	for (int c = 0; c < past->nclocks; c++)
		look_back_clock(&past->clock[c], &past->insert_clock[c], step->frame->row[i], insert, time, last, &n);
	return n;
}

static void
run_changed(Step *step)
{
	for (int i = 0; i < step->frame->n; i++)
	{
		Timestamp	last;

		(void) look_back(step, i, &last);
		step->out.value[i] = last;
		step->out.is_null[i] = TIMESTAMP_NOT_FINITE(last);
	}
}

static void
run_version_number(Step *step)
{
	for (int i = 0; i < step->frame->n; i++)
	{
		Timestamp	last;

		step->out.value[i] = look_back(step, i, &last);
	}
}

/* A step that looks back from the times of a frame's rows. */
static Step *
compile_past(SpindleEval *eval, Frame *frame, StepFunction run, bool has_nulls)
{
	const SpindleLifecycle *lifecycle = table_of(eval, frame)->lifecycle;
	Past	   *past = palloc(sizeof(Past));
	Step	   *input[NINPUTS];
	Step	   *step;

	input[INPUT_TIME] = spindle_frame_time(eval, frame);
	input[INPUT_INSERT] = spindle_compile_life(eval, frame, LIFE_INSERT);
	input[INPUT_BACK] = spindle_compile_life(eval, frame, LIFE_BACK);
	input[INPUT_STATES] = lifecycle->states ? spindle_compile_life(eval, frame, LIFE_STATES) : NULL;
	past->nclocks = lifecycle->nclocks;
	past->clock = palloc(sizeof(SpindleClockCursor) * Max(past->nclocks, 1));
	past->insert_clock = palloc(sizeof(SpindleClockCursor) * Max(past->nclocks, 1));
	for (int c = 0; c < past->nclocks; c++)
	{
		const SpindleClockState *clock = spindle_instance_clock(eval->instance, frame->table, c);

		spindle_clock_cursor_init(&past->clock[c], clock);
		spindle_clock_cursor_init(&past->insert_clock[c], clock);
	}
	step = spindle_step_add(eval, frame, run, NULL, has_nulls, NINPUTS);
	memcpy(step->input, input, sizeof(input));
	step->holds = STEP_HOLDS_OWN;
	step->u.own = past;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_compile_changed
 *		When something last happened to the rows of a frame, up to their times; NULL
 *		for rows that are there from the start and have not changed.
 */
Step *
spindle_compile_changed(SpindleEval *eval, Frame *frame)
{
	return compile_past(eval, frame, run_changed, true);
}

/*
 * spindle_compile_version_number
 *		The number of the version that the rows of a frame have at their times, from
 *		1.
 *
 * It rises with every change.  What happens to a row and changes nothing, such as a
 * price that stays the same, has a number too.
 */
Step *
spindle_compile_version_number(SpindleEval *eval, Frame *frame)
{
	return compile_past(eval, frame, run_version_number, false);
}
