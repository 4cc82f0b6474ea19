/*-------------------------------------------------------------------------
 *
 * history_sample.c
 *		Some versions of rows, spread evenly over a history.
 *
 * A row with more versions has to be in the sample more often, and yet its versions
 * not all together, which would show values to repeat that seldom do.  So more rows
 * are looked at than versions are wanted, and of every so many versions that follow
 * each other one is taken, at random but always the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "commands/vacuum.h"
#include "utils/memutils.h"

#include "compat.h"
#include "math/rng.h"
#include "scan/history_row.h"
#include "scan/history_sample.h"
#include "scan/statistics.h"

/* Rows that are looked at for each version that is wanted, at most; and versions. */
#define ROWS_PER_VERSION		2
#define VERSIONS_PER_VERSION	40
/* To count the versions of a row: rows that are looked at first, ... */
#define FIRST_ROWS				32
/* ... and if these do not have many versions, as many as have so many, and no more than. */
#define COUNTED_VERSIONS		20000
#define COUNTED_ROWS			1024

/* Rows that lie spread evenly over a table; a SpindleHistoryRows gives them. */
typedef struct SpreadRows
{
	int64		nrows;			/* of the table */
	int64		n;				/* of the sample */
	int64		next;			/* of these */
	SpindleKey	key;
} SpreadRows;

static int
next_spread_rows(void *arg, int64 *rows, int most)
{
	SpreadRows *spread = arg;
	const int	n = (int) Min(most, spread->n - spread->next);

	spindle_vacuum_delay_point(true);
	for (int i = 0; i < n; i++)
	{
		const int64 low = (int64) ((__int128) spread->nrows * spread->next / spread->n);
		const int64 high = (int64) ((__int128) spread->nrows * (spread->next + 1) / spread->n);

		rows[i] = low + (int64) spindle_below(spindle_draw(spread->key, spread->next), high - low);
		spread->next++;
	}
	return n;
}

/*
 * spindle_history_sample
 *		Show versions of a source's rows to a taker, `wanted' or less, all if there
 *		are not more.
 *
 * columns, told, natts and inputs are as for spindle_history_reader_create(), and
 * per_row is how many versions a row has.  Uses context.  They come in the order of
 * rows, and depend on nothing but the source and the numbers.  Can be cancelled.
 */
SpindleHistorySample
spindle_history_sample(const SpindleSource *source, const int *columns, const int *told, int natts,
					   const SpindleInput *inputs, double per_row, int wanted, SpindleVersionTaker taker, void *arg,
					   MemoryContext context)
{
	const int64 nrows = source->instance->nrows[source->table];
	SpreadRows	spread = {.nrows = nrows,.key = spindle_key_seed(0)};
	const SpindleKey key = spindle_key_derive(spread.key, 1);
	SpindleHistoryReader *reader;
	SpindleHistorySample sample = {0};
	SpindleVersion version;
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Datum	   *values = palloc0(sizeof(Datum) * natts);
	bool	   *nulls = palloc(natts);
	int64		one_of;
	int64		chosen = 0;

	memset(nulls, true, natts);
	spread.n = Min(nrows, (int64) ceil(Min(ROWS_PER_VERSION, VERSIONS_PER_VERSION / per_row) * wanted));
	one_of = Max(1, (int64) ceil(per_row * (double) spread.n / wanted - 0.001));
	reader = spindle_history_reader_create(source, columns, told, natts, inputs, context);
	spindle_history_start(reader->history, next_spread_rows, &spread);
	while (sample.ntaken < wanted && spindle_history_reader_next(reader, &version, values, nulls))
	{
		if (sample.nversions % one_of == 0)
			chosen = (int64) spindle_below(spindle_draw(key, sample.nversions), one_of);
		if (sample.nversions++ % one_of != chosen)
			continue;
		MemoryContextSwitchTo(oldcontext);
		taker(arg, values, nulls);
		MemoryContextSwitchTo(context);
		sample.ntaken++;
	}
	sample.nrows = spread.n;
	MemoryContextSwitchTo(oldcontext);
	return sample;
}

/* How many versions do n rows have, spread over the table, on average? */
static double
count_versions(const SpindleSource *source, int64 n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle sample", ALLOCSET_DEFAULT_SIZES);
	SpreadRows	spread = {.nrows = source->instance->nrows[source->table],.n = n,.key = spindle_key_seed(0)};
	SpindleHistoryReader *reader = spindle_history_reader_create(source, NULL, NULL, 0, NULL, context);
	SpindleVersion version;
	int64		count = 0;

	spindle_history_start(reader->history, next_spread_rows, &spread);
	while (spindle_history_reader_next(reader, &version, NULL, NULL))
		count++;
	MemoryContextDelete(context);
	return (double) count / (double) n;
}

/*
 * spindle_history_per_row
 *		How many versions a row of a source has, on average, above 0: counted if the
 *		table has few, else an estimate by some rows.
 *
 * Raises what computing rows raises.  Can be cancelled.
 */
double
spindle_history_per_row(const SpindleSource *source)
{
	const int64 nrows = source->instance->nrows[source->table];
	double		per_row;
	int64		n = Min(nrows, FIRST_ROWS);

	if (nrows == 0)
		return 1.0;
	per_row = count_versions(source, n);
	if (n < nrows && per_row * FIRST_ROWS * 2 < COUNTED_VERSIONS)
	{
		n = (int64) Min(COUNTED_ROWS, COUNTED_VERSIONS / Max(per_row, 1.0));
		n = Min(nrows, n);
		per_row = count_versions(source, n);
	}
	return Max(per_row, 1.0 / (double) n);
}
