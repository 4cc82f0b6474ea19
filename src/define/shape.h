/*-------------------------------------------------------------------------
 *
 * shape.h
 *		What texts look like: masks and regular expressions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SHAPE_H
#define SPINDLE_SHAPE_H

#include "define/parse.h"

/* Characters of a text of a shape, at most. */
#define SPINDLE_MAX_SHAPE	10000

extern SpindleShape spindle_parse_mask(const SpindleJson *node, const char *text, bool has_length);
extern SpindleShape spindle_parse_regex(const SpindleJson *node, const char *text);
extern void spindle_shape_add(SpindleShape *shape, SpindleShape part);

#endif							/* SPINDLE_SHAPE_H */
