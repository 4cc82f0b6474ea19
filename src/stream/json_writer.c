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

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"

#include "stream/json_writer.h"

/* More than any value takes that is not text. */
#define MAX_SCALAR	64

typedef struct WriterColumn
{
	const SpindleColumn *column;
	int			number;			/* in the table */
	SpindleKind kind;
	int			handle;			/* of its vector */
	const int64 *value;			/* of this batch */
	const bool *is_null;		/* or NULL */
	int64		unit;			/* 10^scale of a decimal */
} WriterColumn;

struct SpindleJsonWriter
{
	SpindleEval *eval;
	int			ncolumns;
	WriterColumn *column;
	char	   *table_json;		/* ,"_spindle_table":"name","_spindle_seq": */
	int			table_json_len;
	bool		with_labels;
	int			event_size;		/* bytes of an event without its texts, at
								 * most */
	Timestamp	time;			/* the time last written ... */
	char		time_text[40];	/* ... as in JSON, without Z and quotes */
	int			time_len;
	int64		day;			/* the date last written ... */
	char		day_text[16];	/* ... as YYYY-MM-DD */
	int			day_len;
};

/*
 * spindle_json_writer_create
 *		Prepare to write rows of a table that a program computes.
 *
 * with_labels adds the fields that tell of anomalies.  Adds all columns of the
 * table to the program.  Allocates in the current
 * memory context.
 */
SpindleJsonWriter *
spindle_json_writer_create(const SpindleTable *table, SpindleEval *eval, bool with_labels)
{
	SpindleJsonWriter *writer = palloc0(sizeof(SpindleJsonWriter));

	writer->eval = eval;
	writer->column = palloc0(sizeof(WriterColumn) * table->ncolumns);
	for (int c = 0; c < table->ncolumns; c++)
	{
		WriterColumn *column = &writer->column[writer->ncolumns];

		if (table->column[c].hidden)
			continue;
		column->column = &table->column[c];
		column->number = c;
		column->handle = spindle_eval_add_column(eval, c);
		column->kind = table->column[c].type.kind;
		column->unit = spindle_power_of_ten(table->column[c].type.scale);
		writer->event_size += table->column[c].key_json_len + MAX_SCALAR;
		writer->ncolumns++;
	}
	writer->table_json = psprintf(",\"_spindle_table\":\"%s\",\"_spindle_seq\":", table->name);
	writer->table_json_len = (int) strlen(writer->table_json);
	writer->with_labels = with_labels;
	writer->event_size += writer->table_json_len + 3 * MAX_SCALAR;
	writer->day = PG_INT64_MAX;
	writer->time = DT_NOEND;
	return writer;
}

static void
set_vector(WriterColumn *column, const SpindleVector *vector)
{
	column->value = vector->value;
	column->is_null = vector->is_null;
}

/*
 * spindle_json_writer_batch
 *		Note that the program has computed another batch.
 */
void
spindle_json_writer_batch(SpindleJsonWriter *writer)
{
	for (int c = 0; c < writer->ncolumns; c++)
		set_vector(&writer->column[c], spindle_eval_vector(writer->eval, writer->column[c].handle));
}

/*
 * spindle_json_writer_override
 *		Take the values of this batch that anomalies have changed.
 */
void
spindle_json_writer_override(SpindleJsonWriter *writer, const SpindleAnomalies *anomalies)
{
	for (int c = 0; c < writer->ncolumns; c++)
	{
		const SpindleVector *changed = spindle_anomalies_vector(anomalies, writer->column[c].number);

		if (changed)
			set_vector(&writer->column[c], changed);
	}
}

/* Room for n bytes; the function call is for the rare case only. */
static inline void
reserve(StringInfo out, int n)
{
	if (out->maxlen - out->len <= n)
		enlargeStringInfo(out, n);
}

static inline char *
put(char *p, const char *data, int len)
{
	memcpy(p, data, len);
	return p + len;
}

/*
 * The same for data that is mostly short, has 32 bytes to be read and goes
 * where as many can be written: a copy of fixed size needs no call.
 */
static inline char *
put_short(char *p, const char *data, int len)
{
	if (len > 32)
		return put(p, data, len);
	memcpy(p, data, 32);
	return p + len;
}

static inline char *
put_two(char *p, int value)
{
	p[0] = '0' + value / 10;
	p[1] = '0' + value % 10;
	return p + 2;
}

static inline char *
put_int(char *p, int64 value)
{
	uint64		u = (uint64) value;

	if (value < 0)
	{
		*p++ = '-';
		u = -u;
	}
	return p + pg_ulltoa_n(u, p);
}

static inline char *
put_decimal(char *p, int64 value, int scale, int64 unit)
{
	uint64		u = (uint64) value;
	uint64		fraction;

	if (value < 0)
	{
		*p++ = '-';
		u = -u;
	}
	if (scale == 2)
	{
		/* money: a division by a constant is much cheaper */
		p += pg_ulltoa_n(u / 100, p);
		*p++ = '.';
		return put_two(p, (int) (u % 100));
	}
	p += pg_ulltoa_n(u / unit, p);
	if (scale == 0)
		return p;
	*p++ = '.';
	fraction = u % unit;
	for (int i = scale - 1; i >= 0; i--)
	{
		p[i] = '0' + fraction % 10;
		fraction /= 10;
	}
	return p + scale;
}

/* NaN and the infinities are not numbers in JSON: strings, as to_json has it. */
static char *
put_float(char *p, int64 bits)
{
	double		d;

	memcpy(&d, &bits, sizeof(d));
	if (isnan(d))
		return put(p, "\"NaN\"", 5);
	if (isinf(d))
		return d < 0 ? put(p, "\"-Infinity\"", 11) : put(p, "\"Infinity\"", 10);
	return p + double_to_shortest_decimal_bufn(d, p);
}

/* Most events of a batch share their date, so it is written out once. */
static char *
put_day(SpindleJsonWriter *writer, char *p, int64 day)
{
	if (day != writer->day)
	{
		int			y,
					m,
					d;

		j2date((int) day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
		writer->day_len = snprintf(writer->day_text, sizeof(writer->day_text), "%04d-%02d-%02d", y, m, d);
		writer->day = day;
	}
	return put(p, writer->day_text, writer->day_len);
}

/* An event's own time mostly is one of its columns, so it is kept too. */
static char *
put_time(SpindleJsonWriter *writer, char *p, Timestamp t, bool is_utc)
{
	if (t != writer->time)
	{
		int64		day = t >= 0 ? t / USECS_PER_DAY : -((USECS_PER_DAY - 1 - t) / USECS_PER_DAY);
		int64		usec = t - day * USECS_PER_DAY;
		int			seconds = (int) (usec / USECS_PER_SEC);
		char	   *q = put_day(writer, writer->time_text, day);

		usec %= USECS_PER_SEC;
		*q++ = 'T';
		q = put_two(q, seconds / SECS_PER_HOUR);
		*q++ = ':';
		q = put_two(q, seconds / SECS_PER_MINUTE % MINS_PER_HOUR);
		*q++ = ':';
		q = put_two(q, seconds % SECS_PER_MINUTE);
		if (usec != 0)
		{
			int			fraction = (int) usec;

			*q++ = '.';
			q = put_two(q, fraction / 10000);
			q = put_two(q, fraction / 100 % 100);
			q = put_two(q, fraction % 100);
			while (q[-1] == '0')
				q--;
		}
		writer->time_len = (int) (q - writer->time_text);
		writer->time = t;
	}
	*p++ = '"';
	p = put_short(p, writer->time_text, writer->time_len);
	if (is_utc)
		*p++ = 'Z';
	*p++ = '"';
	return p;
}

/*
 * A text as a JSON string; those of a definition are ready.  more bytes must
 * fit behind it.
 */
static char *
put_text(StringInfo out, char *p, const SpindleText *text, int more)
{
	static const char hex[] = "0123456789abcdef";

	out->len = (int) (p - out->data);
	if (text->json)
	{
		reserve(out, text->json_len + more);
		return put_short(out->data + out->len, text->json, text->json_len);
	}

	/* six bytes per character at worst: \u00XX */
	reserve(out, text->len * 6 + 2 + more);
	p = out->data + out->len;
	*p++ = '"';
	for (int i = 0; i < text->len; i++)
	{
		unsigned char c = (unsigned char) text->data[i];

		if (c == '"' || c == '\\')
		{
			*p++ = '\\';
			*p++ = c;
		}
		else if (c < 0x20)
		{
			p = put(p, "\\u00", 4);
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
		else
			*p++ = c;
	}
	*p++ = '"';
	return p;
}

/*
 * spindle_json_writer_event
 *		Append the i'th row of the batch to out, as one object without line end.
 *
 * label is that of its anomaly, in UTF-8, or NULL.
 */
void
spindle_json_writer_event(SpindleJsonWriter *writer, StringInfo out, int i, int64 seq,
						  bool has_time, Timestamp time, const char *label)
{
	char	   *p;

	reserve(out, writer->event_size);
	p = out->data + out->len;
	for (int c = 0; c < writer->ncolumns; c++)
	{
		const WriterColumn *column = &writer->column[c];
		char	   *key = p;
		int64		value = column->value[i];

		p = put_short(p, column->column->key_json, column->column->key_json_len);
		if (c == 0)
			*key = '{';			/* in place of the comma */
		if (column->is_null && column->is_null[i])
		{
			p = put(p, "null", 4);
			continue;
		}
		switch (column->kind)
		{
			case SPINDLE_INT:
				p = put_int(p, value);
				break;
			case SPINDLE_DECIMAL:
				p = put_decimal(p, value, column->column->type.scale, column->unit);
				break;
			case SPINDLE_FLOAT:
				p = put_float(p, value);
				break;
			case SPINDLE_BOOL:
				p = value ? put(p, "true", 4) : put(p, "false", 5);
				break;
			case SPINDLE_DATE:
				*p++ = '"';
				p = put_day(writer, p, value);
				*p++ = '"';
				break;
			case SPINDLE_TIMESTAMP:
				p = put_time(writer, p, value, column->column->type.oid == TIMESTAMPTZOID);
				break;
			case SPINDLE_TEXT:
				p = put_text(out, p, (const SpindleText *) (intptr_t) value, writer->event_size);
				break;
		}
	}

	p = put(p, writer->table_json, writer->table_json_len);
	p = put_int(p, seq);
	p = put(p, ",\"_spindle_event_time\":", 23);
	p = has_time ? put_time(writer, p, time, true) : put(p, "null", 4);
	if (writer->with_labels)
	{
		out->len = (int) (p - out->data);
		if (label == NULL)
			appendStringInfoString(out, ",\"_spindle_is_anomaly\":false,\"_spindle_anomaly_type\":null");
		else
		{
			appendStringInfoString(out, ",\"_spindle_is_anomaly\":true,\"_spindle_anomaly_type\":");
			escape_json(out, label);
		}
		reserve(out, MAX_SCALAR);
		p = out->data + out->len;
	}
	*p++ = '}';
	*p = '\0';
	out->len = (int) (p - out->data);
}
