/*-------------------------------------------------------------------------
 *
 * rule_array.c
 *		The steps of the rule "array".
 *
 * All elements of a batch form a frame, as the children of its rows would; the
 * rule of the elements is computed there, and knows nothing of arrays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/document.h"

/* What an array's step knows. */
typedef struct ArrayState
{
	SpindleDocuments documents;
	Frame	   *elements;
} ArrayState;

/* How many elements each row has. */
static void
run_length(Step *step)
{
	const SpindleRule *rule = step->rule;

	for (int i = 0; i < step->frame->n; i++)
	{
		double		length = spindle_dist_whole(&rule->array.length, spindle_draw(step->key, step->frame->row[i]));

		step->out.value[i] = (int64) Max(0, Min(length, (double) rule->array.most));
	}
}

/* The elements of each row, one behind the other. */
static void
run_array(Step *step)
{
	const SpindleRule *rule = step->rule;
	const SpindleType *type = rule->array.element.type;
	const SpindleVector *in = &step->input[0]->out;
	ArrayState *state = step->u.own;
	SpindleTextBatch *batch = &state->documents.batch;
	const int32 *map = state->elements->map;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_text_batch_begin(batch, step->frame);
	for (int i = 0; i < step->frame->n; i++)
	{
		spindle_text_begin(batch, i);
		spindle_text_append(batch, rule->array.is_json ? "[" : "{", 1);
		for (int k = map[i]; k < map[i + 1]; k++)
		{
			if (k > map[i])
				spindle_text_append(batch, ",", 1);
			if (in->is_null && in->is_null[k])
				spindle_text_append(batch, rule->array.is_json ? "null" : "NULL", 4);
			else if (rule->array.is_json)
				spindle_documents_value(&state->documents, type, in->value[k]);
			else
				spindle_documents_element(&state->documents, type, in->value[k]);
		}
		spindle_text_append(batch, rule->array.is_json ? "]" : "}", 1);
		spindle_documents_end_row(&state->documents, step, i);
	}
	spindle_documents_end(&state->documents, step);
}

static Step *
compile_array(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const SpindleDocumentPart *element = &rule->array.element;
	ArrayState *state = palloc0(sizeof(ArrayState));
	Step	   *length = spindle_step_finish(eval, spindle_step_add(eval, frame, run_length, rule, false, 0));
	Step	   *values;
	Step	   *step;

	spindle_documents_init(&state->documents);
	state->elements = spindle_frame_of_elements(eval, frame, length);
	values = spindle_compile_nulls(eval, state->elements, spindle_compile_rule(eval, state->elements, element->rule, 0),
								   element->rule, element->null_fraction);
	step = spindle_step_add(eval, frame, run_array, rule, false, 1);
	step->input[0] = values;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = state;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_array = {
	.compile = compile_array,
};
