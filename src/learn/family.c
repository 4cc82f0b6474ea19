/*-------------------------------------------------------------------------
 *
 * family.c
 *		How many rows refer to each row, as a definition can tell it.
 *
 * Rows that are children have the numbers exactly, in the member "counts".  Other
 * foreign keys choose by chance, by a profile of popularity (popularity.c), so a table
 * whose numbers chance would not give is children of that target.
 *
 * Nobody is told by a number of children: each number, or range of numbers, in the
 * definition is that of at least k parents, and the largest ones are only known by
 * their mean.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/schema.h"

/* Parents below this many times k say nothing. */
#define LEAST_PARENTS	5

/* Ranges of numbers of children, at most, and numbers by which one is described. */
#define MAX_RANGES		1024
#define RANGE_NUMBERS	8

/* Where a profile is off by more, children are better; and where that has to be told. */
#define BY_CHANCE		0.02
#define WORTH_TELLING	0.05

/* From this correlation on, rows stand in the order of those that they refer to. */
#define IN_ORDER	0.98

/* A parent with so many times the mean number of children is more than chance. */
#define TOO_POPULAR	8

/* How far the mean of counts and the ratio may be apart. */
#define MEAN_OFF		0.03

/* Children and parents that have them. */
typedef struct Point
{
	double		count;
	double		parents;
} Point;

/* For qsort: by children. */
static int
compare_points(const void *a, const void *b)
{
	double		x = ((const Point *) a)->count;
	double		y = ((const Point *) b)->count;

	return x < y ? -1 : x > y;
}

/* Add parents that have count children; if that is not whole, some have one more. */
static void
add_point(Point *point, int *n, double count, double parents)
{
	double		whole = floor(count);

	point[*n].count = whole;
	point[(*n)++].parents = parents * (whole + 1 - count);
	if (count > whole)
	{
		point[*n].count = whole + 1;
		point[(*n)++].parents = parents * (count - whole);
	}
}

/*
 * Add a range of numbers of children, from low to high, of which only their mean is
 * told and how wide it is at most.
 */
static void
add_range(Point *point, int *n, double mean, double low, double high, double parents)
{
	double		width = Min(mean - low, high - mean);
	int			numbers = width < 0.25 ? 1 : (int) Min(RANGE_NUMBERS, floor(2 * width) + 2);

	for (int i = 0; i < numbers; i++)
	{
		double		count = numbers == 1 ? mean : mean - width + 2 * width * i / (numbers - 1);

		add_point(point, n, width > RANGE_NUMBERS ? floor(count + 0.5) : Max(count, 0), parents / numbers);
	}
}

/* Parents with numbers of children that are told together. */
typedef struct Range
{
	double		low;			/* the least number */
	double		parents;
	double		children;
} Range;

/*
 * Take the parents that have most children of those that are left, count[*at] or fewer:
 * at least so many of them.  Of a number that many have only so many are taken as are
 * lacking, if those who are left are enough.  *at moves on to the first who are left,
 * of *below.
 */
static Range
take_range(const double *count, double *left, int *at, double *below, double least)
{
	Range		range = {0, 0, 0};

	for (;;)
	{
		double		lacking = least - range.parents;
		double		taken = range.parents > 0 && lacking > 0 && left[*at] - lacking >= least ? lacking : left[*at];

		range.low = taken > 0 ? count[*at] : range.low;
		range.parents += taken;
		range.children += taken * count[*at];
		left[*at] -= taken;
		*below -= taken;
		if (left[*at] > 0)
			return range;
		(*at)--;
		if (*at < 0 || *below <= 0 || (range.parents >= least && *below >= least))
			return range;
	}
}

/*
 * learn_make_families
 *		What may be told of numbers of children: n of them, rising, with the numbers of
 *		parents that have so many; palloc'd.
 */
LearnFamilies *
learn_make_families(const LearnSchema *schema, double parents, double *count, double *number, int n)
{
	const SpindleLearnOptions *options = schema->options;
	LearnFamilies *families = palloc0(sizeof(LearnFamilies));
	double		least;
	double		below;
	double	   *left;
	Point	   *point;
	int			npoints = 0;
	Distribution raw;
	Distribution told;

	for (int i = 0; i < n; i++)
	{
		families->parents += number[i];
		families->children += number[i] * count[i];
	}
	families->top = n > 0 ? count[n - 1] : 0;
	if (families->children == 0 || parents < 2 ||
		(options->carry != SPINDLE_CARRY_ALL && families->parents < (double) options->k * LEAST_PARENTS))
		return families;
	least = Max(options->carry == SPINDLE_CARRY_ALL ? 1 : (double) options->k, families->parents / MAX_RANGES);
	point = palloc(sizeof(Point) * (MAX_RANGES + 2) * 2 * (RANGE_NUMBERS + 1));
	left = palloc_extended(sizeof(double) * n, MCXT_ALLOC_HUGE);
	memcpy(left, number, sizeof(double) * n);
	below = families->parents;
	for (int at = n - 1; at >= 0;)
	{
		int			last = at;
		Range		range = take_range(count, left, &at, &below, least);

		if (range.parents > 0)
			add_range(point, &npoints, range.children / range.parents, last == n - 1 && options->carry != SPINDLE_CARRY_ALL ?
					  range.children / range.parents : range.low, count[last], range.parents);
		CHECK_FOR_INTERRUPTS();
	}
	qsort(point, npoints, sizeof(Point), compare_points);
	families->count = palloc(sizeof(double) * npoints);
	families->share = palloc(sizeof(double) * npoints);
	for (int i = 0; i < npoints; i++)
	{
		bool		is_new = families->n == 0 || families->count[families->n - 1] != point[i].count;

		if (is_new)
		{
			families->count[families->n] = point[i].count;
			families->share[families->n++] = 0;
		}
		families->share[families->n - 1] += point[i].parents / families->parents;
	}
	pfree(point);
	pfree(left);
	raw = (Distribution) {n, count, number, families->parents};
	told = (Distribution) {families->n, families->count, families->share, 1};
	families->counts_distance = 1 - learn_ks(&raw, &told);
	learn_fit_profile(families, &raw);
	return families;
}

/* Has a table a time that rises with the rows, as far as statistics tell? */
static bool
has_rising_time(const LearnTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
		if ((table->column[c].kind == LEARN_TIMESTAMP || table->column[c].kind == LEARN_DATE) && learn_rises(table->column[c].statistics))
			return true;
	return false;
}

/* Does each row of the target have one row that refers to it, or none, also at other scales? */
static bool
has_one_each(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	bool		has_one = key->families && key->families->n > 0 ? key->families->top <= 1 : learn_seems_distinct(schema, table, key);

	return has_one && key->place == LEARN_OWN && !key->is_parent && !key->is_distinct && key->grid < 0 && !key->is_tree && table->tuples <= schema->table[key->target].tuples &&
		table->grows == schema->table[key->target].grows;
}

/*
 * Would chance give other numbers than there are, more so than those that are told?  If
 * they were not counted, rows are rather left in their order.
 */
static bool
needs_counts(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	const LearnFamilies *families = key->families;

	if (families == NULL || families->n == 0)
		return !has_rising_time(table) && !has_one_each(schema, table, key) && learn_seems_even(schema, table, key);
	return families->distance > Max(BY_CHANCE, families->counts_distance);
}

/* Do the rows of a table rather belong to those of one foreign key than to those of another one? */
static bool
is_better(const LearnSchema *schema, const LearnKey *key, const LearnKey *other)
{
	if (other == NULL || key->is_cascade != other->is_cascade)
		return other == NULL || key->is_cascade;
	return schema->table[key->target].tuples > schema->table[other->target].tuples;
}

/* Has a table a time that is known to rise with the rows?  Among rows in another order it would not be what it is. */
static bool
has_clock(const LearnTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (table->column[c].calendar && learn_rises(table->column[c].statistics))
			return true;
	return false;
}

/*
 * Let the rows of a table be children of a target whose numbers of rows chance would not
 * give, if it has no parent and they can be: the one with whose rows they would be
 * deleted, or that has most rows.  Other foreign keys by which no row has two choose so.
 */
static void
choose_parent(LearnSchema *schema, LearnTable *table)
{
	List	   *tried = NIL;
	ListCell   *lc;

	while (table->parent == NULL && !has_clock(table))
	{
		LearnKey   *best = NULL;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);

			if (!list_member_ptr(tried, key) && key->not_null && key->place == LEARN_OWN && !key->is_distinct && key->grid < 0 &&
				!key->is_tree && needs_counts(schema, table, key) && is_better(schema, key, best))
				best = key;
		}
		if (best == NULL || learn_make_parent(schema, table, best))
			break;
		tried = lappend(tried, best);	/* it cannot be the parent */
	}
	foreach(lc, table->keys)
	{
		LearnKey   *key = lfirst(lc);

		if (!has_one_each(schema, table, key))
			continue;
		key->is_distinct = true;
		learn_add_cap(table, 1, list_make1_int(key->target),
					  psprintf("no row of %s has two by foreign key %s", key->target_name, key->name));
	}
}

/* May caps limit the rows of a table at some scale?  Those by types do so far above. */
static bool
may_be_limited(const LearnTable *table)
{
	ListCell   *lc;

	foreach(lc, table->caps)
	{
		const LearnCap *cap = lfirst(lc);

		if (cap->tables || cap->factor < table->tuples * 100)
			return true;
	}

	/* periods would be those of a parent */
	for (int c = 0; c < table->ncolumns; c++)
		if (table->column[c].differs == LEARN_DIFFERS &&
			(table->column[c].kind == LEARN_DATE || table->column[c].kind == LEARN_TIMESTAMP))
			return true;
	return false;
}

/*
 * Has one row of a target clearly more rows than the others, by the statistics of the
 * column that refers to it?  What is seen a few times in the sample may be so by chance.
 */
static bool
has_popular(const LearnTable *table, const LearnTable *target, const LearnStatistics *statistics)
{
	double		seen;

	if (statistics->nvalues == 0)
		return false;
	seen = Max(statistics->frequency[0] * Min(statistics->sample, table->tuples), 1);
	return statistics->frequency[0] * Max(1 - 2 / sqrt(seen), 0) * target->tuples >= TOO_POPULAR;
}

/*
 * learn_find_parents
 *		Once sets are met: a table whose rows stand in the order of those that a foreign
 *		key refers to is children of these, if nothing limits its rows; or of those
 *		whose numbers of rows chance would not give.
 */
void
learn_find_parents(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);
			const LearnStatistics *statistics = table->column[key->column[0]].statistics;

			if (key->n == 1 && key->target >= 0 && !table->empty && !may_be_limited(table) && statistics &&
				statistics->correlation > IN_ORDER && schema->table[key->target].tuples >= 100 &&
				(key->families || !has_popular(table, &schema->table[key->target], statistics)) &&
				learn_make_parent(schema, table, key))
				break;
		}
		if (!table->empty && !may_be_limited(table))
			choose_parent(schema, table);
	}
}

/* The mean of the numbers of children, and the least and the largest, without none if each parent has some. */
static double
mean_children(const LearnTable *table, double *least, double *most)
{
	const LearnFamilies *families = table->parent->families;
	double		sum = 0;
	double		parents = 0;

	*least = *most = -1;
	for (int i = 0; i < families->n; i++)
	{
		if (table->needs_children && families->count[i] == 0)
			continue;
		*least = *least < 0 ? families->count[i] : *least;
		*most = families->count[i];
		sum += families->count[i] * families->share[i];
		parents += families->share[i];
	}
	return parents > 0 ? sum / parents : 0;
}

/* Do the numbers of children that are known fit the rows that a table gets? */
static bool
counts_fit(const LearnTable *table)
{
	double		least;
	double		most;
	double		mean = mean_children(table, &least, &most);

	return fabs(mean - table->ratio) <= MEAN_OFF * table->ratio && least <= table->ratio && table->ratio <= most && most <= 1e6;
}

/*
 * learn_counts
 *		The numbers of children of a table's parents, as a member of "rows"; NULL if
 *		they are not known.  Palloc'd.
 */
char *
learn_counts(const LearnSchema *schema, const LearnTable *table)
{
	const LearnFamilies *families = table->parent->families;
	StringInfoData counts;
	int			n = 0;

	if (table->max_one)
		return NULL;
	if (families == NULL || families->n == 0)
		return learn_likely_counts(schema, table);
	if (!counts_fit(table))
		return NULL;
	initStringInfo(&counts);
	for (int i = 0; i < families->n; i++)
	{
		double		share = floor(families->share[i] * 1e6 + 0.5) / 1e6;

		if (share > 0 && !(table->needs_children && families->count[i] == 0))
			appendStringInfo(&counts, "%s\"%.0f\": %s", n++ ? ", " : ", \"counts\": {", families->count[i], learn_number(share));
	}
	if (n == 0)
		return NULL;			/* too few to be told */
	appendStringInfoChar(&counts, '}');
	return counts.data;
}

/*
 * learn_judge_families
 *		Note which numbers of rows for a row will not be those of the database.
 *
 * The rows of tables have been counted.
 */
void
learn_judge_families(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->empty ? NIL : table->keys)
		{
			const LearnKey *key = lfirst(lc);

			if (key->families == NULL || key->families->n == 0)
				continue;
			if (key->is_parent && !table->max_one && !counts_fit(table))
				learn_note(table, "rows of %s have other numbers of rows by foreign key %s, as the table has another number of rows for each",
						   key->target_name, key->name);
			else if (!key->is_parent && key->place == LEARN_OWN && !key->is_distinct && key->families->distance > WORTH_TELLING)
				learn_note(table, "rows of %s have other numbers of rows by foreign key %s, as it chooses by chance: the distributions differ by %.2f",
						   key->target_name, key->name, key->families->distance);
		}
	}
}
