/*-------------------------------------------------------------------------
 *
 * depend.h
 *		Which transactions of others one has to come behind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DEPEND_H
#define SPINDLE_DEPEND_H

#include "stream/change.h"

typedef struct SpindleDepend SpindleDepend;

extern SpindleDepend *spindle_depend_create(const SpindleDomain *domain, const bool *selected, int nsessions,
											MemoryContext context);
extern void spindle_depend_note(SpindleDepend *depend, const SpindleChange *change, int session);
extern void spindle_depend_note_all(SpindleDepend *depend, uint64 position, int session);
extern void spindle_depend_need(SpindleDepend *depend, const SpindleChange *change, uint64 *need);
extern void spindle_depend_need_all(const SpindleDepend *depend, uint64 *need);

#endif							/* SPINDLE_DEPEND_H */
