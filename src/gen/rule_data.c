/*-------------------------------------------------------------------------
 *
 * rule_data.c
 *		The steps of the rule "data".
 *
 * The records are part of the model: a row draws the number of one and reads
 * its field.  With "match", the draw is among the records of a group that the
 * text of another column selects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"

/*
 * The values of a field, one record for each row.
 *
 * By row, record k is for row k, which the definition was checked to have.
 * Else it is drawn by weight.  With "match" it is NULL where the other column
 * is, and where no record has its text if the column may be NULL; otherwise
 * that raises data_exception.
 */
static void
run_data(Step *step)
{
	const SpindleRule *rule = step->rule;
	const SpindleVector *match = step->ninputs ? &step->input[0]->out : NULL;

	Assert(step->holds == STEP_HOLDS_DOMAIN);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		int64		record = -1;

		if (rule->data.by_row)
			record = row;
		else if (match)
		{
			const SpindleText *text = NULL;
			int			group = -1;

			if (!(match->is_null && match->is_null[i]))
			{
				text = (const SpindleText *) (intptr_t) match->value[i];
				if (text->id < 0)
					text = spindle_text_lookup(step->u.domain, &spindle_ref_column(step->u.domain, &rule->data.match)->type,
												   text);
				if (text && text->id < rule->data.ntexts)
					group = rule->data.group_of_text[text->id];
				if (group < 0 && !rule->data.may_miss)
				{
					text = (const SpindleText *) (intptr_t) match->value[i];
					ereport(ERROR,
							(errcode(ERRCODE_DATA_EXCEPTION),
							 errmsg("data set \"%s\" has no row to match \"%s\"", rule->data.set->name,
									pnstrdup(text->data, text->len)),
							 errdetail("%s needs one, as its column is not \"nullable\".", rule->path)));
				}
			}
			if (group >= 0)
				record = rule->data.group[group][spindle_alias_pick(rule->data.group_alias[group],
																	spindle_draw(step->key, row))];
		}
		else
			record = spindle_alias_pick(rule->data.set->weight, spindle_draw(step->key, row));

		step->out.value[i] = record < 0 ? 0 : rule->data.value[record];
		if (step->has_nulls)
			step->out.is_null[i] = record < 0 || rule->data.is_null[record];
	}
}

/* The field of the records that the step before has chosen. */
static void
run_listed(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int64 *in = step->input[0]->out.value;

	for (int i = 0; i < step->frame->n; i++)
	{
		step->out.value[i] = rule->data.value[in[i]];
		if (step->has_nulls)
			step->out.is_null[i] = rule->data.is_null[in[i]];
	}
}

/* Has the field a null? */
static bool
field_has_nulls(const SpindleRule *rule)
{
	for (int i = 0; i < rule->data.set->nrows; i++)
		if (rule->data.is_null[i])
			return true;
	return false;
}

/*
 * Each row with a record of its own, within the table or the rows of a parent.
 * Columns with one draw have one sample each, which are alike.
 */
static Step *
compile_distinct(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	const SpindleDataSet *set = rule->data.set;
	SpindleSample *sample = spindle_instance_sample(eval->instance, rule, rule->data.draw_label, set->weights, set->nrows);
	Step	   *place = spindle_compile_distinct(eval, frame, rule,
												 spindle_instance_key(eval->instance, rule->data.draw_label),
												 rule->data.distinct, set->nrows, sample, NULL);
	Step	   *step = spindle_step_add(eval, frame, run_listed, rule, field_has_nulls(rule), 1);

	step->input[0] = place;
	return spindle_step_finish(eval, step);
}

/*
 * The draws are those of draw_label, which columns that name the same "draw"
 * share; so they get the same record, and nulls of their own.
 */
static Step *
compile_data(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step;

	if (rule->data.distinct != SPINDLE_DISTINCT_NONE)
		return compile_distinct(eval, frame, rule);
	if (rule->data.has_match)
		step = spindle_step_with_input(eval, frame, run_data, rule, &rule->data.match, 0);
	else
		step = spindle_step_add(eval, frame, run_data, rule, false, 0);
	step->key = spindle_instance_key(eval->instance, rule->data.draw_label);
	step->has_nulls |= field_has_nulls(rule) || rule->data.has_match;
	step->holds = STEP_HOLDS_DOMAIN;
	step->u.domain = eval->instance->domain;
	return spindle_step_finish(eval, step);
}

/*
 * Each value as often as the weights of its records say.  With "match", that
 * depends on the other column.
 */
static void
profile_data(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	if (!rule->data.by_row && !rule->data.has_match && rule->nkeyed == 0 && rule->data.distinct == SPINDLE_DISTINCT_NONE)
		spindle_profile_choices(profile, instance->nrows[table], rule->data.set->nrows, rule->data.value,
								rule->data.is_null, rule->data.set->weights);
}

const SpindleRuleSteps spindle_rule_steps_data = {
	.compile = compile_data,
	.profile = profile_data,
};
