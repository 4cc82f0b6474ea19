/*-------------------------------------------------------------------------
 *
 * json_type.c
 *		SQL type spindle_json: jsonb as an argument.
 *
 * A value is a jsonb, stored and shown as one.  What differs is what becomes one
 * by itself: a bare name in a literal or a text, arrays, and ranges of numbers.
 * With jsonb as the type of arguments that would need casts to jsonb, which would
 * change the meaning of other people's queries, or overloads, between which a
 * literal could not choose.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(spindle_json_in);
PG_FUNCTION_INFO_V1(spindle_json_from_text);
PG_FUNCTION_INFO_V1(spindle_json_from_array);
PG_FUNCTION_INFO_V1(spindle_json_from_range);

/*
 * Is a text a name, such as that of a preset, and not a JSON value?  It begins
 * with a letter or an underscore, followed by such and digits.
 */
static bool
is_bare_name(const char *s)
{
	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0 || strcmp(s, "null") == 0)
		return false;
	if (*s == '\0' || isdigit((unsigned char) *s))
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

/* A syntax error of jsonb does not say how arrays and ranges are written. */
static void
syntax_hint(void *arg)
{
	if (geterrcode() == ERRCODE_INVALID_TEXT_REPRESENTATION)
		errhint("Write a JSON value, such as '{\"a\": 1}' or '[\"x\", \"y\"]', an array as ARRAY['x', 'y'], or a range as numrange(10, 50).");
}

/*
 * spindle_json_in
 *		A JSON value, or a bare name as a JSON string.
 *
 * The result is a jsonb.  Raises what jsonb_in() does,
 * invalid_text_representation in particular.
 */
Datum
spindle_json_in(PG_FUNCTION_ARGS)
{
	char	   *s = PG_GETARG_CSTRING(0);
	ErrorContextCallback callback;
	Datum		result;

	if (is_bare_name(s))
		fcinfo->args[0].value = CStringGetDatum(psprintf("\"%s\"", s));
	callback.callback = syntax_hint;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	result = jsonb_in(fcinfo);
	error_context_stack = callback.previous;
	return result;
}

/*
 * spindle_json_from_text
 *		The same of a text or a json.  Casts call it.
 */
Datum
spindle_json_from_text(PG_FUNCTION_ARGS)
{
	fcinfo->args[0].value = CStringGetDatum(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	return spindle_json_in(fcinfo);
}

/* Is a text, the output of a number, a JSON number?  NaN and infinities are not. */
static bool
is_json_number(Oid type, const char *s)
{
	return (type == INT4OID || type == INT8OID || type == NUMERICOID || type == FLOAT8OID) &&
		isdigit((unsigned char) s[*s == '-']);
}

/*
 * spindle_json_from_array
 *		The elements of an array, of one dimension, as a JSON array: jsonb as it is,
 *		numbers as numbers, all else as strings.
 *
 * Elements that are null become null; an empty array becomes an empty one.
 * Raises array_subscript_error for more than one dimension.
 */
Datum
spindle_json_from_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	const Oid	type = ARR_ELEMTYPE(array);
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int16		len;
	bool		byval;
	char		align;
	Oid			output;
	bool		is_varlena;
	StringInfoData buf;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("wrong number of array subscripts"),
				 errdetail("The array has %d dimensions.", ARR_NDIM(array)),
				 errhint("Give an array of one dimension.")));
	get_typlenbyvalalign(type, &len, &byval, &align);
	deconstruct_array(array, type, len, byval, align, &values, &nulls, &n);
	getTypeOutputInfo(type, &output, &is_varlena);
	initStringInfo(&buf);
	appendStringInfoChar(&buf, '[');
	for (int i = 0; i < n; i++)
	{
		char	   *text = nulls[i] ? NULL : OidOutputFunctionCall(output, values[i]);

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		if (text == NULL)
			appendStringInfoString(&buf, "null");
		else if (type == JSONBOID || is_json_number(type, text))
			appendStringInfoString(&buf, text);
		else
			escape_json(&buf, text);
	}
	appendStringInfoChar(&buf, ']');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(buf.data));
}

/*
 * spindle_json_from_range
 *		The bounds of a numrange as a JSON array of two numbers.
 *
 * Whether the bounds belong to it makes no difference to those who draw from it.
 *
 * Raises invalid_parameter_value for an empty range and for one without a
 * bound.
 */
Datum
spindle_json_from_range(PG_FUNCTION_ARGS)
{
	RangeType  *range = PG_GETARG_RANGE_P(0);
	RangeBound	lower;
	RangeBound	upper;
	bool		is_empty;
	char	   *low;
	char	   *high;

	range_deserialize(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO), range, &lower, &upper, &is_empty);
	low = is_empty || lower.infinite ? "" : DatumGetCString(DirectFunctionCall1(numeric_out, lower.val));
	high = is_empty || upper.infinite ? "" : DatumGetCString(DirectFunctionCall1(numeric_out, upper.val));
	if (!is_json_number(NUMERICOID, low) || !is_json_number(NUMERICOID, high))
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(RangeTypeGetOid(range), &output, &is_varlena);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("range \"%s\" does not have two finite bounds",
						OidOutputFunctionCall(output, RangeTypePGetDatum(range))),
				 errhint("Write it as numrange(10, 50).")));
	}
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(psprintf("[%s, %s]", low, high)));
}
