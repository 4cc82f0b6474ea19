/*-------------------------------------------------------------------------
 *
 * argument.c
 *		Values of arguments, checked.
 *
 * Wherever they come from: a call, a plan, another process.  Errors name the
 * argument as the SQL declaration does.
 *
 * Texts are palloc'd, in the server's encoding.  null_value_not_allowed is
 * raised for what must not be null.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "server/argument.h"

/* Raise an error if an argument is null. */
void
spindle_argument_require(const NullableDatum *value, const char *name)
{
	if (value->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

/* A text that must not be null, palloc'd. */
char *
spindle_argument_text(const NullableDatum *value, const char *name)
{
	spindle_argument_require(value, name);
	return text_to_cstring(DatumGetTextPP(value->value));
}

/* A text, palloc'd; NULL if it is null. */
char *
spindle_argument_optional_text(const NullableDatum *value)
{
	return value->isnull ? NULL : text_to_cstring(DatumGetTextPP(value->value));
}

/* A boolean that must not be null. */
bool
spindle_argument_bool(const NullableDatum *value, const char *name)
{
	spindle_argument_require(value, name);
	return DatumGetBool(value->value);
}

/* A bigint that must not be null. */
int64
spindle_argument_int64(const NullableDatum *value, const char *name)
{
	spindle_argument_require(value, name);
	return DatumGetInt64(value->value);
}

/* A bigint that must not be negative; null has a meaning of its own. */
int64
spindle_argument_count(const NullableDatum *value, const char *name, int64 when_null)
{
	int64		count;

	if (value->isnull)
		return when_null;
	count = DatumGetInt64(value->value);
	if (count < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\": " INT64_FORMAT, name, count),
				 errhint("It must be greater than or equal to zero.")));
	return count;
}
