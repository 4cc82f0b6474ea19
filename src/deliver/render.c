/*-------------------------------------------------------------------------
 *
 * render.c
 *		Lines of a stream, made by several processes.
 *
 * A stream is cut into slices, of which any process can make the lines without those
 * before, with the same result.  The leader and the server's parallel workers take
 * them from a common counter.  Workers send their lines to the leader through queues in
 * shared memory; the leader gives all lines out in the order of the slices, and
 * makes lines itself while there is nothing to give out.
 *
 * As each process takes slices in rising order, the next slice is always at the
 * head of some queue, or is the one that the leader has at hand.
 *
 * A worker gets what the leader's lines are made of and looks it up again, by the same
 * code (render_events.c, render_changes.c); nothing else has to be told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "deliver/render.h"
#include "server/wait.h"

/* Events that make a first worker worth its start; three times as many, another. */
#define PARALLEL_EVENTS		100000

/* Events that the leader makes between two looks at the queues, and a worker between two looks at the leader. */
#define LEADER_EVENTS		256
#define WORKER_EVENTS		2048

/* Lets a worker be some slices ahead. */
#define QUEUE_BYTES			(4 * 1024 * 1024)

/* Entries of the table of contents of the shared memory. */
enum
{
	KEY_SHARED = 1,
	KEY_CALL,
	KEY_QUEUES
};

/* What the leader and the workers share, at the beginning of the shared memory. */
typedef struct SharedRendering
{
	SpindleLinesKind kind;
	pg_atomic_uint64 next_slice;	/* that nobody has taken yet */
	pg_atomic_uint64 nslices;	/* PG_INT64_MAX while nobody has found the end */
} SharedRendering;

/* What stands before the lines of a message, and tells of them. */
typedef struct PortionHeader
{
	int64		slice;
	SpindleLineCounts counts;
	bool		is_last;		/* of its slice, of which there may be
								 * several */
} PortionHeader;

/* What the leader knows of a worker. */
typedef struct WorkerQueue
{
	shm_mq_handle *queue;		/* NULL if no more comes of it */
	const PortionHeader *message;	/* received, and not given out; or NULL */
	int			len;			/* of its lines */
} WorkerQueue;

struct SpindleRendering
{
	ParallelContext *context;
	SharedRendering *shared;
	SpindleLineMaker *maker;	/* the leader's */
	int64		next_slice;		/* to be given out */
	int			nworkers;
	int			nattached;		/* queues that something may come of */
	WorkerQueue *worker;
	int64		own_slice;		/* of the leader; -1 if there is none */
	SpindlePortion own;
	bool		own_is_out;		/* given out, and in use until the next call */
	bool		all_taken;		/* no slice is left to take */
};

PGDLLEXPORT void spindle_render_worker_main(dsm_segment *segment, shm_toc *toc);

/*
 * spindle_rendering_workers
 *		How many workers should help to make the lines of so many events: as many as the
 *		server would plan for a scan of so many rows.
 */
int
spindle_rendering_workers(int64 nevents)
{
	int			nworkers = 0;

	if (IsInParallelMode())
		return 0;
	for (int64 events = PARALLEL_EVENTS; events <= nevents && nworkers < max_parallel_workers_per_gather; events *= 3)
		nworkers++;
	return nworkers;
}

/*
 * Slices
 */

/* The slices that there are, as far as somebody knows. */
static inline int64
known_slices(SharedRendering *shared)
{
	return (int64) pg_atomic_read_u64(&shared->nslices);
}

/*
 * Take the next slice that nobody has; -1 if there is none.  Processes call it at any
 * time without a lock.
 */
static int64
take_slice(SharedRendering *shared, SpindleLineMaker *maker)
{
	int64		slice = (int64) pg_atomic_fetch_add_u64(&shared->next_slice, 1);

	if (slice >= known_slices(shared))
		return -1;
	if (maker->begin(maker, slice))
		return slice;

	/* all who find the end find the same one */
	pg_atomic_write_u64(&shared->nslices, (uint64) maker->nslices);
	return -1;
}

/* Its lines have been handed on. */
static void
empty(SpindlePortion *portion)
{
	resetStringInfo(&portion->lines);
	portion->is_complete = portion->is_last = false;
	memset(&portion->counts, 0, sizeof(portion->counts));
}

/*
 * Make a portion, whose lines are in the current memory context.
 */
static void
init_portion(SpindlePortion *portion)
{
	memset(portion, 0, sizeof(SpindlePortion));
	initStringInfo(&portion->lines);
}

/*
 * Leader
 */

/*
 * Start the workers, and attach to the queues of those that could be started.
 * queues is memory for as many as were asked for.  If fewer start, or none,
 * the leader makes the rest itself.
 */
static void
start_workers(SpindleRendering *rendering, char *queues)
{
	ParallelContext *context = rendering->context;

	for (int w = 0; w < context->nworkers; w++)
		shm_mq_set_receiver(shm_mq_create(queues + (Size) w * QUEUE_BYTES, QUEUE_BYTES), MyProc);
	LaunchParallelWorkers(context);
	rendering->nworkers = rendering->nattached = context->nworkers_launched;
	rendering->worker = palloc0(sizeof(WorkerQueue) * Max(rendering->nworkers, 1));
	for (int w = 0; w < rendering->nworkers; w++)
		rendering->worker[w].queue = shm_mq_attach((shm_mq *) (queues + (Size) w * QUEUE_BYTES), context->seg,
												   context->worker[w].bgwhandle);
}

/*
 * spindle_rendering_begin
 *		Begin to make all lines of a stream, with the help of workers, as many as can be
 *		had.
 *
 * maker is the leader's own, and makes the same lines as those that workers make of
 * call.  Until spindle_rendering_end() the server is in parallel mode, and maker
 * belongs to the rendering.  Allocates in the current memory context; after an error
 * all goes with the transaction.
 *
 * nworkers is what spindle_rendering_workers() says, at least 1.  No command that
 * writes to the database can run meanwhile.
 */
SpindleRendering *
spindle_rendering_begin(const SpindleLinesCall *call, SpindleLineMaker *maker, int nworkers)
{
	SpindleRendering *rendering = palloc0(sizeof(SpindleRendering));
	ParallelContext *context;
	SharedRendering *shared;
	char	   *place;

	EnterParallelMode();
	context = CreateParallelContext("$libdir/spindle", "spindle_render_worker_main", nworkers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(SharedRendering));
	shm_toc_estimate_chunk(&context->estimator, call->size);
	shm_toc_estimate_chunk(&context->estimator, mul_size(QUEUE_BYTES, nworkers));
	shm_toc_estimate_keys(&context->estimator, 3);
	InitializeParallelDSM(context);

	shared = shm_toc_allocate(context->toc, sizeof(SharedRendering));
	shared->kind = call->kind;
	pg_atomic_init_u64(&shared->next_slice, 0);
	pg_atomic_init_u64(&shared->nslices, (uint64) maker->nslices);
	shm_toc_insert(context->toc, KEY_SHARED, shared);
	place = shm_toc_allocate(context->toc, call->size);
	memcpy(place, call->data, call->size);
	shm_toc_insert(context->toc, KEY_CALL, place);
	place = shm_toc_allocate(context->toc, mul_size(QUEUE_BYTES, nworkers));
	shm_toc_insert(context->toc, KEY_QUEUES, place);

	rendering->context = context;
	rendering->shared = shared;
	rendering->maker = maker;
	rendering->own_slice = -1;
	init_portion(&rendering->own);
	start_workers(rendering, place);
	return rendering;
}

/*
 * Lines of the slice that is next, if a worker has sent them.  Asks each
 * worker for one message at most and never waits.  The result stays where it
 * is in the queue.
 */
static bool
receive_lines(SpindleRendering *rendering, SpindleLines *lines)
{
	for (int w = 0; w < rendering->nworkers; w++)
	{
		WorkerQueue *worker = &rendering->worker[w];

		if (worker->queue && worker->message == NULL)
		{
			Size		size;
			void	   *data;
			shm_mq_result result = shm_mq_receive(worker->queue, &size, &data, true);

			if (result == SHM_MQ_SUCCESS)
			{
				worker->message = data;
				worker->len = (int) (size - sizeof(PortionHeader));
			}
			else if (result == SHM_MQ_DETACHED)
			{
				worker->queue = NULL;
				rendering->nattached--;
			}
		}
		if (worker->message && worker->message->slice == rendering->next_slice)
		{
			*lines = (SpindleLines) {
				.data = (const char *) (worker->message + 1),
				.len = worker->len,
				.counts = worker->message->counts,
			};
			rendering->next_slice += worker->message->is_last;

			/* its memory is free when we ask for the next one */
			worker->message = NULL;
			return true;
		}
	}
	return false;
}

/*
 * Make some lines of the leader's own; false if there is nothing to do.  Makes
 * LEADER_EVENTS at most, so that workers' queues do not stay full.
 */
static bool
make_own_lines(SpindleRendering *rendering)
{
	SpindlePortion *own = &rendering->own;

	/* where the leader is to stand by, it still does what nobody else will */
	if (rendering->own_slice < 0 && !rendering->all_taken && (parallel_leader_participation || rendering->nattached == 0))
	{
		rendering->own_slice = take_slice(rendering->shared, rendering->maker);
		rendering->all_taken = rendering->own_slice < 0;
		if (rendering->all_taken)
			return true;		/* that was something to find out */
	}
	if (rendering->own_slice < 0 || own->is_complete)
		return false;
	rendering->maker->add(rendering->maker, own, LEADER_EVENTS);
	return true;
}

/*
 * spindle_rendering_next
 *		The next lines; false if there are no more.
 *
 * They are valid until the next call.  Raises what went wrong in a worker.
 *
 * Waits for workers where the leader has nothing to make; interrupts are
 * served.
 */
bool
spindle_rendering_next(SpindleRendering *rendering, SpindleLines *lines)
{
	SpindlePortion *own = &rendering->own;

	if (rendering->own_is_out)
	{
		rendering->own_is_out = false;
		rendering->next_slice += own->is_last;
		if (own->is_last)
			rendering->own_slice = -1;
		empty(own);
	}
	while (rendering->next_slice < known_slices(rendering->shared))
	{
		CHECK_FOR_INTERRUPTS();
		if (rendering->own_slice == rendering->next_slice && own->is_complete)
		{
			*lines = (SpindleLines) {.data = own->lines.data,.len = own->lines.len,.counts = own->counts};
			rendering->own_is_out = true;
			return true;
		}
		if (receive_lines(rendering, lines))
			return true;
		if (make_own_lines(rendering))
			continue;
		spindle_wait(SPINDLE_WAIT_FOREVER, PG_WAIT_EXTENSION);
	}
	return false;
}

/*
 * spindle_rendering_end
 *		Let the workers end, and leave parallel mode; what lines they still have is
 *		lost.
 *
 * Raises what went wrong in a worker, if it has not been raised yet.
 */
void
spindle_rendering_end(SpindleRendering *rendering)
{
	for (int w = 0; w < rendering->nworkers; w++)
		if (rendering->worker[w].queue)
			shm_mq_detach(rendering->worker[w].queue);
	WaitForParallelWorkersToFinish(rendering->context);
	DestroyParallelContext(rendering->context);
	ExitParallelMode();
}

/*
 * Worker
 */

/*
 * Hand lines of a slice on to the leader; false if it has gone.  Waits while the queue
 * is full.
 */
static bool
send_lines(shm_mq_handle *queue, int64 slice, SpindlePortion *portion)
{
	const PortionHeader header = {.slice = slice,.counts = portion->counts,.is_last = portion->is_last};
	shm_mq_iovec parts[2] = {
		{(const char *) &header, sizeof(PortionHeader)},
		{portion->lines.data, portion->lines.len},
	};

	if (spindle_shm_mq_sendv(queue, parts, 2, false, true) != SHM_MQ_SUCCESS)
		return false;
	empty(portion);
	return true;
}

/*
 * spindle_render_worker_main
 *		Entry point of a parallel worker.
 *
 * It ends without lines if the definition has changed, and early if the leader
 * has gone.  Its errors are raised in the leader by the server.
 */
void
spindle_render_worker_main(dsm_segment *segment, shm_toc *toc)
{
	SharedRendering *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	char	   *queues = shm_toc_lookup(toc, KEY_QUEUES, false);
	char	   *call = shm_toc_lookup(toc, KEY_CALL, false);
	shm_mq	   *queue = (shm_mq *) (queues + (Size) ParallelWorkerNumber * QUEUE_BYTES);
	shm_mq_handle *handle;
	SpindleLineMaker *maker;
	SpindlePortion portion;
	int64		slice;

	shm_mq_set_sender(queue, MyProc);
	handle = shm_mq_attach(queue, segment, NULL);
	maker = shared->kind == SPINDLE_LINES_OF_EVENTS ? spindle_event_lines_restore(call) :
		spindle_change_lines_restore(call);

	/* changed since the leader looked at it, who goes on with what it has */
	if (maker == NULL)
		return;
	init_portion(&portion);
	while ((slice = take_slice(shared, maker)) >= 0)
	{
		bool		is_last = false;

		while (!is_last)
		{
			maker->add(maker, &portion, WORKER_EVENTS);
			CHECK_FOR_INTERRUPTS();
			if (!portion.is_complete)
				continue;
			is_last = portion.is_last;
			if (!send_lines(handle, slice, &portion))
				return;
		}
	}
	shm_mq_detach(handle);
}
