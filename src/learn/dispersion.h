/*-------------------------------------------------------------------------
 *
 * dispersion.h
 *		What statistics say about how many rows refer to one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_DISPERSION_H
#define SPINDLE_LEARN_DISPERSION_H

#include "learn/schema.h"

/* How far an estimate may be off, as a share, to be taken for the same. */
#define ESTIMATE_OFF	0.02

/* What is known about a foreign key. */
typedef struct LearnKnown
{
	const LearnStatistics *statistics;
	double		rows;			/* that refer to one */
	double		sample;			/* of these, that were looked at */
	double		parents;
	double		distinct;		/* the estimate */
	int			nfrequent;		/* rows whose share is known, ... */
	double		frequent;		/* ... what they have together, ... */
	double		last;			/* ... what the last of them has, ... */
	double		different;		/* ... how many of them are expected in the sample, ... */
	double		once;			/* ... and how many of them once */
} LearnKnown;

extern bool learn_find_known(const LearnSchema *schema, const LearnTable *table, const LearnKey *key, LearnKnown *known);
extern double learn_estimate_of(const LearnKnown *known, double different, double once);

#endif							/* SPINDLE_LEARN_DISPERSION_H */
