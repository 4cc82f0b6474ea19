/*-------------------------------------------------------------------------
 *
 * fdw.c
 *		SQL functions of the foreign-data wrapper.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "fmgr.h"

#include "scan/fdw.h"

PG_FUNCTION_INFO_V1(spindle_fdw_handler);
PG_FUNCTION_INFO_V1(spindle_fdw_validator);

/*
 * spindle_fdw_handler()
 *		The table of callbacks.
 */
Datum
spindle_fdw_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(spindle_fdw_routine());
}

/*
 * spindle_fdw_validator(options, catalog)
 *		Raise an error if options are not those of a foreign table.
 */
Datum
spindle_fdw_validator(PG_FUNCTION_ARGS)
{
	spindle_foreign_options_check(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
	PG_RETURN_VOID();
}
