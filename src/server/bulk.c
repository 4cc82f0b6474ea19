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
 * What the table is like is looked at when a batch begins, and locked until
 * its transaction ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
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
	Oid			relid;
	TupleDesc	source;
	int			max_rows;
	MemoryContext context;
	MemoryContext batch_context;

	/* made by the first batch */
	TupleDesc	desc;			/* of the table then */
	TupleTableSlot **slot;

	/* of a batch */
	Relation	relation;		/* NULL outside of one */
	int		   *source_of;		/* per column of the table, -1 for null */
	int64	   *number;			/* of each row, for errors */
	int			n;
	Size		bytes;			/* of the rows */
	Datum	   *values;
	bool	   *nulls;
};

/*
 * spindle_bulk_create
 *		Prepare to insert rows with the columns of source, at most max_rows per
 *		batch.  Allocates in the current memory context.
 */
SpindleBulk *
spindle_bulk_create(Oid relid, TupleDesc source, int max_rows)
{
	SpindleBulk *bulk = palloc0(sizeof(SpindleBulk));

	bulk->relid = relid;
	bulk->source = source;
	bulk->max_rows = max_rows;
	bulk->context = CurrentMemoryContext;
	bulk->batch_context = AllocSetContextCreate(CurrentMemoryContext, "spindle bulk", ALLOCSET_DEFAULT_SIZES);
	bulk->slot = palloc0(sizeof(TupleTableSlot *) * max_rows);
	bulk->number = palloc(sizeof(int64) * max_rows);
	return bulk;
}

/* Find the source of a column; false if an INSERT would do more than copy. */
static bool
match_column(SpindleBulk *bulk, int attribute)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(bulk->relation), attribute);

	bulk->source_of[attribute] = -1;
	if (att->attisdropped)
		return true;
	if (att->attgenerated || att->attidentity)
		return false;
	for (int i = 0; i < bulk->source->natts; i++)
	{
		Form_pg_attribute from = TupleDescAttr(bulk->source, i);

		if (strcmp(NameStr(from->attname), NameStr(att->attname)) != 0)
			continue;
		bulk->source_of[attribute] = i;
		return from->atttypid == att->atttypid && (att->atttypmod == -1 || att->atttypmod == from->atttypmod);
	}

	/* a type may have a default, or not allow null, too */
	return !att->atthasdef && get_typtype(att->atttypid) != TYPTYPE_DOMAIN;
}

/* Slots are kept from batch to batch while the table looks the same. */
static void
prepare_slots(SpindleBulk *bulk)
{
	TupleDesc	desc = RelationGetDescr(bulk->relation);
	MemoryContext oldcontext;

	if (bulk->desc && equalTupleDescs(bulk->desc, desc))
		return;
	spindle_bulk_destroy(bulk);
	oldcontext = MemoryContextSwitchTo(bulk->context);
	bulk->desc = CreateTupleDescCopyConstr(desc);
	for (int i = 0; i < bulk->max_rows; i++)
		bulk->slot[i] = MakeSingleTupleTableSlot(bulk->desc, &TTSOpsHeapTuple);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_bulk_begin
 *		Begin a batch, in the current transaction; false if it has to be an
 *		INSERT.
 */
bool
spindle_bulk_begin(SpindleBulk *bulk)
{
	Relation	relation = try_table_open(bulk->relid, RowExclusiveLock);
	bool		possible;
	MemoryContext oldcontext;

	/* that it was dropped is for the caller to report */
	if (relation == NULL)
		return false;
	possible = !XactReadOnly &&
		relation->rd_rel->relkind == RELKIND_RELATION && !relation->rd_rel->relispartition &&
		relation->rd_tableam == GetHeapamTableAmRoutine() && !RELATION_IS_OTHER_TEMP(relation) &&
		relation->trigdesc == NULL && relation->rd_rules == NULL &&
		check_enable_rls(bulk->relid, InvalidOid, true) == RLS_NONE &&
		pg_class_aclcheck(bulk->relid, GetUserId(), ACL_INSERT) == ACLCHECK_OK;
	MemoryContextReset(bulk->batch_context);
	oldcontext = MemoryContextSwitchTo(bulk->batch_context);
	bulk->relation = relation;
	bulk->n = 0;
	bulk->bytes = 0;
	bulk->source_of = palloc(sizeof(int) * Max(RelationGetNumberOfAttributes(relation), 1));
	bulk->values = palloc(sizeof(Datum) * Max(RelationGetNumberOfAttributes(relation), 1));
	bulk->nulls = palloc(sizeof(bool) * Max(RelationGetNumberOfAttributes(relation), 1));
	for (int i = 0; i < RelationGetNumberOfAttributes(relation) && possible; i++)
		possible = match_column(bulk, i);
	MemoryContextSwitchTo(oldcontext);
	if (possible)
		prepare_slots(bulk);
	else
	{
		table_close(relation, NoLock);
		bulk->relation = NULL;
	}
	return possible;
}

/*
 * spindle_bulk_put
 *		Take a row; number is what an error calls it.
 */
void
spindle_bulk_put(SpindleBulk *bulk, const Datum *values, const bool *nulls, int64 number)
{
	TupleDesc	desc = RelationGetDescr(bulk->relation);
	HeapTuple	tuple;
	MemoryContext oldcontext;

	for (int i = 0; i < desc->natts; i++)
	{
		int			from = bulk->source_of[i];

		bulk->nulls[i] = from < 0 || nulls[from];
		bulk->values[i] = from < 0 ? (Datum) 0 : values[from];
	}
	oldcontext = MemoryContextSwitchTo(bulk->batch_context);
	tuple = heap_form_tuple(desc, bulk->values, bulk->nulls);
	MemoryContextSwitchTo(oldcontext);
	tuple->t_tableOid = bulk->relid;
	bulk->bytes += tuple->t_len;

	ExecStoreHeapTuple(tuple, bulk->slot[bulk->n], false);
	bulk->number[bulk->n++] = number;
}

/* Is there no room for another row before spindle_bulk_end()? */
bool
spindle_bulk_is_full(const SpindleBulk *bulk)
{
	return bulk->n == bulk->max_rows || bulk->bytes >= MAX_BYTES;
}

static void
row_context(void *arg)
{
	errcontext("event with seq " INT64_FORMAT, *(int64 *) arg);
}

/* An executor's state for one table, as COPY makes it. */
static ResultRelInfo *
make_result_relation(SpindleBulk *bulk, EState *estate)
{
	ResultRelInfo *result = makeNode(ResultRelInfo);
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_RELATION;
	rte->relid = bulk->relid;
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
 * An error that a row causes names its number.
 */
void
spindle_bulk_end(SpindleBulk *bulk)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(bulk->batch_context);
	EState	   *estate = CreateExecutorState();
	BulkInsertState state = GetBulkInsertState();
	int64		number = 0;
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = row_context,.arg = &number};
	ResultRelInfo *result;

	PushActiveSnapshot(GetTransactionSnapshot());
	result = make_result_relation(bulk, estate);
	ExecOpenIndices(result, false);
	error_context_stack = &callback;
	if (bulk->relation->rd_att->constr)
		for (int i = 0; i < bulk->n; i++)
		{
			number = bulk->number[i];
			ExecConstraints(result, bulk->slot[i], estate);
			ResetPerTupleExprContext(estate);
		}

	/* it does not tell which row it fails for, so no row is named */
	error_context_stack = callback.previous;
	table_multi_insert(bulk->relation, bulk->slot, bulk->n, GetCurrentCommandId(true), 0, state);
	error_context_stack = &callback;
	for (int i = 0; i < bulk->n && result->ri_NumIndices > 0; i++)
	{
		number = bulk->number[i];
		CHECK_FOR_INTERRUPTS();
		list_free(spindle_ExecInsertIndexTuples(result, bulk->slot[i], estate, false, false, NULL, NIL,
												false));
		ResetPerTupleExprContext(estate);
	}
	error_context_stack = callback.previous;
	for (int i = 0; i < bulk->n; i++)
		ExecClearTuple(bulk->slot[i]);
	FreeBulkInsertState(state);
	ExecCloseResultRelations(estate);
	ExecCloseRangeTableRelations(estate);
	FreeExecutorState(estate);
	PopActiveSnapshot();
	table_close(bulk->relation, NoLock);
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
