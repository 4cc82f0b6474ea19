/*-------------------------------------------------------------------------
 *
 * sample.c
 *		The foreign-data wrapper: rows for ANALYZE.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "gen/datum.h"
#include "math/rng.h"
#include "scan/fdw.h"
#include "scan/history_sample.h"
#include "scan/statistics.h"

/* Where the versions of a sample go. */
typedef struct TakenTuples
{
	TupleDesc	desc;
	HeapTuple  *tuple;
	int			n;
} TakenTuples;

/* A SpindleVersionTaker that makes tuples. */
static void
take_tuple(void *arg, Datum *values, bool *nulls)
{
	TakenTuples *taken = arg;

	taken->tuple[taken->n++] = heap_form_tuple(taken->desc, values, nulls);
}

/*
 * The same as acquire_sample() for a history: versions spread evenly over all of
 * them, whose number is known if the table is small, else what the sample tells.
 */
static int
acquire_versions(Relation relation, int elevel, const SpindleSource *source, HeapTuple *rows, int targrows,
				 double *totalrows, MemoryContext context)
{
	TakenTuples taken = {.desc = RelationGetDescr(relation),.tuple = rows};
	const double nrows = (double) source->instance->nrows[source->table];
	double		per_row = spindle_history_per_row(source);
	SpindleHistorySample sample = spindle_history_sample(source, source->column, source->told, source->natts,
														 source->input, per_row, targrows, take_tuple, &taken, context);

	/* a sample that is full has not seen all versions of its rows */
	if (taken.n < targrows && sample.nrows > 0)
		per_row = (double) sample.nversions / (double) sample.nrows;
	*totalrows = rint(nrows * per_row);
	ereport(elevel,
			(errmsg("\"%s\": generated %d of %.0f versions of " INT64_FORMAT " rows",
					RelationGetRelationName(relation), taken.n, *totalrows, source->instance->nrows[source->table])));
	return taken.n;
}

/*
 * ANALYZE: rows spread evenly over the table, each anywhere in its share.
 *
 * Fills up to targrows elements of rows with tuples, palloc'd in the current
 * context, and returns how many they are; *totalrows is exact.  The sample
 * depends on nothing but the size of the table, so to analyze again gives the
 * same statistics.  They come in the order of rows, as ANALYZE needs them to
 * find the correlation of columns.  Raises what is wrong with the options.
 */
static int
acquire_sample(Relation relation, int elevel, HeapTuple *rows, int targrows,
			   double *totalrows, double *totaldeadrows)
{
	TupleDesc	desc = RelationGetDescr(relation);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle sample",
												  ALLOCSET_DEFAULT_SIZES);
	SpindleSource *source = spindle_source_of_relation(RelationGetRelid(relation), desc);
	SpindleKey	key = spindle_key_seed(0);
	SpindlePresence presence;
	int64		nrows;
	int			wanted;
	int			found = 0;
	SpindleRows *generated;
	Datum	   *values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(desc->natts);

	*totaldeadrows = 0;
	if (source->is_history)
	{
		found = acquire_versions(relation, elevel, source, rows, targrows, totalrows, context);
		MemoryContextDelete(context);
		return found;
	}
	memset(nulls, true, desc->natts);
	generated = spindle_rows_create_at(source->instance, source->table, &source->as_of, source->column, desc->natts,
									   source->input, context);
	spindle_presence_init(&presence, source->instance, source->table, &source->as_of, context);
	nrows = presence.end;
	wanted = (int) Min(targrows, nrows);
	for (int done = 0; done < wanted;)
	{
		int64		list[SPINDLE_BATCH_ROWS];
		int			n = Min(SPINDLE_BATCH_ROWS, wanted - done);

		spindle_vacuum_delay_point(true);
		for (int i = 0; i < n; i++)
		{
			int64		low = (int64) ((__int128) nrows * (done + i) / wanted);
			int64		high = (int64) ((__int128) nrows * (done + i + 1) / wanted);

			list[i] = low + (int64) spindle_below(spindle_draw(key, done + i), high - low);
		}
		done += n;
		n = spindle_presence_filter(&presence, list, n);
		spindle_rows_fill_list(generated, list, n);
		for (int i = 0; i < n; i++)
		{
			spindle_rows_get(generated, i, values, nulls);
			rows[found++] = heap_form_tuple(desc, values, nulls);
		}
	}

	/* exact, unless the sample tells how many rows are there */
	*totalrows = wanted == 0 ? 0 : (double) nrows * found / wanted;
	MemoryContextDelete(context);
	ereport(elevel,
			(errmsg("\"%s\": generated %d of " INT64_FORMAT " rows",
					RelationGetRelationName(relation), found, nrows)));
	return found;
}

/*
 * spindle_fdw_analyze
 *		AnalyzeForeignTable: any foreign table of ours can be analyzed; whether its
 *		options are right shows when the sample is taken.
 */
bool
spindle_fdw_analyze(Relation relation, AcquireSampleRowsFunc *func, BlockNumber *totalpages)
{
	*func = acquire_sample;

	/* nothing is stored; ANALYZE wants some number */
	*totalpages = 1;
	return true;
}
