/*-------------------------------------------------------------------------
 *
 * merge.h
 *		Events of several feeds as one order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_MERGE_H
#define SPINDLE_MERGE_H

#include "stream/feed.h"

typedef struct SpindleMerge SpindleMerge;

extern void spindle_merge_cut(SpindleFeed **feeds, int nfeeds, int64 nevents);
extern SpindleMerge *spindle_merge_create(SpindleFeed **feeds, int nfeeds);
extern bool spindle_merge_next(SpindleMerge *merge, SpindleEvent *event);

#endif							/* SPINDLE_MERGE_H */
