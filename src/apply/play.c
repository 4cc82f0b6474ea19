/*-------------------------------------------------------------------------
 *
 * play.c
 *		Transactions of a stream, made in the tables, by one session.
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
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "apply/play.h"
#include "model/model.h"
#include "server/run.h"

/* Tells draws of modes from all others, and from each other. */
#define LABEL_MODES			UINT64CONST(0x6d6f646573)
#define LABEL_ROLLBACK		1
#define LABEL_SAVEPOINT		2
#define LABEL_EMPTY			3
#define LABEL_NOOP			4
#define LABEL_DELETE_INSERT	5

/* The schema of the tables: that of the call, else of the first table in the definition. */
const char *
spindle_play_schema(const SpindleApplyOptions *options)
{
	const SpindleDomain *domain = options->instance->domain;
	const char *schema = options->schema;

	for (int t = 0; schema == NULL && t < domain->ntables; t++)
		if (options->selected[t])
			schema = domain->table[t].sql_schema;
	return schema;
}

/*
 * spindle_play_init
 *		All that is needed before the first transaction, but position and clock.
 *
 * Allocated in the given memory context; what is committed will be counted in
 * *applied.  Needs a session of SPI.  Changes nothing.  Raises
 * invalid_parameter_value if no table is selected, and what
 * spindle_apply_table_create() does.
 */
void
spindle_play_init(SpindlePlay *play, const SpindleApplyOptions *options, SpindleApplied *applied, MemoryContext context)
{
	const SpindleDomain *domain = options->instance->domain;
	bool		any = false;

	memset(play, 0, sizeof(*play));
	memset(applied, 0, sizeof(*applied));
	play->options = options;
	play->committed = applied;
	play->batch_size = options->modes.transaction_size > 0 ? options->modes.transaction_size : options->batch_size;
	play->key = spindle_instance_key(options->instance, LABEL_MODES);
	play->scratch = AllocSetContextCreate(context, "spindle apply, a transaction", ALLOCSET_DEFAULT_SIZES);
	play->target = MemoryContextAllocZero(context, sizeof(SpindleApplyTable *) * Max(domain->ntables, 1));
	for (int t = 0; t < domain->ntables; t++)
	{
		if (!options->selected[t])
			continue;
		any = true;
		play->target[t] = spindle_apply_table_create(&domain->table[t], options->schema, context);
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no tables to change"),
				 errhint("\"tables\" names those to change, or is null for all.")));
}

/* Tell how far the stream came, and how to go on. */
void
spindle_play_error_context(void *arg)
{
	SpindlePlay *play = arg;

	if (play->count)
		play->count(play);
	if (play->committed->has_position)
		errcontext("changes of domain \"%s\": " INT64_FORMAT " transactions committed, the last one at position %X/%X",
				   play->options->instance->domain->name, play->committed->transactions,
				   LSN_FORMAT_ARGS(play->committed->last_position));
	else
		errcontext("changes of domain \"%s\": nothing committed", play->options->instance->domain->name);
}

/* Commit what was done, with its position. */
void
spindle_play_commit(SpindlePlay *play)
{
	if (play->in_batch > 0 || play->in_transaction > 0)
	{
		const SpindleKept kept = {
			.has_position = play->made.has_position,
			.position = play->made.last_position,
			.changes = play->in_transaction,
		};

		spindle_position_set(play->position, &kept, play->has_time, play->time);
	}
	spindle_commit();
	*play->committed = play->made;
	play->in_batch = play->in_transaction = 0;
	play->is_open = false;
	spindle_progress_report(&play->progress, play->committed->transactions);
	if (play->has_committed)
		play->has_committed(play);
}

/* Make a change, and count it. */
static void
make_change(SpindlePlay *play, const SpindleChange *change)
{
	SpindleApplyTable *target = play->target[change->table];
	const SpindleModes *modes = &play->options->modes;

	play->is_open = true;
	switch (change->op)
	{
		case 'd':
			play->made.deletes += spindle_apply_delete(target, change->before);
			break;
		case 'u':
			if (!spindle_apply_is_referred_to(target) &&
				spindle_mode_shows(play->key, modes->delete_insert_fraction, LABEL_DELETE_INSERT, change->position,
								   change->txn_seq))
			{
				play->made.deletes += spindle_apply_delete(target, change->before);
				play->made.inserts += spindle_apply_insert(target, change->after);
				break;
			}
			play->made.updates += spindle_apply_update(target, change->before, change->after, change->changed);
			if (spindle_mode_shows(play->key, modes->noop_fraction, LABEL_NOOP, change->position, change->txn_seq))
				play->made.updates += spindle_apply_touch(target, change->after);
			break;
		default:
			play->made.inserts += spindle_apply_insert(target, change->after);
			break;
	}
}

/* Make a change and take it back: to a savepoint. */
static void
make_in_vain(SpindlePlay *play, const SpindleChange *change)
{
	SpindleApplied made = play->made;
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	make_change(play, change);
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(oldcontext);
	CurrentResourceOwner = oldowner;
	play->made = made;
}

/* Make a change of the stream, as often as its habits say. */
void
spindle_play_change(SpindlePlay *play, const SpindleChange *change)
{
	if (spindle_mode_shows(play->key, play->options->modes.savepoint_fraction, LABEL_SAVEPOINT, change->position,
						   change->txn_seq))
		make_in_vain(play, change);
	make_change(play, change);
}

/* Wait until a transaction is due; what was due before is committed first. */
void
spindle_play_wait(SpindlePlay *play, double due)
{
	if (spindle_pace_is_due(&play->pace, due))
		return;
	if (play->is_open)
		spindle_play_commit(play);
	spindle_pace_wait(&play->pace, due);
}

/* What real writers do before a transaction of the stream. */
void
spindle_play_begin(SpindlePlay *play, const SpindleChange *change)
{
	const SpindleModes *modes = &play->options->modes;
	SpindleApplied made;

	if (spindle_mode_shows(play->key, modes->empty_fraction, LABEL_EMPTY, change->position, 0))
	{
		if (play->is_open)
			spindle_play_commit(play);

		/* one without a number would leave no trace */
		(void) GetCurrentTransactionId();
		spindle_play_commit(play);
	}
	if (spindle_mode_shows(play->key, modes->rollback_fraction, LABEL_ROLLBACK, change->position, 0))
	{
		if (play->is_open)
			spindle_play_commit(play);
		made = play->made;
		make_change(play, change);
		SPI_rollback();
		play->made = made;
		play->is_open = false;
	}
}

/* Note that a transaction of the stream is complete, and commit if it is time. */
void
spindle_play_end(SpindlePlay *play, const SpindleChange *change)
{
	play->made.transactions++;
	play->made.has_position = true;
	play->made.last_position = change->position;
	play->has_time = change->has_time;
	play->time = change->event_time;
	if (++play->in_batch >= play->batch_size)
	{
		spindle_play_commit(play);
		if (play->options->realtime)
			spindle_pace_look(&play->pace);
	}
}

