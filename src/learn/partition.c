/*-------------------------------------------------------------------------
 *
 * partition.c
 *		Which values partitioned tables have a place for.
 *
 * Bounds become limits of the columns of the partition key.  Where the partitions
 * leave gaps, the widest run without one is taken.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "learn/query.h"
#include "learn/schema.h"

/* Partitions of all levels, those that are partitioned themselves before theirs. */
static const char *const partitions_query =
"SELECT r.oid, i.inhparent, c.oid, c.relpartbound, p.partattrs, p.partstrat, c.relkind, c.relname, a.attname"
" FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place), LATERAL pg_partition_tree(r.oid) t"
"  JOIN pg_class c ON c.oid = t.relid JOIN pg_inherits i ON i.inhrelid = c.oid"
"  JOIN pg_partitioned_table p ON p.partrelid = i.inhparent"
"  LEFT JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attnum = p.partattrs[0]"
" ORDER BY r.place, t.level, c.relname COLLATE \"C\"";

/* A span of values that a partition takes; low included, high not. */
typedef struct Span
{
	double		low;
	double		high;
} Span;

/* What the partitions of one table, which may be a partition, take. */
typedef struct Level
{
	Oid			relid;
	int			column;			/* of the root, -1 for an expression */
	bool		takes_all;		/* by a default partition, or by hash */
	double		hash_share;		/* of the hashes that have a partition, 0 if it is not by hash */
	List	   *spans;			/* Span */
	List	   *values;			/* texts; NULL among them is left out */
	bool		is_list;
	int			partitions;
} Level;

typedef struct PartitionReader
{
	LearnSchema *schema;
	LearnTable *table;			/* of the levels */
	List	   *levels;
} PartitionReader;

/*
 * The first number of a bound of a range; the others are not looked at.  If they
 * matter, a lower bound is the next number: whole days and numbers are enough.
 */
static bool
bound_number(const List *bound, bool is_low, double *number)
{
	const PartitionRangeDatum *datum = linitial(bound);

	if (datum->kind != PARTITION_RANGE_DATUM_VALUE)
	{
		*number = datum->kind == PARTITION_RANGE_DATUM_MINVALUE ? -INFINITY : INFINITY;
		return true;
	}
	if (!IsA(datum->value, Const) ||
		!learn_number_of(((const Const *) datum->value)->consttype, ((const Const *) datum->value)->constvalue, number))
		return false;
	if (is_low && list_length(bound) > 1)
	{
		const PartitionRangeDatum *second = lsecond(bound);

		if (second->kind != PARTITION_RANGE_DATUM_MINVALUE)
			*number += 1;
	}
	return true;
}

/* Add what a partition takes to its level. */
static void
add_bound(Level *level, const PartitionBoundSpec *bound)
{
	ListCell   *lc;

	level->partitions++;
	if (bound->is_default)
		level->takes_all = true;
	else if (bound->strategy == PARTITION_STRATEGY_HASH)
	{
		level->takes_all = true;
		level->hash_share += 1.0 / bound->modulus;
	}
	else if (bound->strategy == PARTITION_STRATEGY_LIST)
	{
		level->is_list = true;
		foreach(lc, bound->listdatums)
		{
			const Const *constant = lfirst(lc);
			Oid			output;
			bool		is_varlena;

			if (constant->constisnull)
				continue;
			getTypeOutputInfo(constant->consttype, &output, &is_varlena);
			level->values = lappend(level->values, OidOutputFunctionCall(output, constant->constvalue));
		}
	}
	else
	{
		Span	   *span = palloc(sizeof(Span));

		if (bound_number(bound->lowerdatums, true, &span->low) && bound_number(bound->upperdatums, false, &span->high))
			level->spans = lappend(level->spans, span);
	}
}

/* For list_sort: by where spans begin. */
static int
compare_spans(const ListCell *a, const ListCell *b)
{
	const Span *x = lfirst(a);
	const Span *y = lfirst(b);

	return x->low < y->low ? -1 : x->low > y->low;
}

/*
 * The widest run of spans without a gap; spans of infinite width count as more
 * than others.  *has_gaps says whether anything is left out.
 */
static Span
widest_run(List *spans, bool *has_gaps)
{
	Span		best = {0, 0};
	Span		run = {0, 0};
	ListCell   *lc;

	*has_gaps = false;
	list_sort(spans, compare_spans);
	foreach(lc, spans)
	{
		const Span *span = lfirst(lc);

		if (foreach_current_index(lc) == 0 || span->low > run.high)
		{
			*has_gaps |= foreach_current_index(lc) > 0;
			run = *span;
		}
		run.high = Max(run.high, span->high);
		if (foreach_current_index(lc) == 0 || run.high - run.low > best.high - best.low)
			best = run;
	}
	return best;
}

/* How far the last value before a bound is off it, at most. */
static double
least_step(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
			return 1;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return 1.0 / USECS_PER_DAY;
		default:
			return 1e-6;
	}
}

/* Limit the column of a level to what the level takes. */
static void
apply_level(LearnTable *table, Level *level)
{
	LearnColumn *column;

	if (level->takes_all)
		return;
	if (level->column < 0)
	{
		learn_note(table, "it is partitioned by an expression, which values are not fitted to");
		return;
	}
	column = &table->column[level->column];
	if (level->is_list)
		learn_limit_list(&column->limits, level->values);
	else if (level->spans)
	{
		bool		has_gaps;
		Span		run = widest_run(level->spans, &has_gaps);

		if (!isinf(run.low))
			learn_limit_low(&column->limits, run.low);
		if (!isinf(run.high))
			learn_limit_high(&column->limits, run.high - least_step(column->type));
		if (has_gaps)
			learn_note(table, "its partitions leave gaps: only the widest run of partitions of column %s without one is filled",
					   column->sql_name);
	}
	else
		learn_note(table, "the bounds of its partitions of column %s are not numbers or times: values are not fitted to them",
				   column->sql_name);
}

/* Take the levels of the table that has been read. */
static void
finish_table(PartitionReader *reader)
{
	ListCell   *lc;

	foreach(lc, reader->levels)
	{
		Level	   *level = lfirst(lc);

		/* which values these are, only the server's hash functions tell */
		if (level->hash_share > 0 && level->hash_share < 1 - 1e-9)
			learn_empty(reader->schema, reader->table, "some of its partitions by hash are missing");
		apply_level(reader->table, level);
	}
	reader->levels = NIL;
}

/* A row of partitions_query. */
static void
read_partition(char *const *value, void *arg)
{
	PartitionReader *reader = arg;
	LearnTable *table = &reader->schema->table[learn_find_table(reader->schema, learn_oid(value[0]))];
	Oid			parent = learn_oid(value[1]);
	Level	   *level = NULL;
	ListCell   *lc;

	if (reader->table != table)
		finish_table(reader);
	reader->table = table;
	foreach(lc, reader->levels)
		if (((Level *) lfirst(lc))->relid == parent)
			level = lfirst(lc);
	if (level == NULL)
	{
		level = palloc0(sizeof(Level));
		level->relid = parent;
		level->column = -1;
		for (int c = 0; c < table->ncolumns && value[8]; c++)
			if (strcmp(table->column[c].sql_name, value[8]) == 0)
				level->column = c;
		reader->levels = lappend(reader->levels, level);
	}
	if (value[3])
		add_bound(level, stringToNode(value[3]));
	table->has_leaf |= value[6][0] != RELKIND_PARTITIONED_TABLE;
}

/*
 * learn_read_partitions
 *		Limit the columns of partition keys to the bounds of the partitions.
 */
void
learn_read_partitions(LearnSchema *schema, const char *relids)
{
	PartitionReader reader = {.schema = schema};

	learn_query(partitions_query, relids, NULL, read_partition, &reader);
	finish_table(&reader);
	for (int t = 0; t < schema->ntables; t++)
		if (schema->table[t].relkind == RELKIND_PARTITIONED_TABLE && !schema->table[t].has_leaf)
			learn_empty(schema, &schema->table[t], "it is partitioned and has no partitions");
}
