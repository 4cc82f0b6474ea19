/*-------------------------------------------------------------------------
 *
 * constant.h
 *		Constants of the types, for the table of types.
 *
 * The functions of SpindleTypeOps: parse and compare, and the forms of texts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CONSTANT_H
#define SPINDLE_CONSTANT_H

#include "model/type.h"

/* constant.c */
extern bool spindle_constant_exact(struct SpindleDomain *domain, const SpindleType *type, const char *text,
								   int64 *value);
extern bool spindle_constant_float(struct SpindleDomain *domain, const SpindleType *type, const char *text,
								   int64 *value);
extern bool spindle_constant_bool(struct SpindleDomain *domain, const SpindleType *type, const char *text,
								  int64 *value);
extern bool spindle_constant_text(struct SpindleDomain *domain, const SpindleType *type, const char *text,
								  int64 *value);
extern bool spindle_constant_time(struct SpindleDomain *domain, const SpindleType *type, const char *s,
								  int64 *value);
extern bool spindle_constant_time_of_day(struct SpindleDomain *domain, const SpindleType *type, const char *s,
										 int64 *value);
extern bool spindle_constant_interval(struct SpindleDomain *domain, const SpindleType *type, const char *s,
									  int64 *value);
extern bool spindle_constant_uuid(struct SpindleDomain *domain, const SpindleType *type, const char *s,
								  int64 *value);
extern int	spindle_uuid_compare(int64 a, int64 b);

/* form.c */
extern bool spindle_constant_formed(struct SpindleDomain *domain, const SpindleType *type, const char *text,
									int64 *value);
extern const SpindleTextForm spindle_form_char;
extern const SpindleTextForm spindle_form_bytea;
extern const SpindleTextForm spindle_form_inet;
extern const SpindleTextForm spindle_form_json;
extern const SpindleTextForm spindle_form_jsonb;

#endif							/* SPINDLE_CONSTANT_H */
