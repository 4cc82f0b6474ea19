/*-------------------------------------------------------------------------
 *
 * popularity.c
 *		Skewed choice of a row of a table.
 *
 * Every row has a fixed popularity, and the popular rows lie scattered.  Up to
 * 1024 rows form one block; more are cut into blocks of 1024.  All blocks have
 * the same profile of popularity by rank; a bijection that differs per block
 * says at which place a rank lies.  A choice draws a block evenly, a rank by
 * the profile and looks up the place: constant time and, at any number of
 * rows, 26 kB of tables, with up to 256 kB for the keys of the blocks.  A last
 * block that is not full is drawn by what popularity its rows have together,
 * and has a table of its own.
 *
 * Since a block is a fair sample of all, the choice can be limited to the
 * first m rows, those that exist at a certain time, without losing the skew:
 * blocks are drawn among those that have rows below m, and if the place is at
 * or above m, all is drawn again.  So each row below m is chosen in proportion
 * to its popularity, also in the last block, however few of its rows there are.
 * With two blocks or more, at least every other draw is a choice.  In a single
 * one it could be one of millions, so there we look up the second draw in the
 * sums of the popularity of the block's first rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bswap.h"

#include "gen/popularity.h"
#include "gen/profile.h"
#include "math/draws.h"
#include "math/fpmath.h"

#define MAX_BITS	10
/* blocks whose keys are listed: those of 64 million rows */
#define MAX_KEYS	65536
/* after so many draws, which one choice in 2^32 needs, we take any row */
#define MAX_TRIES	32
/* blocks of which every row is looked at for estimates ... */
#define WHOLE_BLOCKS	2
/* ... and so many more of which the most popular rows are */
#define HEADS			126
#define POPULAR_RANKS	8

/*
 * The share of all choices that falls on the first x (0..1) of the ranks, for
 * a shifted power law, power not 0.  The shift keeps the head finite: for 80 %
 * on the first 20 % the most popular of 1024 ranks gets about 50 times the
 * mean, at any number of rows.
 */
static double
power_share(double x, double power)
{
	const double shift = 0.005;
	double		low = spindle_pow(shift, power);

	return (spindle_pow(x + shift, power) - low) / (spindle_pow(1.0 + shift, power) - low);
}

/* The power for which the first top of the ranks get share (top < share < 1). */
static double
solve_power(double top, double share)
{
	double		low = -8.0;
	double		high = 1.0;

	for (int i = 0; i < 60; i++)
	{
		double		middle = (low + high) / 2;

		if (middle > -1e-9 && middle < 1e-9)
			middle = 1e-9;
		if (power_share(top, middle) > share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/*
 * Scatter the ranks of a block: the place of a rank plus the block's key.
 *
 * The most popular ranks must not lie together by chance: a table ordered by
 * time would have its best rows early with one seed and late with another, and
 * the skew of a small table would depend on the seed.  So the first 2^k ranks
 * fall into 2^k different parts of the block: we reverse the bits of the rank,
 * after a hash in which every bit depends on lower ones only.  The hash is that
 * of Laine and Karras as given by Burley 2020, "Practical Hash-based Owen
 * Scrambling", JCGT 9(4); cut to the bits of a block it is a bijection.  As its
 * first act is to add the key, one table serves all blocks.
 */
static uint32
scatter(uint32 x, int bits)
{
	x ^= x * 0x6C50B47CU;
	x ^= x * 0xB82F1E52U;
	x ^= x * 0xC7AFE638U;
	x ^= x * 0x8D22F6E6U;

	/* the lowest bits, in reverse order */
	x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
	x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
	x = ((x >> 4) & 0x0F0F0F0FU) | ((x & 0x0F0F0F0FU) << 4);
	x = pg_bswap32(x);
	return bits == 0 ? 0 : x >> (32 - bits);
}

/* What is added to the ranks of a block before they are scattered. */
static inline uint32
block_key(const SpindlePopularity *popularity, int64 block)
{
	return (uint32) (spindle_draw(popularity->scatter_key, block) >> 32);
}

/*
 * Fill the tables that give the place of a rank, and that of sums for the first
 * block; weight is the popularity of each rank.
 *
 * A single block may have fewer than 2^bits rows: there we walk along the
 * bijection's cycle until we meet one of them.
 */
static void
list_places(SpindlePopularity *popularity, const double *weight)
{
	const int	n = popularity->rank->n;
	const int64 nblocks = ((popularity->nrows - 1) >> popularity->bits) + 1;

	popularity->place = palloc(sizeof(uint16) * (popularity->mask + 1));
	if (nblocks == 1)
	{
		uint32		key = block_key(popularity, 0);

		for (uint32 rank = 0; rank < popularity->nrows; rank++)
		{
			uint32		x = rank;

			do
				x = scatter(x + key, popularity->bits);
			while (x >= popularity->nrows);
			popularity->place[rank] = x;
		}
	}
	else
	{
		for (uint32 x = 0; x <= popularity->mask; x++)
			popularity->place[x] = scatter(x, popularity->bits);
	}

	if (nblocks <= MAX_KEYS)
	{
		popularity->block_key = palloc(sizeof(uint32) * nblocks);
		for (int64 b = 0; b < nblocks; b++)
			popularity->block_key[b] = nblocks == 1 ? 0 : block_key(popularity, b);
	}

	popularity->below = palloc0(sizeof(double) * (n + 1));
	for (int rank = 0; rank < n; rank++)
	{
		uint32		key = nblocks == 1 ? 0 : block_key(popularity, 0);

		popularity->below[popularity->place[(rank + key) & popularity->mask] + 1] = weight[rank];
	}
	for (int place = 0; place < n; place++)
		popularity->below[place + 1] += popularity->below[place];
}

/*
 * Make the table that chooses in a last block which is not full, and sum up the
 * popularity of all rows; weight is that of each rank.
 */
static void
weigh_blocks(SpindlePopularity *popularity, const double *weight)
{
	const int64 nfull = popularity->nrows >> popularity->bits;
	const int	nlast = (int) (popularity->nrows & popularity->mask);
	double		last_sum = 0;
	double		sum = 0;
	double	   *last;
	uint32		key;

	popularity->mass = (double) nfull;
	if (nfull == 0 || nlast == 0)
		return;
	last = palloc(sizeof(double) * nlast);
	key = block_key(popularity, nfull);
	for (uint32 rank = 0; rank <= popularity->mask; rank++)
	{
		int			place = popularity->place[(rank + key) & popularity->mask];

		sum += weight[rank];
		if (place < nlast)
		{
			last[place] = weight[rank];
			last_sum += weight[rank];
		}
	}

	/* a steep profile leaves nothing of its end that a double could hold */
	if (last_sum > 0)
		popularity->last = spindle_alias_create(last, nlast);
	popularity->mass += last_sum / sum;
	pfree(last);
}

/*
 * The weights of n ranks by a profile: of the row at each part of the ranks what
 * lies between two quantiles, the most popular first.
 */
static void
weigh_by_profile(const SpindleSkew *skew, double *weight, int n)
{
	double		sum = 0;

	for (int r = 0; r < n; r++)
	{
		double		at = (1.0 - (r + 0.5) / n) * (skew->nprofile - 1);
		int			i = Min((int) at, skew->nprofile - 2);

		weight[r] = skew->profile[i] + (at - i) * (skew->profile[i + 1] - skew->profile[i]);
		sum += weight[r];
	}

	/* few rows can all be among those that get nothing */
	for (int r = 0; r < n && sum == 0; r++)
		weight[r] = 1;
}

/*
 * spindle_popularity_weights
 *		The weights of n >= 1 ranks, the most popular first, palloc'd.  Not without
 *		skew.
 */
double *
spindle_popularity_weights(const SpindleSkew *skew, int n)
{
	double	   *weight = palloc(sizeof(double) * n);

	if (skew->kind == SPINDLE_SKEW_SHARE)
	{
		double		power = solve_power(skew->top, skew->share);
		double		below = power_share(0, power);

		for (int r = 0; r < n; r++)
		{
			double		until = power_share((r + 1.0) / n, power);

			weight[r] = until - below;
			below = until;
		}
	}
	else if (skew->kind == SPINDLE_SKEW_EXPONENT)
	{
		for (int r = 0; r < n; r++)
			weight[r] = spindle_pow(r + 1.0, -skew->share);
	}
	else
		weigh_by_profile(skew, weight, n);
	return weight;
}

/*
 * spindle_popularity_create
 *		Prepare choices among nrows >= 1 rows, in the current memory context.
 *		The skew has to stay as long.
 */
SpindlePopularity *
spindle_popularity_create(const SpindleSkew *skew, SpindleKey key, int64 nrows)
{
	SpindlePopularity *popularity = palloc0(sizeof(SpindlePopularity));
	int			n;

	popularity->kind = skew->kind;
	popularity->nrows = nrows;
	popularity->key = key;
	popularity->scatter_key = spindle_key_derive(key, 1);
	if (skew->kind == SPINDLE_SKEW_NONE)
		return popularity;

	while (popularity->bits < MAX_BITS &&
		   (INT64CONST(1) << popularity->bits) < nrows)
		popularity->bits++;
	popularity->mask = (1 << popularity->bits) - 1;
	n = (int) Min(nrows, INT64CONST(1) << popularity->bits);
	popularity->weight = spindle_popularity_weights(skew, n);
	popularity->rank = spindle_alias_create(popularity->weight, n);
	list_places(popularity, popularity->weight);
	weigh_blocks(popularity, popularity->weight);
	return popularity;
}

/*
 * The entry that 32 bits select: a number of a block of up to 1024 takes ten of
 * them, so the probabilities are exact to 2^-22.
 */
static inline uint32
entry_of_bits(const SpindleAlias *alias, uint32 bits)
{
	uint64		product = (uint64) bits * alias->n;

	return spindle_alias_entry(alias, (uint32) (product >> 32), (uint32) product);
}

/* The row of a block that 32 bits select. */
static inline int64
row_of_block(const SpindlePopularity *popularity, int64 block, uint32 bits)
{
	uint32		key = popularity->block_key ? popularity->block_key[block] : block_key(popularity, block);
	uint32		rank = entry_of_bits(popularity->rank, bits);

	return (block << popularity->bits) | popularity->place[(rank + key) & popularity->mask];
}

/*
 * The row that a draw selects, which may be one that is not eligible.  Half of
 * the draw is for the block, half for the rank; 32 bits reach every block of up
 * to 4 * 10^12 rows.
 */
static inline int64
row_of_draw(const SpindlePopularity *popularity, uint64 draw, int64 eligible)
{
	uint64		nblocks = (uint64) (((eligible - 1) >> popularity->bits) + 1);
	int64		block = (int64) (((unsigned __int128) (draw >> 32) * nblocks) >> 32);

	return row_of_block(popularity, block, (uint32) draw);
}

/*
 * The row below limit, >= 1 and within the first block, that a draw selects;
 * any if all have a popularity too small for a double.
 */
static int64
row_by_sums(const SpindlePopularity *popularity, uint64 draw, int limit)
{
	double		sum = spindle_fraction(draw) * popularity->below[limit];
	int			low = 0;
	int			high = limit - 1;

	if (popularity->below[limit] == 0)
		return (int64) spindle_below(draw, limit);
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (popularity->below[middle + 1] > sum)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/*
 * The choice after a draw that selected a row which is not eligible; 0 if none
 * is.
 */
static int64
choose_again(const SpindlePopularity *popularity, uint64 draw, int64 limit)
{
	if (limit == 0)
		return 0;
	if (limit <= popularity->mask)
		return row_by_sums(popularity, spindle_mix(draw + SPINDLE_PHI), (int) limit);
	for (int tries = 1; tries < MAX_TRIES; tries++)
	{
		int64		chosen;

		draw = spindle_mix(draw + SPINDLE_PHI);
		chosen = row_of_draw(popularity, draw, limit);
		if (chosen < limit)
			return chosen;
	}
	return (int64) spindle_below(spindle_mix(draw + SPINDLE_PHI), limit);
}

/*
 * Choices among all rows of a table of a single block, whose places are all
 * rows, by a draw each.
 */
static pg_noinline void
pick_in_block(const SpindlePopularity *popularity, const uint64 *draw, int n, int64 *pg_restrict choice)
{
	const SpindleAlias *rank = popularity->rank;
	const uint16 *place = popularity->place;

	for (int i = 0; i < n; i++)
		choice[i] = place[entry_of_bits(rank, (uint32) draw[i])];
}

/*
 * Choices among all rows of a table of several blocks whose keys are listed, by
 * a draw each: half of it is for the block, half for the rank.  What the loop
 * reads is kept in variables, and the loop out of its caller, where these would
 * not all be in registers: that takes a sixth off the choices of an order.
 */
static pg_noinline void
pick_in_blocks(const SpindlePopularity *popularity, const uint64 *draw, int n, int64 *pg_restrict choice)
{
	const SpindleAlias *rank = popularity->rank;
	const SpindleAlias *last = popularity->last;
	const uint16 *place = popularity->place;
	const uint32 *key = popularity->block_key;
	const uint32 mask = popularity->mask;
	const int	bits = popularity->bits;
	const int64 nfull = popularity->nrows >> bits;
	const double step = popularity->mass / 4294967296.0;

	for (int i = 0; i < n; i++)
	{
		int64		block = (int64) ((double) (int64) (draw[i] >> 32) * step);

		if (likely(block < nfull))
			choice[i] = (block << bits) | place[(entry_of_bits(rank, (uint32) draw[i]) + key[block]) & mask];
		else
			choice[i] = (nfull << bits) + entry_of_bits(last, (uint32) draw[i]);
	}
}

/* The same where there are too many blocks to list their keys. */
static pg_noinline void
pick_in_many_blocks(const SpindlePopularity *popularity, const uint64 *draw, int n, int64 *choice)
{
	const int64 nfull = popularity->nrows >> popularity->bits;
	const double step = popularity->mass / 4294967296.0;

	for (int i = 0; i < n; i++)
	{
		int64		block = (int64) ((double) (int64) (draw[i] >> 32) * step);

		if (likely(block < nfull))
			choice[i] = row_of_block(popularity, block, (uint32) draw[i]);
		else
			choice[i] = (nfull << popularity->bits) + entry_of_bits(popularity->last, (uint32) draw[i]);
	}
}

/*
 * Choices among the rows below each entry of limit, or 0 if that is 0, by a draw
 * each; where blocks have their keys listed.  limit may be choice.
 */
static pg_noinline void
pick_below(const SpindlePopularity *popularity, const uint64 *draw, int n, const int64 *limit, int64 *choice)
{
	const SpindleAlias *rank = popularity->rank;
	const uint16 *place = popularity->place;
	const uint32 *key = popularity->block_key;
	const uint32 mask = popularity->mask;
	const int	bits = popularity->bits;

	for (int i = 0; i < n; i++)
	{
		/* as row_of_draw() */
		const int64 below = limit[i];
		const uint64 nblocks = (uint64) (((below - 1) >> bits) + 1);
		const uint64 block = ((draw[i] >> 32) * nblocks) >> 32;
		const int64 chosen = (int64) (block << bits) | place[(entry_of_bits(rank, (uint32) draw[i]) + key[block]) & mask];

		choice[i] = likely(chosen < below) ? chosen : choose_again(popularity, draw[i], below);
	}
}

/*
 * spindle_popularity_pick
 *		Choose rows by popularity: for each of n choosing rows one that is below
 *		its entry of eligible, 0 <= eligible <= nrows, or 0 if that is 0.
 *
 * eligible may be NULL, all rows, or the array that takes the choices.
 */
void
spindle_popularity_pick(const SpindlePopularity *popularity, const int64 *row, int n,
						const int64 *eligible, int64 *choice)
{
	const SpindlePopularity p = *popularity;	/* in registers */

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(p.key, row + done, m, draw);
		if (eligible == NULL && p.kind != SPINDLE_SKEW_NONE)
		{
			if (p.nrows <= p.mask + INT64CONST(1))
				pick_in_block(popularity, draw, m, choice + done);
			else if (p.block_key)
				pick_in_blocks(popularity, draw, m, choice + done);
			else
				pick_in_many_blocks(popularity, draw, m, choice + done);
			continue;
		}
		if (eligible && p.kind != SPINDLE_SKEW_NONE && p.block_key)
		{
			pick_below(popularity, draw, m, eligible + done, choice + done);
			continue;
		}
		for (int i = 0; i < m; i++)
		{
			int64		limit = eligible ? eligible[done + i] : p.nrows;
			int64		chosen = p.kind == SPINDLE_SKEW_NONE ? (int64) spindle_below(draw[i], limit) :
			row_of_draw(&p, draw[i], limit);

			choice[done + i] = likely(chosen < limit) ? chosen : choose_again(&p, draw[i], limit);
		}
	}
}

/* Parts of the rows that come into being one after the other. */
#define GROWING_PARTS	16

/*
 * The probability that a row is chosen, if it gets so many choices on average.
 *
 * is_growing is for rows to choose from that come into being one after the
 * other, as do those that choose: the last ones are there for few choices.  A
 * row at part u of them is open to the choices from there on, each among the
 * rows until then, which makes log(1 / u) times as many on average: those are in
 * more, of GROWING_PARTS parts.
 */
static double
hit_probability(double choices, bool is_growing, const double *more)
{
	double		sum = 0;

	if (!is_growing)
		return spindle_profile_hit(choices);
	for (int i = 0; i < GROWING_PARTS; i++)
		sum += spindle_profile_hit(more[i] * choices);
	return sum / GROWING_PARTS;
}

/*
 * spindle_popularity_distinct
 *		How many different rows so many choices hit, on average.
 *
 * See hit_probability() for is_growing.
 */
double
spindle_popularity_distinct(const SpindlePopularity *popularity, double choices, bool is_growing)
{
	const double nrows = (double) popularity->nrows;
	double		sum = 0;
	double		more[GROWING_PARTS];
	double	   *weight;
	int			n;

	for (int i = 0; i < GROWING_PARTS; i++)
		more[i] = -spindle_log((i + 0.5) / GROWING_PARTS);
	if (popularity->kind == SPINDLE_SKEW_NONE)
		return nrows * hit_probability(choices / nrows, is_growing, more);
	n = popularity->rank->n;
	weight = palloc(sizeof(double) * n);
	spindle_alias_weights(popularity->rank, weight);

	/* a single block counts as one, however few rows it has */
	for (int rank = 0; rank < n; rank++)
		sum += hit_probability(choices * weight[rank] / Max(popularity->mass, 1.0), is_growing, more);
	pfree(weight);
	return sum * nrows / n;
}

/*
 * spindle_popularity_until
 *		The popularity of the first n rows together, by the measure of
 *		spindle_popularity_prominent().  Beyond the first block it is that of blocks
 *		that are alike.
 */
double
spindle_popularity_until(const SpindlePopularity *popularity, int64 n)
{
	const int64 block = Min(popularity->nrows, popularity->mask + INT64CONST(1));

	if (popularity->kind == SPINDLE_SKEW_NONE)
		return (double) n;
	if (n <= block)
		return popularity->below[n];
	return popularity->below[block] * ((double) n / (double) block);
}

/*
 * spindle_popularity_prominent
 *		Rows that may be chosen more often than others, with their popularity: those
 *		of the first blocks, which may have been there before others, and the most
 *		popular ones of the next; returns how many there are.  *row and *weight are
 *		palloc'd.
 */
int
spindle_popularity_prominent(const SpindlePopularity *popularity, int64 **row, double **weight)
{
	const int64 nblocks = popularity->kind == SPINDLE_SKEW_NONE ? 1 : ((popularity->nrows - 1) >> popularity->bits) + 1;
	const int64 nplaces = popularity->kind == SPINDLE_SKEW_NONE ? Min(popularity->nrows, WHOLE_BLOCKS << MAX_BITS) :
	(int64) popularity->rank->n;
	int			n = 0;

	*row = palloc(sizeof(int64) * ((WHOLE_BLOCKS << MAX_BITS) + HEADS * POPULAR_RANKS));
	*weight = palloc(sizeof(double) * ((WHOLE_BLOCKS << MAX_BITS) + HEADS * POPULAR_RANKS));
	for (int64 b = 0; b < Min(nblocks, WHOLE_BLOCKS + HEADS); b++)
	{
		uint32		key = nblocks == 1 ? 0 : block_key(popularity, b);
		int64		nranks = b < WHOLE_BLOCKS ? nplaces : Min(nplaces, POPULAR_RANKS);

		for (int64 rank = 0; rank < nranks; rank++)
		{
			(*row)[n] = popularity->kind == SPINDLE_SKEW_NONE ? rank :
				(b << popularity->bits) + popularity->place[(rank + key) & popularity->mask];
			(*weight)[n] = popularity->kind == SPINDLE_SKEW_NONE ? 1.0 : popularity->weight[rank];
			n += (*row)[n] < popularity->nrows;
		}
	}
	return n;
}

/*
 * spindle_popularity_sample
 *		Prepare choices that differ, in the current memory context.  Not without
 *		skew.
 */
SpindleSample *
spindle_popularity_sample(const SpindlePopularity *popularity)
{
	const SpindleKey key = spindle_key_derive(popularity->key, 2);
	const int	n = popularity->rank->n;
	const int64 nfull = popularity->nrows >> popularity->bits;
	const int	nlast = (int) (popularity->nrows & popularity->mask);
	SpindleSample *sample;
	double	   *last;

	Assert(popularity->kind != SPINDLE_SKEW_NONE);

	/* a single block, full or not */
	if (popularity->nrows <= popularity->mask + INT64CONST(1))
		return spindle_sample_create(key, 1, popularity->weight, n, NULL, 0);
	last = palloc(sizeof(double) * (popularity->mask + 1));
	for (uint32 rank = 0; rank <= popularity->mask; rank++)
		last[popularity->place[(rank + block_key(popularity, nfull)) & popularity->mask]] = popularity->weight[rank];
	sample = spindle_sample_create(key, nfull, popularity->weight, n, last, nlast);
	pfree(last);
	return sample;
}

/*
 * spindle_popularity_sampled_rows
 *		The rows that choices from a spindle_popularity_sample() stand for.
 */
void
spindle_popularity_sampled_rows(const SpindlePopularity *popularity, const SpindleSampleChoices *choices, int n,
								int64 *row)
{
	const int64 last = popularity->nrows >> popularity->bits << popularity->bits;

	if (popularity->nrows <= popularity->mask + INT64CONST(1))
	{
		for (int i = 0; i < n; i++)
			row[i] = popularity->place[choices->entry[i]];
		return;
	}
	for (int i = 0; i < n; i++)
	{
		const int64 in_last = -(int64) (choices->block[i] < 0);	/* all bits or none, as a jump would be a guess */
		const int64 block = choices->block[i] & ~in_last;
		const uint32 key = popularity->block_key ? popularity->block_key[block] : block_key(popularity, block);
		const int64 place = popularity->place[(choices->entry[i] + key) & popularity->mask];

		row[i] = (((block << popularity->bits) | place) & ~in_last) | ((last + choices->entry[i]) & in_last);
	}
}
