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
#include "nodes/pathnodes.h"

#include "library/source.h"
#include "stream/stream.h"

/* Columns of the result of spindle_stream(). */
#define SPINDLE_STREAM_TIME		3
#define SPINDLE_STREAM_ARRIVAL	4
#define SPINDLE_STREAM_EVENT	7
#define SPINDLE_STREAM_COLUMNS	8

/* Which function a scan node stands for. */
typedef enum SpindleScanFunction
{
	SPINDLE_SCAN_NONE,
	SPINDLE_SCAN_STREAM,
	SPINDLE_SCAN_ROWS
} SpindleScanFunction;

/* stream.c */
extern PGDLLEXPORT Datum spindle_stream(PG_FUNCTION_ARGS);
extern void spindle_stream_row(const SpindleEvent *event, const SpindleStreamOptions *options,
							   const bool *wanted, Datum *values, bool *nulls);
extern Datum spindle_stream_event(SpindleStream *stream, const SpindleEvent *event, StringInfo buf);

/* rows.c */
extern PGDLLEXPORT Datum spindle_rows(PG_FUNCTION_ARGS);
extern void spindle_rows_arguments(FunctionCallInfo fcinfo, TupleDesc desc, SpindleSource *source,
								   int64 *row, int64 *end);

/* flush.c */
extern void spindle_flush_client(void);

/* scan_cost.c */
extern PGDLLEXPORT Datum spindle_scan_support(PG_FUNCTION_ARGS);
extern SpindleScanFunction spindle_scan_function(Oid funcid);
extern Cost spindle_scan_reading_cost(FuncExpr *call, double tuples);

/* scan.c */
extern void spindle_scan_init(void);

#endif							/* SPINDLE_SCAN_H */
