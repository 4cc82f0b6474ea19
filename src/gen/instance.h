/*-------------------------------------------------------------------------
 *
 * instance.h
 *		A domain at one scale with one seed.
 *
 * An instance is what generators share: every value is a function of it, the
 * table, the column and the row number.  It belongs to one session and is not
 * locked; processes that work together make one each, which are equal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_INSTANCE_H
#define SPINDLE_INSTANCE_H

#include "gen/layout.h"
#include "gen/popularity.h"
#include "gen/timeline.h"
#include "model/model.h"

/*
 * All but rule_state and clock is set at creation and does not change.  These are
 * caches that grow: no entry of them changes a value.
 */
typedef struct SpindleInstance
{
	SpindleDomain *domain;		/* must stay as long as the instance */
	int			preset;			/* number of the scale */
	int64		seed;
	int64	   *nrows;			/* per table, 0 to 10^15 */
	SpindleKey	key;			/* of seed and domain */
	SpindleLayout **layout;		/* per table, NULL unless its rows are
								 * children */
	void	  **rule_state;		/* per rule by its index: a SpindleTimeline, a
								 * SpindleReferenceState or a SpindleSample,
								 * NULL until first needed and for kinds that
								 * need none */
	struct SpindleClockState ***clock;	/* per table: per clock, both NULL until
										 * first needed */
	MemoryContext context;		/* of all this; what is added later goes here */
} SpindleInstance;

extern SpindleInstance *spindle_instance_create(SpindleDomain *domain, int preset, int64 seed);

extern SpindleTimeline *spindle_instance_timeline(SpindleInstance *instance, int table,
												  const SpindleRule *rule);
extern SpindleSample *spindle_instance_sample(SpindleInstance *instance, const SpindleRule *rule,
											  uint64 label, const double *weight, int n);

/*
 * The key of a rule's draws, by the rule's label, or of a table's layout, by
 * its own.
 */
static inline SpindleKey
spindle_instance_key(const SpindleInstance *instance, uint64 label)
{
	return spindle_key_derive(instance->key, label);
}

#endif							/* SPINDLE_INSTANCE_H */
