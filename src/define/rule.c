/*-------------------------------------------------------------------------
 *
 * rule.c
 *		The rules that say how a column's values come about.
 *
 * One table lists the kinds with the members each may have and the function
 * that reads them.  docs/domain-format.md describes them for people.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "define/rule_reader.h"

#define MAX_WEIGHTED	100000
#define MAX_BRANCHES	100

/* Megabytes of memory that the rules of a domain may need. */
#define MAX_MEMORY_MB	256

typedef void (*ReadFunction) (RuleReader *r);

/*
 * spindle_rule_expect_fit
 *		Insist on a type that holds all values of another column.
 */
void
spindle_rule_expect_fit(const SpindleJson *node, const char *what, const SpindleType *from, const SpindleType *to)
{
	if (!spindle_type_holds(to, from))
		spindle_json_error(node, "Take the type of the other column, or a wider one of its kind.",
						   "%s has type %s, which type %s does not hold.", what, from->name, to->name);
}

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

static void
read_constant(RuleReader *r)
{
	SpindleJson m = member(r, "value");

	r->rule->constant.is_null = cJSON_IsNull(m.value);
	if (!r->rule->constant.is_null)
		r->rule->constant.value = spindle_parse_value(r->parse, &m, r->rule->type);
}

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
							   item->string, r->rule->type->name);
		weight[i] = spindle_json_number(&m, 0, 1e12);
		sum += weight[i++];
	}
	if (sum <= 0)
		spindle_json_error(&weights, NULL, "at least one weight must be greater than zero.");
	r->rule->weighted.alias = spindle_alias_create(weight, n);
}

static void
read_time(RuleReader *r)
{
	spindle_parse_time_rule(r->parse, r->node, r->rule);
	if (r->rule->time.ordered && !is_own_rule(r))
		spindle_json_error(r->node, NULL, "an ordered time must be a column's own rule.");
}

static void
read_copy(RuleReader *r)
{
	SpindleJson m = member(r, "column");

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->copy);
	spindle_rule_expect_fit(&m, "the copied column", &spindle_ref_column(r->parse->domain, &r->rule->copy)->type,
							r->rule->type);
}

static void
read_formula(RuleReader *r)
{
	SpindleJson m = member(r, "expression");

	spindle_parse_formula(r->parse, &m, r->table, r->rule);
}

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

#define DIST_MEMBERS(...) {"kind", "min", "max", "round", __VA_ARGS__ NULL}

static const struct
{
	const char *name;
	SpindleRuleKind kind;
	int			columns;		/* kinds of column it can fill */
	ReadFunction read;
	const char *legal[16];
}			rule_kinds[] =

{
	{"sequence", SPINDLE_RULE_SEQUENCE, 1 << SPINDLE_INT, read_sequence, {"kind", "start", "step", NULL}},
	{"constant", SPINDLE_RULE_CONSTANT, ALL_KINDS, read_constant, {"kind", "value", NULL}},
	{"weighted", SPINDLE_RULE_WEIGHTED, ALL_KINDS, read_weighted, {"kind", "weights", NULL}},
	{"uniform", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS()},
	{"normal", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("mean", "sd",)},
	{"lognormal", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("mu", "sigma",)},
	{"pareto", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("alpha",)},
	{"exponential", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("mean",)},
	{"geometric", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("p",)},
	{"poisson", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("mean",)},
	{"zipf", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, spindle_rule_read_number, DIST_MEMBERS("exponent",)},
	{"bernoulli", SPINDLE_RULE_NUMBER, NUMERIC_KINDS | (1 << SPINDLE_BOOL), spindle_rule_read_number, DIST_MEMBERS("p",)},
	{"time", SPINDLE_RULE_TIME, TIME_KINDS, read_time, {"kind", "start", "end", "months", "weekdays",
	"hours", "hour_peaks", "hour_sd", "ordered", "first_at_start", NULL}},
	{"reference", SPINDLE_RULE_REFERENCE, ALL_KINDS, spindle_rule_read_reference, {"kind", "table", "skew", "after",
	"containing", "among", "where", NULL}},
	{"parent", SPINDLE_RULE_PARENT, ALL_KINDS, spindle_rule_read_parent, {"kind", NULL}},
	{"copy", SPINDLE_RULE_COPY, ALL_KINDS, read_copy, {"kind", "column", NULL}},
	{"offset", SPINDLE_RULE_OFFSET, TIME_KINDS, spindle_rule_read_offset, {"kind", "column", "unit", "by", "whole", NULL}},
	{"correlated", SPINDLE_RULE_CORRELATED, NUMERIC_KINDS, spindle_rule_read_correlated, {"kind", "column", "factor",
	"add", "round", NULL}},
	{"formula", SPINDLE_RULE_FORMULA, NUMERIC_KINDS, read_formula, {"kind", "expression", NULL}},
	{"case", SPINDLE_RULE_CASE, ALL_KINDS, read_case, {"kind", "cases", "else", NULL}},
	{"total", SPINDLE_RULE_TOTAL, (1 << SPINDLE_INT) | (1 << SPINDLE_DECIMAL), spindle_rule_read_total, {"kind", "child",
	"column", "function", "of", NULL}},
	{"child", SPINDLE_RULE_CHILD, ALL_KINDS, spindle_rule_read_child, {"kind", "child", "column", "pick", "of", NULL}},
	{"first_child", SPINDLE_RULE_FIRST_CHILD, 1 << SPINDLE_BOOL, spindle_rule_read_first_child, {"kind", NULL}},
	{"data", SPINDLE_RULE_DATA, ALL_KINDS, spindle_rule_read_data, {"kind", "set", "field", "draw", "by_row", "match", NULL}},
	{"pattern", SPINDLE_RULE_PATTERN, 1 << SPINDLE_TEXT, spindle_rule_read_pattern, {"kind", "pattern", NULL}},
	{"hierarchy", SPINDLE_RULE_HIERARCHY, ALL_KINDS, spindle_rule_read_hierarchy, {"kind", "levels", "roots", NULL}},
	{"level", SPINDLE_RULE_LEVEL, 1 << SPINDLE_INT, spindle_rule_read_hierarchy, {"kind", "levels", "roots", NULL}},
};

/*
 * Refuse a definition when its rules, this one being the last, need too much
 * memory.  Anybody can have a definition checked, and a short rule can want a
 * megabyte of tables.  Texts, which are as long as they are written, and data
 * sets, which only the owner of the server's files can add, have memory contexts
 * of their own and do not count.
 */
static void
check_memory(const SpindleDomain *domain, const SpindleRule *rule)
{
	if (MemoryContextMemAllocated(domain->context, false) > (Size) MAX_MEMORY_MB * 1024 * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the rules of %s need more than the limit of %d MB of memory", domain->subject, MAX_MEMORY_MB),
				 errdetail("The limit was reached at %s.", rule->path),
				 errhint("Times over many years and discrete distributions of many values need most, up to 1 MB each: "
						 "set their limits closer, or let columns copy others.")));
}

/*
 * spindle_parse_rule
 *		Read a rule for a column, or for a branch of one.
 *
 * label tells the rule's random draws from all others.  Allocates in the
 * domain's memory context.
 */
SpindleRule *
spindle_parse_rule(SpindleParse *parse, const SpindleJson *node, int table,
				   const SpindleColumn *column, uint64 label)
{
	SpindleRule *rule = palloc0(sizeof(SpindleRule));
	RuleReader	r = {parse, node, table, column, rule};
	const char *names[lengthof(rule_kinds) + 1];
	SpindleJson kind;
	int			k;

	spindle_json_expect_object(node, NULL);
	kind = spindle_json_member(node, "kind");
	for (int i = 0; i < lengthof(rule_kinds); i++)
		names[i] = rule_kinds[i].name;
	names[lengthof(rule_kinds)] = NULL;
	k = spindle_json_choice(&kind, names);
	spindle_json_expect_object(node, rule_kinds[k].legal);

	rule->kind = rule_kinds[k].kind;
	rule->path = spindle_json_path(node);
	rule->label = label;
	rule->type = &column->type;
	rule->round = -1;
	rule->index = parse->domain->nrules++;
	if (!(rule_kinds[k].columns & (1 << column->type.kind)))
		spindle_json_error(&kind, NULL, "rule \"%s\" cannot fill a column of type %s.",
						   rule_kinds[k].name, column->type.name);
	if (spindle_json_has(node, "round"))
	{
		SpindleJson round = spindle_json_member(node, "round");

		rule->round = (int) spindle_json_int64(&round, 0, 15);
		if (column->type.kind != SPINDLE_FLOAT)
			spindle_json_error(&round, NULL, "only double precision needs rounding; "
							   "other types round to their own scale.");
	}
	rule_kinds[k].read(&r);
	check_memory(parse->domain, rule);
	return rule;
}
