/*-------------------------------------------------------------------------
 *
 * parallel.h
 *		Seeding by background workers: the leader.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_PARALLEL_H
#define SPINDLE_SEED_PARALLEL_H

#include "seed/prepare.h"

extern void spindle_seed_parallel(SpindleSeed *seed);

#endif							/* SPINDLE_SEED_PARALLEL_H */
