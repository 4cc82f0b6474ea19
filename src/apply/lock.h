/*-------------------------------------------------------------------------
 *
 * lock.h
 *		A stream is played by one call at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_APPLY_LOCK_H
#define SPINDLE_APPLY_LOCK_H

extern void spindle_apply_lock(const char *stream, const char *domain, const char *schema);
extern void spindle_apply_unlock(const char *stream);

#endif							/* SPINDLE_APPLY_LOCK_H */
