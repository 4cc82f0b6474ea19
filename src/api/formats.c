/*-------------------------------------------------------------------------
 *
 * formats.c
 *		The arguments of deliveries in a format of change data.
 *
 * Functions that deliver a domain's events to where JSON goes have them behind all
 * others.  With any format but "event", the stream is one of changes: its source,
 * scale, seed and pace are those of the stream arguments, and what would falsify
 * changes is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "api/args.h"
#include "api/formats.h"
#include "compat.h"

/* In the order in which functions have them. */
typedef enum FormatArgument
{
	FORMAT_NAME,
	FORMAT_PROFILE,
	FORMAT_FROM_TIME,
	FORMAT_TO_TIME,
	FORMAT_AFTER_POSITION,
	FORMAT_INCLUDE_INITIAL,
	FORMAT_SPEED,
	FORMAT_BEFORE,
	FORMAT_TOMBSTONES,
	FORMAT_TRANSACTION_METADATA,
	FORMAT_KEY_SEPARATOR
} FormatArgument;

/* Their names; those of changes, and where these expect them. */
static const struct
{
	const char *name;
	int			change;			/* SpindleChangeArgument, or -1 */
}			arguments[] =

{
	[FORMAT_NAME] = {"format", -1},
	[FORMAT_PROFILE] = {"profile", SPINDLE_CHANGE_PROFILE},
	[FORMAT_FROM_TIME] = {"from_time", SPINDLE_CHANGE_FROM_TIME},
	[FORMAT_TO_TIME] = {"to_time", SPINDLE_CHANGE_TO_TIME},
	[FORMAT_AFTER_POSITION] = {"after_position", SPINDLE_CHANGE_AFTER_POSITION},
	[FORMAT_INCLUDE_INITIAL] = {"include_initial", SPINDLE_CHANGE_INCLUDE_INITIAL},
	[FORMAT_SPEED] = {"speed", SPINDLE_CHANGE_SPEED},
	[FORMAT_BEFORE] = {"before", -1},
	[FORMAT_TOMBSTONES] = {"tombstones", -1},
	[FORMAT_TRANSACTION_METADATA] = {"transaction_metadata", -1},
	[FORMAT_KEY_SEPARATOR] = {"key_separator", -1},
};

/* Stream arguments that changes have, too. */
static const struct
{
	SpindleStreamOptionId option;
	SpindleChangeArgument change;
}			shared[] =

{
	{SPINDLE_OPTION_SCALE, SPINDLE_CHANGE_SCALE},
	{SPINDLE_OPTION_SEED, SPINDLE_CHANGE_SEED},
	{SPINDLE_OPTION_MAX_EVENTS, SPINDLE_CHANGE_MAX_EVENTS},
	{SPINDLE_OPTION_DURATION, SPINDLE_CHANGE_DURATION},
	{SPINDLE_OPTION_EVENTS_PER_SECOND, SPINDLE_CHANGE_EVENTS_PER_SECOND},
	{SPINDLE_OPTION_REALTIME, SPINDLE_CHANGE_REALTIME},
	{SPINDLE_OPTION_ARRIVALS, SPINDLE_CHANGE_ARRIVALS},
	{SPINDLE_OPTION_BURST_WINDOWS, SPINDLE_CHANGE_BURST_WINDOWS},
	{SPINDLE_OPTION_TIME_PATTERN, SPINDLE_CHANGE_TIME_PATTERN},
	{SPINDLE_OPTION_CLOCK_START, SPINDLE_CHANGE_CLOCK_START},
	{SPINDLE_OPTION_OUT_OF_ORDER_FRACTION, SPINDLE_CHANGE_LATE_FRACTION},
	{SPINDLE_OPTION_OUT_OF_ORDER_MAX_DELAY_SLOTS, SPINDLE_CHANGE_LATE_SLOTS},
};

/* Does an argument at a position from "format" on have its default? */
static bool
is_default(const NullableDatum *args, FormatArgument argument)
{
	const NullableDatum *arg = &args[argument];

	switch (argument)
	{
		case FORMAT_NAME:
			return true;
		case FORMAT_FROM_TIME:
			return !arg->isnull && DatumGetTimestampTz(arg->value) == DT_NOBEGIN;
		case FORMAT_TO_TIME:
			return !arg->isnull && DatumGetTimestampTz(arg->value) == DT_NOEND;
		case FORMAT_INCLUDE_INITIAL:
			return !arg->isnull && DatumGetBool(arg->value);
		case FORMAT_TOMBSTONES:
		case FORMAT_TRANSACTION_METADATA:
			return !arg->isnull && !DatumGetBool(arg->value);
		case FORMAT_BEFORE:
			return !arg->isnull && strcmp(TextDatumGetCString(arg->value), "full") == 0;
		case FORMAT_PROFILE:
		case FORMAT_AFTER_POSITION:
		case FORMAT_SPEED:
		case FORMAT_KEY_SEPARATOR:
			return arg->isnull;
	}
	return true;
}

/*
 * Refuse stream arguments that would falsify changes or have no meaning for them,
 * with the reason.
 */
static void
refuse_stream_arguments(const SpindleStreamCall *call, const SpindleFormat *how, const char *format)
{
	const NullableDatum *option = call->option;
	const char *refused = NULL;
	const char *reason = NULL;

	if (!option[SPINDLE_OPTION_ANOMALIES].isnull)
	{
		refused = "anomalies";
		reason = "Anomalies would falsify the images of rows.";
	}
	else if (spindle_format_is_executed(how) && !option[SPINDLE_OPTION_OUT_OF_ORDER_FRACTION].isnull &&
			 DatumGetFloat8(option[SPINDLE_OPTION_OUT_OF_ORDER_FRACTION].value) != 0)
	{
		refused = "out_of_order_fraction";
		reason = "Statements that are executed in another order than that of the changes fail, or leave other rows.";
	}
	else if (!option[SPINDLE_OPTION_TIMESTAMP_COLUMN].isnull)
	{
		refused = "timestamp_column";
		reason = "The definition tells when rows change.";
	}
	else if (option[SPINDLE_OPTION_SKIP_EVENTS].isnull || DatumGetInt64(option[SPINDLE_OPTION_SKIP_EVENTS].value) != 0)
	{
		refused = "skip_events";
		reason = "Use after_position to continue behind a transaction.";
	}
	if (refused)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" cannot be used with format \"%s\"", refused, format),
				 errdetail("%s", reason)));
}

/* Raise invalid_parameter_value for a format that is none. */
pg_noreturn static void
report_format(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"format\": \"%s\"", name),
			 errhint("It must be \"event\", or for changes %s.", spindle_format_names())));
}

/* What messages are to look like, checked. */
static void
read_format(const NullableDatum *args, const char *name, SpindleChangeDelivery *how)
{
	SpindleFormatOptions *options = &how->format_options;
	char	   *before = spindle_argument_text(&args[FORMAT_BEFORE], "before");
	char	   *separator = spindle_argument_optional_text(&args[FORMAT_KEY_SEPARATOR]);

	how->format = spindle_format_find(name);
	if (how->format == NULL)
		report_format(name);
	if (!spindle_before_find(before, &options->before))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"before\": \"%s\"", before),
				 errhint("It must be \"full\", \"key\" or \"changed\".")));
	options->tombstones = spindle_argument_bool(&args[FORMAT_TOMBSTONES], "tombstones");
	options->transaction_metadata = spindle_argument_bool(&args[FORMAT_TRANSACTION_METADATA], "transaction_metadata");
	if (separator && (separator[0] == '\0' || strpbrk(separator, "\r\n")))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"key_separator\""),
				 errhint("It must be characters that do not end a line, such as E'\\t'.")));
	if (separator)
		options->key_separator = pg_server_to_any(separator, (int) strlen(separator), PG_UTF8);
	spindle_format_check(how->format, options);
}

/*
 * Does the function have the arguments, from position at on?  Declarations of 0.1.0
 * end there, or go on with numbers.
 */
static bool
has_arguments(FunctionCallInfo fcinfo, int at)
{
	Oid		   *types;
	int			n;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &n);

	/* "report" has been taken out of the arguments */
	return PG_NARGS() >= at + lengthof(arguments) && types[at + n - PG_NARGS()] == TEXTOID;
}

/*
 * spindle_arg_format
 *		Read the arguments from position at on, where "format" stands.
 *
 * False if the stream is one of events: format is "event", or the function streams a
 * relation, or was declared by an older version, and has no such arguments.  Else *change and *how are filled; call is what
 * the stream arguments say.  Allocates in the current memory context.
 *
 * Raises null_value_not_allowed and invalid_parameter_value, also for arguments of
 * changes where the stream is not one of them, and what spindle_change_call_open()
 * does.
 */
bool
spindle_arg_format(FunctionCallInfo fcinfo, int at, const SpindleStreamCall *call,
				   SpindleChangeCall *change, SpindleChangeDelivery *how)
{
	const NullableDatum *args = &fcinfo->args[at];
	NullableDatum values[SPINDLE_NUM_CHANGE_ARGUMENTS];
	char	   *format;

	if (call->of_relation || !has_arguments(fcinfo, at))
		return false;
	format = spindle_argument_text(&args[FORMAT_NAME], "format");
	if (strcmp(format, "event") == 0)
	{
		for (int i = 0; i < lengthof(arguments); i++)
			if (!is_default(args, (FormatArgument) i))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("argument \"%s\" is for changes", arguments[i].name),
						 errhint("Choose how they are written: \"format\" is one of %s.", spindle_format_names())));
		return false;
	}
	memset(how, 0, sizeof(*how));
	read_format(args, format, how);
	refuse_stream_arguments(call, how->format, format);
	values[SPINDLE_CHANGE_DOMAIN] = call->source[0];
	values[SPINDLE_CHANGE_TABLE] = call->source[1];
	for (int i = 0; i < lengthof(shared); i++)
		values[shared[i].change] = call->option[shared[i].option];
	for (int i = 0; i < lengthof(arguments); i++)
		if (arguments[i].change >= 0)
			values[arguments[i].change] = args[i];
	spindle_change_call_open(values, SPINDLE_NUM_CHANGE_ARGUMENTS, change);
	how->realtime = change->realtime;
	how->delay = change->delay;
	if (!call->option[SPINDLE_OPTION_BATCH_SIZE].isnull)
		how->batch_size = (int) spindle_stream_option_int64(call->option, SPINDLE_OPTION_BATCH_SIZE);
	return true;
}
