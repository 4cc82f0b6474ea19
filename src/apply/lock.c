/*-------------------------------------------------------------------------
 *
 * lock.c
 *		A stream is played by one call at a time.
 *
 * Two calls that play one stream would both make its changes; keys may stop the
 * second one, but not all tables have keys.  So a call holds a lock of the stream from
 * before it reads the position until it ends, and another one is refused, as the
 * server refuses a replication origin that is in use.  Waiting would be of no use: who
 * begins anew finds the rows of the other call.
 *
 * The lock is one of those that outlive the rollback of a transaction, which is a
 * habit of real writers (modes.c).  It is told from advisory locks that anybody can
 * take by a number that SQL does not give them, so only those who may change the
 * tables can keep others away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "apply/lock.h"

/* What SQL has as 1 or 2 in the tag of advisory locks. */
#define KIND_STREAM		0x5350

/* The lock of a stream, told by its name. */
static LOCKTAG
stream_tag(const char *stream)
{
	const uint64 hash = hash_bytes_extended((const unsigned char *) stream, (int) strlen(stream), 0);
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, KIND_STREAM);
	return tag;
}

/* The process that holds a lock, 0 if there is none any more. */
static int
find_holder(const LOCKTAG *tag)
{
	Oid			types[] = {OIDOID, OIDOID, OIDOID, INT4OID};
	Datum		values[] = {
		ObjectIdGetDatum(tag->locktag_field1), ObjectIdGetDatum(tag->locktag_field2),
		ObjectIdGetDatum(tag->locktag_field3), Int32GetDatum(tag->locktag_field4)
	};
	bool		is_null;
	int			pid = 0;

	if (SPI_execute_with_args("SELECT pid FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory' "
							  "AND database OPERATOR(pg_catalog.=) $1 AND classid OPERATOR(pg_catalog.=) $2 "
							  "AND objid OPERATOR(pg_catalog.=) $3 AND objsubid OPERATOR(pg_catalog.=) $4 AND granted", 4, types, values, NULL,
							  true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_locks");
	if (SPI_processed > 0)
		pid = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_freetuptable(SPI_tuptable);
	return pid;
}

/*
 * spindle_apply_lock
 *		Keep others from playing a stream until spindle_apply_unlock(), or the end of
 *		the session.
 *
 * What was read before may no longer be true, nor is it what a snapshot of before
 * sees.  Needs a session of SPI.  Raises object_in_use if somebody plays it.
 */
void
spindle_apply_lock(const char *stream, const char *domain, const char *schema)
{
	LOCKTAG		tag = stream_tag(stream);

	while (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		const int	pid = find_holder(&tag);

		if (pid != 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("changes of domain \"%s\" are being played into schema \"%s\" already", domain, schema),
					 errdetail("It is the process with PID %d that does so.", pid),
					 errhint("Wait until that call has ended.")));
		CHECK_FOR_INTERRUPTS();
	}
}

/* Let others play it. */
void
spindle_apply_unlock(const char *stream)
{
	LOCKTAG		tag = stream_tag(stream);

	LockRelease(&tag, ExclusiveLock, true);
}
