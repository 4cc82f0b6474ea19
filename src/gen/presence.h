/*-------------------------------------------------------------------------
 *
 * presence.h
 *		Which rows of a table are there at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PRESENCE_H
#define SPINDLE_PRESENCE_H

#include "gen/eval.h"

/*
 * At which time rows are looked at: what exists then, and how it is then.  All
 * zeros would be the year 2000; SPINDLE_TODAY is what there is without a time.
 */
typedef struct SpindleAsOf
{
	Timestamp	time;			/* DT_NOEND for the last version of all rows */
	int			profile;		/* of the domain, whose deletes happen, or -1 */
} SpindleAsOf;

#define SPINDLE_TODAY	((SpindleAsOf) {DT_NOEND, -1})

/*
 * The rows of a table that are there at a time: those of the first `end' ones that
 * pass a filter, or all of these.
 */
typedef struct SpindlePresence
{
	int64		end;
	SpindleEval *eval;			/* tells which rows are there, NULL if all are */
	int			handle;
} SpindlePresence;

extern bool spindle_as_of_deletes(const SpindleDomain *domain, int table, const SpindleAsOf *as_of);
extern bool spindle_as_of_filters(const SpindleDomain *domain, int table, const SpindleAsOf *as_of);
extern void spindle_presence_init(SpindlePresence *presence, SpindleInstance *instance, int table,
								  const SpindleAsOf *as_of, MemoryContext parent);
extern int	spindle_presence_filter(SpindlePresence *presence, int64 *rows, int n);
extern int64 spindle_presence_count(SpindleInstance *instance, int table, const SpindleAsOf *as_of);

#endif							/* SPINDLE_PRESENCE_H */
