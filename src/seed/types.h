/*-------------------------------------------------------------------------
 *
 * types.h
 *		Types that a definition declares, or names, for a seeding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TYPES_H
#define SPINDLE_TYPES_H

#include "seed/prepare.h"

extern void spindle_seed_check_types(SpindleSeed *seed, Oid schema);
extern List *spindle_seed_make_types(const SpindleSeed *seed, Oid schema);

#endif							/* SPINDLE_TYPES_H */
