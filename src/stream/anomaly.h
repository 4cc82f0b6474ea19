/*-------------------------------------------------------------------------
 *
 * anomaly.h
 *		Labelled anomalies among the events of a feed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ANOMALY_H
#define SPINDLE_ANOMALY_H

#include "stream/feed.h"

#define SPINDLE_MAX_ANOMALIES	100

typedef enum SpindleAnomalyKind
{
	SPINDLE_ANOMALY_POINT,
	SPINDLE_ANOMALY_CONTEXTUAL,
	SPINDLE_ANOMALY_COLLECTIVE
} SpindleAnomalyKind;

/* A value of a column, or NULL. */
typedef struct SpindleAnomalyValue
{
	bool		is_null;
	int64		value;			/* in the feed's representation */
} SpindleAnomalyValue;

/* What the user asked for, checked against the feed's columns. */
struct SpindleAnomalySpec
{
	SpindleAnomalyKind kind;
	char	   *name;
	char	   *label;			/* kind:name */
	int			number;			/* in the user's list */
	int			column;			/* that is changed */
	bool		moves;			/* its events in time, before others choose */
	double		fraction;		/* of the eligible events */
	double		low;			/* POINT: range of the multiplier */
	double		high;
	int			condition;		/* CONTEXTUAL: column that decides */
	int			nnormal;
	SpindleAnomalyValue *normal;
	int			nanomalous;
	SpindleAnomalyValue *anomalous;
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
