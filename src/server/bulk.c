/*-------------------------------------------------------------------------
 *
 * bulk.c
 *		Insertion of many rows at once into a plain table.
 *
 * COPY puts rows into a table page by page where nothing forbids it, which is
 * about twice as fast as an INSERT.  We do the same where the result cannot
 * differ from that of an INSERT: the table has no triggers (foreign keys and
 * deferrable constraints are triggers, too), rules, row security for the user,
 * generated or identity columns, and is no partition; the user may insert into
 * all of it; and the columns have the types of the source, which gives all
 * those that have defaults.  Constraints and indexes are taken care of.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "server/bulk.h"

/* Bytes of rows after which they go into the table, however few they are. */
#define MAX_BYTES	(1024 * 1024)

struct SpindleBulk
{
	/* set at creation */
	int			max_rows;
	const char *numbered;		/* what an error calls a row; or NULL */
	MemoryContext context;
	MemoryContext batch_context;

	/* made by the first batch */
	TupleDesc	desc;			/* of the table then */
	TupleTableSlot **slot;

	/* of a batch */
	Relation	relation;		/* NULL outside of one */
	int64	   *number;			/* of each row, for errors */
	int			n;
	Size		bytes;			/* of the rows */
};

/*
 * spindle_bulk_is_plain
 *		May rows be stored in a relation without the executor, as far as the
 *		whole of it can tell?
 *
 * references_are_checked says that the caller knows that the foreign keys hold.
 *
 * The caller has locked the relation.  Raises no error: if the user may not
 * insert, the INSERT reports that.  The access method need not be heap.
 */
bool
spindle_bulk_is_plain(Relation relation, bool references_are_checked)
{
	TriggerDesc *triggers = relation->trigdesc;

	if (XactReadOnly || relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_rel->relispartition ||
		RELATION_IS_OTHER_TEMP(relation) || relation->rd_rules != NULL ||
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) != RLS_NONE ||
		pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		return false;
	for (int i = 0; triggers && i < triggers->numtriggers; i++)
		if (!references_are_checked || RI_FKey_trigger_type(triggers->triggers[i].tgfoid) == RI_TRIGGER_NONE)
			return false;
	return true;
}

/* Find the source of a column; false if an INSERT would do more than copy. */
static bool
match_column(Form_pg_attribute att, TupleDesc source, int *source_of)
{
	*source_of = -1;
	if (att->attisdropped)
		return true;
	if (att->attgenerated || att->attidentity)
		return false;
	for (int i = 0; i < source->natts; i++)
	{
		Form_pg_attribute from = TupleDescAttr(source, i);

		if (strcmp(NameStr(from->attname), NameStr(att->attname)) != 0)
			continue;
		*source_of = i;
		return from->atttypid == att->atttypid && (att->atttypmod == -1 || att->atttypmod == from->atttypmod);
	}

	/* a type may have a default, or not allow null, too */
	return !att->atthasdef && get_typtype(att->atttypid) != TYPTYPE_DOMAIN;
}

/*
 * spindle_bulk_match
 *		Find the column of source of each column of a relation, by name; false if
 *		an INSERT would do more than copy values.
 *
 * source_of[i] is -1 if column i is to be null.
 *
 * source_of has an entry per column of the relation, dropped ones included.
 * Types must be the same, and modifiers too unless the relation's has none, so
 * no value needs a cast.
 */
bool
spindle_bulk_match(Relation relation, TupleDesc source, int *source_of)
{
	for (int i = 0; i < RelationGetNumberOfAttributes(relation); i++)
		if (!match_column(TupleDescAttr(RelationGetDescr(relation), i), source, &source_of[i]))
			return false;
	return true;
}

/*
 * spindle_bulk_create
 *		Prepare to insert rows, at most max_rows per batch.  Allocates in the
 *		current memory context.
 *
 * numbered is what an error says before the number of its row, or NULL.
 *
 * numbered is kept.  max_rows is at least 1.
 */
SpindleBulk *
spindle_bulk_create(int max_rows, const char *numbered)
{
	SpindleBulk *bulk = palloc0(sizeof(SpindleBulk));

	bulk->max_rows = max_rows;
	bulk->numbered = numbered;
	bulk->context = CurrentMemoryContext;
	bulk->batch_context = AllocSetContextCreate(CurrentMemoryContext, "spindle bulk", ALLOCSET_DEFAULT_SIZES);
	bulk->slot = palloc0(sizeof(TupleTableSlot *) * max_rows);
	bulk->number = palloc(sizeof(int64) * max_rows);
	return bulk;
}

/*
 * Slots are kept from batch to batch while the table looks the same.  They are
 * made anew if it has got another column, say.
 */
static void
prepare_slots(SpindleBulk *bulk)
{
	TupleDesc	desc = RelationGetDescr(bulk->relation);
	const TupleTableSlotOps *ops = table_slot_callbacks(bulk->relation);
	MemoryContext oldcontext;

	if (bulk->desc && equalTupleDescs(bulk->desc, desc))
		return;
	spindle_bulk_destroy(bulk);
	oldcontext = MemoryContextSwitchTo(bulk->context);
	bulk->desc = CreateTupleDescCopyConstr(desc);
	for (int i = 0; i < bulk->max_rows; i++)
		bulk->slot[i] = MakeSingleTupleTableSlot(bulk->desc, ops == &TTSOpsBufferHeapTuple ? &TTSOpsHeapTuple : ops);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_bulk_begin
 *		Begin a batch, in the current transaction.
 *
 * The relation is plain, all its columns could be matched, and it stays open and
 * locked until spindle_bulk_end().
 *
 * What a batch before has left goes with its memory.
 */
void
spindle_bulk_begin(SpindleBulk *bulk, Relation relation)
{
	MemoryContextReset(bulk->batch_context);
	bulk->relation = relation;
	bulk->n = 0;
	bulk->bytes = 0;
	prepare_slots(bulk);
}

/*
 * spindle_bulk_put
 *		Take a row with the columns of the relation; number is what an error
 *		calls it.
 *
 * The row is copied.  There must be room; see spindle_bulk_is_full().  Raises
 * an error only if memory runs out.
 */
void
spindle_bulk_put(SpindleBulk *bulk, Datum *values, bool *nulls, int64 number)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(bulk->batch_context);
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(bulk->relation), values, nulls);

	tuple->t_tableOid = RelationGetRelid(bulk->relation);
	bulk->bytes += tuple->t_len;
	ExecForceStoreHeapTuple(tuple, bulk->slot[bulk->n], false);
	bulk->number[bulk->n++] = number;
	MemoryContextSwitchTo(oldcontext);
}

/* Is there no room for another row before spindle_bulk_end()? */
bool
spindle_bulk_is_full(const SpindleBulk *bulk)
{
	return bulk->n == bulk->max_rows || bulk->bytes >= MAX_BYTES;
}

/* The row that an error is about. */
typedef struct RowContext
{
	const char *numbered;		/* or NULL to say nothing */
	int64		number;
} RowContext;

/* Tell which row an error is about. */
static void
row_context(void *arg)
{
	const RowContext *row = arg;

	if (row->numbered)
		errcontext("%s " INT64_FORMAT, row->numbered, row->number);
}

/*
 * An executor's state for one table, as COPY makes it.  Its memory is that of
 * the current context, of a batch.
 */
static ResultRelInfo *
make_result_relation(SpindleBulk *bulk, EState *estate)
{
	ResultRelInfo *result = makeNode(ResultRelInfo);
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(bulk->relation);
	rte->relkind = bulk->relation->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
	spindle_init_range_table(estate, rte, ACL_INSERT);
	ExecInitResultRelation(estate, result, 1);
	spindle_CheckValidResultRel(result, CMD_INSERT, ONCONFLICT_NONE, NIL);
	return result;
}

/*
 * spindle_bulk_end
 *		Put the rows of the batch into the table.
 *
 * An error that a row causes names its number.  The relation remains the caller's.
 *
 * Checks NOT NULL and CHECK constraints, stores the rows with one call, and
 * adds them to the indexes.  Raises not_null_violation, check_violation,
 * unique_violation, exclusion_violation, and what functions of constraints and
 * indexes do.
 */
void
spindle_bulk_end(SpindleBulk *bulk)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(bulk->batch_context);
	EState	   *estate = CreateExecutorState();
	BulkInsertState state = GetBulkInsertState();
	RowContext	row = {.numbered = bulk->numbered};
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = row_context,.arg = &row};
	ResultRelInfo *result;

	PushActiveSnapshot(GetTransactionSnapshot());
	result = make_result_relation(bulk, estate);
	ExecOpenIndices(result, false);
	error_context_stack = &callback;
	if (bulk->relation->rd_att->constr)
		for (int i = 0; i < bulk->n; i++)
		{
			row.number = bulk->number[i];
			ExecConstraints(result, bulk->slot[i], estate);
			ResetPerTupleExprContext(estate);
		}

	/* it does not tell which row it fails for, so no row is named */
	error_context_stack = callback.previous;
	table_multi_insert(bulk->relation, bulk->slot, bulk->n, GetCurrentCommandId(true), 0, state);
	error_context_stack = &callback;
	for (int i = 0; i < bulk->n && result->ri_NumIndices > 0; i++)
	{
		row.number = bulk->number[i];
		CHECK_FOR_INTERRUPTS();
		list_free(spindle_ExecInsertIndexTuples(result, bulk->slot[i], estate, false, false, NULL, NIL,
												false));
		ResetPerTupleExprContext(estate);
	}
	error_context_stack = callback.previous;
	for (int i = 0; i < bulk->n; i++)
		ExecClearTuple(bulk->slot[i]);
	table_finish_bulk_insert(bulk->relation, 0);
	FreeBulkInsertState(state);
	ExecCloseResultRelations(estate);
	ExecCloseRangeTableRelations(estate);
	FreeExecutorState(estate);
	PopActiveSnapshot();
	bulk->relation = NULL;
	MemoryContextSwitchTo(oldcontext);
}

/* Release the slots; a batch that begins makes them anew. */
void
spindle_bulk_destroy(SpindleBulk *bulk)
{
	for (int i = 0; i < bulk->max_rows && bulk->desc; i++)
		ExecDropSingleTupleTableSlot(bulk->slot[i]);
	bulk->desc = NULL;
}
