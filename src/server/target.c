/*-------------------------------------------------------------------------
 *
 * target.c
 *		The relation that rows are inserted into, and the INSERT.
 *
 * Columns are matched by name.  What INSERT would refuse for its columns is
 * found here, before the first row, so that the error can say more about them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "server/target.h"

/*
 * spindle_target_column
 *		The column of a relation by its name, or NULL.
 *
 * It is the relation's own, which the caller keeps open.  Dropped columns are
 * not found.
 */
Form_pg_attribute
spindle_target_column(Relation target, const char *name)
{
	TupleDesc	desc = RelationGetDescr(target);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att;
	}
	return NULL;
}

/*
 * spindle_target_append_expression
 *		Append the expression that makes a column of the target of one of the rows.
 *
 * buf has those before.  Raises datatype_mismatch.
 */
void
spindle_target_append_expression(StringInfo buf, Relation target, Form_pg_attribute att,
								 const SpindleTargetRows *rows, Form_pg_attribute from)
{
	CoercionPathType path;
	Oid			function;
	char		category;
	bool		is_preferred;

	appendStringInfo(buf, "%s%s.%s", buf->len ? ", " : "", rows->alias, quote_identifier(NameStr(from->attname)));
	if (can_coerce_type(1, &from->atttypid, &att->atttypid, COERCION_ASSIGNMENT))
		return;

	/* a text that the type can read, as enums, arrays, xml and types of users do */
	get_type_category_preferred(from->atttypid, &category, &is_preferred);
	path = find_coercion_pathway(att->atttypid, from->atttypid, COERCION_EXPLICIT, &function);
	if (category != TYPCATEGORY_STRING ||
		(path != COERCION_PATH_COERCEVIAIO && !(path == COERCION_PATH_FUNC && att->atttypid == XMLOID)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" has type %s, but %s have type %s",
						NameStr(att->attname), RelationGetRelationName(target), format_type_be(att->atttypid),
						rows->kind, format_type_with_typemod(from->atttypid, from->atttypmod)),
				 errhint("There is no assignment cast between the two.%s%s", rows->hint ? "  " : "",
						 rows->hint ? rows->hint : "")));

	/* qualified, as triggers run with the caller's search_path */
	appendStringInfo(buf, "::%s", format_type_extended(att->atttypid, att->atttypmod,
													   FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/*
 * spindle_target_value
 *		The same by itself, as a value of the column's type, to be compared with it;
 *		palloc'd.
 */
char *
spindle_target_value(Relation target, Form_pg_attribute att, const SpindleTargetRows *rows, Form_pg_attribute from)
{
	StringInfoData value;

	initStringInfo(&value);
	spindle_target_append_expression(&value, target, att, rows, from);
	if (from->atttypid == att->atttypid)
		return value.data;
	return psprintf("CAST(%s AS %s)", value.data,
					format_type_extended(att->atttypid, att->atttypmod,
										 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/*
 * spindle_target_convert
 *		Convert one value as the INSERT does, and forget the result: for an error that
 *		tells which column it is about.
 *
 * from describes the value, which is not null.  Raises what the conversion does.
 */
void
spindle_target_convert(Form_pg_attribute att, Form_pg_attribute from, Datum value)
{
	EState	   *estate = CreateExecutorState();
	Node	   *constant = (Node *) makeConst(from->atttypid, from->atttypmod, from->attcollation, from->attlen, value,
											  false, from->attbyval);
	Node	   *converted = coerce_to_target_type(NULL, constant, from->atttypid, att->atttypid, att->atttypmod,
												  COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	bool		is_null;

	if (converted == NULL)
		converted = coerce_to_target_type(NULL, constant, from->atttypid, att->atttypid, att->atttypmod,
										  COERCION_EXPLICIT, COERCE_EXPLICIT_CAST, -1);
	if (converted)
		(void) ExecEvalExprSwitchContext(ExecPrepareExpr((Expr *) converted, estate), GetPerTupleExprContext(estate),
										 &is_null);
	FreeExecutorState(estate);
}

/*
 * spindle_type_refuses_null
 *		Does a type refuse null, as a domain may?  Domains over domains are looked
 *		through.
 */
bool
spindle_type_refuses_null(Oid type)
{
	bool		refuses = false;

	while (!refuses && get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for type %u", type);
		refuses = ((Form_pg_type) GETSTRUCT(tuple))->typnotnull;
		type = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
		ReleaseSysCache(tuple);
	}
	return refuses;
}

/*
 * spindle_target_may_be_set_later
 *		May something give a row the value that INSERT does not?
 *
 * A rule can make anything of an INSERT, and a trigger of a row, that of a
 * partition too; of views and foreign tables we cannot tell.  Locks all
 * partitions for reading until the transaction ends.
 */
bool
spindle_target_may_be_set_later(Relation target)
{
	char		kind = target->rd_rel->relkind;
	bool		result = false;
	List	   *partitions;
	ListCell   *lc;

	if ((kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) || target->rd_rules ||
		(target->trigdesc && target->trigdesc->trig_insert_before_row))
		return true;
	if (kind == RELKIND_RELATION)
		return false;
	partitions = find_all_inheritors(RelationGetRelid(target), AccessShareLock, NULL);
	foreach(lc, partitions)
	{
		Relation	partition = relation_open(lfirst_oid(lc), NoLock);

		result |= partition->rd_rel->relkind == RELKIND_FOREIGN_TABLE ||
			(partition->trigdesc && partition->trigdesc->trig_insert_before_row);
		relation_close(partition, NoLock);
	}
	list_free(partitions);
	return result;
}

/*
 * spindle_target_needs_value
 *		Would a row surely be refused that gets no value for a column from us?
 *
 * It would if the column must not be null, and neither a default nor a trigger,
 * nor whatever a view stands for, can give it a value.
 */
bool
spindle_target_needs_value(Relation target, Form_pg_attribute att)
{
	bool		of_type = spindle_type_refuses_null(att->atttypid);

	/* a type refuses null before any trigger sees it */
	return !att->atthasdef && !att->attidentity && (att->attnotnull || of_type) &&
		get_typdefault(att->atttypid) == NULL && target->rd_rel->relkind != RELKIND_VIEW &&
		(of_type || !spindle_target_may_be_set_later(target));
}

/*
 * A column that gets no value from us must get one otherwise, or be null.
 * Raises not_null_violation if that is certain; where it is not, the INSERT
 * itself decides.
 */
static void
check_other_column(Relation target, Form_pg_attribute att, const SpindleTargetRows *rows)
{
	if (!spindle_target_needs_value(target, att))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("column \"%s\" of relation \"%s\" would be null, but is NOT NULL",
					NameStr(att->attname), RelationGetRelationName(target)),
			 errdetail("It gets no value and has no default."),
			 errhint("Give it a default.%s%s", rows->hint ? "  " : "", rows->hint ? rows->hint : "")));
}

/*
 * spindle_target_insert
 *		The INSERT of rows into a relation, which the caller has locked against
 *		changes of its columns; palloc'd.
 *
 * Columns that the target generates are left to it.  Values are converted by
 * assignment casts, and where a text goes to a type without one by the type's
 * input.  Raises datatype_mismatch if neither is possible, not_null_violation if
 * a column would surely be null and must not, and undefined_column if the target
 * takes none of the main columns.  All names are qualified, as triggers run with
 * the caller's search_path.
 */
char *
spindle_target_insert(Relation target, const SpindleTargetRows *rows)
{
	TupleDesc	desc = RelationGetDescr(target);
	StringInfoData columns;
	StringInfoData values;
	bool		overrides = false;
	bool		any = false;

	initStringInfo(&columns);
	initStringInfo(&values);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		is_always = att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
		int			from = 0;

		if (att->attisdropped || att->attgenerated || (is_always && !rows->sets_identity))
			continue;
		while (from < rows->desc->natts &&
			   strcmp(NameStr(TupleDescAttr(rows->desc, from)->attname), NameStr(att->attname)) != 0)
			from++;
		if (from == rows->desc->natts)
		{
			check_other_column(target, att, rows);
			continue;
		}
		any |= from < rows->nmain;
		overrides |= is_always;
		appendStringInfo(&columns, "%s%s", columns.len ? ", " : "", quote_identifier(NameStr(att->attname)));
		spindle_target_append_expression(&values, target, att, rows, TupleDescAttr(rows->desc, from));
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column that %s have", RelationGetRelationName(target), rows->kind),
				 errhint("Columns are matched by name.")));
	return psprintf("INSERT INTO %s (%s) %sSELECT %s FROM %s",
					quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target)),
											   RelationGetRelationName(target)),
					columns.data, overrides ? "OVERRIDING SYSTEM VALUE " : "", values.data, rows->from);
}
