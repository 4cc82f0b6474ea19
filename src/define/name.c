/*-------------------------------------------------------------------------
 *
 * name.c
 *		Names of a definition, and the names that tables and columns have in
 *		SQL.
 *
 * A name of the definition is plain: it is part of paths, and the draws of a
 * column depend on it.  In SQL a table or column can have any other one, which
 * nothing depends on.  It is kept in the server's encoding, for statements and
 * messages, and in UTF-8, for events.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/heap.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"

#include "define/parse.h"

/* The members of events that are ours begin so. */
#define OWN_PREFIX	"_spindle_"

/*
 * spindle_parse_check_name
 *		Insist on a name that is legal in a definition: an SQL identifier that
 *		needs no quotes, keywords aside, and can be part of a path.
 */
void
spindle_parse_check_name(const SpindleJson *node, const char *name)
{
	size_t		len = strlen(name);

	if (len < 1 || len >= NAMEDATALEN || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len ||
		(name[0] >= '0' && name[0] <= '9') || strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
		spindle_json_error(node, "Names have up to 63 lower-case letters, digits and underscores, "
						   "and do not begin with a digit or \"_spindle_\".",
						   "\"%s\" is not a valid name.", name);
}

/* Tell where a name stands that the server's encoding cannot hold. */
static void
name_context(void *arg)
{
	errcontext("name at %s", spindle_json_path(arg));
}

/*
 * A name of SQL, given in UTF-8, in the server's encoding; palloc'd or the same.
 * Raises untranslatable_character if that lacks a character, and an error at
 * node if the name is empty or longer than the server allows.
 */
static char *
name_in_server(const SpindleJson *node, char *name)
{
	ErrorContextCallback callback = {.callback = name_context,.arg = unconstify(SpindleJson *, node),.previous = error_context_stack};
	char	   *result;

	error_context_stack = &callback;
	result = pg_any_to_server(name, (int) strlen(name), PG_UTF8);
	error_context_stack = callback.previous;
	if (result[0] == '\0' || strlen(result) >= NAMEDATALEN)
		spindle_json_error(node, "A name in SQL has from 1 to 63 bytes in the server's encoding.",
						   "the name has %d bytes.", (int) strlen(result));
	return result;
}

/*
 * The next part of a qualified name as SQL writes it, palloc'd: in quotes any
 * characters, of which a quote is doubled; else without quotes, points, spaces
 * and capitals, which the server would fold.  Spaces around it do not count.
 * *s moves behind it.
 */
static char *
next_part(const SpindleJson *node, const char **s)
{
	const char *p = *s + strspn(*s, " \t\n\r\f");
	StringInfoData part;

	initStringInfo(&part);
	if (*p == '"')
	{
		for (p++; *p && (*p != '"' || p[1] == '"'); p++)
		{
			p += *p == '"';
			appendStringInfoChar(&part, *p);
		}
		if (*p++ == '\0')
			spindle_json_error(node, "Write a quote inside of quotes twice.", "a quote is not closed.");
	}
	else
	{
		size_t		len = strcspn(p, " \t\n\r\f.\"");

		appendBinaryStringInfo(&part, p, (int) len);
		if (strpbrk(part.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
			spindle_json_error(node, "Put it in quotes inside of the string, as in \"public.\\\"UserProfile\\\"\", "
							   "or give an object, as in {\"schema\": \"public\", \"name\": \"UserProfile\"}.",
							   "\"%s\" has capitals, which SQL would fold.", part.data);
		p += len;
	}
	*s = p + strspn(p, " \t\n\r\f");
	return part.data;
}

/*
 * A string that is a name as SQL writes it, with or without a schema.  Sets
 * both, *schema to NULL if there is none.
 */
static void
split_relation(const SpindleJson *node, const char *text, char **schema, char **name)
{
	const char *s = text;

	*schema = NULL;
	*name = next_part(node, &s);
	if (*s == '.')
	{
		s++;
		*schema = *name;
		*name = next_part(node, &s);
	}
	if (*s)
		spindle_json_error(node, "Legal: a name, or a schema and a name with a point between them, in quotes where SQL needs them.",
						   "\"%s\" is not the name of a table.", text);
}

/*
 * spindle_parse_relation
 *		The name that a table has in SQL: "relation", a string or an object, or
 *		else that of the definition.
 *
 * table->name is set.  Raises an error if it is no name, or the server's
 * encoding cannot hold it.
 */
void
spindle_parse_relation(const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"schema", "name", NULL};
	char	   *schema = NULL;
	StringInfoData json;

	table->utf8_name = table->name;
	if (spindle_json_has(node, "relation"))
	{
		SpindleJson relation = spindle_json_member(node, "relation");

		if (cJSON_IsString(relation.value))
			split_relation(&relation, spindle_json_string(&relation), &schema, &table->utf8_name);
		else
		{
			SpindleJson m;

			spindle_json_expect_object(&relation, legal);
			m = spindle_json_member(&relation, "name");
			table->utf8_name = spindle_json_string(&m);
			if (spindle_json_has(&relation, "schema"))
			{
				m = spindle_json_member(&relation, "schema");
				schema = spindle_json_string(&m);
			}
		}
		table->sql_schema = schema ? name_in_server(&relation, schema) : NULL;
		table->sql_name = name_in_server(&relation, table->utf8_name);
	}
	else
		table->sql_name = table->name;
	initStringInfo(&json);
	escape_json(&json, table->utf8_name);
	table->name_json = json.data;
}

/*
 * spindle_parse_column_name
 *		The name that a column has in SQL: "name", or else that of the
 *		definition; and what stands before its values in an event.
 *
 * column->name and hidden are set.  Names of system columns are for hidden
 * ones.  Raises an error if it is no name, or the server's encoding cannot hold
 * it.
 */
void
spindle_parse_column_name(const SpindleJson *node, SpindleColumn *column)
{
	StringInfoData json;

	column->sql_name = column->utf8_name = column->name;
	if (spindle_json_has(node, "name"))
	{
		SpindleJson m = spindle_json_member(node, "name");

		column->utf8_name = spindle_json_string(&m);
		column->sql_name = name_in_server(&m, column->utf8_name);
		if (strncmp(column->sql_name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
			spindle_json_error(&m, NULL, "names that begin with \"" OWN_PREFIX "\" are those of members that events have.");
	}
	if (!column->hidden && SystemAttributeByName(column->sql_name))
		spindle_json_error(node, column->sql_name == column->name ? "Rename it, or make it \"hidden\"." :
						   "Give it another \"name\", or make it \"hidden\".",
						   "\"%s\" is the name of a system column, which every table has.", column->sql_name);
	initStringInfo(&json);
	appendStringInfoChar(&json, ',');
	escape_json(&json, column->utf8_name);
	appendStringInfoChar(&json, ':');
	enlargeStringInfo(&json, 32);	/* which can be read from its start */
	column->key_json = json.data;
	column->key_json_len = json.len;
}

/*
 * spindle_parse_check_columns
 *		Refuse visible columns of a table that cannot be told apart: users call
 *		a column by its name in SQL or in the definition, so a name of one kind
 *		must not be another column's of either kind.
 *
 * node has the columns.  Takes time with the square of their number, which is
 * at most 1000.
 */
void
spindle_parse_check_columns(const SpindleJson *node, const SpindleTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
		for (int other = 0; other < table->ncolumns; other++)
		{
			const SpindleColumn *a = &table->column[c];
			const SpindleColumn *b = &table->column[other];

			if (c == other || a->hidden || b->hidden || a->sql_name == a->name)
				continue;
			if (strcmp(a->sql_name, b->sql_name) == 0)
				spindle_json_error(node, NULL, "columns \"%s\" and \"%s\" have the same name \"%s\".",
								   a->name, b->name, a->sql_name);
			if (strcmp(a->sql_name, b->name) == 0)
				spindle_json_error(node, psprintf("Rename \"%s\" in the definition, for instance to what it is called in SQL.", b->name),
								   "the name of column \"%s\", \"%s\", is what the definition calls another column.",
								   a->name, a->sql_name);
		}
}
