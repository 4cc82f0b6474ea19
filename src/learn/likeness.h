/*-------------------------------------------------------------------------
 *
 * likeness.h
 *		How like each other two distributions are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_LIKENESS_H
#define SPINDLE_LEARN_LIKENESS_H

#include "postgres.h"

/* Values, rising, with how many have them. */
typedef struct Distribution
{
	int			n;
	double	   *value;
	double	   *weight;
	double		sum;			/* of the weights */
} Distribution;

/* How often something is in two samples. */
typedef struct Frequency
{
	const char *name;
	double		source;
	double		target;
} Frequency;

extern double learn_ks(const Distribution *a, const Distribution *b);
extern double learn_tv(const Frequency *frequency, int n);
extern double learn_top_share(const Distribution *distribution, double top);

#endif							/* SPINDLE_LEARN_LIKENESS_H */
