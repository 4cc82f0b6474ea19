/*-------------------------------------------------------------------------
 *
 * library.h
 *		Names to models and instances.
 *
 * A model is what a definition says; an instance is a model with a scale and a
 * seed, hence with numbers of rows.  Both are shared by all who ask in this
 * session and must not be changed.  They stay as long as the memory context
 * lives by which they were asked for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LIBRARY_H
#define SPINDLE_LIBRARY_H

#include "nodes/pg_list.h"

#include "compat.h"
#include "gen/instance.h"
#include "library/kind.h"

extern List *spindle_library_names(void);
extern SpindleDomain *spindle_library_domain(const char *name, MemoryContext holder);
extern SpindleInstance *spindle_library_instance(const char *domain_name, const char *scale, int64 seed,
												 MemoryContext holder);
extern void spindle_library_check(SpindleLibraryKind kind, const char *name, const char *text, int len,
								  char *(*load) (const char *set, int *len), List **data_sets);
pg_noreturn extern void spindle_library_undefined(SpindleLibraryKind kind, const char *name);
extern char *spindle_library_text(SpindleLibraryKind kind, const char *name, int *len);

#endif							/* SPINDLE_LIBRARY_H */
