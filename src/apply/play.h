/*-------------------------------------------------------------------------
 *
 * play.h
 *		Transactions of a stream, made in the tables, by one session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PLAY_H
#define SPINDLE_PLAY_H

#include "apply/apply.h"
#include "apply/apply_table.h"
#include "apply/position.h"
#include "server/pace.h"
#include "server/progress.h"

/* A stream under way in this session. */
typedef struct SpindlePlay
{
	const SpindleApplyOptions *options;
	SpindleApplyTable **target; /* per table of the domain, NULL if not selected */
	SpindlePosition *position;
	SpindlePace pace;
	SpindleProgress progress;
	MemoryContext scratch;		/* what a transaction leaves behind */
	SpindleKey	key;			/* of the draws of modes */
	int			batch_size;
	int			in_batch;		/* transactions since the last commit */
	int			in_transaction; /* changes of one that is not complete */
	bool		is_open;		/* changes were made since the last commit */
	bool		has_time;		/* of the last transaction */
	TimestampTz time;
	SpindleApplied made;		/* what was done, */
	SpindleApplied *committed;	/* and what of it cannot be lost */
	/* is called after commits, unless NULL */
	void		(*has_committed) (struct SpindlePlay *play);
	/* counts what others have committed, unless NULL */
	void		(*count) (struct SpindlePlay *play);
	void	   *others;			/* that count() knows */
} SpindlePlay;

extern void spindle_play_init(SpindlePlay *play, const SpindleApplyOptions *options, SpindleApplied *applied,
							  MemoryContext context);
extern const char *spindle_play_schema(const SpindleApplyOptions *options);
extern void spindle_play_error_context(void *arg);
extern void spindle_play_wait(SpindlePlay *play, double due);
extern void spindle_play_begin(SpindlePlay *play, const SpindleChange *change);
extern void spindle_play_change(SpindlePlay *play, const SpindleChange *change);
extern void spindle_play_end(SpindlePlay *play, const SpindleChange *change);
extern void spindle_play_commit(SpindlePlay *play);

#endif							/* SPINDLE_PLAY_H */
