/*-------------------------------------------------------------------------
 *
 * rule.c
 *		The rules, by their kinds.
 *
 * Each kind has an entry, SpindleRuleSteps, in one of the files rule_*.c;
 * SPINDLE_RULE_KINDS makes the table of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/eval_internal.h"

static const SpindleRuleSteps *const rule_steps[] = {
#define RULE_STEPS(symbol, name) [SPINDLE_RULE_##symbol] = &spindle_rule_steps_##name,
	SPINDLE_RULE_KINDS(RULE_STEPS)
#undef RULE_STEPS
};

/* The entry of a rule's kind. */
const SpindleRuleSteps *
spindle_rule_steps_of(const SpindleRule *rule)
{
	return rule_steps[rule->kind];
}

/*
 * spindle_compile_rule
 *		The step with a rule's values, for the rows of a frame; with at = 1,
 *		for the parents of its rows, which the frame then has.
 *
 * at = 1 is for rules of which spindle_rule_is_of_parent() is true.  What a
 * column makes NULL by itself is not part of its rule's values.
 */
Step *
spindle_compile_rule(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	check_stack_depth();
	Assert(at == 0 || rule_steps[rule->kind]->for_parents);
	if (rule->copula)
		return spindle_compile_copula(eval, frame, rule);
	if (rule->nkeyed > 0)
	{
		Frame	   *keys = spindle_frame_of_keys(eval, frame, rule);

		return spindle_gather(eval, keys, rule_steps[rule->kind]->compile(eval, keys, rule, 0));
	}
	return rule_steps[rule->kind]->compile(eval, frame, rule, at);
}

/*
 * spindle_compile_choice
 *		The step with the numbers of the rows that a rule of a referring kind
 *		chooses.
 *
 * null_fraction (0 to 1) of them become NULL.  It is left to the rule, as
 * "containing" counts the rows without a choice among them.
 */
Step *
spindle_compile_choice(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	Assert(rule->ops->refers && rule_steps[rule->kind]->compile_rows != NULL);
	return rule_steps[rule->kind]->compile_rows(eval, frame, rule, null_fraction);
}

/* A question about a rule of children that is put to all of its parts. */
typedef struct OfParent
{
	SpindleEval *eval;
	const SpindleTable *table;
	bool		answer;
} OfParent;

/*
 * Only paths that begin with the step to the parent are the same for all
 * children.
 */
static void
path_is_of_parent(void *context, int table, const SpindleColumnRef *ref)
{
	OfParent   *question = context;

	if (table != question->table->index || ref->nsteps == 0 || ref->step[0] != question->table->parent_column)
		question->answer = false;
}

/* Which children a row has is the row's own. */
static void
children_are_of_parent(void *context, int child_table)
{
	((OfParent *) context)->answer = false;
}

/* A rule inside the rule is asked the same question. */
static void
rule_is_of_parent(void *context, const SpindleRule *rule)
{
	OfParent   *question = context;

	if (!spindle_rule_is_of_parent(question->eval, question->table, rule))
		question->answer = false;
}

/*
 * spindle_rule_is_of_parent
 *		Does a rule take the same value for all children of a parent, so that
 *		it can be computed for the parents, by paths without their first step?
 *
 * table is the one whose column the rule fills, of kind "children".  A rule
 * that makes draws never does, as these belong to the row.
 */
bool
spindle_rule_is_of_parent(SpindleEval *eval, const SpindleTable *table, const SpindleRule *rule)
{
	OfParent	question = {eval, table, rule_steps[rule->kind]->for_parents};
	const SpindleRuleVisitor visitor = {
		.path = path_is_of_parent,
		.rule = rule_is_of_parent,
		.children = children_are_of_parent,
		.context = &question,
	};

	check_stack_depth();
	if (question.answer)
		spindle_rule_visit(eval->instance->domain, table->index, rule, &visitor);
	return question.answer;
}

/*
 * spindle_instance_first_row_at
 *		The first row whose value of a monotone column is > value, or >= value
 *		if inclusive; the number of rows if there is none.
 *
 * value is in the representation of the column's type.  Works by the inverse
 * of the rule, without a search over rows, so it costs no more than a row or
 * two.
 */
int64
spindle_instance_first_row_at(SpindleInstance *instance, int table, int column, int64 value, bool inclusive)
{
	const SpindleColumn *c = &instance->domain->table[table].column[column];

	Assert(c->monotone && rule_steps[c->rule->kind]->first_row_at != NULL);
	return rule_steps[c->rule->kind]->first_row_at(instance, table, c->rule, value, inclusive);
}

/*
 * spindle_column_has_rows_of_value
 *		Can spindle_instance_rows_of_value() be asked of a column?
 */
bool
spindle_column_has_rows_of_value(const SpindleDomain *domain, int table, int column)
{
	const SpindleColumn *c = &domain->table[table].column[column];
	const SpindleRuleSteps *steps = rule_steps[c->rule->kind];

	check_stack_depth();
	return steps->rows_of_value && c->null_fraction == 0 &&
		(steps->has_rows_of_value == NULL || steps->has_rows_of_value(domain, table, c->rule));
}

/*
 * spindle_instance_rows_of_value
 *		The rows *first .. *end - 1 that have a value in a column; false if none
 *		has.
 *
 * The column must be one for which spindle_column_has_rows_of_value(); it need
 * not be monotone.  value is in the representation of its type, and not NULL.
 * Costs no more than a row or two.
 */
bool
spindle_instance_rows_of_value(SpindleInstance *instance, int table, int column, int64 value, int64 *first,
							   int64 *end)
{
	const SpindleRule *rule = instance->domain->table[table].column[column].rule;

	return rule_steps[rule->kind]->rows_of_value(instance, table, rule, value, first, end);
}
