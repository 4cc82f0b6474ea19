/*-------------------------------------------------------------------------
 *
 * types.c
 *		Types that a definition declares, or names, for a seeding.
 *
 * Before anything is made, all types must be there or can be made.  Those of the
 * section "types" are matched by name with what the schema has, and made if it
 * has none; they stay when tables are replaced, as others may use them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "library/source.h"
#include "seed/types.h"
#include "server/run.h"

/* The type of a schema that has a name, or InvalidOid. */
static Oid
type_of_schema(Oid schema, const char *name)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name), ObjectIdGetDatum(schema));
}

/*
 * Is a type that exists what the definition declares?  An enum may have more
 * labels; of a domain only that it is one is looked at.
 */
static bool
is_as_declared(Oid type, const SpindleUserType *declared)
{
	if (declared->base)
		return get_typtype(type) == TYPTYPE_DOMAIN;
	if (get_typtype(type) != TYPTYPE_ENUM)
		return false;
	for (int i = 0; i < declared->nlabels; i++)
	{
		char	   *label = pg_any_to_server(declared->label[i], (int) strlen(declared->label[i]), PG_UTF8);

		if (!SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type), CStringGetDatum(label)))
			return false;
	}
	return true;
}

/*
 * Raise insufficient_privilege if a domain type of a schema is that of somebody
 * who may just make things there: its checks would run with the rights of the
 * user, who has not chosen it.  Superusers and the schema's owner are trusted.
 */
static void
check_type_owner(Oid type, Oid schema, const char *name, const char *schema_name)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	if (owner != GetUserId() && owner != ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner && !superuser_arg(owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("type \"%s\" of schema \"%s\" belongs to role \"%s\"", name, schema_name,
						GetUserNameFromId(owner, false)),
				 errdetail("It is a domain, whose checks would run with your rights."),
				 errhint("Make the type yours, rename or drop it, or seed another schema.")));
	ReleaseSysCache(tuple);
}

/*
 * spindle_seed_check_types
 *		Note which types are to be made in a schema, which is InvalidOid if it is
 *		missing; nothing is changed.
 *
 * Raises undefined_object for a type that columns need and that does not exist, and
 * duplicate_object if the schema has one that is not what the definition
 * declares, and insufficient_privilege for one of an untrusted owner.
 */
void
spindle_seed_check_types(SpindleSeed *seed, Oid schema)
{
	const SpindleDomain *domain = seed->options->instance->domain;
	Oid			type;
	int32		typmod;

	for (int t = 0; t < domain->ntables; t++)
		for (int c = 0; seed->selected[t] && c < domain->table[t].ncolumns; c++)
		{
			const SpindleColumn *column = &domain->table[t].column[c];

			if (!column->hidden && column->type.sql_type && column->type.user_type == NULL)
				spindle_source_require_type(&domain->table[t], column, &type, &typmod);
		}
	for (int t = 0; t < domain->ntypes; t++)
	{
		const SpindleUserType *declared = &domain->type[t];

		if (!spindle_ddl_needs_type(seed->ddl, t))
			continue;
		type = OidIsValid(schema) ? type_of_schema(schema, declared->name) : InvalidOid;
		if (!OidIsValid(type))
		{
			if (declared->base && !spindle_find_type(declared->base, &type, &typmod))
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_OBJECT),
						 errmsg("type \"%s\" does not exist", declared->base),
						 errdetail("The domain type \"%s\" is based on it.", declared->name),
						 errhint("Create the extension or the type that has it, or put its schema into search_path.")));
			seed->new_types = lappend_int(seed->new_types, t);
		}
		else if (!is_as_declared(type, declared))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("type \"%s\" already exists in schema \"%s\"", declared->name, seed->options->schema),
					 errdetail(declared->base ? "It is no domain." : "It is no enum with all labels of the definition."),
					 errhint("Rename or drop it, or seed another schema.")));
		else if (declared->base)
			check_type_owner(type, schema, declared->name, seed->options->schema);
	}
}

/*
 * Raise invalid_object_definition if the check of a domain that has just been made
 * asks for more than the value that it is given.
 *
 * The server's own schema has functions that run statements or read tables and
 * files, which whoever wrote the definition would have run by whoever seeds.  None
 * of them is immutable.
 */
static void
refuse_mutable_check(Oid type, const SpindleUserType *declared)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_constraint_contypid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(constraints, ConstraintTypidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		is_null;
		Datum		check = heap_getattr(tuple, Anum_pg_constraint_conbin, RelationGetDescr(constraints), &is_null);

		if (!is_null && contain_mutable_functions(stringToNode(TextDatumGetCString(check))))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("the check of type \"%s\" does not depend on the value alone", declared->name),
					 errdetail("It is: %s", pg_any_to_server(declared->check, (int) strlen(declared->check), PG_UTF8)),
					 errhint("Use functions, operators and casts that are immutable only.")));
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
}

/*
 * spindle_seed_make_types
 *		Make the types that are missing; the result is a list of them.
 *
 * What a check calls is looked up in the server's own schema only: whoever wrote the
 * definition cannot put functions of his own there.  The caller is connected to
 * SPI, and the schema exists.  Raises invalid_object_definition for a check that
 * calls what is not immutable.
 */
List *
spindle_seed_make_types(const SpindleSeed *seed, Oid schema)
{
	List	   *made = NIL;
	ListCell   *lc;

	foreach(lc, seed->new_types)
	{
		const SpindleUserType *declared = &seed->options->instance->domain->type[lfirst_int(lc)];
		char	   *statement = spindle_ddl_type(seed->ddl, lfirst_int(lc));
		int			level = NewGUCNestLevel();
		Oid			type;

		(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
		spindle_run(statement);
		AtEOXact_GUC(true, level);
		type = type_of_schema(schema, declared->name);
		if (declared->check && OidIsValid(type))
			refuse_mutable_check(type, declared);
		made = lappend_oid(made, type);
	}
	return made;
}
