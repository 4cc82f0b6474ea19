/*-------------------------------------------------------------------------
 *
 * change_batch.h
 *		What becomes of rows at the moments of a batch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CHANGE_BATCH_H
#define SPINDLE_CHANGE_BATCH_H

#include "stream/change.h"
#include "stream/change_feed.h"

/* Moments of a batch, at most: each needs two rows of a program. */
#define SPINDLE_BATCH_MOMENTS	(SPINDLE_BATCH_ROWS / 2)

/* What a moment is asked for. */
typedef enum SpindleMomentKind
{
	SPINDLE_MOMENT_IS_THERE,	/* is the row there at the time? */
	SPINDLE_MOMENT_FIRST_INSERT,	/* is it inserted, for the first time? */
	SPINDLE_MOMENT_CHANGE,		/* is it inserted or updated? */
	SPINDLE_MOMENT_END			/* is it deleted? */
} SpindleMomentKind;

/* A moment of a batch, and what is found of it. */
typedef struct SpindleBatchMoment
{
	SpindleMomentKind kind;
	int			table;
	int64		row;
	int			root_level;		/* of the row that it belongs to: see change.h */
	int64		root;
	Timestamp	time;
	uint64		position;
	char		op;				/* 0: nothing changes */
	int			version;		/* of c, u and r, or the last one of d; if asked
								 * for */
	int			place;			/* of its first row in the program */
} SpindleBatchMoment;

/* The program of a table; NULL before it is needed. */
typedef struct SpindleBatchTable SpindleBatchTable;

typedef struct SpindleChangeBatch
{
	SpindleInstance *instance;
	int			profile;
	bool		with_versions;
	MemoryContext context;
	SpindleChangeTable **table; /* per table of the domain, NULL before it is
								 * needed */
	SpindleBatchTable **program;
	int			n;
	SpindleBatchMoment moment[SPINDLE_BATCH_MOMENTS];
} SpindleChangeBatch;

extern SpindleChangeBatch *spindle_change_batch_create(SpindleInstance *instance, int profile, bool with_versions,
													   MemoryContext context);
extern const SpindleChangeTable *spindle_change_batch_table(SpindleChangeBatch *batch, int table);
extern void spindle_change_batch_run(SpindleChangeBatch *batch);
extern void spindle_change_batch_image(SpindleChangeBatch *batch, int i, bool before, int64 *value, bool *is_null);
extern void spindle_image_keep(const SpindleChangeTable *table, int64 *value, const bool *is_null,
							   MemoryContext context);

#endif							/* SPINDLE_CHANGE_BATCH_H */
