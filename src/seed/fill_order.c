/*-------------------------------------------------------------------------
 *
 * fill_order.c
 *		In which order the tables of a schema are filled.
 *
 * A table comes behind those that its foreign keys refer to.  Where these go round
 * in a circle, some have to be broken: by checks that wait, else by columns that
 * are null at first.  Circles of foreign keys that allow neither are tables that
 * one statement fills.
 *
 * Tables that are on no common circle are ordered first; then those on one, by
 * the foreign keys that cannot be broken.  Whatever then refers ahead is broken,
 * and as little as a simple choice finds: the smallest set is a hard problem.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "seed/fill_plan.h"

/* A walk that finds the circles, after Tarjan. */
typedef struct Walk
{
	const SpindleFillPlan *plan;
	bool		only_at_once;	/* other foreign keys do not count */
	const int  *within;			/* nor those between targets that differ here; or
								 * NULL */
	int			nvisited;
	int			ncomponents;
	int		   *number;			/* per target: when it was visited, -1 if not */
	int		   *lowest;			/* number of what it leads back to */
	int		   *component;		/* that it is in, -1 as long as it is on stack */
	int		   *stack;
	int			height;
} Walk;

/* Visit a target and all that it refers to.  Raises statement_too_complex. */
static void
visit(Walk *walk, int t)
{
	ListCell   *lc;

	check_stack_depth();
	walk->number[t] = walk->lowest[t] = walk->nvisited++;
	walk->stack[walk->height++] = t;
	foreach(lc, walk->plan->target[t].references)
	{
		const SpindleFillReference *reference = lfirst(lc);
		int			parent = reference->parent;

		if (parent < 0 || (walk->only_at_once && reference->way != SPINDLE_FILL_AT_ONCE) ||
			(walk->within && walk->within[parent] != walk->within[t]))
			continue;
		if (walk->number[parent] < 0)
		{
			visit(walk, parent);
			walk->lowest[t] = Min(walk->lowest[t], walk->lowest[parent]);
		}
		else if (walk->component[parent] < 0)
			walk->lowest[t] = Min(walk->lowest[t], walk->number[parent]);
	}
	if (walk->lowest[t] != walk->number[t])
		return;
	do
		walk->component[walk->stack[--walk->height]] = walk->ncomponents;
	while (walk->stack[walk->height] != t);
	walk->ncomponents++;
}

/*
 * The component of each target, a number from 0: those that lead to each other are
 * in the same one.  palloc'd.
 */
static int *
find_components(const SpindleFillPlan *plan, bool only_at_once, const int *within)
{
	const int	n = Max(plan->ntargets, 1);
	Walk		walk = {.plan = plan,.only_at_once = only_at_once,.within = within};

	walk.number = palloc(sizeof(int) * n);
	walk.lowest = palloc(sizeof(int) * n);
	walk.component = palloc(sizeof(int) * n);
	walk.stack = palloc(sizeof(int) * n);
	for (int t = 0; t < plan->ntargets; t++)
		walk.number[t] = walk.component[t] = -1;
	for (int t = 0; t < plan->ntargets; t++)
		if (walk.number[t] < 0)
			visit(&walk, t);
	return walk.component;
}

/* What is known while the order is made. */
typedef struct Order
{
	SpindleFillPlan *plan;
	int		   *circle;			/* per target: the component by all foreign keys */
	int		   *group;			/* by those that cannot be broken, within that */
	bool	   *is_done;
	int		   *target_of;		/* per table of the domain, -1 if it is none */
} Order;

/* What a candidate to come next would leave behind. */
typedef struct Breaks
{
	int			impossible;		/* foreign keys that forbid it */
	int			late;			/* that want columns to be null first */
	int			deferred;		/* that have to wait */
	int			domain;			/* references of the domain that no foreign key
								 * declares */
} Breaks;

/*
 * Add what it costs to fill a target now.  What it refers to inside its own
 * component, by component[], costs nothing here; what is beyond its circle has to
 * be complete.
 */
static void
add_cost(const Order *order, const int *component, int t, Breaks *cost)
{
	const SpindleFillTarget *target = &order->plan->target[t];
	const SpindleDomain *domain = order->plan->options->instance->domain;
	const SpindleTable *table = &domain->table[target->table];
	ListCell   *lc;

	foreach(lc, target->references)
	{
		const SpindleFillReference *reference = lfirst(lc);
		int			parent = reference->parent;

		if (parent < 0 || order->is_done[parent] || component[parent] == component[t])
			continue;
		if (order->circle[parent] != order->circle[t] || reference->way == SPINDLE_FILL_AT_ONCE)
			cost->impossible++;
		else if (reference->way == SPINDLE_FILL_NULL_FIRST)
			cost->late++;
		else
			cost->deferred++;
	}
	for (int k = 0; k < table->nforeign_keys; k++)
	{
		int			parent = order->target_of[table->foreign_key[k].table];

		if (parent >= 0 && !order->is_done[parent] && order->circle[parent] != order->circle[t])
			cost->domain++;
	}
}

/* Is a cheaper than b? */
static bool
is_cheaper(const Breaks *a, const Breaks *b)
{
	if (a->impossible != b->impossible)
		return a->impossible < b->impossible;
	if (a->late != b->late)
		return a->late < b->late;
	if (a->deferred != b->deferred)
		return a->deferred < b->deferred;
	return a->domain < b->domain;
}

/*
 * The targets that come next: the members of the component, by component[], with
 * the least cost, the first one of several; only those that in_circle says, or any
 * if it is negative.  NIL if all are done.
 */
static List *
choose_next(const Order *order, const int *component, int in_circle)
{
	const int	n = order->plan->ntargets;
	Breaks	   *cost = palloc0(sizeof(Breaks) * Max(n, 1));
	int			best = -1;
	List	   *members = NIL;

	for (int t = 0; t < n; t++)
		if (!order->is_done[t])
			add_cost(order, component, t, &cost[component[t]]);
	for (int t = 0; t < n; t++)
	{
		if (order->is_done[t] || (in_circle >= 0 && order->circle[t] != in_circle))
			continue;
		if (best < 0 || is_cheaper(&cost[component[t]], &cost[best]))
			best = component[t];
	}
	for (int t = 0; t < n; t++)
		if (best >= 0 && !order->is_done[t] && component[t] == best)
			members = lappend_int(members, t);
	pfree(cost);
	return members;
}

/*
 * Append a step, and break the foreign keys that refer ahead of it.  Those of a
 * table to itself need no break if one statement fills it.
 */
static void
add_step(Order *order, List *members)
{
	SpindleFillStep *step = palloc0(sizeof(SpindleFillStep));
	ListCell   *lc;
	ListCell   *lr;

	step->targets = members;
	step->is_at_once = list_length(members) > 1;
	foreach(lr, order->plan->target[linitial_int(members)].references)
	{
		const SpindleFillReference *reference = lfirst(lr);

		step->is_at_once |= reference->parent == linitial_int(members) && reference->way == SPINDLE_FILL_AT_ONCE;
	}
	foreach(lc, members)
	{
		SpindleFillTarget *target = &order->plan->target[lfirst_int(lc)];

		foreach(lr, target->references)
		{
			SpindleFillReference *reference = lfirst(lr);

			if (reference->parent < 0 || order->is_done[reference->parent] ||
				(step->is_at_once && list_member_int(members, reference->parent)))
				continue;
			reference->is_deferred = reference->way == SPINDLE_FILL_DEFER;
			reference->is_late = reference->way == SPINDLE_FILL_NULL_FIRST;
			if (reference->is_late)
				target->late = bms_union(target->late, reference->nulled);
		}
	}
	foreach(lc, members)
		order->is_done[lfirst_int(lc)] = true;
	order->plan->steps = lappend(order->plan->steps, step);
}

/*
 * spindle_fill_order
 *		Set the steps of a plan, and which foreign keys wait or have late columns.
 *
 * The references of all targets are known.  Takes a time of the square of the
 * number of targets.  Can be interrupted.
 */
void
spindle_fill_order(SpindleFillPlan *plan)
{
	const SpindleDomain *domain = plan->options->instance->domain;
	Order		order = {.plan = plan};
	List	   *circle;
	List	   *group;

	order.circle = find_components(plan, false, NULL);
	order.group = find_components(plan, true, order.circle);
	order.is_done = palloc0(sizeof(bool) * Max(plan->ntargets, 1));
	order.target_of = palloc(sizeof(int) * Max(domain->ntables, 1));
	for (int t = 0; t < domain->ntables; t++)
		order.target_of[t] = -1;
	for (int t = 0; t < plan->ntargets; t++)
		order.target_of[plan->target[t].table] = t;
	while ((circle = choose_next(&order, order.circle, -1)) != NIL)
	{
		int			number = order.circle[linitial_int(circle)];

		while ((group = choose_next(&order, order.group, number)) != NIL)
		{
			CHECK_FOR_INTERRUPTS();
			add_step(&order, group);
		}
	}
}

/*
 * spindle_fill_late_is_due
 *		Can the late columns of a target be set since some targets were filled?
 *
 * All targets that they refer to are filled, as is the target itself, and one of
 * them is among the last ones.
 */
bool
spindle_fill_late_is_due(const SpindleFillPlan *plan, int target, const bool *is_filled, const List *filled_last)
{
	bool		is_new = false;
	ListCell   *lc;

	if (!is_filled[target])
		return false;
	foreach(lc, plan->target[target].references)
	{
		const SpindleFillReference *reference = lfirst(lc);

		if (!reference->is_late)
			continue;
		if (!is_filled[reference->parent])
			return false;
		is_new |= list_member_int(filled_last, reference->parent);
	}
	return is_new;
}
