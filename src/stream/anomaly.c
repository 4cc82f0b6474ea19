/*-------------------------------------------------------------------------
 *
 * anomaly.c
 *		Labelled anomalies in a stream over a generated table.
 *
 * Anomalies are applied in the order in which they are listed; an event
 * carries at most one.  Each anomaly takes an exact number of its eligible
 * events, by selection sampling in one pass over the stream in event-time
 * order.  That needs the number of eligible events beforehand: for point
 * anomalies it follows from the number of events, for contextual ones the
 * columns that decide are computed in a pass of their own.  Collective anomalies
 * have moved their events before (collective.c); here they get their label.
 *
 * Which events are chosen, and the values they get, are functions of the seed,
 * the anomaly's position in the list and its name, and the event's position.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "stream/anomaly.h"

/* Rows over which the mean of a column is taken, at most. */
#define MEAN_ROWS	65536

/* Labels of the draws of an anomaly. */
#define LABEL_CHOICE	1
#define LABEL_VALUE		2
#define LABEL_NOISE		3

typedef struct Anomaly
{
	const SpindleAnomalySpec *spec;
	SpindleKey	choice_key;
	SpindleKey	value_key;
	SpindleKey	noise_key;
	double		mean;			/* POINT: of the absolute values */
	int			column_handle;	/* vectors in the stream's program */
	int			condition_handle;
	int			count_column;	/* the same in the counting program */
	int			count_condition;
	int64		eligible;		/* events in the whole stream */
	int64		wanted;			/* of them, to be changed */

	/* of the present pass */
	int64		seen;
	int64		chosen;
} Anomaly;

/* A column that some anomaly changes: its values of the batch, changed. */
typedef struct ChangedColumn
{
	int			column;
	int			handle;
	SpindleVector vector;
} ChangedColumn;

struct SpindleAnomalies
{
	SpindleInstance *instance;
	const SpindleTable *table;
	SpindleEval *eval;
	MemoryContext context;
	int			n;
	Anomaly    *anomaly;
	int			nchanged;
	ChangedColumn *changed;
	int		   *changed_of;		/* per anomaly */
	const char *label[SPINDLE_BATCH_ROWS];	/* of the batch; NULL if normal */
};

static bool
texts_equal(const SpindleText *a, const SpindleText *b)
{
	return a == b || (a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

static bool
values_equal(SpindleKind kind, const SpindleAnomalyValue *a, bool is_null, int64 value)
{
	if (a->is_null || is_null)
		return a->is_null && is_null;
	if (kind == SPINDLE_TEXT)
		return texts_equal((const SpindleText *) (intptr_t) a->value, (const SpindleText *) (intptr_t) value);
	return a->value == value;
}

/* A value of a vector as a number; the type is numeric. */
static double
vector_number(const SpindleType *type, int64 value)
{
	double		d;

	if (type->kind != SPINDLE_FLOAT)
		return (double) value / (double) spindle_power_of_ten(type->scale);
	memcpy(&d, &value, sizeof(d));
	return d;
}

/*
 * The mean of the absolute values of a column, over all rows of the table or,
 * if there are more than 65536, over so many evenly spaced ones.  1 if there
 * is none, or it is 0.
 */
static double
mean_of_column(SpindleAnomalies *anomalies, int column)
{
	const SpindleType *type = &anomalies->table->column[column].type;
	int64		nrows = anomalies->instance->nrows[anomalies->table->index];
	int64		n = Min(nrows, MEAN_ROWS);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle mean",
												  ALLOCSET_DEFAULT_SIZES);
	SpindleEval *eval = spindle_eval_create(anomalies->instance, anomalies->table->index, context);
	int			handle = spindle_eval_add_column(eval, column);
	double		sum = 0;
	int64		count = 0;

	for (int64 done = 0; done < n; done += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			m = (int) Min(SPINDLE_BATCH_ROWS, n - done);
		const SpindleVector *vector;

		for (int i = 0; i < m; i++)
			rows[i] = (int64) ((__int128) nrows * (done + i) / n);
		spindle_eval_run(eval, rows, m);
		vector = spindle_eval_vector(eval, handle);
		for (int i = 0; i < m; i++)
		{
			double		x = vector_number(type, vector->value[i]);

			if ((vector->is_null && vector->is_null[i]) || isnan(x) || isinf(x))
				continue;
			sum += fabs(x);
			count++;
		}
	}
	MemoryContextDelete(context);
	return count > 0 && sum > 0 ? sum / count : 1.0;
}

/* The place of a column among those that are changed. */
static int
changed_column(SpindleAnomalies *anomalies, int column)
{
	ChangedColumn *changed;

	for (int i = 0; i < anomalies->nchanged; i++)
		if (anomalies->changed[i].column == column)
			return i;
	changed = &anomalies->changed[anomalies->nchanged];
	changed->column = column;
	changed->handle = spindle_eval_add_column(anomalies->eval, column);
	changed->vector.value = palloc(sizeof(int64) * SPINDLE_BATCH_ROWS);
	changed->vector.is_null = palloc(SPINDLE_BATCH_ROWS);
	return anomalies->nchanged++;
}

/* The key of an anomaly's draws, by its place in the list and its name. */
SpindleKey
spindle_anomaly_key(const SpindleInstance *instance, int table, const SpindleAnomalySpec *spec, int number)
{
	return spindle_instance_key(instance, spindle_mix(instance->domain->table[table].label ^
													  spindle_label(spec->label)) + number);
}

/*
 * spindle_anomalies_create
 *		Prepare anomalies of a stream whose rows eval computes.
 *
 * Adds the columns concerned to eval.  Allocates in context; spec is kept.
 */
SpindleAnomalies *
spindle_anomalies_create(SpindleInstance *instance, int table, const SpindleAnomalySpec *spec, int n,
						 SpindleEval *eval, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleAnomalies *anomalies = palloc0(sizeof(SpindleAnomalies));

	anomalies->instance = instance;
	anomalies->table = &instance->domain->table[table];
	anomalies->eval = eval;
	anomalies->context = context;
	anomalies->n = n;
	anomalies->anomaly = palloc0(sizeof(Anomaly) * Max(n, 1));
	anomalies->changed = palloc0(sizeof(ChangedColumn) * Max(n, 1));
	anomalies->changed_of = palloc0(sizeof(int) * Max(n, 1));
	for (int a = 0; a < n; a++)
	{
		Anomaly    *anomaly = &anomalies->anomaly[a];
		SpindleKey	key = spindle_anomaly_key(instance, table, &spec[a], a);

		anomaly->spec = &spec[a];
		anomaly->choice_key = spindle_key_derive(key, LABEL_CHOICE);
		anomaly->value_key = spindle_key_derive(key, LABEL_VALUE);
		anomaly->noise_key = spindle_key_derive(key, LABEL_NOISE);
		anomalies->changed_of[a] = changed_column(anomalies, spec[a].column);
		anomaly->column_handle = anomalies->changed[anomalies->changed_of[a]].handle;
		if (spec[a].kind == SPINDLE_ANOMALY_POINT)
			anomaly->mean = mean_of_column(anomalies, spec[a].column);
		else if (spec[a].kind == SPINDLE_ANOMALY_CONTEXTUAL)
			anomaly->condition_handle = spindle_eval_add_column(eval, spec[a].condition);
	}
	MemoryContextSwitchTo(oldcontext);
	return anomalies;
}

/* Is an event that no earlier anomaly has taken eligible? */
static bool
is_eligible(const SpindleAnomalies *anomalies, const SpindleAnomalySpec *spec,
			const SpindleVector *condition, const SpindleVector *column, int i)
{
	SpindleKind kind;
	bool		is_normal = false;

	if (spec->kind == SPINDLE_ANOMALY_POINT)
		return true;
	kind = anomalies->table->column[spec->condition].type.kind;
	for (int v = 0; v < spec->nnormal && !is_normal; v++)
		is_normal = values_equal(kind, &spec->normal[v], condition->is_null && condition->is_null[i],
								 condition->value[i]);
	if (!is_normal)
		return false;

	/* there must be a value to change to */
	kind = anomalies->table->column[spec->column].type.kind;
	for (int v = 0; v < spec->nanomalous; v++)
		if (!values_equal(kind, &spec->anomalous[v], column->is_null && column->is_null[i], column->value[i]))
			return true;
	return false;
}

/* Decide on an eligible event: selection sampling. */
static bool
choose(Anomaly *anomaly)
{
	bool		chosen = spindle_below(spindle_draw(anomaly->choice_key, anomaly->seen),
									   anomaly->eligible - anomaly->seen) <
	(uint64) (anomaly->wanted - anomaly->chosen);

	anomaly->seen++;
	anomaly->chosen += chosen;
	return chosen;
}

static void
restart(SpindleAnomalies *anomalies)
{
	for (int a = 0; a < anomalies->n; a++)
		anomalies->anomaly[a].seen = anomalies->anomaly[a].chosen = 0;
}

/*
 * One pass over the stream that counts the eligible events of anomaly number
 * last, with those before it applied.
 */
static int64
count_eligible(SpindleAnomalies *anomalies, int last, SpindleNextRows next_rows, void *arg)
{
	MemoryContext context = AllocSetContextCreate(anomalies->context, "spindle anomaly count",
												  ALLOCSET_DEFAULT_SIZES);
	SpindleEval *eval = spindle_eval_create(anomalies->instance, anomalies->table->index, context);
	SpindleStreamRows *rows = palloc(sizeof(SpindleStreamRows));
	int64		eligible = 0;

	restart(anomalies);
	for (int a = 0; a <= last; a++)
	{
		Anomaly    *anomaly = &anomalies->anomaly[a];

		if (anomaly->spec->kind != SPINDLE_ANOMALY_CONTEXTUAL)
			continue;
		anomaly->count_column = spindle_eval_add_column(eval, anomaly->spec->column);
		anomaly->count_condition = spindle_eval_add_column(eval, anomaly->spec->condition);
	}
	while (next_rows(arg, rows))
	{
		spindle_eval_run(eval, rows->row, rows->n);
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < rows->n; i++)
		{
			bool		taken = false;

			for (int a = 0; a <= last && !taken; a++)
			{
				Anomaly    *anomaly = &anomalies->anomaly[a];
				bool		is_point = anomaly->spec->kind == SPINDLE_ANOMALY_POINT;

				if (anomaly->spec->kind == SPINDLE_ANOMALY_COLLECTIVE)
				{
					taken = rows->moved_by[i] == a;
					continue;
				}
				if (!is_eligible(anomalies, anomaly->spec,
								 is_point ? NULL : spindle_eval_vector(eval, anomaly->count_condition),
								 is_point ? NULL : spindle_eval_vector(eval, anomaly->count_column), i))
					continue;
				if (a == last)
					eligible++;
				else
					taken = choose(anomaly);
			}
		}
	}
	pfree(rows);
	MemoryContextDelete(context);
	return eligible;
}

/*
 * spindle_anomalies_count
 *		Fix the number of events that each anomaly takes, for a stream of
 *		nevents.
 *
 * next_rows gives the rows of the stream in event-time order.
 */
void
spindle_anomalies_count(SpindleAnomalies *anomalies, int64 nevents,
						SpindleNextRows next_rows, void *arg)
{
	int64		taken = 0;
	bool		is_known = true;	/* how many are taken, without a pass */

	for (int a = 0; a < anomalies->n; a++)
	{
		Anomaly    *anomaly = &anomalies->anomaly[a];

		if (anomaly->spec->kind == SPINDLE_ANOMALY_COLLECTIVE)
		{
			/* some of the events that it moves may have an earlier label */
			is_known = false;
			continue;
		}
		if (anomaly->spec->kind == SPINDLE_ANOMALY_POINT && is_known)
			anomaly->eligible = nevents - taken;
		else
			anomaly->eligible = count_eligible(anomalies, a, next_rows, arg);
		if (anomaly->eligible > 0 && anomaly->spec->fraction > 0)
			/* a fraction such as 0.29 is a hair below its decimal value */
			anomaly->wanted = Max(1, (int64) floor((double) anomaly->eligible * anomaly->spec->fraction + 1e-9));
		anomaly->wanted = Min(anomaly->wanted, anomaly->eligible);
		taken += anomaly->wanted;
	}
	restart(anomalies);
}

/* The value that a point anomaly puts in place of another. */
static int64
point_value(const SpindleAnomalies *anomalies, const Anomaly *anomaly)
{
	const SpindleType *type = &anomalies->table->column[anomaly->spec->column].type;
	uint64		counter = anomaly->seen - 1;
	double		x = anomaly->mean *
	(anomaly->spec->low + (anomaly->spec->high - anomaly->spec->low) *
	 spindle_fraction(spindle_draw(anomaly->value_key, counter))) *
	(0.8 + 0.4 * spindle_fraction(spindle_draw(anomaly->noise_key, counter)));
	int64		value;

	if (type->kind == SPINDLE_FLOAT)
	{
		memcpy(&value, &x, sizeof(x));
		return value;
	}
	x = floor(x * (double) spindle_power_of_ten(type->scale) + 0.5);
	return x >= (double) type->max ? type->max : (int64) x;
}

/* A uniform choice among the values that differ from the present one. */
static const SpindleAnomalyValue *
contextual_value(const SpindleAnomalies *anomalies, const Anomaly *anomaly, const SpindleVector *column, int i)
{
	const SpindleAnomalySpec *spec = anomaly->spec;
	SpindleKind kind = anomalies->table->column[spec->column].type.kind;
	int			differing = 0;
	int			pick;

	for (int v = 0; v < spec->nanomalous; v++)
		differing += !values_equal(kind, &spec->anomalous[v], column->is_null && column->is_null[i], column->value[i]);
	pick = (int) spindle_below(spindle_draw(anomaly->value_key, anomaly->seen - 1), differing);
	for (int v = 0;; v++)
		if (!values_equal(kind, &spec->anomalous[v], column->is_null && column->is_null[i], column->value[i]) &&
			pick-- == 0)
			return &spec->anomalous[v];
}

/*
 * spindle_anomalies_apply
 *		Choose and change events of the batch that the program has computed from
 *		rows, which follow on those of the batch before.
 */
void
spindle_anomalies_apply(SpindleAnomalies *anomalies, const SpindleStreamRows *rows)
{
	const int	n = rows->n;

	for (int c = 0; c < anomalies->nchanged; c++)
	{
		ChangedColumn *changed = &anomalies->changed[c];
		const SpindleVector *vector = spindle_eval_vector(anomalies->eval, changed->handle);

		memcpy(changed->vector.value, vector->value, sizeof(int64) * n);
		if (vector->is_null)
			memcpy(changed->vector.is_null, vector->is_null, n);
		else
			memset(changed->vector.is_null, false, n);
	}
	for (int i = 0; i < n; i++)
	{
		anomalies->label[i] = NULL;
		if (rows->moved_by[i] >= 0)
		{
			SpindleVector *moved = &anomalies->changed[anomalies->changed_of[rows->moved_by[i]]].vector;

			moved->value[i] = rows->moved_to[i];
		}
		for (int a = 0; a < anomalies->n && anomalies->label[i] == NULL; a++)
		{
			Anomaly    *anomaly = &anomalies->anomaly[a];
			const SpindleVector *column = spindle_eval_vector(anomalies->eval, anomaly->column_handle);
			SpindleVector *changed = &anomalies->changed[anomalies->changed_of[a]].vector;

			if (anomaly->spec->kind == SPINDLE_ANOMALY_COLLECTIVE)
			{
				if (rows->moved_by[i] == a)
					anomalies->label[i] = anomaly->spec->label;
				continue;
			}
			if (anomaly->chosen == anomaly->wanted && anomaly->spec->kind == SPINDLE_ANOMALY_CONTEXTUAL)
				continue;
			if (!is_eligible(anomalies, anomaly->spec,
							 anomaly->spec->kind == SPINDLE_ANOMALY_POINT ? NULL :
							 spindle_eval_vector(anomalies->eval, anomaly->condition_handle), column, i) ||
				!choose(anomaly))
				continue;
			anomalies->label[i] = anomaly->spec->label;
			if (anomaly->spec->kind == SPINDLE_ANOMALY_POINT)
			{
				changed->value[i] = point_value(anomalies, anomaly);
				changed->is_null[i] = false;
			}
			else
			{
				const SpindleAnomalyValue *value = contextual_value(anomalies, anomaly, column, i);

				changed->value[i] = value->value;
				changed->is_null[i] = value->is_null;
			}
		}
	}
}

/* The changed values of a column for the batch, or NULL if none changes it. */
const SpindleVector *
spindle_anomalies_vector(const SpindleAnomalies *anomalies, int column)
{
	for (int c = 0; c < anomalies->nchanged; c++)
		if (anomalies->changed[c].column == column)
			return &anomalies->changed[c].vector;
	return NULL;
}

/* The label of the i'th event of the batch, or NULL if it is normal. */
const char *
spindle_anomalies_label(const SpindleAnomalies *anomalies, int i)
{
	return anomalies->label[i];
}
