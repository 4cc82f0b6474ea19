/*-------------------------------------------------------------------------
 *
 * answer.c
 *		The node that answers aggregates from the definition.
 *
 * It stands for the scan of a table and the aggregation of its rows; upper.c
 * says when.  Its one row, for each time that it is scanned, has the number of
 * rows that the conditions leave, and values of the first and the last of
 * them.  Whatever the number, two rows are computed at most, and none for
 * counts alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "gen/datum.h"
#include "scan/fdw.h"

/* fdw_state of the node, in the query's context. */
typedef struct AnswerState
{
	SpindleSource *source;
	SpindleSearch *search;
	SpindleRows *rows;			/* of the attributes that answers are taken
								 * from; NULL if there are none, or nothing is
								 * to be run */
	Datum	   *value;			/* per attribute, from 0: of the row read last */
	bool	   *is_null;
	bool		is_done;		/* has given its row */
	int64		nrows;			/* that were counted last */
} AnswerState;

/*
 * Put the answers of one kind into the slot; for those that are taken from a
 * row, from the given one of the two that have been computed.
 */
static void
fill_slot(const ForeignScan *plan, AnswerState *state, SpindleAnswerKind kind, int row, TupleTableSlot *slot)
{
	ListCell   *lc;

	if (kind != SPINDLE_ANSWER_ROWS && state->rows && state->nrows > 0)
		spindle_rows_get(state->rows, row, state->value, state->is_null);
	foreach(lc, list_nth(plan->fdw_private, SPINDLE_ANSWER_WANTED))
	{
		int			i = foreach_current_index(lc);
		int			attribute = lsecond_int(lfirst(lc));

		if (linitial_int(lfirst(lc)) != kind)
			continue;
		slot->tts_isnull[i] = kind != SPINDLE_ANSWER_ROWS && state->nrows == 0;
		if (kind == SPINDLE_ANSWER_ROWS)
			slot->tts_values[i] = Int64GetDatum(state->nrows);
		else
			slot->tts_values[i] = slot->tts_isnull[i] ? (Datum) 0 : state->value[attribute - 1];
	}
}

/*
 * RecheckForeignScan, and what IterateForeignScan does: put the row into a slot
 * of the scan tuple, if it has not been given since the node was begun or
 * scanned anew; false, with the slot cleared, if it has.
 *
 * The server asks for a check where another row is checked again
 * (EvalPlanQual).  An answer has no relation whose row could have been kept, so
 * it is given here; of a node in a subplan, only older minor releases ask so.
 * What is not passed by value lives until the next scan.  Raises what the
 * values of conditions and the two rows raise.
 */
static bool
store_answer(ForeignScanState *node, TupleTableSlot *slot)
{
	const ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	AnswerState *state = node->fdw_state;
	SpindleRanges *ranges;

	ExecClearTuple(slot);
	if (state->is_done)
		return false;
	ranges = spindle_search_run(state->search, node->ss.ps.ps_ExprContext);
	state->nrows = ranges->nrows;
	state->is_done = true;
	if (state->rows && state->nrows > 0)
	{
		const int64 list[2] = {ranges->range[0].first, ranges->range[ranges->n - 1].end - 1};

		spindle_rows_fill_list(state->rows, list, 2);
	}
	fill_slot(plan, state, SPINDLE_ANSWER_ROWS, 0, slot);
	fill_slot(plan, state, SPINDLE_ANSWER_FIRST, 0, slot);
	fill_slot(plan, state, SPINDLE_ANSWER_LAST, 1, slot);
	ExecStoreVirtualTuple(slot);
	return true;
}

/* IterateForeignScan */
static TupleTableSlot *
iterate_answer(ForeignScanState *node)
{
	(void) store_answer(node, node->ss.ss_ScanTupleSlot);
	return node->ss.ss_ScanTupleSlot;
}

/* ReScanForeignScan: answer anew, perhaps with other values of parameters. */
static void
rescan_answer(ForeignScanState *node)
{
	((AnswerState *) node->fdw_state)->is_done = false;
}

/*
 * ExplainForeignScan: what is answered, for which rows, and with ANALYZE how
 * many these were the last time.
 */
static void
explain_answer(ForeignScanState *node, ExplainState *es)
{
	AnswerState *state = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List	   *context = spindle_explain_context(plan, es);
	List	   *answers = NIL;
	ListCell   *lc;

	foreach(lc, plan->fdw_scan_tlist)
		answers = lappend(answers, deparse_expression((Node *) lfirst_node(TargetEntry, lc)->expr, context, false, false));
	ExplainPropertyList("Answers", answers, es);
	spindle_explain_generates(state->source, es);
	if (plan->fdw_exprs != NIL)
		ExplainPropertyList("Rows Found By",
							spindle_search_texts(state->search, linitial_oid(list_nth(plan->fdw_private, SPINDLE_ANSWER_RELATION)),
												 plan->fdw_exprs, context), es);
	if (es->analyze)
		ExplainPropertyInteger("Rows Counted", NULL, state->nrows, es);
}

/* EndForeignScan: all goes with the query's memory context. */
static void
end_answer(ForeignScanState *node)
{
}

/*
 * The callbacks of the wrapper with those of a node of ours in their places,
 * palloc'd.  Nothing is shared by processes, so there is nothing to do where the
 * node is shut down.
 */
static FdwRoutine *
answer_routine(const FdwRoutine *wrapper)
{
	FdwRoutine *routine = palloc(sizeof(FdwRoutine));

	memcpy(routine, wrapper, sizeof(FdwRoutine));
	routine->IterateForeignScan = iterate_answer;
	routine->RecheckForeignScan = store_answer;
	routine->ReScanForeignScan = rescan_answer;
	routine->EndForeignScan = end_answer;
	routine->ExplainForeignScan = explain_answer;
	routine->ShutdownForeignScan = NULL;
	return routine;
}

/*
 * spindle_answer_begin
 *		BeginForeignScan for a node of ours; from here on it is called by the
 *		callbacks above.
 *
 * Raises what is wrong with the foreign table's options or columns, and an
 * error if its definition is another one than at planning.  The relation has
 * been locked by whoever runs the plan, but for a parallel worker.
 */
void
spindle_answer_begin(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	relation = table_open(linitial_oid(list_nth(plan->fdw_private, SPINDLE_ANSWER_RELATION)),
									  AccessShareLock);
	AnswerState *state = palloc0(sizeof(AnswerState));
	bool		reads_rows = false;
	int		   *columns;
	ListCell   *lc;

	state->source = spindle_source_of_relation(RelationGetRelid(relation), RelationGetDescr(relation));
	table_close(relation, NoLock);
	spindle_check_fingerprint(state->source->instance->domain, list_nth(plan->fdw_private, SPINDLE_ANSWER_FINGERPRINT));
	state->search = spindle_search_create(state->source, list_nth(plan->fdw_private, SPINDLE_ANSWER_CONDITIONS),
										  plan->fdw_exprs, &node->ss.ps);
	columns = palloc(sizeof(int) * Max(state->source->natts, 1));
	for (int att = 0; att < state->source->natts; att++)
		columns[att] = -1;
	foreach(lc, list_nth(plan->fdw_private, SPINDLE_ANSWER_WANTED))
	{
		int			attribute = lsecond_int(lfirst(lc));

		if (linitial_int(lfirst(lc)) == SPINDLE_ANSWER_ROWS)
			continue;
		columns[attribute - 1] = state->source->column[attribute - 1];
		reads_rows = true;
	}
	if (reads_rows && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
		state->rows = spindle_rows_create_at(state->source->instance, state->source->table, &state->source->as_of,
											 columns, state->source->natts, state->source->input, CurrentMemoryContext);
	state->value = palloc0(sizeof(Datum) * Max(state->source->natts, 1));
	state->is_null = palloc0(sizeof(bool) * Max(state->source->natts, 1));
	node->fdw_state = state;
	node->fdwroutine = answer_routine(node->fdwroutine);
}
