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
	bool		is_alive;		/* is the row there at the time, ... */
	bool		was_alive;		/* ... and was it a microsecond before? */
	int			version;		/* of c, u and r, or the last one of d; if asked
								 * for */
	int64		after;			/* where the row's columns begin in the batch's
								 * values, ... */
	int64		before;			/* ... and as they were a microsecond before; -1
								 * of a moment that is not asked what was */
} SpindleBatchMoment;

/* The program of a table; NULL before it is needed. */
typedef struct SpindleBatchTable SpindleBatchTable;

typedef struct SpindleChangeBatch
{
	SpindleInstance *instance;
	int			profile;
	bool		with_versions;
	bool		with_images;	/* else values are known of columns with versions
								 * only */
	int			most;			/* moments that a batch may have, at most */
	MemoryContext context;
	SpindleChangeTable **table; /* per table of the domain, NULL before it is
								 * needed */
	SpindleBatchTable **program;

	/* changes per batch */
	int			size;			/* moments that it may have */
	int			n;
	SpindleBatchMoment *moment; /* room for size of them */
	struct SpindleMomentPlace *place;	/* the same room, for sorting */
	int64		values_capacity;
	int64	   *value;			/* of columns that are not hidden, row by row */
	bool	   *is_null;
	MemoryContext kept;			/* what values are the addresses of */
} SpindleChangeBatch;

extern SpindleChangeBatch *spindle_change_batch_create(SpindleInstance *instance, int profile,
													   const SpindleChangeNeeds *needs, MemoryContext context);
extern const SpindleChangeTable *spindle_change_batch_table(SpindleChangeBatch *batch, int table);
extern void spindle_change_batch_reset(SpindleChangeBatch *batch);
extern void spindle_change_batch_clear(SpindleChangeBatch *batch);
extern void spindle_change_batch_run(SpindleChangeBatch *batch);
extern SpindleImage spindle_change_batch_image(const SpindleChangeBatch *batch, const SpindleBatchMoment *moment,
											   bool before);
extern void spindle_image_keep(const SpindleChangeTable *table, int64 *value, const bool *is_null,
							   MemoryContext context);

#endif							/* SPINDLE_CHANGE_BATCH_H */
