/*-------------------------------------------------------------------------
 *
 * lookahead.h
 *		Rows in the order of a time that follows an ordered one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LOOKAHEAD_H
#define SPINDLE_LOOKAHEAD_H

#include "gen/instance.h"

typedef struct SpindleLookahead SpindleLookahead;

extern SpindleLookahead *spindle_lookahead_create(SpindleInstance *instance, int table,
												  const SpindleColumnRef *time, MemoryContext context);
extern int	spindle_lookahead_next(SpindleLookahead *lookahead, int64 *rows, int n);
extern void spindle_lookahead_rewind(SpindleLookahead *lookahead);

#endif							/* SPINDLE_LOOKAHEAD_H */
