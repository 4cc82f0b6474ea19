/*-------------------------------------------------------------------------
 *
 * reference_state.h
 *		What a rule of kind "reference" needs to choose rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_REFERENCE_STATE_H
#define SPINDLE_REFERENCE_STATE_H

#include "gen/instance.h"

typedef struct SpindleReferenceState
{
	SpindlePopularity *popularity;
	SpindleTimeline *after;		/* times of the parents, or NULL */
	bool		is_empty;		/* there is no row to choose */
	int64		nchoices;		/* rows that "where" leaves */
	int64	   *choice;
	int			nbounds;		/* "containing": times at which the set of */
	Timestamp  *bound;			/* open periods changes, sorted */
	int		   *first_open;		/* nbounds + 1 indexes into open */
	int64	   *open;			/* rows whose period is open after a bound */
	double		coverage;		/* share of the times with an open period */
} SpindleReferenceState;

extern SpindleReferenceState *spindle_reference_state(SpindleInstance *instance, const SpindleRule *rule);

#endif							/* SPINDLE_REFERENCE_STATE_H */
