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
#include "model/model.h"

/* Pieces of a table's messages. */
#define TEXT_SOURCE		0		/* ,"schema":"...","table":"..." */
#define TEXT_SCHEMA		1		/* the schema of values, */
#define TEXT_KEY_SCHEMA	2		/* and of keys */
#define TEXT_COLLECTION	3		/* "schema.table", as a JSON string */

#define CONNECTOR		"postgresql"
/* What consumers take for the version of the connector. */
#define VERSION			"2.7.0.Final"

/*
 * spindle_debezium_prepare
 *		The constant pieces of a table's messages.
 */
void
spindle_debezium_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	FormatTable *entry = &formatter->tables[table->table->index];
	StringInfoData buf;

	entry->text[TEXT_SOURCE] = psprintf(",\"schema\":%s,\"table\":%s", entry->schema_json, entry->name_json);

	/* two JSON strings as one, with a point between */
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, entry->schema_json, (int) strlen(entry->schema_json) - 1);
	appendStringInfo(&buf, ".%s", entry->name_json + 1);
	entry->text[TEXT_COLLECTION] = buf.data;
}

/*
 * spindle_debezium_schema_prepare
 *		The same with schemas.
 */
void
spindle_debezium_schema_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	FormatTable *entry = &formatter->tables[table->table->index];

	spindle_debezium_prepare(formatter, table);
	entry->text[TEXT_SCHEMA] = spindle_debezium_schema(formatter, table);
	entry->text[TEXT_KEY_SCHEMA] = spindle_debezium_key_schema(formatter, table);
}

/* Some columns of a row as an object; all of them if columns is NULL. */
static void
append_row(SpindleFormatter *formatter, const SpindleImage *image, const int *columns, int ncolumns,
		   bool is_precise, StringInfo out)
{
	if (columns == NULL)
		ncolumns = image->table->ncolumns;
	appendStringInfoChar(out, '{');
	for (int i = 0; i < ncolumns; i++)
	{
		int			c = columns ? columns[i] : i;
		const SpindleColumn *column = image->table->column[c];

		/* key_json is a comma, the name and a colon */
		appendBinaryStringInfo(out, column->key_json + (i == 0), column->key_json_len - (i == 0));
		spindle_debezium_value(formatter, image, c, is_precise, out);
	}
	appendStringInfoChar(out, '}');
}

/* What a row was, as far as it is asked for. */
static void
append_before(SpindleFormatter *formatter, const SpindleChange *change, bool is_precise, StringInfo out)
{
	const SpindleImage *before = change->before;
	const SpindleChangeTable *table;
	int		   *columns;
	int			n = 0;

	if (before == NULL || (change->op == 'u' && formatter->options.before == SPINDLE_BEFORE_KEY))
	{
		appendStringInfoString(out, "null");
		return;
	}
	table = before->table;
	if (formatter->options.before == SPINDLE_BEFORE_KEY && table->nkeys > 0)
		append_row(formatter, before, table->key, table->nkeys, is_precise, out);
	else if (formatter->options.before == SPINDLE_BEFORE_CHANGED && change->op == 'u')
	{
		columns = palloc(sizeof(int) * (table->nkeys + table->ncolumns));
		for (int k = 0; k < table->nkeys; k++)
			columns[n++] = table->key[k];
		for (int c = 0; c < table->ncolumns; c++)
			if (change->changed[c])
				columns[n++] = c;
		append_row(formatter, before, columns, n, is_precise, out);
	}
	else
		append_row(formatter, before, NULL, 0, is_precise, out);
}

/* Both images of a row, as members. */
static void
append_images(SpindleFormatter *formatter, const SpindleChange *change, bool is_precise, StringInfo out)
{
	appendStringInfoString(out, "\"before\":");
	append_before(formatter, change, is_precise, out);
	appendStringInfoString(out, ",\"after\":");
	if (change->after)
		append_row(formatter, change->after, NULL, 0, is_precise, out);
	else
		appendStringInfoString(out, "null");
}

/*
 * A time in micro- and nanoseconds since 1970, as members.  From 2262 on 64 bits do
 * not hold the nanoseconds, which are optional.
 */
static void
append_fine_times(int64 usecs, StringInfo out)
{
	int64		nanoseconds;

	append_constant(out, "\"ts_us\":");
	append_number(out, usecs);
	append_constant(out, ",\"ts_ns\":");
	if (pg_mul_s64_overflow(usecs, 1000, &nanoseconds))
		append_constant(out, "null");
	else
		append_number(out, nanoseconds);
}

/* The members of "source". */
static void
append_source(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	int64		usecs = change_usecs(formatter, change);

	append_constant(out, "{\"version\":\"" VERSION "\",\"connector\":\"" CONNECTOR "\",\"name\":\"" SOURCE_NAME
					"\",\"ts_ms\":");
	append_number(out, floor_to(usecs, 1000));
	append_constant(out, ",\"snapshot\":");
	if (change->op == 'r')
		append_constant(out, "\"true\"");
	else
		append_constant(out, "\"false\"");
	append_constant(out, ",\"db\":");
	appendStringInfoString(out, formatter->database_json);
	append_constant(out, ",\"sequence\":\"[null,\\\"");
	append_position(out, change->position);
	append_constant(out, "\\\"]\",");
	append_fine_times(usecs, out);
	appendStringInfoString(out, formatter->tables[change->table].text[TEXT_SOURCE]);
	append_constant(out, ",\"txId\":");
	append_position(out, change->position);
	append_constant(out, ",\"lsn\":");
	append_position(out, change->position);
	append_constant(out, ",\"xmin\":null}");
}

/* The place in the transaction, if that is asked for. */
static void
append_transaction(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	if (!formatter->options.transaction_metadata)
		appendStringInfoString(out, "null");
	else
		appendStringInfo(out, "{\"id\":\"" UINT64_FORMAT ":" UINT64_FORMAT "\",\"total_order\":%d,"
						 "\"data_collection_order\":%d}",
						 change->position, change->position, change->txn_seq,
						 formatter->tables[change->table].in_transaction);
}

/* An envelope. */
static void
append_envelope(SpindleFormatter *formatter, const SpindleChange *change, bool is_precise, StringInfo out)
{
	int64		usecs = change_usecs(formatter, change);

	appendStringInfoChar(out, '{');
	append_images(formatter, change, is_precise, out);
	appendStringInfoString(out, ",\"source\":");
	append_source(formatter, change, out);
	appendStringInfoString(out, ",\"transaction\":");
	append_transaction(formatter, change, out);
	append_constant(out, ",\"op\":\"");
	appendStringInfoChar(out, change->op);
	append_constant(out, "\",\"ts_ms\":");
	append_number(out, floor_to(usecs, 1000));
	appendStringInfoChar(out, ',');
	append_fine_times(usecs, out);
	appendStringInfoChar(out, '}');
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
		append_row(formatter, image, table->key, table->nkeys, with_schema, out);
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
	append_envelope(formatter, change, with_schema, out);
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
	append_images(formatter, change, false, out);
	appendStringInfoString(out, "}}");
	messages->complete(messages);
	append_tombstone(formatter, change, false, messages);
	append_boundary(formatter, change, true, messages);
}
