/*-------------------------------------------------------------------------
 *
 * stream.c
 *		The SQL function that gives events as rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/args.h"
#include "compat.h"
#include "scan/function_scan.h"
#include "server/pace.h"
#include "server/progress.h"

PG_FUNCTION_INFO_V1(spindle_stream);
PG_FUNCTION_INFO_V1(spindle_stream_seed_third);

/*
 * spindle_stream(source, stream arguments)
 *		One row per event, in the order of delivery.
 *
 * This is what a function scan calls, which keeps all rows before it shows the
 * first; in most queries a scan node takes its place (function_scan.c).
 *
 * With realtime, each event is computed when it is due, though none is shown
 * before the last.  Raises null_value_not_allowed and invalid_parameter_value
 * for arguments, undefined_object, undefined_table and undefined_column for
 * names, insufficient_privilege where a relation may not be read, and what
 * reading it does.  Can be cancelled at any time.
 */
Datum
spindle_stream(PG_FUNCTION_ARGS)
{
	const SpindleStreamNeeds needs = {.json = true,.times = true,.arrivals = true};
	const bool	all[SPINDLE_STREAM_COLUMNS] = {true, true, true, true, true, true, true, true};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleStreamCall call;
	SpindleStreamArguments args;
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext oldcontext;
	SpindleStream *stream;
	SpindleEvent event;
	SpindlePace pace;
	SpindleProgress progress;
	StringInfoData json;
	int64		delivered = 0;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_stream", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	(void) spindle_arg_stream_call(fcinfo, 0, &call);
	spindle_stream_call_open(&call, &args);
	stream = spindle_stream_open(&args.source, &args.options, &needs, context);
	initStringInfo(&json);
	spindle_progress_start(&progress, psprintf("streaming %s", spindle_stream_source_name(&args)),
						   spindle_stream_deliveries(stream), "events");
	MemoryContextSwitchTo(row_context);
	spindle_pace_start(&pace);
	while (spindle_stream_next(stream, &event))
	{
		Datum		values[SPINDLE_STREAM_COLUMNS];
		bool		nulls[SPINDLE_STREAM_COLUMNS];

		if (args.options.realtime)
			spindle_pace_wait(&pace, event.due);
		if (args.options.realtime || delivered % SPINDLE_PROGRESS_ROWS == 0)
			spindle_progress_report(&progress, delivered);
		delivered++;
		spindle_stream_row(&event, &args.options, all, values, nulls);
		values[SPINDLE_STREAM_EVENT] = spindle_stream_event(stream, &event, &json);
		nulls[SPINDLE_STREAM_EVENT] = false;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(oldcontext);
	spindle_progress_end(&progress);
	spindle_stream_close(stream);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/*
 * spindle_stream(domain, table_name, seed)
 *		An error: the third argument is the scale, and the fourth the seed.
 *
 * Without this form, such a call would be taken for one with a relation, a scale
 * and a seed, and fail where the server looks for the relation.
 *
 * Always raises invalid_parameter_value, with what to write in the hint.
 */
Datum
spindle_stream_seed_third(PG_FUNCTION_ARGS)
{
	const char *source = spindle_arg_text(fcinfo, 0, "domain");
	const char *table = PG_ARGISNULL(1) ? "NULL" : quote_literal_cstr(spindle_arg_text(fcinfo, 1, "table_name"));
	const int64 seed = spindle_arg_int64(fcinfo, 2, "seed");

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("third argument of spindle_stream is not a scale: " INT64_FORMAT, seed),
			 spindle_is_relation_name(source) ?
			 errhint("To give a seed, write spindle_stream(%s, %s, seed => " INT64_FORMAT "), or for the relation of this "
					 "name spindle_stream(%s::regclass, seed => " INT64_FORMAT ").",
					 quote_literal_cstr(source), table, seed, quote_literal_cstr(source), seed) :
			 errhint("To give a seed, write spindle_stream(%s, %s, seed => " INT64_FORMAT ").",
					 quote_literal_cstr(source), table, seed)));
	PG_RETURN_NULL();
}
