/*-------------------------------------------------------------------------
 *
 * library.h
 *		The domains that are there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LIBRARY_H
#define SPINDLE_LIBRARY_H

#include "nodes/pg_list.h"

#include "model/model.h"

extern SpindleDomain *spindle_library_get(const char *name);
extern void spindle_library_release(SpindleDomain *domain);
extern List *spindle_library_names(void);
extern void spindle_library_check(const char *text, int len);
extern char *spindle_names_hint(const char *name, List *names, const char *what);

#endif							/* SPINDLE_LIBRARY_H */
