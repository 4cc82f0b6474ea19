/*-------------------------------------------------------------------------
 *
 * insert.h
 *		Rows into a relation.
 *
 * An inserter takes rows in batches.  Between batches transactions may end,
 * and the relation may change; within one it is locked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_INSERT_H
#define SPINDLE_INSERT_H

#include "server/target.h"

typedef struct SpindleInserter SpindleInserter;

typedef struct SpindleInsertOptions
{
	/*
	 * If SQL can make the rows itself, "from" gives those from $1 on, $2 in
	 * number, both of them bigint.  It is NULL if they are all put.
	 */
	SpindleTargetRows rows;
	int			max_rows;		/* that are put until a flush, about */
	const char *numbered;		/* what an error says before the number of the row
								 * that failed; NULL to say nothing */
	bool		is_new;			/* the relation is a table that this transaction
								 * has made, and nobody else uses it */
	bool		references_are_checked; /* its foreign keys hold; the caller sees
										 * to that */
} SpindleInsertOptions;

extern SpindleInserter *spindle_inserter_create(Oid relid, const char *name, const SpindleInsertOptions *options);
extern bool spindle_inserter_select(SpindleInserter *inserter, int64 first, int64 n);
extern void spindle_inserter_put(SpindleInserter *inserter, Datum *values, bool *nulls, int64 number);
extern void spindle_inserter_flush(SpindleInserter *inserter);
extern int64 spindle_inserter_end(SpindleInserter *inserter);

#endif							/* SPINDLE_INSERT_H */
