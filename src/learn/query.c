/*-------------------------------------------------------------------------
 *
 * query.c
 *		Queries of the catalogue, row by row.
 *
 * They run as the caller, with the snapshot of the calling statement, and read
 * only.  learn.c has set a search_path of nothing but pg_catalog.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "learn/query.h"

/* Rows that are fetched at a time. */
#define FETCH_ROWS	200

/* Hand the rows of a batch on; their texts are allocated in scratch. */
static void
hand_on(MemoryContext context, MemoryContext scratch, LearnRow row, void *arg)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	char	  **value = MemoryContextAlloc(scratch, sizeof(char *) * Max(desc->natts, 1));

	for (uint64 r = 0; r < SPI_processed; r++)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(scratch);

		for (int c = 0; c < desc->natts; c++)
			value[c] = SPI_getvalue(SPI_tuptable->vals[r], desc, c + 1);
		MemoryContextSwitchTo(context);
		row(value, arg);
		MemoryContextSwitchTo(oldcontext);
	}
}

/*
 * learn_query
 *		Run a query, and call row(value, arg) for each row of it.
 *
 * Its parameters $1 and $2 are texts, null if they are NULL.  What row() allocates
 * is in the caller's memory context.  Raises what the query does.
 */
void
learn_query(const char *query, const char *argument, const char *other, LearnRow row, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(context, "spindle learn rows", ALLOCSET_DEFAULT_SIZES);
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {argument ? CStringGetTextDatum(argument) : (Datum) 0, other ? CStringGetTextDatum(other) : (Datum) 0};
	char		nulls[] = {argument ? ' ' : 'n', other ? ' ' : 'n', '\0'};
	Portal		portal;

	SPI_connect();
	portal = SPI_cursor_open_with_args(NULL, query, lengthof(types), types, values, nulls, true, 0);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		hand_on(context, scratch, row, arg);
		SPI_freetuptable(SPI_tuptable);
		MemoryContextReset(scratch);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(context);
	MemoryContextDelete(scratch);
}

/*
 * learn_array
 *		Names, a list of texts, as the text of an array; palloc'd.
 */
char *
learn_array(List *names)
{
	StringInfoData array;
	ListCell   *lc;

	initStringInfo(&array);
	appendStringInfoChar(&array, '{');
	foreach(lc, names)
	{
		appendStringInfoString(&array, foreach_current_index(lc) ? ",\"" : "\"");
		for (const char *p = lfirst(lc); *p; p++)
		{
			if (*p == '"' || *p == '\\')
				appendStringInfoChar(&array, '\\');
			appendStringInfoChar(&array, *p);
		}
		appendStringInfoChar(&array, '"');
	}
	appendStringInfoChar(&array, '}');
	return array.data;
}
