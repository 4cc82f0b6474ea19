/*-------------------------------------------------------------------------
 *
 * change_merge.c
 *		The moments of several feeds, in the order of a stream.
 *
 * That is by time, then by the root of what is changed together, the roots of one
 * table by their number and those of parents before those of children.  Of one root,
 * inserts and updates come before deletes, the former from parents to children and
 * the latter from children to parents, so that all references hold at any moment.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/binaryheap.h"
#include "miscadmin.h"

#include "stream/change_feed.h"

struct SpindleChangeMerge
{
	List	   *feeds;			/* of SpindleChangeFeed */
	binaryheap *heap;			/* of those that have a moment at hand */
};

/* The next moment of a feed, which has one. */
static inline const SpindleMoment *
head(const SpindleChangeFeed *feed)
{
	return &feed->moment[feed->i];
}

/* Compare as qsort() does. */
static inline int
compare_numbers(int64 a, int64 b)
{
	return a < b ? -1 : a > b;
}

/* For the heap, whose first is the one that is not below any other: the earliest comes first. */
static int
compare_feeds(Datum a, Datum b, void *arg)
{
	const SpindleChangeFeed *x = (const SpindleChangeFeed *) DatumGetPointer(a);
	const SpindleChangeFeed *y = (const SpindleChangeFeed *) DatumGetPointer(b);
	int			result = compare_numbers(head(y)->time, head(x)->time);

	if (result == 0)
		result = compare_numbers(y->place->root_level, x->place->root_level);
	if (result == 0)
		result = compare_numbers(head(y)->root, head(x)->root);
	if (result == 0)
		result = compare_numbers(y->deletes, x->deletes);
	if (result == 0)
		result = x->deletes ? compare_numbers(x->place->level, y->place->level) :
			compare_numbers(y->place->level, x->place->level);
	return result != 0 ? result : compare_numbers(head(y)->row, head(x)->row);
}

/*
 * spindle_change_merge_create
 *		The merge of feeds, in context; to begin with, seek.
 */
SpindleChangeMerge *
spindle_change_merge_create(List *feeds, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleChangeMerge *merge = palloc(sizeof(SpindleChangeMerge));

	merge->feeds = feeds;
	merge->heap = binaryheap_allocate(Max(list_length(feeds), 1), compare_feeds, NULL);
	MemoryContextSwitchTo(oldcontext);
	return merge;
}

/* Have the next moment of a feed at hand; false at its end. */
static bool
has_moment(SpindleChangeFeed *feed)
{
	if (feed->i == feed->n)
	{
		CHECK_FOR_INTERRUPTS();
		feed->i = 0;
		feed->fill(feed);
	}
	return feed->n > 0;
}

/*
 * spindle_change_merge_seek
 *		Begin with the first moment at a time or behind it, which is finite.
 */
void
spindle_change_merge_seek(SpindleChangeMerge *merge, Timestamp time)
{
	ListCell   *lc;

	binaryheap_reset(merge->heap);
	foreach(lc, merge->feeds)
	{
		SpindleChangeFeed *feed = lfirst(lc);

		feed->seek(feed, time);
		feed->n = feed->i = 0;
		if (has_moment(feed))
			binaryheap_add_unordered(merge->heap, PointerGetDatum(feed));
	}
	binaryheap_build(merge->heap);
}

/*
 * spindle_change_merge_next
 *		The next moment; false at the end.
 */
bool
spindle_change_merge_next(SpindleChangeMerge *merge, SpindleStreamMoment *next)
{
	SpindleChangeFeed *feed;

	if (binaryheap_empty(merge->heap))
		return false;
	feed = (SpindleChangeFeed *) DatumGetPointer(binaryheap_first(merge->heap));
	next->moment = *head(feed);
	next->feed = feed;
	feed->i++;
	if (has_moment(feed))
		binaryheap_replace_first(merge->heap, PointerGetDatum(feed));
	else
		(void) binaryheap_remove_first(merge->heap);
	return true;
}

/* spindle_change_same_root: do two moments belong to one transaction? */
bool
spindle_change_same_root(const SpindleStreamMoment *a, const SpindleStreamMoment *b)
{
	return a->moment.time == b->moment.time && a->moment.root == b->moment.root &&
		a->feed->place->root_level == b->feed->place->root_level;
}
