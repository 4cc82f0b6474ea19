/*-------------------------------------------------------------------------
 *
 * numeric.h
 *		Whole numbers with a scale as Datums of the type numeric.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_NUMERIC_H
#define SPINDLE_NUMERIC_H

#include "fmgr.h"

/* Digits of base 10000 that 64 bits can need at a scale of up to 9. */
#define SPINDLE_NUMERIC_DIGITS	6

/* Room for one numeric, 20 bytes; a Datum refers to it. */
typedef struct SpindleNumeric
{
	int32		vl_len;
	uint16		header;
	int16		digit[SPINDLE_NUMERIC_DIGITS];
	int16		padding;
} SpindleNumeric;

extern void spindle_numerics(SpindleNumeric *slot, const int64 *value, int n, int scale, int digits, Datum *result);

#endif							/* SPINDLE_NUMERIC_H */
