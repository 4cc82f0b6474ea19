/*-------------------------------------------------------------------------
 *
 * apart.c
 *		References to two different rows, as checks want them.
 *
 * A check such as "follower <> followee" or "a < b" holds two foreign keys to the
 * same table apart.  If keys of that table count its rows, the second row is some
 * steps behind the first one, round in a circle: by chance, or where pairs have to
 * differ by a grid of rows and numbers of steps.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "nodes/primnodes.h"

#include "learn/schema.h"

/* How many times its rows a table has at the largest scale. */
#define LARGEST_FACTOR	10

/* A random number from 0 to below 1. */
#define BELOW_ONE	"{\"kind\": \"uniform\", \"min\": 0, \"max\": 0.999999999}"

/* Two columns that a check holds apart. */
typedef struct Pair
{
	LearnCheck *check;
	int			first;
	int			second;
	bool		is_ordered;		/* the first is to be less */
	LearnSet   *set;			/* of the two, whose values differ, or NULL */
	const char *target;			/* table */
} Pair;

/* The rule of a formula. */
static char *
formula(const char *expression)
{
	return psprintf("{\"kind\": \"formula\", \"expression\": %s}", learn_quote(expression));
}

/* Does a check compare two columns by <, > or <>? */
static bool
holds_apart(const LearnTable *table, LearnCheck *check, Pair *pair)
{
	Node	   *node = (Node *) check->expr;
	const char *name;

	if (check->is_settled || check->unasked || !(IsA(node, OpExpr) || IsA(node, DistinctExpr)))
		return false;
	name = learn_compared_columns(table, (OpExpr *) node, &pair->first, &pair->second);
	if (name == NULL || (strcmp(name, "<") != 0 && strcmp(name, ">") != 0 && strcmp(name, "<>") != 0))
		return false;
	pair->check = check;
	pair->is_ordered = strcmp(name, "<>") != 0;
	return true;
}

/* The foreign key that alone decides what a column is, if its values are numbers of rows; else NULL. */
static LearnKey *
free_key(const LearnSchema *schema, const LearnTable *table, int c)
{
	const LearnColumn *column = &table->column[c];
	LearnKey   *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;
	const LearnColumn *target;

	if (key == NULL || key->n != 1 || key->place != LEARN_OWN || key->is_parent || key->is_distinct || key->is_tree || !key->is_single ||
		key->target == table - schema->table || column->found_rule || column->variant >= 0)
		return NULL;
	target = &schema->table[key->target].column[key->target_column[0]];
	return target->key < 0 && target->kind == LEARN_INT && target->differs == LEARN_DIFFERS && target->differing &&
		strcmp(target->differing, "{\"kind\": \"sequence\"}") == 0 ? key : NULL;
}

/* Is a column held by anything but the check of a pair and its set? */
static bool
is_held(const LearnTable *table, const Pair *pair, int c)
{
	ListCell   *lc;

	foreach(lc, table->checks)
	{
		const LearnCheck *check = lfirst(lc);

		if (check != pair->check && bms_is_member(c, check->columns))
			return true;
	}
	foreach(lc, table->sets)
		if (lfirst(lc) != pair->set && bms_is_member(c, ((LearnSet *) lfirst(lc))->columns))
			return true;
	foreach(lc, table->exclusions)
		if (bms_is_member(c, ((LearnExclusion *) lfirst(lc))->equal))
			return true;
	return table->column[c].checks != NIL;
}

/* Do rows of others refer to those of a table? */
static bool
is_target(const LearnSchema *schema, const LearnTable *table)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].keys)
			if (((LearnKey *) lfirst(lc))->target == table - schema->table)
				return true;
	}
	return false;
}

/* The set of exactly the two columns of a pair, or NULL. */
static LearnSet *
set_of(const LearnTable *table, const Pair *pair)
{
	ListCell   *lc;

	foreach(lc, table->sets)
	{
		LearnSet   *set = lfirst(lc);

		if (bms_num_members(set->columns) == 2 && !set->is_odd && bms_is_member(pair->first, set->columns) &&
			bms_is_member(pair->second, set->columns))
			return set;
	}
	return NULL;
}

/* Give a column of a pair a formula in the place of its foreign key. */
static void
give_formula(LearnTable *table, const Pair *pair, int c, const char *expression)
{
	LearnColumn *column = &table->column[c];
	LearnKey   *key = list_nth(table->keys, column->key);

	key->place = LEARN_IMPLIED;
	key->grid = -1;
	column->key = -1;
	column->found_rule = formula(expression);
	column->references = pair->target;
	column->source = "declared";
}

/* Add a hidden column that pairs are made of; its name. */
static char *
add_part(LearnTable *table, const char *name, const char *type, char *rule)
{
	char	   *unique = learn_unique_name(&table->names_used, name);

	(void) learn_add_hidden(table, unique, type, rule);
	return unique;
}

/*
 * The row that lies some steps behind another one, round in a circle: more than the rows
 * there are is as many less.  Without mod(), which could be null for all that is known.
 */
static char *
behind(const Pair *pair, const char *near, const char *steps)
{
	return psprintf("%s + %s - rows(%s) * least(1, greatest(0, %s + %s - rows(%s)))", near, steps, pair->target, near, steps, pair->target);
}

/* How far the rows of a pair are from each other, at most: as far as it takes for twice the rows that are wanted. */
static double
distances(const LearnTable *table, const LearnTable *target)
{
	double		rows = table->tuples * (table->grows && !target->grows ? LARGEST_FACTOR : 1);

	return Max(1, ceil(2 * rows / Max(target->tuples, 1)));
}

/* Give the columns of a pair what they are made of, the less one first if that is wanted. */
static void
give_pair(LearnTable *table, const Pair *pair, const char *near, const char *far)
{
	give_formula(table, pair, pair->first, pair->is_ordered ? psprintf("least(%s, %s)", near, far) : near);
	give_formula(table, pair, pair->second, pair->is_ordered ? psprintf("greatest(%s, %s)", near, far) : far);
}

/* Pairs none of which comes twice: a grid of rows and distances. */
static void
make_different_pairs(LearnTable *table, const Pair *pair, double most)
{
	int			grid = table->ngrids++;
	char	   *near = add_part(table, "near_row", "bigint", psprintf("{\"kind\": \"grid\", \"grid\": \"g%d\", \"table\": \"%s\"}", grid, pair->target));
	char	   *steps = add_part(table, "steps", "bigint", psprintf("{\"kind\": \"grid\", \"grid\": \"g%d\", \"values\": %s, \"start\": 1}",
																grid, learn_number(most)));

	give_pair(table, pair, near, add_part(table, "far_row", "bigint", formula(behind(pair, near, steps))));
	table->column[pair->first].not_null = table->column[pair->second].not_null = true;
	pair->set->is_proved = false;	/* it holds, which the format would not prove */
}

/* Pairs by chance. */
static void
make_pairs(LearnTable *table, const Pair *pair)
{
	const char *t = pair->target;
	char	   *share = add_part(table, "share", "numeric(10,9)", pstrdup(BELOW_ONE));
	char	   *steps = add_part(table, "steps", "bigint", formula(psprintf("1 + floor(%s * (rows(%s) - 1))", share, t)));
	char	   *near = table->column[pair->first].name;

	if (!pair->is_ordered)
	{
		table->column[pair->first].not_null |= table->column[pair->second].not_null;
		give_formula(table, pair, pair->second, behind(pair, near, steps));
		return;
	}
	share = add_part(table, "share", "numeric(10,9)", pstrdup(BELOW_ONE));
	near = add_part(table, "near_row", "bigint", formula(psprintf("1 + floor(%s * rows(%s))", share, t)));
	give_pair(table, pair, near, add_part(table, "far_row", "bigint", formula(behind(pair, near, steps))));
}

/* Let the two columns of a check be different rows, if it is like that and nothing else holds them. */
static void
part_columns(LearnSchema *schema, LearnTable *table, LearnCheck *check)
{
	Pair		pair = {0};
	LearnKey   *first;
	LearnKey   *second;
	const LearnTable *target;
	double		most;

	if (!holds_apart(table, check, &pair))
		return;
	pair.set = set_of(table, &pair);
	first = free_key(schema, table, pair.first);
	second = free_key(schema, table, pair.second);
	if (first == NULL || second == NULL || first->target != second->target || is_held(table, &pair, pair.first) ||
		is_held(table, &pair, pair.second) || table->parent || is_target(schema, table) || (pair.set == NULL && (first->grid >= 0 || second->grid >= 0)))
		return;
	target = &schema->table[first->target];
	most = distances(table, target);
	pair.target = target->name;
	learn_add_cap(table, pair.set ? most : 1, list_make1_int(first->target), psprintf("pairs of rows of %s", target->sql_name));
	((LearnCap *) llast(table->caps))->pairs = pair.set == NULL ? LEARN_ANY_PAIRS : pair.is_ordered ? LEARN_SETS_OF_TWO : LEARN_PAIRS;
	if (pair.set)
		make_different_pairs(table, &pair, most);
	else
		make_pairs(table, &pair);
	check->is_settled = true;
	learn_note(table, "rows of %s are chosen evenly, as check %s holds two references apart", target->sql_name, check->name);
}

/*
 * learn_part_references
 *		Meet checks that two foreign keys must not refer to the same row.
 *
 * It is known how unique sets are met and what tables are children of which.
 */
void
learn_part_references(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		if (!table->empty)
			foreach(lc, table->checks)
				part_columns(schema, table, lfirst(lc));
	}
}
