/*-------------------------------------------------------------------------
 *
 * apply.h
 *		Changes as INSERT, UPDATE and DELETE.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_APPLY_H
#define SPINDLE_APPLY_H

#include "apply/modes.h"
#include "apply/position.h"
#include "stream/change.h"

/* What a call asks for; all of it has been checked, but not against the schema. */
typedef struct SpindleApplyOptions
{
	SpindleInstance *instance;
	SpindleChangeOptions changes;
	char	   *schema;			/* of the tables; NULL for those that the
								 * definition names */
	bool	   *selected;		/* per table of the domain: play its changes? */
	bool		realtime;
	bool		single;			/* each change is a transaction of its own */
	int			batch_size;		/* transactions of the stream per commit, at least 1 */
	SpindlePositionKind position;
	bool		resume;			/* continue behind the position that was kept */
	SpindleModes modes;
	const char *call;			/* what was asked for, in bytes that whoever calls
								 * us reads again in background workers */
	Size		call_size;
} SpindleApplyOptions;

/* What has been committed. */
typedef struct SpindleApplied
{
	int64		transactions;	/* of the stream */
	int64		inserts;
	int64		updates;
	int64		deletes;
	bool		has_position;
	uint64		last_position;	/* of the last transaction */
	double		seconds;		/* that it took */
} SpindleApplied;

extern void spindle_apply(const SpindleApplyOptions *options, SpindleApplied *applied);

#endif							/* SPINDLE_APPLY_H */
