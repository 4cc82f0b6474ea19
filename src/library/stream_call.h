/*-------------------------------------------------------------------------
 *
 * stream_call.h
 *		What a call asks to be streamed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_STREAM_CALL_H
#define SPINDLE_STREAM_CALL_H

#include "gen/instance.h"
#include "stream/options.h"
#include "stream/stream.h"

/*
 * The values of a call, which stay its caller's.  Values by reference point
 * into the call's memory, or to what was made of members of its options, or to
 * copies after spindle_stream_call_restore().
 */
typedef struct SpindleStreamCall
{
	bool		of_relation;	/* the source is one; else a domain and a
								 * table, or NULL */
	int			nsource;		/* values that name the source */
	NullableDatum source[2];
	NullableDatum option[SPINDLE_NUM_STREAM_OPTIONS];
} SpindleStreamCall;

/*
 * The same, looked up and checked.  They live as long as the memory context in
 * which they were looked up.
 */
typedef struct SpindleStreamArguments
{
	SpindleInstance *instance;	/* NULL for a relation */
	const char *table_name;		/* NULL for a whole domain */
	SpindleStreamSource source;
	SpindleStreamOptions options;
} SpindleStreamArguments;

extern bool spindle_streams_relation(Oid function, int at);
extern int	spindle_stream_call_fill(SpindleStreamCall *call, Oid function, int at, const NullableDatum *args, int nargs);
extern void spindle_stream_call_open(const SpindleStreamCall *call, SpindleStreamArguments *args);
extern Size spindle_stream_call_size(const SpindleStreamCall *call);
extern void spindle_stream_call_write(const SpindleStreamCall *call, char *place);
extern void spindle_stream_call_restore(SpindleStreamCall *call, char *place);

extern bool spindle_is_relation_name(const char *name);
extern const char *spindle_stream_source_name(const SpindleStreamArguments *args);

#endif							/* SPINDLE_STREAM_CALL_H */
