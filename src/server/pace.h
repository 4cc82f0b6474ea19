/*-------------------------------------------------------------------------
 *
 * pace.h
 *		Waiting until deliveries are due.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PACE_H
#define SPINDLE_PACE_H

#include "portability/instr_time.h"

/* The clock of a stream; offsets are seconds since its start. */
typedef struct SpindlePace
{
	instr_time	start;			/* offset 0, on the monotonic clock */
	double		now;			/* offset of the last look at the clock */
	double		lag;			/* largest delay of a delivery, in seconds */
} SpindlePace;

extern void spindle_pace_start(SpindlePace *pace);
extern void spindle_pace_look(SpindlePace *pace);
extern bool spindle_pace_is_due(SpindlePace *pace, double offset);
extern void spindle_pace_wait(SpindlePace *pace, double offset);

#endif							/* SPINDLE_PACE_H */
