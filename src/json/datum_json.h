/*-------------------------------------------------------------------------
 *
 * datum_json.h
 *		Values of any SQL type as JSON.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DATUM_JSON_H
#define SPINDLE_DATUM_JSON_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

#include "model/json_value.h"

/*
 * How values of a type are written.  One is set up per column, and used by one
 * process for one stream.
 */
typedef struct SpindleDatumJson
{
	Oid			base_type;		/* what decides, below domains */
	FmgrInfo	to_json;		/* for types without a way of their own */
	JsonTimes	times;
	MemoryContext scratch;		/* of one value */
} SpindleDatumJson;

extern void spindle_datum_json_init(SpindleDatumJson *json, Oid type, MemoryContext context);
extern void spindle_datum_json_write(SpindleDatumJson *json, StringInfo out, Datum value);
extern void spindle_json_time(JsonTimes *times, StringInfo out, Timestamp time, bool is_utc);
extern char *spindle_json_quote(const char *text);

#endif							/* SPINDLE_DATUM_JSON_H */
