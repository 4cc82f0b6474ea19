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

#include "stream/feed.h"

/* An event that is moved. */
typedef struct SpindleMovedEvent
{
	int64		position;		/* among the base events */
	int64		row;
	Timestamp	time;			/* the new one */
} SpindleMovedEvent;

extern SpindleCollective *spindle_collective_create(Oid group_type, double window_seconds, double fraction,
													SpindleKey key, bool across_transactions,
													MemoryContext context);
extern SpindleCollective *spindle_collective_create_moves(bool across_transactions, MemoryContext context);
extern void spindle_collective_move(SpindleCollective *collective, int64 position, int64 row, Timestamp time);
extern void spindle_collective_finish(SpindleCollective *collective);
extern void spindle_collective_add(SpindleCollective *collective, Datum group, int64 position, int64 row,
								   Timestamp time);
extern void spindle_collective_choose(SpindleCollective *collective);
extern void spindle_collective_rewind(SpindleCollective *collective);
extern const SpindleMovedEvent *spindle_collective_by_position(SpindleCollective *collective);
extern void spindle_collective_next_position(SpindleCollective *collective);
extern const SpindleMovedEvent *spindle_collective_by_time(SpindleCollective *collective);
extern void spindle_collective_next_time(SpindleCollective *collective);
extern void spindle_collective_end(SpindleCollective *collective);

#endif							/* SPINDLE_COLLECTIVE_H */
