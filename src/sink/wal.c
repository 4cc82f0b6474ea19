/*-------------------------------------------------------------------------
 *
 * wal.c
 *		Events as messages for logical decoding.
 *
 * The content of a message is the event's JSON object in UTF-8.  Transactional
 * messages reach a decoder when their batch has committed.  Others stand in the
 * WAL by themselves, and reach it once they are flushed to disk.  Both keep the
 * order of the stream.
 *
 * To flush each batch ourselves would cost more than to make it, as we would wait
 * for the disk.  So at the end of a batch we ask the WAL writer to do it, as a
 * commit that is not synchronous does, and go on; it flushes what it was asked
 * for within three times wal_writer_delay, and at once while more comes.  What
 * is due is flushed before we wait for what is not, and everything at the end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "replication/message.h"
#include "utils/guc.h"

#include "compat.h"
#include "sink/sink.h"

/*
 * A sink that writes logical messages; positions are 0 before the first of
 * them.
 */
typedef struct WalSink
{
	SpindleSink base;
	char	   *prefix;
	bool		transactional;
	XLogRecPtr	last;			/* end of the last message */
	XLogRecPtr	flushed;		/* that of the last one which is on disk */
} WalSink;

/* There is nothing to make ready but the buffer. */
static void
wal_open(SpindleSink *sink, TupleDesc desc)
{
	initStringInfo(&sink->buffer);
}

/* Write the message of an event.  Always true. */
static bool
wal_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	WalSink    *wal = (WalSink *) sink;

	wal->last = spindle_LogLogicalMessage(wal->prefix, sink->buffer.data, sink->buffer.len, wal->transactional,
										  false);
	sink->pending_events++;
	sink->pending_bytes += sink->buffer.len;

	/* nothing takes it back, not even an error in the midst of the batch */
	if (!wal->transactional)
		spindle_sink_count(sink);
	resetStringInfo(&sink->buffer);
	return true;
}

/* Have the messages of the batch written to disk soon. */
static void
wal_flush(SpindleSink *sink)
{
	WalSink    *wal = (WalSink *) sink;

	/* transactional ones are flushed by the commit, as the session wants it */
	if (!wal->transactional && wal->last != wal->flushed)
		XLogSetAsyncXactLSN(wal->last);
}

/* And now wait until they are. */
static void
wal_settle(SpindleSink *sink)
{
	WalSink    *wal = (WalSink *) sink;

	if (wal->transactional || wal->last == wal->flushed)
		return;
	XLogFlush(wal->last);
	wal->flushed = wal->last;
}

static const SpindleSinkOps wal_ops = {
	.open = wal_open,
	.write = wal_write,
	.write_lines = spindle_sink_no_lines,
	.flush = wal_flush,
	.settle = wal_settle,
	.close = wal_settle,

	/* messages have been delivered, so that a decoder must get them, too */
	.abort = wal_flush,
};

/*
 * spindle_wal_sink_create
 *		A sink that writes logical messages, in the current memory context.
 *
 * Raises object_not_in_prerequisite_state if nobody could decode them.
 *
 * prefix tells decoders whose messages these are; it must not be empty, else
 * invalid_parameter_value is raised.  Checks no privilege, as
 * pg_logical_emit_message() checks none.
 */
SpindleSink *
spindle_wal_sink_create(const char *prefix, bool transactional)
{
	WalSink    *wal;

	if (prefix[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"prefix\" must not be empty"),
				 errhint("Decoders tell messages by their prefix.")));
	if (wal_level < WAL_LEVEL_LOGICAL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("logical messages could not be decoded, as wal_level is \"%s\"",
						GetConfigOption("wal_level", false, false)),
				 errhint("Set wal_level to logical and restart the server.")));
	wal = palloc0(sizeof(WalSink));
	wal->base.ops = &wal_ops;
	wal->base.name = psprintf("logical messages \"%s\"", prefix);
	wal->prefix = pstrdup(prefix);
	wal->transactional = transactional;
	return &wal->base;
}
