/*-------------------------------------------------------------------------
 *
 * dist.h
 *		Distributions of numbers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DIST_H
#define SPINDLE_DIST_H

#include "math/alias.h"

typedef enum SpindleDistKind
{
	SPINDLE_DIST_UNIFORM,		/* from min to max */
	SPINDLE_DIST_NORMAL,		/* a = mean, b = sd */
	SPINDLE_DIST_LOGNORMAL,		/* a = mu, b = sigma */
	SPINDLE_DIST_PARETO,		/* a = alpha, from min on */
	SPINDLE_DIST_EXPONENTIAL,	/* a = mean, from min on */
	SPINDLE_DIST_DISCRETE		/* geometric, Poisson, Zipf, Bernoulli */
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
	SpindleAlias *alias;
} SpindleDist;

extern void spindle_dist_prepare(SpindleDist *dist);
extern bool spindle_dist_discrete(SpindleDist *dist, const char *name, double parameter);
extern double spindle_dist_sample(const SpindleDist *dist, uint64 draw);
extern bool spindle_dist_on_grid(double low, double high, uint64 draw, double *step);
extern double spindle_dist_whole(const SpindleDist *dist, uint64 draw);

#endif							/* SPINDLE_DIST_H */
