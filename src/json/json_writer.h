/*-------------------------------------------------------------------------
 *
 * json_writer.h
 *		Events as lines of JSON.
 *
 * One writer belongs to one program that computes a table's rows in batches;
 * it reads the vectors of the program and keeps no values of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_JSON_WRITER_H
#define SPINDLE_JSON_WRITER_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#include "gen/eval.h"

typedef struct SpindleJsonWriter SpindleJsonWriter;

/* How a format of changes has values that events have otherwise. */
typedef enum SpindleJsonForm
{
	SPINDLE_JSON_EVENT,			/* as events have it */
	SPINDLE_JSON_NUMBER,		/* the 64 bits, with something added */
	SPINDLE_JSON_DECIMAL_STRING,
	SPINDLE_JSON_STRING,		/* texts without a form of their own, with the
								 * escapes of the server */
	SPINDLE_JSON_OTHER			/* by a function of the format */
} SpindleJsonForm;

/* Appends a value, not NULL, of the n'th column that is not hidden. */
typedef void (*SpindleJsonOther) (void *arg, int n, int64 value, StringInfo out);

extern SpindleJsonWriter *spindle_json_writer_create(const SpindleTable *table, SpindleEval *eval,
													 bool with_labels);
extern void spindle_json_writer_batch(SpindleJsonWriter *writer);
extern void spindle_json_writer_override(SpindleJsonWriter *writer, int column,
										 const SpindleVector *vector);
extern void spindle_json_writer_other(SpindleJsonWriter *writer, SpindleJsonOther other, void *arg);
extern void spindle_json_writer_form(SpindleJsonWriter *writer, int n, SpindleJsonForm form, int64 add);
extern void spindle_json_labels(StringInfo out, const char *label);
extern void spindle_json_writer_event(SpindleJsonWriter *writer, StringInfo out, int i, int64 seq,
									  bool has_time, Timestamp time, const char *label);
extern void spindle_json_writer_value(SpindleJsonWriter *writer, StringInfo out, int n, int64 value, bool is_null,
									  int64 row);
extern void spindle_json_writer_object(SpindleJsonWriter *writer, StringInfo out, const int64 *value,
									   const bool *is_null, const int *columns, int ncolumns, int64 row);
extern void spindle_json_writer_again(SpindleJsonWriter *writer, StringInfo out, int start, const int64 *value,
									  const bool *is_null, const bool *changed, int64 row);

#endif							/* SPINDLE_JSON_WRITER_H */
