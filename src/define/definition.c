/*-------------------------------------------------------------------------
 *
 * definition.c
 *		From the text of a definition to a model.
 *
 * Four passes: tables with their columns and types, so that names can be
 * looked up; the rules; the lifecycles; then what only the whole can tell
 * (check.c).  The
 * first mistake found is reported with its place; nothing half-read is kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "define/definition.h"
#include "define/lifecycle.h"
#include "define/parse.h"
#include "math/rng.h"

/* Scales of a domain, at most. */
#define MAX_PRESETS		100

/* Sets of columns that a table declares unique, at most. */
#define MAX_UNIQUE		100

/* A string member, palloc'd; NULL if it is absent. */
static char *
optional_string(const SpindleJson *node, const char *name)
{
	SpindleJson m;

	if (!spindle_json_has(node, name))
		return NULL;
	m = spindle_json_member(node, name);
	return spindle_json_string(&m);
}

/*
 * The days of the domain: {"start": "2022-01-01", "end": "2026-01-01"}, end
 * exclusive.
 */
static void
read_range(SpindleParse *parse, const SpindleJson *document)
{
	static const char *const legal[] = {"start", "end", NULL};
	SpindleJson range = spindle_json_member(document, "range");
	SpindleJson start;
	SpindleJson end;
	SpindleType date;

	spindle_json_expect_object(&range, legal);
	start = spindle_json_member(&range, "start");
	end = spindle_json_member(&range, "end");
	(void) spindle_type_parse("date", &date);
	parse->domain->first_day = (int) spindle_parse_value(parse, &start, &date);
	parse->domain->ndays = (int) spindle_parse_value(parse, &end, &date) - parse->domain->first_day;
	if (parse->domain->ndays < 1 || parse->domain->ndays > 32000)
		spindle_json_error(&range, NULL, "the range has %d days; it must have from 1 to 32000.",
						   parse->domain->ndays);
}

/*
 * First pass over a column: all but the rule.
 *
 * "type" is required.  "null" above 0 implies "nullable", and both can be
 * given.  target and references stay -1 until the rule is read.
 */
static void
read_column(SpindleParse *parse, const SpindleJson *node, SpindleColumn *column)
{
	static const char *const legal[] = {"type", "sql_type", "description", "hidden", "nullable", "null",
	"references", "rule", "name", "learned", NULL};
	SpindleJson m;
	char	   *type;

	spindle_json_expect_object(node, legal);
	spindle_parse_check_name(node, node->name);
	column->name = pstrdup(node->name);
	column->description = optional_string(node, "description");
	column->target = -1;
	column->references = -1;
	if (spindle_json_has(node, "hidden"))
	{
		m = spindle_json_member(node, "hidden");
		column->hidden = spindle_json_bool(&m);
	}
	m = spindle_json_member(node, "type");
	type = spindle_json_string(&m);
	if (!spindle_type_parse(type, &column->type))
		spindle_json_error(&m, column->hidden ?
						   psprintf("%s  A column that chooses a row has type row.", spindle_type_names()) : spindle_type_names(),
						   "\"%s\" is not a type of this format.", type);
	spindle_parse_scale(node, &column->type);
	if (spindle_json_has(node, "sql_type"))
		spindle_parse_sql_type(parse, node, &column->type);
	if (column->type.kind == SPINDLE_ROW && !column->hidden)
		spindle_json_error(&m, "Add \"hidden\": true, and let visible columns copy what is wanted of the row, as in \"order_row.order_id\".",
						   "a column of type row has no value that could be shown.");
	spindle_parse_column_name(node, column);
	if (spindle_json_has(node, "null"))
	{
		m = spindle_json_member(node, "null");
		column->null_fraction = spindle_json_number(&m, 0, 1);
		column->nullable = column->null_fraction > 0;
	}
	if (spindle_json_has(node, "nullable"))
	{
		m = spindle_json_member(node, "nullable");
		column->nullable |= spindle_json_bool(&m);
	}
}

/* The columns that an array names, or a single string. */
static SpindleColumnSet
read_set(SpindleParse *parse, const SpindleJson *node, const SpindleTable *table)
{
	SpindleColumnSet set = {.n = 1,.column = palloc(sizeof(int) * INDEX_MAX_KEYS)};
	int			i = 0;
	const cJSON *item;

	if (cJSON_IsString(node->value))
	{
		set.column[0] = spindle_parse_column(parse, node, table->index);
		return set;
	}
	spindle_json_expect_array(node);
	set.n = spindle_json_size(node);
	if (set.n < 1 || set.n > INDEX_MAX_KEYS)
		spindle_json_error(node, NULL, "1 to %d columns are needed.", INDEX_MAX_KEYS);
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson column = spindle_json_child(node, item, i);

		set.column[i] = spindle_parse_column(parse, &column, table->index);
		for (int k = 0; k < i; k++)
			if (set.column[k] == set.column[i])
				spindle_json_error(&column, NULL, "column \"%s\" is named twice.", table->column[set.column[i]].name);
		i++;
	}
	return set;
}

/*
 * The key, a column or several, and the other sets of columns that are unique.
 * Those of the key are not nullable, those of the sets not hidden.  That the
 * values differ is for spindle_check_keys().
 */
static void
read_sets(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	SpindleJson m;
	int			u = 0;
	const cJSON *item;

	if (spindle_json_has(node, "key"))
	{
		SpindleColumnSet set;

		m = spindle_json_member(node, "key");
		if (!cJSON_IsString(m.value) && !cJSON_IsArray(m.value))
			spindle_json_error(&m, "A key is the name of a column, as in \"key\": \"order_id\", or an array of names.  Its values must differ: "
							   "by the rule sequence, by a pattern with {row}, or by data with by_row; or within the parent, which is part of the key.",
							   "a string or an array is needed.");
		set = read_set(parse, &m, table);
		table->nkeys = set.n;
		table->key = set.column;
		for (int k = 0; k < set.n; k++)
			if (table->column[set.column[k]].nullable)
				spindle_json_error(&m, NULL, "a key cannot be null, but column \"%s\" is nullable.",
								   table->column[set.column[k]].name);
	}
	if (!spindle_json_has(node, "unique"))
		return;
	m = spindle_json_member(node, "unique");
	spindle_json_expect_array(&m);
	if (spindle_json_size(&m) > MAX_UNIQUE)
		spindle_json_error(&m, NULL, "a table has at most %d sets.", MAX_UNIQUE);
	table->unique = palloc(sizeof(SpindleColumnSet) * Max(spindle_json_size(&m), 1));
	cJSON_ArrayForEach(item, m.value)
	{
		SpindleJson set = spindle_json_child(&m, item, u);

		table->unique[u] = read_set(parse, &set, table);
		for (int k = 0; k < table->unique[u].n; k++)
			if (table->column[table->unique[u].column[k]].hidden)
				spindle_json_error(&set, NULL, "column \"%s\" is hidden.", table->column[table->unique[u].column[k]].name);
		u++;
	}
	table->nunique = u;
}

/*
 * First pass over a table: its names, description, columns and key, but no rule
 * and no row count.
 *
 * Fills what paths look up before the rules are read: the JSON of the columns,
 * and that no target is known yet.  At least one of the columns, 1 to
 * SPINDLE_MAX_COLUMNS, is visible.
 */
static void
read_table(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"description", "relation", "key", "unique", "copula", "event_time",
	"rows", "columns", "lifecycle", "learned", NULL};
	SpindleJson columns;
	int			c = 0;
	int			visible = 0;
	const cJSON *item;

	spindle_json_expect_object(node, legal);
	table->description = optional_string(node, "description");
	spindle_parse_relation(node, table);
	table->label = spindle_label(table->name);
	table->parent_column = -1;
	columns = spindle_json_member(node, "columns");
	spindle_json_expect_object(&columns, NULL);
	table->ncolumns = spindle_json_size(&columns);
	if (table->ncolumns < 1 || table->ncolumns > SPINDLE_MAX_COLUMNS)
		spindle_json_error(&columns, NULL, "a table has 1 to %d columns.", SPINDLE_MAX_COLUMNS);
	table->column = palloc0(sizeof(SpindleColumn) * table->ncolumns);
	parse->column_json[table->index] = palloc(sizeof(cJSON *) * table->ncolumns);
	parse->column_target[table->index] = palloc(sizeof(int) * table->ncolumns);
	for (int i = 0; i < table->ncolumns; i++)
		parse->column_target[table->index][i] = SPINDLE_TARGET_UNKNOWN;
	cJSON_ArrayForEach(item, columns.value)
	{
		SpindleJson column = spindle_json_child(&columns, item, c);

		parse->column_json[table->index][c] = unconstify(cJSON *, item);
		read_column(parse, &column, &table->column[c]);
		visible += !table->column[c].hidden;
		c++;
	}
	spindle_parse_check_columns(&columns, table);
	if (visible == 0)
		spindle_json_error(&columns, NULL, "all columns are hidden.");
	read_sets(parse, node, table);
}

/* Read "references" of a column whose rule has been read. */
static void
read_references(SpindleParse *parse, const SpindleJson *column_node, const SpindleTable *table, int c)
{
	SpindleColumn *column = &table->column[c];
	SpindleJson references = spindle_json_member(column_node, "references");
	const SpindleTable *target = &parse->domain->table[spindle_parse_table(parse, &references)];

	if (target->nkeys != 1)
		spindle_json_error(&references, NULL, "table \"%s\" has no key of one column.", target->name);
	column->references = target->index;
	column->by_value = spindle_parse_is_by_value(parse, table->index, c);
}

/*
 * Second pass: the rules of a table's columns and its event time.
 *
 * A rule of a referring kind says which table the column refers to.
 * "references" is for people and for foreign keys: it takes the place of that
 * in what is shown, and computes nothing.  The table that it names needs a
 * key of one column.  An event time is a path to a date or timestamp.
 */
static void
read_rules(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	SpindleJson columns = spindle_json_member(node, "columns");
	int			c = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, columns.value)
	{
		SpindleColumn *column = &table->column[c];
		SpindleJson column_node = spindle_json_child(&columns, item, c++);
		SpindleJson rule = spindle_json_member(&column_node, "rule");
		SpindleColumnRef self = {0, NULL, table->index, c - 1};

		column->rule = spindle_parse_rule(parse, &rule, table->index, column,
										  spindle_label(spindle_json_path(&rule)));
		if (column->rule->ops->refers)
		{
			column->target = spindle_parse_target(parse, &rule, table->index, &self);
			column->references = column->target;
		}
		if (spindle_json_has(&column_node, "references"))
			read_references(parse, &column_node, table, c - 1);
	}
	spindle_parse_copulas(parse, node, table);
	if (spindle_json_has(node, "event_time"))
	{
		SpindleJson time = spindle_json_member(node, "event_time");

		spindle_parse_ref(parse, &time, table->index, &table->event_time);
		table->has_event_time = true;
		if (spindle_ref_column(parse->domain, &table->event_time)->type.ops->time_unit == 0)
			spindle_json_error(&time, NULL, "a date or timestamp column is needed.");
	}
}

/*
 * The scales, 1 to MAX_PRESETS: each has a row count, 0 to 10^15, for every
 * table of kind "preset" and for no other.  All row counts of tables have been
 * read.
 */
static void
read_presets(SpindleParse *parse, const SpindleJson *document)
{
	SpindleDomain *domain = parse->domain;
	SpindleJson presets = spindle_json_member(document, "presets");
	int			p = 0;
	const cJSON *item;

	spindle_json_expect_object(&presets, NULL);
	domain->npresets = spindle_json_size(&presets);
	if (domain->npresets < 1 || domain->npresets > MAX_PRESETS)
		spindle_json_error(&presets, NULL, "1 to %d presets are needed.", MAX_PRESETS);
	domain->preset = palloc0(sizeof(SpindlePreset) * domain->npresets);
	cJSON_ArrayForEach(item, presets.value)
	{
		SpindleJson node = spindle_json_child(&presets, item, p);
		SpindlePreset *preset = &domain->preset[p++];
		const cJSON *count;

		spindle_parse_check_name(&node, item->string);
		preset->name = pstrdup(item->string);
		preset->rows = palloc(sizeof(int64) * domain->ntables);
		for (int t = 0; t < domain->ntables; t++)
			preset->rows[t] = -1;
		spindle_json_expect_object(&node, NULL);
		cJSON_ArrayForEach(count, node.value)
		{
			SpindleJson value = spindle_json_child(&node, count, 0);
			int			t = spindle_domain_find_table(domain, count->string);

			if (t < 0 || domain->table[t].rows_kind != SPINDLE_ROWS_PRESET)
				spindle_json_error(&value, NULL, "\"%s\" is not a table whose rows a preset sets.",
								   count->string);
			preset->rows[t] = spindle_json_int64(&value, 0, SPINDLE_MAX_ROWS);
		}
		for (int t = 0; t < domain->ntables; t++)
			if (domain->table[t].rows_kind == SPINDLE_ROWS_PRESET && preset->rows[t] < 0)
				spindle_json_error(&node, NULL, "the rows of table \"%s\" are missing.",
								   domain->table[t].name);
	}
}

/*
 * The scale where none is given: the one that the document names; else "small",
 * else the first.  Presets have been read.
 */
static void
read_default_scale(SpindleParse *parse, const SpindleJson *document)
{
	SpindleDomain *domain = parse->domain;
	int			small = spindle_domain_find_preset(domain, "small");

	if (spindle_json_has(document, "default_scale"))
	{
		SpindleJson m = spindle_json_member(document, "default_scale");
		const char **names = palloc0(sizeof(char *) * (domain->npresets + 1));

		for (int i = 0; i < domain->npresets; i++)
			names[i] = domain->preset[i].name;
		domain->default_preset = spindle_json_choice(&m, names);
		pfree(names);
	}
	else
		domain->default_preset = Max(small, 0);
}

/* A table makes a type of its name, which none of the section "types" can have. */
static void
require_other_name(const SpindleDomain *domain, const SpindleJson *node, const char *name)
{
	for (int i = 0; i < domain->ntypes; i++)
		if (strcmp(domain->type[i].name, name) == 0)
			spindle_json_error(node, NULL, "a table makes a type of its name, but \"%s\" is one of \"types\".", name);
}

/*
 * spindle_domain_parse
 *		Read, check and compile a definition.
 *
 * name is the domain's name, text the definition, len bytes of UTF-8, which
 * are not kept.  load_data returns the text of a data set, palloc'd, with its
 * length, or NULL if there is none of that name.  The model is allocated in
 * the current memory context, which the caller deletes if this raises an
 * error.
 *
 * Anything wrong in the definition is one: invalid_text_representation,
 * character_not_in_repertoire or untranslatable_character for what is no JSON
 * or UTF-8, program_limit_exceeded for too deep a nesting of JSON or rules
 * that need too much memory, statement_too_complex for columns whose
 * dependencies are too deep for the stack, and invalid_parameter_value for all
 * else, with the place in the detail.  Errors of load_data go through.
 */
SpindleDomain *
spindle_domain_parse(const char *name, const char *text, int len,
					 char *(*load_data) (const char *set, int *len))
{
	static const char *const legal[] = {"spindle", "description", "range", "presets", "default_scale", "types", "tables",
	"learned", NULL};
	SpindleDomain *domain = palloc0(sizeof(SpindleDomain));
	SpindleParse parse = {.domain = domain,.load_data = load_data};
	MemoryContext scratch;
	MemoryContext oldcontext;
	SpindleJson document;
	SpindleJson m;
	SpindleJson tables;
	int			t = 0;
	const cJSON *item;

	domain->context = CurrentMemoryContext;
	domain->name = pstrdup(name);
	domain->subject = psprintf("domain \"%s\"", name);
	domain->pool = spindle_text_pool_create();
	domain->fingerprint = hash_bytes_extended((const unsigned char *) text, len, 0);

	/* the tree goes when the model is complete */
	scratch = AllocSetContextCreate(CurrentMemoryContext, "spindle definition",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(scratch);
	document = spindle_json_parse(text, len, domain->subject);
	MemoryContextSwitchTo(oldcontext);

	spindle_json_expect_object(&document, legal);
	m = spindle_json_member(&document, "spindle");
	if (spindle_json_int64(&m, 0, PG_INT32_MAX) != SPINDLE_FORMAT_VERSION)
		spindle_json_error(&m, NULL, "this is not version %d of the format.", SPINDLE_FORMAT_VERSION);
	m = spindle_json_member(&document, "description");
	domain->description = spindle_json_string(&m);
	read_range(&parse, &document);
	spindle_parse_user_types(&parse, &document);

	tables = spindle_json_member(&document, "tables");
	spindle_json_expect_object(&tables, NULL);
	domain->ntables = spindle_json_size(&tables);
	if (domain->ntables < 1 || domain->ntables > SPINDLE_MAX_TABLES)
		spindle_json_error(&tables, NULL, "a domain has 1 to %d tables.", SPINDLE_MAX_TABLES);
	domain->table = palloc0(sizeof(SpindleTable) * domain->ntables);
	parse.column_json = palloc0(sizeof(cJSON **) * domain->ntables);
	parse.column_target = palloc0(sizeof(int *) * domain->ntables);
	cJSON_ArrayForEach(item, tables.value)
	{
		SpindleJson node = spindle_json_child(&tables, item, t);

		spindle_parse_check_name(&node, item->string);
		domain->table[t].name = pstrdup(item->string);
		domain->table[t].index = t;
		t++;
	}
	t = 0;
	cJSON_ArrayForEach(item, tables.value)
	{
		SpindleJson node = spindle_json_child(&tables, item, t);

		read_table(&parse, &node, &domain->table[t]);
		require_other_name(domain, &node, domain->table[t++].sql_name);
	}

	/* rows before rules, as rules ask which tables are children of which */
	t = 0;
	cJSON_ArrayForEach(item, tables.value)
	{
		SpindleJson node = spindle_json_child(&tables, item, t);

		spindle_parse_rows(&parse, &node, &domain->table[t++]);
	}
	/* states and clocks before rules, as rules name them, and their members after */
	t = 0;
	cJSON_ArrayForEach(item, tables.value)
	{
		SpindleJson node = spindle_json_child(&tables, item, t);

		spindle_parse_lifecycle_names(&parse, &node, &domain->table[t++]);
	}
	t = 0;
	cJSON_ArrayForEach(item, tables.value)
	{
		SpindleJson node = spindle_json_child(&tables, item, t);

		read_rules(&parse, &node, &domain->table[t++]);
	}
	t = 0;
	cJSON_ArrayForEach(item, tables.value)
	{
		SpindleJson node = spindle_json_child(&tables, item, t);

		spindle_parse_lifecycle(&parse, &node, &domain->table[t++]);
	}
	read_presets(&parse, &document);
	read_default_scale(&parse, &document);
	MemoryContextDelete(scratch);

	spindle_domain_check(domain);
	return domain;
}
