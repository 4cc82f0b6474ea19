/*-------------------------------------------------------------------------
 *
 * seed.c
 *		SQL procedure spindle_seed: real tables of a domain, filled.
 *
 * All that can be known beforehand is checked first, once no other call seeds
 * the schema (see seed_lock.c).  Tables are then made by
 * the same statements that spindle_ddl prints, run as the calling user; rows
 * go in by load.c; indexes and constraints follow when the rows are there.
 * Without workers everything happens in the caller's transaction, which makes
 * it all or nothing.  With workers see seed_parallel.c.
 *
 * Statistics come before foreign keys: the server checks these by a join, for
 * whose plan it should know the sizes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "portability/instr_time.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/evtcache.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "api/args.h"
#include "compat.h"
#include "library/library.h"
#include "library/source.h"
#include "seed/load.h"
#include "seed/seed.h"
#include "server/hint.h"
#include "server/progress.h"

PG_FUNCTION_INFO_V1(spindle_seed);

/* Positions of the arguments; the results, INOUT, come last. */
enum
{
	ARG_DOMAIN,
	ARG_SCHEMA,
	ARG_SCALE,
	ARG_SEED,
	ARG_TABLES,
	ARG_LOGGED,
	ARG_KEYS,
	ARG_INDEXES,
	ARG_STATISTICS,
	ARG_WORKERS,
	ARG_IF_EXISTS
};

typedef enum IfExists
{
	IF_EXISTS_ERROR,
	IF_EXISTS_REPLACE,
	IF_EXISTS_SKIP
} IfExists;

static const char *const if_exists_names[] = {"error", "replace", "skip"};

/*
 * spindle_seed_selection
 *		Which tables of a domain an argument of type text[] names; null means
 *		all.
 */
bool *
spindle_seed_selection(FunctionCallInfo fcinfo, int arg, const SpindleDomain *domain)
{
	bool	   *selected = palloc0(sizeof(bool) * domain->ntables);
	Datum	   *names;
	bool	   *nulls;
	int			n;

	if (PG_ARGISNULL(arg))
	{
		memset(selected, true, sizeof(bool) * domain->ntables);
		return selected;
	}
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"tables\" must not contain nulls")));
		selected[spindle_source_table(domain, TextDatumGetCString(names[i]))] = true;
	}
	return selected;
}

static IfExists
if_exists_argument(FunctionCallInfo fcinfo)
{
	char	   *value = spindle_arg_text(fcinfo, ARG_IF_EXISTS, "if_exists");
	List	   *names = NIL;

	for (int i = 0; i < lengthof(if_exists_names); i++)
	{
		if (strcmp(value, if_exists_names[i]) == 0)
			return (IfExists) i;
		names = lappend(names, unconstify(char *, if_exists_names[i]));
	}
	if (strcmp(value, "append") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot append to existing tables"),
				 errdetail("The keys of a domain begin at the same values in every seed, so the rows would clash with those already there."),
				 errhint("Use spindle_fill to insert rows into a table of your own.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"if_exists\": \"%s\"", value),
			 errhint("%s", spindle_names_hint(value, names, "Values"))));
}

static bool
bool_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	spindle_arg_require(fcinfo, arg, name);
	return PG_GETARG_BOOL(arg);
}

static int
workers_argument(FunctionCallInfo fcinfo)
{
	int			workers;

	spindle_arg_require(fcinfo, ARG_WORKERS, "workers");
	workers = PG_GETARG_INT32(ARG_WORKERS);
	if (workers < 0 || workers > SPINDLE_MAX_SEED_WORKERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"workers\": %d", workers),
				 errhint("It must be from 0 to %d.", SPINDLE_MAX_SEED_WORKERS)));
	return workers;
}

/* May the caller create tables in the schema, or the schema itself? */
static Oid
check_schema(SpindleSeed *seed)
{
	Oid			schema = get_namespace_oid(seed->schema, true);
	AclResult	result;

	seed->schema_is_missing = !OidIsValid(schema);
	if (OidIsValid(schema))
	{
		result = object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_CREATE);
		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_SCHEMA, seed->schema);
		return schema;
	}
	result = object_aclcheck(DatabaseRelationId, MyDatabaseId, GetUserId(), ACL_CREATE);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_DATABASE, get_database_name(MyDatabaseId));
	return InvalidOid;
}

/* A relation is where a table is to be: refuse, note it down, or skip. */
static void
check_existing_table(SpindleSeed *seed, int table, Oid relid, IfExists if_exists)
{
	const char *name = seed->instance->domain->table[table].name;
	char		kind = get_rel_relkind(relid);

	if (if_exists == IF_EXISTS_SKIP)
	{
		seed->selected[table] = false;
		return;
	}
	if (if_exists == IF_EXISTS_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists in schema \"%s\"", name, seed->schema),
				 errhint("Use if_exists => 'replace' to drop it first, or if_exists => 'skip' to leave it as it is.")));
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" in schema \"%s\" is not a table", name, seed->schema),
				 errhint("Only tables are replaced.  Drop it, or choose another schema.")));
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, name);
	seed->replaced = lappend(seed->replaced, quote_qualified_identifier(seed->schema, name));
}

/* The names of indexes must be free, or become so with the tables replaced. */
static void
check_index_names(const SpindleSeed *seed, Oid schema, const List *replaced)
{
	const SpindleDomain *domain = seed->instance->domain;

	for (int t = 0; t < domain->ntables; t++)
		for (int c = 0; seed->selected[t] && c < domain->table[t].ncolumns; c++)
		{
			const char *name = seed->ddl->index_name[t][c];
			bool		is_key = spindle_table_leads_key(&domain->table[t], c);
			Oid			relid;

			if (name == NULL || !(is_key ? seed->with_keys : seed->with_indexes))
				continue;
			relid = get_relname_relid(name, schema);
			if (OidIsValid(relid) && !list_member_oid(replaced, IndexGetRelation(relid, true)))
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_TABLE),
						 errmsg("relation \"%s\" already exists in schema \"%s\"", name, seed->schema),
						 errdetail("An index of table \"%s\" is to have this name.", domain->table[t].name)));
		}
}

/* Check what is in the schema; afterwards the tables to make are known. */
static void
check_existing(SpindleSeed *seed, Oid schema, IfExists if_exists)
{
	const SpindleDomain *domain = seed->instance->domain;
	List	   *replaced = NIL;

	for (int t = 0; t < domain->ntables; t++)
	{
		Oid			relid = OidIsValid(schema) && seed->selected[t] ?
		get_relname_relid(domain->table[t].name, schema) : InvalidOid;

		if (OidIsValid(relid))
		{
			check_existing_table(seed, t, relid, if_exists);
			replaced = lappend_oid(replaced, relid);
		}
		seed->ntables += seed->selected[t];
	}
	if (OidIsValid(schema))
		check_index_names(seed, schema, if_exists == IF_EXISTS_REPLACE ? replaced : NIL);
}

/*
 * Lock the schema against other seedings; the result is the schema, if there is
 * one.  While we waited the schema may have been made, dropped, or granted to
 * others, so we look again until nothing has changed.
 */
static Oid
lock_schema(SpindleSeed *seed)
{
	Oid			schema = check_schema(seed);
	Oid			locked;

	do
	{
		locked = schema;
		spindle_seed_lock(locked, seed->schema);
		schema = check_schema(seed);
	} while (schema != locked);
	return schema;
}

/* Workers need to see what we make, so we must be able to commit. */
static void
require_transaction_control(FunctionCallInfo fcinfo)
{
	if (fcinfo->context && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic && !IsSubTransaction())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("spindle_seed with workers cannot run inside a transaction block"),
			 errhint("Call it outside of transaction blocks, functions and blocks with an exception handler, or with workers => 0.")));
}

/* Read and check all arguments and lock the schema; nothing is changed. */
static SpindleSeed *
seed_arguments(FunctionCallInfo fcinfo)
{
	SpindleSeed *seed = palloc0(sizeof(SpindleSeed));
	char	   *domain = spindle_arg_text(fcinfo, ARG_DOMAIN, "domain");
	char	   *scale = spindle_arg_text(fcinfo, ARG_SCALE, "scale");
	IfExists	if_exists;

	seed->schema = spindle_arg_schema(fcinfo, ARG_SCHEMA, "schema_name");
	seed->with_keys = bool_argument(fcinfo, ARG_KEYS, "keys");
	seed->with_indexes = bool_argument(fcinfo, ARG_INDEXES, "indexes");
	seed->with_statistics = bool_argument(fcinfo, ARG_STATISTICS, "statistics");
	seed->nworkers = workers_argument(fcinfo);
	if_exists = if_exists_argument(fcinfo);
	seed->instance = spindle_library_instance(domain, scale, spindle_arg_int64(fcinfo, ARG_SEED, "seed"),
											  CurrentMemoryContext);
	seed->selected = spindle_seed_selection(fcinfo, ARG_TABLES, seed->instance->domain);
	seed->ddl = spindle_ddl_create(seed->instance->domain, seed->schema, seed->selected,
								   bool_argument(fcinfo, ARG_LOGGED, "logged"));
	seed->ddl->is_run = true;
	if (seed->nworkers > 0)
		require_transaction_control(fcinfo);
	check_existing(seed, lock_schema(seed), if_exists);
	return seed;
}

/*
 * spindle_seed_run
 *		Run a utility statement as the calling user.
 *
 * All names in it are qualified.  So search_path can stay what it is: event
 * triggers see that of the caller, as with any statement.
 */
void
spindle_seed_run(const char *statement)
{
	if (SPI_execute(statement, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not run statement: %s", statement);
}

void
spindle_seed_run_all(List *statements)
{
	ListCell   *lc;

	foreach(lc, statements)
	{
		CHECK_FOR_INTERRUPTS();
		spindle_seed_run(lfirst(lc));
	}
}

/* Make the schema if it is missing. */
void
spindle_seed_prepare_schema(const SpindleSeed *seed)
{
	if (seed->schema_is_missing)
		spindle_seed_run(psprintf("CREATE SCHEMA %s", quote_identifier(seed->schema)));
}

/* Drop the tables to replace, all at once as they refer to each other. */
void
spindle_seed_drop_replaced(SpindleSeed *seed)
{
	StringInfoData buf;
	ListCell   *lc;

	if (seed->replaced == NIL)
		return;
	initStringInfo(&buf);
	appendStringInfoString(&buf, "DROP TABLE ");
	foreach(lc, seed->replaced)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) ? ", " : "", (char *) lfirst(lc));
	spindle_seed_run(buf.data);
}

/* The table of this name, made by us a moment ago. */
Oid
spindle_seed_relation(const SpindleDdl *ddl, int table)
{
	Oid			relid = get_relname_relid(spindle_ddl_name(ddl, table),
										  get_namespace_oid(ddl->schema, false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of schema \"%s\" is not there any more", spindle_ddl_name(ddl, table), ddl->schema),
				 errhint("An event trigger may have dropped or renamed it.")));
	return relid;
}

/* What a table takes on disk, with indexes and all. */
int64
spindle_seed_bytes(Oid relid)
{
	return DatumGetInt64(DirectFunctionCall1(pg_total_relation_size, ObjectIdGetDatum(relid)));
}

/* Rows of all tables together, for progress. */
typedef struct LoadProgress
{
	SpindleProgress progress;
	int64		rows_before;	/* of tables that are complete */
} LoadProgress;

static void
report_load(void *arg, int64 rows)
{
	LoadProgress *load = arg;

	spindle_progress_report(&load->progress, load->rows_before + rows);
}

/*
 * Can event triggers run?  What they do to tables, also to those that are
 * complete, we cannot know.
 */
static bool
has_event_triggers(void)
{
	return EventCacheLookup(EVT_DDLCommandStart) != NIL || EventCacheLookup(EVT_DDLCommandEnd) != NIL ||
		EventCacheLookup(EVT_SQLDrop) != NIL || EventCacheLookup(EVT_TableRewrite) != NIL;
}

/*
 * Is a foreign key there before the rows?  On an empty table the server has
 * nothing to check; the rows then are checked while they are stored.  The parent
 * must be complete by then, and its key; and nobody may have changed its rows.
 */
static bool
is_early_foreign_key(const SpindleSeed *seed, int table, int column)
{
	const SpindleDomain *domain = seed->instance->domain;

	return seed->with_keys && !seed->is_watched && domain->table[table].column[column].references < table &&
		spindle_load_can_check(domain, table, column);
}

/* Rows and primary keys, table after table. */
static void
load_tables(SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->instance->domain;
	LoadProgress load = {0};
	int64		total = 0;

	for (int t = 0; t < domain->ntables; t++)
		total += seed->selected[t] ? seed->instance->nrows[t] : 0;
	spindle_progress_start(&load.progress, psprintf("loading %s", domain->name), total, "rows");
	for (int t = 0; t < domain->ntables; t++)
	{
		bool	   *checked = seed->is_watched ? NULL : palloc0(sizeof(bool) * domain->table[t].ncolumns);

		if (!seed->selected[t])
			continue;
		for (int c = 0; c < domain->table[t].ncolumns; c++)
		{
			char	   *statement = is_early_foreign_key(seed, t, c) ?
			spindle_ddl_foreign_key(seed->ddl, t, c, true) : NULL;

			if (statement)
			{
				checked[c] = true;
				spindle_seed_run(statement);
			}
		}
		load.rows_before += spindle_load(spindle_seed_relation(seed->ddl, t), seed->instance, t, checked,
										 report_load, &load);
		if (seed->with_keys)
			spindle_seed_run_all(spindle_ddl_primary_key(seed->ddl, t));
	}
	spindle_progress_end(&load.progress);
	seed->nrows = load.rows_before;
}

/* Indexes, statistics and the remaining foreign keys, once the rows are there. */
static void
finish_tables(const SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->instance->domain;
	SpindleProgress progress;
	List	   *statements = NIL;
	ListCell   *lc;

	for (int t = 0; t < domain->ntables; t++)
	{
		if (!seed->selected[t])
			continue;
		if (seed->with_indexes)
			statements = list_concat(statements, spindle_ddl_indexes(seed->ddl, t));
		if (seed->with_statistics)
			statements = lappend(statements,
								 psprintf("ANALYZE %s", spindle_ddl_qualified(seed->ddl, spindle_ddl_name(seed->ddl, t))));
	}
	for (int t = 0; t < domain->ntables && seed->with_keys; t++)
		for (int c = 0; seed->selected[t] && c < domain->table[t].ncolumns; c++)
		{
			char	   *statement = is_early_foreign_key(seed, t, c) ? NULL :
			spindle_ddl_foreign_key(seed->ddl, t, c, true);

			if (statement)
				statements = lappend(statements, statement);
		}

	spindle_progress_start(&progress, psprintf("indexes and statistics of %s", domain->name),
						   list_length(statements), "steps");
	foreach(lc, statements)
	{
		CHECK_FOR_INTERRUPTS();
		spindle_progress_report(&progress, foreach_current_index(lc));
		spindle_seed_run(lfirst(lc));
	}
	spindle_progress_end(&progress);
}

/* All in the caller's transaction. */
static void
seed_serially(SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->instance->domain;

	SPI_connect();
	seed->is_watched = has_event_triggers();
	spindle_seed_drop_leftovers(seed);
	spindle_seed_prepare_schema(seed);
	spindle_seed_drop_replaced(seed);
	for (int t = 0; t < domain->ntables; t++)
		if (seed->selected[t])
		{
			spindle_seed_run(spindle_ddl_table(seed->ddl, t));
			spindle_seed_run_all(spindle_ddl_table_comment(seed->ddl, t));
			spindle_seed_run_all(spindle_ddl_column_comments(seed->ddl, t));
		}
	load_tables(seed);
	finish_tables(seed);
	for (int t = 0; t < domain->ntables; t++)
		if (seed->selected[t])
			seed->nbytes += spindle_seed_bytes(spindle_seed_relation(seed->ddl, t));
	SPI_finish();
}

/*
 * spindle_seed(domain, schema_name, scale, seed, tables, logged, keys, indexes,
 *				statistics, workers, if_exists, results)
 *		Create the tables of a domain and fill them.
 *
 * The results are the numbers of tables and rows, the bytes that they take on
 * disk with indexes, and the seconds that it took.  Without output arguments, a
 * notice tells them if "report", behind schema_name, wants it.
 */
Datum
spindle_seed(PG_FUNCTION_ARGS)
{
	instr_time	start;
	instr_time	duration;
	SpindleReport report = spindle_arg_take_report(fcinfo, ARG_SCALE);
	SpindleSeed *seed;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	PreventCommandDuringRecovery("spindle_seed()");
	INSTR_TIME_SET_CURRENT(start);
	if (report == SPINDLE_REPORT_ROW && get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	seed = seed_arguments(fcinfo);
	if (seed->nworkers > 0)
		spindle_seed_parallel(seed);
	else
		seed_serially(seed);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);
	if (report == SPINDLE_REPORT_NOTICE)
		ereport(NOTICE,
				(errmsg_plural("%d table with %lld rows created in schema \"%s\"",
							   "%d tables with %lld rows created in schema \"%s\"",
							   seed->ntables, seed->ntables, (long long) seed->nrows, seed->schema),
				 errdetail("%lld bytes, in %.3f s.", (long long) seed->nbytes, INSTR_TIME_GET_DOUBLE(duration))));
	if (report != SPINDLE_REPORT_ROW)
		return (Datum) 0;

	values[0] = Int32GetDatum(seed->ntables);
	values[1] = Int64GetDatum(seed->nrows);
	values[2] = Int64GetDatum(seed->nbytes);
	values[3] = Float8GetDatum(INSTR_TIME_GET_DOUBLE(duration));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
