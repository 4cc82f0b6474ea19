/*-------------------------------------------------------------------------
 *
 * cleanup.c
 *		Dropping what a seeding by workers leaves when it fails.
 *
 * Tables that have been committed but not yet given their names are dropped by
 * the leader when something goes wrong.  When the server crashes, or others use
 * the tables, it cannot do that; the next seeding of the schema does.
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
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "seed/cleanup.h"
#include "seed/lock.h"
#include "server/run.h"

/* Does nothing live in a schema, as pg_depend has it? */
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
 * The relation that an object belongs to, or InvalidOid.  Looked through are
 * constraints, such as foreign keys, and rules, as views have them.
 */
static Oid
relation_of(const ObjectAddress *object)
{
	HeapTuple	tuple;
	Oid			relid = InvalidOid;

	if (object->classId == RelationRelationId)
		return object->objectId;
	if (object->classId == ConstraintRelationId)
	{
		tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(object->objectId));
		if (HeapTupleIsValid(tuple))
		{
			relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
			ReleaseSysCache(tuple);
		}
	}
	else if (object->classId == RewriteRelationId)
	{
		Relation	rules = table_open(RewriteRelationId, AccessShareLock);
		ScanKeyData key;
		SysScanDesc scan;

		ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object->objectId));
		scan = systable_beginscan(rules, RewriteOidIndexId, true, NULL, 1, &key);
		tuple = systable_getnext(scan);
		if (HeapTupleIsValid(tuple))
			relid = ((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class;
		systable_endscan(scan);
		table_close(rules, AccessShareLock);
	}
	return relid;
}

/*
 * Lock relations to drop, and all that go with them: indexes, TOAST tables,
 * what an event trigger may have made on them.  Does not wait; the result says
 * whether all locks could be had.  locked is what the caller holds locks on,
 * and grows.  Those that were had stay locked until the transaction ends.
 */
static bool
lock_with_dependents(List *locked)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	bool		is_locked = true;

	for (int i = 0; i < list_length(locked) && is_locked; i++)
	{
		ScanKeyData key[2];
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(RelationRelationId));
		ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(list_nth_oid(locked, i)));
		scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, key);
		while (is_locked && HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			Form_pg_depend entry = (Form_pg_depend) GETSTRUCT(tuple);
			ObjectAddress object = {.classId = entry->classid,.objectId = entry->objid};
			Oid			relid = relation_of(&object);

			if (!OidIsValid(relid) || list_member_oid(locked, relid))
				continue;
			is_locked = ConditionalLockRelationOid(relid, AccessExclusiveLock);
			locked = lappend_oid(locked, relid);
		}
		systable_endscan(scan);
	}
	table_close(depend, AccessShareLock);
	return is_locked;
}

/*
 * Drop the tables, with what depends on them; false if one of them is in use.
 * Tables that have got another name than a provisional one are not touched:
 * they are complete, or somebody else's by now.
 */
static bool
drop_tables(const SpindleSeedShared *shared)
{
	ObjectAddresses *objects = new_object_addresses();
	List	   *locked = NIL;

	for (int i = 0; i < shared->ntasks; i++)
	{
		Oid			relid = shared->task[i].relid;
		ObjectAddress object;
		char	   *name;

		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
			continue;
		if (!ConditionalLockRelationOid(relid, AccessExclusiveLock))
			return false;
		name = get_rel_name(relid);
		if (name == NULL || strncmp(name, shared->staging, strlen(shared->staging)) != 0)
			continue;
		ObjectAddressSet(object, RelationRelationId, relid);
		add_exact_object_address(&object, objects);
		locked = lappend_oid(locked, relid);
	}
	if (locked == NIL)
		return true;
	if (!lock_with_dependents(locked))
		return false;
	performMultipleDeletions(objects, DROP_CASCADE, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
	CommandCounterIncrement();
	return true;
}

/* Does anything need an object, other than parts of it, as pg_depend has it? */
static bool
is_needed(Oid class, Oid object)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		is_needed = false;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(class));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, key);
	while (!is_needed && HeapTupleIsValid(tuple = systable_getnext(scan)))
		is_needed = ((Form_pg_depend) GETSTRUCT(tuple))->deptype == DEPENDENCY_NORMAL;
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return is_needed;
}

/* Drop types that were made for the tables, but for those that others have come to use. */
static void
drop_types(const List *types)
{
	ListCell   *lc;

	foreach(lc, types)
	{
		Oid			type = lfirst_oid(lc);
		Oid			array = get_array_type(type);
		ObjectAddress object;

		if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)) || is_needed(TypeRelationId, type) ||
			(OidIsValid(array) && is_needed(TypeRelationId, array)))
			continue;
		ObjectAddressSet(object, TypeRelationId, type);
		performDeletion(&object, DROP_RESTRICT, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
		CommandCounterIncrement();
	}
}

/*
 * Drop a schema that was made for the tables, unless it is in use.  It is not
 * dropped if anything lives in it.
 */
static void
drop_schema(const SpindleSeedShared *shared)
{
	Oid			schema = get_namespace_oid(shared->schema, true);
	ObjectAddress object;

	if (!OidIsValid(schema) || !spindle_seed_lock_to_drop(schema) || !is_empty_schema(schema))
		return;
	ObjectAddressSet(object, NamespaceRelationId, schema);
	performDeletion(&object, DROP_RESTRICT, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
}

/*
 * spindle_seed_drop_tables
 *		Drop what workers have committed under provisional names, types that were
 *		made for it, and the schema if it was made for them, holds nothing else and is not in use.
 *
 * Neither checks privileges nor runs SQL, as it is needed when a session ends.
 * The caller cannot be interrupted, so this waits for nobody: if others have locks
 * on the tables, or if something else goes wrong, tables are left to the next
 * seeding, and a warning says so.
 *
 * Must be called in a transaction; runs in a subtransaction of its own, so
 * errors become the warning.
 */
void
spindle_seed_drop_tables(const SpindleSeedShared *shared, const List *types, bool has_made_schema)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool is_done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		is_done = drop_tables(shared);
		if (is_done)
			drop_types(types);
		if (is_done && has_made_schema)
			drop_schema(shared);
		PopActiveSnapshot();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		is_done = false;
	}
	PG_END_TRY();
	if (is_done)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (!is_done)
		ereport(WARNING,
				(errcode(error ? error->sqlerrcode : ERRCODE_OBJECT_IN_USE),
				 errmsg("could not drop the incomplete tables \"%s_*\" in schema \"%s\"", shared->staging, shared->schema),
				 error ? errdetail_internal("%s", error->message) : errdetail("Other sessions use them."),
				 errhint("The next call of spindle_seed for this schema, by this session or after its end, drops them.")));
}

/*
 * spindle_seed_drop_leftovers
 *		Drop tables that a seeding by workers has left in a schema when the
 *		server crashed: those with our names and comment whose session is no
 *		more.
 *
 * The schema exists, and the caller is connected to SPI.
 *
 * Only the user's own: with those of others, who can name and comment on a table
 * as they like and hold locks on it, they could stop a superuser.
 *
 * The caller is connected to SPI and has the lock of the schema, which must
 * exist.  A notice tells of what is dropped.  Waits for locks that others have
 * on the tables.
 */
void
spindle_seed_drop_leftovers(const char *schema)
{
	StringInfoData buf;

	SPI_execute(psprintf("SELECT pg_catalog.format('%%I.%%I', %s, c.relname) FROM pg_catalog.pg_class c"
						 " WHERE c.relnamespace OPERATOR(pg_catalog.=) %u AND c.relkind OPERATOR(pg_catalog.=) 'r'"
						 " AND c.relname OPERATOR(pg_catalog.~) '^" SPINDLE_SEED_STAGING "[0-9]+_[0-9]+_[0-9]+$'"
						 " AND pg_catalog.obj_description(c.oid, 'pg_class') OPERATOR(pg_catalog.=) %s"
						 " AND c.relowner OPERATOR(pg_catalog.=) %u"
						 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity(NULL) a"
						 " WHERE a.pid OPERATOR(pg_catalog.<>) %d"
						 " AND a.pid::pg_catalog.text OPERATOR(pg_catalog.=) pg_catalog.split_part(c.relname::pg_catalog.text, '_', 3))",
						 quote_literal_cstr(schema), get_namespace_oid(schema, false),
						 quote_literal_cstr(SPINDLE_SEED_COMMENT), GetUserId(), MyProcPid), true, 0);
	if (SPI_processed == 0)
		return;
	initStringInfo(&buf);
	for (uint64 i = 0; i < SPI_processed; i++)
		appendStringInfo(&buf, "%s%s", i ? ", " : "DROP TABLE ",
						 SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	ereport(NOTICE,
			(errmsg("dropping tables that an interrupted call of spindle_seed has left behind")));

	/* what event triggers made of them goes too, as when the cleanup succeeds */
	appendStringInfoString(&buf, " CASCADE");
	spindle_run(buf.data);
}
