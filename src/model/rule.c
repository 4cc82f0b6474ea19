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

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "math/rng.h"
#include "model/parse.h"

#define MAX_WEIGHTED	100000
#define MAX_BRANCHES	100
#define MAX_PIECES		50

typedef struct RuleReader
{
	SpindleParse *parse;
	const SpindleJson *node;	/* the rule */
	int			table;
	const SpindleColumn *column;
	SpindleRule *rule;
} RuleReader;

typedef void (*ReadFunction) (RuleReader *r);

/* which kinds of column a rule can fill */
#define NUMERIC_KINDS	((1 << SPINDLE_INT) | (1 << SPINDLE_DECIMAL) | (1 << SPINDLE_FLOAT))
#define TIME_KINDS		((1 << SPINDLE_DATE) | (1 << SPINDLE_TIMESTAMP))
#define ALL_KINDS		(~0)

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
};

static SpindleJson
member(RuleReader *r, const char *name)
{
	return spindle_json_member(r->node, name);
}

static bool
has(RuleReader *r, const char *name)
{
	return spindle_json_has(r->node, name);
}

/* Read the distribution called name, whose parameters stand in node. */
static void
read_dist(const SpindleJson *node, const char *name, SpindleDist *dist)
{
	int			i = 0;
	double		parameter = 0;

	while (strcmp(dist_names[i].name, name) != 0)
		i++;
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

/* Members of a distribution that stands in an object of its own. */
static void
read_nested_dist(RuleReader *r, const char *name, SpindleDist *dist)
{
	const char *names[lengthof(dist_names) + 1];
	const char *legal[6] = {"distribution", "min", "max"};
	SpindleJson node = member(r, name);
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
	spindle_json_expect_object(&node, legal);
	read_dist(&node, names[k], dist);
}

/* Insist on a type that holds all values of another column. */
static void
expect_fit(const SpindleJson *node, const char *what, const SpindleType *from, const SpindleType *to)
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
read_number(RuleReader *r)
{
	SpindleJson kind = member(r, "kind");

	SpindleDist *dist = &r->rule->number;
	const SpindleType *type = r->rule->type;
	double		scale = (double) spindle_power_of_ten(type->scale);

	read_dist(r->node, spindle_json_string(&kind), dist);
	if (dist->kind != SPINDLE_DIST_UNIFORM || type->kind == SPINDLE_FLOAT)
		return;

	/* both limits as values of the type, which lie apart by its last digit */
	if (dist->min * scale < (double) type->min || dist->max * scale > (double) type->max)
		spindle_json_error(r->node, NULL, "the limits %g and %g are beyond type %s.", dist->min, dist->max,
						   type->name);
	if (ceil(dist->min * scale - 1e-6) > floor(dist->max * scale + 1e-6))
		spindle_json_error(r->node, NULL, "type %s has no value from %g to %g.", type->name, dist->min, dist->max);
}

static void
read_time(RuleReader *r)
{
	spindle_parse_time_rule(r->parse, r->node, r->rule);
	if (r->rule->time.ordered && r->rule->label != spindle_label(r->rule->path))
		spindle_json_error(r->node, NULL, "an ordered time must be a column's own rule.");
}

static void
read_skew(RuleReader *r)
{
	static const char *const legal[] = {"top", "share", "exponent", NULL};
	SpindleJson skew = member(r, "skew");
	SpindleRule *rule = r->rule;

	spindle_json_expect_object(&skew, legal);
	if (spindle_json_has(&skew, "exponent"))
	{
		SpindleJson m = spindle_json_member(&skew, "exponent");

		if (spindle_json_size(&skew) != 1)
			spindle_json_error(&skew, NULL, "\"exponent\" stands alone.");
		rule->reference.skew = SPINDLE_SKEW_EXPONENT;
		rule->reference.share = spindle_json_number(&m, 0.01, 10);
	}
	else
	{
		SpindleJson top = spindle_json_member(&skew, "top");
		SpindleJson share = spindle_json_member(&skew, "share");

		rule->reference.skew = SPINDLE_SKEW_SHARE;
		rule->reference.top = spindle_json_number(&top, 0.001, 0.999);
		rule->reference.share = spindle_json_number(&share, rule->reference.top, 0.999);
	}
}

/* "after": the parents that came before this row, by two times. */
static void
read_after(RuleReader *r)
{
	static const char *const legal[] = {"parent", "row", NULL};
	SpindleJson after = member(r, "after");
	SpindleJson parent;
	SpindleJson row;

	spindle_json_expect_object(&after, legal);
	parent = spindle_json_member(&after, "parent");
	row = spindle_json_member(&after, "row");
	r->rule->reference.has_after = true;
	r->rule->reference.after_parent = spindle_parse_column(r->parse, &parent, r->rule->reference.table);
	spindle_parse_ref(r->parse, &row, r->table, &r->rule->reference.after_time);
	if (spindle_ref_column(r->parse->domain, &r->rule->reference.after_time)->type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&row, NULL, "a timestamp column is needed.");
}

/* "containing": the parents whose period holds a time of this row. */
static void
read_containing(RuleReader *r)
{
	static const char *const legal[] = {"time", "start", "end", NULL};
	SpindleJson node = member(r, "containing");
	SpindleJson time;
	SpindleJson bound[2];
	SpindleRule *rule = r->rule;
	const SpindleTable *parent = &r->parse->domain->table[rule->reference.table];

	spindle_json_expect_object(&node, legal);
	time = spindle_json_member(&node, "time");
	bound[0] = spindle_json_member(&node, "start");
	bound[1] = spindle_json_member(&node, "end");
	rule->reference.has_containing = true;
	spindle_parse_ref(r->parse, &time, r->table, &rule->reference.containing);
	rule->reference.period_start = spindle_parse_column(r->parse, &bound[0], rule->reference.table);
	rule->reference.period_end = spindle_parse_column(r->parse, &bound[1], rule->reference.table);
	if (spindle_ref_column(r->parse->domain, &rule->reference.containing)->type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&time, NULL, "a timestamp column is needed.");
	if (parent->column[rule->reference.period_start].type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&bound[0], NULL, "a timestamp column is needed.");
	if (parent->column[rule->reference.period_end].type.kind != SPINDLE_TIMESTAMP)
		spindle_json_error(&bound[1], NULL, "a timestamp column is needed.");
}

static void
read_reference(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "table");
	const SpindleTable *parent;

	rule->reference.table = spindle_parse_table(r->parse, &m);
	parent = &r->parse->domain->table[rule->reference.table];
	if (parent->key < 0)
		spindle_json_error(&m, NULL, "table \"%s\" has no key.", parent->name);
	expect_fit(&m, "the key", &parent->column[parent->key].type, rule->type);
	if (has(r, "skew"))
		read_skew(r);
	if (has(r, "after"))
		read_after(r);
	if (has(r, "containing"))
		read_containing(r);
	if (has(r, "among"))
	{
		SpindleJson among = member(r, "among");
		int			target;

		rule->reference.has_among = true;
		spindle_parse_ref(r->parse, &among, r->table, &rule->reference.among);
		target = spindle_parse_target(r->parse, &among, r->table, &rule->reference.among);
		if (parent->rows_kind != SPINDLE_ROWS_CHILDREN || parent->rows_parent != target)
			spindle_json_error(&among, NULL, "the rows of \"%s\" are not children of \"%s\".",
							   parent->name, r->parse->domain->table[target].name);
	}
	if (has(r, "where"))
	{
		SpindleJson where = member(r, "where");

		rule->reference.has_where = true;
		spindle_parse_test(r->parse, &where, rule->reference.table, &rule->reference.where);
		if (rule->reference.where.kind == SPINDLE_TEST_HAS_CHILD)
			spindle_json_error(&where, NULL, "\"has_child\" cannot select parents.");
	}
	if (rule->reference.has_among + rule->reference.has_containing + rule->reference.has_where +
		(rule->reference.has_after || rule->reference.skew != SPINDLE_SKEW_NONE) > 1)
		spindle_json_error(r->node, NULL, "\"among\", \"containing\", \"where\" and \"skew\" with "
						   "\"after\" exclude each other.");
}

static void
read_parent(RuleReader *r)
{
	SpindleTable *table = &r->parse->domain->table[r->table];
	const SpindleTable *parent;

	if (table->rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(r->node, NULL, "the rows of table \"%s\" are not children of another table.",
						   table->name);
	if (r->rule->label != spindle_label(r->rule->path))
		spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	if (table->parent_column >= 0)
		spindle_json_error(r->node, NULL, "column \"%s\" has this rule already.",
						   table->column[table->parent_column].name);
	parent = &r->parse->domain->table[table->rows_parent];
	if (parent->key < 0)
		spindle_json_error(r->node, NULL, "parent table \"%s\" has no key.", parent->name);
	expect_fit(r->node, "the parent's key", &parent->column[parent->key].type, r->rule->type);
	table->parent_column = r->column - table->column;
}

static void
read_copy(RuleReader *r)
{
	SpindleJson m = member(r, "column");

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->copy);
	expect_fit(&m, "the copied column", &spindle_ref_column(r->parse->domain, &r->rule->copy)->type,
			   r->rule->type);
}

static void
read_offset(RuleReader *r)
{
	static const char *const units[] = {"days", "hours", "minutes", "seconds", NULL};
	static const int64 usecs[] = {USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SEC};
	SpindleJson m = member(r, "column");
	SpindleJson unit = member(r, "unit");
	int			u = spindle_json_choice(&unit, units);

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->offset.source);
	if (spindle_ref_column(r->parse->domain, &r->rule->offset.source)->type.kind != r->rule->type->kind)
		spindle_json_error(&m, NULL, "a column of type %s is needed.", r->rule->type->name);
	if (r->rule->type->kind == SPINDLE_DATE && u != 0)
		spindle_json_error(&unit, NULL, "a date can be moved by days only.");
	r->rule->offset.unit = r->rule->type->kind == SPINDLE_DATE ? 1 : usecs[u];
	r->rule->offset.whole = true;
	if (has(r, "whole"))
	{
		SpindleJson whole = member(r, "whole");

		r->rule->offset.whole = spindle_json_bool(&whole);
	}
	read_nested_dist(r, "by", &r->rule->offset.by);
}

static void
read_correlated(RuleReader *r)
{
	SpindleJson m = member(r, "column");
	SpindleKind kind;

	spindle_parse_ref(r->parse, &m, r->table, &r->rule->correlated.source);
	kind = spindle_ref_column(r->parse->domain, &r->rule->correlated.source)->type.kind;
	if (!((1 << kind) & NUMERIC_KINDS))
		spindle_json_error(&m, NULL, "a numeric column is needed.");
	if (has(r, "factor") == has(r, "add"))
		spindle_json_error(r->node, NULL, "either \"factor\" or \"add\" is needed.");
	r->rule->correlated.is_factor = has(r, "factor");
	read_nested_dist(r, r->rule->correlated.is_factor ? "factor" : "add", &r->rule->correlated.by);
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

/* What "total" and "child" share: which child rows, and their column. */
static void
read_children_of(RuleReader *r, bool needs_column)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "child");
	const SpindleTable *child;
	int			parent = r->table;

	rule->child.child = spindle_parse_table(r->parse, &m);
	child = &r->parse->domain->table[rule->child.child];
	if (has(r, "of"))
	{
		SpindleJson of = member(r, "of");

		rule->child.has_of = true;
		spindle_parse_ref(r->parse, &of, r->table, &rule->child.of);
		parent = spindle_parse_target(r->parse, &of, r->table, &rule->child.of);
	}
	if (child->rows_kind != SPINDLE_ROWS_CHILDREN || child->rows_parent != parent)
		spindle_json_error(&m, NULL, "the rows of \"%s\" are not children of \"%s\".",
						   child->name, r->parse->domain->table[parent].name);
	if (needs_column)
	{
		SpindleJson column = member(r, "column");

		rule->child.column = spindle_parse_column(r->parse, &column, rule->child.child);
	}
}

static void
read_total(RuleReader *r)
{
	static const char *const functions[] = {"sum", "count", "min", "max", "mean", NULL};
	SpindleJson m = member(r, "function");
	const SpindleType *type;

	r->rule->child.function = spindle_json_choice(&m, functions);
	read_children_of(r, r->rule->child.function != SPINDLE_TOTAL_COUNT);
	if (r->rule->child.function == SPINDLE_TOTAL_COUNT)
		return;
	type = &r->parse->domain->table[r->rule->child.child].column[r->rule->child.column].type;
	if (type->kind != r->rule->type->kind || type->scale != r->rule->type->scale)
		spindle_json_error(r->node, NULL, "the child's column has type %s, this one %s.",
						   type->name, r->rule->type->name);
}

static void
read_child(RuleReader *r)
{
	static const char *const picks[] = {"random", "first", "last", NULL};
	SpindleJson m = member(r, "pick");

	r->rule->child.pick = spindle_json_choice(&m, picks);
	read_children_of(r, true);
	expect_fit(r->node, "the child's column",
			   &r->parse->domain->table[r->rule->child.child].column[r->rule->child.column].type,
			   r->rule->type);
}

static void
read_first_child(RuleReader *r)
{
	if (r->parse->domain->table[r->table].rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(r->node, NULL, "the rows of this table are not children of another table.");
}

/* Group the records of a set by the text in one field. */
static void
read_match(RuleReader *r, SpindleDataSet *set)
{
	static const char *const legal[] = {"field", "column", NULL};
	SpindleRule *rule = r->rule;
	SpindleDomain *domain = r->parse->domain;
	SpindleJson match = member(r, "match");
	SpindleJson field;
	SpindleJson column;
	int			f;
	int		   *group_of_row = palloc(sizeof(int) * set->nrows);
	int		   *size;
	double	   *weight = palloc(sizeof(double) * set->nrows);

	spindle_json_expect_object(&match, legal);
	field = spindle_json_member(&match, "field");
	column = spindle_json_member(&match, "column");
	f = spindle_data_set_field(set, &field);
	spindle_parse_ref(r->parse, &column, r->table, &rule->data.match);
	if (spindle_ref_column(domain, &rule->data.match)->type.kind != SPINDLE_TEXT)
		spindle_json_error(&column, NULL, "a text column is needed.");
	rule->data.has_match = true;

	for (int i = 0; i < set->nrows; i++)
	{
		if (set->cell[f][i] == NULL)
			spindle_json_error(&field, NULL, "field \"%s\" is null in row %d.", set->field[f], i);
		(void) spindle_text_intern(domain, set->cell[f][i]);
	}

	/* texts interned later than these cannot be in the set */
	rule->data.group_of_text = palloc(sizeof(int) * domain->ntexts);
	for (int i = 0; i < domain->ntexts; i++)
		rule->data.group_of_text[i] = -1;
	size = palloc0(sizeof(int) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		int			id = spindle_text_intern(domain, set->cell[f][i])->id;

		if (rule->data.group_of_text[id] < 0)
			rule->data.group_of_text[id] = rule->data.ngroups++;
		group_of_row[i] = rule->data.group_of_text[id];
		size[group_of_row[i]]++;
	}
	rule->data.group = palloc(sizeof(int *) * rule->data.ngroups);
	rule->data.group_alias = palloc(sizeof(SpindleAlias *) * rule->data.ngroups);
	for (int g = 0; g < rule->data.ngroups; g++)
	{
		int			n = 0;

		rule->data.group[g] = palloc(sizeof(int) * size[g]);
		for (int i = 0; i < set->nrows; i++)
		{
			if (group_of_row[i] != g)
				continue;
			weight[n] = set->weights[i];
			rule->data.group[g][n++] = i;
		}
		rule->data.group_alias[g] = spindle_alias_create(weight, n);
	}
	rule->data.group_of_text = repalloc(rule->data.group_of_text, sizeof(int) * domain->ntexts);
}

static void
read_data(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "set");
	SpindleJson field = member(r, "field");
	SpindleDataSet *set = spindle_parse_data_set(r->parse, &m);
	int			f = spindle_data_set_field(set, &field);

	if (strcmp(set->field[f], "weight") == 0)
		spindle_json_error(&field, NULL, "\"weight\" holds the weights and cannot be a value.");
	rule->data.set = set;
	rule->data.value = palloc0(sizeof(int64) * set->nrows);
	rule->data.is_null = palloc0(sizeof(bool) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		rule->data.is_null[i] = set->cell[f][i] == NULL;
		if (!rule->data.is_null[i] &&
			!spindle_value_parse(r->parse->domain, rule->type, set->cell[f][i], &rule->data.value[i]))
			spindle_json_error(&field, NULL, "\"%s\" in row %d of data set \"%s\" is not a value of type %s.",
							   set->cell[f][i], i, set->name, rule->type->name);
	}
	rule->data.draw_label = rule->label;
	if (has(r, "draw"))
	{
		SpindleJson draw = member(r, "draw");

		/* columns of a table that name the same draw take the same record */
		rule->data.draw_label = spindle_label(psprintf("%s draw %s",
													   r->parse->domain->table[r->table].name,
													   spindle_json_string(&draw)));
	}
	if (has(r, "by_row"))
	{
		SpindleJson by_row = member(r, "by_row");

		rule->data.by_row = spindle_json_bool(&by_row);
	}
	if (has(r, "match"))
		read_match(r, set);
	if (rule->data.by_row && (rule->data.has_match || has(r, "draw")))
		spindle_json_error(r->node, NULL, "\"by_row\" excludes \"match\" and \"draw\".");
}

/* One {…} of a pattern: name, name:width, name|lower, name|upper. */
static void
read_placeholder(RuleReader *r, const SpindleJson *node, char *text, SpindlePiece *piece)
{
	char	   *bar = strchr(text, '|');
	char	   *colon = strchr(text, ':');

	if (bar)
	{
		*bar++ = '\0';
		if (strcmp(bar, "lower") == 0)
			piece->fold = 'l';
		else if (strcmp(bar, "upper") == 0)
			piece->fold = 'u';
		else
			spindle_json_error(node, "Legal: lower, upper.", "unrecognized modifier \"%s\".", bar);
	}
	if (colon)
	{
		char	   *end;

		*colon++ = '\0';
		piece->width = (int) strtol(colon, &end, 10);
		if (end == colon || *end || piece->width < 1 || piece->width > 100)
			spindle_json_error(node, "It must be from 1 to 100.", "\"%s\" is not a width.", colon);
	}
	if (strcmp(text, "row") == 0)
		piece->kind = SPINDLE_PIECE_ROW;
	else if (strcmp(text, "random_digits") == 0)
		piece->kind = SPINDLE_PIECE_DIGITS;
	else if (strcmp(text, "random_letters") == 0)
		piece->kind = SPINDLE_PIECE_LETTERS;
	else if (strcmp(text, "random_alnum") == 0)
		piece->kind = SPINDLE_PIECE_ALNUM;
	else
	{
		const SpindleType *type;

		piece->kind = SPINDLE_PIECE_COLUMN;
		spindle_parse_ref_text(r->parse, node, r->table, text, &piece->ref);
		type = &spindle_ref_column(r->parse->domain, &piece->ref)->type;
		if (type->kind != SPINDLE_TEXT && type->kind != SPINDLE_INT && type->kind != SPINDLE_DECIMAL)
			spindle_json_error(node, NULL, "column \"%s\" of type %s cannot be part of a pattern.",
							   text, type->name);
		piece->is_text = type->kind == SPINDLE_TEXT;
		piece->scale = type->scale;
		return;
	}
	if (piece->kind != SPINDLE_PIECE_ROW && piece->width == 0)
		spindle_json_error(node, NULL, "\"%s\" needs a number of characters, as in {%s:4}.", text, text);
}

static void
read_pattern(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "pattern");
	char	   *text = spindle_json_string(&m);

	rule->pattern.piece = palloc0(sizeof(SpindlePiece) * MAX_PIECES);
	while (*text)
	{
		SpindlePiece *piece = &rule->pattern.piece[rule->pattern.npieces];
		size_t		len = strcspn(text, "{");

		if (rule->pattern.npieces++ == MAX_PIECES)
			spindle_json_error(&m, NULL, "more than %d pieces.", MAX_PIECES);
		if (len > 0)
		{
			piece->kind = SPINDLE_PIECE_LITERAL;
			piece->text = pnstrdup(text, len);
			text += len;
			continue;
		}
		len = strcspn(text, "}");
		if (text[len] == '\0')
			spindle_json_error(&m, NULL, "a \"{\" is not closed.");
		read_placeholder(r, &m, pnstrdup(text + 1, len - 1), piece);
		text += len + 1;
	}
}

static void
read_hierarchy(RuleReader *r)
{
	SpindleJson levels = member(r, "levels");
	SpindleJson roots = member(r, "roots");

	if (r->parse->domain->table[r->table].key < 0)
		spindle_json_error(r->node, NULL, "the table has no key.");
	if (r->rule->kind == SPINDLE_RULE_HIERARCHY)
	{
		const SpindleTable *table = &r->parse->domain->table[r->table];

		expect_fit(r->node, "the table's key", &table->column[table->key].type, r->rule->type);
		if (r->rule->label != spindle_label(r->rule->path))
			spindle_json_error(r->node, NULL, "this rule must be a column's own.");
	}
	r->rule->hierarchy.levels = (int) spindle_json_int64(&levels, 1, 100);
	r->rule->hierarchy.roots = spindle_json_int64(&roots, 1, SPINDLE_MAX_ROWS);
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
	{"uniform", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS()},
	{"normal", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("mean", "sd",)},
	{"lognormal", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("mu", "sigma",)},
	{"pareto", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("alpha",)},
	{"exponential", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("mean",)},
	{"geometric", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("p",)},
	{"poisson", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("mean",)},
	{"zipf", SPINDLE_RULE_NUMBER, NUMERIC_KINDS, read_number, DIST_MEMBERS("exponent",)},
	{"bernoulli", SPINDLE_RULE_NUMBER, NUMERIC_KINDS | (1 << SPINDLE_BOOL), read_number, DIST_MEMBERS("p",)},
	{"time", SPINDLE_RULE_TIME, TIME_KINDS, read_time, {"kind", "start", "end", "months", "weekdays",
	"hours", "hour_peaks", "hour_sd", "ordered", "first_at_start", NULL}},
	{"reference", SPINDLE_RULE_REFERENCE, ALL_KINDS, read_reference, {"kind", "table", "skew", "after",
	"containing", "among", "where", NULL}},
	{"parent", SPINDLE_RULE_PARENT, ALL_KINDS, read_parent, {"kind", NULL}},
	{"copy", SPINDLE_RULE_COPY, ALL_KINDS, read_copy, {"kind", "column", NULL}},
	{"offset", SPINDLE_RULE_OFFSET, TIME_KINDS, read_offset, {"kind", "column", "unit", "by", "whole", NULL}},
	{"correlated", SPINDLE_RULE_CORRELATED, NUMERIC_KINDS, read_correlated, {"kind", "column", "factor",
	"add", "round", NULL}},
	{"formula", SPINDLE_RULE_FORMULA, NUMERIC_KINDS, read_formula, {"kind", "expression", NULL}},
	{"case", SPINDLE_RULE_CASE, ALL_KINDS, read_case, {"kind", "cases", "else", NULL}},
	{"total", SPINDLE_RULE_TOTAL, (1 << SPINDLE_INT) | (1 << SPINDLE_DECIMAL), read_total, {"kind", "child",
	"column", "function", "of", NULL}},
	{"child", SPINDLE_RULE_CHILD, ALL_KINDS, read_child, {"kind", "child", "column", "pick", "of", NULL}},
	{"first_child", SPINDLE_RULE_FIRST_CHILD, 1 << SPINDLE_BOOL, read_first_child, {"kind", NULL}},
	{"data", SPINDLE_RULE_DATA, ALL_KINDS, read_data, {"kind", "set", "field", "draw", "by_row", "match", NULL}},
	{"pattern", SPINDLE_RULE_PATTERN, 1 << SPINDLE_TEXT, read_pattern, {"kind", "pattern", NULL}},
	{"hierarchy", SPINDLE_RULE_HIERARCHY, ALL_KINDS, read_hierarchy, {"kind", "levels", "roots", NULL}},
	{"level", SPINDLE_RULE_LEVEL, 1 << SPINDLE_INT, read_hierarchy, {"kind", "levels", "roots", NULL}},
};

/*
 * spindle_parse_rule
 *		Read a rule for a column, or for a branch of one.
 *
 * label tells the rule's random draws from all others.
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
	return rule;
}
