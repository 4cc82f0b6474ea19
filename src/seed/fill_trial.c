/*-------------------------------------------------------------------------
 *
 * fill_trial.c
 *		Which tables of a schema could be filled, and what would fail.
 *
 * Some rows of each table, with all that they refer to, are inserted by the
 * statements that would fill the schema, in a subtransaction that is then undone.
 * Rows are kept in tuplestores, which statements read under names of their own, as
 * triggers read transition tables.
 *
 * A table that fails does not end the trial: its rows are tried one by one, to tell
 * all that they run into.  Tables that refer to one that fails are not tried.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "gen/datum.h"
#include "seed/fill_schema.h"
#include "seed/generated.h"
#include "server/attempt.h"
#include "server/relation.h"
#include "server/run.h"
#include "server/target.h"

/* What statements call the rows of a target. */
#define SAMPLE_NAME	"spindle_sample_%d"

/* Different problems that are told of a table, at most. */
#define MAX_PROBLEMS	10

/* Rows that are tried one by one if all together fail; of more, one error is told. */
#define MAX_SINGLE_ROWS	20000

/* A trial under way. */
typedef struct Trial
{
	SpindleFillPlan *plan;
	int64		max_rows;
	int64	  **row;			/* per target: rows of the sample */
	int64	   *nrows;
	SpindleFillState *state;	/* per target */
	bool	   *is_tried;		/* per target */
	bool	   *is_filled;		/* per target: its rows have been inserted */
} Trial;

/* The table of a target. */
static const SpindleTable *
table_of(const Trial *trial, int t)
{
	return &trial->plan->options->instance->domain->table[trial->plan->target[t].table];
}

/* The FROM item that gives the rows that are kept of a target; palloc'd. */
static char *
from_kept(int t)
{
	return psprintf(SAMPLE_NAME " AS " SPINDLE_GENERATED_ALIAS, t);
}

/* Generated rows that a statement reads. */
static EphemeralNamedRelation
keep_rows(const Trial *trial, int t, TupleDesc desc, const int *columns, const int64 *row, int64 n)
{
	EphemeralNamedRelation kept = palloc0(sizeof(EphemeralNamedRelationData));
	Tuplestorestate *store = tuplestore_begin_heap(true, false, work_mem);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle kept rows", ALLOCSET_DEFAULT_SIZES);
	SpindleRows *rows = spindle_rows_create(trial->plan->options->instance, trial->plan->target[t].table, columns,
											desc->natts, NULL, context);
	Datum	   *values = palloc(sizeof(Datum) * Max(desc->natts, 1));
	bool	   *nulls = palloc0(sizeof(bool) * Max(desc->natts, 1));

	for (int64 done = 0; done < n; done += SPINDLE_BATCH_ROWS)
	{
		int			batch = (int) Min(SPINDLE_BATCH_ROWS, n - done);

		CHECK_FOR_INTERRUPTS();
		spindle_rows_fill_list(rows, row + done, batch);
		for (int i = 0; i < batch; i++)
		{
			spindle_rows_get(rows, i, values, nulls);
			tuplestore_putvalues(store, desc, values, nulls);
		}
	}
	MemoryContextDelete(context);
	kept->md.name = psprintf(SAMPLE_NAME, t);
	kept->md.reliddesc = InvalidOid;
	kept->md.tupdesc = desc;
	kept->md.enrtype = ENR_NAMED_TUPLESTORE;
	kept->md.enrtuples = n;
	kept->reldata = store;
	return kept;
}

/* The rows that an INSERT of a target reads. */
static EphemeralNamedRelation
keep_inserted(const Trial *trial, int t, const int64 *row, int64 n)
{
	int		   *columns;
	TupleDesc	desc = spindle_generated_desc(table_of(trial, t), spindle_fill_inserted(trial->plan, t), &columns);

	return keep_rows(trial, t, desc, columns, row, n);
}

/* Release what has been kept. */
static void
forget_rows(List *kept)
{
	ListCell   *lc;

	foreach(lc, kept)
		tuplestore_end(((EphemeralNamedRelation) lfirst(lc))->reldata);
}

/* A statement with the rows that it reads. */
typedef struct Statement
{
	const char *text;
	List	   *kept;			/* of EphemeralNamedRelation */
	int64		count[2];		/* of an UPDATE: rows to set, rows that were found */
} Statement;

/* Run it.  Raises what it does. */
static void
run_statement(void *arg)
{
	Statement  *statement = arg;
	int			n;
	ListCell   *lc;

	SPI_connect();
	foreach(lc, statement->kept)
		if (SPI_register_relation(lfirst(lc)) != SPI_OK_REL_REGISTER)
			elog(ERROR, "could not register rows");
	if (SPI_execute(statement->text, false, 0) < 0)
		elog(ERROR, "could not run a statement: %s", statement->text);
	n = SPI_tuptable && SPI_processed > 0 ? SPI_tuptable->tupdesc->natts : 0;
	for (int i = 0; i < Min(n, lengthof(statement->count)); i++)
	{
		bool		is_null;

		statement->count[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &is_null));
	}
	SPI_finish();
}

/* Is an error about a foreign key of a target to itself? */
static bool
is_of_own_reference(const SpindleFillPlan *plan, int t, const ErrorData *error)
{
	ListCell   *lc;

	foreach(lc, plan->target[t].references)
	{
		const SpindleFillReference *reference = lfirst(lc);

		if (reference->parent == t && error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION && error->constraint_name &&
			strcmp(get_constraint_name(reference->key->constraint), error->constraint_name) == 0)
			return true;
	}
	return false;
}

/*
 * Is an error about a foreign key of which nobody knows which rows it refers to?
 * Then these may be missing for the reason only that they were not tried.
 */
static bool
is_untraced(const SpindleFillPlan *plan, int t, const ErrorData *error)
{
	ListCell   *lc;

	foreach(lc, plan->target[t].references)
	{
		const SpindleFillReference *reference = lfirst(lc);

		if (reference->parent >= 0 && !reference->is_traced && error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION &&
			error->constraint_name &&
			strcmp(get_constraint_name(reference->key->constraint), error->constraint_name) == 0)
			return true;
	}
	return false;
}

/* Are two texts the same?  Both may be NULL. */
static bool
is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * Note an error of n rows of a target, 0 if nobody knows how many.  Others of the
 * same kind, constraint and column are one problem.
 */
static void
note_error(Trial *trial, int t, ErrorData *error, int64 n)
{
	SpindleFillTarget *target = &trial->plan->target[t];
	ListCell   *lc;

	trial->state[t] = SPINDLE_FILL_FAILS;
	foreach(lc, target->problems)
	{
		SpindleFillProblem *problem = lfirst(lc);

		if (problem->sqlstate == error->sqlerrcode && is_same(problem->constraint, error->constraint_name) &&
			is_same(problem->column, error->column_name))
		{
			problem->rows += n;
			return;
		}
	}
	if (list_length(target->problems) == MAX_PROBLEMS)
		return;
	if (is_untraced(trial->plan, t, error))
		error->hint = "The trial has only some rows of the table referred to, "
			"and cannot know which of them are needed.";
	spindle_fill_add_error(target, error, n);
}

/* A value and where it goes. */
typedef struct TriedValue
{
	Form_pg_attribute att;		/* of the relation */
	Form_pg_attribute from;
	Datum		value;
} TriedValue;

/* Convert it.  Raises what that does. */
static void
convert_value(void *arg)
{
	const TriedValue *value = arg;

	spindle_target_convert(value->att, value->from, value->value);
}

/*
 * Complete an error that the server raises about a value without saying of which
 * column: the one that cannot be converted by itself.  kept is the row.
 */
static void
name_column(const Trial *trial, int t, EphemeralNamedRelation kept, ErrorData *error)
{
	TupleDesc	desc = kept->md.tupdesc;
	TupleTableSlot *slot;
	Relation	relation;

	if (error->column_name || error->table_name)
		return;
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	relation = spindle_relation_open(trial->plan->target[t].relid, NULL, NoLock);
	tuplestore_rescan(kept->reldata);
	(void) tuplestore_gettupleslot(kept->reldata, true, false, slot);
	slot_getallattrs(slot);
	for (int i = 0; i < desc->natts && error->column_name == NULL; i++)
	{
		TriedValue	value = {.from = TupleDescAttr(desc, i),.value = slot->tts_values[i]};
		Oid			output;
		bool		is_varlena;

		value.att = spindle_target_column(relation, NameStr(value.from->attname));
		if (slot->tts_isnull[i] || value.att == NULL || spindle_attempt(convert_value, &value, false) == NULL)
			continue;
		error->column_name = pstrdup(NameStr(value.att->attname));
		getTypeOutputInfo(value.from->atttypid, &output, &is_varlena);
		if (error->detail == NULL)
			error->detail = psprintf("The value of column %s is %s.", quote_identifier(error->column_name),
									 quote_literal_cstr(OidOutputFunctionCall(output, value.value)));
	}
	relation_close(relation, NoLock);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Try the rows of a target one by one, after all of them together have failed by an
 * error.  That is told if each of them can be inserted, or if they are too many.
 * Rows that only lack one of the same table that failed are no problem of their
 * own.
 */
static void
try_singly(Trial *trial, int t, const char *text, ErrorData *together)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(oldcontext, "spindle row", ALLOCSET_DEFAULT_SIZES);
	const int64 n = trial->nrows[t] > MAX_SINGLE_ROWS ? 0 : trial->nrows[t];

	for (int64 i = 0; i < n; i++)
	{
		Statement	statement = {.text = text};
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		statement.kept = list_make1(keep_inserted(trial, t, &trial->row[t][i], 1));
		error = spindle_attempt(run_statement, &statement, true);
		if (error)
			name_column(trial, t, linitial(statement.kept), error);
		forget_rows(statement.kept);
		MemoryContextSwitchTo(oldcontext);
		if (error && !(trial->plan->target[t].problems && is_of_own_reference(trial->plan, t, error)))
			note_error(trial, t, error, 1);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	if (trial->plan->target[t].problems == NIL)
		note_error(trial, t, together, 0);
}

/* The target that an error of a statement over several is about. */
static int
target_of_error(const Trial *trial, const ErrorData *error, const List *targets)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		const char *name = get_rel_name(trial->plan->target[lfirst_int(lc)].relid);

		if (name && is_same(error->table_name, name))
			return lfirst_int(lc);
	}
	return linitial_int(targets);
}

/* A target that is not tried, because of another one. */
static void
leave_out(Trial *trial, int t, int because)
{
	trial->state[t] = SPINDLE_FILL_NOT_TRIED;
	spindle_fill_add_problem(&trial->plan->target[t], ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, NULL,
							 psprintf("relation %s cannot be filled", trial->plan->target[because].name), NULL, NULL);
}

/* A target that another one refers to and that cannot be filled, or -1. */
static int
find_failed_parent(const Trial *trial, int t)
{
	ListCell   *lc;

	foreach(lc, trial->plan->target[t].references)
	{
		int			parent = ((SpindleFillReference *) lfirst(lc))->parent;

		if (parent >= 0 && trial->state[parent] != SPINDLE_FILL_DONE)
			return parent;
	}
	return -1;
}

/*
 * Is something in the way of a step: one of its targets, or one that they refer to?
 * The number of that target, or -1.
 */
static int
find_obstacle(const Trial *trial, const SpindleFillStep *step)
{
	ListCell   *lc;

	foreach(lc, step->targets)
		if (trial->state[lfirst_int(lc)] != SPINDLE_FILL_DONE)
			return lfirst_int(lc);
	foreach(lc, step->targets)
		if (find_failed_parent(trial, lfirst_int(lc)) >= 0)
			return find_failed_parent(trial, lfirst_int(lc));
	return -1;
}

/*
 * What has been tried before one that it refers to, as in a circle, and that one fails,
 * could not be filled either.
 */
static void
leave_out_children(Trial *trial)
{
	bool		changed = true;

	while (changed)
	{
		changed = false;
		for (int t = 0; t < trial->plan->ntargets; t++)
			if (trial->state[t] == SPINDLE_FILL_DONE && find_failed_parent(trial, t) >= 0)
			{
				leave_out(trial, t, find_failed_parent(trial, t));
				changed = true;
			}
	}
}

/* Insert the rows of a step. */
static void
try_step(Trial *trial, const SpindleFillStep *step)
{
	const int	first = linitial_int(step->targets);
	char	  **from = palloc0(sizeof(char *) * trial->plan->ntargets);
	Statement	statement = {0};
	ErrorData  *error;
	ListCell   *lc;

	foreach(lc, step->targets)
	{
		const int	t = lfirst_int(lc);

		from[t] = from_kept(t);
		trial->is_tried[t] = true;
		statement.kept = lappend(statement.kept, keep_inserted(trial, t, trial->row[t], trial->nrows[t]));
	}
	statement.text = step->is_at_once ? spindle_fill_insert_all(trial->plan, step->targets, from) :
		spindle_fill_insert(trial->plan, first, from[first]);
	error = spindle_attempt(run_statement, &statement, true);
	forget_rows(statement.kept);
	if (error && step->is_at_once)
	{
		int			failed = target_of_error(trial, error, step->targets);

		note_error(trial, failed, error, 0);
		foreach(lc, step->targets)
			if (lfirst_int(lc) != failed)
				leave_out(trial, lfirst_int(lc), failed);
	}
	else if (error)
		try_singly(trial, first, statement.text, error);
	foreach(lc, step->targets)
		trial->is_filled[lfirst_int(lc)] = trial->state[lfirst_int(lc)] == SPINDLE_FILL_DONE;
}

/* Set the late columns of a target. */
static void
try_late_columns(Trial *trial, int t)
{
	int		   *columns;
	TupleDesc	desc = spindle_fill_late_desc(trial->plan, t, &columns);
	Statement	statement = {.text = spindle_fill_update(trial->plan, t, from_kept(t))};
	ErrorData  *error;

	statement.kept = list_make1(keep_rows(trial, t, desc, columns, trial->row[t], trial->nrows[t]));
	error = spindle_attempt(run_statement, &statement, true);
	forget_rows(statement.kept);
	if (error)
		note_error(trial, t, error, 0);
	else if (statement.count[0] != statement.count[1])
	{
		trial->state[t] = SPINDLE_FILL_FAILS;
		spindle_fill_add_late_problem(&trial->plan->target[t], statement.count[0], statement.count[1]);
	}
}

/* Set the late columns whose parents are all there since a step. */
static void
try_columns_after(Trial *trial, const SpindleFillStep *step)
{
	for (int t = 0; t < trial->plan->ntargets; t++)
		if (spindle_fill_late_is_due(trial->plan, t, trial->is_filled, step->targets))
			try_late_columns(trial, t);
}

/* Checks that wait are made now. */
static void
end_deferral(void *arg)
{
	const Statement *statement = arg;

	SPI_connect();
	spindle_run(statement->text);
	SPI_finish();
}

/*
 * Make the checks that wait: of the foreign keys of circles first, so that it is
 * known whose they are, then all others of the transaction.
 */
static void
try_constraints(Trial *trial)
{
	Statement	all = {.text = "SET CONSTRAINTS ALL IMMEDIATE"};
	List	   *filled = NIL;
	ListCell   *lc;
	ErrorData  *error;

	for (int t = 0; t < trial->plan->ntargets; t++)
	{
		if (!trial->is_filled[t])
			continue;
		filled = lappend_int(filled, t);
		foreach(lc, trial->plan->target[t].references)
		{
			const SpindleFillReference *reference = lfirst(lc);
			Statement	one = {.text = psprintf("SET CONSTRAINTS %s IMMEDIATE", reference->key->name)};

			if (!reference->is_deferred || !trial->is_filled[reference->parent])
				continue;
			error = spindle_attempt(end_deferral, &one, true);
			if (error)
				note_error(trial, t, error, 0);
		}
	}
	if (filled == NIL || list_length(filled) < trial->plan->ntargets)
		return;
	error = spindle_attempt(end_deferral, &all, true);
	if (error)
		note_error(trial, target_of_error(trial, error, filled), error, 0);
}

/* The whole of it, in the subtransaction that is undone. */
static void
run_trial(void *arg)
{
	Trial	   *trial = arg;
	ListCell   *ls;
	ListCell   *lc;

	for (int t = 0; t < trial->plan->ntargets; t++)
		spindle_fill_defer(trial->plan, t);
	foreach(ls, trial->plan->steps)
	{
		const SpindleFillStep *step = lfirst(ls);
		int			obstacle = find_obstacle(trial, step);

		CHECK_FOR_INTERRUPTS();
		if (obstacle < 0)
		{
			try_step(trial, step);
			try_columns_after(trial, step);
			continue;
		}
		foreach(lc, step->targets)
			if (trial->state[lfirst_int(lc)] == SPINDLE_FILL_DONE)
				leave_out(trial, lfirst_int(lc), obstacle);
	}
	try_constraints(trial);
	leave_out_children(trial);
}

/* What is told of the targets: a line each, or one for each problem. */
static List *
make_lines(const Trial *trial)
{
	List	   *lines = NIL;
	ListCell   *ls;
	ListCell   *lc;
	ListCell   *lp;

	foreach(ls, trial->plan->steps)
		foreach(lc, ((SpindleFillStep *) lfirst(ls))->targets)
		{
			const int	t = lfirst_int(lc);
			SpindleFillLine line = {
				.table = table_of(trial, t)->name,
				.relation = trial->plan->target[t].name,
				.state = trial->state[t],
				.rows = trial->is_tried[t] && trial->state[t] != SPINDLE_FILL_NOT_TRIED ? trial->nrows[t] : 0,
			};

			if (trial->plan->target[t].problems == NIL)
				lines = lappend(lines, memcpy(palloc(sizeof(line)), &line, sizeof(line)));
			foreach(lp, trial->plan->target[t].problems)
			{
				line.problem = lfirst(lp);
				lines = lappend(lines, memcpy(palloc(sizeof(line)), &line, sizeof(line)));
			}
		}
	return lines;
}

/*
 * spindle_fill_try
 *		Find out which tables of a schema could be filled, by max_rows rows of each
 *		and those that they refer to; the result is a list of SpindleFillLine in the
 *		order in which tables would be filled.
 *
 * All that is done is undone, but for sequences that defaults take values from.
 * Raises what spindle_fill_plan() does, and what the computation of rows does.
 */
List *
spindle_fill_try(const SpindleFillOptions *options, int64 max_rows)
{
	Trial		trial = {.plan = spindle_fill_plan(options, true)};
	const int	n = Max(trial.plan->ntargets, 1);
	ErrorData  *error;

	trial.nrows = palloc0(sizeof(int64) * n);
	trial.row = spindle_fill_sample(trial.plan, max_rows, trial.nrows);
	trial.state = palloc0(sizeof(SpindleFillState) * n);
	trial.is_tried = palloc0(sizeof(bool) * n);
	trial.is_filled = palloc0(sizeof(bool) * n);
	for (int t = 0; t < trial.plan->ntargets; t++)
		trial.state[t] = trial.plan->target[t].problems ? SPINDLE_FILL_FAILS : SPINDLE_FILL_DONE;
	error = spindle_attempt(run_trial, &trial, false);
	if (error)
		ReThrowError(error);
	return make_lines(&trial);
}
