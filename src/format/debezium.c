/*-------------------------------------------------------------------------
 *
 * debezium.c
 *		Changes as Debezium's connector for PostgreSQL writes them, with and
 *		without schema, and as CloudEvents.
 *
 * Fields are those of Debezium 2 and 3.  Where the connector asks its server, the
 * change answers: "lsn" and "txId" are the position of the transaction, "ts_ms",
 * inside and outside of "source", is the event time, and "db" is the domain.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/json.h"

#include "format/formatter.h"
#include "json/json_writer.h"
#include "model/model.h"

/* Pieces of a table's messages. */
#define TEXT_SOURCE		0		/* ,"schema":"...","table":"..." */
#define TEXT_SCHEMA		1		/* the schema of values, */
#define TEXT_KEY_SCHEMA	2		/* and of keys */
#define TEXT_COLLECTION	3		/* "schema.table", as a JSON string */

#define CONNECTOR		"postgresql"
/* What consumers take for the version of the connector. */
#define VERSION			"2.7.0.Final"

/* More bytes than all strings of an envelope that are constant. */
#define CONSTANTS_SIZE	512

/* The constant pieces of a table's messages, and a writer of its rows. */
static void
prepare(SpindleFormatter *formatter, const SpindleChangeTable *table, bool with_schema)
{
	FormatTable *entry = &formatter->tables[table->table->index];
	StringInfoData buf;

	entry->text[TEXT_SOURCE] = psprintf(",\"schema\":%s,\"table\":%s", entry->schema_json, entry->name_json);
	entry->source_len = (int) strlen(entry->text[TEXT_SOURCE]);
	if (formatter->database_text == NULL)
	{
		formatter->database_text = psprintf(",\"db\":%s,\"sequence\":\"[null,\\\"", formatter->database_json);
		formatter->database_len = (int) strlen(formatter->database_text);
	}
	entry->size = CONSTANTS_SIZE + 12 * MAX_SCALAR + entry->source_len + formatter->database_len;

	/* two JSON strings as one, with a point between */
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, entry->schema_json, (int) strlen(entry->schema_json) - 1);
	appendStringInfo(&buf, ".%s", entry->name_json + 1);
	entry->text[TEXT_COLLECTION] = buf.data;
	entry->writer = spindle_debezium_writer(formatter, table, with_schema);
}

/*
 * spindle_debezium_prepare
 *		What the messages of a table have in common.
 */
void
spindle_debezium_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	prepare(formatter, table, false);
}

/*
 * spindle_debezium_schema_prepare
 *		The same with schemas.
 */
void
spindle_debezium_schema_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	FormatTable *entry = &formatter->tables[table->table->index];

	prepare(formatter, table, true);
	entry->text[TEXT_SCHEMA] = spindle_debezium_schema(formatter, table);
	entry->text[TEXT_KEY_SCHEMA] = spindle_debezium_key_schema(formatter, table);
}

/* Copy a constant string; its length is known when this is compiled. */
#define put_constant(p, string) put(p, string, sizeof(string) - 1)

/* Some columns of a row as an object; all of them if columns is NULL. */
static void
append_row(SpindleFormatter *formatter, const SpindleImage *image, const int *columns, int ncolumns, StringInfo out)
{
	spindle_json_writer_object(formatter->tables[image->table->table->index].writer, out, image->value, image->is_null,
							   columns, ncolumns, image->row);
}

/* What a row was, as far as it is asked for; returns whether that is all of it. */
static bool
append_before(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	const SpindleImage *before = change->before;
	const SpindleChangeTable *table;
	int		   *columns;
	int			n = 0;

	if (before == NULL || (change->op == 'u' && formatter->options.before == SPINDLE_BEFORE_KEY))
	{
		append_constant(out, "null");
		return false;
	}
	table = before->table;
	if (formatter->options.before == SPINDLE_BEFORE_KEY && table->nkeys > 0)
		append_row(formatter, before, table->key, table->nkeys, out);
	else if (formatter->options.before == SPINDLE_BEFORE_CHANGED && change->op == 'u')
	{
		columns = palloc(sizeof(int) * (table->nkeys + table->ncolumns));
		for (int k = 0; k < table->nkeys; k++)
			columns[n++] = table->key[k];
		for (int c = 0; c < table->ncolumns; c++)
			if (change->changed[c])
				columns[n++] = c;
		append_row(formatter, before, columns, n, out);
	}
	else
	{
		append_row(formatter, before, NULL, 0, out);
		return true;
	}
	return false;
}

/*
 * Both images of a row, as members.  The second one differs from the first in what the
 * change has changed only.
 */
static void
append_images(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	const SpindleImage *after = change->after;
	int			start;
	bool		is_whole;

	append_constant(out, "\"before\":");
	start = out->len;
	is_whole = append_before(formatter, change, out);
	append_constant(out, ",\"after\":");
	if (after == NULL)
		append_constant(out, "null");
	else if (is_whole)
		spindle_json_writer_again(formatter->tables[change->table].writer, out, start, after->value, after->is_null,
								  change->changed, after->row);
	else
		append_row(formatter, after, NULL, 0, out);
}

/*
 * Set the digits of a time, microseconds since 1970.  From 2262 on 64 bits do not hold
 * the nanoseconds, which are optional.
 */
static void
set_time_digits(FormatDigits *digits, int64 usecs)
{
	char	   *p = digits->fine;
	int64		nanoseconds;

	digits->usecs = usecs;
	digits->ms_len = (int) (put_int(digits->ms, floor_to(usecs, 1000)) - digits->ms);
	p = put_constant(p, "\"ts_us\":");
	p = put_int(p, usecs);
	p = put_constant(p, ",\"ts_ns\":");
	if (pg_mul_s64_overflow(usecs, 1000, &nanoseconds))
		p = put_constant(p, "null");
	else
		p = put_int(p, nanoseconds);
	digits->fine_len = (int) (p - digits->fine);
}

/* The digits of a change's time and position. */
static const FormatDigits *
digits_of(SpindleFormatter *formatter, const SpindleChange *change)
{
	FormatDigits *digits = &formatter->digits;
	const int64 usecs = change_usecs(formatter, change);

	if (!digits->is_set || digits->usecs != usecs)
		set_time_digits(digits, usecs);
	if (!digits->is_set || digits->position != change->position)
	{
		digits->position = change->position;
		digits->position_len = (int) (put_unsigned(digits->position_text, change->position) - digits->position_text);
	}
	digits->is_set = true;
	return digits;
}

/* "source", as a member behind others. */
static char *
put_source(SpindleFormatter *formatter, const SpindleChange *change, const FormatDigits *digits, char *p)
{
	const FormatTable *entry = &formatter->tables[change->table];

	p = put_constant(p, ",\"source\":{\"version\":\"" VERSION "\",\"connector\":\"" CONNECTOR "\",\"name\":\""
					 SOURCE_NAME "\",\"ts_ms\":");
	p = put_short(p, digits->ms, digits->ms_len);
	if (change->op == 'r')
		p = put_constant(p, ",\"snapshot\":\"true\"");
	else
		p = put_constant(p, ",\"snapshot\":\"false\"");
	p = put(p, formatter->database_text, formatter->database_len);
	p = put_short(p, digits->position_text, digits->position_len);
	p = put_constant(p, "\\\"]\",");
	p = put(p, digits->fine, digits->fine_len);
	p = put(p, entry->text[TEXT_SOURCE], entry->source_len);
	p = put_constant(p, ",\"txId\":");
	p = put_short(p, digits->position_text, digits->position_len);
	p = put_constant(p, ",\"lsn\":");
	p = put_short(p, digits->position_text, digits->position_len);
	return put_constant(p, ",\"xmin\":null},\"transaction\":");
}

/* The place in the transaction, if that is asked for. */
static char *
put_transaction(SpindleFormatter *formatter, const SpindleChange *change, const FormatDigits *digits, char *p)
{
	if (!formatter->options.transaction_metadata)
		return put_constant(p, "null");
	p = put_constant(p, "{\"id\":\"");
	p = put_short(p, digits->position_text, digits->position_len);
	*p++ = ':';
	p = put_short(p, digits->position_text, digits->position_len);
	p = put_constant(p, "\",\"total_order\":");
	p = put_int(p, change->txn_seq);
	p = put_constant(p, ",\"data_collection_order\":");
	p = put_int(p, formatter->tables[change->table].in_transaction);
	*p++ = '}';
	return p;
}

/* An envelope. */
static void
append_envelope(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	const FormatDigits *digits = digits_of(formatter, change);
	char	   *p;

	appendStringInfoCharMacro(out, '{');
	append_images(formatter, change, out);
	reserve(out, formatter->tables[change->table].size);
	p = out->data + out->len;
	p = put_source(formatter, change, digits, p);
	p = put_transaction(formatter, change, digits, p);
	p = put_constant(p, ",\"op\":\"");
	*p++ = change->op;
	p = put_constant(p, "\",\"ts_ms\":");
	p = put_short(p, digits->ms, digits->ms_len);
	*p++ = ',';
	p = put(p, digits->fine, digits->fine_len);
	*p++ = '}';
	*p = '\0';
	out->len = (int) (p - out->data);
}

/* The key of a message, and what separates it, if they are asked for. */
static void
append_key(SpindleFormatter *formatter, const SpindleChange *change, bool with_schema, StringInfo out)
{
	const SpindleImage *image = change_image(change);
	const SpindleChangeTable *table = image->table;
	const bool	has_schema = with_schema && table->nkeys > 0;

	if (formatter->options.key_separator == NULL)
		return;
	if (has_schema)
		appendStringInfo(out, "{\"schema\":%s,\"payload\":",
						 formatter->tables[change->table].text[TEXT_KEY_SCHEMA]);
	if (table->nkeys == 0)
		appendStringInfoString(out, "null");
	else
		append_row(formatter, image, table->key, table->nkeys, out);
	if (has_schema)
		appendStringInfoChar(out, '}');
	appendStringInfoString(out, formatter->options.key_separator);
}

/*
 * A message of the topic of transactions, at the beginning or end of one.  Such
 * messages have no schema; "transaction" in the envelope has.
 */
static void
append_boundary(SpindleFormatter *formatter, const SpindleChange *change, bool is_end, SpindleMessages *messages)
{
	StringInfo	out = messages->out;
	bool		first = true;

	if (!formatter->options.transaction_metadata || (is_end ? !change->txn_last : change->txn_seq != 1))
		return;
	if (formatter->options.key_separator)
		appendStringInfo(out, "{\"id\":\"" UINT64_FORMAT ":" UINT64_FORMAT "\"}%s", change->position, change->position,
						 formatter->options.key_separator);
	appendStringInfo(out, "{\"status\":\"%s\",\"id\":\"" UINT64_FORMAT ":" UINT64_FORMAT "\",\"ts_ms\":" INT64_FORMAT,
					 is_end ? "END" : "BEGIN", change->position, change->position,
					 floor_to(change_usecs(formatter, change), 1000));
	if (!is_end)
		appendStringInfoString(out, ",\"event_count\":null,\"data_collections\":null}");
	else
	{
		appendStringInfo(out, ",\"event_count\":%d,\"data_collections\":[", change->txn_seq);
		for (int t = 0; t < formatter->domain->ntables; t++)
		{
			const FormatTable *entry = &formatter->tables[t];

			if (entry->in_transaction == 0)
				continue;
			appendStringInfo(out, "%s{\"data_collection\":%s,\"event_count\":%d}", first ? "" : ",",
							 entry->text[TEXT_COLLECTION], entry->in_transaction);
			first = false;
		}
		appendStringInfoString(out, "]}");
	}
	messages->complete(messages);
}

/*
 * The message without a value that tells Kafka to forget a key: nothing behind
 * the separator, and null where there is none.
 */
static void
append_tombstone(SpindleFormatter *formatter, const SpindleChange *change, bool with_schema, SpindleMessages *messages)
{
	if (change->op != 'd' || !formatter->options.tombstones)
		return;
	append_key(formatter, change, with_schema, messages->out);
	if (formatter->options.key_separator == NULL)
		appendStringInfoString(messages->out, "null");
	messages->complete(messages);
}

/* The messages of a change. */
static void
append_change(SpindleFormatter *formatter, const SpindleChange *change, bool with_schema, SpindleMessages *messages)
{
	StringInfo	out = messages->out;

	append_boundary(formatter, change, false, messages);
	append_key(formatter, change, with_schema, out);
	if (with_schema)
		appendStringInfo(out, "{\"schema\":%s,\"payload\":", formatter->tables[change->table].text[TEXT_SCHEMA]);
	append_envelope(formatter, change, out);
	if (with_schema)
		appendStringInfoChar(out, '}');
	messages->complete(messages);
	append_tombstone(formatter, change, with_schema, messages);
	append_boundary(formatter, change, true, messages);
}

/*
 * spindle_debezium_change
 *		An envelope without schema; decimals are strings, as with
 *		decimal.handling.mode = string.
 */
void
spindle_debezium_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	append_change(formatter, change, false, messages);
}

/*
 * spindle_debezium_schema_change
 *		The same with its schema; decimals are bytes, as with the precise mode.
 */
void
spindle_debezium_schema_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	append_change(formatter, change, true, messages);
}

/*
 * spindle_cloudevents_change
 *		A CloudEvents 1.0 event in structured mode, with Debezium's extension
 *		attributes.
 */
void
spindle_cloudevents_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	StringInfo	out = messages->out;
	int64		usecs = change_usecs(formatter, change);
	const FormatTable *entry = &formatter->tables[change->table];
	char		time[MAX_SCALAR];

	append_boundary(formatter, change, false, messages);
	append_key(formatter, change, false, out);
	*put_time(&formatter->times, time, usecs - UNIX_EPOCH_USECS, true) = '\0';
	appendStringInfo(out, "{\"id\":\"name:" SOURCE_NAME ";lsn:" UINT64_FORMAT ";txId:" UINT64_FORMAT ";order:%d\","
					 "\"source\":\"/debezium/" CONNECTOR "/" SOURCE_NAME "\",\"specversion\":\"1.0\","
					 "\"type\":\"io.debezium.connector." CONNECTOR ".DataChangeEvent\",\"time\":%s,"
					 "\"datacontenttype\":\"application/json\",\"iodebeziumop\":\"%c\","
					 "\"iodebeziumversion\":\"" VERSION "\",\"iodebeziumconnector\":\"" CONNECTOR "\","
					 "\"iodebeziumname\":\"" SOURCE_NAME "\",\"iodebeziumtsms\":\"" INT64_FORMAT "\","
					 "\"iodebeziumsnapshot\":\"%s\",\"iodebeziumdb\":%s,\"iodebeziumschema\":%s,\"iodebeziumtable\":%s,"
					 "\"iodebeziumtxId\":\"" UINT64_FORMAT "\",\"iodebeziumlsn\":\"" UINT64_FORMAT "\"",
					 change->position, change->position, change->txn_seq, time, change->op, floor_to(usecs, 1000),
					 change->op == 'r' ? "true" : "false", formatter->database_json, entry->schema_json,
					 entry->name_json, change->position, change->position);
	if (formatter->options.transaction_metadata)
		appendStringInfo(out, ",\"iodebeziumtxid\":\"" UINT64_FORMAT ":" UINT64_FORMAT "\","
						 "\"iodebeziumtxtotalorder\":\"%d\",\"iodebeziumtxdatacollectionorder\":\"%d\"",
						 change->position, change->position, change->txn_seq, entry->in_transaction);
	appendStringInfoString(out, ",\"data\":{");
	append_images(formatter, change, out);
	appendStringInfoString(out, "}}");
	messages->complete(messages);
	append_tombstone(formatter, change, false, messages);
	append_boundary(formatter, change, true, messages);
}
