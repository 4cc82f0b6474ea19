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

extern char *spindle_file_find(const char *folder, const char *name, uint64 *stamp);
extern char *spindle_file_read(const char *path, int *len);
extern List *spindle_file_names(void);

#endif							/* SPINDLE_FILES_H */
