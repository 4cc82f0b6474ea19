/*-------------------------------------------------------------------------
 *
 * sample.c
 *		Some rows of a table, with the rows that they refer to.
 *
 * Rows are read as the caller, by queries of nothing but columns that he may read.
 * Which ones is always the same: all if they are not too many, else those that
 * TABLESAMPLE with a fixed seed gives.  They are kept as numbers and hashes, and
 * texts only as what they look like, so that memory depends on how many rows are
 * asked for and not on what is in them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "learn/data.h"
#include "learn/query.h"

/* Tables and columns of a sample, at most, and values in all. */
#define MAX_JOINS		16
#define MAX_FIELDS		300
#define MAX_CELLS		2000000.0

/* Rows that are fetched at a time. */
#define FETCH_ROWS		200

/* Texts of a column whose looks count, at most, and their bytes. */
#define MAX_TEXTS		5000
#define MAX_TEXT_BYTES	1000

/*
 * learn_can_read
 *		Are values of a column read, and compared by what is the server's own?
 */
bool
learn_can_read(const LearnTable *table, int c)
{
	const LearnColumn *column = &table->column[c];

	if (!column->is_readable || (column->type >= FirstNormalObjectId && column->kind != LEARN_ENUM))
		return false;
	switch (column->kind)
	{
		case LEARN_TEXT:
			return column->type == TEXTOID || column->type == VARCHAROID || column->type == BPCHAROID;
		case LEARN_JSON:
		case LEARN_ARRAY:
		case LEARN_RANGE:
		case LEARN_OTHER:
			return false;
		default:
			return true;
	}
}

/*
 * learn_can_lead
 *		Can rows be joined with those that a foreign key refers to?
 */
bool
learn_can_lead(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	if (key->target < 0)
		return false;
	for (int i = 0; i < key->n; i++)
		if (!learn_can_read(table, key->column[i]) || !learn_can_read(&schema->table[key->target], key->target_column[i]))
			return false;
	return true;
}

/*
 * learn_append_column
 *		Append a column as SQL has it, of a table with an alias.
 */
void
learn_append_column(StringInfo query, const char *alias, const LearnColumn *column)
{
	appendStringInfo(query, "%s.%s", alias, learn_column_name(column));
}

/*
 * learn_append_relation
 *		Append the name of a table, without those that inherit from it.
 */
void
learn_append_relation(StringInfo query, const LearnTable *table)
{
	appendStringInfoString(query, learn_relation_name(table));
}

/* Append a table of which about so many rows are taken by a method of the server. */
static void
append_sampled(StringInfo query, const LearnTable *table, double rows, const char *method)
{
	double		percent = 100 * rows / Max(table->tuples, 1);

	learn_append_relation(query, table);
	appendStringInfoString(query, " AS t");
	if (percent < 100)
		appendStringInfo(query, " TABLESAMPLE %s (%s) REPEATABLE (42)", method, learn_number(Max(percent, 1e-6)));
}

/*
 * learn_append_sample
 *		Append a table of which about so many rows are taken, always the same ones.
 */
void
learn_append_sample(StringInfo query, const LearnTable *table, double rows)
{
	append_sampled(query, table, rows, "bernoulli");
}

/*
 * learn_append_blocks
 *		The same, but all rows of some blocks, so that not all of a large table is read.
 */
void
learn_append_blocks(StringInfo query, const LearnTable *table, double rows)
{
	append_sampled(query, table, rows, "system");
}

/* Add a table to a sample, with the columns that can be read of it; false if there is no room. */
static bool
add_join(const LearnSchema *schema, LearnSample *sample, int from, LearnKey *key, int table)
{
	const LearnTable *t = &schema->table[table];
	LearnJoin  *join = &sample->join[sample->njoins];
	int			columns = 0;

	for (int c = 0; c < t->ncolumns; c++)
		columns += learn_can_read(t, c);
	if (sample->njoins == MAX_JOINS || (sample->njoins > 0 && sample->nfields + columns > MAX_FIELDS))
		return false;
	join->from = from;
	join->table = table;
	if (from >= 0)
	{
		join->nsteps = sample->join[from].nsteps;
		memcpy(join->step, sample->join[from].step, sizeof(LearnKey *) * join->nsteps);
		join->step[join->nsteps++] = key;
	}
	for (int c = 0; c < t->ncolumns; c++)
		if (learn_can_read(t, c))
		{
			LearnField *field = &sample->field[sample->nfields++];

			field->join = sample->njoins;
			field->column = &t->column[c];
			field->place = c;
		}
	sample->njoins++;
	return true;
}

/* Add the tables that foreign keys lead to. */
static void
add_joins(const LearnSchema *schema, LearnSample *sample)
{
	for (int j = 0; j < sample->njoins; j++)
	{
		LearnJoin	join = sample->join[j];
		LearnTable *table = &schema->table[join.table];
		ListCell   *lc;

		if (join.nsteps == LEARN_MAX_PATH)
			break;
		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);

			if (learn_can_lead(schema, table, key))
				(void) add_join(schema, sample, j, key, key->target);
		}
	}
}

/* A name for the number of a row, which no column that is read has. */
static const char *
row_number_name(const LearnSample *sample)
{
	const char *name = "row_number";

	for (int f = 0; f < sample->nown; f++)
		if (strcmp(learn_column_name(sample->field[f].column), name) == 0)
		{
			name = psprintf("%s_", name);
			f = -1;
		}
	return name;
}

/* The query of a sample of up to so many rows; the first column is the number of the row. */
static char *
sample_query(const LearnSchema *schema, const LearnSample *sample, double rows)
{
	const char *number = row_number_name(sample);
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT j0.%s", number);
	for (int f = 0; f < sample->nfields; f++)
	{
		appendStringInfoString(&query, ", ");
		learn_append_column(&query, psprintf("j%d", sample->field[f].join), sample->field[f].column);
	}
	appendStringInfo(&query, " FROM (SELECT row_number() OVER () AS %s", number);
	for (int f = 0; f < sample->nown; f++)
	{
		appendStringInfoString(&query, ", ");
		learn_append_column(&query, "t", sample->field[f].column);
	}
	appendStringInfoString(&query, " FROM ");
	learn_append_sample(&query, sample->table, rows);
	appendStringInfo(&query, " LIMIT %.0f) AS j0", rows);
	for (int j = 1; j < sample->njoins; j++)
	{
		const LearnJoin *join = &sample->join[j];
		const LearnKey *key = join->step[join->nsteps - 1];
		const LearnTable *from = &schema->table[sample->join[join->from].table];

		appendStringInfoString(&query, " LEFT JOIN ");
		learn_append_relation(&query, &schema->table[join->table]);
		appendStringInfo(&query, " AS j%d ON ", j);
		for (int i = 0; i < key->n; i++)
		{
			appendStringInfoString(&query, i ? " AND " : "");
			learn_append_column(&query, psprintf("j%d", j), &schema->table[join->table].column[key->target_column[i]]);
			appendStringInfoString(&query, " = ");
			learn_append_column(&query, psprintf("j%d", join->from), &from->column[key->column[i]]);
			appendStringInfoString(&query, learn_collate(&from->column[key->column[i]],
														 &schema->table[join->table].column[key->target_column[i]]));
		}
	}
	return query.data;
}

/* A number as a hash that equal numbers of all types have. */
static uint64
hash_number(double number)
{
	number = number == 0 ? 0 : number;
	return hash_bytes_extended((unsigned char *) &number, sizeof(number), 0);
}

/* Take a text in as what it looks like. */
static void
take_text(LearnColumn *column, const char *text, int len)
{
	if (len > MAX_TEXT_BYTES || (GetDatabaseEncoding() == PG_SQL_ASCII && pg_encoding_verifymbstr(PG_UTF8, text, len) != len))
		return;
	learn_masks_add(column->masks, pnstrdup(text, len), 1);
}

/* Store a value that is not null in a row of a field. */
static void
store_value(LearnField *field, int row, Datum value, bool is_text_wanted)
{
	const LearnColumn *column = field->column;
	uint64		hash;
	double		number;

	if (field->number && column->kind != LEARN_BOOL)
	{
		if (!learn_number_of(column->type, value, &number))
			return;
		field->number[row] = isfinite(number) ? number : NAN;
		hash = column->type == TIMESTAMPOID || column->type == TIMESTAMPTZOID ?
			hash_bytes_extended((unsigned char *) &value, sizeof(int64), 1) : hash_number(number);
	}
	else if (column->kind == LEARN_BOOL)
	{
		field->number[row] = DatumGetBool(value);
		hash = hash_number(field->number[row]);
	}
	else if (column->kind == LEARN_ENUM)
		hash = hash_bytes_uint32_extended(DatumGetObjectId(value), 2);
	else if (column->type == UUIDOID)
		hash = hash_bytes_extended((unsigned char *) DatumGetPointer(value), 16, 3);
	else
	{
		struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

		hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), 4);
		if (is_text_wanted && column->kind == LEARN_TEXT)
			take_text(field->column, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
	}
	field->hash[row] = hash ? hash : 1;
}

/* Has a kind numbers? */
static bool
has_numbers(LearnKind kind)
{
	return kind == LEARN_INT || kind == LEARN_DECIMAL || kind == LEARN_FLOAT || kind == LEARN_BOOL || kind == LEARN_DATE ||
		kind == LEARN_TIMESTAMP || kind == LEARN_TIME || kind == LEARN_INTERVAL;
}

/* Make room for so many rows. */
static void
allocate_fields(LearnSample *sample, int rows)
{
	for (int f = 0; f < sample->nfields; f++)
	{
		LearnField *field = &sample->field[f];

		field->hash = palloc0(sizeof(uint64) * rows);
		if (!has_numbers(field->column->kind))
			continue;
		field->number = palloc(sizeof(double) * rows);
		for (int r = 0; r < rows; r++)
			field->number[r] = NAN;
	}
}

/* Store the rows that were fetched; each has its number. */
static void
store_rows(LearnSample *sample, int rows, MemoryContext context, MemoryContext scratch)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		is_null;
		int			row = (int) DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &is_null)) - 1;

		if (row < 0 || row >= rows)
			continue;
		sample->n = Max(sample->n, row + 1);
		for (int f = 0; f < sample->nfields; f++)
		{
			LearnField *field = &sample->field[f];
			Datum		value = SPI_getbinval(tuple, SPI_tuptable->tupdesc, f + 2, &is_null);
			MemoryContext oldcontext;

			if (is_null)
				continue;
			if (field->join == 0 && field->column->kind == LEARN_TEXT && field->column->masks == NULL && row < MAX_TEXTS)
			{
				oldcontext = MemoryContextSwitchTo(context);
				field->column->masks = learn_masks_create();
				MemoryContextSwitchTo(oldcontext);
			}
			oldcontext = MemoryContextSwitchTo(scratch);
			store_value(field, row, value, field->join == 0 && row < MAX_TEXTS);
			MemoryContextSwitchTo(oldcontext);
		}
		MemoryContextReset(scratch);
	}
}

/* Run the query of a sample. */
static void
fetch_rows(LearnSample *sample, const char *query, int rows, MemoryContext keep)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(context, "spindle learn values", ALLOCSET_DEFAULT_SIZES);
	Portal		portal;

	SPI_connect();
	portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL, NULL, true, 0);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		store_rows(sample, rows, keep, scratch);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(context);
	MemoryContextDelete(scratch);
}

/* For qsort: hashes. */
static int
compare_hashes(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/* Count the different values of a field. */
static void
count_distinct(const LearnSample *sample, LearnField *field, uint64 *sorted)
{
	memcpy(sorted, field->hash, sizeof(uint64) * sample->n);
	qsort(sorted, sample->n, sizeof(uint64), compare_hashes);
	field->distinct = 0;
	for (int i = 0; i < sample->n; i++)
		field->distinct += sorted[i] != 0 && (i == 0 || sorted[i] != sorted[i - 1]);
}

/*
 * learn_read_sample
 *		Some rows of a table, as many as were asked for and fit into memory, in the
 *		current memory context; NULL if the caller may read nothing of it, or if there
 *		is no row.
 *
 * What texts look like stays where the schema is.
 */
LearnSample *
learn_read_sample(LearnSchema *schema, LearnTable *table)
{
	LearnSample *sample = palloc0(sizeof(LearnSample));
	double		rows;
	uint64	   *sorted;

	sample->table = table;
	sample->join = palloc0(sizeof(LearnJoin) * MAX_JOINS);
	sample->field = palloc0(sizeof(LearnField) * (MAX_FIELDS + table->ncolumns));
	(void) add_join(schema, sample, -1, NULL, (int) (table - schema->table));
	sample->nown = sample->nfields;
	if (sample->nown == 0)
		return NULL;
	add_joins(schema, sample);
	rows = floor(Min(schema->options->sample_rows, MAX_CELLS / sample->nfields));
	allocate_fields(sample, (int) rows);
	fetch_rows(sample, sample_query(schema, sample, rows), (int) rows, GetMemoryChunkContext(schema));
	sorted = palloc(sizeof(uint64) * Max(sample->n, 1));
	for (int f = 0; f < sample->nfields; f++)
		count_distinct(sample, &sample->field[f], sorted);
	pfree(sorted);
	sample->shift = sample->n / 2 + 7;
	return sample->n > 0 ? sample : NULL;
}

/*
 * learn_may_carry
 *		May a number that says something of the values of a field stand in the definition?
 */
bool
learn_may_carry(const LearnSchema *schema, const LearnSample *sample, const LearnField *field)
{
	return learn_why_withheld(schema, &schema->table[sample->join[field->join].table], field->place) == NULL;
}

/*
 * learn_operand
 *		Where a field of a sample is, seen from a row of its table.
 */
LearnOperand
learn_operand(const LearnSample *sample, const LearnField *field)
{
	const LearnJoin *join = &sample->join[field->join];
	LearnOperand operand = {.nsteps = join->nsteps,.table = join->table};

	memcpy(operand.step, join->step, sizeof(LearnKey *) * join->nsteps);
	operand.column = field->place;
	return operand;
}

/*
 * learn_same_as
 *		In how many rows two fields have the same value, of those, *rows, in which the
 *		second is not null; its value is taken from shift rows away.
 */
int
learn_same_as(const LearnSample *sample, const LearnField *a, const LearnField *b, int shift, int *rows)
{
	int			same = 0;

	*rows = 0;
	for (int r = 0; r < sample->n; r++)
	{
		uint64		hash = b->hash[(r + shift) % sample->n];

		*rows += hash != 0;
		same += hash != 0 && a->hash[r] == hash;
	}
	return same;
}
