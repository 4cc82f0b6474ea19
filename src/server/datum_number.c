/*-------------------------------------------------------------------------
 *
 * datum_number.c
 *		Values of the server's number types, from and to doubles.
 *
 * Point anomalies calculate in doubles, whatever the column's type.  A value
 * far beyond a double's 15 digits loses its last ones, which nobody sees in a
 * number that is to be wrong.  Results never leave their type: what is too
 * large becomes the largest value, and is no error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "server/datum_number.h"

/*
 * spindle_datum_is_number
 *		Is it a type that the functions below know?
 *
 * Domains are not: their base type has to be given.
 */
bool
spindle_datum_is_number(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == FLOAT4OID || type == FLOAT8OID ||
		type == NUMERICOID;
}

/*
 * spindle_datum_number
 *		A value of such a type as a double in *number.
 *
 * Returns false if it is NaN or infinite, or a numeric beyond the range of
 * doubles.  The value is not null.  A numeric that is toasted is detoasted in
 * the current memory context.
 */
bool
spindle_datum_number(Oid type, Datum value, double *number)
{
	switch (type)
	{
		case INT2OID:
			*number = DatumGetInt16(value);
			break;
		case INT4OID:
			*number = DatumGetInt32(value);
			break;
		case INT8OID:
			*number = (double) DatumGetInt64(value);
			break;
		case FLOAT4OID:
			*number = DatumGetFloat4(value);
			break;
		case FLOAT8OID:
			*number = DatumGetFloat8(value);
			break;
		default:
			*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
			break;
	}
	return !isnan(*number) && !isinf(*number);
}

/*
 * The nearest whole number within bounds, halves upwards.  max is exact as a
 * double, or one too large, so it is compared before the conversion, which
 * else would overflow.  x is not NaN.
 */
static int64
clamp_integer(double x, int64 min, int64 max)
{
	x = floor(x + 0.5);
	return x >= (double) max ? max : x <= (double) min ? min : (int64) x;
}

/*
 * A number as numeric(p,s), or with the scale of the present value, or whole
 * if that is null or not finite.  What has more than p digits becomes the
 * largest number there is: 999.99 for numeric(5,2).
 */
static Datum
numeric_of_number(int32 typmod, double x, Datum present, bool is_null)
{
	Datum		value = DirectFunctionCall1(float8_numeric, Float8GetDatum(Min(x, DBL_MAX)));
	double		finite;
	int			scale = 0;

	if (typmod >= (int32) VARHDRSZ)
	{
		/* precision and scale as numeric_typmod_in() packs them */
		int			precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
		Datum		largest;
		char	   *digits = psprintf("%0*d", precision, 0);

		scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
		memset(digits, '9', precision);
		largest = DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("%se%d", digits, -scale)),
									  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		value = DirectFunctionCall2(numeric_round, value, Int32GetDatum(scale));
		if (DatumGetBool(DirectFunctionCall2(numeric_gt, value, largest)))
			value = largest;
		return value;
	}
	if (!is_null && spindle_datum_number(NUMERICOID, present, &finite))
		scale = DatumGetInt32(DirectFunctionCall1(numeric_scale, present));
	return DirectFunctionCall2(numeric_round, value, Int32GetDatum(scale));
}

/*
 * spindle_datum_of_number
 *		A double as a value of a number type.
 *
 * x is greater than zero and not NaN; it may be infinite.  It is rounded to
 * the scale that typmod has or, for a numeric without one (typmod -1), to
 * that of the present value, which is used for nothing else.  It is never
 * beyond the type's upper end.  Allocates in the current memory context.
 * Raises nothing that a user could cause.
 */
Datum
spindle_datum_of_number(Oid type, int32 typmod, double x, Datum present, bool is_null)
{
	switch (type)
	{
		case INT2OID:
			return Int16GetDatum((int16) clamp_integer(x, PG_INT16_MIN, PG_INT16_MAX));
		case INT4OID:
			return Int32GetDatum((int32) clamp_integer(x, PG_INT32_MIN, PG_INT32_MAX));
		case INT8OID:
			return Int64GetDatum(clamp_integer(x, PG_INT64_MIN, PG_INT64_MAX));
		case FLOAT4OID:
			return Float4GetDatum((float4) Min(x, FLT_MAX));
		case FLOAT8OID:
			return Float8GetDatum(Min(x, DBL_MAX));
		default:
			return numeric_of_number(typmod, x, present, is_null);
	}
}
