/*-------------------------------------------------------------------------
 *
 * changes.c
 *		SQL functions that give changes, their numbers, and histories, as rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "compat.h"
#include "library/change_call.h"
#include "library/library.h"
#include "library/source.h"
#include "scan/function_scan.h"
#include "scan/history_row.h"
#include "server/pace.h"
#include "server/progress.h"

PG_FUNCTION_INFO_V1(spindle_changes);
PG_FUNCTION_INFO_V1(spindle_change_counts);
PG_FUNCTION_INFO_V1(spindle_history);

/*
 * spindle_changes(domain, table_name, change arguments)
 *		One row per change, in the order of their times.
 *
 * This is what a function scan calls, which keeps all rows before it shows the
 * first; in most queries a scan node takes its place (function_scan.c).
 *
 * Raises null_value_not_allowed and invalid_parameter_value for arguments,
 * undefined_object and undefined_table for names, and datetime_field_overflow for
 * changes that are centuries from the range.  Can be cancelled at any time.
 */
Datum
spindle_changes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		wanted[SPINDLE_CHANGES_COLUMNS];
	SpindleChangeScan scan;
	SpindleChange change;
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext oldcontext;
	SpindlePace pace;
	SpindleProgress progress;
	int64		delivered = 0;

	if (PG_NARGS() < SPINDLE_NUM_CHANGE_ARGUMENTS)
		elog(ERROR, "function has too few arguments");
	InitMaterializedSRF(fcinfo, 0);
	memset(wanted, true, sizeof(wanted));
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_changes", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "spindle change row", ALLOCSET_DEFAULT_SIZES);
	spindle_change_scan_open(&scan, fcinfo->args, PG_NARGS(), wanted, context);
	oldcontext = MemoryContextSwitchTo(context);
	spindle_progress_start(&progress,
						   psprintf("streaming changes of %s",
									spindle_source_name(scan.call.instance, scan.call.table_name)),
						   SPINDLE_PROGRESS_UNKNOWN, "changes");
	MemoryContextSwitchTo(row_context);
	spindle_pace_start(&pace);
	while (spindle_change_scan_next(&scan, &change))
	{
		Datum		values[SPINDLE_CHANGES_COLUMNS];
		bool		nulls[SPINDLE_CHANGES_COLUMNS];

		if (scan.call.realtime)
			spindle_pace_wait(&pace, change.arrival);
		if (scan.call.realtime || delivered % SPINDLE_PROGRESS_ROWS == 0)
			spindle_progress_report(&progress, delivered);
		delivered++;
		spindle_change_row(&scan, &change, values, nulls);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(oldcontext);
	spindle_progress_end(&progress);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* The ops in the order in which they are told. */
static const char ops[] = {'r', 'c', 'u', 'd'};

/*
 * spindle_change_counts(domain, table_name, scale, seed, profile, from_time, to_time,
 * after_position, include_initial)
 *		How many changes there are, per table and op: table_name, op, n.
 *
 * They are counted by a pass over the changes; what there is none of is left out.
 * Raises what spindle_change_call_open() does.  Can be cancelled.
 */
Datum
spindle_change_counts(PG_FUNCTION_ARGS)
{
	const SpindleChangeNeeds needs = {0};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleChangeCall call;
	SpindleChanges *changes;
	SpindleChange change;
	SpindleProgress progress;
	MemoryContext context;
	MemoryContext oldcontext;
	int64	   *count;
	int64		n = 0;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_change_counts", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	spindle_change_call_open(fcinfo->args, PG_NARGS(), &call);
	count = palloc0(sizeof(int64) * lengthof(ops) * call.instance->domain->ntables);
	spindle_progress_start(&progress,
						   psprintf("counting changes of %s", spindle_source_name(call.instance, call.table_name)),
						   SPINDLE_PROGRESS_UNKNOWN, "changes");
	changes = spindle_changes_open(call.instance, &call.options, &needs, context);
	while (spindle_changes_next(changes, &change))
	{
		if (n++ % SPINDLE_PROGRESS_ROWS == 0)
			spindle_progress_report(&progress, n - 1);
		for (int k = 0; k < lengthof(ops); k++)
			count[change.table * lengthof(ops) + k] += change.op == ops[k];
	}
	spindle_progress_end(&progress);
	for (int t = 0; t < call.instance->domain->ntables; t++)
		for (int k = 0; k < lengthof(ops); k++)
		{
			Datum		values[3] = {0};
			bool		nulls[3] = {false, false, false};

			if (count[t * lengthof(ops) + k] == 0)
				continue;
			values[0] = CStringGetTextDatum(call.instance->domain->table[t].sql_name);
			values[1] = CharGetDatum(ops[k]);
			values[2] = Int64GetDatum(count[t * lengthof(ops) + k]);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/*
 * spindle_history(domain, table_name, scale, seed, profile, first_row, max_rows)
 *		All versions of rows first_row .. first_row + max_rows - 1 of a generated table,
 *		by row and time.
 *
 * The columns are those of the column definition list, by name: the table's, and
 * _spindle_version, _spindle_valid_from, _spindle_valid_to and _spindle_op.  In most
 * queries a scan node takes the function's place (function_scan.c).  Raises
 * what spindle_rows() does, and invalid_parameter_value for a profile that is none.
 * Here all rows are kept in a tuplestore; can be cancelled.
 */
Datum
spindle_history(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleSource source;
	SpindleHistoryReader *reader;
	SpindleVersion version;
	SpindleProgress progress;
	SpindleRowRun run;
	MemoryContext context;
	Datum	   *values;
	bool	   *nulls;
	int64		first;

	spindle_source_of_history_call(fcinfo->args,
								   rsinfo && IsA(rsinfo, ReturnSetInfo) ? rsinfo->expectedDesc : NULL,
								   &source, &run.next, &run.end);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_history", ALLOCSET_DEFAULT_SIZES);
	reader = spindle_history_reader_create(&source, source.column, source.told, source.natts, source.input, context);
	values = palloc0(sizeof(Datum) * source.natts);
	nulls = palloc(source.natts);
	memset(nulls, true, source.natts);
	first = run.next;
	spindle_progress_start(&progress,
						   psprintf("generating versions of %s",
									spindle_source_name(source.instance, source.instance->domain->table[source.table].name)),
						   run.end - first, "rows");
	spindle_history_start(reader->history, spindle_row_run_next, &run);
	while (spindle_history_reader_next(reader, &version, values, nulls))
	{
		spindle_progress_report(&progress, version.row - first);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	spindle_progress_end(&progress);
	MemoryContextDelete(context);
	return (Datum) 0;
}
