/*-------------------------------------------------------------------------
 *
 * load.c
 *		Generated rows into a new table.
 *
 * This is the way COPY takes after it has parsed its input: rows in slots that
 * are used again and again, handed to the table access method a batch at a
 * time, with a state that keeps a target page and a small ring of buffers.
 * The slots are virtual, so a row goes from the generator's vectors into its
 * heap tuple with a single copy.
 *
 * Nobody but us knows the table, so there are neither indexes nor triggers,
 * policies or defaults to see to.  Columns that are NOT NULL never get a null,
 * as the model makes them NOT NULL only if their rule cannot give one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "api/load.h"
#include "api/source.h"
#include "gen/datum.h"

typedef struct Loader
{
	Relation	relation;
	SpindleRows *rows;
	int			nslots;
	TupleTableSlot **slot;
	BulkInsertState bulk_state;
	MemoryContext batch_context;	/* heap tuples of a batch */
} Loader;

/*
 * The heap copies from virtual slots what it stores.  Other access methods get
 * the kind of slot they ask for.
 */
static TupleTableSlot *
create_slot(Relation relation)
{
	const TupleTableSlotOps *ops = table_slot_callbacks(relation);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(relation),
													ops == &TTSOpsBufferHeapTuple ? &TTSOpsVirtual : ops);

	/* attributes that are not computed stay null */
	memset(slot->tts_isnull, true, RelationGetDescr(relation)->natts);
	return slot;
}

/* Store n rows from number first on. */
static void
store_batch(Loader *loader, int64 first, int n, CommandId command, int options)
{
	MemoryContext oldcontext;

	spindle_rows_fill(loader->rows, first, n);
	for (int i = 0; i < n; i++)
	{
		TupleTableSlot *slot = loader->slot[i];

		ExecClearTuple(slot);
		spindle_rows_get(loader->rows, i, slot->tts_values, slot->tts_isnull);
		ExecStoreVirtualTuple(slot);
	}
	MemoryContextReset(loader->batch_context);
	oldcontext = MemoryContextSwitchTo(loader->batch_context);
	table_multi_insert(loader->relation, loader->slot, n, command, options, loader->bulk_state);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_load
 *		Store all rows of a generated table; the result is their number.
 *
 * The table must have been created in this transaction, with columns of the
 * generated table, and no indexes yet.  report is called after each batch.
 * Can be cancelled between batches of 512 rows.
 */
int64
spindle_load(Oid relid, SpindleInstance *instance, int table, SpindleLoadReport report, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle load",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	CommandId	command = GetCurrentCommandId(true);
	int			options = TABLE_INSERT_SKIP_FSM;	/* a new table has no free
													 * space */
	SpindleSource source = {.instance = instance,.table = table};
	int64		nrows = instance->nrows[table];
	Loader		loader;

	/* a value that is toasted wants to know which rows others can see */
	PushActiveSnapshot(GetTransactionSnapshot());
	loader.relation = table_open(relid, RowExclusiveLock);
	spindle_instance_keep(instance, context);
	spindle_source_match(&source, RelationGetDescr(loader.relation),
						 psprintf("table \"%s\"", RelationGetRelationName(loader.relation)));
	loader.rows = spindle_rows_create(instance, table, source.column, source.natts, context);
	loader.nslots = (int) Min(nrows, SPINDLE_BATCH_ROWS);
	loader.slot = palloc(sizeof(TupleTableSlot *) * Max(loader.nslots, 1));
	for (int i = 0; i < loader.nslots; i++)
		loader.slot[i] = create_slot(loader.relation);
	loader.bulk_state = GetBulkInsertState();
	loader.batch_context = AllocSetContextCreate(context, "spindle load batch", ALLOCSET_DEFAULT_SIZES);

	for (int64 row = 0; row < nrows; row += SPINDLE_BATCH_ROWS)
	{
		int			n = (int) Min(SPINDLE_BATCH_ROWS, nrows - row);

		CHECK_FOR_INTERRUPTS();
		store_batch(&loader, row, n, command, options);
		report(arg, row + n);
	}

	table_finish_bulk_insert(loader.relation, options);
	FreeBulkInsertState(loader.bulk_state);
	for (int i = 0; i < loader.nslots; i++)
		ExecDropSingleTupleTableSlot(loader.slot[i]);
	table_close(loader.relation, NoLock);
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return nrows;
}
