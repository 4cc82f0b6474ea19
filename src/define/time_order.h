/*-------------------------------------------------------------------------
 *
 * time_order.h
 *		Which of two times of a row comes first, and by how much.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TIME_ORDER_H
#define SPINDLE_TIME_ORDER_H

#include "define/origin.h"

/*
 * How much later one time is than another, in microseconds: at least shortest,
 * which may be below 0, and at most longest, or SPINDLE_NO_BOUND.
 */
typedef struct SpindleLag
{
	int64		shortest;
	int64		longest;
} SpindleLag;

extern bool spindle_time_lag(const SpindleDomain *domain, int table, const Origin *earlier, const Origin *later,
							 SpindleLag *lag);
extern bool spindle_time_base(const SpindleDomain *domain, int table, const Origin *time, SpindleTimeRef *base,
							  SpindleLag *lag);
extern bool spindle_time_rises(const SpindleDomain *domain, int table, const Origin *time);
extern void spindle_time_origin(const SpindleDomain *domain, int table, int via, const SpindleColumnRef *ref,
								Origin *origin);

#endif							/* SPINDLE_TIME_ORDER_H */
