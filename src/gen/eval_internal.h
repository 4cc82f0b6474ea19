/*-------------------------------------------------------------------------
 *
 * eval_internal.h
 *		The program that computes a batch, for the files that build and run it.
 *
 * eval.c runs the program and builds the steps for columns and paths; frame.c
 * derives the rows of other tables.  Each kind of rule has an entry,
 * SpindleRuleSteps, in one of the files rule_*.c, beside the functions that
 * build its steps and compute them.
 *
 * A program only grows while columns are asked for: a step is appended after
 * all steps that it reads, so to run it is to go through the list once.
 * Everything here is allocated in the program's memory context and goes with
 * it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_EVAL_INTERNAL_H
#define SPINDLE_EVAL_INTERNAL_H

#include "nodes/pg_list.h"

#include "gen/eval.h"
#include "gen/profile.h"
#include "gen/reference_state.h"

/* Labels of the draws that a rule makes beside its main one. */
#define LABEL_NULLS		101

/*
 * Children of one row that are written or read at once: mostly they are few,
 * and a fixed number takes no jumps that nobody could predict.  So vectors of
 * children have room for as many behind the first child of any row, also where
 * these are no children of it.
 */
#define FEW_CHILDREN	4

typedef struct Frame Frame;
typedef struct Step Step;

/*
 * Some rows of one table: those of the batch itself, the parents they refer
 * to, or the children they have.
 */
struct Frame
{
	int			table;			/* whose rows these are */
	int			n;				/* rows at present */
	int			capacity;		/* rows there is room for, in row and in the
								 * vectors of its steps */
	int64	   *row;			/* row numbers from 0, in any order; of
								 * parents, equal neighbours are one, unless
								 * they are shared */
	bool		is_run;			/* the rows are known to come one after another,
								 * each once */
	Frame	   *base;			/* frame that this one was derived from, NULL
								 * for the root */
	Step	   *rows;			/* parents: step of base with their row
								 * numbers */
	Step	   *fill;			/* what sets the rows, NULL for the root */
	bool		is_shared;		/* parents: each row of base has its own here,
								 * in its place; row is the vector of rows */
	int			child_table;	/* children: of which table, else -1 */
	int			map_capacity;	/* entries there is room for in map */
	int32	   *map;			/* parents: row of base -> row here, -1 if
								 * none; children: row of base -> its first
								 * child, with one more entry at the end */
	Frame	   *today;			/* rows at a time: the frame of the same rows
								 * as they are today, in the same places; NULL
								 * of other frames, whose rows are those of
								 * today */
	Step	   *time;			/* rows at a time: when, in microseconds; of
								 * any frame with rows in the same places */
	Frame	   *redrawn;		/* counters of draws in place of rows: the
								 * frame of rows at a time that they are for,
								 * in the same places; time is the step with
								 * the versions to come.  NULL of other frames */
	MemoryContext context;		/* where the arrays are allocated */
};

/*
 * Computes a step's vector, or fills a derived frame, for the rows that
 * step->frame has at present.  It sets all n values, also where they are NULL,
 * and the nulls if has_nulls; room for them has been made.
 */
typedef void (*StepFunction) (Step *step);

/* What a step holds beside its rule and inputs: tells which member of its union. */
typedef enum StepHolds
{
	STEP_HOLDS_NOTHING,
	STEP_HOLDS_FRAME,
	STEP_HOLDS_LAYOUT,
	STEP_HOLDS_TIMELINE,
	STEP_HOLDS_REFERENCE,
	STEP_HOLDS_NROWS,
	STEP_HOLDS_SEQUENCE,
	STEP_HOLDS_SOURCE,
	STEP_HOLDS_DOMAIN,
	STEP_HOLDS_TEST,
	STEP_HOLDS_FRACTION,
	STEP_HOLDS_TIME_REF,
	STEP_HOLDS_LIFECYCLE,
	STEP_HOLDS_OWN
} StepHolds;

/*
 * One operation of the program: computes a vector for the rows of a frame, or
 * the rows of a derived frame.
 */
struct Step
{
	StepFunction run;
	Frame	   *frame;			/* whose rows it works on */
	SpindleVector out;			/* one value for each row of the frame */
	bool		has_nulls;		/* out has room for nulls; if not, no value is
								 * ever NULL */
	bool		is_scattered;	/* row numbers that each row draws for itself,
								 * so that neighbours are hardly ever equal */
	bool		of_time;		/* what it computes may be another thing at
								 * other times of the program's rows */
	int			capacity;		/* rows that out has room for: the frame's, 0
								 * before the first run */
	const SpindleRule *rule;	/* NULL if it serves any rule */
	SpindleKey	key;			/* of the rule's draws; not set without a rule */
	int			ninputs;		/* entries of input, of which some kinds of
								 * rule leave gaps (NULL) */
	Step	  **input;
	int			column;			/* for finding a step again: the column whose
								 * values it computes, -2 minus the column
								 * whose row numbers; -1 if none */
	StepHolds	holds;			/* the member of u that is set */
	union
	{
		/* What fills a derived frame, or works on one. */
		struct
		{
			Frame	   *sub;	/* that it fills, or takes values from */
			SpindleLayoutCursor *layout;	/* of the rows that it is filled
											 * with, if they are children */
		}			frame;

		/* What asks for the children or the parent of a row. */
		SpindleLayoutCursor *layout;

		/* A time by its row. */
		SpindleTimelineCursor *timeline;

		/* A choice among rows, which rule_reference.c makes. */
		struct
		{
			const SpindleReferenceState *state;
			SpindleTimelineCursor *after;	/* times of the parents to choose
											 * from, NULL without "after" */
			double		null_fraction;	/* of the rows that have a choice */
		}			reference;
		int64		nrows;		/* of the table */

		/* A key that counts rows: start plus step times the row number. */
		struct
		{
			int64		start;
			int64		step;
		}			sequence;
		struct
		{
			SpindleKind kind;	/* of the values that are changed */
			int			scale;
		}			source;
		const SpindleDomain *domain;	/* whose texts are compared */
		struct
		{
			const SpindleTest *test;
			const SpindleType *type;	/* of the values that are tested */
			const SpindleDomain *domain;	/* whose texts are compared */
		}			test;

		/* Of the values, to be made NULL: 0 to 1. */
		double		fraction;

		/* A time where a path may have none. */
		struct
		{
			int64		unit;	/* microseconds that its values count */
			Timestamp	if_null;
		}			time_ref;

		/* Of a table, and one of its sets, states or clocks. */
		struct
		{
			const SpindleLifecycle *of;
			int			number;
		}			lifecycle;
		void	   *own;		/* what only the step's file knows, or NULL */
	}			u;
};

struct SpindleEval
{
	SpindleInstance *instance;
	MemoryContext context;		/* in which all of the program is allocated */
	Frame	   *root;			/* the rows of the batch */
	Frame	   *top;			/* where readers' columns are computed: the
								 * root, or its rows at a time */
	Step	   *times;			/* of a program at times: one for each row of
								 * the batch, else NULL */
	Timestamp	time;			/* the same for all rows, until
								 * spindle_eval_set_time() */
	int			profile;		/* of deletes, -1: none */
	struct SpindleMoments *moments; /* see spindle_eval_expect_versions(); else
									 * NULL */
	List	   *life_steps;		/* of LifeStep */
	List	   *frames;			/* of Frame, the root first */
	int			nsteps;
	int			steps_capacity;	/* entries there is room for in step */
	Step	  **step;			/* in the order in which they run */
	int			nhandles;
	Step	   *handle[SPINDLE_MAX_COLUMNS + 1];	/* what readers asked for;
													 * a column can be asked
													 * for more than once */
};

/*
 * How a kind of rule is computed.  The functions append steps to a program, in
 * its memory context, and return the one with the result.
 */
typedef struct SpindleRuleSteps
{
	/*
	 * The values, for the rows of frame.  With at = 1, the rule is one of
	 * children whose values are computed for their parents, and frame has
	 * these: all its paths go without their first step.  at is 0 or 1.
	 */
	Step	   *(*compile) (SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at);

	/*
	 * Of kinds that can be part of a copula, else NULL: the values for n draws,
	 * at most SPINDLE_DRAWS, which never fall as the draws rise.
	 */
	void		(*values_of_draws) (const SpindleRule *rule, const uint64 *draw, int n, int64 *out);

	/* Does compile take at = 1? */
	bool		for_parents;

	/* Does the value follow from the time of the frame? */
	bool		of_version;

	/*
	 * The numbers of the rows that a rule of a referring kind chooses, of which
	 * null_fraction become NULL; NULL for other kinds.
	 */
	Step	   *(*compile_rows) (SpindleEval *eval, Frame *frame, const SpindleRule *rule,
								 double null_fraction);

	/*
	 * Of kinds that can be monotone, else NULL: the first row of a table that
	 * is not empty whose value is > value, or >= value if inclusive; the
	 * number of rows if there is none.
	 */
	int64		(*first_row_at) (SpindleInstance *instance, int table, const SpindleRule *rule,
								 int64 value, bool inclusive);

	/*
	 * Of kinds whose values lead back to their rows, in whatever order, else
	 * NULL: the rows *first .. *end - 1 of a table that have the value, all
	 * that do and no others; false if there is none.  A column with nulls of
	 * its own is not asked.
	 */
	bool		(*rows_of_value) (SpindleInstance *instance, int table, const SpindleRule *rule,
								  int64 value, int64 *first, int64 *end);

	/* Can it for this rule?  NULL if for every one that rows_of_value is for. */
	bool		(*has_rows_of_value) (const SpindleDomain *domain, int table, const SpindleRule *rule);

	/*
	 * Fill in what is known of the values in a table, without what the column
	 * makes NULL by itself; NULL if that is nothing.  The profile is empty
	 * before.
	 */
	void		(*profile) (SpindleInstance *instance, int table, const SpindleRule *rule,
							SpindleProfile *profile);
} SpindleRuleSteps;

/* The entry of each kind, in the file that computes it. */
#define DECLARE_RULE_STEPS(symbol, name) extern const SpindleRuleSteps spindle_rule_steps_##name;
SPINDLE_RULE_KINDS(DECLARE_RULE_STEPS)
#undef DECLARE_RULE_STEPS

/*
 * Nulls of the result are those of the input, which belongs to the same frame.
 * Nothing is done for a step that has no nulls; its input must have none then.
 */
static inline void
copy_nulls(Step *step, const SpindleVector *in)
{
	if (!step->has_nulls)
		return;
	if (in->is_null)
		memcpy(step->out.is_null, in->is_null, step->frame->n);
	else
		memset(step->out.is_null, 0, step->frame->n);
}

/* The table that a frame's rows belong to. */
static inline const SpindleTable *
table_of(const SpindleEval *eval, const Frame *frame)
{
	return &eval->instance->domain->table[frame->table];
}

/* What of a row's life a step computes; see life.c. */
typedef enum LifePart
{
	LIFE_INSERT,				/* times in microseconds, never NULL */
	LIFE_DELETE,
	LIFE_BACK,
	LIFE_STATES					/* the way through the states, see states.c */
} LifePart;

/* eval.c */
extern Step *spindle_step_add(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
							  bool has_nulls, int ninputs);
extern Step *spindle_step_with_input(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
									 const SpindleColumnRef *ref, int at);
extern Step *spindle_step_with_layout(SpindleEval *eval, Frame *frame, StepFunction run, const SpindleRule *rule,
									  bool has_nulls, int ninputs, int child_table);
extern Step *spindle_step_finish(SpindleEval *eval, Step *step);
extern Step *spindle_compile_path(SpindleEval *eval, Frame *frame, const SpindleColumnRef *ref, int at,
								  bool rows);
extern Step *spindle_compile_column(SpindleEval *eval, Frame *frame, int column);
extern Step *spindle_compile_nulls(SpindleEval *eval, Frame *frame, Step *step, const SpindleRule *rule,
								   double fraction);
extern Step *spindle_compile_key(SpindleEval *eval, Frame *frame, Step *rows, int table);
extern uint64 spindle_magnitude(const int64 *value, int n);
extern int	spindle_eval_add_life(SpindleEval *eval, LifePart part);

/* life.c */
extern Step *spindle_compile_time(SpindleEval *eval, Frame *frame, const SpindleTimeRef *ref, Timestamp if_null);
extern Step *spindle_compile_life(SpindleEval *eval, Frame *frame, LifePart part);
extern Step *spindle_compile_alive(SpindleEval *eval, Frame *frame);
extern Frame *spindle_frame_today(Frame *frame);
extern Step *spindle_frame_time(SpindleEval *eval, Frame *frame);
extern void spindle_delay_draws(const SpindleDelay *delay, SpindleKey key, const int64 *counter, int n, Timestamp *out);

/* states.c */
extern Step *spindle_compile_states(SpindleEval *eval, Frame *frame);
extern Step *spindle_compile_state(SpindleEval *eval, Frame *frame);
extern Step *spindle_compile_steps_to_come(SpindleEval *eval, Frame *frame, int set);
extern Step *spindle_compile_entered(SpindleEval *eval, Frame *frame, int state);
extern int	spindle_states_moments(const Step *step, int i, bool timed, const Timestamp **time);

/* clock.c */
extern Step *spindle_compile_clock(SpindleEval *eval, Frame *frame, int clock);

/* past.c */
extern Step *spindle_compile_changed(SpindleEval *eval, Frame *frame);
extern Step *spindle_compile_version_number(SpindleEval *eval, Frame *frame);

/* version.c */
extern bool spindle_step_is_of_time(const Step *step);
extern Frame *spindle_frame_at(SpindleEval *eval, Frame *today, Step *time);
extern Step *spindle_compile_version(SpindleEval *eval, Frame *frame, int column);
extern Frame *spindle_frame_of_version(SpindleEval *eval, Frame *frame, int column);

/* frame.c */
extern void spindle_frame_reserve(Frame *frame, int64 n, int64 nmap);
extern Frame *spindle_frame_add(SpindleEval *eval, int table, Frame *base);
extern Frame *spindle_frame_of_parents(SpindleEval *eval, Frame *base, Step *rows, int table);
extern Frame *spindle_frame_of_children(SpindleEval *eval, Frame *base, int child_table);
extern Frame *spindle_frame_of_elements(SpindleEval *eval, Frame *base, Step *lengths);
extern Step *spindle_gather(SpindleEval *eval, Frame *sub, Step *inner);
extern Step *spindle_gather_owner(SpindleEval *eval, Frame *children, Step *inner);

/* find.c */
extern Step *spindle_compile_lookup(SpindleEval *eval, Frame *frame, Step *values, int table);

/* keyed.c */
extern Frame *spindle_frame_of_keys(SpindleEval *eval, Frame *frame, const SpindleRule *rule);

/* copula.c */
extern Step *spindle_compile_copula(SpindleEval *eval, Frame *frame, const SpindleRule *rule);

/* rule.c */
extern const SpindleRuleSteps *spindle_rule_steps_of(const SpindleRule *rule);
extern Step *spindle_compile_rule(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at);
extern Step *spindle_compile_choice(SpindleEval *eval, Frame *frame, const SpindleRule *rule,
									double null_fraction);
extern bool spindle_rule_is_of_parent(SpindleEval *eval, const SpindleTable *table, const SpindleRule *rule);

/* rule_number.c */
extern int64 spindle_number_value(const SpindleRule *rule, double x);

/* among.c */
extern Step *spindle_compile_among(SpindleEval *eval, Frame *frame, const SpindleRule *rule);

/* rule_children.c */
extern int64 spindle_instance_first_child(const SpindleInstance *instance, int table, int64 parent);
extern Step *spindle_compile_sibling(SpindleEval *eval, Frame *frame);

/* distinct.c */

/*
 * Entries that are shuffled for a group instead of permuted by a network, whose
 * halves would have too few bits to make all permutations alike.
 */
#define SPINDLE_MAX_SHUFFLED	256

/* The entries that the rows of a group choose, in their order. */
typedef struct SpindleShuffle
{
	int64		group;			/* whose these are, -1 if nobody's */
	uint8		entry[SPINDLE_MAX_SHUFFLED];
} SpindleShuffle;

extern void spindle_shuffle(SpindleShuffle *shuffle, SpindleKey key, int64 group, int64 size, int count);
extern void spindle_distinct_permutation(SpindlePermutation *permutation, SpindleKey key, int64 count);
extern Step *spindle_compile_distinct(SpindleEval *eval, Frame *frame, const SpindleRule *rule, SpindleKey key,
									  SpindleDistinct distinct, int64 count, const SpindleSample *sample,
									  const SpindlePopularity *popularity);
extern Step *spindle_compile_spread(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int64 count);

/* condition.c */
extern Step *spindle_compile_test(SpindleEval *eval, Frame *frame, const SpindleTest *test, int at);

#endif							/* SPINDLE_EVAL_INTERNAL_H */
