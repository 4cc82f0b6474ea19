/*-------------------------------------------------------------------------
 *
 * collective.c
 *		Collective anomalies: groups of events that crowd into a window.
 *
 * The events of a group are those with the same value in a column.  All of a
 * chosen group move into a window that begins at the group's first event.
 *
 * Which groups there are is known only after the whole stream was seen, so
 * (group, position) pairs go through the server's sort, within work_mem and
 * temporary files beyond it.  A first walk over the sorted pairs counts the
 * groups with two events or more, a second one chooses among them and gives
 * each of their events its new time.  The moved events then go through two
 * sorts more, by position and by new time: a reader of the stream leaves them
 * out where they were and puts them in where they belong, with one event of
 * each in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "math/fpmath.h"
#include "stream/anomaly.h"
#include "stream/collective.h"
#include "stream/sorter.h"

/*
 * The sorts that are not in use are NULL: groups once they were chosen from,
 * and the other two before.
 */
struct SpindleCollective
{
	MemoryContext context;
	double		window_seconds;
	double		fraction;		/* of the groups with two events or more */
	SpindleKey	choice_key;
	SpindleKey	offset_key;
	bool		across_transactions;
	int16		group_length;	/* of the groups' type */
	bool		group_by_value;
	FmgrInfo	group_equal;
	SpindleSorter *groups;		/* group, position, row, time */
	SpindleSorter *positions;	/* position, row, new time */
	SpindleSorter *times;		/* new time, position, row */
	bool		has_position;	/* position is the present one */
	SpindleMovedEvent position;
	bool		has_time;
	SpindleMovedEvent time;
};

/*
 * A sorter of n columns, all of type bigint but maybe the first, in the
 * current memory context.  A timestamp counts as a bigint.
 */
static SpindleSorter *
create_sorter(Oid first_type, int n, int nkeys, bool across_transactions)
{
	TupleDesc	desc = CreateTemplateTupleDesc(n);

	for (int i = 0; i < n; i++)
		TupleDescInitEntry(desc, i + 1, NULL, i == 0 ? first_type : INT8OID, -1, 0);
	return spindle_sorter_create(desc, nkeys, -1, across_transactions);
}

/*
 * Put a row of n values, none of them null, into a sorter, which copies them.
 */
static void
put(SpindleSorter *sorter, const Datum *values, int n)
{
	TupleTableSlot *slot = spindle_sorter_input(sorter);

	memcpy(slot->tts_values, values, sizeof(Datum) * n);
	memset(slot->tts_isnull, false, n);
	spindle_sorter_put(sorter);
}

/*
 * Sorts of the moved events, in the current memory context.  At equal new
 * times the position tells, as in the order without moves.
 */
static void
create_moves(SpindleCollective *collective)
{
	collective->positions = create_sorter(INT8OID, 3, 1, collective->across_transactions);
	collective->times = create_sorter(INT8OID, 3, 2, collective->across_transactions);
}

/* One event's new time; by position and by time. */
static void
move_event(SpindleCollective *collective, int64 position, int64 row, Timestamp time)
{
	Datum		by_position[3] = {Int64GetDatum(position), Int64GetDatum(row), Int64GetDatum(time)};
	Datum		by_time[3] = {Int64GetDatum(time), Int64GetDatum(position), Int64GetDatum(row)};

	put(collective->positions, by_position, 3);
	put(collective->times, by_time, 3);
}

/*
 * spindle_collective_create
 *		Prepare to take the events of a feed.
 *
 * Their groups are values of group_type, which needs an order and an
 * equality; else undefined_function is raised.  window_seconds > 0, and
 * fraction, from 0 to 1, is that of the groups with two events or more.  key
 * is of this anomaly alone.
 *
 * Allocates in context, which also holds the sorts.  across_transactions:
 * moved events are read after commits, too.  Groups have to be chosen in this
 * transaction in any case.
 */
SpindleCollective *
spindle_collective_create(Oid group_type, double window_seconds, double fraction, SpindleKey key,
						  bool across_transactions, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleCollective *collective = palloc0(sizeof(SpindleCollective));

	collective->context = context;
	collective->window_seconds = window_seconds;
	collective->fraction = fraction;
	collective->choice_key = spindle_key_derive(key, 1);
	collective->offset_key = spindle_key_derive(key, 2);
	collective->across_transactions = across_transactions;
	get_typlenbyval(group_type, &collective->group_length, &collective->group_by_value);
	collective->groups = create_sorter(group_type, 4, 2, false);
	fmgr_info(lookup_type_cache(group_type, TYPECACHE_EQ_OPR_FINFO)->eq_opr_finfo.fn_oid, &collective->group_equal);
	MemoryContextSwitchTo(oldcontext);
	return collective;
}

/*
 * spindle_collective_create_moves
 *		The same for events that others choose, one by one.
 *
 * There is no group, no window and no draw then.
 */
SpindleCollective *
spindle_collective_create_moves(bool across_transactions, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleCollective *collective = palloc0(sizeof(SpindleCollective));

	collective->context = context;
	collective->across_transactions = across_transactions;
	create_moves(collective);
	MemoryContextSwitchTo(oldcontext);
	return collective;
}

/*
 * spindle_collective_move
 *		Give an event another time.
 *
 * Before spindle_collective_finish(), in any order of positions, and each
 * position once.
 */
void
spindle_collective_move(SpindleCollective *collective, int64 position, int64 row, Timestamp time)
{
	move_event(collective, position, row, time);
}

/*
 * spindle_collective_finish
 *		All moves are known: begin the walks over them.
 *
 * Sorts, which may take a while and can be cancelled.
 */
void
spindle_collective_finish(SpindleCollective *collective)
{
	spindle_sorter_finish(collective->positions);
	spindle_sorter_finish(collective->times);
	spindle_collective_next_position(collective);
	spindle_collective_next_time(collective);
}

/*
 * spindle_collective_add
 *		Take an event that has a group and a time.
 *
 * Copies the group, which has the type given at creation.  position is the
 * event's, from 0 and each once; time, in microseconds since 2000-01-01 UTC,
 * is finite.  row comes back with the moved event.
 */
void
spindle_collective_add(SpindleCollective *collective, Datum group, int64 position, int64 row, Timestamp time)
{
	Datum		values[4] = {group, Int64GetDatum(position), Int64GetDatum(row), Int64GetDatum(time)};

	put(collective->groups, values, 4);
}

/*
 * Is the sorted event read last of the group kept in *group?  If not, keep
 * its own there: a copy in the current memory context, as the row goes with
 * the next one.  Texts are compared bytewise, which agrees with the order of
 * the sort.
 */
static bool
same_group(SpindleCollective *collective, Datum next, Datum *group, bool has_group)
{
	if (has_group && DatumGetBool(FunctionCall2Coll(&collective->group_equal, C_COLLATION_OID, *group, next)))
		return true;
	if (has_group && !collective->group_by_value)
		pfree(DatumGetPointer(*group));
	*group = datumCopy(next, collective->group_by_value, collective->group_length);
	return false;
}

/*
 * Walk over the sorted events, group after group, as they came within each.
 *
 * If not choosing, put an entry (number, size) for each group into sizes.  If
 * choosing, read these, take wanted of the eligible groups, which are those
 * of two events or more, by selection sampling, and move all events of each
 * into the window behind its first.  So the size of a group is known at its
 * first event, and no group has to fit into memory.
 */
static void
walk_groups(SpindleCollective *collective, SpindleSorter *sizes, bool choosing, int64 eligible, int64 wanted)
{
	Datum		group = (Datum) 0;
	bool		has_group = false;
	int64		size = 0;
	int64		seen = 0;
	int64		chosen = 0;
	int64		left = 0;		/* events of a chosen group still to come */
	int64		number = 0;		/* of the group */
	Timestamp	start = 0;
	double		below = 1.0;	/* 1 - offset of the event before, as a share */
	TupleTableSlot *slot;

	spindle_sorter_rewind(collective->groups);
	for (int64 i = 0; (slot = spindle_sorter_get(collective->groups)) != NULL; i++)
	{
		const Datum *value = slot->tts_values;
		Timestamp	time = DatumGetInt64(value[3]);

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!same_group(collective, value[0], &group, has_group))
		{
			if (!choosing && has_group)
			{
				Datum		entry[2] = {Int64GetDatum(number), Int64GetDatum(size)};

				put(sizes, entry, 2);
			}
			number++;
			size = 0;
			has_group = true;
			left = 0;
			if (choosing)
			{
				TupleTableSlot *size_slot = spindle_sorter_get(sizes);

				if (size_slot == NULL)
					elog(ERROR, "sizes of groups are missing");
				left = DatumGetInt64(size_slot->tts_values[1]);
				if (left < 2)
					left = 0;
				else if (spindle_below(spindle_draw(collective->choice_key, seen), eligible - seen) >=
						 (uint64) (wanted - chosen))
				{
					seen++;
					left = 0;
				}
				else
				{
					seen++;
					chosen++;
				}
				start = time;
				below = 1.0;
			}
		}
		size++;
		if (left > 0)
		{
			int64		position = DatumGetInt64(value[1]);
			double		u = spindle_fraction(spindle_draw(collective->offset_key, position));

			/*
			 * The next smallest of the offsets still to come, all uniform in
			 * what is left of the window: no need to draw and sort them all.
			 * Bentley and Saxe 1979.
			 */
			below *= spindle_pow(u, 1.0 / (double) left);
			left--;
			move_event(collective, position, DatumGetInt64(value[2]),
					   start + (int64) floor((1.0 - below) * collective->window_seconds * USECS_PER_SEC));
		}
	}
	if (!choosing && has_group)
	{
		Datum		entry[2] = {Int64GetDatum(number), Int64GetDatum(size)};

		put(sizes, entry, 2);
	}
}

/*
 * spindle_collective_choose
 *		All events are in: choose groups and move their events.
 *
 * Groups are taken as spindle_anomaly_share() says; with less than two events
 * in each, none is.  Sorts the events, and those that moved twice more,
 * within work_mem and temporary files.  The events that were added are
 * released, and the walks begin.
 */
void
spindle_collective_choose(SpindleCollective *collective)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(collective->context);
	SpindleSorter *sizes = create_sorter(INT8OID, 2, 1, false);
	TupleTableSlot *slot;
	int64		eligible = 0;
	int64		wanted;

	spindle_sorter_finish(collective->groups);
	walk_groups(collective, sizes, false, 0, 0);
	spindle_sorter_finish(sizes);
	while ((slot = spindle_sorter_get(sizes)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		eligible += DatumGetInt64(slot->tts_values[1]) >= 2;
	}
	wanted = spindle_anomaly_share(eligible, collective->fraction);

	create_moves(collective);
	if (wanted > 0)
	{
		spindle_sorter_rewind(sizes);
		walk_groups(collective, sizes, true, eligible, wanted);
	}
	spindle_sorter_end(sizes);
	spindle_sorter_end(collective->groups);
	collective->groups = NULL;
	MemoryContextSwitchTo(oldcontext);
	spindle_collective_finish(collective);
}

/*
 * spindle_collective_rewind
 *		Begin the walks over the moved events anew.
 */
void
spindle_collective_rewind(SpindleCollective *collective)
{
	spindle_sorter_rewind(collective->positions);
	spindle_sorter_rewind(collective->times);
	spindle_collective_next_position(collective);
	spindle_collective_next_time(collective);
}

/*
 * spindle_collective_by_position
 *		The present moved event in the order of positions, or NULL behind
 *		the last.
 *
 * It stays the collective's, and is overwritten when the walk goes on.
 */
const SpindleMovedEvent *
spindle_collective_by_position(SpindleCollective *collective)
{
	return collective->has_position ? &collective->position : NULL;
}

/*
 * spindle_collective_next_position
 *		Go on to the next moved event in the order of positions.
 */
void
spindle_collective_next_position(SpindleCollective *collective)
{
	TupleTableSlot *slot = spindle_sorter_get(collective->positions);

	collective->has_position = slot != NULL;
	if (slot == NULL)
		return;
	collective->position.position = DatumGetInt64(slot->tts_values[0]);
	collective->position.row = DatumGetInt64(slot->tts_values[1]);
	collective->position.time = DatumGetInt64(slot->tts_values[2]);
}

/*
 * spindle_collective_by_time
 *		The present moved event in the order of new times, or NULL behind
 *		the last.
 */
const SpindleMovedEvent *
spindle_collective_by_time(SpindleCollective *collective)
{
	return collective->has_time ? &collective->time : NULL;
}

/*
 * spindle_collective_next_time
 *		Go on to the next moved event in the order of new times.
 */
void
spindle_collective_next_time(SpindleCollective *collective)
{
	TupleTableSlot *slot = spindle_sorter_get(collective->times);

	collective->has_time = slot != NULL;
	if (slot == NULL)
		return;
	collective->time.time = DatumGetInt64(slot->tts_values[0]);
	collective->time.position = DatumGetInt64(slot->tts_values[1]);
	collective->time.row = DatumGetInt64(slot->tts_values[2]);
}

/*
 * spindle_collective_end
 *		Release the sorts and their files.
 *
 * The rest goes with the memory context.  After an error there is no need to
 * call it.
 */
void
spindle_collective_end(SpindleCollective *collective)
{
	spindle_sorter_end(collective->groups);
	spindle_sorter_end(collective->positions);
	spindle_sorter_end(collective->times);
}
