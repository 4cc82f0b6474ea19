/*-------------------------------------------------------------------------
 *
 * source.h
 *		A generated table as SQL names it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SOURCE_H
#define SPINDLE_SOURCE_H

#include "access/tupdesc.h"
#include "nodes/pg_list.h"

#include "gen/datum.h"

/* What histories tell of a version, in columns beside those of the table. */
typedef enum SpindleVersionColumn
{
	SPINDLE_VERSION_NUMBER,
	SPINDLE_VERSION_FROM,
	SPINDLE_VERSION_TO,
	SPINDLE_VERSION_OP
} SpindleVersionColumn;

#define SPINDLE_VERSION_COLUMNS	(SPINDLE_VERSION_OP + 1)

/*
 * A generated table, and which of its columns the attributes of a row type
 * are.
 */
typedef struct SpindleSource
{
	SpindleInstance *instance;	/* held by whoever looked it up */
	int			table;			/* of the instance's domain, from 0 */
	SpindleAsOf as_of;			/* when its rows are looked at */
	int			natts;
	bool		is_history;		/* all versions of its rows, those of as_of's
								 * profile; as_of's time is the end */
	int		   *column;			/* column of each attribute, -1 if dropped, or
								 * if it is none of the table */
	int		   *told;			/* SpindleVersionColumn of each attribute of a
								 * history, -1 if it is none; NULL of what is
								 * no history */
	SpindleInput *input;		/* of each attribute: whether and how its type
								 * reads the column's texts */
} SpindleSource;

extern const char *spindle_version_column_name(SpindleVersionColumn column);
extern const char *spindle_version_column_type(SpindleVersionColumn column);
extern bool spindle_source_accepts(const SpindleType *type, Oid sql_type, int32 typmod, SpindleInput *input);
extern bool spindle_source_sql_type(const SpindleType *type, Oid schema, Oid *oid, int32 *typmod);
extern void spindle_source_require_type(const SpindleTable *table, const SpindleColumn *column, Oid *oid,
										int32 *typmod);
extern Oid	spindle_source_relation(const SpindleTable *table, const char *schema);
extern int	spindle_source_table(const SpindleDomain *domain, const char *name);
extern char *spindle_source_name(const SpindleInstance *instance, const char *table_name);
extern bool spindle_source_time(const char *text, Timestamp *time);
extern char *spindle_source_time_text(Timestamp time);
extern char *spindle_source_as_of_text(const SpindleSource *source);
extern SpindleAsOf spindle_source_as_of(const SpindleDomain *domain, const Timestamp *time, const char *profile);
extern SpindleAsOf spindle_source_as_of_arguments(const SpindleDomain *domain, const NullableDatum *args);
extern void spindle_source_match(SpindleSource *source, TupleDesc desc,
								 const char *relation);
extern char *spindle_source_column_list(const SpindleTable *table, bool is_history);
extern void spindle_source_set_history(SpindleSource *source, const char *profile);
extern void spindle_source_of_rows_call(const NullableDatum *args, int nargs, TupleDesc desc, SpindleSource *source,
										int64 *row, int64 *end);
extern void spindle_source_of_history_call(const NullableDatum *args, TupleDesc desc, SpindleSource *source,
										   int64 *row, int64 *end);

#endif							/* SPINDLE_SOURCE_H */
