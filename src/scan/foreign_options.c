/*-------------------------------------------------------------------------
 *
 * foreign_options.c
 *		The options of foreign tables, and what they name.
 *
 * A foreign table has domain, table, scale, seed, as_of or history, and profile, and a
 * column of one may have column_name.  They are checked in two steps: names and syntax
 * when the options are set, what they name when the table is used.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "library/library.h"
#include "scan/fdw.h"
#include "spindle.h"

/* Options of foreign tables; which IMPORT FOREIGN SCHEMA knows too, but for the first two. */
static const struct
{
	const char *name;
	bool		is_required;
	bool		of_import;
}			table_options[] =

{
	{"domain", true, false},
	{"table", true, false},
	{"scale", false, true},
	{"seed", false, true},
	{"as_of", false, true},
	{"history", false, true},
	{"profile", false, true},
};

/* The option of columns: what a column is called in the domain. */
#define COLUMN_OPTION	"column_name"

/*
 * Raise fdw_invalid_option_name, with a hint that lists those there are: for
 * IMPORT FOREIGN SCHEMA if import, else for a foreign table.
 */
static void
report_unknown_option(const char *name, bool import)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < lengthof(table_options); i++)
		if (!import || table_options[i].of_import)
			appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", table_options[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 errhint("Valid options in this context are: %s", buf.data)));
}

/*
 * A seed from the text of an option: any 64-bit integer, in decimal.  Raises
 * fdw_invalid_attribute_value if it is none.
 */
static int64
seed_option(const char *text)
{
	char	   *end;
	int64		seed;

	errno = 0;
	seed = strtoi64(text, &end, 10);
	if (end == text || *end || errno == ERANGE)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"seed\": \"%s\"", text),
				 errhint("It must be a 64-bit integer.")));
	return seed;
}

/*
 * A time from the text of an option.  Raises fdw_invalid_attribute_value if it is
 * none; what it says does not depend on settings.
 */
static Timestamp
time_option(const char *text)
{
	Timestamp	time;

	if (!spindle_source_time(text, &time))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"as_of\": \"%s\"", text),
				 errhint("It must be infinity, or a time in UTC such as 2024-07-01 or 2024-07-01T12:30:00Z.")));
	return time;
}

/*
 * What the text of the option "history" says.  Raises fdw_invalid_attribute_value if
 * it is no boolean.
 */
static bool
history_option(const char *text)
{
	bool		result;

	if (!parse_bool(text, &result))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"history\": \"%s\"", text),
				 errhint("It must be true, for all versions of the rows, or false.")));
	return result;
}

/*
 * What the options of a foreign table, or of an import, say, defaults included.
 * Texts belong to the list that was read.
 */
typedef struct TableOptions
{
	const char *domain;			/* NULL in an import, ... */
	const char *table;			/* ... as this */
	const char *scale;			/* NULL: the domain's default */
	int64		seed;
	bool		has_as_of;
	Timestamp	as_of;
	bool		is_history;
	const char *profile;		/* NULL: none */
} TableOptions;

/*
 * Read an option that foreign tables and imports have; false if it is none of these.
 */
static bool
read_shared_option(DefElem *def, TableOptions *result)
{
	if (strcmp(def->defname, "scale") == 0)
		result->scale = defGetString(def);
	else if (strcmp(def->defname, "seed") == 0)
		result->seed = seed_option(defGetString(def));
	else if (strcmp(def->defname, "as_of") == 0)
	{
		result->has_as_of = true;
		result->as_of = time_option(defGetString(def));
	}
	else if (strcmp(def->defname, "history") == 0)
		result->is_history = history_option(defGetString(def));
	else if (strcmp(def->defname, "profile") == 0)
		result->profile = defGetString(def);
	else
		return false;
	return true;
}

/* Raise fdw_invalid_attribute_value if the options ask for all times and for one. */
static void
refuse_both(const TableOptions *options)
{
	if (options->has_as_of && options->is_history)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("options \"as_of\" and \"history\" exclude each other"),
				 errhint("A history has all versions; conditions on \"%s\" and \"%s\" choose those of a time.",
						 spindle_version_column_name(SPINDLE_VERSION_FROM),
						 spindle_version_column_name(SPINDLE_VERSION_TO))));
}

/*
 * Read the options of a foreign table.  Raises an error if one is missing or
 * is no number where it should be; whether there is such a domain, table or
 * scale is not looked at.  The errors are fdw_dynamic_parameter_value_needed
 * and fdw_invalid_attribute_value.
 */
static TableOptions
read_options(List *options)
{
	TableOptions result = {.seed = SPINDLE_DEFAULT_SEED};
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, "domain") == 0)
			result.domain = defGetString(def);
		else if (strcmp(def->defname, "table") == 0)
			result.table = defGetString(def);
		else
			(void) read_shared_option(def, &result);
	}
	if (result.domain == NULL || result.table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
				 errmsg("options \"domain\" and \"table\" are required for foreign tables of spindle")));
	refuse_both(&result);
	return result;
}

/*
 * spindle_foreign_options_check
 *		Check options, of type DefElem, of what a catalog has: a foreign table or
 *		a column of one.
 *
 * Server, user mapping and wrapper have none.  Names and syntax are checked and
 * nothing else, as the options of postgres_fdw are: a dump has to restore where
 * a definition is not there yet.  The rest shows when the table is used.
 *
 * catalog is the OID of that catalog, such as ForeignTableRelationId.  Raises
 * fdw_invalid_option_name, or what is said above of missing options and seeds.
 */
void
spindle_foreign_options_check(List *options, Oid catalog)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *def = lfirst(lc);
		bool		known = false;

		if (catalog == ForeignTableRelationId)
			for (int i = 0; i < lengthof(table_options); i++)
				known |= strcmp(table_options[i].name, def->defname) == 0;
		else if (catalog == AttributeRelationId && strcmp(def->defname, COLUMN_OPTION) == 0)
			known = true;
		else if (catalog == AttributeRelationId)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("invalid option \"%s\"", def->defname),
					 errhint("Valid options in this context are: %s", COLUMN_OPTION)));
		else
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("invalid option \"%s\"", def->defname),
					 errhint("There are no valid options in this context.")));
		if (!known)
			report_unknown_option(def->defname, false);
	}
	if (catalog == ForeignTableRelationId)
		(void) read_options(options);
}

/*
 * The columns of a foreign table, under the names that they have in the domain:
 * desc itself, or a copy in the current context where options rename some.
 */
static TupleDesc
rename_columns(Oid relid, TupleDesc desc)
{
	TupleDesc	result = desc;

	for (int i = 0; i < desc->natts; i++)
	{
		ListCell   *lc;

		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		foreach(lc, GetForeignColumnOptions(relid, i + 1))
		{
			DefElem    *def = lfirst(lc);

			if (strcmp(def->defname, COLUMN_OPTION) != 0)
				continue;
			if (result == desc)
				result = CreateTupleDescCopy(desc);
			namestrcpy(&TupleDescAttr(result, i)->attname, defGetString(def));
		}
	}
	return result;
}

/* Tell whose options name what is not there. */
static void
options_context(void *arg)
{
	errcontext("options of foreign table \"%s\"", (const char *) arg);
}

/*
 * spindle_source_of_relation
 *		The generated table behind a foreign table, in the current context.
 *
 * The instance is held by that, too.  Raises an error if the options name what does not
 * exist, or the columns are not those of the table.
 *
 * relid is a foreign table of ours, which the caller keeps locked, and desc
 * its columns.  Errors about domain, table or scale have a context that names
 * the foreign table: undefined_object, undefined_table,
 * invalid_parameter_value.  About columns they are undefined_column and
 * datatype_mismatch.
 */
SpindleSource *
spindle_source_of_relation(Oid relid, TupleDesc desc)
{
	ForeignTable *foreign = GetForeignTable(relid);
	TableOptions options = read_options(foreign->options);
	SpindleSource *source = palloc0(sizeof(SpindleSource));
	ErrorContextCallback callback;

	callback.callback = options_context;
	callback.arg = get_rel_name(relid);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	source->instance = spindle_library_instance(options.domain, options.scale, options.seed,
												CurrentMemoryContext);
	source->table = spindle_source_table(source->instance->domain, options.table);
	if (options.is_history)
		spindle_source_set_history(source, options.profile);
	else
		source->as_of = spindle_source_as_of(source->instance->domain, options.has_as_of ? &options.as_of : NULL,
											 options.profile);
	error_context_stack = callback.previous;
	spindle_source_match(source, rename_columns(relid, desc),
						 psprintf("foreign table \"%s\"", get_rel_name(relid)));
	return source;
}

/*
 * Tables of several schemas are imported into one, where they cannot have the
 * same name; nor could LIMIT TO and EXCEPT tell them apart.  Raises
 * duplicate_table.
 */
static void
refuse_equal_names(const SpindleDomain *domain)
{
	for (int t = 0; t < domain->ntables; t++)
		for (int other = 0; other < t; other++)
			if (strcmp(domain->table[t].sql_name, domain->table[other].sql_name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_TABLE),
						 errmsg("tables \"%s\" and \"%s\" of spindle domain \"%s\" are both called \"%s\"",
								domain->table[other].name, domain->table[t].name, domain->name,
								domain->table[t].sql_name),
						 errhint("Create foreign tables for them one by one, by CREATE FOREIGN TABLE with the option \"table\".")));
}

/*
 * The type of a column of a foreign table, as SQL writes it.  Where a type does not
 * exist, columns are declared as the texts that it would read; a notice says so.
 */
static char *
type_to_declare(const SpindleTable *table, const SpindleColumn *column, Oid schema)
{
	Oid			type;
	int32		typmod;

	if (column->type.sql_type == NULL)
		return column->type.name;
	if (!spindle_source_sql_type(&column->type, schema, &type, &typmod))
	{
		ereport(NOTICE,
				(errmsg("type \"%s\" does not exist, column \"%s\" of foreign table \"%s\" gets type %s",
						column->type.sql_type, column->name, table->name, column->type.name),
				 column->type.user_type ? 0 :
				 errhint("Create the extension or the type that has it, or put its schema into search_path, and import again.")));
		return column->type.name;
	}
	return format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* What the options of IMPORT FOREIGN SCHEMA say, each given once. */
static TableOptions
read_import_options(List *options)
{
	TableOptions result = {.seed = SPINDLE_DEFAULT_SEED};
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *def = lfirst(lc);
		ListCell   *other;

		foreach(other, options)
			if (lfirst(other) != def && strcmp(((DefElem *) lfirst(other))->defname, def->defname) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("option \"%s\" provided more than once", def->defname)));
		if (!read_shared_option(def, &result))
			report_unknown_option(def->defname, true);
	}
	refuse_both(&result);
	return result;
}

/* The columns of a foreign table in CREATE FOREIGN TABLE; hidden ones are left out. */
static void
append_columns(const SpindleTable *table, Oid schema, bool is_history, StringInfo buf)
{
	bool		first = true;

	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleColumn *column = &table->column[c];

		if (column->hidden)
			continue;
		appendStringInfo(buf, "%s%s %s%s", first ? "" : ", ", quote_identifier(column->sql_name),
						 type_to_declare(table, column, schema), column->nullable ? "" : " NOT NULL");
		first = false;
	}
	for (int k = 0; k < SPINDLE_VERSION_COLUMNS && is_history; k++)
	{
		appendStringInfo(buf, "%s%s %s NOT NULL", first ? "" : ", ", spindle_version_column_name(k),
						 spindle_version_column_type(k));
		first = false;
	}
}

/*
 * spindle_source_import
 *		The commands that create the foreign tables of a domain.
 *
 * One CREATE FOREIGN TABLE per table of the domain, as palloc'd strings, whose
 * hidden columns are left out.  options may have scale, seed, as_of or history, and
 * profile, of type DefElem; the tables get the first two explicitly, so that they stay
 * the same if the defaults ever change.  Tables and columns have the names that they
 * have in SQL; the option "table" is the name in the definition.  Whether table names
 * are taken or excluded is for the server.
 *
 * Raises fdw_invalid_option_name, fdw_invalid_attribute_value, syntax_error for an
 * option that is given twice, duplicate_table for tables of equal names, and what
 * spindle_library_instance() does.
 */
List *
spindle_source_import(const char *domain_name, const char *server, const char *local_schema, List *options)
{
	const TableOptions read = read_import_options(options);
	SpindleInstance *instance = spindle_library_instance(domain_name, read.scale, read.seed, CurrentMemoryContext);
	List	   *commands = NIL;

	(void) spindle_source_as_of(instance->domain, NULL, read.profile);
	refuse_equal_names(instance->domain);
	for (int t = 0; t < instance->domain->ntables; t++)
	{
		const SpindleTable *table = &instance->domain->table[t];
		StringInfoData buf;

		initStringInfo(&buf);
		appendStringInfo(&buf, "CREATE FOREIGN TABLE %s (", quote_identifier(table->sql_name));
		append_columns(table, get_namespace_oid(local_schema, true), read.is_history, &buf);
		appendStringInfo(&buf, ") SERVER %s OPTIONS (domain %s, \"table\" %s, scale %s, seed '" INT64_FORMAT "'",
						 quote_identifier(server), quote_literal_cstr(domain_name),
						 quote_literal_cstr(table->name),
						 quote_literal_cstr(instance->domain->preset[instance->preset].name), read.seed);
		if (read.has_as_of)
			appendStringInfo(&buf, ", as_of %s", quote_literal_cstr(spindle_source_time_text(read.as_of)));
		if (read.is_history)
			appendStringInfoString(&buf, ", history 'true'");
		if (read.profile)
			appendStringInfo(&buf, ", profile %s", quote_literal_cstr(read.profile));
		appendStringInfoChar(&buf, ')');
		commands = lappend(commands, buf.data);
	}
	return commands;
}
