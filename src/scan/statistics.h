/*-------------------------------------------------------------------------
 *
 * statistics.h
 *		Statistics of generated tables, made of their definition.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_STATISTICS_H
#define SPINDLE_STATISTICS_H

#include "access/htup.h"
#include "nodes/pathnodes.h"

#include "library/source.h"

/* column_statistics.c */
extern HeapTuple spindle_column_statistics(SpindleInstance *instance, int table, int column, SpindleInput *enum_input,
										   Oid collation);

extern int32 spindle_column_width(SpindleInstance *instance, int table, int column);

/* statistics.c */
extern void spindle_statistics_set_widths(RelOptInfo *rel, Oid relid, const SpindleSource *source);
extern void spindle_statistics_init(void);

#endif							/* SPINDLE_STATISTICS_H */
