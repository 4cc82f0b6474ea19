/*-------------------------------------------------------------------------
 *
 * type.c
 *		The column types that definitions may use.
 *
 * One way to write a type, one table of them.  Constants are read by constant.c
 * and form.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#include "model/constant.h"
#include "model/model.h"

/* What a numeric may have in the server. */
#define MAX_PRECISION	1000
/* Digits after the point that the short form of a stored numeric can tell. */
#define MAX_DIGITS		63
/* Digits after the point of a numeric without precision, if its rule says none. */
#define FREE_SCALE		6
/* Rules count durations in seconds, values in microseconds. */
#define DURATION_SCALE	6
/* Characters of a varchar(n) or char(n), at most. */
#define MAX_LENGTH		10000
/* Days of an interval, at most: as many as microseconds fit 64 bits. */
#define MAX_INTERVAL	(INT64CONST(100000000) * USECS_PER_DAY)

/*
 * spindle_power_of_ten
 *		10^n, for 0 <= n <= 18; a negative n counts as 0.
 */
int64
spindle_power_of_ten(int n)
{
	int64		result = 1;

	while (n-- > 0)
		result *= 10;
	return result;
}

/*
 * A number at *s from 1 to 5 digits, without sign, space or leading zero: moves
 * *s behind it and returns it, or -1 if there is none.
 */
static int
parse_modifier(const char **s)
{
	const char *p = *s;
	int			n = 0;

	if (*p == '0' && isdigit((unsigned char) p[1]))
		return -1;
	while (isdigit((unsigned char) *p) && p - *s < 5)
		n = n * 10 + (*p++ - '0');
	if (p == *s || isdigit((unsigned char) *p))
		return -1;
	*s = p;
	return n;
}

/* Do the characters at *s follow?  If so, moves *s behind them. */
static bool
skip(const char **s, const char *expected)
{
	size_t		len = strlen(expected);

	if (strncmp(*s, expected, len) != 0)
		return false;
	*s += len;
	return true;
}

/*
 * Limits of a numeric: values keep scale digits after the point, and have up to
 * whole digits before it, as far as 64 bits hold both.
 */
static void
set_scale(SpindleType *type, int whole, int scale)
{
	type->scale = scale;
	type->max = spindle_power_of_ten(Min(whole + scale, SPINDLE_MAX_PRECISION)) - 1;
	type->min = -type->max;
}

/*
 * (precision,scale) of a numeric, or nothing: a precision of 1 to 1000, a scale
 * of 0 to 63 but not above that.  Values keep 9 digits after the point at most,
 * 18 in all.  Sets typmod as the server computes it.
 */
static bool
read_precision(const char **s, SpindleType *type)
{
	int			precision;
	int			scale;

	type->digits = -1;
	set_scale(type, SPINDLE_MAX_PRECISION, FREE_SCALE);
	if (!skip(s, "("))
		return true;
	precision = parse_modifier(s);
	scale = skip(s, ",") ? parse_modifier(s) : -1;
	if (!skip(s, ")") || precision < 1 || precision > MAX_PRECISION || scale < 0 ||
		scale > Min(precision, MAX_DIGITS))
		return false;
	type->typmod = ((precision << 16) | scale) + VARHDRSZ;
	type->digits = scale;
	set_scale(type, precision - scale, Min(scale, SPINDLE_MAX_SCALE));
	return true;
}

/*
 * spindle_type_set_scale
 *		Let values of a numeric without precision have scale digits after the
 *		point, 0 to SPINDLE_MAX_SCALE.
 */
void
spindle_type_set_scale(SpindleType *type, int scale)
{
	Assert(type->kind == SPINDLE_DECIMAL && type->digits < 0);
	set_scale(type, SPINDLE_MAX_PRECISION, scale);
}

/* (length) of a char: 1 to 10000 characters. */
static bool
read_length(const char **s, SpindleType *type)
{
	type->length = skip(s, "(") ? parse_modifier(s) : -1;
	if (!skip(s, ")") || type->length < 1 || type->length > MAX_LENGTH)
		return false;
	type->typmod = type->length + VARHDRSZ;
	return true;
}

/* The same of a varchar, or nothing: then it holds any text. */
static bool
read_varchar_length(const char **s, SpindleType *type)
{
	return **s == '\0' || read_length(s, type);
}

/* A row has no constants. */
static bool
parse_row(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	return false;
}

/* An integer type of so many bits; its numbers are their own values. */
#define INTEGER(sql_name, type_oid, bits) \
	{.name = sql_name, .oid = type_oid, .kind = SPINDLE_INT, .min = PG_INT##bits##_MIN, .max = PG_INT##bits##_MAX, \
	.is_number = true, .is_exact = true, .is_integer = true, .is_ordered = true, .parse = spindle_constant_exact}

/* A type whose values are texts with a form. */
#define FORMED(sql_name, type_oid, text_form) \
	{.name = sql_name, .oid = type_oid, .kind = SPINDLE_TEXT, .is_text = true, .form = &text_form, \
	.parse = spindle_constant_formed}

/* In the order in which hints name them. */
static const SpindleTypeOps types[] = {
	INTEGER("smallint", INT2OID, 16),
	INTEGER("integer", INT4OID, 32),
	INTEGER("bigint", INT8OID, 64),
	{
		.name = "numeric",
		.parameters = ", numeric(precision,scale)",
		.oid = NUMERICOID,
		.kind = SPINDLE_DECIMAL,
		.is_number = true,
		.is_exact = true,
		.is_ordered = true,
		.read_parameters = read_precision,
		.parse = spindle_constant_exact,
	},
	{
		.name = "double precision",
		.oid = FLOAT8OID,
		.kind = SPINDLE_FLOAT,
		.is_number = true,
		.parse = spindle_constant_float,
	},
	{
		.name = "real",
		.oid = FLOAT4OID,
		.kind = SPINDLE_FLOAT,
		.is_number = true,
		.is_single = true,
		.parse = spindle_constant_float,
	},
	{
		.name = "boolean",
		.oid = BOOLOID,
		.kind = SPINDLE_BOOL,
		.max = 1,
		.is_ordered = true,
		.parse = spindle_constant_bool,
	},
	{
		.name = "text",
		.oid = TEXTOID,
		.kind = SPINDLE_TEXT,
		.is_text = true,
		.parse = spindle_constant_text,
	},
	{
		.name = "varchar",
		.parameters = ", varchar(length)",
		.oid = VARCHAROID,
		.kind = SPINDLE_TEXT,
		.is_text = true,
		.read_parameters = read_varchar_length,
		.parse = spindle_constant_text,
	},
	{
		.name = "char",
		.parameters = "(length)",
		.oid = BPCHAROID,
		.kind = SPINDLE_TEXT,
		.is_text = true,
		.form = &spindle_form_char,
		.read_parameters = read_length,
		.parse = spindle_constant_formed,
	},
	FORMED("bytea", BYTEAOID, spindle_form_bytea),
	FORMED("inet", INETOID, spindle_form_inet),
	FORMED("jsonb", JSONBOID, spindle_form_jsonb),
	FORMED("json", JSONOID, spindle_form_json),
	{
		.name = "uuid",
		.oid = UUIDOID,
		.kind = SPINDLE_UUID,
		.is_ordered = true,
		.compare = spindle_uuid_compare,
		.parse = spindle_constant_uuid,
	},
	{
		.name = "date",
		.oid = DATEOID,
		.kind = SPINDLE_DATE,
		.is_ordered = true,
		.time_unit = USECS_PER_DAY,
		.parse = spindle_constant_time,
	},
	{
		.name = "timestamp",
		.oid = TIMESTAMPOID,
		.kind = SPINDLE_TIMESTAMP,
		.is_ordered = true,
		.time_unit = 1,
		.parse = spindle_constant_time,
	},
	{
		.name = "timestamptz",
		.oid = TIMESTAMPTZOID,
		.kind = SPINDLE_TIMESTAMP,
		.is_utc = true,
		.is_ordered = true,
		.time_unit = 1,
		.parse = spindle_constant_time,
	},
	{
		.name = "time",
		.oid = TIMEOID,
		.kind = SPINDLE_TIME,
		.max = USECS_PER_DAY - 1,
		.is_ordered = true,
		.is_duration = true,
		.parse = spindle_constant_time_of_day,
	},
	{
		.name = "interval",
		.oid = INTERVALOID,
		.kind = SPINDLE_INTERVAL,
		.min = -MAX_INTERVAL,
		.max = MAX_INTERVAL,
		.is_ordered = true,
		.is_duration = true,
		.parse = spindle_constant_interval,
	},

	/* the last one: of hidden columns that choose rows, whose values are never shown */
	{
		.name = "row",
		.kind = SPINDLE_ROW,
		.max = SPINDLE_MAX_ROWS,
		.parse = parse_row,
	},
};

/*
 * spindle_type_names
 *		All types that a column can show, as the sentence of a hint; allocated in the current memory
 *		context.
 */
char *
spindle_type_names(void)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < lengthof(types) && types[i].kind != SPINDLE_ROW; i++)
		appendStringInfo(&buf, "%s%s%s", i == 0 ? "Legal types: " : ", ", types[i].name,
						 types[i].parameters ? types[i].parameters : "");
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/*
 * spindle_type_of_oid
 *		The entry of the type that the server knows by a number, or NULL if it
 *		is none of ours.
 */
const SpindleTypeOps *
spindle_type_of_oid(Oid oid)
{
	for (int i = 0; i < lengthof(types); i++)
		if (types[i].oid == oid)
			return &types[i];
	return NULL;
}

/*
 * spindle_type_parse
 *		Fill *type from its SQL name; false if it is none of ours.  Allocates
 *		in the current memory context.
 *
 * The name goes into DDL as it is, so nothing but the one way to write it will
 * do.
 */
bool
spindle_type_parse(const char *name, SpindleType *type)
{
	for (int i = 0; i < lengthof(types); i++)
	{
		const char *s = name;

		if (!skip(&s, types[i].name))
			continue;
		memset(type, 0, sizeof(*type));
		type->ops = &types[i];
		type->kind = types[i].kind;
		type->oid = types[i].oid;
		type->typmod = -1;
		type->min = types[i].min;
		type->max = types[i].max;
		type->scale = types[i].is_duration ? DURATION_SCALE : 0;
		if ((types[i].read_parameters == NULL || types[i].read_parameters(&s, type)) && *s == '\0')
		{
			type->name = pstrdup(name);
			return true;
		}
	}
	return false;
}

/*
 * spindle_values_equal
 *		Are two values of a type equal, neither being NULL?  Texts and what else
 *		is an address are by their bytes; all others by their 64 bits, so the
 *		doubles 0 and -0 differ.
 */
bool
spindle_values_equal(const SpindleType *type, int64 a, int64 b)
{
	const SpindleText *x = (const SpindleText *) (intptr_t) a;
	const SpindleText *y = (const SpindleText *) (intptr_t) b;

	if (a == b)
		return true;
	if (type->ops->is_text)
		return x->len == y->len && memcmp(x->data, y->data, x->len) == 0;
	return type->ops->compare && type->ops->compare(a, b) == 0;
}

/*
 * spindle_type_holds
 *		Does a type hold all values of another one, in the same representation?
 *		So they must be of the same kind and scale; timestamps with and without
 *		time zone are.  Texts with a form are prepared for their own type.
 */
bool
spindle_type_holds(const SpindleType *type, const SpindleType *other)
{
	if (type->kind != other->kind || type->scale != other->scale)
		return false;
	if (type->ops->form || other->ops->form)
		return type->ops == other->ops && type->length == other->length;
	if (type->ops->is_single && !other->ops->is_single)
		return false;
	if (type->ops->is_exact)
		return type->min <= other->min && type->max >= other->max;
	return type->length == 0 || (other->length > 0 && other->length <= type->length);
}
