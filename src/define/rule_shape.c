/*-------------------------------------------------------------------------
 *
 * rule_shape.c
 *		The rules "shape" and "regex": texts that look like others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"
#include "define/shape.h"

#define MAX_MASKS	1000

/* "shapes": masks with their weights, and "length" for those that have a {*}. */
static SpindleShape
read_masks(RuleReader *r)
{
	SpindleShape masks = {.kind = SPINDLE_SHAPE_CHOICE,.min = 1,.max = 1};
	SpindleJson shapes = member(r, "shapes");
	double	   *weight;
	double		sum = 0;
	int			n = 0;
	const cJSON *item;

	r->rule->shape.has_length = has(r, "length");
	if (r->rule->shape.has_length)
		spindle_read_nested_dist(r, "length", &r->rule->shape.length);
	spindle_json_expect_object(&shapes, NULL);
	if (spindle_json_size(&shapes) < 1 || spindle_json_size(&shapes) > MAX_MASKS)
		spindle_json_error(&shapes, NULL, "1 to %d masks are needed.", MAX_MASKS);
	weight = palloc(sizeof(double) * spindle_json_size(&shapes));
	cJSON_ArrayForEach(item, shapes.value)
	{
		SpindleJson m = spindle_json_child(&shapes, item, n);

		spindle_shape_add(&masks, spindle_parse_mask(&shapes, item->string, r->rule->shape.has_length));
		weight[n] = spindle_json_number(&m, 0, 1e12);
		sum += weight[n++];
	}
	if (sum <= 0)
		spindle_json_error(&shapes, NULL, "at least one weight must be greater than zero.");
	masks.weight = spindle_alias_create(weight, n);
	pfree(weight);
	return masks;
}

/*
 * Texts must fit the column: cut, they would look like something else.  What
 * fills a text stops at the type.
 */
static void
read_shape(RuleReader *r)
{
	const bool	is_regex = has(r, "expression");
	const SpindleType *type = r->rule->type;
	SpindleShape *root = palloc(sizeof(SpindleShape));
	SpindleJson m;
	int			limit = type->length > 0 ? Min(type->length, SPINDLE_MAX_SHAPE) : SPINDLE_MAX_SHAPE;

	if (is_regex)
	{
		m = member(r, "expression");
		*root = spindle_parse_regex(&m, spindle_json_string(&m));
	}
	else
	{
		m = member(r, "shapes");
		*root = read_masks(r);
	}
	if (root->longest > limit)
		spindle_json_error(&m, "Set upper limits for the numbers of repetitions, or take a type that holds more.",
						   "texts can have up to %d characters, more than the %d that there is room for.", root->longest, limit);
	r->rule->shape.root = root;
}

/* As long as the shortest and longest text. */
static Extent
extent_of_shape(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = spindle_extent_of_type(check, table, rule);

	extent.min = Min(rule->shape.root->shortest, extent.max);
	if (!rule->shape.has_length)
		extent.max = rule->shape.root->longest;
	return extent;
}

static void
describe_shape(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	if (rule->shape.has_length)
	{
		appendStringInfoString(out, "text that looks as given, length: ");
		spindle_describe_dist(out, &rule->shape.length);
	}
	else
		appendStringInfo(out, "text of %d to %d characters that looks as given", rule->shape.root->shortest,
						 rule->shape.root->longest);
}

/* Equal texts are possible, so it is no key. */
const SpindleRuleDef spindle_rule_def_shape = {
	.forms = (const RuleForm[]) {
		{"shape", 1 << SPINDLE_TEXT, {"kind", "shapes", "length", "keyed_by", NULL}},
		{"regex", 1 << SPINDLE_TEXT, {"kind", "expression", "keyed_by", NULL}},
		{.name = NULL},
	},
	.read = read_shape,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_shape,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_shape,
	},
};
