/*-------------------------------------------------------------------------
 *
 * clock.h
 *		Changes of rows that lie spread over the range.
 *
 * The changes of a clock are numbered twice: by row, as those of a row follow each
 * other, and by time.  A change's number by time is its rank.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CLOCK_H
#define SPINDLE_CLOCK_H

#include "gen/instance.h"
#include "math/permute.h"

/* A clock of an instance; never changes once it is made. */
typedef struct SpindleClockState
{
	SpindleLayout *layout;		/* of changes by row */
	SpindleTimeline *timeline;	/* of ranks */
	SpindlePermutation permutation; /* from numbers by row to ranks */
	int64		n;				/* changes */
} SpindleClockState;

/* What a reader keeps between calls; see layout.h and timeline.h. */
typedef struct SpindleClockCursor
{
	const SpindleClockState *clock;
	SpindleLayoutCursor layout;
	SpindleTimelineCursor timeline;
	Timestamp	counted;		/* time last asked for, */
	int64		count;			/* ranks up to it; -1 before the first */
} SpindleClockCursor;

extern const SpindleClockState *spindle_instance_clock(SpindleInstance *instance, int table, int clock);
extern void spindle_clock_cursor_init(SpindleClockCursor *cursor, const SpindleClockState *clock);
extern int64 spindle_clock_count_until(SpindleClockCursor *cursor, Timestamp time);

/* The rank of a change, by its number by row. */
static inline int64
spindle_clock_rank(const SpindleClockCursor *cursor, int64 change)
{
	return spindle_permute(&cursor->clock->permutation, change);
}

/* The time of a rank. */
static inline Timestamp
spindle_clock_time(SpindleClockCursor *cursor, int64 rank)
{
	return spindle_timeline_look_up(&cursor->timeline, rank);
}

/* The row that the change of a rank belongs to. */
static inline int64
spindle_clock_row(SpindleClockCursor *cursor, int64 rank)
{
	return spindle_layout_parent(&cursor->layout, spindle_permute_back(&cursor->clock->permutation, rank));
}

#endif							/* SPINDLE_CLOCK_H */
