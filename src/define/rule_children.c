/*-------------------------------------------------------------------------
 *
 * rule_children.c
 *		Rules along the layout of children under their parents.
 *
 * All of them need a table of kind "children": "parent" and "first_child" are
 * rules of the child, "total" and "child" of the parent, or of a row that
 * refers to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

/*
 * Check that the rows have a parent with a key that fits, and note the column:
 * a table has one column with this rule.
 */
static void
read_parent(RuleReader *r)
{
	SpindleTable *table = &r->parse->domain->table[r->table];
	const SpindleTable *parent;

	if (table->rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(r->node, NULL, "the rows of table \"%s\" are not children of another table.",
						   table->name);
	if (!is_own_rule(r))
		spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	if (table->parent_column >= 0)
		spindle_json_error(r->node, NULL, "column \"%s\" has this rule already.",
						   table->column[table->parent_column].name);
	parent = &r->parse->domain->table[table->rows_parent];
	spindle_rule_expect_key(r, r->node, parent, "the parent's key");
	table->parent_column = r->column - table->column;
}

/* The parent, which follows from the table's rows. */
static int
parent_target(SpindleParse *parse, const cJSON *json, int table)
{
	const SpindleTable *t = &parse->domain->table[table];

	return t->rows_kind == SPINDLE_ROWS_CHILDREN ? t->rows_parent : SPINDLE_TARGET_NONE;
}

/* The table that the rows of a table of kind "children" belong to. */
static const SpindleTable *
parent_table(const SpindleDomain *domain, int table)
{
	return &domain->table[domain->table[table].rows_parent];
}

/* Its value is the parent's key. */
static void
visit_parent(const SpindleDomain *domain, int table, const SpindleRule *rule,
			 const SpindleRuleVisitor *visitor)
{
	spindle_visit_target(visitor, parent_table(domain, table), rule);
}

/*
 * Children stand in the order of their parents, so do their parents' keys: a
 * column with this rule can be looked up if the parents' key can.
 */
static bool
parent_never_falls(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleTable *parent = parent_table(domain, table);

	return rule->type->kind == SPINDLE_ROW || parent->column[spindle_table_single_key(parent)].monotone;
}

/* Children of a row have the same parent, unless none has more than one. */
static KeyDifference
parent_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return table->layout_max == 1 ? (KeyDifference) {.scope = KEY_IN_TABLE} : spindle_key_repeats(check, table, rule);
}

/* What the parent's key can be. */
static Extent
extent_of_parent(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_target(check, table, rule, check->domain->table[table].rows_parent);
}

static void
describe_parent(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "the row of %s that this row belongs to", parent_table(domain, table)->name);
}

/* It is never NULL. */
const SpindleRuleDef spindle_rule_def_parent = {
	.forms = (const RuleForm[]) {
		{"parent", ALL_KINDS | ROW_KIND, {"kind", NULL}},
		{.name = NULL},
	},
	.read = read_parent,
	.target = parent_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_parent,
	.differs = parent_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.refers = true,
		.visit = visit_parent,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = parent_never_falls,
		.describe = describe_parent,
	},
};

/*
 * What "total" and "child" share: which child rows, and their column if one is
 * needed.  The child table must be laid out over this one, or over the table
 * that "of" refers to.
 */
static void
read_children_of(RuleReader *r, bool needs_column)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "child");
	const SpindleTable *child;
	int			parent = r->table;

	rule->child.child = spindle_parse_table(r->parse, &m);
	child = &r->parse->domain->table[rule->child.child];
	if (has(r, "of"))
	{
		SpindleJson of = member(r, "of");

		rule->child.has_of = true;
		spindle_parse_ref(r->parse, &of, r->table, &rule->child.of);
		parent = spindle_parse_target(r->parse, &of, r->table, &rule->child.of);
	}
	if (child->rows_kind != SPINDLE_ROWS_CHILDREN || child->rows_parent != parent)
		spindle_json_error(&m, NULL, "the rows of \"%s\" are not children of \"%s\".",
						   child->name, r->parse->domain->table[parent].name);
	if (needs_column)
	{
		SpindleJson column = member(r, "column");

		rule->child.column = spindle_parse_column(r->parse, &column, rule->child.child);
	}
}

/*
 * The parts of "total" and "child" alike, in this order: the row whose
 * children they are, which ones these are, and their column, which a count
 * does not need.
 */
static void
visit_children_of(const SpindleDomain *domain, int table, const SpindleRule *rule,
				  const SpindleRuleVisitor *visitor)
{
	if (rule->child.has_of)
		spindle_visit_path(visitor, table, &rule->child.of);
	spindle_visit_children(visitor, rule->child.child);
	if (rule->kind == SPINDLE_RULE_CHILD || rule->child.function != SPINDLE_TOTAL_COUNT)
		spindle_visit_column(visitor, rule->child.child, rule->child.column);
}

/*
 * Can a row have no child, or its child's column be NULL?  Every parent has at
 * least layout_min children, with "counts", too.
 */
static bool
child_column_may_be_null(const SpindleDomain *domain, const SpindleRule *rule)
{
	const SpindleTable *child = &domain->table[rule->child.child];

	return child->layout_min < 1 || child->column[rule->child.column].nullable;
}

/* Can the row whose children are meant be missing? */
static bool
of_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	return rule->child.has_of && spindle_path_may_be_null(domain, table, &rule->child.of, known);
}

/* Append whose children they are, if not those of the row itself. */
static void
describe_of(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	if (!rule->child.has_of)
		return;
	appendStringInfoString(out, " for ");
	spindle_describe_path(out, domain, table, &rule->child.of);
}

/*
 * Read the function and what it is of.  The column must be of the same kind
 * and scale, but may be wider: what is beyond the type is cut.
 */
static void
read_total(RuleReader *r)
{
	static const char *const functions[] = {"sum", "count", "min", "max", "mean", NULL};
	SpindleJson m = member(r, "function");
	const SpindleType *type;

	r->rule->child.function = spindle_json_choice(&m, functions);
	read_children_of(r, r->rule->child.function != SPINDLE_TOTAL_COUNT);
	if (r->rule->child.function == SPINDLE_TOTAL_COUNT)
		return;
	type = &r->parse->domain->table[r->rule->child.child].column[r->rule->child.column].type;
	if (type->kind != r->rule->type->kind || type->scale != r->rule->type->scale)
		spindle_json_error(r->node, NULL, "the child's column has type %s, this one %s.",
						   type->name, r->rule->type->name);
}

/* Sums and counts of no rows are 0; the others are NULL. */
static bool
total_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				  const SpindleColumnRef *known)
{
	return (rule->child.function >= SPINDLE_TOTAL_MIN && child_column_may_be_null(domain, rule)) ||
		of_may_be_null(domain, table, rule, known);
}

static void
describe_total(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	static const char *const functions[] = {"sum", "number", "minimum", "maximum", "mean"};
	const SpindleTable *child = &domain->table[rule->child.child];

	if (rule->child.function == SPINDLE_TOTAL_COUNT)
		appendStringInfo(out, "number of rows of %s", child->name);
	else
		appendStringInfo(out, "%s of %s.%s", functions[rule->child.function], child->name,
						 child->column[rule->child.column].name);
	describe_of(out, domain, table, rule);
}

/*
 * Only whole numbers and numeric, whose totals are exact.  What a total can be
 * is not worked out from its column, so it counts as anything that the type
 * holds.
 */
const SpindleRuleDef spindle_rule_def_total = {
	.forms = (const RuleForm[]) {
		{"total", (1 << SPINDLE_INT) | (1 << SPINDLE_DECIMAL), {"kind", "child", "column", "function", "of", NULL}},
		{.name = NULL},
	},
	.read = read_total,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_ignores_row,
	.ops = {
		.visit = visit_children_of,
		.may_be_null = total_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_total,
	},
};

/* Read which child is taken; the type must hold its column. */
static void
read_child(RuleReader *r)
{
	static const char *const picks[] = {"random", "first", "last", NULL};
	SpindleJson m = member(r, "pick");

	r->rule->child.pick = spindle_json_choice(&m, picks);
	read_children_of(r, true);
	spindle_rule_expect_fit(r->node, "the child's column",
							&r->parse->domain->table[r->rule->child.child].column[r->rule->child.column].type,
							r->rule->type);
}

/* NULL where there is no child, and where its column or "of" is. */
static bool
child_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				  const SpindleColumnRef *known)
{
	return child_column_may_be_null(domain, rule) || of_may_be_null(domain, table, rule, known);
}

/* What the child's column can be. */
static Extent
extent_of_child(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_column(check, rule->child.child, rule->child.column);
}

/*
 * No row has two parents, so what differs from child to child does so from parent to
 * parent, unless other rows than the parents themselves ask for it.
 */
static KeyDifference
child_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	const SpindleTable *child = &check->domain->table[rule->child.child];

	if (!rule->child.has_of && spindle_key_of_column(check, child, rule->child.column).scope == KEY_IN_TABLE)
		return (KeyDifference) {.scope = KEY_IN_TABLE};
	return spindle_key_repeats(check, table, rule);
}

static void
describe_child(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	static const char *const picks[] = {"a random", "the first", "the last"};
	const SpindleTable *child = &domain->table[rule->child.child];

	appendStringInfo(out, "%s of %s row of %s", child->column[rule->child.column].name,
					 picks[rule->child.pick], child->name);
	describe_of(out, domain, table, rule);
}

/*
 * A child's key is taken as a value; the column is no reference, so no path
 * goes on from it.
 */
const SpindleRuleDef spindle_rule_def_child = {
	.forms = (const RuleForm[]) {
		{"child", ALL_KINDS, {"kind", "child", "column", "pick", "of", NULL}},
		{.name = NULL},
	},
	.read = read_child,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_child,
	.differs = child_differs,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = visit_children_of,
		.may_be_null = child_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_child,
	},
};

/* Of two children of a row, one is the first and the other is not. */
static KeyDifference
first_child_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return table->layout_max <= 2 ? (KeyDifference) {.scope = KEY_IN_PARENT} : spindle_key_repeats(check, table, rule);
}

/* The rows must be children. */
static void
read_first_child(RuleReader *r)
{
	if (r->parse->domain->table[r->table].rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(r->node, NULL, "the rows of this table are not children of another table.");
}

static void
describe_first_child(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "true for the first row of each row of %s", parent_table(domain, table)->name);
}

const SpindleRuleDef spindle_rule_def_first_child = {
	.forms = (const RuleForm[]) {
		{"first_child", 1 << SPINDLE_BOOL, {"kind", NULL}},
		{.name = NULL},
	},
	.read = read_first_child,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = first_child_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_first_child,
	},
};
