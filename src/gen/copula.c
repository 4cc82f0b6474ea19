/*-------------------------------------------------------------------------
 *
 * copula.c
 *		Values of several columns that correlate by rank.
 *
 * Each column of a copula has a normal score of its own draw.  The scores are
 * summed by the copula's factors, which correlates them; the rank of a sum, a
 * fraction, is a draw again, and the column's rule makes its value of it.  So the
 * distribution of a column is that of its rule, and a row needs no other row.
 *
 * The first column's sum is its own score: its draw stays as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/draws.h"
#include "math/fpmath.h"

/* The normal scores of a column's own draws, as doubles. */
static void
run_scores(Step *step)
{
	const int	n = step->frame->n;
	double	   *out = (double *) step->out.value;

	StaticAssertStmt(sizeof(double) == sizeof(int64), "scores take the place of values");
	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(step->key, step->frame->row + done, m, draw);
		spindle_normal_scores(draw, m, out + done);
	}
}

/* The step for the scores of a rule, made on first use. */
static Step *
compile_scores(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	for (int i = 0; i < eval->nsteps; i++)
		if (eval->step[i]->frame == frame && eval->step[i]->run == run_scores && eval->step[i]->rule == rule)
			return eval->step[i];
	return spindle_step_finish(eval, spindle_step_add(eval, frame, run_scores, rule, false, 0));
}

/*
 * The draws that spindle_fraction() makes n fractions of, about: a fraction times
 * 2^64.  The greatest bit is set by itself, as integers with a sign are what
 * processors make of doubles without a jump; nothing is rounded by that.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
draws_of(const double *pg_restrict fraction, int n, uint64 *pg_restrict draw)
{
	for (int i = 0; i < n; i++)
	{
		const double below = Max(0.0, Min(fraction[i], 0.9999999999999998));
		const int64 is_upper = below >= 0.5;

		draw[i] = (uint64) (int64) ((below - 0.5 * (double) is_upper) * 18446744073709551616.0) | (uint64) is_upper << 63;
	}
}

/* Add n scores by a factor to sums. */
SPINDLE_FOR_EACH_PROCESSOR static void
add_scores(const double *pg_restrict score, double by, int n, double *pg_restrict sum)
{
	for (int i = 0; i < n; i++)
		sum[i] += by * score[i];
}

/* The draws of m rows from the row first on, by the ranks of their summed scores. */
static void
sum_scores(const Step *step, int first, int m, uint64 *draw)
{
	const double *factor = step->rule->copula->factor[step->rule->copula_place];
	double		sum[SPINDLE_DRAWS] = {0};
	double		rank[SPINDLE_DRAWS];

	for (int k = 0; k < step->ninputs; k++)
		add_scores((const double *) step->input[k]->out.value + first, factor[k], m, sum);
	spindle_normal_ranks(sum, m, rank);
	draws_of(rank, m, draw);
}

/* Values of a rule by the row's scores, those of the first column by its draws. */
static void
run_values(Step *step)
{
	const SpindleRuleSteps *steps = spindle_rule_steps_of(step->rule);
	const int	n = step->frame->n;

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		if (step->ninputs == 0)
			spindle_draws(step->key, step->frame->row + done, m, draw);
		else
			sum_scores(step, done, m, draw);
		steps->values_of_draws(step->rule, draw, m, step->out.value + done);
	}
}

/*
 * spindle_compile_copula
 *		The step with the values of a rule that is part of a copula.
 */
Step *
spindle_compile_copula(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	const SpindleCopula *copula = rule->copula;
	const int	place = rule->copula_place;
	Step	   *score[SPINDLE_MAX_COPULA];
	Step	   *step;

	for (int k = 0; place > 0 && k <= place; k++)
		score[k] = compile_scores(eval, frame, table_of(eval, frame)->column[copula->column[k]].rule);
	step = spindle_step_add(eval, frame, run_values, rule, false, place > 0 ? place + 1 : 0);
	for (int k = 0; k < step->ninputs; k++)
		step->input[k] = score[k];
	return spindle_step_finish(eval, step);
}
