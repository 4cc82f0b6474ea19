/*-------------------------------------------------------------------------
 *
 * fill_schema.h
 *		Generated rows into the tables of a schema that exist.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FILL_SCHEMA_H
#define SPINDLE_FILL_SCHEMA_H

#include "seed/fill_plan.h"

/* How it went with a table. */
typedef enum SpindleFillState
{
	SPINDLE_FILL_DONE,			/* it is filled; in a trial, it would be */
	SPINDLE_FILL_FAILS,			/* of a trial only */
	SPINDLE_FILL_NOT_TRIED		/* likewise: a table that it refers to fails */
} SpindleFillState;

/* What is told of a table, in the order in which tables are filled. */
typedef struct SpindleFillLine
{
	const char *table;			/* of the domain */
	const char *relation;		/* with its schema, as SQL writes it */
	SpindleFillState state;
	int64		rows;			/* inserted, or tried */
	const SpindleFillProblem *problem;	/* of those that fail; a table has a line
										 * for each */
} SpindleFillLine;

/* fill_schema.c */
extern List *spindle_fill_schema_tables(const SpindleFillOptions *options);
extern void spindle_fill_defer(const SpindleFillPlan *plan, int target);
extern void spindle_fill_end_deferral(const SpindleFillPlan *plan, int target);

/* fill_trial.c */
extern List *spindle_fill_try(const SpindleFillOptions *options, int64 max_rows);

/* fill_sample.c */
extern int64 **spindle_fill_sample(const SpindleFillPlan *plan, int64 max_rows, int64 *nrows);

#endif							/* SPINDLE_FILL_SCHEMA_H */
