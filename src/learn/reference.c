/*-------------------------------------------------------------------------
 *
 * reference.c
 *		Foreign keys that nobody has declared.
 *
 * The name of a column says which table it might refer to: that of the table, or of
 * its key, with or without words before it.  Whether it does is seen in the rows: of
 * those of a sample nearly none may refer to nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/data.h"
#include "learn/query.h"

/* Rows that are looked at, and the share of them that may refer to nothing. */
#define LOOKED_AT		10000
#define ORPHANS			0.01

/* How well a name fits a table. */
#define FITS_END_OF_TABLE	1	/* user_id and app_user */
#define FITS_END_OF_COLUMN	2	/* shipping_address_id and address */
#define FITS				3	/* address_id and address */

/* Names of keys that say nothing of their tables. */
static const char *const plain_keys[] = {"id", "uuid", "guid", "key", "code", "name", "oid", "no", "nr", "number", NULL};

/* Is a text one of some words, the last of which is NULL? */
static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/* Does a text end with another one, behind the begin or an underscore? */
static bool
ends_with(const char *text, const char *end)
{
	size_t		n = strlen(text);
	size_t		m = strlen(end);

	return m > 0 && n >= m && strcmp(text + n - m, end) == 0 && (n == m || text[n - m - 1] == '_');
}

/* A plain name as one thing instead of many, palloc'd. */
static char *
singular(const char *name)
{
	char	   *result = pstrdup(name);
	size_t		n = strlen(result);

	if (ends_with(result, "people"))
		return psprintf("%.*sperson", (int) n - 6, result);
	if (ends_with(result, "children"))
		return psprintf("%.*schild", (int) n - 8, result);
	if (n > 4 && strcmp(result + n - 3, "ies") == 0)
		return psprintf("%.*sy", (int) n - 3, result);
	if (n > 4 && strcmp(result + n - 2, "es") == 0 && (strchr("xzs", result[n - 3]) || strncmp(result + n - 4, "ch", 2) == 0 ||
													   strncmp(result + n - 4, "sh", 2) == 0))
		result[n - 2] = '\0';
	else if (n > 2 && result[n - 1] == 's' && result[n - 2] != 's' && result[n - 2] != 'u' && result[n - 2] != 'i')
		result[n - 1] = '\0';
	return result;
}

/* The name of a column without what says that it refers to something; palloc'd, and whether there was that. */
static char *
without_suffix(const char *name, bool *has_suffix)
{
	static const char *const suffixes[] = {"_id", "_uuid", "_guid", "_key", "_fk", "_ref", "_code", "_no", "_number", NULL};
	size_t		n = strlen(name);

	*has_suffix = true;
	for (const char *const *suffix = suffixes; *suffix; suffix++)
	{
		size_t		m = strlen(*suffix);

		if (n > m && strcmp(name + n - m, *suffix) == 0)
			return pnstrdup(name, n - m);
	}
	*has_suffix = false;
	return pstrdup(name);
}

/* The column of the primary key of a table, if it has one; or -1. */
static int
key_of(const LearnTable *table)
{
	ListCell   *lc;

	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		if (set->is_primary && bms_num_members(set->columns) == 1)
			return bms_singleton_member(set->columns);
	}
	return -1;
}

/* Says a check something about a column?  Then a foreign key would say it about its target. */
static bool
is_checked(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->checks)
		if (bms_is_member(c, learn_columns_in(table, (Node *) ((LearnCheck *) lfirst(lc))->expr)))
			return true;
	return table->column[c].domain_checks != NIL;
}

/* Has a table a column that says what kind of thing another one refers to? */
static bool
has_kind(const LearnTable *table, const char *base)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (strcmp(table->column[c].name, psprintf("%s_type", base)) == 0)
			return true;
	return false;
}

/* How well the name of a column fits a table; 0 if it does not. */
static int
fit_of(const LearnTable *table, int c, const LearnTable *target, int key)
{
	const char *name = table->column[c].name;
	const char *target_name = singular(target->name);
	const char *key_name = target->column[key].name;
	bool		has_suffix;
	const char *base = singular(without_suffix(name, &has_suffix));
	int			fit = 0;

	if (table == target && !ends_with(base, "parent") && strncmp(base, "parent_", 7) != 0)
		return 0;
	if (table == target)
		return c != key ? FITS : 0;
	if (strcmp(base, target_name) == 0)
		fit = FITS;
	else if (has_suffix && ends_with(base, target_name))
		fit = FITS_END_OF_COLUMN;
	else if (has_suffix && ends_with(target_name, base))
		fit = FITS_END_OF_TABLE;
	if (!is_one_of(key_name, plain_keys))
	{
		/* the key of this table may be that of another one, too: then the name of the table decides */
		if (strcmp(name, key_name) == 0)
			fit = fit * 2 + FITS;
		else if (ends_with(name, key_name))
			fit = fit * 2 + FITS_END_OF_COLUMN;
	}
	return fit;
}

/* Are types such that one can hold keys of the other? */
static bool
are_comparable(const LearnColumn *column, const LearnColumn *key)
{
	if (column->kind != key->kind)
		return false;
	return column->kind == LEARN_INT || column->kind == LEARN_UUID || column->kind == LEARN_TEXT || column->kind == LEARN_BYTEA ||
		(column->kind == LEARN_DECIMAL && column->scale == key->scale);
}

/* What the rows say. */
typedef struct Inclusion
{
	double		rows;
	double		found;
} Inclusion;

static void
read_inclusion(char *const *value, void *arg)
{
	Inclusion  *inclusion = arg;

	inclusion->rows = strtod(value[0], NULL);
	inclusion->found = strtod(value[1], NULL);
}

/* How many of some rows of a table, that are not null in a column, refer to a row of a target? */
static Inclusion
ask_inclusion(const LearnTable *table, int c, const LearnTable *target, int key)
{
	Inclusion	inclusion = {0};
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT count(*), count(k.v) FROM (SELECT ");
	learn_append_column(&query, "t", &table->column[c]);
	appendStringInfo(&query, "%s AS v FROM ", learn_collate(&table->column[c], &target->column[key]));
	learn_append_sample(&query, table, LOOKED_AT);
	appendStringInfoString(&query, " WHERE ");
	learn_append_column(&query, "t", &table->column[c]);
	appendStringInfo(&query, " IS NOT NULL LIMIT %d) s LEFT JOIN (SELECT ", LOOKED_AT);
	learn_append_column(&query, "p", &target->column[key]);
	appendStringInfoString(&query, " AS v FROM ");
	learn_append_relation(&query, target);
	appendStringInfoString(&query, " AS p) k ON k.v = s.v");
	learn_query(query.data, NULL, NULL, read_inclusion, &inclusion);
	return inclusion;
}

/* Would a foreign key, together with those that there are, lead from a key back to itself? */
static bool
would_circle(const LearnSchema *schema, const LearnTable *table, int c, int target, int key)
{
	for (int i = 0; i < 100; i++)
	{
		const LearnTable *t = &schema->table[target];
		const LearnKey *next = NULL;
		ListCell   *lc;

		if (t == table && key == c)
			return true;
		foreach(lc, t->keys)
			if (((LearnKey *) lfirst(lc))->n == 1 && ((LearnKey *) lfirst(lc))->column[0] == key)
				next = lfirst(lc);
		if (next == NULL || next->target < 0)
			return false;
		target = next->target;
		key = next->target_column[0];
	}
	return true;
}

/* Add a foreign key of which nobody but the rows knows. */
static void
add_key(LearnSchema *schema, LearnTable *table, int c, int target, int key, const Inclusion *inclusion)
{
	LearnKey   *guess = palloc0(sizeof(LearnKey));

	guess->name = psprintf("%s_guess", table->column[c].name);
	guess->n = 1;
	guess->column = palloc(sizeof(int));
	guess->column[0] = c;
	guess->target = target;
	guess->target_name = schema->table[target].sql_name;
	guess->target_column = palloc(sizeof(int));
	guess->target_column[0] = key;
	guess->grid = -1;
	guess->not_null = table->column[c].not_null;
	guess->is_guessed = true;
	table->column[c].note = psprintf("guessed by its name to refer to %s, as %.0f of %.0f rows do", schema->table[target].sql_name,
									 inclusion->found, inclusion->rows);
	table->keys = lappend(table->keys, guess);
}

/* Look for the table that a column refers to. */
static void
guess_column(LearnSchema *schema, LearnTable *table, int c)
{
	LearnColumn *column = &table->column[c];
	bool		has_suffix;
	int			best = -1;
	int			best_fit = 0;
	bool		is_tie = false;
	Inclusion	inclusion;

	if (column->left_out || column->counts || !learn_can_read(table, c) || learn_refers(table, c) || is_checked(table, c) ||
		has_kind(table, without_suffix(column->name, &has_suffix)))
		return;
	for (int t = 0; t < schema->ntables; t++)
	{
		const LearnTable *target = &schema->table[t];
		int			key = key_of(target);
		int			fit;

		if (key < 0 || !learn_can_read(target, key) || !are_comparable(column, &target->column[key]) || (target == table && key == c))
			continue;
		fit = fit_of(table, c, target, key) * 4;
		if (fit == 0)
			continue;

		/* the own schema, then longer names, before others */
		fit += 2 * (strcmp(target->schema, table->schema) == 0);
		is_tie = fit == best_fit || (is_tie && fit < best_fit);
		if (fit > best_fit || (fit == best_fit && strlen(target->name) > strlen(schema->table[best].name)))
		{
			is_tie = fit == best_fit && strlen(target->name) == strlen(schema->table[best].name);
			best = t;
			best_fit = fit;
		}
	}
	if (best < 0 || is_tie || would_circle(schema, table, c, best, key_of(&schema->table[best])))
		return;
	inclusion = ask_inclusion(table, c, &schema->table[best], key_of(&schema->table[best]));
	if (inclusion.rows > 0 && inclusion.found >= (1 - ORPHANS) * inclusion.rows)
		add_key(schema, table, c, best, key_of(&schema->table[best]), &inclusion);
}

/*
 * learn_guess_references
 *		Add foreign keys that names suggest and rows confirm to those that are declared.
 */
void
learn_guess_references(LearnSchema *schema)
{
	learn_find_readable(schema);
	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
		{
			CHECK_FOR_INTERRUPTS();
			guess_column(schema, &schema->table[t], c);
		}
}
