/*-------------------------------------------------------------------------
 *
 * rule_unique.c
 *		The steps of rules of numbers that differ from row to row without
 *		counting them up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/permute.h"

/* The permutation that a rule takes its numbers from, of one number if there are no rows. */
static void
init_permutation(SpindlePermutation *permutation, const SpindleInstance *instance, int table, const SpindleRule *rule)
{
	spindle_permutation_init(permutation, spindle_instance_key(instance, rule->label),
							 rule->permuted.count > 0 ? rule->permuted.count : Max(instance->nrows[table], 1));
}

/* start + step times the number at the row's place. */
static void
run_permuted(Step *step)
{
	const int64 start = step->rule->permuted.start;
	const int64 by = step->rule->permuted.step;
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_permute_many(step->u.own, NULL, step->frame->row, n, out);
	for (int i = 0; i < n; i++)
		out[i] = start + by * out[i];
}

static Step *
compile_permuted(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = spindle_step_add(eval, frame, run_permuted, rule, false, 0);

	step->holds = STEP_HOLDS_OWN;
	step->u.own = palloc(sizeof(SpindlePermutation));
	init_permutation(step->u.own, eval->instance, frame->table, rule);
	return spindle_step_finish(eval, step);
}

/* The row whose place in the permutation has the number; see SpindleRuleSteps. */
static bool
row_of_permuted(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first, int64 *end)
{
	const __int128 distance = (__int128) value - rule->permuted.start;
	SpindlePermutation permutation;

	init_permutation(&permutation, instance, table, rule);
	if (distance < 0 || distance % rule->permuted.step != 0 || distance / rule->permuted.step >= permutation.n)
		return false;
	*first = spindle_permute_back(&permutation, (int64) (distance / rule->permuted.step));
	*end = *first + 1;
	return *first < instance->nrows[table];
}

/* Not for parents: the number is the row's own. */
const SpindleRuleSteps spindle_rule_steps_permuted = {
	.compile = compile_permuted,
	.rows_of_value = row_of_permuted,
};

/* start + step times the row's place among the children of its parent. */
static void
run_ordinal(Step *step)
{
	const int64 start = step->rule->ordinal.start;
	const int64 by = step->rule->ordinal.step;
	const int64 *row = step->frame->row;
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	for (int i = 0; i < n;)
	{
		int64		first;
		int			size = spindle_layout_children(step->u.layout, spindle_layout_parent(step->u.layout, row[i]), &first);

		/* its siblings mostly follow */
		for (; i < n && (uint64) (row[i] - first) < (uint64) size; i++)
			out[i] = start + by * (row[i] - first);
	}
}

/* The layout is that of the frame's own table. */
static Step *
compile_ordinal(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_step_finish(eval, spindle_step_with_layout(eval, frame, run_ordinal, rule, false, 0, frame->table));
}

const SpindleRuleSteps spindle_rule_steps_ordinal = {
	.compile = compile_ordinal,
};
