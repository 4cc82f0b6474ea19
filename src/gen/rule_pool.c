/*-------------------------------------------------------------------------
 *
 * rule_pool.c
 *		The steps of the rule "pool".
 *
 * The places that rows choose form a frame, as the rows of another table would, in
 * which the rule inside is computed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"

/* What a pool needs to choose places; kept by the instance. */
typedef struct PoolState
{
	SpindlePopularity *popularity;
	SpindleSample *sample;		/* for choices that differ, with "skew"; else
								 * NULL */
} PoolState;

/* Made on first use. */
static const PoolState *
pool_state(SpindleInstance *instance, const SpindleRule *rule, int64 size)
{
	if (instance->rule_state[rule->index] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(instance->context);
		PoolState  *state = palloc0(sizeof(PoolState));

		state->popularity = spindle_popularity_create(&rule->pool.skew, spindle_instance_key(instance, rule->label),
													  size);
		if (rule->pool.distinct != SPINDLE_DISTINCT_NONE && rule->pool.skew.kind != SPINDLE_SKEW_NONE)
			state->sample = spindle_popularity_sample(state->popularity);
		instance->rule_state[rule->index] = state;
		MemoryContextSwitchTo(oldcontext);
	}
	return instance->rule_state[rule->index];
}

/* A place for each row, by popularity. */
static void
run_place(Step *step)
{
	const PoolState *state = step->u.own;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_popularity_pick(state->popularity, step->frame->row, step->frame->n, NULL, step->out.value);
}

static Step *
compile_pool(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const int64 size = spindle_pool_size(rule, eval->instance->nrows[frame->table]);
	const PoolState *state = pool_state(eval->instance, rule, size);
	Step	   *place;
	Frame	   *places;

	if (rule->pool.distinct != SPINDLE_DISTINCT_NONE)
		place = spindle_compile_distinct(eval, frame, rule, spindle_instance_key(eval->instance, rule->label),
										 rule->pool.distinct, size, state->sample, state->popularity);
	else
	{
		place = spindle_step_add(eval, frame, run_place, rule, false, 0);
		place->holds = STEP_HOLDS_OWN;
		place->u.own = unconstify(PoolState *, state);
		place = spindle_step_finish(eval, place);
	}
	places = spindle_frame_of_parents(eval, frame, place, frame->table);
	return spindle_gather(eval, places, spindle_compile_rule(eval, places, rule->pool.rule, 0));
}

const SpindleRuleSteps spindle_rule_steps_pool = {
	.compile = compile_pool,
};
