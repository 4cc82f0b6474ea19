/*-------------------------------------------------------------------------
 *
 * dist.h
 *		Distributions of numbers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DIST_H
#define SPINDLE_DIST_H

#include <math.h>

#include "math/alias.h"
#include "math/ranked.h"

typedef enum SpindleDistKind
{
	SPINDLE_DIST_UNIFORM,		/* from min to max */
	SPINDLE_DIST_NORMAL,		/* a = mean, b = sd */
	SPINDLE_DIST_LOGNORMAL,		/* a = mu, b = sigma */
	SPINDLE_DIST_PARETO,		/* a = alpha, from min on */
	SPINDLE_DIST_EXPONENTIAL,	/* a = mean, from min on */
	SPINDLE_DIST_DISCRETE,		/* geometric, Poisson, Zipf, Bernoulli */
	SPINDLE_DIST_EMPIRICAL		/* quantiles and frequent values */
} SpindleDistKind;

/*
 * A distribution of numbers, limited to [min, max].  Continuous ones are
 * sampled by their inverse over the probabilities that the limits leave, so no
 * values pile up at the limits.
 */
typedef struct SpindleDist
{
	SpindleDistKind kind;
	double		a;
	double		b;
	double		min;
	double		max;
	double		p_low;			/* probability below min */
	double		p_high;			/* probability below max */
	int64		first;			/* value of entry 0 of a DISCRETE one */
	SpindleAlias *alias;		/* of the values of a DISCRETE one, or of the
								 * frequent ones */

	/* of an EMPIRICAL one: */
	int			nquantiles;		/* at least 2 */
	double	   *quantile;		/* at equal distances of probability; never
								 * falling */
	uint64		frequent;		/* draws below are for a frequent value */
	double	   *frequent_value;
	double		per_draw;		/* quantiles per 2^11 draws that are not below */
	double		step;			/* values between quantiles are multiples of
								 * it; 0 for any */
	double		per_step;		/* 1 / step */
	double		parts;			/* per quantile, into which values between them are
								 * put together; 0 for all */
	double		per_part;		/* 1 / parts */
} SpindleDist;

extern void spindle_dist_prepare(SpindleDist *dist);
extern void spindle_dist_empirical(SpindleDist *dist, const double *share, int nvalues);
extern bool spindle_dist_discrete(SpindleDist *dist, const char *name, double parameter);
extern void spindle_dist_put_together(SpindleDist *dist, double nvalues);
extern double spindle_dist_sample(const SpindleDist *dist, uint64 draw);
extern void spindle_dist_samples(const SpindleDist *dist, const uint64 *draw, int n, double *out);
extern bool spindle_dist_on_grid(double low, double high, uint64 draw, double *step);
extern double spindle_dist_whole(const SpindleDist *dist, uint64 draw);
extern SpindleRanked *spindle_dist_ranked(const SpindleDist *dist);
extern double spindle_dist_rising_sample(const SpindleDist *dist, const SpindleRanked *ranked, uint64 draw);

/*
 * The number that a draw selects of an EMPIRICAL distribution: a frequent value,
 * or what lies between two quantiles, which are all equally likely.
 */
static inline double
spindle_dist_empirical_sample(const SpindleDist *dist, uint64 draw)
{
	double		at;
	double		x;
	int			i;

	if (draw < dist->frequent)
		return dist->frequent_value[spindle_alias_pick(dist->alias, spindle_mix(draw + SPINDLE_PHI))];
	at = (double) (int64) ((draw - dist->frequent) >> 11) * dist->per_draw;
	if (dist->parts > 0)
		at = Min((floor(at * dist->parts) + 0.5) * dist->per_part, dist->nquantiles - 1 - 0.5 * dist->per_part);
	i = Min((int) at, dist->nquantiles - 2);
	x = dist->quantile[i] + (at - i) * (dist->quantile[i + 1] - dist->quantile[i]);
	return dist->step > 0 ? floor(x * dist->per_step + 0.5) * dist->step : x;
}

#endif							/* SPINDLE_DIST_H */
