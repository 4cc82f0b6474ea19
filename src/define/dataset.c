/*-------------------------------------------------------------------------
 *
 * dataset.c
 *		Reference data: lists of records with an optional weight.
 *
 * A set is loaded when the first rule names it and belongs to the domain, in a
 * memory context of its own.  What is wrong in it is reported with its place
 * in the set's file, under the set's name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "define/definition.h"
#include "define/parse.h"

#define MAX_FIELDS	100
#define MAX_RECORDS 1000000

/*
 * Read the records of a set whose fields are known, an array of arrays.  Values
 * are kept as text, palloc'd; those of the field "weight" as numbers, 1 for all
 * without it.
 */
static void
read_records(const SpindleJson *array, SpindleDataSet *set)
{
	SpindleJson rows = *array;
	int			weight_field = -1;
	int			r = 0;
	const cJSON *item;

	spindle_json_expect_array(&rows);
	set->nrows = spindle_json_size(&rows);
	if (set->nrows < 1 || set->nrows > MAX_RECORDS)
		spindle_json_error(&rows, NULL, "a data set has 1 to %d rows.", MAX_RECORDS);
	set->cell = palloc(sizeof(char **) * set->nfields);
	for (int f = 0; f < set->nfields; f++)
	{
		set->cell[f] = palloc0(sizeof(char *) * set->nrows);
		if (strcmp(set->field[f], "weight") == 0)
			weight_field = f;
	}
	set->weights = palloc(sizeof(double) * set->nrows);

	cJSON_ArrayForEach(item, rows.value)
	{
		SpindleJson row = spindle_json_child(&rows, item, r);
		int			f = 0;
		const cJSON *cell;

		spindle_json_expect_array(&row);
		if (spindle_json_size(&row) != set->nfields)
			spindle_json_error(&row, NULL, "%d values are needed, one per field.", set->nfields);
		set->weights[r] = 1;
		cJSON_ArrayForEach(cell, row.value)
		{
			SpindleJson value = spindle_json_child(&row, cell, f);

			if (f == weight_field)
			{
				set->weights[r] = spindle_json_number(&value, 0, 1e18);
				if (set->weights[r] <= 0)
					spindle_json_error(&value, NULL, "a weight must be greater than zero.");
			}
			else if (!cJSON_IsNull(cell))
				set->cell[f][r] = spindle_json_text(&value);
			f++;
		}
		r++;
	}
	set->weight = spindle_alias_create(set->weights, set->nrows);
}

/* Insist that no field before the number f, which node names, has its name. */
static void
require_new_field(const SpindleJson *node, const SpindleDataSet *set, int f)
{
	for (int k = 0; k < f; k++)
		if (strcmp(set->field[k], set->field[f]) == 0)
			spindle_json_error(node, NULL, "\"%s\" stands twice.", set->field[f]);
}

/*
 * Read and check a set from its text, len bytes; all of it is allocated in the
 * current memory context.
 *
 * Raises invalid_parameter_value if something is wrong in it, and the errors of
 * spindle_json_parse() if it is no JSON.
 */
static SpindleDataSet *
read_data_set(const char *name, const char *text, int len)
{
	static const char *const legal[] = {"description", "source", "licence", "fields", "rows", NULL};
	SpindleDataSet *set = palloc0(sizeof(SpindleDataSet));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "spindle data set file",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext;
	SpindleJson document;
	SpindleJson fields;
	SpindleJson rows;
	int			f = 0;
	const cJSON *item;

	set->name = pstrdup(name);

	/* the tree goes as soon as the records are ours */
	oldcontext = MemoryContextSwitchTo(scratch);
	document = spindle_json_parse(text, len, psprintf("data set \"%s\"", name));
	MemoryContextSwitchTo(oldcontext);
	spindle_json_expect_object(&document, legal);
	fields = spindle_json_member(&document, "fields");
	spindle_json_expect_array(&fields);
	set->nfields = spindle_json_size(&fields);
	if (set->nfields < 1 || set->nfields > MAX_FIELDS)
		spindle_json_error(&fields, NULL, "a data set has 1 to %d fields.", MAX_FIELDS);
	set->field = palloc(sizeof(char *) * set->nfields);
	cJSON_ArrayForEach(item, fields.value)
	{
		SpindleJson field = spindle_json_child(&fields, item, f);

		set->field[f] = spindle_json_string(&field);
		require_new_field(&field, set, f++);
	}
	rows = spindle_json_member(&document, "rows");
	read_records(&rows, set);
	MemoryContextDelete(scratch);
	return set;
}

/*
 * spindle_data_set_check
 *		Raise an error if a text, len bytes of UTF-8, is not a valid data set.
 *
 * name is what errors call it.  Leaves garbage in the current memory context.
 * Raises what read_data_set() does.
 */
void
spindle_data_set_check(const char *name, const char *text, int len)
{
	(void) read_data_set(name, text, len);
}

/*
 * spindle_parse_data_set
 *		The data set that a string names, loaded on first use; its bytes count
 *		for the domain's fingerprint.
 *
 * The result is the domain's.  Leaves the current memory context as it was,
 * but after an error.  Raises invalid_parameter_value if there is none of that
 * name or something is wrong in it, the errors of spindle_json_parse() if it
 * is no JSON, and those of load_data.
 */
SpindleDataSet *
spindle_parse_data_set(SpindleParse *parse, const SpindleJson *node)
{
	SpindleDomain *domain = parse->domain;
	char	   *name = spindle_json_string(node);
	SpindleDataSet *set;
	MemoryContext oldcontext;
	char	   *text;
	int			len;

	for (int i = 0; i < domain->ndatasets; i++)
		if (strcmp(domain->dataset[i]->name, name) == 0)
			return domain->dataset[i];

	/* with a context of its own, so that it does not count as the rules' memory */
	oldcontext = MemoryContextSwitchTo(AllocSetContextCreate(domain->context, "spindle data set",
															 ALLOCSET_DEFAULT_SIZES));
	text = parse->load_data(name, &len);
	if (text == NULL)
		spindle_json_error(node, NULL, "data set \"%s\" does not exist.", name);
	domain->fingerprint = hash_combine64(domain->fingerprint, hash_bytes_extended((const unsigned char *) text, len, 0));
	set = read_data_set(name, text, len);
	pfree(text);
	MemoryContextSwitchTo(oldcontext);

	domain->dataset = domain->dataset == NULL ? palloc(sizeof(SpindleDataSet *)) :
		repalloc(domain->dataset, sizeof(SpindleDataSet *) * (domain->ndatasets + 1));
	domain->dataset[domain->ndatasets++] = set;
	return set;
}

/*
 * spindle_parse_tuples
 *		The tuples in the rule "joint" of a column of a table, as a data set with
 *		a field for each of its columns and one for the weight.
 *
 * It is made by the first of the columns that is read, and named by table and
 * column.  What is wrong is an error at its place in that rule, or
 * at node if the column has no such rule.
 */
SpindleDataSet *
spindle_parse_tuples(SpindleParse *parse, const SpindleJson *node, int table, int column)
{
	SpindleDomain *domain = parse->domain;
	const SpindleTable *t = &domain->table[table];
	const cJSON *json = cJSON_GetObjectItemCaseSensitive(parse->column_json[table][column], "rule");
	const char *kind = spindle_parse_peek(json, "kind");
	char	   *name = psprintf("%s.%s", t->name, t->column[column].name);
	SpindleJson root = {.subject = node->subject};
	SpindleJson rule = {.value = json,.parent = &root,.name = psprintf("tables.%s.columns.%s.rule", t->name, t->column[column].name),
	.subject = node->subject};
	SpindleJson m;
	SpindleDataSet *set;
	ListCell   *lc;
	const cJSON *item;

	foreach(lc, parse->tuples)
	{
		set = lfirst(lc);
		if (strcmp(set->name, name) == 0)
			return set;
	}
	if (kind == NULL || strcmp(kind, "joint") != 0)
		spindle_json_error(node, NULL, "column \"%s\" has no rule \"joint\".", t->column[column].name);
	m = spindle_json_member(&rule, "columns");
	spindle_json_expect_array(&m);
	set = palloc0(sizeof(SpindleDataSet));
	set->name = name;
	if (spindle_json_size(&m) < 1 || spindle_json_size(&m) >= MAX_FIELDS)
		spindle_json_error(&m, NULL, "1 to %d columns are needed.", MAX_FIELDS - 1);
	set->field = palloc(sizeof(char *) * (spindle_json_size(&m) + 1));
	cJSON_ArrayForEach(item, m.value)
	{
		SpindleJson field = spindle_json_child(&m, item, set->nfields);

		set->field[set->nfields] = t->column[spindle_parse_column(parse, &field, table)].name;
		require_new_field(&field, set, set->nfields);
		if (strcmp(set->field[set->nfields++], "weight") == 0)
			spindle_json_error(&field, NULL, "a column of this name cannot be part of a tuple.");
	}
	set->field[set->nfields++] = pstrdup("weight");
	m = spindle_json_member(&rule, "tuples");
	read_records(&m, set);
	parse->tuples = lappend(parse->tuples, set);
	return set;
}

/*
 * spindle_data_set_field
 *		The field of a set that a string names, by its number; an error with
 *		the names there are if there is none.
 */
int
spindle_data_set_field(const SpindleDataSet *set, const SpindleJson *node)
{
	char	   *name = spindle_json_string(node);
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < set->nfields; i++)
	{
		if (strcmp(set->field[i], name) == 0)
			return i;
		appendStringInfo(&buf, "%s%s", i ? ", " : "", set->field[i]);
	}
	spindle_json_error(node, psprintf("Fields of data set \"%s\": %s.", set->name, buf.data),
					   "field \"%s\" does not exist.", name);
}
