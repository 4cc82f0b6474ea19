/*-------------------------------------------------------------------------
 *
 * rule_variant.c
 *		The rules "variant" and "of_variant": columns that go together.
 *
 * A column chooses one of several patterns, and others take from it what the
 * pattern says of them.  So a condition on several columns of a row holds for all
 * rows if it does for the patterns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

#define MAX_VARIANTS	1000

/* Note the columns that a variant says something of. */
static void
read_named(RuleReader *r, const SpindleJson *values)
{
	SpindleRule *rule = r->rule;
	const cJSON *item;
	int			n = 0;

	spindle_json_expect_object(values, NULL);
	rule->variant.named = repalloc(rule->variant.named,
								   sizeof(int) * (rule->variant.nnamed + spindle_json_size(values) + 1));
	cJSON_ArrayForEach(item, values->value)
	{
		SpindleJson m = spindle_json_child(values, item, n++);
		const SpindleTable *table = &r->parse->domain->table[r->table];
		int			column = spindle_table_find_column(table, item->string);

		if (column < 0)
			spindle_json_error(&m, NULL, "column \"%s\" does not exist in table \"%s\".", item->string, table->name);
		rule->variant.named[rule->variant.nnamed++] = column;
	}
}

/* "variants": 1 to 1000 objects with "weight", 1 if absent, and "values" by columns. */
static void
read_variant(RuleReader *r)
{
	static const char *const legal[] = {"weight", "values", NULL};
	SpindleRule *rule = r->rule;
	SpindleJson variants = member(r, "variants");
	double	   *weight;
	int			n = 0;
	const cJSON *item;

	if (!is_own_rule(r))
		spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	spindle_json_expect_array(&variants);
	rule->variant.n = spindle_json_size(&variants);
	if (rule->variant.n < 1 || rule->variant.n > MAX_VARIANTS)
		spindle_json_error(&variants, NULL, "1 to %d variants are needed.", MAX_VARIANTS);
	weight = palloc(sizeof(double) * rule->variant.n);
	rule->variant.named = palloc(sizeof(int));
	cJSON_ArrayForEach(item, variants.value)
	{
		SpindleJson variant = spindle_json_child(&variants, item, n);
		SpindleJson values;

		spindle_json_expect_object(&variant, legal);
		weight[n] = 1;
		if (spindle_json_has(&variant, "weight"))
		{
			SpindleJson m = spindle_json_member(&variant, "weight");

			weight[n] = spindle_json_number(&m, 1e-9, 1e12);
		}
		values = spindle_json_member(&variant, "values");
		read_named(r, &values);
		n++;
	}
	rule->variant.alias = spindle_alias_create(weight, n);
	pfree(weight);
}

/* What is named must take its value from here, or it would be said in vain. */
static void
check_variant(RuleCheck *check, const SpindleRule *rule)
{
	for (int i = 0; i < rule->variant.nnamed; i++)
	{
		const SpindleColumn *column = &check->table->column[rule->variant.named[i]];

		if (column->rule->kind != SPINDLE_RULE_OF_VARIANT ||
			check->table->column[column->rule->of_variant.variant].rule != rule)
			spindle_model_error(check->domain, rule->path,
								psprintf("column \"%s\" does not take its value from this variant.", column->name),
								psprintf("Give \"%s\" the rule \"of_variant\".", column->name));
	}
}

static Extent
extent_of_variant(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	extent.low = 1;
	extent.high = rule->variant.n;
	return extent;
}

static void
describe_variant(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "number of one of %d variants by weight", rule->variant.n);
}

/* Whole numbers: which variant it is. */
const SpindleRuleDef spindle_rule_def_variant = {
	.forms = (const RuleForm[]) {
		{"variant", 1 << SPINDLE_INT, {"kind", "variants", NULL}},
		{.name = NULL},
	},
	.read = read_variant,
	.target = spindle_rule_has_no_target,
	.check = check_variant,
	.extent = extent_of_variant,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_variant,
	},
};

/* What the variants of a column, whose node is given, say of this one. */
static void
read_values(RuleReader *r, const SpindleJson *column)
{
	SpindleRule *rule = r->rule;
	SpindleJson source = spindle_json_member(column, "rule");
	SpindleJson variants = spindle_json_member(&source, "variants");
	int			n = 0;
	const cJSON *item;

	spindle_json_expect_array(&variants);
	rule->of_variant.n = spindle_json_size(&variants);
	rule->of_variant.is_any = palloc0(sizeof(bool) * (rule->of_variant.n + 1));
	rule->of_variant.is_null = palloc0(sizeof(bool) * (rule->of_variant.n + 1));
	rule->of_variant.value = palloc0(sizeof(int64) * (rule->of_variant.n + 1));
	cJSON_ArrayForEach(item, variants.value)
	{
		SpindleJson variant = spindle_json_child(&variants, item, n);
		SpindleJson values = spindle_json_member(&variant, "values");
		SpindleJson value;

		spindle_json_expect_object(&values, NULL);
		rule->of_variant.is_any[n] = !spindle_json_has(&values, r->column->name);
		if (rule->of_variant.is_any[n] && !has(r, "rule"))
			spindle_json_error(r->node, "Give the rule \"rule\", for where the variant leaves the column free.",
							   "variant %d says nothing of column \"%s\".", n + 1, r->column->name);
		if (!rule->of_variant.is_any[n])
		{
			value = spindle_json_member(&values, r->column->name);
			rule->of_variant.is_null[n] = cJSON_IsNull(value.value);
			if (!rule->of_variant.is_null[n])
				rule->of_variant.value[n] = spindle_parse_value(r->parse, &value, rule->type);
		}
		n++;
	}
}

/*
 * "variant": a column of the table with that rule, and "rule" for where its
 * variants say nothing.
 *
 * The variant's rule may not be read yet, so its JSON is looked at; what is wrong
 * in it is reported with its place there.
 */
static void
read_of_variant(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "variant");
	const cJSON *json;
	const char *kind;
	SpindleJson column;

	if (!is_own_rule(r))
		spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	rule->of_variant.variant = spindle_parse_column(r->parse, &m, r->table);
	json = r->parse->column_json[r->table][rule->of_variant.variant];
	kind = spindle_parse_peek(cJSON_GetObjectItemCaseSensitive(json, "rule"), "kind");
	if (kind == NULL || strcmp(kind, "variant") != 0)
		spindle_json_error(&m, NULL, "column \"%s\" has no rule \"variant\".",
						   r->parse->domain->table[r->table].column[rule->of_variant.variant].name);
	if (has(r, "rule"))
	{
		SpindleJson inner = member(r, "rule");

		rule->of_variant.rule = spindle_parse_rule(r->parse, &inner, r->table, r->column, spindle_mix(rule->label + 1));
	}

	/* the rule of a column stands in it, and that among the columns */
	column = spindle_json_child(r->node->parent->parent, json, 0);
	read_values(r, &column);
}

/* A variant that is NULL would say nothing at all. */
static void
check_of_variant(RuleCheck *check, const SpindleRule *rule)
{
	const SpindleColumn *variant = &check->table->column[rule->of_variant.variant];

	if (variant->null_fraction > 0)
		spindle_model_error(check->domain, psprintf("%s.variant", rule->path),
							psprintf("column \"%s\" can be null; \"null\" must be absent there.", variant->name), NULL);
}

/* The variant, and the rule for where it says nothing. */
static void
visit_of_variant(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	spindle_visit_column(visitor, table, rule->of_variant.variant);
	if (rule->of_variant.rule)
		spindle_visit_rule(visitor, rule->of_variant.rule);
}

/* Does a variant say so, or can it leave the column to a rule that may? */
static bool
of_variant_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	bool		is_any = false;

	for (int i = 0; i < rule->of_variant.n; i++)
	{
		if (rule->of_variant.is_null[i])
			return true;
		is_any |= rule->of_variant.is_any[i];
	}
	return is_any && rule->of_variant.rule->ops->may_be_null(domain, table, rule->of_variant.rule, known);
}

/* What any variant says, and what the rule can give. */
static Extent
extent_of_of_variant(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	for (int i = 0; i < rule->of_variant.n; i++)
		if (!rule->of_variant.is_any[i])
			spindle_extent_join(&extent, spindle_extent_values(rule->type, rule->of_variant.value + i,
															   rule->of_variant.is_null + i, 1));
	if (rule->of_variant.rule)
		spindle_extent_join(&extent, spindle_extent_rule(check, table, rule->of_variant.rule));
	return extent;
}

static void
describe_of_variant(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "as variant %s says", domain->table[table].column[rule->of_variant.variant].name);
	if (rule->of_variant.rule)
	{
		appendStringInfoString(out, "; else: ");
		rule->of_variant.rule->ops->describe(out, domain, table, rule->of_variant.rule);
	}
}

/* What the variants say, and what the rule can give. */
static bool
of_variant_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	for (int i = 0; i < rule->of_variant.n; i++)
		if (!rule->of_variant.is_any[i] && !rule->of_variant.is_null[i])
			add(context, rule->of_variant.value[i]);
	return rule->of_variant.rule == NULL || spindle_rule_values(domain, rule->of_variant.rule, add, context);
}

/* Like a case, a column with this rule is no reference, though its values may be keys. */
const SpindleRuleDef spindle_rule_def_of_variant = {
	.forms = (const RuleForm[]) {
		{"of_variant", ALL_KINDS, {"kind", "variant", "rule", NULL}},
		{.name = NULL},
	},
	.read = read_of_variant,
	.target = spindle_rule_has_no_target,
	.check = check_of_variant,
	.extent = extent_of_of_variant,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_ignores_row,
	.values = of_variant_values,
	.ops = {
		.visit = visit_of_variant,
		.may_be_null = of_variant_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_of_variant,
	},
};
