/*-------------------------------------------------------------------------
 *
 * describe.c
 *		The rule of a column in words.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"

#include "model/model.h"

static void describe_rule(StringInfo out, const SpindleDomain *domain, int table,
						  const SpindleRule *rule);

static void
append_ref(StringInfo out, const SpindleDomain *domain, int table, const SpindleColumnRef *ref)
{
	for (int i = 0; i < ref->nsteps; i++)
	{
		const SpindleColumn *step = &domain->table[table].column[ref->step[i]];

		appendStringInfo(out, "%s.", step->name);
		while (step->target < 0)
			step = spindle_ref_column(domain, &step->rule->copy);
		table = step->target;
	}
	appendStringInfoString(out, spindle_ref_column(domain, ref)->name);
}

static void
append_dist(StringInfo out, const SpindleDist *dist)
{
	static const char *const names[] = {"uniform", "normal", "lognormal", "Pareto", "exponential",
	"random whole number"};

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
}

static void
append_reference(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];

	if (rule->reference.has_among)
	{
		appendStringInfo(out, "one of the rows of %s that belong to the same ", parent->name);
		append_ref(out, domain, table, &rule->reference.among);
		return;
	}
	appendStringInfo(out, "a row of %s", parent->name);
	if (rule->reference.skew == SPINDLE_SKEW_SHARE)
		appendStringInfo(out, ", the most popular %g %% with %g %% of the choices",
						 rule->reference.top * 100, rule->reference.share * 100);
	else if (rule->reference.skew == SPINDLE_SKEW_EXPONENT)
		appendStringInfo(out, ", popularity falling as rank^-%g", rule->reference.share);
	if (rule->reference.has_after)
	{
		appendStringInfo(out, ", whose %s is not after ", parent->column[rule->reference.after_parent].name);
		append_ref(out, domain, table, &rule->reference.after_time);
	}
	if (rule->reference.has_containing)
	{
		appendStringInfo(out, " with ");
		append_ref(out, domain, table, &rule->reference.containing);
		appendStringInfo(out, " between its %s and %s", parent->column[rule->reference.period_start].name,
						 parent->column[rule->reference.period_end].name);
	}
	if (rule->reference.has_where)
	{
		appendStringInfoString(out, ", limited by its ");
		append_ref(out, domain, parent->index, &rule->reference.where.ref);
	}
}

static void
append_time(StringInfo out, const SpindleRule *rule)
{
	const SpindleCalendarSpec *spec = &rule->time.spec;
	bool		months = spec->has_months;
	bool		weekdays = spec->has_weekdays;
	bool		hours = false;

	for (int i = 1; i < 24; i++)
		hours |= spec->hour[i] != spec->hour[0];
	appendStringInfo(out, "random time%s", rule->time.ordered ? " that rises with the row" : "");
	if (months || weekdays || hours)
		appendStringInfo(out, ", with weights of%s%s%s", months ? " months" : "",
						 weekdays ? (months ? ", weekdays" : " weekdays") : "",
						 hours ? (months || weekdays ? ", hours" : " hours") : "");
}

static void
append_test(StringInfo out, const SpindleDomain *domain, int table, const SpindleTest *test)
{
	static const char *const words[] = {"is null", "is not null", "is one of the listed values",
	"is none of the listed values", "is less", "is greater"};

	if (test->kind == SPINDLE_TEST_HAS_CHILD)
	{
		appendStringInfo(out, "there is a row of %s", domain->table[test->child].name);
		return;
	}
	append_ref(out, domain, table, &test->ref);
	appendStringInfo(out, " %s", words[test->kind]);
}

static void
append_children(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	static const char *const functions[] = {"sum", "number", "minimum", "maximum", "mean"};
	static const char *const picks[] = {"a random", "the first", "the last"};
	const SpindleTable *child = &domain->table[rule->child.child];

	if (rule->kind == SPINDLE_RULE_CHILD)
		appendStringInfo(out, "%s of %s row of %s", child->column[rule->child.column].name,
						 picks[rule->child.pick], child->name);
	else if (rule->child.function == SPINDLE_TOTAL_COUNT)
		appendStringInfo(out, "number of rows of %s", child->name);
	else
		appendStringInfo(out, "%s of %s.%s", functions[rule->child.function], child->name,
						 child->column[rule->child.column].name);
	if (rule->child.has_of)
	{
		appendStringInfoString(out, " for ");
		append_ref(out, domain, table, &rule->child.of);
	}
}

static void
describe_rule(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	switch (rule->kind)
	{
		case SPINDLE_RULE_SEQUENCE:
			appendStringInfo(out, "numbers from " INT64_FORMAT " in steps of " INT64_FORMAT,
							 rule->sequence.start, rule->sequence.step);
			break;
		case SPINDLE_RULE_CONSTANT:
			appendStringInfoString(out, rule->constant.is_null ? "null" : "a constant");
			break;
		case SPINDLE_RULE_WEIGHTED:
			appendStringInfo(out, "one of %d values by weight", rule->weighted.n);
			break;
		case SPINDLE_RULE_NUMBER:
			append_dist(out, &rule->number);
			break;
		case SPINDLE_RULE_TIME:
			append_time(out, rule);
			break;
		case SPINDLE_RULE_REFERENCE:
			append_reference(out, domain, table, rule);
			break;
		case SPINDLE_RULE_PARENT:
			appendStringInfo(out, "the row of %s that this row belongs to",
							 domain->table[domain->table[table].rows_parent].name);
			break;
		case SPINDLE_RULE_COPY:
			appendStringInfoString(out, "copy of ");
			append_ref(out, domain, table, &rule->copy);
			break;
		case SPINDLE_RULE_OFFSET:
			append_ref(out, domain, table, &rule->offset.source);
			appendStringInfoString(out, " plus a duration: ");
			append_dist(out, &rule->offset.by);
			break;
		case SPINDLE_RULE_CORRELATED:
			append_ref(out, domain, table, &rule->correlated.source);
			appendStringInfoString(out, rule->correlated.is_factor ? " times " : " plus ");
			append_dist(out, &rule->correlated.by);
			break;
		case SPINDLE_RULE_FORMULA:
			appendStringInfoString(out, "computed from");
			for (int i = 0, n = 0; i < rule->formula.nops; i++)
			{
				if (rule->formula.op[i].kind != SPINDLE_OP_COLUMN)
					continue;
				appendStringInfoString(out, n++ ? ", " : " ");
				append_ref(out, domain, table, &rule->formula.op[i].ref);
			}
			break;
		case SPINDLE_RULE_CASE:
			for (int i = 0; i < rule->cases.nbranches; i++)
			{
				appendStringInfoString(out, i ? "; if " : "if ");
				append_test(out, domain, table, &rule->cases.test[i]);
				appendStringInfoString(out, ": ");
				describe_rule(out, domain, table, rule->cases.then[i]);
			}
			appendStringInfoString(out, "; else: ");
			describe_rule(out, domain, table, rule->cases.then[rule->cases.nbranches]);
			break;
		case SPINDLE_RULE_TOTAL:
		case SPINDLE_RULE_CHILD:
			append_children(out, domain, table, rule);
			break;
		case SPINDLE_RULE_FIRST_CHILD:
			appendStringInfo(out, "true for the first row of each row of %s",
							 domain->table[domain->table[table].rows_parent].name);
			break;
		case SPINDLE_RULE_DATA:
			appendStringInfo(out, "from data set %s", rule->data.set->name);
			if (rule->data.by_row)
				appendStringInfoString(out, ", row by row");
			if (rule->data.has_match)
			{
				appendStringInfoString(out, ", to fit ");
				append_ref(out, domain, table, &rule->data.match);
			}
			break;
		case SPINDLE_RULE_PATTERN:
			appendStringInfoString(out, "text: ");
			for (int i = 0; i < rule->pattern.npieces; i++)
			{
				const SpindlePiece *piece = &rule->pattern.piece[i];

				if (piece->kind == SPINDLE_PIECE_LITERAL)
					appendStringInfoString(out, piece->text);
				else if (piece->kind == SPINDLE_PIECE_COLUMN)
				{
					appendStringInfoChar(out, '{');
					append_ref(out, domain, table, &piece->ref);
					appendStringInfoChar(out, '}');
				}
				else
					appendStringInfoString(out, piece->kind == SPINDLE_PIECE_ROW ? "{row number}" : "{random}");
			}
			break;
		case SPINDLE_RULE_HIERARCHY:
			appendStringInfo(out, "a row of the level above, in %d levels", rule->hierarchy.levels);
			break;
		case SPINDLE_RULE_LEVEL:
			appendStringInfo(out, "level from 1 to %d", rule->hierarchy.levels);
			break;
	}
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
	describe_rule(&out, domain, table->index, column->rule);
	if (column->null_fraction > 0)
		appendStringInfo(&out, "; null for %g %%", column->null_fraction * 100);
	return out.data;
}
