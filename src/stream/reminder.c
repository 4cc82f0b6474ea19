/*-------------------------------------------------------------------------
 *
 * reminder.c
 *		When rows are to be looked at again.
 *
 * Who goes over rows again and again, for what comes of them next, passes by those
 * of which nothing can come yet.  For that a byte for each row is enough: it tells
 * the time in parts of what lies ahead, rounded down.  Where there are more rows than
 * bytes, some neighbours share one, which tells of the first among them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "stream/reminder.h"

/* Units of the distance that times mostly lie ahead, and what a byte can tell. */
#define UNITS			200
#define MAX_DUE			255

#define FIRST_CAPACITY	1024

/*
 * spindle_reminders_create
 *		Prepare to note times that lie up to width microseconds ahead, in context.
 *
 * Times that lie further ahead may be taken to be earlier.
 */
SpindleReminders *
spindle_reminders_create(int64 width, MemoryContext context)
{
	SpindleReminders *reminders = MemoryContextAllocZero(context, sizeof(SpindleReminders));

	reminders->context = context;
	reminders->unit = width / UNITS + 1;
	reminders->capacity = FIRST_CAPACITY;
	reminders->due = MemoryContextAlloc(context, reminders->capacity);
	return reminders;
}

/*
 * spindle_reminders_reset
 *		Know of no rows; the first of them will be row, and no time before origin.
 */
void
spindle_reminders_reset(SpindleReminders *reminders, int64 row, Timestamp origin)
{
	reminders->first = reminders->end = row;
	reminders->origin = origin;
	reminders->shift = 0;
}

/* The byte of a group. */
static inline uint8 *
due_of(const SpindleReminders *reminders, int64 group)
{
	return &reminders->due[group & (reminders->capacity - 1)];
}

/* The groups that there are: first .. *end - 1. */
static inline int64
first_group(const SpindleReminders *reminders, int64 *end)
{
	const int64 first = reminders->first >> reminders->shift;

	*end = reminders->end > reminders->first ? ((reminders->end - 1) >> reminders->shift) + 1 : first;
	return first;
}

/* Have room for more groups, or put two of them together. */
static void
make_room(SpindleReminders *reminders, int64 most)
{
	const bool	grows = reminders->capacity * 2 <= Min(most, (int64) MaxAllocSize);
	const int64 capacity = grows ? reminders->capacity * 2 : reminders->capacity;
	uint8	   *due = MemoryContextAllocZero(reminders->context, capacity);
	int64		end;

	for (int64 group = first_group(reminders, &end); group < end; group++)
	{
		const uint8 old = *due_of(reminders, group);
		uint8	   *new = &due[(grows ? group : group >> 1) & (capacity - 1)];

		if (old != 0 && (*new == 0 || old < *new))
			*new = old;
	}
	pfree(reminders->due);
	reminders->due = due;
	reminders->capacity = capacity;
	reminders->shift += !grows;
}

/*
 * spindle_reminders_extend
 *		Know of the rows before end, too: nothing is to come of them, until it is
 *		noted.
 *
 * At most most bytes are taken for it, or what the first rows take.
 */
void
spindle_reminders_extend(SpindleReminders *reminders, int64 end, int64 most)
{
	int64		known;

	while (((end - 1) >> reminders->shift) - (reminders->first >> reminders->shift) >= reminders->capacity)
		make_room(reminders, most);
	(void) first_group(reminders, &known);
	for (; known << reminders->shift < end; known++)
		*due_of(reminders, known) = 0;
	reminders->end = end;
}

/*
 * spindle_reminders_note
 *		Something may come of a row at a time, and nothing before that but what is
 *		noted already.
 */
void
spindle_reminders_note(SpindleReminders *reminders, int64 row, Timestamp time)
{
	uint8	   *due = due_of(reminders, row >> reminders->shift);
	const int64 units = time <= reminders->origin ? 0 : (time - reminders->origin) / reminders->unit;
	const uint8 when = (uint8) (1 + Min(units, MAX_DUE - 1));

	if (*due == 0 || when < *due)
		*due = when;
}

/*
 * spindle_reminders_take
 *		The first row from a row on of which something may come before limit, which
 *		can be DT_NOEND, and *end, behind its neighbours that are to be looked at with
 *		it; their notes are forgotten.  If there is none, the end of the rows.
 */
int64
spindle_reminders_take(SpindleReminders *reminders, int64 row, Timestamp limit, int64 *end)
{
	const int64 units = limit == DT_NOEND ? MAX_DUE :
		limit <= reminders->origin ? 0 : (limit - reminders->origin) / reminders->unit;
	const int	until = (int) Min(units, MAX_DUE - 1) + 1;
	int64		group = row >> reminders->shift;
	int64		end_group;

	(void) first_group(reminders, &end_group);
	while (group < end_group && (*due_of(reminders, group) == 0 || *due_of(reminders, group) > until))
		group++;
	*end = reminders->end;
	if (group >= end_group)
		return reminders->end;
	*due_of(reminders, group) = 0;
	*end = Min((group + 1) << reminders->shift, reminders->end);
	return Max(group << reminders->shift, reminders->first);
}

/*
 * spindle_reminders_advance
 *		No time before origin will be asked for, so rows of which nothing is to come
 *		can be forgotten at the beginning.
 */
void
spindle_reminders_advance(SpindleReminders *reminders, Timestamp origin)
{
	const int64 units = Max((origin - reminders->origin) / reminders->unit, 0);
	const uint8 passed = (uint8) Min(units, MAX_DUE);
	int64		end;
	int64		group = first_group(reminders, &end);

	for (; group < end && *due_of(reminders, group) == 0; group++)
		;
	reminders->first = group == end ? reminders->end : Max(group << reminders->shift, reminders->first);
	reminders->origin += units * reminders->unit;
	for (; group < end; group++)
	{
		uint8	   *due = due_of(reminders, group);

		if (*due > 1)
			*due = *due > passed ? *due - passed : 1;
	}
}
