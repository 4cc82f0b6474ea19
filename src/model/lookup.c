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

/* The number of the table, column or preset of that name, or -1. */
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

/* The column at the end of a path. */
const SpindleColumn *
spindle_ref_column(const SpindleDomain *domain, const SpindleColumnRef *ref)
{
	return &domain->table[ref->table].column[ref->column];
}

/*
 * spindle_column_target
 *		The table that a step of a path leads to from a column.
 *
 * A copied reference leads where the copied column leads.  The column must be a
 * reference, which holds for every step of a path.
 */
int
spindle_column_target(const SpindleDomain *domain, int table, int column)
{
	const SpindleColumn *c = &domain->table[table].column[column];

	while (c->target < 0)
		c = spindle_ref_column(domain, &c->rule->copy);
	return c->target;
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
