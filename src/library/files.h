/*-------------------------------------------------------------------------
 *
 * files.h
 *		The files that definitions and data sets are in.
 *
 * Names are those of domains and data sets, and never paths: only lower-case
 * letters, digits and underscores are looked for, so a name cannot lead out of
 * the directories.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FILES_H
#define SPINDLE_FILES_H

#include "nodes/pg_list.h"

#include "library/kind.h"

extern bool spindle_is_library_name(const char *name);
extern char *spindle_file_find(SpindleLibraryKind kind, const char *name, uint64 *stamp);
extern char *spindle_file_read(const char *path, int *len);
extern List *spindle_file_names(SpindleLibraryKind kind);

#endif							/* SPINDLE_FILES_H */
