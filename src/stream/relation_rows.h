/*-------------------------------------------------------------------------
 *
 * relation_rows.h
 *		The rows of a relation, kept in the order of their times.
 *
 * For the feed of a relation only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RELATION_ROWS_H
#define SPINDLE_RELATION_ROWS_H

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "executor/tuptable.h"

#include "stream/feed.h"
#include "stream/sorter.h"

/*
 * What reading needs to know of a column, and what it finds.  Base types are
 * what domains are based on.  The sum, of the absolute values that are finite,
 * is kept if somebody needs the mean.
 */
typedef struct SpindleRowsColumn
{
	Oid			type;
	Oid			base_type;		/* below domains */
	bool		with_mean;		/* of the absolute values: */
	double		sum;
	int64		count;
} SpindleRowsColumn;

/*
 * The rows.  The relation is known by its OID and name alone; it is not open.
 */
typedef struct SpindleRelationRows
{
	/* set by the caller, as by spindle_relation_rows_init() */
	Oid			relid;
	const char *table_name;
	int			ncolumns;
	SpindleRowsColumn *column;
	int			time_column;	/* by which they are sorted, or -1 */
	char	   *time_path;		/* or an expression of SQL for that, over a row
								 * called SPINDLE_PATH_ALIAS; else NULL */
	Oid			time_type;		/* of time_path, below domains */
	TupleDesc	desc;			/* of the kept rows */
	MemoryContext context;

	/* set when they are read */
	bool		across_transactions;
	SpindleSorter *sorter;
	int64		nrows;
	bool		is_moved;		/* positions and times are those after moves */

	int64		next_position;
} SpindleRelationRows;

/* A row, valid until the next one is read; values may be changed until then. */
typedef struct SpindleRelationRow
{
	int64		position;		/* in the order before anything was moved */
	bool		has_time;
	Timestamp	time;			/* in UTC */
	int			moved_by;		/* collective anomaly, or -1 */
	Timestamp	moved_to;		/* the time that it gives */
	Datum	   *value;			/* of the relation's columns */
	bool	   *is_null;
} SpindleRelationRow;

extern void spindle_relation_rows_init(SpindleRelationRows *rows, Oid relid, const char *table_name, int ncolumns,
									   MemoryContext context);
extern void spindle_relation_rows_describe(SpindleRelationRows *rows, int column, const FormData_pg_attribute *att,
										   Oid base_type);
extern void spindle_relation_rows_read(SpindleRelationRows *rows, int64 bound, bool across_transactions);
extern void spindle_relation_rows_rewind(SpindleRelationRows *rows);
extern bool spindle_relation_rows_next(SpindleRelationRows *rows, SpindleRelationRow *row);
extern void spindle_relation_rows_move(SpindleRelationRows *rows, SpindleFeed *feed);
extern void spindle_relation_rows_end(SpindleRelationRows *rows);

#endif							/* SPINDLE_RELATION_ROWS_H */
