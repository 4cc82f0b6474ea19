/*-------------------------------------------------------------------------
 *
 * lookahead.h
 *		Rows in the order of times that follow an ordered one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LOOKAHEAD_H
#define SPINDLE_LOOKAHEAD_H

#include "gen/moments.h"
#include "stream/window.h"

typedef struct SpindleLookahead SpindleLookahead;

/* When something happens to a row, in microseconds. */
typedef struct SpindleMoment
{
	Timestamp	time;
	int64		root;			/* row at the top of what is changed together
								 * with it */
	int64		row;
} SpindleMoment;

/*
 * Compare by time, then by root, then by row, as qsort() does: below 0 if a comes
 * first.
 */
static inline int
spindle_compare_moments(const SpindleMoment *a, const SpindleMoment *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->root != b->root)
		return a->root < b->root ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

extern void spindle_sort_moments(SpindleMoment *moment, size_t n);
extern SpindleLookahead *spindle_lookahead_create(SpindleInstance *instance, int table,
												  const SpindleColumnRef *time, MemoryContext context);
extern SpindleLookahead *spindle_lookahead_of_moments(SpindleInstance *instance, int table, SpindleMoments *moments,
													  const SpindleWindow *window, const SpindleColumnRef *root,
													  int sharers, MemoryContext context);
extern int	spindle_lookahead_next(SpindleLookahead *lookahead, int64 *rows, int n);
extern int	spindle_lookahead_moments(SpindleLookahead *lookahead, SpindleMoment *moment, int n);
extern void spindle_lookahead_rewind(SpindleLookahead *lookahead);
extern void spindle_lookahead_seek(SpindleLookahead *lookahead, Timestamp time);

#endif							/* SPINDLE_LOOKAHEAD_H */
