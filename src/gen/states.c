/*-------------------------------------------------------------------------
 *
 * states.c
 *		The ways of rows through their states.
 *
 * A row's last state is the value that its column has today.  The way there is
 * drawn step by step: a step has its weight times the probability to reach the
 * last state from where it leads, so ways come as often as among walks that
 * happened to end there, and none has to be thrown away.
 *
 * A way is drawn when something is asked of it, with those of the other rows, and then
 * kept with those of the batch: at a time that lies behind all steps, a row is what it
 * is today, and nothing of the way is needed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/eval_internal.h"

/*
 * Ways are drawn in portions of rows, which have so many entries together, or as many as
 * the way of a row takes.
 */
#define PORTION_ENTRIES	2048

/* The way of a row: some entries of those of the batch. */
typedef struct Way
{
	int			start;			/* -1 if it has not been drawn */
	int			end;
} Way;

/* A portion of ways whose delays are drawn together, transition by transition. */
typedef struct Portion
{
	int			nrows;
	int		   *row;			/* their places in the batch */
	int			first;			/* entry of the first of them */
	int			capacity;		/* entries there is room for: */
	int64	   *counter;		/* of an entry's draws, in the order of entries */
	int		   *entry;			/* behind first, ordered by transition, and ... */
	int64	   *sorted;			/* ... their counters, */
	Timestamp  *delay;			/* and delays */
	int		   *start;			/* per transition: its first in that order; one
								 * more */
} Portion;

/* The ways of the rows of a batch. */
typedef struct Ways
{
	const SpindleDomain *domain;
	const SpindleTable *table;
	Timestamp	range_start;	/* where a way begins whose row is there from
								 * the start */
	int			before;			/* input with the time of "before", or -1 */
	int		   *at;				/* per transition: input with its time, or -1 */
	SpindleKey	step_key;
	SpindleKey *after_key;		/* per transition */
	MemoryContext context;
	int			way_capacity;
	Way		   *way;			/* per row */
	int			capacity;
	int			n;
	int		   *transition;		/* that is taken, */
	Timestamp  *time;			/* and when; never falls */
	Portion		portion;
} Ways;

/* The number of a value among the states, -1 if it is none. */
static int
state_of_value(const SpindleStates *states, const SpindleType *type, int64 value)
{
	for (int s = 0; s < states->nstates; s++)
		if (states->value[s] == value)
			return s;
	if (type->ops->is_text)
		for (int s = 0; s < states->nstates; s++)
			if (spindle_values_equal(type, states->value[s], value))
				return s;
	return -1;
}

/* Make room for one entry more. */
static void
reserve_entry(Ways *ways)
{
	Portion    *portion = &ways->portion;
	const int	n = ways->n - portion->first;

	if (ways->n == ways->capacity)
	{
		ways->capacity *= 2;
		ways->transition = repalloc_huge(ways->transition, sizeof(int) * ways->capacity);
		ways->time = repalloc_huge(ways->time, sizeof(Timestamp) * ways->capacity);
	}
	if (n < portion->capacity)
		return;
	portion->capacity = Max(portion->capacity * 2, PORTION_ENTRIES);
	if (portion->counter == NULL)
		portion->counter = MemoryContextAlloc(ways->context, sizeof(int64) * portion->capacity);
	else
	{
		portion->counter = repalloc_huge(portion->counter, sizeof(int64) * portion->capacity);
		pfree(portion->entry);
		pfree(portion->sorted);
		pfree(portion->delay);
	}
	portion->entry = MemoryContextAllocHuge(ways->context, sizeof(int) * portion->capacity);
	portion->sorted = MemoryContextAllocHuge(ways->context, sizeof(int64) * portion->capacity);
	portion->delay = MemoryContextAllocHuge(ways->context, sizeof(Timestamp) * portion->capacity);
}

/*
 * Choose a transition from a state on the way to the last one, with left steps at
 * most; -1 for the end.
 */
static int
choose(const SpindleStates *states, int final, int state, int left, SpindleKey key, uint64 counter)
{
	const int	first = states->first[state];
	const int	end = states->first[state + 1];
	double		total = 0;
	double		rest = 0;
	int			nways = 0;
	int			last = -1;

	for (int pass = 0; pass < 2; pass++)
	{
		/* there mostly is one only, for which no draw is needed */
		if (pass == 1 && nways <= 1)
			return nways == 0 || states->transition[last].to < 0 ? -1 : last;
		if (pass == 1)
			rest = spindle_fraction(spindle_draw(key, counter)) * total;
		for (int t = first; t < end; t++)
		{
			const SpindleTransition *transition = &states->transition[t];
			double		weight = transition->weight;

			if (transition->to < 0)
				weight = state == final ? weight : 0;
			else
				weight = left == 0 ? 0 : weight * spindle_states_reach(states, final, transition->to, left - 1);
			if (weight <= 0)
				continue;
			if (pass == 0)
			{
				total += weight;
				nways++;
				last = t;		/* what rounding leaves goes here */
				continue;
			}
			rest -= weight;
			if (rest < 0 || t == last)
				return transition->to < 0 ? -1 : t;
		}
	}
	return -1;
}

/*
 * Steps that come too late are moved, all of them alike, so that the last one is at
 * limit behind the insert.
 */
static void
move_steps(Timestamp *time, int n, Timestamp insert, int64 limit)
{
	const int64 total = n > 0 ? time[n - 1] - insert : 0;

	if (total <= limit)
		return;
	for (int i = 0; i < n; i++)
		time[i] = insert + (int64) ((__int128) (time[i] - insert) * limit / total);
}

/* A limit behind the insert that does not pass a time either, if there is one. */
static inline int64
limit_by(int64 limit, Timestamp time, Timestamp insert)
{
	return TIMESTAMP_NOT_FINITE(time) ? limit : Max(Min(limit, time - insert), 0);
}

/* Where the way of a row begins. */
static inline Timestamp
beginning(const Step *step, const Ways *ways, int i)
{
	const Timestamp insert = step->input[1]->out.value[i];

	return insert == DT_NOBEGIN ? ways->range_start : insert;
}

/* Choose the steps of the i'th row to its last state, behind the other ways. */
static void
choose_steps(const Step *step, const SpindleStates *states, Ways *ways, int i, int final)
{
	const uint64 row = (uint64) step->frame->row[i];
	Portion    *portion = &ways->portion;
	const int	first = ways->n;
	int			state = states->initial;

	for (int left = states->nsteps; ; left--)
	{
		const uint64 counter = row | (uint64) (states->nsteps - left + 1) << SPINDLE_VERSION_SHIFT;
		const int	t = choose(states, final, state, left, ways->step_key, counter);

		if (t < 0)
			break;
		reserve_entry(ways);
		portion->counter[ways->n - portion->first] = (int64) counter;
		ways->transition[ways->n++] = t;
		state = states->transition[t].to;
	}

	/* if nothing leads there, nothing is known of the way */
	if (state != final)
		ways->n = first;
}

/* Draw the delays of a portion, which become the times of its entries. */
static void
draw_delays(Ways *ways, const SpindleStates *states)
{
	Portion    *portion = &ways->portion;
	const int	n = ways->n - portion->first;
	const int  *transition = ways->transition + portion->first;
	int		   *start = portion->start;

	memset(start, 0, sizeof(int) * (states->ntransitions + 1));
	for (int e = 0; e < n; e++)
		start[transition[e]]++;
	for (int t = 0, before = 0; t <= states->ntransitions; t++)
	{
		const int	here = start[t];

		start[t] = before;
		before += here;
	}
	for (int e = 0; e < n; e++)
	{
		const int	k = start[transition[e]]++;

		portion->entry[k] = e;
		portion->sorted[k] = portion->counter[e];
	}

	/* each is now where the next one was */
	for (int t = 0; t < states->ntransitions; t++)
	{
		const int	from = t == 0 ? 0 : start[t - 1];

		if (states->transition[t].has_at)
			memset(portion->delay + from, 0, sizeof(Timestamp) * (start[t] - from));
		else
			spindle_delay_draws(&states->transition[t].after, ways->after_key[t], portion->sorted + from,
								start[t] - from, portion->delay + from);
	}
	for (int k = 0; k < n; k++)
		ways->time[portion->first + portion->entry[k]] = portion->delay[k];
}

/* The times of the i'th row's steps, from its insert on, by their delays. */
static void
set_times(const Step *step, const SpindleStates *states, Ways *ways, int i)
{
	const Way	way = ways->way[i];
	const Timestamp insert = beginning(step, ways, i);
	int			nfree = way.end - way.start;	/* steps that can be moved */
	int64		limit = states->within;
	Timestamp	time = insert;
	Timestamp	at = DT_NOBEGIN;	/* of a last step at a time of its own */

	for (int k = way.start; k < way.end; k++)
		ways->time[k] = time = Min(time + ways->time[k], insert + SPINDLE_MAX_DELAY);
	if (ways->before >= 0)
		limit = limit_by(limit, step->input[ways->before]->out.value[i], insert);
	if (nfree > 0 && ways->at[ways->transition[way.end - 1]] >= 0)
	{
		nfree--;
		at = step->input[ways->at[ways->transition[way.end - 1]]]->out.value[i];
		limit = limit_by(limit, at, insert);
	}
	move_steps(ways->time + way.start, nfree, insert, limit);
	if (way.start + nfree < way.end)
	{
		/* a step at a time is the last one, and not before those that lead to it */
		time = nfree > 0 ? ways->time[way.start + nfree - 1] : insert;
		ways->time[way.end - 1] = Max(time, at);
	}
}

/* Complete the ways of a portion, and begin another one. */
static void
end_portion(const Step *step, const SpindleStates *states, Ways *ways)
{
	Portion    *portion = &ways->portion;

	if (ways->n > portion->first)
		draw_delays(ways, states);
	for (int k = 0; k < portion->nrows; k++)
		set_times(step, states, ways, portion->row[k]);
	portion->nrows = 0;
	portion->first = ways->n;
}

/*
 * Has the i'th row taken all steps at a time, as far as can be told without drawing its
 * way?
 */
static inline bool
is_at_end(const Step *step, int i, Timestamp time)
{
	const Ways *ways = step->u.own;
	const int64 longest = ways->table->lifecycle->states->longest;

	return time == DT_NOEND || (longest != SPINDLE_NO_BOUND && time >= beginning(step, ways, i) + longest);
}

/*
 * Draw the ways of the batch that have not been drawn: of all rows, or of those that
 * are not at the end at a time of their own.
 */
static void
draw_ways(const Step *step, const Timestamp *time)
{
	Ways	   *ways = step->u.own;
	const SpindleStates *states = ways->table->lifecycle->states;
	const SpindleVector *last = &step->input[0]->out;
	const SpindleType *type = &ways->table->column[states->column].type;

	for (int i = 0; i < step->frame->n; i++)
	{
		Way		   *way = &ways->way[i];
		int			final = -1;

		if (way->start >= 0 || (time && is_at_end(step, i, time[i])))
			continue;

		/* the versions of a row stand one behind the other */
		if (i > 0 && way[-1].start >= 0 && step->frame->row[i - 1] == step->frame->row[i])
		{
			*way = way[-1];
			continue;
		}

		/* each of a thousand steps can weigh a thousand transitions */
		CHECK_FOR_INTERRUPTS();
		if (!(last->is_null && last->is_null[i]))
			final = state_of_value(states, type, last->value[i]);
		way->start = ways->n;
		if (final >= 0)
			choose_steps(step, states, ways, i, final);
		way->end = ways->n;
		ways->portion.row[ways->portion.nrows++] = i;
		if (ways->n - ways->portion.first >= PORTION_ENTRIES)
			end_portion(step, states, ways);
	}
	end_portion(step, states, ways);
}

/* The way of the i'th row, drawn now, with those of the other rows, if it has not been. */
static inline const Way *
way_of(const Step *step, int i)
{
	const Ways *ways = step->u.own;

	if (ways->way[i].start < 0)
		draw_ways(step, NULL);
	return &ways->way[i];
}

/* Inputs: the last state, the insert, and times that bound the way. */
static void
run_states(Step *step)
{
	Ways	   *ways = step->u.own;
	const int	n = step->frame->n;

	if (n > ways->way_capacity)
	{
		ways->way_capacity = Max(n, SPINDLE_BATCH_ROWS);
		if (ways->way)
		{
			pfree(ways->way);
			pfree(ways->portion.row);
		}
		ways->way = MemoryContextAllocHuge(ways->context, sizeof(Way) * ways->way_capacity);
		ways->portion.row = MemoryContextAllocHuge(ways->context, sizeof(int) * ways->way_capacity);
	}
	ways->n = ways->portion.first = ways->portion.nrows = 0;
	for (int i = 0; i < n; i++)
		ways->way[i].start = -1;
}

/*
 * spindle_compile_states
 *		The step with the ways of a frame's rows through their states.
 *
 * The frame is one of rows as they are today, and its table has states.  The step
 * has no vector of use; ask the functions below.  Called by spindle_compile_life().
 */
Step *
spindle_compile_states(SpindleEval *eval, Frame *frame)
{
	const SpindleTable *table = table_of(eval, frame);
	const SpindleStates *states = table->lifecycle->states;
	Ways	   *ways = palloc0(sizeof(Ways));
	Step	  **input = palloc(sizeof(Step *) * (states->ntransitions + 3));
	Step	   *step;
	int			n = 0;

	ways->domain = eval->instance->domain;
	ways->table = table;
	ways->range_start = (Timestamp) ways->domain->first_day * USECS_PER_DAY;
	ways->context = eval->context;
	ways->capacity = 4 * SPINDLE_BATCH_ROWS;
	ways->transition = palloc(sizeof(int) * ways->capacity);
	ways->time = palloc(sizeof(Timestamp) * ways->capacity);
	ways->step_key = spindle_instance_key(eval->instance, states->label);
	ways->at = palloc(sizeof(int) * Max(states->ntransitions, 1));
	ways->after_key = palloc(sizeof(SpindleKey) * Max(states->ntransitions, 1));
	ways->portion.start = palloc(sizeof(int) * (states->ntransitions + 1));
	input[n++] = spindle_compile_column(eval, frame, states->column);
	input[n++] = spindle_compile_life(eval, frame, LIFE_INSERT);
	ways->before = states->has_before ? n : -1;
	if (states->has_before)
		input[n++] = spindle_compile_time(eval, frame, &states->before, DT_NOEND);
	for (int t = 0; t < states->ntransitions; t++)
	{
		const SpindleTransition *transition = &states->transition[t];

		ways->after_key[t] = spindle_instance_key(eval->instance, transition->after.label);
		ways->at[t] = transition->has_at ? n : -1;
		if (transition->has_at)
			input[n++] = spindle_compile_time(eval, frame, &transition->at, DT_NOBEGIN);
	}
	step = spindle_step_add(eval, frame, run_states, NULL, false, n);
	memcpy(step->input, input, sizeof(Step *) * n);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = ways;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_states_moments
 *		The times of the steps of the i'th row, which never fall; returns how many.
 *
 * step is that of spindle_compile_states(), for the last batch.  Without timed, a
 * last step at a time of its own is left out.
 */
int
spindle_states_moments(const Step *step, int i, bool timed, const Timestamp **time)
{
	const Ways *ways = step->u.own;
	const Way  *way = way_of(step, i);
	const int	n = way->end - way->start;

	*time = ways->time + way->start;
	if (n > 0 && !timed && ways->at[ways->transition[way->end - 1]] >= 0)
		return n - 1;
	return n;
}

/* Steps of a way up to a time: those that count are entries before the result. */
static int
steps_until(const Ways *ways, const Way *way, Timestamp time)
{
	int			k = way->start;

	while (k < way->end && ways->time[k] <= time)
		k++;
	return k;
}

/* Inputs: the ways, the time, and the value today. */
static void
run_state(Step *step)
{
	const Ways *ways = step->input[0]->u.own;
	const SpindleStates *states = ways->table->lifecycle->states;
	const Timestamp *time = step->input[1]->out.value;
	const SpindleVector *last = &step->input[2]->out;

	copy_nulls(step, last);
	draw_ways(step->input[0], time);
	for (int i = 0; i < step->frame->n; i++)
	{
		const Way  *way;
		int			k;

		/* of a row without a way, and at its end, what it shows today */
		step->out.value[i] = last->value[i];
		if (is_at_end(step->input[0], i, time[i]))
			continue;
		way = way_of(step->input[0], i);
		k = steps_until(ways, way, time[i]);
		if (k < way->end)
			step->out.value[i] = states->value[k == way->start ? states->initial :
											   states->transition[ways->transition[k - 1]].to];
	}
}

/* A step with the ways, the times, and perhaps another input. */
static Step *
step_of_ways(SpindleEval *eval, Frame *frame, StepFunction run, Step *more, bool has_nulls, int number)
{
	Step	   *ways = spindle_compile_life(eval, frame, LIFE_STATES);
	Step	   *time = spindle_frame_time(eval, frame);
	Step	   *step = spindle_step_add(eval, frame, run, NULL, has_nulls, 3);

	step->input[0] = ways;
	step->input[1] = time;
	step->input[2] = more;
	step->holds = STEP_HOLDS_LIFECYCLE;
	step->u.lifecycle.of = table_of(eval, frame)->lifecycle;
	step->u.lifecycle.number = number;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_compile_state
 *		The column of states, for the rows of a frame at their times.
 */
Step *
spindle_compile_state(SpindleEval *eval, Frame *frame)
{
	Step	   *last = spindle_compile_column(eval, spindle_frame_today(frame),
											  table_of(eval, frame)->lifecycle->states->column);

	return step_of_ways(eval, frame, run_state, last, last->has_nulls, 0);
}

/* Inputs: the ways and the time. */
static void
run_steps_to_come(Step *step)
{
	const Ways *ways = step->input[0]->u.own;
	const SpindleStates *states = ways->table->lifecycle->states;
	const Timestamp *time = step->input[1]->out.value;
	const int	set = step->u.lifecycle.number;

	Assert(step->holds == STEP_HOLDS_LIFECYCLE);
	draw_ways(step->input[0], time);
	for (int i = 0; i < step->frame->n; i++)
	{
		const Way  *way;
		int			n = 0;

		if (!is_at_end(step->input[0], i, time[i]))
		{
			way = way_of(step->input[0], i);
			for (int k = steps_until(ways, way, time[i]); k < way->end; k++)
				n += states->transition[ways->transition[k]].sets[set];
		}
		step->out.value[i] = n;
	}
}

/*
 * spindle_compile_steps_to_come
 *		How many steps are still to come that set a column, by the number of its set.
 */
Step *
spindle_compile_steps_to_come(SpindleEval *eval, Frame *frame, int set)
{
	return step_of_ways(eval, frame, run_steps_to_come, NULL, false, set);
}

/* Inputs: the ways, the time, and the insert. */
static void
run_entered(Step *step)
{
	const Ways *ways = step->input[0]->u.own;
	const SpindleStates *states = ways->table->lifecycle->states;
	const Timestamp *time = step->input[1]->out.value;
	const Timestamp *insert = step->input[2]->out.value;
	const int	state = step->u.lifecycle.number;

	Assert(step->holds == STEP_HOLDS_LIFECYCLE);
	for (int i = 0; i < step->frame->n; i++)
	{
		const Way  *way = way_of(step->input[0], i);
		int			k = steps_until(ways, way, time[i]);

		while (k > way->start && states->transition[ways->transition[k - 1]].to != state)
			k--;
		step->out.is_null[i] = false;
		if (k > way->start)
			step->out.value[i] = ways->time[k - 1];
		else if (state == states->initial && insert[i] != DT_NOBEGIN)
			step->out.value[i] = insert[i];
		else
		{
			step->out.value[i] = 0;
			step->out.is_null[i] = true;
		}
	}
}

/*
 * spindle_compile_entered
 *		When the rows of a frame took the step to a state last, up to their times,
 *		the insert being one to the first state; NULL where they have not.
 */
Step *
spindle_compile_entered(SpindleEval *eval, Frame *frame, int state)
{
	return step_of_ways(eval, frame, run_entered, spindle_compile_life(eval, frame, LIFE_INSERT), true, state);
}
