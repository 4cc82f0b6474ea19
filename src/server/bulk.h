/*-------------------------------------------------------------------------
 *
 * bulk.h
 *		Insertion of many rows at once into a plain table.
 *
 * A batch is begun, filled until it is full, and ended, in one transaction.
 * SpindleBulk itself may outlive transactions.  Who uses it has asked
 * spindle_bulk_is_plain() and spindle_bulk_match() under the lock that the
 * batch holds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_BULK_H
#define SPINDLE_BULK_H

#include "utils/relcache.h"

typedef struct SpindleBulk SpindleBulk;

extern bool spindle_bulk_is_plain(Relation relation, bool references_are_checked);
extern bool spindle_bulk_match(Relation relation, TupleDesc source, int *source_of);

extern SpindleBulk *spindle_bulk_create(int max_rows, const char *numbered);
extern void spindle_bulk_begin(SpindleBulk *bulk, Relation relation);
extern void spindle_bulk_put(SpindleBulk *bulk, Datum *values, bool *nulls, int64 number);
extern bool spindle_bulk_is_full(const SpindleBulk *bulk);
extern void spindle_bulk_end(SpindleBulk *bulk);
extern void spindle_bulk_destroy(SpindleBulk *bulk);

#endif							/* SPINDLE_BULK_H */
