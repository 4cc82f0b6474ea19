/*-------------------------------------------------------------------------
 *
 * lifecycle_set.c
 *		Reading the clocks of a table, and how columns change.
 *
 * Today's values are the last version, so what changes a column is told so that
 * it can be followed back: a chain of values, which a definition tells forward,
 * is reversed here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "define/lifecycle.h"
#include "define/rule_reader.h"

#define MAX_CLOCKS	100

/* Values of a chain, at most. */
#define MAX_CHAIN	100

/* How often a chain that has no way back begins anew: one in so many steps. */
#define ANEW		1024

/* The name of what sets a column, for errors. */
static const char *
setter_name(const SpindleTable *table, int by)
{
	return by == SPINDLE_SET_BY_STATES ? "\"states\"" : psprintf("the clock \"%s\"", table->lifecycle->clock[by].name);
}

/*
 * The limits that a walk is cut to: those of the type, and those of a distribution
 * that the column's rule is.
 */
static void
find_limits(const SpindleColumn *column, SpindleSet *set)
{
	const SpindleType *type = &column->type;
	const SpindleRule *rule = column->rule;
	double		unit = (double) spindle_power_of_ten(type->scale);
	double		min = rule->kind == SPINDLE_RULE_NUMBER ? rule->number.min : -INFINITY;
	double		max = rule->kind == SPINDLE_RULE_NUMBER ? rule->number.max : INFINITY;

	if (type->kind == SPINDLE_FLOAT)
	{
		min = isinf(min) ? -DBL_MAX : min;
		max = isinf(max) ? DBL_MAX : max;
		memcpy(&set->least, &min, sizeof(min));
		memcpy(&set->most, &max, sizeof(max));
		return;
	}
	set->least = min * unit > (double) type->min ? (int64) ceil(min * unit - 1e-6) : type->min;
	set->most = max * unit < (double) type->max ? (int64) floor(max * unit + 1e-6) : type->max;
}

/* {"factor": a distribution} or {"add": a distribution}. */
static void
read_walk(const SpindleJson *node, const SpindleColumn *column, SpindleSet *set)
{
	static const char *const legal[] = {"factor", "add", NULL};
	const SpindleDist *dist = &set->dist;

	spindle_json_expect_object(node, legal);
	if (!(NUMERIC_KINDS & (1 << column->type.kind)) || column->target >= 0 || column->references >= 0)
		spindle_json_error(node, NULL, "a walk needs numbers, but column \"%s\" %s.", column->name,
						   column->target >= 0 || column->references >= 0 ? "is a reference" :
						   psprintf("has type %s", column->type.name));
	if (spindle_json_size(node) != 1)
		spindle_json_error(node, NULL, "either \"factor\" or \"add\" is needed.");
	set->is_factor = spindle_json_has(node, "factor");
	spindle_parse_dist(node, set->is_factor ? "factor" : "add", &set->dist);
	if (set->is_factor && !((dist->kind == SPINDLE_DIST_DISCRETE ? (double) dist->first : dist->min) >= 1e-6))
		spindle_json_error(node, "Give the distribution a \"min\" of 0.000001 or more.", "a factor must be above zero.");
	find_limits(column, set);
}

/* A chain that is being read: probabilities to go from value to value. */
typedef struct Chain
{
	int			n;
	int64		value[MAX_CHAIN];
	bool		is_from[MAX_CHAIN]; /* it says what comes next */
	double	   *step;			/* [from * MAX_CHAIN + to] */
} Chain;

/* The number of a value of the chain, which is added if it is new. */
static int
chain_value(SpindleParse *parse, const SpindleJson *node, const SpindleType *type, const char *text, Chain *chain)
{
	int64		value;

	if (!spindle_value_parse(parse->domain, type, text, &value))
		spindle_json_error(node, NULL, "\"%s\" is not a value of type %s.", text, spindle_type_sql_name(type));
	for (int i = 0; i < chain->n; i++)
		if (spindle_values_equal(type, chain->value[i], value))
			return i;
	if (chain->n == MAX_CHAIN)
		spindle_json_error(node, NULL, "a chain has at most %d values.", MAX_CHAIN);
	chain->value[chain->n] = value;
	return chain->n++;
}

/* All that can be reached from value 0, forward or back, is everything. */
static bool
reaches_all(const Chain *chain, bool forward)
{
	bool		seen[MAX_CHAIN] = {true};
	int			list[MAX_CHAIN] = {0};
	int			n = 1;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < chain->n; k++)
			if (!seen[k] && chain->step[forward ? list[i] * MAX_CHAIN + k : k * MAX_CHAIN + list[i]] > 0)
			{
				seen[k] = true;
				list[n++] = k;
			}
	return n == chain->n;
}

/*
 * Solve the n equations a x = b, of rows of n + 1 numbers with b the last one, by
 * elimination; the solution stands in the place of b.
 */
static void
solve(double *a, int n)
{
	const int	width = n + 1;

	for (int c = 0; c < n; c++)
	{
		int			best = c;

		CHECK_FOR_INTERRUPTS();
		for (int r = c + 1; r < n; r++)
			if (fabs(a[r * width + c]) > fabs(a[best * width + c]))
				best = r;
		for (int k = 0; k < width && best != c; k++)
		{
			double		swap = a[c * width + k];

			a[c * width + k] = a[best * width + k];
			a[best * width + k] = swap;
		}
		for (int r = 0; r < n; r++)
		{
			double		factor = r == c ? 0 : a[r * width + c] / a[c * width + c];

			for (int k = c; k < width && factor != 0; k++)
				a[r * width + k] -= factor * a[c * width + k];
		}
	}
	for (int r = 0; r < n; r++)
		a[r * width + n] /= a[r * width + r];
}

/*
 * How often the chain is at each value in the long run, palloc'd.
 *
 * Where a value can be left for good, that is of a chain which now and then begins
 * anew, at each value as likely, so that all of them have a share.
 */
static double *
long_run(const Chain *chain)
{
	const int	n = chain->n;
	const bool	has_way_back = reaches_all(chain, true) && reaches_all(chain, false);
	const double go_on = has_way_back ? 1 : 1 - 1.0 / ANEW;
	double	   *a = palloc(sizeof(double) * n * (n + 1));
	double	   *share = palloc(sizeof(double) * n);

	/* what comes to a value is what there is of it */
	for (int to = 0; to < n; to++)
	{
		for (int from = 0; from < n; from++)
			a[to * (n + 1) + from] = (from == to) - go_on * chain->step[from * MAX_CHAIN + to];
		a[to * (n + 1) + n] = (1 - go_on) / n;
	}

	/* without a new beginning one equation follows from the others */
	for (int from = 0; from <= n && has_way_back; from++)
		a[(n - 1) * (n + 1) + from] = 1;
	solve(a, n);
	for (int i = 0; i < n; i++)
		share[i] = Max(a[i * (n + 1) + n], 0);
	pfree(a);
	return share;
}

/* {value: {value: weight}}: the values that come next, by weight. */
static void
read_chain(SpindleParse *parse, const SpindleJson *node, const SpindleColumn *column, SpindleSet *set)
{
	Chain	   *chain = palloc0(sizeof(Chain));
	double	   *share;
	double	   *weight = palloc(sizeof(double) * MAX_CHAIN);
	const cJSON *item;
	const cJSON *inner;

	spindle_json_expect_object(node, NULL);
	chain->step = palloc0(sizeof(double) * MAX_CHAIN * MAX_CHAIN);
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson next = spindle_json_child(node, item, 0);
		int			from = chain_value(parse, node, &column->type, item->string, chain);
		double		sum = 0;

		spindle_json_expect_object(&next, NULL);
		if (chain->is_from[from])
			spindle_json_error(&next, NULL, "the value stands twice, written in two ways.");
		chain->is_from[from] = true;
		cJSON_ArrayForEach(inner, item)
		{
			SpindleJson m = spindle_json_child(&next, inner, 0);
			double		w = spindle_json_number(&m, 1e-9, 1e9);

			chain->step[from * MAX_CHAIN + chain_value(parse, &next, &column->type, inner->string, chain)] += w;
			sum += w;
		}
		if (sum == 0)
			spindle_json_error(&next, NULL, "at least one value must come next.");
		for (int to = 0; to < chain->n; to++)
			chain->step[from * MAX_CHAIN + to] /= sum;
	}
	if (chain->n < 2)
		spindle_json_error(node, NULL, "a chain has 2 to %d values.", MAX_CHAIN);

	/* where nothing comes next, the value stays */
	for (int i = 0; i < chain->n; i++)
		if (!chain->is_from[i])
			chain->step[i * MAX_CHAIN + i] = 1;
	share = long_run(chain);
	set->nvalues = chain->n;
	set->value = palloc(sizeof(int64) * chain->n);
	set->back = palloc0(sizeof(SpindleAlias *) * chain->n);
	for (int to = 0; to < chain->n; to++)
	{
		double		sum = 0;

		set->value[to] = chain->value[to];
		for (int from = 0; from < chain->n; from++)
			sum += weight[from] = share[from] * chain->step[from * MAX_CHAIN + to];
		if (sum > 0)
			set->back[to] = spindle_alias_create(weight, chain->n);
	}
	pfree(chain->step);
	pfree(chain);
	pfree(weight);
	pfree(share);
}

/* How a column changes: "redraw", "follow", or an object with one member. */
static void
read_set(SpindleParse *parse, const SpindleJson *node, const SpindleTable *table, SpindleSet *set)
{
	static const char *const words[] = {"redraw", "follow", NULL};
	static const char *const legal[] = {"walk", "chain", "to", NULL};
	const SpindleColumn *column = &table->column[set->column];
	SpindleJson m;

	set->label = spindle_label(spindle_json_path(node));
	if (cJSON_IsString(node->value))
	{
		set->kind = spindle_json_choice(node, words) == 0 ? SPINDLE_SET_REDRAW : SPINDLE_SET_FOLLOW;
		return;
	}
	spindle_json_expect_object(node, legal);
	if (spindle_json_size(node) != 1)
		spindle_json_error(node, NULL, "one of \"walk\", \"chain\" and \"to\" is needed, or the word \"redraw\" or \"follow\".");
	if (spindle_json_has(node, "walk"))
	{
		m = spindle_json_member(node, "walk");
		set->kind = SPINDLE_SET_WALK;
		read_walk(&m, column, set);
	}
	else if (spindle_json_has(node, "chain"))
	{
		m = spindle_json_member(node, "chain");
		if (column->type.kind == SPINDLE_ROW || column->target >= 0)
			spindle_json_error(&m, NULL, "column \"%s\" is a reference, which goes along no chain.", column->name);
		set->kind = SPINDLE_SET_CHAIN;
		read_chain(parse, &m, column, set);
	}
	else
	{
		/* the label tells that it is not the column's own rule */
		m = spindle_json_member(node, "to");
		set->kind = SPINDLE_SET_TO;
		set->rule = spindle_parse_rule(parse, &m, table->index, column, spindle_mix(set->label));
	}
}

/*
 * spindle_parse_sets
 *		Read an object "set" of a clock, or of one of the steps of states, by.
 *
 * spec has per column how it is set by steps so far, as JSON: several steps can
 * set a column if they do it in one way.  The columns are marked in named; both
 * are NULL for a clock.
 */
void
spindle_parse_sets(SpindleParse *parse, const SpindleJson *node, SpindleTable *table, int by,
				   const cJSON **spec, bool *named)
{
	SpindleLifecycle *lifecycle = table->lifecycle;
	const cJSON *item;

	spindle_json_expect_object(node, NULL);
	if (spindle_json_size(node) == 0)
		spindle_json_error(node, NULL, "at least one column is needed.");
	if (lifecycle->set == NULL)
		lifecycle->set = palloc0(sizeof(SpindleSet) * table->ncolumns);
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson m = spindle_json_child(node, item, 0);
		int			column = spindle_parse_column_named(parse, &m, table->index, item->string);
		int			s = lifecycle->set_of_column[column];

		if (named)
			named[column] = true;
		if (s >= 0 && lifecycle->set[s].by != by)
			spindle_json_error(&m, NULL, "column \"%s\" is set by %s already.", item->string,
							   setter_name(table, lifecycle->set[s].by));
		if (s >= 0 && !cJSON_Compare(spec[column], item, true))
			spindle_json_error(&m, NULL, "column \"%s\" is set in another way by another step.", item->string);
		if (s >= 0)
			continue;
		s = lifecycle->nsets++;
		lifecycle->set_of_column[column] = s;
		lifecycle->set[s].column = column;
		lifecycle->set[s].by = by;
		read_set(parse, &m, table, &lifecycle->set[s]);
		spindle_parse_check_memory(parse->domain, spindle_json_path(&m));
		if (spec)
			spec[column] = item;
	}
}

/* A clock: how many changes there are, their calendar, and what they set. */
static void
read_clock(SpindleParse *parse, const SpindleJson *node, SpindleTable *table, SpindleClock *clock)
{
	static const char *const legal[] = {"ratio", "min", "max", "counts", "start", "end", "months", "weekdays", "hours",
	"hour_peaks", "hour_sd", "set", NULL};
	SpindleCalendarSpec *spec = palloc0(sizeof(SpindleCalendarSpec));

	spindle_parse_check_name(node, node->name);
	spindle_json_expect_object(node, legal);
	clock->name = pstrdup(node->name);
	clock->label = spindle_label(spindle_json_path(node));
	clock->layout = palloc0(sizeof(SpindleTable));
	clock->layout->label = clock->label;
	clock->layout->rows_parent = table->index;
	spindle_parse_layout(node, clock->layout, SPINDLE_MAX_VERSIONS - 1);
	spindle_parse_calendar(parse, node, spec);
	clock->calendar = spindle_calendar_create(spec);
	spindle_parse_check_memory(parse->domain, spindle_json_path(node));
	pfree(spec);
}

/* spindle_parse_clocks: the member "revisions" of a lifecycle. */
void
spindle_parse_clocks(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	SpindleLifecycle *lifecycle = table->lifecycle;
	const cJSON *item;

	spindle_json_expect_object(node, NULL);
	if (spindle_json_size(node) < 1 || spindle_json_size(node) > MAX_CLOCKS)
		spindle_json_error(node, NULL, "1 to %d clocks are needed.", MAX_CLOCKS);
	lifecycle->clock = palloc0(sizeof(SpindleClock) * spindle_json_size(node));
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson clock = spindle_json_child(node, item, 0);
		SpindleJson set;

		read_clock(parse, &clock, table, &lifecycle->clock[lifecycle->nclocks]);
		set = spindle_json_member(&clock, "set");
		spindle_parse_sets(parse, &set, table, lifecycle->nclocks++, NULL, NULL);
	}
}

/* The place of what sets a column, for errors. */
static char *
path_of_set(const SpindleTable *table, const SpindleSet *set)
{
	const char *by = set->by == SPINDLE_SET_BY_STATES ? "states" :
	psprintf("revisions.%s.set.%s", table->lifecycle->clock[set->by].name, table->column[set->column].name);

	return spindle_lifecycle_path(table, by);
}

/* Is a column one of a set that is unique? */
static bool
is_unique(const SpindleTable *table, int column)
{
	for (int u = 0; u < table->nunique; u++)
		for (int i = 0; i < table->unique[u].n; i++)
			if (table->unique[u].column[i] == column)
				return true;
	return false;
}

/* A walk over the parts of a rule, for a column of the row that changes. */
typedef struct Following
{
	const SpindleDomain *domain;
	const SpindleTable *table;
	bool		any;
} Following;

static void
follow_path(void *context, int table, const SpindleColumnRef *ref)
{
	Following  *following = context;

	if (table == following->table->index)
		following->any |= spindle_column_changes(following->table, ref->nsteps > 0 ? ref->step[0] : ref->column);
}

static void
follow_rule(void *context, const SpindleRule *rule)
{
	Following  *following = context;
	const SpindleRuleVisitor visitor = {.path = follow_path,.rule = follow_rule,.context = context};

	spindle_rule_visit(following->domain, following->table->index, rule, &visitor);
}

/* Why a column must not change, as a sentence; NULL if it may. */
static char *
why_not(const SpindleTable *table, int column)
{
	const SpindleColumn *c = &table->column[column];
	const SpindleInsert *insert = &table->lifecycle->insert;

	if (spindle_table_is_key(table, column))
		return psprintf("column \"%s\" is part of the key, which never changes.", c->name);
	if (is_unique(table, column))
		return psprintf("column \"%s\" is unique, which other versions could not promise.", c->name);
	if (column == table->parent_column)
		return psprintf("column \"%s\" is the row that this row belongs to.", c->name);
	if (c->monotone)
		return psprintf("column \"%s\" rises with the row, which other versions would not.", c->name);
	if (insert->kind == SPINDLE_INSERT_AT && insert->time.ref.nsteps == 0 && insert->time.ref.column == column)
		return psprintf("column \"%s\" is the time at which a row is inserted.", c->name);
	return NULL;
}

/* What the kind of a set asks of the rule of its column. */
static void
check_rule_of_set(const SpindleDomain *domain, const SpindleTable *table, const SpindleSet *set)
{
	const SpindleColumn *column = &table->column[set->column];
	const SpindleRule *rule = set->kind == SPINDLE_SET_TO ? set->rule : column->rule;
	RowUse		use = spindle_rule_row_use(domain, table->index, rule);
	char	   *path = set->kind == SPINDLE_SET_TO ? set->rule->path : path_of_set(table, set);

	if (set->kind == SPINDLE_SET_REDRAW && use == ROW_IGNORED)
		spindle_model_error(domain, path, psprintf("nothing of column \"%s\" is drawn by the row.", column->name),
							"Say \"follow\" of a column that comes from others, and \"redraw\" of those that are drawn.");
	if ((set->kind == SPINDLE_SET_REDRAW || set->kind == SPINDLE_SET_TO) && use == ROW_NEEDED)
		spindle_model_error(domain, path, psprintf("the values of column \"%s\" are those of one row, which cannot have others.",
												   column->name),
							"What is drawn can be drawn again: numbers, times that are not ordered, data, texts, references "
							"whose choices need not differ, and cases and documents of these.");
	if (set->kind == SPINDLE_SET_TO && !column->nullable && set->rule->ops->may_be_null(domain, table->index, set->rule, NULL))
		spindle_model_error(domain, path, "the rule can give NULL, but the column is not \"nullable\".", NULL);
	if (set->kind == SPINDLE_SET_FOLLOW)
	{
		Following	following = {.domain = domain,.table = table};

		follow_rule(&following, rule);
		if (!following.any)
			spindle_model_error(domain, path, psprintf("column \"%s\" comes from no column that changes.", column->name), NULL);
	}
}

/* Does a column change by itself, as the row does? */
static bool
changes_by_itself(const SpindleColumn *column)
{
	const SpindleRuleKind kind = column->rule->kind;

	return kind == SPINDLE_RULE_ENTERED || kind == SPINDLE_RULE_CHANGED || kind == SPINDLE_RULE_VERSION;
}

/*
 * That the columns of a foreign key of several columns are those of one row in all
 * versions: each is as its own rule says, and what comes from a column that changes
 * changes with it.
 */
static void
check_foreign_key(const SpindleDomain *domain, const SpindleTable *table, const SpindleForeignKey *key)
{
	for (int i = 0; i < key->ncolumns; i++)
	{
		const int	c = key->column[i];
		const int	s = table->lifecycle->set_of_column[c];
		const SpindleSet *set = &table->lifecycle->set[Max(s, 0)];
		Following	following = {.domain = domain,.table = table};

		if (s >= 0 && set->kind != SPINDLE_SET_REDRAW && set->kind != SPINDLE_SET_FOLLOW)
			spindle_model_error(domain, path_of_set(table, set),
								psprintf("column \"%s\" refers to rows of table \"%s\" together with others.",
										 table->column[c].name, domain->table[key->table].name),
								"Let what chooses the row be drawn again, and its columns \"follow\".");
		if (s >= 0)
			continue;
		follow_rule(&following, table->column[c].rule);
		if (following.any)
			spindle_model_error(domain, table->column[c].rule->path,
								psprintf("column \"%s\" refers to rows of table \"%s\" together with others, and comes from a column that changes.",
										 table->column[c].name, domain->table[key->table].name),
								"Let it \"follow\" where that changes.");
	}
}

/*
 * spindle_lifecycle_check_sets
 *		Check what a table's clocks and states set, when all is known of the
 *		columns.
 */
void
spindle_lifecycle_check_sets(SpindleDomain *domain, SpindleTable *table)
{
	const SpindleLifecycle *lifecycle = table->lifecycle;
	const SpindleStates *states = lifecycle->states;

	for (int s = 0; s < lifecycle->nsets; s++)
	{
		const SpindleSet *set = &lifecycle->set[s];
		char	   *reason = why_not(table, set->column);

		CHECK_FOR_INTERRUPTS();
		if (states && states->column == set->column)
			reason = psprintf("column \"%s\" changes as its states do.", table->column[set->column].name);
		if (changes_by_itself(&table->column[set->column]))
			reason = psprintf("column \"%s\" changes by itself.", table->column[set->column].name);
		if (reason)
			spindle_model_error(domain, path_of_set(table, set), reason, NULL);
		check_rule_of_set(domain, table, set);
	}
	for (int c = 0; c < table->ncolumns; c++)
		if (changes_by_itself(&table->column[c]) && why_not(table, c))
			spindle_model_error(domain, table->column[c].rule->path, why_not(table, c), NULL);
	for (int k = 0; k < table->nforeign_keys; k++)
		if (table->foreign_key[k].ncolumns > 1 && lifecycle->nsets > 0)
			check_foreign_key(domain, table, &table->foreign_key[k]);
	if (states && why_not(table, states->column))
		spindle_model_error(domain, spindle_lifecycle_path(table, "states.column"), why_not(table, states->column), NULL);
}
