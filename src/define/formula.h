/*-------------------------------------------------------------------------
 *
 * formula.h
 *		The grammar of formulas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DEFINE_FORMULA_H
#define SPINDLE_DEFINE_FORMULA_H

#include "define/parse.h"

extern SpindleOp *spindle_parse_formula(SpindleParse *parse, const SpindleJson *node, int table,
										const SpindleType *type, int *nops);

#endif							/* SPINDLE_DEFINE_FORMULA_H */
