/*-------------------------------------------------------------------------
 *
 * load.h
 *		Generated rows into a new table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LOAD_H
#define SPINDLE_LOAD_H

#include "gen/instance.h"

/* Called after each batch with the number of rows stored so far. */
typedef void (*SpindleLoadReport) (void *arg, int64 rows);

extern int64 spindle_load(Oid relid, SpindleInstance *instance, int table,
						  SpindleLoadReport report, void *arg);

#endif							/* SPINDLE_LOAD_H */
