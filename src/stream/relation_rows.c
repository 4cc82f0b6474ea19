/*-------------------------------------------------------------------------
 *
 * relation_rows.c
 *		The rows of a relation, kept in the order of their times.
 *
 * The server's executor reads the relation with the rights of the calling user,
 * row security and all, and its rows go straight into a sort by event time,
 * which spills to disk beyond work_mem; rows of equal time keep their order, and
 * rows without time come last.  Without an event time the rows are kept in the
 * order in which they come.
 *
 * Collective anomalies change times; the rows then are sorted once more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "server/datum_number.h"
#include "stream/relation_path.h"
#include "stream/relation_rows.h"

/* Columns of the sorted rows, before those of the relation. */
enum
{
	SORTED_TIME,				/* bigint; null if there is none */
	SORTED_POSITION,			/* bigint: number of the row, or once sorted
								 * of the event */
	SORTED_MOVED_BY,			/* integer: collective anomaly, or -1 */
	SORTED_MOVED_TO,			/* bigint: the time that it gives */
	SORTED_FIRST				/* column of the relation */
};

/*
 * spindle_relation_rows_init
 *		Set up rows that are not read yet, in the given memory context, in which
 *		they will be kept.
 *
 * table_name is not copied.  The caller completes the columns and describes
 * them by spindle_relation_rows_describe(), and chooses time_column, which is -1
 * now, or time_path.
 */
void
spindle_relation_rows_init(SpindleRelationRows *rows, Oid relid, const char *table_name, int ncolumns,
						   MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	memset(rows, 0, sizeof(*rows));
	rows->relid = relid;
	rows->table_name = table_name;
	rows->ncolumns = ncolumns;
	rows->column = palloc0(sizeof(SpindleRowsColumn) * Max(ncolumns, 1));
	rows->time_column = -1;
	rows->context = context;
	rows->desc = CreateTemplateTupleDesc(SORTED_FIRST + ncolumns);
	TupleDescInitEntry(rows->desc, SORTED_TIME + 1, "time", INT8OID, -1, 0);
	TupleDescInitEntry(rows->desc, SORTED_POSITION + 1, "position", INT8OID, -1, 0);
	TupleDescInitEntry(rows->desc, SORTED_MOVED_BY + 1, "moved by", INT4OID, -1, 0);
	TupleDescInitEntry(rows->desc, SORTED_MOVED_TO + 1, "moved to", INT8OID, -1, 0);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_relation_rows_describe
 *		Tell of the column at a position, from 0, which is the attribute att;
 *		base_type is the type below domains.
 */
void
spindle_relation_rows_describe(SpindleRelationRows *rows, int column, const FormData_pg_attribute *att, Oid base_type)
{
	rows->column[column].type = att->atttypid;
	rows->column[column].base_type = base_type;
	TupleDescInitEntry(rows->desc, SORTED_FIRST + column + 1, NameStr(att->attname), att->atttypid, att->atttypmod, 0);
}

/* Where the executor sends the rows of the query. */
typedef struct Receiver
{
	DestReceiver pub;			/* must be first */
	SpindleRelationRows *rows;
	MemoryContext row_context;
} Receiver;

/*
 * Insist on the columns that the feed was described with; else raise
 * object_not_in_prerequisite_state.  The relation may have changed since then,
 * and as the query goes by its name, it may even be another one.
 */
static void
receive_start(DestReceiver *self, int operation, TupleDesc desc)
{
	const SpindleRelationRows *rows = ((Receiver *) self)->rows;
	bool		same = desc->natts == rows->ncolumns + (rows->time_path ? 1 : 0);

	for (int c = 0; same && c < rows->ncolumns; c++)
		same = TupleDescAttr(desc, c)->atttypid == rows->column[c].type;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the columns of relation \"%s\" have changed", rows->table_name)));
}

/*
 * The event time of a row, in UTC, from a value of a date or timestamp type,
 * below domains.  A timestamp without time zone counts as UTC, whatever the
 * session's time zone.
 */
static Timestamp
time_of_datum(Oid type, Datum value)
{
	int			overflow;

	/* dates beyond the range of timestamps become infinite */
	return type == DATEOID ? date2timestamp_opt_overflow(DatumGetDateADT(value), &overflow) :
		DatumGetTimestamp(value);
}

/*
 * Put a row into the sort, with its time and number, and add to the means.
 * The result tells the executor to go on.
 */
static bool
receive_row(TupleTableSlot *row, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	SpindleRelationRows *rows = receiver->rows;
	const int	time_column = rows->time_path ? rows->ncolumns : rows->time_column;
	const Oid	time_type = rows->time_path ? rows->time_type :
	time_column >= 0 ? rows->column[time_column].base_type : InvalidOid;
	MemoryContext oldcontext = MemoryContextSwitchTo(receiver->row_context);
	TupleTableSlot *slot = spindle_sorter_input(rows->sorter);

	slot_getallattrs(row);
	slot->tts_isnull[SORTED_TIME] = time_column < 0 || row->tts_isnull[time_column];
	if (!slot->tts_isnull[SORTED_TIME])
		slot->tts_values[SORTED_TIME] = Int64GetDatum(time_of_datum(time_type, row->tts_values[time_column]));
	slot->tts_values[SORTED_POSITION] = Int64GetDatum(rows->nrows++);
	slot->tts_isnull[SORTED_POSITION] = false;
	slot->tts_values[SORTED_MOVED_BY] = Int32GetDatum(-1);
	slot->tts_isnull[SORTED_MOVED_BY] = false;
	slot->tts_isnull[SORTED_MOVED_TO] = true;
	for (int c = 0; c < rows->ncolumns; c++)
	{
		SpindleRowsColumn *rc = &rows->column[c];
		double		number;

		slot->tts_values[SORTED_FIRST + c] = row->tts_values[c];
		slot->tts_isnull[SORTED_FIRST + c] = row->tts_isnull[c];
		if (rc->with_mean && !row->tts_isnull[c] && spindle_datum_number(rc->base_type, row->tts_values[c], &number))
		{
			rc->sum += fabs(number);
			rc->count++;
		}
	}
	spindle_sorter_put(rows->sorter);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(receiver->row_context);
	return true;
}

/* There is nothing to begin or end with. */
static void
receive_nothing(DestReceiver *self)
{
}

/*
 * Read the first most rows, or all if it is negative.
 * The scan must begin with the first one: where a large table is being
 * scanned by others already, it would join in the middle.
 *
 * A procedure, which goes on after commits, reads like any other command in
 * its place: what the transaction did before, and what others have committed
 * since the CALL began, is seen as far as the isolation level has it.  A
 * function belongs to the query that calls it, and reads with its snapshot.
 *
 * Raises insufficient_privilege if the caller may not read the relation, and
 * whatever a view, a policy or a foreign server raises.  Can be cancelled.
 * An error leaves the setting to the end of the transaction or
 * subtransaction, which undoes it.
 */
static void
read_relation(SpindleRelationRows *rows, int64 most)
{
	Receiver	receiver = {
		.pub = {
			.receiveSlot = receive_row,
			.rStartup = receive_start,
			.rShutdown = receive_nothing,
			.rDestroy = receive_nothing,
			.mydest = DestNone,
		},
		.rows = rows,
		.row_context = AllocSetContextCreate(rows->context, "spindle row", ALLOCSET_SMALL_SIZES),
	};
	SPIExecuteOptions options = {
		.read_only = !rows->across_transactions,
		.must_return_tuples = true,
		.dest = &receiver.pub,
		.tcount = (uint64) Max(most, 0),	/* 0: all */
	};
	char	   *relation = quote_qualified_identifier(get_namespace_name(get_rel_namespace(rows->relid)),
													  rows->table_name);
	const char *limit = most == 0 ? " LIMIT 0" : "";
	char	   *query = rows->time_path ?
	psprintf("SELECT " SPINDLE_PATH_ALIAS ".*, %s FROM %s AS " SPINDLE_PATH_ALIAS "%s", rows->time_path, relation, limit) :
	psprintf("SELECT * FROM %s%s", relation, limit);
	int			level;
	int			result;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	level = NewGUCNestLevel();
	(void) set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	result = SPI_execute_extended(query, &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_extended failed: %s", SPI_result_code_string(result));
	AtEOXact_GUC(true, level);
	SPI_finish();
	MemoryContextDelete(receiver.row_context);
}

/*
 * spindle_relation_rows_read
 *		Read the relation, and be before the first row.
 *
 * Only the first bound rows in their order are kept, all if bound is negative.
 * With neither a time to sort by nor a column whose mean is wanted, no others
 * are read.  Raises what reading the relation raises.
 */
void
spindle_relation_rows_read(SpindleRelationRows *rows, int64 bound, bool across_transactions)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(rows->context);
	bool		is_sorted = rows->time_column >= 0 || rows->time_path;
	bool		reads_all = is_sorted;

	for (int c = 0; c < rows->ncolumns; c++)
		reads_all |= rows->column[c].with_mean;
	rows->across_transactions = across_transactions;
	rows->sorter = spindle_sorter_create(rows->desc, is_sorted ? 2 : 0, bound, across_transactions);

	/* a sort needs all rows, and so does a mean, unless nothing is wanted */
	read_relation(rows, bound != 0 && reads_all ? -1 : bound);
	spindle_sorter_finish(rows->sorter);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_relation_rows_rewind
 *		Begin with the first row again.
 */
void
spindle_relation_rows_rewind(SpindleRelationRows *rows)
{
	rows->next_position = 0;
	spindle_sorter_rewind(rows->sorter);
}

/*
 * The next kept row, or NULL where the stream was cut.  The rows there are may be
 * more, but not fewer.
 */
static TupleTableSlot *
next_slot(SpindleRelationRows *rows)
{
	TupleTableSlot *slot;

	if (rows->next_position >= rows->nrows)
		return NULL;
	if (rows->next_position % 1024 == 0)
		CHECK_FOR_INTERRUPTS();
	slot = spindle_sorter_get(rows->sorter);
	if (slot == NULL)
		elog(ERROR, "sorted events are missing");
	rows->next_position++;
	return slot;
}

/*
 * spindle_relation_rows_next
 *		The next row; false if there is none.
 *
 * Before anything was moved, a row's place in the order is its position; then
 * it is what the row itself says.  The caller may change its values, until the
 * next one is read.
 */
bool
spindle_relation_rows_next(SpindleRelationRows *rows, SpindleRelationRow *row)
{
	TupleTableSlot *slot = next_slot(rows);

	if (slot == NULL)
		return false;
	row->position = rows->is_moved ? DatumGetInt64(slot->tts_values[SORTED_POSITION]) : rows->next_position - 1;
	row->has_time = !slot->tts_isnull[SORTED_TIME];
	row->time = row->has_time ? DatumGetInt64(slot->tts_values[SORTED_TIME]) : 0;
	row->moved_by = DatumGetInt32(slot->tts_values[SORTED_MOVED_BY]);
	row->moved_to = DatumGetInt64(slot->tts_values[SORTED_MOVED_TO]);
	row->value = slot->tts_values + SORTED_FIRST;
	row->is_null = slot->tts_isnull + SORTED_FIRST;
	return true;
}

/*
 * spindle_relation_rows_move
 *		Sort the rows again, by the times that the anomalies of a feed have given,
 *		and at equal times by their positions.
 *
 * The old sort is released, so positions are kept in the rows.
 */
void
spindle_relation_rows_move(SpindleRelationRows *rows, SpindleFeed *feed)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(rows->context);
	SpindleSorter *moved = spindle_sorter_create(rows->desc, 2, -1, rows->across_transactions);
	TupleTableSlot *row;

	spindle_relation_rows_rewind(rows);
	while ((row = next_slot(rows)) != NULL)
	{
		TupleTableSlot *slot = spindle_sorter_input(moved);
		int64		position = rows->next_position - 1;
		Timestamp	moved_to;
		int			moved_by = spindle_feed_moved_by(feed, position, &moved_to);

		memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * rows->desc->natts);
		memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * rows->desc->natts);
		slot->tts_values[SORTED_POSITION] = Int64GetDatum(position);
		slot->tts_values[SORTED_MOVED_BY] = Int32GetDatum(moved_by);
		if (moved_by >= 0)
		{
			slot->tts_values[SORTED_MOVED_TO] = Int64GetDatum(moved_to);
			slot->tts_isnull[SORTED_MOVED_TO] = false;
			if (feed->reorders[moved_by])
			{
				slot->tts_values[SORTED_TIME] = Int64GetDatum(moved_to);
				slot->tts_isnull[SORTED_TIME] = false;
			}
		}
		spindle_sorter_put(moved);
	}
	spindle_sorter_end(rows->sorter);
	spindle_sorter_finish(moved);
	rows->sorter = moved;
	rows->is_moved = true;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_relation_rows_end
 *		Release the rows; what they were described by goes with its context.
 */
void
spindle_relation_rows_end(SpindleRelationRows *rows)
{
	spindle_sorter_end(rows->sorter);
	rows->sorter = NULL;
}
