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

/*
 * The type in which the values of a column are looked at: that of the attribute
 * that shows it, or what a domain is made of.
 */
typedef struct SpindleStatisticsType
{
	Oid			oid;
	int32		typmod;
	SpindleInput *input;		/* reads the column's texts; NULL if the type is
								 * the column's own */
} SpindleStatisticsType;

/* column_statistics.c */
extern HeapTuple spindle_column_statistics(SpindleInstance *instance, int table, int column,
										   const SpindleStatisticsType *type, Oid collation);

extern int32 spindle_column_width(SpindleInstance *instance, int table, int column,
								  const SpindleStatisticsType *type);

/* statistics.c */
extern void spindle_statistics_set_widths(RelOptInfo *rel, Oid relid, const SpindleSource *source);
extern void spindle_statistics_init(void);

#endif							/* SPINDLE_STATISTICS_H */
