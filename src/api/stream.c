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

#include "api/args.h"
#include "compat.h"
#include "scan/scan.h"
#include "server/pace.h"
#include "server/progress.h"
#include "stream/options.h"

PG_FUNCTION_INFO_V1(spindle_stream);
PG_FUNCTION_INFO_V1(spindle_stream_seed_third);

/* A text in UTF-8 as a Datum in the server's encoding. */
static Datum
text_datum(const char *data, int len)
{
	char	   *server = pg_any_to_server(data, len, PG_UTF8);

	return PointerGetDatum(cstring_to_text_with_len(server, server == data ? len : (int) strlen(server)));
}

static Datum
arrival_datum(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (int64) floor(seconds * USECS_PER_SEC + 0.5);
	return IntervalPGetDatum(interval);
}

/*
 * spindle_stream_event
 *		An event as a value of type json, in the server's encoding.
 *
 * It lies in buf, which the caller keeps as long as the value, or where the
 * encoding differs in the current memory context.
 */
Datum
spindle_stream_event(SpindleStream *stream, const SpindleEvent *event, StringInfo buf)
{
	/* the object is written right behind the header of the value, set below */
	Assert(buf->maxlen > VARHDRSZ);
	buf->len = VARHDRSZ;
	spindle_stream_write(stream, event, buf);
	if (GetDatabaseEncoding() != PG_UTF8)
		return text_datum(buf->data + VARHDRSZ, buf->len - VARHDRSZ);
	SET_VARSIZE(buf->data, buf->len);
	return PointerGetDatum(buf->data);
}

/* The name of a feed's table, which all its events have in common. */
static Datum
table_name_datum(SpindleFeed *feed)
{
	if (feed->table_text == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(feed));

		feed->table_text = cstring_to_text(feed->table_name);
		MemoryContextSwitchTo(oldcontext);
	}
	return PointerGetDatum(feed->table_text);
}

/*
 * spindle_stream_row
 *		An event as a row of spindle_stream(), but for the column event.
 *
 * wanted says which columns to make; the others are left as they are.  What is
 * not passed by value lives as long as the feed, or is allocated in the current
 * context.
 */
void
spindle_stream_row(const SpindleEvent *event, const SpindleStreamOptions *options, const bool *wanted,
				   Datum *values, bool *nulls)
{
	const bool	has_label = event->label != NULL;

	if (wanted[0])
		values[0] = Int64GetDatum(event->delivery_seq);
	if (wanted[1])
		values[1] = Int64GetDatum(event->seq);
	if (wanted[2])
		values[2] = table_name_datum(event->feed);
	if (wanted[3])
		values[3] = TimestampTzGetDatum(event->time);
	if (wanted[4])
		values[4] = arrival_datum(event->arrival);
	values[5] = BoolGetDatum(has_label);
	if (wanted[6] && has_label && options->label_anomalies)
		values[6] = text_datum(event->label, (int) strlen(event->label));
	nulls[0] = nulls[1] = nulls[2] = nulls[4] = false;
	nulls[3] = !event->has_time;
	nulls[5] = !options->label_anomalies;
	nulls[6] = !has_label || !options->label_anomalies;
}

/*
 * spindle_stream(source, stream arguments)
 *		One row per event, in the order of delivery.
 *
 * This is what a function scan calls, which keeps all rows before it shows the
 * first; in most queries a scan node takes its place (scan.c).
 */
Datum
spindle_stream(PG_FUNCTION_ARGS)
{
	const SpindleStreamNeeds needs = {.json = true,.times = true,.arrivals = true};
	const bool	all[SPINDLE_STREAM_COLUMNS] = {true, true, true, true, true, true, true, true};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleStreamArguments args;
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext oldcontext;
	SpindleStream *stream;
	SpindleEvent event;
	SpindlePace pace;
	SpindleProgress progress;
	StringInfoData json;
	int64		delivered = 0;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_stream", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	(void) spindle_stream_arguments(fcinfo, 0, &args);
	stream = spindle_stream_open(&args.source, &args.options, &needs, context);
	initStringInfo(&json);
	spindle_progress_start(&progress, psprintf("streaming %s", spindle_stream_source_name(&args)),
						   spindle_stream_deliveries(stream), "events");
	MemoryContextSwitchTo(row_context);
	spindle_pace_start(&pace);
	while (spindle_stream_next(stream, &event))
	{
		Datum		values[SPINDLE_STREAM_COLUMNS];
		bool		nulls[SPINDLE_STREAM_COLUMNS];

		if (args.options.realtime)
			spindle_pace_wait(&pace, event.due);
		if (args.options.realtime || delivered % SPINDLE_PROGRESS_ROWS == 0)
			spindle_progress_report(&progress, delivered);
		delivered++;
		spindle_stream_row(&event, &args.options, all, values, nulls);
		values[SPINDLE_STREAM_EVENT] = spindle_stream_event(stream, &event, &json);
		nulls[SPINDLE_STREAM_EVENT] = false;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(oldcontext);
	spindle_progress_end(&progress);
	spindle_stream_close(stream);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/*
 * spindle_stream(domain, table_name, seed)
 *		An error: the third argument is the scale, and the fourth the seed.
 *
 * Without this form, such a call would be taken for one with a relation, a scale
 * and a seed, and fail where the server looks for the relation.
 */
Datum
spindle_stream_seed_third(PG_FUNCTION_ARGS)
{
	const char *source = spindle_arg_text(fcinfo, 0, "domain");
	const char *table = PG_ARGISNULL(1) ? "NULL" : quote_literal_cstr(spindle_arg_text(fcinfo, 1, "table_name"));
	const int64 seed = spindle_arg_int64(fcinfo, 2, "seed");

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("third argument of spindle_stream is not a scale: " INT64_FORMAT, seed),
			 spindle_is_relation_name(source) ?
			 errhint("To give a seed, write spindle_stream(%s, %s, seed => " INT64_FORMAT "), or for the relation of this "
					 "name spindle_stream(%s::regclass, seed => " INT64_FORMAT ").",
					 quote_literal_cstr(source), table, seed, quote_literal_cstr(source), seed) :
			 errhint("To give a seed, write spindle_stream(%s, %s, seed => " INT64_FORMAT ").",
					 quote_literal_cstr(source), table, seed)));
	PG_RETURN_NULL();
}
