/*-------------------------------------------------------------------------
 *
 * format.h
 *		Changes as messages in the formats that consumers read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FORMAT_H
#define SPINDLE_FORMAT_H

#include "stream/change.h"

/* What messages tell of a row before it was updated or deleted. */
typedef enum SpindleBefore
{
	SPINDLE_BEFORE_FULL,		/* all columns */
	SPINDLE_BEFORE_KEY,			/* of deleted rows the key, of others nothing */
	SPINDLE_BEFORE_CHANGED		/* the key and what was updated; of deleted
								 * rows all columns */
} SpindleBefore;

/* What the caller may choose; texts are in UTF-8. */
typedef struct SpindleFormatOptions
{
	SpindleBefore before;
	bool		tombstones;		/* a message without a value behind each that
								 * deletes */
	bool		transaction_metadata;	/* tell of transactions */
	const char *key_separator;	/* put the key and this before each message, or
								 * NULL */
} SpindleFormatOptions;

/*
 * Where messages go: they are appended to out, in UTF-8 and without line end, and
 * complete is called behind each.
 */
typedef struct SpindleMessages
{
	StringInfo	out;
	void		(*complete) (struct SpindleMessages *messages);
} SpindleMessages;

typedef struct SpindleFormat SpindleFormat;
typedef struct SpindleFormatter SpindleFormatter;

extern const SpindleFormat *spindle_format_find(const char *name);
extern char *spindle_format_names(void);
extern const char *spindle_format_name(const SpindleFormat *format);
extern bool spindle_format_is_executed(const SpindleFormat *format);
extern bool spindle_before_find(const char *name, SpindleBefore *before);
extern void spindle_format_check(const SpindleFormat *format, const SpindleFormatOptions *options);
extern SpindleFormatter *spindle_formatter_create(const SpindleFormat *format, const SpindleFormatOptions *options,
												  const SpindleDomain *domain, MemoryContext parent);
extern void spindle_formatter_change(SpindleFormatter *formatter, const SpindleChange *change,
									 SpindleMessages *messages);

#endif							/* SPINDLE_FORMAT_H */
