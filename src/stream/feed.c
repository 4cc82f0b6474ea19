/*-------------------------------------------------------------------------
 *
 * feed.c
 *		The events of one source: what all feeds have in common.
 *
 * A feed goes through steps, each at most once: it is created, which makes its
 * columns known; anomalies are put in; it is opened, which makes its number of
 * events known; that number may be cut; it is started, whereupon collective
 * anomalies choose and move their groups and the others count their eligible
 * events; and then it gives its events.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "stream/anomaly.h"
#include "stream/collective.h"
#include "stream/feed.h"

/*
 * spindle_feed_find_column
 *		The column of a feed by its name, or by what a definition calls it, or
 *		-1.
 *
 * The name is in UTF-8 and has to be the same byte by byte.  Hidden columns
 * are not found.
 */
int
spindle_feed_find_column(const SpindleFeed *feed, const char *name)
{
	for (int c = 0; c < feed->ncolumns; c++)
		if (!feed->column[c].is_hidden && strcmp(feed->column[c].name, name) == 0)
			return c;
	for (int c = 0; c < feed->ncolumns; c++)
		if (!feed->column[c].is_hidden && feed->column[c].key && strcmp(feed->column[c].key, name) == 0)
			return c;
	return -1;
}

/*
 * spindle_feed_column_list
 *		The names of the columns, for a hint.
 *
 * Palloc'd, in UTF-8 and without the hidden ones.
 */
char *
spindle_feed_column_list(const SpindleFeed *feed)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int c = 0; c < feed->ncolumns; c++)
		if (!feed->column[c].is_hidden)
			appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", feed->column[c].name);
	return buf.data;
}

/*
 * spindle_feed_time_column
 *		The column that a user names as the event time, in UTF-8.
 *
 * Raises undefined_column if there is none of this name, and
 * datatype_mismatch if it is neither a timestamp nor a date.
 */
int
spindle_feed_time_column(const SpindleFeed *feed, const char *name)
{
	int			column = spindle_feed_find_column(feed, name);
	const char *shown = pg_any_to_server(name, (int) strlen(name), PG_UTF8);

	if (column < 0)
	{
		char	   *list = spindle_feed_column_list(feed);

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of %s does not exist", shown, feed->subject),
				 errhint("Columns: %s.", pg_any_to_server(list, (int) strlen(list), PG_UTF8))));
	}
	if (!feed->column[column].is_timestamp && !feed->column[column].is_date)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of %s has type %s", shown, feed->subject, feed->column[column].type_name),
				 errhint("An event time is of type timestamp with time zone, timestamp or date.")));
	return column;
}

/*
 * spindle_feed_open
 *		Make the events accessible; feed->nevents is then known.
 *
 * A relation is read here, all of it if it has to be sorted.  Once per feed.
 * max_events of the needs, unless negative, limits the number; the caller may
 * lower it further before spindle_feed_start().
 */
void
spindle_feed_open(SpindleFeed *feed, const SpindleFeedNeeds *needs)
{
	feed->ops->open(feed, needs);
	if (needs->max_events >= 0)
		feed->nevents = Min(feed->nevents, needs->max_events);
}

/*
 * spindle_feed_first_time
 *		The time of the first event; false if there is none, or it is
 *		infinite.
 *
 * The feed is open and not yet started: this is a pass over it.  NULL times
 * come last, so if the first event has none, no other has.
 */
bool
spindle_feed_first_time(SpindleFeed *feed, Timestamp *time)
{
	SpindlePassEvent event;
	bool		found;

	if (!feed->has_event_time || feed->nevents == 0)
		return false;
	feed->ops->begin_pass(feed, NULL, 0, true);
	found = feed->ops->next_in_pass(feed, &event) && event.has_time && !TIMESTAMP_NOT_FINITE(event.time);
	if (found)
		*time = event.time;
	feed->ops->end_pass(feed);
	return found;
}

/*
 * spindle_feed_moved_by
 *		The anomaly that moves the event at a position, or -1.
 *
 * Positions are those before anything was moved.  They must be asked for in
 * rising order, and none that was moved may be left out, for the walks wait
 * at their next one.  *moved_to gets the new time.  No event is moved twice,
 * as each anomaly looks only at what those before have left.
 */
int
spindle_feed_moved_by(SpindleFeed *feed, int64 position, Timestamp *moved_to)
{
	for (int a = 0; a < feed->ncollectives; a++)
	{
		const SpindleMovedEvent *moved;

		if (feed->collective[a] == NULL)
			continue;
		moved = spindle_collective_by_position(feed->collective[a]);
		if (moved == NULL || moved->position != position)
			continue;
		*moved_to = moved->time;
		spindle_collective_next_position(feed->collective[a]);
		return a;
	}
	return -1;
}

/*
 * Begin the walks over the moves of the anomalies before one, by its number,
 * anew.
 */
static void
rewind_moves(SpindleFeed *feed, int number)
{
	for (int a = 0; a < number; a++)
		if (feed->collective[a])
			spindle_collective_rewind(feed->collective[a]);
}

/*
 * Let one collective anomaly choose among what earlier ones have left.
 *
 * Events without a time or with an infinite one, and those without a group,
 * are in no group.  The walks of the earlier anomalies have to be at their
 * beginning, and are at their end afterwards.  The result is allocated in
 * context.
 */
static SpindleCollective *
choose_groups(SpindleFeed *feed, const SpindleAnomalySpec *spec, bool across_transactions, MemoryContext context)
{
	SpindleCollective *collective;
	SpindlePassEvent event;
	MemoryContext row_context = AllocSetContextCreate(context, "spindle groups", ALLOCSET_SMALL_SIZES);

	collective = spindle_collective_create(feed->column[spec->group].group_type, spec->window_seconds, spec->fraction,
										   spindle_anomaly_key(feed, spec), across_transactions, context);
	feed->ops->begin_pass(feed, &spec->group, 1, true);
	while (feed->ops->next_in_pass(feed, &event))
	{
		Timestamp	ignored;
		MemoryContext oldcontext;

		if (spindle_feed_moved_by(feed, event.position, &ignored) >= 0 ||
			!event.has_time || TIMESTAMP_NOT_FINITE(event.time) || event.is_null[0])
			continue;
		oldcontext = MemoryContextSwitchTo(row_context);
		spindle_collective_add(collective, feed->ops->group_value(feed, spec->group, event.value[0]),
							   event.position, event.row, event.time);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(row_context);
	}
	feed->ops->end_pass(feed);
	MemoryContextDelete(row_context);
	spindle_collective_choose(collective);
	return collective;
}

/*
 * One walk of a contextual anomaly that changes the event time, over what
 * earlier moves have left.  Without collective it counts the eligible events;
 * with it, it moves wanted of so many.  Returns how many were eligible.
 *
 * A value of its column is a time: the reader of the arguments takes nothing
 * but timestamps, none of them null, and both kinds of feed represent these
 * as microseconds.
 */
static int64
walk_contextual(SpindleFeed *feed, const SpindleAnomalySpec *spec, SpindleCollective *collective,
				int64 eligible, int64 wanted)
{
	SpindleKey	key = spindle_anomaly_key(feed, spec);
	SpindleKey	choice_key = spindle_key_derive(key, 1);
	SpindleKey	value_key = spindle_key_derive(key, 2);
	const int	columns[2] = {spec->condition, spec->column};
	SpindlePassEvent event;
	int64		seen = 0;
	int64		chosen = 0;

	feed->ops->begin_pass(feed, columns, 2, true);
	while (feed->ops->next_in_pass(feed, &event))
	{
		Timestamp	ignored;

		if (spindle_feed_moved_by(feed, event.position, &ignored) >= 0 ||
			!spindle_anomaly_is_eligible(feed, spec, event.is_null[0], event.value[0], event.is_null[1], event.value[1]))
			continue;
		if (collective &&
			spindle_below(spindle_draw(choice_key, seen), eligible - seen) < (uint64) (wanted - chosen))
		{
			spindle_collective_move(collective, event.position, event.row,
									spindle_anomaly_choose_value(feed, spec, spindle_draw(value_key, seen),
																 event.is_null[1], event.value[1])->value);
			chosen++;
		}
		seen++;
	}
	feed->ops->end_pass(feed);
	return seen;
}

/*
 * Let the contextual anomaly of a number choose and move its events, in two
 * walks.  As choose_groups(), which does it for groups.
 */
static SpindleCollective *
move_contextual(SpindleFeed *feed, int number, bool across_transactions, MemoryContext context)
{
	const SpindleAnomalySpec *spec = &feed->anomaly[number];
	SpindleCollective *collective = spindle_collective_create_moves(across_transactions, context);
	int64		eligible = walk_contextual(feed, spec, NULL, 0, 0);

	rewind_moves(feed, number);
	(void) walk_contextual(feed, spec, collective, eligible, spindle_anomaly_share(eligible, spec->fraction));
	spindle_collective_finish(collective);
	return collective;
}

/*
 * Let all anomalies that change times choose, in the order of the list, and
 * then the feed put events in their new places.  The events keep their
 * positions until the last has chosen.
 */
static void
move_groups(SpindleFeed *feed, bool across_transactions, MemoryContext context)
{
	bool		any = false;

	for (int a = 0; a < feed->nanomalies; a++)
		any |= feed->anomaly[a].moves;
	if (!any)
		return;
	feed->collective = palloc0(sizeof(SpindleCollective *) * feed->nanomalies);
	feed->reorders = palloc0(sizeof(bool) * feed->nanomalies);
	feed->ncollectives = feed->nanomalies;
	for (int a = 0; a < feed->nanomalies; a++)
	{
		if (!feed->anomaly[a].moves)
			continue;
		feed->collective[a] = feed->anomaly[a].kind == SPINDLE_ANOMALY_COLLECTIVE ?
			choose_groups(feed, &feed->anomaly[a], across_transactions, context) :
			move_contextual(feed, a, across_transactions, context);
		feed->reorders[a] = feed->anomaly[a].column == feed->time_column;
		rewind_moves(feed, a);
	}
	feed->ops->move(feed);
}

/*
 * spindle_feed_start
 *		Apply anomalies and make ready to give events.
 *
 * Once, when the feed is open and nevents is final; a feed that gives its
 * events again is rewound.  Allocates in context, where the moved events are
 * kept as well.  across_transactions says that events are asked for after
 * commits.  Without anomalies this is cheap; with them it may pass over the
 * feed several times.
 */
void
spindle_feed_start(SpindleFeed *feed, bool across_transactions, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	if (feed->nanomalies > 0)
	{
		move_groups(feed, across_transactions, context);
		feed->anomalies = spindle_anomalies_create(feed);
	}
	feed->wanted_until = PG_INT64_MAX;
	feed->ops->start(feed);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_feed_rewind
 *		Give the same events again, from the first one on.
 *
 * The feed has been started.  Nothing is read or chosen anew, and
 * wanted_until is forgotten.
 */
void
spindle_feed_rewind(SpindleFeed *feed)
{
	if (feed->anomalies)
		spindle_anomalies_rewind(feed->anomalies);
	feed->wanted_until = PG_INT64_MAX;
	feed->ops->start(feed);
}

/*
 * spindle_feed_can_skip
 *		Can events be left out?  Where an anomaly depends on their values it
 *		has to see them all.
 */
bool
spindle_feed_can_skip(const SpindleFeed *feed)
{
	for (int a = 0; a < feed->nanomalies; a++)
		if (feed->anomaly[a].kind != SPINDLE_ANOMALY_POINT)
			return false;
	return true;
}

/*
 * spindle_feed_close
 *		Release what does not go with the memory context: sorts and their
 *		files.
 *
 * After an error these go by themselves.  The feed cannot be opened again.
 */
void
spindle_feed_close(SpindleFeed *feed)
{
	for (int a = 0; a < feed->ncollectives; a++)
		if (feed->collective[a])
			spindle_collective_end(feed->collective[a]);
	feed->ncollectives = 0;
	feed->ops->close(feed);
}
