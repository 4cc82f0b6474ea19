/*-------------------------------------------------------------------------
 *
 * changes.c
 *		The changes of generated tables, in the order of their times.
 *
 * Moments come from the merge of all feeds, a batch at a time; what becomes of the
 * rows at them is computed for the whole batch, and what is no change is left out.
 * What is there before the stream begins comes first: the rows of each table, parents
 * before children, as they are then.
 *
 * A transaction's number is that of its moments, whether they turn out to be changes
 * or not.  So it is found from the microsecond alone, wherever a stream begins.
 *
 * To know the last change of a transaction, the next one has to be known.  Where
 * that is in another batch, the present one is copied.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "stream/change_batch.h"

/*
 * Moments of a slice, or some more, as it ends with a transaction.  A batch mostly
 * has room for it.
 */
#define SLICE_MOMENTS	4000

struct SpindleChanges
{
	SpindleInstance *instance;
	SpindleChangeOptions options;
	SpindleChangeNeeds needs;
	MemoryContext context;
	Timestamp	range_start;
	Timestamp	first_time;		/* changes come from here on */
	Timestamp	there_time;		/* rows that are there first are so then */
	bool		has_there_time; /* it was asked for */
	uint64		there_position; /* of these rows */
	SpindleKey	key;			/* of arrivals */
	int			ntables;		/* in the order of their levels: those whose rows
								 * come first */
	int		   *table;
	SpindleChangeMerge *merge;
	SpindleChangeBatch *batch;

	/* where the stream is */
	bool		is_started;		/* next is known */
	bool		in_slices;		/* end with the slice */
	int64		slice;			/* that the last moment belongs to, */
	int64		in_slice;		/* moments of it so far, */
	uint64		slice_position; /* and the last one's position */
	int			there;			/* table whose rows come now, ntables behind the
								 * last */
	int64		there_row;
	int64		there_end;		/* -1 before the first row of the table */
	bool		is_sought;		/* the merge stands where it begins, or behind */
	bool		has_moment;		/* next_moment, of the merge, is to come */
	SpindleStreamMoment next_moment;
	SpindleStreamMoment last_moment;	/* that got a number, */
	int			number;			/* and that; 0 before the first of all */
	int			next;			/* moment of the batch that is the next change,
								 * n if it is not known */
	bool		at_end;
	int64		delivered;
	uint64		position;		/* of the transaction that is under way */
	int			txn_seq;		/* changes of it so far */
	double		arrival;
	bool		has_first;		/* the time of the first transaction is known: */
	Timestamp	first;
	SpindleSchedule *schedule;	/* NULL before the first transaction */

	/* the present change */
	SpindleImage before;
	SpindleImage after;
	MemoryContext kept_context; /* where it outlives its batch: */
	int64	   *value[2];		/* before and after */
	bool	   *is_null[2];
	bool	   *changed;
};

/*
 * The position of a transaction.  Raises datetime_field_overflow for times that are
 * too far from the range.
 */
static uint64
position_of(const SpindleChanges *changes, Timestamp time, int number)
{
	const uint64 since = (uint64) time - (uint64) changes->range_start;

	if (since > PG_UINT64_MAX >> SPINDLE_POSITION_BITS)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
				 errmsg("a change at %s is too far from the range of domain \"%s\" to have a position",
						timestamptz_to_str(time), changes->instance->domain->name),
				 errhint("from_time and to_time must be at most %s.",
						 timestamptz_to_str(spindle_change_time(changes->instance->domain, PG_UINT64_MAX)))));
	return since << SPINDLE_POSITION_BITS | (uint64) number;
}

/* The first microsecond of a domain's range, of which positions tell the distance. */
Timestamp
spindle_change_start(const SpindleDomain *domain)
{
	return (Timestamp) domain->first_day * USECS_PER_DAY;
}

/* The time of the transaction at a position. */
Timestamp
spindle_change_time(const SpindleDomain *domain, uint64 position)
{
	return spindle_change_start(domain) + (Timestamp) (position >> SPINDLE_POSITION_BITS);
}

/* The tables that take part, by their levels. */
static void
set_tables(SpindleChanges *changes, const SpindleChangePlace *places)
{
	const SpindleDomain *domain = changes->instance->domain;
	int		   *of_level = palloc(sizeof(int) * Max(domain->ntables, 1));

	for (int t = 0; t < domain->ntables; t++)
		of_level[places[t].level] = t;
	changes->table = palloc(sizeof(int) * Max(domain->ntables, 1));
	for (int l = 0; l < domain->ntables; l++)
		if (changes->options.table < 0 || of_level[l] == changes->options.table)
			changes->table[changes->ntables++] = of_level[l];
	pfree(of_level);
}

/* Where the stream begins: in time, and behind what. */
static void
set_beginning(SpindleChanges *changes)
{
	const SpindleChangeOptions *options = &changes->options;

	changes->range_start = spindle_change_start(changes->instance->domain);
	changes->there_time = changes->range_start - 1;
	if (options->has_after_position)
	{
		changes->first_time = spindle_change_time(changes->instance->domain, options->after_position);
		return;
	}
	if (options->from_time > changes->there_time)
	{
		changes->there_time = Min(options->from_time, Max(options->to_time, changes->there_time));
		changes->has_there_time = true;
		changes->there_position = changes->there_time == DT_NOEND ? PG_UINT64_MAX :
			position_of(changes, changes->there_time, SPINDLE_POSITION_LAST);
	}
	else
		changes->there_time = Min(changes->there_time, options->to_time);
	changes->first_time = changes->there_time == DT_NOEND ? DT_NOEND : changes->there_time + 1;
}

/* Room for images of any table, where they outlive their batch. */
static void
make_images(SpindleChanges *changes)
{
	int			most = 1;

	for (int i = 0; i < changes->ntables; i++)
		most = Max(most, changes->instance->domain->table[changes->table[i]].ncolumns);
	for (int k = 0; k < 2; k++)
	{
		changes->value[k] = palloc(sizeof(int64) * most);
		changes->is_null[k] = palloc(sizeof(bool) * most);
	}
	changes->changed = palloc(sizeof(bool) * most);
}

/*
 * spindle_changes_open
 *		The changes that options ask for, in a memory context of its own below
 *		parent.
 *
 * The caller keeps the instance pinned.  Raises what spindle_eval_add() does.
 */
SpindleChanges *
spindle_changes_open(SpindleInstance *instance, const SpindleChangeOptions *options,
					 const SpindleChangeNeeds *needs, MemoryContext parent)
{
	const SpindleDomain *domain = instance->domain;
	MemoryContext context = AllocSetContextCreate(parent, "spindle changes", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleChanges *changes = palloc0(sizeof(SpindleChanges));
	SpindleChangePlace *places = spindle_change_places(domain);
	const int	profile = options->profile ? spindle_domain_find_profile(domain, options->profile) : -1;
	List	   *feeds = NIL;
	int			sharers = 1;

	changes->instance = instance;
	changes->options = *options;
	changes->needs = *needs;
	changes->context = context;
	changes->kept_context = AllocSetContextCreate(context, "spindle change", ALLOCSET_SMALL_SIZES);
	changes->key = spindle_key_derive(instance->key, spindle_label(options->table < 0 ? "changes of the domain" :
																   psprintf("changes of %s", domain->table[options->table].name)));
	set_tables(changes, places);
	set_beginning(changes);
	make_images(changes);
	for (int i = 0; i < changes->ntables; i++)
		sharers += spindle_change_lookaheads(domain, changes->table[i], profile);

	/* four may take what work_mem gives to each, more of them share that */
	for (int i = 0; i < changes->ntables; i++)
		feeds = list_concat(feeds, spindle_change_feeds(instance, changes->table[i], profile, &places[changes->table[i]],
														Max(sharers / 4, 1), context));
	changes->merge = spindle_change_merge_create(feeds, context);
	changes->batch = spindle_change_batch_create(instance, profile, needs, context);
	MemoryContextSwitchTo(oldcontext);
	spindle_changes_rewind(changes);
	return changes;
}

/*
 * spindle_changes_table
 *		What all images of a table of the domain have in common; it lives as long as
 *		the stream.
 */
const SpindleChangeTable *
spindle_changes_table(const SpindleChanges *changes, int table)
{
	return spindle_change_batch_table(changes->batch, table);
}

/*
 * spindle_changes_rewind
 *		Begin with the first change again.
 */
void
spindle_changes_rewind(SpindleChanges *changes)
{
	spindle_change_batch_reset(changes->batch);
	changes->is_started = changes->in_slices = false;
	changes->slice = changes->in_slice = 0;
	changes->next = 0;
	changes->there =
		changes->options.include_initial && !changes->options.has_after_position ? 0 : changes->ntables;
	changes->there_row = 0;
	changes->there_end = -1;
	changes->is_sought = changes->has_moment = false;
	changes->number = 0;
	changes->at_end = false;
	changes->delivered = 0;
	changes->txn_seq = 0;
	changes->arrival = 0;
	changes->has_first = false;
	if (changes->schedule)
		pfree(changes->schedule);
	changes->schedule = NULL;
}

/* Put rows that are there first into the batch. */
static void
add_rows_there(SpindleChanges *changes)
{
	SpindleChangeBatch *batch = changes->batch;
	const int	limit = batch->size;
	const int	n = batch->n;

	while (changes->there < changes->ntables && batch->n < limit)
	{
		const int	table = changes->table[changes->there];

		if (changes->there_end < 0)
			changes->there_end = spindle_alive_end(changes->instance, table, changes->there_time);
		while (changes->there_row < changes->there_end && batch->n < limit)
			batch->moment[batch->n++] = (SpindleBatchMoment) {
				.kind = SPINDLE_MOMENT_IS_THERE,
				.table = table,
				.row = changes->there_row++,
				.time = changes->there_time,
				.position = changes->there_position,
			};
		if (changes->there_row < changes->there_end)
			break;
		changes->there++;
		changes->there_row = 0;
		changes->there_end = -1;
	}
	changes->in_slice += batch->n - n;
	changes->slice_position = changes->there_position;
}

/* Have the next moment of the merge at hand; false at the end of the stream. */
static bool
peek_moment(SpindleChanges *changes)
{
	if (changes->first_time > changes->options.to_time || changes->first_time == DT_NOEND)
		return false;
	if (!changes->is_sought)
		spindle_change_merge_seek(changes->merge, changes->first_time);
	changes->is_sought = true;
	if (!changes->has_moment)
		changes->has_moment = spindle_change_merge_next(changes->merge, &changes->next_moment);
	return changes->has_moment && changes->next_moment.moment.time <= changes->options.to_time;
}

/*
 * The number of the next moment, which is at hand: the transactions of a microsecond
 * are counted from 1, and all behind the last number are one.
 */
static int
number_of_next(const SpindleChanges *changes)
{
	const SpindleStreamMoment *next = &changes->next_moment;

	if (changes->number == 0 || next->moment.time != changes->last_moment.moment.time)
		return 1;
	if (spindle_change_same_root(next, &changes->last_moment))
		return changes->number;
	return Min(changes->number + 1, SPINDLE_POSITION_LAST);
}

/*
 * Pass the next moment of the merge, which is at hand; returns its position.
 */
static uint64
pass_moment(SpindleChanges *changes)
{
	changes->number = number_of_next(changes);
	changes->last_moment = changes->next_moment;
	changes->has_moment = false;
	changes->in_slice++;
	changes->slice_position = position_of(changes, changes->last_moment.moment.time, changes->number);
	return changes->slice_position;
}

/* Does the next moment, which is at hand, belong to another slice than the one before? */
static bool
begins_slice(const SpindleChanges *changes)
{
	return changes->in_slice >= SLICE_MOMENTS &&
		position_of(changes, changes->next_moment.moment.time, number_of_next(changes)) != changes->slice_position;
}

/* Is the next moment of the merge another cause of what the last one was for? */
static bool
is_same_moment(const SpindleChanges *changes)
{
	const SpindleStreamMoment *next = &changes->next_moment;
	const SpindleStreamMoment *last = &changes->last_moment;

	return changes->number > 0 && next->moment.time == last->moment.time && next->moment.row == last->moment.row &&
		next->feed->table == last->feed->table && next->feed->deletes == last->feed->deletes;
}

/* Put moments of the merge into the batch. */
static void
add_moments(SpindleChanges *changes)
{
	SpindleChangeBatch *batch = changes->batch;

	while (batch->n < batch->size && peek_moment(changes) && !(changes->in_slices && begins_slice(changes)))
	{
		const SpindleStreamMoment *next = &changes->next_moment;
		const bool	is_same = is_same_moment(changes);
		SpindleBatchMoment moment = {
			.kind = next->feed->deletes ? SPINDLE_MOMENT_END :
			next->feed->inserts ? SPINDLE_MOMENT_FIRST_INSERT : SPINDLE_MOMENT_CHANGE,
			.table = next->feed->table,
			.row = next->moment.row,
			.root_level = next->feed->place->root_level,
			.root = next->moment.root,
			.time = next->moment.time,
		};

		moment.position = pass_moment(changes);

		/* several causes are one change */
		if (!is_same &&
			!(changes->options.has_after_position && moment.position <= changes->options.after_position))
			batch->moment[batch->n++] = moment;
	}
}

/*
 * Find the next change, from moment i of the batch on, or in batches behind it; sets
 * changes->next, or at_end.
 */
static void
find_next(SpindleChanges *changes, int i)
{
	SpindleChangeBatch *batch = changes->batch;

	for (;;)
	{
		for (; i < batch->n; i++)
			if (batch->moment[i].op != 0)
			{
				changes->next = i;
				return;
			}
		CHECK_FOR_INTERRUPTS();
		spindle_change_batch_clear(batch);
		add_rows_there(changes);
		add_moments(changes);
		if (batch->n == 0)
		{
			changes->next = 0;
			changes->at_end = true;
			return;
		}
		spindle_change_batch_run(batch);
		i = 0;
	}
}

/*
 * When a transaction is due, in seconds from the start of the stream.
 */
static double
arrival_of(SpindleChanges *changes, const SpindleBatchMoment *moment)
{
	SpindleChangeOptions *options = &changes->options;

	if (options->speed > 0)
	{
		if (!changes->has_first)
			changes->first = options->has_after_position || changes->has_there_time ?
				changes->first_time - 1 : moment->time;
		changes->has_first = true;
		return Max((double) (moment->time - changes->first) / (USECS_PER_SEC * options->speed), 0);
	}
	if (changes->schedule == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(changes->context);

		if (!options->has_clock_start)
			options->schedule.clock_start = moment->time;
		changes->schedule = spindle_schedule_create(&options->schedule, changes->key);
		MemoryContextSwitchTo(oldcontext);
	}
	return spindle_schedule_next(changes->schedule);
}

/* The images of a change, which are the batch's, and what differs in them. */
static void
set_images(SpindleChanges *changes, const SpindleBatchMoment *moment, SpindleChange *change)
{
	const SpindleChangeTable *table = changes->batch->table[moment->table];

	if (change->op == 'u' || change->op == 'd')
	{
		changes->before = spindle_change_batch_image(changes->batch, moment, true);
		change->before = &changes->before;
	}
	if (change->op != 'd')
	{
		changes->after = spindle_change_batch_image(changes->batch, moment, false);
		change->after = &changes->after;
	}
	if (change->op != 'u')
		return;
	memset(changes->changed, false, table->ncolumns);
	for (int v = 0; v < table->nversioned; v++)
		changes->changed[table->versioned[v]] = spindle_image_differs(&changes->before, &changes->after, table->versioned[v]);
	change->changed = changes->changed;
}

/* An image has to outlive the batch: copy it into arrays of its own. */
static void
keep_image(SpindleChanges *changes, SpindleImage *image, int64 *value, bool *is_null)
{
	memcpy(value, image->value, sizeof(int64) * image->table->ncolumns);
	memcpy(is_null, image->is_null, image->table->ncolumns);
	spindle_image_keep(image->table, value, is_null, changes->kept_context);
	image->value = value;
	image->is_null = is_null;
}

/* The present change has to outlive the batch. */
static void
keep_images(SpindleChanges *changes, const SpindleChange *change)
{
	MemoryContextReset(changes->kept_context);
	if (change->before)
		keep_image(changes, &changes->before, changes->value[0], changes->is_null[0]);
	if (change->after)
		keep_image(changes, &changes->after, changes->value[1], changes->is_null[1]);
}

/* Is a change behind the first of a batch the last one that is at hand? */
static bool
is_last_at_hand(const SpindleChanges *changes, int i)
{
	for (int k = i + 1; k < changes->batch->n; k++)
		if (changes->batch->moment[k].op != 0)
			return false;
	return true;
}

/*
 * spindle_changes_next
 *		The next change; false at the end.
 *
 * Raises what spindle_eval_run() does, and datetime_field_overflow for a change that
 * is centuries from the domain's range.  Can be cancelled.
 */
bool
spindle_changes_next(SpindleChanges *changes, SpindleChange *change)
{
	const SpindleChangeOptions *options = &changes->options;
	SpindleBatchMoment moment;
	int			i;

	if (!changes->is_started)
		find_next(changes, 0);
	changes->is_started = true;
	if (changes->at_end || changes->delivered == options->max_changes)
		return false;
	i = changes->next;
	moment = changes->batch->moment[i];
	if (changes->delivered == 0 || moment.position != changes->position)
	{
		changes->txn_seq = 0;
		changes->position = moment.position;
		if (changes->needs.arrivals || options->duration >= 0)
			changes->arrival = arrival_of(changes, &moment);
	}
	if (options->duration >= 0 && changes->arrival >= options->duration)
	{
		changes->at_end = true;
		return false;
	}
	*change = (SpindleChange) {
		.delivery_seq = changes->delivered++,
		.position = moment.position,
		.txn_seq = changes->txn_seq = Min(changes->txn_seq, PG_INT32_MAX - 1) + 1,
		.txn_changes = -1,
		.root_level = moment.root_level,
		.root = moment.root,
		.op = moment.op,
		.table = moment.table,
		.row = moment.row,
		.version = moment.version,
		.has_time = moment.op != 'r' || changes->has_there_time,
		.event_time = moment.time,
		.arrival = changes->arrival,
	};
	if (changes->needs.images)
	{
		set_images(changes, &moment, change);
		if (is_last_at_hand(changes, i))
			keep_images(changes, change);
	}
	find_next(changes, i + 1);
	change->txn_last = changes->at_end || changes->batch->moment[changes->next].position != moment.position;
	if (change->txn_last)
		change->txn_changes = changes->txn_seq;
	return true;
}

/* Pass all that is left of the present slice; false if the stream ends with it. */
static bool
pass_slice(SpindleChanges *changes)
{
	for (; changes->there < changes->ntables; changes->there++)
	{
		if (changes->there_end < 0)
			changes->there_end = spindle_alive_end(changes->instance, changes->table[changes->there], changes->there_time);
		changes->in_slice += changes->there_end - changes->there_row;
		changes->there_row = 0;
		changes->there_end = -1;
		changes->slice_position = changes->there_position;
	}
	while (peek_moment(changes))
	{
		if (begins_slice(changes))
		{
			changes->slice++;
			changes->in_slice = 0;
			return true;
		}
		(void) pass_moment(changes);
	}
	return false;
}

/*
 * spindle_changes_begin_slice
 *		Go on with the changes of a slice, which end like a stream; false if there are
 *		only so many slices as *slices is set to then.
 *
 * Slices are whole transactions, some thousand changes mostly, and numbered from 0.
 * Each is further on than the last one, and what lies between is passed by, which
 * costs a tenth of what the changes do.  There are no arrivals.
 */
bool
spindle_changes_begin_slice(SpindleChanges *changes, int64 slice, int64 *slices)
{
	Assert(!changes->in_slices || slice > changes->slice);
	changes->in_slices = true;
	while (changes->slice < slice)
	{
		CHECK_FOR_INTERRUPTS();
		if (!pass_slice(changes))
		{
			*slices = changes->slice + 1;
			return false;
		}
	}
	spindle_change_batch_clear(changes->batch);
	changes->is_started = changes->at_end = false;
	return true;
}

/*
 * spindle_changes_close
 *		Release all that the stream has taken.
 */
void
spindle_changes_close(SpindleChanges *changes)
{
	MemoryContextDelete(changes->context);
}
