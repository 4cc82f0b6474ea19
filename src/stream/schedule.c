/*-------------------------------------------------------------------------
 *
 * schedule.c
 *		When each delivery of a stream is due.
 *
 * Arrivals are a Poisson process whose rate may change with time and with the
 * number of the delivery.  Each delivery has a unit exponential (or, evenly,
 * a unit step) to spend: we walk from the previous arrival through stretches
 * of constant rate until the integral of the rate has used it up.  So a gap is
 * never drawn at one rate and spent at another, and no short window is jumped
 * over.
 *
 * Compare Lewis and Shedler 1979, "Simulation of nonhomogeneous Poisson
 * processes by thinning"; inversion of the integrated rate, as here, needs no
 * rejected draws, so an arrival is a function of the deliveries before it.
 *
 * With a time pattern a stretch is an hour.  Where an arrival is many weeks away
 * the walk goes on by whole weeks, whose integral is known.
 *
 * Offsets are seconds from the start of the stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "math/draws.h"
#include "math/fpmath.h"
#include "stream/schedule.h"

#define SECONDS_PER_HOUR	3600.0
#define HOURS_PER_WEEK		168
#define SECONDS_PER_WEEK	(SECONDS_PER_HOUR * HOURS_PER_WEEK)

/*
 * Hours that are walked before weeks are skipped: a thousand weeks, a few ms.
 * To skip rounds otherwise than to walk, by parts of a second in the end, so it
 * is left to gaps of two decades and more.
 */
#define WALKED_HOURS		(1000 * HOURS_PER_WEEK)

/* Beyond the largest number, which products of multipliers may exceed. */
#define MAX_RATE			1e300

/* Steps that are drawn at once. */
#define UNITS	64

/*
 * A schedule between two deliveries.  Two kinds of stretches lie over each
 * other: those in which the rate by time is constant, and those of a constant
 * multiplier by event.
 */
struct SpindleSchedule
{
	SpindleScheduleSpec spec;
	SpindleKey	key;
	uint64		clock_of_week;	/* at offset 0: microseconds since Monday */
	double		week;			/* integral of the pattern over a week */
	int64		next;			/* number of the next delivery */
	double		unit[UNITS];	/* Poisson: the steps to this delivery and
								 * some that follow */

	/*
	 * The present stretch of constant rate, by time and by event.  What was
	 * spent since its origin is summed up, not the gaps: with even steps the
	 * sum is a whole number, and the tenth arrival at ten a second is at 1.
	 */
	double		origin;
	double		spent;			/* of the integral of the rate, since then */
	double		until;			/* where it ends; negative before the first */
	double		rate;			/* in it, without windows by event */

	/* the present stretch of constant multiplier, by event */
	int64		until_event;
	double		event_multiplier;
};

/*
 * spindle_schedule_create
 *		A schedule at its start, in the current memory context.
 *
 * The specification has been checked: the rate is positive, and a pattern has
 * an hour of the week with a positive multiplier.  Its windows are not
 * copied.  The key decides all gaps, unless they are even; the same key and
 * specification give the same arrivals.
 */
SpindleSchedule *
spindle_schedule_create(const SpindleScheduleSpec *spec, SpindleKey key)
{
	SpindleSchedule *schedule = palloc0(sizeof(SpindleSchedule));

	schedule->spec = *spec;
	schedule->key = key;
	schedule->until = -1;
	schedule->until_event = 0;
	schedule->event_multiplier = 1;
	if (spec->has_pattern)
	{
		const int64 week = 7 * USECS_PER_DAY;

		/* 2000-01-03 was a Monday */
		schedule->clock_of_week = (uint64) (((spec->clock_start - 2 * USECS_PER_DAY) % week + week) % week);
		for (int h = 0; h < HOURS_PER_WEEK; h++)
			schedule->week += SECONDS_PER_HOUR * spec->hour[h % 24] * spec->weekday[h / 24];
	}
	return schedule;
}

/*
 * Find the stretch that begins at the origin: the rate by time, and where it
 * next may change, at the end of an hour or at an end of a window.
 */
static void
enter_stretch(SpindleSchedule *schedule)
{
	const SpindleScheduleSpec *spec = &schedule->spec;
	double		now = schedule->origin;

	schedule->rate = spec->rate;
	schedule->until = INFINITY;
	if (spec->has_pattern)
	{
		uint64		usec = schedule->clock_of_week + (uint64) floor(now * USECS_PER_SEC + 0.5);
		uint64		hours = usec / USECS_PER_HOUR;
		int			of_week = (int) (hours % HOURS_PER_WEEK);

		schedule->rate *= spec->hour[of_week % 24] * spec->weekday[of_week / 24];
		schedule->until = (double) ((hours + 1) * USECS_PER_HOUR - schedule->clock_of_week) / USECS_PER_SEC;
		if (schedule->until <= now)
			schedule->until = now + SECONDS_PER_HOUR;
	}
	for (int w = 0; w < spec->nwindows; w++)
	{
		const SpindleBurstWindow *window = &spec->window[w];
		double		start = window->start_offset;
		double		end = window->start_offset + window->duration;

		if (window->by_event)
			continue;
		if (start <= now && now < end)
			schedule->rate *= window->multiplier;
		if (start > now)
			schedule->until = Min(schedule->until, start);
		else if (end > now)
			schedule->until = Min(schedule->until, end);
	}
}

/*
 * Move the origin on by whole weeks, as many as surely end before the arrival
 * and before the next window begins or ends.
 */
static void
skip_weeks(SpindleSchedule *schedule)
{
	const SpindleScheduleSpec *spec = &schedule->spec;
	double		now = schedule->origin;
	double		week = spec->rate * schedule->week * schedule->event_multiplier;
	double		end = SPINDLE_MAX_ARRIVAL + 2 * SECONDS_PER_WEEK;
	double		n;

	for (int w = 0; w < spec->nwindows; w++)
	{
		const SpindleBurstWindow *window = &spec->window[w];
		double		window_end = window->start_offset + window->duration;

		if (window->by_event)
			continue;
		if (window->start_offset > now)
			end = Min(end, window->start_offset);
		else if (window_end > now)
		{
			week *= window->multiplier;
			end = Min(end, window_end);
		}
	}

	/* one less each, as the sums are rounded */
	n = floor((end - now) / SECONDS_PER_WEEK) - 1;
	if (week > 0)
		n = Min(n, floor(schedule->spent / week) - 1);
	if (n < 1)
		return;
	schedule->origin += n * SECONDS_PER_WEEK;
	schedule->spent = Max(0, schedule->spent - n * week);
}

/*
 * Find the stretch of events that begins with the next delivery.  Only when
 * the origin is at the previous arrival: what was spent counts at one
 * multiplier.
 */
static void
enter_event_stretch(SpindleSchedule *schedule)
{
	int64		k = schedule->next;

	schedule->event_multiplier = 1;
	schedule->until_event = PG_INT64_MAX;
	for (int w = 0; w < schedule->spec.nwindows; w++)
	{
		const SpindleBurstWindow *window = &schedule->spec.window[w];

		if (!window->by_event)
			continue;
		if (window->start_event <= k && k < window->end_event)
			schedule->event_multiplier *= window->multiplier;
		if (window->start_event > k)
			schedule->until_event = Min(schedule->until_event, window->start_event);
		else if (window->end_event > k)
			schedule->until_event = Min(schedule->until_event, window->end_event);
	}
}

/*
 * Move the origin to the previous arrival, before the rate changes by event.
 */
static void
move_origin(SpindleSchedule *schedule)
{
	double		rate = Min(schedule->rate * schedule->event_multiplier, MAX_RATE);

	if (schedule->spent > 0 && rate > 0)
		schedule->origin += schedule->spent / rate;
	schedule->spent = 0;
}

/*
 * Draw the steps to the next UNITS deliveries, whose draws have the numbers
 * of these.
 */
static void
draw_units(SpindleSchedule *schedule)
{
	uint64		draw[UNITS];

	spindle_draws_from(schedule->key, schedule->next, UNITS, draw);
	spindle_exponentials(draw, UNITS, schedule->unit);
}

/*
 * spindle_schedule_next
 *		The offset at which the next delivery is due, in seconds, rounded to
 *		microseconds, which is what users see.  Infinity if it is larger
 *		than SPINDLE_MAX_ARRIVAL, as those of all later ones.
 *
 * The first call is about delivery 0; offsets never fall.  Costs a few
 * operations, and as many more as hours of a pattern lie between two
 * arrivals, up to a thousand weeks; can be cancelled.  Waits for nothing.
 */
double
spindle_schedule_next(SpindleSchedule *schedule)
{
	double		need = 1.0;
	int			walked = 0;

	if (schedule->spec.is_poisson)
	{
		if (schedule->next % UNITS == 0)
			draw_units(schedule);
		need = schedule->unit[schedule->next % UNITS];
	}
	if (schedule->next >= schedule->until_event)
	{
		move_origin(schedule);
		enter_event_stretch(schedule);
	}
	schedule->next++;
	schedule->spent += need;

	for (;;)
	{
		double		rate;

		if (schedule->origin > SPINDLE_MAX_ARRIVAL)
			return INFINITY;
		if (schedule->origin >= schedule->until)
			enter_stretch(schedule);
		rate = Min(schedule->rate * schedule->event_multiplier, MAX_RATE);
		if (rate > 0)
		{
			double		at = schedule->origin + schedule->spent / rate;

			if (at < schedule->until)
				return at > SPINDLE_MAX_ARRIVAL ? INFINITY : floor(at * USECS_PER_SEC + 0.5) / USECS_PER_SEC;
			schedule->spent = Max(0, schedule->spent - (schedule->until - schedule->origin) * rate);
		}
		schedule->origin = schedule->until;
		if (schedule->spec.has_pattern && ++walked >= WALKED_HOURS && walked % HOURS_PER_WEEK == 0)
			skip_weeks(schedule);
		CHECK_FOR_INTERRUPTS();
	}
}
