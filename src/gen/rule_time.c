/*-------------------------------------------------------------------------
 *
 * rule_time.c
 *		The steps of the rule "time".
 *
 * Times that are in no order are drawn one by one from the rule's calendar;
 * ordered ones are those of a timeline that the instance keeps.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/* Days beyond any calendar, whose microseconds still fit 64 bits. */
#define MAX_DAY		INT64CONST(10000000)

/*
 * A timestamp as a value of the rule's type: itself, or the day it lies in,
 * rounded down also before 2000.
 */
static inline int64
time_value(const SpindleRule *rule, Timestamp t)
{
	if (!spindle_type_is_timestamp(rule->type))
		return t >= 0 ? t / USECS_PER_DAY : -((USECS_PER_DAY - 1 - t) / USECS_PER_DAY);
	return t;
}

/* A draw is a mass of the calendar. */
static void
times_of_draws(const SpindleRule *rule, const uint64 *draw, int n, int64 *out)
{
	spindle_calendar_times(rule->time.calendar, draw, n, out);
	for (int i = 0; i < n; i++)
		out[i] = time_value(rule, out[i]);
}

/* A time for each row. */
static void
run_time(Step *step)
{
	const int	n = step->frame->n;

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(step->key, step->frame->row + done, m, draw);
		times_of_draws(step->rule, draw, m, step->out.value + done);
	}
}

/*
 * The times of a timeline, whose rows are those of the table.  Rows of one
 * group are read from the cursor without a call.
 */
static void
run_ordered_time(Step *step)
{
	SpindleTimelineCursor *cursor = step->u.timeline;
	const int	n = step->frame->n;
	const int64 *pg_restrict row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;
	int64		first = 0;		/* rows of the group that is decoded */
	int64		end = 0;

	Assert(step->holds == STEP_HOLDS_TIMELINE);
	for (int i = 0; i < n; i++)
	{
		if (row[i] < first || row[i] >= end)
		{
			out[i] = spindle_timeline_look_up(cursor, row[i]);
			first = cursor->first_row;
			end = first + cursor->count;
			continue;
		}
		out[i] = cursor->time[row[i] - first];
	}
	if (!spindle_type_is_timestamp(step->rule->type))
		for (int i = 0; i < n; i++)
			out[i] = time_value(step->rule, out[i]);
}

/* Ordered times are a column's own rule, so their rows are those of its table. */
static Step *
compile_time(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = spindle_step_add(eval, frame, rule->time.ordered ? run_ordered_time : run_time, rule, false, 0);

	if (rule->time.ordered)
	{
		step->holds = STEP_HOLDS_TIMELINE;
		step->u.timeline = palloc(sizeof(SpindleTimelineCursor));
		spindle_timeline_cursor_init(step->u.timeline,
									 spindle_instance_timeline(eval->instance, frame->table, rule));
	}
	return spindle_step_finish(eval, step);
}

/*
 * See SpindleRuleSteps: by a walk in the timeline, then over the few rows of
 * which the count is not sure.
 */
static int64
first_row_of_time(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, bool inclusive)
{
	int64		low;
	int64		high = instance->nrows[table];
	SpindleTimelineCursor cursor;

	if (high == 0)
		return 0;
	spindle_timeline_cursor_init(&cursor, spindle_instance_timeline(instance, table, rule));
	if (!spindle_type_is_timestamp(rule->type))
	{
		/* the first instant after that day, or of it */
		value = Max(-MAX_DAY, Min(value, MAX_DAY));
		value = (value + (inclusive ? 0 : 1)) * USECS_PER_DAY;
		inclusive = true;
	}

	/*
	 * All rows counted have a time below the one sought; a few more may, at
	 * the edge of a group of the timeline.
	 */
	if (inclusive && value == PG_INT64_MIN)
		return 0;
	low = spindle_timeline_count_until(&cursor, inclusive ? value - 1 : value);
	while (low < high)
	{
		Timestamp	found = spindle_timeline_time(&cursor, low);

		if (inclusive ? found >= value : found > value)
			break;
		low++;
	}
	return low;
}

/* As many times as there are rows, unless they are days, or there are more rows than microseconds. */
static void
profile_time(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	double		times = (double) rule->time.calendar->ndays;

	if (spindle_type_is_timestamp(rule->type))
		times *= (double) USECS_PER_DAY;
	profile->ndistinct = times * spindle_profile_hit(instance->nrows[table] / times);
}

/* first_row_at is for ordered times; others never count as monotone. */
const SpindleRuleSteps spindle_rule_steps_time = {
	.compile = compile_time,
	.values_of_draws = times_of_draws,
	.first_row_at = first_row_of_time,
	.profile = profile_time,
};
