/*-------------------------------------------------------------------------
 *
 * rows.c
 *		SQL function spindle_rows: typed rows without a foreign table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "gen/datum.h"
#include "library/library.h"
#include "library/source.h"
#include "scan/scan.h"
#include "server/progress.h"
#include "spindle.h"

PG_FUNCTION_INFO_V1(spindle_rows);

/*
 * spindle_rows_arguments
 *		Read the arguments of spindle_rows: the table in *source, whose columns
 *		are those of desc, and the rows wanted, *row .. *end - 1.
 *
 * desc is NULL if the call has no column definition list, an error.  The instance
 * is held by the current memory context.
 */
void
spindle_rows_arguments(FunctionCallInfo fcinfo, TupleDesc desc, SpindleSource *source, int64 *row,
					   int64 *end)
{
	memset(source, 0, sizeof(*source));
	source->instance = spindle_library_instance(spindle_arg_text(fcinfo, 0, "domain"),
												spindle_arg_text(fcinfo, 2, "scale"),
												spindle_arg_int64(fcinfo, 3, "seed"), CurrentMemoryContext);
	source->table = spindle_source_table(source->instance->domain,
										 spindle_arg_text(fcinfo, 1, "table_name"));
	spindle_arg_require(fcinfo, 4, "first_row");
	*end = source->instance->nrows[source->table];
	*row = Min(spindle_arg_count(fcinfo, 4, "first_row", 0), *end);
	*end = *row + Min(spindle_arg_count(fcinfo, 5, "max_rows", PG_INT64_MAX), *end - *row);
	if (desc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("spindle_rows needs a column definition list"),
				 errhint("Call it as FROM spindle_rows(...) AS t(%s).",
						 spindle_source_column_list(&source->instance->domain->table[source->table]))));
	spindle_source_match(source, desc, "the column definition list");
}

/*
 * spindle_rows(domain, table_name, scale, seed, first_row, max_rows)
 *		Rows first_row .. first_row + max_rows - 1 of a generated table, counted
 *		from 0; all to the end if max_rows is null.
 *
 * The columns are those of the column definition list, by name; their types
 * must be right.  In most queries a scan node takes the function's place
 * (scan.c).
 */
Datum
spindle_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleSource source;
	SpindleRows *rows;
	SpindleProgress progress;
	MemoryContext context;
	Datum	   *values;
	bool	   *nulls;
	int64		first;
	int64		end;

	spindle_rows_arguments(fcinfo, rsinfo && IsA(rsinfo, ReturnSetInfo) ? rsinfo->expectedDesc : NULL,
						   &source, &first, &end);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_rows", ALLOCSET_DEFAULT_SIZES);
	rows = spindle_rows_create(source.instance, source.table, source.column, source.natts, context);
	values = palloc0(sizeof(Datum) * source.natts);
	nulls = palloc0(source.natts);
	spindle_progress_start(&progress,
						   psprintf("generating %s",
									spindle_source_name(source.instance, source.instance->domain->table[source.table].name)),
						   end - first, "rows");
	for (int64 row = first; row < end; row += SPINDLE_BATCH_ROWS)
	{
		int			n = (int) Min(SPINDLE_BATCH_ROWS, end - row);

		CHECK_FOR_INTERRUPTS();
		spindle_progress_report(&progress, row - first);
		spindle_rows_fill(rows, row, n);
		for (int i = 0; i < n; i++)
		{
			spindle_rows_get(rows, i, values, nulls);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
	spindle_progress_end(&progress);
	MemoryContextDelete(context);
	return (Datum) 0;
}
