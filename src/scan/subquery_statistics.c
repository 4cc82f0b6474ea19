/*-------------------------------------------------------------------------
 *
 * subquery_statistics.c
 *		What the planner is told of the columns of subqueries that read generated tables.
 *
 * It knows where a column of a subquery is one of a table, but not, before 17, where
 * that of a WITH is, nor that the first of each partition by rank() are as many as the
 * partitions, nor how many different numbers of rows groups have.
 *
 * Subqueries that read anything else than generated tables stay as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "compat.h"
#include "scan/groups.h"

/* Rows of a group for which the numbers that occur are still counted. */
#define MAX_COUNT		10000
/* The greatest place of a row that is told: a join can be expected to give more rows than an int8 counts. */
#define MAX_PLACE		1e18
/* How much more rows the largest group may have than the mean of them. */
#define MAX_SKEW		3.0

/* Does a subquery read generated tables only, and no other relation? */
static bool
is_generated(const PlannerInfo *subroot)
{
	bool		is_any = false;

	for (int i = 1; i < subroot->simple_rel_array_size; i++)
	{
		const RelOptInfo *rel = subroot->simple_rel_array[i];

		if (rel == NULL || rel->reloptkind != RELOPT_BASEREL)
			continue;
		if (!spindle_rel_is_generated(rel))
			return false;
		is_any = true;
	}
	return is_any;
}

/* How a subquery, or the query of a WITH, was planned; NULL if it was not. */
static PlannerInfo *
root_of_subquery(PlannerInfo *root, RelOptInfo *rel, const RangeTblEntry *rte)
{
	PlannerInfo *owner = root;
	int			i = 0;
	ListCell   *lc;

	if (rte->rtekind == RTE_SUBQUERY)
		return rte->inh ? NULL : rel->subroot;
	if (rte->self_reference)
		return NULL;
	for (Index up = 0; up < rte->ctelevelsup && owner; up++)
		owner = owner->parent_root;
	if (owner == NULL)
		return NULL;
	foreach(lc, owner->parse->cteList)
	{
		if (strcmp(lfirst_node(CommonTableExpr, lc)->ctename, rte->ctename) == 0)
		{
			const int	plan = i < list_length(owner->cte_plan_ids) ? list_nth_int(owner->cte_plan_ids, i) : 0;

			return plan > 0 && plan <= list_length(root->glob->subroots) ? list_nth(root->glob->subroots, plan - 1) : NULL;
		}
		i++;
	}
	return NULL;
}

/* The statistics of a whole number from 1 to size, all of them equally likely. */
static HeapTuple
statistics_of_place(double size)
{
	Relation	catalog = table_open(StatisticRelationId, AccessShareLock);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic] = {0};
	Datum		bounds[] = {Int64GetDatum(1), Int64GetDatum((int64) rint(Min(Max(size, 2.0), MAX_PLACE)))};
	HeapTuple	tuple;

	values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(sizeof(int64));
	values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum((float4) size);
	for (int k = 0; k < STATISTIC_NUM_SLOTS; k++)
	{
		nulls[Anum_pg_statistic_stanumbers1 - 1 + k] = true;
		nulls[Anum_pg_statistic_stavalues1 - 1 + k] = true;
	}
	if (size >= 2.0)
	{
		values[Anum_pg_statistic_stakind1 - 1] = Int16GetDatum(STATISTIC_KIND_HISTOGRAM);
		values[Anum_pg_statistic_staop1 - 1] = ObjectIdGetDatum(Int8LessOperator);
		values[Anum_pg_statistic_stavalues1 - 1] =
			PointerGetDatum(construct_array(bounds, 2, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		nulls[Anum_pg_statistic_stavalues1 - 1] = false;
	}
	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	table_close(catalog, AccessShareLock);
	return tuple;
}

/*
 * The statistics of the place of a row among the rows of its partition, all partitions
 * being taken for equally large; NULL of other functions.
 */
static HeapTuple
statistics_of_window(PlannerInfo *subroot, const WindowFunc *function, double nrows)
{
	const WindowClause *window;
	List	   *exprs;
	double		npartitions = 1;

	switch (function->winfnoid)
	{
		case F_RANK_:
		case F_DENSE_RANK_:
		case F_ROW_NUMBER:
			break;
		default:
			return NULL;
	}
	window = list_nth_node(WindowClause, subroot->parse->windowClause, function->winref - 1);
	exprs = get_sortgrouplist_exprs(window->partitionClause, subroot->parse->targetList);
	if (exprs != NIL)
		npartitions = estimate_num_groups(subroot, exprs, nrows, NULL, NULL);
	return statistics_of_place(Max(nrows / npartitions, 1.0));
}

/*
 * How many different numbers there are expected to be among those of the rows of some
 * groups, if nrows fall on any of them alike; 0 if that would take long to find out.
 */
static double
different_counts(double nrows, double ngroups)
{
	const double mean = nrows / ngroups;
	const double end = mean + 12 * sqrt(mean) + 30;
	double		sum = 0;

	if (end > MAX_COUNT)
		return 0;
	for (int k = 1; k < end; k++)
		sum += -expm1(-ngroups * exp(k * log(mean) - mean - lgamma(k + 1.0)));
	return sum;
}

/*
 * The statistics of count() of groups by a column of the subquery's only relation, which
 * refers to some rows more or less often by chance alone; NULL of anything else.
 */
static HeapTuple
statistics_of_count(PlannerInfo *subroot, const Aggref *aggregate, double ngroups)
{
	List	   *exprs = get_sortgrouplist_exprs(subroot->parse->groupClause, subroot->parse->targetList);
	VariableStatData vardata;
	AttStatsSlot common = {0};
	double		greatest = 0;
	double		n = 0;

	if ((aggregate->aggfnoid != F_COUNT_ && aggregate->aggfnoid != F_COUNT_ANY) || aggregate->aggdistinct != NIL ||
		aggregate->aggfilter || list_length(exprs) != 1 || subroot->parse->groupingSets != NIL)
		return NULL;
	examine_variable(subroot, linitial(exprs), 0, &vardata);
	if (HeapTupleIsValid(vardata.statsTuple) && vardata.rel && bms_equal(vardata.rel->relids, subroot->all_baserels))
	{
		if (get_attstatsslot(&common, vardata.statsTuple, STATISTIC_KIND_MCV, InvalidOid, ATTSTATSSLOT_NUMBERS))
			greatest = common.numbers[0];
		free_attstatsslot(&common);
		if (greatest * ngroups < MAX_SKEW)
			n = different_counts(vardata.rel->rows, ngroups);
	}
	ReleaseVariableStats(vardata);
	return n >= 1 ? statistics_of_place(n) : NULL;
}

/*
 * spindle_subquery_statistics
 *		Statistics of a column of a subquery or WITH that reads generated tables only, for
 *		get_relation_stats_hook; false if there are none but what the planner finds
 *		itself.
 */
bool
spindle_subquery_statistics(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte, AttrNumber attnum,
							VariableStatData *vardata)
{
	PlannerInfo *subroot = root_of_subquery(root, rel, rte);
	const TargetEntry *entry;
	VariableStatData inner;
	Form_pg_statistic statistics;
	double		ndistinct;

	if (subroot == NULL || rte->security_barrier || subroot->parse->setOperations || !is_generated(subroot))
		return false;
	entry = get_tle_by_resno(subroot->parse->targetList, attnum);
	if (entry == NULL || entry->resjunk)
		return false;
	if (IsA(entry->expr, WindowFunc) && rel->tuples > 0)
	{
		vardata->statsTuple = statistics_of_window(subroot, (WindowFunc *) entry->expr, rel->tuples);
		vardata->freefunc = heap_freetuple;
		vardata->acl_ok = true;
		return vardata->statsTuple != NULL;
	}
	if (IsA(entry->expr, Aggref) && rel->tuples > 0)
	{
		vardata->statsTuple = statistics_of_count(subroot, (Aggref *) entry->expr, rel->tuples);
		vardata->freefunc = heap_freetuple;
		vardata->acl_ok = true;
		return vardata->statsTuple != NULL;
	}
	if (rte->rtekind != RTE_CTE || subroot->parse->groupClause != NIL || subroot->parse->groupingSets != NIL ||
		subroot->parse->distinctClause != NIL || subroot->parse->hasTargetSRFs)
		return false;

	/* of an expression of one relation of it */
	examine_variable(subroot, (Node *) entry->expr, 0, &inner);
	if (!HeapTupleIsValid(inner.statsTuple) || inner.rel == NULL)
	{
		ReleaseVariableStats(inner);
		return false;
	}
	vardata->statsTuple = heap_copytuple(inner.statsTuple);
	vardata->freefunc = heap_freetuple;
	vardata->acl_ok = inner.acl_ok;

	/* a share of the rows would be one of those that the subquery gives; a column keeps what others are compared with */
	statistics = (Form_pg_statistic) GETSTRUCT(vardata->statsTuple);
	if (statistics->stadistinct < 0)
		statistics->stadistinct = (float4) rint(-statistics->stadistinct * inner.rel->tuples);
	ndistinct = IsA(entry->expr, Var) ? -1 : spindle_groups_of(subroot, inner.rel, list_make1(entry->expr));
	if (ndistinct > 0)
		statistics->stadistinct = (float4) ndistinct;
	ReleaseVariableStats(inner);
	return true;
}
