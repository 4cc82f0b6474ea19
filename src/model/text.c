/*-------------------------------------------------------------------------
 *
 * text.c
 *		The texts of a domain, each kept once in every form it is needed.
 *
 * A text of a definition is prepared when it is read: as a Datum, as JSON, and
 * with a number.  A row that gives it costs nothing but its address, and equal
 * texts have the same address.  The pool has a memory context of its own below
 * the domain's and grows only while the definition is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/string.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "compat.h"
#include "model/model.h"

/* A writer copies so many bytes at once. */
#define READABLE_JSON	32

/* An entry of the hash table, by the characters of the text. */
typedef struct PoolEntry
{
	const char *data;			/* hash key: the string, terminated */
	SpindleText *text;
	uint32		hash;
	char		status;			/* of the hash table */
} PoolEntry;

/* The server's hash; it orders nothing that a user sees. */
static inline uint32
hash_string(const char *s)
{
	return hash_bytes((const unsigned char *) s, (int) strlen(s));
}

#define SH_PREFIX		texts
#define SH_ELEMENT_TYPE PoolEntry
#define SH_KEY_TYPE		const char *
#define SH_KEY			data
#define SH_HASH_KEY(tb, key)	hash_string(key)
#define SH_EQUAL(tb, a, b)		(strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry)	(entry)->hash
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * What makes values other than plain texts the same: their bytes, and for what
 * they are used.
 */
typedef struct ValueKey
{
	const SpindleTextForm *form;	/* NULL for bytes */
	int			length;			/* of the type, as char(3) and char(5) differ */
	int			len;
	const char *data;
} ValueKey;

/* An entry of the hash table of such values. */
typedef struct ValueEntry
{
	ValueKey	key;			/* hash key */
	const void *value;
	uint32		hash;
	char		status;			/* of the hash table */
} ValueEntry;

/* Are two values the same in the same form? */
static inline bool
keys_equal(const ValueKey *a, const ValueKey *b)
{
	return a->form == b->form && a->length == b->length && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

#define SH_PREFIX		values
#define SH_ELEMENT_TYPE ValueEntry
#define SH_KEY_TYPE		ValueKey
#define SH_KEY			key
#define SH_HASH_KEY(tb, key)	hash_bytes((const unsigned char *) (key).data, (key).len)
#define SH_EQUAL(tb, a, b)		keys_equal(&(a), &(b))
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry)	(entry)->hash
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct SpindleTextPool
{
	MemoryContext context;
	texts_hash *table;
	values_hash *values;		/* all that is no plain text; NULL until there
								 * is some */
	StringInfoData json;		/* scratch space */
};

/* A new pool, in a memory context of its own below the current one. */
struct SpindleTextPool *
spindle_text_pool_create(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle texts", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	struct SpindleTextPool *pool = palloc0(sizeof(struct SpindleTextPool));

	pool->context = context;
	pool->table = texts_create(context, 4096, NULL);
	initStringInfo(&pool->json);
	MemoryContextSwitchTo(oldcontext);
	return pool;
}

/* Append a JSON string of len bytes, terminated; most need no escaping. */
static void
append_json(StringInfo json, const char *data, int len)
{
	for (int i = 0; i < len; i++)
	{
		if ((unsigned char) data[i] < 0x20 || data[i] == '"' || data[i] == '\\')
		{
			escape_json(json, data);
			return;
		}
	}
	appendStringInfoCharMacro(json, '"');
	appendBinaryStringInfo(json, data, len);
	appendStringInfoCharMacro(json, '"');
}

/*
 * A text with all its forms, in one piece of the current memory context: the
 * structure, the Datum, whose characters are the string, and the JSON, of
 * which READABLE_JSON bytes can be read.  It has no number yet.  json is
 * scratch space.
 */
static SpindleText *
make_text(StringInfo json, const char *data)
{
	int			len = (int) strlen(data);
	Size		datum_size = VARHDRSZ + (Size) len + 1; /* with an end */
	SpindleText *text;
	struct varlena *datum;

	resetStringInfo(json);
	append_json(json, data, len);
	text = palloc0(sizeof(SpindleText) + datum_size + Max(json->len, READABLE_JSON));
	datum = (struct varlena *) (text + 1);
	SET_VARSIZE(datum, VARHDRSZ + len);
	text->data = memcpy(VARDATA(datum), data, len);
	text->len = len;
	text->json = memcpy((char *) datum + datum_size, json->data, json->len);
	text->json_len = json->len;
	text->id = -1;
	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII || pg_is_ascii(data))
		text->datum = datum;
	return text;
}

/*
 * spindle_text_intern
 *		The pool's text for a UTF-8 string, which is copied; added if it is
 *		new.
 *
 * Equal strings give the same address, so addresses can be compared.  A text
 * that needs another encoding in the server has no Datum: whether the server
 * can hold it at all shows only when it is asked for.
 */
const SpindleText *
spindle_text_intern(SpindleDomain *domain, const char *data)
{
	struct SpindleTextPool *pool = domain->pool;
	MemoryContext oldcontext = MemoryContextSwitchTo(pool->context);
	bool		found;
	PoolEntry  *entry = texts_insert(pool->table, data, &found);

	if (!found)
	{
		/* until the text is there, the key is the caller's */
		entry->text = make_text(&pool->json, data);
		entry->data = entry->text->data;
		entry->text->id = domain->ntexts++;
	}
	MemoryContextSwitchTo(oldcontext);
	return entry->text;
}

/* A value of the pool, or NULL if there is none with that key. */
static const void *
find_value(const struct SpindleTextPool *pool, ValueKey key)
{
	ValueEntry *entry = pool->values ? values_lookup(pool->values, key) : NULL;

	return entry ? entry->value : NULL;
}

/* Add one, whose key lives as long as the pool. */
static void
add_value(struct SpindleTextPool *pool, ValueKey key, const void *value)
{
	bool		found;

	if (pool->values == NULL)
		pool->values = values_create(pool->context, 256, NULL);
	values_insert(pool->values, key, &found)->value = value;
}

/*
 * spindle_pool_bytes
 *		The pool's copy of some bytes, aligned; equal ones have the same address.
 */
const void *
spindle_pool_bytes(SpindleDomain *domain, const void *data, int len)
{
	struct SpindleTextPool *pool = domain->pool;
	ValueKey	key = {.len = len,.data = data};
	const void *value = find_value(pool, key);

	if (value == NULL)
	{
		key.data = value = memcpy(MemoryContextAlloc(pool->context, len), data, len);
		add_value(pool, key, value);
	}
	return value;
}

/*
 * A text of a type that has a form, in the current memory context.  canonical
 * is what the form's function gave.  It has no Datum if the server needs
 * another encoding, as its parser would have to read that.
 */
static SpindleText *
make_formed(const SpindleType *type, const char *canonical)
{
	const SpindleTextForm *form = type->ops->form;
	char	   *shown = form->shown ? form->shown(type, canonical) : pstrdup(canonical);
	SpindleText *text = palloc0(sizeof(SpindleText));
	StringInfoData json;

	initStringInfo(&json);
	if (form->is_json)
		appendStringInfoString(&json, shown);
	else
		append_json(&json, shown, (int) strlen(shown));
	enlargeStringInfo(&json, READABLE_JSON);
	text->data = pstrdup(canonical);
	text->len = (int) strlen(canonical);
	text->json = json.data;
	text->json_len = json.len;
	text->id = -1;
	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII || pg_is_ascii(canonical))
		text->datum = (struct varlena *) DatumGetPointer(form->input(type, pstrdup(canonical)));
	pfree(shown);
	return text;
}

/*
 * spindle_text_formed
 *		The text of a type that has a form: the pool's, where equal ones have the
 *		same address, or without a domain one in the current memory context.
 */
const SpindleText *
spindle_text_formed(SpindleDomain *domain, const SpindleType *type, const char *canonical)
{
	ValueKey	key = {type->ops->form, type->length, (int) strlen(canonical), canonical};
	const SpindleText *found = domain ? find_value(domain->pool, key) : NULL;
	SpindleText *text;
	MemoryContext oldcontext;

	if (found)
		return found;
	oldcontext = MemoryContextSwitchTo(domain ? domain->pool->context : CurrentMemoryContext);
	text = make_formed(type, canonical);
	if (domain)
	{
		text->id = domain->ntexts++;
		key.data = text->data;
		add_value(domain->pool, key, text);
	}
	MemoryContextSwitchTo(oldcontext);
	return text;
}

/*
 * spindle_text_make
 *		A text of a UTF-8 string that is in no pool, in the current memory
 *		context.
 *
 * For what users ask for: a domain's pool lives for the session and must not
 * grow with it.
 */
const SpindleText *
spindle_text_make(const char *data)
{
	StringInfoData json;
	SpindleText *text;

	initStringInfo(&json);
	text = make_text(&json, data);
	pfree(json.data);
	return text;
}

/*
 * spindle_text_lookup
 *		The pool's text for one put together per row as a value of a type, or
 *		NULL if it has none.  One that has a number is of the pool and returned as
 *		it is; the others are copied and looked up, which is done only where a
 *		condition or a match compares them.
 */
const SpindleText *
spindle_text_lookup(const SpindleDomain *domain, const SpindleType *type, const SpindleText *text)
{
	const SpindleText *found = NULL;
	char	   *data;

	if (text->id >= 0)
		return text;
	data = pnstrdup(text->data, text->len);
	if (type->ops->form == NULL)
	{
		PoolEntry  *entry = texts_lookup(domain->pool->table, data);

		found = entry ? entry->text : NULL;
	}
	else
	{
		char	   *canonical = type->ops->form->canonical(type, data);

		if (canonical)
		{
			found = find_value(domain->pool, (ValueKey) {type->ops->form, type->length, (int) strlen(canonical), canonical});
			pfree(canonical);
		}
	}
	pfree(data);
	return found;
}

/*
 * spindle_text_clip
 *		The number of bytes that the first max_characters characters of a UTF-8
 *		string take; len if it has no more.
 */
int
spindle_text_clip(const char *data, int len, int max_characters)
{
	int			bytes = 0;

	while (bytes < len && max_characters-- > 0)
		bytes += pg_encoding_mblen(PG_UTF8, data + bytes);
	return Min(bytes, len);
}
