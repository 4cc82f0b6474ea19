/*-------------------------------------------------------------------------
 *
 * stream.h
 *		Events of a source, in the order of their delivery.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_STREAM_H
#define SPINDLE_STREAM_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#include "gen/instance.h"

typedef struct SpindleStreamOptions
{
	int64		max_events;		/* -1: no limit */
	int64		skip_events;	/* first deliveries to leave out */
} SpindleStreamOptions;

/* One event; valid until the next. */
typedef struct SpindleEvent
{
	int64		delivery_seq;	/* from 0, counting those left out */
	int64		seq;			/* position in event-time order */
	const char *table_name;
	bool		has_time;
	Timestamp	time;			/* UTC */
	int			batch_index;	/* of the stream's own use */
} SpindleEvent;

typedef struct SpindleStream SpindleStream;

extern SpindleStream *spindle_stream_open(SpindleInstance *instance, int table,
										  const SpindleStreamOptions *options,
										  MemoryContext parent);
extern bool spindle_stream_next(SpindleStream *stream, SpindleEvent *event);
extern void spindle_stream_write(SpindleStream *stream, const SpindleEvent *event, StringInfo out);
extern void spindle_stream_close(SpindleStream *stream);

#endif							/* SPINDLE_STREAM_H */
