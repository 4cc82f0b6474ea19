/*-------------------------------------------------------------------------
 *
 * registry.c
 *		SQL functions about domains and data sets that are registered in the
 *		database, and about the text of definitions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "api/args.h"
#include "json/merge.h"
#include "library/library.h"
#include "library/register.h"

PG_FUNCTION_INFO_V1(spindle_create_domain);
PG_FUNCTION_INFO_V1(spindle_drop_domain);
PG_FUNCTION_INFO_V1(spindle_domain_definition);
PG_FUNCTION_INFO_V1(spindle_create_data_set);
PG_FUNCTION_INFO_V1(spindle_drop_data_set);
PG_FUNCTION_INFO_V1(spindle_data_set_definition);
PG_FUNCTION_INFO_V1(spindle_merge);
PG_FUNCTION_INFO_V1(spindle_registry_changed);
PG_FUNCTION_INFO_V1(spindle_owner_in);

/*
 * Refuse a change where the server refuses one, as of a catalogue; function is
 * what is called.
 */
static void
prevent_change(const char *function)
{
	PreventCommandDuringRecovery(function);
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
}

/*
 * spindle_create_domain(name, definition, replace)
 *		Register a domain; errors are those of spindle_register().
 */
Datum
spindle_create_domain(PG_FUNCTION_ARGS)
{
	prevent_change("spindle_create_domain()");
	spindle_register(SPINDLE_LIBRARY_DOMAIN, spindle_arg_text(fcinfo, 0, "name"), spindle_arg_text(fcinfo, 1, "definition"),
					 spindle_arg_bool(fcinfo, 2, "replace"));
	PG_RETURN_VOID();
}

/*
 * spindle_drop_domain(name)
 *		Drop one that is registered; errors are those of spindle_unregister().
 */
Datum
spindle_drop_domain(PG_FUNCTION_ARGS)
{
	prevent_change("spindle_drop_domain()");
	spindle_unregister(SPINDLE_LIBRARY_DOMAIN, spindle_arg_text(fcinfo, 0, "name"));
	PG_RETURN_VOID();
}

/*
 * spindle_create_data_set(name, definition, replace, query)
 *		Register a data set, from its definition or from the rows of a query.
 *
 * Just one of both is not null; else raises invalid_parameter_value.
 */
Datum
spindle_create_data_set(PG_FUNCTION_ARGS)
{
	char	   *name;
	bool		replace;

	prevent_change("spindle_create_data_set()");
	name = spindle_arg_text(fcinfo, 0, "name");
	replace = spindle_arg_bool(fcinfo, 2, "replace");
	if (PG_ARGISNULL(1) == PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a data set needs either a definition or a query"),
				 errhint("Write spindle_create_data_set(name, definition) or spindle_create_data_set(name, query => 'SELECT …').")));
	spindle_register(SPINDLE_LIBRARY_DATA_SET, name,
					 PG_ARGISNULL(1) ? spindle_data_set_of_query(spindle_arg_text(fcinfo, 3, "query")) :
					 spindle_arg_text(fcinfo, 1, "definition"), replace);
	PG_RETURN_VOID();
}

/*
 * spindle_drop_data_set(name)
 *		Drop one that is registered; errors are those of spindle_unregister().
 */
Datum
spindle_drop_data_set(PG_FUNCTION_ARGS)
{
	prevent_change("spindle_drop_data_set()");
	spindle_unregister(SPINDLE_LIBRARY_DATA_SET, spindle_arg_text(fcinfo, 0, "name"));
	PG_RETURN_VOID();
}

/*
 * The text of a definition or data set as a value of type json.  Raises what
 * spindle_library_text() does, invalid_text_representation if it is none, and
 * untranslatable_character if the server's encoding lacks a character.
 */
static Datum
text_as_json(SpindleLibraryKind kind, const char *name)
{
	int			len;
	char	   *utf8 = spindle_library_text(kind, name, &len);

	return DirectFunctionCall1(json_in, CStringGetDatum(pg_any_to_server(utf8, len, PG_UTF8)));
}

/*
 * spindle_domain_definition(name)
 *		The definition of a domain, registered or installed, as it was given.
 */
Datum
spindle_domain_definition(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(text_as_json(SPINDLE_LIBRARY_DOMAIN, spindle_arg_text(fcinfo, 0, "name")));
}

/*
 * spindle_data_set_definition(name)
 *		The same of a data set.
 */
Datum
spindle_data_set_definition(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(text_as_json(SPINDLE_LIBRARY_DATA_SET, spindle_arg_text(fcinfo, 0, "name")));
}

/* A text argument that is not null, in UTF-8. */
static char *
utf8_argument(FunctionCallInfo fcinfo, int arg)
{
	char	   *value = text_to_cstring(PG_GETARG_TEXT_PP(arg));

	return pg_server_to_any(value, (int) strlen(value), PG_UTF8);
}

/*
 * spindle_merge(definition, overrides)
 *		A JSON document with changes merged in, as RFC 7396 says; strict.
 */
Datum
spindle_merge(PG_FUNCTION_ARGS)
{
	char	   *merged = spindle_json_merge(utf8_argument(fcinfo, 0), utf8_argument(fcinfo, 1));

	PG_RETURN_TEXT_P(cstring_to_text(pg_any_to_server(merged, (int) strlen(merged), PG_UTF8)));
}

/*
 * spindle_registry_changed()
 *		Trigger of the tables of what is registered, for statements that change
 *		them, as a restore does: sessions look at the tables again.
 */
Datum
spindle_registry_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("spindle_registry_changed() was not called by a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	PG_RETURN_POINTER(NULL);
}

/*
 * spindle_owner_in(text)
 *		The role of a name, as regrole has it; none for a name that no role has.
 *
 * A dump is restored where the role is not there, too.  An unquoted number is the OID
 * of a role that was gone when the dump was made.
 */
Datum
spindle_owner_in(PG_FUNCTION_ARGS)
{
	char	   *role = PG_GETARG_CSTRING(0);
	List	   *names;

	if (role[strspn(role, "0123456789")] == '\0' || strcmp(role, "-") == 0)
		PG_RETURN_OID(InvalidOid);
	if (!SplitIdentifierString(pstrdup(role), '.', &names) || list_length(names) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "spindle_owner", role)));
	PG_RETURN_OID(get_role_oid(linitial(names), true));
}
