/*-------------------------------------------------------------------------
 *
 * history.h
 *		All versions of rows, with the times from and until which they are there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_HISTORY_H
#define SPINDLE_HISTORY_H

#include "gen/datum.h"

/* A version of a row, but for its columns. */
typedef struct SpindleVersion
{
	int64		row;
	int			version;		/* from 1 */
	char		op;				/* what made it: 'r' there from the start, 'c'
								 * inserted, 'u' updated */
	Timestamp	from;			/* DT_NOBEGIN for 'r' */
	Timestamp	to;				/* exclusive; DT_NOEND for what stays */
} SpindleVersion;

typedef struct SpindleHistory SpindleHistory;

/*
 * Sets rows to the numbers of the next rows whose versions are wanted, `most' of
 * them or less; returns how many, 0 if there are no more.
 */
typedef int (*SpindleHistoryRows) (void *arg, int64 *rows, int most);

extern SpindleHistory *spindle_history_create(SpindleInstance *instance, int table, int profile, const int *columns,
											  int ncolumns, const SpindleInput *inputs, bool with_versions,
											  MemoryContext parent);
extern void spindle_history_start(SpindleHistory *history, SpindleHistoryRows rows, void *arg);
extern bool spindle_history_next(SpindleHistory *history, SpindleVersion *version, Datum *values, bool *nulls);

#endif							/* SPINDLE_HISTORY_H */
