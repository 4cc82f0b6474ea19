/*-------------------------------------------------------------------------
 *
 * fill_schema.c
 *		Generated rows into the tables of a schema that exist.
 *
 * Everything happens in the caller's transaction and with the caller's rights.
 * Once the plan is made (fill_match.c, fill_check.c, fill_order.c) and nothing is
 * wrong with it, tables are filled one after the other by load.c.  Late columns
 * are set as soon as the rows that they refer to are there; checks that wait are
 * made at the end, so that the call knows about them; then sequences are set.
 *
 * The server checks foreign keys by a trigger for each row, unless we can know that
 * they hold, as for tables that spindle_seed makes: the parent has been filled by
 * this call, with rows just as they are generated, and nothing has run since that
 * could have changed them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "gen/eval.h"
#include "seed/fill_schema.h"
#include "seed/generated.h"
#include "seed/load.h"
#include "server/bulk.h"
#include "server/progress.h"
#include "server/relation.h"
#include "server/run.h"
#include "server/sequence.h"

/*
 * Rows that one UPDATE sets, an eighth of the table within these bounds: each may read
 * all of the table, and AFTER triggers queue some bytes for each row.
 */
#define MIN_UPDATE_ROWS	65536
#define MAX_UPDATE_ROWS	4194304

/* A filling under way. */
typedef struct Filling
{
	const SpindleFillPlan *plan;
	bool	   *is_filled;		/* per target */
	bool	   *is_intact;		/* per target: all generated rows are there, as they
								 * were generated */
	bool		is_quiet;		/* nothing of the users' has run so far */
	int64	   *inserted;		/* per target */
	const char *name;			/* of the relation that is being filled, for errors */
	SpindleProgress progress;
	int64		rows_before;	/* of targets that are complete, for progress */
} Filling;

/* Tell which relation an error is about. */
static void
relation_context(void *arg)
{
	const Filling *filling = arg;

	if (filling->name)
		errcontext("filling relation %s", filling->name);
}

/* Pass on how far the load of a target has come, as part of all. */
static void
report_rows(void *arg, int64 rows)
{
	Filling    *filling = arg;

	spindle_progress_report(&filling->progress, filling->rows_before + rows);
}

/* The table of a target. */
static const SpindleTable *
table_of(const Filling *filling, int t)
{
	return &filling->plan->options->instance->domain->table[filling->plan->target[t].table];
}

/* The rows that a target has to get. */
static int64
rows_of(const Filling *filling, int t)
{
	return filling->plan->options->instance->nrows[filling->plan->target[t].table];
}

/* Run SET CONSTRAINTS for the foreign keys of a target that wait. */
static void
set_constraints(const SpindleFillPlan *plan, int t, const char *mode, bool only_that_start_deferred)
{
	ListCell   *lc;

	SPI_connect();
	foreach(lc, plan->target[t].references)
	{
		const SpindleFillReference *reference = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (reference->is_deferred && (reference->key->starts_deferred || !only_that_start_deferred))
			spindle_run(psprintf("SET CONSTRAINTS %s %s", reference->key->name, mode));
	}
	SPI_finish();
}

/*
 * spindle_fill_defer
 *		Have the foreign keys of a target wait that are broken by that.
 */
void
spindle_fill_defer(const SpindleFillPlan *plan, int target)
{
	set_constraints(plan, target, "DEFERRED", false);
}

/*
 * spindle_fill_end_deferral
 *		Have them checked, and then be as they were declared: those that are INITIALLY
 *		DEFERRED wait again.  Raises foreign_key_violation.
 */
void
spindle_fill_end_deferral(const SpindleFillPlan *plan, int target)
{
	set_constraints(plan, target, "IMMEDIATE", false);
	set_constraints(plan, target, "DEFERRED", true);
}

/* Has the column that a key refers to whole numbers, which are stored as they are? */
static bool
refers_to_integers(const SpindleCatalogKey *key)
{
	Oid			type = getBaseType(get_atttype(key->parent, get_attnum(key->parent, key->parent_column[0])));

	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/*
 * The foreign key of a target's table by which one of its relation can be checked
 * while it is loaded; -1 if there is none, or if the parent may not have all rows,
 * or other values, as numeric(5,-1) has.
 */
static int
find_checked_key(const Filling *filling, int t, const SpindleFillReference *reference)
{
	const SpindleDomain *domain = filling->plan->options->instance->domain;
	const SpindleTable *table = table_of(filling, t);

	if (!filling->is_quiet || reference->key->ncolumns != 1 || reference->parent < 0 ||
		!filling->is_intact[reference->parent] ||
		filling->plan->target[reference->parent].stored != reference->key->parent ||
		!refers_to_integers(reference->key))
		return -1;
	for (int k = 0; k < table->nforeign_keys; k++)
	{
		const SpindleForeignKey *key = &table->foreign_key[k];

		if (key->ncolumns == 1 && key->column[0] == reference->column[0] &&
			key->table == table_of(filling, reference->parent)->index && key->target[0] == reference->parent_column[0] &&
			spindle_load_can_check(domain, table->index, k))
			return k;
	}
	return -1;
}

/*
 * Can the foreign keys of a target be checked while it is loaded?  The result says
 * of each foreign key of its table whether that is, palloc'd; it is NULL if the
 * server has to check them.
 */
static bool *
checked_keys(const Filling *filling, int t)
{
	bool	   *checked = palloc0(sizeof(bool) * Max(table_of(filling, t)->nforeign_keys, 1));
	ListCell   *lc;

	foreach(lc, filling->plan->target[t].references)
	{
		const SpindleFillReference *reference = lfirst(lc);
		int			key;

		if (reference->is_late && reference->key->ncolumns == 1)
			continue;
		key = find_checked_key(filling, t, reference);
		if (key < 0)
			return NULL;
		checked[key] = true;
	}
	return checked;
}

/*
 * Can nothing of the users' run when rows are inserted into a relation?  Triggers,
 * those of partitions too, rules, policies, and defaults that do more than to call
 * nextval().  Constraints and types are taken to do nothing but to look at values,
 * as the server does.
 */
static bool
is_quiet(const Filling *filling, int t, Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);
	const char	kind = relation->rd_rel->relkind;
	ListCell   *lc;

	if ((kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) ||
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) != RLS_NONE)
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->atthasdef && !att->attisdropped &&
			contain_volatile_functions_not_nextval(build_column_default(relation, i + 1)))
			return false;
	}
	foreach(lc, find_all_inheritors(RelationGetRelid(relation), AccessShareLock, NULL))
	{
		Relation	part = relation_open(lfirst_oid(lc), NoLock);
		bool		result = part->rd_rules == NULL && part->rd_rel->relkind != RELKIND_FOREIGN_TABLE;

		for (int i = 0; part->trigdesc && i < part->trigdesc->numtriggers; i++)
			result = result && RI_FKey_trigger_type(part->trigdesc->triggers[i].tgfoid) != RI_TRIGGER_NONE;
		relation_close(part, NoLock);
		if (!result)
			return false;
	}
	return true;
}

/* Note what follows from the way that a target has been filled. */
static void
note_filled(Filling *filling, int t)
{
	const SpindleFillTarget *target = &filling->plan->target[t];
	Relation	relation = spindle_relation_open(target->relid, NULL, RowExclusiveLock);

	filling->is_quiet = filling->is_quiet && is_quiet(filling, t, relation);
	filling->is_filled[t] = true;
	filling->is_intact[t] = filling->is_quiet && filling->inserted[t] == rows_of(filling, t);
	filling->rows_before += rows_of(filling, t);
	relation_close(relation, NoLock);
}

/* Fill one target. */
static void
fill_target(Filling *filling, int t)
{
	const SpindleFillTarget *target = &filling->plan->target[t];
	const SpindleLoad load = {
		.relid = target->relid,
		.instance = filling->plan->options->instance,
		.table = target->table,
		.as_of = SPINDLE_TODAY,
		.wanted = spindle_fill_inserted(filling->plan, t),
		.end = rows_of(filling, t),
		.checked = checked_keys(filling, t),
		.report = report_rows,
		.report_arg = filling,
	};

	filling->inserted[t] = spindle_load(&load);
}

/*
 * Run a statement whose result is a row of n counts, with two parameters: a number of
 * rows from a first one on; NULL if it has none.
 */
static void
run_counting(const char *statement, const int64 *parameters, int64 *count, int n)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		values[] = {Int64GetDatum(parameters ? parameters[0] : 0), Int64GetDatum(parameters ? parameters[1] : 0)};

	SPI_connect();
	if (SPI_execute_with_args(statement, parameters ? lengthof(types) : 0, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not run a statement: %s", statement);
	for (int i = 0; i < n; i++)
	{
		bool		is_null;

		count[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &is_null));
	}
	SPI_finish();
}

/* Fill targets by one statement. */
static void
fill_at_once(Filling *filling, const List *targets)
{
	int64	   *count = palloc(sizeof(int64) * list_length(targets));
	ListCell   *lc;

	run_counting(spindle_fill_insert_at_once(filling->plan, targets), NULL, count, list_length(targets));
	foreach(lc, targets)
		filling->inserted[lfirst_int(lc)] = count[foreach_current_index(lc)];
}

/*
 * Set the late columns of a target.  Raises triggered_data_change_violation if its
 * rows cannot be found any more by the values that they were inserted with.
 */
static void
set_late_columns(Filling *filling, int t)
{
	const SpindleFillTarget *target = &filling->plan->target[t];
	int		   *columns;
	TupleDesc	desc = spindle_fill_late_desc(filling->plan, t, &columns);
	char	   *statement = spindle_fill_update(filling->plan, t,
												spindle_generated_from(filling->plan->options->instance, target->table, NULL,
																	   desc, "$1", "$2"));

	const int64 batch = Min(Max(rows_of(filling, t) / 8, MIN_UPDATE_ROWS), MAX_UPDATE_ROWS);

	filling->name = target->name;
	for (int64 row = 0; row < rows_of(filling, t); row += batch)
	{
		const int64 parameters[] = {row, batch};
		int64		count[2];

		CHECK_FOR_INTERRUPTS();
		run_counting(statement, parameters, count, lengthof(count));
		if (count[0] != count[1])
		{
			spindle_fill_add_late_problem(&filling->plan->target[t], count[0], count[1]);
			spindle_fill_raise_problems(filling->plan);
		}
	}
	filling->name = NULL;
}

/* Fill the targets of a step. */
static void
fill_step(Filling *filling, const SpindleFillStep *step)
{
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	filling->name = filling->plan->target[linitial_int(step->targets)].name;
	if (step->is_at_once)
		fill_at_once(filling, step->targets);
	else
		fill_target(filling, linitial_int(step->targets));
	filling->name = NULL;
	foreach(lc, step->targets)
		note_filled(filling, lfirst_int(lc));
	spindle_progress_report(&filling->progress, filling->rows_before);
	for (int t = 0; t < filling->plan->ntargets; t++)
		if (spindle_fill_late_is_due(filling->plan, t, filling->is_filled, step->targets))
			set_late_columns(filling, t);
}

/*
 * The least and the largest value of a column of whole numbers; false if it has
 * none.  Where values rise with the rows, two of these tell; else all are computed.
 */
static bool
find_extremes(SpindleInstance *instance, const SpindleTable *table, int column, int64 *low, int64 *high)
{
	const int64 nrows = instance->nrows[table->index];
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle extremes", ALLOCSET_SMALL_SIZES);
	SpindleEval *eval = spindle_eval_create(instance, table->index, context);
	int			handle = spindle_eval_add_column(eval, column);
	const SpindleVector *vector = spindle_eval_vector(eval, handle);
	bool		found = false;

	for (int64 row = 0; row < nrows; row += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS] = {0, nrows - 1};
		int			n = table->column[column].monotone ? 2 : (int) Min(SPINDLE_BATCH_ROWS, nrows - row);

		for (int i = 0; i < n && !table->column[column].monotone; i++)
			rows[i] = row + i;
		spindle_eval_run(eval, rows, n);
		for (int i = 0; i < n; i++)
		{
			if (vector->is_null && vector->is_null[i])
				continue;
			*low = found ? Min(*low, vector->value[i]) : vector->value[i];
			*high = found ? Max(*high, vector->value[i]) : vector->value[i];
			found = true;
		}
		if (table->column[column].monotone)
			break;
	}
	MemoryContextDelete(context);
	return found;
}

/* Set the sequences behind the values that columns have got. */
static void
set_sequences(const Filling *filling)
{
	for (int t = 0; t < filling->plan->ntargets; t++)
	{
		ListCell   *lc;

		foreach(lc, filling->plan->target[t].sequences)
		{
			const SpindleFillSequence *sequence = lfirst(lc);
			int64		low;
			int64		high;

			CHECK_FOR_INTERRUPTS();
			if (find_extremes(filling->plan->options->instance, table_of(filling, t), sequence->column, &low, &high))
				spindle_sequence_pass(sequence->relid, low, high);
		}
	}
}

/* What is told of the targets, in the order in which they were filled. */
static List *
make_lines(const Filling *filling)
{
	List	   *lines = NIL;
	ListCell   *ls;
	ListCell   *lc;

	foreach(ls, filling->plan->steps)
		foreach(lc, ((SpindleFillStep *) lfirst(ls))->targets)
		{
			SpindleFillLine *line = palloc0(sizeof(SpindleFillLine));

			line->table = table_of(filling, lfirst_int(lc))->name;
			line->relation = filling->plan->target[lfirst_int(lc)].name;
			line->rows = filling->inserted[lfirst_int(lc)];
			lines = lappend(lines, line);
		}
	return lines;
}

/*
 * spindle_fill_schema_tables
 *		Insert the rows of a domain into the tables of a schema; the result is a list
 *		of SpindleFillLine, of tables in the order in which they were filled.
 *
 * Happens in the caller's transaction, all or nothing but for sequences, which are
 * set last.  Raises what spindle_fill_plan() and spindle_fill_raise_problems() do,
 * and what an INSERT by the current user does, with the relation in the context.
 *
 * Takes the locks that INSERT and ANALYZE take, until the end of the transaction.  The memory
 * it needs does not depend on the number of rows, but for the checks that wait: the
 * server keeps some bytes for each row of a table that is filled together with
 * others, or has a foreign key that is deferred.
 */
List *
spindle_fill_schema_tables(const SpindleFillOptions *options)
{
	Filling		filling = {.plan = spindle_fill_plan(options, false),.is_quiet = true};
	const int	n = Max(filling.plan->ntargets, 1);
	ErrorContextCallback callback = {.callback = relation_context,.arg = &filling,.previous = error_context_stack};
	int64		total = 0;
	ListCell   *lc;

	spindle_fill_raise_problems(filling.plan);
	filling.is_filled = palloc0(sizeof(bool) * n);
	filling.is_intact = palloc0(sizeof(bool) * n);
	filling.inserted = palloc0(sizeof(int64) * n);
	for (int t = 0; t < filling.plan->ntargets; t++)
		total += rows_of(&filling, t);
	error_context_stack = &callback;
	spindle_progress_start(&filling.progress, psprintf("filling tables of %s", options->instance->domain->name), total,
						   "rows");
	for (int t = 0; t < filling.plan->ntargets; t++)
		spindle_fill_defer(filling.plan, t);
	foreach(lc, filling.plan->steps)
		fill_step(&filling, lfirst(lc));
	for (int t = 0; t < filling.plan->ntargets; t++)
	{
		filling.name = filling.plan->target[t].name;
		spindle_fill_end_deferral(filling.plan, t);
	}
	filling.name = NULL;
	if (options->sets_sequences)
		set_sequences(&filling);
	spindle_progress_end(&filling.progress);
	error_context_stack = callback.previous;
	return make_lines(&filling);
}
