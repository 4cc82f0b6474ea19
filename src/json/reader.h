/*-------------------------------------------------------------------------
 *
 * reader.h
 *		Reading of JSON definitions, with errors that name the place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_READER_H
#define SPINDLE_READER_H

#include "postgres.h"

#include <cjson/cJSON.h>

#include "compat.h"

/*
 * A value and where it stands.  Nodes live on the stack of the parser and are
 * linked to their parents only to print a path when something is wrong.
 */
typedef struct SpindleJson
{
	const cJSON *value;
	const struct SpindleJson *parent;	/* NULL for the document */
	const char *name;			/* member of the parent, NULL for an element */
	int			index;			/* element of the parent */
	const char *subject;		/* what is being read: "domain \"retail\"" */
} SpindleJson;

extern SpindleJson spindle_json_parse(const char *text, int len, const char *subject);

extern char *spindle_json_path(const SpindleJson *node);
pg_noreturn extern void spindle_json_error(const SpindleJson *node, const char *hint,
										   const char *fmt,...) pg_attribute_printf(3, 4);

extern void spindle_json_expect_object(const SpindleJson *node, const char *const *legal);
extern bool spindle_json_has(const SpindleJson *object, const char *name);
extern SpindleJson spindle_json_member(const SpindleJson *object, const char *name);
extern SpindleJson spindle_json_child(const SpindleJson *parent, const cJSON *item, int index);
extern int	spindle_json_size(const SpindleJson *node);
extern void spindle_json_expect_array(const SpindleJson *node);

extern char *spindle_json_string(const SpindleJson *node);
extern bool spindle_json_bool(const SpindleJson *node);
extern double spindle_json_number(const SpindleJson *node, double min, double max);
extern int64 spindle_json_int64(const SpindleJson *node, int64 min, int64 max);
extern int	spindle_json_choice(const SpindleJson *node, const char *const *names);
extern char *spindle_json_text(const SpindleJson *node);

#endif							/* SPINDLE_READER_H */
