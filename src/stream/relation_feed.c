/*-------------------------------------------------------------------------
 *
 * relation_feed.c
 *		The events of a relation: whatever SELECT * FROM it gives the caller.
 *
 * The server's executor reads the relation with the rights of the calling user,
 * row security and all, and its rows go straight into a sort by event time,
 * which spills to disk beyond work_mem; rows of equal time keep their order, and
 * rows without time come last.  Without an event time the rows are kept in the
 * order in which they come.
 *
 * Collective anomalies change times; the rows then are sorted once more.
 *
 * Values are Datums; they live in the sorted row that was read last.
 *
 * Reading is over when the feed is open: what happens to the relation later
 * is not seen, and a feed that is rewound gives the rows that it has kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "json/datum_json.h"
#include "json/json_writer.h"
#include "server/relation.h"
#include "stream/anomaly.h"
#include "stream/collective.h"
#include "stream/datum_number.h"
#include "stream/sorter.h"

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
 * What the feed knows of a column beyond feed.h.  Types, collation and
 * equality are those of the column; base types are what domains are based
 * on.  The sum, of the absolute values that are finite, is kept if a point
 * anomaly needs the mean.
 */
typedef struct RelationColumn
{
	Oid			type;
	int32		typmod;
	Oid			collation;
	Oid			base_type;		/* below domains */
	int32		base_typmod;
	char	   *key_json;		/* ,"name": */
	int			key_json_len;
	FmgrInfo	equal;
	SpindleDatumJson json;
	bool		with_mean;		/* of the absolute values: */
	double		sum;
	int64		count;
} RelationColumn;

/*
 * value and is_null point into the sorted row that was read last, where
 * anomalies put what they change.  The relation is known by its OID alone; it
 * is not open.
 */
typedef struct RelationFeed
{
	SpindleFeed feed;			/* must be first */

	/* set at creation */
	Oid			relid;
	MemoryContext context;
	RelationColumn *column;
	TupleDesc	sorted_desc;
	char	   *table_json;		/* ,"_spindle_table":"name","_spindle_seq": */
	JsonTimes	times;

	/* set when opened */
	SpindleFeedNeeds needs;
	SpindleSorter *rows;
	bool		is_moved;		/* positions and times are those after moves */

	/* changes per event */
	MemoryContext event_context;	/* values that anomalies make */
	int64		next_position;
	Datum	   *value;
	bool	   *is_null;

	/* of a pass */
	const int  *pass_column;
	int			npass;
	int64	   *pass_value;
	bool	   *pass_is_null;
} RelationFeed;

/*
 * Values
 */

/*
 * By the input function of the type, domains included, with what it raises: a
 * value is not refused by a false result.  Allocates in the current memory
 * context.
 */
static bool
parse_value(SpindleFeed *feed, int column, const char *text, int64 *value)
{
	const RelationColumn *rc = &((RelationFeed *) feed)->column[column];
	char	   *server = pg_any_to_server(text, (int) strlen(text), PG_UTF8);
	Oid			input;
	Oid			param;

	getTypeInputInfo(rc->type, &input, &param);
	*value = (int64) OidInputFunctionCall(input, server, param, rc->typmod);
	return true;
}

/*
 * By the operator of the type's default class and the column's collation,
 * which may raise errors and run any function.
 */
static bool
values_equal(SpindleFeed *feed, int column, int64 a, int64 b)
{
	RelationColumn *rc = &((RelationFeed *) feed)->column[column];

	return DatumGetBool(FunctionCall2Coll(&rc->equal, rc->collation, (Datum) a, (Datum) b));
}

/*
 * Of the base type: a domain's constraints are not checked, as a value that
 * is wrong may break them.  Lives until the next event.
 */
static int64
value_from_number(SpindleFeed *feed, int column, double x, int64 present, bool is_null)
{
	RelationFeed *rf = (RelationFeed *) feed;
	const RelationColumn *rc = &rf->column[column];
	MemoryContext oldcontext = MemoryContextSwitchTo(rf->event_context);
	Datum		result = spindle_datum_of_number(rc->base_type, rc->base_typmod, x, (Datum) present, is_null);

	MemoryContextSwitchTo(oldcontext);
	return (int64) result;
}

/* The value itself, which lives in the row. */
static Datum
group_value(SpindleFeed *feed, int column, int64 value)
{
	return (Datum) value;
}

/* Over all rows of the relation, summed while they were read. */
static double
mean_of_column(SpindleFeed *feed, int column)
{
	const RelationColumn *rc = &((RelationFeed *) feed)->column[column];

	return rc->count > 0 ? rc->sum / (double) rc->count : 0;
}

/*
 * Reading the relation
 */

/* Where the executor sends the rows of the query. */
typedef struct Receiver
{
	DestReceiver pub;			/* must be first */
	RelationFeed *rf;
	int64		nrows;
} Receiver;

/*
 * Insist on the columns that the feed was described with; else raise
 * object_not_in_prerequisite_state.  The relation may have changed since then,
 * and as the query goes by its name, it may even be another one.
 */
static void
receive_start(DestReceiver *self, int operation, TupleDesc desc)
{
	RelationFeed *rf = ((Receiver *) self)->rf;
	bool		same = desc->natts == rf->feed.ncolumns;

	for (int c = 0; same && c < desc->natts; c++)
		same = TupleDescAttr(desc, c)->atttypid == rf->column[c].type;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the columns of relation \"%s\" have changed", rf->feed.table_name)));
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
	RelationFeed *rf = receiver->rf;
	const int	time_column = rf->feed.time_column;
	MemoryContext oldcontext = MemoryContextSwitchTo(rf->event_context);
	TupleTableSlot *slot = spindle_sorter_input(rf->rows);

	slot_getallattrs(row);
	slot->tts_isnull[SORTED_TIME] = time_column < 0 || row->tts_isnull[time_column];
	if (!slot->tts_isnull[SORTED_TIME])
		slot->tts_values[SORTED_TIME] = Int64GetDatum(time_of_datum(rf->column[time_column].base_type,
																	row->tts_values[time_column]));
	slot->tts_values[SORTED_POSITION] = Int64GetDatum(receiver->nrows++);
	slot->tts_isnull[SORTED_POSITION] = false;
	slot->tts_values[SORTED_MOVED_BY] = Int32GetDatum(-1);
	slot->tts_isnull[SORTED_MOVED_BY] = false;
	slot->tts_isnull[SORTED_MOVED_TO] = true;
	for (int c = 0; c < rf->feed.ncolumns; c++)
	{
		RelationColumn *rc = &rf->column[c];
		double		number;

		slot->tts_values[SORTED_FIRST + c] = row->tts_values[c];
		slot->tts_isnull[SORTED_FIRST + c] = row->tts_isnull[c];
		if (rc->with_mean && !row->tts_isnull[c] && spindle_datum_number(rc->base_type, row->tts_values[c], &number))
		{
			rc->sum += fabs(number);
			rc->count++;
		}
	}
	spindle_sorter_put(rf->rows);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(rf->event_context);
	return true;
}

/* There is nothing to begin or end with. */
static void
receive_nothing(DestReceiver *self)
{
}

/*
 * Read the first most rows, or all if it is negative; returns how many came.
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
static int64
read_relation(RelationFeed *rf, int64 most)
{
	Receiver	receiver = {
		.pub = {
			.receiveSlot = receive_row,
			.rStartup = receive_start,
			.rShutdown = receive_nothing,
			.rDestroy = receive_nothing,
			.mydest = DestNone,
		},
		.rf = rf,
	};
	SPIExecuteOptions options = {
		.read_only = !rf->needs.across_transactions,
		.must_return_tuples = true,
		.dest = &receiver.pub,
		.tcount = (uint64) Max(most, 0),	/* 0: all */
	};
	char	   *relation = quote_qualified_identifier(get_namespace_name(get_rel_namespace(rf->relid)),
													  rf->feed.table_name);
	char	   *query = psprintf("SELECT * FROM %s%s", relation, most == 0 ? " LIMIT 0" : "");
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
	return receiver.nrows;
}

/*
 * Reads the relation.  Only the first rows that are wanted are kept, and with
 * neither an event time nor a mean no others are read.
 */
static void
open_feed(SpindleFeed *feed, const SpindleFeedNeeds *needs)
{
	RelationFeed *rf = (RelationFeed *) feed;
	MemoryContext oldcontext = MemoryContextSwitchTo(rf->context);
	bool		any_mean = false;
	int64		bound = needs->max_events;

	rf->needs = *needs;
	for (int a = 0; a < feed->nanomalies; a++)
		if (feed->anomaly[a].kind == SPINDLE_ANOMALY_POINT)
			any_mean = rf->column[feed->anomaly[a].column].with_mean = true;
	rf->rows = spindle_sorter_create(rf->sorted_desc, feed->has_event_time ? 2 : 0, bound,
									 needs->across_transactions);

	/* a sort needs all rows, and so does a mean, unless nothing is wanted */
	feed->nevents = read_relation(rf, bound != 0 && (feed->has_event_time || any_mean) ? -1 : bound);
	spindle_sorter_finish(rf->rows);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Passes
 */

/* Begin with the first row again. */
static void
rewind_rows(RelationFeed *rf)
{
	rf->next_position = 0;
	spindle_sorter_rewind(rf->rows);
}

/*
 * The caller's list of columns is used until the pass ends.  All columns are
 * there in any case: a pass costs the same for one as for many.
 */
static void
begin_pass(SpindleFeed *feed, const int *columns, int ncolumns, bool with_time)
{
	RelationFeed *rf = (RelationFeed *) feed;

	rewind_rows(rf);
	rf->pass_column = columns;
	rf->npass = ncolumns;
	rf->pass_value = palloc(sizeof(int64) * Max(ncolumns, 1));
	rf->pass_is_null = palloc(sizeof(bool) * Max(ncolumns, 1));
}

/*
 * The next sorted row, or NULL where the stream was cut.  The rows there are
 * may be more, but not fewer.
 */
static TupleTableSlot *
next_row(RelationFeed *rf)
{
	TupleTableSlot *slot;

	if (rf->next_position >= rf->feed.nevents)
		return NULL;
	if (rf->next_position % 1024 == 0)
		CHECK_FOR_INTERRUPTS();
	slot = spindle_sorter_get(rf->rows);
	if (slot == NULL)
		elog(ERROR, "sorted events are missing");
	rf->next_position++;
	return slot;
}

/*
 * Before anything was moved, a row's place in the order is its position; then
 * it is what the row itself says.
 */
static bool
next_in_pass(SpindleFeed *feed, SpindlePassEvent *event)
{
	RelationFeed *rf = (RelationFeed *) feed;
	TupleTableSlot *slot = next_row(rf);

	if (slot == NULL)
		return false;
	event->position = rf->is_moved ? DatumGetInt64(slot->tts_values[SORTED_POSITION]) : rf->next_position - 1;
	event->row = 0;
	event->has_time = !slot->tts_isnull[SORTED_TIME];
	event->time = event->has_time ? DatumGetInt64(slot->tts_values[SORTED_TIME]) : 0;
	event->moved_by = DatumGetInt32(slot->tts_values[SORTED_MOVED_BY]);
	for (int c = 0; c < rf->npass; c++)
	{
		rf->pass_value[c] = (int64) slot->tts_values[SORTED_FIRST + rf->pass_column[c]];
		rf->pass_is_null[c] = slot->tts_isnull[SORTED_FIRST + rf->pass_column[c]];
	}
	event->value = rf->pass_value;
	event->is_null = rf->pass_is_null;
	return true;
}

static void
end_pass(SpindleFeed *feed)
{
	RelationFeed *rf = (RelationFeed *) feed;

	pfree(rf->pass_value);
	pfree(rf->pass_is_null);
	rewind_rows(rf);
}

/*
 * Sort the rows again, by the times that anomalies have given, and at equal
 * times by their positions.  The old sort is released, so positions are kept
 * in the rows.
 */
static void
move_events(SpindleFeed *feed)
{
	RelationFeed *rf = (RelationFeed *) feed;
	MemoryContext oldcontext = MemoryContextSwitchTo(rf->context);
	SpindleSorter *moved = spindle_sorter_create(rf->sorted_desc, 2, -1, rf->needs.across_transactions);
	TupleTableSlot *row;

	rewind_rows(rf);
	while ((row = next_row(rf)) != NULL)
	{
		TupleTableSlot *slot = spindle_sorter_input(moved);
		int64		position = rf->next_position - 1;
		Timestamp	moved_to;
		int			moved_by = spindle_feed_moved_by(feed, position, &moved_to);

		memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * rf->sorted_desc->natts);
		memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * rf->sorted_desc->natts);
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
	spindle_sorter_end(rf->rows);
	spindle_sorter_finish(moved);
	rf->rows = moved;
	rf->is_moved = true;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Events
 */

static void
start_feed(SpindleFeed *feed)
{
	rewind_rows((RelationFeed *) feed);
}

/*
 * Rows that are left out are read all the same, as there is no other way to
 * the next.
 */
static void
skip_events(SpindleFeed *feed, int64 n)
{
	if (feed->anomalies)
		spindle_anomalies_skip(feed->anomalies, n);
	while (n-- > 0 && next_row((RelationFeed *) feed) != NULL)
		;
}

/*
 * Anomalies change the row where it was read to, so what shows it knows
 * nothing of them.
 */
static bool
next_event(SpindleFeed *feed, SpindleEvent *event)
{
	RelationFeed *rf = (RelationFeed *) feed;
	TupleTableSlot *slot = next_row(rf);

	if (slot == NULL)
		return false;
	event->feed = feed;
	event->index = 0;
	event->slot = -1;
	event->has_time = !slot->tts_isnull[SORTED_TIME];
	event->time = event->has_time ? DatumGetInt64(slot->tts_values[SORTED_TIME]) : 0;
	event->label = NULL;
	rf->value = slot->tts_values + SORTED_FIRST;
	rf->is_null = slot->tts_isnull + SORTED_FIRST;
	if (feed->anomalies)
	{
		int64		value[2 * SPINDLE_MAX_ANOMALIES];
		bool		is_null[2 * SPINDLE_MAX_ANOMALIES];
		int			changed[2];
		const int  *columns;
		int			n = spindle_anomalies_columns(feed->anomalies, &columns);

		MemoryContextReset(rf->event_context);
		for (int c = 0; c < n; c++)
		{
			value[c] = (int64) rf->value[columns[c]];
			is_null[c] = rf->is_null[columns[c]];
		}
		event->label = spindle_anomalies_apply(feed->anomalies, DatumGetInt32(slot->tts_values[SORTED_MOVED_BY]),
											   DatumGetInt64(slot->tts_values[SORTED_MOVED_TO]),
											   value, is_null, changed);

		/* the row is ours until the next one is read */
		for (int k = 0; k < 2; k++)
		{
			if (changed[k] < 0)
				continue;
			rf->value[columns[changed[k]]] = (Datum) value[changed[k]];
			rf->is_null[columns[changed[k]]] = is_null[changed[k]];
		}
	}
	return true;
}

/*
 * As {"column":value, ...} in the order of the columns, then the fields of
 * the event itself.  Columns with such a name are left out.
 */
static void
write_event(SpindleFeed *feed, const SpindleEvent *event, StringInfo out)
{
	RelationFeed *rf = (RelationFeed *) feed;
	int			start = out->len;

	for (int c = 0; c < feed->ncolumns; c++)
	{
		RelationColumn *rc = &rf->column[c];

		if (feed->column[c].is_hidden)
			continue;
		appendBinaryStringInfo(out, rc->key_json, rc->key_json_len);
		if (rf->is_null[c])
			appendBinaryStringInfo(out, "null", 4);
		else
			spindle_datum_json_write(&rc->json, out, rf->value[c]);
	}
	appendStringInfo(out, "%s" INT64_FORMAT ",\"_spindle_event_time\":", rf->table_json, event->seq);
	if (event->has_time)
		spindle_json_time(&rf->times, out, event->time, true);
	else
		appendBinaryStringInfo(out, "null", 4);
	if (rf->needs.label_fields)
		spindle_json_labels(out, event->label);
	appendStringInfoChar(out, '}');
	out->data[start] = '{';		/* in place of the comma */
}

/*
 * The columns that are not hidden, in order.  Values live in the row, those
 * that anomalies made until the next event.
 */
static void
event_datums(SpindleFeed *feed, const SpindleEvent *event, Datum *values, bool *nulls)
{
	RelationFeed *rf = (RelationFeed *) feed;
	int			n = 0;

	for (int c = 0; c < feed->ncolumns; c++)
	{
		if (feed->column[c].is_hidden)
			continue;
		values[n] = rf->value[c];
		nulls[n++] = rf->is_null[c];
	}
}

/* Columns and the like go with the feed's context. */
static void
close_feed(SpindleFeed *feed)
{
	RelationFeed *rf = (RelationFeed *) feed;

	spindle_sorter_end(rf->rows);
	rf->rows = NULL;
}

static const SpindleFeedOps relation_feed_ops = {
	.parse = parse_value,
	.equal = values_equal,
	.from_number = value_from_number,
	.group_value = group_value,
	.mean = mean_of_column,
	.open = open_feed,
	.begin_pass = begin_pass,
	.next_in_pass = next_in_pass,
	.end_pass = end_pass,
	.move = move_events,
	.start = start_feed,
	.skip = skip_events,
	.next = next_event,
	.write = write_event,
	.datums = event_datums,
	.close = close_feed,
};

/*
 * Creation
 */

/*
 * Names that events give to fields of their own.  A column of such a name is
 * hidden: a table may hold events that were delivered to it once.
 */
static bool
is_own_field(const char *name)
{
	static const char *const fields[] = {"_spindle_table", "_spindle_seq", "_spindle_event_time",
	"_spindle_is_anomaly", "_spindle_anomaly_type"};

	for (int i = 0; i < lengthof(fields); i++)
		if (strcmp(name, fields[i]) == 0)
			return true;
	return false;
}

/*
 * Describe column c of the feed, which is the attribute att, and put it into
 * the descriptor of the sorted rows.  keys has the attribute numbers of the
 * columns that are part of a key.  In the current memory context, which is
 * the feed's.
 */
static void
describe_column(RelationFeed *rf, int c, const FormData_pg_attribute *att, const Bitmapset *keys)
{
	SpindleFeedColumn *column = &rf->feed.column[c];
	RelationColumn *rc = &rf->column[c];
	const char *name = NameStr(att->attname);
	TypeCacheEntry *entry = lookup_type_cache(att->atttypid, TYPECACHE_EQ_OPR_FINFO | TYPECACHE_LT_OPR);

	rc->type = att->atttypid;
	rc->typmod = rc->base_typmod = att->atttypmod;
	rc->collation = att->attcollation;
	rc->base_type = getBaseTypeAndTypmod(rc->type, &rc->base_typmod);
	column->is_comparable = OidIsValid(entry->eq_opr_finfo.fn_oid);
	column->is_sortable = column->is_comparable && OidIsValid(entry->lt_opr);
	if (column->is_comparable)
		fmgr_info_cxt(entry->eq_opr_finfo.fn_oid, &rc->equal, rf->context);
	rc->key_json = psprintf(",%s:", spindle_json_quote(name));
	rc->key_json_len = (int) strlen(rc->key_json);
	spindle_datum_json_init(&rc->json, rc->type, rf->context);

	column->name = pstrdup(pg_server_to_any(name, (int) strlen(name), PG_UTF8));
	column->type_name = format_type_with_typemod(rc->type, rc->typmod);
	column->group_type = rc->type;

	/* an anomaly may make a value that a domain does not have */
	column->type = rc->base_type;
	column->typmod = rc->base_typmod;
	column->is_hidden = is_own_field(name);
	column->is_number = spindle_datum_is_number(rc->base_type);
	column->is_timestamp = rc->base_type == TIMESTAMPOID || rc->base_type == TIMESTAMPTZOID;
	column->is_date = rc->base_type == DATEOID;
	column->is_key = bms_is_member(att->attnum, keys);
	column->is_nullable = !att->attnotnull;
	TupleDescInitEntry(rf->sorted_desc, SORTED_FIRST + c + 1, name, rc->type, rc->typmod, 0);
}

/*
 * The column that is the event time: the named one, or the first timestamp
 * that is not hidden, or none.  name is in UTF-8; the errors are those of
 * spindle_feed_time_column().
 */
static void
choose_time_column(RelationFeed *rf, const char *name)
{
	SpindleFeed *feed = &rf->feed;

	feed->time_column = name ? spindle_feed_time_column(feed, name) : -1;
	for (int c = 0; name == NULL && c < feed->ncolumns && feed->time_column < 0; c++)
		if (feed->column[c].is_timestamp && !feed->column[c].is_hidden)
			feed->time_column = c;
	feed->has_event_time = feed->time_column >= 0;
}

/*
 * spindle_relation_feed_create
 *		The events of a relation, in context.
 *
 * time_column names the event time, in UTF-8, or is NULL: then it is the
 * first column of type timestamptz or timestamp, if there is one.  A column
 * of type date has to be named.  All random decisions follow from seed and
 * the relation's name.
 *
 * Locks the relation against changes of its columns until the end of the
 * transaction.  Whether the caller may read it shows only when the feed is
 * opened.  Raises undefined_table and wrong_object_type for what cannot be
 * read, and undefined_column and datatype_mismatch for a time_column that
 * cannot be one.
 */
SpindleFeed *
spindle_relation_feed_create(Oid relid, const char *time_column, int64 seed, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	RelationFeed *rf = palloc0(sizeof(RelationFeed));
	SpindleFeed *feed = &rf->feed;
	Relation	relation = spindle_relation_open(relid, NULL, AccessShareLock);
	Bitmapset  *keys;
	char		kind;
	TupleDesc	desc;
	int			n = 0;

	kind = relation->rd_rel->relkind;
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
		kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot stream relation \"%s\"", RelationGetRelationName(relation)),
				 errhint("It must be a table, a view, a materialized view or a foreign table.")));
	keys = spindle_relation_key_columns(relation);
	desc = RelationGetDescr(relation);
	rf->relid = relid;
	rf->context = context;
	rf->event_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_SMALL_SIZES);
	init_times(&rf->times);
	feed->ops = &relation_feed_ops;
	feed->table_name = pstrdup(RelationGetRelationName(relation));
	feed->subject = psprintf("relation \"%s\"", feed->table_name);
	feed->root = spindle_key_derive(spindle_key_seed((uint64) seed), spindle_label("relation"));
	feed->name = pstrdup(pg_server_to_any(feed->table_name, (int) strlen(feed->table_name), PG_UTF8));
	feed->label = spindle_label(feed->name);
	rf->table_json = psprintf(",\"_spindle_table\":%s,\"_spindle_seq\":", spindle_json_quote(feed->table_name));

	for (int i = 0; i < desc->natts; i++)
		feed->ncolumns += !TupleDescAttr(desc, i)->attisdropped;
	feed->column = palloc0(sizeof(SpindleFeedColumn) * Max(feed->ncolumns, 1));
	rf->column = palloc0(sizeof(RelationColumn) * Max(feed->ncolumns, 1));
	rf->sorted_desc = CreateTemplateTupleDesc(SORTED_FIRST + feed->ncolumns);
	TupleDescInitEntry(rf->sorted_desc, SORTED_TIME + 1, "time", INT8OID, -1, 0);
	TupleDescInitEntry(rf->sorted_desc, SORTED_POSITION + 1, "position", INT8OID, -1, 0);
	TupleDescInitEntry(rf->sorted_desc, SORTED_MOVED_BY + 1, "moved by", INT4OID, -1, 0);
	TupleDescInitEntry(rf->sorted_desc, SORTED_MOVED_TO + 1, "moved to", INT8OID, -1, 0);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			describe_column(rf, n++, TupleDescAttr(desc, i), keys);
	relation_close(relation, NoLock);
	choose_time_column(rf, time_column);
	MemoryContextSwitchTo(oldcontext);
	return feed;
}
