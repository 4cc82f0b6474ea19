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

#include "apply/lock.h"
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
	const char *stream;			/* its name, by which its position is kept */
	bool		has_begun;		/* something may have been changed */
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

/* The first thing that changes something, once. */
static void
begin(Applying *applying)
{
	SpindlePlay *play = &applying->play;

	if (applying->has_begun)
		return;
	set_replica_identity(play);
	spindle_position_begin(play->position, applying->options->resume);
	spindle_commit();
	spindle_pace_start(&play->pace);
	applying->has_begun = true;
}

/* The same when sessions are there to make up for what others were ahead. */
static bool
begin_making_up(SpindleSessionsPart *part, void *arg)
{
	begin(arg);
	return true;
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
		.first = begin_making_up,
		.arg = applying,
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
 * When sessions are there: rows that are there from the start come first, by this
 * session, as they are a single transaction.  Says if there is more to be played.
 */
static bool
play_initial(SpindleSessionsPart *part, void *arg)
{
	Applying   *applying = arg;
	SpindleChangeOptions there = applying->changes;

	begin(applying);
	there.to_time = Min(there.to_time,
						Max(there.from_time, spindle_change_start(applying->options->instance->domain) - 1));
	if (there.include_initial && !there.has_after_position)
	{
		run_alone(applying, &there);
		go_behind(applying);
	}
	part->has_start = applying->changes.has_after_position;
	part->start = applying->changes.after_position;
	part->max_changes = applying->max_changes;
	return applying->max_changes != 0;
}

/* Share what is left out among sessions. */
static void
run_shared(Applying *applying)
{
	SpindleSessionsPart part = {.nsessions = applying->options->modes.sessions,.first = play_initial,.arg = applying};

	if (applying->max_changes == 0)
		begin(applying);
	else
		spindle_sessions_play(&applying->play, &part);
	if (applying->max_changes != 0)
		level(applying);
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

/*
 * Where the stream's position is kept, and what is played behind it.  If it is kept,
 * nobody else plays the stream by now, and what others committed can be seen.
 */
static void
find_position(Applying *applying)
{
	const SpindleApplyOptions *options = applying->options;
	SpindlePositionKind kind = options->position;
	const char *schema = spindle_play_schema(options);

	if (kind != SPINDLE_POSITION_NONE)
		spindle_commit();
	if (kind == SPINDLE_POSITION_AUTO && options->resume)
		kind = spindle_position_find_kind(schema, applying->stream, applying->context);
	applying->play.position = spindle_position_create(kind, schema, applying->stream, 0,
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
	{
		begin(applying);
		run_alone(applying, &applying->changes);
	}
	spindle_pace_look(&play->pace);
}

/* Play the stream, which nobody else plays meanwhile if its position is kept. */
static void
play_stream(Applying *applying)
{
	SpindlePlay *play = &applying->play;
	ErrorContextCallback callback = {
		.callback = spindle_play_error_context,.arg = play,.previous = error_context_stack
	};

	find_position(applying);
	spindle_progress_start(&play->progress, psprintf("playing changes of %s", applying->options->instance->domain->name),
						   SPINDLE_PROGRESS_UNKNOWN, "transactions");
	error_context_stack = &callback;
	play_all(applying);
	error_context_stack = callback.previous;
	spindle_progress_end(&play->progress);
}

/*
 * spindle_apply
 *		Play the changes of an instance into the tables of a schema, with a commit for
 *		each transaction; says in *applied what has been committed.
 *
 * Needs a session of SPI that may commit.  Runs as the calling user.  All that is
 * allocated goes with a memory context below the current one.
 *
 * Raises what spindle_apply_table_create() does, object_in_use if another call plays
 * the stream, and what background workers and the statements do; an error's context
 * tells the last position that was committed.
 */
void
spindle_apply(const SpindleApplyOptions *options, SpindleApplied *applied)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle apply", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Applying	applying = {.options = options,.context = context};
	const bool	is_kept = options->position != SPINDLE_POSITION_NONE;

	spindle_play_init(&applying.play, options, applied, context);
	applying.stream = spindle_position_stream(spindle_play_schema(options), options->instance, options->changes.profile);
	if (is_kept)
		spindle_apply_lock(applying.stream, options->instance->domain->name, spindle_play_schema(options));
	PG_TRY();
	{
		play_stream(&applying);
	}
	PG_FINALLY();
	{
		if (applying.play.position)
			spindle_position_end(applying.play.position);
		if (is_kept)
			spindle_apply_unlock(applying.stream);
	}
	PG_END_TRY();
	applied->seconds = applying.made_up + applying.play.pace.now;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
