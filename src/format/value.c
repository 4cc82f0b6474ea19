/*-------------------------------------------------------------------------
 *
 * value.c
 *		Values as texts, literals and bytes.
 *
 * Texts are those of the types' output functions with DateStyle ISO in UTC,
 * whatever the session has set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/json.h"

#include "format/formatter.h"
#include "model/json_value.h"
#include "model/model.h"

/* Bytes of an unscaled decimal: 18 digits and as many zeros as a scale may add. */
#define UNSCALED_BYTES	40

/* What put_scalar() wrote in quotes, without them. */
static void
append_unquoted(StringInfo out, const char *start, const char *end)
{
	if (end > start && *start == '"')
	{
		start++;
		end--;
	}
	appendBinaryStringInfo(out, start, (int) (end - start));
}

/*
 * spindle_format_time
 *		Append a time as the server prints it: "2024-01-02 03:04:05.6".
 */
void
spindle_format_time(SpindleFormatter *formatter, Timestamp time, StringInfo out)
{
	char		buf[MAX_SCALAR];
	char	   *end = put_time(&formatter->times, buf, time, false);

	buf[11] = ' ';
	append_unquoted(out, buf, end);
}

/* A text that is put together from others is brought into its type's form. */
static void
append_text(const SpindleType *type, const SpindleText *text, StringInfo out)
{
	const SpindleTextForm *form = type->ops->form;
	char	   *data;
	char	   *shown;

	if (form == NULL)
	{
		appendBinaryStringInfo(out, text->data, text->len);
		return;
	}
	data = form->canonical(type, pnstrdup(text->data, text->len));
	if (data == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", type->name, pnstrdup(text->data, text->len))));
	shown = form->shown ? form->shown(type, data) : data;
	appendStringInfoString(out, shown);
}

/*
 * spindle_format_text
 *		Append a value, not NULL, of a type as its output function prints it, in
 *		UTF-8.
 *
 * Times with time zone end with +00 if has_zone.  Allocates in the current memory
 * context on the way.  Raises invalid_text_representation if a text is no value of
 * its column's type.
 */
void
spindle_format_text(SpindleFormatter *formatter, const SpindleType *type, int64 value, bool has_zone, StringInfo out)
{
	char		buf[MAX_SCALAR];

	if (type->kind == SPINDLE_TEXT)
		append_text(type, (const SpindleText *) (intptr_t) value, out);
	else if (type->kind == SPINDLE_TIMESTAMP)
	{
		spindle_format_time(formatter, value, out);
		if (has_zone && type->ops->is_utc)
			appendStringInfoString(out, "+00");
	}
	else
		append_unquoted(out, buf, put_scalar(&formatter->times, buf, type, value));
}

/*
 * spindle_format_string
 *		The same as a JSON string.
 */
void
spindle_format_string(SpindleFormatter *formatter, const SpindleType *type, int64 value, bool has_zone, StringInfo out)
{
	if (type->kind != SPINDLE_TEXT)
	{
		/* nothing in it needs an escape */
		appendStringInfoChar(out, '"');
		spindle_format_text(formatter, type, value, has_zone, out);
		appendStringInfoChar(out, '"');
		return;
	}
	if (type->ops->form == NULL)
	{
		const SpindleText *text = (const SpindleText *) (intptr_t) value;

		if (text->json && text->json_len == text->len + 2)
		{
			/* its string has no escapes either */
			appendBinaryStringInfo(out, text->json, text->json_len);
			return;
		}
		reserve(out, STRING_ROOM(text->len));
		out->len = (int) (put_string(out->data + out->len, text->data, text->len, true) - out->data);
		out->data[out->len] = '\0';
		return;
	}
	resetStringInfo(&formatter->scratch);
	spindle_format_text(formatter, type, value, has_zone, &formatter->scratch);
	escape_json(out, formatter->scratch.data);
}

/*
 * spindle_format_is_plain
 *		Is a value a number or boolean that stands in JSON, and in SQL, without
 *		quotes?
 */
bool
spindle_format_is_plain(const SpindleType *type, int64 value)
{
	double		d;

	if (type->kind == SPINDLE_FLOAT)
	{
		memcpy(&d, &value, sizeof(d));
		return isfinite(d);
	}
	return type->kind == SPINDLE_INT || type->kind == SPINDLE_DECIMAL || type->kind == SPINDLE_BOOL;
}

/*
 * spindle_format_literal
 *		Append a value as a constant of SQL, with standard_conforming_strings.
 */
void
spindle_format_literal(SpindleFormatter *formatter, const SpindleImage *image, int column, StringInfo out)
{
	const SpindleType *type = &image->table->column[column]->type;
	const int64 value = image->value[column];

	if (image->is_null[column])
	{
		appendStringInfoString(out, "NULL");
		return;
	}
	if (spindle_format_is_plain(type, value))
	{
		spindle_format_text(formatter, type, value, true, out);
		return;
	}
	resetStringInfo(&formatter->scratch);
	spindle_format_text(formatter, type, value, true, &formatter->scratch);
	appendStringInfoChar(out, '\'');
	for (const char *p = formatter->scratch.data; *p; p++)
	{
		if (*p == '\'')
			appendStringInfoChar(out, '\'');
		appendStringInfoChar(out, *p);
	}
	appendStringInfoChar(out, '\'');
}

/*
 * spindle_format_unscaled
 *		Append the unscaled value of a decimal as bytes of a two's complement number,
 *		the highest first and as few as hold it; *scale is the scale that it has.
 *
 * The value is a number times 10^-type->scale; the result has the scale that the
 * type shows, or no zeros at the end if it shows as few digits as it can.
 */
void
spindle_format_unscaled(const SpindleType *type, int64 value, int *scale, StringInfo out)
{
	uint8		bytes[UNSCALED_BYTES] = {0};	/* the lowest first */
	bool		is_negative = value < 0;
	uint64		magnitude;
	int			zeros = 0;
	int			n = UNSCALED_BYTES;

	*scale = type->scale;
	if (type->digits < 0)
		*scale = spindle_shortest_scale(&value, type->scale);
	else
	{
		zeros = type->digits - type->scale;
		*scale = type->digits;
	}
	magnitude = is_negative ? -(uint64) value : (uint64) value;
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8) (magnitude >> (8 * i));
	while (zeros-- > 0)
	{
		unsigned	carry = 0;

		for (int i = 0; i < UNSCALED_BYTES; i++)
		{
			carry += bytes[i] * 10;
			bytes[i] = (uint8) carry;
			carry >>= 8;
		}
	}
	if (is_negative)
	{
		unsigned	carry = 1;

		for (int i = 0; i < UNSCALED_BYTES; i++)
		{
			carry += (uint8) ~bytes[i];
			bytes[i] = (uint8) carry;
			carry >>= 8;
		}
	}

	/* a byte that repeats the sign of the one below it says nothing */
	while (n > 1 && bytes[n - 1] == (is_negative ? 0xFF : 0) && (bytes[n - 2] >> 7) == is_negative)
		n--;
	while (n > 0)
		appendStringInfoCharMacro(out, (char) bytes[--n]);
}
