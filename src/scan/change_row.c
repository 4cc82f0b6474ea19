/*-------------------------------------------------------------------------
 *
 * change_row.c
 *		Changes as rows of spindle_changes().
 *
 * The columns are made one by one, as far as somebody reads them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "scan/function_scan.h"

/*
 * spindle_change_scan_open
 *		The changes that the arguments of a call ask for.
 *
 * wanted, which must stay, says per column of the result whether it is made.
 * Allocates in context, which holds the domain.  Raises what
 * spindle_change_call_open() and spindle_change_queue_open() do.
 */
void
spindle_change_scan_open(SpindleChangeScan *scan, const NullableDatum *args, int nargs, const bool *wanted,
						 MemoryContext context)
{
	const SpindleChangeNeeds needs = {
		.arrivals = wanted[SPINDLE_CHANGES_ARRIVAL] || DatumGetBool(args[SPINDLE_CHANGE_REALTIME].value),
		.versions = wanted[SPINDLE_CHANGES_VERSION],
		.images = wanted[SPINDLE_CHANGES_KEY] || wanted[SPINDLE_CHANGES_BEFORE] || wanted[SPINDLE_CHANGES_AFTER] ||
		wanted[SPINDLE_CHANGES_CHANGED],
		.realtime = DatumGetBool(args[SPINDLE_CHANGE_REALTIME].value),
	};
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	memset(scan, 0, sizeof(*scan));
	spindle_change_call_open(args, nargs, &scan->call);
	scan->changes = spindle_change_queue_open(scan->call.instance, &scan->call.options, &scan->call.delay, false, &needs,
											  context);
	scan->wanted = wanted;
	scan->context = context;
	scan->table_name = palloc0(sizeof(Datum) * scan->call.instance->domain->ntables);
	scan->column_name = palloc0(sizeof(Datum *) * scan->call.instance->domain->ntables);
	initStringInfo(&scan->json);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_change_scan_next
 *		The next change; false at the end.
 */
bool
spindle_change_scan_next(SpindleChangeScan *scan, SpindleChange *change)
{
	if (!spindle_change_queue_next(scan->changes, change))
		return false;
	scan->transactions += change->txn_seq == 1;
	scan->late += change->txn_seq == 1 && change->is_late;
	return true;
}

/* The name of a table, made once. */
static Datum
name_of_table(SpindleChangeScan *scan, int table)
{
	if (scan->table_name[table] == (Datum) 0)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(scan->context);

		scan->table_name[table] = CStringGetTextDatum(scan->call.instance->domain->table[table].sql_name);
		MemoryContextSwitchTo(oldcontext);
	}
	return scan->table_name[table];
}

/* An image as JSON, or its key; in the current memory context. */
static Datum
image_datum(SpindleChangeScan *scan, const SpindleImage *image, bool key)
{
	resetStringInfo(&scan->json);
	if (key)
		spindle_image_write_columns(image, image->table->key, image->table->nkeys, &scan->json);
	else
		spindle_image_write(image, &scan->json);
	return spindle_utf8_datum(scan->json.data, scan->json.len);
}

/* The names of the columns that an update changes, as an array of text. */
static Datum
changed_columns(SpindleChangeScan *scan, const SpindleChange *change)
{
	const SpindleChangeTable *table = change->after->table;
	Datum	   *names = palloc(sizeof(Datum) * table->ncolumns);
	int			n = 0;

	if (scan->column_name[change->table] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(scan->context);

		scan->column_name[change->table] = palloc(sizeof(Datum) * table->ncolumns);
		for (int c = 0; c < table->ncolumns; c++)
			scan->column_name[change->table][c] = CStringGetTextDatum(table->column[c]->sql_name);
		MemoryContextSwitchTo(oldcontext);
	}
	for (int c = 0; c < table->ncolumns; c++)
		if (change->changed[c])
			names[n++] = scan->column_name[change->table][c];
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The JSON of a change: of its key, and of the row before and after. */
static void
make_images(SpindleChangeScan *scan, const SpindleChange *change, Datum *values, bool *nulls)
{
	const bool *wanted = scan->wanted;
	const SpindleImage *image = change->after ? change->after : change->before;

	if (wanted[SPINDLE_CHANGES_KEY])
	{
		nulls[SPINDLE_CHANGES_KEY] = image->table->nkeys == 0;
		if (!nulls[SPINDLE_CHANGES_KEY])
			values[SPINDLE_CHANGES_KEY] = image_datum(scan, image, true);
	}
	if (wanted[SPINDLE_CHANGES_BEFORE] && change->before)
	{
		nulls[SPINDLE_CHANGES_BEFORE] = false;
		values[SPINDLE_CHANGES_BEFORE] = image_datum(scan, change->before, false);
	}
	if (wanted[SPINDLE_CHANGES_AFTER] && change->after)
	{
		nulls[SPINDLE_CHANGES_AFTER] = false;
		values[SPINDLE_CHANGES_AFTER] = image_datum(scan, change->after, false);
	}
	if (wanted[SPINDLE_CHANGES_CHANGED] && change->changed)
	{
		nulls[SPINDLE_CHANGES_CHANGED] = false;
		values[SPINDLE_CHANGES_CHANGED] = changed_columns(scan, change);
	}
}

/*
 * spindle_change_row
 *		A change as a row of spindle_changes(), with the columns that are wanted.
 *
 * What is not passed by value lives as long as the scan, or is allocated in the
 * current memory context.  Nulls are set for all columns.
 */
void
spindle_change_row(SpindleChangeScan *scan, const SpindleChange *change, Datum *values, bool *nulls)
{
	const bool *wanted = scan->wanted;

	memset(nulls, true, sizeof(bool) * SPINDLE_CHANGES_COLUMNS);
	values[SPINDLE_CHANGES_SEQ] = Int64GetDatum(change->delivery_seq);
	values[SPINDLE_CHANGES_POSITION] = LSNGetDatum(change->position);
	values[SPINDLE_CHANGES_TXN_SEQ] = Int32GetDatum(change->txn_seq);
	values[SPINDLE_CHANGES_TXN_LAST] = BoolGetDatum(change->txn_last);
	values[SPINDLE_CHANGES_OP] = CharGetDatum(change->op);
	values[SPINDLE_CHANGES_TIME] = TimestampTzGetDatum(change->event_time);
	values[SPINDLE_CHANGES_VERSION] = Int32GetDatum(change->version);
	nulls[SPINDLE_CHANGES_SEQ] = nulls[SPINDLE_CHANGES_POSITION] = nulls[SPINDLE_CHANGES_TXN_SEQ] = false;
	nulls[SPINDLE_CHANGES_TXN_LAST] = nulls[SPINDLE_CHANGES_OP] = nulls[SPINDLE_CHANGES_VERSION] = false;
	nulls[SPINDLE_CHANGES_TIME] = !change->has_time;
	if (wanted[SPINDLE_CHANGES_TABLE])
	{
		values[SPINDLE_CHANGES_TABLE] = name_of_table(scan, change->table);
		nulls[SPINDLE_CHANGES_TABLE] = false;
	}
	if (wanted[SPINDLE_CHANGES_ARRIVAL])
	{
		values[SPINDLE_CHANGES_ARRIVAL] = spindle_arrival_datum(change->arrival);
		nulls[SPINDLE_CHANGES_ARRIVAL] = false;
	}
	if (change->before || change->after)
		make_images(scan, change, values, nulls);
}
