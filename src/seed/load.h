/*-------------------------------------------------------------------------
 *
 * load.h
 *		Generated rows into a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LOAD_H
#define SPINDLE_LOAD_H

#include "gen/presence.h"

/*
 * Called after each batch of rows with the number of those done so far, of
 * this load.
 */
typedef void (*SpindleLoadReport) (void *arg, int64 rows);

/*
 * What spindle_load() is to do.  report is called with report_arg and is never
 * NULL; what it raises ends the load.
 */
typedef struct SpindleLoad
{
	Oid			relid;			/* the table to load */
	SpindleInstance *instance;	/* held by the caller */
	int			table;			/* whose rows */
	SpindleAsOf as_of;			/* when the table is looked at */
	const bool *wanted;			/* per column: is it loaded? */
	int64		first;			/* rows first .. end - 1, those that are there */
	int64		end;
	bool		is_new;			/* see spindle_load_new() */
	const bool *checked;		/* per foreign key: is it checked here?
								 * NULL if none is */
	SpindleLoadReport report;
	void	   *report_arg;
} SpindleLoad;

extern bool spindle_load_can_check(const SpindleDomain *domain, int table, int key);
extern int64 spindle_load(const SpindleLoad *load);
extern int64 spindle_load_new(Oid relid, SpindleInstance *instance, int table, SpindleAsOf as_of,
							  const bool *checked, SpindleLoadReport report, void *arg);

#endif							/* SPINDLE_LOAD_H */
