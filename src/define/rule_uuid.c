/*-------------------------------------------------------------------------
 *
 * rule_uuid.c
 *		The rule "uuid": identifiers of 128 bits that lead back to their rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

/*
 * "version" is 4 if absent, or 7, which needs "time", a path to a timestamp; so
 * other versions have no use for one.
 */
static void
read_uuid(RuleReader *r)
{
	SpindleRule *rule = r->rule;

	rule->uuid.version = 4;
	if (has(r, "version"))
	{
		SpindleJson version = member(r, "version");

		rule->uuid.version = (int) spindle_json_int64(&version, 4, 7);
		if (rule->uuid.version != 4 && rule->uuid.version != 7)
			spindle_json_error(&version, NULL, "the versions are 4 and 7.");
	}
	if (rule->uuid.version == 7)
	{
		SpindleJson time = member(r, "time");

		spindle_parse_ref(r->parse, &time, r->table, &rule->uuid.time);
		if (!spindle_type_is_timestamp(&spindle_ref_column(r->parse->domain, &rule->uuid.time)->type))
			spindle_json_error(&time, NULL, "a timestamp column is needed.");
	}
	else if (has(r, "time"))
		spindle_json_error(r->node, NULL, "only version 7 has a \"time\".");
}

/* The time is the only part. */
static void
visit_uuid(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	if (rule->uuid.version == 7)
		spindle_visit_path(visitor, table, &rule->uuid.time);
}

/* NULL where the time is. */
static bool
uuid_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	return rule->uuid.version == 7 && spindle_path_may_be_null(domain, table, &rule->uuid.time, known);
}

/* They rise with the rows if they begin with a time that never falls. */
static bool
uuid_never_falls(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return spindle_uuid_is_ordered(domain, rule);
}

/* Bits of the row number are among those of each value. */
static KeyDifference
uuid_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return (KeyDifference) {.scope = KEY_IN_TABLE};
}

static void
describe_uuid(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "uuid of version %d", rule->uuid.version);
	if (rule->uuid.version != 7)
		return;
	appendStringInfoString(out, " with the time of ");
	spindle_describe_path(out, domain, table, &rule->uuid.time);
}

const SpindleRuleDef spindle_rule_def_uuid = {
	.forms = (const RuleForm[]) {
		{"uuid", 1 << SPINDLE_UUID, {"kind", "version", "time", NULL}},
		{.name = NULL},
	},
	.read = read_uuid,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = uuid_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = visit_uuid,
		.may_be_null = uuid_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = uuid_never_falls,
		.describe = describe_uuid,
	},
};
