/*-------------------------------------------------------------------------
 *
 * lifecycle.c
 *		Reading what happens to the rows of a table: inserts and deletes.
 *
 * States stand in lifecycle_states.c, clocks and what changes in
 * lifecycle_set.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "define/lifecycle.h"
#include "define/rule_reader.h"

/* The sum of two durations, either of which may be unbounded. */
int64
spindle_time_sum(int64 a, int64 b)
{
	if (a == SPINDLE_NO_BOUND || b == SPINDLE_NO_BOUND)
		return SPINDLE_NO_BOUND;
	return a + b > SPINDLE_MAX_DELAY ? SPINDLE_NO_BOUND : a + b;
}

/*
 * spindle_parse_time_ref
 *		A path to a date or timestamp, that begins in a row of a table.
 *
 * Whether it can be NULL is not known yet.
 */
void
spindle_parse_time_ref(SpindleParse *parse, const SpindleJson *node, int table, SpindleTimeRef *time)
{
	spindle_parse_ref(parse, node, table, &time->ref);
	time->unit = spindle_ref_column(parse->domain, &time->ref)->type.ops->time_unit;
	if (time->unit == 0)
		spindle_json_error(node, NULL, "a date or timestamp column is needed.");
}

/*
 * spindle_parse_delay
 *		A delay in the members "after" and "unit" of an object; its draws have
 *		the label of its place.
 */
void
spindle_parse_delay(const SpindleJson *node, SpindleDelay *delay)
{
	SpindleJson after = spindle_json_member(node, "after");
	const SpindleDist *dist = &delay->dist;
	double		least;
	double		most;

	spindle_parse_dist(node, "after", &delay->dist);
	delay->unit = spindle_parse_unit(node);
	delay->label = spindle_label(spindle_json_path(&after));
	least = dist->kind == SPINDLE_DIST_DISCRETE ? (double) dist->first : dist->min;
	most = dist->kind == SPINDLE_DIST_DISCRETE ? (double) (dist->first + dist->alias->n - 1) : dist->max;
	if (!(least >= 0))
		spindle_json_error(&after, "Give the distribution a \"min\" of 0 or more.", "a delay cannot be negative.");
	if (least * delay->unit > (double) SPINDLE_MAX_DELAY)
		spindle_json_error(&after, NULL, "a delay of %g units is longer than 3000 years.", least);

	/* draws are rounded to microseconds */
	delay->shortest = (int64) floor(least * delay->unit + 0.5);
	delay->longest = most * delay->unit > (double) SPINDLE_MAX_DELAY ? SPINDLE_NO_BOUND :
		(int64) floor(most * delay->unit + 0.5);
}

/* "insert": {"at": PATH} or {"with": the column that refers to the parent}. */
static void
read_insert(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"at", "with", NULL};
	SpindleInsert *insert = &table->lifecycle->insert;
	SpindleJson m;

	spindle_json_expect_object(node, legal);
	if (spindle_json_size(node) != 1)
		spindle_json_error(node, NULL, "either \"at\" or \"with\" is needed.");
	if (spindle_json_has(node, "at"))
	{
		m = spindle_json_member(node, "at");
		insert->kind = SPINDLE_INSERT_AT;
		spindle_parse_time_ref(parse, &m, table->index, &insert->time);
		return;
	}
	m = spindle_json_member(node, "with");
	insert->kind = SPINDLE_INSERT_WITH;
	if (spindle_parse_column(parse, &m, table->index) != table->parent_column)
		spindle_json_error(&m, "A row can go with the row that it belongs to: name the column whose rule is \"parent\".",
						   "column \"%s\" does not have the rule \"parent\".", spindle_json_string(&m));
}

/* A profile's number: the one that has the name already, or a new one. */
static int
add_profile(SpindleDomain *domain, const SpindleJson *node)
{
	char	   *name = spindle_json_string(node);
	int			found = spindle_domain_find_profile(domain, name);

	spindle_parse_check_name(node, name);
	if (found >= 0)
		return found;
	if (domain->profile == NULL)
		domain->profile = palloc(sizeof(char *) * domain->ntables);
	domain->profile[domain->nprofiles] = name;
	return domain->nprofiles++;
}

/* "delete": {"with": ...} as for "insert", or "after" and "unit", "from", "fraction", "profile". */
static void
read_delete(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	static const char *const of_with[] = {"with", NULL};
	static const char *const of_after[] = {"after", "unit", "from", "fraction", "profile", NULL};
	SpindleDelete *delete = &table->lifecycle->delete;
	SpindleJson m;

	spindle_json_expect_object(node, NULL);
	if (spindle_json_has(node, "with"))
	{
		spindle_json_expect_object(node, of_with);
		m = spindle_json_member(node, "with");
		delete->kind = SPINDLE_DELETE_WITH;
		if (spindle_parse_column(parse, &m, table->index) != table->parent_column)
			spindle_json_error(&m, "A row can go with the row that it belongs to: name the column whose rule is \"parent\".",
							   "column \"%s\" does not have the rule \"parent\".", spindle_json_string(&m));
		return;
	}
	spindle_json_expect_object(node, of_after);
	delete->kind = SPINDLE_DELETE_AFTER;
	spindle_parse_delay(node, &delete->after);
	delete->label = spindle_label(spindle_json_path(node));
	delete->fraction = 1;
	if (spindle_json_has(node, "from"))
	{
		m = spindle_json_member(node, "from");
		spindle_parse_time_ref(parse, &m, table->index, &delete->from);
	}
	if (spindle_json_has(node, "fraction"))
	{
		m = spindle_json_member(node, "fraction");
		delete->fraction = spindle_json_number(&m, 0, 1);
	}
	if (spindle_json_has(node, "profile"))
	{
		m = spindle_json_member(node, "profile");
		delete->profile = add_profile(parse->domain, &m);
	}
}

/* "recreate": "after" and "unit", and the "fraction" that comes back. */
static void
read_recreate(const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"after", "unit", "fraction", NULL};
	SpindleDelete *delete = &table->lifecycle->delete;
	SpindleJson m;

	spindle_json_expect_object(node, legal);
	if (delete->kind != SPINDLE_DELETE_AFTER)
		spindle_json_error(node, "Rows that are deleted with another one come back with it.",
						   "the rows of table \"%s\" are not deleted after a time.", table->name);
	m = spindle_json_member(node, "fraction");
	delete->back_fraction = spindle_json_number(&m, 0, 1);
	delete->back_label = spindle_label(spindle_json_path(node));
	spindle_parse_delay(node, &delete->back_after);
	if (delete->back_after.shortest < 1)
		spindle_json_error(node, "Give the distribution of \"after\" a \"min\" above 0.",
						   "a row cannot come back at the moment of its delete.");
}

/*
 * spindle_parse_lifecycle_names
 *		The first pass over a table's lifecycle, before any rule is read: which
 *		states there are.
 *
 * Every table gets a lifecycle, in the current memory context.
 */
void
spindle_parse_lifecycle_names(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"insert", "states", "revisions", "delete", "recreate", NULL};
	SpindleLifecycle *lifecycle = palloc0(sizeof(SpindleLifecycle));
	SpindleJson m;

	table->lifecycle = lifecycle;
	lifecycle->delete.profile = -1;
	lifecycle->set_of_column = palloc(sizeof(int) * table->ncolumns);
	for (int c = 0; c < table->ncolumns; c++)
		lifecycle->set_of_column[c] = -1;
	if (!spindle_json_has(node, "lifecycle"))
		return;
	lifecycle->is_declared = true;
	m = spindle_json_member(node, "lifecycle");
	spindle_json_expect_object(&m, legal);
	if (spindle_json_has(&m, "states"))
	{
		SpindleJson states = spindle_json_member(&m, "states");

		lifecycle->states = spindle_parse_state_names(parse, &states, table);
	}
}

/*
 * spindle_parse_lifecycle
 *		Read the lifecycle of a table, when all rules are read.
 */
void
spindle_parse_lifecycle(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	SpindleJson lifecycle;
	SpindleJson m;

	if (!table->lifecycle->is_declared)
		return;
	lifecycle = spindle_json_member(node, "lifecycle");
	if (spindle_json_has(&lifecycle, "insert"))
	{
		m = spindle_json_member(&lifecycle, "insert");
		read_insert(parse, &m, table);
	}
	if (spindle_json_has(&lifecycle, "revisions"))
	{
		m = spindle_json_member(&lifecycle, "revisions");
		spindle_parse_clocks(parse, &m, table);
	}
	if (spindle_json_has(&lifecycle, "states"))
	{
		m = spindle_json_member(&lifecycle, "states");
		spindle_parse_states(parse, &m, table);
	}
	if (spindle_json_has(&lifecycle, "delete"))
	{
		m = spindle_json_member(&lifecycle, "delete");
		read_delete(parse, &m, table);
	}
	if (spindle_json_has(&lifecycle, "recreate"))
	{
		m = spindle_json_member(&lifecycle, "recreate");
		read_recreate(&m, table);
	}
}

/*
 * Pass to a visitor what tells when a row is inserted.  Where a table says nothing,
 * that is what can tell it: its event time, and what tells it of its parent.
 */
static void
visit_insert(const SpindleDomain *domain, int table, const SpindleRuleVisitor *visitor)
{
	const SpindleTable *t = &domain->table[table];

	if (t->lifecycle->insert.kind == SPINDLE_INSERT_AT)
	{
		spindle_visit_path(visitor, table, &t->lifecycle->insert.time.ref);
		return;
	}
	if (t->has_event_time)
		spindle_visit_path(visitor, table, &t->event_time);
	if (t->parent_column < 0)
		return;
	spindle_visit_column(visitor, table, t->parent_column);
	visit_insert(domain, t->rows_parent, visitor);
}

/* The same for its delete. */
static void
visit_delete(const SpindleDomain *domain, int table, const SpindleRuleVisitor *visitor)
{
	const SpindleTable *t = &domain->table[table];
	const SpindleDelete *delete = &t->lifecycle->delete;

	switch (delete->kind)
	{
		case SPINDLE_DELETE_NONE:
			break;
		case SPINDLE_DELETE_AFTER:
			if (delete->from.unit > 0)
				spindle_visit_path(visitor, table, &delete->from.ref);
			break;
		case SPINDLE_DELETE_WITH:
			spindle_visit_column(visitor, table, t->parent_column);
			visit_insert(domain, t->rows_parent, visitor);
			visit_delete(domain, t->rows_parent, visitor);
			break;
	}
}

/*
 * spindle_lifecycle_visit
 *		Pass to a visitor all that tells when something happens to the rows of
 *		a table.
 *
 * Row counts form no circle.  Some parts may come several times.
 */
void
spindle_lifecycle_visit(const SpindleDomain *domain, int table, const SpindleRuleVisitor *visitor)
{
	const SpindleLifecycle *lifecycle = domain->table[table].lifecycle;
	const SpindleStates *states = lifecycle->states;

	visit_insert(domain, table, visitor);
	visit_delete(domain, table, visitor);
	if (states == NULL)
		return;
	spindle_visit_column(visitor, table, states->column);
	if (states->has_before)
		spindle_visit_path(visitor, table, &states->before.ref);
	for (int i = 0; i < states->ntransitions; i++)
		if (states->transition[i].has_at)
			spindle_visit_path(visitor, table, &states->transition[i].at.ref);
}

/*
 * spindle_lifecycle_visit_sets
 *		Pass to a visitor what the values of earlier versions come from, beside
 *		what those of today do.
 */
void
spindle_lifecycle_visit_sets(const SpindleDomain *domain, int table, const SpindleRuleVisitor *visitor)
{
	const SpindleLifecycle *lifecycle = domain->table[table].lifecycle;

	for (int i = 0; i < lifecycle->nsets; i++)
		if (lifecycle->set[i].kind == SPINDLE_SET_TO)
			spindle_rule_visit(domain, table, lifecycle->set[i].rule, visitor);
}
