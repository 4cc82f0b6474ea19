/*-------------------------------------------------------------------------
 *
 * likeness.c
 *		How like each other two distributions are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "learn/likeness.h"

/* Two columns go together if they are so much less like columns that do not. */
#define TOGETHER	0.1

/*
 * learn_ks
 *		1 less the largest difference of the shares that are not above a value, of two
 *		distributions; of two without values 1, of one and none 0.
 */
double
learn_ks(const Distribution *a, const Distribution *b)
{
	double		distance = 0;
	double		below[2] = {0, 0};
	int			i = 0;
	int			k = 0;

	if (a->sum <= 0 || b->sum <= 0)
		return a->sum <= 0 && b->sum <= 0;
	while (i < a->n || k < b->n)
	{
		double		value = i == a->n ? b->value[k] : k == b->n ? a->value[i] : Min(a->value[i], b->value[k]);

		for (; i < a->n && a->value[i] <= value; i++)
			below[0] += a->weight[i];
		for (; k < b->n && b->value[k] <= value; k++)
			below[1] += b->weight[k];
		distance = Max(distance, fabs(below[0] / a->sum - below[1] / b->sum));
	}
	return 1 - distance;
}

/*
 * learn_tv
 *		1 less half of the sum of the differences of shares, of how often n things are in
 *		two samples, less what chance makes of two samples of the same: many things that
 *		are seldom differ by that alone.
 */
double
learn_tv(const Frequency *frequency, int n)
{
	double		sum[2] = {0, 0};
	double		distance = 0;
	double		by_chance = 0;

	for (int i = 0; i < n; i++)
	{
		sum[0] += frequency[i].source;
		sum[1] += frequency[i].target;
	}
	if (sum[0] <= 0 || sum[1] <= 0)
		return sum[0] <= 0 && sum[1] <= 0;
	for (int i = 0; i < n; i++)
	{
		double		share = (frequency[i].source + frequency[i].target) / (sum[0] + sum[1]);

		/* the mean size of what is normally distributed is 0.8 of its deviation */
		distance += fabs(frequency[i].source / sum[0] - frequency[i].target / sum[1]) / 2;
		by_chance += Min(share, 0.4 * sqrt(share * (1 - share) * (1 / sum[0] + 1 / sum[1])));
	}
	return 1 - Max(distance - by_chance, 0);
}

/*
 * learn_top_share
 *		The share that those have who have most, of all that there is: top of them, from 0
 *		to 1.
 */
double
learn_top_share(const Distribution *distribution, double top)
{
	double		wanted = top * distribution->sum;
	double		all = 0;
	double		sum = 0;

	for (int i = 0; i < distribution->n; i++)
		all += distribution->value[i] * distribution->weight[i];
	for (int i = distribution->n - 1; i >= 0 && wanted > 0; i--)
	{
		sum += distribution->value[i] * Min(wanted, distribution->weight[i]);
		wanted -= distribution->weight[i];
	}
	return all > 0 ? sum / all : 0;
}

/*
 * learn_correlation
 *		The correlation of the bins of two columns in one sample, by the frequencies of
 *		all cells; nulls, which are the first bin, left out.  0 if there is none.
 */
double
learn_correlation(const Frequency *frequency, bool is_target)
{
	double		n = 0;
	double		x = 0;
	double		y = 0;
	double		xx = 0;
	double		yy = 0;
	double		xy = 0;

	for (int a = 1; a < LIKENESS_LETTERS; a++)
		for (int b = 1; b < LIKENESS_LETTERS; b++)
		{
			double		weight = is_target ? frequency[a * LIKENESS_LETTERS + b].target : frequency[a * LIKENESS_LETTERS + b].source;

			n += weight;
			x += weight * a;
			y += weight * b;
			xx += weight * a * a;
			yy += weight * b * b;
			xy += weight * a * b;
		}
	if (n <= 0 || xx - x * x / n <= 0 || yy - y * y / n <= 0)
		return 0;
	return (xy - x * y / n) / sqrt((xx - x * x / n) * (yy - y * y / n));
}

/*
 * learn_go_together
 *		Do two columns go together in one of the samples, by the frequencies of all cells?
 */
bool
learn_go_together(const Frequency *frequency)
{
	Frequency  *apart = palloc(sizeof(Frequency) * LIKENESS_CELLS);
	bool		result = false;

	for (int side = 0; side < 2; side++)
	{
		double		row[LIKENESS_LETTERS] = {0};
		double		column[LIKENESS_LETTERS] = {0};
		double		sum = 0;

		for (int i = 0; i < LIKENESS_CELLS; i++)
		{
			double		weight = side ? frequency[i].target : frequency[i].source;

			row[i / LIKENESS_LETTERS] += weight;
			column[i % LIKENESS_LETTERS] += weight;
			sum += weight;
		}
		for (int i = 0; i < LIKENESS_CELLS; i++)
		{
			apart[i].source = side ? frequency[i].target : frequency[i].source;
			apart[i].target = sum > 0 ? row[i / LIKENESS_LETTERS] * column[i % LIKENESS_LETTERS] / sum : 0;
		}
		result |= sum > 0 && learn_tv(apart, LIKENESS_CELLS) < 1 - TOGETHER;
	}
	pfree(apart);
	return result;
}
