/*-------------------------------------------------------------------------
 *
 * function_scan.c
 *		The scan node that takes the place of function scans; see function_plan.c for
 *		where it does.
 *
 * The executor's function scan calls a function until it has all rows, keeps
 * them in a tuplestore and only then shows the first.  For spindle_stream(),
 * spindle_changes(), spindle_rows() and spindle_history() in FROM we put a custom scan
 * in its place, which computes rows when they are asked for: memory stays constant,
 * LIMIT stops at once, a paced stream is shown as it comes, and columns that nobody
 * reads are not computed.
 *
 * What one scan needs is allocated in a context of its own, below the query's;
 * a rescan with other arguments drops it and starts anew.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "utils/acl.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "gen/datum.h"
#include "library/source.h"
#include "library/stream_call.h"
#include "scan/function_scan.h"
#include "scan/history_row.h"
#include "server/flush.h"
#include "server/pace.h"
#include "server/progress.h"

/*
 * Rows of the first batch; the following ones have four times as many each, up
 * to SPINDLE_BATCH_ROWS, so that LIMIT stays cheap.
 */
#define FIRST_BATCH_ROWS	16

/*
 * The state of a node, in the query's context.  json and values of a row last
 * until the next row is asked for.
 */
typedef struct GeneratedFunctionScan
{
	CustomScanState css;		/* must be first */

	/* set at begin */
	SpindleScanFunction function;
	Oid			funcid;
	List	   *args;			/* ExprState */
	Bitmapset  *params;			/* that the arguments depend on */
	bool	   *wanted;			/* per attribute of the scan tuple */
	bool		any_wanted;
	int			natts;

	/* set when the first row of a (re)scan is wanted */
	MemoryContext context;		/* of one scan; NULL before */

	/* SPINDLE_SCAN_STREAM */
	SpindleStreamArguments arguments;
	SpindleStream *stream;
	SpindlePace pace;
	StringInfoData json;

	/* SPINDLE_SCAN_CHANGES, with pace */
	SpindleChangeScan changes;

	/* SPINDLE_SCAN_ROWS */
	SpindleRows *rows;
	SpindlePresence presence;	/* which rows are there */
	int64		first;			/* row number that a rescan goes back to */
	int64		next;			/* row number of the next batch */
	int64		end;			/* row number behind the last one */
	int			batch_rows;		/* of the next batch */
	int			n;				/* rows in this batch */
	int			i;				/* next of them */

	/* SPINDLE_SCAN_HISTORY, with first */
	SpindleHistoryReader *history;
	SpindleRowRun run;			/* rows whose versions are to come */

	char	   *source_name;	/* for EXPLAIN; NULL before the first start */
	SpindleProgress progress;	/* of all scans of the node */
	int64		delivered;		/* rows given, over all rescans */
	int64		late;			/* events delivered out of order */
	int64		anomalies;		/* among the events delivered */
} GeneratedFunctionScan;

static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_scan(CustomScanState *node);
static void end_scan(CustomScanState *node);
static void rescan(CustomScanState *node);
static void explain_scan(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomExecMethods exec_methods = {
	.CustomName = "Spindle",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain_scan,
};

/*
 * spindle_scan_create_state
 *		CreateCustomScanState: a node without anything in it; begin_scan() fills it.
 */
Node *
spindle_scan_create_state(CustomScan *plan)
{
	GeneratedFunctionScan *state = (GeneratedFunctionScan *) newNode(sizeof(GeneratedFunctionScan), T_CustomScanState);

	state->css.methods = &exec_methods;
	return (Node *) state;
}

/*
 * Collect the parameters of the executor in an expression.  The walker's
 * result is false throughout, which means to go on.
 */
static bool
collect_params(Node *node, Bitmapset **params)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = bms_add_member(*params, ((Param *) node)->paramid);
	return expression_tree_walker(node, collect_params, params);
}

/*
 * spindle_scan_require_execute
 *		Raise insufficient_privilege if the user may not execute a function.
 *
 * The server checks that for the function calls that it makes itself; where a
 * node stands for a call, it makes none.
 */
void
spindle_scan_require_execute(Oid funcid)
{
	if (object_aclcheck(ProcedureRelationId, funcid, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(funcid));
}

/*
 * BeginCustomScan: what holds for all scans of the node.
 *
 * Arguments are not evaluated yet, as EXPLAIN may want the plan only.  Raises
 * what spindle_scan_require_execute() does.
 */
static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	GeneratedFunctionScan *state = (GeneratedFunctionScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	Oid			funcid = (Oid) intVal(linitial(plan->custom_private));
	ListCell   *lc;

	spindle_scan_require_execute(funcid);
	state->funcid = funcid;
	state->function = spindle_scan_function(funcid);
	state->args = ExecInitExprList(plan->custom_exprs, &node->ss.ps);
	(void) collect_params((Node *) plan->custom_exprs, &state->params);
	state->natts = list_length(plan->custom_scan_tlist);
	state->wanted = palloc0(sizeof(bool) * Max(state->natts, 1));
	foreach(lc, lsecond(plan->custom_private))
		state->wanted[lfirst_int(lc)] = state->any_wanted = true;
}

/*
 * Evaluate the arguments, into the current memory context.  There are as many
 * values as arguments, NULL ones included; the functions are not strict.
 */
static NullableDatum *
evaluate_arguments(GeneratedFunctionScan *state)
{
	NullableDatum *values = palloc0(sizeof(NullableDatum) * Max(list_length(state->args), 1));
	ListCell   *lc;

	foreach(lc, state->args)
	{
		int			i = foreach_current_index(lc);

		values[i].value = ExecEvalExpr((ExprState *) lfirst(lc), state->css.ss.ps.ps_ExprContext, &values[i].isnull);
	}
	return values;
}

/*
 * Begin to report progress with the first scan of the node; with a further
 * one, say that the total is not known, as nobody knows how many there will
 * be.
 *
 * total is in units of unit, a plural noun; verb says what is done to the
 * source.
 */
static void
start_progress(GeneratedFunctionScan *state, const char *verb, int64 total, const char *unit)
{
	if (state->progress.what == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(state->css.ss.ps.state->es_query_cxt);

		spindle_progress_start(&state->progress, psprintf("%s %s", verb, state->source_name), total, unit);
		MemoryContextSwitchTo(oldcontext);
	}
	else
		state->progress.total = SPINDLE_PROGRESS_UNKNOWN;
}

/*
 * Open the stream that the arguments ask for.
 *
 * Only what the query reads is computed: JSON, event times and arrivals are
 * needs of their own.  Raises what spindle_stream_call_open() and
 * spindle_stream_open() do.
 */
static void
start_stream(GeneratedFunctionScan *state, const NullableDatum *values)
{
	SpindleStreamNeeds needs = {
		.json = state->wanted[SPINDLE_STREAM_EVENT],
		.times = state->wanted[SPINDLE_STREAM_TIME],
		.arrivals = state->wanted[SPINDLE_STREAM_ARRIVAL],
	};

	SpindleStreamCall call;

	if (spindle_stream_call_fill(&call, state->funcid, 0, values, list_length(state->args)) < 0)
		elog(ERROR, "function has too few arguments");
	spindle_stream_call_open(&call, &state->arguments);
	state->source_name = MemoryContextStrdup(state->css.ss.ps.state->es_query_cxt,
											 spindle_stream_source_name(&state->arguments));
	state->stream = spindle_stream_open(&state->arguments.source, &state->arguments.options, &needs, state->context);
	initStringInfo(&state->json);
	start_progress(state, "streaming", spindle_stream_deliveries(state->stream), "events");
	spindle_pace_start(&state->pace);
}

/*
 * Open the changes that the arguments ask for.  Raises what
 * spindle_change_scan_open() does.
 */
static void
start_changes(GeneratedFunctionScan *state, const NullableDatum *values)
{
	spindle_change_scan_open(&state->changes, values, list_length(state->args), state->wanted, state->context);
	state->source_name = MemoryContextStrdup(state->css.ss.ps.state->es_query_cxt,
											 spindle_source_name(state->changes.call.instance,
																 state->changes.call.table_name));
	start_progress(state, "streaming changes of", SPINDLE_PROGRESS_UNKNOWN, "changes");
	spindle_pace_start(&state->pace);
}

/*
 * Look up the table and rows that the arguments ask for, and prepare to
 * compute the columns that the query reads.
 *
 * Raises what spindle_source_of_rows_call() does.
 */
static void
start_rows(GeneratedFunctionScan *state, const NullableDatum *values)
{
	SpindleSource source;
	TupleDesc	desc = state->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor;

	spindle_source_of_rows_call(values, list_length(state->args), desc, &source, &state->next, &state->end);
	state->source_name = MemoryContextStrdup(state->css.ss.ps.state->es_query_cxt,
											 spindle_source_name(source.instance,
																 source.instance->domain->table[source.table].name));
	for (int i = 0; i < state->natts; i++)
		if (!state->wanted[i])
			source.column[i] = -1;
	state->rows = spindle_rows_create_at(source.instance, source.table, &source.as_of, source.column, source.natts,
										 source.input, state->context);
	spindle_presence_init(&state->presence, source.instance, source.table, &source.as_of, state->context);
	state->first = state->next;
	state->batch_rows = FIRST_BATCH_ROWS;
	state->n = state->i = 0;
	start_progress(state, "generating", state->end - state->next, "rows");
}

/*
 * The same for versions of rows.  Raises what spindle_source_of_history_call() does.
 */
static void
start_history(GeneratedFunctionScan *state, const NullableDatum *values)
{
	SpindleSource source;

	spindle_source_of_history_call(values, state->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor, &source,
								   &state->run.next, &state->run.end);
	state->source_name = MemoryContextStrdup(state->css.ss.ps.state->es_query_cxt,
											 spindle_source_name(source.instance,
																 source.instance->domain->table[source.table].name));
	for (int i = 0; i < state->natts; i++)
		if (!state->wanted[i])
			source.column[i] = source.told[i] = -1;
	state->history = spindle_history_reader_create(&source, source.column, source.told, source.natts, source.input,
												   state->context);
	state->first = state->run.next;
	start_progress(state, "generating versions of", state->run.end - state->first, "rows");
	spindle_history_start(state->history->history, spindle_row_run_next, &state->run);
}

/*
 * The first row of a scan is wanted: evaluate the arguments and start.  The
 * slot is cleared, since from then on only columns that are wanted are set.
 */
static void
start(GeneratedFunctionScan *state)
{
	MemoryContext context = AllocSetContextCreate(state->css.ss.ps.state->es_query_cxt, "spindle scan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	NullableDatum *values;

	state->context = context;
	values = evaluate_arguments(state);
	if (state->function == SPINDLE_SCAN_ROWS)
		start_rows(state, values);
	else if (state->function == SPINDLE_SCAN_HISTORY)
		start_history(state, values);
	else if (state->function == SPINDLE_SCAN_CHANGES)
		start_changes(state, values);
	else
		start_stream(state, values);
	MemoryContextSwitchTo(oldcontext);
	ExecClearTuple(slot);
	memset(slot->tts_values, 0, sizeof(Datum) * state->natts);
	memset(slot->tts_isnull, true, state->natts);
}

/* End a scan, if one has begun, and free all that it had. */
static void
stop(GeneratedFunctionScan *state)
{
	if (state->context == NULL)
		return;
	if (state->stream)
		spindle_stream_close(state->stream);
	state->stream = NULL;
	state->rows = NULL;
	state->history = NULL;
	MemoryContextDelete(state->context);
	state->context = NULL;
}

/*
 * Wait until what comes next is due, if it is paced; the client gets what is in its
 * buffer before.  A wait can be interrupted.
 */
static void
wait_until_due(GeneratedFunctionScan *state, bool realtime, double due)
{
	if (realtime && !spindle_pace_is_due(&state->pace, due))
	{
		/* what is out already must not wait in a buffer */
		spindle_flush_client();
		spindle_pace_wait(&state->pace, due);
		spindle_progress_report(&state->progress, state->delivered);
	}
	else if (state->delivered % SPINDLE_PROGRESS_ROWS == 0)
		spindle_progress_report(&state->progress, state->delivered);
}

/*
 * The next change in the slot, or the slot as it was, which is empty, at the end.
 */
static TupleTableSlot *
next_change(GeneratedFunctionScan *state, TupleTableSlot *slot)
{
	SpindleChange change;
	MemoryContext oldcontext;

	if (!spindle_change_scan_next(&state->changes, &change))
		return slot;
	wait_until_due(state, state->changes.call.realtime, change.arrival);

	/* values live until the next row */
	oldcontext = MemoryContextSwitchTo(state->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
	spindle_change_row(&state->changes, &change, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(oldcontext);
	state->delivered++;
	return ExecStoreVirtualTuple(slot);
}

/*
 * The next event in the slot, or the slot as it was, which is empty, at the
 * end.
 */
static TupleTableSlot *
next_event(GeneratedFunctionScan *state, TupleTableSlot *slot)
{
	SpindleEvent event;

	if (!spindle_stream_next(state->stream, &event))
		return slot;
	wait_until_due(state, state->arguments.options.realtime, event.due);
	if (state->any_wanted)
	{
		/* values live until the next row */
		MemoryContext oldcontext = MemoryContextSwitchTo(state->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory);

		spindle_stream_row(&event, &state->arguments.options, state->wanted, slot->tts_values, slot->tts_isnull);
		if (state->wanted[SPINDLE_STREAM_EVENT])
		{
			slot->tts_values[SPINDLE_STREAM_EVENT] = spindle_stream_event(state->stream, &event, &state->json);
			slot->tts_isnull[SPINDLE_STREAM_EVENT] = false;
		}
		MemoryContextSwitchTo(oldcontext);
	}
	state->late += event.is_late;
	state->anomalies += event.label != NULL;
	state->delivered++;
	return ExecStoreVirtualTuple(slot);
}

/*
 * The next row of a table in the slot, or the slot as it was, which is empty,
 * at the end.
 *
 * Its values live until the next batch.  Looks for interrupts once per batch.
 */
static TupleTableSlot *
next_row(GeneratedFunctionScan *state, TupleTableSlot *slot)
{
	while (state->i >= state->n)
	{
		int64		list[SPINDLE_BATCH_ROWS];
		int			n = (int) Min(state->batch_rows, state->end - state->next);

		state->n = state->i = 0;
		if (n <= 0)
			return slot;
		CHECK_FOR_INTERRUPTS();
		spindle_progress_report(&state->progress, state->next - state->first);
		state->n = spindle_rows_fill_present(state->rows, &state->presence, state->next, n, list);
		state->next += n;
		state->batch_rows = Min(state->batch_rows * 4, SPINDLE_BATCH_ROWS);
	}
	spindle_rows_get(state->rows, state->i++, slot->tts_values, slot->tts_isnull);
	state->delivered++;
	return ExecStoreVirtualTuple(slot);
}

/*
 * The next version of a row in the slot, or the slot as it was, which is empty, at
 * the end.  Its values live until the next one.
 */
static TupleTableSlot *
next_version(GeneratedFunctionScan *state, TupleTableSlot *slot)
{
	SpindleVersion version;

	if (!spindle_history_reader_next(state->history, &version, slot->tts_values, slot->tts_isnull))
		return slot;
	if (state->delivered++ % SPINDLE_PROGRESS_ROWS == 0)
		spindle_progress_report(&state->progress, version.row - state->first);
	return ExecStoreVirtualTuple(slot);
}

/* ExecScan's access method.  The first call starts the scan. */
static TupleTableSlot *
next_tuple(ScanState *node)
{
	GeneratedFunctionScan *state = (GeneratedFunctionScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	if (state->context == NULL)
		start(state);
	ExecClearTuple(slot);
	switch (state->function)
	{
		case SPINDLE_SCAN_ROWS:
			return next_row(state, slot);
		case SPINDLE_SCAN_HISTORY:
			return next_version(state, slot);
		case SPINDLE_SCAN_CHANGES:
			return next_change(state, slot);
		default:
			return next_event(state, slot);
	}
}

/*
 * ExecScan's recheck method.  Rows have no versions, so there is nothing to
 * check again.
 */
static bool
recheck_tuple(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

/* ExecCustomScan: ExecScan() filters and projects. */
static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_tuple, recheck_tuple);
}

/* EndCustomScan.  Sources are released with the memory context of the scan. */
static void
end_scan(CustomScanState *node)
{
	GeneratedFunctionScan *state = (GeneratedFunctionScan *) node;

	stop(state);
	spindle_progress_end(&state->progress);
}

/*
 * A function scan calls its function again only if arguments have changed, and
 * else shows the rows that it has kept.  We compute them again, of the same
 * arguments and of what was read from a relation.  An event of a generated
 * table costs about as much to make as to read back.
 */
static void
rescan(CustomScanState *node)
{
	GeneratedFunctionScan *state = (GeneratedFunctionScan *) node;

	ExecScanReScan(&node->ss);
	if (state->context == NULL)
		return;
	state->progress.total = SPINDLE_PROGRESS_UNKNOWN;
	if (bms_overlap(node->ss.ps.chgParam, state->params))
		stop(state);
	else if (state->function == SPINDLE_SCAN_STREAM)
		spindle_stream_rewind(state->stream);
	else if (state->function == SPINDLE_SCAN_CHANGES)
		spindle_change_queue_rewind(state->changes.changes);
	else if (state->function == SPINDLE_SCAN_HISTORY)
	{
		state->run.next = state->first;
		spindle_history_start(state->history->history, spindle_row_run_next, &state->run);
	}
	else
	{
		state->next = state->first;
		state->batch_rows = FIRST_BATCH_ROWS;
		state->n = state->i = 0;
	}
}

/* What EXPLAIN says before the source. */
static const char *const source_label[] = {
	[SPINDLE_SCAN_STREAM] = "Streams",
	[SPINDLE_SCAN_CHANGES] = "Streams Changes Of",
	[SPINDLE_SCAN_ROWS] = "Generates",
	[SPINDLE_SCAN_HISTORY] = "Generates Versions Of",
};

/*
 * EXPLAIN: the call, and with ANALYZE what was delivered.  Without ANALYZE the
 * arguments have not been evaluated, so that the source is not known.
 */
static void
explain_scan(CustomScanState *node, List *ancestors, ExplainState *es)
{
	GeneratedFunctionScan *state = (GeneratedFunctionScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	List	   *names = NIL;
	ListCell   *lc;

	ExplainPropertyText("Function", get_func_name((Oid) intVal(linitial(plan->custom_private))), es);
	foreach(lc, lsecond(plan->custom_private))
		names = lappend(names, strVal(list_nth(lthird(plan->custom_private), lfirst_int(lc))));
	ExplainPropertyList("Columns Computed", names, es);
	if (!es->analyze)
		return;
	if (state->source_name)
		ExplainPropertyText(source_label[state->function], state->source_name, es);
	if (state->function == SPINDLE_SCAN_ROWS || state->function == SPINDLE_SCAN_HISTORY)
	{
		ExplainPropertyInteger(state->function == SPINDLE_SCAN_ROWS ? "Rows Generated" : "Versions Generated", NULL,
							   state->delivered, es);
		return;
	}
	if (state->source_name == NULL)
		return;					/* never started */
	if (state->function == SPINDLE_SCAN_CHANGES)
	{
		ExplainPropertyInteger("Changes Delivered", NULL, state->delivered, es);
		ExplainPropertyInteger("Transactions", NULL, state->changes.transactions, es);
		if (state->changes.call.delay.fraction > 0)
			ExplainPropertyInteger("Out of Order", NULL, state->changes.late, es);
		if (state->changes.call.realtime)
			ExplainPropertyFloat("Largest Lag", "ms", state->pace.lag * 1000.0, 3, es);
		return;
	}
	ExplainPropertyFloat("Rate", "events/s", state->arguments.options.schedule.rate, 3, es);
	ExplainPropertyInteger("Events Delivered", NULL, state->delivered, es);
	ExplainPropertyInteger("Out of Order", NULL, state->late, es);
	ExplainPropertyInteger("Anomalies", NULL, state->anomalies, es);
	if (state->arguments.options.realtime)
		ExplainPropertyFloat("Largest Lag", "ms", state->pace.lag * 1000.0, 3, es);
}
