/*-------------------------------------------------------------------------
 *
 * prepare.h
 *		What a seeding is to do, and what of the schema has to make room.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_PREPARE_H
#define SPINDLE_SEED_PREPARE_H

#include "seed/ddl.h"
#include "seed/options.h"

/*
 * A seeding under way.  It lives in the memory context in which it was
 * prepared, which must outlive transactions if there are workers.
 */
typedef struct SpindleSeed
{
	const SpindleSeedOptions *options;

	/* what follows from them and from what there is */
	bool	   *selected;		/* per table of the domain: is it made? */
	int			ntables;		/* that are */
	List	   *replaced;		/* qualified names of tables to drop */
	List	   *new_types;		/* numbers of types to make */
	bool		schema_is_missing;
	SpindleDdl *ddl;

	/* set when it begins */
	bool		is_watched;		/* event triggers may change tables */

	/* results */
	int64		nrows;
	int64		nbytes;			/* on disk, with indexes and all */
} SpindleSeed;

extern SpindleSeed *spindle_seed_prepare(const SpindleSeedOptions *options);
extern void spindle_seed_make_schema(const SpindleSeed *seed);
extern void spindle_seed_drop_replaced(SpindleSeed *seed);

#endif							/* SPINDLE_SEED_PREPARE_H */
