/*-------------------------------------------------------------------------
 *
 * calendar.h
 *		A distribution of times over a range of days.
 *
 * All times are microseconds since 2000-01-01 00:00 UTC.  See calendar.c for
 * what a mass is, and for how the weights work together.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CALENDAR_H
#define SPINDLE_CALENDAR_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Leading bits of a mass that the search of its day begins with: one of 2048
 * entries, so that a range of a few years takes a step or two.
 */
#define SPINDLE_CALENDAR_GUIDE_BITS 11

/*
 * What a definition says.  Weights are relative: those of months and weekdays
 * say how often each occurs, however many days it has.
 */
typedef struct SpindleCalendarSpec
{
	int			first_day;		/* days since 2000-01-01 */
	int			ndays;			/* 1 to 32000: numbers of days fit 16 bits */
	bool		has_months;		/* else days are alike in all months ... */
	bool		has_weekdays;	/* ... and on all days of the week */
	double		month[12];		/* January first; all 1 without months */
	double		weekday[7];		/* Monday first; all 1 without weekdays */
	double		hour[24];		/* from 0:00 UTC on; need not add up to 1 */
	int			nquantiles;		/* 2 and more, in place of weights of months and
								 * weekdays; 0 if there are none */
	double	   *quantile;		/* days since 2000-01-01, within the range; they
								 * part the times into equal shares */
} SpindleCalendarSpec;

/*
 * A compiled specification, of up to half a megabyte: 16 bytes for each day.
 * It never changes.
 */
typedef struct SpindleCalendar
{
	int			first_day;
	int			ndays;
	uint64	   *day_mass;		/* ndays + 1 bounds, as fractions of 2^64; the
								 * last stands for 1 and is never read as a
								 * lower bound */
	double	   *day_scale;		/* 1 / width of each day in mass, 0 if it is
								 * empty */
	double		hour_bound[25]; /* cumulative share of the hours of a day */
	double		hour_scale[24]; /* microseconds per share of the day, 0 if
								 * empty */
	uint8		hour_guide[256];	/* first hour to look at, by share of the
									 * day */
	int16		guide[1 << SPINDLE_CALENDAR_GUIDE_BITS];	/* first day to look at,
															 * by the leading bits
															 * of a mass */
} SpindleCalendar;

extern SpindleCalendar *spindle_calendar_create(const SpindleCalendarSpec *spec);
extern void spindle_calendar_times(const SpindleCalendar *calendar, const uint64 *mass, int n,
								   Timestamp *time);
extern uint64 spindle_calendar_mass(const SpindleCalendar *calendar, Timestamp t);
extern void spindle_calendar_hour_peaks(double *hour, const double *peak, int npeaks,
										double sd);

/* Midnight that opens the range, and the one that closes it (exclusive). */
static inline Timestamp
spindle_calendar_start(const SpindleCalendar *calendar)
{
	return (Timestamp) calendar->first_day * USECS_PER_DAY;
}

static inline Timestamp
spindle_calendar_end(const SpindleCalendar *calendar)
{
	return (Timestamp) (calendar->first_day + calendar->ndays) * USECS_PER_DAY;
}

#endif							/* SPINDLE_CALENDAR_H */
