/*-------------------------------------------------------------------------
 *
 * mask.c
 *		Texts that look like those of a column, and are none of them.
 *
 * The texts of the statistics are turned into masks, in which only lengths of words
 * and numbers and what divides them are left.  Masks of the same parts become one,
 * and rare ones are dropped.  Prose becomes words.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "learn/data.h"

/* Parts of a mask, and masks of a column, at most. */
#define MAX_PARTS		12
#define MAX_MASKS		10

/* Texts with more words than this are prose. */
#define PROSE_WORDS		3

/* Characters that divide parts, and are kept. */
#define DIVIDERS		"-_./:@ #+(),"

/* A run of characters of one class: '9', 'a', 'A', 'C' (a capital before small ones), 'h', or a divider. */
typedef struct Part
{
	char		class;
	int			min;
	int			max;
} Part;

typedef struct Mask
{
	int			n;
	Part		part[MAX_PARTS];
	double		weight;
	int			texts;
} Mask;

/* The class of a character; other ones than those of ASCII are small letters. */
static char
class_of(unsigned char ch)
{
	if (ch >= '0' && ch <= '9')
		return '9';
	if (ch >= 'A' && ch <= 'Z')
		return 'A';
	if ((ch >= 'a' && ch <= 'z') || IS_HIGHBIT_SET(ch))
		return 'a';
	return strchr(DIVIDERS, ch) ? (char) ch : '-';
}

#define HEX_DIGITS		"0123456789abcdef"

/* Is a text an identifier of 32 hexadecimal digits with hyphens between some? */
static bool
is_uuid(const char *text)
{
	return strlen(text) == 36 && strspn(text, HEX_DIGITS "-") == 36 &&
		text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' && strspn(text + 24, HEX_DIGITS) == 12;
}

/*
 * The number of hexadecimal digits that a text begins with and nothing of a word goes
 * on with, if they are so many that they are none of a word; in an identifier each of
 * its parts.
 */
static int
hex_digits(const char *text, bool in_uuid)
{
	int			n = (int) strspn(text, HEX_DIGITS);

	return (n >= 16 || (in_uuid && n > 0)) && !isalnum((unsigned char) text[n]) && !IS_HIGHBIT_SET(text[n]) ? n : 0;
}

/* The mask of a text; false if it has too many parts. */
static bool
mask_text(const char *text, Mask *mask)
{
	bool		in_uuid = is_uuid(text);
	int			len;

	mask->n = 0;
	for (; *text; text += len)
	{
		char		class = class_of((unsigned char) *text);
		Part	   *last = mask->n > 0 ? &mask->part[mask->n - 1] : NULL;
		int			digits = last == NULL || strchr(DIVIDERS, last->class) ? hex_digits(text, in_uuid) : 0;

		len = digits ? digits : pg_mblen(text);
		if (digits && mask->n < MAX_PARTS)
		{
			mask->part[mask->n++] = (Part) {'h', digits, digits};
			continue;
		}
		if (last && last->class == 'A' && last->max == 1 && class == 'a')
			last->class = 'C';
		if (last && (last->class == class || (last->class == 'C' && class == 'a')) && !strchr(DIVIDERS, class))
		{
			last->min++;
			last->max++;
			continue;
		}
		if (mask->n == MAX_PARTS)
			return false;
		mask->part[mask->n++] = (Part) {class, 1, 1};
	}
	return mask->n > 0;
}

/* Have two masks the same parts, but for lengths? */
static bool
are_alike(const Mask *a, const Mask *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (a->part[i].class != b->part[i].class)
			return false;
	return true;
}

/* Add a mask to those of a column, of which there are *n. */
static void
add_mask(Mask *masks, int *n, const Mask *mask, double weight, int room)
{
	for (int i = 0; i < *n; i++)
		if (are_alike(&masks[i], mask))
		{
			for (int p = 0; p < mask->n; p++)
			{
				masks[i].part[p].min = Min(masks[i].part[p].min, mask->part[p].min);
				masks[i].part[p].max = Max(masks[i].part[p].max, mask->part[p].max);
			}
			masks[i].weight += weight;
			masks[i].texts++;
			return;
		}
	if (*n < room)
	{
		masks[*n] = *mask;
		masks[*n].weight = weight;
		masks[(*n)++].texts = 1;
	}
}

/* For qsort: the most frequent first; else by their parts, so that the order is always the same. */
static int
compare_masks(const void *a, const void *b)
{
	const Mask *x = a;
	const Mask *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->n != y->n)
		return x->n - y->n;
	for (int i = 0; i < x->n; i++)
		if (x->part[i].class != y->part[i].class)
			return x->part[i].class - y->part[i].class;
	return 0;
}

/* Where addresses of mail lead, as nobody is to get any. */
#define MAIL_DOMAIN		"example.com"

/*
 * Append a mask in the words of the rule "shape"; a text has up to room characters.  If
 * it is of addresses of mail, with the domain that is there for examples.
 */
static void
append_mask(StringInfo out, const Mask *mask, int room)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < mask->n && room > 0; i++)
	{
		const Part *part = &mask->part[i];
		int			max = Min(part->max, room);
		int			min = Min(part->min, max);

		room -= max;
		if (part->class == '@' && i > 0 && room >= (int) strlen(MAIL_DOMAIN))
		{
			appendStringInfoString(&text, "\\@");
			for (const char *p = MAIL_DOMAIN; *p; p++)
				appendStringInfo(&text, "\\%c", *p);
			break;
		}
		if (part->class == 'C')
		{
			appendStringInfoChar(&text, 'A');
			if (max > 1)
				appendStringInfo(&text, "a{%d,%d}", Max(min - 1, 0), max - 1);
		}
		else if (strchr(DIVIDERS, part->class))
			appendStringInfo(&text, "\\%c", part->class);
		else
			appendStringInfo(&text, "%s{%d,%d}", part->class == 'h' ? "hex" : part->class == '9' ? "9" : part->class == 'A' ? "A" : "a", min, max);
	}
	appendStringInfoString(out, learn_quote(text.data));
}

/* The number of words in a text. */
static int
words_in(const char *text)
{
	int			n = 1;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

/* Prose with as many words as there are in the texts, in the mean, or that their length allows. */
static char *
prose_rule(const LearnColumn *column, double words)
{
	return psprintf("{\"kind\": \"words\", \"count\": {\"distribution\": \"poisson\", \"mean\": %s, \"min\": 1}%s}",
					learn_number(Max(1, floor(words * 10 + 0.5) / 10)), words > 5 ? ", \"capital\": true, \"full_stop\": true" : "");
}

/* The masks of the texts of a column, as they are added. */
struct LearnMasks
{
	int			n;
	int			allocated;
	Mask	   *mask;
	double		words;
	double		sum;			/* of weights */
};

/*
 * learn_masks_create
 *		Room for what texts look like, palloc'd.
 */
LearnMasks *
learn_masks_create(void)
{
	LearnMasks *masks = palloc0(sizeof(LearnMasks));

	masks->allocated = 4;
	masks->mask = palloc(sizeof(Mask) * masks->allocated);
	return masks;
}

/*
 * learn_masks_add
 *		Add a text, which counts by its weight.
 */
void
learn_masks_add(LearnMasks *masks, const char *text, double weight)
{
	Mask		mask;

	masks->words += words_in(text) * weight;
	masks->sum += weight;
	if (masks->n == masks->allocated && masks->allocated < MAX_MASKS * 20)
	{
		masks->allocated = Min(masks->allocated * 2, MAX_MASKS * 20);
		masks->mask = repalloc(masks->mask, sizeof(Mask) * masks->allocated);
	}
	if (mask_text(text, &mask))
		add_mask(masks->mask, &masks->n, &mask, weight, masks->allocated);
}

/*
 * learn_masks_rule
 *		A rule for texts that look like those that were added; NULL if there is none.
 */
char *
learn_masks_rule(const LearnMasks *masks, const LearnColumn *column)
{
	Mask	   *sorted;
	int			kept = 0;
	StringInfoData rule;

	if (masks->sum <= 0)
		return NULL;
	if (masks->words / masks->sum > PROSE_WORDS)
		return prose_rule(column, masks->words / masks->sum);
	sorted = palloc(sizeof(Mask) * Max(masks->n, 1));
	memcpy(sorted, masks->mask, sizeof(Mask) * masks->n);
	qsort(sorted, masks->n, sizeof(Mask), compare_masks);
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"shape\", \"shapes\": {");
	for (int i = 0; i < masks->n && kept < MAX_MASKS; i++)
	{
		/* what single texts look like is not told */
		if (sorted[i].texts < 3 || sorted[i].weight < 0.02 * masks->sum)
			continue;
		appendStringInfoString(&rule, kept++ ? ", " : "");
		append_mask(&rule, &sorted[i], column->length > 0 ? column->length : 1000);
		appendStringInfo(&rule, ": %s", learn_number(Max(1, floor(sorted[i].weight / masks->sum * 1000 + 0.5))));
	}
	appendStringInfoString(&rule, "}}");
	pfree(sorted);
	return kept > 0 ? rule.data : NULL;
}

/*
 * learn_mask_rule
 *		A rule for texts like those of a column, as rows have them or else the
 *		statistics; NULL if there are none.
 */
char *
learn_mask_rule(const LearnColumn *column)
{
	const LearnStatistics *statistics = column->statistics;
	LearnMasks *masks = column->masks;
	double		rest;
	char	   *rule;

	if (masks)
		return learn_masks_rule(masks, column);
	if (statistics->nvalues + statistics->nbounds == 0)
		return statistics->width > 200 ? prose_rule(column, statistics->width / 5.5) : NULL;
	masks = learn_masks_create();
	rest = 1 - statistics->null_fraction;
	for (int i = 0; i < statistics->nvalues; i++)
	{
		learn_masks_add(masks, statistics->value[i], statistics->frequency[i]);
		rest -= statistics->frequency[i];
	}
	for (int i = 0; i < statistics->nbounds; i++)
		learn_masks_add(masks, statistics->bound[i], Max(rest, 0.001) / statistics->nbounds);
	rule = learn_masks_rule(masks, column);
	pfree(masks->mask);
	pfree(masks);
	return rule;
}
