/*-------------------------------------------------------------------------
 *
 * stream_builders.c
 *		SQL functions that build stream arguments of type jsonb.
 *
 * A builder puts its arguments into an object and reads that like a stream
 * argument, so a mistake shows at once and both follow the same rules.
 *
 * Results are jsonb, which a caller may change or combine as any other.
 * Arguments that are null are left out of the object; whether one may be left
 * out is for the reader to say.  Raises null_value_not_allowed, and
 * invalid_parameter_value for what a stream would refuse.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "api/args.h"
#include "apply/modes.h"
#include "stream/options.h"

PG_FUNCTION_INFO_V1(spindle_burst_window);
PG_FUNCTION_INFO_V1(spindle_time_pattern);
PG_FUNCTION_INFO_V1(spindle_point_anomaly);
PG_FUNCTION_INFO_V1(spindle_contextual_anomaly);
PG_FUNCTION_INFO_V1(spindle_collective_anomaly);
PG_FUNCTION_INFO_V1(spindle_dml_modes);

/* Begin an object in buf, in the current context. */
static void
begin_object(StringInfo buf)
{
	initStringInfo(buf);
	appendStringInfoChar(buf, '{');
}

/*
 * Add a member whose value is JSON already.  name is one of ours, which needs
 * no escapes.
 */
static void
add_member(StringInfo buf, const char *name, const char *json)
{
	appendStringInfo(buf, "%s\"%s\": %s", buf->len > 1 ? ", " : "", name, json);
}

/* Add an argument of type text as a string, unless it is null. */
static void
add_text(StringInfo buf, const char *name, FunctionCallInfo fcinfo, int arg)
{
	StringInfoData quoted;

	if (PG_ARGISNULL(arg))
		return;
	initStringInfo(&quoted);
	escape_json(&quoted, text_to_cstring(PG_GETARG_TEXT_PP(arg)));
	add_member(buf, name, quoted.data);
}

/* Add an argument of type jsonb or spindle_json, unless it is null. */
static void
add_jsonb(StringInfo buf, const char *name, FunctionCallInfo fcinfo, int arg)
{
	if (!PG_ARGISNULL(arg))
		add_member(buf, name, JsonbToCString(NULL, &PG_GETARG_JSONB_P(arg)->root, -1));
}

/* Add an argument of type integer, unless it is null. */
static void
add_integer(StringInfo buf, const char *name, FunctionCallInfo fcinfo, int arg)
{
	if (!PG_ARGISNULL(arg))
		add_member(buf, name, psprintf("%d", PG_GETARG_INT32(arg)));
}

/*
 * Add an argument of type double precision with the fewest digits that read
 * back the same, unless it is null.
 *
 * Raises invalid_parameter_value if it is not finite, for which JSON has no
 * number.
 */
static void
add_number(StringInfo buf, const char *name, FunctionCallInfo fcinfo, int arg)
{
	double		value;
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (PG_ARGISNULL(arg))
		return;
	value = PG_GETARG_FLOAT8(arg);
	if (isnan(value) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\": %g", name, value),
				 errhint("It must be finite.")));

	/* float8out() goes by a setting */
	(void) double_to_shortest_decimal_buf(value, digits);
	add_member(buf, name, digits);
}

/* Add an argument of type bigint, unless it is null. */
static void
add_int64(StringInfo buf, const char *name, FunctionCallInfo fcinfo, int arg)
{
	if (!PG_ARGISNULL(arg))
		add_member(buf, name, psprintf(INT64_FORMAT, PG_GETARG_INT64(arg)));
}

/* End the object; the result is a jsonb in the current context. */
static Datum
end_object(StringInfo buf)
{
	appendStringInfoChar(buf, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(buf->data));
}

/*
 * spindle_burst_window(start_event, end_event, start_offset_seconds,
 *						duration_seconds, multiplier)
 *
 * Events from start_event to end_event, or a time from an offset on, both in
 * seconds, have their rate multiplied.
 */
Datum
spindle_burst_window(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	SpindleScheduleSpec schedule = {0};
	Datum		result;

	begin_object(&buf);
	add_int64(&buf, "start_event", fcinfo, 0);
	add_int64(&buf, "end_event", fcinfo, 1);
	add_number(&buf, "start_offset_seconds", fcinfo, 2);
	add_number(&buf, "duration_seconds", fcinfo, 3);
	add_number(&buf, "multiplier", fcinfo, 4);
	result = end_object(&buf);
	spindle_json_burst_windows(result, &schedule);
	PG_RETURN_DATUM(result);
}

/*
 * spindle_time_pattern(preset, hours, weekdays)
 *
 * Rate multipliers by hour of the day and by weekday, or a preset of them.
 */
Datum
spindle_time_pattern(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	SpindleScheduleSpec schedule = {0};
	Datum		result;

	begin_object(&buf);
	add_text(&buf, "preset", fcinfo, 0);
	add_jsonb(&buf, "hours", fcinfo, 1);
	add_jsonb(&buf, "weekdays", fcinfo, 2);
	result = end_object(&buf);
	spindle_json_time_pattern(result, &schedule);
	PG_RETURN_DATUM(result);
}

/*
 * spindle_point_anomaly(name, column, multiplier_range, fraction)
 *
 * Single values far from the mean of their column, in a fraction (0 to 1) of
 * events.
 */
Datum
spindle_point_anomaly(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	char	   *name = spindle_arg_text(fcinfo, 0, "name");
	Datum		result;

	spindle_arg_require(fcinfo, 1, "column_name");
	begin_object(&buf);
	add_member(&buf, "type", "\"point\"");
	add_text(&buf, "name", fcinfo, 0);
	add_text(&buf, "column", fcinfo, 1);
	add_jsonb(&buf, "multiplier_range", fcinfo, 2);
	add_number(&buf, "fraction", fcinfo, 3);
	result = end_object(&buf);
	spindle_json_check_anomaly(result, name);
	PG_RETURN_DATUM(result);
}

/*
 * spindle_contextual_anomaly(name, column, condition_column, normal_values,
 *							  anomalous_values, fraction)
 *
 * Values that do not fit another column of the event, in a fraction (0 to 1)
 * of events.
 */
Datum
spindle_contextual_anomaly(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"name", "column_name", "condition_column", "normal_values", "anomalous_values"};
	StringInfoData buf;
	Datum		result;

	for (int i = 0; i < lengthof(names); i++)
		spindle_arg_require(fcinfo, i, names[i]);
	begin_object(&buf);
	add_member(&buf, "type", "\"contextual\"");
	add_text(&buf, "name", fcinfo, 0);
	add_text(&buf, "column", fcinfo, 1);
	add_text(&buf, "condition_column", fcinfo, 2);
	add_jsonb(&buf, "normal_values", fcinfo, 3);
	add_jsonb(&buf, "anomalous_values", fcinfo, 4);
	add_number(&buf, "fraction", fcinfo, 5);
	result = end_object(&buf);
	spindle_json_check_anomaly(result, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_DATUM(result);
}

/*
 * spindle_collective_anomaly(name, group_column, timestamp_column,
 *							  window_seconds, fraction)
 *
 * All events of some groups, a fraction (0 to 1) of them, crowded into
 * window_seconds.
 */
Datum
spindle_collective_anomaly(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"name", "group_column", "timestamp_column"};
	StringInfoData buf;
	Datum		result;

	for (int i = 0; i < lengthof(names); i++)
		spindle_arg_require(fcinfo, i, names[i]);
	begin_object(&buf);
	add_member(&buf, "type", "\"collective\"");
	for (int i = 0; i < lengthof(names); i++)
		add_text(&buf, names[i], fcinfo, i);
	add_number(&buf, "window_seconds", fcinfo, 3);
	add_number(&buf, "fraction", fcinfo, 4);
	result = end_object(&buf);
	spindle_json_check_anomaly(result, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_DATUM(result);
}

/*
 * spindle_dml_modes(transaction_size, rollback_fraction, savepoint_fraction,
 *					 empty_fraction, noop_fraction, delete_insert_fraction,
 *					 replica_identity, sessions, hold)
 *
 * Habits of real writers, for the argument dml of spindle_to_tables.
 */
Datum
spindle_dml_modes(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	SpindleModes modes;
	Datum		result;

	begin_object(&buf);
	add_integer(&buf, "transaction_size", fcinfo, 0);
	add_number(&buf, "rollback_fraction", fcinfo, 1);
	add_number(&buf, "savepoint_fraction", fcinfo, 2);
	add_number(&buf, "empty_fraction", fcinfo, 3);
	add_number(&buf, "noop_fraction", fcinfo, 4);
	add_number(&buf, "delete_insert_fraction", fcinfo, 5);
	add_text(&buf, "replica_identity", fcinfo, 6);
	add_integer(&buf, "sessions", fcinfo, 7);
	add_integer(&buf, "hold", fcinfo, 8);
	result = end_object(&buf);
	spindle_modes_read(result, &modes);
	PG_RETURN_DATUM(result);
}
