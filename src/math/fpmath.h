/*-------------------------------------------------------------------------
 *
 * fpmath.h
 *		Elementary functions that give the same bits everywhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FPMATH_H
#define SPINDLE_FPMATH_H

extern double spindle_exp(double x);
extern void spindle_exps(double *x, int n);
extern double spindle_log(double x);
extern void spindle_logs(double *x, int n);
extern void spindle_exponentials(const uint64 *draw, int n, double *out);
extern double spindle_pow(double base, double exponent);
extern double spindle_normal_quantile(double p);
extern double spindle_normal_cdf(double x);
extern void spindle_normal_quantiles(double *x, int n);
extern void spindle_normal_scores(const uint64 *draw, int n, double *out);
extern void spindle_normal_ranks(const double *x, int n, double *out);
extern double spindle_sine(double x);

#endif							/* SPINDLE_FPMATH_H */
