/*-------------------------------------------------------------------------
 *
 * rule_value.c
 *		Rules that count, repeat, choose among values, or copy a column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "define/rule_reader.h"

#define MAX_WEIGHTED	100000

/*
 * "start" is within +-10^17, so that with 10^15 rows in steps of up to 1000 no
 * number is beyond 64 bits.  Both members are 1 if absent.
 */
static void
read_sequence(RuleReader *r)
{
	r->rule->sequence.start = 1;
	r->rule->sequence.step = 1;
	if (has(r, "start"))
	{
		SpindleJson m = member(r, "start");

		r->rule->sequence.start = spindle_json_int64(&m, -SPINDLE_MAX_ROWS * 100, SPINDLE_MAX_ROWS * 100);
	}
	if (has(r, "step"))
	{
		SpindleJson m = member(r, "step");

		r->rule->sequence.step = spindle_json_int64(&m, 1, 1000);
	}
}

/* All numbers of a sequence must fit its column at every scale. */
static void
check_sequence(RuleCheck *check, const SpindleRule *rule)
{
	int64		last;

	if (pg_mul_s64_overflow(Max(check->max_rows - 1, 0), rule->sequence.step, &last) ||
		pg_add_s64_overflow(last, rule->sequence.start, &last) || last > rule->type->max ||
		rule->sequence.start < rule->type->min)
		spindle_model_error(check->domain, rule->path,
							psprintf("a preset gives more rows than type %s has values from " INT64_FORMAT " on.",
									 rule->type->name, rule->sequence.start), NULL);
}

/* The numbers of the largest scale; check_sequence() has found them to fit. */
static Extent
extent_of_sequence(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	extent.low = rule->sequence.start;
	extent.high = rule->sequence.start +
		Max(spindle_table_max_rows(check->domain, &check->domain->table[table]) - 1, 0) * rule->sequence.step;
	return extent;
}

/* Steps are greater than zero, so no number comes twice. */
static KeyDifference
sequence_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return (KeyDifference) {.scope = KEY_IN_TABLE};
}

/* It rises by the step. */
static bool
sequence_never_falls(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return true;
}

static void
describe_sequence(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "numbers from " INT64_FORMAT " in steps of " INT64_FORMAT,
					 rule->sequence.start, rule->sequence.step);
}

/* Numbers differ, and rise: the rule that keys mostly have. */
const SpindleRuleDef spindle_rule_def_sequence = {
	.forms = (const RuleForm[]) {
		{"sequence", 1 << SPINDLE_INT, {"kind", "start", "step", NULL}},
		{.name = NULL},
	},
	.read = read_sequence,
	.target = spindle_rule_has_no_target,
	.check = check_sequence,
	.extent = extent_of_sequence,
	.differs = sequence_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = sequence_never_falls,
		.describe = describe_sequence,
	},
};

/* A value of the column's type, or null. */
static void
read_constant(RuleReader *r)
{
	SpindleJson m = member(r, "value");

	r->rule->constant.is_null = cJSON_IsNull(m.value);
	if (!r->rule->constant.is_null)
		r->rule->constant.value = spindle_parse_value(r->parse, &m, r->rule->type);
}

/* Nothing but its value decides. */
static bool
constant_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					 const SpindleColumnRef *known)
{
	return rule->constant.is_null;
}

static Extent
extent_of_constant(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_values(rule->type, &rule->constant.value, &rule->constant.is_null, 1);
}

static void
describe_constant(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfoString(out, rule->constant.is_null ? "null" : "a constant");
}

static bool
constant_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	if (!rule->constant.is_null)
		add(context, rule->constant.value);
	return true;
}

/* The only rule, with "data", that can be NULL by what is written. */
const SpindleRuleDef spindle_rule_def_constant = {
	.forms = (const RuleForm[]) {
		{"constant", ALL_KINDS, {"kind", "value", NULL}},
		{.name = NULL},
	},
	.read = read_constant,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_constant,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_ignores_row,
	.values = constant_values,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = constant_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_constant,
	},
};

/*
 * For choices that differ: keep the values that have a weight, with it, and insist
 * that they differ, as values of the type.
 */
static void
keep_weights(RuleReader *r, const SpindleJson *node, double *weight)
{
	SpindleRule *rule = r->rule;
	int			n = 0;

	for (int i = 0; i < rule->weighted.n; i++)
		if (weight[i] > 0)
		{
			rule->weighted.value[n] = rule->weighted.value[i];
			weight[n++] = weight[i];
		}
	rule->weighted.n = n;
	rule->weighted.weight = weight;
	if (!spindle_values_differ(rule->type, rule->weighted.value, NULL, n))
		spindle_json_error(node, NULL, "a value stands twice, written in two ways.");
}

/*
 * "weights": 1 to 100000 values, as names of members, with weights from 0 to
 * 10^12, at least one above 0.
 */
static void
read_weighted(RuleReader *r)
{
	SpindleJson weights = member(r, "weights");
	int			n;
	int			i = 0;
	double	   *weight;
	double		sum = 0;
	const cJSON *item;

	spindle_json_expect_object(&weights, NULL);
	n = spindle_json_size(&weights);
	if (n < 1 || n > MAX_WEIGHTED)
		spindle_json_error(&weights, NULL, "1 to %d values are needed.", MAX_WEIGHTED);
	r->rule->weighted.n = n;
	r->rule->weighted.value = palloc(sizeof(int64) * n);
	weight = palloc(sizeof(double) * n);
	cJSON_ArrayForEach(item, weights.value)
	{
		SpindleJson m = spindle_json_child(&weights, item, i);

		if (!spindle_value_parse(r->parse->domain, r->rule->type, item->string,
								 &r->rule->weighted.value[i]))
			spindle_json_error(&weights, NULL, "\"%s\" is not a value of type %s.",
							   item->string, spindle_type_sql_name(r->rule->type));
		weight[i] = spindle_json_number(&m, 0, 1e12);
		sum += weight[i++];
	}
	if (sum <= 0)
		spindle_json_error(&weights, NULL, "at least one weight must be greater than zero.");
	r->rule->weighted.alias = spindle_alias_create(weight, n);
	r->rule->weighted.distinct = spindle_read_distinct(r);
	if (r->rule->weighted.distinct != SPINDLE_DISTINCT_NONE)
		keep_weights(r, &weights, weight);
}

/* As many values as have a weight. */
static int64
weighted_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	return rule->weighted.n;
}

static void
check_weighted(RuleCheck *check, const SpindleRule *rule)
{
	spindle_check_distinct(check, rule, rule->weighted.distinct, weighted_places, "values that have a weight");
}

/* Draws repeat, unless "distinct" says otherwise. */
static KeyDifference
weighted_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return spindle_key_distinct(check, table, rule, rule->weighted.distinct);
}

/* What any of the values is, also those of weight 0. */
static Extent
extent_of_weighted(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_values(rule->type, rule->weighted.value, NULL, rule->weighted.n);
}

static void
describe_weighted(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "one of %d values by weight", rule->weighted.n);
	spindle_describe_distinct(out, rule->weighted.distinct);
}

/* Choices that differ are those of the rows. */
static RowUse
weighted_row_use(const SpindleRule *rule)
{
	return rule->weighted.distinct != SPINDLE_DISTINCT_NONE ? ROW_NEEDED : ROW_FOR_DRAWS;
}

/* Those that have a weight. */
static bool
weighted_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	double	   *weight = palloc(sizeof(double) * rule->weighted.n);

	for (int i = 0; i < rule->weighted.n; i++)
		weight[i] = 1;
	if (rule->weighted.distinct == SPINDLE_DISTINCT_NONE)
		spindle_alias_weights(rule->weighted.alias, weight);
	for (int i = 0; i < rule->weighted.n; i++)
		if (weight[i] > 0)
			add(context, rule->weighted.value[i]);
	pfree(weight);
	return true;
}

/* NULL has no name, so it is no value here: the column's "null" gives it. */
const SpindleRuleDef spindle_rule_def_weighted = {
	.forms = (const RuleForm[]) {
		{"weighted", ALL_KINDS, {"kind", "weights", "keyed_by", "distinct", NULL}},
		{.name = NULL},
	},
	.read = read_weighted,
	.target = spindle_rule_has_no_target,
	.check = check_weighted,
	.extent = extent_of_weighted,
	.differs = weighted_differs,
	.row_use = weighted_row_use,
	.values = weighted_values,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_weighted,
	},
};

/*
 * A copy whose values have more digits after the point than those of the column is
 * a formula of this column, if the type has room for all its values; false if that
 * is not so.
 */
static bool
become_formula(SpindleRule *rule, const SpindleColumn *source)
{
	const SpindleType *from = &source->type;
	const SpindleType *to = rule->type;
	const SpindleColumnRef ref = rule->copy;
	int64		unit;

	if (!from->ops->is_exact || to->kind != SPINDLE_DECIMAL || from->scale > to->scale || spindle_type_holds(to, from))
		return false;
	unit = spindle_power_of_ten(to->scale - from->scale);
	if ((__int128) from->min * unit < to->min || (__int128) from->max * unit > to->max)
		return false;
	rule->kind = SPINDLE_RULE_FORMULA;
	rule->ops = &spindle_rule_def_formula.ops;
	rule->formula.nops = 1;
	rule->formula.op = palloc0(sizeof(SpindleOp));
	rule->formula.op->kind = SPINDLE_OP_COLUMN;
	rule->formula.op->scale = from->scale;
	rule->formula.op->ref = ref;
	return true;
}

/*
 * The type must hold the copied column's values.  Only a copy of a column that is
 * no reference can have another scale: what leads to a row is the value itself.
 */
static void
read_copy(RuleReader *r)
{
	SpindleJson m = member(r, "column");
	const SpindleColumn *source;

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->copy);
	source = spindle_ref_column(r->parse->domain, &r->rule->copy);
	if (spindle_parse_peek_target(r->parse, r->table, spindle_json_string(&m)) < 0 && become_formula(r->rule, source))
		return;
	spindle_rule_expect_fit(&m, "the copied column", &spindle_ref_column(r->parse->domain, &r->rule->copy)->type,
							r->rule->type);
	if (has(r, "as_of"))
		spindle_read_copy_as_of(r);
}

/*
 * A copied reference is one to the same table, but for one as of a time.  The path
 * is looked up in the JSON, as the copied column's rule may not be read yet.
 */
static int
copy_target(SpindleParse *parse, const cJSON *json, int table)
{
	const char *path = spindle_parse_peek(json, "column");

	return path && !cJSON_GetObjectItemCaseSensitive(json, "as_of") ? spindle_parse_peek_target(parse, table, path) :
		SPINDLE_TARGET_NONE;
}

static void
visit_copy(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	spindle_visit_path(visitor, table, &rule->copy);
}

/* A copy is NULL where its path ends early or what it copies is. */
static bool
copy_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	return spindle_path_may_be_null(domain, table, &rule->copy, known);
}

/* A copy is when the copied time is. */
static bool
copy_never_before(const SpindleDomain *domain, const SpindleRule *rule, int day)
{
	return spindle_path_never_before(domain, &rule->copy, day);
}

/*
 * A copy through parents rises as what it copies does: children stand in the
 * order of their parents.
 */
static bool
copy_never_falls(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	for (int i = 0; i < rule->copy.nsteps; i++)
	{
		if (rule->copy.step[i] != domain->table[table].parent_column)
			return false;
		table = domain->table[table].rows_parent;
	}
	return spindle_ref_column(domain, &rule->copy)->monotone;
}

/* What the copied column can be. */
static Extent
extent_of_copy(KeyCheck *check, int table, const SpindleRule *rule)
{
	return spindle_extent_column(check, rule->copy.table, rule->copy.column);
}

static void
describe_copy(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfoString(out, "copy of ");
	spindle_describe_path(out, domain, table, &rule->copy);
}

/* Those of the copied column. */
static bool
copy_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	return spindle_rule_values(domain, spindle_ref_column(domain, &rule->copy)->rule, add, context);
}

/*
 * refers is false, though a copy of a reference has a target: it does not
 * choose, and what it leads to is found by spindle_column_target().
 */
const SpindleRuleDef spindle_rule_def_copy = {
	.forms = (const RuleForm[]) {
		{"copy", ALL_KINDS | ROW_KIND, {"kind", "column", "as_of", NULL}},
		{.name = NULL},
	},
	.read = read_copy,
	.target = copy_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_copy,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_ignores_row,
	.values = copy_values,
	.ops = {
		.visit = visit_copy,
		.may_be_null = copy_may_be_null,
		.never_before = copy_never_before,
		.never_falls = copy_never_falls,
		.describe = describe_copy,
	},
};
