/*-------------------------------------------------------------------------
 *
 * condition.c
 *		Conditions on rows.
 *
 * The only place where they are computed, as a step whose values are 0 or 1: for
 * the rule "case" and for the rows that a reference chooses among.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"

/* How a value lies to a constant: below, at or above 0. */
static inline int
compare(int (*by_content) (int64 a, int64 b), int64 value, int64 constant)
{
	if (by_content)
		return by_content(value, constant);
	return value < constant ? -1 : value > constant;
}

/*
 * Compare the input's values with the constants of a condition.  The result is
 * 0 or 1 and never NULL.  The reader of the definition lets only types with an
 * order have "less" and "greater".
 */
static void
run_test(Step *step)
{
	const SpindleTest *test = step->u.test.test;
	const SpindleVector *in = &step->input[0]->out;
	const SpindleTypeOps *ops = step->u.test.type->ops;

	Assert(step->holds == STEP_HOLDS_TEST);
	if (test->kind == SPINDLE_TEST_NULL || test->kind == SPINDLE_TEST_NOT_NULL)
	{
		const int	n = step->frame->n;
		const bool *is_null = in->is_null;
		const bool	wanted = test->kind == SPINDLE_TEST_NULL;
		int64	   *out = step->out.value;

		for (int i = 0; i < n; i++)
			out[i] = (is_null && is_null[i]) == wanted;
		return;
	}
	for (int i = 0; i < step->frame->n; i++)
	{
		bool		is_null = in->is_null && in->is_null[i];
		int64		value = in->value[i];
		bool		found = false;

		/* texts of the definition are equal if their addresses are */
		if (ops->is_text && !is_null)
			value = (int64) (intptr_t) spindle_text_lookup(step->u.test.domain, step->u.test.type,
														   (const SpindleText *) (intptr_t) value);
		switch (test->kind)
		{
			case SPINDLE_TEST_IN:
			case SPINDLE_TEST_NOT_IN:
				for (int k = 0; k < test->nvalues && !is_null; k++)
					found |= compare(ops->compare, value, test->value[k]) == 0;
				found = !is_null && found == (test->kind == SPINDLE_TEST_IN);
				break;
			case SPINDLE_TEST_LESS:
				found = !is_null && compare(ops->compare, value, test->value[0]) < 0;
				break;
			default:
				found = !is_null && compare(ops->compare, value, test->value[0]) > 0;
				break;
		}
		step->out.value[i] = found;
	}
}

/*
 * Has each row children in the table of the layout?  The rows are the parents.
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
	for (int i = 0; i < n; i++)
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

/*
 * spindle_compile_test
 *		The step that computes a condition on the rows of a frame: 0 or 1,
 *		never NULL.
 *
 * Its path is followed from step at on, as by spindle_compile_path(); for
 * "has_child" the rows of the frame itself must be the parents.  The condition
 * must stay as long as the program, which holds if it is one of the model's.
 */
Step *
spindle_compile_test(SpindleEval *eval, Frame *frame, const SpindleTest *test, int at)
{
	Step	   *step;

	if (test->kind == SPINDLE_TEST_HAS_CHILD)
		step = spindle_step_with_layout(eval, frame, run_has_child, NULL, false, 0, test->child);
	else
	{
		step = spindle_step_with_input(eval, frame, run_test, NULL, &test->ref, at);
		step->has_nulls = false;
		step->holds = STEP_HOLDS_TEST;
		step->u.test.test = test;
		step->u.test.domain = eval->instance->domain;
		step->u.test.type = &spindle_ref_column(eval->instance->domain, &test->ref)->type;
	}
	return spindle_step_finish(eval, step);
}
