/*-------------------------------------------------------------------------
 *
 * rule_grid.c
 *		The steps of the rule "grid".
 *
 * One step computes the number of a row, a permutation of its place, for all
 * columns of a grid; each takes its digit from that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/permute.h"

/* What tells the number of a grid's rows. */
typedef struct GridNumber
{
	uint64		label;			/* of the grid */
	SpindlePermutation permutation; /* of all combinations */
} GridNumber;

/* Where a column's digit is in the number. */
typedef struct GridDigit
{
	int64		unit;			/* combinations of the columns before */
	int64		count;			/* digits, 0 only if there are no rows */
} GridDigit;

/* The digits of a column at the instance's scale. */
static int64
count_digits(const SpindleInstance *instance, const SpindleRule *rule)
{
	return rule->grid.table >= 0 ? instance->nrows[rule->grid.table] : rule->grid.count;
}

/* The place of each row in the permutation of all combinations. */
static void
run_number(Step *step)
{
	const GridNumber *number = step->u.own;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_permute_many(&number->permutation, NULL, step->frame->row, step->frame->n, step->out.value);
}

/* The digit of the number. */
static void
run_digit(Step *step)
{
	const GridDigit digit = *(GridDigit *) step->u.own;
	const int64 *in = step->input[0]->out.value;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = (int64) ((uint64) in[i] / (uint64) digit.unit % (uint64) digit.count);
}

/* The values that digits stand for, counted or listed. */
static void
run_values(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int64 *in = step->input[0]->out.value;
	const int	n = step->frame->n;

	if (rule->grid.value)
		for (int i = 0; i < n; i++)
			step->out.value[i] = rule->grid.value[in[i]];
	else
		for (int i = 0; i < n; i++)
			step->out.value[i] = rule->grid.start + in[i];
}

/* The number of a grid's rows, made on first use in a frame; ncombinations >= 1. */
static Step *
compile_number(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int64 ncombinations)
{
	GridNumber *number;
	Step	   *step;

	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->frame == frame && eval->step[i]->run == run_number &&
			((GridNumber *) eval->step[i]->u.own)->label == rule->grid.label)
			return eval->step[i];
	number = palloc(sizeof(GridNumber));
	number->label = rule->grid.label;
	spindle_permutation_init(&number->permutation, spindle_instance_key(eval->instance, rule->grid.label),
							 ncombinations);
	step = spindle_step_add(eval, frame, run_number, NULL, false, 0);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = number;
	return spindle_step_finish(eval, step);
}

/* The digits, which are row numbers for a reference; a fraction is made NULL. */
static Step *
compile_grid_rows(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	const SpindleTable *table = table_of(eval, frame);
	GridDigit  *digit = palloc(sizeof(GridDigit));
	int64		ncombinations = 1;
	Step	   *number;
	Step	   *step;

	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleRule *other = table->column[c].rule;

		if (other->kind != SPINDLE_RULE_GRID || other->grid.label != rule->grid.label)
			continue;
		if (other == rule)
			digit->unit = ncombinations;
		ncombinations *= Max(count_digits(eval->instance, other), 1);
	}
	digit->count = count_digits(eval->instance, rule);
	number = compile_number(eval, frame, rule, ncombinations);
	step = spindle_step_add(eval, frame, run_digit, rule, false, 1);
	step->input[0] = number;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = digit;
	return spindle_compile_nulls(eval, frame, spindle_step_finish(eval, step), rule, null_fraction);
}

/* The values of the digits. */
static Step *
compile_grid(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *digits = compile_grid_rows(eval, frame, rule, 0);
	Step	   *step = spindle_step_add(eval, frame, run_values, rule, false, 1);

	Assert(rule->grid.table < 0);
	step->input[0] = digits;
	return spindle_step_finish(eval, step);
}

/* A column with "table" is compiled by its rows, as it refers to them. */
const SpindleRuleSteps spindle_rule_steps_grid = {
	.compile = compile_grid,
	.compile_rows = compile_grid_rows,
};
