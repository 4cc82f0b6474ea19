/*-------------------------------------------------------------------------
 *
 * deliver.c
 *		SQL functions and procedures that deliver events to a sink.
 *
 * All of them read their arguments, make a sink and hand both down.  Functions run
 * in the caller's transaction.  Procedures commit, so they refuse to run in a
 * transaction block.
 *
 * Errors that all of them raise: null_value_not_allowed and
 * invalid_parameter_value for arguments, undefined_object, undefined_table and
 * undefined_column for names, what reading a relation raises, and what the
 * sink does.  A row of the result tells table_name (null for a whole domain),
 * events, anomalies, events out of order, bytes, seconds, and events per
 * second.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/args.h"
#include "api/formats.h"
#include "deliver/deliver.h"

PG_FUNCTION_INFO_V1(spindle_to_file);
PG_FUNCTION_INFO_V1(spindle_to_program);
PG_FUNCTION_INFO_V1(spindle_to_channel);
PG_FUNCTION_INFO_V1(spindle_to_wal);
PG_FUNCTION_INFO_V1(spindle_to_table);

/* Columns of a result: table_name and six figures. */
#define RESULT_COLUMNS	7

/*
 * What was delivered, as a row in the current memory context; or in words, and
 * nothing, for a procedure without output arguments.
 */
static Datum
delivery_result(FunctionCallInfo fcinfo, const char *table_name, const SpindleSink *sink,
				const SpindleDelivered *delivered, SpindleReport report)
{
	TupleDesc	desc;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	if (report == SPINDLE_REPORT_NOTICE)
		ereport(NOTICE,
				(errmsg_plural("%lld event delivered to %s", "%lld events delivered to %s",
							   (unsigned long) delivered->events, (long long) delivered->events, sink->name),
				 errdetail("%lld anomalies, %lld out of order, %lld bytes, in %.3f s.", (long long) delivered->anomalies,
						   (long long) delivered->late, (long long) delivered->bytes, delivered->seconds)));
	if (report != SPINDLE_REPORT_ROW)
		return (Datum) 0;
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != RESULT_COLUMNS)
		elog(ERROR, "return type must be a row of %d columns", RESULT_COLUMNS);
	nulls[0] = table_name == NULL;
	values[0] = nulls[0] ? (Datum) 0 : CStringGetTextDatum(table_name);
	values[1] = Int64GetDatum(delivered->events);
	values[2] = Int64GetDatum(delivered->anomalies);
	values[3] = Int64GetDatum(delivered->late);
	values[4] = Int64GetDatum(delivered->bytes);
	values[5] = Float8GetDatum(delivered->seconds);
	values[6] = Float8GetDatum(delivered->seconds > 0 ? delivered->events / delivered->seconds : 0);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* What is delivered: events of a stream, or changes in a format. */
typedef struct DeliveryCall
{
	SpindleStreamCall call;
	bool		of_changes;
	SpindleStreamArguments args;	/* of events */
	SpindleChangeCall change;	/* of changes */
	SpindleChangeDelivery how;
} DeliveryCall;

/*
 * Read and look up the stream arguments, which begin at position 1, and what stands
 * behind the sink's own arguments; returns the position of these, of which there
 * are so many.
 */
static int
read_call(FunctionCallInfo fcinfo, int own, bool takes_json, DeliveryCall *call)
{
	int			next = spindle_arg_stream_call(fcinfo, 1, &call->call);

	call->of_changes = takes_json &&
		spindle_arg_format(fcinfo, next + own, &call->call, &call->change, &call->how);
	if (!call->of_changes)
		spindle_stream_call_open(&call->call, &call->args);
	return next;
}

/* Deliver to a sink; the result as delivery_result() gives it. */
static Datum
deliver(FunctionCallInfo fcinfo, const DeliveryCall *call, SpindleSink *sink, SpindleReport report)
{
	SpindleDelivered delivered;

	if (call->of_changes)
		spindle_deliver_changes(call->change.instance, &call->change.options, &call->how, sink, &delivered);
	else
		spindle_deliver(&call->call, &call->args, sink, &delivered);
	return delivery_result(fcinfo, call->of_changes ? call->change.table_name : call->args.table_name, sink,
						   &delivered, report);
}

/*
 * The same by a procedure, which commits and has begun a session of SPI for
 * it.  The result is in the caller's context, which outlives the session of
 * SPI.
 */
static Datum
deliver_with_commits(FunctionCallInfo fcinfo, const DeliveryCall *call, SpindleSink *sink, SpindleReport report)
{
	Datum		result;

	sink->commits = true;
	result = deliver(fcinfo, call, sink, report);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return result;
}

/* Before anything else in a procedure; "report" stands behind the source. */
static SpindleReport
begin_procedure(FunctionCallInfo fcinfo)
{
	/* behind a relation, or behind a domain and a table */
	return spindle_arg_begin_procedure(fcinfo, spindle_streams_relation(fcinfo->flinfo->fn_oid, 1) ? 2 : 3);
}

/*
 * spindle_to_file(path, source, stream arguments, mode)
 *		Write a stream to a file of the server, one JSON object per line.
 *
 * mode is "w", "a" or "x": replace, append, must not exist.  path is absolute.
 * The result is a row.  Raises insufficient_privilege unless the user may
 * write server files, and an error for file access if that fails; the file
 * then ends with a complete line.  Nothing is undone with the transaction.
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
	DeliveryCall call;
	char	   *mode = spindle_arg_text(fcinfo, read_call(fcinfo, 1, true, &call), "mode");
	int			m = 0;

	while (m < lengthof(modes) && strcmp(modes[m].name, mode) != 0)
		m++;
	if (m == lengthof(modes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"mode\": \"%s\"", mode),
				 errhint("Modes are \"w\" (replace), \"a\" (append) and \"x\" (must not exist).")));
	return deliver(fcinfo, &call, spindle_file_sink_create(path, modes[m].mode), SPINDLE_REPORT_ROW);
}

/*
 * spindle_to_program(command, source, stream arguments)
 *		Write a stream to the standard input of a program on the server, one JSON
 *		object per line.
 *
 * The result is a row.  Raises insufficient_privilege unless the user may
 * execute server programs, and external_routine_exception if the program
 * fails.  Nothing is undone with the transaction.
 */
Datum
spindle_to_program(PG_FUNCTION_ARGS)
{
	char	   *command = spindle_arg_text(fcinfo, 0, "command");
	DeliveryCall call;

	(void) read_call(fcinfo, 0, true, &call);
	return deliver(fcinfo, &call, spindle_program_sink_create(command), SPINDLE_REPORT_ROW);
}

/*
 * spindle_to_channel(channel, source, stream arguments, oversize)
 *		Send a stream by NOTIFY, the JSON object of an event as the payload.
 *
 * oversize is "error" or "skip": what becomes of an event that does not fit
 * into a payload.  Commits after each batch; what has been committed has been
 * sent, whatever follows.  Raises program_limit_exceeded for such an event, or
 * if the queue of notifications is nearly full.
 */
Datum
spindle_to_channel(PG_FUNCTION_ARGS)
{
	DeliveryCall call;
	SpindleReport report;
	char	   *channel;
	char	   *oversize;
	bool		skip;

	report = begin_procedure(fcinfo);
	channel = spindle_arg_text(fcinfo, 0, "channel");
	oversize = spindle_arg_text(fcinfo, read_call(fcinfo, 1, true, &call), "oversize");
	skip = strcmp(oversize, "skip") == 0;
	if (!skip && strcmp(oversize, "error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"oversize\": \"%s\"", oversize),
				 errhint("It must be \"error\" or \"skip\".")));
	return deliver_with_commits(fcinfo, &call, spindle_channel_sink_create(channel, skip), report);
}

/*
 * spindle_to_wal(prefix, source, stream arguments, transactional)
 *		Write a stream to the WAL as messages for logical decoding.
 *
 * Commits after each batch.  Messages that are not transactional reach
 * decoders even if an error follows.  Raises object_not_in_prerequisite_state
 * if wal_level is too low.
 */
Datum
spindle_to_wal(PG_FUNCTION_ARGS)
{
	DeliveryCall call;
	SpindleReport report;
	char	   *prefix;
	int			arg;

	report = begin_procedure(fcinfo);
	prefix = spindle_arg_text(fcinfo, 0, "prefix");
	arg = read_call(fcinfo, 1, true, &call);
	spindle_arg_require(fcinfo, arg, "transactional");
	return deliver_with_commits(fcinfo, &call, spindle_wal_sink_create(prefix, PG_GETARG_BOOL(arg)), report);
}

/*
 * spindle_to_table(target, source, stream arguments)
 *		Insert a stream into a table, event by event.
 *
 * target is a table, a view or a foreign table; columns are matched by name.
 * Commits after each batch.  Raises feature_not_supported for a whole domain,
 * whose tables have different columns, and what an INSERT does.
 */
Datum
spindle_to_table(PG_FUNCTION_ARGS)
{
	DeliveryCall call;
	SpindleReport report;

	report = begin_procedure(fcinfo);
	spindle_arg_require(fcinfo, 0, "target");
	(void) read_call(fcinfo, 0, false, &call);
	if (call.args.table_name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the tables of a domain cannot be delivered to one table"),
				 errhint("Give table_name.")));
	return deliver_with_commits(fcinfo, &call, spindle_table_sink_create(PG_GETARG_OID(0)), report);
}
