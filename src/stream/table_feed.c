/*-------------------------------------------------------------------------
 *
 * table_feed.c
 *		The events of a generated table.
 *
 * table_order.c knows in which order the rows come.  They are computed in batches;
 * that is all that is kept.
 *
 * A batch grows from a few rows to SPINDLE_BATCH_ROWS, by four times each, so
 * the first event comes soon and a LIMIT costs little.  A pass computes by a
 * program of its own, with nothing but what it asks for.
 *
 * Values are represented as model/type.h says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "gen/datum.h"
#include "gen/eval.h"
#include "json/json_writer.h"
#include "stream/anomaly.h"
#include "stream/table_order.h"

/* Rows over which the mean of a column is taken, at most. */
#define MEAN_ROWS			65536

/* Rows of the first batch, of events or of a pass. */
#define FIRST_BATCH_ROWS	16

/* A column that anomalies may change: its values of the batch, changed. */
typedef struct ChangedColumn
{
	int			handle;
	SpindleVector vector;
} ChangedColumn;

/*
 * A walk that reads some columns only.  All of it is in context, which goes
 * when the pass ends.
 */
typedef struct Pass
{
	MemoryContext context;
	SpindleEval *eval;
	int			ncolumns;
	int		   *handle;
	bool		with_time;
	int			time_handle;
	SpindleEventRows rows;
	int			i;
	int64	   *value;
	bool	   *is_null;
} Pass;

/*
 * The batch is read up to i; writer, datums, label and time are of its
 * events.  The arrays of changed are what anomalies have made of the batch,
 * for the columns that they read or change: the program's own vectors stay as
 * computed.
 */
typedef struct TableFeed
{
	SpindleFeed feed;			/* must be first */

	/* set at creation */
	SpindleInstance *instance;
	const SpindleTable *table;
	MemoryContext context;
	SpindleTableOrder *order;
	int64		time_unit;		/* microseconds that an event time counts */

	/* set when opened */
	SpindleFeedNeeds needs;
	SpindleEval *eval;
	bool		with_time;		/* events tell their times */
	int			time_handle;
	SpindleJsonWriter *writer;
	SpindleRows *datums;
	int			nchanged;
	ChangedColumn *changed;		/* in the order of the anomalies' columns */
	const char **label;			/* per event of the batch; NULL if normal */

	/* changes per batch */
	int			batch_rows;		/* size of the next batch */
	int			i;				/* next event of the batch */
	SpindleEventRows *rows;
	const int64 *time;			/* of its events; NULL if not wanted */
	const bool *no_time;		/* or NULL */

	Pass	   *pass;
} TableFeed;

/*
 * Values
 */

/* Are the values of a column addresses of SpindleTexts? */
static bool
is_text(const SpindleFeed *feed, int column)
{
	return ((const TableFeed *) feed)->table->column[column].type.ops->is_text;
}

/*
 * Texts must not go into the domain's pool, which lives for the session; so
 * they are allocated in the current memory context.
 */
static bool
parse_value(SpindleFeed *feed, int column, const char *text, int64 *value)
{
	return spindle_value_parse(NULL, &((const TableFeed *) feed)->table->column[column].type, text, value);
}

/* Texts are equal byte by byte, however they were made. */
static bool
values_equal(SpindleFeed *feed, int column, int64 a, int64 b)
{
	return spindle_values_equal(&((const TableFeed *) feed)->table->column[column].type, a, b);
}

/*
 * Rounds to the column's scale, halves upwards, and cuts to the largest value
 * that the type and its precision have.  x is positive, so no lower end is
 * looked at; neither is the present value, as the scale is the column's.
 */
static int64
value_from_number(SpindleFeed *feed, int column, double x, int64 present, bool is_null)
{
	const SpindleType *type = &((TableFeed *) feed)->table->column[column].type;
	int64		value;

	if (!type->ops->is_exact)
	{
		x = Min(x, DBL_MAX);
		memcpy(&value, &x, sizeof(x));
		return type->ops->is_single ? spindle_single(value) : value;
	}
	x = floor(x * (double) spindle_power_of_ten(type->scale) + 0.5);
	return x >= (double) type->max ? type->max : (int64) x;
}

/* The type of these Datums. */
static Oid
group_type(const SpindleType *type)
{
	return type->ops->is_text ? TEXTOID : type->kind == SPINDLE_UUID ? UUIDOID : INT8OID;
}

/*
 * The Datum that values are grouped by: a text, allocated in the current
 * memory context, a uuid, or the 64 bits as a bigint.
 */
static Datum
group_value(SpindleFeed *feed, int column, int64 value)
{
	const SpindleText *text = (const SpindleText *) (intptr_t) value;

	/* UTF-8 here and compared bytewise, whatever the server's encoding; a uuid is its address */
	return is_text(feed, column) ? PointerGetDatum(cstring_to_text_with_len(text->data, text->len)) :
		Int64GetDatum(value);
}

/*
 * Over all rows of the table or, if there are more than 65536, over so many
 * evenly spaced ones; NULL and what is not finite do not count.  Rows behind
 * the cut of the stream do, so max_events does not change anomalies' values
 * by way of the mean.
 */
static double
mean_of_column(SpindleFeed *feed, int column)
{
	TableFeed  *tf = (TableFeed *) feed;
	const SpindleType *type = &tf->table->column[column].type;
	int64		nrows = tf->instance->nrows[tf->table->index];
	int64		n = Min(nrows, MEAN_ROWS);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle mean",
												  ALLOCSET_DEFAULT_SIZES);
	SpindleEval *eval = spindle_eval_create(tf->instance, tf->table->index, context);
	int			handle = spindle_eval_add_column(eval, column);
	double		unit = (double) spindle_power_of_ten(type->scale);
	double		sum = 0;
	int64		count = 0;

	for (int64 done = 0; done < n; done += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			m = (int) Min(SPINDLE_BATCH_ROWS, n - done);
		const SpindleVector *vector;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < m; i++)
			rows[i] = (int64) ((__int128) nrows * (done + i) / n);
		spindle_eval_run(eval, rows, m);
		vector = spindle_eval_vector(eval, handle);
		for (int i = 0; i < m; i++)
		{
			double		x = spindle_value_number(type->kind, unit, vector->value[i]);

			if ((vector->is_null && vector->is_null[i]) || isnan(x) || isinf(x))
				continue;
			sum += fabs(x);
			count++;
		}
	}
	MemoryContextDelete(context);
	return count > 0 ? sum / count : 0;
}

/*
 * Passes
 */

/*
 * Begins the order anew, for the pass and again at its end.  There is one
 * pass at a time, and no event is read meanwhile.
 */
static void
begin_pass(SpindleFeed *feed, const int *columns, int ncolumns, bool with_time)
{
	TableFeed  *tf = (TableFeed *) feed;
	MemoryContext context = AllocSetContextCreate(tf->context, "spindle pass", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Pass	   *pass = palloc0(sizeof(Pass));

	pass->context = context;
	pass->eval = spindle_eval_create(tf->instance, tf->table->index, context);
	pass->ncolumns = ncolumns;
	pass->handle = palloc(sizeof(int) * Max(ncolumns, 1));
	for (int c = 0; c < ncolumns; c++)
		pass->handle[c] = spindle_eval_add_column(pass->eval, columns[c]);
	pass->with_time = with_time && feed->has_event_time;
	if (pass->with_time)
		pass->time_handle = spindle_eval_add(pass->eval, spindle_table_order_ref(tf->order));
	pass->value = palloc(sizeof(int64) * Max(ncolumns, 1));
	pass->is_null = palloc(sizeof(bool) * Max(ncolumns, 1));
	tf->pass = pass;
	spindle_table_order_rewind(tf->order);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Its times are those of anomalies that have moved the event time already,
 * and else those of the columns.
 */
static bool
next_in_pass(SpindleFeed *feed, SpindlePassEvent *event)
{
	TableFeed  *tf = (TableFeed *) feed;
	Pass	   *pass = tf->pass;
	int			i = pass->i++;

	if (i == pass->rows.n)
	{
		CHECK_FOR_INTERRUPTS();
		spindle_table_order_next(tf->order, &pass->rows, pass->rows.n == 0 ? FIRST_BATCH_ROWS : SPINDLE_BATCH_ROWS);
		if (pass->rows.n == 0)
			return false;
		spindle_eval_run(pass->eval, pass->rows.row, pass->rows.n);
		i = 0;
		pass->i = 1;
	}
	event->position = pass->rows.position[i];
	event->row = pass->rows.row[i];
	event->moved_by = pass->rows.moved_by[i];
	event->has_time = false;
	if (pass->with_time)
	{
		const SpindleVector *time = spindle_eval_vector(pass->eval, pass->time_handle);

		event->has_time = !(time->is_null && time->is_null[i]);
		event->time = time->value[i] * tf->time_unit;
	}
	if (event->moved_by >= 0 && feed->reorders[event->moved_by])
	{
		event->has_time = true;
		event->time = pass->rows.moved_to[i];
	}
	for (int c = 0; c < pass->ncolumns; c++)
	{
		const SpindleVector *vector = spindle_eval_vector(pass->eval, pass->handle[c]);

		pass->value[c] = vector->value[i];
		pass->is_null[c] = vector->is_null && vector->is_null[i];
	}
	event->value = pass->value;
	event->is_null = pass->is_null;
	return true;
}

/* Releases all that the pass has taken. */
static void
end_pass(SpindleFeed *feed)
{
	TableFeed  *tf = (TableFeed *) feed;

	MemoryContextDelete(tf->pass->context);
	tf->pass = NULL;
	spindle_table_order_rewind(tf->order);
}

/*
 * Events
 */

/*
 * Makes the program: the columns of the JSON, or those of the Datums, and the
 * event time.  It grows by the columns of anomalies when the feed is started,
 * and not any more once a batch was computed.
 */
static void
open_feed(SpindleFeed *feed, const SpindleFeedNeeds *needs)
{
	TableFeed  *tf = (TableFeed *) feed;
	MemoryContext oldcontext = MemoryContextSwitchTo(tf->context);

	tf->needs = *needs;
	feed->nevents = tf->instance->nrows[tf->table->index];
	spindle_table_order_open(tf->order, needs->max_events, needs->across_transactions);
	tf->eval = spindle_eval_create(tf->instance, tf->table->index, tf->context);
	tf->with_time = feed->has_event_time && (needs->times || needs->json);
	if (tf->with_time)
		tf->time_handle = spindle_eval_add(tf->eval, spindle_table_order_ref(tf->order));
	if (needs->json)
		tf->writer = spindle_json_writer_create(tf->table, tf->eval, needs->label_fields);
	if (needs->datums)
	{
		int		   *columns = palloc(sizeof(int) * tf->table->ncolumns);
		int			n = 0;

		for (int c = 0; c < tf->table->ncolumns; c++)
			if (!tf->table->column[c].hidden)
				columns[n++] = c;
		tf->datums = spindle_rows_create_for(tf->eval, tf->instance, tf->table->index, columns, n, NULL, tf->context);
	}
	tf->rows = palloc0(sizeof(SpindleEventRows));
	MemoryContextSwitchTo(oldcontext);
}

/*
 * The first time, puts the vectors that anomalies change in place of those
 * computed, for all that shows them.  Later it is a rewind.
 */
static void
start_feed(SpindleFeed *feed)
{
	TableFeed  *tf = (TableFeed *) feed;
	MemoryContext oldcontext = MemoryContextSwitchTo(tf->context);

	spindle_table_order_rewind(tf->order);
	tf->batch_rows = FIRST_BATCH_ROWS;
	if (feed->anomalies && tf->changed == NULL)
	{
		const int  *columns;

		tf->nchanged = spindle_anomalies_columns(feed->anomalies, &columns);
		tf->changed = palloc0(sizeof(ChangedColumn) * tf->nchanged);
		tf->label = palloc0(sizeof(char *) * SPINDLE_BATCH_ROWS);
		for (int c = 0; c < tf->nchanged; c++)
		{
			ChangedColumn *changed = &tf->changed[c];

			changed->handle = spindle_eval_add_column(tf->eval, columns[c]);
			changed->vector.value = palloc(sizeof(int64) * SPINDLE_BATCH_ROWS);
			changed->vector.is_null = palloc(SPINDLE_BATCH_ROWS);
			if (tf->writer)
				spindle_json_writer_override(tf->writer, columns[c], &changed->vector);
			if (tf->datums)
				spindle_rows_override(tf->datums, columns[c], &changed->vector);
		}
	}
	tf->rows->n = tf->i = 0;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Events of the batch at hand were computed already, and anomalies have
 * decided on them; they are just left behind.  The others are decided on
 * without being computed.
 */
static void
skip_events(SpindleFeed *feed, int64 n)
{
	TableFeed  *tf = (TableFeed *) feed;
	int64		computed = Min(n, tf->rows->n - tf->i);

	tf->i += (int) computed;
	n -= computed;
	if (n == 0)
		return;
	spindle_table_order_skip(tf->order, n);
	if (feed->anomalies)
		spindle_anomalies_skip(feed->anomalies, n);
}

/*
 * Let the anomalies choose and change events of the batch, in order.  Their
 * label, and the new values, stand in label and changed.
 */
static void
apply_anomalies(TableFeed *tf)
{
	const int	n = tf->rows->n;
	int64		value[2 * SPINDLE_MAX_ANOMALIES];
	bool		is_null[2 * SPINDLE_MAX_ANOMALIES];

	for (int c = 0; c < tf->nchanged; c++)
	{
		ChangedColumn *changed = &tf->changed[c];
		const SpindleVector *vector = spindle_eval_vector(tf->eval, changed->handle);

		memcpy(changed->vector.value, vector->value, sizeof(int64) * n);
		if (vector->is_null)
			memcpy(changed->vector.is_null, vector->is_null, n);
		else
			memset(changed->vector.is_null, false, n);
	}
	for (int i = 0; i < n; i++)
	{
		int			changed[2];

		for (int c = 0; c < tf->nchanged; c++)
		{
			value[c] = tf->changed[c].vector.value[i];
			is_null[c] = tf->changed[c].vector.is_null[i];
		}
		tf->label[i] = spindle_anomalies_apply(tf->feed.anomalies, tf->rows->moved_by[i], tf->rows->moved_to[i],
											   value, is_null, changed);
		for (int k = 0; k < 2; k++)
		{
			if (changed[k] < 0)
				continue;
			tf->changed[changed[k]].vector.value[i] = value[changed[k]];
			tf->changed[changed[k]].vector.is_null[i] = is_null[changed[k]];
		}
	}
}

/*
 * Compute the next batch of events; false at the end.
 *
 * No more than are wanted, as far as that is known: a process that makes a
 * slice of the stream does not compute what is another's.
 */
static bool
next_batch(TableFeed *tf)
{
	int64		wanted = tf->feed.wanted_until - spindle_table_order_position(tf->order);

	CHECK_FOR_INTERRUPTS();
	spindle_table_order_next(tf->order, tf->rows,
							 (int) Min(tf->batch_rows, wanted > 0 ? wanted : FIRST_BATCH_ROWS));
	tf->i = 0;
	if (tf->rows->n == 0)
		return false;
	spindle_eval_run(tf->eval, tf->rows->row, tf->rows->n);
	if (tf->feed.anomalies)
		apply_anomalies(tf);
	if (tf->writer)
		spindle_json_writer_batch(tf->writer);
	if (tf->datums)
		spindle_rows_convert(tf->datums, tf->rows->n);
	if (tf->with_time)
	{
		const SpindleVector *time = spindle_eval_vector(tf->eval, tf->time_handle);

		tf->time = time->value;
		tf->no_time = time->is_null;
	}
	tf->batch_rows = Min(tf->batch_rows * 4, SPINDLE_BATCH_ROWS);
	return true;
}

/*
 * The time is that of the event as moved; the column shows it by the
 * anomalies' vector.  Where nobody wants times there may be none.
 */
static bool
next_event(SpindleFeed *feed, SpindleEvent *event)
{
	TableFeed  *tf = (TableFeed *) feed;
	int			i = tf->i;

	if (i >= tf->rows->n)
	{
		if (!next_batch(tf))
			return false;
		i = 0;
	}
	tf->i = i + 1;
	event->feed = feed;
	event->index = i;
	event->slot = -1;
	event->label = tf->label ? tf->label[i] : NULL;
	event->has_time = tf->time != NULL && !(tf->no_time && tf->no_time[i]);
	event->time = tf->time ? tf->time[i] * tf->time_unit : 0;
	if (feed->ncollectives > 0 && tf->rows->moved_by[i] >= 0 && feed->reorders[tf->rows->moved_by[i]])
	{
		event->has_time = true;
		event->time = tf->rows->moved_to[i];
	}
	return true;
}

/* The event may be any of the batch, by its index. */
static void
write_event(SpindleFeed *feed, const SpindleEvent *event, StringInfo out)
{
	spindle_json_writer_event(((TableFeed *) feed)->writer, out, event->index, event->seq, event->has_time,
							  event->time, event->label);
}

/*
 * Its values live until the next batch is computed, at the next event maybe.
 */
static void
event_datums(SpindleFeed *feed, const SpindleEvent *event, Datum *values, bool *nulls)
{
	spindle_rows_get(((TableFeed *) feed)->datums, event->index, values, nulls);
}

/* The program and the rest go with the feed's context. */
static void
close_feed(SpindleFeed *feed)
{
	spindle_table_order_close(((TableFeed *) feed)->order);
}

/* The order merges the moved events in from now on; nothing is sorted here. */
static void
move_events(SpindleFeed *feed)
{
	spindle_table_order_move(((TableFeed *) feed)->order);
}

static const SpindleFeedOps table_feed_ops = {
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

/* Is a column part of what identifies rows, or of what refers to others? */
static bool
is_part_of_key(const SpindleTable *table, int column)
{
	bool		result = spindle_table_is_key(table, column) || table->column[column].references >= 0;

	for (int u = 0; u < table->nunique; u++)
		for (int i = 0; i < table->unique[u].n; i++)
			result |= table->unique[u].column[i] == column;
	for (int k = 0; k < table->nforeign_keys; k++)
		for (int i = 0; i < table->foreign_key[k].ncolumns; i++)
			result |= table->foreign_key[k].column[i] == column;
	return result;
}

/*
 * spindle_table_feed_create
 *		The events of a generated table, in context.
 *
 * table_number is of the instance's domain.  time_column names the event
 * time, in UTF-8, or is NULL for that of the definition, if it has one;
 * without either the events keep the order of the rows and have no time.  The
 * caller keeps the instance pinned as long as the feed is used.  Computes
 * nothing yet.  Raises undefined_column and datatype_mismatch for a
 * time_column that cannot be one.
 */
SpindleFeed *
spindle_table_feed_create(SpindleInstance *instance, int table_number, const char *time_column,
						  MemoryContext context)
{
	const SpindleTable *table = &instance->domain->table[table_number];
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	TableFeed  *tf = palloc0(sizeof(TableFeed));
	SpindleFeed *feed = &tf->feed;
	SpindleColumnRef event_time;

	feed->ops = &table_feed_ops;
	feed->key = table->name;
	feed->name = table->utf8_name;
	feed->table_name = table->sql_name;
	feed->subject = psprintf("table \"%s\"", table->sql_name);
	feed->root = instance->key;
	feed->label = table->label;
	feed->ncolumns = table->ncolumns;
	feed->column = palloc0(sizeof(SpindleFeedColumn) * table->ncolumns);
	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleColumn *from = &table->column[c];
		SpindleFeedColumn *column = &feed->column[c];

		column->name = from->utf8_name;
		column->key = from->name;
		column->type_name = from->type.name;
		column->type = from->type.oid;
		column->typmod = from->type.typmod;
		column->group_type = group_type(&from->type);
		column->is_hidden = from->hidden;
		column->is_number = from->type.ops->is_number;
		column->is_timestamp = spindle_type_is_timestamp(&from->type);
		column->is_date = from->type.ops->time_unit > 0 && !column->is_timestamp;
		column->is_comparable = column->is_sortable = true;
		column->is_key = is_part_of_key(table, c);
		column->is_nullable = from->nullable;
	}
	tf->instance = instance;
	tf->table = table;
	tf->context = context;
	event_time = table->event_time;
	feed->has_event_time = table->has_event_time || time_column;
	if (time_column)
	{
		event_time.nsteps = 0;
		event_time.table = table_number;
		event_time.column = spindle_feed_time_column(feed, time_column);
	}
	feed->time_column = feed->has_event_time && event_time.nsteps == 0 ? event_time.column : -1;
	tf->time_unit = feed->has_event_time ?
		spindle_ref_column(instance->domain, &event_time)->type.ops->time_unit : 1;
	tf->order = spindle_table_order_create(feed, instance, table, &event_time, tf->time_unit, context);
	feed->is_seekable = spindle_table_order_is_seekable(tf->order);
	MemoryContextSwitchTo(oldcontext);
	return feed;
}

/*
 * spindle_table_feeds_of_domain
 *		The events of all tables of a domain that have event times, as an
 *		array in context in which parents come before their children.
 *
 * *n gets how many, maybe none.  Where references form a circle, no order is
 * right, and the tables of it come last, and those that refer to them.  The
 * same holds for them as for one created by spindle_table_feed_create().
 */
SpindleFeed **
spindle_table_feeds_of_domain(SpindleInstance *instance, int *n, MemoryContext context)
{
	const SpindleDomain *domain = instance->domain;
	SpindleFeed **feeds = MemoryContextAlloc(context, sizeof(SpindleFeed *) * domain->ntables);
	int		   *level = palloc0(sizeof(int) * domain->ntables);

	/*
	 * the longest way of references; rounds are limited as ways may be
	 * circles
	 */
	for (int round = 0; round < domain->ntables; round++)
		for (int t = 0; t < domain->ntables; t++)
			for (int c = 0; c < domain->table[t].ncolumns; c++)
			{
				int			parent = domain->table[t].column[c].references;

				if (parent >= 0 && parent != t)
					level[t] = Max(level[t], Min(level[parent] + 1, domain->ntables));
			}
	*n = 0;
	for (int l = 0; l <= domain->ntables; l++)
		for (int t = 0; t < domain->ntables; t++)
			if (level[t] == l && domain->table[t].has_event_time)
				feeds[(*n)++] = spindle_table_feed_create(instance, t, NULL, context);
	pfree(level);
	return feeds;
}
