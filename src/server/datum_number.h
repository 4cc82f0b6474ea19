/*-------------------------------------------------------------------------
 *
 * datum_number.h
 *		Values of the server's number types, from and to doubles.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DATUM_NUMBER_H
#define SPINDLE_DATUM_NUMBER_H

#include "postgres.h"

extern bool spindle_datum_is_number(Oid type);
extern bool spindle_datum_number(Oid type, Datum value, double *number);
extern Datum spindle_datum_of_number(Oid type, int32 typmod, double x, Datum present, bool is_null);

#endif							/* SPINDLE_DATUM_NUMBER_H */
