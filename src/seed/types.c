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

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "parser/parse_type.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
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
 * spindle_seed_check_types
 *		Note which types are to be made in a schema, which is InvalidOid if it is
 *		missing; nothing is changed.
 *
 * Raises undefined_object for a type that columns need and that does not exist, and
 * duplicate_object if the schema has one that is not what the definition
 * declares.
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
	}
}

/*
 * spindle_seed_make_types
 *		Make the types that are missing; the result is a list of them.
 *
 * What a check calls is looked up in the server's own schema only: whoever wrote the
 * definition cannot put functions of his own there.  The caller is connected to
 * SPI, and the schema exists.
 */
List *
spindle_seed_make_types(const SpindleSeed *seed, Oid schema)
{
	List	   *made = NIL;
	ListCell   *lc;

	foreach(lc, seed->new_types)
	{
		char	   *statement = spindle_ddl_type(seed->ddl, lfirst_int(lc));
		int			level = NewGUCNestLevel();

		(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
		spindle_run(statement);
		AtEOXact_GUC(true, level);
		made = lappend_oid(made, type_of_schema(schema, seed->options->instance->domain->type[lfirst_int(lc)].name));
	}
	return made;
}
