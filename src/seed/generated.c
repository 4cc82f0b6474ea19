/*-------------------------------------------------------------------------
 *
 * generated.c
 *		Rows of a generated table as an INSERT reads them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "library/source.h"
#include "seed/generated.h"

/*
 * spindle_generated_desc
 *		The wanted columns of a table as attributes; columns gets the number of
 *		each.  Both are palloc'd.
 *
 * wanted has an entry per column of the table.  Nullability is noted too, by which
 * a new table's rows need no check of NOT NULL.
 */
TupleDesc
spindle_generated_desc(const SpindleTable *table, const bool *wanted, int **columns)
{
	TupleDesc	desc;
	int			n = 0;

	for (int c = 0; c < table->ncolumns; c++)
		n += wanted[c];
	desc = CreateTemplateTupleDesc(n);
	*columns = palloc(sizeof(int) * Max(n, 1));
	n = 0;
	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleColumn *column = &table->column[c];

		if (!wanted[c])
			continue;
		(*columns)[n++] = c;
		TupleDescInitEntry(desc, n, column->sql_name, column->type.oid, column->type.typmod, 0);
		TupleDescAttr(desc, n - 1)->attnotnull = !column->nullable;
	}
	return desc;
}

/*
 * The schema of our functions, as SQL writes it.  It is looked up, as the
 * extension may have been moved.  Raises undefined_object if there is no
 * extension.
 */
static const char *
extension_schema(void)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			schema;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("spindle"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" does not exist", "spindle")));
	schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return quote_identifier(get_namespace_name(schema));
}

/*
 * spindle_generated_from
 *		The FROM item that gives n rows of a table from number first on; palloc'd.
 *
 * as_of says when the table is looked at; NULL is today.  It is a call of
 * spindle_rows() with the columns of desc.  first and n are
 * expressions; all names are qualified.
 */
char *
spindle_generated_from(const SpindleInstance *instance, int table, const SpindleAsOf *as_of, TupleDesc desc,
					   const char *first, const char *n)
{
	const SpindleDomain *domain = instance->domain;
	StringInfoData definitions;
	const char *at = "";

	if (as_of && !spindle_as_of_today(as_of))
		at = psprintf(", %s, %s", quote_literal_cstr(spindle_source_time_text(as_of->time)),
					  as_of->profile < 0 ? "NULL" : quote_literal_cstr(domain->profile[as_of->profile]));
	initStringInfo(&definitions);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		appendStringInfo(&definitions, "%s%s %s", i ? ", " : "", quote_identifier(NameStr(att->attname)),
						 format_type_extended(att->atttypid, att->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	return psprintf("%s.spindle_rows(%s, %s, %s, '" INT64_FORMAT "', %s, %s%s) AS " SPINDLE_GENERATED_ALIAS " (%s)",
					extension_schema(), quote_literal_cstr(domain->name),
					quote_literal_cstr(domain->table[table].name),
					quote_literal_cstr(domain->preset[instance->preset].name),
					instance->seed, first, n, at, definitions.data);
}

/*
 * spindle_generated_rows
 *		Rows of a table, with the columns of desc, as target.c wants them.
 *
 * from is the FROM item that gives them under SPINDLE_GENERATED_ALIAS.
 */
SpindleTargetRows
spindle_generated_rows(const SpindleTable *table, TupleDesc desc, const char *from)
{
	return (SpindleTargetRows)
	{
		.desc = desc,
		.nmain = desc->natts,
		.from = from,
		.alias = SPINDLE_GENERATED_ALIAS,
		.kind = "generated values",
		.hint = psprintf("The columns of the generated table are: %s.", spindle_source_column_list(table, false)),
		.sets_identity = true,
	};
}
