/*-------------------------------------------------------------------------
 *
 * options.h
 *		The arguments that all streaming functions share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_OPTIONS_H
#define SPINDLE_OPTIONS_H

#include "fmgr.h"

#include "gen/instance.h"
#include "stream/stream.h"

typedef struct SpindleStreamArguments
{
	SpindleInstance *instance;	/* not pinned; NULL for a relation */
	const char *table_name;		/* NULL for a whole domain */
	int			source_argument;	/* position of the first of them */
	SpindleStreamSource source;
	SpindleStreamOptions options;
} SpindleStreamArguments;

/* How many arguments spindle_stream_arguments() reads, at most. */
#define SPINDLE_STREAM_MAX_NARGS	19

extern bool spindle_streams_relation(Oid function, int at);
extern bool spindle_is_relation_name(const char *name);
extern int	spindle_stream_arguments(FunctionCallInfo fcinfo, int at, SpindleStreamArguments *args);
extern const char *spindle_stream_source_name(const SpindleStreamArguments *args);

/* options_json.c */
extern void spindle_json_burst_windows(Datum jsonb, SpindleScheduleSpec *schedule);
extern void spindle_json_time_pattern(Datum jsonb, SpindleScheduleSpec *schedule);
extern int	spindle_json_anomalies(Datum jsonb, const SpindleStreamSource *source);
extern void spindle_json_check_anomaly(Datum jsonb, const char *name);

#endif							/* SPINDLE_OPTIONS_H */
