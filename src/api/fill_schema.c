/*-------------------------------------------------------------------------
 *
 * fill_schema.c
 *		SQL procedure spindle_fill_schema and function spindle_fill_schema_check:
 *		generated rows into the tables of a schema that exist.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "compat.h"
#include "library/library.h"
#include "seed/fill_schema.h"

PG_FUNCTION_INFO_V1(spindle_fill_schema);
PG_FUNCTION_INFO_V1(spindle_fill_schema_check);

/* Positions of the arguments; the results, INOUT, come last. */
enum
{
	ARG_DOMAIN,
	ARG_SCHEMA,
	ARG_SCALE,
	ARG_SEED,
	ARG_TABLES,
	ARG_DRY_RUN,
	ARG_APPEND,
	ARG_SEQUENCES,
};

/* Those of the check that differ. */
enum
{
	CHECK_ARG_APPEND = ARG_TABLES + 1,
	CHECK_ARG_SEQUENCES,
	CHECK_ARG_MAX_ROWS,
};

/* Rows of each table that a dry run tries. */
#define DRY_RUN_ROWS	1000

/* What is told of a table, as columns of the check and as members in JSON. */
enum
{
	LINE_TABLE,
	LINE_RELATION,
	LINE_STATUS,
	LINE_ROWS,
	LINE_FAILED_ROWS,
	LINE_SQLSTATE,
	LINE_CONSTRAINT,
	LINE_COLUMN,
	LINE_MESSAGE,
	LINE_DETAIL,
	LINE_HINT,
	NUM_LINE_COLUMNS
};

static const char *const line_names[NUM_LINE_COLUMNS] = {
	[LINE_TABLE] = "table_name",
	[LINE_RELATION] = "relation",
	[LINE_STATUS] = "status",
	[LINE_ROWS] = "row_count",
	[LINE_FAILED_ROWS] = "failed_rows",
	[LINE_SQLSTATE] = "sqlstate",
	[LINE_CONSTRAINT] = "constraint_name",
	[LINE_COLUMN] = "column_name",
	[LINE_MESSAGE] = "message",
	[LINE_DETAIL] = "detail",
	[LINE_HINT] = "hint",
};

/* Is a column of a line a number?  The others are texts. */
static bool
is_number(int column)
{
	return column == LINE_ROWS || column == LINE_FAILED_ROWS;
}

/* The columns of a line as text, NULL where there is nothing to tell. */
static void
describe_line(const SpindleFillLine *line, bool is_dry_run, const char **values)
{
	const SpindleFillProblem *problem = line->problem;

	memset(values, 0, sizeof(char *) * NUM_LINE_COLUMNS);
	values[LINE_TABLE] = line->table;
	values[LINE_RELATION] = line->relation;
	values[LINE_STATUS] = !is_dry_run ? "filled" : line->state == SPINDLE_FILL_DONE ? "passes" :
		line->state == SPINDLE_FILL_FAILS ? "fails" : "not tried";
	values[LINE_ROWS] = psprintf(INT64_FORMAT, line->rows);
	if (problem == NULL)
		return;
	if (line->state == SPINDLE_FILL_FAILS)
	{
		values[LINE_FAILED_ROWS] = problem->rows > 0 ? psprintf(INT64_FORMAT, problem->rows) : NULL;
		values[LINE_SQLSTATE] = pstrdup(unpack_sql_state(problem->sqlstate));
	}
	values[LINE_CONSTRAINT] = problem->constraint;
	values[LINE_COLUMN] = problem->column;
	values[LINE_MESSAGE] = problem->message;
	values[LINE_DETAIL] = problem->detail;
	values[LINE_HINT] = problem->hint;
}

/* All lines as an array of JSON objects; what there is nothing to tell of is left out. */
static char *
lines_json(const List *lines, bool is_dry_run)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, lines)
	{
		const char *values[NUM_LINE_COLUMNS];

		describe_line(lfirst(lc), is_dry_run, values);
		for (int i = 0; i < NUM_LINE_COLUMNS; i++)
		{
			if (values[i] == NULL)
				continue;
			appendStringInfo(&buf, "%s\"%s\": ", i > 0 ? ", " : foreach_current_index(lc) > 0 ? "},\n {" : "[{", line_names[i]);
			if (is_number(i))
				appendStringInfoString(&buf, values[i]);
			else
				escape_json(&buf, values[i]);
		}
	}
	appendStringInfoString(&buf, lines ? "}]" : "[]");
	return buf.data;
}

/* The arguments that both have in the same places. */
static SpindleFillOptions
read_source(FunctionCallInfo fcinfo)
{
	SpindleFillOptions options = {0};
	char	   *domain = spindle_arg_text(fcinfo, ARG_DOMAIN, "domain");
	char	   *scale = spindle_arg_optional_text(fcinfo, ARG_SCALE);

	options.schema = PG_ARGISNULL(ARG_SCHEMA) ? NULL : spindle_arg_schema(fcinfo, ARG_SCHEMA, "schema_name");
	options.instance = spindle_library_instance(domain, scale, spindle_arg_int64(fcinfo, ARG_SEED, "seed"),
												CurrentMemoryContext);
	options.selected = spindle_arg_tables(fcinfo, ARG_TABLES, "tables", options.instance->domain);
	return options;
}

/* What happened, in counts. */
typedef struct Counts
{
	int			done;			/* tables that are filled, or would be */
	int			tables;
	int64		rows;			/* of tables that are filled, or tried */
} Counts;

/* Count them; a table that fails may have several lines, one behind the other. */
static Counts
count_lines(const List *lines)
{
	Counts		counts = {0};
	const char *previous = NULL;
	ListCell   *lc;

	foreach(lc, lines)
	{
		const SpindleFillLine *line = lfirst(lc);

		if (line->table == previous)
			continue;
		previous = line->table;
		counts.tables++;
		counts.done += line->state == SPINDLE_FILL_DONE;
		counts.rows += line->rows;
	}
	return counts;
}

/* Tell the result in a notice. */
static void
report(const List *lines, bool is_dry_run, const char *domain, double seconds)
{
	const Counts counts = count_lines(lines);
	StringInfoData detail;
	ListCell   *lc;

	initStringInfo(&detail);
	foreach(lc, lines)
	{
		const char *values[NUM_LINE_COLUMNS];

		describe_line(lfirst(lc), is_dry_run, values);
		appendStringInfo(&detail, "%s%s: %s, %s rows%s%s%s", detail.len ? "\n" : "", values[LINE_RELATION],
						 values[LINE_STATUS], values[LINE_ROWS], values[LINE_MESSAGE] ? ": " : "",
						 values[LINE_MESSAGE] ? values[LINE_MESSAGE] : "", values[LINE_MESSAGE] ? "" : ".");
	}
	if (is_dry_run)
		ereport(NOTICE,
				(errmsg("%d of %d tables of domain \"%s\" can be filled", counts.done, counts.tables, domain),
				 errdetail_internal("%s", detail.data)));
	else
		ereport(NOTICE,
				(errmsg_plural("%d table of domain \"%s\" filled with %lld rows",
							   "%d tables of domain \"%s\" filled with %lld rows",
							   counts.done, counts.done, domain, (long long) counts.rows),
				 errdetail_internal("%s\nIn %.3f s.", detail.data, seconds)));
}

/*
 * spindle_fill_schema(domain, schema_name, scale, seed, tables, dry_run, append,
 *					   sequences, results)
 *		Insert the rows of a domain into the tables of a schema.
 *
 * The results are the numbers of tables and rows, the seconds that it took, and a
 * line about each table in JSON; a dry run has filled nothing.  Without output
 * arguments, a notice tells them if "report", behind schema_name, wants it.
 *
 * Happens in the caller's transaction.  Raises null_value_not_allowed and
 * invalid_parameter_value for arguments, undefined_object and undefined_table for
 * names, read_only_sql_transaction, and what spindle_fill_schema() of seed/ does.
 */
Datum
spindle_fill_schema(PG_FUNCTION_ARGS)
{
	instr_time	start;
	instr_time	duration;
	SpindleReport to = spindle_arg_take_report(fcinfo, ARG_SCALE);
	SpindleFillOptions options;
	List	   *lines;
	bool		is_dry_run;
	Counts		counts;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	PreventCommandDuringRecovery("spindle_fill_schema()");
	PreventCommandIfReadOnly("spindle_fill_schema()");
	INSTR_TIME_SET_CURRENT(start);
	if (to == SPINDLE_REPORT_ROW && get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	options = read_source(fcinfo);
	is_dry_run = spindle_arg_bool(fcinfo, ARG_DRY_RUN, "dry_run");
	options.appends = spindle_arg_bool(fcinfo, ARG_APPEND, "append");
	options.sets_sequences = spindle_arg_bool(fcinfo, ARG_SEQUENCES, "sequences");
	lines = is_dry_run ? spindle_fill_try(&options, DRY_RUN_ROWS) : spindle_fill_schema_tables(&options);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);
	if (to == SPINDLE_REPORT_NOTICE)
		report(lines, is_dry_run, options.instance->domain->name, INSTR_TIME_GET_DOUBLE(duration));
	if (to != SPINDLE_REPORT_ROW)
		return (Datum) 0;
	counts = count_lines(lines);
	values[0] = Int32GetDatum(is_dry_run ? 0 : counts.done);
	values[1] = Int64GetDatum(is_dry_run ? 0 : counts.rows);
	values[2] = Float8GetDatum(INSTR_TIME_GET_DOUBLE(duration));
	values[3] = CStringGetTextDatum(lines_json(lines, is_dry_run));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * spindle_fill_schema_check(domain, schema_name, scale, seed, tables, append,
 *							 sequences, max_rows)
 *		The lines of a dry run of spindle_fill_schema as a set, by max_rows rows of
 *		each table.
 *
 * Raises the same.
 */
Datum
spindle_fill_schema_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleFillOptions options;
	int64		max_rows;
	ListCell   *lc;

	PreventCommandDuringRecovery("spindle_fill_schema_check()");
	PreventCommandIfReadOnly("spindle_fill_schema_check()");
	InitMaterializedSRF(fcinfo, 0);
	options = read_source(fcinfo);
	options.appends = spindle_arg_bool(fcinfo, CHECK_ARG_APPEND, "append");
	options.sets_sequences = spindle_arg_bool(fcinfo, CHECK_ARG_SEQUENCES, "sequences");
	spindle_arg_require(fcinfo, CHECK_ARG_MAX_ROWS, "max_rows");
	max_rows = PG_GETARG_INT64(CHECK_ARG_MAX_ROWS);
	if (max_rows < 1 || max_rows > 100000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"max_rows\": %lld", (long long) max_rows),
				 errhint("It must be from 1 to 100000.")));
	foreach(lc, spindle_fill_try(&options, max_rows))
	{
		const char *line[NUM_LINE_COLUMNS];
		Datum		values[NUM_LINE_COLUMNS] = {0};
		bool		nulls[NUM_LINE_COLUMNS];

		describe_line(lfirst(lc), true, line);
		for (int i = 0; i < NUM_LINE_COLUMNS; i++)
		{
			nulls[i] = line[i] == NULL;
			if (line[i])
				values[i] = is_number(i) ? Int64GetDatum(strtoi64(line[i], NULL, 10)) : CStringGetTextDatum(line[i]);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
