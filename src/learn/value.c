/*-------------------------------------------------------------------------
 *
 * value.c
 *		Rules for the values of columns, each by itself.
 *
 * A table of deciders says, in order of precedence, which rules come into question;
 * the first whose values pass all checks of the column is taken.  If none does, the
 * values that pass are listed: those of the rules, and what the checks mention.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"

#include "learn/schema.h"

/* Values of a rule that are tried. */
#define TRIED_VALUES	50

/* Values that are listed, at most, where no rule passes. */
#define LISTED_VALUES	50

/* Names that checks mention which documents are made of, at most. */
#define MAX_MEMBERS		8
/* Bytes of a string whose length a check mentions, at most. */
#define MAX_BYTES		1024

/* Rules that come into question; a list of JSON texts, in their order. */
typedef List *(*Decide) (LearnSchema *schema, LearnTable *table, LearnColumn *column);

/*
 * learn_weighted
 *		The rule of equally frequent values, texts, with more members behind; palloc'd.
 */
char *
learn_weighted(List *values, const char *more)
{
	StringInfoData rule;
	ListCell   *lc;

	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"weighted\", \"weights\": {");
	foreach(lc, values)
		appendStringInfo(&rule, "%s%s: 1", foreach_current_index(lc) ? ", " : "", learn_quote(lfirst(lc)));
	appendStringInfo(&rule, "}%s}", more);
	return rule.data;
}

/* The values of checks, enums and partitions as a rule. */
static List *
decide_by_list(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	List	   *values;
	List	   *words = NIL;
	ListCell   *lc;

	if (column->kind == LEARN_BOOL && !column->limits.has_list)
		return NIL;
	if (!column->limits.has_list && column->kind != LEARN_ENUM)
		return NIL;
	values = learn_finite_values(column, LISTED_VALUES);
	foreach(lc, values)
		words = lappend(words, column->kind != LEARN_BOOL ? learn_plain_value(column, lfirst(lc)) :
						strcmp(lfirst(lc), "t") == 0 ? "true" : "false");
	return words ? list_make1(learn_weighted(words, "")) : NIL;
}

/* A LIKE pattern as a mask of a shape. */
static char *
mask_of_like(const char *like)
{
	StringInfoData mask;

	initStringInfo(&mask);
	for (; *like; like++)
	{
		if (*like == '%')
			appendStringInfoString(&mask, "a{2,6}");
		else if (*like == '_')
			appendStringInfoChar(&mask, 'a');
		else
		{
			if (*like == '\\' && like[1])
				like++;
			appendStringInfo(&mask, "\\%c", *like);
		}
	}
	return mask.data;
}

/* A rule of masks, one of them. */
static char *
shape_rule(const char *mask)
{
	return psprintf("{\"kind\": \"shape\", \"shapes\": {%s: 1}}", learn_quote(mask));
}

/* What checks say that texts look like. */
static List *
decide_by_form(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	static const char *const masks[] = {"A", "a", "9", "x", "X", "hex", "HEX"};
	const LearnLimits *limits = &column->limits;
	int			max = column->length > 0 ? column->length : 40;
	List	   *rules = NIL;
	ListCell   *lc;

	if (column->kind != LEARN_TEXT || column->checks == NIL)
		return NIL;
	if (limits->max_length >= 0)
		max = Min(max, limits->max_length);
	foreach(lc, limits->regexes)
		rules = lappend(rules, psprintf("{\"kind\": \"regex\", \"expression\": %s}", learn_quote(lfirst(lc))));
	foreach(lc, limits->likes)
		rules = lappend(rules, shape_rule(mask_of_like(lfirst(lc))));
	if (limits->min_length > 0 || limits->max_length >= 0)
	{
		int			min = Min(limits->min_length, max);

		if (max >= 8 && min <= 8)
			rules = lappend(rules, psprintf("{\"kind\": \"words\", \"count\": {\"distribution\": \"uniform\", \"min\": %d, \"max\": %d}}",
											Max(1, min), Max(Max(1, min), Min(6, max / 4))));
		for (int i = 0; i < lengthof(masks) && max > 0; i++)
			rules = lappend(rules, shape_rule(psprintf("%s{%d,%d}", masks[i], Max(min, 1), Max(Max(min, 1), Min(max, Max(min, 1) + 10)))));
	}
	return rules;
}

/* What the name suggests, if it lies within the limits. */
static List *
decide_by_name(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	char	   *rule = learn_guess_by_name(column);

	if (rule == NULL || ((column->length > 0 && column->length < 60 && learn_sample(column, rule, 1) == NIL)))
		return NIL;
	if (column->kind != LEARN_TEXT && (column->limits.has_low || column->limits.has_high))
		return NIL;
	if (column->kind == LEARN_DECIMAL && column->max < 1000)
		return NIL;
	return list_make1(rule);
}

/* Numbers within the limits, of a type that holds them. */
static char *
number_rule(const LearnColumn *column, double low, double high, const char *more)
{
	const LearnLimits *limits = &column->limits;
	double		step = column->kind == LEARN_DECIMAL ? pow(10, -column->scale) : 1;

	low = Max(low, column->min);
	high = Min(high, column->max);
	if (limits->has_low && limits->has_high)
	{
		low = limits->low;
		high = limits->high;
	}
	else if (limits->has_low)
	{
		high = limits->low + (high - low);
		low = limits->low;
	}
	else if (limits->has_high && limits->high < high)
	{
		low = Min(low, limits->high - (high - low));
		high = limits->high;
	}
	low = Max(Max(low, column->min), -1e15);
	high = Min(Min(high, column->max), 1e15);
	if (column->kind == LEARN_DECIMAL)
	{
		low = ceil(low / step - 1e-9) * step;
		high = floor(high / step + 1e-9) * step;
	}
	return psprintf("{\"kind\": \"uniform\", \"min\": %s, \"max\": %s%s}", learn_number(low), learn_number(Max(low, high)), more);
}

/*
 * learn_uniform_ends
 *		The ends of a rule that number_rule() has made; false if it is none.
 */
bool
learn_uniform_ends(const char *rule, double *low, double *high)
{
	return sscanf(rule, "{\"kind\": \"uniform\", \"min\": %lf, \"max\": %lf", low, high) == 2;
}

/*
 * learn_time_ends
 *		The first and the last day of a rule of times, as texts; they stay what they are
 *		if the rule is none.
 */
void
learn_time_ends(const LearnSchema *schema, const char *rule, char **first, char **last)
{
	const char *start = strstr(rule, "\"start\": \"");
	const char *end = strstr(rule, "\"end\": \"");
	int			year;
	int			month;
	int			day;

	if (strncmp(rule, "{\"kind\": \"time\"", strlen("{\"kind\": \"time\"")) != 0)
		return;
	*first = start ? pnstrdup(start + strlen("\"start\": \""), strlen("2000-01-01")) : learn_day(schema->first_day);
	if (end && sscanf(end, "\"end\": \"%d-%d-%d", &year, &month, &day) == 3)
		*last = learn_day(date2j(year, month, day) - POSTGRES_EPOCH_JDATE - 1);
	else
		*last = learn_day(schema->end_day - 1);
}

/* Times within the limits, which are days. */
static char *
time_rule(const LearnColumn *column, bool ordered)
{
	const LearnLimits *limits = &column->limits;
	StringInfoData rule;

	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"time\"");
	if (limits->has_low || limits->has_high)
	{
		double		start = limits->has_low ? ceil(limits->low) : Min(LEARN_FIRST_DAY, floor(limits->high) - 365);
		double		end = limits->has_high ? floor(limits->high + (column->kind == LEARN_DATE ? 1 : 1.0 / 86400)) :
			Max(LEARN_END_DAY, start + 365);

		if (limits->has_low && !limits->has_high && start < LEARN_FIRST_DAY)
			start = LEARN_FIRST_DAY;
		if (!limits->has_low && end > LEARN_END_DAY)
		{
			start = LEARN_FIRST_DAY;
			end = LEARN_END_DAY;
		}
		start = Max(start, -36524);
		end = Min(Max(end, start + 1), start + 32000);
		appendStringInfo(&rule, ", \"start\": %s, \"end\": %s", learn_quote(learn_day(start)), learn_quote(learn_day(end)));
	}
	appendStringInfo(&rule, "%s}", ordered ? ", \"ordered\": true" : "");
	return rule.data;
}

/* Texts of a length that fits. */
static char *
text_rule(const LearnColumn *column)
{
	int			n = column->length;

	if (n > 0 && n <= 4)
		return shape_rule(psprintf("A{%d}", n));
	if (n > 0 && n < 16)
		return shape_rule(psprintf("Aa{2,%d}", n - 1));
	return psprintf("{\"kind\": \"words\", \"count\": {\"distribution\": \"uniform\", \"min\": 1, \"max\": %d}}",
					n > 0 ? Max(1, Min(n / 8, 8)) : 8);
}

/* Values of any type that is known. */
static List *
decide_by_type(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	switch (column->kind)
	{
		case LEARN_INT:
			return list_make2(number_rule(column, 1, 1000, ""), number_rule(column, 0, 100, ""));
		case LEARN_DECIMAL:
			return list_make2(number_rule(column, 0, 1000, ""), number_rule(column, 0, 1, ""));
		case LEARN_FLOAT:
			return list_make2(number_rule(column, 0, 1000, ", \"round\": 3"), number_rule(column, 0, 1, ""));
		case LEARN_BOOL:
			return list_make1("{\"kind\": \"bernoulli\", \"p\": 0.5}");
		case LEARN_TEXT:
			return list_make1(text_rule(column));
		case LEARN_DATE:
		case LEARN_TIMESTAMP:
			return list_make1(time_rule(column, false));
		case LEARN_TIME:
			return list_make1(number_rule(column, 0, 86399, ""));
		case LEARN_INTERVAL:
			return list_make1(number_rule(column, 0, 864000, ""));
		case LEARN_UUID:
			return list_make1("{\"kind\": \"uuid\"}");
		case LEARN_BYTEA:
			return list_make1("{\"kind\": \"pattern\", \"pattern\": \"\\\\x{random_hex:32}\"}");
		case LEARN_INET:
			return list_make1("{\"kind\": \"regex\", \"expression\": \"10[.][1-9]\\\\d?[.][1-9]\\\\d?[.][1-9]\\\\d?\"}");
		case LEARN_JSON:
			return list_make2("{\"kind\": \"constant\", \"value\": \"{}\"}", "{\"kind\": \"constant\", \"value\": \"[]\"}");
		case LEARN_ARRAY:
			return learn_array_rules(schema, column);
		case LEARN_RANGE:
			{
				List	   *values = learn_type_candidates(column);

				return values ? list_make1(learn_weighted(values, "")) : NIL;
			}
		default:
			{
				List	   *values = learn_type_candidates(column);

				return values ? list_make1(learn_weighted(values, "")) : NIL;
			}
	}
}

/* Who decides, in this order, and how that is called in the report. */
static const struct
{
	const char *source;
	bool		carries;		/* values of the database */
	Decide		decide;
}			deciders[] = {
	{"data", true, learn_decide_by_data},
	{"statistics", true, learn_decide_by_statistics},
	{"declared", false, decide_by_list},
	{"declared", false, decide_by_form},
	{"name", false, decide_by_name},
	{"type", false, decide_by_type},
};

/*
 * learn_rule_passes
 *		Do all values of a rule pass the checks of a column?  Values that do are added
 *		to *passing, a list of texts, if that is not NULL.
 */
bool
learn_rule_passes(LearnAsker *asker, LearnTable *table, LearnColumn *column, List *values, List **passing)
{
	int			n = list_length(values);
	char	  ***rows = palloc(sizeof(char **) * Max(n, 1));
	bool	   *passes = palloc(sizeof(bool) * Max(n, 1));
	bool	   *all = palloc(sizeof(bool) * Max(n, 1));
	bool		result = n > 0;
	ListCell   *lc;

	memset(all, true, Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		rows[i] = palloc0(sizeof(char *) * table->ncolumns);
		rows[i][column - table->column] = list_nth(values, i);
	}
	foreach(lc, column->checks)
	{
		learn_ask(asker, lfirst(lc), rows, n, passes);
		for (int i = 0; i < n; i++)
			all[i] = all[i] && passes[i];
	}
	for (int i = 0; i < n; i++)
	{
		result = result && all[i];
		if (all[i] && passing)
			*passing = lappend(*passing, list_nth(values, i));
		pfree(rows[i]);
	}
	pfree(rows);
	pfree(passes);
	pfree(all);
	return result;
}

/*
 * Objects with members whose names checks mention: one each, of a number, an array, or
 * another of the texts that are mentioned, and one with all of them.
 */
static List *
documents_of(const List *hints)
{
	const int	n = Min(list_length(hints), MAX_MEMBERS);
	List	   *values = list_make4("{}", "[]", "1", "\"a\"");
	StringInfoData all;

	initStringInfo(&all);
	for (int i = 0; i < n; i++)
	{
		const char *name = learn_quote(list_nth(hints, i));

		appendStringInfo(&all, "%s%s: 1", i ? ", " : "{", name);
		values = lappend(values, psprintf("{%s: 1}", name));
		values = lappend(values, psprintf("{%s: [1]}", name));
		for (int k = 0; k < n; k++)
			if (k != i)
				values = lappend(values, psprintf("{%s: %s}", name, learn_quote(list_nth(hints, k))));
	}
	if (n > 1)
		values = lappend(values, psprintf("%s}", all.data));
	return values;
}

/* A string of bytes of a length that a check mentions; NULL if that is none. */
static char *
bytes_of(double length)
{
	StringInfoData bytes;

	if (!(length >= 0 && length <= MAX_BYTES && length == floor(length)))
		return NULL;
	initStringInfo(&bytes);
	appendStringInfoString(&bytes, "\\x");
	for (int i = 0; i < (int) length; i++)
		appendStringInfoString(&bytes, "00");
	return bytes.data;
}

/* Numbers and texts that checks mention, and their neighbours. */
static List *
hints_of(const LearnColumn *column)
{
	List	   *values = NIL;
	ListCell   *lc;

	foreach(lc, column->limits.hints)
	{
		const char *text = lfirst(lc);
		char	   *end;
		double		number = strtod(text, &end);

		values = lappend(values, lfirst(lc));
		if (end != text && *end == '\0' && column->kind == LEARN_BYTEA && bytes_of(number))
			values = lappend(values, bytes_of(number));
		else if (end != text && *end == '\0')
			for (int d = -1; d <= 1; d += 2)
				values = lappend(values, learn_number(number + d));
	}
	if (column->kind == LEARN_ARRAY)
		foreach(lc, column->limits.hints)
			values = lappend(values, psprintf("{%s}", learn_quote(lfirst(lc))));
	if (column->kind == LEARN_TEXT)
		values = list_concat(values, list_make5("", "a", "A", "1", "0"));
	else if (column->kind == LEARN_BOOL)
		values = list_concat(values, list_make2("t", "f"));
	else if (column->kind == LEARN_JSON)
		values = list_concat(values, documents_of(column->limits.hints));
	else if (column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT)
		values = list_concat(values, list_make5("0", "1", "-1", "2", "10"));
	return values;
}

/* A rule that was not taken, and of whose values none is, carries nothing. */
static void
forget_carried(LearnColumn *column)
{
	column->carried = 0;
	column->least_rows = 0;
	column->base_hidden = NIL;
}

/*
 * Find the rule of a column.  If no rule passes base stays NULL, and the values that
 * do are noted; what is noted as carried then is about these.
 */
static void
find_value(LearnSchema *schema, LearnAsker *asker, LearnTable *table, LearnColumn *column)
{
	List	   *passing = NIL;

	for (int d = 0; d < lengthof(deciders); d++)
	{
		List	   *rules = deciders[d].decide(schema, table, column);
		ListCell   *lc;

		foreach(lc, rules)
		{
			List	   *values = column->checks ? learn_sample(column, lfirst(lc), TRIED_VALUES) : NIL;

			if (column->checks == NIL || learn_rule_passes(asker, table, column, values, &passing))
			{
				list_free_deep(values);
				if (!deciders[d].carries)
					forget_carried(column);
				column->base = lfirst(lc);
				column->source = deciders[d].source;
				return;
			}
		}
		if (passing == NIL)
			forget_carried(column);
		column->base_hidden = NIL;
	}
	column->limits.passing = passing;
}

/*
 * List the values of a column that pass its checks: of those that its rules gave, and
 * those that the checks mention.
 */
static void
list_values(LearnSchema *schema, LearnAsker *asker, LearnTable *table, LearnColumn *column)
{
	List	   *passing = column->limits.passing;
	LearnColumn listed = *column;

	(void) learn_rule_passes(asker, table, column, hints_of(column), &passing);
	listed.limits.has_list = true;
	listed.limits.list = passing;
	passing = list_truncate(list_copy(learn_finite_values(&listed, LISTED_VALUES)), LISTED_VALUES);
	passing = learn_legal_values(column, passing);
	if (passing == NIL)
		return;
	column->limits.has_list = true;
	column->limits.list = passing;
	column->base = linitial(decide_by_list(schema, table, column));
	column->source = column->carried > 0 ? "statistics" : "declared";
}

/*
 * learn_leave_out
 *		Let a column have no value, for a reason; if it needs one the table has no rows.
 */
void
learn_leave_out(LearnSchema *schema, LearnTable *table, LearnColumn *column, const char *why)
{
	if (column->has_default)
		column->left_out = psprintf("%s, so it has its default", why);
	else if (!column->not_null)
		column->left_out = psprintf("%s, so it is null", why);
	else
		learn_empty(schema, table, psprintf("column %s needs a value, but %s", column->sql_name, why));
}

/* Of types that the format does not have a default says more than we know. */
static bool
has_better_default(const LearnColumn *column)
{
	return column->has_default && (column->kind == LEARN_JSON || column->kind == LEARN_ARRAY || column->kind == LEARN_RANGE ||
								   column->kind == LEARN_OTHER);
}

/* Do checks hold a column together with others? */
static bool
is_in_check(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->checks)
		if (bms_is_member(c, ((LearnCheck *) lfirst(lc))->columns))
			return true;
	return false;
}

/*
 * learn_is_in_set
 *		Is a column in a unique set or an exclusion constraint?
 */
bool
learn_is_in_set(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->sets)
		if (bms_is_member(c, ((LearnSet *) lfirst(lc))->columns))
			return true;
	foreach(lc, table->exclusions)
	{
		const LearnExclusion *exclusion = lfirst(lc);

		if (bms_is_member(c, exclusion->equal) || exclusion->range == c || exclusion->start == c || exclusion->end == c)
			return true;
	}
	return false;
}

/*
 * learn_find_table_values
 *		The same for the columns of one table that have no rule yet.
 */
void
learn_find_table_values(LearnSchema *schema, LearnTable *table)
{
	LearnAsker *asker = learn_ask_open(table);

	for (int c = 0; c < table->ncolumns; c++)
	{
		LearnColumn *column = &table->column[c];

		if (column->left_out || column->base || column->differing || column->always_null)
			continue;
		if (has_better_default(column) && !learn_is_in_set(table, c) && !is_in_check(table, c) && column->document == NULL)
		{
			column->left_out = "its default says more than its type";
			continue;
		}
		find_value(schema, asker, table, column);
		if (learn_is_in_set(table, c))
			learn_find_differing(schema, asker, table, column);
		if (column->base == NULL && column->checks)
			list_values(schema, asker, table, column);
		if (column->base == NULL && column->differing == NULL && !column->always_null)
			learn_leave_out(schema, table, column, column->checks ? "no value was found that passes its checks" :
					  psprintf("no value of type %s is known", column->sql_type ? column->sql_type : column->format));
	}
	learn_ask_close(asker);
}

/*
 * learn_find_values
 *		Find rules for all columns, without regard to what other columns are.
 */
void
learn_find_values(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		for (int c = 0; c < table->ncolumns; c++)
		{
			ListCell   *lc;

			foreach(lc, table->column[c].checks)
			{
				const LearnCheck *check = lfirst(lc);

				if (check->unasked)
					learn_note(table, "check %s is not evaluated: %s", check->name, check->unasked);
			}
		}
		learn_find_table_values(schema, table);
	}
}
