/*-------------------------------------------------------------------------
 *
 * fill_match.c
 *		Tables of a domain and the relations of a schema that they fill.
 *
 * Relations and columns are found by name.  What is wrong is noted down for each
 * target and not raised at once, so that all of it can be told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "compat.h"
#include "seed/fill_plan.h"
#include "server/relation.h"
#include "server/sequence.h"
#include "server/target.h"

/*
 * spindle_fill_add_problem
 *		Note what is wrong with a target, in the current memory context.  The texts are
 *		kept; column, detail and hint may be NULL.
 */
void
spindle_fill_add_problem(SpindleFillTarget *target, int sqlstate, const char *column, const char *message,
						 const char *detail, const char *hint)
{
	SpindleFillProblem *problem = palloc0(sizeof(SpindleFillProblem));

	problem->sqlstate = sqlstate;
	problem->column = column;
	problem->message = message;
	problem->detail = detail;
	problem->hint = hint;
	target->problems = lappend(target->problems, problem);
}

/* A copy of a text in the current memory context; NULL if there is none. */
static char *
copy_text(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/*
 * spindle_fill_add_error
 *		The same with an error of the server, which was found in some rows.  It is
 *		copied.
 */
void
spindle_fill_add_error(SpindleFillTarget *target, const ErrorData *error, int64 rows)
{
	SpindleFillProblem *problem;

	spindle_fill_add_problem(target, error->sqlerrcode, copy_text(error->column_name), copy_text(error->message),
							 copy_text(error->detail), copy_text(error->hint));
	problem = llast(target->problems);
	problem->constraint = copy_text(error->constraint_name);
	problem->rows = rows;
}

/*
 * spindle_fill_add_late_problem
 *		Note that only some rows were found by the UPDATE of late columns.
 */
void
spindle_fill_add_late_problem(SpindleFillTarget *target, int64 expected, int64 found)
{
	spindle_fill_add_problem(target, ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION, NULL,
							 psprintf("only %lld of %lld rows of relation %s could be updated", (long long) found,
									  (long long) expected, target->name),
							 "Columns that refer to rows inserted later are set by an UPDATE, "
							 "which finds the rows by their key.",
							 "A trigger or a policy has changed or hidden rows.  Declare the foreign key DEFERRABLE.");
}

/*
 * Which columns of a table the relation takes, and which of them are missing
 * there.  What it computes itself is left to it.
 */
static void
match_columns(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];

	for (int c = 0; c < table->ncolumns; c++)
	{
		const char *name = table->column[c].sql_name;
		Form_pg_attribute att;

		if (table->column[c].hidden)
			continue;
		att = spindle_target_column(relation, name);
		target->wanted[c] = att != NULL && !att->attgenerated;
		if (att == NULL)
			spindle_fill_add_problem(target, ERRCODE_UNDEFINED_COLUMN, name,
									 psprintf("relation \"%s\" has no column \"%s\"",
											  RelationGetRelationName(relation), name),
									 psprintf("It is a column of table \"%s\" of the domain.", table->name),
									 "Add it to the relation, or make it \"hidden\" in the definition.");
	}
}

/* The number of a wanted column by the name that the relation has for it, or -1. */
static int
find_column(const SpindleFillPlan *plan, const SpindleFillTarget *target, const char *name)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];

	for (int c = 0; c < table->ncolumns; c++)
		if (target->wanted[c] && strcmp(table->column[c].sql_name, name) == 0)
			return c;
	return -1;
}

/* May the user do something with a column, or with all of its relation? */
static bool
may(Relation relation, AttrNumber attnum, AclMode mode)
{
	return pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), mode) == ACLCHECK_OK ||
		pg_attribute_aclcheck(RelationGetRelid(relation), attnum, GetUserId(), mode) == ACLCHECK_OK;
}

/*
 * The columns of a unique index, if an UPDATE of the user can find by them the row
 * that was inserted: all of them have values of ours and are never null.  Else
 * NULL.
 */
static Bitmapset *
columns_of_index(const SpindleFillPlan *plan, const SpindleFillTarget *target, Relation relation, Relation index)
{
	Form_pg_index form = index->rd_index;
	Bitmapset  *columns = NULL;

	if (!form->indisunique || !form->indisvalid || RelationGetIndexPredicate(index) != NIL)
		return NULL;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];
		Form_pg_attribute att = attnum > 0 ? TupleDescAttr(RelationGetDescr(relation), attnum - 1) : NULL;
		int			column = att ? find_column(plan, target, NameStr(att->attname)) : -1;

		if (column < 0 || !att->attnotnull || !may(relation, attnum, ACL_SELECT))
			return NULL;
		columns = bms_add_member(columns, column);
	}
	return columns;
}

/*
 * Columns by which an UPDATE can find a row of a target, those of the primary key if
 * possible; NULL if there are none.
 */
static Bitmapset *
find_finder(const SpindleFillPlan *plan, const SpindleFillTarget *target, Relation relation)
{
	Bitmapset  *result = NULL;
	ListCell   *lc;

	if (relation->rd_rel->relkind != RELKIND_RELATION && relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return NULL;
	foreach(lc, RelationGetIndexList(relation))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Bitmapset  *columns = columns_of_index(plan, target, relation, index);

		if (columns && (result == NULL || index->rd_index->indisprimary))
			result = columns;
		index_close(index, NoLock);
	}
	return result;
}

/*
 * Can a column be null when its row is inserted, and be set by an UPDATE?  One that
 * chooses the partition cannot.
 */
static bool
can_be_null_first(const SpindleFillTarget *target, Relation relation, Form_pg_attribute att, int column)
{
	return column >= 0 &&
		!has_partition_attrs(relation, bms_make_singleton(att->attnum - FirstLowInvalidHeapAttributeNumber), NULL) &&
 !att->attnotnull && !att->atthasdef && !att->attidentity &&
		!bms_is_member(column, target->finder) && !spindle_type_refuses_null(att->atttypid) &&
		may(relation, att->attnum, ACL_UPDATE);
}

/*
 * The columns of a foreign key to leave null at first, NULL if that is not
 * possible.  One is enough, the last one that can be; with MATCH FULL it takes
 * all.
 */
static Bitmapset *
columns_to_null(const SpindleFillTarget *target, Relation relation, const SpindleFillReference *reference)
{
	const SpindleCatalogKey *key = reference->key;
	Bitmapset  *columns = NULL;

	if (target->finder == NULL)
		return NULL;
	for (int i = 0; i < key->ncolumns; i++)
	{
		Form_pg_attribute att = spindle_target_column(relation, key->column[i]);

		if (can_be_null_first(target, relation, att, reference->column[i]))
			columns = key->is_full ? bms_add_member(columns, reference->column[i]) :
				bms_make_singleton(reference->column[i]);
		else if (key->is_full)
			return NULL;
	}
	return columns;
}

/*
 * Does a rule make a row refer to the key column of a row of its own table that is not
 * behind it?  By "hierarchy", its own or that of the reference that it is copied from,
 * or to the first child of the row's parent; or it gives no key at all.
 */
static bool
refers_back(const SpindleTable *table, const SpindleRule *rule, int key)
{
	bool		all = true;

	if (rule->kind == SPINDLE_RULE_COPY && rule->copy.nsteps == 1)
		rule = table->column[rule->copy.step[0]].rule;
	switch (rule->kind)
	{
		case SPINDLE_RULE_HIERARCHY:
			return true;
		case SPINDLE_RULE_CONSTANT:
			return rule->constant.is_null;
		case SPINDLE_RULE_CHILD:
			return rule->child.child == table->index && rule->child.column == key && rule->child.pick == SPINDLE_PICK_FIRST &&
				rule->child.has_of && rule->child.of.nsteps == 0 && rule->child.of.column == table->parent_column;
		case SPINDLE_RULE_CASE:
			for (int i = 0; i <= rule->cases.nbranches; i++)
				all = all && refers_back(table, rule->cases.then[i], key);
			return all;
		default:
			return false;
	}
}

/*
 * What can be done if a row refers to one that is not there yet.  A column that
 * nobody fills does nothing if it is null by that: then the foreign key refers to
 * nothing, and its parent becomes none.
 */
static void
choose_way(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation, SpindleFillReference *reference)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];
	const SpindleCatalogKey *key = reference->key;
	bool		is_own = reference->parent == target - plan->target;

	for (int i = 0; i < key->ncolumns; i++)
	{
		Form_pg_attribute att = spindle_target_column(relation, key->column[i]);

		if (reference->column[i] < 0 && target->stored == target->relid && !att->atthasdef && !att->attidentity &&
			!key->is_full && !spindle_target_may_be_set_later(relation))
			reference->parent = -1;
		is_own = is_own && reference->column[i] >= 0 &&
			refers_back(table, table->column[reference->column[i]].rule, reference->parent_column[i]);
	}
	reference->nulled = columns_to_null(target, relation, reference);
	if (is_own)
		reference->way = SPINDLE_FILL_IN_ROW_ORDER;
	else if (key->is_deferrable)
		reference->way = SPINDLE_FILL_DEFER;
	else
		reference->way = reference->nulled ? SPINDLE_FILL_NULL_FIRST : SPINDLE_FILL_AT_ONCE;
}

/* The target whose rows go into a relation, or into one that it is a partition of; or -1. */
static int
target_of_relation(const SpindleFillPlan *plan, Oid relid)
{
	List	   *relids = list_make1_oid(relid);

	if (get_rel_relispartition(relid))
		relids = list_concat(relids, get_partition_ancestors(relid));
	for (int t = 0; t < plan->ntargets; t++)
		if (OidIsValid(plan->target[t].stored) && list_member_oid(relids, plan->target[t].stored))
			return t;
	return -1;
}

/*
 * Find the foreign keys of a target, once all targets are matched.  relation is where
 * its rows are stored; columns that a view calls otherwise are taken for others.
 */
static void
match_references(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation)
{
	ListCell   *lc;

	foreach(lc, spindle_foreign_keys(relation))
	{
		SpindleFillReference *reference = palloc0(sizeof(SpindleFillReference));
		const SpindleCatalogKey *key = lfirst(lc);

		reference->key = key;
		reference->parent = target_of_relation(plan, key->parent);
		reference->column = palloc(sizeof(int) * key->ncolumns);
		reference->parent_column = palloc(sizeof(int) * key->ncolumns);
		for (int i = 0; i < key->ncolumns; i++)
		{
			reference->column[i] = find_column(plan, target, key->column[i]);
			reference->parent_column[i] = reference->parent < 0 ? -1 :
				find_column(plan, &plan->target[reference->parent], key->parent_column[i]);
		}
		choose_way(plan, target, relation, reference);
		target->references = lappend(target->references, reference);
	}
}

/* Note the sequences of the columns that are filled with whole numbers. */
static void
match_sequences(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];

	for (int c = 0; c < table->ncolumns; c++)
	{
		ListCell   *lc;

		if (!target->wanted[c] || !table->column[c].type.ops->is_integer)
			continue;
		foreach(lc, spindle_sequences_of_column(relation,
												spindle_target_column(relation, table->column[c].sql_name)->attnum))
		{
			SpindleFillSequence *sequence = palloc(sizeof(SpindleFillSequence));

			sequence->relid = lfirst_oid(lc);
			sequence->column = c;
			target->sequences = lappend(target->sequences, sequence);
		}
	}
}

/* Is a relation that of a target already? */
static bool
is_target(const SpindleFillPlan *plan, Oid relid)
{
	for (int t = 0; t < plan->ntargets; t++)
		if (plan->target[t].relid == relid)
			return true;
	return false;
}

/*
 * The relation that a target fills, in the schema that the caller names, or else the
 * definition; InvalidOid with a problem if there is none that can be filled.
 */
static Oid
find_relation(const SpindleFillPlan *plan, SpindleFillTarget *target)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];
	const char *schema = plan->options->schema ? plan->options->schema : table->sql_schema;
	Oid			schema_oid = schema ? get_namespace_oid(schema, true) : InvalidOid;
	Oid			relid = OidIsValid(schema_oid) ? get_relname_relid(table->sql_name, schema_oid) : InvalidOid;
	char		kind;

	target->name = quote_qualified_identifier(schema, table->sql_name);
	if (schema == NULL)
		spindle_fill_add_problem(target, ERRCODE_UNDEFINED_SCHEMA, NULL,
								 psprintf("table \"%s\" has no schema in the definition", table->name), NULL,
								 "Give \"schema_name\", or a schema in the member \"relation\" of the table.");
	else if (!OidIsValid(relid))
		spindle_fill_add_problem(target, ERRCODE_UNDEFINED_TABLE, NULL,
								 psprintf("relation \"%s\" does not exist in schema \"%s\"", table->sql_name, schema),
								 NULL, "Name in the argument \"tables\" those to fill, or make it.");
	else if (object_aclcheck(NamespaceRelationId, schema_oid, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		spindle_fill_add_problem(target, ERRCODE_INSUFFICIENT_PRIVILEGE, NULL,
								 psprintf("permission denied for schema %s", schema), NULL, NULL);
	else if (is_target(plan, relid))
		spindle_fill_add_problem(target, ERRCODE_AMBIGUOUS_ALIAS, NULL,
								 psprintf("several tables of the domain are called \"%s\" in schema \"%s\"",
										  table->sql_name, schema),
								 NULL, "Name one of them in the argument \"tables\", "
								 "or give null for \"schema_name\" to fill each in its own schema.");
	else
	{
		kind = get_rel_relkind(relid);
		if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_VIEW ||
			kind == RELKIND_FOREIGN_TABLE)
			return relid;
		spindle_fill_add_problem(target, ERRCODE_WRONG_OBJECT_TYPE, NULL,
								 psprintf("relation \"%s\" in schema \"%s\" cannot be filled", table->sql_name, schema),
								 NULL, "Tables, partitioned and foreign tables and views can be.");
	}
	return InvalidOid;
}

/*
 * Find the relation of a target and what it takes, and lock it as INSERT does until
 * the transaction ends.
 */
static void
match_relation(const SpindleFillPlan *plan, SpindleFillTarget *target)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];
	Oid			relid = find_relation(plan, target);
	Relation	relation;

	target->wanted = palloc0(sizeof(bool) * Max(table->ncolumns, 1));
	if (!OidIsValid(relid))
		return;
	relation = spindle_relation_open(relid, table->sql_name, RowExclusiveLock);
	target->relid = relid;
	target->stored = spindle_relation_stored(relation);
	target->name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
											  RelationGetRelationName(relation));
	match_columns(plan, target, relation);
	target->finder = find_finder(plan, target, relation);
	match_sequences(plan, target, relation);
	relation_close(relation, NoLock);
}

/* A schema that the caller names has to be there, and open to the user. */
static void
check_schema(const SpindleFillOptions *options)
{
	Oid			schema;
	AclResult	result;

	if (options->schema == NULL)
		return;
	schema = get_namespace_oid(options->schema, true);
	if (!OidIsValid(schema))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", options->schema),
				 errhint("Tables that exist are filled.  spindle_seed makes those of a domain.")));
	result = object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, options->schema);
}

/*
 * Keep VACUUM and ANALYZE, which see no row that has not been committed, from telling
 * the planner meanwhile that the tables are empty: the server's checks of foreign keys
 * would then read whole indexes, which are as large as they are.  It also makes calls
 * take turns.  Locks last until the end of the transaction.
 */
static void
keep_statistics(const SpindleFillPlan *plan)
{
	for (int t = 0; t < plan->ntargets; t++)
	{
		const Oid	stored = plan->target[t].stored;

		CHECK_FOR_INTERRUPTS();
		LockRelationOid(stored, ShareUpdateExclusiveLock);
		if (get_rel_relkind(stored) == RELKIND_PARTITIONED_TABLE)
			list_free(find_all_inheritors(stored, ShareUpdateExclusiveLock, NULL));
	}
}

/* Is something wrong with any target? */
static bool
has_problems(const SpindleFillPlan *plan)
{
	for (int t = 0; t < plan->ntargets; t++)
		if (plan->target[t].problems != NIL)
			return true;
	return false;
}

/*
 * spindle_fill_plan
 *		Find out what is to be filled, in which order, and what is wrong with it.
 *
 * Nothing is changed; relations are locked as INSERT does, until the transaction
 * ends, and unless it is_trial, also against VACUUM and other calls, if nothing is
 * wrong.  options are kept, all else is in the current memory context.  What is
 * wrong with single relations is in their targets, see
 * spindle_fill_raise_problems().  Raises undefined_schema or
 * insufficient_privilege for the schema.
 */
SpindleFillPlan *
spindle_fill_plan(const SpindleFillOptions *options, bool is_trial)
{
	SpindleFillPlan *plan = palloc0(sizeof(SpindleFillPlan));
	const SpindleDomain *domain = options->instance->domain;

	check_schema(options);
	plan->options = options;
	plan->target = palloc0(sizeof(SpindleFillTarget) * Max(domain->ntables, 1));
	for (int t = 0; t < domain->ntables; t++)
		if (options->selected[t])
			plan->target[plan->ntargets++].table = t;
	for (int t = 0; t < plan->ntargets; t++)
	{
		CHECK_FOR_INTERRUPTS();
		match_relation(plan, &plan->target[t]);
	}
	for (int t = 0; t < plan->ntargets; t++)
	{
		SpindleFillTarget *target = &plan->target[t];
		Relation	relation;

		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(target->relid))
			continue;
		relation = spindle_relation_open(target->stored, NULL, AccessShareLock);
		match_references(plan, target, relation);
		relation_close(relation, NoLock);
		relation = spindle_relation_open(target->relid, NULL, NoLock);
		spindle_fill_check(plan, target, relation);
		relation_close(relation, NoLock);
	}
	if (!is_trial && !has_problems(plan))
		keep_statistics(plan);
	for (int t = 0; t < plan->ntargets; t++)
		if (OidIsValid(plan->target[t].relid) && !options->appends)
			spindle_fill_check_empty(&plan->target[t]);
	spindle_fill_order(plan);
	spindle_fill_check_statements(plan);
	return plan;
}

/*
 * spindle_fill_raise_problems
 *		Raise an error if something is wrong with any target.
 *
 * It is the first problem; its detail has all others.
 */
void
spindle_fill_raise_problems(const SpindleFillPlan *plan)
{
	const SpindleFillProblem *first = NULL;
	StringInfoData detail;
	int			n = 0;
	ListCell   *lc;

	initStringInfo(&detail);
	for (int t = 0; t < plan->ntargets; t++)
		foreach(lc, plan->target[t].problems)
		{
			const SpindleFillProblem *problem = lfirst(lc);

			if (n++ == 0)
			{
				first = problem;
				if (problem->detail)
					appendStringInfoString(&detail, problem->detail);
			}
			else
				appendStringInfo(&detail, "%sAlso: %s.", detail.len ? "\n" : "", problem->message);
		}
	if (first)
		ereport(ERROR,
				(errcode(first->sqlstate),
				 errmsg_internal("%s", first->message),
				 detail.len ? errdetail_internal("%s", detail.data) : 0,
				 first->hint ? errhint("%s", first->hint) : 0));
}
