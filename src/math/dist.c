/*-------------------------------------------------------------------------
 *
 * dist.c
 *		Distributions of numbers.
 *
 * One uniform draw makes one number, through the inverse of the distribution
 * function.  That keeps a value a function of its row without any loop, and
 * limits are free: the draw is scaled to the probabilities between them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "math/dist.h"
#include "math/draws.h"
#include "math/fpmath.h"

/* Values of a discrete distribution that are told apart, at most. */
#define MAX_DISCRETE 100000

/*
 * The probability that the distribution without limits stays below x.  For
 * Pareto and exponential, min is a parameter and not a limit.  Not for
 * discrete and even ones, which have no use for it.
 */
static double
cdf(const SpindleDist *dist, double x)
{
	switch (dist->kind)
	{
		case SPINDLE_DIST_NORMAL:
			return spindle_normal_cdf((x - dist->a) / dist->b);
		case SPINDLE_DIST_LOGNORMAL:
			if (x <= 0)
				return 0;
			return spindle_normal_cdf((spindle_log(x) - dist->a) / dist->b);
		case SPINDLE_DIST_PARETO:
			if (x <= dist->min)
				return 0;
			return 1.0 - spindle_pow(dist->min / x, dist->a);
		case SPINDLE_DIST_EXPONENTIAL:
			if (x <= dist->min)
				return 0;
			return 1.0 - spindle_exp((dist->min - x) / dist->a);
		default:
			return 0;
	}
}

/*
 * spindle_dist_prepare
 *		Complete a continuous distribution whose kind, parameters and limits
 *		are set.  Limits may be infinite; min < max, b > 0.
 */
void
spindle_dist_prepare(SpindleDist *dist)
{
	dist->p_low = isinf(dist->min) ? 0.0 : cdf(dist, dist->min);
	dist->p_high = isinf(dist->max) ? 1.0 : cdf(dist, dist->max);
}

/*
 * spindle_dist_discrete
 *		Complete a distribution of whole numbers, named geometric, poisson,
 *		zipf or bernoulli, with its parameter and the limits min and max set.
 *
 * geometric counts trials up to the first success (from 1) with probability
 * parameter; zipf gives k >= 1 with weight k^-parameter.  Weights below 1e-15
 * of the largest are left out.  Allocates in the current context.  Returns
 * false if no value within the limits has a weight, or too many have.
 */
bool
spindle_dist_discrete(SpindleDist *dist, const char *name, double parameter)
{
	double	   *weight = palloc(sizeof(double) * MAX_DISCRETE);
	double		best = 0;
	int64		lowest = (strcmp(name, "geometric") == 0 || strcmp(name, "zipf") == 0) ? 1 : 0;
	int64		first = (int64) Max(lowest, ceil(Max(dist->min, -1e15)));
	double		log_weight = 0;
	int			n = 0;

	dist->kind = SPINDLE_DIST_DISCRETE;
	dist->first = first;
	for (int64 k = first; k <= dist->max; k++)
	{
		double		w;

		if (n == MAX_DISCRETE)
			return false;
		if (strcmp(name, "geometric") == 0)
			w = parameter < 1 ? spindle_exp((k - first) * spindle_log(1.0 - parameter)) : k == 1;
		else if (strcmp(name, "zipf") == 0)
			w = spindle_pow((double) k, -parameter);
		else if (strcmp(name, "bernoulli") == 0)
			w = (k == 0 ? 1.0 - parameter : k == 1 ? parameter : 0);
		else
		{
			/*
			 * Poisson, relative to its largest weight: log w = k log m - log
			 * k!
			 */
			if (k == first)
			{
				double		mode = Max(floor(parameter), (double) first);

				log_weight = 0;
				for (double i = first + 1; i <= mode; i++)
					log_weight -= spindle_log(parameter) - spindle_log(i);
			}
			else
				log_weight += spindle_log(parameter) - spindle_log((double) k);
			w = spindle_exp(log_weight);
		}
		weight[n++] = w;
		best = Max(best, w);
		if (w < best * 1e-15 && w <= weight[Max(n - 2, 0)])
			break;
	}
	if (best <= 0)
		return false;
	dist->alias = spindle_alias_create(weight, n);
	pfree(weight);
	return true;
}

/*
 * spindle_dist_empirical
 *		Complete a distribution whose quantiles, frequent values and step are set;
 *		share has the probability of each of the nvalues frequent values, with a
 *		sum of at most 1, or 1 if there are no quantiles.
 *
 * Allocates in the current context.  share is not kept.
 */
void
spindle_dist_empirical(SpindleDist *dist, const double *share, int nvalues)
{
	double		sum = 0;

	dist->kind = SPINDLE_DIST_EMPIRICAL;
	dist->min = INFINITY;
	dist->max = -INFINITY;
	for (int i = 0; i < nvalues; i++)
	{
		sum += share[i];
		dist->min = Min(dist->min, dist->frequent_value[i]);
		dist->max = Max(dist->max, dist->frequent_value[i]);
	}
	if (nvalues > 0)
		dist->alias = spindle_alias_create(share, nvalues);
	dist->frequent = nvalues > 0 ? spindle_threshold(sum) : 0;
	dist->per_step = dist->step > 0 ? 1.0 / dist->step : 0;
	if (dist->nquantiles == 0)
	{
		/* for the one draw that is not below the threshold */
		dist->nquantiles = 2;
		dist->quantile = palloc(sizeof(double) * 2);
		dist->quantile[0] = dist->quantile[1] = dist->frequent_value[0];
	}
	else
	{
		double		low = dist->quantile[0];
		double		high = dist->quantile[dist->nquantiles - 1];

		if (dist->step > 0)
		{
			low = floor(low * dist->per_step + 0.5) * dist->step;
			high = floor(high * dist->per_step + 0.5) * dist->step;
		}
		dist->min = Min(dist->min, low);
		dist->max = Max(dist->max, high);
	}
	dist->per_draw = (dist->nquantiles - 1) / (double) (((PG_UINT64_MAX - dist->frequent) >> 11) + 1);
}

/*
 * spindle_dist_put_together
 *		Let an empirical distribution have so many different values between its
 *		quantiles, at most: the middle of each of as many equally likely parts.
 */
void
spindle_dist_put_together(SpindleDist *dist, double nvalues)
{
	dist->parts = nvalues / (dist->nquantiles - 1);
	dist->per_part = 1 / dist->parts;
}

/*
 * spindle_dist_sample
 *		The number that a draw selects, within the limits.  The distribution
 *		has been completed by spindle_dist_prepare() or
 *		spindle_dist_discrete(); even ones have finite limits.  Rises with the
 *		draw, but for discrete ones.
 */
double
spindle_dist_sample(const SpindleDist *dist, uint64 draw)
{
	double		p;
	double		x;

	if (dist->kind == SPINDLE_DIST_DISCRETE)
		return (double) (dist->first + spindle_alias_pick(dist->alias, draw));
	if (dist->kind == SPINDLE_DIST_EMPIRICAL)
		return spindle_dist_empirical_sample(dist, draw);
	if (dist->kind == SPINDLE_DIST_UNIFORM)
		return dist->min + (dist->max - dist->min) * spindle_fraction(draw);

	p = dist->p_low + (dist->p_high - dist->p_low) * spindle_fraction(draw);
	switch (dist->kind)
	{
		case SPINDLE_DIST_NORMAL:
			x = dist->a + dist->b * spindle_normal_quantile(p);
			break;
		case SPINDLE_DIST_LOGNORMAL:
			x = spindle_exp(dist->a + dist->b * spindle_normal_quantile(p));
			break;
		case SPINDLE_DIST_PARETO:
			x = dist->min * spindle_pow(1.0 - p, -1.0 / dist->a);
			break;
		default:
			x = dist->min - dist->a * spindle_log(1.0 - p);
			break;
	}
	return Max(dist->min, Min(x, dist->max));
}

/*
 * spindle_dist_samples
 *		The same of n <= SPINDLE_DRAWS draws, bit by bit.
 */
void
spindle_dist_samples(const SpindleDist *dist, const uint64 *draw, int n, double *out)
{
	Assert(n <= SPINDLE_DRAWS);
	if (dist->kind != SPINDLE_DIST_NORMAL && dist->kind != SPINDLE_DIST_LOGNORMAL &&
		dist->kind != SPINDLE_DIST_EXPONENTIAL)
	{
		for (int i = 0; i < n; i++)
			out[i] = spindle_dist_sample(dist, draw[i]);
		return;
	}
	for (int i = 0; i < n; i++)
		out[i] = dist->p_low + (dist->p_high - dist->p_low) * spindle_fraction(draw[i]);
	if (dist->kind == SPINDLE_DIST_EXPONENTIAL)
	{
		for (int i = 0; i < n; i++)
			out[i] = 1.0 - out[i];
		spindle_logs(out, n);
		for (int i = 0; i < n; i++)
			out[i] = dist->min - dist->a * out[i];
	}
	else
	{
		spindle_normal_quantiles(out, n);
		for (int i = 0; i < n; i++)
			out[i] = dist->a + dist->b * out[i];
		if (dist->kind == SPINDLE_DIST_LOGNORMAL)
			spindle_exps(out, n);
	}
	for (int i = 0; i < n; i++)
		out[i] = Max(dist->min, Min(out[i], dist->max));
}

/*
 * spindle_dist_on_grid
 *		The number of steps that a draw selects among the whole numbers from low
 *		to high, all equally likely; false, with nothing set, if there is none
 *		or they are not within 2^53, where a double tells them apart.
 *
 * Rounding an even draw would give both ends half the share of the others.
 * Limits that miss a whole number by a rounding error only still have it.
 */
bool
spindle_dist_on_grid(double low, double high, uint64 draw, double *step)
{
	int64		first;
	int64		last;

	if (!(low > -9e15 && high < 9e15))
		return false;
	first = (int64) ceil(low - 1e-6);
	last = (int64) floor(high + 1e-6);
	if (first > last)
		return false;
	*step = (double) (first + (int64) spindle_below(draw, (uint64) (last - first) + 1));
	return true;
}

/*
 * spindle_dist_whole
 *		A whole number of a distribution by one draw.  Of an even one, all whole
 *		numbers within the limits are equally likely; others are rounded, up at a
 *		half.
 */
double
spindle_dist_whole(const SpindleDist *dist, uint64 draw)
{
	double		number;

	if (dist->kind == SPINDLE_DIST_UNIFORM && spindle_dist_on_grid(dist->min, dist->max, draw, &number))
		return number;
	return floor(spindle_dist_sample(dist, draw) + 0.5);
}

/* For qsort(): the lower piece first. */
static int
compare_pieces(const void *a, const void *b)
{
	double		x = ((const SpindleRankedPiece *) a)->low;
	double		y = ((const SpindleRankedPiece *) b)->low;

	return x < y ? -1 : x > y;
}

/*
 * The pieces of an empirical distribution with frequent values: what lies between
 * two quantiles is cut where one of these lies inside.
 */
static SpindleRanked *
rank_empirical(const SpindleDist *dist)
{
	const int	nvalues = (int) dist->alias->n;
	const double share = (double) dist->frequent / 18446744073709551616.0;
	const double each = (1.0 - share) / (dist->nquantiles - 1);
	double	   *weight = palloc(sizeof(double) * nvalues);
	SpindleRankedPiece *value = palloc(sizeof(SpindleRankedPiece) * nvalues);
	SpindleRankedPiece *piece = palloc(sizeof(SpindleRankedPiece) * (2 * nvalues + dist->nquantiles));
	SpindleRanked *ranked;
	int			n = 0;
	int			v = 0;

	spindle_alias_weights(dist->alias, weight);
	for (int i = 0; i < nvalues; i++)
		value[i] = (SpindleRankedPiece) {weight[i] * share, dist->frequent_value[i], dist->frequent_value[i]};
	qsort(value, nvalues, sizeof(SpindleRankedPiece), compare_pieces);
	for (int i = 0; i < dist->nquantiles - 1; i++)
	{
		const double end = dist->quantile[i + 1];
		double		low = dist->quantile[i];
		double		left = each;

		for (; v < nvalues && value[v].low < end; v++)
		{
			double		at = Max(low, value[v].low);
			double		part = end > low ? left * (at - low) / (end - low) : 0;

			piece[n++] = (SpindleRankedPiece) {part, low, at};
			piece[n++] = value[v];
			left -= part;
			low = at;
		}
		if (low < end)
			piece[n++] = (SpindleRankedPiece) {left, low, end};
		else
		{
			/* a single number, which is not rounded when it is selected */
			double		number = dist->step > 0 ? floor(end * dist->per_step + 0.5) * dist->step : end;

			piece[n++] = (SpindleRankedPiece) {left, number, number};
		}
	}
	for (; v < nvalues; v++)
		piece[n++] = value[v];
	ranked = spindle_ranked_create(piece, n);
	pfree(weight);
	pfree(value);
	pfree(piece);
	return ranked;
}

/*
 * spindle_dist_ranked
 *		The distribution in pieces, for draws that have to rise with the number; NULL
 *		if spindle_dist_sample() rises as it is.
 *
 * Allocates in the current memory context.
 */
SpindleRanked *
spindle_dist_ranked(const SpindleDist *dist)
{
	SpindleRankedPiece *piece;
	SpindleRanked *ranked;
	double	   *weight;

	if (dist->kind == SPINDLE_DIST_EMPIRICAL && dist->alias)
		return rank_empirical(dist);
	if (dist->kind != SPINDLE_DIST_DISCRETE)
		return NULL;
	weight = palloc(sizeof(double) * dist->alias->n);
	piece = palloc(sizeof(SpindleRankedPiece) * dist->alias->n);
	spindle_alias_weights(dist->alias, weight);
	for (uint32 i = 0; i < dist->alias->n; i++)
		piece[i] = (SpindleRankedPiece) {weight[i], (double) (dist->first + i), (double) (dist->first + i)};
	ranked = spindle_ranked_create(piece, (int) dist->alias->n);
	pfree(weight);
	pfree(piece);
	return ranked;
}

/* The middle of the part in which a number between the first and the last quantile lies. */
static double
put_together(const SpindleDist *dist, double x)
{
	int			low = 0;
	int			high = dist->nquantiles - 1;
	double		width;
	double		at;

	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (dist->quantile[middle] <= x)
			low = middle;
		else
			high = middle;
	}
	width = dist->quantile[high] - dist->quantile[low];
	if (width <= 0)
		return x;
	at = Min((floor((low + (x - dist->quantile[low]) / width) * dist->parts) + 0.5) * dist->per_part, dist->nquantiles - 1 - 0.5 * dist->per_part);
	low = Min((int) at, dist->nquantiles - 2);
	return dist->quantile[low] + (at - low) * (dist->quantile[low + 1] - dist->quantile[low]);
}

/*
 * spindle_dist_rising_sample
 *		As spindle_dist_sample(), but rising with the draw for every distribution;
 *		ranked is what spindle_dist_ranked() made of it.
 */
double
spindle_dist_rising_sample(const SpindleDist *dist, const SpindleRanked *ranked, uint64 draw)
{
	double		x;
	bool		is_single;

	if (ranked == NULL)
		return spindle_dist_sample(dist, draw);
	x = spindle_ranked_number(ranked, draw, &is_single);
	if (!is_single && dist->parts > 0)
		x = put_together(dist, x);
	return is_single || dist->step <= 0 ? x : floor(x * dist->per_step + 0.5) * dist->step;
}
