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
#include "stream/anomaly.h"
#include "stream/schedule.h"

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
	SpindleAnomalySpec *anomaly;
	bool		label_anomalies;
} SpindleStreamOptions;

/* One event; valid until the next. */
typedef struct SpindleEvent
{
	int64		delivery_seq;	/* from 0, counting those left out */
	int64		seq;			/* position in event-time order */
	const char *table_name;
	bool		has_time;
	Timestamp	time;			/* UTC */
	double		arrival;		/* seconds from the start of the stream, 0 if
								 * the stream was opened without */
	double		due;			/* the same from the last delivery left out */
	const char *label;			/* of its anomaly, or NULL */
	bool		is_late;		/* an event with a higher seq came before */

	/* of the stream's own use */
	int			batch_index;	/* row of the batch, or ... */
	int			slot;			/* ... slot that keeps it, -1 if none */
} SpindleEvent;

typedef struct SpindleStream SpindleStream;

extern SpindleStream *spindle_stream_open(SpindleInstance *instance, int table,
										  const SpindleStreamOptions *options,
										  bool with_json, bool with_arrivals,
										  MemoryContext parent);
extern bool spindle_stream_next(SpindleStream *stream, SpindleEvent *event);
extern void spindle_stream_write(SpindleStream *stream, const SpindleEvent *event, StringInfo out);
extern void spindle_stream_close(SpindleStream *stream);

#endif							/* SPINDLE_STREAM_H */
