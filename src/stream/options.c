/*-------------------------------------------------------------------------
 *
 * options.c
 *		The arguments that all streaming functions share.
 *
 * Everything is checked here, before the first row, file or byte.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "api/args.h"
#include "library/library.h"
#include "library/source.h"
#include "spindle.h"
#include "stream/delay.h"
#include "stream/options.h"

/* Their order, from the first one behind the source on. */
typedef enum StreamArgument
{
	ARG_SCALE,
	ARG_SEED,
	ARG_MAX_EVENTS,
	ARG_DURATION,
	ARG_EVENTS_PER_SECOND,
	ARG_REALTIME,
	ARG_ARRIVALS,
	ARG_BURST_WINDOWS,
	ARG_TIME_PATTERN,
	ARG_CLOCK_START,
	ARG_OUT_OF_ORDER_FRACTION,
	ARG_OUT_OF_ORDER_MAX_DELAY_SLOTS,
	ARG_ANOMALIES,
	ARG_LABEL_ANOMALIES,
	ARG_TIMESTAMP_COLUMN,
	ARG_SKIP_EVENTS,
	ARG_BATCH_SIZE,
	NUM_STREAM_ARGUMENTS
} StreamArgument;

/* A number that must not be null and lies between two bounds. */
static double
number_argument(FunctionCallInfo fcinfo, int arg, const char *name, double min, double max)
{
	double		value;

	spindle_arg_require(fcinfo, arg, name);
	value = PG_GETARG_FLOAT8(arg);
	if (!(value >= min && value <= max))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\": %g", name, value),
				 errhint("It must be from %g to %g.", min, max)));
	return value;
}

/* An interval as seconds; months have no fixed length. */
static double
duration_argument(FunctionCallInfo fcinfo, int arg)
{
	Interval   *interval;
	double		seconds;

	if (PG_ARGISNULL(arg))
		return -1;
	interval = PG_GETARG_INTERVAL_P(arg);
	seconds = (double) interval->time / USECS_PER_SEC + (double) interval->day * SECS_PER_DAY;
	if (interval->month != 0 || seconds < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"duration\": \"%s\"",
						DatumGetCString(DirectFunctionCall1(interval_out, PG_GETARG_DATUM(arg)))),
				 errhint("It must be zero or more, in days, hours, minutes and seconds.")));
	return seconds;
}

/* Is there a relation with a name, as regclass would read it? */
bool
spindle_is_relation_name(const char *name)
{
	List	   *parts;
	List	   *names = NIL;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(name), '.', &parts) || parts == NIL || list_length(parts) > 2)
		return false;
	foreach(lc, parts)
		names = lappend(names, makeString(lfirst(lc)));
	return OidIsValid(RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, true));
}

/*
 * The instance of a domain.  A name without a cast is a domain's, as far as SQL
 * is concerned: if it is that of a relation, the error says what to write.
 */
static SpindleInstance *
get_instance(const char *name, const char *scale, int64 seed)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	SpindleInstance *volatile instance = NULL;

	PG_TRY();
	{
		instance = spindle_library_instance(name, scale, seed, oldcontext);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		if (geterrcode() != ERRCODE_UNDEFINED_OBJECT)
			PG_RE_THROW();
		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		FlushErrorState();
		if (spindle_is_relation_name(name))
			error->hint = psprintf("To stream the relation of this name, write %s::regclass.", quote_literal_cstr(name));
		ReThrowError(error);
	}
	PG_END_TRY();
	return instance;
}

/* A whole domain, or one of its tables. */
static void
domain_source(FunctionCallInfo fcinfo, int at, const char *time_column, SpindleStreamArguments *args)
{
	SpindleStreamSource *source = &args->source;
	const SpindleDomain *domain;
	SpindleFeed *feed;

	args->instance = get_instance(spindle_arg_text(fcinfo, at, "domain"),
								  spindle_arg_text(fcinfo, at + 2 + ARG_SCALE, "scale"),
								  spindle_arg_int64(fcinfo, at + 2 + ARG_SEED, "seed"));
	domain = args->instance->domain;
	source->default_clock = (Timestamp) domain->first_day * USECS_PER_DAY;
	if (!PG_ARGISNULL(at + 1))
	{
		args->table_name = spindle_arg_text(fcinfo, at + 1, "table_name");
		feed = spindle_table_feed_create(args->instance, spindle_source_table(domain, args->table_name), time_column,
										 CurrentMemoryContext);
		source->nfeeds = 1;
		source->feed = palloc(sizeof(SpindleFeed *));
		source->feed[0] = feed;
		source->key = spindle_key_derive(feed->root, spindle_label(psprintf("stream of %s", feed->name)));
		return;
	}
	if (time_column)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"timestamp_column\" needs a table"),
				 errhint("Give table_name, or leave timestamp_column out: each table of a domain has its own event time.")));
	source->feed = spindle_table_feeds_of_domain(args->instance, &source->nfeeds, CurrentMemoryContext);
	if (source->nfeeds == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("no table of spindle domain \"%s\" has an event time", domain->name),
				 errhint("Give table_name to stream one of them in the order of its rows.")));
	source->key = spindle_key_derive(args->instance->key, spindle_label("stream of the domain"));
}

static void
relation_source(FunctionCallInfo fcinfo, int at, const char *time_column, SpindleStreamArguments *args)
{
	SpindleStreamSource *source = &args->source;
	char	   *scale = spindle_arg_text(fcinfo, at + 1 + ARG_SCALE, "scale");
	int64		seed = spindle_arg_int64(fcinfo, at + 1 + ARG_SEED, "seed");

	spindle_arg_require(fcinfo, at, "source");
	if (strcmp(scale, SPINDLE_DEFAULT_SCALE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"scale\" has no meaning for a relation"),
				 errhint("A relation has the rows that it has; max_events limits how many are streamed.  "
						 "If a table of a domain is meant, give the seed by name: domain, table_name, seed => "
						 INT64_FORMAT ".", seed)));
	source->nfeeds = 1;
	source->feed = palloc(sizeof(SpindleFeed *));
	source->feed[0] = spindle_relation_feed_create(PG_GETARG_OID(at), time_column, seed, CurrentMemoryContext);
	source->key = spindle_key_derive(source->feed[0]->root,
									 spindle_label(psprintf("stream of %s", source->feed[0]->name)));
	args->table_name = source->feed[0]->table_name;
}

/*
 * spindle_streams_relation
 *		Is the source of a function, the argument at a position, a relation?  Else
 *		it is a domain and one of its tables.
 */
bool
spindle_streams_relation(Oid function, int at)
{
	Oid		   *types;
	int			n;

	(void) get_func_signature(function, &types, &n);
	return n > at && types[at] == REGCLASSOID;
}

/*
 * spindle_stream_arguments
 *		Read the source and the stream arguments of a function, which begin at a
 *		position; returns the position behind them.
 *
 * Allocates in the current memory context, which must live as long as the
 * stream and keeps the generated domain, if it is one.
 */
int
spindle_stream_arguments(FunctionCallInfo fcinfo, int at, SpindleStreamArguments *args)
{
	SpindleStreamOptions *options = &args->options;
	SpindleScheduleSpec *schedule = &options->schedule;
	const bool	is_relation = spindle_streams_relation(fcinfo->flinfo->fn_oid, at);
	const int	first = at + (is_relation ? 1 : 2);
	char	   *time_column = NULL;
	char	   *arrivals;

	/* the script that made the function may be of another version */
	if (PG_NARGS() < first + NUM_STREAM_ARGUMENTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("the SQL declaration of the function does not fit the installed library"),
				 errhint("Run ALTER EXTENSION spindle UPDATE, or create the extension anew.")));
	memset(args, 0, sizeof(*args));
	args->source_argument = at;
	if (!PG_ARGISNULL(first + ARG_TIMESTAMP_COLUMN))
	{
		char	   *name = NameStr(*PG_GETARG_NAME(first + ARG_TIMESTAMP_COLUMN));

		time_column = pstrdup(pg_server_to_any(name, (int) strlen(name), PG_UTF8));
	}
	if (is_relation)
		relation_source(fcinfo, at, time_column, args);
	else
		domain_source(fcinfo, at, time_column, args);
	at = first;
	options->max_events = spindle_arg_count(fcinfo, at + ARG_MAX_EVENTS, "max_events", -1);
	options->duration = duration_argument(fcinfo, at + ARG_DURATION);
	schedule->rate = number_argument(fcinfo, at + ARG_EVENTS_PER_SECOND, "events_per_second",
									 SPINDLE_MIN_RATE, SPINDLE_MAX_RATE);
	spindle_arg_require(fcinfo, at + ARG_REALTIME, "realtime");
	options->realtime = PG_GETARG_BOOL(at + ARG_REALTIME);
	arrivals = spindle_arg_text(fcinfo, at + ARG_ARRIVALS, "arrivals");
	schedule->is_poisson = strcmp(arrivals, "poisson") == 0;
	if (!schedule->is_poisson && strcmp(arrivals, "uniform") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"arrivals\": \"%s\"", arrivals),
				 errhint("It must be \"poisson\" or \"uniform\".")));
	if (!PG_ARGISNULL(at + ARG_BURST_WINDOWS))
		spindle_json_burst_windows(PG_GETARG_DATUM(at + ARG_BURST_WINDOWS), schedule);
	if (!PG_ARGISNULL(at + ARG_TIME_PATTERN))
		spindle_json_time_pattern(PG_GETARG_DATUM(at + ARG_TIME_PATTERN), schedule);
	if (!PG_ARGISNULL(at + ARG_CLOCK_START))
	{
		schedule->clock_start = PG_GETARG_TIMESTAMPTZ(at + ARG_CLOCK_START);
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
	options->late_fraction = number_argument(fcinfo, at + ARG_OUT_OF_ORDER_FRACTION,
											 "out_of_order_fraction", 0, 1);
	spindle_arg_require(fcinfo, at + ARG_OUT_OF_ORDER_MAX_DELAY_SLOTS, "out_of_order_max_delay_slots");
	options->late_slots = PG_GETARG_INT32(at + ARG_OUT_OF_ORDER_MAX_DELAY_SLOTS);
	if (options->late_slots < 1 || options->late_slots > SPINDLE_MAX_DELAY_SLOTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"out_of_order_max_delay_slots\": %d", options->late_slots),
				 errhint("It must be from 1 to %d.", SPINDLE_MAX_DELAY_SLOTS)));
	spindle_arg_require(fcinfo, at + ARG_LABEL_ANOMALIES, "label_anomalies");
	options->label_anomalies = PG_GETARG_BOOL(at + ARG_LABEL_ANOMALIES);
	if (!PG_ARGISNULL(at + ARG_ANOMALIES))
		options->nanomalies = spindle_json_anomalies(PG_GETARG_DATUM(at + ARG_ANOMALIES), &args->source);
	spindle_arg_require(fcinfo, at + ARG_SKIP_EVENTS, "skip_events");
	options->skip_events = spindle_arg_count(fcinfo, at + ARG_SKIP_EVENTS, "skip_events", 0);
	if (!PG_ARGISNULL(at + ARG_BATCH_SIZE))
	{
		options->batch_size = PG_GETARG_INT32(at + ARG_BATCH_SIZE);
		if (options->batch_size < 1 || options->batch_size > SPINDLE_MAX_BATCH_SIZE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for argument \"batch_size\": %d", options->batch_size),
					 errhint("It must be from 1 to %d.", SPINDLE_MAX_BATCH_SIZE)));
	}
	return first + NUM_STREAM_ARGUMENTS;
}

/* What is streamed, in words; allocated in the current memory context, or part of args. */
const char *
spindle_stream_source_name(const SpindleStreamArguments *args)
{
	return args->instance ? spindle_source_name(args->instance, args->table_name) : args->table_name;
}
