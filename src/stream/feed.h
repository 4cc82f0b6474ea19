/*-------------------------------------------------------------------------
 *
 * feed.h
 *		The events of one source, in the order of their times.
 *
 * A feed is where the events of a stream come from: a generated table
 * (table_feed.c) or a relation (relation_feed.c).  It knows the columns of its
 * rows, so that anomalies can be checked against them, gives the events in the
 * order of their times with anomalies applied, and writes the present one.
 *
 * A value of a column is 64 bits in a representation that only the feed knows;
 * others hand it back to the feed's functions.
 *
 * Times are microseconds since 2000-01-01 UTC.  Names of columns, and labels,
 * are in UTF-8, as JSON is; names of types and subjects are for messages, in
 * the server's encoding.  A feed has one reader: it has one present event, and
 * a pass over it begins and ends at its first one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FEED_H
#define SPINDLE_FEED_H

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#include "math/rng.h"

typedef struct SpindleFeed SpindleFeed;
typedef struct SpindleAnomalies SpindleAnomalies;
typedef struct SpindleAnomalySpec SpindleAnomalySpec;
typedef struct SpindleCollective SpindleCollective;

/* One event; valid until the next. */
typedef struct SpindleEvent
{
	/* set by the stream */
	int64		delivery_seq;	/* from 0, counting those left out */
	int64		seq;			/* position in event-time order */
	double		arrival;		/* seconds from the start of the stream, 0 if
								 * the stream was opened without */
	double		due;			/* the same from the last delivery left out */
	bool		is_late;		/* an event with a higher seq came before */
	int			slot;			/* that keeps it, -1 if it is the feed's
								 * present event */

	/* set by the feed */
	SpindleFeed *feed;
	int			index;			/* of the feed's own use */
	bool		has_time;
	Timestamp	time;			/* UTC */
	const char *label;			/* of its anomaly in UTF-8, or NULL */
} SpindleEvent;

/*
 * An event as a pass sees it: before anomalies change its values.  Valid
 * until the next one of the pass; its arrays have an entry for each column
 * that the pass asked for.
 */
typedef struct SpindlePassEvent
{
	int64		position;		/* before anything was moved */
	int64		row;			/* of a generated table */
	bool		has_time;		/* if the pass asked for times */
	Timestamp	time;
	int			moved_by;		/* collective anomaly, or -1 */
	int64	   *value;			/* of the columns of the pass, in its order */
	bool	   *is_null;
} SpindlePassEvent;

/*
 * A column of a feed, as far as the arguments of a stream may depend on it.
 * Hidden ones serve a definition to compute others, or have the name of a
 * field that events have anyway; users cannot name them.
 */
typedef struct SpindleFeedColumn
{
	const char *name;			/* UTF-8 */
	const char *key;			/* what a definition calls it, else NULL */
	const char *type_name;
	Oid			type;			/* of its values as Datums */
	int32		typmod;
	Oid			group_type;		/* of what group_value() gives */
	bool		is_hidden;		/* not part of the row */
	bool		is_number;
	bool		is_timestamp;
	bool		is_date;
	bool		is_comparable;	/* its values are equal or not */
	bool		is_sortable;	/* and have an order */
	bool		is_key;			/* or part of one, or refers to one */
	bool		is_nullable;
} SpindleFeedColumn;

/*
 * What is wanted of the events.  What is not asked for here, at
 * spindle_feed_open(), cannot be had later.
 */
typedef struct SpindleFeedNeeds
{
	bool		json;
	bool		datums;
	bool		times;			/* of events; implied by json */
	bool		label_fields;	/* in the JSON */
	bool		across_transactions;	/* the stream goes on after commits */
	int64		max_events;		/* more are never wanted; -1: all */
} SpindleFeedNeeds;

/*
 * What a feed can do; every function is there.  The values may be used once
 * the feed is created, and the mean, of a column that a point anomaly
 * changes, once it is open.  The rest follows in the order in which it
 * stands; feed.c leads through it.
 *
 * Errors are those of reading or computing the rows, at any step: a type's
 * functions may raise their own, and so may a view.  All loops can be
 * cancelled.
 */
typedef struct SpindleFeedOps
{
	/*
	 * Values.  parse makes one of a text in UTF-8, in the current memory
	 * context, and returns false, or raises an error, if the type does not
	 * accept it.  number is false for what is no finite number.  from_number
	 * rounds to the scale of the column, or of the present value, and stays
	 * within the type's range; its result lives until the next event.
	 */
	bool		(*parse) (SpindleFeed *feed, int column, const char *text, int64 *value);
	bool		(*equal) (SpindleFeed *feed, int column, int64 a, int64 b);
	int64		(*from_number) (SpindleFeed *feed, int column, double number, int64 present, bool is_null);
	Datum		(*group_value) (SpindleFeed *feed, int column, int64 value);

	/* mean of a column's absolute values over the whole source, 0 if none */
	double		(*mean) (SpindleFeed *feed, int column);

	/*
	 * Make events accessible; feed->nevents is then known, and may be lowered
	 * before the next step.
	 */
	void		(*open) (SpindleFeed *feed, const SpindleFeedNeeds *needs);

	/* walks over all events in their present order */
	void		(*begin_pass) (SpindleFeed *feed, const int *columns, int ncolumns, bool with_time);
	bool		(*next_in_pass) (SpindleFeed *feed, SpindlePassEvent *event);
	void		(*end_pass) (SpindleFeed *feed);

	/* let the moves of feed->collective take effect */
	void		(*move) (SpindleFeed *feed);

	/*
	 * Events in order, from the first one on whenever start is called.  skip leaves out the next n of them, if
	 * spindle_feed_can_skip().
	 */
	void		(*start) (SpindleFeed *feed);
	bool		(*next) (SpindleFeed *feed, SpindleEvent *event);
	void		(*skip) (SpindleFeed *feed, int64 n);

	/* the present event as a JSON object in UTF-8, or its columns as Datums */
	void		(*write) (SpindleFeed *feed, const SpindleEvent *event, StringInfo out);
	void		(*datums) (SpindleFeed *feed, const SpindleEvent *event, Datum *values, bool *nulls);

	void		(*close) (SpindleFeed *feed);
} SpindleFeedOps;

/*
 * What all feeds have; each kind has a structure of its own that begins with
 * it.  What it points to lives in the memory context that the feed was
 * created in, or that spindle_feed_start() was given.
 */
struct SpindleFeed
{
	const SpindleFeedOps *ops;

	/* set at creation */
	const char *key;			/* of the table, for draws: what a definition
								 * calls it, or its name */
	const char *name;			/* of the table in SQL, UTF-8 */
	const char *table_name;		/* the same in the server's encoding */
	text	   *table_text;		/* and as a value; NULL until first needed */
	const char *subject;		/* table "order" of ..., for errors */
	SpindleKey	root;			/* of all draws: of the seed, and the domain */
	uint64		label;			/* tells draws for this feed from others */
	int			ncolumns;
	SpindleFeedColumn *column;
	bool		has_event_time;
	int			time_column;	/* that is the event time, -1 if none is */
	bool		is_seekable;	/* before anything moves, an event is found
								 * without those before it */
	int			nanomalies;
	SpindleAnomalySpec *anomaly;

	/* set when the stream is opened */
	int64		nevents;		/* after the cut */
	SpindleAnomalies *anomalies;	/* NULL if there are none */
	int			ncollectives;	/* entries; NULL for other anomalies */
	SpindleCollective **collective;
	bool	   *reorders;		/* it moves the event time itself */
	int64		wanted_until;	/* events from this position on may not be
								 * wanted, so do not compute many ahead */
};

/* table_feed.c */
struct SpindleInstance;
extern SpindleFeed *spindle_table_feed_create(struct SpindleInstance *instance, int table,
											  const char *time_column, MemoryContext context);

extern SpindleFeed **spindle_table_feeds_of_domain(struct SpindleInstance *instance, int *n,
												   MemoryContext context);

/* relation_feed.c */
extern SpindleFeed *spindle_relation_feed_create(Oid relation, const char *time_column, int64 seed,
												 MemoryContext context);

/* feed.c */
extern int	spindle_feed_find_column(const SpindleFeed *feed, const char *name);
extern char *spindle_feed_column_list(const SpindleFeed *feed);
extern int	spindle_feed_time_column(const SpindleFeed *feed, const char *name);
extern void spindle_feed_open(SpindleFeed *feed, const SpindleFeedNeeds *needs);
extern bool spindle_feed_first_time(SpindleFeed *feed, Timestamp *time);
extern void spindle_feed_start(SpindleFeed *feed, bool across_transactions, MemoryContext context);
extern void spindle_feed_rewind(SpindleFeed *feed);
extern bool spindle_feed_can_skip(const SpindleFeed *feed);
extern int	spindle_feed_moved_by(SpindleFeed *feed, int64 position, Timestamp *moved_to);
extern void spindle_feed_close(SpindleFeed *feed);

#endif							/* SPINDLE_FEED_H */
