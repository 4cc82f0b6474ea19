/*-------------------------------------------------------------------------
 *
 * document.c
 *		Documents, whose parts are values of other steps.
 *
 * Values are written as events have them, into a batch of texts; those of arrays
 * of the server are quoted as the server does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"

#include "gen/document.h"

/* Bytes of a document. */
#define MAX_DOCUMENT	(1024 * 1024)

/* Writers copy so many bytes of a text that is JSON at once. */
#define READABLE_JSON	32

/* No documents yet; allocates in the current memory context. */
void
spindle_documents_init(SpindleDocuments *documents)
{
	spindle_text_batch_init(&documents->batch);
	init_times(&documents->times);
}

/* Append a text as a JSON string, with the escapes of the server's escape_json(). */
static void
append_string(SpindleTextBatch *batch, const char *data, int len)
{
	char	   *start = spindle_text_reserve(batch, STRING_ROOM((Size) len));

	batch->used += put_string(start, data, len, true) - start;
}

/*
 * A text of a type with a form, as it is shown, palloc'd.  Raises
 * invalid_text_representation if it is no value of the type.
 */
static char *
shown_text(const SpindleType *type, const SpindleText *text)
{
	const SpindleTextForm *form = type->ops->form;
	char	   *data = pnstrdup(text->data, text->len);
	char	   *canonical = form->canonical(type, data);
	char	   *shown;

	if (canonical == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", type->name, data)));
	pfree(data);
	if (form->shown == NULL)
		return canonical;
	shown = form->shown(type, canonical);
	pfree(canonical);
	return shown;
}

/* Append a value as JSON; it is not NULL. */
void
spindle_documents_value(SpindleDocuments *documents, const SpindleType *type, int64 value)
{
	SpindleTextBatch *batch = &documents->batch;
	const SpindleText *text = (const SpindleText *) (intptr_t) value;

	if (!type->ops->is_text)
	{
		char	   *p = spindle_text_reserve(batch, MAX_SCALAR);

		batch->used += put_scalar(&documents->times, p, type, value) - p;
	}
	else if (text->json)
		spindle_text_append(batch, text->json, text->json_len);
	else if (type->ops->form)
	{
		char	   *shown = shown_text(type, text);

		if (type->ops->form->is_json)
			spindle_text_append(batch, shown, (int) strlen(shown));
		else
			append_string(batch, shown, (int) strlen(shown));
		pfree(shown);
	}
	else
		append_string(batch, text->data, text->len);
}

/* What array_in() takes for blanks. */
static inline bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Append the text of an element, in quotes where array_out() has them. */
static void
append_quoted(SpindleTextBatch *batch, const char *data, int len)
{
	bool		needs_quotes = len == 0 || (len == 4 && pg_strncasecmp(data, "null", 4) == 0);
	char	   *start;
	char	   *p;

	for (int i = 0; i < len; i++)
		needs_quotes |= strchr("\"\\{},", data[i]) != NULL || is_blank(data[i]);
	if (!needs_quotes)
	{
		spindle_text_append(batch, data, len);
		return;
	}
	start = p = spindle_text_reserve(batch, (Size) len * 2 + 2);
	*p++ = '"';
	for (int i = 0; i < len; i++)
	{
		if (data[i] == '"' || data[i] == '\\')
			*p++ = '\\';
		*p++ = data[i];
	}
	*p++ = '"';
	batch->used += p - start;
}

/* Append a value as an element of an array of the server; it is not NULL. */
void
spindle_documents_element(SpindleDocuments *documents, const SpindleType *type, int64 value)
{
	SpindleTextBatch *batch = &documents->batch;
	const SpindleText *text = (const SpindleText *) (intptr_t) value;

	if (!type->ops->is_text)
	{
		char		scalar[MAX_SCALAR];
		char	   *data = scalar;
		int			len = (int) (put_scalar(&documents->times, scalar, type, value) - scalar);

		if (*data == '"')
		{
			data++;
			len -= 2;
		}
		append_quoted(batch, data, len);
	}
	else if (type->ops->form && text->id < 0 && text->json == NULL)
	{
		char	   *shown = shown_text(type, text);

		append_quoted(batch, shown, (int) strlen(shown));
		pfree(shown);
	}
	else
		append_quoted(batch, text->data, text->len);
}

/*
 * End the document of row i.  Raises program_limit_exceeded if it is longer than
 * MAX_DOCUMENT.
 */
void
spindle_documents_end_row(SpindleDocuments *documents, Step *step, int i)
{
	if (spindle_text_length(&documents->batch, i) > MAX_DOCUMENT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a generated document is longer than %d bytes", MAX_DOCUMENT),
				 errdetail("It is one of %s.", step->rule->path)));
	spindle_text_end(&documents->batch, i);
}

/*
 * Is a part of a document JSON for sure?  What is of another type is written so,
 * and constants have been read, but a text that is put together may be none.
 */
static bool
part_is_sound(const SpindleDocumentPart *part)
{
	const SpindleRule *rule = part->rule;
	bool		is_sound = true;

	if (part->type->ops->form == NULL || !part->type->ops->form->is_json || rule->kind == SPINDLE_RULE_CONSTANT ||
		rule->kind == SPINDLE_RULE_WEIGHTED || rule->kind == SPINDLE_RULE_DATA)
		return true;
	if (rule->kind == SPINDLE_RULE_ARRAY)
		return part_is_sound(&rule->array.element);
	if (rule->kind != SPINDLE_RULE_OBJECT)
		return false;
	for (int p = 0; p < rule->object.nparts; p++)
		is_sound &= part_is_sound(&rule->object.part[p]);
	return is_sound;
}

/*
 * Give a step the documents of all rows of its frame.  Where the type is JSON,
 * they are ready for events, and the server's parser makes their Datums; which for
 * "json" are the texts, if they are surely valid and in the server's encoding.
 */
void
spindle_documents_end(SpindleDocuments *documents, Step *step)
{
	SpindleTextBatch *batch = &documents->batch;
	const SpindleDocumentPart whole = {.type = step->rule->type,.rule = unconstify(SpindleRule *, step->rule)};
	const bool	is_datum = step->rule->type->oid == JSONOID &&
	(GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII) && part_is_sound(&whole);

	(void) spindle_text_reserve(batch, READABLE_JSON);
	spindle_text_batch_end(batch, step);
	if (step->rule->type->ops->form == NULL)
		return;
	for (int i = 0; i < step->frame->n; i++)
	{
		batch->text[i].json = batch->text[i].data;
		batch->text[i].json_len = batch->text[i].len;
		if (!is_datum)
			batch->text[i].datum = NULL;
	}
}
