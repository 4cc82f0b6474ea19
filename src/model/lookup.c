/*-------------------------------------------------------------------------
 *
 * lookup.c
 *		Finding things in a model by name and by path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "model/model.h"

/*
 * spindle_domain_find_table
 *		The number of the table, column or preset that has that name in the
 *		definition, or -1.  A walk over all names: for what is done once per
 *		query, not per row.
 */
int
spindle_domain_find_table(const SpindleDomain *domain, const char *name)
{
	for (int i = 0; i < domain->ntables; i++)
		if (strcmp(domain->table[i].name, name) == 0)
			return i;
	return -1;
}

int
spindle_table_find_column(const SpindleTable *table, const char *name)
{
	for (int i = 0; i < table->ncolumns; i++)
		if (strcmp(table->column[i].name, name) == 0)
			return i;
	return -1;
}

int
spindle_domain_find_preset(const SpindleDomain *domain, const char *name)
{
	for (int i = 0; i < domain->npresets; i++)
		if (strcmp(domain->preset[i].name, name) == 0)
			return i;
	return -1;
}

/*
 * spindle_domain_find_relation
 *		The number of the table that a user calls so: by its name in the
 *		definition, or by the one that it has in SQL, without the schema, if
 *		that is no other table's.  -1 if there is none, and SPINDLE_AMBIGUOUS if
 *		several have the name.
 */
int
spindle_domain_find_relation(const SpindleDomain *domain, const char *name)
{
	int			found = spindle_domain_find_table(domain, name);

	if (found >= 0)
		return found;
	for (int i = 0; i < domain->ntables; i++)
		if (strcmp(domain->table[i].sql_name, name) == 0)
			found = found == -1 ? i : SPINDLE_AMBIGUOUS;
	return found;
}

/*
 * spindle_table_find_visible
 *		The number of the column, not a hidden one, that has that name in SQL or
 *		else in the definition, or -1.
 */
int
spindle_table_find_visible(const SpindleTable *table, const char *name)
{
	for (int i = 0; i < table->ncolumns; i++)
		if (!table->column[i].hidden && strcmp(table->column[i].sql_name, name) == 0)
			return i;
	for (int i = 0; i < table->ncolumns; i++)
		if (!table->column[i].hidden && strcmp(table->column[i].name, name) == 0)
			return i;
	return -1;
}

/*
 * spindle_domain_find_profile
 *		The number of the profile of that name, or -1.
 */
int
spindle_domain_find_profile(const SpindleDomain *domain, const char *name)
{
	for (int i = 0; i < domain->nprofiles; i++)
		if (strcmp(domain->profile[i], name) == 0)
			return i;
	return -1;
}

/*
 * spindle_column_changes
 *		Can a column of a row have other values than today's, before?
 */
bool
spindle_column_changes(const SpindleTable *table, int column)
{
	const SpindleLifecycle *lifecycle = table->lifecycle;
	const SpindleRuleKind kind = table->column[column].rule->kind;

	return lifecycle->set_of_column[column] >= 0 || (lifecycle->states && lifecycle->states->column == column) ||
		kind == SPINDLE_RULE_ENTERED || kind == SPINDLE_RULE_CHANGED || kind == SPINDLE_RULE_VERSION;
}

/* The column at the end of a path. */
const SpindleColumn *
spindle_ref_column(const SpindleDomain *domain, const SpindleColumnRef *ref)
{
	return &domain->table[ref->table].column[ref->column];
}

/* Is a column one of the table's key? */
bool
spindle_table_is_key(const SpindleTable *table, int column)
{
	for (int k = 0; k < table->nkeys; k++)
		if (table->key[k] == column)
			return true;
	return false;
}

/*
 * The column of a key that has only one.  For what can follow no other key: the
 * value of a reference, above all, is that of a single column.
 */
int
spindle_table_single_key(const SpindleTable *table)
{
	Assert(table->nkeys == 1);
	return table->key[0];
}

/*
 * spindle_column_source
 *		The column that decides where a step of a path leads: the column itself, or
 *		the one that it is a copy of, also of a copy.
 *
 * It chooses a row, or leads to one by its value.  The column must be a
 * reference, which holds for every step of a path.
 */
SpindleColumn *
spindle_column_source(const SpindleDomain *domain, int table, int column)
{
	SpindleColumn *c = &domain->table[table].column[column];

	while (c->target < 0 && !c->by_value)
		c = &domain->table[c->rule->copy.table].column[c->rule->copy.column];
	return c;
}

/*
 * spindle_column_target
 *		The table that a step of a path leads to from a column, which must be a
 *		reference as above.
 */
int
spindle_column_target(const SpindleDomain *domain, int table, int column)
{
	const SpindleColumn *c = spindle_column_source(domain, table, column);

	return c->by_value ? c->references : c->target;
}

/*
 * spindle_domain_years
 *		The number of calendar years that a domain's range touches.
 */
int
spindle_domain_years(const SpindleDomain *domain)
{
	int			y1,
				y2,
				m,
				d;

	j2date(domain->first_day + POSTGRES_EPOCH_JDATE, &y1, &m, &d);
	j2date(domain->first_day + domain->ndays - 1 + POSTGRES_EPOCH_JDATE, &y2, &m, &d);
	return y2 - y1 + 1;
}

/*
 * spindle_preset_rows
 *		The number of rows of a table at a scale, given by its number.
 *
 * Cut to a whole number at each step of a chain of ratios.  The row counts must
 * not form a circle.  Definitions with more than 10^15 are refused when they are
 * read, so nothing overflows after that.
 */
int64
spindle_preset_rows(const SpindleDomain *domain, int preset, const SpindleTable *table)
{
	int64		parent;

	switch (table->rows_kind)
	{
		case SPINDLE_ROWS_PRESET:
			return domain->preset[preset].rows[table->index];
		case SPINDLE_ROWS_FIXED:
			return table->rows_count;
		case SPINDLE_ROWS_PER_YEAR:
			return table->rows_count * spindle_domain_years(domain);
		default:
			parent = spindle_preset_rows(domain, preset, &domain->table[table->rows_parent]);
			return (int64) ((__int128) parent * table->rows_numerator / table->rows_denominator);
	}
}

/*
 * spindle_table_most_children
 *		How many rows of a table of kind "children" one parent can have, at
 *		most.
 *
 * With "min" and "max", what a block of parents has beyond its minimum could all
 * fall on one of them; a block's children are the ratio times its parents, cut to
 * whole numbers on either side.
 */
int64
spindle_table_most_children(const SpindleTable *table)
{
	int64		block = SPINDLE_LAYOUT_SPREAD_BLOCK * table->rows_numerator;

	Assert(table->rows_kind == SPINDLE_ROWS_CHILDREN);
	if (table->layout_kind != SPINDLE_LAYOUT_SPREAD)
		return table->layout_max;
	block = (block + table->rows_denominator - 1) / table->rows_denominator;
	return Min(table->layout_max, block - (SPINDLE_LAYOUT_SPREAD_BLOCK - 1) * (int64) table->layout_min);
}
