/*-------------------------------------------------------------------------
 *
 * source.c
 *		A generated table as SQL names it: options of foreign tables, names of
 *		tables and columns, IMPORT FOREIGN SCHEMA.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/namespace.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "library/change_call.h"
#include "library/library.h"
#include "library/source.h"
#include "server/argument.h"
#include "server/hint.h"
#include "spindle.h"

/* By SpindleVersionColumn. */
static const struct
{
	const char *name;
	const char *type_name;
	Oid			type;
}			version_column[] =

{
	[SPINDLE_VERSION_NUMBER] = {"_spindle_version", "integer", INT4OID},
	[SPINDLE_VERSION_FROM] = {"_spindle_valid_from", "timestamptz", TIMESTAMPTZOID},
	[SPINDLE_VERSION_TO] = {"_spindle_valid_to", "timestamptz", TIMESTAMPTZOID},
	[SPINDLE_VERSION_OP] = {"_spindle_op", "\"char\"", CHAROID},
};

/* What the column of histories is called that tells something of versions. */
const char *
spindle_version_column_name(SpindleVersionColumn column)
{
	return version_column[column].name;
}

/* The type of that column, as SQL writes it. */
const char *
spindle_version_column_type(SpindleVersionColumn column)
{
	return version_column[column].type_name;
}

/*
 * spindle_source_relation
 *		The relation in the database that a table is called like: in a schema, or if
 *		that is NULL in the one that the definition names.
 *
 * Raises undefined_schema, undefined_table, and insufficient_privilege for a schema
 * that the user may not look into.
 */
Oid
spindle_source_relation(const SpindleTable *table, const char *schema)
{
	Oid			relid;

	if (schema == NULL)
		schema = table->sql_schema;
	if (schema == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("table \"%s\" has no schema in the definition", table->name),
				 errhint("Give \"schema_name\", or a schema in the member \"relation\" of the table.")));
	relid = get_relname_relid(table->sql_name, LookupExplicitNamespace(schema, false));
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s\" does not exist in schema \"%s\"", table->sql_name, schema),
				 errhint("The argument \"tables\" names those that are meant.")));
	return relid;
}

/*
 * spindle_source_table
 *		The number of a table by its name in the definition or in SQL; an error
 *		with the names there are.
 *
 * From 0.  Raises undefined_table, or ambiguous_alias for a name in SQL that
 * tables of several schemas have.
 */
int
spindle_source_table(const SpindleDomain *domain, const char *name)
{
	int			table = spindle_domain_find_relation(domain, name);
	List	   *names = NIL;

	if (table >= 0)
		return table;
	for (int i = 0; i < domain->ntables; i++)
		if (table != SPINDLE_AMBIGUOUS || strcmp(domain->table[i].sql_name, name) == 0)
			names = lappend(names, domain->table[i].name);
	if (table == SPINDLE_AMBIGUOUS)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_ALIAS),
				 errmsg("several tables of spindle domain \"%s\" are called \"%s\"", domain->name, name),
				 errhint("%s", spindle_names_hint("", names, "Their names in the definition"))));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("table \"%s\" of spindle domain \"%s\" does not exist", name, domain->name),
			 errhint("%s", spindle_names_hint(name, names, "Tables"))));
}

/*
 * spindle_source_name
 *		A generated table, or a whole domain if its name is NULL, with scale
 *		and seed, for EXPLAIN and reports of progress; palloc'd.
 */
char *
spindle_source_name(const SpindleInstance *instance, const char *table_name)
{
	return psprintf("%s%s%s (scale %s, seed " INT64_FORMAT ")", instance->domain->name, table_name ? "." : "",
					table_name ? table_name : "", instance->domain->preset[instance->preset].name, instance->seed);
}

/*
 * spindle_source_column_list
 *		The columns of a table as they stand in a definition list, palloc'd:
 *		names, quoted where they must be, and types.  Hidden ones are left out; those
 *		that histories have beside come last.
 */
char *
spindle_source_column_list(const SpindleTable *table, bool is_history)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleColumn *column = &table->column[c];

		if (!column->hidden)
			appendStringInfo(&buf, "%s%s %s", buf.len ? ", " : "",
							 quote_identifier(column->sql_name), spindle_type_sql_name(&column->type));
	}
	for (int k = 0; k < lengthof(version_column) && is_history; k++)
		appendStringInfo(&buf, "%s%s %s", buf.len ? ", " : "", version_column[k].name, version_column[k].type_name);
	return buf.data;
}

/*
 * Does a type of the server have the name that a definition gives?  Schemas do
 * not count, so that the path by which names are looked up need not stay what it
 * was when the type was written down.
 */
static bool
has_name(Oid type, const char *name)
{
	TypeName   *parsed = spindle_typeStringToTypeName(name);
	Oid			element = parsed->arrayBounds ? get_element_type(type) : type;
	HeapTuple	tuple = OidIsValid(element) ? SearchSysCache1(TYPEOID, ObjectIdGetDatum(element)) : NULL;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), strVal(llast(parsed->names))) == 0;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * spindle_source_accepts
 *		Can values of a column be had as a type of the server?
 *
 * They can as the column's own type, with its modifier or none.  What the
 * definition gives as "sql_type" can also be a type of that name.  *input then
 * tells how that type reads the column's texts; else it is cleared.
 */
bool
spindle_source_accepts(const SpindleType *type, Oid sql_type, int32 typmod, SpindleInput *input)
{
	Oid			function;

	memset(input, 0, sizeof(*input));
	if (sql_type == type->oid && (typmod == type->typmod || typmod == -1))
		return true;
	if (type->sql_type == NULL || !has_name(sql_type, type->sql_type))
		return false;
	getTypeInputInfo(sql_type, &function, &input->param);
	fmgr_info(function, &input->function);
	input->typmod = typmod;
	get_typlenbyval(sql_type, &input->length, &input->is_by_value);
	return true;
}

/*
 * spindle_source_sql_type
 *		The type that a column has in the server; false if there is none of that
 *		name.
 *
 * Names are looked up as the caller's statements would; a type that the
 * definition declares is looked for in a schema first, if that is valid.
 */
bool
spindle_source_sql_type(const SpindleType *type, Oid schema, Oid *oid, int32 *typmod)
{
	*oid = type->oid;
	*typmod = type->typmod;
	if (type->sql_type == NULL)
		return true;
	if (type->user_type && OidIsValid(schema))
	{
		*typmod = -1;
		*oid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(type->user_type->name),
							   ObjectIdGetDatum(schema));
		if (OidIsValid(*oid) && type->is_user_array)
			*oid = get_array_type(*oid);
		if (OidIsValid(*oid))
			return true;
	}
	return spindle_find_type(type->sql_type, oid, typmod);
}

/*
 * spindle_source_require_type
 *		The same, but an error if there is none, which names the column.  Raises
 *		undefined_object.
 */
void
spindle_source_require_type(const SpindleTable *table, const SpindleColumn *column, Oid *oid, int32 *typmod)
{
	if (!spindle_source_sql_type(&column->type, InvalidOid, oid, typmod))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type \"%s\" does not exist", column->type.sql_type),
				 errdetail("It is the \"sql_type\" of column \"%s\" of table \"%s\".", column->name, table->name),
				 errhint("Create the extension or the type that has it, or put its schema into search_path.")));
}

/*
 * Is an attribute one of the columns that histories have beside those of the table?
 * Returns which, -1 if it is none.  Raises datatype_mismatch.
 */
static int
match_version_column(const Form_pg_attribute att, const char *relation)
{
	for (int k = 0; k < lengthof(version_column); k++)
	{
		if (strcmp(NameStr(att->attname), version_column[k].name) != 0)
			continue;
		if (att->atttypid != version_column[k].type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of %s has type %s",
							version_column[k].name, relation, format_type_be(att->atttypid)),
					 errhint("It must have type %s.", format_type_be(version_column[k].type))));
		return k;
	}
	return -1;
}

/*
 * spindle_source_match
 *		Find the column of each attribute by name; its type must be the
 *		column's.  relation names what has the attributes, for errors.
 *
 * Names are those in SQL, or else those of the definition.  source has instance
 * and table set, and is_history; natts, column, told and input are set here, palloc'd.
 * A type modifier must be the column's or none.  Hidden columns cannot be named.
 * Raises undefined_column or datatype_mismatch, with the
 * columns in a hint.
 */
void
spindle_source_match(SpindleSource *source, TupleDesc desc, const char *relation)
{
	const SpindleTable *table = &source->instance->domain->table[source->table];

	source->natts = desc->natts;
	source->column = palloc(sizeof(int) * Max(desc->natts, 1));
	source->told = source->is_history ? palloc(sizeof(int) * Max(desc->natts, 1)) : NULL;
	source->input = palloc0(sizeof(SpindleInput) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const SpindleType *type;

		source->column[i] = -1;
		if (source->is_history)
			source->told[i] = att->attisdropped ? -1 : match_version_column(att, relation);
		if (att->attisdropped || (source->is_history && source->told[i] >= 0))
			continue;
		source->column[i] = spindle_table_find_visible(table, NameStr(att->attname));
		if (source->column[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist in table \"%s\" of spindle domain \"%s\"",
							NameStr(att->attname), relation, table->name,
							source->instance->domain->name),
					 errhint("The columns are: %s.", spindle_source_column_list(table, source->is_history))));
		type = &table->column[source->column[i]].type;
		if (!spindle_source_accepts(type, att->atttypid, att->atttypmod, &source->input[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of %s has type %s, but generated values have type %s",
							NameStr(att->attname), relation,
							format_type_with_typemod(att->atttypid, att->atttypmod),
							type->sql_type ? type->sql_type : format_type_with_typemod(type->oid, type->typmod)),
					 errhint("The columns are: %s.", spindle_source_column_list(table, source->is_history))));
	}
}

/*
 * spindle_source_time
 *		A time from a text: infinity, -infinity, or a day or time in UTC as
 *		definitions write it; false if it is none.
 */
bool
spindle_source_time(const char *text, Timestamp *time)
{
	SpindleType type;

	(void) spindle_type_parse("timestamptz", &type);
	if (strcmp(text, "infinity") == 0)
		*time = DT_NOEND;
	else if (strcmp(text, "-infinity") == 0)
		*time = DT_NOBEGIN;
	else
		return spindle_value_parse(NULL, &type, text, time);
	return true;
}

/* The same back, palloc'd: a time in UTC, whatever the session's settings are. */
char *
spindle_source_time_text(Timestamp time)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		buf[MAXDATELEN + 1];

	if (TIMESTAMP_NOT_FINITE(time))
		return pstrdup(time == DT_NOEND ? "infinity" : "-infinity");
	if (timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	EncodeDateTime(&tm, fsec, false, 0, NULL, USE_XSD_DATES, buf);
	return psprintf("%sZ", buf);
}

/*
 * spindle_source_as_of
 *		When a table is looked at, by a time and the name of a profile, either of
 *		which may be NULL.
 *
 * A profile without a time is that of the end.  Raises what
 * spindle_change_profile() does.
 */
SpindleAsOf
spindle_source_as_of(const SpindleDomain *domain, const Timestamp *time, const char *profile)
{
	if (time == NULL && profile == NULL)
		return SPINDLE_TODAY;
	return (SpindleAsOf) {time ? *time : DT_NOEND,
		profile ? spindle_domain_find_profile(domain, spindle_change_profile(domain, profile)) : -1};
}

/* The same by the arguments "as_of" and "profile" of a function. */
SpindleAsOf
spindle_source_as_of_arguments(const SpindleDomain *domain, const NullableDatum *args)
{
	Timestamp	time = args[0].isnull ? 0 : DatumGetTimestampTz(args[0].value);

	return spindle_source_as_of(domain, args[0].isnull ? NULL : &time, spindle_argument_optional_text(&args[1]));
}

/*
 * spindle_source_set_history
 *		All versions of a table's rows are wanted, with the deletes of a profile
 *		beside those that always happen; NULL for none.
 *
 * Raises what spindle_change_profile() does.
 */
void
spindle_source_set_history(SpindleSource *source, const char *profile)
{
	const SpindleDomain *domain = source->instance->domain;

	source->is_history = true;
	source->as_of = (SpindleAsOf) {DT_NOEND,
		profile ? spindle_domain_find_profile(domain, spindle_change_profile(domain, profile)) : -1};
}

/* When a table is looked at, in words behind a comma, palloc'd; empty for today. */
char *
spindle_source_as_of_text(const SpindleSource *source)
{
	const SpindleAsOf *as_of = &source->as_of;

	if (source->is_history)
		return psprintf(", history%s%s", as_of->profile < 0 ? "" : ", profile ",
						as_of->profile < 0 ? "" : source->instance->domain->profile[as_of->profile]);
	if (spindle_as_of_today(as_of))
		return pstrdup("");
	return psprintf(", as of %s%s%s", spindle_source_time_text(as_of->time), as_of->profile < 0 ? "" : ", profile ",
					as_of->profile < 0 ? "" : source->instance->domain->profile[as_of->profile]);
}

/* The domain, table, scale and seed of a call, in this order, which args begin with. */
static void
find_table(const NullableDatum *args, SpindleSource *source)
{
	memset(source, 0, sizeof(*source));
	source->instance = spindle_library_instance(spindle_argument_text(&args[0], "domain"),
												spindle_argument_optional_text(&args[2]),
												spindle_argument_int64(&args[3], "seed"), CurrentMemoryContext);
	source->table = spindle_source_table(source->instance->domain,
										 spindle_argument_text(&args[1], "table_name"));
}

/* The rows by "first_row" and "max_rows" of those up to *end, and the columns of a call. */
static void
find_rows(const NullableDatum *args, const char *function, TupleDesc desc, SpindleSource *source, int64 *row,
		  int64 *end)
{
	spindle_argument_require(&args[0], "first_row");
	*end = spindle_alive_end(source->instance, source->table, source->as_of.time);
	*row = Min(spindle_argument_count(&args[0], "first_row", 0), *end);
	*end = *row + Min(spindle_argument_count(&args[1], "max_rows", PG_INT64_MAX), *end - *row);
	if (desc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s needs a column definition list", function),
				 errhint("Call it as FROM %s(...) AS t(%s).", function,
						 spindle_source_column_list(&source->instance->domain->table[source->table],
													source->is_history))));
	spindle_source_match(source, desc, "the column definition list");
}

/*
 * spindle_source_of_rows_call
 *		Read the nargs arguments of spindle_rows: the table in *source, whose
 *		columns are those of desc, and the rows wanted, *row .. *end - 1, of which
 *		some may not be there at the time at which they are looked at.
 *
 * The function of the first release has no "as_of" and "profile".  desc is NULL if
 * the call has no column definition list, an error.  The instance is held by the
 * current memory context.
 *
 * first_row beyond the end, or max_rows of 0, gives no rows.  Raises
 * null_value_not_allowed and invalid_parameter_value for arguments,
 * feature_not_supported without a list, and else what
 * spindle_library_instance(), spindle_source_table() and
 * spindle_source_match() do.
 */
void
spindle_source_of_rows_call(const NullableDatum *args, int nargs, TupleDesc desc, SpindleSource *source, int64 *row,
							int64 *end)
{
	find_table(args, source);
	source->as_of = nargs > 6 ? spindle_source_as_of_arguments(source->instance->domain, &args[6]) : SPINDLE_TODAY;
	find_rows(&args[4], "spindle_rows", desc, source, row, end);
}

/*
 * spindle_source_of_history_call
 *		The same for the arguments of spindle_history, which have the profile before
 *		the rows, and whose columns are those of a history, too.
 *
 * Raises what spindle_source_of_rows_call() does.
 */
void
spindle_source_of_history_call(const NullableDatum *args, TupleDesc desc, SpindleSource *source, int64 *row,
							   int64 *end)
{
	find_table(args, source);
	spindle_source_set_history(source, spindle_argument_optional_text(&args[4]));
	find_rows(&args[5], "spindle_history", desc, source, row, end);
}
