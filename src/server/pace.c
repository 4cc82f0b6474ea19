/*-------------------------------------------------------------------------
 *
 * pace.c
 *		Waiting until deliveries are due.
 *
 * Deadlines are absolute: offsets from one start on the monotonic clock, so
 * whatever a wait takes too long is not added to the next one, and the mean
 * rate stays right.  Who is behind does not wait at all and catches up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/wait_event.h"

#include "server/pace.h"
#include "server/wait.h"

/* The stream starts now. */
void
spindle_pace_start(SpindlePace *pace)
{
	INSTR_TIME_SET_CURRENT(pace->start);
	pace->now = 0;
	pace->lag = 0;
}

/* Note what time it is; a look costs some 30 ns. */
void
spindle_pace_look(SpindlePace *pace)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, pace->start);
	pace->now = INSTR_TIME_GET_DOUBLE(now);
}

/*
 * spindle_pace_is_due
 *		Has the time come for a delivery at an offset in seconds?
 *
 * Looks at the clock only if the last look does not tell.  What is due counts
 * as late by the time since then.
 */
bool
spindle_pace_is_due(SpindlePace *pace, double offset)
{
	if (offset > pace->now)
		spindle_pace_look(pace);
	if (offset > pace->now)
		return false;
	pace->lag = Max(pace->lag, pace->now - offset);
	return true;
}

/*
 * spindle_pace_wait
 *		Wait until an offset, in seconds.
 *
 * Cancel, termination and the end of the postmaster take effect at once.
 */
void
spindle_pace_wait(SpindlePace *pace, double offset)
{
	while (!spindle_pace_is_due(pace, offset))
		spindle_wait(offset - pace->now, WAIT_EVENT_PG_SLEEP);
}
