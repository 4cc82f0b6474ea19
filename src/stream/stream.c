/*-------------------------------------------------------------------------
 *
 * stream.c
 *		Events of a source, in the order of their delivery.
 *
 * A generated table is read in the order of its event times.  Where these rise
 * with the row number, that is the order of the rows, and an event is found
 * by its position.  Otherwise the server's sort orders (time, row number)
 * pairs, which spill to disk beyond work_mem, and the rows are computed in
 * that order.  A table without event time keeps the order of its rows.
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
#include "stream/json_writer.h"
#include "stream/stream.h"

#define FIRST_BATCH_ROWS	16

struct SpindleStream
{
	/* set at open */
	SpindleInstance *instance;
	const SpindleTable *table;
	MemoryContext context;
	int64		nevents;		/* after the cut */
	bool		is_sorted;		/* event times must be sorted first */
	SpindleEval *eval;
	SpindleJsonWriter *writer;
	int			time_handle;	/* vector of the event time */

	/* of a sorted stream */
	Tuplesortstate *sort;
	TupleTableSlot *slot;

	/* changes per batch and event */
	int64		next;			/* seq of the next event to put into a batch */
	int64		batch_first;	/* seq of the first event of the batch */
	int			batch_rows;		/* size of the next batch */
	int			n;				/* events in the batch */
	int			i;				/* next of them */
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
	stream->sort = tuplesort_begin_heap(desc, 2, attributes, operators, collations, nulls_first,
										work_mem, NULL, TUPLESORT_NONE);
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
 * spindle_stream_open
 *		Begin a stream over a generated table.
 *
 * All it needs is allocated in a context of its own below parent, including
 * temporary files of a sort, which also go with the resource owner.  The
 * caller keeps the instance pinned and has checked the options.
 */
SpindleStream *
spindle_stream_open(SpindleInstance *instance, int table, const SpindleStreamOptions *options,
					MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle stream", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleStream *stream = palloc0(sizeof(SpindleStream));

	stream->instance = instance;
	stream->table = &instance->domain->table[table];
	stream->context = context;
	stream->nevents = instance->nrows[table];
	if (options->max_events >= 0)
		stream->nevents = Min(stream->nevents, options->max_events);
	stream->is_sorted = stream->table->has_event_time && !has_ordered_events(instance->domain, stream->table);
	stream->eval = spindle_eval_create(instance, table, context);
	stream->writer = spindle_json_writer_create(stream->table, stream->eval);
	if (stream->table->has_event_time)
		stream->time_handle = spindle_eval_add(stream->eval, &stream->table->event_time);
	stream->next = Min(options->skip_events, stream->nevents);
	stream->batch_rows = FIRST_BATCH_ROWS;
	MemoryContextSwitchTo(oldcontext);
	return stream;
}

/* Compute the next batch of events; false at the end of the stream. */
static bool
next_batch(SpindleStream *stream)
{
	int64		rows[SPINDLE_BATCH_ROWS];
	int			n = (int) Min(stream->batch_rows, stream->nevents - stream->next);

	if (n <= 0)
		return false;
	if (!stream->is_sorted)
		copy_rows(rows, stream->next, n);
	else
	{
		if (stream->sort == NULL)
		{
			sort_events(stream);
			if (stream->next > 0)
				(void) tuplesort_skiptuples(stream->sort, stream->next, true);
		}
		for (int i = 0; i < n; i++)
		{
			bool		is_null;

			if (!tuplesort_gettupleslot(stream->sort, true, false, stream->slot, NULL))
				elog(ERROR, "sorted events are missing");
			rows[i] = DatumGetInt64(slot_getattr(stream->slot, 2, &is_null));
		}
	}
	spindle_eval_run(stream->eval, rows, n);
	spindle_json_writer_batch(stream->writer);
	stream->batch_first = stream->next;
	stream->next += n;
	stream->n = n;
	stream->i = 0;
	stream->batch_rows = Min(stream->batch_rows * 4, SPINDLE_BATCH_ROWS);
	return true;
}

/*
 * spindle_stream_next
 *		Move to the next event; false if there is none.
 */
bool
spindle_stream_next(SpindleStream *stream, SpindleEvent *event)
{
	if (stream->i >= stream->n)
	{
		CHECK_FOR_INTERRUPTS();
		if (!next_batch(stream))
			return false;
	}
	event->batch_index = stream->i;
	event->seq = event->delivery_seq = stream->batch_first + stream->i;
	event->table_name = stream->table->name;
	event->has_time = false;
	event->time = 0;
	if (stream->table->has_event_time)
	{
		const SpindleVector *time = spindle_eval_vector(stream->eval, stream->time_handle);

		event->has_time = !(time->is_null && time->is_null[stream->i]);
		event->time = time->value[stream->i];
	}
	stream->i++;
	return true;
}

/* Append an event as a JSON object, in UTF-8 and without line end. */
void
spindle_stream_write(SpindleStream *stream, const SpindleEvent *event, StringInfo out)
{
	spindle_json_writer_event(stream->writer, out, event->batch_index, event->seq,
							  event->has_time, event->time);
}

/* End a stream, before its memory context goes or with it. */
void
spindle_stream_close(SpindleStream *stream)
{
	if (stream->slot)
		ExecDropSingleTupleTableSlot(stream->slot);
	if (stream->sort)
		tuplesort_end(stream->sort);
	MemoryContextDelete(stream->context);
}
