/*-------------------------------------------------------------------------
 *
 * reference_profile.h
 *		What is known of the rows that a reference chooses, for estimates.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_REFERENCE_PROFILE_H
#define SPINDLE_REFERENCE_PROFILE_H

#include "gen/profile.h"
#include "gen/reference_state.h"

extern void spindle_reference_profile(SpindleInstance *instance, int table, const SpindleRule *rule,
									  const SpindleReferenceState *state, SpindleProfile *profile);

#endif							/* SPINDLE_REFERENCE_PROFILE_H */
