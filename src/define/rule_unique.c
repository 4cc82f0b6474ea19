/*-------------------------------------------------------------------------
 *
 * rule_unique.c
 *		Rules of numbers that differ from row to row without counting them up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "define/rule_reader.h"

#define MAX_START	(SPINDLE_MAX_ROWS * 100)

/*
 * spindle_check_rows
 *		Insist that at no scale a rule's table has more rows than there are
 *		values for them.
 *
 * places gives the number of values at a scale, what names them in the error,
 * such as "numbers from 1 to 9"; hint may be NULL.
 */
void
spindle_check_rows(RuleCheck *check, const SpindleRule *rule, SpindlePlaces places, const char *what,
				   const char *hint)
{
	for (int p = 0; p < check->domain->npresets; p++)
	{
		int64		rows = spindle_preset_rows(check->domain, p, check->table);
		int64		available = places(check->domain, p, check->table, rule);

		if (rows > available)
			spindle_model_error(check->domain, rule->path,
								psprintf("at scale \"%s\" table \"%s\" has " INT64_FORMAT " rows, but there are only "
										 INT64_FORMAT " %s.", check->domain->preset[p].name, check->table->name, rows,
										 available, what), hint);
	}
}

/*
 * spindle_read_distinct
 *		"distinct": within what the choices of a rule differ; they need not if it
 *		is absent, unless the rule is that of the elements of an array with the
 *		member.
 *
 * Only a column's own rule can promise that: the branches of a case know nothing
 * of each other.
 */
SpindleDistinct
spindle_read_distinct(RuleReader *r)
{
	static const char *const names[] = {"parent", "table", NULL};
	const SpindleTable *table = &r->parse->domain->table[r->table];
	SpindleJson m;
	SpindleDistinct distinct;

	if (!has(r, "distinct"))
		return r->distinct ? SPINDLE_DISTINCT_ARRAY : SPINDLE_DISTINCT_NONE;
	m = member(r, "distinct");
	distinct = spindle_json_choice(&m, names) == 0 ? SPINDLE_DISTINCT_PARENT : SPINDLE_DISTINCT_TABLE;
	if (!is_own_rule(r))
		spindle_json_error(&m, NULL, "only the rule of a column itself can be distinct, not one inside another rule.");
	if (has(r, "keyed_by"))
		spindle_json_error(&m, NULL, "\"distinct\" excludes \"keyed_by\".");
	if (distinct == SPINDLE_DISTINCT_PARENT && table->rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(&m, "Legal here: table.", "the rows of table \"%s\" are not children of another table.",
						   table->name);
	return distinct;
}

/*
 * spindle_check_distinct
 *		Insist that at every scale there is a choice for each row that needs one
 *		of its own.
 *
 * places gives the number of choices at a scale, what names them in the error,
 * such as "rows of table "product"".
 */
void
spindle_check_distinct(RuleCheck *check, const SpindleRule *rule, SpindleDistinct distinct,
					   SpindlePlaces places, const char *what)
{
	const SpindleTable *table = check->table;

	if (distinct == SPINDLE_DISTINCT_TABLE)
		spindle_check_rows(check, rule, places, what, NULL);
	for (int p = 0; p < check->domain->npresets && distinct == SPINDLE_DISTINCT_PARENT; p++)
	{
		int64		rows = spindle_preset_rows(check->domain, p, table);
		int64		most = Min(rows, spindle_table_most_children(table));
		int64		available = places(check->domain, p, table, rule);

		if (most > available)
			spindle_model_error(check->domain, rule->path,
								psprintf("at scale \"%s\" a row of table \"%s\" can have " INT64_FORMAT
										 " rows of table \"%s\", but there are only " INT64_FORMAT " %s.",
										 check->domain->preset[p].name, check->domain->table[table->rows_parent].name,
										 most, table->name, available, what),
								psprintf("Give the \"rows\" of table \"%s\" a \"max\".", table->name));
	}
}

/*
 * "start" and "step" as of a sequence; or "min" and "max" with "step", between
 * which there may be more numbers than rows.
 */
static void
read_permuted(RuleReader *r)
{
	SpindleRule *rule = r->rule;

	rule->permuted.start = 1;
	rule->permuted.step = 1;
	if (has(r, "step"))
	{
		SpindleJson m = member(r, "step");

		rule->permuted.step = spindle_json_int64(&m, 1, 1000);
	}
	if (has(r, "start"))
	{
		SpindleJson m = member(r, "start");

		if (has(r, "min") || has(r, "max"))
			spindle_json_error(&m, NULL, "\"start\" excludes \"min\" and \"max\".");
		rule->permuted.start = spindle_json_int64(&m, -MAX_START, MAX_START);
	}
	if (has(r, "min") || has(r, "max"))
	{
		SpindleJson min = member(r, "min");
		SpindleJson max = member(r, "max");
		int64		last = spindle_json_int64(&max, -MAX_START, MAX_START);

		rule->permuted.start = spindle_json_int64(&min, -MAX_START, MAX_START);
		if (last < rule->permuted.start)
			spindle_json_error(r->node, NULL, "\"max\" " INT64_FORMAT " is below \"min\" " INT64_FORMAT ".",
							   last, rule->permuted.start);
		if (rule->permuted.start < rule->type->min || last > rule->type->max)
			spindle_json_error(r->node, NULL, "the limits " INT64_FORMAT " and " INT64_FORMAT " are beyond type %s.",
							   rule->permuted.start, last, rule->type->name);
		rule->permuted.count = (last - rule->permuted.start) / rule->permuted.step + 1;
	}
}

static int64
permuted_places(const SpindleDomain *domain, int preset, const SpindleTable *table, const SpindleRule *rule)
{
	return rule->permuted.count;
}

/* The largest number of a rule, at the largest scale; false if it is beyond 64 bits. */
static bool
last_permuted(const SpindleDomain *domain, const SpindleTable *table, const SpindleRule *rule, int64 *last)
{
	int64		count = rule->permuted.count > 0 ? rule->permuted.count : spindle_table_max_rows(domain, table);

	return !pg_mul_s64_overflow(Max(count - 1, 0), rule->permuted.step, last) &&
		!pg_add_s64_overflow(*last, rule->permuted.start, last);
}

/* There must be a number for each row, and all must fit the column, at every scale. */
static void
check_permuted(RuleCheck *check, const SpindleRule *rule)
{
	int64		last;

	if (rule->permuted.count > 0)
		spindle_check_rows(check, rule, permuted_places, "numbers in steps of \"step\" from \"min\" to \"max\"",
						   "Set the limits further apart.");
	else if (!last_permuted(check->domain, check->table, rule, &last) || last > rule->type->max ||
			 rule->permuted.start < rule->type->min)
		spindle_model_error(check->domain, rule->path,
							psprintf("a preset gives more rows than type %s has values from " INT64_FORMAT " on.",
									 rule->type->name, rule->permuted.start), NULL);
}

/* The numbers of the largest scale; check_permuted() has found them to fit. */
static Extent
extent_of_permuted(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	extent.low = rule->permuted.start;
	(void) last_permuted(check->domain, &check->domain->table[table], rule, &extent.high);
	return extent;
}

/* A permutation takes no number twice. */
static KeyDifference
permuted_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return (KeyDifference) {.scope = KEY_IN_TABLE};
}

static void
describe_permuted(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "different numbers from " INT64_FORMAT, rule->permuted.start);
	if (rule->permuted.count > 0)
		appendStringInfo(out, " to " INT64_FORMAT,
						 rule->permuted.start + (rule->permuted.count - 1) * rule->permuted.step);
	if (rule->permuted.step != 1)
		appendStringInfo(out, " in steps of " INT64_FORMAT, rule->permuted.step);
	appendStringInfoString(out, ", in random order");
}

/* Numbers differ, in an order that is none. */
const SpindleRuleDef spindle_rule_def_permuted = {
	.forms = (const RuleForm[]) {
		{"permuted", 1 << SPINDLE_INT, {"kind", "start", "step", "min", "max", NULL}},
		{.name = NULL},
	},
	.read = read_permuted,
	.target = spindle_rule_has_no_target,
	.check = check_permuted,
	.extent = extent_of_permuted,
	.differs = permuted_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_permuted,
	},
};

/* "start" and "step" as of a sequence; the rows must be children. */
static void
read_ordinal(RuleReader *r)
{
	const SpindleTable *table = &r->parse->domain->table[r->table];

	if (table->rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(r->node, NULL, "the rows of table \"%s\" are not children of another table.", table->name);
	r->rule->ordinal.start = 1;
	r->rule->ordinal.step = 1;
	if (has(r, "start"))
	{
		SpindleJson m = member(r, "start");

		r->rule->ordinal.start = spindle_json_int64(&m, -MAX_START, MAX_START);
	}
	if (has(r, "step"))
	{
		SpindleJson m = member(r, "step");

		r->rule->ordinal.step = spindle_json_int64(&m, 1, 1000);
	}
}

/* From the first row of a parent to the last one that there can be. */
static Extent
extent_of_ordinal(KeyCheck *check, int table, const SpindleRule *rule)
{
	const SpindleTable *t = &check->domain->table[table];
	int64		most = Min(spindle_table_most_children(t), spindle_table_max_rows(check->domain, t));
	Extent		extent = EXTENT_OF_NOTHING;

	extent.low = rule->ordinal.start;
	extent.high = rule->ordinal.start + Max(most - 1, 0) * rule->ordinal.step;
	return extent;
}

/* The numbers of as many rows as a parent can have must fit the column. */
static void
check_ordinal(RuleCheck *check, const SpindleRule *rule)
{
	KeyCheck	none = {.domain = check->domain};
	Extent		extent = extent_of_ordinal(&none, check->table->index, rule);

	if (extent.low < rule->type->min || extent.high > rule->type->max)
		spindle_model_error(check->domain, rule->path,
							psprintf("numbers go from " INT64_FORMAT " to " INT64_FORMAT ", which type %s does not hold.",
									 extent.low, extent.high, rule->type->name), NULL);
}

static void
describe_ordinal(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "number among the rows of one row of %s, from " INT64_FORMAT " in steps of " INT64_FORMAT,
					 domain->table[domain->table[table].rows_parent].name, rule->ordinal.start, rule->ordinal.step);
}

/* It begins anew with each parent. */
static KeyDifference
ordinal_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	return (KeyDifference) {.scope = KEY_IN_PARENT};
}

/* Steps are greater than zero; it rises with each row of a parent only. */
const SpindleRuleDef spindle_rule_def_ordinal = {
	.forms = (const RuleForm[]) {
		{"ordinal", 1 << SPINDLE_INT, {"kind", "start", "step", NULL}},
		{.name = NULL},
	},
	.read = read_ordinal,
	.target = spindle_rule_has_no_target,
	.check = check_ordinal,
	.extent = extent_of_ordinal,
	.differs = ordinal_differs,
	.row_use = spindle_rule_needs_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_ordinal,
	},
};
