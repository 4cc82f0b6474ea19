/*-------------------------------------------------------------------------
 *
 * stream.c
 *		SQL functions that stream events: to the query, to a file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/args.h"
#include "api/source.h"
#include "sink/sink.h"
#include "stream/stream.h"

PG_FUNCTION_INFO_V1(spindle_stream);
PG_FUNCTION_INFO_V1(spindle_to_file);

/* What the arguments that all streaming functions share amount to. */
typedef struct StreamArguments
{
	SpindleInstance *instance;
	int			table;
	SpindleStreamOptions options;
} StreamArguments;

/*
 * Read the stream arguments, which begin at a position: domain, table_name,
 * scale, seed, max_events, skip_events.
 */
static StreamArguments
read_arguments(FunctionCallInfo fcinfo, int at)
{
	StreamArguments args = {0};

	args.instance = spindle_instance_get(spindle_arg_text(fcinfo, at, "domain"),
										 spindle_arg_text(fcinfo, at + 2, "scale"),
										 spindle_arg_int64(fcinfo, at + 3, "seed"));
	args.table = spindle_source_table(args.instance->domain,
									  spindle_arg_text(fcinfo, at + 1, "table_name"));
	args.options.max_events = spindle_arg_count(fcinfo, at + 4, "max_events", -1);
	spindle_arg_require(fcinfo, at + 5, "skip_events");
	args.options.skip_events = spindle_arg_count(fcinfo, at + 5, "skip_events", 0);
	return args;
}

/* The columns of the result of spindle_stream. */
typedef enum StreamColumn
{
	COLUMN_DELIVERY_SEQ,
	COLUMN_SEQ,
	COLUMN_TABLE_NAME,
	COLUMN_EVENT_TIME,
	COLUMN_EVENT,
	NUM_STREAM_COLUMNS
} StreamColumn;

/* An event as a value of type json, in the server's encoding. */
static Datum
event_datum(StringInfo event)
{
	char	   *server = pg_any_to_server(event->data, event->len, PG_UTF8);

	return PointerGetDatum(cstring_to_text_with_len(server, server == event->data ? event->len :
													(int) strlen(server)));
}

/*
 * spindle_stream(domain, table_name, scale, seed, max_events, skip_events)
 *		One row per event, in the order of delivery.
 */
Datum
spindle_stream(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	StreamArguments args = read_arguments(fcinfo, 0);
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext oldcontext;
	SpindleStream *stream;
	SpindleEvent event;
	StringInfoData json;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_stream", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_DEFAULT_SIZES);
	spindle_instance_keep(args.instance, context);
	stream = spindle_stream_open(args.instance, args.table, &args.options, context);
	oldcontext = MemoryContextSwitchTo(context);
	initStringInfo(&json);
	MemoryContextSwitchTo(row_context);
	while (spindle_stream_next(stream, &event))
	{
		Datum		values[NUM_STREAM_COLUMNS];
		bool		nulls[NUM_STREAM_COLUMNS] = {false};

		resetStringInfo(&json);
		spindle_stream_write(stream, &event, &json);
		values[COLUMN_DELIVERY_SEQ] = Int64GetDatum(event.delivery_seq);
		values[COLUMN_SEQ] = Int64GetDatum(event.seq);
		values[COLUMN_TABLE_NAME] = CStringGetTextDatum(event.table_name);
		values[COLUMN_EVENT_TIME] = TimestampTzGetDatum(event.time);
		nulls[COLUMN_EVENT_TIME] = !event.has_time;
		values[COLUMN_EVENT] = event_datum(&json);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(oldcontext);
	spindle_stream_close(stream);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/*
 * Deliver a stream to a sink; the result row says what was delivered.
 */
static Datum
deliver(FunctionCallInfo fcinfo, const StreamArguments *args, SpindleSink *sink)
{
	TupleDesc	desc;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle delivery",
												  ALLOCSET_DEFAULT_SIZES);
	SpindleStream *stream;
	SpindleEvent event;
	instr_time	start;
	instr_time	duration;
	double		seconds;
	Datum		values[7];
	bool		nulls[7] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	spindle_instance_keep(args->instance, context);
	stream = spindle_stream_open(args->instance, args->table, &args->options, context);

	INSTR_TIME_SET_CURRENT(start);
	spindle_sink_open(sink);
	while (spindle_stream_next(stream, &event))
	{
		int			start = sink->buffer.len;

		spindle_stream_write(stream, &event, &sink->buffer);
		spindle_sink_write(sink, start);
	}
	spindle_sink_close(sink);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);
	seconds = INSTR_TIME_GET_DOUBLE(duration);

	values[0] = CStringGetTextDatum(args->instance->domain->table[args->table].name);
	values[1] = Int64GetDatum(sink->events_sent);
	values[2] = Int64GetDatum(0);
	values[3] = Int64GetDatum(0);
	values[4] = Int64GetDatum(sink->bytes_sent);
	values[5] = Float8GetDatum(seconds);
	values[6] = Float8GetDatum(seconds > 0 ? sink->events_sent / seconds : 0);
	spindle_stream_close(stream);
	MemoryContextDelete(context);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * spindle_to_file(path, domain, table_name, scale, seed, max_events,
 *				   skip_events, mode)
 *		Write a stream to a file of the server, one JSON object per line.
 */
Datum
spindle_to_file(PG_FUNCTION_ARGS)
{
	static const struct
	{
		const char *name;
		SpindleFileMode mode;
	}			modes[] =
	{
		{"w", SPINDLE_FILE_REPLACE},
		{"a", SPINDLE_FILE_APPEND},
		{"x", SPINDLE_FILE_CREATE},
	};
	char	   *path = spindle_arg_text(fcinfo, 0, "path");
	StreamArguments args = read_arguments(fcinfo, 1);
	char	   *mode = spindle_arg_text(fcinfo, 7, "mode");
	int			m = 0;

	while (m < lengthof(modes) && strcmp(modes[m].name, mode) != 0)
		m++;
	if (m == lengthof(modes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"mode\": \"%s\"", mode),
				 errhint("Modes are \"w\" (replace), \"a\" (append) and \"x\" (must not exist).")));
	return deliver(fcinfo, &args, spindle_file_sink_create(path, modes[m].mode));
}
