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

/* Bins of a column have a letter each; cells are those of two columns. */
#define LIKENESS_LETTERS	26
#define LIKENESS_CELLS		(LIKENESS_LETTERS * LIKENESS_LETTERS)

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
extern double learn_correlation(const Frequency *frequency, bool is_target);
extern bool learn_go_together(const Frequency *frequency);

#endif							/* SPINDLE_LEARN_LIKENESS_H */
