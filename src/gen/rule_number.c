/*-------------------------------------------------------------------------
 *
 * rule_number.c
 *		The steps that draw numbers, or change values by drawn numbers.
 *
 * Each function run_...() computes one vector for all rows of its step's frame.
 * Loops are kept plain so that the draws of several rows are under way at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/*
 * Rows whose number is remembered, at most: 1 MB.  A scan of order lines, whose
 * prices are those of few products, takes 11 % fewer instructions by it; the same
 * rows are computed without it where the products are scanned, and have to be
 * equal (test/sql/retail_keys.sql).
 */
#define MEMO_SIZE		65536

/* No value has been computed; if this is one, it is computed again each time. */
#define NO_VALUE		PG_INT64_MIN

/*
 * Values of the rows that were computed last, by the last bits of their
 * numbers.  A value is a function of its row, so it cannot be out of date.
 */
typedef struct NumberMemo
{
	int64		mask;			/* entry of a row: its last bits */
	int64	   *row;			/* that each entry holds, -1 if none; NULL if
								 * each row of the table has its own entry */
	int64	   *value;			/* of these */
} NumberMemo;

/* A double as a value. */
static inline int64
float_bits(double d)
{
	int64		bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

/*
 * A number as a value of a type: rounded half away from zero, kept in range.
 *
 * scale is value_scale() of the rule.  A double is rounded up at a half if the
 * rule says to how many digits, else taken as it is; for a boolean, anything
 * but 0 is true.
 */
static inline int64
number_value(const SpindleRule *rule, double x, double scale)
{
	const SpindleType *type = rule->type;

	if (type->kind == SPINDLE_FLOAT)
	{
		if (rule->round >= 0)
			x = floor(x * scale + 0.5) / scale;
		return float_bits(x);
	}
	if (type->kind == SPINDLE_BOOL)
		return x != 0;
	x = (x < 0 ? -floor(-x * scale + 0.5) : floor(x * scale + 0.5));
	if (!(x < (double) type->max))
		return type->max;
	if (!(x > (double) type->min))
		return type->min;
	return (int64) x;
}

/*
 * Microseconds that durations are rounded to: a second, or less if the rule says
 * to how many digits; 1 for other types.
 */
static int64
duration_unit(const SpindleRule *rule)
{
	return rule->type->ops->is_duration ? spindle_power_of_ten(rule->type->scale - Max(rule->round, 0)) : 1;
}

/*
 * What number_value() multiplies by: 10 to the power of the digits after the
 * point.
 */
static double
value_scale(const SpindleRule *rule)
{
	int			digits = (rule->type->kind == SPINDLE_FLOAT ? rule->round : rule->type->scale);

	return (double) spindle_power_of_ten(Max(digits, 0));
}

/*
 * Is a distribution even over values that lie apart?  Then each of these is as
 * likely as the next, which rounding an even number would not give to those at
 * the ends.
 */
static inline bool
is_even_on_grid(const SpindleRule *rule, const SpindleDist *dist)
{
	return dist->kind == SPINDLE_DIST_UNIFORM && (rule->type->kind != SPINDLE_FLOAT || rule->round >= 0);
}

/*
 * A number for each of n rows that are met again and again: computed where the
 * memo has not got it.
 */
static void
remembered_numbers(const SpindleRule *rule, NumberMemo *memo, SpindleKey key, const int64 *row, int n, double scale,
				   int64 *pg_restrict out)
{
	int64	   *value = memo->value;
	const int64 mask = memo->mask;

	if (memo->row == NULL)
	{
		for (int i = 0; i < n; i++)
		{
			if (unlikely(value[row[i]] == NO_VALUE))
				value[row[i]] = number_value(rule, spindle_dist_sample(&rule->number, spindle_draw(key, row[i])), scale);
			out[i] = value[row[i]];
		}
		return;
	}
	for (int i = 0; i < n; i++)
	{
		const int64 entry = row[i] & mask;

		if (memo->row[entry] != row[i])
		{
			memo->row[entry] = row[i];
			value[entry] = number_value(rule, spindle_dist_sample(&rule->number, spindle_draw(key, row[i])), scale);
		}
		out[i] = value[entry];
	}
}

/*
 * Let numbers be what their type can be: reals have less digits than doubles, and
 * durations are rounded to their unit, halves away from zero.
 */
static void
fit_to_type(const SpindleRule *rule, int64 *value, int n)
{
	const int64 unit = duration_unit(rule);

	if (rule->type->ops->is_single)
		for (int i = 0; i < n; i++)
			value[i] = spindle_single(value[i]);
	if (unit > 1)
		for (int i = 0; i < n; i++)
			value[i] = (value[i] + (value[i] < 0 ? -(unit / 2) : unit / 2)) / unit * unit;
}

/* Of an even distribution: all values of the type within the limits are equally likely. */
static void
even_values(const SpindleRule *rule, const uint64 *pg_restrict draw, int n, int64 *pg_restrict out)
{
	const SpindleDist *dist = &rule->number;
	const double scale = value_scale(rule);
	const int64 unit = duration_unit(rule);
	const int64 low = (int64) ceil(dist->min * (scale / unit) - 1e-6);
	const int64 high = (int64) floor(dist->max * (scale / unit) + 1e-6);
	const uint64 nvalues = (uint64) Max(high - low, 0) + 1;

	for (int i = 0; i < n; i++)
		out[i] = low + (int64) spindle_below(draw[i], nvalues);
	if (unit > 1)
		for (int i = 0; i < n; i++)
			out[i] *= unit;
}

/* The same of doubles that are rounded, if any of them lies within the limits. */
static void
even_doubles(const SpindleRule *rule, const uint64 *draw, int n, int64 *out)
{
	const SpindleDist *dist = &rule->number;
	const double scale = value_scale(rule);

	for (int i = 0; i < n; i++)
	{
		double		x;

		if (spindle_dist_on_grid(dist->min * scale, dist->max * scale, draw[i], &x))
			out[i] = float_bits(x / scale);
		else
			out[i] = number_value(rule, spindle_dist_sample(dist, draw[i]), scale);
	}
}

/*
 * Of a distribution that has whole numbers only, for a type of such; what is beyond
 * the type becomes its largest or smallest value.
 */
static void
discrete_values(const SpindleRule *rule, const uint64 *pg_restrict draw, int n, int64 *pg_restrict out)
{
	const SpindleAlias *alias = rule->number.alias;
	const int64 first = rule->number.first;
	const int64 min = rule->type->min;
	const int64 max = rule->type->max;

	for (int i = 0; i < n; i++)
		out[i] = first + spindle_alias_pick(alias, draw[i]);
	if (first >= min && first <= max - (int64) alias->n)
		return;
	for (int i = 0; i < n; i++)
		out[i] = Max(min, Min(out[i], max));
}

/*
 * spindle_number_value
 *		A number as a value of the type of a rule, which may be of any kind: rounded
 *		as if the rule had drawn it, and kept in the type's range.
 */
int64
spindle_number_value(const SpindleRule *rule, double x)
{
	int64		value = number_value(rule, x, value_scale(rule));

	fit_to_type(rule, &value, 1);
	return value;
}

/*
 * The numbers of draws, as values of the type; the way follows from distribution and
 * type.
 *
 * What is beyond the type becomes its largest or smallest value.  None of the
 * ways differs from the last one but in time, except for even distributions,
 * whose values are chosen among those of the type, and in a copula, where a higher
 * draw gives no lower number.
 */
static void
numbers_of_draws(const SpindleRule *rule, const uint64 *draw, int n, int64 *out)
{
	const SpindleDist *dist = &rule->number;
	const double scale = value_scale(rule);

	if (dist->kind == SPINDLE_DIST_UNIFORM && rule->type->kind != SPINDLE_FLOAT)
	{
		even_values(rule, draw, n, out);
		return;
	}
	if (is_even_on_grid(rule, dist))
		even_doubles(rule, draw, n, out);
	else if (rule->ranked)
	{
		for (int i = 0; i < n; i++)
			out[i] = number_value(rule, spindle_dist_rising_sample(dist, rule->ranked, draw[i]), scale);
	}
	else if (dist->kind == SPINDLE_DIST_DISCRETE && rule->type->ops->is_integer)
		discrete_values(rule, draw, n, out);
	else if (dist->kind == SPINDLE_DIST_EMPIRICAL)
	{
		const SpindleDist d = *dist;	/* in registers */

		for (int i = 0; i < n; i++)
			out[i] = number_value(rule, spindle_dist_empirical_sample(&d, draw[i]), scale);
	}
	else
	{
		for (int i = 0; i < n; i++)
			out[i] = number_value(rule, spindle_dist_sample(dist, draw[i]), scale);
	}
	fit_to_type(rule, out, n);
}

/* A number for each row by one draw. */
static void
run_number(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *out = step->out.value;
	NumberMemo *memo = step->u.own;

	Assert(step->holds == STEP_HOLDS_OWN);
	if (memo)
	{
		remembered_numbers(rule, memo, step->key, row, n, value_scale(rule), out);
		fit_to_type(rule, out, n);
		return;
	}
	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(step->key, row + done, m, draw);
		numbers_of_draws(rule, draw, m, out + done);
	}
}

/*
 * A memo for run_number(), in the current memory context, if the
 * distribution is dear to sample; else NULL.
 *
 * For frames of parents only, of a table with nrows: popular rows are met again
 * and again.
 */
static NumberMemo *
number_memo(const SpindleRule *rule, int64 nrows)
{
	NumberMemo *memo;
	int64		size = 1;

	if (rule->number.kind == SPINDLE_DIST_UNIFORM || rule->number.kind == SPINDLE_DIST_DISCRETE ||
		rule->number.kind == SPINDLE_DIST_EMPIRICAL)
		return NULL;
	while (size < nrows && size < MEMO_SIZE)
		size *= 2;
	memo = palloc0(sizeof(NumberMemo));
	memo->mask = size - 1;
	memo->value = palloc(sizeof(int64) * size);
	for (int64 i = 0; i < size; i++)
		memo->value[i] = NO_VALUE;
	if (size < nrows)
	{
		memo->row = palloc(sizeof(int64) * size);
		memset(memo->row, -1, sizeof(int64) * size);
	}
	return memo;
}

/*
 * A memo is worth its memory only where rows are met again: in frames of
 * parents.  Those of "keyed_by" have no rows of the table.
 */
static Step *
compile_number(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = spindle_step_add(eval, frame, run_number, rule, false, 0);

	step->holds = STEP_HOLDS_OWN;
	if (frame->rows && rule->nkeyed == 0)
		step->u.own = number_memo(rule, eval->instance->nrows[frame->table]);
	return spindle_step_finish(eval, step);
}

/* Values of an empirical distribution that are looked at one by one, at most. */
#define MAX_PARTS	100000

/*
 * How many different values an empirical distribution gives, if it says how many there
 * are: those that are left when they are rounded as the column is.
 */
static void
profile_number(SpindleInstance *instance, int table, const SpindleRule *rule, SpindleProfile *profile)
{
	const SpindleDist *dist = &rule->number;
	const double parts = floor(dist->parts * (dist->nquantiles - 1) + 0.5);
	const double scale = value_scale(rule);
	const double frequent = dist->frequent / 18446744073709551616.0;
	double		rows = instance->nrows[table] * (1 - frequent);
	int64		last = 0;
	double		different = 0;

	if (dist->kind != SPINDLE_DIST_EMPIRICAL || dist->parts <= 0 || parts > MAX_PARTS || rule->nkeyed > 0)
		return;
	for (int i = 0; i < (int) parts; i++)
	{
		uint64		draw = dist->frequent + (uint64) ((double) (PG_UINT64_MAX - dist->frequent) / parts * (i + 0.5));
		int64		value = number_value(rule, spindle_dist_sample(dist, draw), scale);

		fit_to_type(rule, &value, 1);
		different += i == 0 || value != last;
		last = value;
	}
	profile->ndistinct = different * spindle_profile_hit(rows / different);
	if (dist->alias)
		profile->ndistinct += Min(dist->alias->n, instance->nrows[table] * frequent);
}

const SpindleRuleSteps spindle_rule_steps_number = {
	.compile = compile_number,
	.profile = profile_number,
	.values_of_draws = numbers_of_draws,
};

/* Cut what an offset has given to the time that it is not to pass. */
static void
cut_times(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int	n = step->frame->n;
	int64	   *pg_restrict out = step->out.value;

	if (rule->offset.limit == SPINDLE_LIMIT_VALUE)
		for (int i = 0; i < n; i++)
			out[i] = Min(out[i], rule->offset.last);
	else if (rule->offset.limit == SPINDLE_LIMIT_COLUMN)
	{
		const SpindleVector *last = &step->input[1]->out;

		for (int i = 0; i < n; i++)
			if (!(last->is_null && last->is_null[i]))
				out[i] = Min(out[i], last->value[i]);
	}
}

/*
 * A time plus a drawn number of units, rounded to a whole number of them if
 * the rule says so, or to microseconds.  NULL where the source is.
 */
static void
run_offset(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const SpindleRule *rule = step->rule;
	const double unit = (double) rule->offset.unit;
	const int64 per_day = USECS_PER_DAY / rule->type->ops->time_unit;
	const bool	is_whole = rule->offset.whole || per_day == 1;
	const int64 first = SPINDLE_FIRST_DAY * per_day;
	const int64 last = (SPINDLE_LAST_DAY + 1) * per_day - 1;
	const double limit = (double) (SPINDLE_LAST_DAY + 1 - SPINDLE_FIRST_DAY) * per_day;

	for (int i = 0; i < step->frame->n; i++)
	{
		const SpindleDist *dist = &rule->offset.by;
		uint64		draw = spindle_draw(step->key, step->frame->row[i]);
		double		by = is_whole ? spindle_dist_whole(dist, draw) : spindle_dist_sample(dist, draw);

		/* what would lie beyond the years 1900 to 9999 stays at their ends */
		by = Max(-limit, Min(floor(by * unit + 0.5), limit));
		step->out.value[i] = Max(first, Min(in->value[i] + (int64) by, last));
	}
	copy_nulls(step, in);
	cut_times(step);
}

/* Input 1, if there is one, is the time of the row that is not to be passed. */
static Step *
compile_offset(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const bool	has_column = rule->offset.limit == SPINDLE_LIMIT_COLUMN;
	Step	   *source = spindle_compile_path(eval, frame, &rule->offset.source, 0, false);
	Step	   *limit = has_column ? spindle_compile_path(eval, frame, &rule->offset.last_ref, 0, false) : NULL;
	Step	   *step = spindle_step_add(eval, frame, run_offset, rule, source->has_nulls, 1 + has_column);

	step->input[0] = source;
	if (has_column)
		step->input[1] = limit;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_offset = {
	.compile = compile_offset,
};

/*
 * A number times a drawn factor, or plus a drawn number, in double precision.
 * NULL where the source is.
 */
static void
run_correlated(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const SpindleRule *rule = step->rule;
	const SpindleKind kind = step->u.source.kind;
	const double in_scale = (double) spindle_power_of_ten(step->u.source.scale);
	const double scale = value_scale(rule);
	const bool	is_even = is_even_on_grid(rule, &rule->correlated.by);

	Assert(step->holds == STEP_HOLDS_SOURCE);
	for (int i = 0; i < step->frame->n; i++)
	{
		double		x = spindle_value_number(kind, in_scale, in->value[i]);
		const SpindleDist *by = &rule->correlated.by;
		uint64		draw = spindle_draw(step->key, step->frame->row[i]);
		double		y;

		/* all values of the type between the limits are equally likely */
		if (is_even)
		{
			double		low = rule->correlated.is_factor ? x * by->min : x + by->min;
			double		high = rule->correlated.is_factor ? x * by->max : x + by->max;

			if (spindle_dist_on_grid(Min(low, high) * scale, Max(low, high) * scale, draw, &y))
			{
				step->out.value[i] = number_value(rule, y / scale, scale);
				continue;
			}
		}
		y = spindle_dist_sample(by, draw);
		step->out.value[i] = number_value(rule, rule->correlated.is_factor ? x * y : x + y, scale);
	}
	fit_to_type(rule, step->out.value, step->frame->n);
	copy_nulls(step, in);
}

/* Kind and scale of the source tell how to read its values as doubles. */
static Step *
compile_correlated(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const SpindleColumnRef *source = &rule->correlated.source;
	const SpindleType *type = &spindle_ref_column(eval->instance->domain, source)->type;
	Step	   *step = spindle_step_with_input(eval, frame, run_correlated, rule, source, 0);

	step->holds = STEP_HOLDS_SOURCE;
	step->u.source.kind = type->kind;
	step->u.source.scale = type->scale;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_correlated = {
	.compile = compile_correlated,
};
