/*-------------------------------------------------------------------------
 *
 * data_set_query.c
 *		A data set from the rows of a query.
 *
 * The query runs as the caller, with the snapshot of the calling statement.  What
 * it gives is written down as JSON, and is a data set like others from then on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "json/datum_json.h"
#include "library/kind.h"
#include "library/register.h"

/* Rows that are fetched at a time. */
#define FETCH_ROWS		1000
/* Digits of a number that a definition keeps, with sign and point. */
#define MAX_NUMBER		17

/* How the values of a column are written. */
typedef enum ColumnForm
{
	FORM_JSON,					/* as events have them: a scalar */
	FORM_NUMBER,				/* the same, in quotes if there are many digits */
	FORM_TEXT					/* as the output function has them */
} ColumnForm;

typedef struct Column
{
	ColumnForm	form;
	SpindleDatumJson json;		/* FORM_JSON and FORM_NUMBER */
	FmgrInfo	output;			/* FORM_TEXT */
} Column;

/*
 * The plan of a query that reads and gives rows, one statement.  Raises
 * invalid_parameter_value for others, and the errors of its syntax.
 */
static SPIPlanPtr
prepare_query(const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	bool		reads = plan && SPI_is_cursor_plan(plan);

	if (reads)
	{
		CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
		Query	   *parsed = linitial_node(Query, source->query_list);

		reads = parsed->commandType == CMD_SELECT && !parsed->hasModifyingCTE && parsed->rowMarks == NIL;
	}
	if (!reads)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"query\""),
				 errdetail("It must be one SELECT, VALUES or TABLE command that only reads.")));
	return plan;
}

/*
 * Find out how values of a type are written; allocated in the current context.
 *
 * Numbers of a weight are never put in quotes.
 */
static void
init_column(Column *column, Oid type, bool is_weight)
{
	Oid			base = getBaseType(type);
	Oid			function;
	bool		is_varlena;

	if (type_is_array(base) || type_is_rowtype(base) || base == JSONOID || base == JSONBOID)
	{
		column->form = FORM_TEXT;
		getTypeOutputInfo(type, &function, &is_varlena);
		fmgr_info(function, &column->output);
		return;
	}
	column->form = (base == NUMERICOID || base == FLOAT4OID || base == FLOAT8OID) && !is_weight ? FORM_NUMBER : FORM_JSON;
	spindle_datum_json_init(&column->json, type, CurrentMemoryContext);
}

/* Append a value that is not null. */
static void
write_value(StringInfo out, Column *column, Datum value)
{
	int			start = out->len;

	if (column->form == FORM_TEXT)
	{
		appendStringInfoString(out, spindle_json_quote(OutputFunctionCall(&column->output, value)));
		return;
	}
	spindle_datum_json_write(&column->json, out, value);

	/* what is read as a number has 15 digits */
	if (column->form == FORM_NUMBER && out->len - start > MAX_NUMBER && out->data[start] != '"')
	{
		char	   *digits = pstrdup(out->data + start);

		out->len = start;
		appendStringInfo(out, "\"%s\"", digits);
		pfree(digits);
	}
}

/* Append the rows of a batch, each with a comma before it but the first of all. */
static void
write_rows(StringInfo out, Column *columns, bool is_first)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;

	for (uint64 r = 0; r < SPI_processed; r++)
	{
		appendStringInfoString(out, is_first ? "\n    [" : ",\n    [");
		is_first = false;
		for (int c = 0; c < desc->natts; c++)
		{
			bool		is_null;
			Datum		value = SPI_getbinval(SPI_tuptable->vals[r], desc, c + 1, &is_null);

			if (c > 0)
				appendStringInfoString(out, ", ");
			if (is_null)
				appendStringInfoString(out, "null");
			else
				write_value(out, &columns[c], value);
		}
		appendStringInfoChar(out, ']');
	}
}

/*
 * Append the names of columns as an array, and find out how their values are
 * written; the result is palloc'd.
 */
static Column *
write_fields(StringInfo out, TupleDesc desc)
{
	Column	   *columns = palloc0(sizeof(Column) * Max(desc->natts, 1));

	for (int c = 0; c < desc->natts; c++)
	{
		const char *name = NameStr(TupleDescAttr(desc, c)->attname);

		appendStringInfo(out, "%s%s", c ? ", " : "", spindle_json_quote(name));
		init_column(&columns[c], TupleDescAttr(desc, c)->atttypid, strcmp(name, "weight") == 0);
	}
	return columns;
}

/*
 * spindle_data_set_of_query
 *		The rows of a query as a data set, JSON in the server's encoding, palloc'd.
 *
 * Columns become fields.  Whether the result is a valid data set, with some rows and
 * weights that are numbers, is not looked at.  Raises invalid_parameter_value for
 * what is no query that only reads, program_limit_exceeded beyond 16 MB, and what
 * the query does.
 */
char *
spindle_data_set_of_query(const char *query)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext batch;
	StringInfoData out;
	Column	   *columns = NULL;
	Portal		portal;
	char	   *text;

	initStringInfo(&out);
	appendStringInfo(&out, "{\n  \"source\": %s,\n  \"fields\": [", spindle_json_quote(query));
	SPI_connect();
	portal = SPI_cursor_open(NULL, prepare_query(query), NULL, NULL, true);
	columns = write_fields(&out, portal->tupDesc);
	appendStringInfoString(&out, "],\n  \"rows\": [");
	batch = AllocSetContextCreate(CurrentMemoryContext, "spindle data set rows", ALLOCSET_DEFAULT_SIZES);
	for (bool is_first = true;; is_first = false)
	{
		MemoryContext oldcontext;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		oldcontext = MemoryContextSwitchTo(batch);
		write_rows(&out, columns, is_first);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(batch);
		SPI_freetuptable(SPI_tuptable);
		if (out.len > SPINDLE_MAX_DEFINITION)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the data set is larger than the limit of %d bytes", SPINDLE_MAX_DEFINITION),
					 errhint("Limit the rows or columns of the query.")));
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(context);
	appendStringInfoString(&out, "\n  ]\n}");
	text = pg_any_to_server(out.data, out.len, PG_UTF8);
	return text;
}
