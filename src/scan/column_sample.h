/*-------------------------------------------------------------------------
 *
 * column_sample.h
 *		Values of some rows of a column, for its statistics.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COLUMN_SAMPLE_H
#define SPINDLE_COLUMN_SAMPLE_H

#include "commands/vacuum.h"
#include "utils/typcache.h"

#include "gen/profile.h"
#include "scan/statistics.h"

/* Rows of a sample that are neighbours: what a row takes from a timeline or its parent, the next one has nearly free. */
#define SPINDLE_SAMPLE_RUN		8
/*
 * Parts of a histogram, and entries of a list of common values.  Those of texts are
 * also what patterns are tried on.
 */
#define SPINDLE_TARGET			100
#define SPINDLE_TEXT_TARGET		400

/* A column whose statistics are made; everything lives in the caller's context. */
typedef struct ColumnSample
{
	const SpindleSource *source;
	SpindleInstance *instance;
	int			table;
	int			column;			/* or what is told of versions; see
								 * SPINDLE_TOLD_STATISTICS */
	const SpindleType *type;	/* in the definition; NULL of what is told */
	SpindleInput *input;		/* how the server's type reads the values; NULL
								 * if they are of the column's own type */
	double		per_row;		/* versions of a row that the source has */
	bool		of_versions;	/* the values differ from version to version, and
								 * versions count as rows */
	int64		nrows;			/* of the table */
	SpindleProfile profile;		/* empty if all rows are in the sample */
	TypeCacheEntry *cache;		/* with the operators = and < */
	VacAttrStats *stats;

	/* the sample, without NULLs */
	int			nsampled;		/* rows computed */
	int			nnulls;			/* of these */
	int			nvalues;		/* of these, in value and datum */
	int64	   *value;
	Datum	   *datum;			/* live as long */
} ColumnSample;

/* Row i of a sample of n rows. */
typedef int64 (*SpindleSampleRow) (const ColumnSample *sample, int i, int n);

extern ColumnSample *spindle_sample_begin(const SpindleSource *source, int column, const SpindleStatisticsType *type,
										  Oid collation);
extern int64 spindle_sample_row(const ColumnSample *sample, int i, int n);
extern int64 spindle_sample_quantile(const ColumnSample *sample, int i, int n);
extern void spindle_sample_take(ColumnSample *sample, int n, SpindleSampleRow row_of);
extern void spindle_sample_versions(ColumnSample *sample, int n);

#endif							/* SPINDLE_COLUMN_SAMPLE_H */
