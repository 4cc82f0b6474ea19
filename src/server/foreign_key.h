/*-------------------------------------------------------------------------
 *
 * foreign_key.h
 *		The foreign keys of a relation, as the catalogue has them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FOREIGN_KEY_H
#define SPINDLE_FOREIGN_KEY_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * A foreign key.  Columns have names, as those of partitions have other numbers
 * than the same columns of their parents.
 */
typedef struct SpindleCatalogKey
{
	Oid			constraint;
	char	   *name;			/* of the constraint, with its schema, as SQL writes
								 * it */
	Oid			parent;			/* the relation that is referred to */
	int			ncolumns;
	char	  **column;			/* that refer */
	char	  **parent_column;	/* the one that each of them refers to */
	bool		is_full;		/* MATCH FULL: one null needs the others */
	bool		is_deferrable;	/* SET CONSTRAINTS can name it, and defers it */
	bool		starts_deferred;	/* INITIALLY DEFERRED */
} SpindleCatalogKey;

extern List *spindle_foreign_keys(Relation relation);

#endif							/* SPINDLE_FOREIGN_KEY_H */
