/*-------------------------------------------------------------------------
 *
 * fill.c
 *		Generated rows into a table that exists.
 *
 * The table may be partitioned, have triggers, generated columns, policies and
 * whatever else; load.c inserts into it as INSERT does.  What is wrong with its
 * columns is found before the first row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "utils/rel.h"

#include "library/source.h"
#include "seed/fill.h"
#include "seed/load.h"
#include "server/progress.h"
#include "server/relation.h"
#include "server/target.h"

/*
 * A column by its name, in SQL or in the definition; an error with the names
 * there are.  From 0.  Raises undefined_column; hidden columns are not found.
 */
static int
find_column(const SpindleFill *fill, const char *name)
{
	const SpindleTable *table = &fill->instance->domain->table[fill->table];
	int			column = spindle_table_find_visible(table, name);

	if (column < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" does not exist in table \"%s\" of spindle domain \"%s\"",
						name, table->name, fill->instance->domain->name),
				 errhint("The columns are: %s.", spindle_source_column_list(table, false))));
	return column;
}

/*
 * Is there a place for the values of a column?  false if the target computes
 * it itself.  Raises undefined_column if the target has no column of this
 * name, and generated_always if it was named and the target computes it.
 */
static bool
has_place(const SpindleFill *fill, Relation target, int c)
{
	const SpindleTable *table = &fill->instance->domain->table[fill->table];
	const char *name = table->column[c].sql_name;
	Form_pg_attribute att = spindle_target_column(target, name);

	if (att == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column \"%s\"", RelationGetRelationName(target), name),
				 errdetail("Columns are matched by name.  Those of the generated table are: %s.",
						   spindle_source_column_list(table, false)),
				 errhint("To fill some of the columns only, name them in the argument \"columns\".")));
	if (att->attgenerated && fill->columns)
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("column \"%s\" of relation \"%s\" is a generated column", name,
						RelationGetRelationName(target)),
				 errhint("The table computes it; leave it out of the argument \"columns\".")));
	return !att->attgenerated;
}

/*
 * Which columns are to be filled: those named, or all that can be.  An array
 * with an entry per column of the generated table, palloc'd.  Raises
 * undefined_column if there is nothing to fill.
 */
static bool *
wanted_columns(const SpindleFill *fill, Relation target)
{
	const SpindleTable *table = &fill->instance->domain->table[fill->table];
	bool	   *wanted = palloc0(sizeof(bool) * table->ncolumns);
	bool		any = false;
	ListCell   *lc;

	foreach(lc, fill->columns)
		wanted[find_column(fill, lfirst(lc))] = true;
	for (int c = 0; c < table->ncolumns; c++)
	{
		if (fill->columns == NIL)
			wanted[c] = !table->column[c].hidden;
		wanted[c] = wanted[c] && has_place(fill, target, c);
		any |= wanted[c];
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column to fill", RelationGetRelationName(target)),
				 errdetail("It computes all of them itself.")));
	return wanted;
}

/* Pass on how far a load has come. */
static void
report_rows(void *arg, int64 rows)
{
	spindle_progress_report(arg, rows);
}

/*
 * spindle_fill_relation
 *		Insert generated rows into a relation; the result is how many were
 *		inserted.
 *
 * Raises undefined_table and undefined_column for what is not there, and whatever
 * an INSERT by the current user does.
 *
 * Takes the lock that INSERT takes, until the end of the transaction.
 */
int64
spindle_fill_relation(const SpindleFill *fill)
{
	/* the lock that INSERT takes, so that columns stay what we have checked */
	Relation	target = spindle_relation_open(fill->target, NULL, RowExclusiveLock);
	SpindleProgress progress;
	SpindleLoad load = {
		.relid = fill->target,
		.instance = fill->instance,
		.table = fill->table,
		.as_of = fill->as_of,
		.wanted = wanted_columns(fill, target),
		.first = fill->first,
		.end = fill->end,
		.report = report_rows,
		.report_arg = &progress,
	};
	int64		inserted;

	spindle_progress_start(&progress, psprintf("filling %s", RelationGetRelationName(target)),
						   fill->end - fill->first, "rows");
	relation_close(target, NoLock);
	inserted = spindle_load(&load);
	spindle_progress_end(&progress);
	return inserted;
}
