/*-------------------------------------------------------------------------
 *
 * position.c
 *		Where a stream that is played into tables has come to.
 *
 * With a replication origin, each commit carries the position and the event time of
 * its transaction: decoders show the event time as the time of the commit, and the
 * server remembers the position even where it loses the last commits.  The functions
 * for it are called as anybody calls them, so whoever may not, may not.  Else a row of
 * the table spindle_position is updated in the same transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "replication/origin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "apply/position.h"
#include "server/run.h"

/* The table, in the schema of the tables that are changed. */
#define POSITION_TABLE	"spindle_position"

struct SpindlePosition
{
	SpindlePositionKind kind;	/* never AUTO */
	const char *stream;			/* tells it from others */
	const char *table;			/* with its schema, quoted */
	bool		is_set_up;		/* the session has the origin */
	SPIPlanPtr	plan;			/* that keeps a position */
};

/* In the order of SpindlePositionKind. */
static const char *const kind_names[] = {"auto", "origin", "table", "none"};

/*
 * spindle_position_kind_find
 *		What a value of the argument "position" means; false if it is none.
 */
bool
spindle_position_kind_find(const char *name, SpindlePositionKind *kind)
{
	for (int i = 0; i < lengthof(kind_names); i++)
	{
		if (strcmp(kind_names[i], name) == 0)
		{
			*kind = (SpindlePositionKind) i;
			return true;
		}
	}
	return false;
}

/* The plan lives longer than the memory context that knows it. */
static void
free_plan(void *arg)
{
	SpindlePosition *position = arg;

	if (position->plan)
		SPI_freeplan(position->plan);
}

/*
 * Run a query with the stream's name as $1; its first value, false if there is none
 * or it is null.
 */
static bool
query_value(SpindlePosition *position, const char *query, bool read_only, Datum *value)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(position->stream)};
	bool		is_null;

	if (SPI_execute_with_args(query, 1, types, values, NULL, read_only, 1) < 0)
		elog(ERROR, "could not execute \"%s\"", query);
	if (SPI_tuptable == NULL || SPI_processed == 0)
		return false;
	*value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	return !is_null;
}

/* May the caller use replication origins, and are there any to be had? */
static bool
may_use_origins(SpindlePosition *position)
{
	Datum		value;

	return query_value(position, "SELECT pg_catalog.bool_and(pg_catalog.has_function_privilege(f, 'execute')) AND $1 <> '' "
					   "FROM pg_catalog.unnest(ARRAY['pg_catalog.pg_replication_origin_create(text)', "
					   "'pg_catalog.pg_replication_origin_drop(text)', 'pg_catalog.pg_replication_origin_oid(text)', "
					   "'pg_catalog.pg_replication_origin_progress(text,boolean)', "
					   "'pg_catalog.pg_replication_origin_session_is_setup()', "
					   "'pg_catalog.pg_replication_origin_xact_setup(pg_lsn,timestamptz)', "
					   "'pg_catalog.pg_replication_origin_session_setup(text)', "
					   "'pg_catalog.pg_replication_origin_session_reset()']) f", true, &value) && DatumGetBool(value) &&
		query_value(position, "SELECT NOT pg_catalog.pg_replication_origin_session_is_setup() AND $1 <> '' AND "
					"pg_catalog.current_setting('max_replication_slots')::int > 0", true, &value) && DatumGetBool(value);
}

/* Is there the table of positions? */
static bool
has_table(SpindlePosition *position)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(position->table)};

	return SPI_execute_with_args("SELECT WHERE pg_catalog.to_regclass($1) IS NOT NULL", 1, types, values, NULL,
								 true, 1) == SPI_OK_SELECT && SPI_processed > 0;
}

/*
 * spindle_position_create
 *		Where a stream's position is kept; which one it is in the schema, its name
 *		tells.
 *
 * Needs a session of SPI.  Changes nothing.  Allocated in the given memory context;
 * stream must live as long.  AUTO is decided here.
 */
SpindlePosition *
spindle_position_create(SpindlePositionKind kind, const char *schema, const char *stream, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindlePosition *position = palloc0(sizeof(SpindlePosition));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	position->kind = kind;
	position->stream = stream;
	position->table = quote_qualified_identifier(schema, POSITION_TABLE);
	callback->func = free_plan;
	callback->arg = position;
	MemoryContextRegisterResetCallback(context, callback);
	MemoryContextSwitchTo(oldcontext);
	if (kind == SPINDLE_POSITION_AUTO)
		position->kind = may_use_origins(position) ? SPINDLE_POSITION_ORIGIN : SPINDLE_POSITION_TABLE;
	return position;
}

/*
 * spindle_position_find
 *		The position that was kept last, and how many changes behind it are committed,
 *		too; false if there is none.
 */
bool
spindle_position_find(SpindlePosition *position, uint64 *value, int *changes)
{
	Datum		found;
	bool		has = false;
	bool		is_null;

	*changes = 0;

	if (position->kind == SPINDLE_POSITION_ORIGIN)
		has = query_value(position, "SELECT pg_catalog.pg_replication_origin_progress($1, true) "
						  "WHERE pg_catalog.pg_replication_origin_oid($1) IS NOT NULL", true, &found);
	else if (position->kind == SPINDLE_POSITION_TABLE && has_table(position))
	{
		has = query_value(position, psprintf("SELECT \"position\", changes FROM %s WHERE stream = $1", position->table),
						  true, &found);
		if (has)
			*changes = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &is_null));
	}
	if (has)
		*value = DatumGetLSN(found);
	return has && (*value > 0 || *changes > 0);
}

/*
 * spindle_position_begin
 *		Make ready to keep positions.  Without resume, one that was kept is forgotten.
 *
 * The first thing that changes something; the caller commits it.
 */
void
spindle_position_begin(SpindlePosition *position, bool resume)
{
	Datum		value;

	if (position->kind == SPINDLE_POSITION_ORIGIN)
	{
		/* progress never goes back, so a new stream takes a new origin */
		if (!resume)
			(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_drop($1) "
							   "WHERE pg_catalog.pg_replication_origin_oid($1) IS NOT NULL", false, &value);
		(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_create($1) "
						   "WHERE pg_catalog.pg_replication_origin_oid($1) IS NULL", false, &value);

		/* this transaction is none of the stream */
		spindle_commit();
		(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_session_setup($1)", false, &value);
		position->is_set_up = true;
	}
	else if (position->kind == SPINDLE_POSITION_TABLE)
	{
		if (!has_table(position) &&
			SPI_execute(psprintf("CREATE TABLE %s (stream pg_catalog.text PRIMARY KEY, \"position\" pg_catalog.pg_lsn NOT NULL, "
								 "changes pg_catalog.int4 NOT NULL, event_time pg_catalog.timestamptz)", position->table), false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create the table of positions");
		if (!resume)
			(void) query_value(position, psprintf("DELETE FROM %s WHERE stream = $1", position->table), false, &value);
	}
}

/* Make the plan that keeps a position. */
static void
prepare(SpindlePosition *position)
{
	Oid			types[] = {TEXTOID, PG_LSNOID, INT4OID, TIMESTAMPTZOID};

	if (position->kind == SPINDLE_POSITION_ORIGIN)
		position->plan = SPI_prepare("SELECT pg_catalog.pg_replication_origin_xact_setup($2, COALESCE($4, "
									 "'2000-01-01 00:00:00+00')) WHERE $1 IS NOT NULL AND $3 = 0", 4, types);
	else
		position->plan = SPI_prepare(psprintf("INSERT INTO %s AS p (stream, \"position\", changes, event_time) "
											  "VALUES ($1, $2, $3, $4) ON CONFLICT (stream) DO UPDATE SET "
											  "\"position\" = EXCLUDED.\"position\", changes = EXCLUDED.changes, "
											  "event_time = EXCLUDED.event_time", position->table), 4, types);
	if (position->plan == NULL || SPI_keepplan(position->plan) != 0)
		elog(ERROR, "could not prepare to keep a position");
}

/*
 * spindle_position_set
 *		With the next commit, all is there up to a position, and so many changes of
 *		the transaction behind it; time is that of its events.
 *
 * An origin keeps whole transactions only.
 */
void
spindle_position_set(SpindlePosition *position, uint64 value, int changes, bool has_time, TimestampTz time)
{
	Datum		values[4];
	const char	nulls[] = {' ', ' ', ' ', has_time ? ' ' : 'n'};

	if (position->kind == SPINDLE_POSITION_NONE)
		return;
	if (position->plan == NULL)
		prepare(position);
	values[0] = CStringGetTextDatum(position->stream);
	values[1] = LSNGetDatum(value);
	values[2] = Int32GetDatum(changes);
	values[3] = TimestampTzGetDatum(time);
	if (SPI_execute_plan(position->plan, values, nulls, false, 0) < 0)
		elog(ERROR, "could not keep a position");

	/* else it would stay until the session of SPI ends */
	SPI_freetuptable(SPI_tuptable);
	pfree(DatumGetPointer(values[0]));
}

/* Forget the session's origin; raises nothing. */
void
spindle_position_abort(SpindlePosition *position)
{
	if (!position->is_set_up)
		return;
	position->is_set_up = false;
	replorigin_session_reset();
	replorigin_session_origin = InvalidRepOriginId;
	replorigin_session_origin_lsn = InvalidXLogRecPtr;
	replorigin_session_origin_timestamp = 0;
}

/*
 * spindle_position_end
 *		After the last commit: leave the origin to others.
 */
void
spindle_position_end(SpindlePosition *position)
{
	spindle_position_abort(position);
}
