/*-------------------------------------------------------------------------
 *
 * rule_case.c
 *		The rule "case": other rules, by conditions on the row.
 *
 * Each branch has a rule of its own, which fills the same column and makes its
 * own draws.  For what a branch can give, conditions count in one respect: a path
 * that was tested not to be NULL is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

#define MAX_BRANCHES	100

/*
 * Read "cases" and "else".  The labels of the branches follow from their
 * places, so a branch that is inserted gives those after it new draws, but not
 * "else".
 */
static void
read_case(RuleReader *r)
{
	static const char *const legal[] = {"when", "then", NULL};
	SpindleJson cases = member(r, "cases");
	SpindleJson otherwise = member(r, "else");
	SpindleRule *rule = r->rule;
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_array(&cases);
	rule->cases.nbranches = spindle_json_size(&cases);
	if (rule->cases.nbranches < 1 || rule->cases.nbranches > MAX_BRANCHES)
		spindle_json_error(&cases, NULL, "1 to %d cases are needed.", MAX_BRANCHES);
	rule->cases.test = palloc(sizeof(SpindleTest) * rule->cases.nbranches);
	rule->cases.then = palloc(sizeof(SpindleRule *) * (rule->cases.nbranches + 1));
	cJSON_ArrayForEach(item, cases.value)
	{
		SpindleJson branch = spindle_json_child(&cases, item, i);
		SpindleJson when;
		SpindleJson then;

		spindle_json_expect_object(&branch, legal);
		when = spindle_json_member(&branch, "when");
		then = spindle_json_member(&branch, "then");
		spindle_parse_test(r->parse, &when, r->table, &rule->cases.test[i]);
		rule->cases.then[i] = spindle_parse_rule(r->parse, &then, r->table, r->column,
												 spindle_mix(rule->label + i + 1));
		i++;
	}
	rule->cases.then[i] = spindle_parse_rule(r->parse, &otherwise, r->table, r->column,
											 spindle_mix(rule->label));
}

/* Conditions and rules in the order in which they stand, "else" last. */
static void
visit_case(const SpindleDomain *domain, int table, const SpindleRule *rule, const SpindleRuleVisitor *visitor)
{
	for (int i = 0; i <= rule->cases.nbranches; i++)
	{
		if (i < rule->cases.nbranches)
			spindle_visit_test(visitor, table, &rule->cases.test[i]);
		spindle_visit_rule(visitor, rule->cases.then[i]);
	}
}

/* Paths that are known not to be NULL, as ops->may_be_null() takes them. */
typedef struct KnownPaths
{
	int			n;
	SpindleColumnRef *ref;		/* n of them, and the one that ends the list */
} KnownPaths;

/* Add a path to those that are known to have a value. */
static void
add_known(KnownPaths *known, const SpindleColumnRef *ref)
{
	known->ref = repalloc(known->ref, sizeof(SpindleColumnRef) * (known->n + 2));
	known->ref[known->n++] = *ref;
	known->ref[known->n].column = -1;
}

/*
 * Add what follows from a condition that holds, or from one that does not.
 *
 * Comparisons hold only for values.  Of several conditions only "and" tells of
 * each part that it holds, and only "or" of each that it does not.
 */
static void
add_known_by(KnownPaths *known, const SpindleTest *test, bool holds)
{
	if (test->kind == (holds ? SPINDLE_TEST_NOT_NULL : SPINDLE_TEST_NULL) || (holds && spindle_test_compares(test)))
		add_known(known, &test->ref);
	if (holds && test->has_other)
		add_known(known, &test->other);
	if (test->kind == (holds ? SPINDLE_TEST_AND : SPINDLE_TEST_OR))
		for (int i = 0; i < test->nparts; i++)
			add_known_by(known, &test->part[i], holds);
}

/*
 * Can one of the branches be NULL?
 *
 * In a branch its own condition holds, and those before it do not.  What is
 * known around the case counts too: it is about the same row.
 */
static bool
case_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				 const SpindleColumnRef *around)
{
	bool		result = false;
	KnownPaths	before = {0, palloc(sizeof(SpindleColumnRef))};
	KnownPaths	known = {0, palloc(sizeof(SpindleColumnRef))};

	before.ref[0].column = -1;
	for (; around && around->column >= 0; around++)
		add_known(&before, around);
	for (int i = 0; i <= rule->cases.nbranches; i++)
	{
		const SpindleRule *then = rule->cases.then[i];

		known.n = 0;
		known.ref[0].column = -1;
		for (int k = 0; k < before.n; k++)
			add_known(&known, &before.ref[k]);
		if (i < rule->cases.nbranches)
		{
			add_known_by(&known, &rule->cases.test[i], true);
			add_known_by(&before, &rule->cases.test[i], false);
		}
		result |= then->ops->may_be_null(domain, table, then, known.ref);
	}
	pfree(before.ref);
	pfree(known.ref);
	return result;
}

/* What any of the branches can be. */
static Extent
extent_of_case(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = EXTENT_OF_NOTHING;

	for (int i = 0; i <= rule->cases.nbranches; i++)
		spindle_extent_join(&extent, spindle_extent_rule(check, table, rule->cases.then[i]));
	return extent;
}

/* The conditions with their rules, one after the other. */
static void
describe_case(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleRule *otherwise = rule->cases.then[rule->cases.nbranches];

	for (int i = 0; i < rule->cases.nbranches; i++)
	{
		appendStringInfoString(out, i ? "; if " : "if ");
		spindle_describe_test(out, domain, table, &rule->cases.test[i]);
		appendStringInfoString(out, ": ");
		rule->cases.then[i]->ops->describe(out, domain, table, rule->cases.then[i]);
	}
	appendStringInfoString(out, "; else: ");
	otherwise->ops->describe(out, domain, table, otherwise);
}

/* Those of all branches. */
static bool
case_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	bool		known = true;

	for (int i = 0; i <= rule->cases.nbranches; i++)
		known &= spindle_rule_values(domain, rule->cases.then[i], add, context);
	return known;
}

/*
 * The branches may be of any kind that can fill the column, but for "parent",
 * "hierarchy" and ordered times, which refuse to be read in one.  So a case
 * has no target and no order.
 */
const SpindleRuleDef spindle_rule_def_case = {
	.forms = (const RuleForm[]) {
		{"case", ALL_KINDS, {"kind", "cases", "else", NULL}},
		{.name = NULL},
	},
	.read = read_case,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = extent_of_case,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_ignores_row,
	.values = case_values,
	.ops = {
		.visit = visit_case,
		.may_be_null = case_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_case,
	},
};
