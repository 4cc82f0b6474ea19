/*-------------------------------------------------------------------------
 *
 * sink.h
 *		Where events go.
 *
 * A sink takes events one after another and knows nothing of where they come
 * from.  Its creator has checked all arguments and privileges before it makes
 * one; open is the first thing with an effect outside.  After an error no
 * further callback is called: what a sink holds must go with its memory
 * context or its transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SINK_H
#define SPINDLE_SINK_H

#include "postgres.h"

#include "lib/stringinfo.h"

typedef struct SpindleSink SpindleSink;

typedef struct SpindleSinkOps
{
	/* make the target ready */
	void		(*open) (SpindleSink *sink);

	/*
	 * Take the event that was appended to the buffer from offset start on, an
	 * object of JSON in UTF-8 without line end.  It may stay there for a
	 * while.
	 */
	void		(*write) (SpindleSink *sink, int start);

	/* let go of all events that are in a buffer */
	void		(*flush) (SpindleSink *sink);

	/* flush, make it last, and release the target */
	void		(*close) (SpindleSink *sink);
} SpindleSinkOps;

struct SpindleSink
{
	const SpindleSinkOps *ops;
	StringInfoData buffer;		/* events are appended here; a sink empties it */
	int64		events_sent;	/* events that are out of our hands */
	int64		bytes_sent;		/* and the bytes they took there */
};

static inline void
spindle_sink_open(SpindleSink *sink)
{
	sink->ops->open(sink);
}

/* One event is in the buffer from offset start on. */
static inline void
spindle_sink_write(SpindleSink *sink, int start)
{
	Assert(sink->buffer.len > start);
	sink->ops->write(sink, start);
}

static inline void
spindle_sink_flush(SpindleSink *sink)
{
	sink->ops->flush(sink);
}

static inline void
spindle_sink_close(SpindleSink *sink)
{
	sink->ops->close(sink);
}

/* file.c */
typedef enum SpindleFileMode
{
	SPINDLE_FILE_REPLACE,
	SPINDLE_FILE_APPEND,
	SPINDLE_FILE_CREATE			/* must not exist */
} SpindleFileMode;

extern SpindleSink *spindle_file_sink_create(const char *path, SpindleFileMode mode);

#endif							/* SPINDLE_SINK_H */
