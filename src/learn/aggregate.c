/*-------------------------------------------------------------------------
 *
 * aggregate.c
 *		What can be counted in tables without a value of them being looked at.
 *
 * Unlike what statistics.c reads, this is exact, and it is about all rows that the
 * caller may see: tables are read, as he could by a SELECT, and row security and the
 * privileges of columns are the server's to heed.  No query gives a value of a
 * column back.  Types of strangers are left alone, as their operators would be
 * called.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"

#include "learn/schema.h"
#include "server/relation.h"

/* Columns that one query counts. */
#define COLUMNS_AT_ONCE	500

/* A number of different values above this share of the rows grows with them. */
#define GROWING_SHARE	0.1

/* Different numbers of children that are read of one foreign key, at most. */
#define MAX_COUNTS		1000000

/* Columns that the caller may read. */
static const char *const readable_query =
"SELECT a.attrelid, a.attnum FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place) JOIN pg_class c ON c.oid = r.oid"
"  JOIN pg_attribute a ON a.attrelid = c.oid"
" WHERE a.attnum > 0 AND NOT a.attisdropped AND has_schema_privilege(c.relnamespace, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
" ORDER BY r.place, a.attnum";

/* A row of readable_query. */
static void
read_readable(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];
	int			column = learn_find_column(table, (AttrNumber) learn_int(value[1]));

	if (column >= 0)
		table->column[column].is_readable = learn_trusts_type(table->column[column].declared);
}

/*
 * learn_relation_name
 *		A table in a query, without tables that inherit from it, which are tables of
 *		their own; palloc'd.
 */
const char *
learn_relation_name(const LearnTable *table)
{
	return psprintf("%s%s", table->relkind == 'p' ? "" : "ONLY ", quote_qualified_identifier(table->schema, table->sql_name));
}

/*
 * learn_column_name
 *		A column in a query; palloc'd.
 */
const char *
learn_column_name(const LearnColumn *column)
{
	return quote_identifier(column->sql_name);
}

/*
 * learn_collate
 *		What is to be written behind a column in a query for it to be compared with
 *		another one, by the collation of that, as a foreign key is by its target's: empty
 *		unless their collations differ, else palloc'd.
 */
const char *
learn_collate(const LearnColumn *column, const LearnColumn *other)
{
	if (column->collation == other->collation || !OidIsValid(column->collation) || !OidIsValid(other->collation))
		return "";
	return psprintf(" COLLATE %s", generate_collation_name(other->collation));
}

/*
 * learn_equality
 *		What is to be written between a column and another one in a query for them to be
 *		compared as a foreign key of the first one compares: a collation if it needs one,
 *		and the operator, as short as it can be; palloc'd.  Operators of types of an
 *		extension are not found by name.
 *
 * Raises undefined_function if the type of both has no equality by default.
 */
const char *
learn_equality(const LearnColumn *column, const LearnColumn *other)
{
	const char *operator = column->type == other->type ? spindle_equality_sql(other->type) : "=";

	return psprintf("%s %s", learn_collate(column, other), strcmp(operator, "OPERATOR(pg_catalog.=)") == 0 ? "=" : operator);
}

/*
 * learn_find_readable
 *		Tell which columns the caller may read, of types whose operators may be called.
 */
void
learn_find_readable(LearnSchema *schema)
{
	StringInfoData relids;

	initStringInfo(&relids);
	for (int t = 0; t < schema->ntables; t++)
		appendStringInfo(&relids, "%s%u", t ? "," : "{", schema->table[t].relid);
	appendStringInfoChar(&relids, '}');
	learn_query(readable_query, relids.data, NULL, read_readable, schema);
}

/*
 * learn_ask_families
 *		Call read() for each number of rows that refer to one by a foreign key, above 0
 *		and rising, with how many they refer to; false if the caller may not read it.
 */
bool
learn_ask_families(const LearnTable *table, const LearnKey *key, LearnRow read, void *arg)
{
	StringInfoData columns;
	StringInfoData where;

	initStringInfo(&columns);
	initStringInfo(&where);
	for (int i = 0; i < key->n; i++)
	{
		const LearnColumn *column = &table->column[key->column[i]];

		if (!column->is_readable)
			return false;
		appendStringInfo(&columns, "%s%s", i ? ", " : "", learn_column_name(column));
		appendStringInfo(&where, "%s%s IS NOT NULL", i ? " AND " : "", learn_column_name(column));
	}
	learn_query(psprintf("SELECT n, count(*) FROM (SELECT count(*) AS n FROM %s WHERE %s GROUP BY %s) f GROUP BY n ORDER BY n",
						 learn_relation_name(table), where.data, columns.data), NULL, NULL, read, arg);
	return true;
}

/*
 * learn_as_number
 *		A value of a number or time in a query, called name there, as a number: days of
 *		dates, seconds of other times; palloc'd.
 */
const char *
learn_as_number(const LearnColumn *column, const char *name)
{
	switch (column->kind)
	{
		case LEARN_DATE:
			return psprintf("(%s - date '2000-01-01')", name);
		case LEARN_TIMESTAMP:
		case LEARN_TIME:
		case LEARN_INTERVAL:
			return psprintf("extract(epoch FROM %s)", name);
		default:
			return psprintf("%s::float8", name);
	}
}

/*
 * learn_is_finite
 *		A condition in a query: such a value is a finite number; palloc'd.
 */
const char *
learn_is_finite(const LearnColumn *column, const char *name)
{
	switch (column->kind)
	{
		case LEARN_DATE:
		case LEARN_TIMESTAMP:
		case LEARN_INTERVAL:
			return psprintf("isfinite(%s)", name);
		case LEARN_DECIMAL:
		case LEARN_FLOAT:
			return psprintf("%s BETWEEN -1e15 AND 1e15", name);
		default:
			return psprintf("%s IS NOT NULL", name);
	}
}

/* Columns of a table that are counted together. */
typedef struct Counted
{
	LearnTable *table;
	int			n;
	int			column[COLUMNS_AT_ONCE];
} Counted;

/* The statistics of a column, made if there are none: with no values. */
static LearnStatistics *
statistics_of(LearnTable *table, LearnColumn *column)
{
	if (column->statistics == NULL)
	{
		column->statistics = palloc0(sizeof(LearnStatistics));
		column->statistics->elements = -1;
		column->statistics->rows = column->statistics->sample = table->tuples;
	}
	return column->statistics;
}

/* How many rows there are, and how many values that are not null in each column. */
static void
read_counted(char *const *value, void *arg)
{
	Counted    *counted = arg;
	double		rows = strtod(value[0], NULL);

	counted->table->tuples = rows;
	counted->table->is_counted = true;
	for (int i = 0; i < counted->n && rows > 0; i++)
		statistics_of(counted->table, &counted->table->column[counted->column[i]])->null_fraction =
			1 - strtod(value[1 + i], NULL) / rows;
}

/* Count rows, and nulls of columns; nothing if no column can be read. */
static void
count_rows(LearnTable *table)
{
	for (int c = 0; c < table->ncolumns;)
	{
		Counted		counted = {.table = table};
		StringInfoData query;

		initStringInfo(&query);
		appendStringInfoString(&query, "SELECT count(*)");
		for (; c < table->ncolumns && counted.n < COLUMNS_AT_ONCE; c++)
			if (table->column[c].is_readable)
			{
				appendStringInfo(&query, ", count(%s)", learn_column_name(&table->column[c]));
				counted.column[counted.n++] = c;
			}
		if (counted.n > 0)
			learn_query(psprintf("%s FROM %s", query.data, learn_relation_name(table)), NULL, NULL, read_counted, &counted);
	}
}

/* Is a column a unique set by itself, so that its values differ? */
static bool
is_unique(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		if (!set->is_odd && set->predicate == NULL && bms_num_members(set->columns) == 1 && bms_is_member(c, set->columns))
			return true;
	}
	return false;
}

/* The number of different values of a column. */
static void
read_distinct(char *const *value, void *arg)
{
	*(double *) arg = strtod(value[0], NULL);
}

/* Count the different values of a column whose rule depends on them. */
static void
count_distinct(LearnTable *table, int c)
{
	LearnColumn *column = &table->column[c];
	double		distinct;

	if (!column->is_readable || !table->is_counted || table->tuples == 0 || is_unique(table, c) ||
		(column->kind != LEARN_TEXT && column->kind != LEARN_INT))
		return;
	learn_query(psprintf("SELECT count(*) FROM (SELECT FROM %s WHERE %s IS NOT NULL GROUP BY %s) v", learn_relation_name(table),
						 learn_column_name(column), learn_column_name(column)), NULL, NULL, read_distinct, &distinct);
	if (distinct > 0)
	{
		statistics_of(table, column)->distinct = distinct > GROWING_SHARE * table->tuples ? -distinct / table->tuples : distinct;
		column->statistics->is_counted = true;
	}
}

/* Numbers of children, with numbers of parents that have so many. */
typedef struct Counts
{
	int			n;
	int			allocated;
	double	   *count;
	double	   *number;
} Counts;

/* Add one to the end. */
static void
add_count(Counts *counts, double count, double number)
{
	if (counts->n == MAX_COUNTS)
		return;
	if (counts->n == counts->allocated)
	{
		counts->allocated *= 2;
		counts->count = repalloc_huge(counts->count, sizeof(double) * counts->allocated);
		counts->number = repalloc_huge(counts->number, sizeof(double) * counts->allocated);
	}
	counts->count[counts->n] = count;
	counts->number[counts->n++] = number;
}

/* A number of children, and of parents. */
static void
read_count(char *const *value, void *arg)
{
	Counts	   *counts = arg;

	counts->number[0] -= strtod(value[1], NULL);
	add_count(counts, strtod(value[0], NULL), strtod(value[1], NULL));
}

/*
 * Count the rows that refer to each row of a foreign key's target.  Those to which none
 * does are what is left of the target's rows.
 */
static void
count_families(LearnSchema *schema, LearnTable *table, LearnKey *key)
{
	Counts		counts = {.allocated = 64};
	double		parents;

	if (key->target < 0 || !table->is_counted || schema->options->carry == SPINDLE_CARRY_NONE)
		return;
	parents = schema->table[key->target].tuples;
	counts.count = palloc(sizeof(double) * counts.allocated);
	counts.number = palloc(sizeof(double) * counts.allocated);
	add_count(&counts, 0, parents);
	if (!learn_ask_families(table, key, read_count, &counts))
		return;
	counts.number[0] = Max(counts.number[0], 0);
	key->families = learn_make_families(schema, parents, counts.count, counts.number, counts.n);
}

/*
 * learn_read_aggregates
 *		Count rows, nulls, different values, and the rows that refer to each row.
 *
 * Keys and types are known.  Nothing changes for tables and columns that the caller may
 * not read.
 */
void
learn_read_aggregates(LearnSchema *schema)
{
	learn_find_readable(schema);
	for (int t = 0; t < schema->ntables; t++)
	{
		count_rows(&schema->table[t]);
		for (int c = 0; c < schema->table[t].ncolumns; c++)
			count_distinct(&schema->table[t], c);
		CHECK_FOR_INTERRUPTS();
	}
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].keys)
			count_families(schema, &schema->table[t], lfirst(lc));
		CHECK_FOR_INTERRUPTS();
	}
}
