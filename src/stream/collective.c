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

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "math/fpmath.h"
#include "stream/collective.h"

#define MAX_COLUMNS		4

/* A sort of tuples of whole numbers, or of a text before them. */
typedef struct Sorter
{
	Tuplesortstate *state;
	TupleDesc	desc;
	TupleTableSlot *in;
	TupleTableSlot *out;
} Sorter;

struct SpindleCollective
{
	SpindleInstance *instance;
	MemoryContext context;
	SpindleEval *eval;			/* computes the group column */
	int			handle;
	bool		is_text;
	double		window_seconds;
	double		fraction;		/* of the groups with two events or more */
	SpindleKey	choice_key;
	SpindleKey	offset_key;
	Sorter		groups;			/* group, position, row, time */
	Sorter		positions;		/* position, row, new time */
	Sorter		times;			/* new time, position, row */
	bool		has_position;	/* position is the present one */
	SpindleMovedEvent position;
	bool		has_time;
	SpindleMovedEvent time;
};

static void
sorter_begin(Sorter *sorter, int ncolumns, bool text_first, int nkeys)
{
	AttrNumber	attributes[MAX_COLUMNS];
	Oid			operators[MAX_COLUMNS];
	Oid			collations[MAX_COLUMNS];
	bool		nulls_first[MAX_COLUMNS] = {false};

	sorter->desc = CreateTemplateTupleDesc(ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		bool		is_text = text_first && i == 0;

		TupleDescInitEntry(sorter->desc, i + 1, NULL, is_text ? TEXTOID : INT8OID, -1, 0);
		if (is_text)
			TupleDescInitEntryCollation(sorter->desc, 1, C_COLLATION_OID);
		attributes[i] = i + 1;
		operators[i] = is_text ? TextLessOperator : Int8LessOperator;
		collations[i] = is_text ? C_COLLATION_OID : InvalidOid;
	}
	sorter->state = tuplesort_begin_heap(sorter->desc, nkeys, attributes, operators, collations, nulls_first,
										 work_mem, NULL, TUPLESORT_RANDOMACCESS);
	sorter->in = MakeSingleTupleTableSlot(sorter->desc, &TTSOpsVirtual);
	sorter->out = MakeSingleTupleTableSlot(sorter->desc, &TTSOpsMinimalTuple);
}

static void
sorter_put(Sorter *sorter, const Datum *values)
{
	ExecClearTuple(sorter->in);
	for (int i = 0; i < sorter->desc->natts; i++)
	{
		sorter->in->tts_values[i] = values[i];
		sorter->in->tts_isnull[i] = false;
	}
	ExecStoreVirtualTuple(sorter->in);
	tuplesort_puttupleslot(sorter->state, sorter->in);
}

static bool
sorter_get(Sorter *sorter)
{
	if (!tuplesort_gettupleslot(sorter->state, true, false, sorter->out, NULL))
		return false;
	slot_getallattrs(sorter->out);
	return true;
}

static void
sorter_end(Sorter *sorter)
{
	if (sorter->state == NULL)
		return;
	ExecDropSingleTupleTableSlot(sorter->in);
	ExecDropSingleTupleTableSlot(sorter->out);
	tuplesort_end(sorter->state);
	sorter->state = NULL;
}

/*
 * spindle_collective_create
 *		Prepare to take the events of a stream over a generated table.
 *
 * Allocates in context, which also holds the sorts.
 */
SpindleCollective *
spindle_collective_create(SpindleInstance *instance, int table, int group_column, double window_seconds,
						  double fraction, SpindleKey key, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleCollective *collective = palloc0(sizeof(SpindleCollective));

	collective->instance = instance;
	collective->context = context;
	collective->eval = spindle_eval_create(instance, table, context);
	collective->handle = spindle_eval_add_column(collective->eval, group_column);
	collective->is_text = instance->domain->table[table].column[group_column].type.kind == SPINDLE_TEXT;
	collective->window_seconds = window_seconds;
	collective->fraction = fraction;
	collective->choice_key = spindle_key_derive(key, 1);
	collective->offset_key = spindle_key_derive(key, 2);
	sorter_begin(&collective->groups, 4, collective->is_text, 2);
	MemoryContextSwitchTo(oldcontext);
	return collective;
}

/*
 * spindle_collective_add
 *		Take the next events, but those that are taken already.
 *
 * Events without group or time belong to no group.
 */
void
spindle_collective_add(SpindleCollective *collective, const SpindleBaseEvents *events, const bool *taken)
{
	const SpindleVector *group;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle groups", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	spindle_eval_run(collective->eval, events->row, events->n);
	group = spindle_eval_vector(collective->eval, collective->handle);
	for (int i = 0; i < events->n; i++)
	{
		Datum		values[MAX_COLUMNS];

		if (taken[i] || !events->has_time[i] || (group->is_null && group->is_null[i]))
			continue;
		if (collective->is_text)
		{
			const SpindleText *text = (const SpindleText *) (intptr_t) group->value[i];

			/*
			 * UTF-8 here and compared bytewise, whatever the server's
			 * encoding
			 */
			values[0] = PointerGetDatum(cstring_to_text_with_len(text->data, text->len));
		}
		else
			values[0] = Int64GetDatum(group->value[i]);
		values[1] = Int64GetDatum(events->first + i);
		values[2] = Int64GetDatum(events->row[i]);
		values[3] = Int64GetDatum(events->time[i]);
		sorter_put(&collective->groups, values);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

/* Is the sorted pair read last of the group kept in *group?  Keep its own. */
static bool
same_group(SpindleCollective *collective, Datum *group, bool has_group)
{
	Datum		next = collective->groups.out->tts_values[0];
	bool		same;

	if (!collective->is_text)
	{
		same = has_group && DatumGetInt64(*group) == DatumGetInt64(next);
		*group = next;
		return same;
	}
	if (has_group)
	{
		text	   *a = DatumGetTextPP(*group);
		text	   *b = DatumGetTextPP(next);

		same = VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
			memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
		if (same)
			return true;
		pfree(a);
	}
	*group = PointerGetDatum(DatumGetTextPCopy(next));
	return false;
}

/* One event's new time; offsets of a group rise, see below. */
static void
move_event(SpindleCollective *collective, int64 position, int64 row, Timestamp time)
{
	Datum		by_position[3] = {Int64GetDatum(position), Int64GetDatum(row), Int64GetDatum(time)};
	Datum		by_time[3] = {Int64GetDatum(time), Int64GetDatum(position), Int64GetDatum(row)};

	sorter_put(&collective->positions, by_position);
	sorter_put(&collective->times, by_time);
}

/*
 * Walk over the groups.  Without sizes, fill them: one entry per group.  With
 * sizes, choose wanted of eligible groups and move their events.
 */
static void
walk_groups(SpindleCollective *collective, Sorter *sizes, bool choosing, int64 eligible, int64 wanted)
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

	tuplesort_rescan(collective->groups.state);
	for (int64 i = 0; sorter_get(&collective->groups); i++)
	{
		const Datum *value = collective->groups.out->tts_values;
		Timestamp	time = DatumGetInt64(value[3]);

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!same_group(collective, &group, has_group))
		{
			if (!choosing && has_group)
			{
				Datum		entry[2] = {Int64GetDatum(number), Int64GetDatum(size)};

				sorter_put(sizes, entry);
			}
			number++;
			size = 0;
			has_group = true;
			left = 0;
			if (choosing)
			{
				if (!sorter_get(sizes))
					elog(ERROR, "sizes of groups are missing");
				left = DatumGetInt64(sizes->out->tts_values[1]);
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

		sorter_put(sizes, entry);
	}
}

/*
 * spindle_collective_choose
 *		All events are in: choose groups and move their events.
 */
void
spindle_collective_choose(SpindleCollective *collective)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(collective->context);
	Sorter		sizes = {0};
	int64		eligible = 0;
	int64		wanted = 0;

	tuplesort_performsort(collective->groups.state);
	sorter_begin(&sizes, 2, false, 1);
	walk_groups(collective, &sizes, false, 0, 0);
	tuplesort_performsort(sizes.state);
	while (sorter_get(&sizes))
	{
		CHECK_FOR_INTERRUPTS();
		eligible += DatumGetInt64(sizes.out->tts_values[1]) >= 2;
	}
	if (eligible > 0 && collective->fraction > 0)
		wanted = Min(eligible, Max(1, (int64) floor((double) eligible * collective->fraction + 1e-9)));

	sorter_begin(&collective->positions, 3, false, 1);
	sorter_begin(&collective->times, 3, false, 2);
	if (wanted > 0)
	{
		tuplesort_rescan(sizes.state);
		walk_groups(collective, &sizes, true, eligible, wanted);
	}
	sorter_end(&sizes);
	sorter_end(&collective->groups);
	tuplesort_performsort(collective->positions.state);
	tuplesort_performsort(collective->times.state);
	MemoryContextSwitchTo(oldcontext);
	spindle_collective_next_position(collective);
	spindle_collective_next_time(collective);
}

/* Begin the walks over the moved events anew. */
void
spindle_collective_rewind(SpindleCollective *collective)
{
	tuplesort_rescan(collective->positions.state);
	tuplesort_rescan(collective->times.state);
	spindle_collective_next_position(collective);
	spindle_collective_next_time(collective);
}

/* The present moved event in the order of positions, or NULL. */
const SpindleMovedEvent *
spindle_collective_by_position(SpindleCollective *collective)
{
	return collective->has_position ? &collective->position : NULL;
}

void
spindle_collective_next_position(SpindleCollective *collective)
{
	collective->has_position = sorter_get(&collective->positions);
	if (!collective->has_position)
		return;
	collective->position.position = DatumGetInt64(collective->positions.out->tts_values[0]);
	collective->position.row = DatumGetInt64(collective->positions.out->tts_values[1]);
	collective->position.time = DatumGetInt64(collective->positions.out->tts_values[2]);
}

/* The present moved event in the order of new times, or NULL. */
const SpindleMovedEvent *
spindle_collective_by_time(SpindleCollective *collective)
{
	return collective->has_time ? &collective->time : NULL;
}

void
spindle_collective_next_time(SpindleCollective *collective)
{
	collective->has_time = sorter_get(&collective->times);
	if (!collective->has_time)
		return;
	collective->time.time = DatumGetInt64(collective->times.out->tts_values[0]);
	collective->time.position = DatumGetInt64(collective->times.out->tts_values[1]);
	collective->time.row = DatumGetInt64(collective->times.out->tts_values[2]);
}

/* Release sorts and slots. */
void
spindle_collective_end(SpindleCollective *collective)
{
	sorter_end(&collective->groups);
	sorter_end(&collective->positions);
	sorter_end(&collective->times);
}
