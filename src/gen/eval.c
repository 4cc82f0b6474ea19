/*-------------------------------------------------------------------------
 *
 * eval.c
 *		Computing columns of a table for batches of rows.
 *
 * A reader asks for columns once and then for batches of rows, any rows in any
 * order.  From the columns we build a short program of steps.  Each computes
 * one vector for all rows of a batch, so the interpretation costs next to
 * nothing per row and the draws of neighbouring rows overlap in the processor.
 *
 * What a row takes from elsewhere is computed, never looked up.  A reference
 * gives the row numbers of parents; these form another frame, in which the
 * wanted columns are computed by further steps and gathered back.  Likewise a
 * total opens a frame with all children of the batch.  Equal neighbours share
 * one row of such a frame: the lines of an order compute the order once.
 *
 * A program belongs to one reader and lives in the memory context that was
 * current when it was made.  Its cursors are caches only: they never change a
 * value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "gen/eval_internal.h"

#define MAX_STEPS	10000

struct SpindleEval
{
	SpindleInstance *instance;
	MemoryContext context;
	Frame	   *root;
	List	   *frames;
	int			nsteps;
	int			steps_capacity;
	Step	  **step;			/* in the order in which they run */
	int			nhandles;
	Step	   *handle[SPINDLE_MAX_COLUMNS + 1];
};

static Step *compile_column(SpindleEval *eval, Frame *frame, int column);
static Step *compile_rows(SpindleEval *eval, Frame *frame, int column);
static Step *compile_rule(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at);
static Step *compile_path(SpindleEval *eval, Frame *frame, const SpindleColumnRef *ref, int at,
						  bool rows);

static const SpindleTable *
table_of(const SpindleEval *eval, const Frame *frame)
{
	return &eval->instance->domain->table[frame->table];
}

static Frame *
add_frame(SpindleEval *eval, int table, Frame *base)
{
	Frame	   *frame = palloc0(sizeof(Frame));

	frame->table = table;
	frame->base = base;
	frame->child_table = -1;
	frame->capacity = SPINDLE_BATCH_ROWS;
	frame->row = palloc(sizeof(int64) * frame->capacity);
	eval->frames = lappend(eval->frames, frame);
	return frame;
}

static Step *
add_step(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
		 bool has_nulls, int ninputs)
{
	Step	   *step = palloc0(sizeof(Step));

	if (eval->nsteps == MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("a row of table \"%s\" needs more than %d steps to compute",
						table_of(eval, eval->root)->name, MAX_STEPS)));
	step->run = run;
	step->frame = frame;
	step->rule = rule;
	step->has_nulls = has_nulls;
	step->ninputs = ninputs;
	step->input = palloc0(sizeof(Step *) * Max(ninputs, 1));
	step->context = eval->context;
	step->column = -1;
	if (rule)
		step->key = spindle_instance_key(eval->instance, rule->label);
	return step;
}

/*
 * Append a step to the program, once its inputs are in it.
 */
static Step *
finish(SpindleEval *eval, Step *step)
{
	if (eval->nsteps == eval->steps_capacity)
	{
		eval->steps_capacity *= 2;
		eval->step = repalloc(eval->step, sizeof(Step *) * eval->steps_capacity);
	}
	eval->step[eval->nsteps++] = step;
	return step;
}

/* A cursor over the children of a table. */
static SpindleLayoutCursor *
layout_cursor(SpindleEval *eval, int child_table)
{
	SpindleLayoutCursor *cursor = palloc(sizeof(SpindleLayoutCursor));

	Assert(eval->instance->layout[child_table] != NULL);
	spindle_layout_cursor_init(cursor, eval->instance->layout[child_table]);
	return cursor;
}

/* The frame of the rows whose numbers a step computes. */
static Frame *
parent_frame(SpindleEval *eval, Frame *base, Step *rows, int table)
{
	ListCell   *lc;
	Frame	   *frame;
	Step	   *fill;

	foreach(lc, eval->frames)
	{
		frame = lfirst(lc);
		if (frame->rows == rows)
			return frame;
	}
	frame = add_frame(eval, table, base);
	frame->rows = rows;
	fill = add_step(eval, base, spindle_run_fill_parents, NULL, false, 1);
	fill->input[0] = rows;
	fill->sub = frame;
	finish(eval, fill);
	return frame;
}

/* The frame of all children that the rows of a frame have in a table. */
static Frame *
children_frame(SpindleEval *eval, Frame *base, int child_table)
{
	ListCell   *lc;
	Frame	   *frame;
	Step	   *fill;

	foreach(lc, eval->frames)
	{
		frame = lfirst(lc);
		if (frame->base == base && frame->child_table == child_table)
			return frame;
	}
	frame = add_frame(eval, child_table, base);
	frame->child_table = child_table;
	frame->owner = palloc(sizeof(int32) * frame->capacity);
	fill = add_step(eval, base, spindle_run_fill_children, NULL, false, 0);
	fill->sub = frame;
	fill->state = layout_cursor(eval, child_table);
	finish(eval, fill);
	return frame;
}

/* Bring a vector of a derived frame to its base. */
static Step *
gather(SpindleEval *eval, Frame *sub, Step *inner)
{
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->run == spindle_run_gather && eval->step[i]->input[0] == inner)
			return eval->step[i];
	step = add_step(eval, sub->base, spindle_run_gather, NULL,
					inner->has_nulls || sub->rows->has_nulls, 1);
	step->input[0] = inner;
	step->sub = sub;
	return finish(eval, step);
}

/* Bring a vector of the parents of a frame of children to the children. */
static Step *
gather_owner(SpindleEval *eval, Frame *children, Step *inner)
{
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->run == spindle_run_gather_owner && eval->step[i]->frame == children &&
			eval->step[i]->input[0] == inner)
			return eval->step[i];
	step = add_step(eval, children, spindle_run_gather_owner, NULL, inner->has_nulls, 1);
	step->input[0] = inner;
	return finish(eval, step);
}

/* The table that a column's row numbers belong to. */
static int
target_table(SpindleEval *eval, int table, int column)
{
	const SpindleColumn *c = &eval->instance->domain->table[table].column[column];

	while (c->target < 0)
		c = spindle_ref_column(eval->instance->domain, &c->rule->copy);
	return c->target;
}

/*
 * The value, or with rows the referred row number, of the column at the end of
 * a path, for the rows of a frame.
 */
static Step *
compile_path(SpindleEval *eval, Frame *frame, const SpindleColumnRef *ref, int at, bool rows)
{
	Step	   *parent;
	Frame	   *sub;

	check_stack_depth();
	if (at == ref->nsteps)
		return rows ? compile_rows(eval, frame, ref->column) : compile_column(eval, frame, ref->column);

	/* children that were fetched for their parents know these already */
	if (frame->child_table >= 0 && ref->step[at] == table_of(eval, frame)->parent_column)
		return gather_owner(eval, frame, compile_path(eval, frame->base, ref, at + 1, rows));
	parent = compile_rows(eval, frame, ref->step[at]);
	sub = parent_frame(eval, frame, parent, target_table(eval, frame->table, ref->step[at]));
	return gather(eval, sub, compile_path(eval, sub, ref, at + 1, rows));
}

static Step *
compile_ref(SpindleEval *eval, Frame *frame, const SpindleColumnRef *ref)
{
	return compile_path(eval, frame, ref, 0, false);
}

/* A step with the rest of a path, from step at on, as its input. */
static Step *
with_input(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
		   const SpindleColumnRef *ref, int at)
{
	Step	   *input = compile_path(eval, frame, ref, at, false);
	Step	   *step = add_step(eval, frame, run, rule, input->has_nulls, 1);

	step->input[0] = input;
	return step;
}

/* Make a fraction of a step's values NULL. */
static Step *
add_nulls(SpindleEval *eval, Frame *frame, Step *step, const SpindleRule *rule, double fraction)
{
	Step	   *nulls = add_step(eval, frame, spindle_run_nulls, rule, true, 1);

	nulls->input[0] = step;
	nulls->fraction = fraction;
	return finish(eval, nulls);
}

/*
 * The row numbers that a rule of a referring kind chooses.
 *
 * null_fraction of them become NULL; for "containing" this includes the rows
 * at whose time no period is open.
 */
static Step *
compile_choice(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	const SpindleTable *table = table_of(eval, frame);
	Step	   *step;
	SpindleReferenceState *state;

	if (rule->kind == SPINDLE_RULE_PARENT)
	{
		step = add_step(eval, frame, spindle_run_parent, rule, false, 0);
		step->state = layout_cursor(eval, frame->table);
	}
	else if (rule->kind == SPINDLE_RULE_HIERARCHY)
	{
		step = add_step(eval, frame, spindle_run_hierarchy, rule, true, 0);
		step->number = eval->instance->nrows[table->index];
	}
	else if (rule->reference.has_among)
	{
		Step	   *among = compile_path(eval, frame, &rule->reference.among, 0, true);

		step = add_step(eval, frame, spindle_run_among, rule, true, 1);
		step->input[0] = among;
		step->state = layout_cursor(eval, rule->reference.table);
	}
	else
	{
		state = spindle_instance_reference(eval->instance, rule);
		if (rule->reference.has_containing)
		{
			step = with_input(eval, frame, spindle_run_containing, rule, &rule->reference.containing, 0);
			step->has_nulls = true;
			/* choosing no row where none is open counts as NULL too */
			step->fraction = state->coverage <= 1.0 - null_fraction ? 0.0 :
				1.0 - (1.0 - null_fraction) / state->coverage;
			null_fraction = 0;
		}
		else if (rule->reference.has_after)
		{
			SpindleTimelineCursor *cursor = palloc(sizeof(SpindleTimelineCursor));

			step = with_input(eval, frame, spindle_run_reference, rule, &rule->reference.after_time, 0);
			step->has_nulls = true;
			spindle_timeline_cursor_init(cursor, state->after);
			step->after = cursor;
		}
		else
			step = add_step(eval, frame, spindle_run_reference, rule,
							false, 0);
		step->state = state;
	}
	finish(eval, step);
	return null_fraction > 0 ? add_nulls(eval, frame, step, rule, null_fraction) : step;
}

/* Row numbers -> key values of the table they belong to. */
static Step *
compile_key(SpindleEval *eval, Frame *frame, Step *rows, int table)
{
	const SpindleTable *parent = &eval->instance->domain->table[table];
	const SpindleRule *key = parent->column[parent->key].rule;
	Step	   *step;

	if (key->kind != SPINDLE_RULE_SEQUENCE)
	{
		Frame	   *sub = parent_frame(eval, frame, rows, table);

		return gather(eval, sub, compile_column(eval, sub, parent->key));
	}
	step = add_step(eval, frame, spindle_run_key, NULL, rows->has_nulls, 1);
	step->input[0] = rows;
	step->number = key->sequence.start;
	step->number2 = key->sequence.step;
	return finish(eval, step);
}

/* "total" and "child": the frame whose rows are the parents. */
static Step *
compile_children(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	Frame	   *parents = frame;
	Step	   *step;

	if (rule->child.has_of)
	{
		Step	   *rows = compile_path(eval, frame, &rule->child.of, 0, true);

		parents = parent_frame(eval, frame, rows,
							   eval->instance->domain->table[rule->child.child].rows_parent);
	}
	if (rule->kind == SPINDLE_RULE_CHILD)
	{
		Frame	   *chosen;

		/* the choice is the referring row's own, so it is made in its frame */
		step = add_step(eval, frame, spindle_run_pick_child, rule, true, rule->child.has_of ? 1 : 0);
		if (rule->child.has_of)
			step->input[0] = parents->rows;
		step->state = layout_cursor(eval, rule->child.child);
		finish(eval, step);
		chosen = parent_frame(eval, frame, step, rule->child.child);
		return gather(eval, chosen, compile_column(eval, chosen, rule->child.column));
	}

	{
		Frame	   *children = children_frame(eval, parents, rule->child.child);
		Step	   *value = rule->child.function == SPINDLE_TOTAL_COUNT ? NULL :
		compile_column(eval, children, rule->child.column);

		step = add_step(eval, parents, spindle_run_total, rule,
						rule->child.function >= SPINDLE_TOTAL_MIN, value ? 1 : 0);
		if (value)
			step->input[0] = value;
		step->sub = children;
		finish(eval, step);
	}
	return parents == frame ? step : gather(eval, parents, step);
}

static Step *
compile_test(SpindleEval *eval, Frame *frame, const SpindleTest *test, int at)
{
	Step	   *step;

	if (test->kind == SPINDLE_TEST_HAS_CHILD)
	{
		step = add_step(eval, frame, spindle_run_has_child, NULL, false, 0);
		step->state = layout_cursor(eval, test->child);
	}
	else
	{
		step = with_input(eval, frame, spindle_run_test, NULL, &test->ref, at);
		step->has_nulls = false;
		step->domain = eval->instance->domain;
		step->number = spindle_ref_column(step->domain, &test->ref)->type.kind;
	}
	step->test = test;
	return finish(eval, step);
}

/* Does a path begin with the step from children to the parents of their rows? */
static bool
is_path_of_parent(const SpindleTable *table, const SpindleColumnRef *ref)
{
	return ref->nsteps > 0 && ref->step[0] == table->parent_column;
}

/* Does a rule take the same value for all children of a parent? */
static bool
is_rule_of_parent(const SpindleTable *table, const SpindleRule *rule)
{
	check_stack_depth();
	switch (rule->kind)
	{
		case SPINDLE_RULE_CONSTANT:
			return true;
		case SPINDLE_RULE_COPY:
			return is_path_of_parent(table, &rule->copy);
		case SPINDLE_RULE_CASE:
			for (int i = 0; i < rule->cases.nbranches; i++)
				if (rule->cases.test[i].kind == SPINDLE_TEST_HAS_CHILD ||
					!is_path_of_parent(table, &rule->cases.test[i].ref) ||
					!is_rule_of_parent(table, rule->cases.then[i]))
					return false;
			return is_rule_of_parent(table, rule->cases.then[rule->cases.nbranches]);
		default:
			return false;
	}
}

/*
 * With at = 1, a case of children that is_rule_of_parent() approves of is
 * computed for their parents: all its paths go without their first step.
 */
static Step *
compile_case(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	int			n = rule->cases.nbranches;
	Step	  **input = palloc(sizeof(Step *) * (n * 2 + 1));
	bool		has_nulls = false;
	Step	   *step;

	for (int i = 0; i <= n; i++)
	{
		if (i < n)
			input[n + 1 + i] = compile_test(eval, frame, &rule->cases.test[i], at);
		input[i] = compile_rule(eval, frame, rule->cases.then[i], at);
		has_nulls |= input[i]->has_nulls;
	}
	step = add_step(eval, frame, spindle_run_case, rule, has_nulls, 0);
	step->ninputs = n * 2 + 1;
	step->input = input;
	return finish(eval, step);
}

/* A step with the paths of a pattern or formula as its inputs. */
static Step *
compile_mixture(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	bool		is_formula = rule->kind == SPINDLE_RULE_FORMULA;
	int			n = is_formula ? rule->formula.nops : rule->pattern.npieces;
	Step	  **input = palloc0(sizeof(Step *) * n);
	bool		has_nulls = false;
	Step	   *step;

	for (int i = 0; i < n; i++)
	{
		if (is_formula ? rule->formula.op[i].kind == SPINDLE_OP_COLUMN :
			rule->pattern.piece[i].kind == SPINDLE_PIECE_COLUMN)
		{
			input[i] = compile_ref(eval, frame, is_formula ? &rule->formula.op[i].ref :
								   &rule->pattern.piece[i].ref);
			has_nulls |= input[i]->has_nulls;
		}
		else if (is_formula && rule->formula.op[i].kind == SPINDLE_OP_DIVIDE)
			has_nulls = true;
	}
	step = add_step(eval, frame, is_formula ? spindle_run_formula : spindle_run_pattern,
					rule, has_nulls, 0);
	step->ninputs = n;
	step->input = input;
	if (is_formula)
		step->state = spindle_formula_scratch(rule);
	return finish(eval, step);
}

/* A rule; with at = 1, one of children for their parents, see compile_case(). */
static Step *
compile_rule(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = NULL;

	check_stack_depth();
	switch (rule->kind)
	{
		case SPINDLE_RULE_SEQUENCE:
			step = add_step(eval, frame, spindle_run_sequence, rule, false, 0);
			break;
		case SPINDLE_RULE_CONSTANT:
			step = add_step(eval, frame, spindle_run_constant, rule, rule->constant.is_null, 0);
			break;
		case SPINDLE_RULE_WEIGHTED:
			step = add_step(eval, frame, spindle_run_weighted, rule, false, 0);
			break;
		case SPINDLE_RULE_NUMBER:
			step = add_step(eval, frame, spindle_run_number, rule, false, 0);
			if (frame->rows)
				step->state = spindle_number_memo(rule, eval->instance->nrows[frame->table]);
			break;
		case SPINDLE_RULE_TIME:
			step = add_step(eval, frame, spindle_run_time, rule, false, 0);
			break;
		case SPINDLE_RULE_REFERENCE:
			return compile_key(eval, frame, compile_choice(eval, frame, rule, 0),
							   rule->reference.table);
		case SPINDLE_RULE_PARENT:
			return compile_key(eval, frame, compile_choice(eval, frame, rule, 0),
							   table_of(eval, frame)->rows_parent);
		case SPINDLE_RULE_HIERARCHY:
			return compile_key(eval, frame, compile_choice(eval, frame, rule, 0), frame->table);
		case SPINDLE_RULE_COPY:
			return compile_path(eval, frame, &rule->copy, at, false);
		case SPINDLE_RULE_OFFSET:
			step = with_input(eval, frame, spindle_run_offset, rule, &rule->offset.source, 0);
			break;
		case SPINDLE_RULE_CORRELATED:
			step = with_input(eval, frame, spindle_run_correlated, rule, &rule->correlated.source, 0);
			step->number = spindle_ref_column(eval->instance->domain,
											  &rule->correlated.source)->type.kind;
			step->number2 = spindle_ref_column(eval->instance->domain,
											   &rule->correlated.source)->type.scale;
			break;
		case SPINDLE_RULE_FORMULA:
		case SPINDLE_RULE_PATTERN:
			return compile_mixture(eval, frame, rule);
		case SPINDLE_RULE_CASE:
			/* the lines of an order share its discount: compute that once */
			if (at == 0 && frame->child_table >= 0 && is_rule_of_parent(table_of(eval, frame), rule))
				return gather_owner(eval, frame, compile_case(eval, frame->base, rule, 1));
			return compile_case(eval, frame, rule, at);
		case SPINDLE_RULE_TOTAL:
		case SPINDLE_RULE_CHILD:
			return compile_children(eval, frame, rule);
		case SPINDLE_RULE_FIRST_CHILD:
			step = add_step(eval, frame, spindle_run_first_child, rule, false, 0);
			step->state = layout_cursor(eval, frame->table);
			break;
		case SPINDLE_RULE_DATA:
			if (rule->data.has_match)
				step = with_input(eval, frame, spindle_run_data, rule, &rule->data.match, 0);
			else
				step = add_step(eval, frame, spindle_run_data, rule, false, 0);
			step->key = spindle_instance_key(eval->instance, rule->data.draw_label);
			for (int i = 0; i < rule->data.set->nrows; i++)
				step->has_nulls |= rule->data.is_null[i];
			step->has_nulls |= rule->data.has_match;
			step->domain = eval->instance->domain;
			break;
		case SPINDLE_RULE_LEVEL:
			step = add_step(eval, frame, spindle_run_level, rule, false, 0);
			step->number = eval->instance->nrows[frame->table];
			break;
	}
	return finish(eval, step);
}

/* The step that computes a column of a frame's table, made on first use. */
static Step *
compile_column(SpindleEval *eval, Frame *frame, int column)
{
	const SpindleColumn *c = &table_of(eval, frame)->column[column];
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->frame == frame && eval->step[i]->column == column)
			return eval->step[i];

	if (c->target >= 0)
		step = compile_key(eval, frame, compile_rows(eval, frame, column), c->target);
	else if (c->rule->kind == SPINDLE_RULE_TIME && c->rule->time.ordered)
	{
		SpindleTimelineCursor *cursor = palloc(sizeof(SpindleTimelineCursor));

		step = add_step(eval, frame, spindle_run_ordered_time, c->rule, false, 0);
		spindle_timeline_cursor_init(cursor, spindle_instance_timeline(eval->instance, frame->table,
																	   column));
		step->state = cursor;
		finish(eval, step);
	}
	else
		step = compile_rule(eval, frame, c->rule, 0);

	if (c->null_fraction > 0 && c->target < 0)
		step = add_nulls(eval, frame, step, c->rule, c->null_fraction);
	if (step->column < 0 && step->frame == frame)
		step->column = column;
	return step;
}

/* The step that computes which rows a referring column refers to. */
static Step *
compile_rows(SpindleEval *eval, Frame *frame, int column)
{
	const SpindleColumn *c = &table_of(eval, frame)->column[column];
	int			mark = -2 - column; /* tells it from the column's values */
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->frame == frame && eval->step[i]->column == mark)
			return eval->step[i];
	if (c->target >= 0)
		step = compile_choice(eval, frame, c->rule, c->null_fraction);
	else
	{
		/*
		 * a copy of a reference refers where that does, unless it is NULL
		 * itself
		 */
		step = compile_path(eval, frame, &c->rule->copy, 0, true);
		if (c->null_fraction > 0)
			step = add_nulls(eval, frame, step, c->rule, c->null_fraction);
	}
	if (step->column == -1)
		step->column = mark;
	return step;
}

/*
 * spindle_eval_create
 *		A program over a table that computes nothing yet, in a memory
 *		context of its own below the given one.
 *
 * The instance must stay pinned for as long as the program is used.
 */
SpindleEval *
spindle_eval_create(SpindleInstance *instance, int table, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleEval *eval = palloc0(sizeof(SpindleEval));

	eval->instance = instance;
	eval->context = context;
	eval->steps_capacity = 32;
	eval->step = palloc(sizeof(Step *) * eval->steps_capacity);
	eval->root = add_frame(eval, table, NULL);
	MemoryContextSwitchTo(oldcontext);
	return eval;
}

/*
 * spindle_eval_add
 *		Ask for the column at the end of a path; returns a handle for
 *		spindle_eval_vector().  Not after the first batch.
 */
int
spindle_eval_add(SpindleEval *eval, const SpindleColumnRef *ref)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);

	if (eval->nhandles == lengthof(eval->handle))
		elog(ERROR, "too many columns");
	eval->handle[eval->nhandles] = compile_ref(eval, eval->root, ref);
	MemoryContextSwitchTo(oldcontext);
	return eval->nhandles++;
}

/* The same for a column of the table itself. */
int
spindle_eval_add_column(SpindleEval *eval, int column)
{
	SpindleColumnRef ref = {0, NULL, eval->root->table, column};

	return spindle_eval_add(eval, &ref);
}

/*
 * spindle_eval_run
 *		Compute all columns asked for, for n <= SPINDLE_BATCH_ROWS rows.
 *
 * rows are numbers from 0 to the table's last; neighbours that are close to
 * each other are cheaper than scattered ones.
 */
void
spindle_eval_run(SpindleEval *eval, const int64 *rows, int n)
{
	Assert(n <= SPINDLE_BATCH_ROWS);
	memcpy(eval->root->row, rows, sizeof(int64) * n);
	eval->root->n = n;
	for (int i = 0; i < eval->nsteps; i++)
	{
		Step	   *step = eval->step[i];

		if (step->frame->n > step->capacity)
		{
			step->capacity = step->frame->capacity;
			if (step->out.value)
				pfree(step->out.value);
			if (step->out.is_null)
				pfree(step->out.is_null);
			step->out.value = MemoryContextAllocHuge(eval->context, sizeof(int64) * step->capacity);
			step->out.is_null = step->has_nulls ?
				MemoryContextAllocHuge(eval->context, step->capacity) : NULL;
		}
		step->run(step);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * spindle_eval_vector
 *		The values of a column for the last batch; valid until the next one.
 */
const SpindleVector *
spindle_eval_vector(const SpindleEval *eval, int handle)
{
	return &eval->handle[handle]->out;
}
