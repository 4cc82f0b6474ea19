/*-------------------------------------------------------------------------
 *
 * stream.h
 *		Events of a source, in the order of their delivery.
 *
 * A stream is opened and then asked for one delivery after the other, each of
 * which can be written as JSON or had as Datums until the next.  It can begin
 * anew, and some can begin in the middle.  It never waits: an event says when
 * it is due, and who delivers it waits for that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_STREAM_H
#define SPINDLE_STREAM_H

#include "stream/anomaly.h"
#include "stream/feed.h"
#include "stream/schedule.h"

/*
 * Events in a batch, at most: a transaction keeps the events of a batch in
 * memory.
 */
#define SPINDLE_MAX_BATCH_SIZE	1000000

/* Where the events of a stream come from: one feed, or several to be merged. */
typedef struct SpindleStreamSource
{
	int			nfeeds;
	SpindleFeed **feed;			/* parents before their children */
	SpindleKey	key;			/* of draws that concern deliveries */
	Timestamp	default_clock;	/* what the clock shows at the start if no
								 * event has a time */
} SpindleStreamSource;

/*
 * The stream arguments, read and checked; see the table in options.c for
 * ranges.  skip_events and late_fraction are of what max_events and duration
 * have left.
 */
typedef struct SpindleStreamOptions
{
	int64		max_events;		/* -1: no limit */
	int64		skip_events;	/* first deliveries to leave out */
	double		duration;		/* seconds of arrivals, negative: no limit */
	SpindleScheduleSpec schedule;
	bool		has_clock_start;	/* else the first event's time */
	bool		realtime;		/* wait until a delivery is due */
	double		late_fraction;	/* of the events, delivered out of order */
	int			late_slots;		/* later events that overtake one, at most */
	int			nanomalies;
	bool		label_anomalies;
	int			batch_size;		/* events per batch of a sink, 0: its own */
} SpindleStreamOptions;

/*
 * What the caller will ask of events.  Nothing else can be asked for once the
 * stream is open.
 */
typedef struct SpindleStreamNeeds
{
	bool		json;			/* spindle_stream_write() */
	bool		datums;			/* spindle_stream_datums() */
	bool		times;			/* when they happened */
	bool		arrivals;		/* when they are due */
	bool		across_transactions;	/* there will be commits before the
										 * end */
} SpindleStreamNeeds;

typedef struct SpindleStream SpindleStream;

extern SpindleStream *spindle_stream_open(const SpindleStreamSource *source, const SpindleStreamOptions *options,
										  const SpindleStreamNeeds *needs, MemoryContext parent);
extern int64 spindle_stream_events(const SpindleStream *stream);
extern int64 spindle_stream_deliveries(const SpindleStream *stream);
extern bool spindle_stream_is_seekable(const SpindleStream *stream);
extern void spindle_stream_seek(SpindleStream *stream, int64 first, int64 end);
extern void spindle_stream_rewind(SpindleStream *stream);
extern bool spindle_stream_next(SpindleStream *stream, SpindleEvent *event);
extern void spindle_stream_write(SpindleStream *stream, const SpindleEvent *event, StringInfo out);
extern TupleDesc spindle_stream_desc(const SpindleStream *stream);
extern void spindle_stream_datums(SpindleStream *stream, const SpindleEvent *event, Datum *values, bool *nulls);
extern void spindle_stream_close(SpindleStream *stream);

#endif							/* SPINDLE_STREAM_H */
