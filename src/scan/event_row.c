/*-------------------------------------------------------------------------
 *
 * event_row.c
 *		Events as rows of spindle_stream().
 *
 * The columns are delivery_seq, seq, table, event time, arrival, whether it is
 * an anomaly, which one, and the event itself as JSON.  They are made one by
 * one, as far as somebody reads them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "scan/function_scan.h"

/*
 * spindle_utf8_datum
 *		A text in UTF-8 as a value of type text, or json, in the server's encoding,
 *		palloc'd.
 *
 * Raises untranslatable_character if the encoding lacks a character.
 */
Datum
spindle_utf8_datum(const char *data, int len)
{
	char	   *server = pg_any_to_server(data, len, PG_UTF8);

	return PointerGetDatum(cstring_to_text_with_len(server, server == data ? len : (int) strlen(server)));
}

/*
 * spindle_arrival_datum
 *		An arrival, in seconds since the start of the stream, as an interval rounded
 *		to microseconds.  The interval is palloc'd.
 */
Datum
spindle_arrival_datum(double seconds)
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
 *
 * buf must have been initialised, and its contents are lost.  The text is not
 * checked to be valid JSON, as we wrote it.  Raises untranslatable_character
 * if the server's encoding lacks a character.
 */
Datum
spindle_stream_event(SpindleStream *stream, const SpindleEvent *event, StringInfo buf)
{
	/* the object is written right behind the header of the value, set below */
	Assert(buf->maxlen > VARHDRSZ);
	buf->len = VARHDRSZ;
	spindle_stream_write(stream, event, buf);
	if (GetDatabaseEncoding() != PG_UTF8)
		return spindle_utf8_datum(buf->data + VARHDRSZ, buf->len - VARHDRSZ);
	SET_VARSIZE(buf->data, buf->len);
	return PointerGetDatum(buf->data);
}

/*
 * The name of a feed's table, which all its events have in common.  It is made
 * once, and lives as long as the feed.
 */
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
 *
 * values and nulls have SPINDLE_STREAM_COLUMNS - 1 entries or more.  Their
 * nulls are set for all columns, wanted or not.  Whether an event is an
 * anomaly is NULL, and its label too, if the options do not allow to show
 * labels.
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
		values[4] = spindle_arrival_datum(event->arrival);
	values[5] = BoolGetDatum(has_label);
	if (wanted[6] && has_label && options->label_anomalies)
		values[6] = spindle_utf8_datum(event->label, (int) strlen(event->label));
	nulls[0] = nulls[1] = nulls[2] = nulls[4] = false;
	nulls[3] = !event->has_time;
	nulls[5] = !options->label_anomalies;
	nulls[6] = !has_label || !options->label_anomalies;
}
