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
#include "nodes/plannodes.h"

#include "library/change_call.h"
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
	SPINDLE_SCAN_CHANGES,
	SPINDLE_SCAN_ROWS,
	SPINDLE_SCAN_HISTORY
} SpindleScanFunction;

/* Columns of the result of spindle_changes(), from 0. */
typedef enum SpindleChangeColumn
{
	SPINDLE_CHANGES_SEQ,
	SPINDLE_CHANGES_POSITION,
	SPINDLE_CHANGES_TXN_SEQ,
	SPINDLE_CHANGES_TXN_LAST,
	SPINDLE_CHANGES_TABLE,
	SPINDLE_CHANGES_OP,
	SPINDLE_CHANGES_KEY,
	SPINDLE_CHANGES_BEFORE,
	SPINDLE_CHANGES_AFTER,
	SPINDLE_CHANGES_CHANGED,
	SPINDLE_CHANGES_TIME,
	SPINDLE_CHANGES_ARRIVAL,
	SPINDLE_CHANGES_VERSION
} SpindleChangeColumn;

#define SPINDLE_CHANGES_COLUMNS	(SPINDLE_CHANGES_VERSION + 1)

/* Changes as rows of spindle_changes(). */
typedef struct SpindleChangeScan
{
	SpindleChangeCall call;
	SpindleChangeQueue *changes;
	const bool *wanted;			/* per column */
	StringInfoData json;
	Datum	   *table_name;		/* per table of the domain; 0 before it is
								 * needed */
	Datum	  **column_name;	/* the same, of the columns that are not hidden */
	MemoryContext context;
	int64		transactions;	/* given so far */
	int64		late;			/* of these */
} SpindleChangeScan;

/* event_row.c */
extern Datum spindle_utf8_datum(const char *data, int len);
extern Datum spindle_arrival_datum(double seconds);
extern void spindle_stream_row(const SpindleEvent *event, const SpindleStreamOptions *options,
							   const bool *wanted, Datum *values, bool *nulls);
extern Datum spindle_stream_event(SpindleStream *stream, const SpindleEvent *event, StringInfo buf);

/* change_row.c */
extern void spindle_change_scan_open(SpindleChangeScan *scan, const NullableDatum *args, int nargs, const bool *wanted,
									 MemoryContext context);
extern bool spindle_change_scan_next(SpindleChangeScan *scan, SpindleChange *change);
extern void spindle_change_row(SpindleChangeScan *scan, const SpindleChange *change, Datum *values, bool *nulls);

/* function_cost.c */
extern SpindleScanFunction spindle_scan_function(Oid funcid);
extern double spindle_scan_rows(PlannerInfo *root, FuncExpr *call);
extern SpindleSource *spindle_scan_source(RangeTblFunction *function, FuncExpr *call, int64 *row, int64 *end);
extern Cost spindle_scan_reading_cost(FuncExpr *call, double tuples);

/* function_plan.c */
extern FuncExpr *spindle_scan_call(RangeTblEntry *rte);
extern void spindle_scan_require_execute(Oid funcid);
extern void spindle_scan_init(PGFunction support);

/* function_answer.c */
extern void spindle_function_answer_init(void);

/* function_scan.c */
extern struct Node *spindle_scan_create_state(struct CustomScan *plan);

/* the planner support function, as it was given */
extern PGFunction spindle_scan_support_function;

#endif							/* SPINDLE_FUNCTION_SCAN_H */
