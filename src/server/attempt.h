/*-------------------------------------------------------------------------
 *
 * attempt.h
 *		Something that may fail, in a subtransaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ATTEMPT_H
#define SPINDLE_ATTEMPT_H

typedef void (*SpindleAttempt) (void *arg);

extern ErrorData *spindle_attempt(SpindleAttempt run, void *arg, bool is_kept);

#endif							/* SPINDLE_ATTEMPT_H */
