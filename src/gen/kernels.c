/*-------------------------------------------------------------------------
 *
 * kernels.c
 *		The steps that draw and combine values.
 *
 * Each function computes one vector for all rows of its step's frame.  Loops
 * are kept plain so that the draws of several rows are under way at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "datatype/timestamp.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/* Rows whose number is remembered, at most: 1 MB. */
#define MEMO_SIZE		65536

typedef struct NumberMemo
{
	int64		mask;			/* entry of a row: its last bits */
	struct
	{
		int64		row;		/* that the entry holds, -1 if none */
		int64		value;
	}			entry[FLEXIBLE_ARRAY_MEMBER];
} NumberMemo;

static inline int64
float_bits(double d)
{
	int64		bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static inline double
bits_float(int64 bits)
{
	double		d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* A number as a value of a type: rounded half away from zero, kept in range. */
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

/* What number_value() multiplies by. */
static double
value_scale(const SpindleRule *rule)
{
	int			digits = (rule->type->kind == SPINDLE_FLOAT ? rule->round : rule->type->scale);

	return (double) spindle_power_of_ten(Max(digits, 0));
}

/* Is a distribution even over values that lie apart? */
static inline bool
is_even_on_grid(const SpindleRule *rule, const SpindleDist *dist)
{
	return dist->kind == SPINDLE_DIST_UNIFORM && (rule->type->kind != SPINDLE_FLOAT || rule->round >= 0);
}

/* A value of a numeric type as a double. */
static inline double
value_number(SpindleKind kind, double scale, int64 value)
{
	return kind == SPINDLE_FLOAT ? bits_float(value) : (double) value / scale;
}

/* Nulls of the result are those of the input. */
static void
copy_nulls(Step *step, const SpindleVector *in)
{
	if (!step->has_nulls)
		return;
	if (in->is_null)
		memcpy(step->out.is_null, in->is_null, step->frame->n);
	else
		memset(step->out.is_null, 0, step->frame->n);
}

void
spindle_run_sequence(Step *step)
{
	const int64 start = step->rule->sequence.start;
	const int64 by = step->rule->sequence.step;
	const int	n = step->frame->n;
	const int64 *pg_restrict row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;

	for (int i = 0; i < n; i++)
		out[i] = start + by * row[i];
}

void
spindle_run_constant(Step *step)
{
	const int64 value = step->rule->constant.value;
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	for (int i = 0; i < n; i++)
		out[i] = value;
	if (step->has_nulls)
		memset(step->out.is_null, step->rule->constant.is_null, n);
}

void
spindle_run_weighted(Step *step)
{
	const SpindleAlias *alias = step->rule->weighted.alias;
	const int64 *value = step->rule->weighted.value;
	const SpindleKey key = step->key;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *out = step->out.value;
	uint64		portion[SPINDLE_DRAWS];

	for (int i = 0; i < n; i++)
		out[i] = value[spindle_alias_pick(alias, spindle_next_draw(key, row, n, i, portion))];
}

void
spindle_run_number(Step *step)
{
	const SpindleRule *rule = step->rule;
	const SpindleDist *dist = &rule->number;
	const double scale = value_scale(rule);
	const SpindleKey key = step->key;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *out = step->out.value;
	NumberMemo *memo = step->state;
	uint64		portion[SPINDLE_DRAWS];

	if (dist->kind == SPINDLE_DIST_UNIFORM && rule->type->kind != SPINDLE_FLOAT)
	{
		/* all values of the type within the limits are equally likely */
		int64		low = (int64) ceil(dist->min * scale - 1e-6);
		int64		high = (int64) floor(dist->max * scale + 1e-6);
		uint64		nvalues = (uint64) Max(high - low, 0) + 1;

		for (int i = 0; i < n; i++)
			out[i] = low + (int64) spindle_below(spindle_next_draw(key, row, n, i, portion), nvalues);
		return;
	}
	if (is_even_on_grid(rule, dist))
	{
		/* the same of rounded doubles, if any of them lies within the limits */
		for (int i = 0; i < n; i++)
		{
			uint64		draw = spindle_next_draw(key, row, n, i, portion);
			double		x;

			if (spindle_dist_on_grid(dist->min * scale, dist->max * scale, draw, &x))
				out[i] = float_bits(x / scale);
			else
				out[i] = number_value(rule, spindle_dist_sample(dist, draw), scale);
		}
		return;
	}
	if (dist->kind == SPINDLE_DIST_DISCRETE && rule->type->kind == SPINDLE_INT)
	{
		const SpindleAlias *alias = dist->alias;
		const int64 first = dist->first;
		const int64 min = rule->type->min;
		const int64 max = rule->type->max;

		for (int i = 0; i < n; i++)
		{
			int64		value = first + spindle_alias_pick(alias, spindle_next_draw(key, row, n, i, portion));

			out[i] = Max(min, Min(value, max));
		}
		return;
	}
	if (memo == NULL)
	{
		for (int i = 0; i < n; i++)
			out[i] = number_value(rule, spindle_dist_sample(dist, spindle_next_draw(key, row, n, i, portion)), scale);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		int64		entry = row[i] & memo->mask;

		if (memo->entry[entry].row != row[i])
		{
			memo->entry[entry].row = row[i];
			memo->entry[entry].value =
				number_value(rule, spindle_dist_sample(dist, spindle_draw(key, row[i])), scale);
		}
		out[i] = memo->entry[entry].value;
	}
}

/*
 * A memo for spindle_run_number(), in the current memory context, if the
 * distribution is dear to sample; else NULL.
 *
 * For frames of parents only, of a table with nrows: popular rows are met again
 * and again.
 */
void *
spindle_number_memo(const SpindleRule *rule, int64 nrows)
{
	NumberMemo *memo;
	int64		size = 1;

	if (rule->number.kind == SPINDLE_DIST_UNIFORM || rule->number.kind == SPINDLE_DIST_DISCRETE)
		return NULL;
	while (size < nrows && size < MEMO_SIZE)
		size *= 2;
	memo = palloc(offsetof(NumberMemo, entry) + sizeof(memo->entry[0]) * size);
	memo->mask = size - 1;
	for (int i = 0; i < size; i++)
		memo->entry[i].row = -1;
	return memo;
}

/* A timestamp as a value of the rule's type. */
static inline int64
time_value(const SpindleRule *rule, Timestamp t)
{
	if (rule->type->kind == SPINDLE_DATE)
		return t >= 0 ? t / USECS_PER_DAY : -((USECS_PER_DAY - 1 - t) / USECS_PER_DAY);
	return t;
}

void
spindle_run_time(Step *step)
{
	const int	n = step->frame->n;
	int64	   *out = step->out.value;

	for (int done = 0; done < n; done += SPINDLE_DRAWS)
	{
		const int	m = Min(SPINDLE_DRAWS, n - done);
		uint64		draw[SPINDLE_DRAWS];

		spindle_draws(step->key, step->frame->row + done, m, draw);
		spindle_calendar_times(step->rule->time.calendar, draw, m, out + done);
	}
	for (int i = 0; i < n; i++)
		out[i] = time_value(step->rule, out[i]);
}

void
spindle_run_ordered_time(Step *step)
{
	SpindleTimelineCursor *cursor = step->state;
	const int	n = step->frame->n;
	const int64 *pg_restrict row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;
	int64		first = 0;		/* rows of the group that is decoded */
	int64		end = 0;

	for (int i = 0; i < n; i++)
	{
		if (row[i] < first || row[i] >= end)
		{
			(void) spindle_timeline_time(cursor, row[i]);
			first = cursor->first_row;
			end = first + cursor->count;
		}
		out[i] = cursor->time[row[i] - first];
	}
	if (step->rule->type->kind == SPINDLE_DATE)
		for (int i = 0; i < n; i++)
			out[i] = time_value(step->rule, out[i]);
}

void
spindle_run_offset(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const SpindleRule *rule = step->rule;
	const double unit = (double) rule->offset.unit;
	const bool	is_whole = rule->offset.whole || rule->type->kind == SPINDLE_DATE;
	const int64 per_day = rule->type->kind == SPINDLE_DATE ? 1 : USECS_PER_DAY;
	const int64 first = SPINDLE_FIRST_DAY * per_day;
	const int64 last = (SPINDLE_LAST_DAY + 1) * per_day - 1;
	const double limit = (double) (SPINDLE_LAST_DAY + 1 - SPINDLE_FIRST_DAY) * per_day;

	for (int i = 0; i < step->frame->n; i++)
	{
		const SpindleDist *dist = &rule->offset.by;
		uint64		draw = spindle_draw(step->key, step->frame->row[i]);
		double		by;

		/* all whole numbers within the limits are equally likely */
		if (!(is_whole && dist->kind == SPINDLE_DIST_UNIFORM && spindle_dist_on_grid(dist->min, dist->max, draw, &by)))
		{
			by = spindle_dist_sample(dist, draw);
			if (is_whole)
				by = floor(by + 0.5);
		}

		/* what would lie beyond the years 1900 to 9999 stays at their ends */
		by = Max(-limit, Min(floor(by * unit + 0.5), limit));
		step->out.value[i] = Max(first, Min(in->value[i] + (int64) by, last));
	}
	copy_nulls(step, in);
}

void
spindle_run_correlated(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const SpindleRule *rule = step->rule;
	const SpindleKind kind = (SpindleKind) step->number;
	const double in_scale = (double) spindle_power_of_ten((int) step->number2);
	const double scale = value_scale(rule);
	const bool	is_even = is_even_on_grid(rule, &rule->correlated.by);

	for (int i = 0; i < step->frame->n; i++)
	{
		double		x = value_number(kind, in_scale, in->value[i]);
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
	copy_nulls(step, in);
}

void
spindle_run_test(Step *step)
{
	const SpindleTest *test = step->test;
	const SpindleVector *in = &step->input[0]->out;

	if (test->kind == SPINDLE_TEST_NULL || test->kind == SPINDLE_TEST_NOT_NULL)
	{
		const int	n = step->frame->n;
		const bool *is_null = in->is_null;
		const bool	wanted = test->kind == SPINDLE_TEST_NULL;
		int64	   *out = step->out.value;

		for (int i = 0; i < n; i++)
			out[i] = (is_null && is_null[i]) == wanted;
		return;
	}
	for (int i = 0; i < step->frame->n; i++)
	{
		bool		is_null = in->is_null && in->is_null[i];
		int64		value = in->value[i];
		bool		found = false;

		/* texts of the definition are equal if their addresses are */
		if (step->number == SPINDLE_TEXT && !is_null)
			value = (int64) (intptr_t) spindle_text_lookup(step->domain, (const SpindleText *) (intptr_t) value);
		switch (test->kind)
		{
			case SPINDLE_TEST_IN:
			case SPINDLE_TEST_NOT_IN:
				for (int k = 0; k < test->nvalues; k++)
					found |= test->value[k] == value;
				found = !is_null && found == (test->kind == SPINDLE_TEST_IN);
				break;
			case SPINDLE_TEST_LESS:
				found = !is_null && value < test->value[0];
				break;
			default:
				found = !is_null && value > test->value[0];
				break;
		}
		step->out.value[i] = found;
	}
}

void
spindle_run_has_child(Step *step)
{
	SpindleLayoutCursor *cursor = step->state;
	const int	n = step->frame->n;
	const int64 *pg_restrict row = step->frame->row;
	int64	   *pg_restrict out = step->out.value;
	int64		first = 0;		/* parents of the block that is decoded */
	int64		end = 0;

	for (int i = 0; i < n; i++)
	{
		int64		child;

		/* most rows are of the block of the row before */
		if (row[i] >= first && row[i] < end)
		{
			const int32 *start = &cursor->start[row[i] - first];

			out[i] = start[1] > start[0];
			continue;
		}
		out[i] = spindle_layout_children(cursor, row[i], &child) > 0;
		if (cursor->block >= 0)
		{
			first = cursor->first_parent;
			end = first + cursor->nparents;
		}
	}
}

/*
 * Inputs: the branches with "else" last, then the tests.  We begin with "else"
 * and let the branches overwrite it from the last to the first, by selection
 * instead of jumps, which nobody could predict.
 */
void
spindle_run_case(Step *step)
{
	const int	nbranches = step->rule->cases.nbranches;
	const int	n = step->frame->n;
	int64	   *pg_restrict out = step->out.value;

	memcpy(out, step->input[nbranches]->out.value, sizeof(int64) * n);
	copy_nulls(step, &step->input[nbranches]->out);
	for (int b = nbranches - 1; b >= 0; b--)
	{
		const SpindleVector *then = &step->input[b]->out;
		const int64 *pg_restrict value = then->value;
		const int64 *pg_restrict test = step->input[nbranches + 1 + b]->out.value;	/* 0 or 1 */

		for (int i = 0; i < n; i++)
		{
			int64		mask = -test[i];

			out[i] = (value[i] & mask) | (out[i] & ~mask);
		}
		if (step->has_nulls)
			for (int i = 0; i < n; i++)
				step->out.is_null[i] = test[i] ? then->is_null && then->is_null[i] : step->out.is_null[i];
	}
}

/*
 * The sums of values of which none is NULL, as differences of one running sum:
 * nobody could predict where the children of a row end.  False if that sum does
 * not fit 64 bits.
 */
static bool
sum_children(Step *step)
{
	const int64 min = step->rule->type->min;
	const int64 max = step->rule->type->max;
	const int32 *owner = step->sub->owner;
	const int32 *map = step->sub->map;
	const int	nchildren = step->sub->n;
	const int	n = step->frame->n;
	const int64 *in = step->input[0]->out.value;
	int64	   *out = step->out.value;
	int64		sum = 0;
	int64		before = 0;
	bool		overflow = false;

	for (int k = 0; k < nchildren; k++)
	{
		/* the last child of a row leaves the sum up to there */
		overflow |= pg_add_s64_overflow(sum, in[k], &sum);
		out[owner[k]] = sum;
	}
	if (overflow)
		return false;
	for (int i = 0; i < n; i++)
	{
		int64		until = map[i + 1] > map[i] ? out[i] : before;

		out[i] = Max(min, Min(until - before, max));
		before = until;
	}
	return true;
}

/* A total over the rows of the children frame that belong to each row. */
void
spindle_run_total(Step *step)
{
	const Frame *children = step->sub;
	const SpindleType *type = step->rule->type;
	const SpindleTotalKind function = step->rule->child.function;
	const SpindleVector *in = step->ninputs ? &step->input[0]->out : NULL;

	if (function == SPINDLE_TOTAL_SUM && in->is_null == NULL && sum_children(step))
		return;
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		sum = 0;
		int64		best = 0;
		int			n = 0;

		for (int k = children->map[i]; k < children->map[i + 1]; k++)
		{
			if (in && in->is_null && in->is_null[k])
				continue;
			n++;
			if (in == NULL)
				continue;
			if (pg_add_s64_overflow(sum, in->value[k], &sum))
				sum = in->value[k] > 0 ? PG_INT64_MAX : PG_INT64_MIN;
			if (n == 1 || (function == SPINDLE_TOTAL_MIN ? in->value[k] < best : in->value[k] > best))
				best = in->value[k];
		}
		switch (function)
		{
			case SPINDLE_TOTAL_SUM:
				break;
			case SPINDLE_TOTAL_COUNT:
				sum = n * spindle_power_of_ten(type->scale);
				break;
			case SPINDLE_TOTAL_MEAN:
				/* half away from zero, as numeric division does */
				if (n > 0)
					sum = (sum + (sum >= 0 ? n / 2 : -(n / 2))) / n;
				break;
			default:
				sum = best;
				break;
		}
		step->out.value[i] = Max(type->min, Min(sum, type->max));
		if (step->has_nulls)
			step->out.is_null[i] = n == 0;
	}
}

void
spindle_run_first_child(Step *step)
{
	SpindleLayoutCursor *cursor = step->state;

	for (int i = 0; i < step->frame->n; i++)
	{
		int64		first;

		(void) spindle_layout_children(cursor, spindle_layout_parent(cursor, step->frame->row[i]), &first);
		step->out.value[i] = first == step->frame->row[i];
	}
}

void
spindle_run_data(Step *step)
{
	const SpindleRule *rule = step->rule;
	const SpindleVector *match = step->ninputs ? &step->input[0]->out : NULL;

	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		int64		record = -1;

		if (rule->data.by_row)
			record = row;
		else if (match)
		{
			const SpindleText *text = NULL;
			int			group = -1;

			if (!(match->is_null && match->is_null[i]))
			{
				text = (const SpindleText *) (intptr_t) match->value[i];
				if (text->id < 0)
					text = spindle_text_lookup(step->domain, text);
				if (text && text->id < rule->data.ntexts)
					group = rule->data.group_of_text[text->id];
				if (group < 0 && !rule->data.may_miss)
				{
					text = (const SpindleText *) (intptr_t) match->value[i];
					ereport(ERROR,
							(errcode(ERRCODE_DATA_EXCEPTION),
							 errmsg("data set \"%s\" has no row to match \"%s\"", rule->data.set->name,
									pnstrdup(text->data, text->len)),
							 errdetail("%s needs one, as its column is not \"nullable\".", rule->path)));
				}
			}
			if (group >= 0)
				record = rule->data.group[group][spindle_alias_pick(rule->data.group_alias[group],
																	spindle_draw(step->key, row))];
		}
		else
			record = spindle_alias_pick(rule->data.set->weight, spindle_draw(step->key, row));

		step->out.value[i] = record < 0 ? 0 : rule->data.value[record];
		if (step->has_nulls)
			step->out.is_null[i] = record < 0 || rule->data.is_null[record];
	}
}

/* Make a fraction of the values NULL. */
void
spindle_run_nulls(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	const SpindleKey key = spindle_key_derive(step->key, LABEL_NULLS);
	const uint64 threshold = spindle_threshold(step->fraction);
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	bool	   *is_null = step->out.is_null;
	uint64		portion[SPINDLE_DRAWS];

	memcpy(step->out.value, in->value, sizeof(int64) * n);
	copy_nulls(step, in);
	for (int i = 0; i < n; i++)
		is_null[i] |= spindle_next_draw(key, row, n, i, portion) < threshold;
}
