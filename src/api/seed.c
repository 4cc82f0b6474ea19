/*-------------------------------------------------------------------------
 *
 * seed.c
 *		SQL procedure spindle_seed: real tables of a domain, filled.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "portability/instr_time.h"

#include "api/args.h"
#include "library/library.h"
#include "library/source.h"
#include "seed/seed.h"
#include "server/hint.h"

PG_FUNCTION_INFO_V1(spindle_seed);

/* Positions of the arguments; the results, INOUT, come last. */
enum
{
	ARG_DOMAIN,
	ARG_SCHEMA,
	ARG_SCALE,
	ARG_SEED,
	ARG_TABLES,
	ARG_LOGGED,
	ARG_KEYS,
	ARG_INDEXES,
	ARG_STATISTICS,
	ARG_WORKERS,
	ARG_IF_EXISTS,
	ARG_AS_OF,					/* not in the first release, as "profile", */
	ARG_PROFILE,				/* which had fewer arguments */
	NUM_ARGS
};

/* Results, which come last, unless there is "report". */
#define NUM_RESULTS		4

/* What the argument is called, by what it means; hints are printed from it. */
static const char *const if_exists_names[] = {
	[SPINDLE_IF_EXISTS_ERROR] = "error",
	[SPINDLE_IF_EXISTS_REPLACE] = "replace",
	[SPINDLE_IF_EXISTS_SKIP] = "skip",
};

/*
 * What to do with tables that are there.  Raises feature_not_supported for
 * "append", which people look for, and invalid_parameter_value for other words
 * that have no meaning.
 */
static SpindleIfExists
if_exists_argument(FunctionCallInfo fcinfo)
{
	char	   *value = spindle_arg_text(fcinfo, ARG_IF_EXISTS, "if_exists");
	List	   *names = NIL;

	for (int i = 0; i < lengthof(if_exists_names); i++)
	{
		if (strcmp(value, if_exists_names[i]) == 0)
			return (SpindleIfExists) i;
		names = lappend(names, unconstify(char *, if_exists_names[i]));
	}
	if (strcmp(value, "append") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot append to existing tables"),
				 errdetail("The keys of a domain begin at the same values in every seed, so the rows would clash with those already there."),
				 errhint("Use spindle_fill to insert rows into a table of your own.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"if_exists\": \"%s\"", value),
			 errhint("%s", spindle_names_hint(value, names, "Values"))));
}

/*
 * The number of background workers, from 0 to SPINDLE_MAX_SEED_WORKERS; raises
 * null_value_not_allowed or invalid_parameter_value.
 */
static int
workers_argument(FunctionCallInfo fcinfo)
{
	int			workers;

	spindle_arg_require(fcinfo, ARG_WORKERS, "workers");
	workers = PG_GETARG_INT32(ARG_WORKERS);
	if (workers < 0 || workers > SPINDLE_MAX_SEED_WORKERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"workers\": %d", workers),
				 errhint("It must be from 0 to %d.", SPINDLE_MAX_SEED_WORKERS)));
	return workers;
}

/*
 * Workers need to see what we make, so we must be able to commit.  Raises
 * active_sql_transaction otherwise.
 */
static void
require_transaction_control(FunctionCallInfo fcinfo)
{
	if (fcinfo->context && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic && !IsSubTransaction())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("spindle_seed with workers cannot run inside a transaction block"),
			 errhint("Call it outside of transaction blocks, functions and blocks with an exception handler, or with workers => 0.")));
}

/*
 * Read and check all arguments.  What they point to is in the current memory
 * context, which also holds the instance.  Raises what is wrong with them.
 */
static SpindleSeedOptions
read_arguments(FunctionCallInfo fcinfo)
{
	SpindleSeedOptions options = {0};
	char	   *domain = spindle_arg_text(fcinfo, ARG_DOMAIN, "domain");
	char	   *scale = spindle_arg_optional_text(fcinfo, ARG_SCALE);

	options.schema = spindle_arg_schema(fcinfo, ARG_SCHEMA, "schema_name");
	options.with_keys = spindle_arg_bool(fcinfo, ARG_KEYS, "keys");
	options.with_indexes = spindle_arg_bool(fcinfo, ARG_INDEXES, "indexes");
	options.with_statistics = spindle_arg_bool(fcinfo, ARG_STATISTICS, "statistics");
	options.nworkers = workers_argument(fcinfo);
	options.if_exists = if_exists_argument(fcinfo);
	options.instance = spindle_library_instance(domain, scale, spindle_arg_int64(fcinfo, ARG_SEED, "seed"),
												CurrentMemoryContext);
	options.selected = spindle_arg_tables(fcinfo, ARG_TABLES, "tables", options.instance->domain);
	options.is_logged = spindle_arg_bool(fcinfo, ARG_LOGGED, "logged");
	options.as_of = PG_NARGS() == NUM_ARGS || PG_NARGS() == NUM_ARGS + NUM_RESULTS ?
		spindle_source_as_of_arguments(options.instance->domain, &fcinfo->args[ARG_AS_OF]) : SPINDLE_TODAY;
	if (options.nworkers > 0)
		require_transaction_control(fcinfo);
	return options;
}

/*
 * spindle_seed(domain, schema_name, scale, seed, tables, logged, keys, indexes,
 *				statistics, workers, if_exists, as_of, profile, results)
 *		Create the tables of a domain and fill them, as they are at a time.
 *
 * The results are the numbers of tables and rows, the bytes that they take on
 * disk with indexes, and the seconds that it took.  Without output arguments, a
 * notice tells them if "report", behind schema_name, wants it.
 *
 * Without workers all is done in the caller's transaction.  With workers there
 * are several, which commit; the procedure must then be able to do so.  If an
 * error is raised, what was committed is dropped again, as far as nobody uses
 * it.
 *
 * Raises null_value_not_allowed, invalid_parameter_value, invalid_name and
 * name_too_long for arguments, undefined_object and undefined_table for names,
 * insufficient_privilege, duplicate_table, active_sql_transaction,
 * read_only_sql_transaction on a standby, and what the statements that make
 * tables raise.
 */
Datum
spindle_seed(PG_FUNCTION_ARGS)
{
	instr_time	start;
	instr_time	duration;
	SpindleReport report = spindle_arg_take_report(fcinfo, ARG_SCALE);
	SpindleSeedOptions options;
	SpindleSeedResult result;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	PreventCommandDuringRecovery("spindle_seed()");
	INSTR_TIME_SET_CURRENT(start);
	if (report == SPINDLE_REPORT_ROW && get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	options = read_arguments(fcinfo);
	spindle_seed_tables(&options, &result);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);
	if (report == SPINDLE_REPORT_NOTICE)
		ereport(NOTICE,
				(errmsg_plural("%d table with %lld rows created in schema \"%s\"",
							   "%d tables with %lld rows created in schema \"%s\"",
							   result.ntables, result.ntables, (long long) result.nrows, options.schema),
				 errdetail("%lld bytes, in %.3f s.", (long long) result.nbytes, INSTR_TIME_GET_DOUBLE(duration))));
	if (report != SPINDLE_REPORT_ROW)
		return (Datum) 0;

	values[0] = Int32GetDatum(result.ntables);
	values[1] = Int64GetDatum(result.nrows);
	values[2] = Int64GetDatum(result.nbytes);
	values[3] = Float8GetDatum(INSTR_TIME_GET_DOUBLE(duration));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
