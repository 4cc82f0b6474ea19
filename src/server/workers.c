/*-------------------------------------------------------------------------
 *
 * workers.c
 *		Background workers that do a part of a session's work, as the session.
 *
 * They log in as the session did, with its user and its settings.  Errors and
 * notices go to the leader through a queue of each worker, as those of the server's
 * own parallel workers do, and are raised there.  Unlike these, they have
 * transactions of their own.
 *
 * Shared memory survives the end of transactions; the leader lets go of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "libpq/pqmq.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shm_toc.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "compat.h"
#include "server/workers.h"

#define WORKERS_MAGIC	0x5350574bU

/* Entries of the table of contents of the shared memory. */
#define KEY_SESSION		1
#define KEY_SHARED		2
#define KEY_SETTINGS	3
#define KEY_QUEUES		4

/* Size of the queue through which a worker's messages come. */
#define QUEUE_SIZE		16384

/* Whose work it is. */
typedef struct SharedSession
{
	Oid			database;
	Oid			login_user;
	Oid			user;
	int			leader;			/* PGPROC number, whose latch to set */
} SharedSession;

struct SpindleWorkers
{
	SpindleWorkersKind kind;
	int			nworkers;
	int			nstarted;
	dsm_segment *segment;
	void	   *shared;
	BackgroundWorkerHandle **worker;
	shm_mq_handle **queue;		/* NULL when it has ended */
	MemoryContext context;
};

/* In a worker: the leader's PGPROC number. */
static int	my_leader = -1;

/* Put into the shared memory what workers need to be as the session is. */
static void
share_session(shm_toc *toc, Size settings_size)
{
	SharedSession *session = shm_toc_allocate(toc, sizeof(SharedSession));
	char	   *settings = shm_toc_allocate(toc, settings_size);

	session->database = MyDatabaseId;
	session->login_user = GetAuthenticatedUserId();
	session->user = GetUserId();
	session->leader = MyProcNumber;
	shm_toc_insert(toc, KEY_SESSION, session);
	SerializeGUCState(settings_size, settings);
	shm_toc_insert(toc, KEY_SETTINGS, settings);
}

/*
 * spindle_workers_create
 *		Shared memory for so many workers, who are not there yet: shared_size bytes
 *		for the caller, zeroed, and a queue for each.
 *
 * Settings are those of this moment.  Allocated in the given memory context, which
 * must outlive the workers; to be let go of with spindle_workers_free().  Raises
 * out_of_memory.
 */
SpindleWorkers *
spindle_workers_create(const SpindleWorkersKind *kind, int nworkers, Size shared_size, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleWorkers *workers = palloc0(sizeof(SpindleWorkers));
	Size		settings_size = EstimateGUCStateSpace();
	Size		queues_size = mul_size(QUEUE_SIZE, nworkers);
	shm_toc_estimator estimator;
	shm_toc    *toc;
	Size		size;
	char	   *space;

	workers->kind = *kind;
	workers->nworkers = nworkers;
	workers->context = context;
	workers->worker = palloc0(sizeof(BackgroundWorkerHandle *) * nworkers);
	workers->queue = palloc0(sizeof(shm_mq_handle *) * nworkers);
	shm_toc_initialize_estimator(&estimator);
	shm_toc_estimate_chunk(&estimator, sizeof(SharedSession));
	shm_toc_estimate_chunk(&estimator, shared_size);
	shm_toc_estimate_chunk(&estimator, settings_size);
	shm_toc_estimate_chunk(&estimator, queues_size);
	shm_toc_estimate_keys(&estimator, 4);
	size = shm_toc_estimate(&estimator);
	workers->segment = dsm_create(size, 0);
	toc = shm_toc_create(WORKERS_MAGIC, dsm_segment_address(workers->segment), size);
	share_session(toc, settings_size);
	workers->shared = shm_toc_allocate(toc, shared_size);
	memset(workers->shared, 0, shared_size);
	shm_toc_insert(toc, KEY_SHARED, workers->shared);
	space = shm_toc_allocate(toc, queues_size);
	for (int i = 0; i < nworkers; i++)
	{
		shm_mq	   *queue = shm_mq_create(space + (Size) i * QUEUE_SIZE, QUEUE_SIZE);

		shm_mq_set_receiver(queue, MyProc);
		workers->queue[i] = shm_mq_attach(queue, workers->segment, NULL);
	}
	shm_toc_insert(toc, KEY_QUEUES, space);

	/* from now on it survives the end of transactions */
	dsm_pin_mapping(workers->segment);
	MemoryContextSwitchTo(oldcontext);
	return workers;
}

/* The caller's part of the shared memory. */
void *
spindle_workers_shared(const SpindleWorkers *workers)
{
	return workers->shared;
}

/*
 * spindle_workers_start
 *		Start all workers, who begin at once.
 *
 * Raises insufficient_resources if the server has no place for one; those that have
 * been started are for spindle_workers_stop().
 */
void
spindle_workers_start(SpindleWorkers *workers)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_notify_pid = MyProcPid,
		.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(workers->segment)),
	};
	MemoryContext oldcontext = MemoryContextSwitchTo(workers->context);

	strlcpy(worker.bgw_library_name, workers->kind.library, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, workers->kind.function, sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_type, workers->kind.type, sizeof(worker.bgw_type));
	for (int i = 0; i < workers->nworkers; i++)
	{
		snprintf(worker.bgw_name, BGW_MAXLEN, "%s %d of PID %d", workers->kind.type, i + 1, MyProcPid);
		memcpy(worker.bgw_extra, &i, sizeof(int));
		if (!RegisterDynamicBackgroundWorker(&worker, &workers->worker[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("could not start background worker %d of %d", i + 1, workers->nworkers),
					 errhint("Ask for fewer workers, or increase max_worker_processes.")));
		shm_mq_set_handle(workers->queue[i], workers->worker[i]);
		workers->nstarted++;
	}
	MemoryContextSwitchTo(oldcontext);
}

/*
 * A message of a worker: raise its errors, pass on its notices.  Messages of
 * other types are passed over.  data is copied.
 */
static void
handle_message(const SpindleWorkers *workers, char *data, Size size)
{
	StringInfoData message;
	ErrorData	edata;
	char		type;

	initStringInfo(&message);
	appendBinaryStringInfo(&message, data, (int) size);
	type = message.data[message.cursor++];
	if (type != 'E' && type != 'N')
		return;
	pq_parse_errornotice(&message, &edata);

	/* the end of a worker is no reason for us to end */
	edata.elevel = Min(edata.elevel, ERROR);
	edata.context = edata.context ? psprintf("%s\nbackground worker of %s", edata.context, workers->kind.caller) :
		psprintf("background worker of %s", workers->kind.caller);
	ThrowErrorData(&edata);
}

/*
 * spindle_workers_read
 *		Read all that workers have to say.  Does not wait.  Raises the first error
 *		that a worker tells of.
 */
void
spindle_workers_read(SpindleWorkers *workers)
{
	for (int i = 0; i < workers->nstarted; i++)
		while (workers->queue[i] != NULL)
		{
			Size		size;
			void	   *data;
			shm_mq_result result = shm_mq_receive(workers->queue[i], &size, &data, true);

			if (result == SHM_MQ_WOULD_BLOCK)
				break;
			if (result == SHM_MQ_SUCCESS)
				handle_message(workers, data, size);
			else
				workers->queue[i] = NULL;
		}
}

/*
 * spindle_workers_has_ended
 *		Has a worker, from 0, ended?  What it said before has been read then, and
 *		what it wrote into the shared memory is seen.
 *
 * Raises what spindle_workers_read() does.
 */
bool
spindle_workers_has_ended(SpindleWorkers *workers, int i)
{
	pid_t		pid;
	bool		has_ended = GetBackgroundWorkerPid(workers->worker[i], &pid) == BGWH_STOPPED;

	pg_read_barrier();
	spindle_workers_read(workers);
	return has_ended;
}

/*
 * spindle_workers_report_end
 *		A worker has ended that should not: without a word, as when it is terminated
 *		before it finds its queue.
 */
void
spindle_workers_report_end(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("a background worker ended before its work was done"),
			 errhint("More details may be available in the server log.")));
}

/*
 * spindle_workers_stop
 *		Stop all workers, then wait until none is left.
 *
 * Runs with interrupts held, as the server's own wait for parallel workers does,
 * so nothing may keep a worker from its end.  Nobody reads the queues any more; a
 * worker that finds its queue full would wait for that, even with the message
 * that it is terminated.  So we let go of the queues first, which a worker notices.
 */
void
spindle_workers_stop(SpindleWorkers *workers)
{
	for (int i = 0; i < workers->nstarted; i++)
	{
		TerminateBackgroundWorker(workers->worker[i]);
		if (workers->queue[i] != NULL)
			shm_mq_detach(workers->queue[i]);
		workers->queue[i] = NULL;
	}
	for (int i = 0; i < workers->nstarted; i++)
		(void) WaitForBackgroundWorkerShutdown(workers->worker[i]);
}

/*
 * spindle_workers_free
 *		Let go of the shared memory.  No worker is left.  What was allocated goes with
 *		its memory context.
 */
void
spindle_workers_free(SpindleWorkers *workers)
{
	dsm_detach(workers->segment);
}

/*
 * Find the shared memory, send messages to the leader from now on.  number is
 * that of the worker, from 0.  Ends the process if the leader has gone.
 */
static shm_toc *
attach(dsm_handle handle, int number)
{
	dsm_segment *segment = dsm_attach(handle);
	shm_toc    *toc = segment ? shm_toc_attach(WORKERS_MAGIC, dsm_segment_address(segment)) : NULL;
	shm_mq	   *queue;

	/* nobody to report to: the leader has gone */
	if (toc == NULL)
		proc_exit(0);
	queue = (shm_mq *) ((char *) shm_toc_lookup(toc, KEY_QUEUES, false) + (Size) number * QUEUE_SIZE);
	shm_mq_set_sender(queue, MyProc);
	pq_redirect_to_shm_mq(segment, shm_mq_attach(queue, segment, NULL));
	return toc;
}

/*
 * Become the leader's user with the leader's settings.  The login is checked
 * for the user that logged in there, as the present one need not be allowed
 * to.  settings is what SerializeGUCState() wrote there.
 */
static void
take_over_session(const SharedSession *session, void *settings)
{
	BackgroundWorkerInitializeConnectionByOid(session->database, session->login_user, 0);
	StartTransactionCommand();
	RestoreGUCState(settings);
	CommitTransactionCommand();

	/* messages are for the leader, whatever its client wants */
	(void) SetClientEncoding(GetDatabaseEncoding());
	InvalidateSystemCaches();
	SetUserIdAndSecContext(session->user, 0);
	my_leader = session->leader;
}

/*
 * A worker that is terminated while it waits must not be left in a queue of
 * shared memory that it loses on its way out.  Runs before shared memory is
 * let go of.
 */
static void
cancel_sleep(int code, Datum arg)
{
	ConditionVariableCancelSleep();
}

/*
 * spindle_worker_begin
 *		In a worker's entry point, with its argument: become a part of the session.
 *
 * Returns the caller's part of the shared memory and the worker's number, from 0.
 * From now on an error goes to the leader and ends the process; what was not
 * committed is undone.
 */
void *
spindle_worker_begin(Datum arg, int *number)
{
	shm_toc    *toc;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	memcpy(number, MyBgworkerEntry->bgw_extra, sizeof(int));
	CurrentMemoryContext = AllocSetContextCreate(TopMemoryContext, "spindle worker", ALLOCSET_DEFAULT_SIZES);
	toc = attach(DatumGetUInt32(arg), *number);
	before_shmem_exit(cancel_sleep, (Datum) 0);
	take_over_session(shm_toc_lookup(toc, KEY_SESSION, false), shm_toc_lookup(toc, KEY_SETTINGS, false));
	return shm_toc_lookup(toc, KEY_SHARED, false);
}

/* Have the leader look at what is shared. */
void
spindle_worker_wake_leader(void)
{
	SetLatch(&ProcGlobal->allProcs[my_leader].procLatch);
}

/*
 * spindle_worker_begin_procedure
 *		Begin a transaction and a session of SPI that may commit, as in a CALL.
 *
 * SPI gives the statements of such a session their snapshots by way of the portal
 * that the CALL runs in, so there is one, of no statement.
 */
void
spindle_worker_begin_procedure(void)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	Portal		portal;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, "CALL", CMDTAG_CALL, NIL, NULL);
	portal->status = PORTAL_READY;
	MarkPortalActive(portal);
	ActivePortal = portal;
	PortalContext = portal->portalContext;
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_worker_end_procedure
 *		The end of it: commit.  The portal goes with the process.
 */
void
spindle_worker_end_procedure(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	ForgetPortalSnapshots();
	CommitTransactionCommand();
}
