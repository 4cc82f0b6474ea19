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
#include "scan/answer.h"
#include "scan/fdw.h"

/* What a node holds, in the query's context. */
struct SpindleAnswer
{
	SpindleSource *source;
	SpindleSearch *search;
	List	   *wanted;			/* SPINDLE_ANSWER_WANTED of the plan */
	SpindleRows *rows;			/* of the attributes that answers are taken
								 * from; NULL if there are none, or nothing is
								 * to be run */
	Datum	   *value;			/* per attribute, from 0: of the row read last */
	bool	   *is_null;
	bool		is_done;		/* has given its row */
	int64		nrows;			/* that were counted last */
};

/*
 * spindle_answer_create
 *		Prepare to answer what a plan wants, in the current memory context, which
 *		has to be that of the query.
 *
 * private is the list of SpindleAnswerPart, values are those of its conditions.
 * Nothing is computed yet.  Raises an error if the definition is another one
 * than at planning.
 */
SpindleAnswer *
spindle_answer_create(SpindleSource *source, List *private, List *values, PlanState *node, int eflags)
{
	SpindleAnswer *answer = palloc0(sizeof(SpindleAnswer));
	int		   *columns = palloc(sizeof(int) * Max(source->natts, 1));
	bool		reads_rows = false;
	ListCell   *lc;

	spindle_check_fingerprint(source->instance->domain, list_nth(private, SPINDLE_ANSWER_FINGERPRINT));
	answer->source = source;
	answer->wanted = list_nth(private, SPINDLE_ANSWER_WANTED);
	answer->search = spindle_search_create(source, list_nth(private, SPINDLE_ANSWER_CONDITIONS), values, node);
	for (int att = 0; att < source->natts; att++)
		columns[att] = -1;
	foreach(lc, answer->wanted)
	{
		int			attribute = lsecond_int(lfirst(lc));

		if (linitial_int(lfirst(lc)) == SPINDLE_ANSWER_ROWS)
			continue;
		columns[attribute - 1] = source->column[attribute - 1];
		reads_rows = true;
	}
	if (reads_rows && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
		answer->rows = spindle_rows_create_at(source->instance, source->table, &source->as_of, columns,
											  source->natts, source->input, CurrentMemoryContext);
	answer->value = palloc0(sizeof(Datum) * Max(source->natts, 1));
	answer->is_null = palloc0(sizeof(bool) * Max(source->natts, 1));
	return answer;
}

/*
 * spindle_answer_set_window
 *		Let an answer be about the rows first .. end - 1 of the table only.
 */
void
spindle_answer_set_window(SpindleAnswer *answer, int64 first, int64 end)
{
	answer->search->window.first = first;
	answer->search->window.end = end;
}

/*
 * Put the answers of one kind into the slot; for those that are taken from a
 * row, from the given one of the two that have been computed.
 */
static void
fill_slot(const SpindleAnswer *answer, SpindleAnswerKind kind, int row, TupleTableSlot *slot)
{
	ListCell   *lc;

	if (kind != SPINDLE_ANSWER_ROWS && answer->rows && answer->nrows > 0)
		spindle_rows_get(answer->rows, row, answer->value, answer->is_null);
	foreach(lc, answer->wanted)
	{
		int			i = foreach_current_index(lc);
		int			attribute = lsecond_int(lfirst(lc));

		if (linitial_int(lfirst(lc)) != kind)
			continue;
		slot->tts_isnull[i] = kind != SPINDLE_ANSWER_ROWS && answer->nrows == 0;
		if (kind == SPINDLE_ANSWER_ROWS)
			slot->tts_values[i] = Int64GetDatum(answer->nrows);
		else
			slot->tts_values[i] = slot->tts_isnull[i] ? (Datum) 0 : answer->value[attribute - 1];
	}
}

/*
 * spindle_answer_store
 *		Put the row into a slot of the scan tuple, if it has not been given since
 *		the node was begun or scanned anew; false, with the slot cleared, if it
 *		has.
 *
 * econtext is that of the node.  What is not passed by value lives until the
 * next scan.  Raises what the values of conditions and the two rows raise.
 */
bool
spindle_answer_store(SpindleAnswer *answer, ExprContext *econtext, TupleTableSlot *slot)
{
	SpindleRanges *ranges;

	ExecClearTuple(slot);
	if (answer->is_done)
		return false;
	ranges = spindle_search_run(answer->search, econtext);
	answer->nrows = ranges->nrows;
	answer->is_done = true;
	if (answer->rows && answer->nrows > 0)
	{
		const int64 list[2] = {ranges->range[0].first, ranges->range[ranges->n - 1].end - 1};

		spindle_rows_fill_list(answer->rows, list, 2);
	}
	fill_slot(answer, SPINDLE_ANSWER_ROWS, 0, slot);
	fill_slot(answer, SPINDLE_ANSWER_FIRST, 0, slot);
	fill_slot(answer, SPINDLE_ANSWER_LAST, 1, slot);
	ExecStoreVirtualTuple(slot);
	return true;
}

/*
 * spindle_answer_rewind
 *		Answer anew, perhaps with other values of parameters.
 */
void
spindle_answer_rewind(SpindleAnswer *answer)
{
	answer->is_done = false;
}

/*
 * spindle_answer_explain
 *		EXPLAIN: what is answered, for which rows, and with ANALYZE how many
 *		these were the last time.
 *
 * relid is the foreign table, InvalidOid if it is none; aggregates is the target
 * list of the scan tuple, values are those of the conditions in the plan, and
 * context is that of deparsing them.
 */
void
spindle_answer_explain(const SpindleAnswer *answer, Oid relid, List *aggregates, List *values, List *context,
					   ExplainState *es)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, aggregates)
		texts = lappend(texts, deparse_expression((Node *) lfirst_node(TargetEntry, lc)->expr, context, false, false));
	ExplainPropertyList("Answers", texts, es);
	spindle_explain_generates(answer->source, es);
	if (values != NIL)
		ExplainPropertyList("Rows Found By", spindle_search_texts(answer->search, relid, values, context), es);
	if (es->analyze)
		ExplainPropertyInteger("Rows Counted", NULL, answer->nrows, es);
}

/*
 * RecheckForeignScan
 *
 * The server asks for a check where another row is checked again
 * (EvalPlanQual).  An answer has no relation whose row could have been kept, so
 * it is given here; of a node in a subplan, only older minor releases ask so.
 */
static bool
recheck_answer(ForeignScanState *node, TupleTableSlot *slot)
{
	return spindle_answer_store(node->fdw_state, node->ss.ps.ps_ExprContext, slot);
}

/* IterateForeignScan */
static TupleTableSlot *
iterate_answer(ForeignScanState *node)
{
	(void) recheck_answer(node, node->ss.ss_ScanTupleSlot);
	return node->ss.ss_ScanTupleSlot;
}

/* ReScanForeignScan */
static void
rescan_answer(ForeignScanState *node)
{
	spindle_answer_rewind(node->fdw_state);
}

/* ExplainForeignScan */
static void
explain_answer(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	spindle_answer_explain(node->fdw_state, linitial_oid(list_nth(plan->fdw_private, SPINDLE_ANSWER_RELATION)),
						   plan->fdw_scan_tlist, plan->fdw_exprs, spindle_explain_context(plan, es), es);
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
	routine->RecheckForeignScan = recheck_answer;
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
	SpindleSource *source = spindle_source_of_relation(RelationGetRelid(relation), RelationGetDescr(relation));

	table_close(relation, NoLock);
	node->fdw_state = spindle_answer_create(source, plan->fdw_private, plan->fdw_exprs, &node->ss.ps, eflags);
	node->fdwroutine = answer_routine(node->fdwroutine);
}
