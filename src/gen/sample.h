/*-------------------------------------------------------------------------
 *
 * sample.h
 *		Choices of several entries by weight that all differ.
 *
 * Of N weighted entries a group chooses n, 1 <= n <= N: choice j is a function of
 * the group, j and n, and no two choices of a group are equal.  An entry is
 * chosen in proportion to its weight as long as that gives it no more than one of
 * the n; see sample.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SAMPLE_H
#define SPINDLE_SAMPLE_H

#include "math/draws.h"
#include "math/permute.h"

/* Entries of a list, at most. */
#define SPINDLE_MAX_SAMPLED		1000000

/*
 * A list of weighted entries, by falling weight.  A weight is a whole number, at
 * least 1.
 */
typedef struct SpindleSampleList
{
	int			n;				/* entries, 0 to SPINDLE_MAX_SAMPLED */
	const uint64 *sum;			/* weights of the entries before each of the
								 * sample's 2^levels + 1 places, those behind
								 * the last entry included */
	const int  *entry;			/* number of the entry at each place */
} SpindleSampleList;

/*
 * What is chosen from: blocks that are alike, and a rest that may differ.  Set by
 * spindle_sample_create() and never changed, so readers may share it.
 */
typedef struct SpindleSample
{
	int64		nblocks;		/* 0 and more */
	int			levels;			/* 2^levels is not below the length of either
								 * list */
	const uint64 *sum;			/* the sums of both lists are parts of this */
	SpindleSampleList block;	/* the entries of each block */
	SpindleSampleList rest;
	SpindlePermutation blocks;	/* order of the blocks, by a group's tweak */
	SpindleKey	key;			/* of the groups */
} SpindleSample;

/* How many numbers of choices a cursor remembers the measures of. */
#define SPINDLE_SAMPLE_MEMO		64

/*
 * The measures of n choices: what is left of the weights when none is above the
 * distance between choices.
 */
typedef struct SpindleSampleMeasure
{
	int64		n;				/* 0 if the entry is not used */
	uint64		distance;		/* between choices */
	int			block_capped;	/* entries of a block that are cut to it ... */
	int			rest_capped;	/* ... and of the rest */
	uint64		block_sum;		/* weight of a block */
	uint64		rest_sum;
	uint64		total;			/* of all */
} SpindleSampleMeasure;

/* What one reader keeps between choices. */
typedef struct SpindleSampleCursor
{
	const SpindleSample *sample;
	SpindleSampleMeasure measure[SPINDLE_SAMPLE_MEMO];	/* by the last bits of
														 * n */
} SpindleSampleCursor;

/* Choices that are asked for at once. */
typedef struct SpindleSampleChoices
{
	int64		group[SPINDLE_DRAWS];	/* in: the groups, ... */
	int64		place[SPINDLE_DRAWS];	/* ... which of their choices, from 0 ... */
	int64		size[SPINDLE_DRAWS];	/* ... of how many */
	int64		block[SPINDLE_DRAWS];	/* out: the block, or -1 for the rest */
	int64		entry[SPINDLE_DRAWS];	/* out: number of the entry there */
} SpindleSampleChoices;

extern SpindleSample *spindle_sample_create(SpindleKey key, int64 nblocks, const double *block_weight,
											int nblock, const double *rest_weight, int nrest);
extern void spindle_sample_cursor_init(SpindleSampleCursor *cursor, const SpindleSample *sample);
extern void spindle_sample_choose(SpindleSampleCursor *cursor, SpindleSampleChoices *choices, int n);

#endif							/* SPINDLE_SAMPLE_H */
