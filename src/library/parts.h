/*-------------------------------------------------------------------------
 *
 * parts.h
 *		The parts of a model, a definition and data sets, wherever they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PARTS_H
#define SPINDLE_PARTS_H

#include "nodes/pg_list.h"

#include "library/kind.h"

/* A part as it was when it was read. */
typedef struct SpindlePart
{
	SpindleLibraryKind kind;
	char	   *name;
	bool		is_registered;	/* else it is a file */
	uint64		stamp;			/* tells it from what it becomes */
} SpindlePart;

extern char *spindle_part_load(SpindleLibraryKind kind, const char *name, int *len, SpindlePart *part);
extern bool spindle_part_is_current(const SpindlePart *part, bool is_registry_unchanged);
extern List *spindle_part_names(SpindleLibraryKind kind);
extern List *spindle_sort_names(List *names);

#endif							/* SPINDLE_PARTS_H */
