/*-------------------------------------------------------------------------
 *
 * foreign_key.c
 *		The foreign keys of a relation, as the catalogue has them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "server/foreign_key.h"

/*
 * Can SET CONSTRAINTS defer a constraint by its name?  The statement means all
 * constraints of that name in a schema, of whatever tables, and refuses if one of
 * them cannot be deferred.
 */
static bool
can_defer_by_name(const NameData *name, Oid schema)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		result = true;

	ScanKeyInit(&key[0], Anum_pg_constraint_conname, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(name));
	ScanKeyInit(&key[1], Anum_pg_constraint_connamespace, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(constraints, ConstraintNameNspIndexId, true, NULL, 2, key);
	while (result && HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = ((Form_pg_constraint) GETSTRUCT(tuple))->condeferrable;
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return result;
}

/*
 * Is a foreign key of a relation one that the server has made of another one?
 * For each partition of the table referred to it makes one of the same relation;
 * and those of a partitioned table it makes for each partition.
 */
static bool
is_derived(Form_pg_constraint constraint, bool is_partition)
{
	HeapTuple	tuple;
	bool		result;

	if (!OidIsValid(constraint->conparentid) || is_partition)
		return OidIsValid(constraint->conparentid);
	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint->conparentid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint->conparentid);
	result = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid == constraint->conrelid;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Append the foreign keys that a relation itself has; of a partition of the one
 * that was asked for, without those that the latter has, too.
 */
static List *
add_keys(List *keys, Relation relation, bool is_partition)
{
	ListCell   *lc;

	foreach(lc, RelationGetFKeyList(relation))
	{
		const ForeignKeyCacheInfo *info = lfirst(lc);
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(info->conoid));
		Form_pg_constraint constraint;
		SpindleCatalogKey *key;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for constraint %u", info->conoid);
		constraint = (Form_pg_constraint) GETSTRUCT(tuple);
		if (!is_derived(constraint, is_partition))
		{
			key = palloc0(sizeof(SpindleCatalogKey));
			key->constraint = info->conoid;
			key->name = quote_qualified_identifier(get_namespace_name(constraint->connamespace),
												   NameStr(constraint->conname));
			key->parent = info->confrelid;
			key->ncolumns = info->nkeys;
			key->column = palloc(sizeof(char *) * info->nkeys);
			key->parent_column = palloc(sizeof(char *) * info->nkeys);
			for (int i = 0; i < info->nkeys; i++)
			{
				key->column[i] = get_attname(info->conrelid, info->conkey[i], false);
				key->parent_column[i] = get_attname(info->confrelid, info->confkey[i], false);
			}
			key->is_full = constraint->confmatchtype == FKCONSTR_MATCH_FULL;
			key->is_deferrable = constraint->condeferrable &&
				can_defer_by_name(&constraint->conname, constraint->connamespace);
			key->starts_deferred = constraint->condeferred;
			keys = lappend(keys, key);
		}
		ReleaseSysCache(tuple);
	}
	return keys;
}

/*
 * spindle_foreign_keys
 *		The foreign keys that rows of a relation have to heed, as a list of
 *		SpindleCatalogKey in the current memory context.
 *
 * Of a partitioned table, those of single partitions are among them.  The caller
 * has locked the relation; its partitions are locked for reading until the
 * transaction ends.  Other kinds of relations than tables have none.
 */
List *
spindle_foreign_keys(Relation relation)
{
	List	   *keys = NIL;
	ListCell   *lc;

	if (relation->rd_rel->relkind == RELKIND_RELATION)
		return add_keys(NIL, relation, false);
	if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return NIL;
	foreach(lc, find_all_inheritors(RelationGetRelid(relation), AccessShareLock, NULL))
	{
		Relation	partition = relation_open(lfirst_oid(lc), NoLock);

		if (partition->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
			keys = add_keys(keys, partition, lfirst_oid(lc) != RelationGetRelid(relation));
		relation_close(partition, NoLock);
	}
	return keys;
}
