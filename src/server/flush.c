/*-------------------------------------------------------------------------
 *
 * flush.c
 *		Sending what the client has not got yet.
 *
 * A file of its own for the sake of one header: libpq.h describes the
 * connection's security libraries too, whose headers need not be installed
 * where the server's are.  We touch nothing of that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#undef ENABLE_GSS
#undef USE_OPENSSL

#include "libpq/libpq.h"
#include "tcop/tcopprot.h"

#include "server/flush.h"

/*
 * spindle_flush_client
 *		Send rows that wait in the connection's buffer, before a pause.
 */
void
spindle_flush_client(void)
{
	if (whereToSendOutput == DestRemote)
		(void) pq_flush();
}
