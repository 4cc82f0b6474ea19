/*-------------------------------------------------------------------------
 *
 * circle.c
 *		Foreign keys that lead round in a circle: a tenant and its owner.
 *
 * Where rows of one table belong to rows of another one, which refers back to them and
 * is never without, the way back is taken to be to a row's own: users belong to a
 * tenant, whose owner is one of its users.  Then users are children of tenants, of whom
 * each has one, and the owner is the first child.  Columns that both foreign keys share
 * agree by that.  The way can lead through more tables; then it is a child of a child.
 *
 * Where rows may be counted, they have to be so in all of them.  Else a foreign key whose
 * values repeat cannot be one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"

#include "learn/schema.h"

/* Tables in a circle beside the first one, at most. */
#define MAX_CHAIN	8

/* Rows that would not be children by chance, at least, where nothing but their number says that they are. */
#define LEAST_ROWS	20

/* Values that differ so nearly in all rows are taken to differ, as far as statistics tell. */
#define NEARLY_ALL	0.9

/* Words for the one of many that stands for them. */
static const char *const words_for_one[] = {"owner", "first", "last", "latest", "main", "primary", "default", "current", "active",
	"original", "initial", "root", "head", "founder", "lead", "leader", "creator", NULL};

/* A foreign key whose target's rows could be descendants of its own table's. */
typedef struct Circle
{
	LearnTable *table;
	LearnKey   *key;
	int			score;
	int			length;			/* of the chain */
	int			place;			/* among all, so that equals have an order */
} Circle;

/*
 * Does a column of a foreign key to a descendant have its value by descent: is it what
 * the target's column is copied from, along the chain?
 */
static bool
agrees(const LearnKey *key, int i)
{
	int			column = key->target_column[i];
	ListCell   *lc;

	foreach(lc, key->chain)
	{
		const LearnKey *step = lfirst(lc);
		int			next = -1;

		for (int k = 0; k < step->n; k++)
			if (step->column[k] == column)
				next = step->target_column[k];
		if (next < 0)
			return false;
		column = next;
	}
	return column == key->column[i];
}

/* Is some unique set of a table part of the columns of a foreign key? */
static bool
is_unique(const LearnTable *table, const LearnKey *key)
{
	Bitmapset  *columns = NULL;
	bool		found = false;
	ListCell   *lc;

	for (int i = 0; i < key->n; i++)
		columns = bms_add_member(columns, key->column[i]);
	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		found |= !set->is_odd && set->predicate == NULL && set->columns && bms_is_subset(set->columns, columns);
	}
	bms_free(columns);
	return found;
}

/* Is a column part of the primary key? */
static bool
is_in_primary(const LearnTable *table, int column)
{
	ListCell   *lc;

	foreach(lc, table->sets)
		if (((LearnSet *) lfirst(lc))->is_primary && bms_is_member(column, ((LearnSet *) lfirst(lc))->columns))
			return true;
	return false;
}

/* The foreign key along which the rows of a table are already taken to be children, or NULL. */
static LearnKey *
chain_key(const LearnTable *table)
{
	ListCell   *lc;

	foreach(lc, table->keys)
		if (((LearnKey *) lfirst(lc))->is_chain)
			return lfirst(lc);
	return NULL;
}

/* Is a table, or one that its rows are taken to be children of, this one? */
static bool
descends(const LearnSchema *schema, const LearnTable *table, const LearnTable *from)
{
	for (int i = 0; i <= schema->ntables; i++)
	{
		const LearnKey *key = chain_key(table);

		if (table == from)
			return true;
		if (key == NULL)
			return false;
		table = &schema->table[key->target];
	}
	return true;
}

/* Can rows of a table be children along a foreign key of it? */
static bool
can_be_step(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	return key->not_null && key->chain == NIL && !key->is_guessed && key->target >= 0 && key->target != table - schema->table &&
		!table->empty && !schema->table[key->target].empty && (chain_key(table) == NULL || chain_key(table) == key) &&
		schema->table[key->target].tuples <= table->tuples && !is_unique(table, key);
}

/*
 * The shortest chain of foreign keys by which rows of a foreign key's target could be
 * descendants of the rows of its table; NIL if there is none.
 */
static List *
find_chain(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	LearnKey  **step = palloc0(sizeof(LearnKey *) * schema->ntables);	/* from the table on the way to there */
	int		   *before = palloc(sizeof(int) * schema->ntables);
	int		   *queue = palloc(sizeof(int) * schema->ntables);
	int			depth[MAX_CHAIN + 1] = {1};	/* where the tables of each depth end in the queue */
	int			to = (int) (table - schema->table);
	List	   *chain = NIL;
	int			n = 1;

	queue[0] = key->target;
	for (int d = 0, at = 0; d < MAX_CHAIN && at < n && step[to] == NULL; d++)
	{
		for (; at < depth[d]; at++)
		{
			const LearnTable *from = &schema->table[queue[at]];
			ListCell   *lc;

			foreach(lc, descends(schema, table, from) ? NIL : from->keys)
			{
				LearnKey   *next = lfirst(lc);

				if (!can_be_step(schema, from, next) || next->target == key->target || step[next->target])
					continue;
				step[next->target] = next;
				before[next->target] = queue[at];
				if (next->target != to)
					queue[n++] = next->target;
			}
		}
		depth[d + 1] = n;
	}
	for (int at = to; step[at]; at = before[at])
		chain = lcons(step[at], chain);
	pfree(step);
	pfree(before);
	pfree(queue);
	return chain;
}

/* Is some column of a foreign key called what one of many is? */
static bool
is_called_one(const LearnTable *table, const LearnKey *key)
{
	for (int i = 0; i < key->n; i++)
		if (learn_has_word(table->column[key->column[i]].sql_name, words_for_one))
			return true;
	return false;
}

/*
 * Is a foreign key of one column called as what it refers to, or as that with its table
 * before it?  Then it tells to what the row belongs.
 */
static bool
is_called_alike(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	const LearnTable *target = &schema->table[key->target];
	const char *own = table->column[key->column[key->n - 1]].sql_name;
	const char *other = target->column[key->target_column[key->n - 1]].sql_name;
	const char *names[] = {other, psprintf("%s_%s", target->sql_name, other), psprintf("%s%s", target->sql_name, other)};
	bool		is_alike = false;

	for (int i = 0; i < lengthof(names); i++)
		is_alike |= pg_strcasecmp(own, names[i]) == 0;
	return is_alike;
}

/* Do statistics say that different rows refer to different ones?  1 if so, -1 if not, 0 if nothing is known. */
static int
has_different(const LearnTable *table, const LearnKey *key)
{
	const LearnStatistics *statistics = table->column[key->column[key->n - 1]].statistics;
	double		rows = statistics ? (1 - statistics->null_fraction) * table->tuples : 0;
	double		distinct = statistics == NULL ? 0 : statistics->distinct < 0 ? -statistics->distinct * table->tuples : statistics->distinct;

	if (is_unique(table, key))
		return 1;
	if (key->n != 1 || rows < LEAST_ROWS || distinct == 0)
		return 0;
	return distinct >= NEARLY_ALL * rows ? 1 : -1;
}

/* How likely it is that a foreign key refers to a descendant along a chain; below 0 it is not. */
static int
score_of(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	const LearnTable *target = &schema->table[key->target];
	const LearnKey *first = linitial(key->chain);
	int			score = 6 * has_different(table, key) + 3 * is_called_one(table, key);

	score += 2 * is_called_alike(schema, target, first) - 2 * is_called_alike(schema, table, key);
	score += 4 * (target->tuples >= 2 * table->tuples) + 2 * first->is_cascade - 3 * is_called_one(target, first);
	for (int i = 0; i < first->n; i++)
		score += is_in_primary(target, first->column[i]);
	for (int i = 0; i < key->n; i++)
		score += 4 * agrees(key, i);
	return score;
}

/* How many rows refer to a row, and to one that is not their descendant. */
typedef struct Found
{
	double		rows;
	double		others;
} Found;

static void
read_found(char *const *value, void *arg)
{
	Found	   *found = arg;

	found->rows = strtod(value[0], NULL);
	found->others = strtod(value[1], NULL);
}

/* Append that the columns of a foreign key of the table called from are those of its target, called to. */
static void
append_match(StringInfo query, const LearnSchema *schema, const LearnTable *table, const LearnKey *key, const char *from, const char *to)
{
	for (int i = 0; i < key->n; i++)
	{
		const LearnColumn *column = &table->column[key->column[i]];
		const LearnColumn *other = &schema->table[key->target].column[key->target_column[i]];

		appendStringInfo(query, "%s%s.%s%s %s.%s", i ? " AND " : "", from, learn_column_name(column), learn_equality(column, other),
						 to, learn_column_name(other));
	}
}

/* May the columns of a foreign key be read, here and there? */
static bool
is_readable(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	bool		readable = true;

	for (int i = 0; i < key->n; i++)
		readable &= table->column[key->column[i]].is_readable &&
			schema->table[key->target].column[key->target_column[i]].is_readable;
	return readable;
}

/* Count the rows that refer to a descendant, and those that refer to another one; false if that may not be read. */
static bool
count_others(const LearnSchema *schema, const LearnTable *table, const LearnKey *key, Found *found)
{
	const LearnTable *at = &schema->table[key->target];
	StringInfoData query;
	int			n = 0;
	ListCell   *lc;

	if (!is_readable(schema, table, key))
		return false;
	initStringInfo(&query);
	appendStringInfo(&query, " FROM %s t JOIN %s t0 ON ", learn_relation_name(table), learn_relation_name(at));
	append_match(&query, schema, table, key, "t", "t0");
	foreach(lc, key->chain)
	{
		const LearnKey *step = lfirst(lc);
		const LearnTable *next = &schema->table[step->target];

		if (!is_readable(schema, at, step))
			return false;
		if (next != table)
		{
			appendStringInfo(&query, " JOIN %s t%d ON ", learn_relation_name(next), n + 1);
			append_match(&query, schema, at, step, psprintf("t%d", n), psprintf("t%d", n + 1));
			n++;
		}
		else
		{
			StringInfoData same;

			initStringInfo(&same);
			append_match(&same, schema, at, step, psprintf("t%d", n), "t");
			learn_query(psprintf("SELECT count(*), count(*) FILTER (WHERE (%s) IS NOT TRUE)%s", same.data, query.data), NULL, NULL, read_found, found);
		}
		at = next;
	}
	return true;
}

/*
 * Is a foreign key, whose chain is set, taken to refer to a descendant?  By counts, or if
 * there are none by what statistics and declarations say.
 */
static bool
is_likely(const LearnSchema *schema, const LearnTable *table, LearnKey *key)
{
	Found		found = {0};
	bool		may_count = schema->options->read >= SPINDLE_LEARN_AGGREGATES && table->is_counted;
	int			given = 0;

	for (int i = 0; i < key->n; i++)
		given += !agrees(key, i);
	if (given == 0 || (key->is_full && !key->not_null))
		return false;
	if (may_count && count_others(schema, table, key, &found) && found.rows > 0)
	{
		key->is_counted_child = found.others == 0 && (key->not_null || found.rows >= LEAST_ROWS);
		return key->is_counted_child;
	}
	return key->not_null && !key->is_guessed && has_different(table, key) >= 0 && score_of(schema, table, key) >= 0;
}

/* For list_sort: the shortest first, of these the most likely. */
static int
compare_circles(const ListCell *a, const ListCell *b)
{
	const Circle *x = lfirst(a);
	const Circle *y = lfirst(b);

	if (x->length != y->length)
		return x->length - y->length;
	return x->score != y->score ? y->score - x->score : x->place - y->place;
}

/* All foreign keys whose target's rows could be descendants of their own table's; those to be tried first first. */
static List *
list_circles(const LearnSchema *schema)
{
	List	   *circles = NIL;

	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->empty ? NIL : table->keys)
		{
			LearnKey   *key = lfirst(lc);
			Circle	   *circle;

			if (key->target < 0 || key->target == t || schema->table[key->target].empty)
				continue;
			key->chain = find_chain(schema, table, key);
			if (key->chain == NIL)
				continue;
			circle = palloc(sizeof(Circle));
			*circle = (Circle) {table, key, score_of(schema, table, key), list_length(key->chain), list_length(circles)};
			key->chain = NIL;
			circles = lappend(circles, circle);
		}
		CHECK_FOR_INTERRUPTS();
	}
	list_sort(circles, compare_circles);
	return circles;
}

/*
 * learn_find_circles
 *		Find foreign keys that refer to descendants of their own rows: sets the chain of
 *		each, which is never used for another one's.
 *
 * Before foreign keys are placed, and before others are found that share columns.
 */
void
learn_find_circles(LearnSchema *schema)
{
	ListCell   *lc;
	ListCell   *ls;

	foreach(lc, list_circles(schema))
	{
		const Circle *circle = lfirst(lc);
		LearnKey   *key = circle->key;

		key->chain = key->is_chain ? NIL : find_chain(schema, circle->table, key);
		if (key->chain && !is_likely(schema, circle->table, key))
			key->chain = NIL;
		foreach(ls, key->chain)
			((LearnKey *) lfirst(ls))->is_chain = true;
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * learn_place_child
 *		Let a foreign key to a descendant give its columns, but for those that agree by
 *		descent; false, and it is no such one any more, if others give them.
 */
bool
learn_place_child(LearnTable *table, LearnKey *key)
{
	for (int i = 0; i < key->n; i++)
		if (!agrees(key, i) && table->column[key->column[i]].key >= 0)
		{
			key->chain = NIL;
			return false;
		}
	for (int i = 0; i < key->n; i++)
		if (!agrees(key, i))
			table->column[key->column[i]].key = key->index;
	key->place = LEARN_CHILD;
	return true;
}

/*
 * Make the rows along the chain of a foreign key to a descendant children, of whom each
 * parent has one.  Where that is not possible it chooses a row.
 */
static void
settle_chain(LearnSchema *schema, LearnTable *table, LearnKey *key)
{
	LearnTable *at = &schema->table[key->target];
	int			given = 0;
	ListCell   *lc;

	foreach(lc, key->chain)
	{
		LearnKey   *step = lfirst(lc);

		if (!learn_make_parent(schema, at, step))
			break;
		at->needs_children = true;
		at = &schema->table[step->target];
	}
	if (at == table)
		return;
	for (int i = 0; i < key->n; i++)
		given += table->column[key->column[i]].key == key->index;
	key->place = given == key->n ? LEARN_OWN : LEARN_AMONG;
	key->chain = NIL;
}

/* A column that has the values of another one of the row. */
typedef struct Same
{
	const LearnColumn *column;
	const LearnColumn *other;
} Same;

/* An expression with the other column in place of the one; palloc'd. */
static Node *
put_other(Node *node, void *context)
{
	const Same *same = context;

	if (node && IsA(node, Var) && ((Var *) node)->varattno == same->column->attnum)
	{
		Var		   *other = copyObject((Var *) node);

		other->varattno = same->other->attnum;
		return (Node *) other;
	}
	return node ? expression_tree_mutator(node, put_other, context) : NULL;
}

/* Let checks of a table be about the column that another one has the values of. */
static void
ask_other(LearnTable *table, int column, int other)
{
	Same		same = {&table->column[column], &table->column[other]};
	ListCell   *lc;

	if (same.column->declared != same.other->declared || same.column->typmod != same.other->typmod ||
		same.column->collation != same.other->collation)
		return;
	foreach(lc, table->checks)
	{
		LearnCheck *check = lfirst(lc);

		if (!bms_is_member(column, check->columns))
			continue;
		check->expr = (Expr *) put_other((Node *) check->expr, &same);
		check->columns = learn_columns_in(table, (Node *) check->expr);
	}
}

/*
 * A foreign key of a table to itself that is never null and has columns in common with
 * what it refers to, which nothing else gives: the row is the only one of which it is
 * known that they agree.
 */
static void
settle_self(LearnTable *table, LearnKey *key)
{
	bool		has_common = false;

	for (int i = 0; i < key->n; i++)
		if (key->not_null && key->column[i] == key->target_column[i] && table->column[key->column[i]].key == key->index)
		{
			table->column[key->column[i]].key = -1;
			has_common = true;
		}
	if (!has_common)
		return;
	key->place = LEARN_SELF;
	for (int i = 0; i < key->n; i++)
		if (key->column[i] != key->target_column[i])
			ask_other(table, key->column[i], key->target_column[i]);
	learn_note(table, "rows refer to themselves by foreign key %s, as nothing else tells which rows have the same values of columns in it", key->name);
}

/*
 * learn_settle_circles
 *		Once foreign keys are placed: see to it that those that lead back to where they
 *		come from can be met.
 */
void
learn_settle_circles(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->keys)
		{
			LearnKey   *key = lfirst(lc);
			ListCell   *lo;

			if (key->place == LEARN_CHILD)
				settle_chain(schema, table, key);
			else if (key->place == LEARN_OWN && key->target == t)
				settle_self(table, key);
			for (lo = list_head(table->keys); lo != lc && key->place == LEARN_CHILD; lo = lnext(table->keys, lo))
				key->is_last_child |= ((LearnKey *) lfirst(lo))->place == LEARN_CHILD && ((LearnKey *) lfirst(lo))->target == key->target;
		}
	}
}

/*
 * learn_is_child_declared
 *		Can a definition prove that the values of a set differ, if they do so because they
 *		are those of descendants?
 */
bool
learn_is_child_declared(const LearnSchema *schema, const LearnSet *set)
{
	const LearnKey *key = set->by_child;

	for (int i = 0; key && i < key->n; i++)
		if (bms_is_member(key->column[i], set->columns) && !agrees(key, i) &&
			schema->table[key->target].column[key->target_column[i]].differs == LEARN_DIFFERS)
			return true;
	return key == NULL;
}

/*
 * learn_child_rule
 *		The rule of a column that a foreign key to a descendant gives; palloc'd.  Where
 *		the way is longer, tables on it get a hidden column that hands the value on.
 */
char *
learn_child_rule(LearnSchema *schema, const LearnKey *key, int i, const LearnColumn *origin)
{
	LearnTable *at = &schema->table[key->target];
	const LearnColumn *last = &at->column[key->target_column[i]];
	const char *name = last->name;
	char	   *rule = NULL;
	ListCell   *lc;

	foreach(lc, key->chain)
	{
		const LearnKey *step = lfirst(lc);
		LearnTable *next = &schema->table[step->target];

		rule = psprintf("{\"kind\": \"child\", \"child\": \"%s\", \"column\": \"%s\", \"pick\": \"%s\"}", at->name, name,
						key->is_last_child ? "last" : "first");
		if (lnext(key->chain, lc))
		{
			char	   *handed = learn_unique_name(&next->names_used, psprintf("%s_%s_%s", key->is_last_child ? "last" : "first", at->name, name));
			LearnHidden *hidden = learn_add_hidden(next, handed, origin->format, rule);

			hidden->nullable = !last->not_null;
			name = handed;
		}
		at = next;
	}
	return rule;
}
