/*-------------------------------------------------------------------------
 *
 * apply_table.c
 *		The statements that change the rows of a relation as a generated table's
 *		do.
 *
 * Columns are matched by their names in SQL.  Values come as parameters of the types
 * that the definition says, and are converted as INSERT converts them.  A row is
 * found by its key, else by all its values.  There is one plan for INSERT, one for
 * DELETE, and one for each set of columns that an UPDATE changes; the server makes
 * them anew when the relation changes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "apply/apply_table.h"
#include "library/source.h"
#include "model/model.h"
#include "server/relation.h"
#include "server/target.h"

/* The plan of an UPDATE of some columns. */
typedef struct ApplyUpdate
{
	bool	   *changed;		/* per column of the image */
	SPIPlanPtr	plan;
} ApplyUpdate;

struct SpindleApplyTable
{
	const SpindleTable *table;
	const SpindleChangeTable *shape;
	Oid			relid;
	char	   *name;			/* with its schema, quoted as SQL needs it */
	TupleDesc	desc;			/* of an image, with names in SQL */
	Oid		   *type;			/* of its columns, as parameters */
	bool	   *is_target;		/* can UPDATE set it? */
	bool		has_key;		/* else rows are found by all values */
	int			nfinding;		/* columns that rows are found by: the key's, or ... */
	int		   *finding;		/* ... all that can be compared; their places */
	bool		is_referred_to; /* by foreign keys of the server */
	SPIPlanPtr	insert;
	SPIPlanPtr	delete;
	SPIPlanPtr	touch;
	List	   *updates;		/* of ApplyUpdate */
	MemoryContext context;
	MemoryContext values_context;	/* of the values of one statement */
};

/* Plans live longer than the memory context that knows them. */
static void
free_plans(void *arg)
{
	SpindleApplyTable *target = arg;
	ListCell   *lc;

	if (target->insert)
		SPI_freeplan(target->insert);
	if (target->delete)
		SPI_freeplan(target->delete);
	if (target->touch)
		SPI_freeplan(target->touch);
	foreach(lc, target->updates)
		SPI_freeplan(((ApplyUpdate *) lfirst(lc))->plan);
}

/*
 * The relation of a table.  Raises wrong_object_type, and what
 * spindle_source_relation() does.
 */
static Oid
find_relation(const SpindleTable *table, const char *schema)
{
	Oid			relid = spindle_source_relation(table, schema);
	char		kind = get_rel_relkind(relid);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
		kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot change rows of relation \"%s\"", table->sql_name),
				 errhint("It must be a table, a view or a foreign table.")));
	return relid;
}

/*
 * Which columns of the image the relation has.  Those that it generates are left
 * to it.  Raises undefined_column for one that it does not have.
 */
static void
match_columns(SpindleApplyTable *target, Relation relation)
{
	const SpindleChangeTable *shape = target->shape;

	target->desc = CreateTemplateTupleDesc(shape->ncolumns);
	target->type = palloc(sizeof(Oid) * Max(shape->ncolumns, 1));
	target->is_target = palloc(Max(shape->ncolumns, 1));
	target->finding = palloc(sizeof(int) * Max(shape->ncolumns, 1));
	target->has_key = shape->nkeys > 0 && shape->nkeys == target->table->nkeys;
	if (target->has_key)
	{
		target->nfinding = shape->nkeys;
		memcpy(target->finding, shape->key, sizeof(int) * shape->nkeys);
	}
	for (int c = 0; c < shape->ncolumns; c++)
	{
		const SpindleColumn *column = shape->column[c];
		Form_pg_attribute att = spindle_target_column(relation, column->sql_name);

		if (att == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist", column->sql_name,
							RelationGetRelationName(relation)),
					 errhint("The relation must have all columns that changes have.")));
		TupleDescInitEntry(target->desc, c + 1, column->sql_name, column->type.oid, column->type.typmod, 0);
		target->type[c] = column->type.oid;
		target->is_target[c] = att->attgenerated == '\0' && att->attidentity != ATTRIBUTE_IDENTITY_ALWAYS;
		if (!target->has_key && OidIsValid(lookup_type_cache(att->atttypid, TYPECACHE_EQ_OPR)->eq_opr))
			target->finding[target->nfinding++] = c;
	}
}

/*
 * Raise insufficient_privilege unless the caller may do something with the rows.  What
 * exactly, the statements ask; but who may do nothing has no business with the table,
 * and must not keep others from it.
 */
static void
check_privileges(Oid relid, const char *name)
{
	const AclMode changing = ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	if (pg_class_aclcheck(relid, GetUserId(), changing) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_INSERT | ACL_UPDATE, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(relid)), name);
}

/* Do foreign keys refer to the table? */
static bool
is_referred_to(Oid relid)
{
	Oid			argtypes[] = {OIDOID};
	Datum		values[] = {ObjectIdGetDatum(relid)};

	if (SPI_execute_with_args("SELECT FROM pg_catalog.pg_constraint WHERE confrelid OPERATOR(pg_catalog.=) $1 LIMIT 1", 1, argtypes, values,
							  NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_constraint");
	return SPI_processed > 0;
}

/*
 * spindle_apply_table_create
 *		What changes the rows of the relation that a table is in a schema, or, with
 *		NULL, in the schema of the definition.
 *
 * Allocated in the given memory context, with which plans are freed.  Needs a
 * session of SPI.  Raises undefined_schema, undefined_table, undefined_column,
 * wrong_object_type and insufficient_privilege.
 */
SpindleApplyTable *
spindle_apply_table_create(const SpindleTable *table, const char *schema, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleApplyTable *target = palloc0(sizeof(SpindleApplyTable));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	Relation	relation;

	target->table = table;
	target->shape = spindle_change_table_create(table);
	target->relid = find_relation(table, schema);
	check_privileges(target->relid, table->sql_name);
	target->context = context;
	target->values_context = AllocSetContextCreate(context, "spindle values of a change", ALLOCSET_SMALL_SIZES);
	relation = spindle_relation_open(target->relid, table->sql_name, AccessShareLock);
	target->name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
											  RelationGetRelationName(relation));
	match_columns(target, relation);
	relation_close(relation, NoLock);
	target->is_referred_to = is_referred_to(target->relid);
	callback->func = free_plans;
	callback->arg = target;
	MemoryContextRegisterResetCallback(context, callback);
	MemoryContextSwitchTo(oldcontext);
	return target;
}

/* Is a row's insertion or deletion the business of other rows, too? */
bool
spindle_apply_is_referred_to(const SpindleApplyTable *target)
{
	return target->is_referred_to;
}

/* Its name with the schema, as SQL writes it. */
const char *
spindle_apply_table_name(const SpindleApplyTable *target)
{
	return target->name;
}

/*
 * A FROM item that gives parameters from $first on as columns of some places, all
 * of the image if places is NULL.
 */
static char *
parameters(const SpindleApplyTable *target, const int *places, int n, int first, const char *alias)
{
	StringInfoData buf;
	StringInfoData names;

	initStringInfo(&buf);
	initStringInfo(&names);
	for (int i = 0; i < n; i++)
	{
		const char *separator = i == 0 ? "" : ", ";

		appendStringInfo(&buf, "%s$%d", separator, first + i);
		appendStringInfo(&names, "%s%s", separator,
						 quote_identifier(NameStr(TupleDescAttr(target->desc, places ? places[i] : i)->attname)));
	}
	return psprintf("(SELECT %s) AS %s (%s)", buf.data, alias, names.data);
}

/* The expression that makes a column of the relation of that of an alias. */
static char *
expression(const SpindleApplyTable *target, Relation relation, int place, const char *alias)
{
	const SpindleTargetRows rows = {.alias = alias,.kind = "changes"};
	Form_pg_attribute from = TupleDescAttr(target->desc, place);
	StringInfoData buf;

	initStringInfo(&buf);
	spindle_target_append_expression(&buf, relation, spindle_target_column(relation, NameStr(from->attname)), &rows, from);
	return buf.data;
}

/*
 * The condition that a column of a row, of an alias, is that of alias o.  By operators
 * with their schemas, so that search_path does not matter.
 */
static char *
comparison(const SpindleApplyTable *target, Relation relation, int place, const char *alias)
{
	const SpindleTargetRows rows = {.alias = "o",.kind = "changes"};
	Form_pg_attribute from = TupleDescAttr(target->desc, place);
	Form_pg_attribute att = spindle_target_column(relation, NameStr(from->attname));
	const char *column = psprintf("%s.%s", alias, quote_identifier(NameStr(att->attname)));
	const char *value = spindle_target_value(relation, att, &rows, from);
	const char *is_equal = psprintf("%s %s %s", column, spindle_equality_sql(att->atttypid), value);

	if (target->has_key)
		return unconstify(char *, is_equal);
	return psprintf("(%s OR (%s IS NULL AND %s IS NULL))", is_equal, column, value);
}

/*
 * The rest of an UPDATE or DELETE: rows of alias o, parameters from $first on, and the
 * condition that finds the one of them.  Without a key, any one of those that are
 * equal to it.
 */
static char *
finding_clause(const SpindleApplyTable *target, Relation relation, int first, const char *keyword)
{
	char	   *old = parameters(target, target->finding, target->nfinding, first, "o");
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < target->nfinding; i++)
		appendStringInfo(&buf, "%s%s", i == 0 ? "" : " AND ",
						 comparison(target, relation, target->finding[i], target->has_key ? "t" : "s"));
	if (target->has_key)
		return psprintf("%s %s WHERE %s", keyword, old, buf.data);
	return psprintf("WHERE (t.tableoid, t.ctid) OPERATOR(pg_catalog.=) (SELECT s.tableoid, s.ctid FROM %s AS s, %s WHERE %s LIMIT 1)",
					target->name, old, buf.data);
}

/* Prepare a statement to be kept. */
static SPIPlanPtr
prepare(const char *statement, int nargs, Oid *argtypes)
{
	SPIPlanPtr	plan = SPI_prepare(statement, nargs, argtypes);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement, SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan");
	return plan;
}

/*
 * Prepare a statement with the new values of some places as parameters, and behind
 * them the old ones that the row is found by.
 */
static SPIPlanPtr
prepare_finding(const SpindleApplyTable *target, const char *statement, const int *places, int nplaces)
{
	Oid		   *types = palloc(sizeof(Oid) * Max(nplaces + target->nfinding, 1));

	for (int i = 0; i < nplaces; i++)
		types[i] = target->type[places[i]];
	for (int i = 0; i < target->nfinding; i++)
		types[nplaces + i] = target->type[target->finding[i]];
	return prepare(statement, nplaces + target->nfinding, types);
}

/* Make the plan of INSERT. */
static void
prepare_insert(SpindleApplyTable *target, Relation relation)
{
	SpindleTargetRows rows = {
		.desc = target->desc,
		.nmain = target->desc->natts,
		.from = parameters(target, NULL, target->desc->natts, 1, "n"),
		.alias = "n",
		.kind = "changes",
		.sets_identity = true,
	};

	target->insert = prepare(spindle_target_insert(relation, &rows), target->desc->natts, target->type);
}

/* Make the plan of DELETE. */
static void
prepare_delete(SpindleApplyTable *target, Relation relation)
{
	target->delete = prepare_finding(target, psprintf("DELETE FROM %s AS t %s", target->name,
													  finding_clause(target, relation, 1, "USING")), NULL, 0);
}

/* Make the plan of an UPDATE that changes nothing: of the first column that can be set. */
static void
prepare_touch(SpindleApplyTable *target, Relation relation)
{
	int			c = 0;
	const char *name;

	while (c < target->desc->natts - 1 && !target->is_target[c])
		c++;
	name = quote_identifier(NameStr(TupleDescAttr(target->desc, c)->attname));
	target->touch = prepare_finding(target, psprintf("UPDATE %s AS t SET %s = t.%s %s", target->name, name, name,
													 finding_clause(target, relation, 1, "FROM")), NULL, 0);
}

/* Make the plan of an UPDATE of some columns, of which there is at least one that can be set. */
static SPIPlanPtr
prepare_update(SpindleApplyTable *target, Relation relation, const bool *changed)
{
	int		   *places = palloc(sizeof(int) * target->desc->natts);
	int			n = 0;
	StringInfoData set;

	initStringInfo(&set);
	for (int c = 0; c < target->desc->natts; c++)
	{
		if (!changed[c] || !target->is_target[c])
			continue;
		appendStringInfo(&set, "%s%s = %s", n == 0 ? "" : ", ",
						 quote_identifier(NameStr(TupleDescAttr(target->desc, c)->attname)),
						 expression(target, relation, c, "n"));
		places[n++] = c;
	}
	return prepare_finding(target, psprintf("UPDATE %s AS t SET %s FROM %s%s %s", target->name, set.data,
											parameters(target, places, n, 1, "n"), target->has_key ? "," : "",
											finding_clause(target, relation, n + 1, "")), places, n);
}

/* Call one of the functions that make plans, with the relation open. */
static void
with_relation(SpindleApplyTable *target, void (*make) (SpindleApplyTable *target, Relation relation))
{
	Relation	relation = spindle_relation_open(target->relid, target->table->sql_name, AccessShareLock);

	make(target, relation);
	relation_close(relation, NoLock);
}

/* Values of an image at some places, as a plan takes them; all if places is NULL. */
static void
take_values(const SpindleImage *image, const int *places, int n, Datum *values, char *nulls)
{
	for (int i = 0; i < n; i++)
	{
		int			c = places ? places[i] : i;

		values[i] = (Datum) 0;
		nulls[i] = image->is_null[c] ? 'n' : ' ';
		if (!image->is_null[c])
			spindle_datums_of_values(&image->table->column[c]->type, NULL, &image->value[c], 1, &values[i]);
	}
}

/* Execute a plan; returns the number of rows that it changed. */
static int64
execute(SPIPlanPtr plan, Datum *values, char *nulls)
{
	int			code = SPI_execute_plan(plan, values, nulls, false, 0);

	if (code < 0)
		elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(code));
	return (int64) SPI_processed;
}

/*
 * A row that is to be changed must be there.  Where triggers or rules may have
 * taken over, nobody can tell.
 */
static void
check_found(const SpindleApplyTable *target, const SpindleImage *before, int64 n)
{
	StringInfoData row;

	if (n == 1)
		return;
	initStringInfo(&row);
	spindle_image_write(before, &row);
	if (n > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("a change of %s found " INT64_FORMAT " rows", target->name, n),
				 errdetail("It is about the row %s.", row.data)));
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("a row of %s that is to be changed was not found", target->name),
			 errdetail("It is the row %s.", row.data),
			 errhint("The tables must hold what is there where the stream begins: nothing with include_initial, or what "
					 "spindle_seed makes with as_of at from_time.")));
}

/* Values for a statement that finds a row by its old values, behind nfirst new ones. */
static int64
find_and_execute(SpindleApplyTable *target, SPIPlanPtr plan, const SpindleImage *before, const SpindleImage *after,
				 const bool *changed)
{
	const int	natts = target->desc->natts;
	MemoryContext oldcontext;
	int		   *places;
	Datum	   *values;
	char	   *nulls;
	int			n = 0;
	int64		processed;

	MemoryContextReset(target->values_context);
	oldcontext = MemoryContextSwitchTo(target->values_context);
	places = palloc(sizeof(int) * Max(natts, 1));
	values = palloc(sizeof(Datum) * Max(2 * natts, 1));
	nulls = palloc(Max(2 * natts, 1));
	for (int c = 0; after && c < natts; c++)
		if (changed[c] && target->is_target[c])
			places[n++] = c;
	if (n > 0)
		take_values(after, places, n, values, nulls);
	take_values(before, target->finding, target->nfinding, values + n, nulls + n);
	MemoryContextSwitchTo(oldcontext);
	processed = execute(plan, values, nulls);
	check_found(target, before, processed);
	return processed;
}

/*
 * spindle_apply_insert
 *		Insert a row; the number of rows that are there now, 0 if a trigger refused it.
 *
 * This and its like need a session of SPI, and raise what the statement does.
 */
int64
spindle_apply_insert(SpindleApplyTable *target, const SpindleImage *after)
{
	MemoryContext oldcontext;
	Datum	   *values;
	char	   *nulls;

	if (target->insert == NULL)
		with_relation(target, prepare_insert);
	MemoryContextReset(target->values_context);
	oldcontext = MemoryContextSwitchTo(target->values_context);
	values = palloc(sizeof(Datum) * Max(target->desc->natts, 1));
	nulls = palloc(Max(target->desc->natts, 1));
	take_values(after, NULL, target->desc->natts, values, nulls);
	MemoryContextSwitchTo(oldcontext);
	return execute(target->insert, values, nulls);
}

/* The plan of an UPDATE of some columns. */
static SPIPlanPtr
update_plan(SpindleApplyTable *target, const bool *changed)
{
	const int	natts = target->desc->natts;
	MemoryContext oldcontext;
	ApplyUpdate *update;
	Relation	relation;
	SPIPlanPtr	plan;
	ListCell   *lc;

	foreach(lc, target->updates)
	{
		update = lfirst(lc);
		if (memcmp(update->changed, changed, sizeof(bool) * natts) == 0)
			return update->plan;
	}
	relation = spindle_relation_open(target->relid, target->table->sql_name, AccessShareLock);
	plan = prepare_update(target, relation, changed);
	relation_close(relation, NoLock);
	oldcontext = MemoryContextSwitchTo(target->context);
	update = palloc(sizeof(ApplyUpdate));
	update->changed = memcpy(palloc(sizeof(bool) * Max(natts, 1)), changed, sizeof(bool) * natts);
	update->plan = plan;
	target->updates = lappend(target->updates, update);
	MemoryContextSwitchTo(oldcontext);
	return plan;
}

/*
 * spindle_apply_update
 *		Update the columns of a row that changed; the number of rows, 0 if the relation
 *		generates all of these.
 *
 * Raises no_data_found if the row is not there.
 */
int64
spindle_apply_update(SpindleApplyTable *target, const SpindleImage *before, const SpindleImage *after, const bool *changed)
{
	bool		any = false;

	for (int c = 0; c < target->desc->natts; c++)
		any |= changed[c] && target->is_target[c];
	if (!any)
		return 0;
	return find_and_execute(target, update_plan(target, changed), before, after, changed);
}

/*
 * spindle_apply_delete
 *		Delete a row; the number of rows.  Raises no_data_found if it is not there.
 */
int64
spindle_apply_delete(SpindleApplyTable *target, const SpindleImage *before)
{
	if (target->delete == NULL)
		with_relation(target, prepare_delete);
	return find_and_execute(target, target->delete, before, NULL, NULL);
}

/*
 * spindle_apply_touch
 *		Update a row without a change; the number of rows.
 */
int64
spindle_apply_touch(SpindleApplyTable *target, const SpindleImage *row)
{
	if (target->touch == NULL)
		with_relation(target, prepare_touch);
	return find_and_execute(target, target->touch, row, NULL, NULL);
}
