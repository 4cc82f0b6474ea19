/*-------------------------------------------------------------------------
 *
 * worker.c
 *		A background worker of spindle_seed.
 *
 * A worker makes whole tables, one after another, as long as there are some
 * left: two processes that fill the same table only wait for each other, as a
 * table grows by one process at a time.  Everything up to the statistics
 * happens in one transaction, which stays open until all workers are as far.
 * So a worker that fails, or a server that crashes, leaves nothing behind.
 *
 * Errors and notices go to the leader (server/workers.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "library/library.h"
#include "seed/ddl.h"
#include "seed/load.h"
#include "seed/shared.h"
#include "server/progress.h"
#include "server/run.h"
#include "server/workers.h"

/* What a worker knows; it lives on the stack of the entry point. */
typedef struct Worker
{
	SpindleSeedShared *shared;
	int			number;
	SpindleInstance *instance;
	SpindleDdl *ddl;
	SpindleProgress progress;	/* of the present table */
	int64		rows_reported;	/* of the present table */
} Worker;

/*
 * Find the domain; it must be the one that the leader has.  Called in each
 * transaction, as the instance is held by its context.  Raises
 * object_not_in_prerequisite_state.
 */
static void
prepare(Worker *worker)
{
	SpindleSeedShared *shared = worker->shared;
	bool	   *selected;

	worker->instance = spindle_library_instance(shared->domain, shared->scale, shared->seed, CurrentMemoryContext);
	if (worker->instance->domain->fingerprint != shared->fingerprint)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the definition of spindle domain \"%s\" has changed meanwhile", shared->domain),
				 errhint("Call spindle_seed again.")));
	selected = palloc0(sizeof(bool) * worker->instance->domain->ntables);
	for (int i = 0; i < shared->ntasks; i++)
		selected[shared->task[i].table] = true;
	worker->ddl = spindle_ddl_create(worker->instance->domain, shared->schema, selected, shared->is_logged);
	worker->ddl->is_run = true;
	worker->ddl->staging = shared->staging;
}

/*
 * Tell the leader that a step is done.  What was written before is seen by
 * whoever sees the step.
 */
static void
report_step(Worker *worker, SpindleSeedStep step)
{
	pg_write_barrier();
	pg_atomic_write_u32(&worker->shared->steps_done[worker->number], step + 1);
	spindle_worker_wake_leader();
}

/*
 * Wait until the leader says that a step begins.  Takes no time if it has
 * begun.  Interrupts are served.
 */
static void
await_step(Worker *worker, SpindleSeedStep step)
{
	pgstat_report_activity(STATE_RUNNING, "waiting for other workers");
	ConditionVariablePrepareToSleep(&worker->shared->step_changed);
	while (pg_atomic_read_u32(&worker->shared->step) < step)
		ConditionVariableSleep(&worker->shared->step_changed, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	pg_read_barrier();
}

/*
 * The next task of this step, or NULL if none is left.  The counter goes back
 * to 0 with each step.
 */
static SpindleSeedTask *
next_task(Worker *worker)
{
	uint32		i = pg_atomic_fetch_add_u32(&worker->shared->next_task, 1);

	return i < worker->shared->ntasks ? &worker->shared->task[i] : NULL;
}

/* Add the rows stored since the last report to those of all workers. */
static void
report_load(void *arg, int64 rows)
{
	Worker	   *worker = arg;

	pg_atomic_fetch_add_u64(&worker->shared->rows, rows - worker->rows_reported);
	worker->rows_reported = rows;
	spindle_progress_report(&worker->progress, rows);
}

/*
 * One table with all that does not need others.  In the worker's transaction
 * and under its provisional name.  Raises what the statements do, and ends the
 * worker and the seeding by it.
 */
static void
make_table(Worker *worker, SpindleSeedTask *task)
{
	const SpindleSeedShared *shared = worker->shared;
	const char *name = worker->ddl->domain->table[task->table].sql_name;
	char	   *qualified = spindle_ddl_qualified(worker->ddl, spindle_ddl_name(worker->ddl, task->table));
	int64		inserted;

	pgstat_report_activity(STATE_RUNNING, psprintf("loading %s", name));
	spindle_run(spindle_ddl_table(worker->ddl, task->table));
	spindle_run(psprintf("COMMENT ON TABLE %s IS %s", qualified,
							  quote_literal_cstr(SPINDLE_SEED_COMMENT)));
	spindle_run_all(spindle_ddl_column_comments(worker->ddl, task->table));

	/* until the table has its name; the leader would have to wait for it */
	spindle_run(psprintf("ALTER TABLE %s SET (autovacuum_enabled = false)", qualified));
	task->relid = spindle_ddl_relation(worker->ddl, task->table);

	spindle_progress_start(&worker->progress, psprintf("loading %s", name),
						   spindle_alive_end(worker->instance, task->table, shared->as_of.time), "rows");
	worker->rows_reported = 0;
	inserted = spindle_load_new(task->relid, worker->instance, task->table, shared->as_of, NULL, report_load, worker);

	/* an event trigger may have made something that keeps some out */
	pg_atomic_fetch_add_u64(&worker->shared->rows, inserted - worker->rows_reported);
	spindle_progress_end(&worker->progress);

	pgstat_report_activity(STATE_RUNNING, psprintf("keys, indexes and statistics of %s", name));
	if (shared->with_keys)
		spindle_run_all(spindle_ddl_keys(worker->ddl, task->table));
	if (shared->with_indexes)
		spindle_run_all(spindle_ddl_indexes(worker->ddl, task->table));
	if (shared->with_statistics)
		spindle_run(psprintf("ANALYZE %s", qualified));
	pg_atomic_fetch_add_u32(&worker->shared->tables_done, 1);
}

/*
 * The first two steps: make tables, commit when all others are done too.  Both
 * are one transaction, so that an error of any worker undoes the tables of
 * all.
 */
static void
make_tables(Worker *worker)
{
	SpindleSeedTask *task;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	prepare(worker);
	while ((task = next_task(worker)) != NULL)
		make_table(worker, task);
	PopActiveSnapshot();
	report_step(worker, SPINDLE_SEED_LOAD);
	await_step(worker, SPINDLE_SEED_COMMIT);
	SPI_finish();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	report_step(worker, SPINDLE_SEED_COMMIT);
}

/*
 * The last step: check foreign keys, which the leader has added.  Each table
 * has a transaction of its own, so that locks are not held for long.
 */
static void
validate_tables(Worker *worker)
{
	SpindleSeedTask *task;

	await_step(worker, SPINDLE_SEED_VALIDATE);
	while ((task = next_task(worker)) != NULL)
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		SPI_connect();
		PushActiveSnapshot(GetTransactionSnapshot());
		prepare(worker);
		for (int k = 0; k < worker->ddl->domain->table[task->table].nforeign_keys; k++)
		{
			const char *name = worker->ddl->foreign_key_name[task->table][k];

			if (!worker->ddl->selected[worker->ddl->domain->table[task->table].foreign_key[k].table])
				continue;
			pgstat_report_activity(STATE_RUNNING, psprintf("foreign key %s", name));
			spindle_run(psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s",
									  spindle_ddl_qualified(worker->ddl, spindle_ddl_name(worker->ddl, task->table)),
									  quote_identifier(name)));
		}
		PopActiveSnapshot();
		SPI_finish();
		CommitTransactionCommand();
	}
	report_step(worker, SPINDLE_SEED_VALIDATE);
}

/*
 * spindle_seed_worker_main
 *		Entry point; arg is what spindle_worker_begin() takes.
 *
 * An error goes to the leader and ends the process; what was not committed is undone.
 */
void
spindle_seed_worker_main(Datum arg)
{
	Worker		worker = {0};

	worker.shared = spindle_worker_begin(arg, &worker.number);
	make_tables(&worker);
	if (worker.shared->with_keys)
		validate_tables(&worker);
}
