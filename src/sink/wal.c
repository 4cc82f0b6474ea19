/*-------------------------------------------------------------------------
 *
 * wal.c
 *		Events as messages for logical decoding.
 *
 * The content of a message is the event's JSON object in UTF-8.  Transactional
 * messages reach a decoder when their batch has committed.  Others stand in the
 * WAL by themselves, and reach it once they are flushed to disk, which we do at
 * the end of each batch.  Both keep the order of the stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "replication/message.h"
#include "utils/guc.h"

#include "sink/sink.h"

typedef struct WalSink
{
	SpindleSink base;
	char	   *prefix;
	bool		transactional;
	XLogRecPtr	last;			/* end of the last message */
} WalSink;

static void
wal_open(SpindleSink *sink, TupleDesc desc)
{
	initStringInfo(&sink->buffer);
}

static bool
wal_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	WalSink    *wal = (WalSink *) sink;

	wal->last = LogLogicalMessage(wal->prefix, sink->buffer.data, sink->buffer.len, wal->transactional);
	sink->pending_events++;
	sink->pending_bytes += sink->buffer.len;

	/* nothing takes it back, not even an error in the midst of the batch */
	if (!wal->transactional)
		spindle_sink_count(sink);
	resetStringInfo(&sink->buffer);
	return true;
}

static void
wal_flush(SpindleSink *sink)
{
	WalSink    *wal = (WalSink *) sink;

	/* transactional ones are flushed by the commit, as the session wants it */
	if (!wal->transactional && wal->last != InvalidXLogRecPtr)
		XLogFlush(wal->last);
}

static void
wal_close(SpindleSink *sink)
{
}

static const SpindleSinkOps wal_ops = {
	.open = wal_open,
	.write = wal_write,
	.flush = wal_flush,
	.close = wal_close,
};

/*
 * spindle_wal_sink_create
 *		A sink that writes logical messages, in the current memory context.
 *
 * Raises object_not_in_prerequisite_state if nobody could decode them.
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
