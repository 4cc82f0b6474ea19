/*-------------------------------------------------------------------------
 *
 * compare_match.c
 *		What of a schema is compared with which generated table, and by which
 *		queries.
 *
 * Relations and columns are found by their names in SQL.  The generated value of a
 * column is made what an INSERT into the relation would make of it; then both are
 * compared as the relation's type.  Texts are ordered by their bytes, so that
 * another server's collation gives the same order as ours.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compat.h"
#include "library/source.h"
#include "seed/compare.h"
#include "seed/generated.h"
#include "server/relation.h"
#include "server/target.h"

/* A target in the making, with the lists of what its two queries select. */
typedef struct Matching
{
	const SpindleTable *table;
	SpindleCompareTarget *target;
	StringInfoData expected;
	StringInfoData found;
} Matching;

/*
 * The relation of a table, in the schema that the caller names, or else the
 * definition.  Raises wrong_object_type, and what spindle_source_relation() does.
 */
static Oid
find_relation(const SpindleCompareOptions *options, const SpindleTable *table)
{
	Oid			relid = spindle_source_relation(table, options->schema);
	char		kind = get_rel_relkind(relid);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
		kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" has no rows to compare", table->sql_name),
				 errhint("Tables, partitioned and foreign tables, views and materialized views have.")));
	return relid;
}

/* The columns that tell rows apart: all visible, and never null.  None has n = 0. */
static SpindleColumnSet
key_of(const SpindleTable *table)
{
	for (int u = -1; u < table->nunique; u++)
	{
		SpindleColumnSet set = {table->nkeys, table->key};
		bool		fits;

		if (u >= 0)
			set = table->unique[u];
		fits = set.n > 0;
		for (int i = 0; i < set.n; i++)
			fits = fits && !table->column[set.column[i]].hidden && !table->column[set.column[i]].nullable;
		if (fits)
			return set;
	}
	return (SpindleColumnSet) {0};
}

/*
 * The type as which values of a type are compared: itself if it has an order; else
 * what it can always be converted to.
 */
static Oid
compared_type(Oid type)
{
	if (OidIsValid(lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO)->cmp_proc_finfo.fn_oid))
		return type;
	return type == JSONOID ? JSONBOID : TEXTOID;
}

/* Append an expression as a column of a query, as the type that it is compared as. */
static void
append_column(StringInfo list, int number, const char *expression, Oid type, Oid compared)
{
	appendStringInfoString(list, number ? ", " : "");
	if (type == compared)
		appendStringInfo(list, "%s AS c%d", expression, number);
	else
		appendStringInfo(list, "CAST(%s AS %s) AS c%d", expression,
						 format_type_extended(compared, -1, FORMAT_TYPE_FORCE_QUALIFY), number);
}

/*
 * The generated value of a column as what an INSERT makes of it, palloc'd.
 *
 * A text is not cut to the length of the column, as an INSERT would be refused.
 * Raises datatype_mismatch.
 */
static char *
expected_value(Relation relation, Form_pg_attribute att, const SpindleTargetRows *rows, Form_pg_attribute from)
{
	StringInfoData value;
	char		category;
	bool		is_preferred;
	int32		typmod;

	initStringInfo(&value);
	spindle_target_append_expression(&value, relation, att, rows, from);
	get_type_category_preferred(att->atttypid, &category, &is_preferred);
	typmod = category == TYPCATEGORY_STRING || category == TYPCATEGORY_BITSTRING ? -1 : att->atttypmod;
	if (from->atttypid == att->atttypid && (typmod == -1 || typmod == from->atttypmod))
		return value.data;
	return psprintf("CAST(%s AS %s)", value.data,
					format_type_extended(att->atttypid, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/* May the user read a column?  Raises insufficient_privilege. */
static void
check_may_read(Relation relation, Form_pg_attribute att)
{
	if (pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck(RelationGetRelid(relation), att->attnum, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(relation->rd_rel->relkind),
					   RelationGetRelationName(relation));
}

/*
 * Match the columns of a table; the target gets them, and the lists of the queries
 * too.  numbers are those of the columns in the definition.  Raises
 * undefined_column for one that the relation lacks, datatype_mismatch and
 * insufficient_privilege.
 *
 * Domains are taken for the types below them: a value that one refuses is missing,
 * and no error.
 */
static void
match_columns(Matching *matching, Relation relation, const SpindleTargetRows *rows, const int *numbers)
{
	for (int i = 0; i < rows->desc->natts; i++)
	{
		Form_pg_attribute from = TupleDescAttr(rows->desc, i);
		Form_pg_attribute att = spindle_target_column(relation, NameStr(from->attname));
		SpindleCompareColumn *column = &matching->target->column[i];
		FormData_pg_attribute plain;

		if (att == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("relation \"%s\" has no column \"%s\"", RelationGetRelationName(relation), NameStr(from->attname)),
					 errdetail("It is a column of table \"%s\" of the domain.", matching->table->name),
					 errhint("Columns are matched by name.  A view can give columns other names.")));
		check_may_read(relation, att);
		plain = *att;
		plain.atttypid = getBaseTypeAndTypmod(att->atttypid, &plain.atttypmod);
		column->number = numbers[i];
		column->name = pstrdup(NameStr(att->attname));
		column->type = compared_type(plain.atttypid);
		if (OidIsValid(get_typcollation(column->type)))
			column->collation = OidIsValid(att->attcollation) ? att->attcollation : C_COLLATION_OID;
		append_column(&matching->expected, i, expected_value(relation, &plain, rows, from), plain.atttypid,
					  column->type);
		append_column(&matching->found, i, psprintf("stored.%s", quote_identifier(column->name)), plain.atttypid,
					  column->type);
	}
}

/* The place of a column of the definition, by its number there, in a target. */
static int
place_of(const SpindleCompareTarget *target, int number)
{
	for (int i = 0; i < target->ncolumns; i++)
		if (target->column[i].number == number)
			return i;
	elog(ERROR, "column %d is not compared", number);
}

/*
 * Do generated rows come in the order of the key anyway?  They do if it never falls
 * from row to row, in the order of the type too that it is compared as.
 */
static bool
is_in_order(const SpindleTable *table, const SpindleCompareTarget *target)
{
	const SpindleColumn *column;
	const SpindleTypeOps *ops;
	Oid			type;

	if (!target->has_key || target->nordered != 1)
		return false;
	column = &table->column[target->column[target->ordered[0]].number];
	type = target->column[target->ordered[0]].type;
	ops = spindle_type_of_oid(type);
	return column->monotone && !column->type.ops->is_text && column->type.sql_type == NULL &&
		(type == column->type.oid || (ops && ops->is_integer && column->type.ops->is_integer));
}

/* The ORDER BY of a target's columns; palloc'd, "" if there are none. */
static char *
order_by(const SpindleCompareTarget *target)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < target->nordered; i++)
		appendStringInfo(&buf, "%s c%d%s", i ? "," : " ORDER BY", target->ordered[i],
						 OidIsValid(target->column[target->ordered[i]].collation) ? " COLLATE pg_catalog.\"C\"" : "");
	return buf.data;
}

/*
 * The FROM item of the generated rows: all that a change of what is expected
 * concerns.
 */
static char *
expected_from(const SpindleCompareOptions *options, int table, TupleDesc desc)
{
	return spindle_generated_from(options->instance, table, &options->as_of, desc, "0", "NULL");
}

/*
 * Match a table with its relation, which stays locked for reading until the
 * transaction ends.
 */
static SpindleCompareTarget *
match_table(const SpindleCompareOptions *options, int t, Relation relation)
{
	const SpindleTable *table = &options->instance->domain->table[t];
	const SpindleColumnSet key = key_of(table);
	Matching	matching = {.table = table,.target = palloc0(sizeof(SpindleCompareTarget))};
	SpindleCompareTarget *target = matching.target;
	bool	   *wanted = palloc(sizeof(bool) * Max(table->ncolumns, 1));
	int		   *columns;
	SpindleTargetRows rows;
	char	   *order;

	for (int c = 0; c < table->ncolumns; c++)
		wanted[c] = !table->column[c].hidden;
	rows = spindle_generated_rows(table, spindle_generated_desc(table, wanted, &columns), NULL);
	initStringInfo(&matching.expected);
	initStringInfo(&matching.found);
	target->table = t;
	target->name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
											  RelationGetRelationName(relation));
	target->ncolumns = rows.desc->natts;
	target->column = palloc0(sizeof(SpindleCompareColumn) * Max(target->ncolumns, 1));
	match_columns(&matching, relation, &rows, columns);
	target->has_key = key.n > 0;
	target->nordered = target->has_key ? key.n : target->ncolumns;
	target->ordered = palloc(sizeof(int) * Max(target->nordered, 1));
	for (int i = 0; i < target->nordered; i++)
	{
		target->ordered[i] = target->has_key ? place_of(target, key.column[i]) : i;
		target->column[target->ordered[i]].is_key = true;
	}
	order = order_by(target);
	target->expected = psprintf("SELECT * FROM (SELECT %s FROM %s) AS r%s", matching.expected.data,
								expected_from(options, t, rows.desc),
								is_in_order(table, target) ? "" : order);
	target->found = psprintf("SELECT * FROM (SELECT %s FROM %s AS stored) AS r%s", matching.found.data, target->name,
							 order);
	return target;
}

/*
 * spindle_compare_match
 *		What is to be compared: a list of SpindleCompareTarget in the order of the
 *		definition, in the current memory context.
 *
 * Relations are locked as SELECT does, until the transaction ends.  Raises
 * undefined_schema, undefined_table, undefined_column, datatype_mismatch,
 * wrong_object_type and insufficient_privilege, and ambiguous_alias if two tables
 * have the same relation.
 */
List *
spindle_compare_match(const SpindleCompareOptions *options)
{
	const SpindleDomain *domain = options->instance->domain;
	List	   *targets = NIL;
	List	   *relids = NIL;

	for (int t = 0; t < domain->ntables; t++)
	{
		Relation	relation;

		CHECK_FOR_INTERRUPTS();
		if (!options->selected[t])
			continue;
		relation = spindle_relation_open(find_relation(options, &domain->table[t]), domain->table[t].sql_name,
										 AccessShareLock);
		if (list_member_oid(relids, RelationGetRelid(relation)))
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_ALIAS),
					 errmsg("several tables of the domain are called \"%s\" in schema \"%s\"", domain->table[t].sql_name,
							get_namespace_name(RelationGetNamespace(relation))),
					 errhint("Name one of them in the argument \"tables\", "
							 "or give null for \"schema_name\" to look for each in its own schema.")));
		relids = lappend_oid(relids, RelationGetRelid(relation));
		targets = lappend(targets, match_table(options, t, relation));
		relation_close(relation, NoLock);
	}
	return targets;
}
