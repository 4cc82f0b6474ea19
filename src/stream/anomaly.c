/*-------------------------------------------------------------------------
 *
 * anomaly.c
 *		Labelled anomalies among the events of a feed.
 *
 * Anomalies are applied in the order in which they are listed; an event
 * carries at most one.  Each anomaly takes an exact number of its eligible
 * events, by selection sampling in one walk over the events in the order of
 * their times.  That needs the number of eligible events beforehand: for point
 * anomalies it follows from the number of events, for contextual ones a pass
 * over the feed reads the columns that decide.  Collective anomalies, and
 * contextual ones that change the event time, have moved their events before
 * (feed.c, collective.c); here these get their label.
 *
 * Which events are chosen, and the values they get, are functions of the seed,
 * the anomaly's position in the list and its name, and the event's position.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "stream/anomaly.h"

/*
 * Labels of the draws of an anomaly: to choose events, for the value that
 * they get, for the noise on it.
 */
#define LABEL_CHOICE	1
#define LABEL_VALUE		2
#define LABEL_NOISE		3

/*
 * One anomaly as it is applied: what does not change while events come, and
 * how far the walk over them is.
 */
typedef struct Anomaly
{
	const SpindleAnomalySpec *spec;
	SpindleKey	choice_key;
	SpindleKey	value_key;
	SpindleKey	noise_key;
	double		mean;			/* POINT: of the absolute values */
	int			column;			/* places among the anomalies' columns */
	int			condition;
	int64		eligible;		/* events in the whole stream */
	int64		wanted;			/* of them, to be changed */

	/* of the present walk */
	int64		seen;
	int64		chosen;
} Anomaly;

struct SpindleAnomalies
{
	SpindleFeed *feed;
	int			n;
	Anomaly    *anomaly;
	int			ncolumns;		/* that some anomaly reads or changes */
	int		   *column;
};

/*
 * spindle_anomaly_key
 *		The key of an anomaly's draws.
 *
 * It follows from the feed's seed and label, the anomaly's kind and name, and
 * its place in the list.  So two entries that are the same draw differently,
 * and an anomaly that changes its place chooses other events.
 */
SpindleKey
spindle_anomaly_key(const SpindleFeed *feed, const SpindleAnomalySpec *spec)
{
	return spindle_key_derive(feed->root,
							  spindle_mix(feed->label ^ spindle_label(spec->label)) + spec->number);
}

/*
 * spindle_anomaly_share
 *		How many of some eligible events or groups an anomaly takes.
 *
 * It is the fraction (0 to 1), cut to a whole number, but at least one unless
 * nothing is eligible or the fraction is 0.  100 * 0.29 is 28.999999999999996
 * as a double, and 29 are meant; so a billionth is added before the cut.
 */
int64
spindle_anomaly_share(int64 eligible, double fraction)
{
	if (eligible <= 0 || fraction <= 0)
		return 0;

	/* a fraction such as 0.29 is a hair below its decimal value */
	return Min(eligible, Max(1, (int64) floor((double) eligible * fraction + 1e-9)));
}

/*
 * spindle_anomaly_value_differs
 *		Is a value of a column another one than what an anomaly lists?
 *
 * NULL equals NULL and differs from all else; value has no meaning if
 * is_null.  Which values are equal is the feed's business: for a relation the
 * operator of the column's type decides, and may raise errors of its own.
 * The column is one whose values can be compared, which the reader of the
 * list has checked.
 */
bool
spindle_anomaly_value_differs(SpindleFeed *feed, int column, const SpindleAnomalyValue *a,
							  bool is_null, int64 value)
{
	if (a->is_null || is_null)
		return a->is_null != is_null;
	return !feed->ops->equal(feed, column, a->value, value);
}

/*
 * The place of a column among those of the anomalies, where it is put if it
 * is new.  The array has room for two columns per anomaly, and no anomaly
 * reads more.
 */
static int
place_of_column(SpindleAnomalies *anomalies, int column)
{
	for (int i = 0; i < anomalies->ncolumns; i++)
		if (anomalies->column[i] == column)
			return i;
	anomalies->column[anomalies->ncolumns] = column;
	return anomalies->ncolumns++;
}

/*
 * spindle_anomalies_columns
 *		The columns whose values spindle_anomalies_apply() reads and
 *		changes.
 *
 * Returns how many, at most 2 * SPINDLE_MAX_ANOMALIES, and their numbers in
 * *columns, an array that stays the anomalies' own.  Each is there once,
 * whatever the number of anomalies that read it.
 */
int
spindle_anomalies_columns(const SpindleAnomalies *anomalies, const int **columns)
{
	*columns = anomalies->column;
	return anomalies->ncolumns;
}

/*
 * spindle_anomaly_is_eligible
 *		May a point or contextual anomaly take an event that no other one
 *		has?
 *
 * The last arguments are its values of the columns condition and column; a
 * point anomaly has no use for them.  A contextual one takes an event whose
 * condition is among its normal values, and for which it has a value that
 * differs from the present one.  The time that takes grows with its lists.
 */
bool
spindle_anomaly_is_eligible(SpindleFeed *feed, const SpindleAnomalySpec *spec,
							bool condition_is_null, int64 condition, bool is_null, int64 value)
{
	bool		is_normal = false;

	if (spec->kind == SPINDLE_ANOMALY_POINT)
		return true;
	for (int v = 0; v < spec->nnormal && !is_normal; v++)
		is_normal = !spindle_anomaly_value_differs(feed, spec->condition, &spec->normal[v],
												   condition_is_null, condition);
	if (!is_normal)
		return false;

	/* there must be a value to change to */
	for (int v = 0; v < spec->nanomalous; v++)
		if (spindle_anomaly_value_differs(feed, spec->column, &spec->anomalous[v], is_null, value))
			return true;
	return false;
}

/* The same, with the values of the anomalies' columns. */
static bool
is_eligible(const SpindleAnomalies *anomalies, const Anomaly *anomaly, const int64 *value, const bool *is_null)
{
	return spindle_anomaly_is_eligible(anomalies->feed, anomaly->spec, is_null[anomaly->condition],
									   value[anomaly->condition], is_null[anomaly->column], value[anomaly->column]);
}

/*
 * Decide on an eligible event: selection sampling (Knuth, TAOCP vol. 2,
 * 3.4.2, algorithm S).
 *
 * Of the events that are still to come, eligible - seen, so many are taken
 * that it will be the wanted number in the end, whatever was drawn.  Must be
 * called for each eligible event, once; the draw belongs to the event's
 * number among them.
 */
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

/*
 * spindle_anomalies_rewind
 *		Begin with the first event of the feed again.
 *
 * Nothing is counted anew, and the decisions will be the same.
 */
void
spindle_anomalies_rewind(SpindleAnomalies *anomalies)
{
	for (int a = 0; a < anomalies->n; a++)
		anomalies->anomaly[a].seen = anomalies->anomaly[a].chosen = 0;
}

/*
 * One pass over the feed that counts the eligible events of anomaly number
 * last, with those before it applied.
 *
 * It does not change values: whether an anomaly takes an event depends on
 * values only as they were, since an event that has been changed is out of
 * reach for all later ones.  Leaves the anomalies where the pass ends.
 */
static int64
count_eligible(SpindleAnomalies *anomalies, int last)
{
	SpindleFeed *feed = anomalies->feed;
	SpindlePassEvent event;
	int64		eligible = 0;

	spindle_anomalies_rewind(anomalies);
	feed->ops->begin_pass(feed, anomalies->column, anomalies->ncolumns, false);
	while (feed->ops->next_in_pass(feed, &event))
	{
		bool		taken = false;

		for (int a = 0; a <= last && !taken; a++)
		{
			Anomaly    *anomaly = &anomalies->anomaly[a];

			if (anomaly->spec->moves)
				taken = event.moved_by == a;
			else if (!is_eligible(anomalies, anomaly, event.value, event.is_null))
				continue;
			else if (a == last)
				eligible++;
			else
				taken = choose(anomaly);
		}
	}
	feed->ops->end_pass(feed);
	return eligible;
}

/*
 * Fix the number of events that each anomaly takes.
 *
 * The anomalies before one are needed for that, so they are taken in turn.
 * Each contextual anomaly costs a pass over the feed, and so does a point
 * anomaly behind one that moves events.
 */
static void
count_events(SpindleAnomalies *anomalies)
{
	int64		taken = 0;
	bool		is_known = true;	/* how many are taken, without a pass */

	for (int a = 0; a < anomalies->n; a++)
	{
		Anomaly    *anomaly = &anomalies->anomaly[a];

		if (anomaly->spec->moves)
		{
			/* some of the events that it moves may have an earlier label */
			is_known = false;
			continue;
		}
		if (anomaly->spec->kind == SPINDLE_ANOMALY_POINT && is_known)
			anomaly->eligible = anomalies->feed->nevents - taken;
		else
			anomaly->eligible = count_eligible(anomalies, a);
		anomaly->wanted = spindle_anomaly_share(anomaly->eligible, anomaly->spec->fraction);
		taken += anomaly->wanted;
	}
	spindle_anomalies_rewind(anomalies);
}

/*
 * spindle_anomalies_create
 *		Prepare the anomalies of a feed, in the current memory context.
 *
 * The feed's number of events is final, and its groups have been moved.  The
 * specs of the feed are used, not copied.  Takes the mean of the columns of
 * point anomalies, where 1 stands for a mean of 0 or of no value, and may
 * pass over the feed several times; errors are those of computing or reading
 * its rows.
 */
SpindleAnomalies *
spindle_anomalies_create(SpindleFeed *feed)
{
	SpindleAnomalies *anomalies = palloc0(sizeof(SpindleAnomalies));

	anomalies->feed = feed;
	anomalies->n = feed->nanomalies;
	anomalies->anomaly = palloc0(sizeof(Anomaly) * anomalies->n);
	anomalies->column = palloc(sizeof(int) * anomalies->n * 2);
	for (int a = 0; a < anomalies->n; a++)
	{
		const SpindleAnomalySpec *spec = &feed->anomaly[a];
		Anomaly    *anomaly = &anomalies->anomaly[a];
		SpindleKey	key = spindle_anomaly_key(feed, spec);

		anomaly->spec = spec;
		anomaly->choice_key = spindle_key_derive(key, LABEL_CHOICE);
		anomaly->value_key = spindle_key_derive(key, LABEL_VALUE);
		anomaly->noise_key = spindle_key_derive(key, LABEL_NOISE);
		anomaly->column = place_of_column(anomalies, spec->column);
		if (spec->kind == SPINDLE_ANOMALY_POINT)
		{
			anomaly->mean = feed->ops->mean(feed, spec->column);
			if (!(anomaly->mean > 0))
				anomaly->mean = 1.0;
		}
		else if (spec->kind == SPINDLE_ANOMALY_CONTEXTUAL)
			anomaly->condition = place_of_column(anomalies, spec->condition);
	}
	count_events(anomalies);
	return anomalies;
}

/*
 * The number that a point anomaly puts in place of another, for the event
 * that it chose last: the mean, times a uniform choice from its range, times
 * one from 0.8 to 1.2.  With a mean of 50 and the default range of 10 to 100
 * it is from 400 to 6000.  Always positive.
 */
static double
point_number(const Anomaly *anomaly)
{
	uint64		counter = anomaly->seen - 1;

	return anomaly->mean *
		(anomaly->spec->low + (anomaly->spec->high - anomaly->spec->low) *
		 spindle_fraction(spindle_draw(anomaly->value_key, counter))) *
		(0.8 + 0.4 * spindle_fraction(spindle_draw(anomaly->noise_key, counter)));
}

/*
 * spindle_anomaly_choose_value
 *		A uniform choice among the values that differ from the present one.
 *
 * There has to be one, as spindle_anomaly_is_eligible() has said; draw is 64
 * uniform bits.  The result is an entry of the spec.  A value that is listed
 * twice is twice as likely.
 */
const SpindleAnomalyValue *
spindle_anomaly_choose_value(SpindleFeed *feed, const SpindleAnomalySpec *spec, uint64 draw, bool is_null, int64 value)
{
	int			differing = 0;
	int			pick;

	for (int v = 0; v < spec->nanomalous; v++)
		differing += spindle_anomaly_value_differs(feed, spec->column, &spec->anomalous[v], is_null, value);
	pick = (int) spindle_below(draw, differing);
	for (int v = 0;; v++)
		if (spindle_anomaly_value_differs(feed, spec->column, &spec->anomalous[v], is_null, value) && pick-- == 0)
			return &spec->anomalous[v];
}

/*
 * spindle_anomalies_apply
 *		Decide on the next event of the feed, and change it.
 *
 * moved_by is the anomaly that gave it the time moved_to, in microseconds
 * since 2000-01-01 UTC, or -1.  value and is_null are those of the anomalies'
 * columns, and are changed in place; changed gets the places among them of
 * the column that moved and of the one that was changed, or -1.
 *
 * Returns the label of the anomaly in UTF-8, which lives as long as its spec,
 * or NULL if the event is normal.  The label is that of the first anomaly in
 * the list that has the event: one that was moved may have been taken by a
 * value anomaly that stands before.  A new value lives until the feed's next
 * event, or as long as the spec if it was listed there.
 */
const char *
spindle_anomalies_apply(SpindleAnomalies *anomalies, int moved_by, Timestamp moved_to,
						int64 *value, bool *is_null, int changed[2])
{
	SpindleFeed *feed = anomalies->feed;
	const char *label = NULL;

	changed[0] = changed[1] = -1;
	if (moved_by >= 0)
	{
		changed[0] = anomalies->anomaly[moved_by].column;
		value[changed[0]] = moved_to;
		is_null[changed[0]] = false;
	}
	for (int a = 0; a < anomalies->n && label == NULL; a++)
	{
		Anomaly    *anomaly = &anomalies->anomaly[a];
		int			column;

		if (anomaly->spec->moves)
		{
			if (moved_by == a)
				label = anomaly->spec->label;
			continue;
		}
		if (anomaly->chosen == anomaly->wanted && anomaly->spec->kind == SPINDLE_ANOMALY_CONTEXTUAL)
			continue;
		if (!is_eligible(anomalies, anomaly, value, is_null) || !choose(anomaly))
			continue;
		label = anomaly->spec->label;
		column = changed[1] = anomaly->column;
		if (anomaly->spec->kind == SPINDLE_ANOMALY_POINT)
		{
			value[column] = feed->ops->from_number(feed, anomaly->spec->column, point_number(anomaly),
												   value[column], is_null[column]);
			is_null[column] = false;
		}
		else
		{
			const SpindleAnomalyValue *other =
			spindle_anomaly_choose_value(feed, anomaly->spec, spindle_draw(anomaly->value_key, anomaly->seen - 1),
										 is_null[column], value[column]);

			value[column] = other->value;
			is_null[column] = other->is_null;
		}
	}
	return label;
}

/*
 * spindle_anomalies_skip
 *		Decide on the next n events without looking at them.
 *
 * Only where spindle_feed_can_skip() says so: all anomalies are point
 * anomalies, for which every event is eligible.  Costs up to a draw per event
 * and anomaly.
 */
void
spindle_anomalies_skip(SpindleAnomalies *anomalies, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		for (int a = 0; a < anomalies->n; a++)
			if (choose(&anomalies->anomaly[a]))
				break;
	}
}
