/*-------------------------------------------------------------------------
 *
 * collective.h
 *		Collective anomalies: groups of events that crowd into a window.
 *
 * There are two ways to fill a SpindleCollective.
 * spindle_collective_create(), then spindle_collective_add() for each event,
 * and spindle_collective_choose(): so it chooses groups by itself.  Or
 * spindle_collective_create_moves(), then spindle_collective_move() for each
 * event that the caller has chosen, and spindle_collective_finish().
 *
 * Either way it then is a list of moved events, read by two walks that do not
 * depend on each other: in the order of the places where the events were, and
 * of their new times.  Each walk has a present event, which
 * spindle_collective_by_...() looks at and spindle_collective_next_...()
 * leaves behind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COLLECTIVE_H
#define SPINDLE_COLLECTIVE_H

#include "datatype/timestamp.h"

#include "stream/feed.h"

/*
 * An event that is moved.  Its row is 0 if the feed does not number its rows.
 */
typedef struct SpindleMovedEvent
{
	int64		position;		/* before anything was moved, from 0 */
	int64		row;			/* of a generated table */
	Timestamp	time;			/* the new one, UTC */
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
