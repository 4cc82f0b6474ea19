/*-------------------------------------------------------------------------
 *
 * life.c
 *		When rows are inserted, deleted, and come back.
 *
 * The times are functions of the row alone: none of them depends on the time at
 * which it is asked for.  All are microseconds since 2000-01-01 UTC; DT_NOBEGIN
 * stands for what was always so, DT_NOEND for what never happens.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "miscadmin.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/* A step that was made for a frame's rows. */
typedef struct LifeStep
{
	Frame	   *frame;
	LifePart	part;
	Step	   *step;
} LifeStep;

/*
 * spindle_frame_today
 *		The frame of the same rows, in the same places, as they are today.
 */
Frame *
spindle_frame_today(Frame *frame)
{
	if (frame->redrawn)
		frame = frame->redrawn;
	return frame->today ? frame->today : frame;
}

/* One time for all rows. */
static void
run_same_time(Step *step)
{
	Assert(step->holds == STEP_HOLDS_TIME_REF);
	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = step->u.time_ref.if_null;
}

static Step *
same_time(SpindleEval *eval, Frame *frame, Timestamp time)
{
	Step	   *step = spindle_step_add(eval, frame, run_same_time, NULL, false, 0);

	step->holds = STEP_HOLDS_TIME_REF;
	step->u.time_ref.if_null = time;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_frame_time
 *		The step with the times at which a frame's rows are looked at: DT_NOEND for
 *		those of today.
 */
Step *
spindle_frame_time(SpindleEval *eval, Frame *frame)
{
	if (frame->redrawn)
		frame = frame->redrawn;
	return frame->today ? frame->time : same_time(eval, frame, DT_NOEND);
}

/* Values of a path as times. */
static void
run_time_ref(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const int64 unit = step->u.time_ref.unit;

	Assert(step->holds == STEP_HOLDS_TIME_REF);
	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = in->is_null && in->is_null[i] ? step->u.time_ref.if_null : in->value[i] * unit;
}

/*
 * spindle_compile_time
 *		The time at the end of a path, for the rows of a frame as they are today;
 *		if_null where there is none.
 */
Step *
spindle_compile_time(SpindleEval *eval, Frame *frame, const SpindleTimeRef *ref, Timestamp if_null)
{
	Frame	   *today = spindle_frame_today(frame);
	Step	   *input = spindle_compile_path(eval, today, &ref->ref, 0, false);
	Step	   *step = spindle_step_add(eval, today, run_time_ref, NULL, false, 1);

	step->input[0] = input;
	step->holds = STEP_HOLDS_TIME_REF;
	step->u.time_ref.unit = ref->unit;
	step->u.time_ref.if_null = if_null;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_delay_draws
 *		Durations in microseconds, from 0 on, by the draws of n counters.
 */
void
spindle_delay_draws(const SpindleDelay *delay, SpindleKey key, const int64 *counter, int n, Timestamp *out)
{
	uint64		draw[SPINDLE_DRAWS];
	double		x[SPINDLE_DRAWS];

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);

		spindle_draws(key, counter + done, m, draw);
		spindle_dist_samples(&delay->dist, draw, m, x);
		for (int i = 0; i < m; i++)
			out[done + i] =
				(Timestamp) floor(Max(0.0, Min(x[i] * (double) delay->unit, (double) SPINDLE_MAX_DELAY)) + 0.5);
	}
}

/* When rows are inserted. */
static Step *
compile_insert(SpindleEval *eval, Frame *frame)
{
	const SpindleInsert *insert = &table_of(eval, frame)->lifecycle->insert;

	if (insert->kind == SPINDLE_INSERT_INITIAL)
		return same_time(eval, frame, DT_NOBEGIN);
	return spindle_compile_time(eval, frame, &insert->time, DT_NOBEGIN);
}

/*
 * Some of the times in input 0, later by a delay; DT_NOEND for the others, and where
 * that is not finite.
 */
static void
delay_some(Step *step, double fraction, uint64 label, const SpindleDelay *delay)
{
	const Timestamp *from = step->input[0]->out.value;
	const uint64 threshold = spindle_threshold(fraction);
	const SpindleKey choice_key = spindle_key_derive(step->key, label);
	const SpindleKey delay_key = spindle_key_derive(step->key, delay->label);
	int			place[SPINDLE_DRAWS];
	int64		row[SPINDLE_DRAWS];
	Timestamp	by[SPINDLE_DRAWS];

	for (int done = 0; done < step->frame->n; done += SPINDLE_DRAWS)
	{
		const int	end = Min(done + SPINDLE_DRAWS, step->frame->n);
		int			n = 0;

		for (int i = done; i < end; i++)
		{
			step->out.value[i] = DT_NOEND;
			row[n] = step->frame->row[i];
			place[n] = i;
			n += !TIMESTAMP_NOT_FINITE(from[i]) &&
				(fraction >= 1 || spindle_draw(choice_key, (uint64) row[n]) < threshold);
		}
		spindle_delay_draws(delay, delay_key, row, n, by);
		for (int k = 0; k < n; k++)
			step->out.value[place[k]] = from[place[k]] + by[k];
	}
}

/* Inputs: the time that the delay follows. */
static void
run_delete(Step *step)
{
	const SpindleDelete *delete = &step->u.lifecycle.of->delete;

	Assert(step->holds == STEP_HOLDS_LIFECYCLE);
	delay_some(step, delete->fraction, delete->label, &delete->after);
}

/* Inputs: when rows are deleted. */
static void
run_back(Step *step)
{
	const SpindleDelete *delete = &step->u.lifecycle.of->delete;

	Assert(step->holds == STEP_HOLDS_LIFECYCLE);
	delay_some(step, delete->back_fraction, delete->back_label, &delete->back_after);
}

/* The same time of the parents of the rows. */
static Step *
compile_of_parents(SpindleEval *eval, Frame *frame, LifePart part)
{
	const int	column = table_of(eval, frame)->parent_column;
	const SpindleColumnRef parent = {.table = frame->table,.column = column};
	Step	   *rows;
	Frame	   *sub;

	if (frame->child_table >= 0)
		return spindle_gather_owner(eval, frame, spindle_compile_life(eval, frame->base, part));
	rows = spindle_compile_path(eval, frame, &parent, 0, true);
	sub = spindle_frame_of_parents(eval, frame, rows, table_of(eval, frame)->rows_parent);
	return spindle_gather(eval, sub, spindle_compile_life(eval, sub, part));
}

/* When rows are deleted, or come back. */
static Step *
compile_end(SpindleEval *eval, Frame *frame, LifePart part)
{
	const SpindleLifecycle *lifecycle = table_of(eval, frame)->lifecycle;
	const SpindleDelete *delete = &lifecycle->delete;
	Step	   *input;
	Step	   *step;

	if (delete->kind == SPINDLE_DELETE_NONE || (delete->profile >= 0 && delete->profile != eval->profile))
		return same_time(eval, frame, DT_NOEND);
	if (delete->kind == SPINDLE_DELETE_WITH)
		return compile_of_parents(eval, frame, part);
	if (part == LIFE_BACK && delete->back_fraction <= 0)
		return same_time(eval, frame, DT_NOEND);
	if (part == LIFE_BACK)
		input = spindle_compile_life(eval, frame, LIFE_DELETE);
	else if (delete->from.unit > 0)
		input = spindle_compile_time(eval, frame, &delete->from, DT_NOEND);
	else if (delete->from_start)
		input = same_time(eval, frame, (Timestamp) eval->instance->domain->first_day * USECS_PER_DAY);
	else
		input = spindle_compile_life(eval, frame, LIFE_INSERT);
	step = spindle_step_add(eval, frame, part == LIFE_BACK ? run_back : run_delete, NULL, false, 1);
	step->key = eval->instance->key;
	step->input[0] = input;
	step->holds = STEP_HOLDS_LIFECYCLE;
	step->u.lifecycle.of = lifecycle;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_compile_life
 *		The step with a part of the lives of a frame's rows, made on first use.
 *
 * It does not depend on the frame's times.
 */
Step *
spindle_compile_life(SpindleEval *eval, Frame *frame, LifePart part)
{
	LifeStep   *made;
	ListCell   *lc;

	check_stack_depth();
	frame = spindle_frame_today(frame);
	foreach(lc, eval->life_steps)
	{
		made = lfirst(lc);
		if (made->frame == frame && made->part == part)
			return made->step;
	}
	made = palloc(sizeof(LifeStep));
	made->frame = frame;
	made->part = part;
	made->step = part == LIFE_INSERT ? compile_insert(eval, frame) :
		part == LIFE_STATES ? spindle_compile_states(eval, frame) : compile_end(eval, frame, part);
	eval->life_steps = lappend(eval->life_steps, made);
	return made->step;
}

/* Inputs: the time, and when the rows are inserted, deleted, and come back. */
static void
run_alive(Step *step)
{
	const Timestamp *time = step->input[0]->out.value;
	const Timestamp *insert = step->input[1]->out.value;
	const Timestamp *deleted = step->input[2]->out.value;
	const Timestamp *back = step->input[3]->out.value;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = insert[i] <= time[i] &&
			(deleted[i] == DT_NOEND || time[i] < deleted[i] || (back[i] != DT_NOEND && time[i] >= back[i]));
}

/*
 * spindle_compile_alive
 *		The step that tells which rows of a frame are there at their times, by 0
 *		and 1.
 */
Step *
spindle_compile_alive(SpindleEval *eval, Frame *frame)
{
	Step	   *input[4];
	Step	   *step;

	input[0] = spindle_frame_time(eval, frame);
	input[1] = spindle_compile_life(eval, frame, LIFE_INSERT);
	input[2] = spindle_compile_life(eval, frame, LIFE_DELETE);
	input[3] = spindle_compile_life(eval, frame, LIFE_BACK);
	step = spindle_step_add(eval, frame, run_alive, NULL, false, lengthof(input));
	memcpy(step->input, input, sizeof(input));
	return spindle_step_finish(eval, step);
}

/*
 * spindle_first_row_behind
 *		The first row of a table whose time at the end of a path is > time; the
 *		number of rows if there is none.
 *
 * The path leads over parents to a column that rises with the row number, so the
 * time does too.  time is finite.
 */
int64
spindle_first_row_behind(SpindleInstance *instance, int table, const SpindleTimeRef *ref, Timestamp time)
{
	int64		value = time / ref->unit - (time % ref->unit < 0);
	int			tables[SPINDLE_MAX_TABLES];
	int			n = 0;
	int64		row;

	for (int i = 0; i < ref->ref.nsteps; i++)
	{
		tables[n++] = table;
		table = instance->domain->table[table].rows_parent;
	}
	row = instance->nrows[table] == 0 ? 0 :
		spindle_instance_first_row_at(instance, table, ref->ref.column, value, false);
	while (n > 0)
	{
		n--;
		row = spindle_instance_first_child(instance, tables[n], row);
	}
	return row;
}

/*
 * spindle_alive_end
 *		A row behind which no row of a table is there at a time or before; the
 *		number of rows if nothing is known.
 */
int64
spindle_alive_end(SpindleInstance *instance, int table, Timestamp time)
{
	const SpindleInsert *insert = &instance->domain->table[table].lifecycle->insert;
	Timestamp	base;

	if (insert->kind == SPINDLE_INSERT_INITIAL || time == DT_NOEND)
		return instance->nrows[table];
	if (time == DT_NOBEGIN)
		return insert->time.may_be_null ? instance->nrows[table] : 0;
	if (insert->rises)
		return spindle_first_row_behind(instance, table, &insert->time, time);

	/* where there is no such base, as the time is among the last ones, all may be there */
	if (insert->has_base && !insert->time.may_be_null && !pg_sub_s64_overflow(time, insert->shortest, &base))
		return spindle_first_row_behind(instance, table, &insert->base, base);
	return instance->nrows[table];
}
