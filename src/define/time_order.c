/*-------------------------------------------------------------------------
 *
 * time_order.c
 *		Which of two times of a row comes first, and by how much.
 *
 * Follows from the rules alone, so it holds for all rows at all scales: a time
 * plus a duration is later than the time, and whoever chose a row "after" or
 * "containing" a time knows that the row's own time is not later.  Both times are
 * followed to where they come from until they meet.  What cannot be shown in this
 * way counts as unknown.
 *
 * Where one of the two is NULL there is nothing to show.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "define/lifecycle.h"
#include "define/rule_reader.h"
#include "define/time_order.h"

/* Steps of a proof, after which it is given up. */
#define MAX_PROOF	10000

/* A proof about times of a row of a table. */
typedef struct Proof
{
	const SpindleDomain *domain;
	int		   *steps;			/* left */
} Proof;

static bool between(const Proof *proof, int table, const Origin *e, const Origin *l, SpindleLag *lag);

/*
 * The table of the last column of a path, whose columns before it lead there; the
 * path has been made by spindle_origin_of().
 */
static int
end_table(const SpindleDomain *domain, int table, const Origin *path)
{
	for (int i = 0; i < path->n - 1; i++)
		table = spindle_column_target(domain, table, path->column[i]);
	return table;
}

/* The rule at the end of a path, and its table. */
static const SpindleRule *
end_rule(const SpindleDomain *domain, int table, const Origin *path, int *at)
{
	*at = end_table(domain, table, path);
	return domain->table[*at].column[path->column[path->n - 1]].rule;
}

/*
 * The origin of a path that begins with the first n columns of another one, and
 * goes on with ref; false if it is too long.
 */
static bool
go_on(const SpindleDomain *domain, int table, const Origin *path, int n, const SpindleColumnRef *ref, Origin *result)
{
	int			column[MAX_ORIGIN];

	if (n + ref->nsteps + 1 > MAX_ORIGIN)
		return false;
	memcpy(column, path->column, sizeof(int) * n);
	memcpy(column + n, ref->step, sizeof(int) * ref->nsteps);
	column[n + ref->nsteps] = ref->column;
	spindle_origin_of(domain, table, column, n + ref->nsteps + 1, result);
	return result->n > 0;
}

/* The same for a column without a path. */
static bool
go_to(const SpindleDomain *domain, int table, const Origin *path, int n, int column, Origin *result)
{
	return go_on(domain, table, path, n, &(SpindleColumnRef) {.column = column}, result);
}

/*
 * spindle_time_origin
 *		The origin of a time: a path ref from a row that the column via of the
 *		table leads to, or from the row itself if via is -1.
 */
void
spindle_time_origin(const SpindleDomain *domain, int table, int via, const SpindleColumnRef *ref, Origin *origin)
{
	const Origin start = {1, {via}};

	if (!go_on(domain, table, &start, via >= 0, ref, origin))
		origin->n = 0;
}

/* What an offset adds, in microseconds. */
static void
offset_bounds(const SpindleRule *rule, SpindleLag *by)
{
	const SpindleDist *dist = &rule->offset.by;
	const double unit = (double) (rule->offset.unit * rule->type->ops->time_unit);
	double		min = dist->kind == SPINDLE_DIST_DISCRETE ? (double) dist->first : dist->min;
	double		max = dist->kind == SPINDLE_DIST_DISCRETE ? (double) (dist->first + dist->alias->n - 1) : dist->max;

	/* what is rounded rises with the draw, so its bounds are those rounded */
	if (rule->offset.whole || rule->type->ops->time_unit != 1)
	{
		min = floor(min + 0.5);
		max = floor(max + 0.5);
	}
	min = floor(min * unit);
	max = ceil(max * unit);
	by->shortest = min > -(double) SPINDLE_MAX_DELAY ? (int64) min : -SPINDLE_NO_BOUND;
	by->longest = max < (double) SPINDLE_MAX_DELAY ? (int64) max : SPINDLE_NO_BOUND;
}

/* Keep what two proofs show together; false if neither shows anything. */
static bool
both(bool has_a, const SpindleLag *a, bool has_b, const SpindleLag *b, SpindleLag *lag)
{
	if (!has_a && !has_b)
		return false;
	lag->shortest = has_a && has_b ? Max(a->shortest, b->shortest) : has_a ? a->shortest : b->shortest;
	lag->longest = has_a && has_b ? Min(a->longest, b->longest) : has_a ? a->longest : b->longest;
	return true;
}

/* From e to the time that an offset has moved, with its limit. */
static bool
to_offset(const Proof *proof, int table, const Origin *e, const Origin *l, const SpindleRule *rule, SpindleLag *lag)
{
	Origin		source;
	SpindleLag	by;
	SpindleLag	limit;

	offset_bounds(rule, &by);
	if (by.shortest == -SPINDLE_NO_BOUND || rule->offset.limit == SPINDLE_LIMIT_VALUE ||
		!go_on(proof->domain, table, l, l->n - 1, &rule->offset.source, &source) ||
		!between(proof, table, e, &source, lag))
		return false;
	lag->shortest += by.shortest;
	lag->longest = spindle_time_sum(lag->longest, by.longest);
	if (rule->offset.limit == SPINDLE_LIMIT_NONE)
		return true;
	if (!go_on(proof->domain, table, l, l->n - 1, &rule->offset.last_ref, &source) ||
		!between(proof, table, e, &source, &limit))
		return false;
	lag->shortest = Min(lag->shortest, limit.shortest);
	return true;
}

/*
 * From e to a time of a child of the row at the end of l without its last column:
 * if e begins with the way to that row, seen from the child.
 */
static bool
to_child(const Proof *proof, int table, const Origin *e, const Origin *l, const SpindleRule *rule, SpindleLag *lag)
{
	const SpindleDomain *domain = proof->domain;
	const SpindleTable *child = &domain->table[rule->child.child];
	Origin		row = {.n = l->n - 1};
	Origin		from = {1, {child->parent_column}};
	Origin		to;

	memcpy(row.column, l->column, sizeof(int) * row.n);
	if (rule->child.has_of && !go_on(domain, table, l, l->n - 1, &rule->child.of, &row))
		return false;
	if (child->parent_column < 0 || e->n <= row.n || memcmp(e->column, row.column, sizeof(int) * row.n) != 0)
		return false;
	for (int i = row.n; i < e->n; i++)
		from.column[from.n++] = e->column[i];
	spindle_origin_of(domain, child->index, from.column, from.n, &from);
	if (from.n == 0 || !go_to(domain, child->index, &from, 0, rule->child.column, &to))
		return false;
	return between(proof, child->index, &from, &to, lag);
}

/* From e to the time that a rule gives which stands at the end of l, or in a case there. */
static bool
to_rule(const Proof *proof, int table, const Origin *e, const Origin *l, const SpindleRule *rule, SpindleLag *lag)
{
	const SpindleDomain *domain = proof->domain;
	const SpindleRule *periods;
	Origin		source;

	check_stack_depth();
	switch (rule->kind)
	{
		case SPINDLE_RULE_OFFSET:
			return to_offset(proof, table, e, l, rule, lag);
		case SPINDLE_RULE_COPY:
			return go_on(domain, table, l, l->n - 1, &rule->copy, &source) && between(proof, table, e, &source, lag);
		case SPINDLE_RULE_CASE:
			for (int i = 0; i <= rule->cases.nbranches; i++)
			{
				SpindleLag	branch;

				if (!to_rule(proof, table, e, l, rule->cases.then[i], &branch))
					return false;
				lag->shortest = i == 0 ? branch.shortest : Min(lag->shortest, branch.shortest);
				lag->longest = i == 0 ? branch.longest : Max(lag->longest, branch.longest);
			}
			return true;
		case SPINDLE_RULE_CHILD:
			return to_child(proof, table, e, l, rule, lag);
		case SPINDLE_RULE_PERIODS:
			periods = rule->periods.is_end ?
				domain->table[end_table(domain, table, l)].column[rule->periods.start].rule : rule;
			if (!periods->periods.has_from || !go_on(domain, table, l, l->n - 1, &periods->periods.from, &source) ||
				!between(proof, table, e, &source, lag))
				return false;
			lag->longest = SPINDLE_NO_BOUND;
			return true;
		default:
			return false;
	}
}

/*
 * A time that e, of a row that a reference chose, is surely not after: the one that
 * the choice knew.  False if there is none.
 */
static bool
chosen_before(const Proof *proof, int table, const Origin *e, Origin *bound)
{
	const SpindleDomain *domain = proof->domain;
	const int	n = e->n - 2;
	const int	column = e->column[e->n - 1];
	Origin		reference = {.n = e->n - 1};
	const SpindleRule *rule;
	int			at;

	if (n < 0)
		return false;
	memcpy(reference.column, e->column, sizeof(int) * reference.n);
	rule = end_rule(domain, table, &reference, &at);
	if (rule->kind == SPINDLE_RULE_REFERENCE && rule->reference.has_after && rule->reference.after_parent == column)
		return go_on(domain, table, e, n, &rule->reference.after_time, bound);
	if (rule->kind == SPINDLE_RULE_REFERENCE && rule->reference.has_containing && rule->reference.period_start == column)
		return go_on(domain, table, e, n, &rule->reference.containing, bound);
	if (rule->kind == SPINDLE_RULE_HIERARCHY && domain->table[at].column[column].monotone)
		return go_to(domain, table, e, n, column, bound);
	return false;
}

/* From the time that a rule gives which stands at the end of e, to l. */
static bool
from_rule(const Proof *proof, int table, const Origin *e, const Origin *l, SpindleLag *lag)
{
	const SpindleDomain *domain = proof->domain;
	int			at;
	const SpindleRule *rule = end_rule(domain, table, e, &at);
	const SpindleRule *of_later = end_rule(domain, table, l, &at);
	SpindleLag	by;
	Origin		source;

	if (rule->kind == SPINDLE_RULE_TIME &&
		of_later->ops->never_before(domain, of_later, rule->time.spec.first_day + rule->time.spec.ndays))
	{
		*lag = (SpindleLag) {0, SPINDLE_NO_BOUND};
		return true;
	}
	if (rule->kind == SPINDLE_RULE_OFFSET)
	{
		offset_bounds(rule, &by);
		if (by.longest == SPINDLE_NO_BOUND || !go_on(domain, table, e, e->n - 1, &rule->offset.source, &source) ||
			!between(proof, table, &source, l, lag))
			return false;
		lag->shortest -= by.longest;
		if (by.shortest == -SPINDLE_NO_BOUND || rule->offset.limit != SPINDLE_LIMIT_NONE)
			lag->longest = SPINDLE_NO_BOUND;
		else if (lag->longest != SPINDLE_NO_BOUND)
			lag->longest -= by.shortest;
		return true;
	}
	if (rule->kind == SPINDLE_RULE_PERIODS && !rule->periods.is_end && rule->periods.has_to &&
		go_on(domain, table, e, e->n - 1, &rule->periods.to, &source) && between(proof, table, &source, l, lag))
	{
		lag->longest = SPINDLE_NO_BOUND;
		return true;
	}
	return false;
}

/* What can be shown of the time from e to l, which are origins. */
static bool
between(const Proof *proof, int table, const Origin *e, const Origin *l, SpindleLag *lag)
{
	SpindleLag	a;
	SpindleLag	b;
	bool		has_a;
	bool		has_b;
	Origin		bound;
	int			at;

	check_stack_depth();
	if (--*proof->steps < 0 || e->n == 0 || l->n == 0)
		return false;
	if (spindle_origin_equal(e, l))
	{
		*lag = (SpindleLag) {0, 0};
		return true;
	}
	has_a = to_rule(proof, table, e, l, end_rule(proof->domain, table, l, &at), &a);
	has_b = from_rule(proof, table, e, l, &b);
	has_a = both(has_a, &a, has_b, &b, &a);
	has_b = chosen_before(proof, table, e, &bound) && between(proof, table, &bound, l, &b);
	if (has_b)
		b.longest = SPINDLE_NO_BOUND;
	return both(has_a, &a, has_b, &b, lag);
}

/*
 * spindle_time_lag
 *		How much later one time of a row of a table is than another one, for all
 *		rows that have both; false if not even a least distance is known.
 *
 * No column depends on itself, and it is known which columns never fall.
 */
bool
spindle_time_lag(const SpindleDomain *domain, int table, const Origin *earlier, const Origin *later, SpindleLag *lag)
{
	int			steps = MAX_PROOF;
	const Proof proof = {domain, &steps};

	return between(&proof, table, earlier, later, lag);
}

/*
 * spindle_time_rises
 *		Is a time never NULL, and does it never fall from row to row?  So is one of
 *		the row or of one of its parents, as children stand in their order.
 */
bool
spindle_time_rises(const SpindleDomain *domain, int table, const Origin *time)
{
	for (int i = 0; i < time->n - 1; i++)
	{
		if (domain->table[table].parent_column != time->column[i])
			return false;
		table = domain->table[table].rows_parent;
	}
	return time->n > 0 && domain->table[table].column[time->column[time->n - 1]].monotone;
}

/*
 * spindle_time_base
 *		A time that rises with the row, and that another one follows at a bounded
 *		distance; false if there is none.  The path is allocated in the current
 *		memory context.
 */
bool
spindle_time_base(const SpindleDomain *domain, int table, const Origin *time, SpindleTimeRef *base, SpindleLag *lag)
{
	Origin		at = *time;
	SpindleLag	by;
	int			end;

	*lag = (SpindleLag) {0, 0};
	while (at.n > 0 && !spindle_time_rises(domain, table, &at))
	{
		const SpindleRule *rule = end_rule(domain, table, &at, &end);

		if (rule->kind != SPINDLE_RULE_OFFSET || rule->offset.limit != SPINDLE_LIMIT_NONE)
			return false;
		offset_bounds(rule, &by);
		if (by.longest == SPINDLE_NO_BOUND || by.shortest == -SPINDLE_NO_BOUND ||
			spindle_time_sum(lag->longest, by.longest) == SPINDLE_NO_BOUND)
			return false;
		lag->shortest += by.shortest;
		lag->longest += by.longest;
		if (!go_on(domain, table, &at, at.n - 1, &rule->offset.source, &at))
			return false;
	}
	if (at.n == 0)
		return false;
	end = end_table(domain, table, &at);
	base->ref = (SpindleColumnRef) {at.n - 1, palloc(sizeof(int) * Max(at.n - 1, 1)), end, at.column[at.n - 1]};
	memcpy(base->ref.step, at.column, sizeof(int) * (at.n - 1));
	base->unit = domain->table[end].column[base->ref.column].type.ops->time_unit;
	base->may_be_null = false;
	return true;
}
