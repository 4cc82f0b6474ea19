/*-------------------------------------------------------------------------
 *
 * seed.h
 *		Seeding: what its files share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_H
#define SPINDLE_SEED_H

#include "fmgr.h"

#include "gen/instance.h"
#include "seed/ddl.h"

#define SPINDLE_MAX_SEED_WORKERS	64

/* What a call of spindle_seed is to do, checked. */
typedef struct SpindleSeed
{
	/* arguments */
	char	   *schema;
	bool		with_keys;
	bool		with_indexes;
	bool		with_statistics;
	int			nworkers;		/* 0 for none */

	/* what follows from them and from what there is */
	SpindleInstance *instance;	/* pinned by the context of the call */
	bool	   *selected;		/* per table of the domain: is it made? */
	int			ntables;		/* that are */
	List	   *replaced;		/* qualified names of tables to drop */
	bool		schema_is_missing;
	bool		is_watched;		/* event triggers may change tables */
	SpindleDdl *ddl;

	/* results */
	int64		nrows;
	int64		nbytes;
} SpindleSeed;

/* seed.c */
extern bool *spindle_seed_selection(FunctionCallInfo fcinfo, int arg, const SpindleDomain *domain);
extern void spindle_seed_run(const char *statement);
extern void spindle_seed_run_all(List *statements);
extern void spindle_seed_prepare_schema(const SpindleSeed *seed);
extern void spindle_seed_drop_replaced(SpindleSeed *seed);
extern Oid	spindle_seed_relation(const SpindleDdl *ddl, int table);
extern int64 spindle_seed_bytes(Oid relid);

/* seed_parallel.c */
extern void spindle_seed_parallel(SpindleSeed *seed);

/* seed_lock.c */
extern void spindle_seed_lock(Oid schema, const char *name);
extern void spindle_seed_hold_lock(Oid schema);
extern void spindle_seed_release_lock(Oid schema);
extern bool spindle_seed_lock_to_drop(Oid schema);

/* seed_cleanup.c */
extern void spindle_seed_drop_leftovers(const SpindleSeed *seed);

#endif							/* SPINDLE_SEED_H */
