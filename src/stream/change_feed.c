/*-------------------------------------------------------------------------
 *
 * change_feed.c
 *		The moments of tables by their causes.
 *
 * Inserts whose times rise with the row number come in the order of the rows.
 * Other times that follow from rows are found by lookahead.c: inserts, steps through
 * states, which are two feeds as steps at times of their own can be much later than
 * those behind delays, deletes, and returns of what was deleted.  Changes by clocks have an order
 * of their own (gen/clock.c).  All of them are found from a time on without those
 * before.
 *
 * Feeds give every moment at which something happens to a row, also where it
 * changes nothing: before an insert, say.  Who reads them compares.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/clock.h"
#include "stream/change_feed.h"

/* Inserts in the order of the rows. */
typedef struct OrderedFeed
{
	SpindleChangeFeed feed;		/* must be first */
	SpindleInstance *instance;
	SpindleTimeRef time;
	SpindleEval *eval;
	int			time_handle;
	int			root_handle;	/* -1: the row itself */
	int64		next;			/* row */
} OrderedFeed;

/* Moments that are looked for around an ordered time. */
typedef struct LookaheadFeed
{
	SpindleChangeFeed feed;		/* must be first */
	SpindleLookahead *lookahead;
} LookaheadFeed;

/* Changes by a clock, in the order of their ranks. */
typedef struct ClockFeed
{
	SpindleChangeFeed feed;		/* must be first */
	SpindleClockCursor cursor;
	SpindleEval *eval;			/* of the roots, NULL if rows are their own */
	int			root_handle;
	int64		next;			/* rank */
} ClockFeed;

/* What all feeds of a table have; size bytes in the current memory context. */
static void *
create_feed(Size size, int table, const SpindleChangePlace *place)
{
	SpindleChangeFeed *feed = palloc0(size);

	feed->table = table;
	feed->place = place;
	feed->capacity = SPINDLE_FEED_MOMENTS;
	feed->moment = palloc(sizeof(SpindleMoment) * feed->capacity);
	return feed;
}

/* The next rows, by their number. */
static void
fill_ordered(SpindleChangeFeed *feed)
{
	OrderedFeed *ordered = (OrderedFeed *) feed;
	int64		rows[SPINDLE_FEED_MOMENTS];
	const int64 *time;
	const int64 *root;

	feed->n = (int) Min(SPINDLE_FEED_MOMENTS, ordered->instance->nrows[feed->table] - ordered->next);
	for (int i = 0; i < feed->n; i++)
		rows[i] = ordered->next + i;
	ordered->next += feed->n;
	spindle_eval_run(ordered->eval, rows, feed->n);
	time = spindle_eval_vector(ordered->eval, ordered->time_handle)->value;
	root = ordered->root_handle < 0 ? rows : spindle_eval_vector(ordered->eval, ordered->root_handle)->value;
	for (int i = 0; i < feed->n; i++)
		feed->moment[i] = (SpindleMoment) {.time = time[i] * ordered->time.unit,.root = root[i],.row = rows[i]};
}

static void
seek_ordered(SpindleChangeFeed *feed, Timestamp time)
{
	OrderedFeed *ordered = (OrderedFeed *) feed;

	ordered->next = spindle_first_row_behind(ordered->instance, feed->table, &ordered->time, time - 1);
}

static SpindleChangeFeed *
create_ordered(SpindleInstance *instance, int table, const SpindleChangePlace *place, MemoryContext context)
{
	OrderedFeed *ordered = create_feed(sizeof(OrderedFeed), table, place);

	ordered->feed.fill = fill_ordered;
	ordered->feed.seek = seek_ordered;
	ordered->feed.inserts = true;
	ordered->instance = instance;
	ordered->time = instance->domain->table[table].lifecycle->insert.time;
	ordered->eval = spindle_eval_create(instance, table, context);
	ordered->time_handle = spindle_eval_add(ordered->eval, &ordered->time.ref);
	ordered->root_handle = place->has_root ? spindle_eval_add_rows(ordered->eval, &place->root) : -1;
	return &ordered->feed;
}

static void
fill_lookahead(SpindleChangeFeed *feed)
{
	feed->n = spindle_lookahead_moments(((LookaheadFeed *) feed)->lookahead, feed->moment, SPINDLE_FEED_MOMENTS);
}

static void
seek_lookahead(SpindleChangeFeed *feed, Timestamp time)
{
	spindle_lookahead_seek(((LookaheadFeed *) feed)->lookahead, time);
}

/* Moments of one kind, which lie in a window. */
static SpindleChangeFeed *
create_lookahead(SpindleInstance *instance, int table, int profile, const SpindleChangePlace *place, int kind,
				 SpindleWindow window, int sharers, MemoryContext context)
{
	LookaheadFeed *feed = create_feed(sizeof(LookaheadFeed), table, place);
	SpindleMoments *moments = spindle_moments_create(instance, table, profile, kind, context);

	feed->feed.fill = fill_lookahead;
	feed->feed.seek = seek_lookahead;
	feed->feed.deletes = kind == SPINDLE_MOMENT_DELETE;
	feed->feed.inserts = kind == SPINDLE_MOMENT_INSERT;
	feed->lookahead = spindle_lookahead_of_moments(instance, table, moments, &window,
												   place->has_root ? &place->root : NULL, sharers, context);
	return &feed->feed;
}

/* Set the roots of the moments at hand. */
static void
set_roots(ClockFeed *clock)
{
	SpindleChangeFeed *feed = &clock->feed;

	for (int done = 0; done < feed->n; done += SPINDLE_FEED_MOMENTS)
	{
		const int	n = Min(SPINDLE_FEED_MOMENTS, feed->n - done);
		int64		rows[SPINDLE_FEED_MOMENTS];
		const int64 *root = rows;

		for (int i = 0; i < n; i++)
			rows[i] = feed->moment[done + i].row;
		if (clock->eval)
		{
			spindle_eval_run(clock->eval, rows, n);
			root = spindle_eval_vector(clock->eval, clock->root_handle)->value;
		}
		for (int i = 0; i < n; i++)
			feed->moment[done + i].root = root[i];
	}
}

/* The next ranks, and with the last one all that have the same time. */
static void
fill_clock(SpindleChangeFeed *feed)
{
	ClockFeed  *clock = (ClockFeed *) feed;

	feed->n = 0;
	while (clock->next < clock->cursor.clock->n)
	{
		const Timestamp time = spindle_clock_time(&clock->cursor, clock->next);

		if (feed->n >= SPINDLE_FEED_MOMENTS && time != feed->moment[feed->n - 1].time)
			break;
		if (feed->n == feed->capacity)
		{
			CHECK_FOR_INTERRUPTS();
			feed->capacity *= 2;
			feed->moment = repalloc_huge(feed->moment, sizeof(SpindleMoment) * feed->capacity);
		}
		feed->moment[feed->n++] =
			(SpindleMoment) {.time = time,.row = spindle_clock_row(&clock->cursor, clock->next)};
		clock->next++;
	}
	set_roots(clock);
	spindle_sort_moments(feed->moment, feed->n);
}

static void
seek_clock(SpindleChangeFeed *feed, Timestamp time)
{
	ClockFeed  *clock = (ClockFeed *) feed;

	clock->next = spindle_clock_count_until(&clock->cursor, time - 1);
}

static SpindleChangeFeed *
create_clock(SpindleInstance *instance, int table, int number, const SpindleChangePlace *place, MemoryContext context)
{
	ClockFeed  *clock = create_feed(sizeof(ClockFeed), table, place);

	clock->feed.fill = fill_clock;
	clock->feed.seek = seek_clock;
	spindle_clock_cursor_init(&clock->cursor, spindle_instance_clock(instance, table, number));
	if (place->has_root)
	{
		clock->eval = spindle_eval_create(instance, table, context);
		clock->root_handle = spindle_eval_add_rows(clock->eval, &place->root);
	}
	return &clock->feed;
}

/* Are rows of a table deleted, and do some come back?  Those that go with their parents do as these do. */
static bool
ends(const SpindleDomain *domain, int table, int profile, bool comes_back)
{
	const SpindleDelete *delete = &domain->table[table].lifecycle->delete;

	check_stack_depth();
	if (delete->kind == SPINDLE_DELETE_NONE || (delete->profile >= 0 && delete->profile != profile))
		return false;
	if (delete->kind == SPINDLE_DELETE_WITH)
		return ends(domain, domain->table[table].rows_parent, profile, comes_back);
	return !comes_back || delete->back_fraction > 0;
}

/* Do the inserts of a table come in the order of its rows? */
static bool
has_ordered_inserts(const SpindleTable *table, const SpindleChangePlace *place)
{
	return table->lifecycle->insert.rises && (!place->has_root || place->root_rises);
}

/*
 * spindle_change_lookaheads
 *		How many of the feeds of a table look ahead, and so need memory.
 */
int
spindle_change_lookaheads(const SpindleDomain *domain, int table, int profile)
{
	const SpindleLifecycle *lifecycle = domain->table[table].lifecycle;

	return (lifecycle->insert.kind != SPINDLE_INSERT_INITIAL && !lifecycle->insert.rises) +
		spindle_has_steps(lifecycle->states, false) + spindle_has_steps(lifecycle->states, true) +
		ends(domain, table, profile, false) + ends(domain, table, profile, true);
}

/*
 * spindle_change_feeds
 *		The feeds of a table, in context.
 *
 * place is the table's, and must stay.  profile is that of deletes, -1 for none;
 * sharers is how many lookaheads there are in all.
 */
List *
spindle_change_feeds(SpindleInstance *instance, int table, int profile, const SpindleChangePlace *place, int sharers,
					 MemoryContext context)
{
	const SpindleDomain *domain = instance->domain;
	const SpindleTable *t = &domain->table[table];
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	List	   *feeds = NIL;

	if (has_ordered_inserts(t, place))
		feeds = lappend(feeds, create_ordered(instance, table, place, context));
	else if (t->lifecycle->insert.kind != SPINDLE_INSERT_INITIAL)
		feeds = lappend(feeds, create_lookahead(instance, table, profile, place, SPINDLE_MOMENT_INSERT,
												spindle_window_of_insert(domain, table), sharers, context));
	for (int timed = 0; timed < 2; timed++)
		if (spindle_has_steps(t->lifecycle->states, timed))
			feeds = lappend(feeds, create_lookahead(instance, table, profile, place,
													timed ? SPINDLE_MOMENT_TIMED : SPINDLE_MOMENT_DELAYED,
													spindle_window_of_steps(domain, table, timed), sharers, context));
	for (int c = 0; c < t->lifecycle->nclocks; c++)
		feeds = lappend(feeds, create_clock(instance, table, c, place, context));
	if (ends(domain, table, profile, false))
		feeds = lappend(feeds, create_lookahead(instance, table, profile, place, SPINDLE_MOMENT_DELETE,
												spindle_window_of_delete(domain, table), sharers, context));
	if (ends(domain, table, profile, true))
		feeds = lappend(feeds, create_lookahead(instance, table, profile, place, SPINDLE_MOMENT_BACK,
												spindle_window_of_back(domain, table), sharers, context));
	MemoryContextSwitchTo(oldcontext);
	return feeds;
}
