/*-------------------------------------------------------------------------
 *
 * profile.c
 *		SQL functions that tell what the rows of schemas are like, and how like each
 *		other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "api/args.h"
#include "learn/learn.h"

PG_FUNCTION_INFO_V1(spindle_profile);
PG_FUNCTION_INFO_V1(spindle_compare_schemas);
PG_FUNCTION_INFO_V1(spindle_compare_profiles);

/* Rows of a table that are looked at: legal numbers. */
#define LEAST_SAMPLE	100
#define LARGEST_SAMPLE	10000000

/* The number of rows that are looked at. */
static int64
sample_rows(FunctionCallInfo fcinfo, int arg)
{
	int64		rows;

	spindle_arg_require(fcinfo, arg, "sample_rows");
	rows = PG_GETARG_INT32(arg);
	if (rows < LEAST_SAMPLE || rows > LARGEST_SAMPLE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\": " INT64_FORMAT, "sample_rows", rows),
				 errhint("It must be from %d to %d.", LEAST_SAMPLE, LARGEST_SAMPLE)));
	return rows;
}

/* The level of measures that is wanted. */
static char *
level_of(FunctionCallInfo fcinfo, int arg)
{
	static const char *const levels[] = {"all", "column", "reference", "pair", "intertable", "query", "size"};
	char	   *level = spindle_arg_text(fcinfo, arg, "at_level");

	for (int i = 0; i < lengthof(levels); i++)
		if (strcmp(level, levels[i]) == 0)
			return level;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"%s\": \"%s\"", "at_level", level),
			 errhint("Legal values: all, column, reference, pair, intertable, query, size.")));
}

/* Give the lines of a comparison as a set. */
static void
put_lines(FunctionCallInfo fcinfo, const char *source, const char *target, const char *level)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, spindle_learn_compare(source, target, level))
	{
		const SpindleLikeness *line = lfirst(lc);
		bool		has_target = !isnan(line->target);
		bool		passes = has_target && (line->is_at_most ? line->value <= line->target : line->value >= line->target);
		Datum		values[] = {CStringGetTextDatum(line->level), line->table ? CStringGetTextDatum(line->table) : (Datum) 0,
			line->column ? CStringGetTextDatum(line->column) : (Datum) 0, CStringGetTextDatum(line->measure),
		Float8GetDatum(line->value), Float8GetDatum(line->target), BoolGetDatum(passes)};
		bool		nulls[] = {false, line->table == NULL, line->column == NULL, false, false, !has_target, !has_target};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * spindle_profile(schema_name, tables, sample_rows, like_profile)
 *		What the rows of a schema are like.
 *
 * Raises invalid_parameter_value for arguments that are not legal, and what
 * spindle_learn_profile() does.
 */
Datum
spindle_profile(PG_FUNCTION_ARGS)
{
	SpindleLearnProfileOptions options = {0};

	options.schema = spindle_arg_schema(fcinfo, 0, "schema_name");
	options.has_tables = !PG_ARGISNULL(1);
	options.tables = PG_ARGISNULL(1) ? NIL : spindle_arg_names(fcinfo, 1, "tables");
	options.sample_rows = sample_rows(fcinfo, 2);
	options.like = spindle_arg_optional_text(fcinfo, 3);
	PG_RETURN_TEXT_P(cstring_to_text(spindle_learn_profile(&options)));
}

/*
 * spindle_compare_schemas(source_schema, target_schema, sample_rows, at_level, tables)
 *		How like each other two schemas of this database are, as a set.
 *
 * Raises what spindle_profile() does.
 */
Datum
spindle_compare_schemas(PG_FUNCTION_ARGS)
{
	SpindleLearnProfileOptions options = {0};
	char	   *target = spindle_arg_schema(fcinfo, 1, "target_schema");
	char	   *level = level_of(fcinfo, 3);
	char	   *source;

	options.schema = spindle_arg_schema(fcinfo, 0, "source_schema");
	options.sample_rows = sample_rows(fcinfo, 2);
	options.has_tables = !PG_ARGISNULL(4);
	options.tables = PG_ARGISNULL(4) ? NIL : spindle_arg_names(fcinfo, 4, "tables");
	source = spindle_learn_profile(&options);
	options.schema = target;
	options.like = source;
	put_lines(fcinfo, source, spindle_learn_profile(&options), level);
	return (Datum) 0;
}

/*
 * spindle_compare_profiles(source_profile, target_profile, at_level)
 *		The same for schemas of which there are profiles.
 *
 * Raises what spindle_learn_compare() does.
 */
Datum
spindle_compare_profiles(PG_FUNCTION_ARGS)
{
	char	   *source = spindle_arg_text(fcinfo, 0, "source_profile");
	char	   *target = spindle_arg_text(fcinfo, 1, "target_profile");

	put_lines(fcinfo, source, target, level_of(fcinfo, 2));
	return (Datum) 0;
}
