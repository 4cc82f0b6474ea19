/*-------------------------------------------------------------------------
 *
 * age.c
 *		How popular rows are that can only be chosen once they are there.
 *
 * Old rows can be chosen for longer.  How often a row was chosen is its popularity
 * times the choices that it was there for, each divided by the number of rows that
 * were; both are counted by the server.  Popularity is told by quantiles over the rows
 * that were there for more than the mean.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"

#include "learn/data.h"
#include "learn/query.h"

/* Quantiles of popularity, and rows below which it is not told. */
#define PROFILE			200
#define LEAST_ROWS		100

/* Quantiles, the mean of the largest, and the number of rows. */
typedef struct Ages
{
	int			n;
	double		quantile[PROFILE];
	double		top;
	double		rows;
} Ages;

/* A row: a quantile, and what is the same in all rows. */
static void
read_age(char *const *value, void *arg)
{
	Ages	   *ages = arg;

	if (ages->n == PROFILE || value[0] == NULL)
		return;
	ages->quantile[ages->n++] = strtod(value[0], NULL);
	ages->top = value[1] ? strtod(value[1], NULL) : 0;
	ages->rows = value[2] ? strtod(value[2], NULL) : 0;
}

/* The query. */
static char *
ages_query(const LearnSchema *schema, const LearnTable *table, const LearnColumn *time, const LearnKey *key, int parent_time)
{
	const LearnTable *target = &schema->table[key->target];
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "WITH p AS MATERIALIZED (SELECT ");
	learn_append_column(&query, "t", &target->column[key->target_column[0]]);
	appendStringInfoString(&query, " AS k, ");
	learn_append_column(&query, "t", &target->column[parent_time]);
	appendStringInfoString(&query, " AS at FROM ");
	learn_append_relation(&query, target);
	appendStringInfoString(&query, " AS t WHERE ");
	learn_append_column(&query, "t", &target->column[parent_time]);
	appendStringInfoString(&query, " IS NOT NULL), c AS MATERIALIZED (SELECT ");
	learn_append_column(&query, "t", &table->column[key->column[0]]);
	appendStringInfo(&query, "%s AS k, ", learn_collate(&table->column[key->column[0]], &target->column[key->target_column[0]]));
	learn_append_column(&query, "t", time);
	appendStringInfoString(&query, " AS at FROM ");
	learn_append_relation(&query, table);
	appendStringInfoString(&query, " AS t WHERE ");
	learn_append_column(&query, "t", &table->column[key->column[0]]);
	appendStringInfoString(&query, " IS NOT NULL AND ");
	learn_append_column(&query, "t", time);
	appendStringInfo(&query, " IS NOT NULL),"
					 " m AS (SELECT there, count(*) AS n"
					 "  FROM (SELECT is_choice, count(*) FILTER (WHERE NOT is_choice) OVER (ORDER BY at, is_choice) AS there"
					 "  FROM (SELECT at, false AS is_choice FROM p UNION ALL SELECT at, true FROM c) u) v WHERE is_choice AND there > 0 GROUP BY there),"
					 " e AS (SELECT k, sum(m.n / m.there::float8) OVER (ORDER BY r.place DESC) AS chances"
					 "  FROM (SELECT k, row_number() OVER (ORDER BY at, k) AS place FROM p) r LEFT JOIN m ON m.there = r.place),"
					 " n AS (SELECT k, count(*) AS n FROM c GROUP BY k),"
					 " r AS MATERIALIZED (SELECT coalesce(n.n, 0) / e.chances AS v FROM e LEFT JOIN n USING (k)"
					 "  WHERE e.chances >= (SELECT avg(chances) FROM e))"
					 " SELECT unnest(percentile_cont(ARRAY(SELECT i / %d.0::float8 FROM generate_series(0, %d) i)) WITHIN GROUP (ORDER BY v)),"
					 "  (SELECT avg(v) FROM (SELECT v FROM r ORDER BY v DESC LIMIT " INT64_FORMAT ") t), count(*) FROM r",
					 PROFILE - 1, PROFILE - 1, schema->options->k);
	return query.data;
}

/* Find the popularity of the rows of a target that a finding says are chosen after a time. */
static void
find_of(LearnSchema *schema, LearnTable *table, LearnColumn *column, LearnFinding *finding)
{
	const LearnKey *key = finding->operand[0].step[0];
	const LearnTable *target = &schema->table[key->target];
	const LearnStatistics *own = column->statistics;
	const LearnStatistics *other = target->column[finding->operand[0].column].statistics;
	Ages		ages = {0};
	double		scale;
	double		last = 0;
	StringInfoData profile;

	if ((finding->by_chance <= LEARN_BY_CHANCE && finding->spread <= LEARN_NEAR) || finding->operand[0].nsteps != 1 || key->n != 1 || column->kind != LEARN_TIMESTAMP || own == NULL || other == NULL ||
		!learn_rises(own) || !learn_rises(other) || target->tuples < LEAST_ROWS ||
		schema->options->carry == SPINDLE_CARRY_NONE)
		return;
	learn_query(ages_query(schema, table, column, key, finding->operand[0].column), NULL, NULL, read_age, &ages);
	if (ages.n < PROFILE || ages.top <= 0 || ages.rows < Max(LEAST_ROWS, schema->options->k * 5))
		return;

	/* no row is told by how often it was chosen */
	scale = 100 / ages.top;
	initStringInfo(&profile);
	for (int q = 0; q < PROFILE; q++)
	{
		double		value = Min(ages.quantile[q], ages.top) * scale;

		last = Max(last, floor(value * 1000 + 0.5) / 1000);
		appendStringInfo(&profile, "%s%s", q ? ", " : ", \"skew\": {\"profile\": [", learn_number(last));
	}
	appendStringInfoString(&profile, "]}");
	finding->popularity = profile.data;
}

/*
 * learn_find_ages
 *		Find the popularity of all rows that are chosen after a time.
 */
void
learn_find_ages(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
		{
			ListCell   *lc;

			foreach(lc, schema->table[t].column[c].findings)
				if (((LearnFinding *) lfirst(lc))->kind == LEARN_FOUND_OFFSET)
					find_of(schema, &schema->table[t], &schema->table[t].column[c], lfirst(lc));
		}
}
