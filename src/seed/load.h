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

extern bool spindle_load_can_check(const SpindleDomain *domain, int table, int column);
extern int64 spindle_load(Oid relid, SpindleInstance *instance, int table, const bool *checked,
						  SpindleLoadReport report, void *arg);

#endif							/* SPINDLE_LOAD_H */
