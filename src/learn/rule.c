/*-------------------------------------------------------------------------
 *
 * rule.c
 *		The rules that columns get, from what has been decided about them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

#include "learn/schema.h"

/* How times say that they rise with the rows. */
#define ORDERED		", \"ordered\": true"

/* Nulls of a column that can be null, if nothing is known. */
#define SOME_NULLS	0.1

/*
 * learn_add_hidden
 *		Add a column that rules use, of a name that no other has.  Returns it.
 */
LearnHidden *
learn_add_hidden(LearnTable *table, char *name, const char *type, char *rule)
{
	LearnHidden *hidden = palloc0(sizeof(LearnHidden));

	hidden->name = name;
	hidden->type = type;
	hidden->rule = rule;
	table->hidden = lappend(table->hidden, hidden);
	return hidden;
}

/* The rule of a formula. */
static char *
formula(char *expression)
{
	return psprintf("{\"kind\": \"formula\", \"expression\": %s}", learn_quote(expression));
}

/* Let the rule of a column be one that declarations alone say. */
static void
declare_source(LearnColumn *column)
{
	column->source = "declared";
	column->carried = 0;
	column->least_rows = 0;
	column->withheld = NULL;
}

/* The nulls of a column that can have any. */
static double
nulls_of(const LearnColumn *column)
{
	return column->not_null ? 0 : column->statistics ? floor(column->statistics->null_fraction * 1000 + 0.5) / 1000 : SOME_NULLS;
}

/* The nulls that a column has of its own, which is null where another one is. */
static double
nulls_beyond(const LearnColumn *column, const LearnColumn *first)
{
	double		own = 1 - nulls_of(column);
	double		others = 1 - nulls_of(first);

	return own >= others ? 0 : floor((1 - own / others) * 1000 + 0.5) / 1000;
}

/* How a foreign key chooses its row. */
static char *
key_rule(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	const char *target = schema->table[key->target].name;

	if (key->is_parent)
		return pstrdup("{\"kind\": \"parent\"}");
	if (key->grid >= 0)
		return psprintf("{\"kind\": \"grid\", \"grid\": \"g%d\", \"table\": \"%s\"}", key->grid, target);
	if (key->is_tree)
	{
		const LearnStatistics *statistics = table->column[key->column[0]].statistics;
		double		least = table->rows[0];

		for (int s = 1; s < LEARN_SCALES; s++)
			least = Min(least, table->rows[s]);
		return psprintf("{\"kind\": \"hierarchy\", \"levels\": 3, \"roots\": %s}", learn_number(Max(1, floor(statistics && statistics->null_fraction > 0 ? least * statistics->null_fraction + 0.5 : least / 20))));
	}
	if (key->among)
		return psprintf("{\"kind\": \"reference\", \"table\": \"%s\", \"among\": \"%s\"%s}", target, key->among,
						key->families && key->families->profile ? key->families->profile : "");
	if (key->after)
		return psprintf("{\"kind\": \"reference\", \"table\": \"%s\"%s%s}", target,
						key->popularity ? key->popularity : learn_profile(schema, table, key), key->after);
	return psprintf("{\"kind\": \"reference\", \"table\": \"%s\"%s}", target,
					key->is_distinct ? ", \"distinct\": \"table\"" :
					key->families && key->families->profile ? key->families->profile : learn_profile(schema, table, key));
}

/* Can a foreign key choose no row: are all columns that it gives nullable? */
static bool
can_choose_none(const LearnTable *table, const LearnKey *key)
{
	int			index = key->index;

	if (key->is_parent || key->grid >= 0)
		return false;
	for (int i = 0; i < key->n; i++)
		if (table->column[key->column[i]].key == index && table->column[key->column[i]].not_null)
			return false;
	return true;
}

/* Is some column that a foreign key gives one of patterns, which say when it is null? */
static bool
is_in_variant(const LearnTable *table, const LearnKey *key)
{
	for (int i = 0; i < key->n; i++)
		if (table->column[key->column[i]].key == key->index && table->column[key->column[i]].variant >= 0)
			return true;
	return false;
}

/*
 * The hidden columns that choose rows.  Only the rule of a column itself can choose
 * rows that differ, so patterns are put around copies.
 */
static void
make_row_columns(LearnSchema *schema, LearnTable *table)
{
	ListCell   *lc;

	foreach(lc, table->keys)
	{
		LearnKey   *key = lfirst(lc);
		bool		in_variant = is_in_variant(table, key);
		LearnHidden *hidden;

		if (in_variant && key->is_single && key->row_name == NULL && (key->is_distinct || key->grid >= 0))
			key->row_name = learn_unique_name(&table->names_used, psprintf("%s_row", table->column[key->column[0]].name));

		if ((key->place != LEARN_OWN && key->place != LEARN_AMONG) || (key->is_single && key->row_name == NULL))
			continue;
		hidden = learn_add_hidden(table, learn_key_step(table, key), "row", key_rule(schema, table, key));
		hidden->nullable = can_choose_none(table, key);
		if (hidden->nullable && !key->is_tree && !in_variant)
			for (int i = 0; i < key->n; i++)
				hidden->null_fraction = Max(hidden->null_fraction, nulls_of(&table->column[key->column[i]]));
	}
}

/* A column that a foreign key to a row's own descendant gives. */
static void
make_child_column(LearnSchema *schema, const LearnTable *table, LearnColumn *column, const LearnKey *key, const LearnColumn *origin)
{
	for (int i = 0; i < key->n; i++)
		if (key->column[i] == column - table->column)
			column->rule = learn_child_rule(schema, key, i, origin);
	if (key->is_counted_child)
		column->source = "aggregates";
	if (key->is_single)
		column->references = schema->table[key->target].name;
	column->nullable = !column->not_null;
	column->null_fraction = nulls_of(column);
	column->note = psprintf("the %s of the row's own rows of %s", key->is_last_child ? "last" : "first", key->target_name);
}

/* A column that a foreign key gives. */
static void
make_key_column(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	LearnKey   *key = list_nth(table->keys, column->key);
	const LearnColumn *origin = learn_origin(schema, table, (int) (column - table->column));
	bool		can_be_none = can_choose_none(table, key);

	column->format = origin->format;
	column->sql_type = origin->sql_type;
	if (column->found_rule)
	{
		column->rule = column->found_rule;
		column->nullable = !column->not_null;
		column->null_fraction = 0;
		return;
	}
	declare_source(column);
	if (key->families && key->families->n > 0 && key->place == LEARN_OWN && !key->is_distinct && key->grid < 0)
		column->source = "aggregates";
	if (key->is_guessed)
		column->source = "name";
	if (key->place == LEARN_CHILD)
	{
		make_child_column(schema, table, column, key, origin);
		return;
	}
	if (key->place == LEARN_SELF)
	{
		for (int i = 0; i < key->n; i++)
			if (key->column[i] == column - table->column)
				column->rule = psprintf("{\"kind\": \"copy\", \"column\": \"%s\"}", table->column[key->target_column[i]].name);
		column->nullable = !column->not_null;
		column->null_fraction = nulls_of(column);
		return;
	}
	if (key->is_single && key->row_name == NULL)
	{
		column->rule = key_rule(schema, table, key);
		column->null_fraction = can_be_none && !key->is_tree ? nulls_of(column) : 0;
		column->nullable = can_be_none;
		return;
	}
	for (int i = 0; i < key->n; i++)
		if (key->column[i] == column - table->column)
			column->rule = psprintf("{\"kind\": \"copy\", \"column\": \"%s.%s\"}", learn_key_step(table, key),
									schema->table[key->target].column[key->target_column[i]].name);
	column->nullable = !column->not_null;
	column->null_fraction = can_be_none ? 0 : nulls_of(column);
}

/* A list of values as the rule of a column, each of them once. */
static char *
listed_rule(const LearnColumn *column, const char *before, const char *more)
{
	List	   *values = learn_finite_values(column, 1000);
	StringInfoData rule;
	ListCell   *lc;

	if (before == NULL)
	{
		List	   *words = NIL;

		foreach(lc, values)
			words = lappend(words, column->kind == LEARN_BOOL ? learn_json_value(column, lfirst(lc)) : lfirst(lc));
		return learn_weighted(words, more);
	}
	initStringInfo(&rule);
	appendStringInfoString(&rule, before);
	foreach(lc, values)
		appendStringInfo(&rule, "%s%s", foreach_current_index(lc) ? ", " : "", learn_json_value(column, lfirst(lc)));
	appendStringInfo(&rule, "]}");
	return rule.data;
}

/* Ranges that do not overlap, put together of hidden columns. */
static char *
range_rule(LearnTable *table, const LearnColumn *column)
{
	Oid			subtype = get_range_subtype(column->type);
	char	   *name[8];

	if (subtype == INT4OID || subtype == INT8OID || subtype == NUMERICOID)
	{
		for (int i = 0; i < 2; i++)
		{
			name[i] = learn_unique_name(&table->names_used, psprintf("%s_%s", column->name, i == 0 ? "low" : "high"));
			(void) learn_add_hidden(table, name[i], "bigint", formula(i == 0 ? "row() * 10 - 9" : "row() * 10"));
		}
		return psprintf("{\"kind\": \"pattern\", \"pattern\": \"[{%s},{%s})\"}", name[0], name[1]);
	}
	for (int i = 0; i < 8; i++)
	{
		static const char *const part[] = {"start", "end", "start_year", "start_month", "start_day", "end_year", "end_month", "end_day"};
		static const char *const function[] = {"year", "month", "day"};

		name[i] = learn_unique_name(&table->names_used, psprintf("%s_%s", column->name, part[i]));
		if (i < 2)
			(void) learn_add_hidden(table, name[i], "date", i == 0 ? "{\"kind\": \"periods\", \"part\": \"start\"}" :
							  psprintf("{\"kind\": \"periods\", \"part\": \"end\", \"start\": \"%s\"}", name[0]));
		else
			(void) learn_add_hidden(table, name[i], "smallint", formula(psprintf("%s(%s)", function[(i - 2) % 3], name[(i - 2) / 3])));
	}
	return psprintf("{\"kind\": \"pattern\", \"pattern\": \"[{%s}-{%s:2}-{%s:2},{%s}-{%s:2}-{%s:2})\"}",
					name[2], name[3], name[4], name[5], name[6], name[7]);
}

/* The end of periods whose starts are another column. */
static char *
period_end_rule(const LearnTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (table->column[c].differs == LEARN_PERIOD_START)
			return psprintf("{\"kind\": \"periods\", \"part\": \"end\", \"start\": \"%s\"}", table->column[c].name);
	elog(ERROR, "periods of table %s have no start", table->sql_name);
}

/* The rule that a column's values alone gave; the hidden columns that it uses become the table's. */
static char *
base_rule(LearnTable *table, const LearnColumn *column)
{
	table->hidden = list_concat(table->hidden, column->base_hidden);
	return column->base;
}

/* A column that is not before, or not below, another one. */
static char *
following_rule(LearnTable *table, const LearnColumn *column)
{
	const LearnColumn *first = &table->column[column->follows];
	bool		is_strict = column->follows_strictly;
	const char *name = first->name;

	if (column->difference)
		return column->difference;
	if (column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP)
	{
		StringInfoData rule;

		initStringInfo(&rule);
		appendStringInfo(&rule, "{\"kind\": \"offset\", \"column\": \"%s\", \"unit\": \"days\", ", name);
		if (column->kind == LEARN_DATE)
			appendStringInfo(&rule, "\"by\": {\"distribution\": \"uniform\", \"min\": %d, \"max\": 30}", is_strict);
		else
			appendStringInfo(&rule, "\"whole\": false, \"by\": {\"distribution\": \"exponential\", \"mean\": 5, \"min\": %s}",
							 is_strict ? "0.001" : "0");
		if (column->limits.has_high)
			appendStringInfo(&rule, ", \"not_after\": %s", learn_quote(learn_day(floor(column->limits.high))));
		appendStringInfoChar(&rule, '}');
		return rule.data;
	}
	if (column->limits.has_high && column->base)
	{
		char	   *own = learn_unique_name(&table->names_used, psprintf("%s_own", column->name));

		(void) learn_add_hidden(table, own, column->format, base_rule(table, column));
		return formula(psprintf("greatest(%s%s, %s)", name, is_strict ? " + 1" : "", own));
	}
	return psprintf("{\"kind\": \"correlated\", \"column\": \"%s\", \"add\": {\"distribution\": \"uniform\", \"min\": %s, \"max\": 100}}",
					name, !is_strict ? "0" : column->kind == LEARN_INT ? "1" : "0.01");
}

/* The rule of a column that no foreign key gives, before patterns and nulls. */
static char *
own_rule(LearnTable *table, LearnColumn *column)
{
	switch (column->differs)
	{
		case LEARN_DIFFERS:
			return column->differing ? column->differing : listed_rule(column, NULL, ", \"distinct\": \"table\"");
		case LEARN_ORDINAL:
			return column->limits.has_low && column->limits.low != 1 ?
				psprintf("{\"kind\": \"ordinal\", \"start\": %s}", learn_number(ceil(column->limits.low))) :
				pstrdup("{\"kind\": \"ordinal\"}");
		case LEARN_PERIOD_START:
			return pstrdup("{\"kind\": \"periods\", \"part\": \"start\"}");
		case LEARN_PERIOD_END:
			return period_end_rule(table);
		case LEARN_PERIOD_RANGE:
			return range_rule(table, column);
		case LEARN_GRID:
			if (column->grid_count > 0)
				return psprintf("{\"kind\": \"grid\", \"grid\": \"g%d\", \"values\": %s, \"start\": %s}", column->grid,
								learn_number(column->grid_count), learn_number(column->limits.has_low ? ceil(column->limits.low) : 1));
			return listed_rule(column, psprintf("{\"kind\": \"grid\", \"grid\": \"g%d\", \"values\": [", column->grid), NULL);
		default:
			if (column->found_rule)
				return column->found_rule;
			if (column->follows >= 0)
				return following_rule(table, column);
			return base_rule(table, column);
	}
}

/* Put the patterns of a variant around the rule of a column. */
static void
wrap_in_variant(LearnTable *table, LearnColumn *column)
{
	const LearnVariant *variant = list_nth(table->variants, column->variant);
	char	   *ordered = strstr(column->rule, ORDERED);

	/* times in the order of the rows have to be a column's own rule */
	if (ordered)
		column->rule = psprintf("%.*s%s", (int) (ordered - column->rule), column->rule, ordered + strlen(ORDERED));
	if (column->differs == LEARN_GRID || (column->differs == LEARN_DIFFERS && column->differing == NULL))
	{
		char	   *own = learn_unique_name(&table->names_used, psprintf("%s_own", column->name));

		(void) learn_add_hidden(table, own, column->format, column->rule);
		column->rule = psprintf("{\"kind\": \"copy\", \"column\": \"%s\"}", own);
	}
	column->rule = psprintf("{\"kind\": \"of_variant\", \"variant\": \"%s\", \"rule\": %s}", variant->name, column->rule);
	if (variant->is_measured)
		column->source = "aggregates";
	column->nullable = !column->not_null;
	column->null_fraction = 0;
}

/* The rule of a column, and when it is null. */
static void
make_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	if (column->always_null || (table->empty && column->base == NULL))
	{
		column->rule = pstrdup("{\"kind\": \"constant\", \"value\": null}");
		column->nullable = true;
		declare_source(column);
		return;
	}
	if (column->key >= 0 && !table->empty)
		make_key_column(schema, table, column);
	else
	{
		column->rule = table->empty ? base_rule(table, column) : own_rule(table, column);
		column->null_fraction = nulls_of(column);
		column->nullable = !column->not_null;
		if (column->found)
			column->null_fraction = column->not_null ? 0 : column->found_nulls;
		if (column->is_joint)
			column->null_fraction = 0;
		if (column->differs == LEARN_REPEATS && column->found_rule)
			;
		else if (column->differs == LEARN_REPEATS && column->difference)
			column->source = "aggregates";
		else if (column->differs != LEARN_REPEATS || column->follows >= 0)
			declare_source(column);
		if (column->follows >= 0 && column->difference)
			column->null_fraction = nulls_beyond(column, &table->column[column->follows]);
		if (column->differs == LEARN_GRID || column->differs == LEARN_PERIOD_START || column->differs == LEARN_PERIOD_END)
		{
			column->nullable = false;
			column->null_fraction = 0;
		}
	}
	if (column->variant >= 0 && !table->empty)
		wrap_in_variant(table, column);
}

/*
 * learn_make_rules
 *		Give all columns their rules.  Everything else is decided.
 *
 * What a column that is not null follows must not be null.
 */
void
learn_make_rules(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		for (int c = 0; c < table->ncolumns; c++)
			if (table->column[c].not_null)
				for (int f = table->column[c].follows; f >= 0; f = table->column[f].follows)
					table->column[f].not_null = true;
		if (!table->empty)
			make_row_columns(schema, table);
		for (int c = 0; c < table->ncolumns; c++)
			if (!table->column[c].left_out)
				make_rule(schema, table, &table->column[c]);
		foreach(lc, table->empty ? NIL : table->variants)
		{
			LearnVariant *variant = lfirst(lc);

			(void) learn_add_hidden(table, variant->name, "smallint", variant->rule);
		}
	}
}
