/*-------------------------------------------------------------------------
 *
 * ddl.c
 *		Statements that make tables of a domain.
 *
 * The same texts are run by spindle_seed and printed for people who load files
 * elsewhere.  Indexes and constraints get the names that the server would
 * choose, but explicitly, so that a script says how to drop them.  All names are
 * quoted where SQL needs it.  Statements have no semicolon at the end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "seed/ddl.h"

/* Is a name in a list of strings? */
static bool
is_taken(const List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
		return true;
	return false;
}

/*
 * A name made of others, cut to what the server allows, that is not taken yet.
 * A number makes it differ where two long names are the same after the cut.
 * Appends it to *names.  palloc'd.
 */
static char *
choose_name(List **names, const char *table, const char *column, const char *label)
{
	char	   *name = makeObjectName(table, column, label);

	for (int i = 1; is_taken(*names, name); i++)
		name = makeObjectName(table, column, psprintf("%s%d", label, i));
	*names = lappend(*names, name);
	return name;
}

/* Are all columns of a key visible?  Only then can it be one of the table. */
static bool
is_visible_key(const SpindleTable *table)
{
	for (int k = 0; k < table->nkeys; k++)
		if (table->column[table->key[k]].hidden)
			return false;
	return table->nkeys > 0;
}

/*
 * Does an index find the rows that have given values in some columns?  It does if
 * they are its first ones, in any order.
 */
static bool
serves(const SpindleDdlIndex *index, const SpindleForeignKey *key)
{
	if (index->columns.n < key->ncolumns)
		return false;
	for (int i = 0; i < key->ncolumns; i++)
	{
		bool		found = false;

		for (int k = 0; k < key->ncolumns; k++)
			found |= index->columns.column[i] == key->column[k];
		if (!found)
			return false;
	}
	return true;
}

/*
 * The indexes of a table: of its key, its unique sets, and of those foreign keys
 * that none of the others serves.  They have no names yet.
 */
static void
list_indexes(SpindleDdl *ddl, int t)
{
	const SpindleTable *table = &ddl->domain->table[t];
	SpindleDdlIndex *index = palloc0(sizeof(SpindleDdlIndex) * (1 + table->nunique + table->nforeign_keys));
	int			n = 0;

	if (is_visible_key(table))
		index[n++] = (SpindleDdlIndex) {.kind = SPINDLE_INDEX_PRIMARY,.columns = {table->nkeys, table->key}};
	for (int u = 0; u < table->nunique; u++)
		index[n++] = (SpindleDdlIndex) {.kind = SPINDLE_INDEX_UNIQUE,.columns = table->unique[u]};
	for (int k = 0; k < table->nforeign_keys; k++)
	{
		const SpindleForeignKey *key = &table->foreign_key[k];
		bool		served = false;

		for (int i = 0; i < n; i++)
			served |= serves(&index[i], key);
		if (!served)
			index[n++] = (SpindleDdlIndex) {.kind = SPINDLE_INDEX_PLAIN,.columns = {key->ncolumns, key->column}};
	}
	ddl->nindexes[t] = n;
	ddl->index[t] = index;
}

/* The names of some columns, with a separator between them, palloc'd; quoted or not. */
static char *
column_names(const SpindleTable *table, const int *column, int n, const char *separator, bool quoted)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < n; i++)
	{
		const char *name = table->column[column[i]].sql_name;

		appendStringInfo(&buf, "%s%s", i ? separator : "", quoted ? quote_identifier(name) : name);
	}
	return buf.data;
}

/*
 * Choose the names of what begins with a column of a table: NOT NULL, which is a
 * list of its own, indexes, then foreign keys.
 */
static void
name_column(SpindleDdl *ddl, const SpindleTable *table, int c, List **not_null_names)
{
	const SpindleColumn *column = &table->column[c];
	const int	t = table->index;

	/*
	 * No relation has such a name, so they are a list of their own; and the
	 * server heeds those of tables that are made.
	 */
	if (!column->hidden && !column->nullable && ddl->selected[t])
		ddl->not_null_name[t][c] = choose_name(not_null_names, table->sql_name, column->sql_name, "not_null");
	for (int i = 0; i < ddl->nindexes[t]; i++)
	{
		static const char *const labels[] = {"pkey", "key", "idx"};
		SpindleDdlIndex *index = &ddl->index[t][i];

		if (index->columns.column[0] == c)
			index->name = choose_name(&ddl->names, table->sql_name, index->kind == SPINDLE_INDEX_PRIMARY ? NULL :
									  column_names(table, index->columns.column, index->columns.n, "_", false),
									  labels[index->kind]);
	}
	for (int k = 0; k < table->nforeign_keys; k++)
	{
		const SpindleForeignKey *key = &table->foreign_key[k];

		if (key->column[0] == c)
			ddl->foreign_key_name[t][k] = choose_name(&ddl->names, table->sql_name,
													  column_names(table, key->column, key->ncolumns, "_", false), "fkey");
	}
}

/*
 * All selected tables get into one schema.  Raises duplicate_table if two of them
 * have the same name.
 */
static void
refuse_equal_names(const SpindleDomain *domain, const bool *selected)
{
	for (int t = 0; t < domain->ntables; t++)
		for (int other = 0; other < t; other++)
			if (selected[t] && selected[other] && strcmp(domain->table[t].sql_name, domain->table[other].sql_name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_TABLE),
						 errmsg("tables \"%s\" and \"%s\" of spindle domain \"%s\" are both called \"%s\"",
								domain->table[other].name, domain->table[t].name, domain->name,
								domain->table[t].sql_name),
						 errhint("Choose one of them by the argument \"tables\", and another schema for the other one.")));
}

/*
 * spindle_ddl_create
 *		Prepare statements for the selected tables of a domain in a schema.
 *
 * All arguments are kept.  Allocates in the current memory context.  Raises
 * duplicate_table if two of the tables have the same name in SQL.
 *
 * Names are chosen for all tables, selected or not, so that they do not depend
 * on the selection; but for those of NOT NULL constraints.
 */
SpindleDdl *
spindle_ddl_create(const SpindleDomain *domain, const char *schema, const bool *selected,
				   bool is_logged)
{
	SpindleDdl *ddl = palloc0(sizeof(SpindleDdl));
	List	   *not_null_names = NIL;

	refuse_equal_names(domain, selected);
	ddl->domain = domain;
	ddl->schema = schema;
	ddl->selected = selected;
	ddl->is_logged = is_logged;
	ddl->nindexes = palloc0(sizeof(int) * domain->ntables);
	ddl->index = palloc0(sizeof(SpindleDdlIndex *) * domain->ntables);
	ddl->foreign_key_name = palloc0(sizeof(char **) * domain->ntables);
	ddl->not_null_name = palloc0(sizeof(char **) * domain->ntables);
	for (int t = 0; t < domain->ntables; t++)
		ddl->names = lappend(ddl->names, domain->table[t].sql_name);
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];

		list_indexes(ddl, t);
		ddl->foreign_key_name[t] = palloc0(sizeof(char *) * Max(table->nforeign_keys, 1));
		ddl->not_null_name[t] = palloc0(sizeof(char *) * table->ncolumns);
		for (int c = 0; c < table->ncolumns; c++)
			name_column(ddl, table, c, &not_null_names);
	}
	return ddl;
}

/* The name that a table has for now, not quoted. */
char *
spindle_ddl_name(const SpindleDdl *ddl, int table)
{
	return ddl->staging ? psprintf("%s_%d", ddl->staging, table) : ddl->domain->table[table].sql_name;
}

/* The name that an index has for now, not quoted. */
char *
spindle_ddl_index_name(const SpindleDdl *ddl, int table, int index)
{
	return ddl->staging ? psprintf("%s_%d_%d", ddl->staging, table, index) :
		unconstify(char *, ddl->index[table][index].name);
}

/* A name with the schema, as SQL writes it. */
char *
spindle_ddl_qualified(const SpindleDdl *ddl, const char *name)
{
	return quote_qualified_identifier(ddl->schema, name);
}

/* The name that a table has for now, with the schema, as SQL writes it. */
static char *
qualified_table(const SpindleDdl *ddl, int table)
{
	return spindle_ddl_qualified(ddl, spindle_ddl_name(ddl, table));
}

/*
 * A type by the name that the definition has for it.  One that is run gets its
 * schema; it is the type that a statement of the caller's would find.  Raises
 * undefined_object.
 */
static const char *
named_type(const SpindleDdl *ddl, const char *name)
{
	Oid			type;
	int32		typmod;

	if (!ddl->is_run)
		return name;
	if (!spindle_find_type(name, &type, &typmod))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type \"%s\" does not exist", name)));
	return format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/*
 * The type of a column, such that no type of the user's can come in its way.
 * For a script it is the name that the definition has.
 */
static const char *
type_name(const SpindleDdl *ddl, const SpindleType *type)
{
	if (type->user_type)
		return psprintf("%s%s", spindle_ddl_qualified(ddl, type->user_type->name), type->is_user_array ? "[]" : "");
	if (type->sql_type)
		return named_type(ddl, type->sql_type);
	return ddl->is_run ? format_type_extended(type->oid, type->typmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY) : type->name;
}

/*
 * NOT NULL, or nothing.  From PostgreSQL 18 on it is a constraint with a name,
 * which the server makes of the table's.  That of a table which has a provisional
 * name we say ourselves; older servers read over it.
 */
static char *
not_null(const SpindleDdl *ddl, int table, int column)
{
	const char *name = ddl->not_null_name[table][column];

	if (name == NULL)
		return "";
	return ddl->staging ? psprintf(" CONSTRAINT %s NOT NULL", quote_identifier(name)) : " NOT NULL";
}

/* CREATE TABLE, one column a line. */
char *
spindle_ddl_table(const SpindleDdl *ddl, int table)
{
	const SpindleTable *t = &ddl->domain->table[table];
	StringInfoData buf;
	bool		first = true;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE %sTABLE %s (", ddl->is_logged ? "" : "UNLOGGED ",
					 qualified_table(ddl, table));
	for (int c = 0; c < t->ncolumns; c++)
	{
		const SpindleColumn *column = &t->column[c];

		if (column->hidden)
			continue;
		appendStringInfo(&buf, "%s\n    %s %s%s", first ? "" : ",", quote_identifier(column->sql_name),
						 type_name(ddl, &column->type), not_null(ddl, table, c));
		first = false;
	}
	appendStringInfoString(&buf, "\n)");
	return buf.data;
}

/*
 * A text of the definition, which is in UTF-8, as a literal.  Raises
 * untranslatable_character if the server's encoding lacks a character.
 */
static char *
text_literal(const char *text)
{
	return quote_literal_cstr(pg_any_to_server(text, (int) strlen(text), PG_UTF8));
}

/*
 * spindle_ddl_needs_type
 *		Has a column of the selected tables a type that the definition declares,
 *		by its number?
 */
bool
spindle_ddl_needs_type(const SpindleDdl *ddl, int type)
{
	for (int t = 0; t < ddl->domain->ntables; t++)
		for (int c = 0; ddl->selected[t] && c < ddl->domain->table[t].ncolumns; c++)
		{
			const SpindleColumn *column = &ddl->domain->table[t].column[c];

			if (!column->hidden && column->type.user_type == &ddl->domain->type[type])
				return true;
		}
	return false;
}

/*
 * spindle_ddl_type
 *		CREATE TYPE or CREATE DOMAIN of a type that the definition declares.  One
 *		that is run means the server's own objects by the names in its check.
 */
char *
spindle_ddl_type(const SpindleDdl *ddl, int type)
{
	const SpindleUserType *t = &ddl->domain->type[type];
	const char *name = spindle_ddl_qualified(ddl, t->name);
	StringInfoData buf;

	initStringInfo(&buf);
	if (t->base)
	{
		appendStringInfo(&buf, "CREATE DOMAIN %s AS %s", name, named_type(ddl, t->base));
		if (t->check)
			appendStringInfo(&buf, " CHECK (%s)", pg_any_to_server(t->check, (int) strlen(t->check), PG_UTF8));
		return buf.data;
	}
	appendStringInfo(&buf, "CREATE TYPE %s AS ENUM (", name);
	for (int i = 0; i < t->nlabels; i++)
		appendStringInfo(&buf, "%s%s", i ? ", " : "", text_literal(t->label[i]));
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/*
 * COMMENT ON TABLE, or nothing if the definition does not describe it.  A list
 * of one statement, or NIL.
 */
List *
spindle_ddl_table_comment(const SpindleDdl *ddl, int table)
{
	const SpindleTable *t = &ddl->domain->table[table];

	if (t->description == NULL)
		return NIL;
	return list_make1(psprintf("COMMENT ON TABLE %s IS %s", qualified_table(ddl, table),
							   text_literal(t->description)));
}

/* COMMENT ON COLUMN of each column that the definition describes. */
List *
spindle_ddl_column_comments(const SpindleDdl *ddl, int table)
{
	const SpindleTable *t = &ddl->domain->table[table];
	List	   *statements = NIL;

	for (int c = 0; c < t->ncolumns; c++)
		if (!t->column[c].hidden && t->column[c].description != NULL)
			statements = lappend(statements,
								 psprintf("COMMENT ON COLUMN %s.%s IS %s", qualified_table(ddl, table),
										  quote_identifier(t->column[c].sql_name),
										  text_literal(t->column[c].description)));
	return statements;
}

/* The primary key and the other keys, as far as the table has them. */
List *
spindle_ddl_keys(const SpindleDdl *ddl, int table)
{
	List	   *statements = NIL;

	for (int i = 0; i < ddl->nindexes[table]; i++)
	{
		const SpindleDdlIndex *index = &ddl->index[table][i];

		if (index->kind != SPINDLE_INDEX_PLAIN)
			statements = lappend(statements,
								 psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s (%s)",
										  qualified_table(ddl, table),
										  quote_identifier(spindle_ddl_index_name(ddl, table, i)),
										  index->kind == SPINDLE_INDEX_PRIMARY ? "PRIMARY KEY" : "UNIQUE",
										  column_names(&ddl->domain->table[table], index->columns.column, index->columns.n, ", ", true)));
	}
	return statements;
}

/* Indexes on referencing columns, save those that a key serves. */
List *
spindle_ddl_indexes(const SpindleDdl *ddl, int table)
{
	List	   *statements = NIL;

	for (int i = 0; i < ddl->nindexes[table]; i++)
	{
		const SpindleDdlIndex *index = &ddl->index[table][i];

		if (index->kind == SPINDLE_INDEX_PLAIN)
			statements = lappend(statements,
								 psprintf("CREATE INDEX %s ON %s (%s)",
										  quote_identifier(spindle_ddl_index_name(ddl, table, i)),
										  qualified_table(ddl, table),
										  column_names(&ddl->domain->table[table], index->columns.column, index->columns.n, ", ", true)));
	}
	return statements;
}

/*
 * spindle_ddl_foreign_key
 *		A foreign key of a table, or NULL if what it refers to is not selected.
 *
 * With is_valid the statement checks the rows; otherwise this is left to
 * ALTER TABLE ... VALIDATE CONSTRAINT.
 *
 * Both tables are called by the names that they have for now; the constraint
 * gets its own in the end.
 */
char *
spindle_ddl_foreign_key(const SpindleDdl *ddl, int table, int key, bool is_valid)
{
	const SpindleForeignKey *k = &ddl->domain->table[table].foreign_key[key];

	if (!ddl->selected[k->table])
		return NULL;
	return psprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s",
					qualified_table(ddl, table),
					quote_identifier(ddl->foreign_key_name[table][key]),
					column_names(&ddl->domain->table[table], k->column, k->ncolumns, ", ", true),
					qualified_table(ddl, k->table),
					column_names(&ddl->domain->table[k->table], k->target, k->ncolumns, ", ", true),
					is_valid ? "" : " NOT VALID");
}

/*
 * All foreign keys of a table.  Those to tables that are not selected are left
 * out.
 */
List *
spindle_ddl_foreign_keys(const SpindleDdl *ddl, int table, bool is_valid)
{
	List	   *statements = NIL;

	for (int k = 0; k < ddl->domain->table[table].nforeign_keys; k++)
	{
		char	   *statement = spindle_ddl_foreign_key(ddl, table, k, is_valid);

		if (statement)
			statements = lappend(statements, statement);
	}
	return statements;
}

/*
 * Append statements, under a heading if there are any and it is not NULL.
 * Each gets its semicolon and a line of its own.
 */
static void
append_statements(StringInfo buf, const char *heading, List *statements)
{
	ListCell   *lc;

	if (heading && statements)
		appendStringInfo(buf, "\n-- %s\n", heading);
	foreach(lc, statements)
		appendStringInfo(buf, "%s;\n", (char *) lfirst(lc));
}

/*
 * spindle_ddl_script
 *		All statements as a script, palloc'd; a comment marks where the data is
 *		to be loaded.
 *
 * Types are written without a schema, as people write them, unless is_run.
 */
char *
spindle_ddl_script(const SpindleDdl *ddl)
{
	const SpindleDomain *domain = ddl->domain;
	List	   *types = NIL;
	List	   *indexes = NIL;
	List	   *foreign_keys = NIL;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "-- Tables of %s\nCREATE SCHEMA IF NOT EXISTS %s;\n", domain->name,
					 quote_identifier(ddl->schema));
	for (int t = 0; t < domain->ntypes; t++)
		if (spindle_ddl_needs_type(ddl, t))
			types = lappend(types, spindle_ddl_type(ddl, t));
	append_statements(&buf, "Types", types);
	for (int t = 0; t < domain->ntables; t++)
	{
		if (!ddl->selected[t])
			continue;
		appendStringInfo(&buf, "\n%s;\n", spindle_ddl_table(ddl, t));
		append_statements(&buf, NULL, spindle_ddl_table_comment(ddl, t));
		append_statements(&buf, NULL, spindle_ddl_column_comments(ddl, t));
		indexes = list_concat(indexes, spindle_ddl_keys(ddl, t));
		indexes = list_concat(indexes, spindle_ddl_indexes(ddl, t));
		foreign_keys = list_concat(foreign_keys, spindle_ddl_foreign_keys(ddl, t, true));
	}
	appendStringInfoString(&buf, "\n-- Load the data here.\n");
	append_statements(&buf, "Keys and indexes", indexes);
	append_statements(&buf, "Foreign keys", foreign_keys);
	return buf.data;
}

/*
 * spindle_ddl_relation
 *		A table that was made by these statements a moment ago.
 *
 * Raises undefined_table if it is not there any more.
 */
Oid
spindle_ddl_relation(const SpindleDdl *ddl, int table)
{
	Oid			relid = get_relname_relid(spindle_ddl_name(ddl, table),
										  get_namespace_oid(ddl->schema, false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of schema \"%s\" is not there any more", spindle_ddl_name(ddl, table), ddl->schema),
				 errhint("An event trigger may have dropped or renamed it.")));
	return relid;
}

/*
 * spindle_ddl_relation_bytes
 *		What such a table takes on disk, with indexes and all.  Raises
 *		undefined_table if it is not there any more.
 */
int64
spindle_ddl_relation_bytes(const SpindleDdl *ddl, int table)
{
	return DatumGetInt64(DirectFunctionCall1(pg_total_relation_size,
											 ObjectIdGetDatum(spindle_ddl_relation(ddl, table))));
}
