/*-------------------------------------------------------------------------
 *
 * learn.c
 *		A definition from the schemas of a database.
 *
 * The steps, each of which relies on those before it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/memutils.h"

#include "learn/learn.h"
#include "learn/data.h"

/* Places of which findings are given up one by one; then all are. */
#define MAX_REFUSED	6
/* Problems that are solved by leaving tables without rows, at most. */
#define MAX_PROBLEMS	100

/*
 * Settings under which names and values are read and written in one way only, fast,
 * and nothing of the caller's schemas is found by accident.
 */
static const struct
{
	const char *name;
	const char *value;
}			settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"datestyle", "ISO, YMD"},
	{"intervalstyle", "postgres"},
	{"timezone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"quote_all_identifiers", "off"},
	{"synchronize_seqscans", "off"},
	{"max_parallel_workers_per_gather", "0"},
	/* estimates for the catalogue make compiling its queries look worth while, which takes twice as long as they do */
	{"jit", "off"},
};

/*
 * Tables that cannot be filled because the definition would have no column of them.
 * Their rows would have nothing but defaults.
 */
static void
skip_tables(LearnSchema *schema)
{
	int			left = 0;

	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		table->is_skipped = true;
		for (int c = 0; c < table->ncolumns; c++)
			table->is_skipped &= table->column[c].left_out != NULL;
		if (table->is_skipped)
			learn_empty(schema, table, "it has no column that could be filled");
		else
			left++;
	}
	if (left == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("no table has a column that could be learned")));
}

/*
 * Leave a table that no legal definition was found for without rows; at the second
 * time without rules as well, each column being null.  problems are texts like
 * "tables.a.columns.b.rule: what is wrong".
 */
static void
empty_table(LearnSchema *schema, LearnTable *table, const List *problems)
{
	const char *before = psprintf("tables.%s", table->name);
	size_t		len = strlen(before);
	ListCell   *lc;

	foreach(lc, problems)
	{
		const char *problem = lfirst(lc);

		if (strncmp(problem, before, len) != 0 || strchr(".:[", problem[len]) == NULL)
			continue;
		if (table->empty)
			for (int c = 0; c < table->ncolumns; c++)
				table->column[c].base = NULL;
		learn_empty(schema, table, psprintf("what its constraints want together is not legal in a definition: %s", problem));
	}
}

/* Is a text one of a list? */
static bool
is_listed(const List *list, const char *text)
{
	ListCell   *lc;

	foreach(lc, list)
		if (strcmp(lfirst(lc), text) == 0)
			return true;
	return false;
}

/* Memory is taken in blocks of this size at most, so that little of the last one is unused. */
#define BLOCK_SIZE		(512 * 1024)

/*
 * All of it, in the current memory context.  Of refused columns, and copulas of tables, a
 * list of places in a definition, nothing that was found in rows is used, and tables that
 * problems are about are left without rows.
 */
static char *
learn(const SpindleLearnOptions *options, List *refused, const List *problems)
{
	LearnSchema *schema = learn_read_catalog(options);
	bool		reads_data = options->read >= SPINDLE_LEARN_DATA;

	learn_name_all(schema);
	learn_find_types(schema);
	if (reads_data && options->guess_references)
		learn_guess_references(schema);
	schema->refused = refused;
	if (options->read >= SPINDLE_LEARN_AGGREGATES)
		learn_read_aggregates(schema);
	learn_guess_rows(schema);
	learn_find_range(schema);
	learn_understand_checks(schema);
	if (reads_data)
		learn_read_data(schema);
	learn_find_values(schema);
	skip_tables(schema);
	for (int t = 0; t < schema->ntables; t++)
		empty_table(schema, &schema->table[t], problems);
	learn_find_circles(schema);
	if (options->read >= SPINDLE_LEARN_AGGREGATES)
		learn_widen_keys(schema);
	learn_place_keys(schema);
	learn_meet_sets(schema);
	learn_find_parents(schema);
	learn_find_followers(schema);
	if (reads_data)
		learn_use_findings(schema, false);
	if (options->read >= SPINDLE_LEARN_AGGREGATES)
		learn_find_differences(schema);
	learn_part_references(schema);
	learn_find_variants(schema);
	if (options->read >= SPINDLE_LEARN_AGGREGATES)
		learn_find_patterns(schema);
	if (reads_data)
	{
		learn_use_findings(schema, true);
		learn_use_pairs(schema);
	}
	learn_review_keys(schema);
	learn_count_rows(schema);
	learn_judge_families(schema);
	learn_make_rules(schema);
	return learn_write(schema);
}

/* Is a place in a definition one of a table? */
static bool
is_of_table(const char *place)
{
	return strncmp(place, "tables.", strlen("tables.")) == 0;
}

/*
 * The same, until the definition is legal.  What is found in rows, and what keys,
 * references and numbers of rows come to together, can be something that only the
 * definition as a whole shows not to be.  Then it is learned again, first without that
 * finding, then without any, at last without rows of the table.
 */
static char *
learn_legally(const SpindleLearnOptions *options)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext attempt = AllocSetContextCreate(context, "spindle learn attempt", ALLOCSET_DEFAULT_MINSIZE,
												  ALLOCSET_DEFAULT_INITSIZE, BLOCK_SIZE);
	List	   *refused = NIL;
	List	   *problems = NIL;

	for (;;)
	{
		char	   *definition;
		char	   *place;
		char	   *problem;

		MemoryContextSwitchTo(attempt);
		definition = learn(options, refused, problems);

		/* to try it takes nearly as much memory again */
		definition = MemoryContextStrdup(context, definition);
		MemoryContextReset(attempt);
		place = learn_try(definition, &problem);
		MemoryContextSwitchTo(context);
		if (place == NULL)
			return definition;
		if (options->read >= SPINDLE_LEARN_DATA && !is_listed(refused, ""))
			refused = lappend(refused, is_listed(refused, place) || list_length(refused) >= MAX_REFUSED ? "" : pstrdup(place));
		else if (is_of_table(place) && list_length(problems) < MAX_PROBLEMS)
			problems = lappend(problems, pstrdup(problem));
		else
			return definition;
		pfree(definition);
		MemoryContextReset(attempt);
	}
}

/*
 * spindle_learn_settings
 *		Set what learning relies on; the result is for AtEOXact_GUC(), which takes it
 *		back.
 */
int
spindle_learn_settings(void)
{
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i].name, settings[i].value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/*
 * spindle_learn_schemas
 *		The definition of a domain that fills the tables of some schemas, JSON in the
 *		server's encoding; palloc'd.
 *
 * Reads as the caller, writes nothing, and locks tables as a SELECT does.  Raises
 * undefined_schema and undefined_table for names that do not exist, and for schemas
 * without tables.
 */
char *
spindle_learn_schemas(const SpindleLearnOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle learn", ALLOCSET_DEFAULT_MINSIZE,
												  ALLOCSET_DEFAULT_INITSIZE, BLOCK_SIZE);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	int			level = spindle_learn_settings();
	char	   *definition;

	definition = learn_legally(options);
	AtEOXact_GUC(true, level);
	MemoryContextSwitchTo(oldcontext);
	definition = pstrdup(definition);
	MemoryContextDelete(context);
	return definition;
}
