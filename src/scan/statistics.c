/*-------------------------------------------------------------------------
 *
 * statistics.c
 *		What the planner is told of generated tables: statistics and keys.
 *
 * Foreign tables are never analyzed unless somebody asks for it, and without
 * statistics the planner takes a join for a thousand times what it is.  What
 * ANALYZE would find follows from the definition, so hooks of the planner give
 * it, as if it stood in pg_statistic.  Where it does stand there, the table has
 * been analyzed, and that is taken.
 *
 * The statistics of a column are made when first asked for and kept by the
 * session (kept_statistics.c).  Nothing is stored in the database.
 *
 * A key is told as an index that is unique, and that nobody could scan: so the
 * planner knows that a row joins with one at most, and can leave out joins that
 * change nothing.  A plan that left one out goes with the definition it was made
 * by, as it has no scan that would notice another one; like any plan of the
 * session, it goes when the session hears of that.  No path is ever made of it: indexes of foreign tables are
 * not looked at for that, and it has no callback that a scan would need.  In the
 * same way expressions are told, for whose statistics the planner then asks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/nodes.h"
#include "optimizer/plancat.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "scan/fdw.h"
#include "scan/function_scan.h"
#include "scan/statistics.h"

/* Who had the hooks before us; is called first. */
static get_relation_stats_hook_type previous_stats_hook = NULL;
static get_index_stats_hook_type previous_index_hook = NULL;
static get_relation_info_hook_type previous_info_hook = NULL;

/*
 * spindle_may_see_all_rows
 *		May the user see all values of a column?  If not, the planner does not show
 * values of statistics to functions that might tell them.
 *
 * The privilege must be one on the table itself, also where it is read as part
 * of another one, and neither of them may have conditions of row security or
 * of a view.
 */
bool
spindle_may_see_all_rows(PlannerInfo *root, RelOptInfo *rel, AttrNumber attnum)
{
	RangeTblEntry *rte = root->simple_rte_array[rel->relid];
	Oid			user = OidIsValid(rel->userid) ? rel->userid : GetUserId();

	for (Index relid = rel->relid;;)
	{
		if (root->simple_rte_array[relid]->securityQuals != NIL)
			return false;
		if (root->append_rel_array == NULL || root->append_rel_array[relid] == NULL)
			break;
		relid = root->append_rel_array[relid]->parent_relid;
	}
	return pg_class_aclcheck(rte->relid, user, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(rte->relid, attnum, user, ACL_SELECT) == ACLCHECK_OK;
}

/*
 * Can texts be read as values of a type while a query is planned?  They can by what
 * is the server's own: the input of other types may run anything, and fail with
 * more behind it than memory, as may the checks of domains.
 */
static bool
is_read_safely(Oid type)
{
	Oid			element = get_element_type(type);

	if (OidIsValid(element))
		return is_read_safely(element);
	return get_typtype(type) == TYPTYPE_ENUM || type < FirstNormalObjectId;
}

/*
 * The type by which an attribute is looked at, palloc'd; NULL if texts cannot be
 * read as such.
 *
 * Of a domain this is what it is made of, whose checks the values are taken to
 * pass.  oid and typmod are those of the attribute.
 */
static SpindleStatisticsType *
statistics_type(const SpindleSource *source, AttrNumber attnum, Oid oid, int32 typmod)
{
	SpindleStatisticsType *type = palloc(sizeof(SpindleStatisticsType));
	SpindleInput *input = &source->input[attnum - 1];
	Oid			function;

	type->oid = oid;
	type->typmod = typmod;
	type->input = NULL;
	if (!OidIsValid(input->function.fn_oid))
		return type;
	type->oid = getBaseTypeAndTypmod(oid, &type->typmod);
	if (!is_read_safely(type->oid))
		return NULL;
	type->input = palloc0(sizeof(SpindleInput));
	getTypeInputInfo(type->oid, &function, &type->input->param);
	fmgr_info(function, &type->input->function);
	type->input->typmod = type->typmod;
	get_typlenbyval(type->oid, &type->input->length, &type->input->is_by_value);
	return type;
}

/*
 * spindle_rel_is_generated
 *		Is it a scan of one of our foreign tables, without its children?
 */
bool
spindle_rel_is_generated(const RelOptInfo *rel)
{
	return rel->fdwroutine && rel->fdwroutine->GetForeignRelSize == spindle_fdw_rel_size;
}

/*
 * The generated table that a foreign table in a query stands for, if it has the
 * attribute and no statistics of its own, else NULL; and the attribute's type
 * and collation.
 */
static SpindleSource *
source_of_foreign_table(RelOptInfo *rel, RangeTblEntry *rte, AttrNumber attnum, Oid *type, int32 *typmod, Oid *collation)
{
	if (rte->relkind != RELKIND_FOREIGN_TABLE || rte->inh || !spindle_rel_is_generated(rel) ||
		SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(rte->relid), Int16GetDatum(attnum), BoolGetDatum(false)))
		return NULL;
	get_atttypetypmodcoll(rte->relid, attnum, type, typmod, collation);
	return spindle_fdw_source(rel, rte->relid);
}

/* The same of a call of spindle_rows() or spindle_history() that reads a whole table. */
static SpindleSource *
source_of_function(RangeTblEntry *rte, AttrNumber attnum, Oid *type, int32 *typmod, Oid *collation)
{
	FuncExpr   *call = spindle_scan_call(rte);
	RangeTblFunction *function;
	SpindleSource *source;
	int64		row;
	int64		end;

	if (call == NULL)
		return NULL;
	function = linitial_node(RangeTblFunction, rte->functions);
	source = spindle_scan_source(function, call, &row, &end);
	if (source == NULL || row > 0 || end < spindle_alive_end(source->instance, source->table, source->as_of.time))
		return NULL;
	if (attnum > source->natts)
		return NULL;
	*type = list_nth_oid(function->funccoltypes, attnum - 1);
	*typmod = list_nth_int(function->funccoltypmods, attnum - 1);
	*collation = list_nth_oid(function->funccolcollations, attnum - 1);
	return source;
}

/* What statistics of an attribute, from 1, are of; SPINDLE_NO_STATISTICS if there are none. */
static int
statistics_column(const SpindleSource *source, AttrNumber attnum)
{
	if (source->column[attnum - 1] >= 0)
		return source->column[attnum - 1];
	if (source->is_history && source->told[attnum - 1] >= 0)
		return SPINDLE_TOLD_STATISTICS - source->told[attnum - 1];
	return SPINDLE_NO_STATISTICS;
}

/*
 * get_relation_stats_hook: statistics of a column of a foreign table, or of a
 * call of one of our functions, whose rows everybody sees who may call it.
 *
 * The planner gets a copy, as it may hold it while it asks for the next one.
 */
static bool
give_statistics(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum, VariableStatData *vardata)
{
	RelOptInfo *rel = NULL;
	SpindleSource *source = NULL;
	SpindleStatisticsType *type;
	HeapTuple	tuple;
	Oid			oid;
	int32		typmod;
	Oid			collation;

	if (previous_stats_hook && previous_stats_hook(root, rte, attnum, vardata))
		return true;
	if (attnum <= 0)
		return false;
	for (int i = 1; i < root->simple_rel_array_size && rel == NULL; i++)
		if (root->simple_rte_array[i] == rte)
			rel = root->simple_rel_array[i];
	if (rel && (rte->rtekind == RTE_SUBQUERY || rte->rtekind == RTE_CTE))
		return spindle_subquery_statistics(root, rel, rte, attnum, vardata);
	if (rte->rtekind != RTE_RELATION && rte->rtekind != RTE_FUNCTION)
		return false;
	if (rel)
		source = rte->rtekind == RTE_RELATION ? source_of_foreign_table(rel, rte, attnum, &oid, &typmod, &collation) :
			source_of_function(rte, attnum, &oid, &typmod, &collation);
	if (source == NULL || attnum > source->natts || statistics_column(source, attnum) == SPINDLE_NO_STATISTICS)
		return false;

	type = statistics_type(source, attnum, oid, typmod);
	if (type == NULL)
		return false;
	tuple = spindle_kept_statistics(source, statistics_column(source, attnum), type, collation, NULL);
	if (tuple == NULL)
		return false;
	vardata->statsTuple = heap_copytuple(tuple);
	vardata->freefunc = heap_freetuple;
	vardata->acl_ok = rte->rtekind == RTE_FUNCTION ? rte->securityQuals == NIL : spindle_may_see_all_rows(root, rel, attnum);
	return true;
}

/*
 * The statistics of an expression of a relation of a query, palloc'd; NULL if there
 * are none.  By *attnum, the column that it is of.
 */
static HeapTuple
statistics_of_expression(PlannerInfo *root, RelOptInfo *rel, Node *node, AttrNumber *attnum)
{
	SpindleStatisticsExpression expression = {0};
	SpindleSource *source;
	SpindleStatisticsType *type;
	HeapTuple	tuple;
	Var		   *var;
	Oid			oid;
	int32		typmod;
	Oid			collation;

	expression.expr = spindle_expression_of_value(node, &var);
	source = expression.expr ? source_of_foreign_table(rel, root->simple_rte_array[rel->relid], var->varattno,
													   &oid, &typmod, &collation) : NULL;
	if (source == NULL || var->varattno > source->natts ||
		statistics_column(source, var->varattno) == SPINDLE_NO_STATISTICS)
		return NULL;
	*attnum = var->varattno;
	type = statistics_type(source, var->varattno, oid, typmod);
	if (type == NULL)
		return NULL;
	expression.type.oid = exprType(node);
	expression.type.typmod = exprTypmod(node);
	expression.collation = exprCollation(node);
	tuple = spindle_kept_statistics(source, statistics_column(source, var->varattno), type, collation, &expression);
	return tuple ? heap_copytuple(tuple) : NULL;
}

/*
 * get_index_stats_hook: statistics of an expression that add_expressions() has
 * told as an index.
 *
 * The planner asks for each element of an array that it is compared with, and to find
 * them takes some time, so the relation notes what was told.
 */
static bool
give_expression_statistics(PlannerInfo *root, Oid index, AttrNumber attnum, VariableStatData *vardata)
{
	SpindleToldExpression *told = NULL;
	List	  **all;
	ListCell   *lc;

	if (previous_index_hook && previous_index_hook(root, index, attnum, vardata))
		return true;
	if (OidIsValid(index) || vardata->rel == NULL || !spindle_rel_is_generated(vardata->rel))
		return false;
	all = spindle_fdw_told_expressions(vardata->rel, root->simple_rte_array[vardata->rel->relid]->relid);
	foreach(lc, *all)
		if (equal(((SpindleToldExpression *) lfirst(lc))->expr, vardata->var))
			told = lfirst(lc);
	if (told == NULL)
	{
		/* where the relation's own data is, which outlives what the planner tries on the way */
		MemoryContext oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(vardata->rel->fdw_private));

		told = palloc0(sizeof(SpindleToldExpression));
		told->expr = copyObject(vardata->var);
		told->tuple = statistics_of_expression(root, vardata->rel, told->expr, &told->attnum);
		*all = lappend(*all, told);
		MemoryContextSwitchTo(oldcontext);
	}
	if (told->tuple == NULL)
		return false;
	vardata->statsTuple = heap_copytuple(told->tuple);
	vardata->freefunc = heap_freetuple;
	vardata->acl_ok = spindle_may_see_all_rows(root, vardata->rel, told->attnum);
	return true;
}

/*
 * spindle_statistics_set_widths
 *		Set the widths of the texts that a query takes from a foreign table, for
 *		which the planner takes 32 bytes if it was not analyzed.
 */
void
spindle_statistics_set_widths(RelOptInfo *rel, Oid relid, const SpindleSource *source)
{
	ListCell   *lc;

	foreach(lc, rel->reltarget->exprs)
	{
		Var		   *var = lfirst(lc);
		const SpindleStatisticsType *type;
		int			column;
		int32		width;

		if (!IsA(var, Var) || var->varattno <= 0 || var->varattno > source->natts)
			continue;
		column = source->column[var->varattno - 1];
		if (column < 0 || !source->instance->domain->table[source->table].column[column].type.ops->is_text ||
			SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(var->varattno),
								  BoolGetDatum(false)))
			continue;
		type = statistics_type(source, var->varattno, var->vartype, var->vartypmod);
		if (type == NULL || get_typlen(type->oid) > 0)
			continue;
		width = spindle_kept_width(source, column, type, var->varcollid);
		if (width <= 0)
			continue;
		rel->reltarget->width += width - rel->attr_widths[var->varattno - rel->min_attr];
		rel->attr_widths[var->varattno - rel->min_attr] = width;
	}
}

/*
 * spindle_attribute_of
 *		The attribute, from 1, that shows a column; 0 if none does.
 */
AttrNumber
spindle_attribute_of(const SpindleSource *source, int column)
{
	for (int att = 0; att < source->natts; att++)
		if (source->column[att] == column)
			return att + 1;
	return 0;
}

/*
 * Add a key or another set of n columns that is unique to the indexes of a
 * relation, unless the relation lacks one of them, or texts are among them:
 * these may be equal by a collation that the definition has not heard of.
 */
static void
add_unique_columns(RelOptInfo *rel, const SpindleSource *source, const int *columns, int n)
{
	const SpindleTable *table = &source->instance->domain->table[source->table];
	IndexOptInfo *index = makeNode(IndexOptInfo);

	if (n == 0)
		return;
	index->rel = rel;
	index->tuples = rel->tuples;
	index->ncolumns = index->nkeycolumns = n;
	index->indexkeys = palloc0(sizeof(int) * n);
	index->indexcollations = palloc0(sizeof(Oid) * n);
	index->opfamily = palloc0(sizeof(Oid) * n);
	index->opcintype = palloc0(sizeof(Oid) * n);
	index->canreturn = palloc0(sizeof(bool) * n);
	for (int k = 0; k < n; k++)
	{
		const SpindleType *type = &table->column[columns[k]].type;
		TypeCacheEntry *entry;

		index->indexkeys[k] = spindle_attribute_of(source, columns[k]);
		if (index->indexkeys[k] == 0 || type->ops->is_text)
			return;
		entry = lookup_type_cache(type->oid, TYPECACHE_BTREE_OPFAMILY);
		index->opfamily[k] = entry->btree_opf;
		index->opcintype[k] = entry->btree_opintype;
	}
	index->unique = true;
	index->immediate = true;
	index->hypothetical = true;
	rel->indexlist = lappend(rel->indexlist, index);
}

/*
 * Add the expressions of a relation that a query groups or compares by, as if there
 * were indexes of them: for these the planner asks for statistics of expressions.
 */
static void
add_expressions(PlannerInfo *root, RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, spindle_expressions_of(root, rel->relid))
	{
		IndexOptInfo *index = makeNode(IndexOptInfo);

		index->rel = rel;
		index->tuples = rel->tuples;
		index->ncolumns = index->nkeycolumns = 1;
		index->indexkeys = palloc0(sizeof(int));
		index->indexcollations = palloc0(sizeof(Oid));
		index->opfamily = palloc0(sizeof(Oid));
		index->opcintype = palloc0(sizeof(Oid));
		index->canreturn = palloc0(sizeof(bool));
		index->indexprs = list_make1(lfirst(lc));
		index->hypothetical = true;
		rel->indexlist = lappend(rel->indexlist, index);
	}
}

/*
 * get_relation_info_hook: the number of rows of a foreign table, its keys, and
 * its foreign keys.
 *
 * With children of its own, the table's rows are not all there are.  Raises
 * what is wrong with the options, as planning the scan would.
 */
static void
give_keys(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	const SpindleSource *source;
	const SpindleTable *table;

	if (previous_info_hook)
		previous_info_hook(root, relid, inhparent, rel);
	if (!spindle_rel_is_generated(rel) || inhparent)
		return;
	source = spindle_fdw_source(rel, relid);
	table = &source->instance->domain->table[source->table];
	rel->tuples = spindle_source_tuples(source);

	/* in a history, each version of a row has its key */
	if (!source->is_history)
		add_unique_columns(rel, source, table->key, table->nkeys);
	for (int i = 0; i < table->nunique && !source->is_history; i++)
		add_unique_columns(rel, source, table->unique[i].column, table->unique[i].n);
	add_expressions(root, rel);
	spindle_foreign_keys_add(root, rel, source);
}

/*
 * spindle_statistics_init
 *		Take the hooks of the planner; called when the library is loaded.
 */
void
spindle_statistics_init(void)
{
	previous_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = give_statistics;
	previous_index_hook = get_index_stats_hook;
	get_index_stats_hook = give_expression_statistics;
	previous_info_hook = get_relation_info_hook;
	get_relation_info_hook = give_keys;
}
