/*-------------------------------------------------------------------------
 *
 * rule_object.c
 *		The rule "object": a JSON object whose members have rules of their own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/json.h"

#include "define/rule_reader.h"

#define MAX_MEMBERS		1000

/* A member: its type, its rule, and how often it is absent or null. */
static void
read_member(RuleReader *r, const SpindleJson *node, const char *name, SpindleDocumentPart *part)
{
	static const char *const legal[] = {"type", "rule", "null", "absent", NULL};
	StringInfoData json;
	SpindleJson inner;

	spindle_json_expect_object(node, legal);
	part->name = pstrdup(name);
	initStringInfo(&json);
	escape_json(&json, name);
	appendStringInfoChar(&json, ':');
	part->name_json = json.data;
	part->name_json_len = json.len;
	if (spindle_json_has(node, "absent"))
	{
		SpindleJson m = spindle_json_member(node, "absent");

		part->absent = spindle_json_number(&m, 0, 1);
	}
	inner = spindle_json_member(node, "rule");
	spindle_read_part(r, node, &inner, NULL, spindle_mix(r->rule->label ^ spindle_label(name)), part);
}

/* "members": an object of up to MAX_MEMBERS. */
static void
read_object(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson members = member(r, "members");
	const cJSON *item;

	spindle_expect_document(r, r->node);
	spindle_json_expect_object(&members, NULL);
	if (spindle_json_size(&members) > MAX_MEMBERS)
		spindle_json_error(&members, NULL, "an object has up to %d members.", MAX_MEMBERS);
	rule->object.part = palloc0(sizeof(SpindleDocumentPart) * Max(spindle_json_size(&members), 1));
	cJSON_ArrayForEach(item, members.value)
	{
		SpindleJson node = spindle_json_child(&members, item, rule->object.nparts);

		read_member(r, &node, item->string, &rule->object.part[rule->object.nparts]);
		rule->object.nparts++;
	}
}

static void
visit_object(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	for (int i = 0; i < rule->object.nparts; i++)
		spindle_visit_rule(visitor, rule->object.part[i].rule);
}

static void
describe_object(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfoString(out, "JSON object (");
	for (int i = 0; i < rule->object.nparts; i++)
	{
		appendStringInfo(out, "%s%s: ", i ? "; " : "", rule->object.part[i].name);
		spindle_describe_part(out, domain, table, &rule->object.part[i]);
	}
	appendStringInfoChar(out, ')');
}

/* Rules of members fill no column, so nothing follows for its values or its key. */
const SpindleRuleDef spindle_rule_def_object = {
	.forms = (const RuleForm[]) {
		{"object", 1 << SPINDLE_TEXT, {"kind", "members", NULL}},
		{.name = NULL},
	},
	.read = read_object,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = visit_object,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_object,
	},
};
