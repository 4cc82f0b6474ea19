/*-------------------------------------------------------------------------
 *
 * change_feed.h
 *		The moments at which rows of tables may change, in the order of a stream.
 *
 * A feed gives the moments of one table and one cause in their order; the merge of
 * all feeds gives those of a stream.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CHANGE_FEED_H
#define SPINDLE_CHANGE_FEED_H

#include "nodes/pg_list.h"

#include "stream/lookahead.h"

/* Moments that a feed has at hand, at most; ties of a clock may make them more. */
#define SPINDLE_FEED_MOMENTS	64

/* Where the rows of a table stand among what is changed together. */
typedef struct SpindleChangePlace
{
	int			level;			/* of the table: parents are below children; no
								 * two tables have the same */
	int			root_level;		/* that of the table of its root */
	bool		has_root;		/* by a path, else a row is its own root */
	SpindleColumnRef root;		/* to the row, by its number */
	bool		root_rises;		/* its number never falls from row to row */
} SpindleChangePlace;

typedef struct SpindleChangeFeed SpindleChangeFeed;

/*
 * What the kinds of feeds have in common; each has a structure of its own that
 * begins with it.
 */
struct SpindleChangeFeed
{
	/* Fill moment with the next ones, and set n; 0 at the end. */
	void		(*fill) (SpindleChangeFeed *feed);
	/* Begin with the first moment at a time or behind it. */
	void		(*seek) (SpindleChangeFeed *feed, Timestamp time);

	int			table;
	const SpindleChangePlace *place;
	bool		deletes;		/* moments at which rows are deleted, ... */
	bool		inserts;		/* ... or at which rows are inserted that were
								 * never there before */

	/* present moments */
	int			capacity;
	SpindleMoment *moment;
	int			n;
	int			i;				/* next of them */
};

/* A moment of a stream. */
typedef struct SpindleStreamMoment
{
	SpindleMoment moment;
	const SpindleChangeFeed *feed;
} SpindleStreamMoment;

typedef struct SpindleChangeMerge SpindleChangeMerge;

/* change_place.c */
extern int *spindle_change_levels(const SpindleDomain *domain);
extern SpindleChangePlace *spindle_change_places(const SpindleDomain *domain);

/* change_feed.c */
extern List *spindle_change_feeds(SpindleInstance *instance, int table, int profile, const SpindleChangePlace *place,
								  int sharers, MemoryContext context);
extern int	spindle_change_lookaheads(const SpindleDomain *domain, int table, int profile);

/* change_merge.c */
extern SpindleChangeMerge *spindle_change_merge_create(List *feeds, MemoryContext context);
extern void spindle_change_merge_seek(SpindleChangeMerge *merge, Timestamp time);
extern bool spindle_change_merge_next(SpindleChangeMerge *merge, SpindleStreamMoment *next);
extern bool spindle_change_same_root(const SpindleStreamMoment *a, const SpindleStreamMoment *b);

#endif							/* SPINDLE_CHANGE_FEED_H */
