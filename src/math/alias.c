/*-------------------------------------------------------------------------
 *
 * alias.c
 *		Choice among weighted entries in constant time.
 *
 * Walker's alias method, with Vose's construction (1991, "A Linear Algorithm
 * For Generating Random Numbers With a Given Distribution").  Probabilities
 * are exact to 2^-32.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "math/alias.h"

/*
 * spindle_alias_create
 *		Prepare a choice among n >= 1 entries with the given weights, which are
 *		not negative and not all zero.  Allocates in the current context.
 */
SpindleAlias *
spindle_alias_create(const double *weight, int n)
{
	SpindleAlias *alias = palloc(offsetof(SpindleAlias, slot) +
								 sizeof(alias->slot[0]) * (Size) n);
	double	   *scaled = palloc(sizeof(double) * n);
	uint32	   *small = palloc(sizeof(uint32) * n);
	uint32	   *large = palloc(sizeof(uint32) * n);
	int			nsmall = 0;
	int			nlarge = 0;
	double		sum = 0;

	alias->n = n;
	for (int i = 0; i < n; i++)
		sum += weight[i];
	for (int i = 0; i < n; i++)
	{
		scaled[i] = weight[i] / sum * n;
		if (scaled[i] < 1.0)
			small[nsmall++] = i;
		else
			large[nlarge++] = i;
	}
	while (nsmall > 0 && nlarge > 0)
	{
		uint32		s = small[--nsmall];
		uint32		l = large[nlarge - 1];

		alias->slot[s].threshold = (uint32) (scaled[s] * 4294967295.0);
		alias->slot[s].other = l;
		scaled[l] -= 1.0 - scaled[s];
		if (scaled[l] < 1.0)
		{
			nlarge--;
			small[nsmall++] = l;
		}
	}

	/* what is left has probability 1 but for rounding */
	while (nlarge > 0)
	{
		alias->slot[large[--nlarge]].threshold = PG_UINT32_MAX;
		alias->slot[large[nlarge]].other = large[nlarge];
	}
	while (nsmall > 0)
	{
		alias->slot[small[--nsmall]].threshold = PG_UINT32_MAX;
		alias->slot[small[nsmall]].other = small[nsmall];
	}
	pfree(scaled);
	pfree(small);
	pfree(large);
	return alias;
}

/*
 * spindle_alias_weights
 *		The probability of each entry, 1 in all.
 */
void
spindle_alias_weights(const SpindleAlias *alias, double *weight)
{
	const double slot = 1.0 / alias->n;

	memset(weight, 0, sizeof(double) * alias->n);
	for (uint32 i = 0; i < alias->n; i++)
	{
		double		stay = alias->slot[i].threshold / 4294967295.0;

		weight[i] += slot * stay;
		weight[alias->slot[i].other] += slot * (1.0 - stay);
	}
}
