/*-------------------------------------------------------------------------
 *
 * history_row.h
 *		Versions of generated rows as rows of histories.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_HISTORY_ROW_H
#define SPINDLE_HISTORY_ROW_H

#include "gen/history.h"
#include "library/source.h"

/* Versions as rows of some attributes. */
typedef struct SpindleHistoryReader
{
	SpindleHistory *history;
	int			attribute[SPINDLE_VERSION_COLUMNS]; /* what is told of versions is
													 * which, from 0; -1 if it is
													 * not wanted */
} SpindleHistoryReader;

/* Rows next .. end - 1 are still to come; a SpindleHistoryRows gives them. */
typedef struct SpindleRowRun
{
	int64		next;
	int64		end;
} SpindleRowRun;

extern int	spindle_row_run_next(void *run, int64 *rows, int most);
extern SpindleHistoryReader *spindle_history_reader_create(const SpindleSource *source, const int *columns,
														   const int *told, int natts, const SpindleInput *inputs,
														   MemoryContext context);
extern bool spindle_history_reader_next(SpindleHistoryReader *reader, SpindleVersion *version, Datum *values,
										bool *nulls);

#endif							/* SPINDLE_HISTORY_ROW_H */
