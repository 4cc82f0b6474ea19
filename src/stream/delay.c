/*-------------------------------------------------------------------------
 *
 * delay.c
 *		Late events: the order of delivery.
 *
 * A fraction of the events, chosen exactly and without repetition, is held
 * back until a drawn number of later events has overtaken each.  Events come
 * in by seq.  One that is not chosen is delivered; one that is waits with a
 * counter.  Every delivery counts for the waiting events that lie before it;
 * at zero an event is due, the earlier seq first.  When no more events come,
 * the last one waiting has none left to be overtaken by, so it goes first.
 *
 * Where it is not known how many there will be, as of transactions, each is chosen
 * by itself, with the fraction as its probability.
 *
 * Each delivery counts for all events that wait before it, so the number of those
 * that wait follows max_slots, divided by the fraction that is not chosen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "stream/delay.h"

/*
 * The arrays seq, left and slot have an entry for each event that waits;
 * free_slot is a stack of the slots not in use.
 */
struct SpindleDelay
{
	int64		nevents;		/* of the stream; -1 if each is chosen by itself */
	uint64		threshold;		/* of a draw that chooses one by itself */
	int64		nchosen;		/* else so many, to be delayed */
	int64		chosen;			/* so far */
	int			max_slots;
	SpindleKey	choice_key;
	SpindleKey	slots_key;
	int			n;				/* events that wait, by rising seq */
	int			capacity;
	int64	   *seq;
	int		   *left;			/* deliveries still to come before each */
	int		   *slot;			/* where its caller keeps it */
	int			nfree;
	int		   *free_slot;
	bool		any_due;		/* some counter is at zero */
};

/*
 * Make room for twice as many waiting events, with slots of higher numbers;
 * events keep the slots that they have.
 */
static void
grow(SpindleDelay *delay)
{
	int			capacity = delay->capacity * 2;

	delay->seq = repalloc_huge(delay->seq, sizeof(int64) * capacity);
	delay->left = repalloc_huge(delay->left, sizeof(int) * capacity);
	delay->slot = repalloc_huge(delay->slot, sizeof(int) * capacity);
	delay->free_slot = repalloc_huge(delay->free_slot, sizeof(int) * capacity);
	for (int i = delay->capacity; i < capacity; i++)
		delay->free_slot[delay->nfree++] = i;
	delay->capacity = capacity;
}

/* An order in which nothing waits. */
static SpindleDelay *
create_empty(int64 nevents, int max_slots, SpindleKey key)
{
	SpindleDelay *delay = palloc0(sizeof(SpindleDelay));

	delay->nevents = nevents;
	delay->max_slots = max_slots;
	delay->choice_key = spindle_key_derive(key, 1);
	delay->slots_key = spindle_key_derive(key, 2);
	delay->capacity = 16;
	delay->seq = palloc(sizeof(int64) * delay->capacity);
	delay->left = palloc(sizeof(int) * delay->capacity);
	delay->slot = palloc(sizeof(int) * delay->capacity);
	delay->free_slot = palloc(sizeof(int) * delay->capacity);
	for (int i = 0; i < delay->capacity; i++)
		delay->free_slot[delay->nfree++] = i;
	return delay;
}

/*
 * spindle_delay_create
 *		Prepare the order of delivery of nevents >= 0 events, in the current
 *		memory context.
 *
 * fraction from 0 to 1, max_slots from 1 to SPINDLE_MAX_DELAY_SLOTS.  Of 5000
 * events a fraction of 0.05 delays exactly 250.  A fraction above 0 delays
 * one at least, if there are two, and never all.  The same key, numbers and
 * fractions give the same order.
 */
SpindleDelay *
spindle_delay_create(int64 nevents, double fraction, int max_slots, SpindleKey key)
{
	SpindleDelay *delay = create_empty(nevents, max_slots, key);

	delay->nchosen = (int64) floor((double) nevents * fraction + 0.5);
	if (fraction > 0 && nevents > 1)
		delay->nchosen = Max(1, Min(delay->nchosen, nevents - 1));
	else
		delay->nchosen = 0;
	return delay;
}

/*
 * spindle_delay_create_each
 *		The same for any number of events, each of which is chosen by itself with the
 *		probability fraction, below 1.
 */
SpindleDelay *
spindle_delay_create_each(double fraction, int max_slots, SpindleKey key)
{
	SpindleDelay *delay = create_empty(-1, max_slots, key);

	delay->threshold = spindle_threshold(fraction);
	return delay;
}

/*
 * spindle_delay_take
 *		Offer the event seq, the next of the stream.  Returns false if it is
 *		to be delivered at once; else it waits, and *slot is the number of a
 *		slot in which the caller keeps it until then.
 *
 * Each seq from 0 to nevents - 1 has to be offered once, in this order; of those that
 * are chosen by themselves, some may be left out.  counter is that of its draws.
 * Slots are below spindle_delay_slots(), which may have grown.
 */
bool
spindle_delay_take(SpindleDelay *delay, int64 seq, uint64 counter, int *slot)
{
	if (delay->nevents < 0)
	{
		if (spindle_draw(delay->choice_key, counter) >= delay->threshold)
			return false;
	}

	/* selection sampling: Knuth, TAOCP vol. 2, 3.4.2, algorithm S */
	else if (delay->chosen == delay->nchosen ||
			 spindle_below(spindle_draw(delay->choice_key, counter), delay->nevents - seq) >=
			 (uint64) (delay->nchosen - delay->chosen))
		return false;

	delay->chosen++;
	if (delay->n == delay->capacity)
		grow(delay);
	*slot = delay->free_slot[--delay->nfree];
	delay->seq[delay->n] = seq;
	delay->left[delay->n] = 1 + (int) spindle_below(spindle_draw(delay->slots_key, counter), delay->max_slots);
	delay->slot[delay->n++] = *slot;
	return true;
}

/*
 * spindle_delay_delivered
 *		The event seq has been delivered, and counts for those before it.
 *
 * To be called for each delivery, also of an event that waited, before
 * spindle_delay_due() is asked for the next.  The time grows with the number
 * of events that wait.
 */
void
spindle_delay_delivered(SpindleDelay *delay, int64 seq)
{
	int			n = delay->n;

	while (n > 0 && delay->seq[n - 1] > seq)
		n--;
	for (int i = 0; i < n; i++)
	{
		/* one that is due already was overtaken once more by an earlier seq */
		if (delay->left[i] > 0 && --delay->left[i] == 0)
			delay->any_due = true;
	}
}

/*
 * spindle_delay_due
 *		The slot of the waiting event to deliver next, with its *seq, or -1
 *		if none is due.  The slot is free again for the next taker.
 *
 * at_end says that the stream has no more events, so that someone goes
 * first.  What the slot holds has to be used before the next event is
 * offered.
 */
int
spindle_delay_due(SpindleDelay *delay, bool at_end, int64 *seq)
{
	int			i = 0;
	int			slot;

	if (delay->n == 0 || (!delay->any_due && !at_end))
		return -1;
	while (i < delay->n && delay->left[i] > 0)
		i++;
	if (i == delay->n)
	{
		delay->any_due = false;
		if (!at_end)
			return -1;
		i = delay->n - 1;
	}
	slot = delay->slot[i];
	*seq = delay->seq[i];
	delay->free_slot[delay->nfree++] = slot;
	delay->n--;
	memmove(delay->seq + i, delay->seq + i + 1, sizeof(int64) * (delay->n - i));
	memmove(delay->left + i, delay->left + i + 1, sizeof(int) * (delay->n - i));
	memmove(delay->slot + i, delay->slot + i + 1, sizeof(int) * (delay->n - i));
	return slot;
}

/*
 * spindle_delay_first
 *		The slot of the first event, by its seq, that waits; -1 if none does.
 */
int
spindle_delay_first(const SpindleDelay *delay)
{
	return delay->n > 0 ? delay->slot[0] : -1;
}

/*
 * spindle_delay_slots
 *		Slots that may be in use: numbers below this one.  It never shrinks.
 */
int
spindle_delay_slots(const SpindleDelay *delay)
{
	return delay->capacity;
}
