/*-------------------------------------------------------------------------
 *
 * describe.c
 *		The rule of a column in words.
 *
 * The words are for people who ask what a column is, in English, and may
 * change with any release.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/model.h"

/*
 * spindle_describe_path
 *		Append the names along a path that begins in a row of a table, with
 *		points between them as in a definition.
 */
void
spindle_describe_path(StringInfo out, const SpindleDomain *domain, int table, const SpindleColumnRef *ref)
{
	for (int i = 0; i < ref->nsteps; i++)
	{
		appendStringInfo(out, "%s.", domain->table[table].column[ref->step[i]].name);
		table = spindle_column_target(domain, table, ref->step[i]);
	}
	appendStringInfoString(out, spindle_ref_column(domain, ref)->name);
}

/* Append a distribution with its parameters and limits. */
void
spindle_describe_dist(StringInfo out, const SpindleDist *dist)
{
	static const char *const names[] = {"uniform", "normal", "lognormal", "Pareto", "exponential",
	"random whole number", "empirical"};

	appendStringInfoString(out, names[dist->kind]);
	switch (dist->kind)
	{
		case SPINDLE_DIST_NORMAL:
			appendStringInfo(out, " (mean %g, sd %g)", dist->a, dist->b);
			break;
		case SPINDLE_DIST_LOGNORMAL:
			appendStringInfo(out, " (mu %g, sigma %g)", dist->a, dist->b);
			break;
		case SPINDLE_DIST_PARETO:
			appendStringInfo(out, " (alpha %g)", dist->a);
			break;
		case SPINDLE_DIST_EXPONENTIAL:
			appendStringInfo(out, " (mean %g)", dist->a);
			break;
		default:
			break;
	}
	if (!isinf(dist->min) && !isinf(dist->max))
		appendStringInfo(out, " from %g to %g", dist->min, dist->max);
	else if (!isinf(dist->min))
		appendStringInfo(out, " from %g", dist->min);
	else if (!isinf(dist->max))
		appendStringInfo(out, " up to %g", dist->max);
	if (dist->kind == SPINDLE_DIST_EMPIRICAL && dist->parts > 0)
		appendStringInfo(out, ", %.0f values between quantiles", floor(dist->parts * (dist->nquantiles - 1) + 0.5));
}

/* Append how unevenly rows are chosen, behind a comma; nothing if all are alike. */
void
spindle_describe_skew(StringInfo out, const SpindleSkew *skew)
{
	if (skew->kind == SPINDLE_SKEW_SHARE)
		appendStringInfo(out, ", the most popular %g %% with %g %% of the choices", skew->top * 100,
						 skew->share * 100);
	else if (skew->kind == SPINDLE_SKEW_EXPONENT)
		appendStringInfo(out, ", popularity falling as rank^-%g", skew->share);
	else if (skew->kind == SPINDLE_SKEW_PROFILE)
		appendStringInfoString(out, ", popularity by a profile");
}

/* Append within what the values differ, behind a comma; nothing if they need not. */
void
spindle_describe_distinct(StringInfo out, SpindleDistinct distinct)
{
	if (distinct == SPINDLE_DISTINCT_PARENT)
		appendStringInfoString(out, ", different for the rows of one parent");
	else if (distinct == SPINDLE_DISTINCT_TABLE)
		appendStringInfoString(out, ", different for all rows");
	else if (distinct == SPINDLE_DISTINCT_ARRAY)
		appendStringInfoString(out, ", different within an array");
}

/* Append a condition on a row of a table. */
void
spindle_describe_test(StringInfo out, const SpindleDomain *domain, int table, const SpindleTest *test)
{
	static const char *const words[] = {"is null", "is not null", "is one of the listed values",
		"is none of the listed values", "is less", "is at least a value", "is greater", "is at most a value"};
	static const char *const than[] = {"", "", "equals", "differs from", "is less than", "is at least",
	"is greater than", "is at most"};

	switch (test->kind)
	{
		case SPINDLE_TEST_HAS_CHILD:
		case SPINDLE_TEST_NO_CHILD:
			appendStringInfo(out, "there is %s row of %s", test->kind == SPINDLE_TEST_HAS_CHILD ? "a" : "no",
							 domain->table[test->child].name);
			return;
		case SPINDLE_TEST_AND:
		case SPINDLE_TEST_OR:
			appendStringInfoChar(out, '(');
			for (int i = 0; i < test->nparts; i++)
			{
				if (i > 0)
					appendStringInfoString(out, test->kind == SPINDLE_TEST_AND ? " and " : " or ");
				spindle_describe_test(out, domain, table, &test->part[i]);
			}
			appendStringInfoChar(out, ')');
			return;
		default:
			spindle_describe_path(out, domain, table, &test->ref);
			appendStringInfo(out, " %s", test->has_other ? than[test->kind] : words[test->kind]);
			if (test->has_other)
			{
				appendStringInfoChar(out, ' ');
				spindle_describe_path(out, domain, table, &test->other);
			}
			return;
	}
}

/* Append which other columns the value goes together with, if any. */
static void
describe_copula(StringInfo out, const SpindleTable *table, const SpindleRule *rule)
{
	const SpindleCopula *copula = rule->copula;
	int			n = 0;

	for (int i = 0; copula && i < copula->n; i++)
		if (i != rule->copula_place)
			appendStringInfo(out, "%s%s", n++ ? ", " : ", correlated by rank with ",
							 table->column[copula->column[i]].name);
}

/* What sets a column, in words. */
static void
describe_setter(StringInfo out, const SpindleLifecycle *lifecycle, const SpindleSet *set)
{
	if (set->by == SPINDLE_SET_BY_STATES)
		appendStringInfoString(out, " by steps of the row's states");
	else
		appendStringInfo(out, " by revisions \"%s\"", lifecycle->clock[set->by].name);
}

/* Append how a column changes in the course of time, behind a semicolon, if it does. */
static void
describe_changes(StringInfo out, const SpindleDomain *domain, const SpindleTable *table, int column)
{
	const SpindleLifecycle *lifecycle = table->lifecycle;
	const SpindleStates *states = lifecycle->states;
	const SpindleSet *set;

	if (states && states->column == column)
		appendStringInfo(out, "; goes through %d states from %s on", states->nstates, states->name[states->initial]);
	if (lifecycle->set_of_column[column] < 0)
		return;
	set = &lifecycle->set[lifecycle->set_of_column[column]];
	switch (set->kind)
	{
		case SPINDLE_SET_REDRAW:
			appendStringInfoString(out, "; drawn anew");
			break;
		case SPINDLE_SET_WALK:
			appendStringInfo(out, "; changes%s ", set->is_factor ? " times" : " plus");
			spindle_describe_dist(out, &set->dist);
			break;
		case SPINDLE_SET_CHAIN:
			appendStringInfo(out, "; goes along a chain of %d values", set->nvalues);
			break;
		case SPINDLE_SET_TO:
			appendStringInfoString(out, "; was before: ");
			set->rule->ops->describe(out, domain, table->index, set->rule);
			appendStringInfoString(out, ", until set");
			break;
		case SPINDLE_SET_FOLLOW:
			appendStringInfoString(out, "; follows what it comes from");
			return;
	}
	describe_setter(out, lifecycle, set);
}

/*
 * spindle_rule_describe
 *		The rule of a column in words, palloc'd.
 */
char *
spindle_rule_describe(const SpindleDomain *domain, const SpindleTable *table, const SpindleColumn *column)
{
	StringInfoData out;

	initStringInfo(&out);
	column->rule->ops->describe(&out, domain, table->index, column->rule);
	for (int i = 0; i < column->rule->nkeyed; i++)
	{
		appendStringInfoString(&out, i ? ", " : ", by the values of ");
		spindle_describe_path(&out, domain, table->index, &column->rule->keyed[i]);
	}
	describe_copula(&out, table, column->rule);
	if (column->null_fraction > 0)
		appendStringInfo(&out, "; null for %g %%", column->null_fraction * 100);
	describe_changes(&out, domain, table, column - table->column);
	return out.data;
}
