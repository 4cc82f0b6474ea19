/*-------------------------------------------------------------------------
 *
 * rule_reference.c
 *		Rules that refer to rows of other tables: references, parents, children.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

static void
read_skew(RuleReader *r)
{
	static const char *const legal[] = {"top", "share", "exponent", NULL};
	SpindleJson skew = member(r, "skew");
	SpindleRule *rule = r->rule;

	spindle_json_expect_object(&skew, legal);
	if (spindle_json_has(&skew, "exponent"))
	{
		SpindleJson m = spindle_json_member(&skew, "exponent");

		if (spindle_json_size(&skew) != 1)
			spindle_json_error(&skew, NULL, "\"exponent\" stands alone.");
		rule->reference.skew = SPINDLE_SKEW_EXPONENT;
		rule->reference.share = spindle_json_number(&m, 0.01, 10);
	}
	else
	{
		SpindleJson top = spindle_json_member(&skew, "top");
		SpindleJson share = spindle_json_member(&skew, "share");

		rule->reference.skew = SPINDLE_SKEW_SHARE;
		rule->reference.top = spindle_json_number(&top, 0.001, 0.999);
		rule->reference.share = spindle_json_number(&share, rule->reference.top, 0.999);
	}
}

/* "after": the parents that came before this row, by two times. */
static void
read_after(RuleReader *r)
{
	static const char *const legal[] = {"parent", "row", NULL};
	SpindleJson after = member(r, "after");
	SpindleJson parent;
	SpindleJson row;

	spindle_json_expect_object(&after, legal);
	parent = spindle_json_member(&after, "parent");
	row = spindle_json_member(&after, "row");
	r->rule->reference.has_after = true;
	r->rule->reference.may_miss = r->column->nullable;
	r->rule->reference.after_parent = spindle_parse_column(r->parse, &parent, r->rule->reference.table);
	spindle_parse_ref(r->parse, &row, r->table, &r->rule->reference.after_time);
	if (spindle_ref_column(r->parse->domain, &r->rule->reference.after_time)->type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&row, NULL, "a timestamp column is needed.");
}

/* "containing": the parents whose period holds a time of this row. */
static void
read_containing(RuleReader *r)
{
	static const char *const legal[] = {"time", "start", "end", NULL};
	SpindleJson node = member(r, "containing");
	SpindleJson time;
	SpindleJson bound[2];
	SpindleRule *rule = r->rule;
	const SpindleTable *parent = &r->parse->domain->table[rule->reference.table];

	spindle_json_expect_object(&node, legal);
	time = spindle_json_member(&node, "time");
	bound[0] = spindle_json_member(&node, "start");
	bound[1] = spindle_json_member(&node, "end");
	rule->reference.has_containing = true;
	spindle_parse_ref(r->parse, &time, r->table, &rule->reference.containing);
	rule->reference.period_start = spindle_parse_column(r->parse, &bound[0], rule->reference.table);
	rule->reference.period_end = spindle_parse_column(r->parse, &bound[1], rule->reference.table);
	if (spindle_ref_column(r->parse->domain, &rule->reference.containing)->type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&time, NULL, "a timestamp column is needed.");
	if (parent->column[rule->reference.period_start].type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&bound[0], NULL, "a timestamp column is needed.");
	if (parent->column[rule->reference.period_end].type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&bound[1], NULL, "a timestamp column is needed.");
}

void
spindle_rule_read_reference(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "table");
	const SpindleTable *parent;

	rule->reference.table = spindle_parse_table(r->parse, &m);
	parent = &r->parse->domain->table[rule->reference.table];
	if (parent->key < 0)
		spindle_json_error(&m, NULL, "table \"%s\" has no key.", parent->name);
	spindle_rule_expect_fit(&m, "the key", &parent->column[parent->key].type, rule->type);
	if (has(r, "skew"))
		read_skew(r);
	if (has(r, "after"))
		read_after(r);
	if (has(r, "containing"))
		read_containing(r);
	if (has(r, "among"))
	{
		SpindleJson among = member(r, "among");
		int			target;

		rule->reference.has_among = true;
		spindle_parse_ref(r->parse, &among, r->table, &rule->reference.among);
		target = spindle_parse_target(r->parse, &among, r->table, &rule->reference.among);
		if (parent->rows_kind != SPINDLE_ROWS_CHILDREN || parent->rows_parent != target)
			spindle_json_error(&among, NULL, "the rows of \"%s\" are not children of \"%s\".",
							   parent->name, r->parse->domain->table[target].name);
	}
	if (has(r, "where"))
	{
		SpindleJson where = member(r, "where");

		rule->reference.has_where = true;
		spindle_parse_test(r->parse, &where, rule->reference.table, &rule->reference.where);
		if (rule->reference.where.kind == SPINDLE_TEST_HAS_CHILD)
			spindle_json_error(&where, NULL, "\"has_child\" cannot select parents.");
	}
	if (rule->reference.has_among + rule->reference.has_containing + rule->reference.has_where +
		(rule->reference.has_after || rule->reference.skew != SPINDLE_SKEW_NONE) > 1)
		spindle_json_error(r->node, NULL, "\"among\", \"containing\", \"where\" and \"skew\" with "
						   "\"after\" exclude each other.");
}

void
spindle_rule_read_parent(RuleReader *r)
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
	if (parent->key < 0)
		spindle_json_error(r->node, NULL, "parent table \"%s\" has no key.", parent->name);
	spindle_rule_expect_fit(r->node, "the parent's key", &parent->column[parent->key].type, r->rule->type);
	table->parent_column = r->column - table->column;
}

/* What "total" and "child" share: which child rows, and their column. */
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

void
spindle_rule_read_total(RuleReader *r)
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

void
spindle_rule_read_child(RuleReader *r)
{
	static const char *const picks[] = {"random", "first", "last", NULL};
	SpindleJson m = member(r, "pick");

	r->rule->child.pick = spindle_json_choice(&m, picks);
	read_children_of(r, true);
	spindle_rule_expect_fit(r->node, "the child's column",
							&r->parse->domain->table[r->rule->child.child].column[r->rule->child.column].type,
							r->rule->type);
}

void
spindle_rule_read_first_child(RuleReader *r)
{
	if (r->parse->domain->table[r->table].rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(r->node, NULL, "the rows of this table are not children of another table.");
}

void
spindle_rule_read_hierarchy(RuleReader *r)
{
	SpindleJson levels = member(r, "levels");
	SpindleJson roots = member(r, "roots");

	if (r->parse->domain->table[r->table].key < 0)
		spindle_json_error(r->node, NULL, "the table has no key.");
	if (r->rule->kind == SPINDLE_RULE_HIERARCHY)
	{
		const SpindleTable *table = &r->parse->domain->table[r->table];

		spindle_rule_expect_fit(r->node, "the table's key", &table->column[table->key].type, r->rule->type);
		if (!is_own_rule(r))
			spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	}
	r->rule->hierarchy.levels = (int) spindle_json_int64(&levels, 1, 100);
	r->rule->hierarchy.roots = spindle_json_int64(&roots, 1, SPINDLE_MAX_ROWS);
}
