/*-------------------------------------------------------------------------
 *
 * prepare.c
 *		What a seeding is to do, and what of the schema has to make room.
 *
 * All that can be known beforehand is checked here, once no other call seeds
 * the schema (see lock.c): that nothing is in the way of tables and indexes, or
 * may be dropped for them, and that the caller may do all that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "seed/lock.h"
#include "seed/prepare.h"
#include "seed/types.h"
#include "server/run.h"

/*
 * May the caller create tables in the schema, or the schema itself?  The
 * result is the schema, or InvalidOid if there is none.  Raises
 * insufficient_privilege.
 */
static Oid
check_schema(SpindleSeed *seed)
{
	Oid			schema = get_namespace_oid(seed->options->schema, true);
	AclResult	result;

	seed->schema_is_missing = !OidIsValid(schema);
	if (OidIsValid(schema))
	{
		result = object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_CREATE);
		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_SCHEMA, seed->options->schema);
		return schema;
	}
	result = object_aclcheck(DatabaseRelationId, MyDatabaseId, GetUserId(), ACL_CREATE);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_DATABASE, get_database_name(MyDatabaseId));
	return InvalidOid;
}

/*
 * A relation is where a table is to be: refuse, note it down, or skip.  Raises
 * duplicate_table, wrong_object_type or insufficient_privilege.
 */
static void
check_existing_table(SpindleSeed *seed, int table, Oid relid)
{
	const char *name = seed->options->instance->domain->table[table].sql_name;
	char		kind = get_rel_relkind(relid);

	if (seed->options->if_exists == SPINDLE_IF_EXISTS_SKIP)
	{
		seed->selected[table] = false;
		return;
	}
	if (seed->options->if_exists == SPINDLE_IF_EXISTS_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists in schema \"%s\"", name, seed->options->schema),
				 errhint("Use if_exists => 'replace' to drop it first, or if_exists => 'skip' to leave it as it is.")));
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" in schema \"%s\" is not a table", name, seed->options->schema),
				 errhint("Only tables are replaced.  Drop it, or choose another schema.")));
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, name);
	seed->replaced = lappend(seed->replaced, quote_qualified_identifier(seed->options->schema, name));
}

/*
 * The names of indexes must be free, or become so with the tables replaced.
 * replaced has the OIDs of these tables.  Raises duplicate_table.
 */
static void
check_index_names(const SpindleSeed *seed, Oid schema, const List *replaced)
{
	const SpindleDomain *domain = seed->options->instance->domain;

	for (int t = 0; t < domain->ntables; t++)
		for (int i = 0; seed->selected[t] && i < seed->ddl->nindexes[t]; i++)
		{
			const char *name = seed->ddl->index[t][i].name;
			bool		is_key = seed->ddl->index[t][i].kind != SPINDLE_INDEX_PLAIN;
			Oid			relid;

			if (!(is_key ? seed->options->with_keys : seed->options->with_indexes))
				continue;
			relid = get_relname_relid(name, schema);
			if (OidIsValid(relid) && !list_member_oid(replaced, IndexGetRelation(relid, true)))
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_TABLE),
						 errmsg("relation \"%s\" already exists in schema \"%s\"", name, seed->options->schema),
						 errdetail("An index of table \"%s\" is to have this name.", domain->table[t].sql_name)));
		}
}

/*
 * Check what is in the schema; afterwards the tables to make are known.
 * schema is InvalidOid if there is none, and then nothing can be in the way.
 */
static void
check_existing(SpindleSeed *seed, Oid schema)
{
	const SpindleDomain *domain = seed->options->instance->domain;
	List	   *replaced = NIL;

	for (int t = 0; t < domain->ntables; t++)
	{
		Oid			relid = OidIsValid(schema) && seed->selected[t] ?
		get_relname_relid(domain->table[t].sql_name, schema) : InvalidOid;

		if (OidIsValid(relid))
		{
			check_existing_table(seed, t, relid);
			replaced = lappend_oid(replaced, relid);
		}
		seed->ntables += seed->selected[t];
	}
	if (OidIsValid(schema))
		check_index_names(seed, schema, seed->options->if_exists == SPINDLE_IF_EXISTS_REPLACE ? replaced : NIL);
}

/*
 * Lock the schema against other seedings; the result is the schema, if there is
 * one.  While we waited the schema may have been made, dropped, or granted to
 * others, so we look again until nothing has changed.
 */
static Oid
lock_schema(SpindleSeed *seed)
{
	Oid			schema = check_schema(seed);
	Oid			locked;

	do
	{
		locked = schema;
		spindle_seed_lock(locked, seed->options->schema);
		schema = check_schema(seed);
	} while (schema != locked);
	return schema;
}

/*
 * spindle_seed_prepare
 *		Lock the schema against other seedings, and check what is there; nothing
 *		is changed.
 *
 * options are kept, all else is allocated in the current memory context.  Waits
 * for other seedings of the schema; raises an error if tables cannot be made as
 * the options want it.
 *
 * The errors are insufficient_privilege, duplicate_table, wrong_object_type, and
 * what spindle_seed_check_types() raises.
 */
SpindleSeed *
spindle_seed_prepare(const SpindleSeedOptions *options)
{
	const SpindleDomain *domain = options->instance->domain;
	SpindleSeed *seed = palloc0(sizeof(SpindleSeed));
	Oid			schema;

	seed->options = options;
	seed->selected = palloc(sizeof(bool) * domain->ntables);
	memcpy(seed->selected, options->selected, sizeof(bool) * domain->ntables);
	seed->ddl = spindle_ddl_create(domain, options->schema, seed->selected, options->is_logged);
	seed->ddl->is_run = true;
	schema = lock_schema(seed);
	check_existing(seed, schema);
	spindle_seed_check_types(seed, schema);
	return seed;
}

/*
 * spindle_seed_make_schema
 *		Make the schema if it is missing.  The caller is connected to SPI.
 */
void
spindle_seed_make_schema(const SpindleSeed *seed)
{
	if (seed->schema_is_missing)
		spindle_run(psprintf("CREATE SCHEMA %s", quote_identifier(seed->options->schema)));
}

/*
 * spindle_seed_drop_replaced
 *		Drop the tables to replace, all at once as they refer to each other.
 *
 * Raises dependent_objects_still_exist if others depend on them.  The caller
 * is connected to SPI.
 */
void
spindle_seed_drop_replaced(SpindleSeed *seed)
{
	StringInfoData buf;
	ListCell   *lc;

	if (seed->replaced == NIL)
		return;
	initStringInfo(&buf);
	appendStringInfoString(&buf, "DROP TABLE ");
	foreach(lc, seed->replaced)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) ? ", " : "", (char *) lfirst(lc));
	spindle_run(buf.data);
}
