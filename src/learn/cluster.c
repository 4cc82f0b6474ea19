/*-------------------------------------------------------------------------
 *
 * cluster.c
 *		Which columns of a table are to be drawn together.
 *
 * They are put together pair by pair, the strongest first, while their tuples cannot be
 * too many.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "learn/data.h"
#include "learn/tuple.h"

/* May the values of a column be those of tuples, as far as all else goes that is decided? */
static bool
is_free(const LearnSchema *schema, const LearnTable *table, int c)
{
	const LearnColumn *column = &table->column[c];
	ListCell   *lc;

	if (column->left_out || column->always_null || column->counts || column->key >= 0 || column->base == NULL || column->differs != LEARN_REPEATS ||
		column->grid >= 0 || column->follows >= 0 || column->variant >= 0 || column->found_rule || column->document ||
		learn_is_in_set(table, c) || !learn_can_read(table, c) || learn_is_refused(schema, table, column->name) ||
		strcmp(column->name, "weight") == 0)
		return false;
	foreach(lc, table->checks)
		if (!((const LearnCheck *) lfirst(lc))->is_settled && bms_is_member(c, ((const LearnCheck *) lfirst(lc))->columns))
			return false;
	return column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT || column->kind == LEARN_BOOL ||
		column->kind == LEARN_TEXT || column->kind == LEARN_ENUM;
}

/* The cluster of a column; a new one of it alone, with so many values, if it has none. */
static LearnCluster *
cluster_of(List **clusters, int column, double values)
{
	ListCell   *lc;
	LearnCluster *cluster;

	foreach(lc, *clusters)
	{
		cluster = lfirst(lc);
		for (int i = 0; i < cluster->n; i++)
			if (cluster->column[i] == column)
				return cluster;
	}
	cluster = palloc0(sizeof(LearnCluster));
	cluster->n = 1;
	cluster->column[0] = column;
	cluster->tuples = values;
	*clusters = lappend(*clusters, cluster);
	return cluster;
}

/* Put the columns of a pair, and those that go with them, together, if they are not too many. */
static void
unite(List **clusters, const LearnPair *pair)
{
	LearnCluster *first = cluster_of(clusters, pair->first, pair->values);
	LearnCluster *second = cluster_of(clusters, pair->second, pair->others);
	double		tuples = pair->is_function && second->n == 1 ? Max(first->tuples, pair->values) : first->tuples * second->tuples;

	if (first == second || first->n + second->n > LEARN_MAX_MEMBERS || tuples > LEARN_MAX_TUPLES)
		return;
	for (int i = 0; i < second->n; i++)
		first->column[first->n++] = second->column[i];
	first->tuples = tuples;
	first->has_function |= second->has_function || pair->is_function;
	*clusters = list_delete_ptr(*clusters, second);
}

/* For list_sort: functions of columns of many values first, then the strongest. */
static int
compare_pairs(const ListCell *a, const ListCell *b)
{
	const LearnPair *x = lfirst(a);
	const LearnPair *y = lfirst(b);

	if (x->is_function != y->is_function)
		return x->is_function ? -1 : 1;
	if (x->is_function && x->values != y->values)
		return y->values - x->values;
	if (!x->is_function && x->strength != y->strength)
		return x->strength > y->strength ? -1 : 1;
	return x->first != y->first ? x->first - y->first : x->second - y->second;
}

/*
 * Is a column one of texts of a known number of which the statistics have not all, so
 * that its rule takes them to be equally frequent, or lacks some?
 */
static bool
is_pool(const LearnSchema *schema, const LearnColumn *column)
{
	static const char begin[] = "{\"kind\": \"pool\"";

	return column->kind == LEARN_TEXT && column->statistics && column->statistics->distinct >= 2 && column->statistics->distinct <= LEARN_MAX_TUPLES &&
		column->base && (strncmp(column->base, begin, strlen(begin)) == 0 ||
						 (schema->options->carry == SPINDLE_CARRY_ALL && column->statistics->nbounds > 0));
}

/*
 * learn_find_clusters
 *		The columns of a table that are to be drawn together, a list of LearnCluster; and
 *		by themselves those whose values are told by numbers alone.
 */
List *
learn_find_clusters(const LearnSchema *schema, const LearnTable *table)
{
	List	   *pairs = NIL;
	List	   *clusters = NIL;
	ListCell   *lc;

	foreach(lc, table->pairs)
	{
		const LearnPair *pair = lfirst(lc);

		if ((pair->is_function || pair->is_associated) && is_free(schema, table, pair->first) && is_free(schema, table, pair->second))
			pairs = lappend(pairs, lfirst(lc));
	}
	list_sort(pairs, compare_pairs);
	foreach(lc, pairs)
		unite(&clusters, lfirst(lc));
	for (int c = 0; c < table->ncolumns; c++)
		if (is_pool(schema, &table->column[c]) && is_free(schema, table, c))
			(void) cluster_of(&clusters, c, table->column[c].statistics->distinct);
	return clusters;
}
