/*-------------------------------------------------------------------------
 *
 * ranges.h
 *		Conditions that select ranges of rows.
 *
 * Both planning and execution use them.  At planning a clause is matched, and
 * its value tried out if it is a constant; at execution the value is computed
 * and the ranges that it leaves are found, once per scan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RANGES_H
#define SPINDLE_RANGES_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "library/source.h"

/*
 * column <operator> value, with a column that never falls, or column = value with
 * one whose values lead back to their rows.
 *
 * The operator is one of the column's btree family, with the column on the
 * left; where the query has them the other way round, the strategy is that of
 * the commutator.  The value may be NULL, may come from another relation, and
 * never depends on the row.
 */
typedef struct SpindleCondition
{
	int			attribute;		/* of the relation, from 1 */
	int			column;			/* of the generated table */
	int			strategy;		/* a btree strategy */
	bool		is_array;		/* column = ANY (value) */
	Oid			value_type;		/* of the value, or of the array's elements */
	Expr	   *value;			/* not set at execution, where the plan has it
								 * apart */
} SpindleCondition;

/* Rows first .. end - 1, by their number from 0; first < end. */
typedef struct SpindleRange
{
	int64		first;
	int64		end;
} SpindleRange;

/* A set of rows, as ranges between which there are gaps or none. */
typedef struct SpindleRanges
{
	int			n;
	SpindleRange *range;		/* rising, not overlapping, none empty */
	int64		nrows;			/* in all of them */
} SpindleRanges;

/*
 * What finds the rows of a node that runs: its conditions, and their values as
 * expressions.
 */
typedef struct SpindleSearch
{
	const SpindleSource *source;
	SpindleRange window;		/* of rows to search: all, unless who creates the
								 * search sets others; may be empty */
	int			n;
	SpindleCondition **condition;
	ExprState **value;			/* of each condition */
	MemoryContext context;		/* holds the ranges that were found last */
} SpindleSearch;

extern int	spindle_monotone_attribute(const SpindleSource *source, Index relid, Node *node);
extern bool spindle_source_changes(const SpindleSource *source, int column);
extern bool spindle_column_is_found(const SpindleSource *source, int column);
extern SpindleCondition *spindle_condition_match(PlannerInfo *root, const SpindleSource *source,
												 Index relid, Expr *clause);
extern List *spindle_condition_to_list(const SpindleCondition *condition);

extern SpindleRanges *spindle_ranges_all(const SpindleSource *source);
extern SpindleRanges *spindle_ranges_restrict(const SpindleSource *source, SpindleRanges *ranges,
											  const SpindleCondition *condition,
											  Datum value, bool is_null);
extern SpindleSearch *spindle_search_create(const SpindleSource *source, List *conditions, List *values,
											PlanState *node);
extern SpindleRanges *spindle_search_run(SpindleSearch *search, ExprContext *econtext);
extern List *spindle_search_texts(const SpindleSearch *search, Oid relid, List *values, List *context);
extern double spindle_condition_selectivity(PlannerInfo *root, const SpindleSource *source,
											const SpindleCondition *condition);

#endif							/* SPINDLE_RANGES_H */
