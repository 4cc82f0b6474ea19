/*-------------------------------------------------------------------------
 *
 * lifecycle.h
 *		What happens to the rows of a table in the course of time.
 *
 * A row is inserted, changes, and may be deleted.  What a table shows today is
 * the last version of each row, so everything here is told from the end: which
 * columns were different before, and when they became what they are.
 *
 * Every table has a lifecycle, also one whose definition says nothing of it.
 * All times and durations are microseconds, times since 2000-01-01 00:00 UTC;
 * values of columns are in the representation of the column's type.  Paths begin
 * in a row of the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LIFECYCLE_H
#define SPINDLE_LIFECYCLE_H

#include "postgres.h"

#include "model/rule_parts.h"

struct SpindleDomain;
struct SpindleRule;
struct SpindleRuleVisitor;
struct SpindleTable;
struct SpindleType;

/*
 * Versions of a row by one clock or by its states, at most; so many bits tell
 * them apart in the counter of a draw, row | version << SPINDLE_VERSION_SHIFT,
 * above all numbers of rows.
 */
#define SPINDLE_MAX_VERSIONS	(1 << 14)
#define SPINDLE_VERSION_SHIFT	50

/* Where something can happen behind what it follows, at most. */
#define SPINDLE_MAX_WINDOW		(INT64CONST(400) * USECS_PER_DAY)

/* Of bounds that are not known. */
#define SPINDLE_NO_BOUND		PG_INT64_MAX

/* A path to a date or time, which stands for midnight or itself. */
typedef struct SpindleTimeRef
{
	SpindleColumnRef ref;
	int64		unit;			/* microseconds that the value counts: 1, or
								 * those of a day */
	bool		may_be_null;
} SpindleTimeRef;

/* Delays are cut to this: some 3000 years. */
#define SPINDLE_MAX_DELAY		INT64CONST(100000000000000000)

/* A duration that is drawn: dist times unit, rounded, and cut to 0 to SPINDLE_MAX_DELAY. */
typedef struct SpindleDelay
{
	SpindleDist dist;
	int64		unit;			/* microseconds */
	int64		shortest;		/* microseconds, */
	int64		longest;		/* SPINDLE_NO_BOUND if it is cut only */
	uint64		label;			/* of its draws */
} SpindleDelay;

typedef enum SpindleInsertKind
{
	SPINDLE_INSERT_INITIAL,		/* there from the start */
	SPINDLE_INSERT_AT,			/* at a time of its own */
	SPINDLE_INSERT_WITH			/* in the transaction of its parent, which is
								 * not there from the start */
} SpindleInsertKind;

/*
 * When a row is inserted.
 *
 * Where time.may_be_null, which only a table without a declared insert has,
 * rows without a time are there from the start.
 */
typedef struct SpindleInsert
{
	SpindleInsertKind kind;
	bool		is_declared;	/* the definition says when */
	SpindleTimeRef time;		/* AT and WITH: of the latter the time of the
								 * topmost row that it is inserted with, by a
								 * path through the parents */
	bool		rises;			/* AT and WITH: the time is never NULL and
								 * never falls from row to row */
	int			depth;			/* WITH: parents up to the row that is AT, at
								 * least 1 */

	/*
	 * AT, where not rises: the time is at least shortest and at most longest
	 * behind one that rises with the row number, if has_base.
	 */
	bool		has_base;
	SpindleTimeRef base;
	int64		shortest;		/* may be below 0 */
	int64		longest;

	/*
	 * Can a row refer to one that is inserted later?  Only where neither the
	 * table has a declared lifecycle nor the other a declared insert.
	 */
	bool		is_unproven;
} SpindleInsert;

/* How a column changes from version to version. */
typedef enum SpindleSetKind
{
	SPINDLE_SET_REDRAW,			/* version j, from the end, draws by the
								 * column's rule for counter row | j << 50 */
	SPINDLE_SET_WALK,			/* a number that is multiplied by, or added to */
	SPINDLE_SET_CHAIN,			/* one of some values, step by step */
	SPINDLE_SET_TO,				/* versions before the last by another rule,
								 * for the same counter */
	SPINDLE_SET_FOLLOW			/* by its own rule and draws over the other
								 * columns of the version */
} SpindleSetKind;

/* What sets a column: a clock, by its number, or the steps of its states. */
#define SPINDLE_SET_BY_STATES	(-1)

/*
 * A column that changes.  With j changes still to come, the value is that of
 * today after j steps back: WALK divides by, or subtracts, one draw for each;
 * CHAIN goes back by an entry of back for each.  The draw of the step back over
 * change i, the last one being 1, is for the counter row | i << 50.
 */
typedef struct SpindleSet
{
	int			column;			/* of the table */
	SpindleSetKind kind;
	int			by;				/* clock, or SPINDLE_SET_BY_STATES */
	uint64		label;			/* of the draws of WALK and CHAIN */

	/* WALK */
	bool		is_factor;		/* else it is added */
	SpindleDist dist;			/* a factor is above 0 */
	int64		least;			/* what values are cut to, those of today
								 * aside: as the column represents them, of a
								 * FLOAT by its bits */
	int64		most;

	/*
	 * CHAIN: the values, all others stay as they are, and for each the choice
	 * of the one before it, NULL if it has none and stays.
	 */
	int			nvalues;
	int64	   *value;
	SpindleAlias **back;		/* of entries of value */

	struct SpindleRule *rule;	/* TO */
} SpindleSet;

/* A step from state to state, or the end of a life where to is -1. */
typedef struct SpindleTransition
{
	int			from;
	int			to;				/* -1: may end here */
	double		weight;			/* probability among all of from; these add up
								 * to 1 */
	bool		has_at;			/* the step is at a time and the last one,
								 * else after the delay */
	SpindleTimeRef at;			/* where NULL: at once */
	SpindleDelay after;			/* in the state from */
	bool	   *sets;			/* per set of the table: does the step change
								 * it? */
	int64		earliest;		/* after the insert, from 0; */
	int64		latest;			/* SPINDLE_NO_BOUND with has_at where the time
								 * follows no known distance behind the insert */
} SpindleTransition;

/*
 * A column that goes from state to state.
 *
 * What a row shows today is the state that its walk ends in; its way there is
 * drawn so that all ways are as likely as among walks that end there.  In state
 * s, with r steps left at most, the step along transition i has the weight
 *
 *		transition[i].weight * spindle_states_reach(states, final, to, r - 1)
 *
 * and the end has that of the transition with to = -1, if s is the final state.
 * A walk begins in initial with nsteps steps left.
 */
typedef struct SpindleStates
{
	int			column;
	int			nstates;		/* 1 to 100 */
	char	  **name;			/* of each state, as the definition has it */
	int64	   *value;			/* the same as a value of the column */
	int			initial;
	int			ntransitions;
	SpindleTransition *transition;	/* by from, the end of a life last */
	int		   *first;			/* first transition of each state, with one
								 * more entry at the end */
	int			nsteps;			/* of a walk, at most: "max_steps", or less
								 * where no way is as long; up to 1000 */
	int			horizon;		/* up to how many steps reach tells apart */
	double	   *reach;			/* see spindle_states_reach() */
	bool		has_before;		/* steps but those at a time are moved together
								 * so that the last one is not after this, where
								 * it is not NULL, nor after that of a step at a
								 * time which follows, */
	SpindleTimeRef before;
	int64		within;			/* nor more than this after the insert;
								 * SPINDLE_NO_BOUND without */
	uint64		label;			/* of the draws of steps */
	int64		longest;		/* last step after the insert, at most;
								 * SPINDLE_NO_BOUND if not known */
} SpindleStates;

/*
 * spindle_states_reach
 *		The probability that a walk that is in a state ends in another one after
 *		r steps at most.
 */
static inline double
spindle_states_reach(const SpindleStates *states, int final, int state, int r)
{
	return states->reach[((Size) Min(r, states->horizon) * states->nstates + final) * states->nstates + state];
}

/*
 * Changes that lie spread over the range.  There are as many as the children of
 * the table's rows in a table that is laid out like layout and is not in the
 * domain: only what says how its rows are shared out is set.  All of them are
 * ordered by time by a timeline of the calendar, and a keyed bijection says which
 * is which.  A change before a row's insert, or from its delete on, does not
 * happen.
 */
typedef struct SpindleClock
{
	char	   *name;
	struct SpindleTable *layout;
	SpindleCalendar *calendar;
	uint64		label;			/* of all its draws */
} SpindleClock;

typedef enum SpindleDeleteKind
{
	SPINDLE_DELETE_NONE,
	SPINDLE_DELETE_AFTER,
	SPINDLE_DELETE_WITH			/* in the transaction of its parent, which is
								 * deleted, and comes back, as that does */
} SpindleDeleteKind;

/* When a row is deleted, and whether it comes back. */
typedef struct SpindleDelete
{
	SpindleDeleteKind kind;
	int			profile;		/* of the domain: AFTER and WITH, only if that
								 * is asked for; -1: always */

	/* AFTER */
	double		fraction;		/* of the rows that are deleted: 0 to 1 */
	uint64		label;			/* of the draw of that */
	SpindleTimeRef from;		/* the delay follows this time, not at all where
								 * it is NULL; the insert if its unit is 0 */
	bool		from_start;		/* of an INITIAL table without "from": it
								 * follows the start of the range */
	SpindleDelay after;

	/* Of the rows that are deleted, some come back as they are today. */
	double		back_fraction;	/* 0 to 1; 0 without "recreate" */
	uint64		back_label;
	SpindleDelay back_after;	/* the delete */
} SpindleDelete;

/* What happens to the rows of a table. */
typedef struct SpindleLifecycle
{
	bool		is_declared;	/* the definition says something of it */
	SpindleInsert insert;
	SpindleStates *states;		/* NULL if there are none */
	int			nclocks;		/* 0 to 100 */
	SpindleClock *clock;
	int			nsets;
	SpindleSet *set;			/* a column has one at most */
	int		   *set_of_column;	/* per column of the table: its entry of set,
								 * -1 if it does not change */
	SpindleDelete delete;
} SpindleLifecycle;

/* Does a row have moments other than its insert and its delete? */
static inline bool
spindle_lifecycle_changes(const SpindleLifecycle *lifecycle)
{
	return lifecycle->states || lifecycle->nclocks > 0;
}

/* Does a row of the table have any moment at all? */
static inline bool
spindle_lifecycle_moves(const SpindleLifecycle *lifecycle)
{
	return lifecycle->insert.kind != SPINDLE_INSERT_INITIAL || spindle_lifecycle_changes(lifecycle) ||
		lifecycle->delete.kind != SPINDLE_DELETE_NONE;
}

#endif							/* SPINDLE_LIFECYCLE_H */
