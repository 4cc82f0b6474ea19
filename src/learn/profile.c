/*-------------------------------------------------------------------------
 *
 * profile.c
 *		What the rows of a schema are like, to be compared with another one's.
 *
 * Tables are read as the caller could.  A profile has quantiles of numbers and times,
 * values of numbers that have few, labels of enums, and of texts hashes, lengths and
 * masks: it tells more than a learned definition, and is no document to give away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "learn/profile.h"
#include "server/relation.h"

/* Quantiles of a number, and different values of one that is described by them instead. */
#define QUANTILES	401
#define FEW_VALUES	200

/* Frequent texts, their lengths and masks that are listed. */
#define LISTED		100

/* Bytes of tables and indexes. */
static const char *const size_query =
"SELECT sum(pg_table_size(t.relid)), sum(pg_indexes_size(t.relid)) FROM (SELECT $1::oid AS relid UNION SELECT relid FROM pg_partition_tree($1::oid)) t";

/* In the order of ProfileKind. */
const char *const learn_profile_kind_names[] = {"number", "label", "text", "key", "other"};

/* A list in the profile, and what has been written of it. */
typedef struct Listing
{
	StringInfo	out;
	int			n;
} Listing;

/* A row of numbers as texts. */
typedef struct Numbers
{
	int			n;
	char	   *text[4];
} Numbers;

static void
read_numbers(char *const *value, void *arg)
{
	Numbers    *numbers = arg;

	for (int i = 0; i < numbers->n; i++)
		numbers->text[i] = learn_copy(value[i]);
}

/* A value with its rows, as a member. */
static void
read_member(char *const *value, void *arg)
{
	Listing    *listing = arg;

	appendStringInfo(listing->out, "%s%s: %s", listing->n++ ? ", " : "", learn_quote(value[0]), value[1]);
}

/* A number with others that have it, as a part of a text. */
static void
read_count(char *const *value, void *arg)
{
	Listing    *listing = arg;

	appendStringInfo(listing->out, "%s%s:%s", listing->n++ ? " " : "", value[0], value[1]);
}

/* Do the values of a column identify rows, of this table or another one? */
static bool
is_key(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		if (!set->is_odd && bms_num_members(set->columns) == 1 && bms_is_member(c, set->columns))
			return true;
	}
	foreach(lc, table->keys)
		for (int i = 0; i < ((LearnKey *) lfirst(lc))->n; i++)
			if (((LearnKey *) lfirst(lc))->column[i] == c)
				return true;
	return false;
}

/* Which kind of description a column gets. */
static ProfileKind
kind_of(const LearnTable *table, int c)
{
	if (is_key(table, c))
		return PROFILE_KEY;
	switch (table->column[c].kind)
	{
		case LEARN_INT:
		case LEARN_DECIMAL:
		case LEARN_FLOAT:
		case LEARN_DATE:
		case LEARN_TIMESTAMP:
		case LEARN_TIME:
		case LEARN_INTERVAL:
			return PROFILE_NUMBER;
		case LEARN_BOOL:
		case LEARN_ENUM:
			return PROFILE_LABEL;
		case LEARN_TEXT:
			return PROFILE_TEXT;
		default:
			return PROFILE_OTHER;
	}
}

/*
 * learn_profile_label
 *		A value in a query as it is told: a label as it is, a text by a hash; palloc'd.
 */
const char *
learn_profile_label(const ProfileColumn *column, const char *name)
{
	return column->kind == PROFILE_LABEL ? psprintf("%s::text", name) : psprintf("left(md5(%s::text), 12)", name);
}

/* Write how often values come, the most frequent first. */
static void
write_frequencies(Profile *profile, const char *sample, const char *member, const char *expression, const char *where, const char *order,
				  int limit)
{
	Listing		listing = {profile->out, 0};

	appendStringInfo(profile->out, ", \"%s\": {", member);
	learn_query(psprintf("SELECT v, n FROM (SELECT %s AS v, count(*) AS n FROM %s WHERE %s GROUP BY 1) f ORDER BY %s LIMIT %d",
						 expression, sample, where, order, limit), NULL, NULL, read_member, &listing);
	appendStringInfoChar(profile->out, '}');
}

/* The quantiles or the values of a number. */
static void
describe_number(Profile *profile, const ProfileTable *table, const ProfileColumn *column, const char *name)
{
	const char *number = psprintf("(%s)::float8", learn_as_number(column->column, name));
	const char *where = learn_is_finite(column->column, name);
	Numbers		quantiles = {.n = 1};

	if (column->distinct <= FEW_VALUES)
	{
		write_frequencies(profile, table->sample, "values", number, where, "v", FEW_VALUES);
		return;
	}
	learn_query(psprintf("SELECT percentile_disc((SELECT array_agg(i / %d.0::float8 ORDER BY i) FROM generate_series(0, %d) i))"
						 " WITHIN GROUP (ORDER BY %s) FROM %s WHERE %s", QUANTILES - 1, QUANTILES - 1, number, table->sample, where),
				NULL, NULL, read_numbers, &quantiles);
	if (quantiles.text[0])
		appendStringInfo(profile->out, ", \"quantiles\": [%.*s]", (int) strlen(quantiles.text[0]) - 2, quantiles.text[0] + 1);
}

/* The lengths and masks of texts: letters become a and A, digits 9, runs one of them. */
static void
describe_text(Profile *profile, const ProfileTable *table, const char *name)
{
	const char *where = psprintf("%s IS NOT NULL", name);

	write_frequencies(profile, table->sample, "lengths", psprintf("least(length(%s::text), 1000)", name), where, "n DESC, v", LISTED);
	write_frequencies(profile, table->sample, "masks",
					  psprintf("left(regexp_replace(regexp_replace(regexp_replace(left(%s::text COLLATE \"C\", 200), '[a-z]+', 'a', 'g'), '[A-Z]+', 'A', 'g'), '[0-9]+', '9', 'g'), 40)",
							   name), where, "n DESC, v COLLATE \"C\"", LISTED);
}

/* Describe a column. */
static void
describe_column(Profile *profile, ProfileTable *table, ProfileColumn *column)
{
	const char *name = psprintf("t.%s", learn_column_name(column->column));
	bool		has_values = column->kind != PROFILE_OTHER;
	Numbers		counts = {.n = 3};

	learn_query(psprintf("SELECT count(*), count(%s), %s FROM %s", name,
						 has_values ? psprintf("count(DISTINCT %s)", name) : "0", table->sample), NULL, NULL, read_numbers, &counts);
	column->sampled = strtod(counts.text[0], NULL);
	column->nulls = column->sampled - strtod(counts.text[1], NULL);
	column->distinct = strtod(counts.text[2], NULL);
	appendStringInfo(profile->out, "%s: {\"kind\": \"%s\", \"rows\": %s, \"values_not_null\": %s", learn_quote(column->column->sql_name), learn_profile_kind_names[column->kind],
					 counts.text[0], counts.text[1]);
	if (has_values)
		appendStringInfo(profile->out, ", \"distinct\": %s", counts.text[2]);
	if (column->column->statistics && column->column->statistics->correlation != 0)
		appendStringInfo(profile->out, ", \"correlation\": %s", learn_number(column->column->statistics->correlation));
	if (column->kind == PROFILE_NUMBER)
		describe_number(profile, table, column, name);
	else if (column->kind == PROFILE_LABEL || column->kind == PROFILE_TEXT)
		write_frequencies(profile, table->sample, "frequencies", learn_profile_label(column, name), psprintf("%s IS NOT NULL", name),
						  "n DESC, v COLLATE \"C\"", LISTED);
	if (column->kind == PROFILE_TEXT)
		describe_text(profile, table, name);
}

/*
 * learn_join_condition
 *		The condition that joins rows t with those, p, that they refer to by a foreign
 *		key; palloc'd.
 */
char *
learn_join_condition(const Profile *profile, const LearnTable *table, const LearnKey *key)
{
	const LearnTable *target = &profile->schema->table[key->target];
	StringInfoData join;

	initStringInfo(&join);
	for (int i = 0; i < key->n; i++)
	{
		const LearnColumn *column = &table->column[key->column[i]];
		const LearnColumn *parent = &target->column[key->target_column[i]];

		appendStringInfo(&join, "%st.%s%s p.%s", i ? " AND " : "", learn_column_name(column), learn_equality(column, parent),
						 learn_column_name(parent));
	}
	return join.data;
}

/* Has a foreign key before this one the same columns?  They can refer to several tables at once. */
static bool
is_another(const LearnTable *table, const LearnKey *key)
{
	ListCell   *lc;

	foreach(lc, table->keys)
	{
		const LearnKey *other = lfirst(lc);

		if (other == key)
			break;
		if (other->n == key->n && memcmp(other->column, key->column, sizeof(key->column[0]) * key->n) == 0)
			return true;
	}
	return false;
}

/* Describe how many rows refer to each row of a foreign key's target. */
static void
describe_key(Profile *profile, const ProfileTable *table, const LearnKey *key)
{
	const LearnTable *target = &profile->schema->table[key->target];
	Listing		listing = {profile->out, 0};
	Numbers		orphans = {.n = 1};
	StringInfoData columns;
	StringInfoData where;

	initStringInfo(&columns);
	initStringInfo(&where);
	for (int i = 0; i < key->n; i++)
	{
		const LearnColumn *column = &table->table->column[key->column[i]];

		appendStringInfo(&columns, "%s%s", i ? ", " : "", column->sql_name);
		appendStringInfo(&where, "t.%s IS NOT NULL AND ", learn_column_name(column));
	}
	if (is_another(table->table, key))
		appendStringInfo(&columns, " to %s", target->sql_name);
	learn_query(psprintf("SELECT count(*) FROM %s t WHERE %sNOT EXISTS (SELECT FROM %s p WHERE %s)", learn_relation_name(table->table), where.data,
						 learn_relation_name(target), learn_join_condition(profile, table->table, key)), NULL, NULL, read_numbers, &orphans);
	appendStringInfo(profile->out, "%s: {\"to\": %s, \"parents\": %s, \"orphans\": %s, \"counts\": \"", learn_quote(columns.data), learn_quote(target->sql_name),
					 learn_number(profile->table[key->target].rows), orphans.text[0]);
	(void) learn_ask_families(table->table, key, read_count, &listing);
	appendStringInfoString(profile->out, "\"}");
}

/*
 * learn_can_join
 *		May the caller read all columns of a foreign key, here and there?
 */
bool
learn_can_join(const Profile *profile, const ProfileTable *table, const LearnKey *key)
{
	bool		result = key->target >= 0;

	for (int i = 0; i < key->n && result; i++)
		result = table->table->column[key->column[i]].is_readable &&
			profile->schema->table[key->target].column[key->target_column[i]].is_readable;
	return result;
}

/* Describe the foreign keys of a table. */
static void
describe_keys(Profile *profile, ProfileTable *table)
{
	int			n = 0;
	ListCell   *lc;

	appendStringInfoString(profile->out, "},\n      \"keys\": {");
	foreach(lc, table->table->keys)
	{
		if (!learn_can_join(profile, table, lfirst(lc)))
			continue;
		appendStringInfoString(profile->out, n++ ? ",\n        " : "\n        ");
		describe_key(profile, table, lfirst(lc));
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(profile->out, '}');
}

/* Count the rows of a table, and settle which are looked at; none if the caller may read no column. */
static void
count_rows(Profile *profile, ProfileTable *table)
{
	const char *relation = learn_relation_name(table->table);
	double		most = (double) profile->options->sample_rows;
	bool		is_readable = false;
	Numbers		rows = {.n = 1};

	for (int c = 0; c < table->table->ncolumns; c++)
		is_readable |= table->column[c].column->is_readable;
	table->rows = -1;
	if (!is_readable)
		return;
	learn_query(psprintf("SELECT count(*) FROM %s", relation), NULL, NULL, read_numbers, &rows);
	table->rows = strtod(rows.text[0], NULL);
	table->sample = table->rows <= most ? psprintf("%s t", relation) :
		psprintf("%s t TABLESAMPLE BERNOULLI (%s) REPEATABLE (42)", relation, learn_number(100 * most / table->rows));
}

/* Describe a table. */
static void
describe_table(Profile *profile, ProfileTable *table)
{
	Numbers		size = {.n = 2};
	int			n = 0;

	learn_query(size_query, psprintf("%u", table->table->relid), NULL, read_numbers, &size);
	appendStringInfo(profile->out, "%s: {\"rows\": %s, \"table_bytes\": %s, \"index_bytes\": %s,\n      \"columns\": {", learn_quote(table->table->sql_name),
					 learn_number(table->rows), size.text[0] ? size.text[0] : "0", size.text[1] ? size.text[1] : "0");
	for (int c = 0; c < table->table->ncolumns; c++)
		if (table->column[c].column->is_readable)
		{
			appendStringInfoString(profile->out, n++ ? "},\n        " : "\n        ");
			describe_column(profile, table, &table->column[c]);
			learn_choose_bins(profile, table, c);
			CHECK_FOR_INTERRUPTS();
		}
	appendStringInfoString(profile->out, n > 0 ? "}" : "");
	describe_keys(profile, table);
	learn_write_pairs(profile, table);
	learn_write_queries(profile, table);
	appendStringInfoChar(profile->out, '}');
}

/* The tables of the schema, without partitions. */
static void
prepare_tables(Profile *profile)
{
	LearnSchema *schema = profile->schema;

	profile->table = palloc0(sizeof(ProfileTable) * schema->ntables);
	for (int t = 0; t < schema->ntables; t++)
	{
		ProfileTable *table = &profile->table[t];

		table->table = &schema->table[t];
		table->column = palloc0(sizeof(ProfileColumn) * Max(table->table->ncolumns, 1));
		for (int c = 0; c < table->table->ncolumns; c++)
		{
			table->column[c].column = &table->table->column[c];
			table->column[c].kind = kind_of(table->table, c);
		}
		count_rows(profile, table);
	}
}

/* All of it, in the current memory context. */
static char *
make_profile(const SpindleLearnProfileOptions *options)
{
	SpindleLearnOptions learn = {.schemas = list_make1(unconstify(char *, options->schema)),.has_tables = options->has_tables,.tables = options->tables,
	.read = SPINDLE_LEARN_STATISTICS,.carry = SPINDLE_CARRY_ALL,.k = 2};
	Profile		profile = {.options = options};
	SpindleJson like;
	StringInfoData out;
	int			n = 0;

	if (options->like)
	{
		char	   *utf8 = pg_server_to_any(unconstify(char *, options->like), (int) strlen(options->like), PG_UTF8);

		like = spindle_json_parse(utf8, (int) strlen(utf8), "like_profile");
		profile.like = &like;
	}
	profile.schema = learn_read_catalog(&learn);
	learn_name_all(profile.schema);	/* which names of enums are compared with */
	learn_find_types(profile.schema);
	learn_find_readable(profile.schema);
	prepare_tables(&profile);
	initStringInfo(&out);
	profile.out = &out;
	appendStringInfo(&out, "{\"spindle_profile\": 1, \"schema\": %s,\n  \"tables\": {", learn_quote(options->schema));
	for (int t = 0; t < profile.schema->ntables; t++)
	{
		if (profile.table[t].rows < 0)
			continue;
		appendStringInfoString(&out, n++ ? ",\n    " : "\n    ");
		describe_table(&profile, &profile.table[t]);
	}
	appendStringInfoString(&out, "},\n  \"kinship\": [");
	learn_write_kinship(&profile);
	appendStringInfoString(&out, "]}");
	return out.data;
}

/*
 * spindle_learn_profile
 *		What the rows of a schema are like, as JSON in the server's encoding; palloc'd.
 *
 * Reads as the caller.  Raises what learn_read_catalog() and queries do, and
 * invalid_parameter_value if options->like is no profile.
 */
char *
spindle_learn_profile(const SpindleLearnProfileOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle profile", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	int			level = spindle_learn_settings();
	char	   *profile;

	profile = make_profile(options);
	AtEOXact_GUC(true, level);
	MemoryContextSwitchTo(oldcontext);
	profile = pstrdup(profile);
	MemoryContextDelete(context);
	return profile;
}
