/*-------------------------------------------------------------------------
 *
 * json_value.h
 *		Values as JSON, written without output functions.
 *
 * Each function writes at p, where there must be room, and returns the place
 * behind what it wrote.  MAX_SCALAR bytes are room for any of them but texts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_JSON_VALUE_H
#define SPINDLE_JSON_VALUE_H

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"
#include "utils/datetime.h"

#include "model/type.h"

/* More than any value takes that is not text. */
#define MAX_SCALAR	96

/* What a text of len bytes takes at worst: \u00XX for each of them, and quotes. */
#define STRING_ROOM(len)	((len) * 6 + 2)

/* Dates and times written last: the next ones mostly are the same, or close. */
typedef struct JsonTimes
{
	Timestamp	time;			/* the time last written ... */
	char		time_text[40];	/* ... as in JSON, without Z and last quote */
	int			time_len;
	int64		day;			/* the date last written ... */
	char		day_text[16];	/* ... as YYYY-MM-DD */
	int			day_len;
} JsonTimes;

/*
 * Must precede any use of times.  Neither value is a date or time that is
 * written here, so the first one always is converted.
 */
static inline void
init_times(JsonTimes *times)
{
	times->day = PG_INT64_MAX;
	times->time = DT_NOEND;
}

/* Room for n bytes; the function call is for the rare case only. */
static inline void
reserve(StringInfo out, int n)
{
	if (out->maxlen - out->len <= n)
		enlargeStringInfo(out, n);
}

/* Copy len bytes, without a terminator. */
static inline char *
put(char *p, const char *data, int len)
{
	memcpy(p, data, len);
	return p + len;
}

/*
 * A text in UTF-8 as a string with its quotes, for which there must be room for
 * STRING_ROOM(len) bytes.  With short_escapes the escapes are those of the server's
 * escape_json(); events have had \u000a for line ends from the start.
 */
static inline char *
put_string(char *p, const char *data, int len, bool short_escapes)
{
	static const char hex[] = "0123456789abcdef";

	*p++ = '"';
	for (int i = 0; i < len; i++)
	{
		const unsigned char c = (unsigned char) data[i];

		if (c == '"' || c == '\\')
		{
			*p++ = '\\';
			*p++ = c;
		}
		else if (c >= 0x20)
			*p++ = c;
		else if (short_escapes && c >= '\b' && c <= '\r' && c != '\v')
		{
			*p++ = '\\';
			*p++ = "btn?fr"[c - '\b'];
		}
		else
		{
			p = put(p, "\\u00", 4);
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p++ = '"';
	return p;
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

/* Eight characters, the first in the lowest byte. */
static inline void
put_word(char *p, uint64 characters)
{
#ifdef WORDS_BIGENDIAN
	characters = pg_bswap64(characters);
#endif
	memcpy(p, &characters, sizeof(characters));
}

/*
 * The eight decimal digits of a number below 10^8, one per byte, the first in
 * the lowest.
 *
 * Each step splits all groups of digits at once, with a division by
 * multiplication that is exact for groups of that size.
 */
static inline uint64
eight_digits(uint32 value)
{
	uint64		x = value / 10000 | (uint64) (value % 10000) << 32;
	uint64		upper = ((x * 10486) >> 20) & UINT64CONST(0x0000007F0000007F);

	x = upper | (x - upper * 100) << 16;
	upper = ((x * 103) >> 10) & UINT64CONST(0x000F000F000F000F);
	return upper | (x - upper * 10) << 8;
}

/* A number from 0 to 99, as two digits. */
static inline char *
put_two(char *p, int value)
{
	p[0] = '0' + value / 10;
	p[1] = '0' + value % 10;
	return p + 2;
}

/* How long a number is decides no jump; that would be hard to predict. */
static inline char *
put_unsigned(char *p, uint64 value)
{
	const uint64 zeros = UINT64CONST(0x3030303030303030);
	uint64		digits;
	int			leading;		/* bits of leading zeros */

	if (value >= 100000000)
	{
		p = put_unsigned(p, value / 100000000);
		put_word(p, eight_digits((uint32) (value % 100000000)) + zeros);
		return p + 8;
	}
	digits = eight_digits((uint32) value);
	leading = pg_rightmost_one_pos64(digits | UINT64CONST(1) << 56) & ~7;
	put_word(p, (digits + zeros) >> leading);
	return p + 8 - leading / 8;
}

/*
 * A whole number in decimal; the smallest one, too, as its negation is done
 * without sign.
 */
static inline char *
put_int(char *p, int64 value)
{
	uint64		u = (uint64) value;

	if (value < 0)
	{
		*p++ = '-';
		u = -u;
	}
	return put_unsigned(p, u);
}

/*
 * value / 10^scale with just scale digits behind the point, none and no point
 * if scale is 0.
 *
 * unit is 10^scale, which the caller keeps ready.  scale is at most 18, so
 * that the unit fits into 64 bits.
 */
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
		p = put_unsigned(p, u / 100);
		*p++ = '.';
		return put_two(p, (int) (u % 100));
	}
	p = put_unsigned(p, u / unit);
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

/*
 * NaN and the infinities are not numbers in JSON: strings, as to_json has it.
 *
 * bits are the double's own.  Other values have the fewest digits that read
 * back the same.
 */
static inline char *
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

/* The same for a double that is a real: the fewest digits that read back as one. */
static inline char *
put_single(char *p, int64 bits)
{
	double		d;

	memcpy(&d, &bits, sizeof(d));
	return p + float_to_shortest_decimal_bufn((float) d, p);
}

/*
 * Most events of a batch share their date, so it is written out once.  day
 * counts from 2000-01-01; years are 1 to 9999.  There must be room for the
 * whole of day_text, though only day_len bytes count.
 */
static inline char *
put_day(JsonTimes *times, char *p, int64 day)
{
	if (day != times->day)
	{
		char	   *q = times->day_text;
		int			y,
					m,
					d;

		j2date((int) day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
		q = put_two(q, y / 100);
		q = put_two(q, y % 100);
		*q++ = '-';
		q = put_two(q, m);
		*q++ = '-';
		q = put_two(q, d);
		times->day_len = (int) (q - times->day_text);
		times->day = day;
	}
	memcpy(p, times->day_text, sizeof(times->day_text));
	return p + times->day_len;
}

/*
 * The time of a day as "HH:MM:SS", with three pairs of digits split at once.
 * seconds is from 0 to 86399.
 */
static inline char *
put_time_of_day(char *p, int seconds)
{
	uint64		x = (uint64) (seconds / SECS_PER_HOUR) |
	(uint64) (seconds / SECS_PER_MINUTE % MINS_PER_HOUR) << 24 |
	(uint64) (seconds % SECS_PER_MINUTE) << 48;
	uint64		upper = ((x * 103) >> 10) & UINT64CONST(0x000F00000F00000F);

	put_word(p, (upper | (x - upper * 10) << 8) + UINT64CONST(0x30303A30303A3030));
	return p + 8;
}

/* Microseconds of a second, 1 to 999999, with the point and as far as they go. */
static inline char *
put_fraction(char *p, int usec)
{
	/* six digits, of which zeros at the end are left out */
	uint64		digits = eight_digits((uint32) usec) >> 16;

	*p++ = '.';
	put_word(p, digits + UINT64CONST(0x3030303030303030));
	return p + pg_leftmost_one_pos64(digits) / 8 + 1;
}

/*
 * An event's own time mostly is one of its columns, so it is kept too.  t is
 * in microseconds since 2000-01-01, in the years 1 to 9999.  With is_utc the
 * string ends with Z.  Fractions of a second are shown as far as they go, and
 * there is no point if there is none.
 */
static inline char *
put_time(JsonTimes *times, char *p, Timestamp t, bool is_utc)
{
	if (t != times->time)
	{
		int64		day = t >= 0 ? t / USECS_PER_DAY : -((USECS_PER_DAY - 1 - t) / USECS_PER_DAY);
		int64		usec = t - day * USECS_PER_DAY;
		char	   *q = times->time_text;

		*q++ = '"';
		q = put_day(times, q, day);
		*q++ = 'T';
		q = put_time_of_day(q, (int) (usec / USECS_PER_SEC));
		usec %= USECS_PER_SEC;
		if (usec != 0)
			q = put_fraction(q, (int) usec);
		times->time_len = (int) (q - times->time_text);
		times->time = t;
	}
	p = put_short(p, times->time_text, times->time_len);
	if (is_utc)
		*p++ = 'Z';
	*p++ = '"';
	return p;
}

/* Microseconds of the day as "HH:MM:SS", in quotes. */
static inline char *
put_clock(char *p, int64 usec)
{
	*p++ = '"';
	p = put_time_of_day(p, (int) (usec / USECS_PER_SEC));
	if (usec % USECS_PER_SEC != 0)
		p = put_fraction(p, (int) (usec % USECS_PER_SEC));
	*p++ = '"';
	return p;
}

/*
 * Microseconds as an interval of days and a time, in quotes, as the server prints
 * it by default: each has a sign of its own, which is the same here.
 */
static inline char *
put_interval(char *p, int64 usec)
{
	int64		days = usec / USECS_PER_DAY;
	int64		time = usec % USECS_PER_DAY;

	*p++ = '"';
	if (days != 0)
	{
		p = put_int(p, days);
		p = days == 1 ? put(p, " day", 4) : put(p, " days", 5);
		if (time != 0)
			*p++ = ' ';
	}
	if (time != 0 || days == 0)
	{
		if (time < 0)
		{
			*p++ = '-';
			time = -time;
		}
		p = put_time_of_day(p, (int) (time / USECS_PER_SEC));
		if (time % USECS_PER_SEC != 0)
			p = put_fraction(p, (int) (time % USECS_PER_SEC));
	}
	*p++ = '"';
	return p;
}

/* 16 bytes as a uuid, in quotes. */
static inline char *
put_uuid(char *p, const unsigned char *data)
{
	static const char hex[] = "0123456789abcdef";

	*p++ = '"';
	for (int i = 0; i < 16; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[data[i] >> 4];
		*p++ = hex[data[i] & 15];
	}
	*p++ = '"';
	return p;
}

/*
 * A number times 10^-scale with the digits that its type shows, or with no zeros
 * at the end; unit is 10^scale.
 */
static inline char *
put_decimal_of(char *p, int64 value, const SpindleType *type, int64 unit)
{
	int			scale = type->scale;

	if (type->digits < 0)
	{
		scale = spindle_shortest_scale(&value, scale);
		return put_decimal(p, value, scale, spindle_power_of_ten(scale));
	}
	p = put_decimal(p, value, scale, unit);
	for (int i = scale; i < type->digits; i++)
		*p++ = '0';
	return p;
}

/* A value of any type but texts, by its type. */
static inline char *
put_scalar(JsonTimes *times, char *p, const SpindleType *type, int64 value)
{
	switch (type->kind)
	{
		case SPINDLE_INT:
			return put_int(p, value);
		case SPINDLE_DECIMAL:
			return put_decimal_of(p, value, type, spindle_power_of_ten(type->scale));
		case SPINDLE_FLOAT:
			return type->ops->is_single ? put_single(p, value) : put_float(p, value);
		case SPINDLE_BOOL:
			return value ? put(p, "true", 4) : put(p, "false", 5);
		case SPINDLE_DATE:
			*p++ = '"';
			p = put_day(times, p, value);
			*p++ = '"';
			return p;
		case SPINDLE_TIMESTAMP:
			return put_time(times, p, value, type->ops->is_utc);
		case SPINDLE_TIME:
			return put_clock(p, value);
		case SPINDLE_INTERVAL:
			return put_interval(p, value);
		case SPINDLE_UUID:
			return put_uuid(p, (const unsigned char *) (intptr_t) value);
		case SPINDLE_TEXT:
		case SPINDLE_ROW:
			break;
	}
	elog(ERROR, "values of type %s have no form in JSON", type->name);
}

#endif							/* SPINDLE_JSON_VALUE_H */
