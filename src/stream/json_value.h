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
#include "utils/builtins.h"
#include "utils/datetime.h"

/* More than any value takes that is not text. */
#define MAX_SCALAR	64

/* Dates and times written last: the next ones mostly are the same, or close. */
typedef struct JsonTimes
{
	Timestamp	time;			/* the time last written ... */
	char		time_text[40];	/* ... as in JSON, without Z and quotes */
	int			time_len;
	int64		day;			/* the date last written ... */
	char		day_text[16];	/* ... as YYYY-MM-DD */
	int			day_len;
} JsonTimes;

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

/* Most events of a batch share their date, so it is written out once. */
static inline char *
put_day(JsonTimes *times, char *p, int64 day)
{
	if (day != times->day)
	{
		int			y,
					m,
					d;

		j2date((int) day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
		times->day_len = snprintf(times->day_text, sizeof(times->day_text), "%04d-%02d-%02d", y, m, d);
		times->day = day;
	}
	return put(p, times->day_text, times->day_len);
}

/* An event's own time mostly is one of its columns, so it is kept too. */
static inline char *
put_time(JsonTimes *times, char *p, Timestamp t, bool is_utc)
{
	if (t != times->time)
	{
		int64		day = t >= 0 ? t / USECS_PER_DAY : -((USECS_PER_DAY - 1 - t) / USECS_PER_DAY);
		int64		usec = t - day * USECS_PER_DAY;
		int			seconds = (int) (usec / USECS_PER_SEC);
		char	   *q = put_day(times, times->time_text, day);

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
		times->time_len = (int) (q - times->time_text);
		times->time = t;
	}
	*p++ = '"';
	p = put_short(p, times->time_text, times->time_len);
	if (is_utc)
		*p++ = 'Z';
	*p++ = '"';
	return p;
}

#endif							/* SPINDLE_JSON_VALUE_H */
