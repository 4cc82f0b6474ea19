/*-------------------------------------------------------------------------
 *
 * render_events.c
 *		Lines of events, for several processes to make.
 *
 * Any run of deliveries can be made without those before it, so slices are of a fixed
 * number of deliveries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "deliver/render.h"

/* Deliveries of a slice. */
#define SLICE_EVENTS		2048

/*
 * Events before a slice that may still wait in it have to be computed again, and
 * those behind it that wait when it ends.  With more of them than this, each
 * process would do most of the work of all.
 */
#define MAX_LATE_SLOTS		(SLICE_EVENTS / 4)

/* What another process has to know beside the call, which stands behind it. */
typedef struct EventLines
{
	uint64		fingerprint;	/* of the domain's definition */
	int64		first;			/* deliveries to make */
	int64		end;
} EventLines;

typedef struct EventMaker
{
	SpindleLineMaker maker;		/* must be first */
	SpindleStream *stream;
	EventLines	lines;
	int64		next;			/* delivery */
	int64		end;			/* of the slice */
} EventMaker;

/*
 * spindle_event_lines_workers
 *		How many workers should help to make the lines of a stream.
 *
 * None if a slice cannot be made by itself, or if it is to be seen when events come.
 */
int
spindle_event_lines_workers(const SpindleStreamArguments *args, const SpindleStream *stream)
{
	if (args->options.realtime || args->options.batch_size > 0 || !spindle_stream_is_seekable(stream))
		return 0;
	if (args->options.late_fraction > 0 &&
		args->options.late_slots > MAX_LATE_SLOTS * (1 - args->options.late_fraction))
		return 0;
	return spindle_rendering_workers(spindle_stream_deliveries(stream));
}

/* Slices begin with the first delivery, and the last one may be shorter. */
static bool
begin_slice(SpindleLineMaker *base, int64 slice)
{
	EventMaker *maker = (EventMaker *) base;

	if (slice >= base->nslices)
		return false;
	maker->next = maker->lines.first + slice * SLICE_EVENTS;
	maker->end = Min(maker->next + SLICE_EVENTS, maker->lines.end);
	spindle_stream_seek(maker->stream, maker->next, maker->end);
	return true;
}

static void
add_lines(SpindleLineMaker *base, SpindlePortion *portion, int n)
{
	EventMaker *maker = (EventMaker *) base;
	SpindleEvent event;

	while (n-- > 0 && !portion->is_complete)
	{
		if (!spindle_stream_next(maker->stream, &event))
			elog(ERROR, "events are missing");
		spindle_stream_write(maker->stream, &event, &portion->lines);
		appendStringInfoCharMacro(&portion->lines, '\n');
		maker->next++;
		portion->counts.events++;
		portion->counts.anomalies += event.label != NULL;
		portion->counts.late += event.is_late;
		portion->is_last = maker->next == maker->end;
		portion->is_complete = portion->is_last || portion->lines.len >= SPINDLE_PORTION_BYTES;
	}
}

/* A maker of the lines of a stream, in the current memory context. */
static SpindleLineMaker *
create_maker(SpindleStream *stream, const EventLines *lines)
{
	EventMaker *maker = palloc0(sizeof(EventMaker));

	maker->maker.begin = begin_slice;
	maker->maker.add = add_lines;
	maker->maker.nslices = (lines->end - lines->first + SLICE_EVENTS - 1) / SLICE_EVENTS;
	maker->stream = stream;
	maker->lines = *lines;
	return &maker->maker;
}

/*
 * spindle_event_lines_begin
 *		Begin to make the lines of a stream of a generated domain that is seekable; see
 *		spindle_rendering_begin().
 *
 * args are what call says, looked up.
 */
SpindleRendering *
spindle_event_lines_begin(const SpindleStreamCall *call, const SpindleStreamArguments *args, SpindleStream *stream,
						  int nworkers)
{
	const Size	head = MAXALIGN(sizeof(EventLines));
	const Size	size = add_size(head, spindle_stream_call_size(call));
	char	   *data = palloc(size);
	EventLines *lines = (EventLines *) data;
	const SpindleLinesCall lines_call = {.kind = SPINDLE_LINES_OF_EVENTS,.size = size,.data = data};

	lines->fingerprint = args->instance->domain->fingerprint;
	lines->end = spindle_stream_events(stream);
	lines->first = Min(args->options.skip_events, lines->end);
	spindle_stream_call_write(call, data + head);
	return spindle_rendering_begin(&lines_call, create_maker(stream, lines), nworkers);
}

/*
 * spindle_event_lines_restore
 *		The maker of a worker, from what the leader wrote; NULL if the definition is
 *		another one now.
 */
SpindleLineMaker *
spindle_event_lines_restore(char *data)
{
	const EventLines *lines = (const EventLines *) data;
	const SpindleStreamNeeds needs = {.json = true,.times = true};
	SpindleStreamCall call;
	SpindleStreamArguments args;

	spindle_stream_call_restore(&call, data + MAXALIGN(sizeof(EventLines)));
	spindle_stream_call_open(&call, &args);
	if (args.instance->domain->fingerprint != lines->fingerprint)
		return NULL;
	return create_maker(spindle_stream_open(&args.source, &args.options, &needs, CurrentMemoryContext), lines);
}
