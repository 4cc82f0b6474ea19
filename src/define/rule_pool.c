/*-------------------------------------------------------------------------
 *
 * rule_pool.c
 *		The rule "pool": so many different values at most.
 *
 * A pool is like a reference to a table that nobody sees: a rule inside gives the
 * value of each of its places, and rows choose among these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

/* "size": 1 to 10^15, or {"share": a part of the rows, above 0, up to 1}. */
static void
read_size(RuleReader *r)
{
	static const char *const legal[] = {"share", NULL};
	SpindleJson size = member(r, "size");

	if (cJSON_IsObject(size.value))
	{
		SpindleJson share;

		spindle_json_expect_object(&size, legal);
		share = spindle_json_member(&size, "share");
		r->rule->pool.share = spindle_json_number(&share, 1e-12, 1);
	}
	else
		r->rule->pool.size = spindle_json_int64(&size, 1, SPINDLE_MAX_ROWS);
}

/* Read the size, the rule inside, and how places are chosen. */
static void
read_pool(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson inner = member(r, "rule");
	const int	elements = r->parse->elements;	/* places are no elements */

	read_size(r);
	r->parse->elements = 0;
	rule->pool.rule = spindle_parse_rule(r->parse, &inner, r->table, r->column, spindle_mix(rule->label + 1));
	r->parse->elements = elements;
	if (has(r, "skew"))
		spindle_read_skew(r, &rule->pool.skew);
	rule->pool.distinct = spindle_read_distinct(r);
}

/* The places of a pool at a scale, for "distinct". */
static int64
pool_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	return spindle_pool_size(rule, spindle_preset_rows(domain, preset, table));
}

/* A rule inside whose parts are looked at. */
typedef struct InnerRule
{
	const RuleCheck *check;
	const SpindleRule *rule;
	int64		places;
} InnerRule;

static void check_inner(const RuleCheck *check, const SpindleRule *rule, int64 places);

/* Report a rule inside that asks for the row. */
static void
refuse_row(const InnerRule *inner)
{
	spindle_model_error(inner->check->domain, inner->rule->path, "the values of a pool belong to no row of the table.",
						"Take a rule that needs no other column of the row, and not its place among others.");
}

/* Paths may begin in other tables only. */
static void
refuse_own_path(void *context, int table, const SpindleColumnRef *ref)
{
	if (table == ((InnerRule *) context)->check->table->index)
		refuse_row(context);
}

static void
refuse_children(void *context, int child_table)
{
	refuse_row(context);
}

/* The same holds for the rules of a document's parts. */
static void
check_part(void *context, const SpindleRule *rule)
{
	const InnerRule *inner = context;

	check_inner(inner->check, rule, inner->places);
}

/*
 * The rule inside must not ask for the row, and be sound for as many rows as the
 * pool has places.
 */
static void
check_inner(const RuleCheck *check, const SpindleRule *rule, int64 places)
{
	InnerRule	inner = {check, rule, places};
	RuleCheck	of_inner = {.domain = check->domain,.table = check->table,.max_rows = places};
	const SpindleRuleVisitor visitor = {.path = refuse_own_path,.rule = check_part,.children = refuse_children,.context = &inner};

	spindle_rule_visit(check->domain, check->table->index, rule, &visitor);
	switch (rule->kind)
	{
		case SPINDLE_RULE_FIRST_CHILD:
		case SPINDLE_RULE_ORDINAL:
		case SPINDLE_RULE_LEVEL:
			refuse_row(&inner);
			break;
		case SPINDLE_RULE_PATTERN:
			for (int p = 0; p < rule->pattern.npieces; p++)
				if (rule->pattern.piece[p].kind == SPINDLE_PIECE_SIBLING)
					refuse_row(&inner);
			spindle_rule_def(rule)->check(&of_inner, rule);
			break;
		case SPINDLE_RULE_PERMUTED:
			if (rule->permuted.count < places)
				spindle_model_error(check->domain, rule->path,
									psprintf("there are fewer numbers than the " INT64_FORMAT " places of the pool.", places),
									"In a pool \"min\" and \"max\" are needed.");
			break;
		default:
			spindle_rule_def(rule)->check(&of_inner, rule);
			break;
	}
}

static void
check_pool(RuleCheck *check, const SpindleRule *rule)
{
	check_inner(check, rule->pool.rule, spindle_pool_size(rule, check->max_rows));
	spindle_check_distinct(check, rule, rule->pool.distinct, pool_places, "places in the pool");
}

/*
 * What the rule inside is made of.  It is not passed on itself, as it is not
 * computed for the rows of the table.
 */
static void
visit_pool(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	rule->pool.rule->ops->visit(domain, table, rule->pool.rule, visitor);
}

static bool
pool_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	return rule->pool.rule->ops->may_be_null(domain, table, rule->pool.rule, known);
}

static bool
pool_never_before(const SpindleDomain *domain, const SpindleRule *rule, int day)
{
	return rule->pool.rule->ops->never_before(domain, rule->pool.rule, day);
}

/*
 * Choices that differ have values that do, if the rule inside gives each row another
 * one, which holds for places too if there are not more of them.
 */
static KeyDifference
pool_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	const SpindleRule *inner = rule->pool.rule;

	if (spindle_rule_def(inner)->differs(check, table, inner).scope != KEY_IN_TABLE ||
		(inner->kind != SPINDLE_RULE_PERMUTED && inner->kind != SPINDLE_RULE_SEQUENCE &&
		 rule->pool.size > spindle_table_max_rows(check->domain, table)))
		return spindle_key_repeats(check, table, rule);
	return spindle_key_distinct(check, table, rule, rule->pool.distinct);
}

static void
describe_pool(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	if (rule->pool.size > 0)
		appendStringInfo(out, "one of " INT64_FORMAT " values", rule->pool.size);
	else
		appendStringInfo(out, "one of as many values as %g %% of the rows", rule->pool.share * 100);
	spindle_describe_skew(out, &rule->pool.skew);
	spindle_describe_distinct(out, rule->pool.distinct);
	appendStringInfoString(out, ", each ");
	rule->pool.rule->ops->describe(out, domain, table, rule->pool.rule);
}

/* Places are drawn, unless they are to differ. */
static RowUse
pool_row_use(const SpindleRule *rule)
{
	return rule->pool.distinct != SPINDLE_DISTINCT_NONE ? ROW_NEEDED : ROW_FOR_DRAWS;
}

/* Those of the rule inside. */
static bool
pool_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	return spindle_rule_values(domain, rule->pool.rule, add, context);
}

/*
 * The pool can have more places than the table has rows, so what its rule says of
 * the values of the table is not used.
 */
const SpindleRuleDef spindle_rule_def_pool = {
	.forms = (const RuleForm[]) {
		{"pool", ALL_KINDS, {"kind", "size", "rule", "skew", "distinct", NULL}},
		{.name = NULL},
	},
	.read = read_pool,
	.target = spindle_rule_has_no_target,
	.check = check_pool,
	.extent = spindle_extent_of_type,
	.differs = pool_differs,
	.row_use = pool_row_use,
	.values = pool_values,
	.ops = {
		.visit = visit_pool,
		.may_be_null = pool_may_be_null,
		.never_before = pool_never_before,
		.never_falls = spindle_rule_any_order,
		.describe = describe_pool,
	},
};
