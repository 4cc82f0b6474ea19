/*-------------------------------------------------------------------------
 *
 * relation_path.h
 *		The event time of a relation's rows that belongs to another relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RELATION_PATH_H
#define SPINDLE_RELATION_PATH_H

#include "utils/relcache.h"

/* What the query that reads a relation calls it. */
#define SPINDLE_PATH_ALIAS	"streamed"

extern char *spindle_relation_path(Relation relation, const char *path, Oid *type);

#endif							/* SPINDLE_RELATION_PATH_H */
