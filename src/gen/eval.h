/*-------------------------------------------------------------------------
 *
 * eval.h
 *		Computing columns of a table for batches of rows.
 *
 * A reader creates a program for a table, adds the columns and conditions that
 * it wants, and then runs it on batches of up to SPINDLE_BATCH_ROWS rows.
 * Values depend on nothing but the instance and the row number: batches may
 * come in any order and overlap.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_EVAL_H
#define SPINDLE_EVAL_H

#include "gen/instance.h"

/*
 * Rows of a batch, at most: few enough that the vectors of some dozen columns
 * stay in the processor's caches, enough that the steps cost nothing per row.
 */
#define SPINDLE_BATCH_ROWS	512

/* The values of one column for the rows of a batch. */
typedef struct SpindleVector
{
	int64	   *value;			/* in the representation of the column's type,
								 * see SpindleKind; of no meaning where NULL */
	bool	   *is_null;		/* or NULL: no value is null */
} SpindleVector;

typedef struct SpindleEval SpindleEval;
struct SpindleMoments;

extern SpindleEval *spindle_eval_create(SpindleInstance *instance, int table, MemoryContext parent);
extern SpindleEval *spindle_eval_create_at(SpindleInstance *instance, int table, int profile, MemoryContext parent);
extern void spindle_eval_expect_versions(SpindleEval *eval, struct SpindleMoments *moments);
extern void spindle_eval_set_time(SpindleEval *eval, Timestamp time);
extern int	spindle_eval_add(SpindleEval *eval, const SpindleColumnRef *ref);
extern int	spindle_eval_add_column(SpindleEval *eval, int column);
extern int	spindle_eval_add_rows(SpindleEval *eval, const SpindleColumnRef *ref);
extern int	spindle_eval_add_test(SpindleEval *eval, const SpindleTest *test);
extern int	spindle_eval_add_alive(SpindleEval *eval);
extern int	spindle_eval_add_version(SpindleEval *eval);
extern void spindle_eval_run(SpindleEval *eval, const int64 *rows, int n);
extern void spindle_eval_run_at(SpindleEval *eval, const int64 *rows, const Timestamp *times, int n);
extern void spindle_eval_run_again_at(SpindleEval *eval, const Timestamp *times, int n);
extern const SpindleVector *spindle_eval_vector(const SpindleEval *eval, int handle);
extern bool spindle_vector_differs(const SpindleVector *vector, const SpindleType *type, int a, int b);

extern const int64 *spindle_eval_rows(const SpindleEval *eval);

/* version.c */
extern bool spindle_column_has_versions(const SpindleTable *table, int column);

/* life.c */
extern int64 spindle_first_row_behind(SpindleInstance *instance, int table, const SpindleTimeRef *ref, Timestamp time);
extern int64 spindle_alive_end(SpindleInstance *instance, int table, Timestamp time);

/* rule.c */
extern int64 spindle_instance_first_row_at(SpindleInstance *instance, int table, int column,
										   int64 value, bool inclusive);
extern bool spindle_column_has_rows_of_value(const SpindleDomain *domain, int table, int column);
extern bool spindle_instance_rows_of_value(SpindleInstance *instance, int table, int column, int64 value,
										   int64 *first, int64 *end);

#endif							/* SPINDLE_EVAL_H */
