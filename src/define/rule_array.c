/*-------------------------------------------------------------------------
 *
 * rule_array.c
 *		The rule "array": elements by a rule of their own, as many as are drawn.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "define/rule_reader.h"

/* Elements of an array, with those of arrays inside it. */
#define MAX_ELEMENTS	1000

/*
 * The type of elements that give none: that of an array in "sql_type", if the
 * format has it, else text.
 */
static const char *
usual_type(const SpindleType *type)
{
	SpindleType element;
	const char *bracket = type->sql_type ? strchr(type->sql_type, '[') : NULL;
	char	   *name;

	if (bracket == NULL)
		return "text";
	name = pnstrdup(type->sql_type, bracket - type->sql_type);
	return spindle_type_parse(name, &element) && element.kind != SPINDLE_ROW ? name : "text";
}

/* "length": a distribution; what bounds it, up to MAX_ELEMENTS. */
static void
read_length(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	const int	around = Max(r->parse->elements, 1);
	double		most = MAX_ELEMENTS;

	spindle_read_nested_dist(r, "length", &rule->array.length);
	most = Min(most, Max(rule->array.length.max, 0));
	rule->array.most = (int) (most + 0.5);
	if (around * Max(rule->array.most, 1) > MAX_ELEMENTS)
	{
		SpindleJson length = member(r, "length");

		spindle_json_error(&length, "Set \"max\" of the lengths.",
						   "arrays inside each other could have more than %d elements together.", MAX_ELEMENTS);
	}
}

/* Read the length and what the elements are. */
static void
read_array(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleDocumentPart *element = &rule->array.element;
	SpindleJson of = member(r, "of");
	const int	around = r->parse->elements;

	spindle_expect_document(r, r->node);
	rule->array.is_json = rule->type->ops->form != NULL;
	read_length(r);
	r->parse->elements = Max(around, 1) * Max(rule->array.most, 1);
	element->name = "";
	r->parse->distinct = rule->array.distinct = flag(r, "distinct", false);
	spindle_read_part(r, r->node, &of, usual_type(rule->type), spindle_mix(rule->label + 1), element);
	r->parse->elements = around;
	if (rule->array.distinct && element->rule->kind != SPINDLE_RULE_WEIGHTED && element->rule->kind != SPINDLE_RULE_DATA &&
		element->rule->kind != SPINDLE_RULE_POOL)
		spindle_json_error(&of, "The rules weighted, data and pool make choices that can differ.",
						   "the elements cannot be made to differ by this rule.");
	if (!rule->array.is_json && element->rule->kind == SPINDLE_RULE_ARRAY)
		spindle_json_error(&of, "Columns of type json and jsonb can have arrays of arrays.",
						   "an array of the server cannot have elements that are arrays of different lengths.");
}

/* How many elements can differ at a scale. */
static int64
element_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *element)
{
	switch (element->kind)
	{
		case SPINDLE_RULE_WEIGHTED:
			return element->weighted.n;
		case SPINDLE_RULE_DATA:
			return element->data.set->nrows;
		default:
			return spindle_pool_size(element, spindle_preset_rows(domain, preset, table));
	}
}

/* Elements that differ must be as many as an array can have, at every scale. */
static void
check_array(RuleCheck *check, const SpindleRule *rule)
{
	for (int p = 0; p < check->domain->npresets && rule->array.distinct; p++)
	{
		int64		places = element_places(check->domain, p, check->table, rule->array.element.rule);

		if (places < rule->array.most)
			spindle_model_error(check->domain, rule->path,
								psprintf("at scale \"%s\" an array can have %d elements, but there are only " INT64_FORMAT
										 " that differ.", check->domain->preset[p].name, rule->array.most, places),
								"Set \"max\" of the lengths.");
	}
}

static void
visit_array(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	spindle_visit_rule(visitor, rule->array.element.rule);
}

static void
describe_array(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "%s of (", rule->array.is_json ? "JSON array" : "array");
	spindle_describe_part(out, domain, table, &rule->array.element);
	appendStringInfoString(out, "), length: ");
	spindle_describe_dist(out, &rule->array.length);
}

/* Equal arrays are possible, so it is no key. */
const SpindleRuleDef spindle_rule_def_array = {
	.forms = (const RuleForm[]) {
		{"array", 1 << SPINDLE_TEXT, {"kind", "of", "type", "null", "length", "distinct", NULL}},
		{.name = NULL},
	},
	.read = read_array,
	.target = spindle_rule_has_no_target,
	.check = check_array,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = visit_array,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_array,
	},
};
