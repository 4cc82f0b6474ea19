/*-------------------------------------------------------------------------
 *
 * rule_time.c
 *		The rule "time": times over a range of days, with seasons.
 *
 * The calendar is compiled when the rule is read: it depends on neither seed
 * nor scale.  One of many years takes 16 bytes a day, which counts for the
 * memory that rules may need.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/datetime.h"

#include "define/rule_reader.h"

#define MAX_PEAKS	24
#define MAX_DAYS	32000
#define MAX_QUANTILES	10001

/* Names of the weights in definitions, in the order of SpindleCalendarSpec. */
static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
"aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const hour_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
"11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", NULL};

/*
 * The weights of the member name, an object with some of names as members;
 * what is not named has weight 0, without the member all have 1.
 *
 * names is ended by NULL, and weight has an entry for each.  Weights are 0 to
 * 10^9, one of them above 0.
 */
static void
read_weights(const SpindleJson *node, const char *name, const char *const *names, double *weight)
{
	SpindleJson member;
	double		sum = 0;

	for (int i = 0; names[i]; i++)
		weight[i] = 1;
	if (!spindle_json_has(node, name))
		return;
	member = spindle_json_member(node, name);
	spindle_json_expect_object(&member, names);
	for (int i = 0; names[i]; i++)
	{
		weight[i] = 0;
		if (spindle_json_has(&member, names[i]))
		{
			SpindleJson value = spindle_json_member(&member, names[i]);

			weight[i] = spindle_json_number(&value, 0, 1e9);
		}
		sum += weight[i];
	}
	if (sum <= 0)
		spindle_json_error(&member, NULL, "at least one weight must be greater than zero.");
}

/*
 * The weights of the 24 hours: from "hours", from "hour_peaks" with "hour_sd",
 * or all alike.
 */
static void
read_hours(const SpindleJson *node, double *hour)
{
	SpindleJson peaks;
	SpindleJson sd;
	double		peak[MAX_PEAKS];
	int			n = 0;
	const cJSON *item;

	read_weights(node, "hours", hour_names, hour);
	if (!spindle_json_has(node, "hour_peaks"))
	{
		if (spindle_json_has(node, "hour_sd"))
			spindle_json_error(node, NULL, "\"hour_sd\" needs \"hour_peaks\".");
		return;
	}
	peaks = spindle_json_member(node, "hour_peaks");
	if (spindle_json_has(node, "hours"))
		spindle_json_error(&peaks, NULL, "\"hours\" and \"hour_peaks\" exclude each other.");
	spindle_json_expect_array(&peaks);
	if (spindle_json_size(&peaks) < 1 || spindle_json_size(&peaks) > MAX_PEAKS)
		spindle_json_error(&peaks, NULL, "1 to %d peaks are needed.", MAX_PEAKS);
	cJSON_ArrayForEach(item, peaks.value)
	{
		SpindleJson element = spindle_json_child(&peaks, item, n);

		peak[n++] = spindle_json_number(&element, 0, 24);
	}
	sd = spindle_json_member(node, "hour_sd");
	spindle_calendar_hour_peaks(hour, peak, n, spindle_json_number(&sd, 0.01, 24));
}

/*
 * The date in a member, as days since 2000-01-01; *day stays as it is without
 * it.
 */
static void
read_day(SpindleParse *parse, const SpindleJson *node, const char *name, int *day)
{
	SpindleType date;

	if (spindle_json_has(node, name))
	{
		SpindleJson member = spindle_json_member(node, name);

		(void) spindle_type_parse("date", &date);
		*day = (int) spindle_parse_value(parse, &member, &date);
	}
}

/* The days of the range that a time has, 1 to MAX_DAYS. */
static void
set_range(const SpindleJson *node, SpindleCalendarSpec *spec, int first_day, int64 ndays)
{
	if (ndays < 1 || ndays > MAX_DAYS)
		spindle_json_error(node, NULL, "the range has " INT64_FORMAT " days; it must have from 1 to %d.", ndays, MAX_DAYS);
	spec->first_day = first_day;
	spec->ndays = (int) ndays;
}

/*
 * Read "quantiles": 2 to MAX_QUANTILES times that do not fall, which part all
 * times into equal shares.  The range is the days from the first to the last one.
 *
 * The last of some dates is a day to which times belong, too.
 */
static void
read_quantiles(RuleReader *r, SpindleCalendarSpec *spec)
{
	static const char *const others[] = {"start", "end", "months", "weekdays", NULL};
	const SpindleType *type = r->rule->type;
	const double per_day = (double) (USECS_PER_DAY / type->ops->time_unit);
	SpindleJson quantiles = member(r, "quantiles");
	int			n = 0;
	double		last;
	const cJSON *item;

	for (int i = 0; others[i]; i++)
		if (has(r, others[i]))
			spindle_json_error(&quantiles, NULL, "\"quantiles\" excludes \"%s\".", others[i]);
	spindle_json_expect_array(&quantiles);
	spec->nquantiles = spindle_json_size(&quantiles);
	if (spec->nquantiles < 2 || spec->nquantiles > MAX_QUANTILES)
		spindle_json_error(&quantiles, NULL, "2 to %d quantiles are needed.", MAX_QUANTILES);
	spec->quantile = palloc(sizeof(double) * spec->nquantiles);
	cJSON_ArrayForEach(item, quantiles.value)
	{
		SpindleJson m = spindle_json_child(&quantiles, item, n);

		spec->quantile[n] = (double) spindle_parse_value(r->parse, &m, type) / per_day;
		if (n > 0 && spec->quantile[n] < spec->quantile[n - 1])
			spindle_json_error(&m, NULL, "quantiles must not fall.");
		n++;
	}
	last = floor(spec->quantile[n - 1]);
	set_range(&quantiles, spec, (int) floor(spec->quantile[0]), (int64) last - (int64) floor(spec->quantile[0]) + 1);
	if (!spindle_type_is_timestamp(type))
		spec->quantile[n - 1] += 1;
	for (int i = 0; i < 12; i++)
		spec->month[i] = 1;
	for (int i = 0; i < 7; i++)
		spec->weekday[i] = 1;
}

/*
 * spindle_parse_calendar
 *		Read start, end (exclusive), months, weekdays, hours or hour_peaks with
 *		hour_sd.
 *
 * A day is open if its month and its weekday have a weight; the range must
 * have one.
 */
void
spindle_parse_calendar(SpindleParse *parse, const SpindleJson *node, SpindleCalendarSpec *spec)
{
	int			first_day = parse->domain->first_day;
	int			end = first_day + parse->domain->ndays;
	bool		open_day = false;

	read_day(parse, node, "start", &first_day);
	read_day(parse, node, "end", &end);
	set_range(node, spec, first_day, (int64) end - first_day);
	spec->has_months = spindle_json_has(node, "months");
	spec->has_weekdays = spindle_json_has(node, "weekdays");
	read_weights(node, "months", month_names, spec->month);
	read_weights(node, "weekdays", weekday_names, spec->weekday);
	for (int d = 0; d < spec->ndays && !open_day; d++)
	{
		int			y,
					m,
					mday;

		j2date(spec->first_day + d + POSTGRES_EPOCH_JDATE, &y, &m, &mday);
		open_day = spec->month[m - 1] > 0 && spec->weekday[((spec->first_day + d + 5) % 7 + 7) % 7] > 0;
	}
	if (!open_day)
		spindle_json_error(node, NULL, "no day of the range has a weight greater than zero.");
	read_hours(node, spec->hour);
}

/*
 * Read the days, be it by quantiles or by a range with weights, hours or hour_peaks
 * with hour_sd, ordered and first_at_start.
 *
 * Ordered times belong to the rows of a table, so no branch can have them.
 */
static void
read_time(RuleReader *r)
{
	const SpindleJson *node = r->node;
	SpindleRule *rule = r->rule;
	SpindleCalendarSpec *spec = &rule->time.spec;

	if (has(r, "quantiles"))
	{
		read_quantiles(r, spec);
		read_hours(node, spec->hour);
	}
	else
		spindle_parse_calendar(r->parse, node, spec);
	rule->time.calendar = spindle_calendar_create(spec);
	if (spindle_json_has(node, "ordered"))
	{
		SpindleJson member = spindle_json_member(node, "ordered");

		rule->time.ordered = spindle_json_bool(&member);
	}
	if (spindle_json_has(node, "first_at_start"))
	{
		SpindleJson member = spindle_json_member(node, "first_at_start");

		rule->time.first_at_start = spindle_json_bool(&member);
		if (rule->time.first_at_start && !rule->time.ordered)
			spindle_json_error(&member, NULL, "\"first_at_start\" needs \"ordered\".");
	}
	if (rule->time.ordered && !is_own_rule(r))
		spindle_json_error(node, NULL, "an ordered time must be a column's own rule.");
}

/* The range tells. */
static bool
time_never_before(const SpindleDomain *domain, const SpindleRule *rule, int day)
{
	return rule->time.spec.first_day >= day;
}

/* Times of an ordered rule are sorted; equal ones may follow each other. */
static bool
time_never_falls(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return rule->time.ordered;
}

/*
 * Names which weights there are, not the weights; hours that are all alike are
 * none.
 */
static void
describe_time(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	const SpindleCalendarSpec *spec = &rule->time.spec;
	bool		months = spec->has_months;
	bool		weekdays = spec->has_weekdays;
	bool		hours = false;

	for (int i = 1; i < 24; i++)
		hours |= spec->hour[i] != spec->hour[0];
	appendStringInfo(out, "random time%s", rule->time.ordered ? " that rises with the row" : "");
	if (spec->nquantiles > 0)
		appendStringInfo(out, ", by %d quantiles", spec->nquantiles);
	if (months || weekdays || hours)
		appendStringInfo(out, ", with weights of%s%s%s", months ? " months" : "",
						 weekdays ? (months ? ", weekdays" : " weekdays") : "",
						 hours ? (months || weekdays ? ", hours" : " hours") : "");
}

/* Ordered times are those of the rows. */
static RowUse
time_row_use(const SpindleRule *rule)
{
	return rule->time.ordered ? ROW_NEEDED : ROW_FOR_DRAWS;
}

/* Fills dates as well: these are the days of the times. */
const SpindleRuleDef spindle_rule_def_time = {
	.forms = (const RuleForm[]) {
		{"time", TIME_KINDS, {"kind", "start", "end", "months", "weekdays", "quantiles", "hours", "hour_peaks",
		"hour_sd", "ordered", "first_at_start", NULL}},
		{.name = NULL},
	},
	.read = read_time,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = time_row_use,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = time_never_before,
		.never_falls = time_never_falls,
		.describe = describe_time,
	},
};
