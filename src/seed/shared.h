/*-------------------------------------------------------------------------
 *
 * shared.h
 *		What the leader of a parallel seeding and its workers share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_SHARED_H
#define SPINDLE_SEED_SHARED_H

#include "port/atomics.h"
#include "storage/condition_variable.h"

#include "seed/options.h"

/*
 * Provisional names of tables are this, the leader's process id, a number drawn
 * for the call and one for the table, with underscores between; and what tables
 * say of themselves as long as they have them.
 */
#define SPINDLE_SEED_STAGING	"spindle_seed_"
#define SPINDLE_SEED_COMMENT	"being filled by spindle_seed"

/*
 * The steps of a parallel seeding.  The leader sets the next one when all
 * workers have done theirs.
 */
typedef enum SpindleSeedStep
{
	SPINDLE_SEED_LOAD,			/* make tables, in one transaction per worker;
								 * next: COMMIT */
	SPINDLE_SEED_COMMIT,		/* end this transaction; next: VALIDATE */
	SPINDLE_SEED_VALIDATE,		/* check foreign keys; the last one */
	SPINDLE_SEED_NSTEPS
} SpindleSeedStep;

/*
 * A table to make.  relid is InvalidOid before, and is there before the table
 * is committed.
 */
typedef struct SpindleSeedTask
{
	int			table;			/* of the domain */
	Oid			relid;			/* set by the worker that makes it */
} SpindleSeedTask;

/*
 * What lies at the beginning of the shared memory.
 *
 * Only atomics, step_changed, and relid of a task by the worker that took it,
 * are written while workers run; steps_done and latches make them known.
 */
typedef struct SpindleSeedShared
{
	/* set by the leader before it starts workers */
	int64		seed;
	uint64		fingerprint;	/* of the definition */
	char		domain[NAMEDATALEN];
	char		scale[NAMEDATALEN];
	char		schema[NAMEDATALEN];
	char		staging[NAMEDATALEN];
	SpindleAsOf as_of;
	bool		is_logged;
	bool		with_keys;
	bool		with_indexes;
	bool		with_statistics;
	int			nworkers;
	int			ntasks;

	/* changes */
	ConditionVariable step_changed;
	pg_atomic_uint32 step;
	pg_atomic_uint32 next_task; /* of this step */
	pg_atomic_uint64 rows;		/* stored so far */
	pg_atomic_uint32 tables_done;	/* with indexes and statistics */
	pg_atomic_uint32 steps_done[SPINDLE_MAX_SEED_WORKERS];
	SpindleSeedTask task[FLEXIBLE_ARRAY_MEMBER];	/* the largest first */
} SpindleSeedShared;

/* worker.c */
extern PGDLLEXPORT void spindle_seed_worker_main(Datum arg);

#endif							/* SPINDLE_SEED_SHARED_H */
