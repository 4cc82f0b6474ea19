/*-------------------------------------------------------------------------
 *
 * rule_data.c
 *		The rule "data": values from the records of a data set.
 *
 * Each rule reads its field once, as values of its column's type, so that no
 * row can fail on one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "define/rule_reader.h"

/*
 * Group the records of a set by the text in one field, for a draw among those
 * that have the text of another column.
 *
 * The texts get their places in the domain's pool, so a group is found by the
 * number of a text.  Records with a null in the field are an error.  Takes
 * memory for each record, and for each text that the domain has so far.
 */
static void
read_match(RuleReader *r, SpindleDataSet *set)
{
	static const char *const legal[] = {"field", "column", NULL};
	SpindleRule *rule = r->rule;
	SpindleDomain *domain = r->parse->domain;
	SpindleJson match = member(r, "match");
	SpindleJson field;
	SpindleJson column;
	int			f;
	int		   *group_of_row = palloc(sizeof(int) * set->nrows);
	int		   *size;
	int		   *rows;
	double	   *weight = palloc(sizeof(double) * set->nrows);

	spindle_json_expect_object(&match, legal);
	field = spindle_json_member(&match, "field");
	column = spindle_json_member(&match, "column");
	f = spindle_data_set_field(set, &field);
	spindle_parse_ref(r->parse, &column, r->table, &rule->data.match);
	if (!spindle_ref_column(domain, &rule->data.match)->type.ops->is_text ||
		spindle_ref_column(domain, &rule->data.match)->type.ops->form)
		spindle_json_error(&column, NULL, "a text column is needed.");
	rule->data.has_match = true;
	rule->data.may_miss = r->column->nullable;

	for (int i = 0; i < set->nrows; i++)
	{
		if (set->cell[f][i] == NULL)
			spindle_json_error(&field, NULL, "field \"%s\" is null in row %d.", set->field[f], i);
		(void) spindle_text_intern(domain, set->cell[f][i]);
	}

	/* a text that gets its number later is none of the set */
	rule->data.ntexts = domain->ntexts;
	rule->data.group_of_text = palloc(sizeof(int) * domain->ntexts);
	for (int i = 0; i < domain->ntexts; i++)
		rule->data.group_of_text[i] = -1;
	size = palloc0(sizeof(int) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		int			id = spindle_text_intern(domain, set->cell[f][i])->id;

		if (rule->data.group_of_text[id] < 0)
			rule->data.group_of_text[id] = rule->data.ngroups++;
		group_of_row[i] = rule->data.group_of_text[id];
		size[group_of_row[i]]++;
	}

	/* one pass: the rows of a group follow each other in one array */
	rule->data.group = palloc(sizeof(int *) * rule->data.ngroups);
	rule->data.group_alias = palloc(sizeof(SpindleAlias *) * rule->data.ngroups);
	rows = palloc(sizeof(int) * set->nrows);
	for (int g = 0, start = 0; g < rule->data.ngroups; start += size[g++])
		rule->data.group[g] = rows + start;
	memset(size, 0, sizeof(int) * rule->data.ngroups);
	for (int i = 0; i < set->nrows; i++)
	{
		int			g = group_of_row[i];

		weight[rule->data.group[g] - rows + size[g]] = set->weights[i];
		rule->data.group[g][size[g]++] = i;
	}
	for (int g = 0; g < rule->data.ngroups; g++)
		rule->data.group_alias[g] = spindle_alias_create(weight + (rule->data.group[g] - rows), size[g]);
	pfree(weight);
	pfree(size);
	pfree(group_of_row);
	CHECK_FOR_INTERRUPTS();
}

/* The values of a field, as those of the column's type; node is where it is named. */
static void
read_field(RuleReader *r, const SpindleJson *node, SpindleDataSet *set, int f)
{
	SpindleRule *rule = r->rule;

	rule->data.set = set;
	rule->data.value = palloc0(sizeof(int64) * set->nrows);
	rule->data.is_null = palloc0(sizeof(bool) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		rule->data.is_null[i] = set->cell[f][i] == NULL;
		if (!rule->data.is_null[i] &&
			!spindle_value_parse(r->parse->domain, rule->type, set->cell[f][i], &rule->data.value[i]))
			spindle_json_error(node, NULL, "\"%s\" in row %d of data set \"%s\" is not a value of type %s.",
							   set->cell[f][i], i, set->name, spindle_type_sql_name(rule->type));
	}
}

/*
 * A column of tuples with weights, which stand in its own rule, or in that of the
 * column that "with" names; all columns of the tuples draw the same one.
 */
static void
read_joint(RuleReader *r)
{
	const SpindleTable *table = &r->parse->domain->table[r->table];
	int			owner = spindle_table_find_column(table, r->column->name);
	SpindleJson place = *r->node;
	SpindleDataSet *set;
	int			f = 0;

	if (!is_own_rule(r))
		spindle_json_error(r->node, NULL, "\"joint\" must be a column's own rule.");
	if (has(r, "with"))
	{
		if (has(r, "columns") || has(r, "tuples"))
			spindle_json_error(r->node, NULL, "\"with\" excludes \"columns\" and \"tuples\".");
		place = member(r, "with");
		owner = spindle_parse_column(r->parse, &place, r->table);
	}
	set = spindle_parse_tuples(r->parse, &place, r->table, owner);
	while (f < set->nfields - 1 && strcmp(set->field[f], r->column->name) != 0)
		f++;
	if (f == set->nfields - 1)
		spindle_json_error(&place, NULL, "\"columns\" of column \"%s\" do not name this one.", table->column[owner].name);
	read_field(r, &place, set, f);
	r->rule->data.is_joint = true;
	r->rule->data.draw_label = spindle_label(psprintf("%s joint %s", table->name, table->column[owner].name));
}

/*
 * Read the field's values and how a record is chosen.
 *
 * "set" and "field" are required; every value of the field must be one of the
 * column's type, so that a row cannot fail.  "by_row" excludes "draw" and
 * "match".  The label of a draw is made of the table's name and the draw's, so
 * that columns of a table share it, and those of others do not.
 */
static void
read_data(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson kind = member(r, "kind");
	SpindleJson m;
	SpindleJson field;
	SpindleDataSet *set;
	int			f;

	rule->data.draw_label = rule->label;
	if (strcmp(spindle_json_string(&kind), "joint") == 0)
	{
		read_joint(r);
		return;
	}
	m = member(r, "set");
	field = member(r, "field");
	set = spindle_parse_data_set(r->parse, &m);
	f = spindle_data_set_field(set, &field);
	if (strcmp(set->field[f], "weight") == 0)
		spindle_json_error(&field, NULL, "\"weight\" holds the weights and cannot be a value.");
	read_field(r, &field, set, f);
	if (has(r, "draw"))
	{
		SpindleJson draw = member(r, "draw");

		/* columns of a table that name the same draw take the same record */
		rule->data.draw_label = spindle_label(psprintf("%s draw %s",
													   r->parse->domain->table[r->table].name,
													   spindle_json_string(&draw)));
	}
	if (has(r, "by_row"))
	{
		SpindleJson by_row = member(r, "by_row");

		rule->data.by_row = spindle_json_bool(&by_row);
	}
	if (has(r, "match"))
		read_match(r, set);
	if (rule->data.by_row && (rule->data.has_match || has(r, "draw")))
		spindle_json_error(r->node, NULL, "\"by_row\" excludes \"match\" and \"draw\".");
	if (only_draws(r) && (rule->data.by_row || rule->data.has_match))
		spindle_json_error(r->node, NULL, "%s excludes \"match\" and \"by_row\".",
						   has(r, "keyed_by") ? "\"keyed_by\"" : "an array");
	rule->data.distinct = spindle_read_distinct(r);
	if (rule->data.distinct == SPINDLE_DISTINCT_NONE)
		return;
	if (rule->data.by_row || rule->data.has_match)
		spindle_json_error(r->node, NULL, "\"distinct\" excludes \"by_row\" and \"match\".");
	if (!has(r, "draw") && !spindle_values_differ(rule->type, rule->data.value, rule->data.is_null, set->nrows))
		spindle_json_error(&field, "Take a field whose values differ, or name a \"draw\" that columns share whose values "
						   "differ together.", "a value of field \"%s\" stands in several rows.", set->field[f]);
}

/* As many choices as records. */
static int64
data_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	return rule->data.set->nrows;
}

/* Columns that share a draw take the same record, so they have to agree on how. */
static void
check_draw(RuleCheck *check, const SpindleRule *rule)
{
	for (int c = 0; c < check->table->ncolumns; c++)
	{
		const SpindleRule *other = check->table->column[c].rule;

		if (other->kind == SPINDLE_RULE_DATA && other->data.draw_label == rule->data.draw_label &&
			other->data.distinct != rule->data.distinct)
			spindle_model_error(check->domain, rule->path,
								psprintf("\"distinct\" differs from that of %s, which shares the \"draw\".", other->path),
								NULL);
	}
}

/* Record k of the set goes to row k, so at no scale may there be more rows. */
static void
check_data(RuleCheck *check, const SpindleRule *rule)
{
	if (rule->data.by_row && check->max_rows > rule->data.set->nrows)
		spindle_model_error(check->domain, rule->path,
							psprintf("the table can have more rows than the %d of data set \"%s\".",
									 rule->data.set->nrows, rule->data.set->name), NULL);
	spindle_check_distinct(check, rule, rule->data.distinct, data_places,
						   psprintf("records of data set \"%s\"", rule->data.set->name));
	check_draw(check, rule);
}

/* The column to match is the only part: a set is no column. */
static void
visit_data(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	if (rule->data.has_match)
		spindle_visit_path(visitor, table, &rule->data.match);
}

/*
 * Has the field a null, or can a match fail?  Where it must not fail, the row
 * is an error when it is computed.
 */
static bool
data_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				 const SpindleColumnRef *known)
{
	for (int i = 0; i < rule->data.set->nrows; i++)
		if (rule->data.is_null[i])
			return true;
	return rule->data.has_match &&
		(rule->data.may_miss || spindle_path_may_be_null(domain, table, &rule->data.match, known));
}

/* What the values of the field are, weights aside. */
static Extent
extent_of_data(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_values(rule->type, rule->data.value, rule->data.is_null, rule->data.set->nrows);
}

/*
 * Each record is used once only by row, or if it is distinct; then its values must
 * differ.  Nulls count as 0; a key's column is not nullable, so they are refused
 * elsewhere.
 */
static KeyDifference
data_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	if (!spindle_values_differ(rule->type, rule->data.value, NULL, rule->data.set->nrows))
		return spindle_key_repeats(check, table, rule);
	return rule->data.by_row ? (KeyDifference) {.scope = KEY_IN_TABLE} :
		spindle_key_distinct(check, table, rule, rule->data.distinct);
}

static void
describe_data(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, rule->data.is_joint ? "by weight, together with the columns of %s" : "from data set %s",
					 rule->data.set->name);
	if (rule->data.by_row)
		appendStringInfoString(out, ", row by row");
	spindle_describe_distinct(out, rule->data.distinct);
	if (rule->data.has_match)
	{
		appendStringInfoString(out, ", to fit ");
		spindle_describe_path(out, domain, table, &rule->data.match);
	}
}

/* A record that is drawn takes the row for the draw only. */
static RowUse
data_row_use(const SpindleRule *rule)
{
	return rule->data.by_row || rule->data.distinct != SPINDLE_DISTINCT_NONE ? ROW_NEEDED : ROW_FOR_DRAWS;
}

/* Those of any record. */
static bool
data_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	for (int i = 0; i < rule->data.set->nrows; i++)
		if (!rule->data.is_null[i])
			add(context, rule->data.value[i]);
	return true;
}

/* Never marked as rising, though the values of a set by row may be. */
const SpindleRuleDef spindle_rule_def_data = {
	.forms = (const RuleForm[]) {
		{"data", ALL_KINDS, {"kind", "set", "field", "draw", "by_row", "match", "keyed_by", "distinct", NULL}},
		{"joint", ALL_KINDS, {"kind", "columns", "tuples", "with", NULL}},
		{.name = NULL},
	},
	.read = read_data,
	.target = spindle_rule_has_no_target,
	.check = check_data,
	.extent = extent_of_data,
	.differs = data_differs,
	.row_use = data_row_use,
	.values = data_values,
	.ops = {
		.visit = visit_data,
		.may_be_null = data_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_data,
	},
};
