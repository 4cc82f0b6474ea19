/*-------------------------------------------------------------------------
 *
 * relation_path.c
 *		The event time of a relation's rows that belongs to another relation.
 *
 * A line of an order has the time of the order: order_id.order_date is a path
 * along the foreign key with the column order_id, to the column at its end.  It
 * becomes an expression of SQL, a subquery that finds the one row that is referred
 * to, so the rows keep their order, and rights on the other relation are checked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "server/relation.h"
#include "stream/relation_path.h"

/* Foreign keys in a path. */
#define MAX_STEPS	8

static char *expression(Relation relation, const char *path, const char *alias, int steps, Oid *type);

/*
 * The attribute that a path begins with, from 1; with rest, the one whose name has
 * a point and more behind it, the longest if there are several; 0 if there is
 * none.  Sets *rest, if not NULL, to what is behind the point.
 */
static AttrNumber
first_attribute(Relation relation, const char *path, const char **rest)
{
	TupleDesc	desc = RelationGetDescr(relation);
	AttrNumber	found = 0;
	size_t		longest = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		size_t		len = strlen(NameStr(att->attname));

		if (att->attisdropped || strncmp(NameStr(att->attname), path, len) != 0 || len < longest ||
			path[len] != (rest ? '.' : '\0'))
			continue;
		found = att->attnum;
		longest = len;
	}
	if (found && rest)
		*rest = path + longest + 1;
	return found;
}

/*
 * The foreign key with a column: the one of the fewest columns.  palloc'd.  Raises
 * invalid_foreign_key if there is none, or no single one.
 */
static ForeignKeyCacheInfo *
find_foreign_key(Relation relation, AttrNumber attnum)
{
	ForeignKeyCacheInfo *found = NULL;
	bool		is_single = true;
	ListCell   *lc;

	foreach(lc, RelationGetFKeyList(relation))
	{
		ForeignKeyCacheInfo *key = lfirst(lc);
		bool		has_column = false;

		for (int i = 0; i < key->nkeys; i++)
			has_column |= key->conkey[i] == attnum;
		if (!has_column || (found && key->nkeys > found->nkeys))
			continue;
		is_single = found == NULL || key->nkeys < found->nkeys;
		found = key;
	}
	if (found == NULL || !is_single)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 found == NULL ?
				 errmsg("column \"%s\" of relation \"%s\" belongs to no foreign key",
						NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname),
						RelationGetRelationName(relation)) :
				 errmsg("column \"%s\" of relation \"%s\" belongs to several foreign keys",
						NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname),
						RelationGetRelationName(relation)),
				 errhint("A path begins with a column of the foreign key that it follows, and of no other one.")));
	return copyObject(found);
}

/* An attribute of a relation that the query has given a name. */
static char *
attribute_sql(Relation relation, AttrNumber attnum, const char *alias)
{
	return psprintf("%s.%s", alias,
					quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname)));
}

/*
 * The time behind a foreign key: a subquery over the row that is referred to.  The
 * other relation stays locked until the end of the transaction.
 */
static char *
subquery(Relation relation, const ForeignKeyCacheInfo *key, const char *rest, const char *alias, int steps, Oid *type)
{
	Relation	target = relation_open(key->confrelid, AccessShareLock);
	char	   *target_alias = psprintf("target%d", steps);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "(SELECT %s FROM %s AS %s WHERE ",
					 expression(target, rest, target_alias, steps + 1, type),
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target)),
												RelationGetRelationName(target)),
					 target_alias);
	for (int i = 0; i < key->nkeys; i++)
		appendStringInfo(&buf, "%s%s %s %s", i ? " AND " : "", attribute_sql(target, key->confkey[i], target_alias),
						 spindle_operator_sql(key->conpfeqop[i]), attribute_sql(relation, key->conkey[i], alias));
	appendStringInfoChar(&buf, ')');
	relation_close(target, NoLock);
	return buf.data;
}

/* The column at the end of a path, or the time behind its first step. */
static char *
expression(Relation relation, const char *path, const char *alias, int steps, Oid *type)
{
	AttrNumber	attnum = first_attribute(relation, path, NULL);
	const char *rest;

	if (attnum)
	{
		*type = getBaseType(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->atttypid);
		if (*type != TIMESTAMPTZOID && *type != TIMESTAMPOID && *type != DATEOID)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of relation \"%s\" has type %s", path, RelationGetRelationName(relation),
							format_type_be(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->atttypid)),
					 errhint("An event time is of type timestamp with time zone, timestamp or date.")));
		return attribute_sql(relation, attnum, alias);
	}
	attnum = first_attribute(relation, path, &rest);
	if (attnum == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", path, RelationGetRelationName(relation)),
				 errhint("A path has the column of a foreign key, a point, and a column of the relation referred to.")));
	if (steps >= MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a path has at most %d foreign keys", MAX_STEPS)));
	return subquery(relation, find_foreign_key(relation, attnum), rest, alias, steps, type);
}

/*
 * spindle_relation_path
 *		The time at the end of a path of foreign keys, as an expression over a row
 *		that the query calls SPINDLE_PATH_ALIAS; palloc'd.
 *
 * path is in the server's encoding.  *type gets the type of the time, below
 * domains.  The relations on the way get locked until the end of the transaction.
 * Raises undefined_column, invalid_foreign_key, datatype_mismatch or
 * program_limit_exceeded for what is no path to a time; whether the caller may
 * read the relations shows when they are read.
 */
char *
spindle_relation_path(Relation relation, const char *path, Oid *type)
{
	return expression(relation, path, SPINDLE_PATH_ALIAS, 0, type);
}
