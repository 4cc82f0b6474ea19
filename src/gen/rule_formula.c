/*-------------------------------------------------------------------------
 *
 * rule_formula.c
 *		The step of the rule "formula".
 *
 * Operands are whole numbers times a power of ten, so results are exact; one
 * rounding, half away from zero, brings them to the scale of the column.  Rows
 * are computed some at a time, first in 64 bits; where an intermediate result
 * does not fit, the same rows once more in 128.  How large the operands of these
 * rows are tells mostly that all will fit, so that the loops need not look for
 * that: the line_total of the retail domain takes 25 instructions for a row, of
 * processors with AVX2, in place of 91.  The results are the same;
 * test/sql/totals.sql compares them with those of numeric.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "gen/eval_internal.h"
#include "math/draws.h"
#include "model/formula.h"

/* Rows that are computed side by side: few enough for the nearest cache. */
#define FORMULA_ROWS	256
/* The size of an operand of which no more is known than that it fits. */
#define ANY_SIZE		(UINT64CONST(1) << 63)

/*
 * Scratch space of one step, for FORMULA_ROWS rows.  Operand k of the stack
 * begins at k * FORMULA_ROWS; of what is computed there, nothing is kept between
 * batches.
 */
typedef struct FormulaState
{
	int64	   *narrow;			/* stack of operands, FORMULA_ROWS each */
	__int128   *wide;
	int64	  **constant;		/* of each operation that pushes the same for all
								 * rows: FORMULA_ROWS times the number; else
								 * NULL */
} FormulaState;

/* An operand in 64 bits: values times 10^-scale, none of which is above size. */
typedef struct NarrowOperand
{
	const int64 *value;			/* on the stack, or where they come from */
	int			scale;
	uint64		size;
} NarrowOperand;

/* Scratch space for a formula, in the current memory context. */
static FormulaState *
formula_scratch(const SpindleInstance *instance, const SpindleRule *rule)
{
	FormulaState *state = palloc(sizeof(FormulaState));
	int			depth = 0;
	int			most = 1;

	state->constant = palloc0(sizeof(int64 *) * rule->formula.nops);
	for (int i = 0; i < rule->formula.nops; i++)
	{
		const SpindleOp *op = &rule->formula.op[i];

		depth += 1 - spindle_op_operands(op->kind);
		most = Max(most, depth);
		if (op->kind == SPINDLE_OP_COLUMN || op->kind == SPINDLE_OP_ROW || spindle_op_operands(op->kind) > 0)
			continue;
		state->constant[i] = palloc(sizeof(int64) * FORMULA_ROWS);
		for (int k = 0; k < FORMULA_ROWS; k++)
			state->constant[i][k] = op->kind == SPINDLE_OP_ROWS ? instance->nrows[op->table] : op->number;
	}
	state->narrow = palloc(sizeof(int64) * FORMULA_ROWS * most);

	/* 128-bit numbers want an alignment that palloc does not promise */
	state->wide = (__int128 *) TYPEALIGN(16, palloc(sizeof(__int128) * FORMULA_ROWS * most + 16));
	return state;
}

/* A product of sizes, or the largest number if that does not fit. */
static inline uint64
size_product(uint64 a, uint64 b)
{
	uint64		result;

	return __builtin_mul_overflow(a, b, &result) ? PG_UINT64_MAX : result;
}

/* A sum of sizes, likewise. */
static inline uint64
size_sum(uint64 a, uint64 b)
{
	uint64		result;

	return __builtin_add_overflow(a, b, &result) ? PG_UINT64_MAX : result;
}

/* An operation of n rows; see fitting_op().  out may be l. */
static inline void
apply_op(SpindleOpKind kind, int64 *out, const int64 *l, int64 l_unit, const int64 *pg_restrict r, int64 r_unit, int n)
{
	switch (kind)
	{
		case SPINDLE_OP_MULTIPLY:
			for (int i = 0; i < n; i++)
				out[i] = l[i] * r[i];
			break;
		case SPINDLE_OP_ADD:
			for (int i = 0; i < n; i++)
				out[i] = l[i] * l_unit + r[i] * r_unit;
			break;
		case SPINDLE_OP_SUBTRACT:
			for (int i = 0; i < n; i++)
				out[i] = l[i] * l_unit - r[i] * r_unit;
			break;
		case SPINDLE_OP_MINIMUM:
			for (int i = 0; i < n; i++)
				out[i] = Min(l[i] * l_unit, r[i] * r_unit);
			break;
		default:
			for (int i = 0; i < n; i++)
				out[i] = Max(l[i] * l_unit, r[i] * r_unit);
			break;
	}
}

/*
 * An operation of n rows whose operands are known to leave all within 64 bits;
 * see narrow_op().  The result takes the place of l.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
fitting_op_in_place(SpindleOpKind kind, int64 *pg_restrict l, int64 l_unit, const int64 *pg_restrict r, int64 r_unit,
					int n)
{
	apply_op(kind, l, l, l_unit, r, r_unit, n);
}

/* The same with the result in a place of its own. */
SPINDLE_FOR_EACH_PROCESSOR static void
fitting_op(SpindleOpKind kind, int64 *pg_restrict out, const int64 *pg_restrict l, int64 l_unit,
		   const int64 *pg_restrict r, int64 r_unit, int n)
{
	apply_op(kind, out, l, l_unit, r, r_unit, n);
}

/*
 * The same for operands that might not fit: false as soon as something does
 * not.
 */
static bool
checked_op(SpindleOpKind kind, int64 *l, int64 l_unit, const int64 *r, int64 r_unit, int n)
{
	bool		overflow = false;

	if (kind == SPINDLE_OP_MULTIPLY)
	{
		for (int i = 0; i < n; i++)
			overflow |= pg_mul_s64_overflow(l[i], r[i], &l[i]);
		return !overflow;
	}
	for (int i = 0; i < n; i++)
	{
		int64		a;
		int64		b;

		overflow |= pg_mul_s64_overflow(l[i], l_unit, &a);
		overflow |= pg_mul_s64_overflow(r[i], r_unit, &b);
		if (kind == SPINDLE_OP_ADD)
			overflow |= pg_add_s64_overflow(a, b, &l[i]);
		else if (kind == SPINDLE_OP_SUBTRACT)
			overflow |= pg_sub_s64_overflow(a, b, &l[i]);
		else if (kind == SPINDLE_OP_MINIMUM)
			l[i] = Min(a, b);
		else
			l[i] = Max(a, b);
	}
	return !overflow;
}

/*
 * The whole part of a quotient, or what it leaves, of n rows in 64 bits; as
 * narrow_op().  A divisor of 0 sets is_null.
 */
static bool
narrow_split(SpindleOpKind kind, int64 *l, int64 l_unit, const int64 *r, int64 r_unit, bool *is_null, int n)
{
	bool		overflow = false;

	for (int i = 0; i < n; i++)
	{
		int64		a;
		int64		b;

		overflow |= pg_mul_s64_overflow(l[i], l_unit, &a);
		overflow |= pg_mul_s64_overflow(r[i], r_unit, &b);
		is_null[i] |= b == 0;

		/* the largest negative number has no opposite */
		overflow |= a == PG_INT64_MIN;
		b = b == 0 || a == PG_INT64_MIN ? 1 : b;
		l[i] = kind == SPINDLE_OP_QUOTIENT ? a / b : a % b;
	}
	return !overflow;
}

/* Bring an operand to its place on the stack, unless it is there. */
static void
move_operand(NarrowOperand *operand, int64 *place, int n)
{
	if (operand->value != place)
		memcpy(place, operand->value, sizeof(int64) * n);
	operand->value = place;
}

/*
 * An operation with two operands in 64 bits, for n rows: false if something
 * does not fit, or needs a division that rounds.  Sets is_null where a divisor
 * is 0.
 *
 * The result takes the place of l: its values are put at place, its size is set,
 * its scale is the caller's matter.  Sums, least and greatest are brought to the
 * larger scale, of up to 18 digits, products have both scales together.
 */
static bool
narrow_op(SpindleOpKind kind, NarrowOperand *l, const NarrowOperand *r, int64 *place, bool *is_null, int n)
{
	int			common = Max(l->scale, r->scale);
	int64		l_unit = spindle_power_of_ten(common - l->scale);
	int64		r_unit = spindle_power_of_ten(common - r->scale);
	uint64		size;

	if (kind == SPINDLE_OP_DIVIDE)
		return false;
	if (kind == SPINDLE_OP_QUOTIENT || kind == SPINDLE_OP_MODULO)
	{
		move_operand(l, place, n);
		l->size = Min(size_product(l->size, l_unit), ANY_SIZE);
		return narrow_split(kind, place, l_unit, r->value, r_unit, is_null, n);
	}
	if (kind == SPINDLE_OP_MULTIPLY)
		size = size_product(l->size, r->size);
	else
		size = size_sum(size_product(l->size, l_unit), size_product(r->size, r_unit));
	if (size > PG_INT64_MAX)
	{
		move_operand(l, place, n);
		l->size = ANY_SIZE;
		return checked_op(kind, place, l_unit, r->value, r_unit, n);
	}
	if (l->value == place)
		fitting_op_in_place(kind, place, l_unit, r->value, r_unit, n);
	else
		fitting_op(kind, place, l->value, l_unit, r->value, r_unit, n);
	l->value = place;
	l->size = size;
	return true;
}

/*
 * An operation with one operand of n rows, in its place, in 64 bits; false if
 * something does not fit.
 */
static bool
narrow_unary(const SpindleOp *op, int64 *at, int scale, int n)
{
	const int64 unit = spindle_power_of_ten(Max(scale - op->scale, 0));
	bool		overflow = false;

	switch (op->kind)
	{
		case SPINDLE_OP_NEGATE:
		case SPINDLE_OP_ABSOLUTE:
			for (int i = 0; i < n; i++)
			{
				overflow |= at[i] == PG_INT64_MIN;
				at[i] = op->kind == SPINDLE_OP_ABSOLUTE && at[i] >= 0 ? at[i] : -(uint64) at[i];
			}
			break;
		case SPINDLE_OP_FLOOR:
			for (int i = 0; i < n; i++)
				at[i] = at[i] / unit - (at[i] % unit < 0);
			break;
		case SPINDLE_OP_CEILING:
			for (int i = 0; i < n; i++)
				at[i] = at[i] / unit + (at[i] % unit > 0);
			break;
		case SPINDLE_OP_ROUND:
			for (int i = 0; i < n; i++)
			{
				const uint64 size = at[i] < 0 ? -(uint64) at[i] : (uint64) at[i];
				const uint64 q = (size + unit / 2) / unit;

				at[i] = at[i] < 0 ? -q : q;
			}
			break;
		default:
			for (int i = 0; i < n; i++)
				at[i] = spindle_time_part(op->kind, at[i]);
			break;
	}
	return !overflow;
}

/*
 * The formula for rows first .. first + n - 1 of the batch, n <= FORMULA_ROWS,
 * in 64 bits.
 *
 * False, with nothing of meaning in *result, if one of the rows does not fit: then
 * all of them are computed by wide_rows().  NULL operands count as the numbers that
 * stand there.  Sets is_null where a divisor is 0 and leaves it alone elsewhere.
 */
static bool
narrow_rows(Step *step, FormulaState *state, int first, int n, bool *is_null, NarrowOperand *result)
{
	NarrowOperand stack[SPINDLE_MAX_OPS];
	int			top = -1;

	for (int o = 0; o < step->rule->formula.nops; o++)
	{
		const SpindleOp *op = &step->rule->formula.op[o];
		const int	operands = spindle_op_operands(op->kind);
		NarrowOperand *at;
		int64	   *place;

		top += 1 - operands;
		at = &stack[top];
		place = state->narrow + top * FORMULA_ROWS;
		if (op->kind == SPINDLE_OP_COLUMN)
			at->value = step->input[o]->out.value + first;
		else if (op->kind == SPINDLE_OP_ROW)
		{
			at->value = place;
			for (int i = 0; i < n; i++)
				place[i] = step->frame->row[first + i] + 1;
		}
		else if (operands == 0)
			at->value = state->constant[o];
		else if (operands == 2)
		{
			if (!narrow_op(op->kind, at, at + 1, place, is_null, n))
				return false;
		}
		else if (op->kind != SPINDLE_OP_SHIFT)
		{
			move_operand(at, place, n);
			if (!narrow_unary(op, place, at->scale, n))
				return false;
		}

		/* other operations with one operand leave it as large */
		if (operands == 0 || (operands == 1 && op->kind > SPINDLE_OP_SHIFT))
			at->size = spindle_magnitude(at->value, state->constant[o] ? 1 : n);
		at->scale = op->scale;
	}
	*result = stack[0];
	return true;
}

/*
 * narrow_rows() in 128 bits, for what does not fit or divides; returns the
 * scale of the results, which are in state->wide.
 */
static int
wide_rows(Step *step, FormulaState *state, int first, int n, bool *is_null)
{
	int			scale[SPINDLE_MAX_OPS] = {0};
	int			top = -1;

	for (int o = 0; o < step->rule->formula.nops; o++)
	{
		const SpindleOp *op = &step->rule->formula.op[o];
		const int	operands = spindle_op_operands(op->kind);
		__int128   *at;

		top += 1 - operands;
		at = state->wide + top * FORMULA_ROWS;
		if (op->kind == SPINDLE_OP_COLUMN)
			for (int i = 0; i < n; i++)
				at[i] = step->input[o]->out.value[first + i];
		else if (op->kind == SPINDLE_OP_ROW)
			for (int i = 0; i < n; i++)
				at[i] = step->frame->row[first + i] + 1;
		else if (operands == 0)
			for (int i = 0; i < n; i++)
				at[i] = state->constant[o][0];
		else if (operands == 1)
			for (int i = 0; i < n; i++)
				at[i] = spindle_formula_apply(op, at[i], scale[top], 0, 0, &is_null[i]);
		else
			for (int i = 0; i < n; i++)
				at[i] = spindle_formula_apply(op, at[i], scale[top], at[i + FORMULA_ROWS], scale[top + 1], &is_null[i]);
		scale[top] = op->scale;
	}
	return scale[0];
}

/*
 * n numbers divided by unit, a power of ten, and rounded half away from zero.
 */
static void
divide_rows(const int64 *pg_restrict in, int n, uint64 unit, int64 *pg_restrict out)
{
	for (int i = 0; i < n; i++)
	{
		int64		sign = in[i] >> 63;
		int64		q = (int64) (((uint64) ((in[i] ^ sign) - sign) + unit / 2) / unit);

		out[i] = (q ^ sign) - sign;
	}
}

/*
 * The same of numbers below 2^50 in size, which several at once can be divided
 * of as doubles.
 *
 * A whole number is turned into a double, and back, by adding one so large that
 * its last bit counts ones.  The quotient, rounded to the nearest whole number,
 * is the one in question or one more, which its product tells.  All of these
 * are whole numbers below 2^53, and so exact.
 */
SPINDLE_FOR_EACH_PROCESSOR static void
divide_small_rows(const int64 *pg_restrict in, int n, double unit, int64 *pg_restrict out)
{
	const double large = 6755399441055744.0;	/* 2^52 + 2^51 */
	const int64 large_bits = INT64CONST(0x4338000000000000);

	for (int i = 0; i < n; i++)
	{
		int64		sign = in[i] >> 63;
		int64		bits = ((in[i] ^ sign) - sign) + large_bits;
		double		x;
		double		q;
		double		rounded;
		int64		result;

		memcpy(&x, &bits, sizeof(x));
		x = x - large + unit / 2;
		q = (x / unit + large) - large;
		rounded = q + large;
		memcpy(&result, &rounded, sizeof(result));
		result = result - large_bits - (q * unit > x);
		out[i] = (result ^ sign) - sign;
	}
}

/*
 * n results in 64 bits, of at most size, as values of an exact type: divided by
 * unit, rounded half away from zero, cut to the type's largest or smallest
 * value.
 */
static void
round_rows(const int64 *in, int n, uint64 size, int64 unit, const SpindleType *type, int64 *out)
{
	int64		min;
	int64		max;

	spindle_formula_range(type, &min, &max);
	if (unit == 1)
		memcpy(out, in, sizeof(int64) * n);
	else if (size < UINT64CONST(1) << 50 && unit < INT64CONST(1) << 50)
		divide_small_rows(in, n, (double) unit, out);
	else
		divide_rows(in, n, unit, out);
	if ((int64) (size / unit) < max && (int64) (size / unit) < -(min + 1))
		return;
	for (int i = 0; i < n; i++)
		out[i] = Max(min, Min(out[i], max));
}

/*
 * A formula over columns of the row.
 *
 * A result beyond the column's type is cut to its largest or smallest value;
 * NULL operands and divisions by zero give NULL.  The values of the two ways,
 * in 64 bits and in 128, are the same.
 */
static void
run_formula(Step *step)
{
	const SpindleType *type = step->rule->type;
	FormulaState *state = step->u.own;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int first = 0; first < step->frame->n; first += FORMULA_ROWS)
	{
		int			n = Min(FORMULA_ROWS, step->frame->n - first);
		bool		is_null[FORMULA_ROWS] = {false};
		int64	   *out = step->out.value + first;
		NarrowOperand result;

		if (narrow_rows(step, state, first, n, is_null, &result))
		{
			if (type->kind != SPINDLE_FLOAT && result.scale >= type->scale && result.size <= PG_INT64_MAX / 2)
				round_rows(result.value, n, result.size, spindle_power_of_ten(result.scale - type->scale), type, out);
			else
			{
				for (int i = 0; i < n; i++)
					out[i] = spindle_formula_store(type, result.value[i], result.scale);
			}
		}
		else
		{
			int			scale;

			memset(is_null, 0, n);
			scale = wide_rows(step, state, first, n, is_null);
			for (int i = 0; i < n; i++)
				out[i] = spindle_formula_store(type, state->wide[i], scale);
		}
		if (!step->has_nulls)
			continue;
		for (int o = 0; o < step->ninputs; o++)
			if (step->input[o] && step->input[o]->out.is_null)
				for (int i = 0; i < n; i++)
					is_null[i] |= step->input[o]->out.is_null[first + i];
		memcpy(step->out.is_null + first, is_null, n);
	}
}

/* Input o is the operand of operation o if that is a column, else NULL. */
static Step *
compile_formula(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	int			n = rule->formula.nops;
	Step	  **input = palloc0(sizeof(Step *) * n);
	bool		has_nulls = false;
	Step	   *step;

	for (int i = 0; i < n; i++)
	{
		const SpindleOp *op = &rule->formula.op[i];

		if (op->kind == SPINDLE_OP_COLUMN)
		{
			input[i] = spindle_compile_path(eval, frame, &op->ref, 0, false);
			has_nulls |= input[i]->has_nulls;
		}
		else if (op->kind == SPINDLE_OP_DIVIDE || op->kind == SPINDLE_OP_QUOTIENT || op->kind == SPINDLE_OP_MODULO)
			has_nulls |= op[-1].kind != SPINDLE_OP_NUMBER;
	}

	/* an operand may have room for NULLs that its rule never gives */
	has_nulls = has_nulls && rule->ops->may_be_null(eval->instance->domain, frame->table, rule, NULL);
	step = spindle_step_add(eval, frame, run_formula, rule, has_nulls, 0);
	step->ninputs = n;
	step->input = input;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = formula_scratch(eval->instance, rule);
	return spindle_step_finish(eval, step);
}

/*
 * See SpindleRuleSteps: by halves, as a formula that counts can be computed for
 * any row by itself.
 */
static int64
first_row_of_formula(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, bool inclusive)
{
	int64		low = 0;
	int64		high = instance->nrows[table];

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;
		int64		found = spindle_formula_value_at(instance->domain, rule, middle);

		if (inclusive ? found >= value : found > value)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* A row of the first period, by what its value has in common with those of no other. */
typedef struct FormulaPlace
{
	uint64		mark;			/* the value's remainder by the rise, or the
								 * value if there is no second period */
	int64		row;
} FormulaPlace;

/* All of them, by their marks; kept by the instance. */
typedef struct FormulaPlaces
{
	uint64		rise;			/* its size; 0 if there is no second period */
	int64		n;
	FormulaPlace place[FLEXIBLE_ARRAY_MEMBER];
} FormulaPlaces;

/* For qsort() and bsearch(). */
static int
compare_places(const void *a, const void *b)
{
	uint64		x = ((const FormulaPlace *) a)->mark;
	uint64		y = ((const FormulaPlace *) b)->mark;

	return x < y ? -1 : x > y;
}

/* See FormulaPlace. */
static uint64
mark_of(__int128 value, uint64 rise)
{
	return (uint64) (rise == 0 ? value : value - spindle_wide_floor(value, rise) * rise);
}

/* The rows of the first period, found on first use. */
static const FormulaPlaces *
formula_places(SpindleInstance *instance, const SpindleRule *rule, const SpindleFormulaCount *count, int64 nrows)
{
	FormulaPlaces *places = instance->rule_state[rule->index];
	const int64 n = Min(count->period, nrows);

	if (places)
		return places;
	places = MemoryContextAlloc(instance->context, offsetof(FormulaPlaces, place) + sizeof(FormulaPlace) * n);
	places->n = n;
	places->rise = nrows <= count->period ? 0 : (uint64) (count->rise < 0 ? -count->rise : count->rise);
	for (int64 row = 0; row < n; row++)
		places->place[row] = (FormulaPlace) {mark_of(spindle_formula_at(instance->domain, rule, row), places->rise), row};
	qsort(places->place, n, sizeof(FormulaPlace), compare_places);
	instance->rule_state[rule->index] = places;
	return places;
}

/*
 * The row of a value, of a formula whose values differ: it is in the place of a row
 * of the first period that has the same mark, so many periods further as the
 * rise goes into the distance of the two values.
 *
 * Values are whole numbers of 64 bits, and the proof that they differ has looked at
 * all of the first period, so it is not long.
 */
static bool
row_of_formula(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first, int64 *end)
{
	const int64 nrows = instance->nrows[table];
	SpindleFormulaCount count;
	const FormulaPlaces *places;
	const FormulaPlace *found;
	FormulaPlace wanted = {0};
	__int128	distance;
	int64		unit;

	if (nrows == 0 || !spindle_formula_count(instance->domain, table, rule, nrows, &count))
		return false;
	unit = spindle_power_of_ten(rule->type->scale - count.scale);
	if (value % unit != 0)
		return false;
	places = formula_places(instance, rule, &count, nrows);
	wanted.mark = mark_of(value / unit, places->rise);
	found = bsearch(&wanted, places->place, places->n, sizeof(FormulaPlace), compare_places);
	if (found == NULL)
		return false;
	distance = value / unit - spindle_formula_at(instance->domain, rule, found->row);
	if (distance != 0 && (places->rise == 0 || distance / count.rise < 0 || distance / count.rise >= nrows))
		return false;
	*first = found->row + (distance == 0 ? 0 : (int64) (distance / count.rise) * count.period);
	*end = *first + 1;
	return *first < nrows;
}

/* The proof says. */
static bool
formula_has_row(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return rule->formula.differs;
}

/* first_row_at is for formulas that count rows, rows_of_value for those that differ. */
const SpindleRuleSteps spindle_rule_steps_formula = {
	.compile = compile_formula,
	.first_row_at = first_row_of_formula,
	.rows_of_value = row_of_formula,
	.has_rows_of_value = formula_has_row,
};
