/*-------------------------------------------------------------------------
 *
 * lookahead.c
 *		Rows in the order of a time that follows an ordered one.
 *
 * A return happens up to 90 days after its order.  The orders' times rise with
 * the row number, so a return's rank by its own time is never far from its row,
 * and sorting the whole table would be a waste.  Instead, rows are selected: a
 * walk over the rows that may come next keeps the earliest few thousand of them
 * by (time, row), gives them out, and the next walk continues behind the last
 * of these.  A walk starts with the first row that may still be to come, as its
 * ordered time plus the longest distance lies behind what was given out, and
 * ends when the ordered time plus the shortest distance lies behind all that is
 * kept.  Of rows with equal times, as at the ends of the years there are, the
 * row number tells.
 *
 * Memory is bounded by work_mem.  Rows within the longest distance are computed
 * once per walk, so a table with many more of them than fit costs more time per
 * row, but neither memory nor temporary files.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port.h"
#include "utils/memutils.h"

#include "gen/eval.h"
#include "stream/lookahead.h"

/*
 * Entries that the first walk keeps, and what any may.  Walks grow by four
 * times up to the latter, or to half of work_mem if that is less, as the
 * array has room for twice as many.
 */
#define FIRST_KEPT	1024
#define MAX_KEPT	(128 * 1024)	/* sorting more would delay a cancel */

/*
 * A row and its time, in microseconds since 2000-01-01.  Their order is a
 * total one.
 */
typedef struct Entry
{
	Timestamp	time;
	int64		row;
} Entry;

/*
 * All rows before first_row have been given out and, of the others, those that
 * are not behind last in the order of entries.
 */
struct SpindleLookahead
{
	int64		nrows;
	int64		shortest;		/* distance from the ordered time, in */
	int64		longest;		/* microseconds */
	SpindleEval *eval;
	int			ordered_handle;
	int			time_handle;

	/* changes per walk */
	Entry	   *entry;			/* room for twice as many as are kept */
	int			kept;
	int			n;				/* entries to give out */
	int			i;				/* next of them */
	bool		has_last;		/* the last one given out by earlier walks */
	Entry		last;
	int64		first_row;		/* that may still be to come */
};

/* By time, then by row; for pg_qsort(). */
static int
compare_entries(const void *a, const void *b)
{
	const Entry *x = a;
	const Entry *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/*
 * Does a column follow the ordered time of its row, or of a row above it?
 *
 * It does if its rule is an offset of a bounded distance from there, with
 * both of them timestamps and never null.  Distances beyond a million units
 * are left to the sort, so that sums stay within 64 bits, and so are times that
 * are cut, which can be nearer than any distance.
 */
static bool
follows_ordered_time(const SpindleDomain *domain, const SpindleTable *table, const SpindleColumn *column)
{
	const SpindleColumnRef *source;

	if (column->rule->kind != SPINDLE_RULE_OFFSET || column->nullable ||
		column->rule->offset.limit != SPINDLE_LIMIT_NONE)
		return false;
	source = &column->rule->offset.source;
	for (int i = 0; i < source->nsteps; i++)
	{
		if (source->step[i] != table->parent_column)
			return false;
		table = &domain->table[table->rows_parent];
	}
	return table->column[source->column].monotone && !table->column[source->column].nullable &&
		spindle_type_is_timestamp(&table->column[source->column].type) &&
		spindle_type_is_timestamp(&column->type) &&
		column->rule->offset.by.max < 1e6 && column->rule->offset.by.min > -1e6;
}

/*
 * spindle_lookahead_create
 *		Prepare to walk over a table by a time, or NULL if that time does
 *		not follow an ordered one within a bounded distance.
 *
 * The caller keeps the instance pinned, and has another way for the rest.
 * Allocates in context; nothing is computed yet.
 */
SpindleLookahead *
spindle_lookahead_create(SpindleInstance *instance, int table_number, const SpindleColumnRef *time,
						 MemoryContext context)
{
	const SpindleTable *table = &instance->domain->table[table_number];
	const SpindleRule *rule;
	SpindleLookahead *lookahead;
	MemoryContext oldcontext;

	if (time->nsteps > 0 || !follows_ordered_time(instance->domain, table, &table->column[time->column]))
		return NULL;
	oldcontext = MemoryContextSwitchTo(context);
	rule = table->column[time->column].rule;
	lookahead = palloc0(sizeof(SpindleLookahead));
	lookahead->nrows = instance->nrows[table_number];

	/* whole units are rounded, by half a unit at most */
	lookahead->shortest = (int64) floor((rule->offset.by.min - 0.5) * rule->offset.unit) - 1;
	lookahead->longest = (int64) ceil((rule->offset.by.max + 0.5) * rule->offset.unit) + 1;
	lookahead->eval = spindle_eval_create(instance, table_number, context);
	lookahead->ordered_handle = spindle_eval_add(lookahead->eval, &rule->offset.source);
	lookahead->time_handle = spindle_eval_add(lookahead->eval, time);
	MemoryContextSwitchTo(oldcontext);
	return lookahead;
}

/* Sort n entries and keep the earliest only; returns how many. */
static int
keep_earliest(SpindleLookahead *lookahead, int n)
{
	pg_qsort(lookahead->entry, n, sizeof(Entry), compare_entries);
	return Min(n, lookahead->kept);
}

/*
 * The earliest or latest entry that a row can have, by its ordered time and a
 * distance.  A time that the rule cuts to the years there are is cut here too,
 * as it else would lie outside its distance.  Never falls from row to row.
 */
static Entry
bound(Timestamp ordered, int64 distance, int64 row)
{
	Timestamp	first = SPINDLE_FIRST_DAY * USECS_PER_DAY;
	Timestamp	last = (SPINDLE_LAST_DAY + 1) * USECS_PER_DAY - 1;

	return (Entry) {Max(first, Min(ordered + distance, last)), row};
}

/*
 * Fill entry with what comes next: the earliest entries behind last, as many
 * as are kept, in order.  There are none if all rows have been given out.
 *
 * Every row is looked at that may lie before the latest entry kept, and each
 * time that the array is full the limit comes closer.  Moves first_row to the
 * first row that may still be to come, for the next walk.
 */
static void
walk(SpindleLookahead *lookahead)
{
	const int	room = 2 * lookahead->kept;
	bool		has_limit = false;	/* what comes after it is not wanted */
	Entry		limit = {0, 0};
	bool		any_open = false;	/* a row that may still be to come was
									 * seen */
	int			n = 0;

	for (int64 first = lookahead->first_row; first < lookahead->nrows; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			m = (int) Min(SPINDLE_BATCH_ROWS, lookahead->nrows - first);
		const SpindleVector *ordered;
		const SpindleVector *time;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < m; i++)
			rows[i] = first + i;
		spindle_eval_run(lookahead->eval, rows, m);
		ordered = spindle_eval_vector(lookahead->eval, lookahead->ordered_handle);
		time = spindle_eval_vector(lookahead->eval, lookahead->time_handle);
		if (has_limit)
		{
			Entry		earliest = bound(ordered->value[0], lookahead->shortest, first);

			if (compare_entries(&earliest, &limit) >= 0)
				break;
		}
		for (int i = 0; i < m; i++)
		{
			Entry		entry = {time->value[i], rows[i]};

			if (!any_open)
			{
				Entry		latest = bound(ordered->value[i], lookahead->longest, rows[i]);

				if (lookahead->has_last && compare_entries(&latest, &lookahead->last) <= 0)
					continue;
				lookahead->first_row = rows[i];
				any_open = true;
			}
			if ((lookahead->has_last && compare_entries(&entry, &lookahead->last) <= 0) ||
				(has_limit && compare_entries(&entry, &limit) >= 0))
				continue;
			lookahead->entry[n++] = entry;
			if (n == room)
			{
				n = keep_earliest(lookahead, n);
				limit = lookahead->entry[n - 1];
				has_limit = true;
			}
		}
	}
	lookahead->n = keep_earliest(lookahead, n);
	lookahead->i = 0;
	if (lookahead->n > 0)
	{
		lookahead->has_last = true;
		lookahead->last = lookahead->entry[lookahead->n - 1];
	}
}

/*
 * spindle_lookahead_next
 *		The numbers of the next rows, at most n; returns how many, which is
 *		less than n at the end only.
 *
 * Rows come by rising time, those of equal time by number.  Takes work_mem as
 * it is at the time of the call.  Can be cancelled.
 */
int
spindle_lookahead_next(SpindleLookahead *lookahead, int64 *rows, int n)
{
	int			given = 0;

	while (given < n)
	{
		if (lookahead->i == lookahead->n)
		{
			int			most = (int) Min(MAX_KEPT, work_mem * INT64CONST(1024) / (2 * sizeof(Entry)));

			/* the first rows come soon, later ones with few walks */
			if (lookahead->kept < most)
			{
				lookahead->kept = lookahead->kept == 0 ? Min(FIRST_KEPT, most) : Min(lookahead->kept * 4, most);
				if (lookahead->entry)
					pfree(lookahead->entry);
				lookahead->entry = MemoryContextAlloc(GetMemoryChunkContext(lookahead),
													  sizeof(Entry) * 2 * lookahead->kept);
			}
			walk(lookahead);
			if (lookahead->n == 0)
				break;
		}
		rows[given++] = lookahead->entry[lookahead->i++].row;
	}
	return given;
}

/*
 * spindle_lookahead_rewind
 *		Begin with the first row again.
 *
 * The array keeps its size.
 */
void
spindle_lookahead_rewind(SpindleLookahead *lookahead)
{
	lookahead->n = lookahead->i = 0;
	lookahead->has_last = false;
	lookahead->first_row = 0;
}
