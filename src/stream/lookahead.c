/*-------------------------------------------------------------------------
 *
 * lookahead.c
 *		Rows in the order of times that follow an ordered one.
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
 * row number tells, or before that the number of a row above them.
 *
 * A row may come several times, by each of its moments.  Where nothing is known of
 * the distance, every walk leads over all rows.
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

#include "stream/lookahead.h"

/*
 * Entries that the first walk keeps, and what any may.  Walks grow by four
 * times up to the latter, or to half of work_mem if that is less, as the
 * array has room for twice as many.
 */
#define FIRST_KEPT	1024
#define MAX_KEPT	(128 * 1024)	/* sorting more would delay a cancel */

/*
 * All rows before first_row have been given out and, of the others, those that
 * are not behind last in the order of entries.
 */
struct SpindleLookahead
{
	SpindleInstance *instance;
	int			table;
	int64		nrows;
	SpindleWindow window;
	SpindleEval *eval;
	SpindleMoments *moments;	/* the times, or NULL: ... */
	int			time_handle;	/* ... of this vector */
	int			base_handle;	/* of the ordered time, if the window is known */
	int			root_handle;	/* -1: the row itself */
	int			sharers;		/* lookaheads that share work_mem */

	/* changes per walk */
	SpindleMoment *entry;		/* room for twice as many as are kept */
	int			kept;
	int			n;				/* entries to give out */
	int			i;				/* next of them */
	bool		has_last;		/* what was given out, or left out, before */
	SpindleMoment last;
	int64		first_row;		/* that may still be to come */
};

/* spindle_compare_moments: by time, then by root, then by row; for qsort(). */
int
spindle_compare_moments(const void *a, const void *b)
{
	const SpindleMoment *x = a;
	const SpindleMoment *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* What all lookaheads have; the rest is the caller's. */
static SpindleLookahead *
create_lookahead(SpindleInstance *instance, int table, SpindleEval *eval, const SpindleWindow *window)
{
	SpindleLookahead *lookahead = palloc0(sizeof(SpindleLookahead));

	lookahead->instance = instance;
	lookahead->table = table;
	lookahead->nrows = instance->nrows[table];
	lookahead->window = *window;
	lookahead->eval = eval;
	lookahead->root_handle = -1;
	lookahead->sharers = 1;
	if (window->is_known)
		lookahead->base_handle = spindle_eval_add(eval, &window->base.ref);
	return lookahead;
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
spindle_lookahead_create(SpindleInstance *instance, int table, const SpindleColumnRef *time, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	const SpindleWindow window = spindle_window_of_path(instance->domain, table, time);
	SpindleLookahead *lookahead = NULL;

	if (time->nsteps == 0 && window.is_known && spindle_type_is_timestamp(&spindle_ref_column(instance->domain, time)->type))
	{
		lookahead = create_lookahead(instance, table, spindle_eval_create(instance, table, context), &window);
		lookahead->time_handle = spindle_eval_add(lookahead->eval, time);
	}
	MemoryContextSwitchTo(oldcontext);
	return lookahead;
}

/*
 * spindle_lookahead_of_moments
 *		Prepare to walk over a table by the moments that a program computes, which
 *		has not run yet.
 *
 * root is a path to a row above, by its number; NULL for the row itself.  sharers
 * such lookaheads take no more memory together than one would.  The rest is as for
 * spindle_lookahead_create().
 */
SpindleLookahead *
spindle_lookahead_of_moments(SpindleInstance *instance, int table, SpindleMoments *moments,
							 const SpindleWindow *window, const SpindleColumnRef *root, int sharers,
							 MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleLookahead *lookahead = create_lookahead(instance, table, spindle_moments_eval(moments), window);

	lookahead->moments = moments;
	lookahead->sharers = sharers;
	if (root)
		lookahead->root_handle = spindle_eval_add_rows(lookahead->eval, root);
	MemoryContextSwitchTo(oldcontext);
	return lookahead;
}

/* Sort n entries and keep the earliest only; returns how many. */
static int
keep_earliest(SpindleLookahead *lookahead, int n)
{
	pg_qsort(lookahead->entry, n, sizeof(SpindleMoment), spindle_compare_moments);
	return Min(n, lookahead->kept);
}

/*
 * The earliest time that a row can have, and the latest one, by the value of its
 * ordered time.  A rule may have cut it to the years there are, where it would lie
 * outside its distance.
 */
static inline Timestamp
earliest_time(const SpindleLookahead *lookahead, int64 base)
{
	const Timestamp last = (SPINDLE_LAST_DAY + 1) * USECS_PER_DAY - 1;

	return Min(base * lookahead->window.base.unit + lookahead->window.shortest, last);
}

static inline Timestamp
latest_time(const SpindleLookahead *lookahead, int64 base)
{
	const Timestamp first = SPINDLE_FIRST_DAY * USECS_PER_DAY;

	return Max(base * lookahead->window.base.unit + lookahead->window.longest, first);
}

/* A walk that is under way. */
typedef struct Walk
{
	int			n;				/* entries so far */
	bool		has_limit;		/* what does not come before it is not wanted */
	SpindleMoment limit;
} Walk;

/* Take a moment, if it is wanted. */
static inline void
take(SpindleLookahead *lookahead, Walk *walk, const SpindleMoment *entry)
{
	if ((lookahead->has_last && spindle_compare_moments(entry, &lookahead->last) <= 0) ||
		(walk->has_limit && spindle_compare_moments(entry, &walk->limit) >= 0))
		return;
	lookahead->entry[walk->n++] = *entry;
	if (walk->n == 2 * lookahead->kept)
	{
		walk->n = keep_earliest(lookahead, walk->n);
		walk->limit = lookahead->entry[walk->n - 1];
		walk->has_limit = true;
	}
}

/* Take the moments of the i'th row of the batch. */
static void
take_row(SpindleLookahead *lookahead, Walk *walk, int64 row, int i)
{
	SpindleMoment entry = {.row = row};
	const Timestamp *time;
	int			n = 1;

	if (lookahead->moments)
		n = spindle_moments_get(lookahead->moments, i, &time);
	else
		time = spindle_eval_vector(lookahead->eval, lookahead->time_handle)->value + i;
	if (lookahead->root_handle >= 0)
		entry.root = spindle_eval_vector(lookahead->eval, lookahead->root_handle)->value[i];
	else
		entry.root = row;
	for (int k = 0; k < n; k++)
	{
		entry.time = time[k];
		take(lookahead, walk, &entry);
	}
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
	const bool	is_bounded = lookahead->window.is_known;
	bool		any_open = !is_bounded; /* a row that may still be to come was
										 * seen */
	Walk		walk = {0};

	for (int64 first = lookahead->first_row; first < lookahead->nrows; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			m = (int) Min(SPINDLE_BATCH_ROWS, lookahead->nrows - first);
		const int64 *base = NULL;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < m; i++)
			rows[i] = first + i;
		spindle_eval_run(lookahead->eval, rows, m);
		if (is_bounded)
			base = spindle_eval_vector(lookahead->eval, lookahead->base_handle)->value;
		if (is_bounded && walk.has_limit && earliest_time(lookahead, base[0]) > walk.limit.time)
			break;
		for (int i = 0; i < m; i++)
		{
			if (!any_open)
			{
				if (lookahead->has_last && latest_time(lookahead, base[i]) < lookahead->last.time)
					continue;
				lookahead->first_row = rows[i];
				any_open = true;
			}
			take_row(lookahead, &walk, rows[i], i);
		}
	}
	lookahead->n = keep_earliest(lookahead, walk.n);
	lookahead->i = 0;
	if (lookahead->n > 0)
	{
		lookahead->has_last = true;
		lookahead->last = lookahead->entry[lookahead->n - 1];
	}
}

/* Have the next entry at hand; false if there is none. */
static bool
fill(SpindleLookahead *lookahead)
{
	int			most = (int) Min(MAX_KEPT, work_mem * INT64CONST(1024) / (2 * sizeof(SpindleMoment)) / lookahead->sharers);

	if (lookahead->i < lookahead->n)
		return true;

	/* the first rows come soon, later ones with few walks */
	most = Max(most, Min(FIRST_KEPT, MAX_KEPT));
	if (lookahead->kept < most)
	{
		lookahead->kept = lookahead->kept == 0 ? Min(FIRST_KEPT, most) : Min(lookahead->kept * 4, most);
		if (lookahead->entry)
			pfree(lookahead->entry);
		lookahead->entry = MemoryContextAlloc(GetMemoryChunkContext(lookahead),
											  sizeof(SpindleMoment) * 2 * lookahead->kept);
	}
	walk(lookahead);
	return lookahead->n > 0;
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

	while (given < n && fill(lookahead))
		rows[given++] = lookahead->entry[lookahead->i++].row;
	return given;
}

/*
 * spindle_lookahead_moments
 *		The same as moments, by rising time, then by root and row.
 *
 * A row that has several moments at one time comes once.
 */
int
spindle_lookahead_moments(SpindleLookahead *lookahead, SpindleMoment *moment, int n)
{
	int			given = 0;

	while (given < n && fill(lookahead))
	{
		const SpindleMoment *next = &lookahead->entry[lookahead->i++];

		if (given == 0 || spindle_compare_moments(next, &moment[given - 1]) != 0)
			moment[given++] = *next;
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

/*
 * spindle_lookahead_seek
 *		Begin with the first moment at a time or behind it, which is finite.
 */
void
spindle_lookahead_seek(SpindleLookahead *lookahead, Timestamp time)
{
	spindle_lookahead_rewind(lookahead);
	lookahead->has_last = true;
	lookahead->last = (SpindleMoment) {.time = time,.root = -1,.row = -1};
	if (lookahead->window.is_known)
		lookahead->first_row = spindle_first_row_behind(lookahead->instance, lookahead->table, &lookahead->window.base,
														time - lookahead->window.longest - 1);
}
