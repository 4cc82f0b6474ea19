/*-------------------------------------------------------------------------
 *
 * portrait.c
 *		What stands in a definition for the values of a column that is drawn together
 *		with others.
 *
 * Values that may be carried stand for themselves.  For others there are names, or
 * numbers that no value can be told by.  Numbers of which some are rare lie as they do
 * in the database, but not where: a group of neighbours that k rows have is spread
 * evenly over its range.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"

#include "learn/data.h"
#include "learn/tuple.h"

/* Different texts that stand for themselves or have names, at most. */
#define MAX_TEXTS	50

/* Rows of values that cannot be told, at most, of all. */
#define MOST_UNTOLD	0.005

/* A number of a column, and which of its values it is. */
typedef struct Number
{
	double		number;
	int			value;
} Number;

/* For qsort. */
static int
compare_numbers(const void *a, const void *b)
{
	const Number *x = a;
	const Number *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Do at least k rows have a value? */
static bool
is_shared(const LearnSchema *schema, const LearnMember *member, int value)
{
	return schema->options->carry == SPINDLE_CARRY_ALL || member->rows[value] >= schema->options->k;
}

/* Let a value stand for itself. */
static void
carry(const LearnTable *table, LearnMember *member, int value)
{
	member->json[value] = learn_json_value(&table->column[member->column], member->value[value]);
	member->least_rows = member->carried++ == 0 ? member->rows[value] : Min(member->least_rows, member->rows[value]);
}

/* Values that declarations have: those stand for themselves, and others for nothing. */
static bool
as_declared(const LearnTable *table, LearnMember *member)
{
	const LearnColumn *column = &table->column[member->column];
	List	   *declared = learn_finite_values(column, MAX_TEXTS);

	for (int v = 0; v < member->nvalues; v++)
	{
		ListCell   *lc;
		bool		is_declared = column->kind == LEARN_BOOL;

		foreach(lc, declared)
			is_declared |= strcmp(lfirst(lc), member->value[v]) == 0;
		if (is_declared)
			member->json[v] = learn_json_value(column, member->value[v]);
	}
	return true;
}

/* Texts: themselves if all may be carried, else names if the rule of the column has such, else numbers. */
static bool
as_texts(const LearnSchema *schema, const LearnTable *table, LearnMember *member)
{
	const LearnColumn *column = &table->column[member->column];
	const char *name = learn_label_name(column);
	bool		is_carried = learn_why_withheld(schema, table, member->column) == NULL;

	for (int v = 0; v < member->nvalues && schema->options->carry != SPINDLE_CARRY_ALL; v++)
		is_carried = is_carried && member->nvalues <= MAX_TEXTS && is_shared(schema, member, v) && !learn_text_is_telling(member->value[v]);
	if (is_carried)
	{
		for (int v = 0; v < member->nvalues; v++)
			carry(table, member, v);
		return true;
	}
	if (learn_keyable_rule(column->base) == NULL)
		return false;
	if (strncmp(column->base, "{\"kind\": \"weighted\"", strlen("{\"kind\": \"weighted\"")) != 0)
	{
		member->portrait = LEARN_AS_NUMBERS;
		return column->checks == NIL;
	}
	member->portrait = LEARN_AS_NAMES;
	for (int v = 0; v < member->nvalues && name; v++)
		member->json[v] = learn_quote(psprintf("%s%d", name, v + 1));
	return name && member->nvalues <= MAX_TEXTS;
}

/* A number as the column writes it. */
static char *
number_text(const LearnColumn *column, double number)
{
	number = learn_within(column, number);
	return column->kind == LEARN_INT ? learn_number(floor(number + 0.5)) :
		column->kind == LEARN_DECIMAL ? psprintf("%.*f", column->scale, number) : learn_number(number);
}

/* Neighbours among rare numbers, that k rows have together, and the range that their names are spread over. */
typedef struct Range
{
	int			begin;
	int			end;			/* of the numbers, in their order */
	double		rows;
	double		low;
	double		high;
} Range;

/*
 * Find the range of some of n rare numbers.  Between two ranges lies the rounded mean of
 * the numbers there; low is that, or NAN for the first.  The ends of the first and the
 * last one are made up: as far from the mean.
 */
static void
measure_range(const LearnSchema *schema, const LearnMember *member, const Number *rare, int n, double low, Range *range)
{
	double		sum = 0;
	double		squares = 0;
	double		mean;

	range->rows = 0;
	for (int i = range->begin; i < range->end; i++)
	{
		sum += rare[i].number;
		range->rows += member->rows[rare[i].value];
	}
	mean = sum / (range->end - range->begin);
	for (int i = range->begin; i < range->end; i++)
		squares += (rare[i].number - mean) * (rare[i].number - mean);
	range->high = range->end < n ? learn_rounded(schema, (rare[range->end - 1].number + rare[range->end].number) / 2) :
		learn_rounded(schema, isnan(low) ? mean + sqrt(3 * squares / (range->end - range->begin)) : Max(2 * mean - low, low));
	range->low = isnan(low) ? learn_rounded(schema, 2 * mean - range->high) : low;
}

/*
 * Let a range begin somewhere and end where k rows are in it, and room for as many
 * different values as it has; what would be left with less than k rows is in it, too.
 */
static void
next_range(const LearnSchema *schema, const LearnMember *member, const LearnColumn *column, const Number *rare, int n, double low,
		   Range *range)
{
	double		step = column->kind == LEARN_INT ? 1 : column->kind == LEARN_DECIMAL ? pow(10, -column->scale) : 0;
	double		left = 0;

	range->begin = range->end;
	do
	{
		range->end++;
		measure_range(schema, member, rare, n, low, range);
	} while (range->end < n && (range->rows < schema->options->k || range->high - range->low < (range->end - range->begin) * step));
	for (int i = range->end; i < n && left < schema->options->k; i++)
		left += member->rows[rare[i].value];
	if (range->end < n && left < schema->options->k)
	{
		range->end = n;
		measure_range(schema, member, rare, n, low, range);
	}
}

/* Spread rare numbers, which are in their order, over the ranges of groups that k rows have at least. */
static void
spread(const LearnSchema *schema, const LearnTable *table, LearnMember *member, const Number *rare, int n)
{
	const LearnColumn *column = &table->column[member->column];
	Range		range = {0};
	double		low = NAN;

	for (int group = member->nvalues; range.end < n; group++)
	{
		next_range(schema, member, column, rare, n, low, &range);
		for (int i = range.begin; i < range.end; i++)
		{
			member->json[rare[i].value] = number_text(column, range.low + (range.high - range.low) * (i - range.begin + 0.5) / (range.end - range.begin));
			member->group[rare[i].value] = group;
		}
		if (range.end < n)
			member->least_rows = member->carried++ == 0 ? range.rows : Min(member->least_rows, range.rows);
		low = range.high;
	}
}

/* Numbers: themselves if k rows have them, else spread; or numbers of them if nothing may be carried. */
static bool
as_numbers(const LearnSchema *schema, const LearnTable *table, LearnMember *member)
{
	const LearnColumn *column = &table->column[member->column];
	Number	   *rare = palloc(sizeof(Number) * Max(member->nvalues, 1));
	double		rows = 0;
	double		all = 0;
	int			n = 0;

	if (learn_why_withheld(schema, table, member->column))
	{
		member->portrait = LEARN_AS_NUMBERS;
		return column->checks == NIL && learn_keyable_rule(column->base) != NULL;
	}
	for (int v = 0; v < member->nvalues; v++)
	{
		double		number = strtod(member->value[v], NULL);

		if (!isfinite(number) || strspn(member->value[v], "0123456789.-+e") != strlen(member->value[v]))
			return false;
		all += member->rows[v];
		if (is_shared(schema, member, v))
		{
			carry(table, member, v);
			continue;
		}
		rows += member->rows[v];
		rare[n++] = (Number) {number, v};
	}
	if (rows < schema->options->k)
		return rows <= MOST_UNTOLD * all;
	qsort(rare, n, sizeof(Number), compare_numbers);
	member->portrait = LEARN_AS_SPREAD;
	spread(schema, table, member, rare, n);
	return true;
}

/* Do all texts that stand in tuples for values of a column pass its checks? */
static bool
passes_checks(LearnTable *table, const LearnMember *member)
{
	LearnColumn *column = &table->column[member->column];
	LearnAsker *asker;
	List	   *texts = NIL;
	bool		result;

	if (column->checks == NIL || member->portrait == LEARN_AS_NUMBERS)
		return true;
	for (int v = 0; v < member->nvalues; v++)
		if (member->json[v])
			texts = lappend(texts, member->portrait == LEARN_AS_VALUES ? member->value[v] :
							member->portrait == LEARN_AS_SPREAD ? member->json[v] :
							psprintf("%s%d", learn_label_name(column), v + 1));
	asker = learn_ask_open(table);
	result = learn_rule_passes(asker, table, column, texts, NULL);
	learn_ask_close(asker);
	return result;
}

/*
 * learn_portray
 *		Decide what stands for the values of a column in tuples; false if nothing may or can.
 */
bool
learn_portray(const LearnSchema *schema, LearnTable *table, LearnMember *member)
{
	const LearnColumn *column = &table->column[member->column];
	bool		result;

	member->portrait = LEARN_AS_VALUES;
	member->json = palloc0(sizeof(char *) * Max(member->nvalues, 1));
	member->group = palloc(sizeof(int) * Max(member->nvalues, 1));
	for (int v = 0; v < member->nvalues; v++)
		member->group[v] = v;
	if (column->kind == LEARN_BOOL || column->kind == LEARN_ENUM || column->limits.has_list)
		result = as_declared(table, member);
	else if (column->kind == LEARN_TEXT)
		result = as_texts(schema, table, member);
	else
		result = as_numbers(schema, table, member);
	if (member->portrait == LEARN_AS_NUMBERS)
		for (int v = 0; v < member->nvalues; v++)
			member->json[v] = learn_number(v + 1);
	return result && passes_checks(table, member);
}
