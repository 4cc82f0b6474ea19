/*-------------------------------------------------------------------------
 *
 * channel.c
 *		Events as notifications.
 *
 * The payload is the event's JSON object in the server's encoding.  NOTIFY
 * takes less than 8000 bytes; equal payloads of a transaction would be sent
 * once only, but no two are equal, as each holds the event's number.
 *
 * Listeners read at their own pace, and until the slowest has read a
 * notification it stays in a queue of limited size, whose overflow fails the
 * transactions of everybody who sends.  So we look at the queue before each
 * batch: from half full on we slow down, the more the fuller it is, and at nine
 * tenths we give up.
 *
 * A transaction that has notified takes a lock when it commits which is the same
 * for all databases of the cluster, until it has ended: commits of notifying
 * transactions happen one after the other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/async.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "server/pace.h"
#include "sink/sink.h"

/* What async.c allows: a page less the names; it keeps the figure to itself. */
#define MAX_PAYLOAD		(BLCKSZ - NAMEDATALEN - 128 - 1)

/*
 * How full the queue of notifications is, from 0 to 1, when we begin to slow
 * down and when we give up.
 */
#define SLOW_USAGE		0.5
#define STOP_USAGE		0.9
#define SLOWEST_PAUSE	1.0		/* seconds before a batch, just below
								 * STOP_USAGE */

/* A sink that notifies a channel. */
typedef struct ChannelSink
{
	SpindleSink base;
	char	   *channel;
	bool		skip_oversize;	/* else they are an error */
	bool		looked;			/* at the queue, for this batch */
} ChannelSink;

/*
 * Give listeners time if the queue fills, or end in a clear error.  At half
 * full and below it takes no time, at 0.7 half a second.  Raises
 * program_limit_exceeded from STOP_USAGE on.
 */
static void
wait_for_listeners(const ChannelSink *channel)
{
	double		usage = DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0));
	SpindlePace pace;

	if (usage >= STOP_USAGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the queue of notifications is %.0f %% full", usage * 100),
				 errhint("Some session that listens does not read; it may sit in an open transaction.  "
						 "pg_listening_channels() and pg_stat_activity help to find it.")));
	if (usage < SLOW_USAGE)
		return;

	/* not shorter if notifications for this session come in meanwhile */
	spindle_pace_start(&pace);
	spindle_pace_wait(&pace, (usage - SLOW_USAGE) / (STOP_USAGE - SLOW_USAGE) * SLOWEST_PAUSE);
}

/* There is nothing to make ready: a channel need not exist. */
static void
channel_open(SpindleSink *sink, TupleDesc desc)
{
	initStringInfo(&sink->buffer);
}

/*
 * Notify the channel of an event; false if it does not fit and is left out.
 *
 * Raises program_limit_exceeded if it does not fit and must not be left out,
 * or if the queue is nearly full, and untranslatable_character if the server's
 * encoding lacks a character.
 */
static bool
channel_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	ChannelSink *channel = (ChannelSink *) sink;
	char	   *payload = pg_any_to_server(sink->buffer.data, sink->buffer.len, PG_UTF8);
	int			len = payload == sink->buffer.data ? sink->buffer.len : (int) strlen(payload);
	bool		fits = len <= MAX_PAYLOAD;

	if (!channel->looked)
	{
		wait_for_listeners(channel);
		channel->looked = true;
	}
	if (!fits && !channel->skip_oversize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("event with seq " INT64_FORMAT " has %d bytes, too many for a notification",
						event->event->seq, len),
				 errdetail("A payload has at most %d bytes.", MAX_PAYLOAD),
				 errhint("Use oversize => 'skip' to leave such events out.")));
	if (fits)
	{
		Async_Notify(channel->channel, payload);
		sink->pending_events++;
		sink->pending_bytes += len;
	}
	else
		sink->pending_skipped++;
	if (payload != sink->buffer.data)
		pfree(payload);
	resetStringInfo(&sink->buffer);
	return fits;
}

/* The commit that follows sends them. */
static void
channel_flush(SpindleSink *sink)
{
	((ChannelSink *) sink)->looked = false;
}

static const SpindleSinkOps channel_ops = {
	.open = channel_open,
	.write = channel_write,
	.write_lines = spindle_sink_no_lines,
	.flush = channel_flush,
	.settle = spindle_sink_nothing,
	.close = spindle_sink_nothing,
	.abort = spindle_sink_nothing,
};

/*
 * spindle_channel_sink_create
 *		A sink that notifies a channel, in the current memory context.
 *
 * Events that do not fit are left out if skip_oversize, else an error.
 *
 * Raises invalid_parameter_value if the name of the channel is empty, or has
 * NAMEDATALEN bytes or more.  Checks no privilege, as NOTIFY checks none.
 */
SpindleSink *
spindle_channel_sink_create(const char *channel, bool skip_oversize)
{
	ChannelSink *sink;

	if (channel[0] == '\0' || strlen(channel) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"channel\": \"%s\"", channel),
				 errhint("A channel name has 1 to %d bytes.", NAMEDATALEN - 1)));
	sink = palloc0(sizeof(ChannelSink));
	sink->base.ops = &channel_ops;
	sink->base.name = psprintf("channel \"%s\"", channel);
	sink->channel = pstrdup(channel);
	sink->skip_oversize = skip_oversize;
	return &sink->base;
}
