/*-------------------------------------------------------------------------
 *
 * datum_value.c
 *		Datums as the values of columns, to look rows up by them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "gen/datum.h"

/* See SpindleDatumValue; the same of those below. */
static int64
value_of_int16(Datum datum)
{
	return DatumGetInt16(datum);
}

static int64
value_of_int32(Datum datum)
{
	return DatumGetInt32(datum);
}

static int64
value_of_int64(Datum datum)
{
	return DatumGetInt64(datum);
}

/* The address of its bytes, which live as long as the Datum. */
static int64
value_of_uuid(Datum datum)
{
	return (int64) (intptr_t) DatumGetUUIDP(datum);
}

/*
 * A text in UTF-8, in the current memory context.  What has no equivalent there has
 * the length -1, as it is no text of ours.
 *
 * For encodings that spindle_datum_value() takes.
 */
static int64
value_of_text(Datum datum)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(datum);
	SpindleText *text = palloc0(sizeof(SpindleText));
	const int	encoding = GetDatabaseEncoding();

	*text = (SpindleText) {.data = VARDATA_ANY(packed),.len = VARSIZE_ANY_EXHDR(packed),.id = -1};
	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
	{
		/* what does not fit the room, half a gigabyte, is longer than any of ours */
		const Size	room = Min((Size) text->len * pg_encoding_max_length(PG_UTF8) + 1, PG_INT32_MAX);
		unsigned char *data = MemoryContextAllocHuge(CurrentMemoryContext, room);
		Oid			function = FindDefaultConversionProc(encoding, PG_UTF8);

		text->len = pg_do_encoding_conversion_buf(function, encoding, PG_UTF8, (unsigned char *) text->data, text->len,
												  data, (int) room, true) < text->len ? -1 : (int32) strlen((char *) data);
		text->data = (char *) data;
	}
	return (int64) (intptr_t) text;
}

/* One entry for each type of model/type.c by whose values rows are looked up; texts aside. */
static const struct
{
	Oid			type;
	SpindleDatumValue value;
}			values[] =

{
	{INT2OID, value_of_int16},
	{INT4OID, value_of_int32},
	{INT8OID, value_of_int64},
	{UUIDOID, value_of_uuid},
	{DATEOID, value_of_int32},
	{TIMESTAMPOID, value_of_int64},
	{TIMESTAMPTZOID, value_of_int64},
	{TIMEOID, value_of_int64},
};

/*
 * Is it a type whose values are the texts themselves, each with one text in the
 * server's encoding and no other having the same?  Encodings of several bytes, but
 * for UTF-8, write some characters alike; a char(n) is the same with blanks at its
 * end; and another type of the server's may read texts as it likes.
 */
static bool
is_plain_text(const SpindleType *type)
{
	const int	encoding = GetDatabaseEncoding();

	return (type->oid == TEXTOID || type->oid == VARCHAROID) && type->sql_type == NULL &&
		(encoding == PG_UTF8 || pg_encoding_max_length(encoding) == 1);
}

/*
 * spindle_datum_value
 *		The function that turns a Datum of a type into a value that can be
 *		compared with those of a column; NULL if there is no such comparison.
 *
 * Integers of all sizes can be compared, and texts with and without a length; other
 * types, with their own only.  Values of texts are equal only under collations that
 * are deterministic.
 */
SpindleDatumValue
spindle_datum_value(const SpindleType *column, Oid type)
{
	const SpindleTypeOps *ops = spindle_type_of_oid(type);

	if (ops && column->ops->is_text)
		return (type == TEXTOID || type == VARCHAROID) && is_plain_text(column) ? value_of_text : NULL;
	if (ops == NULL || !(type == column->oid || (ops->is_integer && column->ops->is_integer)))
		return NULL;
	for (int i = 0; i < lengthof(values); i++)
		if (values[i].type == type)
			return values[i].value;
	return NULL;
}
