/*-------------------------------------------------------------------------
 *
 * ddl.c
 *		SQL function spindle_ddl: the statements that make the tables of a
 *		domain.
 *
 * They are those that spindle_seed runs, for people who load files elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "api/args.h"
#include "library/library.h"
#include "seed/ddl.h"

PG_FUNCTION_INFO_V1(spindle_ddl);

/*
 * spindle_ddl(domain, schema_name, tables)
 *		A script that makes the tables of a domain without the extension.
 *
 * tables is null for all of them.  Needs no privilege, since nothing is run,
 * and the schema need not exist.  Raises undefined_object for the domain,
 * undefined_table for a table, and errors for a name that cannot be a
 * schema's.
 */
Datum
spindle_ddl(PG_FUNCTION_ARGS)
{
	char	   *domain_name = spindle_arg_text(fcinfo, 0, "domain");
	char	   *schema = spindle_arg_schema(fcinfo, 1, "schema_name");
	SpindleDomain *domain = spindle_library_domain(domain_name, CurrentMemoryContext);
	bool	   *selected = spindle_arg_tables(fcinfo, 2, "tables", domain);

	PG_RETURN_TEXT_P(cstring_to_text(spindle_ddl_script(spindle_ddl_create(domain, schema, selected, true))));
}
