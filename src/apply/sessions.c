/*-------------------------------------------------------------------------
 *
 * sessions.c
 *		A stream that several sessions share out: the leader.
 *
 * It starts background workers, passes on what they have to say, and stops them
 * when anything goes wrong, also when it is terminated.  They do the rest among
 * themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "apply/sessions.h"
#include "apply/shared.h"
#include "model/model.h"
#include "server/wait.h"
#include "server/workers.h"

/* Between two looks at how far sessions are, if nothing else wakes us. */
#define REPORT_SECONDS	0.5

static const SpindleWorkersKind apply_workers = {
	.library = "$libdir/spindle",
	.function = "spindle_apply_worker_main",
	.type = "spindle apply worker",
	.caller = "spindle_to_tables",
};

/* The workers of this session, for the case that the session is terminated. */
static SpindleWorkers *active_workers = NULL;

/* The session ends, not by an error that we catch.  Runs before shared memory is let go of. */
static void
stop_at_exit(int code, Datum arg)
{
	if (active_workers)
		spindle_workers_stop(active_workers);
	active_workers = NULL;
}

/* Tell workers what to do.  shared is zeroed, and not known to anybody else yet. */
static void
fill_shared(const SpindlePlay *play, const SpindleSessionsPart *part, SpindleSessionsShared *shared)
{
	const SpindleApplyOptions *options = play->options;
	ListCell   *lc;

	shared->fingerprint = options->instance->domain->fingerprint;
	shared->position = spindle_position_kind(play->position);
	shared->nsessions = part->nsessions;
	shared->has_until = part->has_until;
	shared->until = part->until;
	pg_atomic_init_u32(&shared->order, SPINDLE_SESSIONS_WAIT);
	ConditionVariableInit(&shared->changed);
	foreach(lc, part->kept)
	{
		const SpindleKept *kept = lfirst(lc);

		shared->session[kept->session - 1].done_before = kept->position + 1;
	}
	for (int s = 0; s < part->nsessions; s++)
	{
		SpindleSessionProgress *progress = &shared->session[s];

		pg_atomic_init_u64(&progress->done, progress->done_before);
		pg_atomic_init_u64(&progress->last, 0);
		pg_atomic_init_u32(&progress->state, SPINDLE_SESSION_RUNS);
		pg_atomic_init_u32(&progress->process, 0);
		pg_atomic_init_u64(&progress->transactions, 0);
		pg_atomic_init_u64(&progress->inserts, 0);
		pg_atomic_init_u64(&progress->updates, 0);
		pg_atomic_init_u64(&progress->deletes, 0);
	}
	shared->call_size = options->call_size;
	memcpy(shared->call, options->call, options->call_size);
}

/* Sessions at work. */
typedef struct Others
{
	SpindleSessionsShared *shared;
	SpindleApplied before;		/* what had been committed before them */
} Others;

/*
 * What all sessions have committed, on top of what there was before.  The position is
 * the last one that any of them has come to.
 */
static void
count_committed(SpindlePlay *play)
{
	const Others *others = play->others;
	SpindleSessionsShared *shared = others->shared;
	SpindleApplied *applied = play->committed;

	*applied = others->before;
	for (int s = 0; s < shared->nsessions; s++)
	{
		SpindleSessionProgress *progress = &shared->session[s];
		const uint64 last = pg_atomic_read_u64(&progress->last);

		applied->transactions += (int64) pg_atomic_read_u64(&progress->transactions);
		applied->inserts += (int64) pg_atomic_read_u64(&progress->inserts);
		applied->updates += (int64) pg_atomic_read_u64(&progress->updates);
		applied->deletes += (int64) pg_atomic_read_u64(&progress->deletes);
		if (last > 0 && (!applied->has_position || last - 1 > applied->last_position))
		{
			applied->has_position = true;
			applied->last_position = last - 1;
		}
	}
	play->made = *applied;
}

/* Wait until all workers are there; raises the errors of those who cannot come. */
static void
await_all(SpindleWorkers *workers, SpindleSessionsShared *shared)
{
	for (int s = 0; s < shared->nsessions;)
	{
		if (pg_atomic_read_u32(&shared->session[s].process) != 0)
			s++;
		else if (spindle_workers_has_ended(workers, s))
			spindle_workers_report_end();
		else
			spindle_wait(REPORT_SECONDS, WAIT_EVENT_BGWORKER_STARTUP);
	}
}

/* Do what comes first, and let workers begin, if there is more. */
static bool
call_all(const SpindlePlay *play, SpindleSessionsPart *part, SpindleSessionsShared *shared)
{
	const bool	has_more = part->first == NULL || part->first(part, part->arg);

	shared->has_start = part->has_start;
	shared->start = part->start;
	shared->max_changes = part->max_changes;
	shared->clock = play->pace.start;
	pg_write_barrier();
	pg_atomic_write_u32(&shared->order, has_more ? SPINDLE_SESSIONS_BEGIN : SPINDLE_SESSIONS_END);
	ConditionVariableBroadcast(&shared->changed);
	return has_more;
}

/*
 * Have all workers ended?  One that has gone without a word is found while others
 * run, who may wait for it.
 */
static bool
have_ended(SpindleWorkers *workers, SpindleSessionsShared *shared)
{
	bool		all = true;

	for (int s = 0; s < shared->nsessions; s++)
	{
		if (!spindle_workers_has_ended(workers, s))
			all = false;
		else if (pg_atomic_read_u32(&shared->session[s].state) != SPINDLE_SESSION_ENDED)
			spindle_workers_report_end();
	}
	return all;
}

/* Wait for the end of all workers; raises their errors. */
static void
await_end(SpindlePlay *play, SpindleWorkers *workers, SpindleSessionsShared *shared)
{
	while (!have_ended(workers, shared))
	{
		spindle_wait(REPORT_SECONDS, WAIT_EVENT_BGWORKER_SHUTDOWN);
		count_committed(play);
		spindle_progress_report(&play->progress, play->committed->transactions);
	}
	count_committed(play);
}

/*
 * spindle_sessions_play
 *		Play a part of a stream by background workers, to its end; adds to what play
 *		has committed.
 *
 * The caller's transaction has no locks.  Raises insufficient_resources without
 * enough free places for workers, before anything is done, and what these raise; none
 * is left then.
 */
void
spindle_sessions_play(SpindlePlay *play, SpindleSessionsPart *part)
{
	static bool is_registered = false;
	Others		others;
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "spindle apply workers", ALLOCSET_SMALL_SIZES);
	SpindleWorkers *volatile workers = NULL;

	if (!is_registered)
		before_shmem_exit(stop_at_exit, (Datum) 0);
	is_registered = true;
	PG_TRY();
	{
		workers = spindle_workers_create(&apply_workers, part->nsessions,
										 offsetof(SpindleSessionsShared, call) + play->options->call_size, context);
		others.shared = spindle_workers_shared(workers);
		fill_shared(play, part, others.shared);
		active_workers = workers;
		spindle_workers_start(workers);
		await_all(workers, others.shared);
		if (call_all(play, part, others.shared))
		{
			others.before = *play->committed;
			play->others = &others;
			play->count = count_committed;
			await_end(play, workers, others.shared);
		}
	}
	PG_FINALLY();
	{
		HOLD_INTERRUPTS();
		active_workers = NULL;
		play->count = NULL;
		if (workers)
		{
			spindle_workers_stop(workers);
			spindle_workers_free(workers);
		}
		MemoryContextDelete(context);
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
}
