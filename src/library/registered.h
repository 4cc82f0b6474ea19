/*-------------------------------------------------------------------------
 *
 * registered.h
 *		Domains and data sets that are registered in the database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_REGISTERED_H
#define SPINDLE_REGISTERED_H

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "library/kind.h"

/* Columns of the two tables; the last is that of domains only. */
typedef enum SpindleRegisteredColumn
{
	SPINDLE_REGISTERED_NAME = 1,
	SPINDLE_REGISTERED_OWNER,
	SPINDLE_REGISTERED_DEFINITION,
	SPINDLE_REGISTERED_DATA_SETS
} SpindleRegisteredColumn;

/* One that is registered. */
typedef struct SpindleRegistered
{
	Oid			owner;			/* of a role that may be gone, or 0 */
	uint64		stamp;			/* tells this version from others */
	ItemPointerData place;		/* in the table */
	char	   *text;			/* palloc'd, in UTF-8; NULL if not asked for */
	int			len;
} SpindleRegistered;

extern Relation spindle_registered_open(SpindleLibraryKind kind, LOCKMODE lockmode);
extern bool spindle_registered_find(SpindleLibraryKind kind, const char *name, bool with_text,
									SpindleRegistered *found);
extern List *spindle_registered_names(SpindleLibraryKind kind);
extern List *spindle_registered_users(const char *data_set);
extern Oid	spindle_registered_extension_owner(void);
extern uint64 spindle_registered_generation(void);
extern void spindle_registered_fix(void);
extern void spindle_registered_unfix(void);

#endif							/* SPINDLE_REGISTERED_H */
