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

/* What all of some texts have at a place: '9', 'A', 'a', a character, or 0 if they differ. */
static char
common_class(List *texts, int at)
{
	char		class = 0;
	ListCell   *lc;

	foreach(lc, texts)
	{
		char		ch = ((const char *) lfirst(lc))[at];
		char		own = ch >= '0' && ch <= '9' ? '9' : ch >= 'A' && ch <= 'Z' ? 'A' : ch >= 'a' && ch <= 'z' ? 'a' : ch;

		if (foreach_current_index(lc) > 0 && own != class)
			return 0;
		class = own;
	}
	return class;
}

/*
 * A pattern like texts that all look the same: their longest run of digits counts
 * rows.  NULL if there is none; *most is set to how many rows it tells apart.
 */
static char *
pattern_of_texts(List *texts, double *most)
{
	int			len = texts ? (int) strlen(linitial(texts)) : 0;
	int			best = 0;
	int			best_at = 0;
	StringInfoData text;
	ListCell   *lc;

	foreach(lc, texts)
		if (strlen(lfirst(lc)) != len)
			return NULL;
	for (int i = 0, run = 0; i < len; i++)
	{
		run = common_class(texts, i) == '9' ? run + 1 : 0;
		if (run > best)
		{
			best = run;
			best_at = i - run + 1;
		}
	}
	if (best < 2)
		return NULL;
	initStringInfo(&text);
	for (int i = 0; i < len; i++)
	{
		char		class = common_class(texts, i);

		if (i >= best_at && i < best_at + best)
		{
			if (i == best_at)
				appendStringInfo(&text, "{row:%d}", best);
		}
		else if (class == '9')
			appendStringInfoString(&text, "{random_digits:1}");
		else if (class == 'A')
			appendStringInfoString(&text, "{random_letters:1}");
		else if (class == 0 || class == '{' || class == '}')
			return NULL;
		else
			appendStringInfoChar(&text, class);
	}
	*most = pow(10, Min(best, 15));
	return pattern(text.data);
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
		add(rules, pow(10, Min(digits, 15)), pattern(psprintf("{row:%d}", digits)));
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
	add(rules, 1e15, pattern("user{row}@example.com"));
	add(rules, 1e15, pattern("https://example.com/{row}"));
	add(rules, 1e15, pattern("a{row}"));
	add(rules, 1e15, pattern("A{row}"));
	add(rules, 1e15, pattern("/{row}"));
	if (min > 1 && min <= 100)
	{
		add(rules, pow(10, Min(min - 1, 15)), pattern(psprintf("a{row:%d}", min - 1)));
		add(rules, pow(10, Min(min - 1, 15)), pattern(psprintf("A{row:%d}", min - 1)));
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
	if (same)
		add(&rules, most, same);
	if (max > 0)
		add_patterns(&rules, table, column, Min(column->limits.min_length, max), max);
	return rules;
}

/* Whole numbers from the lowest that is allowed on. */
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
		add(&rules, high - start + 1, start == 1 ? "{\"kind\": \"formula\", \"expression\": \"row()\"}" :
			psprintf("{\"kind\": \"formula\", \"expression\": \"row() + %s\"}", learn_number(start - 1)));
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

/*
 * learn_find_differing
 *		Find a rule that gives a column values that differ and pass its checks.
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
			add(&rules, 1e15, pattern("\\x{random_hex:16}{row:16}"));
			break;
		case LEARN_DATE:
		case LEARN_TIMESTAMP:
			rules = period_rules(schema, column);
			break;
		default:
			break;
	}
	foreach(lc, rules)
	{
		const Differing *differing = lfirst(lc);
		List	   *values = column->checks ? learn_sample(column, differing->rule, TRIED_VALUES) : NIL;
		bool		passes = column->checks == NIL || learn_rule_passes(asker, table, column, values, NULL);

		list_free_deep(values);
		if (!passes)
			continue;
		column->differing = unconstify(char *, differing->rule);
		column->most = differing->most;
		return;
	}
}
