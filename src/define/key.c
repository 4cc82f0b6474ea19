/*-------------------------------------------------------------------------
 *
 * key.c
 *		Do the values of a key differ?
 *
 * A sequence rises, and the values of a data set can be compared.  For a
 * pattern we need a proof: the row number must be readable from the text.  It
 * is if the place where it begins and the place where it ends are both known,
 * counted from the same end of the text, and nothing of that is cut off by the
 * type.  For that we work out how long the text of each piece can be and
 * whether it can hold digits, from the rules of the columns it comes from, at
 * the largest number of rows that any scale gives.
 *
 * The proof is a sufficient one: a pattern that happens to be unique for
 * another reason is refused, with what to change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "define/parse.h"

/* Longer than any text: of pieces without a limit. */
#define UNLIMITED	INT64CONST(1000000000000)

/* What is known about the values of a rule, or of some of a pattern's pieces. */
typedef struct Extent
{
	bool		is_known;		/* the entry of a column is filled */
	int64		min;			/* characters of a text; none at all if min >
								 * max */
	int64		max;
	bool		has_digit;		/* can hold a digit ... */
	bool		digit_first;	/* ... begin with one, if it is not empty */
	bool		digit_last;		/* ... end with one */
	int64		low;			/* of an INT or DECIMAL, scaled */
	int64		high;
} Extent;

typedef struct KeyCheck
{
	const SpindleDomain *domain;
	const int  *base;			/* first entry of each table in column */
	Extent	   *column;			/* what is known so far */
} KeyCheck;

static const Extent nothing = {
	.min = UNLIMITED, .max = 0, .low = PG_INT64_MAX, .high = PG_INT64_MIN,
};

static Extent extent_of_column(KeyCheck *check, int table, int column);
static Extent extent_of_rule(KeyCheck *check, int table, const SpindleRule *rule);

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

static int
count_digits(uint64 n)
{
	int			digits = 1;

	for (; n >= 10; n /= 10)
		digits++;
	return digits;
}

/* Extend an extent by the values of another one. */
static void
join(Extent *extent, Extent other)
{
	extent->min = Min(extent->min, other.min);
	extent->max = Max(extent->max, other.max);
	extent->has_digit |= other.has_digit;
	extent->digit_first |= other.digit_first;
	extent->digit_last |= other.digit_last;
	extent->low = Min(extent->low, other.low);
	extent->high = Max(extent->high, other.high);
}

/* Put one text behind another. */
static void
append(Extent *extent, Extent other)
{
	extent->digit_first |= extent->min == 0 && other.digit_first;
	extent->digit_last = other.digit_last || (other.min == 0 && extent->digit_last);
	extent->has_digit |= other.has_digit;
	extent->min = Min(extent->min + other.min, UNLIMITED);
	extent->max = Min(extent->max + other.max, UNLIMITED);
}

static Extent
extent_of_text(const char *data, int len)
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

/* The extent of a single value. */
static Extent
extent_of_value(const SpindleType *type, int64 value)
{
	if (type->kind == SPINDLE_TEXT)
	{
		const SpindleText *text = (const SpindleText *) (intptr_t) value;

		return extent_of_text(text->data, text->len);
	}
	return (Extent) {.low = value, .high = value};
}

/* Numbers from low to high with so many digits after the point, as text. */
static Extent
extent_of_numbers(int64 low, int64 high, int scale, int width)
{
	uint64		unit = (uint64) spindle_power_of_ten(scale);
	uint64		a = low < 0 ? -(uint64) low : (uint64) low;
	uint64		b = high < 0 ? -(uint64) high : (uint64) high;
	uint64		least = low <= 0 && high >= 0 ? 0 : Min(a, b);
	int			fraction = scale > 0 ? scale + 1 : 0;

	return (Extent) {.min = Max(width, count_digits(least / unit)) + fraction + (high < 0),
		.max = Max(width, count_digits(Max(a, b) / unit)) + fraction + (low < 0),
		.has_digit = true, .digit_first = high >= 0, .digit_last = true};
}

static Extent
extent_of_piece(KeyCheck *check, int table, const SpindlePiece *piece)
{
	Extent		extent;

	switch (piece->kind)
	{
		case SPINDLE_PIECE_LITERAL:
			return extent_of_text(piece->text, (int) strlen(piece->text));
		case SPINDLE_PIECE_ROW:
			return extent_of_numbers(1, Max(1, spindle_table_max_rows(check->domain, &check->domain->table[table])),
									 0, piece->width);
		case SPINDLE_PIECE_COLUMN:
			extent = extent_of_column(check, piece->ref.table, piece->ref.column);
			if (!piece->is_text)
				extent = extent_of_numbers(Min(extent.low, extent.high), extent.high, piece->scale, piece->width);
			return extent;
		default:
			return (Extent) {.min = piece->width, .max = piece->width,
				.has_digit = piece->kind != SPINDLE_PIECE_LETTERS,
				.digit_first = piece->kind != SPINDLE_PIECE_LETTERS,
				.digit_last = piece->kind != SPINDLE_PIECE_LETTERS};
	}
}

/* Some pieces of a pattern, one behind the other. */
static Extent
extent_of_pieces(KeyCheck *check, int table, const SpindlePiece *piece, int npieces)
{
	Extent		extent = {0};

	for (int p = 0; p < npieces; p++)
		append(&extent, extent_of_piece(check, table, &piece[p]));
	return extent;
}

/* The values of a rule that is no more than a type to us. */
static Extent
extent_of_type(const SpindleType *type)
{
	return (Extent) {.max = type->length > 0 ? type->length : UNLIMITED, .has_digit = true,
		.digit_first = true, .digit_last = true, .low = type->min, .high = type->max};
}

static Extent
extent_of_values(const SpindleType *type, const int64 *value, const bool *is_null, int n)
{
	Extent		extent = nothing;

	for (int i = 0; i < n; i++)
		if (is_null == NULL || !is_null[i])
			join(&extent, extent_of_value(type, value[i]));
	CHECK_FOR_INTERRUPTS();
	return extent;
}

static Extent
extent_of_key(KeyCheck *check, int table)
{
	return extent_of_column(check, table, check->domain->table[table].key);
}

/* What the values of a rule can be, NULL aside. */
static Extent
extent_of_rule(KeyCheck *check, int table, const SpindleRule *rule)
{
	const SpindleTable *t = &check->domain->table[table];
	Extent		extent = nothing;

	switch (rule->kind)
	{
		case SPINDLE_RULE_SEQUENCE:
			extent.low = rule->sequence.start;
			extent.high = rule->sequence.start +
				Max(spindle_table_max_rows(check->domain, t) - 1, 0) * rule->sequence.step;
			return extent;
		case SPINDLE_RULE_CONSTANT:
			return extent_of_values(rule->type, &rule->constant.value, &rule->constant.is_null, 1);
		case SPINDLE_RULE_WEIGHTED:
			return extent_of_values(rule->type, rule->weighted.value, NULL, rule->weighted.n);
		case SPINDLE_RULE_DATA:
			return extent_of_values(rule->type, rule->data.value, rule->data.is_null, rule->data.set->nrows);
		case SPINDLE_RULE_PATTERN:
			extent = extent_of_pieces(check, table, rule->pattern.piece, rule->pattern.npieces);
			if (rule->type->length > 0 && extent.max > rule->type->length)
			{
				extent.max = rule->type->length;
				extent.min = Min(extent.min, extent.max);
				extent.digit_last = extent.has_digit;
			}
			return extent;
		case SPINDLE_RULE_COPY:
			return extent_of_column(check, rule->copy.table, rule->copy.column);
		case SPINDLE_RULE_REFERENCE:
			return extent_of_key(check, rule->reference.table);
		case SPINDLE_RULE_PARENT:
			return extent_of_key(check, t->rows_parent);
		case SPINDLE_RULE_HIERARCHY:
			return extent_of_key(check, table);
		case SPINDLE_RULE_CHILD:
			return extent_of_column(check, rule->child.child, rule->child.column);
		case SPINDLE_RULE_CASE:
			for (int i = 0; i <= rule->cases.nbranches; i++)
				join(&extent, extent_of_rule(check, table, rule->cases.then[i]));
			return extent;
		case SPINDLE_RULE_LEVEL:
			extent.low = 1;
			extent.high = rule->hierarchy.levels;
			return extent;
		default:
			return extent_of_type(rule->type);
	}
}

/* The same of a column; each is looked at once, however many patterns use it. */
static Extent
extent_of_column(KeyCheck *check, int table, int column)
{
	Extent	   *extent = &check->column[check->base[table] + column];

	check_stack_depth();
	if (!extent->is_known)
	{
		*extent = extent_of_rule(check, table, check->domain->table[table].column[column].rule);
		extent->is_known = true;
		if (extent->min > extent->max)
			extent->min = extent->max;	/* always NULL */
	}
	return *extent;
}

/*
 * Can the row number be read from the texts of a pattern, whose piece p it is?
 *
 * If not, *reason is why, in words, with room for a better reason that another
 * piece may have.
 */
static bool
is_row_readable(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule, int p, char **reason)
{
	const SpindlePiece *piece = rule->pattern.piece;
	Extent		before = extent_of_pieces(check, table->index, piece, p);
	Extent		row = extent_of_piece(check, table->index, &piece[p]);
	Extent		after = extent_of_pieces(check, table->index, piece + p + 1, rule->pattern.npieces - p - 1);
	int64		length = rule->type->length > 0 ? rule->type->length : UNLIMITED * 4;
	bool		is_fixed = row.min == row.max;
	bool		forward = (before.min == before.max || !before.has_digit) && (is_fixed || !after.digit_first);
	bool		backward = (after.min == after.max || !after.has_digit) && (is_fixed || !before.digit_last);

	if ((forward && before.max + row.max <= length) ||
		(backward && before.max + row.max + after.max <= length))
		return true;
	if (!forward && !backward)
		*reason = psprintf("the text does not show where the row number begins and ends.");
	else if (before.max >= UNLIMITED || (!forward && after.max >= UNLIMITED))
		*reason = psprintf("type %s can cut off the row number.", rule->type->name);
	else
		*reason = psprintf("with the largest row number, " INT64_FORMAT ", the text has up to " INT64_FORMAT " characters, and type %s cuts it off.",
						   Max(1, spindle_table_max_rows(check->domain, table)),
						   before.max + row.max + (forward ? 0 : after.max), rule->type->name);
	return false;
}

static void
check_pattern(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	char	   *reason = NULL;
	int			digits = count_digits(Max(1, spindle_table_max_rows(check->domain, table)));

	for (int p = 0; p < rule->pattern.npieces; p++)
		if (rule->pattern.piece[p].kind == SPINDLE_PIECE_ROW && is_row_readable(check, table, rule, p, &reason))
			return;
	if (reason)
		spindle_model_error(check->domain, rule->path,
							psprintf("the values of a key must differ, but %s", reason),
							psprintf("Put {row:%d}, or {row} between characters that are no digits, at the begin or end of the pattern, and choose a type that holds the whole text.",
									 digits));
}

/* Do the values of a data set differ?  Equal texts have one address. */
static bool
is_data_unique(const SpindleRule *rule)
{
	int			n = rule->data.set->nrows;
	int64	   *values = palloc(sizeof(int64) * n);
	bool		is_unique = true;

	for (int i = 0; i < n; i++)
	{
		/* the two zeros of a double are equal, though their bits differ */
		values[i] = rule->type->kind == SPINDLE_FLOAT && rule->data.value[i] == PG_INT64_MIN ? 0 : rule->data.value[i];
	}
	qsort(values, n, sizeof(int64), compare_int64);
	for (int i = 1; i < n; i++)
		is_unique &= values[i] != values[i - 1];
	pfree(values);
	return is_unique;
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
		const SpindleRule *rule = table->key < 0 ? NULL : table->column[table->key].rule;
		bool		has_row = false;

		CHECK_FOR_INTERRUPTS();
		if (rule == NULL || rule->kind == SPINDLE_RULE_SEQUENCE)
			continue;
		if (rule->kind == SPINDLE_RULE_PATTERN)
			for (int p = 0; p < rule->pattern.npieces; p++)
				has_row |= rule->pattern.piece[p].kind == SPINDLE_PIECE_ROW;
		if (has_row)
			check_pattern(&check, table, rule);
		else if (rule->kind != SPINDLE_RULE_DATA || !rule->data.by_row || !is_data_unique(rule))
			spindle_model_error(domain, rule->path, "the values of a key must differ.",
								"Take a sequence, a pattern with {row}, or a data set by row whose values differ.");
	}
	pfree(check.column);
}
