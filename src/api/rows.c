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
#include "scan/function_scan.h"
#include "server/progress.h"
#include "spindle.h"

PG_FUNCTION_INFO_V1(spindle_rows);

/*
 * spindle_rows(domain, table_name, scale, seed, first_row, max_rows, as_of, profile)
 *		Rows first_row .. first_row + max_rows - 1 of a generated table, counted
 *		from 0; all to the end if max_rows is null.  Of these, those that are there
 *		at the time as_of, as they are then.
 *
 * The columns are those of the column definition list, by name; their types
 * must be right.  In most queries a scan node takes the function's place
 * (function_scan.c).
 *
 * first_row beyond the end gives no rows.  Raises null_value_not_allowed,
 * invalid_parameter_value, undefined_object, undefined_table,
 * undefined_column, datatype_mismatch, and feature_not_supported without a
 * column definition list.  Here all rows are kept in a tuplestore; can be
 * cancelled between batches.
 */
Datum
spindle_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleSource source;
	SpindleRows *rows;
	SpindlePresence presence;
	SpindleProgress progress;
	MemoryContext context;
	Datum	   *values;
	bool	   *nulls;
	int64		first;
	int64		end;

	spindle_source_of_rows_call(fcinfo->args, PG_NARGS(), rsinfo && IsA(rsinfo, ReturnSetInfo) ? rsinfo->expectedDesc : NULL,
								&source, &first, &end);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle_rows", ALLOCSET_DEFAULT_SIZES);
	rows = spindle_rows_create_at(source.instance, source.table, &source.as_of, source.column, source.natts,
								  source.input, context);
	spindle_presence_init(&presence, source.instance, source.table, &source.as_of, context);
	values = palloc0(sizeof(Datum) * source.natts);
	nulls = palloc0(source.natts);
	spindle_progress_start(&progress,
						   psprintf("generating %s",
									spindle_source_name(source.instance, source.instance->domain->table[source.table].name)),
						   end - first, "rows");
	for (int64 row = first; row < end; row += SPINDLE_BATCH_ROWS)
	{
		int64		list[SPINDLE_BATCH_ROWS];
		int			n = (int) Min(SPINDLE_BATCH_ROWS, end - row);

		CHECK_FOR_INTERRUPTS();
		spindle_progress_report(&progress, row - first);
		n = spindle_rows_fill_present(rows, &presence, row, n, list);
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
