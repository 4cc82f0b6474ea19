/*-------------------------------------------------------------------------
 *
 * relation.c
 *		Relations that users name as a source or a target, and what compares their
 *		values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "server/relation.h"

/*
 * spindle_operator_sql
 *		An operator with its schema, as SQL writes it between its operands, whatever
 *		search_path is; palloc'd.
 */
char *
spindle_operator_sql(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					  NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * spindle_equality_sql
 *		The same for the operator that tells if two values of a type are equal.
 *
 * Raises undefined_function if the type has none by default.
 */
char *
spindle_equality_sql(Oid type)
{
	const Oid	operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;

	if (!OidIsValid(operator))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s has no equality operator", format_type_be(type)),
				 errhint("Values of such a type cannot be looked for.")));
	return spindle_operator_sql(operator);
}

/*
 * spindle_relation_open
 *		Open a relation that an argument of type regclass names, and lock it.
 *
 * Waits for the lock.  If the relation was dropped before, or meanwhile, the
 * error is that of a name that does not exist (undefined_table); name is the one
 * it had when it was last seen, or NULL.
 */
Relation
spindle_relation_open(Oid relid, const char *name, LOCKMODE lockmode)
{
	char	   *present = get_rel_name(relid);
	Relation	relation = present ? try_relation_open(relid, lockmode) : NULL;

	if (present)
		name = present;
	if (relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 name ? errmsg("relation \"%s\" does not exist", name) :
				 errmsg("relation with OID %u does not exist", relid)));
	return relation;
}

/*
 * spindle_relation_stored
 *		The relation that gets the rows of an INSERT: of a view of one relation, that
 *		one, or what it is a view of in turn; else the relation itself.
 *
 * Rules and INSTEAD OF triggers are not looked through.  The caller has locked the
 * relation, and what a view is made of is locked for reading until the transaction
 * ends.
 */
Oid
spindle_relation_stored(Relation relation)
{
	Oid			relid = RelationGetRelid(relation);

	if (relation->rd_rel->relkind == RELKIND_VIEW)
	{
		Query	   *query = get_view_query(relation);
		Node	   *from = list_length(query->jointree->fromlist) == 1 ? linitial(query->jointree->fromlist) : NULL;
		RangeTblEntry *rte = NULL;

		check_stack_depth();
		if (from && IsA(from, RangeTblRef))
			rte = rt_fetch(((RangeTblRef *) from)->rtindex, query->rtable);
		if (rte && rte->rtekind == RTE_RELATION)
		{
			Relation	below = relation_open(rte->relid, AccessShareLock);

			relid = spindle_relation_stored(below);
			relation_close(below, NoLock);
		}
	}
	return relid;
}

/*
 * spindle_relation_key_columns
 *		The numbers of the columns that are part of the primary key or of a foreign
 *		key, in the current memory context; NULL if there are none.
 *
 * Numbers are those of attributes, from 1.  Relations that are no tables have
 * no keys.
 */
Bitmapset *
spindle_relation_key_columns(Relation relation)
{
	Bitmapset  *keys = NULL;
	ListCell   *lc;
	int			attnum = -1;
	Bitmapset  *primary;

	if (relation->rd_rel->relkind != RELKIND_RELATION && relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return NULL;
	primary = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	while ((attnum = bms_next_member(primary, attnum)) >= 0)
		keys = bms_add_member(keys, attnum + FirstLowInvalidHeapAttributeNumber);
	foreach(lc, RelationGetFKeyList(relation))
	{
		ForeignKeyCacheInfo *key = lfirst(lc);

		for (int i = 0; i < key->nkeys; i++)
			keys = bms_add_member(keys, key->conkey[i]);
	}
	return keys;
}
