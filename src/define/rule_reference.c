/*-------------------------------------------------------------------------
 *
 * rule_reference.c
 *		Rules that refer to a row by choice: of another table, or of the level
 *		above in the same one.
 *
 * Whom a reference may choose is told by members that mostly exclude each
 * other; what they need from the parents, such as an ordered time, shows only
 * when all rules are read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

/* Tables whose rows are all computed when a plan is made stay small. */
#define MAX_SMALL_TABLE		65536
/* Rows of a parent that can be dealt out. */
#define MAX_SPREAD			1000

/*
 * "profile": 2 to 1000 quantiles of the choices that a row gets, relative to each
 * other; none falls, and the last one is above 0.
 */
static void
read_profile(const SpindleJson *skew, SpindleSkew *result)
{
	SpindleJson profile = spindle_json_member(skew, "profile");
	int			n = 0;
	const cJSON *item;

	spindle_json_expect_array(&profile);
	result->kind = SPINDLE_SKEW_PROFILE;
	result->nprofile = spindle_json_size(&profile);
	if (result->nprofile < 2 || result->nprofile > 1000)
		spindle_json_error(&profile, NULL, "2 to 1000 quantiles are needed.");
	result->profile = palloc(sizeof(double) * result->nprofile);
	cJSON_ArrayForEach(item, profile.value)
	{
		SpindleJson quantile = spindle_json_child(&profile, item, n);

		result->profile[n] = spindle_json_number(&quantile, 0, 1e12);
		if (n > 0 && result->profile[n] < result->profile[n - 1])
			spindle_json_error(&quantile, NULL, "quantiles must not fall.");
		n++;
	}
	if (result->profile[n - 1] == 0)
		spindle_json_error(&profile, NULL, "the last quantile must be greater than zero.");
}

/*
 * spindle_read_skew
 *		"skew": "top" from 0.001 to 0.999 and "share" from "top" to 0.999, or
 *		"exponent" alone, from 0.01 to 10, or "profile" alone.
 *
 * The exponent is kept in share, as the two never stand together.
 */
void
spindle_read_skew(RuleReader *r, SpindleSkew *result)
{
	static const char *const legal[] = {"top", "share", "exponent", "profile", NULL};
	SpindleJson skew = member(r, "skew");

	spindle_json_expect_object(&skew, legal);
	if (spindle_json_has(&skew, "profile"))
	{
		if (spindle_json_size(&skew) != 1)
			spindle_json_error(&skew, NULL, "\"profile\" stands alone.");
		read_profile(&skew, result);
	}
	else if (spindle_json_has(&skew, "exponent"))
	{
		SpindleJson m = spindle_json_member(&skew, "exponent");

		if (spindle_json_size(&skew) != 1)
			spindle_json_error(&skew, NULL, "\"exponent\" stands alone.");
		result->kind = SPINDLE_SKEW_EXPONENT;
		result->share = spindle_json_number(&m, 0.01, 10);
	}
	else
	{
		SpindleJson top = spindle_json_member(&skew, "top");
		SpindleJson share = spindle_json_member(&skew, "share");

		result->kind = SPINDLE_SKEW_SHARE;
		result->top = spindle_json_number(&top, 0.001, 0.999);
		result->share = spindle_json_number(&share, result->top, 0.999);
	}
}

/*
 * "after": the parents that came before this row, by two times: "parent", a
 * column of the table referred to, and "row", a path to a timestamp.
 *
 * That the parent's is an ordered time is checked when all rules are read.  A
 * nullable column is NULL where there is no such parent.
 */
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
	if (!spindle_type_is_timestamp(&spindle_ref_column(r->parse->domain, &r->rule->reference.after_time)->type))
		spindle_json_error(&row, NULL, "a timestamp column is needed.");
}

/*
 * "containing": the parents whose period holds a time of this row.  "time" is
 * a path from the row, "start" and "end" are columns of the parent; all three
 * are required, and timestamps.
 */
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
	if (!spindle_type_is_timestamp(&spindle_ref_column(r->parse->domain, &rule->reference.containing)->type))
		spindle_json_error(&time, NULL, "a timestamp column is needed.");
	if (!spindle_type_is_timestamp(&parent->column[rule->reference.period_start].type))
		spindle_json_error(&bound[0], NULL, "a timestamp column is needed.");
	if (!spindle_type_is_timestamp(&parent->column[rule->reference.period_end].type))
		spindle_json_error(&bound[1], NULL, "a timestamp column is needed.");
}

/*
 * How many generations the rows of a table are below those of an ancestor, 1 if
 * they are its children; 0 if they do not descend from them.
 */
static int
generations_below(const SpindleDomain *domain, const SpindleTable *table, int ancestor)
{
	/* that there is an end is checked only when all is read */
	for (int depth = 1; depth <= domain->ntables && table->rows_kind == SPINDLE_ROWS_CHILDREN; depth++)
	{
		if (table->rows_parent == ancestor)
			return depth;
		table = &domain->table[table->rows_parent];
	}
	return 0;
}

/*
 * "distinct", and "spread", which deals out what differs among the rows of a
 * parent, all choices alike.
 */
static void
read_differing(RuleReader *r)
{
	SpindleRule *rule = r->rule;

	rule->reference.distinct = spindle_read_distinct(r);
	if (rule->reference.distinct != SPINDLE_DISTINCT_NONE &&
		(rule->reference.has_after || rule->reference.has_containing || rule->reference.has_among))
		spindle_json_error(r->node, NULL, "\"distinct\" excludes \"after\", \"containing\" and \"among\".");
	rule->reference.spread = flag(r, "spread", false);
	if (rule->reference.spread && rule->reference.distinct != SPINDLE_DISTINCT_PARENT)
		spindle_json_error(r->node, NULL, "\"spread\" needs \"distinct\": \"parent\".");
	if (rule->reference.spread && (rule->reference.has_where || rule->reference.skew.kind != SPINDLE_SKEW_NONE))
		spindle_json_error(r->node, NULL, "\"spread\" excludes \"skew\" and \"where\".");
}

/*
 * Read the table, whose key the column's type must hold, and which of its rows
 * there are to choose from.
 *
 * "table" is required.  "containing", "where" and the others exclude each other;
 * of these, "among" goes with "skew" or with "after".  The rows of the table must
 * descend from the row that the path of "among" refers to; "where" can test anything of the table's
 * rows but whether they have children.
 */
static void
read_reference(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "table");
	const SpindleTable *parent;

	rule->reference.table = spindle_parse_table(r->parse, &m);
	parent = &r->parse->domain->table[rule->reference.table];
	spindle_rule_expect_key(r, &m, parent, "the key");
	if (has(r, "skew"))
		spindle_read_skew(r, &rule->reference.skew);
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
		rule->reference.among_depth = generations_below(r->parse->domain, parent, target);
		if (rule->reference.among_depth == 0)
			spindle_json_error(&among, NULL, "the rows of \"%s\" are not children of \"%s\", nor children of its children.",
							   parent->name, r->parse->domain->table[target].name);
		if (rule->reference.has_after && rule->reference.skew.kind != SPINDLE_SKEW_NONE)
			spindle_json_error(&among, NULL, "\"among\" goes with \"skew\" or with \"after\", but not with both.");
	}
	if (has(r, "where"))
	{
		SpindleJson where = member(r, "where");

		rule->reference.has_where = true;
		spindle_parse_test(r->parse, &where, rule->reference.table, &rule->reference.where);
		if (spindle_test_asks_children(&rule->reference.where))
			spindle_json_error(&where, NULL, "\"has_child\" cannot select parents.");
	}
	read_differing(r);
	if (rule->reference.has_containing + rule->reference.has_where +
		(rule->reference.has_among || rule->reference.has_after || rule->reference.skew.kind != SPINDLE_SKEW_NONE) > 1)
		spindle_json_error(r->node, "\"skew\" can stand with \"after\", and either of them with \"among\".",
						   "\"containing\", \"where\" and all others exclude each other.");
}

/* The member "table", if it names one. */
static int
reference_target(SpindleParse *parse, const cJSON *json, int table)
{
	const char *name = spindle_parse_peek(json, "table");

	return name ? spindle_domain_find_table(parse->domain, name) : SPINDLE_TARGET_NONE;
}

/* As many rows as there are; how many "where" leaves shows when rows are computed. */
static int64
reference_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	return spindle_preset_rows(domain, preset, &domain->table[rule->reference.table]);
}

/*
 * "after" needs an ordered time, as only that can be looked up; "containing"
 * and "where" need a small table at every scale.
 */
static void
check_reference(RuleCheck *check, const SpindleRule *rule)
{
	const SpindleDomain *domain = check->domain;
	const SpindleTable *parent = &domain->table[rule->reference.table];

	if (rule->reference.has_after &&
		!spindle_column_is_ordered_time(&parent->column[rule->reference.after_parent]))
		spindle_model_error(domain, psprintf("%s.after.parent", rule->path),
							psprintf("column \"%s\" of table \"%s\" is not an ordered time.",
									 parent->column[rule->reference.after_parent].name, parent->name),
							"Only a rule of kind \"time\" with \"ordered\" tells which rows came before.");
	if ((rule->reference.has_containing || rule->reference.has_where) &&
		spindle_table_max_rows(domain, parent) > MAX_SMALL_TABLE)
		spindle_model_error(domain, rule->path,
							psprintf("table \"%s\" can have more than %d rows.", parent->name, MAX_SMALL_TABLE),
							"\"containing\" and \"where\" choose from small tables only.");
	if (rule->reference.spread && spindle_table_most_children(check->table) > MAX_SPREAD)
		spindle_model_error(domain, psprintf("%s.spread", rule->path),
							psprintf("a row of table \"%s\" can have more than %d rows of table \"%s\".",
									 domain->table[check->table->rows_parent].name, MAX_SPREAD, check->table->name),
							psprintf("Give the \"rows\" of table \"%s\" a \"max\".", check->table->name));
	spindle_check_distinct(check, rule, rule->reference.distinct, reference_places,
						   psprintf("rows of table \"%s\"", parent->name));
}

/* The parent's key, and what the choice depends on, on either side. */
static void
visit_reference(const SpindleDomain *domain, int table, const SpindleRule *rule,
				const SpindleRuleVisitor *visitor)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];

	spindle_visit_target(visitor, parent, rule);
	if (rule->reference.has_after)
	{
		spindle_visit_path(visitor, table, &rule->reference.after_time);
		spindle_visit_column(visitor, parent->index, rule->reference.after_parent);
	}
	if (rule->reference.has_among)
		spindle_visit_path(visitor, table, &rule->reference.among);
	if (rule->reference.has_containing)
	{
		spindle_visit_path(visitor, table, &rule->reference.containing);
		spindle_visit_column(visitor, parent->index, rule->reference.period_start);
		spindle_visit_column(visitor, parent->index, rule->reference.period_end);
	}
	if (rule->reference.has_where)
		spindle_visit_test(visitor, parent->index, &rule->reference.where);
}

/*
 * "after" finds a parent for every row only if there is one at the start of
 * the parents' calendar, and no row has an earlier time, or none.  A day is
 * fine enough for the comparison, as calendars begin at midnight.
 */
static bool
after_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				  const SpindleColumnRef *known)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];
	const SpindleRule *parent_time = parent->column[rule->reference.after_parent].rule;

	return !parent_time->time.first_at_start ||
		!spindle_path_never_before(domain, &rule->reference.after_time, parent_time->time.spec.first_day) ||
		spindle_path_may_be_null(domain, table, &rule->reference.after_time, known);
}

/*
 * "among" finds a row if every row has children, in each generation; with "after"
 * they may all be from later.
 */
static bool
among_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	const SpindleTable *t = &domain->table[rule->reference.table];

	for (int g = 0; g < rule->reference.among_depth; g++)
	{
		if (t->layout_min < 1)
			return true;
		t = &domain->table[t->rows_parent];
	}
	return rule->reference.has_after || spindle_path_may_be_null(domain, table, &rule->reference.among, known);
}

/*
 * Can there be no row to choose?  A table without rows, or a "where" that
 * leaves none, does not count: that is an error when a row is computed.
 */
static bool
reference_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					  const SpindleColumnRef *known)
{
	return rule->reference.has_containing ||
		(rule->reference.has_after && !rule->reference.has_among && after_may_be_null(domain, table, rule, known)) ||
		(rule->reference.has_among && among_may_be_null(domain, table, rule, known));
}

/* What the key can be. */
static Extent
extent_of_reference(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_target(check, table, rule, rule->reference.table);
}

/*
 * Append what is chosen among.
 */
static void
describe_reference(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];

	if (rule->reference.has_among)
	{
		appendStringInfo(out, "one of the rows of %s that belong to the same ", parent->name);
		spindle_describe_path(out, domain, table, &rule->reference.among);
	}
	else
		appendStringInfo(out, "a row of %s", parent->name);
	spindle_describe_skew(out, &rule->reference.skew);
	spindle_describe_distinct(out, rule->reference.distinct);
	if (rule->reference.spread)
		appendStringInfoString(out, ", dealt out evenly");
	if (rule->reference.has_after)
	{
		appendStringInfo(out, ", whose %s is not after ", parent->column[rule->reference.after_parent].name);
		spindle_describe_path(out, domain, table, &rule->reference.after_time);
	}
	if (rule->reference.has_containing)
	{
		appendStringInfo(out, " with ");
		spindle_describe_path(out, domain, table, &rule->reference.containing);
		appendStringInfo(out, " between its %s and %s", parent->column[rule->reference.period_start].name,
						 parent->column[rule->reference.period_end].name);
	}
	if (rule->reference.has_where)
	{
		appendStringInfoString(out, ", limited by its ");
		spindle_describe_path(out, domain, parent->index, &rule->reference.where.ref);
	}
}

/* Rows choose freely, so keys of parents repeat, unless "distinct" says otherwise. */
static KeyDifference
reference_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return spindle_key_distinct(check, table, rule, rule->reference.distinct);
}

/* Whom a row chooses is drawn, unless the choices are to differ. */
static RowUse
reference_row_use(const SpindleRule *rule)
{
	return rule->reference.distinct != SPINDLE_DISTINCT_NONE ? ROW_NEEDED : ROW_FOR_DRAWS;
}

/* There is no order in what rows choose. */
const SpindleRuleDef spindle_rule_def_reference = {
	.forms = (const RuleForm[]) {
		{"reference", ALL_KINDS | ROW_KIND, {"kind", "table", "skew", "after", "containing", "among", "where", "distinct", "spread", NULL}},
		{.name = NULL},
	},
	.read = read_reference,
	.target = reference_target,
	.check = check_reference,
	.extent = extent_of_reference,
	.differs = reference_differs,
	.row_use = reference_row_use,
	.ops = {
		.refers = true,
		.visit = visit_reference,
		.may_be_null = reference_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_reference,
	},
};

/*
 * "hierarchy" and "level" have the same parameters: "levels", 1 to 100, and
 * "roots", 1 to 10^15, both required.
 *
 * A hierarchy refers to a row and must be a column's own.
 */
static void
read_hierarchy(RuleReader *r)
{
	SpindleJson levels = member(r, "levels");
	SpindleJson roots = member(r, "roots");

	if (r->rule->kind == SPINDLE_RULE_HIERARCHY)
	{
		spindle_rule_expect_key(r, r->node, &r->parse->domain->table[r->table], "the table's key");
		if (!is_own_rule(r))
			spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	}
	r->rule->hierarchy.levels = (int) spindle_json_int64(&levels, 1, 100);
	r->rule->hierarchy.roots = spindle_json_int64(&roots, 1, SPINDLE_MAX_ROWS);
}

/* The table itself. */
static int
hierarchy_target(SpindleParse *parse, const cJSON *json, int table)
{
	return table;
}

/*
 * The levels of a table are those of its hierarchy: all rules agree.  Each is
 * compared with the one before.
 */
static void
check_levels(RuleCheck *check, const SpindleRule *rule)
{
	const SpindleRule *first = check->levels;

	if (first && (rule->hierarchy.levels != first->hierarchy.levels ||
				  rule->hierarchy.roots != first->hierarchy.roots))
		spindle_model_error(check->domain, rule->path,
							psprintf("levels and roots differ from those of %s.", first->path), NULL);
	check->levels = rule;
}

/* The key of the row above: that of the same table. */
static void
visit_hierarchy(const SpindleDomain *domain, int table, const SpindleRule *rule,
				const SpindleRuleVisitor *visitor)
{
	spindle_visit_target(visitor, &domain->table[table], rule);
}

/* Rows of the first level are below none. */
static bool
hierarchy_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					  const SpindleColumnRef *known)
{
	return true;
}

static Extent
extent_of_hierarchy(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_target(check, table, rule, table);
}

static void
describe_hierarchy(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "a row of the level above, in %d levels", rule->hierarchy.levels);
}

/* It stays in its table, and roots are NULL: the column must be nullable. */
const SpindleRuleDef spindle_rule_def_hierarchy = {
	.forms = (const RuleForm[]) {
		{"hierarchy", ALL_KINDS | ROW_KIND, {"kind", "levels", "roots", NULL}},
		{.name = NULL},
	},
	.read = read_hierarchy,
	.target = hierarchy_target,
	.check = check_levels,
	.extent = extent_of_hierarchy,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.refers = true,
		.visit = visit_hierarchy,
		.may_be_null = hierarchy_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_hierarchy,
	},
};

/* From 1 to the number of levels. */
static Extent
extent_of_level(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	extent.low = 1;
	extent.high = rule->hierarchy.levels;
	return extent;
}

static void
describe_level(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "level from 1 to %d", rule->hierarchy.levels);
}

/*
 * Levels never fall, but are not marked so: no row is looked up by its level.
 */
const SpindleRuleDef spindle_rule_def_level = {
	.forms = (const RuleForm[]) {
		{"level", 1 << SPINDLE_INT, {"kind", "levels", "roots", NULL}},
		{.name = NULL},
	},
	.read = read_hierarchy,
	.target = spindle_rule_has_no_target,
	.check = check_levels,
	.extent = extent_of_level,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_level,
	},
};
