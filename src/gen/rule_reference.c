/*-------------------------------------------------------------------------
 *
 * rule_reference.c
 *		The steps that choose the row that another one refers to.
 *
 * For the rules "reference", "hierarchy" and "level".  What is chosen is a row
 * number, by one draw of the referring row; the key follows from it in a
 * further step.  Which rows there are to choose from is in the rule's state
 * (reference_state.h).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/*
 * Any row, by popularity; of those that "where" leaves; of those from before.
 *
 * With "after" the parents' times rise with their numbers, so the rows to
 * choose among are the first ones, and their number is found by a walk in the
 * parents' timeline.  NULL if there are none.  Raises invalid_parameter_value
 * if there is no row to choose from at this scale and NULL is not an answer.
 */
static void
run_reference(Step *step)
{
	const SpindleReferenceState *state = step->u.reference.state;
	SpindleTimelineCursor *after = step->u.reference.after;
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_REFERENCE);

	/* "after" gives NULL where no row came before, if the column may hold it */
	if (state->is_empty && n > 0 && !(after && step->rule->reference.may_miss))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s chooses among no rows at this scale", step->rule->path),
				 errhint("Give the table that is referred to at least one row.")));
	if (after)
	{
		/* the number of rows to choose from, where the choice will be */
		const SpindleVector time = step->input[0]->out;
		bool	   *pg_restrict is_null = step->out.is_null;

		for (int i = 0; i < n; i++)
		{
			bool		has_time = !(time.is_null && time.is_null[i]) && !state->is_empty;
			int64		count = has_time ? spindle_timeline_count_until(after, time.value[i]) : 0;

			out[i] = count;
			is_null[i] = count == 0;
		}
	}
	spindle_popularity_pick(state->popularity, step->frame->row, n, after ? out : NULL, out);
	if (state->choice && !state->is_empty)
		for (int i = 0; i < n; i++)
			out[i] = state->choice[out[i]];
}

/*
 * One of the children of the row that another column refers to, all alike;
 * NULL if there is none.
 */
static void
run_among(Step *step)
{
	const SpindleVector *parent = &step->input[0]->out;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	spindle_layout_pick(step->u.layout, step->key, step->frame->row, parent->value, parent->is_null, step->frame->n,
						step->out.value, step->out.is_null);
}

/*
 * One of the rows whose period holds a time, both ends included, all alike;
 * NULL if there is none, or by chance, as null_fraction of the others.
 */
static void
run_containing(Step *step)
{
	const SpindleReferenceState *state = step->u.reference.state;
	const SpindleVector time = step->input[0]->out;
	const SpindleVector out = step->out;
	const SpindleKey key = step->key;
	const SpindleKey null_key = spindle_key_derive(step->key, LABEL_NULLS);
	const uint64 threshold = spindle_threshold(step->u.reference.null_fraction);
	const int64 *row = step->frame->row;
	const int	nrows = step->frame->n;
	Timestamp	from = 0;		/* times from here on ... */
	Timestamp	until = 0;		/* ... and before this have the rows open */
	const int64 *open = NULL;
	int			n = 0;			/* how many */
	uint64		nulls[SPINDLE_DRAWS];
	uint64		picks[SPINDLE_DRAWS];

	Assert(step->holds == STEP_HOLDS_REFERENCE);
	for (int i = 0; i < nrows; i++)
	{
		Timestamp	t = time.value[i];
		bool		is_null = spindle_next_draw(null_key, row, nrows, i, nulls) < threshold;
		uint64		pick = spindle_next_draw(key, row, nrows, i, picks);

		if (time.is_null && time.is_null[i])
		{
			out.is_null[i] = true;
			out.value[i] = 0;
			continue;
		}

		/* neighbours mostly have the same */
		if (t < from || t >= until)
		{
			int			at = 0; /* bounds that are <= t */
			int			high = state->nbounds;

			while (at < high)
			{
				int			middle = (at + high) / 2;

				if (state->bound[middle] <= t)
					at = middle + 1;
				else
					high = middle;
			}
			from = at > 0 ? state->bound[at - 1] : PG_INT64_MIN;
			until = at < state->nbounds ? state->bound[at] : PG_INT64_MAX;
			open = state->open + state->first_open[at];
			n = state->first_open[at + 1] - state->first_open[at];
		}
		if (n == 0)
		{
			out.is_null[i] = true;
			out.value[i] = 0;
			continue;
		}

		/* by a mask: whether a row is NULL is nothing to predict */
		out.is_null[i] = is_null;
		out.value[i] = open[spindle_below(pick, n)] & ((int64) is_null - 1);
	}
}

/*
 * "among": the rows are known by the layout, so no state is needed.  Children of
 * the row, all alike, are chosen many at once.
 */
static Step *
compile_among(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	Step	   *among;
	Step	   *step;

	if (rule->reference.among_depth > 1 || rule->reference.has_after || rule->reference.skew.kind != SPINDLE_SKEW_NONE)
		return spindle_compile_among(eval, frame, rule);
	among = spindle_compile_path(eval, frame, &rule->reference.among, 0, true);
	step = spindle_step_with_layout(eval, frame, run_among, rule, true, 1, rule->reference.table);

	step->input[0] = among;
	return spindle_step_finish(eval, step);
}

/*
 * "containing": this makes values NULL by itself.
 *
 * null_fraction is wanted of all rows.  Where no period is open they are NULL
 * anyway, so less is drawn of the others.  How many these are is known if the
 * time is one by the rule "time"; otherwise every row is taken to have an open
 * period.
 */
static Step *
compile_containing(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	const SpindleReferenceState *state = spindle_reference_state(eval->instance, rule);
	Step	   *step = spindle_step_with_input(eval, frame, run_containing, rule, &rule->reference.containing, 0);

	step->has_nulls = true;
	step->holds = STEP_HOLDS_REFERENCE;
	step->u.reference.state = state;

	/* choosing no row where none is open counts as NULL too */
	step->u.reference.null_fraction = state->coverage <= 1.0 - null_fraction ? 0.0 :
		1.0 - (1.0 - null_fraction) / state->coverage;
	return spindle_step_finish(eval, step);
}

/* The rows that "where" leaves, by their numbers among these. */
static void
run_listed(Step *step)
{
	const int64 *choice = step->u.reference.state->choice;
	const int64 *in = step->input[0]->out.value;

	Assert(step->holds == STEP_HOLDS_REFERENCE);
	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = choice[in[i]];
}

/* "distinct", with or without "skew" or "where". */
static Step *
compile_distinct(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	const SpindleReferenceState *state = spindle_reference_state(eval->instance, rule);
	const int64 count = state->choice ? state->nchoices : eval->instance->nrows[rule->reference.table];
	Step	   *place = spindle_compile_distinct(eval, frame, rule, spindle_instance_key(eval->instance, rule->label),
												 rule->reference.distinct, count, state->sample, state->popularity);
	Step	   *step;

	if (state->choice == NULL)
		return place;
	step = spindle_step_add(eval, frame, run_listed, rule, false, 1);
	step->input[0] = place;
	step->holds = STEP_HOLDS_REFERENCE;
	step->u.reference.state = state;
	return spindle_step_finish(eval, step);
}

/* With or without "skew", "after" and "where". */
static Step *
compile_popular(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	const SpindleReferenceState *state = spindle_reference_state(eval->instance, rule);
	Step	   *step;

	if (rule->reference.has_after)
	{
		step = spindle_step_with_input(eval, frame, run_reference, rule, &rule->reference.after_time, 0);
		step->has_nulls = true;
		step->u.reference.after = palloc(sizeof(SpindleTimelineCursor));
		spindle_timeline_cursor_init(step->u.reference.after, state->after);
	}
	else
		step = spindle_step_add(eval, frame, run_reference, rule, false, 0);
	step->is_scattered = true;
	step->holds = STEP_HOLDS_REFERENCE;
	step->u.reference.state = state;
	return spindle_step_finish(eval, step);
}

/*
 * The row numbers; for all but "containing", a fraction of them is made NULL
 * by a step behind.
 */
static Step *
compile_reference_rows(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	Step	   *step;

	if (rule->reference.has_containing)
		return compile_containing(eval, frame, rule, null_fraction);
	if (rule->reference.has_among)
		step = compile_among(eval, frame, rule);
	else if (rule->reference.spread)
		step = spindle_compile_spread(eval, frame, rule, eval->instance->nrows[rule->reference.table]);
	else if (rule->reference.distinct != SPINDLE_DISTINCT_NONE)
		step = compile_distinct(eval, frame, rule);
	else
		step = compile_popular(eval, frame, rule);
	return spindle_compile_nulls(eval, frame, step, rule, null_fraction);
}

/*
 * The key of the row that is chosen; for a branch of "case", where the
 * column's own null fraction comes later.
 */
static Step *
compile_reference(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_compile_key(eval, frame, compile_reference_rows(eval, frame, rule, 0), rule->reference.table);
}

/*
 * The keys of the most popular rows, where all rows can be chosen at any time and
 * the key counts rows; and how many different ones there are to be expected.
 */
static void
profile_reference(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	const SpindleTable *parent = &instance->domain->table[rule->reference.table];
	const SpindleRule *key = rule->type->kind == SPINDLE_ROW ? NULL : parent->column[spindle_table_single_key(parent)].rule;
	const SpindleReferenceState *state;
	double		choices = (double) instance->nrows[table];
	double		nparents = Max((double) instance->nrows[parent->index], 1);
	int64		row[SPINDLE_PROFILE_VALUES];
	double		share[SPINDLE_PROFILE_VALUES];
	int			n;

	if (rule->reference.has_among || rule->reference.has_containing)
	{
		profile->ndistinct = nparents * spindle_profile_hit(choices / nparents);
		return;
	}
	state = spindle_reference_state(instance, rule);
	if (state->is_empty)
		return;
	profile->ndistinct = rule->reference.distinct == SPINDLE_DISTINCT_TABLE ? choices :
		spindle_popularity_distinct(state->popularity, choices, rule->reference.has_after);
	if (rule->reference.distinct != SPINDLE_DISTINCT_NONE || rule->reference.has_after || key == NULL || key->kind != SPINDLE_RULE_SEQUENCE)
		return;
	n = spindle_popularity_list(state->popularity, SPINDLE_PROFILE_VALUES, row, share);
	for (int i = 0; i < n; i++)
		spindle_profile_add(profile, key->sequence.start +
							key->sequence.step * (state->choice ? state->choice[row[i]] : row[i]), share[i]);
	profile->is_complete = n == state->popularity->nrows;
}

/*
 * Each row is chosen once at most and by a permutation of all, so that who chose it
 * can be told: where the key of a row leads back to it, too.
 */
static bool
reference_has_rows_of_value(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];
	int			key;

	if (rule->type->kind == SPINDLE_ROW)
		return false;
	key = spindle_table_single_key(parent);
	return rule->reference.distinct == SPINDLE_DISTINCT_TABLE && rule->reference.skew.kind == SPINDLE_SKEW_NONE &&
		!rule->reference.has_where &&
		(parent->column[key].monotone || spindle_column_has_rows_of_value(domain, parent->index, key));
}

/* The row that has chosen the one with the key; see SpindleRuleSteps. */
static bool
row_of_reference(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first, int64 *end)
{
	const SpindleTable *parent = &instance->domain->table[rule->reference.table];
	const int	key = spindle_table_single_key(parent);
	const int64 nrows = instance->nrows[parent->index];
	SpindlePermutation permutation;
	int64		row;
	int64		row_end;

	if (parent->column[key].monotone)
	{
		row = spindle_instance_first_row_at(instance, parent->index, key, value, true);
		row_end = spindle_instance_first_row_at(instance, parent->index, key, value, false);
		if (row >= row_end)
			return false;
	}
	else if (!spindle_instance_rows_of_value(instance, parent->index, key, value, &row, &row_end))
		return false;
	spindle_distinct_permutation(&permutation, spindle_instance_key(instance, rule->label), nrows);
	*first = spindle_permute_back(&permutation, row);
	*end = *first + 1;
	return *first < instance->nrows[table];
}

const SpindleRuleSteps spindle_rule_steps_reference = {
	.compile = compile_reference,
	.compile_rows = compile_reference_rows,
	.profile = profile_reference,
	.rows_of_value = row_of_reference,
	.has_rows_of_value = reference_has_rows_of_value,
};

/*
 * The row at which a level of a hierarchy begins, level 0 being the roots;
 * nrows behind the last one.
 *
 * The roots are the first rows, the rest is split evenly over the other
 * levels, in row order.  If there are fewer rows than roots times levels, the
 * roots are cut to one part of the rows, but at least one.
 */
static int64
level_start(const SpindleRule *rule, int64 nrows, int level)
{
	int64		roots = Max(1, Min(rule->hierarchy.roots, nrows / rule->hierarchy.levels));

	if (level == 0)
		return 0;
	if (rule->hierarchy.levels == 1 || level >= rule->hierarchy.levels)
		return nrows;
	return Min(nrows, roots) + (int64) ((__int128) Max(nrows - roots, 0) * (level - 1) /
										(rule->hierarchy.levels - 1));
}

/* The level of a row, from 0. */
static int
level_of(const SpindleRule *rule, int64 nrows, int64 row)
{
	int			level = 0;

	while (level + 1 < rule->hierarchy.levels && level_start(rule, nrows, level + 1) <= row)
		level++;
	return level;
}

/* A row of the level above, all alike; NULL for the roots. */
static void
run_hierarchy(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int64 nrows = step->u.nrows;

	Assert(step->holds == STEP_HOLDS_NROWS);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		int			level = level_of(rule, nrows, row);
		int64		low = level == 0 ? 0 : level_start(rule, nrows, level - 1);
		int64		high = level_start(rule, nrows, level);

		step->out.is_null[i] = level == 0 || high <= low;
		step->out.value[i] = step->out.is_null[i] ? 0 :
			low + (int64) spindle_below(spindle_draw(step->key, row), high - low);
	}
}

/* The layout of levels follows from the number of rows alone. */
static Step *
compile_hierarchy_rows(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	Step	   *step = spindle_step_add(eval, frame, run_hierarchy, rule, true, 0);

	step->holds = STEP_HOLDS_NROWS;
	step->u.nrows = eval->instance->nrows[frame->table];
	return spindle_compile_nulls(eval, frame, spindle_step_finish(eval, step), rule, null_fraction);
}

/* The key of the row above, which is one of the same table. */
static Step *
compile_hierarchy(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_compile_key(eval, frame, compile_hierarchy_rows(eval, frame, rule, 0), frame->table);
}

/* Row numbers first, as for a reference: a path can go on from them. */
const SpindleRuleSteps spindle_rule_steps_hierarchy = {
	.compile = compile_hierarchy,
	.compile_rows = compile_hierarchy_rows,
};

/* The level of each row, from 1. */
static void
run_level(Step *step)
{
	Assert(step->holds == STEP_HOLDS_NROWS);
	for (int i = 0; i < step->frame->n; i++)
		step->out.value[i] = level_of(step->rule, step->u.nrows, step->frame->row[i]) + 1;
}

static Step *
compile_level(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = spindle_step_add(eval, frame, run_level, rule, false, 0);

	step->holds = STEP_HOLDS_NROWS;
	step->u.nrows = eval->instance->nrows[frame->table];
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_level = {
	.compile = compile_level,
};
