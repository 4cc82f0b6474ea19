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
 * A program belongs to one reader and lives in a memory context of its own, in
 * which all functions here and in the files of the rules allocate.  Its cursors are caches only: they never change a
 * value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/*
 * Steps of a program, at most.  Each has vectors of SPINDLE_BATCH_ROWS values
 * or more, and references can multiply: a definition that nobody meant to be
 * so large must not take the server's memory.
 */
#define MAX_STEPS	10000

static Step *compile_rows(SpindleEval *eval, Frame *frame, int column);

/*
 * spindle_step_add
 *		A new step for a frame, with room for so many inputs.
 *
 * rule is NULL for a step that serves any rule; such a step has no key.  With
 * has_nulls, the step gives a null for each row.  The caller completes the
 * step and appends it with spindle_step_finish().  Allocates in the current
 * memory context, which must be the program's.  Raises statement_too_complex
 * if the program has MAX_STEPS steps.
 */
Step *
spindle_step_add(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
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
	step->column = -1;
	if (rule)
		step->key = spindle_instance_key(eval->instance, rule->label);
	return step;
}

/*
 * spindle_step_finish
 *		Append a step to the program, once its inputs are in it.  Returns the
 *		step.
 *
 * The first step that holds a frame is the one that fills it.
 */
Step *
spindle_step_finish(SpindleEval *eval, Step *step)
{
	step->of_time |= spindle_step_is_of_time(step);
	if (step->holds == STEP_HOLDS_FRAME && step->u.frame.sub->fill == NULL)
		step->u.frame.sub->fill = step;
	if (eval->nsteps == eval->steps_capacity)
	{
		eval->steps_capacity *= 2;
		eval->step = repalloc(eval->step, sizeof(Step *) * eval->steps_capacity);
	}
	eval->step[eval->nsteps++] = step;
	return step;
}

/*
 * spindle_compile_path
 *		The value, or with rows the referred row number, of the column at the
 *		end of a path, for the rows of a frame.
 *
 * The path is followed from step at on, 0 <= at <= ref->nsteps; the frame's
 * table is the one that the path has reached there.  The step that is returned
 * is in the program, belongs to the frame and may serve other paths, too.
 */
Step *
spindle_compile_path(SpindleEval *eval, Frame *frame, const SpindleColumnRef *ref, int at, bool rows)
{
	Step	   *parent;
	Frame	   *sub;

	check_stack_depth();
	if (at == ref->nsteps)
		return rows ? compile_rows(eval, frame, ref->column) : spindle_compile_column(eval, frame, ref->column);

	/* children that were fetched for their parents know these already */
	if (frame->child_table >= 0 && ref->step[at] == table_of(eval, frame)->parent_column)
		return spindle_gather_owner(eval, frame, spindle_compile_path(eval, frame->base, ref, at + 1, rows));
	parent = compile_rows(eval, frame, ref->step[at]);
	sub = spindle_frame_of_parents(eval, frame, parent,
								   spindle_column_target(eval->instance->domain, frame->table, ref->step[at]));
	return spindle_gather(eval, sub, spindle_compile_path(eval, sub, ref, at + 1, rows));
}

/*
 * spindle_step_with_input
 *		A step with the rest of a path, from step at on, as its input.  It has
 *		nulls if the input has; the caller may change that before it appends
 *		the step.
 */
Step *
spindle_step_with_input(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
						const SpindleColumnRef *ref, int at)
{
	Step	   *input = spindle_compile_path(eval, frame, ref, at, false);
	Step	   *step = spindle_step_add(eval, frame, run, rule, input->has_nulls, 1);

	step->input[0] = input;
	return step;
}

/*
 * spindle_step_with_layout
 *		A step with a cursor over the children of a table, which must be of
 *		kind "children".  The cursor is the step's own, and no other step moves
 *		it.
 */
Step *
spindle_step_with_layout(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
						 bool has_nulls, int ninputs, int child_table)
{
	Step	   *step = spindle_step_add(eval, frame, run, rule, has_nulls, ninputs);

	Assert(eval->instance->layout[child_table] != NULL);
	step->holds = STEP_HOLDS_LAYOUT;
	step->u.layout = palloc(sizeof(SpindleLayoutCursor));
	spindle_layout_cursor_init(step->u.layout, eval->instance->layout[child_table]);
	return step;
}

/*
 * Make a fraction of the values NULL.  The draw has a label of its own, so
 * that which rows are NULL does not depend on their values.
 */
static void
run_nulls(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const SpindleKey key = spindle_key_derive(step->key, LABEL_NULLS);
	const uint64 threshold = spindle_threshold(step->u.fraction);
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	bool	   *is_null = step->out.is_null;
	uint64		portion[SPINDLE_DRAWS];

	Assert(step->holds == STEP_HOLDS_FRACTION);
	memcpy(step->out.value, in->value, sizeof(int64) * n);
	copy_nulls(step, in);
	for (int i = 0; i < n; i++)
		is_null[i] |= spindle_next_draw(key, row, n, i, portion) < threshold;
}

/*
 * spindle_compile_nulls
 *		The values of a step, with a fraction (0 to 1) of them made NULL by the
 *		draws of a rule; the step itself if the fraction is 0.
 */
Step *
spindle_compile_nulls(SpindleEval *eval, Frame *frame, Step *step, const SpindleRule *rule, double fraction)
{
	Step	   *nulls;

	if (fraction <= 0)
		return step;
	nulls = spindle_step_add(eval, frame, run_nulls, rule, true, 1);
	nulls->input[0] = step;
	nulls->holds = STEP_HOLDS_FRACTION;
	nulls->u.fraction = fraction;
	return spindle_step_finish(eval, nulls);
}

/*
 * Row numbers to values of a key that counts rows.  Where the row number is
 * NULL, it is still a number to calculate with.
 */
static void
run_key(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const int	n = step->frame->n;
	const int64 *pg_restrict rows = in->value;
	int64	   *pg_restrict out = step->out.value;
	const int64 start = step->u.sequence.start;
	const int64 by = step->u.sequence.step;

	Assert(step->holds == STEP_HOLDS_SEQUENCE);
	if (by == 1)
	{
		/* the usual key, for which the processor can add several at once */
		for (int i = 0; i < n; i++)
			out[i] = start + rows[i];
	}
	else
	{
		for (int i = 0; i < n; i++)
			out[i] = start + by * rows[i];
	}
	copy_nulls(step, in);
}

/*
 * spindle_compile_key
 *		Row numbers -> key values of the table they belong to.
 *
 * rows is a step of the frame.  A sequence is computed from the row number;
 * any other key opens a frame of those rows.  The table must have a key of one
 * column.
 */
Step *
spindle_compile_key(SpindleEval *eval, Frame *frame, Step *rows, int table)
{
	const SpindleTable *parent = &eval->instance->domain->table[table];
	const int	column = spindle_table_single_key(parent);
	const SpindleRule *key = parent->column[column].rule;
	Step	   *step;

	if (key->kind != SPINDLE_RULE_SEQUENCE)
	{
		Frame	   *sub = spindle_frame_of_parents(eval, frame, rows, table);

		return spindle_gather(eval, sub, spindle_compile_column(eval, sub, column));
	}
	step = spindle_step_add(eval, frame, run_key, NULL, rows->has_nulls, 1);
	step->input[0] = rows;
	step->holds = STEP_HOLDS_SEQUENCE;
	step->u.sequence.start = key->sequence.start;
	step->u.sequence.step = key->sequence.step;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_magnitude
 *		A number that none of n values is above in size; at most twice the size
 *		of the largest of them.
 *
 * It tells beforehand whether sums and products of them fit, so that loops need
 * not look for an overflow.
 */
SPINDLE_FOR_EACH_PROCESSOR uint64
spindle_magnitude(const int64 *value, int n)
{
	uint64		bits = 0;

	/* of a negative number, the size less one, as the lowest has none */
	for (int i = 0; i < n; i++)
		bits |= (uint64) (value[i] ^ (value[i] >> 63));
	return bits + 1;
}

/* Does a step compute values of a frame's rows, or of the counters for its draws? */
static bool
is_of_frame(const Step *step, const Frame *frame)
{
	return step->frame == frame || (frame->today && step->frame->redrawn == frame);
}

/* The step that was made for a column of a frame, by its mark; NULL if there is none. */
static Step *
find_step(const SpindleEval *eval, const Frame *frame, int mark)
{
	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->column == mark && is_of_frame(eval->step[i], frame))
			return eval->step[i];
	return NULL;
}

/*
 * The frame in which a column of a frame's rows is computed, with the same rows in
 * the same places: that of today where versions do not differ in it, and never one
 * of counters.
 */
static Frame *
frame_of_column(const SpindleEval *eval, Frame *frame, int column)
{
	if (frame->redrawn)
		frame = frame->redrawn;
	if (frame->today && !spindle_column_has_versions(table_of(eval, frame), column))
		frame = frame->today;
	return frame;
}

/*
 * spindle_compile_column
 *		The step that computes a column of a frame's table, made on first use.
 *
 * A column of its own reference is found by way of the rows it refers to, so
 * that the choice is drawn once, whoever asks for it.  The value of a column of
 * type row is their numbers.
 */
Step *
spindle_compile_column(SpindleEval *eval, Frame *frame, int column)
{
	const SpindleColumn *c = &table_of(eval, frame)->column[column];
	Step	   *step;

	frame = frame_of_column(eval, frame, column);
	step = find_step(eval, frame, column);
	if (step)
		return step;

	if (c->target >= 0 && c->type.kind == SPINDLE_ROW)
		return compile_rows(eval, frame, column);
	if (c->target >= 0)
		step = spindle_compile_key(eval, frame, compile_rows(eval, frame, column), c->target);
	else if (frame->today)
		step = spindle_compile_version(eval, frame, column);
	else
	{
		step = spindle_compile_rule(eval, frame, c->rule, 0);
		step = spindle_compile_nulls(eval, frame, step, c->rule, c->null_fraction);
	}
	if (step->column < 0 && is_of_frame(step, frame))
		step->column = column;
	return step;
}

/*
 * The step that computes which rows a referring column refers to, made on
 * first use.  The column is one for which spindle_column_target() has an
 * answer.
 */
static Step *
compile_rows(SpindleEval *eval, Frame *frame, int column)
{
	const SpindleColumn *c = &table_of(eval, frame)->column[column];
	int			mark = -2 - column; /* tells it from the column's values */
	Frame	   *own;
	Step	   *step;

	frame = frame_of_column(eval, frame, column);
	step = find_step(eval, frame, mark);
	if (step)
		return step;
	own = frame->today ? spindle_frame_of_version(eval, frame, column) : frame;
	if (c->target >= 0)
		step = spindle_compile_choice(eval, own, c->rule, c->null_fraction);
	else if (c->by_value)
		step = spindle_compile_lookup(eval, frame, spindle_compile_column(eval, frame, column), c->references);
	else
	{
		/*
		 * a copy of a reference refers where that does, unless it is NULL
		 * itself
		 */
		step = spindle_compile_path(eval, own, &c->rule->copy, 0, true);
		step = spindle_compile_nulls(eval, own, step, c->rule, c->null_fraction);
	}
	if (step->column == -1 && is_of_frame(step, frame))
		step->column = mark;
	return step;
}

/*
 * spindle_eval_create
 *		A program over a table that computes nothing yet, in a memory context
 *		of its own below the given one.
 *
 * The instance must stay pinned for as long as the program is used.  To delete
 * parent, or the context, is to end it; there is nothing else to release.
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
	eval->root = spindle_frame_add(eval, table, NULL);
	eval->top = eval->root;
	eval->profile = -1;
	MemoryContextSwitchTo(oldcontext);
	return eval;
}

/* The times that the caller has put into the vector. */
static void
run_times(Step *step)
{
}

/*
 * spindle_eval_create_at
 *		The same for rows at a time.
 *
 * What is asked for by spindle_eval_add() and its like is computed for the rows as
 * they are at the time of spindle_eval_set_time(), or at those that
 * spindle_eval_run_at() gets; rows of other tables are those of today.  profile is
 * that of deletes, -1 for none; it decides on nothing but spindle_eval_add_alive().
 */
SpindleEval *
spindle_eval_create_at(SpindleInstance *instance, int table, int profile, MemoryContext parent)
{
	SpindleEval *eval = spindle_eval_create(instance, table, parent);
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);

	eval->profile = profile;
	eval->time = DT_NOEND;
	eval->times = spindle_step_add(eval, eval->root, run_times, NULL, false, 0);
	eval->times->of_time = true;
	spindle_step_finish(eval, eval->times);
	eval->times->capacity = SPINDLE_BATCH_ROWS;
	eval->times->out.value = palloc(sizeof(int64) * SPINDLE_BATCH_ROWS);
	eval->top = spindle_frame_at(eval, eval->root, eval->times);
	spindle_eval_set_time(eval, DT_NOEND);
	MemoryContextSwitchTo(oldcontext);
	return eval;
}

/*
 * spindle_eval_set_time
 *		The time of all rows of batches of a program at a time, microseconds since
 *		2000-01-01 UTC; DT_NOEND, as at first, for the rows of today.
 */
void
spindle_eval_set_time(SpindleEval *eval, Timestamp time)
{
	eval->time = time;
	for (int i = 0; i < SPINDLE_BATCH_ROWS; i++)
		eval->times->out.value[i] = time;
}

/*
 * A handle for the vector of a step.  Readers ask for at most as many columns
 * as a table can have, and one more.
 */
static int
add_handle(SpindleEval *eval, Step *step)
{
	if (eval->nhandles == lengthof(eval->handle))
		elog(ERROR, "too many columns");
	eval->handle[eval->nhandles] = step;
	return eval->nhandles++;
}

/*
 * spindle_eval_add
 *		Ask for the column at the end of a path; returns a handle for
 *		spindle_eval_vector().  Not after the first batch.
 *
 * The path begins in a row of the program's table.  May run other programs,
 * for references to small tables.  Raises statement_too_complex if the program
 * gets too long, and what the making of a reference's state raises, see
 * spindle_reference_state().  After an error the program is of no use.
 */
int
spindle_eval_add(SpindleEval *eval, const SpindleColumnRef *ref)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);
	int			handle = add_handle(eval, spindle_compile_path(eval, eval->top, ref, 0, false));

	MemoryContextSwitchTo(oldcontext);
	return handle;
}

/*
 * spindle_eval_add_rows
 *		The same for the number of the row that the column at the end of a path
 *		refers to, NULL where it refers to none.
 *
 * The column is one for which spindle_column_target() has an answer.
 */
int
spindle_eval_add_rows(SpindleEval *eval, const SpindleColumnRef *ref)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);
	int			handle = add_handle(eval, spindle_compile_path(eval, eval->top, ref, 0, true));

	MemoryContextSwitchTo(oldcontext);
	return handle;
}

/* The same for a condition, whose values are 0 or 1. */
int
spindle_eval_add_test(SpindleEval *eval, const SpindleTest *test)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);
	int			handle = add_handle(eval, spindle_compile_test(eval, eval->top, test, 0));

	MemoryContextSwitchTo(oldcontext);
	return handle;
}

/* The same for what is made of the program's rows at their times. */
static int
add_of_top(SpindleEval *eval, Step *(*compile) (SpindleEval *eval, Frame *frame))
{
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);
	int			handle = add_handle(eval, compile(eval, eval->top));

	MemoryContextSwitchTo(oldcontext);
	return handle;
}

/*
 * spindle_eval_add_alive
 *		The same for whether a row is there at the time of a program at a time: 0
 *		or 1.
 */
int
spindle_eval_add_alive(SpindleEval *eval)
{
	return add_of_top(eval, spindle_compile_alive);
}

/* The same for the number of the version that a row has at the time, from 1. */
int
spindle_eval_add_version(SpindleEval *eval)
{
	return add_of_top(eval, spindle_compile_version_number);
}

/* Times of the rows' lives, for moments.c: see spindle_compile_life(). */
int
spindle_eval_add_life(SpindleEval *eval, LifePart part)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(eval->context);
	int			handle = add_handle(eval, spindle_compile_life(eval, eval->root, part));

	MemoryContextSwitchTo(oldcontext);
	return handle;
}

/* The same for a column of the table itself. */
int
spindle_eval_add_column(SpindleEval *eval, int column)
{
	SpindleColumnRef ref = {0, NULL, eval->root->table, column};

	return spindle_eval_add(eval, &ref);
}

/* Are n numbers those from the first one on, each one more than the one before? */
SPINDLE_FOR_EACH_PROCESSOR static bool
is_run(const int64 *row, int n)
{
	uint64		differing = 0;

	for (int i = 0; i < n; i++)
		differing |= (uint64) row[i] ^ (uint64) (row[0] + i);
	return differing == 0;
}

/* Run the steps of a program, or only those that follow from the times of its rows. */
static void
run_steps(SpindleEval *eval, bool of_time_only)
{
	for (int i = 0; i < eval->nsteps; i++)
	{
		Step	   *step = eval->step[i];

		if (of_time_only && !step->of_time)
			continue;
		if (step->frame->capacity > step->capacity)
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
 * spindle_eval_run
 *		Compute all columns asked for, for 0 <= n <= SPINDLE_BATCH_ROWS rows.
 *
 * rows are numbers from 0 to the table's last; neighbours that are close to
 * each other are cheaper than scattered ones.  The array is copied.
 *
 * Raises invalid_parameter_value if a reference chooses among no rows,
 * data_exception if a data set has no record to match, and
 * program_limit_exceeded if the rows have too many children.  Can be
 * interrupted between steps.
 */
void
spindle_eval_run(SpindleEval *eval, const int64 *rows, int n)
{
	Assert(n <= SPINDLE_BATCH_ROWS);
	memcpy(eval->root->row, rows, sizeof(int64) * n);
	eval->root->n = n;
	eval->root->is_run = n > 1 && is_run(rows, n);
	run_steps(eval, false);
}

/*
 * spindle_eval_run_at
 *		The same for rows of a program at a time, each at a time of its own; the
 *		arrays have n entries.
 *
 * A row may be there several times.
 */
void
spindle_eval_run_at(SpindleEval *eval, const int64 *rows, const Timestamp *times, int n)
{
	memcpy(eval->times->out.value, times, sizeof(Timestamp) * n);
	spindle_eval_run(eval, rows, n);
}

/*
 * spindle_eval_run_again_at
 *		Compute the n rows of the last batch at other times.
 *
 * What cannot be another thing then stays as it is: columns without versions, and
 * whatever only the rows decide.
 */
void
spindle_eval_run_again_at(SpindleEval *eval, const Timestamp *times, int n)
{
	Assert(n == eval->root->n);
	memcpy(eval->times->out.value, times, sizeof(Timestamp) * n);
	run_steps(eval, true);
}

/*
 * spindle_eval_vector
 *		The values of a column for the last batch; valid until the next one.
 *
 * It is the same vector for all batches, so it can be asked for once; the
 * arrays in it move when a batch is larger than those before.
 */
const SpindleVector *
spindle_eval_vector(const SpindleEval *eval, int handle)
{
	return &eval->handle[handle]->out;
}

/*
 * spindle_vector_differs
 *		Are two values of a vector, of a column of a type, different ones?
 */
bool
spindle_vector_differs(const SpindleVector *vector, const SpindleType *type, int a, int b)
{
	const bool	a_null = vector->is_null && vector->is_null[a];
	const bool	b_null = vector->is_null && vector->is_null[b];

	return a_null != b_null || (!a_null && !spindle_values_equal(type, vector->value[a], vector->value[b]));
}

/*
 * spindle_eval_rows
 *		The numbers of the rows of the last batch, for messages; valid until the
 *		next one.
 */
const int64 *
spindle_eval_rows(const SpindleEval *eval)
{
	return eval->root->row;
}
