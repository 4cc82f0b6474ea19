/*-------------------------------------------------------------------------
 *
 * attempt.c
 *		Something that may fail, in a subtransaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "server/attempt.h"

/*
 * spindle_attempt
 *		Call run(arg) in a subtransaction; the result is NULL if that went well, and
 *		else the error, in the current memory context.
 *
 * What was done is undone after an error, and after none unless is_kept.  Errors
 * that have nothing to do with what was tried are raised again: being told to
 * stop, and a lack of memory, disk or other resources.
 */
ErrorData *
spindle_attempt(SpindleAttempt run, void *arg, bool is_kept)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		run(arg);
		if (is_kept)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			category;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		FlushErrorState();

		/*
		 * In any case: the server's handling of errors would end the
		 * subtransaction only, and leave the session in the outer one.
		 */
		RollbackAndReleaseCurrentSubTransaction();
		category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
		if (category == ERRCODE_OPERATOR_INTERVENTION || category == ERRCODE_INSUFFICIENT_RESOURCES)
			ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
	CurrentResourceOwner = oldowner;
	return error;
}
