/*-------------------------------------------------------------------------
 *
 * definition.h
 *		From the text of a definition to a model.
 *
 * A definition is text that anybody may have written: it is checked in full,
 * and a model that comes out can be computed at any of its scales.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DEFINITION_H
#define SPINDLE_DEFINITION_H

#include "model/model.h"

extern SpindleDomain *spindle_domain_parse(const char *name, const char *text, int len,
										   char *(*load_data) (const char *set, int *len));
extern void spindle_data_set_check(const char *name, const char *text, int len);

#endif							/* SPINDLE_DEFINITION_H */
