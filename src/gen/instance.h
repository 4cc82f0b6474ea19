/*-------------------------------------------------------------------------
 *
 * instance.h
 *		A domain at one scale with one seed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_INSTANCE_H
#define SPINDLE_INSTANCE_H

#include "gen/layout.h"
#include "gen/popularity.h"
#include "gen/timeline.h"
#include "model/model.h"

typedef struct SpindleInstance
{
	SpindleDomain *domain;
	int			preset;
	int64		seed;
	int64	   *nrows;			/* per table */
	SpindleKey	key;			/* of seed and domain */
	SpindleLayout **layout;		/* per table, NULL unless its rows are
								 * children */
	void	  **rule_state;		/* per rule, made when first needed */
	MemoryContext context;
} SpindleInstance;

extern SpindleInstance *spindle_instance_create(SpindleDomain *domain, int preset, int64 seed);

extern SpindleTimeline *spindle_instance_timeline(SpindleInstance *instance, int table,
												  const SpindleRule *rule);

/* The key of a rule's draws. */
static inline SpindleKey
spindle_instance_key(const SpindleInstance *instance, uint64 label)
{
	return spindle_key_derive(instance->key, label);
}

#endif							/* SPINDLE_INSTANCE_H */
