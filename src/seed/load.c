/*-------------------------------------------------------------------------
 *
 * load.c
 *		Generated rows into a table.
 *
 * Rows are inserted by insert.c, which finds the fastest way there is.  Into a
 * new table they go from the generator's vectors with a single copy, as nobody
 * but us and event triggers knows it.  Columns that are NOT NULL never get a null:
 * the model makes them NOT NULL only if their rule cannot give one.
 *
 * Foreign keys that a new table has already are checked here: the keys of the
 * parent are a sequence of which all numbers are there, so it is enough to compare
 * a value with its ends, where the server would join the two tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "gen/datum.h"
#include "library/source.h"
#include "seed/generated.h"
#include "seed/load.h"
#include "server/insert.h"
#include "server/relation.h"
#include "server/target.h"

/* Rows of one INSERT, if it takes one; what AFTER triggers queue stays within bounds. */
#define INSERT_ROWS	65536

/*
 * A reference to a table whose keys are start, start + step, and so on, nrows
 * in number; step is greater than 0.
 */
typedef struct ReferenceCheck
{
	int			attribute;		/* from 0 */
	int			length;			/* of its type, an integer */
	int64		start;
	int64		step;
	int64		nrows;
	const SpindleColumn *column;
	const SpindleTable *parent;
} ReferenceCheck;

/* What a load needs besides its arguments, in a context of its own. */
typedef struct Loader
{
	TupleDesc	desc;			/* of the columns that are loaded */
	int		   *column;			/* of the table, per attribute */
	SpindleInput *input;		/* per attribute */
	Datum	   *values;			/* of a row */
	bool	   *nulls;
	int			nchecks;
	ReferenceCheck *check;
} Loader;

/* The columns of a foreign key of one column, and of what it refers to. */
static void
key_columns(const SpindleDomain *domain, int table, int key, const SpindleColumn **column,
			const SpindleColumn **target)
{
	const SpindleForeignKey *k = &domain->table[table].foreign_key[key];

	*column = &domain->table[table].column[k->column[0]];
	*target = &domain->table[k->table].column[k->target[0]];
}

/*
 * spindle_load_can_check
 *		Can the values of a foreign key be checked while they are loaded?
 *
 * It can if it has one column, the parent is another table, and the column there
 * is an integer sequence that rises.
 */
bool
spindle_load_can_check(const SpindleDomain *domain, int table, int key)
{
	const SpindleForeignKey *k = &domain->table[table].foreign_key[key];
	const SpindleColumn *column;
	const SpindleColumn *target;

	if (k->ncolumns != 1 || k->table == table)
		return false;
	key_columns(domain, table, key, &column, &target);
	return column->type.ops->is_integer && target->type.ops->is_integer &&
		target->rule->kind == SPINDLE_RULE_SEQUENCE && target->rule->sequence.step > 0;
}

/*
 * Let columns whose texts the target reads itself have its types; INSERT would
 * have to convert those of others.
 */
static void
take_target_types(Loader *loader, const SpindleLoad *load)
{
	const SpindleTable *table = &load->instance->domain->table[load->table];
	Relation	target = spindle_relation_open(load->relid, NULL, RowExclusiveLock);

	for (int i = 0; i < loader->desc->natts; i++)
	{
		const SpindleColumn *column = &table->column[loader->column[i]];
		Form_pg_attribute att = column->type.sql_type ? spindle_target_column(target, column->sql_name) : NULL;

		if (att == NULL || !spindle_source_accepts(&column->type, att->atttypid, att->atttypmod, &loader->input[i]) ||
			!OidIsValid(loader->input[i].function.fn_oid))
			continue;
		TupleDescInitEntry(loader->desc, i + 1, column->sql_name, att->atttypid, att->atttypmod, 0);
		TupleDescAttr(loader->desc, i)->attnotnull = !column->nullable;
	}
	relation_close(target, NoLock);
}

/* The columns to load, as attributes, and room for a row of them. */
static void
describe_rows(Loader *loader, const SpindleLoad *load)
{
	loader->desc = spindle_generated_desc(&load->instance->domain->table[load->table], load->wanted, &loader->column);
	loader->input = palloc0(sizeof(SpindleInput) * Max(loader->desc->natts, 1));
	loader->values = palloc0(sizeof(Datum) * Max(loader->desc->natts, 1));
	loader->nulls = palloc0(sizeof(bool) * Max(loader->desc->natts, 1));
	take_target_types(loader, load);
}

/*
 * Note which foreign keys are to be checked.  Columns that are not loaded have no
 * values to check.
 */
static void
add_checks(Loader *loader, const SpindleLoad *load)
{
	const SpindleDomain *domain = load->instance->domain;
	const SpindleTable *table = &domain->table[load->table];

	loader->check = palloc(sizeof(ReferenceCheck) * Max(table->nforeign_keys, 1));
	for (int k = 0; k < table->nforeign_keys && load->checked; k++)
	{
		ReferenceCheck *check = &loader->check[loader->nchecks];
		const SpindleColumn *target;
		int			i = 0;

		if (!load->checked[k])
			continue;
		while (i < loader->desc->natts && loader->column[i] != table->foreign_key[k].column[0])
			i++;
		if (i == loader->desc->natts)
			continue;
		loader->nchecks++;
		key_columns(domain, load->table, k, &check->column, &target);
		check->attribute = i;
		check->length = TupleDescAttr(loader->desc, i)->attlen;
		check->parent = &domain->table[table->foreign_key[k].table];
		check->start = target->rule->sequence.start;
		check->step = target->rule->sequence.step;
		check->nrows = spindle_alive_end(load->instance, check->parent->index, load->as_of.time);
	}
}

/*
 * Raise an error if a row refers to a row that does not exist.  Null refers to
 * nothing.  Raises foreign_key_violation, as the server would.
 */
static void
check_references(const Loader *loader, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < loader->nchecks; i++)
	{
		const ReferenceCheck *check = &loader->check[i];
		Datum		value = values[check->attribute];
		int64		key = check->length == 8 ? DatumGetInt64(value) :
		check->length == 4 ? DatumGetInt32(value) : DatumGetInt16(value);
		uint64		distance = (uint64) (key - check->start);

		if (!nulls[check->attribute] &&
			(key < check->start || (check->step > 1 && distance % (uint64) check->step != 0) ||
			 distance / (uint64) check->step >= (uint64) check->nrows))
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("value " INT64_FORMAT " of column \"%s\" is not a key of table \"%s\"",
							key, check->column->sql_name, check->parent->sql_name)));
	}
}

/*
 * Generate those of the rows first .. end - 1 that are there, and put them.  Reports
 * after each batch of SPINDLE_BATCH_ROWS rows.
 */
static void
put_rows(const Loader *loader, const SpindleLoad *load, SpindleInserter *inserter, SpindleRows *rows,
		 SpindlePresence *presence, int64 first, int64 end)
{
	for (int64 row = first; row < end; row += SPINDLE_BATCH_ROWS)
	{
		int64		list[SPINDLE_BATCH_ROWS];
		int			n = (int) Min(SPINDLE_BATCH_ROWS, end - row);
		int			present;

		CHECK_FOR_INTERRUPTS();
		present = spindle_rows_fill_present(rows, presence, row, n, list);
		for (int i = 0; i < present; i++)
		{
			spindle_rows_get(rows, i, loader->values, loader->nulls);
			check_references(loader, loader->values, loader->nulls);
			spindle_inserter_put(inserter, loader->values, loader->nulls, list[i]);
		}
		load->report(load->report_arg, row + n - load->first);
	}
}

/*
 * Insert the rows; the result is how many were inserted.  Where an INSERT has
 * to be run it is one per INSERT_ROWS rows, which the server can cancel at any
 * time.
 */
static int64
insert_rows(const Loader *loader, const SpindleLoad *load)
{
	const SpindleInsertOptions options = {
		.rows = spindle_generated_rows(&load->instance->domain->table[load->table], loader->desc,
									   spindle_generated_from(load->instance, load->table, &load->as_of, loader->desc, "$1", "$2")),
		.max_rows = INSERT_ROWS,
		.is_new = load->is_new,
		.references_are_checked = load->checked != NULL,
	};
	SpindleInserter *inserter = spindle_inserter_create(load->relid, NULL, &options);
	SpindleRows *rows = spindle_rows_create_at(load->instance, load->table, &load->as_of, loader->column,
											   loader->desc->natts, loader->input, CurrentMemoryContext);
	SpindlePresence presence;

	spindle_presence_init(&presence, load->instance, load->table, &load->as_of, CurrentMemoryContext);
	for (int64 row = load->first; row < load->end; row += INSERT_ROWS)
	{
		int64		end = row + Min(INSERT_ROWS, load->end - row);

		CHECK_FOR_INTERRUPTS();
		if (spindle_inserter_select(inserter, row, end - row))
			load->report(load->report_arg, end - load->first);
		else
			put_rows(loader, load, inserter, rows, &presence, row, end);
	}
	return spindle_inserter_end(inserter);
}

/*
 * spindle_load
 *		Insert generated rows into a table; the result is how many were inserted.
 *
 * Raises what is wrong with the columns of the
 * table before the first row, see spindle_inserter_create(), and what an INSERT
 * does.  Can be cancelled between batches of 512 rows.
 *
 * What it needs itself is freed before it returns.
 */
int64
spindle_load(const SpindleLoad *load)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle load",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Loader		loader = {0};
	int64		inserted;

	describe_rows(&loader, load);
	add_checks(&loader, load);
	inserted = insert_rows(&loader, load);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return inserted;
}

/*
 * Raise an error if a column has no place in the table, as INSERT would.  An
 * event trigger may have changed the table.  Raises undefined_column.
 */
static void
require_columns(const SpindleLoad *load)
{
	const SpindleTable *table = &load->instance->domain->table[load->table];
	Relation	target = spindle_relation_open(load->relid, NULL, RowExclusiveLock);

	for (int c = 0; c < table->ncolumns; c++)
		if (load->wanted[c] && spindle_target_column(target, table->column[c].sql_name) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist", table->column[c].sql_name,
							RelationGetRelationName(target))));
	relation_close(target, NoLock);
}

/*
 * spindle_load_new
 *		Store all rows of a generated table, as it is at a time, in a new one; the
 *		result is their number.
 *
 * The table must have been created in this transaction, with columns of the
 * generated table, and no indexes yet.  checked says of each foreign key whether
 * it is there already, for which spindle_load_can_check(), or is NULL.
 * If an event trigger has made more of the table, rows are inserted as by INSERT,
 * and the result is what that says.  For the rest see spindle_load().
 */
int64
spindle_load_new(Oid relid, SpindleInstance *instance, int table, SpindleAsOf as_of, const bool *checked,
				 SpindleLoadReport report, void *arg)
{
	const SpindleTable *t = &instance->domain->table[table];
	bool	   *wanted = palloc(sizeof(bool) * t->ncolumns);
	const SpindleLoad load = {
		.relid = relid,
		.instance = instance,
		.table = table,
		.as_of = as_of,
		.wanted = wanted,
		.end = spindle_alive_end(instance, table, as_of.time),
		.is_new = true,
		.checked = checked,
		.report = report,
		.report_arg = arg,
	};

	for (int c = 0; c < t->ncolumns; c++)
		wanted[c] = !t->column[c].hidden;
	require_columns(&load);
	return spindle_load(&load);
}
