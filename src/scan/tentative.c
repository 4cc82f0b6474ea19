/*-------------------------------------------------------------------------
 *
 * tentative.c
 *		Computing rows while a query is planned, which must not fail by that.
 *
 * A row or an expression may raise an error where execution would not come to it.
 * Then the planner does without what was to be found.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/resowner.h"

#include "scan/statistics.h"

/* Let go what a resource owner still holds, and go on with the one before. */
static void
end_owner(ResourceOwner owner, ResourceOwner previous, bool is_commit)
{
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, is_commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, is_commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, is_commit, false);
	CurrentResourceOwner = previous;
	ResourceOwnerDelete(owner);
}

/*
 * Is an error about the machine, or about what others do or want, such as a cancel,
 * and not about what was computed?
 */
static bool
is_from_outside(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
			return true;
		default:
			return sqlerrcode == ERRCODE_DATA_CORRUPTED || sqlerrcode == ERRCODE_INDEX_CORRUPTED;
	}
}

/*
 * spindle_compute_tentatively
 *		Call run(arg) in a memory context of its own, which is gone afterwards; false
 *		if that raised an error about what it computed.  Others are raised again.
 *
 * run gets the caller's context for what is to stay.  It must not run what a user
 * has written, nor change anything: all that is undone after an error is what
 * catalogue caches hold.
 */
bool
spindle_compute_tentatively(void (*run) (void *arg, MemoryContext caller), void *arg)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(oldcontext, "spindle planning", ALLOCSET_DEFAULT_SIZES);
	ResourceOwner previous = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(previous, "spindle planning");
	volatile bool is_done = false;

	PG_TRY();
	{
		CurrentResourceOwner = owner;
		MemoryContextSwitchTo(context);
		run(arg, oldcontext);
		MemoryContextSwitchTo(oldcontext);
		is_done = true;
		end_owner(owner, previous, true);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		CurrentResourceOwner = previous;
		if (is_from_outside(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
		end_owner(owner, previous, false);
		is_done = false;
	}
	PG_END_TRY();
	MemoryContextDelete(context);
	return is_done;
}
