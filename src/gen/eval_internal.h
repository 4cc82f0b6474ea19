/*-------------------------------------------------------------------------
 *
 * eval_internal.h
 *		The program that computes a batch, for the files that build and run it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_EVAL_INTERNAL_H
#define SPINDLE_EVAL_INTERNAL_H

#include "gen/eval.h"

/* Labels of the draws that a rule makes beside its main one. */
#define LABEL_NULLS		101

typedef struct Frame Frame;
typedef struct Step Step;

/*
 * Some rows of one table: those of the batch itself, the parents they refer
 * to, or the children they have.
 */
struct Frame
{
	int			table;
	int			n;				/* rows at present */
	int			capacity;		/* rows there is room for */
	int64	   *row;			/* row numbers */
	Frame	   *base;			/* frame that this one was derived from */
	Step	   *rows;			/* parents: step of base with their row
								 * numbers */
	int			child_table;	/* children: of which table, else -1 */
	int32	   *owner;			/* children: row here -> row of base; as many
								 * as there is room for rows */
	int			map_capacity;
	int32	   *map;			/* parents: row of base -> row here, -1 if
								 * none; children: row of base -> its first
								 * child, with one more entry at the end */
};

typedef void (*StepFunction) (Step *step);

/*
 * One operation of the program: computes a vector for the rows of a frame, or
 * the rows of a derived frame.
 */
struct Step
{
	StepFunction run;
	Frame	   *frame;			/* whose rows it works on */
	SpindleVector out;
	bool		has_nulls;		/* out has room for nulls */
	int			capacity;		/* rows that out has room for */
	MemoryContext context;
	const SpindleRule *rule;
	SpindleKey	key;			/* of its draws */
	int			ninputs;
	Step	  **input;
	Frame	   *sub;			/* frame it fills, or gathers from */
	void	   *state;			/* cursor, compiled reference, scratch space */
	SpindleTimelineCursor *after;	/* times of parents, of "after" */
	int64		number;			/* what else the function needs */
	int64		number2;
	double		fraction;
	const SpindleTest *test;
	const SpindleDomain *domain;	/* whose texts are compared */
	int			column;			/* for finding a step again; -1 if none */
};

/* kernels.c, reference.c, text_kernels.c, formula_kernel.c */
extern void spindle_run_sequence(Step *step);
extern void spindle_run_constant(Step *step);
extern void spindle_run_weighted(Step *step);
extern void spindle_run_number(Step *step);
extern void *spindle_number_memo(const SpindleRule *rule, int64 nrows);
extern void spindle_run_time(Step *step);
extern void spindle_run_ordered_time(Step *step);
extern void spindle_run_offset(Step *step);
extern void spindle_run_correlated(Step *step);
extern void spindle_run_test(Step *step);
extern void spindle_run_has_child(Step *step);
extern void spindle_run_case(Step *step);
extern void spindle_run_total(Step *step);
extern void spindle_run_first_child(Step *step);
extern void spindle_run_data(Step *step);
extern void spindle_run_nulls(Step *step);
extern void spindle_run_level(Step *step);
extern void spindle_run_formula(Step *step);
extern void *spindle_formula_scratch(const SpindleRule *rule);
extern void spindle_run_pattern(Step *step);
extern void spindle_run_parent(Step *step);
extern void spindle_run_hierarchy(Step *step);
extern void spindle_run_reference(Step *step);
extern void spindle_run_among(Step *step);
extern void spindle_run_containing(Step *step);
extern void spindle_run_pick_child(Step *step);
extern void spindle_run_fill_parents(Step *step);
extern void spindle_run_fill_children(Step *step);
extern void spindle_run_gather(Step *step);
extern void spindle_run_gather_owner(Step *step);
extern void spindle_run_key(Step *step);

#endif							/* SPINDLE_EVAL_INTERNAL_H */
