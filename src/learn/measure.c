/*-------------------------------------------------------------------------
 *
 * measure.c
 *		Rules from the statistics of columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "learn/schema.h"
#include "math/fpmath.h"

/* Different texts that can be told by names, at most. */
#define MAX_LABELS		50

/*
 * Different values between quantiles: fewer are not told, as they would make the distribution
 * coarse; more are too many; and how many times as many as there are there have to be without.
 */
#define LEAST_DIFFERENT	50
#define MOST_DIFFERENT	1e9
#define TOO_DIFFERENT	1.1

/* A frequency as it stands in a definition: to three digits after the point. */
static char *
share_text(double share)
{
	return learn_number(floor(Max(share, 0.001) * 1000 + 0.5) / 1000);
}

/*
 * learn_within
 *		A number that is kept within what is declared.
 */
double
learn_within(const LearnColumn *column, double number)
{
	const LearnLimits *limits = &column->limits;

	number = Max(Min(number, column->max), column->min);
	if (limits->has_low)
		number = Max(number, limits->low);
	if (limits->has_high)
		number = Min(number, limits->high);
	return number;
}

/* Note that a value of some frequency is carried. */
static void
note_carried(LearnColumn *column, const LearnTable *table, double frequency)
{
	double		rows = floor(frequency * table->tuples + 0.5);

	column->least_rows = column->carried++ == 0 ? rows : Min(column->least_rows, rows);
}

/*
 * How many different values are expected between quantiles of which each part has so
 * many rows, if there are so many in all, and none closer than a step.
 */
static double
expected_different(const LearnNumbers *numbers, double each, double step, double different)
{
	double		sum = 0;

	for (int i = 0; i + 1 < numbers->nbounds; i++)
	{
		double		places = different / (numbers->nbounds - 1);

		if (step > 0)
			places = Min(places, floor((numbers->bound[i + 1] - numbers->bound[i]) / step + 0.5) + 1e-6);
		sum += places * (1 - spindle_exp(-Min(each / places, 700)));
	}
	return sum;
}

/* Append a number, between two texts. */
static void
append_number(StringInfo out, const char *before, double number, const char *after)
{
	char	   *text = learn_number(number);

	appendStringInfo(out, "%s%s%s", before, text, after);
	pfree(text);
}

/*
 * Append the members of an empirical distribution: quantiles, and frequent values; both
 * as so many to a day behind an origin, or, if unit is 0, as they are, and quantiles
 * within the limits.  Quantiles of times are whole numbers of steps.
 */
static void
append_empirical(StringInfo out, const LearnSchema *schema, const LearnColumn *column, const LearnNumbers *numbers,
				 double origin, double unit, double step)
{
	for (int i = 0; i < numbers->nbounds; i++)
		append_number(out, i ? ", " : ", \"quantiles\": [",
					  unit == 0 ? learn_within(column, learn_rounded(schema, numbers->bound[i])) :
					  floor((numbers->bound[i] - origin) * unit / step + 0.5) * step, "");
	if (numbers->nbounds > 0)
		appendStringInfoChar(out, ']');
	for (int i = 0; i < numbers->nfrequent; i++)
	{
		const LearnFrequent *frequent = &numbers->frequent[i];

		append_number(out, i ? ", \"" : ", \"values\": {\"", unit == 0 ? frequent->number :
					  floor((frequent->number - origin) * unit * USECS_PER_SEC + 0.5) / USECS_PER_SEC, "\": ");
		append_number(out, "", frequent->share, "");
	}
	if (numbers->nfrequent > 0)
		appendStringInfoChar(out, '}');
}

/* Note what is carried: bounds with as many rows between them, and frequent values. */
static void
note_all_carried(LearnColumn *column, const LearnTable *table, const LearnNumbers *numbers)
{
	for (int i = 1; i < numbers->nbounds - 1; i++)
		note_carried(column, table, numbers->others / (numbers->nbounds - 1));
	for (int i = 0; i < numbers->nfrequent; i++)
		note_carried(column, table, numbers->frequent[i].frequency);
}

/*
 * Append how many different values there are between the quantiles, if fewer come up
 * than would otherwise: so many that as many are expected as the statistics say, in
 * steps of the type, which are 0 for none.
 */
static void
append_different(StringInfo out, const LearnTable *table, const LearnColumn *column, const LearnNumbers *numbers, double step)
{
	double		wanted = learn_likely_distinct(table, column->statistics);
	double		each = table->tuples * numbers->others / Max(numbers->nbounds - 1, 1);
	double		low = LEAST_DIFFERENT;
	double		high = MOST_DIFFERENT;

	wanted -= numbers->nfrequent;
	if (numbers->nbounds < 2 || wanted < LEAST_DIFFERENT || each <= 0 ||
		expected_different(numbers, each, step, MOST_DIFFERENT) < wanted * TOO_DIFFERENT)
		return;
	while (high / low > 1.001)
	{
		double		middle = sqrt(low * high);

		if (expected_different(numbers, each, step, middle) < wanted)
			low = middle;
		else
			high = middle;
	}
	append_number(out, ", \"different\": ", floor(high + 0.5), "");
}

/* Numbers as their quantiles and frequent values. */
static char *
number_rule(const LearnSchema *schema, const LearnTable *table, LearnColumn *column)
{
	LearnNumbers *numbers = learn_numbers(schema, table, column);
	StringInfoData rule;

	if (numbers->nbounds == 0 && numbers->nfrequent == 0)
		return NULL;
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"empirical\"");
	append_empirical(&rule, schema, column, numbers, 0, 0, 1);
	append_different(&rule, table, column, numbers, column->kind == LEARN_INT ? 1 : column->kind == LEARN_DECIMAL ? spindle_pow(10, -column->scale) : 0);
	appendStringInfoChar(&rule, '}');
	note_all_carried(column, table, numbers);
	learn_free_numbers(numbers);
	return rule.data;
}

/* The least and the largest of some numbers. */
static void
span_of(const LearnNumbers *numbers, double *low, double *high)
{
	*low = INFINITY;
	*high = -INFINITY;
	for (int i = 0; i < numbers->nbounds; i++)
	{
		*low = Min(*low, numbers->bound[i]);
		*high = Max(*high, numbers->bound[i]);
	}
	for (int i = 0; i < numbers->nfrequent; i++)
	{
		*low = Min(*low, numbers->frequent[i].number);
		*high = Max(*high, numbers->frequent[i].number);
	}
}

/*
 * Times that rise with the rows, by their quantiles, which are whole days, or hours if
 * all lie within a year.
 */
static char *
rising_rule(LearnNumbers *numbers, bool is_date)
{
	double		unit = is_date || numbers->bound[numbers->nbounds - 1] - numbers->bound[0] > 365 ? 1 : HOURS_PER_DAY;
	double		last = -INFINITY;
	StringInfoData rule;

	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"time\", \"quantiles\": [");
	for (int i = 0; i < numbers->nbounds; i++)
	{
		double		number = floor(numbers->bound[i] * unit + 0.5);
		char	   *day;

		/* the end is behind the last day, and something between both ends */
		if (i == numbers->nbounds - 1)
			number = Max(ceil(numbers->bound[i] * unit) + is_date, last + 1);
		last = Max(number, last);
		day = learn_day(floor(last / unit));
		appendStringInfo(&rule, "%s\"%s", i ? ", " : "", day);
		if (unit != 1)
			appendStringInfo(&rule, " %02d:00:00", (int) (last - floor(last / unit) * unit));
		appendStringInfoChar(&rule, '"');
		pfree(day);
	}
	appendStringInfoString(&rule, "], \"ordered\": true}");
	learn_free_numbers(numbers);
	return rule.data;
}

/*
 * Times: in the order of the rows if they are stored so, else as a distance from a day
 * that has a column of its own.  Quantiles are whole days or hours; frequent times, which
 * many rows share, are told as they are.
 */
static char *
time_rule(const LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	LearnNumbers *numbers = learn_numbers(schema, table, column);
	bool		is_date = column->kind == LEARN_DATE;
	bool		in_seconds = !is_date && (schema->options->carry == SPINDLE_CARRY_ALL || numbers->nfrequent > 0);
	double		low;
	double		high;
	StringInfoData rule;
	LearnHidden *from;

	span_of(numbers, &low, &high);
	if (high < low || low < -36524 || high > 1e6)
		return NULL;
	low = floor(low);
	note_all_carried(column, table, numbers);
	if (learn_rises(column->statistics) && numbers->nbounds > 0 && ceil(high) - low < 32000)
		return rising_rule(numbers, is_date);
	from = palloc0(sizeof(LearnHidden));
	from->name = learn_unique_name(&table->names_used, psprintf("%s_from", column->name));
	from->type = column->format;
	from->rule = psprintf("{\"kind\": \"constant\", \"value\": \"%s\"}", learn_day(low));
	column->base_hidden = list_make1(from);
	initStringInfo(&rule);
	appendStringInfo(&rule, "{\"kind\": \"offset\", \"column\": \"%s\", \"unit\": \"%s\", %s\"by\": {\"distribution\": \"empirical\"",
					 from->name, is_date ? "days" : in_seconds ? "seconds" : "hours", is_date ? "" : "\"whole\": false, ");
	append_empirical(&rule, schema, column, numbers, low, is_date ? 1 : in_seconds ? SECS_PER_DAY : HOURS_PER_DAY,
					 in_seconds && schema->options->carry != SPINDLE_CARRY_ALL ? SECS_PER_HOUR : 1);
	append_different(&rule, table, column, numbers, is_date);
	appendStringInfoString(&rule, "}}");
	learn_free_numbers(numbers);
	return rule.data;
}

/* Declared values with their frequencies: enums, lists of checks, booleans. */
static char *
declared_rule(const LearnTable *table, LearnColumn *column)
{
	const LearnStatistics *statistics = column->statistics;
	List	   *values = learn_finite_values(column, MAX_LABELS);
	StringInfoData rule;
	int			found = 0;
	ListCell   *lc;

	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"weighted\", \"weights\": {");
	foreach(lc, values)
		for (int i = 0; i < statistics->nvalues; i++)
			if (strcmp(statistics->value[i], lfirst(lc)) == 0)
				appendStringInfo(&rule, "%s%s: %s", found++ ? ", " : "",
								 column->kind == LEARN_BOOL ? (statistics->value[i][0] == 't' ? "\"true\"" : "\"false\"") :
								 learn_quote(lfirst(lc)), share_text(statistics->frequency[i]));
	appendStringInfoString(&rule, "}}");
	return found > 0 ? rule.data : NULL;
}

/* May all values of a text column be carried: are they few, shared and harmless?  *why is set if not. */
static bool
may_carry_texts(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column, const char **why)
{
	const LearnStatistics *statistics = column->statistics;

	if (schema->options->carry == SPINDLE_CARRY_ALL)
		return statistics->nvalues > 0;
	*why = "it has too many values";
	if (statistics->nbounds > 0 || statistics->nvalues == 0 || statistics->nvalues > MAX_LABELS ||
		statistics->distinct <= 0 || statistics->nvalues < floor(statistics->distinct + 0.5))
		return false;
	for (int i = 0; i < statistics->nvalues; i++)
	{
		*why = psprintf("a value is shared by fewer than " INT64_FORMAT " rows", schema->options->k);
		if (!learn_is_shared(schema, table, statistics, i))
			return false;
		*why = "a value looks as if it told who or where somebody is";
		if (learn_text_is_telling(statistics->value[i]))
			return false;
	}
	*why = NULL;
	return true;
}

/* Texts as they are, with their frequencies; bounds count as values if everything is carried. */
static char *
carried_texts(const LearnTable *table, LearnColumn *column)
{
	const LearnStatistics *statistics = column->statistics;
	double		rest = 1 - statistics->null_fraction;
	StringInfoData rule;

	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"weighted\", \"weights\": {");
	for (int i = 0; i < statistics->nvalues; i++)
	{
		appendStringInfo(&rule, "%s%s: %s", i ? ", " : "", learn_quote(statistics->value[i]), share_text(statistics->frequency[i]));
		note_carried(column, table, statistics->frequency[i]);
		rest -= statistics->frequency[i];
	}
	for (int i = 0; i < statistics->nbounds; i++)
	{
		appendStringInfo(&rule, ", %s: %s", learn_quote(statistics->bound[i]), learn_number(Max(rest, 0.001) / statistics->nbounds));
		note_carried(column, table, 0);
	}
	appendStringInfoString(&rule, "}}");
	return rule.data;
}

/*
 * learn_label_name
 *		What names in place of texts begin with, before a number; NULL if the column has no
 *		room for any.
 */
const char *
learn_label_name(const LearnColumn *column)
{
	const char *name = strlen(column->name) < 20 ? column->name : "value";

	if (column->length > 0 && column->length < (int) strlen(name) + 3)
		return column->length >= 3 ? "v" : NULL;
	return psprintf("%s%s", name, name[1] ? "_" : "");
}

/* As many names in place of texts as there are different ones, with the frequencies of these. */
static char *
labels_rule(const LearnColumn *column)
{
	const LearnStatistics *statistics = column->statistics;
	int			n = (int) floor(statistics->distinct + 0.5);
	double		rest = 1 - statistics->null_fraction;
	const char *name = learn_label_name(column);
	StringInfoData rule;

	if (name == NULL || n < 1 || n > MAX_LABELS)
		return NULL;
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"weighted\", \"weights\": {");
	for (int i = 0; i < Min(statistics->nvalues, n); i++)
		rest -= statistics->frequency[i];
	for (int i = 0; i < n; i++)
		appendStringInfo(&rule, "%s\"%s%d\": %s", i ? ", " : "", name, i + 1,
						 i < statistics->nvalues ? share_text(statistics->frequency[i]) :
						 share_text(rest / (n - Min(statistics->nvalues, n))));
	appendStringInfoString(&rule, "}}");
	return rule.data;
}

/* Texts: themselves, names in their place, or what looks like them. */
static List *
text_rules(const LearnSchema *schema, const LearnTable *table, LearnColumn *column)
{
	const LearnStatistics *statistics = column->statistics;
	char	   *rule;
	char	   *mask;

	if (column->withheld == NULL && may_carry_texts(schema, table, column, &column->withheld))
		return list_make1(carried_texts(table, column));
	rule = statistics->distinct > 0 ? labels_rule(column) : NULL;
	if (rule)
		return list_make1(rule);
	mask = learn_mask_rule(column);
	if (mask == NULL)
		return NIL;
	if (statistics->distinct > 0)
		return list_make2(psprintf("{\"kind\": \"pool\", \"size\": %.0f, \"rule\": %s}", Max(1, floor(statistics->distinct + 0.5)), mask), mask);
	if (statistics->distinct > -0.9 && statistics->distinct < 0)
		return list_make2(psprintf("{\"kind\": \"pool\", \"size\": {\"share\": %s}, \"rule\": %s}", share_text(-statistics->distinct), mask), mask);
	return list_make1(mask);
}

/*
 * learn_decide_by_statistics
 *		The rules that the statistics of a column suggest, if there are any.
 *
 * Notes how many values of the column stand in the rule, and why others do not.
 */
List *
learn_decide_by_statistics(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	char	   *rule = NULL;

	if (column->statistics == NULL)
		return NIL;
	column->carried = 0;
	column->least_rows = 0;
	if (column->kind == LEARN_BOOL || column->kind == LEARN_ENUM || column->limits.has_list)
		rule = table->tuples < schema->options->k && schema->options->carry != SPINDLE_CARRY_ALL ? NULL : declared_rule(table, column);
	else
	{
		column->withheld = learn_why_withheld(schema, table, (int) (column - table->column));
		switch (column->kind)
		{
			case LEARN_INT:
			case LEARN_DECIMAL:
			case LEARN_FLOAT:
			case LEARN_TIME:
			case LEARN_INTERVAL:
				rule = column->withheld ? NULL : number_rule(schema, table, column);
				break;
			case LEARN_DATE:
			case LEARN_TIMESTAMP:
				rule = column->withheld ? NULL : time_rule(schema, table, column);
				break;
			case LEARN_TEXT:
				return text_rules(schema, table, column);
			default:
				break;
		}
	}
	return rule ? list_make1(rule) : NIL;
}

/*
 * learn_find_range
 *		Let the range of the definition be the years of the timestamps that are known.
 */
void
learn_find_range(LearnSchema *schema)
{
	double		first = 1e9;
	double		last = -1e9;
	int			year;
	int			month;
	int			day;

	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
		{
			LearnColumn *column = &schema->table[t].column[c];
			LearnNumbers *numbers;

			if (column->kind != LEARN_TIMESTAMP || column->statistics == NULL || learn_why_withheld(schema, &schema->table[t], c))
				continue;
			numbers = learn_numbers(schema, &schema->table[t], column);
			if (numbers->nbounds > 0)
			{
				first = Min(first, numbers->bound[1]);
				last = Max(last, numbers->bound[numbers->nbounds - 2]);
			}
			learn_free_numbers(numbers);
		}
	if (last < first || first < -30000 || last - first > 30000)
		return;
	j2date((int) floor(first) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	schema->first_day = date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE;
	j2date((int) floor(last) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	schema->end_day = date2j(year + 1, 1, 1) - POSTGRES_EPOCH_JDATE;
}
