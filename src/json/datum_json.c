/*-------------------------------------------------------------------------
 *
 * datum_json.c
 *		Values of any SQL type as JSON.
 *
 * Numbers, booleans, dates, times and texts are written here, in the form that
 * events of generated tables have.  All other types are as to_json() gives
 * them, without the spaces and line ends that a value of type json or jsonb
 * brings along, so that an event stays one line.  The output is UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "json/datum_json.h"
#include "model/model.h"

/*
 * spindle_datum_json_init
 *		Prepare to write values of a type.
 *
 * Allocates in context, which must live as long as *json.
 *
 * type may be any; domains are written as their base types.
 */
void
spindle_datum_json_init(SpindleDatumJson *json, Oid type, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	json->base_type = getBaseType(type);
	init_times(&json->times);
	json->scratch = AllocSetContextCreate(context, "spindle value", ALLOCSET_SMALL_SIZES);

	/* to_json() learns the type of its argument from the call's expression */
	fmgr_info_cxt(F_TO_JSON, &json->to_json, context);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSON, JSONOID,
											 list_make1(makeNullConst(type, -1, InvalidOid)),
											 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL), &json->to_json);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Append a text in the server's encoding as a JSON string in UTF-8.
 * Characters above 0x7f stay as they are, unescaped.  Raises
 * program_limit_exceeded if it cannot fit into a buffer of 1 GB.
 */
static void
write_text(StringInfo out, const char *data, int len)
{
	char	   *utf8 = pg_server_to_any(data, len, PG_UTF8);
	int			n = utf8 == data ? len : (int) strlen(utf8);
	char	   *p;

	if (n > (MaxAllocSize - 16) / 6 || out->len > (int) (MaxAllocSize - 16) - n * 6)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a text of %d bytes is too long for an event", n)));
	reserve(out, STRING_ROOM(n));
	p = put_string(out->data + out->len, utf8, n, false);
	*p = '\0';
	out->len = (int) (p - out->data);
}

/*
 * A text in the server's encoding as a JSON string in UTF-8, palloc'd.  It is
 * terminated, and has its quotes.
 */
char *
spindle_json_quote(const char *text)
{
	StringInfoData buf;

	initStringInfo(&buf);
	write_text(&buf, text, (int) strlen(text));
	return buf.data;
}

/*
 * Append a value as to_json() has it, for types without a way of their own.
 *
 * Raises what the type's output function or its cast to json does.
 */
static void
write_by_to_json(SpindleDatumJson *json, StringInfo out, Datum value)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(json->scratch);
	text	   *result = DatumGetTextPP(FunctionCall1(&json->to_json, value));
	char	   *data = VARDATA_ANY(result);
	int			len = VARSIZE_ANY_EXHDR(result);
	char	   *utf8 = pg_server_to_any(data, len, PG_UTF8);

	spindle_json_compact(out, utf8, utf8 == data ? len : (int) strlen(utf8));
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(json->scratch);
}

/* Append a numeric with all its digits, as its output function has it. */
static void
write_numeric(SpindleDatumJson *json, StringInfo out, Datum value)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(json->scratch);
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, value));

	/* NaN and the infinities are not numbers in JSON */
	appendStringInfo(out, isdigit((unsigned char) text[text[0] == '-' ? 1 : 0]) ? "%s" : "\"%s\"", text);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(json->scratch);
}

/*
 * Years that have four digits; others, and the infinities, are rare.  time is
 * in microseconds since 2000-01-01.
 */
static bool
is_common_time(Timestamp time)
{
	static const int64 first = (int64) (1721426 - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;	/* 0001-01-01 */
	static const int64 end = (int64) (5373485 - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;	/* 10000-01-01 */

	return time >= first && time < end;
}

/*
 * spindle_json_time
 *		Append a time as a string; UTC ones end with Z.
 *
 * Infinite ones and those beyond the years 1 to 9999 are as to_json() has
 * them.  times is what was written last, of the same stream of values or of
 * another; see init_times().
 */
void
spindle_json_time(JsonTimes *times, StringInfo out, Timestamp time, bool is_utc)
{
	char		buf[MAXDATELEN + 1];
	int			utc = 0;

	if (is_common_time(time))
	{
		reserve(out, MAX_SCALAR);
		out->len = (int) (put_time(times, out->data + out->len, time, is_utc) - out->data);
		out->data[out->len] = '\0';
		return;
	}
	JsonEncodeDateTime(buf, TimestampGetDatum(time), is_utc ? TIMESTAMPTZOID : TIMESTAMPOID, is_utc ? &utc : NULL);
	appendStringInfo(out, "\"%s\"", buf);
}

/*
 * Append a date as a string; infinite ones and those before Christ are as
 * to_json() has them.
 */
static void
write_date(StringInfo out, DateADT date)
{
	char		buf[MAXDATELEN + 1];

	JsonEncodeDateTime(buf, DateADTGetDatum(date), DATEOID, NULL);
	appendStringInfo(out, "\"%s\"", buf);
}

/*
 * spindle_datum_json_write
 *		Append a value that is not null.
 *
 * value is of the type that json was prepared for.  out grows as needed and
 * stays terminated.  What a value needs on the way is freed before the
 * function returns.  Raises program_limit_exceeded for a text that is too
 * long, and what the output function of the type does.
 */
void
spindle_datum_json_write(SpindleDatumJson *json, StringInfo out, Datum value)
{
	char	   *p;
	double		d;
	int64		bits;

	reserve(out, MAX_SCALAR);
	p = out->data + out->len;
	switch (json->base_type)
	{
		case INT2OID:
			p = put_int(p, DatumGetInt16(value));
			break;
		case INT4OID:
			p = put_int(p, DatumGetInt32(value));
			break;
		case INT8OID:
			p = put_int(p, DatumGetInt64(value));
			break;
		case BOOLOID:
			p = DatumGetBool(value) ? put(p, "true", 4) : put(p, "false", 5);
			break;
		case FLOAT8OID:
			d = DatumGetFloat8(value);
			memcpy(&bits, &d, sizeof(bits));
			p = put_float(p, bits);
			break;
		case NUMERICOID:
			write_numeric(json, out, value);
			return;
		case DATEOID:
			write_date(out, DatumGetDateADT(value));
			return;
		case TIMESTAMPOID:
			spindle_json_time(&json->times, out, DatumGetTimestamp(value), false);
			return;
		case TIMESTAMPTZOID:
			spindle_json_time(&json->times, out, DatumGetTimestampTz(value), true);
			return;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			{
				MemoryContext oldcontext = MemoryContextSwitchTo(json->scratch);
				text	   *t = DatumGetTextPP(value);

				write_text(out, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
				MemoryContextSwitchTo(oldcontext);
				MemoryContextReset(json->scratch);
				return;
			}
		default:
			write_by_to_json(json, out, value);
			return;
	}
	*p = '\0';
	out->len = (int) (p - out->data);
}
