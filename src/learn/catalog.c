/*-------------------------------------------------------------------------
 *
 * catalog.c
 *		Tables and columns of some schemas, as the catalogue has them.
 *
 * One query each for tables, columns and enums; constraint.c and partition.c have
 * those about what rows must be like.  All are ordered by names, not OIDs: an
 * equal schema gives an equal definition, wherever it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

#include "learn/query.h"
#include "learn/schema.h"
#include "server/hint.h"

/* Tables that a definition can have. */
#define MAX_TABLES	1000

/*
 * Tables with the rows that they have: of partitions together; as many as their
 * pages hold, if they have never been counted.  Those of extensions are not asked
 * for.
 */
static const char *const tables_query =
"SELECT c.oid, n.nspname, c.relname, c.relkind,"
"  CASE WHEN c.relkind = 'p' THEN"
"    (SELECT sum(CASE WHEN l.reltuples >= 0 THEN l.reltuples WHEN pg_relation_size(l.oid) > 0 THEN pg_relation_size(l.oid) / 100 END)"
"     FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf)"
"  WHEN c.reltuples >= 0 THEN c.reltuples"
"  WHEN c.relkind = 'r' AND pg_relation_size(c.oid) > 0 THEN pg_relation_size(c.oid) / 100 END"
" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
"  AND ($2 IS NULL OR c.relname::text = ANY ($2::text[]) OR n.nspname::text || '.' || c.relname::text = ANY ($2::text[]))"
"  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"
" ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

static const char *const columns_query =
"SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod,"
"  a.attnotnull OR (c.relkind = 'p' AND EXISTS (SELECT FROM pg_partition_tree(r.oid) t JOIN pg_attribute p"
"    ON p.attrelid = t.relid AND p.attname = a.attname AND p.attnotnull AND t.level > 0)), a.atthasdef, a.attidentity, a.attgenerated,"
"  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, a.attcollation"
" FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place) JOIN pg_class c ON c.oid = r.oid JOIN pg_attribute a ON a.attrelid = r.oid"
"  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
" WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY r.place, a.attnum";

static const char *const enums_query =
"SELECT e.enumtypid, e.enumlabel, t.typname FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace"
" WHERE e.enumtypid = ANY ($1::oid[])"
" ORDER BY t.typname COLLATE \"C\", n.nspname COLLATE \"C\", e.enumtypid, e.enumsortorder";

/* Tables while they are read. */
typedef struct TableReader
{
	LearnSchema *schema;
	int			allocated;
} TableReader;

/*
 * learn_find_table
 *		The number of a table, or -1 if it is not learned.
 */
int
learn_find_table(const LearnSchema *schema, Oid relid)
{
	for (int t = 0; t < schema->ntables; t++)
		if (schema->table[t].relid == relid)
			return t;
	return -1;
}

/*
 * learn_find_column
 *		The number of a column, or -1.
 */
int
learn_find_column(const LearnTable *table, AttrNumber attnum)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (table->column[c].attnum == attnum)
			return c;
	return -1;
}

/* A row of tables_query. */
static void
read_table(char *const *value, void *arg)
{
	TableReader *reader = arg;
	LearnSchema *schema = reader->schema;
	LearnTable *table;

	if (schema->ntables == MAX_TABLES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are more than %d tables", MAX_TABLES),
				 errhint("Name some of them in the argument \"tables\".")));
	if (schema->ntables == reader->allocated)
	{
		reader->allocated *= 2;
		schema->table = repalloc(schema->table, sizeof(LearnTable) * reader->allocated);
	}
	table = &schema->table[schema->ntables++];
	memset(table, 0, sizeof(LearnTable));
	table->relid = learn_oid(value[0]);
	table->schema = pstrdup(value[1]);
	table->sql_name = pstrdup(value[2]);
	table->relkind = value[3][0];
	table->tuples = value[4] ? strtod(value[4], NULL) : -1;
	table->key_column = -1;
}

/* A row of columns_query. */
static void
read_column(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];
	LearnColumn *column;

	/* room for one more whenever the number is 0 or a power of two */
	if ((table->ncolumns & (table->ncolumns - 1)) == 0)
		table->column = table->ncolumns == 0 ? palloc(sizeof(LearnColumn)) :
			repalloc(table->column, sizeof(LearnColumn) * table->ncolumns * 2);
	column = &table->column[table->ncolumns++];
	memset(column, 0, sizeof(LearnColumn));
	column->attnum = (AttrNumber) learn_int(value[1]);
	column->sql_name = pstrdup(value[2]);
	column->declared = column->type = learn_oid(value[3]);
	column->typmod = learn_int(value[4]);
	column->type = getBaseTypeAndTypmod(column->declared, &column->typmod);
	column->element = get_element_type(column->type);
	column->not_null = learn_bool(value[5]);
	column->has_default = learn_bool(value[6]) || value[7][0] != '\0';
	column->is_generated = value[8][0] != '\0';
	column->default_text = learn_copy(value[9]);
	column->collation = learn_oid(value[10]);
	column->counts = value[7][0] != '\0' || (value[9] && strncmp(value[9], "nextval(", 8) == 0);
	column->key = column->grid = column->follows = column->variant = -1;
	column->limits.max_length = -1;
}

/* The OIDs of tables as the text of an array, palloc'd. */
static char *
relids_of(const LearnSchema *schema)
{
	StringInfoData relids;

	initStringInfo(&relids);
	appendStringInfoChar(&relids, '{');
	for (int t = 0; t < schema->ntables; t++)
		appendStringInfo(&relids, "%s%u", t ? "," : "", schema->table[t].relid);
	appendStringInfoChar(&relids, '}');
	return relids.data;
}

/* A row of enums_query. */
static void
read_label(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	Oid			oid = learn_oid(value[0]);
	LearnEnum  *last = schema->enums ? llast(schema->enums) : NULL;

	if (last == NULL || last->oid != oid)
	{
		last = palloc0(sizeof(LearnEnum));
		last->oid = oid;
		last->name = pstrdup(value[2]);
		schema->enums = lappend(schema->enums, last);
	}
	last->labels = lappend(last->labels, pstrdup(value[1]));
}

/* The enums that columns, or the elements of arrays, have. */
static void
read_enums(LearnSchema *schema)
{
	StringInfoData oids;

	initStringInfo(&oids);
	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
		{
			const LearnColumn *column = &schema->table[t].column[c];
			Oid			type = column->element ? column->element : column->type;

			if (type_is_enum(type))
				appendStringInfo(&oids, "%s%u", oids.len ? "," : "{", type);
		}
	if (oids.len)
	{
		appendStringInfoChar(&oids, '}');
		learn_query(enums_query, oids.data, NULL, read_label, schema);
	}
}

/* The names of tables that are there, for names that are not. */
typedef struct NameSearch
{
	List	   *names;
} NameSearch;

static void
read_name(char *const *value, void *arg)
{
	NameSearch *search = arg;

	search->names = lappend(search->names, pstrdup(value[0]));
}

/* Raise an error for a schema that does not exist. */
static void
check_schemas(const SpindleLearnOptions *options)
{
	NameSearch	search = {NIL};
	ListCell   *lc;

	learn_query("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY nspname COLLATE \"C\"", NULL, NULL,
				read_name, &search);
	foreach(lc, options->schemas)
	{
		const char *name = lfirst(lc);
		bool		exists = false;
		ListCell   *ln;

		foreach(ln, search.names)
			exists |= strcmp(lfirst(ln), name) == 0;
		if (!exists)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_SCHEMA),
					 errmsg("schema \"%s\" does not exist", name),
					 errhint("%s", spindle_names_hint(name, search.names, "Schemas"))));
	}
}

/* Raise an error for a table that was asked for and is not there. */
static void
check_tables(const LearnSchema *schema)
{
	ListCell   *lc;

	foreach(lc, schema->options->tables)
	{
		const char *name = lfirst(lc);
		bool		exists = false;
		NameSearch	search = {NIL};

		for (int t = 0; t < schema->ntables && !exists; t++)
			exists = strcmp(schema->table[t].sql_name, name) == 0 ||
				strcmp(psprintf("%s.%s", schema->table[t].schema, schema->table[t].sql_name), name) == 0;
		if (exists)
			continue;
		learn_query("SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
					" WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
					" ORDER BY c.relname COLLATE \"C\"", learn_array(schema->options->schemas), NULL, read_name, &search);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist in the schemas", name),
				 errhint("%s", spindle_names_hint(name, search.names, "Tables"))));
	}
	if (schema->ntables == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there are no tables to learn"),
				 errdetail("Only tables and partitioned tables are learned, and none of an extension.")));
}

/*
 * learn_read_catalog
 *		Read what the catalogue says about the tables of some schemas; palloc'd.
 *
 * Raises undefined_schema and undefined_table for names that do not exist, and if
 * there is no table, and program_limit_exceeded if there are too many.
 */
LearnSchema *
learn_read_catalog(const SpindleLearnOptions *options)
{
	LearnSchema *schema = palloc0(sizeof(LearnSchema));
	TableReader reader = {schema, 64};
	char	   *relids;

	check_schemas(options);
	schema->options = options;
	schema->first_day = LEARN_FIRST_DAY;
	schema->end_day = LEARN_END_DAY;
	schema->table = palloc(sizeof(LearnTable) * reader.allocated);
	learn_query(tables_query, learn_array(options->schemas), options->has_tables ? learn_array(options->tables) : NULL,
				read_table, &reader);
	check_tables(schema);
	relids = relids_of(schema);
	learn_query(columns_query, relids, NULL, read_column, schema);
	read_enums(schema);
	learn_read_constraints(schema, relids);
	learn_read_partitions(schema, relids);
	if (options->read >= SPINDLE_LEARN_STATISTICS)
		learn_read_statistics(schema, relids);
	return schema;
}
