/*-------------------------------------------------------------------------
 *
 * groups.h
 *		How many groups a query makes of generated rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_GROUPS_H
#define SPINDLE_GROUPS_H

#include "scan/row_trial.h"

/* groups.c */
extern double spindle_groups_of(PlannerInfo *root, RelOptInfo *rel, List *exprs);
extern void spindle_groups_init(void);

/* having.c */
extern double spindle_having_share(PlannerInfo *root, RelOptInfo *input, List *exprs, List *having, bool *known);

#endif							/* SPINDLE_GROUPS_H */
