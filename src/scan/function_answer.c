/*-------------------------------------------------------------------------
 *
 * function_answer.c
 *		The node that answers aggregates over a call of spindle_rows().
 *
 * As upper.c and answer.c do for foreign tables: a count, or values of the first
 * and the last row, need no scan.  The arguments of the call have to be
 * constants, as planning looks at the definition.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/pathnode.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "scan/answer.h"
#include "scan/fdw.h"
#include "scan/function_scan.h"

/* The state of a node, in the query's context. */
typedef struct FunctionAnswer
{
	CustomScanState css;		/* must be first */
	SpindleAnswer *answer;
} FunctionAnswer;

/* Who had the hook before us; is called first. */
static create_upper_paths_hook_type previous_hook = NULL;

static Plan *plan_answer(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
						 List *custom_plans);
static Node *create_state(CustomScan *plan);
static void begin_answer(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_answer(CustomScanState *node);
static void end_answer(CustomScanState *node);
static void rescan_answer(CustomScanState *node);
static void explain_answer(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomPathMethods path_methods = {
	.CustomName = "Spindle Answer",
	.PlanCustomPath = plan_answer,
};

static const CustomScanMethods scan_methods = {
	.CustomName = "Spindle Answer",
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = "Spindle Answer",
	.BeginCustomScan = begin_answer,
	.ExecCustomScan = exec_answer,
	.EndCustomScan = end_answer,
	.ReScanCustomScan = rescan_answer,
	.ExplainCustomScan = explain_answer,
};

/*
 * create_upper_paths_hook: a path that gives the one row of an aggregation over
 * a call of spindle_rows(), if the definition answers all that it asks for.
 *
 * It costs as good as nothing, so it is taken.
 */
static void
add_answer_path(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel, RelOptInfo *output_rel, void *extra)
{
	RangeTblEntry *rte = spindle_answer_relation(root, stage, input_rel);
	FuncExpr   *call;
	SpindleSource *source;
	SpindleAnswerQuery query;
	CustomPath *path;
	int64		row;
	int64		end;

	if (previous_hook)
		previous_hook(root, stage, input_rel, output_rel, extra);
	if (rte == NULL || rte->securityQuals != NIL)
		return;
	call = spindle_scan_call(rte);
	source = call ? spindle_scan_source(linitial_node(RangeTblFunction, rte->functions), call, &row, &end) : NULL;
	if (source == NULL || source->is_history ||
		spindle_as_of_filters(source->instance->domain, source->table, &source->as_of) ||
		!spindle_answer_match(root, source, input_rel, output_rel, extra, &query))
		return;

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = output_rel;
	path->path.pathtarget = output_rel->reltarget;
	path->path.rows = 1;
	path->path.startup_cost = query.startup;
	path->path.total_cost = query.total;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_private = spindle_answer_path_list(&query, source, linitial(rte->functions));
	path->methods = &path_methods;
	add_path(output_rel, &path->path);
}

/*
 * PlanCustomPath: the aggregates are the columns of the scan tuple, which the
 * select list and HAVING refer to; custom_exprs are the values of conditions.
 */
static Plan *
plan_answer(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = list_nth(path->custom_private, SPINDLE_ANSWER_PATH_HAVING);
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_scan_tlist = add_to_flat_tlist(NIL, list_nth(path->custom_private, SPINDLE_ANSWER_PATH_AGGREGATES));
	scan->custom_exprs = list_nth(path->custom_private, SPINDLE_ANSWER_PATH_VALUES);
	scan->custom_private = copyObject(list_nth(path->custom_private, SPINDLE_ANSWER_PATH_PLAN));
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

/* CreateCustomScanState: a node without anything in it; begin_answer() fills it. */
static Node *
create_state(CustomScan *plan)
{
	FunctionAnswer *state = (FunctionAnswer *) newNode(sizeof(FunctionAnswer), T_CustomScanState);

	state->css.methods = &exec_methods;
	return (Node *) state;
}

/*
 * BeginCustomScan.  Raises insufficient_privilege if the user may not execute
 * the function, an error if the definition is another one than at planning, and
 * what is wrong with the call by now.
 */
static void
begin_answer(CustomScanState *node, EState *estate, int eflags)
{
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	RangeTblFunction *function = list_nth(plan->custom_private, SPINDLE_ANSWER_RELATION);
	FuncExpr   *call = castNode(FuncExpr, function->funcexpr);
	TupleDesc	desc = BuildDescFromLists(function->funccolnames, function->funccoltypes, function->funccoltypmods,
										  function->funccolcollations);
	NullableDatum *values = palloc(sizeof(NullableDatum) * list_length(call->args));
	SpindleSource *source = palloc(sizeof(SpindleSource));
	FunctionAnswer *state = (FunctionAnswer *) node;
	int64		first;
	int64		end;
	ListCell   *lc;

	spindle_scan_require_execute(call->funcid);
	foreach(lc, call->args)
	{
		const Const *value = lfirst_node(Const, lc);

		values[foreach_current_index(lc)].value = value->constvalue;
		values[foreach_current_index(lc)].isnull = value->constisnull;
	}
	spindle_source_of_rows_call(values, list_length(call->args), desc, source, &first, &end);
	state->answer = spindle_answer_create(source, plan->custom_private, plan->custom_exprs, &node->ss.ps, eflags);
	spindle_answer_set_window(state->answer, first, end);
}

/* ExecScan's access method. */
static TupleTableSlot *
next_answer(ScanState *node)
{
	(void) spindle_answer_store(((FunctionAnswer *) node)->answer, node->ps.ps_ExprContext, node->ss_ScanTupleSlot);
	return node->ss_ScanTupleSlot;
}

/* ExecScan's recheck method; see recheck_answer() of answer.c. */
static bool
recheck_answer(ScanState *node, TupleTableSlot *slot)
{
	return spindle_answer_store(((FunctionAnswer *) node)->answer, node->ps.ps_ExprContext, slot);
}

/* ExecCustomScan: ExecScan() checks HAVING and projects. */
static TupleTableSlot *
exec_answer(CustomScanState *node)
{
	return ExecScan(&node->ss, next_answer, recheck_answer);
}

/* EndCustomScan: all goes with the query's memory context. */
static void
end_answer(CustomScanState *node)
{
}

/* ReScanCustomScan */
static void
rescan_answer(CustomScanState *node)
{
	ExecScanReScan(&node->ss);
	spindle_answer_rewind(((FunctionAnswer *) node)->answer);
}

/* ExplainCustomScan */
static void
explain_answer(CustomScanState *node, List *ancestors, ExplainState *es)
{
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;

	spindle_answer_explain(((FunctionAnswer *) node)->answer, InvalidOid, plan->custom_scan_tlist, plan->custom_exprs,
						   set_deparse_context_plan(es->deparse_cxt, &plan->scan.plan, ancestors), es);
}

/*
 * spindle_function_answer_init
 *		Take the planner's hook; called when the library is loaded.
 */
void
spindle_function_answer_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	previous_hook = create_upper_paths_hook;
	create_upper_paths_hook = add_answer_path;
}
