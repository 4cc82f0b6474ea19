/*-------------------------------------------------------------------------
 *
 * timeline.h
 *		Random times that rise with the row number.
 *
 * A timeline lays out the rows of one table over a calendar: the times of an
 * ordered rule.  Both directions take one walk in a tree, from a row to its
 * time and from a time to the number of rows up to it.  Times are microseconds
 * since 2000-01-01 00:00 UTC.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TIMELINE_H
#define SPINDLE_TIMELINE_H

#include "math/calendar.h"
#include "math/rng.h"

/* A leaf has 4 to 8 rows in the mean; a reader decodes 32 leaves at a time. */
#define SPINDLE_TIMELINE_GROUP_DEPTH	5
#define SPINDLE_TIMELINE_MAX_ROWS		1024
#define SPINDLE_TIMELINE_TOP_DEPTH		12

/*
 * Set at creation, but for top, which is made by the first cursor.  Depths are
 * levels of the binary tree: at depth d there are 2^d nodes, each with an
 * equal share of the calendar's mass.
 */
typedef struct SpindleTimeline
{
	int64		nrows;			/* rows of the table, at least 0 */
	bool		first_at_start; /* row 0 stands at the start of the range */
	const SpindleCalendar *calendar;	/* must stay as long as the timeline */
	SpindleKey	split_key;		/* draws of the inner nodes */
	SpindleKey	leaf_key;		/* draws of the rows in a leaf */
	int			depth;			/* of the leaves; the root has depth 0 */
	int			group_depth;	/* of the nodes that are decoded at once */
	int			top_depth;		/* depth of the cached nodes */
	int64	   *top;			/* 2^top_depth + 1 row numbers at which these
								 * nodes begin, NULL until first needed */
	MemoryContext context;		/* where top is allocated */
} SpindleTimeline;

/* A decoded group of leaves: what a reader of a timeline keeps between calls. */
typedef struct SpindleTimelineCursor
{
	const SpindleTimeline *timeline;
	uint64		group;			/* number of the decoded group at group_depth */
	int64		first_row;		/* its first row */
	int			count;			/* its rows, -1 before the first use */
	int			hint;			/* rows of it up to the time last asked for */
	Timestamp	same_from;		/* times from here on ... */
	Timestamp	same_until;		/* ... and before this have the count of the
								 * time last asked for; equal at first */
	int64		same_count;
	Timestamp	from;			/* times from here on ... */
	Timestamp	until;			/* ... and before this lie in the group; equal
								 * if that was not asked yet */
	uint64		looked_up;		/* group of the row last looked up by itself, */
	int			nlooked_up;		/* as were so many in turn that are in it */
	Timestamp	time[SPINDLE_TIMELINE_MAX_ROWS];	/* of the rows of the
													 * group, rising */
} SpindleTimelineCursor;

extern SpindleTimeline *spindle_timeline_create(const SpindleCalendar *calendar,
												SpindleKey key, int64 nrows,
												bool first_at_start);
extern void spindle_timeline_cursor_init(SpindleTimelineCursor *cursor,
										 SpindleTimeline *timeline);
extern void spindle_timeline_seek(SpindleTimelineCursor *cursor, int64 row);
extern Timestamp spindle_timeline_look_up(SpindleTimelineCursor *cursor, int64 row);
extern int64 spindle_timeline_find_count(SpindleTimelineCursor *cursor, Timestamp t);

/*
 * spindle_timeline_time
 *		The time of a row, 0 <= row < nrows.  Rows of the group that is decoded
 *		cost a comparison or two, any other one a walk from the root.
 */
static inline Timestamp
spindle_timeline_time(SpindleTimelineCursor *cursor, int64 row)
{
	if (row < cursor->first_row || row >= cursor->first_row + cursor->count)
		spindle_timeline_seek(cursor, row);
	return cursor->time[row - cursor->first_row];
}

/*
 * How many rows, from the first on, surely have a time <= t.
 *
 * All rows below the result do; at a group's edge up to a microsecond's worth
 * of rows may be missing, because mass and time are inverse to each other up
 * to rounding only.  A function of t alone, so it may decide values.
 */
static inline int64
spindle_timeline_count_until(SpindleTimelineCursor *cursor, Timestamp t)
{
	if (t >= cursor->same_from && t < cursor->same_until)
		return cursor->same_count;
	return spindle_timeline_find_count(cursor, t);
}

#endif							/* SPINDLE_TIMELINE_H */
