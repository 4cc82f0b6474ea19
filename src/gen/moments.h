/*-------------------------------------------------------------------------
 *
 * moments.h
 *		When rows of a table may differ from what they were before.
 *
 * A reader creates a program for some kinds of moments, runs it on batches of
 * rows, and asks for the times of each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_MOMENTS_H
#define SPINDLE_MOMENTS_H

#include "gen/eval.h"

/*
 * Kinds of moments, as bits.  Those of clocks are all of them.  Steps through states
 * are those behind a delay, and the times at which others can be: whether a row
 * takes them is not asked, and before the step that leads there they come with it.
 */
#define SPINDLE_MOMENT_INSERT	1
#define SPINDLE_MOMENT_DELAYED	2
#define SPINDLE_MOMENT_CLOCKS	4
#define SPINDLE_MOMENT_DELETE	8
#define SPINDLE_MOMENT_BACK		16
#define SPINDLE_MOMENT_TIMED	32
#define SPINDLE_MOMENT_ALL		63

typedef struct SpindleMoments SpindleMoments;

extern SpindleMoments *spindle_moments_create(SpindleInstance *instance, int table, int profile, int kinds,
											  MemoryContext parent);
extern SpindleEval *spindle_moments_eval(SpindleMoments *moments);
extern void spindle_moments_run(SpindleMoments *moments, const int64 *rows, int n);
extern int	spindle_moments_find(const SpindleMoments *moments, int64 row, int guess);
extern int	spindle_moments_changes(const SpindleMoments *moments, int clock, int i, const Timestamp **time);
extern int	spindle_moments_get(SpindleMoments *moments, int i, const Timestamp **time);

#endif							/* SPINDLE_MOMENTS_H */
