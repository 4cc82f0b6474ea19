/*-------------------------------------------------------------------------
 *
 * bulk.h
 *		Insertion of many rows at once into a plain table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_BULK_H
#define SPINDLE_BULK_H

#include "access/tupdesc.h"

typedef struct SpindleBulk SpindleBulk;

extern SpindleBulk *spindle_bulk_create(Oid relation, TupleDesc source, int max_rows);
extern bool spindle_bulk_begin(SpindleBulk *bulk);
extern void spindle_bulk_put(SpindleBulk *bulk, const Datum *values, const bool *nulls, int64 number);
extern bool spindle_bulk_is_full(const SpindleBulk *bulk);
extern void spindle_bulk_end(SpindleBulk *bulk);
extern void spindle_bulk_destroy(SpindleBulk *bulk);

#endif							/* SPINDLE_BULK_H */
