/*-------------------------------------------------------------------------
 *
 * expression.c
 *		Expressions of a query whose statistics are worth making.
 *
 * Of an expression the planner knows nothing unless an index has it: it takes
 * date_trunc('year', t) to have as many values as t, and left(name, 1) = 'A' to
 * leave half a percent of the rows.  What it gives for some rows can be computed,
 * as the statistics of columns are.
 *
 * They must be expressions of one column, by functions of the server's own that
 * depend on nothing else, but for times on the time zone: nothing runs at planning
 * that a user has written, or that reads a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "scan/statistics.h"

/* Expressions of a relation that are looked at, at most. */
#define MAX_EXPRESSIONS	10

/* The walk through a query. */
typedef struct Collector
{
	Index		relid;			/* of the relation whose expressions are wanted */
	List	   *found;			/* each once */
} Collector;

/* Has a function to be left alone?  As check_functions_in_node() wants it. */
static bool
is_foreign_function(Oid function, void *context)
{
	if (function >= FirstNormalObjectId)
		return true;
	switch (function)
	{
			/* stable by the time zone alone */
		case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
		case F_DATE_PART_TEXT_TIMESTAMPTZ:
		case F_EXTRACT_TEXT_TIMESTAMPTZ:
		case F_DATE_TIMESTAMPTZ:
		case F_TIMESTAMP_TIMESTAMPTZ:
		case F_TO_CHAR_TIMESTAMPTZ_TEXT:
			return false;
		default:
			return func_volatile(function) != PROVOLATILE_IMMUTABLE;
	}
}

/* Is there anything that may run something else, or needs more than a row? */
static bool
is_unsafe(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
			return ((Var *) node)->varlevelsup != 0 || ((Var *) node)->varattno <= 0;
		case T_Const:
			return false;
		case T_List:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CoalesceExpr:
			return check_functions_in_node(node, is_foreign_function, NULL) ||
				expression_tree_walker(node, is_unsafe, context);
		default:
			return true;
	}
}

/*
 * spindle_is_safe_at_planning
 *		Can a condition be evaluated for rows while a query is planned?  It may use
 *		several columns.
 */
bool
spindle_is_safe_at_planning(Node *node)
{
	return !is_unsafe(node, NULL);
}

/* Is there anything in an expression but such functions, constants and one column? */
static bool
has_more(Node *node, Var **column)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (*column == NULL)
			*column = var;
		return var->varlevelsup != 0 || var->varattno <= 0 || var->varno != (*column)->varno ||
			var->varattno != (*column)->varattno;
	}
	if (!IsA(node, Const) && !IsA(node, FuncExpr) && !IsA(node, OpExpr) && !IsA(node, RelabelType))
		return true;
	if (check_functions_in_node(node, is_foreign_function, NULL))
		return true;
	return expression_tree_walker(node, has_more, column);
}

/* Add an expression, if it is one of the relation that can be looked at. */
static void
collect(Collector *collector, Node *node)
{
	Var		   *column = NULL;

	while (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL || !(IsA(node, FuncExpr) || IsA(node, OpExpr)) || expression_returns_set(node) ||
		has_more(node, &column) || column == NULL || column->varno != collector->relid ||
		list_length(collector->found) == MAX_EXPRESSIONS)
		return;
	collector->found = list_append_unique(collector->found, node);
}

/* Collect what operators of conditions compare. */
static bool
collect_operands(Node *node, Collector *collector)
{
	List	   *operands = NIL;
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (IsA(node, OpExpr))
		operands = ((OpExpr *) node)->args;
	else if (IsA(node, ScalarArrayOpExpr))
		operands = ((ScalarArrayOpExpr *) node)->args;
	foreach(lc, operands)
		collect(collector, lfirst(lc));
	return expression_tree_walker(node, collect_operands, collector);
}

/*
 * spindle_expressions_of
 *		The expressions of a relation alone by which a query groups its rows, or
 *		which its conditions compare; a list.
 */
List *
spindle_expressions_of(PlannerInfo *root, Index relid)
{
	Collector	collector = {.relid = relid};
	Query	   *query = root->parse;
	ListCell   *lc;

	foreach(lc, list_concat(list_copy(query->groupClause), query->distinctClause))
		collect(&collector, get_sortgroupclause_expr(lfirst(lc), query->targetList));
	(void) collect_operands((Node *) query->jointree, &collector);
	return collector.found;
}

/* Put a place for values in place of the column. */
static Node *
put_value(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		CaseTestExpr *value = makeNode(CaseTestExpr);

		value->typeId = var->vartype;
		value->typeMod = var->vartypmod;
		value->collation = var->varcollid;
		return (Node *) value;
	}
	return expression_tree_mutator(node, put_value, context);
}

/*
 * spindle_expression_of_value
 *		An expression of spindle_expressions_of(), to be evaluated for a value of
 *		its column, given as that of a CaseTestExpr; and the column.  NULL for any
 *		other expression.
 */
Expr *
spindle_expression_of_value(Node *node, Var **column)
{
	*column = NULL;
	if (node == NULL || !(IsA(node, FuncExpr) || IsA(node, OpExpr)) || has_more(node, column) || *column == NULL)
		return NULL;
	return (Expr *) put_value(node, NULL);
}
