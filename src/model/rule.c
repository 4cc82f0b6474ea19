/*-------------------------------------------------------------------------
 *
 * rule.c
 *		What can be told of rules, and of paths to columns, without their kind.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/model.h"

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
 * spindle_path_may_be_null
 *		Can the value at the end of a path be NULL, or the path end early?
 *
 * The path begins in a row of table.  known, if not NULL, is a path from the
 * same table whose value is known not to be NULL; then the references on it
 * are not NULL either.  Any other column counts as one that can be NULL if it
 * is nullable, whether its rule gives NULL or not.
 */
bool
spindle_path_may_be_null(const SpindleDomain *domain, int table, const SpindleColumnRef *ref,
						 const SpindleColumnRef *known)
{
	bool		on_known = known != NULL;

	for (int i = 0; i < ref->nsteps; i++)
	{
		bool		is_known = on_known && i <= known->nsteps &&
		ref->step[i] == (i < known->nsteps ? known->step[i] : known->column);

		if (domain->table[table].column[ref->step[i]].nullable && !is_known)
			return true;
		on_known = is_known && i < known->nsteps;
		table = spindle_column_target(domain, table, ref->step[i]);
	}
	if (on_known && ref->nsteps == known->nsteps && ref->column == known->column)
		return false;
	return spindle_ref_column(domain, ref)->nullable;
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
