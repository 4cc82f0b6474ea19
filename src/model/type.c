/*-------------------------------------------------------------------------
 *
 * type.c
 *		The column types that definitions may use, and constants of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "model/model.h"

#define MAX_PRECISION	18		/* digits that fit 64 bits */
#define MAX_LENGTH		10000

static const struct
{
	const char *name;
	SpindleKind kind;
	Oid			oid;
	int64		min;
	int64		max;
}			simple_types[] =

{
	{"smallint", SPINDLE_INT, INT2OID, PG_INT16_MIN, PG_INT16_MAX},
	{"integer", SPINDLE_INT, INT4OID, PG_INT32_MIN, PG_INT32_MAX},
	{"bigint", SPINDLE_INT, INT8OID, PG_INT64_MIN, PG_INT64_MAX},
	{"double precision", SPINDLE_FLOAT, FLOAT8OID, 0, 0},
	{"boolean", SPINDLE_BOOL, BOOLOID, 0, 1},
	{"text", SPINDLE_TEXT, TEXTOID, 0, 0},
	{"date", SPINDLE_DATE, DATEOID, 0, 0},
	{"timestamp", SPINDLE_TIMESTAMP, TIMESTAMPOID, 0, 0},
	{"timestamptz", SPINDLE_TIMESTAMP, TIMESTAMPTZOID, 0, 0},
};

/* For hints. */
const char *
spindle_type_names(void)
{
	return "Legal types: smallint, integer, bigint, numeric(precision,scale) with precision up to 18, "
		"double precision, boolean, text, varchar(length), date, timestamp, timestamptz.";
}

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
 * spindle_type_parse
 *		Fill *type from its SQL name; false if it is none of ours.  Allocates
 *		in the current context.
 *
 * The name goes into DDL as it is, so nothing but the one way to write it will
 * do.
 */
bool
spindle_type_parse(const char *name, SpindleType *type)
{
	const char *s = name;

	memset(type, 0, sizeof(*type));
	type->typmod = -1;
	type->name = pstrdup(name);
	for (int i = 0; i < lengthof(simple_types); i++)
	{
		if (strcmp(simple_types[i].name, name) == 0)
		{
			type->kind = simple_types[i].kind;
			type->oid = simple_types[i].oid;
			type->min = simple_types[i].min;
			type->max = simple_types[i].max;
			return true;
		}
	}
	if (skip(&s, "numeric("))
	{
		int			precision = parse_modifier(&s);
		int			scale = skip(&s, ",") ? parse_modifier(&s) : -1;

		if (strcmp(s, ")") != 0 || precision < 1 || precision > MAX_PRECISION || scale < 0 ||
			scale > Min(precision, SPINDLE_MAX_SCALE))
			return false;
		type->kind = SPINDLE_DECIMAL;
		type->oid = NUMERICOID;
		type->typmod = ((precision << 16) | scale) + VARHDRSZ;
		type->scale = scale;
		type->max = spindle_power_of_ten(precision) - 1;
		type->min = -type->max;
		return true;
	}
	if (skip(&s, "varchar("))
	{
		type->length = parse_modifier(&s);
		if (strcmp(s, ")") != 0 || type->length < 1 || type->length > MAX_LENGTH)
			return false;
		type->kind = SPINDLE_TEXT;
		type->oid = VARCHAROID;
		type->typmod = type->length + VARHDRSZ;
		return true;
	}
	return false;
}

/* Does a type hold all values of another one, in the same representation? */
bool
spindle_type_holds(const SpindleType *type, const SpindleType *other)
{
	if (type->kind != other->kind || type->scale != other->scale)
		return false;
	if (type->kind == SPINDLE_INT || type->kind == SPINDLE_DECIMAL)
		return type->min <= other->min && type->max >= other->max;
	return type->length == 0 || (other->length > 0 && other->length <= type->length);
}

/* Read digits with an optional point as a whole number times 10^scale. */
static bool
parse_decimal(const char *s, int scale, int64 *value)
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

/* Exactly n digits at *s, which moves behind them. */
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
 */
static bool
parse_time(const char *s, SpindleKind kind, int64 *value)
{
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
	if (*s && kind == SPINDLE_TIMESTAMP)
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
	if (kind == SPINDLE_TIMESTAMP)
		*value = *value * USECS_PER_DAY + ((hh * 60 + mm) * 60 + ss) * USECS_PER_SEC + usec;
	return true;
}

/*
 * spindle_value_parse
 *		Read a constant of a type; false if the text is not one, or does not
 *		fit the type.
 */
bool
spindle_value_parse(SpindleDomain *domain, const SpindleType *type, const char *text,
					int64 *value)
{
	switch (type->kind)
	{
		case SPINDLE_INT:
		case SPINDLE_DECIMAL:
			return parse_decimal(text, type->scale, value) &&
				*value >= type->min && *value <= type->max;
		case SPINDLE_FLOAT:
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
		case SPINDLE_BOOL:
			*value = strcmp(text, "true") == 0;
			return *value || strcmp(text, "false") == 0;
		case SPINDLE_DATE:
		case SPINDLE_TIMESTAMP:
			return parse_time(text, type->kind, value);
		case SPINDLE_TEXT:
			if (type->length > 0 &&
				pg_encoding_verifymbstr(PG_UTF8, text, (int) strlen(text)) == (int) strlen(text))
			{
				int			n = 0;

				for (const char *s = text; *s; s += pg_encoding_mblen(PG_UTF8, s))
					n++;
				if (n > type->length)
					return false;
			}
			*value = (int64) (intptr_t) spindle_text_intern(domain, text);
			return true;
	}
	return false;
}
