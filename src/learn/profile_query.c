/*-------------------------------------------------------------------------
 *
 * profile_query.c
 *		How many rows the planner expects of queries of a schema.
 *
 * Queries are planned, not run.  They are of one table with a condition or a group,
 * and of two that a foreign key joins; their constants are bounds of bins, so a profile
 * like another one asks the same.  Only columns that the caller may read are in them,
 * as estimates tell of values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/plancache.h"

#include "learn/profile.h"

/* The rows that the planner expects of a query. */
static double
expected_rows(const char *query)
{
	SPIPlanPtr	plan;
	CachedPlan *cached;
	double		rows;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not plan a query: %s", SPI_result_code_string(SPI_result));
	cached = SPI_plan_get_cached_plan(plan);
	if (cached == NULL)
		elog(ERROR, "could not plan a query");
	rows = linitial_node(PlannedStmt, cached->stmt_list)->planTree->plan_rows;
	ReleaseCachedPlan(cached, NULL);
	SPI_freeplan(plan);
	SPI_finish();
	CHECK_FOR_INTERRUPTS();
	return rows;
}

/* Write a query with the rows that are expected of it; is_join says that it has two tables. */
static void
write_query(Profile *profile, int *n, bool is_join, const char *what, const char *query)
{
	appendStringInfo(profile->out, "%s\n        {\"query\": %s, \"join\": %s, \"rows\": %s}", (*n)++ ? "," : "", learn_quote(what),
					 is_join ? "true" : "false", learn_number(expected_rows(query)));
}

/* Days since 2000-01-01 of the years 1 to 9999, which are written in one way only; a day's first second since 1970. */
#define FIRST_DAY		(-730119.0)
#define LAST_DAY		2921939.0
#define SECONDS_OF_DAY(day)	(((day) + 10957) * 86400)

/*
 * A bound of a number as a constant of the column's type, or NULL for types of which
 * there is none, and for times of other years.
 */
static const char *
constant_of(const ProfileColumn *column, const char *bound)
{
	double		number = strtod(bound, NULL);

	switch (column->column->kind)
	{
		case LEARN_INT:
			return psprintf("%.0f", floor(number + 0.5));
		case LEARN_DECIMAL:
			return psprintf("'%s'::numeric", bound);
		case LEARN_FLOAT:
			return psprintf("'%s'::float8", bound);
		case LEARN_DATE:
			number = floor(number + 0.5);
			return number >= FIRST_DAY && number <= LAST_DAY ? psprintf("'%s'::date", learn_day(number)) : NULL;
		case LEARN_TIMESTAMP:
			if (!(number >= SECONDS_OF_DAY(FIRST_DAY) && number <= SECONDS_OF_DAY(LAST_DAY)))
				return NULL;
			return psprintf(column->column->type == TIMESTAMPOID ? "'epoch'::timestamp + '%s'::float8 * '1 s'::interval" :
							"to_timestamp('%s'::float8)", bound);
		default:
			return NULL;
	}
}

/* Is a text a value of a boolean or an enum?  Another profile may have others. */
static bool
is_label(const LearnColumn *column, const char *text)
{
	ListCell   *lc;

	if (column->kind == LEARN_BOOL)
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	foreach(lc, column->labels)
		if (strcmp(lfirst(lc), text) == 0)
			return true;
	return false;
}

/* A condition on a column that has bins, in the middle of them, or on its most frequent label; NULL if there is none. */
static const char *
condition_of(const ProfileColumn *column, const char *name)
{
	const char *constant;

	if (column->kind == PROFILE_LABEL && !is_label(column->column, column->bin[0]))
		return NULL;
	if (column->kind == PROFILE_LABEL)
		return psprintf("%s = %s", name, quote_literal_cstr(column->bin[0]));
	if (column->kind != PROFILE_NUMBER)
		return NULL;
	constant = constant_of(column, column->bin[column->nbins / 2]);
	return constant ? psprintf("%s %s %s", name, column->is_whole ? "=" : "<", constant) : NULL;
}

/* Queries of one column. */
static void
query_column(Profile *profile, const ProfileTable *table, const ProfileColumn *column, int *n)
{
	const char *relation = learn_relation_name(table->table);
	const char *name = learn_column_name(column->column);
	const char *condition = column->nbins > 0 ? condition_of(column, name) : NULL;

	if (condition)
		write_query(profile, n, false, condition, psprintf("SELECT FROM %s WHERE %s", relation, condition));
	if (column->nulls > 0)
		write_query(profile, n, false, psprintf("%s IS NULL", name), psprintf("SELECT FROM %s WHERE %s IS NULL", relation, name));
	if (column->kind != PROFILE_OTHER)
		write_query(profile, n, false, psprintf("GROUP BY %s", name), psprintf("SELECT FROM %s GROUP BY %s", relation, name));
}

/* Queries of a table and the one that a foreign key refers to. */
static void
query_key(Profile *profile, const ProfileTable *table, const LearnKey *key, int *n)
{
	const ProfileTable *parent = &profile->table[key->target];
	const char *one = table->nbinned > 0 ? condition_of(&table->column[table->binned[0]],
														psprintf("t.%s", learn_column_name(table->column[table->binned[0]].column))) : NULL;
	const char *other = parent->nbinned > 0 ? condition_of(&parent->column[parent->binned[0]],
														   psprintf("p.%s", learn_column_name(parent->column[parent->binned[0]].column))) : NULL;
	const char *join = learn_join_condition(profile, table->table, key);

	for (int i = 0; i < 3; i++)
	{
		const char *condition = i == 0 ? "" : i == 1 ? one : other;

		if (condition == NULL)
			continue;
		condition = i == 0 ? join : psprintf("%s AND %s", join, condition);
		write_query(profile, n, true, psprintf("JOIN %s p ON %s", quote_identifier(parent->table->sql_name), condition),
					psprintf("SELECT FROM %s t JOIN %s p ON %s", learn_relation_name(table->table), learn_relation_name(parent->table), condition));
	}
}

/*
 * learn_write_queries
 *		Plan queries of a table and of the tables that it refers to.
 */
void
learn_write_queries(Profile *profile, ProfileTable *table)
{
	int			n = 0;
	ListCell   *lc;

	appendStringInfoString(profile->out, ",\n      \"queries\": [");
	for (int c = 0; c < table->table->ncolumns; c++)
		if (table->column[c].column->is_readable)
			query_column(profile, table, &table->column[c], &n);
	foreach(lc, table->table->keys)
	{
		if (learn_can_join(profile, table, lfirst(lc)))
			query_key(profile, table, lfirst(lc), &n);
	}
	appendStringInfoChar(profile->out, ']');
}
