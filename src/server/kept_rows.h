/*-------------------------------------------------------------------------
 *
 * kept_rows.h
 *		Rows that outlive transactions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_KEPT_ROWS_H
#define SPINDLE_KEPT_ROWS_H

#include "executor/tuptable.h"

typedef struct SpindleKeptRows SpindleKeptRows;

extern SpindleKeptRows *spindle_kept_rows_create(void);
extern void spindle_kept_rows_put(SpindleKeptRows *rows, TupleTableSlot *slot);
extern bool spindle_kept_rows_get(SpindleKeptRows *rows, TupleTableSlot *slot);
extern void spindle_kept_rows_rewind(SpindleKeptRows *rows);
extern void spindle_kept_rows_end(SpindleKeptRows *rows);

#endif							/* SPINDLE_KEPT_ROWS_H */
