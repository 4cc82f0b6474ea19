/*-------------------------------------------------------------------------
 *
 * formula.h
 *		The arithmetic of formulas, and formulas that count rows.
 *
 * All operations are on whole numbers times a power of ten, in 128 bits.  What
 * is beyond 2^120 in size, which fits no column, stays at that bound.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FORMULA_H
#define SPINDLE_FORMULA_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/datetime.h"

#include "model/model.h"

/* Operations of a formula, and so operands on its stack, at most. */
#define SPINDLE_MAX_OPS		100

/*
 * What a formula does from row to row, if its operands are constants, the row
 * number, and columns that count rows: after period rows its value has grown by
 * rise, from any row on.
 */
typedef struct SpindleFormulaCount
{
	int64		period;			/* rows, at least 1 */
	__int128	rise;			/* times 10^scale, may be negative */
	__int128	low;			/* no value is less ... */
	__int128	high;			/* ... or greater */
	int			scale;
} SpindleFormulaCount;

extern bool spindle_formula_count(const SpindleDomain *domain, int table, const SpindleRule *rule, int64 nrows,
								  SpindleFormulaCount *count);
extern __int128 spindle_formula_at(const SpindleDomain *domain, const SpindleRule *rule, int64 row);
extern int64 spindle_formula_value_at(const SpindleDomain *domain, const SpindleRule *rule, int64 row);

/* A product; one beyond the bound stays there, so that sums of a few still fit. */
static inline __int128
spindle_wide_multiply(__int128 a, __int128 b)
{
	const __int128 bound = (__int128) 1 << 120;
	__int128	result;

	if (__builtin_mul_overflow(a, b, &result) || result > bound || result < -bound)
		return (a < 0) != (b < 0) ? -bound : bound;
	return result;
}

/*
 * x / divisor, rounded half away from zero.  divisor is not 0, and neither
 * number is above 2^126 in size.
 */
static inline __int128
spindle_wide_divide(__int128 x, __int128 divisor)
{
	bool		negative = (x < 0) != (divisor < 0);
	unsigned __int128 a = x < 0 ? -(unsigned __int128) x : (unsigned __int128) x;
	unsigned __int128 b = divisor < 0 ? -(unsigned __int128) divisor : (unsigned __int128) divisor;
	unsigned __int128 q = (a + b / 2) / b;

	return negative ? -(__int128) q : (__int128) q;
}

/* x / divisor rounded down, divisor > 0. */
static inline __int128
spindle_wide_floor(__int128 x, __int128 divisor)
{
	__int128	q = x / divisor;

	return q - (x % divisor < 0);
}

/* A part of a point of time, of days or of microseconds since 2000. */
static inline int64
spindle_time_part(SpindleOpKind kind, int64 x)
{
	int64		time;
	int			year;
	int			month;
	int			day;

	switch (kind)
	{
		case SPINDLE_OP_DATE:
			return x / USECS_PER_DAY - (x % USECS_PER_DAY < 0);
		case SPINDLE_OP_WEEKDAY:
			return (x % 7 + 12) % 7 + 1;
		case SPINDLE_OP_HOUR:
		case SPINDLE_OP_MINUTE:
			time = x % USECS_PER_DAY;
			time += time < 0 ? USECS_PER_DAY : 0;
			return kind == SPINDLE_OP_HOUR ? time / USECS_PER_HOUR : time / USECS_PER_MINUTE % 60;
		default:
			/* a sum may be beyond all dates that columns hold */
			x = Max(SPINDLE_FIRST_DAY, Min(x, SPINDLE_LAST_DAY));
			j2date((int) x + POSTGRES_EPOCH_JDATE, &year, &month, &day);
			return kind == SPINDLE_OP_YEAR ? year : kind == SPINDLE_OP_MONTH ? month : day;
	}
}

/*
 * The result of an operation with operands, times 10^op->scale.
 *
 * a and b are whole numbers times 10^-a_scale and 10^-b_scale; b is of no
 * meaning for an operation with one.  *is_null is set where a divisor is 0.
 */
static inline __int128
spindle_formula_apply(const SpindleOp *op, __int128 a, int a_scale, __int128 b, int b_scale, bool *is_null)
{
	__int128	unit;

	switch (op->kind)
	{
		case SPINDLE_OP_NEGATE:
			return -a;
		case SPINDLE_OP_ABSOLUTE:
			return a < 0 ? -a : a;
		case SPINDLE_OP_SHIFT:
			return a;
		case SPINDLE_OP_FLOOR:
			return spindle_wide_floor(a, spindle_power_of_ten(a_scale));
		case SPINDLE_OP_CEILING:
			return -spindle_wide_floor(-a, spindle_power_of_ten(a_scale));
		case SPINDLE_OP_ROUND:
			return spindle_wide_divide(a, spindle_power_of_ten(a_scale - op->scale));
		case SPINDLE_OP_MULTIPLY:
			return spindle_wide_multiply(a, b);
		case SPINDLE_OP_DIVIDE:
			*is_null |= b == 0;
			if (b == 0)
				return 0;
			unit = spindle_power_of_ten(op->scale - a_scale);
			return spindle_wide_divide(spindle_wide_multiply(spindle_wide_multiply(a, unit),
															 spindle_power_of_ten(b_scale)), b);
		default:
			break;
	}
	if (op->kind >= SPINDLE_OP_DATE)
		return spindle_time_part(op->kind, (int64) Max((__int128) PG_INT64_MIN, Min(a, (__int128) PG_INT64_MAX)));

	/* the others compare their operands digit by digit */
	a = spindle_wide_multiply(a, spindle_power_of_ten(Max(b_scale - a_scale, 0)));
	b = spindle_wide_multiply(b, spindle_power_of_ten(Max(a_scale - b_scale, 0)));
	switch (op->kind)
	{
		case SPINDLE_OP_ADD:
			return a + b;
		case SPINDLE_OP_SUBTRACT:
			return a - b;
		case SPINDLE_OP_MINIMUM:
			return Min(a, b);
		case SPINDLE_OP_MAXIMUM:
			return Max(a, b);
		default:
			*is_null |= b == 0;
			if (b == 0)
				return 0;
			return op->kind == SPINDLE_OP_QUOTIENT ? a / b : a % b;
	}
}

/* The least and the largest result that a type holds, doubles aside. */
static inline void
spindle_formula_range(const SpindleType *type, int64 *min, int64 *max)
{
	int64		per_day;

	*min = type->min;
	*max = type->max;
	if (type->ops->time_unit > 0)
	{
		per_day = USECS_PER_DAY / type->ops->time_unit;
		*min = SPINDLE_FIRST_DAY * per_day;
		*max = (SPINDLE_LAST_DAY + 1) * per_day - 1;
	}
}

/*
 * A result x times 10^-scale as a value of the column's type: rounded half
 * away from zero, cut to its largest or smallest value; a double is as near as
 * a division gives it.
 */
static inline int64
spindle_formula_store(const SpindleType *type, __int128 x, int scale)
{
	int64		min;
	int64		max;

	if (type->kind == SPINDLE_FLOAT)
	{
		double		d = (double) x / (double) spindle_power_of_ten(scale);
		int64		bits;

		memcpy(&bits, &d, sizeof(bits));
		return type->ops->is_single ? spindle_single(bits) : bits;
	}
	if (scale > type->scale)
		x = spindle_wide_divide(x, spindle_power_of_ten(scale - type->scale));
	else
		x = spindle_wide_multiply(x, spindle_power_of_ten(type->scale - scale));
	spindle_formula_range(type, &min, &max);
	return (int64) Max((__int128) min, Min(x, (__int128) max));
}

#endif							/* SPINDLE_FORMULA_H */
