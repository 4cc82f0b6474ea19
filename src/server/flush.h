/*-------------------------------------------------------------------------
 *
 * flush.h
 *		Sending what the client has not got yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FLUSH_H
#define SPINDLE_FLUSH_H

extern void spindle_flush_client(void);

#endif							/* SPINDLE_FLUSH_H */
