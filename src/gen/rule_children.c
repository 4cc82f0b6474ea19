/*-------------------------------------------------------------------------
 *
 * rule_children.c
 *		The steps of rules along the layout of children under their parents.
 *
 * For the rules "parent", "first_child", "total" and "child".  All of them
 * read the layout (layout.h), by a cursor of their own; totals also open a
 * frame of the children.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "gen/eval_internal.h"
#include "math/draws.h"

/*
 * Children that a row has on average, beyond which they are not all computed at
 * once: for a batch of 512 rows, up to here they take 12 MB and 4 MB for each of
 * their columns.
 */
#define MANY_CHILDREN	1000

/* The row number of the parent, by the children's layout. */
static void
run_parent(Step *step)
{
	SpindleLayoutCursor *cursor = step->u.layout;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	for (int i = 0; i < n; i++)
		out[i] = spindle_layout_parent(cursor, row[i]);
}

/* No row is without a parent, so null_fraction is 0. */
static Step *
compile_parent_rows(SpindleEval *eval, Frame *frame, const SpindleRule *rule, double null_fraction)
{
	return spindle_step_finish(eval, spindle_step_with_layout(eval, frame, run_parent, rule, false, 0, frame->table));
}

/* The parent's key, from its row number. */
static Step *
compile_parent(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_compile_key(eval, frame, compile_parent_rows(eval, frame, rule, 0),
							   table_of(eval, frame)->rows_parent);
}

/*
 * spindle_instance_first_child
 *		The first row of a table of children that belongs to a row of its parent,
 *		or to one behind it; the number of rows if there is none.
 */
int64
spindle_instance_first_child(const SpindleInstance *instance, int table, int64 parent)
{
	int64		first;
	SpindleLayoutCursor layout;

	if (parent >= instance->nrows[instance->domain->table[table].rows_parent])
		return instance->nrows[table];
	spindle_layout_cursor_init(&layout, instance->layout[table]);
	(void) spindle_layout_children(&layout, parent, &first);
	return first;
}

/*
 * The first child of the first parent that follows, by the parents' key; see
 * SpindleRuleSteps.  If that parent has no children, it is the first child of
 * one behind it.
 */
static int64
first_row_of_parent(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, bool inclusive)
{
	const SpindleTable *parent = &instance->domain->table[instance->domain->table[table].rows_parent];
	int64		row;

	if (rule->type->kind == SPINDLE_ROW)
		row = value < 0 ? 0 : value + !inclusive;
	else
		row = spindle_instance_first_row_at(instance, parent->index, spindle_table_single_key(parent), value, inclusive);
	return spindle_instance_first_child(instance, table, row);
}

/* The children of the parent that has the key. */
static bool
rows_of_parent(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first,
			   int64 *end)
{
	const SpindleTable *parent = &instance->domain->table[instance->domain->table[table].rows_parent];
	SpindleLayoutCursor layout;
	int64		row;
	int64		row_end;

	if (!spindle_instance_rows_of_value(instance, parent->index, spindle_table_single_key(parent), value, &row, &row_end))
		return false;
	spindle_layout_cursor_init(&layout, instance->layout[table]);
	*end = spindle_layout_children(&layout, row, first);
	*end += *first;
	return *first < *end;
}

/* It can if the parent's key can. */
static bool
parent_has_rows_of_value(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleTable *parent = &domain->table[domain->table[table].rows_parent];

	return rule->type->kind != SPINDLE_ROW &&
		spindle_column_has_rows_of_value(domain, parent->index, spindle_table_single_key(parent));
}

const SpindleRuleSteps spindle_rule_steps_parent = {
	.compile = compile_parent,
	.compile_rows = compile_parent_rows,
	.first_row_at = first_row_of_parent,
	.rows_of_value = rows_of_parent,
	.has_rows_of_value = parent_has_rows_of_value,
};

/*
 * The frame of the rows whose children "total" and "child" ask for: those of
 * the frame itself, or those that "of" refers to.
 */
static Frame *
frame_of_owners(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	Step	   *rows;

	if (!rule->child.has_of)
		return frame;
	rows = spindle_compile_path(eval, frame, &rule->child.of, 0, true);
	return spindle_frame_of_parents(eval, frame, rows,
									eval->instance->domain->table[rule->child.child].rows_parent);
}

/*
 * For each child the sum of the values of those before it, and one more entry with
 * that of all.  It is one of 64 bits without an overflow: the difference of two
 * entries is right if it fits.
 */
static void
run_sums_before(Step *step)
{
	const int	n = step->frame->n;
	const int64 *pg_restrict in = step->input[0]->out.value;
	uint64	   *pg_restrict out = (uint64 *) step->out.value;
	uint64		sum = 0;

	for (int k = 0; k < n; k++)
	{
		out[k] = sum;
		sum += (uint64) in[k];
	}
	out[n] = sum;
}

/*
 * The sums of the values of each row's children, of which none is NULL, cut to the
 * type; from run_sums_before(), as nobody could predict where the children of a
 * row end (test/sql/totals.sql compares with run_total()).
 *
 * False, with nothing written, if the values are so large that a sum might not
 * fit 64 bits.
 */
static bool
sum_children(const int64 *in, const int64 *before, int nchildren, const int32 *pg_restrict map, int64 min, int64 max,
			 int n, int64 *pg_restrict out)
{
	uint64		begin = (uint64) before[0];

	if (spindle_magnitude(in, nchildren) > PG_INT64_MAX / (uint64) Max(nchildren, 1))
		return false;
	for (int i = 0; i < n; i++)
	{
		const uint64 end = (uint64) before[map[i + 1]];
		const int64 sum = (int64) (end - begin);

		begin = end;
		out[i] = Max(min, Min(sum, max));
	}
	return true;
}

/* A total that is not complete yet. */
typedef struct Total
{
	int64		sum;			/* stays at the bounds of 64 bits */
	int64		best;			/* the least or the largest value so far */
	int			n;				/* values that are not NULL */
} Total;

/* Add children first to end - 1 of a vector; in is NULL for a count. */
static inline void
add_children(Total *total, SpindleTotalKind function, const SpindleVector *in, int first, int end)
{
	for (int k = first; k < end; k++)
	{
		if (in && in->is_null && in->is_null[k])
			continue;
		total->n++;
		if (in == NULL)
			continue;
		if (pg_add_s64_overflow(total->sum, in->value[k], &total->sum))
			total->sum = in->value[k] > 0 ? PG_INT64_MAX : PG_INT64_MIN;
		if (total->n == 1 || (function == SPINDLE_TOTAL_MIN ? in->value[k] < total->best : in->value[k] > total->best))
			total->best = in->value[k];
	}
}

/*
 * Set a row to its total, cut to the type's largest or smallest value.
 *
 * NULL values do not count.  Without others, sum and count are 0, and the rest
 * is NULL, if the step has nulls.
 */
static inline void
set_total(Step *step, int i, const Total *total)
{
	const SpindleType *type = step->rule->type;
	int64		value = total->sum;
	const int	n = total->n;

	switch (step->rule->child.function)
	{
		case SPINDLE_TOTAL_SUM:
			break;
		case SPINDLE_TOTAL_COUNT:
			value = n * spindle_power_of_ten(type->scale);
			break;
		case SPINDLE_TOTAL_MEAN:
			/* half away from zero, as numeric division does */
			if (n > 0)
				value = (value + (value >= 0 ? n / 2 : -(n / 2))) / n;
			break;
		default:
			value = total->best;
			break;
	}
	step->out.value[i] = Max(type->min, Min(value, type->max));
	if (step->has_nulls)
		step->out.is_null[i] = n == 0;
}

/* A total over the rows of the children frame that belong to each row. */
static void
run_total(Step *step)
{
	const Frame *children = step->u.frame.sub;
	const SpindleType *type = step->rule->type;
	const SpindleTotalKind function = step->rule->child.function;
	const SpindleVector *in = step->ninputs ? &step->input[0]->out : NULL;

	Assert(step->holds == STEP_HOLDS_FRAME);
	if (step->ninputs == 2 &&
		sum_children(in->value, step->input[1]->out.value, children->n, children->map, type->min, type->max,
					 step->frame->n, step->out.value))
		return;
	for (int i = 0; i < step->frame->n; i++)
	{
		Total		total = {0};

		add_children(&total, function, in, children->map[i], children->map[i + 1]);
		set_total(step, i, &total);
	}
}

/* A program of its own for the children, which are too many to be in memory at once. */
typedef struct ManyChildren
{
	SpindleEval *eval;			/* over the child table; NULL for a count */
	int			handle;			/* of the column */
	SpindleLayoutCursor layout;
} ManyChildren;

/* The same, of many children: batch by batch. */
static void
run_large_total(Step *step)
{
	ManyChildren *many = step->u.own;
	const SpindleTotalKind function = step->rule->child.function;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		first;
		int			count = spindle_layout_children(&many->layout, step->frame->row[i], &first);
		Total		total = {0};

		if (many->eval == NULL)
			total.n = count;
		for (int done = 0; done < count && many->eval; done += SPINDLE_BATCH_ROWS)
		{
			int64		rows[SPINDLE_BATCH_ROWS];
			int			n = Min(SPINDLE_BATCH_ROWS, count - done);

			for (int k = 0; k < n; k++)
				rows[k] = first + done + k;
			spindle_eval_run(many->eval, rows, n);
			add_children(&total, function, spindle_eval_vector(many->eval, many->handle), 0, n);
		}
		set_total(step, i, &total);
	}
}

/* The step for tables whose rows have many children, in the frame of these rows. */
static Step *
compile_large_total(SpindleEval *eval, Frame *parents, const SpindleRule *rule)
{
	Step	   *step = spindle_step_add(eval, parents, run_large_total, rule,
										rule->child.function >= SPINDLE_TOTAL_MIN, 0);
	ManyChildren *many = palloc0(sizeof(ManyChildren));

	spindle_layout_cursor_init(&many->layout, eval->instance->layout[rule->child.child]);
	if (rule->child.function != SPINDLE_TOTAL_COUNT)
	{
		many->eval = spindle_eval_create(eval->instance, rule->child.child, eval->context);
		many->handle = spindle_eval_add_column(many->eval, rule->child.column);
	}
	step->holds = STEP_HOLDS_OWN;
	step->u.own = many;
	return spindle_step_finish(eval, step);
}

/*
 * The total is computed in the frame of the parents, so that rows that refer
 * to the same parent share it, and gathered from there.
 */
static Step *
compile_total(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const SpindleTable *child = &eval->instance->domain->table[rule->child.child];
	Frame	   *parents = frame_of_owners(eval, frame, rule);
	Step	   *step;

	if (child->rows_numerator / child->rows_denominator > MANY_CHILDREN)
		step = compile_large_total(eval, parents, rule);
	else
	{
		Frame	   *children = spindle_frame_of_children(eval, parents, rule->child.child);
		Step	   *value = rule->child.function == SPINDLE_TOTAL_COUNT ? NULL :
		spindle_compile_column(eval, children, rule->child.column);
		Step	   *before = NULL;

		if (rule->child.function == SPINDLE_TOTAL_SUM && !value->has_nulls)
		{
			before = spindle_step_add(eval, children, run_sums_before, NULL, false, 1);
			before->input[0] = value;
			spindle_step_finish(eval, before);
		}
		step = spindle_step_add(eval, parents, run_total, rule, rule->child.function >= SPINDLE_TOTAL_MIN,
								before ? 2 : value ? 1 : 0);
		if (value)
			step->input[0] = value;
		if (before)
			step->input[1] = before;
		step->holds = STEP_HOLDS_FRAME;
		step->u.frame.sub = children;
		spindle_step_finish(eval, step);
	}
	return parents == frame ? step : spindle_gather(eval, parents, step);
}

/*
 * Not for parents: a total over the children of the row itself has no path
 * whose first step could be left out.
 */
const SpindleRuleSteps spindle_rule_steps_total = {
	.compile = compile_total,
};

/*
 * The row number of a child of each row, or of the row it refers to; NULL if
 * there is none.  A random one is drawn by the row that asks, not by the
 * parent, so two rows of one parent may get different ones.
 */
static void
run_pick_child(Step *step)
{
	SpindleLayoutCursor *cursor = step->u.layout;
	const SpindleVector *parent = step->ninputs ? &step->input[0]->out : NULL;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		row = step->frame->row[i];
		int64		first = 0;
		int			n = 0;

		if (parent == NULL)
			n = spindle_layout_children(cursor, row, &first);
		else if (!(parent->is_null && parent->is_null[i]))
			n = spindle_layout_children(cursor, parent->value[i], &first);
		step->out.is_null[i] = n == 0;
		step->out.value[i] = first;
		if (n == 0)
			continue;
		if (step->rule->child.pick == SPINDLE_PICK_RANDOM)
			step->out.value[i] += (int64) spindle_below(spindle_draw(step->key, row), n);
		else if (step->rule->child.pick == SPINDLE_PICK_LAST)
			step->out.value[i] += n - 1;
	}
}

/*
 * The choice is the referring row's own, so it is made in its frame; the
 * child's column is computed in a frame of the rows chosen.
 */
static Step *
compile_child(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Frame	   *parents = frame_of_owners(eval, frame, rule);
	Frame	   *chosen;
	Step	   *step = spindle_step_with_layout(eval, frame, run_pick_child, rule, true, rule->child.has_of ? 1 : 0,
												rule->child.child);

	if (rule->child.has_of)
		step->input[0] = parents->rows;
	spindle_step_finish(eval, step);
	chosen = spindle_frame_of_parents(eval, frame, step, rule->child.child);
	return spindle_gather(eval, chosen, spindle_compile_column(eval, chosen, rule->child.column));
}

const SpindleRuleSteps spindle_rule_steps_child = {
	.compile = compile_child,
};

/* Is the row the first one of its parent? */
static void
run_first_child(Step *step)
{
	SpindleLayoutCursor *cursor = step->u.layout;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		first;

		(void) spindle_layout_children(cursor, spindle_layout_parent(cursor, step->frame->row[i]), &first);
		step->out.value[i] = first == step->frame->row[i];
	}
}

/* The layout is that of the frame's own table. */
static Step *
compile_first_child(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	return spindle_step_finish(eval, spindle_step_with_layout(eval, frame, run_first_child, rule, false, 0,
															  frame->table));
}

const SpindleRuleSteps spindle_rule_steps_first_child = {
	.compile = compile_first_child,
};

/* The number of a row within its parent, from 1. */
static void
run_sibling(Step *step)
{
	SpindleLayoutCursor *cursor = step->u.layout;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_LAYOUT);
	for (int i = 0; i < n; i++)
	{
		int64		first;

		(void) spindle_layout_children(cursor, spindle_layout_parent(cursor, row[i]), &first);
		out[i] = row[i] - first + 1;
	}
}

/*
 * spindle_compile_sibling
 *		The step with the numbers of a frame's rows within their parents; the
 *		table must be of kind "children".
 */
Step *
spindle_compile_sibling(SpindleEval *eval, Frame *frame)
{
	return spindle_step_finish(eval, spindle_step_with_layout(eval, frame, run_sibling, NULL, false, 0, frame->table));
}
