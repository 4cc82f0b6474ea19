/*-------------------------------------------------------------------------
 *
 * definition.h
 *		From the text of a definition to a model.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DEFINITION_H
#define SPINDLE_DEFINITION_H

#include "model/model.h"

extern SpindleDomain *spindle_domain_parse(const char *name, const char *text, int len,
										   char *(*load_data) (const char *set, int *len));

#endif							/* SPINDLE_DEFINITION_H */
