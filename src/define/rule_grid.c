/*-------------------------------------------------------------------------
 *
 * rule_grid.c
 *		The rule "grid": columns whose values differ together.
 *
 * The columns of a table that name the same grid are the digits of a number that
 * no two rows share.  So no two rows have the same values in all of them, and each
 * combination is as likely as any other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"
#include "math/permute.h"

#define MAX_VALUES	100000

static const SpindleRuleOps reference_ops;

/* A list of constants of the column's type, 1 to MAX_VALUES, which differ. */
static void
read_list(RuleReader *r, const SpindleJson *values)
{
	SpindleRule *rule = r->rule;
	int			n = 0;
	const cJSON *item;

	rule->grid.count = spindle_json_size(values);
	if (rule->grid.count < 1 || rule->grid.count > MAX_VALUES)
		spindle_json_error(values, NULL, "1 to %d values are needed.", MAX_VALUES);
	rule->grid.value = palloc(sizeof(int64) * rule->grid.count);
	cJSON_ArrayForEach(item, values->value)
	{
		SpindleJson value = spindle_json_child(values, item, n);

		rule->grid.value[n++] = spindle_parse_value(r->parse, &value, rule->type);
	}
	if (!spindle_values_differ(rule->type, rule->grid.value, NULL, n))
		spindle_json_error(values, NULL, "a value stands twice.");
}

/* A number of values, 1 to 10^15, that are counted from "start", 1 if absent. */
static void
read_count(RuleReader *r, const SpindleJson *values)
{
	SpindleRule *rule = r->rule;

	if (rule->type->kind != SPINDLE_INT)
		spindle_json_error(values, NULL, "a column of type %s needs a list of values.", rule->type->name);
	rule->grid.count = spindle_json_int64(values, 1, SPINDLE_MAX_ROWS);
	rule->grid.start = 1;
	if (has(r, "start"))
	{
		SpindleJson m = member(r, "start");

		rule->grid.start = spindle_json_int64(&m, -SPINDLE_MAX_ROWS * 100, SPINDLE_MAX_ROWS * 100);
	}
	if (rule->grid.start < rule->type->min || rule->grid.start + rule->grid.count - 1 > rule->type->max)
		spindle_json_error(r->node, NULL, "numbers go from " INT64_FORMAT " to " INT64_FORMAT
						   ", which type %s does not hold.", rule->grid.start,
						   rule->grid.start + rule->grid.count - 1, rule->type->name);
}

/*
 * Read the name of the grid and what the digits are: "table", whose rows, or
 * "values", a list or how many.
 *
 * Its label is made of the names of table and grid, so that the columns share it.
 */
static void
read_grid(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson name = member(r, "grid");

	rule->grid.name = spindle_json_string(&name);
	rule->grid.label = spindle_label(psprintf("%s grid %s", r->parse->domain->table[r->table].name, rule->grid.name));
	rule->grid.table = -1;
	if (!is_own_rule(r))
		spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	if (rule->type->kind == SPINDLE_ROW && !has(r, "table"))
		spindle_json_error(r->node, NULL, "a column of type row needs \"table\".");
	if (has(r, "table") == has(r, "values"))
		spindle_json_error(r->node, NULL, "either \"table\" or \"values\" is needed.");
	if (has(r, "table"))
	{
		SpindleJson m = member(r, "table");

		rule->grid.table = spindle_parse_table(r->parse, &m);
		spindle_rule_expect_key(r, &m, &r->parse->domain->table[rule->grid.table], "the key");
		rule->ops = &reference_ops;
	}
	else
	{
		SpindleJson values = member(r, "values");

		if (cJSON_IsArray(values.value))
			read_list(r, &values);
		else
			read_count(r, &values);
	}
	if (has(r, "start") && (rule->grid.table >= 0 || rule->grid.value))
		spindle_json_error(r->node, NULL, "\"start\" is for a number of \"values\" only.");
}

/* The member "table", if it names one. */
static int
grid_target(SpindleParse *parse, const cJSON *json, int table)
{
	const char *name = spindle_parse_peek(json, "table");

	return name ? spindle_domain_find_table(parse->domain, name) : SPINDLE_TARGET_NONE;
}

/* The combinations of all columns of the grid; PG_INT64_MAX if they are more. */
static int64
grid_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	__int128	product = 1;

	for (int c = 0; c < table->ncolumns && product <= PG_INT64_MAX; c++)
	{
		const SpindleRule *other = table->column[c].rule;

		if (other->kind == SPINDLE_RULE_GRID && other->grid.label == rule->grid.label)
			product *= other->grid.table < 0 ? other->grid.count :
				spindle_preset_rows(domain, preset, &domain->table[other->grid.table]);
	}
	return product > PG_INT64_MAX ? PG_INT64_MAX : (int64) product;
}

/* There must be a combination for each row, and not more than can be permuted. */
static void
check_grid(RuleCheck *check, const SpindleRule *rule)
{
	spindle_check_rows(check, rule, grid_places, psprintf("combinations in grid \"%s\"", rule->grid.name),
					   "Give its columns more values, or add a column to it.");
	for (int p = 0; p < check->domain->npresets; p++)
		if (grid_places(check->domain, p, check->table, rule) > SPINDLE_MAX_PERMUTED)
			spindle_model_error(check->domain, rule->path,
								psprintf("at scale \"%s\" grid \"%s\" has more than 2^62 combinations.",
										 check->domain->preset[p].name, rule->grid.name),
								"Fewer columns are enough to make rows differ: take others out of the grid.");
}

/* The rows' keys, or the values. */
static Extent
extent_of_grid(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	if (rule->grid.table >= 0)
		return spindle_extent_target(check, table, rule, rule->grid.table);
	if (rule->grid.value)
		return spindle_extent_values(rule->type, rule->grid.value, NULL, (int) rule->grid.count);
	extent.low = rule->grid.start;
	extent.high = rule->grid.start + rule->grid.count - 1;
	return extent;
}

/* A column differs by itself only if it is the whole grid. */
static KeyDifference
grid_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleRule *other = table->column[c].rule;

		if (other != rule && other->kind == SPINDLE_RULE_GRID && other->grid.label == rule->grid.label)
			return (KeyDifference) {.scope = KEY_IN_GRID,.grid = rule->grid.name};
	}
	return (KeyDifference) {.scope = KEY_IN_TABLE};
}

/* The key of the table whose rows are the digits. */
static void
visit_grid(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	if (rule->grid.table >= 0)
		spindle_visit_target(visitor, &domain->table[rule->grid.table], rule);
}

static void
describe_grid(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	if (rule->grid.table >= 0)
		appendStringInfo(out, "a row of %s", domain->table[rule->grid.table].name);
	else
		appendStringInfo(out, "one of " INT64_FORMAT " values", rule->grid.count);
	appendStringInfo(out, ", in a combination of grid %s that no other row has", rule->grid.name);
}

/* Of columns whose values are keys of rows. */
static const SpindleRuleOps reference_ops = {
	.refers = true,
	.visit = visit_grid,
	.may_be_null = spindle_rule_never_null,
	.never_before = spindle_rule_any_time,
	.never_falls = spindle_rule_any_order,
	.describe = describe_grid,
};

/* The entry's answers are those of columns with "values". */
const SpindleRuleDef spindle_rule_def_grid = {
	.forms = (const RuleForm[]) {
		{"grid", ALL_KINDS | ROW_KIND, {"kind", "grid", "table", "values", "start", NULL}},
		{.name = NULL},
	},
	.read = read_grid,
	.target = grid_target,
	.check = check_grid,
	.extent = extent_of_grid,
	.differs = grid_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = visit_grid,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_grid,
	},
};
