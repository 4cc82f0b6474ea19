/*-------------------------------------------------------------------------
 *
 * hint.h
 *		Hints for names that do not exist.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_HINT_H
#define SPINDLE_HINT_H

#include "nodes/pg_list.h"

extern char *spindle_names_hint(const char *name, List *names, const char *what);

#endif							/* SPINDLE_HINT_H */
