/*-------------------------------------------------------------------------
 *
 * table.c
 *		Events as rows of a table.
 *
 * An event gives its columns, and behind them what it tells of itself, for
 * targets that have columns of such names.  Rows are inserted by insert.c, in
 * batches that end with ours.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "server/insert.h"
#include "server/relation.h"
#include "sink/sink.h"

/*
 * What events tell of themselves, as columns behind those of the source.  They
 * index own_columns.
 */
typedef enum OwnColumn
{
	OWN_TABLE,
	OWN_SEQ,
	OWN_EVENT_TIME,
	OWN_IS_ANOMALY,
	OWN_ANOMALY_TYPE
} OwnColumn;

/*
 * The name and the type of each, in the target; texts and numbers are
 * converted to what the target has, as INSERT does it.
 */
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

/* A sink that inserts into a relation. */
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
	TupleDesc	desc;			/* of a row */
	int			nsource;		/* columns of it that the source gives */
	SpindleInserter *inserter;

	/* changes per event */
	Datum	   *values;			/* of a row */
	bool	   *nulls;
} TableSink;

/*
 * The columns of a row: those of the source, and those of our own that the
 * target has.
 *
 * Raises undefined_table if the target is no more.
 */
static void
describe_row(TableSink *table, TupleDesc source)
{
	/* the lock that INSERT takes, so that columns stay what we have seen */
	Relation	target = spindle_relation_open(table->relid, table->name, RowExclusiveLock);

	for (int i = 0; i < lengthof(own_columns); i++)
		if (spindle_target_column(target, own_columns[i].name))
			table->own[table->nown++] = i;
	relation_close(target, NoLock);
	table->nsource = source->natts;
	table->desc = CreateTemplateTupleDesc(source->natts + table->nown);
	for (int i = 0; i < source->natts; i++)
		TupleDescCopyEntry(table->desc, i + 1, source, i + 1);
	for (int i = 0; i < table->nown; i++)
		TupleDescInitEntry(table->desc, source->natts + i + 1, own_columns[table->own[i]].name,
						   own_columns[table->own[i]].type, -1, 0);
}

/*
 * Prepare to insert rows with the columns desc.
 *
 * Locks the target until the end of the transaction.  Raises undefined_table,
 * and what is wrong with its columns; see spindle_inserter_create().
 */
static void
table_open_sink(SpindleSink *sink, TupleDesc desc)
{
	TableSink  *table = (TableSink *) sink;
	SpindleInsertOptions options = {
		.rows.kind = "events",
		.max_rows = Max(sink->batch_size, 1),
		.numbered = "event with seq",
	};

	table->context = CurrentMemoryContext;
	table->event_context = AllocSetContextCreate(CurrentMemoryContext, "spindle event", ALLOCSET_SMALL_SIZES);
	describe_row(table, desc);
	table->values = palloc(sizeof(Datum) * Max(table->desc->natts, 1));
	table->nulls = palloc(sizeof(bool) * Max(table->desc->natts, 1));
	options.rows.desc = table->desc;
	options.rows.nmain = table->nsource;
	table->inserter = spindle_inserter_create(table->relid, table->name, &options);
}

/*
 * The value of one of our own columns.  Values by reference are allocated in
 * the current memory context; but the name of the table stays as long as the
 * sink, since all events have the same.
 */
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

/*
 * Bytes that the columns of an event take.  As they are stored in memory,
 * without headers of rows, and of what is toasted the pointer only.
 */
static int64
size_of_event(const TableSink *table)
{
	int64		size = 0;

	for (int i = 0; i < table->desc->natts; i++)
	{
		int16		len = TupleDescAttr(table->desc, i)->attlen;

		if (!table->nulls[i])
			size += len > 0 ? len : len == -1 ? VARSIZE_ANY(DatumGetPointer(table->values[i])) :
				strlen(DatumGetCString(table->values[i])) + 1;
	}
	return size;
}

/*
 * Put an event's row; it may be inserted later, at the end of the batch at the
 * latest.  Always true.  Raises what an INSERT of this row, or of others of
 * the batch, does.
 */
static bool
table_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	TableSink  *table = (TableSink *) sink;
	MemoryContext oldcontext;

	MemoryContextReset(table->event_context);
	oldcontext = MemoryContextSwitchTo(table->event_context);
	memcpy(table->values, event->values, sizeof(Datum) * table->nsource);
	memcpy(table->nulls, event->nulls, sizeof(bool) * table->nsource);
	for (int i = 0; i < table->nown; i++)
		table->values[table->nsource + i] = own_value(table, (OwnColumn) table->own[i], event->event,
													  event->show_label, &table->nulls[table->nsource + i]);
	MemoryContextSwitchTo(oldcontext);
	sink->pending_events++;
	sink->pending_bytes += size_of_event(table);
	spindle_inserter_put(table->inserter, table->values, table->nulls, event->event->seq);
	return true;
}

/* Insert the rows of the batch; the commit that follows makes them last. */
static void
table_flush(SpindleSink *sink)
{
	spindle_inserter_flush(((TableSink *) sink)->inserter);
}

/* Release the inserter.  All rows are inserted by then. */
static void
table_close_sink(SpindleSink *sink)
{
	(void) spindle_inserter_end(((TableSink *) sink)->inserter);
}

static const SpindleSinkOps table_ops = {
	.open = table_open_sink,
	.write = table_write,
	.write_lines = spindle_sink_no_lines,
	.flush = table_flush,
	.settle = spindle_sink_nothing,
	.close = table_close_sink,
	.abort = spindle_sink_nothing,
};

/*
 * spindle_table_sink_create
 *		A sink that inserts into a table, in the current memory context.
 *
 * Raises undefined_table or wrong_object_type if events cannot be inserted into it.
 *
 * Tables, partitioned tables, views and foreign tables can be targets.
 * Privileges are checked by the INSERT itself.
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
