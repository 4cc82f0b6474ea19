/*-------------------------------------------------------------------------
 *
 * rule_periods.c
 *		The steps of the rule "periods".
 *
 * A span of time is cut into as many periods as there are rows: edge i of n lies at
 * i / n of the span, moved by a draw of the row that begins there, but by no more
 * than half a distance, so edges never cross.  Each period gets one unit of time
 * beforehand and shares in the rest, so that edges always rise, also where two fall
 * together or the span is too short.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"

#include "gen/eval_internal.h"

/* The draw of an end: how much of its gap is left free. */
#define LABEL_GAP	102

/* What the step keeps. */
typedef struct PeriodsStep
{
	SpindleLayoutCursor layout; /* of the rows, if they are children */
	bool		are_children;
	int64		nrows;			/* of the table */
	int64		first;			/* the domain's range, in units of the column: */
	int64		end;			/* its first one, and that behind the last */
	int64		last;			/* the last time that there is */
	int			from;			/* inputs with the bounds, or -1 */
	int			to;
	double		jitter;
	SpindleKey	gap_key;
} PeriodsStep;

/* Where edge i of n lies, 0 <= i <= n; key and row are those of its draw. */
static inline int64
edge(const PeriodsStep *own, SpindleKey key, int64 first, int64 end, int64 i, int64 n, int64 row)
{
	const int64 rest = Max(end - first - n, 0);
	double		at;

	if (i == 0)
		return first;
	if (i == n)
		return Min(first + n + rest, own->last);
	at = ((double) i + (spindle_fraction(spindle_draw(key, row)) - 0.5) * own->jitter) / (double) n;
	return Min(first + i + Min((int64) ((double) rest * at), rest), own->last);
}

/* The start or the end of each row's period; NULL where a bound is. */
static void
run_periods(Step *step)
{
	PeriodsStep *own = step->u.own;
	const SpindleVector *from = own->from >= 0 ? &step->input[own->from]->out : NULL;
	const SpindleVector *to = own->to >= 0 ? &step->input[own->to]->out : NULL;
	const int64 *row = step->frame->row;
	int64		begin = 0;		/* first row of the parent */
	int64		n = own->nrows;

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int i = 0; i < step->frame->n; i++)
	{
		int64		first = from ? from->value[i] : own->first;
		int64		end = to ? to->value[i] : own->end;
		int64		j;
		int64		time;

		if (own->are_children && (i == 0 || (uint64) (row[i] - begin) >= (uint64) n))
			n = spindle_layout_children(&own->layout, spindle_layout_parent(&own->layout, row[i]), &begin);
		j = row[i] - begin;
		time = edge(own, step->key, first, end, j, n, row[i]);
		if (step->rule->periods.is_end)
		{
			int64		next = edge(own, step->key, first, end, j + 1, n, row[i] + 1);
			double		gap = step->rule->periods.gap * spindle_fraction(spindle_draw(own->gap_key, row[i]));

			time = next - (int64) ((double) Max(next - time - 1, 0) * gap);
		}
		step->out.value[i] = time;
		if (step->has_nulls)
			step->out.is_null[i] = (from && from->is_null && from->is_null[i]) || (to && to->is_null && to->is_null[i]);
	}
}

/* Add an input with a bound; returns its number. */
static int
add_bound(SpindleEval *eval, Step *step, const SpindleColumnRef *ref)
{
	Step	   *input = spindle_compile_path(eval, step->frame, ref, 0, false);

	step->has_nulls |= input->has_nulls;
	step->input[step->ninputs] = input;
	return step->ninputs++;
}

/* An end is computed as its start is, by the draws of that, so that they fit. */
static Step *
compile_periods(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	const SpindleDomain *domain = eval->instance->domain;
	const SpindleTable *table = table_of(eval, frame);
	const SpindleRule *start = rule->periods.is_end ? table->column[rule->periods.start].rule : rule;
	const int64 per_day = USECS_PER_DAY / rule->type->ops->time_unit;
	PeriodsStep *own = palloc0(sizeof(PeriodsStep));
	Step	   *step = spindle_step_add(eval, frame, run_periods, rule, false, 2);

	own->are_children = table->rows_kind == SPINDLE_ROWS_CHILDREN;
	if (own->are_children)
		spindle_layout_cursor_init(&own->layout, eval->instance->layout[frame->table]);
	own->nrows = eval->instance->nrows[frame->table];
	own->first = domain->first_day * per_day;
	own->end = (domain->first_day + domain->ndays) * per_day;
	own->last = (SPINDLE_LAST_DAY + 1) * per_day - 1;
	own->jitter = start->periods.jitter;
	own->gap_key = spindle_key_derive(step->key, LABEL_GAP);
	step->ninputs = 0;
	own->from = start->periods.has_from ? add_bound(eval, step, &start->periods.from) : -1;
	own->to = start->periods.has_to ? add_bound(eval, step, &start->periods.to) : -1;
	step->key = spindle_instance_key(eval->instance, start->label);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = own;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_periods = {
	.compile = compile_periods,
};
