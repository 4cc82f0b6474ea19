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

#include "scan/ranges.h"

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

/* An expression of a column, whose statistics are wanted in place of the column's. */
typedef struct SpindleStatisticsExpression
{
	Expr	   *expr;			/* of a value of the column, see
								 * spindle_expression_of_value() */
	SpindleStatisticsType type; /* of its result */
	Oid			collation;		/* by which results are compared */
} SpindleStatisticsExpression;

/* Rows that the conditions of a relation leave. */
typedef struct SpindleLeftRows
{
	int64		n;
	const int64 *row;			/* their numbers, rising; NULL if they are many */
} SpindleLeftRows;

/* tentative.c */
extern bool spindle_compute_tentatively(void (*run) (void *arg, MemoryContext caller), void *arg);

/* left_rows.c */
extern SpindleLeftRows *spindle_left_rows(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source,
										  const SpindleRanges *ranges, List *others, double row_time);
extern void spindle_left_rows_tell(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source,
								   const SpindleLeftRows *left);

/* expression.c */
extern bool spindle_is_safe_at_planning(Node *node);
extern List *spindle_expressions_of(PlannerInfo *root, Index relid);
extern Expr *spindle_expression_of_value(Node *node, Var **column);

/*
 * In place of a column: what is told of versions, SpindleVersionColumn k being
 * SPINDLE_TOLD_STATISTICS - k; and nothing.
 */
#define SPINDLE_TOLD_STATISTICS	(-1)
#define SPINDLE_NO_STATISTICS	(-100)

/* column_statistics.c */
extern HeapTuple spindle_column_statistics(const SpindleSource *source, int column, const SpindleStatisticsType *type,
										   Oid collation);
extern HeapTuple spindle_expression_statistics(const SpindleSource *source, int column,
											   const SpindleStatisticsType *type,
											   const SpindleStatisticsExpression *expression);
extern int32 spindle_column_width(SpindleInstance *instance, int table, int column,
								  const SpindleStatisticsType *type);

/* history_sample.c */
extern double spindle_history_per_row(const SpindleSource *source);

/* kept_statistics.c */
extern HeapTuple spindle_kept_statistics(const SpindleSource *source, int column, const SpindleStatisticsType *type,
										 Oid collation, const SpindleStatisticsExpression *expression);
extern int32 spindle_kept_width(const SpindleSource *source, int column, const SpindleStatisticsType *type,
								Oid collation);
extern double spindle_versions_per_row(const SpindleSource *source);
extern double spindle_source_tuples(const SpindleSource *source);

/* statistics.c */
extern bool spindle_may_see_all_rows(PlannerInfo *root, RelOptInfo *rel, AttrNumber attnum);
extern AttrNumber spindle_attribute_of(const SpindleSource *source, int column);
extern void spindle_statistics_set_widths(RelOptInfo *rel, Oid relid, const SpindleSource *source);
extern void spindle_statistics_init(void);

#endif							/* SPINDLE_STATISTICS_H */
