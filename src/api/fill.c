/*-------------------------------------------------------------------------
 *
 * fill.c
 *		SQL function spindle_fill: generated rows into a table that exists.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "api/args.h"
#include "library/library.h"
#include "library/source.h"
#include "seed/fill.h"

PG_FUNCTION_INFO_V1(spindle_fill);

/* Positions of the arguments */
enum
{
	ARG_TARGET,
	ARG_DOMAIN,
	ARG_TABLE,
	ARG_SCALE,
	ARG_SEED,
	ARG_COLUMNS,
	ARG_FIRST_ROW,
	ARG_MAX_ROWS,
	ARG_AS_OF,					/* not in the first release, as "profile" */
	ARG_PROFILE
};

/*
 * spindle_fill(target, domain, table_name, scale, seed, columns, first_row,
 *				max_rows, as_of, profile)
 *		Insert generated rows into a table; the result is the number of rows
 *		that were inserted.
 *
 * scale and seed say which instance; rows are counted from 0, and max_rows is
 * null for all to the end.  as_of and profile say when the table is looked at.  columns is null for all.  Runs in the caller's
 * transaction, as one INSERT does.  Raises null_value_not_allowed and
 * invalid_parameter_value for arguments, undefined_object, undefined_table and
 * undefined_column for names, and what an INSERT into the target does.
 */
Datum
spindle_fill(PG_FUNCTION_ARGS)
{
	SpindleFill fill = {0};

	PreventCommandDuringRecovery("spindle_fill()");
	spindle_arg_require(fcinfo, ARG_TARGET, "target");
	fill.target = PG_GETARG_OID(ARG_TARGET);
	fill.instance = spindle_library_instance(spindle_arg_text(fcinfo, ARG_DOMAIN, "domain"),
											 spindle_arg_optional_text(fcinfo, ARG_SCALE),
											 spindle_arg_int64(fcinfo, ARG_SEED, "seed"), CurrentMemoryContext);
	fill.table = spindle_source_table(fill.instance->domain, spindle_arg_text(fcinfo, ARG_TABLE, "table_name"));
	if (!PG_ARGISNULL(ARG_COLUMNS))
	{
		fill.columns = spindle_arg_names(fcinfo, ARG_COLUMNS, "columns");
		if (fill.columns == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"columns\" must not be empty"),
					 errhint("Leave it out to fill all columns.")));
	}
	spindle_arg_require(fcinfo, ARG_FIRST_ROW, "first_row");
	fill.as_of = PG_NARGS() > ARG_PROFILE ?
		spindle_source_as_of_arguments(fill.instance->domain, &fcinfo->args[ARG_AS_OF]) : SPINDLE_TODAY;
	fill.end = spindle_alive_end(fill.instance, fill.table, fill.as_of.time);
	fill.first = Min(spindle_arg_count(fcinfo, ARG_FIRST_ROW, "first_row", 0), fill.end);
	fill.end = fill.first + Min(spindle_arg_count(fcinfo, ARG_MAX_ROWS, "max_rows", PG_INT64_MAX), fill.end - fill.first);
	PG_RETURN_INT64(spindle_fill_relation(&fill));
}
