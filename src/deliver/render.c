/*-------------------------------------------------------------------------
 *
 * render.c
 *		The lines of a stream, made by several processes.
 *
 * Any run of deliveries can be made without those before it, by any process,
 * with the same result.  So the stream is cut into slices of a fixed number of
 * deliveries, which the leader and the server's parallel workers take from a
 * common counter.  Workers send their lines to the leader through queues in
 * shared memory; the leader gives all lines out in the order of the slices, and
 * makes lines itself while there is nothing to give out.
 *
 * As each process takes slices in rising order, the next slice is always at the
 * head of some queue, or is the one that the leader has at hand.
 *
 * A worker gets the arguments of the call and reads them again, by the same
 * code; nothing else has to be told.
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

/* Deliveries of a slice. */
#define SLICE_EVENTS		2048

/*
 * Events before a slice that may still wait in it have to be computed again, and
 * those behind it that wait when it ends.  With more of them than this, each
 * process would do most of the work of all.
 */
#define MAX_LATE_SLOTS		(SLICE_EVENTS / 4)

/* Lines that go from hand to hand at a time. */
#define PORTION_BYTES		(512 * 1024)

/* Events that the leader makes between two looks at the queues. */
#define LEADER_EVENTS		256

/* Lets a worker be some slices ahead. */
#define QUEUE_BYTES			(4 * 1024 * 1024)

/* Entries of the table of contents of the shared memory. */
enum
{
	KEY_SHARED = 1,
	KEY_CALL,
	KEY_QUEUES
};

/*
 * What the leader and the workers share, at the beginning of the shared
 * memory; only next_slice changes.
 */
typedef struct SharedRendering
{
	uint64		fingerprint;	/* of the domain's definition */
	int64		first;			/* deliveries to make */
	int64		end;
	pg_atomic_uint64 next_slice;	/* that nobody has taken yet */
} SharedRendering;

/* What stands before the lines of a message, and tells of them. */
typedef struct PortionHeader
{
	int64		slice;
	int			events;
	int			anomalies;
	int			late;
	bool		is_last;		/* of its slice, of which there may be
								 * several */
} PortionHeader;

/* A slice in the making: the lines not yet handed on, and where it goes on. */
typedef struct Portion
{
	PortionHeader header;
	StringInfoData lines;
	int64		next;			/* delivery */
	int64		end;			/* of the slice */
} Portion;

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
	SpindleStream *stream;
	int64		nslices;
	int64		next_slice;		/* to be given out */
	int			nworkers;
	int			nattached;		/* queues that something may come of */
	WorkerQueue *worker;
	Portion		own;			/* of the leader; slice is -1 if there is none */
	bool		own_is_out;		/* given out, and in use until the next call */
	bool		all_taken;		/* no slice is left to take */
};

PGDLLEXPORT void spindle_render_worker_main(dsm_segment *segment, shm_toc *toc);

/*
 * spindle_rendering_workers
 *		How many workers should help to make the lines of a stream.
 *
 * None if a slice cannot be made by itself, or if it is to be seen when events
 * come; else as many as the server would plan for a scan of so many rows.
 */
int
spindle_rendering_workers(const SpindleStreamArguments *args, const SpindleStream *stream)
{
	int64		nevents = spindle_stream_deliveries(stream);
	int			nworkers = 0;

	if (args->options.realtime || args->options.batch_size > 0 || !spindle_stream_is_seekable(stream) ||
		IsInParallelMode())
		return 0;
	if (args->options.late_fraction > 0 &&
		args->options.late_slots > MAX_LATE_SLOTS * (1 - args->options.late_fraction))
		return 0;
	for (int64 events = PARALLEL_EVENTS; events <= nevents && nworkers < max_parallel_workers_per_gather; events *= 3)
		nworkers++;
	return nworkers;
}

/*
 * Slices
 */

/*
 * Take the next slice that nobody has; false if there is none.  Processes call
 * it at any time without a lock.  Slices begin with shared->first, and the
 * last one may be shorter.
 */
static bool
take_slice(SharedRendering *shared, SpindleStream *stream, Portion *portion)
{
	int64		slice = (int64) pg_atomic_fetch_add_u64(&shared->next_slice, 1);

	if (slice >= (shared->end - shared->first + SLICE_EVENTS - 1) / SLICE_EVENTS)
		return false;
	portion->header.slice = slice;
	portion->next = shared->first + slice * SLICE_EVENTS;
	portion->end = Min(portion->next + SLICE_EVENTS, shared->end);
	spindle_stream_seek(stream, portion->next, portion->end);
	return true;
}

/* Has it enough lines to be handed on, or all that it will have? */
static bool
is_complete(const Portion *portion)
{
	return portion->next == portion->end || portion->lines.len >= PORTION_BYTES;
}

/*
 * Make lines of up to n events.  Stops at the end of the slice, or when the
 * portion is complete.
 */
static void
add_lines(SpindleStream *stream, Portion *portion, int n)
{
	SpindleEvent event;

	while (n-- > 0 && !is_complete(portion))
	{
		if (!spindle_stream_next(stream, &event))
			elog(ERROR, "events are missing");
		spindle_stream_write(stream, &event, &portion->lines);
		appendStringInfoCharMacro(&portion->lines, '\n');
		portion->next++;
		portion->header.events++;
		portion->header.anomalies += event.label != NULL;
		portion->header.late += event.is_late;
	}
	portion->header.is_last = portion->next == portion->end;
}

/* Its lines have been handed on. */
static void
empty(Portion *portion)
{
	resetStringInfo(&portion->lines);
	portion->header.events = portion->header.anomalies = portion->header.late = 0;
	if (portion->next == portion->end)
		portion->header.slice = -1;
}

/*
 * Make a portion without a slice, whose lines are in the current memory
 * context.
 */
static void
init_portion(Portion *portion)
{
	memset(portion, 0, sizeof(Portion));
	portion->header.slice = -1;
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
 *		Begin to make all lines of a stream that is seekable, with the help of
 *		workers, as many as can be had.
 *
 * args are what call says, looked up.  Until spindle_rendering_end() the
 * server is in parallel mode, and the stream belongs to the rendering.  Allocates
 * in the current memory context; after an error all goes with the transaction.
 *
 * nworkers is what spindle_rendering_workers() says, at least 1.  The stream
 * is of a generated domain.  No command that writes to the database can run
 * meanwhile.
 */
SpindleRendering *
spindle_rendering_begin(const SpindleStreamCall *call, const SpindleStreamArguments *args, SpindleStream *stream,
						int nworkers)
{
	SpindleRendering *rendering = palloc0(sizeof(SpindleRendering));
	ParallelContext *context;
	SharedRendering *shared;
	Size		size = spindle_stream_call_size(call);
	char	   *place;

	EnterParallelMode();
	context = CreateParallelContext("$libdir/spindle", "spindle_render_worker_main", nworkers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(SharedRendering));
	shm_toc_estimate_chunk(&context->estimator, size);
	shm_toc_estimate_chunk(&context->estimator, mul_size(QUEUE_BYTES, nworkers));
	shm_toc_estimate_keys(&context->estimator, 3);
	InitializeParallelDSM(context);

	shared = shm_toc_allocate(context->toc, sizeof(SharedRendering));
	shared->fingerprint = args->instance->domain->fingerprint;
	shared->end = spindle_stream_events(stream);
	shared->first = Min(args->options.skip_events, shared->end);
	pg_atomic_init_u64(&shared->next_slice, 0);
	shm_toc_insert(context->toc, KEY_SHARED, shared);
	place = shm_toc_allocate(context->toc, size);
	spindle_stream_call_write(call, place);
	shm_toc_insert(context->toc, KEY_CALL, place);
	place = shm_toc_allocate(context->toc, mul_size(QUEUE_BYTES, nworkers));
	shm_toc_insert(context->toc, KEY_QUEUES, place);

	rendering->context = context;
	rendering->shared = shared;
	rendering->stream = stream;
	rendering->nslices = (shared->end - shared->first + SLICE_EVENTS - 1) / SLICE_EVENTS;
	init_portion(&rendering->own);
	start_workers(rendering, place);
	return rendering;
}

/* Describe lines and their header to the caller; data is not copied. */
static void
show_lines(SpindleLines *lines, const PortionHeader *header, const char *data, int len)
{
	lines->data = data;
	lines->len = len;
	lines->events = header->events;
	lines->anomalies = header->anomalies;
	lines->late = header->late;
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
			show_lines(lines, worker->message, (const char *) (worker->message + 1), worker->len);
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
	Portion    *own = &rendering->own;

	/* where the leader is to stand by, it still does what nobody else will */
	if (own->header.slice < 0 && !rendering->all_taken && (parallel_leader_participation || rendering->nattached == 0))
		rendering->all_taken = !take_slice(rendering->shared, rendering->stream, own);
	if (own->header.slice < 0 || is_complete(own))
		return false;
	add_lines(rendering->stream, own, LEADER_EVENTS);
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
	Portion    *own = &rendering->own;

	if (rendering->own_is_out)
	{
		rendering->own_is_out = false;
		rendering->next_slice += own->header.is_last;
		empty(own);
	}
	while (rendering->next_slice < rendering->nslices)
	{
		CHECK_FOR_INTERRUPTS();
		if (own->header.slice == rendering->next_slice && is_complete(own))
		{
			show_lines(lines, &own->header, own->lines.data, own->lines.len);
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
 *		After the last lines: let the workers end, and leave parallel mode.
 *
 * Raises what went wrong in a worker, if it has not been raised yet.
 */
void
spindle_rendering_end(SpindleRendering *rendering)
{
	WaitForParallelWorkersToFinish(rendering->context);
	DestroyParallelContext(rendering->context);
	ExitParallelMode();
}

/*
 * Worker
 */

/*
 * Hand lines on to the leader; false if it has gone.  Waits while the queue is
 * full.
 */
static bool
send_lines(shm_mq_handle *queue, Portion *portion)
{
	shm_mq_iovec parts[2] = {
		{(const char *) &portion->header, sizeof(PortionHeader)},
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
	shm_mq	   *queue = (shm_mq *) (queues + (Size) ParallelWorkerNumber * QUEUE_BYTES);
	shm_mq_handle *handle;
	SpindleStreamCall call;
	SpindleStreamArguments args;
	SpindleStreamNeeds needs = {.json = true,.times = true};
	SpindleStream *stream;
	Portion		portion;

	shm_mq_set_sender(queue, MyProc);
	handle = shm_mq_attach(queue, segment, NULL);
	spindle_stream_call_restore(&call, shm_toc_lookup(toc, KEY_CALL, false));
	spindle_stream_call_open(&call, &args);

	/* changed since the leader looked at it, who goes on with what it has */
	if (args.instance->domain->fingerprint != shared->fingerprint)
		return;
	stream = spindle_stream_open(&args.source, &args.options, &needs, CurrentMemoryContext);
	init_portion(&portion);
	while (take_slice(shared, stream, &portion))
	{
		while (portion.header.slice >= 0)
		{
			add_lines(stream, &portion, SLICE_EVENTS);
			if (!send_lines(handle, &portion))
				return;
		}
	}
	spindle_stream_close(stream);
	shm_mq_detach(handle);
}
