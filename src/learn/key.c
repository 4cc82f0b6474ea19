/*-------------------------------------------------------------------------
 *
 * key.c
 *		Which foreign key gives which column its value.
 *
 * A foreign key chooses a row of its target, and its columns copy what they need
 * of it.  Where foreign keys share columns, the first one chooses freely; others
 * choose among the descendants of the row that the shared columns tell, so that
 * what they share agrees.  For that the target's rows have to be children of that
 * row, in some generation, and each must have some.  A foreign key whose columns
 * all have values already is met if another one implies it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/schema.h"

/* Steps of a path, at most. */
#define MAX_STEPS	8

/*
 * learn_empty
 *		Let a table have no rows, for a reason; nor those that need rows of it.
 */
void
learn_empty(LearnSchema *schema, LearnTable *table, const char *why)
{
	if (table->empty)
		return;
	table->empty = why;
	learn_note(table, "it gets no rows: %s", why);
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].keys)
		{
			LearnKey   *key = lfirst(lc);

			if (key->target == table - schema->table && key->not_null && !key->is_guessed)
				learn_empty(schema, &schema->table[t],
							psprintf("rows of %s, which its foreign key %s needs, are none", table->sql_name, key->name));
		}
	}
}

/* The foreign key that gives all of some columns of a table, or NULL. */
static LearnKey *
provider_of(const LearnTable *table, const int *column, int n)
{
	int			key = table->column[column[0]].key;

	for (int i = 1; i < n; i++)
		if (table->column[column[i]].key != key)
			return NULL;
	return key >= 0 ? list_nth(table->keys, key) : NULL;
}

/*
 * learn_key_step
 *		The column whose name leads to the row that a foreign key chooses.
 *
 * That is the column itself if it holds the key that the definition has of the
 * target; else a hidden one, which is given a name when it is first wanted.
 */
char *
learn_key_step(LearnTable *table, LearnKey *key)
{
	if (key->row_name == NULL && !key->is_single)
		key->row_name = learn_unique_name(&table->names_used, key->n == 1 ?
										  psprintf("%s_row", table->column[key->column[0]].name) :
										  psprintf("%s_row", key->name));
	return key->row_name ? key->row_name : table->column[key->column[0]].name;
}

/* Which columns of a target some columns of a foreign key have the values of. */
static void
map_columns(const LearnKey *key, const int *column, int n, int *target_column)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < key->n; k++)
			if (key->column[k] == column[i])
				target_column[i] = key->target_column[k];
}

/*
 * The way from some columns of a table, along the foreign keys that give them, to the
 * row where they are from.
 */
typedef struct Way
{
	int			n;
	LearnTable *table[MAX_STEPS + 1];	/* the last one is where it ends */
	LearnKey   *key[MAX_STEPS]; /* from each but the last */
} Way;

/* Find it; false if it is too long. */
static bool
find_way(LearnSchema *schema, LearnTable *table, const int *column, int n, Way *way)
{
	int			at[INDEX_MAX_KEYS];

	memcpy(at, column, sizeof(int) * n);
	way->n = 0;
	way->table[0] = table;
	for (;;)
	{
		LearnKey   *key = provider_of(way->table[way->n], at, n);
		int			next[INDEX_MAX_KEYS];

		if (key == NULL)
			return true;
		if (way->n == MAX_STEPS || key->place == LEARN_NULL)
			return false;
		map_columns(key, at, n, next);
		memcpy(at, next, sizeof(int) * n);
		way->key[way->n++] = key;
		way->table[way->n] = &schema->table[key->target];
	}
}

/*
 * Is a foreign key whose columns are all given by others met anyway?  It is if one
 * of the others has them all, and its target a foreign key on what they are there
 * to the same columns; or if the columns come from the same place as the target's.
 */
static bool
is_implied(LearnSchema *schema, LearnTable *table, const LearnKey *key)
{
	LearnKey   *other = provider_of(table, key->column, key->n);
	int			mapped[INDEX_MAX_KEYS];
	LearnTable *target;
	ListCell   *lc;

	if (other == NULL)
		return false;
	map_columns(other, key->column, key->n, mapped);
	target = &schema->table[other->target];
	if (other->target == key->target)
	{
		bool		same = true;

		for (int i = 0; i < key->n; i++)
			same &= mapped[i] == key->target_column[i];
		if (same)
			return true;
	}
	foreach(lc, target->keys)
	{
		const LearnKey *far = lfirst(lc);
		int			matches = 0;

		if (far->target != key->target)
			continue;
		for (int i = 0; i < key->n; i++)
			for (int k = 0; k < far->n; k++)
				matches += far->column[k] == mapped[i] && far->target_column[k] == key->target_column[i];
		if (matches == key->n)
			return true;
	}
	return false;
}

/* Let a foreign key be always null, for a reason; false if a column of it cannot be. */
static bool
make_null(LearnTable *table, LearnKey *key, const char *why)
{
	bool		done = false;

	for (int i = 0; i < key->n; i++)
	{
		LearnColumn *column = &table->column[key->column[i]];

		if (column->not_null || column->key >= 0)
		{
			if (key->is_full)
				return false;
			continue;
		}
		if (done && !key->is_full)
			continue;
		column->always_null = true;
		done = true;
	}
	if (done)
	{
		key->place = LEARN_NULL;
		learn_note(table, "foreign key %s is always null: %s", key->name, why);
	}
	return done;
}

/* The same, or else the table gets no rows. */
static void
give_up(LearnSchema *schema, LearnTable *table, LearnKey *key, const char *why)
{
	if (key->place == LEARN_OWN || key->place == LEARN_AMONG || key->place == LEARN_CHILD)
		for (int i = 0; i < key->n; i++)
			if (table->column[key->column[i]].key == key->index)
				table->column[key->column[i]].key = -1;
	if (key->is_guessed)
	{
		/* nobody insists on it */
		key->place = LEARN_IMPLIED;
		key->is_parent = false;
		if (table->parent == key)
			table->parent = NULL;
		return;
	}
	if (!make_null(table, key, why))
	{
		key->place = LEARN_IMPLIED;
		learn_empty(schema, table, psprintf("foreign key %s cannot be met, as %s", key->name, why));
	}
}

/* A column that a foreign key copies and that never has a value, or NULL if there is none. */
static const LearnColumn *
missing_column(const LearnSchema *schema, const LearnKey *key)
{
	for (int i = 0; i < key->n; i++)
	{
		const LearnColumn *column = &schema->table[key->target].column[key->target_column[i]];

		if (column->left_out || column->always_null)
			return column;
	}
	return NULL;
}

/*
 * For list_sort: those first along which rows are children, or refer to these; then
 * those that always choose, then those of more columns; last those that choose among
 * rows of what others have chosen.
 */
static int
compare_keys(const ListCell *a, const ListCell *b)
{
	const LearnKey *x = lfirst(a);
	const LearnKey *y = lfirst(b);

	if (x->is_chain != y->is_chain)
		return x->is_chain ? -1 : 1;
	if ((x->chain != NIL) != (y->chain != NIL))
		return x->chain ? -1 : 1;
	if (x->is_within != y->is_within)
		return x->is_within ? 1 : -1;

	if (x->not_null != y->not_null)
		return x->not_null ? -1 : 1;
	if (x->n != y->n)
		return y->n - x->n;
	return strcmp(x->name, y->name);
}

/* Decide which foreign key gives which column of a table, in their order. */
static void
place_table(LearnSchema *schema, LearnTable *table)
{
	ListCell   *lc;

	list_sort(table->keys, compare_keys);
	foreach(lc, table->keys)
	{
		LearnKey   *key = lfirst(lc);
		int			given = 0;
		bool		is_null = false;

		key->index = foreach_current_index(lc);
		if (key->is_widened && (table->column[key->column[0]].key >= 0 || table->column[key->column[1]].always_null ||
								table->column[key->column[1]].left_out || missing_column(schema, key)))
			learn_narrow_key(key);
		for (int i = 0; i < key->n; i++)
		{
			given += table->column[key->column[i]].key >= 0;
			is_null |= table->column[key->column[i]].always_null || table->column[key->column[i]].left_out;
		}
		if (key->target == table - schema->table && memcmp(key->column, key->target_column, sizeof(int) * key->n) == 0)
			key->place = LEARN_IMPLIED;		/* each row refers to itself */
		else if (is_null)
			key->place = LEARN_NULL;
		else if (key->target < 0)
			give_up(schema, table, key, psprintf("%s is not learned", key->target_name));
		else if (schema->table[key->target].empty)
			give_up(schema, table, key, psprintf("%s has no rows", key->target_name));
		else if (missing_column(schema, key))
			give_up(schema, table, key, psprintf("column %s of %s has no values", missing_column(schema, key)->sql_name, key->target_name));
		else if (key->chain && learn_place_child(table, key))
			continue;
		else if (given == key->n)
		{
			if (is_implied(schema, table, key))
				key->place = LEARN_IMPLIED;
			else
				give_up(schema, table, key, "another foreign key has its columns");
		}
		else
		{
			key->place = given == 0 ? LEARN_OWN : LEARN_AMONG;
			for (int i = 0; i < key->n; i++)
				if (table->column[key->column[i]].key < 0)
					table->column[key->column[i]].key = foreach_current_index(lc);
		}
	}
}

/* Let what a foreign key copies not be null, if its own columns must not be; whether that is new. */
static bool
fill_target(LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	LearnTable *target = &schema->table[key->target];
	bool		changed = false;

	for (int i = 0; i < key->n; i++)
	{
		LearnColumn *column = &target->column[key->target_column[i]];

		changed |= table->column[key->column[i]].not_null && !column->not_null;
		column->not_null |= table->column[key->column[i]].not_null;
	}
	return changed;
}

/*
 * Columns that others must have values of have some themselves, although they need not
 * by declaration; and foreign keys that give them choose a row always.
 */
static void
fill_targets(LearnSchema *schema)
{
	bool		changed = true;

	while (changed)
	{
		changed = false;
		for (int t = 0; t < schema->ntables; t++)
		{
			ListCell   *lc;

			foreach(lc, schema->table[t].keys)
			{
				LearnKey   *key = lfirst(lc);

				if (key->target >= 0 && key->place != LEARN_NULL && !schema->table[t].empty)
					changed |= fill_target(schema, &schema->table[t], key);
			}
			CHECK_FOR_INTERRUPTS();
		}
	}
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].keys)
		{
			LearnKey   *key = lfirst(lc);

			key->not_null = true;
			for (int i = 0; i < key->n; i++)
				key->not_null &= schema->table[t].column[key->column[i]].not_null;
			key->is_tree = key->is_tree && !key->not_null;
		}
	}
}

/* Would the rows of a table, as children along these keys, be descendants of their own? */
static bool
leads_back(LearnSchema *schema, LearnTable *table, LearnKey *key)
{
	for (LearnTable *t = &schema->table[key->target]; t; t = t->parent ? &schema->table[t->parent->target] : NULL)
		if (t == table)
			return true;
	return false;
}

/*
 * learn_make_parent
 *		Make the rows of a table children along a foreign key; false if they are those
 *		of another one, or if that is not possible.
 */
bool
learn_make_parent(LearnSchema *schema, LearnTable *table, LearnKey *key)
{
	if (table->parent == key)
		return true;
	if (table->parent || table->no_parent || !key->not_null || key->is_distinct || key->grid >= 0 ||
		key->place != LEARN_OWN || leads_back(schema, table, key))
		return false;
	table->parent = key;
	key->is_parent = true;
	return true;
}

/*
 * learn_find_among
 *		Let a foreign key choose among the rows that have the same values in the columns
 *		that it shares with another one; false if that is not possible.
 */
bool
learn_find_among(LearnSchema *schema, LearnTable *table, LearnKey *key)
{
	int			index = key->index;
	int			shared[INDEX_MAX_KEYS];
	int			far[INDEX_MAX_KEYS];
	int			n = 0;
	Way			own;
	Way			theirs;
	StringInfoData path;

	for (int i = 0; i < key->n; i++)
		if (table->column[key->column[i]].key != index)
			shared[n++] = key->column[i];
	map_columns(key, shared, n, far);
	if (!find_way(schema, table, shared, n, &own) || !find_way(schema, &schema->table[key->target], far, n, &theirs) ||
		own.n == 0 || theirs.n == 0 || own.table[own.n] != theirs.table[theirs.n])
		return false;
	for (int i = 0; i < theirs.n; i++)
	{
		if (!learn_make_parent(schema, theirs.table[i], theirs.key[i]))
			return false;
		theirs.table[i]->needs_children = true;
	}
	initStringInfo(&path);
	for (int i = 0; i < own.n; i++)
		appendStringInfo(&path, "%s%s", i ? "." : "", learn_key_step(own.table[i], own.key[i]));
	key->among = path.data;
	return true;
}

/*
 * The column by which others refer to rows of a table: that of a primary key of one
 * column whose values can differ by themselves, or -1.
 */
static int
find_key_column(const LearnTable *table)
{
	ListCell   *lc;

	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);
		int			column;

		if (!set->is_primary || bms_num_members(set->columns) != 1)
			continue;
		column = bms_singleton_member(set->columns);
		return table->column[column].left_out ? -1 : column;
	}
	return -1;
}

/*
 * learn_origin
 *		The column that another one has its values of, along foreign keys; itself if
 *		there is none.  Keys that lead round in a circle end somewhere.
 */
LearnColumn *
learn_origin(LearnSchema *schema, LearnTable *table, int column)
{
	for (int i = 0; i < 100; i++)
	{
		LearnColumn *c = &table->column[column];
		LearnKey   *key = c->key >= 0 ? list_nth(table->keys, c->key) : NULL;
		int			next = 0;

		if (key == NULL || key->place == LEARN_NULL || key->same_number)
			return c;
		map_columns(key, &column, 1, &next);
		table = &schema->table[key->target];
		column = next;
	}
	return &table->column[column];
}

/* Does the chain of foreign keys from a column come back to it? */
static bool
is_circle(LearnSchema *schema, LearnTable *table, int column)
{
	LearnTable *t = table;
	int			c = column;

	for (int i = 0; i < 100; i++)
	{
		LearnKey   *key = t->column[c].key >= 0 ? list_nth(t->keys, t->column[c].key) : NULL;
		int			next = 0;

		if (key == NULL || key->place == LEARN_NULL)
			return false;
		map_columns(key, &c, 1, &next);
		t = &schema->table[key->target];
		c = next;
		if (t == table && c == column)
			return true;
	}
	return false;
}

/* The same of any column that a foreign key gives. */
static bool
is_in_circle(LearnSchema *schema, LearnTable *table, const LearnKey *key)
{
	for (int i = 0; i < key->n; i++)
		if (table->column[key->column[i]].key == key->index && is_circle(schema, table, key->column[i]))
			return true;
	return false;
}

/*
 * Columns that refer to each other in a circle have no value to begin with: all of
 * them count rows, and row k refers to row k.
 */
static void
break_circles(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);

			if (key->place != LEARN_OWN || (key->n != 1 && key->not_null) || !is_in_circle(schema, table, key))
				continue;
			if (key->not_null)
				key->same_number = true;
			else
				give_up(schema, table, key, "its values would depend on themselves");
		}
	}
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);

			if (!key->same_number)
				continue;
			table->column[key->column[0]].key = -1;
			table->column[key->column[0]].counts = true;
			key->place = LEARN_IMPLIED;
			learn_add_cap(table, 1, list_make1_int(key->target), "keys that refer to each other in a circle");
		}
	}
}

/*
 * learn_review_keys
 *		Once all else is decided: a foreign key to a table that has got no rows is null,
 *		and one to a key that does not differ by its rule chooses rows.
 */
void
learn_review_keys(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->sets)
		{
			const LearnSet *set = lfirst(lc);

			if (set->is_primary && (!set->is_proved || set->by_child))
				table->key_column = -1;
		}
	}
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);

			if (key->target < 0)
				continue;
			key->is_single = key->is_single && schema->table[key->target].key_column >= 0;
			if (table->empty || (key->place != LEARN_OWN && key->place != LEARN_AMONG && key->place != LEARN_CHILD))
				continue;
			if (schema->table[key->target].empty)
				give_up(schema, table, key, psprintf("%s has no rows", key->target_name));
			else if (missing_column(schema, key))
				give_up(schema, table, key, psprintf("column %s of %s has no values", missing_column(schema, key)->sql_name, key->target_name));
		}
	}
}

/*
 * What is said about a column that a foreign key gives has to hold where its values are
 * from: limits are handed on to there.
 */
static void
hand_limits_on(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		for (int c = 0; c < table->ncolumns; c++)
		{
			const LearnLimits *limits = &table->column[c].limits;
			LearnColumn *origin;

			if (table->column[c].key < 0 || table->empty || (!limits->has_list && !limits->has_low && !limits->has_high))
				continue;
			origin = learn_origin(schema, table, c);
			if (limits->has_list)
				learn_limit_list(&origin->limits, limits->list);
			if (limits->has_low)
				learn_limit_low(&origin->limits, limits->low);
			if (limits->has_high)
				learn_limit_high(&origin->limits, limits->high);
			origin->base = origin->differing = NULL;
		}
	}
	for (int t = 0; t < schema->ntables; t++)
		learn_find_table_values(schema, &schema->table[t]);
}

/*
 * learn_place_keys
 *		Decide how foreign keys are met, and which tables are children of which.
 *
 * Checks are understood.  Tables that cannot be filled get no rows.
 */
void
learn_place_keys(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
		schema->table[t].key_column = find_key_column(&schema->table[t]);
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		place_table(schema, &schema->table[t]);
		foreach(lc, schema->table[t].keys)
		{
			LearnKey   *key = lfirst(lc);

			key->is_single = key->target >= 0 && key->n == 1 && key->target_column[0] == schema->table[key->target].key_column;
			key->is_tree = key->place == LEARN_OWN && key->target == t && !key->not_null;
		}
	}
	learn_settle_circles(schema);
	break_circles(schema);
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].keys)
		{
			LearnKey   *key = lfirst(lc);

			if (key->place != LEARN_AMONG || learn_find_among(schema, &schema->table[t], key))
				continue;
			if (key->is_widened)
			{
				learn_narrow_key(key);
				key->place = LEARN_OWN;
				key->is_single = key->target_column[0] == schema->table[key->target].key_column;
			}
			else
				give_up(schema, &schema->table[t], key, "the columns that it shares with another foreign key would not agree");
		}
	}
	fill_targets(schema);
	hand_limits_on(schema);
}
