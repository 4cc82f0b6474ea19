/*-------------------------------------------------------------------------
 *
 * register.c
 *		Registering domains and data sets in the database.
 *
 * Rows are written here and not by statements, as the server writes its
 * catalogue.  So nobody needs a privilege on the tables, on which there is no more
 * than that of the extension's owner for the sake of a restore; who may replace
 * and drop is asked here, and who may register at all is said by the privilege to
 * execute the functions.  With row-level security in place of this, pg_dump would
 * stop for all but superusers, and a restore would as well, since COPY FROM does
 * not do it; and who may update a table may lock it for everybody.
 *
 * A name is locked until the end of the transaction that changes what has it.  A
 * domain that is registered also locks, weakly, the names of the data sets that
 * it uses, so none of them can go before the transaction is visible.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "compat.h"
#include "library/files.h"
#include "library/library.h"
#include "library/parts.h"
#include "library/register.h"
#include "library/registered.h"

/*
 * Lock a name until the end of the transaction, whether something has it or not.
 * Names of the same hash share a lock, which does no harm.  Afterwards the newest
 * row is found.
 */
static void
lock_name(Oid table, const char *name, LOCKMODE lockmode)
{
	LockDatabaseObject(table, hash_bytes((const unsigned char *) name, (int) strlen(name)), 0, lockmode);
}

/* Raise invalid_name for a name that neither a domain nor a data set can have. */
static void
check_name(SpindleLibraryKind kind, const char *name)
{
	if (!spindle_is_library_name(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name of a %s: \"%s\"", spindle_library_kind_word(kind), name),
				 errhint("Names have 1 to %d lower-case letters, digits and underscores.", NAMEDATALEN - 1)));
}

/* Is there a file of this name? */
static bool
is_installed(SpindleLibraryKind kind, const char *name)
{
	uint64		stamp;

	return spindle_file_find(kind, name, &stamp) != NULL;
}

/*
 * Raise insufficient_privilege if the user is neither the owner of what is
 * registered, nor that of the extension, nor a member of one of them.
 */
static void
check_owner(SpindleLibraryKind kind, const char *name, Oid owner)
{
	if (!has_privs_of_role(GetUserId(), owner) && !has_privs_of_role(GetUserId(), spindle_registered_extension_owner()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of %s \"%s\"", spindle_library_kind_word(kind), name)));
}

/*
 * Raise object_not_in_prerequisite_state if a table is not as the extension has made
 * it, which only superusers can change.  Rows are formed and indexed as those of the
 * catalogue, which has no other columns, nor expressions in indexes.
 */
static void
check_table(SpindleLibraryKind kind, Relation table)
{
	TupleDesc	desc = RelationGetDescr(table);
	bool		is_ours = desc->natts == (kind == SPINDLE_LIBRARY_DOMAIN ? SPINDLE_REGISTERED_DATA_SETS :
										  SPINDLE_REGISTERED_DEFINITION);
	ListCell   *lc;

	for (int i = 0; i < desc->natts; i++)
		is_ours = is_ours && TupleDescAttr(desc, i)->attnotnull;
	is_ours = is_ours && TupleDescAttr(desc, SPINDLE_REGISTERED_DEFINITION - 1)->atttypid == JSONOID;
	foreach(lc, RelationGetIndexList(table))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		is_ours = is_ours && RelationGetIndexExpressions(index) == NIL && RelationGetIndexPredicate(index) == NIL;
		index_close(index, AccessShareLock);
	}
	if (!is_ours)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not as the extension has made it", RelationGetRelationName(table)),
				 errhint("Drop columns and indexes that have been added, and undo other changes.")));
}

/*
 * Open the table of a kind for a change.  Raises undefined_table if the extension
 * has none, as before its upgrade, and what check_table() does.
 */
static Relation
open_table(SpindleLibraryKind kind)
{
	Relation	table = spindle_registered_open(kind, RowExclusiveLock);

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the extension has no table of registered domains in this database"),
				 errhint("Run ALTER EXTENSION spindle UPDATE, or create the extension anew.")));
	check_table(kind, table);
	return table;
}

/*
 * A row has changed: let sessions know when the transaction commits, and the own
 * one now.
 */
static void
announce(Relation table)
{
	CacheInvalidateRelcache(table);
	CommandCounterIncrement();
	table_close(table, NoLock);
}

/*
 * The text of a data set that a domain to be registered uses, locked: see
 * spindle_domain_parse().  NULL if there is none.
 */
static char *
load_locked_data_set(const char *name, int *len)
{
	SpindlePart part;
	Relation	table = open_table(SPINDLE_LIBRARY_DATA_SET);

	lock_name(RelationGetRelid(table), name, AccessShareLock);
	table_close(table, RowExclusiveLock);
	return spindle_part_load(SPINDLE_LIBRARY_DATA_SET, name, len, &part);
}

/* Says which domain's definition does not fit a data set any more. */
static void
user_context(void *name)
{
	errcontext("spindle domain \"%s\", which uses the data set", (char *) name);
}

/*
 * Raise an error if a registered domain cannot do with what a data set, which it
 * uses, has become.  There is a context that names the domain.
 */
static void
check_users(const char *data_set)
{
	ListCell   *lc;

	foreach(lc, spindle_registered_users(data_set))
	{
		char	   *name = lfirst(lc);
		SpindleRegistered user;
		ErrorContextCallback callback;

		/* it may have been dropped since */
		if (!spindle_registered_find(SPINDLE_LIBRARY_DOMAIN, name, true, &user))
			continue;
		callback.callback = user_context;
		callback.arg = name;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		spindle_library_check(SPINDLE_LIBRARY_DOMAIN, name, user.text, user.len, NULL, NULL);
		error_context_stack = callback.previous;
		pfree(user.text);
	}
}

/* Names as an array of type name[], palloc'd. */
static Datum
name_array(List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	ListCell   *lc;

	foreach(lc, names)
	{
		NameData   *name = palloc0(sizeof(NameData));

		namestrcpy(name, lfirst(lc));
		elements[foreach_current_index(lc)] = NameGetDatum(name);
	}
	return PointerGetDatum(construct_array(elements, list_length(names), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

/*
 * Write the row: in place of a version of it, or a new one if that is NULL.
 */
static void
write_row(Relation table, SpindleLibraryKind kind, const char *name, Oid owner, const char *definition, List *data_sets,
		  SpindleRegistered *present)
{
	Datum		values[SPINDLE_REGISTERED_DATA_SETS] = {0};
	bool		nulls[SPINDLE_REGISTERED_DATA_SETS] = {false};
	NameData	name_value;
	HeapTuple	tuple;

	namestrcpy(&name_value, name);
	values[SPINDLE_REGISTERED_NAME - 1] = NameGetDatum(&name_value);
	values[SPINDLE_REGISTERED_OWNER - 1] = ObjectIdGetDatum(owner);
	values[SPINDLE_REGISTERED_DEFINITION - 1] = CStringGetTextDatum(definition);
	if (kind == SPINDLE_LIBRARY_DOMAIN)
		values[SPINDLE_REGISTERED_DATA_SETS - 1] = name_array(data_sets);
	tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
	if (present)
		CatalogTupleUpdate(table, &present->place, tuple);
	else
		CatalogTupleInsert(table, tuple);
	heap_freetuple(tuple);
}

/*
 * May a name be registered, or replaced?  Raises duplicate_object or
 * insufficient_privilege.  present is what has it, or NULL; the name is locked.
 */
static void
check_may_register(SpindleLibraryKind kind, const char *name, const SpindleRegistered *present, bool replace)
{
	if (present == NULL)
	{
		if (is_installed(kind, name))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("%s \"%s\" is installed on the server", spindle_library_kind_word(kind), name),
					 errhint("Choose another name; what is in files cannot be replaced from SQL.")));
		return;
	}
	if (!replace)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("%s \"%s\" already exists", spindle_library_kind_word(kind), name),
				 errhint("Use replace => true to replace it.")));
	check_owner(kind, name, present->owner);
}

/*
 * spindle_register
 *		Register a domain or a data set, whose owner is the user, or replace its
 *		definition.
 *
 * The definition is JSON in the server's encoding, and is checked in full before
 * anything is written.  The row is written by the current transaction, and seen
 * by it at once.  Waits for other transactions that register, replace or drop
 * something of the same name.
 *
 * Raises invalid_name, duplicate_object, insufficient_privilege, what
 * spindle_library_check() does, and the same about domains that use a data set
 * which is replaced.
 */
void
spindle_register(SpindleLibraryKind kind, const char *name, const char *definition, bool replace)
{
	Relation	table;
	SpindleRegistered found;
	SpindleRegistered *present = NULL;
	List	   *data_sets = NIL;
	char	   *utf8;

	check_name(kind, name);
	table = open_table(kind);
	lock_name(RelationGetRelid(table), name, AccessExclusiveLock);
	if (spindle_registered_find(kind, name, false, &found))
		present = &found;
	check_may_register(kind, name, present, replace);
	utf8 = pg_server_to_any(definition, (int) strlen(definition), PG_UTF8);
	spindle_library_check(kind, name, utf8, (int) strlen(utf8), load_locked_data_set, &data_sets);
	write_row(table, kind, name, present ? present->owner : GetUserId(), definition, data_sets, present);
	announce(table);
	if (kind == SPINDLE_LIBRARY_DATA_SET && present)
		check_users(name);
}

/*
 * Raise an error about what cannot be dropped, as it is not registered:
 * wrong_object_type if it is a file, else undefined_object with the names there
 * are.
 */
pg_noreturn static void
report_not_registered(SpindleLibraryKind kind, const char *name)
{
	if (is_installed(kind, name))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s \"%s\" is installed on the server", spindle_library_kind_word(kind), name),
				 errhint("What is in files cannot be dropped from SQL.")));
	spindle_library_undefined(kind, name);
}

/*
 * Raise dependent_objects_still_exist if registered domains use a data set.
 */
static void
check_no_users(const char *data_set)
{
	List	   *users = spindle_sort_names(spindle_registered_users(data_set));
	StringInfoData buf;
	ListCell   *lc;

	if (users == NIL)
		return;
	initStringInfo(&buf);
	foreach(lc, users)
		appendStringInfo(&buf, "%s\"%s\"", buf.len ? ", " : "", (char *) lfirst(lc));
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop data set \"%s\" because registered domains use it", data_set),
			 errdetail("Domains: %s.", buf.data),
			 errhint("Drop these first, or replace them by definitions that do without.")));
}

/*
 * spindle_unregister
 *		Drop a domain or data set that is registered.
 *
 * Foreign tables of a domain stay, and are of no use until there is one of that
 * name again.  Waits as spindle_register() does.
 *
 * Raises undefined_object with the names there are, wrong_object_type for one that
 * is installed, insufficient_privilege, and dependent_objects_still_exist for a
 * data set that registered domains use.
 */
void
spindle_unregister(SpindleLibraryKind kind, const char *name)
{
	Relation	table = open_table(kind);
	SpindleRegistered found;

	lock_name(RelationGetRelid(table), name, AccessExclusiveLock);
	if (!spindle_registered_find(kind, name, false, &found))
		report_not_registered(kind, name);
	check_owner(kind, name, found.owner);
	if (kind == SPINDLE_LIBRARY_DATA_SET)
		check_no_users(name);
	CatalogTupleDelete(table, &found.place);
	announce(table);
}
