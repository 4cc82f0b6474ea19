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
 * Walks pass by rows that were looked at before and of which nothing can come yet
 * (reminder.c).  To know that from its first row on, a walk asks for the moments
 * within some time only, as long as the walk before suggests.
 *
 * Memory is bounded by work_mem, and there are no temporary files.  So a row is
 * computed when a walk leads over it first, and then mostly once for each moment;
 * where more rows lie within the longest distance than there is room to note, some
 * more often.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "stream/lookahead.h"
#include "stream/reminder.h"

/*
 * Entries that the first walk keeps, and what any may.  Walks grow by four
 * times up to the latter, or to half of work_mem if that is less, as the
 * array has room for twice as many.
 */
#define FIRST_KEPT	1024
#define MAX_KEPT	(128 * 1024)	/* sorting more would delay a cancel */

/* What part of work_mem the notes of rows may take. */
#define NOTES_PART	8

/*
 * All rows before the first that is noted have been given out and, of the others,
 * those that are not behind last in the order of entries.
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
	SpindleReminders *reminders;	/* NULL if the window is not known */

	/* changes per walk */
	SpindleMoment *entry;		/* room for twice as many as are kept */
	int			kept;
	int			n;				/* entries to give out */
	int			i;				/* next of them */
	bool		has_last;		/* what was given out, or left out, before */
	SpindleMoment last;
	double		pace;			/* microseconds per entry of the last walk, 0 if
								 * not known */
};

#define ST_SORT spindle_sort_moments
#define ST_ELEMENT_TYPE SpindleMoment
#define ST_COMPARE(a, b) spindle_compare_moments(a, b)
#define ST_SCOPE
#define ST_DEFINE
#include "lib/sort_template.h"

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
	{
		lookahead->base_handle = spindle_eval_add(eval, &window->base.ref);
		lookahead->reminders = spindle_reminders_create(window->longest - window->shortest, CurrentMemoryContext);
		spindle_reminders_reset(lookahead->reminders, 0, DT_NOBEGIN);
	}
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

/* How much of work_mem a lookahead may take, in bytes. */
static int64
memory(const SpindleLookahead *lookahead)
{
	return work_mem * INT64CONST(1024) / lookahead->sharers;
}

/*
 * The earliest time that a row can have, by the value of its ordered time.  A rule may
 * have cut it to the years there are, where it would lie outside its distance.
 */
static inline Timestamp
earliest_time(const SpindleLookahead *lookahead, int64 base)
{
	const Timestamp last = (SPINDLE_LAST_DAY + 1) * USECS_PER_DAY - 1;

	return Min(base * lookahead->window.base.unit + lookahead->window.shortest, last);
}

/* A walk that is under way. */
typedef struct Walk
{
	int			n;				/* entries so far */
	bool		is_full;		/* there are more than are kept */
	bool		has_limit;		/* what does not come before it is not wanted */
	SpindleMoment limit;
	int64		row;			/* to look at next, */
	int64		until;			/* and whatever is noted of those before here */
} Walk;

/*
 * Begin a walk with the first row, and a limit before which there are as many moments
 * as are kept, if they come as the last ones did.
 */
static Walk
begin_walk(const SpindleLookahead *lookahead)
{
	const double span = lookahead->pace * lookahead->kept;
	Walk		walk = {0};

	if (lookahead->reminders)
		walk.row = walk.until = lookahead->reminders->first;
	if (lookahead->pace > 0 && span < (double) PG_INT64_MAX / 2 &&
		!pg_add_s64_overflow(lookahead->last.time, (int64) span + 1, &walk.limit.time))
	{
		walk.has_limit = true;
		walk.limit.root = walk.limit.row = -1;
	}
	return walk;
}

/* Sort the entries and keep the earliest only; the others come later. */
static void
keep_earliest(SpindleLookahead *lookahead, Walk *walk)
{
	spindle_sort_moments(lookahead->entry, walk->n);
	if (walk->n <= lookahead->kept)
		return;
	if (lookahead->reminders)
		for (int i = lookahead->kept; i < walk->n; i++)
			spindle_reminders_note(lookahead->reminders, lookahead->entry[i].row, lookahead->entry[i].time);
	walk->n = lookahead->kept;
	walk->limit = lookahead->entry[walk->n - 1];
	walk->has_limit = walk->is_full = true;
}

/* Take a moment, if it is wanted, or note that it is to come. */
static inline void
take(SpindleLookahead *lookahead, Walk *walk, const SpindleMoment *entry)
{
	if (lookahead->has_last && spindle_compare_moments(entry, &lookahead->last) <= 0)
		return;
	if (walk->has_limit && spindle_compare_moments(entry, &walk->limit) >= 0)
	{
		if (lookahead->reminders)
			spindle_reminders_note(lookahead->reminders, entry->row, entry->time);
		return;
	}
	lookahead->entry[walk->n++] = *entry;
	if (walk->n == 2 * lookahead->kept)
		keep_earliest(lookahead, walk);
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

/* The next rows of a walk to look at, at most a batch; returns how many. */
static int
next_rows(SpindleLookahead *lookahead, Walk *walk, int64 *rows)
{
	SpindleReminders *reminders = lookahead->reminders;
	int			n = 0;

	while (n < SPINDLE_BATCH_ROWS && walk->row < lookahead->nrows)
	{
		if (walk->row == walk->until && reminders && walk->row < reminders->end)
			walk->row = spindle_reminders_take(reminders, walk->row, walk->has_limit ? walk->limit.time : DT_NOEND,
											   &walk->until);
		else
			rows[n++] = walk->row++;
		if (walk->row > walk->until)
			walk->until = walk->row;
	}
	return n;
}

/*
 * Look at n rows; false if nothing comes of them or those behind them that is wanted.
 */
static bool
look_at(SpindleLookahead *lookahead, Walk *walk, const int64 *rows, int n)
{
	SpindleReminders *reminders = lookahead->reminders;

	spindle_eval_run(lookahead->eval, rows, n);
	if (reminders)
	{
		const Timestamp earliest =
			earliest_time(lookahead, spindle_eval_vector(lookahead->eval, lookahead->base_handle)->value[0]);

		if (rows[0] >= reminders->end && walk->has_limit && earliest > walk->limit.time)
			return false;
		if (reminders->origin == DT_NOBEGIN)
			spindle_reminders_reset(reminders, reminders->first, earliest);
		if (rows[n - 1] >= reminders->end)
			spindle_reminders_extend(reminders, rows[n - 1] + 1, memory(lookahead) / NOTES_PART);
	}
	for (int i = 0; i < n; i++)
		take_row(lookahead, walk, rows[i], i);
	return true;
}

/*
 * Fill entry with what comes next: the earliest entries behind last, as many
 * as are kept, in order.  There may be none within the time that is asked for; returns
 * false if all rows have been given out.
 *
 * Every row is looked at that may lie before the latest entry kept, and each
 * time that the array is full the limit comes closer.
 */
static bool
walk(SpindleLookahead *lookahead)
{
	Walk		walk = begin_walk(lookahead);
	Timestamp	from = lookahead->last.time;
	int64		rows[SPINDLE_BATCH_ROWS];
	int			m;

	while ((m = next_rows(lookahead, &walk, rows)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (!look_at(lookahead, &walk, rows, m))
			break;
	}
	keep_earliest(lookahead, &walk);
	lookahead->n = walk.n;
	lookahead->i = 0;
	if (walk.n == 0 && !walk.has_limit)
		return false;
	if (!lookahead->has_last && lookahead->reminders)
		from = lookahead->reminders->origin;
	lookahead->has_last = true;
	lookahead->last = walk.has_limit && !walk.is_full ? walk.limit : lookahead->entry[walk.n - 1];
	if (lookahead->reminders)
	{
		lookahead->pace = walk.n > 0 ? (double) Max(lookahead->last.time - from, 1) / walk.n : lookahead->pace * 4;
		spindle_reminders_advance(lookahead->reminders, lookahead->last.time);
	}
	return true;
}

/* Have the next entry at hand; false if there is none. */
static bool
fill(SpindleLookahead *lookahead)
{
	const int64 for_entries = memory(lookahead) - memory(lookahead) / NOTES_PART;
	int			most = (int) Min(MAX_KEPT, for_entries / (2 * sizeof(SpindleMoment)));

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
	while (walk(lookahead))
		if (lookahead->n > 0)
			return true;
	return false;
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
	lookahead->pace = 0;
	if (lookahead->reminders)
		spindle_reminders_reset(lookahead->reminders, 0, DT_NOBEGIN);
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
	if (lookahead->reminders)
		spindle_reminders_reset(lookahead->reminders,
								spindle_first_row_behind(lookahead->instance, lookahead->table, &lookahead->window.base,
														 time - lookahead->window.longest - 1), time);
}
