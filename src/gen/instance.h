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

/* What a rule of kind "reference" needs at run time. */
typedef struct SpindleReferenceState
{
	SpindlePopularity *popularity;
	SpindleTimeline *after;		/* times of the parents, or NULL */
	bool		is_empty;		/* there is no row to choose */
	int64		nchoices;		/* rows that "where" leaves */
	int64	   *choice;
	int			nbounds;		/* "containing": times at which the set of */
	Timestamp  *bound;			/* open periods changes, sorted */
	int		   *first_open;		/* nbounds + 1 indexes into open */
	int64	   *open;			/* rows whose period is open after a bound */
	double		coverage;		/* share of the times with an open period */
} SpindleReferenceState;

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

extern SpindleTimeline *spindle_instance_timeline(SpindleInstance *instance, int table, int column);
extern SpindleReferenceState *spindle_instance_reference(SpindleInstance *instance,
														 const SpindleRule *rule);
extern int64 spindle_instance_first_row_at(SpindleInstance *instance, int table, int column,
										   int64 value, bool inclusive);

/* The key of a rule's draws. */
static inline SpindleKey
spindle_instance_key(const SpindleInstance *instance, uint64 label)
{
	return spindle_key_derive(instance->key, label);
}

#endif							/* SPINDLE_INSTANCE_H */
