/*-------------------------------------------------------------------------
 *
 * sorter.c
 *		Rows that are kept, and put in order, by the server's own means.
 *
 * Rows go in, in any order, and come out sorted by their first columns, as
 * often as one likes.  tuplesort does it within work_mem and with temporary
 * files beyond that.  Its files end with the transaction; where rows are to
 * outlive commits, as those of a procedure that delivers batch by batch, they
 * move on once they are sorted (kept_rows.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "server/kept_rows.h"
#include "stream/sorter.h"

/* Columns that rows are sorted by, at most. */
#define MAX_KEYS	4

/*
 * in and out are there from the beginning; out holds the row that was read
 * last.  kept is empty until sort has done its work, but for rows without
 * keys, which go there at once.
 */
struct SpindleSorter
{
	TupleDesc	desc;
	int64		bound;			/* rows wanted; negative: all */
	MemoryContext detoasted;	/* values of one row */

	/* rows are in the first of these that is not NULL */
	Tuplesortstate *sort;
	Tuplestorestate *store;
	SpindleKeptRows *kept;		/* exist if they outlive transactions */
	TupleTableSlot *in;
	TupleTableSlot *out;
};

/*
 * spindle_sorter_create
 *		Prepare to sort rows by their first nkeys columns, ascending by the
 *		default order of their types, texts bytewise, nulls last.  Without
 *		keys they keep the order in which they come.
 *
 * nkeys is from 0 to MAX_KEYS.  The order of equal rows is left open, so a
 * caller whom that concerns has a key that tells them apart.  Only the first
 * bound rows are wanted, or all if it is negative.  The descriptor is used,
 * not copied.
 *
 * All lives in the current memory context, and in temporary files that end
 * with the transaction or, if across_transactions, with that context.  Raises
 * undefined_function if a type has no order.
 */
SpindleSorter *
spindle_sorter_create(TupleDesc desc, int nkeys, int64 bound, bool across_transactions)
{
	SpindleSorter *sorter = palloc0(sizeof(SpindleSorter));
	AttrNumber	attributes[MAX_KEYS];
	Oid			operators[MAX_KEYS];
	Oid			collations[MAX_KEYS];
	bool		nulls_first[MAX_KEYS] = {false};

	Assert(nkeys <= MAX_KEYS);
	sorter->desc = desc;
	sorter->bound = bound;
	sorter->detoasted = AllocSetContextCreate(CurrentMemoryContext, "spindle sorter row", ALLOCSET_DEFAULT_SIZES);
	sorter->in = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	sorter->out = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	if (across_transactions)
		sorter->kept = spindle_kept_rows_create();
	if (nkeys == 0)
	{
		if (!across_transactions)
			sorter->store = tuplestore_begin_heap(true, false, work_mem);
		return sorter;
	}
	for (int i = 0; i < nkeys; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		attributes[i] = i + 1;
		operators[i] = lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr;
		collations[i] = type_is_collatable(type) ? C_COLLATION_OID : InvalidOid;
		if (!OidIsValid(operators[i]))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("could not identify an ordering operator for type %s", format_type_be(type))));
	}
	sorter->sort = tuplesort_begin_heap(desc, nkeys, attributes, operators, collations, nulls_first, work_mem,
										NULL, TUPLESORT_RANDOMACCESS | (bound > 0 ? TUPLESORT_ALLOWBOUNDED : 0));

	/* a bound of no rows is none to the server, so they are not put in */
	if (bound > 0)
		tuplesort_set_bound(sorter->sort, bound);
	return sorter;
}

/*
 * spindle_sorter_input
 *		The row to fill, all columns of it, before spindle_sorter_put().
 *
 * A virtual slot: the caller sets tts_values and tts_isnull, which may point
 * to what is its own until the row was put.
 */
TupleTableSlot *
spindle_sorter_input(SpindleSorter *sorter)
{
	return ExecClearTuple(sorter->in);
}

/*
 * spindle_sorter_put
 *		Take a copy of the row that was filled.
 *
 * Not after spindle_sorter_finish().  May write to a temporary file, and so
 * raise what that raises: a full disk, or temp_file_limit.
 */
void
spindle_sorter_put(SpindleSorter *sorter)
{
	TupleTableSlot *slot = sorter->in;

	if (sorter->bound == 0)
		return;
	if (sorter->kept)
	{
		/* what lies in a TOAST table may be gone in the next transaction */
		MemoryContext oldcontext = MemoryContextSwitchTo(sorter->detoasted);

		MemoryContextReset(sorter->detoasted);
		for (int i = 0; i < sorter->desc->natts; i++)
			if (TupleDescAttr(sorter->desc, i)->attlen == -1 && !slot->tts_isnull[i] &&
				VARATT_IS_EXTERNAL(DatumGetPointer(slot->tts_values[i])))
				slot->tts_values[i] =
					PointerGetDatum(detoast_external_attr((struct varlena *) DatumGetPointer(slot->tts_values[i])));
		MemoryContextSwitchTo(oldcontext);
	}
	ExecStoreVirtualTuple(slot);
	if (sorter->sort)
		tuplesort_puttupleslot(sorter->sort, slot);
	else if (sorter->store)
		tuplestore_puttupleslot(sorter->store, slot);
	else
		spindle_kept_rows_put(sorter->kept, slot);
}

/*
 * spindle_sorter_finish
 *		All rows are in: sort them.
 *
 * The reader is at the first row.  Rows that outlive transactions are copied
 * once here.  The same errors are possible.
 */
void
spindle_sorter_finish(SpindleSorter *sorter)
{
	if (sorter->sort == NULL)
		return;
	tuplesort_performsort(sorter->sort);
	if (sorter->kept == NULL)
		return;

	/* a bounded sort takes it ill to be asked for more than its bound */
	for (int64 n = 0; sorter->bound < 0 || n < sorter->bound; n++)
	{
		if (!tuplesort_gettupleslot(sorter->sort, true, false, sorter->out, NULL))
			break;
		CHECK_FOR_INTERRUPTS();
		spindle_kept_rows_put(sorter->kept, sorter->out);
	}
	ExecClearTuple(sorter->out);
	tuplesort_end(sorter->sort);
	sorter->sort = NULL;
}

/*
 * spindle_sorter_get
 *		The next row, with all columns at hand until the next call, or NULL.
 *
 * With a bound above 0, no more than so many rows may be asked for: the server
 * may answer with an internal error.  Values may be replaced in the slot's
 * arrays, as relation_rows.c does: these are filled anew for each row.
 */
TupleTableSlot *
spindle_sorter_get(SpindleSorter *sorter)
{
	bool		found;

	if (sorter->sort)
		found = tuplesort_gettupleslot(sorter->sort, true, false, sorter->out, NULL);
	else if (sorter->store)
		found = tuplestore_gettupleslot(sorter->store, true, false, sorter->out);
	else
		found = spindle_kept_rows_get(sorter->kept, sorter->out);
	if (!found)
		return NULL;
	slot_getallattrs(sorter->out);
	return sorter->out;
}

/*
 * spindle_sorter_rewind
 *		Begin with the first row again.
 *
 * As often as one likes, after spindle_sorter_finish().
 */
void
spindle_sorter_rewind(SpindleSorter *sorter)
{
	ExecClearTuple(sorter->out);
	if (sorter->sort)
		tuplesort_rescan(sorter->sort);
	else if (sorter->store)
		tuplestore_rescan(sorter->store);
	else
		spindle_kept_rows_rewind(sorter->kept);
}

/*
 * spindle_sorter_end
 *		Release files and memory; NULL is fine.
 *
 * Not needed after an error, when files end with the transaction or the
 * memory context.
 */
void
spindle_sorter_end(SpindleSorter *sorter)
{
	if (sorter == NULL)
		return;
	ExecDropSingleTupleTableSlot(sorter->in);
	ExecDropSingleTupleTableSlot(sorter->out);
	if (sorter->sort)
		tuplesort_end(sorter->sort);
	if (sorter->store)
		tuplestore_end(sorter->store);
	if (sorter->kept)
		spindle_kept_rows_end(sorter->kept);
	MemoryContextDelete(sorter->detoasted);
	pfree(sorter);
}
