/*-------------------------------------------------------------------------
 *
 * formatter.h
 *		What the files of this room share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FORMATTER_H
#define SPINDLE_FORMATTER_H

#include "format/format.h"
#include "model/json_value.h"

/* Microseconds and days from 1970-01-01 to 2000-01-01. */
#define UNIX_EPOCH_DAYS		((int64) POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)
#define UNIX_EPOCH_USECS	(UNIX_EPOCH_DAYS * USECS_PER_DAY)

/* Of a table whose definition names no schema, and of the topics. */
#define DEFAULT_SCHEMA		"public"
#define SOURCE_NAME			"spindle"

/*
 * A format.  change appends a message of its own for each change, or what there
 * is to append, and calls back behind each message.
 */
struct SpindleFormat
{
	const char *name;
	bool		has_key;		/* messages have a key, so can have tombstones
								 * and a separator */
	bool		has_metadata;	/* can tell of transactions */
	unsigned	before;			/* bits 1 << SpindleBefore: what it can tell */

	/* what is the same for all messages of a table, allocated once */
	void		(*prepare) (SpindleFormatter *formatter, const SpindleChangeTable *table);
	void		(*change) (SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages);
	bool		is_executed;	/* messages are statements */
};

/* What a formatter keeps of a table. */
typedef struct FormatTable
{
	const SpindleChangeTable *table;	/* NULL until its first change */
	const char *schema;			/* its schema in SQL, UTF-8, */
	const char *schema_json;	/* and as a JSON string */
	const char *name_json;		/* the same of its name */
	int			in_transaction; /* changes of the present transaction */
	int			identity;		/* columns that the old row is told by ... */
	int		   *identity_column;	/* ... if it is by its key */

	/* of the format's own use: constant pieces of messages */
	const char *text[4];
	const char **column_text;	/* one per column, if the format needs it */
	struct SpindleJsonWriter *writer;	/* of rows, if it is not that of events */
	int			source_len;		/* bytes of a piece that all messages have */
	int			size;			/* bytes of a message without its rows, at most */
} FormatTable;

/*
 * Times and positions of a message as digits, of which transactions have the same and
 * messages several.
 */
typedef struct FormatDigits
{
	bool		is_set;
	int64		usecs;			/* since 1970 */
	int			ms_len;
	char		ms[MAX_SCALAR]; /* in milliseconds */
	int			fine_len;
	char		fine[MAX_SCALAR];	/* "ts_us":...,"ts_ns":... */
	uint64		position;
	int			position_len;
	char		position_text[MAX_SCALAR];
} FormatDigits;

struct SpindleFormatter
{
	const SpindleFormat *format;
	SpindleFormatOptions options;
	const SpindleDomain *domain;
	const char *database_json;	/* the domain's name, as a JSON string, */
	const char *database_text;	/* and in a piece of the format's own use, */
	int			database_len;	/* which has so many bytes */
	FormatTable *tables;		/* per table of the domain */
	StringInfoData pending;		/* of a message that is not complete */
	StringInfoData scratch;		/* of one value */
	JsonTimes	times;			/* what was written last */
	FormatDigits digits;
	MemoryContext context;		/* of all this */
	MemoryContext per_change;	/* reset after each */
};

/* formatter.c */
extern const char *spindle_formatter_quote(const char *text);
extern void spindle_formatter_key(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out);

/* The row that a change is about: as it is then, or was if it is deleted. */
static inline const SpindleImage *
change_image(const SpindleChange *change)
{
	return change->after ? change->after : change->before;
}

/*
 * The time of a change in microseconds since 1970; of a row that is there from the
 * start, the first day of the domain's range.
 */
static inline int64
change_usecs(const SpindleFormatter *formatter, const SpindleChange *change)
{
	Timestamp	time = change->has_time ? change->event_time : formatter->domain->first_day * USECS_PER_DAY;

	return time + UNIX_EPOCH_USECS;
}

/* Digits of a numeric with precision, in all. */
static inline int
decimal_precision(const SpindleType *type)
{
	return ((type->typmod - VARHDRSZ) >> 16) & 0xFFFF;
}

/* Microseconds as units of so many, rounded down also before 1970. */
static inline int64
floor_to(int64 usecs, int64 unit)
{
	return usecs >= 0 ? usecs / unit : -((unit - 1 - usecs) / unit);
}

/* Append a constant string; its length is known when this is compiled. */
#define append_constant(out, string) appendBinaryStringInfo(out, string, sizeof(string) - 1)

/* value.c */
extern void spindle_format_text(SpindleFormatter *formatter, const SpindleType *type, int64 value, bool has_zone,
								StringInfo out);
extern void spindle_format_string(SpindleFormatter *formatter, const SpindleType *type, int64 value, bool has_zone,
								  StringInfo out);
extern void spindle_format_literal(SpindleFormatter *formatter, const SpindleImage *image, int column,
								   StringInfo out);
extern bool spindle_format_is_plain(const SpindleType *type, int64 value);
extern void spindle_format_time(SpindleFormatter *formatter, Timestamp time, StringInfo out);
extern void spindle_format_unscaled(const SpindleType *type, int64 value, int *scale, StringInfo out);

/* debezium.c */
extern void spindle_debezium_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table);
extern void spindle_debezium_schema_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table);
extern void spindle_debezium_change(SpindleFormatter *formatter, const SpindleChange *change,
									SpindleMessages *messages);
extern void spindle_debezium_schema_change(SpindleFormatter *formatter, const SpindleChange *change,
										   SpindleMessages *messages);
extern void spindle_cloudevents_change(SpindleFormatter *formatter, const SpindleChange *change,
									   SpindleMessages *messages);

/* debezium_schema.c */
extern char *spindle_debezium_schema(const SpindleFormatter *formatter, const SpindleChangeTable *table);
extern char *spindle_debezium_key_schema(const SpindleFormatter *formatter, const SpindleChangeTable *table);
extern struct SpindleJsonWriter *spindle_debezium_writer(SpindleFormatter *formatter, const SpindleChangeTable *table,
														  bool is_precise);

/* wal2json.c */
extern void spindle_wal2json_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table);
extern void spindle_wal2json_change(SpindleFormatter *formatter, const SpindleChange *change,
									SpindleMessages *messages);
extern void spindle_wal2json_v1_change(SpindleFormatter *formatter, const SpindleChange *change,
									   SpindleMessages *messages);

/* mysql.c */
extern void spindle_maxwell_change(SpindleFormatter *formatter, const SpindleChange *change,
								   SpindleMessages *messages);
extern void spindle_canal_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table);
extern void spindle_canal_change(SpindleFormatter *formatter, const SpindleChange *change,
								 SpindleMessages *messages);

/* statement.c */
extern void spindle_statement_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table);
extern void spindle_statement_change(SpindleFormatter *formatter, const SpindleChange *change,
									 SpindleMessages *messages);

#endif							/* SPINDLE_FORMATTER_H */
