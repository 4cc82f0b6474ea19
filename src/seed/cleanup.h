/*-------------------------------------------------------------------------
 *
 * cleanup.h
 *		Dropping what a seeding by workers leaves when it fails.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_CLEANUP_H
#define SPINDLE_SEED_CLEANUP_H

#include "seed/shared.h"

extern void spindle_seed_drop_tables(const SpindleSeedShared *shared, const List *types, bool has_made_schema);
extern void spindle_seed_drop_leftovers(const char *schema);

#endif							/* SPINDLE_SEED_CLEANUP_H */
