/*-------------------------------------------------------------------------
 *
 * deliver.c
 *		SQL functions and procedures that deliver events to a sink.
 *
 * All of them read their arguments, make a sink, and hand both to one loop,
 * which asks the stream for the next event, waits until it is due if time is
 * real, and gives it to the sink.  Events that are due together, or batch_size
 * of them, go out together; where the sink commits, that is one transaction.
 *
 * Functions run in the caller's transaction.  Procedures commit, so they refuse
 * to run in a transaction block; what they have committed stays, whatever
 * happens later, and an error's context tells how many events that are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "api/args.h"
#include "deliver/render.h"
#include "server/pace.h"
#include "server/progress.h"
#include "sink/sink.h"
#include "stream/options.h"

PG_FUNCTION_INFO_V1(spindle_to_file);
PG_FUNCTION_INFO_V1(spindle_to_program);
PG_FUNCTION_INFO_V1(spindle_to_channel);
PG_FUNCTION_INFO_V1(spindle_to_wal);
PG_FUNCTION_INFO_V1(spindle_to_table);

/* Columns of a result: table_name and six figures. */
#define RESULT_COLUMNS	7

/* Events of a transaction where nobody says. */
#define DEFAULT_BATCH	1000

/* Events between two looks at how far we are, where there are no batches. */
#define REPORT_EVENTS	4096

/*
 * Where each batch is a transaction, events that are due within this time share
 * one.
 */
#define TICK_SECONDS	0.001

typedef struct Delivery
{
	SpindleStreamArguments args;
	SpindleSink *sink;
	SpindleStream *stream;
	SpindlePace pace;
	SpindleProgress progress;
	double		last_flush;		/* offset, in seconds */
	int			in_batch;		/* events since the last flush */
	int64		anomalies;		/* among the events taken */
	int64		late;
	Datum	   *values;			/* of one event */
	bool	   *nulls;
} Delivery;

/* Tell how far the delivery came, and how to go on. */
static void
delivery_context(void *arg)
{
	const Delivery *delivery = arg;
	const SpindleSink *sink = delivery->sink;

	errcontext("delivery to %s: " INT64_FORMAT " events delivered before; skip_events => " INT64_FORMAT
			   " continues behind them",
			   sink->name, sink->events_sent,
			   delivery->args.options.skip_events + sink->events_sent + sink->events_skipped);
}

/* Let the events of the batch go. */
static void
flush_batch(Delivery *delivery)
{
	SpindleSink *sink = delivery->sink;

	delivery->in_batch = 0;
	spindle_sink_flush(sink);
	if (sink->commits)
	{
		SPI_commit();

		/* values of relations may be of types whose output runs queries */
		if (delivery->args.instance == NULL)
			EnsurePortalSnapshotExists();
	}
	spindle_sink_count(sink);
	spindle_progress_report(&delivery->progress, sink->events_sent + sink->events_skipped);
}

/* Wait until an event is due; what was due before goes out first. */
static void
wait_for(Delivery *delivery, double due)
{
	if (delivery->in_batch > 0)
		flush_batch(delivery);
	spindle_sink_settle(delivery->sink);
	if (delivery->sink->commits)
		due = Max(due, delivery->last_flush + TICK_SECONDS);
	spindle_pace_wait(&delivery->pace, due);
	delivery->last_flush = delivery->pace.now;
}

static void
take(Delivery *delivery, const SpindleEvent *event)
{
	SpindleSink *sink = delivery->sink;
	SpindleSinkEvent sink_event = {
		.event = event,
		.start = sink->buffer.len,
		.values = delivery->values,
		.nulls = delivery->nulls,
		.show_label = delivery->args.options.label_anomalies,
	};

	if (sink->wants_datums)
		spindle_stream_datums(delivery->stream, event, delivery->values, delivery->nulls);
	else
		spindle_stream_write(delivery->stream, event, &sink->buffer);
	delivery->in_batch++;
	if (!spindle_sink_write(sink, &sink_event))
		return;
	delivery->anomalies += event->label != NULL;
	delivery->late += event->is_late;
}

static void
run(Delivery *delivery)
{
	SpindleSink *sink = delivery->sink;
	const bool	realtime = delivery->args.options.realtime;
	SpindleEvent event;

	while (spindle_stream_next(delivery->stream, &event))
	{
		if (realtime && !spindle_pace_is_due(&delivery->pace, event.due))
			wait_for(delivery, event.due);
		take(delivery, &event);
		if (sink->batch_size > 0 && delivery->in_batch >= sink->batch_size)
		{
			flush_batch(delivery);
			if (realtime)
				spindle_pace_look(&delivery->pace);
		}
		else if (event.delivery_seq % REPORT_EVENTS == 0)
			spindle_progress_report(&delivery->progress, sink->events_sent + sink->events_skipped);
	}
	flush_batch(delivery);
}

/* The same with the help of workers, of lines that no one has to see singly. */
static void
run_with_workers(FunctionCallInfo fcinfo, Delivery *delivery, int nworkers)
{
	SpindleSink *sink = delivery->sink;
	SpindleRendering *rendering = spindle_rendering_begin(fcinfo, &delivery->args, delivery->stream, nworkers);
	SpindleLines lines;

	while (spindle_rendering_next(rendering, &lines))
	{
		sink->ops->write_lines(sink, lines.data, lines.len, lines.events);
		delivery->anomalies += lines.anomalies;
		delivery->late += lines.late;
		spindle_progress_report(&delivery->progress, sink->events_sent);
	}
	spindle_rendering_end(rendering);
}

/*
 * What was delivered, as a row in the current memory context; or in words, and
 * nothing, for a procedure without output arguments.
 */
static Datum
delivery_result(FunctionCallInfo fcinfo, const Delivery *delivery, SpindleReport report, double seconds)
{
	const SpindleSink *sink = delivery->sink;
	TupleDesc	desc;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	if (report == SPINDLE_REPORT_NOTICE)
		ereport(NOTICE,
				(errmsg_plural("%lld event delivered to %s", "%lld events delivered to %s",
							   (unsigned long) sink->events_sent, (long long) sink->events_sent, sink->name),
				 errdetail("%lld anomalies, %lld out of order, %lld bytes, in %.3f s.", (long long) delivery->anomalies,
						   (long long) delivery->late, (long long) sink->bytes_sent, seconds)));
	if (report != SPINDLE_REPORT_ROW)
		return (Datum) 0;
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != RESULT_COLUMNS)
		elog(ERROR, "return type must be a row of %d columns", RESULT_COLUMNS);
	nulls[0] = delivery->args.table_name == NULL;
	values[0] = nulls[0] ? (Datum) 0 : CStringGetTextDatum(delivery->args.table_name);
	values[1] = Int64GetDatum(sink->events_sent);
	values[2] = Int64GetDatum(delivery->anomalies);
	values[3] = Int64GetDatum(delivery->late);
	values[4] = Int64GetDatum(sink->bytes_sent);
	values[5] = Float8GetDatum(seconds);
	values[6] = Float8GetDatum(seconds > 0 ? sink->events_sent / seconds : 0);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* Things that the result has no column for. */
static void
report_remarks(const Delivery *delivery)
{
	if (delivery->args.options.realtime && delivery->pace.lag >= 0.1)
		ereport(NOTICE,
				(errmsg("events were delivered up to %.3f s after they were due", delivery->pace.lag)));
	if (delivery->sink->events_skipped > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld event was too long and was skipped",
							   "%lld events were too long and were skipped",
							   (unsigned long) delivery->sink->events_skipped,
							   (long long) delivery->sink->events_skipped)));
}

/*
 * Deliver a stream to a sink; the result says what was delivered.
 *
 * args and sink live in the current memory context, in which the result is
 * allocated too.
 */
static Datum
deliver(FunctionCallInfo fcinfo, const SpindleStreamArguments *args, SpindleSink *sink, SpindleReport report)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle delivery",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	ErrorContextCallback callback;
	SpindleStreamNeeds needs = {
		.json = !sink->wants_datums,
		.datums = sink->wants_datums,
		.times = true,
		.across_transactions = sink->commits,
	};
	Delivery	delivery = {.args = *args,.sink = sink};
	TupleDesc	desc;
	int			nworkers;
	double		seconds;
	Datum		delivered;

	if (args->options.batch_size > 0)
		sink->batch_size = args->options.batch_size;
	delivery.stream = spindle_stream_open(&args->source, &args->options, &needs, context);
	nworkers = sink->ops->write_lines ? spindle_rendering_workers(args, delivery.stream) : 0;
	desc = spindle_stream_desc(delivery.stream);
	if (desc)
	{
		delivery.values = palloc(sizeof(Datum) * Max(desc->natts, 1));
		delivery.nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
	}
	callback.callback = delivery_context;
	callback.arg = &delivery;
	callback.previous = error_context_stack;
	spindle_progress_start(&delivery.progress, sink->name,
						   spindle_stream_deliveries(delivery.stream), "events");
	PG_TRY();
	{
		spindle_sink_open(sink, desc);

		/* what is wrong before has nothing to do with events */
		error_context_stack = &callback;
		spindle_pace_start(&delivery.pace);
		if (nworkers > 0)
			run_with_workers(fcinfo, &delivery, nworkers);
		else
			run(&delivery);
		spindle_sink_close(sink);
	}
	PG_CATCH();
	{
		if (sink->ops->abort)
			sink->ops->abort(sink);
		PG_RE_THROW();
	}
	PG_END_TRY();
	spindle_pace_look(&delivery.pace);
	seconds = delivery.pace.now;
	spindle_progress_end(&delivery.progress);
	error_context_stack = callback.previous;
	report_remarks(&delivery);

	spindle_stream_close(delivery.stream);
	MemoryContextSwitchTo(oldcontext);
	delivered = delivery_result(fcinfo, &delivery, report, seconds);
	MemoryContextDelete(context);
	return delivered;
}

/*
 * The same by a procedure, which commits.
 */
static Datum
deliver_with_commits(FunctionCallInfo fcinfo, const SpindleStreamArguments *args, SpindleSink *sink,
					 SpindleReport report)
{
	Datum		delivered;

	sink->commits = true;
	sink->batch_size = DEFAULT_BATCH;
	delivered = deliver(fcinfo, args, sink, report);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return delivered;
}

/*
 * Before anything else in a procedure: may it write, and is it free to commit?
 * Begins the SPI session that does so, and returns to the memory context of the
 * caller, which lives as long as the CALL.
 *
 * Tells what to do with the result.
 */
static SpindleReport
begin_procedure(FunctionCallInfo fcinfo)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);

	PreventCommandDuringRecovery(psprintf("%s()", name));
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block", name),
				 errhint("It commits each batch: use CALL outside of BEGIN and COMMIT, and not in a function.")));
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	MemoryContextSwitchTo(oldcontext);

	/* behind a relation, or behind a domain and a table */
	return spindle_arg_take_report(fcinfo, spindle_streams_relation(fcinfo->flinfo->fn_oid, 1) ? 2 : 3);
}

/*
 * spindle_to_file(path, source, stream arguments, mode)
 *		Write a stream to a file of the server, one JSON object per line.
 */
Datum
spindle_to_file(PG_FUNCTION_ARGS)
{
	static const struct
	{
		const char *name;
		SpindleFileMode mode;
	}			modes[] =
	{
		{"w", SPINDLE_FILE_REPLACE},
		{"a", SPINDLE_FILE_APPEND},
		{"x", SPINDLE_FILE_CREATE},
	};
	char	   *path = spindle_arg_text(fcinfo, 0, "path");
	SpindleStreamArguments args;
	char	   *mode = spindle_arg_text(fcinfo, spindle_stream_arguments(fcinfo, 1, &args), "mode");
	int			m = 0;

	while (m < lengthof(modes) && strcmp(modes[m].name, mode) != 0)
		m++;
	if (m == lengthof(modes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"mode\": \"%s\"", mode),
				 errhint("Modes are \"w\" (replace), \"a\" (append) and \"x\" (must not exist).")));
	return deliver(fcinfo, &args, spindle_file_sink_create(path, modes[m].mode), SPINDLE_REPORT_ROW);
}

/*
 * spindle_to_program(command, source, stream arguments)
 *		Write a stream to the standard input of a program on the server, one JSON
 *		object per line.
 */
Datum
spindle_to_program(PG_FUNCTION_ARGS)
{
	char	   *command = spindle_arg_text(fcinfo, 0, "command");
	SpindleStreamArguments args;

	(void) spindle_stream_arguments(fcinfo, 1, &args);
	return deliver(fcinfo, &args, spindle_program_sink_create(command), SPINDLE_REPORT_ROW);
}

/*
 * spindle_to_channel(channel, source, stream arguments, oversize)
 *		Send a stream by NOTIFY, the JSON object of an event as the payload.
 */
Datum
spindle_to_channel(PG_FUNCTION_ARGS)
{
	SpindleStreamArguments args;
	SpindleReport report;
	char	   *channel;
	char	   *oversize;
	bool		skip;

	report = begin_procedure(fcinfo);
	channel = spindle_arg_text(fcinfo, 0, "channel");
	oversize = spindle_arg_text(fcinfo, spindle_stream_arguments(fcinfo, 1, &args), "oversize");
	skip = strcmp(oversize, "skip") == 0;
	if (!skip && strcmp(oversize, "error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"oversize\": \"%s\"", oversize),
				 errhint("It must be \"error\" or \"skip\".")));
	return deliver_with_commits(fcinfo, &args, spindle_channel_sink_create(channel, skip), report);
}

/*
 * spindle_to_wal(prefix, source, stream arguments, transactional)
 *		Write a stream to the WAL as messages for logical decoding.
 */
Datum
spindle_to_wal(PG_FUNCTION_ARGS)
{
	SpindleStreamArguments args;
	SpindleReport report;
	char	   *prefix;
	int			arg;

	report = begin_procedure(fcinfo);
	prefix = spindle_arg_text(fcinfo, 0, "prefix");
	arg = spindle_stream_arguments(fcinfo, 1, &args);
	spindle_arg_require(fcinfo, arg, "transactional");
	return deliver_with_commits(fcinfo, &args, spindle_wal_sink_create(prefix, PG_GETARG_BOOL(arg)), report);
}

/*
 * spindle_to_table(target, source, stream arguments)
 *		Insert a stream into a table, event by event.
 */
Datum
spindle_to_table(PG_FUNCTION_ARGS)
{
	SpindleStreamArguments args;
	SpindleReport report;

	report = begin_procedure(fcinfo);
	spindle_arg_require(fcinfo, 0, "target");
	(void) spindle_stream_arguments(fcinfo, 1, &args);
	if (args.table_name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the tables of a domain cannot be delivered to one table"),
				 errhint("Give table_name.")));
	return deliver_with_commits(fcinfo, &args, spindle_table_sink_create(PG_GETARG_OID(0)), report);
}
