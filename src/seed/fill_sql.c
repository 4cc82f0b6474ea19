/*-------------------------------------------------------------------------
 *
 * fill_sql.c
 *		The statements that fill tables of a schema.
 *
 * Rows come from a FROM item that the caller gives under SPINDLE_GENERATED_ALIAS:
 * all of them, a range of them, or some that were kept.  All names are qualified.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "seed/fill_plan.h"
#include "seed/generated.h"
#include "server/relation.h"
#include "server/target.h"

/* The definition of a target's table. */
static const SpindleTable *
table_of(const SpindleFillPlan *plan, int target)
{
	return &plan->options->instance->domain->table[plan->target[target].table];
}

/*
 * spindle_fill_inserted
 *		Which columns are inserted: all that are filled, but for the late ones.  An
 *		entry per column of the table, palloc'd.
 */
bool *
spindle_fill_inserted(const SpindleFillPlan *plan, int target)
{
	const SpindleTable *table = table_of(plan, target);
	bool	   *inserted = palloc0(sizeof(bool) * Max(table->ncolumns, 1));

	for (int c = 0; c < table->ncolumns; c++)
		inserted[c] = plan->target[target].wanted[c] && !bms_is_member(c, plan->target[target].late);
	return inserted;
}

/*
 * spindle_fill_insert
 *		The INSERT of the rows that from gives, with the columns that are inserted,
 *		palloc'd.  Raises what spindle_target_insert() does.
 */
char *
spindle_fill_insert(const SpindleFillPlan *plan, int target, const char *from)
{
	const SpindleTable *table = table_of(plan, target);
	Relation	relation = spindle_relation_open(plan->target[target].relid, table->sql_name, RowExclusiveLock);
	int		   *columns;
	SpindleTargetRows rows = spindle_generated_rows(table, spindle_generated_desc(table, spindle_fill_inserted(plan, target),
																				  &columns), from);
	char	   *insert = spindle_target_insert(relation, &rows);

	relation_close(relation, NoLock);
	return insert;
}

/*
 * spindle_fill_insert_all
 *		One statement that inserts into several targets; from has the rows of each
 *		target of the plan.  palloc'd.
 *
 * The server checks foreign keys when the whole of it is done.  Its result is a row
 * with the number of rows that went into each.
 */
char *
spindle_fill_insert_all(const SpindleFillPlan *plan, const List *targets, char **from)
{
	StringInfoData statement;
	StringInfoData counts;
	ListCell   *lc;

	initStringInfo(&statement);
	initStringInfo(&counts);
	foreach(lc, targets)
	{
		int			i = foreach_current_index(lc);

		appendStringInfo(&statement, "%s inserted_%d AS (%s RETURNING 1)", i ? "," : "WITH", i,
						 spindle_fill_insert(plan, lfirst_int(lc), from[lfirst_int(lc)]));
		appendStringInfo(&counts, "%s(SELECT pg_catalog.count(*) FROM inserted_%d)", i ? ", " : " SELECT ", i);
	}
	appendStringInfoString(&statement, counts.data);
	return statement.data;
}

/*
 * spindle_fill_insert_at_once
 *		The same with all rows of the targets, as they are generated.
 */
char *
spindle_fill_insert_at_once(const SpindleFillPlan *plan, const List *targets)
{
	char	  **from = palloc0(sizeof(char *) * plan->ntargets);
	ListCell   *lc;

	foreach(lc, targets)
	{
		const SpindleTable *table = table_of(plan, lfirst_int(lc));
		int		   *columns;
		TupleDesc	desc = spindle_generated_desc(table, spindle_fill_inserted(plan, lfirst_int(lc)), &columns);

		from[lfirst_int(lc)] = spindle_generated_from(plan->options->instance, table->index, NULL, desc, "0", "NULL");
	}
	return spindle_fill_insert_all(plan, targets, from);
}

/*
 * spindle_fill_late_desc
 *		The columns that the UPDATE of a target reads: the late ones, and those by
 *		which it finds the rows.  columns gets their numbers.
 */
TupleDesc
spindle_fill_late_desc(const SpindleFillPlan *plan, int target, int **columns)
{
	const SpindleTable *table = table_of(plan, target);
	bool	   *wanted = palloc(sizeof(bool) * Max(table->ncolumns, 1));

	for (int c = 0; c < table->ncolumns; c++)
		wanted[c] = bms_is_member(c, plan->target[target].late) || bms_is_member(c, plan->target[target].finder);
	return spindle_generated_desc(table, wanted, columns);
}

/*
 * spindle_fill_update
 *		The UPDATE that sets the late columns of the rows that from gives, with the
 *		columns of spindle_fill_late_desc(); palloc'd.
 *
 * Rows whose late columns are all null are left as they are.  The result is a row
 * with the number of rows to set and the number of those that were found.
 */
char *
spindle_fill_update(const SpindleFillPlan *plan, int target, const char *from)
{
	const SpindleTable *table = table_of(plan, target);
	Relation	relation = spindle_relation_open(plan->target[target].relid, table->sql_name, RowExclusiveLock);
	int		   *columns;
	TupleDesc	desc = spindle_fill_late_desc(plan, target, &columns);
	SpindleTargetRows rows = spindle_generated_rows(table, desc, from);
	StringInfoData condition;
	StringInfoData assignments;
	StringInfoData match;

	initStringInfo(&condition);
	initStringInfo(&assignments);
	initStringInfo(&match);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute source = TupleDescAttr(desc, i);
		Form_pg_attribute att = spindle_target_column(relation, NameStr(source->attname));
		const char *name = quote_identifier(NameStr(att->attname));
		char	   *value = spindle_target_value(relation, att, &rows, source);

		if (bms_is_member(columns[i], plan->target[target].late))
		{
			appendStringInfo(&condition, "%s" SPINDLE_GENERATED_ALIAS ".%s IS NOT NULL", condition.len ? " OR " : "",
							 quote_identifier(NameStr(source->attname)));
			appendStringInfo(&assignments, "%s%s = %s", assignments.len ? ", " : "", name, value);
		}
		else
			appendStringInfo(&match, "%sfilled.%s %s %s", match.len ? " AND " : "", name,
							 spindle_equality_sql(att->atttypid), value);
	}
	relation_close(relation, NoLock);
	return psprintf("WITH late AS MATERIALIZED (SELECT * FROM %s WHERE %s), found AS (UPDATE %s AS filled SET %s"
					" FROM late AS " SPINDLE_GENERATED_ALIAS " WHERE %s RETURNING 1)"
					" SELECT (SELECT pg_catalog.count(*) FROM late), (SELECT pg_catalog.count(*) FROM found)",
					from, condition.data, plan->target[target].name, assignments.data, match.data);
}
