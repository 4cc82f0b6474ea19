/*-------------------------------------------------------------------------
 *
 * change_call.c
 *		Which changes a call asks for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "library/change_call.h"
#include "library/library.h"
#include "library/source.h"
#include "server/argument.h"
#include "stream/options.h"

/* The arguments of pacing and of late delivery, which streams of events have too. */
static const struct
{
	SpindleChangeArgument argument;
	SpindleStreamOptionId option;
}			shared[] =

{
	{SPINDLE_CHANGE_MAX_EVENTS, SPINDLE_OPTION_MAX_EVENTS},
	{SPINDLE_CHANGE_DURATION, SPINDLE_OPTION_DURATION},
	{SPINDLE_CHANGE_EVENTS_PER_SECOND, SPINDLE_OPTION_EVENTS_PER_SECOND},
	{SPINDLE_CHANGE_REALTIME, SPINDLE_OPTION_REALTIME},
	{SPINDLE_CHANGE_ARRIVALS, SPINDLE_OPTION_ARRIVALS},
	{SPINDLE_CHANGE_BURST_WINDOWS, SPINDLE_OPTION_BURST_WINDOWS},
	{SPINDLE_CHANGE_TIME_PATTERN, SPINDLE_OPTION_TIME_PATTERN},
	{SPINDLE_CHANGE_CLOCK_START, SPINDLE_OPTION_CLOCK_START},
	{SPINDLE_CHANGE_LATE_FRACTION, SPINDLE_OPTION_OUT_OF_ORDER_FRACTION},
	{SPINDLE_CHANGE_LATE_SLOTS, SPINDLE_OPTION_OUT_OF_ORDER_MAX_DELAY_SLOTS},
};

/*
 * spindle_change_profile
 *		A profile of a domain's deletes; NULL stays NULL.
 *
 * Raises invalid_parameter_value, with the profiles that there are, for a name that
 * is none.
 */
const char *
spindle_change_profile(const SpindleDomain *domain, const char *profile)
{
	StringInfoData names;

	if (profile == NULL || spindle_domain_find_profile(domain, profile) >= 0)
		return profile;
	initStringInfo(&names);
	for (int i = 0; i < domain->nprofiles; i++)
		appendStringInfo(&names, "%s\"%s\"", i == 0 ? "" : ", ", domain->profile[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("domain \"%s\" has no profile \"%s\"", domain->name, profile),
			 domain->nprofiles == 0 ? errhint("It has none; leave the profile out.") :
			 errhint("It has %s.", names.data)));
	return NULL;
}

/* These arguments, of nargs; the others of streams are as if they were left out. */
static void
read_pacing(const NullableDatum *args, int nargs, SpindleChangeCall *call)
{
	NullableDatum option[SPINDLE_NUM_STREAM_OPTIONS];
	SpindleStreamOptions options = {0};
	SpindleChangeOptions *result = &call->options;

	for (int i = 0; i < SPINDLE_NUM_STREAM_OPTIONS; i++)
		option[i] = (NullableDatum) {.isnull = true};
	option[SPINDLE_OPTION_OUT_OF_ORDER_FRACTION] = (NullableDatum) {.value = Float8GetDatum(0)};
	option[SPINDLE_OPTION_OUT_OF_ORDER_MAX_DELAY_SLOTS] = (NullableDatum) {.value = Int32GetDatum(1)};
	option[SPINDLE_OPTION_LABEL_ANOMALIES] = (NullableDatum) {.value = BoolGetDatum(false)};
	option[SPINDLE_OPTION_SKIP_EVENTS] = (NullableDatum) {.value = Int64GetDatum(0)};
	for (int i = 0; i < lengthof(shared); i++)
		if (shared[i].argument < nargs)
			option[shared[i].option] = args[shared[i].argument];
	spindle_stream_options_read(option, NULL, &options);
	if (options.late_fraction >= 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"out_of_order_fraction\": %g", options.late_fraction),
				 errhint("It must be below 1 for changes: some transactions have to overtake the late ones.")));
	call->delay.fraction = options.late_fraction;
	call->delay.slots = options.late_slots;
	call->realtime = options.realtime;
	result->max_changes = options.max_events;
	result->duration = options.duration;
	result->schedule = options.schedule;
	result->has_clock_start = options.has_clock_start;
	if (!args[SPINDLE_CHANGE_SPEED].isnull)
	{
		result->speed = DatumGetFloat8(args[SPINDLE_CHANGE_SPEED].value);
		if (!(result->speed >= SPINDLE_MIN_SPEED && result->speed <= SPINDLE_MAX_SPEED))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for argument \"speed\": %g", result->speed),
					 errhint("It must be from %g to %g, or null to let events_per_second tell the pace.",
							 SPINDLE_MIN_SPEED, SPINDLE_MAX_SPEED)));
	}
}

/*
 * spindle_change_call_open
 *		Look up what a call asks for, and check all that it says.
 *
 * args are in the order of SpindleChangeArgument, and end with INCLUDE_INITIAL,
 * SPEED or LATE_SLOTS.  Allocates in the current memory context, which holds the domain.
 * Raises null_value_not_allowed, invalid_parameter_value, undefined_object and
 * undefined_table.
 */
void
spindle_change_call_open(const NullableDatum *args, int nargs, SpindleChangeCall *call)
{
	SpindleChangeOptions *options = &call->options;
	const char *name = spindle_argument_text(&args[SPINDLE_CHANGE_DOMAIN], "domain");
	const char *scale = spindle_argument_optional_text(&args[SPINDLE_CHANGE_SCALE]);
	const int64 seed = spindle_argument_int64(&args[SPINDLE_CHANGE_SEED], "seed");

	memset(call, 0, sizeof(*call));
	call->instance = spindle_library_instance(name, scale, seed, CurrentMemoryContext);
	call->table_name = spindle_argument_optional_text(&args[SPINDLE_CHANGE_TABLE]);
	options->table = call->table_name ? spindle_source_table(call->instance->domain, call->table_name) : -1;
	options->profile = spindle_change_profile(call->instance->domain,
											  spindle_argument_optional_text(&args[SPINDLE_CHANGE_PROFILE]));
	spindle_argument_require(&args[SPINDLE_CHANGE_FROM_TIME], "from_time");
	spindle_argument_require(&args[SPINDLE_CHANGE_TO_TIME], "to_time");
	options->from_time = DatumGetTimestampTz(args[SPINDLE_CHANGE_FROM_TIME].value);
	options->to_time = DatumGetTimestampTz(args[SPINDLE_CHANGE_TO_TIME].value);
	if (options->from_time > options->to_time)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"from_time\" is after \"to_time\""),
				 errhint("Changes are those behind from_time, up to to_time.")));
	if (!args[SPINDLE_CHANGE_AFTER_POSITION].isnull)
	{
		options->has_after_position = true;
		options->after_position = DatumGetLSN(args[SPINDLE_CHANGE_AFTER_POSITION].value);
		if (options->from_time != DT_NOBEGIN)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("arguments \"from_time\" and \"after_position\" exclude each other"),
					 errhint("A position tells where to go on by itself.")));
	}
	options->include_initial = spindle_argument_bool(&args[SPINDLE_CHANGE_INCLUDE_INITIAL], "include_initial");
	options->max_changes = -1;
	options->duration = -1;
	if (nargs > SPINDLE_CHANGE_SPEED)
		read_pacing(args, nargs, call);
}
