/*-------------------------------------------------------------------------
 *
 * rule_object.c
 *		The steps of the rule "object".
 *
 * Each member is a step of the same frame, computed for all rows, also for those
 * that lack it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/document.h"

/* Label of the draws that leave out a member, under that of its rule. */
#define LABEL_ABSENT	311

/* What an object's step knows of its members. */
typedef struct ObjectState
{
	SpindleDocuments documents;
	SpindleKey *absent;			/* per member: the draws that leave it out */
	uint64	   *threshold;		/* ... below this */
} ObjectState;

/* The members that each row has, in their order. */
static void
run_object(Step *step)
{
	const SpindleRule *rule = step->rule;
	ObjectState *state = step->u.own;
	SpindleTextBatch *batch = &state->documents.batch;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_text_batch_begin(batch, step->frame);
	for (int i = 0; i < step->frame->n; i++)
	{
		const int64 row = step->frame->row[i];
		char		before = '{';

		spindle_text_begin(batch, i);
		for (int k = 0; k < rule->object.nparts; k++)
		{
			const SpindleDocumentPart *part = &rule->object.part[k];
			const SpindleVector *in = &step->input[k]->out;

			if (part->absent > 0 && (part->absent >= 1 || spindle_draw(state->absent[k], row) < state->threshold[k]))
				continue;
			spindle_text_append(batch, &before, 1);
			before = ',';
			spindle_text_append(batch, part->name_json, part->name_json_len);
			if (in->is_null && in->is_null[i])
				spindle_text_append(batch, "null", 4);
			else
				spindle_documents_value(&state->documents, part->type, in->value[i]);
		}
		if (before == '{')
			spindle_text_append(batch, "{", 1);
		spindle_text_append(batch, "}", 1);
		spindle_documents_end_row(&state->documents, step, i);
	}
	spindle_documents_end(&state->documents, step);
}

static Step *
compile_object(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const int	n = rule->object.nparts;
	Step	  **input = palloc(sizeof(Step *) * Max(n, 1));
	ObjectState *state = palloc0(sizeof(ObjectState));
	Step	   *step;

	spindle_documents_init(&state->documents);
	state->absent = palloc(sizeof(SpindleKey) * Max(n, 1));
	state->threshold = palloc(sizeof(uint64) * Max(n, 1));
	for (int k = 0; k < n; k++)
	{
		const SpindleDocumentPart *part = &rule->object.part[k];

		input[k] = spindle_compile_nulls(eval, frame, spindle_compile_rule(eval, frame, part->rule, 0), part->rule,
										 part->null_fraction);
		state->absent[k] = spindle_key_derive(spindle_instance_key(eval->instance, part->rule->label), LABEL_ABSENT);
		state->threshold[k] = spindle_threshold(part->absent);
	}
	step = spindle_step_add(eval, frame, run_object, rule, false, 0);
	step->ninputs = n;
	step->input = input;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = state;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_object = {
	.compile = compile_object,
};
