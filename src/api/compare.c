/*-------------------------------------------------------------------------
 *
 * compare.c
 *		SQL function spindle_compare: the tables of a schema, compared with the
 *		generated ones.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "compat.h"
#include "library/library.h"
#include "library/source.h"
#include "seed/compare.h"

PG_FUNCTION_INFO_V1(spindle_compare);

/* Positions of the arguments. */
enum
{
	ARG_SCHEMA,
	ARG_DOMAIN,
	ARG_TABLES,
	ARG_SCALE,
	ARG_SEED,
	ARG_AS_OF,
	ARG_PROFILE
};

/* Columns of the result: the table, five counts and three examples. */
#define RESULT_COLUMNS	9

/*
 * spindle_compare(schema_name, domain, tables, scale, seed, as_of, profile)
 *		One row per table: how many rows are expected, found, missing, extra and
 *		different, and the first of each as JSON.
 *
 * Reads only.  Raises null_value_not_allowed, invalid_name and name_too_long for
 * arguments, undefined_object and undefined_table for names, and what
 * spindle_compare_tables() does.
 */
Datum
spindle_compare(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleCompareOptions options = {0};
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(ARG_SCHEMA))
		options.schema = spindle_arg_schema(fcinfo, ARG_SCHEMA, "schema_name");
	options.instance = spindle_library_instance(spindle_arg_text(fcinfo, ARG_DOMAIN, "domain"),
												spindle_arg_optional_text(fcinfo, ARG_SCALE),
												spindle_arg_int64(fcinfo, ARG_SEED, "seed"), CurrentMemoryContext);
	options.as_of = spindle_source_as_of_arguments(options.instance->domain, &fcinfo->args[ARG_AS_OF]);
	options.selected = spindle_arg_tables(fcinfo, ARG_TABLES, "tables", options.instance->domain);
	foreach(lc, spindle_compare_tables(&options))
	{
		const SpindleCompared *compared = lfirst(lc);
		const int64 count[] = {compared->expected, compared->found, compared->missing, compared->extra,
		compared->different};
		const char *first[] = {compared->first_missing, compared->first_extra, compared->first_different};
		Datum		values[RESULT_COLUMNS] = {CStringGetTextDatum(compared->table)};
		bool		nulls[RESULT_COLUMNS] = {false};

		for (int i = 0; i < lengthof(count); i++)
			values[1 + i] = Int64GetDatum(count[i]);
		for (int i = 0; i < lengthof(first); i++)
		{
			nulls[1 + lengthof(count) + i] = first[i] == NULL;
			if (first[i])
				values[1 + lengthof(count) + i] = CStringGetTextDatum(first[i]);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
