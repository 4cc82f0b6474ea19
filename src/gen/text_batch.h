/*-------------------------------------------------------------------------
 *
 * text_batch.h
 *		Texts that are put together, for all rows of a batch.
 *
 * They are written one behind the other into a buffer, each with a varlena header
 * before it, so that a reader can hand them out as Datums without a copy.  The
 * buffer moves when it grows: addresses are given when the batch is complete.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TEXT_BATCH_H
#define SPINDLE_TEXT_BATCH_H

#include "gen/eval_internal.h"

typedef struct SpindleTextBatch
{
	MemoryContext context;		/* where text, offset and buffer are allocated */
	int			capacity;		/* rows that text and offset have room for */
	SpindleText *text;			/* the values that are handed out, one for each
								 * row */
	Size	   *offset;			/* of each row's varlena in buffer */
	Size		buffer_size;	/* bytes, doubled when they do not do */
	Size		used;			/* bytes of it that are written */
	char	   *buffer;
} SpindleTextBatch;

extern void spindle_text_batch_init(SpindleTextBatch *batch);
extern void spindle_text_batch_begin(SpindleTextBatch *batch, const Frame *frame);
extern void spindle_text_batch_grow(SpindleTextBatch *batch, Size n);
extern void spindle_text_batch_end(SpindleTextBatch *batch, Step *step);
extern void spindle_text_batch_number(SpindleTextBatch *batch, int64 value, int scale, int width);

/*
 * Room for n bytes behind what is used, and to write or read
 * SPINDLE_TEXT_READABLE more.  The address holds until the next call.
 */
static inline char *
spindle_text_reserve(SpindleTextBatch *batch, Size n)
{
	if (unlikely(batch->used + n + SPINDLE_TEXT_READABLE > batch->buffer_size))
		spindle_text_batch_grow(batch, n);
	return batch->buffer + batch->used;
}

/* len bytes as they are. */
static inline void
spindle_text_append(SpindleTextBatch *batch, const char *data, int len)
{
	memcpy(spindle_text_reserve(batch, len), data, len);
	batch->used += len;
}

/* Begin the text of row i: a varlena header goes before the characters. */
static inline void
spindle_text_begin(SpindleTextBatch *batch, int i)
{
	batch->used = MAXALIGN(batch->used);
	(void) spindle_text_reserve(batch, VARHDRSZ);
	batch->offset[i] = batch->used;
	batch->used += VARHDRSZ;
}

/* Bytes of the text of row i so far. */
static inline Size
spindle_text_length(const SpindleTextBatch *batch, int i)
{
	return batch->used - batch->offset[i] - VARHDRSZ;
}

/* End the text of row i. */
static inline void
spindle_text_end(SpindleTextBatch *batch, int i)
{
	batch->text[i].len = (int32) spindle_text_length(batch, i);
}

#endif							/* SPINDLE_TEXT_BATCH_H */
