/*-------------------------------------------------------------------------
 *
 * among.c
 *		References among the descendants of a row.
 *
 * Rows of children stand in the order of their parents, so all descendants of a
 * row, in any generation, are one range of rows.  Its ends take two look-ups in
 * the layout of each generation.  Inside, any row is as likely, or rows are
 * popular by their rank: a rank is drawn, and a bijection that belongs to the
 * ancestor says which row of the range has it.  That is rank * multiplier +
 * offset, modulo the rows, which a division computes: a stronger scatter costs
 * more than all else of a choice, and ranges are mostly short.
 *
 * Where the rows of a parent choose different ones, they have the same ancestor,
 * and child j takes the row at place j of a permutation that belongs to the parent,
 * as in distinct.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/draws.h"
#include "math/permute.h"

/* Ranks whose popularity is listed; a larger range has so many again and again. */
#define RANKS	1024

/* Labels of what is drawn beside the choice. */
#define LABEL_WITHIN	102
#define LABEL_SCATTER	103

/* The descendants of a row in some generation, as they were found last. */
typedef struct Generation
{
	SpindleLayoutCursor low;	/* at the first row's children, and at the */
	SpindleLayoutCursor high;	/* last one's: each keeps its block */
} Generation;

/* What a step needs that chooses among descendants. */
typedef struct Among
{
	int			depth;			/* generations, at least 1 */
	Generation *generation;		/* the ancestor's children first */
	SpindleTimelineCursor *after;	/* times of the rows, or NULL */
	SpindleKey	within;			/* of the second draw of "top" and "share" */
	SpindleKey	scatter;		/* of the bijections' draws */
	double	   *below;			/* EXPONENT: popularity of the ranks before
								 * each, and at last of all RANKS */

	/* of the ancestor that was asked for last */
	int64		ancestor;		/* -1 if none was */
	int64		first;			/* its rows are first .. end - 1 */
	int64		end;
	int64		multiplier;		/* of the bijection, coprime to their number */
	int64		offset;

	/* with "distinct", of the parent of the row that was computed last */
	SpindleLayoutCursor siblings;	/* of the rows that choose */
	int64		first_sibling;
	int64		nsiblings;		/* 0 before the first one */
	SpindleShuffle shuffle;		/* of its choices, if they are few */
	SpindlePermutation permutation; /* of all others */
	uint64		tweak;			/* the parent's */
} Among;

/*
 * Choose the bijection of an ancestor with n >= 1 rows.  A prime is coprime to
 * all numbers that it does not divide, and no n is a multiple of all these.
 */
static void
choose_scatter(Among *among, int64 ancestor, int64 n)
{
	static const int64 primes[] = {1000000007, 1073741827, 1181783503, 1299709039, 1431655781, 1597463041, 1789569721,
	2038074743};
	uint64		draw = spindle_draw(among->scatter, ancestor);
	int			i = (int) (draw & (lengthof(primes) - 1));

	while (n > 1 && n % primes[i] == 0)
		i = (i + 1) % lengthof(primes);
	among->multiplier = primes[i] % n;
	among->offset = (int64) spindle_below(spindle_mix(draw), n);
}

/* The row, from 0, that has a rank among n. */
static int64
row_of_rank(const Among *among, int64 rank, int64 n)
{
	if (n <= PG_INT32_MAX)
		return (int64) (((uint64) rank * among->multiplier + among->offset) % (uint64) n);
	return (int64) (((unsigned __int128) rank * among->multiplier + among->offset) % n);
}

/*
 * Find the rows that descend from an ancestor.  If there are none, first is no
 * less than end.
 */
static void
find_rows(Among *among, int64 ancestor, bool is_skewed)
{
	int64		first = ancestor;
	int64		end = ancestor + 1;

	for (int g = 0; g < among->depth && first < end; g++)
	{
		Generation *generation = &among->generation[g];
		int64		last_first;
		int			last_count;
		int64		next;
		int			count = spindle_layout_children(&generation->low, first, &next);

		last_first = next;
		last_count = count;
		if (end - 1 > first)
			last_count = spindle_layout_children(&generation->high, end - 1, &last_first);
		first = next;
		end = last_first + last_count;
	}
	among->ancestor = ancestor;
	among->first = first;
	among->end = end;
	if (is_skewed && first < end)
		choose_scatter(among, ancestor, end - first);
}

/*
 * A rank, from 0, of n >= 1, by the draws of a row.  Of "top" and "share" at
 * least one rank is at the top.
 */
static int64
draw_rank(const Among *among, const SpindleRule *rule, uint64 draw, int64 row, int64 n)
{
	const int64 blocks = n / RANKS;
	const int	rest = (int) (n % RANKS);
	double		x;
	int64		block;
	int			low = 0;
	int			high;

	if (rule->reference.skew.kind == SPINDLE_SKEW_SHARE)
	{
		int64		top = Min(n, Max(1, (int64) (rule->reference.skew.top * (double) n + 0.5)));
		bool		is_top = top == n || draw < spindle_threshold(rule->reference.skew.share);

		return (is_top ? 0 : top) + (int64) spindle_below(spindle_draw(among->within, row), is_top ? top : n - top);
	}

	/* the blocks of ranks are alike; the last one may have less */
	x = spindle_fraction(draw) * ((double) blocks * among->below[RANKS] + among->below[rest]);
	block = Min((int64) (x / among->below[RANKS]), rest > 0 ? blocks : blocks - 1);
	x -= (double) block * among->below[RANKS];
	high = block < blocks ? RANKS : rest;
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (among->below[middle] <= x)
			low = middle;
		else
			high = middle;
	}
	return block * RANKS + low;
}

/*
 * One of the descendants of the row that another column refers to, NULL if there
 * is none.  With "after", of those whose time is not after that of the row: their
 * times rise with their numbers.
 */
static void
run_among(Step *step)
{
	Among	   *among = step->u.own;
	const SpindleRule *rule = step->rule;
	const bool	is_skewed = rule->reference.skew.kind != SPINDLE_SKEW_NONE;
	const SpindleVector ancestor = step->input[0]->out;
	const SpindleVector *time = among->after ? &step->input[1]->out : NULL;
	const int64 *row = step->frame->row;
	const int	n = step->frame->n;
	uint64		portion[SPINDLE_DRAWS];

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int i = 0; i < n; i++)
	{
		uint64		draw = spindle_next_draw(step->key, row, n, i, portion);
		bool		has_ancestor = !(ancestor.is_null && ancestor.is_null[i]);
		int64		end;
		int64		chosen;

		if (has_ancestor && ancestor.value[i] != among->ancestor)
			find_rows(among, ancestor.value[i], is_skewed);
		end = has_ancestor ? among->end : among->first;
		if (time && (time->is_null == NULL || !time->is_null[i]))
			end = Min(end, spindle_timeline_count_until(among->after, time->value[i]));
		else if (time)
			end = among->first;
		step->out.is_null[i] = end <= among->first;
		step->out.value[i] = 0;
		if (end <= among->first)
			continue;
		chosen = is_skewed ? row_of_rank(among, draw_rank(among, rule, draw, row[i], end - among->first), end - among->first) :
			(int64) spindle_below(draw, end - among->first);
		step->out.value[i] = among->first + chosen;
	}
}

/*
 * Find the row's siblings, unless they are those that were found last, and set up
 * the permutation of their choices among the n >= 1 descendants of their ancestor.
 */
static void
find_siblings(Among *among, SpindleKey key, int64 row)
{
	const int64 n = among->end - among->first;
	int64		parent = spindle_layout_parent(&among->siblings, row);

	among->nsiblings = spindle_layout_children(&among->siblings, parent, &among->first_sibling);
	if (n <= SPINDLE_MAX_SHUFFLED)
	{
		spindle_shuffle(&among->shuffle, key, parent, among->nsiblings, (int) n);
		return;
	}
	if (among->permutation.n != n)
		spindle_distinct_permutation(&among->permutation, key, n);
	among->tweak = spindle_draw(key, parent);
}

/*
 * The same with "distinct": no two rows of a parent choose the same one.  The
 * definition says that an ancestor has as many descendants as a parent has children,
 * or more, and that siblings have the same ancestor.
 */
static void
run_distinct_among(Step *step)
{
	Among	   *among = step->u.own;
	const SpindleVector ancestor = step->input[0]->out;
	const int64 *row = step->frame->row;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		place;

		step->out.is_null[i] = ancestor.is_null && ancestor.is_null[i];
		step->out.value[i] = 0;
		if (step->out.is_null[i])
			continue;
		if (ancestor.value[i] != among->ancestor)
			find_rows(among, ancestor.value[i], false);
		if (among->nsiblings == 0 || (uint64) (row[i] - among->first_sibling) >= (uint64) among->nsiblings)
			find_siblings(among, step->key, row[i]);
		place = row[i] - among->first_sibling;
		Assert(place < among->end - among->first);
		if (among->end - among->first <= SPINDLE_MAX_SHUFFLED)
			step->out.value[i] = among->shuffle.entry[place];
		else
			spindle_permute_many(&among->permutation, &among->tweak, &place, 1, &step->out.value[i]);
		step->out.value[i] += among->first;
	}
}

/* The popularity of the ranks before each, by "exponent" or "profile". */
static double *
sum_ranks(const SpindleSkew *skew)
{
	double	   *below = palloc(sizeof(double) * (RANKS + 1));
	double	   *weight = spindle_popularity_weights(skew, RANKS);

	below[0] = 0;
	for (int r = 0; r < RANKS; r++)
		below[r + 1] = below[r] + weight[r];
	pfree(weight);
	return below;
}

/*
 * spindle_compile_among
 *		The step with the rows that a reference with "among" chooses, of any
 *		generation, with "skew", "after" or "distinct".
 */
Step *
spindle_compile_among(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	const SpindleDomain *domain = eval->instance->domain;
	int			table = rule->reference.table;
	Step	   *ancestor = spindle_compile_path(eval, frame, &rule->reference.among, 0, true);
	Step	   *time = rule->reference.has_after ?
	spindle_compile_path(eval, frame, &rule->reference.after_time, 0, false) : NULL;
	const bool	is_distinct = rule->reference.distinct != SPINDLE_DISTINCT_NONE;
	Step	   *step = spindle_step_add(eval, frame, is_distinct ? run_distinct_among : run_among, rule, true, time ? 2 : 1);
	Among	   *among = palloc0(sizeof(Among));

	among->depth = rule->reference.among_depth;
	among->ancestor = -1;
	among->generation = palloc(sizeof(Generation) * among->depth);
	for (int g = among->depth - 1; g >= 0; g--)
	{
		spindle_layout_cursor_init(&among->generation[g].low, eval->instance->layout[table]);
		spindle_layout_cursor_init(&among->generation[g].high, eval->instance->layout[table]);
		table = domain->table[table].rows_parent;
	}
	among->within = spindle_key_derive(step->key, LABEL_WITHIN);
	among->scatter = spindle_key_derive(step->key, LABEL_SCATTER);
	if (rule->reference.skew.kind == SPINDLE_SKEW_EXPONENT || rule->reference.skew.kind == SPINDLE_SKEW_PROFILE)
		among->below = sum_ranks(&rule->reference.skew);
	if (is_distinct)
		spindle_layout_cursor_init(&among->siblings, eval->instance->layout[frame->table]);
	step->input[0] = ancestor;
	if (time)
	{
		const SpindleTable *parent = &domain->table[rule->reference.table];

		step->input[1] = time;
		among->after = palloc(sizeof(SpindleTimelineCursor));
		spindle_timeline_cursor_init(among->after,
									 spindle_instance_timeline(eval->instance, parent->index,
															   parent->column[rule->reference.after_parent].rule));
	}
	step->holds = STEP_HOLDS_OWN;
	step->u.own = among;
	return spindle_step_finish(eval, step);
}
