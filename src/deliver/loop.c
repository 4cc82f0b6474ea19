/*-------------------------------------------------------------------------
 *
 * loop.c
 *		What deliveries of events and of changes have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tcop/pquery.h"

#include "deliver/loop.h"
#include "server/run.h"

/* Events of a transaction where nobody says. */
#define DEFAULT_BATCH	1000

/*
 * Where each batch is a transaction, events that are due within this time share
 * one.
 */
#define TICK_SECONDS	0.001

/*
 * spindle_loop_batches
 *		Set the size of a sink's batches: batch_size if that is above 0, else 1000
 *		where the sink commits.
 */
void
spindle_loop_batches(SpindleSink *sink, int batch_size)
{
	if (sink->commits)
		sink->batch_size = DEFAULT_BATCH;
	if (batch_size > 0)
		sink->batch_size = batch_size;
}

/*
 * spindle_loop_flush
 *		Let the events of the batch go.
 *
 * Where the sink commits, this ends the transaction and begins another one, so
 * everything that lives longer must not depend on it.
 */
void
spindle_loop_flush(SpindleLoop *loop)
{
	SpindleSink *sink = loop->sink;

	loop->in_batch = 0;
	spindle_sink_flush(sink);
	if (sink->commits)
	{
		spindle_commit();

		/* values of relations may be of types whose output runs queries */
		if (loop->needs_snapshot)
			EnsurePortalSnapshotExists();
	}
	spindle_sink_count(sink);
	spindle_loop_report(loop);
}

/*
 * spindle_loop_wait
 *		Wait until an event is due; what was due before goes out first.
 *
 * due is in seconds since the start.  Interrupts are served meanwhile.
 */
void
spindle_loop_wait(SpindleLoop *loop, double due)
{
	if (loop->in_batch > 0)
		spindle_loop_flush(loop);
	spindle_sink_settle(loop->sink);
	if (loop->sink->commits)
		due = Max(due, loop->last_flush + TICK_SECONDS);
	spindle_pace_wait(&loop->pace, due);
	loop->last_flush = loop->pace.now;
}

/* Tell how far the delivery came. */
void
spindle_loop_report(SpindleLoop *loop)
{
	spindle_progress_report(&loop->progress, loop->sink->events_sent + loop->sink->events_skipped);
}

/*
 * spindle_loop_remarks
 *		Things that the result has no column for.  Notices tell them.
 */
void
spindle_loop_remarks(const SpindleLoop *loop, bool realtime)
{
	if (realtime && loop->pace.lag >= 0.1)
		ereport(NOTICE,
				(errmsg("events were delivered up to %.3f s after they were due", loop->pace.lag)));
	if (loop->sink->events_skipped > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld event was too long and was skipped",
							   "%lld events were too long and were skipped",
							   (unsigned long) loop->sink->events_skipped,
							   (long long) loop->sink->events_skipped)));
}
