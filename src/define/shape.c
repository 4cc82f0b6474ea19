/*-------------------------------------------------------------------------
 *
 * shape.c
 *		What texts look like: masks and regular expressions.
 *
 * Both become a tree of SpindleShape, whose texts can be drawn without ever
 * drawing one in vain.  Of regular expressions we take what describes a finite
 * number of texts, or what can be cut to that; anything else is an error that
 * tells the character.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "define/shape.h"

/* Repetitions of a part, of one without a limit beyond its least number, and nesting. */
#define MAX_REPEAT		1000
#define OPEN_REPEAT		8
#define MAX_DEPTH		20

/* Bytes of a mask or expression. */
#define MAX_LENGTH		10000

/* The characters of classes: the printable ones of ASCII. */
#define FIRST_CHARACTER 0x20
#define LAST_CHARACTER	0x7E

#define DIGITS	"0123456789"
#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The state of reading one mask or expression. */
typedef struct Reader
{
	const SpindleJson *node;
	const char *text;
	const char *at;				/* next character */
	int			depth;
} Reader;

static SpindleShape parse_choice(Reader *r);
pg_noreturn static void fail(const Reader *r, const char *what);

/* Report what is wrong at the next character, counted from 1. */
static void
fail(const Reader *r, const char *what)
{
	spindle_json_error(r->node, NULL, "%s at character %d of \"%s\".", what, (int) (r->at - r->text) + 1, r->text);
}

/* Of ASCII, whatever the locale. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The same of letters and digits. */
static bool
is_letter_or_digit(char c)
{
	return c != '\0' && strchr(DIGITS UPPER LOWER, c) != NULL;
}

/* Its parts take memory. */
static void
check_length(const Reader *r)
{
	if (strlen(r->text) > MAX_LENGTH)
		spindle_json_error(r->node, NULL, "more than %d characters.", MAX_LENGTH);
}

/*
 * spindle_shape_add
 *		Put a part behind those of a sequence or choice, and reckon its length.
 */
void
spindle_shape_add(SpindleShape *shape, SpindleShape part)
{
	const bool	is_choice = shape->kind == SPINDLE_SHAPE_CHOICE;

	/* what is always empty is left out, so that work goes with the length */
	if (!is_choice && part.longest == 0 && !part.fills)
		return;

	/* room for a power of two */
	if (shape->nparts == 0)
		shape->part = palloc(sizeof(SpindleShape));
	else if ((shape->nparts & (shape->nparts - 1)) == 0)
		shape->part = repalloc(shape->part, sizeof(SpindleShape) * shape->nparts * 2);
	shape->part[shape->nparts++] = part;
	if (is_choice)
	{
		shape->shortest = shape->nparts == 1 ? part.shortest : Min(shape->shortest, part.shortest);
		shape->longest = Max(shape->longest, part.longest);
	}
	else
	{
		shape->shortest += part.shortest;
		shape->longest = Min(shape->longest + part.longest, SPINDLE_MAX_SHAPE + 1);
	}
}

/* An empty sequence or choice. */
static SpindleShape
empty_shape(SpindleShapeKind kind)
{
	return (SpindleShape) {.kind = kind,.min = 1,.max = 1};
}

/* One character that stands for itself, of as many bytes as it has. */
static SpindleShape
literal(Reader *r)
{
	const int	len = pg_encoding_mblen(PG_UTF8, r->at);
	SpindleShape shape = {.kind = SPINDLE_SHAPE_TEXT,.min = 1,.max = 1,.len = len,.shortest = 1,.longest = 1};

	shape.text = pnstrdup(r->at, len);
	r->at += len;
	return shape;
}

/* One of some characters, palloc'd by the caller or constant. */
static SpindleShape
class_of(const char *characters)
{
	return (SpindleShape) {.kind = SPINDLE_SHAPE_CLASS,.min = 1,.max = 1,.text = characters,
		.len = (int) strlen(characters),.shortest = 1,.longest = 1};
}

/* A number of repetitions. */
static int
parse_count(Reader *r)
{
	int			n = 0;

	if (!is_digit(*r->at))
		fail(r, "a number is needed");
	for (; is_digit(*r->at); r->at++)
	{
		n = n * 10 + (*r->at - '0');
		if (n > MAX_REPEAT)
			fail(r, psprintf("more than %d repetitions", MAX_REPEAT));
	}
	return n;
}

/* Let a part come from min to max times. */
static void
repeat(const Reader *r, SpindleShape *shape, int min, int max)
{
	if (max < min)
		fail(r, "the second number is below the first");
	if (shape->longest == 0)
		return;
	shape->min = min;
	shape->max = max;
	shape->shortest = Min(shape->shortest * min, SPINDLE_MAX_SHAPE + 1);
	shape->longest = Min(shape->longest * max, SPINDLE_MAX_SHAPE + 1);
}

/* {n}, {n,m} or, if it may be open, {n,}; the brace is the next character. */
static void
parse_braces(Reader *r, SpindleShape *shape, bool may_be_open)
{
	int			min;
	int			max;

	r->at++;
	min = max = parse_count(r);
	if (*r->at == ',')
	{
		r->at++;
		if (may_be_open && *r->at == '}')
			max = Min(min + OPEN_REPEAT, MAX_REPEAT);
		else
			max = parse_count(r);
	}
	if (*r->at != '}')
		fail(r, "a \"}\" is needed");
	r->at++;
	repeat(r, shape, min, max);
}

/* The characters that a letter or word of a mask stands for, NULL if it is none. */
static const char *
mask_class(Reader *r)
{
	static const struct
	{
		const char *name;
		const char *characters;
	}			classes[] =
	{
		{"hex", DIGITS "abcdef"},
		{"HEX", DIGITS "ABCDEF"},
		{"A", UPPER},
		{"a", LOWER},
		{"9", DIGITS},
		{"X", DIGITS UPPER},
		{"x", DIGITS LOWER},
	};

	for (int i = 0; i < lengthof(classes); i++)
		if (strncmp(r->at, classes[i].name, strlen(classes[i].name)) == 0)
		{
			r->at += strlen(classes[i].name);
			return classes[i].characters;
		}
	return NULL;
}

/*
 * spindle_parse_mask
 *		The shape of a mask such as Aa{4,9}-9{3}.
 *
 * {*} lets a class fill the text up to its length, if there is a length; once in
 * a mask, and before parts of one length only.  It counts for no characters.
 */
SpindleShape
spindle_parse_mask(const SpindleJson *node, const char *text, bool has_length)
{
	Reader		r = {.node = node,.text = text,.at = text};
	SpindleShape mask = empty_shape(SPINDLE_SHAPE_SEQUENCE);
	int			filler = -1;

	check_length(&r);
	while (*r.at)
	{
		const char *characters = mask_class(&r);
		SpindleShape part;

		if (characters)
			part = class_of(characters);
		else
		{
			if (*r.at == '{' || *r.at == '}')
				fail(&r, "a number of repetitions belongs behind what is repeated");
			if (is_letter_or_digit(*r.at))
				fail(&r, "a letter or digit that stands for nothing needs a backslash before it");
			if (*r.at == '\\' && *++r.at == '\0')
				fail(&r, "a character is needed behind the backslash");
			part = literal(&r);
		}
		if (strncmp(r.at, "{*}", 3) == 0)
		{
			if (!has_length || filler >= 0 || !characters)
				fail(&r, "{*} is for one class of a mask, and needs \"length\"");
			filler = mask.nparts;
			part.fills = true;
			part.shortest = part.longest = 0;
			r.at += 3;
		}
		else if (*r.at == '{')
			parse_braces(&r, &part, false);
		if (filler >= 0 && filler < mask.nparts && part.min != part.max)
			fail(&r, "what follows a {*} must have one length");
		if (filler >= 0 && filler < mask.nparts)
			mask.part[filler].behind += part.longest;
		spindle_shape_add(&mask, part);
	}
	return mask;
}

/* Add the characters of a string to a set, or, with inverse, all printable ones but them. */
static void
add_characters(bool *set, const char *characters, bool inverse)
{
	for (int c = FIRST_CHARACTER; c <= LAST_CHARACTER; c++)
		set[c] |= (strchr(characters, c) != NULL) != inverse;
}

/*
 * Add the class that an escape such as \d is, behind its backslash; false if it
 * is none.
 */
static bool
add_escape(Reader *r, bool *set)
{
	const bool	inverse = *r->at >= 'A' && *r->at <= 'Z';

	switch (pg_ascii_tolower((unsigned char) *r->at))
	{
		case 'd':
			add_characters(set, DIGITS, inverse);
			break;
		case 'w':
			add_characters(set, DIGITS UPPER LOWER "_", inverse);
			break;
		case 's':
			add_characters(set, " ", inverse);
			break;
		default:
			return false;
	}
	r->at++;
	return true;
}

/* A character that an escape stands for, which must be no letter or digit. */
static void
check_escaped(Reader *r)
{
	if (*r->at == '\0')
		fail(r, "a character is needed behind the backslash");
	if (is_letter_or_digit(*r->at))
		fail(r, "this escape is not supported");
}

/* The set as a class, palloc'd; it must not be empty. */
static SpindleShape
class_of_set(const Reader *r, const bool *set)
{
	char	   *characters = palloc(LAST_CHARACTER + 1);
	int			n = 0;

	for (int c = FIRST_CHARACTER; c <= LAST_CHARACTER; c++)
		if (set[c])
			characters[n++] = (char) c;
	characters[n] = '\0';
	if (n == 0)
		fail(r, "no printable character is left in the class");
	return class_of(characters);
}

/* A named class such as [:digit:], at its first bracket. */
static void
add_named(Reader *r, bool *set)
{
	static const struct
	{
		const char *name;
		const char *characters;
	}			names[] =
	{
		{"[:alpha:]", UPPER LOWER},
		{"[:digit:]", DIGITS},
		{"[:alnum:]", DIGITS UPPER LOWER},
		{"[:upper:]", UPPER},
		{"[:lower:]", LOWER},
		{"[:xdigit:]", DIGITS "abcdefABCDEF"},
		{"[:space:]", " "},
	};

	for (int i = 0; i < lengthof(names); i++)
		if (strncmp(r->at, names[i].name, strlen(names[i].name)) == 0)
		{
			add_characters(set, names[i].characters, false);
			r->at += strlen(names[i].name);
			return;
		}
	fail(r, "this named class is not supported");
}

/* One end of a range, or a character by itself, in a class. */
static int
parse_class_character(Reader *r)
{
	if (*r->at == '\\')
	{
		r->at++;
		check_escaped(r);
	}
	if (*r->at < FIRST_CHARACTER || *r->at > LAST_CHARACTER)
		fail(r, *r->at ? "only printable characters of ASCII can be in a class" : "a \"]\" is needed");
	return *r->at++;
}

/* [...], at the bracket. */
static SpindleShape
parse_class(Reader *r)
{
	bool		set[LAST_CHARACTER + 1] = {false};
	bool		inverse;
	bool		is_first = true;

	r->at++;
	inverse = *r->at == '^';
	if (inverse)
		r->at++;
	for (; *r->at != ']' || is_first; is_first = false)
	{
		int			from;
		int			to;

		if (*r->at == '[' && (r->at[1] == ':' || r->at[1] == '.' || r->at[1] == '='))
		{
			add_named(r, set);
			continue;
		}
		if (*r->at == '\\' && r->at[1])
		{
			r->at++;
			if (add_escape(r, set))
				continue;
			r->at--;
		}
		from = to = parse_class_character(r);
		if (*r->at == '-' && r->at[1] != ']')
		{
			r->at++;
			to = parse_class_character(r);
		}
		if (to < from)
			fail(r, "the range ends before it begins");
		for (int c = from; c <= to; c++)
			set[c] = true;
	}
	r->at++;
	if (inverse)
		for (int c = FIRST_CHARACTER; c <= LAST_CHARACTER; c++)
			set[c] = !set[c];
	return class_of_set(r, set);
}

/* ( choice ) or (?: choice ), at the parenthesis. */
static SpindleShape
parse_group(Reader *r)
{
	SpindleShape group;

	r->at++;
	if (*r->at == '?')
	{
		if (r->at[1] != ':')
			fail(r, "this kind of group is not supported");
		r->at += 2;
	}
	group = parse_choice(r);
	if (*r->at != ')')
		fail(r, "a \")\" is needed");
	r->at++;
	return group;
}

/* What a quantifier can stand behind: a character, a class or a group. */
static SpindleShape
parse_atom(Reader *r)
{
	bool		set[LAST_CHARACTER + 1] = {false};

	switch (*r->at)
	{
		case '(':
			return parse_group(r);
		case '[':
			return parse_class(r);
		case '.':
			r->at++;
			add_characters(set, "", true);
			return class_of_set(r, set);
		case '\\':
			r->at++;
			if (add_escape(r, set))
				return class_of_set(r, set);
			check_escaped(r);
			return literal(r);
		case '*':
		case '+':
		case '?':
		case '{':
			fail(r, "nothing stands before this that could be repeated");
		case '^':
		case '$':
			fail(r, "an anchor can stand at the begin or end of the expression only");
		default:
			return literal(r);
	}
}

/* Let an atom be repeated as a quantifier behind it says, if there is one. */
static void
parse_quantifier(Reader *r, SpindleShape *atom)
{
	switch (*r->at)
	{
		case '*':
			repeat(r, atom, 0, OPEN_REPEAT);
			break;
		case '+':
			repeat(r, atom, 1, OPEN_REPEAT);
			break;
		case '?':
			repeat(r, atom, 0, 1);
			break;
		case '{':
			parse_braces(r, atom, true);
			r->at--;
			break;
		default:
			return;
	}
	r->at++;
	if (*r->at && strchr("*+?{", *r->at))
		fail(r, "a quantifier behind a quantifier is not supported");
}

/* Alternatives between bars, each of which is a sequence of atoms. */
static SpindleShape
parse_choice(Reader *r)
{
	SpindleShape choice = empty_shape(SPINDLE_SHAPE_CHOICE);

	if (++r->depth > MAX_DEPTH)
		fail(r, "groups are nested too deeply");
	for (;;)
	{
		SpindleShape sequence = empty_shape(SPINDLE_SHAPE_SEQUENCE);

		while (*r->at && *r->at != '|' && *r->at != ')')
		{
			const char *start = r->at;
			SpindleShape atom;

			/* whole texts match, so anchors at the ends say nothing */
			if (r->depth == 1 && ((*r->at == '^' && (start == r->text || start[-1] == '|')) ||
								  (*r->at == '$' && (start[1] == '\0' || start[1] == '|'))))
			{
				r->at++;
				continue;
			}
			atom = parse_atom(r);
			parse_quantifier(r, &atom);
			spindle_shape_add(&sequence, atom);
		}
		spindle_shape_add(&choice, sequence);
		if (*r->at != '|')
			break;
		r->at++;
	}
	r->depth--;
	return choice.nparts == 1 ? choice.part[0] : choice;
}

/*
 * spindle_parse_regex
 *		The shape of the texts that a regular expression matches as a whole; see
 *		docs/domain-format.md for what it may have.
 */
SpindleShape
spindle_parse_regex(const SpindleJson *node, const char *text)
{
	Reader		r = {.node = node,.text = text,.at = text};
	SpindleShape shape;

	check_length(&r);
	shape = parse_choice(&r);
	if (*r.at)
		fail(&r, "there is no \"(\" for this");
	return shape;
}
