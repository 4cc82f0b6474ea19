/*-------------------------------------------------------------------------
 *
 * rule_version.c
 *		The steps of rules that follow from the lives of rows.
 *
 * "entered", "changed" and "version" tell what has happened to a row up to the
 * time of the frame; for rows of today, all that ever will.  "copy" with "as_of"
 * looks at rows of another table at times of their own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"

#include "gen/eval_internal.h"

/* Times as days, rounded down also before 2000. */
static void
run_day(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = in->value[i] / USECS_PER_DAY - (in->value[i] % USECS_PER_DAY < 0);
	copy_nulls(step, in);
}

/* A step's times as values of the type of a rule: themselves, or their days. */
static Step *
compile_time_value(SpindleEval *eval, Frame *frame, const SpindleRule *rule, Step *time)
{
	Step	   *step;

	if (spindle_type_is_timestamp(rule->type))
		return time;
	step = spindle_step_add(eval, frame, run_day, rule, time->has_nulls, 1);
	step->input[0] = time;
	return spindle_step_finish(eval, step);
}

static Step *
compile_entered(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return compile_time_value(eval, frame, rule, spindle_compile_entered(eval, frame, rule->entered.state));
}

const SpindleRuleSteps spindle_rule_steps_entered = {
	.compile = compile_entered,
	.of_version = true,
};

static Step *
compile_changed(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return compile_time_value(eval, frame, rule, spindle_compile_changed(eval, frame));
}

const SpindleRuleSteps spindle_rule_steps_changed = {
	.compile = compile_changed,
	.of_version = true,
};

static Step *
compile_version(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_compile_version_number(eval, frame);
}

const SpindleRuleSteps spindle_rule_steps_version = {
	.compile = compile_version,
	.of_version = true,
};

/*
 * The rows that a step refers to, each in the place of the row that refers to it;
 * where it refers to none, the first one.  There are none if the table is empty.
 */
static void
run_fill_rows(Step *step)
{
	Frame	   *frame = step->u.frame.sub;
	const SpindleVector *rows = &step->input[0]->out;
	const int	n = step->frame->n;

	Assert(step->holds == STEP_HOLDS_FRAME);
	spindle_frame_reserve(frame, n, 0);
	for (int i = 0; i < n; i++)
		frame->row[i] = rows->is_null && rows->is_null[i] ? 0 : rows->value[i];
	frame->n = n;
	for (int i = 0; i < n && rows->is_null; i++)
		if (!rows->is_null[i])
			return;
	if (rows->is_null)
		frame->n = 0;
}

/* Inputs: the time that is asked for, and the insert, before which a row is as it was then. */
static void
run_not_before(Step *step)
{
	const Timestamp *time = step->input[0]->out.value;
	const Timestamp *insert = step->input[1]->out.value;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = Max(time[i], insert[i]);
}

/* Inputs: the rows, the time as a value of its path, and what is copied. */
static void
run_copy_as_of(Step *step)
{
	const Frame *sub = step->u.frame.sub;
	const SpindleVector *rows = &step->input[0]->out;
	const SpindleVector *time = &step->input[1]->out;
	const SpindleVector *in = &step->input[2]->out;

	Assert(step->holds == STEP_HOLDS_FRAME);
	for (int i = 0; i < step->frame->n; i++)
	{
		const bool	is_null = sub->n == 0 || (rows->is_null && rows->is_null[i]) ||
			(time->is_null && time->is_null[i]) || (in->is_null && in->is_null[i]);

		step->out.value[i] = is_null ? 0 : in->value[i];
		if (step->has_nulls)
			step->out.is_null[i] = is_null;
	}
}

static Step *
compile_copy_as_of(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const SpindleColumnRef *ref = &rule->copy_as_of.ref;
	const SpindleColumnRef last = {.nsteps = ref->nsteps - 1,.step = ref->step,.column = ref->step[ref->nsteps - 1]};
	Step	   *rows = spindle_compile_path(eval, frame, &last, 0, true);
	Step	   *path = spindle_compile_path(eval, frame, &rule->copy_as_of.time.ref, 0, false);
	Step	   *time = spindle_compile_time(eval, frame, &rule->copy_as_of.time, DT_NOEND);
	Frame	   *today = spindle_frame_add(eval, ref->table, NULL);
	Step	   *fill = spindle_step_add(eval, frame, run_fill_rows, NULL, false, 1);
	Step	   *insert;
	Step	   *not_before;
	Step	   *value;
	Step	   *step;

	fill->input[0] = rows;
	fill->holds = STEP_HOLDS_FRAME;
	fill->u.frame.sub = today;
	spindle_step_finish(eval, fill);
	insert = spindle_compile_life(eval, today, LIFE_INSERT);
	not_before = spindle_step_add(eval, today, run_not_before, NULL, false, 2);
	not_before->input[0] = time;
	not_before->input[1] = insert;
	spindle_step_finish(eval, not_before);
	value = spindle_compile_column(eval, spindle_frame_at(eval, today, not_before), ref->column);
	step = spindle_step_add(eval, frame, run_copy_as_of, NULL, rows->has_nulls || path->has_nulls || value->has_nulls, 3);
	step->input[0] = rows;
	step->input[1] = path;
	step->input[2] = value;
	step->holds = STEP_HOLDS_FRAME;
	step->u.frame.sub = today;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_copy_as_of = {
	.compile = compile_copy_as_of,
};
