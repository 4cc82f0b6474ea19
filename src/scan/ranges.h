/*-------------------------------------------------------------------------
 *
 * ranges.h
 *		Conditions that select ranges of rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RANGES_H
#define SPINDLE_RANGES_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "library/source.h"

/* column <operator> value, with a column that never falls. */
typedef struct SpindleCondition
{
	int			attribute;		/* of the relation, from 1 */
	int			column;			/* of the generated table */
	int			strategy;		/* a btree strategy */
	bool		is_array;		/* column = ANY (value) */
	Oid			value_type;		/* of the value, or of the array's elements */
	Expr	   *value;
} SpindleCondition;

/* Rows first .. end - 1. */
typedef struct SpindleRange
{
	int64		first;
	int64		end;
} SpindleRange;

typedef struct SpindleRanges
{
	int			n;
	SpindleRange *range;		/* rising, not overlapping, none empty */
	int64		nrows;			/* in all of them */
} SpindleRanges;

extern SpindleCondition *spindle_condition_match(PlannerInfo *root, const SpindleSource *source,
												 Index relid, Expr *clause);
extern List *spindle_condition_to_list(const SpindleCondition *condition);
extern SpindleCondition *spindle_condition_from_list(const SpindleSource *source, List *list);

extern SpindleRanges *spindle_ranges_all(const SpindleSource *source);
extern SpindleRanges *spindle_ranges_restrict(const SpindleSource *source, SpindleRanges *ranges,
											  const SpindleCondition *condition,
											  Datum value, bool is_null);
extern double spindle_condition_selectivity(PlannerInfo *root, const SpindleSource *source,
											const SpindleCondition *condition);

#endif							/* SPINDLE_RANGES_H */
