/*-------------------------------------------------------------------------
 *
 * learn.c
 *		SQL functions that make a definition of a database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "api/args.h"
#include "learn/learn.h"

PG_FUNCTION_INFO_V1(spindle_learn);
PG_FUNCTION_INFO_V1(spindle_leak_check);

/* Arguments of spindle_learn() */
enum
{
	ARG_SCHEMA_NAMES,
	ARG_TABLES,
	ARG_READ,
	ARG_CARRY,
	ARG_K,
	ARG_SENSITIVE,
	ARG_HARMLESS,
	ARG_SAMPLE_ROWS,
	ARG_GUESS_REFERENCES
};

/* The number of one of some words, which a NULL ends, that an argument is. */
static int
choose(FunctionCallInfo fcinfo, int arg, const char *name, const char *const *words)
{
	const char *value = spindle_arg_text(fcinfo, arg, name);
	StringInfoData legal;

	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	initStringInfo(&legal);
	for (int i = 0; words[i]; i++)
		appendStringInfo(&legal, "%s%s", i ? ", " : "", words[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"%s\": \"%s\"", name, value),
			 errhint("Legal values: %s.", legal.data)));
}

/* The names in an argument that can be null, which gives none. */
static List *
optional_names(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return PG_ARGISNULL(arg) ? NIL : spindle_arg_names(fcinfo, arg, name);
}

/*
 * spindle_learn(schema_names, tables, read, carry, k, sensitive, harmless, sample_rows, guess_references)
 *		A definition of the tables of some schemas.
 *
 * Raises invalid_parameter_value for arguments that are not legal, and what
 * spindle_learn_schemas() does.
 */
Datum
spindle_learn(PG_FUNCTION_ARGS)
{
	static const char *const read[] = {"catalog", "statistics", "aggregates", "data", NULL};
	static const char *const carry[] = {"none", "safe", "all", NULL};
	SpindleLearnOptions options = {0};

	spindle_arg_require(fcinfo, ARG_SCHEMA_NAMES, "schema_names");
	options.schemas = spindle_arg_names(fcinfo, ARG_SCHEMA_NAMES, "schema_names");
	if (options.schemas == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" names no schema", "schema_names"),
				 errhint("Give an array such as '{public}'.")));
	options.has_tables = !PG_ARGISNULL(ARG_TABLES);
	options.tables = optional_names(fcinfo, ARG_TABLES, "tables");
	options.read = choose(fcinfo, ARG_READ, "read", read);
	options.carry = choose(fcinfo, ARG_CARRY, "carry", carry);
	spindle_arg_require(fcinfo, ARG_K, "k");
	options.k = PG_GETARG_INT32(ARG_K);
	if (options.k < 2 || options.k > 1000000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"k\": " INT64_FORMAT, options.k),
				 errhint("It must be from 2 to 1000000.")));
	options.sensitive = optional_names(fcinfo, ARG_SENSITIVE, "sensitive");
	options.harmless = optional_names(fcinfo, ARG_HARMLESS, "harmless");
	spindle_arg_require(fcinfo, ARG_SAMPLE_ROWS, "sample_rows");
	options.sample_rows = PG_GETARG_INT32(ARG_SAMPLE_ROWS);
	if (options.sample_rows < 100 || options.sample_rows > 1000000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\": %d", "sample_rows", options.sample_rows),
				 errhint("It must be from 100 to 1000000.")));
	spindle_arg_require(fcinfo, ARG_GUESS_REFERENCES, "guess_references");
	options.guess_references = PG_GETARG_BOOL(ARG_GUESS_REFERENCES);
	PG_RETURN_TEXT_P(cstring_to_text(spindle_learn_schemas(&options)));
}

/*
 * spindle_leak_check(definition, schema_name)
 *		The literals of a definition that are texts in a schema, as a set.
 *
 * Raises what spindle_learn_leaks() does.
 */
Datum
spindle_leak_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *definition = spindle_arg_text(fcinfo, 0, "definition");
	char	   *schema = spindle_arg_schema(fcinfo, 1, "schema_name");
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, spindle_learn_leaks(definition, schema))
	{
		const SpindleLeak *leak = lfirst(lc);
		Datum		values[] = {CStringGetTextDatum(leak->table), CStringGetTextDatum(leak->column), CStringGetTextDatum(leak->literal),
			CStringGetTextDatum(leak->found_in), Int64GetDatum(leak->rows), BoolGetDatum(leak->is_reported)};
		bool		nulls[lengthof(values)] = {0};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
