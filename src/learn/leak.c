/*-------------------------------------------------------------------------
 *
 * leak.c
 *		Which literals of a definition are values of a database.
 *
 * Unlike all else here this reads tables of users, with the rights of the caller:
 * all texts that he may see, to tell him which of them the definition has.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "compat.h"
#include "learn/learn.h"
#include "learn/query.h"

/*
 * The literals of the rules: strings, but for those that name things of the format, and
 * names of members where these are values.
 */
static const char *const literals_query =
"WITH RECURSIVE node (place, tab, col, key, value, learned) AS ("
"  SELECT row_number() OVER (), t.key, coalesce(c.value ->> 'name', c.key), 'rule', c.value -> 'rule', c.value -> 'learned'"
"  FROM json_each($1::json -> 'tables') t, json_each(t.value -> 'columns') c"
"  UNION ALL SELECT n.place, n.tab, n.col, e.key, e.value, n.learned FROM node n, LATERAL ("
"    SELECT CASE WHEN n.key = 'values' THEN n.key ELSE o.key END, o.value FROM json_each(CASE WHEN json_typeof(n.value) = 'object' THEN n.value ELSE '{}' END) o"
"    UNION ALL SELECT n.key, a.value FROM json_array_elements(CASE WHEN json_typeof(n.value) = 'array' THEN n.value ELSE '[]' END) a) e)"
" SELECT tab, col, literal, coalesce((learned ->> 'carried')::bigint > 0, false) FROM ("
"  SELECT n.place, n.tab, n.col, n.value #>> '{}' AS literal, n.learned::text AS learned_text FROM node n WHERE json_typeof(n.value) = 'string'"
"   AND n.key NOT IN ('kind', 'table', 'set', 'field', 'column', 'grid', 'variant', 'distribution', 'unit', 'part', 'distinct', 'start', 'end', 'among', 'of', 'columns', 'with', 'keyed_by')"
"  UNION SELECT n.place, n.tab, n.col, k, n.learned::text FROM node n,"
"   json_object_keys(CASE WHEN json_typeof(n.value) = 'object' THEN n.value ELSE '{}' END) k WHERE n.key IN ('weights', 'values', 'shapes')) l,"
"  LATERAL (SELECT l.learned_text::json AS learned) x ORDER BY l.place, literal COLLATE \"C\"";

/* Tables with the columns of texts that the caller may read, as they stand in a query. */
static const char *const columns_query =
"SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), a.attname, c.relname"
" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid"
" WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
"  AND t.typcategory = 'S' AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
" ORDER BY c.relname COLLATE \"C\", a.attnum";

/* A literal, with the columns of the definition that have it. */
typedef struct Literal
{
	char	   *table;
	char	   *column;
	char	   *text;
	bool		is_reported;
	int			number;			/* of the place in the definition */
} Literal;

/* What is collected. */
typedef struct LeakSearch
{
	int			nliterals;
	Literal   **literal;		/* by text, else as they stand in the definition */
	List	   *literals;		/* the same, before they are sorted */
	List	   *columns;		/* char *[4] */
	const char *found_in;		/* column that is being read */
	List	   *leaks;			/* SpindleLeak */
} LeakSearch;

/* For list_sort, which keeps no order of its own: by text, then by place. */
static int
compare_literals(const ListCell *a, const ListCell *b)
{
	const Literal *x = lfirst(a);
	const Literal *y = lfirst(b);
	int			order = strcmp(x->text, y->text);

	return order ? order : x->number - y->number;
}

/* A row of literals_query. */
static void
read_literal(char *const *value, void *arg)
{
	LeakSearch *search = arg;
	Literal    *literal = palloc(sizeof(Literal));

	literal->table = pstrdup(value[0]);
	literal->column = pstrdup(value[1]);
	literal->text = pstrdup(value[2]);
	literal->is_reported = learn_bool(value[3]);
	literal->number = list_length(search->literals);
	search->literals = lappend(search->literals, literal);
}

/* A row of columns_query. */
static void
read_column(char *const *value, void *arg)
{
	LeakSearch *search = arg;
	char	  **column = palloc(sizeof(char *) * 4);

	for (int i = 0; i < 4; i++)
		column[i] = pstrdup(value[i]);
	search->columns = lappend(search->columns, column);
}

/* The type of the member "tables" of the definition. */
static void
read_type(char *const *value, void *arg)
{
	if (value[0] == NULL || strcmp(value[0], "object") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the definition has no tables"),
				 errhint("Give what spindle_learn() or spindle_domain_definition() returns.")));
}

/* Does the report name the column of a literal, or one of its table that has the same one, as with the hidden columns that rules use? */
static bool
is_reported(const LeakSearch *search, const Literal *literal, int first)
{
	bool		result = literal->is_reported;

	for (int i = first; i < search->nliterals && strcmp(search->literal[i]->text, literal->text) == 0; i++)
		result |= search->literal[i]->is_reported && strcmp(search->literal[i]->table, literal->table) == 0;
	return result;
}

/* A text of a column that is a literal, with its rows. */
static void
read_match(char *const *value, void *arg)
{
	LeakSearch *search = arg;
	int			first = 0;
	int			end = search->nliterals;

	/* the first that is not before the text */
	while (first < end)
	{
		int			middle = (first + end) / 2;

		if (strcmp(search->literal[middle]->text, value[0]) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	for (int i = first; i < search->nliterals && strcmp(search->literal[i]->text, value[0]) == 0; i++)
	{
		const Literal *literal = search->literal[i];
		SpindleLeak *leak;

		leak = palloc(sizeof(SpindleLeak));
		leak->table = literal->table;
		leak->column = literal->column;
		leak->literal = literal->text;
		leak->found_in = search->found_in;
		leak->rows = strtoi64(value[1], NULL, 10);
		leak->is_reported = is_reported(search, literal, first);
		search->leaks = lappend(search->leaks, leak);
	}
}

/*
 * spindle_learn_leaks
 *		The literals of a definition that are texts in a schema, each column and place
 *		where it is found; a list of SpindleLeak, palloc'd.
 *
 * Reads all columns of texts in the schema that the caller may read.  Raises what
 * queries do, and invalid_parameter_value for what is no definition.
 */
List *
spindle_learn_leaks(const char *definition, const char *schema)
{
	LeakSearch	search = {0};
	int			level = spindle_learn_settings();
	List	   *texts = NIL;
	char	   *array;
	ListCell   *lc;

	learn_query("SELECT json_typeof($1::json -> 'tables')", definition, NULL, read_type, NULL);
	learn_query(literals_query, definition, NULL, read_literal, &search);
	learn_query(columns_query, schema, NULL, read_column, &search);
	list_sort(search.literals, compare_literals);
	search.literal = palloc(sizeof(Literal *) * Max(list_length(search.literals), 1));
	foreach(lc, search.literals)
	{
		search.literal[search.nliterals++] = lfirst(lc);
		texts = lappend(texts, ((Literal *) lfirst(lc))->text);
	}
	array = learn_array(texts);
	foreach(lc, search.columns)
	{
		char	  **column = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		search.found_in = psprintf("%s.%s", column[3], column[2]);
		learn_query(psprintf("SELECT %s::text COLLATE \"C\", count(*) FROM %s WHERE %s::text COLLATE \"C\" IN (SELECT unnest($1::text[])) GROUP BY 1 ORDER BY 1",
							 column[1], column[0], column[1]), array, NULL, read_match, &search);
	}
	AtEOXact_GUC(true, level);
	return search.leaks;
}
