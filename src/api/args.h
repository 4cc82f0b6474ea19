/*-------------------------------------------------------------------------
 *
 * args.h
 *		Arguments of SQL functions, checked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ARGS_H
#define SPINDLE_ARGS_H

#include "fmgr.h"

/* What a procedure does with its result. */
typedef enum SpindleReport
{
	SPINDLE_REPORT_ROW,			/* gives it in output arguments */
	SPINDLE_REPORT_NOTICE,		/* tells it to the client */
	SPINDLE_REPORT_NOTHING
} SpindleReport;

extern void spindle_arg_require(FunctionCallInfo fcinfo, int arg, const char *name);
extern char *spindle_arg_text(FunctionCallInfo fcinfo, int arg, const char *name);
extern char *spindle_arg_schema(FunctionCallInfo fcinfo, int arg, const char *name);
extern int64 spindle_arg_int64(FunctionCallInfo fcinfo, int arg, const char *name);
extern int64 spindle_arg_count(FunctionCallInfo fcinfo, int arg, const char *name,
							   int64 when_null);
extern SpindleReport spindle_arg_take_report(FunctionCallInfo fcinfo, int arg);

#endif							/* SPINDLE_ARGS_H */
