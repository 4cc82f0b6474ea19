/*-------------------------------------------------------------------------
 *
 * relation_feed.c
 *		The events of a relation: whatever SELECT * FROM it gives the caller.
 *
 * relation_rows.c reads the relation and keeps its rows in order.  Here they become
 * events.  Values are Datums; they live in the sorted row that was read last.
 *
 * Reading is over when the feed is open: what happens to the relation later
 * is not seen, and a feed that is rewound gives the rows that it has kept.
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
#include "utils/typcache.h"

#include "json/datum_json.h"
#include "json/json_writer.h"
#include "server/relation.h"
#include "stream/anomaly.h"
#include "stream/collective.h"
#include "server/datum_number.h"
#include "stream/relation_path.h"
#include "stream/relation_rows.h"

/*
 * What the feed knows of a column beyond feed.h.  Types, collation and
 * equality are those of the column; base types are what domains are based
 * on.
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
} RelationColumn;

/*
 * Anomalies put what they change into the row that was read last.
 */
typedef struct RelationFeed
{
	SpindleFeed feed;			/* must be first */

	/* set at creation */
	RelationColumn *column;
	char	   *table_json;		/* ,"_spindle_table":"name","_spindle_seq": */
	JsonTimes	times;

	/* set when opened */
	SpindleFeedNeeds needs;
	SpindleRelationRows rows;

	/* changes per event */
	MemoryContext event_context;	/* values that anomalies make */
	SpindleRelationRow row;		/* that was read last */

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
	const SpindleRowsColumn *rc = &((RelationFeed *) feed)->rows.column[column];

	return rc->count > 0 ? rc->sum / (double) rc->count : 0;
}

/*
 * Reading
 */

/* Reads the relation; means are of the columns that point anomalies change. */
static void
open_feed(SpindleFeed *feed, const SpindleFeedNeeds *needs)
{
	RelationFeed *rf = (RelationFeed *) feed;

	rf->needs = *needs;
	for (int a = 0; a < feed->nanomalies; a++)
		if (feed->anomaly[a].kind == SPINDLE_ANOMALY_POINT)
			rf->rows.column[feed->anomaly[a].column].with_mean = true;
	spindle_relation_rows_read(&rf->rows, needs->max_events, needs->across_transactions);
	feed->nevents = rf->rows.nrows;
}

/*
 * The caller's list of columns is used until the pass ends.  All columns are
 * there in any case: a pass costs the same for one as for many.
 */
static void
begin_pass(SpindleFeed *feed, const int *columns, int ncolumns, bool with_time)
{
	RelationFeed *rf = (RelationFeed *) feed;

	spindle_relation_rows_rewind(&rf->rows);
	rf->pass_column = columns;
	rf->npass = ncolumns;
	rf->pass_value = palloc(sizeof(int64) * Max(ncolumns, 1));
	rf->pass_is_null = palloc(sizeof(bool) * Max(ncolumns, 1));
}

static bool
next_in_pass(SpindleFeed *feed, SpindlePassEvent *event)
{
	RelationFeed *rf = (RelationFeed *) feed;
	SpindleRelationRow row;

	if (!spindle_relation_rows_next(&rf->rows, &row))
		return false;
	event->position = row.position;
	event->row = 0;
	event->has_time = row.has_time;
	event->time = row.time;
	event->moved_by = row.moved_by;
	for (int c = 0; c < rf->npass; c++)
	{
		rf->pass_value[c] = (int64) row.value[rf->pass_column[c]];
		rf->pass_is_null[c] = row.is_null[rf->pass_column[c]];
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
	spindle_relation_rows_rewind(&rf->rows);
}

static void
move_events(SpindleFeed *feed)
{
	spindle_relation_rows_move(&((RelationFeed *) feed)->rows, feed);
}

/*
 * Events
 */

static void
start_feed(SpindleFeed *feed)
{
	spindle_relation_rows_rewind(&((RelationFeed *) feed)->rows);
}

/*
 * Rows that are left out are read all the same, as there is no other way to
 * the next.
 */
static void
skip_events(SpindleFeed *feed, int64 n)
{
	RelationFeed *rf = (RelationFeed *) feed;

	if (feed->anomalies)
		spindle_anomalies_skip(feed->anomalies, n);
	while (n-- > 0 && spindle_relation_rows_next(&rf->rows, &rf->row))
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
	SpindleRelationRow *row = &rf->row;

	if (!spindle_relation_rows_next(&rf->rows, row))
		return false;
	event->feed = feed;
	event->index = 0;
	event->slot = -1;
	event->has_time = row->has_time;
	event->time = row->time;
	event->label = NULL;
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
			value[c] = (int64) row->value[columns[c]];
			is_null[c] = row->is_null[columns[c]];
		}
		event->label = spindle_anomalies_apply(feed->anomalies, row->moved_by, row->moved_to, value, is_null, changed);

		/* the row is ours until the next one is read */
		for (int k = 0; k < 2; k++)
		{
			if (changed[k] < 0)
				continue;
			row->value[columns[changed[k]]] = (Datum) value[changed[k]];
			row->is_null[columns[changed[k]]] = is_null[changed[k]];
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
		if (rf->row.is_null[c])
			appendBinaryStringInfo(out, "null", 4);
		else
			spindle_datum_json_write(&rc->json, out, rf->row.value[c]);
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
		values[n] = rf->row.value[c];
		nulls[n++] = rf->row.is_null[c];
	}
}

/* Columns and the like go with the feed's context. */
static void
close_feed(SpindleFeed *feed)
{
	spindle_relation_rows_end(&((RelationFeed *) feed)->rows);
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
 * Describe column c of the feed, which is the attribute att, also to those who
 * read the rows.  keys has the attribute numbers of the
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
		fmgr_info_cxt(entry->eq_opr_finfo.fn_oid, &rc->equal, rf->rows.context);
	rc->key_json = psprintf(",%s:", spindle_json_quote(name));
	rc->key_json_len = (int) strlen(rc->key_json);
	spindle_datum_json_init(&rc->json, rc->type, rf->rows.context);

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
	spindle_relation_rows_describe(&rf->rows, c, att, rc->base_type);
}

/*
 * The column that is the event time: the named one, or the first timestamp
 * that is not hidden, or none; or the end of a path of foreign keys.  name is in
 * UTF-8; the errors are those of spindle_feed_time_column() and
 * spindle_relation_path().
 */
static void
choose_time_column(RelationFeed *rf, Relation relation, const char *name)
{
	SpindleFeed *feed = &rf->feed;

	feed->time_column = -1;
	if (name && strchr(name, '.') && spindle_feed_find_column(feed, name) < 0)
	{
		rf->rows.time_path = spindle_relation_path(relation, pg_any_to_server(name, (int) strlen(name), PG_UTF8),
												   &rf->rows.time_type);
		feed->has_event_time = true;
		return;
	}
	if (name)
		feed->time_column = spindle_feed_time_column(feed, name);
	for (int c = 0; name == NULL && c < feed->ncolumns && feed->time_column < 0; c++)
		if (feed->column[c].is_timestamp && !feed->column[c].is_hidden)
			feed->time_column = c;
	feed->has_event_time = feed->time_column >= 0;
	rf->rows.time_column = feed->time_column;
}

/*
 * spindle_relation_feed_create
 *		The events of a relation, in context.
 *
 * time_column names the event time, in UTF-8, perhaps at the end of a path of
 * foreign keys, or is NULL: then it is the first column of type timestamptz or
 * timestamp, if there is one.  A column
 * of type date has to be named.  All random decisions follow from seed and
 * the relation's name.
 *
 * Locks the relation against changes of its columns until the end of the
 * transaction.  Whether the caller may read it shows only when the feed is
 * opened.  Raises undefined_table and wrong_object_type for what cannot be
 * read, and undefined_column, datatype_mismatch and invalid_foreign_key for a
 * time_column that cannot be one.
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
	rf->event_context = AllocSetContextCreate(context, "spindle event", ALLOCSET_SMALL_SIZES);
	init_times(&rf->times);
	feed->ops = &relation_feed_ops;
	feed->table_name = pstrdup(RelationGetRelationName(relation));
	feed->subject = psprintf("relation \"%s\"", feed->table_name);
	feed->root = spindle_key_derive(spindle_key_seed((uint64) seed), spindle_label("relation"));
	feed->name = pstrdup(pg_server_to_any(feed->table_name, (int) strlen(feed->table_name), PG_UTF8));
	feed->key = feed->name;
	feed->label = spindle_label(feed->key);
	rf->table_json = psprintf(",\"_spindle_table\":%s,\"_spindle_seq\":", spindle_json_quote(feed->table_name));

	for (int i = 0; i < desc->natts; i++)
		feed->ncolumns += !TupleDescAttr(desc, i)->attisdropped;
	feed->column = palloc0(sizeof(SpindleFeedColumn) * Max(feed->ncolumns, 1));
	rf->column = palloc0(sizeof(RelationColumn) * Max(feed->ncolumns, 1));
	spindle_relation_rows_init(&rf->rows, relid, feed->table_name, feed->ncolumns, context);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			describe_column(rf, n++, TupleDescAttr(desc, i), keys);
	choose_time_column(rf, relation, time_column);
	relation_close(relation, NoLock);
	MemoryContextSwitchTo(oldcontext);
	return feed;
}
