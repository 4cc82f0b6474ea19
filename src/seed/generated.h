/*-------------------------------------------------------------------------
 *
 * generated.h
 *		Rows of a generated table as an INSERT reads them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_GENERATED_H
#define SPINDLE_GENERATED_H

#include "access/tupdesc.h"

#include "gen/instance.h"
#include "gen/presence.h"
#include "server/target.h"

/* What statements call the rows that they read. */
#define SPINDLE_GENERATED_ALIAS	"generated"

extern TupleDesc spindle_generated_desc(const SpindleTable *table, const bool *wanted, int **columns);
extern char *spindle_generated_from(const SpindleInstance *instance, int table, const SpindleAsOf *as_of, TupleDesc desc,
									const char *first,
									const char *n);
extern SpindleTargetRows spindle_generated_rows(const SpindleTable *table, TupleDesc desc, const char *from);

#endif							/* SPINDLE_GENERATED_H */
