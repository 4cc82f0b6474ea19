/*-------------------------------------------------------------------------
 *
 * pair.c
 *		How two columns of a table go together: one follows from the other, both have few
 *		values that come together by more than chance, or their ranks correlate.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/data.h"

/* Columns that are compared, at most. */
#define MAX_COLUMNS		60

/* Rows whose value was seen before, at least, for one to follow from it. */
#define LEAST_REPEATS	100

/* A column most of whose values are the same follows from anything. */
#define MOST_FREQUENT	0.95

/* Rows by which correlations are measured, at most and at least, and the least that is told. */
#define RANKED_ROWS		10000
#define LEAST_RANKED	200
#define LEAST_CORRELATION	0.1

/* Values of columns that are compared by their combinations, at most, and the least difference from chance. */
#define MAX_VALUES		50
#define LEAST_STRENGTH	0.02

/* Rows of a combination that are expected by chance, at least, for it to be heard. */
#define LEAST_EXPECTED	2

/* How far from what is expected counts are in the mean, by the root of that: the root of 2 / pi. */
#define MEAN_DEVIATION	0.7978845608028654

/* A column with its values as numbers from 0 on. */
typedef struct Coded
{
	const LearnField *field;
	int		   *code;			/* by row; -1 for null */
	int			n;
	double		most;			/* share of the most frequent value */
	double		squares;		/* sum of the squares of the shares of values */
	double	   *rank;			/* by row, of the first RANKED_ROWS; NAN for null; NULL if it has no order */
} Coded;

/* A value and its row. */
typedef struct Place
{
	uint64		hash;
	double		number;
	int			row;
} Place;

/* For qsort: by hash. */
static int
compare_hashes(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* For qsort: by number. */
static int
compare_numbers(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Number the values of a field. */
static void
find_codes(const LearnSample *sample, Coded *coded, Place *place)
{
	int			run = 0;

	coded->code = palloc(sizeof(int) * sample->n);
	for (int r = 0; r < sample->n; r++)
		place[r] = (Place) {coded->field->hash[r], 0, r};
	qsort(place, sample->n, sizeof(Place), compare_hashes);
	for (int i = 0; i < sample->n; i++)
	{
		bool		is_new = i == 0 || place[i].hash != place[i - 1].hash;

		if (place[i].hash == 0)
		{
			coded->code[place[i].row] = -1;
			continue;
		}
		coded->n += is_new;
		run = is_new ? 1 : run + 1;
		coded->most = Max(coded->most, (double) run / sample->n);
		coded->squares += (2.0 * run - 1) / sample->n / sample->n;
		coded->code[place[i].row] = coded->n - 1;
	}
}

/* The ranks of a field, equal values having the same. */
static void
find_ranks(const LearnSample *sample, Coded *coded, Place *place)
{
	int			rows = Min(sample->n, RANKED_ROWS);
	int			n = 0;

	if (coded->field->number == NULL)
		return;
	coded->rank = palloc(sizeof(double) * rows);
	for (int r = 0; r < rows; r++)
	{
		coded->rank[r] = NAN;
		if (!isnan(coded->field->number[r]))
			place[n++] = (Place) {0, coded->field->number[r], r};
	}
	qsort(place, n, sizeof(Place), compare_numbers);
	for (int i = 0, end; i < n; i = end)
	{
		for (end = i + 1; end < n && place[end].number == place[i].number; end++)
			;
		for (int k = i; k < end; k++)
			coded->rank[place[k].row] = (i + end - 1) / 2.0;
	}
}

/* Add a pair to those of the table. */
static LearnPair *
add_pair(LearnTable *table, const Coded *first, const Coded *second)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(table->sql_name));
	LearnPair  *pair = palloc0(sizeof(LearnPair));

	pair->first = first->field->place;
	pair->second = second->field->place;
	table->pairs = lappend(table->pairs, pair);
	MemoryContextSwitchTo(oldcontext);
	return pair;
}

/* Does the second column follow from the first?  If so it is noted. */
static void
try_function(const LearnSchema *schema, const LearnSample *sample, const Coded *first, const Coded *second, int *seen)
{
	int			repeats = 0;
	int			same = 0;

	if (first->n < 2 || second->n < 2 || second->n > first->n || first->n > sample->n / 2 || first->most > MOST_FREQUENT ||
		second->most > MOST_FREQUENT)
		return;
	for (int i = 0; i < first->n; i++)
		seen[i] = -2;
	for (int r = 0; r < sample->n; r++)
	{
		int			x = first->code[r];
		int			y = second->code[r];

		if (x < 0 || y < 0)
			continue;
		if (seen[x] == -2)
		{
			seen[x] = y;
			continue;
		}
		repeats++;
		same += seen[x] == y;
		if (repeats - same > 10 + repeats / 10)
			return;
	}
	if (repeats < Max(LEAST_REPEATS, schema->options->k) || same < LEARN_HOLDS * repeats)
		return;
	{
		LearnPair  *pair = add_pair(sample->table, first, second);

		pair->is_function = true;
		pair->values = first->n;
		pair->others = second->n;
		pair->even = 1 / first->squares;
		pair->holds = same;
		pair->rows = repeats;
	}
}

/*
 * Do the values of two columns that have few come together more or less often than by
 * chance?  If so it is noted: where the squares of the differences, each by what is
 * expected, add up to more than they do by chance, and the differences to more than a
 * little.
 */
static void
try_association(const LearnSample *sample, const Coded *a, const Coded *b)
{
	int		   *count;
	double	   *rows;
	double	   *others;
	double		all = 0;
	double		squares = 0;
	double		differences = 0;
	double		by_chance = 0;
	int			cells = 0;

	if (a->n < 2 || b->n < 2 || a->n > MAX_VALUES || b->n > MAX_VALUES)
		return;
	count = palloc0(sizeof(int) * a->n * b->n);
	rows = palloc0(sizeof(double) * a->n);
	others = palloc0(sizeof(double) * b->n);
	for (int r = 0; r < sample->n; r++)
	{
		if (a->code[r] < 0 || b->code[r] < 0)
			continue;
		count[a->code[r] * b->n + b->code[r]]++;
		rows[a->code[r]]++;
		others[b->code[r]]++;
		all++;
	}
	for (int i = 0; i < a->n * b->n && all > 0; i++)
	{
		double		expected = rows[i / b->n] * others[i % b->n] / all;
		double		difference = count[i] - expected;

		differences += fabs(difference) / 2;
		by_chance += MEAN_DEVIATION * sqrt(expected) / 2;
		if (expected < LEAST_EXPECTED)
			continue;
		squares += difference * difference / expected;
		cells++;
	}
	if (all >= LEAST_RANKED && squares > cells + 5 * sqrt(2.0 * cells) && differences - by_chance >= LEAST_STRENGTH * all)
	{
		LearnPair  *pair = add_pair(sample->table, a, b);

		pair->is_associated = true;
		pair->values = a->n;
		pair->others = b->n;
		pair->strength = (differences - by_chance) / all;
		pair->rows = all;
	}
	pfree(count);
	pfree(rows);
	pfree(others);
}

/* Do the ranks of two columns correlate?  If so it is noted. */
static void
try_correlation(const LearnSample *sample, const Coded *a, const Coded *b)
{
	double		sx = 0;
	double		sy = 0;
	double		sxx = 0;
	double		syy = 0;
	double		sxy = 0;
	int			n = 0;
	double		correlation;

	for (int r = 0; r < Min(sample->n, RANKED_ROWS); r++)
	{
		double		x = a->rank[r];
		double		y = b->rank[r];

		if (isnan(x) || isnan(y))
			continue;
		n++;
		sx += x;
		sy += y;
		sxx += x * x;
		syy += y * y;
		sxy += x * y;
	}
	if (n < LEAST_RANKED || sxx * n - sx * sx <= 0 || syy * n - sy * sy <= 0)
		return;
	correlation = (sxy * n - sx * sy) / sqrt((sxx * n - sx * sx) * (syy * n - sy * sy));
	if (fabs(correlation) >= Max(LEAST_CORRELATION, 4 / sqrt(n)))
	{
		LearnPair  *pair = add_pair(sample->table, a, b);

		pair->correlation = Max(Min(floor(correlation * 100 + 0.5) / 100, 0.99), -0.99);
		pair->rows = n;
	}
}

/*
 * learn_find_pairs
 *		Find columns of a table that go together.
 */
void
learn_find_pairs(LearnSchema *schema, const LearnSample *sample)
{
	Coded	   *coded = palloc0(sizeof(Coded) * MAX_COLUMNS);
	Place	   *place = palloc(sizeof(Place) * sample->n);
	int		   *seen = palloc(sizeof(int) * sample->n);
	int			n = 0;

	for (int f = 0; f < sample->nown && n < MAX_COLUMNS; f++)
	{
		const LearnField *field = &sample->field[f];

		if (field->distinct < 2 || field->column->left_out || field->column->counts)
			continue;
		coded[n].field = field;
		find_codes(sample, &coded[n], place);
		find_ranks(sample, &coded[n], place);
		n++;
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			CHECK_FOR_INTERRUPTS();
			if (i != j)
				try_function(schema, sample, &coded[i], &coded[j], seen);
			if (i < j)
				try_association(sample, &coded[i], &coded[j]);
			if (i < j && coded[i].rank && coded[j].rank)
				try_correlation(sample, &coded[i], &coded[j]);
		}
}
