/*-------------------------------------------------------------------------
 *
 * deliver.c
 *		The loop that feeds a sink.
 *
 * It asks the stream for the next event, waits until it is due if time is real,
 * and gives it to the sink.  Events that are due together, or batch_size of them,
 * go out together; where the sink commits, that is one transaction.  What has been
 * committed stays, whatever happens later, and an error's context tells how many
 * events that are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "deliver/loop.h"
#include "deliver/render.h"

/* Events between two looks at how far we are, where there are no batches. */
#define REPORT_EVENTS	4096

/*
 * A delivery under way.  It lives on the stack of spindle_deliver(), its
 * arrays in a context of their own.
 */
typedef struct Delivery
{
	SpindleLoop loop;
	SpindleStreamArguments args;
	SpindleStream *stream;
	int64		anomalies;		/* among the events taken */
	int64		late;
	Datum	   *values;			/* of one event */
	bool	   *nulls;
} Delivery;

/*
 * Tell how far the delivery came, and how to go on.  Events that are pending
 * are not counted, as they are lost with the transaction.
 */
static void
delivery_context(void *arg)
{
	const Delivery *delivery = arg;
	const SpindleSink *sink = delivery->loop.sink;

	errcontext("delivery to %s: " INT64_FORMAT " events delivered before; skip_events => " INT64_FORMAT
			   " continues behind them",
			   sink->name, sink->events_sent,
			   delivery->args.options.skip_events + sink->events_sent + sink->events_skipped);
}

/*
 * Give an event to the sink, in the form that it wants.
 *
 * Counts anomalies and late events among those that the sink takes; left out
 * ones count for nothing.
 */
static void
take(Delivery *delivery, const SpindleEvent *event)
{
	SpindleSink *sink = delivery->loop.sink;
	SpindleSinkEvent sink_event = {
		.event = event,
		.start = sink->buffer.len,
		.values = delivery->values,
		.nulls = delivery->nulls,
		.show_label = delivery->args.options.label_anomalies,
	};

	if (sink->wants_datums)
		spindle_stream_datums(delivery->stream, event, delivery->values, delivery->nulls);
	else
		spindle_stream_write(delivery->stream, event, &sink->buffer);
	delivery->loop.in_batch++;
	if (!spindle_sink_write(sink, &sink_event))
		return;
	delivery->anomalies += event->label != NULL;
	delivery->late += event->is_late;
}

/* Deliver all events of the stream, one by one, and flush the last batch. */
static void
run(Delivery *delivery)
{
	SpindleSink *sink = delivery->loop.sink;
	const bool	realtime = delivery->args.options.realtime;
	SpindleEvent event;

	while (spindle_stream_next(delivery->stream, &event))
	{
		if (realtime && !spindle_pace_is_due(&delivery->loop.pace, event.due))
			spindle_loop_wait(&delivery->loop, event.due);
		take(delivery, &event);
		if (sink->batch_size > 0 && delivery->loop.in_batch >= sink->batch_size)
		{
			spindle_loop_flush(&delivery->loop);
			if (realtime)
				spindle_pace_look(&delivery->loop.pace);
		}
		else if (event.delivery_seq % REPORT_EVENTS == 0)
			spindle_loop_report(&delivery->loop);
	}
	spindle_loop_flush(&delivery->loop);
}

/*
 * The same with the help of workers, of lines that no one has to see singly.
 * The sink writes lines at once, so nothing is left to flush.
 */
static void
run_with_workers(const SpindleStreamCall *call, Delivery *delivery, int nworkers)
{
	SpindleSink *sink = delivery->loop.sink;
	SpindleRendering *rendering = spindle_event_lines_begin(call, &delivery->args, delivery->stream, nworkers);
	SpindleLines lines;

	while (spindle_rendering_next(rendering, &lines))
	{
		spindle_sink_write_lines(sink, lines.data, lines.len, lines.counts.events);
		delivery->anomalies += lines.counts.anomalies;
		delivery->late += lines.counts.late;
		spindle_loop_report(&delivery->loop);
	}
	spindle_rendering_end(rendering);
}

/*
 * spindle_deliver
 *		Deliver a stream to a sink; says in *delivered what was delivered.
 *
 * args are what call says, looked up.  Both and the sink live in the current
 * memory context, below which all is allocated and released.  A sink that commits
 * needs a session of SPI that may.
 *
 * If time is real, this waits until each event is due; interrupts are served.
 * The sink's batch_size is set here: that of options, or 1000 if the sink
 * commits.  Notices tell of events that were left out, and of a lag of 0.1 s
 * or more.
 *
 * Raises what the sink, the stream and their sources do.  The sink has been
 * aborted then.  Once it is open, an error's context tells how many events
 * have been delivered.
 */
void
spindle_deliver(const SpindleStreamCall *call, const SpindleStreamArguments *args, SpindleSink *sink,
				SpindleDelivered *delivered)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle delivery",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	ErrorContextCallback callback;
	SpindleStreamNeeds needs = {
		.json = !sink->wants_datums,
		.datums = sink->wants_datums,
		.times = true,
		.across_transactions = sink->commits,
	};
	Delivery	delivery = {
		.loop = {.sink = sink,.needs_snapshot = args->instance == NULL},
		.args = *args,
	};
	TupleDesc	desc;
	int			nworkers;

	spindle_loop_batches(sink, args->options.batch_size);
	delivery.stream = spindle_stream_open(&args->source, &args->options, &needs, context);
	nworkers = sink->takes_lines ? spindle_event_lines_workers(args, delivery.stream) : 0;
	desc = spindle_stream_desc(delivery.stream);
	if (desc)
	{
		delivery.values = palloc(sizeof(Datum) * Max(desc->natts, 1));
		delivery.nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
	}
	callback.callback = delivery_context;
	callback.arg = &delivery;
	callback.previous = error_context_stack;
	spindle_progress_start(&delivery.loop.progress, sink->name,
						   spindle_stream_deliveries(delivery.stream), "events");
	PG_TRY();
	{
		spindle_sink_open(sink, desc);

		/* what is wrong before has nothing to do with events */
		error_context_stack = &callback;
		spindle_pace_start(&delivery.loop.pace);
		if (nworkers > 0)
			run_with_workers(call, &delivery, nworkers);
		else
			run(&delivery);
		spindle_sink_close(sink);
	}
	PG_CATCH();
	{
		spindle_sink_abort(sink);
		PG_RE_THROW();
	}
	PG_END_TRY();
	spindle_pace_look(&delivery.loop.pace);
	spindle_progress_end(&delivery.loop.progress);
	error_context_stack = callback.previous;
	spindle_loop_remarks(&delivery.loop, args->options.realtime);
	delivered->events = sink->events_sent;
	delivered->bytes = sink->bytes_sent;
	delivered->anomalies = delivery.anomalies;
	delivered->late = delivery.late;
	delivered->seconds = delivery.loop.pace.now;
	spindle_stream_close(delivery.stream);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
