/*-------------------------------------------------------------------------
 *
 * history_sample.h
 *		Some versions of rows, spread evenly over a history.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_HISTORY_SAMPLE_H
#define SPINDLE_HISTORY_SAMPLE_H

#include "library/source.h"

/* What a sample of versions has looked at. */
typedef struct SpindleHistorySample
{
	int64		nrows;			/* rows ... */
	int64		nversions;		/* ... and all versions of these, unless there were
								 * more than wanted */
	int64		ntaken;
} SpindleHistorySample;

/* Is called for each version of a sample, with its attributes. */
typedef void (*SpindleVersionTaker) (void *arg, Datum *values, bool *nulls);

extern SpindleHistorySample spindle_history_sample(const SpindleSource *source, const int *columns, const int *told,
												   int natts, const SpindleInput *inputs, double per_row, int wanted,
												   SpindleVersionTaker taker, void *arg, MemoryContext context);

#endif							/* SPINDLE_HISTORY_SAMPLE_H */
