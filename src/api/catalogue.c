/*-------------------------------------------------------------------------
 *
 * catalogue.c
 *		SQL functions that tell what there is: domains, tables, columns.
 *
 * Arguments are not null where the functions are strict.  Results are materialised
 * in the caller's tuplestore, with the columns that the SQL declarations name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "library/library.h"
#include "library/registered.h"
#include "library/source.h"
#include "server/argument.h"
#include "stream/options.h"
#include "spindle.h"

PG_FUNCTION_INFO_V1(spindle_domains);
PG_FUNCTION_INFO_V1(spindle_tables);
PG_FUNCTION_INFO_V1(spindle_columns);
PG_FUNCTION_INFO_V1(spindle_check_domain);
PG_FUNCTION_INFO_V1(spindle_stream_arguments);

/*
 * A text of a definition, which is in UTF-8.  Allocated in the current
 * context.  Raises untranslatable_character if the server's encoding lacks a
 * character.
 */
static Datum
text_or_null(const char *s, bool *is_null)
{
	*is_null = s == NULL;
	return s ? CStringGetTextDatum(pg_any_to_server(s, (int) strlen(s), PG_UTF8)) : (Datum) 0;
}

/* Columns of spindle_domains(). */
enum
{
	DOMAIN_NAME,
	DOMAIN_DESCRIPTION,
	DOMAIN_TABLES,
	DOMAIN_COLUMNS,
	DOMAIN_SCALES,
	DOMAIN_ERROR,
	DOMAIN_OWNER,
	DOMAIN_NCOLUMNS
};

/*
 * Fill in what a domain's definition says; all but the description is there if
 * that cannot be converted to the server's encoding.  Raises whatever is wrong
 * with the definition; see is_definition_error().
 */
static void
describe_domain(const char *name, Datum *values, bool *nulls)
{
	SpindleDomain *domain = spindle_library_domain(name, CurrentMemoryContext);
	Datum	   *scales = palloc(sizeof(Datum) * domain->npresets);
	int			ncolumns = 0;
	bool		no_description;

	for (int t = 0; t < domain->ntables; t++)
		for (int c = 0; c < domain->table[t].ncolumns; c++)
			ncolumns += !domain->table[t].column[c].hidden;
	for (int p = 0; p < domain->npresets; p++)
		scales[p] = CStringGetTextDatum(domain->preset[p].name);
	values[DOMAIN_TABLES] = Int32GetDatum(domain->ntables);
	values[DOMAIN_COLUMNS] = Int32GetDatum(ncolumns);
	values[DOMAIN_SCALES] = PointerGetDatum(construct_array(scales, domain->npresets, TEXTOID, -1, false,
															TYPALIGN_INT));
	nulls[DOMAIN_TABLES] = nulls[DOMAIN_COLUMNS] = nulls[DOMAIN_SCALES] = false;

	/* last, as it may raise an error, and not NULL only when it is there */
	values[DOMAIN_DESCRIPTION] = text_or_null(domain->description, &no_description);
	nulls[DOMAIN_DESCRIPTION] = no_description;
}

/*
 * The name of the role that registered a domain; null for one that is installed.
 * That of a role that is gone is told as the server does.
 */
static Datum
owner_of_domain(const char *name, bool *is_null)
{
	SpindleRegistered registered;
	char	   *owner;

	*is_null = !spindle_registered_find(SPINDLE_LIBRARY_DOMAIN, name, false, &registered);
	if (*is_null)
		return (Datum) 0;
	owner = GetUserNameFromId(registered.owner, true);
	return CStringGetTextDatum(owner ? owner : psprintf("unknown (OID=%u)", registered.owner));
}

/*
 * Is an error the fault of a definition or of its files?  All others say
 * something about the server or the session: it is cancelled, or short of
 * memory.
 */
static bool
is_definition_error(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		category == ERRCODE_SYSTEM_ERROR || sqlstate == ERRCODE_UNDEFINED_OBJECT ||
		sqlstate == ERRCODE_UNDEFINED_FILE || sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		sqlstate == ERRCODE_WRONG_OBJECT_TYPE;
}

/*
 * spindle_domains()
 *		One row per domain.  One whose definition is not valid has its error in
 *		place of what it would say, so that it does not hide the others.
 *
 * There is no subtransaction, which the server would not allow in a parallel
 * query: what reads a definition holds nothing but memory, a file that it
 * closes, and the model, which goes with that memory.
 *
 * Reads all definitions that the session has not read yet.
 */
Datum
spindle_domains(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = CurrentMemoryContext;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, spindle_library_names())
	{
		const char *name = lfirst(lc);
		Datum		values[DOMAIN_NCOLUMNS] = {0};
		bool		nulls[DOMAIN_NCOLUMNS] = {false, true, true, true, true, true, true};
		MemoryContext scratch = AllocSetContextCreate(context, "spindle domains", ALLOCSET_DEFAULT_SIZES);

		MemoryContextSwitchTo(scratch);
		PG_TRY();
		{
			describe_domain(name, values, nulls);
		}
		PG_CATCH();
		{
			ErrorData  *error;

			MemoryContextSwitchTo(scratch);
			error = CopyErrorData();
			if (!is_definition_error(error->sqlerrcode))
				PG_RE_THROW();
			FlushErrorState();
			values[DOMAIN_ERROR] = CStringGetTextDatum(error->detail ?
													   psprintf("%s: %s", error->message, error->detail) :
													   error->message);
			nulls[DOMAIN_ERROR] = false;
		}
		PG_END_TRY();
		values[DOMAIN_NAME] = CStringGetTextDatum(name);
		values[DOMAIN_OWNER] = owner_of_domain(name, &nulls[DOMAIN_OWNER]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextSwitchTo(context);
		MemoryContextDelete(scratch);
	}
	return (Datum) 0;
}

/* A path to a column as it is written in a definition, palloc'd. */
static char *
path_text(const SpindleDomain *domain, int table, const SpindleColumnRef *ref)
{
	StringInfoData buf;

	initStringInfo(&buf);
	spindle_describe_path(&buf, domain, table, ref);
	return buf.data;
}

/*
 * The columns of a set as SQL writes them, separated by commas, palloc'd; or NULL
 * if there is none.
 */
static char *
set_text(const SpindleTable *table, const SpindleColumnSet *set)
{
	StringInfoData buf;

	if (set->n == 0)
		return NULL;
	initStringInfo(&buf);
	for (int i = 0; i < set->n; i++)
		appendStringInfo(&buf, "%s%s", i ? ", " : "", quote_identifier(table->column[set->column[i]].sql_name));
	return buf.data;
}

/* The sets with a column that are declared unique, as an array of texts; or NULL. */
static Datum
unique_sets(const SpindleTable *table, int column, bool *is_null)
{
	ArrayBuildState *state = NULL;

	for (int u = 0; u < table->nunique; u++)
		for (int i = 0; i < table->unique[u].n; i++)
			if (table->unique[u].column[i] == column)
				state = accumArrayResult(state, CStringGetTextDatum(set_text(table, &table->unique[u])), false,
										 TEXTOID, CurrentMemoryContext);
	*is_null = state == NULL;
	return state ? makeArrayResult(state, CurrentMemoryContext) : (Datum) 0;
}

/*
 * The tables that a column refers to, by itself or with others, separated by
 * commas and palloc'd; or NULL if there is none.
 */
static char *
references_text(const SpindleDomain *domain, const SpindleTable *table, int column)
{
	List	   *tables = table->column[column].references < 0 ? NIL : list_make1_int(table->column[column].references);
	StringInfoData buf;
	ListCell   *lc;

	for (int k = 0; k < table->nforeign_keys; k++)
		for (int i = 0; i < table->foreign_key[k].ncolumns; i++)
			if (table->foreign_key[k].column[i] == column)
				tables = list_append_unique_int(tables, table->foreign_key[k].table);
	if (tables == NIL)
		return NULL;
	initStringInfo(&buf);
	foreach(lc, tables)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) ? ", " : "", domain->table[lfirst_int(lc)].name);
	return buf.data;
}

/*
 * spindle_tables(domain, scale, seed, as_of, profile)
 *		One row per table, in the order of the definition; none for a domain that
 *		is null.  Without a scale, it is the domain's default.
 *
 * Numbers of rows are those that are there at the time as_of; where rows are not
 * inserted in their order, or are deleted, they are counted, which depends on the
 * seed and can be cancelled.  The name is that of the
 * definition; the relation is what it has in SQL, in quotes where SQL needs
 * them.  Raises undefined_object for a domain, invalid_parameter_value for a scale.
 */
Datum
spindle_tables(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleInstance *instance;
	const SpindleDomain *domain;
	SpindleAsOf as_of;
	bool		has_time = PG_NARGS() > 2;	/* not in the first release */

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	instance = spindle_library_instance(spindle_argument_text(&fcinfo->args[0], "domain"),
										spindle_argument_optional_text(&fcinfo->args[1]),
										has_time ? spindle_argument_int64(&fcinfo->args[2], "seed") : SPINDLE_DEFAULT_SEED,
										CurrentMemoryContext);
	domain = instance->domain;
	as_of = has_time ? spindle_source_as_of_arguments(domain, &fcinfo->args[3]) : SPINDLE_TODAY;
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];
		const SpindleColumnSet key = {table->nkeys, table->key};
		Datum		values[6];
		bool		nulls[6] = {false};

		values[0] = CStringGetTextDatum(table->name);
		values[1] = text_or_null(table->description, &nulls[1]);
		values[2] = Int64GetDatum(spindle_presence_count(instance, t, &as_of));
		values[3] = text_or_null(set_text(table, &key), &nulls[3]);
		values[4] = text_or_null(!table->has_event_time ? NULL :
								 path_text(domain, t, &table->event_time), &nulls[4]);
		values[5] = CStringGetTextDatum(quote_qualified_identifier(table->sql_schema, table->sql_name));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * spindle_columns(domain, table_name)
 *		One row per column of a table, in order.
 *
 * Positions count from 1, without hidden columns.  Names are those in SQL;
 * definition_name has those of the definition.  Raises undefined_object or
 * undefined_table.
 */
Datum
spindle_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleDomain *domain = spindle_library_domain(text_to_cstring(PG_GETARG_TEXT_PP(0)), CurrentMemoryContext);
	const SpindleTable *table =
	&domain->table[spindle_source_table(domain, text_to_cstring(PG_GETARG_TEXT_PP(1)))];
	int			position = 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleColumn *column = &table->column[c];
		Datum		values[10];
		bool		nulls[10] = {false};

		if (column->hidden)
			continue;
		values[0] = Int32GetDatum(++position);
		values[1] = CStringGetTextDatum(column->sql_name);
		values[2] = CStringGetTextDatum(spindle_type_sql_name(&column->type));
		values[3] = BoolGetDatum(!column->nullable);
		values[4] = BoolGetDatum(spindle_table_is_key(table, c));
		values[5] = text_or_null(references_text(domain, table, c), &nulls[5]);
		values[6] = text_or_null(spindle_rule_describe(domain, table, column), &nulls[6]);
		values[7] = text_or_null(column->description, &nulls[7]);
		values[8] = CStringGetTextDatum(column->name);
		values[9] = unique_sets(table, c, &nulls[9]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * spindle_check_domain(definition)
 *		Raise an error if a definition is not valid.
 *
 * Returns nothing.  The errors have the place in the definition as their
 * detail; invalid_text_representation is one of syntax,
 * invalid_parameter_value one of meaning, program_limit_exceeded stands for
 * more than 16 MB.  Data sets that it names must be installed or registered.
 */
Datum
spindle_check_domain(PG_FUNCTION_ARGS)
{
	char	   *definition = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *utf8 = pg_server_to_any(definition, (int) strlen(definition), PG_UTF8);

	spindle_library_check(SPINDLE_LIBRARY_DOMAIN, "definition", utf8, (int) strlen(utf8), NULL, NULL);
	PG_RETURN_VOID();
}

/*
 * spindle_stream_arguments()
 *		One row per stream argument, in the order in which functions have them.
 *
 * Both the declarations of functions and the documentation follow this table.
 */
Datum
spindle_stream_arguments(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < SPINDLE_NUM_STREAM_OPTIONS; i++)
	{
		const SpindleStreamOption *option = &spindle_stream_option[i];
		Datum		values[7];
		bool		nulls[7] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(option->name);
		values[2] = CStringGetTextDatum(spindle_option_type_name(option->type));
		values[3] = text_or_null(option->initial, &nulls[3]);
		values[4] = text_or_null(spindle_stream_option_legal(option), &nulls[4]);
		values[5] = text_or_null(option->if_null, &nulls[5]);
		values[6] = text_or_null(option->description, &nulls[6]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
