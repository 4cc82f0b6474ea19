/*-------------------------------------------------------------------------
 *
 * datum.h
 *		Generated rows as Datums.
 *
 * A SpindleRows is a program (eval.h) with the last step to the server's own
 * representation.  A reader fills it with a batch and then gets the rows of
 * that batch one by one.  What it hands out by reference stays valid until the
 * next batch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DATUM_H
#define SPINDLE_DATUM_H

#include "fmgr.h"

#include "gen/eval.h"
#include "gen/presence.h"

typedef struct SpindleRows SpindleRows;

/*
 * The input function of the type that a column has in the server, for columns
 * whose texts are values of that type.
 */
typedef struct SpindleInput
{
	FmgrInfo	function;		/* fn_oid is InvalidOid if the column's own
								 * Datums are wanted */
	Oid			param;
	int32		typmod;
	int16		length;			/* of the type's Datums */
	bool		is_by_value;
} SpindleInput;

/*
 * A Datum of a certain type as the value of a column: the 64 bits by which
 * rows are generated.  The Datum must not be NULL.
 */
typedef int64 (*SpindleDatumValue) (Datum datum);

extern SpindleDatumValue spindle_datum_value(const SpindleType *column, Oid type);

extern void spindle_datums_of_values(const SpindleType *type, SpindleInput *input, const int64 *value, int n,
									 Datum *datum);

extern SpindleRows *spindle_rows_create(SpindleInstance *instance, int table,
										const int *columns, int ncolumns, const SpindleInput *inputs,
										MemoryContext parent);
extern SpindleRows *spindle_rows_create_for(SpindleEval *eval, SpindleInstance *instance, int table,
											const int *columns, int ncolumns, const SpindleInput *inputs,
											MemoryContext parent);
extern void spindle_rows_override(SpindleRows *rows, int column, const SpindleVector *vector);
extern void spindle_rows_convert(SpindleRows *rows, int n);
extern void spindle_rows_fill(SpindleRows *rows, int64 first, int n);
extern void spindle_rows_fill_list(SpindleRows *rows, const int64 *list, int n);
extern void spindle_rows_get(const SpindleRows *rows, int i, Datum *values, bool *nulls);
extern void spindle_rows_no_nulls(const SpindleRows *rows, bool *nulls);
extern void spindle_rows_get_next(const SpindleRows *rows, int i, Datum *values, bool *nulls);

/* presence.c */
extern SpindleRows *spindle_rows_create_at(SpindleInstance *instance, int table, const SpindleAsOf *as_of,
										   const int *columns, int ncolumns, const SpindleInput *inputs,
										   MemoryContext parent);
extern int	spindle_rows_fill_present(SpindleRows *rows, SpindlePresence *presence, int64 first, int n, int64 *list);

#endif							/* SPINDLE_DATUM_H */
