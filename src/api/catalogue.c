/*-------------------------------------------------------------------------
 *
 * catalogue.c
 *		SQL functions that tell what there is: domains, tables, columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/source.h"
#include "model/library.h"
#include "spindle.h"

PG_FUNCTION_INFO_V1(spindle_domains);
PG_FUNCTION_INFO_V1(spindle_tables);
PG_FUNCTION_INFO_V1(spindle_columns);
PG_FUNCTION_INFO_V1(spindle_check_domain);

/* A text of a definition, which is in UTF-8. */
static Datum
text_or_null(const char *s, bool *is_null)
{
	*is_null = s == NULL;
	return s ? CStringGetTextDatum(pg_any_to_server(s, (int) strlen(s), PG_UTF8)) : (Datum) 0;
}

/*
 * spindle_domains()
 *		One row per domain.  A definition that is not valid raises its error.
 */
Datum
spindle_domains(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, spindle_library_names())
	{
		SpindleDomain *domain = spindle_library_get(lfirst(lc));
		Datum	   *scales = palloc(sizeof(Datum) * domain->npresets);
		Datum		values[5];
		bool		nulls[5] = {false};
		int			ncolumns = 0;

		for (int t = 0; t < domain->ntables; t++)
			for (int c = 0; c < domain->table[t].ncolumns; c++)
				ncolumns += !domain->table[t].column[c].hidden;
		for (int p = 0; p < domain->npresets; p++)
			scales[p] = CStringGetTextDatum(domain->preset[p].name);
		values[0] = CStringGetTextDatum(domain->name);
		values[1] = text_or_null(domain->description, &nulls[1]);
		values[2] = Int32GetDatum(domain->ntables);
		values[3] = Int32GetDatum(ncolumns);
		values[4] = PointerGetDatum(construct_array(scales, domain->npresets, TEXTOID, -1, false, TYPALIGN_INT));
		spindle_library_release(domain);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* A path to a column as it is written in a definition. */
static char *
path_text(const SpindleDomain *domain, int table, const SpindleColumnRef *ref)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < ref->nsteps; i++)
	{
		const SpindleColumn *step = &domain->table[table].column[ref->step[i]];

		appendStringInfo(&buf, "%s.", step->name);
		while (step->target < 0)
			step = spindle_ref_column(domain, &step->rule->copy);
		table = step->target;
	}
	appendStringInfoString(&buf, spindle_ref_column(domain, ref)->name);
	return buf.data;
}

/*
 * spindle_tables(domain, scale)
 *		One row per table, in the order of the definition.
 */
Datum
spindle_tables(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleInstance *instance = spindle_instance_get(text_to_cstring(PG_GETARG_TEXT_PP(0)),
													 text_to_cstring(PG_GETARG_TEXT_PP(1)),
													 SPINDLE_DEFAULT_SEED);
	const SpindleDomain *domain = instance->domain;

	InitMaterializedSRF(fcinfo, 0);
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];
		Datum		values[5];
		bool		nulls[5] = {false};

		values[0] = CStringGetTextDatum(table->name);
		values[1] = text_or_null(table->description, &nulls[1]);
		values[2] = Int64GetDatum(instance->nrows[t]);
		values[3] = text_or_null(table->key < 0 ? NULL : table->column[table->key].name, &nulls[3]);
		values[4] = text_or_null(!table->has_event_time ? NULL :
								 path_text(domain, t, &table->event_time), &nulls[4]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * spindle_columns(domain, table_name)
 *		One row per column of a table, in order.
 */
Datum
spindle_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SpindleDomain *domain = spindle_library_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	int			position = 0;

	PG_TRY();
	{
		const SpindleTable *table =
		&domain->table[spindle_source_table(domain, text_to_cstring(PG_GETARG_TEXT_PP(1)))];

		InitMaterializedSRF(fcinfo, 0);
		for (int c = 0; c < table->ncolumns; c++)
		{
			const SpindleColumn *column = &table->column[c];
			Datum		values[8];
			bool		nulls[8] = {false};

			if (column->hidden)
				continue;
			values[0] = Int32GetDatum(++position);
			values[1] = CStringGetTextDatum(column->name);
			values[2] = CStringGetTextDatum(column->type.name);
			values[3] = BoolGetDatum(!column->nullable);
			values[4] = BoolGetDatum(c == table->key);
			values[5] = text_or_null(column->references < 0 ? NULL : domain->table[column->references].name,
									 &nulls[5]);
			values[6] = text_or_null(spindle_rule_describe(domain, table, column), &nulls[6]);
			values[7] = text_or_null(column->description, &nulls[7]);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
	PG_FINALLY();
	{
		spindle_library_release(domain);
	}
	PG_END_TRY();
	return (Datum) 0;
}

/*
 * spindle_check_domain(definition)
 *		Raise an error if a definition is not valid.
 */
Datum
spindle_check_domain(PG_FUNCTION_ARGS)
{
	char	   *definition = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *utf8 = pg_server_to_any(definition, (int) strlen(definition), PG_UTF8);

	spindle_library_check(utf8, (int) strlen(utf8));
	PG_RETURN_VOID();
}
