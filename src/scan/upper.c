/*-------------------------------------------------------------------------
 *
 * upper.c
 *		Planning of aggregates that the definition answers at once.
 *
 * Which rows conditions on columns that never fall leave is known as ranges,
 * without a look at any row.  So is how many they are, for count(*) and the
 * count of a column that is never NULL, and where the first and the last of
 * them stand, which have the least and the greatest value of any column that
 * never falls.  A query of one table without GROUP BY that asks for nothing
 * else gets a node that gives its one row, in place of scan and aggregation.
 *
 * One condition or aggregate that is of another kind leaves everything to the
 * scan, as the rows then have to be read anyway.
 *
 * Here are the paths and plans of foreign tables; function_answer.c has those
 * of calls of spindle_rows().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "scan/answer.h"
#include "scan/fdw.h"

/*
 * The attribute whose values an aggregate looks at: 0 for the whole row, -1 if
 * it is not one of the columns that are generated.
 */
static int
argument_attribute(const SpindleSource *source, Index relid, Node *argument)
{
	Var		   *var;

	if (argument && IsA(argument, RelabelType))
		argument = (Node *) ((RelabelType *) argument)->arg;
	if (argument == NULL || !IsA(argument, Var))
		return -1;
	var = (Var *) argument;
	if (var->varno != relid || var->varlevelsup != 0 || var->varattno < 0 || var->varattno > source->natts)
		return -1;
	if (var->varattno > 0 && source->column[var->varattno - 1] < 0)
		return -1;
	return var->varattno;
}

/*
 * Is count(argument) the number of rows?  So it is if the argument is never
 * NULL: a constant, a whole row, or a column that its definition does not let
 * be NULL.  With DISTINCT it has to be the table's key, too.
 */
static bool
counts_all_rows(const SpindleSource *source, Index relid, Node *argument, bool is_distinct)
{
	const SpindleTable *table = &source->instance->domain->table[source->table];
	int			attribute;
	int			column;

	if (argument && IsA(argument, Const))
		return !((Const *) argument)->constisnull && !is_distinct;
	attribute = argument_attribute(source, relid, argument);
	if (attribute <= 0)
		return attribute == 0 && !is_distinct;
	column = source->column[attribute - 1];
	if (is_distinct && !(table->nkeys == 1 && table->key[0] == column))
		return false;
	return !table->column[column].nullable;
}

/*
 * Which row has the result of an aggregate like min() and max() of a column
 * that never falls, SPINDLE_ANSWER_FIRST or SPINDLE_ANSWER_LAST; else
 * SPINDLE_ANSWER_NONE.  The server's catalogue says of an aggregate that its
 * result is what comes first in the order of an operator, which here has to be
 * of the order in which the column never falls.
 */
static SpindleAnswerKind
extreme_of_column(const SpindleSource *source, Index relid, const Aggref *aggregate)
{
	Node	   *argument = (Node *) linitial_node(TargetEntry, aggregate->args)->expr;
	int			attribute = spindle_monotone_attribute(source, relid, argument);
	HeapTuple	tuple;
	Oid			operator;
	Oid			type;
	Oid			family;

	if (attribute == 0)
		return SPINDLE_ANSWER_NONE;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return SPINDLE_ANSWER_NONE;
	operator = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggsortop;
	ReleaseSysCache(tuple);
	type = source->instance->domain->table[source->table].column[source->column[attribute - 1]].type.oid;
	family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	if (!OidIsValid(operator))
		return SPINDLE_ANSWER_NONE;
	switch (get_op_opfamily_strategy(operator, family))
	{
		case BTLessStrategyNumber:
			return SPINDLE_ANSWER_FIRST;
		case BTGreaterStrategyNumber:
			return SPINDLE_ANSWER_LAST;
		default:
			return SPINDLE_ANSWER_NONE;
	}
}

/*
 * What an aggregate over all rows of some ranges needs: one of its first or
 * last row, by *attribute, or their number; SPINDLE_ANSWER_NONE if it needs to
 * see more of them.
 *
 * ORDER BY inside the aggregate, and DISTINCT inside min() and max(), change
 * nothing, as long as they bring no argument of their own.
 */
static SpindleAnswerKind
answer_of(const SpindleSource *source, Index relid, const Aggref *aggregate, int *attribute)
{
	SpindleAnswerKind kind;

	*attribute = 0;
	if (aggregate->agglevelsup != 0 || aggregate->aggfilter != NULL || aggregate->aggdirectargs != NIL ||
		aggregate->aggkind != AGGKIND_NORMAL || aggregate->aggvariadic || aggregate->aggsplit != AGGSPLIT_SIMPLE)
		return SPINDLE_ANSWER_NONE;
	if (aggregate->aggfnoid == F_COUNT_)
		return SPINDLE_ANSWER_ROWS;
	if (list_length(aggregate->args) != 1)
		return SPINDLE_ANSWER_NONE;
	if (aggregate->aggfnoid == F_COUNT_ANY)
		return counts_all_rows(source, relid, (Node *) linitial_node(TargetEntry, aggregate->args)->expr,
							   aggregate->aggdistinct != NIL) ? SPINDLE_ANSWER_ROWS : SPINDLE_ANSWER_NONE;
	kind = extreme_of_column(source, relid, aggregate);
	if (kind != SPINDLE_ANSWER_NONE)
		*attribute = argument_attribute(source, relid, (Node *) linitial_node(TargetEntry, aggregate->args)->expr);
	return kind;
}

/*
 * The aggregates of a query's select list and of HAVING, each once, and by
 * *answers, as lists of integers, what they need; NIL if one of them, or a
 * column beside them, needs the rows.
 */
static List *
answered_aggregates(const SpindleSource *source, Index relid, List *exprs, List **answers)
{
	List	   *found = pull_var_clause((Node *) exprs,
										PVC_INCLUDE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_INCLUDE_PLACEHOLDERS);
	List	   *result = NIL;
	ListCell   *lc;

	*answers = NIL;
	foreach(lc, found)
	{
		SpindleAnswerKind kind;
		int			attribute;

		if (!IsA(lfirst(lc), Aggref))
			return NIL;
		if (list_member(result, lfirst(lc)))
			continue;
		kind = answer_of(source, relid, lfirst(lc), &attribute);
		if (kind == SPINDLE_ANSWER_NONE)
			return NIL;
		result = lappend(result, lfirst(lc));
		*answers = lappend(*answers, list_make2_int(kind, attribute));
	}
	return result;
}

/*
 * All conditions of a relation, as lists of integers, and their values; false
 * if rows have to be read for one of them.
 */
static bool
match_all_conditions(PlannerInfo *root, const SpindleSource *source, RelOptInfo *rel, List **conditions, List **values)
{
	ListCell   *lc;

	*conditions = NIL;
	*values = NIL;
	foreach(lc, rel->baserestrictinfo)
	{
		SpindleCondition *condition = spindle_condition_match(root, source, rel->relid,
															  lfirst_node(RestrictInfo, lc)->clause);

		if (condition == NULL)
			return false;
		*conditions = lappend(*conditions, spindle_condition_to_list(condition));
		*values = lappend(*values, condition->value);
	}
	return true;
}

/*
 * spindle_answer_relation
 *		The entry of the range table of the one relation that a query
 *		aggregates, all rows of it as one group; NULL if there is more to it.
 */
RangeTblEntry *
spindle_answer_relation(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel)
{
	if (stage != UPPERREL_GROUP_AGG || !root->parse->hasAggs || root->parse->groupClause != NIL ||
		root->parse->groupingSets != NIL || input_rel->reloptkind != RELOPT_BASEREL ||
		input_rel->joininfo != NIL || !bms_is_empty(input_rel->lateral_relids))
		return NULL;
	return planner_rt_fetch(input_rel->relid, root);
}

/*
 * spindle_answer_match
 *		Can the definition answer all that a query asks for?  Fills *query, in the
 *		current memory context, if it can.
 *
 * input_rel is the relation of spindle_answer_relation(), which source stands
 * for, and output_rel that of the aggregates.
 */
bool
spindle_answer_match(PlannerInfo *root, const SpindleSource *source, RelOptInfo *input_rel, RelOptInfo *output_rel,
					 void *extra, SpindleAnswerQuery *query)
{
	QualCost	having_cost;

	query->having = (List *) ((GroupPathExtraData *) extra)->havingQual;
	query->aggregates = answered_aggregates(source, input_rel->relid,
											list_concat(list_copy(output_rel->reltarget->exprs), query->having),
											&query->wanted);
	if (query->aggregates == NIL ||
		!match_all_conditions(root, source, input_rel, &query->conditions, &query->values))
		return false;
	cost_qual_eval(&having_cost, query->having, root);
	query->startup = having_cost.startup + output_rel->reltarget->cost.startup;
	query->total = query->startup + cpu_tuple_cost + having_cost.per_tuple + output_rel->reltarget->cost.per_tuple;
	return true;
}

/*
 * spindle_answer_path_list
 *		The private list of a path for a query that the definition answers: by
 *		SpindleAnswerPathPart, what the plan needs.
 *
 * relation is the element SPINDLE_ANSWER_RELATION of the plan.
 */
List *
spindle_answer_path_list(const SpindleAnswerQuery *query, const SpindleSource *source, void *relation)
{
	return list_make4(query->aggregates, query->values, query->having,
					  list_make4(query->wanted, query->conditions,
								 spindle_fingerprint_list(source->instance->domain), relation));
}

/*
 * spindle_answer_paths
 *		GetForeignUpperPaths: a path that gives the one row of an aggregation,
 *		if the definition answers all that it asks for.
 *
 * It costs as good as nothing, so it is taken; what the server has found for
 * min() and max() by itself reads a row for each of them.  A table with
 * inheritance children is left out: its conditions are those of its children.
 */
void
spindle_answer_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel, RelOptInfo *output_rel,
					 void *extra)
{
	const RangeTblEntry *rte = spindle_answer_relation(root, stage, input_rel);
	const SpindleSource *source;
	SpindleAnswerQuery query;

	if (rte == NULL || rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_FOREIGN_TABLE || rte->inh ||
		input_rel->fdw_private == NULL)
		return;
	source = spindle_fdw_rel_source(input_rel);

	/* where rows are asked one by one whether they are there, or what they were, nothing else knows */
	if (source->is_history ||
		spindle_as_of_filters(source->instance->domain, source->table, &source->as_of))
		return;
	if (!spindle_answer_match(root, source, input_rel, output_rel, extra, &query))
		return;
	add_path(output_rel, (Path *)
			 spindle_create_foreign_upper_path(root, output_rel, output_rel->reltarget, 1, 0, query.startup, query.total,
											   NIL, NULL, NIL,
											   spindle_answer_path_list(&query, source, list_make1_oid(rte->relid))));
}

/*
 * spindle_answer_plan
 *		GetForeignPlan for a path of spindle_answer_paths().
 *
 * The aggregates are the columns of the scan tuple, which the select list and
 * HAVING refer to.
 */
ForeignScan *
spindle_answer_plan(ForeignPath *path, List *tlist)
{
	return make_foreignscan(tlist, list_nth(path->fdw_private, SPINDLE_ANSWER_PATH_HAVING), 0,
							list_nth(path->fdw_private, SPINDLE_ANSWER_PATH_VALUES),
							list_nth(path->fdw_private, SPINDLE_ANSWER_PATH_PLAN),
							add_to_flat_tlist(NIL, list_nth(path->fdw_private, SPINDLE_ANSWER_PATH_AGGREGATES)), NIL, NULL);
}
