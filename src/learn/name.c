/*-------------------------------------------------------------------------
 *
 * name.c
 *		Names of the definition for names of SQL.
 *
 * Names in SQL can be anything; those of the definition are plain, and paths and
 * draws go by them.  A plain name stays what it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "learn/schema.h"

/* Is a name in a list of texts? */
static bool
is_used(const List *used, const char *name)
{
	ListCell   *lc;

	foreach(lc, used)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/*
 * A plain name like one of SQL, palloc'd: capitals become small letters behind an
 * underscore, and all that is no letter or digit of ASCII an underscore.
 */
static char *
plain_name(const char *name)
{
	char	   *plain = palloc(NAMEDATALEN);
	int			n = 0;
	bool		was_small = false;

	if (*name >= '0' && *name <= '9')
		plain[n++] = '_';
	for (; *name && n < NAMEDATALEN - 2; name += pg_mblen(name))
	{
		bool		is_capital = *name >= 'A' && *name <= 'Z';

		if (is_capital && was_small)
			plain[n++] = '_';
		was_small = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9');
		plain[n++] = is_capital ? *name - 'A' + 'a' : was_small ? *name : '_';
	}
	plain[n] = '\0';
	return n > 0 ? plain : pstrdup("_");
}

/*
 * learn_unique_name
 *		A plain name like the wanted one that is not among those used, which it is
 *		added to; palloc'd.
 */
char *
learn_unique_name(List **used, const char *wanted)
{
	char	   *plain = plain_name(wanted);
	char	   *name = strncmp(plain, "_spindle_", 9) == 0 ? plain_name(psprintf("x%s", plain)) : plain;

	for (int i = 2; is_used(*used, name); i++)
	{
		char	   *end = psprintf("_%d", i);

		name = psprintf("%.*s%s", NAMEDATALEN - 1 - (int) strlen(end), plain, end);
	}
	*used = lappend(*used, name);
	return name;
}

/*
 * The names of a table's columns.  Plain ones first, so that no other takes them; a
 * name in SQL must not be that of another column here, so all of them count as used.
 */
static void
name_columns(LearnTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
		table->names_used = lappend(table->names_used, table->column[c].sql_name);
	for (int c = 0; c < table->ncolumns; c++)
	{
		LearnColumn *column = &table->column[c];
		bool		is_plain = strcmp(plain_name(column->sql_name), column->sql_name) == 0 &&
			strncmp(column->sql_name, "_spindle_", 9) != 0;

		column->name = is_plain ? column->sql_name : learn_unique_name(&table->names_used, column->sql_name);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * learn_name_all
 *		Give all tables and columns a name in the definition.
 *
 * A name that tables of several schemas have gets the schema before it.
 */
void
learn_name_all(LearnSchema *schema)
{
	List	   *used = NIL;

	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];
		bool		is_double = false;

		for (int i = 0; i < schema->ntables; i++)
			is_double |= i != t && strcmp(schema->table[i].sql_name, table->sql_name) == 0;
		table->name = learn_unique_name(&used, is_double ? psprintf("%s_%s", table->schema, table->sql_name) : table->sql_name);
		name_columns(table);
	}
}

/*
 * learn_has_word
 *		Is one of some words, the last of which is NULL, a word of a name?
 *
 * Words of a name are divided by what is no letter, and by capitals behind small
 * letters.  A word to look for can have several, divided by spaces.
 */
bool
learn_has_word(const char *name, const char *const *words)
{
	char	   *plain = plain_name(name);
	bool		found = false;

	for (char *p = plain; *p; p++)
		if (*p < 'a' || *p > 'z')
			*p = ' ';
	for (; *words && !found; words++)
		for (const char *p = strstr(plain, *words); p && !found; p = strstr(p + 1, *words))
		{
			char		behind = p[strlen(*words)];

			found = (p == plain || p[-1] == ' ') && (behind == '\0' || behind == ' ');
		}
	pfree(plain);
	return found;
}

/*
 * learn_note
 *		Add a note about a table for the report.
 */
void
learn_note(LearnTable *table, const char *fmt,...)
{
	char	   *text = palloc(1024);
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, 1024, fmt, args);
	va_end(args);
	table->notes = lappend(table->notes, text);
}
