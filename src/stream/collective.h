/*-------------------------------------------------------------------------
 *
 * collective.h
 *		Collective anomalies: groups of events that crowd into a window.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COLLECTIVE_H
#define SPINDLE_COLLECTIVE_H

#include "datatype/timestamp.h"

#include "gen/eval.h"

/* Some events of a stream in event-time order, before anything is moved. */
typedef struct SpindleBaseEvents
{
	int			n;
	int64		first;			/* position of the first of them */
	int64		row[SPINDLE_BATCH_ROWS];
	Timestamp	time[SPINDLE_BATCH_ROWS];
	bool		has_time[SPINDLE_BATCH_ROWS];
} SpindleBaseEvents;

/* An event that is moved. */
typedef struct SpindleMovedEvent
{
	int64		position;		/* among the base events */
	int64		row;
	Timestamp	time;			/* the new one */
} SpindleMovedEvent;

typedef struct SpindleCollective SpindleCollective;

extern SpindleCollective *spindle_collective_create(SpindleInstance *instance, int table, int group_column,
													double window_seconds, double fraction,
													SpindleKey key, MemoryContext context);
extern void spindle_collective_add(SpindleCollective *collective, const SpindleBaseEvents *events,
								   const bool *taken);
extern void spindle_collective_choose(SpindleCollective *collective);
extern void spindle_collective_rewind(SpindleCollective *collective);
extern const SpindleMovedEvent *spindle_collective_by_position(SpindleCollective *collective);
extern void spindle_collective_next_position(SpindleCollective *collective);
extern const SpindleMovedEvent *spindle_collective_by_time(SpindleCollective *collective);
extern void spindle_collective_next_time(SpindleCollective *collective);
extern void spindle_collective_end(SpindleCollective *collective);

#endif							/* SPINDLE_COLLECTIVE_H */
