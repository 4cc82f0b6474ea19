/*-------------------------------------------------------------------------
 *
 * apply_table.h
 *		The statements that change the rows of a relation as a generated table's
 *		do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_APPLY_TABLE_H
#define SPINDLE_APPLY_TABLE_H

#include "stream/change.h"

typedef struct SpindleApplyTable SpindleApplyTable;

extern SpindleApplyTable *spindle_apply_table_create(const SpindleTable *table, const char *schema,
													 MemoryContext context);
extern int64 spindle_apply_insert(SpindleApplyTable *target, const SpindleImage *after);
extern int64 spindle_apply_update(SpindleApplyTable *target, const SpindleImage *before, const SpindleImage *after,
								  const bool *changed);
extern int64 spindle_apply_delete(SpindleApplyTable *target, const SpindleImage *before);
extern int64 spindle_apply_touch(SpindleApplyTable *target, const SpindleImage *row);
extern bool spindle_apply_is_referred_to(const SpindleApplyTable *target);
extern const char *spindle_apply_table_name(const SpindleApplyTable *target);

#endif							/* SPINDLE_APPLY_TABLE_H */
