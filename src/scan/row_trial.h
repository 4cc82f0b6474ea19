/*-------------------------------------------------------------------------
 *
 * row_trial.h
 *		Conditions and expressions of a relation, tried on some of its rows while a
 *		query is planned.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ROW_TRIAL_H
#define SPINDLE_ROW_TRIAL_H

#include "scan/statistics.h"

/* Expressions of a trial, at most. */
#define SPINDLE_TRIAL_EXPRS		8

/*
 * Rows to be tried: those of a list; or n of the rows of some ranges, in runs that are
 * spread over them, of at most half as many as there are, or all.
 */
typedef struct SpindleRowChoice
{
	const SpindleRanges *ranges;
	const int64 *row;			/* the list; NULL if there is none */
	int64		n;
	int64		run;			/* rows of a run */
} SpindleRowChoice;

/*
 * Take row i of those chosen, as it is left, with the values of the expressions, which
 * are gone afterwards.
 */
typedef void (*SpindleTrialTake) (void *arg, int64 i, int64 row, const Datum *values, const bool *nulls);

/* What is tried. */
typedef struct SpindleTrial
{
	const SpindleSource *source;
	Oid			relid;
	List	   *clauses;
	List	   *exprs;			/* whose values are wanted */
	List	   *references;		/* of SpindleReference: their keys are the only
								 * ones that are left of it */
	Bitmapset  *used;			/* attributes in all of these, from 1 */
	double		time;			/* of evaluating them for a row, in nanoseconds */
	SpindleRowChoice choice;	/* while it runs */
	SpindleTrialTake take;
	void	   *arg;
} SpindleTrial;

extern SpindleTrial *spindle_trial_begin(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source);
extern bool spindle_trial_add_clauses(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, List *clauses);
extern bool spindle_trial_add_expr(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, Expr *expr);
extern void spindle_trial_add_references(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, List *references);
extern uint64 spindle_trial_hash(const SpindleTrial *trial, const SpindleRowChoice *choice);
extern SpindleRowChoice spindle_trial_choice(const SpindleTrial *trial, const SpindleScanRows *scan, int64 most,
											 double time, int64 run);
extern bool spindle_trial_run(SpindleTrial *trial, const SpindleRowChoice *choice, SpindleTrialTake take, void *arg);

#endif							/* SPINDLE_ROW_TRIAL_H */
