/*-------------------------------------------------------------------------
 *
 * relation.h
 *		Relations that users name as a source or a target.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RELATION_H
#define SPINDLE_RELATION_H

#include "nodes/bitmapset.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

extern char *spindle_operator_sql(Oid operator);
extern char *spindle_equality_sql(Oid type);
extern Relation spindle_relation_open(Oid relid, const char *name, LOCKMODE lockmode);
extern Oid	spindle_relation_stored(Relation relation);
extern Bitmapset *spindle_relation_key_columns(Relation relation);

#endif							/* SPINDLE_RELATION_H */
