/*-------------------------------------------------------------------------
 *
 * column_sample.c
 *		Values of some rows of a column, for its statistics.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "math/rng.h"
#include "scan/column_sample.h"
#include "scan/history_sample.h"
#include "scan/ranges.h"

/*
 * spindle_sample_row
 *		Row i of a sample of n rows: those of a run lie side by side, and the runs
 * anywhere in equal parts of the table, at random but always the same.
 */
int64
spindle_sample_row(const ColumnSample *sample, int i, int n)
{
	const int	nparts = (n + SPINDLE_SAMPLE_RUN - 1) / SPINDLE_SAMPLE_RUN;
	const int	part = i / SPINDLE_SAMPLE_RUN;
	int64		low;
	int64		high;

	if (n == sample->nrows)
		return i;
	low = (int64) ((__int128) sample->nrows * part / nparts);
	high = (int64) ((__int128) sample->nrows * (part + 1) / nparts);
	if (high - low > SPINDLE_SAMPLE_RUN)
		low += (int64) spindle_below(spindle_draw(spindle_key_seed(0), part), high - low - SPINDLE_SAMPLE_RUN + 1);
	return Min(low + i % SPINDLE_SAMPLE_RUN, high - 1);
}

/* The row at quantile i of n, the first row being 0 and the last one n, in the same way. */
int64
spindle_sample_quantile(const ColumnSample *sample, int i, int n)
{
	return (int64) ((__int128) (sample->nrows - 1) * i / n);
}

/* One more value that is not NULL, which is copied. */
static void
add_value(ColumnSample *sample, int64 value, Datum datum)
{
	const Form_pg_type type = sample->stats->attrtype;

	sample->value[sample->nvalues] = value;
	sample->datum[sample->nvalues++] = datumCopy(datum, type->typbyval, type->typlen);
}

/*
 * spindle_sample_take
 *		Compute n rows into the sample, chosen by a function.  The values that are
 *		not NULL are copied, as Datums of a batch are gone with the next one.
 */
void
spindle_sample_take(ColumnSample *sample, int n, SpindleSampleRow row_of)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle sample", ALLOCSET_DEFAULT_SIZES);
	SpindleEval *eval = spindle_eval_create(sample->instance, sample->table, context);
	SpindleRows *rows = spindle_rows_create_for(eval, sample->instance, sample->table, &sample->column, 1, sample->input,
												context);
	int			handle = spindle_eval_add_column(eval, sample->column);

	sample->value = palloc(sizeof(int64) * n);
	sample->datum = palloc(sizeof(Datum) * n);
	for (sample->nsampled = 0; sample->nsampled < n;)
	{
		int64		list[SPINDLE_BATCH_ROWS];
		int			batch = Min(SPINDLE_BATCH_ROWS, n - sample->nsampled);

		for (int i = 0; i < batch; i++)
			list[i] = row_of(sample, sample->nsampled + i, row_of == spindle_sample_quantile ? n - 1 : n);
		spindle_rows_fill_list(rows, list, batch);
		for (int i = 0; i < batch; i++)
		{
			Datum		datum;
			bool		is_null;

			spindle_rows_get(rows, i, &datum, &is_null);
			if (is_null)
			{
				sample->nnulls++;
				continue;
			}
			add_value(sample, spindle_eval_vector(eval, handle)->value[i], datum);
		}
		sample->nsampled += batch;
	}
	MemoryContextDelete(context);
}

/* A SpindleVersionTaker that takes the value of a version. */
static void
take_version(void *arg, Datum *values, bool *nulls)
{
	ColumnSample *sample = arg;

	sample->nsampled++;
	if (nulls[0])
		sample->nnulls++;
	else
		add_value(sample, 0, values[0]);
}

/*
 * spindle_sample_versions
 *		Compute the values of n versions of rows, or less, into the sample of a history.
 */
void
spindle_sample_versions(ColumnSample *sample, int n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle sample", ALLOCSET_DEFAULT_SIZES);
	const int	column = Max(sample->column, -1);
	const int	told = sample->column < 0 ? SPINDLE_TOLD_STATISTICS - sample->column : -1;

	sample->value = palloc(sizeof(int64) * n);
	sample->datum = palloc(sizeof(Datum) * n);
	spindle_history_sample(sample->source, &column, &told, 1, sample->input, sample->per_row, n, take_version, sample,
						   context);
	MemoryContextDelete(context);
}

/* A type, as the server's analysis wants to know it. */
static VacAttrStats *
make_stats(const SpindleStatisticsType *type, Oid collation)
{
	VacAttrStats *stats = palloc0(sizeof(VacAttrStats));
	HeapTuple	tuple = SearchSysCacheCopy1(TYPEOID, ObjectIdGetDatum(type->oid));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type->oid);
	stats->attrtype = (Form_pg_type) GETSTRUCT(tuple);
	stats->attrtypid = type->oid;
	stats->attrtypmod = type->typmod;
	stats->attrcollid = collation;
	stats->anl_context = CurrentMemoryContext;
	for (int k = 0; k < STATISTIC_NUM_SLOTS; k++)
	{
		stats->statypid[k] = type->oid;
		stats->statyplen[k] = stats->attrtype->typlen;
		stats->statypbyval[k] = stats->attrtype->typbyval;
		stats->statypalign[k] = stats->attrtype->typalign;
	}
	spindle_set_statistics_target(stats, stats->attrtype->typcategory == TYPCATEGORY_STRING ? SPINDLE_TEXT_TARGET : SPINDLE_TARGET);
	return stats;
}

/*
 * spindle_sample_begin
 *		A column of a source, or an expression of it, of which nothing is known yet;
 *		palloc'd.
 */
ColumnSample *
spindle_sample_begin(const SpindleSource *source, int column, const SpindleStatisticsType *type, Oid collation)
{
	ColumnSample *sample = palloc0(sizeof(ColumnSample));

	sample->source = source;
	sample->instance = source->instance;
	sample->table = source->table;
	sample->column = column;
	sample->type = column < 0 ? NULL : &source->instance->domain->table[source->table].column[column].type;
	sample->input = type->input;
	sample->per_row = source->is_history ? spindle_history_per_row(source) : 1.0;
	sample->of_versions = column < 0 || (source->is_history && spindle_source_changes(source, column));
	sample->nrows = source->instance->nrows[source->table];
	if (sample->of_versions)
		sample->nrows = (int64) rint((double) sample->nrows * sample->per_row);
	sample->cache = lookup_type_cache(type->oid, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);
	sample->stats = make_stats(type, collation);
	sample->profile.null_fraction = -1;
	return sample;
}
