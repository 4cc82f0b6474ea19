/*-------------------------------------------------------------------------
 *
 * pattern.c
 *		Which columns of a row are null together.
 *
 * Columns whose nulls have nothing to do with each other are null by fractions of
 * their own.  Of others the patterns are counted, and become a "variant".  A pattern
 * that fewer than k rows have gives way to the one that is most like it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"

#include "learn/schema.h"

/* Columns whose nulls are looked at together. */
#define MAX_COLUMNS		16

/* Patterns that are kept. */
#define MAX_PATTERNS	200

/* A share of rows by which two columns are null together more or less often than by chance. */
#define MORE_THAN_CHANCE	0.004

/* Columns and the patterns of their nulls. */
typedef struct Patterns
{
	int			ncolumns;
	int			column[MAX_COLUMNS];
	int			group[MAX_COLUMNS]; /* columns of the same have to do with each other */
	double	   *rows;			/* by bits of the columns that are null */
	double		all;
} Patterns;

/* Can the nulls of a column go by a pattern? */
static bool
is_free(const LearnTable *table, const LearnColumn *column)
{
	const LearnKey *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;
	const LearnStatistics *statistics = column->statistics;

	return column->is_readable && !column->not_null && !column->left_out && !column->always_null && column->variant < 0 &&
		column->grid < 0 && column->differs == LEARN_REPEATS && column->found_rule == NULL && statistics && statistics->null_fraction > 0 && statistics->null_fraction < 1 &&
		(statistics->correlation < 0.99 || column->kind == LEARN_TEXT || column->follows >= 0) &&
		!(key && (key->n > 1 || key->is_parent || key->is_distinct || key->is_tree || key->grid >= 0 || key->place != LEARN_OWN));
}

/* A pattern, with its rows. */
static void
read_pattern(char *const *value, void *arg)
{
	Patterns   *patterns = arg;
	double		rows = strtod(value[1], NULL);
	int			bits = 0;

	for (int i = 0; i < patterns->ncolumns; i++)
		bits |= value[0][i] == '1' ? 1 << i : 0;
	patterns->rows[bits] += rows;
	patterns->all += rows;
}

/* Count the rows of each pattern. */
static void
count_patterns(const LearnTable *table, Patterns *patterns)
{
	StringInfoData query;

	patterns->rows = palloc0(sizeof(double) * (1 << patterns->ncolumns));
	initStringInfo(&query);
	for (int i = 0; i < patterns->ncolumns; i++)
		appendStringInfo(&query, "%s(%s IS NULL)::int::text", i ? " || " : "SELECT ", learn_column_name(&table->column[patterns->column[i]]));
	appendStringInfo(&query, ", count(*) FROM %s GROUP BY 1", learn_relation_name(table));
	learn_query(query.data, NULL, NULL, read_pattern, patterns);
}

/* The rows in which all columns of some bits are null. */
static double
null_together(const Patterns *patterns, int bits)
{
	double		rows = 0;

	for (int p = 0; p < 1 << patterns->ncolumns; p++)
		if ((p & bits) == bits)
			rows += patterns->rows[p];
	return rows;
}

/* Put columns into groups: each by itself, but with those that it is null together with more or less often than by chance. */
static void
group_columns(Patterns *patterns)
{
	double		noise = 3 / sqrt(patterns->all);

	for (int i = 0; i < patterns->ncolumns; i++)
		patterns->group[i] = i;
	for (int i = 0; i < patterns->ncolumns; i++)
		for (int k = 0; k < i; k++)
		{
			double		a = null_together(patterns, 1 << i) / patterns->all;
			double		b = null_together(patterns, 1 << k) / patterns->all;
			double		both = null_together(patterns, 1 << i | 1 << k) / patterns->all;
			int			from = patterns->group[i];

			if (fabs(both - a * b) <= Max(MORE_THAN_CHANCE, noise * sqrt(a * (1 - a) * b * (1 - b))) || from == patterns->group[k])
				continue;
			for (int m = 0; m < patterns->ncolumns; m++)
				if (patterns->group[m] == from)
					patterns->group[m] = patterns->group[k];
		}
}

/* Patterns of a group, most rows first. */
typedef struct Pattern
{
	int			bits;
	double		rows;
} Pattern;

static int
compare_patterns(const void *a, const void *b)
{
	const Pattern *x = a;
	const Pattern *y = b;

	return x->rows > y->rows ? -1 : x->rows < y->rows ? 1 : x->bits - y->bits;
}

/*
 * The patterns of the columns of some bits, of at least so many rows each; palloc'd,
 * *n of them.  Rows of others count for the one that differs in fewest columns.
 */
static Pattern *
patterns_of(const Patterns *patterns, int mask, double least, int *n)
{
	Pattern    *pattern = palloc0(sizeof(Pattern) * (1 << patterns->ncolumns));
	int			all = 0;

	for (int p = 0; p < 1 << patterns->ncolumns; p++)
	{
		pattern[p & mask].bits = p & mask;
		pattern[p & mask].rows += patterns->rows[p];
	}
	for (int p = 0; p < 1 << patterns->ncolumns; p++)
		if (pattern[p].rows > 0)
			pattern[all++] = pattern[p];
	qsort(pattern, all, sizeof(Pattern), compare_patterns);
	for (*n = 0; *n < Min(all, MAX_PATTERNS) && pattern[*n].rows >= least; (*n)++)
		;
	for (int p = *n; p < all && *n > 0; p++)
	{
		int			best = 0;

		for (int i = 1; i < *n; i++)
			if (pg_popcount32(pattern[i].bits ^ pattern[p].bits) < pg_popcount32(pattern[best].bits ^ pattern[p].bits))
				best = i;
		pattern[best].rows += pattern[p].rows;
	}
	return pattern;
}

/* Make the patterns of the columns of some bits a variant. */
static void
make_variant(const LearnSchema *schema, LearnTable *table, const Patterns *patterns, int mask)
{
	LearnVariant *variant = palloc0(sizeof(LearnVariant));
	int			n;
	Pattern    *pattern = patterns_of(patterns, mask, schema->options->carry == SPINDLE_CARRY_ALL ? 1 : (double) schema->options->k, &n);
	StringInfoData rule;

	if (n < 2)
		return;
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"variant\", \"variants\": [");
	for (int p = 0; p < n; p++)
	{
		const char *separator = "";

		appendStringInfo(&rule, "%s{\"weight\": %s, \"values\": {", p ? ", " : "",
						 learn_number(Max(floor(pattern[p].rows / patterns->all * 10000 + 0.5), 1)));
		for (int i = 0; i < patterns->ncolumns; i++)
			if (pattern[p].bits & 1 << i)
			{
				appendStringInfo(&rule, "%s%s: null", separator, learn_quote(table->column[patterns->column[i]].name));
				separator = ", ";
			}
		appendStringInfoString(&rule, "}}");
	}
	appendStringInfoString(&rule, "]}");
	for (int i = 0; i < patterns->ncolumns; i++)
		if (mask & 1 << i)
			table->column[patterns->column[i]].variant = list_length(table->variants);
	variant->name = learn_unique_name(&table->names_used, "nulls");
	variant->rule = rule.data;
	variant->is_measured = true;
	table->variants = lappend(table->variants, variant);
}

/* Find the patterns of a table. */
static void
find_table_patterns(const LearnSchema *schema, LearnTable *table)
{
	Patterns	patterns = {0};

	for (int c = 0; c < table->ncolumns && patterns.ncolumns < MAX_COLUMNS; c++)
		if (is_free(table, &table->column[c]))
			patterns.column[patterns.ncolumns++] = c;
	if (patterns.ncolumns < 2)
		return;
	count_patterns(table, &patterns);
	if (patterns.all == 0)
		return;
	group_columns(&patterns);
	for (int g = 0; g < patterns.ncolumns; g++)
	{
		int			mask = 0;

		for (int i = 0; i < patterns.ncolumns; i++)
			mask |= patterns.group[i] == g ? 1 << i : 0;
		if (pg_popcount32(mask) > 1)
			make_variant(schema, table, &patterns, mask);
	}
	pfree(patterns.rows);
}

/*
 * learn_find_patterns
 *		Let columns be null together as often as they are.
 *
 * It is known which columns checks hold together, which keep their patterns.
 */
void
learn_find_patterns(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
		if (!schema->table[t].empty && schema->table[t].is_counted)
			find_table_patterns(schema, &schema->table[t]);
}
