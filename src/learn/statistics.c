/*-------------------------------------------------------------------------
 *
 * statistics.c
 *		What pg_stats tells the caller about columns.
 *
 * The view shows columns that the caller may read, and none of tables whose row
 * security applies to him.  No table of a user is read.  Values are taken as texts,
 * and what becomes of them is for carry.c to decide.
 *
 * Of a partitioned table the statistics of the whole are taken, or else those of
 * the partition that has most rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "compat.h"
#include "learn/query.h"
#include "learn/schema.h"

/* From this correlation on, values are taken to rise with the rows. */
#define RISES	0.99

/* Frequent values and bounds of one column that are kept, each. */
#define MAX_VALUES		1000

/* Bytes of a value beyond which its column is only described by lengths. */
#define MAX_BYTES		1000

static const char *const statistics_query =
"WITH part AS MATERIALIZED ("
"  SELECT r.place, r.oid AS root, c.rows, k.oid, k.relname, n.nspname, k.relkind = 'p' AS is_whole"
"  FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place) JOIN pg_class p ON p.oid = r.oid CROSS JOIN LATERAL"
"   (SELECT r.oid, 1e300::float8 AS rows UNION ALL SELECT l.oid, l.reltuples FROM pg_partition_tree(r.oid) t JOIN pg_class l ON l.oid = t.relid"
"    WHERE p.relkind = 'p' AND t.isleaf AND t.relid <> r.oid) c (oid, rows)"
"   JOIN pg_class k ON k.oid = c.oid JOIN pg_namespace n ON n.oid = k.relnamespace)"
" SELECT DISTINCT ON (p.place, s.attname) p.root, s.attname, s.null_frac, s.n_distinct, s.correlation, s.avg_width,"
"  s.most_common_vals::text, s.most_common_freqs::text, s.histogram_bounds::text,"
"  s.elem_count_histogram[array_length(s.elem_count_histogram, 1)],"
"  (SELECT coalesce(nullif(to_jsonb(a) ->> 'attstattarget', '-1'), (SELECT reset_val FROM pg_settings WHERE name = 'default_statistics_target')) FROM pg_attribute a"
"   WHERE a.attrelid = p.oid AND a.attname = s.attname),"
"  EXISTS (SELECT FROM pg_seclabel b JOIN pg_attribute a ON a.attrelid = b.objoid AND a.attnum = b.objsubid"
"   WHERE b.classoid = 'pg_class'::regclass AND b.objoid IN (p.root, p.oid) AND a.attname = s.attname AND b.provider = 'anon'), p.rows"
" FROM part p JOIN pg_stats s ON s.schemaname = p.nspname AND s.tablename = p.relname AND s.inherited = p.is_whole"
" ORDER BY p.place, s.attname, p.rows DESC, p.nspname, p.relname";

/*
 * The elements of the text of an array, as texts that lie behind each other; *n is set
 * to their number, at most MAX_VALUES.
 */
static char **
elements_of(const char *text, int *n)
{
	ArrayType  *array;
	Datum	   *datums;
	bool	   *nulls;
	char	  **result;
	char	   *buf;
	size_t		size = 0;
	int			all;

	*n = 0;
	if (text == NULL)
		return NULL;
	array = DatumGetArrayTypeP(OidInputFunctionCall(F_ARRAY_IN, unconstify(char *, text), TEXTOID, -1));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &all);
	for (int i = 0; i < all; i++)
		size += nulls[i] ? 0 : VARSIZE_ANY_EXHDR(DatumGetPointer(datums[i])) + 1;
	result = palloc(sizeof(char *) * Max(Min(all, MAX_VALUES), 1));
	buf = palloc(Max(size, 1));
	for (int i = 0; i < all && *n < MAX_VALUES; i++)
	{
		int			len;

		if (nulls[i])
			continue;
		len = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(datums[i]));
		memcpy(buf, VARDATA_ANY(DatumGetPointer(datums[i])), len);
		buf[len] = '\0';
		result[(*n)++] = buf;
		buf += len + 1;
	}
	pfree(datums);
	pfree(nulls);
	pfree(array);
	return result;
}

/*
 * Are texts few enough bytes each to be looked at one by one, and can a definition,
 * which is UTF-8, hold them?  Where the server knows no encoding they can be anything.
 */
static bool
are_usable(char *const *texts, int n)
{
	bool		is_unknown = GetDatabaseEncoding() == PG_SQL_ASCII;

	for (int i = 0; i < n; i++)
	{
		int			len = (int) strlen(texts[i]);

		if (len > MAX_BYTES || (is_unknown && pg_encoding_verifymbstr(PG_UTF8, texts[i], len) != len))
			return false;
	}
	return true;
}

/* A row of statistics_query. */
static void
read_statistics(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];
	LearnStatistics *statistics;
	LearnColumn *column = NULL;
	char	  **frequency;
	int			n;

	for (int c = 0; c < table->ncolumns; c++)
		if (strcmp(table->column[c].sql_name, value[1]) == 0)
			column = &table->column[c];
	if (column == NULL)
		return;
	statistics = palloc0(sizeof(LearnStatistics));
	statistics->null_fraction = value[2] ? strtod(value[2], NULL) : 0;
	statistics->distinct = value[3] ? strtod(value[3], NULL) : 0;
	statistics->correlation = value[4] ? strtod(value[4], NULL) : 0;
	statistics->width = value[5] ? strtod(value[5], NULL) : 0;
	statistics->elements = value[9] ? strtod(value[9], NULL) : -1;
	statistics->sample = 300 * (value[10] ? strtod(value[10], NULL) : 100);
	statistics->is_masked = learn_bool(value[11]);
	statistics->rows = Max(value[12] ? strtod(value[12], NULL) : 0, 0);
	frequency = elements_of(value[7], &n);
	if (!column->element && column->type != JSONBOID && column->type != BYTEAOID)
	{
		statistics->value = elements_of(value[6], &statistics->nvalues);
		statistics->bound = elements_of(value[8], &statistics->nbounds);
	}
	if (statistics->nvalues > n || !are_usable(statistics->value, statistics->nvalues) ||
		!are_usable(statistics->bound, statistics->nbounds))
		statistics->nvalues = statistics->nbounds = 0;
	statistics->frequency = palloc(sizeof(double) * Max(n, 1));
	for (int i = 0; i < n; i++)
		statistics->frequency[i] = strtod(frequency[i], NULL);
	column->statistics = statistics;
}

/*
 * learn_rises
 *		Are the values of a column, whose statistics may be NULL, taken to rise with the
 *		rows?
 */
bool
learn_rises(const LearnStatistics *statistics)
{
	return statistics && statistics->correlation >= RISES;
}

/*
 * learn_read_statistics
 *		Read what the caller may see of the statistics of all tables.
 */
void
learn_read_statistics(LearnSchema *schema, const char *relids)
{
	learn_query(statistics_query, relids, NULL, read_statistics, schema);
}
