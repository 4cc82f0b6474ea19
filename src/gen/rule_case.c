/*-------------------------------------------------------------------------
 *
 * rule_case.c
 *		The steps of the rule "case".
 *
 * A case becomes one selection by masks at the end: every branch and every
 * condition is computed for every row, as rows of a batch rarely agree and
 * jumps between steps would cost more.  So a branch must be harmless for rows
 * that take another one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"

/*
 * Inputs: the branches with "else" last, then the tests.  We begin with "else"
 * and let the branches overwrite it from the last to the first, by selection
 * instead of jumps, which nobody could predict.
 */
static void
run_case(Step *step)
{
	const int	nbranches = step->rule->cases.nbranches;
	const int	n = step->frame->n;
	int64	   *pg_restrict out = step->out.value;

	memcpy(out, step->input[nbranches]->out.value, sizeof(int64) * n);
	copy_nulls(step, &step->input[nbranches]->out);
	for (int b = nbranches - 1; b >= 0; b--)
	{
		const SpindleVector *then = &step->input[b]->out;
		const int64 *pg_restrict value = then->value;
		const int64 *pg_restrict test = step->input[nbranches + 1 + b]->out.value;	/* 0 or 1 */

		for (int i = 0; i < n; i++)
		{
			int64		mask = -test[i];

			out[i] = (value[i] & mask) | (out[i] & ~mask);
		}
		if (step->has_nulls)
			for (int i = 0; i < n; i++)
				step->out.is_null[i] = test[i] ? then->is_null && then->is_null[i] : step->out.is_null[i];
	}
}

/*
 * The step that selects, in a frame; all branches and conditions are computed
 * for all rows of it.  at is that of spindle_compile_rule().  Without
 * may_be_null there is no NULL among what is selected, though branches may have
 * some where another one is taken.
 */
static Step *
compile_branches(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at, bool may_be_null)
{
	int			n = rule->cases.nbranches;
	Step	  **input = palloc(sizeof(Step *) * (n * 2 + 1));
	bool		has_nulls = false;
	Step	   *step;

	for (int i = 0; i <= n; i++)
	{
		if (i < n)
			input[n + 1 + i] = spindle_compile_test(eval, frame, &rule->cases.test[i], at);
		input[i] = spindle_compile_rule(eval, frame, rule->cases.then[i], at);
		has_nulls |= input[i]->has_nulls;
	}
	step = spindle_step_add(eval, frame, run_case, rule, has_nulls && may_be_null, 0);
	step->ninputs = n * 2 + 1;
	step->input = input;
	return spindle_step_finish(eval, step);
}

/*
 * The lines of an order may all have the same value: then it is computed once
 * for the order, in the frame that the lines were fetched for.
 */
static Step *
compile_case(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	/* which table the rule belongs to is known only where it begins */
	bool		may_be_null = at > 0 || rule->ops->may_be_null(eval->instance->domain, frame->table, rule, NULL);

	/* the lines of an order share its discount: compute that once */
	if (at == 0 && frame->child_table >= 0 && spindle_rule_is_of_parent(eval, table_of(eval, frame), rule))
		return spindle_gather_owner(eval, frame, compile_branches(eval, frame->base, rule, 1, may_be_null));
	return compile_branches(eval, frame, rule, at, may_be_null);
}

const SpindleRuleSteps spindle_rule_steps_case = {
	.compile = compile_case,
	.for_parents = true,
};
