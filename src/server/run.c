/*-------------------------------------------------------------------------
 *
 * run.c
 *		Running utility statements, and commits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "server/run.h"

/*
 * spindle_run
 *		Run a utility statement as the calling user, who is connected to SPI.
 *
 * All names in it are qualified.  So search_path can stay what it is: event
 * triggers see that of the caller, as with any statement.
 *
 * Raises what the statement does.
 */
void
spindle_run(const char *statement)
{
	if (SPI_execute(statement, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not run statement: %s", statement);
}

/* The same with a list of them, one after the other. */
void
spindle_run_all(List *statements)
{
	ListCell   *lc;

	foreach(lc, statements)
	{
		CHECK_FOR_INTERRUPTS();
		spindle_run(lfirst(lc));
	}
}

/*
 * spindle_commit
 *		Commit and begin another transaction, in a session of SPI that may.
 *
 * The server leaves some bytes in the memory context that is current, which may be
 * one that outlives a great many commits; so it is given one of its own.
 */
void
spindle_commit(void)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "spindle commit", ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);

	SPI_commit();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
}
