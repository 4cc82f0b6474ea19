/*-------------------------------------------------------------------------
 *
 * datum.h
 *		Generated rows as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DATUM_H
#define SPINDLE_DATUM_H

#include "gen/eval.h"

typedef struct SpindleRows SpindleRows;

extern SpindleRows *spindle_rows_create(SpindleInstance *instance, int table,
										const int *columns, int ncolumns,
										MemoryContext parent);
extern void spindle_rows_fill(SpindleRows *rows, int64 first, int n);
extern void spindle_rows_fill_list(SpindleRows *rows, const int64 *list, int n);
extern SpindleEval *spindle_rows_eval(SpindleRows *rows);
extern Datum *spindle_rows_values(SpindleRows *rows, int i);
extern bool *spindle_rows_nulls(SpindleRows *rows, int i);

#endif							/* SPINDLE_DATUM_H */
