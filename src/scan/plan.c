/*-------------------------------------------------------------------------
 *
 * plan.c
 *		Planning of scans over generated tables.
 *
 * A table can be read whole, by ranges of rows (ranges.c), also with values
 * that another relation supplies, forward or backward, and in parallel.  Its
 * rows come in the order of their numbers, which is the order of every column
 * that never falls, so a scan offers these orders to the planner.
 *
 * Estimates are exact as far as conditions compare columns that never fall
 * with constants, as their ranges are found at planning already.  Other
 * conditions are left to the planner's own estimate.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/typcache.h"

#include "compat.h"
#include "gen/cost.h"
#include "scan/fdw.h"
#include "scan/statistics.h"

/* What the planner takes for a cheap operator is so many nanoseconds. */
#define OPERATOR_TIME	7.0
/* To find when a row changes, and whether it did, for a version of a history. */
#define VERSION_TIME	150.0
/* To begin a scan, for the first time or with other bounds: nanoseconds. */
#define RESCAN_TIME		500.0
/* Rows that make a first worker worth its start; three times as many, another. */
#define PARALLEL_ROWS	300000.0
/* Elements of an array whose rows are found out to estimate them, at most. */
#define MAX_TRIED_ELEMENTS	100

/*
 * What planning has found out about a relation: fdw_private of its RelOptInfo,
 * in the planner's context.
 */
typedef struct ScanEstimate
{
	SpindleSource *source;
	double		rows_read;		/* by the conditions of the relation itself */
	QualCost	filter_cost;	/* of what is to be checked on these rows */
	Bitmapset  *attributes;		/* attributes to compute, offset as usual */
	Cost		row_cost;		/* of computing these, row after row ... */
	Cost		first_row_cost; /* ... and for a row that is far from the last
								 * one */
	SpindleScanRows scan;		/* what is known of the rows, if source is set */
	List	   *told;			/* of SpindleToldExpression */
} ScanEstimate;

/*
 * Attributes that the query and the clauses to be checked use, offset as usual; a
 * whole-row reference uses all.
 */
static Bitmapset *
used_attributes(RelOptInfo *baserel, List *clauses, int natts)
{
	Bitmapset  *used = NULL;

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &used);
	pull_varattnos((Node *) clauses, baserel->relid, &used);
	if (bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used))
		for (int att = 1; att <= natts; att++)
			used = bms_add_member(used, att - FirstLowInvalidHeapAttributeNumber);
	return used;
}

/*
 * Of clauses, or RestrictInfos of clauses, those that the executor has to check on
 * the rows that the scan reads: all that do not become ranges, which hold just
 * the rows in question.  To compare a column takes a twentieth of the time of a
 * scan of whole orders, to search an array more than that.
 */
static List *
filter_clauses(PlannerInfo *root, const SpindleSource *source, Index relid, List *clauses)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		Expr	   *clause = lfirst(lc);

		if (IsA(clause, RestrictInfo))
			clause = ((RestrictInfo *) clause)->clause;
		if (spindle_condition_match(root, source, relid, clause) == NULL)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * The number of rows that conditions leave, and in scan, if not NULL, the clauses that
 * are not such conditions, and the rows as far as values are constants.  Values that are constants are
 * tried out; others are guessed, and of several equalities the strongest one counts: the
 * columns all rise with the rows, so one value goes with another, as the tenant of
 * a project does with the project.  The result is a number of rows, or versions of
 * them, not rounded, and may be 0.  Finding the ranges of an array takes a search per
 * element, so large arrays are guessed.
 */
static double
estimate_rows_read(PlannerInfo *root, const SpindleSource *source, RelOptInfo *baserel, List *clauses,
				   SpindleScanRows *scan)
{
	bool		is_exact = true;
	SpindleRanges *ranges = spindle_ranges_all(source);
	double		guess = 1.0;
	double		equal = 1.0;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		bool		is_guessed = false;
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);
		SpindleCondition *condition = spindle_condition_match(root, source, baserel->relid, info->clause);

		if (condition == NULL)
		{
			if (scan)
				scan->others = lappend(scan->others, info);
			continue;
		}
		if (condition->is_array && spindle_estimate_array_length(root, (Node *) condition->value) > MAX_TRIED_ELEMENTS)
			is_guessed = true;
		else if (IsA(condition->value, Const))
			ranges = spindle_ranges_restrict(source, ranges, condition, ((Const *) condition->value)->constvalue,
											 ((Const *) condition->value)->constisnull);
		else
		{
			Node	   *value = estimate_expression_value(root, (Node *) condition->value);

			/* values of parameters may be known, though not for sure */
			is_exact = false;
			if (IsA(value, Const))
				ranges = spindle_ranges_restrict(source, ranges, condition, ((Const *) value)->constvalue,
												 ((Const *) value)->constisnull);
			else
				is_guessed = true;
		}
		if (is_guessed && condition->strategy == BTEqualStrategyNumber)
			equal = Min(equal, spindle_condition_selectivity(root, source, condition));
		else if (is_guessed)
			guess *= spindle_condition_selectivity(root, source, condition);
		is_exact &= !is_guessed;
	}
	if (scan)
	{
		scan->ranges = ranges;
		scan->is_exact = is_exact && !source->is_history;
	}
	return ranges->nrows * guess * equal * spindle_versions_per_row(source);
}

/*
 * The cost of computing the attributes that a scan is to compute.  A history computes
 * all columns that change, to see whether they did.
 */
static void
cost_attributes(ScanEstimate *state)
{
	const SpindleSource *source = state->source;
	const SpindleTable *table = &source->instance->domain->table[source->table];
	int		   *column = palloc(sizeof(int) * (source->natts + table->ncolumns));
	int			n = source->natts;
	double		time = 0;

	for (int att = 0; att < source->natts; att++)
		column[att] = bms_is_member(att + 1 - FirstLowInvalidHeapAttributeNumber, state->attributes) &&
			!(source->is_history && source->column[att] >= 0 && spindle_source_changes(source, source->column[att])) ?
			source->column[att] : -1;
	for (int c = 0; c < table->ncolumns && source->is_history; c++)
		if (spindle_source_changes(source, c))
			column[n++] = c;
	if (source->is_history)
		time = VERSION_TIME;
	state->row_cost = (time + spindle_columns_cost(source->instance, source->table, column, n, false)) *
		cpu_operator_cost / OPERATOR_TIME;
	state->first_row_cost = (time + spindle_columns_cost(source->instance, source->table, column, n, true)) *
		cpu_operator_cost / OPERATOR_TIME;
	pfree(column);
}

/*
 * spindle_fdw_source
 *		The generated table that a foreign table in a query stands for.
 *
 * It is looked up once per relation of a query.  The caller holds a lock on the
 * relation.  Raises what is wrong with its options or columns; see
 * spindle_source_of_relation().
 */
SpindleSource *
spindle_fdw_source(RelOptInfo *baserel, Oid relid)
{
	ScanEstimate *state = baserel->fdw_private;

	if (state == NULL)
	{
		Relation	relation = table_open(relid, NoLock);

		state = palloc0(sizeof(ScanEstimate));
		state->source = spindle_source_of_relation(relid, RelationGetDescr(relation));
		table_close(relation, NoLock);
		baserel->fdw_private = state;
	}
	return state->source;
}

/*
 * spindle_fdw_told_expressions
 *		Where a relation notes the expressions whose statistics the planner has been
 *		told; a list of SpindleToldExpression, in the context of fdw_private.
 */
List **
spindle_fdw_told_expressions(RelOptInfo *rel, Oid relid)
{
	(void) spindle_fdw_source(rel, relid);
	return &((ScanEstimate *) rel->fdw_private)->told;
}

/*
 * spindle_fdw_rel_size
 *		GetForeignRelSize: how many rows the scan reads and gives.
 *
 * Raises what spindle_fdw_source() does.
 */
void
spindle_fdw_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	SpindleSource *source = spindle_fdw_source(baserel, relid);
	ScanEstimate *state = baserel->fdw_private;
	SpindleScanRows *scan = &state->scan;
	List	   *filter;

	filter = filter_clauses(root, source, baserel->relid, baserel->baserestrictinfo);
	cost_qual_eval(&state->filter_cost, filter, root);
	state->attributes = used_attributes(baserel, extract_actual_clauses(filter, false), source->natts);
	cost_attributes(state);
	spindle_statistics_set_widths(baserel, relid, source);
	baserel->tuples = spindle_source_tuples(source);
	state->rows_read = estimate_rows_read(root, source, baserel, baserel->baserestrictinfo, scan);
	baserel->rows = clamp_row_est(state->rows_read *
								  clauselist_selectivity(root, scan->others, baserel->relid, JOIN_INNER, NULL));
	scan->source = source;
	scan->row_time = state->row_cost / cpu_operator_cost * OPERATOR_TIME;
	scan->left = spindle_left_rows(root, baserel, scan);
	if (scan->left)
		baserel->rows = clamp_row_est((double) scan->left->n);
}

/*
 * spindle_fdw_rel_rows
 *		What is known of the rows that a scan of a generated table gives; NULL of any
 *		other relation, and of one that has children.
 */
const SpindleScanRows *
spindle_fdw_rel_rows(RelOptInfo *rel)
{
	const ScanEstimate *state = rel->fdw_private;

	if (rel->fdwroutine == NULL || rel->fdwroutine->GetForeignRelSize != spindle_fdw_rel_size || state == NULL ||
		state->scan.source == NULL)
		return NULL;
	return &state->scan;
}

/*
 * spindle_fdw_note_reference
 *		Note that an attribute of a relation is joined with some keys only, if it is
 *		a generated table.
 */
void
spindle_fdw_note_reference(RelOptInfo *rel, AttrNumber attnum, const int64 *key, int64 n)
{
	ScanEstimate *state = rel->fdw_private;
	SpindleReference *reference;

	if (spindle_fdw_rel_rows(rel) == NULL || attnum <= 0 || attnum > state->source->natts ||
		state->source->column[attnum - 1] < 0)
		return;
	reference = palloc(sizeof(SpindleReference));
	*reference = (SpindleReference) {attnum, n, key};
	state->scan.references = lappend(state->scan.references, reference);
}

/*
 * spindle_fdw_rel_source
 *		The generated table that spindle_fdw_rel_size() has found for a relation.
 */
const SpindleSource *
spindle_fdw_rel_source(const RelOptInfo *baserel)
{
	return ((const ScanEstimate *) baserel->fdw_private)->source;
}

/*
 * Cost of reading rows and checking clauses on them, those of the relation
 * itself and the join clauses given.  In the planner's units.
 *
 * The first row is far from any that was computed before.  With join clauses
 * there are as many first rows as rows of another relation.
 */
static void
cost_scan(PlannerInfo *root, const ScanEstimate *state, RelOptInfo *baserel, double rows_read, List *join_clauses,
		  Cost *startup, Cost *total)
{
	QualCost	quals = state->filter_cost;
	Cost		begin = state->first_row_cost * Min(rows_read, 1.0) + RESCAN_TIME * cpu_operator_cost / OPERATOR_TIME;

	if (join_clauses)
	{
		QualCost	more;

		cost_qual_eval(&more, filter_clauses(root, state->source, baserel->relid, join_clauses), root);
		quals.startup += more.startup;
		quals.per_tuple += more.per_tuple;
	}
	*startup = quals.startup + baserel->reltarget->cost.startup + begin;
	*total = *startup + (cpu_tuple_cost + quals.per_tuple + state->row_cost) * rows_read +
		baserel->reltarget->cost.per_tuple * baserel->rows;
}

/*
 * The pathkey that a column which never falls gives, or NULL if nobody asks.
 * att is an attribute from 0.  Only orders that are in use somewhere in the
 * query have an equivalence class, so a plan is not burdened with others.
 * With backward the order is descending, and NULLs come first, as in the
 * server's own descending order; there are none.
 */
static PathKey *
column_pathkey(PlannerInfo *root, RelOptInfo *baserel, const ScanEstimate *state, int att, bool backward)
{
	const SpindleColumn *column =
	&state->source->instance->domain->table[state->source->table].column[state->source->column[att]];
	Oid			family = lookup_type_cache(column->type.oid, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	ListCell   *lc;

	foreach(lc, root->eq_classes)
	{
		EquivalenceClass *ec = lfirst(lc);
		EquivalenceMemberIterator it;
		EquivalenceMember *member;

		if (ec->ec_has_volatile || !list_member_oid(ec->ec_opfamilies, family))
			continue;

		/* with those that stand for a child of a parent in the query */
		setup_eclass_member_iterator(&it, ec, baserel->relids);
		while ((member = eclass_member_iterator_next(&it)) != NULL)
		{
			Var		   *var = (Var *) member->em_expr;

			/* not as an outer join leaves it, where NULL may stand in its place */
			if (var && IsA(var, Var) && var->varno == baserel->relid && var->varattno == att + 1 &&
				var->varlevelsup == 0 && bms_is_subset(member->em_relids, baserel->relids) &&
				!spindle_var_is_nulled(var))
				return make_canonical_pathkey(root, ec, family, backward ? COMPARE_GT : COMPARE_LT, backward);
		}
	}
	return NULL;
}

/*
 * Orders that the scan has and the query can use.  All columns that never fall
 * hold at once, in any sequence, so the wanted sequence is matched as far as
 * it goes; single columns also help merge joins.  The result is a list of
 * lists of pathkeys.
 */
static List *
useful_orders(PlannerInfo *root, RelOptInfo *baserel, const ScanEstimate *state, bool backward)
{
	const SpindleTable *table = &state->source->instance->domain->table[state->source->table];
	List	   *available = NIL;
	List	   *wanted = NIL;
	List	   *result = NIL;
	ListCell   *lc;

	for (int att = 0; att < state->source->natts; att++)
	{
		PathKey    *key;

		if (state->source->column[att] < 0 || !table->column[state->source->column[att]].monotone)
			continue;
		key = column_pathkey(root, baserel, state, att, backward);
		if (key)
			available = list_append_unique_ptr(available, key);
	}
	foreach(lc, root->query_pathkeys)
	{
		if (!list_member_ptr(available, lfirst(lc)))
			break;
		wanted = lappend(wanted, lfirst(lc));
	}
	if (wanted != NIL)
		result = lappend(result, wanted);
	foreach(lc, available)
		if (wanted == NIL || linitial(wanted) != lfirst(lc) || list_length(wanted) > 1)
		result = lappend(result, list_make1(lfirst(lc)));
	return result;
}

/*
 * Add a path that reads ranges whose bounds other relations supply, those of
 * outer.
 *
 * It is for the inner side of a nested loop, which scans once per row of
 * outer.
 */
static void
add_parameterized_path(PlannerInfo *root, RelOptInfo *baserel, ScanEstimate *state, Relids outer)
{
	ParamPathInfo *info = get_baserel_parampathinfo(root, baserel, outer);
	List	   *clauses = list_concat(list_copy(info->ppi_clauses), baserel->baserestrictinfo);
	double		rows_read = estimate_rows_read(root, state->source, baserel, clauses, NULL);
	Cost		startup;
	Cost		total;
	ForeignPath *path;

	/* the general estimate knows no statistics; ours knows the key */
	info->ppi_rows = Min(info->ppi_rows, clamp_row_est(rows_read));
	cost_scan(root, state, baserel, rows_read, info->ppi_clauses, &startup, &total);
	path = spindle_create_foreignscan_path(root, baserel, NULL, info->ppi_rows, 0, startup, total, NIL,
										   outer, NULL, NIL, list_make1_int(false));
	add_path(baserel, (Path *) path);
}

/* What is_column_member() looks for: an attribute, from 0. */
typedef struct ColumnMember
{
	const ScanEstimate *state;
	int			att;
} ColumnMember;

/*
 * Is a member of an equivalence class the column in question?  It may be
 * relabelled to a type with the same representation, varchar to text.
 */
static bool
is_column_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec, EquivalenceMember *em,
				 void *arg)
{
	ColumnMember *wanted = arg;
	Node	   *expr = (Node *) em->em_expr;

	if (expr && IsA(expr, RelabelType))
		expr = (Node *) ((RelabelType *) expr)->arg;
	return expr && IsA(expr, Var) && ((Var *) expr)->varno == rel->relid &&
		((Var *) expr)->varattno == wanted->att + 1;
}

/*
 * Add a path for each set of relations that can supply a bound.
 *
 * Bounds come from join clauses and from equivalence classes of columns by which
 * rows are found.  Sets are compared linearly: there are few of them.
 */
static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *baserel, ScanEstimate *state)
{
	List	   *clauses = list_copy(baserel->joininfo);
	List	   *outers = NIL;
	ListCell   *lc;

	if (baserel->has_eclass_joins)
	{
		for (int att = 0; att < state->source->natts; att++)
		{
			ColumnMember wanted = {state, att};

			if (state->source->column[att] >= 0 && spindle_column_is_found(state->source, state->source->column[att]))
				clauses = list_concat(clauses,
									  generate_implied_equalities_for_column(root, baserel, is_column_member,
																			 &wanted,
																			 baserel->lateral_referencers));
		}
	}
	foreach(lc, clauses)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);
		Relids		outer;
		bool		known = false;
		ListCell   *other;

		if (!join_clause_is_movable_to(info, baserel) ||
			spindle_condition_match(root, state->source, baserel->relid, info->clause) == NULL)
			continue;
		outer = bms_union(info->clause_relids, baserel->lateral_relids);
		outer = bms_del_member(outer, baserel->relid);
		foreach(other, outers)
			known |= bms_equal(lfirst(other), outer);
		if (bms_is_empty(outer) || known)
			continue;
		outers = lappend(outers, outer);
		add_parameterized_path(root, baserel, state, outer);
	}
}

/*
 * Add a path for several processes that share the rows, if there are enough
 * rows.
 *
 * PARALLEL_ROWS make a first worker, and each time they triple there is one
 * more, up to max_parallel_workers_per_gather.  The order holds in each
 * process.
 */
static void
add_parallel_path(PlannerInfo *root, RelOptInfo *baserel, const ScanEstimate *state, List *pathkeys,
				  bool backward)
{
	Cost		startup;
	Cost		total;
	ForeignPath *path;
	double		divisor;
	int			workers = 0;

	for (double rows = PARALLEL_ROWS; rows <= state->rows_read && workers < max_parallel_workers_per_gather;
		 rows *= 3)
		workers++;
	if (workers == 0)
		return;

	/* as the planner counts it: the leader helps, less so with many workers */
	divisor = workers;
	if (parallel_leader_participation && workers < 4)
		divisor += 1.0 - 0.3 * workers;
	cost_scan(root, state, baserel, state->rows_read, NIL, &startup, &total);
	path = spindle_create_foreignscan_path(root, baserel, NULL, clamp_row_est(baserel->rows / divisor),
										   0, startup, startup + (total - startup) / divisor, pathkeys,
										   NULL, NULL, NIL, list_make1_int(backward));
	path->path.parallel_aware = true;
	path->path.parallel_workers = workers;
	add_partial_path(baserel, (Path *) path);
}

/*
 * spindle_fdw_paths
 *		GetForeignPaths.
 *
 * There is one path without order, one per useful order in each direction, the
 * same for several processes, and those with bounds that other relations
 * supply.  A path's fdw_private is a list of one integer, whether it reads
 * backward.
 */
void
spindle_fdw_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	ScanEstimate *state = baserel->fdw_private;
	Relids		required = baserel->lateral_relids;
	Cost		startup;
	Cost		total;

	cost_scan(root, state, baserel, state->rows_read, NIL, &startup, &total);
	add_path(baserel, (Path *) spindle_create_foreignscan_path(root, baserel, NULL, baserel->rows, 0,
															   startup, total, NIL, required, NULL, NIL,
															   list_make1_int(false)));
	if (baserel->consider_parallel && required == NULL)
		add_parallel_path(root, baserel, state, NIL, false);
	for (int backward = 0; backward <= 1; backward++)
	{
		ListCell   *lc;

		foreach(lc, useful_orders(root, baserel, state, backward))
		{
			add_path(baserel, (Path *) spindle_create_foreignscan_path(root, baserel, NULL,
																	   baserel->rows, 0, startup, total,
																	   lfirst(lc), required, NULL, NIL,
																	   list_make1_int(backward)));
			if (baserel->consider_parallel && required == NULL)
				add_parallel_path(root, baserel, state, lfirst(lc), backward);
		}
	}
	add_parameterized_paths(root, baserel, state);
	spindle_left_rows_tell(root, baserel, state->source, state->scan.left);
}

/*
 * The scan tuple, as the target list of the plan wants it, with what else the
 * plan reads behind that: so the executor needs no projection of its own.  NIL if
 * it has to be the tuple of the relation, as for whole rows and system columns.
 */
static List *
scan_target_list(const RelOptInfo *baserel, List *tlist, List *clauses, Bitmapset *used)
{
	const int	flags = PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_RECURSE_PLACEHOLDERS;
	List	   *vars = pull_var_clause((Node *) tlist, flags);
	List	   *own = NIL;
	ListCell   *lc;

	for (int att = FirstLowInvalidHeapAttributeNumber + 1; att <= 0; att++)
		if (bms_is_member(att - FirstLowInvalidHeapAttributeNumber, used))
			return NIL;
	vars = list_concat(vars, pull_var_clause((Node *) baserel->reltarget->exprs, flags));
	vars = list_concat(vars, pull_var_clause((Node *) clauses, flags));
	foreach(lc, vars)
	{
		Var		   *var = lfirst_node(Var, lc);

		if (var->varno != baserel->relid)
			continue;
		if (var->varattno <= 0)
			return NIL;
		own = lappend(own, var);
	}
	return add_to_flat_tlist(NIL, own);
}

/*
 * spindle_fdw_plan
 *		GetForeignPlan: what the executor needs of it all.
 *
 * Elements of its fdw_private are those of SpindlePlanPart, and its fdw_exprs
 * are the values of the conditions, which match them one by one.  Conditions
 * are in the ranges only; if rows have to be checked again, fdw_recheck_quals
 * has them.
 */
ForeignScan *
spindle_fdw_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid, ForeignPath *best_path,
				 List *tlist, List *scan_clauses, Plan *outer_plan)
{
	ScanEstimate *state = baserel->fdw_private;
	List	   *clauses = extract_actual_clauses(scan_clauses, false);
	List	   *filter = filter_clauses(root, state->source, baserel->relid, clauses);
	Bitmapset  *used = used_attributes(baserel, filter, state->source->natts);
	List	   *scan_tlist = scan_target_list(baserel, tlist, filter, used);
	List	   *attributes = NIL;
	List	   *conditions = NIL;
	List	   *values = NIL;
	ListCell   *lc;

	/* the planner may ask for all columns where any will do */
	for (int i = 0; i < (scan_tlist ? list_length(scan_tlist) : state->source->natts); i++)
	{
		int			att = scan_tlist ? castNode(Var, list_nth_node(TargetEntry, scan_tlist, i)->expr)->varattno : i + 1;
		bool		is_wanted = (state->source->column[att - 1] >= 0 ||
								 (state->source->is_history && state->source->told[att - 1] >= 0)) &&
		bms_is_member(att - FirstLowInvalidHeapAttributeNumber, used);

		attributes = lappend_int(attributes, is_wanted ? att - 1 : -1);
	}
	foreach(lc, clauses)
	{
		SpindleCondition *condition = spindle_condition_match(root, state->source, baserel->relid, lfirst(lc));

		if (condition == NULL)
			continue;
		conditions = lappend(conditions, spindle_condition_to_list(condition));
		values = lappend(values, condition->value);
	}

	/*
	 * A row that is checked again, after another one that it was joined with
	 * has changed, comes whole, so then there is no target list of ours.
	 */
	return make_foreignscan(tlist, filter, baserel->relid, values,
							list_make4(attributes, conditions, best_path->fdw_private,
									   spindle_fingerprint_list(state->source->instance->domain)),
							scan_tlist, scan_tlist == NIL ? list_difference_ptr(clauses, filter) : NIL,
							outer_plan);
}
