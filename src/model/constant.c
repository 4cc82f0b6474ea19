/*-------------------------------------------------------------------------
 *
 * constant.c
 *		Constants of the types that definitions may use.
 *
 * They are read without the server's input functions: what these accept depends
 * on settings such as DateStyle, and on the release.  Types that are texts here
 * and not in the server are read by form.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <float.h>
#include <math.h>

#include "common/int.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "model/constant.h"
#include "model/model.h"

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
 * :MM:SS with up to six digits of a fraction at *s, which moves behind them; as
 * microseconds.
 */
static bool
parse_minutes(const char **s, int64 *usec)
{
	int			mm;
	int			ss;
	int			digits = 0;
	int64		fraction = 0;

	if (*(*s)++ != ':' || !parse_digits(s, 2, &mm) || *(*s)++ != ':' || !parse_digits(s, 2, &ss) || mm > 59 || ss > 59)
		return false;
	if (**s == '.')
	{
		while (isdigit((unsigned char) *++(*s)) && digits++ < 6)
			fraction = fraction * 10 + (**s - '0');
		if (digits == 0)
			return false;
		for (; digits < 6; digits++)
			fraction *= 10;
	}
	*usec = (mm * 60 + ss) * USECS_PER_SEC + fraction;
	return true;
}

/*
 * YYYY-MM-DD, then nothing or, for a timestamp, a T or space and HH:MM:SS with
 * up to six digits of a fraction; a Z may follow, as all times are UTC.
 *
 * False for what is no day or time of the years 1900 to 9999.  The value is in
 * days or microseconds since 2000-01-01.
 */
bool
spindle_constant_time(SpindleDomain *domain, const SpindleType *type, const char *s, int64 *value)
{
	const bool	has_time = spindle_type_is_timestamp(type);
	int			y;
	int			m;
	int			d;
	int			hh = 0;
	int64		usec = 0;

	if (!parse_digits(&s, 4, &y) || *s++ != '-' || !parse_digits(&s, 2, &m) || *s++ != '-' ||
		!parse_digits(&s, 2, &d))
		return false;
	if (*s && has_time)
	{
		if (*s != 'T' && *s != ' ')
			return false;
		s++;
		if (!parse_digits(&s, 2, &hh) || hh > 23 || !parse_minutes(&s, &usec))
			return false;
		if (*s == 'Z')
			s++;
	}
	if (*s)
		return false;
	if (y < 1900 || m < 1 || m > 12 || d < 1 || d > day_tab[isleap(y)][m - 1])
		return false;
	*value = date2j(y, m, d) - POSTGRES_EPOCH_JDATE;
	if (has_time)
		*value = *value * USECS_PER_DAY + hh * USECS_PER_HOUR + usec;
	return true;
}

/* A whole number or numeric that the type holds, times 10^scale. */
bool
spindle_constant_exact(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	return parse_digits_and_point(text, type->scale, value) && *value >= type->min && *value <= type->max;
}

/*
 * A double in decimal notation; infinity and NaN are none.  A real is the double
 * that is nearest to what it can be.
 */
bool
spindle_constant_float(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	char	   *end;
	double		d;

	/* strtod() would also take spaces, hexadecimal digits and words */
	if (strspn(text, "+-.0123456789eE") != strlen(text))
		return false;
	d = strtod(text, &end);
	if (type->ops->is_single)
		d = fabs(d) > FLT_MAX ? INFINITY : (float) d;
	memcpy(value, &d, sizeof(d));
	return end != text && *end == '\0' && !isinf(d);
}

/* "true" or "false", nothing else. */
bool
spindle_constant_bool(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	*value = strcmp(text, "true") == 0;
	return *value || strcmp(text, "false") == 0;
}

/* Is a text none of the labels of an enum? */
static bool
is_no_label(const SpindleUserType *type, const char *text)
{
	for (int i = 0; i < type->nlabels; i++)
		if (strcmp(type->label[i], text) == 0)
			return false;
	return type->nlabels > 0;
}

/*
 * Any text that the type holds, of an enum of the definition a label; the value is the address of a SpindleText in
 * the domain's pool or, without a domain, in the current memory context.
 */
bool
spindle_constant_text(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	int			len = (int) strlen(text);

	if ((type->length > 0 && spindle_text_clip(text, len, type->length) < len) ||
		(type->user_type && !type->is_user_array && is_no_label(type->user_type, text)))
		return false;
	*value = (int64) (intptr_t) (domain ? spindle_text_intern(domain, text) : spindle_text_make(text));
	return true;
}

/* HH:MM:SS with up to six digits of a fraction, in microseconds of the day. */
bool
spindle_constant_time_of_day(SpindleDomain *domain, const SpindleType *type, const char *s, int64 *value)
{
	int			hh;

	if (!parse_digits(&s, 2, &hh) || hh > 23 || !parse_minutes(&s, value) || *s)
		return false;
	*value += hh * USECS_PER_HOUR;
	return true;
}

/*
 * A whole number of hours or days at *s, of up to 9 digits, which moves behind
 * it.
 */
static bool
parse_count(const char **s, int64 *count)
{
	int			digits = 0;

	*count = 0;
	for (; isdigit((unsigned char) **s) && digits < 9; digits++)
		*count = *count * 10 + (*(*s)++ - '0');
	return digits > 0;
}

/*
 * An interval as the server prints it by default, without months: a number of
 * days, a time, or both, each with its sign, such as "3 days -04:05:06".  In
 * microseconds.
 */
bool
spindle_constant_interval(SpindleDomain *domain, const SpindleType *type, const char *s, int64 *value)
{
	bool		negative = *s == '-';
	int64		count;
	int64		usec = 0;

	*value = 0;
	s += negative;
	if (!parse_count(&s, &count))
		return false;
	if (strncmp(s, " day", 4) == 0)
	{
		if (pg_mul_s64_overflow(negative ? -count : count, USECS_PER_DAY, value))
			return false;
		s += 4;
		s += *s == 's';
		if (*s == '\0')
			return *value >= type->min && *value <= type->max;
		if (*s++ != ' ')
			return false;
		negative = *s == '-';
		s += negative || *s == '+';
		if (!parse_count(&s, &count))
			return false;
	}
	if (!parse_minutes(&s, &usec) || *s)
		return false;
	usec += count * USECS_PER_HOUR;
	return !pg_add_s64_overflow(*value, negative ? -usec : usec, value) && *value >= type->min && *value <= type->max;
}

/* The value of a hexadecimal digit, or -1. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * spindle_uuid_parse
 *		Read the 36 characters of a uuid, whose groups have hyphens between them;
 *		false if it is none.
 */
bool
spindle_uuid_parse(const char *s, pg_uuid_t *uuid)
{
	for (int i = 0; i < UUID_LEN; i++)
	{
		int			high;
		int			low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *s++ != '-')
			return false;
		high = hex_digit(*s);
		low = high < 0 ? -1 : hex_digit(s[1]);
		if (low < 0)
			return false;
		uuid->data[i] = (unsigned char) (high << 4 | low);
		s += 2;
	}
	return *s == '\0';
}

/*
 * A uuid; the value is the address of its bytes in the domain's pool, where equal
 * ones have the same, or, without a domain, in the current memory context.
 */
bool
spindle_constant_uuid(SpindleDomain *domain, const SpindleType *type, const char *s, int64 *value)
{
	pg_uuid_t	uuid;
	pg_uuid_t  *copy;

	if (!spindle_uuid_parse(s, &uuid))
		return false;
	if (domain)
		*value = (int64) (intptr_t) spindle_pool_bytes(domain, &uuid, sizeof(uuid));
	else
	{
		copy = palloc(sizeof(uuid));
		*copy = uuid;
		*value = (int64) (intptr_t) copy;
	}
	return true;
}

/* Uuids in the order of their bytes, which is that of the server. */
int
spindle_uuid_compare(int64 a, int64 b)
{
	return memcmp((const void *) (intptr_t) a, (const void *) (intptr_t) b, UUID_LEN);
}
