/*-------------------------------------------------------------------------
 *
 * table_order.h
 *		In which order the rows of a generated table are events.
 *
 * A table order belongs to a feed, whose nevents is where it ends.  It is
 * created, opened, and then gives rows in portions; if anomalies move events
 * in time, it is told so once and gives them in their new places from then
 * on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TABLE_ORDER_H
#define SPINDLE_TABLE_ORDER_H

#include "gen/eval.h"
#include "stream/feed.h"

/* Some events in order: the first n entries of each array. */
typedef struct SpindleEventRows
{
	int			n;
	int64		row[SPINDLE_BATCH_ROWS];
	int64		position[SPINDLE_BATCH_ROWS];	/* before anything was moved */
	int			moved_by[SPINDLE_BATCH_ROWS];	/* collective anomaly, or -1 */
	Timestamp	moved_to[SPINDLE_BATCH_ROWS];	/* the new time, if moved */
} SpindleEventRows;

typedef struct SpindleTableOrder SpindleTableOrder;

extern SpindleTableOrder *spindle_table_order_create(SpindleFeed *feed, SpindleInstance *instance,
													 const SpindleTable *table,
													 const SpindleColumnRef *event_time,
													 int64 time_unit, MemoryContext context);
extern const SpindleColumnRef *spindle_table_order_ref(const SpindleTableOrder *order);
extern void spindle_table_order_open(SpindleTableOrder *order, int64 max_events,
									 bool across_transactions);
extern void spindle_table_order_next(SpindleTableOrder *order, SpindleEventRows *rows, int n);
extern void spindle_table_order_skip(SpindleTableOrder *order, int64 n);
extern bool spindle_table_order_is_seekable(const SpindleTableOrder *order);
extern int64 spindle_table_order_position(const SpindleTableOrder *order);
extern void spindle_table_order_rewind(SpindleTableOrder *order);
extern void spindle_table_order_move(SpindleTableOrder *order);
extern void spindle_table_order_close(SpindleTableOrder *order);

#endif							/* SPINDLE_TABLE_ORDER_H */
