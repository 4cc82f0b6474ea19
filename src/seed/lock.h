/*-------------------------------------------------------------------------
 *
 * lock.h
 *		A schema is seeded by one call at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_LOCK_H
#define SPINDLE_SEED_LOCK_H

#include "postgres_ext.h"

extern void spindle_seed_lock(Oid schema, const char *name);
extern void spindle_seed_hold_lock(Oid schema);
extern void spindle_seed_release_lock(Oid schema);
extern bool spindle_seed_lock_to_drop(Oid schema);

#endif							/* SPINDLE_SEED_LOCK_H */
