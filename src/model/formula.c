/*-------------------------------------------------------------------------
 *
 * formula.c
 *		Formulas that count rows.
 *
 * A formula of nothing but the row number grows by the same amount after a
 * number of rows, its period, if it is made of sums, products with constants, and
 * of whole parts and remainders of divisions by constants: the number of a row in
 * any mixed radix.  So what holds for the rows of one period holds for all, which
 * is how define/ proves that values rise or differ.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/formula.h"

/* Beyond this, in rows or in size, we look for no period. */
#define MAX_PERIOD		INT64CONST(1000000000000)
#define MAX_SIZE		((__int128) 1 << 100)

/* An operand that counts. */
typedef struct Operand
{
	SpindleFormulaCount count;
	bool		is_constant;	/* low and high are its value */
} Operand;

/* Not negative; 0 of 0 and 0. */
static __int128
greatest_common_divisor(__int128 a, __int128 b)
{
	a = a < 0 ? -a : a;
	b = b < 0 ? -b : b;
	while (b != 0)
	{
		__int128	rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Does a column of the row itself count rows, and how? */
static bool
is_sequence(const SpindleDomain *domain, int table, const SpindleColumnRef *ref, int64 *start, int64 *step)
{
	const SpindleColumn *column = spindle_ref_column(domain, ref);

	if (ref->nsteps > 0 || ref->table != table || column->rule->kind != SPINDLE_RULE_SEQUENCE ||
		column->null_fraction > 0)
		return false;
	*start = column->rule->sequence.start;
	*step = column->rule->sequence.step;
	return true;
}

/* Bring an operand to a scale that is not less than its own. */
static void
rescale(Operand *x, int scale)
{
	const int64 unit = spindle_power_of_ten(scale - x->count.scale);

	x->count.rise = spindle_wide_multiply(x->count.rise, unit);
	x->count.low = spindle_wide_multiply(x->count.low, unit);
	x->count.high = spindle_wide_multiply(x->count.high, unit);
	x->count.scale = scale;
}

/* Bring an operand to a multiple of its period. */
static bool
stretch(Operand *x, __int128 period)
{
	if (period > MAX_PERIOD)
		return false;
	x->count.rise = spindle_wide_multiply(x->count.rise, period / x->count.period);
	x->count.period = (int64) period;
	return true;
}

/* a + b, or a - b, in a. */
static bool
add(Operand *a, Operand *b, bool subtract)
{
	const int	scale = Max(a->count.scale, b->count.scale);
	const __int128 period = (__int128) a->count.period / greatest_common_divisor(a->count.period, b->count.period) * b->count.period;

	rescale(a, scale);
	rescale(b, scale);
	if (!stretch(a, period) || !stretch(b, period))
		return false;
	a->count.rise += subtract ? -b->count.rise : b->count.rise;
	a->count.low += subtract ? -b->count.high : b->count.low;
	a->count.high += subtract ? -b->count.low : b->count.high;
	a->is_constant &= b->is_constant;
	return true;
}

/* a * b in a, if one of them is a constant. */
static bool
multiply(Operand *a, Operand *b)
{
	Operand    *x = a->is_constant ? b : a;
	__int128	by = a->is_constant ? a->count.low : b->count.low;
	const int	scale = a->count.scale + b->count.scale;
	__int128	ends[2];
	Operand		result = *x;

	if (!a->is_constant && !b->is_constant)
		return false;
	ends[0] = spindle_wide_multiply(x->count.low, by);
	ends[1] = spindle_wide_multiply(x->count.high, by);
	result.count.rise = spindle_wide_multiply(x->count.rise, by);
	result.count.low = Min(ends[0], ends[1]);
	result.count.high = Max(ends[0], ends[1]);
	result.count.scale = scale;
	result.is_constant = a->is_constant && b->is_constant;
	*a = result;
	return true;
}

/*
 * The whole part of a / divisor, or the remainder, in a; divisor > 0 has the
 * scale of a.  Rounding is toward zero or to the nearest, which only for numbers
 * that are not negative goes in one direction.
 */
static bool
split(Operand *a, __int128 divisor, bool is_remainder)
{
	__int128	common;

	if (divisor <= 0 || a->count.low < 0)
		return false;
	common = greatest_common_divisor(a->count.rise, divisor);
	if (!stretch(a, spindle_wide_multiply(a->count.period, divisor / common)))
		return false;
	if (is_remainder)
	{
		a->count.rise = 0;
		a->count.high = Min(a->count.high, divisor - 1);
		a->count.low = a->is_constant ? a->count.low % divisor : 0;
		if (a->is_constant)
			a->count.high = a->count.low;
		return true;
	}
	a->count.rise /= divisor;
	a->count.low /= divisor;
	a->count.high /= divisor;
	a->count.scale = 0;
	return true;
}

/* An operation on the top of a stack of operands; false if the result does not count. */
static bool
apply(const SpindleOp *op, Operand *stack, int *n)
{
	Operand    *a = &stack[*n - spindle_op_operands(op->kind)];
	Operand    *b = a + 1;
	int			scale;
	__int128	low;

	*n += 1 - spindle_op_operands(op->kind);
	switch (op->kind)
	{
		case SPINDLE_OP_ADD:
		case SPINDLE_OP_SUBTRACT:
			return add(a, b, op->kind == SPINDLE_OP_SUBTRACT);
		case SPINDLE_OP_MULTIPLY:
			return multiply(a, b);
		case SPINDLE_OP_QUOTIENT:
		case SPINDLE_OP_MODULO:
			if (!b->is_constant)
				return false;
			scale = Max(a->count.scale, b->count.scale);
			rescale(a, scale);
			rescale(b, scale);
			return split(a, b->count.low, op->kind == SPINDLE_OP_MODULO);
		case SPINDLE_OP_FLOOR:
			return split(a, spindle_power_of_ten(a->count.scale), false);
		case SPINDLE_OP_SHIFT:
			a->count.scale = op->scale;
			return true;
		case SPINDLE_OP_NEGATE:
			low = a->count.low;
			a->count.rise = -a->count.rise;
			a->count.low = -a->count.high;
			a->count.high = -low;
			return true;
		default:
			return false;
	}
}

/*
 * spindle_formula_count
 *		Does a formula count rows?  If so, *count tells how, for rows 0 to nrows
 *		- 1 of the table whose column it fills, nrows >= 1.
 *
 * A rule that this is false of may still have the property: it is proved, not
 * tried.  Costs as much as the formula has operations.
 */
bool
spindle_formula_count(const SpindleDomain *domain, int table, const SpindleRule *rule, int64 nrows,
					  SpindleFormulaCount *count)
{
	Operand		stack[SPINDLE_MAX_OPS] = {0};
	int			n = 0;

	for (int o = 0; o < rule->formula.nops; o++)
	{
		const SpindleOp *op = &rule->formula.op[o];
		int64		start = 1;
		int64		step = 1;

		switch (op->kind)
		{
			case SPINDLE_OP_NUMBER:
				stack[n++] = (Operand) {{1, 0, op->number, op->number, op->scale}, true};
				break;
			case SPINDLE_OP_COLUMN:
			case SPINDLE_OP_ROW:
				if (op->kind == SPINDLE_OP_COLUMN && !is_sequence(domain, table, &op->ref, &start, &step))
					return false;
				stack[n++] = (Operand) {{1, step, start, start + (__int128) step * (nrows - 1), 0}, false};
				break;
			case SPINDLE_OP_ROWS:
				return false;
			default:
				if (!apply(op, stack, &n))
					return false;
				break;
		}
		if (stack[n - 1].count.low < -MAX_SIZE || stack[n - 1].count.high > MAX_SIZE ||
			stack[n - 1].count.rise < -MAX_SIZE || stack[n - 1].count.rise > MAX_SIZE)
			return false;
	}
	*count = stack[0].count;
	return true;
}

/*
 * spindle_formula_at
 *		The result of a formula that counts in a row, from 0, times 10^scale of
 *		its last operation.
 */
__int128
spindle_formula_at(const SpindleDomain *domain, const SpindleRule *rule, int64 row)
{
	__int128	stack[SPINDLE_MAX_OPS + 1];
	int			scale[SPINDLE_MAX_OPS + 1];
	int			n = 0;
	bool		is_null = false;

	for (int o = 0; o < rule->formula.nops; o++)
	{
		const SpindleOp *op = &rule->formula.op[o];
		const int	operands = spindle_op_operands(op->kind);
		const SpindleRule *sequence;

		switch (op->kind)
		{
			case SPINDLE_OP_NUMBER:
				stack[n] = op->number;
				break;
			case SPINDLE_OP_ROW:
				stack[n] = row + 1;
				break;
			case SPINDLE_OP_COLUMN:
				sequence = spindle_ref_column(domain, &op->ref)->rule;
				stack[n] = sequence->sequence.start + (__int128) sequence->sequence.step * row;
				break;
			default:
				n -= operands;
				stack[n] = spindle_formula_apply(op, stack[n], scale[n], operands == 2 ? stack[n + 1] : 0,
												 operands == 2 ? scale[n + 1] : 0, &is_null);
				break;
		}
		scale[n++] = op->scale;
	}
	return stack[0];
}

/* The same as a value of the rule's column. */
int64
spindle_formula_value_at(const SpindleDomain *domain, const SpindleRule *rule, int64 row)
{
	return spindle_formula_store(rule->type, spindle_formula_at(domain, rule, row),
								 rule->formula.op[rule->formula.nops - 1].scale);
}
