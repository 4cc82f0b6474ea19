/*-------------------------------------------------------------------------
 *
 * sequence.c
 *		The sequences that give values to the columns of a relation.
 *
 * A column has a sequence if it is an identity, if its default calls nextval() of
 * it, or if the sequence is owned by it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/dependency.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "server/sequence.h"

/* The sequences found in a default so far. */
typedef struct SequenceWalk
{
	List	   *called;			/* by nextval(), which looks for privileges */
	List	   *identity;		/* which does not */
} SequenceWalk;

/* Collect the sequences of an expression.  Names that are computed are not known. */
static bool
collect_sequences(Node *node, SequenceWalk *walk)
{
	if (node == NULL)
		return false;
	if (IsA(node, NextValueExpr))
		walk->identity = list_append_unique_oid(walk->identity, ((NextValueExpr *) node)->seqid);
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_NEXTVAL)
	{
		Node	   *name = linitial(((FuncExpr *) node)->args);

		if (IsA(name, Const) && !((Const *) name)->constisnull)
			walk->called = list_append_unique_oid(walk->called, DatumGetObjectId(((Const *) name)->constvalue));
	}
	return expression_tree_walker(node, collect_sequences, walk);
}

/* The sequences in the default of a column, which may be an identity. */
static SequenceWalk
sequences_of_default(Relation relation, AttrNumber attnum)
{
	SequenceWalk walk = {NIL, NIL};
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), attnum - 1);

	if (!att->attgenerated && (att->atthasdef || att->attidentity))
		(void) collect_sequences(build_column_default(relation, attnum), &walk);
	return walk;
}

/*
 * spindle_sequences_called
 *		The sequences whose nextval() the default of a column calls, for which the
 *		user who inserts needs privileges; a list of OIDs.
 */
List *
spindle_sequences_called(Relation relation, AttrNumber attnum)
{
	return sequences_of_default(relation, attnum).called;
}

/*
 * spindle_sequences_of_column
 *		All sequences of a column, a list of OIDs without doubles.
 */
List *
spindle_sequences_of_column(Relation relation, AttrNumber attnum)
{
	SequenceWalk walk = sequences_of_default(relation, attnum);
	List	   *result = list_concat_unique_oid(walk.called, walk.identity);
	ListCell   *lc;

	foreach(lc, getOwnedSequences(RelationGetRelid(relation)))
	{
		Oid			sequence = lfirst_oid(lc);
		Oid			table;
		int32		column;

		if ((sequenceIsOwned(sequence, DEPENDENCY_AUTO, &table, &column) ||
			 sequenceIsOwned(sequence, DEPENDENCY_INTERNAL, &table, &column)) && column == attnum)
			result = list_append_unique_oid(result, sequence);
	}
	return result;
}

/*
 * spindle_sequence_pass
 *		Set a sequence so that it goes on behind values low .. high, if it is not
 *		there yet.
 *
 * A sequence that falls goes on below low.  One that is used up by the values
 * stands at its end.  Needs the right to read and to set it, else raises
 * insufficient_privilege.  As with setval(), nothing is undone when the
 * transaction is.  Connects to SPI and finishes that.
 */
void
spindle_sequence_pass(Oid sequence, int64 low, int64 high)
{
	HeapTuple	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
	Form_pg_sequence form;
	char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(sequence)),
												  get_rel_name(sequence));
	Datum		value;
	bool		rises;
	Oid			type = INT8OID;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for sequence %u", sequence);
	form = (Form_pg_sequence) GETSTRUCT(tuple);
	rises = form->seqincrement > 0;
	if (rises ? high < form->seqmin : low > form->seqmax)
	{
		ReleaseSysCache(tuple);
		return;
	}
	value = Int64GetDatum(rises ? Min(high, form->seqmax) : Max(low, form->seqmin));
	ReleaseSysCache(tuple);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.setval(%s::pg_catalog.regclass, $1) FROM %s s"
									   " WHERE s.last_value OPERATOR(pg_catalog.%s) $1"
									   " OR s.last_value OPERATOR(pg_catalog.=) $1 AND NOT s.is_called",
									   quote_literal_cstr(name), name, rises ? "<" : ">"),
							  1, &type, &value, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not set sequence %s", name);
	SPI_finish();
}
