/*-------------------------------------------------------------------------
 *
 * support.h
 *		The planner support function of spindle_stream and spindle_rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SUPPORT_H
#define SPINDLE_SUPPORT_H

extern void spindle_support_init(void);

#endif							/* SPINDLE_SUPPORT_H */
