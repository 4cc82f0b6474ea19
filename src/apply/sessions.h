/*-------------------------------------------------------------------------
 *
 * sessions.h
 *		A stream that several sessions share out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SESSIONS_H
#define SPINDLE_SESSIONS_H

#include "apply/play.h"

/* What part of a stream sessions are to play. */
typedef struct SpindleSessionsPart
{
	int			nsessions;
	bool		has_start;		/* behind this position, else where the call says */
	uint64		start;
	bool		has_until;		/* up to this position, without pace */
	uint64		until;
	int64		max_changes;	/* -1: all */
	List	   *kept;			/* SpindleKept of sessions, as many as there are now:
								 * what they have played of it; or NIL */
	/* when all sessions are there, and before they begin, unless NULL: what the
	 * leader does first; sets start and max_changes, and says if there is more */
	bool		(*first) (struct SpindleSessionsPart *part, void *arg);
	void	   *arg;			/* of first() */
} SpindleSessionsPart;

typedef struct SpindleSession SpindleSession;

/* sessions.c: the leader */
extern void spindle_sessions_play(SpindlePlay *play, SpindleSessionsPart *part);

/* session.c: a background worker */
extern SpindleSession *spindle_session_begin(Datum arg);
extern const char *spindle_session_call(const SpindleSession *session);
extern void spindle_session_run(SpindleSession *session, const SpindleApplyOptions *options);

#endif							/* SPINDLE_SESSIONS_H */
