/*-------------------------------------------------------------------------
 *
 * schedule.h
 *		When each delivery of a stream is due.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SCHEDULE_H
#define SPINDLE_SCHEDULE_H

#include "datatype/timestamp.h"

#include "math/rng.h"

/*
 * Events per second that a user may ask for, before multipliers; and burst
 * windows of one stream.
 */
#define SPINDLE_MIN_RATE		1e-6
#define SPINDLE_DEFAULT_RATE	10.0
#define SPINDLE_MAX_RATE		1e9
#define SPINDLE_MAX_WINDOWS		1000

/* Seconds that an interval holds as microseconds, and no fraction more. */
#define SPINDLE_MAX_ARRIVAL		9223372036854.0

/* A stretch in which events come faster or slower, by number or by time. */
typedef struct SpindleBurstWindow
{
	bool		by_event;
	int64		start_event;	/* deliveries start <= k < end */
	int64		end_event;
	double		start_offset;	/* seconds from the start of the stream */
	double		duration;		/* seconds */
	double		multiplier;		/* greater than 0 */
} SpindleBurstWindow;

/*
 * How arrivals are spread, as a user asks for it.  Without a pattern, hour,
 * weekday and clock_start are not looked at.  The rate at an offset is the
 * product of rate, of the multipliers of all windows that hold it or the
 * delivery, and of those of hour and weekday; these may be 0, but not at all
 * hours of a week.
 */
typedef struct SpindleScheduleSpec
{
	double		rate;			/* events per second, before any multiplier */
	bool		is_poisson;		/* else even */
	int			nwindows;
	SpindleBurstWindow *window;
	bool		has_pattern;
	double		hour[24];		/* multipliers, UTC */
	double		weekday[7];		/* Monday first */
	Timestamp	clock_start;	/* what the clock shows at offset 0, UTC */
} SpindleScheduleSpec;

typedef struct SpindleSchedule SpindleSchedule;

extern SpindleSchedule *spindle_schedule_create(const SpindleScheduleSpec *spec, SpindleKey key);
extern double spindle_schedule_next(SpindleSchedule *schedule);

#endif							/* SPINDLE_SCHEDULE_H */
