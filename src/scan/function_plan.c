/*-------------------------------------------------------------------------
 *
 * function_plan.c
 *		Which function scans the node of function_scan.c takes the place of.
 *
 * The planner hook exists once the library is loaded.  These functions name a
 * planner support function, which the planner calls to estimate rows before it
 * looks for paths: that loads the library in the first statement of a session
 * too.
 *
 * The node does not take calls whose arguments depend on other relations
 * (LATERAL), ROWS FROM with several functions, WITH ORDINALITY, and queries that
 * want a row as one value; there the plain function gives the same rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"

#include "compat.h"
#include "scan/function_scan.h"

/*
 * The planner support function as it was loaded; NULL before that.  Only a
 * function that names this one is taken for ours.
 */
PGFunction	spindle_scan_support_function = NULL;

/* Who had the hook before us; is called first. */
static set_rel_pathlist_hook_type previous_hook = NULL;

static Plan *plan_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
					   List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = "Spindle",
	.PlanCustomPath = plan_scan,
};

static const CustomScanMethods scan_methods = {
	.CustomName = "Spindle",
	.CreateCustomScanState = spindle_scan_create_state,
};

/*
 * spindle_scan_call
 *		The one call of an RTE, if it is one that the node can take.  NULL
 *		otherwise.
 *
 * Asked for every relation of every query, so what is quickest to look at comes
 * first.
 */
FuncExpr *
spindle_scan_call(RangeTblEntry *rte)
{
	RangeTblFunction *function;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality || list_length(rte->functions) != 1)
		return NULL;
	function = linitial(rte->functions);
	if (!IsA(function->funcexpr, FuncExpr) || contain_vars_of_level(function->funcexpr, 0) ||
		contain_subplans(function->funcexpr) ||
		spindle_scan_function(((FuncExpr *) function->funcexpr)->funcid) == SPINDLE_SCAN_NONE)
		return NULL;
	return (FuncExpr *) function->funcexpr;
}

/* Does the query want rows as one value?  The node's rows have no such column. */
static bool
uses_whole_row(RelOptInfo *rel)
{
	Bitmapset  *used = NULL;
	ListCell   *lc;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &used);
	foreach(lc, rel->baserestrictinfo)
		pull_varattnos((Node *) ((RestrictInfo *) lfirst(lc))->clause, rel->relid, &used);
	return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
}

/*
 * set_rel_pathlist_hook: if a relation is a call of ours, its only path is the
 * node.
 *
 * Costs are those of a function scan, and what is done before the first row.
 */
static void
add_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FuncExpr   *call;
	CustomPath *path;
	QualCost	quals;

	if (previous_hook)
		previous_hook(root, rel, rti, rte);
	call = spindle_scan_call(rte);
	if (call == NULL || !IS_SIMPLE_REL(rel) || !bms_is_empty(rel->lateral_relids) ||
		uses_whole_row(rel))
		return;

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;

	/* paced rows are sent to the client from here, which a worker cannot do */
	path->path.parallel_safe = false;
	path->path.rows = rel->rows;
	cost_qual_eval(&quals, rel->baserestrictinfo, root);
	path->path.startup_cost = quals.startup + rel->reltarget->cost.startup + spindle_scan_reading_cost(call, rel->tuples);
	path->path.total_cost = path->path.startup_cost +
		(cpu_tuple_cost + quals.per_tuple) * rel->tuples + rel->reltarget->cost.per_tuple * rel->rows;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;

	/* a function scan is never better */
	rel->pathlist = NIL;
	rel->partial_pathlist = NIL;
	add_path(rel, &path->path);
}

/*
 * PlanCustomPath: the plan of the node, from its path.
 *
 * custom_private has the OID of the function, the list of attributes that the
 * query reads, from 0, and the names of all columns for EXPLAIN.  custom_exprs
 * are the arguments.  The scan tuple has all columns of the function's result;
 * those that are not read are not made.
 */
static Plan *
plan_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *custom_plans)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	FuncExpr   *call = spindle_scan_call(rte);
	CustomScan *scan = makeNode(CustomScan);
	List	   *quals = extract_actual_clauses(clauses, false);
	Bitmapset  *used = NULL;
	List	   *wanted = NIL;
	List	   *colnames;
	List	   *colvars;
	ListCell   *lc;
	ListCell   *name;

	spindle_expandRTE(rte, rel->relid, 0, VAR_RETURNING_DEFAULT, -1, false, &colnames, &colvars);
	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &used);
	pull_varattnos((Node *) quals, rel->relid, &used);
	forboth(lc, colvars, name, colnames)
	{
		int			att = foreach_current_index(lc) + 1;
		Expr	   *var = lfirst(lc);

		scan->custom_scan_tlist =
			lappend(scan->custom_scan_tlist, makeTargetEntry(var, att, pstrdup(strVal(lfirst(name))), false));
		if (bms_is_member(att - FirstLowInvalidHeapAttributeNumber, used))
			wanted = lappend_int(wanted, att - 1);
	}
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = quals;
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_exprs = copyObject(call->args);
	scan->custom_private = list_make3(makeInteger((int) call->funcid), wanted, colnames);
	scan->custom_relids = bms_make_singleton(rel->relid);
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

/*
 * spindle_scan_init
 *		Put the node in the place of calls of functions that have a planner support
 *		function; called when the library is loaded.
 *
 * support is the C function that SQL knows as spindle_scan_support.  Other
 * libraries that use the hook are called before us, if they were loaded
 * before.
 */
void
spindle_scan_init(PGFunction support)
{
	spindle_scan_support_function = support;
	RegisterCustomScanMethods(&scan_methods);
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_paths;
}
