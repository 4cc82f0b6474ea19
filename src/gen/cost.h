/*-------------------------------------------------------------------------
 *
 * cost.h
 *		What it takes to compute columns, for estimates.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COST_H
#define SPINDLE_COST_H

#include "gen/instance.h"

extern double spindle_columns_cost(const SpindleInstance *instance, int table, const int *columns, int ncolumns,
								   bool is_scattered);

#endif							/* SPINDLE_COST_H */
