/*-------------------------------------------------------------------------
 *
 * fill.c
 *		SQL function spindle_fill: generated rows into a table that exists.
 *
 * The table may be partitioned, have triggers, generated columns, policies and
 * whatever else, so rows go through the executor: we put an INSERT ... SELECT
 * together and run it as the calling user.  It is run once for every 65536
 * rows, so that what AFTER triggers queue stays within bounds, and so that we
 * can tell how far we have come.
 *
 * What is wrong with the table's columns is found before the first row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "api/args.h"
#include "library/library.h"
#include "library/source.h"
#include "server/progress.h"
#include "sink/target.h"
#include "spindle.h"
#include "stream/relation.h"

PG_FUNCTION_INFO_V1(spindle_fill);

/* Rows that one INSERT makes. */
#define STATEMENT_ROWS	65536

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
	ARG_MAX_ROWS
};

typedef struct Fill
{
	Relation	target;
	SpindleInstance *instance;	/* pinned */
	const SpindleTable *table;
	bool	   *wanted;			/* per column of the table */
	bool		is_explicit;	/* the caller named the columns */
} Fill;

/* A column by its name; an error with the names there are. */
static int
find_column(const Fill *fill, const char *name)
{
	int			column = spindle_table_find_column(fill->table, name);

	if (column < 0 || fill->table->column[column].hidden)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" does not exist in table \"%s\" of spindle domain \"%s\"",
						name, fill->table->name, fill->instance->domain->name),
				 errhint("The columns are: %s.", spindle_source_column_list(fill->table))));
	return column;
}

/* Which columns are to be filled: those named, or all. */
static void
read_columns(Fill *fill, FunctionCallInfo fcinfo)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;

	fill->wanted = palloc0(sizeof(bool) * fill->table->ncolumns);
	if (PG_ARGISNULL(ARG_COLUMNS))
	{
		for (int c = 0; c < fill->table->ncolumns; c++)
			fill->wanted[c] = !fill->table->column[c].hidden;
		return;
	}
	fill->is_explicit = true;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_COLUMNS), TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"columns\" must not contain nulls")));
		fill->wanted[find_column(fill, TextDatumGetCString(names[i]))] = true;
	}
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"columns\" must not be empty"),
				 errhint("Leave it out to fill all columns.")));
}

/* Is there a place for the values of a column? */
static void
check_column(Fill *fill, int c)
{
	const SpindleColumn *column = &fill->table->column[c];
	const char *target = RelationGetRelationName(fill->target);
	Form_pg_attribute att = spindle_target_column(fill->target, column->name);

	if (att == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column \"%s\"", target, column->name),
				 errdetail("Columns are matched by name.  Those of the generated table are: %s.",
						   spindle_source_column_list(fill->table)),
				 errhint("To fill some of the columns only, name them in the argument \"columns\".")));
	if (att->attgenerated)
	{
		if (fill->is_explicit)
			ereport(ERROR,
					(errcode(ERRCODE_GENERATED_ALWAYS),
					 errmsg("column \"%s\" of relation \"%s\" is a generated column", column->name, target),
					 errhint("The table computes it; leave it out of the argument \"columns\".")));
		fill->wanted[c] = false;
	}
}

/*
 * The statement, with the first row and the number of rows as parameters.  All
 * names are qualified, as triggers run with the caller's search_path.
 */
static char *
insert_statement(const Fill *fill, Oid function)
{
	StringInfoData definitions;
	SpindleTargetRows rows = {
		.alias = "generated",
		.kind = "generated values",
		.hint = psprintf("The columns of the generated table are: %s.", spindle_source_column_list(fill->table)),
		.sets_identity = true,
	};
	bool	   *taken = palloc(sizeof(bool) * fill->table->ncolumns);
	int			n = 0;

	for (int c = 0; c < fill->table->ncolumns; c++)
		n += fill->wanted[c];
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column to fill", RelationGetRelationName(fill->target)),
				 errdetail("It computes all of them itself.")));
	rows.desc = CreateTemplateTupleDesc(n);
	n = 0;
	initStringInfo(&definitions);
	for (int c = 0; c < fill->table->ncolumns; c++)
	{
		const SpindleColumn *column = &fill->table->column[c];

		if (!fill->wanted[c])
			continue;
		TupleDescInitEntry(rows.desc, ++n, column->name, column->type.oid, column->type.typmod, 0);
		appendStringInfo(&definitions, "%s%s %s", definitions.len ? ", " : "", quote_identifier(column->name),
						 format_type_extended(column->type.oid, column->type.typmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	rows.from = psprintf("%s.spindle_rows(%s, %s, %s, '" INT64_FORMAT "', $1, $2) AS generated (%s)",
						 quote_identifier(get_namespace_name(get_func_namespace(function))),
						 quote_literal_cstr(fill->instance->domain->name), quote_literal_cstr(fill->table->name),
						 quote_literal_cstr(fill->instance->domain->preset[fill->instance->preset].name),
						 fill->instance->seed, definitions.data);
	return spindle_target_insert(fill->target, &rows, taken);
}

/* Run the statement until all rows are inserted; the result is their number. */
static int64
insert_rows(const Fill *fill, const char *statement, int64 row, int64 end)
{
	Oid			types[] = {INT8OID, INT8OID};
	SpindleProgress progress;
	SPIPlanPtr	plan;
	int64		first = row;
	int64		inserted = 0;

	spindle_progress_start(&progress, psprintf("filling %s", RelationGetRelationName(fill->target)),
						   end - row, "rows");
	SPI_connect();
	plan = SPI_prepare(statement, lengthof(types), types);
	if (plan == NULL)
		elog(ERROR, "could not prepare statement: %s", SPI_result_code_string(SPI_result));
	for (; row < end; row += STATEMENT_ROWS)
	{
		Datum		values[] = {Int64GetDatum(row), Int64GetDatum(Min(STATEMENT_ROWS, end - row))};

		CHECK_FOR_INTERRUPTS();
		spindle_progress_report(&progress, row - first);
		if (SPI_execute_plan(plan, values, NULL, false, 0) < 0)
			elog(ERROR, "could not run statement: %s", statement);
		inserted += (int64) SPI_processed;
	}
	SPI_finish();
	spindle_progress_end(&progress);
	return inserted;
}

/*
 * spindle_fill(target, domain, table_name, scale, seed, columns, first_row,
 *				max_rows)
 *		Insert generated rows into a table; the result is the number of rows
 *		that were inserted.
 */
Datum
spindle_fill(PG_FUNCTION_ARGS)
{
	Fill		fill = {0};
	int			table;
	int64		row;
	int64		end;
	int64		inserted;

	PreventCommandDuringRecovery("spindle_fill()");
	spindle_arg_require(fcinfo, ARG_TARGET, "target");
	fill.instance = spindle_library_instance(spindle_arg_text(fcinfo, ARG_DOMAIN, "domain"),
											 spindle_arg_text(fcinfo, ARG_SCALE, "scale"),
											 spindle_arg_int64(fcinfo, ARG_SEED, "seed"), CurrentMemoryContext);
	table = spindle_source_table(fill.instance->domain, spindle_arg_text(fcinfo, ARG_TABLE, "table_name"));
	fill.table = &fill.instance->domain->table[table];
	read_columns(&fill, fcinfo);
	spindle_arg_require(fcinfo, ARG_FIRST_ROW, "first_row");
	end = fill.instance->nrows[table];
	row = Min(spindle_arg_count(fcinfo, ARG_FIRST_ROW, "first_row", 0), end);
	end = row + Min(spindle_arg_count(fcinfo, ARG_MAX_ROWS, "max_rows", PG_INT64_MAX), end - row);

	/* the lock that INSERT takes, so that columns stay what we have checked */
	fill.target = spindle_relation_open(PG_GETARG_OID(ARG_TARGET), NULL, RowExclusiveLock);
	for (int c = 0; c < fill.table->ncolumns; c++)
		if (fill.wanted[c])
			check_column(&fill, c);
	inserted = insert_rows(&fill, insert_statement(&fill, fcinfo->flinfo->fn_oid), row, end);
	relation_close(fill.target, NoLock);
	PG_RETURN_INT64(inserted);
}
