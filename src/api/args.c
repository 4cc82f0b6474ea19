/*-------------------------------------------------------------------------
 *
 * args.c
 *		Arguments of SQL functions, checked.
 *
 * Positions are counted from 0; names are those of the SQL declaration.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/args.h"

/* Raise an error if an argument is null. */
void
spindle_arg_require(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

/* A text that must not be null, palloc'd. */
char *
spindle_arg_text(FunctionCallInfo fcinfo, int arg, const char *name)
{
	spindle_arg_require(fcinfo, arg, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/* The name of a schema, which need not exist; palloc'd. */
char *
spindle_arg_schema(FunctionCallInfo fcinfo, int arg, const char *name)
{
	char	   *schema = spindle_arg_text(fcinfo, arg, name);

	if (schema[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid value for argument \"%s\": \"\"", name),
				 errhint("It must be the name of a schema, of 1 to %d bytes.", NAMEDATALEN - 1)));
	if (strlen(schema) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("schema name \"%s\" is too long", schema),
				 errhint("It can have up to %d bytes.", NAMEDATALEN - 1)));
	return schema;
}

/* A number that must not be null. */
int64
spindle_arg_int64(FunctionCallInfo fcinfo, int arg, const char *name)
{
	spindle_arg_require(fcinfo, arg, name);
	return PG_GETARG_INT64(arg);
}

/* A number that must not be negative; null has a meaning of its own. */
int64
spindle_arg_count(FunctionCallInfo fcinfo, int arg, const char *name, int64 when_null)
{
	int64		value;

	if (PG_ARGISNULL(arg))
		return when_null;
	value = PG_GETARG_INT64(arg);
	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\": " INT64_FORMAT, name, value),
				 errhint("It must be greater than or equal to zero.")));
	return value;
}

/*
 * spindle_arg_take_report
 *		What is a procedure to do with its result?
 *
 * PL/pgSQL wants a variable for every output argument, also for one that a CALL
 * leaves out.  So procedures with output arguments come without them, too, and
 * with a boolean "report" at a position where the others have something else.
 * It is taken out of the arguments, which are then the same for both.
 */
SpindleReport
spindle_arg_take_report(FunctionCallInfo fcinfo, int arg)
{
	Oid		   *types;
	int			n;
	bool		report;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &n);
	if (n <= arg || types[arg] != BOOLOID)
		return SPINDLE_REPORT_ROW;
	spindle_arg_require(fcinfo, arg, "report");
	report = PG_GETARG_BOOL(arg);
	fcinfo->nargs--;
	memmove(&fcinfo->args[arg], &fcinfo->args[arg + 1], sizeof(NullableDatum) * (fcinfo->nargs - arg));
	return report ? SPINDLE_REPORT_NOTICE : SPINDLE_REPORT_NOTHING;
}
