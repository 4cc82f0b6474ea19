/*-------------------------------------------------------------------------
 *
 * presence.c
 *		Which rows of a table are there at a time.
 *
 * Where rows are inserted in the order of their numbers, and none is deleted, they
 * are the first so many of the table.  Else each of those that may be there is
 * asked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/datum.h"
#include "gen/presence.h"

/* Do deletes of a table happen at all, as it is looked at? */
bool
spindle_as_of_deletes(const SpindleDomain *domain, int table, const SpindleAsOf *as_of)
{
	const SpindleDelete *delete = &domain->table[table].lifecycle->delete;

	if (as_of->profile == SPINDLE_NO_DELETES)
		return false;
	return delete->kind != SPINDLE_DELETE_NONE && (delete->profile < 0 || delete->profile == as_of->profile);
}

/*
 * spindle_as_of_filters
 *		Must rows of a table be asked one by one whether they are there?
 */
bool
spindle_as_of_filters(const SpindleDomain *domain, int table, const SpindleAsOf *as_of)
{
	const SpindleInsert *insert = &domain->table[table].lifecycle->insert;

	if (spindle_as_of_deletes(domain, table, as_of))
		return true;
	return as_of->time != DT_NOEND && insert->kind != SPINDLE_INSERT_INITIAL && !insert->rises;
}

/*
 * spindle_presence_init
 *		Prepare to find the rows of a table that are there at a time.
 *
 * What it takes is allocated in a context below parent.
 */
void
spindle_presence_init(SpindlePresence *presence, SpindleInstance *instance, int table, const SpindleAsOf *as_of,
					  MemoryContext parent)
{
	presence->end = spindle_alive_end(instance, table, as_of->time);
	presence->eval = NULL;
	if (!spindle_as_of_filters(instance->domain, table, as_of))
		return;
	presence->eval = spindle_eval_create_at(instance, table, as_of->profile, parent);
	spindle_eval_set_time(presence->eval, as_of->time);
	presence->handle = spindle_eval_add_alive(presence->eval);
}

/*
 * spindle_presence_filter
 *		Of n rows below `end', at most SPINDLE_BATCH_ROWS, leave those that are
 *		there; returns how many these are.
 */
int
spindle_presence_filter(SpindlePresence *presence, int64 *rows, int n)
{
	const SpindleVector *alive;
	int			kept = 0;

	if (presence->eval == NULL || n == 0)
		return n;
	spindle_eval_run(presence->eval, rows, n);
	alive = spindle_eval_vector(presence->eval, presence->handle);
	for (int i = 0; i < n; i++)
	{
		rows[kept] = rows[i];
		kept += alive->value[i] != 0;
	}
	return kept;
}

/*
 * spindle_presence_count
 *		How many rows of a table are there at a time.
 *
 * Takes time as the table has rows where they have to be asked; can be cancelled.
 */
int64
spindle_presence_count(SpindleInstance *instance, int table, const SpindleAsOf *as_of)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle presence", ALLOCSET_DEFAULT_SIZES);
	SpindlePresence presence;
	int64		count = 0;

	spindle_presence_init(&presence, instance, table, as_of, context);
	if (presence.eval == NULL)
		count = presence.end;
	for (int64 first = 0; first < presence.end && presence.eval; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			n = (int) Min(SPINDLE_BATCH_ROWS, presence.end - first);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			rows[i] = first + i;
		count += spindle_presence_filter(&presence, rows, n);
	}
	MemoryContextDelete(context);
	return count;
}

/*
 * spindle_rows_create_at
 *		As spindle_rows_create(), for rows as they are at a time, at which those that
 *		are asked for have to be there.
 */
SpindleRows *
spindle_rows_create_at(SpindleInstance *instance, int table, const SpindleAsOf *as_of, const int *columns, int ncolumns,
					   const SpindleInput *inputs, MemoryContext parent)
{
	SpindleEval *eval;

	if (as_of->time == DT_NOEND)
		return spindle_rows_create(instance, table, columns, ncolumns, inputs, parent);
	eval = spindle_eval_create_at(instance, table, as_of->profile, parent);
	spindle_eval_set_time(eval, as_of->time);
	return spindle_rows_create_for(eval, instance, table, columns, ncolumns, inputs, parent);
}

/*
 * spindle_rows_fill_present
 *		Compute those of n rows from number first on that are there; returns how many
 *		these are, and sets list, which has n entries, to their numbers.
 */
int
spindle_rows_fill_present(SpindleRows *rows, SpindlePresence *presence, int64 first, int n, int64 *list)
{
	for (int i = 0; i < n; i++)
		list[i] = first + i;
	n = spindle_presence_filter(presence, list, n);
	spindle_rows_fill_list(rows, list, n);
	return n;
}
