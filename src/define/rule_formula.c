/*-------------------------------------------------------------------------
 *
 * rule_formula.c
 *		The rule "formula": arithmetic over columns of the row.
 *
 * What takes room here is the proof that values rise or differ from row to row,
 * for formulas that count rows; see model/formula.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "define/formula.h"
#include "define/rule_reader.h"
#include "model/formula.h"

/* Rows that are computed for a proof, at most. */
#define MAX_PROOF	10000

/* Compile the expression. */
static void
read_formula(RuleReader *r)
{
	SpindleJson expression = member(r, "expression");

	r->rule->formula.op = spindle_parse_formula(r->parse, &expression, r->table, r->rule->type,
												&r->rule->formula.nops);
}

/* The columns in the order in which they stand. */
static void
visit_formula(const SpindleDomain *domain, int table, const SpindleRule *rule,
			  const SpindleRuleVisitor *visitor)
{
	for (int i = 0; i < rule->formula.nops; i++)
		if (rule->formula.op[i].kind == SPINDLE_OP_COLUMN)
			spindle_visit_path(visitor, table, &rule->formula.op[i].ref);
}

/*
 * NULL if a column is, or where a divisor is zero; a divisor that is a
 * constant is not zero.
 */
static bool
formula_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					const SpindleColumnRef *known)
{
	for (int i = 0; i < rule->formula.nops; i++)
	{
		const SpindleOp *op = &rule->formula.op[i];

		if (op->kind == SPINDLE_OP_COLUMN && spindle_path_may_be_null(domain, table, &op->ref, known))
			return true;
		if ((op->kind == SPINDLE_OP_DIVIDE || op->kind == SPINDLE_OP_QUOTIENT || op->kind == SPINDLE_OP_MODULO) &&
			op[-1].kind != SPINDLE_OP_NUMBER)
			return true;
	}
	return false;
}

/* The rows of a table at the largest scale, at least one. */
static int64
max_rows(const SpindleDomain *domain, int table)
{
	return Max(1, spindle_table_max_rows(domain, &domain->table[table]));
}

/*
 * Compute a formula that counts for the first n rows and tell whether it falls
 * nowhere, or, if it is to differ, always rises.
 */
static bool
rises_over(const SpindleDomain *domain, const SpindleRule *rule, int64 n, bool differs)
{
	__int128	before = spindle_formula_at(domain, rule, 0);

	for (int64 row = 1; row < n; row++)
	{
		__int128	value = spindle_formula_at(domain, rule, row);

		if (value < before || (differs && value == before))
			return false;
		before = value;
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/*
 * What a formula is from one row to the next shows over one period; doubles are
 * nowhere looked up.
 */
static bool
formula_never_falls(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	SpindleFormulaCount count;
	const int64 nrows = max_rows(domain, table);

	return rule->type->kind != SPINDLE_FLOAT &&
		spindle_formula_count(domain, table, rule, nrows, &count) && count.rise >= 0 &&
		Min(count.period + 1, nrows) <= MAX_PROOF &&
		rises_over(domain, rule, Min(count.period + 1, nrows), false);
}

/* Numbers between the bounds that count, in the type; else what the type holds. */
static Extent
extent_of_formula(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = spindle_extent_of_type(check, table, rule);
	SpindleFormulaCount count;

	if (rule->type->kind != SPINDLE_FLOAT &&
		spindle_formula_count(check->domain, table, rule, max_rows(check->domain, table), &count))
	{
		extent.low = spindle_formula_store(rule->type, count.low, count.scale);
		extent.high = spindle_formula_store(rule->type, count.high, count.scale);
	}
	return extent;
}

/* For qsort(). */
static int
compare_wide(const void *a, const void *b)
{
	__int128	x = *(const __int128 *) a;
	__int128	y = *(const __int128 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Do the values differ although they fall somewhere?
 *
 * Two rows whose places in their periods are given have values that differ by
 * a multiple of the rise, plus what the places give.  So they differ for all
 * rows if the places have different remainders of the rise; and if there is no
 * second period, if their values differ.
 */
static bool
differs_over(const SpindleDomain *domain, const SpindleRule *rule, const SpindleFormulaCount *count, int64 nrows)
{
	const int64 n = Min(count->period, nrows);
	const __int128 rise = nrows <= count->period ? 0 : count->rise < 0 ? -count->rise : count->rise;
	void	   *space;
	__int128   *value;
	bool		result = nrows <= count->period || rise != 0;

	/* 128-bit numbers want an alignment that palloc does not promise */
	space = palloc(sizeof(__int128) * (n + 1));
	value = (__int128 *) TYPEALIGN(16, space);
	for (int64 row = 0; row < n; row++)
	{
		value[row] = spindle_formula_at(domain, rule, row);
		if (rise != 0)
			value[row] -= spindle_wide_floor(value[row], rise) * rise;
		CHECK_FOR_INTERRUPTS();
	}
	qsort(value, n, sizeof(__int128), compare_wide);
	for (int64 i = 1; i < n; i++)
		result &= value[i] != value[i - 1];
	pfree(space);
	return result;
}

/* What is wrong with a formula as a key. */
static KeyDifference
repeats(const char *why)
{
	return (KeyDifference) {.scope = KEY_REPEATS,
		.detail = psprintf("the values of a key must differ, but %s", why),
		.hint = "A formula can be a key if it is made of row(), columns of the row with the rule sequence, constants, "
		"+, -, *, and div, mod and floor of what is not negative, such as div(row() - 1, 8) * 32 + mod(row() - 1, 8) + 1."};
}

/* Is a bound of the results a value of the type? */
static bool
fits(const SpindleType *type, __int128 bound, int scale)
{
	return spindle_formula_store(type, bound, scale) ==
		spindle_wide_multiply(bound, spindle_power_of_ten(type->scale - scale));
}

/*
 * The values of a formula differ if it counts rows, all results are values of the
 * type, and they rise or have been seen to differ.
 */
static KeyDifference
formula_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	const SpindleType *type = rule->type;
	const int64 nrows = max_rows(check->domain, table->index);
	SpindleFormulaCount count;

	if (type->kind == SPINDLE_FLOAT || !spindle_formula_count(check->domain, table->index, rule, nrows, &count))
		return repeats("this formula does not only count rows.");
	if (count.scale > type->scale)
		return repeats(psprintf("type %s has fewer digits after the point than the result.", type->name));
	if (!fits(type, count.low, count.scale) || !fits(type, count.high, count.scale))
		return repeats(psprintf("the result can be beyond type %s.", type->name));
	if (Min(count.period + 1, nrows) > MAX_PROOF)
		return repeats(psprintf("it repeats its steps only after " INT64_FORMAT " rows, more than the %d for which that is looked at.",
								count.period, MAX_PROOF));
	if (!rises_over(check->domain, rule, Min(count.period + 1, nrows), true) &&
		!differs_over(check->domain, rule, &count, nrows))
		return repeats("this formula gives some rows the same.");
	return (KeyDifference) {.scope = KEY_IN_TABLE};
}

/* So that rows can be found by their values. */
static void
settle_formula(KeyCheck *check, const SpindleTable *table, SpindleRule *rule)
{
	rule->formula.differs = formula_differs(check, table, rule).scope == KEY_IN_TABLE;
}

/* What it is computed from; the expression itself is not kept. */
static void
describe_formula(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	int			n = 0;

	appendStringInfoString(out, "computed");
	for (int i = 0; i < rule->formula.nops; i++)
	{
		const SpindleOp *op = &rule->formula.op[i];

		if (op->kind != SPINDLE_OP_COLUMN && op->kind != SPINDLE_OP_ROW && op->kind != SPINDLE_OP_ROWS)
			continue;
		appendStringInfoString(out, n++ ? ", " : " from ");
		if (op->kind == SPINDLE_OP_COLUMN)
			spindle_describe_path(out, domain, table, &op->ref);
		else if (op->kind == SPINDLE_OP_ROW)
			appendStringInfoString(out, "the row number");
		else
			appendStringInfo(out, "the number of rows of %s", domain->table[op->table].name);
	}
}

/* Does it ask for the number of the row? */
static RowUse
formula_row_use(const SpindleRule *rule)
{
	for (int i = 0; i < rule->formula.nops; i++)
		if (rule->formula.op[i].kind == SPINDLE_OP_ROW)
			return ROW_NEEDED;
	return ROW_IGNORED;
}

/*
 * A double is a legal result, though none can be an operand: the division to
 * it is the last thing done.
 */
const SpindleRuleDef spindle_rule_def_formula = {
	.forms = (const RuleForm[]) {
		{"formula", NUMERIC_KINDS | TIME_KINDS, {"kind", "expression", NULL}},
		{.name = NULL},
	},
	.read = read_formula,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_formula,
	.differs = formula_differs,
	.settle = settle_formula,
	.row_use = formula_row_use,
	.ops = {
		.visit = visit_formula,
		.may_be_null = formula_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = formula_never_falls,
		.describe = describe_formula,
	},
};
