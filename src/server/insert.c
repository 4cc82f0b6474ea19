/*-------------------------------------------------------------------------
 *
 * insert.c
 *		Rows into a relation.
 *
 * Whatever the relation is, the result is that of an INSERT by the current user,
 * with the columns matched by name and values converted.  There are three ways
 * to it, and each batch of rows takes the fastest that cannot be told from it:
 *
 *	- the pages of a new table that nobody else knows are filled (heap_writer.c);
 *	- rows go into a plain table many at once, as by COPY (bulk.c);
 *	- else there is one INSERT ... SELECT, whose plan is made once.  So the server's
 *	  executor inserts: rights, defaults, generated and identity columns, triggers,
 *	  row security, partitions and casts are its business.
 *
 * The INSERT reads rows that were put from a tuplestore, under a name of its own,
 * as triggers read transition tables.  Rows that SQL can make itself it reads from
 * where they are made: to keep them first costs a sixth of the time of filling a
 * partitioned table.
 *
 * What the relation is like is looked at when a batch begins, and locked until
 * the transaction ends.
 *
 * Where rows that are put have numbers, an error tells which of them it was.  So
 * the INSERT runs in a subtransaction.  If it fails, it is undone and the rows of the batch
 * are inserted one by one; then all of the batch is undone with the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "server/attempt.h"
#include "server/bulk.h"
#include "server/heap_writer.h"
#include "server/insert.h"
#include "server/relation.h"

/*
 * The name under which the INSERT reads the tuplestore, and what it calls it.
 * 
 */
#define BATCH_NAME	"spindle_batch"
#define BATCH_ALIAS	"b"

/* Rows that go into a table at once; a batch may be several times as many. */
#define MAX_BULK_ROWS	1000

/* The way that a batch takes; it is chosen when its first row is put. */
typedef enum Way
{
	WAY_NONE,					/* there is no batch */
	WAY_PAGES,
	WAY_BULK,
	WAY_INSERT
} Way;

/*
 * An inserter.  It lives in the context in which it was created, and its plan
 * until that goes or it is ended.
 */
struct SpindleInserter
{
	/* set at creation */
	Oid			relid;
	char	   *name;			/* of the relation then, or NULL */
	SpindleInsertOptions options;
	bool		selects;		/* the INSERT reads rows where they are made */
	MemoryContext context;
	SpindleBulk *bulk;

	/* the INSERT */
	TupleDesc	desc;			/* of the tuplestore: the rows and their number */
	EphemeralNamedRelationData batch;
	SPIPlanPtr	plan;
	char	   *plan_name;		/* what the relation is called in it */
	MemoryContextCallback callback;

	/* of a batch */
	Way			way;
	Relation	relation;		/* open, but for WAY_INSERT */
	SpindleHeapWriter *writer;
	Tuplestorestate *rows;
	int			nrows;			/* in there */
	MemoryContext map_context;
	int		   *source_of;		/* per column of the relation, -1 for null; NULL if
								 * they are those of the rows */

	/* changes per row */
	Datum	   *values;			/* of the relation's or the tuplestore's columns */
	bool	   *nulls;
	int64		inserted;
};

/* A plan that is kept outlives the transaction, so it has to go by hand. */
static void
free_plan(void *arg)
{
	SpindleInserter *inserter = arg;

	if (inserter->plan)
		SPI_freeplan(inserter->plan);
	inserter->plan = NULL;
}

/*
 * Begin a session of SPI that knows the tuplestore.  There is none where the
 * INSERT makes its rows itself.
 */
static void
connect_to_spi(SpindleInserter *inserter)
{
	SPI_connect();
	if (inserter->selects)
		return;
	if (SPI_register_relation(&inserter->batch) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register a batch of rows");
}

/*
 * Prepare the INSERT, unless it is prepared by the name that the relation has.
 * Another relation may have got the name that it had.  The lock stays until
 * the transaction ends.  Raises what spindle_relation_open() and
 * spindle_target_insert() do, and what the server finds wrong with the
 * statement.
 */
static void
prepare_insert(SpindleInserter *inserter)
{
	/* the lock that INSERT takes, so that columns stay what we have checked */
	Relation	target = spindle_relation_open(inserter->relid, inserter->name, RowExclusiveLock);
	char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target)),
												  RelationGetRelationName(target));
	Oid			types[] = {INT8OID, INT8OID};

	if (inserter->plan == NULL || strcmp(name, inserter->plan_name) != 0)
	{
		free_plan(inserter);
		inserter->plan_name = MemoryContextStrdup(inserter->context, name);
		connect_to_spi(inserter);
		inserter->plan = SPI_prepare(spindle_target_insert(target, &inserter->options.rows),
									 inserter->selects ? lengthof(types) : 0, types);
		if (inserter->plan == NULL || SPI_keepplan(inserter->plan) != 0)
			elog(ERROR, "could not prepare an insertion: %s", SPI_result_code_string(SPI_result));
		SPI_finish();
	}
	pfree(name);

	/* a trigger of the target may change it, which an open relation forbids */
	relation_close(target, NoLock);
}

/*
 * The columns of the tuplestore: those of the rows, and their number.  The
 * number has no name, so no column of the target matches it.
 */
static TupleDesc
describe_batch(const SpindleInsertOptions *options)
{
	TupleDesc	rows = options->rows.desc;
	TupleDesc	desc = CreateTemplateTupleDesc(rows->natts + (options->numbered ? 1 : 0));

	for (int i = 0; i < rows->natts; i++)
		TupleDescCopyEntry(desc, i + 1, rows, i + 1);
	if (options->numbered)
		TupleDescInitEntry(desc, rows->natts + 1, "", INT8OID, -1, 0);
	return desc;
}

/*
 * spindle_inserter_create
 *		Prepare to insert rows into a relation, in the current memory context.
 *
 * Transactions may end while it lives, when all rows have been flushed.  name is
 * what the relation was called when it was last seen, or NULL.  What options
 * points to is kept.  After an error all goes with the context and the
 * transaction.
 *
 * Raises undefined_table if the relation is no more, and what is wrong with its
 * columns; see spindle_target_insert().
 */
SpindleInserter *
spindle_inserter_create(Oid relid, const char *name, const SpindleInsertOptions *options)
{
	SpindleInserter *inserter = palloc0(sizeof(SpindleInserter));

	inserter->relid = relid;
	inserter->name = name ? pstrdup(name) : NULL;
	inserter->options = *options;
	inserter->selects = options->rows.from != NULL;
	if (!inserter->selects)
	{
		inserter->options.rows.from = BATCH_NAME " " BATCH_ALIAS;
		inserter->options.rows.alias = BATCH_ALIAS;
	}
	inserter->context = CurrentMemoryContext;
	inserter->map_context = AllocSetContextCreate(CurrentMemoryContext, "spindle columns", ALLOCSET_SMALL_SIZES);
	inserter->bulk = spindle_bulk_create(Min(options->max_rows, MAX_BULK_ROWS), options->numbered);
	inserter->desc = describe_batch(options);
	inserter->batch.md.name = BATCH_NAME;
	inserter->batch.md.reliddesc = InvalidOid;
	inserter->batch.md.tupdesc = inserter->desc;
	inserter->batch.md.enrtype = ENR_NAMED_TUPLESTORE;
	inserter->batch.md.enrtuples = options->max_rows;
	inserter->callback.func = free_plan;
	inserter->callback.arg = inserter;
	MemoryContextRegisterResetCallback(inserter->context, &inserter->callback);

	/* what is wrong with the columns shows here; those of a new table are ours */
	if (!options->is_new)
		prepare_insert(inserter);
	return inserter;
}

/*
 * Is a table just as it was made, so that to store a row is all that an INSERT
 * would do?  The rest of what may be in the way has been looked at.
 */
static bool
can_fill_pages(const SpindleInserter *inserter, Relation relation, const int *source_of)
{
	TupleDesc	desc = RelationGetDescr(relation);

	if (!inserter->options.is_new || !spindle_heap_writer_can_write(relation) ||
		RelationGetIndexList(relation) != NIL || (desc->constr && desc->constr->num_check > 0))
		return false;
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->attnotnull && !TupleDescAttr(desc, i)->attisdropped &&
			(source_of[i] < 0 || !TupleDescAttr(inserter->options.rows.desc, source_of[i])->attnotnull))
			return false;
	return true;
}

/*
 * Do the rows have just the columns of the relation?  If so, rows need not be
 * rearranged.
 */
static bool
is_same(const SpindleInserter *inserter, const int *source_of, int natts)
{
	for (int i = 0; i < natts; i++)
		if (source_of[i] != i)
			return false;
	return natts == inserter->options.rows.desc->natts;
}

/*
 * Begin a batch that needs no INSERT; false if there has to be one.  On
 * success the relation is open and locked, and inserter->way is set.
 */
static bool
begin_without_insert(SpindleInserter *inserter)
{
	/* that it was dropped is for the INSERT to report */
	Relation	relation = try_table_open(inserter->relid, RowExclusiveLock);
	const SpindleInsertOptions *options = &inserter->options;
	MemoryContext oldcontext;
	int			natts;

	if (relation == NULL)
		return false;
	natts = RelationGetNumberOfAttributes(relation);
	MemoryContextReset(inserter->map_context);
	oldcontext = MemoryContextSwitchTo(inserter->map_context);
	inserter->source_of = palloc(sizeof(int) * Max(natts, 1));
	inserter->values = palloc(sizeof(Datum) * Max(natts, 1));
	inserter->nulls = palloc(sizeof(bool) * Max(natts, 1));
	MemoryContextSwitchTo(oldcontext);
	if (!spindle_bulk_is_plain(relation, options->references_are_checked) ||
		!spindle_bulk_match(relation, options->rows.desc, inserter->source_of))
	{
		table_close(relation, NoLock);
		return false;
	}
	inserter->relation = relation;
	if (can_fill_pages(inserter, relation, inserter->source_of))
	{
		/* a value that is toasted wants to know which rows others can see */
		PushActiveSnapshot(GetTransactionSnapshot());
		oldcontext = MemoryContextSwitchTo(inserter->context);
		inserter->writer = spindle_heap_writer_begin(relation, GetCurrentCommandId(true));
		MemoryContextSwitchTo(oldcontext);
		inserter->way = WAY_PAGES;
	}
	else
	{
		spindle_bulk_begin(inserter->bulk, relation);
		inserter->way = WAY_BULK;
	}
	if (is_same(inserter, inserter->source_of, natts))
		inserter->source_of = NULL;
	return true;
}

/*
 * The first row of a batch decides which way it takes.  Raises what
 * prepare_insert() does.
 */
static void
begin_batch(SpindleInserter *inserter)
{
	const int	natts = inserter->desc->natts;
	MemoryContext oldcontext;

	if (begin_without_insert(inserter))
		return;
	if (inserter->selects)
		elog(ERROR, "relation with OID %u has changed while rows were put into it", inserter->relid);
	prepare_insert(inserter);
	MemoryContextReset(inserter->map_context);
	oldcontext = MemoryContextSwitchTo(inserter->map_context);
	inserter->values = palloc(sizeof(Datum) * Max(natts, 1));
	inserter->nulls = palloc(sizeof(bool) * Max(natts, 1));
	MemoryContextSwitchTo(inserter->context);
	inserter->rows = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(oldcontext);
	inserter->nrows = 0;
	inserter->way = WAY_INSERT;
}

/* Is there no room for another row in the batch? */
static bool
is_full(const SpindleInserter *inserter)
{
	return inserter->way == WAY_BULK ? spindle_bulk_is_full(inserter->bulk) :
		inserter->way == WAY_INSERT && inserter->nrows == inserter->options.max_rows;
}

/*
 * Put a row into the tuplestore.  The row is copied.  number is put behind it
 * if rows are numbered.
 */
static void
keep_row(SpindleInserter *inserter, Datum *values, bool *nulls, int64 number)
{
	const int	natts = inserter->options.rows.desc->natts;

	if (inserter->options.numbered)
	{
		memcpy(inserter->values, values, sizeof(Datum) * natts);
		memcpy(inserter->nulls, nulls, sizeof(bool) * natts);
		inserter->values[natts] = Int64GetDatum(number);
		inserter->nulls[natts] = false;
		values = inserter->values;
		nulls = inserter->nulls;
	}
	tuplestore_putvalues(inserter->rows, inserter->desc, values, nulls);
	inserter->nrows++;
}

/*
 * spindle_inserter_put
 *		Take a copy of a row, which may stay here until spindle_inserter_flush();
 *		number is what an error calls it.
 *
 * Raises what an INSERT of this row, or of some that were put before, does.
 */
void
spindle_inserter_put(SpindleInserter *inserter, Datum *values, bool *nulls, int64 number)
{
	if (is_full(inserter))
		spindle_inserter_flush(inserter);
	if (inserter->way == WAY_NONE)
		begin_batch(inserter);
	if (inserter->way == WAY_INSERT)
	{
		keep_row(inserter, values, nulls, number);
		return;
	}
	if (inserter->source_of)
	{
		for (int i = 0; i < RelationGetNumberOfAttributes(inserter->relation); i++)
		{
			int			from = inserter->source_of[i];

			inserter->nulls[i] = from < 0 || nulls[from];
			inserter->values[i] = from < 0 ? (Datum) 0 : values[from];
		}
		values = inserter->values;
		nulls = inserter->nulls;
	}
	if (inserter->way == WAY_PAGES)
		spindle_heap_writer_put(inserter->writer, values, nulls);
	else
		spindle_bulk_put(inserter->bulk, values, nulls, number);
	inserter->inserted++;
}

/*
 * Run the INSERT; the result is what it says.  That is the number of rows as
 * SPI has it.  Connects to SPI and finishes that.
 */
static int64
run_insert(SpindleInserter *inserter, Datum *parameters)
{
	int			result;
	int64		inserted;

	connect_to_spi(inserter);
	result = SPI_execute_plan(inserter->plan, parameters, NULL, false, 0);

	/* a rule of the target may make something else of it than an INSERT */
	if (result < 0)
		elog(ERROR, "could not insert rows: %s", SPI_result_code_string(result));
	inserted = (int64) SPI_processed;
	SPI_finish();
	return inserted;
}

/*
 * Insert some rows that lie in a tuplestore.  The result is what the INSERT
 * says.
 */
static int64
insert_rows(SpindleInserter *inserter, Tuplestorestate *rows)
{
	inserter->batch.reldata = rows;
	return run_insert(inserter, NULL);
}

/* The row that is inserted by itself, for errors. */
typedef struct SingleRow
{
	const char *numbered;
	int64		number;
} SingleRow;

/* Tell which row an error is about. */
static void
row_context(void *arg)
{
	const SingleRow *single = arg;

	errcontext("%s " INT64_FORMAT, single->numbered, single->number);
}

/*
 * Insert the rows of a batch one by one, to find the one that fails.  If none
 * fails by itself, all are inserted: what failed was the batch as a whole.
 */
static void
insert_singly(SpindleInserter *inserter)
{
	TupleTableSlot *row = MakeSingleTupleTableSlot(inserter->desc, &TTSOpsMinimalTuple);
	SingleRow	single = {.numbered = inserter->options.numbered};
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = row_context,.arg = &single};

	tuplestore_rescan(inserter->rows);
	error_context_stack = &callback;
	while (tuplestore_gettupleslot(inserter->rows, true, false, row))
	{
		Tuplestorestate *one = tuplestore_begin_heap(true, false, work_mem);
		bool		is_null;

		CHECK_FOR_INTERRUPTS();
		single.number = DatumGetInt64(slot_getattr(row, inserter->desc->natts, &is_null));
		tuplestore_puttupleslot(one, row);
		inserter->inserted += insert_rows(inserter, one);
		tuplestore_end(one);
	}
	error_context_stack = callback.previous;
	ExecDropSingleTupleTableSlot(row);
}

/*
 * May an error have to do with some row of a batch?  A target that is no more
 * has not.  A lack of privileges may if there is row security: so it reports the
 * rows that it refuses.
 */
static bool
is_fault_of_row(const SpindleInserter *inserter, int sqlerrcode)
{
	if (ERRCODE_TO_CATEGORY(sqlerrcode) != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION)
		return true;
	return sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE &&
		check_enable_rls(inserter->relid, InvalidOid, true) == RLS_ENABLED;
}

/* A batch that is inserted as a whole, and how many rows that were. */
typedef struct WholeBatch
{
	SpindleInserter *inserter;
	int64		inserted;
} WholeBatch;

/* Insert it. */
static void
insert_batch(void *arg)
{
	WholeBatch *batch = arg;

	batch->inserted = insert_rows(batch->inserter, batch->inserter->rows);
}

/*
 * Insert the batch in a subtransaction; false if a row may have failed it.
 * Other errors are raised again.  Costs a subtransaction per batch.
 */
static bool
try_to_insert(SpindleInserter *inserter)
{
	WholeBatch	batch = {.inserter = inserter};
	ErrorData  *error = spindle_attempt(insert_batch, &batch, true);

	if (error && !is_fault_of_row(inserter, error->sqlerrcode))
		ReThrowError(error);
	if (error)
		FreeErrorData(error);
	else
		inserter->inserted += batch.inserted;
	return error == NULL;
}

/*
 * spindle_inserter_select
 *		Insert n rows from number first on, if that takes an INSERT: it reads them
 *		where they are made.
 *
 * The result is false if it does not, or if rows that were put wait for a flush;
 * then these, too, have to be put.
 *
 * first and n become the parameters $1 and $2 of the FROM item.  Raises what
 * the INSERT does.
 */
bool
spindle_inserter_select(SpindleInserter *inserter, int64 first, int64 n)
{
	Datum		parameters[] = {Int64GetDatum(first), Int64GetDatum(n)};

	Assert(inserter->selects);
	if (inserter->way != WAY_NONE || begin_without_insert(inserter))
		return false;
	prepare_insert(inserter);
	inserter->inserted += run_insert(inserter, parameters);
	return true;
}

/*
 * spindle_inserter_flush
 *		Have all rows that were put inserted.
 *
 * Raises what an INSERT of the rows does; in the message's context is the
 * number of the row that failed, if rows are numbered.
 */
void
spindle_inserter_flush(SpindleInserter *inserter)
{
	Way			way = inserter->way;

	inserter->way = WAY_NONE;
	switch (way)
	{
		case WAY_NONE:
			return;
		case WAY_PAGES:
			spindle_heap_writer_end(inserter->writer);
			PopActiveSnapshot();
			break;
		case WAY_BULK:
			spindle_bulk_end(inserter->bulk);
			break;
		case WAY_INSERT:
			if (inserter->options.numbered == NULL)
				inserter->inserted += insert_rows(inserter, inserter->rows);
			else if (!try_to_insert(inserter))
				insert_singly(inserter);
			tuplestore_end(inserter->rows);
			inserter->rows = NULL;
			return;
	}
	table_close(inserter->relation, NoLock);
	inserter->relation = NULL;
}

/*
 * spindle_inserter_end
 *		The same, and release the inserter but for its memory.
 *
 * The result is the number of rows inserted since it was created; where triggers
 * or rules have a say it is what INSERT says.
 *
 * Memory goes with the context of the inserter.
 */
int64
spindle_inserter_end(SpindleInserter *inserter)
{
	spindle_inserter_flush(inserter);
	spindle_bulk_destroy(inserter->bulk);
	free_plan(inserter);
	return inserter->inserted;
}
