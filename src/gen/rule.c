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

/* The step with a rule's values; with at = 1, for the parents of its rows. */
Step *
spindle_compile_rule(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	check_stack_depth();
	Assert(at == 0 || rule_steps[rule->kind]->for_parents);
	return rule_steps[rule->kind]->compile(eval, frame, rule, at);
}

/* The step with the numbers of the rows that a rule of a referring kind chooses. */
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

static void
path_is_of_parent(void *context, int table, const SpindleColumnRef *ref)
{
	OfParent   *question = context;

	if (table != question->table->index || ref->nsteps == 0 || ref->step[0] != question->table->parent_column)
		question->answer = false;
}

static void
children_are_of_parent(void *context, int child_table)
{
	((OfParent *) context)->answer = false;
}

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
		rule->ops->visit(eval->instance->domain, table->index, rule, &visitor);
	return question.answer;
}

/*
 * spindle_instance_first_row_at
 *		The first row whose value of a monotone column is > value, or >= value
 *		if inclusive; the number of rows if there is none.
 */
int64
spindle_instance_first_row_at(SpindleInstance *instance, int table, int column, int64 value, bool inclusive)
{
	const SpindleColumn *c = &instance->domain->table[table].column[column];

	Assert(c->monotone && rule_steps[c->rule->kind]->first_row_at != NULL);
	return rule_steps[c->rule->kind]->first_row_at(instance, table, c->rule, value, inclusive);
}
