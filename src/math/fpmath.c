/*-------------------------------------------------------------------------
 *
 * fpmath.c
 *		Elementary functions that give the same bits everywhere.
 *
 * The C library promises neither the last bit of exp() and log() nor that two
 * releases, or two processors under one release, agree on it.  One bit is
 * enough to change a price by a cent.  So we compute them from additions,
 * multiplications and divisions alone, which IEEE 754 defines exactly; the
 * Makefile forbids the compiler to fuse them.
 *
 * Relative error is below 1e-15, far finer than any value is stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "math/draws.h"
#include "math/fpmath.h"

/* ln 2, split so that a product of the first part with an exponent is exact */
#define LN2_HIGH	6.93147180369123816490e-01
#define LN2_LOW		1.90821492927058770002e-10
#define LN2_INVERSE 1.44269504088896338700e+00

/* Above the probability, e^-25, from which on the tails of AS 241 are far ones. */
#define NEAR_TAIL	2e-11

/* exp(r) by its series, for |r| up to half of ln 2. */
static inline double
exp_series(double r)
{
	double		sum = 1.0 / 6227020800.0;

	sum = sum * r + 1.0 / 479001600.0;
	sum = sum * r + 1.0 / 39916800.0;
	sum = sum * r + 1.0 / 3628800.0;
	sum = sum * r + 1.0 / 362880.0;
	sum = sum * r + 1.0 / 40320.0;
	sum = sum * r + 1.0 / 5040.0;
	sum = sum * r + 1.0 / 720.0;
	sum = sum * r + 1.0 / 120.0;
	sum = sum * r + 1.0 / 24.0;
	sum = sum * r + 1.0 / 6.0;
	sum = sum * r + 0.5;
	sum = sum * r + 1.0;
	sum = sum * r + 1.0;
	return sum;
}

/* See spindle_exp(); without branches, so that several can be computed at once. */
static inline double
exponential(double x)
{
	/* adding it leaves a whole number in the last bits */
	const double large = 6755399441055744.0;
	union
	{
		uint64		bits;
		double		value;
	}			scale;
	double		k;
	double		r;

	x = Max(Min(x, 700.0), -700.0);
	k = floor(x * LN2_INVERSE + 0.5);
	r = (x - k * LN2_HIGH) - k * LN2_LOW;
	scale.value = k + large;
	scale.bits = (scale.bits + 1023) << 52;
	return exp_series(r) * scale.value;
}

/*
 * spindle_exp
 *		e to the power x, for |x| <= 700; beyond that the result stays at the
 *		value of the bound.
 *
 * x is k ln 2 + r with |r| <= ln 2 / 2; the Taylor series of e^r ends below
 * half a unit of the last place with the 13th power.
 */
double
spindle_exp(double x)
{
	return exponential(x);
}

/*
 * spindle_exps
 *		The same of n numbers, in their places.
 */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_exps(double *x, int n)
{
	for (int i = 0; i < n; i++)
		x[i] = exponential(x[i]);
}

/*
 * See spindle_log().  Without branches in the end, so that several can be
 * computed at once.
 */
static inline double
logarithm(double x)
{
	union
	{
		uint64		bits;
		double		value;
	}			m;
	int			k;
	double		s;
	double		s2;
	double		sum;

	m.value = x;
	k = (int) (m.bits >> 52) - 1023;
	m.bits = (m.bits & UINT64CONST(0x000FFFFFFFFFFFFF)) | UINT64CONST(0x3FF0000000000000);
	if (m.value > 1.41421356237309504880)
	{
		m.value *= 0.5;
		k++;
	}
	s = (m.value - 1.0) / (m.value + 1.0);
	s2 = s * s;
	sum = 1.0 / 21.0;
	sum = sum * s2 + 1.0 / 19.0;
	sum = sum * s2 + 1.0 / 17.0;
	sum = sum * s2 + 1.0 / 15.0;
	sum = sum * s2 + 1.0 / 13.0;
	sum = sum * s2 + 1.0 / 11.0;
	sum = sum * s2 + 1.0 / 9.0;
	sum = sum * s2 + 1.0 / 7.0;
	sum = sum * s2 + 1.0 / 5.0;
	sum = sum * s2 + 1.0 / 3.0;
	sum = sum * s2 + 1.0;
	return k * LN2_HIGH + (2.0 * s * sum + k * LN2_LOW);
}

/*
 * spindle_log
 *		Natural logarithm of a positive normal number.
 *
 * x is 2^k m with m between sqrt(1/2) and sqrt(2); with s = (m-1)/(m+1),
 * |s| < 0.172, ln m = 2 (s + s^3/3 + s^5/5 + ...), which we need up to s^21.
 */
double
spindle_log(double x)
{
	return logarithm(x);
}

/*
 * spindle_logs
 *		The same of n numbers, in their places.
 */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_logs(double *x, int n)
{
	for (int i = 0; i < n; i++)
		x[i] = logarithm(x[i]);
}

/*
 * spindle_exponentials
 *		-ln u for the fractions u of n draws: exponentially distributed numbers
 *		with mean 1.
 */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_exponentials(const uint64 *pg_restrict draw, int n, double *pg_restrict out)
{
	for (int i = 0; i < n; i++)
		out[i] = -logarithm(spindle_fraction(draw[i]));
}

/*
 * spindle_pow
 *		base (> 0) to the power exponent; stays at e^700 and e^-700 where that
 *		is beyond.  The relative error grows with the size of the logarithm of
 *		the result.
 */
double
spindle_pow(double base, double exponent)
{
	return spindle_exp(exponent * spindle_log(base));
}

/*
 * The quantile where |q| <= 0.425, q being the probability less a half; elsewhere
 * of no meaning.  Without branches.
 */
static inline double
central_quantile(double q)
{
	double		r = 0.180625 - q * q;
	double		num = (((((((2509.0809287301226727 * r + 33430.575583588128105) * r
							+ 67265.770927008700853) * r + 45921.953931549871457) * r
						  + 13731.693765509461125) * r + 1971.5909503065514427) * r
						+ 133.14166789178437745) * r + 3.387132872796366608);
	double		den = (((((((5226.495278852545925 * r + 28729.085735721942674) * r
							+ 39307.89580009271061) * r + 21213.794301586595867) * r
						  + 5394.1960214247511077) * r + 687.1870074920579083) * r
						+ 42.313330701600911252) * r + 1.0);

	return q * num / den;
}

/*
 * The size of the quantile beyond that, r being the root of the negative logarithm of
 * the probability of what lies further out, up to 5.  Without branches.
 */
static inline double
tail_quantile(double r)
{
	double		num;
	double		den;

	r -= 1.6;
	num = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r
				+ 0.24178072517745061177) * r + 1.27045825245236838258) * r
			  + 3.64784832476320460504) * r + 5.7694972214606914055) * r
			+ 4.6303378461565452959) * r + 1.42343711074968357734);
	den = (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
				+ 0.0151986665636164571966) * r + 0.14810397642748007459) * r
			  + 0.68976733498510000455) * r + 1.6763848301838038494) * r
			+ 2.05319162663775882187) * r + 1.0);
	return num / den;
}

/* The same for r above 5. */
static double
far_quantile(double r)
{
	double		num;
	double		den;

	r -= 5.0;
	num = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
				+ 0.0012426609473880784386) * r + 0.026532189526576123093) * r
			  + 0.29656057182850489123) * r + 1.7848265399172913358) * r
			+ 5.4637849111641143699) * r + 6.6579046435011037772);
	den = (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
				+ 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r
			  + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
			+ 0.59983220655588793769) * r + 1.0);
	return num / den;
}

/*
 * spindle_normal_quantile
 *		The value that a standard normal variable stays below with probability
 *		p, 0 < p < 1.
 *
 * Wichura 1988, "Algorithm AS 241: The Percentage Points of the Normal
 * Distribution", Applied Statistics 37, 477-484, the version with 16 digits.
 */
double
spindle_normal_quantile(double p)
{
	double		q = p - 0.5;
	double		r;
	double		size;

	if (fabs(q) <= 0.425)
		return central_quantile(q);

	r = sqrt(-spindle_log(q < 0 ? p : 1.0 - p));
	size = r <= 5.0 ? tail_quantile(r) : far_quantile(r);
	return q < 0 ? -size : size;
}

/*
 * spindle_normal_cdf
 *		The probability that a standard normal variable stays below x.
 *
 * Found by bisection of the quantile, so that the two are inverse to each
 * other to the last digit that matters.  Slow; used when a definition is
 * compiled, never per row.
 */
double
spindle_normal_cdf(double x)
{
	double		low = 1e-300;
	double		high = 1.0 - 1.1102230246251565e-16;

	if (x <= -37.0)
		return 0.0;
	if (x >= 8.2)
		return 1.0;
	for (int i = 0; i < 1100 && low < high; i++)
	{
		/* geometric steps in the lower tail, arithmetic ones elsewhere */
		double		mid = (high < 0.01 ? sqrt(low * high) : low + (high - low) / 2);

		if (mid <= low || mid >= high)
			break;
		if (spindle_normal_quantile(mid) < x)
			low = mid;
		else
			high = mid;
	}
	return low + (high - low) / 2;
}

/* The central ones of n quantiles, in their places; the others get some number. */
SPINDLE_FOR_EACH_PROCESSOR static void
central_quantiles(double *x, int n)
{
	for (int i = 0; i < n; i++)
		x[i] = central_quantile(x[i] - 0.5);
}

/* The sizes of n quantiles beyond, of probabilities from NEAR_TAIL on. */
SPINDLE_FOR_EACH_PROCESSOR static void
tail_quantiles(const double *pg_restrict p, int n, double *pg_restrict out)
{
	for (int i = 0; i < n; i++)
		out[i] = tail_quantile(sqrt(-logarithm(p[i])));
}

/*
 * spindle_normal_quantiles
 *		spindle_normal_quantile() of n <= SPINDLE_DRAWS probabilities, in their places.
 *
 * The tails are gathered first, without branches, which no processor would foresee.
 */
void
spindle_normal_quantiles(double *x, int n)
{
	int			place[SPINDLE_DRAWS];
	double		p[SPINDLE_DRAWS];
	double		outside[SPINDLE_DRAWS];
	double		size[SPINDLE_DRAWS];
	int			nplaces = 0;

	Assert(n <= SPINDLE_DRAWS);
	for (int i = 0; i < n; i++)
	{
		place[nplaces] = i;
		p[nplaces] = x[i];
		outside[nplaces] = Min(x[i], 1.0 - x[i]);
		nplaces += fabs(x[i] - 0.5) > 0.425;
	}
	central_quantiles(x, n);
	if (nplaces == 0)
		return;
	tail_quantiles(outside, nplaces, size);
	for (int k = 0; k < nplaces; k++)
		x[place[k]] = outside[k] < NEAR_TAIL ? spindle_normal_quantile(p[k]) : copysign(size[k], p[k] - 0.5);
}

/*
 * spindle_normal_scores
 *		spindle_normal_quantile() of the fractions of n <= SPINDLE_DRAWS draws.
 */
void
spindle_normal_scores(const uint64 *draw, int n, double *out)
{
	for (int i = 0; i < n; i++)
		out[i] = spindle_fraction(draw[i]);
	spindle_normal_quantiles(out, n);
}

/* The exponential of x from -700 to 0, as spindle_exp() has it; without branches. */
static inline double
falling_exp(double x)
{
	/* adding it leaves a whole number in the last bits */
	const double large = 6755399441055744.0;
	union
	{
		uint64		bits;
		double		value;
	}			scale;
	double		k = (x * LN2_INVERSE + large) - large;
	double		r = (x - k * LN2_HIGH) - k * LN2_LOW;

	scale.value = k + large;
	scale.bits = (scale.bits + 1023) << 52;
	return exp_series(r) * scale.value;
}

/*
 * spindle_normal_ranks
 *		The probabilities that a standard normal variable stays below n numbers,
 *		with an absolute error below 10^-15.
 *
 * Hart 1968, "Computer Approximations", 5666: a rational function up to 7, and a
 * continued fraction beyond.  Numbers beyond 9 count as 9.
 */
SPINDLE_FOR_EACH_PROCESSOR void
spindle_normal_ranks(const double *pg_restrict x, int n, double *pg_restrict out)
{
	for (int i = 0; i < n; i++)
	{
		const double a = Min(fabs(x[i]), 9.0);
		const double e = falling_exp(-a * a / 2);
		const double num = (((((0.0352624965998911 * a + 0.700383064443688) * a + 6.37396220353165) * a
							  + 33.912866078383) * a + 112.079291497871) * a + 221.213596169931) * a
			+ 220.206867912376;
		const double den = ((((((0.0883883476483184 * a + 1.75566716318264) * a + 16.064177579207) * a
							   + 86.7807322029461) * a + 296.564248779674) * a + 637.333633378831) * a
						   + 793.826512519948) * a + 440.413735824752;
		const double far = 1.0 / ((a + 1.0 / (a + 2.0 / (a + 3.0 / (a + 4.0 / (a + 0.65))))) * 2.506628274631);
		const double upper = e * (a < 7.0 ? num / den : far);

		out[i] = x[i] > 0 ? 1.0 - upper : upper;
	}
}

/*
 * spindle_sine
 *		The sine of |x| <= 1, by its series.
 */
double
spindle_sine(double x)
{
	double		term = x;
	double		sum = x;

	for (int k = 2; k <= 20; k += 2)
	{
		term *= -x * x / (k * (k + 1));
		sum += term;
	}
	return sum;
}
