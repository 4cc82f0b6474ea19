/*-------------------------------------------------------------------------
 *
 * workers.h
 *		Background workers that do a part of a session's work, as the session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_WORKERS_H
#define SPINDLE_WORKERS_H

#include "compat.h"

/* What workers are; strings must be constants. */
typedef struct SpindleWorkersKind
{
	const char *library;		/* the file that has their entry point, */
	const char *function;		/* and its name */
	const char *type;			/* what they are called in pg_stat_activity */
	const char *caller;			/* what stands in contexts of their errors */
} SpindleWorkersKind;

typedef struct SpindleWorkers SpindleWorkers;

/* in the session: the leader */
extern SpindleWorkers *spindle_workers_create(const SpindleWorkersKind *kind, int nworkers, Size shared_size,
											  MemoryContext context);
extern void *spindle_workers_shared(const SpindleWorkers *workers);
extern void spindle_workers_start(SpindleWorkers *workers);
extern void spindle_workers_read(SpindleWorkers *workers);
extern bool spindle_workers_has_ended(SpindleWorkers *workers, int i);
pg_noreturn extern void spindle_workers_report_end(void);
extern void spindle_workers_stop(SpindleWorkers *workers);
extern void spindle_workers_free(SpindleWorkers *workers);

/* in a worker */
extern void *spindle_worker_begin(Datum arg, int *number);
extern void spindle_worker_wake_leader(void);
extern void spindle_worker_begin_procedure(void);
extern void spindle_worker_end_procedure(void);

#endif							/* SPINDLE_WORKERS_H */
