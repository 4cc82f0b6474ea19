/*-------------------------------------------------------------------------
 *
 * scan.h
 *		The scan node that takes the place of function scans.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SCAN_H
#define SPINDLE_SCAN_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "api/source.h"
#include "stream/stream.h"

/* Columns of the result of spindle_stream(); the last one is the event. */
#define SPINDLE_STREAM_COLUMNS	8

/* stream.c */
extern PGDLLEXPORT Datum spindle_stream(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum spindle_stream_relation(PG_FUNCTION_ARGS);
extern void spindle_stream_row(const SpindleEvent *event, const SpindleStreamOptions *options,
							   StringInfo json, Datum *values, bool *nulls);

/* rows.c */
extern PGDLLEXPORT Datum spindle_rows(PG_FUNCTION_ARGS);
extern void spindle_rows_arguments(FunctionCallInfo fcinfo, TupleDesc desc, SpindleSource *source,
								   int64 *row, int64 *end);

/* flush.c */
extern void spindle_flush_client(void);

/* scan.c */
extern void spindle_scan_init(void);

#endif							/* SPINDLE_SCAN_H */
