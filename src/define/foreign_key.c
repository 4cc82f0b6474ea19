/*-------------------------------------------------------------------------
 *
 * foreign_key.c
 *		Which columns of a table refer to which of another one.
 *
 * A column that refers to rows of a table with a key of one column is a foreign
 * key by itself.  Where a row is chosen, by a reference or a column of type row,
 * visible columns that have the values of a key of that row, or of a set that is
 * declared unique, are one together.  Which these are follows from where their
 * values come from; so foreign keys can overlap, and agree.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "define/origin.h"
#include "define/parse.h"

/* The visible columns of a table, by where their values come from. */
typedef struct Origins
{
	const SpindleDomain *domain;
	const SpindleTable *table;
	Origin	   *column;			/* n is 0 for hidden ones */
} Origins;

/* Are all columns of a set visible? */
static bool
is_visible(const SpindleTable *table, const SpindleColumnSet *set)
{
	for (int i = 0; i < set->n; i++)
		if (table->column[set->column[i]].hidden)
			return false;
	return true;
}

/*
 * The visible column that has the value of column target of the row that column
 * via leads to; -1 if there is none.  *by_choice is set if the value comes by the
 * choice, which is the beginning of its way.  Of several columns it is via itself
 * or else the first.
 */
static int
column_with(const Origins *origins, int via, int target, const Origin *choice, bool *by_choice)
{
	const int	path[] = {via, target};
	Origin		wanted;

	spindle_origin_of(origins->domain, origins->table->index, path, 2, &wanted);
	if (wanted.n > choice->n && memcmp(wanted.column, choice->column, sizeof(int) * choice->n) == 0)
		*by_choice = true;
	if (spindle_origin_equal(&origins->column[via], &wanted))
		return via;
	for (int c = 0; c < origins->table->ncolumns; c++)
		if (spindle_origin_equal(&origins->column[c], &wanted))
			return c;
	return -1;
}

/*
 * The columns with the values of a set of the row that via leads to, in key;
 * false if not all of them are there.
 *
 * Where no row is chosen, one of them must be NULL, so that nothing is referred
 * to.
 */
static bool
match_set(const Origins *origins, int via, const SpindleTable *target, const SpindleColumnSet *set,
		  SpindleForeignKey *key)
{
	Origin		choice = {1, {via}};
	bool		by_choice = !origins->table->column[via].nullable;
	bool		found;

	if (set->n == 0 || !is_visible(target, set))
		return false;
	key->ncolumns = set->n;
	key->column = palloc(sizeof(int) * set->n);
	key->table = target->index;
	key->target = set->column;
	if (origins->table->column[via].target < 0)
		spindle_origin_of(origins->domain, origins->table->index, &via, 1, &choice);
	found = choice.n > 0;
	for (int i = 0; i < set->n && found; i++)
	{
		key->column[i] = column_with(origins, via, set->column[i], &choice, &by_choice);
		found = key->column[i] >= 0;
		for (int k = 0; k < i; k++)
			found &= key->column[k] != key->column[i];
	}
	if (!found || !by_choice)
		pfree(key->column);
	return found && by_choice;
}

/* Does a set have all columns of another one? */
static bool
set_contains(const SpindleColumnSet *set, const SpindleColumnSet *other)
{
	for (int i = 0; i < other->n; i++)
	{
		bool		found = false;

		for (int k = 0; k < set->n; k++)
			found |= set->column[k] == other->column[i];
		if (!found)
			return false;
	}
	return true;
}

/*
 * The foreign key by which a column refers to the row that it leads to; false if
 * there is none.  It is to the key, if its values are there, or to the largest
 * set around it; else to a unique set.
 */
static bool
key_via(const Origins *origins, int via, SpindleForeignKey *key)
{
	const SpindleTable *target =
	&origins->domain->table[spindle_column_target(origins->domain, origins->table->index, via)];
	const SpindleColumnSet primary = {target->nkeys, target->key};
	bool		to_key = match_set(origins, via, target, &primary, key);
	bool		found = to_key;

	for (int u = 0; u < target->nunique; u++)
	{
		SpindleForeignKey other;

		if ((found && target->unique[u].n <= key->ncolumns) ||
			(to_key && !set_contains(&target->unique[u], &primary)) ||
			!match_set(origins, via, target, &target->unique[u], &other))
			continue;
		*key = other;
		found = true;
	}
	return found;
}

/* Does the table have the same foreign key already? */
static bool
is_known(const SpindleTable *table, const SpindleForeignKey *key)
{
	for (int k = 0; k < table->nforeign_keys; k++)
	{
		const SpindleForeignKey *other = &table->foreign_key[k];

		if (other->table == key->table && other->ncolumns == key->ncolumns &&
			memcmp(other->column, key->column, sizeof(int) * key->ncolumns) == 0 &&
			memcmp(other->target, key->target, sizeof(int) * key->ncolumns) == 0)
			return true;
	}
	return false;
}

/* Add a foreign key to those of a table, behind those whose first column is no later. */
static void
add_key(SpindleTable *table, const SpindleForeignKey *key)
{
	int			at = table->nforeign_keys;

	if (is_known(table, key))
		return;
	for (; at > 0 && table->foreign_key[at - 1].column[0] > key->column[0]; at--)
		table->foreign_key[at] = table->foreign_key[at - 1];
	table->foreign_key[at] = *key;
	table->nforeign_keys++;
}

/*
 * The foreign key that a column has by itself; false if none.  What "references"
 * names is believed, as the values of a rule could be those of any key.
 */
static bool
key_of_column(const SpindleDomain *domain, const SpindleColumn *column, int c, SpindleForeignKey *key)
{
	const SpindleTable *target;

	if (column->hidden || column->references < 0)
		return false;
	target = &domain->table[column->references];
	if (target->nkeys != 1 || target->column[target->key[0]].hidden)
		return false;
	*key = (SpindleForeignKey) {1, palloc(sizeof(int)), target->index, target->key};
	key->column[0] = c;
	return true;
}

/*
 * spindle_find_foreign_keys
 *		Set the foreign keys of all tables, whose keys have been checked.
 *		Allocates in the current memory context, which is the domain's.
 *
 * A table has one at most for each of its columns.
 */
void
spindle_find_foreign_keys(SpindleDomain *domain)
{
	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];
		Origins		origins = {domain, table, palloc0(sizeof(Origin) * table->ncolumns)};

		CHECK_FOR_INTERRUPTS();
		table->foreign_key = palloc(sizeof(SpindleForeignKey) * table->ncolumns);
		for (int c = 0; c < table->ncolumns; c++)
			if (!table->column[c].hidden)
				spindle_origin_of(domain, t, &c, 1, &origins.column[c]);
		for (int c = 0; c < table->ncolumns; c++)
		{
			const SpindleColumn *column = &table->column[c];
			bool		chooses = column->type.kind == SPINDLE_ROW ||
			(!column->hidden && column->target >= 0 && column->references == column->target);
			SpindleForeignKey key;

			if ((chooses && key_via(&origins, c, &key)) || key_of_column(domain, column, c, &key))
				add_key(table, &key);
		}
		pfree(origins.column);
	}
}
