/*-------------------------------------------------------------------------
 *
 * foreign_keys.c
 *		Foreign keys of several columns between generated tables, told to the planner.
 *
 * Without them, the planner takes each of the columns to leave its share of the
 * rows, while one of them decides.  For those of one column statistics say it
 * as well, and NULLs count, which the planner does not look at with foreign
 * keys; so columns that can be NULL are left out, too.
 *
 * What a subquery or WITH gives of a table's columns keeps their keys, however it
 * groups or sorts the rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/typcache.h"

#include "compat.h"
#include "scan/fdw.h"
#include "scan/statistics.h"

/*
 * Columns of a generated table as a relation of a query has them: itself, or a
 * subquery that reads it.
 */
typedef struct Shown
{
	Index		relid;			/* of the relation */
	const SpindleSource *source;
	const AttrNumber *output;	/* of a subquery: its column for each attribute of the
								 * table, from 1, 0 if it has none; else NULL */
} Shown;

/* The attribute of the relation that shows a column; 0 if none does. */
static AttrNumber
shown_attribute(const Shown *shown, int column)
{
	const AttrNumber attnum = spindle_attribute_of(shown->source, column);

	return attnum > 0 && shown->output ? shown->output[attnum] : attnum;
}

/* Add the foreign keys of several columns that lead from a relation to another one of the same instance. */
static void
add_foreign_keys(PlannerInfo *root, const Shown *from, const Shown *to)
{
	const SpindleTable *table = &from->source->instance->domain->table[from->source->table];
	const SpindleTable *target_table = &to->source->instance->domain->table[to->source->table];

	for (int i = 0; i < table->nforeign_keys; i++)
	{
		const SpindleForeignKey *key = &table->foreign_key[i];
		ForeignKeyOptInfo *info;
		bool		is_whole = key->table == to->source->table && key->ncolumns > 1 && key->ncolumns <= INDEX_MAX_KEYS;

		if (!is_whole)
			continue;
		info = makeNode(ForeignKeyOptInfo);
		info->con_relid = from->relid;
		info->ref_relid = to->relid;
		info->nkeys = key->ncolumns;
		for (int k = 0; is_whole && k < key->ncolumns; k++)
		{
			const SpindleColumn *column = &table->column[key->column[k]];
			TypeCacheEntry *left = lookup_type_cache(column->type.oid, TYPECACHE_BTREE_OPFAMILY);
			TypeCacheEntry *right = lookup_type_cache(target_table->column[key->target[k]].type.oid, TYPECACHE_BTREE_OPFAMILY);

			info->conkey[k] = shown_attribute(from, key->column[k]);
			info->confkey[k] = shown_attribute(to, key->target[k]);
			info->conpfeqop[k] = get_opfamily_member(right->btree_opf, right->btree_opintype, left->btree_opintype,
													 BTEqualStrategyNumber);
			is_whole = info->conkey[k] > 0 && info->confkey[k] > 0 && OidIsValid(info->conpfeqop[k]) && !column->nullable;
		}
		if (is_whole)
			root->fkey_list = lappend(root->fkey_list, info);
	}
}

/* The query of a WITH that a relation of a query reads; NULL if there is none, or it is recursive. */
static Query *
query_of_with(PlannerInfo *root, const RangeTblEntry *rte)
{
	ListCell   *lc;

	if (rte->self_reference)
		return NULL;
	for (Index up = 0; up < rte->ctelevelsup && root; up++)
		root = root->parent_root;
	if (root == NULL)
		return NULL;
	foreach(lc, root->parse->cteList)
	{
		CommonTableExpr *with = lfirst_node(CommonTableExpr, lc);

		if (strcmp(with->ctename, rte->ctename) == 0)
			return IsA(with->ctequery, Query) && !with->cterecursive ? (Query *) with->ctequery : NULL;
	}
	return NULL;
}

/* What a column of a query's row is, as a column of a table in it; NULL if it is none. */
static Var *
column_of_output(const Query *query, const TargetEntry *entry)
{
	Node	   *node = (Node *) entry->expr;

	/* each step leads to an entry of the range table that was there before */
	while (node && IsA(node, Var) && ((Var *) node)->varlevelsup == 0 && ((Var *) node)->varattno > 0)
	{
		const RangeTblEntry *rte = rt_fetch(((Var *) node)->varno, query->rtable);
		List	   *behind = rte->rtekind == RTE_JOIN ? rte->joinaliasvars : spindle_group_exprs(rte);

		if (rte->rtekind == RTE_RELATION)
			return (Var *) node;
		if (((Var *) node)->varattno > list_length(behind))
			return NULL;
		node = list_nth(behind, ((Var *) node)->varattno - 1);
	}
	return NULL;
}

/* The generated table that an entry of a subquery's range table reads, palloc'd; NULL if it is none. */
static SpindleSource *
source_of_entry(const RangeTblEntry *rte)
{
	Relation	relation;
	SpindleSource *source = NULL;

	if (rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_FOREIGN_TABLE)
		return NULL;
	relation = table_open(rte->relid, NoLock);
	if (GetFdwRoutineForRelation(relation, false)->GetForeignRelSize == spindle_fdw_rel_size)
		source = spindle_source_of_relation(rte->relid, RelationGetDescr(relation));
	table_close(relation, NoLock);
	return source;
}

/* Add the foreign keys that lead from what a subquery gives of its tables to a relation. */
static void
add_keys_of_subquery(PlannerInfo *root, Index relid, const Query *query, const Shown *to)
{
	if (query->commandType != CMD_SELECT || query->setOperations)
		return;
	for (int i = 1; i <= list_length(query->rtable); i++)
	{
		AttrNumber	output[MaxHeapAttributeNumber + 1] = {0};
		int			n = 0;
		Shown		from = {.relid = relid,.output = output};
		ListCell   *lc;

		if (rt_fetch(i, query->rtable)->rtekind != RTE_RELATION)
			continue;
		foreach(lc, query->targetList)
		{
			const TargetEntry *entry = lfirst_node(TargetEntry, lc);
			const Var  *column = entry->resjunk ? NULL : column_of_output(query, entry);

			if (column == NULL || column->varno != i)
				continue;
			output[column->varattno] = entry->resno;
			n++;
		}
		if (n < 2)
			continue;
		from.source = source_of_entry(rt_fetch(i, query->rtable));
		if (from.source && from.source->instance == to->source->instance)
			add_foreign_keys(root, &from, to);
	}
}

/*
 * spindle_foreign_keys_add
 *		Add the foreign keys between a relation and those that were looked at before,
 *		and those of subqueries that lead to it.
 *
 * As the server does, relations that are part of another one are left out.  Raises
 * what is wrong with the options of tables, as planning them would.
 */
void
spindle_foreign_keys_add(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source)
{
	const SpindleTable *table = &source->instance->domain->table[source->table];
	const Shown shown = {.relid = rel->relid,.source = source};

	if (rel->reloptkind != RELOPT_BASEREL)
		return;
	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		const RangeTblEntry *rte = root->simple_rte_array[i];
		RelOptInfo *other = root->simple_rel_array[i];
		Shown		other_shown = {.relid = i};

		if (rte && (rte->rtekind == RTE_SUBQUERY || rte->rtekind == RTE_CTE) && !rte->inh && !source->is_history &&
			(table->nkeys > 1 || table->nunique > 0))
		{
			const Query *query = rte->rtekind == RTE_SUBQUERY ? rte->subquery : query_of_with(root, rte);

			if (query)
				add_keys_of_subquery(root, i, query, &shown);
		}
		if (other == NULL || other == rel || other->reloptkind != RELOPT_BASEREL || !spindle_rel_is_generated(other) ||
			rte->inh)
			continue;
		other_shown.source = spindle_fdw_source(other, rte->relid);
		if (other_shown.source->instance != source->instance)
			continue;
		if (!other_shown.source->is_history)
			add_foreign_keys(root, &shown, &other_shown);
		if (!source->is_history)
			add_foreign_keys(root, &other_shown, &shown);
	}
}
