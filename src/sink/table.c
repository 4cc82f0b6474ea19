/*-------------------------------------------------------------------------
 *
 * table.c
 *		Events as rows of a table.
 *
 * Where a table is plain enough, batches go into it in bulk (bulk.c).  Otherwise
 * a batch of events is kept in a tuplestore, which one INSERT ... SELECT reads
 * under a name of its own, as triggers read transition tables.  So the server's
 * executor inserts: rights, defaults, generated and identity columns, triggers,
 * row security, partitions and casts are those of INSERT, and its plan is made
 * once.
 *
 * The INSERT runs in a subtransaction.  If it fails, it is undone and the events
 * of the batch are inserted one by one, so that the error tells which of them it
 * was; then all of the batch is undone with the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "server/bulk.h"
#include "sink/sink.h"
#include "sink/target.h"
#include "stream/relation.h"

/* The name under which the INSERT reads the batch. */
#define BATCH_NAME	"spindle_batch"

/* Rows that go into a table at once; a batch may be several times as many. */
#define MAX_BULK_ROWS	1000

/* What events tell of themselves, as columns behind those of the source. */
typedef enum OwnColumn
{
	OWN_TABLE,
	OWN_SEQ,
	OWN_EVENT_TIME,
	OWN_IS_ANOMALY,
	OWN_ANOMALY_TYPE
} OwnColumn;

static const struct
{
	const char *name;
	Oid			type;
}			own_columns[] =

{
	[OWN_TABLE] = {"_spindle_table", TEXTOID},
	[OWN_SEQ] = {"_spindle_seq", INT8OID},
	[OWN_EVENT_TIME] = {"_spindle_event_time", TIMESTAMPTZOID},
	[OWN_IS_ANOMALY] = {"_spindle_is_anomaly", BOOLOID},
	[OWN_ANOMALY_TYPE] = {"_spindle_anomaly_type", TEXTOID},
};

typedef struct TableSink
{
	SpindleSink base;
	Oid			relid;
	char	   *name;			/* when the sink was made */

	/* set when opened */
	MemoryContext context;
	MemoryContext event_context;	/* values of one event */
	int			own[lengthof(own_columns)]; /* which of ours the target has */
	int			nown;
	Datum		table_name;		/* text */
	SpindleBulk *bulk;			/* tried first for each batch */
	TupleDesc	desc;			/* of a batch */
	int			nsource;		/* columns of it that the source gives */
	char	   *insert_name;	/* what the target is called in this: */
	SPIPlanPtr	insert;
	EphemeralNamedRelationData batch;
	TupleTableSlot *slot;

	/* of a batch */
	bool		in_batch;
	bool		in_bulk;
	Tuplestorestate *rows;		/* if not in bulk */
} TableSink;

/*
 * The columns of a batch: those of the source, the number of the event, and those
 * of our own that the target has.
 */
static void
describe_batch(TableSink *table, Relation target, TupleDesc source)
{
	int			natts = source->natts + 1;

	for (int i = 0; i < lengthof(own_columns); i++)
		if (spindle_target_column(target, own_columns[i].name))
			table->own[table->nown++] = i;
	table->nsource = source->natts;
	table->desc = CreateTemplateTupleDesc(natts + table->nown);
	for (int i = 0; i < source->natts; i++)
		TupleDescCopyEntry(table->desc, i + 1, source, i + 1);
	TupleDescInitEntry(table->desc, natts, "", INT8OID, -1, 0);
	for (int i = 0; i < table->nown; i++)
		TupleDescInitEntry(table->desc, natts + i + 1, own_columns[table->own[i]].name,
						   own_columns[table->own[i]].type, -1, 0);
}

/* The INSERT of a batch. */
static char *
insert_command(const TableSink *table, Relation target)
{
	const SpindleTargetRows rows = {
		.desc = table->desc,
		.from = BATCH_NAME " b",
		.alias = "b",
		.kind = "events",
	};
	bool	   *taken = palloc(sizeof(bool) * table->desc->natts);
	char	   *command = spindle_target_insert(target, &rows, taken);
	bool		any = false;

	for (int i = 0; i < table->nsource; i++)
		any |= taken[i];
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column that events have", RelationGetRelationName(target)),
				 errhint("Columns are matched by name.")));
	return command;
}

/* A plan that is kept outlives the transaction, so it has to go by hand. */
static void
table_abort(SpindleSink *sink)
{
	TableSink  *table = (TableSink *) sink;

	if (table->insert)
		SPI_freeplan(table->insert);
	table->insert = NULL;
}

/*
 * Prepare the INSERT, unless it is prepared by the name that the target has.
 * Another relation may have got the name that it had.
 */
static void
prepare_insert(TableSink *table, Relation target)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target)),
												  RelationGetRelationName(target));

	if (table->insert && strcmp(name, table->insert_name) == 0)
	{
		pfree(name);
		return;
	}
	table_abort(&table->base);
	table->insert_name = MemoryContextStrdup(table->context, name);
	table->insert = SPI_prepare(insert_command(table, target), 0, NULL);
	if (table->insert == NULL || SPI_keepplan(table->insert) != 0)
		elog(ERROR, "could not prepare an insertion: %s", SPI_result_code_string(SPI_result));
}

static void
table_open_sink(SpindleSink *sink, TupleDesc desc)
{
	TableSink  *table = (TableSink *) sink;

	/* the lock that INSERT takes, so that columns stay what we have checked */
	Relation	target = spindle_relation_open(table->relid, table->name, RowExclusiveLock);

	table->context = CurrentMemoryContext;
	table->event_context = AllocSetContextCreate(CurrentMemoryContext, "spindle event", ALLOCSET_SMALL_SIZES);
	describe_batch(table, target, desc);
	table->bulk = spindle_bulk_create(table->relid, table->desc, Min(sink->batch_size, MAX_BULK_ROWS));
	table->slot = MakeSingleTupleTableSlot(table->desc, &TTSOpsVirtual);
	table->batch.md.name = BATCH_NAME;
	table->batch.md.reliddesc = InvalidOid;
	table->batch.md.tupdesc = table->desc;
	table->batch.md.enrtype = ENR_NAMED_TUPLESTORE;
	table->batch.md.enrtuples = Max(sink->batch_size, 1);
	if (SPI_register_relation(&table->batch) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register a batch of events");
	prepare_insert(table, target);
	relation_close(target, NoLock);
}

/* The value of one of our own columns. */
static Datum
own_value(TableSink *table, OwnColumn column, const SpindleEvent *event, bool show_label, bool *is_null)
{
	*is_null = false;
	switch (column)
	{
		case OWN_TABLE:
			if (table->table_name == (Datum) 0)
			{
				MemoryContext oldcontext = MemoryContextSwitchTo(table->context);

				table->table_name = CStringGetTextDatum(event->feed->table_name);
				MemoryContextSwitchTo(oldcontext);
			}
			return table->table_name;
		case OWN_SEQ:
			return Int64GetDatum(event->seq);
		case OWN_EVENT_TIME:
			*is_null = !event->has_time;
			return TimestampTzGetDatum(event->time);
		case OWN_IS_ANOMALY:
			*is_null = !show_label;
			return BoolGetDatum(event->label != NULL);
		case OWN_ANOMALY_TYPE:
			*is_null = event->label == NULL || !show_label;
			return *is_null ? (Datum) 0 :
				CStringGetTextDatum(pg_any_to_server(event->label, (int) strlen(event->label), PG_UTF8));
	}
	return (Datum) 0;
}

/* The first event of a batch decides how it is inserted. */
static void
begin_batch(TableSink *table)
{
	MemoryContext oldcontext;
	Relation	target;

	table->in_batch = true;
	table->in_bulk = spindle_bulk_begin(table->bulk);
	if (table->in_bulk)
		return;
	target = spindle_relation_open(table->relid, table->name, RowExclusiveLock);
	prepare_insert(table, target);
	relation_close(target, NoLock);
	oldcontext = MemoryContextSwitchTo(table->context);
	table->rows = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(oldcontext);
}

/* Bytes that the columns of an event take. */
static int64
size_of_event(const TableSink *table, TupleTableSlot *slot)
{
	int64		size = 0;

	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
	{
		int16		len = TupleDescAttr(slot->tts_tupleDescriptor, i)->attlen;

		if (!slot->tts_isnull[i] && i != table->nsource)
			size += len > 0 ? len : len == -1 ? VARSIZE_ANY(DatumGetPointer(slot->tts_values[i])) :
				strlen(DatumGetCString(slot->tts_values[i])) + 1;
	}
	return size;
}

static bool
table_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	TableSink  *table = (TableSink *) sink;
	TupleTableSlot *slot = ExecClearTuple(table->slot);
	MemoryContext oldcontext;

	if (table->in_batch && table->in_bulk && spindle_bulk_is_full(table->bulk))
	{
		spindle_bulk_end(table->bulk);
		table->in_batch = false;
	}
	if (!table->in_batch)
		begin_batch(table);
	MemoryContextReset(table->event_context);
	oldcontext = MemoryContextSwitchTo(table->event_context);
	memcpy(slot->tts_values, event->values, sizeof(Datum) * table->nsource);
	memcpy(slot->tts_isnull, event->nulls, sizeof(bool) * table->nsource);
	slot->tts_values[table->nsource] = Int64GetDatum(event->event->seq);
	slot->tts_isnull[table->nsource] = false;
	for (int i = 0; i < table->nown; i++)
		slot->tts_values[table->nsource + 1 + i] = own_value(table, (OwnColumn) table->own[i], event->event,
															 event->show_label, &slot->tts_isnull[table->nsource + 1 + i]);
	MemoryContextSwitchTo(oldcontext);
	sink->pending_events++;
	sink->pending_bytes += size_of_event(table, slot);
	if (table->in_bulk)
		spindle_bulk_put(table->bulk, slot->tts_values, slot->tts_isnull, event->event->seq);
	else
		tuplestore_puttupleslot(table->rows, ExecStoreVirtualTuple(slot));
	return true;
}

/* Insert some rows that lie in a tuplestore. */
static void
insert_rows(TableSink *table, Tuplestorestate *rows)
{
	int			result;

	/* a rule of the target may make something else of it than an INSERT */
	table->batch.reldata = rows;
	result = SPI_execute_plan(table->insert, NULL, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "could not insert events: %s", SPI_result_code_string(result));
}

static void
event_context(void *arg)
{
	errcontext("event with seq " INT64_FORMAT, *(int64 *) arg);
}

/* Insert the rows of a batch one by one, to find the one that fails. */
static void
insert_singly(TableSink *table)
{
	TupleTableSlot *row = MakeSingleTupleTableSlot(table->desc, &TTSOpsMinimalTuple);
	int64		seq;
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = event_context,.arg = &seq};

	tuplestore_rescan(table->rows);
	error_context_stack = &callback;
	while (tuplestore_gettupleslot(table->rows, true, false, row))
	{
		Tuplestorestate *one = tuplestore_begin_heap(true, false, work_mem);
		bool		is_null;

		CHECK_FOR_INTERRUPTS();
		seq = DatumGetInt64(slot_getattr(row, table->nsource + 1, &is_null));
		tuplestore_puttupleslot(one, row);
		insert_rows(table, one);
		tuplestore_end(one);
	}
	error_context_stack = callback.previous;
	ExecDropSingleTupleTableSlot(row);
}

/*
 * May an error have to do with some event of a batch?  Being told to stop, a
 * full disk and a target that is no more have not.  A lack of privileges may if
 * there is row security: so it reports the rows that it refuses.
 */
static bool
is_fault_of_event(const TableSink *table, int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_INSUFFICIENT_RESOURCES:
			return false;
		case ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION:
			return sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE &&
				check_enable_rls(table->relid, InvalidOid, true) == RLS_ENABLED;
		default:
			return true;
	}
}

/* Insert the batch in a subtransaction; false if an event may have failed it. */
static bool
insert_batch(TableSink *table)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	volatile bool done = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		insert_rows(table, table->rows);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		FlushErrorState();

		/*
		 * In any case: the server's handling of errors would end the
		 * subtransaction only, and leave the session in the outer one.
		 */
		RollbackAndReleaseCurrentSubTransaction();
		if (!is_fault_of_event(table, error->sqlerrcode))
			ReThrowError(error);
		FreeErrorData(error);
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
	CurrentResourceOwner = oldowner;
	return done;
}

static void
table_flush(SpindleSink *sink)
{
	TableSink  *table = (TableSink *) sink;

	if (!table->in_batch)
		return;
	table->in_batch = false;
	if (table->in_bulk)
	{
		spindle_bulk_end(table->bulk);
		return;
	}
	if (!insert_batch(table))
		insert_singly(table);
	tuplestore_end(table->rows);
	table->rows = NULL;
}

static void
table_close_sink(SpindleSink *sink)
{
	TableSink  *table = (TableSink *) sink;

	spindle_bulk_destroy(table->bulk);
	table_abort(sink);
	SPI_unregister_relation(BATCH_NAME);
	ExecDropSingleTupleTableSlot(table->slot);
}

static const SpindleSinkOps table_ops = {
	.open = table_open_sink,
	.write = table_write,
	.write_lines = spindle_sink_no_lines,
	.flush = table_flush,
	.settle = spindle_sink_nothing,
	.close = table_close_sink,
	.abort = table_abort,
};

/*
 * spindle_table_sink_create
 *		A sink that inserts into a table, in the current memory context.
 *
 * The caller has an SPI session open, in which the commands run.
 */
SpindleSink *
spindle_table_sink_create(Oid relid)
{
	TableSink  *table = palloc0(sizeof(TableSink));
	char	   *name = get_rel_name(relid);
	char		kind;

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	kind = get_rel_relkind(relid);
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
		kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot insert events into relation \"%s\"", name),
				 errhint("It must be a table, a view or a foreign table.")));
	table->base.ops = &table_ops;
	table->base.name = psprintf("table \"%s\"", name);
	table->base.wants_datums = true;
	table->relid = relid;
	table->name = name;
	return &table->base;
}
