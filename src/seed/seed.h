/*-------------------------------------------------------------------------
 *
 * seed.h
 *		Real tables of a domain, filled.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_H
#define SPINDLE_SEED_H

#include "seed/options.h"

/* What has been made; tables that were skipped do not count. */
typedef struct SpindleSeedResult
{
	int			ntables;
	int64		nrows;
	int64		nbytes;			/* on disk, with indexes and all */
} SpindleSeedResult;

extern void spindle_seed_tables(const SpindleSeedOptions *options, SpindleSeedResult *result);

#endif							/* SPINDLE_SEED_H */
