/*-------------------------------------------------------------------------
 *
 * reminder.h
 *		When rows are to be looked at again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_REMINDER_H
#define SPINDLE_REMINDER_H

#include "datatype/timestamp.h"

/*
 * Of a stretch of rows, in groups of a power of two: a byte that tells from when on
 * something may come of one of them.
 */
typedef struct SpindleReminders
{
	MemoryContext context;
	int64		unit;			/* microseconds */
	Timestamp	origin;			/* that units count from */
	int64		first;			/* rows from here on are noted, ... */
	int64		end;			/* ... and none from here on */
	int			shift;			/* a group has 2^shift rows */
	int64		capacity;		/* groups there is room for, a power of two */
	uint8	   *due;			/* by the number of a group modulo capacity: 0 if
								 * nothing is to come, else 1 and the units that
								 * pass before it, at least */
} SpindleReminders;

extern SpindleReminders *spindle_reminders_create(int64 width, MemoryContext context);
extern void spindle_reminders_reset(SpindleReminders *reminders, int64 row, Timestamp origin);
extern void spindle_reminders_extend(SpindleReminders *reminders, int64 end, int64 most);
extern void spindle_reminders_note(SpindleReminders *reminders, int64 row, Timestamp time);
extern int64 spindle_reminders_take(SpindleReminders *reminders, int64 row, Timestamp limit, int64 *end);
extern void spindle_reminders_advance(SpindleReminders *reminders, Timestamp origin);

#endif							/* SPINDLE_REMINDER_H */
