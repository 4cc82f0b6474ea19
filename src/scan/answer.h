/*-------------------------------------------------------------------------
 *
 * answer.h
 *		Aggregates that the definition answers without a scan.
 *
 * upper.c finds out at planning whether it does, answer.c gives the answer.
 * Both are shared by the node of foreign tables, in the same two files, and
 * that of calls of spindle_rows() (function_answer.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ANSWER_H
#define SPINDLE_ANSWER_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "scan/ranges.h"

struct ExplainState;

/*
 * Elements of the private list of a node that answers aggregates, by their
 * position in the list.  Such a node has no relation of its own (scanrelid is
 * 0).
 */
typedef enum SpindleAnswerPart
{
	SPINDLE_ANSWER_WANTED,		/* list of integer lists, one for each column
								 * of the scan tuple: SpindleAnswerKind, and
								 * the attribute of the relation, from 1, that
								 * it is taken from */
	SPINDLE_ANSWER_CONDITIONS,	/* list of integer lists, see ranges.h; their
								 * values are expressions of the node */
	SPINDLE_ANSWER_FINGERPRINT, /* integer list of two: of the definition */
	SPINDLE_ANSWER_RELATION		/* OID list of one, the foreign table; or the
								 * RangeTblFunction with the call */
} SpindleAnswerPart;

/* Elements of the private list of a path to such a node. */
typedef enum SpindleAnswerPathPart
{
	SPINDLE_ANSWER_PATH_AGGREGATES, /* list of Aggref */
	SPINDLE_ANSWER_PATH_VALUES, /* list of expressions, of the conditions */
	SPINDLE_ANSWER_PATH_HAVING, /* list of expressions */
	SPINDLE_ANSWER_PATH_PLAN	/* the private list of the node */
} SpindleAnswerPathPart;

/* What an aggregate comes to. */
typedef enum SpindleAnswerKind
{
	SPINDLE_ANSWER_NONE,		/* something that takes more rows */
	SPINDLE_ANSWER_ROWS,		/* how many rows there are */
	SPINDLE_ANSWER_FIRST,		/* the value of the first one */
	SPINDLE_ANSWER_LAST			/* the value of the last one */
} SpindleAnswerKind;

/* What planning has found out about a query that the definition answers. */
typedef struct SpindleAnswerQuery
{
	List	   *aggregates;		/* of Aggref, each once */
	List	   *wanted;			/* SPINDLE_ANSWER_WANTED, for each of these */
	List	   *conditions;		/* SPINDLE_ANSWER_CONDITIONS */
	List	   *values;			/* expressions, of the conditions */
	List	   *having;			/* expressions */
	Cost		startup;
	Cost		total;
} SpindleAnswerQuery;

typedef struct SpindleAnswer SpindleAnswer;

/* upper.c */
extern RangeTblEntry *spindle_answer_relation(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel);
extern bool spindle_answer_match(PlannerInfo *root, const SpindleSource *source, RelOptInfo *input_rel,
								 RelOptInfo *output_rel, void *extra, SpindleAnswerQuery *query);
extern List *spindle_answer_path_list(const SpindleAnswerQuery *query, const SpindleSource *source, void *relation);

/* answer.c */
extern SpindleAnswer *spindle_answer_create(SpindleSource *source, List *private, List *values, PlanState *node,
											int eflags);
extern void spindle_answer_set_window(SpindleAnswer *answer, int64 first, int64 end);
extern bool spindle_answer_store(SpindleAnswer *answer, ExprContext *econtext, TupleTableSlot *slot);
extern void spindle_answer_rewind(SpindleAnswer *answer);
extern void spindle_answer_explain(const SpindleAnswer *answer, Oid relid, List *aggregates, List *values,
								   List *context, struct ExplainState *es);

#endif							/* SPINDLE_ANSWER_H */
