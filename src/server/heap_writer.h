/*-------------------------------------------------------------------------
 *
 * heap_writer.h
 *		Rows into the pages of a new table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_HEAP_WRITER_H
#define SPINDLE_HEAP_WRITER_H

#include "utils/relcache.h"

typedef struct SpindleHeapWriter SpindleHeapWriter;

extern bool spindle_heap_writer_can_write(Relation relation);
extern SpindleHeapWriter *spindle_heap_writer_begin(Relation relation, CommandId command);
extern void spindle_heap_writer_put(SpindleHeapWriter *writer, Datum *values, bool *nulls);
extern void spindle_heap_writer_end(SpindleHeapWriter *writer);

#endif							/* SPINDLE_HEAP_WRITER_H */
