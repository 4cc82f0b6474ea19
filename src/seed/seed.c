/*-------------------------------------------------------------------------
 *
 * seed.c
 *		Real tables of a domain, filled.
 *
 * What is to be done is settled first (prepare.c).  Tables are then made by the
 * statements that spindle_ddl prints (ddl.c), run as the calling user; rows go in
 * by load.c; indexes and constraints follow when the rows are there.  Without
 * workers everything happens in the caller's transaction, which makes it all or
 * nothing.  With workers see parallel.c.
 *
 * Statistics come before foreign keys: the server checks these by a join, for
 * whose plan it should know the sizes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/evtcache.h"

#include "seed/cleanup.h"
#include "seed/load.h"
#include "seed/parallel.h"
#include "seed/prepare.h"
#include "seed/seed.h"
#include "seed/types.h"
#include "server/progress.h"
#include "server/run.h"

/* Rows of all tables together, for progress. */
typedef struct LoadProgress
{
	SpindleProgress progress;
	int64		rows_before;	/* of tables that are complete */
} LoadProgress;

/* Tell how far the load of a table has come, as part of all tables. */
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
 * must be complete by then, and its key; all of its first rows must be there; and
 * nobody may have changed its rows.
 */
static bool
is_early_foreign_key(const SpindleSeed *seed, int table, int key)
{
	const SpindleDomain *domain = seed->options->instance->domain;

	return seed->options->with_keys && !seed->is_watched && domain->table[table].foreign_key[key].table < table &&
		!spindle_as_of_filters(domain, domain->table[table].foreign_key[key].table, &seed->options->as_of) &&
		spindle_load_can_check(domain, table, key);
}

/*
 * Rows and keys, table after table.  A foreign key that can be checked
 * while rows are stored is made before.  The number of rows is what was
 * inserted, which an event trigger may have changed.
 */
static void
load_tables(SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->options->instance->domain;
	LoadProgress load = {0};
	int64		total = 0;

	for (int t = 0; t < domain->ntables; t++)
		total += seed->selected[t] ? spindle_alive_end(seed->options->instance, t, seed->options->as_of.time) : 0;
	spindle_progress_start(&load.progress, psprintf("loading %s", domain->name), total, "rows");
	for (int t = 0; t < domain->ntables; t++)
	{
		bool	   *checked = seed->is_watched ? NULL : palloc0(sizeof(bool) * Max(domain->table[t].nforeign_keys, 1));

		if (!seed->selected[t])
			continue;
		for (int k = 0; k < domain->table[t].nforeign_keys; k++)
		{
			char	   *statement = is_early_foreign_key(seed, t, k) ?
			spindle_ddl_foreign_key(seed->ddl, t, k, true) : NULL;

			if (statement)
			{
				checked[k] = true;
				spindle_run(statement);
			}
		}
		load.rows_before += spindle_load_new(spindle_ddl_relation(seed->ddl, t), seed->options->instance, t,
											 seed->options->as_of, checked, report_load, &load);
		if (seed->options->with_keys)
			spindle_run_all(spindle_ddl_keys(seed->ddl, t));
	}
	spindle_progress_end(&load.progress);
	seed->nrows = load.rows_before;
}

/*
 * Indexes, statistics and the remaining foreign keys, once the rows are there.
 * Takes a statement each, between which interrupts are served.
 */
static void
finish_tables(const SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->options->instance->domain;
	SpindleProgress progress;
	List	   *statements = NIL;
	ListCell   *lc;

	for (int t = 0; t < domain->ntables; t++)
	{
		if (!seed->selected[t])
			continue;
		if (seed->options->with_indexes)
			statements = list_concat(statements, spindle_ddl_indexes(seed->ddl, t));
		if (seed->options->with_statistics)
			statements = lappend(statements,
								 psprintf("ANALYZE %s", spindle_ddl_qualified(seed->ddl, spindle_ddl_name(seed->ddl, t))));
	}
	for (int t = 0; t < domain->ntables && seed->options->with_keys; t++)
		for (int k = 0; seed->selected[t] && k < domain->table[t].nforeign_keys; k++)
		{
			char	   *statement = is_early_foreign_key(seed, t, k) ? NULL :
			spindle_ddl_foreign_key(seed->ddl, t, k, true);

			if (statement)
				statements = lappend(statements, statement);
		}

	spindle_progress_start(&progress, psprintf("indexes and statistics of %s", domain->name),
						   list_length(statements), "steps");
	foreach(lc, statements)
	{
		CHECK_FOR_INTERRUPTS();
		spindle_progress_report(&progress, foreach_current_index(lc));
		spindle_run(lfirst(lc));
	}
	spindle_progress_end(&progress);
}

/*
 * All in the caller's transaction.  Commands see what those before have made,
 * and the user's privileges are checked as for any.
 */
static void
seed_serially(SpindleSeed *seed)
{
	const SpindleDomain *domain = seed->options->instance->domain;

	SPI_connect();
	seed->is_watched = has_event_triggers();
	if (!seed->schema_is_missing)
		spindle_seed_drop_leftovers(seed->options->schema);
	spindle_seed_make_schema(seed);
	spindle_seed_drop_replaced(seed);
	(void) spindle_seed_make_types(seed, get_namespace_oid(seed->options->schema, false));
	for (int t = 0; t < domain->ntables; t++)
		if (seed->selected[t])
		{
			spindle_run(spindle_ddl_table(seed->ddl, t));
			spindle_run_all(spindle_ddl_table_comment(seed->ddl, t));
			spindle_run_all(spindle_ddl_column_comments(seed->ddl, t));
		}
	load_tables(seed);
	finish_tables(seed);
	for (int t = 0; t < domain->ntables; t++)
		if (seed->selected[t])
			seed->nbytes += spindle_ddl_relation_bytes(seed->ddl, t);
	SPI_finish();
}

/*
 * spindle_seed_tables
 *		Create the tables of a domain and fill them.
 *
 * With workers the caller's transaction is committed, and others after it; so it
 * must be free to do that.  Otherwise all happens in this transaction.  Raises an
 * error, with the state of before, if anything is in the way.
 *
 * Waits for other seedings of the schema.  Raises what spindle_seed_prepare()
 * does, and what the statements do.
 */
void
spindle_seed_tables(const SpindleSeedOptions *options, SpindleSeedResult *result)
{
	SpindleSeed *seed = spindle_seed_prepare(options);

	if (options->nworkers > 0)
		spindle_seed_parallel(seed);
	else
		seed_serially(seed);
	result->ntables = seed->ntables;
	result->nrows = seed->nrows;
	result->nbytes = seed->nbytes;
}
