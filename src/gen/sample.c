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
 * the tree is a run of entries by falling weight: so to find the entry at a point is
 * to go down the tree once.  That is done for many points side by side, level by
 * level and without jumps, which takes a third of the time.  Lists are filled up to
 * a power of two by entries that have no length and no point.
 *
 * Nodes are numbered as in a heap: 1 is the root, and node p has the halves 2p and
 * 2p + 1.  Two levels are gone down at once: of each node we keep the length of its
 * lower half, the heavier entries, and those of both halves' lower halves.  Of long
 * lists they are computed from the sums.
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

/* Lists with more places do not keep the halves of their trees: 16 kB for a list. */
#define MAX_KEPT_LEVELS	10

/* Halves that are kept of a node. */
#define HALVES_OF_NODE	4		/* the last one is not used */

/* Numbers of choices for which the halves of trees with weights cut are kept. */
#define MAX_KEPT	64

/* Blocks whose order is kept of a group that makes more choices than there are. */
#define MAX_ORDERED		65536

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

/* The length of a list's first entries, of which some are cut to a length. */
static inline uint64
cut_sum(const SpindleSampleList *list, int capped, uint64 length, uint64 entries)
{
	return entries <= capped ? length * entries : length * capped + list->sum[entries] - list->sum[capped];
}

/*
 * The length of the lower half of a node that is so many levels above the entries.
 * That of an entry is the whole.
 */
static inline uint64
lower_half(const SpindleSampleList *list, int capped, uint64 length, uint64 node, int levels, int above)
{
	uint64		low = (node << above) - (UINT64CONST(1) << levels);
	uint64		half = above > 0 ? UINT64CONST(1) << (above - 1) : 1;

	return cut_sum(list, capped, length, low + half) - cut_sum(list, capped, length, low);
}

/* Compute what is kept of a node: of one of the rest or of a block by a measure. */
static inline void
halves_of_node(const SpindleSample *sample, const SpindleSampleMeasure *m, bool in_rest, uint64 node, int above,
			   uint64 *halves)
{
	const SpindleSampleList *list = in_rest ? &sample->rest : &sample->block;
	const int	capped = in_rest ? m->rest_capped : m->block_capped;

	halves[0] = lower_half(list, capped, m->distance, node, sample->levels, above);
	halves[1] = lower_half(list, capped, m->distance, node * 2, sample->levels, above - 1);
	halves[2] = lower_half(list, capped, m->distance, node * 2 + 1, sample->levels, above - 1);
}

/* What is kept of one list's tree, in entries of the array: of all but the last levels' nodes. */
static inline size_t
count_halves(const SpindleSample *sample)
{
	return HALVES_OF_NODE * (((size_t) 1 << ((sample->levels + 1) | 1)) / 4);
}

/*
 * Set what is kept of the nodes of both trees, that of blocks and then the rest's, if
 * weights are cut by a measure.
 */
static void
list_halves(const SpindleSample *sample, const SpindleSampleMeasure *m, uint64 *halves)
{
	memset(halves, 0, sizeof(uint64) * 2 * count_halves(sample));
	for (int level = 0; level < sample->levels; level += 2)
		for (uint64 node = UINT64CONST(1) << level; node < UINT64CONST(2) << level; node++)
			for (int in_rest = 0; in_rest <= 1; in_rest++)
				halves_of_node(sample, m, in_rest, node, sample->levels - level,
							   halves + in_rest * count_halves(sample) + HALVES_OF_NODE * node);
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
	if (sample->levels <= MAX_KEPT_LEVELS)
	{
		sample->halves = palloc(sizeof(uint64) * 2 * count_halves(sample));
		list_halves(sample, &(SpindleSampleMeasure) {0}, sample->halves);
	}
	spindle_permutation_init(&sample->blocks, spindle_key_derive(key, 1), Max(nblocks, 1));
	return sample;
}

/*
 * spindle_sample_cursor_init
 *		Begin to choose; the sample must stay as long.  What the cursor will keep
 *		is allocated in the current memory context.
 */
void
spindle_sample_cursor_init(SpindleSampleCursor *cursor, const SpindleSample *sample)
{
	memset(cursor, 0, sizeof(SpindleSampleCursor));
	cursor->sample = sample;
	cursor->context = CurrentMemoryContext;
	cursor->group = -1;
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

/* Fill a measure but for its n and its halves, for a distance between choices. */
static void
measure_at(const SpindleSample *sample, uint64 distance, SpindleSampleMeasure *measure)
{
	measure->distance = distance;
	measure->block_capped = count_above(&sample->block, distance);
	measure->rest_capped = count_above(&sample->rest, distance);
	measure->block_sum = cut_sum(&sample->block, measure->block_capped, distance, sample->block.n);
	measure->rest_sum = cut_sum(&sample->rest, measure->rest_capped, distance, sample->rest.n);
	measure->blocks_sum = measure->block_sum * sample->nblocks;
	measure->total = measure->blocks_sum + measure->rest_sum;
	measure->per_block = measure->block_sum > 0 ? 1.0 / (double) measure->block_sum : 0;
}

/*
 * Find the measures of n choices; those of others in their place are given up.
 *
 * The distance is as great as it can be with room for n of it in what is left of
 * the weights when those above it are cut.  The greater it is, the less of it has
 * room, so we search by halves.  At a distance of 1 there is room for as many as
 * there are entries, as none weighs less.
 */
static void
measure_choices(SpindleSampleCursor *cursor, int64 n, SpindleSampleMeasure *measure)
{
	const SpindleSample *sample = cursor->sample;
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
	measure->halves = sample->halves;
	if (sample->halves && (measure->block_capped > 0 || measure->rest_capped > 0))
	{
		if (!measure->own_halves && cursor->nkept < MAX_KEPT)
		{
			measure->own_halves = MemoryContextAlloc(cursor->context, sizeof(uint64) * 2 * count_halves(sample));
			cursor->nkept++;
		}
		if (measure->own_halves)
			list_halves(sample, measure, measure->own_halves);
		measure->halves = measure->own_halves;
	}
	measure->n = n;
}

/* What choices of one group have in common, an entry for each group. */
typedef struct Groups
{
	uint64		hash[SPINDLE_DRAWS];
	uint64		start[SPINDLE_DRAWS];	/* point of the first choice */
	const SpindleSampleMeasure *measure[SPINDLE_DRAWS];
} Groups;

/* Points on the way down their trees, an entry for each. */
typedef struct Descent
{
	uint64		hash[SPINDLE_SAMPLE_ROOM];	/* bits for the nodes of some levels */
	uint64		halves[SPINDLE_SAMPLE_ROOM];	/* of the tree, as an address */
	uint64		node[SPINDLE_SAMPLE_ROOM];	/* where we are, */
	uint64		extent[SPINDLE_SAMPLE_ROOM];	/* its length, */
	uint64		point[SPINDLE_SAMPLE_ROOM]; /* and the point in it, less than that */
	uint64		lower[3][SPINDLE_SAMPLE_ROOM];	/* lengths of lower halves: of
												 * this, of its lower half, and of
												 * its upper half */
} Descent;

/*
 * Go down one level: to the half of a node that has the point.  Returns all bits if
 * that is the upper one, else none.
 *
 * The order of the halves is a bit of the hash: that of the path below the node where
 * the hash was taken, whose bits are those of mask.
 */
static inline uint64
take_half(uint64 hash, uint64 mask, uint64 lower, uint64 *node, uint64 *extent, uint64 *point)
{
	uint64		upper = *extent - lower;
	uint64		swap = -((hash >> ((*node & mask) | (mask + 1))) & 1);	/* all bits or none */
	uint64		first = (upper & swap) | (lower & ~swap);
	uint64		second = -(uint64) (*point >= first);
	uint64		up = second ^ swap;

	*point -= first & second;
	*extent = (upper & up) | (lower & ~up);
	*node = *node * 2 + (up & 1);
	return up;
}

/* Go down two levels. */
SPINDLE_FOR_EACH_PROCESSOR static void
descend(Descent *d, uint64 mask, int n)
{
	for (int i = 0; i < n; i++)
	{
		uint64		hash = d->hash[i];
		uint64		node = d->node[i];
		uint64		extent = d->extent[i];
		uint64		point = d->point[i];
		uint64		up = take_half(hash, mask, d->lower[0][i], &node, &extent, &point);

		take_half(hash, mask * 2 + 1, (d->lower[2][i] & up) | (d->lower[1][i] & ~up), &node, &extent, &point);
		d->node[i] = node;
		d->extent[i] = extent;
		d->point[i] = point;
	}
}

/* Take new bits for the nodes below those that have been used up. */
SPINDLE_FOR_EACH_PROCESSOR static void
hash_again(Descent *d, int n)
{
	const uint64 used = UINT64CONST(1) << LEVELS_PER_HASH;

	for (int i = 0; i < n; i++)
		d->hash[i] = spindle_mix(d->hash[i] ^ (((d->node[i] & (used - 1)) | used) << 32));
}

/* Begin at the roots of the trees, with the hash of each group and block. */
SPINDLE_FOR_EACH_PROCESSOR static void
hash_blocks(Descent *d, const int64 *pg_restrict block, int n)
{
	for (int i = 0; i < n; i++)
	{
		d->hash[i] = spindle_mix(d->hash[i] ^ (uint64) (block[i] + 1));
		d->node[i] = 1;
	}
}

/* Look halves up: in a loop of its own, as vectors would have to be put together of them. */
static void
look_up_halves(Descent *d, int n)
{
	for (int i = 0; i < n; i++)
	{
		const uint64 *halves = (const uint64 *) (uintptr_t) d->halves[i] + HALVES_OF_NODE * d->node[i];

		d->lower[0][i] = halves[0];
		d->lower[1][i] = halves[1];
		d->lower[2][i] = halves[2];
	}
}

/* Compute them, of nodes that are so many levels above the entries. */
static void
compute_halves(const SpindleSample *sample, const SpindleSampleChoices *choices, const Groups *groups, int above,
			   Descent *d)
{
	for (int g = 0; g < choices->ngroups; g++)
		for (int i = choices->first[g]; i < choices->first[g + 1]; i++)
		{
			uint64		halves[HALVES_OF_NODE];

			halves_of_node(sample, groups->measure[g], choices->block[i] < 0, d->node[i], above, halves);
			for (int k = 0; k < 3; k++)
				d->lower[k][i] = halves[k];
		}
}

/* The measures of n choices.  Those that were asked for at the same time stay. */
static const SpindleSampleMeasure *
find_measure(SpindleSampleCursor *cursor, int64 n)
{
	SpindleSampleMeasure **place = &cursor->measure[n % SPINDLE_SAMPLE_MEMO];

	while (*place && (*place)->n != n && (*place)->asked == cursor->nasked)
		if (++place == cursor->measure + SPINDLE_SAMPLE_MEMO)
			place = cursor->measure;
	if (!*place)
		*place = MemoryContextAllocZero(cursor->context, sizeof(SpindleSampleMeasure));
	if ((*place)->n != n)
		measure_choices(cursor, n, *place);
	(*place)->asked = cursor->nasked;
	return *place;
}

/* Find what the choices of each group have in common.  Returns if all halves are kept. */
static bool
begin_groups(SpindleSampleCursor *cursor, const SpindleSampleChoices *choices, Groups *groups)
{
	bool		are_kept = true;

	cursor->nasked++;
	spindle_draws(cursor->sample->key, choices->group, choices->ngroups, groups->hash);
	for (int g = 0; g < choices->ngroups; g++)
	{
		const SpindleSampleMeasure *m = find_measure(cursor, choices->size[g]);

		groups->start[g] = spindle_below(spindle_mix(groups->hash[g] + SPINDLE_PHI), m->total);
		groups->measure[g] = m;
		are_kept &= m->halves != NULL;
	}
	return are_kept;
}

/*
 * Find the points of choices, and in which block they are or that they are in the
 * rest; begin the descents.  rest is where the tree of the rest begins in the halves.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
begin_descents(const Groups *groups, uint64 rest, SpindleSampleChoices *pg_restrict choices, Descent *pg_restrict d)
{
	for (int g = 0; g < choices->ngroups; g++)
	{
		const SpindleSampleMeasure m = *groups->measure[g];
		const uint64 start = groups->start[g];
		const uint64 hash = groups->hash[g];
		const uint64 halves = (uint64) (uintptr_t) m.halves;

		for (int done = choices->first[g]; done < choices->first[g + 1]; done += SPINDLE_SAMPLE_PORTION)
		{
			const int64 *place = choices->place + done;
			int64	   *out_block = choices->block + done;
			uint64	   *out_hash = d->hash + done;
			uint64	   *out_point = d->point + done;
			uint64	   *out_extent = d->extent + done;
			uint64	   *out_halves = d->halves + done;

			for (int i = 0; i < SPINDLE_SAMPLE_PORTION; i++)
			{
				uint64		point = start + (uint64) place[i] * m.distance;
				uint64		in_rest;	/* all bits or none, as jumps would be guesses */
				uint64		block;
				uint64		off;

				point -= m.total & -(uint64) (point >= m.total);
				in_rest = -(uint64) (point >= m.blocks_sum);

				/* blocks are below 2^40, so the quotient is one off at most */
				block = (uint64) (int64) ((double) (int64) point * m.per_block) & ~in_rest;
				point -= (m.blocks_sum & in_rest) | (block * m.block_sum);
				off = -(point >> 63);
				block += off;
				point += m.block_sum & off;
				off = -(uint64) (point >= m.block_sum) & ~in_rest;
				block -= off;
				point -= m.block_sum & off;
				out_block[i] = (int64) (block | in_rest);
				out_hash[i] = hash;
				out_point[i] = point;
				out_extent[i] = (m.rest_sum & in_rest) | (m.block_sum & ~in_rest);
				out_halves[i] = halves + (rest & in_rest);
			}
		}
	}
}

/* All bits if a choice is in the rest, else none. */
static inline int64
in_rest(int64 block)
{
	return -(int64) (block < 0);
}

/* List the blocks of a group, whose hash is given, in its order. */
static void
list_order(SpindleSampleCursor *cursor, uint64 hash)
{
	const int64 nblocks = cursor->sample->nblocks;
	int64		place[SPINDLE_DRAWS];
	uint64		tweak[SPINDLE_DRAWS];

	if (!cursor->order)
		cursor->order = MemoryContextAlloc(cursor->context, sizeof(uint32) * nblocks);
	for (int i = 0; i < SPINDLE_DRAWS; i++)
		tweak[i] = hash;
	for (int64 done = 0; done < nblocks; done += SPINDLE_DRAWS)
	{
		const int	n = (int) Min(SPINDLE_DRAWS, nblocks - done);

		for (int i = 0; i < n; i++)
			place[i] = done + i;
		spindle_permute_many(&cursor->sample->blocks, tweak, place, n, place);
		for (int i = 0; i < n; i++)
			cursor->order[done + i] = (uint32) place[i];
	}
	cursor->has_order = true;
}

/*
 * The blocks of a group in an order of its own: those at the places found; hash has
 * that of the group of each choice.
 *
 * A group that is alone and makes more choices than there are blocks, as a whole
 * table mostly does, has them listed.
 */
static void
permute_blocks(SpindleSampleCursor *cursor, SpindleSampleChoices *choices, const uint64 *hash, int n)
{
	const int64 nblocks = cursor->sample->nblocks;
	int64	   *block = choices->block;
	int64		place[SPINDLE_DRAWS];

	if (choices->ngroups == 1 && nblocks <= MAX_ORDERED)
	{
		if (cursor->group != choices->group[0])
		{
			cursor->group = choices->group[0];
			cursor->nchosen = 0;
			cursor->has_order = false;
		}
		cursor->nchosen += n;
		if (!cursor->has_order && cursor->nchosen > nblocks)
			list_order(cursor, hash[0]);
		if (cursor->has_order)
		{
			for (int i = 0; i < n; i++)
				block[i] = block[i] < 0 ? -1 : (int64) cursor->order[block[i]];
			return;
		}
	}
	for (int i = 0; i < n; i++)
		place[i] = block[i] & ~in_rest(block[i]);
	spindle_permute_many(&cursor->sample->blocks, hash, place, n, place);
	for (int i = 0; i < n; i++)
		block[i] = place[i] | in_rest(block[i]);
}

/*
 * spindle_sample_choose
 *		Choose entries, n up to SPINDLE_DRAWS at once: for each choice that of its
 *		place, from 0, among the size choices of its group.
 *
 * size is from 1 to the number of all entries.
 */
void
spindle_sample_choose(SpindleSampleCursor *cursor, SpindleSampleChoices *choices, int n)
{
	const SpindleSample *sample = cursor->sample;
	const uint64 last = (UINT64CONST(1) << sample->levels) - 1;
	const int  *const entry = sample->block.entry;
	const int64 rest = sample->rest.entry - entry;	/* parts of one array */
	const int	odd = sample->levels % 2;	/* then the last level is one of
											 * entries */
	Groups		groups;
	Descent		d;
	const bool	are_kept = begin_groups(cursor, choices, &groups);

	begin_descents(&groups, count_halves(sample) * sizeof(uint64), choices, &d);
	if (sample->nblocks > 1)
		permute_blocks(cursor, choices, d.hash, n);
	hash_blocks(&d, choices->block, n);
	for (int level = 0; level < sample->levels; level += 2)
	{
		const int	below = level % LEVELS_PER_HASH;

		if (level > 0 && below == 0)
			hash_again(&d, n);
		if (are_kept)
			look_up_halves(&d, n);
		else
			compute_halves(sample, choices, &groups, sample->levels - level, &d);
		descend(&d, (UINT64CONST(1) << below) - 1, n);
	}
	for (int i = 0; i < n; i++)
		choices->entry[i] = entry[(d.node[i] >> odd & last) + (rest & in_rest(choices->block[i]))];
}
