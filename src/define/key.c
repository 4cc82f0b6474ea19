/*-------------------------------------------------------------------------
 *
 * key.c
 *		Do the values of a key differ?
 *
 * An extent is computed for each column at most once; columns do not depend on
 * themselves, so that ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "define/origin.h"
#include "define/rule_reader.h"

/*
 * spindle_extent_digits
 *		How many decimal digits a number has; 0 has one.
 */
int
spindle_extent_digits(uint64 n)
{
	int			digits = 1;

	for (; n >= 10; n /= 10)
		digits++;
	return digits;
}

/*
 * spindle_extent_join
 *		Extend an extent by the values of another one: what is possible in
 *		either is possible.
 */
void
spindle_extent_join(Extent *extent, Extent other)
{
	extent->min = Min(extent->min, other.min);
	extent->max = Max(extent->max, other.max);
	extent->has_digit |= other.has_digit;
	extent->digit_first |= other.digit_first;
	extent->digit_last |= other.digit_last;
	extent->low = Min(extent->low, other.low);
	extent->high = Max(extent->high, other.high);
}

/*
 * spindle_extent_append
 *		Put one text behind another: lengths add up, and the ends are those of
 *		the whole, through a part that may be empty.  low and high do not
 *		matter for texts.
 */
void
spindle_extent_append(Extent *extent, Extent other)
{
	extent->digit_first |= extent->min == 0 && other.digit_first;
	extent->digit_last = other.digit_last || (other.min == 0 && extent->digit_last);
	extent->has_digit |= other.has_digit;
	extent->min = Min(extent->min + other.min, EXTENT_UNLIMITED);
	extent->max = Min(extent->max + other.max, EXTENT_UNLIMITED);
}

/*
 * spindle_extent_text
 *		The extent of one text, len bytes of UTF-8.
 */
Extent
spindle_extent_text(const char *data, int len)
{
	Extent		extent = {.digit_first = len > 0 && data[0] >= '0' && data[0] <= '9',
	.digit_last = len > 0 && data[len - 1] >= '0' && data[len - 1] <= '9'};

	for (int i = 0; i < len; i += pg_encoding_mblen(PG_UTF8, data + i))
	{
		extent.max++;
		extent.has_digit |= data[i] >= '0' && data[i] <= '9';
	}
	extent.min = extent.max;
	return extent;
}

/* The extent of a single value that is not NULL. */
static Extent
extent_of_value(const SpindleType *type, int64 value)
{
	if (type->ops->is_text)
	{
		const SpindleText *text = (const SpindleText *) (intptr_t) value;

		return spindle_extent_text(text->data, text->len);
	}
	return (Extent) {.low = value, .high = value};
}

/*
 * spindle_extent_numbers
 *		Numbers from low to high, both times 10^-scale, as the text that a
 *		pattern makes of them: with scale digits after the point, padded to
 *		width digits before it, 0 for no padding.  low <= high.
 */
Extent
spindle_extent_numbers(int64 low, int64 high, int scale, int width)
{
	uint64		unit = (uint64) spindle_power_of_ten(scale);
	uint64		a = low < 0 ? -(uint64) low : (uint64) low;
	uint64		b = high < 0 ? -(uint64) high : (uint64) high;
	uint64		least = low <= 0 && high >= 0 ? 0 : Min(a, b);
	int			fraction = scale > 0 ? scale + 1 : 0;

	return (Extent) {.min = Max(width, spindle_extent_digits(least / unit)) + fraction + (high < 0),
		.max = Max(width, spindle_extent_digits(Max(a, b) / unit)) + fraction + (low < 0),
		.has_digit = true, .digit_first = high >= 0, .digit_last = true};
}

/*
 * spindle_extent_of_type
 *		Of a rule that is no more than a type to us: anything that the type
 *		holds.
 */
Extent
spindle_extent_of_type(KeyCheck *check, int table, const SpindleRule *rule)
{
	const SpindleType *type = rule->type;

	return (Extent) {.max = type->length > 0 ? type->length : EXTENT_UNLIMITED, .has_digit = true,
		.digit_first = true, .digit_last = true, .low = type->min, .high = type->max};
}

/*
 * spindle_extent_values
 *		Of a list of n values; is_null may be NULL, and nulls do not count.
 */
Extent
spindle_extent_values(const SpindleType *type, const int64 *value, const bool *is_null, int n)
{
	Extent		extent = EXTENT_OF_NOTHING;

	for (int i = 0; i < n; i++)
		if (is_null == NULL || !is_null[i])
			spindle_extent_join(&extent, extent_of_value(type, value[i]));
	CHECK_FOR_INTERRUPTS();
	return extent;
}

/* For qsort().  Any order will do: equal values have to meet. */
static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * spindle_values_differ
 *		Do n values of a type differ?  is_null may be NULL; nulls do not count.
 *		Equal texts have one address.
 */
bool
spindle_values_differ(const SpindleType *type, const int64 *value, const bool *is_null, int n)
{
	int64	   *values = palloc(sizeof(int64) * Max(n, 1));
	int			used = 0;
	bool		differ = true;

	for (int i = 0; i < n; i++)
	{
		if (is_null && is_null[i])
			continue;

		/* the two zeros of a double are equal, though their bits differ */
		values[used++] = type->kind == SPINDLE_FLOAT && value[i] == PG_INT64_MIN ? 0 : value[i];
	}
	qsort(values, used, sizeof(int64), compare_int64);
	for (int i = 1; i < used; i++)
		differ &= values[i] != values[i - 1];
	pfree(values);
	return differ;
}

/* What the values of a rule can be, NULL aside. */
Extent
spindle_extent_rule(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_rule_def(rule)->extent(check, table, rule);
}

/*
 * spindle_extent_column
 *		The same of a column; each is looked at once, however many patterns use
 *		it.  A column that is always NULL has the length 0 there.
 */
Extent
spindle_extent_column(KeyCheck *check, int table, int column)
{
	Extent	   *extent = &check->column[check->base[table] + column];

	check_stack_depth();
	if (!extent->is_known)
	{
		*extent = spindle_extent_rule(check, table, check->domain->table[table].column[column].rule);
		extent->is_known = true;
		if (extent->min > extent->max)
			extent->min = extent->max;	/* always NULL */
	}
	return *extent;
}

/*
 * spindle_extent_target
 *		Of a rule that refers to rows of the table target: what the key can be,
 *		or the type if the rule gives rows.
 */
Extent
spindle_extent_target(KeyCheck *check, int table, const SpindleRule *rule, int target)
{
	if (rule->type->kind == SPINDLE_ROW)
		return spindle_extent_of_type(check, table, rule);
	return spindle_extent_column(check, target, spindle_table_single_key(&check->domain->table[target]));
}

/*
 * spindle_key_repeats
 *		The answer of rules whose values may repeat.  Stands as differs of the
 *		kinds that never make them differ.
 */
KeyDifference
spindle_key_repeats(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return (KeyDifference) {.scope = KEY_REPEATS,.detail = "the values of a key must differ.",
		.hint = "Take a sequence, permuted numbers, a pattern with {row}, or a data set by row whose values differ."};
}

/*
 * spindle_key_distinct
 *		The answer of rules whose choices differ as "distinct" says, and whose
 *		values do if their choices do.
 */
KeyDifference
spindle_key_distinct(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule, SpindleDistinct distinct)
{
	if (distinct == SPINDLE_DISTINCT_NONE)
		return spindle_key_repeats(check, table, rule);
	return (KeyDifference) {.scope = distinct == SPINDLE_DISTINCT_TABLE ? KEY_IN_TABLE : KEY_IN_PARENT};
}

/*
 * spindle_key_of_column
 *		What makes the values of a column differ; each is asked once.
 */
KeyDifference
spindle_key_of_column(KeyCheck *check, const SpindleTable *table, int column)
{
	KeyDifference *difference = &check->difference[check->base[table->index] + column];
	const SpindleRule *rule = table->column[column].rule;

	check_stack_depth();
	if (difference->scope == KEY_UNKNOWN)
		*difference = spindle_rule_def(rule)->differs(check, table, rule);
	return *difference;
}

/* Some columns at the ends of paths, which begin in a row of the same table. */
typedef struct PathSet
{
	int			n;
	int			at;				/* column of each origin that is the first one */
	Origin	  **origin;			/* all longer than at */
} PathSet;

static bool path_set_differs(KeyCheck *check, int table, const PathSet *set);

/*
 * Which columns of a table are known when the columns at the ends of some paths
 * are: those of the table itself, and the references and rows of which so much
 * is known that they can be no other.  palloc'd, an entry per column.
 */
static bool *
known_columns(KeyCheck *check, int table, const PathSet *set)
{
	const SpindleTable *t = &check->domain->table[table];
	bool	   *known = palloc0(sizeof(bool) * t->ncolumns);
	PathSet		behind = {.at = set->at + 1,.origin = palloc(sizeof(Origin *) * set->n)};

	for (int i = 0; i < set->n; i++)
		if (set->origin[i]->n == set->at + 1)
			known[set->origin[i]->column[set->at]] = true;
	for (int i = 0; i < set->n; i++)
	{
		int			step = set->origin[i]->column[set->at];

		if (known[step])
			continue;
		behind.n = 0;
		for (int k = i; k < set->n; k++)
			if (set->origin[k]->column[set->at] == step)
				behind.origin[behind.n++] = set->origin[k];
		known[step] = path_set_differs(check, spindle_column_target(check->domain, table, step), &behind);
	}
	pfree(behind.origin);
	return known;
}

/* Are all columns of a grid known? */
static bool
knows_grid(KeyCheck *check, const SpindleTable *table, const char *grid, const bool *known)
{
	for (int c = 0; c < table->ncolumns; c++)
	{
		KeyDifference difference = spindle_key_of_column(check, table, c);

		if (difference.scope == KEY_IN_GRID && strcmp(difference.grid, grid) == 0 && !known[c])
			return false;
	}
	return true;
}

/*
 * Do the columns at the ends of some paths together differ from row to row of a
 * table?  They do if one of the columns that are known with them differs by
 * itself, or among the children of a parent that is known, too, or if all columns
 * of a grid are known.
 */
static bool
path_set_differs(KeyCheck *check, int table, const PathSet *set)
{
	const SpindleTable *t = &check->domain->table[table];
	bool		differs = false;
	bool	   *known;

	check_stack_depth();
	known = known_columns(check, table, set);
	for (int c = 0; c < t->ncolumns && !differs; c++)
	{
		KeyDifference difference;

		if (!known[c])
			continue;
		difference = spindle_key_of_column(check, t, c);
		differs = difference.scope == KEY_IN_TABLE ||
			(difference.scope == KEY_IN_PARENT && t->parent_column >= 0 && known[t->parent_column]) ||
			(difference.scope == KEY_IN_GRID && knows_grid(check, t, difference.grid, known));
	}
	pfree(known);
	return differs;
}

/* Do some columns of a table together differ from row to row, NULL aside? */
static bool
columns_differ(KeyCheck *check, const SpindleTable *table, const int *column, int n)
{
	PathSet		set = {.origin = palloc(sizeof(Origin *) * n)};
	bool		differs;

	for (int i = 0; i < n; i++)
	{
		Origin	   *origin = palloc(sizeof(Origin));

		spindle_origin_of(check->domain, table->index, &column[i], 1, origin);
		if (origin->n > 0)
			set.origin[set.n++] = origin;
	}
	differs = path_set_differs(check, table->index, &set);
	for (int i = 0; i < set.n; i++)
		pfree(set.origin[i]);
	pfree(set.origin);
	return differs;
}

/*
 * Raise the error for columns at a place of the definition that may be equal in
 * two rows.  Of a single one its rule says why; if place is NULL, that is also
 * the place.
 */
static void
refuse_columns(KeyCheck *check, const SpindleTable *table, const int *column, int n, const char *place)
{
	const SpindleRule *rule = table->column[column[0]].rule;
	KeyDifference difference = spindle_key_repeats(check, table, rule);
	StringInfoData names;

	if (n == 1)
	{
		KeyDifference own = spindle_key_of_column(check, table, column[0]);

		if (own.scope == KEY_REPEATS)
			difference = own;
		spindle_model_error(check->domain, place ? place : rule->path, difference.detail, difference.hint);
	}
	initStringInfo(&names);
	for (int i = 0; i < n; i++)
		appendStringInfo(&names, "%s%s", i ? ", " : "", table->column[column[i]].name);
	spindle_model_error(check->domain, place, psprintf("rows could have the same values of (%s).", names.data),
						"One of the columns must differ from row to row, as a sequence does; or one be the parent, "
						"or copies of a key of it, and another differ within the parent.");
}

/* Let the rules of a table's columns note what their values can be. */
static void
settle_rules(KeyCheck *check, const SpindleTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
	{
		SpindleRule *rule = table->column[c].rule;

		if (spindle_rule_def(rule)->settle)
			spindle_rule_def(rule)->settle(check, table, rule);
	}
}

/*
 * spindle_check_keys
 *		Raise an error unless the values of each table's key differ at every
 *		scale, and those of the sets that it declares as unique.  Settles all rules.
 *
 * base gives the number of each table's first column among the ncolumns of all
 * tables.  No column may depend on itself.
 */
void
spindle_check_keys(const SpindleDomain *domain, const int *base, int ncolumns)
{
	KeyCheck	check = {domain, base, palloc0(sizeof(Extent) * ncolumns),
	palloc0(sizeof(KeyDifference) * ncolumns)};

	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];

		CHECK_FOR_INTERRUPTS();
		if (table->nkeys > 0 && !columns_differ(&check, table, table->key, table->nkeys))
			refuse_columns(&check, table, table->key, table->nkeys,
						   table->nkeys > 1 ? psprintf("tables.%s.key", table->name) : NULL);
		for (int u = 0; u < table->nunique; u++)
			if (!columns_differ(&check, table, table->unique[u].column, table->unique[u].n))
				refuse_columns(&check, table, table->unique[u].column, table->unique[u].n,
							   psprintf("tables.%s.unique[%d]", table->name, u));
		settle_rules(&check, table);
	}
	pfree(check.difference);
	pfree(check.column);
}
