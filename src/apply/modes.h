/*-------------------------------------------------------------------------
 *
 * modes.h
 *		Awkward habits of real writers.
 *
 * None of them alters what is there in the end.  Which transaction shows which one
 * follows from its position and the seed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_MODES_H
#define SPINDLE_MODES_H

#include "math/rng.h"

/* Sessions that share a stream out, at most. */
#define SPINDLE_MAX_SESSIONS	32

/* Fractions are of transactions, or of changes. */
typedef struct SpindleModes
{
	int			transaction_size;	/* transactions of the stream in one, 0: as
									 * batch_size says */
	double		rollback_fraction;	/* transactions whose first change is made
								 * and rolled back before */
	double		savepoint_fraction; /* changes that are made, rolled back to a
								 * savepoint, and made again */
	double		empty_fraction; /* empty transactions before others */
	double		noop_fraction;	/* updates that are followed by one that changes
								 * nothing */
	double		delete_insert_fraction; /* updates that are a DELETE and an INSERT,
										 * of rows that nothing refers to */
	const char *replica_identity;	/* "default", "full" or "nothing", or NULL */
	int			sessions;		/* that share out the rows at the top, 0 and 1:
								 * the caller's */
	int			hold;			/* one in so many transactions stays open until
								 * others have committed so many, 0: none */
} SpindleModes;

extern void spindle_modes_read(Datum jsonb, SpindleModes *modes);
extern bool spindle_mode_shows(SpindleKey key, double fraction, uint64 label, uint64 position, int change);

#endif							/* SPINDLE_MODES_H */
