/*-------------------------------------------------------------------------
 *
 * wal2json.c
 *		Changes as the output plugin wal2json writes them.
 *
 * Version 2 has an object for each change, and one at the beginning and end of a
 * transaction; version 1 has one for the whole transaction.  With metadata of
 * transactions they are as with the plugin's options include-xids,
 * include-timestamp and include-lsn.  Rows that are there from the start are
 * inserts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlogdefs.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "format/formatter.h"
#include "model/model.h"

/* Pieces of a table's messages. */
#define TEXT_RELATION	0		/* ,"schema":"...","table":"..." */
#define TEXT_TYPES		1		/* names of its columns' types as JSON strings, with
								 * a comma between; those of TEXT_KEY_TYPES are */
#define TEXT_KEY_TYPES	2		/* of its key */

/* The type of a column as wal2json names it, as a JSON string. */
static const char *
type_json(const SpindleType *type)
{
	return spindle_formatter_quote(type->sql_type ? type->sql_type :
								   format_type_with_typemod(type->oid, type->typmod));
}

/* The types of some columns of a table, all if columns is NULL. */
static char *
type_list(const SpindleChangeTable *table, const int *columns, int ncolumns)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&buf, "%s%s", i == 0 ? "" : ",", type_json(&table->column[columns ? columns[i] : i]->type));
	return buf.data;
}

/*
 * spindle_wal2json_prepare
 *		The constant pieces of a table's messages.
 */
void
spindle_wal2json_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	FormatTable *entry = &formatter->tables[table->table->index];

	entry->text[TEXT_RELATION] = psprintf(",\"schema\":%s,\"table\":%s", entry->schema_json, entry->name_json);
	entry->text[TEXT_TYPES] = type_list(table, NULL, table->ncolumns);
	entry->text[TEXT_KEY_TYPES] = type_list(table, table->key, table->nkeys);
	entry->column_text = palloc(sizeof(char *) * Max(table->ncolumns, 1));
	for (int c = 0; c < table->ncolumns; c++)
		entry->column_text[c] = psprintf("{\"name\":%.*s,\"type\":%s,\"value\":", table->column[c]->key_json_len - 2,
										 table->column[c]->key_json + 1, type_json(&table->column[c]->type));
	entry->identity_column = palloc(sizeof(int) * Max(table->ncolumns, 1));
	if (formatter->options.before == SPINDLE_BEFORE_KEY && table->nkeys > 0)
	{
		entry->identity = table->nkeys;
		memcpy(entry->identity_column, table->key, sizeof(int) * table->nkeys);
	}
	else
	{
		entry->identity = table->ncolumns;
		for (int c = 0; c < table->ncolumns; c++)
			entry->identity_column[c] = c;
	}
}

/* A column's name as a JSON string, which key_json has between a comma and a colon. */
static void
append_name(const SpindleColumn *column, StringInfo out)
{
	appendBinaryStringInfo(out, column->key_json + 1, column->key_json_len - 2);
}

/* Numbers and booleans as they are, all else as strings. */
static void
append_value(SpindleFormatter *formatter, const SpindleImage *image, int c, StringInfo out)
{
	const SpindleType *type = &image->table->column[c]->type;

	if (image->is_null[c])
		append_constant(out, "null");
	else if (spindle_format_is_plain(type, image->value[c]))
		spindle_format_text(formatter, type, image->value[c], true, out);
	else
		spindle_format_string(formatter, type, image->value[c], true, out);
}

/* Columns as an array of objects, each with name, type and value. */
static void
append_columns(SpindleFormatter *formatter, const SpindleImage *image, const int *columns, int ncolumns,
			   StringInfo out)
{
	appendStringInfoChar(out, '[');
	for (int i = 0; i < ncolumns; i++)
	{
		int			c = columns ? columns[i] : i;

		if (i > 0)
			appendStringInfoChar(out, ',');
		appendStringInfoString(out, formatter->tables[image->table->table->index].column_text[c]);
		append_value(formatter, image, c, out);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

/* Number, time and place of a transaction, if they are asked for; lsn is its name. */
static void
append_transaction(SpindleFormatter *formatter, const SpindleChange *change, const char *lsn, StringInfo out)
{
	if (!formatter->options.transaction_metadata)
		return;
	appendStringInfo(out, ",\"xid\":" UINT64_FORMAT ",\"timestamp\":\"", change->position);
	spindle_format_time(formatter, change_usecs(formatter, change) - UNIX_EPOCH_USECS, out);
	appendStringInfo(out, "+00\",\"%s\":\"%X/%X\"", lsn, LSN_FORMAT_ARGS(change->position));
}

/* The message at the beginning or end of a transaction. */
static void
append_boundary(SpindleFormatter *formatter, const SpindleChange *change, char action, SpindleMessages *messages)
{
	append_constant(messages->out, "{\"action\":\"");
	appendStringInfoChar(messages->out, action);
	appendStringInfoChar(messages->out, '"');
	append_transaction(formatter, change, "lsn", messages->out);
	appendStringInfoChar(messages->out, '}');
	messages->complete(messages);
}

/*
 * spindle_wal2json_change
 *		Messages of version 2.
 */
void
spindle_wal2json_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	const FormatTable *entry = &formatter->tables[change->table];
	StringInfo	out = messages->out;

	if (change->txn_seq == 1)
		append_boundary(formatter, change, 'B', messages);
	append_constant(out, "{\"action\":\"");
	appendStringInfoChar(out, change->op == 'u' ? 'U' : change->op == 'd' ? 'D' : 'I');
	appendStringInfoChar(out, '"');
	append_transaction(formatter, change, "lsn", out);
	appendStringInfoString(out, entry->text[TEXT_RELATION]);
	if (change->after)
	{
		appendStringInfoString(out, ",\"columns\":");
		append_columns(formatter, change->after, NULL, change->after->table->ncolumns, out);
	}
	if (change->before)
	{
		appendStringInfoString(out, ",\"identity\":");
		append_columns(formatter, change->before, entry->identity_column, entry->identity, out);
	}
	appendStringInfoChar(out, '}');
	messages->complete(messages);
	if (change->txn_last)
		append_boundary(formatter, change, 'C', messages);
}

/* Names, types and values as arrays, called prefix and "names" and so on. */
static void
append_arrays(SpindleFormatter *formatter, const SpindleImage *image, const int *columns, int ncolumns,
			  const char *prefix, const char *types, StringInfo out)
{
	appendStringInfo(out, "\"%snames\":[", prefix);
	for (int i = 0; i < ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		append_name(image->table->column[columns ? columns[i] : i], out);
	}
	appendStringInfo(out, "],\"%stypes\":[%s],\"%svalues\":[", prefix, types, prefix);
	for (int i = 0; i < ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		append_value(formatter, image, columns ? columns[i] : i, out);
	}
	appendStringInfoChar(out, ']');
}

/*
 * spindle_wal2json_v1_change
 *		The message of version 1, complete with the last change of a transaction.
 */
void
spindle_wal2json_v1_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	const FormatTable *entry = &formatter->tables[change->table];
	const SpindleChangeTable *table = entry->table;
	StringInfo	out = &formatter->pending;

	if (change->txn_seq == 1)
	{
		resetStringInfo(out);
		appendStringInfoChar(out, '{');
		append_transaction(formatter, change, "nextlsn", out);
		appendStringInfoString(out, ",\"change\":[");

		/* the first member needs no comma before it */
		memmove(out->data + 1, out->data + 2, out->len - 1);
		out->len--;
	}
	else
		appendStringInfoChar(out, ',');
	appendStringInfo(out, "{\"kind\":\"%s\"%s", change->op == 'u' ? "update" : change->op == 'd' ? "delete" : "insert",
					 entry->text[TEXT_RELATION]);
	if (change->after)
	{
		appendStringInfoChar(out, ',');
		append_arrays(formatter, change->after, NULL, table->ncolumns, "column", entry->text[TEXT_TYPES], out);
	}
	if (change->before)
	{
		appendStringInfoString(out, ",\"oldkeys\":{");
		append_arrays(formatter, change->before, entry->identity_column, entry->identity, "key",
					  entry->text[entry->identity == table->ncolumns ? TEXT_TYPES : TEXT_KEY_TYPES], out);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, '}');
	if (!change->txn_last)
		return;
	appendStringInfoString(out, "]}");
	appendBinaryStringInfo(messages->out, out->data, out->len);
	messages->complete(messages);
}
