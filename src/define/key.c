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

#include "mb/pg_wchar.h"
#include "miscadmin.h"

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

/* Of a table's key. */
Extent
spindle_extent_key(KeyCheck *check, int table)
{
	return spindle_extent_column(check, table, spindle_table_single_key(&check->domain->table[table]));
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
		.hint = "Take a sequence, a pattern with {row}, or a data set by row whose values differ."};
}

/*
 * spindle_check_keys
 *		Raise an error unless the values of each table's key differ at every
 *		scale.
 *
 * base gives the number of each table's first column among the ncolumns of all
 * tables.  No column may depend on itself.
 */
void
spindle_check_keys(const SpindleDomain *domain, const int *base, int ncolumns)
{
	KeyCheck	check = {domain, base, palloc0(sizeof(Extent) * ncolumns)};

	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];
		const SpindleRule *rule;
		KeyDifference difference;

		CHECK_FOR_INTERRUPTS();
		if (table->nkeys == 0)
			continue;
		rule = table->column[spindle_table_single_key(table)].rule;
		difference = spindle_rule_def(rule)->differs(&check, table, rule);
		if (difference.scope != KEY_REPEATS && difference.scope != KEY_IN_TABLE)
			difference = spindle_key_repeats(&check, table, rule);
		if (difference.scope == KEY_REPEATS)
			spindle_model_error(domain, rule->path, difference.detail, difference.hint);
	}
	pfree(check.column);
}
