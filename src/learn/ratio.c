/*-------------------------------------------------------------------------
 *
 * ratio.c
 *		Columns that are another one by one of a few constants, as a tax by its rates.
 *
 * The constants are read from the largest operands, of which a rounded result tells
 * most digits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "learn/data.h"

/* Rows that are looked at, and those in which the columns have values, at least; different values of the column. */
#define TRIED_ROWS		3000
#define LEAST_ROWS		100
#define LEAST_VALUES	20

/* Constants have so many digits after the point, and are not larger than this. */
#define FACTOR_UNIT		10000.0
#define MAX_FACTOR		1000

/* A column and the one of which it may be so many times as much. */
typedef struct Ratio
{
	int			n;				/* rows that have both */
	double	   *value;
	double	   *operand;
	double		tolerance;
	int			nconstants;
	double		constant[LEARN_MAX_CONSTANTS];
	int			rows[LEARN_MAX_CONSTANTS];	/* by which constant the values are made, as far as they tell */
} Ratio;

/* Is a column one of exact numbers? */
static bool
is_number(const LearnColumn *column)
{
	return column->kind == LEARN_INT || column->kind == LEARN_DECIMAL;
}

/* The constant by which a value is made of an operand, or -1. */
static int
constant_of(const Ratio *ratio, double value, double operand)
{
	for (int i = 0; i < ratio->nconstants; i++)
		if (fabs(operand * ratio->constant[i] - value) <= ratio->tolerance)
			return i;
	return -1;
}

/* Can the operand of a row tell which constant it is? */
static bool
tells(const Ratio *ratio, double operand)
{
	double		least = INFINITY;

	for (int i = 0; i < ratio->nconstants; i++)
		for (int k = 0; k < i; k++)
			least = Min(least, fabs(ratio->constant[i] - ratio->constant[k]));
	return fabs(operand) * least > 2 * ratio->tolerance;
}

/*
 * Find the constants, each from the largest operand whose value no other one makes; false
 * if there are too many, or if one is in fewer than k rows.
 */
static bool
find_constants(const LearnSchema *schema, Ratio *ratio)
{
	int			holds = 0;

	for (;;)
	{
		int			at = -1;
		double		constant;

		holds = 0;
		for (int r = 0; r < ratio->n; r++)
		{
			if (constant_of(ratio, ratio->value[r], ratio->operand[r]) >= 0)
				holds++;
			else if (at < 0 || fabs(ratio->operand[r]) > fabs(ratio->operand[at]))
				at = r;
		}
		if (holds >= LEARN_HOLDS * ratio->n)
			break;
		if (ratio->nconstants == LEARN_MAX_CONSTANTS || ratio->operand[at] == 0)
			return false;
		constant = floor(ratio->value[at] / ratio->operand[at] * FACTOR_UNIT + 0.5) / FACTOR_UNIT;
		ratio->constant[ratio->nconstants++] = constant;
		if (fabs(constant) > MAX_FACTOR || constant_of(ratio, ratio->value[at], ratio->operand[at]) != ratio->nconstants - 1)
			return false;
	}
	if (ratio->nconstants < 2)
		return false;
	for (int r = 0; r < ratio->n; r++)
	{
		int			constant = constant_of(ratio, ratio->value[r], ratio->operand[r]);

		if (constant >= 0 && tells(ratio, ratio->operand[r]))
			ratio->rows[constant]++;
	}
	for (int i = 0; i < ratio->nconstants; i++)
		if (ratio->rows[i] < schema->options->k)
			return false;
	return true;
}

/* In what share of the rows would it be so for the operands of others? */
static double
by_chance(const Ratio *ratio)
{
	int			holds = 0;

	for (int r = 0; r < ratio->n; r++)
		holds += constant_of(ratio, ratio->value[r], ratio->operand[(r + ratio->n / 2 + 7) % ratio->n]) >= 0;
	return (double) holds / ratio->n;
}

/* Is a field another one by one of a few constants?  If so it is noted. */
static bool
try_ratio(const LearnSchema *schema, const LearnSample *sample, LearnField *field, const LearnField *other, Ratio *ratio)
{
	const LearnColumn *column = field->column;
	LearnFinding *finding;
	double		rows = 0;
	int			values = 0;

	ratio->n = 0;
	ratio->nconstants = 0;
	memset(ratio->rows, 0, sizeof(ratio->rows));
	ratio->tolerance = 0.5 * pow(10, -(column->kind == LEARN_DECIMAL ? column->scale : 0)) * (1 + 1e-9);
	for (int r = 0; r < Min(sample->n, TRIED_ROWS); r++)
	{
		values += !isnan(field->number[r]);
		if (isnan(field->number[r]) || isnan(other->number[r]))
			continue;
		ratio->value[ratio->n] = field->number[r];
		ratio->operand[ratio->n++] = other->number[r];
	}
	if (ratio->n < Max(LEAST_ROWS, schema->options->k) || ratio->n < values || !find_constants(schema, ratio) || by_chance(ratio) > LEARN_BY_CHANCE / 2)
		return false;
	finding = learn_add_finding(field->column, LEARN_FOUND_FORMULA, ratio->n, ratio->n);
	finding->form = "a * R";
	finding->noperands = 1;
	finding->operand[0] = learn_operand(sample, other);
	finding->has_constant = true;
	finding->constant = ratio->constant[0];
	finding->nconstants = ratio->nconstants;
	for (int i = 0; i < ratio->nconstants; i++)
		rows += ratio->rows[i];
	for (int i = 0; i < ratio->nconstants; i++)
	{
		finding->one_of[i] = ratio->constant[i];
		finding->share[i] = Max(floor(ratio->rows[i] / rows * 1000 + 0.5) / 1000, 0.001);
	}
	return true;
}

/*
 * learn_find_ratios
 *		Find columns that are another one by one of a few constants.  Formulas have been
 *		found.
 */
void
learn_find_ratios(LearnSchema *schema, const LearnSample *sample)
{
	Ratio		ratio = {0};

	ratio.value = palloc(sizeof(double) * TRIED_ROWS);
	ratio.operand = palloc(sizeof(double) * TRIED_ROWS);
	for (int f = 0; f < sample->nown; f++)
	{
		LearnField *field = &sample->field[f];
		bool		is_found = false;

		if (!is_number(field->column) || !learn_can_be_found(sample->table, field->column) || field->column->findings ||
			field->distinct < LEAST_VALUES || learn_is_key(sample->table, field->place) || !learn_may_carry(schema, sample, field))
			continue;
		for (int o = 0; o < sample->nown && !is_found; o++)
		{
			const LearnField *other = &sample->field[o];

			CHECK_FOR_INTERRUPTS();
			if (o != f && is_number(other->column) && other->distinct >= LEAST_VALUES && !other->column->counts && !other->column->left_out &&
				!learn_is_key(sample->table, other->place) && learn_may_carry(schema, sample, other))
				is_found = try_ratio(schema, sample, field, other, &ratio);
		}
	}
}
