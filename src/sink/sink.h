/*-------------------------------------------------------------------------
 *
 * sink.h
 *		Where events go.
 *
 * A sink takes events one after another and knows nothing of where they come
 * from.  Its creator has checked all arguments and privileges before it makes
 * one; open is the first thing with an effect outside.  After an error only
 * abort is called: what else a sink holds must go with its memory context or its
 * transaction.
 *
 * The order of calls is: open, any number of write or write_lines, flush
 * whenever the batch is complete or nothing is due, close after a last flush.
 * All are called in a memory context that goes when the delivery ends and not
 * before, so what a function needs per event it has to free, or to allocate in
 * a context of its own that it resets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SINK_H
#define SPINDLE_SINK_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "lib/stringinfo.h"

#include "stream/feed.h"

typedef struct SpindleSink SpindleSink;

/*
 * An event in the forms that a sink may want: JSON in the sink's buffer, or
 * columns if the sink wants datums.  All is valid during write() only.
 */
typedef struct SpindleSinkEvent
{
	const SpindleEvent *event;
	int			start;			/* of its JSON in the buffer: an object in
								 * UTF-8, without line end, up to the end */
	const Datum *values;		/* of its columns */
	const bool *nulls;
	bool		show_label;		/* is it to be seen whether it is an anomaly? */
} SpindleSinkEvent;

/*
 * All of them are there; what a sink has no use for is spindle_sink_nothing()
 * or spindle_sink_no_lines().  Each but abort may raise an error, after which
 * nothing but abort is called.
 */
typedef struct SpindleSinkOps
{
	/* make the target ready for events whose columns desc describes */
	void		(*open) (SpindleSink *sink, TupleDesc desc);

	/*
	 * Take an event, which may stay with the sink for a while; false if it is
	 * left out.
	 */
	bool		(*write) (SpindleSink *sink, const SpindleSinkEvent *event);

	/*
	 * Take events as complete lines, which stay the caller's, and let them
	 * go; called only if the sink takes lines.
	 */
	void		(*write_lines) (SpindleSink *sink, const char *lines, int len, int64 nevents);

	/* let go of all events that were taken; they may take a moment to arrive */
	void		(*flush) (SpindleSink *sink);

	/*
	 * After a flush, and its commit, when no event follows at once: see that
	 * all that were let go arrive now.
	 */
	void		(*settle) (SpindleSink *sink);

	/* after the last flush: make it last, and release the target */
	void		(*close) (SpindleSink *sink);

	/* after an error of any kind since open was called */
	void		(*abort) (SpindleSink *sink);
} SpindleSinkOps;

/*
 * What all sinks have in common; each embeds it as its first member.
 *
 * Counters of what is pending tell of events that the sink has taken.  They
 * become counters of what is sent by spindle_sink_count(), which whoever lets
 * them go calls: the sink itself where nothing can take them back, else the
 * loop that feeds it, after the commit.
 */
struct SpindleSink
{
	const SpindleSinkOps *ops;

	/* set at creation */
	const char *name;			/* such as: file "/tmp/events.jsonl" */
	bool		wants_datums;	/* columns, not JSON */
	bool		takes_lines;	/* need not see each event */
	bool		commits;		/* each flush is followed by a commit */
	int			batch_size;		/* events per flush, 0: when it likes */

	/* changes per event */
	StringInfoData buffer;		/* JSON is appended here; a sink empties it */
	int64		pending_events; /* taken, but not yet out of our hands */
	int64		pending_skipped;
	int64		pending_bytes;
	int64		events_sent;	/* that are out of our hands */
	int64		events_skipped; /* that were left out */
	int64		bytes_sent;		/* and the bytes they took there */
};

/*
 * Make the target ready.  desc describes the columns of events, or is NULL if
 * the sink does not want them.
 */
static inline void
spindle_sink_open(SpindleSink *sink, TupleDesc desc)
{
	sink->ops->open(sink, desc);
}

/*
 * Give the sink an event; false if it is left out, which is counted as
 * skipped.
 */
static inline bool
spindle_sink_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	return sink->ops->write(sink, event);
}

/*
 * Give the sink len bytes of complete lines, which hold nevents events, in
 * place of so many calls of write.
 */
static inline void
spindle_sink_write_lines(SpindleSink *sink, const char *lines, int len, int64 nevents)
{
	Assert(sink->takes_lines);
	sink->ops->write_lines(sink, lines, len, nevents);
}

/*
 * Let go of all events that were taken; what is sent in a transaction goes
 * with its commit.
 */
static inline void
spindle_sink_flush(SpindleSink *sink)
{
	sink->ops->flush(sink);
}

/*
 * Before a pause: see that what was flushed arrives now.  May wait for the
 * disk.
 */
static inline void
spindle_sink_settle(SpindleSink *sink)
{
	sink->ops->settle(sink);
}

/* What was flushed is out of our hands, after a commit if there is one. */
static inline void
spindle_sink_count(SpindleSink *sink)
{
	sink->events_sent += sink->pending_events;
	sink->events_skipped += sink->pending_skipped;
	sink->bytes_sent += sink->pending_bytes;
	sink->pending_events = sink->pending_skipped = sink->pending_bytes = 0;
}

/* After the last flush, once: make the events last, and release the target. */
static inline void
spindle_sink_close(SpindleSink *sink)
{
	sink->ops->close(sink);
}

/*
 * After an error since open was called.  Raises none itself, as there is one
 * already.
 */
static inline void
spindle_sink_abort(SpindleSink *sink)
{
	sink->ops->abort(sink);
}

/* sink.c */
extern void spindle_sink_nothing(SpindleSink *sink);
extern void spindle_sink_no_lines(SpindleSink *sink, const char *lines, int len, int64 nevents);

/* What becomes of a file that exists. */
typedef enum SpindleFileMode
{
	SPINDLE_FILE_REPLACE,
	SPINDLE_FILE_APPEND,
	SPINDLE_FILE_CREATE			/* must not exist */
} SpindleFileMode;

extern SpindleSink *spindle_file_sink_create(const char *path, SpindleFileMode mode);

/* program.c */
extern SpindleSink *spindle_program_sink_create(const char *command);

/* channel.c */
extern SpindleSink *spindle_channel_sink_create(const char *channel, bool skip_oversize);

/* wal.c */
extern SpindleSink *spindle_wal_sink_create(const char *prefix, bool transactional);

/* table.c */
extern SpindleSink *spindle_table_sink_create(Oid relation);

#endif							/* SPINDLE_SINK_H */
