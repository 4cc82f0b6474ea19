/*-------------------------------------------------------------------------
 *
 * stream.c
 *		Events of a source, in the order of their delivery.
 *
 * An event passes four stations.  A feed, or several that are merged, gives the
 * events in the order of their times with anomalies applied (feed.h).  They are
 * numbered.  Some are held back (delay.c), and each delivery gets the time at
 * which it is due (schedule.c).
 *
 * All of it runs forward with bounded memory: what the feeds keep, and the
 * events that are held back, as finished JSON, as tuples, or both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "stream/delay.h"
#include "stream/merge.h"
#include "stream/stream.h"

/*
 * An event that is held back, with what can be asked of it.  Entries are used
 * again and again.
 */
typedef struct HeldEvent
{
	SpindleEvent event;
	StringInfoData json;		/* data is NULL before the first use */
	MinimalTuple tuple;
} HeldEvent;

struct SpindleStream
{
	/* set at open */
	MemoryContext context;
	MemoryContext run_context;	/* of what changes per delivery */
	const SpindleStreamSource *source;
	const SpindleStreamOptions *options;
	SpindleScheduleSpec schedule_spec;
	SpindleStreamNeeds needs;
	SpindleFeed *feed;			/* the only one, or NULL */
	SpindleMerge *merge;		/* of several */
	int64		nevents;		/* after the cut */
	int64		skip_events;
	int64		first_computed; /* events before this seq are left out without
								 * being asked for; not before, none */
	SpindleSchedule *schedule;	/* NULL if nobody asks */
	SpindleDelay *delay;		/* NULL if no event is late */
	int			late_slots;		/* places that one may be late, at most */
	bool		is_plain;		/* events are delivered as they come */
	TupleDesc	desc;			/* of Datums, if they are wanted */
	TupleTableSlot *slot;

	/* changes per delivery */
	int64		next_seq;
	int64		feed_seq;		/* of the feed's next event */
	int64		delivered;		/* deliveries so far */
	int64		highest_seq;	/* of them */
	double		skipped_until;	/* arrival of the last one left out */
	int			nheld;			/* entries of held */
	HeldEvent  *held;
};

/*
 * What the clock of time patterns shows at the start: the earliest time that
 * a feed begins with, or the source's default if none has one.  The feeds are
 * open.
 */
static Timestamp
first_time(const SpindleStreamSource *source)
{
	Timestamp	result = source->default_clock;
	bool		found = false;

	for (int f = 0; f < source->nfeeds; f++)
	{
		Timestamp	time;

		if (!spindle_feed_first_time(source->feed[f], &time))
			continue;
		result = found ? Min(result, time) : time;
		found = true;
	}
	return result;
}

/*
 * Raise datetime_field_overflow for a delivery, by its number from 0, whose
 * offset no interval can hold.
 */
static void
report_arrival_out_of_range(int64 delivery)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("arrival of delivery " INT64_FORMAT " is out of range for type interval", delivery),
			 errhint("Raise events_per_second or its multipliers, or end the stream earlier, by duration or max_events.")));
}

/*
 * How many of the first n deliveries are due before an offset, in seconds.
 *
 * Runs through a schedule of its own, so it takes time as that has
 * deliveries.  An offset beyond SPINDLE_MAX_ARRIVAL cannot be compared with
 * an arrival that is, and is an error if one gets there.
 */
static int64
deliveries_before(const SpindleScheduleSpec *spec, SpindleKey key, double offset, int64 n)
{
	SpindleSchedule *schedule = spindle_schedule_create(spec, key);
	int64		count = 0;

	while (count < n)
	{
		double		arrival = spindle_schedule_next(schedule);

		if (isinf(arrival) && offset > SPINDLE_MAX_ARRIVAL)
			report_arrival_out_of_range(count);
		if (arrival >= offset)
			break;
		if (++count % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(schedule);
	return count;
}

/*
 * Open the feeds, and cut what they give to the events of the stream.
 *
 * Sets nevents, and the clock of the schedule if it follows from the events.
 * A duration counts deliveries, not event times, so the schedule alone
 * decides how many events there are.
 */
static void
open_feeds(SpindleStream *stream, const SpindleStreamOptions *options, SpindleScheduleSpec *schedule)
{
	const SpindleStreamSource *source = stream->source;
	SpindleFeedNeeds needs = {
		.json = stream->needs.json,
		.datums = stream->needs.datums,
		.times = stream->needs.times || source->nfeeds > 1,
		.label_fields = options->nanomalies > 0 && options->label_anomalies,
		.across_transactions = stream->needs.across_transactions,
		.max_events = options->max_events,
	};
	int64		total = 0;
	bool		any_anomaly = false;

	for (int f = 0; f < source->nfeeds; f++)
	{
		spindle_feed_open(source->feed[f], &needs);
		total += source->feed[f]->nevents;
		any_anomaly |= source->feed[f]->nanomalies > 0;
	}
	stream->nevents = options->max_events >= 0 ? Min(total, options->max_events) : total;
	if (!options->has_clock_start && schedule->has_pattern)
		schedule->clock_start = first_time(source);
	if (options->duration >= 0)
		stream->nevents = deliveries_before(schedule, spindle_key_derive(source->key, 1), options->duration,
											stream->nevents);

	/* anomalies count events, so each feed must know its share */
	if (source->nfeeds == 1)
		source->feed[0]->nevents = stream->nevents;
	else if (any_anomaly && stream->nevents < total)
		spindle_merge_cut(source->feed, source->nfeeds, stream->nevents);
}

/*
 * The columns of the one feed, with their names in the server's encoding; in
 * the current memory context.
 */
static TupleDesc
feed_desc(const SpindleFeed *feed)
{
	TupleDesc	desc;
	int			natts = 0;

	for (int c = 0; c < feed->ncolumns; c++)
		natts += !feed->column[c].is_hidden;
	desc = CreateTemplateTupleDesc(natts);
	natts = 0;
	for (int c = 0; c < feed->ncolumns; c++)
	{
		const SpindleFeedColumn *column = &feed->column[c];

		if (!column->is_hidden)
			TupleDescInitEntry(desc, ++natts, pg_any_to_server(column->name, (int) strlen(column->name), PG_UTF8),
							   column->type, column->typmod, 0);
	}
	return desc;
}

/*
 * Deliveries before this one are not wanted.  If no event is late, neither
 * are the events before.  Else all that could still wait then are: no event
 * comes more than max_slots deliveries after its place.
 */
static void
leave_out(SpindleStream *stream, int64 delivery)
{
	stream->skip_events = delivery;
	if (stream->delay)
		stream->first_computed = Max(stream->first_computed, delivery - stream->late_slots);
	else
		stream->first_computed = delivery;
}

/*
 * Make ready for the first delivery; the feeds have been started.  All that
 * it makes is in run_context, which is empty, and the pointers of an earlier
 * run to there are set anew.
 */
static void
begin_run(SpindleStream *stream)
{
	const SpindleStreamSource *source = stream->source;
	const SpindleStreamOptions *options = stream->options;
	MemoryContext oldcontext = MemoryContextSwitchTo(stream->run_context);

	stream->skip_events = options->skip_events;
	stream->first_computed = 0;
	stream->next_seq = stream->feed_seq = stream->delivered = 0;
	stream->highest_seq = -1;
	stream->skipped_until = 0;
	stream->nheld = 0;
	stream->held = NULL;
	if (stream->needs.arrivals || options->realtime)
		stream->schedule = spindle_schedule_create(&stream->schedule_spec, spindle_key_derive(source->key, 1));
	if (options->late_fraction > 0)
		stream->delay = spindle_delay_create(stream->nevents, options->late_fraction, options->late_slots,
											 spindle_key_derive(source->key, 2));
	if (stream->feed && spindle_feed_can_skip(stream->feed))
		leave_out(stream, Min(options->skip_events, stream->nevents));
	stream->is_plain = stream->delay == NULL && stream->schedule == NULL &&
		stream->first_computed == stream->skip_events;
	if (stream->feed == NULL)
		stream->merge = spindle_merge_create(source->feed, source->nfeeds);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_stream_rewind
 *		Give the same deliveries again, from the first one on.
 *
 * Relations are not read again.  skip_events holds anew, and a seek is
 * forgotten.
 */
void
spindle_stream_rewind(SpindleStream *stream)
{
	MemoryContextReset(stream->run_context);
	for (int f = 0; f < stream->source->nfeeds; f++)
		spindle_feed_rewind(stream->source->feed[f]);
	begin_run(stream);
}

/*
 * spindle_stream_open
 *		Begin a stream.
 *
 * All that it needs is allocated in a context of its own below parent;
 * temporary files go with the resource owner, unless the needs say that the
 * stream goes on after commits.  Feeds and options are used, not copied, and
 * have been checked; each feed can be streamed once.  Datums are had of a
 * single feed only.
 *
 * This may take long, and can be cancelled: relations are read, duration is
 * counted out, and anomalies choose.  Raises what reading the source raises,
 * for a relation also insufficient_privilege, and datetime_field_overflow as
 * spindle_stream_next() does.
 */
SpindleStream *
spindle_stream_open(const SpindleStreamSource *source, const SpindleStreamOptions *options,
					const SpindleStreamNeeds *needs, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle stream", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleStream *stream = palloc0(sizeof(SpindleStream));
	SpindleScheduleSpec schedule = options->schedule;

	stream->context = context;
	stream->source = source;
	stream->needs = *needs;
	stream->options = options;
	stream->run_context = AllocSetContextCreate(context, "spindle stream run", ALLOCSET_DEFAULT_SIZES);
	stream->late_slots = options->late_slots;
	if (source->nfeeds == 1)
		stream->feed = source->feed[0];
	if (!options->has_clock_start)
		schedule.clock_start = source->default_clock;
	if (needs->datums)
	{
		Assert(stream->feed);
		stream->desc = feed_desc(stream->feed);
		stream->slot = MakeSingleTupleTableSlot(stream->desc, &TTSOpsMinimalTuple);
	}
	open_feeds(stream, options, &schedule);
	stream->schedule_spec = schedule;
	for (int f = 0; f < source->nfeeds; f++)
		spindle_feed_start(source->feed[f], needs->across_transactions, context);
	begin_run(stream);
	MemoryContextSwitchTo(oldcontext);
	return stream;
}

/*
 * spindle_stream_events
 *		Events of the whole stream, those left out by skip_events included.
 */
int64
spindle_stream_events(const SpindleStream *stream)
{
	return stream->nevents;
}

/*
 * spindle_stream_deliveries
 *		How many of them a stream delivers that is read from its begin to
 *		its end.
 *
 * Known from the opening on; a seek does not change it.
 */
int64
spindle_stream_deliveries(const SpindleStream *stream)
{
	return Max(0, stream->nevents - stream->options->skip_events);
}

/*
 * spindle_stream_is_seekable
 *		Can deliveries be left out at little cost, and again and again?
 *
 * It takes a single feed whose events are found by their numbers, no anomaly
 * that depends on values, and nobody who asks for arrivals, which are sums
 * over all that came before.
 */
bool
spindle_stream_is_seekable(const SpindleStream *stream)
{
	return stream->feed && stream->feed->is_seekable && spindle_feed_can_skip(stream->feed) &&
		stream->schedule == NULL;
}

/*
 * spindle_stream_seek
 *		Move on to a delivery, of a stream that is seekable.
 *
 * It must not be one that was delivered.  Deliveries from end on may not be
 * wanted; nothing forbids to ask for them.  Both are numbers of deliveries
 * from 0.  To seek behind the last one is no error: there just are no more.
 * What is left out costs a few operations per event if some are late or
 * anomalies, else nothing.
 */
void
spindle_stream_seek(SpindleStream *stream, int64 first, int64 end)
{
	leave_out(stream, Min(first, stream->nevents));
	stream->feed->wanted_until = end;
}

/*
 * The next event in event-time order if nobody wants its contents: only its
 * number is set.  It still takes its part in the order of delivery.
 */
static bool
next_left_out(SpindleStream *stream, SpindleEvent *event)
{
	if (stream->next_seq >= stream->nevents)
		return false;
	if (stream->next_seq % 65536 == 0)
		CHECK_FOR_INTERRUPTS();
	memset(event, 0, sizeof(*event));
	event->slot = -1;
	event->seq = stream->next_seq++;
	return true;
}

/*
 * The next event in event-time order; false if there is none.  The feed is
 * told of events left out when the first one behind them is wanted.
 */
static inline bool
next_in_order(SpindleStream *stream, SpindleEvent *event)
{
	if (stream->next_seq < stream->first_computed)
		return next_left_out(stream, event);
	if (stream->feed_seq < stream->next_seq)
	{
		stream->feed->ops->skip(stream->feed, stream->next_seq - stream->feed_seq);
		stream->feed_seq = stream->next_seq;
	}
	if (stream->next_seq >= stream->nevents ||
		!(stream->feed ? stream->feed->ops->next(stream->feed, event) : spindle_merge_next(stream->merge, event)))
		return false;
	event->seq = stream->next_seq++;
	stream->feed_seq++;
	return true;
}

/*
 * Keep an event until it is due, in a slot that the order of delivery has
 * given it.  Its JSON and its columns are made now, as the feed goes on.  An
 * event that is left out keeps its number alone.
 */
static void
hold(SpindleStream *stream, const SpindleEvent *event, int slot)
{
	HeldEvent  *held;

	if (slot >= stream->nheld)
	{
		int			n = spindle_delay_slots(stream->delay);

		stream->held = stream->held == NULL ?
			MemoryContextAllocHuge(stream->run_context, sizeof(HeldEvent) * n) :
			repalloc_huge(stream->held, sizeof(HeldEvent) * n);
		memset(stream->held + stream->nheld, 0, sizeof(HeldEvent) * (n - stream->nheld));
		stream->nheld = n;
	}
	held = &stream->held[slot];
	held->event = *event;
	held->event.slot = slot;
	if (event->seq < stream->first_computed)
		return;
	if (stream->needs.datums)
	{
		Datum	   *values = palloc(sizeof(Datum) * Max(stream->desc->natts, 1));
		bool	   *nulls = palloc(sizeof(bool) * Max(stream->desc->natts, 1));
		MemoryContext oldcontext = MemoryContextSwitchTo(stream->run_context);

		event->feed->ops->datums(event->feed, event, values, nulls);
		if (held->tuple)
			heap_free_minimal_tuple(held->tuple);
		held->tuple = spindle_heap_form_minimal_tuple(stream->desc, values, nulls, 0);
		MemoryContextSwitchTo(oldcontext);
		pfree(values);
		pfree(nulls);
	}
	if (!stream->needs.json)
		return;
	if (held->json.data == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(stream->run_context);

		initStringInfo(&held->json);
		MemoryContextSwitchTo(oldcontext);
	}
	resetStringInfo(&held->json);
	event->feed->ops->write(event->feed, event, &held->json);
}

/*
 * The next event in the order of delivery; false if there is none.  An event
 * that waited is a copy whose slot says where it was kept; the slot is free,
 * but nothing overwrites it before the next call.
 */
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
		if (!spindle_delay_take(stream->delay, event->seq, (uint64) event->seq, &slot))
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
 * When a delivery is due, the next in the schedule, in seconds; 0 if nobody
 * asks.  Its number from 0 is for the error alone.
 */
static inline double
next_arrival(SpindleStream *stream, int64 delivery)
{
	double		arrival;

	if (stream->schedule == NULL)
		return 0;
	arrival = spindle_schedule_next(stream->schedule);
	if (isinf(arrival))
		report_arrival_out_of_range(delivery);
	return arrival;
}

/*
 * Go on to the first event that is computed; what is left out takes its time
 * in the schedule.  Only without late events, where deliveries have the
 * numbers of events.
 */
static void
jump(SpindleStream *stream)
{
	for (int64 k = stream->next_seq; k < stream->first_computed && stream->schedule; k++)
	{
		stream->skipped_until = next_arrival(stream, k);
		if (k % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	stream->next_seq = stream->delivered = stream->first_computed;
	stream->highest_seq = stream->delivered - 1;
}

/*
 * spindle_stream_next
 *		Move to the next delivery; false if there is none.
 *
 * Sets all of *event, which is valid until the next call.  Does not wait
 * until it is due.  Raises datetime_field_overflow if its arrival is asked
 * for and no interval can hold it, and what reading or computing rows raises.
 */
bool
spindle_stream_next(SpindleStream *stream, SpindleEvent *event)
{
	if (stream->delay == NULL && stream->next_seq < stream->first_computed)
		jump(stream);
	if (stream->is_plain)
	{
		if (!next_in_order(stream, event))
			return false;
		event->delivery_seq = event->seq;
		event->is_late = false;
		event->arrival = event->due = 0;
		return true;
	}

	do
	{
		if (!next_delivery(stream, event))
			return false;
		event->delivery_seq = stream->delivered++;
		event->is_late = event->seq < stream->highest_seq;
		event->arrival = next_arrival(stream, event->delivery_seq);
		stream->highest_seq = Max(stream->highest_seq, event->seq);
		if (event->delivery_seq < stream->skip_events)
			stream->skipped_until = event->arrival;
	} while (event->delivery_seq < stream->skip_events);
	event->due = event->arrival - stream->skipped_until;
	return true;
}

/*
 * spindle_stream_write
 *		Append an event as a JSON object, in UTF-8 and without line end.
 *
 * The event is the one delivered last, and the stream was opened with need of
 * JSON.
 */
void
spindle_stream_write(SpindleStream *stream, const SpindleEvent *event, StringInfo out)
{
	if (event->slot >= 0)
		appendBinaryStringInfo(out, stream->held[event->slot].json.data, stream->held[event->slot].json.len);
	else
		event->feed->ops->write(event->feed, event, out);
}

/*
 * spindle_stream_desc
 *		The columns of spindle_stream_datums(), with the base types of
 *		domains.
 *
 * The stream's own, or NULL if it was opened without need of Datums.
 */
TupleDesc
spindle_stream_desc(const SpindleStream *stream)
{
	return stream->desc;
}

/*
 * spindle_stream_datums
 *		An event's columns; they live until the next event.
 *
 * values and nulls have an entry for each column of the descriptor.  The
 * event is the one delivered last.
 */
void
spindle_stream_datums(SpindleStream *stream, const SpindleEvent *event, Datum *values, bool *nulls)
{
	if (event->slot < 0)
	{
		event->feed->ops->datums(event->feed, event, values, nulls);
		return;
	}
	ExecStoreMinimalTuple(stream->held[event->slot].tuple, stream->slot, false);
	slot_getallattrs(stream->slot);
	memcpy(values, stream->slot->tts_values, sizeof(Datum) * stream->desc->natts);
	memcpy(nulls, stream->slot->tts_isnull, sizeof(bool) * stream->desc->natts);
}

/*
 * spindle_stream_close
 *		End a stream, before its memory context goes or with it.
 *
 * Releases files and the stream's memory, not the source.  After an error it
 * need not be called.
 */
void
spindle_stream_close(SpindleStream *stream)
{
	if (stream->slot)
		ExecDropSingleTupleTableSlot(stream->slot);
	for (int f = 0; f < stream->source->nfeeds; f++)
		spindle_feed_close(stream->source->feed[f]);
	MemoryContextDelete(stream->context);
}
