/*-------------------------------------------------------------------------
 *
 * anomaly.h
 *		Labelled anomalies among the events of a feed.
 *
 * What a user asks for is a SpindleAnomalySpec: options_json.c makes and
 * checks it, and puts it into an array of the feed whose column it changes.
 * From these spindle_feed_start() makes the feed's SpindleAnomalies, one
 * object that decides event by event.
 *
 * That object has to see every event of the feed once and in order, by
 * spindle_anomalies_apply() or spindle_anomalies_skip(): whether an event is
 * chosen depends on how many were eligible before it.
 * spindle_anomalies_rewind() begins anew, with the same decisions.
 *
 * The functions that take a spec alone serve feed.c as well, where anomalies
 * that change event times choose before the events have their final order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ANOMALY_H
#define SPINDLE_ANOMALY_H

#include "stream/feed.h"

/*
 * Anomalies of one stream.  Readers have arrays of two values for each on
 * their stacks.
 */
#define SPINDLE_MAX_ANOMALIES	100

/*
 * POINT: a number far from its column's mean.  CONTEXTUAL: a value that is
 * out of place beside the value of another column.  COLLECTIVE: all events of
 * a group within a short time.  In the order of the words that read_anomaly()
 * knows.
 */
typedef enum SpindleAnomalyKind
{
	SPINDLE_ANOMALY_POINT,
	SPINDLE_ANOMALY_CONTEXTUAL,
	SPINDLE_ANOMALY_COLLECTIVE
} SpindleAnomalyKind;

/*
 * A value of a column, or NULL.  What value points to, as a text, lives as
 * long as the spec.
 */
typedef struct SpindleAnomalyValue
{
	bool		is_null;
	int64		value;			/* in the feed's representation */
} SpindleAnomalyValue;

/*
 * What the user asked for, checked against the feed's columns.  Columns are
 * numbers of these, texts are in UTF-8.  All of it is allocated where the
 * arguments were read and lives as long as the feed.
 *
 * The ranges are those that the reader grants: a fraction from 0 to 1,
 * multipliers from 1e-9 to 1e15 with low <= high, a window from 1e-6 to 1e9
 * seconds, and 1 to 10000 values in each list.
 *
 * moves is set for COLLECTIVE, and for a CONTEXTUAL anomaly whose column is
 * the event time.  A collective one may move another timestamp than the event
 * time: the values change then, but not the order of the events.
 */
struct SpindleAnomalySpec
{
	SpindleAnomalyKind kind;
	char	   *name;
	char	   *label;			/* kind:name */
	int			number;			/* in the user's list, from 0 */
	int			column;			/* that is changed */
	bool		moves;			/* its events in time, before others choose */
	double		fraction;		/* of the eligible events */
	double		low;			/* POINT: range of the multiplier */
	double		high;
	int			condition;		/* CONTEXTUAL: column that decides */
	int			nnormal;
	SpindleAnomalyValue *normal;	/* of the condition column */
	int			nanomalous;
	SpindleAnomalyValue *anomalous; /* of the column that is changed */
	int			group;			/* COLLECTIVE: column whose values make groups */
	double		window_seconds;
};

extern SpindleKey spindle_anomaly_key(const SpindleFeed *feed, const SpindleAnomalySpec *spec);
extern int64 spindle_anomaly_share(int64 eligible, double fraction);
extern bool spindle_anomaly_value_differs(SpindleFeed *feed, int column, const SpindleAnomalyValue *a,
										  bool is_null, int64 value);

extern bool spindle_anomaly_is_eligible(SpindleFeed *feed, const SpindleAnomalySpec *spec,
										bool condition_is_null, int64 condition, bool is_null, int64 value);
extern const SpindleAnomalyValue *spindle_anomaly_choose_value(SpindleFeed *feed, const SpindleAnomalySpec *spec,
															   uint64 draw, bool is_null, int64 value);

extern SpindleAnomalies *spindle_anomalies_create(SpindleFeed *feed);
extern int	spindle_anomalies_columns(const SpindleAnomalies *anomalies, const int **columns);
extern const char *spindle_anomalies_apply(SpindleAnomalies *anomalies, int moved_by, Timestamp moved_to,
										   int64 *value, bool *is_null, int changed[2]);
extern void spindle_anomalies_rewind(SpindleAnomalies *anomalies);
extern void spindle_anomalies_skip(SpindleAnomalies *anomalies, int64 n);

#endif							/* SPINDLE_ANOMALY_H */
