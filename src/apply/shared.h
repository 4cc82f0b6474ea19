/*-------------------------------------------------------------------------
 *
 * shared.h
 *		What the sessions that share a stream out have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_APPLY_SHARED_H
#define SPINDLE_APPLY_SHARED_H

#include "port/atomics.h"
#include "portability/instr_time.h"
#include "storage/condition_variable.h"

#include "apply/modes.h"
#include "apply/position.h"

typedef enum SpindleSessionState
{
	SPINDLE_SESSION_RUNS,
	SPINDLE_SESSION_WAITS,		/* for others, or holds a transaction open */
	SPINDLE_SESSION_ENDED		/* all of its share is committed */
} SpindleSessionState;

/* What the leader tells sessions, who wait for it before they do anything. */
typedef enum SpindleSessionsCall
{
	SPINDLE_SESSIONS_WAIT,
	SPINDLE_SESSIONS_BEGIN,
	SPINDLE_SESSIONS_END		/* nothing is left to be done */
} SpindleSessionsCall;

/* What a session tells the others. */
typedef struct SpindleSessionProgress
{
	uint64		done_before;	/* all of its share up to this position, and 1, is
								 * there before it begins */
	pg_atomic_uint64 done;		/* the same, as it goes on; at its end, the highest */
	pg_atomic_uint64 last;		/* position that it committed last, and 1 */
	pg_atomic_uint32 state;
	pg_atomic_uint32 process;	/* PGPROC number and 1; 0 before it is there */
	pg_atomic_uint64 transactions;	/* committed */
	pg_atomic_uint64 inserts;
	pg_atomic_uint64 updates;
	pg_atomic_uint64 deletes;
} SpindleSessionProgress;

/*
 * What lies in the shared memory.  Once sessions have been called, only the atomics are
 * written, those of a session by itself.
 */
typedef struct SpindleSessionsShared
{
	uint64		fingerprint;	/* of the definition */
	SpindlePositionKind position;
	int			nsessions;
	bool		has_start;		/* the stream is read behind this position; else */
	uint64		start;			/* where the call says */
	bool		has_until;		/* up to this position, to make up for what others
								 * were ahead, at once */
	uint64		until;
	int64		max_changes;	/* -1: all */
	instr_time	clock;			/* when the stream started */
	pg_atomic_uint32 order;		/* SpindleSessionsCall */
	ConditionVariable changed;	/* order, or done or state of a session */
	SpindleSessionProgress session[SPINDLE_MAX_SESSIONS];
	Size		call_size;
	char		call[FLEXIBLE_ARRAY_MEMBER];	/* what was asked for, as the caller
												 * wrote it */
} SpindleSessionsShared;

#endif							/* SPINDLE_APPLY_SHARED_H */
