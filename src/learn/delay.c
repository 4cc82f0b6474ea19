/*-------------------------------------------------------------------------
 *
 * delay.c
 *		How long after others times are, and on which days and hours.
 *
 * Of differences and days quantiles are kept between which there are at least k
 * rows.  The ends, which are values of single rows, are made up: a mean distance
 * beyond their neighbours.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "learn/data.h"

/* Times of which quantiles are told, at least, and a part of a day that is none. */
#define LEAST_TIMES		100
#define NO_PART			1e-9

/* Different times, at least, for a column to go by those of another one. */
#define FEWEST_TIMES	10

/* From this share of frequent times on a column has defaults rather than moments. */
#define FREQUENT		0.05

/* Weekdays and months alone describe days if their distribution is not further away than this. */
#define SEASONAL		0.015

/* Is a column one of times? */
static bool
is_time(const LearnColumn *column)
{
	return column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP;
}

/*
 * Quantiles of n sorted numbers, the ends made up unless everything may be carried; low
 * is the least that there can be.  Returns how many, 0 if the numbers are too few, and
 * in *between how many rows are between two of them.
 */
static int
quantiles_of(const LearnSchema *schema, const double *sorted, int n, double low, double *quantile, double *between)
{
	int			parts = (int) Min(LEARN_MAX_QUANTILES - 1, schema->options->carry == SPINDLE_CARRY_ALL ? n / 2 : n / schema->options->k);

	if (n < LEAST_TIMES || parts < 4)
		return 0;
	for (int q = 0; q <= parts; q++)
		quantile[q] = sorted[(int) Min((int64) n - 1, (int64) n * q / parts)];
	*between = (double) n / parts;
	if (schema->options->carry != SPINDLE_CARRY_ALL)
	{
		double		gap = (quantile[parts - 1] - quantile[1]) / (parts - 2);

		quantile[0] = Max(quantile[1] - gap, Min(low, quantile[1]));
		quantile[parts] = quantile[parts - 1] + gap;
	}
	return parts + 1;
}

/* The distance between the quartiles of n numbers, which are sorted. */
static double
spread_of(double *number, int n)
{
	qsort(number, n, sizeof(double), learn_compare_numbers);
	return n < 4 ? 0 : number[n * 3 / 4] - number[n / 4];
}

/* The largest unit of which all differences, in days, are whole numbers; NULL if there is none. */
static const char *
unit_of(const LearnColumn *column, const double *difference, int n)
{
	static const struct
	{
		const char *name;
		double		to_day;
	}			units[] = {{"days", 1}, {"hours", 24}, {"minutes", 1440}};

	if (column->kind == LEARN_DATE)
		return units[0].name;
	for (int u = 0; u < lengthof(units); u++)
	{
		bool		is_whole = true;

		for (int i = 0; i < n && is_whole; i++)
		{
			double		number = difference[i] * units[u].to_day;

			is_whole = fabs(number - floor(number + 0.5)) <= NO_PART * units[u].to_day * 10;
		}
		if (is_whole)
			return units[u].name;
	}
	return NULL;
}

/* Is a time not before another one, of a row that is referred to?  If so it is noted. */
static void
try_delay(const LearnSchema *schema, const LearnSample *sample, LearnField *field, const LearnField *other, double *work)
{
	int			n = 0;
	int			all;
	int			holds = 0;
	int			shifted = 0;
	int			compared = 0;
	int			times = 0;
	double		quantile[LEARN_MAX_QUANTILES];
	double		between;
	double		spread;
	int			nquantiles;
	LearnFinding *finding;

	for (int r = 0; r < sample->n; r++)
	{
		double		far = other->number[(r + sample->shift) % sample->n];

		if (!isnan(far) && !isnan(field->number[r]))
		{
			shifted += field->number[r] >= far;
			compared++;
		}
		times += !isnan(field->number[r]);
		if (isnan(field->number[r]) || isnan(other->number[r]))
			continue;
		work[n++] = field->number[r] - other->number[r];
		holds += work[n - 1] >= 0;
	}
	if (n < Max(LEAST_TIMES, schema->options->k) || holds < LEARN_HOLDS * n || n < LEARN_HOLDS * times)
		return;
	all = n;
	spread = spread_of(work, n);
	while (n > 0 && work[0] < 0)
	{
		work++;
		n--;
	}
	nquantiles = quantiles_of(schema, work, n, 0, quantile, &between);
	if (nquantiles == 0)
		return;
	finding = learn_add_finding(field->column, LEARN_FOUND_OFFSET, holds, all);
	finding->noperands = 1;
	finding->operand[0] = learn_operand(sample, other);
	finding->nquantiles = nquantiles;
	memcpy(finding->quantile, quantile, sizeof(double) * nquantiles);
	finding->between = between;
	finding->unit = unit_of(field->column, work, n);
	for (int r = n = 0; r < sample->n; r++)
		if (!isnan(field->number[r]))
			work[n++] = field->number[r];
	finding->spread = spread / Max(spread_of(work, n), NO_PART);
	finding->by_chance = (double) shifted / Max(compared, 1);
}

/* For list_sort: the narrowest offset first; other findings before them. */
static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const LearnFinding *x = lfirst(a);
	const LearnFinding *y = lfirst(b);

	if ((x->kind == LEARN_FOUND_OFFSET) != (y->kind == LEARN_FOUND_OFFSET))
		return x->kind == LEARN_FOUND_OFFSET ? 1 : -1;
	if (x->kind != LEARN_FOUND_OFFSET || x->spread == y->spread)
		return 0;
	return x->spread < y->spread ? -1 : 1;
}

/*
 * learn_find_delays
 *		Find times that are not before those of rows that the table refers to.
 */
void
learn_find_delays(LearnSchema *schema, const LearnSample *sample)
{
	double	   *work = palloc(sizeof(double) * Max(sample->n, 1));

	for (int f = 0; f < sample->nown; f++)
	{
		LearnField *field = &sample->field[f];

		if (!is_time(field->column) || !learn_can_be_found(sample->table, field->column) || field->distinct < FEWEST_TIMES)
			continue;
		for (int o = sample->nown; o < sample->nfields; o++)
		{
			CHECK_FOR_INTERRUPTS();
			if (sample->field[o].column->type == field->column->type && !sample->field[o].column->left_out)
				try_delay(schema, sample, field, &sample->field[o], work);
		}
		list_sort(field->column->findings, compare_findings);
	}
	pfree(work);
}

/*
 * The largest distance between the distribution of sorted days and that of shares of
 * weekdays and months alone, from the first to the last of them.
 */
static double
distance_to_seasons(const LearnCalendar *calendar, const double *day, int n)
{
	int			first = (int) floor(day[0]);
	int			last = (int) floor(day[n - 1]);
	double		sum = 0;
	double		so_far = 0;
	double		distance = 0;
	int			days_of[12][7] = {0};
	double		month_days[12] = {0};

	for (int round = 0; round < 3; round++)
	{
		int			at = 0;

		for (int d = first; d <= last; d++)
		{
			int			year;
			int			month;
			int			mday;
			int			weekday = ((d + 5) % 7 + 7) % 7;
			double		weight;

			j2date(d + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
			if (round == 0)
			{
				days_of[month - 1][weekday]++;
				month_days[month - 1]++;
				continue;
			}
			weight = calendar->weekday[weekday] * calendar->month[month - 1] / month_days[month - 1];
			if (round == 1)
			{
				sum += weight;
				continue;
			}
			so_far += weight;
			while (at < n && day[at] < d + 1)
				at++;
			distance = Max(distance, fabs(so_far / sum - (double) at / n));
		}
		CHECK_FOR_INTERRUPTS();
	}
	return distance;
}

/* When the times of a field are; NULL if they are too few. */
static LearnCalendar *
calendar_of(LearnSchema *schema, const LearnSample *sample, const LearnField *field, double *work)
{
	LearnCalendar *calendar;
	int			n = 0;

	for (int r = 0; r < sample->n; r++)
		if (!isnan(field->number[r]) && field->number[r] >= -36524 && field->number[r] < 1e6)
			work[n++] = field->number[r];
	if (n < LEAST_TIMES)
		return NULL;
	qsort(work, n, sizeof(double), learn_compare_numbers);
	calendar = MemoryContextAllocZero(GetMemoryChunkContext(schema), sizeof(LearnCalendar));
	calendar->n = n;
	for (int i = 0; i < n; i++)
	{
		int			day = (int) floor(work[i]);
		int			year;
		int			month;
		int			mday;

		calendar->hour[Min((int) ((work[i] - day) * HOURS_PER_DAY + NO_PART), 23)]++;
		calendar->weekday[((day + 5) % 7 + 7) % 7]++;
		j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
		calendar->month[month - 1]++;
	}
	calendar->ndays = quantiles_of(schema, work, n, -1e9, calendar->day, &calendar->between);
	if (calendar->ndays > 0 && schema->options->carry != SPINDLE_CARRY_ALL)
	{
		/* k times are not after the first of these, and k not before the other; so much further are the ends */
		int			k = (int) schema->options->k;

		calendar->day[0] = work[k - 1] - (work[2 * k - 1] - work[k - 1]);
		calendar->day[calendar->ndays - 1] = work[n - k] + (work[n - k] - work[n - 2 * k]);
	}
	if (calendar->ndays == 0 || work[n - 1] - work[0] > 32000)
		return NULL;
	calendar->seasonal = distance_to_seasons(calendar, work, n);
	return calendar;
}

/*
 * learn_find_calendars
 *		Find out when the times of a table are.
 */
void
learn_find_calendars(LearnSchema *schema, const LearnSample *sample)
{
	double	   *work = palloc(sizeof(double) * Max(sample->n, 1));

	for (int f = 0; f < sample->nown; f++)
		if (is_time(sample->field[f].column))
			sample->field[f].column->calendar = calendar_of(schema, sample, &sample->field[f], work);
	pfree(work);
}

/* Append an object of shares, to three digits; what fewer than k rows have is left out. */
static void
append_shares(StringInfo rule, const LearnSchema *schema, const char *member, const char *const *names, const double *rows, int n)
{
	double		sum = 0;
	const char *separator = "";

	for (int i = 0; i < n; i++)
		sum += rows[i];
	appendStringInfo(rule, ", \"%s\": {", member);
	for (int i = 0; i < n; i++)
		if (rows[i] >= (schema->options->carry == SPINDLE_CARRY_ALL ? 1 : schema->options->k))
		{
			appendStringInfo(rule, "%s\"%s\": %s", separator, names[i], learn_number(Max(floor(rows[i] / sum * 1000 + 0.5), 1) / 1000));
			separator = ", ";
		}
	appendStringInfoChar(rule, '}');
}

/* Are there k rows in some of these, so that a member with shares says something? */
static bool
has_shares(const LearnSchema *schema, const double *rows, int n)
{
	for (int i = 0; i < n; i++)
		if (rows[i] >= schema->options->k)
			return true;
	return false;
}

/* Do all of some shares differ from each other by no more than chance? */
static bool
are_even(const double *rows, int n)
{
	double		sum = 0;
	double		chi = 0;

	for (int i = 0; i < n; i++)
		sum += rows[i];
	for (int i = 0; i < n; i++)
		chi += (rows[i] - sum / n) * (rows[i] - sum / n) / (sum / n);
	return chi < 3 * n;
}

/*
 * learn_calendar_rule
 *		The rule "time" of a column by its days and hours, JSON; NULL if nothing of it
 *		may be carried, or if it has frequent times.
 */
char *
learn_calendar_rule(const LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
	static const char *const hours[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
	"19", "20", "21", "22", "23"};
	LearnCalendar *calendar = column->calendar;
	const LearnStatistics *statistics = column->statistics;
	bool		is_seasonal;
	double		frequent = 0;
	StringInfoData rule;

	if (calendar == NULL || column->limits.has_low || column->limits.has_high || column->limits.has_list ||
		learn_why_withheld(schema, table, (int) (column - table->column)))
		return NULL;
	for (int i = 0; statistics && i < statistics->nvalues && column->kind == LEARN_TIMESTAMP; i++)
		frequent += statistics->frequency[i];
	if (frequent > FREQUENT)
		return NULL;
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"time\"");
	is_seasonal = calendar->seasonal <= SEASONAL && has_shares(schema, calendar->weekday, 7) && has_shares(schema, calendar->month, 12);
	if (is_seasonal)
	{
		appendStringInfo(&rule, ", \"start\": \"%s\", \"end\": \"%s\"", learn_day(floor(calendar->day[0] + 0.5)),
						 learn_day(Max(floor(calendar->day[calendar->ndays - 1] + 0.5), floor(calendar->day[0] + 0.5) + 1)));
		if (!are_even(calendar->month, 12))
			append_shares(&rule, schema, "months", months, calendar->month, 12);
		if (!are_even(calendar->weekday, 7))
			append_shares(&rule, schema, "weekdays", weekdays, calendar->weekday, 7);
		column->carried = 2;
	}
	else
	{
		for (int i = 0; i < calendar->ndays; i++)
			appendStringInfo(&rule, "%s\"%s\"", i ? ", " : ", \"quantiles\": [",
							 learn_day(i == calendar->ndays - 1 && column->kind == LEARN_TIMESTAMP ? ceil(calendar->day[i]) : floor(calendar->day[i])));
		appendStringInfoChar(&rule, ']');
		column->carried = calendar->ndays - 2;
	}
	column->least_rows = floor(calendar->between * Max(table->tuples, calendar->n) / calendar->n);
	if (column->kind == LEARN_TIMESTAMP && has_shares(schema, calendar->hour, 24) && !are_even(calendar->hour, 24))
		append_shares(&rule, schema, "hours", hours, calendar->hour, 24);
	appendStringInfo(&rule, "%s%s}", learn_rises(statistics) ? ", \"ordered\": true" : "",
					 calendar->first_at_start ? ", \"first_at_start\": true" : "");
	calendar->rule = rule.data;
	return rule.data;
}
