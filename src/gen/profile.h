/*-------------------------------------------------------------------------
 *
 * profile.h
 *		What is known of a column's values without computing rows.
 *
 * For estimates only: nothing here decides a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PROFILE_H
#define SPINDLE_PROFILE_H

#include "gen/instance.h"

/* Values that a profile lists, at most. */
#define SPINDLE_PROFILE_VALUES	100
/* Quantiles of a profile, from the least value to the greatest. */
#define SPINDLE_PROFILE_QUANTILES	101

/*
 * A profile.  Shares are parts of the rows whose value is not NULL, as they are
 * to be expected; rows differ from that by chance.
 */
typedef struct SpindleProfile
{
	double		null_fraction;	/* of all rows; -1 if it is not known */
	double		ndistinct;		/* different values to be expected, NULL not
								 * counted; 0 if it is not known */
	bool		is_complete;	/* the list has all values there are */
	int			nquantiles;		/* SPINDLE_PROFILE_QUANTILES, or 0 if they are
								 * not known */
	int			nvalues;		/* listed, the most common first */
	int64		value[SPINDLE_PROFILE_VALUES];	/* in the representation of
												 * the column's type */
	double		share[SPINDLE_PROFILE_VALUES];
	int64		quantile[SPINDLE_PROFILE_QUANTILES];	/* of the values that are
														 * not listed, rising */
} SpindleProfile;

/* profile.c */
extern void spindle_column_profile(SpindleInstance *instance, int table, int column, SpindleProfile *profile);
extern double spindle_profile_hit(double choices);
extern void spindle_profile_add(SpindleProfile *profile, int64 value, double share);
extern void spindle_profile_choices(SpindleProfile *profile, int64 nrows, int n, const int64 *value,
									const bool *is_null, const double *weight);

#endif							/* SPINDLE_PROFILE_H */
