/*-------------------------------------------------------------------------
 *
 * register.h
 *		Registering domains and data sets in the database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_REGISTER_H
#define SPINDLE_REGISTER_H

#include "library/kind.h"

extern void spindle_register(SpindleLibraryKind kind, const char *name, const char *definition, bool replace);
extern void spindle_unregister(SpindleLibraryKind kind, const char *name);
extern char *spindle_data_set_of_query(const char *query);

#endif							/* SPINDLE_REGISTER_H */
