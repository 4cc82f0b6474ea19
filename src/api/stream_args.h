/*-------------------------------------------------------------------------
 *
 * stream_args.h
 *		The arguments that all streaming functions share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_STREAM_ARGS_H
#define SPINDLE_STREAM_ARGS_H

#include "fmgr.h"

#include "stream/stream.h"

typedef struct SpindleStreamArguments
{
	SpindleInstance *instance;	/* not pinned */
	int			table;
	SpindleStreamOptions options;
} SpindleStreamArguments;

/* How many arguments of a function spindle_stream_arguments() reads. */
#define SPINDLE_STREAM_NARGS	17

extern void spindle_stream_arguments(FunctionCallInfo fcinfo, int at, SpindleStreamArguments *args);

/* stream_json.c */
extern void spindle_json_burst_windows(Datum jsonb, SpindleScheduleSpec *schedule);
extern void spindle_json_time_pattern(Datum jsonb, SpindleScheduleSpec *schedule);
extern void spindle_json_anomalies(Datum jsonb, SpindleStreamArguments *args);

#endif							/* SPINDLE_STREAM_ARGS_H */
