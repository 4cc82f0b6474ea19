/*-------------------------------------------------------------------------
 *
 * change_place.c
 *		Where the rows of a table stand among what is changed together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "stream/change_feed.h"

/* Give a table the next level, behind all tables that it refers to and that have none. */
static void
give_level(const SpindleDomain *domain, int table, int *level, bool *is_open, int *next)
{
	const SpindleTable *t = &domain->table[table];

	check_stack_depth();
	if (level[table] >= 0 || is_open[table])
		return;
	is_open[table] = true;
	if (t->rows_kind == SPINDLE_ROWS_CHILDREN)
		give_level(domain, t->rows_parent, level, is_open, next);
	for (int c = 0; c < t->ncolumns; c++)
		if (t->column[c].references >= 0)
			give_level(domain, t->column[c].references, level, is_open, next);
	for (int k = 0; k < t->nforeign_keys; k++)
		give_level(domain, t->foreign_key[k].table, level, is_open, next);
	level[table] = (*next)++;
}

/*
 * spindle_change_levels
 *		A number for each table of a domain, from 0, above those of all tables that
 *		it refers to; palloc'd.
 *
 * Where references form a circle, no order is right, and one of the tables on it is
 * taken to be the last.
 */
int *
spindle_change_levels(const SpindleDomain *domain)
{
	int		   *level = palloc(sizeof(int) * domain->ntables);
	bool	   *is_open = palloc0(sizeof(bool) * domain->ntables);
	int			next = 0;

	for (int t = 0; t < domain->ntables; t++)
		level[t] = -1;
	for (int t = 0; t < domain->ntables; t++)
		give_level(domain, t, level, is_open, &next);
	pfree(is_open);
	return level;
}

/*
 * The column by which a row belongs to another one, -1 if it does not; that row's
 * table is set.
 */
static int
column_of_root(const SpindleDomain *domain, int table, int *root)
{
	const SpindleTable *t = &domain->table[table];
	const SpindleInsert *insert = &t->lifecycle->insert;

	if (insert->kind == SPINDLE_INSERT_WITH)
	{
		*root = spindle_column_target(domain, table, insert->time.ref.step[0]);
		return insert->time.ref.step[0];
	}
	if (t->rows_kind == SPINDLE_ROWS_CHILDREN && t->parent_column >= 0)
		*root = t->rows_parent;
	return t->rows_kind == SPINDLE_ROWS_CHILDREN ? t->parent_column : -1;
}

/*
 * spindle_change_places
 *		The places of all tables of a domain, in its order; palloc'd.
 *
 * A row's root is found over the rows that it is a child of, or is inserted with, as
 * far as that goes.
 */
SpindleChangePlace *
spindle_change_places(const SpindleDomain *domain)
{
	SpindleChangePlace *places = palloc0(sizeof(SpindleChangePlace) * domain->ntables);
	int		   *level = spindle_change_levels(domain);

	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleChangePlace *place = &places[t];
		int		   *step = palloc(sizeof(int) * domain->ntables);
		int			n = 0;
		int			table = t;

		place->level = level[t];
		place->root_rises = true;
		while (n < domain->ntables)
		{
			int			above = table;
			const int	column = column_of_root(domain, table, &above);

			if (column < 0 || above == t)
				break;
			place->root_rises &= column == domain->table[table].parent_column;
			step[n++] = column;
			table = above;
		}
		place->root_level = level[table];
		place->has_root = n > 0;
		if (n > 0)
			place->root = (SpindleColumnRef) {.nsteps = n - 1,.step = step,.table = table,.column = step[n - 1]};
	}
	pfree(level);
	return places;
}
