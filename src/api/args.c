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
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/args.h"
#include "library/source.h"

/*
 * spindle_arg_schema
 *		The name of a schema, which need not exist; palloc'd.
 *
 * It has 1 to NAMEDATALEN - 1 bytes, so that no two different names are the
 * same to the server.  Raises null_value_not_allowed, invalid_name or
 * name_too_long.
 */
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

/*
 * spindle_arg_stream_call
 *		The source and the stream arguments of a function, which begin at a
 *		position; returns the position behind them.
 *
 * Values stay those of the call, or are in the current memory context.
 *
 * Raises invalid_function_definition if there are too few arguments, as after
 * an update of the library without that of the extension, and what
 * spindle_stream_call_fill() does.
 */
int
spindle_arg_stream_call(FunctionCallInfo fcinfo, int at, SpindleStreamCall *call)
{
	int			next = spindle_stream_call_fill(call, fcinfo->flinfo->fn_oid, at, fcinfo->args, PG_NARGS());

	if (next < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("the SQL declaration of the function does not fit the installed library"),
				 errhint("Run ALTER EXTENSION spindle UPDATE, or create the extension anew.")));
	return next;
}

/*
 * spindle_arg_names
 *		The elements of an argument of type text[] that is not null, palloc'd.
 *		None of them may be null.
 *
 * NIL for an empty array; dimensions do not matter.  Raises
 * null_value_not_allowed.
 */
List *
spindle_arg_names(FunctionCallInfo fcinfo, int arg, const char *name)
{
	List	   *result = NIL;
	Datum	   *names;
	bool	   *nulls;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not contain nulls", name)));
		result = lappend(result, TextDatumGetCString(names[i]));
	}
	return result;
}

/*
 * spindle_arg_tables
 *		Which tables of a domain an argument of type text[] names, palloc'd; null
 *		means all.
 *
 * The result has an entry per table of the domain.  An empty array names none.
 * Raises null_value_not_allowed for an element that is null and
 * undefined_table for one that is no table.
 */
bool *
spindle_arg_tables(FunctionCallInfo fcinfo, int arg, const char *name, const SpindleDomain *domain)
{
	bool	   *selected = palloc0(sizeof(bool) * domain->ntables);
	ListCell   *lc;

	if (PG_ARGISNULL(arg))
	{
		memset(selected, true, sizeof(bool) * domain->ntables);
		return selected;
	}
	foreach(lc, spindle_arg_names(fcinfo, arg, name))
		selected[spindle_source_table(domain, lfirst(lc))] = true;
	return selected;
}

/*
 * spindle_arg_take_report
 *		What is a procedure to do with its result?
 *
 * PL/pgSQL wants a variable for every output argument, also for one that a CALL
 * leaves out.  So procedures with output arguments come without them, too, and
 * with a boolean "report" at a position where the others have something else.
 * It is taken out of the arguments, which are then the same for both.
 *
 * Must be called before anything else looks at arguments from arg on.  Raises
 * null_value_not_allowed if "report" is null.
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

/*
 * spindle_arg_begin_procedure
 *		Before anything else in a procedure: may it write, and is it free to commit?
 *
 * Begins the SPI session that does so, and returns to the memory context of the
 * caller, which lives as long as the CALL.  Tells what to do with the result, as
 * spindle_arg_take_report() does, which is told where "report" stands.
 *
 * Raises read_only_sql_transaction on a standby, and active_sql_transaction in a
 * transaction block or function.
 */
SpindleReport
spindle_arg_begin_procedure(FunctionCallInfo fcinfo, int report)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);

	PreventCommandDuringRecovery(psprintf("%s()", name));
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block", name),
				 errhint("It commits each batch: use CALL outside of BEGIN and COMMIT, and not in a function.")));
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	MemoryContextSwitchTo(oldcontext);
	return spindle_arg_take_report(fcinfo, report);
}
