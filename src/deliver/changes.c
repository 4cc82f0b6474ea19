/*-------------------------------------------------------------------------
 *
 * changes.c
 *		The loop that feeds a sink with changes.
 *
 * It asks for the next change, waits until its transaction is due if time is real,
 * and has it written as messages, which go to the sink one by one.  Batches end with
 * transactions, so what was let go is a whole number of them, and an error's
 * context tells the position to continue behind.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlogdefs.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "deliver/loop.h"
#include "deliver/render.h"

/* Changes between two looks at how far we are, where there are no batches. */
#define REPORT_CHANGES	4096

/*
 * A delivery under way.  It lives on the stack of spindle_deliver_changes(), what
 * it points to in a context of its own.
 */
typedef struct ChangeDelivery
{
	SpindleMessages messages;	/* the first member: complete() finds the rest */
	SpindleLoop loop;
	const SpindleChangeDelivery *how;
	SpindleChangeNeeds needs;
	SpindleFormatter *formatter;
	int			start;			/* of the present message in the sink's buffer */
	int64		seq;			/* of the present change */
	bool		is_late;		/* that is */
	int64		late;			/* messages so far that are */
	bool		has_position;	/* all transactions are complete ... */
	uint64		position;		/* ... up to this position, */
	bool		has_sent;		/* and one is out of our hands, */
	uint64		sent;			/* up to this position */
} ChangeDelivery;

/* Tell how far the delivery came, and how to go on. */
static void
delivery_context(void *arg)
{
	const ChangeDelivery *delivery = arg;
	const SpindleSink *sink = delivery->loop.sink;

	if (delivery->has_sent && delivery->how->delay.fraction > 0)
		errcontext("delivery to %s: " INT64_FORMAT " messages delivered before; after_position => '%X/%X'"
				   " continues without a gap, and repeats what has overtaken a late transaction",
				   sink->name, sink->events_sent, LSN_FORMAT_ARGS(delivery->sent));
	else if (delivery->has_sent)
		errcontext("delivery to %s: " INT64_FORMAT " messages delivered before; after_position => '%X/%X'"
				   " continues behind them",
				   sink->name, sink->events_sent, LSN_FORMAT_ARGS(delivery->sent));
	else
		errcontext("delivery to %s: nothing delivered before", sink->name);
}

/* A message is complete: give it to the sink. */
static void
take(SpindleMessages *messages)
{
	ChangeDelivery *delivery = (ChangeDelivery *) messages;
	SpindleSink *sink = delivery->loop.sink;
	SpindleEvent event = {.delivery_seq = delivery->seq,.seq = delivery->seq,.slot = -1};
	SpindleSinkEvent sink_event = {.event = &event,.start = delivery->start};

	(void) spindle_sink_write(sink, &sink_event);
	delivery->late += delivery->is_late;
	delivery->loop.in_batch++;
	delivery->start = sink->buffer.len;
}

/* Let the batch go; it ends with a transaction, or with the last change. */
static void
flush(ChangeDelivery *delivery)
{
	spindle_loop_flush(&delivery->loop);
	delivery->has_sent = delivery->has_position;
	delivery->sent = delivery->position;
}

/* Deliver all changes, and flush the last batch. */
static void
run(ChangeDelivery *delivery, SpindleChangeQueue *changes)
{
	SpindleLoop *loop = &delivery->loop;
	SpindleSink *sink = loop->sink;
	SpindleChange change;

	while (spindle_change_queue_next(changes, &change))
	{
		CHECK_FOR_INTERRUPTS();
		if (delivery->how->realtime && change.txn_seq == 1 && !spindle_pace_is_due(&loop->pace, change.arrival))
		{
			if (loop->in_batch > 0)
				flush(delivery);
			spindle_loop_wait(loop, change.arrival);
		}
		delivery->seq = change.delivery_seq;
		delivery->is_late = change.is_late;
		delivery->start = sink->buffer.len;
		spindle_formatter_change(delivery->formatter, &change, &delivery->messages);
		if (change.txn_last)
			delivery->has_position = spindle_change_queue_complete(changes, &delivery->position);
		if (change.txn_last && sink->batch_size > 0 && loop->in_batch >= sink->batch_size)
		{
			flush(delivery);
			if (delivery->how->realtime)
				spindle_pace_look(&loop->pace);
		}
		else if (change.delivery_seq % REPORT_CHANGES == 0)
			spindle_loop_report(loop);
	}
	flush(delivery);
}

/*
 * The same with the help of workers.  Lines come in portions that nobody can cut, so
 * what is behind the last one that max_changes has room for is made by ourselves.
 */
static void
run_with_workers(ChangeDelivery *delivery, SpindleInstance *instance, const SpindleChangeOptions *options,
				 SpindleChanges *changes, int nworkers)
{
	SpindleSink *sink = delivery->loop.sink;
	SpindleRendering *rendering =
		spindle_change_lines_begin(instance, options, changes, delivery->how->format, &delivery->how->format_options,
								   delivery->formatter, nworkers);
	SpindleChangeOptions rest = *options;
	SpindleChangeQueue *queue;
	const int64 max_changes = options->max_changes >= 0 ? options->max_changes : PG_INT64_MAX;
	int64		delivered = 0;
	bool		in_transaction = false;
	bool		is_whole = true;
	SpindleLines lines;

	while ((in_transaction || delivered < max_changes) && spindle_rendering_next(rendering, &lines))
	{
		if (!in_transaction && lines.counts.changes >= max_changes - delivered)
		{
			is_whole = false;
			break;
		}
		spindle_sink_write_lines(sink, lines.data, lines.len, lines.counts.events);
		delivered += lines.counts.changes;
		in_transaction = lines.counts.in_transaction;
		if (lines.counts.has_position)
		{
			delivery->has_position = delivery->has_sent = true;
			delivery->position = delivery->sent = lines.counts.position;
		}
		spindle_loop_report(&delivery->loop);
	}
	spindle_rendering_end(rendering);
	if (is_whole)
		return;
	rest.max_changes = max_changes - delivered;
	if (delivery->has_sent)
	{
		rest.has_after_position = true;
		rest.after_position = delivery->sent;
	}
	queue = spindle_change_queue_open(instance, &rest, &delivery->how->delay, true, &delivery->needs,
									  CurrentMemoryContext);
	run(delivery, queue);
	spindle_change_queue_close(queue);
}

/*
 * How many workers should help to make the lines: none if it is to be seen when changes
 * come, or in which order.
 */
static int
count_workers(SpindleInstance *instance, const SpindleChangeOptions *options, const SpindleChangeDelivery *how,
			  const SpindleSink *sink)
{
	if (!sink->takes_lines || how->realtime || how->batch_size > 0 || options->duration >= 0 ||
		how->delay.fraction > 0)
		return 0;
	return spindle_rendering_workers(spindle_change_lines_estimate(instance, options));
}

/*
 * spindle_deliver_changes
 *		Deliver the changes of an instance to a sink that takes JSON; says in
 *		*delivered what was delivered.
 *
 * All that is passed lives in the current memory context, below which all is
 * allocated and released.  A sink that commits needs a session of SPI that may.
 *
 * If time is real, this waits until each transaction is due; interrupts are served.
 * Raises what the sink and the changes do; the sink has been aborted then.  Once it
 * is open, an error's context tells how many messages have been delivered.
 */
void
spindle_deliver_changes(SpindleInstance *instance, const SpindleChangeOptions *options,
						const SpindleChangeDelivery *how, SpindleSink *sink, SpindleDelivered *delivered)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle delivery of changes",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	ErrorContextCallback callback;
	SpindleChangeOptions change_options = *options;
	const int	nworkers = count_workers(instance, options, how, sink);
	ChangeDelivery delivery = {
		.messages = {.out = &sink->buffer,.complete = take},
		.loop = {.sink = sink},
		.how = how,
		.needs = {.arrivals = how->realtime,.images = true,.realtime = how->realtime},
	};
	SpindleChanges *changes = NULL;
	SpindleChangeQueue *queue = NULL;

	Assert(!sink->wants_datums);
	spindle_loop_batches(sink, how->batch_size);
	change_options.max_changes = options->max_changes == 0 ? 0 : -1;
	if (nworkers > 0)
		changes = spindle_changes_open(instance, &change_options, &delivery.needs, context);
	else
		queue = spindle_change_queue_open(instance, options, &how->delay, true, &delivery.needs, context);
	delivery.formatter = spindle_formatter_create(how->format, &how->format_options, instance->domain, context);
	callback.callback = delivery_context;
	callback.arg = &delivery;
	callback.previous = error_context_stack;
	spindle_progress_start(&delivery.loop.progress, sink->name, -1, "messages");
	PG_TRY();
	{
		spindle_sink_open(sink, NULL);
		error_context_stack = &callback;
		spindle_pace_start(&delivery.loop.pace);
		if (nworkers > 0)
			run_with_workers(&delivery, instance, options, changes, nworkers);
		else
			run(&delivery, queue);
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
	spindle_loop_remarks(&delivery.loop, how->realtime);
	*delivered = (SpindleDelivered) {
		.events = sink->events_sent,
		.late = delivery.late,
		.bytes = sink->bytes_sent,
		.seconds = delivery.loop.pace.now,
	};
	if (changes)
		spindle_changes_close(changes);
	if (queue)
		spindle_change_queue_close(queue);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
