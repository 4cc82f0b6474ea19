/*-------------------------------------------------------------------------
 *
 * debezium_schema.c
 *		Types and values of Debezium's messages.
 *
 * The types are those of Kafka Connect, with the names that Debezium's connector
 * for PostgreSQL gives them in its default modes; in messages without schema,
 * where nobody could tell bytes from text, decimals are strings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/base64.h"
#include "utils/json.h"

#include "compat.h"
#include "format/formatter.h"
#include "json/json_writer.h"
#include "model/model.h"

/* How a value is written. */
typedef enum ValueForm
{
	VALUE_PLAIN,				/* as in events */
	VALUE_STRING,				/* its text, as a string */
	VALUE_DECIMAL,
	VALUE_BYTES,				/* base64 of bytes that its text has in hexadecimal */
	VALUE_DAYS,					/* since 1970 */
	VALUE_USECS,				/* since 1970 */
	VALUE_NUMBER				/* the 64 bits as they are */
} ValueForm;

/* A type of Kafka Connect.  The name of a decimal depends on the column. */
typedef struct ConnectType
{
	Oid			type;
	const char *connect;
	const char *name;			/* semantic type, or NULL */
	ValueForm	form;
} ConnectType;

/* One entry for each type of model/type.c. */
static const ConnectType connect_types[] = {
	{INT2OID, "int16", NULL, VALUE_PLAIN},
	{INT4OID, "int32", NULL, VALUE_PLAIN},
	{INT8OID, "int64", NULL, VALUE_PLAIN},
	{NUMERICOID, "bytes", NULL, VALUE_DECIMAL},
	{FLOAT8OID, "double", NULL, VALUE_PLAIN},
	{FLOAT4OID, "float", NULL, VALUE_PLAIN},
	{BOOLOID, "boolean", NULL, VALUE_PLAIN},
	{TEXTOID, "string", NULL, VALUE_STRING},
	{VARCHAROID, "string", NULL, VALUE_STRING},
	{BPCHAROID, "string", NULL, VALUE_STRING},
	{BYTEAOID, "bytes", NULL, VALUE_BYTES},
	{INETOID, "string", NULL, VALUE_STRING},
	{JSONBOID, "string", "io.debezium.data.Json", VALUE_STRING},
	{JSONOID, "string", "io.debezium.data.Json", VALUE_STRING},
	{UUIDOID, "string", "io.debezium.data.Uuid", VALUE_STRING},
	{DATEOID, "int32", "io.debezium.time.Date", VALUE_DAYS},
	{TIMESTAMPOID, "int64", "io.debezium.time.MicroTimestamp", VALUE_USECS},
	{TIMESTAMPTZOID, "string", "io.debezium.time.ZonedTimestamp", VALUE_PLAIN},
	{TIMEOID, "int64", "io.debezium.time.MicroTime", VALUE_NUMBER},
	{INTERVALOID, "int64", "io.debezium.time.MicroDuration", VALUE_NUMBER},
};

/*
 * The entry of a column's type.  A type of the server beyond those has texts as
 * values, which are strings.
 */
static const ConnectType *
connect_type(const SpindleType *type)
{
	static const ConnectType text = {TEXTOID, "string", NULL, VALUE_STRING};

	if (type->sql_type)
		return &text;
	for (int i = 0; i < lengthof(connect_types); i++)
		if (connect_types[i].type == type->oid)
			return &connect_types[i];
	elog(ERROR, "type %u has no form in Kafka Connect", type->oid);
}

/* Bytes in base64, as a JSON string. */
static void
append_base64(const char *data, int len, StringInfo out)
{
	int			room = pg_b64_enc_len(len);

	appendStringInfoChar(out, '"');
	enlargeStringInfo(out, room + 1);
	out->len += spindle_b64_encode(data, len, out->data + out->len, room);
	out->data[out->len] = '\0';
	appendStringInfoChar(out, '"');
}

/* A decimal: bytes, with their scale where the schema does not tell it. */
static void
append_decimal(SpindleFormatter *formatter, const SpindleType *type, int64 value, StringInfo out)
{
	StringInfo	scratch = &formatter->scratch;
	int			scale;

	resetStringInfo(scratch);
	spindle_format_unscaled(type, value, &scale, scratch);
	if (type->digits < 0)
		appendStringInfo(out, "{\"scale\":%d,\"value\":", scale);
	append_base64(scratch->data, scratch->len, out);
	if (type->digits < 0)
		appendStringInfoChar(out, '}');
}

/* What a bytea's text, \x and hexadecimal digits, stands for. */
static void
append_bytes(SpindleFormatter *formatter, const SpindleType *type, int64 value, StringInfo out)
{
	StringInfo	scratch = &formatter->scratch;
	char	   *bytes;
	int			n;

	resetStringInfo(scratch);
	spindle_format_text(formatter, type, value, true, scratch);
	n = Max(scratch->len - 2, 0) / 2;
	bytes = palloc(n + 1);
	for (int i = 0; i < n; i++)
	{
		const char *pair = scratch->data + 2 + 2 * i;
		int			byte = 0;

		for (int k = 0; k < 2; k++)
			byte = byte * 16 + (pair[k] <= '9' ? pair[k] - '0' : (pair[k] | 0x20) - 'a' + 10);
		bytes[i] = (char) byte;
	}
	append_base64(bytes, n, out);
}

/* What a writer of rows calls for values that it has no form for. */
typedef struct OtherValues
{
	SpindleFormatter *formatter;
	const SpindleChangeTable *table;
} OtherValues;

/* Append such a value: see SpindleJsonOther. */
static void
append_other(void *arg, int n, int64 value, StringInfo out)
{
	const OtherValues *values = arg;
	const SpindleType *type = &values->table->column[n]->type;

	switch (connect_type(type)->form)
	{
		case VALUE_DECIMAL:
			append_decimal(values->formatter, type, value, out);
			break;
		case VALUE_BYTES:
			append_bytes(values->formatter, type, value, out);
			break;
		default:
			spindle_format_string(values->formatter, type, value, true, out);
			break;
	}
}

/* The form of a type's values, and what is added to numbers. */
static SpindleJsonForm
form_of(const SpindleType *type, bool is_precise, int64 *add)
{
	*add = 0;
	switch (connect_type(type)->form)
	{
		case VALUE_PLAIN:
			return SPINDLE_JSON_EVENT;
		case VALUE_STRING:
			/* events have a uuid as a string, too */
			if (type->kind == SPINDLE_UUID)
				return SPINDLE_JSON_EVENT;
			return type->kind == SPINDLE_TEXT && type->ops->form == NULL ? SPINDLE_JSON_STRING : SPINDLE_JSON_OTHER;
		case VALUE_DECIMAL:
			return is_precise ? SPINDLE_JSON_OTHER : SPINDLE_JSON_DECIMAL_STRING;
		case VALUE_DAYS:
			*add = UNIX_EPOCH_DAYS;
			return SPINDLE_JSON_NUMBER;
		case VALUE_USECS:
			*add = UNIX_EPOCH_USECS;
			return SPINDLE_JSON_NUMBER;
		case VALUE_NUMBER:
			return SPINDLE_JSON_NUMBER;
		case VALUE_BYTES:
			break;
	}
	return SPINDLE_JSON_OTHER;
}

/*
 * spindle_debezium_writer
 *		A writer of a table's rows, in the current memory context.
 *
 * is_precise is for messages with a schema.  To write raises what
 * spindle_format_text() does.
 */
SpindleJsonWriter *
spindle_debezium_writer(SpindleFormatter *formatter, const SpindleChangeTable *table, bool is_precise)
{
	SpindleJsonWriter *writer = spindle_json_writer_create(table->table, NULL, false);
	OtherValues *values = palloc(sizeof(OtherValues));

	*values = (OtherValues) {formatter, table};
	spindle_json_writer_other(writer, append_other, values);
	for (int c = 0; c < table->ncolumns; c++)
	{
		int64		add;
		SpindleJsonForm form = form_of(&table->column[c]->type, is_precise, &add);

		spindle_json_writer_form(writer, c, form, add);
	}
	return writer;
}

/* The schema of a column. */
static void
append_column_schema(const SpindleColumn *column, StringInfo out)
{
	const SpindleType *type = &column->type;
	const ConnectType *connect = connect_type(type);
	const char *optional = column->nullable ? "true" : "false";

	if (connect->form == VALUE_DECIMAL && type->digits < 0)
		appendStringInfo(out, "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":\"scale\"},"
						 "{\"type\":\"bytes\",\"optional\":false,\"field\":\"value\"}],\"optional\":%s,"
						 "\"name\":\"io.debezium.data.VariableScaleDecimal\",\"version\":1", optional);
	else
		appendStringInfo(out, "{\"type\":\"%s\",\"optional\":%s", connect->connect, optional);
	if (connect->form == VALUE_DECIMAL && type->digits >= 0)
		appendStringInfo(out, ",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,"
						 "\"parameters\":{\"scale\":\"%d\",\"connect.decimal.precision\":\"%d\"}",
						 type->digits, decimal_precision(type));
	else if (connect->name)
		appendStringInfo(out, ",\"name\":\"%s\",\"version\":1", connect->name);
	appendStringInfo(out, ",\"field\":%.*s}", column->key_json_len - 2, column->key_json + 1);
}

/*
 * The schema of a struct of columns, all if columns is NULL, with a name that ends
 * with suffix, as a field if field is not NULL.
 */
static void
append_row_schema(const SpindleFormatter *formatter, const SpindleChangeTable *table, const int *columns, int ncolumns,
				  const char *suffix, const char *field, StringInfo out)
{
	StringInfoData name;

	if (columns == NULL)
		ncolumns = table->ncolumns;
	appendStringInfoString(out, "{\"type\":\"struct\",\"fields\":[");
	for (int i = 0; i < ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		append_column_schema(table->column[columns ? columns[i] : i], out);
	}
	initStringInfo(&name);
	appendStringInfo(&name, SOURCE_NAME ".%s.%s.%s", formatter->tables[table->table->index].schema,
					 table->table->utf8_name, suffix);
	appendStringInfo(out, "],\"optional\":%s,\"name\":%s", field ? "true" : "false", spindle_formatter_quote(name.data));
	if (field)
		appendStringInfo(out, ",\"field\":\"%s\"", field);
	appendStringInfoChar(out, '}');
}

/*
 * spindle_debezium_key_schema
 *		The schema of a table's keys as JSON, palloc'd.
 */
char *
spindle_debezium_key_schema(const SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_row_schema(formatter, table, table->key, table->nkeys, "Key", NULL, &buf);
	return buf.data;
}

/*
 * spindle_debezium_schema
 *		The schema of a table's envelopes as JSON, palloc'd.
 */
char *
spindle_debezium_schema(const SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	StringInfoData buf;
	StringInfoData name;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "{\"type\":\"struct\",\"fields\":[");
	append_row_schema(formatter, table, NULL, 0, "Value", "before", &buf);
	appendStringInfoChar(&buf, ',');
	append_row_schema(formatter, table, NULL, 0, "Value", "after", &buf);
	appendStringInfoString(&buf, ",{\"type\":\"struct\",\"fields\":["
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"version\"},"
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"connector\"},"
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"name\"},"
						   "{\"type\":\"int64\",\"optional\":false,\"field\":\"ts_ms\"},"
						   "{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.data.Enum\",\"version\":1,"
						   "\"parameters\":{\"allowed\":\"true,first,first_in_data_collection,last_in_data_collection,"
						   "last,false,incremental\"},\"default\":\"false\",\"field\":\"snapshot\"},"
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"db\"},"
						   "{\"type\":\"string\",\"optional\":true,\"field\":\"sequence\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_us\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ns\"},"
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"schema\"},"
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"table\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"txId\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"lsn\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"xmin\"}],"
						   "\"optional\":false,\"name\":\"io.debezium.connector.postgresql.Source\",\"field\":\"source\"},"
						   "{\"type\":\"struct\",\"fields\":["
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"id\"},"
						   "{\"type\":\"int64\",\"optional\":false,\"field\":\"total_order\"},"
						   "{\"type\":\"int64\",\"optional\":false,\"field\":\"data_collection_order\"}],"
						   "\"optional\":true,\"name\":\"event.block\",\"version\":1,\"field\":\"transaction\"},"
						   "{\"type\":\"string\",\"optional\":false,\"field\":\"op\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ms\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_us\"},"
						   "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ns\"}],\"optional\":false,\"name\":");
	initStringInfo(&name);
	appendStringInfo(&name, SOURCE_NAME ".%s.%s.Envelope", formatter->tables[table->table->index].schema,
					 table->table->utf8_name);
	appendStringInfo(&buf, "%s,\"version\":2}", spindle_formatter_quote(name.data));
	return buf.data;
}
