/*-------------------------------------------------------------------------
 *
 * options.h
 *		The arguments that all streaming functions share.
 *
 * The values of a call come as an array of SPINDLE_NUM_STREAM_OPTIONS, in the
 * order of SpindleStreamOptionId and each of the type that its entry has.
 * They are read from arguments, or from the members of the last one, a jsonb.
 * Whatever is wrong with one is an error that names the argument and says
 * what is legal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_OPTIONS_H
#define SPINDLE_OPTIONS_H

#include "nodes/bitmapset.h"

#include "stream/stream.h"

/* In the order in which functions have them, behind the source. */
typedef enum SpindleStreamOptionId
{
	SPINDLE_OPTION_SCALE,
	SPINDLE_OPTION_SEED,
	SPINDLE_OPTION_MAX_EVENTS,
	SPINDLE_OPTION_DURATION,
	SPINDLE_OPTION_EVENTS_PER_SECOND,
	SPINDLE_OPTION_REALTIME,
	SPINDLE_OPTION_ARRIVALS,
	SPINDLE_OPTION_BURST_WINDOWS,
	SPINDLE_OPTION_TIME_PATTERN,
	SPINDLE_OPTION_CLOCK_START,
	SPINDLE_OPTION_OUT_OF_ORDER_FRACTION,
	SPINDLE_OPTION_OUT_OF_ORDER_MAX_DELAY_SLOTS,
	SPINDLE_OPTION_ANOMALIES,
	SPINDLE_OPTION_LABEL_ANOMALIES,
	SPINDLE_OPTION_TIMESTAMP_COLUMN,
	SPINDLE_OPTION_SKIP_EVENTS,
	SPINDLE_OPTION_BATCH_SIZE,
	SPINDLE_OPTION_OPTIONS		/* members that take the place of the others */
} SpindleStreamOptionId;

#define SPINDLE_NUM_STREAM_OPTIONS	(SPINDLE_OPTION_OPTIONS + 1)

/*
 * Types of arguments.  JSON is the type spindle_json, which is stored as
 * jsonb is.
 */
typedef enum SpindleOptionType
{
	SPINDLE_OPTION_TEXT,
	SPINDLE_OPTION_NAME,
	SPINDLE_OPTION_BOOLEAN,
	SPINDLE_OPTION_INTEGER,
	SPINDLE_OPTION_BIGINT,
	SPINDLE_OPTION_DOUBLE,
	SPINDLE_OPTION_INTERVAL,
	SPINDLE_OPTION_TIMESTAMPTZ,
	SPINDLE_OPTION_JSON,
	SPINDLE_OPTION_JSONB
} SpindleOptionType;

/*
 * All that there is to say of an argument; the SQL script has to say the
 * same.  Its texts are for users, without a full stop.
 */
typedef struct SpindleStreamOption
{
	const char *name;
	SpindleOptionType type;
	const char *initial;		/* default as a text of the type; NULL: null */
	double		min;			/* of a number; the range is empty if all are */
	double		max;			/* legal */
	const char *legal;			/* values of other types, in words, or NULL */
	const char *if_null;		/* what null means, or NULL: it is an error */
	const char *description;
} SpindleStreamOption;

extern const SpindleStreamOption spindle_stream_option[SPINDLE_NUM_STREAM_OPTIONS];

extern const char *spindle_option_type_name(SpindleOptionType type);
extern bool spindle_option_type_by_value(SpindleOptionType type, int16 *len);
extern char *spindle_stream_option_legal(const SpindleStreamOption *option);

extern char *spindle_stream_option_text(const NullableDatum *values, SpindleStreamOptionId id);
extern int64 spindle_stream_option_int64(const NullableDatum *values, SpindleStreamOptionId id);
extern void spindle_stream_options_read(const NullableDatum *values, const SpindleStreamSource *source,
										SpindleStreamOptions *options);

/* options_members.c */
extern Bitmapset *spindle_stream_options_expand(NullableDatum *values);

/* options_json.c */
extern void spindle_json_burst_windows(Datum jsonb, SpindleScheduleSpec *schedule);
extern void spindle_json_time_pattern(Datum jsonb, SpindleScheduleSpec *schedule);
extern int	spindle_json_anomalies(Datum jsonb, const SpindleStreamSource *source);
extern void spindle_json_check_anomaly(Datum jsonb, const char *name);

#endif							/* SPINDLE_OPTIONS_H */
