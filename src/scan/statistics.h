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

#include "utils/selfuncs.h"

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

/* What a column of a relation is known to lead to, by a join with what is left of another one. */
typedef struct SpindleReference
{
	AttrNumber	attnum;
	int64		n;
	const int64 *key;			/* rising */
} SpindleReference;

/* What planning has found out about the rows that a scan gives. */
typedef struct SpindleScanRows
{
	const SpindleSource *source;
	const SpindleRanges *ranges;	/* of conditions by values that are known */
	bool		is_exact;		/* are these the rows that are read? */
	List	   *others;			/* conditions that these are checked for,
								 * RestrictInfos */
	const SpindleLeftRows *left;	/* what these leave; NULL if not known */
	List	   *references;		/* of SpindleReference */
	double		row_time;		/* of computing the attributes of the query for a
								 * row, in nanoseconds */
} SpindleScanRows;

/* Statistics of an expression of a relation that the planner has been told. */
typedef struct SpindleToldExpression
{
	Node	   *expr;
	HeapTuple	tuple;			/* NULL if there are none */
	AttrNumber	attnum;			/* of its column, if there are */
} SpindleToldExpression;

/* plan.c */
extern List **spindle_fdw_told_expressions(RelOptInfo *rel, Oid relid);
extern const SpindleScanRows *spindle_fdw_rel_rows(RelOptInfo *rel);
extern void spindle_fdw_note_reference(RelOptInfo *rel, AttrNumber attnum, const int64 *key, int64 n);

/* foreign_keys.c */
extern void spindle_foreign_keys_add(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source);

/* subquery_statistics.c */
extern bool spindle_subquery_statistics(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte, AttrNumber attnum,
										VariableStatData *vardata);

/* tentative.c */
extern bool spindle_compute_tentatively(void (*run) (void *arg, MemoryContext caller), void *arg);

/* left_rows.c */
extern SpindleLeftRows *spindle_left_rows(PlannerInfo *root, RelOptInfo *rel, const SpindleScanRows *scan);
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
extern bool spindle_rel_is_generated(const RelOptInfo *rel);
extern bool spindle_may_see_all_rows(PlannerInfo *root, RelOptInfo *rel, AttrNumber attnum);
extern AttrNumber spindle_attribute_of(const SpindleSource *source, int column);
extern void spindle_statistics_set_widths(RelOptInfo *rel, Oid relid, const SpindleSource *source);
extern void spindle_statistics_init(void);

#endif							/* SPINDLE_STATISTICS_H */
