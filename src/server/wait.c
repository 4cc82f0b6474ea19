/*-------------------------------------------------------------------------
 *
 * wait.c
 *		Waiting for a time or for others.
 *
 * A process sleeps on its latch, which is set by those it waits for, but also by
 * anybody else who wants its attention.  So a wait may end early, and whoever
 * waits looks in a loop whether what it waits for has come:
 *
 *		while (!has_come())
 *			spindle_wait(...);
 *
 * The latch is reset after each wait and before that look, so that nothing that
 * happens meanwhile is lost: it sets the latch again, and the next wait ends at
 * once.  Cancel, termination and the end of the postmaster take effect in the wait.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/latch.h"

#include "server/wait.h"

/* The longest single wait; only so that its milliseconds fit a long. */
#define MAX_WAIT_MS		3600000.0

/*
 * Whatever ended the wait: forget it, and serve interrupts, which may raise an
 * error.
 */
static void
after_wait(void)
{
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * spindle_wait
 *		Wait until so many seconds have passed or something has happened.
 *
 * seconds may be SPINDLE_WAIT_FOREVER; wait_event is what pg_stat_activity shows.
 * May end early; see above.  Raises what interrupts do.
 */
void
spindle_wait(double seconds, uint32 wait_event)
{
	int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (seconds < 0 ? 0 : WL_TIMEOUT);

	(void) WaitLatch(MyLatch, events, (long) Min(ceil(seconds * 1000.0), MAX_WAIT_MS), wait_event);
	after_wait();
}

/*
 * spindle_wait_to_write
 *		The same until fd, a socket or a pipe, takes data, without a limit of
 *		time.
 */
void
spindle_wait_to_write(int fd, uint32 wait_event)
{
	(void) WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_WRITEABLE | WL_EXIT_ON_PM_DEATH, fd, -1, wait_event);
	after_wait();
}
