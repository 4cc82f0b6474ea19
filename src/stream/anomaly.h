/*-------------------------------------------------------------------------
 *
 * anomaly.h
 *		Labelled anomalies in a stream over a generated table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_ANOMALY_H
#define SPINDLE_ANOMALY_H

#include "gen/eval.h"

#define SPINDLE_MAX_ANOMALIES	100

typedef enum SpindleAnomalyKind
{
	SPINDLE_ANOMALY_POINT,
	SPINDLE_ANOMALY_CONTEXTUAL
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
} SpindleAnomalySpec;

typedef struct SpindleAnomalies SpindleAnomalies;

extern SpindleAnomalies *spindle_anomalies_create(SpindleInstance *instance, int table,
												  const SpindleAnomalySpec *spec, int n,
												  SpindleEval *eval, MemoryContext context);
extern void spindle_anomalies_count(SpindleAnomalies *anomalies, int64 nevents,
									int (*next_rows) (void *arg, int64 *rows), void *arg);
extern void spindle_anomalies_apply(SpindleAnomalies *anomalies, int n);
extern const SpindleVector *spindle_anomalies_vector(const SpindleAnomalies *anomalies, int column);
extern const char *spindle_anomalies_label(const SpindleAnomalies *anomalies, int i);

#endif							/* SPINDLE_ANOMALY_H */
