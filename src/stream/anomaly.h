/*-------------------------------------------------------------------------
 *
 * anomaly.h
 *		Labelled anomalies in a stream over a generated table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ANOMALY_H
#define SPINDLE_ANOMALY_H

#include "datatype/timestamp.h"

#include "gen/eval.h"

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
	int64		value;			/* as generated; texts are compared by content */
} SpindleAnomalyValue;

/* What the user asked for, checked against the table. */
typedef struct SpindleAnomalySpec
{
	SpindleAnomalyKind kind;
	char	   *name;
	char	   *label;			/* kind:name */
	int			column;			/* that is changed */
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
} SpindleAnomalySpec;

/* Some events of a stream in event-time order: what anomalies work on. */
typedef struct SpindleStreamRows
{
	int			n;
	int64		row[SPINDLE_BATCH_ROWS];
	int			moved_by[SPINDLE_BATCH_ROWS];	/* collective anomaly, or -1 */
	Timestamp	moved_to[SPINDLE_BATCH_ROWS];	/* the new time, if moved */
} SpindleStreamRows;

/* Fetch the next rows; false at the end, after which they start anew. */
typedef bool (*SpindleNextRows) (void *arg, SpindleStreamRows *rows);

typedef struct SpindleAnomalies SpindleAnomalies;

extern SpindleAnomalies *spindle_anomalies_create(SpindleInstance *instance, int table,
												  const SpindleAnomalySpec *spec, int n,
												  SpindleEval *eval, MemoryContext context);
extern SpindleKey spindle_anomaly_key(const SpindleInstance *instance, int table,
									  const SpindleAnomalySpec *spec, int number);
extern void spindle_anomalies_count(SpindleAnomalies *anomalies, int64 nevents,
									SpindleNextRows next_rows, void *arg);
extern void spindle_anomalies_apply(SpindleAnomalies *anomalies, const SpindleStreamRows *rows);
extern const SpindleVector *spindle_anomalies_vector(const SpindleAnomalies *anomalies, int column);
extern const char *spindle_anomalies_label(const SpindleAnomalies *anomalies, int i);

#endif							/* SPINDLE_ANOMALY_H */
