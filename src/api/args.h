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

extern void spindle_arg_require(FunctionCallInfo fcinfo, int arg, const char *name);
extern char *spindle_arg_text(FunctionCallInfo fcinfo, int arg, const char *name);
extern int64 spindle_arg_int64(FunctionCallInfo fcinfo, int arg, const char *name);
extern int64 spindle_arg_count(FunctionCallInfo fcinfo, int arg, const char *name,
							   int64 when_null);

#endif							/* SPINDLE_ARGS_H */
