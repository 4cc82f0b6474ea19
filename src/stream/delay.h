/*-------------------------------------------------------------------------
 *
 * delay.h
 *		Late events: the order of delivery.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DELAY_H
#define SPINDLE_DELAY_H

#include "math/rng.h"

/*
 * Later events that overtake a delayed one, at most; delay.c says what that
 * costs.
 */
#define SPINDLE_MAX_DELAY_SLOTS		1000000

typedef struct SpindleDelay SpindleDelay;

extern SpindleDelay *spindle_delay_create(int64 nevents, double fraction, int max_slots,
										  SpindleKey key);
extern SpindleDelay *spindle_delay_create_each(double fraction, int max_slots, SpindleKey key);
extern bool spindle_delay_take(SpindleDelay *delay, int64 seq, uint64 counter, int *slot);
extern void spindle_delay_delivered(SpindleDelay *delay, int64 seq);
extern int	spindle_delay_due(SpindleDelay *delay, bool at_end, int64 *seq);
extern int	spindle_delay_first(const SpindleDelay *delay);
extern int	spindle_delay_slots(const SpindleDelay *delay);

#endif							/* SPINDLE_DELAY_H */
