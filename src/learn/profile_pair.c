/*-------------------------------------------------------------------------
 *
 * profile_pair.c
 *		How values of two columns come together, in a table, or in a row and the one
 *		that it refers to.
 *
 * Values fall into up to 20 bins of a column: each of the values if these are few, else
 * tenths of them.  A query gives a letter for the bin of each column and row, and the
 * pairs are counted here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "learn/profile.h"

/* Equal parts of values that are many. */
#define PARTS	10

/* Different texts of a column that has bins, at most. */
#define MAX_TEXTS	50

/* Columns of each side of a foreign key that are looked at together. */
#define KIN		4

/* How rows are counted by the bins of pairs of columns. */
typedef struct Cells
{
	int			ncolumns;
	int			pair[PROFILE_BINNED][PROFILE_BINNED];	/* number of a pair, or -1 */
	int64	   *count;			/* by pair, then by both bins */
} Cells;

/* What a query of bins gives, until it is taken over. */
typedef struct Bins
{
	int			n;
	char	   *bin[PROFILE_BINS + 1];
} Bins;

static void
read_bin(char *const *value, void *arg)
{
	Bins	   *bins = arg;

	if (bins->n < lengthof(bins->bin) && value[0])
		bins->bin[bins->n++] = pstrdup(value[0]);
}

/* The bins that a column has by its own values. */
static void
own_bins(const ProfileTable *table, const ProfileColumn *column, Bins *bins)
{
	const char *name = psprintf("t.%s", learn_column_name(column->column));

	if (column->kind != PROFILE_NUMBER)
		learn_query(psprintf("SELECT %s FROM %s WHERE %s IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, %s COLLATE \"C\" LIMIT %d",
							 learn_profile_label(column, name), table->sample, name, learn_profile_label(column, name), PROFILE_BINS),
					NULL, NULL, read_bin, bins);
	else if (column->distinct <= PROFILE_BINS)
		learn_query(psprintf("SELECT DISTINCT (%s)::float8 FROM %s WHERE %s ORDER BY 1", learn_as_number(column->column, name), table->sample,
							 learn_is_finite(column->column, name)), NULL, NULL, read_bin, bins);
	else
		learn_query(psprintf("SELECT DISTINCT b FROM (SELECT unnest(percentile_disc((SELECT array_agg(i / %d.0::float8) FROM generate_series(1, %d) i))"
							 " WITHIN GROUP (ORDER BY (%s)::float8)) AS b FROM %s WHERE %s) p ORDER BY b", PARTS, PARTS - 1,
							 learn_as_number(column->column, name), table->sample, learn_is_finite(column->column, name)),
					NULL, NULL, read_bin, bins);
}

/* Is a text nothing but a finite number? */
static bool
is_number(const char *text)
{
	char	   *end;

	return strspn(text, "+-.0123456789eE") == strlen(text) && isfinite(strtod(text, &end)) && end != text && *end == '\0';
}

/* Is a column of another profile described as one of ours is?  It may have another type there. */
static bool
has_kind(const SpindleJson *object, const ProfileColumn *column)
{
	SpindleJson kind;

	if (!spindle_json_has(object, "kind"))
		return true;
	kind = spindle_json_member(object, "kind");
	return strcmp(spindle_json_string(&kind), learn_profile_kind_names[column->kind]) == 0;
}

/* The bins of a column in another profile; false if that has none. */
static bool
bins_like(const Profile *profile, const ProfileTable *table, const ProfileColumn *column, Bins *bins, bool *is_whole)
{
	SpindleJson at = profile->like ? *profile->like : (SpindleJson) {0};
	SpindleJson up[5];
	const char *const path[] = {"tables", table->table->sql_name, "columns", column->column->sql_name, "bins"};
	const cJSON *item;

	if (profile->like == NULL)
		return false;
	for (int i = 0; i < lengthof(path); i++)
	{
		char	   *name = pg_server_to_any(unconstify(char *, path[i]), (int) strlen(path[i]), PG_UTF8);

		if (!cJSON_IsObject(at.value) || !spindle_json_has(&at, name))
			return false;
		if (i == lengthof(path) - 1)
		{
			if (!has_kind(&at, column))
				return false;
			*is_whole = spindle_json_has(&at, "whole_bins");
		}
		up[i] = at;
		at = spindle_json_member(&up[i], name);
	}
	spindle_json_expect_array(&at);
	cJSON_ArrayForEach(item, at.value)
	{
		SpindleJson bin = spindle_json_child(&at, item, bins->n);
		char	   *text = spindle_json_string(&bin);

		if (bins->n == PROFILE_BINS)
			spindle_json_error(&at, NULL, "there are more than %d bins.", PROFILE_BINS);
		if (column->kind == PROFILE_NUMBER && !is_number(text))
			spindle_json_error(&bin, NULL, "it is no number.");
		bins->bin[bins->n++] = pg_any_to_server(text, (int) strlen(text), PG_UTF8);
	}
	return bins->n > 0;
}

/* Are most of the texts that are frequent here frequent there, too?  Else names stand for others. */
static bool
are_alike(const Bins *own, const Bins *other)
{
	int			n = 0;

	for (int i = 0; i < own->n; i++)
		for (int k = 0; k < other->n; k++)
			n += strcmp(own->bin[i], other->bin[k]) == 0;
	return n * 2 >= own->n;
}

/*
 * learn_choose_bins
 *		Find the bins of a column, those of the other profile if there is one, and write
 *		them down; it gets none if it is a key, or pairs of it say nothing.
 */
void
learn_choose_bins(Profile *profile, ProfileTable *table, int c)
{
	ProfileColumn *column = &table->column[c];
	Bins		bins = {0};
	Bins		own = {0};
	bool		has_like;

	column->is_whole = column->kind != PROFILE_NUMBER || column->distinct <= PROFILE_BINS;
	has_like = bins_like(profile, table, column, &bins, &column->is_whole);
	if (!has_like && (column->distinct < 2 || (column->kind == PROFILE_TEXT && column->distinct > MAX_TEXTS)))
		return;
	if (table->nbinned == PROFILE_BINNED || column->kind == PROFILE_OTHER || column->kind == PROFILE_KEY)
		return;
	if (!has_like || column->kind == PROFILE_TEXT)
	{
		own_bins(table, column, &own);
		if (!has_like || !are_alike(&own, &bins))
			bins = own;
	}
	column->nbins = Min(bins.n, PROFILE_BINS);
	if (column->nbins == 0)
		return;
	table->binned[table->nbinned++] = c;
	memcpy(column->bin, bins.bin, sizeof(char *) * column->nbins);
	for (int i = 0; i < column->nbins; i++)
		appendStringInfo(profile->out, "%s%s", i ? ", " : ", \"bins\": [", learn_quote(column->bin[i]));
	appendStringInfo(profile->out, "]%s", column->is_whole ? ", \"whole_bins\": true" : "");
}

/* The bins of a column as an array in a query. */
static char *
array_of(const ProfileColumn *column)
{
	List	   *texts = NIL;

	for (int i = 0; i < column->nbins; i++)
		texts = lappend(texts, column->bin[i]);
	return quote_literal_cstr(learn_array(texts));
}

/* The letter of the bin of a column in a query. */
static const char *
letter_of(const ProfileColumn *column, const char *alias)
{
	const char *name = psprintf("%s.%s", alias, learn_column_name(column->column));

	if (column->kind == PROFILE_NUMBER)
		return psprintf("CASE WHEN %s THEN chr(66 + width_bucket((%s)::float8, %s::float8[])) ELSE 'A' END", learn_is_finite(column->column, name),
						learn_as_number(column->column, name), array_of(column));
	return psprintf("CASE WHEN %s IS NULL THEN 'A' ELSE chr(66 + coalesce(array_position(%s::text[], %s), 0)) END", name, array_of(column),
					learn_profile_label(column, name));
}

/* A row of letters. */
static void
read_letters(char *const *value, void *arg)
{
	Cells	   *cells = arg;

	for (int i = 0; i < cells->ncolumns; i++)
		for (int k = 0; k < i; k++)
			if (cells->pair[k][i] >= 0)
				cells->count[(cells->pair[k][i] * PROFILE_LETTERS + value[0][k] - 'A') * PROFILE_LETTERS + value[0][i] - 'A']++;
}

/* Write the cells of a pair that have rows. */
static void
write_cells(StringInfo out, const Cells *cells, int pair)
{
	bool		is_first = true;

	for (int a = 0; a < PROFILE_LETTERS; a++)
		for (int b = 0; b < PROFILE_LETTERS; b++)
		{
			int64		n = cells->count[(pair * PROFILE_LETTERS + a) * PROFILE_LETTERS + b];

			if (n > 0)
				appendStringInfo(out, "%s%c%c:" INT64_FORMAT, is_first ? "" : " ", 'A' + a, 'A' + b, n);
			is_first &= n == 0;
		}
}

/* Do the bins of two columns have an order each? */
static bool
are_ordered(const ProfileColumn *a, const ProfileColumn *b)
{
	return a->kind == PROFILE_NUMBER && b->kind == PROFILE_NUMBER;
}

/*
 * learn_write_pairs
 *		Count how values of all pairs of columns that have bins come together in a row.
 */
void
learn_write_pairs(Profile *profile, ProfileTable *table)
{
	Cells		cells = {.ncolumns = table->nbinned};
	int			npairs = 0;
	StringInfoData query;

	appendStringInfoString(profile->out, ",\n      \"pairs\": [");
	initStringInfo(&query);
	for (int i = 0; i < table->nbinned; i++)
	{
		appendStringInfo(&query, "%s%s", i ? " || " : "SELECT ", letter_of(&table->column[table->binned[i]], "t"));
		for (int k = 0; k < i; k++)
			cells.pair[k][i] = npairs++;
	}
	if (npairs > 0)
	{
		cells.count = palloc0(sizeof(int64) * npairs * PROFILE_LETTERS * PROFILE_LETTERS);
		learn_query(psprintf("%s FROM %s", query.data, table->sample), NULL, NULL, read_letters, &cells);
	}
	for (int i = 0; i < table->nbinned; i++)
		for (int k = 0; k < i; k++)
		{
			const ProfileColumn *a = &table->column[table->binned[k]];
			const ProfileColumn *b = &table->column[table->binned[i]];

			appendStringInfo(profile->out, "%s\n        {\"columns\": [%s, %s], \"ordered\": %s, \"cells\": \"", i > 1 || k ? "," : "",
							 learn_quote(a->column->sql_name), learn_quote(b->column->sql_name), are_ordered(a, b) ? "true" : "false");
			write_cells(profile->out, &cells, cells.pair[k][i]);
			appendStringInfoString(profile->out, "\"}");
		}
	appendStringInfoChar(profile->out, ']');
	if (cells.count)
		pfree(cells.count);
}

/* Count how values of a row and of the one that it refers to come together. */
static void
write_kin(Profile *profile, ProfileTable *table, const LearnKey *key, int *n)
{
	ProfileTable *parent = &profile->table[key->target];
	int			own = Min(table->nbinned, KIN);
	int			theirs = Min(parent->nbinned, KIN);
	Cells		cells = {.ncolumns = own + theirs};
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < own + theirs; i++)
	{
		appendStringInfo(&query, "%s%s", i ? " || " : "SELECT ", i < own ? letter_of(&table->column[table->binned[i]], "t") :
						 letter_of(&parent->column[parent->binned[i - own]], "p"));
		for (int k = 0; k < i; k++)
			cells.pair[k][i] = k < own && i >= own ? k * theirs + i - own : -1;
	}
	appendStringInfo(&query, " FROM %s JOIN %s p ON %s", table->sample, learn_relation_name(parent->table),
					 learn_join_condition(profile, table->table, key));
	cells.count = palloc0(sizeof(int64) * own * theirs * PROFILE_LETTERS * PROFILE_LETTERS);
	learn_query(query.data, NULL, NULL, read_letters, &cells);
	for (int i = 0; i < own; i++)
		for (int k = 0; k < theirs; k++)
		{
			const ProfileColumn *a = &table->column[table->binned[i]];
			const ProfileColumn *b = &parent->column[parent->binned[k]];

			appendStringInfo(profile->out, "%s\n    {\"table\": %s, \"parents\": %s, \"key\": %s, \"columns\": [%s, %s], \"ordered\": %s, \"cells\": \"", (*n)++ ? "," : "",
							 learn_quote(table->table->sql_name), learn_number(parent->rows), learn_quote(table->table->column[key->column[0]].sql_name),
							 learn_quote(a->column->sql_name), learn_quote(psprintf("%s.%s", parent->table->sql_name, b->column->sql_name)),
							 are_ordered(a, b) ? "true" : "false");
			write_cells(profile->out, &cells, i * theirs + k);
			appendStringInfoString(profile->out, "\"}");
		}
	pfree(cells.count);
}

/*
 * learn_write_kinship
 *		The same for all foreign keys, once all tables have bins.
 */
void
learn_write_kinship(Profile *profile)
{
	int			n = 0;

	for (int t = 0; t < profile->schema->ntables; t++)
	{
		ProfileTable *table = &profile->table[t];
		ListCell   *lc;

		foreach(lc, table->rows > 0 ? table->table->keys : NIL)
		{
			const LearnKey *key = lfirst(lc);

			if (learn_can_join(profile, table, key) && table->nbinned > 0 && profile->table[key->target].nbinned > 0)
				write_kin(profile, table, key, &n);
			CHECK_FOR_INTERRUPTS();
		}
	}
}
