/*-------------------------------------------------------------------------
 *
 * origin.h
 *		Where the value of a column comes from, for the proofs that values differ
 *		and that they agree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ORIGIN_H
#define SPINDLE_ORIGIN_H

#include "model/model.h"

/* Columns of an origin, at most. */
#define MAX_ORIGIN	64

/*
 * A path from a row to the column that has the value, as the numbers of its
 * columns: each but the last leads to the table of the next one.  Two columns of
 * a table whose origins are the same have the same value in every row where
 * neither is NULL.
 */
typedef struct Origin
{
	int			n;				/* 1 to MAX_ORIGIN; 0 if it would have more,
								 * and equals none then */
	int			column[MAX_ORIGIN];
} Origin;

extern void spindle_origin_of(const SpindleDomain *domain, int table, const int *path, int n,
							  Origin *origin);
extern bool spindle_origin_equal(const Origin *a, const Origin *b);

#endif							/* SPINDLE_ORIGIN_H */
