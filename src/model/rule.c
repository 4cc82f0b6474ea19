/*-------------------------------------------------------------------------
 *
 * rule.c
 *		What can be told of rules, and of paths to columns, without their kind.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/model.h"

/*
 * spindle_rule_visit
 *		Pass all parts that a rule's value comes from to a visitor, in a fixed
 *		order; rules inside it as a whole.
 */
void
spindle_rule_visit(const SpindleDomain *domain, int table, const SpindleRule *rule,
				   const SpindleRuleVisitor *visitor)
{
	for (int i = 0; i < rule->nkeyed; i++)
		spindle_visit_path(visitor, table, &rule->keyed[i]);
	rule->ops->visit(domain, table, rule, visitor);
}

/* The answers of kinds that have no parts, give no NULL and know no order. */
void
spindle_rule_no_parts(const SpindleDomain *domain, int table, const SpindleRule *rule,
					  const SpindleRuleVisitor *visitor)
{
}

bool
spindle_rule_never_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
						const SpindleColumnRef *known)
{
	return false;
}

bool
spindle_rule_any_time(const SpindleDomain *domain, const SpindleRule *rule, int day)
{
	return false;
}

bool
spindle_rule_any_order(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return false;
}

/*
 * spindle_visit_target
 *		For rules that refer to a table's rows: they need its key, unless they
 *		fill a column of type row.
 */
void
spindle_visit_target(const SpindleRuleVisitor *visitor, const SpindleTable *table, const SpindleRule *rule)
{
	if (rule->type->kind == SPINDLE_ROW)
		return;
	for (int k = 0; k < table->nkeys; k++)
		spindle_visit_column(visitor, table->index, table->key[k]);
}

/*
 * spindle_visit_test
 *		The parts of a condition on a row of a table: the paths that it compares,
 *		or the number of children.
 */
void
spindle_visit_test(const SpindleRuleVisitor *visitor, int table, const SpindleTest *test)
{
	switch (test->kind)
	{
		case SPINDLE_TEST_HAS_CHILD:
		case SPINDLE_TEST_NO_CHILD:
			spindle_visit_children(visitor, test->child);
			break;
		case SPINDLE_TEST_AND:
		case SPINDLE_TEST_OR:
			for (int i = 0; i < test->nparts; i++)
				spindle_visit_test(visitor, table, &test->part[i]);
			break;
		default:
			spindle_visit_path(visitor, table, &test->ref);
			if (test->has_other)
				spindle_visit_path(visitor, table, &test->other);
			break;
	}
}

/*
 * spindle_test_asks_children
 *		Does a condition ask which children a row has?
 */
bool
spindle_test_asks_children(const SpindleTest *test)
{
	bool		result = test->kind == SPINDLE_TEST_HAS_CHILD || test->kind == SPINDLE_TEST_NO_CHILD;

	for (int i = 0; i < test->nparts; i++)
		result |= spindle_test_asks_children(&test->part[i]);
	return result;
}

/*
 * Can the value at the end of a path be NULL, or the path end early, if one
 * other path is known not to be NULL?
 */
static bool
may_be_null_beside(const SpindleDomain *domain, int table, const SpindleColumnRef *ref,
				   const SpindleColumnRef *known)
{
	bool		on_known = true;

	for (int i = 0; i < ref->nsteps; i++)
	{
		bool		is_known = on_known && i <= known->nsteps &&
		ref->step[i] == (i < known->nsteps ? known->step[i] : known->column);

		if (spindle_column_source(domain, table, ref->step[i])->by_value ||
			(domain->table[table].column[ref->step[i]].nullable && !is_known))
			return true;
		on_known = is_known && i < known->nsteps;
		table = spindle_column_target(domain, table, ref->step[i]);
	}
	if (on_known && ref->nsteps == known->nsteps && ref->column == known->column)
		return false;
	return spindle_ref_column(domain, ref)->nullable;
}

/*
 * spindle_path_may_be_null
 *		Can the value at the end of a path be NULL, or the path end early?
 *
 * The path begins in a row of table.  known, if not NULL, are paths from the
 * same table whose values are known not to be NULL, ended by one with the column
 * -1; then the references on them are not NULL either.  Any other column counts
 * as one that can be NULL if it is nullable, whether its rule gives NULL or not.  A
 * value need not be that of any key.
 */
bool
spindle_path_may_be_null(const SpindleDomain *domain, int table, const SpindleColumnRef *ref,
						 const SpindleColumnRef *known)
{
	/* a path without steps to a column that no table has knows nothing */
	static const SpindleColumnRef nothing = {.column = -1};

	for (; known && known->column >= 0; known++)
		if (!may_be_null_beside(domain, table, ref, known))
			return false;
	return may_be_null_beside(domain, table, ref, &nothing);
}

/*
 * spindle_path_never_before
 *		Is the time at the end of a path surely never before a day, in days
 *		since 2000-01-01?  False if nothing is known.
 */
bool
spindle_path_never_before(const SpindleDomain *domain, const SpindleColumnRef *ref, int day)
{
	const SpindleRule *rule = spindle_ref_column(domain, ref)->rule;

	return rule->ops->never_before(domain, rule, day);
}

/*
 * spindle_column_is_ordered_time
 *		Does a column's time rise with the row number, so that it has a
 *		timeline?  A copy of such a column has none.
 */
bool
spindle_column_is_ordered_time(const SpindleColumn *column)
{
	return column->rule->kind == SPINDLE_RULE_TIME && column->rule->time.ordered &&
		column->null_fraction == 0;
}

/*
 * spindle_uuid_is_ordered
 *		Do the values of a rule "uuid" rise with the row number?  Those of
 *		version 7 do if their time, a column of the table itself, never falls.
 */
bool
spindle_uuid_is_ordered(const SpindleDomain *domain, const SpindleRule *rule)
{
	return rule->uuid.version == 7 && rule->uuid.time.nsteps == 0 &&
		spindle_ref_column(domain, &rule->uuid.time)->monotone;
}
