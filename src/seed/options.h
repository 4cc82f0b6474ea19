/*-------------------------------------------------------------------------
 *
 * options.h
 *		What a caller may ask of a seeding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEED_OPTIONS_H
#define SPINDLE_SEED_OPTIONS_H

#include "gen/presence.h"

#define SPINDLE_MAX_SEED_WORKERS	64

/* What happens to a table of which there is one already. */
typedef enum SpindleIfExists
{
	SPINDLE_IF_EXISTS_ERROR,
	SPINDLE_IF_EXISTS_REPLACE,
	SPINDLE_IF_EXISTS_SKIP
} SpindleIfExists;

/*
 * What a call of spindle_seed asks for; all of it has been checked, but not
 * against what the schema holds.
 */
typedef struct SpindleSeedOptions
{
	SpindleInstance *instance;	/* held until the end of the call */
	SpindleAsOf as_of;			/* when its tables are looked at */
	char	   *schema;			/* need not exist */
	bool	   *selected;		/* per table of the domain: is it wanted? */
	bool		is_logged;
	bool		with_keys;
	bool		with_indexes;
	bool		with_statistics;
	int			nworkers;		/* 0 for none, up to SPINDLE_MAX_SEED_WORKERS */
	SpindleIfExists if_exists;
} SpindleSeedOptions;

#endif							/* SPINDLE_SEED_OPTIONS_H */
