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
 * A session that plays its share of a stream keeps its position under the stream's
 * name, ":", its number, "/" and how many there are.  All of its share up to there is
 * committed.  When all sessions have come to an end, the last of their positions
 * becomes the stream's, and theirs are forgotten.  Positions of sessions that are not
 * beyond the stream's tell nothing.
 *
 * An origin has no position 0, which is that of the rows that are there from the
 * start.  So whoever commits these makes another origin, under the stream's name and
 * ":0", in the same transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "replication/origin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "apply/position.h"
#include "model/model.h"
#include "server/run.h"

/* The table, in the schema of the tables that are changed. */
#define POSITION_TABLE	"spindle_position"

struct SpindlePosition
{
	SpindlePositionKind kind;	/* never AUTO */
	const char *base;			/* the stream's name, which tells it from others */
	const char *stream;			/* the same, with the session that shares in it */
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

/*
 * May the caller use replication origins, and are there any to be had, one for each
 * session beside the stream's?
 */
static bool
may_use_origins(SpindlePosition *position, int sessions)
{
	Datum		value;

	return query_value(position, "SELECT pg_catalog.bool_and(pg_catalog.has_function_privilege(f, 'execute')) AND $1 OPERATOR(pg_catalog.<>) '' "
					   "FROM pg_catalog.unnest(ARRAY['pg_catalog.pg_replication_origin_create(text)', "
					   "'pg_catalog.pg_replication_origin_drop(text)', 'pg_catalog.pg_replication_origin_oid(text)', "
					   "'pg_catalog.pg_replication_origin_progress(text,boolean)', "
					   "'pg_catalog.pg_replication_origin_advance(text,pg_lsn)', "
					   "'pg_catalog.pg_replication_origin_session_is_setup()', "
					   "'pg_catalog.pg_replication_origin_xact_setup(pg_lsn,timestamptz)', "
					   "'pg_catalog.pg_replication_origin_session_setup(text)', "
					   "'pg_catalog.pg_replication_origin_session_reset()']) f", true, &value) && DatumGetBool(value) &&
		query_value(position, psprintf("SELECT NOT pg_catalog.pg_replication_origin_session_is_setup() AND $1 OPERATOR(pg_catalog.<>) '' AND "
									   "COALESCE(pg_catalog.current_setting('max_active_replication_origins', true), "
									   "pg_catalog.current_setting('max_replication_slots'))::pg_catalog.int4 OPERATOR(pg_catalog.>) %d", sessions),
					true, &value) && DatumGetBool(value);
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
 * spindle_position_stream
 *		The name under which the position of a stream is kept; palloc'd.
 */
char *
spindle_position_stream(const char *schema, const SpindleInstance *instance, const char *profile)
{
	return psprintf("spindle:%s:%s:%s:" INT64_FORMAT ":%s", schema, instance->domain->name,
					instance->domain->preset[instance->preset].name, instance->seed, profile ? profile : "");
}

/*
 * spindle_position_create
 *		Where a stream's position is kept; which one it is in the schema, its name
 *		tells.  session is from 1, or 0 for the stream's own; sessions is how many
 *		share it out, or 0.
 *
 * Needs a session of SPI.  Changes nothing.  Allocated in the given memory context;
 * stream must live as long.  AUTO is decided here.
 */
SpindlePosition *
spindle_position_create(SpindlePositionKind kind, const char *schema, const char *stream, int session, int sessions,
						MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindlePosition *position = palloc0(sizeof(SpindlePosition));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	position->kind = kind;
	position->base = position->stream = stream;
	position->table = quote_qualified_identifier(schema, POSITION_TABLE);
	callback->func = free_plan;
	callback->arg = position;
	MemoryContextRegisterResetCallback(context, callback);
	MemoryContextSwitchTo(oldcontext);
	if (kind == SPINDLE_POSITION_AUTO)
		position->kind = may_use_origins(position, sessions) ? SPINDLE_POSITION_ORIGIN : SPINDLE_POSITION_TABLE;
	oldcontext = MemoryContextSwitchTo(context);

	/* all databases of a server have their origins together */
	if (position->kind == SPINDLE_POSITION_ORIGIN)
		position->base = psprintf("%s:%u", stream, MyDatabaseId);
	position->stream = session > 0 ? psprintf("%s:%d/%d", position->base, session, sessions) : position->base;
	MemoryContextSwitchTo(oldcontext);
	return position;
}

/* Where it is kept; never AUTO. */
SpindlePositionKind
spindle_position_kind(const SpindlePosition *position)
{
	return position->kind;
}

/* The word for it. */
const char *
spindle_position_kind_name(SpindlePositionKind kind)
{
	return kind_names[kind];
}

/*
 * The names of a stream and of those who share in it: a condition on $1, the stream's
 * name, and a column; the latter's session and sessions are parts[1] and [2].
 */
#define OF_STREAM(column) \
	"LATERAL (SELECT pg_catalog.regexp_match(pg_catalog.substr(" column ", pg_catalog.length($1) OPERATOR(pg_catalog.+) 1), " \
	"'^:([0-9]{1,4})/([0-9]{1,4})$')) AS s (parts) " \
	"WHERE (" column " OPERATOR(pg_catalog.=) $1 OR (pg_catalog.starts_with(" column ", $1) AND s.parts IS NOT NULL))"

/* What tells of a stream's positions: session, sessions, position, changes. */
static const char *
list_query(SpindlePosition *position)
{
	if (position->kind == SPINDLE_POSITION_ORIGIN)
		return "SELECT s.parts[1]::pg_catalog.int4, s.parts[2]::pg_catalog.int4, "
			"COALESCE(pg_catalog.pg_replication_origin_progress(o.roname, true), "
			"CASE WHEN pg_catalog.pg_replication_origin_oid(o.roname OPERATOR(pg_catalog.||) ':0') IS NOT NULL THEN '0/0'::pg_catalog.pg_lsn END), 0 "
			"FROM pg_catalog.pg_replication_origin o, " OF_STREAM("o.roname") " ORDER BY 1 NULLS FIRST";
	if (position->kind == SPINDLE_POSITION_TABLE && has_table(position))
		return psprintf("SELECT s.parts[1]::pg_catalog.int4, s.parts[2]::pg_catalog.int4, p.\"position\"::pg_catalog.pg_lsn, p.changes::pg_catalog.int4 FROM %s p, "
						OF_STREAM("p.stream") " ORDER BY 1 NULLS FIRST", position->table);
	return NULL;
}

/*
 * spindle_position_is_readable
 *		May the caller ask what was kept there?  A table's privileges tell it then.
 *
 * Needs a session of SPI.
 */
bool
spindle_position_is_readable(SpindlePosition *position)
{
	Datum		value;

	if (position->kind != SPINDLE_POSITION_ORIGIN)
		return true;
	return query_value(position, "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_replication_origin_oid(text)', 'execute') "
					   "AND pg_catalog.has_function_privilege('pg_catalog.pg_replication_origin_progress(text,boolean)', 'execute') "
					   "AND $1 OPERATOR(pg_catalog.<>) ''", true, &value) && DatumGetBool(value);
}

/*
 * spindle_position_list
 *		What was kept of a stream: SpindleKept of its own, and of those who share in
 *		it; palloc'd.
 *
 * Needs a session of SPI.  Raises insufficient_privilege.
 */
List *
spindle_position_list(SpindlePosition *position)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(position->base)};
	const char *query = list_query(position);
	MemoryContext context = CurrentMemoryContext;
	List	   *list = NIL;

	if (query == NULL)
		return NIL;
	if (SPI_execute_with_args(query, 1, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		SpindleKept *kept = MemoryContextAllocZero(context, sizeof(SpindleKept));
		MemoryContext oldcontext;
		Datum		value[4];
		bool		is_null[4];

		for (int c = 0; c < lengthof(value); c++)
			value[c] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, c + 1, &is_null[c]);
		kept->session = is_null[0] ? 0 : DatumGetInt32(value[0]);
		kept->sessions = is_null[1] ? 0 : DatumGetInt32(value[1]);
		kept->has_position = !is_null[2];
		kept->position = is_null[2] ? 0 : DatumGetLSN(value[2]);
		kept->changes = is_null[3] ? 0 : DatumGetInt32(value[3]);
		oldcontext = MemoryContextSwitchTo(context);
		if (kept->has_position || kept->changes > 0)
			list = lappend(list, kept);
		MemoryContextSwitchTo(oldcontext);
	}
	SPI_freetuptable(SPI_tuptable);
	return list;
}

/*
 * spindle_position_find_kind
 *		Where a stream's position was kept, AUTO if it was nowhere: who resumes goes on
 *		there, whatever else could be had now.
 *
 * Needs a session of SPI.  Raises insufficient_privilege.
 */
SpindlePositionKind
spindle_position_find_kind(const char *schema, const char *stream, MemoryContext context)
{
	static const SpindlePositionKind kinds[] = {SPINDLE_POSITION_ORIGIN, SPINDLE_POSITION_TABLE};

	for (int i = 0; i < lengthof(kinds); i++)
	{
		SpindlePosition *position = spindle_position_create(kinds[i], schema, stream, 0, 0, context);

		if (spindle_position_is_readable(position) && spindle_position_list(position) != NIL)
			return kinds[i];
	}
	return SPINDLE_POSITION_AUTO;
}

/* Forget what the sessions that share in a stream have kept. */
static void
forget_sessions(SpindlePosition *position)
{
	Datum		value;

	if (position->kind == SPINDLE_POSITION_ORIGIN)
		(void) query_value(position, "SELECT pg_catalog.count(pg_catalog.pg_replication_origin_drop(o.roname)::text) "
						   "FROM pg_catalog.pg_replication_origin o, " OF_STREAM("o.roname") " AND o.roname OPERATOR(pg_catalog.<>) $1", false, &value);
	else if (position->kind == SPINDLE_POSITION_TABLE)
		(void) query_value(position, psprintf("DELETE FROM %s d USING %s p, " OF_STREAM("p.stream")
											  " AND p.stream OPERATOR(pg_catalog.<>) $1 AND p.stream OPERATOR(pg_catalog.=) d.stream",
											  position->table, position->table), false, &value);
}

/* Forget all that was kept of a stream. */
static void
forget(SpindlePosition *position)
{
	Datum		value;

	forget_sessions(position);
	if (position->kind == SPINDLE_POSITION_ORIGIN)
	{
		(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_drop($1) "
						   "WHERE pg_catalog.pg_replication_origin_oid($1) IS NOT NULL", false, &value);
		(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_drop($1 OPERATOR(pg_catalog.||) ':0') "
						   "WHERE pg_catalog.pg_replication_origin_oid($1 OPERATOR(pg_catalog.||) ':0') IS NOT NULL", false, &value);
	}
	else if (position->kind == SPINDLE_POSITION_TABLE)
		(void) query_value(position, psprintf("DELETE FROM %s WHERE stream OPERATOR(pg_catalog.=) $1", position->table), false, &value);
}

/* Have the session's commits carry the stream's position. */
static void
take_origin(SpindlePosition *position)
{
	Datum		value;

	(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_session_setup($1)", false, &value);
	position->is_set_up = true;
}

/*
 * spindle_position_begin
 *		Make ready to keep positions.  Without resume, those that were kept are
 *		forgotten.
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
			forget(position);
		(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_create($1) "
						   "WHERE pg_catalog.pg_replication_origin_oid($1) IS NULL", false, &value);

		/* this transaction is none of the stream */
		spindle_commit();
		take_origin(position);
	}
	else if (position->kind == SPINDLE_POSITION_TABLE)
	{
		if (!has_table(position) &&
			SPI_execute(psprintf("CREATE TABLE %s (stream pg_catalog.text PRIMARY KEY, \"position\" pg_catalog.pg_lsn, "
								 "changes pg_catalog.int4 NOT NULL, event_time pg_catalog.timestamptz)", position->table), false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create the table of positions");
		if (!resume)
			forget(position);
	}
}

/* Make the plan that keeps a position. */
static void
prepare(SpindlePosition *position)
{
	Oid			types[] = {TEXTOID, PG_LSNOID, INT4OID, TIMESTAMPTZOID};

	if (position->kind == SPINDLE_POSITION_ORIGIN)
		position->plan = SPI_prepare("SELECT pg_catalog.pg_replication_origin_xact_setup($2, COALESCE($4, "
									 "'2000-01-01 00:00:00+00')) WHERE $1 IS NOT NULL AND $3 OPERATOR(pg_catalog.=) 0", 4, types);
	else
		position->plan = SPI_prepare(psprintf("INSERT INTO %s AS p (stream, \"position\", changes, event_time) "
											  "VALUES ($1, $2, $3, $4) ON CONFLICT (stream) DO UPDATE SET "
											  "\"position\" = EXCLUDED.\"position\", changes = EXCLUDED.changes, "
											  "event_time = EXCLUDED.event_time", position->table), 4, types);
	if (position->plan == NULL || SPI_keepplan(position->plan) != 0)
		elog(ERROR, "could not prepare to keep a position");
}

/* An origin's position 0. */
static void
set_beginning(SpindlePosition *position)
{
	Datum		value;

	(void) query_value(position, "SELECT pg_catalog.pg_replication_origin_create($1 OPERATOR(pg_catalog.||) ':0') "
					   "WHERE pg_catalog.pg_replication_origin_oid($1 OPERATOR(pg_catalog.||) ':0') IS NULL", false, &value);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * spindle_position_set
 *		With the next commit, all that *kept says is there; time is that of its
 *		events.  Whose share it is, the position knows.
 *
 * An origin keeps whole transactions only.
 */
void
spindle_position_set(SpindlePosition *position, const SpindleKept *kept, bool has_time, TimestampTz time)
{
	Datum		values[4];
	const char	nulls[] = {' ', kept->has_position ? ' ' : 'n', ' ', has_time ? ' ' : 'n'};

	if (position->kind == SPINDLE_POSITION_NONE)
		return;
	if (position->plan == NULL)
		prepare(position);
	values[0] = CStringGetTextDatum(position->stream);
	values[1] = LSNGetDatum(kept->position);
	values[2] = Int32GetDatum(kept->changes);
	values[3] = TimestampTzGetDatum(time);
	if (SPI_execute_plan(position->plan, values, nulls, false, 0) < 0)
		elog(ERROR, "could not keep a position");

	/* else it would stay until the session of SPI ends */
	SPI_freetuptable(SPI_tuptable);
	pfree(DatumGetPointer(values[0]));
	if (position->kind == SPINDLE_POSITION_ORIGIN && kept->position == 0 && kept->has_position)
		set_beginning(position);
}

/*
 * spindle_position_end
 *		Leave the origin to others, after the last commit or an error; raises nothing.
 */
void
spindle_position_end(SpindlePosition *position)
{
	if (!position->is_set_up)
		return;
	position->is_set_up = false;

	/* a trigger can have left it */
	if (replorigin_session_origin == InvalidRepOriginId)
		return;
	replorigin_session_reset();
	replorigin_session_origin = InvalidRepOriginId;
	replorigin_session_origin_lsn = InvalidXLogRecPtr;
	replorigin_session_origin_timestamp = 0;
}

/*
 * spindle_position_level
 *		All is there up to a position, whoever brought it there: it becomes the
 *		stream's, and what sessions that shared in it have kept is forgotten.
 *
 * Commits.  No session has one of the origins but this one, which begins anew with
 * the stream's.
 */
void
spindle_position_level(SpindlePosition *position, uint64 value, TimestampTz time)
{
	const SpindleKept kept = {.has_position = true,.position = value};
	Datum		none;

	if (position->kind == SPINDLE_POSITION_TABLE)
		spindle_position_set(position, &kept, true, time);
	else if (position->kind == SPINDLE_POSITION_ORIGIN)
	{
		/* in the log before the others go, whatever becomes of their transaction */
		spindle_position_end(position);
		(void) query_value(position, psprintf("SELECT pg_catalog.pg_replication_origin_advance($1, '%X/%X')",
											  LSN_FORMAT_ARGS(value)), false, &none);
	}
	forget_sessions(position);
	spindle_commit();
	if (position->kind == SPINDLE_POSITION_ORIGIN)
		take_origin(position);
}
