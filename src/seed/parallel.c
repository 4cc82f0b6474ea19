/*-------------------------------------------------------------------------
 *
 * parallel.c
 *		Seeding by background workers: the leader.
 *
 * Workers make tables under names that nobody uses, each worker in one
 * transaction.  When all of them have done so, they commit; the leader then
 * adds foreign keys, which workers check, and gives the tables their names in
 * one last transaction.  Until then nobody sees any of the tables, and those
 * to be replaced are still there.
 *
 * If anything goes wrong the leader stops the workers and drops what they have
 * committed, also when it is terminated.  If the server crashes before the
 * workers commit, nothing is left.  If it crashes after that, in the time of
 * the foreign keys, there are tables whose names and comments tell what they
 * are; the next call for the same schema drops them.
 *
 * Errors of workers come through their queues and are raised here.  Between
 * the commits of workers and the last transaction no error may be raised that
 * clean_up() does not catch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "compat.h"
#include "seed/cleanup.h"
#include "seed/lock.h"
#include "seed/parallel.h"
#include "seed/shared.h"
#include "seed/types.h"
#include "server/progress.h"
#include "server/run.h"
#include "server/wait.h"
#include "server/workers.h"

/* Between two looks at how far workers are, if nothing else wakes us. */
#define REPORT_SECONDS	1.0

/*
 * A parallel seeding.  It has a memory context of its own, as it is needed when
 * a session ends and its portals are gone.
 */
typedef struct Job
{
	MemoryContext context;
	const SpindleSeed *seed;	/* not to be used at the end of a session */
	bool		has_made_schema;
	List	   *made_types;		/* for the tables */
	SpindleWorkers *workers;
	SpindleSeedShared *shared;
	SpindleProgress progress;	/* first of rows, then of tables */
	bool		is_loaded;		/* all rows are stored */
} Job;

/* What workers are. */
static const SpindleWorkersKind seed_workers = {
	.library = "$libdir/spindle",
	.function = "spindle_seed_worker_main",
	.type = "spindle seed worker",
	.caller = "spindle_seed",
};

/* The job of this session, for the case that the session is terminated. */
static Job *active_job = NULL;

/*
 * Largest tables first, so that no long one is left for the end.  arg has the
 * number of rows of each table of the domain.  Equal ones keep the order of
 * the definition.
 */
static int
compare_tasks(const void *a, const void *b, void *arg)
{
	const int64 *nrows = arg;
	const SpindleSeedTask *x = a;
	const SpindleSeedTask *y = b;

	if (nrows[x->table] != nrows[y->table])
		return nrows[x->table] > nrows[y->table] ? -1 : 1;
	return x->table - y->table;
}

/*
 * Tell workers what to do.  shared is zeroed, has room for all tasks, and is
 * not known to anybody else yet.  No more workers than tables are asked for.
 */
static void
fill_shared(const SpindleSeed *seed, SpindleSeedShared *shared)
{
	const SpindleInstance *instance = seed->options->instance;

	shared->seed = instance->seed;
	shared->fingerprint = instance->domain->fingerprint;
	strlcpy(shared->domain, instance->domain->name, NAMEDATALEN);
	strlcpy(shared->scale, instance->domain->preset[instance->preset].name, NAMEDATALEN);
	strlcpy(shared->schema, seed->options->schema, NAMEDATALEN);
	strlcpy(shared->staging, seed->ddl->staging, NAMEDATALEN);
	shared->as_of = seed->options->as_of;
	shared->is_logged = seed->ddl->is_logged;
	shared->with_keys = seed->options->with_keys;
	shared->with_indexes = seed->options->with_indexes;
	shared->with_statistics = seed->options->with_statistics;
	shared->nworkers = Min(seed->options->nworkers, seed->ntables);
	for (int t = 0; t < instance->domain->ntables; t++)
		if (seed->selected[t])
			shared->task[shared->ntasks++].table = t;
	qsort_arg(shared->task, shared->ntasks, sizeof(SpindleSeedTask), compare_tasks, instance->nrows);
	ConditionVariableInit(&shared->step_changed);
	pg_atomic_init_u32(&shared->step, SPINDLE_SEED_LOAD);
	pg_atomic_init_u32(&shared->next_task, 0);
	pg_atomic_init_u64(&shared->rows, 0);
	pg_atomic_init_u32(&shared->tables_done, 0);
	for (int i = 0; i < SPINDLE_MAX_SEED_WORKERS; i++)
		pg_atomic_init_u32(&shared->steps_done[i], 0);
}

/*
 * All that is known before workers start.  Fails within a transaction only.
 * The result is in a context below TopMemoryContext, and goes by hand.
 */
static Job *
create_job(const SpindleSeed *seed, const List *made_types)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle seed job",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Job		   *job = palloc0(sizeof(Job));

	job->context = context;
	job->seed = seed;
	job->has_made_schema = seed->schema_is_missing;
	job->made_types = list_copy(made_types);
	job->workers = spindle_workers_create(&seed_workers, Min(seed->options->nworkers, seed->ntables),
										  offsetof(SpindleSeedShared, task) + sizeof(SpindleSeedTask) * seed->ntables,
										  context);
	job->shared = spindle_workers_shared(job->workers);
	fill_shared(seed, job->shared);
	MemoryContextSetParent(context, TopMemoryContext);
	MemoryContextSwitchTo(oldcontext);
	return job;
}

/*
 * Have all workers done a step?  An error if one of them never will.
 */
static bool
is_step_done(Job *job, SpindleSeedStep step)
{
	bool		is_done = true;

	for (int i = 0; i < job->shared->nworkers; i++)
	{
		bool		has_ended = spindle_workers_has_ended(job->workers, i);

		if (pg_atomic_read_u32(&job->shared->steps_done[i]) > step)
			continue;
		is_done = false;
		if (has_ended)
			spindle_workers_report_end();
	}
	return is_done;
}

/*
 * Tell how far workers are: with rows, then with all else of the tables.  Is
 * called once per REPORT_SECONDS or more often.
 */
static void
report_progress(Job *job)
{
	int64		rows = (int64) pg_atomic_read_u64(&job->shared->rows);

	if (rows >= job->progress.total && !job->is_loaded)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(job->context);

		spindle_progress_end(&job->progress);
		spindle_progress_start(&job->progress,
							   psprintf("keys, indexes and statistics of %s", job->shared->domain),
							   job->shared->ntasks, "tables");
		MemoryContextSwitchTo(oldcontext);
		job->is_loaded = true;
	}
	spindle_progress_report(&job->progress,
							job->is_loaded ? (int64) pg_atomic_read_u32(&job->shared->tables_done) : rows);
}

/*
 * Wait until all workers have done a step; raises their errors.  Interrupts
 * are served.
 */
static void
await_workers(Job *job, SpindleSeedStep step)
{
	while (!is_step_done(job, step))
	{
		spindle_wait(REPORT_SECONDS, WAIT_EVENT_BGWORKER_SHUTDOWN);
		report_progress(job);
	}
}

/*
 * Let workers begin with a step.  All have done the step before.  What was
 * written before is seen by a worker that sees the step.
 */
static void
begin_step(Job *job, SpindleSeedStep step)
{
	pg_atomic_write_u32(&job->shared->next_task, 0);
	pg_write_barrier();
	pg_atomic_write_u32(&job->shared->step, step);
	ConditionVariableBroadcast(&job->shared->step_changed);
}

/*
 * Run statements in a subtransaction, and keep what they do or not.
 *
 * Event triggers can do anything within a statement.  An error in there leaves
 * snapshots and levels of SPI behind, of which a subtransaction gets rid, so
 * that the transaction can then be ended properly.  The caller is connected to
 * SPI.  An error is raised again when the subtransaction is gone.
 */
static void
run_protected(void (*statements) (SpindleSeed *seed), SpindleSeed *seed, bool is_kept)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		statements(seed);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (is_kept && !error)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error)
		ReThrowError(error);
}

/*
 * Foreign keys, still unchecked, on tables that workers have committed.
 * Workers check them afterwards, each under a weaker lock.
 */
static void
add_foreign_keys(SpindleSeed *seed)
{
	for (int t = 0; t < seed->options->instance->domain->ntables; t++)
		if (seed->selected[t])
			spindle_run_all(spindle_ddl_foreign_keys(seed->ddl, t, false));
}

/*
 * Give a relation its name.  kind is TABLE or INDEX.  Raises duplicate_table
 * if the name has been taken meanwhile.
 */
static void
rename_relation(const SpindleDdl *ddl, const char *kind, const char *from, const char *to)
{
	spindle_run(psprintf("ALTER %s %s RENAME TO %s", kind, spindle_ddl_qualified(ddl, from),
							  quote_identifier(to)));
}

/*
 * Lock the tables before the first of them changes.  Otherwise a process that
 * has a lock on one of them, as autovacuum may, could wait for us while we
 * wait for it.  Waits for locks of others.
 */
static void
lock_tables(const SpindleSeed *seed)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int t = 0; t < seed->options->instance->domain->ntables; t++)
		if (seed->selected[t])
			appendStringInfo(&buf, "%s%s", buf.len ? ", " : "LOCK TABLE ",
							 spindle_ddl_qualified(seed->ddl, spindle_ddl_name(seed->ddl, t)));
	spindle_run(buf.data);
}

/*
 * The last transaction: tables appear under their names, all at once.  Tables
 * to replace are dropped in it, and descriptions take the place of the comment
 * that we know our tables by.  Sets seed->nbytes.
 */
static void
show_tables(SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->options->instance->domain;
	SpindleDdl	shown = *seed->ddl;

	shown.staging = NULL;
	lock_tables(seed);
	spindle_seed_drop_replaced(seed);
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];

		if (!seed->selected[t])
			continue;
		for (int i = 0; i < seed->ddl->nindexes[t]; i++)
			if (seed->ddl->index[t][i].kind != SPINDLE_INDEX_PLAIN ? seed->options->with_keys : seed->options->with_indexes)
				rename_relation(seed->ddl, "INDEX", spindle_ddl_index_name(seed->ddl, t, i),
								seed->ddl->index[t][i].name);
		rename_relation(seed->ddl, "TABLE", spindle_ddl_name(seed->ddl, t), table->sql_name);
		spindle_run(psprintf("ALTER TABLE %s RESET (autovacuum_enabled)",
								  spindle_ddl_qualified(&shown, table->sql_name)));
		if (table->description)
			spindle_run_all(spindle_ddl_table_comment(&shown, t));
		else
			spindle_run(psprintf("COMMENT ON TABLE %s IS NULL", spindle_ddl_qualified(&shown, table->sql_name)));
		seed->nbytes += spindle_ddl_relation_bytes(&shown, t);
	}
}

/*
 * Wait until all workers have ended.  Until then they may have something to
 * say, and one whose queue is full waits for us to read it.  Raises errors
 * that they have yet to tell of.
 */
static void
await_end(Job *job)
{
	for (int i = 0; i < job->shared->nworkers; i++)
		while (!spindle_workers_has_ended(job->workers, i))
			spindle_wait(REPORT_SECONDS, WAIT_EVENT_BGWORKER_SHUTDOWN);
}

/*
 * The session ends in the middle of a job, not by an error that we catch.
 * Runs as a callback before shared memory is let go of, for what FATAL ends.
 * The seed must not be used, whose memory is gone.
 */
static void
clean_up_at_exit(int code, Datum arg)
{
	Job		   *job = active_job;

	if (job == NULL)
		return;
	active_job = NULL;
	AbortOutOfAnyTransaction();
	spindle_workers_stop(job->workers);
	StartTransactionCommand();
	spindle_seed_drop_tables(job->shared, job->made_types, job->has_made_schema);
	CommitTransactionCommand();
}

/*
 * After an error: the state before the call, then the error.  context is where
 * the error is copied to, and lives as long as the call.  Never returns.
 */
static void
clean_up(Job *job, MemoryContext context)
{
	ErrorData  *edata;

	HOLD_INTERRUPTS();
	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	FlushErrorState();
	SPI_rollback();
	spindle_workers_stop(job->workers);
	active_job = NULL;
	spindle_seed_drop_tables(job->shared, job->made_types, job->has_made_schema);
	SPI_commit();
	spindle_workers_free(job->workers);
	MemoryContextDelete(job->context);
	RESUME_INTERRUPTS();
	ReThrowError(edata);
}

/*
 * From the start of the workers to the end.  Errors are for the caller to
 * clean up after.
 */
static void
run_job(Job *job, SpindleSeed *seed)
{
	spindle_workers_start(job->workers);
	await_workers(job, SPINDLE_SEED_LOAD);
	begin_step(job, SPINDLE_SEED_COMMIT);
	await_workers(job, SPINDLE_SEED_COMMIT);
	if (seed->options->with_keys)
	{
		run_protected(add_foreign_keys, seed, true);
		SPI_commit();
		begin_step(job, SPINDLE_SEED_VALIDATE);
		await_workers(job, SPINDLE_SEED_VALIDATE);
	}

	/* none has any more to do; what they count for statistics is in by then */
	await_end(job);
	run_protected(show_tables, seed, true);
	seed->nrows = (int64) pg_atomic_read_u64(&job->shared->rows);
	SPI_commit();
}

/*
 * What provisional names of this call begin with.  A process id alone others
 * would know beforehand, and could have relations of such names.
 */
static char *
staging_prefix(void)
{
	uint32		number;

	if (!pg_strong_random(&number, sizeof(number)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	return psprintf(SPINDLE_SEED_STAGING "%d_%u", MyProcPid, number);
}

/*
 * spindle_seed_parallel
 *		Seed by background workers, as many as the options ask for.
 *
 * Commits the current transaction, and others after it.
 *
 * The caller's transaction must be free to commit, and seed must live in a
 * context that outlives it.  Sets nrows and nbytes of seed, whose ddl has
 * provisional names afterwards.  If there is no table to make nothing is done.
 *
 * Raises insufficient_resources without enough free places for workers, what
 * workers raise, and dependent_objects_still_exist if tables to replace are
 * referred to.  After an error the schema is as it was before; if some table
 * cannot be dropped a warning says so.
 */
void
spindle_seed_parallel(SpindleSeed *seed)
{
	static bool is_registered = false;
	MemoryContext context = CurrentMemoryContext;
	Job		   *job;
	Oid			schema;
	int64		total = 0;

	if (seed->ntables == 0)
		return;
	if (!is_registered)
		before_shmem_exit(clean_up_at_exit, (Datum) 0);
	is_registered = true;
	for (int t = 0; t < seed->options->instance->domain->ntables; t++)
		total += seed->selected[t] ? spindle_alive_end(seed->options->instance, t, seed->options->as_of.time) : 0;
	seed->ddl->staging = staging_prefix();
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	if (!seed->schema_is_missing)
		spindle_seed_drop_leftovers(seed->options->schema);

	/*
	 * Tables to replace are dropped in the end.  What stands in the way of
	 * that, views or foreign keys of others, had better be found now.
	 */
	run_protected(spindle_seed_drop_replaced, seed, false);
	spindle_seed_make_schema(seed);
	schema = get_namespace_oid(seed->options->schema, false);
	spindle_seed_hold_lock(schema);

	job = create_job(seed, spindle_seed_make_types(seed, schema));
	MemoryContextSwitchTo(context); /* SPI's go with transactions */
	spindle_progress_start(&job->progress, psprintf("loading %s", seed->options->instance->domain->name), total, "rows");
	active_job = job;
	PG_TRY();
	{
		SPI_commit();
		run_job(job, seed);
	}
	PG_CATCH();
	{
		clean_up(job, context);
	}
	PG_END_TRY();
	active_job = NULL;
	spindle_seed_release_lock(schema);
	spindle_workers_free(job->workers);
	SPI_finish();
	spindle_progress_end(&job->progress);
	MemoryContextDelete(job->context);
}
