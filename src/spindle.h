/*-------------------------------------------------------------------------
 *
 * spindle.h
 *		What every layer needs to know.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_H
#define SPINDLE_H

#include "postgres.h"

#include "compat.h"

#define SPINDLE_EXTENSION_NAME	"spindle"

/* Name of the extension's foreign-data wrapper and of its ready-made server. */
#define SPINDLE_FDW_NAME	"spindle_fdw"

/*
 * What a foreign table has that does not say it; SQL functions declare the
 * same as their default.
 */
#define SPINDLE_DEFAULT_SEED	42

/* Setting spindle.domain_directory; NULL or empty means none. */
extern char *spindle_domain_directory;

#endif							/* SPINDLE_H */
