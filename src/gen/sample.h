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
	uint64	   *halves;			/* of the trees of both lists if nothing is cut;
								 * see sample.c.  NULL if the lists are too
								 * long */
	SpindleSampleList block;	/* the entries of each block */
	SpindleSampleList rest;
	SpindlePermutation blocks;	/* order of the blocks, by a group's tweak */
	SpindleKey	key;			/* of the groups */
} SpindleSample;

/*
 * How many numbers of choices a cursor remembers the measures of: more than it can
 * be asked for at once.
 */
#define SPINDLE_SAMPLE_MEMO		(2 * SPINDLE_DRAWS)

/*
 * The measures of n choices: what is left of the weights when none is above the
 * distance between choices.
 */
typedef struct SpindleSampleMeasure
{
	int64		n;				/* 0 if not set */
	uint64		asked;			/* when it was asked for, by cursor->nasked */
	uint64		distance;		/* between choices */
	int			block_capped;	/* entries of a block that are cut to it ... */
	int			rest_capped;	/* ... and of the rest */
	uint64		block_sum;		/* weight of a block */
	uint64		rest_sum;
	uint64		blocks_sum;		/* of all blocks */
	uint64		total;			/* of all */
	double		per_block;		/* 1 / block_sum */
	const uint64 *halves;		/* as the sample's, of weights that are cut; NULL
								 * if they are not kept */
	uint64	   *own_halves;		/* memory for them, NULL if there is none */
} SpindleSampleMeasure;

/* What one reader keeps between choices. */
typedef struct SpindleSampleCursor
{
	const SpindleSample *sample;
	MemoryContext context;		/* of what it keeps */
	uint64		nasked;			/* how often it was asked */
	SpindleSampleMeasure *measure[SPINDLE_SAMPLE_MEMO]; /* at or behind the place
														 * that the last bits of n
														 * are, NULL if none */
	int			nkept;			/* of them with memory for halves */
	int64		group;			/* that was alone of late, -1 if none */
	int64		nchosen;		/* its choices since */
	bool		has_order;		/* its blocks are listed */
	uint32	   *order;			/* the blocks by their places; memory for them,
								 * NULL if there is none yet */
} SpindleSampleCursor;

/*
 * Arrays of choices are filled by portions of so many, the last one of a group up
 * to beyond its end, as groups are mostly small and of any size.
 */
#define SPINDLE_SAMPLE_PORTION	8
#define SPINDLE_SAMPLE_ROOM		(SPINDLE_DRAWS + SPINDLE_SAMPLE_PORTION)

/*
 * Choices that are asked for at once, up to SPINDLE_DRAWS; those of a group one after
 * another.  A group may be there several times.
 */
typedef struct SpindleSampleChoices
{
	int			ngroups;
	int64		group[SPINDLE_DRAWS];	/* in: each group, ... */
	int64		size[SPINDLE_DRAWS];	/* ... the number of its choices, ... */
	int			first[SPINDLE_DRAWS + 1];	/* ... and the first one of these, with
											 * one more entry at the end; */
	int64		place[SPINDLE_SAMPLE_ROOM]; /* of each choice, which one of its
											 * group's, from 0 */
	int64		block[SPINDLE_SAMPLE_ROOM]; /* out: the block, or -1 for the rest */
	int64		entry[SPINDLE_DRAWS];	/* out: number of the entry there */
} SpindleSampleChoices;

extern SpindleSample *spindle_sample_create(SpindleKey key, int64 nblocks, const double *block_weight,
											int nblock, const double *rest_weight, int nrest);
extern void spindle_sample_cursor_init(SpindleSampleCursor *cursor, const SpindleSample *sample);
extern void spindle_sample_choose(SpindleSampleCursor *cursor, SpindleSampleChoices *choices, int n);

#endif							/* SPINDLE_SAMPLE_H */
