/*-------------------------------------------------------------------------
 *
 * fill_plan.h
 *		What the filling of a schema that exists is to do, in which order.
 *
 * Tables of the domain that are wanted become targets, numbered from 0 in the
 * order of the definition.  Columns are those of the generated table by their
 * numbers in the definition; a target's relation may have others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FILL_PLAN_H
#define SPINDLE_FILL_PLAN_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "gen/instance.h"
#include "server/foreign_key.h"

/*
 * What a caller asks for; all of it has been checked, but not against what the
 * schema holds.
 */
typedef struct SpindleFillOptions
{
	SpindleInstance *instance;	/* held until the end of the call */
	char	   *schema;			/* NULL for those that the definition names */
	bool	   *selected;		/* per table of the domain: is it wanted? */
	bool		appends;		/* tables may have rows already */
	bool		sets_sequences; /* behind the values of their columns */
} SpindleFillOptions;

/* What can be done where a row refers to one that is not there yet. */
typedef enum SpindleFillWay
{
	SPINDLE_FILL_IN_ROW_ORDER,	/* nothing is needed: rows refer to rows of their
								 * own table before them */
	SPINDLE_FILL_DEFER,			/* the check can wait */
	SPINDLE_FILL_NULL_FIRST,	/* columns can be null until the other row is there */
	SPINDLE_FILL_AT_ONCE		/* both tables by one statement */
} SpindleFillWay;

/* A foreign key of a target's relation. */
typedef struct SpindleFillReference
{
	const SpindleCatalogKey *key;
	int			parent;			/* target that it refers to, maybe its own, or -1 */
	int		   *column;			/* per column of the key, -1 if it is not filled */
	int		   *parent_column;	/* likewise of the parent; all -1 without one */
	SpindleFillWay way;
	Bitmapset  *nulled;			/* NULL_FIRST: the columns to leave null at first */
	bool		is_deferred;	/* that is done */
	bool		is_late;		/* the columns are left null */
	bool		is_traced;		/* it is known which rows it refers to; set by
								 * spindle_fill_sample() */
} SpindleFillReference;

/* A column whose sequences are to be set behind its values. */
typedef struct SpindleFillSequence
{
	Oid			relid;
	int			column;
} SpindleFillSequence;

/* What is wrong with a target, as an error would say it; texts may be NULL. */
typedef struct SpindleFillProblem
{
	int			sqlstate;
	const char *message;
	const char *detail;
	const char *hint;
	const char *column;
	const char *constraint;
	int64		rows;			/* that it was found in; 0 if that is not known */
} SpindleFillProblem;

/* A relation to fill. */
typedef struct SpindleFillTarget
{
	int			table;			/* of the domain */
	Oid			relid;			/* InvalidOid if there is none */
	Oid			stored;			/* where its rows go: the same, or the table of a view */
	const char *name;			/* of the relation, with its schema, as SQL writes
								 * it */
	bool	   *wanted;			/* per column: does it get its value from us? */
	Bitmapset  *late;			/* of these, the ones that are null until an UPDATE */
	Bitmapset  *finder;			/* columns by which that finds a row, NULL if none
								 * can be found */
	List	   *references;		/* of SpindleFillReference */
	List	   *sequences;		/* of SpindleFillSequence */
	List	   *problems;		/* of SpindleFillProblem */
} SpindleFillTarget;

/*
 * Targets that are filled next.  There is one, unless several have to be filled by
 * one statement; and one that has to, as it refers to itself, is such a step too.
 */
typedef struct SpindleFillStep
{
	List	   *targets;		/* numbers */
	bool		is_at_once;		/* by one statement for all rows */
} SpindleFillStep;

typedef struct SpindleFillPlan
{
	const SpindleFillOptions *options;
	int			ntargets;
	SpindleFillTarget *target;
	List	   *steps;			/* of SpindleFillStep, in order */
} SpindleFillPlan;

/* fill_match.c */
extern SpindleFillPlan *spindle_fill_plan(const SpindleFillOptions *options, bool is_trial);
extern void spindle_fill_raise_problems(const SpindleFillPlan *plan);
extern void spindle_fill_add_problem(SpindleFillTarget *target, int sqlstate, const char *column, const char *message,
									 const char *detail, const char *hint);
extern void spindle_fill_add_error(SpindleFillTarget *target, const ErrorData *error, int64 rows);

extern void spindle_fill_add_late_problem(SpindleFillTarget *target, int64 expected, int64 found);

/* fill_check.c */
extern void spindle_fill_check_empty(SpindleFillTarget *target);
extern void spindle_fill_check(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation);
extern void spindle_fill_check_statements(const SpindleFillPlan *plan);

/* fill_order.c */
extern void spindle_fill_order(SpindleFillPlan *plan);

extern bool spindle_fill_late_is_due(const SpindleFillPlan *plan, int target, const bool *is_filled,
									 const List *filled_last);

/* fill_sql.c */
extern char *spindle_fill_insert(const SpindleFillPlan *plan, int target, const char *from);
extern char *spindle_fill_insert_all(const SpindleFillPlan *plan, const List *targets, char **from);
extern char *spindle_fill_insert_at_once(const SpindleFillPlan *plan, const List *targets);
extern TupleDesc spindle_fill_late_desc(const SpindleFillPlan *plan, int target, int **columns);
extern char *spindle_fill_update(const SpindleFillPlan *plan, int target, const char *from);
extern bool *spindle_fill_inserted(const SpindleFillPlan *plan, int target);

#endif							/* SPINDLE_FILL_PLAN_H */
