/*-------------------------------------------------------------------------
 *
 * position.h
 *		Where a stream that is played into tables has come to.
 *
 * The position of the last transaction is committed with it: in a replication
 * origin, or in a row of a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_POSITION_H
#define SPINDLE_POSITION_H

#include "datatype/timestamp.h"

typedef enum SpindlePositionKind
{
	SPINDLE_POSITION_AUTO,		/* the origin if the caller may, else the table */
	SPINDLE_POSITION_ORIGIN,
	SPINDLE_POSITION_TABLE,
	SPINDLE_POSITION_NONE		/* nowhere */
} SpindlePositionKind;

typedef struct SpindlePosition SpindlePosition;

extern bool spindle_position_kind_find(const char *name, SpindlePositionKind *kind);
extern SpindlePosition *spindle_position_create(SpindlePositionKind kind, const char *schema, const char *stream,
												MemoryContext context);
extern bool spindle_position_find(SpindlePosition *position, uint64 *value, int *changes);
extern void spindle_position_begin(SpindlePosition *position, bool resume);
extern void spindle_position_set(SpindlePosition *position, uint64 value, int changes, bool has_time,
								 TimestampTz time);
extern void spindle_position_end(SpindlePosition *position);
extern void spindle_position_abort(SpindlePosition *position);

#endif							/* SPINDLE_POSITION_H */
