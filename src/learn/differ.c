/*-------------------------------------------------------------------------
 *
 * differ.c
 *		Rules whose values differ from row to row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"

#include "learn/schema.h"

/* Values of a rule that are tried. */
#define TRIED_VALUES	50

/* A rule with so many different values is taken rather than a later one. */
#define PLENTY	99999

/* Bytes of a string, at most. */
#define MAX_BYTES	1024

/* The step of fractions where whole numbers are too few. */
#define FRACTION	0.001

/* Keys that are stored in a less perfect order than this are permuted. */
#define IN_ORDER		0.9

/* A rule, and how many different values it has. */
typedef struct Differing
{
	const char *rule;
	double		most;
} Differing;

/* Add a rule that a column might have. */
static void
add(List **rules, double most, const char *rule)
{
	Differing  *differing = palloc(sizeof(Differing));

	differing->rule = rule;
	differing->most = most;
	*rules = lappend(*rules, differing);
}

/* The rule of a pattern. */
static char *
pattern(const char *text)
{
	return psprintf("{\"kind\": \"pattern\", \"pattern\": %s}", learn_quote(text));
}

/* Would a piece of a pattern be taken for a column of the table? */
static bool
is_column(const LearnTable *table, const char *name)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (strcmp(table->column[c].name, name) == 0)
			return true;
	return false;
}

/* What a character is: '9', 'A', 'a', or itself. */
static char
class_of(char ch)
{
	return ch >= '0' && ch <= '9' ? '9' : ch >= 'A' && ch <= 'Z' ? 'A' : ch >= 'a' && ch <= 'z' ? 'a' : ch;
}

/* Do two texts look the same? */
static bool
look_alike(const char *a, const char *b)
{
	for (; *a && class_of(*a) == class_of(*b); a++, b++)
		;
	return *a == *b;
}

/* The length of the longest run of digits of a text, and where it begins. */
static int
longest_digits(const char *text, int *start)
{
	int			best = 0;

	for (int i = 0, run = 0; text[i]; i++)
	{
		run = class_of(text[i]) == '9' ? run + 1 : 0;
		if (run > best)
		{
			best = run;
			*start = i - run + 1;
		}
	}
	return best;
}

/* Those of some texts that look like the one with the longest run of digits. */
static List *
texts_alike(List *texts)
{
	const char *best = NULL;
	List	   *alike = NIL;
	ListCell   *lc;
	int			start;

	foreach(lc, texts)
		if (best == NULL || longest_digits(lfirst(lc), &start) > longest_digits(best, &start))
			best = lfirst(lc);
	foreach(lc, texts)
		if (look_alike(best, lfirst(lc)))
			alike = lappend(alike, lfirst(lc));
	return alike;
}

/* Have all of some texts the same character at a place? */
static bool
is_constant(List *texts, int at)
{
	ListCell   *lc;

	foreach(lc, texts)
		if (((const char *) lfirst(lc))[at] != ((const char *) linitial(texts))[at])
			return false;
	return true;
}

/*
 * A pattern like texts, those of them that look like the one with the longest run of
 * digits: it counts rows.  NULL if there is none; *most is set to how many rows it
 * tells apart.
 */
static char *
pattern_of_texts(List *texts, double *most)
{
	StringInfoData text;
	const char *first;
	int			start = 0;
	int			digits;

	if (texts == NIL)
		return NULL;
	texts = texts_alike(texts);
	first = linitial(texts);
	digits = longest_digits(first, &start);
	if (digits < 2)
		return NULL;
	initStringInfo(&text);
	for (int i = 0; first[i]; i++)
	{
		char		class = class_of(first[i]);

		if (i >= start && i < start + digits)
		{
			if (i == start)
				appendStringInfo(&text, "{row:%d}", digits);
		}
		else if (first[i] == '{' || first[i] == '}')
			return NULL;
		else if (is_constant(texts, i) || (class != '9' && class != 'A'))
			appendStringInfoChar(&text, first[i]);
		else
			appendStringInfoString(&text, class == '9' ? "{random_digits:1}" : "{random_letters:1}");
	}
	*most = pow(10, Min(digits, 15)) - 1;
	return pattern(text.data);
}

/* Add a pattern of a text, and the number of the row behind it, in up to max characters. */
static void
add_counted(List **rules, const char *before, const char *behind, int max)
{
	int			digits = max - (int) (strlen(before) + strlen(behind));

	if (digits > 0)
		add(rules, pow(10, Min(digits, 15)) - 1, pattern(psprintf("%s{row}%s", before, behind)));
}

/* Add patterns that fit a text of min to max characters. */
static void
add_patterns(List **rules, const LearnTable *table, const LearnColumn *column, int min, int max)
{
	static const char *const mail[] = {"email", "mail", NULL};
	static const char *const url[] = {"url", "uri", "website", "homepage", "link", NULL};
	int			width = Max(min, Min(max, 8));
	int			digits = Max(min, Min(max, 10));

	if (max >= 30 && min <= 17 && learn_has_word(column->sql_name, mail))
		add(rules, 1e15, pattern("user{row}@example.com"));
	if (max >= 40 && min <= 21 && learn_has_word(column->sql_name, url))
		add(rules, 1e15, pattern("https://example.com/{row}"));
	if (width <= 100 && !is_column(table, "id"))
		add(rules, pow(36, Min(width, 9)), pattern(psprintf("{id:%d}", width)));
	else if (max >= 14 && min <= 14)
		add(rules, 1e10, pattern("{random_letters:4}{row:10}"));
	if (digits <= 100)
		add(rules, pow(10, Min(digits, 15)) - 1, pattern(psprintf("{row:%d}", digits)));
	if (is_column(table, "random_hex"))
		return;
	if (max >= 36 && min <= 36)
		add(rules, 1e12, pattern("{random_hex:8}-{random_hex:4}-4{random_hex:3}-8{random_hex:3}-{row:12}"));
	if (column->checks == NIL)
		return;
	for (int n = Max(min, 16); n <= Min(max, 128); n++)
		if (n == min || n == 16 || n == 32 || n == 40 || n == 64)
			add(rules, 1e12, pattern(n > 112 ? psprintf("{random_hex:100}{random_hex:%d}{row:12}", n - 112) :
									 psprintf("{random_hex:%d}{row:12}", n - 12)));
	add_counted(rules, "user", "@example.com", max);
	add_counted(rules, "https://example.com/", "", max);
	add_counted(rules, "a", "", max);
	add_counted(rules, "A", "", max);
	add_counted(rules, "/", "", max);
	if (min <= 9 && max >= 9)
	{
		add(rules, 1e8 - 1, pattern("a{row:8}"));
		add(rules, 1e8 - 1, pattern("A{row:8}"));
	}
	if (min > 1 && min <= 100)
	{
		add(rules, pow(10, Min(min - 1, 15)) - 1, pattern(psprintf("a{row:%d}", min - 1)));
		add(rules, pow(10, Min(min - 1, 15)) - 1, pattern(psprintf("A{row:%d}", min - 1)));
	}
}

/* The rules that come into question for texts. */
static List *
text_rules(const LearnTable *table, const LearnColumn *column)
{
	double		most;
	char	   *same = column->checks && column->base ? pattern_of_texts(learn_sample(column, column->base, TRIED_VALUES), &most) : NULL;
	int			max = column->length > 0 ? column->length : 1000;
	List	   *rules = NIL;

	if (column->limits.max_length >= 0)
		max = Min(max, column->limits.max_length);
	/* of few digits, values that are listed are more */
	if (same && most >= LEARN_FEW_VALUES)
		add(&rules, most, same);
	if (max > 0)
		add_patterns(&rules, table, column, Min(column->limits.min_length, max), max);
	return rules;
}

/* The formula of what counts rows, and a number that is added. */
static char *
formula_of_row(const char *counts, double number)
{
	return psprintf("{\"kind\": \"formula\", \"expression\": \"%s%s%s\"}", counts, number == 0 ? "" : number < 0 ? " - " : " + ",
					number == 0 ? "" : learn_number(fabs(number)));
}

/* Whole numbers from the lowest that is allowed on; fractions where these would be few. */
static List *
number_rules(const LearnTable *table, const LearnColumn *column)
{
	const LearnLimits *limits = &column->limits;
	double		start = limits->has_low ? Max(ceil(limits->low), -1e15) : limits->has_high && limits->high < 1e6 ?
		Min(1, limits->high - 1e6) : 1;
	double		high = Min(limits->has_high ? floor(limits->high) : 1e15, floor(column->max));
	List	   *rules = NIL;
	bool		is_key = column->counts;
	ListCell   *lc;

	start = Max(start, ceil(column->min));
	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		is_key |= set->is_primary && bms_is_member((int) (column - table->column), set->columns);
	}
	if (column->kind != LEARN_INT)
	{
		double		step = high - start + 1 >= LEARN_FEW_VALUES ? 1 : column->kind == LEARN_DECIMAL ? pow(10, -column->scale) : FRACTION;
		double		before = start - step;

		add(&rules, floor((high - start) / step) + 1,
			formula_of_row(step == 1 ? "row()" : psprintf("row() * %s", learn_number(step)), before));
		return rules;
	}
	if (is_key && !(column->statistics && !column->counts && column->statistics->correlation != 0 &&
					column->statistics->correlation < IN_ORDER))
		add(&rules, high - start + 1, start == 1 ? "{\"kind\": \"sequence\"}" :
			psprintf("{\"kind\": \"sequence\", \"start\": %s}", learn_number(start)));
	add(&rules, high - start + 1, start == 1 ? "{\"kind\": \"permuted\"}" :
		psprintf("{\"kind\": \"permuted\", \"start\": %s}", learn_number(start)));
	for (int step = 2; step <= 1000 && column->checks; step = step == 2 ? 10 : step * 10)
		for (int first = step; first > 0; first -= step - 1)
			add(&rules, floor((high - first) / step), psprintf("{\"kind\": \"sequence\", \"start\": %d, \"step\": %d}", first, step));
	return rules;
}

/*
 * Periods, whose starts differ in a table that has no parent; days for each row one,
 * so of dates there are few.
 */
static List *
period_rules(const LearnSchema *schema, const LearnColumn *column)
{
	List	   *rules = NIL;

	if (!column->limits.has_low && !column->limits.has_high)
		add(&rules, column->kind == LEARN_DATE ? schema->end_day - schema->first_day : 1e12, "{\"kind\": \"periods\", \"part\": \"start\"}");
	return rules;
}

/* Strings of bytes of a length that fits. */
static List *
bytes_rules(const LearnColumn *column)
{
	const LearnLimits *limits = &column->limits;
	int			bytes = limits->min_length > 0 ? limits->min_length : limits->max_length >= 0 ? Min(limits->max_length, 16) : 16;
	int			digits = Min(2 * bytes, 16);
	List	   *rules = NIL;
	StringInfoData text;

	if (bytes < 1 || bytes > MAX_BYTES)
		return NIL;
	initStringInfo(&text);
	appendStringInfoString(&text, "\\x");
	for (int rest = 2 * bytes - digits; rest > 0; rest -= Min(rest, 100))
		appendStringInfo(&text, "{random_hex:%d}", Min(rest, 100));
	appendStringInfo(&text, "{row:%d}", digits);
	add(&rules, pow(10, Min(digits, 15)) - 1, pattern(text.data));
	return rules;
}

/* Values of a type that the format does not have, in which rows are counted. */
static List *
other_rules(void)
{
	static const char *const texts[] = {"{row}", "a{row}", "{row:12}", "{row:16}", "0/{row}"};
	List	   *rules = NIL;

	for (int i = 0; i < lengthof(texts); i++)
		add(&rules, 1e8, pattern(texts[i]));
	return rules;
}

/* Do values of a rule pass the checks of a column, and does its type tell them apart? */
static bool
passes_all(LearnAsker *asker, LearnTable *table, LearnColumn *column, const char *rule)
{
	bool		is_other = column->kind == LEARN_OTHER;
	List	   *values = column->checks || is_other ? learn_sample(column, rule, TRIED_VALUES) : NIL;
	bool		result = !is_other || learn_type_tells_apart(column, values);

	result = result && (column->checks == NIL || learn_rule_passes(asker, table, column, values, NULL));
	list_free_deep(values);
	return result;
}

/*
 * learn_find_differing
 *		Find a rule that gives a column values that differ and pass its checks: the first
 *		that has plenty of them, else that which has most.
 *
 * differing stays NULL if there is none; most is then of no meaning.
 */
void
learn_find_differing(LearnSchema *schema, LearnAsker *asker, LearnTable *table, LearnColumn *column)
{
	List	   *rules = NIL;
	ListCell   *lc;

	if (column->limits.has_list)
		return;
	switch (column->kind)
	{
		case LEARN_INT:
		case LEARN_DECIMAL:
		case LEARN_FLOAT:
			rules = number_rules(table, column);
			break;
		case LEARN_TEXT:
			rules = text_rules(table, column);
			break;
		case LEARN_UUID:
			add(&rules, 1e15, "{\"kind\": \"uuid\"}");
			break;
		case LEARN_BYTEA:
			rules = bytes_rules(column);
			break;
		case LEARN_DATE:
		case LEARN_TIMESTAMP:
			rules = period_rules(schema, column);
			break;
		case LEARN_OTHER:
			rules = other_rules();
			break;
		default:
			break;
	}
	column->most = 0;
	foreach(lc, rules)
	{
		const Differing *differing = lfirst(lc);

		if (differing->most <= column->most || !passes_all(asker, table, column, differing->rule))
			continue;
		column->differing = unconstify(char *, differing->rule);
		column->most = differing->most;
		if (column->most >= PLENTY)
			return;
	}
}
