/*-------------------------------------------------------------------------
 *
 * seed_cleanup.c
 *		Dropping what a seeding by workers leaves when it fails.
 *
 * Tables that have been committed but not yet given their names are dropped by
 * the leader when something goes wrong.  When the server crashes, nobody can do
 * that; the next seeding of the schema does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "api/seed.h"
#include "api/seed_parallel.h"

/* Does anything live in a schema? */
static bool
is_empty_schema(Oid schema)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	bool		is_empty;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, key);
	is_empty = !HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return is_empty;
}

/*
 * spindle_seed_drop_tables
 *		Drop what workers have committed under provisional names, and the
 *		schema if it was made for them, holds nothing else and is not in use.
 *
 * Neither checks privileges nor runs SQL, as it is needed when a session ends.
 */
void
spindle_seed_drop_tables(const SpindleSeedShared *shared, bool has_made_schema)
{
	ObjectAddresses *objects = new_object_addresses();
	Oid			schema = get_namespace_oid(shared->schema, true);
	bool		found = false;

	PushActiveSnapshot(GetTransactionSnapshot());
	for (int i = 0; i < shared->ntasks; i++)
	{
		ObjectAddress object;
		char	   *name = get_rel_name(shared->task[i].relid);

		if (name == NULL || strncmp(name, shared->staging, strlen(shared->staging)) != 0)
			continue;
		ObjectAddressSet(object, RelationRelationId, shared->task[i].relid);
		add_exact_object_address(&object, objects);
		found = true;
	}
	if (found)
		performMultipleDeletions(objects, DROP_RESTRICT, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
	CommandCounterIncrement();
	if (has_made_schema && OidIsValid(schema) && spindle_seed_lock_to_drop(schema) && is_empty_schema(schema))
	{
		ObjectAddress object;

		ObjectAddressSet(object, NamespaceRelationId, schema);
		performDeletion(&object, DROP_RESTRICT, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
	}
	PopActiveSnapshot();
}

/*
 * spindle_seed_drop_leftovers
 *		Drop tables that a seeding by workers has left in the schema when the
 *		server crashed: those with our names and comment whose session is no
 *		more.
 *
 * Only the user's own: with those of others, who can name and comment on a table
 * as they like and hold locks on it, they could stop a superuser.
 */
void
spindle_seed_drop_leftovers(const SpindleSeed *seed)
{
	StringInfoData buf;

	if (seed->schema_is_missing)
		return;
	SPI_execute(psprintf("SELECT pg_catalog.format('%%I.%%I', %s, c.relname) FROM pg_catalog.pg_class c"
						 " WHERE c.relnamespace OPERATOR(pg_catalog.=) %u AND c.relkind OPERATOR(pg_catalog.=) 'r'"
						 " AND c.relname OPERATOR(pg_catalog.~) '^" SPINDLE_SEED_STAGING "[0-9]+_[0-9]+_[0-9]+$'"
						 " AND pg_catalog.obj_description(c.oid, 'pg_class') OPERATOR(pg_catalog.=) %s"
						 " AND c.relowner OPERATOR(pg_catalog.=) %u"
						 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity(NULL) a"
						 " WHERE a.pid OPERATOR(pg_catalog.<>) %d"
						 " AND a.pid::pg_catalog.text OPERATOR(pg_catalog.=) pg_catalog.split_part(c.relname::pg_catalog.text, '_', 3))",
						 quote_literal_cstr(seed->schema), get_namespace_oid(seed->schema, false),
						 quote_literal_cstr(SPINDLE_SEED_COMMENT), GetUserId(), MyProcPid), true, 0);
	if (SPI_processed == 0)
		return;
	initStringInfo(&buf);
	for (uint64 i = 0; i < SPI_processed; i++)
		appendStringInfo(&buf, "%s%s", i ? ", " : "DROP TABLE ",
						 SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	ereport(NOTICE,
			(errmsg("dropping tables that an interrupted call of spindle_seed has left behind")));
	spindle_seed_run(buf.data);
}
