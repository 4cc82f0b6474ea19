/*-------------------------------------------------------------------------
 *
 * args.h
 *		Arguments of SQL functions, checked.
 *
 * arg is a position from 0, and name the name in the SQL declaration, for
 * errors.  The functions without a body here are in args.c; the others only
 * find the value for those of argument.c, which say what they raise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ARGS_H
#define SPINDLE_ARGS_H

#include "fmgr.h"
#include "nodes/pg_list.h"

#include "library/stream_call.h"
#include "model/model.h"
#include "server/argument.h"

/* What a procedure does with its result. */
typedef enum SpindleReport
{
	SPINDLE_REPORT_ROW,			/* gives it in output arguments */
	SPINDLE_REPORT_NOTICE,		/* tells it to the client */
	SPINDLE_REPORT_NOTHING
} SpindleReport;

/* Raise null_value_not_allowed if an argument is null. */
static inline void
spindle_arg_require(FunctionCallInfo fcinfo, int arg, const char *name)
{
	spindle_argument_require(&fcinfo->args[arg], name);
}

/* A text that must not be null, palloc'd, in the server's encoding. */
static inline char *
spindle_arg_text(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return spindle_argument_text(&fcinfo->args[arg], name);
}

/* A text, palloc'd, in the server's encoding; NULL if it is null. */
static inline char *
spindle_arg_optional_text(FunctionCallInfo fcinfo, int arg)
{
	return spindle_argument_optional_text(&fcinfo->args[arg]);
}

/* A boolean that must not be null. */
static inline bool
spindle_arg_bool(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return spindle_argument_bool(&fcinfo->args[arg], name);
}

/* A bigint that must not be null. */
static inline int64
spindle_arg_int64(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return spindle_argument_int64(&fcinfo->args[arg], name);
}

/* A bigint that must not be negative; when_null if it is null. */
static inline int64
spindle_arg_count(FunctionCallInfo fcinfo, int arg, const char *name, int64 when_null)
{
	return spindle_argument_count(&fcinfo->args[arg], name, when_null);
}

extern char *spindle_arg_schema(FunctionCallInfo fcinfo, int arg, const char *name);
extern int	spindle_arg_stream_call(FunctionCallInfo fcinfo, int at, SpindleStreamCall *call);
extern List *spindle_arg_names(FunctionCallInfo fcinfo, int arg, const char *name);
extern bool *spindle_arg_tables(FunctionCallInfo fcinfo, int arg, const char *name,
								const SpindleDomain *domain);
extern SpindleReport spindle_arg_take_report(FunctionCallInfo fcinfo, int arg);
extern SpindleReport spindle_arg_begin_procedure(FunctionCallInfo fcinfo, int report);

#endif							/* SPINDLE_ARGS_H */
