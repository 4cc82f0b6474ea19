/*-------------------------------------------------------------------------
 *
 * unique.c
 *		How the values of unique sets differ.
 *
 * In this order, the first that is possible: a column that differs already; numbers
 * among the rows of a parent; a column that can differ by itself; a grid, or a
 * choice that differs, of rows and values that are limited in number, and so limit
 * the number of rows; null; a single row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "learn/schema.h"

/* Whole numbers and days that are not more than these are listed, not counted. */
#define FEW_VALUES	(LEARN_FEW_VALUES + 1)

/* A column with more different values than this share of the rows tells rows apart, more or less. */
#define MANY_DISTINCT	0.5

/* How many times its rows a table has at the largest scale. */
#define LARGEST_FACTOR	10

/* What is chosen for some columns of a set: a row by a foreign key, or a value. */
typedef struct Unit
{
	LearnKey   *key;			/* or NULL */
	int			column;
	double		values;			/* of a column */
} Unit;

/*
 * learn_add_cap
 *		Limit the rows of a table: factor times the rows of some tables, a list of
 *		numbers.  why is kept.
 */
void
learn_add_cap(LearnTable *table, double factor, List *tables, const char *why)
{
	LearnCap   *cap = palloc0(sizeof(LearnCap));

	cap->factor = factor;
	cap->tables = tables;
	cap->why = why;
	table->caps = lappend(table->caps, cap);
}

/* The whole numbers or days from low to high, as texts. */
static List *
count_values(const LearnColumn *column, double low, double high)
{
	List	   *values = NIL;

	for (double v = ceil(low); v <= high; v++)
		values = lappend(values, column->kind == LEARN_DATE ? learn_day(v) : learn_number(v));
	return values;
}

/* Texts without those that stand there before, at most some number of them. */
static List *
without_doubles(List *values, int most)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, values)
	{
		bool		is_new = list_length(result) < most;
		ListCell   *lr;

		foreach(lr, result)
			is_new = is_new && strcmp(lfirst(lr), lfirst(lc)) != 0;
		if (is_new)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * learn_finite_values
 *		The values that a column has if they are limited in number, as texts; NIL if
 *		they are not, or none is known.
 *
 * most is how many are wanted of columns of which any number could be made up.
 */
List *
learn_finite_values(const LearnColumn *column, int most)
{
	const LearnLimits *limits = &column->limits;
	bool		has_both = limits->has_low && limits->has_high;

	if (limits->has_list)
		return without_doubles(limits->list, list_length(limits->list));
	switch (column->kind)
	{
		case LEARN_BOOL:
			return list_make2("f", "t");
		case LEARN_ENUM:
			return column->labels;
		case LEARN_INT:
			return has_both && limits->high - limits->low < FEW_VALUES ? count_values(column, limits->low, limits->high) : NIL;
		case LEARN_TIME:
		case LEARN_INTERVAL:
			{
				List	   *values = NIL;

				for (int i = 0; i < Min(most, FEW_VALUES); i++)
					values = lappend(values, psprintf("%02d:%02d:00", i / 60, i % 60));
				return values;
			}
		case LEARN_INET:
			{
				List	   *values = NIL;

				for (int i = 1; i <= Min(most, FEW_VALUES); i++)
					values = lappend(values, psprintf("10.0.%d.%d", i / 256, i % 256));
				return values;
			}
		case LEARN_TEXT:
			return column->base && column->checks ? without_doubles(learn_sample(column, column->base, most), most) : NIL;
		case LEARN_ARRAY:
		case LEARN_RANGE:
		case LEARN_OTHER:
			return learn_type_candidates(column);
		default:
			return NIL;
	}
}

/* Can a column be made to differ from row to row, in as many rows as there will be? */
static bool
can_differ(const LearnTable *table, const LearnColumn *column)
{
	if (column->left_out || column->key >= 0 || column->always_null || column->differs != LEARN_REPEATS || column->differing == NULL)
		return false;
	if ((column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP) && table->parent)
		return false;
	return column->most >= LEARN_FEW_VALUES || learn_finite_values(column, 1) == NIL;
}

/* How gladly a column is taken to differ, above 0. */
static int
preference(const LearnTable *table, int c)
{
	const LearnColumn *column = &table->column[c];
	static const int by_kind[] = {[LEARN_INT] = 30,[LEARN_UUID] = 40,[LEARN_TEXT] = 25,[LEARN_BYTEA] = 20,
	[LEARN_TIMESTAMP] = 10,[LEARN_DECIMAL] = 8,[LEARN_FLOAT] = 6,[LEARN_DATE] = 4};
	int			sets = 0;
	ListCell   *lc;

	foreach(lc, table->sets)
		sets += bms_is_member(c, ((LearnSet *) lfirst(lc))->columns);
	return sets * 100 + by_kind[column->kind] + (column->counts ? 50 : 0);
}

/* Do the columns of a set tell which row of its target a foreign key refers to? */
static bool
tells_row(LearnSchema *schema, const LearnKey *key, const Bitmapset *set)
{
	const LearnTable *target = &schema->table[key->target];
	Bitmapset  *known = NULL;
	ListCell   *lc;

	for (int i = 0; i < key->n; i++)
		if (bms_is_member(key->column[i], set))
			known = bms_add_member(known, key->target_column[i]);
	if (bms_num_members(known) == key->n)
		return true;
	foreach(lc, target->sets)
		if (!((LearnSet *) lfirst(lc))->is_odd && bms_is_subset(((LearnSet *) lfirst(lc))->columns, known))
			return true;
	return false;
}

/* Is a set met by what has been decided? */
static bool
is_met(LearnSchema *schema, LearnTable *table, LearnSet *set)
{
	ListCell   *lc;
	int			c = -1;

	while ((c = bms_next_member(set->columns, c)) >= 0)
	{
		LearnColumn *column = &table->column[c];
		LearnKey   *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

		if (column->differs == LEARN_DIFFERS || (key && key->is_distinct && tells_row(schema, key, set->columns)) ||
			(key && key->is_parent && table->max_one && tells_row(schema, key, set->columns)) ||
			(column->differs == LEARN_ORDINAL && tells_row(schema, table->parent, set->columns)))
		{
			column->not_null |= set->nulls_equal;

			/* that doubles differ is nothing that the format would prove */
			set->is_proved = column->differs != LEARN_DIFFERS || column->kind != LEARN_FLOAT;
			return true;
		}
	}
	for (c = -1; (c = bms_next_member(set->columns, c)) >= 0;)
	{
		LearnKey   *key = table->column[c].key >= 0 ? list_nth(table->keys, table->column[c].key) : NULL;

		if (key && key->place == LEARN_CHILD && tells_row(schema, key, set->columns))
		{
			set->is_proved = true;
			set->by_child = key;
			return true;
		}
	}
	foreach(lc, table->sets)
	{
		LearnSet   *other = lfirst(lc);

		if (other == set)
			break;
		if (other->is_proved && other->by_child == NULL && bms_is_subset(other->columns, set->columns))
		{
			set->is_proved = true;
			return true;
		}
	}
	return false;
}

/* Must the values of a column differ by themselves? */
static bool
is_set_alone(const LearnTable *table, int column)
{
	ListCell   *lc;

	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		if (!set->is_odd && set->predicate == NULL && bms_num_members(set->columns) == 1 && bms_is_member(column, set->columns))
			return true;
	}
	return false;
}

/*
 * A foreign key and a whole number: the number counts the rows of the parent.  False
 * if the set is not like that.
 */
static bool
take_ordinal(LearnSchema *schema, LearnTable *table, LearnSet *set)
{
	LearnKey   *key = NULL;
	LearnColumn *number = NULL;
	int			c = -1;

	while ((c = bms_next_member(set->columns, c)) >= 0)
	{
		LearnColumn *column = &table->column[c];

		if (column->key >= 0 && (key == NULL || list_nth(table->keys, column->key) == key))
			key = list_nth(table->keys, column->key);
		else if (column->key < 0 && column->kind == LEARN_INT && number == NULL)
			number = column;
		else
			return false;
	}
	if (key == NULL || number == NULL || number->counts || number->limits.has_high || !can_differ(table, number) ||
		is_set_alone(table, (int) (number - table->column)) ||
		!tells_row(schema, key, set->columns) || schema->table[key->target].empty || !learn_make_parent(schema, table, key))
		return false;
	number->differs = LEARN_ORDINAL;
	if (number->max < 100000)
		learn_add_cap(table, number->max, list_make1_int(key->target), "the numbers that a column can hold");
	return true;
}

/* Let the column that suits best differ by itself; false if none can. */
static bool
take_column(LearnTable *table, LearnSet *set)
{
	int			best = -1;
	int			c = -1;

	while ((c = bms_next_member(set->columns, c)) >= 0)
		if (can_differ(table, &table->column[c]) && (best < 0 || preference(table, c) > preference(table, best)))
			best = c;
	if (best < 0)
		return false;
	table->column[best].differs = LEARN_DIFFERS;
	table->column[best].not_null |= set->nulls_equal;
	if (table->column[best].most < 1e12)
		learn_add_cap(table, table->column[best].most, NIL,
					  psprintf("the values that differ in column %s", table->column[best].sql_name));
	return true;
}

/*
 * Whole numbers none of which tells rows apart, by the statistics: as many of each as
 * there are, in a grid.  The column that has most gets more, for scales at which there
 * are more rows.  False if the set is not like that.
 */
static bool
take_numbers(LearnTable *table, LearnSet *set)
{
	double		product = 1;
	int			most = -1;
	int			c = -1;

	if (set->is_odd || bms_num_members(set->columns) < 2)
		return false;
	while ((c = bms_next_member(set->columns, c)) >= 0)
	{
		const LearnColumn *column = &table->column[c];
		double		distinct;

		if (column->statistics == NULL || column->kind != LEARN_INT || column->counts || column->limits.has_high ||
			column->differing == NULL || !can_differ(table, column))
			return false;
		distinct = column->statistics->distinct > 0 ? column->statistics->distinct : -column->statistics->distinct * table->tuples;
		if (distinct < 1 || distinct > MANY_DISTINCT * table->tuples)
			return false;
		product *= ceil(distinct);
		most = most < 0 || ceil(distinct) > table->column[most].grid_count ? c : most;
		table->column[c].grid_count = ceil(distinct);
	}
	if (product < table->tuples)
		table->column[most].grid_count = ceil(table->column[most].grid_count * table->tuples / product);
	product = table->grows ? LARGEST_FACTOR : 1;
	table->column[most].grid_count *= product;
	product = 1;
	c = -1;
	while ((c = bms_next_member(set->columns, c)) >= 0)
	{
		table->column[c].differs = LEARN_GRID;
		table->column[c].grid = table->ngrids;
		table->column[c].not_null = true;
		product *= table->column[c].grid_count;
	}
	table->ngrids++;
	learn_add_cap(table, product, NIL, psprintf("combinations of %s", set->name));
	return true;
}

/* The units of a set that can still choose as is needed here; their number in *n. */
static Unit *
free_units(LearnSchema *schema, LearnTable *table, LearnSet *set, int *n, bool *all_free)
{
	Unit	   *unit = palloc0(sizeof(Unit) * Max(bms_num_members(set->columns), 1));
	int			c = -1;

	*n = 0;
	*all_free = true;
	while ((c = bms_next_member(set->columns, c)) >= 0)
	{
		LearnColumn *column = &table->column[c];
		LearnKey   *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;
		Unit		u = {key, c, 0};
		bool		is_double = false;

		for (int i = 0; i < *n; i++)
			is_double |= key && unit[i].key == key;
		if (is_double)
			continue;
		if (key)
			u.values = key->place == LEARN_OWN && !key->is_parent && !key->is_distinct && key->grid < 0 &&
				tells_row(schema, key, set->columns);
		else if (!column->left_out && !column->always_null && column->grid < 0 && column->differs == LEARN_REPEATS)
			u.values = list_length(learn_finite_values(column, FEW_VALUES));
		if (u.values > 0)
			unit[(*n)++] = u;
		else
			*all_free = false;
	}
	return unit;
}

/* May a check of several columns want a column to be null in some rows?  variant.c finds out. */
static bool
is_to_be_checked(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->checks)
		if (bms_is_member(c, ((LearnCheck *) lfirst(lc))->columns))
			return true;
	return false;
}

/* Let units together differ as a grid, or the single one by itself. */
static void
take_units(LearnTable *table, LearnSet *set, Unit *unit, int n)
{
	double		factor = 1;
	List	   *tables = NIL;

	for (int i = 0; i < n; i++)
	{
		if (unit[i].key)
		{
			tables = lappend_int(tables, unit[i].key->target);
			unit[i].key->is_tree = false;
			unit[i].key->is_distinct = n == 1;
			unit[i].key->grid = n == 1 ? -1 : table->ngrids;
		}
		else
		{
			LearnColumn *column = &table->column[unit[i].column];

			factor *= unit[i].values;
			column->differs = n == 1 ? LEARN_DIFFERS : LEARN_GRID;
			column->differing = NULL;	/* the list is used */
			column->grid = n == 1 ? -1 : table->ngrids;
		}
		if (set->nulls_equal || n > 1)
			for (int c = 0; c < table->ncolumns; c++)
				if (bms_is_member(c, set->columns) && (set->nulls_equal || !is_to_be_checked(table, c)))
					table->column[c].not_null = true;
	}
	table->ngrids += n > 1;
	learn_add_cap(table, factor, tables, psprintf("combinations of %s", set->name));
}

/* The rows that a table has, or might have, for comparisons. */
static double
rows_of(const LearnTable *table)
{
	return table->tuples < 0 ? 1000 : table->tuples;
}

/* Do these units leave room for the rows of the table? */
static bool
have_room(LearnSchema *schema, LearnTable *table, const Unit *unit, int n)
{
	double		places = 1;

	for (int i = 0; i < n; i++)
		places *= unit[i].key ? rows_of(&schema->table[unit[i].key->target]) : unit[i].values;
	return places >= rows_of(table);
}

/*
 * A foreign key that leaves room for all rows by itself, where a grid would take the
 * choice of a value from checks of several columns; -1 if there is none or no need.
 */
static int
lonely_key(LearnSchema *schema, LearnTable *table, const Unit *unit, int n)
{
	bool		is_needed = false;

	for (int i = 0; i < n; i++)
		is_needed |= unit[i].key == NULL && is_to_be_checked(table, unit[i].column);
	for (int i = 0; i < n && is_needed; i++)
		if (unit[i].key && have_room(schema, table, &unit[i], 1))
			return i;
	return -1;
}

/* Let a set differ by what is limited in number; false if nothing can be chosen. */
static bool
take_finite(LearnSchema *schema, LearnTable *table, LearnSet *set)
{
	bool		all_free;
	int			n;
	Unit	   *unit = free_units(schema, table, set, &n, &all_free);
	int			best = 0;

	if (n == 0 && table->parent && !table->needs_children && tells_row(schema, table->parent, set->columns))
	{
		table->max_one = true;
		return true;
	}
	if (n == 0)
		return false;
	if (set->predicate && !have_room(schema, table, unit, n))
	{
		learn_forbid(schema, table, set->name, set->predicate);
		learn_note(table, "no row is one that index %s is about, as these would be too few", set->name);
		return true;
	}
	if (lonely_key(schema, table, unit, n) >= 0)
	{
		take_units(table, set, &unit[lonely_key(schema, table, unit, n)], 1);
		return true;
	}
	if (all_free)
	{
		take_units(table, set, unit, n);
		return true;
	}
	for (int i = 1; i < n; i++)
		if (have_room(schema, table, &unit[i], 1) && !have_room(schema, table, &unit[best], 1))
			best = i;
	take_units(table, set, &unit[best], 1);
	return true;
}

/* Let a column of a set that can be null always be so; false if none can. */
static bool
take_null(LearnTable *table, LearnSet *set)
{
	int			c = -1;

	if (set->nulls_equal)
		return false;
	while ((c = bms_next_member(set->columns, c)) >= 0)
		if (!table->column[c].not_null && table->column[c].key < 0)
		{
			table->column[c].always_null = true;
			learn_note(table, "column %s is always null, as its values would not differ as index %s wants",
					   table->column[c].sql_name, set->name);
			return true;
		}
	return false;
}

/* Find a way in which the values of a set differ. */
static void
meet_set(LearnSchema *schema, LearnTable *table, LearnSet *set)
{
	int			c = -1;

	if (!set->nulls_equal)
		while ((c = bms_next_member(set->columns, c)) >= 0)
			if (table->column[c].always_null || (table->column[c].left_out && !table->column[c].has_default))
				return;			/* nulls differ */
	if (!set->is_odd &&
		(is_met(schema, table, set) || take_ordinal(schema, table, set) || take_numbers(table, set) ||
		 take_column(table, set) || take_finite(schema, table, set)))
	{
		(void) is_met(schema, table, set);
		if (table->ngrids > 0 && !set->is_proved)
		{
			/* all columns of a grid are in the set */
			bool		in_grid = true;

			c = -1;
			while ((c = bms_next_member(set->columns, c)) >= 0)
			{
				LearnColumn *column = &table->column[c];
				LearnKey   *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

				in_grid &= (key ? key->grid : column->grid) == table->ngrids - 1;
			}
			set->is_proved = in_grid;
		}
		return;
	}
	if (take_null(table, set))
		return;
	if (set->predicate)
	{
		learn_forbid(schema, table, set->name, set->predicate);
		learn_note(table, "no row is one that index %s is about, as its values would not differ", set->name);
		return;
	}
	learn_add_cap(table, 1, NIL, psprintf("values would not differ as index %s wants", set->name));
}

/* Can ranges of a type be made that do not overlap? */
static bool
has_spans(Oid type)
{
	switch (get_range_subtype(type))
	{
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return false;
	}
}

/* Let ranges not overlap, as an exclusion constraint wants. */
static void
meet_exclusion(LearnSchema *schema, LearnTable *table, LearnExclusion *exclusion)
{
	bool		is_free = !exclusion->is_odd && (exclusion->start >= 0 ||
												 (exclusion->range >= 0 && has_spans(table->column[exclusion->range].type)));
	int			columns[] = {exclusion->range, exclusion->start, exclusion->end};
	static const LearnDiffers how[] = {LEARN_PERIOD_RANGE, LEARN_PERIOD_START, LEARN_PERIOD_END};

	if (!exclusion->is_odd && exclusion->range < 0 && exclusion->start < 0)
	{
		LearnSet   *set = palloc0(sizeof(LearnSet));

		set->name = exclusion->name;
		set->columns = exclusion->equal;
		table->sets = lappend(table->sets, set);
		return;
	}
	for (int i = 0; i < lengthof(columns); i++)
		is_free = is_free && (columns[i] < 0 || (table->column[columns[i]].differs == LEARN_REPEATS &&
												 table->column[columns[i]].key < 0 && !table->column[columns[i]].left_out));
	if (is_free && table->parent && !tells_row(schema, table->parent, exclusion->equal))
		is_free = false;
	if (!is_free)
	{
		learn_add_cap(table, 1, NIL, psprintf("rows would not differ as constraint %s wants", exclusion->name));
		return;
	}
	for (int i = 0; i < lengthof(columns); i++)
		if (columns[i] >= 0)
			table->column[columns[i]].differs = how[i];
	if (table->parent == NULL)
		table->no_parent = true;
	for (int i = 0; i < 2; i++)
		if (columns[i] >= 0 && table->column[columns[i]].kind != LEARN_TIMESTAMP)
			learn_add_cap(table, schema->end_day - schema->first_day, NIL, "days of the range, of which each row has others");
}

/*
 * learn_meet_sets
 *		Decide how unique sets and exclusion constraints are met in all tables.
 *
 * Foreign keys have been placed.  Where nothing helps the table has one row.
 */
void
learn_meet_sets(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		if (table->empty)
			continue;
		foreach(lc, table->exclusions)
			meet_exclusion(schema, table, lfirst(lc));
		foreach(lc, table->sets)
			meet_set(schema, table, lfirst(lc));
		CHECK_FOR_INTERRUPTS();
	}
}
