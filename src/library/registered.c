/*-------------------------------------------------------------------------
 *
 * registered.c
 *		Domains and data sets that are registered in the database: reading.
 *
 * They are rows of two tables of the extension, which is looked up by its name
 * and knows its tables, so neither search_path nor the schema that it was
 * created in matters.
 *
 * They are read as the server reads its catalogue: the latest committed version,
 * or that of the own transaction.  Whoever changes a row sends an invalidation
 * of its table, as if the table itself had been altered.  It reaches all
 * sessions when the change commits, and the own one with the next command or a
 * rollback.  What sessions do about it is to count: models remember the count at
 * which they were last compared with the tables, and plans are made anew.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

#include "library/registered.h"
#include "spindle.h"

static const char *const table_name[SPINDLE_NUM_LIBRARY_KINDS] = {
	[SPINDLE_LIBRARY_DOMAIN] = "spindle_domain",
	[SPINDLE_LIBRARY_DATA_SET] = "spindle_data_set",
};

/* The tables of the extension; InvalidOid as long as they are not known. */
static Oid	table_oid[SPINDLE_NUM_LIBRARY_KINDS];

/* How often they may have changed. */
static uint64 generation = 0;

/* What all look-ups see for a while; NULL if each sees the newest. */
static Snapshot fixed = NULL;

/*
 * Callback of the relation cache: a relation has changed, or all may have if
 * relid is InvalidOid.  Nothing may be looked up here.
 *
 * Plans know relations and functions, and not that a foreign table depends on
 * a row somewhere, so all plans of the session are made anew.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	bool		is_ours = relid == InvalidOid;

	for (int kind = 0; kind < SPINDLE_NUM_LIBRARY_KINDS; kind++)
		is_ours |= relid == table_oid[kind];
	if (!is_ours)
		return;
	memset(table_oid, 0, sizeof(table_oid));
	generation++;
	ResetPlanCache();
}

/*
 * Look up the extension: its owner and, in table_oid, its tables.  False if it
 * is not in this database.  One of the first version has no tables.
 */
static bool
find_extension(Oid *owner)
{
	static bool is_watching = false;
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	if (!is_watching)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	is_watching = true;

	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(SPINDLE_EXTENSION_NAME));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		bool		is_null;
		Datum		tables = heap_getattr(tuple, Anum_pg_extension_extconfig, RelationGetDescr(catalog), &is_null);
		Datum	   *oids = NULL;
		int			n = 0;

		*owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
		if (!is_null)
			deconstruct_array(DatumGetArrayTypeP(tables), OIDOID, sizeof(Oid), true, TYPALIGN_INT, &oids, NULL, &n);
		for (int i = 0; i < n; i++)
		{
			char	   *name = get_rel_name(DatumGetObjectId(oids[i]));

			for (int kind = 0; name && kind < SPINDLE_NUM_LIBRARY_KINDS; kind++)
				if (strcmp(name, table_name[kind]) == 0)
					table_oid[kind] = DatumGetObjectId(oids[i]);
		}
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/*
 * spindle_registered_open
 *		Open and lock the table of a kind; NULL if there is none, as the extension is
 *		not in this database or is of its first version.
 */
Relation
spindle_registered_open(SpindleLibraryKind kind, LOCKMODE lockmode)
{
	Oid			owner;

	if (!OidIsValid(table_oid[kind]) && (!find_extension(&owner) || !OidIsValid(table_oid[kind])))
		return NULL;
	return try_table_open(table_oid[kind], lockmode);
}

/*
 * spindle_registered_extension_owner
 *		The role that owns the extension; InvalidOid without it.
 */
Oid
spindle_registered_extension_owner(void)
{
	Oid			owner;

	return find_extension(&owner) ? owner : InvalidOid;
}

/*
 * spindle_registered_generation
 *		A number that is another one when something may have been registered,
 *		replaced or dropped, in any session.
 *
 * It must be asked for before the tables are looked at: what is found then is at
 * least as new.  Costs next to nothing, unless other sessions have news of some
 * kind.
 */
uint64
spindle_registered_generation(void)
{
	AcceptInvalidationMessages();
	return generation;
}

/*
 * spindle_registered_fix
 *		Let look-ups see the same, which is the newest now, until
 *		spindle_registered_unfix(): so a domain is read with data sets that were
 *		committed with it.
 *
 * The caller undoes it after errors, too, some of which do not end a transaction.
 */
void
spindle_registered_fix(void)
{
	Assert(fixed == NULL);
	InvalidateCatalogSnapshot();
	fixed = RegisterSnapshot(GetCatalogSnapshot(ExtensionRelationId));
}

/* Let look-ups see the newest again. */
void
spindle_registered_unfix(void)
{
	Snapshot	snapshot = fixed;

	fixed = NULL;
	UnregisterSnapshot(snapshot);
}

/*
 * Tells a version of a row from all others: a version of another transaction or
 * command has another place in the table as long as this one may be needed, or
 * another transaction's number.
 */
static uint64
stamp_of_tuple(Oid table, HeapTuple tuple)
{
	uint64		stamp = hash_bytes_uint32_extended(table, 1);

	stamp = hash_combine64(stamp, HeapTupleHeaderGetRawXmin(tuple->t_data));
	stamp = hash_combine64(stamp, ItemPointerGetBlockNumber(&tuple->t_self));
	return hash_combine64(stamp, ItemPointerGetOffsetNumber(&tuple->t_self));
}

/*
 * spindle_registered_find
 *		Look up one by its name; false if there is none.
 *
 * The table has an index on names, so this costs the same with any number of
 * rows.  The text is read if it is asked for.
 */
bool
spindle_registered_find(SpindleLibraryKind kind, const char *name, bool with_text, SpindleRegistered *found)
{
	Relation	table;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			index;
	NameData	name_key;

	if (strlen(name) >= NAMEDATALEN || (table = spindle_registered_open(kind, AccessShareLock)) == NULL)
		return false;

	/* most databases have none: their index, which may not have been read yet, is not needed */
	if (RelationGetNumberOfBlocks(table) == 0)
	{
		table_close(table, AccessShareLock);
		return false;
	}
	namestrcpy(&name_key, name);
	ScanKeyInit(&key, SPINDLE_REGISTERED_NAME, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&name_key));

	/* that of the primary key */
	index = RelationGetReplicaIndex(table);
	scan = systable_beginscan(table, index, OidIsValid(index), fixed, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(table);
		bool		is_null;

		memset(found, 0, sizeof(*found));
		found->owner = DatumGetObjectId(heap_getattr(tuple, SPINDLE_REGISTERED_OWNER, desc, &is_null));
		found->stamp = stamp_of_tuple(RelationGetRelid(table), tuple);
		found->place = tuple->t_self;
		if (with_text)
		{
			Datum		definition = heap_getattr(tuple, SPINDLE_REGISTERED_DEFINITION, desc, &is_null);

			/* which only a superuser can make null, who altered the table */
			found->text = is_null ? pstrdup("") : TextDatumGetCString(definition);
		}
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	if (!HeapTupleIsValid(tuple))
		return false;

	/* with nothing open, as spindle_domains() goes on after an error of this */
	if (with_text)
	{
		found->text = pg_server_to_any(found->text, (int) strlen(found->text), PG_UTF8);
		found->len = (int) strlen(found->text);
	}
	return true;
}

/*
 * Does the array of names of a domain's row have one?  Its elements are not null
 * in rows of ours; those that are count for nothing.
 */
static bool
array_has_name(Datum array, const char *name)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i] && strcmp(NameStr(*DatumGetName(names[i])), name) == 0)
			return true;
	return false;
}

/*
 * The names in a table, as palloc'd strings in no order; of domains that use a
 * data set, if one is given.
 */
static List *
scan_names(SpindleLibraryKind kind, const char *data_set)
{
	Relation	table = spindle_registered_open(kind, AccessShareLock);
	List	   *names = NIL;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (table == NULL)
		return NIL;
	scan = systable_beginscan(table, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(table);
		bool		is_null;

		if (data_set)
		{
			Datum		data_sets = heap_getattr(tuple, SPINDLE_REGISTERED_DATA_SETS, desc, &is_null);

			if (is_null || !array_has_name(data_sets, data_set))
				continue;
		}
		names = lappend(names, pstrdup(NameStr(*DatumGetName(heap_getattr(tuple, SPINDLE_REGISTERED_NAME, desc, &is_null)))));
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	return names;
}

/*
 * spindle_registered_names
 *		The names of all that are registered, as palloc'd strings in no order.
 */
List *
spindle_registered_names(SpindleLibraryKind kind)
{
	return scan_names(kind, NULL);
}

/*
 * spindle_registered_users
 *		The names of registered domains that use a data set, registered or not, in
 *		no order.
 */
List *
spindle_registered_users(const char *data_set)
{
	return scan_names(SPINDLE_LIBRARY_DOMAIN, data_set);
}
