/*-------------------------------------------------------------------------
 *
 * stream.c
 *		SQL functions that stream events: to the query, to a file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/args.h"
#include "api/scan.h"
#include "api/stream_args.h"
#include "sink/sink.h"
#include "stream/pace.h"

PG_FUNCTION_INFO_V1(spindle_stream);
PG_FUNCTION_INFO_V1(spindle_to_file);

/* An event as a value of type json, in the server's encoding. */
static Datum
event_datum(StringInfo event)
{
	char	   *server = pg_any_to_server(event->data, event->len, PG_UTF8);

	return PointerGetDatum(cstring_to_text_with_len(server, server == event->data ? event->len :
													(int) strlen(server)));
}

static Datum
arrival_datum(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (int64) floor(seconds * USECS_PER_SEC + 0.5);
	return IntervalPGetDatum(interval);
}

/*
 * spindle_stream_row
 *		An event as a row of spindle_stream().
 *
 * json holds the event, or is NULL if that column is not wanted; it is then
 * NULL.  What is not passed by value is allocated in the current context.
 */
void
spindle_stream_row(const SpindleEvent *event, const SpindleStreamOptions *options, StringInfo json,
				   Datum *values, bool *nulls)
{
	memset(nulls, false, SPINDLE_STREAM_COLUMNS);
	values[0] = Int64GetDatum(event->delivery_seq);
	values[1] = Int64GetDatum(event->seq);
	values[2] = CStringGetTextDatum(event->table_name);
	values[3] = TimestampTzGetDatum(event->time);
	nulls[3] = !event->has_time;
	values[4] = arrival_datum(event->arrival);
	values[5] = BoolGetDatum(event->label != NULL);
	nulls[5] = !options->label_anomalies;
	values[6] = (Datum) 0;
	nulls[6] = event->label == NULL || !options->label_anomalies;
	if (!nulls[6])
	{
		char	   *server = pg_any_to_server(event->label, (int) strlen(event->label), PG_UTF8);

		values[6] = CStringGetTextDatum(server);
	}
	nulls[7] = json == NULL;
	values[7] = json ? event_datum(json) : (Datum) 0;
}

/*
 * spindle_stream(stream arguments)
 *		One row per event, in the order of delivery.
 *
 * This is what a function scan calls, which keeps all rows before it shows
 * the first; in most queries a scan node takes its place (scan.c).
 */
Datum
spindle_stream(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleStreamArguments args;
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext oldcontext;
	SpindleStream *stream;
	SpindleEvent event;
	SpindlePace pace;
	StringInfoData json;

	spindle_stream_arguments(fcinfo, 0, &args);
	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_stream", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_DEFAULT_SIZES);
	spindle_instance_keep(args.instance, context);
	stream = spindle_stream_open(args.instance, args.table, &args.options, true, true, context);
	oldcontext = MemoryContextSwitchTo(context);
	initStringInfo(&json);
	MemoryContextSwitchTo(row_context);
	spindle_pace_start(&pace);
	while (spindle_stream_next(stream, &event))
	{
		Datum		values[SPINDLE_STREAM_COLUMNS];
		bool		nulls[SPINDLE_STREAM_COLUMNS];

		if (args.options.realtime)
			spindle_pace_wait(&pace, event.due);
		resetStringInfo(&json);
		spindle_stream_write(stream, &event, &json);
		spindle_stream_row(&event, &args.options, &json, values, nulls);
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
deliver(FunctionCallInfo fcinfo, const SpindleStreamArguments *args, SpindleSink *sink)
{
	TupleDesc	desc;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle delivery",
												  ALLOCSET_DEFAULT_SIZES);
	SpindleStream *stream;
	SpindleEvent event;
	SpindlePace pace;
	instr_time	duration;
	double		seconds;
	int64		anomalies = 0;
	int64		late = 0;
	Datum		values[7];
	bool		nulls[7] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	spindle_instance_keep(args->instance, context);
	stream = spindle_stream_open(args->instance, args->table, &args->options, true, false, context);

	spindle_sink_open(sink);
	spindle_pace_start(&pace);
	while (spindle_stream_next(stream, &event))
	{
		int			start;

		if (args->options.realtime && !spindle_pace_is_due(&pace, event.due))
		{
			/* what was due before goes out together */
			spindle_sink_flush(sink);
			spindle_pace_wait(&pace, event.due);
		}
		start = sink->buffer.len;
		spindle_stream_write(stream, &event, &sink->buffer);
		spindle_sink_write(sink, start);
		anomalies += event.label != NULL;
		late += event.is_late;
	}
	spindle_sink_close(sink);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, pace.start);
	seconds = INSTR_TIME_GET_DOUBLE(duration);

	values[0] = CStringGetTextDatum(args->instance->domain->table[args->table].name);
	values[1] = Int64GetDatum(sink->events_sent);
	values[2] = Int64GetDatum(anomalies);
	values[3] = Int64GetDatum(late);
	values[4] = Int64GetDatum(sink->bytes_sent);
	values[5] = Float8GetDatum(seconds);
	values[6] = Float8GetDatum(seconds > 0 ? sink->events_sent / seconds : 0);
	spindle_stream_close(stream);
	MemoryContextDelete(context);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * spindle_to_file(path, stream arguments, mode)
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
	char	   *mode = spindle_arg_text(fcinfo, 1 + SPINDLE_STREAM_NARGS, "mode");
	SpindleStreamArguments args;
	int			m = 0;

	spindle_stream_arguments(fcinfo, 1, &args);

	while (m < lengthof(modes) && strcmp(modes[m].name, mode) != 0)
		m++;
	if (m == lengthof(modes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"mode\": \"%s\"", mode),
				 errhint("Modes are \"w\" (replace), \"a\" (append) and \"x\" (must not exist).")));
	return deliver(fcinfo, &args, spindle_file_sink_create(path, modes[m].mode));
}
