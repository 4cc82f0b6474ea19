/*-------------------------------------------------------------------------
 *
 * function_scan.h
 *		The scan node that takes the place of function scans.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FUNCTION_SCAN_H
#define SPINDLE_FUNCTION_SCAN_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/pathnodes.h"

#include "library/source.h"
#include "stream/stream.h"

/*
 * Columns of the result of spindle_stream(), from 0; those that take work to
 * make, and are made only if the query reads them.  COLUMNS is how many there
 * are in all.
 */
#define SPINDLE_STREAM_TIME		3
#define SPINDLE_STREAM_ARRIVAL	4
#define SPINDLE_STREAM_EVENT	7
#define SPINDLE_STREAM_COLUMNS	8

/*
 * Which function a scan node stands for; NONE is any function that is not
 * ours.
 */
typedef enum SpindleScanFunction
{
	SPINDLE_SCAN_NONE,
	SPINDLE_SCAN_STREAM,
	SPINDLE_SCAN_ROWS
} SpindleScanFunction;

/* event_row.c */
extern void spindle_stream_row(const SpindleEvent *event, const SpindleStreamOptions *options,
							   const bool *wanted, Datum *values, bool *nulls);
extern Datum spindle_stream_event(SpindleStream *stream, const SpindleEvent *event, StringInfo buf);

/* function_cost.c */
extern SpindleScanFunction spindle_scan_function(Oid funcid);
extern double spindle_scan_rows(PlannerInfo *root, FuncExpr *call);
extern SpindleSource *spindle_scan_source(RangeTblFunction *function, FuncExpr *call, int64 *row, int64 *end);
extern Cost spindle_scan_reading_cost(FuncExpr *call, double tuples);

/* function_scan.c */
extern FuncExpr *spindle_scan_call(RangeTblEntry *rte);
extern void spindle_scan_require_execute(Oid funcid);
extern void spindle_scan_init(PGFunction support);

/* function_answer.c */
extern void spindle_function_answer_init(void);

/* the planner support function, as it was given */
extern PGFunction spindle_scan_support_function;

#endif							/* SPINDLE_FUNCTION_SCAN_H */
