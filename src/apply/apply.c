/*-------------------------------------------------------------------------
 *
 * apply.c
 *		The loop that plays changes into tables.
 *
 * By this session, or, behind the rows that are there from the start, by several
 * that share the rest out.  These are not equally far when something ends them, so
 * whoever resumes makes up first for what some of them were ahead of others: by as
 * many sessions as there were, each with its own share.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "apply/sessions.h"
#include "model/model.h"
#include "server/run.h"

/* A call under way.  It lives on the stack of spindle_apply(). */
typedef struct Applying
{
	const SpindleApplyOptions *options;
	SpindleChangeOptions changes;	/* what is left to be played */
	int64		max_changes;	/* and how many of it, -1: all */
	SpindlePlay play;
	int			skip;			/* changes of the first transaction that are there */
	List	   *kept;			/* SpindleKept of sessions that were ahead, */
	double		made_up;		/* and seconds that it took to make up for that */
	MemoryContext context;
} Applying;

/* Play changes by this session, as far as they go; takes them off max_changes. */
static void
run(Applying *applying, SpindleChanges *changes)
{
	const SpindleApplyOptions *options = applying->options;
	SpindlePlay *play = &applying->play;
	SpindleChange change;
	bool		begun = false;

	while (applying->max_changes != 0)
	{
		/* SPI leaves us in a context of its own, which stays until the end */
		MemoryContextSwitchTo(play->scratch);
		if (!spindle_changes_next(changes, &change))
			break;
		CHECK_FOR_INTERRUPTS();

		/* whole transactions only, so the last one may have more */
		if (applying->max_changes > 1 || (applying->max_changes == 1 && change.txn_last))
			applying->max_changes--;
		if (play->target[change.table] && change.txn_seq > applying->skip)
		{
			if (!begun && options->realtime)
				spindle_play_wait(play, change.arrival);
			if (!begun)
				spindle_play_begin(play, &change);
			begun = true;
			spindle_play_change(play, &change);
			if (options->single && !change.txn_last)
			{
				play->in_transaction = change.txn_seq;
				spindle_play_commit(play);
			}
		}
		if (change.txn_last)
		{
			if (begun)
				spindle_play_end(play, &change);
			begun = false;
			applying->skip = 0;
			MemoryContextReset(play->scratch);
		}
	}
	spindle_play_commit(play);
}

/* Play by this session what changes say. */
static void
run_alone(Applying *applying, const SpindleChangeOptions *options)
{
	const SpindleChangeNeeds needs = {.arrivals = applying->options->realtime,.images = true,
	.realtime = applying->options->realtime};
	SpindleChanges *changes = spindle_changes_open(applying->options->instance, options, &needs, applying->context);

	run(applying, changes);
	spindle_changes_close(changes);
}

/* What is left lies behind the last position, if there is one. */
static void
go_behind(Applying *applying)
{
	const SpindleApplied *committed = applying->play.committed;

	if (!committed->has_position)
		return;
	applying->changes.has_after_position = true;
	applying->changes.after_position = committed->last_position;
	applying->changes.from_time = DT_NOBEGIN;
}

/* All sessions have come to the last position. */
static void
level(Applying *applying)
{
	const SpindleApplied *committed = applying->play.committed;

	if (committed->has_position)
		spindle_position_level(applying->play.position, committed->last_position,
							   spindle_change_time(applying->options->instance->domain, committed->last_position));
	go_behind(applying);
}

/* Make up for what some sessions of the last call were ahead of others. */
static void
make_up(Applying *applying)
{
	const SpindleKept *first = linitial(applying->kept);
	SpindleSessionsPart part = {
		.nsessions = first->sessions,
		.has_start = applying->changes.has_after_position,
		.start = applying->changes.after_position,
		.has_until = true,
		.max_changes = -1,
		.kept = applying->kept,
	};
	ListCell   *lc;

	foreach(lc, applying->kept)
		part.until = Max(part.until, ((const SpindleKept *) lfirst(lc))->position);
	spindle_sessions_play(&applying->play, &part);

	/* where all sessions are, even if none of them had anything to do */
	applying->play.committed->has_position = true;
	applying->play.committed->last_position = part.until;
	applying->play.made = *applying->play.committed;
	level(applying);
}

/*
 * Share what is left out among sessions; rows that are there from the start come
 * first, by this one, as they are a single transaction.
 */
static void
run_shared(Applying *applying)
{
	SpindlePlay *play = &applying->play;
	SpindleChangeOptions there = applying->changes;
	SpindleSessionsPart part = {.nsessions = applying->options->modes.sessions};

	there.to_time = Min(there.to_time,
						Max(there.from_time, spindle_change_start(applying->options->instance->domain) - 1));
	if (there.include_initial && !there.has_after_position)
	{
		run_alone(applying, &there);
		go_behind(applying);
	}
	if (applying->max_changes == 0)
		return;
	part.has_start = applying->changes.has_after_position;
	part.start = applying->changes.after_position;
	part.max_changes = applying->max_changes;
	spindle_sessions_play(play, &part);
	level(applying);
}

/* How much of a row decoders see of it before: for all tables at once. */
static void
set_replica_identity(SpindlePlay *play)
{
	const char *identity = play->options->modes.replica_identity;

	if (identity == NULL)
		return;
	for (int t = 0; t < play->options->instance->domain->ntables; t++)
		if (play->target[t])
			spindle_run(psprintf("ALTER TABLE %s REPLICA IDENTITY %s", spindle_apply_table_name(play->target[t]), identity));
}

/* Find out what is there, and begin behind it. */
static void
resume(Applying *applying)
{
	SpindlePlay *play = &applying->play;
	SpindleApplied *committed = play->committed;
	ListCell   *lc;

	foreach(lc, spindle_position_list(play->position))
	{
		SpindleKept *kept = lfirst(lc);

		/* the stream's own comes first */
		if (kept->session > 0)
		{
			if (!committed->has_position || kept->position > committed->last_position)
				applying->kept = lappend(applying->kept, kept);
			continue;
		}
		applying->skip = kept->changes;
		if (!kept->has_position)
			continue;
		committed->has_position = true;
		committed->last_position = kept->position;
		play->made = *committed;
		go_behind(applying);
	}
}

/* Look at all that is asked for, before anything is changed. */
static void
prepare(Applying *applying, SpindleApplied *applied)
{
	const SpindleApplyOptions *options = applying->options;
	SpindlePositionKind kind = options->position;
	const char *schema;
	const char *stream;

	spindle_play_init(&applying->play, options, applied, applying->context);
	schema = spindle_play_schema(options);
	stream = spindle_position_stream(schema, options->instance, options->changes.profile);
	if (kind == SPINDLE_POSITION_AUTO && options->resume)
		kind = spindle_position_find_kind(schema, stream, applying->context);
	applying->play.position = spindle_position_create(kind, schema, stream, 0,
													  options->modes.sessions > 1 ? options->modes.sessions : 0,
													  applying->context);
	applying->changes = options->changes;
	applying->changes.max_changes = -1;
	applying->max_changes = options->changes.max_changes;
	if (options->resume)
		resume(applying);
}

/* Play all that is asked for. */
static void
play_all(Applying *applying)
{
	SpindlePlay *play = &applying->play;

	set_replica_identity(play);
	spindle_position_begin(play->position, applying->options->resume);
	spindle_commit();
	spindle_pace_start(&play->pace);
	if (applying->kept != NIL)
	{
		make_up(applying);
		spindle_pace_look(&play->pace);
		applying->made_up = play->pace.now;
		spindle_pace_start(&play->pace);
	}
	if (applying->options->modes.sessions > 1)
		run_shared(applying);
	else
		run_alone(applying, &applying->changes);
	spindle_pace_look(&play->pace);
}

/*
 * spindle_apply
 *		Play the changes of an instance into the tables of a schema, with a commit for
 *		each transaction; says in *applied what has been committed.
 *
 * Needs a session of SPI that may commit.  Runs as the calling user.  All that is
 * allocated goes with a memory context below the current one.
 *
 * Raises what spindle_apply_table_create(), background workers and the statements do;
 * an error's context tells the last position that was committed.
 */
void
spindle_apply(const SpindleApplyOptions *options, SpindleApplied *applied)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle apply", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Applying	applying = {.options = options,.context = context};
	ErrorContextCallback callback;

	prepare(&applying, applied);
	callback.callback = spindle_play_error_context;
	callback.arg = &applying.play;
	callback.previous = error_context_stack;
	spindle_progress_start(&applying.play.progress, psprintf("playing changes of %s", options->instance->domain->name),
						   SPINDLE_PROGRESS_UNKNOWN, "transactions");
	PG_TRY();
	{
		error_context_stack = &callback;
		play_all(&applying);
	}
	PG_FINALLY();
	{
		spindle_position_end(applying.play.position);
	}
	PG_END_TRY();
	error_context_stack = callback.previous;
	spindle_progress_end(&applying.play.progress);
	applied->seconds = applying.made_up + applying.play.pace.now;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
