/*-------------------------------------------------------------------------
 *
 * json_writer.c
 *		Events as lines of JSON.
 *
 * Values go from their internal representation straight into the output: no
 * Datum, no output function, no escaping where the text is known.  The result
 * is UTF-8 whatever the server's encoding, and depends on no setting: times
 * are ISO 8601 in UTC, decimals have the digits of their scale, doubles the
 * fewest digits that read back the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/json.h"

#include "model/json_value.h"
#include "json/json_writer.h"

/*
 * Room for the fixed text behind the columns; a multiple of the 32 bytes that
 * are copied at once.
 */
#define MAX_TABLE_JSON	512

/* What a normal event tells of anomalies; less than MAX_SCALAR bytes. */
#define NO_LABEL	",\"_spindle_is_anomaly\":false,\"_spindle_anomaly_type\":null"

/* How a value is written. */
typedef enum WriterForm
{
	WRITE_INT,
	WRITE_DECIMAL,
	WRITE_FLOAT,
	WRITE_SINGLE,
	WRITE_BOOL,
	WRITE_DAY,
	WRITE_TIME,
	WRITE_CLOCK,
	WRITE_INTERVAL,
	WRITE_UUID,
	WRITE_TEXT,
	WRITE_FORMED,

	/* of formats of changes */
	WRITE_NUMBER,
	WRITE_DECIMAL_STRING,
	WRITE_STRING,
	WRITE_OTHER
} WriterForm;

/* One entry for each type of model/type.c. */
static const struct
{
	Oid			type;
	WriterForm	form;
	bool		is_utc;			/* of a time: with time zone */
}			forms[] =

{
	{INT2OID, WRITE_INT, false},
	{INT4OID, WRITE_INT, false},
	{INT8OID, WRITE_INT, false},
	{NUMERICOID, WRITE_DECIMAL, false},
	{FLOAT8OID, WRITE_FLOAT, false},
	{FLOAT4OID, WRITE_SINGLE, false},
	{BOOLOID, WRITE_BOOL, false},
	{TEXTOID, WRITE_TEXT, false},
	{VARCHAROID, WRITE_TEXT, false},
	{BPCHAROID, WRITE_FORMED, false},
	{BYTEAOID, WRITE_FORMED, false},
	{INETOID, WRITE_FORMED, false},
	{JSONBOID, WRITE_FORMED, false},
	{JSONOID, WRITE_FORMED, false},
	{UUIDOID, WRITE_UUID, false},
	{DATEOID, WRITE_DAY, false},
	{TIMESTAMPOID, WRITE_TIME, false},
	{TIMESTAMPTZOID, WRITE_TIME, true},
	{TIMEOID, WRITE_CLOCK, false},
	{INTERVALOID, WRITE_INTERVAL, false},
};

/* A column and how it is written.  Columns that are hidden have none. */
typedef struct WriterColumn
{
	/* changes per batch */
	const int64 *value;
	const bool *is_null;		/* or NULL */

	/* set at the beginning */
	const char *key_json;		/* comma, name and colon */
	int			key_json_len;
	WriterForm	form;
	const SpindleType *type;
	bool		is_utc;			/* of a time */
	int64		unit;			/* 10^scale */
	int64		add;			/* to a number */
	int			number;			/* in the table */
	int			handle;			/* of its vector */
	const SpindleVector *override;	/* taken in place of that, if not NULL */
} WriterColumn;

/*
 * A writer, with what all events of its table have in common ready to be
 * copied.
 */
struct SpindleJsonWriter
{
	SpindleEval *eval;
	const SpindleTable *table;
	int			ncolumns;
	WriterColumn *column;
	char		table_json[MAX_TABLE_JSON]; /* ,"_spindle_table":"name","_spindle_seq": */
	int			table_json_len;
	bool		with_labels;
	int			event_size;		/* bytes of an event without its texts, at
								 * most */
	JsonTimes	times;
	SpindleJsonOther other;		/* NULL unless a column needs it */
	void	   *other_arg;
	int		   *place;			/* where the columns of the last whole object
								 * begin in it, and behind the last one */
};

/*
 * Note how values of a column's type are written.  There is one for each type
 * that a definition can have.
 */
static void
set_form(WriterColumn *column, Oid type)
{
	for (int i = 0; i < lengthof(forms); i++)
	{
		if (forms[i].type != type)
			continue;
		column->form = forms[i].form;
		column->is_utc = forms[i].is_utc;
		return;
	}
	elog(ERROR, "type %u has no form in JSON", type);
}

/*
 * spindle_json_writer_create
 *		Prepare to write rows of a table that a program computes.
 *
 * with_labels adds the fields that tell of anomalies.  Adds all columns of the
 * table to the program; a writer without one (NULL) writes values that it is
 * handed, by the last functions here.  Allocates in the current memory context.
 *
 * The table must outlive the writer, as the JSON of column names is its own.
 */
SpindleJsonWriter *
spindle_json_writer_create(const SpindleTable *table, SpindleEval *eval, bool with_labels)
{
	SpindleJsonWriter *writer = palloc0(sizeof(SpindleJsonWriter));

	writer->eval = eval;
	writer->table = table;
	writer->column = palloc0(sizeof(WriterColumn) * table->ncolumns);
	writer->place = palloc0(sizeof(int) * (table->ncolumns + 1));
	for (int c = 0; c < table->ncolumns; c++)
	{
		WriterColumn *column = &writer->column[writer->ncolumns];

		if (table->column[c].hidden)
			continue;
		column->key_json = table->column[c].key_json;
		column->key_json_len = table->column[c].key_json_len;
		column->type = &table->column[c].type;
		column->number = c;
		column->handle = eval ? spindle_eval_add_column(eval, c) : -1;
		set_form(column, table->column[c].type.oid);
		column->unit = spindle_power_of_ten(table->column[c].type.scale);
		writer->event_size += table->column[c].key_json_len + MAX_SCALAR;
		writer->ncolumns++;
	}
	writer->table_json_len = snprintf(writer->table_json, MAX_TABLE_JSON,
									  ",\"_spindle_table\":%s,\"_spindle_seq\":", table->name_json);
	Assert(writer->table_json_len < MAX_TABLE_JSON);
	writer->with_labels = with_labels;
	writer->event_size += MAX_TABLE_JSON + 3 * MAX_SCALAR;
	init_times(&writer->times);
	return writer;
}

/*
 * spindle_json_writer_other
 *		What appends the values of columns that are set to SPINDLE_JSON_OTHER.
 */
void
spindle_json_writer_other(SpindleJsonWriter *writer, SpindleJsonOther other, void *arg)
{
	writer->other = other;
	writer->other_arg = arg;
}

/*
 * spindle_json_writer_form
 *		How to write the n'th column that is not hidden, from 0.
 *
 * add is what a number is shown larger by.  The column's type must be one that has
 * the form.
 */
void
spindle_json_writer_form(SpindleJsonWriter *writer, int n, SpindleJsonForm form, int64 add)
{
	static const WriterForm writer_forms[] = {
		[SPINDLE_JSON_NUMBER] = WRITE_NUMBER,
		[SPINDLE_JSON_DECIMAL_STRING] = WRITE_DECIMAL_STRING,
		[SPINDLE_JSON_STRING] = WRITE_STRING,
		[SPINDLE_JSON_OTHER] = WRITE_OTHER,
	};

	if (form != SPINDLE_JSON_EVENT)
		writer->column[n].form = writer_forms[form];
	writer->column[n].add = add;
}

/*
 * spindle_json_writer_batch
 *		Note that the program has computed another batch.
 *
 * Must be called after each computation of the program and before its first
 * event is written; vectors may have moved.
 */
void
spindle_json_writer_batch(SpindleJsonWriter *writer)
{
	for (int c = 0; c < writer->ncolumns; c++)
	{
		WriterColumn *column = &writer->column[c];
		const SpindleVector *vector = column->override ? column->override :
		spindle_eval_vector(writer->eval, column->handle);

		column->value = vector->value;
		column->is_null = vector->is_null;
	}
}

/*
 * spindle_json_writer_override
 *		From the next batch on, the values of a column are those of a vector that
 *		the caller fills.
 *
 * column is a number of the table.  NULL goes back to the values of the
 * program.  A hidden column, which is not written, is ignored.
 */
void
spindle_json_writer_override(SpindleJsonWriter *writer, int column, const SpindleVector *vector)
{
	for (int c = 0; c < writer->ncolumns; c++)
		if (writer->column[c].number == column)
			writer->column[c].override = vector;
}

/*
 * A text as a JSON string; those of a definition are ready.  more bytes must
 * fit behind it.  The result is the place behind it, which need not be in the
 * buffer that p was in.
 */
static char *
put_text(StringInfo out, char *p, const SpindleText *text, int more)
{
	out->len = (int) (p - out->data);
	if (text->json)
	{
		reserve(out, text->json_len + more);
		return put_short(out->data + out->len, text->json, text->json_len);
	}

	reserve(out, STRING_ROOM(text->len) + more);
	return put_string(out->data + out->len, text->data, text->len, false);
}

/*
 * A text with a form: those of the definition are ready, others must be values of
 * the type, and are written as it shows them.  The result is the place behind it,
 * where the rest of an event has room; what is needed on the way is freed.
 * row is told in errors.  Raises invalid_text_representation.
 */
static char *
put_formed(SpindleJsonWriter *writer, StringInfo out, char *p, const WriterColumn *column, const SpindleText *text,
		   int64 row)
{
	const SpindleTextForm *form = column->type->ops->form;
	char	   *data;
	char	   *canonical;
	char	   *shown;

	if (text->json)
		return put_text(out, p, text, writer->event_size);
	data = pnstrdup(text->data, text->len);
	canonical = form->canonical(column->type, data);
	if (canonical == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", column->type->name, data),
				 errcontext("column \"%s\" of generated table \"%s\", row " INT64_FORMAT,
							writer->table->column[column->number].name, writer->table->name,
							row)));
	shown = form->shown ? form->shown(column->type, canonical) : canonical;
	if (form->is_json)
	{
		out->len = (int) (p - out->data);
		reserve(out, (int) strlen(shown) + writer->event_size);
		p = put(out->data + out->len, shown, (int) strlen(shown));
	}
	else
	{
		const SpindleText plain = {.data = shown,.len = (int) strlen(shown)};

		p = put_text(out, p, &plain, writer->event_size);
	}
	pfree(data);
	if (shown != canonical)
		pfree(shown);
	pfree(canonical);
	return p;
}

/*
 * A text without a form of its own as a string with the escapes of the server.  One of
 * the definition is ready if it needs none.
 */
static char *
put_plain_string(SpindleJsonWriter *writer, StringInfo out, char *p, const SpindleText *text)
{
	if (text->json && text->json_len == text->len + 2)
		return put_text(out, p, text, writer->event_size);
	out->len = (int) (p - out->data);
	reserve(out, STRING_ROOM(text->len) + writer->event_size);
	return put_string(out->data + out->len, text->data, text->len, true);
}

/* A value that only the format can write. */
static char *
put_other(SpindleJsonWriter *writer, StringInfo out, char *p, const WriterColumn *column, int64 value)
{
	out->len = (int) (p - out->data);
	*p = '\0';
	writer->other(writer->other_arg, (int) (column - writer->column), value, out);
	reserve(out, writer->event_size);
	return out->data + out->len;
}

/*
 * A value of a column that is not NULL; row is told in errors.  The result is the
 * place behind it, where the rest of an event has room.
 */
static inline char *
put_value(SpindleJsonWriter *writer, StringInfo out, char *p, const WriterColumn *column, int64 value, int64 row)
{
	switch (column->form)
	{
		case WRITE_INT:
			p = put_int(p, value);
			break;
		case WRITE_DECIMAL:
			p = put_decimal_of(p, value, column->type, column->unit);
			break;
		case WRITE_FLOAT:
			p = put_float(p, value);
			break;
		case WRITE_SINGLE:
			p = put_single(p, value);
			break;
		case WRITE_BOOL:
			p = value ? put(p, "true", 4) : put(p, "false", 5);
			break;
		case WRITE_DAY:
			*p++ = '"';
			p = put_day(&writer->times, p, value);
			*p++ = '"';
			break;
		case WRITE_TIME:
			p = put_time(&writer->times, p, value, column->is_utc);
			break;
		case WRITE_CLOCK:
			p = put_clock(p, value);
			break;
		case WRITE_INTERVAL:
			p = put_interval(p, value);
			break;
		case WRITE_UUID:
			p = put_uuid(p, (const unsigned char *) (intptr_t) value);
			break;
		case WRITE_TEXT:
			p = put_text(out, p, (const SpindleText *) (intptr_t) value, writer->event_size);
			break;
		case WRITE_FORMED:
			p = put_formed(writer, out, p, column, (const SpindleText *) (intptr_t) value, row);
			break;
		case WRITE_NUMBER:
			p = put_int(p, value + column->add);
			break;
		case WRITE_DECIMAL_STRING:
			*p++ = '"';
			p = put_decimal_of(p, value, column->type, column->unit);
			*p++ = '"';
			break;
		case WRITE_STRING:
			p = put_plain_string(writer, out, p, (const SpindleText *) (intptr_t) value);
			break;
		case WRITE_OTHER:
			p = put_other(writer, out, p, column, value);
			break;
	}
	return p;
}

/*
 * spindle_json_labels
 *		Append the fields that tell of anomalies; label is in UTF-8, or NULL.
 *
 * Both fields are appended with a comma in front.  Anomalies have labels that
 * users choose, hence the escapes.
 */
void
spindle_json_labels(StringInfo out, const char *label)
{
	if (label == NULL)
		appendBinaryStringInfo(out, NO_LABEL, sizeof(NO_LABEL) - 1);
	else
	{
		appendStringInfoString(out, ",\"_spindle_is_anomaly\":true,\"_spindle_anomaly_type\":");
		escape_json(out, label);
	}
}

/*
 * spindle_json_writer_event
 *		Append the i'th row of the batch to out, as one object without line end.
 *
 * label is that of its anomaly, in UTF-8, or NULL.
 *
 * seq is the event's number, from 0.  time is its event time in UTC,
 * microseconds since 2000-01-01, and has no meaning unless has_time.  out
 * grows as needed and stays terminated.  Raises an error only if it would
 * exceed 1 GB.
 */
void
spindle_json_writer_event(SpindleJsonWriter *writer, StringInfo out, int i, int64 seq,
						  bool has_time, Timestamp time, const char *label)
{
	const WriterColumn *const end = writer->column + writer->ncolumns;
	const int64 row = spindle_eval_rows(writer->eval)[i];
	const int	start = out->len;
	char	   *p;

	reserve(out, writer->event_size);
	p = out->data + out->len;
	for (const WriterColumn *column = writer->column; column < end; column++)
	{
		int64		value = column->value[i];

		p = put_short(p, column->key_json, column->key_json_len);
		if (column->is_null && column->is_null[i])
		{
			p = put(p, "null", 4);
			continue;
		}
		p = put_value(writer, out, p, column, value, row);
	}

	out->data[start] = '{';		/* in place of the first comma */
	for (int k = 0; k < writer->table_json_len; k += 32)
		memcpy(p + k, writer->table_json + k, 32);
	p = put_unsigned(p + writer->table_json_len, seq);
	p = put(p, ",\"_spindle_event_time\":", 23);
	p = has_time ? put_time(&writer->times, p, time, true) : put(p, "null", 4);
	if (writer->with_labels && label == NULL)
		p = put(p, NO_LABEL, sizeof(NO_LABEL) - 1);
	else if (writer->with_labels)
	{
		out->len = (int) (p - out->data);
		spindle_json_labels(out, label);
		reserve(out, MAX_SCALAR);
		p = out->data + out->len;
	}
	*p++ = '}';
	*p = '\0';
	out->len = (int) (p - out->data);
}

/*
 * spindle_json_writer_value
 *		Append a value of the n'th column that is not hidden, from 0.
 *
 * row, the number of its row, is told in errors.  out stays terminated.
 */
void
spindle_json_writer_value(SpindleJsonWriter *writer, StringInfo out, int n, int64 value, bool is_null, int64 row)
{
	char	   *p;

	reserve(out, writer->event_size);
	p = out->data + out->len;
	p = is_null ? put(p, "null", 4) : put_value(writer, out, p, &writer->column[n], value, row);
	*p = '\0';
	out->len = (int) (p - out->data);
}

/*
 * spindle_json_writer_object
 *		Append an object of some columns, whose values stand in arrays of all
 *		that are not hidden.
 *
 * columns has ncolumns places in those arrays; NULL: all, in order.  row, the
 * number of the row, is told in errors.  out stays terminated.
 */
void
spindle_json_writer_object(SpindleJsonWriter *writer, StringInfo out, const int64 *value, const bool *is_null,
						   const int *columns, int ncolumns, int64 row)
{
	const int	start = out->len;
	char	   *p;

	reserve(out, writer->event_size);
	p = out->data + out->len;
	if (columns == NULL)
		ncolumns = writer->ncolumns;
	for (int k = 0; k < ncolumns; k++)
	{
		const int	n = columns ? columns[k] : k;
		const WriterColumn *column = &writer->column[n];

		if (columns == NULL)
			writer->place[n] = (int) (p - out->data) - start;
		p = put_short(p, column->key_json, column->key_json_len);
		p = is_null[n] ? put(p, "null", 4) : put_value(writer, out, p, column, value[n], row);
	}
	if (ncolumns == 0)
		*p++ = '{';
	else
		out->data[start] = '{'; /* in place of the first comma */
	if (columns == NULL)
		writer->place[ncolumns] = (int) (p - out->data) - start;
	*p++ = '}';
	*p = '\0';
	out->len = (int) (p - out->data);
}

/*
 * spindle_json_writer_again
 *		Append the last object of all columns again, which begins at a place of out,
 *		with other values of the columns that are marked.
 *
 * The rest is as for spindle_json_writer_object().
 */
void
spindle_json_writer_again(SpindleJsonWriter *writer, StringInfo out, int start, const int64 *value,
						  const bool *is_null, const bool *changed, int64 row)
{
	const int	end = writer->place[writer->ncolumns];
	int			done = 0;		/* of the old object */
	char	   *p;

	reserve(out, end + writer->event_size);
	p = out->data + out->len;
	for (int n = 0; n < writer->ncolumns; n++)
	{
		const WriterColumn *column = &writer->column[n];
		int			until;

		if (!changed[n])
			continue;
		until = writer->place[n] + column->key_json_len;
		p = put(p, out->data + start + done, until - done);
		p = is_null[n] ? put(p, "null", 4) : put_value(writer, out, p, column, value[n], row);
		done = writer->place[n + 1];

		/* a text made room for what follows other than this */
		out->len = (int) (p - out->data);
		reserve(out, end + writer->event_size);
		p = out->data + out->len;
	}
	p = put(p, out->data + start + done, end - done);
	*p++ = '}';
	*p = '\0';
	out->len = (int) (p - out->data);
}
