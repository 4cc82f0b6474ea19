/*-------------------------------------------------------------------------
 *
 * stream.c
 *		The SQL function that gives events as rows.
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

#include "api/scan.h"
#include "api/stream_args.h"
#include "stream/pace.h"

PG_FUNCTION_INFO_V1(spindle_stream);
PG_FUNCTION_INFO_V1(spindle_stream_relation);

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
	values[2] = CStringGetTextDatum(event->feed->table_name);
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
 * All rows into a tuplestore.  This is what a function scan calls, which keeps
 * all rows before it shows the first; in most queries a scan node takes its
 * place (scan.c).
 */
static Datum
materialize(FunctionCallInfo fcinfo, SpindleSourceKind kind)
{
	const SpindleStreamNeeds needs = {.json = true,.arrivals = true};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleStreamArguments args;
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext oldcontext;
	SpindleStream *stream;
	SpindleEvent event;
	SpindlePace pace;
	StringInfoData json;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_stream", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	spindle_stream_arguments(fcinfo, 0, kind, &args);
	stream = spindle_stream_open(&args.source, &args.options, &needs, context);
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
 * spindle_stream(domain, table_name, stream arguments)
 *		One row per event, in the order of delivery.
 */
Datum
spindle_stream(PG_FUNCTION_ARGS)
{
	return materialize(fcinfo, SPINDLE_SOURCE_DOMAIN);
}

/*
 * spindle_stream(source, stream arguments)
 *		The same for a relation.
 */
Datum
spindle_stream_relation(PG_FUNCTION_ARGS)
{
	return materialize(fcinfo, SPINDLE_SOURCE_RELATION);
}
