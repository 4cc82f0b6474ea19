/*-------------------------------------------------------------------------
 *
 * column_statistics.c
 *		What ANALYZE would find in a generated column, and better.
 *
 * The result is a row of pg_statistic, so that all of the planner's estimates
 * can use it.  It is made of three things:
 *
 * - what the rule says (gen/profile.h): how many values differ, the most common
 *   ones with their shares, quantiles of the others, the share of NULLs;
 * - the order of rows: a column that never falls has its quantiles at known
 *   rows, and as many different values as its groups of rows are large;
 * - a sample of some thousand rows, spread evenly, for the rest, and for
 *   expressions, which the server's own analysis of a sample works on.
 *
 * A table of no more rows than a sample has is computed whole, which tells all.
 * The cost is that of a sample, also for a table of 10^10 rows.
 *
 * Everything is a function of the instance, the column and its collation, so a
 * plan does not change from session to session.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "gen/cost.h"
#include "scan/column_sample.h"

/* Tables of so many rows are computed whole. */
#define WHOLE_ROWS		4096
/* Rows of a sample, at least and at most; between that, what the time is enough for, in nanoseconds. */
#define MIN_SAMPLE		2048
#define MAX_SAMPLE		8192
#define SAMPLE_TIME		4000000.0
/* Rows of a sample of references to more rows than that: it only serves to tell ranges. */
#define REFERENCE_SAMPLE	1024
/* Versions of a sample of a history. */
#define VERSION_SAMPLE		4096
/* Rows whose values are measured to know their width. */
#define WIDTH_ROWS		64
/* Rows whose groups are measured to count the values of a column that never falls. */
#define GROUP_ROWS		512
/*
 * Rows of the sample of an expression, and bytes of a result of it, at most; and of
 * all that is allocated on the way, which stands for the time.
 */
#define EXPRESSION_SAMPLE	4096
#define MAX_RESULT_BYTES	1024
#define MAX_WORK_BYTES		(16 * 1024 * 1024)
/* Bytes of the common values that a rule says, all together. */
#define MAX_LISTED_BYTES	65536

/* Keep only the values of the sample that the profile does not list. */
static void
drop_listed_values(ColumnSample *sample)
{
	int			kept = 0;

	for (int i = 0; i < sample->nvalues; i++)
	{
		bool		is_listed = false;

		for (int k = 0; k < sample->profile.nvalues && !is_listed; k++)
			is_listed = sample->profile.value[k] == sample->value[i];
		if (is_listed)
			continue;
		sample->value[kept] = sample->value[i];
		sample->datum[kept++] = sample->datum[i];
	}
	sample->nvalues = kept;
}

/* For the server's analysis: a value of the sample. */
static Datum
fetch_value(VacAttrStatsP stats, int rownum, bool *isNull)
{
	*isNull = false;
	return stats->exprvals[rownum];
}

/*
 * Choose the analysis of a type: its own one, as arrays have for their elements,
 * or that of all others.  False if there is none.
 */
static bool
choose_analysis(VacAttrStats *stats)
{
	if (OidIsValid(stats->attrtype->typanalyze))
		return DatumGetBool(OidFunctionCall1(stats->attrtype->typanalyze, PointerGetDatum(stats)));
	return std_typanalyze(stats);
}

/* The slot of a kind, or the first one that is free and becomes that. */
static int
find_slot(const VacAttrStats *stats, int kind)
{
	int			k = 0;

	while (k < STATISTIC_NUM_SLOTS - 1 && stats->stakind[k] != 0 && stats->stakind[k] != kind)
		k++;
	return k;
}

/* Fill a slot; values or numbers may be NULL. */
static void
set_slot(ColumnSample *sample, int kind, Datum *values, int nvalues, float4 *numbers, int nnumbers)
{
	VacAttrStats *stats = sample->stats;
	int			k = find_slot(stats, kind);

	stats->stakind[k] = kind;
	stats->staop[k] = kind == STATISTIC_KIND_MCV ? sample->cache->eq_opr : sample->cache->lt_opr;
	stats->stacoll[k] = stats->attrcollid;
	stats->stavalues[k] = values;
	stats->numvalues[k] = nvalues;
	stats->stanumbers[k] = numbers;
	stats->numnumbers[k] = nnumbers;
}

/*
 * Put the values that the profile lists before those that the analysis of the
 * others has found, whose shares are among the others only; weight is what
 * these are of all rows.  The list ends where values are so wide that planning
 * would take time and memory with it.
 */
static void
list_common_values(ColumnSample *sample, double weight)
{
	const SpindleProfile *profile = &sample->profile;
	VacAttrStats *stats = sample->stats;
	double		not_null = 1.0 - stats->stanullfrac;
	int			k = find_slot(stats, STATISTIC_KIND_MCV);
	int			nfound = stats->stakind[k] == STATISTIC_KIND_MCV ? stats->numvalues[k] : 0;
	int			n = profile->nvalues + nfound;
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	float4	   *numbers = palloc(sizeof(float4) * Max(n, 1));
	Size		bytes = 0;

	if (n == 0)
		return;
	if (profile->nvalues > 0)
		spindle_datums_of_values(sample->type, sample->input, profile->value, profile->nvalues, values);
	n = 0;
	for (int i = 0; i < profile->nvalues; i++)
	{
		if (stats->attrtype->typlen < 0)
			bytes += VARSIZE_ANY(DatumGetPointer(values[i]));
		if (bytes > MAX_LISTED_BYTES)
			break;
		numbers[n++] = (float4) (profile->share[i] * not_null);
	}
	for (int i = 0; i < nfound; i++)
	{
		values[n] = stats->stavalues[k][i];
		numbers[n++] = (float4) (stats->stanumbers[k][i] * weight);
	}
	if (n > 0)
		set_slot(sample, STATISTIC_KIND_MCV, values, n, numbers, n);
}

/*
 * Set the number of different values.  As ANALYZE does, a number that grows with
 * the table is a share of its rows, as a negative number.
 */
static void
set_distinct(ColumnSample *sample, double ndistinct)
{
	double		nrows = (double) sample->nrows;

	ndistinct = Max(1.0, Min(ndistinct, nrows * (1.0 - sample->stats->stanullfrac)));
	sample->stats->stadistinct = (float4) (ndistinct > 0.1 * nrows ? -(ndistinct / nrows) : rint(ndistinct));
}

/* The bytes of some values on average, as a stored row would have them: with one more for texts of up to 126. */
static int32
average_width(const ColumnSample *sample, const Datum *datum, const double *share, int n)
{
	double		width = 0;
	double		sum = 0;

	if (sample->stats->attrtype->typlen > 0)
		return sample->stats->attrtype->typlen;
	for (int i = 0; i < n; i++)
	{
		double		weight = share ? share[i] : 1.0;
		Size		size = VARSIZE_ANY_EXHDR(DatumGetPointer(datum[i]));

		width += weight * (size + (size + VARHDRSZ_SHORT <= VARATT_SHORT_MAX ? VARHDRSZ_SHORT : VARHDRSZ));
		sum += weight;
	}
	return sum > 0 ? (int32) rint(width / sum) : 0;
}

/* All values and their shares are known. */
static void
use_profile(ColumnSample *sample)
{
	const SpindleProfile *profile = &sample->profile;
	VacAttrStats *stats = sample->stats;
	Datum		values[SPINDLE_PROFILE_VALUES];

	stats->stanullfrac = (float4) profile->null_fraction;
	if (profile->nvalues == 0)
		return;
	spindle_datums_of_values(sample->type, sample->input, profile->value, profile->nvalues, values);
	stats->stawidth = average_width(sample, values, profile->share, profile->nvalues);
	set_distinct(sample, profile->ndistinct);
	list_common_values(sample, 0);
}

/*
 * How many different values a column has that never falls, and is not NULL.
 *
 * The rows of a value are found by its inverse.  Of a row in a group of s rows
 * that have the same value, 1/s is the row's part of a value, and the mean of
 * that over some rows tells it for all.
 */
static double
count_groups(ColumnSample *sample)
{
	const SpindleTable *table = &sample->instance->domain->table[sample->table];
	SpindleDatumValue value_of = spindle_datum_value(sample->type, sample->type->oid);
	double		sum = 0;

	if (sample->profile.ndistinct > 0)
		return sample->profile.ndistinct;
	if (sample->column == table->parent_column && table->layout_min > 0)
		return (double) sample->instance->nrows[table->rows_parent];
	sample->nvalues = 0;
	spindle_sample_take(sample, (int) Min(GROUP_ROWS, sample->nrows), spindle_sample_row);
	for (int i = 0; i < sample->nvalues; i++)
	{
		/* a value may be an address, so it is that of our copy */
		int64		value = value_of ? value_of(sample->datum[i]) : sample->value[i];

		sum += 1.0 / (double) Max(1, spindle_instance_first_row_at(sample->instance, sample->table, sample->column, value, false) -
								  spindle_instance_first_row_at(sample->instance, sample->table, sample->column, value, true));
	}
	return sum / sample->nvalues * (double) sample->nrows;
}

/* The most common values are known, and quantiles of the others. */
static void
use_quantiles(ColumnSample *sample)
{
	const SpindleProfile *profile = &sample->profile;
	VacAttrStats *stats = sample->stats;
	Datum	   *bounds = palloc(sizeof(Datum) * profile->nquantiles);
	int			n = 0;

	stats->stanullfrac = (float4) profile->null_fraction;
	spindle_datums_of_values(sample->type, sample->input, profile->quantile, profile->nquantiles, bounds);
	stats->stawidth = average_width(sample, bounds, NULL, profile->nquantiles);
	set_distinct(sample, profile->ndistinct);
	list_common_values(sample, 0);

	/* a histogram has no value twice */
	for (int i = 0; i < profile->nquantiles; i++)
		if (i == 0 || profile->quantile[i] != profile->quantile[i - 1])
			bounds[n++] = bounds[i];
	if (n >= 2)
		set_slot(sample, STATISTIC_KIND_HISTOGRAM, bounds, n, NULL, 0);
}

/* The values rise with the rows, so quantiles are values of certain rows. */
static void
use_order(ColumnSample *sample)
{
	VacAttrStats *stats = sample->stats;
	float4	   *correlation = palloc(sizeof(float4));
	int			n = 0;

	spindle_sample_take(sample, SPINDLE_TARGET + 1, spindle_sample_quantile);
	stats->stawidth = average_width(sample, sample->datum, NULL, sample->nvalues);

	/* a histogram has no value twice */
	for (int i = 0; i < sample->nvalues; i++)
		if (n == 0 || !datumIsEqual(sample->datum[i], sample->datum[n - 1], stats->attrtype->typbyval,
									stats->attrtype->typlen))
			sample->datum[n++] = sample->datum[i];
	if (n >= 2)
		set_slot(sample, STATISTIC_KIND_HISTOGRAM, sample->datum, n, NULL, 0);
	*correlation = 1.0;
	set_slot(sample, STATISTIC_KIND_CORRELATION, NULL, 0, correlation, 1);
	set_distinct(sample, count_groups(sample));
}

/* The rows of a sample: fewer if they are dear to compute, all of a small table. */
static int
sample_size(const ColumnSample *sample)
{
	double		cost;

	if (sample->nrows <= WHOLE_ROWS)
		return (int) sample->nrows;
	if (sample->instance->domain->table[sample->table].column[sample->column].rule->ops->refers &&
		sample->profile.ndistinct > REFERENCE_SAMPLE)
		return REFERENCE_SAMPLE;
	cost = (spindle_columns_cost(sample->instance, sample->table, &sample->column, 1, true) +
			(SPINDLE_SAMPLE_RUN - 1) * spindle_columns_cost(sample->instance, sample->table, &sample->column, 1, false)) / SPINDLE_SAMPLE_RUN;
	return (int) Min(sample->nrows, Max(MIN_SAMPLE, Min(MAX_SAMPLE, SAMPLE_TIME / cost)));
}

/*
 * Let the server's analysis say of the sample what the rule does not.  False if
 * there is nothing to say.
 */
static bool
analyze_sample(ColumnSample *sample)
{
	SpindleProfile *profile = &sample->profile;
	VacAttrStats *stats = sample->stats;
	double		null_fraction;
	double		others = 1.0;	/* share of what is not listed, among values */
	double		ndistinct = 0;
	int32		width;

	null_fraction = profile->null_fraction >= 0 ? profile->null_fraction :
		(double) sample->nnulls / sample->nsampled;
	width = average_width(sample, sample->datum, NULL, sample->nvalues);
	drop_listed_values(sample);
	for (int i = 0; i < profile->nvalues; i++)
		others -= profile->share[i];
	others = Max(others, 0.0);

	stats->exprvals = sample->datum;
	if (sample->nvalues > 0)
	{
		double		total = rint((double) sample->nrows * (1.0 - null_fraction) * others);

		if (sample->nsampled == sample->nrows)
			total = sample->nvalues;
		if (!choose_analysis(stats))
			return false;
		total = Max(total, sample->nvalues);
		stats->compute_stats(stats, fetch_value, sample->nvalues, total);
		if (!stats->stats_valid)
			return false;
		ndistinct = stats->stadistinct < 0 ? -stats->stadistinct * total : stats->stadistinct;
	}
	stats->stanullfrac = (float4) null_fraction;
	stats->stawidth = width;
	if (sample->nvalues + profile->nvalues == 0)
		return true;
	set_distinct(sample, profile->ndistinct > 0 ? profile->ndistinct : ndistinct + profile->nvalues);
	list_common_values(sample, (1.0 - null_fraction) * others);
	return true;
}

/* Sample the rows, or versions of them, and analyze the sample; as analyze_sample(). */
static bool
use_sample(ColumnSample *sample)
{
	if (sample->of_versions)
		spindle_sample_versions(sample, VERSION_SAMPLE);
	else
		spindle_sample_take(sample, sample_size(sample), spindle_sample_row);
	return analyze_sample(sample);
}

/*
 * Where the values do not differ from version to version, there are more rows than
 * the number of different values has been seen in.
 */
static void
count_versions(ColumnSample *sample)
{
	VacAttrStats *stats = sample->stats;
	const double nrows = (double) sample->nrows;

	if (sample->of_versions || sample->per_row == 1.0)
		return;
	sample->nrows = (int64) rint(nrows * sample->per_row);
	set_distinct(sample, stats->stadistinct < 0 ? -stats->stadistinct * nrows : stats->stadistinct);
}

/*
 * Are common values of the type listed as such?  Not where nothing tells whether
 * two of them are equal, or where the type's analysis looks into the values, as
 * into the elements of arrays: that has to see all of them.
 */
static bool
lists_values(const ColumnSample *sample)
{
	return OidIsValid(sample->cache->eq_opr) && !OidIsValid(sample->stats->attrtype->typanalyze);
}

/* The row of pg_statistic, palloc'd.  Its table and column are of no meaning. */
static HeapTuple
form_tuple(const VacAttrStats *stats)
{
	Relation	catalog = table_open(StatisticRelationId, AccessShareLock);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic] = {0};
	HeapTuple	tuple;

	values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(stats->stanullfrac);
	values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(stats->stawidth);
	values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(stats->stadistinct);
	for (int k = 0; k < STATISTIC_NUM_SLOTS; k++)
	{
		Datum	   *numbers = palloc(sizeof(Datum) * Max(stats->numnumbers[k], 1));

		values[Anum_pg_statistic_stakind1 - 1 + k] = Int16GetDatum(stats->stakind[k]);
		values[Anum_pg_statistic_staop1 - 1 + k] = ObjectIdGetDatum(stats->staop[k]);
		values[Anum_pg_statistic_stacoll1 - 1 + k] = ObjectIdGetDatum(stats->stacoll[k]);
		for (int i = 0; i < stats->numnumbers[k]; i++)
			numbers[i] = Float4GetDatum(stats->stanumbers[k][i]);
		if (stats->numnumbers[k] > 0)
			values[Anum_pg_statistic_stanumbers1 - 1 + k] =
				PointerGetDatum(construct_array(numbers, stats->numnumbers[k], FLOAT4OID, sizeof(float4), true,
												TYPALIGN_INT));
		else
			nulls[Anum_pg_statistic_stanumbers1 - 1 + k] = true;
		if (stats->numvalues[k] > 0)
			values[Anum_pg_statistic_stavalues1 - 1 + k] =
				PointerGetDatum(construct_array(stats->stavalues[k], stats->numvalues[k], stats->statypid[k],
												stats->statyplen[k], stats->statypbyval[k], stats->statypalign[k]));
		else
			nulls[Anum_pg_statistic_stavalues1 - 1 + k] = true;
	}
	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	table_close(catalog, AccessShareLock);
	return tuple;
}

/*
 * Compute an expression of the values of a sample, into a sample of its results.
 * False if one of them is so long that all together might not fit into memory, or
 * if they take so much on the way that planning would take long.
 */
static bool
compute_expression(const ColumnSample *values, Expr *expr, ColumnSample *results)
{
	const Form_pg_type type = results->stats->attrtype;
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	const Size	empty = MemoryContextMemAllocated(econtext->ecxt_per_tuple_memory, true);
	Size		work = 0;
	ExprState  *state;

	fix_opfuncids((Node *) expr);
	state = ExecInitExpr(expr, NULL);
	results->nrows = values->nrows;
	results->nsampled = values->nsampled;
	results->datum = palloc(sizeof(Datum) * values->nsampled);
	results->value = palloc0(sizeof(int64) * values->nsampled);

	/* of all NULLs the result is the same */
	for (int i = 0; i < values->nvalues + Min(values->nnulls, 1); i++)
	{
		const int	count = i < values->nvalues ? 1 : values->nnulls;
		Datum		result;
		bool		is_null;

		CHECK_FOR_INTERRUPTS();
		econtext->caseValue_isNull = i == values->nvalues;
		econtext->caseValue_datum = econtext->caseValue_isNull ? (Datum) 0 : values->datum[i];
		result = ExecEvalExprSwitchContext(state, econtext, &is_null);
		work += MemoryContextMemAllocated(econtext->ecxt_per_tuple_memory, true) - empty;
		if (work > MAX_WORK_BYTES ||
			(!is_null && type->typlen < 0 && toast_raw_datum_size(result) > MAX_RESULT_BYTES))
			return false;
		for (int k = 0; k < count && !is_null; k++)
			results->datum[results->nvalues++] = datumCopy(result, type->typbyval, type->typlen);
		results->nnulls += is_null ? count : 0;
		ResetExprContext(econtext);
	}
	FreeExecutorState(estate);
	return true;
}

/*
 * spindle_expression_statistics
 *		The same as spindle_column_statistics() of an expression of a column; NULL
 *		also if results are long.
 *
 * type is that of the column.  Raises what the expression does, too.
 */
HeapTuple
spindle_expression_statistics(const SpindleSource *source, int column, const SpindleStatisticsType *type,
							  const SpindleStatisticsExpression *expression)
{
	ColumnSample *values = spindle_sample_begin(source, column, type, InvalidOid);
	ColumnSample *results = spindle_sample_begin(source, column, &expression->type, expression->collation);

	if (values->nrows == 0)
		return NULL;
	if (values->of_versions)
		spindle_sample_versions(values, EXPRESSION_SAMPLE);
	else
		spindle_sample_take(values, (int) Min(EXPRESSION_SAMPLE, values->nrows), spindle_sample_row);
	if (!compute_expression(values, expression->expr, results) || !analyze_sample(results))
		return NULL;
	count_versions(results);
	return form_tuple(results->stats);
}

/*
 * spindle_column_width
 *		The bytes of a column's values on average, by a few rows; 0 if these have
 *		none.  Raises what spindle_column_statistics() does.
 */
int32
spindle_column_width(SpindleInstance *instance, int table, int column, const SpindleStatisticsType *type)
{
	const SpindleSource source = {.instance = instance,.table = table,.as_of = SPINDLE_TODAY};
	ColumnSample *sample = spindle_sample_begin(&source, column, type, InvalidOid);

	spindle_sample_take(sample, (int) Min(WIDTH_ROWS, sample->nrows), spindle_sample_row);
	return average_width(sample, sample->datum, NULL, sample->nvalues);
}

/*
 * spindle_column_statistics
 *		The statistics of a column, as a row of pg_statistic, palloc'd; NULL if
 *		the table is empty.
 *
 * collation is that by which the attribute compares texts.  Leaves garbage in the
 * current memory context, some megabytes, as all functions here do.  Can be
 * interrupted.
 * Raises what computing rows raises, see spindle_eval_run() and
 * spindle_eval_add(), untranslatable_character, and what the input of the type
 * raises if a text is no value of it.
 */
HeapTuple
spindle_column_statistics(const SpindleSource *source, int column, const SpindleStatisticsType *type, Oid collation)
{
	ColumnSample *sample = spindle_sample_begin(source, column, type, collation);
	bool		valid = true;

	if (sample->nrows == 0)
		valid = false;
	else if (sample->of_versions || sample->nrows <= WHOLE_ROWS)
		valid = use_sample(sample);
	else
	{
		spindle_column_profile(source->instance, source->table, column, &sample->profile);
		if (!lists_values(sample))
		{
			sample->profile.nvalues = sample->profile.nquantiles = 0;
			sample->profile.is_complete = false;
		}
		if (source->instance->domain->table[source->table].column[column].monotone)
			use_order(sample);
		else if (sample->profile.is_complete && sample->profile.null_fraction >= 0)
			use_profile(sample);
		else if (sample->profile.nquantiles > 0 && sample->profile.null_fraction >= 0)
			use_quantiles(sample);
		else
			valid = use_sample(sample);
	}
	if (!valid)
		return NULL;
	count_versions(sample);
	return form_tuple(sample->stats);
}
