/*-------------------------------------------------------------------------
 *
 * deliver.h
 *		The loop that feeds a sink.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DELIVER_H
#define SPINDLE_DELIVER_H

#include "format/format.h"
#include "library/stream_call.h"
#include "sink/sink.h"
#include "stream/change_queue.h"

/*
 * What was delivered.  Events that were skipped are not among them; bytes are
 * what they took at the sink.  Of changes, events are messages.
 */
typedef struct SpindleDelivered
{
	int64		events;
	int64		anomalies;		/* among them */
	int64		late;
	int64		bytes;
	double		seconds;		/* that it took */
} SpindleDelivered;

/* How changes are delivered; the rest is in SpindleChangeOptions. */
typedef struct SpindleChangeDelivery
{
	const SpindleFormat *format;
	SpindleFormatOptions format_options;
	SpindleChangeDelay delay;
	bool		realtime;		/* wait until a transaction is due */
	int			batch_size;		/* messages per batch, 0: the sink's; those of a
								 * transaction stay together */
} SpindleChangeDelivery;

/* changes.c */
extern void spindle_deliver_changes(SpindleInstance *instance, const SpindleChangeOptions *options,
									const SpindleChangeDelivery *how, SpindleSink *sink,
									SpindleDelivered *delivered);

/* deliver.c */
extern void spindle_deliver(const SpindleStreamCall *call, const SpindleStreamArguments *args, SpindleSink *sink,
							SpindleDelivered *delivered);

#endif							/* SPINDLE_DELIVER_H */
