/*-------------------------------------------------------------------------
 *
 * relation.c
 *		Relations that users name as a source or a target.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "utils/lsyscache.h"

#include "stream/relation.h"

/*
 * spindle_relation_open
 *		Open a relation that an argument of type regclass names, and lock it.
 *
 * Waits for the lock.  If the relation was dropped before, or meanwhile, the
 * error is that of a name that does not exist (undefined_table); name is the one
 * it had when it was last seen, or NULL.
 */
Relation
spindle_relation_open(Oid relid, const char *name, LOCKMODE lockmode)
{
	char	   *present = get_rel_name(relid);
	Relation	relation = present ? try_relation_open(relid, lockmode) : NULL;

	if (present)
		name = present;
	if (relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 name ? errmsg("relation \"%s\" does not exist", name) :
				 errmsg("relation with OID %u does not exist", relid)));
	return relation;
}
