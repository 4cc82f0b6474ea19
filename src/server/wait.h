/*-------------------------------------------------------------------------
 *
 * wait.h
 *		Waiting for a time or for others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_WAIT_H
#define SPINDLE_WAIT_H

/* Seconds of a wait that only an event ends. */
#define SPINDLE_WAIT_FOREVER	(-1.0)

extern void spindle_wait(double seconds, uint32 wait_event);
extern void spindle_wait_to_write(int fd, uint32 wait_event);

#endif							/* SPINDLE_WAIT_H */
