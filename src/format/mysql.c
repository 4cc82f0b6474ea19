/*-------------------------------------------------------------------------
 *
 * mysql.c
 *		Changes as Maxwell and Canal write those of MySQL.
 *
 * Both show of an updated row what was different before, and of a deleted one the
 * row; times are texts in UTC.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/json.h"

#include "format/formatter.h"
#include "model/model.h"

/* Pieces of Canal's messages of a table. */
#define TEXT_TYPES		0		/* from "pkNames" to "mysqlType" */

/* A type in MySQL, and its number in java.sql.Types. */
typedef struct MysqlType
{
	Oid			type;
	const char *name;
	int			jdbc;
} MysqlType;

/* One entry for each type of model/type.c. */
static const MysqlType mysql_types[] = {
	{INT2OID, "smallint", 5},
	{INT4OID, "int", 4},
	{INT8OID, "bigint", -5},
	{NUMERICOID, "decimal", 3},
	{FLOAT8OID, "double", 8},
	{FLOAT4OID, "float", 7},
	{BOOLOID, "tinyint(1)", -7},
	{TEXTOID, "text", 2005},
	{VARCHAROID, "varchar", 12},
	{BPCHAROID, "char", 1},
	{BYTEAOID, "blob", 2004},
	{INETOID, "varchar(43)", 12},
	{JSONBOID, "json", 12},
	{JSONOID, "json", 12},
	{UUIDOID, "char(36)", 1},
	{DATEOID, "date", 91},
	{TIMESTAMPOID, "datetime(6)", 93},
	{TIMESTAMPTZOID, "timestamp(6)", 93},
	{TIMEOID, "time(6)", 92},
	{INTERVALOID, "varchar(64)", 12},
};

/* The key of a message, and what separates it, if they are asked for. */
static void
append_key(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	if (formatter->options.key_separator == NULL)
		return;
	spindle_formatter_key(formatter, change, out);
	appendStringInfoString(out, formatter->options.key_separator);
}

/* Nothing behind the separator, or null, for a deleted key. */
static void
append_tombstone(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	if (change->op != 'd' || !formatter->options.tombstones)
		return;
	append_key(formatter, change, messages->out);
	if (formatter->options.key_separator == NULL)
		appendStringInfoString(messages->out, "null");
	messages->complete(messages);
}

/*
 * A row as an object, or what of it is marked; numbers and booleans as such unless
 * all are to be strings.
 */
static void
append_row(SpindleFormatter *formatter, const SpindleImage *image, const bool *marked, bool as_strings, StringInfo out)
{
	bool		first = true;

	appendStringInfoChar(out, '{');
	for (int c = 0; c < image->table->ncolumns; c++)
	{
		const SpindleColumn *column = image->table->column[c];

		if (marked && !marked[c])
			continue;
		appendBinaryStringInfo(out, column->key_json + first, column->key_json_len - first);
		first = false;
		if (image->is_null[c])
			append_constant(out, "null");
		else if (!as_strings && spindle_format_is_plain(&column->type, image->value[c]))
			spindle_format_text(formatter, &column->type, image->value[c], false, out);
		else
			spindle_format_string(formatter, &column->type, image->value[c], false, out);
	}
	appendStringInfoChar(out, '}');
}

/*
 * spindle_maxwell_change
 *		Maxwell's message.  The last one of a transaction says so; with metadata,
 *		the others have their number, from 0.
 */
void
spindle_maxwell_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	StringInfo	out = messages->out;
	const char *type = change->op == 'u' ? "update" : change->op == 'd' ? "delete" :
		change->op == 'r' ? "bootstrap-insert" : "insert";

	append_key(formatter, change, out);
	appendStringInfo(out, "{\"database\":%s,\"table\":%s,\"type\":\"%s\",\"ts\":" INT64_FORMAT ",\"xid\":" UINT64_FORMAT,
					 formatter->database_json, formatter->tables[change->table].name_json, type,
					 floor_to(change_usecs(formatter, change), USECS_PER_SEC), change->position);
	if (change->txn_last)
		appendStringInfoString(out, ",\"commit\":true");
	else if (formatter->options.transaction_metadata)
		appendStringInfo(out, ",\"xoffset\":%d", change->txn_seq - 1);
	appendStringInfoString(out, ",\"data\":");
	append_row(formatter, change_image(change), NULL, false, out);
	if (change->op == 'u')
	{
		appendStringInfoString(out, ",\"old\":");
		append_row(formatter, change->before, change->changed, false, out);
	}
	appendStringInfoChar(out, '}');
	messages->complete(messages);
	append_tombstone(formatter, change, messages);
}

/* The type of a column in MySQL; texts for those that it does not have. */
static const MysqlType *
mysql_type(const SpindleType *type)
{
	static const MysqlType text = {TEXTOID, "text", 2005};

	if (type->sql_type)
		return &text;
	for (int i = 0; i < lengthof(mysql_types); i++)
		if (mysql_types[i].type == type->oid)
			return &mysql_types[i];
	elog(ERROR, "type %u has no form in MySQL", type->oid);
}

/* The same with its parameters. */
static void
append_type(const SpindleType *type, StringInfo out)
{
	appendStringInfoString(out, mysql_type(type)->name);
	if (type->sql_type)
		return;
	if (type->length > 0)
		appendStringInfo(out, "(%d)", type->length);
	else if (type->digits >= 0 && type->kind == SPINDLE_DECIMAL)
		appendStringInfo(out, "(%d,%d)", decimal_precision(type), type->digits);
}

/*
 * spindle_canal_prepare
 *		The members that are the same in all messages of a table.
 */
void
spindle_canal_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "\"pkNames\":[");
	for (int k = 0; k < table->nkeys; k++)
	{
		const SpindleColumn *column = table->column[table->key[k]];

		appendStringInfo(&buf, "%s%.*s", k == 0 ? "" : ",", column->key_json_len - 2, column->key_json + 1);
	}
	appendStringInfoString(&buf, "],\"isDdl\":false,\"sqlType\":{");
	for (int c = 0; c < table->ncolumns; c++)
		appendStringInfo(&buf, "%s%d", table->column[c]->key_json + (c == 0), mysql_type(&table->column[c]->type)->jdbc);
	appendStringInfoString(&buf, "},\"mysqlType\":{");
	for (int c = 0; c < table->ncolumns; c++)
	{
		appendStringInfo(&buf, "%s\"", table->column[c]->key_json + (c == 0));
		append_type(&table->column[c]->type, &buf);
		appendStringInfoChar(&buf, '"');
	}
	appendStringInfoChar(&buf, '}');
	formatter->tables[table->table->index].text[TEXT_TYPES] = buf.data;
}

/*
 * spindle_canal_change
 *		Canal's flat message; all values are strings.  What Canal numbers by batches
 *		is the position of the transaction.
 */
void
spindle_canal_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	const FormatTable *entry = &formatter->tables[change->table];
	int64		milliseconds = floor_to(change_usecs(formatter, change), 1000);
	StringInfo	out = messages->out;

	append_key(formatter, change, out);
	appendStringInfo(out, "{\"id\":" UINT64_FORMAT ",\"database\":%s,\"table\":%s,%s,\"type\":\"%s\",\"es\":" INT64_FORMAT
					 ",\"ts\":" INT64_FORMAT ",\"sql\":\"\",\"data\":[",
					 change->position, formatter->database_json, entry->name_json, entry->text[TEXT_TYPES],
					 change->op == 'u' ? "UPDATE" : change->op == 'd' ? "DELETE" : "INSERT",
					 milliseconds, milliseconds);
	append_row(formatter, change_image(change), NULL, true, out);
	appendStringInfoString(out, "],\"old\":");
	if (change->op == 'u')
	{
		appendStringInfoChar(out, '[');
		append_row(formatter, change->before, change->changed, true, out);
		appendStringInfoString(out, "]}");
	}
	else
		appendStringInfoString(out, "null}");
	messages->complete(messages);
	append_tombstone(formatter, change, messages);
}
