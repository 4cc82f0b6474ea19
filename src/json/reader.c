/*-------------------------------------------------------------------------
 *
 * reader.c
 *		Reading of JSON definitions, with errors that name the place.
 *
 * cJSON does the parsing.  Three of its habits need care here:
 *
 *	- It keeps numbers as doubles, and takes some that are none, such as 06.
 *	  Before it sees the text, we check the numbers, and put integers that a
 *	  double may not hold between quotes, behind a mark that no string can
 *	  have.  spindle_json_int64() reads their digits, so all 64 bits survive.
 *	- It keeps the last of two equal members, without a word.  We refuse them.
 *	- It takes 64 bytes for each value and some for each text, from malloc, and
 *	  cannot be interrupted.  We count the values before, give it memory of the
 *	  context that is current, piece by piece of large blocks, and look for
 *	  interrupts when we do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "json/reader.h"

/* Before the digits of a number that is kept as a string; strings have none. */
#define NUMBER_MARK		"\001"

/* Objects and arrays inside each other; no definition needs a tenth of it. */
#define MAX_NESTING 64

/*
 * Values of a document: the least of a data set of a million records with three
 * fields, and 300 MB of memory.
 */
#define MAX_VALUES	4100000

/* Memory is taken in blocks that double, up to a megabyte. */
#define FIRST_BLOCK	4096
#define LAST_BLOCK	(1024 * 1024)

/* Where the tree that is being parsed gets its memory; nothing is given back. */
static struct
{
	char	   *next;			/* what is free of the last block, ... */
	Size		left;			/* ... and its bytes */
	Size		block;			/* bytes of the next one */
	uint32		pieces;			/* given so far */
}			tree_memory;

/* A piece of memory for cJSON.  What it raises leaves cJSON by a jump. */
static void *
tree_alloc(size_t size)
{
	void	   *result;

	size = MAXALIGN(size);
	if (++tree_memory.pieces % 4096 == 0)
		CHECK_FOR_INTERRUPTS();
	if (size > tree_memory.left)
	{
		tree_memory.left = Max(tree_memory.block, size);
		tree_memory.next = palloc(tree_memory.left);
		tree_memory.block = Min(tree_memory.block * 2, LAST_BLOCK);
	}
	result = tree_memory.next;
	tree_memory.next += size;
	tree_memory.left -= size;
	return result;
}

/* It goes with the memory context. */
static void
tree_free(void *piece)
{
}

/*
 * The tree of a document, in the current memory context; NULL if it is no JSON,
 * with *end at the mistake.
 */
static cJSON *
parse_tree(const char *text, const char **end)
{
	cJSON_Hooks hooks = {tree_alloc, tree_free};
	cJSON	   *volatile tree = NULL;

	memset(&tree_memory, 0, sizeof(tree_memory));
	tree_memory.block = FIRST_BLOCK;
	cJSON_InitHooks(&hooks);
	PG_TRY();
	{
		tree = cJSON_ParseWithOpts(text, end, true);
	}
	PG_FINALLY();
	{
		cJSON_InitHooks(NULL);
	}
	PG_END_TRY();
	return tree;
}

/*
 * The bytes of the number that text begins with, by the grammar of RFC 8259; 0
 * if it is none or goes on with something else.  *integral tells whether it
 * has neither fraction nor exponent.
 */
static int
number_length(const char *text, int len, bool *integral)
{
	int			n = 0;
	int			digits;

	*integral = true;
	if (n < len && text[n] == '-')
		n++;
	digits = n;
	while (n < len && isdigit((unsigned char) text[n]))
		n++;
	if (n == digits || (text[digits] == '0' && n > digits + 1))
		return 0;
	if (n < len && text[n] == '.')
	{
		*integral = false;
		digits = ++n;
		while (n < len && isdigit((unsigned char) text[n]))
			n++;
		if (n == digits)
			return 0;
	}
	if (n < len && (text[n] == 'e' || text[n] == 'E'))
	{
		*integral = false;
		n++;
		if (n < len && (text[n] == '+' || text[n] == '-'))
			n++;
		digits = n;
		while (n < len && isdigit((unsigned char) text[n]))
			n++;
		if (n == digits)
			return 0;
	}
	return n < len && strchr("0123456789+-.eE", text[n]) != NULL && text[n] ? 0 : n;
}

/*
 * A copy of text in which numbers that a double may not hold exactly, those of
 * 16 or more digits and without fraction and exponent, stand in quotes.  On
 * the way, refuse what cJSON would let pass or recurse into.  That are control
 * characters and \u0000 in strings, numbers that are none, nesting beyond
 * MAX_NESTING, and more than MAX_VALUES values.
 *
 * The result is palloc'd and terminated.  Raises untranslatable_character,
 * invalid_text_representation or program_limit_exceeded, with the offset of
 * the byte.  text must be valid UTF-8.
 */
static char *
prepare(const char *text, int len, const char *subject)
{
	StringInfoData buf;
	int			copied = 0;		/* bytes of text that are in buf */
	bool		in_string = false;
	int			nesting = 0;
	int			nvalues = 0;	/* each but the first of an object or array has
								 * a comma before it */

	initStringInfo(&buf);
	enlargeStringInfo(&buf, len);
	for (int i = 0; i < len; i++)
	{
		char		c = text[i];

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!in_string && (c == ',' || c == '{' || c == '[') && ++nvalues > MAX_VALUES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("invalid JSON in %s", subject),
					 errdetail("There are more than %d values, up to byte %d.", MAX_VALUES, i)));
		if (in_string)
		{
			if (c == '\\' && i + 1 < len)
			{
				if (len - i >= 6 && strncmp(text + i, "\\u0000", 6) == 0)
					ereport(ERROR,
							(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
							 errmsg("invalid JSON in %s", subject),
							 errdetail("\\u0000 at byte %d cannot be converted to text.", i)));
				i++;
			}
			else if (c == '"')
				in_string = false;
			else if ((unsigned char) c < 0x20)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						 errmsg("invalid JSON in %s", subject),
						 errdetail("The control character 0x%02x at byte %d must be escaped.",
								   (unsigned char) c, i)));
		}
		else if (c == '"')
			in_string = true;
		else if (c == '{' || c == '[')
		{
			if (++nesting > MAX_NESTING)
				ereport(ERROR,
						(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						 errmsg("invalid JSON in %s", subject),
						 errdetail("Nesting at byte %d is deeper than %d levels.",
								   i, MAX_NESTING)));
		}
		else if (c == '}' || c == ']')
			nesting--;
		else if (c == '-' || (c >= '0' && c <= '9'))
		{
			bool		integral;
			int			n = number_length(text + i, len - i, &integral);

			if (n == 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						 errmsg("invalid JSON in %s", subject),
						 errdetail("Syntax error at byte %d: not a number.", i)));
			if (integral && n >= 16)
			{
				appendBinaryStringInfo(&buf, text + copied, i - copied);
				appendStringInfoString(&buf, "\"" NUMBER_MARK);
				appendBinaryStringInfo(&buf, text + i, n);
				appendStringInfoChar(&buf, '"');
				copied = i + n;
			}
			i += n - 1;
		}
	}
	appendBinaryStringInfo(&buf, text + copied, len - copied);
	return buf.data;
}

/*
 * spindle_json_parse
 *		Parse a document of len bytes in UTF-8.
 *
 * subject names the document in errors, for example domain "retail", and is
 * kept.  The tree lives as long as the current memory context.  A syntax
 * error reports the byte offset.
 *
 * The result has no parent, and the caller keeps it as long as nodes below
 * point to it.  text need not be terminated and is not kept.  Raises
 * character_not_in_repertoire, invalid_text_representation,
 * untranslatable_character or program_limit_exceeded.  Members that appear
 * twice are found by spindle_json_expect_object().
 */
SpindleJson
spindle_json_parse(const char *text, int len, const char *subject)
{
	SpindleJson node = {NULL, NULL, NULL, 0, subject};
	char	   *prepared;
	const char *end = NULL;
	cJSON	   *tree;
	int			valid = pg_encoding_verifymbstr(PG_UTF8, text, len);

	if (valid != len)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("invalid JSON in %s", subject),
				 errdetail("The byte at offset %d is not valid in UTF-8.", valid)));

	prepared = prepare(text, len, subject);
	tree = parse_tree(prepared, &end);
	if (tree == NULL)
	{
		int			offset = (int) (end - prepared);
		int			raw = 0;

		/* what prepare() put in does not count */
		for (int i = 0; i < offset && raw < len; i++)
			if (prepared[i] == text[raw])
				raw++;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid JSON in %s", subject),
				 errdetail("Syntax error at byte %d, near \"%s\".", raw,
						   pnstrdup(text + raw, pg_encoding_mbcliplen(PG_UTF8, text + raw,
																	  len - raw, 20))),
				 errhint("JSON has names and texts in double quotes, no comma behind the last member or element, and no comments.")));
	}
	pfree(prepared);
	node.value = tree;
	return node;
}

/*
 * spindle_json_path
 *		Where a node stands, as "tables.order.columns", palloc'd.
 *
 * It is "" for the document.  Elements of arrays are counted from 0.
 */
char *
spindle_json_path(const SpindleJson *node)
{
	char	   *parent;

	if (node->parent == NULL)
		return pstrdup("");
	parent = spindle_json_path(node->parent);
	if (node->name == NULL)
		return psprintf("%s[%d]", parent, node->index);
	return psprintf("%s%s%s", parent, parent[0] ? "." : "", node->name);
}

/*
 * spindle_json_error
 *		Report what is wrong with a node, a sentence without its place.
 *
 * hint says what is legal, as a sentence, or is NULL.
 *
 * Raises invalid_parameter_value, with the path and the sentence as the
 * detail.  fmt and its arguments are as of printf; the sentence begins in
 * lower case, as it stands behind the path.
 */
void
spindle_json_error(const SpindleJson *node, const char *hint, const char *fmt,...)
{
	StringInfoData buf;
	char	   *path = spindle_json_path(node);

	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&buf, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid definition of %s", node->subject),
			 errdetail("%s: %s", path[0] ? path : "document", buf.data),
			 hint ? errhint("%s", hint) : 0));
}

/* A number that is kept as a string of digits? */
static bool
is_long_number(const cJSON *value)
{
	return cJSON_IsString(value) && value->valuestring[0] == NUMBER_MARK[0];
}

/* What a value is, with its article, for errors. */
static const char *
type_name(const cJSON *value)
{
	if (is_long_number(value))
		return "a number";
	switch (value->type & 0xFF)
	{
		case cJSON_False:
		case cJSON_True:
			return "a boolean";
		case cJSON_NULL:
			return "null";
		case cJSON_Number:
			return "a number";
		case cJSON_String:
			return "a string";
		case cJSON_Array:
			return "an array";
		default:
			return "an object";
	}
}

/*
 * Raise invalid_parameter_value unless a value is of the right type, whose
 * name has an article.
 */
static void
expect_type(const SpindleJson *node, bool is_right, const char *expected)
{
	if (!is_right)
		spindle_json_error(node, NULL, "expected %s, found %s.", expected,
						   type_name(node->value));
}

/* A sentence that lists what is legal, from the table that parses it. */
static char *
legal_names(const char *const *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "Legal here: ");
	for (int i = 0; names[i]; i++)
		appendStringInfo(&buf, "%s%s", i ? ", " : "", names[i]);
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/*
 * Members with equal names, found by hash: an object may have many thousands.
 * Takes memory and time with the number of members.
 */
static void
reject_duplicates(const SpindleJson *node)
{
	int			n = cJSON_GetArraySize(node->value);
	uint32		size = 8;
	const cJSON **slot;
	const cJSON *item;

	while (size < (uint32) n * 2)
		size *= 2;
	slot = palloc0(sizeof(*slot) * size);
	cJSON_ArrayForEach(item, node->value)
	{
		uint32		h = hash_bytes((const unsigned char *) item->string,
								   (int) strlen(item->string)) & (size - 1);

		CHECK_FOR_INTERRUPTS();
		for (; slot[h]; h = (h + 1) & (size - 1))
			if (strcmp(slot[h]->string, item->string) == 0)
				spindle_json_error(node, NULL, "\"%s\" appears twice.", item->string);
		slot[h] = item;
	}
	pfree(slot);
}

/*
 * spindle_json_expect_object
 *		Insist on an object without duplicate members.
 *
 * legal is a NULL-terminated list of the member names allowed, or NULL if
 * the names are free.
 *
 * Raises invalid_parameter_value otherwise; a hint lists what is legal.
 */
void
spindle_json_expect_object(const SpindleJson *node, const char *const *legal)
{
	const cJSON *item;

	expect_type(node, cJSON_IsObject(node->value), "an object");
	reject_duplicates(node);
	if (legal == NULL)
		return;
	cJSON_ArrayForEach(item, node->value)
	{
		int			i = 0;

		while (legal[i] && strcmp(legal[i], item->string) != 0)
			i++;
		if (legal[i] == NULL)
			spindle_json_error(node, legal_names(legal), "unrecognized member \"%s\".",
							   item->string);
	}
}

/*
 * spindle_json_expect_array
 *		Raise invalid_parameter_value unless a node is an array; its elements
 *		are not looked at.
 */
void
spindle_json_expect_array(const SpindleJson *node)
{
	expect_type(node, cJSON_IsArray(node->value), "an array");
}

/*
 * spindle_json_has
 *		Has an object a member of this name, perhaps null?
 *
 * The name is compared with case.
 */
bool
spindle_json_has(const SpindleJson *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object->value, name) != NULL;
}

/*
 * spindle_json_member
 *		A member that must be there; else invalid_parameter_value is raised.
 *
 * The node points to object, which must outlive it.
 */
SpindleJson
spindle_json_member(const SpindleJson *object, const char *name)
{
	SpindleJson node = {NULL, object, name, 0, object->subject};

	node.value = cJSON_GetObjectItemCaseSensitive(object->value, name);
	if (node.value == NULL)
		spindle_json_error(object, NULL, "member \"%s\" is missing.", name);
	return node;
}

/*
 * spindle_json_child
 *		A member or element met while walking over an object or array.  Can be
 *		interrupted.
 *
 * index counts elements from 0, and is ignored for members.  The node points
 * to parent, which must outlive it.
 */
SpindleJson
spindle_json_child(const SpindleJson *parent, const cJSON *item, int index)
{
	SpindleJson node = {item, parent, item->string, index, parent->subject};

	CHECK_FOR_INTERRUPTS();
	return node;
}

/*
 * spindle_json_size
 *		The number of members or elements; 0 for a scalar.  Takes time with the
 *		result.
 */
int
spindle_json_size(const SpindleJson *node)
{
	return cJSON_GetArraySize(node->value);
}

/*
 * spindle_json_string
 *		A string in UTF-8, copied into the current context.
 *
 * Raises invalid_parameter_value if the node is none, or is a number.
 */
char *
spindle_json_string(const SpindleJson *node)
{
	expect_type(node, cJSON_IsString(node->value) && !is_long_number(node->value), "a string");
	return pstrdup(node->value->valuestring);
}

/*
 * spindle_json_bool
 *		True or false; raises invalid_parameter_value if the node is something
 *		else.
 */
bool
spindle_json_bool(const SpindleJson *node)
{
	expect_type(node, cJSON_IsBool(node->value), "a boolean");
	return cJSON_IsTrue(node->value);
}

/*
 * spindle_json_number
 *		A number from min to max, both included.
 *
 * Raises invalid_parameter_value if it is none or out of range, with the range
 * in a hint.  Whole numbers of 16 digits or more are rounded to a double.
 */
double
spindle_json_number(const SpindleJson *node, double min, double max)
{
	double		value;

	expect_type(node, cJSON_IsNumber(node->value) || is_long_number(node->value), "a number");
	value = is_long_number(node->value) ? strtod(node->value->valuestring + 1, NULL) :
		node->value->valuedouble;
	if (!(value >= min && value <= max))
		spindle_json_error(node, psprintf("It must be from %g to %g.", min, max),
						   "%g is out of range.", value);
	return value;
}

/*
 * spindle_json_int64
 *		A whole number from min to max, both included; also as a string of
 *		digits, which is how numbers beyond 2^53 arrive.
 *
 * Raises invalid_parameter_value if it is none, has a fraction, does not fit
 * into 64 bits, or is out of range.
 */
int64
spindle_json_int64(const SpindleJson *node, int64 min, int64 max)
{
	int64		value;

	if (cJSON_IsString(node->value))
	{
		char	   *end;
		const char *s = node->value->valuestring + (is_long_number(node->value) ? 1 : 0);

		errno = 0;
		value = strtoi64(s, &end, 10);
		if (end == s || *end || errno == ERANGE)
			spindle_json_error(node, NULL, "\"%s\" is not a 64-bit integer.", s);
	}
	else
	{
		expect_type(node, cJSON_IsNumber(node->value), "a whole number");
		if (floor(node->value->valuedouble) != node->value->valuedouble ||
			fabs(node->value->valuedouble) > 9e15)
			spindle_json_error(node, NULL, "%g is not a 64-bit integer.",
							   node->value->valuedouble);
		value = (int64) node->value->valuedouble;
	}
	if (value < min || value > max)
		spindle_json_error(node, psprintf("It must be from " INT64_FORMAT " to " INT64_FORMAT ".",
										  min, max),
						   INT64_FORMAT " is out of range.", value);
	return value;
}

/*
 * spindle_json_choice
 *		One of a NULL-terminated list of words; its position, from 0.
 *
 * Raises invalid_parameter_value if it is none, with the words in a hint.
 */
int
spindle_json_choice(const SpindleJson *node, const char *const *names)
{
	expect_type(node, cJSON_IsString(node->value) && !is_long_number(node->value), "a string");
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], node->value->valuestring) == 0)
			return i;
	spindle_json_error(node, legal_names(names), "unrecognized value \"%s\".",
					   node->value->valuestring);
}

/*
 * A number with up to 15 digits, as printf has it by %.15g, palloc'd.
 *
 * That is slow, and nearly all numbers have at most four digits after the
 * point: if a double is the nearest one to such a decimal, of 15 digits at
 * most, these are its digits.
 */
static char *
number_text(double value)
{
	int64		unit = 1;

	for (int scale = 0; scale <= 4 && value != 0; scale++, unit *= 10)
	{
		double		scaled = floor(fabs(value) * (double) unit + 0.5);

		if (scaled < 1e15 && scaled / (double) unit == fabs(value))
		{
			char	   *text = palloc(32);
			int			n = 0;
			int64		fraction = (int64) scaled % unit;

			if (value < 0)
				text[n++] = '-';
			n += pg_ulltoa_n((uint64) scaled / unit, text + n);
			if (scale > 0)
				text[n++] = '.';
			for (int i = n + scale - 1; i >= n; i--, fraction /= 10)
				text[i] = '0' + fraction % 10;
			text[n + scale] = '\0';
			return text;
		}
	}
	return psprintf("%.15g", value);
}

/*
 * spindle_json_text
 *		A scalar as the text that a type's parser reads, palloc'd: a string as
 *		it stands, a number with up to 15 digits, true or false.
 *
 * Whole numbers of 16 digits or more have all of them.  Raises
 * invalid_parameter_value for null, arrays and objects.
 */
char *
spindle_json_text(const SpindleJson *node)
{
	if (cJSON_IsString(node->value))
		return pstrdup(node->value->valuestring + (is_long_number(node->value) ? 1 : 0));
	if (cJSON_IsBool(node->value))
		return pstrdup(cJSON_IsTrue(node->value) ? "true" : "false");
	expect_type(node, cJSON_IsNumber(node->value), "a string, number or boolean");
	return number_text(node->value->valuedouble);
}
