/*-------------------------------------------------------------------------
 *
 * ref.c
 *		Names in a definition: tables, columns, paths, constants.
 *
 * A path such as order_id.promotion_id.discount_pct follows references from
 * column to column and ends at the column that is meant.  Paths may be met
 * before the rules of the columns they pass, so we look a column's target up
 * in the JSON tree.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "define/rule_reader.h"

#define MAX_STEPS	8

static int	target_of(SpindleParse *parse, int table, int column);

/*
 * spindle_parse_table
 *		The number of the table that a string names; an error with the names
 *		there are if there is none.
 */
int
spindle_parse_table(SpindleParse *parse, const SpindleJson *node)
{
	char	   *name = spindle_json_string(node);
	int			table = spindle_domain_find_table(parse->domain, name);

	if (table < 0)
	{
		StringInfoData buf;

		initStringInfo(&buf);
		for (int i = 0; i < parse->domain->ntables; i++)
			appendStringInfo(&buf, "%s%s", i ? ", " : "", parse->domain->table[i].name);
		spindle_json_error(node, psprintf("Tables: %s.", buf.data),
						   "table \"%s\" does not exist.", name);
	}
	return table;
}

/*
 * The number of a column of a table by its name; an error with the names there
 * are if there is none.
 */
static int
find_column(SpindleParse *parse, const SpindleJson *node, int table, const char *name)
{
	const SpindleTable *t = &parse->domain->table[table];
	int			column = spindle_table_find_column(t, name);

	if (column < 0)
	{
		StringInfoData buf;

		initStringInfo(&buf);
		for (int i = 0; i < t->ncolumns; i++)
			appendStringInfo(&buf, "%s%s", i ? ", " : "", t->column[i].name);
		spindle_json_error(node, psprintf("Columns of table \"%s\": %s.", t->name, buf.data),
						   "column \"%s\" does not exist in table \"%s\".", name, t->name);
	}
	return column;
}

/*
 * spindle_parse_column
 *		The number of the column of a given table that a string names; as for
 *		tables.
 */
int
spindle_parse_column(SpindleParse *parse, const SpindleJson *node, int table)
{
	return find_column(parse, node, table, spindle_json_string(node));
}

/*
 * spindle_parse_column_named
 *		The same for a name that is no string of its own, such as that of a
 *		member.
 */
int
spindle_parse_column_named(SpindleParse *parse, const SpindleJson *node, int table, const char *name)
{
	return find_column(parse, node, table, name);
}

/* A member of a JSON object if it is a string, else NULL. */
const char *
spindle_parse_peek(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/*
 * Follow a path as far as its names go: the table it ends in, or -1 if a name
 * is none or stands for no reference.  *column is the last one, -1 if none was
 * found.  Reports nothing: whoever reads the path does.
 */
static int
walk_path(SpindleParse *parse, int table, const char *text, int *column)
{
	char	   *path = pstrdup(text);
	char	   *save = NULL;
	int			steps = 0;

	*column = -1;
	for (char *name = strtok_r(path, ".", &save); name && table >= 0; name = strtok_r(NULL, ".", &save))
	{
		if (*column >= 0)
			table = steps++ < MAX_STEPS ? target_of(parse, table, *column) : -1;
		if (table < 0)
			break;
		*column = spindle_table_find_column(&parse->domain->table[table], name);
		if (*column < 0)
			table = -1;
	}
	pfree(path);
	return table;
}

/* The table whose rows a column's rule chooses or takes over from another column. */
static int
chosen_target(SpindleParse *parse, int table, int column)
{
	const cJSON *json = parse->column_json[table][column];
	const cJSON *rule = cJSON_GetObjectItemCaseSensitive(json, "rule");
	const char *kind = spindle_parse_peek(rule, "kind");
	const SpindleRuleDef *def = kind ? spindle_rule_def_named(kind) : NULL;

	return def ? def->target(parse, rule, table) : SPINDLE_TARGET_NONE;
}

/* What target_of() remembers: of other columns, what their "references" names. */
static int
find_target(SpindleParse *parse, int table, int column)
{
	int			target = chosen_target(parse, table, column);
	const char *name = spindle_parse_peek(parse->column_json[table][column], "references");
	int			named;

	if (target != SPINDLE_TARGET_NONE || name == NULL)
		return target;
	named = spindle_domain_find_table(parse->domain, name);
	return named >= 0 && parse->domain->table[named].nkeys == 1 ? named : SPINDLE_TARGET_NONE;
}

/*
 * spindle_parse_is_by_value
 *		Does a column with "references" lead to a row by its value only?
 */
bool
spindle_parse_is_by_value(SpindleParse *parse, int table, int column)
{
	return chosen_target(parse, table, column) == SPINDLE_TARGET_NONE;
}

/*
 * The table that a column's values refer to row by row, or -1.  Anything
 * wrong with the rule is reported when the rule itself is read; while a
 * column's target is being found out, it counts as none, so circles end.
 */
static int
target_of(SpindleParse *parse, int table, int column)
{
	int		   *target = &parse->column_target[table][column];

	check_stack_depth();
	if (*target == SPINDLE_TARGET_UNKNOWN)
	{
		*target = SPINDLE_TARGET_NONE;
		*target = find_target(parse, table, column);
	}
	return *target;
}

/*
 * spindle_parse_peek_target
 *		The table that the column at the end of a path not yet read refers to,
 *		or SPINDLE_TARGET_NONE, also if the path is none.
 */
int
spindle_parse_peek_target(SpindleParse *parse, int table, const char *path)
{
	int			end_column;
	int			end_table = walk_path(parse, table, path, &end_column);

	return end_table < 0 || end_column < 0 ? SPINDLE_TARGET_NONE :
		target_of(parse, end_table, end_column);
}

/*
 * spindle_parse_target
 *		The table that the column at the end of a path refers to; an error at
 *		node if it is no reference.  table is not used: ref knows where it
 *		ends.
 */
int
spindle_parse_target(SpindleParse *parse, const SpindleJson *node, int table,
					 const SpindleColumnRef *ref)
{
	int			target = target_of(parse, ref->table, ref->column);

	if (target < 0)
		spindle_json_error(node, NULL, "column \"%s\" of table \"%s\" is not a reference.",
						   spindle_ref_column(parse->domain, ref)->name,
						   parse->domain->table[ref->table].name);
	return target;
}

/*
 * spindle_parse_ref_text
 *		A path to a column, as text, starting in a table; what is wrong with it
 *		is an error at node.
 *
 * Fills *ref, with steps in the current memory context.  The rules on the way
 * need not be read yet.
 */
void
spindle_parse_ref_text(SpindleParse *parse, const SpindleJson *node, int table,
					   const char *text, SpindleColumnRef *ref)
{
	char	   *path = pstrdup(text);
	char	   *save = NULL;

	if (path[0] == '.' || strstr(path, "..") || (path[0] && path[strlen(path) - 1] == '.'))
		spindle_json_error(node, NULL, "\"%s\" is not a path of column names.", path);
	memset(ref, 0, sizeof(*ref));
	ref->step = palloc(sizeof(int) * MAX_STEPS);
	ref->column = -1;
	for (char *name = strtok_r(path, ".", &save); name; name = strtok_r(NULL, ".", &save))
	{
		if (ref->column >= 0)
		{
			if (ref->nsteps == MAX_STEPS)
				spindle_json_error(node, NULL, "a path has at most %d references.", MAX_STEPS);
			ref->table = table;
			ref->step[ref->nsteps++] = ref->column;
			table = spindle_parse_target(parse, node, table, ref);
		}
		ref->column = find_column(parse, node, table, name);
	}
	if (ref->column < 0)
		spindle_json_error(node, NULL, "a column name is needed.");
	ref->table = table;
}

/*
 * spindle_parse_ref
 *		The same for a path that is a string by itself.
 */
void
spindle_parse_ref(SpindleParse *parse, const SpindleJson *node, int table,
				  SpindleColumnRef *ref)
{
	spindle_parse_ref_text(parse, node, table, spindle_json_string(node), ref);
}

/*
 * spindle_parse_value
 *		A constant of a type in its representation, from a string, number or
 *		boolean; an error if it is none.  A text gets its place in the domain's
 *		pool.
 */
int64
spindle_parse_value(SpindleParse *parse, const SpindleJson *node, const SpindleType *type)
{
	char	   *text = spindle_json_text(node);
	int64		value;

	if (!spindle_value_parse(parse->domain, type, text, &value))
		spindle_json_error(node, NULL, "\"%s\" is not a value of type %s.", text, spindle_type_sql_name(type));
	return value;
}
