/*-------------------------------------------------------------------------
 *
 * to_tables.c
 *		SQL procedure spindle_to_tables: changes as transactions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "api/args.h"
#include "apply/sessions.h"
#include "compat.h"
#include "library/change_call.h"
#include "server/workers.h"

PG_FUNCTION_INFO_V1(spindle_to_tables);

extern PGDLLEXPORT void spindle_apply_worker_main(Datum arg);

/* Positions of the arguments; those from SCALE to SPEED are those of all changes. */
enum
{
	ARG_SCHEMA,
	ARG_DOMAIN,
	ARG_TABLES,
	ARG_SCALE,
	ARG_SPEED = ARG_SCALE + SPINDLE_CHANGE_SPEED - SPINDLE_CHANGE_SCALE,
	ARG_TRANSACTIONS,
	ARG_BATCH_SIZE,
	ARG_POSITION,
	ARG_RESUME,
	ARG_DML,
	NUM_ARGS
};

/* Columns of the result. */
#define RESULT_COLUMNS	7

/* Raise invalid_parameter_value for an argument that is one of some words. */
pg_noreturn static void
report_word(const char *name, const char *value, const char *legal)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"%s\": \"%s\"", name, value),
			 errhint("It must be %s.", legal)));
}

/* The arguments that all functions about changes have, as they expect them. */
static void
read_changes(FunctionCallInfo fcinfo, SpindleChangeCall *call)
{
	NullableDatum values[SPINDLE_NUM_CHANGE_ARGUMENTS];
	NullableDatum *initial = &values[SPINDLE_CHANGE_INCLUDE_INITIAL];
	const NullableDatum *from = &values[SPINDLE_CHANGE_FROM_TIME];

	values[SPINDLE_CHANGE_DOMAIN] = fcinfo->args[ARG_DOMAIN];
	values[SPINDLE_CHANGE_TABLE] = (NullableDatum) {.isnull = true};
	for (int i = SPINDLE_CHANGE_SCALE; i <= SPINDLE_CHANGE_SPEED; i++)
		values[i] = fcinfo->args[ARG_SCALE + i - SPINDLE_CHANGE_SCALE];

	/* who begins at a time has what was there before */
	if (initial->isnull && !from->isnull)
		*initial = (NullableDatum) {.value = BoolGetDatum(DatumGetTimestampTz(from->value) == DT_NOBEGIN)};
	spindle_change_call_open(values, SPINDLE_CHANGE_SPEED + 1, call);
}

/* The arguments, read and checked. */
static void
read_arguments(FunctionCallInfo fcinfo, SpindleApplyOptions *options)
{
	SpindleChangeCall call;
	char	   *transactions = spindle_arg_text(fcinfo, ARG_TRANSACTIONS, "transactions");
	char	   *position = spindle_arg_text(fcinfo, ARG_POSITION, "position");
	int64		batch_size;

	memset(options, 0, sizeof(*options));
	read_changes(fcinfo, &call);
	options->instance = call.instance;
	options->changes = call.options;
	options->realtime = call.realtime;
	options->schema = spindle_arg_optional_text(fcinfo, ARG_SCHEMA);
	options->selected = spindle_arg_tables(fcinfo, ARG_TABLES, "tables", call.instance->domain);
	options->single = strcmp(transactions, "single") == 0;
	if (!options->single && strcmp(transactions, "business") != 0)
		report_word("transactions", transactions, "\"business\" or \"single\"");
	spindle_arg_require(fcinfo, ARG_BATCH_SIZE, "batch_size");
	batch_size = PG_GETARG_INT32(ARG_BATCH_SIZE);
	if (batch_size < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"batch_size\": " INT64_FORMAT, batch_size),
				 errhint("It must be at least 1.")));
	options->batch_size = (int) batch_size;
	if (!spindle_position_kind_find(position, &options->position))
		report_word("position", position, "\"auto\", \"origin\", \"table\" or \"none\"");
	options->resume = spindle_arg_bool(fcinfo, ARG_RESUME, "resume");
	if (options->resume && options->position == SPINDLE_POSITION_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a stream whose position is not kept cannot be resumed"),
				 errhint("Leave \"position\" out, or give after_position.")));
	if (options->single && options->position == SPINDLE_POSITION_ORIGIN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an origin keeps whole transactions only"),
				 errhint("With transactions => 'single', \"position\" must be \"auto\", \"table\" or \"none\".")));
	if (options->single && options->position == SPINDLE_POSITION_AUTO)
		options->position = SPINDLE_POSITION_TABLE;
	if (!PG_ARGISNULL(ARG_DML))
		spindle_modes_read(PG_GETARG_DATUM(ARG_DML), &options->modes);
	if (options->single && options->modes.sessions > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sessions share out whole transactions"),
				 errhint("With transactions => 'single', \"sessions\" must be 1 or left out.")));
}

/*
 * The call in bytes, for background workers, who read its arguments again.  Types are
 * those of the procedure, in one form of which there is "report", which has been taken
 * out of the arguments.
 */
static void
write_call(FunctionCallInfo fcinfo, SpindleApplyOptions *options)
{
	Oid		   *types;
	int			ntypes;
	Size		size = 0;
	char	   *end;
	bool		is_by_value[NUM_ARGS];
	int16		length[NUM_ARGS];

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &ntypes);
	if (types[ARG_TABLES] == BOOLOID)
		memmove(&types[ARG_TABLES], &types[ARG_TABLES + 1], sizeof(Oid) * (ntypes - ARG_TABLES - 1));
	for (int i = 0; i < NUM_ARGS; i++)
	{
		get_typlenbyval(types[i], &length[i], &is_by_value[i]);
		if (length[i] == -1 && !fcinfo->args[i].isnull)
			fcinfo->args[i].value = PointerGetDatum(PG_DETOAST_DATUM(fcinfo->args[i].value));
		size += datumEstimateSpace(fcinfo->args[i].value, fcinfo->args[i].isnull, is_by_value[i], length[i]);
	}
	options->call = end = palloc(size);
	options->call_size = size;
	for (int i = 0; i < NUM_ARGS; i++)
		datumSerialize(fcinfo->args[i].value, fcinfo->args[i].isnull, is_by_value[i], length[i], &end);
}

/* What was committed, as a row or in words. */
static Datum
result(FunctionCallInfo fcinfo, const SpindleApplied *applied, SpindleReport report)
{
	TupleDesc	desc;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	if (report == SPINDLE_REPORT_NOTICE)
		ereport(NOTICE,
				(errmsg_plural("%lld transaction committed", "%lld transactions committed",
							   (unsigned long) applied->transactions, (long long) applied->transactions),
				 errdetail("%lld inserts, %lld updates, %lld deletes, in %.3f s.", (long long) applied->inserts,
						   (long long) applied->updates, (long long) applied->deletes, applied->seconds)));
	if (report != SPINDLE_REPORT_ROW)
		return (Datum) 0;
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != RESULT_COLUMNS)
		elog(ERROR, "return type must be a row of %d columns", RESULT_COLUMNS);
	values[0] = Int64GetDatum(applied->transactions);
	values[1] = Int64GetDatum(applied->inserts);
	values[2] = Int64GetDatum(applied->updates);
	values[3] = Int64GetDatum(applied->deletes);
	values[4] = LSNGetDatum(applied->last_position);
	nulls[4] = !applied->has_position;
	values[5] = Float8GetDatum(applied->seconds);
	values[6] = Float8GetDatum(applied->seconds > 0 ? applied->transactions / applied->seconds : 0);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * spindle_to_tables(schema_name, domain, tables, change arguments, transactions,
 *					 batch_size, position, resume, dml)
 *		Play changes into the tables of a schema as INSERT, UPDATE and DELETE, with a
 *		commit for each transaction of the stream.
 *
 * Runs as the calling user.  Raises active_sql_transaction in a transaction block,
 * null_value_not_allowed and invalid_parameter_value for arguments, undefined_object
 * and undefined_table for names, and what the statements do.
 */
Datum
spindle_to_tables(PG_FUNCTION_ARGS)
{
	SpindleApplyOptions options;
	SpindleApplied applied;
	SpindleReport report = spindle_arg_begin_procedure(fcinfo, ARG_TABLES);
	Datum		value;

	if (PG_NARGS() < NUM_ARGS)
		elog(ERROR, "procedure has too few arguments");
	read_arguments(fcinfo, &options);
	write_call(fcinfo, &options);
	spindle_apply(&options, &applied);
	value = result(fcinfo, &applied, report);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return value;
}

/*
 * spindle_apply_worker_main
 *		Entry point of the background workers that play a stream's shares; arg is what
 *		spindle_session_begin() takes.
 */
void
spindle_apply_worker_main(Datum arg)
{
	LOCAL_FCINFO(fcinfo, NUM_ARGS);
	SpindleSession *session = spindle_session_begin(arg);
	const char *call;
	SpindleApplyOptions options;

	if (session == NULL)
		return;
	call = spindle_session_call(session);
	InitFunctionCallInfoData(*fcinfo, NULL, NUM_ARGS, InvalidOid, NULL, NULL);
	spindle_worker_begin_procedure();
	for (int i = 0; i < NUM_ARGS; i++)
		fcinfo->args[i].value = datumRestore(unconstify(char **, &call), &fcinfo->args[i].isnull);
	read_arguments(fcinfo, &options);
	spindle_session_run(session, &options);
	spindle_worker_end_procedure();
}
