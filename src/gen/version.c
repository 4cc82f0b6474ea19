/*-------------------------------------------------------------------------
 *
 * version.c
 *		Rows as they are at a time.
 *
 * Versions are counted from the end: what a row shows today is its last version,
 * and with j changes still to come a column has the value of j versions before.
 * How many are to come is told by the row's states (states.c) and clocks (clock.c);
 * here is what becomes of a column then.
 *
 * Rows at a time are a frame of their own.  Columns that never change are computed
 * in the frame of today, in the same places.  A column that is drawn anew is
 * computed by its own rule in a frame of counters, row | j << 50, in place of rows:
 * with nothing to come, these are the rows, and the value is that of today.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/* Can a frame have other rows at other times of the program's rows? */
static inline bool
is_frame_of_time(const Frame *frame)
{
	return frame->fill && frame->fill->of_time;
}

/*
 * spindle_step_is_of_time
 *		Does what a step computes follow from the times of the program's rows, by the
 *		rows of its frame or by what it reads?
 */
bool
spindle_step_is_of_time(const Step *step)
{
	if (is_frame_of_time(step->frame) || (step->holds == STEP_HOLDS_FRAME && is_frame_of_time(step->u.frame.sub)))
		return true;
	for (int k = 0; k < step->ninputs; k++)
		if (step->input[k] && step->input[k]->of_time)
			return true;
	return false;
}

/* The rows of today, at another time. */
static void
run_share_today(Step *step)
{
	Frame	   *frame = step->u.frame.sub;

	Assert(step->holds == STEP_HOLDS_FRAME);
	frame->row = frame->today->row;
	frame->n = frame->today->n;
	frame->capacity = frame->today->capacity;
}

/*
 * spindle_frame_at
 *		The frame of the rows of another one, in the same places, at the times that
 *		a step computes for them.
 */
Frame *
spindle_frame_at(SpindleEval *eval, Frame *today, Step *time)
{
	Frame	   *frame = spindle_frame_add(eval, today->table, today->base);
	Step	   *share = spindle_step_add(eval, today, run_share_today, NULL, false, 0);

	frame->today = today;
	frame->time = time;
	share->holds = STEP_HOLDS_FRAME;
	share->u.frame.sub = frame;
	spindle_step_finish(eval, share);
	return frame;
}

/*
 * spindle_column_has_versions
 *		Can a column of a table be another one at another time?
 */
bool
spindle_column_has_versions(const SpindleTable *table, int column)
{
	const SpindleLifecycle *lifecycle = table->lifecycle;

	return (lifecycle->states && lifecycle->states->column == column) ||
		(lifecycle->nsets > 0 && lifecycle->set_of_column[column] >= 0) ||
		spindle_rule_steps_of(table->column[column].rule)->of_version;
}

/* How many changes of a set are still to come for the rows of a frame. */
static Step *
compile_to_come(SpindleEval *eval, Frame *frame, const SpindleLifecycle *lifecycle, const SpindleSet *set)
{
	if (set->by == SPINDLE_SET_BY_STATES)
		return spindle_compile_steps_to_come(eval, frame, (int) (set - lifecycle->set));
	return spindle_compile_clock(eval, frame, set->by);
}

/* Input: how many changes are to come. */
static void
run_counters(Step *step)
{
	Frame	   *frame = step->u.frame.sub;
	const int64 *to_come = step->input[0]->out.value;
	const int	n = step->frame->n;

	Assert(step->holds == STEP_HOLDS_FRAME);
	spindle_frame_reserve(frame, n, 0);
	for (int i = 0; i < n; i++)
		frame->row[i] = step->frame->row[i] | to_come[i] << SPINDLE_VERSION_SHIFT;
	frame->n = n;
}

/* The frame of counters for what is drawn anew with each change; made on first use. */
static Frame *
frame_of_counters(SpindleEval *eval, Frame *frame, Step *to_come)
{
	ListCell   *lc;
	Frame	   *counters;
	Step	   *fill;

	foreach(lc, eval->frames)
	{
		counters = lfirst(lc);
		if (counters->redrawn == frame && counters->time == to_come)
			return counters;
	}
	counters = spindle_frame_add(eval, frame->table, frame);
	counters->redrawn = frame;
	counters->time = to_come;
	fill = spindle_step_add(eval, frame, run_counters, NULL, false, 1);
	fill->input[0] = to_come;
	fill->holds = STEP_HOLDS_FRAME;
	fill->u.frame.sub = counters;
	spindle_step_finish(eval, fill);
	return counters;
}

/*
 * spindle_frame_of_version
 *		The frame in which the own rule of a column, which has versions, is computed
 *		for a frame of rows at a time: with the same rows, or counters for their
 *		draws, in the same places.
 */
Frame *
spindle_frame_of_version(SpindleEval *eval, Frame *frame, int column)
{
	const SpindleLifecycle *lifecycle = table_of(eval, frame)->lifecycle;
	const int	s = lifecycle->nsets > 0 ? lifecycle->set_of_column[column] : -1;

	if (s < 0 || lifecycle->set[s].kind != SPINDLE_SET_REDRAW)
		return frame;
	return frame_of_counters(eval, frame, compile_to_come(eval, frame, lifecycle, &lifecycle->set[s]));
}

/* What a step back computes with, beside its inputs. */
typedef struct Back
{
	const SpindleSet *set;
	const SpindleRule *rule;	/* of the column */
	const SpindleType *type;
	double		unit;			/* of the column's values: 10^scale */
	double		least;
	double		most;
} Back;

/* The counter of the draw for the step back over a change, the last one being 1. */
static inline uint64
counter_of(int64 row, int64 change)
{
	return (uint64) row | (uint64) change << SPINDLE_VERSION_SHIFT;
}

/* Steps back that are drawn together, row by row. */
typedef struct StepsBack
{
	int			n;
	int64		counter[SPINDLE_DRAWS];
	int			row[SPINDLE_DRAWS]; /* whose number changes */
} StepsBack;

/* Take steps back, which are none then; x has the numbers of the rows. */
static void
step_back(SpindleKey key, const Back *back, StepsBack *steps, double *x)
{
	uint64		draw[SPINDLE_DRAWS];
	double		by[SPINDLE_DRAWS];

	/* a row can have thousands, and a batch millions */
	CHECK_FOR_INTERRUPTS();
	spindle_draws(key, steps->counter, steps->n, draw);
	spindle_dist_samples(&back->set->dist, draw, steps->n, by);
	for (int k = 0; k < steps->n; k++)
	{
		double	   *number = &x[steps->row[k]];
		const double moved = back->set->is_factor ? *number / by[k] : *number - by[k];

		*number = Max(back->least, Min(moved, back->most));
	}
	steps->n = 0;
}

/* Inputs: the value today, and how many changes are to come. */
static void
run_walk(Step *step)
{
	const Back *back = step->u.own;
	const SpindleVector *today = &step->input[0]->out;
	const int64 *to_come = step->input[1]->out.value;
	const int64 *row = step->frame->row;
	StepsBack	steps;
	double		x[SPINDLE_DRAWS];

	copy_nulls(step, today);
	steps.n = 0;
	for (int done = 0; done < step->frame->n; done += SPINDLE_DRAWS)
	{
		const int	n = Min(SPINDLE_DRAWS, step->frame->n - done);

		for (int i = 0; i < n; i++)
		{
			const int64 changes = today->is_null && today->is_null[done + i] ? 0 : to_come[done + i];

			if (changes > 0)
				x[i] = spindle_value_number(back->type->kind, back->unit, today->value[done + i]);
			for (int64 k = 1; k <= changes; k++)
			{
				if (steps.n == SPINDLE_DRAWS)
					step_back(step->key, back, &steps, x);
				steps.counter[steps.n] = (int64) counter_of(row[done + i], k);
				steps.row[steps.n++] = i;
			}
		}
		step_back(step->key, back, &steps, x);
		for (int i = 0; i < n; i++)
		{
			step->out.value[done + i] = today->value[done + i];
			if (to_come[done + i] > 0 && !(today->is_null && today->is_null[done + i]))
				step->out.value[done + i] = spindle_number_value(back->rule, x[i]);
		}
	}
}

/* Inputs: the value today, and how many changes are to come. */
static void
run_chain(Step *step)
{
	const Back *back = step->u.own;
	const SpindleSet *set = back->set;
	const SpindleVector *today = &step->input[0]->out;
	const int64 *to_come = step->input[1]->out.value;

	copy_nulls(step, today);
	for (int i = 0; i < step->frame->n; i++)
	{
		int			at = 0;

		step->out.value[i] = today->value[i];
		if (to_come[i] == 0 || (today->is_null && today->is_null[i]))
			continue;
		while (at < set->nvalues && !spindle_values_equal(back->type, set->value[at], today->value[i]))
			at++;
		if (at == set->nvalues)
			continue;
		for (int64 k = 1; k <= to_come[i] && set->back[at]; k++)
			at = (int) spindle_alias_pick(set->back[at],
										  spindle_draw(step->key, counter_of(step->frame->row[i], k)));
		step->out.value[i] = set->value[at];
	}
}

/* Inputs: the value today, how many changes are to come, and the value before the last one. */
static void
run_before_last(Step *step)
{
	const int64 *to_come = step->input[1]->out.value;

	for (int i = 0; i < step->frame->n; i++)
	{
		const SpindleVector *in = &step->input[to_come[i] > 0 ? 2 : 0]->out;

		step->out.value[i] = in->value[i];
		if (step->has_nulls)
			step->out.is_null[i] = in->is_null && in->is_null[i];
	}
}

/* The values of a set that begins with those of today. */
static Step *
compile_from_today(SpindleEval *eval, Frame *frame, const SpindleSet *set)
{
	const SpindleColumn *column = &table_of(eval, frame)->column[set->column];
	Step	   *today = spindle_compile_column(eval, frame->today, set->column);
	Step	   *to_come = compile_to_come(eval, frame, table_of(eval, frame)->lifecycle, set);
	Step	   *other = NULL;
	Step	   *step;
	Back	   *back = palloc0(sizeof(Back));

	if (set->kind == SPINDLE_SET_TO)
		other = spindle_compile_rule(eval, frame, set->rule, 0);
	step = spindle_step_add(eval, frame, other ? run_before_last : set->kind == SPINDLE_SET_WALK ? run_walk : run_chain,
							NULL, today->has_nulls || (other && other->has_nulls), 3);
	step->input[0] = today;
	step->input[1] = to_come;
	step->input[2] = other;
	step->key = spindle_instance_key(eval->instance, set->label);
	back->set = set;
	back->rule = column->rule;
	back->type = &column->type;
	back->unit = (double) spindle_power_of_ten(column->type.scale);
	back->least = spindle_value_number(column->type.kind, back->unit, set->least);
	back->most = spindle_value_number(column->type.kind, back->unit, set->most);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = back;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_compile_version
 *		The values of a column that has versions, for a frame of rows at a time.
 *
 * Of columns that refer to rows, spindle_frame_of_version() says where these are
 * chosen.
 */
Step *
spindle_compile_version(SpindleEval *eval, Frame *frame, int column)
{
	const SpindleLifecycle *lifecycle = table_of(eval, frame)->lifecycle;
	const SpindleColumn *c = &table_of(eval, frame)->column[column];
	const SpindleSet *set = NULL;
	Step	   *step;

	if (lifecycle->states && lifecycle->states->column == column)
		return spindle_compile_state(eval, frame);
	if (lifecycle->nsets > 0 && lifecycle->set_of_column[column] >= 0)
		set = &lifecycle->set[lifecycle->set_of_column[column]];
	if (set && set->kind != SPINDLE_SET_REDRAW && set->kind != SPINDLE_SET_FOLLOW)
		return compile_from_today(eval, frame, set);
	frame = spindle_frame_of_version(eval, frame, column);
	step = spindle_compile_rule(eval, frame, c->rule, 0);
	return spindle_compile_nulls(eval, frame, step, c->rule, c->null_fraction);
}
