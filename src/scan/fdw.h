/*-------------------------------------------------------------------------
 *
 * fdw.h
 *		What planning and execution of foreign scans share.
 *
 * The parts know each other by this file only: foreign_options.c turns the
 * options of a foreign table into a generated table, plan.c offers paths and
 * makes the plan, fdw.c runs it; upper.c and answer.c do the same for
 * aggregates that need no scan.  A plan can be kept, copied and sent to a
 * worker, so whatever execution needs of planning is in fdw_private, as lists
 * of integers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FDW_H
#define SPINDLE_FDW_H

#include "foreign/fdwapi.h"

#include "scan/ranges.h"

/*
 * Elements of fdw_private of a ForeignScan, by their position in the list.
 *
 * All are integers, which copyObject() and the functions that send a plan to a
 * worker understand.  A path's fdw_private is the element BACKWARD alone.
 */
typedef enum SpindlePlanPart
{
	SPINDLE_PLAN_ATTRIBUTES,	/* integer list: attribute of the relation,
								 * from 0, for each column of the scan tuple;
								 * -1 if it is not computed */
	SPINDLE_PLAN_CONDITIONS,	/* list of integer lists, see ranges.h; their
								 * values are fdw_exprs */
	SPINDLE_PLAN_BACKWARD,		/* integer list of one: read from the end */
	SPINDLE_PLAN_FINGERPRINT	/* integer list of two: of the definition */
} SpindlePlanPart;

/* foreign_options.c */
extern void spindle_foreign_options_check(List *options, Oid catalog);
extern SpindleSource *spindle_source_of_relation(Oid relid, TupleDesc desc);
extern List *spindle_source_import(const char *domain, const char *server, const char *local_schema, List *options);

/* fdw.c */
extern List *spindle_fingerprint_list(const SpindleDomain *domain);
extern void spindle_check_fingerprint(const SpindleDomain *domain, List *planned);
extern void spindle_explain_generates(const SpindleSource *source, struct ExplainState *es);
extern List *spindle_explain_context(ForeignScan *plan, struct ExplainState *es);
extern FdwRoutine *spindle_fdw_routine(void);

/* plan.c */
extern SpindleSource *spindle_fdw_source(RelOptInfo *baserel, Oid relid);
extern void spindle_fdw_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern void spindle_fdw_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern ForeignScan *spindle_fdw_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid,
									 ForeignPath *best_path, List *tlist, List *scan_clauses,
									 Plan *outer_plan);
extern const SpindleSource *spindle_fdw_rel_source(const RelOptInfo *baserel);

/* sample.c */
extern bool spindle_fdw_analyze(Relation relation, AcquireSampleRowsFunc *func, BlockNumber *totalpages);

/* upper.c */
extern void spindle_answer_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
								 RelOptInfo *output_rel, void *extra);
extern ForeignScan *spindle_answer_plan(ForeignPath *path, List *tlist);

/* answer.c */
extern void spindle_answer_begin(ForeignScanState *node, int eflags);

#endif							/* SPINDLE_FDW_H */
