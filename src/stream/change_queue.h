/*-------------------------------------------------------------------------
 *
 * change_queue.h
 *		Changes in the order of their delivery.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CHANGE_QUEUE_H
#define SPINDLE_CHANGE_QUEUE_H

#include "stream/change.h"

/* How many transactions are late, and how far. */
typedef struct SpindleChangeDelay
{
	double		fraction;		/* of the transactions, 0 to below 1 */
	int			slots;			/* later transactions that overtake one, at most */
} SpindleChangeDelay;

typedef struct SpindleChangeQueue SpindleChangeQueue;

extern SpindleChangeQueue *spindle_change_queue_open(SpindleInstance *instance, const SpindleChangeOptions *options,
													 const SpindleChangeDelay *delay, bool whole_transactions,
													 const SpindleChangeNeeds *needs, MemoryContext parent);
extern bool spindle_change_queue_next(SpindleChangeQueue *queue, SpindleChange *change);
extern bool spindle_change_queue_complete(const SpindleChangeQueue *queue, uint64 *position);
extern void spindle_change_queue_rewind(SpindleChangeQueue *queue);
extern void spindle_change_queue_close(SpindleChangeQueue *queue);

#endif							/* SPINDLE_CHANGE_QUEUE_H */
