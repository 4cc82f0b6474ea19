/*-------------------------------------------------------------------------
 *
 * history_row.c
 *		Versions of generated rows as rows of histories: with columns that tell of
 *		the version beside those of the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "scan/history_row.h"

/*
 * spindle_row_run_next
 *		A SpindleHistoryRows of the rows of a SpindleRowRun.
 */
int
spindle_row_run_next(void *run, int64 *rows, int most)
{
	SpindleRowRun *r = run;
	const int	n = (int) Min(most, r->end - r->next);

	for (int i = 0; i < n; i++)
		rows[i] = r->next + i;
	r->next += n;
	return n;
}

/*
 * spindle_history_reader_create
 *		Prepare to read versions of the rows of a source as rows of natts attributes,
 *		in a memory context.
 *
 * columns has the column of each, or -1, told what it tells of versions, or -1; one
 * that is neither is not computed.  inputs are as for spindle_rows_create().  What
 * rows these are is told by spindle_history_start().
 */
SpindleHistoryReader *
spindle_history_reader_create(const SpindleSource *source, const int *columns, const int *told, int natts,
							  const SpindleInput *inputs, MemoryContext context)
{
	SpindleHistoryReader *reader = MemoryContextAlloc(context, sizeof(SpindleHistoryReader));

	for (int k = 0; k < SPINDLE_VERSION_COLUMNS; k++)
		reader->attribute[k] = -1;
	for (int i = 0; i < natts; i++)
		if (told[i] >= 0)
			reader->attribute[told[i]] = i;
	reader->history = spindle_history_create(source->instance, source->table, source->as_of.profile, columns, natts,
											 inputs, reader->attribute[SPINDLE_VERSION_NUMBER] >= 0, context);
	return reader;
}

/*
 * spindle_history_reader_next
 *		The next version, by row and time; false at the end.
 *
 * values and nulls have an entry for each attribute; those that are not computed are
 * left as they are.  Datums by reference live until the next call.  Can be
 * cancelled.
 */
bool
spindle_history_reader_next(SpindleHistoryReader *reader, SpindleVersion *version, Datum *values, bool *nulls)
{
	Datum		value[SPINDLE_VERSION_COLUMNS];

	if (!spindle_history_next(reader->history, version, values, nulls))
		return false;
	value[SPINDLE_VERSION_NUMBER] = Int32GetDatum(version->version);
	value[SPINDLE_VERSION_FROM] = TimestampTzGetDatum(version->from);
	value[SPINDLE_VERSION_TO] = TimestampTzGetDatum(version->to);
	value[SPINDLE_VERSION_OP] = CharGetDatum(version->op);
	for (int k = 0; k < SPINDLE_VERSION_COLUMNS; k++)
		if (reader->attribute[k] >= 0)
		{
			values[reader->attribute[k]] = value[k];
			nulls[reader->attribute[k]] = false;
		}
	return true;
}
