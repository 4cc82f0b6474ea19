/*-------------------------------------------------------------------------
 *
 * lifecycle_check.c
 *		What only the whole domain tells of lifecycles.
 *
 * First inserts are settled, also of tables that say nothing of theirs.  Then
 * everything is shown that must hold whatever is drawn: a row is not inserted
 * before those that it refers to, those that refer to a row are gone when it is
 * deleted, and nothing happens to a row after that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "define/lifecycle.h"
#include "define/rule_reader.h"
#include "define/time_order.h"

/* The place of a member of a table's lifecycle. */
char *
spindle_lifecycle_path(const SpindleTable *table, const char *member)
{
	return psprintf("tables.%s.lifecycle.%s", table->name, member);
}

/* A duration in words, palloc'd: in days, or in seconds if it is short. */
static char *
duration_text(int64 usecs)
{
	if (usecs == SPINDLE_NO_BOUND)
		return pstrdup("any time");
	return usecs >= USECS_PER_DAY || usecs <= -USECS_PER_DAY ? psprintf("%.3g days", (double) usecs / USECS_PER_DAY) :
		psprintf("%.6g seconds", (double) usecs / USECS_PER_SEC);
}

/*
 * The path of a table's insert, seen from a child of its rows, becomes that of the
 * child.
 */
static void
insert_with_parent(const SpindleTable *parent, SpindleTable *table)
{
	const SpindleInsert *of_parent = &parent->lifecycle->insert;
	SpindleInsert *insert = &table->lifecycle->insert;
	const int	nsteps = of_parent->time.ref.nsteps;

	insert->kind = SPINDLE_INSERT_WITH;
	insert->time = of_parent->time;
	insert->time.ref.step = palloc(sizeof(int) * (nsteps + 1));
	insert->time.ref.nsteps = nsteps + 1;
	insert->time.ref.step[0] = table->parent_column;
	memcpy(insert->time.ref.step + 1, of_parent->time.ref.step, sizeof(int) * nsteps);
	insert->depth = of_parent->depth + 1;
}

/* Is a table's event time the time at which its parent is inserted? */
static bool
is_time_of_parent(const SpindleDomain *domain, const SpindleTable *table)
{
	const SpindleInsert *insert = &domain->table[table->rows_parent].lifecycle->insert;
	Origin		own;
	Origin		parent;

	spindle_time_origin(domain, table->index, -1, &table->event_time, &own);
	spindle_time_origin(domain, table->index, table->parent_column, &insert->time.ref, &parent);
	return spindle_origin_equal(&own, &parent);
}

/*
 * Settle when the rows of a table are inserted; those of its parent first.
 *
 * Without a word in the definition it is the event time, with the parent if that
 * has the same or if there is no event time; else rows are there from the start.
 */
static void
settle_insert(SpindleDomain *domain, SpindleTable *table, bool *done)
{
	SpindleInsert *insert = &table->lifecycle->insert;
	const SpindleTable *parent = table->parent_column >= 0 ? &domain->table[table->rows_parent] : NULL;
	bool		parent_moves;

	check_stack_depth();
	if (done[table->index])
		return;
	done[table->index] = true;
	if (parent)
		settle_insert(domain, &domain->table[table->rows_parent], done);
	parent_moves = parent && parent->lifecycle->insert.kind != SPINDLE_INSERT_INITIAL;
	insert->is_declared = insert->kind != SPINDLE_INSERT_INITIAL;
	if (insert->kind == SPINDLE_INSERT_WITH && !parent_moves)
		insert->kind = SPINDLE_INSERT_INITIAL;
	else if (insert->kind == SPINDLE_INSERT_WITH)
		insert_with_parent(parent, table);
	else if (insert->kind == SPINDLE_INSERT_INITIAL && parent_moves &&
			 (!table->has_event_time || is_time_of_parent(domain, table)))
		insert_with_parent(parent, table);
	else if (insert->kind == SPINDLE_INSERT_INITIAL && table->has_event_time)
	{
		insert->kind = SPINDLE_INSERT_AT;
		insert->time.ref = table->event_time;
		insert->time.unit = spindle_ref_column(domain, &table->event_time)->type.ops->time_unit;
	}
	table->lifecycle->delete.from_start = insert->kind == SPINDLE_INSERT_INITIAL &&
		table->lifecycle->delete.from.unit == 0;
}

/*
 * spindle_lifecycle_settle
 *		Settle when the rows of all tables are inserted.
 *
 * All rules are read, and no column depends on itself.  Allocates in the current
 * memory context, which is the domain's.
 */
void
spindle_lifecycle_settle(SpindleDomain *domain)
{
	bool	   *done = palloc0(sizeof(bool) * domain->ntables);

	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];
		SpindleInsert *insert = &table->lifecycle->insert;

		settle_insert(domain, table, done);
		if (insert->kind != SPINDLE_INSERT_INITIAL)
			insert->time.may_be_null = spindle_path_may_be_null(domain, t, &insert->time.ref, NULL);
	}
	pfree(done);
}

/* Whether a path can be NULL is known now. */
static void
settle_time_ref(const SpindleDomain *domain, int table, SpindleTimeRef *time)
{
	time->may_be_null = spindle_path_may_be_null(domain, table, &time->ref, NULL);
}

/* The time of a table's insert, seen from a row of another table that the column via leads to. */
static void
insert_origin(const SpindleDomain *domain, int table, int via, const SpindleTable *of, Origin *origin)
{
	spindle_time_origin(domain, table, via, &of->lifecycle->insert.time.ref, origin);
}

/*
 * How much later a time is than the insert of the row; false if it is not shown to
 * be later at all.  Rows that are there from the start know nothing of it.
 */
static bool
lag_of(const SpindleDomain *domain, const SpindleTable *table, const SpindleColumnRef *time, SpindleLag *lag)
{
	Origin		insert;
	Origin		later;

	if (table->lifecycle->insert.kind == SPINDLE_INSERT_INITIAL)
	{
		*lag = (SpindleLag) {0, SPINDLE_NO_BOUND};
		return true;
	}
	insert_origin(domain, table->index, -1, table, &insert);
	spindle_time_origin(domain, table->index, -1, time, &later);
	return spindle_time_lag(domain, table->index, &insert, &later, lag) && lag->shortest >= 0;
}

/* Refuse a time that is not shown to be later than the insert of its row. */
static void
require_after_insert(const SpindleDomain *domain, const SpindleTable *table, const SpindleTimeRef *time,
					 const char *member, SpindleLag *lag)
{
	StringInfoData name;

	if (lag_of(domain, table, &time->ref, lag))
		return;
	initStringInfo(&name);
	spindle_describe_path(&name, domain, table->index, &time->ref);
	spindle_model_error(domain, spindle_lifecycle_path(table, member),
						psprintf("\"%s\" may be before the insert of the row.", name.data),
						"Take a time that follows from that of the insert, such as an \"offset\" of 0 or more from it.");
}

/* The table whose rows a column chooses, itself or by what it copies; -1 if none. */
static int
chosen_table(const SpindleDomain *domain, const SpindleColumn *column)
{
	while (column->target < 0 && column->rule->kind == SPINDLE_RULE_COPY)
		column = spindle_ref_column(domain, &column->rule->copy);
	return column->target;
}

/* The table that a column refers to by a foreign key of the table, or -1. */
static int
referred_table(const SpindleDomain *domain, const SpindleTable *table, int c)
{
	const SpindleColumn *column = &table->column[c];
	int			target = chosen_table(domain, column);

	if (target < 0)
		target = column->references;
	if (target < 0 || (column->hidden && column->type.kind != SPINDLE_ROW))
		return -1;
	for (int k = 0; k < table->nforeign_keys; k++)
		if (table->foreign_key[k].table == target)
			return target;
	return -1;
}

/* Is a row surely not inserted before the one that a column refers to? */
static bool
is_after_referred(const SpindleDomain *domain, const SpindleTable *table, int c, const SpindleTable *referred)
{
	Origin		own;
	Origin		other;
	SpindleLag	lag;

	if (referred->lifecycle->insert.kind == SPINDLE_INSERT_INITIAL)
		return true;
	if (table->lifecycle->insert.kind == SPINDLE_INSERT_INITIAL ||
		chosen_table(domain, &table->column[c]) < 0)
		return false;
	insert_origin(domain, table->index, c, referred, &other);
	insert_origin(domain, table->index, -1, table, &own);
	return spindle_time_lag(domain, table->index, &other, &own, &lag) && lag.shortest >= 0;
}

/*
 * Show that no row of a table is inserted before one that it refers to.
 *
 * Where neither table declares an insert that is only noted: domains that know
 * nothing of lifecycles stay what they are.
 */
static void
check_references(const SpindleDomain *domain, SpindleTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
	{
		int			target = referred_table(domain, table, c);
		const SpindleTable *referred = &domain->table[Max(target, 0)];

		CHECK_FOR_INTERRUPTS();
		if (target < 0 || is_after_referred(domain, table, c, referred))
			continue;
		table->lifecycle->insert.is_unproven = true;
		if (!table->lifecycle->is_declared && !referred->lifecycle->insert.is_declared)
			continue;
		spindle_model_error(domain, spindle_lifecycle_path(table, "insert"),
							psprintf("a row may be inserted before the row of table \"%s\" that its column \"%s\" refers to.",
									 referred->name, table->column[c].name),
							"Let the reference choose \"after\" or \"containing\" the time of the insert, insert the row \"with\" its "
							"parent or at an \"offset\" from the other's insert, or leave the other there from the start.");
	}
}

/* What must be known of an insert for what else the lifecycle declares. */
static void
check_insert(const SpindleDomain *domain, SpindleTable *table)
{
	SpindleInsert *insert = &table->lifecycle->insert;
	Origin		time;
	SpindleLag	lag;

	if (insert->kind == SPINDLE_INSERT_INITIAL)
		return;
	insert_origin(domain, table->index, -1, table, &time);
	insert->rises = !insert->time.may_be_null && spindle_time_rises(domain, table->index, &time);
	insert->has_base = !insert->rises && !insert->time.may_be_null &&
		spindle_time_base(domain, table->index, &time, &insert->base, &lag) &&
		lag.longest - lag.shortest <= SPINDLE_MAX_WINDOW;
	if (insert->has_base)
	{
		insert->shortest = lag.shortest;
		insert->longest = lag.longest;
	}
	if (!table->lifecycle->is_declared)
		return;
	if (insert->time.may_be_null)
		spindle_model_error(domain, spindle_lifecycle_path(table, "insert"), "the time of the insert can be NULL.", NULL);
	if (!insert->rises && !insert->has_base)
		spindle_model_error(domain, spindle_lifecycle_path(table, "insert"),
							"the times of the inserts neither rise with the row nor follow such a time within 400 days.",
							"Take a \"time\" that is \"ordered\", of the row or of its parent, or a bounded \"offset\" from one.");
}

/* The time within which steps or deletes of rows lie that follow each other, in words. */
static void
require_window(const SpindleDomain *domain, const SpindleTable *table, const char *member, int64 shortest, int64 longest)
{
	const SpindleInsert *insert = &table->lifecycle->insert;
	int64		width = longest;

	if (longest != SPINDLE_NO_BOUND)
		width = longest - shortest + (insert->has_base ? insert->longest - insert->shortest : 0);
	if (width <= SPINDLE_MAX_WINDOW)
		return;
	spindle_model_error(domain, spindle_lifecycle_path(table, member),
						psprintf("from the first to the last moment at which it can happen after the row's insert it is %s.",
								 duration_text(width)),
						"400 days are possible: give distributions a \"min\" and a \"max\", or \"states\" a \"within\".");
}

/* For each step, when it comes after the insert: from earliest to latest. */
static void
bound_steps(const SpindleDomain *domain, const SpindleTable *table, SpindleStates *states)
{
	int64	   *low = palloc(sizeof(int64) * states->nstates);
	int64	   *high = palloc(sizeof(int64) * states->nstates);
	int64	   *next_low = palloc(sizeof(int64) * states->nstates);
	int64	   *next_high = palloc(sizeof(int64) * states->nstates);

	for (int t = 0; t < states->ntransitions; t++)
	{
		states->transition[t].earliest = SPINDLE_NO_BOUND;
		states->transition[t].latest = 0;
	}
	for (int s = 0; s < states->nstates; s++)
	{
		low[s] = SPINDLE_NO_BOUND;
		high[s] = -1;			/* not reached */
	}
	low[states->initial] = high[states->initial] = 0;
	for (int step = 0; step < states->nsteps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int s = 0; s < states->nstates; s++)
		{
			next_low[s] = SPINDLE_NO_BOUND;
			next_high[s] = -1;
		}
		for (int t = 0; t < states->ntransitions; t++)
		{
			SpindleTransition *at = &states->transition[t];

			if (at->to < 0 || high[at->from] < 0 || at->has_at)
				continue;
			at->earliest = Min(at->earliest, spindle_time_sum(low[at->from], at->after.shortest));
			at->latest = Max(at->latest, spindle_time_sum(high[at->from], at->after.longest));
			next_low[at->to] = Min(next_low[at->to], spindle_time_sum(low[at->from], at->after.shortest));
			next_high[at->to] = Max(next_high[at->to], spindle_time_sum(high[at->from], at->after.longest));
		}
		memcpy(low, next_low, sizeof(int64) * states->nstates);
		memcpy(high, next_high, sizeof(int64) * states->nstates);
	}
	pfree(low);
	pfree(high);
	pfree(next_low);
	pfree(next_high);
}

/*
 * The bounds of all steps, and that they are close enough together.
 *
 * Where walks are made to fit a time or a duration, steps can come at once.
 */
static void
check_steps(const SpindleDomain *domain, SpindleTable *table)
{
	SpindleStates *states = table->lifecycle->states;
	bool		is_moved = false;
	SpindleLag	lag;

	if (states->has_before)
	{
		settle_time_ref(domain, table->index, &states->before);
		require_after_insert(domain, table, &states->before, "states.before", &lag);
		is_moved = true;
	}
	bound_steps(domain, table, states);
	for (int t = 0; t < states->ntransitions; t++)
		is_moved |= states->transition[t].has_at || states->transition[t].latest > states->within;
	states->longest = 0;
	for (int t = 0; t < states->ntransitions; t++)
	{
		SpindleTransition *at = &states->transition[t];

		if (at->to < 0)
			continue;
		if (at->has_at)
		{
			settle_time_ref(domain, table->index, &at->at);
			require_after_insert(domain, table, &at->at, "states.transitions", &lag);

			/* at a time that is missing, the step comes at once */
			at->earliest = at->at.may_be_null ? 0 : lag.shortest;
			at->latest = lag.longest;
		}
		else
		{
			at->earliest = is_moved ? 0 : at->earliest;
			at->latest = Min(at->latest, states->within);
		}
		require_window(domain, table, "states.transitions", at->earliest, at->latest);
		states->longest = Max(states->longest, at->latest);
	}
}

/* What the check of a column's final states needs. */
typedef struct FinalStates
{
	const SpindleDomain *domain;
	const SpindleTable *table;
} FinalStates;

/* A value of a column that has states, as text. */
static const char *
state_text(const SpindleType *type, int64 value)
{
	const SpindleText *text;

	switch (type->kind)
	{
		case SPINDLE_BOOL:
			return value ? "true" : "false";
		case SPINDLE_INT:
			return psprintf(INT64_FORMAT, value);
		default:
			text = (const SpindleText *) (intptr_t) value;
			return psprintf("\"%.*s\"", text->len, text->data);
	}
}

/* Refuse a value that is no state, or in which no walk ends. */
static void
require_final(void *context, int64 value)
{
	const FinalStates *check = context;
	const SpindleStates *states = check->table->lifecycle->states;
	const SpindleColumn *column = &check->table->column[states->column];
	StringInfoData ends;
	bool		found = false;

	initStringInfo(&ends);
	for (int s = 0; s < states->nstates; s++)
		if (spindle_states_reach(states, s, states->initial, states->nsteps) > 0)
		{
			appendStringInfo(&ends, "%s%s", ends.len > 0 ? ", " : "", states->name[s]);
			found |= spindle_values_equal(&column->type, states->value[s], value);
		}
	if (!found)
		spindle_model_error(check->domain, spindle_lifecycle_path(check->table, "states"),
							psprintf("column \"%s\" can have the value %s, in which no life ends.", column->name,
									 state_text(&column->type, value)),
							psprintf("Lives end in: %s.  A \"stay\" lets them end in other states.", ends.data));
	pfree(ends.data);
}

/* That today's values are ends of lives. */
static void
check_finals(const SpindleDomain *domain, const SpindleTable *table)
{
	const SpindleStates *states = table->lifecycle->states;
	const SpindleRule *rule = table->column[states->column].rule;
	FinalStates check = {domain, table};

	if (!spindle_rule_values(domain, rule, require_final, &check))
		spindle_model_error(domain, spindle_lifecycle_path(table, "states.column"),
							psprintf("the values of column \"%s\" do not follow from the definition.", table->column[states->column].name),
							"Take a rule that names them: weighted, constant, data, of_variant, or a case, pool or copy of such.");
}

/*
 * How many generations above a row the row is that a column refers to, if that is
 * shown to be one of its parents; else 0.
 */
static int
generations_above(const SpindleDomain *domain, const SpindleTable *table, int c, int target)
{
	const SpindleTable *referred = &domain->table[target];
	Origin		origin;
	int			t = table->index;

	if (c == table->parent_column)
		return 1;

	/* a column that is nothing else ends the way to the row */
	for (int k = 0; k < referred->ncolumns; k++)
		if (referred->column[k].rule->kind != SPINDLE_RULE_COPY && referred->column[k].target < 0)
		{
			const SpindleColumnRef ref = {.table = target,.column = k};

			spindle_time_origin(domain, table->index, c, &ref, &origin);
			for (int i = 0; i < origin.n - 1; i++)
			{
				if (origin.column[i] != domain->table[t].parent_column)
					return 0;
				t = domain->table[t].rows_parent;
			}
			return t == target ? origin.n - 1 : 0;
		}
	return 0;
}

/* Are the rows of a table deleted with those so many generations above them? */
static bool
is_deleted_with(const SpindleDomain *domain, const SpindleTable *table, int generations)
{
	for (int i = 0; i < generations; i++)
	{
		if (table->lifecycle->delete.kind != SPINDLE_DELETE_WITH)
			return false;
		table = &domain->table[table->rows_parent];
	}
	return generations > 0;
}

/* That whatever refers to a row that is deleted is deleted with it. */
static void
check_orphans(const SpindleDomain *domain, const SpindleTable *table)
{
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *other = &domain->table[t];

		CHECK_FOR_INTERRUPTS();
		for (int c = 0; c < other->ncolumns; c++)
		{
			if (referred_table(domain, other, c) != table->index ||
				is_deleted_with(domain, other, generations_above(domain, other, c, table->index)))
				continue;
			spindle_model_error(domain, spindle_lifecycle_path(table, "delete"),
								psprintf("column \"%s\" of table \"%s\" may refer to a row that is deleted.",
										 other->column[c].name, other->name),
								other->parent_column == c ?
								psprintf("Let the lifecycle of \"%s\" have \"delete\": {\"with\": \"%s\"}.", other->name, other->column[c].name) :
								"Rows can be deleted if only their children refer to them, and these are deleted with them.");
		}
	}
}

/*
 * What deletes the rows of a table: the table itself, or that of the parents with
 * which its rows are deleted.  Raises an error if these are not deleted.
 */
static const SpindleTable *
deleting_table(const SpindleDomain *domain, const SpindleTable *table)
{
	const SpindleTable *at = table;

	while (at->lifecycle->delete.kind == SPINDLE_DELETE_WITH)
		at = &domain->table[at->rows_parent];
	if (at->lifecycle->delete.kind == SPINDLE_DELETE_NONE)
		spindle_model_error(domain, spindle_lifecycle_path(table, "delete"),
							psprintf("the rows of table \"%s\" are never deleted.", at->name), NULL);
	return at;
}

/*
 * When rows of a table that is deleted after a time are deleted, after their
 * insert; and the window in which they come back.
 */
static SpindleLag
check_delete_times(const SpindleDomain *domain, SpindleTable *table)
{
	SpindleDelete *delete = &table->lifecycle->delete;
	SpindleLag	lag = {0, 0};
	int64		back;

	if (delete->from.unit > 0)
	{
		settle_time_ref(domain, table->index, &delete->from);
		require_after_insert(domain, table, &delete->from, "delete.from", &lag);
	}
	lag.shortest += delete->after.shortest;
	lag.longest = spindle_time_sum(lag.longest, delete->after.longest);
	require_window(domain, table, "delete", lag.shortest, lag.longest);
	if (delete->back_fraction > 0)
	{
		back = spindle_time_sum(lag.longest, delete->back_after.longest);
		require_window(domain, table, "recreate", lag.shortest + delete->back_after.shortest, back);
	}
	return lag;
}

/*
 * The way from a row of a table to the time of the insert of the row with which it
 * is deleted; without columns if there is none.
 */
static void
way_to_insert(const SpindleDomain *domain, const SpindleTable *table, const SpindleTable *deleting, Origin *origin)
{
	const SpindleColumnRef *time = &deleting->lifecycle->insert.time.ref;
	const SpindleTable *at = table;
	int			way[MAX_ORIGIN];
	int			n = 0;

	origin->n = 0;
	if (deleting->lifecycle->insert.kind == SPINDLE_INSERT_INITIAL)
		return;
	for (; at != deleting && n < MAX_ORIGIN - 1 - time->nsteps; at = &domain->table[at->rows_parent])
		way[n++] = at->parent_column;
	if (at != deleting)
		return;
	memcpy(way + n, time->step, sizeof(int) * time->nsteps);
	n += time->nsteps;
	way[n++] = time->column;
	spindle_origin_of(domain, table->index, way, n, origin);
}

/*
 * That nothing happens to a row of a table after its delete, which comes at least
 * so much after the insert of the row of the deleting table.
 */
static void
check_last_moment(const SpindleDomain *domain, const SpindleTable *table, const SpindleTable *deleting, int64 shortest)
{
	const SpindleStates *states = table->lifecycle->states;
	SpindleLag	lag = {0, 0};
	int64		last;
	Origin		insert;
	Origin		own;

	if (table != deleting && table->lifecycle->insert.kind != SPINDLE_INSERT_INITIAL)
	{
		way_to_insert(domain, table, deleting, &insert);
		insert_origin(domain, table->index, -1, table, &own);
		if (!spindle_time_lag(domain, table->index, &insert, &own, &lag))
			lag.longest = SPINDLE_NO_BOUND;
	}
	last = spindle_time_sum(lag.longest, states ? states->longest : 0);
	if (last <= shortest)
		return;
	spindle_model_error(domain, spindle_lifecycle_path(table, "delete"),
						psprintf("the row can be inserted or take a step %s after the insert of the row of \"%s\", but that can be deleted after %s.",
								 duration_text(last), deleting->name, duration_text(shortest)),
						"Let the delete come later, or give delays a \"max\" and \"states\" a \"within\".");
}

/*
 * spindle_lifecycle_check
 *		Show what must hold of all lifecycles, or report what is wrong.
 *
 * Everything else of the domain has been checked.
 */
void
spindle_lifecycle_check(SpindleDomain *domain)
{
	SpindleLag *deleted = palloc0(sizeof(SpindleLag) * domain->ntables);

	for (int t = 0; t < domain->ntables; t++)
		check_insert(domain, &domain->table[t]);
	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];

		check_references(domain, table);
		if (table->lifecycle->states)
		{
			check_steps(domain, table);
			check_finals(domain, table);
		}
		spindle_lifecycle_check_sets(domain, table);
		if (table->lifecycle->delete.kind == SPINDLE_DELETE_AFTER)
			deleted[t] = check_delete_times(domain, table);
	}
	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];
		const SpindleTable *deleting;

		if (table->lifecycle->delete.kind == SPINDLE_DELETE_NONE)
			continue;
		deleting = deleting_table(domain, table);
		table->lifecycle->delete.profile = deleting->lifecycle->delete.profile;
		check_orphans(domain, table);
		check_last_moment(domain, table, deleting, deleted[deleting->index].shortest);
	}
	pfree(deleted);
}
