/*-------------------------------------------------------------------------
 *
 * calendar.c
 *		A distribution of times over a range of days.
 *
 * A calendar maps "mass", a fraction of 2^64, to a time and back.  Equal
 * masses hold equal shares of all rows, so a uniform mass gives a time with
 * the calendar's seasons, and the map rises, so sorted masses give sorted
 * times.
 *
 * The weights of months and weekdays multiply: they form 84 cells, a cell has
 * the share month x weekday, and the days of the range that fall into one cell
 * share it equally.  So both marginal distributions come out exactly as
 * declared, however many Mondays a month has.  Without weights of months, all
 * months are one, and without those of weekdays all weekdays, so that nothing
 * is uneven that was not declared so.  Inside a day the hours have
 * their shares and time runs evenly within an hour.
 *
 * Times are microseconds since 2000-01-01 00:00 UTC, as in the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "math/calendar.h"
#include "math/draws.h"
#include "math/fpmath.h"

/*
 * The day of the week of a day since 2000-01-01, which was a Saturday; Monday
 * is 0.
 */
static int
weekday_of(int day)
{
	return ((day + 5) % 7 + 7) % 7;
}

/* The month of a day since 2000-01-01; January is 0. */
static int
month_of(int day)
{
	int			year;
	int			month;
	int			mday;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return month - 1;
}

/*
 * The shares of the days between quantiles, of which each two have the same number
 * of times between them, evenly spread.
 */
static void
share_by_quantiles(const SpindleCalendarSpec *spec, double *share)
{
	memset(share, 0, sizeof(double) * spec->ndays);
	for (int q = 0; q < spec->nquantiles - 1; q++)
	{
		const double low = spec->quantile[q] - spec->first_day;
		const double high = spec->quantile[q + 1] - spec->first_day;
		const int	first = Min((int) low, spec->ndays - 1);
		const int	last = Min((int) high, spec->ndays - 1);

		for (int d = first; d <= last; d++)
			share[d] += high > low ? (Min(high, d + 1.0) - Max(low, (double) d)) / (high - low) : 1;
	}
}

/* The shares of the days by the weights of months and weekdays. */
static void
share_by_weights(const SpindleCalendarSpec *spec, double *share)
{
	int			cell_days[12][7] = {{0}};

	for (int d = 0; d < spec->ndays; d++)
		cell_days[spec->has_months ? month_of(spec->first_day + d) : 0]
			[spec->has_weekdays ? weekday_of(spec->first_day + d) : 0]++;
	for (int d = 0; d < spec->ndays; d++)
	{
		int			m = spec->has_months ? month_of(spec->first_day + d) : 0;
		int			w = spec->has_weekdays ? weekday_of(spec->first_day + d) : 0;

		share[d] = spec->month[m] * spec->weekday[w] / cell_days[m][w];
	}
}

/*
 * spindle_calendar_create
 *		Compile a specification, in the current memory context.
 *
 * The specification is not kept.  The caller has checked that the weights are
 * not negative and that some day and some hour have a positive share.  Without
 * months or weekdays, their first weight is that of all.
 */
SpindleCalendar *
spindle_calendar_create(const SpindleCalendarSpec *spec)
{
	SpindleCalendar *calendar = palloc0(sizeof(SpindleCalendar));
	double	   *share = palloc(sizeof(double) * spec->ndays);
	double		total = 0;
	double		sum = 0;
	double		hours = 0;

	calendar->first_day = spec->first_day;
	calendar->ndays = spec->ndays;
	calendar->day_mass = palloc(sizeof(uint64) * (spec->ndays + 1));
	calendar->day_scale = palloc(sizeof(double) * spec->ndays);

	if (spec->nquantiles > 0)
		share_by_quantiles(spec, share);
	else
		share_by_weights(spec, share);
	for (int d = 0; d < spec->ndays; d++)
		total += share[d];

	for (int d = 0; d < spec->ndays; d++)
	{
		/* 2^64 itself does not fit: the sum stays below 1 by one part in 2^53 */
		double		lower = Min(sum / total, 0.9999999999999998);

		calendar->day_mass[d] = (uint64) (lower * 18446744073709551616.0);
		sum += share[d];
	}
	calendar->day_mass[spec->ndays] = PG_UINT64_MAX;
	for (int d = 0; d < spec->ndays; d++)
	{
		uint64		width = calendar->day_mass[d + 1] - calendar->day_mass[d];

		calendar->day_scale[d] = (share[d] > 0 && width > 0 ? 1.0 / (double) width : 0);
	}
	pfree(share);

	for (int h = 0; h < 24; h++)
		hours += spec->hour[h];
	sum = 0;
	for (int h = 0; h < 24; h++)
	{
		calendar->hour_bound[h] = sum / hours;
		sum += spec->hour[h];
	}
	calendar->hour_bound[24] = 1.0;
	for (int h = 0; h < 24; h++)
	{
		double		width = calendar->hour_bound[h + 1] - calendar->hour_bound[h];

		calendar->hour_scale[h] = width > 0 ? USECS_PER_HOUR / width : 0;
	}
	for (int g = 0, h = 0; g < 256; g++)
	{
		while (h < 23 && calendar->hour_bound[h + 1] <= g / 256.0)
			h++;
		calendar->hour_guide[g] = h;
	}

	for (int g = 0, d = 0; g < 1 << SPINDLE_CALENDAR_GUIDE_BITS; g++)
	{
		uint64		mass = (uint64) g << (64 - SPINDLE_CALENDAR_GUIDE_BITS);

		while (d < spec->ndays - 1 && calendar->day_mass[d + 1] <= mass)
			d++;
		calendar->guide[g] = d;
	}
	return calendar;
}

/* The day that a mass lies in: the first that ends beyond it. */
static inline int
day_of_mass(const SpindleCalendar *calendar, uint64 mass)
{
	int			d = calendar->guide[mass >> (64 - SPINDLE_CALENDAR_GUIDE_BITS)];

	while (d < calendar->ndays - 1 && calendar->day_mass[d + 1] <= mass)
		d++;
	return d;
}

/* The hour that a share of a day lies in, likewise. */
static inline int
hour_of_share(const SpindleCalendar *calendar, double f)
{
	int			h = calendar->hour_guide[(int) (Min(f, 0.999) * 256)];

	while (h < 23 && calendar->hour_bound[h + 1] <= f)
		h++;
	return h;
}

/*
 * An hour of a day, as a conversion needs it: masses between mass and mass_end
 * are in the day, and the shares of the day between share and share_end in the
 * hour.
 */
typedef struct Hour
{
	uint64		mass;			/* of the day */
	uint64		mass_end;
	double		day_scale;
	double		share;			/* of the day at which the hour begins */
	double		share_end;
	double		scale;			/* microseconds per share of the day */
	Timestamp	start;
} Hour;

/* Hour h (0 to 23) of day d, counted from the calendar's first. */
static Hour
hour_of_day(const SpindleCalendar *calendar, int d, int h)
{
	return (Hour)
	{
		.mass = calendar->day_mass[d],
			.mass_end = calendar->day_mass[d + 1],
			.day_scale = calendar->day_scale[d],
			.share = calendar->hour_bound[h],
			.share_end = calendar->hour_bound[h + 1],
			.scale = calendar->hour_scale[h],
			.start = (int64) (calendar->first_day + d) * USECS_PER_DAY + h * USECS_PER_HOUR,
	};
}

/*
 * The share of the day below a mass; converting a signed number is much the
 * cheaper, and loses one bit of 64.
 */
static inline double
share_of_day(const Hour *hour, uint64 mass)
{
	return (double) (int64) ((mass - hour->mass) >> 1) * 2.0 * hour->day_scale;
}

/*
 * The time at a share of the day that lies in the hour; rounding cannot take
 * it out of the hour.
 */
static inline Timestamp
time_of_share(const Hour *hour, double share)
{
	int64		usec = (int64) ((share - hour->share) * hour->scale);

	return hour->start + Max(0, Min(usec, USECS_PER_HOUR - 1));
}

/* Masses that are converted together. */
#define TOGETHER	8

/*
 * Convert TOGETHER masses if all of them lie in an hour; false if not, and
 * then what has been written is of no meaning.
 */
static inline bool
convert_in_hour(const Hour *hour, const uint64 *pg_restrict mass, Timestamp *pg_restrict time)
{
	uint64		outside = 0;

	for (int i = 0; i < TOGETHER; i++)
	{
		double		share = share_of_day(hour, mass[i]);
		bool		is_outside = (mass[i] < hour->mass) | (mass[i] >= hour->mass_end) |
		!(share >= hour->share) | !(share < hour->share_end);

		/* what lies elsewhere may give no number of microseconds at all */
		time[i] = time_of_share(hour, is_outside ? hour->share : share);
		outside |= is_outside;
	}
	return outside == 0;
}

/*
 * spindle_calendar_times
 *		The times below which the shares mass / 2^64 of all times lie: sets
 *		time[i] for each of n masses.  The arrays must not overlap.
 *
 * They never fall as masses rise: each step below is a monotone function even
 * after rounding, and each hour's times are kept inside it.
 *
 * Masses that come one after another mostly lie in the same hour, so we look
 * there first; which day and hour that is does not depend on it.
 */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_calendar_times(const SpindleCalendar *calendar, const uint64 *pg_restrict mass, int n,
					   Timestamp *pg_restrict time)
{
	int			d = 0;
	int			h = 0;
	Hour		hour = hour_of_day(calendar, d, h);
	int			i = 0;

	while (i < n)
	{
		double		share;

		while (i + TOGETHER <= n && convert_in_hour(&hour, mass + i, time + i))
			i += TOGETHER;
		for (int end = Min(n, i + TOGETHER); i < end; i++)
		{
			if (mass[i] < hour.mass || mass[i] >= hour.mass_end)
			{
				d = day_of_mass(calendar, mass[i]);
				hour = hour_of_day(calendar, d, h);
			}
			share = share_of_day(&hour, mass[i]);
			if (!(share >= hour.share && share < hour.share_end))
			{
				h = hour_of_share(calendar, share);
				hour = hour_of_day(calendar, d, h);
			}
			time[i] = time_of_share(&hour, share);
		}
	}
}

/*
 * spindle_calendar_mass
 *		A mass whose time is not later than t, and close to it.
 *
 * The inverse of spindle_calendar_times() up to rounding, which goes downward.
 * Never falls as t rises.  Times outside the range give the range's ends.
 */
uint64
spindle_calendar_mass(const SpindleCalendar *calendar, Timestamp t)
{
	/* rounding here and in spindle_calendar_times() stays far below this */
	const uint64 slack = UINT64CONST(1) << 20;
	int64		d;
	int64		usec;
	int			h;
	double		f;
	uint64		mass;

	if (t < spindle_calendar_start(calendar))
		return 0;
	if (t >= spindle_calendar_end(calendar))
		return PG_UINT64_MAX;
	t -= spindle_calendar_start(calendar);
	d = t / USECS_PER_DAY;
	usec = t % USECS_PER_DAY;
	h = usec / USECS_PER_HOUR;
	f = calendar->hour_bound[h] + (calendar->hour_bound[h + 1] - calendar->hour_bound[h]) *
		((double) (usec % USECS_PER_HOUR) / USECS_PER_HOUR);
	mass = calendar->day_mass[d] +
		(uint64) (f * (double) (calendar->day_mass[d + 1] - calendar->day_mass[d]));

	/* the product may be rounded up past the day's end */
	mass = Min(mass, calendar->day_mass[d + 1]);
	return mass > slack ? mass - slack : 0;
}

/*
 * spindle_calendar_hour_peaks
 *		Fill the 24 hour weights with equal normal bells around npeaks hours
 *		(0 <= peak < 24) with standard deviation sd > 0, in hours.
 *
 * What a bell has before midnight or after it is left out, not folded back.
 */
void
spindle_calendar_hour_peaks(double *hour, const double *peak, int npeaks, double sd)
{
	for (int h = 0; h < 24; h++)
	{
		hour[h] = 0;
		for (int p = 0; p < npeaks; p++)
			hour[h] += spindle_normal_cdf((h + 1 - peak[p]) / sd) -
				spindle_normal_cdf((h - peak[p]) / sd);
	}
}
