/*-------------------------------------------------------------------------
 *
 * sorter.h
 *		Rows that are kept, and put in order, by the server's own means.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SORTER_H
#define SPINDLE_SORTER_H

#include "executor/tuptable.h"

typedef struct SpindleSorter SpindleSorter;

extern SpindleSorter *spindle_sorter_create(TupleDesc desc, int nkeys, int64 bound,
											bool across_transactions);
extern TupleTableSlot *spindle_sorter_input(SpindleSorter *sorter);
extern void spindle_sorter_put(SpindleSorter *sorter);
extern void spindle_sorter_finish(SpindleSorter *sorter);
extern TupleTableSlot *spindle_sorter_get(SpindleSorter *sorter);
extern void spindle_sorter_rewind(SpindleSorter *sorter);
extern void spindle_sorter_end(SpindleSorter *sorter);

#endif							/* SPINDLE_SORTER_H */
