/*-------------------------------------------------------------------------
 *
 * fill_check.c
 *		What can be known to be wrong with a relation before it is filled.
 *
 * That is what an INSERT would find in its first row or later: columns that would
 * be null, privileges, rows that are there already.  What the server finds wrong
 * with the statements themselves shows when they are prepared.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "seed/fill_plan.h"
#include "seed/generated.h"
#include "server/attempt.h"
#include "server/sequence.h"
#include "server/target.h"

/* Does the user lack all of these privileges on a relation? */
static bool
lacks(Oid relid, AclMode any)
{
	return pg_class_aclmask(relid, GetUserId(), any, ACLMASK_ANY) == 0;
}

/* Append a name to a list in prose. */
static void
append_name(StringInfo buf, const char *name)
{
	appendStringInfo(buf, "%s%s", buf->len ? ", " : "", quote_identifier(name));
}

/*
 * The columns that get their values from us: the user has to be allowed to insert
 * into them.
 */
static void
check_insert(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];
	StringInfoData columns;

	if (!lacks(target->relid, ACL_INSERT))
		return;
	initStringInfo(&columns);
	for (int c = 0; c < table->ncolumns; c++)
	{
		const char *name = table->column[c].sql_name;

		if (target->wanted[c] &&
			pg_attribute_aclcheck(target->relid, spindle_target_column(relation, name)->attnum, GetUserId(),
								  ACL_INSERT) != ACLCHECK_OK)
			append_name(&columns, name);
	}
	if (columns.len)
		spindle_fill_add_problem(target, ERRCODE_INSUFFICIENT_PRIVILEGE, NULL,
								 psprintf("permission denied for relation %s", RelationGetRelationName(relation)),
								 psprintf("INSERT is not granted for: %s.", columns.data),
								 psprintf("GRANT INSERT ON %s TO %s;", target->name,
										  quote_identifier(GetUserNameFromId(GetUserId(), false))));
}

/* A sequence that the user would need, and lacks privileges on. */
static void
add_sequence_problem(SpindleFillTarget *target, Oid sequence, const char *column, const char *what,
					 const char *privileges, const char *other)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(sequence)),
												  get_rel_name(sequence));

	spindle_fill_add_problem(target, ERRCODE_INSUFFICIENT_PRIVILEGE, column,
							 psprintf("permission denied for sequence %s", get_rel_name(sequence)),
							 psprintf("%s column %s of relation %s.", what, quote_identifier(column), target->name),
							 psprintf("GRANT %s ON SEQUENCE %s TO %s;%s", privileges, name,
									  quote_identifier(GetUserNameFromId(GetUserId(), false)), other));
}

/*
 * The columns that get no value from us: a default may need a sequence, and without
 * one they may be null.
 */
static void
check_other_columns(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];
	TupleDesc	desc = RelationGetDescr(relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		is_wanted = att->attisdropped || att->attgenerated;
		ListCell   *lc;

		for (int c = 0; c < table->ncolumns && !is_wanted; c++)
			is_wanted = target->wanted[c] &&
				strcmp(table->column[c].sql_name, NameStr(att->attname)) == 0;
		if (is_wanted)
			continue;
		foreach(lc, spindle_sequences_called(relation, att->attnum))
			if (lacks(lfirst_oid(lc), ACL_USAGE | ACL_UPDATE))
				add_sequence_problem(target, lfirst_oid(lc), NameStr(att->attname), "It is the default of", "USAGE", "");
		if (spindle_target_needs_value(relation, att))
			spindle_fill_add_problem(target, ERRCODE_NOT_NULL_VIOLATION, pstrdup(NameStr(att->attname)),
									 psprintf("column \"%s\" of relation \"%s\" would be null, but is NOT NULL",
											  NameStr(att->attname), RelationGetRelationName(relation)),
									 "The domain has no such column, and the relation no default for it.",
									 "Give it a default, or add it to the definition.");
	}
}

/* The sequences that are to be set. */
static void
check_sequences(const SpindleFillPlan *plan, SpindleFillTarget *target)
{
	const SpindleTable *table = &plan->options->instance->domain->table[target->table];
	ListCell   *lc;

	foreach(lc, target->sequences)
	{
		const SpindleFillSequence *sequence = lfirst(lc);

		if (lacks(sequence->relid, ACL_SELECT) || lacks(sequence->relid, ACL_UPDATE))
			add_sequence_problem(target, sequence->relid, table->column[sequence->column].sql_name,
								 "It is to be set behind the values of", "SELECT, UPDATE",
								 "  Or leave it where it is, with sequences => false.");
	}
}

/* A look for rows in a target. */
typedef struct RowSearch
{
	const char *name;
	bool		found;
} RowSearch;

/* Does the user see a row?  Raises what the query does. */
static void
search_row(void *arg)
{
	RowSearch  *search = arg;
	bool		is_null;

	SPI_connect();

	/* by a snapshot of now: another call may have filled it while we waited for the lock */
	if (SPI_execute(psprintf("SELECT EXISTS (SELECT FROM %s)", search->name), false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look for rows");
	search->found = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
}

/*
 * spindle_fill_check_empty
 *		Note rows that are there already.
 *
 * A user who may not read them cannot know; nor do we look where the query fails,
 * which the INSERT will, too.
 */
void
spindle_fill_check_empty(SpindleFillTarget *target)
{
	RowSearch	search = {.name = target->name};

	if (lacks(target->relid, ACL_SELECT) &&
		pg_attribute_aclcheck_all(target->relid, GetUserId(), ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK)
		return;
	if (spindle_attempt(search_row, &search, false) == NULL && search.found)
		spindle_fill_add_problem(target, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, NULL,
								 psprintf("relation \"%s\" has rows already", get_rel_name(target->relid)),
								 NULL, "Use append => true to add rows to them.");
}

/*
 * spindle_fill_check
 *		Note what is wrong with a target whose relation is open and locked, but for
 *		rows that are there.
 */
void
spindle_fill_check(const SpindleFillPlan *plan, SpindleFillTarget *target, Relation relation)
{
	check_insert(plan, target, relation);
	check_other_columns(plan, target, relation);
	if (plan->options->sets_sequences)
		check_sequences(plan, target);
}

/* The statements that fill a target; or those of a step, as one. */
typedef struct Statements
{
	const SpindleFillPlan *plan;
	int			target;
	const List *targets;		/* of the step */
} Statements;

/* Have the server look at a statement with the parameters $1 and $2. */
static void
prepare_statement(const char *statement)
{
	Oid			types[] = {INT8OID, INT8OID};

	if (SPI_prepare(statement, lengthof(types), types) == NULL)
		elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
}

/* All of a target. */
static void
prepare_target(void *arg)
{
	const SpindleFillPlan *plan = ((Statements *) arg)->plan;
	const int	t = ((Statements *) arg)->target;
	const SpindleFillTarget *target = &plan->target[t];
	const SpindleInstance *instance = plan->options->instance;
	TupleDesc	desc;
	int		   *columns;

	SPI_connect();
	desc = spindle_generated_desc(&instance->domain->table[target->table], spindle_fill_inserted(plan, t), &columns);
	prepare_statement(spindle_fill_insert(plan, t, spindle_generated_from(instance, target->table, NULL, desc, "$1", "$2")));
	if (target->late)
	{
		desc = spindle_fill_late_desc(plan, t, &columns);
		prepare_statement(spindle_fill_update(plan, t,
											  spindle_generated_from(instance, target->table, NULL, desc, "$1", "$2")));
	}
	SPI_finish();
}

/* The one of a step. */
static void
prepare_step(void *arg)
{
	const Statements *statements = arg;

	SPI_connect();
	prepare_statement(spindle_fill_insert_at_once(statements->plan, statements->targets));
	SPI_finish();
}

/*
 * spindle_fill_check_statements
 *		Note what the server finds wrong with the statements that fill the targets,
 *		once their order is known.
 */
void
spindle_fill_check_statements(const SpindleFillPlan *plan)
{
	ListCell   *ls;
	ListCell   *lc;

	foreach(ls, plan->steps)
	{
		const SpindleFillStep *step = lfirst(ls);
		Statements	statements = {.plan = plan,.targets = step->targets};
		bool		is_sound = true;
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, step->targets)
		{
			SpindleFillTarget *target = &plan->target[lfirst_int(lc)];

			statements.target = lfirst_int(lc);
			error = target->problems ? NULL : spindle_attempt(prepare_target, &statements, false);
			if (error)
				spindle_fill_add_error(target, error, 0);
			is_sound = is_sound && target->problems == NIL;
		}
		error = is_sound && step->is_at_once ? spindle_attempt(prepare_step, &statements, false) : NULL;
		if (error)
			spindle_fill_add_error(&plan->target[linitial_int(step->targets)], error, 0);
	}
}
