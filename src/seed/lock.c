/*-------------------------------------------------------------------------
 *
 * lock.c
 *		A schema is seeded by one call at a time.
 *
 * Two calls at once would both find a table missing and make it, and all but
 * the first would fail at the catalogs' unique indexes.  So a call holds a lock
 * of the schema until what it makes can be seen; others wait, and then decide
 * by what they find.
 *
 * It is not the server's own lock of a schema, so nobody but seedings waits for
 * it.  A role gets it after the check that it may create tables in the schema,
 * or the schema itself; others cannot make anybody wait.  A schema that does
 * not exist is locked by a hash of its name; such locks of names are kept apart
 * from those of schemas, which roles may be able to create that must not create
 * schemas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/inval.h"

#include "seed/lock.h"

/* What the server leaves free in the tag of a schema's lock, which has no parts. */
#define PART_SEEDING	1
#define PART_NAME		2

/*
 * The tag of a lock on a schema, or on a hash of a name, for one of the parts
 * above; 0 is the schema as a whole, which the server's own lock is for.
 */
static LOCKTAG
lock_tag(Oid schema, uint16 part)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, NamespaceRelationId, schema, part);
	return tag;
}

/*
 * spindle_seed_lock
 *		Wait until no other call seeds a schema, and keep others away until the
 *		transaction ends.
 *
 * schema is InvalidOid if there is none of this name.  What was known of the
 * schema before may no longer be true.  Can be cancelled, and heeds lock_timeout.
 */
void
spindle_seed_lock(Oid schema, const char *name)
{
	LOCKTAG		tag = OidIsValid(schema) ? lock_tag(schema, PART_SEEDING) :
	lock_tag(DatumGetUInt32(hash_any((const unsigned char *) name, (int) strlen(name))), PART_NAME);

	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	AcceptInvalidationMessages();
}

/*
 * spindle_seed_hold_lock
 *		Keep the lock of a schema beyond the end of the transaction: until
 *		spindle_seed_release_lock(), or until a transaction is rolled back.
 *
 * The caller has the lock for the transaction already, so this does not wait.
 */
void
spindle_seed_hold_lock(Oid schema)
{
	LOCKTAG		tag = lock_tag(schema, PART_SEEDING);

	(void) LockAcquire(&tag, ExclusiveLock, true, false);
}

/*
 * spindle_seed_release_lock
 *		Release the lock that spindle_seed_hold_lock() took.  One that was
 *		taken for the transaction besides stays until that ends.
 */
void
spindle_seed_release_lock(Oid schema)
{
	LOCKTAG		tag = lock_tag(schema, PART_SEEDING);

	LockRelease(&tag, ExclusiveLock, true);
}

/*
 * spindle_seed_lock_to_drop
 *		Lock a schema against seedings and all else until the transaction ends,
 *		if that can be had without waiting; the result says so.
 *
 * Locks that were taken before one could not be had stay until the transaction
 * ends.
 */
bool
spindle_seed_lock_to_drop(Oid schema)
{
	LOCKTAG		seeding = lock_tag(schema, PART_SEEDING);
	LOCKTAG		whole = lock_tag(schema, 0);

	if (LockAcquire(&seeding, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL ||
		LockAcquire(&whole, AccessExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}
