/*-------------------------------------------------------------------------
 *
 * apply.c
 *		The loop that plays changes into tables.
 *
 * A transaction of the stream is one of the server, or batch_size of them are; each
 * commit carries the position of the last one, so the stream continues behind what is
 * there, whatever ended it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlogdefs.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "apply/apply.h"
#include "apply/apply_table.h"
#include "model/model.h"
#include "server/pace.h"
#include "server/progress.h"
#include "server/run.h"

/* Tells draws of modes from all others, and from each other. */
#define LABEL_MODES			UINT64CONST(0x6d6f646573)
#define LABEL_ROLLBACK		1
#define LABEL_SAVEPOINT		2
#define LABEL_EMPTY			3
#define LABEL_NOOP			4
#define LABEL_DELETE_INSERT	5

/* A stream under way.  It lives on the stack of spindle_apply(). */
typedef struct Applying
{
	const SpindleApplyOptions *options;
	SpindleApplyTable **target; /* per table of the domain, NULL if not selected */
	SpindlePosition *position;
	SpindlePace pace;
	SpindleProgress progress;
	MemoryContext scratch;		/* what a transaction leaves behind */
	SpindleKey	key;			/* of the draws of modes */
	int			batch_size;
	int			in_batch;		/* transactions since the last commit */
	int			in_transaction; /* changes of one that is not complete */
	int			skip;			/* changes of the first one that are there */
	bool		is_open;		/* changes were made since the last commit */
	bool		has_time;		/* of the last transaction */
	TimestampTz time;
	SpindleApplied made;		/* what was done, */
	SpindleApplied *committed;	/* and what of it cannot be lost */
} Applying;

/* Tell how far the stream came, and how to go on. */
static void
applying_context(void *arg)
{
	const Applying *applying = arg;

	if (applying->committed->has_position)
		errcontext("changes of domain \"%s\": " INT64_FORMAT " transactions committed, the last one at position %X/%X",
				   applying->options->instance->domain->name, applying->committed->transactions,
				   LSN_FORMAT_ARGS(applying->committed->last_position));
	else
		errcontext("changes of domain \"%s\": nothing committed", applying->options->instance->domain->name);
}

/* Commit what was done, with its position. */
static void
commit(Applying *applying)
{
	if (applying->in_batch > 0 || applying->in_transaction > 0)
		spindle_position_set(applying->position, applying->made.last_position, applying->in_transaction,
							 applying->has_time, applying->time);
	spindle_commit();
	*applying->committed = applying->made;
	applying->in_batch = applying->in_transaction = 0;
	applying->is_open = false;
	spindle_progress_report(&applying->progress, applying->committed->transactions);
}

/* Make a change, and count it. */
static void
make_change(Applying *applying, const SpindleChange *change)
{
	SpindleApplyTable *target = applying->target[change->table];
	const SpindleModes *modes = &applying->options->modes;

	applying->is_open = true;
	switch (change->op)
	{
		case 'd':
			applying->made.deletes += spindle_apply_delete(target, change->before);
			break;
		case 'u':
			if (!spindle_apply_is_referred_to(target) &&
				spindle_mode_shows(applying->key, modes->delete_insert_fraction, LABEL_DELETE_INSERT, change->position,
								   change->txn_seq))
			{
				applying->made.deletes += spindle_apply_delete(target, change->before);
				applying->made.inserts += spindle_apply_insert(target, change->after);
				break;
			}
			applying->made.updates += spindle_apply_update(target, change->before, change->after, change->changed);
			if (spindle_mode_shows(applying->key, modes->noop_fraction, LABEL_NOOP, change->position, change->txn_seq))
				applying->made.updates += spindle_apply_touch(target, change->after);
			break;
		default:
			applying->made.inserts += spindle_apply_insert(target, change->after);
			break;
	}
}

/* Make a change and take it back: to a savepoint. */
static void
make_in_vain(Applying *applying, const SpindleChange *change)
{
	SpindleApplied made = applying->made;
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	make_change(applying, change);
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(oldcontext);
	CurrentResourceOwner = oldowner;
	applying->made = made;
}

/* What real writers do before a transaction of the stream. */
static void
begin_transaction(Applying *applying, const SpindleChange *change)
{
	const SpindleModes *modes = &applying->options->modes;
	SpindleApplied made;

	if (spindle_mode_shows(applying->key, modes->empty_fraction, LABEL_EMPTY, change->position, 0))
	{
		if (applying->is_open)
			commit(applying);

		/* one without a number would leave no trace */
		(void) GetCurrentTransactionId();
		commit(applying);
	}
	if (spindle_mode_shows(applying->key, modes->rollback_fraction, LABEL_ROLLBACK, change->position, 0))
	{
		if (applying->is_open)
			commit(applying);
		made = applying->made;
		make_change(applying, change);
		SPI_rollback();
		applying->made = made;
		applying->is_open = false;
	}
}

/* Wait until a transaction is due; what was due before is committed first. */
static void
wait_for(Applying *applying, double due)
{
	if (spindle_pace_is_due(&applying->pace, due))
		return;
	if (applying->is_open)
		commit(applying);
	spindle_pace_wait(&applying->pace, due);
}

/* Note that a transaction of the stream is complete, and commit if it is time. */
static void
end_transaction(Applying *applying, const SpindleChange *change)
{
	applying->made.transactions++;
	applying->made.has_position = true;
	applying->made.last_position = change->position;
	applying->has_time = change->has_time;
	applying->time = change->event_time;
	if (++applying->in_batch >= applying->batch_size)
	{
		commit(applying);
		if (applying->options->realtime)
			spindle_pace_look(&applying->pace);
	}
}

/* Play all changes. */
static void
run(Applying *applying, SpindleChanges *changes)
{
	const SpindleApplyOptions *options = applying->options;
	SpindleChange change;
	int64		ndone = 0;		/* changes of the stream */
	bool		begun = false;

	for (;;)
	{
		/* SPI leaves us in a context of its own, which stays until the end */
		MemoryContextSwitchTo(applying->scratch);
		if (!spindle_changes_next(changes, &change))
			break;
		CHECK_FOR_INTERRUPTS();
		ndone++;
		if (applying->target[change.table] && change.txn_seq > applying->skip)
		{
			if (!begun && options->realtime)
				wait_for(applying, change.arrival);
			if (!begun)
				begin_transaction(applying, &change);
			begun = true;
			if (spindle_mode_shows(applying->key, options->modes.savepoint_fraction, LABEL_SAVEPOINT, change.position,
								   change.txn_seq))
				make_in_vain(applying, &change);
			make_change(applying, &change);
			if (options->single && !change.txn_last)
			{
				applying->in_transaction = change.txn_seq;
				commit(applying);
			}
		}
		if (change.txn_last)
		{
			if (begun)
				end_transaction(applying, &change);
			begun = false;
			applying->skip = 0;
			MemoryContextReset(applying->scratch);

			/* whole transactions only, so the last one may have more */
			if (options->changes.max_changes >= 0 && ndone >= options->changes.max_changes)
				break;
		}
	}
	commit(applying);
}

/* How much of a row decoders see of it before: for all tables at once. */
static void
set_replica_identity(Applying *applying)
{
	const char *identity = applying->options->modes.replica_identity;

	if (identity == NULL)
		return;
	for (int t = 0; t < applying->options->instance->domain->ntables; t++)
	{
		char	   *statement;

		if (applying->target[t] == NULL)
			continue;
		statement = psprintf("ALTER TABLE %s REPLICA IDENTITY %s", spindle_apply_table_name(applying->target[t]), identity);
		if (SPI_execute(statement, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not execute \"%s\"", statement);
	}
}

/* The name under which the stream's position is kept. */
static char *
stream_name(const SpindleApplyOptions *options, const char *schema)
{
	const SpindleInstance *instance = options->instance;

	return psprintf("spindle:%s:%s:%s:" INT64_FORMAT ":%s", schema, instance->domain->name,
					instance->domain->preset[instance->preset].name, instance->seed,
					options->changes.profile ? options->changes.profile : "");
}

/* Look at all that is asked for, before anything is changed. */
static void
prepare(Applying *applying, SpindleChangeOptions *changes, MemoryContext context)
{
	const SpindleApplyOptions *options = applying->options;
	const SpindleDomain *domain = options->instance->domain;
	const char *schema = options->schema;
	bool		any = false;

	applying->target = palloc0(sizeof(SpindleApplyTable *) * domain->ntables);
	for (int t = 0; t < domain->ntables; t++)
	{
		if (!options->selected[t])
			continue;
		any = true;
		applying->target[t] = spindle_apply_table_create(&domain->table[t], options->schema, context);
		if (schema == NULL)
			schema = domain->table[t].sql_schema;
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no tables to change"),
				 errhint("\"tables\" names those to change, or is null for all.")));
	applying->position = spindle_position_create(options->position, schema, stream_name(options, schema), context);
	if (options->resume)
	{
		uint64		position;

		if (spindle_position_find(applying->position, &position, &applying->skip) && position > 0)
		{
			changes->has_after_position = true;
			changes->after_position = position;
			changes->from_time = DT_NOBEGIN;
			applying->committed->has_position = true;
			applying->committed->last_position = position;
			applying->made = *applying->committed;
		}
	}
}

/*
 * spindle_apply
 *		Play the changes of an instance into the tables of a schema, with a commit for
 *		each transaction; says in *applied what has been committed.
 *
 * Needs a session of SPI that may commit.  Runs as the calling user.  All that is
 * allocated goes with a memory context below the current one.
 *
 * Raises what spindle_apply_table_create() and the statements do; an error's context
 * tells the last position that was committed.
 */
void
spindle_apply(const SpindleApplyOptions *options, SpindleApplied *applied)
{
	const SpindleChangeNeeds needs = {.arrivals = options->realtime,.images = true};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle apply", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleChangeOptions change_options = options->changes;
	Applying	applying = {.options = options,.committed = applied};
	ErrorContextCallback callback;
	SpindleChanges *changes;

	memset(applied, 0, sizeof(*applied));
	change_options.max_changes = options->changes.max_changes == 0 ? 0 : -1;
	applying.batch_size = options->modes.transaction_size > 0 ? options->modes.transaction_size : options->batch_size;
	applying.key = spindle_instance_key(options->instance, LABEL_MODES);
	applying.scratch = AllocSetContextCreate(context, "spindle apply, a transaction", ALLOCSET_DEFAULT_SIZES);
	prepare(&applying, &change_options, context);
	changes = spindle_changes_open(options->instance, &change_options, &needs, context);
	callback.callback = applying_context;
	callback.arg = &applying;
	callback.previous = error_context_stack;
	spindle_progress_start(&applying.progress, psprintf("playing changes of %s", options->instance->domain->name),
						   SPINDLE_PROGRESS_UNKNOWN, "transactions");
	PG_TRY();
	{
		set_replica_identity(&applying);
		spindle_position_begin(applying.position, options->resume);
		spindle_commit();
		error_context_stack = &callback;
		spindle_pace_start(&applying.pace);
		run(&applying, changes);
	}
	PG_CATCH();
	{
		spindle_position_abort(applying.position);
		PG_RE_THROW();
	}
	PG_END_TRY();
	spindle_position_end(applying.position);
	error_context_stack = callback.previous;
	spindle_pace_look(&applying.pace);
	spindle_progress_end(&applying.progress);
	applied->seconds = applying.pace.now;
	spindle_changes_close(changes);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
