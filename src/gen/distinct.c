/*-------------------------------------------------------------------------
 *
 * distinct.c
 *		Choices that differ among the children of a row, the elements of an array,
 *		or in a whole table.
 *
 * Row j of a group takes the entry at place j of a permutation of all entries,
 * which the group's hash selects; or, if entries have weights, choice j of a
 * sample (sample.h); or what is dealt out to it, where nothing is left to chance.
 * So no row needs to know what others have chosen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/eval_internal.h"
#include "math/draws.h"
#include "math/permute.h"

/* What the step keeps. */
typedef struct DistinctChoice
{
	SpindleLayoutCursor layout; /* of the rows, if groups are parents; else not
								 * set */
	bool		by_parent;
	const Frame *elements;		/* frame whose rows are elements of arrays, which
								 * are the groups; else NULL */
	int64		nrows;			/* of the table */
	int64		nentries;
	SpindleShuffle shuffle;		/* of the entries, if they are few */
	SpindlePermutation permutation; /* of all entries, or for a sample by the
									 * whole table of its rows */
	const SpindlePopularity *popularity;	/* of the rows chosen by a sample, NULL
											 * if it is one of a list */
	bool		has_sample;
	SpindleSampleCursor sample;
} DistinctChoice;

/* Add a group with its next n choices, which begin at a place. */
static inline void
add_group(SpindleSampleChoices *choices, int64 group, int64 size, int64 place, int n)
{
	const int	g = choices->ngroups++;
	const int	first = choices->first[g];

	choices->group[g] = group;
	choices->size[g] = size;
	choices->first[g + 1] = first + n;
	for (int done = 0; done < n; done += SPINDLE_SAMPLE_PORTION)
		for (int i = done; i < done + SPINDLE_SAMPLE_PORTION; i++)
			choices->place[first + i] = place + i;
}

/*
 * Find the parents of n rows, and where the rows stand among their children.
 * is_run: the rows are known to come one after another.
 */
static void
find_siblings(SpindleLayoutCursor *layout, const int64 *row, bool is_run, int n, SpindleSampleChoices *choices)
{
	choices->ngroups = choices->first[0] = 0;
	for (int i = 0; i < n;)
	{
		int64		parent = spindle_layout_parent(layout, row[i]);
		int64		first;
		int			size = spindle_layout_children(layout, parent, &first);
		int			m = 1;

		/* its siblings mostly follow */
		if (is_run)
			m = (int) Min(first + size - row[i], n - i);
		else
			while (i + m < n && row[i + m] == row[i] + m && row[i + m] < first + size)
				m++;
		add_group(choices, parent, size, row[i] - first, m);
		i += m;
	}
}

/*
 * The same for n elements from the number first on: the arrays are known by the
 * rows that have them.  *array is where to look first, and moves on.
 */
static void
find_elements(const Frame *elements, int first, int n, int *array, SpindleSampleChoices *choices)
{
	const int32 *map = elements->map;

	choices->ngroups = choices->first[0] = 0;
	for (int i = 0; i < n;)
	{
		int			m;

		while (first + i >= map[*array + 1])
			(*array)++;
		m = Min(map[*array + 1] - (first + i), n - i);
		add_group(choices, elements->base->row[*array], map[*array + 1] - map[*array], first + i - map[*array], m);
		i += m;
	}
}

/*
 * spindle_shuffle
 *		Shuffle count entries, 1 to SPINDLE_MAX_SHUFFLED, for a group whose rows
 *		take the first size of them: entry[0 .. size - 1] differ, each 0 to
 *		count - 1.
 *
 * Fisher and Yates, from the front, so that entry j does not depend on how many
 * there are.
 */
void
spindle_shuffle(SpindleShuffle *shuffle, SpindleKey key, int64 group, int64 size, int count)
{
	uint64		draw = spindle_draw(key, group);

	Assert(count <= SPINDLE_MAX_SHUFFLED && size <= count);
	for (int i = 0; i < count; i++)
		shuffle->entry[i] = (uint8) i;
	for (int i = 0; i < size; i++)
	{
		int			other;
		uint8		entry = shuffle->entry[i];

		draw = spindle_mix(draw + SPINDLE_PHI);
		other = i + (int) spindle_below(draw, count - i);
		shuffle->entry[i] = shuffle->entry[other];
		shuffle->entry[other] = entry;
	}
	shuffle->group = group;
}

/* The entries of some children, all alike. */
static void
choose_of_permutation(DistinctChoice *choice, SpindleKey key, const SpindleSampleChoices *places, int n, int64 *out)
{
	uint64		draw[SPINDLE_DRAWS];
	uint64		tweak[SPINDLE_SAMPLE_ROOM];

	if (choice->nentries <= SPINDLE_MAX_SHUFFLED)
	{
		for (int g = 0; g < places->ngroups; g++)
		{
			if (places->group[g] != choice->shuffle.group)
				spindle_shuffle(&choice->shuffle, key, places->group[g], places->size[g], (int) choice->nentries);
			for (int i = places->first[g]; i < places->first[g + 1]; i++)
				out[i] = choice->shuffle.entry[places->place[i]];
		}
		return;
	}
	spindle_draws(key, places->group, places->ngroups, draw);
	for (int g = 0; g < places->ngroups; g++)
		for (int done = places->first[g]; done < places->first[g + 1]; done += SPINDLE_SAMPLE_PORTION)
			for (int i = done; i < done + SPINDLE_SAMPLE_PORTION; i++)
				tweak[i] = draw[g];
	spindle_permute_many(&choice->permutation, tweak, places->place, n, out);
}

/* The entries of some rows by their weights. */
static void
choose_of_sample(DistinctChoice *choice, SpindleSampleChoices *places, int n, int64 *out)
{
	spindle_sample_choose(&choice->sample, places, n);
	if (choice->popularity)
		spindle_popularity_sampled_rows(choice->popularity, places, n, out);
	else
		memcpy(out, places->entry, sizeof(int64) * n);
}

/* The number of an entry for each row. */
static void
run_distinct(Step *step)
{
	DistinctChoice *choice = step->u.own;
	const bool	by_group = choice->by_parent || choice->elements;
	const int	n = step->frame->n;
	int			array = 0;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		const int64 *row = step->frame->row + done;
		int64	   *out = step->out.value + done;
		SpindleSampleChoices places;	/* groups, places and sizes of groups */

		if (choice->by_parent)
			find_siblings(&choice->layout, row, step->frame->is_run, m, &places);
		else if (choice->elements)
			find_elements(choice->elements, done, m, &array, &places);
		else
			spindle_permute_many(&choice->permutation, NULL, row, m, choice->has_sample ? places.place : out);
		if (choice->has_sample)
		{
			if (!by_group)
			{
				/* the table */
				places.ngroups = 1;
				places.group[0] = 0;
				places.size[0] = choice->nrows;
				places.first[0] = 0;
				places.first[1] = m;
				memset(places.place + m, 0, sizeof(int64) * SPINDLE_SAMPLE_PORTION);
			}
			choose_of_sample(choice, &places, m, out);
		}
		else if (by_group)
			choose_of_permutation(choice, step->key, &places, m, out);
	}
}

/*
 * spindle_distinct_permutation
 *		The permutation of count entries that choices which are all alike follow:
 *		in a whole table, the choice of row k is the number at place k.
 */
void
spindle_distinct_permutation(SpindlePermutation *permutation, SpindleKey key, int64 count)
{
	spindle_permutation_init(permutation, spindle_key_derive(key, 1), Max(count, 1));
}

/* Insist that there are as many entries as a group needs. */
static void
expect_entries(const SpindleRule *rule, int64 needed, int64 count)
{
	if (needed > count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s makes up to " INT64_FORMAT " different choices, but there are only " INT64_FORMAT
						" at this scale", rule->path, needed, count)));
}

/* What a step keeps that deals out. */
typedef struct Spread
{
	SpindleLayoutCursor layout; /* of the rows */
	int64		count;			/* entries */
	int64		step;			/* from one child's entry to the next one's, of the
								 * first parents */
	int64		nsteps;			/* how many, from that one on, keep children apart */
} Spread;

/*
 * The entries of rows: those of parent p begin at entry p + 1, and are apart by
 * a step that grows by one whenever the parents are through with all entries, so
 * that the same entries do not always meet.
 */
static void
run_spread(Step *step)
{
	Spread	   *spread = step->u.own;
	const int64 count = spread->count;
	SpindleSampleChoices places;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int done = 0; done < step->frame->n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, step->frame->n - done);

		find_siblings(&spread->layout, step->frame->row + done, step->frame->is_run, m, &places);
		for (int g = 0; g < places.ngroups; g++)
		{
			const int64 parent = places.group[g];
			const int64 apart = spread->step + parent / count % spread->nsteps;

			/* below 10^15 + 1000 * 10^15 */
			for (int i = places.first[g]; i < places.first[g + 1]; i++)
				step->out.value[done + i] = (parent + 1 + places.place[i] * apart) % count;
		}
	}
}

/*
 * The least step by which two of up to nchildren children would meet again in a
 * circle of count entries, at least as many; no smaller one leads them together.
 *
 * Children k places apart meet where k steps are a multiple of count, so if the
 * step is one of count / gcd(k, count).
 */
static int64
meeting_step(int64 nchildren, int64 count)
{
	int64		divisor = Max(nchildren - 1, 1);

	while (count % divisor != 0)
		divisor--;
	return count / divisor;
}

/*
 * spindle_compile_spread
 *		The step that deals out count entries, 0 to count - 1, to the rows of a
 *		frame, so that those of a parent differ and all are dealt out equally
 *		often.
 *
 * A parent has at most 1000 rows.  Raises invalid_parameter_value if there may be
 * fewer entries than a parent has rows at this scale.
 */
Step *
spindle_compile_spread(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int64 count)
{
	const int64 nchildren = Min(eval->instance->nrows[frame->table], spindle_table_most_children(table_of(eval, frame)));
	Step	   *step = spindle_step_add(eval, frame, run_spread, rule, false, 0);
	Spread	   *spread = palloc0(sizeof(Spread));

	expect_entries(rule, nchildren, count);
	spindle_layout_cursor_init(&spread->layout, eval->instance->layout[frame->table]);
	spread->count = Max(count, 1);
	spread->step = spread->count / Max(nchildren, 1);
	spread->nsteps = Max(meeting_step(nchildren, spread->count) - spread->step, 1);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = spread;
	return spindle_step_finish(eval, step);
}

/*
 * spindle_compile_distinct
 *		The step that chooses one of count entries, 0 to count - 1, for each row,
 *		so that those of the rows of a parent, of the elements of an array if the
 *		frame has such, or of the frame's table, differ.
 *
 * key is that of the draws.  sample, NULL if all entries are alike, is one of
 * their weights, and popularity what tells the rows from a sample's ranks, or
 * NULL.  Raises invalid_parameter_value if there may be fewer entries than a group
 * has rows at this scale.
 */
Step *
spindle_compile_distinct(SpindleEval *eval, Frame *frame, const SpindleRule *rule, SpindleKey key,
						 SpindleDistinct distinct, int64 count, const SpindleSample *sample,
						 const SpindlePopularity *popularity)
{
	const SpindleTable *table = table_of(eval, frame);
	const int64 nrows = eval->instance->nrows[frame->table];
	const bool	by_parent = distinct == SPINDLE_DISTINCT_PARENT;
	const bool	by_array = distinct == SPINDLE_DISTINCT_ARRAY;	/* whose definition was
																 * checked to have
																 * enough */
	const int64 needed = by_array ? 0 : by_parent ? Min(nrows, spindle_table_most_children(table)) : nrows;
	Step	   *step = spindle_step_add(eval, frame, run_distinct, rule, false, 0);
	DistinctChoice *choice = palloc0(sizeof(DistinctChoice));

	expect_entries(rule, needed, count);
	choice->by_parent = by_parent;
	choice->elements = by_array ? frame : NULL;
	choice->nrows = nrows;
	choice->nentries = count;
	choice->popularity = popularity;
	choice->has_sample = sample != NULL;
	choice->shuffle.group = -1;
	if (sample)
		spindle_sample_cursor_init(&choice->sample, sample);
	if (by_parent)
		spindle_layout_cursor_init(&choice->layout, eval->instance->layout[frame->table]);
	if (sample)
		spindle_permutation_init(&choice->permutation, spindle_key_derive(key, 1), Max(nrows, 1));
	else
		spindle_distinct_permutation(&choice->permutation, key, count);
	step->key = key;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = choice;
	return spindle_step_finish(eval, step);
}
