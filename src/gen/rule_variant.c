/*-------------------------------------------------------------------------
 *
 * rule_variant.c
 *		The steps of the rules "variant" and "of_variant".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/* The number of a variant, by one draw. */
static void
run_variant(Step *step)
{
	const SpindleAlias *alias = step->rule->variant.alias;
	const int	n = step->frame->n;
	uint64		portion[SPINDLE_DRAWS];

	for (int i = 0; i < n; i++)
		step->out.value[i] = 1 + spindle_alias_pick(alias, spindle_next_draw(step->key, step->frame->row, n, i, portion));
}

static Step *
compile_variant(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_step_finish(eval, spindle_step_add(eval, frame, run_variant, rule, false, 0));
}

/* Not for parents: the draw is the row's own. */
const SpindleRuleSteps spindle_rule_steps_variant = {
	.compile = compile_variant,
};

/*
 * What the variant of each row says.  The first input has the variants, the second
 * one, if there is one, what the rule gives where they say nothing.
 */
static void
run_of_variant(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int64 *variant = step->input[0]->out.value;
	const SpindleVector *any = step->ninputs > 1 ? &step->input[1]->out : NULL;

	for (int i = 0; i < step->frame->n; i++)
	{
		int			v = (int) variant[i] - 1;
		bool		is_any = rule->of_variant.is_any[v];

		step->out.value[i] = is_any ? any->value[i] : rule->of_variant.value[v];
		if (step->has_nulls)
			step->out.is_null[i] = is_any ? any->is_null && any->is_null[i] : rule->of_variant.is_null[v];
	}
}

/* The rule is computed for all rows, as the branches of a case are. */
static Step *
compile_of_variant(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *variant = spindle_compile_column(eval, frame, rule->of_variant.variant);
	Step	   *any = rule->of_variant.rule ? spindle_compile_rule(eval, frame, rule->of_variant.rule, 0) : NULL;
	Step	   *step = spindle_step_add(eval, frame, run_of_variant, rule, any && any->has_nulls, any ? 2 : 1);

	step->input[0] = variant;
	if (any)
		step->input[1] = any;
	for (int i = 0; i < rule->of_variant.n; i++)
		step->has_nulls |= rule->of_variant.is_null[i];
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_of_variant = {
	.compile = compile_of_variant,
};
