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

#include "gen/instance.h"

extern List *spindle_library_names(void);
extern SpindleDomain *spindle_library_domain(const char *name, MemoryContext holder);
extern SpindleInstance *spindle_library_instance(const char *domain_name, const char *scale, int64 seed,
												 MemoryContext holder);
extern void spindle_library_check(const char *text, int len);

#endif							/* SPINDLE_LIBRARY_H */
