/*-------------------------------------------------------------------------
 *
 * window.h
 *		How far moments of rows are from times that rise with the row number.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_WINDOW_H
#define SPINDLE_WINDOW_H

#include "model/model.h"

/*
 * The moments of a row lie from shortest to longest microseconds behind a time that
 * never falls from row to row and is never NULL.  If that is not known, nothing
 * else is set.
 */
typedef struct SpindleWindow
{
	bool		is_known;
	SpindleTimeRef base;		/* by a path over parents only */
	int64		shortest;		/* may be below 0 */
	int64		longest;
} SpindleWindow;

extern SpindleWindow spindle_window_of_path(const SpindleDomain *domain, int table, const SpindleColumnRef *ref);
extern SpindleWindow spindle_window_of_insert(const SpindleDomain *domain, int table);
extern SpindleWindow spindle_window_of_steps(const SpindleDomain *domain, int table, bool timed);
extern bool spindle_has_steps(const SpindleStates *states, bool timed);
extern SpindleWindow spindle_window_of_delete(const SpindleDomain *domain, int table);
extern SpindleWindow spindle_window_of_back(const SpindleDomain *domain, int table);

#endif							/* SPINDLE_WINDOW_H */
