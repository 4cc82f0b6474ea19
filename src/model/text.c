/*-------------------------------------------------------------------------
 *
 * text.c
 *		The texts of a domain, each kept once in every form it is needed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "utils/hsearch.h"
#include "utils/json.h"
#include "lib/stringinfo.h"

#include "model/model.h"

typedef struct PoolEntry
{
	char	   *data;			/* hash key: address of the string */
	SpindleText *text;
} PoolEntry;

struct SpindleTextPool
{
	HTAB	   *table;
};

static uint32
pool_hash(const void *key, Size keysize)
{
	const char *s = *(char *const *) key;

	return hash_bytes((const unsigned char *) s, (int) strlen(s));
}

static int
pool_match(const void *a, const void *b, Size keysize)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* A new pool, in the current memory context. */
struct SpindleTextPool *
spindle_text_pool_create(void)
{
	struct SpindleTextPool *pool = palloc(sizeof(struct SpindleTextPool));
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(char *);
	ctl.entrysize = sizeof(PoolEntry);
	ctl.hash = pool_hash;
	ctl.match = pool_match;
	ctl.hcxt = CurrentMemoryContext;
	pool->table = hash_create("spindle texts", 1024, &ctl,
							  HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return pool;
}

/*
 * spindle_text_intern
 *		The pool's text for a UTF-8 string.
 *
 * Equal strings give the same address, so addresses can be compared.  A text
 * that needs another encoding in the server has no Datum: whether the server
 * can hold it at all shows only when it is asked for.
 */
const SpindleText *
spindle_text_intern(SpindleDomain *domain, const char *data)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(domain->context);
	bool		found;
	PoolEntry  *entry = hash_search(domain->pool->table, &data, HASH_ENTER, &found);

	if (!found)
	{
		SpindleText *text = palloc0(sizeof(SpindleText));
		StringInfoData json;

		entry->data = pstrdup(data);
		text->data = entry->data;
		text->len = (int) strlen(data);
		text->id = domain->ntexts++;
		initStringInfo(&json);
		escape_json(&json, data);
		text->json = json.data;
		text->json_len = json.len;
		if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII || pg_is_ascii(data))
		{
			text->datum = palloc(VARHDRSZ + text->len);
			SET_VARSIZE(text->datum, VARHDRSZ + text->len);
			memcpy(VARDATA(text->datum), data, text->len);
		}
		entry->text = text;
	}
	MemoryContextSwitchTo(oldcontext);
	return entry->text;
}

/* The pool's text for one put together per row, or NULL if it has none. */
const SpindleText *
spindle_text_lookup(const SpindleDomain *domain, const SpindleText *text)
{
	char	   *data;
	PoolEntry  *entry;

	if (text->id >= 0)
		return text;
	data = pnstrdup(text->data, text->len);
	entry = hash_search(domain->pool->table, &data, HASH_FIND, NULL);
	pfree(data);
	return entry ? entry->text : NULL;
}

/*
 * spindle_text_clip
 *		The number of bytes that the first max_characters characters of a UTF-8
 *		string take.
 */
int
spindle_text_clip(const char *data, int len, int max_characters)
{
	int			bytes = 0;

	while (bytes < len && max_characters-- > 0)
		bytes += pg_encoding_mblen(PG_UTF8, data + bytes);
	return Min(bytes, len);
}
