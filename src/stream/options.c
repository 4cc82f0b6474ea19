/*-------------------------------------------------------------------------
 *
 * options.c
 *		The arguments that all streaming functions share.
 *
 * One table says everything about each of them.  What reads them, checks them and
 * lists them goes by it, and a test compares it with the SQL declarations.
 *
 * Everything is checked here, before the first row, file or byte.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "server/argument.h"
#include "stream/delay.h"
#include "stream/options.h"

/* The range of what is no number, or has no limit but that of its type. */
#define ANY		-DBL_MAX, DBL_MAX

/*
 * The table: name, type, default, range, legal values in words, what null
 * means, description.
 */
const SpindleStreamOption spindle_stream_option[SPINDLE_NUM_STREAM_OPTIONS] = {
	[SPINDLE_OPTION_SCALE] = {"scale", SPINDLE_OPTION_TEXT, NULL, ANY, "one of the domain's", "the domain's default",
	"how many rows there are"},
	[SPINDLE_OPTION_SEED] = {"seed", SPINDLE_OPTION_BIGINT, "42", ANY, NULL, NULL,
	"what all random decisions follow from"},
	[SPINDLE_OPTION_MAX_EVENTS] = {"max_events", SPINDLE_OPTION_BIGINT, NULL, 0, DBL_MAX, NULL, "all",
	"events of the stream, at most"},
	[SPINDLE_OPTION_DURATION] = {"duration", SPINDLE_OPTION_INTERVAL, NULL, ANY,
	"zero or more, in days, hours, minutes and seconds", "no limit",
	"arrivals end before it"},
	[SPINDLE_OPTION_EVENTS_PER_SECOND] = {"events_per_second", SPINDLE_OPTION_DOUBLE, "10", SPINDLE_MIN_RATE,
	SPINDLE_MAX_RATE, NULL, NULL,
	"mean rate of arrivals where no window and no pattern changes it"},
	[SPINDLE_OPTION_REALTIME] = {"realtime", SPINDLE_OPTION_BOOLEAN, "false", ANY, NULL, NULL,
	"deliver events when they are due, not at once"},
	[SPINDLE_OPTION_ARRIVALS] = {"arrivals", SPINDLE_OPTION_TEXT, "poisson", ANY, "\"poisson\" or \"uniform\"", NULL,
	"gaps between arrivals: random or equal"},
	[SPINDLE_OPTION_BURST_WINDOWS] = {"burst_windows", SPINDLE_OPTION_JSON, NULL, ANY,
	"what spindle_burst_window() makes, or an array of it", "none",
	"stretches with another rate"},
	[SPINDLE_OPTION_TIME_PATTERN] = {"time_pattern", SPINDLE_OPTION_JSON, NULL, ANY,
	"what spindle_time_pattern() makes, or the name of a preset", "none",
	"rates by hour of the day and weekday"},
	[SPINDLE_OPTION_CLOCK_START] = {"clock_start", SPINDLE_OPTION_TIMESTAMPTZ, NULL, ANY, "finite",
	"the first event's time, or now if time is real",
	"what the clock of time patterns shows at the start"},
	[SPINDLE_OPTION_OUT_OF_ORDER_FRACTION] = {"out_of_order_fraction", SPINDLE_OPTION_DOUBLE, "0", 0, 1, NULL, NULL,
	"share of the events that are late"},
	[SPINDLE_OPTION_OUT_OF_ORDER_MAX_DELAY_SLOTS] = {"out_of_order_max_delay_slots", SPINDLE_OPTION_INTEGER, "10", 1,
	SPINDLE_MAX_DELAY_SLOTS, NULL, NULL,
	"later events that overtake a late one, at most"},
	[SPINDLE_OPTION_ANOMALIES] = {"anomalies", SPINDLE_OPTION_JSON, NULL, ANY,
	"what spindle_point_anomaly() and its like make, or an array of it", "none",
	"kinds of anomalies to put in"},
	[SPINDLE_OPTION_LABEL_ANOMALIES] = {"label_anomalies", SPINDLE_OPTION_BOOLEAN, "true", ANY, NULL, NULL,
	"tell which events are anomalies"},
	[SPINDLE_OPTION_TIMESTAMP_COLUMN] = {"timestamp_column", SPINDLE_OPTION_NAME, NULL, ANY, "a column of the source",
	"the event time of the definition, or the relation's first column with a time",
	"column that events are ordered by"},
	[SPINDLE_OPTION_SKIP_EVENTS] = {"skip_events", SPINDLE_OPTION_BIGINT, "0", 0, DBL_MAX, NULL, NULL,
	"first deliveries to leave out"},
	[SPINDLE_OPTION_BATCH_SIZE] = {"batch_size", SPINDLE_OPTION_INTEGER, NULL, 1, SPINDLE_MAX_BATCH_SIZE, NULL,
	"what suits the target", "events that go out together, at most"},
	[SPINDLE_OPTION_OPTIONS] = {"options", SPINDLE_OPTION_JSONB, NULL, ANY,
	"an object whose members are stream arguments", "none",
	"values that take the place of the other arguments"},
};

/*
 * spindle_option_type_name
 *		The name of a type as SQL writes it.
 *
 * A constant, as format_type() gives it but for the schema.
 */
const char *
spindle_option_type_name(SpindleOptionType type)
{
	static const char *const names[] = {
		[SPINDLE_OPTION_TEXT] = "text",
		[SPINDLE_OPTION_NAME] = "name",
		[SPINDLE_OPTION_BOOLEAN] = "boolean",
		[SPINDLE_OPTION_INTEGER] = "integer",
		[SPINDLE_OPTION_BIGINT] = "bigint",
		[SPINDLE_OPTION_DOUBLE] = "double precision",
		[SPINDLE_OPTION_INTERVAL] = "interval",
		[SPINDLE_OPTION_TIMESTAMPTZ] = "timestamp with time zone",
		[SPINDLE_OPTION_JSON] = "spindle_json",
		[SPINDLE_OPTION_JSONB] = "jsonb",
	};

	return names[type];
}

/*
 * spindle_option_type_by_value
 *		Is a type passed by value?  *len is its length in bytes as in
 *		pg_type, -1 if it varies.
 *
 * This is what datumSerialize() needs to send a call to another process.
 */
bool
spindle_option_type_by_value(SpindleOptionType type, int16 *len)
{
	switch (type)
	{
		case SPINDLE_OPTION_TEXT:
		case SPINDLE_OPTION_JSON:
		case SPINDLE_OPTION_JSONB:
			*len = -1;
			return false;
		case SPINDLE_OPTION_NAME:
			*len = NAMEDATALEN;
			return false;
		case SPINDLE_OPTION_INTERVAL:
			*len = sizeof(Interval);
			return false;
		case SPINDLE_OPTION_BOOLEAN:
			*len = sizeof(bool);
			return true;
		case SPINDLE_OPTION_INTEGER:
			*len = sizeof(int32);
			return true;
		default:
			*len = sizeof(int64);
			return true;
	}
}

/*
 * spindle_stream_option_legal
 *		The legal values of an argument in words, palloc'd; NULL if all are.
 *
 * They continue the words "It must be".
 */
char *
spindle_stream_option_legal(const SpindleStreamOption *option)
{
	if (option->legal)
		return pstrdup(option->legal);
	if (option->max < DBL_MAX)
		return option->type == SPINDLE_OPTION_DOUBLE ? psprintf("from %g to %g", option->min, option->max) :
			psprintf("from %.0f to %.0f", option->min, option->max);
	if (option->min == 0)
		return pstrdup("greater than or equal to zero");
	return NULL;
}

/*
 * Raise invalid_parameter_value for an argument that has legal values in
 * words; value is shown as it stands, so texts come with quotes.
 */
pg_noreturn static void
report_invalid(SpindleStreamOptionId id, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"%s\": %s", spindle_stream_option[id].name, value),
			 errhint("It must be %s.", spindle_stream_option_legal(&spindle_stream_option[id]))));
}

/*
 * Is it null?  Raises null_value_not_allowed if the argument's table entry
 * gives null no meaning.
 */
static bool
is_null(const NullableDatum *values, SpindleStreamOptionId id)
{
	if (spindle_stream_option[id].if_null == NULL)
		spindle_argument_require(&values[id], spindle_stream_option[id].name);
	return values[id].isnull;
}

/*
 * A double precision within its range, which NaN is not; it must not be null.
 */
static double
read_double(const NullableDatum *values, SpindleStreamOptionId id)
{
	double		value;

	(void) is_null(values, id);
	value = DatumGetFloat8(values[id].value);
	if (!(value >= spindle_stream_option[id].min && value <= spindle_stream_option[id].max))
		report_invalid(id, psprintf("%g", value));
	return value;
}

/* A boolean that must not be null. */
static bool
read_bool(const NullableDatum *values, SpindleStreamOptionId id)
{
	(void) is_null(values, id);
	return DatumGetBool(values[id].value);
}

/*
 * An integer or a bigint within its range; when_null if it is null.  The
 * limits are doubles: those in use are exact, or far beyond what the type
 * holds.
 */
static int64
read_integer(const NullableDatum *values, SpindleStreamOptionId id, int64 when_null)
{
	const SpindleStreamOption *option = &spindle_stream_option[id];
	int64		value;

	if (is_null(values, id))
		return when_null;
	value = option->type == SPINDLE_OPTION_INTEGER ? DatumGetInt32(values[id].value) : DatumGetInt64(values[id].value);
	if (value < option->min || value > option->max)
		report_invalid(id, psprintf(INT64_FORMAT, value));
	return value;
}

/*
 * spindle_stream_option_text
 *		A text or name in the server's encoding, palloc'd; NULL if it is
 *		null.
 *
 * Raises null_value_not_allowed if null has no meaning.
 */
char *
spindle_stream_option_text(const NullableDatum *values, SpindleStreamOptionId id)
{
	if (is_null(values, id))
		return NULL;
	if (spindle_stream_option[id].type == SPINDLE_OPTION_NAME)
		return pstrdup(NameStr(*DatumGetName(values[id].value)));
	return TextDatumGetCString(values[id].value);
}

/*
 * spindle_stream_option_int64
 *		A bigint that must not be null, within its range.
 */
int64
spindle_stream_option_int64(const NullableDatum *values, SpindleStreamOptionId id)
{
	return read_integer(values, id, 0);
}

/*
 * An interval as seconds; -1 if it is null.  A day counts 24 hours.  Months
 * are refused, as they have no fixed length, and so is what is below zero.
 */
static double
read_duration(const NullableDatum *values)
{
	const SpindleStreamOptionId id = SPINDLE_OPTION_DURATION;
	Interval   *interval;
	double		seconds;

	if (is_null(values, id))
		return -1;
	interval = DatumGetIntervalP(values[id].value);
	seconds = (double) interval->time / USECS_PER_SEC + (double) interval->day * SECS_PER_DAY;
	if (interval->month != 0 || seconds < 0)
		report_invalid(id, psprintf("\"%s\"", DatumGetCString(DirectFunctionCall1(interval_out, values[id].value))));
	return seconds;
}

/*
 * Which arrivals: true for "poisson", false for "uniform"; other words are an
 * error.
 */
static bool
read_is_poisson(const NullableDatum *values)
{
	char	   *arrivals = spindle_stream_option_text(values, SPINDLE_OPTION_ARRIVALS);

	if (strcmp(arrivals, "poisson") == 0)
		return true;
	if (strcmp(arrivals, "uniform") != 0)
		report_invalid(SPINDLE_OPTION_ARRIVALS, psprintf("\"%s\"", arrivals));
	return false;
}

/*
 * What the clock of time patterns shows at the start, if that is given or
 * follows from the present.  Else the first event's time will do, which
 * nobody knows before the source is open.  realtime has been read.
 */
static void
read_clock(const NullableDatum *values, SpindleStreamOptions *options)
{
	SpindleScheduleSpec *schedule = &options->schedule;

	if (!is_null(values, SPINDLE_OPTION_CLOCK_START))
	{
		schedule->clock_start = DatumGetTimestampTz(values[SPINDLE_OPTION_CLOCK_START].value);
		if (TIMESTAMP_NOT_FINITE(schedule->clock_start))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"clock_start\" must be finite")));
		options->has_clock_start = true;
	}
	else if (options->realtime)
	{
		schedule->clock_start = GetCurrentTimestamp();
		options->has_clock_start = true;
	}
}

/*
 * spindle_stream_options_read
 *		Read and check the stream arguments, but for those that the source
 *		follows from: scale, seed and timestamp_column.
 *
 * values has one for each entry of the table, of its type, expanded by
 * spindle_stream_options_expand().  *options is zeroed beforehand.  Anomalies are put into the feeds of the source, which
 * are created and not yet open.  Allocates in the current memory context,
 * which must live as long as the stream.
 *
 * Raises null_value_not_allowed and invalid_parameter_value, with the legal
 * values in a hint or, for JSON, with the place in the detail.  Values that
 * contextual anomalies list go through the input functions of their types,
 * whose errors name the place.
 */
void
spindle_stream_options_read(const NullableDatum *values, const SpindleStreamSource *source,
							SpindleStreamOptions *options)
{
	SpindleScheduleSpec *schedule = &options->schedule;

	options->max_events = read_integer(values, SPINDLE_OPTION_MAX_EVENTS, -1);
	options->duration = read_duration(values);
	schedule->rate = read_double(values, SPINDLE_OPTION_EVENTS_PER_SECOND);
	options->realtime = read_bool(values, SPINDLE_OPTION_REALTIME);
	schedule->is_poisson = read_is_poisson(values);
	if (!is_null(values, SPINDLE_OPTION_BURST_WINDOWS))
		spindle_json_burst_windows(values[SPINDLE_OPTION_BURST_WINDOWS].value, schedule);
	if (!is_null(values, SPINDLE_OPTION_TIME_PATTERN))
		spindle_json_time_pattern(values[SPINDLE_OPTION_TIME_PATTERN].value, schedule);
	read_clock(values, options);
	options->late_fraction = read_double(values, SPINDLE_OPTION_OUT_OF_ORDER_FRACTION);
	options->late_slots = (int) read_integer(values, SPINDLE_OPTION_OUT_OF_ORDER_MAX_DELAY_SLOTS, 0);
	options->label_anomalies = read_bool(values, SPINDLE_OPTION_LABEL_ANOMALIES);
	if (!is_null(values, SPINDLE_OPTION_ANOMALIES))
		options->nanomalies = spindle_json_anomalies(values[SPINDLE_OPTION_ANOMALIES].value, source);
	options->skip_events = read_integer(values, SPINDLE_OPTION_SKIP_EVENTS, 0);
	options->batch_size = (int) read_integer(values, SPINDLE_OPTION_BATCH_SIZE, 0);
}
