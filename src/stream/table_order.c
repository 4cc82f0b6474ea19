/*-------------------------------------------------------------------------
 *
 * table_order.c
 *		In which order the rows of a generated table are events.
 *
 * Rows come in the order of their event times.  Where these rise with the row
 * number, that is the order of the rows, and an event is found by its position.
 * Where they follow such a time, lookahead.c finds the order.  Otherwise the
 * server's sort orders (time, row number) pairs, which spill to disk beyond
 * work_mem.  A table without event time keeps the order of its rows.
 *
 * Groups of events that anomalies have moved in time are merged into that order
 * elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "stream/collective.h"
#include "stream/lookahead.h"
#include "stream/sorter.h"
#include "stream/table_order.h"

/*
 * The base order is that of the events before any was moved.  base and what
 * belongs to it have the next of these, while moved events are merged into
 * them.
 */
struct SpindleTableOrder
{
	/* set at creation */
	SpindleFeed *feed;			/* whose events these are */
	SpindleInstance *instance;
	const SpindleTable *table;
	MemoryContext context;
	SpindleColumnRef event_time;
	int64		time_unit;		/* microseconds that its values count */
	bool		is_ordered;		/* event times rise with the row number */

	/* set when opened */
	int64		max_events;
	bool		across_transactions;
	SpindleLookahead *lookahead;	/* the order, unless it is that of the
									 * rows: one of these two */
	SpindleSorter *sorter;

	/* changes per batch */
	int64		next_position;	/* of the order before moves */

	/* of a feed with moved events */
	bool		is_merging;
	SpindleEventRows *base;		/* events not yet merged; n is -1 at the end */
	int			base_i;			/* next of them */
	Timestamp	base_time[SPINDLE_BATCH_ROWS];
	bool		base_has_time[SPINDLE_BATCH_ROWS];
	SpindleEval *base_eval;		/* computes their times */
	int			base_handle;
};

/*
 * Do the event times of a table rise with its row number?  They do if they
 * are an ordered time, of the row itself or of the parent, its parent and so
 * on, as children stand in the order of their parents.
 */
static bool
has_ordered_events(const SpindleDomain *domain, const SpindleTable *table, const SpindleColumnRef *ref)
{
	for (int i = 0; i < ref->nsteps; i++)
	{
		if (ref->step[i] != table->parent_column)
			return false;
		table = &domain->table[table->rows_parent];
	}
	return table->column[ref->column].monotone;
}

/* The n row numbers from first on; returns n. */
static int
copy_rows(int64 *rows, int64 first, int n)
{
	for (int i = 0; i < n; i++)
		rows[i] = first + i;
	return n;
}

/*
 * Sort (event time, row number) of all rows; NULL times come last.
 *
 * Computes the time of each row, and so takes time as the table has rows,
 * even if few events are wanted.  Done when the first event is asked for, not
 * before.
 */
static void
sort_events(SpindleTableOrder *order)
{
	int64		nrows = order->instance->nrows[order->table->index];
	int64		bound = order->max_events >= 0 && order->max_events < nrows ? order->max_events : -1;
	MemoryContext oldcontext = MemoryContextSwitchTo(order->context);
	TupleDesc	desc = CreateTemplateTupleDesc(2);
	SpindleEval *eval = spindle_eval_create(order->instance, order->table->index, order->context);
	int			handle = spindle_eval_add(eval, &order->event_time);

	/* a timestamp is a number of microseconds */
	TupleDescInitEntry(desc, 1, "time", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "row", INT8OID, -1, 0);
	order->sorter = spindle_sorter_create(desc, 2, bound, order->across_transactions);
	for (int64 first = 0; first < nrows; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			n = copy_rows(rows, first, (int) Min(SPINDLE_BATCH_ROWS, nrows - first));
		const SpindleVector *time = spindle_eval_vector(eval, handle);

		CHECK_FOR_INTERRUPTS();
		spindle_eval_run(eval, rows, n);
		for (int i = 0; i < n; i++)
		{
			TupleTableSlot *slot = spindle_sorter_input(order->sorter);

			slot->tts_values[0] = Int64GetDatum(time->value[i]);
			slot->tts_isnull[0] = time->is_null && time->is_null[i];
			slot->tts_values[1] = Int64GetDatum(rows[i]);
			slot->tts_isnull[1] = false;
			spindle_sorter_put(order->sorter);
		}
	}
	spindle_sorter_finish(order->sorter);
	MemoryContextSwitchTo(oldcontext);
}

/* Begin the base order with its first event again. */
static void
rewind_base(SpindleTableOrder *order)
{
	order->next_position = 0;
	if (order->lookahead)
		spindle_lookahead_rewind(order->lookahead);
	if (order->sorter)
		spindle_sorter_rewind(order->sorter);
}

/*
 * The next events of the base order, at most n; none at the end, which is
 * where the feed was cut.
 */
static void
next_base_rows(SpindleTableOrder *order, SpindleEventRows *rows, int n)
{
	n = (int) Min(n, order->feed->nevents - order->next_position);
	if (order->is_ordered)
		copy_rows(rows->row, order->next_position, n);
	else if (order->lookahead)
	{
		if (spindle_lookahead_next(order->lookahead, rows->row, n) != n)
			elog(ERROR, "events are missing");
	}
	else
	{
		if (order->sorter == NULL)
			sort_events(order);
		for (int i = 0; i < n; i++)
		{
			TupleTableSlot *slot = spindle_sorter_get(order->sorter);

			if (slot == NULL)
				elog(ERROR, "sorted events are missing");
			rows->row[i] = DatumGetInt64(slot->tts_values[1]);
		}
	}
	for (int i = 0; i < n; i++)
	{
		rows->position[i] = order->next_position + i;
		rows->moved_by[i] = -1;
	}
	rows->n = n;
	order->next_position += n;
}

/*
 * The event time of the i'th row of a vector in microseconds; false if there
 * is none.
 */
static bool
time_of(const SpindleTableOrder *order, const SpindleVector *vector, int i, Timestamp *time)
{
	*time = vector->value[i] * order->time_unit;
	return !(vector->is_null && vector->is_null[i]);
}

/*
 * Fetch the next events of the base order, which are to be merged, with their
 * times; false at the end, which base->n then tells.
 */
static bool
fetch_base(SpindleTableOrder *order)
{
	const SpindleVector *time;

	CHECK_FOR_INTERRUPTS();
	next_base_rows(order, order->base, SPINDLE_BATCH_ROWS);
	order->base_i = 0;
	if (order->base->n == 0)
	{
		order->base->n = -1;
		return false;
	}
	spindle_eval_run(order->base_eval, order->base->row, order->base->n);
	time = spindle_eval_vector(order->base_eval, order->base_handle);
	for (int i = 0; i < order->base->n; i++)
		order->base_has_time[i] = time_of(order, time, i, &order->base_time[i]);
	return true;
}

/*
 * The moved event that comes next by its new time, and in *anomaly whose it
 * is, or NULL.  Those whose event time stays, as another column of theirs
 * moves, are not among them.
 */
static const SpindleMovedEvent *
first_moved(SpindleTableOrder *order, int *anomaly)
{
	const SpindleMovedEvent *first = NULL;

	for (int a = 0; a < order->feed->ncollectives; a++)
	{
		const SpindleMovedEvent *moved;

		if (order->feed->collective[a] == NULL || !order->feed->reorders[a])
			continue;
		moved = spindle_collective_by_time(order->feed->collective[a]);
		if (moved && (first == NULL || moved->time < first->time ||
					  (moved->time == first->time && moved->position < first->position)))
		{
			first = moved;
			*anomaly = a;
		}
	}
	return first;
}

/* Does the next event to be merged come before one that was moved? */
static bool
base_comes_first(const SpindleTableOrder *order, const SpindleMovedEvent *moved)
{
	int			i = order->base_i;

	if (moved == NULL)
		return true;
	if (!order->base_has_time[i])
		return false;
	return order->base_time[i] < moved->time ||
		(order->base_time[i] == moved->time && order->base->position[i] < moved->position);
}

/*
 * Merge events and moved events, by time and then by position, until rows
 * holds n or there are no more.  An event that moves is left out where it
 * was.  Each event of the base order is asked for its move once, in order.
 */
static void
merge_rows(SpindleTableOrder *order, SpindleEventRows *rows, int n)
{
	rows->n = 0;
	while (rows->n < n)
	{
		int			anomaly = -1;
		const SpindleMovedEvent *moved = first_moved(order, &anomaly);

		if (order->base_i >= order->base->n && order->base->n >= 0)
		{
			(void) fetch_base(order);
			continue;
		}
		if (order->base->n > 0 && base_comes_first(order, moved))
		{
			int			i = order->base_i++;
			int			by = spindle_feed_moved_by(order->feed, order->base->position[i], &rows->moved_to[rows->n]);

			/* one that moves elsewhere comes, or came, by its new time */
			if (by >= 0 && order->feed->reorders[by])
				continue;
			rows->moved_by[rows->n] = by;
			rows->position[rows->n] = order->base->position[i];
			rows->row[rows->n++] = order->base->row[i];
		}
		else if (moved)
		{
			rows->moved_by[rows->n] = anomaly;
			rows->moved_to[rows->n] = moved->time;
			rows->position[rows->n] = moved->position;
			rows->row[rows->n++] = moved->row;
			spindle_collective_next_time(order->feed->collective[anomaly]);
		}
		else
			return;
	}
}

/*
 * spindle_table_order_next
 *		The next events of the feed, at most n <= SPINDLE_BATCH_ROWS; none
 *		at the end.
 *
 * Fills all that rows has for them, moved_to only where an anomaly moved
 * one.  Less than n come at the end only.
 */
void
spindle_table_order_next(SpindleTableOrder *order, SpindleEventRows *rows, int n)
{
	if (order->is_merging)
		merge_rows(order, rows, n);
	else
		next_base_rows(order, rows, n);
}

/*
 * spindle_table_order_rewind
 *		Begin with the first event again.
 *
 * What has been sorted stays.
 */
void
spindle_table_order_rewind(SpindleTableOrder *order)
{
	rewind_base(order);
	if (!order->is_merging)
		return;
	order->base->n = 0;
	order->base_i = 0;
	for (int a = 0; a < order->feed->ncollectives; a++)
		if (order->feed->collective[a])
			spindle_collective_rewind(order->feed->collective[a]);
}

/*
 * spindle_table_order_move
 *		From now on, give events the places that the feed's collective
 *		anomalies have moved them to.
 *
 * Once, after the last of them has chosen; begins with the first event.
 * Allocates in the order's context.
 */
void
spindle_table_order_move(SpindleTableOrder *order)
{
	order->is_merging = true;
	order->base = MemoryContextAllocZero(order->context, sizeof(SpindleEventRows));
	order->base_eval = spindle_eval_create(order->instance, order->table->index, order->context);
	order->base_handle = spindle_eval_add(order->base_eval, &order->event_time);
	spindle_table_order_rewind(order);
}

/*
 * spindle_table_order_skip
 *		Leave out the next n events, of an order that nothing has moved.
 *
 * At no cost if the order is that of the rows; else they are walked through,
 * without computing more than their order takes.
 */
void
spindle_table_order_skip(SpindleTableOrder *order, int64 n)
{
	SpindleEventRows *rows;

	/* only an order that is known without walking can begin in the middle */
	if (order->is_ordered)
	{
		order->next_position += n;
		return;
	}
	rows = palloc(sizeof(SpindleEventRows));
	while (n > 0)
	{
		CHECK_FOR_INTERRUPTS();
		next_base_rows(order, rows, (int) Min(n, SPINDLE_BATCH_ROWS));
		if (rows->n == 0)
			break;
		n -= rows->n;
	}
	pfree(rows);
}

/*
 * spindle_table_order_is_seekable
 *		Is an event found without those before it, as long as nothing has
 *		moved?
 */
bool
spindle_table_order_is_seekable(const SpindleTableOrder *order)
{
	return order->is_ordered;
}

/*
 * spindle_table_order_position
 *		The position of the next event, from 0, as long as nothing has
 *		moved.
 */
int64
spindle_table_order_position(const SpindleTableOrder *order)
{
	return order->next_position;
}

/*
 * spindle_table_order_ref
 *		The path to the event time, as spindle_eval_add() wants it; the
 *		order's own.  Without meaning if the feed has no event time.
 */
const SpindleColumnRef *
spindle_table_order_ref(const SpindleTableOrder *order)
{
	return &order->event_time;
}

/*
 * spindle_table_order_create
 *		Prepare the order of a feed's events by a time, or by row if the
 *		feed has no event time.
 *
 * Values of the time count time_unit microseconds: 1 for timestamps, a day
 * for dates.  *event_time is copied, its steps are not.  The feed and the
 * instance, which the caller keeps pinned, are used while the order is.
 * Allocates in context.
 */
SpindleTableOrder *
spindle_table_order_create(SpindleFeed *feed, SpindleInstance *instance, const SpindleTable *table,
						   const SpindleColumnRef *event_time, int64 time_unit, MemoryContext context)
{
	SpindleTableOrder *order = MemoryContextAllocZero(context, sizeof(SpindleTableOrder));

	order->feed = feed;
	order->instance = instance;
	order->table = table;
	order->context = context;
	order->event_time = *event_time;
	order->time_unit = time_unit;
	order->is_ordered = !feed->has_event_time || has_ordered_events(instance->domain, table, event_time);
	return order;
}

/*
 * spindle_table_order_open
 *		Choose how to find the order.
 *
 * More than max_events are never wanted, unless it is negative;
 * across_transactions says that events are asked for after commits, too.
 * Nothing is computed yet.
 */
void
spindle_table_order_open(SpindleTableOrder *order, int64 max_events, bool across_transactions)
{
	order->max_events = max_events;
	order->across_transactions = across_transactions;
	if (!order->is_ordered)
		order->lookahead = spindle_lookahead_create(order->instance, order->table->index, &order->event_time,
													order->context);
}

/*
 * spindle_table_order_close
 *		Release what does not go with the memory context: a sort and its
 *		files.
 */
void
spindle_table_order_close(SpindleTableOrder *order)
{
	spindle_sorter_end(order->sorter);
	order->sorter = NULL;
}
