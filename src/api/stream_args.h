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

#include "gen/instance.h"
#include "stream/stream.h"

/* What the arguments before the stream arguments name. */
typedef enum SpindleSourceKind
{
	SPINDLE_SOURCE_DOMAIN,		/* domain, table_name */
	SPINDLE_SOURCE_RELATION		/* source */
} SpindleSourceKind;

typedef struct SpindleStreamArguments
{
	SpindleInstance *instance;	/* not pinned; NULL for a relation */
	const char *table_name;		/* NULL for a whole domain */
	SpindleStreamSource source;
	SpindleStreamOptions options;
} SpindleStreamArguments;

/* How many arguments of a function spindle_stream_arguments() reads. */
#define SPINDLE_STREAM_NARGS(kind)	((kind) == SPINDLE_SOURCE_DOMAIN ? 19 : 18)

extern void spindle_stream_arguments(FunctionCallInfo fcinfo, int at, SpindleSourceKind kind,
									 SpindleStreamArguments *args);

/* stream_json.c */
extern void spindle_json_burst_windows(Datum jsonb, SpindleScheduleSpec *schedule);
extern void spindle_json_time_pattern(Datum jsonb, SpindleScheduleSpec *schedule);
extern int	spindle_json_anomalies(Datum jsonb, const SpindleStreamSource *source);

#endif							/* SPINDLE_STREAM_ARGS_H */
