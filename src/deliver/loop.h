/*-------------------------------------------------------------------------
 *
 * loop.h
 *		What deliveries of events and of changes have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LOOP_H
#define SPINDLE_LOOP_H

#include "deliver/deliver.h"
#include "server/pace.h"
#include "server/progress.h"

/* Batches, pace and progress of a delivery under way. */
typedef struct SpindleLoop
{
	SpindleSink *sink;
	bool		needs_snapshot; /* reading the source runs queries */
	SpindlePace pace;
	SpindleProgress progress;
	double		last_flush;		/* offset, in seconds */
	int			in_batch;		/* messages since the last flush */
} SpindleLoop;

extern void spindle_loop_batches(SpindleSink *sink, int batch_size);
extern void spindle_loop_flush(SpindleLoop *loop);
extern void spindle_loop_wait(SpindleLoop *loop, double due);
extern void spindle_loop_report(SpindleLoop *loop);
extern void spindle_loop_remarks(const SpindleLoop *loop, bool realtime);

#endif							/* SPINDLE_LOOP_H */
