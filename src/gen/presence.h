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

/* In place of a profile: no row is ever deleted. */
#define SPINDLE_NO_DELETES	(-2)

/*
 * At which time rows are looked at: what exists then, and how it is then.
 * SPINDLE_TODAY is a table where nobody asks for a time: all rows in their last
 * versions.
 */
typedef struct SpindleAsOf
{
	Timestamp	time;			/* DT_NOEND for the last versions */
	int			profile;		/* of the domain, whose deletes happen beside those
								 * that always do; -1 for none */
} SpindleAsOf;

#define SPINDLE_TODAY	((SpindleAsOf) {DT_NOEND, SPINDLE_NO_DELETES})

/* Is a table looked at as where nobody asks for a time? */
static inline bool
spindle_as_of_today(const SpindleAsOf *as_of)
{
	return as_of->time == DT_NOEND && as_of->profile == SPINDLE_NO_DELETES;
}

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
