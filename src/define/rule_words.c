/*-------------------------------------------------------------------------
 *
 * rule_words.c
 *		The rule "words": prose from the words of a data set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "define/rule_reader.h"

/* Words of a text, and of one in which none comes twice. */
#define MAX_WORDS		1000
#define MAX_DISTINCT	100

/* The characters of a text in UTF-8. */
static int
count_characters(const char *text)
{
	int			n = 0;

	for (; *text; text += pg_encoding_mblen(PG_UTF8, text))
		n++;
	return n;
}

/* A string member of the rule as a node; without it, one that stands for name. */
static SpindleJson
member_or(RuleReader *r, const char *member_name, const char *name, cJSON *space)
{
	SpindleJson result;

	if (has(r, member_name))
		return member(r, member_name);
	space->type = cJSON_String;
	space->valuestring = pstrdup(name);
	result = spindle_json_child(r->node, space, 0);
	result.name = member_name;
	return result;
}

/*
 * Read the words: the field "field" of the data set "set", which are "word" and
 * "words" if they are absent.  No word is null or empty.
 */
static void
read_list(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	cJSON		set_space = {0};
	cJSON		field_space = {0};
	SpindleJson m = member_or(r, "set", "words", &set_space);
	SpindleJson field = member_or(r, "field", "word", &field_space);
	SpindleDataSet *set = spindle_parse_data_set(r->parse, &m);
	int			f = spindle_data_set_field(set, &field);

	if (strcmp(set->field[f], "weight") == 0)
		spindle_json_error(&field, NULL, "\"weight\" holds the weights and cannot be a value.");
	rule->words.set = set;
	rule->words.word = palloc(sizeof(SpindleWord) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		const char *word = set->cell[f][i];

		if (word == NULL || word[0] == '\0')
			spindle_json_error(&field, NULL, "field \"%s\" has no word in row %d.", set->field[f], i);
		rule->words.word[i].data = word;
		rule->words.word[i].len = (int) strlen(word);
		rule->words.word[i].characters = count_characters(word);
	}
}

/* The words, how many, and what is done with them. */
static void
read_words(RuleReader *r)
{
	SpindleRule *rule = r->rule;

	read_list(r);
	spindle_read_nested_dist(r, "count", &rule->words.count);
	rule->words.distinct = flag(r, "distinct", false);
	rule->words.capital = flag(r, "capital", false);
	rule->words.full_stop = flag(r, "full_stop", false);
	rule->words.most = rule->words.distinct ? Min(MAX_DISTINCT, rule->words.set->nrows) : MAX_WORDS;
}

static void
describe_words(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfo(out, "%swords of data set %s, count: ", rule->words.distinct ? "different " : "",
					 rule->words.set->name);
	spindle_describe_dist(out, &rule->words.count);
}

/* Equal texts are possible, so it is no key. */
const SpindleRuleDef spindle_rule_def_words = {
	.forms = (const RuleForm[]) {
		{"words", 1 << SPINDLE_TEXT, {"kind", "set", "field", "count", "distinct", "capital", "full_stop", "keyed_by", NULL}},
		{.name = NULL},
	},
	.read = read_words,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.row_use = spindle_rule_draws_by_row,
	.ops = {
		.visit = spindle_rule_no_parts,
		.may_be_null = spindle_rule_never_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_words,
	},
};
