/*-------------------------------------------------------------------------
 *
 * sample.c
 *		Choices of several entries by weight that all differ.
 *
 * Systematic sampling (Madow 1949, "On the theory of systematic sampling, II"):
 * the entries lie side by side on a circle, each as long as its weight, and the n
 * choices of a group are n points at equal distances, the first one at random.
 * An entry that is no longer than the distance meets one of them at most.  Those
 * that are longer are cut to it; the distance is the greatest one at which what is
 * left still has room for n.  All lengths are whole numbers, so nothing is
 * rounded, and that choices differ needs no look at the others.
 *
 * On a circle that is the same for all groups, two entries would be chosen
 * together always or never.  So each group has an order of its own: blocks are
 * permuted by the group's hash, and the entries of a block form a binary tree
 * whose halves change places, at each node, as a bit of the hash says.  A part of
 * the tree is a run of entries by falling weight, whose length follows from two
 * sums: so to find the entry at a point is to go down the tree once.  That is done
 * for many points side by side, level by level and without jumps, which takes a
 * third of the time.  Lists are filled up to a power of two by entries that have no
 * length and no point.
 *
 * Entries that are neighbours by weight stay side by side in every order; they are
 * chosen together less often than others if both are much shorter than the
 * distance.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/sample.h"

/* Bits of the sum of all weights, so that points fit 64 bits. */
#define MAX_SUM_BITS	61

/* Bits of the sum of a list's weights, if there are few blocks. */
#define LIST_BITS		40

/* Levels of the tree whose bits come from one hash: they have 63 nodes. */
#define LEVELS_PER_HASH	6

/* An entry with its weight, for sorting. */
typedef struct Weighted
{
	double		weight;
	int			entry;
} Weighted;

/* For qsort: by falling weight, then by number, so that the order is a full one. */
static int
compare_weighted(const void *a, const void *b)
{
	const Weighted *x = a;
	const Weighted *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/*
 * Make a list of n entries whose weights, >= 0, are brought to whole numbers with
 * a sum of about unit if the doubles have the sum 1; in memory for places entries.
 */
static void
make_list(SpindleSampleList *list, const double *weight, int n, double unit, int places, uint64 *sum, int *entry)
{
	Weighted   *sorted = palloc(sizeof(Weighted) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		sorted[i].weight = weight[i];
		sorted[i].entry = i;
	}
	qsort(sorted, n, sizeof(Weighted), compare_weighted);
	sum[0] = 0;
	for (int i = 0; i < places; i++)
	{
		entry[i] = i < n ? sorted[i].entry : 0;
		sum[i + 1] = sum[i] + (i < n ? Max((uint64) (sorted[i].weight * unit), 1) : 0);
	}
	list->n = n;
	list->sum = sum;
	list->entry = entry;
	pfree(sorted);
}

/*
 * spindle_sample_create
 *		Prepare choices among nblocks blocks of nblock entries with the same
 *		weights, and a rest of nrest, in the current memory context.
 *
 * Weights are >= 0 and not kept, their scale does not matter.  nblocks and nrest
 * may be 0, but not both; then block_weight or rest_weight is not read.  What has
 * a weight of 0 is hardly ever chosen unless n is so large that it has to be.
 */
SpindleSample *
spindle_sample_create(SpindleKey key, int64 nblocks, const double *block_weight, int nblock,
					  const double *rest_weight, int nrest)
{
	SpindleSample *sample = palloc0(sizeof(SpindleSample));
	double		sum = 0;
	int			bits = 0;
	double		unit;
	int			places;
	uint64	   *sums;
	int		   *entries;

	while ((INT64CONST(1) << bits) < nblocks + 1)
		bits++;
	if (nblocks > 0)
	{
		for (int i = 0; i < nblock; i++)
			sum += block_weight[i];
	}
	else
	{
		for (int i = 0; i < nrest; i++)
			sum += rest_weight[i];
	}
	unit = (double) (INT64CONST(1) << Min(LIST_BITS, MAX_SUM_BITS - bits)) / (sum > 0 ? sum : 1);
	sample->nblocks = nblocks;
	sample->key = key;
	while ((1 << sample->levels) < Max(nblocks > 0 ? nblock : 0, nrest))
		sample->levels++;
	places = 1 << sample->levels;
	sums = palloc(sizeof(uint64) * (places + 1) * (nblocks > 0 ? 2 : 1));
	entries = palloc(sizeof(int) * places * (nblocks > 0 ? 2 : 1));
	sample->sum = sums;
	if (nblocks > 0)
	{
		make_list(&sample->block, block_weight, nblock, unit, places, sums, entries);
		sums += places + 1;
		entries += places;
	}
	make_list(&sample->rest, rest_weight, nrest, unit, places, sums, entries);
	if (nblocks == 0)
	{
		sample->block = sample->rest;
		sample->block.n = 0;
	}
	spindle_permutation_init(&sample->blocks, spindle_key_derive(key, 1), Max(nblocks, 1));
	return sample;
}

/*
 * spindle_sample_cursor_init
 *		Begin to choose; the sample must stay as long.  A cursor holds nothing to
 *		release.
 */
void
spindle_sample_cursor_init(SpindleSampleCursor *cursor, const SpindleSample *sample)
{
	cursor->sample = sample;
	for (int i = 0; i < SPINDLE_SAMPLE_MEMO; i++)
		cursor->measure[i].n = 0;
}

/* The weight of a list of which the first entries are cut to a length. */
static inline uint64
capped_sum(const SpindleSampleList *list, int capped, uint64 length)
{
	return length * capped + list->sum[list->n] - list->sum[capped];
}

/* How many entries of a list, the first ones, weigh more than a length. */
static int
count_above(const SpindleSampleList *list, uint64 length)
{
	int			low = 0;
	int			high = list->n;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (list->sum[middle + 1] - list->sum[middle] > length)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Fill a measure but for its n, for a distance between choices. */
static void
measure_at(const SpindleSample *sample, uint64 distance, SpindleSampleMeasure *measure)
{
	measure->distance = distance;
	measure->block_capped = count_above(&sample->block, distance);
	measure->rest_capped = count_above(&sample->rest, distance);
	measure->block_sum = capped_sum(&sample->block, measure->block_capped, distance);
	measure->rest_sum = capped_sum(&sample->rest, measure->rest_capped, distance);
	measure->total = measure->block_sum * sample->nblocks + measure->rest_sum;
}

/*
 * Find the measures of n choices.
 *
 * The distance is as great as it can be with room for n of it in what is left of
 * the weights when those above it are cut.  The greater it is, the less of it has
 * room, so we search by halves.  At a distance of 1 there is room for as many as
 * there are entries, as none weighs less.
 */
static void
measure_choices(const SpindleSample *sample, int64 n, SpindleSampleMeasure *measure)
{
	uint64		low = 1;
	uint64		high;

	measure_at(sample, PG_UINT64_MAX, measure);
	high = measure->total / n;
	measure_at(sample, high, measure);
	if (measure->block_capped > 0 || measure->rest_capped > 0)
	{
		while (low < high)
		{
			uint64		middle = low + (high - low + 1) / 2;

			measure_at(sample, middle, measure);
			if (measure->total / n >= middle)
				low = middle;
			else
				high = middle - 1;
		}
		measure_at(sample, low, measure);
	}
	measure->n = n;
}

/*
 * Points on the way down their trees, which are parts of the two lists: arrays with
 * an entry for each.
 */
typedef struct Descent
{
	uint64		hash[SPINDLE_DRAWS];	/* bits for the nodes of some levels */
	uint64		node[SPINDLE_DRAWS];	/* below which we are, among these */
	uint64		list[SPINDLE_DRAWS];	/* where the list begins in the sums */
	uint64		capped[SPINDLE_DRAWS];	/* entries of the list that are cut to
										 * ... */
	uint64		length[SPINDLE_DRAWS];	/* ... this */
	uint64		shift[SPINDLE_DRAWS];	/* from the sum before an entry to what it
										 * is behind those that are cut */
	uint64		low[SPINDLE_DRAWS]; /* the part of the tree: its first place, */
	uint64		start[SPINDLE_DRAWS];	/* the sum before that, */
	uint64		extent[SPINDLE_DRAWS];	/* its sum, */
	uint64		point[SPINDLE_DRAWS];	/* and the point in it, less than that */
} Descent;

/*
 * Go down one level: to the half of each part that has the point, half being the
 * places of a half.  The order of the halves is a bit of the hash.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
descend(Descent *d, const uint64 *pg_restrict sum, uint64 half, int n)
{
	for (int i = 0; i < n; i++)
	{
		uint64		middle = d->low[i] + half;
		uint64		is_capped = -(uint64) (middle <= d->capped[i]);
		uint64		cut = ((d->length[i] * middle) & is_capped) | ((sum[d->list[i] + middle] + d->shift[i]) & ~is_capped);
		uint64		lower = cut - d->start[i];
		uint64		upper = d->extent[i] - lower;
		uint64		swap = -((d->hash[i] >> d->node[i]) & 1);	/* all bits or none */
		uint64		first = (upper & swap) | (lower & ~swap);
		uint64		second = -(uint64) (d->point[i] >= first);
		uint64		up = second ^ swap;

		d->point[i] -= first & second;
		d->low[i] += half & up;
		d->start[i] += lower & up;
		d->extent[i] = (upper & up) | (lower & ~up);
		d->node[i] = d->node[i] * 2 + (up & 1);
	}
}

/* Take new bits for the nodes below those that have been used up. */
SPINDLE_FOR_EACH_PROCESSOR static void
hash_again(Descent *d, int n)
{
	for (int i = 0; i < n; i++)
	{
		d->hash[i] = spindle_mix(d->hash[i] ^ (d->node[i] << 32));
		d->node[i] = 1;
	}
}

/*
 * Find the points of choices, and in which block they are or that they are in the
 * rest; begin the descents.  hash has that of each group.
 */
static void
begin_descents(SpindleSampleCursor *cursor, SpindleSampleChoices *choices, const uint64 *hash, int n, Descent *d)
{
	const SpindleSample *sample = cursor->sample;
	const uint64 rest = sample->rest.sum - sample->sum;

	for (int i = 0; i < n; i++)
	{
		SpindleSampleMeasure *m = &cursor->measure[choices->size[i] % SPINDLE_SAMPLE_MEMO];
		uint64		point;
		uint64		blocks;
		bool		in_rest;

		if (m->n != choices->size[i])
			measure_choices(sample, choices->size[i], m);
		point = spindle_below(spindle_mix(hash[i] + SPINDLE_PHI), m->total) + (uint64) choices->place[i] * m->distance;
		point -= point >= m->total ? m->total : 0;
		blocks = m->block_sum * (uint64) sample->nblocks;
		in_rest = point >= blocks;
		choices->block[i] = in_rest ? -1 : 0;
		if (sample->nblocks > 1 && !in_rest)
		{
			choices->block[i] = (int64) (point / m->block_sum);
			point -= (uint64) choices->block[i] * m->block_sum;
		}
		d->point[i] = in_rest ? point - blocks : point;
		d->list[i] = in_rest ? rest : 0;
		d->capped[i] = in_rest ? m->rest_capped : m->block_capped;
		d->extent[i] = in_rest ? m->rest_sum : m->block_sum;
		d->length[i] = m->distance;
		d->shift[i] = d->length[i] * d->capped[i] - sample->sum[d->list[i] + d->capped[i]];
		d->low[i] = 0;
		d->start[i] = 0;
		d->node[i] = 1;
	}
}

/* The blocks of a group in an order of its own: those at the places found. */
static void
permute_blocks(const SpindleSample *sample, SpindleSampleChoices *choices, const uint64 *hash, int n)
{
	int64		place[SPINDLE_DRAWS];

	for (int i = 0; i < n; i++)
		place[i] = Max(choices->block[i], 0);
	spindle_permute_many(&sample->blocks, hash, place, n, place);
	for (int i = 0; i < n; i++)
		choices->block[i] = choices->block[i] < 0 ? -1 : place[i];
}

/*
 * spindle_sample_choose
 *		Choose entries, up to SPINDLE_DRAWS at once: for each choice that of its
 *		place, from 0, among size choices of its group.
 *
 * size is from 1 to the number of all entries.
 */
void
spindle_sample_choose(SpindleSampleCursor *cursor, SpindleSampleChoices *choices, int n)
{
	const SpindleSample *sample = cursor->sample;
	uint64		hash[SPINDLE_DRAWS];
	Descent		d;

	spindle_draws(sample->key, choices->group, n, hash);
	begin_descents(cursor, choices, hash, n, &d);
	if (sample->nblocks > 1)
		permute_blocks(sample, choices, hash, n);
	for (int i = 0; i < n; i++)
		d.hash[i] = spindle_mix(hash[i] ^ (uint64) (choices->block[i] + 1));
	for (int level = 0; level < sample->levels; level++)
	{
		if (level > 0 && level % LEVELS_PER_HASH == 0)
			hash_again(&d, n);
		descend(&d, sample->sum, UINT64CONST(1) << (sample->levels - level - 1), n);
	}
	for (int i = 0; i < n; i++)
		choices->entry[i] = choices->block[i] < 0 ? sample->rest.entry[d.low[i]] : sample->block.entry[d.low[i]];
}
