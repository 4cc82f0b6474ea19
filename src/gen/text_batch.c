/*-------------------------------------------------------------------------
 *
 * text_batch.c
 *		Texts that are put together, for all rows of a batch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "gen/text_batch.h"

/* An empty batch, in the current memory context, where it also grows. */
void
spindle_text_batch_init(SpindleTextBatch *batch)
{
	memset(batch, 0, sizeof(*batch));
	batch->context = CurrentMemoryContext;
	batch->buffer_size = 8192;
	batch->buffer = palloc(batch->buffer_size);
}

/* Begin a batch, with room for the rows that its frame has room for. */
void
spindle_text_batch_begin(SpindleTextBatch *batch, const Frame *frame)
{
	if (batch->capacity < frame->n)
	{
		if (batch->text)
		{
			pfree(batch->text);
			pfree(batch->offset);
		}
		batch->capacity = frame->capacity;
		batch->text = MemoryContextAllocHuge(batch->context, sizeof(SpindleText) * batch->capacity);
		batch->offset = MemoryContextAllocHuge(batch->context, sizeof(Size) * batch->capacity);
	}
	batch->used = 0;
}

/* Make room for n bytes behind what is used, as spindle_text_reserve() says. */
void
spindle_text_batch_grow(SpindleTextBatch *batch, Size n)
{
	while (batch->used + n + SPINDLE_TEXT_READABLE > batch->buffer_size)
		batch->buffer_size *= 2;
	batch->buffer = repalloc_huge(batch->buffer, batch->buffer_size);
}

/*
 * spindle_text_batch_end
 *		Give a step the texts of all rows of its frame as its values, cut to as
 *		many characters as its column's type holds.  They are valid until the
 *		next batch.
 */
void
spindle_text_batch_end(SpindleTextBatch *batch, Step *step)
{
	const int	max_len = step->rule->type->length;

	for (int i = 0; i < step->frame->n; i++)
	{
		SpindleText *text = &batch->text[i];

		text->datum = (struct varlena *) (batch->buffer + batch->offset[i]);
		text->data = VARDATA(text->datum);
		if (max_len > 0 && text->len > max_len)
			text->len = spindle_text_clip(text->data, text->len, max_len);
		SET_VARSIZE(text->datum, VARHDRSZ + text->len);
		text->json = NULL;
		text->id = -1;
		step->out.value[i] = (int64) (intptr_t) text;
	}
}

/*
 * spindle_text_batch_number
 *		Append a number, value times 10^-scale, with scale digits after the point,
 *		padded with zeros to a width before it.  The sign does not count as a
 *		digit.
 */
void
spindle_text_batch_number(SpindleTextBatch *batch, int64 value, int scale, int width)
{
	char		digits[MAXINT8LEN + 1];
	uint64		u = value < 0 ? -(uint64) value : (uint64) value;
	uint64		unit;
	int			n;

	if (value < 0)
		spindle_text_append(batch, "-", 1);
	if (scale == 0 && width <= 1)
	{
		batch->used += pg_ulltoa_n(u, spindle_text_reserve(batch, MAXINT8LEN));
		return;
	}
	unit = (uint64) spindle_power_of_ten(scale);
	n = pg_ulltoa_n(u / unit, digits);
	for (int i = n; i < width; i++)
		spindle_text_append(batch, "0", 1);
	spindle_text_append(batch, digits, n);
	if (scale > 0)
	{
		spindle_text_append(batch, ".", 1);
		n = pg_ulltoa_n(u % unit, digits);
		for (int i = n; i < scale; i++)
			spindle_text_append(batch, "0", 1);
		spindle_text_append(batch, digits, n);
	}
}
