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

/* The changes of the rows of a batch by a clock: those of row i are start[i] .. end[i] - 1. */
typedef struct KeptChanges
{
	int			start[SPINDLE_BATCH_ROWS];
	int			end[SPINDLE_BATCH_ROWS];
	int			capacity;
	int			n;
	Timestamp  *time;			/* those of a row rise */
} KeptChanges;

struct SpindleMoments
{
	SpindleEval *eval;
	MemoryContext context;
	int			kinds;
	int			nrows;			/* of the batch */
	int			insert;			/* handles, -1 for what is not asked for */
	int			deleted;
	int			back;
	Step	   *states;			/* NULL if it is not asked for */
	int			ntimed;			/* times of steps */
	Step	  **timed;
	int			nclocks;
	SpindleClockCursor *clock;
	KeptChanges *kept;			/* per clock; NULL if nobody asks again */
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

/* From now on, spindle_moments_changes() will be asked. */
static void
keep_all_changes(SpindleMoments *moments)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(moments->context);

	moments->kept = palloc0(sizeof(KeptChanges) * Max(moments->nclocks, 1));
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_eval_expect_versions
 *		Batches of a program at times will have all versions of a row one behind the
 *		other, of rows whose moments, of all kinds, are those of another program's
 *		batch; to be said before anything is asked for.
 *
 * It makes that cheaper, and changes no value.
 */
void
spindle_eval_expect_versions(SpindleEval *eval, struct SpindleMoments *moments)
{
	eval->moments = moments;
	keep_all_changes(moments);
}

/*
 * spindle_moments_run
 *		Compute the moments of n rows; see spindle_eval_run().
 */
void
spindle_moments_run(SpindleMoments *moments, const int64 *rows, int n)
{
	spindle_eval_run(moments->eval, rows, n);
	moments->nrows = n;
	for (int c = 0; c < moments->nclocks && moments->kept; c++)
		moments->kept[c].n = 0;
}

/*
 * spindle_moments_find
 *		The place of a row in the batch, which is there; from guess on it is found
 *		soonest.
 */
int
spindle_moments_find(const SpindleMoments *moments, int64 row, int guess)
{
	const int64 *rows = spindle_eval_rows(moments->eval);

	if (guess >= moments->nrows)
		guess = 0;
	while (rows[guess] != row)
		guess = guess + 1 < moments->nrows ? guess + 1 : 0;
	return guess;
}

/*
 * spindle_moments_changes
 *		The times of the changes of the i'th row by a clock, which never fall; returns
 *		how many.
 *
 * spindle_moments_get() has been called for the row.
 */
int
spindle_moments_changes(const SpindleMoments *moments, int clock, int i, const Timestamp **time)
{
	const KeptChanges *kept = &moments->kept[clock];

	*time = kept->time + kept->start[i];
	return kept->end[i] - kept->start[i];
}

/* For qsort(). */
static int
compare_times(const void *a, const void *b)
{
	const Timestamp x = *(const Timestamp *) a;
	const Timestamp y = *(const Timestamp *) b;

	return x < y ? -1 : x > y;
}

/* Keep the changes of the i'th row by a clock, which are the n times given. */
static void
keep_changes(SpindleMoments *moments, int clock, int i, const Timestamp *time, int n)
{
	KeptChanges *kept = &moments->kept[clock];

	if (kept->n + n > kept->capacity)
	{
		kept->capacity = Max(Max(kept->capacity * 2, kept->n + n), SPINDLE_BATCH_ROWS);
		kept->time = kept->time == NULL ?
			MemoryContextAllocHuge(moments->context, sizeof(Timestamp) * kept->capacity) :
			repalloc_huge(kept->time, sizeof(Timestamp) * kept->capacity);
	}
	kept->start[i] = kept->n;
	memcpy(kept->time + kept->n, time, sizeof(Timestamp) * n);
	kept->n += n;
	kept->end[i] = kept->n;
	if (n > 1)
		qsort(kept->time + kept->start[i], n, sizeof(Timestamp), compare_times);
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
		const int	before = n;
		const int	nchanges = spindle_layout_children(&moments->clock[c].layout, row, &first);

		/* a row can have thousands, and a reader asks for many rows in turn */
		CHECK_FOR_INTERRUPTS();
		reserve_times(moments, n + nchanges);
		for (int k = 0; k < nchanges; k++)
			add_time(moments, &n,
					 spindle_clock_time(&moments->clock[c], spindle_clock_rank(&moments->clock[c], first + k)));
		if (moments->kept)
			keep_changes(moments, c, i, moments->time + before, n - before);
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
