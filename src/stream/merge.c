/*-------------------------------------------------------------------------
 *
 * merge.c
 *		Events of several feeds as one order.
 *
 * The next event of each feed is at hand; the earliest comes first.  At equal
 * times the feed that stands first does, and feeds stand parents first, so an
 * order comes before its lines, which have the same time.  Events without time
 * come last.
 *
 * There are as many feeds as a domain has tables with event times, a handful,
 * so the earliest is found by looking at all of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "stream/merge.h"

struct SpindleMerge
{
	int			nfeeds;
	SpindleFeed **feed;
	SpindleEvent *head;			/* of each feed */
	bool	   *has_head;
	int			taken;			/* feed whose head was given out last, or -1 */
};

/*
 * Does an event at time a (if it has one) come before one at time b?  Not at
 * equal times, so the feed that stands first is taken.
 */
static inline bool
is_earlier(bool has_a, Timestamp a, bool has_b, Timestamp b)
{
	return has_a && (!has_b || a < b);
}

/*
 * spindle_merge_cut
 *		Cut the feeds to the first nevents events of them all.
 *
 * Sets nevents of each feed, which is open and not yet started.  Takes a pass
 * over all of them up to there, computing times only.  Needed where anomalies
 * are counted per feed; else the reader of a merge just stops.
 */
void
spindle_merge_cut(SpindleFeed **feeds, int nfeeds, int64 nevents)
{
	SpindlePassEvent *head = palloc(sizeof(SpindlePassEvent) * nfeeds);
	bool	   *has_head = palloc(sizeof(bool) * nfeeds);
	int64	   *count = palloc0(sizeof(int64) * nfeeds);

	for (int f = 0; f < nfeeds; f++)
	{
		feeds[f]->ops->begin_pass(feeds[f], NULL, 0, true);
		has_head[f] = feeds[f]->ops->next_in_pass(feeds[f], &head[f]);
	}
	for (int64 k = 0; k < nevents; k++)
	{
		int			first = -1;

		for (int f = 0; f < nfeeds; f++)
			if (has_head[f] && (first < 0 || is_earlier(head[f].has_time, head[f].time,
														head[first].has_time, head[first].time)))
				first = f;
		if (first < 0)
			break;
		count[first]++;
		has_head[first] = feeds[first]->ops->next_in_pass(feeds[first], &head[first]);
	}
	for (int f = 0; f < nfeeds; f++)
	{
		feeds[f]->ops->end_pass(feeds[f]);
		feeds[f]->nevents = count[f];
	}
	pfree(head);
	pfree(has_head);
	pfree(count);
}

/*
 * spindle_merge_create
 *		Merge feeds that have been started, in the current memory context.
 *
 * The array is used, not copied, and parents stand before their children in
 * it.  Computes the first event of each feed.  When feeds are rewound a new
 * merge is needed; the old one goes with its context.
 */
SpindleMerge *
spindle_merge_create(SpindleFeed **feeds, int nfeeds)
{
	SpindleMerge *merge = palloc0(sizeof(SpindleMerge));

	merge->nfeeds = nfeeds;
	merge->feed = feeds;
	merge->head = palloc0(sizeof(SpindleEvent) * nfeeds);
	merge->has_head = palloc0(sizeof(bool) * nfeeds);
	merge->taken = -1;
	for (int f = 0; f < nfeeds; f++)
		merge->has_head[f] = feeds[f]->ops->next(feeds[f], &merge->head[f]);
	return merge;
}

/*
 * spindle_merge_next
 *		The next event, which stays its feed's present one; false at the
 *		end.
 *
 * So it can be written until the next call, which moves on this feed alone.
 */
bool
spindle_merge_next(SpindleMerge *merge, SpindleEvent *event)
{
	int			first = -1;

	if (merge->taken >= 0)
		merge->has_head[merge->taken] = merge->feed[merge->taken]->ops->next(merge->feed[merge->taken],
																			 &merge->head[merge->taken]);
	for (int f = 0; f < merge->nfeeds; f++)
		if (merge->has_head[f] &&
			(first < 0 || is_earlier(merge->head[f].has_time, merge->head[f].time,
									 merge->head[first].has_time, merge->head[first].time)))
			first = f;
	merge->taken = first;
	if (first < 0)
		return false;
	*event = merge->head[first];
	return true;
}
