/*-------------------------------------------------------------------------
 *
 * reference_state.h
 *		What a rule of kind "reference" needs to choose rows.
 *
 * It depends on the instance alone, so it is made once for each rule that
 * somebody reads and kept by the instance.  Row numbers are those of the table
 * that is referred to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_REFERENCE_STATE_H
#define SPINDLE_REFERENCE_STATE_H

#include "gen/instance.h"

/*
 * Without "where" and "containing", only popularity, after and is_empty
 * matter.  A "containing" finds the bounds around a time by bisection and
 * chooses evenly among the rows that are open between them.
 */
typedef struct SpindleReferenceState
{
	SpindlePopularity *popularity;	/* how to choose among all rows, or among
									 * the entries of choice */
	SpindleSample *sample;		/* the same for choices that differ, with both
								 * "distinct" and "skew"; else NULL */
	SpindleTimeline *after;		/* times of the parents, or NULL */
	bool		is_empty;		/* there is no row to choose */
	int64		nchoices;		/* rows that "where" leaves */
	int64	   *choice;			/* their numbers, rising; NULL without "where" */
	int			nbounds;		/* "containing": times at which the set of */
	Timestamp  *bound;			/* open periods changes, sorted */
	int		   *first_open;		/* nbounds + 1 indexes into open */
	int64	   *open;			/* rows whose period is open after a bound */
	double		coverage;		/* "containing": share (0 to 1) of the calendar
								 * of the rows' times with an open period; 1 if
								 * that calendar is not known */
} SpindleReferenceState;

extern SpindleReferenceState *spindle_reference_state(SpindleInstance *instance, const SpindleRule *rule);

#endif							/* SPINDLE_REFERENCE_STATE_H */
