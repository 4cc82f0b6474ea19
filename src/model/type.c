/*-------------------------------------------------------------------------
 *
 * type.c
 *		The column types that definitions may use, and constants of them.
 *
 * One way to write a type, one table of them.  Constants are read without the
 * server's input functions: what these accept depends on settings such as
 * DateStyle, and on the release.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "lib/stringinfo.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "model/model.h"

#define MAX_PRECISION	18		/* digits that fit 64 bits */
/* Characters of a varchar(n), at most. */
#define MAX_LENGTH		10000

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
 * (precision,scale) of a numeric: 1 to 18, and 0 to 9 but not above the
 * precision.  Sets typmod as the server computes it.
 */
static bool
read_precision(const char **s, SpindleType *type)
{
	int			precision = skip(s, "(") ? parse_modifier(s) : -1;
	int			scale = skip(s, ",") ? parse_modifier(s) : -1;

	if (!skip(s, ")") || precision < 1 || precision > MAX_PRECISION || scale < 0 ||
		scale > Min(precision, SPINDLE_MAX_SCALE))
		return false;
	type->typmod = ((precision << 16) | scale) + VARHDRSZ;
	type->scale = scale;
	type->max = spindle_power_of_ten(precision) - 1;
	type->min = -type->max;
	return true;
}

/* (length) of a varchar: 1 to 10000 characters. */
static bool
read_length(const char **s, SpindleType *type)
{
	type->length = skip(s, "(") ? parse_modifier(s) : -1;
	if (!skip(s, ")") || type->length < 1 || type->length > MAX_LENGTH)
		return false;
	type->typmod = type->length + VARHDRSZ;
	return true;
}

/*
 * Read digits with an optional point and sign as a whole number times
 * 10^scale.
 *
 * False if it is no number, does not fit 64 bits, or has more than scale
 * digits after the point, zeros at the end aside.  Digits are summed up below
 * zero, where the smallest integer has its place.
 */
static bool
parse_digits_and_point(const char *s, int scale, int64 *value)
{
	bool		negative = false;
	bool		point = false;
	int			digits = 0;
	int64		v = 0;

	if (*s == '-')
	{
		negative = true;
		s++;
	}
	for (; *s; s++)
	{
		if (*s == '.' && !point)
		{
			point = true;
			continue;
		}
		if (*s < '0' || *s > '9')
			return false;
		digits++;
		if (point && scale == 0)
		{
			if (*s != '0')
				return false;	/* more digits than the type keeps */
			continue;
		}
		if (pg_mul_s64_overflow(v, 10, &v) || pg_sub_s64_overflow(v, *s - '0', &v))
			return false;
		if (point)
			scale--;
	}
	if (digits == 0)
		return false;
	while (scale-- > 0)
		if (pg_mul_s64_overflow(v, 10, &v))
			return false;
	if (!negative && v == PG_INT64_MIN)
		return false;
	*value = negative ? v : -v;
	return true;
}

/*
 * Exactly n digits at *s, which moves behind them; false if there are fewer.
 */
static bool
parse_digits(const char **s, int n, int *value)
{
	*value = 0;
	for (; n > 0; n--, (*s)++)
	{
		if (!isdigit((unsigned char) **s))
			return false;
		*value = *value * 10 + (**s - '0');
	}
	return true;
}

/*
 * YYYY-MM-DD, then nothing or, for a timestamp, a T or space and HH:MM:SS with
 * up to six digits of a fraction; a Z may follow, as all times are UTC.
 *
 * False for what is no day or time of the years 1900 to 9999.  The value is in
 * days or microseconds since 2000-01-01.
 */
static bool
parse_time(SpindleDomain *domain, const SpindleType *type, const char *s, int64 *value)
{
	const bool	has_time = spindle_type_is_timestamp(type);
	int			y;
	int			m;
	int			d;
	int			hh = 0;
	int			mm = 0;
	int			ss = 0;
	int64		usec = 0;

	if (!parse_digits(&s, 4, &y) || *s++ != '-' || !parse_digits(&s, 2, &m) || *s++ != '-' ||
		!parse_digits(&s, 2, &d))
		return false;
	if (*s && has_time)
	{
		if (*s != 'T' && *s != ' ')
			return false;
		s++;
		if (!parse_digits(&s, 2, &hh) || *s++ != ':' || !parse_digits(&s, 2, &mm) || *s++ != ':' ||
			!parse_digits(&s, 2, &ss))
			return false;
		if (*s == '.')
		{
			int			digits = 0;

			while (isdigit((unsigned char) *++s) && digits++ < 6)
				usec = usec * 10 + (*s - '0');
			if (digits == 0)
				return false;
			for (; digits < 6; digits++)
				usec *= 10;
		}
		if (*s == 'Z')
			s++;
	}
	if (*s)
		return false;
	if (y < 1900 || m < 1 || m > 12 || d < 1 || d > day_tab[isleap(y)][m - 1] ||
		hh > 23 || mm > 59 || ss > 59)
		return false;
	*value = date2j(y, m, d) - POSTGRES_EPOCH_JDATE;
	if (has_time)
		*value = *value * USECS_PER_DAY + ((hh * 60 + mm) * 60 + ss) * USECS_PER_SEC + usec;
	return true;
}

/* A whole number or numeric that the type holds, times 10^scale. */
static bool
parse_exact(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	return parse_digits_and_point(text, type->scale, value) && *value >= type->min && *value <= type->max;
}

/* A double in decimal notation; infinity and NaN are none. */
static bool
parse_float(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	char	   *end;
	double		d;

	/* strtod() would also take spaces, hexadecimal digits and words */
	if (strspn(text, "+-.0123456789eE") != strlen(text))
		return false;
	d = strtod(text, &end);
	memcpy(value, &d, sizeof(d));
	return end != text && *end == '\0' && !isinf(d);
}

/* "true" or "false", nothing else. */
static bool
parse_bool(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	*value = strcmp(text, "true") == 0;
	return *value || strcmp(text, "false") == 0;
}

/*
 * Any text that the type holds; the value is the address of a SpindleText in
 * the domain's pool or, without a domain, in the current memory context.
 */
static bool
parse_text(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	int			len = (int) strlen(text);

	if (type->length > 0 && spindle_text_clip(text, len, type->length) < len)
		return false;
	*value = (int64) (intptr_t) (domain ? spindle_text_intern(domain, text) : spindle_text_make(text));
	return true;
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
	.is_number = true, .is_exact = true, .is_integer = true, .is_ordered = true, .parse = parse_exact}

/* In the order in which hints name them. */
static const SpindleTypeOps types[] = {
	INTEGER("smallint", INT2OID, 16),
	INTEGER("integer", INT4OID, 32),
	INTEGER("bigint", INT8OID, 64),
	{
		.name = "numeric",
		.parameters = "(precision,scale) with precision up to " CppAsString2(MAX_PRECISION),
		.oid = NUMERICOID,
		.kind = SPINDLE_DECIMAL,
		.is_number = true,
		.is_exact = true,
		.is_ordered = true,
		.read_parameters = read_precision,
		.parse = parse_exact,
	},
	{
		.name = "double precision",
		.oid = FLOAT8OID,
		.kind = SPINDLE_FLOAT,
		.is_number = true,
		.parse = parse_float,
	},
	{
		.name = "boolean",
		.oid = BOOLOID,
		.kind = SPINDLE_BOOL,
		.max = 1,
		.is_ordered = true,
		.parse = parse_bool,
	},
	{
		.name = "text",
		.oid = TEXTOID,
		.kind = SPINDLE_TEXT,
		.is_text = true,
		.parse = parse_text,
	},
	{
		.name = "varchar",
		.parameters = "(length)",
		.oid = VARCHAROID,
		.kind = SPINDLE_TEXT,
		.is_text = true,
		.read_parameters = read_length,
		.parse = parse_text,
	},
	{
		.name = "date",
		.oid = DATEOID,
		.kind = SPINDLE_DATE,
		.is_ordered = true,
		.time_unit = USECS_PER_DAY,
		.parse = parse_time,
	},
	{
		.name = "timestamp",
		.oid = TIMESTAMPOID,
		.kind = SPINDLE_TIMESTAMP,
		.is_ordered = true,
		.time_unit = 1,
		.parse = parse_time,
	},
	{
		.name = "timestamptz",
		.oid = TIMESTAMPTZOID,
		.kind = SPINDLE_TIMESTAMP,
		.is_ordered = true,
		.time_unit = 1,
		.parse = parse_time,
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
		if ((types[i].read_parameters == NULL || types[i].read_parameters(&s, type)) && *s == '\0')
		{
			type->name = pstrdup(name);
			return true;
		}
	}
	return false;
}

/*
 * spindle_type_holds
 *		Does a type hold all values of another one, in the same representation?
 *		So they must be of the same kind and scale; timestamps with and without
 *		time zone are.
 */
bool
spindle_type_holds(const SpindleType *type, const SpindleType *other)
{
	if (type->kind != other->kind || type->scale != other->scale)
		return false;
	if (type->ops->is_exact)
		return type->min <= other->min && type->max >= other->max;
	return type->length == 0 || (other->length > 0 && other->length <= type->length);
}
