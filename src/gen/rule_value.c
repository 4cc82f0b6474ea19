/*-------------------------------------------------------------------------
 *
 * rule_value.c
 *		The steps of rules that count, repeat, choose among values, or copy a column.
 *
 * Each function run_...() computes one vector for all rows of its step's frame.
 * Loops are kept plain so that the draws of several rows are under way at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/*
 * start + row * step.  The definition was checked to fit the type at every
 * scale.
 */
static void
run_sequence(Step *step)
{
	const int64 start = step->rule->sequence.start;
	const int64 by = step->rule->sequence.step;
	const int	n = step->frame->n;
	const int64 *pg_restrict row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;

	for (int i = 0; i < n; i++)
		out[i] = start + by * row[i];
}

static Step *
compile_sequence(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_step_finish(eval, spindle_step_add(eval, frame, run_sequence, rule, false, 0));
}

/*
 * See SpindleRuleSteps.  value may be any of 64 bits, hence 128 for its
 * distance from the start.
 */
static int64
first_row_of_sequence(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, bool inclusive)
{
	/* the rows before it have start + row * step < value, or <= value */
	int64		nrows = instance->nrows[table];
	__int128	row = (__int128) value - rule->sequence.start;
	__int128	step = rule->sequence.step;

	if (row < 0)
		return 0;
	row = inclusive ? (row + step - 1) / step : row / step + 1;
	return row > nrows ? nrows : (int64) row;
}

/* All values differ. */
static void
profile_sequence(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	profile->ndistinct = (double) instance->nrows[table];
}

const SpindleRuleSteps spindle_rule_steps_sequence = {
	.compile = compile_sequence,
	.first_row_at = first_row_of_sequence,
	.profile = profile_sequence,
};

/* The same for all rows. */
static void
run_constant(Step *step)
{
	const int64 value = step->rule->constant.value;
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	for (int i = 0; i < n; i++)
		out[i] = value;
	if (step->has_nulls)
		memset(step->out.is_null, step->rule->constant.is_null, n);
}

static Step *
compile_constant(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_step_finish(eval, spindle_step_add(eval, frame, run_constant, rule, rule->constant.is_null, 0));
}

/* One value, or none. */
static void
profile_constant(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	profile->null_fraction = rule->constant.is_null ? 1 : 0;
	profile->is_complete = true;
	if (rule->constant.is_null)
		return;
	profile->ndistinct = 1;
	spindle_profile_add(profile, rule->constant.value, 1.0);
}

/* For parents, too: a constant is the same for all children. */
const SpindleRuleSteps spindle_rule_steps_constant = {
	.compile = compile_constant,
	.for_parents = true,
	.profile = profile_constant,
};

/* One of the values by weight, by one draw. */
static void
run_weighted(Step *step)
{
	const SpindleAlias *alias = step->rule->weighted.alias;
	const int64 *value = step->rule->weighted.value;
	const SpindleKey key = step->key;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(key, row + done, m, draw);
		for (int i = 0; i < m; i++)
			out[done + i] = value[spindle_alias_pick(alias, draw[i])];
	}
}

/* By rank; see SpindleRuleSteps. */
static void
weighted_of_draws(const SpindleRule *rule, const uint64 *draw, int n, int64 *out)
{
	for (int i = 0; i < n; i++)
	{
		bool		is_single;

		out[i] = rule->weighted.value[(int) spindle_ranked_number(rule->ranked, draw[i], &is_single)];
	}
}

/* The values that the step before has chosen. */
static void
run_listed(Step *step)
{
	const int64 *value = step->rule->weighted.value;
	const int64 *in = step->input[0]->out.value;

	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = value[in[i]];
}

/* Each with a value of its own, within the table or the rows of a parent. */
static Step *
compile_distinct(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	SpindleSample *sample = spindle_instance_sample(eval->instance, rule, rule->label, rule->weighted.weight,
													rule->weighted.n);
	Step	   *place = spindle_compile_distinct(eval, frame, rule, spindle_instance_key(eval->instance, rule->label),
												 rule->weighted.distinct, rule->weighted.n, sample, NULL);
	Step	   *step = spindle_step_add(eval, frame, run_listed, rule, false, 1);

	step->input[0] = place;
	return spindle_step_finish(eval, step);
}

static Step *
compile_weighted(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	if (rule->weighted.distinct != SPINDLE_DISTINCT_NONE)
		return compile_distinct(eval, frame, rule);
	return spindle_step_finish(eval, spindle_step_add(eval, frame, run_weighted, rule, false, 0));
}

/* Each value as often as its weight says. */
static void
profile_weighted(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	double	   *weight;

	/* choices that differ, or are those of few keys, have other shares */
	if (rule->nkeyed > 0 || rule->weighted.distinct != SPINDLE_DISTINCT_NONE)
		return;
	weight = palloc(sizeof(double) * rule->weighted.n);
	spindle_alias_weights(rule->weighted.alias, weight);
	spindle_profile_choices(profile, instance->nrows[table], rule->weighted.n, rule->weighted.value, NULL, weight);
	pfree(weight);
}

/* Not for parents: the draw is the row's own. */
const SpindleRuleSteps spindle_rule_steps_weighted = {
	.compile = compile_weighted,
	.values_of_draws = weighted_of_draws,
	.profile = profile_weighted,
};

/*
 * A copy has no step of its own: it is the step that computes what is copied,
 * gathered along the path.  at is that of spindle_compile_rule().
 */
static Step *
compile_copy(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_compile_path(eval, frame, &rule->copy, at, false);
}

/*
 * See SpindleRuleSteps.  The path, from its step at on, leads from parent to
 * parent, beginning in a row of table.
 */
static int64
first_row_behind_path(SpindleInstance *instance, int table, const SpindleColumnRef *ref, int at, int64 value,
					  bool inclusive)
{
	int64		parent;

	if (at == ref->nsteps)
		return spindle_instance_first_row_at(instance, table, ref->column, value, inclusive);
	parent = first_row_behind_path(instance, instance->domain->table[table].rows_parent, ref, at + 1, value, inclusive);
	return spindle_instance_first_child(instance, table, parent);
}

static int64
first_row_of_copy(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, bool inclusive)
{
	return first_row_behind_path(instance, table, &rule->copy, 0, value, inclusive);
}

/*
 * The rows *first .. *end - 1 of table from which the path, from its step at on,
 * leads to a value; see SpindleRuleSteps.  Children of neighbours are neighbours.
 */
static bool
rows_behind_path(SpindleInstance *instance, int table, const SpindleColumnRef *ref, int at, int64 value, int64 *first,
				 int64 *end)
{
	if (at == ref->nsteps)
		return spindle_instance_rows_of_value(instance, table, ref->column, value, first, end);
	if (!rows_behind_path(instance, instance->domain->table[table].rows_parent, ref, at + 1, value, first, end))
		return false;
	*first = spindle_instance_first_child(instance, table, *first);
	*end = spindle_instance_first_child(instance, table, *end);
	return *first < *end;
}

static bool
rows_of_copy(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first, int64 *end)
{
	return rows_behind_path(instance, table, &rule->copy, 0, value, first, end);
}

/* It can if the path leads from parent to parent, and what is copied can. */
static bool
copy_has_rows_of_value(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	for (int i = 0; i < rule->copy.nsteps; i++)
	{
		if (rule->copy.step[i] != domain->table[table].parent_column)
			return false;
		table = domain->table[table].rows_parent;
	}
	return spindle_column_has_rows_of_value(domain, rule->copy.table, rule->copy.column);
}

/*
 * As many different values as there are where they come from, unless there are
 * fewer rows to take them.  How often each comes is another matter.
 */
static void
profile_copy(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	SpindleProfile source;

	spindle_column_profile(instance, rule->copy.table, rule->copy.column, &source);
	profile->ndistinct = Min(source.ndistinct, (double) instance->nrows[table]);
}

const SpindleRuleSteps spindle_rule_steps_copy = {
	.compile = compile_copy,
	.for_parents = true,
	.first_row_at = first_row_of_copy,
	.rows_of_value = rows_of_copy,
	.has_rows_of_value = copy_has_rows_of_value,
	.profile = profile_copy,
};
