/*-------------------------------------------------------------------------
 *
 * argument.h
 *		Values of arguments, checked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ARGUMENT_H
#define SPINDLE_ARGUMENT_H

#include "postgres.h"

extern void spindle_argument_require(const NullableDatum *value, const char *name);
extern char *spindle_argument_text(const NullableDatum *value, const char *name);
extern char *spindle_argument_optional_text(const NullableDatum *value);
extern bool spindle_argument_bool(const NullableDatum *value, const char *name);
extern int64 spindle_argument_int64(const NullableDatum *value, const char *name);
extern int64 spindle_argument_count(const NullableDatum *value, const char *name, int64 when_null);

#endif							/* SPINDLE_ARGUMENT_H */
