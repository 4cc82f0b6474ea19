/*-------------------------------------------------------------------------
 *
 * change.h
 *		The changes of generated tables, in the order of their times.
 *
 * A row is inserted at a moment, may change, and may be deleted; what it is at a
 * time is a function of its number and the time (gen/).  A change stream is the
 * list of all moments at which a row of a domain, or of one table, differs from
 * what it was a microsecond before.  Whoever applies it to empty tables has,
 * after the changes up to T, the tables as they are at T.
 *
 * Changes that belong together are a transaction: those of one microsecond that
 * belong to one row at the top, an order with its lines.  All references hold
 * between transactions, and inside of one parents are inserted before their
 * children and deleted behind them.
 *
 * Times are microseconds since 2000-01-01 UTC.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_CHANGE_H
#define SPINDLE_CHANGE_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#include "gen/datum.h"
#include "gen/instance.h"
#include "stream/schedule.h"

/*
 * Places of transactions in a stream: the microsecond since the first day of the
 * domain's range, and within that the number of the transaction, from 1.  What
 * is there before the stream begins has number 0 of its first microsecond, or,
 * where the stream begins at a time, the last number of that microsecond.  If
 * there are more roots in one microsecond than numbers, the rest is one
 * transaction.
 */
#define SPINDLE_POSITION_BITS	11
#define SPINDLE_POSITION_LAST	((1 << SPINDLE_POSITION_BITS) - 1)

/* Of what is the same for all images of a table. */
typedef struct SpindleChangeTable
{
	const SpindleTable *table;
	int			ncolumns;		/* those that are not hidden */
	const SpindleColumn *const *column; /* in the order of the definition */
	int			nkeys;			/* columns of the key that are not hidden, 0
								 * if it has none */
	const int  *key;			/* their places in column, in the order of the
								 * key */
	int			nversioned;		/* columns that updates can change, */
	const int  *versioned;		/* by their places in column, rising */
	struct SpindleJsonWriter *writer;	/* of values as JSON */
} SpindleChangeTable;

/*
 * A row at a time.  Values are in the representation of their columns' types
 * (model/type.h), by the place in table->column; one that is NULL has no
 * meaning.
 */
typedef struct SpindleImage
{
	const SpindleChangeTable *table;
	int64		row;			/* from 0 */
	const int64 *value;
	const bool *is_null;
} SpindleImage;

/* One change; valid, with all that it points to, until the next. */
typedef struct SpindleChange
{
	int64		delivery_seq;	/* from 0 */
	uint64		position;		/* of its transaction, an LSN */
	int			txn_seq;		/* from 1 within the transaction, */
	bool		txn_last;		/* which ends here */
	int			txn_changes;	/* how many it has, as txn_seq; known with the
								 * last only, else -1 */
	int			root_level;		/* the row at the top that it belongs to: that of
								 * its table, and ... */
	int64		root;			/* ... its number; of 'r' the row itself, and of no
								 * meaning in a transaction with the last number
								 * of a microsecond, which may be of several */
	char		op;				/* 'r' is there from the start, 'c' inserted,
								 * 'u' updated, 'd' deleted */
	int			table;			/* in the domain */
	int64		row;			/* from 0 */
	int			version;		/* from 1, rising by 1 with each insert and
								 * update of the row since its beginning */
	bool		has_time;		/* false for what is there from the start of
								 * time */
	Timestamp	event_time;		/* if has_time */
	double		arrival;		/* seconds from the start of the stream; all
								 * of a transaction have the same */
	bool		is_late;		/* a later transaction was delivered before */
	const SpindleImage *before; /* of 'u' and 'd', else NULL */
	const SpindleImage *after;	/* NULL of 'd' */
	const bool *changed;		/* of 'u': per column, if before and after
								 * differ; else NULL */
} SpindleChange;

/* What is asked for; checked by whoever fills it. */
typedef struct SpindleChangeOptions
{
	int			table;			/* of this one only; -1: all of the domain */
	const char *profile;		/* of deletes, one that the domain has, or
								 * NULL */
	Timestamp	from_time;		/* behind this time; DT_NOBEGIN: from the
								 * start */
	Timestamp	to_time;		/* up to this time, inclusive; DT_NOEND: all */
	bool		has_after_position; /* behind this position; */
	uint64		after_position; /* nothing initial then */
	bool		include_initial;	/* begin with the rows that are there at
									 * from_time, as 'r' */
	int64		max_changes;	/* -1: all; a transaction may be cut */
	double		duration;		/* seconds of arrivals, negative: no limit */
	double		speed;			/* event time passes so many times faster than
								 * the clock, and tells the arrivals; 0: by
								 * the schedule, an arrival per transaction */
	SpindleScheduleSpec schedule;
	bool		has_clock_start;	/* else the first change's time */
} SpindleChangeOptions;

/* What will be asked of changes beside their images' values. */
typedef struct SpindleChangeNeeds
{
	bool		arrivals;		/* else 0, unless the duration is limited */
	bool		versions;		/* else 0 */
	bool		images;			/* else NULL, and so is changed */
	bool		realtime;		/* wait for none while others are computed */
} SpindleChangeNeeds;

typedef struct SpindleChanges SpindleChanges;

/* changes.c */
extern SpindleChanges *spindle_changes_open(SpindleInstance *instance, const SpindleChangeOptions *options,
											const SpindleChangeNeeds *needs, MemoryContext parent);
extern const SpindleChangeTable *spindle_changes_table(const SpindleChanges *changes, int table);
extern bool spindle_changes_next(SpindleChanges *changes, SpindleChange *change);
extern void spindle_changes_rewind(SpindleChanges *changes);
extern bool spindle_changes_begin_slice(SpindleChanges *changes, int64 slice, int64 *slices);
extern void spindle_changes_close(SpindleChanges *changes);
extern Timestamp spindle_change_start(const SpindleDomain *domain);
extern Timestamp spindle_change_time(const SpindleDomain *domain, uint64 position);

/* image.c: JSON is appended to out, in UTF-8 */
extern SpindleChangeTable *spindle_change_table_create(const SpindleTable *table);
extern bool spindle_image_differs(const SpindleImage *a, const SpindleImage *b, int column);
extern void spindle_image_write(const SpindleImage *image, StringInfo out);
extern void spindle_image_write_columns(const SpindleImage *image, const int *columns, int ncolumns,
										StringInfo out);
extern void spindle_image_write_value(const SpindleImage *image, int column, StringInfo out);
extern void spindle_image_datums(const SpindleImage *image, SpindleInput *inputs, Datum *values, bool *nulls);

#endif							/* SPINDLE_CHANGE_H */
