/*-------------------------------------------------------------------------
 *
 * progress.h
 *		How far a long job has come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PROGRESS_H
#define SPINDLE_PROGRESS_H

#include "portability/instr_time.h"

/* Total of a job that does not know how much there is to do. */
#define SPINDLE_PROGRESS_UNKNOWN	(-1)

/* A scan looks whether it is time for a report after so many rows, or fewer. */
#define SPINDLE_PROGRESS_ROWS		1024

/*
 * A job whose progress is told; it may be on the stack, and needs no cleanup
 * after an error.
 */
typedef struct SpindleProgress
{
	/* set at the start */
	const char *what;			/* that is being done, kept by the caller */
	const char *unit;			/* of done and total, in the plural */
	int64		total;			/* or SPINDLE_PROGRESS_UNKNOWN */
	bool		notices;		/* to the client, too */
	instr_time	start;

	/* changes with each report */
	double		last_report;	/* seconds since the start, 0 before the first */
} SpindleProgress;

extern bool spindle_progress_notices;

extern void spindle_progress_start(SpindleProgress *progress, const char *what, int64 total,
								   const char *unit);
extern void spindle_progress_report(SpindleProgress *progress, int64 done);
extern void spindle_progress_end(SpindleProgress *progress);

#endif							/* SPINDLE_PROGRESS_H */
