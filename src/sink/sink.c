/*-------------------------------------------------------------------------
 *
 * sink.c
 *		What sinks do that have nothing to do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "sink/sink.h"

/* For settle and abort, where nothing is left to be done. */
void
spindle_sink_nothing(SpindleSink *sink)
{
}

/* For write_lines, of a sink that does not take lines; nobody calls it. */
void
spindle_sink_no_lines(SpindleSink *sink, const char *lines, int len, int64 nevents)
{
	elog(ERROR, "%s takes no lines", sink->name);
}
