/*-------------------------------------------------------------------------
 *
 * rule_periods.c
 *		The rule "periods": spans of time that follow each other.
 *
 * One column has the starts and says what is cut into periods; another one of the
 * table can have their ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

/* A path to a time of the column's kind: "from" or "to". */
static bool
read_bound(RuleReader *r, const char *name, SpindleColumnRef *ref)
{
	SpindleJson m;

	if (!has(r, name))
		return false;
	m = member(r, name);
	spindle_parse_ref(r->parse, &m, r->table, ref);
	if (spindle_ref_column(r->parse->domain, ref)->type.kind != r->rule->type->kind)
		spindle_json_error(&m, NULL, "a column of type %s is needed.", r->rule->type->name);
	return true;
}

/*
 * Read "part", and for a start "from", "to" and "jitter" (1 if absent), for an end
 * the column "start" and "gap" (0 if absent).
 */
static void
read_periods(RuleReader *r)
{
	static const char *const parts[] = {"start", "end", NULL};
	static const char *const of_start[] = {"kind", "part", "from", "to", "jitter", NULL};
	static const char *const of_end[] = {"kind", "part", "start", "gap", NULL};
	SpindleRule *rule = r->rule;
	SpindleJson part = member(r, "part");

	rule->periods.is_end = spindle_json_choice(&part, parts) == 1;
	spindle_json_expect_object(r->node, rule->periods.is_end ? of_end : of_start);
	if (!is_own_rule(r))
		spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	if (rule->periods.is_end)
	{
		SpindleJson start = member(r, "start");

		rule->periods.start = spindle_parse_column(r->parse, &start, r->table);
		if (has(r, "gap"))
		{
			SpindleJson gap = member(r, "gap");

			rule->periods.gap = spindle_json_number(&gap, 0, 0.99);
		}
		return;
	}
	rule->periods.has_from = read_bound(r, "from", &rule->periods.from);
	rule->periods.has_to = read_bound(r, "to", &rule->periods.to);
	rule->periods.jitter = 1;
	if (has(r, "jitter"))
	{
		SpindleJson jitter = member(r, "jitter");

		rule->periods.jitter = spindle_json_number(&jitter, 0, 1);
	}
}

/* A bound must be the same for all rows that share a span: a time of their parent. */
static void
check_bound(RuleCheck *check, const SpindleRule *rule, const char *name, const SpindleColumnRef *ref)
{
	if (ref->nsteps == 0 || check->table->parent_column < 0 || ref->step[0] != check->table->parent_column)
		spindle_model_error(check->domain, psprintf("%s.%s", rule->path, name),
							"the path does not begin with a column of rule \"parent\".",
							"All rows of one parent share a span of time, so it has to be the parent's.");
}

/* As many rows as the domain's range has days. */
static int64
range_days(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	return domain->ndays;
}

/* An end needs its start.  The days of the domain's range must suffice for dates. */
static void
check_periods(RuleCheck *check, const SpindleRule *rule)
{
	if (rule->periods.is_end)
	{
		const SpindleColumn *start = &check->table->column[rule->periods.start];

		if (start->rule->kind != SPINDLE_RULE_PERIODS || start->rule->periods.is_end ||
			start->type.kind != rule->type->kind)
			spindle_model_error(check->domain, psprintf("%s.start", rule->path),
								psprintf("column \"%s\" has no rule \"periods\" with \"part\": \"start\" and type %s.",
										 start->name, rule->type->name), NULL);
		return;
	}
	if (rule->periods.has_from)
		check_bound(check, rule, "from", &rule->periods.from);
	if (rule->periods.has_to)
		check_bound(check, rule, "to", &rule->periods.to);
	if (!rule->periods.has_from && !rule->periods.has_to && rule->type->kind == SPINDLE_DATE)
		spindle_check_distinct(check, rule, check->table->rows_kind == SPINDLE_ROWS_CHILDREN ? SPINDLE_DISTINCT_PARENT :
							   SPINDLE_DISTINCT_TABLE, range_days, "days in the range of the domain");
}

/* The bounds of the span; an end needs the column with its start. */
static void
visit_periods(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	if (rule->periods.is_end)
		spindle_visit_column(visitor, table, rule->periods.start);
	if (rule->periods.has_from)
		spindle_visit_path(visitor, table, &rule->periods.from);
	if (rule->periods.has_to)
		spindle_visit_path(visitor, table, &rule->periods.to);
}

/* The rule with the members of a period: that of its start. */
static const SpindleRule *
start_rule(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return rule->periods.is_end ? domain->table[table].column[rule->periods.start].rule : rule;
}

/* NULL where a bound is; a start that is made NULL by its column does not count. */
static bool
periods_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleColumnRef *known)
{
	const SpindleRule *start = start_rule(domain, table, rule);

	return (start->periods.has_from && spindle_path_may_be_null(domain, table, &start->periods.from, known)) ||
		(start->periods.has_to && spindle_path_may_be_null(domain, table, &start->periods.to, known));
}

/* Surely not before a day, if the span is not; of an end nothing is said. */
static bool
periods_never_before(const SpindleDomain *domain, const SpindleRule *rule, int day)
{
	if (rule->periods.is_end)
		return false;
	return rule->periods.has_from ? spindle_path_never_before(domain, &rule->periods.from, day) :
		domain->first_day >= day;
}

static void
describe_periods(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleTable *t = &domain->table[table];

	if (rule->periods.is_end)
	{
		appendStringInfo(out, "end of the period that begins at %s", t->column[rule->periods.start].name);
		if (rule->periods.gap > 0)
			appendStringInfo(out, ", up to %g %% before the next one", rule->periods.gap * 100);
		return;
	}
	appendStringInfoString(out, "start of a period, one behind the other");
	if (t->rows_kind == SPINDLE_ROWS_CHILDREN)
		appendStringInfo(out, " for each row of %s", domain->table[t->rows_parent].name);
	if (rule->periods.has_from)
	{
		appendStringInfoString(out, ", from ");
		spindle_describe_path(out, domain, table, &rule->periods.from);
	}
	if (rule->periods.has_to)
	{
		appendStringInfoString(out, rule->periods.has_from ? " to " : ", up to ");
		spindle_describe_path(out, domain, table, &rule->periods.to);
	}
}

/*
 * Each period begins and ends behind the one before.  At the end of the last year
 * that there is they would not, so no promise is made for spans that come from
 * columns.
 */
static KeyDifference
periods_differ(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	const SpindleRule *start = start_rule(check->domain, table->index, rule);

	if (start->periods.has_from || start->periods.has_to)
		return spindle_key_repeats(check, table, rule);
	return (KeyDifference) {.scope = table->rows_kind == SPINDLE_ROWS_CHILDREN ? KEY_IN_PARENT : KEY_IN_TABLE};
}

/* Starts of a table without parents rise, but no row is looked up by them. */
const SpindleRuleDef spindle_rule_def_periods = {
	.forms = (const RuleForm[]) {
		{"periods", TIME_KINDS, {"kind", "part", "from", "to", "jitter", "start", "gap", NULL}},
		{.name = NULL},
	},
	.read = read_periods,
	.target = spindle_rule_has_no_target,
	.check = check_periods,
	.extent = spindle_extent_of_type,
	.differs = periods_differ,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = visit_periods,
		.may_be_null = periods_may_be_null,
		.never_before = periods_never_before,
		.never_falls = spindle_rule_any_order,
		.describe = describe_periods,
	},
};
