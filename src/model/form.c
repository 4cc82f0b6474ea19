/*-------------------------------------------------------------------------
 *
 * form.c
 *		Types whose values are texts here and something else in the server.
 *
 * Rules make texts of them as of any text column; the server's own parsers make
 * the values, called directly, once for each text of a definition and per row
 * for others.  None of them looks at a setting or a catalogue.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "common/jsonapi.h"
#include "common/string.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/inet.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "model/constant.h"
#include "model/model.h"

/*
 * spindle_constant_formed
 *		A constant of a type that has a form; see SpindleTypeOps.  The value is
 *		the address of a SpindleText with the canonical text.
 */
bool
spindle_constant_formed(SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	char	   *canonical = type->ops->form->canonical(type, text);

	if (canonical == NULL)
		return false;
	*value = (int64) (intptr_t) spindle_text_formed(domain, type, canonical);
	pfree(canonical);
	return true;
}

/* Without blanks at the end, which do not count; they are no characters of it. */
static char *
char_canonical(const SpindleType *type, const char *text)
{
	int			len = (int) strlen(text);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	return spindle_text_clip(text, len, type->length) < len ? NULL : pnstrdup(text, len);
}

/* With blanks up to the length of the type, as the server shows it. */
static char *
char_shown(const SpindleType *type, const char *canonical)
{
	int			padding = type->length;
	StringInfoData buf;

	for (const char *p = canonical; *p; p += pg_encoding_mblen(PG_UTF8, p))
		padding--;
	initStringInfo(&buf);
	appendStringInfoString(&buf, canonical);
	appendStringInfoSpaces(&buf, padding);
	return buf.data;
}

/* The same as a Datum, whose characters are those of the server's encoding. */
static Datum
char_input(const SpindleType *type, char *text)
{
	int			len = (int) strlen(text);
	int			padding = Max(type->length - (pg_is_ascii(text) ? len : pg_mbstrlen(text)), 0);
	struct varlena *result = palloc(VARHDRSZ + len + padding);

	SET_VARSIZE(result, VARHDRSZ + len + padding);
	memcpy(VARDATA(result), text, len);
	memset(VARDATA(result) + len, ' ', padding);
	return PointerGetDatum(result);
}

const SpindleTextForm spindle_form_char = {
	.canonical = char_canonical,
	.shown = char_shown,
	.input = char_input,
};

/* \x and pairs of hexadecimal digits; these in lower case, as the server has them. */
static char *
bytea_canonical(const SpindleType *type, const char *text)
{
	int			len = (int) strlen(text);
	char	   *result;

	if (len < 2 || len % 2 != 0 || text[0] != '\\' || text[1] != 'x' ||
		strspn(text + 2, "0123456789abcdefABCDEF") != (size_t) len - 2)
		return NULL;
	result = pstrdup(text);
	for (char *p = result; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p |= 0x20;
	return result;
}

static Datum
bytea_input(const SpindleType *type, char *text)
{
	/* the input function would take what is no hexadecimal digits, too */
	if (text[0] != '\\' || text[1] != 'x')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "bytea", text),
				 errhint("Write \\x and two hexadecimal digits for each byte.")));
	return DirectFunctionCall1(byteain, CStringGetDatum(text));
}

const SpindleTextForm spindle_form_bytea = {
	.canonical = bytea_canonical,
	.input = bytea_input,
};

/* As the server prints it: without a netmask that covers the whole address. */
static char *
inet_canonical(const SpindleType *type, const char *text)
{
	inet		address = {0};
	bool		is_ip6 = strchr(text, ':') != NULL;
	int			bits;
	char		buf[sizeof("xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:255.255.255.255/128")];

	ip_family(&address) = is_ip6 ? PGSQL_AF_INET6 : PGSQL_AF_INET;
	bits = pg_inet_net_pton(ip_family(&address), text, ip_addr(&address), -1);
	if (bits < 0 || bits > ip_maxbits(&address) ||
		pg_inet_net_ntop(ip_family(&address), ip_addr(&address), bits, buf, sizeof(buf)) == NULL)
		return NULL;
	return pstrdup(buf);
}

static Datum
inet_input(const SpindleType *type, char *text)
{
	return DirectFunctionCall1(inet_in, CStringGetDatum(text));
}

const SpindleTextForm spindle_form_inet = {
	.canonical = inet_canonical,
	.input = inet_input,
};

/*
 * spindle_json_compact
 *		Append JSON without what stands between its tokens.
 *
 * The input must be valid JSON, of len bytes, whose strings are copied as they
 * are.  out stays terminated.
 */
void
spindle_json_compact(StringInfo out, const char *json, int len)
{
	bool		in_string = false;
	char	   *p;

	enlargeStringInfo(out, len);
	p = out->data + out->len;
	for (int i = 0; i < len; i++)
	{
		char		c = json[i];

		if (in_string)
		{
			*p++ = c;
			if (c == '\\' && i + 1 < len)
				*p++ = json[++i];
			else if (c == '"')
				in_string = false;
		}
		else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
		{
			*p++ = c;
			in_string = c == '"';
		}
	}
	*p = '\0';
	out->len = (int) (p - out->data);
}

/*
 * JSON without what stands between its tokens; NULL if it is none.  needs_escapes
 * is for jsonb, which cannot hold all that can be escaped.
 */
static char *
compact(const char *text, bool needs_escapes)
{
	int			len = (int) strlen(text);
	JsonLexContext *lexer = spindle_make_json_lexer(unconstify(char *, text), len, PG_UTF8, needs_escapes);
	StringInfoData buf;

	if (pg_parse_json(lexer, &nullSemAction) != JSON_SUCCESS)
		return NULL;
	initStringInfo(&buf);
	spindle_json_compact(&buf, text, len);
	return buf.data;
}

static char *
json_canonical(const SpindleType *type, const char *text)
{
	return compact(text, false);
}

static Datum
json_input(const SpindleType *type, char *text)
{
	return DirectFunctionCall1(json_in, CStringGetDatum(text));
}

const SpindleTextForm spindle_form_json = {
	.canonical = json_canonical,
	.input = json_input,
	.is_json = true,
};

/* Members stay in the order of the text, as nobody has to see that of jsonb. */
static char *
jsonb_canonical(const SpindleType *type, const char *text)
{
	return compact(text, true);
}

static Datum
jsonb_input(const SpindleType *type, char *text)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

const SpindleTextForm spindle_form_jsonb = {
	.canonical = jsonb_canonical,
	.input = jsonb_input,
	.is_json = true,
};
