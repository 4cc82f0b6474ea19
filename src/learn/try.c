/*-------------------------------------------------------------------------
 *
 * try.c
 *		Values by which checks of several columns are tried.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "learn/schema.h"

/*
 * Rows by which a pattern with free columns is tried: some by chance, one in which
 * columns of the same rule have the same value, and pairs of extremes, in which those
 * whose numbers differ in one bit are at different ends.
 */
#define BY_CHANCE		4
#define EXTREMES		2
#define SAMPLE			61

StaticAssertDecl(BY_CHANCE + 1 + 2 * EXTREMES == LEARN_TRIES, "all tries are used");

/*
 * learn_is_number
 *		Has a column numbers?
 */
bool
learn_is_number(const LearnColumn *column)
{
	return column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT;
}

/* Is one value of a column before another one? */
static bool
is_before(const LearnColumn *column, const char *a, const char *b)
{
	return learn_is_number(column) ? strtod(a, NULL) < strtod(b, NULL) : strcmp(a, b) < 0;
}

/*
 * Can the foreign key of a column find no row although it chooses one, as the first
 * row of a table does that looks for one before it?
 */
static bool
may_find_none(const LearnTable *table, const LearnColumn *column)
{
	const LearnKey *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

	return key && (key->is_tree || (key->place == LEARN_AMONG && !key->not_null));
}

/*
 * learn_find_tries
 *		LEARN_TRIES values that the rule of a column gives, NULL where it gives none; number
 *		is that of the column among those that are tried together.
 */
void
learn_find_tries(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column, int number, char **tries)
{
	const char *rule = column->differing && column->differs == LEARN_DIFFERS ? column->differing : column->base;
	List	   *values = rule ? learn_sample(column, rule, SAMPLE) : NIL;
	char	   *least = values ? linitial(values) : NULL;
	char	   *largest = least;
	double		low;
	double		high;
	ListCell   *lc;

	foreach(lc, values)
	{
		if (is_before(column, lfirst(lc), least))
			least = lfirst(lc);
		if (is_before(column, largest, lfirst(lc)))
			largest = lfirst(lc);
	}
	if (values && learn_is_number(column) && learn_uniform_ends(rule, &low, &high))
	{
		/* few of many rows have them, and samples do not */
		least = learn_number(low);
		largest = learn_number(high);
	}
	else if (values && (column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP))
		learn_time_ends(schema, rule, &least, &largest);

	/* by chance, columns with the same rule must not have the same values */
	for (int i = 0; i < BY_CHANCE; i++)
		tries[i] = values ? list_nth(values, (i * 17 + column->attnum * 23) % list_length(values)) : NULL;
	tries[BY_CHANCE] = values ? linitial(values) : NULL;
	for (int bit = 0; bit < EXTREMES; bit++)
		for (int end = 0; end < 2; end++)
			tries[BY_CHANCE + 1 + 2 * bit + end] = (number >> bit & 1) == end ? least : largest;
	if (may_find_none(table, column))
		tries[0] = tries[BY_CHANCE] = NULL;
}
