/*-------------------------------------------------------------------------
 *
 * condition.c
 *		Conditions on rows.
 *
 * The only place where they are computed, as a step whose values are 0 or 1, never
 * NULL: for the rule "case" and for the rows that a reference chooses among.
 * Comparisons with NULL are 0, also those that stood under a "not", which the
 * reader of the definition has turned round.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"

/* Is the value NULL, or is it none? */
static void
run_null_test(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const int	n = step->frame->n;
	const bool	wanted = step->u.test.test->kind == SPINDLE_TEST_NULL;
	int64	   *pg_restrict out = step->out.value;

	Assert(step->holds == STEP_HOLDS_TEST);
	if (in->is_null == NULL)
		for (int i = 0; i < n; i++)
			out[i] = !wanted;
	else
		for (int i = 0; i < n; i++)
			out[i] = in->is_null[i] == wanted;
}

/* Make a comparison 0 where what was compared is NULL. */
static void
clear_nulls(Step *step, const SpindleVector *in)
{
	if (in->is_null)
		for (int i = 0; i < step->frame->n; i++)
			step->out.value[i] &= !in->is_null[i];
}

/* 0, 1 or 2 for less, equal or greater. */
#define COMPARE(a, b)	(1 + ((a) > (b)) - ((a) < (b)))

/* The same for values of a type; addresses of texts have no order of use. */
static inline int
compare(const SpindleType *type, int64 a, int64 b)
{
	if (type->ops->compare)
	{
		int			result = type->ops->compare(a, b);

		return COMPARE(result, 0);
	}
	return COMPARE(a, b);
}

/* Is the value among the constants, or is it none of them? */
static void
run_in_test(Step *step)
{
	const SpindleTest *test = step->u.test.test;
	const SpindleType *type = step->u.test.type;
	const SpindleVector *in = &step->input[0]->out;
	const int	n = step->frame->n;
	const bool	wanted = test->kind == SPINDLE_TEST_IN;
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_TEST);
	for (int i = 0; i < n; i++)
	{
		int64		value = in->value[i];
		bool		found = false;

		/* texts of the definition are equal if their addresses are */
		if (in->is_null && in->is_null[i])
		{
			out[i] = false;
			continue;
		}
		if (type->ops->is_text)
			value = (int64) (intptr_t) spindle_text_lookup(step->u.test.domain, type,
														   (const SpindleText *) (intptr_t) value);
		for (int k = 0; k < test->nvalues; k++)
			found |= compare(type, value, test->value[k]) == 1;
		out[i] = found == wanted;
	}
	clear_nulls(step, in);
}

/*
 * For which results of a comparison a test holds: bit 0 if the value is less,
 * bit 1 if they are equal, bit 2 if it is greater.
 */
static int
results_that_hold(SpindleTestKind kind)
{
	static const int results[] = {
		[SPINDLE_TEST_IN] = 2,
		[SPINDLE_TEST_NOT_IN] = 5,
		[SPINDLE_TEST_LESS] = 1,
		[SPINDLE_TEST_AT_LEAST] = 6,
		[SPINDLE_TEST_GREATER] = 4,
		[SPINDLE_TEST_AT_MOST] = 3,
	};

	return results[kind];
}

/*
 * The bits of a double as an integer that has its order; both zeros are equal.
 * There are no values that are no number.
 */
static inline int64
ordered_bits(int64 bits)
{
	if (bits == PG_INT64_MIN)
		bits = 0;
	return bits ^ (int64) ((uint64) (bits >> 63) >> 1);
}

/*
 * Is the value less than a constant, greater, and so on?  Values are ordered by
 * their 64 bits, but for doubles.
 */
static void
run_order_test(Step *step)
{
	const SpindleTest *test = step->u.test.test;
	const SpindleType *type = step->u.test.type;
	const SpindleVector *in = &step->input[0]->out;
	const int64 *pg_restrict value = in->value;
	const int	n = step->frame->n;
	const int	results = results_that_hold(test->kind);
	int64		constant = test->value[0];
	int64	   *pg_restrict out = step->out.value;

	Assert(step->holds == STEP_HOLDS_TEST);
	if (type->ops->compare)
		for (int i = 0; i < n; i++)
			out[i] = !(in->is_null && in->is_null[i]) && (results >> compare(type, value[i], constant) & 1);
	else if (type->kind == SPINDLE_FLOAT)
	{
		constant = ordered_bits(constant);
		for (int i = 0; i < n; i++)
			out[i] = results >> COMPARE(ordered_bits(value[i]), constant) & 1;
	}
	else
		for (int i = 0; i < n; i++)
			out[i] = results >> COMPARE(value[i], constant) & 1;
	clear_nulls(step, in);
}

/* Are two texts equal?  Those of the domain are if their addresses are. */
static inline bool
is_equal_text(const SpindleText *a, const SpindleText *b)
{
	if (a == b)
		return true;
	return (a->id < 0 || b->id < 0) && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/*
 * Two columns compared.  Exact numbers of different scales are brought to the
 * larger one; a text where one is NULL may be no text at all.
 */
static void
run_columns_test(Step *step)
{
	const SpindleTest *test = step->u.test.test;
	const SpindleType *type = step->u.test.type;
	const SpindleType *other_type = &spindle_ref_column(step->u.test.domain, &test->other)->type;
	const SpindleVector *in = &step->input[0]->out;
	const SpindleVector *other = &step->input[1]->out;
	const int64 *pg_restrict a = in->value;
	const int64 *pg_restrict b = other->value;
	const int	n = step->frame->n;
	const int	results = results_that_hold(test->kind);
	int64	   *pg_restrict out = step->out.value;

	Assert(step->holds == STEP_HOLDS_TEST);
	if (type->ops->is_text)
	{
		for (int i = 0; i < n; i++)
			out[i] = !(in->is_null && in->is_null[i]) && !(other->is_null && other->is_null[i]) &&
				is_equal_text((const SpindleText *) (intptr_t) a[i], (const SpindleText *) (intptr_t) b[i]) ==
				(test->kind == SPINDLE_TEST_IN);
		return;
	}
	if (type->ops->compare)
		for (int i = 0; i < n; i++)
			out[i] = !(in->is_null && in->is_null[i]) && !(other->is_null && other->is_null[i]) &&
				(results >> compare(type, a[i], b[i]) & 1);
	else if (type->kind == SPINDLE_FLOAT)
		for (int i = 0; i < n; i++)
			out[i] = results >> COMPARE(ordered_bits(a[i]), ordered_bits(b[i])) & 1;
	else if (type->scale == other_type->scale)
		for (int i = 0; i < n; i++)
			out[i] = results >> COMPARE(a[i], b[i]) & 1;
	else
	{
		const __int128 a_unit = spindle_power_of_ten(Max(other_type->scale - type->scale, 0));
		const __int128 b_unit = spindle_power_of_ten(Max(type->scale - other_type->scale, 0));

		for (int i = 0; i < n; i++)
			out[i] = results >> COMPARE(a[i] * a_unit, b[i] * b_unit) & 1;
	}
	clear_nulls(step, in);
	clear_nulls(step, other);
}

/* All of the inputs, or one of them. */
static void
run_parts_test(Step *step)
{
	const bool	all = step->u.test.test->kind == SPINDLE_TEST_AND;
	const int	n = step->frame->n;
	int64	   *pg_restrict out = step->out.value;

	Assert(step->holds == STEP_HOLDS_TEST);
	memcpy(out, step->input[0]->out.value, sizeof(int64) * n);
	for (int p = 1; p < step->ninputs; p++)
	{
		const int64 *pg_restrict part = step->input[p]->out.value;

		if (all)
			for (int i = 0; i < n; i++)
				out[i] &= part[i];
		else
			for (int i = 0; i < n; i++)
				out[i] |= part[i];
	}
}

/*
 * Has each row children in the table of the layout, or has it none?  The rows are
 * the parents.
 */
static void
run_has_child(Step *step)
{
	SpindleLayoutCursor *cursor = step->u.layout;
	const int	n = step->frame->n;
	const int64 *pg_restrict row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;
	int64		first = 0;		/* parents of the block that is decoded */
	int64		end = 0;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	for (int i = 0; i < n && step->frame->is_run;)
	{
		const int32 *start;
		int			left;

		spindle_layout_load_parent(cursor, row[i]);
		start = &cursor->start[row[i] - cursor->first_parent];
		left = (int) Min(cursor->first_parent + cursor->nparents - row[i], n - i);
		for (int k = 0; k < left; k++)
			out[i + k] = start[k + 1] > start[k];
		i += left;
	}
	for (int i = 0; i < n && !step->frame->is_run; i++)
	{
		int64		child;

		/* most rows are of the block of the row before */
		if (row[i] >= first && row[i] < end)
		{
			const int32 *start = &cursor->start[row[i] - first];

			out[i] = start[1] > start[0];
			continue;
		}
		out[i] = spindle_layout_children(cursor, row[i], &child) > 0;
		if (cursor->block >= 0)
		{
			first = cursor->first_parent;
			end = first + cursor->nparents;
		}
	}
}

/* The opposite of the input. */
static void
run_not(Step *step)
{
	const int64 *pg_restrict in = step->input[0]->out.value;
	int64	   *pg_restrict out = step->out.value;

	for (int i = 0; i < step->frame->n; i++)
		out[i] = !in[i];
}

/* The step that asks for children, or for none. */
static Step *
compile_children_test(SpindleEval *eval, Frame *frame, const SpindleTest *test)
{
	Step	   *has = spindle_step_finish(eval, spindle_step_with_layout(eval, frame, run_has_child, NULL, false, 0,
																		 test->child));
	Step	   *step;

	if (test->kind == SPINDLE_TEST_HAS_CHILD)
		return has;
	step = spindle_step_add(eval, frame, run_not, NULL, false, 1);
	step->input[0] = has;
	return spindle_step_finish(eval, step);
}

/* The function of a condition that is no question for children. */
static StepFunction
test_function(const SpindleTest *test)
{
	switch (test->kind)
	{
		case SPINDLE_TEST_NULL:
		case SPINDLE_TEST_NOT_NULL:
			return run_null_test;
		case SPINDLE_TEST_AND:
		case SPINDLE_TEST_OR:
			return run_parts_test;
		case SPINDLE_TEST_IN:
		case SPINDLE_TEST_NOT_IN:
			return test->has_other ? run_columns_test : run_in_test;
		default:
			return test->has_other ? run_columns_test : run_order_test;
	}
}

/*
 * spindle_compile_test
 *		The step that computes a condition on the rows of a frame: 0 or 1,
 *		never NULL.
 *
 * Its paths are followed from step at on, as by spindle_compile_path(); for
 * "has_child" the rows of the frame itself must be the parents.  The condition
 * must stay as long as the program, which holds if it is one of the model's.
 */
Step *
spindle_compile_test(SpindleEval *eval, Frame *frame, const SpindleTest *test, int at)
{
	const SpindleDomain *domain = eval->instance->domain;
	const bool	has_parts = test->kind == SPINDLE_TEST_AND || test->kind == SPINDLE_TEST_OR;
	const int	ninputs = has_parts ? test->nparts : 1 + test->has_other;
	Step	  **input;
	Step	   *step;

	if (test->kind == SPINDLE_TEST_HAS_CHILD || test->kind == SPINDLE_TEST_NO_CHILD)
		return compile_children_test(eval, frame, test);
	input = palloc(sizeof(Step *) * ninputs);
	for (int i = 0; i < ninputs; i++)
		input[i] = has_parts ? spindle_compile_test(eval, frame, &test->part[i], at) :
			spindle_compile_path(eval, frame, i == 0 ? &test->ref : &test->other, at, false);
	step = spindle_step_add(eval, frame, test_function(test), NULL, false, 0);
	step->ninputs = ninputs;
	step->input = input;
	step->holds = STEP_HOLDS_TEST;
	step->u.test.test = test;
	step->u.test.domain = domain;
	step->u.test.type = has_parts ? NULL : &spindle_ref_column(domain, &test->ref)->type;
	return spindle_step_finish(eval, step);
}
