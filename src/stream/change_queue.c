/*-------------------------------------------------------------------------
 *
 * change_queue.c
 *		Changes in the order of their delivery.
 *
 * Without late ones, that is the order of their times.  Else some transactions are
 * held back, as delay.c says, until later ones have overtaken them.  Each is chosen
 * by itself, by its position: how many there will be is not known, and a stream that
 * begins behind another position chooses the same.  What is there before the stream
 * begins is never late.
 *
 * A transaction that waits is copied, with all its images.  There wait as many as
 * overtake one, divided by the fraction that is not chosen, whatever the length of
 * the stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "stream/change_batch.h"
#include "stream/change_queue.h"
#include "stream/delay.h"

/* A transaction that waits; used again and again. */
typedef struct HeldTransaction
{
	MemoryContext context;		/* of its images; NULL before the first use */
	uint64		position;
	bool		has_before;		/* it is not the first one of the stream: */
	uint64		before;			/* position of the one before it, in time */
	int			n;
	int			capacity;
	SpindleChange *change;
} HeldTransaction;

struct SpindleChangeQueue
{
	SpindleChanges *changes;
	const SpindleInstance *instance;
	SpindleChangeDelay how;
	bool		by_speed;		/* arrivals follow the times */
	int64		max_changes;	/* -1: all; the transaction that reaches it is
								 * the last one */
	SpindleKey	key;
	MemoryContext context;
	MemoryContext run_context;	/* of what changes per delivery, if some are late */

	/* where the stream is */
	SpindleDelay *delay;		/* NULL if none is late */
	int64		taken;			/* changes taken from the stream, */
	int64		transactions;	/* and transactions that were begun */
	uint64		last_taken;		/* position of the last one */
	int64		seq;			/* number of the one that is given, by time, */
	uint64		position;		/* and its position */
	bool		is_passing;		/* it comes from the stream, and has more */
	HeldTransaction *given;		/* or it waited, else NULL; */
	int			next;			/* next change of that */
	int64		delivered;		/* changes */
	bool		has_highest;
	uint64		highest;		/* position delivered */
	bool		is_late;		/* the transaction that is given */
	double		arrival;		/* of it */
	bool		has_complete;	/* all up to a position are delivered: */
	uint64		complete;
	int			nheld;			/* entries of held */
	HeldTransaction *held;

	/* arrivals that were given for transactions, and not used yet: a ring */
	int			narrivals;
	int			first_arrival;
	int			arrivals_capacity;
	double	   *arrivals;
};

/* Begin with the first change; the stream of changes does so too. */
static void
begin(SpindleChangeQueue *queue)
{
	queue->taken = queue->transactions = queue->delivered = 0;
	queue->is_passing = queue->has_highest = queue->has_complete = false;
	queue->given = NULL;
	queue->arrival = 0;
	queue->nheld = queue->narrivals = queue->first_arrival = 0;
	queue->held = NULL;
	queue->delay = NULL;
	if (queue->how.fraction > 0)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(queue->run_context);

		queue->delay = spindle_delay_create_each(queue->how.fraction, queue->how.slots, queue->key);
		queue->arrivals_capacity = 64;
		queue->arrivals = palloc(sizeof(double) * queue->arrivals_capacity);
		MemoryContextSwitchTo(oldcontext);
	}
}

/*
 * spindle_change_queue_open
 *		The changes that options ask for, with some of them late, in a memory context
 *		of its own below parent.
 *
 * With whole_transactions, max_changes ends the stream behind the transaction that
 * reaches it.  Raises what spindle_changes_open() does.
 */
SpindleChangeQueue *
spindle_change_queue_open(SpindleInstance *instance, const SpindleChangeOptions *options,
						  const SpindleChangeDelay *delay, bool whole_transactions, const SpindleChangeNeeds *needs,
						  MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle change queue", ALLOCSET_SMALL_SIZES);
	SpindleChangeQueue *queue = MemoryContextAllocZero(context, sizeof(SpindleChangeQueue));
	SpindleChangeOptions stream_options = *options;

	queue->instance = instance;
	queue->how = *delay;
	queue->by_speed = options->speed > 0;
	queue->max_changes = whole_transactions ? options->max_changes : -1;
	queue->context = context;
	queue->run_context = AllocSetContextCreate(context, "spindle late changes", ALLOCSET_DEFAULT_SIZES);
	queue->key = spindle_key_derive(spindle_key_derive(instance->key, spindle_label("late changes")),
									(uint64) (options->table + 1));
	if (whole_transactions && options->max_changes > 0)
		stream_options.max_changes = -1;
	queue->changes = spindle_changes_open(instance, &stream_options, needs, context);
	begin(queue);
	return queue;
}

/* Keep an image beyond the next change, in the current memory context. */
static const SpindleImage *
copy_image(const SpindleImage *image)
{
	SpindleImage *copy;
	int64	   *value;
	bool	   *is_null;

	if (image == NULL)
		return NULL;
	copy = palloc(sizeof(SpindleImage));
	value = palloc(sizeof(int64) * Max(image->table->ncolumns, 1));
	is_null = palloc(sizeof(bool) * Max(image->table->ncolumns, 1));
	memcpy(value, image->value, sizeof(int64) * image->table->ncolumns);
	memcpy(is_null, image->is_null, sizeof(bool) * image->table->ncolumns);
	spindle_image_keep(image->table, value, is_null, CurrentMemoryContext);
	*copy = *image;
	copy->value = value;
	copy->is_null = is_null;
	return copy;
}

/* Keep a change of a transaction that waits. */
static void
hold_change(HeldTransaction *held, const SpindleChange *change)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(held->context);
	SpindleChange *copy;

	if (held->n == held->capacity)
	{
		held->capacity = Max(held->capacity * 2, 4);
		held->change = held->change == NULL ? palloc(sizeof(SpindleChange) * held->capacity) :
			repalloc_huge(held->change, sizeof(SpindleChange) * held->capacity);
	}
	copy = &held->change[held->n++];
	*copy = *change;
	copy->before = copy_image(change->before);
	copy->after = copy_image(change->after);
	if (change->changed)
	{
		bool	   *changed = palloc(sizeof(bool) * change->after->table->ncolumns);

		memcpy(changed, change->changed, sizeof(bool) * change->after->table->ncolumns);
		copy->changed = changed;
	}
	MemoryContextSwitchTo(oldcontext);
}

/* The next change of the stream; false at its end. */
static bool
take_change(SpindleChangeQueue *queue, SpindleChange *change)
{
	if (!spindle_changes_next(queue->changes, change))
		return false;
	queue->taken++;
	return true;
}

/* Keep an arrival for the transaction that is delivered in its turn. */
static void
push_arrival(SpindleChangeQueue *queue, double arrival)
{
	if (queue->narrivals == queue->arrivals_capacity)
	{
		queue->arrivals = repalloc_huge(queue->arrivals, sizeof(double) * queue->arrivals_capacity * 2);

		/* what lies before the first one goes on behind the old end */
		memcpy(queue->arrivals + queue->arrivals_capacity, queue->arrivals, sizeof(double) * queue->first_arrival);
		queue->arrivals_capacity *= 2;
	}
	queue->arrivals[(queue->first_arrival + queue->narrivals++) % queue->arrivals_capacity] = arrival;
}

/*
 * Keep a transaction, of which the first change is taken, in a slot.
 */
static void
hold(SpindleChangeQueue *queue, SpindleChange *change, int slot, bool has_before, uint64 before)
{
	HeldTransaction *held;

	if (slot >= queue->nheld)
	{
		const int	n = spindle_delay_slots(queue->delay);

		queue->held = queue->held == NULL ?
			MemoryContextAllocHuge(queue->run_context, sizeof(HeldTransaction) * n) :
			repalloc_huge(queue->held, sizeof(HeldTransaction) * n);
		memset(queue->held + queue->nheld, 0, sizeof(HeldTransaction) * (n - queue->nheld));
		queue->nheld = n;
	}
	held = &queue->held[slot];
	if (held->context == NULL)
		held->context = AllocSetContextCreate(queue->run_context, "spindle late transaction", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(held->context);
	held->n = held->capacity = 0;
	held->change = NULL;
	held->position = change->position;
	held->has_before = has_before;
	held->before = before;
	do
		hold_change(held, change);
	while (!change->txn_last && take_change(queue, change));
}

/* A transaction is to be given, by its number and position in time. */
static void
begin_transaction(SpindleChangeQueue *queue, int64 seq, uint64 position, double arrival)
{
	queue->seq = seq;
	queue->position = position;
	queue->is_late = queue->has_highest && position < queue->highest;
	if (queue->by_speed)
		arrival = Max(arrival, queue->arrival);
	else
	{
		arrival = queue->arrivals[queue->first_arrival];
		queue->first_arrival = (queue->first_arrival + 1) % queue->arrivals_capacity;
		queue->narrivals--;
	}
	queue->arrival = arrival;
}

/* A transaction was given. */
static void
end_transaction(SpindleChangeQueue *queue)
{
	const HeldTransaction *first;
	int			slot;

	queue->given = NULL;
	queue->is_passing = false;
	queue->highest = queue->has_highest ? Max(queue->highest, queue->position) : queue->position;
	queue->has_highest = true;
	spindle_delay_delivered(queue->delay, queue->seq);
	slot = spindle_delay_first(queue->delay);
	first = slot >= 0 ? &queue->held[slot] : NULL;
	queue->has_complete = first == NULL || first->has_before;
	queue->complete = first ? first->before : queue->highest;
}

/*
 * Begin with the next transaction in the order of delivery, and give its first change
 * if it comes from the stream; false if there is none.
 */
static bool
next_transaction(SpindleChangeQueue *queue, SpindleChange *change)
{
	int64		seq;
	int			slot;

	while ((slot = spindle_delay_due(queue->delay, false, &seq)) < 0)
	{
		const bool	has_before = queue->transactions > 0;
		const uint64 before = queue->last_taken;

		if ((queue->max_changes >= 0 && queue->taken >= queue->max_changes) || !take_change(queue, change))
		{
			slot = spindle_delay_due(queue->delay, true, &seq);
			if (slot < 0)
				return false;
			break;
		}
		queue->last_taken = change->position;
		seq = queue->transactions++;
		if (!queue->by_speed)
			push_arrival(queue, change->arrival);
		if (change->op == 'r' || !spindle_delay_take(queue->delay, seq, change->position, &slot))
		{
			begin_transaction(queue, seq, change->position, change->arrival);
			queue->is_passing = true;
			return true;
		}
		hold(queue, change, slot, has_before, before);
	}
	queue->given = &queue->held[slot];
	queue->next = 0;
	begin_transaction(queue, seq, queue->given->position, queue->given->change[0].arrival);
	return true;
}

/* The next change where some are late; false at the end. */
static bool
next_of_late(SpindleChangeQueue *queue, SpindleChange *change)
{
	/* the stream can end inside of a transaction */
	if (queue->is_passing && !take_change(queue, change))
		end_transaction(queue);
	if (!queue->is_passing && queue->given == NULL && !next_transaction(queue, change))
		return false;
	if (queue->given)
		*change = queue->given->change[queue->next++];
	if (queue->given ? queue->next == queue->given->n : change->txn_last)
		end_transaction(queue);
	change->arrival = queue->arrival;
	change->is_late = queue->is_late;
	return true;
}

/*
 * spindle_change_queue_next
 *		The next change; false at the end.
 *
 * It is valid until the next call.  delivery_seq counts in the order of delivery, and
 * is_late tells whether a later transaction came before.  Raises what
 * spindle_changes_next() does.
 */
bool
spindle_change_queue_next(SpindleChangeQueue *queue, SpindleChange *change)
{
	if (queue->delay)
	{
		if (!next_of_late(queue, change))
			return false;
		change->delivery_seq = queue->delivered++;
		return true;
	}
	if ((queue->max_changes > 0 && !queue->is_passing && queue->taken >= queue->max_changes) ||
		!take_change(queue, change))
		return false;
	queue->is_passing = !change->txn_last;
	if (change->txn_last)
	{
		queue->has_complete = true;
		queue->complete = change->position;
	}
	return true;
}

/*
 * spindle_change_queue_complete
 *		The position up to which all transactions have been given; false if there is
 *		none.
 */
bool
spindle_change_queue_complete(const SpindleChangeQueue *queue, uint64 *position)
{
	*position = queue->complete;
	return queue->has_complete;
}

/*
 * spindle_change_queue_rewind
 *		Begin with the first change again.
 */
void
spindle_change_queue_rewind(SpindleChangeQueue *queue)
{
	spindle_changes_rewind(queue->changes);
	MemoryContextReset(queue->run_context);
	begin(queue);
}

/*
 * spindle_change_queue_close
 *		Release all that the queue has taken.
 */
void
spindle_change_queue_close(SpindleChangeQueue *queue)
{
	MemoryContextDelete(queue->context);
}
