/*-------------------------------------------------------------------------
 *
 * window.c
 *		How far moments of rows are from times that rise with the row number.
 *
 * What is known here decides how much is looked at to find the next moments, and
 * nothing else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "miscadmin.h"

#include "stream/window.h"

static const SpindleWindow unknown = {.is_known = false};

/*
 * Does a path lead over parents only?  Then what rises with the row number at its
 * end does so at its beginning.  A path without steps does.
 */
static bool
leads_over_parents(const SpindleDomain *domain, int table, const SpindleColumnRef *ref)
{
	for (int i = 0; i < ref->nsteps; i++)
	{
		if (ref->step[i] != domain->table[table].parent_column)
			return false;
		table = domain->table[table].rows_parent;
	}
	return true;
}

/*
 * The window of a table at the end of a path as one of the table where the path
 * begins; its steps count, not its column.
 */
static SpindleWindow
behind(SpindleWindow window, const SpindleColumnRef *path, int nsteps)
{
	SpindleColumnRef *ref = &window.base.ref;
	int		   *step;

	if (!window.is_known || nsteps == 0)
		return window;
	step = palloc(sizeof(int) * (nsteps + ref->nsteps));
	memcpy(step, path->step, sizeof(int) * nsteps);
	if (ref->nsteps > 0)
		memcpy(step + nsteps, ref->step, sizeof(int) * ref->nsteps);
	ref->nsteps += nsteps;
	ref->step = step;
	return window;
}

/* A window that begins and ends later; longest may be SPINDLE_NO_BOUND. */
static SpindleWindow
later(SpindleWindow window, int64 shortest, int64 longest)
{
	if (!window.is_known || longest == SPINDLE_NO_BOUND || longest > SPINDLE_MAX_DELAY ||
		window.longest > SPINDLE_MAX_DELAY)
		return unknown;
	window.shortest += shortest;
	window.longest += longest;
	return window;
}

/*
 * spindle_window_of_path
 *		That of the time at the end of a path.
 *
 * It is known of times that rise with the row number, and of offsets from these by
 * a bounded distance, with all of them timestamps and never null.  Distances beyond
 * a million units are taken as unbounded, so that sums stay within 64 bits, and so
 * are times that are cut, which can be nearer than any distance.
 */
SpindleWindow
spindle_window_of_path(const SpindleDomain *domain, int table, const SpindleColumnRef *ref)
{
	const SpindleColumn *column = spindle_ref_column(domain, ref);
	const SpindleRule *rule = column->rule;

	check_stack_depth();
	if (!leads_over_parents(domain, table, ref) || column->nullable || column->type.ops->time_unit == 0)
		return unknown;
	if (column->monotone)
	{
		SpindleWindow window = {.is_known = true};

		window.base.ref = *ref;
		window.base.unit = column->type.ops->time_unit;
		return window;
	}
	if (rule->kind != SPINDLE_RULE_OFFSET || rule->offset.limit != SPINDLE_LIMIT_NONE ||
		!spindle_type_is_timestamp(&column->type) ||
		!spindle_type_is_timestamp(&spindle_ref_column(domain, &rule->offset.source)->type) ||
		!(rule->offset.by.max < 1e6 && rule->offset.by.min > -1e6))
		return unknown;

	/* whole units are rounded, by half a unit at most */
	return later(behind(spindle_window_of_path(domain, ref->nsteps > 0 ? ref->table : table, &rule->offset.source),
						ref, ref->nsteps),
				 (int64) floor((rule->offset.by.min - 0.5) * rule->offset.unit) - 1,
				 (int64) ceil((rule->offset.by.max + 0.5) * rule->offset.unit) + 1);
}

/*
 * spindle_window_of_insert
 *		That of the inserts of a table's rows.
 */
SpindleWindow
spindle_window_of_insert(const SpindleDomain *domain, int table)
{
	const SpindleInsert *insert = &domain->table[table].lifecycle->insert;
	const SpindleColumnRef *ref = &insert->time.ref;
	SpindleWindow window = {.is_known = true};

	if (insert->kind == SPINDLE_INSERT_INITIAL || insert->time.may_be_null)
		return unknown;
	if (insert->rises)
		window.base = insert->time;
	else if (insert->kind == SPINDLE_INSERT_AT && insert->has_base)
	{
		window.base = insert->base;
		window.shortest = insert->shortest;
		window.longest = insert->longest;
	}
	else if (insert->kind == SPINDLE_INSERT_WITH && leads_over_parents(domain, table, ref))
		return behind(spindle_window_of_insert(domain, ref->table), ref, ref->nsteps);
	else
		return spindle_window_of_path(domain, table, ref);
	return window;
}

/*
 * spindle_window_of_steps
 *		That of the steps of a table's rows through their states: of those behind a
 *		delay, or of those at a time.
 */
SpindleWindow
spindle_window_of_steps(const SpindleDomain *domain, int table, bool timed)
{
	const SpindleStates *states = domain->table[table].lifecycle->states;
	int64		earliest = SPINDLE_NO_BOUND;
	int64		latest = 0;

	for (int t = 0; t < states->ntransitions; t++)
	{
		const SpindleTransition *transition = &states->transition[t];

		if (transition->to < 0 || transition->has_at != timed)
			continue;
		earliest = Min(earliest, transition->earliest);
		latest = Max(latest, transition->latest);
	}
	return later(spindle_window_of_insert(domain, table), Min(earliest, latest), latest);
}

/*
 * spindle_has_steps
 *		Are there steps behind a delay, or at a time?
 */
bool
spindle_has_steps(const SpindleStates *states, bool timed)
{
	for (int t = 0; states && t < states->ntransitions; t++)
		if (states->transition[t].to >= 0 && states->transition[t].has_at == timed)
			return true;
	return false;
}

/* The window of parents as one of a table of children. */
static SpindleWindow
of_parents(const SpindleDomain *domain, int table, SpindleWindow window)
{
	int			step = domain->table[table].parent_column;
	const SpindleColumnRef parent = {.nsteps = 1,.step = &step};

	return behind(window, &parent, 1);
}

/*
 * spindle_window_of_delete
 *		That of the deletes of a table's rows.
 */
SpindleWindow
spindle_window_of_delete(const SpindleDomain *domain, int table)
{
	const SpindleDelete *delete = &domain->table[table].lifecycle->delete;
	SpindleWindow window = unknown;

	check_stack_depth();
	if (delete->kind == SPINDLE_DELETE_WITH)
		return of_parents(domain, table, spindle_window_of_delete(domain, domain->table[table].rows_parent));
	if (delete->from.unit > 0)
		window = spindle_window_of_path(domain, table, &delete->from.ref);
	else if (!delete->from_start)
		window = spindle_window_of_insert(domain, table);
	return later(window, delete->after.shortest, delete->after.longest);
}

/*
 * spindle_window_of_back
 *		That of the times at which a table's rows come back.
 */
SpindleWindow
spindle_window_of_back(const SpindleDomain *domain, int table)
{
	const SpindleDelete *delete = &domain->table[table].lifecycle->delete;

	check_stack_depth();
	if (delete->kind == SPINDLE_DELETE_WITH)
		return of_parents(domain, table, spindle_window_of_back(domain, domain->table[table].rows_parent));
	return later(spindle_window_of_delete(domain, table), delete->back_after.shortest, delete->back_after.longest);
}
