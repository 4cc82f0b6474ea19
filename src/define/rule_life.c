/*-------------------------------------------------------------------------
 *
 * rule_life.c
 *		Rules that tell of a row's own lifecycle, or of another row's.
 *
 * All of them know how a row is at a time, which may be any: so they depend on
 * whatever decides when something happens to the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/lifecycle.h"
#include "define/rule_reader.h"

/* All that tells when something happens to a row of the table. */
static void
visit_life(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	spindle_lifecycle_visit(domain, table, visitor);
}

/* Append the name of the table, which the words end in. */
static void
describe_of_table(StringInfo out, const SpindleDomain *domain, int table, const char *words)
{
	appendStringInfo(out, "%s row of %s", words, domain->table[table].name);
}

/* "state": one of the states of the table. */
static void
read_entered(RuleReader *r)
{
	const SpindleStates *states = r->parse->domain->table[r->table].lifecycle->states;
	SpindleJson m = member(r, "state");

	if (states == NULL)
		spindle_json_error(r->node, "Let \"lifecycle\" of the table have \"states\".", "table \"%s\" has no states.",
						   r->parse->domain->table[r->table].name);
	r->rule->entered.state = spindle_parse_state(r->parse, &m, r->table);
}

/* A row may never take the step. */
static bool
entered_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	return true;
}

static void
describe_entered(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleStates *states = domain->table[table].lifecycle->states;

	appendStringInfo(out, "time at which %s last became %s", domain->table[table].column[states->column].name,
					 states->name[rule->entered.state]);
}

/* NULL before the step. */
const SpindleRuleDef spindle_rule_def_entered = {
	.forms = (const RuleForm[]) {
		{"entered", TIME_KINDS, {"kind", "state", NULL}},
		{.name = NULL},
	},
	.read = read_entered,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = visit_life,
		.may_be_null = entered_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_entered,
	},
};

/* Neither "changed" nor "version" has a member. */
static void
read_nothing(RuleReader *r)
{
}

/* Rows that are there from the start have not been changed by anything at first. */
static bool
changed_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	const SpindleInsert *insert = &domain->table[table].lifecycle->insert;

	return insert->kind == SPINDLE_INSERT_INITIAL || insert->time.may_be_null;
}

static void
describe_changed(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	describe_of_table(out, domain, table, "time of the last change of the");
}

const SpindleRuleDef spindle_rule_def_changed = {
	.forms = (const RuleForm[]) {
		{"changed", TIME_KINDS, {"kind", NULL}},
		{.name = NULL},
	},
	.read = read_nothing,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = visit_life,
		.may_be_null = changed_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_changed,
	},
};

/* From 1; how many a row can have, the limits of a lifecycle tell. */
static Extent
extent_of_version(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	extent.low = 1;
	extent.high = rule->type->max;
	return extent;
}

static void
describe_version(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	describe_of_table(out, domain, table, "number, from 1, of the version of the");
}

const SpindleRuleDef spindle_rule_def_version = {
	.forms = (const RuleForm[]) {
		{"version", 1 << SPINDLE_INT, {"kind", NULL}},
		{.name = NULL},
	},
	.read = read_nothing,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_version,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = visit_life,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_version,
	},
};

/*
 * spindle_read_copy_as_of
 *		Make a "copy" whose path has been read one of the value at a time, the
 *		member "as_of".
 */
void
spindle_read_copy_as_of(RuleReader *r)
{
	SpindleJson m = member(r, "as_of");
	SpindleColumnRef ref = r->rule->copy;

	if (ref.nsteps == 0)
		spindle_json_error(&m, "Take a path along a reference, as in \"product_id.unit_price\".",
						   "the copied column is one of the row itself, which knows no other time.");
	r->rule->kind = SPINDLE_RULE_COPY_AS_OF;
	r->rule->ops = &spindle_rule_def_copy_as_of.ops;
	r->rule->copy_as_of.ref = ref;
	spindle_parse_time_ref(r->parse, &m, r->table, &r->rule->copy_as_of.time);
}

/* The path, the time, and what tells how the row at its end was then. */
static void
visit_copy_as_of(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	const SpindleColumnRef *ref = &rule->copy_as_of.ref;

	spindle_visit_path(visitor, table, ref);
	spindle_visit_path(visitor, table, &rule->copy_as_of.time.ref);
	spindle_lifecycle_visit(domain, ref->table, visitor);
	spindle_lifecycle_visit_sets(domain, ref->table, visitor);
}

/* Where the path ends early, there is no time, or the column can be NULL in any version. */
static bool
copy_as_of_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	return spindle_path_may_be_null(domain, table, &rule->copy_as_of.ref, known) ||
		spindle_path_may_be_null(domain, table, &rule->copy_as_of.time.ref, known);
}

static void
describe_copy_as_of(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfoString(out, "copy of ");
	spindle_describe_path(out, domain, table, &rule->copy_as_of.ref);
	appendStringInfoString(out, " as of ");
	spindle_describe_path(out, domain, table, &rule->copy_as_of.time.ref);
}

/* Read as "copy"; a kind of its own as its values are not those of the column today. */
const SpindleRuleDef spindle_rule_def_copy_as_of = {
	.forms = (const RuleForm[]) {
		{.name = NULL},
	},
	.read = spindle_read_copy_as_of,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_ignores_row,
	.ops = {
		.visit = visit_copy_as_of,
		.may_be_null = copy_as_of_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_copy_as_of,
	},
};
