/*-------------------------------------------------------------------------
 *
 * change_call.h
 *		Which changes a call asks for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CHANGE_CALL_H
#define SPINDLE_CHANGE_CALL_H

#include "gen/instance.h"
#include "stream/change_queue.h"

/*
 * The arguments that functions about changes have, in this order; those behind
 * INCLUDE_INITIAL only if they deliver changes, and those behind SPEED only if some
 * can be late.
 */
typedef enum SpindleChangeArgument
{
	SPINDLE_CHANGE_DOMAIN,
	SPINDLE_CHANGE_TABLE,
	SPINDLE_CHANGE_SCALE,
	SPINDLE_CHANGE_SEED,
	SPINDLE_CHANGE_PROFILE,
	SPINDLE_CHANGE_FROM_TIME,
	SPINDLE_CHANGE_TO_TIME,
	SPINDLE_CHANGE_AFTER_POSITION,
	SPINDLE_CHANGE_INCLUDE_INITIAL,
	SPINDLE_CHANGE_MAX_EVENTS,
	SPINDLE_CHANGE_DURATION,
	SPINDLE_CHANGE_EVENTS_PER_SECOND,
	SPINDLE_CHANGE_REALTIME,
	SPINDLE_CHANGE_ARRIVALS,
	SPINDLE_CHANGE_BURST_WINDOWS,
	SPINDLE_CHANGE_TIME_PATTERN,
	SPINDLE_CHANGE_CLOCK_START,
	SPINDLE_CHANGE_SPEED,
	SPINDLE_CHANGE_LATE_FRACTION,
	SPINDLE_CHANGE_LATE_SLOTS
} SpindleChangeArgument;

#define SPINDLE_NUM_CHANGE_ARGUMENTS	(SPINDLE_CHANGE_LATE_SLOTS + 1)

/* How often event time may pass faster than the clock. */
#define SPINDLE_MIN_SPEED	1e-6
#define SPINDLE_MAX_SPEED	1e12

/* What a call asks for, looked up and checked. */
typedef struct SpindleChangeCall
{
	SpindleInstance *instance;	/* held by the context in which it was looked up */
	const char *table_name;		/* NULL for a whole domain */
	SpindleChangeOptions options;
	SpindleChangeDelay delay;
	bool		realtime;		/* wait until a change is due */
} SpindleChangeCall;

extern void spindle_change_call_open(const NullableDatum *args, int nargs, SpindleChangeCall *call);
extern const char *spindle_change_profile(const SpindleDomain *domain, const char *profile);

#endif							/* SPINDLE_CHANGE_CALL_H */
