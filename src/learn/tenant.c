/*-------------------------------------------------------------------------
 *
 * tenant.c
 *		Foreign keys that share a column though nothing says so.
 *
 * An application of tenants mostly has the tenant's key in all tables, and each
 * reference stays within the tenant, but the foreign keys are of one column.  Where in
 * all rows a table has the same key of a third one as the row that it refers to, the
 * foreign key is taken to have that column, too; then key.c lets all that share it
 * agree, by children of children.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "learn/schema.h"

/* Rows that would not agree if they did by chance, at least. */
#define LEAST_ROWS	20

/* How rows agree with those that they refer to. */
typedef struct Agreement
{
	double		rows;
	double		different;
} Agreement;

static void
read_agreement(char *const *value, void *arg)
{
	Agreement  *agreement = arg;

	agreement->rows = strtod(value[0], NULL);
	agreement->different = strtod(value[1], NULL);
}

/* Is a foreign key of one column that never is null, to rows of another table? */
static bool
is_plain(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	return key->n == 1 && key->target >= 0 && key->target != table - schema->table && table->column[key->column[0]].is_readable &&
		schema->table[key->target].column[key->target_column[0]].is_readable && !schema->table[key->target].empty;
}

/* The foreign key of a table to the same column as another one that is never null, or NULL. */
static const LearnKey *
same_target(const LearnSchema *schema, const LearnTable *table, const LearnKey *other)
{
	ListCell   *lc;

	foreach(lc, table->keys)
	{
		const LearnKey *key = lfirst(lc);

		if ((key->n == 1 || key->is_widened) && key->target == other->target && key->target_column[0] == other->target_column[0] &&
			key->not_null && table->column[key->column[0]].is_readable)
			return key;
	}
	return NULL;
}

/* Do all rows of a table have the same key of a third one as the row that a foreign key refers to? */
static bool
agree(const LearnSchema *schema, const LearnTable *table, const LearnKey *key, const LearnKey *shared, const LearnKey *theirs)
{
	const LearnTable *target = &schema->table[key->target];
	const LearnColumn *ours = &table->column[shared->column[0]];
	const LearnColumn *other = &target->column[theirs->column[0]];
	const LearnColumn *from = &table->column[key->column[0]];
	const LearnColumn *to = &target->column[key->target_column[0]];
	Agreement	agreement = {0};

	learn_query(psprintf("SELECT count(*), count(*) FILTER (WHERE NOT (t.%s%s o.%s)) FROM %s t JOIN %s o ON t.%s%s o.%s",
						 learn_column_name(ours), learn_equality(ours, other), learn_column_name(other),
						 learn_relation_name(table), learn_relation_name(target),
						 learn_column_name(from), learn_equality(from, to), learn_column_name(to)),
				NULL, NULL, read_agreement, &agreement);
	return agreement.rows >= LEAST_ROWS && agreement.different == 0;
}

/*
 * Do foreign keys of several columns lead from a table to another one?  Columns that
 * they share would have their values of each other.  Tables from which none does are
 * added to *dead_ends, so that each is looked at once however many ways lead to it.
 */
static bool
leads_to(const LearnSchema *schema, int from, int to, int depth, Bitmapset **dead_ends)
{
	ListCell   *lc;

	if (from == to || depth > schema->ntables)
		return true;
	if (bms_is_member(from, *dead_ends))
		return false;
	check_stack_depth();
	foreach(lc, schema->table[from].keys)
	{
		const LearnKey *key = lfirst(lc);

		if (key->n > 1 && key->chain == NIL && key->target >= 0 && key->target != from && leads_to(schema, key->target, to, depth + 1, dead_ends))
			return true;
	}
	*dead_ends = bms_add_member(*dead_ends, from);
	return false;
}

/* Let a foreign key have another column, which is the same in the row that it refers to. */
static void
widen(LearnKey *key, int column, const LearnKey *theirs)
{
	int		   *columns = palloc(sizeof(int) * 2);
	int		   *targets = palloc(sizeof(int) * 2);

	columns[0] = key->column[0];
	columns[1] = column;
	targets[0] = key->target_column[0];
	targets[1] = theirs->column[0];
	key->column = columns;
	key->target_column = targets;
	key->n = 2;
	key->is_widened = true;
	key->is_within = theirs->families && theirs->families->n > 0 && theirs->families->count[0] > 0;
}

/*
 * learn_narrow_key
 *		Take back that a foreign key has another column.
 */
void
learn_narrow_key(LearnKey *key)
{
	key->n = 1;
	key->is_widened = false;
}

/* Widen the foreign keys of a table by columns of another one of it, shared, that their targets have as well. */
static void
widen_keys_by(const LearnSchema *schema, LearnTable *table, const LearnKey *shared)
{
	ListCell   *lc;

	foreach(lc, table->keys)
	{
		LearnKey   *key = lfirst(lc);
		const LearnKey *theirs;
		Bitmapset  *dead_ends = NULL;

		if (key == shared || key->chain || !is_plain(schema, table, key) || key->target == shared->target)
			continue;
		theirs = same_target(schema, &schema->table[key->target], shared);
		if (theirs && !leads_to(schema, key->target, (int) (table - schema->table), 0, &dead_ends) &&
			agree(schema, table, key, shared, theirs))
			widen(key, shared->column[0], theirs);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * learn_widen_keys
 *		Find foreign keys that agree with others in a column, in all rows, and let them
 *		have it.
 *
 * Before foreign keys are placed.  What cannot be met then is narrowed again.
 */
void
learn_widen_keys(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		ListCell   *lc;

		foreach(lc, table->is_counted && !table->empty ? table->keys : NIL)
		{
			const LearnKey *shared = lfirst(lc);

			if (is_plain(schema, table, shared) && shared->not_null && shared->families &&
				shared->families->children - shared->families->top >= LEAST_ROWS)
				widen_keys_by(schema, table, shared);
		}
	}
}
