/*-------------------------------------------------------------------------
 *
 * scale.c
 *		Numbers of rows, at some scales.
 *
 * Large tables and what refers to them grow with the scale, others are look-up
 * tables and stay as they are.  Where the values of a table are limited in number
 * it has as many rows as these allow.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "learn/schema.h"

/* Rows of a table of which nothing is known. */
#define UNKNOWN_ROWS	1000

/* Tables with more rows grow by themselves. */
#define LARGE_ROWS		1000

/* Rows that a definition can have, at most. */
#define MOST_ROWS		1e15

const char *const learn_scale_name[LEARN_SCALES] = {"tiny", "tenth", "as_is", "ten"};
static const double factor[LEARN_SCALES] = {0.001, 0.1, 1, 10};

/* Does a table that is not empty need a row of this one? */
static bool
is_needed(const LearnSchema *schema, int table)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].keys)
		{
			const LearnKey *key = lfirst(lc);

			if (t != table && key->target == table && key->not_null && schema->table[t].tuples != 0)
				return true;
		}
	}
	return false;
}

/*
 * learn_guess_rows
 *		Settle how many rows each table has: those that are not known, and those that
 *		cannot be none.
 *
 * If no table is known to have any, none is known: the schema has just been made.  Nor
 * is a table without rows known to be so if only declarations count.
 */
void
learn_guess_rows(LearnSchema *schema)
{
	bool		has_rows = false;
	bool		changed = true;

	for (int t = 0; t < schema->ntables; t++)
		has_rows |= schema->table[t].tuples > 0;
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		if (table->tuples == 0 && (!has_rows || schema->options->read == SPINDLE_LEARN_CATALOG))
			table->tuples = -1;
		table->grows = table->tuples < 0 || table->tuples > LARGE_ROWS;
		if (table->tuples < 0)
			table->tuples = UNKNOWN_ROWS;
		table->tuples = Min(table->tuples, MOST_ROWS / 100);
	}
	while (changed)
	{
		changed = false;
		for (int t = 0; t < schema->ntables; t++)
			if (schema->table[t].tuples == 0 && is_needed(schema, t))
			{
				schema->table[t].tuples = 1;
				changed = true;
			}
	}
	for (int t = 0; t < schema->ntables; t++)
		if (schema->table[t].tuples == 0)
			learn_empty(schema, &schema->table[t], "it has none");
	changed = true;
	while (changed)
	{
		changed = false;
		for (int t = 0; t < schema->ntables; t++)
		{
			ListCell   *lc;

			foreach(lc, schema->table[t].keys)
			{
				const LearnKey *key = lfirst(lc);

				if (!schema->table[t].grows && key->target >= 0 && schema->table[key->target].grows)
					schema->table[t].grows = changed = true;
			}
		}
	}
}

/* Round as the definition does: to six digits after the point, above 0. */
static double
rounded_ratio(double ratio)
{
	return Max(floor(ratio * 1e6 + 0.5) / 1e6, 1e-6);
}

/* The rows that a cap allows at a scale. */
static double
rows_of_cap(const LearnSchema *schema, const LearnCap *cap, int scale)
{
	double		rows = cap->factor;
	double		all = cap->pairs == LEARN_NO_PAIRS ? 0 : schema->table[linitial_int(cap->tables)].rows[scale];
	ListCell   *lc;

	foreach(lc, cap->tables)
		rows = Min(rows * schema->table[lfirst_int(lc)].rows[scale], MOST_ROWS);
	switch (cap->pairs)
	{
		case LEARN_NO_PAIRS:
			break;
		case LEARN_PAIRS:
			return cap->factor <= all - 1 ? rows : 0;
		case LEARN_SETS_OF_TWO:
			return cap->factor <= floor((all - 1) / 2) ? rows : 0;
		case LEARN_ANY_PAIRS:
			return all < 2 ? 0 : MOST_ROWS;
	}
	return rows;
}

/* The most rows that a table can have at a scale. */
static double
cap_at(const LearnSchema *schema, const LearnTable *table, int scale)
{
	double		most = MOST_ROWS;
	ListCell   *lc;

	foreach(lc, table->caps)
		most = Min(most, floor(rows_of_cap(schema, lfirst(lc), scale)));
	return most;
}

/*
 * Let the ratio of children to parents fit all caps, and set their numbers.  Returns
 * whether anything has changed.
 */
static bool
count_children(LearnSchema *schema, LearnTable *table)
{
	const LearnTable *parent = &schema->table[table->parent->target];
	double		ratio = table->ratio;
	bool		changed = false;

	for (int s = 0; s < LEARN_SCALES; s++)
		if (parent->rows[s] > 0 && cap_at(schema, table, s) < floor(ratio * parent->rows[s]))
			ratio = floor(cap_at(schema, table, s) / parent->rows[s] * 1e6) / 1e6;
	ratio = rounded_ratio(ratio);
	for (int s = 0; s < LEARN_SCALES; s++)
	{
		double		rows = floor(parent->rows[s] * ratio + 1e-9);

		changed |= rows != table->rows[s];
		table->rows[s] = rows;
	}
	table->ratio = ratio;
	return changed;
}

/* Set the numbers of a table that is no child of another; whether they have changed. */
static bool
count_table(LearnSchema *schema, LearnTable *table)
{
	bool		changed = false;

	for (int s = 0; s < LEARN_SCALES; s++)
	{
		double		rows = Min(table->rows[s], cap_at(schema, table, s));

		changed |= rows != table->rows[s];
		table->rows[s] = rows;
	}
	return changed;
}

/* Numbers before anything limits them. */
static void
begin_table(LearnSchema *schema, LearnTable *table)
{
	for (int s = 0; s < LEARN_SCALES; s++)
		table->rows[s] = table->empty ? 0 : !table->grows ? table->tuples :
			Max(1, Min(floor(table->tuples * factor[s] + 0.5), MOST_ROWS));
	if (table->parent)
	{
		double		parent = Max(schema->table[table->parent->target].tuples, 1);

		table->ratio = rounded_ratio(Min(table->tuples / parent, 1e6));
		if (table->needs_children)
			table->ratio = Max(table->ratio, 1);
		if (table->max_one)
			table->ratio = Min(table->ratio, 1);
	}
}

/*
 * A table whose rows are children may have none at a small scale, although others
 * refer to them: then its parent gets enough.  Returns whether anything has changed.
 */
static bool
give_parents(LearnSchema *schema, LearnTable *table)
{
	LearnTable *parent = &schema->table[table->parent->target];
	bool		changed = false;

	for (int s = 0; s < LEARN_SCALES; s++)
		if (table->rows[s] < 1 && !table->empty && parent->parent == NULL && ceil(1 / table->ratio) > parent->rows[s])
		{
			parent->rows[s] = ceil(1 / table->ratio);
			changed = true;
		}
	return changed;
}

/* Note which caps have an effect. */
static void
note_caps(const LearnSchema *schema, LearnTable *table)
{
	double		wanted = table->empty ? 0 : table->tuples;
	ListCell   *lc;

	foreach(lc, table->caps)
	{
		const LearnCap *cap = lfirst(lc);
		double		rows = rows_of_cap(schema, cap, LEARN_AS_IS);

		if (rows < wanted && table->rows[LEARN_AS_IS] < wanted)
			learn_note(table, "it has %.0f of %.0f rows: %s", table->rows[LEARN_AS_IS], wanted, cap->why);
	}
}

/* Find the numbers of rows of all tables, as caps and parents have them. */
static void
count_all(LearnSchema *schema)
{
	bool		changed = true;

	for (int t = 0; t < schema->ntables; t++)
		begin_table(schema, &schema->table[t]);
	for (int round = 0; changed && round < schema->ntables + 10; round++)
	{
		changed = false;
		for (int t = 0; t < schema->ntables; t++)
		{
			LearnTable *table = &schema->table[t];

			CHECK_FOR_INTERRUPTS();
			if (table->empty)
				continue;
			changed |= table->parent ? count_children(schema, table) : count_table(schema, table);
			if (table->parent && round < 5)
				changed |= give_parents(schema, table);
		}
	}
}

/* Does nothing of a table fit what limits its rows, at any scale? */
static bool
has_no_room(const LearnTable *table)
{
	for (int s = 0; s < LEARN_SCALES; s++)
		if (table->rows[s] > 0)
			return false;
	return !table->empty && table->tuples > 0;
}

/*
 * learn_count_rows
 *		Find the numbers of rows of all tables at all scales.
 *
 * Each round only lowers the numbers of those that are limited by others, but for the
 * parents that get more in the first rounds.
 */
void
learn_count_rows(LearnSchema *schema)
{
	bool		emptied;

	do
	{
		count_all(schema);
		emptied = false;
		for (int t = 0; t < schema->ntables && !emptied; t++)
			if (has_no_room(&schema->table[t]))
			{
				note_caps(schema, &schema->table[t]);
				learn_empty(schema, &schema->table[t], "its constraints leave room for none");
				emptied = true;
			}
	} while (emptied);
	for (int t = 0; t < schema->ntables; t++)
		if (!schema->table[t].empty)
			note_caps(schema, &schema->table[t]);
}
