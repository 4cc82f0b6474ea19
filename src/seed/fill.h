/*-------------------------------------------------------------------------
 *
 * fill.h
 *		Generated rows into a table that exists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FILL_H
#define SPINDLE_FILL_H

#include "nodes/pg_list.h"

#include "gen/presence.h"

/*
 * What is to be filled with which rows; they are counted from 0.
 */
typedef struct SpindleFill
{
	Oid			target;
	SpindleInstance *instance;	/* held by the caller */
	int			table;			/* whose rows */
	SpindleAsOf as_of;			/* when the table is looked at */
	List	   *columns;		/* names of those to fill, NIL for all */
	int64		first;			/* rows first .. end - 1 */
	int64		end;
} SpindleFill;

extern int64 spindle_fill_relation(const SpindleFill *fill);

#endif							/* SPINDLE_FILL_H */
