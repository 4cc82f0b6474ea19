/*-------------------------------------------------------------------------
 *
 * rule_number.c
 *		Rules that draw numbers, or change values by drawn numbers.
 *
 * All distributions are one kind of rule with a name for each; "offset" and
 * "correlated" have one inside, in an object of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"

#include "define/rule_reader.h"

/* Quantiles, and frequent values, of an empirical distribution. */
#define MAX_QUANTILES	10001

/* Values between quantiles that are told apart, at most: what one draw can tell. */
#define MAX_DIFFERENT	1e12

/* Whole numbers of an even distribution that are told one by one, about. */
#define MAX_LISTED		1000

/*
 * The distributions by their names in definitions.  min and max are the legal
 * range of the parameter a, and max that of b, which begins at 10^-9.
 */
static const struct
{
	const char *name;
	double		min;			/* legal range of the parameters */
	double		max;
	const char *a;				/* members for the parameters, or NULL */
	const char *b;
	bool		is_discrete;
	SpindleDistKind kind;
}			dist_names[] =

{
	{"uniform", 0, 0, NULL, NULL, false, SPINDLE_DIST_UNIFORM},
	{"normal", -1e15, 1e15, "mean", "sd", false, SPINDLE_DIST_NORMAL},
	{"lognormal", -100, 100, "mu", "sigma", false, SPINDLE_DIST_LOGNORMAL},
	{"pareto", 0.01, 100, "alpha", NULL, false, SPINDLE_DIST_PARETO},
	{"exponential", 1e-9, 1e15, "mean", NULL, false, SPINDLE_DIST_EXPONENTIAL},
	{"geometric", 0.0001, 1, "p", NULL, true, SPINDLE_DIST_DISCRETE},
	{"poisson", 0.0001, 10000, "mean", NULL, true, SPINDLE_DIST_DISCRETE},
	{"zipf", 0.01, 100, "exponent", NULL, true, SPINDLE_DIST_DISCRETE},
	{"bernoulli", 0, 1, "p", NULL, true, SPINDLE_DIST_DISCRETE},
	{"empirical", 0, 0, NULL, NULL, false, SPINDLE_DIST_EMPIRICAL},
};

/*
 * "quantiles": 2 to 10001 numbers within +-10^15, none of which falls.
 */
static void
read_quantiles(const SpindleJson *node, SpindleDist *dist)
{
	SpindleJson quantiles = spindle_json_member(node, "quantiles");
	int			n = 0;
	const cJSON *item;

	spindle_json_expect_array(&quantiles);
	dist->nquantiles = spindle_json_size(&quantiles);
	if (dist->nquantiles < 2 || dist->nquantiles > MAX_QUANTILES)
		spindle_json_error(&quantiles, NULL, "2 to %d quantiles are needed.", MAX_QUANTILES);
	dist->quantile = palloc(sizeof(double) * dist->nquantiles);
	cJSON_ArrayForEach(item, quantiles.value)
	{
		SpindleJson m = spindle_json_child(&quantiles, item, n);

		dist->quantile[n] = spindle_json_number(&m, -1e15, 1e15);
		if (n > 0 && dist->quantile[n] < dist->quantile[n - 1])
			spindle_json_error(&m, NULL, "quantiles must not fall.");
		n++;
	}
}

/*
 * An empirical distribution: "quantiles", "values" with their shares, or both, "step",
 * and "different".
 *
 * Without quantiles, the shares are brought to a sum of 1; with them they must
 * leave something.
 */
static void
read_empirical(const SpindleJson *node, SpindleDist *dist)
{
	SpindleType type;
	double	   *share = NULL;
	double		sum = 0;
	int			n = 0;

	if (!spindle_json_has(node, "quantiles") && !spindle_json_has(node, "values"))
		spindle_json_error(node, NULL, "\"quantiles\" or \"values\" are needed.");
	if (spindle_json_has(node, "step"))
	{
		SpindleJson m = spindle_json_member(node, "step");

		dist->step = spindle_json_number(&m, 1e-9, 1e15);
	}
	if (spindle_json_has(node, "quantiles"))
		read_quantiles(node, dist);
	if (spindle_json_has(node, "values"))
	{
		SpindleJson values = spindle_json_member(node, "values");
		const cJSON *item;

		spindle_json_expect_object(&values, NULL);
		if (spindle_json_size(&values) < 1 || spindle_json_size(&values) > MAX_QUANTILES)
			spindle_json_error(&values, NULL, "1 to %d values are needed.", MAX_QUANTILES);
		share = palloc(sizeof(double) * spindle_json_size(&values));
		dist->frequent_value = palloc(sizeof(double) * spindle_json_size(&values));
		(void) spindle_type_parse("double precision", &type);
		cJSON_ArrayForEach(item, values.value)
		{
			SpindleJson m = spindle_json_child(&values, item, n);
			int64		bits;

			if (!spindle_value_parse(NULL, &type, item->string, &bits))
				spindle_json_error(&values, NULL, "\"%s\" is not a number.", item->string);
			memcpy(&dist->frequent_value[n], &bits, sizeof(double));
			if (!(fabs(dist->frequent_value[n]) <= 1e15))
				spindle_json_error(&values, NULL, "\"%s\" is not within +-10^15.", item->string);
			share[n] = spindle_json_number(&m, 1e-12, 1);
			sum += share[n++];
		}
		if (sum > 1 + 1e-9 || (dist->nquantiles > 0 && sum > 1 - 1e-12))
			spindle_json_error(&values, NULL, "the shares have a sum of %g, which leaves nothing for others.", sum);
		for (int i = 0; i < n && dist->nquantiles == 0; i++)
			share[i] /= sum;
	}
	spindle_dist_empirical(dist, share, n);
	if (spindle_json_has(node, "different"))
	{
		SpindleJson m = spindle_json_member(node, "different");

		if (!spindle_json_has(node, "quantiles"))
			spindle_json_error(&m, NULL, "\"quantiles\" are needed, between which there are so many values.");
		spindle_dist_put_together(dist, (double) spindle_json_int64(&m, 1, (int64) MAX_DIFFERENT));
	}
}

/*
 * Read the distribution called name, one of dist_names, whose parameters stand
 * in node, and prepare it.
 *
 * Limits are within +-10^15.  An error if parameters are out of range or too
 * little lies between the limits: less than 10^-9 of a continuous
 * distribution, no value or more than 100000 of a discrete one.
 */
static void
read_dist(const SpindleJson *node, const char *name, SpindleDist *dist)
{
	int			i = 0;
	double		parameter = 0;

	while (strcmp(dist_names[i].name, name) != 0)
		i++;
	if (dist_names[i].kind == SPINDLE_DIST_EMPIRICAL)
	{
		read_empirical(node, dist);
		return;
	}
	dist->kind = dist_names[i].kind;
	dist->min = -INFINITY;
	dist->max = INFINITY;
	if (spindle_json_has(node, "min"))
	{
		SpindleJson m = spindle_json_member(node, "min");

		dist->min = spindle_json_number(&m, -1e15, 1e15);
	}
	if (spindle_json_has(node, "max"))
	{
		SpindleJson m = spindle_json_member(node, "max");

		dist->max = spindle_json_number(&m, -1e15, 1e15);
	}
	if (dist->max < dist->min)
		spindle_json_error(node, NULL, "\"max\" %g is below \"min\" %g.", dist->max, dist->min);

	if (dist_names[i].a)
	{
		SpindleJson m = spindle_json_member(node, dist_names[i].a);

		dist->a = parameter = spindle_json_number(&m, dist_names[i].min, dist_names[i].max);
	}
	if (dist_names[i].b)
	{
		SpindleJson m = spindle_json_member(node, dist_names[i].b);

		dist->b = spindle_json_number(&m, 1e-9, dist_names[i].max);
	}

	switch (dist->kind)
	{
		case SPINDLE_DIST_UNIFORM:
			if (isinf(dist->min) || isinf(dist->max))
				spindle_json_error(node, NULL, "\"min\" and \"max\" are needed.");
			break;
		case SPINDLE_DIST_PARETO:
			if (!(dist->min > 0) || isinf(dist->min))
				spindle_json_error(node, NULL, "a \"min\" greater than zero is needed.");
			break;
		case SPINDLE_DIST_EXPONENTIAL:
			if (isinf(dist->min))
				dist->min = 0;
			break;
		default:
			break;
	}
	if (dist_names[i].is_discrete)
	{
		if (strcmp(name, "zipf") == 0 && isinf(dist->max))
			spindle_json_error(node, NULL, "a \"max\" is needed.");
		if (!spindle_dist_discrete(dist, name, parameter))
			spindle_json_error(node, NULL, "no value, or more than 100000 values, between the limits.");
	}
	else
	{
		spindle_dist_prepare(dist);
		if (dist->kind != SPINDLE_DIST_UNIFORM && dist->p_high - dist->p_low < 1e-9)
			spindle_json_error(node, NULL, "the distribution has no values between \"min\" and \"max\".");
	}
}

/*
 * spindle_parse_dist
 *		A distribution that stands in an object of its own, the member name of
 *		parent, with "distribution" for its kind and no other members than its
 *		own.
 */
void
spindle_parse_dist(const SpindleJson *parent, const char *name, SpindleDist *dist)
{
	const char *names[lengthof(dist_names) + 1];
	const char *legal[6] = {"distribution", "min", "max"};
	static const char *const of_empirical[] = {"distribution", "quantiles", "values", "step", "different", NULL};
	SpindleJson node = spindle_json_member(parent, name);
	SpindleJson kind;
	int			k;
	int			n = 3;

	spindle_json_expect_object(&node, NULL);
	kind = spindle_json_member(&node, "distribution");
	for (int i = 0; i < lengthof(dist_names); i++)
		names[i] = dist_names[i].name;
	names[lengthof(dist_names)] = NULL;
	k = spindle_json_choice(&kind, names);
	if (dist_names[k].a)
		legal[n++] = dist_names[k].a;
	if (dist_names[k].b)
		legal[n++] = dist_names[k].b;
	legal[n] = NULL;
	spindle_json_expect_object(&node, dist_names[k].kind == SPINDLE_DIST_EMPIRICAL ? of_empirical : legal);
	read_dist(&node, names[k], dist);
}

/* The same for a member of a rule. */
void
spindle_read_nested_dist(RuleReader *r, const char *name, SpindleDist *dist)
{
	spindle_parse_dist(r->node, name, dist);
}

/* The microseconds of the unit that the member "unit" names. */
int64
spindle_parse_unit(const SpindleJson *node)
{
	static const char *const units[] = {"days", "hours", "minutes", "seconds", NULL};
	static const int64 usecs[] = {USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SEC};
	SpindleJson unit = spindle_json_member(node, "unit");

	return usecs[spindle_json_choice(&unit, units)];
}

/*
 * The kind is the name of a distribution, whose members stand in the rule.
 *
 * Durations count in seconds.  An even distribution over them, over whole numbers
 * or numerics must have its limits
 * within the type, and a value between them, up to a rounding error of 10^-6
 * of its last digit; with the others, what is beyond the type is cut.
 */
static void
read_number(RuleReader *r)
{
	SpindleJson kind = member(r, "kind");
	SpindleDist *dist = &r->rule->number;
	const SpindleType *type = r->rule->type;
	double		scale = (double) spindle_power_of_ten(type->scale);
	double		unit = scale;

	read_dist(r->node, spindle_json_string(&kind), dist);
	if (dist->kind != SPINDLE_DIST_UNIFORM || !(type->ops->is_exact || type->ops->is_duration))
		return;
	if (type->ops->is_duration)
		unit = (double) spindle_power_of_ten(Max(r->rule->round, 0));

	/* both limits as values of the type, which lie apart by its last digit */
	if (dist->min * scale < (double) type->min || dist->max * scale > (double) type->max)
		spindle_json_error(r->node, NULL, "the limits %g and %g are beyond type %s.", dist->min, dist->max,
						   type->name);
	if (ceil(dist->min * unit - 1e-6) > floor(dist->max * unit + 1e-6))
		spindle_json_error(r->node, NULL, "type %s has no value from %g to %g.", type->name, dist->min, dist->max);
}

/* Leaves "round" out; discrete distributions all have one name. */
static void
describe_number(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	spindle_describe_dist(out, &rule->number);
}

/* Those of a distribution of whole numbers, or of even ones that are few. */
static bool
number_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	const SpindleDist *dist = &rule->number;
	double	   *weight;

	if (rule->type->kind != SPINDLE_BOOL && !rule->type->ops->is_integer)
		return false;
	if (dist->kind == SPINDLE_DIST_UNIFORM && dist->max - dist->min <= MAX_LISTED)
	{
		for (int64 i = (int64) ceil(dist->min - 1e-6); i <= (int64) floor(dist->max + 1e-6); i++)
			add(context, i);
		return true;
	}
	if (dist->kind != SPINDLE_DIST_DISCRETE)
		return false;
	weight = palloc(sizeof(double) * dist->alias->n);
	spindle_alias_weights(dist->alias, weight);
	for (uint32 i = 0; i < dist->alias->n; i++)
		if (weight[i] > 0)
			add(context, Max(rule->type->min, Min(rule->type->max, dist->first + i)));
	pfree(weight);
	return true;
}

/* Members of a rule that is a distribution; the parameters end in a comma. */
#define DIST_MEMBERS(...) {"kind", "min", "max", "round", "keyed_by", __VA_ARGS__ NULL}

/*
 * The limits of "min" and "max", and the parameters' ranges, are those of
 * dist_names and read_dist().  Draws can repeat, so no number is a key; what a
 * pattern can hold of one is all that its type holds.
 */
const SpindleRuleDef spindle_rule_def_number = {
	.forms = (const RuleForm[]) {
		{"uniform", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS()},
		{"normal", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("mean", "sd",)},
		{"lognormal", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("mu", "sigma",)},
		{"pareto", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("alpha",)},
		{"exponential", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("mean",)},
		{"geometric", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("p",)},
		{"poisson", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("mean",)},
		{"zipf", NUMERIC_KINDS | DURATION_KINDS, DIST_MEMBERS("exponent",)},
		{"bernoulli", NUMERIC_KINDS | (1 << SPINDLE_BOOL), DIST_MEMBERS("p",)},
		{"empirical", NUMERIC_KINDS | DURATION_KINDS, {"kind", "quantiles", "values", "step", "different", "round", "keyed_by", NULL}},
		{.name = NULL},
	},
	.read = read_number,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.values = number_values,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_number,
	},
};

/*
 * Read "not_after": a constant of the column's type, "end" for the last moment or
 * day of the domain's range, or {"column": PATH}.
 */
static void
read_limit(RuleReader *r)
{
	static const char *const legal[] = {"column", NULL};
	const SpindleDomain *domain = r->parse->domain;
	SpindleRule *rule = r->rule;
	SpindleJson limit = member(r, "not_after");
	const int64 per_day = USECS_PER_DAY / rule->type->ops->time_unit;

	rule->offset.limit = SPINDLE_LIMIT_VALUE;
	if (cJSON_IsObject(limit.value))
	{
		SpindleJson column;

		spindle_json_expect_object(&limit, legal);
		column = spindle_json_member(&limit, "column");
		rule->offset.limit = SPINDLE_LIMIT_COLUMN;
		spindle_parse_ref(r->parse, &column, r->table, &rule->offset.last_ref);
		if (spindle_ref_column(domain, &rule->offset.last_ref)->type.kind != rule->type->kind)
			spindle_json_error(&column, NULL, "a column of type %s is needed.", rule->type->name);
	}
	else if (cJSON_IsString(limit.value) && strcmp(limit.value->valuestring, "end") == 0)
		rule->offset.last = (domain->first_day + domain->ndays) * per_day - 1;
	else
		rule->offset.last = spindle_parse_value(r->parse, &limit, rule->type);
}

/*
 * Read what is moved, "column", and by how much, "by" times "unit".
 *
 * Dates count in days, timestamps in microseconds; the two do not mix, and
 * dates are moved by days only.  "whole" is true if absent.
 */
static void
read_offset(RuleReader *r)
{
	SpindleJson m = member(r, "column");
	SpindleJson unit = member(r, "unit");
	const int64 usecs = spindle_parse_unit(r->node);

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->offset.source);
	if (spindle_ref_column(r->parse->domain, &r->rule->offset.source)->type.kind != r->rule->type->kind)
		spindle_json_error(&m, NULL, "a column of type %s is needed.", r->rule->type->name);
	if (!spindle_type_is_timestamp(r->rule->type) && usecs != USECS_PER_DAY)
		spindle_json_error(&unit, NULL, "a date can be moved by days only.");
	r->rule->offset.unit = usecs / r->rule->type->ops->time_unit;
	r->rule->offset.whole = true;
	if (has(r, "whole"))
	{
		SpindleJson whole = member(r, "whole");

		r->rule->offset.whole = spindle_json_bool(&whole);
	}
	spindle_read_nested_dist(r, "by", &r->rule->offset.by);
	if (has(r, "not_after"))
		read_limit(r);
}

static void
visit_offset(const SpindleDomain *domain, int table, const SpindleRule *rule,
			 const SpindleRuleVisitor *visitor)
{
	spindle_visit_path(visitor, table, &rule->offset.source);
	if (rule->offset.limit == SPINDLE_LIMIT_COLUMN)
		spindle_visit_path(visitor, table, &rule->offset.last_ref);
}

/* The draw always gives a number, so it is NULL where the source is. */
static bool
offset_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				   const SpindleColumnRef *known)
{
	return spindle_path_may_be_null(domain, table, &rule->offset.source, known);
}

/*
 * Surely not before the day, if source and limit are not and nothing drawn is
 * negative.  The day is in days since 2000-01-01.
 */
static bool
offset_never_before(const SpindleDomain *domain, const SpindleRule *rule, int day)
{
	const SpindleDist *by = &rule->offset.by;

	if (rule->offset.limit == SPINDLE_LIMIT_VALUE && rule->offset.last < day * (USECS_PER_DAY / rule->type->ops->time_unit))
		return false;
	if (rule->offset.limit == SPINDLE_LIMIT_COLUMN && !spindle_path_never_before(domain, &rule->offset.last_ref, day))
		return false;
	return spindle_path_never_before(domain, &rule->offset.source, day) &&
		(by->kind == SPINDLE_DIST_DISCRETE ? by->first >= 0 : by->min >= 0);
}

static void
describe_offset(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	spindle_describe_path(out, domain, table, &rule->offset.source);
	appendStringInfoString(out, " plus a duration: ");
	spindle_describe_dist(out, &rule->offset.by);
	if (rule->offset.limit == SPINDLE_LIMIT_VALUE)
		appendStringInfoString(out, ", not after a time");
	else if (rule->offset.limit == SPINDLE_LIMIT_COLUMN)
	{
		appendStringInfoString(out, ", not after ");
		spindle_describe_path(out, domain, table, &rule->offset.last_ref);
	}
}

/*
 * An offset never counts as rising, even from a time that does: its rows may
 * overtake each other.
 */
const SpindleRuleDef spindle_rule_def_offset = {
	.forms = (const RuleForm[]) {
		{"offset", TIME_KINDS, {"kind", "column", "unit", "by", "whole", "not_after", NULL}},
		{.name = NULL},
	},
	.read = read_offset,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = visit_offset,
		.may_be_null = offset_may_be_null,
		.never_before = offset_never_before,
		.never_falls = spindle_rule_any_order,
		.describe = describe_offset,
	},
};

/*
 * Read "column", a path to a number of any type, and "factor" or "add", of
 * which there must be one.
 */
static void
read_correlated(RuleReader *r)
{
	SpindleJson m = member(r, "column");

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->correlated.source);
	if (!spindle_ref_column(r->parse->domain, &r->rule->correlated.source)->type.ops->is_number)
		spindle_json_error(&m, NULL, "a numeric column is needed.");
	if (has(r, "factor") == has(r, "add"))
		spindle_json_error(r->node, NULL, "either \"factor\" or \"add\" is needed.");
	r->rule->correlated.is_factor = has(r, "factor");
	spindle_read_nested_dist(r, r->rule->correlated.is_factor ? "factor" : "add", &r->rule->correlated.by);
}

static void
visit_correlated(const SpindleDomain *domain, int table, const SpindleRule *rule,
				 const SpindleRuleVisitor *visitor)
{
	spindle_visit_path(visitor, table, &rule->correlated.source);
}

/* As for "offset". */
static bool
correlated_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					   const SpindleColumnRef *known)
{
	return spindle_path_may_be_null(domain, table, &rule->correlated.source, known);
}

static void
describe_correlated(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	spindle_describe_path(out, domain, table, &rule->correlated.source);
	appendStringInfoString(out, rule->correlated.is_factor ? " times " : " plus ");
	spindle_describe_dist(out, &rule->correlated.by);
}

/*
 * Takes all types of numbers, also as source: the calculation is in double
 * precision.
 */
const SpindleRuleDef spindle_rule_def_correlated = {
	.forms = (const RuleForm[]) {
		{"correlated", NUMERIC_KINDS, {"kind", "column", "factor", "add", "round", NULL}},
		{.name = NULL},
	},
	.read = read_correlated,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = visit_correlated,
		.may_be_null = correlated_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_correlated,
	},
};
