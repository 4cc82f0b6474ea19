/*-------------------------------------------------------------------------
 *
 * deliver.h
 *		The loop that feeds a sink.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DELIVER_H
#define SPINDLE_DELIVER_H

#include "library/stream_call.h"
#include "sink/sink.h"

/*
 * What was delivered.  Events that were skipped are not among them; bytes are
 * what they took at the sink.
 */
typedef struct SpindleDelivered
{
	int64		events;
	int64		anomalies;		/* among them */
	int64		late;
	int64		bytes;
	double		seconds;		/* that it took */
} SpindleDelivered;

extern void spindle_deliver(const SpindleStreamCall *call, const SpindleStreamArguments *args, SpindleSink *sink,
							SpindleDelivered *delivered);

#endif							/* SPINDLE_DELIVER_H */
