/*-------------------------------------------------------------------------
 *
 * session.c
 *		One of the sessions that share a stream out: a background worker.
 *
 * It reads the whole stream, and plays the transactions of its share: those of some
 * rows at the top.  Before it begins one, it waits until all that this depends on is
 * committed; what it has open is committed before, so no session waits for another
 * one while it has locks.  A transaction that waits for none but earlier ones can
 * always go on, so there is always one that can.
 *
 * To know what a transaction depends on, its changes are kept until its end; one of
 * very many waits for all that is before it instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "apply/depend.h"
#include "apply/play.h"
#include "apply/sessions.h"
#include "apply/shared.h"
#include "compat.h"
#include "model/model.h"
#include "server/run.h"
#include "server/workers.h"
#include "stream/change_batch.h"

/* Tells the draws of who gets a root, and of what is held, from others. */
#define LABEL_SHARE		UINT64CONST(0x7368617265)
#define LABEL_HOLD		6

/* Changes of a transaction that are kept, at most. */
#define MAX_KEPT		256

/* Between two looks if somebody waits for what we hold. */
#define LOOK_MS			50

/* What a session knows; it lives as long as the process. */
struct SpindleSession
{
	SpindlePlay play;			/* the first member: publish() finds the rest */
	SpindleSessionsShared *shared;
	int			number;			/* from 0 */
	SpindleApplied applied;
	SpindleDepend *depend;
	uint64	   *need;			/* per session: what the present transaction
								 * waits for */
	int			owner;			/* whose the present transaction is, */
	bool		is_ours;		/* and has yet to be made, */
	bool		has_many_roots; /* or is one of more roots than there are numbers, */
	bool		is_under_way;	/* and has begun */
	MemoryContext kept_context; /* of the changes that are kept */
	int			nkept;
	SpindleChange kept[MAX_KEPT];
};

/* Wait until the leader says what to do; interrupts are served. */
static SpindleSessionsCall
await_order(SpindleSessionsShared *shared)
{
	ConditionVariablePrepareToSleep(&shared->changed);
	while (pg_atomic_read_u32(&shared->order) == SPINDLE_SESSIONS_WAIT)
		ConditionVariableSleep(&shared->changed, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	pg_read_barrier();
	return (SpindleSessionsCall) pg_atomic_read_u32(&shared->order);
}

/*
 * spindle_session_begin
 *		In a background worker's entry point, with its argument: take part.
 *
 * Returns when the leader says so: NULL if nothing is left to be done, else the caller
 * reads spindle_session_call(), and calls spindle_session_run().
 */
SpindleSession *
spindle_session_begin(Datum arg)
{
	SpindleSession *session;
	SpindleSessionsShared *shared;
	int			number;

	shared = spindle_worker_begin(arg, &number);
	session = palloc0(sizeof(SpindleSession));
	session->shared = shared;
	session->number = number;
	pg_atomic_write_u32(&shared->session[number].process, (uint32) MyProcNumber + 1);
	spindle_worker_wake_leader();
	return await_order(shared) == SPINDLE_SESSIONS_BEGIN ? session : NULL;
}

/* What was asked for, as the caller of spindle_apply() handed it over. */
const char *
spindle_session_call(const SpindleSession *session)
{
	return session->shared->call;
}

/* Tell others what we are doing. */
static void
set_state(SpindleSession *session, SpindleSessionState state)
{
	pg_atomic_write_u32(&session->shared->session[session->number].state, state);
	pg_memory_barrier();
	ConditionVariableBroadcast(&session->shared->changed);
}

/* Tell others what has been committed. */
static void
publish(SpindlePlay *play)
{
	SpindleSession *session = (SpindleSession *) play;
	SpindleSessionProgress *progress = &session->shared->session[session->number];

	pg_atomic_write_u64(&progress->transactions, (uint64) session->applied.transactions);
	pg_atomic_write_u64(&progress->inserts, (uint64) session->applied.inserts);
	pg_atomic_write_u64(&progress->updates, (uint64) session->applied.updates);
	pg_atomic_write_u64(&progress->deletes, (uint64) session->applied.deletes);
	if (session->applied.has_position)
	{
		pg_atomic_write_u64(&progress->last, session->applied.last_position + 1);
		pg_atomic_write_u64(&progress->done, session->applied.last_position + 1);
	}
	pg_memory_barrier();
	ConditionVariableBroadcast(&session->shared->changed);
}

/* Is all committed that the present transaction depends on? */
static bool
is_there(const SpindleSession *session)
{
	for (int s = 0; s < session->shared->nsessions; s++)
		if (s != session->number && pg_atomic_read_u64(&session->shared->session[s].done) < session->need[s])
			return false;
	return true;
}

/* Wait until it is; interrupts are served. */
static void
await_others(SpindleSession *session)
{
	if (is_there(session))
		return;
	if (session->play.is_open)
		spindle_play_commit(&session->play);
	set_state(session, SPINDLE_SESSION_WAITS);
	ConditionVariablePrepareToSleep(&session->shared->changed);
	while (!is_there(session))
		ConditionVariableSleep(&session->shared->changed, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	set_state(session, SPINDLE_SESSION_RUNS);
}

/*
 * Can a session go on?  Not if it waits for a lock: that may be ours, or that of
 * somebody who waits for one of ours.  A stale answer is made up for by the next look.
 */
static bool
can_go_on(const SpindleSessionProgress *progress)
{
	const uint32 process = pg_atomic_read_u32(unconstify(pg_atomic_uint32 *, &progress->process));

	return pg_atomic_read_u32(unconstify(pg_atomic_uint32 *, &progress->state)) == SPINDLE_SESSION_RUNS &&
		(process == 0 || ProcGlobal->allProcs[process - 1].waitStatus != PROC_WAIT_STATUS_WAITING);
}

/* What the other sessions have committed; says if one of them can go on. */
static uint64
committed_by_others(const SpindleSession *session, bool *one_runs)
{
	uint64		n = 0;

	*one_runs = false;
	for (int s = 0; s < session->shared->nsessions; s++)
	{
		const SpindleSessionProgress *progress = &session->shared->session[s];

		if (s == session->number)
			continue;
		n += pg_atomic_read_u64(unconstify(pg_atomic_uint64 *, &progress->transactions));
		*one_runs |= can_go_on(progress);
	}
	return n;
}

/* Does anybody wait for the end of our transaction? */
static bool
is_waited_for(void)
{
	LOCKTAG		tag;

	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return false;
	SET_LOCKTAG_TRANSACTION(tag, GetTopTransactionIdIfAny());
	return LockHasWaiters(&tag, ExclusiveLock, false);
}

/*
 * Leave the transaction open until the others have committed some, or cannot go on
 * without it.
 */
static void
hold(SpindleSession *session)
{
	const int	n = session->play.options->modes.hold;
	bool		one_runs;
	const uint64 before = committed_by_others(session, &one_runs);

	set_state(session, SPINDLE_SESSION_WAITS);
	ConditionVariablePrepareToSleep(&session->shared->changed);
	while (committed_by_others(session, &one_runs) < before + (uint64) n && one_runs && !is_waited_for())
		(void) ConditionVariableTimedSleep(&session->shared->changed, LOOK_MS, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	set_state(session, SPINDLE_SESSION_RUNS);
}

/* An image that outlives its batch. */
static const SpindleImage *
keep_image(SpindleSession *session, const SpindleImage *image)
{
	const int	n = image->table->ncolumns;
	MemoryContext oldcontext = MemoryContextSwitchTo(session->kept_context);
	SpindleImage *copy = palloc(sizeof(SpindleImage));
	int64	   *value = palloc(sizeof(int64) * Max(n, 1));
	bool	   *is_null = palloc(sizeof(bool) * Max(n, 1));

	*copy = *image;
	memcpy(value, image->value, sizeof(int64) * n);
	memcpy(is_null, image->is_null, sizeof(bool) * n);
	spindle_image_keep(image->table, value, is_null, session->kept_context);
	copy->value = value;
	copy->is_null = is_null;
	MemoryContextSwitchTo(oldcontext);
	return copy;
}

/* Keep a change until its transaction begins. */
static void
keep(SpindleSession *session, const SpindleChange *change)
{
	SpindleChange *kept = &session->kept[session->nkept++];

	*kept = *change;
	if (change->before)
		kept->before = keep_image(session, change->before);
	if (change->after)
		kept->after = keep_image(session, change->after);
	if (change->changed)
	{
		const int	n = change->after->table->ncolumns;

		kept->changed = memcpy(MemoryContextAlloc(session->kept_context, sizeof(bool) * Max(n, 1)), change->changed,
							   sizeof(bool) * n);
	}
}

/* Begin the present transaction: what it depends on first, then what was kept of it. */
static void
begin(SpindleSession *session)
{
	SpindlePlay *play = &session->play;

	if (play->options->realtime && !session->shared->has_until)
		spindle_play_wait(play, session->kept[0].arrival);
	await_others(session);
	spindle_play_begin(play, &session->kept[0]);
	for (int i = 0; i < session->nkept; i++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(play->scratch);
		spindle_play_change(play, &session->kept[i]);
	}
	session->nkept = 0;
	MemoryContextSwitchTo(play->scratch);
	MemoryContextReset(session->kept_context);
	session->is_under_way = true;
}

/* A change of our share. */
static void
take(SpindleSession *session, const SpindleChange *change)
{
	if (session->is_under_way)
	{
		spindle_play_change(&session->play, change);
		return;
	}
	if (!session->has_many_roots)
		spindle_depend_need(session->depend, change, session->need);
	keep(session, change);
	if (session->nkept < MAX_KEPT && !session->has_many_roots)
		return;
	spindle_depend_need_all(session->depend, session->need);
	begin(session);
}

/* The end of a transaction of our share. */
static void
finish(SpindleSession *session, const SpindleChange *change)
{
	const SpindleModes *modes = &session->play.options->modes;

	if (session->nkept > 0)
		begin(session);
	if (!session->is_under_way)
		return;
	if (modes->hold > 0 && !session->shared->has_until &&
		spindle_mode_shows(session->play.key, 1.0 / modes->hold, LABEL_HOLD, change->position, 0))
		hold(session);
	spindle_play_end(&session->play, change);
	session->is_under_way = false;
}

/* Whose is a transaction, of which this is the first change? */
static void
assign(SpindleSession *session, const SpindleChange *change)
{
	const SpindleSessionsShared *shared = session->shared;
	SpindleKey	key = spindle_key_derive(session->play.key, LABEL_SHARE);

	session->has_many_roots = (change->position & SPINDLE_POSITION_LAST) == SPINDLE_POSITION_LAST;
	if (session->has_many_roots)
		session->owner = (int) spindle_below(spindle_draw(key, (int64) change->position), shared->nsessions);
	else
		session->owner = (int) spindle_below(spindle_draw(spindle_key_derive(key, change->root_level), change->root),
											 shared->nsessions);
	session->is_ours = session->owner == session->number &&
		change->position + 1 > shared->session[session->number].done_before;
	memset(session->need, 0, sizeof(uint64) * shared->nsessions);
}

/* Read the stream, and play our share. */
static void
run(SpindleSession *session, SpindleChanges *changes)
{
	const SpindleSessionsShared *shared = session->shared;
	SpindlePlay *play = &session->play;
	SpindleChange change;
	int64		ndone = 0;

	for (;;)
	{
		MemoryContextSwitchTo(play->scratch);
		if (!spindle_changes_next(changes, &change) || (shared->has_until && change.position > shared->until))
			break;
		CHECK_FOR_INTERRUPTS();
		ndone++;
		if (change.txn_seq == 1)
			assign(session, &change);
		if (play->target[change.table])
		{
			if (session->is_ours)
				take(session, &change);
			if (session->has_many_roots)
				spindle_depend_note_all(session->depend, change.position, session->owner);
			else if (session->owner != session->number)
				spindle_depend_note(session->depend, &change, session->owner);
		}
		if (!change.txn_last)
			continue;
		if (session->is_ours)
			finish(session, &change);
		MemoryContextReset(play->scratch);
		if (shared->max_changes >= 0 && ndone >= shared->max_changes)
			break;
	}
	spindle_play_commit(play);
}

/* Open the stream where all sessions do. */
static SpindleChanges *
open_changes(const SpindleSessionsShared *shared, const SpindleApplyOptions *options, MemoryContext context)
{
	const SpindleChangeNeeds needs = {.arrivals = options->realtime,.images = true,.realtime = options->realtime};
	SpindleChangeOptions changes = options->changes;

	changes.max_changes = -1;
	changes.include_initial = false;
	if (shared->has_start)
	{
		changes.has_after_position = true;
		changes.after_position = shared->start;
		changes.from_time = DT_NOBEGIN;
	}

	/* what was ahead when the stream was stopped is made up for, however long it takes */
	if (shared->has_until)
	{
		changes.to_time = DT_NOEND;
		changes.duration = -1;
	}
	return spindle_changes_open(options->instance, &changes, &needs, context);
}

/*
 * spindle_session_run
 *		Play the share of this session to the end.
 *
 * options are those of the call.  The caller is in a session of SPI that may commit.
 * Raises object_not_in_prerequisite_state if the
 * definition is another one now, and what the statements do.
 */
void
spindle_session_run(SpindleSession *session, const SpindleApplyOptions *options)
{
	SpindleSessionsShared *shared = session->shared;
	SpindlePlay *play = &session->play;
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback callback = {.callback = spindle_play_error_context,.arg = play,.previous = error_context_stack};
	SpindleChanges *changes;
	const char *stream;

	if (options->instance->domain->fingerprint != shared->fingerprint)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the definition of spindle domain \"%s\" has changed meanwhile", options->instance->domain->name),
				 errhint("Call spindle_to_tables again.")));
	spindle_play_init(play, options, &session->applied, context);
	play->has_committed = publish;
	session->need = palloc0(sizeof(uint64) * shared->nsessions);
	session->depend = spindle_depend_create(options->instance->domain, options->selected, shared->nsessions, context);
	session->kept_context = AllocSetContextCreate(context, "spindle changes of a transaction", ALLOCSET_DEFAULT_SIZES);
	stream = spindle_position_stream(spindle_play_schema(options), options->instance, options->changes.profile);
	play->position = spindle_position_create(shared->position, spindle_play_schema(options), stream, session->number + 1,
											 shared->nsessions, context);
	changes = open_changes(shared, options, context);
	spindle_progress_start(&play->progress, psprintf("playing changes of %s", options->instance->domain->name),
						   SPINDLE_PROGRESS_UNKNOWN, "transactions");
	spindle_position_begin(play->position, true);
	spindle_commit();
	error_context_stack = &callback;
	spindle_pace_start(&play->pace);
	play->pace.start = shared->clock;
	run(session, changes);
	error_context_stack = callback.previous;
	spindle_position_end(play->position);
	pg_atomic_write_u64(&shared->session[session->number].done, PG_UINT64_MAX);
	set_state(session, SPINDLE_SESSION_ENDED);
}
