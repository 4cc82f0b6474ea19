/*-------------------------------------------------------------------------
 *
 * stream.c
 *		Events of a source, in the order of their delivery.
 *
 * An event passes four stations.  The source gives the rows of a generated
 * table in the order of their event times.  Where these rise with the row
 * number, that is the order of the rows, and an event is found by its
 * position; otherwise the server's sort orders (time, row number) pairs, which
 * spill to disk beyond work_mem, and the rows are computed in that order.  A
 * table without event time keeps the order of its rows.  Groups of events may
 * then be moved in time (collective.c), which merges them into that order
 * elsewhere.  Next, anomalies change values (anomaly.c), some events are held back (delay.c), and each delivery
 * gets the time at which it is due (schedule.c).
 *
 * All of it runs forward with bounded memory: one batch, and the events that
 * are held back, which are kept as finished JSON.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "gen/eval.h"
#include "math/rng.h"
#include "stream/collective.h"
#include "stream/delay.h"
#include "stream/json_writer.h"
#include "stream/stream.h"

#define FIRST_BATCH_ROWS	16

/* An event that is held back. */
typedef struct HeldEvent
{
	SpindleEvent event;
	StringInfoData json;		/* data is NULL before the first use */
} HeldEvent;

struct SpindleStream
{
	/* set at open */
	SpindleInstance *instance;
	const SpindleTable *table;
	MemoryContext context;
	bool		with_json;		/* events will be written */
	int64		nevents;		/* after the cut */
	int64		skip_events;
	int64		first_computed; /* events before it are skipped outright */
	bool		is_sorted;		/* event times must be sorted first */
	SpindleEval *eval;
	SpindleJsonWriter *writer;
	int			time_handle;	/* vector of the event time */
	SpindleSchedule *schedule;	/* NULL if nobody asks */
	SpindleDelay *delay;		/* NULL if no event is late */
	SpindleAnomalies *anomalies;	/* NULL if there are none */
	bool		label_anomalies;

	/* of a stream with collective anomalies, by their number in the list */
	int			ncollectives;	/* entries; NULL for other anomalies */
	SpindleCollective **collective;
	bool	   *reorders;		/* it moves the event time itself */
	SpindleBaseEvents *base;	/* events not yet merged */
	int			base_i;			/* next of them */
	SpindleEval *base_eval;		/* computes their times */
	int			base_handle;
	SpindleStreamRows *rows;	/* of the batch */

	/* of a sorted stream */
	Tuplesortstate *sort;
	TupleTableSlot *slot;

	/* changes per batch */
	int64		next;			/* seq of the next event to put into a batch */
	int64		batch_first;	/* seq of the first event of the batch */
	int			batch_rows;		/* size of the next batch */
	int			n;				/* events in the batch */
	int			i;				/* next of them */

	/* changes per delivery */
	int64		delivered;		/* deliveries so far */
	int64		highest_seq;	/* of them */
	double		skipped_until;	/* arrival of the last one left out */
	int			nheld;			/* entries of held */
	HeldEvent  *held;
};

/*
 * Do the event times of a table rise with its row number?  They do if they
 * are an ordered time, of the row itself or of the parent, its parent and so
 * on, as children stand in the order of their parents.
 */
static bool
has_ordered_events(const SpindleDomain *domain, const SpindleTable *table)
{
	const SpindleColumnRef *ref = &table->event_time;

	for (int i = 0; i < ref->nsteps; i++)
	{
		if (ref->step[i] != table->parent_column)
			return false;
		table = &domain->table[table->rows_parent];
	}
	return table->column[ref->column].monotone;
}

static int
copy_rows(int64 *rows, int64 first, int n)
{
	for (int i = 0; i < n; i++)
		rows[i] = first + i;
	return n;
}

/* Sort (event time, row number) of all rows; NULL times come last. */
static void
sort_events(SpindleStream *stream)
{
	AttrNumber	attributes[] = {1, 2};
	Oid			operators[] = {Int8LessOperator, Int8LessOperator};
	Oid			collations[] = {InvalidOid, InvalidOid};
	bool		nulls_first[] = {false, false};
	int64		nrows = stream->instance->nrows[stream->table->index];
	MemoryContext oldcontext = MemoryContextSwitchTo(stream->context);
	TupleDesc	desc = CreateTemplateTupleDesc(2);
	SpindleEval *eval = spindle_eval_create(stream->instance, stream->table->index, stream->context);
	int			handle = spindle_eval_add(eval, &stream->table->event_time);
	TupleTableSlot *in;

	/* a timestamp is a number of microseconds */
	TupleDescInitEntry(desc, 1, "time", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "row", INT8OID, -1, 0);
	stream->sort = tuplesort_begin_heap(desc, 2, attributes, operators, collations, nulls_first, work_mem,
										NULL, TUPLESORT_RANDOMACCESS |
										(stream->nevents < nrows ? TUPLESORT_ALLOWBOUNDED : 0));
	if (stream->nevents < nrows)
		tuplesort_set_bound(stream->sort, stream->nevents);
	in = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	for (int64 first = 0; first < nrows; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			n = copy_rows(rows, first, (int) Min(SPINDLE_BATCH_ROWS, nrows - first));
		const SpindleVector *time = spindle_eval_vector(eval, handle);

		spindle_eval_run(eval, rows, n);
		for (int i = 0; i < n; i++)
		{
			ExecClearTuple(in);
			in->tts_values[0] = Int64GetDatum(time->value[i]);
			in->tts_isnull[0] = time->is_null && time->is_null[i];
			in->tts_values[1] = Int64GetDatum(rows[i]);
			in->tts_isnull[1] = false;
			ExecStoreVirtualTuple(in);
			tuplesort_puttupleslot(stream->sort, in);
		}
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(in);
	tuplesort_performsort(stream->sort);
	stream->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Row numbers of the next base events, in event-time order, at most n; returns
 * how many.  Starts anew after the last.
 */
static int
next_base_rows(SpindleStream *stream, int64 *rows, int n)
{
	n = (int) Min(n, stream->nevents - stream->next);
	if (n <= 0)
	{
		stream->next = 0;
		if (stream->sort)
			tuplesort_rescan(stream->sort);
		return 0;
	}
	if (!stream->is_sorted)
		copy_rows(rows, stream->next, n);
	else
	{
		if (stream->sort == NULL)
			sort_events(stream);
		for (int i = 0; i < n; i++)
		{
			bool		is_null;

			if (!tuplesort_gettupleslot(stream->sort, true, false, stream->slot, NULL))
				elog(ERROR, "sorted events are missing");
			rows[i] = DatumGetInt64(slot_getattr(stream->slot, 2, &is_null));
		}
	}
	stream->next += n;
	return n;
}

/* Fetch base events with their times; false at the end. */
static bool
next_base_events(SpindleStream *stream, SpindleBaseEvents *events)
{
	const SpindleVector *time;

	events->first = stream->next;
	events->n = next_base_rows(stream, events->row, SPINDLE_BATCH_ROWS);
	if (events->n == 0)
		return false;
	spindle_eval_run(stream->base_eval, events->row, events->n);
	time = spindle_eval_vector(stream->base_eval, stream->base_handle);
	for (int i = 0; i < events->n; i++)
	{
		events->has_time[i] = !(time->is_null && time->is_null[i]);
		events->time[i] = time->value[i];
	}
	CHECK_FOR_INTERRUPTS();
	return true;
}

/*
 * The collective anomaly that moves the base event at a position, or -1; the
 * event is then behind us in the anomaly's order of positions.
 */
static int
take_moved(SpindleStream *stream, int64 position, Timestamp *moved_to)
{
	for (int a = 0; a < stream->ncollectives; a++)
	{
		const SpindleMovedEvent *moved;

		if (stream->collective[a] == NULL)
			continue;
		moved = spindle_collective_by_position(stream->collective[a]);
		if (moved == NULL || moved->position != position)
			continue;
		*moved_to = moved->time;
		spindle_collective_next_position(stream->collective[a]);
		return a;
	}
	return -1;
}

/* The moved event that comes next by its new time, and whose it is, or NULL. */
static const SpindleMovedEvent *
first_moved(SpindleStream *stream, int *anomaly)
{
	const SpindleMovedEvent *first = NULL;

	for (int a = 0; a < stream->ncollectives; a++)
	{
		const SpindleMovedEvent *moved;

		if (stream->collective[a] == NULL || !stream->reorders[a])
			continue;
		moved = spindle_collective_by_time(stream->collective[a]);
		if (moved && (first == NULL || moved->time < first->time ||
					  (moved->time == first->time && moved->position < first->position)))
		{
			first = moved;
			*anomaly = a;
		}
	}
	return first;
}

/*
 * Merge base events and moved events, by time and then by position, until rows
 * holds n events or there are no more.
 */
static void
merge_rows(SpindleStream *stream, SpindleStreamRows *rows, int n)
{
	SpindleBaseEvents *base = stream->base;

	while (rows->n < n)
	{
		int			anomaly = -1;
		const SpindleMovedEvent *moved = first_moved(stream, &anomaly);
		bool		has_base = stream->base_i < base->n;

		if (!has_base && base->n >= 0)
		{
			/* after the last base event, base->n is -1 */
			has_base = next_base_events(stream, base);
			stream->base_i = 0;
			if (!has_base)
				base->n = -1;
			continue;
		}
		if (has_base && (moved == NULL || (base->has_time[stream->base_i] &&
										   (base->time[stream->base_i] < moved->time ||
											(base->time[stream->base_i] == moved->time &&
											 base->first + stream->base_i < moved->position)))))
		{
			int			i = stream->base_i++;
			int			by = take_moved(stream, base->first + i, &rows->moved_to[rows->n]);

			/* one that moves elsewhere comes, or came, by its new time */
			if (by >= 0 && stream->reorders[by])
				continue;
			rows->moved_by[rows->n] = by;
			rows->row[rows->n++] = base->row[i];
		}
		else if (moved)
		{
			rows->moved_by[rows->n] = anomaly;
			rows->moved_to[rows->n] = moved->time;
			rows->row[rows->n++] = moved->row;
			spindle_collective_next_time(stream->collective[anomaly]);
		}
		else
			return;
	}
}

static void
rewind_merge(SpindleStream *stream)
{
	stream->base->n = 0;
	stream->base_i = 0;
	for (int a = 0; a < stream->ncollectives; a++)
		if (stream->collective[a])
			spindle_collective_rewind(stream->collective[a]);
}

/*
 * The next events of the stream in event-time order, at most n; false after
 * the last, and then it starts anew.
 */
static bool
next_rows(SpindleStream *stream, SpindleStreamRows *rows, int n)
{
	rows->n = 0;
	if (stream->base)
	{
		merge_rows(stream, rows, n);
		if (rows->n == 0)
			rewind_merge(stream);
	}
	else
	{
		rows->n = next_base_rows(stream, rows->row, n);
		for (int i = 0; i < rows->n; i++)
			rows->moved_by[i] = -1;
	}
	return rows->n > 0;
}

/* For the passes that count what anomalies may take. */
static bool
next_batch_of_rows(void *stream, SpindleStreamRows *rows)
{
	return next_rows(stream, rows, SPINDLE_BATCH_ROWS);
}

/*
 * Let the collective anomalies choose their groups, one after the other: what
 * one has moved is out of reach for the next.
 */
static void
move_groups(SpindleStream *stream, const SpindleStreamOptions *options)
{
	SpindleBaseEvents *events;
	bool		any = false;

	for (int a = 0; a < options->nanomalies; a++)
		any |= options->anomaly[a].kind == SPINDLE_ANOMALY_COLLECTIVE;
	if (!any)
		return;
	stream->ncollectives = options->nanomalies;
	stream->collective = palloc0(sizeof(SpindleCollective *) * stream->ncollectives);
	stream->reorders = palloc0(sizeof(bool) * stream->ncollectives);
	stream->base_eval = spindle_eval_create(stream->instance, stream->table->index, stream->context);
	stream->base_handle = spindle_eval_add(stream->base_eval, &stream->table->event_time);
	events = palloc0(sizeof(SpindleBaseEvents));
	for (int a = 0; a < options->nanomalies; a++)
	{
		const SpindleAnomalySpec *spec = &options->anomaly[a];
		SpindleCollective *collective;

		if (spec->kind != SPINDLE_ANOMALY_COLLECTIVE)
			continue;
		stream->reorders[a] = stream->table->event_time.nsteps == 0 &&
			stream->table->event_time.column == spec->column;
		collective = spindle_collective_create(stream->instance, stream->table->index, spec->group,
											   spec->window_seconds, spec->fraction,
											   spindle_anomaly_key(stream->instance, stream->table->index, spec, a),
											   stream->context);
		while (next_base_events(stream, events))
		{
			bool		taken[SPINDLE_BATCH_ROWS];
			Timestamp	ignored;

			for (int i = 0; i < events->n; i++)
				taken[i] = take_moved(stream, events->first + i, &ignored) >= 0;
			spindle_collective_add(collective, events, taken);
		}
		spindle_collective_choose(collective);
		stream->collective[a] = collective;
		for (int b = 0; b < a; b++)
			if (stream->collective[b])
				spindle_collective_rewind(stream->collective[b]);
	}
	stream->base = events;
	rewind_merge(stream);
}

/* The time of the first event, or the start of the domain's range. */
static Timestamp
first_event_time(SpindleStream *stream)
{
	Timestamp	result = (Timestamp) stream->instance->domain->first_day * USECS_PER_DAY;
	int64		row;

	if (!stream->table->has_event_time || next_base_rows(stream, &row, 1) == 0)
		return result;
	spindle_eval_run(stream->eval, &row, 1);
	if (!(spindle_eval_vector(stream->eval, stream->time_handle)->is_null &&
		  spindle_eval_vector(stream->eval, stream->time_handle)->is_null[0]))
		result = spindle_eval_vector(stream->eval, stream->time_handle)->value[0];
	stream->next = 0;
	if (stream->sort)
		tuplesort_rescan(stream->sort);
	return result;
}

/* How many of the first n deliveries are due before an offset. */
static int64
deliveries_before(const SpindleScheduleSpec *spec, SpindleKey key, double offset, int64 n)
{
	SpindleSchedule *schedule = spindle_schedule_create(spec, key);
	int64		count = 0;

	while (count < n && spindle_schedule_next(schedule) < offset)
	{
		if (++count % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(schedule);
	return count;
}

/*
 * spindle_stream_open
 *		Begin a stream over a generated table.
 *
 * with_json says that events will be written, with_arrivals that somebody wants
 * to know when they are due.  All that the stream needs is
 * allocated in a context of its own below parent, including temporary files of
 * a sort, which also go with the resource owner.  The caller keeps the
 * instance pinned, has checked the options and keeps them.
 */
SpindleStream *
spindle_stream_open(SpindleInstance *instance, int table, const SpindleStreamOptions *options,
					bool with_json, bool with_arrivals, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle stream", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleStream *stream = palloc0(sizeof(SpindleStream));
	SpindleScheduleSpec schedule = options->schedule;
	SpindleKey	key;

	stream->instance = instance;
	stream->table = &instance->domain->table[table];
	stream->context = context;
	stream->with_json = with_json;
	stream->skip_events = options->skip_events;
	stream->label_anomalies = options->label_anomalies;
	stream->batch_rows = FIRST_BATCH_ROWS;
	stream->highest_seq = -1;
	stream->nevents = instance->nrows[table];
	if (options->max_events >= 0)
		stream->nevents = Min(stream->nevents, options->max_events);
	stream->is_sorted = stream->table->has_event_time && !has_ordered_events(instance->domain, stream->table);
	stream->eval = spindle_eval_create(instance, table, context);
	if (stream->table->has_event_time)
		stream->time_handle = spindle_eval_add(stream->eval, &stream->table->event_time);

	key = spindle_instance_key(instance, spindle_label(psprintf("stream of %s", stream->table->name)));
	if (!options->has_clock_start)
		schedule.clock_start = first_event_time(stream);
	if (options->duration >= 0)
		stream->nevents = deliveries_before(&schedule, spindle_key_derive(key, 1), options->duration,
											stream->nevents);
	if (with_arrivals || options->realtime)
		stream->schedule = spindle_schedule_create(&schedule, spindle_key_derive(key, 1));
	if (options->late_fraction > 0)
		stream->delay = spindle_delay_create(stream->nevents, options->late_fraction, options->late_slots,
											 spindle_key_derive(key, 2));
	if (with_json)
		stream->writer = spindle_json_writer_create(stream->table, stream->eval,
													options->nanomalies > 0 && options->label_anomalies);
	stream->rows = palloc(sizeof(SpindleStreamRows));
	move_groups(stream, options);
	if (options->nanomalies > 0)
	{
		stream->anomalies = spindle_anomalies_create(instance, table, options->anomaly, options->nanomalies,
													 stream->eval, context);
		spindle_anomalies_count(stream->anomalies, stream->nevents, next_batch_of_rows, stream);
	}

	/* if nothing depends on the events before, we can begin where we want */
	if (stream->delay == NULL && stream->anomalies == NULL && !stream->is_sorted)
		stream->first_computed = Min(options->skip_events, stream->nevents);
	stream->next = stream->batch_first = stream->first_computed;
	MemoryContextSwitchTo(oldcontext);
	return stream;
}

/* Compute the next batch of events; false at the end of the stream. */
static bool
next_batch(SpindleStream *stream)
{
	stream->batch_first += stream->n;
	stream->n = stream->i = 0;
	if (stream->batch_first >= stream->nevents)
		return false;
	(void) next_rows(stream, stream->rows, stream->batch_rows);
	spindle_eval_run(stream->eval, stream->rows->row, stream->rows->n);
	if (stream->writer)
		spindle_json_writer_batch(stream->writer);
	if (stream->anomalies)
	{
		spindle_anomalies_apply(stream->anomalies, stream->rows);
		if (stream->writer)
			spindle_json_writer_override(stream->writer, stream->anomalies);
	}
	stream->n = stream->rows->n;
	stream->batch_rows = Min(stream->batch_rows * 4, SPINDLE_BATCH_ROWS);
	return true;
}

/* The next event in event-time order; false if there is none. */
static bool
next_in_order(SpindleStream *stream, SpindleEvent *event)
{
	if (stream->i >= stream->n)
	{
		CHECK_FOR_INTERRUPTS();
		if (!next_batch(stream))
			return false;
	}
	event->batch_index = stream->i;
	event->slot = -1;
	event->seq = stream->batch_first + stream->i;
	event->table_name = stream->table->name;
	event->has_time = false;
	event->time = 0;
	event->label = stream->anomalies ? spindle_anomalies_label(stream->anomalies, stream->i) : NULL;
	if (stream->table->has_event_time)
	{
		const SpindleVector *time = spindle_eval_vector(stream->eval, stream->time_handle);

		event->has_time = !(time->is_null && time->is_null[stream->i]);
		event->time = time->value[stream->i];
		if (stream->rows->moved_by[stream->i] >= 0 && stream->reorders[stream->rows->moved_by[stream->i]])
			event->time = stream->rows->moved_to[stream->i];
	}
	stream->i++;
	return true;
}

/* Append an event of the present batch as JSON. */
static void
write_from_batch(SpindleStream *stream, const SpindleEvent *event, StringInfo out)
{
	spindle_json_writer_event(stream->writer, out, event->batch_index, event->seq, event->has_time,
							  event->time, event->label);
}

/* Keep an event until it is due. */
static void
hold(SpindleStream *stream, const SpindleEvent *event, int slot)
{
	HeldEvent  *held;

	if (slot >= stream->nheld)
	{
		int			n = spindle_delay_slots(stream->delay);

		stream->held = stream->held == NULL ?
			MemoryContextAllocHuge(stream->context, sizeof(HeldEvent) * n) :
			repalloc_huge(stream->held, sizeof(HeldEvent) * n);
		memset(stream->held + stream->nheld, 0, sizeof(HeldEvent) * (n - stream->nheld));
		stream->nheld = n;
	}
	held = &stream->held[slot];
	held->event = *event;
	held->event.slot = slot;
	if (!stream->with_json)
		return;
	if (held->json.data == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(stream->context);

		initStringInfo(&held->json);
		MemoryContextSwitchTo(oldcontext);
	}
	resetStringInfo(&held->json);
	write_from_batch(stream, event, &held->json);
}

/* The next event in the order of delivery; false if there is none. */
static bool
next_delivery(SpindleStream *stream, SpindleEvent *event)
{
	int64		seq;
	int			slot;

	if (stream->delay == NULL)
		return next_in_order(stream, event);

	while ((slot = spindle_delay_due(stream->delay, false, &seq)) < 0)
	{
		if (!next_in_order(stream, event))
		{
			slot = spindle_delay_due(stream->delay, true, &seq);
			if (slot < 0)
				return false;
			break;
		}
		if (!spindle_delay_take(stream->delay, event->seq, &slot))
		{
			spindle_delay_delivered(stream->delay, event->seq);
			return true;
		}
		hold(stream, event, slot);
	}
	*event = stream->held[slot].event;
	spindle_delay_delivered(stream->delay, event->seq);
	return true;
}

/*
 * spindle_stream_next
 *		Move to the next delivery; false if there is none.
 */
bool
spindle_stream_next(SpindleStream *stream, SpindleEvent *event)
{
	/* what is left out and not even computed still takes its time */
	if (stream->delivered < stream->first_computed)
	{
		if (stream->schedule)
		{
			for (int64 k = 0; k < stream->first_computed; k++)
			{
				stream->skipped_until = spindle_schedule_next(stream->schedule);
				if (k % 65536 == 0)
					CHECK_FOR_INTERRUPTS();
			}
		}
		stream->delivered = stream->first_computed;
		stream->highest_seq = stream->delivered - 1;
	}

	do
	{
		if (!next_delivery(stream, event))
			return false;
		event->delivery_seq = stream->delivered++;
		event->is_late = event->seq < stream->highest_seq;
		event->arrival = stream->schedule ? spindle_schedule_next(stream->schedule) : 0;
		stream->highest_seq = Max(stream->highest_seq, event->seq);
		if (event->delivery_seq < stream->skip_events)
			stream->skipped_until = event->arrival;
	} while (event->delivery_seq < stream->skip_events);
	event->due = event->arrival - stream->skipped_until;
	return true;
}

/* Append an event as a JSON object, in UTF-8 and without line end. */
void
spindle_stream_write(SpindleStream *stream, const SpindleEvent *event, StringInfo out)
{
	if (event->slot >= 0)
		appendBinaryStringInfo(out, stream->held[event->slot].json.data, stream->held[event->slot].json.len);
	else
		write_from_batch(stream, event, out);
}

/* End a stream, before its memory context goes or with it. */
void
spindle_stream_close(SpindleStream *stream)
{
	if (stream->slot)
		ExecDropSingleTupleTableSlot(stream->slot);
	if (stream->sort)
		tuplesort_end(stream->sort);
	for (int a = 0; a < stream->ncollectives; a++)
		if (stream->collective[a])
			spindle_collective_end(stream->collective[a]);
	MemoryContextDelete(stream->context);
}
