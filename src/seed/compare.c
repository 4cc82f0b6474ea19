/*-------------------------------------------------------------------------
 *
 * compare.c
 *		The tables of a schema, compared with the generated ones.
 *
 * Both sides of a table are read by a cursor, in the same order, and merged: a row
 * that is behind on one side has no partner on the other.  Where rows have a key,
 * two rows with the same key are then compared column by column; without a key the
 * order is that of all columns, and rows pair off one by one, so each side counts as
 * often as it is there.
 *
 * All is read as the calling user, with the snapshot of the calling statement.  Rows
 * of a cursor are taken in portions of some hundred kilobytes, and sorts are the
 * server's, so memory does not depend on the number of rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "json/datum_json.h"
#include "seed/compare.h"
#include "server/progress.h"

/* Rows of the first portion of a cursor, and of any. */
#define FIRST_PORTION_ROWS	16
#define MAX_PORTION_ROWS	256

/* What a portion should take, if its rows are as long as those of the last one. */
#define PORTION_BYTES		(256 * 1024)

/* One of the two sides of a table. */
typedef struct Side
{
	Portal		portal;
	SPITupleTable *portion;		/* NULL before the first */
	uint64		n;				/* its rows */
	uint64		i;				/* next of them */
	long		next_rows;		/* of the next portion */
	bool		at_end;
	int64		rows;			/* that have been read, with the present one */
	Datum	   *values;			/* of the present row, in the portion */
	bool	   *nulls;
} Side;

/* A comparison of a table under way. */
typedef struct Comparing
{
	const SpindleCompareTarget *target;
	TypeCacheEntry **type;		/* per column */
	Side		expected;
	Side		found;
	MemoryContext row_context;	/* what functions leave behind, for some rows */
	MemoryContext result_context;
	SpindleCompared *result;
} Comparing;

/* Open the cursor of a side. */
static void
open_side(Side *side, const char *query, int ncolumns)
{
	memset(side, 0, sizeof(*side));
	side->portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL, NULL, true, 0);
	side->next_rows = FIRST_PORTION_ROWS;
	side->values = palloc(sizeof(Datum) * Max(ncolumns, 1));
	side->nulls = palloc(sizeof(bool) * Max(ncolumns, 1));
}

/* Free the rows of a side, and close its cursor. */
static void
close_side(Side *side)
{
	SPI_freetuptable(side->portion);
	SPI_cursor_close(side->portal);
}

/* Take the next portion of a side. */
static void
next_portion(Side *side)
{
	Size		bytes;

	SPI_freetuptable(side->portion);
	SPI_cursor_fetch(side->portal, true, side->next_rows);
	side->portion = SPI_tuptable;
	side->n = SPI_processed;
	side->i = 0;
	if (side->n == 0)
		return;
	bytes = MemoryContextMemAllocated(side->portion->tuptabcxt, true);
	side->next_rows = (long) Max(1, Min(Min(MAX_PORTION_ROWS, side->next_rows * 4),
										(double) side->n * PORTION_BYTES / bytes));
}

/* Go to the next row of a side, if there is one. */
static void
advance(Side *side)
{
	if (side->i == side->n)
		next_portion(side);
	side->at_end = side->n == 0;
	if (side->at_end)
		return;
	heap_deform_tuple(side->portion->vals[side->i], side->portion->tupdesc, side->values, side->nulls);
	side->i++;
	side->rows++;
}

/*
 * Compare the places of the two present rows in the order: below 0 if the expected
 * one comes first, 0 if they have the same.  A side at its end comes last, and nulls
 * behind all values, as the server sorts them.
 */
static int
compare_places(const Comparing *comparing)
{
	const SpindleCompareTarget *target = comparing->target;
	const Side *a = &comparing->expected;
	const Side *b = &comparing->found;

	if (a->at_end || b->at_end)
		return (int) a->at_end - (int) b->at_end;
	for (int i = 0; i < target->nordered; i++)
	{
		const int	c = target->ordered[i];
		int			order = (int) a->nulls[c] - (int) b->nulls[c];

		if (order == 0 && !a->nulls[c])
			order = DatumGetInt32(FunctionCall2Coll(&comparing->type[c]->cmp_proc_finfo,
													OidIsValid(target->column[c].collation) ? C_COLLATION_OID : InvalidOid,
													a->values[c], b->values[c]));
		if (order != 0)
			return order;
	}
	return 0;
}

/* Does a column have other values in the two present rows? */
static bool
column_differs(const Comparing *comparing, int c)
{
	const Side *a = &comparing->expected;
	const Side *b = &comparing->found;

	if (a->nulls[c] || b->nulls[c])
		return a->nulls[c] != b->nulls[c];
	return !DatumGetBool(FunctionCall2Coll(&comparing->type[c]->eq_opr_finfo, comparing->target->column[c].collation,
										   a->values[c], b->values[c]));
}

/* The same of any column but those of the key. */
static bool
rows_differ(const Comparing *comparing)
{
	for (int c = 0; c < comparing->target->ncolumns; c++)
		if (!comparing->target->column[c].is_key && column_differs(comparing, c))
			return true;
	return false;
}

/*
 * Append columns of a side's present row as a JSON object in UTF-8: those of the key,
 * or those that differ.
 */
static void
append_row(StringInfo buf, const Comparing *comparing, const Side *side, bool of_key)
{
	bool		is_first = true;

	appendStringInfoChar(buf, '{');
	for (int c = 0; c < comparing->target->ncolumns; c++)
	{
		const SpindleCompareColumn *column = &comparing->target->column[c];
		SpindleDatumJson json;

		if (column->is_key != of_key || (!of_key && !column_differs(comparing, c)))
			continue;
		appendStringInfo(buf, "%s%s:", is_first ? "" : ",", spindle_json_quote(column->name));
		is_first = false;
		if (side->nulls[c])
		{
			appendStringInfoString(buf, "null");
			continue;
		}
		spindle_datum_json_init(&json, column->type, comparing->row_context);
		spindle_datum_json_write(&json, buf, side->values[c]);
	}
	appendStringInfoChar(buf, '}');
}

/*
 * Count what was found in the present rows, and keep the first of its kind: the key,
 * or the row if there is none, of one side; of two sides the key and what differs.
 */
static void
note(const Comparing *comparing, int64 *count, char **first, const Side *side)
{
	StringInfoData buf;
	char	   *text;

	if ((*count)++ > 0)
		return;
	initStringInfo(&buf);
	if (side)
		append_row(&buf, comparing, side, true);
	else
	{
		appendStringInfoString(&buf, "{\"key\":");
		append_row(&buf, comparing, &comparing->expected, true);
		appendStringInfoString(&buf, ",\"expected\":");
		append_row(&buf, comparing, &comparing->expected, false);
		appendStringInfoString(&buf, ",\"found\":");
		append_row(&buf, comparing, &comparing->found, false);
		appendStringInfoChar(&buf, '}');
	}
	text = pg_any_to_server(buf.data, buf.len, PG_UTF8);
	*first = MemoryContextStrdup(comparing->result_context, text);
}

/* Merge the two sides.  done is what came before, for progress. */
static void
merge_sides(Comparing *comparing, SpindleProgress *progress, int64 done)
{
	Side	   *expected = &comparing->expected;
	Side	   *found = &comparing->found;
	SpindleCompared *result = comparing->result;
	int			n = 0;

	advance(expected);
	advance(found);
	while (!expected->at_end || !found->at_end)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(comparing->row_context);
		int			order = compare_places(comparing);

		if (order < 0)
			note(comparing, &result->missing, &result->first_missing, expected);
		else if (order > 0)
			note(comparing, &result->extra, &result->first_extra, found);
		else if (rows_differ(comparing))
			note(comparing, &result->different, &result->first_different, NULL);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(comparing->row_context);
		if (n++ % SPINDLE_PROGRESS_ROWS == 0)
		{
			CHECK_FOR_INTERRUPTS();
			spindle_progress_report(progress, done + expected->rows);
		}
		if (order <= 0)
			advance(expected);
		if (order >= 0)
			advance(found);
	}
	result->expected = expected->rows;
	result->found = found->rows;
}

/* Tell which relation an error is about. */
static void
relation_context(void *arg)
{
	errcontext("comparing relation %s", (const char *) arg);
}

/* Compare a table; the result is in the current memory context. */
static SpindleCompared *
compare_table(const SpindleCompareTarget *target, const SpindleTable *table, SpindleProgress *progress, int64 done)
{
	ErrorContextCallback callback = {.callback = relation_context,.arg = unconstify(char *, target->name),
	.previous = error_context_stack};
	Comparing	comparing = {.target = target,.result_context = CurrentMemoryContext};

	error_context_stack = &callback;
	comparing.result = palloc0(sizeof(SpindleCompared));
	comparing.result->table = table->name;
	SPI_connect();
	comparing.row_context = AllocSetContextCreate(CurrentMemoryContext, "spindle comparison", ALLOCSET_DEFAULT_SIZES);
	comparing.type = palloc(sizeof(TypeCacheEntry *) * Max(target->ncolumns, 1));
	for (int c = 0; c < target->ncolumns; c++)
		comparing.type[c] = lookup_type_cache(target->column[c].type,
											  TYPECACHE_CMP_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
	open_side(&comparing.expected, target->expected, target->ncolumns);
	open_side(&comparing.found, target->found, target->ncolumns);
	merge_sides(&comparing, progress, done);
	close_side(&comparing.expected);
	close_side(&comparing.found);
	SPI_finish();
	error_context_stack = callback.previous;
	return comparing.result;
}

/*
 * spindle_compare_tables
 *		Compare the tables of a schema with the generated ones; the result is a list of
 *		SpindleCompared in the order of the definition, in the current memory context.
 *
 * Nothing is changed, and a standby can do it.  Before the first row all is checked
 * that spindle_compare_match() looks at, which raises what is wrong.  Else raises
 * what reading a relation does, with it in the context.  Can be cancelled at any
 * time.
 */
List *
spindle_compare_tables(const SpindleCompareOptions *options)
{
	const SpindleInstance *instance = options->instance;
	List	   *targets = spindle_compare_match(options);
	List	   *results = NIL;
	SpindleProgress progress;
	int64		total = 0;
	int64		done = 0;
	ListCell   *lc;

	foreach(lc, targets)
		total += instance->nrows[((SpindleCompareTarget *) lfirst(lc))->table];
	spindle_progress_start(&progress, psprintf("comparing tables of %s", instance->domain->name), total, "rows");
	foreach(lc, targets)
	{
		const SpindleCompareTarget *target = lfirst(lc);

		results = lappend(results, compare_table(target, &instance->domain->table[target->table], &progress, done));
		done += instance->nrows[target->table];
	}
	spindle_progress_end(&progress);
	return results;
}
