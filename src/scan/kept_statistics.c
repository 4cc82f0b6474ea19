/*-------------------------------------------------------------------------
 *
 * kept_statistics.c
 *		Statistics that a session keeps, by what they depend on; those that were not
 *		asked for longest go.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "pgtime.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "scan/statistics.h"

/* Columns and expressions whose statistics a session keeps: some megabytes. */
#define MAX_KEPT	500

/* In place of the profile of a history. */
#define NO_HISTORY	(-2)

/* What statistics depend on.  There is no padding, as it is hashed. */
typedef struct StatisticsKey
{
	uint64		domain;			/* its fingerprint and name */
	int64		seed;
	int32		preset;
	int32		table;
	int32		column;			/* or SPINDLE_..._STATISTICS */
	Oid			collation;
	int32		profile;		/* of a history; -2 of what is none */
	Oid			type;			/* of the values ... */
	int32		typmod;			/* ... and its modifier */
	int32		unused;			/* 0 */
	uint64		expression;		/* of an expression of the values, its hash; else
								 * 0 */
} StatisticsKey;

/* What can be kept of a column; each part is made when it is asked for. */
typedef enum StatisticsPart
{
	STATISTICS_TUPLE,
	STATISTICS_WIDTH,
	STATISTICS_VERSIONS,
	STATISTICS_PARTS			/* how many there are */
} StatisticsPart;

/* Kept statistics of a column. */
typedef struct KeptStatistics
{
	StatisticsKey key;			/* must be first */
	bool		has[STATISTICS_PARTS]; /* parts that have been made, by StatisticsPart */
	HeapTuple	tuple;			/* NULL if there is nothing to tell */
	int32		width;			/* 0 if it is not known */
	double		versions;		/* of a row, on average; 0 if it is not known */
	dlist_node	used;			/* in the list, the last used first */
} KeptStatistics;

static HTAB *kept = NULL;
static dlist_head used = DLIST_STATIC_INIT(used);

/* What make_part() makes. */
typedef struct Making
{
	const SpindleSource *source;
	const StatisticsKey *key;
	const SpindleStatisticsType *type;
	const SpindleStatisticsExpression *expression;
	StatisticsPart part;
	HeapTuple	tuple;			/* of the caller's context */
	int32		width;
	double		versions;
} Making;

/* Make a part of the statistics of a column, in the current memory context. */
static void
make_part(void *arg, MemoryContext caller)
{
	Making	   *making = arg;
	const StatisticsKey *key = making->key;
	HeapTuple	tuple = NULL;

	if (making->part == STATISTICS_WIDTH)
		making->width = spindle_column_width(making->source->instance, key->table, key->column, making->type);
	else if (making->part == STATISTICS_VERSIONS)
		making->versions = spindle_history_per_row(making->source);
	else if (making->expression)
		tuple = spindle_expression_statistics(making->source, key->column, making->type, making->expression);
	else
		tuple = spindle_column_statistics(making->source, key->column, making->type, key->collation);
	if (tuple)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(caller);

		making->tuple = heap_copytuple(tuple);
		MemoryContextSwitchTo(oldcontext);
	}
}

/*
 * The same, for the entry of the column; the tuple is returned, in the current memory
 * context.  There are none if some row or expression cannot be computed, or a text is
 * no value of the type: planning must not fail where execution would not come to that
 * row.
 */
static HeapTuple
make_statistics(const SpindleSource *source, KeptStatistics *entry, const SpindleStatisticsType *type,
				const SpindleStatisticsExpression *expression, StatisticsPart part)
{
	Making		making = {source, &entry->key, type, expression, part, NULL, entry->width, entry->versions};

	if (!spindle_compute_tentatively(make_part, &making))
		return NULL;
	entry->width = making.width;
	entry->versions = making.versions;
	return making.tuple;
}

/* Make room for one more: the one that was not used longest goes. */
static void
make_room(void)
{
	KeptStatistics *last;

	if (kept == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(StatisticsKey),.entrysize = sizeof(KeptStatistics),
		.hcxt = TopMemoryContext};

		kept = hash_create("spindle statistics", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	if (hash_get_num_entries(kept) < MAX_KEPT)
		return;
	last = dlist_container(KeptStatistics, used, dlist_tail_node(&used));
	dlist_delete(&last->used);
	if (last->tuple)
		heap_freetuple(last->tuple);
	hash_search(kept, &last->key, HASH_REMOVE, NULL);
}

/* A hash of an expression, wherever it stood in a query, and of what its values depend on. */
static uint64
hash_expression(const SpindleStatisticsExpression *expression)
{
	/* to read it forgets the place */
	char	   *text = nodeToString(stringToNode(nodeToString(expression->expr)));
	const char *zone = pg_get_timezone_name(session_timezone);

	return hash_combine64(hash_combine64(hash_bytes_extended((const unsigned char *) text, (int) strlen(text), 0),
										 hash_bytes_extended((const unsigned char *) zone, (int) strlen(zone), 0)),
						  expression->collation);
}

/*
 * What is kept of a column of a source, or of an expression of it if that is not NULL, with
 * the part that is asked for; it is made if it is not there.  The result may be
 * gone with the next call.
 */
static const KeptStatistics *
find_statistics(const SpindleSource *source, int column, const SpindleStatisticsType *type, Oid collation,
				const SpindleStatisticsExpression *expression, StatisticsPart part)
{
	const SpindleInstance *instance = source->instance;
	StatisticsKey key = {
		.domain = hash_combine64(instance->domain->fingerprint, spindle_label(instance->domain->name)),
		.seed = instance->seed,
		.preset = instance->preset,
		.table = source->table,
		.column = column,
		.collation = collation,
		.profile = source->is_history ? source->as_of.profile : NO_HISTORY,
		.type = type->oid,
		.typmod = type->typmod,
		.expression = expression ? hash_expression(expression) : 0,
	};
	KeptStatistics *entry = kept ? hash_search(kept, &key, HASH_FIND, NULL) : NULL;
	HeapTuple	tuple;

	if (entry == NULL)
	{
		make_room();
		entry = hash_search(kept, &key, HASH_ENTER, NULL);
		memset((char *) entry + sizeof(StatisticsKey), 0, sizeof(KeptStatistics) - sizeof(StatisticsKey));
		dlist_push_head(&used, &entry->used);
	}
	else
		dlist_move_head(&used, &entry->used);
	if (entry->has[part])
		return entry;
	tuple = make_statistics(source, entry, type, expression, part);
	if (tuple)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

		entry->tuple = heap_copytuple(tuple);
		MemoryContextSwitchTo(oldcontext);
		heap_freetuple(tuple);
	}
	entry->has[part] = true;
	return entry;
}

/*
 * spindle_kept_statistics
 *		The statistics of a column, or of what is told of versions, or of an expression
 *		of it if that is not NULL; NULL if there are none.  They may be gone with the
 *		next call.
 */
HeapTuple
spindle_kept_statistics(const SpindleSource *source, int column, const SpindleStatisticsType *type, Oid collation,
						const SpindleStatisticsExpression *expression)
{
	return find_statistics(source, column, type, collation, expression, STATISTICS_TUPLE)->tuple;
}

/*
 * spindle_kept_width
 *		The bytes of a column's values on average; 0 if it is not known.
 */
int32
spindle_kept_width(const SpindleSource *source, int column, const SpindleStatisticsType *type, Oid collation)
{
	return find_statistics(source, column, type, collation, NULL, STATISTICS_WIDTH)->width;
}

/*
 * spindle_versions_per_row
 *		How many versions of a row are looked at, on average: 1 unless the source is a
 *		history.  Above 0.
 */
double
spindle_versions_per_row(const SpindleSource *source)
{
	const SpindleStatisticsType type = {0};
	double		versions;

	if (!source->is_history)
		return 1.0;
	versions = find_statistics(source, SPINDLE_NO_STATISTICS, &type, InvalidOid, NULL, STATISTICS_VERSIONS)->versions;
	return versions > 0 ? versions : 1.0;
}

/*
 * spindle_source_tuples
 *		How many rows, or versions of rows, there are when a source is looked at; of
 *		histories, and where rows are asked one by one, an estimate.
 */
double
spindle_source_tuples(const SpindleSource *source)
{
	return (double) spindle_alive_end(source->instance, source->table, source->as_of.time) *
		spindle_versions_per_row(source);
}
