/*-------------------------------------------------------------------------
 *
 * depend.c
 *		Which transactions of others one has to come behind.
 *
 * Where several sessions share a stream out, each row at the top and all below it are
 * one session's, so what happens to a row keeps its order.  What is left are the
 * keys: a row comes behind the insert of the rows that it refers to, the delete of a
 * row behind the last change of rows that referred to it, and a row that has a value
 * of a unique column behind the one that gave it away.  Rows of tables without a key
 * are found by all their values, which are their key here.
 *
 * So each session reads the whole stream, and notes at which position each of the
 * others has last written a key, and last referred to one.  Keys are noted by a hash,
 * in a fixed number of places; two keys that share a place are taken for one, so a
 * session waits too often rather than too rarely, and memory is bounded.
 *
 * Positions are kept as themselves and 1; 0 is none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "apply/depend.h"
#include "model/model.h"

/* Places for keys. */
#define NPLACES		4096

/* Columns that together are a key, or have the values of one. */
typedef struct DependKey
{
	uint64		label;			/* tells the key from others */
	bool		is_row;			/* all columns of a table without a key, by which its
								 * rows are found; NULL is a value of them */
	int			n;
	int		   *column;			/* by the order of the image, in the order of the
								 * key's columns in their table */
} DependKey;

/* What of a table's rows concerns others; empty if it is not selected. */
typedef struct DependTable
{
	int			nkeys;
	DependKey  *key;
	int			nreferences;
	DependKey  *reference;
} DependTable;

struct SpindleDepend
{
	int			nsessions;
	DependTable *table;			/* per table of the domain */
	uint64	   *written;		/* per session and place: the last position */
	uint64	   *referred;
	uint64	   *last;			/* per session: the last position of all, */
	uint64	   *everything;		/* and that of a transaction of many roots */
	StringInfoData buf;
};

/* What is done with the place of a key. */
typedef void (*PlaceFunction) (SpindleDepend *depend, int place, bool is_reference, bool is_gone, void *arg);

/* The place of a column in images of its table, -1 if it is hidden. */
static int
image_column(const SpindleTable *table, int column)
{
	int			place = 0;

	if (table->column[column].hidden)
		return -1;
	for (int c = 0; c < column; c++)
		place += !table->column[c].hidden;
	return place;
}

/*
 * A key of table target, whose columns are target_column, as columns of a table have
 * it; false if some are hidden.
 */
static bool
make_key(DependKey *key, const SpindleTable *table, const int *column, int target, const int *target_column, int n)
{
	int		   *order = palloc(sizeof(int) * Max(n, 1));

	key->n = n;
	key->column = palloc(sizeof(int) * Max(n, 1));
	key->label = (uint64) target;

	/* by the numbers of the key's columns, as foreign keys may have another order */
	for (int i = 0; i < n; i++)
	{
		int			k = i;

		for (; k > 0 && target_column[order[k - 1]] > target_column[i]; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (int i = 0; i < n; i++)
	{
		key->column[i] = image_column(table, column[order[i]]);
		key->label = hash_combine64(key->label, (uint64) target_column[order[i]]);
		if (key->column[i] < 0)
			return false;
	}
	return true;
}

/* All visible columns of a table, as a key. */
static void
make_row(DependKey *key, const SpindleTable *table)
{
	int		   *column = palloc(sizeof(int) * Max(table->ncolumns, 1));
	int			n = 0;

	for (int c = 0; c < table->ncolumns; c++)
		if (!table->column[c].hidden)
			column[n++] = c;
	(void) make_key(key, table, column, table->index, column, n);
	key->is_row = true;
}

/* All keys of a table, and all references to keys. */
static void
make_table(DependTable *result, const SpindleTable *table)
{
	result->key = palloc0(sizeof(DependKey) * (table->nunique + 1));
	result->reference = palloc0(sizeof(DependKey) * Max(table->nforeign_keys, 1));
	if (table->nkeys > 0 &&
		make_key(&result->key[0], table, table->key, table->index, table->key, table->nkeys))
		result->nkeys++;
	else
		make_row(&result->key[result->nkeys++], table);
	for (int i = 0; i < table->nunique; i++)
	{
		const SpindleColumnSet *set = &table->unique[i];

		if (make_key(&result->key[result->nkeys], table, set->column, table->index, set->column, set->n))
			result->nkeys++;
	}
	for (int i = 0; i < table->nforeign_keys; i++)
	{
		const SpindleForeignKey *fk = &table->foreign_key[i];

		if (make_key(&result->reference[result->nreferences], table, fk->column, fk->table, fk->target, fk->ncolumns))
			result->nreferences++;
	}
}

/*
 * spindle_depend_create
 *		Nothing noted yet, for so many sessions; in the given memory context.
 */
SpindleDepend *
spindle_depend_create(const SpindleDomain *domain, const bool *selected, int nsessions, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleDepend *depend = palloc0(sizeof(SpindleDepend));

	depend->nsessions = nsessions;
	depend->table = palloc0(sizeof(DependTable) * Max(domain->ntables, 1));
	for (int t = 0; t < domain->ntables; t++)
		if (selected[t])
			make_table(&depend->table[t], &domain->table[t]);
	depend->written = palloc0(sizeof(uint64) * NPLACES * nsessions);
	depend->referred = palloc0(sizeof(uint64) * NPLACES * nsessions);
	depend->last = palloc0(sizeof(uint64) * nsessions);
	depend->everything = palloc0(sizeof(uint64) * nsessions);
	initStringInfo(&depend->buf);
	MemoryContextSwitchTo(oldcontext);
	return depend;
}

/* The place of a key's values in an image; -1 if one of them is NULL. */
static int
place_of(SpindleDepend *depend, const DependKey *key, const SpindleImage *image)
{
	uint64		hash;

	resetStringInfo(&depend->buf);
	for (int i = 0; i < key->n; i++)
	{
		if (image->is_null[key->column[i]] && !key->is_row)
			return -1;
		spindle_image_write_value(image, key->column[i], &depend->buf);
		appendStringInfoChar(&depend->buf, ',');
	}
	hash = hash_bytes_extended((const unsigned char *) depend->buf.data, depend->buf.len, key->label);
	return (int) (hash % NPLACES);
}

/* Has one of the columns of a key changed?  All of a row that comes or goes have. */
static bool
has_changed(const DependKey *key, const SpindleChange *change)
{
	if (change->op != 'u')
		return true;
	for (int i = 0; i < key->n; i++)
		if (change->changed[key->column[i]])
			return true;
	return false;
}

/* Call a function for the places of all keys that a change writes or refers to. */
static void
visit(SpindleDepend *depend, const SpindleChange *change, PlaceFunction function, void *arg)
{
	const DependTable *table = &depend->table[change->table];

	for (int k = 0; k < table->nkeys + table->nreferences; k++)
	{
		const bool	is_reference = k >= table->nkeys;
		const DependKey *key = is_reference ? &table->reference[k - table->nkeys] : &table->key[k];
		int			place;

		if (!has_changed(key, change))
			continue;
		if (change->before && (place = place_of(depend, key, change->before)) >= 0)
			function(depend, place, is_reference, true, arg);
		if (change->after && (place = place_of(depend, key, change->after)) >= 0)
			function(depend, place, is_reference, false, arg);
	}
}

/* What spindle_depend_note() notes. */
typedef struct Note
{
	int			session;
	uint64		position;
} Note;

static void
note_place(SpindleDepend *depend, int place, bool is_reference, bool is_gone, void *arg)
{
	const Note *note = arg;

	(is_reference ? depend->referred : depend->written)[note->session * NPLACES + place] = note->position;
}

/*
 * spindle_depend_note
 *		A change that a session makes.
 */
void
spindle_depend_note(SpindleDepend *depend, const SpindleChange *change, int session)
{
	Note		note = {.session = session,.position = change->position + 1};

	depend->last[session] = note.position;
	visit(depend, change, note_place, &note);
}

/*
 * spindle_depend_note_all
 *		A transaction of many roots, which all others come behind.
 */
void
spindle_depend_note_all(SpindleDepend *depend, uint64 position, int session)
{
	depend->last[session] = depend->everything[session] = position + 1;
}

static void
need_place(SpindleDepend *depend, int place, bool is_reference, bool is_gone, void *arg)
{
	uint64	   *need = arg;

	for (int s = 0; s < depend->nsessions; s++)
	{
		/* a reference that goes away needs nothing */
		if (!is_reference || !is_gone)
			need[s] = Max(need[s], depend->written[s * NPLACES + place]);

		/* a row goes when nothing refers to it any more */
		if (!is_reference && is_gone)
			need[s] = Max(need[s], depend->referred[s * NPLACES + place]);
	}
}

/*
 * spindle_depend_need
 *		Raise need, per session, to what must be committed before a change: positions
 *		and 1.
 */
void
spindle_depend_need(SpindleDepend *depend, const SpindleChange *change, uint64 *need)
{
	for (int s = 0; s < depend->nsessions; s++)
		need[s] = Max(need[s], depend->everything[s]);
	visit(depend, change, need_place, need);
}

/*
 * spindle_depend_need_all
 *		The same for a change that must come behind all that was noted.
 */
void
spindle_depend_need_all(const SpindleDepend *depend, uint64 *need)
{
	memcpy(need, depend->last, sizeof(uint64) * depend->nsessions);
}
