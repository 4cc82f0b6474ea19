/*-------------------------------------------------------------------------
 *
 * position.h
 *		Where a stream that is played into tables has come to.
 *
 * The position of the last transaction is committed with it: in a replication
 * origin, or in a row of a table.  Where several sessions share a stream out, each
 * keeps its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_POSITION_H
#define SPINDLE_POSITION_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "gen/instance.h"

typedef enum SpindlePositionKind
{
	SPINDLE_POSITION_AUTO,		/* the origin if the caller may, else the table */
	SPINDLE_POSITION_ORIGIN,
	SPINDLE_POSITION_TABLE,
	SPINDLE_POSITION_NONE		/* nowhere */
} SpindlePositionKind;

/* How far a stream has come, or a session's share of one that several play. */
typedef struct SpindleKept
{
	int			session;		/* from 1, or 0: all are there */
	int			sessions;		/* how many shared the stream out, or 0 */
	bool		has_position;	/* a transaction is complete, and all before it ... */
	uint64		position;		/* ... up to this position */
	int			changes;		/* of the transaction behind it, which are there,
								 * too */
} SpindleKept;

typedef struct SpindlePosition SpindlePosition;

extern bool spindle_position_kind_find(const char *name, SpindlePositionKind *kind);
extern char *spindle_position_stream(const char *schema, const SpindleInstance *instance, const char *profile);
extern SpindlePosition *spindle_position_create(SpindlePositionKind kind, const char *schema, const char *stream,
												int session, int sessions, MemoryContext context);
extern SpindlePositionKind spindle_position_find_kind(const char *schema, const char *stream, MemoryContext context);
extern SpindlePositionKind spindle_position_kind(const SpindlePosition *position);
extern const char *spindle_position_kind_name(SpindlePositionKind kind);
extern bool spindle_position_is_readable(SpindlePosition *position);
extern List *spindle_position_list(SpindlePosition *position);
extern void spindle_position_begin(SpindlePosition *position, bool resume);
extern void spindle_position_set(SpindlePosition *position, const SpindleKept *kept, bool has_time, TimestampTz time);
extern void spindle_position_level(SpindlePosition *position, uint64 value, TimestampTz time);
extern void spindle_position_end(SpindlePosition *position);

#endif							/* SPINDLE_POSITION_H */
