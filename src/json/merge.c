/*-------------------------------------------------------------------------
 *
 * merge.c
 *		A JSON document with changes of it merged in, as RFC 7396 says: the members
 *		of objects are merged, null takes a member away, and all else replaces what
 *		was there.
 *
 * Everything that is not changed keeps its bytes: the order of members, the
 * digits of numbers, and the spaces between, so that a person finds a merged
 * definition as it was written.  New members come behind the others.
 *
 * Both documents are valid JSON, in UTF-8.  Members are compared by what their
 * names mean, whichever way they are escaped; of equal ones the last counts among
 * the changes, and all are kept in the document.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "json/merge.h"

/* A part of a document. */
typedef struct Slice
{
	const char *start;
	const char *end;
} Slice;

/* A member of an object, as it stands there. */
typedef struct Member
{
	Slice		lead;			/* what is before its name: spaces */
	Slice		name;			/* with quotes, and what is between it and the
								 * value */
	Slice		value;
	char	   *key;			/* the name without escapes */
	int			key_len;
	int			place;			/* in the object, from 0 */
	bool		is_used;		/* of changes: found in the document, or
								 * replaced by an equal one that follows */
} Member;

typedef struct Object
{
	int			n;
	Member	   *member;
	Slice		tail;			/* what is before the brace that ends it */
} Object;

/* The first byte that is no space, at or after p. */
static const char *
skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

/* The end of the string that begins at p. */
static const char *
skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

/* The end of the value that begins at p. */
static const char *
skip_value(const char *p)
{
	int			depth = 0;

	if (*p != '{' && *p != '[' && *p != '"')
		return p + strcspn(p, ",]} \t\n\r");
	do
	{
		if (*p == '"')
		{
			p = skip_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
	} while (depth > 0);
	return p;
}

/* Four hexadecimal digits. */
static pg_wchar
parse_hex(const char *p)
{
	char		digits[5] = {p[0], p[1], p[2], p[3], '\0'};

	return (pg_wchar) strtoul(digits, NULL, 16);
}

/*
 * What the string that begins at p means, palloc'd; *len are its bytes, among
 * which 0 may be.  Halves of a pair of surrogates that stand alone are kept, which
 * is good enough to compare names.
 */
static char *
unescape(const char *p, int *len)
{
	static const char escapes[] = "b\bf\fn\nr\rt\t";
	char	   *result = palloc(skip_string(p) - p);
	char	   *out = result;

	for (p++; *p != '"'; p++)
	{
		const char *escape;
		pg_wchar	c;

		if (*p != '\\')
		{
			*out++ = *p;
			continue;
		}
		p++;
		if (*p != 'u')
		{
			escape = strchr(escapes, *p);
			*out++ = escape ? escape[1] : *p;
			continue;
		}
		c = parse_hex(p + 1);
		p += 4;
		if (is_utf16_surrogate_first(c) && p[1] == '\\' && p[2] == 'u' && is_utf16_surrogate_second(parse_hex(p + 3)))
		{
			c = surrogate_pair_to_codepoint(c, parse_hex(p + 3));
			p += 6;
		}
		unicode_to_utf8(c, (unsigned char *) out);
		out += pg_encoding_mblen(PG_UTF8, out);
	}
	*len = (int) (out - result);
	return result;
}

/* The members of the object that begins at p, palloc'd. */
static Object
read_object(const char *p)
{
	Object		object = {0};
	int			allocated = 8;

	object.member = palloc(sizeof(Member) * allocated);
	for (p++;;)
	{
		Member	   *m;
		const char *at = skip_space(p);

		CHECK_FOR_INTERRUPTS();
		if (*at == '}')
		{
			object.tail.start = p;
			object.tail.end = at;
			return object;
		}
		if (object.n == allocated)
		{
			allocated *= 2;
			object.member = repalloc_huge(object.member, sizeof(Member) * allocated);
		}
		m = &object.member[object.n];
		m->lead.start = p;
		m->lead.end = m->name.start = at;
		m->key = unescape(at, &m->key_len);
		p = skip_space(skip_space(skip_string(at)) + 1);
		m->name.end = m->value.start = p;
		m->value.end = skip_value(p);
		m->place = object.n++;
		m->is_used = false;

		/* spaces before a comma are gone; those before the brace are the tail */
		at = skip_space(m->value.end);
		p = *at == ',' ? at + 1 : m->value.end;
	}
}

/* For qsort and bsearch: by name. */
static int
compare_keys(const void *a, const void *b)
{
	const Member *x = *(Member *const *) a;
	const Member *y = *(Member *const *) b;
	int			order = memcmp(x->key, y->key, Min(x->key_len, y->key_len));

	return order != 0 ? order : x->key_len - y->key_len;
}

/* The same; of equal names the last one comes first. */
static int
compare_members(const void *a, const void *b)
{
	int			order = compare_keys(a, b);

	return order != 0 ? order : (*(Member *const *) b)->place - (*(Member *const *) a)->place;
}

/*
 * The members of changes by name, each name once, palloc'd; *n is set to their
 * number.  Those that an equal one replaces are marked as used.
 */
static Member **
index_changes(Object *changes, int *n)
{
	Member	  **sorted = palloc(sizeof(Member *) * Max(changes->n, 1));

	for (int i = 0; i < changes->n; i++)
		sorted[i] = &changes->member[i];
	qsort(sorted, changes->n, sizeof(Member *), compare_members);
	*n = 0;
	for (int i = 0; i < changes->n; i++)
	{
		if (*n > 0 && compare_keys(&sorted[*n - 1], &sorted[i]) == 0)
			sorted[i]->is_used = true;
		else
			sorted[(*n)++] = sorted[i];
	}
	return sorted;
}

/* Append a piece of a document as it stands there. */
static void
append(StringInfo out, Slice slice)
{
	appendBinaryStringInfo(out, slice.start, (int) (slice.end - slice.start));
}

/* Is a value, whose JSON is valid, null? */
static bool
is_null(Slice value)
{
	return *value.start == 'n';
}

/*
 * Append a value with changes merged in; document is NULL where there is none.
 */
static void
merge(StringInfo out, const char *document, Slice changes)
{
	Object		old = {0};
	Object		new;
	Member	  **sorted;
	int			n;
	bool		is_first = true;

	check_stack_depth();
	if (*changes.start != '{')
	{
		append(out, changes);
		return;
	}
	if (document && *document == '{')
		old = read_object(document);
	new = read_object(changes.start);
	sorted = index_changes(&new, &n);

	appendStringInfoChar(out, '{');
	for (int i = 0; i < old.n; i++)
	{
		Member	   *m = &old.member[i];
		Member	  **found = bsearch(&m, sorted, n, sizeof(Member *), compare_keys);

		if (found)
			(*found)->is_used = true;
		if (found && is_null((*found)->value))
			continue;
		if (!is_first)
			appendStringInfoChar(out, ',');
		is_first = false;
		append(out, m->lead);
		append(out, m->name);
		if (found)
			merge(out, m->value.start, (*found)->value);
		else
			append(out, m->value);
	}
	for (int i = 0; i < new.n; i++)
	{
		Member	   *m = &new.member[i];

		if (m->is_used || is_null(m->value))
			continue;
		if (!is_first)
			appendStringInfoChar(out, ',');
		is_first = false;
		append(out, old.n > 0 ? old.member[old.n - 1].lead : m->lead);
		append(out, m->name);
		merge(out, NULL, m->value);
	}
	append(out, old.n > 0 ? old.tail : new.tail);
	appendStringInfoChar(out, '}');
}

/*
 * spindle_json_merge
 *		A document with changes merged in, palloc'd.
 *
 * Both are terminated, valid JSON in UTF-8; so is the result.  Takes time with the
 * size of both, times the depth of the changes.  Raises program_limit_exceeded for a
 * result beyond 1 GB, and statement_too_complex for changes that are nested too
 * deeply for the stack.
 */
char *
spindle_json_merge(const char *document, const char *changes)
{
	const char *start = skip_space(document);
	StringInfoData out;
	Slice		value;

	initStringInfo(&out);
	value.start = skip_space(changes);
	value.end = skip_value(value.start);
	appendBinaryStringInfo(&out, document, (int) (start - document));
	merge(&out, start, value);
	appendStringInfoString(&out, skip_value(start));
	return out.data;
}
