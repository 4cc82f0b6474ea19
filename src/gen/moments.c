/*-------------------------------------------------------------------------
 *
 * moments.c
 *		When rows of a table may differ from what they were before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/clock.h"
#include "gen/eval_internal.h"
#include "gen/moments.h"

struct SpindleMoments
{
	SpindleEval *eval;
	MemoryContext context;
	int			kinds;
	int			insert;			/* handles, -1 for what is not asked for */
	int			deleted;
	int			back;
	Step	   *states;			/* NULL if it is not asked for */
	int			ntimed;			/* times of steps */
	Step	  **timed;
	int			nclocks;
	SpindleClockCursor *clock;
	int			capacity;
	Timestamp  *time;			/* of a row */
};

/* The times at which steps can be, if they have times of their own. */
static void
add_timed_steps(SpindleMoments *moments, const SpindleStates *states)
{
	moments->timed = palloc(sizeof(Step *) * Max(states->ntransitions, 1));
	for (int t = 0; t < states->ntransitions; t++)
		if (states->transition[t].has_at)
			moments->timed[moments->ntimed++] =
				spindle_compile_time(moments->eval, moments->eval->root, &states->transition[t].at, DT_NOEND);
}

/*
 * spindle_moments_create
 *		A program for the moments of a table's rows, of some kinds, below a memory
 *		context.
 *
 * profile is that of deletes, -1 for none.  Raises what spindle_eval_add() does.
 */
SpindleMoments *
spindle_moments_create(SpindleInstance *instance, int table, int profile, int kinds, MemoryContext parent)
{
	const SpindleLifecycle *lifecycle = instance->domain->table[table].lifecycle;
	SpindleEval *eval = spindle_eval_create(instance, table, parent);
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);
	SpindleMoments *moments = palloc0(sizeof(SpindleMoments));

	eval->profile = profile;
	moments->eval = eval;
	moments->context = eval->context;
	moments->insert = kinds & SPINDLE_MOMENT_INSERT ? spindle_eval_add_life(eval, LIFE_INSERT) : -1;
	moments->deleted = kinds & SPINDLE_MOMENT_DELETE ? spindle_eval_add_life(eval, LIFE_DELETE) : -1;
	moments->back = kinds & SPINDLE_MOMENT_BACK ? spindle_eval_add_life(eval, LIFE_BACK) : -1;
	if (kinds & SPINDLE_MOMENT_DELAYED && lifecycle->states)
		moments->states = spindle_compile_life(eval, eval->root, LIFE_STATES);
	if (kinds & SPINDLE_MOMENT_TIMED && lifecycle->states)
		add_timed_steps(moments, lifecycle->states);
	if (kinds & SPINDLE_MOMENT_CLOCKS)
		moments->nclocks = lifecycle->nclocks;
	moments->clock = palloc(sizeof(SpindleClockCursor) * Max(moments->nclocks, 1));
	for (int c = 0; c < moments->nclocks; c++)
		spindle_clock_cursor_init(&moments->clock[c], spindle_instance_clock(instance, table, c));
	moments->capacity = 64;
	moments->time = palloc(sizeof(Timestamp) * moments->capacity);
	MemoryContextSwitchTo(oldcontext);
	return moments;
}

/*
 * spindle_moments_eval
 *		The program, to which a reader can add columns before the first batch.
 */
SpindleEval *
spindle_moments_eval(SpindleMoments *moments)
{
	return moments->eval;
}

/*
 * spindle_moments_run
 *		Compute the moments of n rows; see spindle_eval_run().
 */
void
spindle_moments_run(SpindleMoments *moments, const int64 *rows, int n)
{
	spindle_eval_run(moments->eval, rows, n);
}

/* Make room for so many times. */
static void
reserve_times(SpindleMoments *moments, int n)
{
	if (n <= moments->capacity)
		return;
	while (moments->capacity < n)
		moments->capacity *= 2;
	moments->time = repalloc(moments->time, sizeof(Timestamp) * moments->capacity);
}

/* One more time, unless it is none. */
static void
add_time(SpindleMoments *moments, int *n, Timestamp time)
{
	if (!TIMESTAMP_NOT_FINITE(time))
		moments->time[(*n)++] = time;
}

/*
 * spindle_moments_get
 *		The moments of the i'th row of the batch: returns how many, and sets *time,
 *		which lasts until the next call.
 *
 * They are in no order, and a time may be there several times.  Steps through
 * states, and clocks, have moments before a row's insert and behind its delete as
 * well.
 */
int
spindle_moments_get(SpindleMoments *moments, int i, const Timestamp **time)
{
	const int	handle[] = {moments->insert, moments->deleted, moments->back};
	const int64 row = spindle_eval_rows(moments->eval)[i];
	const Timestamp *step;
	int			n = 0;

	if (moments->states)
	{
		const int	nsteps = spindle_states_moments(moments->states, i, false, &step);

		reserve_times(moments, nsteps);
		for (int k = 0; k < nsteps; k++)
			add_time(moments, &n, step[k]);
	}
	for (int c = 0; c < moments->nclocks; c++)
	{
		int64		first;
		const int	nchanges = spindle_layout_children(&moments->clock[c].layout, row, &first);

		/* a row can have thousands, and a reader asks for many rows in turn */
		CHECK_FOR_INTERRUPTS();
		reserve_times(moments, n + nchanges);
		for (int k = 0; k < nchanges; k++)
			add_time(moments, &n,
					 spindle_clock_time(&moments->clock[c], spindle_clock_rank(&moments->clock[c], first + k)));
	}
	reserve_times(moments, n + moments->ntimed + lengthof(handle));
	for (int k = 0; k < moments->ntimed; k++)
		add_time(moments, &n, moments->timed[k]->out.value[i]);
	for (int k = 0; k < lengthof(handle); k++)
		if (handle[k] >= 0)
			add_time(moments, &n, spindle_eval_vector(moments->eval, handle[k])->value[i]);
	*time = moments->time;
	return n;
}
