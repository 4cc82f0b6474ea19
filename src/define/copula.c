/*-------------------------------------------------------------------------
 *
 * copula.c
 *		Columns whose values correlate by rank: the member "copula" of a table.
 *
 * Correlations are given by rank, as they do not depend on the distributions.
 * Those of the normal scores that give them follow by a formula, and how the
 * scores are summed by Cholesky's method.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "define/rule_reader.h"
#include "math/fpmath.h"

/* Copulas of a table, at most: one for every two columns. */
#define MAX_COPULAS		(SPINDLE_MAX_COLUMNS / 2)

/* Correlations that contradict each other are brought down to this part at most. */
#define MIN_SHRUNK		0.8

/* What is left of a variance, at least, so that rounding cannot make it negative. */
#define MIN_VARIANCE	1e-9

#define PI				3.14159265358979323846

/* A symmetric matrix, of which what lies below the diagonal counts. */
typedef double Matrix[SPINDLE_MAX_COPULA][SPINDLE_MAX_COPULA];

/* For weighted values that are sorted: values of an ordered type with their places. */
typedef struct RankedValue
{
	double		number;
	int			place;
} RankedValue;

/* For qsort(): by the number, then by the place. */
static int
compare_ranked(const void *a, const void *b)
{
	const RankedValue *x = a;
	const RankedValue *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->place - y->place;
}

/*
 * The places of a rule's weighted values by rank: in the order of the values if
 * they are numbers or times, else in the order in which they are listed.
 */
static SpindleRanked *
rank_weighted(const SpindleRule *rule)
{
	const int	n = rule->weighted.n;
	const SpindleKind kind = rule->type->kind;
	const bool	is_sorted = kind != SPINDLE_TEXT && kind != SPINDLE_UUID;
	double	   *weight = palloc(sizeof(double) * n);
	RankedValue *value = palloc(sizeof(RankedValue) * n);
	SpindleRankedPiece *piece = palloc(sizeof(SpindleRankedPiece) * n);
	SpindleRanked *ranked;

	spindle_alias_weights(rule->weighted.alias, weight);
	for (int i = 0; i < n; i++)
		value[i] = (RankedValue) {is_sorted ? spindle_value_number(kind, 1.0, rule->weighted.value[i]) : i, i};
	qsort(value, n, sizeof(RankedValue), compare_ranked);
	for (int i = 0; i < n; i++)
		piece[i] = (SpindleRankedPiece) {weight[value[i].place], value[i].place, value[i].place};
	ranked = spindle_ranked_create(piece, n);
	pfree(weight);
	pfree(value);
	pfree(piece);
	return ranked;
}

/* Read "columns", and make their rules part of the copula. */
static void
read_columns(SpindleParse *parse, const SpindleJson *node, SpindleTable *table, SpindleCopula *copula)
{
	SpindleJson columns = spindle_json_member(node, "columns");
	const cJSON *item;

	spindle_json_expect_array(&columns);
	if (spindle_json_size(&columns) < 2 || spindle_json_size(&columns) > SPINDLE_MAX_COPULA)
		spindle_json_error(&columns, NULL, "2 to %d columns are needed.", SPINDLE_MAX_COPULA);
	cJSON_ArrayForEach(item, columns.value)
	{
		SpindleJson m = spindle_json_child(&columns, item, copula->n);
		int			c = spindle_parse_column(parse, &m, table->index);
		SpindleRule *rule = table->column[c].rule;
		bool		is_weighted = rule->kind == SPINDLE_RULE_WEIGHTED;

		if (rule->copula)
			spindle_json_error(&m, NULL, "column \"%s\" is named twice.", table->column[c].name);
		if (!(rule->kind == SPINDLE_RULE_NUMBER || (rule->kind == SPINDLE_RULE_TIME && !rule->time.ordered) ||
			  (is_weighted && rule->weighted.distinct == SPINDLE_DISTINCT_NONE)) || rule->nkeyed > 0)
			spindle_json_error(&m, "Columns can correlate whose own rule is a distribution, weighted without \"distinct\", or time without \"ordered\"; "
							   "all of them without \"keyed_by\".",
							   "the rule of column \"%s\" does not make its values of single draws.", table->column[c].name);
		rule->copula = copula;
		rule->copula_place = copula->n;
		rule->ranked = is_weighted ? rank_weighted(rule) :
			rule->kind == SPINDLE_RULE_NUMBER ? spindle_dist_ranked(&rule->number) : NULL;
		copula->column[copula->n++] = c;
	}
}

/*
 * Read "correlations" as those of the normal scores: of each column but the first
 * one, an array of its correlations with those before it.
 *
 * Normal scores with the correlation r have the rank correlation 6/pi asin(r/2).
 */
static void
read_correlations(const SpindleJson *node, int n, Matrix result)
{
	SpindleJson rows = spindle_json_member(node, "correlations");
	int			i = 1;
	const cJSON *item;

	spindle_json_expect_array(&rows);
	if (spindle_json_size(&rows) != n - 1)
		spindle_json_error(&rows, NULL, "%d arrays are needed, one for each column but the first.", n - 1);
	cJSON_ArrayForEach(item, rows.value)
	{
		SpindleJson row = spindle_json_child(&rows, item, i - 1);
		int			k = 0;
		const cJSON *number;

		spindle_json_expect_array(&row);
		if (spindle_json_size(&row) != i)
			spindle_json_error(&row, NULL, "%d numbers are needed, the correlations with the columns before.", i);
		cJSON_ArrayForEach(number, row.value)
		{
			SpindleJson m = spindle_json_child(&row, number, k);

			result[i][k++] = 2.0 * spindle_sine(PI / 6.0 * spindle_json_number(&m, -1, 1));
		}
		i++;
	}
}

/*
 * The factors of scores with the correlations times by; false if there are no such
 * scores.
 *
 * A column that follows from those before it, such as one with the correlation 1,
 * has a last factor of next to 0.
 */
static bool
factorize(const Matrix correlation, double by, SpindleCopula *copula)
{
	for (int i = 0; i < copula->n; i++)
	{
		double		left = 1;

		for (int k = 0; k < i; k++)
		{
			double		x = correlation[i][k] * by;

			for (int j = 0; j < k; j++)
				x -= copula->factor[i][j] * copula->factor[k][j];
			copula->factor[i][k] = x / copula->factor[k][k];
			left -= copula->factor[i][k] * copula->factor[i][k];
		}
		if (left < -MIN_VARIANCE)
			return false;
		copula->factor[i][i] = sqrt(Max(left, MIN_VARIANCE));
	}
	return true;
}

/*
 * Let the correlations, which may have been rounded or measured one by one, be
 * possible together: multiply them by the largest number up to 1 that makes them
 * so.
 */
static void
settle_correlations(const SpindleJson *node, const Matrix correlation, SpindleCopula *copula)
{
	double		low = 0;
	double		high = 1;
	SpindleJson m = spindle_json_member(node, "correlations");

	if (factorize(correlation, 1, copula))
		return;
	for (int i = 0; i < 40; i++)
	{
		double		middle = low + (high - low) / 2;

		if (factorize(correlation, middle, copula))
			low = middle;
		else
			high = middle;
	}
	if (low < MIN_SHRUNK)
		spindle_json_error(&m, psprintf("All of them multiplied by %.2f would be possible.", floor(low * 100) / 100),
						   "no columns can have these correlations, which contradict each other.");
	(void) factorize(correlation, low, copula);
}

/*
 * spindle_parse_copulas
 *		Read "copula" of a table, whose rules have been read: an array of objects
 *		with "columns" and "correlations".
 */
void
spindle_parse_copulas(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"columns", "correlations", NULL};
	SpindleJson copulas;
	const cJSON *item;

	if (!spindle_json_has(node, "copula"))
		return;
	copulas = spindle_json_member(node, "copula");
	spindle_json_expect_array(&copulas);
	if (spindle_json_size(&copulas) > MAX_COPULAS)
		spindle_json_error(&copulas, NULL, "a table has at most %d.", MAX_COPULAS);
	table->copula = palloc0(sizeof(SpindleCopula) * Max(spindle_json_size(&copulas), 1));
	cJSON_ArrayForEach(item, copulas.value)
	{
		SpindleJson m = spindle_json_child(&copulas, item, table->ncopulas);
		SpindleCopula *copula = &table->copula[table->ncopulas++];
		Matrix		correlation = {{0}};

		spindle_json_expect_object(&m, legal);
		read_columns(parse, &m, table, copula);
		read_correlations(&m, copula->n, correlation);
		settle_correlations(&m, correlation, copula);
	}
}
