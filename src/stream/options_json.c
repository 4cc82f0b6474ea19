/*-------------------------------------------------------------------------
 *
 * options_json.c
 *		Stream arguments of type jsonb: burst windows, time patterns, anomalies.
 *
 * What the builder functions of SQL make is read here, or the same written by
 * hand, so nothing is taken on trust.  An optional member that is null counts
 * as absent.  Errors are those of json/reader.c: invalid_parameter_value,
 * with the path to the member.
 *
 * All texts are in UTF-8 from here on.  JSON trees and what is made of them
 * live in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "json/reader.h"
#include "stream/options.h"

/*
 * An argument as a JSON tree.  subject names it in errors, and is kept.
 * Raises program_limit_exceeded if it is nested too deep, and an encoding
 * error if the server's text has no form in UTF-8.
 */
static SpindleJson
read_argument(Datum jsonb, const char *subject)
{
	char	   *text = JsonbToCString(NULL, &DatumGetJsonbP(jsonb)->root, -1);
	char	   *utf8 = pg_server_to_any(text, (int) strlen(text), PG_UTF8);

	return spindle_json_parse(utf8, (int) strlen(utf8), subject);
}

/* Is a member there, and not null? */
static bool
has(const SpindleJson *node, const char *name)
{
	return spindle_json_has(node, name) &&
		!cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(node->value, name));
}

/*
 * A member as a number from min to max, both included; an error if it is
 * missing or another one.
 */
static double
number_member(const SpindleJson *node, const char *name, double min, double max)
{
	SpindleJson m = spindle_json_member(node, name);

	return spindle_json_number(&m, min, max);
}

/* The same for a whole number. */
static int64
int_member(const SpindleJson *node, const char *name, int64 min, int64 max)
{
	SpindleJson m = spindle_json_member(node, name);

	return spindle_json_int64(&m, min, max);
}

/*
 * Insist on an object, as the builder of an argument makes it; hint says how
 * it is made.
 */
static void
expect_built(const SpindleJson *node, const char *hint)
{
	if (!cJSON_IsObject(node->value))
		spindle_json_error(node, hint, "an object is needed.");
}

/*
 * The member of an object that has to be there, and not be null; hint says
 * what else the object needs.
 */
static SpindleJson
required_member(const SpindleJson *node, const char *name, const char *hint)
{
	if (!has(node, name))
		spindle_json_error(node, hint, "member \"%s\" is missing.", name);
	return spindle_json_member(node, name);
}

#define WINDOW_HINT \
	"A window has start_event and end_event, or start_offset_seconds and duration_seconds."

/*
 * Read a window into *window: by event numbers, 0 <= start_event < end_event,
 * or by seconds, an offset from 0 to 1e12 and a duration from 1e-6 to 1e12.
 * Exactly one of the two forms.  The multiplier is from 1e-6 to 1e6; without
 * one it is 2.
 */
static void
read_window(const SpindleJson *node, SpindleBurstWindow *window)
{
	static const char *const legal[] = {"start_event", "end_event", "start_offset_seconds",
	"duration_seconds", "multiplier", NULL};
	bool		by_time;

	memset(window, 0, sizeof(*window));
	expect_built(node, WINDOW_HINT);
	spindle_json_expect_object(node, legal);
	window->by_event = has(node, "start_event") || has(node, "end_event");
	by_time = has(node, "start_offset_seconds") || has(node, "duration_seconds");
	if (window->by_event == by_time)
		spindle_json_error(node, WINDOW_HINT, "exactly one of the two forms is needed.");
	(void) required_member(node, window->by_event ? "start_event" : "start_offset_seconds", WINDOW_HINT);
	(void) required_member(node, window->by_event ? "end_event" : "duration_seconds", WINDOW_HINT);
	if (window->by_event)
	{
		window->start_event = int_member(node, "start_event", 0, PG_INT64_MAX);
		window->end_event = int_member(node, "end_event", 0, PG_INT64_MAX);
		if (window->end_event <= window->start_event)
			spindle_json_error(node, NULL, "end_event " INT64_FORMAT " is not greater than start_event " INT64_FORMAT ".",
							   window->end_event, window->start_event);
	}
	else
	{
		window->start_offset = number_member(node, "start_offset_seconds", 0, 1e12);
		window->duration = number_member(node, "duration_seconds", 1e-6, 1e12);
	}
	window->multiplier = has(node, "multiplier") ? number_member(node, "multiplier", 1e-6, 1e6) : 2;
}

/*
 * spindle_json_burst_windows
 *		Read one window or an array of them, of at most SPINDLE_MAX_WINDOWS.
 *
 * Sets nwindows and window of the schedule; the array is palloc'd.  An empty
 * array is the same as no argument.
 */
void
spindle_json_burst_windows(Datum jsonb, SpindleScheduleSpec *schedule)
{
	SpindleJson document = read_argument(jsonb, "argument \"burst_windows\"");
	int			i = 0;
	const cJSON *item;

	if (!cJSON_IsArray(document.value))
	{
		schedule->nwindows = 1;
		schedule->window = palloc(sizeof(SpindleBurstWindow));
		read_window(&document, schedule->window);
		return;
	}
	schedule->nwindows = spindle_json_size(&document);
	if (schedule->nwindows > SPINDLE_MAX_WINDOWS)
		spindle_json_error(&document, NULL, "there can be at most %d windows.", SPINDLE_MAX_WINDOWS);
	schedule->window = palloc(sizeof(SpindleBurstWindow) * Max(schedule->nwindows, 1));
	cJSON_ArrayForEach(item, document.value)
	{
		SpindleJson node = spindle_json_child(&document, item, i);

		read_window(&node, &schedule->window[i++]);
	}
}

/* Hours from, to (inclusive) and their multiplier; then Saturday and Sunday. */
typedef struct PatternPreset
{
	const char *name;
	struct
	{
		int			from;
		int			to;
		double		multiplier;
	}			hours[8];
	double		saturday;
	double		sunday;
} PatternPreset;

static const PatternPreset pattern_presets[] = {
	{"business_hours",
		{{0, 7, 0.3}, {8, 11, 1.5}, {12, 14, 1.5}, {15, 17, 1.5}, {18, 18, 1.0}, {19, 20, 1.0}, {21, 22, 0.3},
	{23, 23, 0.3}}, 0.4, 0.2},
	{"retail_peak",
		{{0, 7, 0.4}, {8, 11, 0.4}, {12, 14, 1.2}, {15, 17, 0.4}, {18, 18, 0.4}, {19, 20, 2.0}, {21, 22, 2.0},
	{23, 23, 0.4}}, 1.5, 1.8},
};

/*
 * Multipliers by number, "0" to n - 1, n at most 24, each from 0 to 1e6;
 * those absent keep their values.
 */
static void
read_multipliers(const SpindleJson *document, const char *name, int n, double *multiplier)
{
	static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
	"11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23"};
	const char *legal[25];
	SpindleJson node;

	if (!has(document, name))
		return;
	node = spindle_json_member(document, name);
	for (int i = 0; i < n; i++)
		legal[i] = numbers[i];
	legal[n] = NULL;
	spindle_json_expect_object(&node, legal);
	for (int i = 0; i < n; i++)
		if (has(&node, numbers[i]))
			multiplier[i] = number_member(&node, numbers[i], 0, 1e6);
}

/*
 * spindle_json_time_pattern
 *		Read a pattern: {"preset": name, "hours": {"0": m, ...}, "weekdays":
 *		{"0": m, ...}}, or a string, which is the name of a preset.
 *
 * Hours and weekdays given replace those of the preset; others are 1.  Hours
 * are 0 to 23 in UTC, weekday 0 is Monday.  Sets has_pattern, hour and
 * weekday of the schedule, but not the clock.  A pattern that is 0 at all
 * hours of the week is refused: no event would ever arrive.
 */
void
spindle_json_time_pattern(Datum jsonb, SpindleScheduleSpec *schedule)
{
	static const char *const legal[] = {"preset", "hours", "weekdays", NULL};
	const char *names[lengthof(pattern_presets) + 1];
	SpindleJson document = read_argument(jsonb, "argument \"time_pattern\"");
	bool		any = false;
	const PatternPreset *preset = NULL;

	for (int i = 0; i < lengthof(pattern_presets); i++)
		names[i] = pattern_presets[i].name;
	names[lengthof(pattern_presets)] = NULL;
	if (cJSON_IsString(document.value))
		preset = &pattern_presets[spindle_json_choice(&document, names)];
	else
	{
		expect_built(&document, "Use the name of a preset, such as 'retail_peak', or spindle_time_pattern().");
		spindle_json_expect_object(&document, legal);
		if (has(&document, "preset"))
		{
			SpindleJson m = spindle_json_member(&document, "preset");

			preset = &pattern_presets[spindle_json_choice(&m, names)];
		}
	}

	schedule->has_pattern = true;
	for (int h = 0; h < 24; h++)
		schedule->hour[h] = 1;
	for (int d = 0; d < 7; d++)
		schedule->weekday[d] = 1;
	if (preset)
	{
		for (int i = 0; i < lengthof(preset->hours); i++)
			for (int h = preset->hours[i].from; h <= preset->hours[i].to; h++)
				schedule->hour[h] = preset->hours[i].multiplier;
		schedule->weekday[5] = preset->saturday;
		schedule->weekday[6] = preset->sunday;
	}
	if (cJSON_IsObject(document.value))
	{
		read_multipliers(&document, "hours", 24, schedule->hour);
		read_multipliers(&document, "weekdays", 7, schedule->weekday);
	}
	for (int d = 0; d < 7; d++)
		for (int h = 0; h < 24; h++)
			any |= schedule->weekday[d] * schedule->hour[h] > 0;
	if (!any)
		spindle_json_error(&document, NULL, "all hours of the week have the multiplier 0.");
}

/*
 * What stands behind the name of a feed's table and a point, or NULL if the
 * string does not begin so.
 */
static const char *
behind_table(const SpindleFeed *feed, const char *string)
{
	const char *names[] = {feed->name, feed->key};

	for (int i = 0; i < lengthof(names); i++)
	{
		size_t		len = strlen(names[i]);

		if (strncmp(string, names[i], len) == 0 && string[len] == '.')
			return string + len + 1;
	}
	return NULL;
}

/*
 * The number of a column that a string names; for several feeds as
 * table.column.
 *
 * If *feed is set, the column is one of its; else *feed gets the one that has
 * it.  A name that fits columns of several tables is an error that lists
 * them, and so is one that fits none.  A column whose own name has a dot is
 * found too.
 */
static int
column_member(const SpindleJson *node, const char *name, const SpindleStreamSource *source, SpindleFeed **feed)
{
	SpindleJson m = spindle_json_member(node, name);
	char	   *column_name = spindle_json_string(&m);
	SpindleFeed *only = *feed ? *feed : source->nfeeds == 1 ? source->feed[0] : NULL;
	int			column = -1;
	StringInfoData buf;

	initStringInfo(&buf);
	for (int f = 0; f < source->nfeeds; f++)
	{
		SpindleFeed *candidate = source->feed[f];
		const char *rest;
		int			c;

		if (only && candidate != only)
			continue;
		c = spindle_feed_find_column(candidate, column_name);
		if (c < 0 && (rest = behind_table(candidate, column_name)) != NULL)
			c = spindle_feed_find_column(candidate, rest);
		if (c < 0)
			continue;
		appendStringInfo(&buf, "%s%s.%s", buf.len ? ", " : "", candidate->name, column_name);
		if (column >= 0)
			spindle_json_error(&m, psprintf("Name one of them: %s.", buf.data),
							   "several tables have a column \"%s\".", column_name);
		column = c;
		*feed = candidate;
	}
	if (column >= 0)
		return column;
	if (only)
		spindle_json_error(&m, psprintf("Columns: %s.", spindle_feed_column_list(only)),
						   "column \"%s\" does not exist in %s.", column_name, only->subject);
	for (int f = 0; f < source->nfeeds; f++)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", source->feed[f]->name);
	spindle_json_error(&m, psprintf("Tables with event times: %s.", buf.data),
					   "column \"%s\" does not exist in any of the tables.", column_name);
}

/* Tell which value the input function of a type complains of. */
static void
value_context(void *arg)
{
	const SpindleJson *node = arg;

	errcontext("%s of %s", spindle_json_path(node), node->subject);
}

/* An array of 1 to 10000 values, not yet those of a column. */
static SpindleJson
array_member(const SpindleJson *node, const char *name)
{
	SpindleJson array = spindle_json_member(node, name);

	if (!cJSON_IsArray(array.value))
		spindle_json_error(&array, "Write them as '[\"x\", \"y\"]' or ARRAY['x', 'y'].", "an array of values is needed.");
	if (spindle_json_size(&array) < 1 || spindle_json_size(&array) > 10000)
		spindle_json_error(&array, NULL, "1 to 10000 values are needed.");
	return array;
}

/*
 * The same with values of a column's type, palloc'd; *n gets their number.
 *
 * The column's values must be comparable.  null is taken if with_null, and
 * else an error.  The type's own input decides what a value is; where it
 * raises an error, the context names the place.
 */
static SpindleAnomalyValue *
values_member(const SpindleJson *node, const char *name, SpindleFeed *feed, int column, bool with_null, int *n)
{
	SpindleJson array = array_member(node, name);
	SpindleAnomalyValue *values;
	int			i = 0;
	const cJSON *item;

	if (!feed->column[column].is_comparable)
		spindle_json_error(&array, NULL, "column \"%s\" has type %s, whose values cannot be compared.",
						   feed->column[column].name, feed->column[column].type_name);
	*n = spindle_json_size(&array);
	values = palloc0(sizeof(SpindleAnomalyValue) * *n);
	cJSON_ArrayForEach(item, array.value)
	{
		SpindleJson element = spindle_json_child(&array, item, i);
		SpindleAnomalyValue *value = &values[i++];
		ErrorContextCallback callback;
		bool		is_valid;
		char	   *text;

		value->is_null = cJSON_IsNull(item);
		if (value->is_null)
		{
			if (!with_null)
				spindle_json_error(&element, NULL, feed->column[column].is_nullable ?
								   "column \"%s\", the time of the event, cannot be made null." :
								   "column \"%s\" is never null.", feed->column[column].name);
			continue;
		}
		text = spindle_json_text(&element);
		callback.callback = value_context;
		callback.arg = &element;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		is_valid = feed->ops->parse(feed, column, text, &value->value);
		error_context_stack = callback.previous;
		if (!is_valid)
			spindle_json_error(&element, NULL, "\"%s\" is not a value of type %s.", text,
							   feed->column[column].type_name);
	}
	return values;
}

/*
 * The least and the largest multiplier, from 1e-9 to 1e15 and in this order:
 * an array of two numbers, which the builder makes of a numrange, too.
 */
static void
range_member(const SpindleJson *node, const char *name, double *low, double *high)
{
	const char *hint = "Write it as '[10, 50]' or numrange(10, 50).";
	SpindleJson range = spindle_json_member(node, name);
	SpindleJson bound;

	if (!cJSON_IsArray(range.value) || spindle_json_size(&range) != 2)
		spindle_json_error(&range, hint, "two numbers are needed, the least and the largest multiplier.");
	bound = spindle_json_child(&range, cJSON_GetArrayItem(range.value, 0), 0);
	*low = spindle_json_number(&bound, 1e-9, 1e15);
	bound = spindle_json_child(&range, cJSON_GetArrayItem(range.value, 1), 1);
	*high = spindle_json_number(&bound, 1e-9, 1e15);
	if (*low > *high)
		spindle_json_error(&range, hint, "the least multiplier %g is above the largest %g.", *low, *high);
}

/*
 * Read what a point anomaly has of its own; returns the feed whose column it
 * is.
 *
 * The column has to be a number and no key, as a changed key would break
 * references.
 */
static SpindleFeed *
read_point(const SpindleJson *node, const SpindleStreamSource *source, SpindleAnomalySpec *spec)
{
	static const char *const legal[] = {"type", "name", "column", "multiplier_range", "fraction", NULL};
	SpindleFeed *feed = NULL;
	const SpindleFeedColumn *column;

	spindle_json_expect_object(node, legal);
	spec->column = column_member(node, "column", source, &feed);
	column = &feed->column[spec->column];
	if (!column->is_number)
		spindle_json_error(node, "A numeric column is needed.", "column \"%s\" has type %s.", column->name,
						   column->type_name);
	if (column->is_key)
		spindle_json_error(node, "A column that is no key is needed.", "column \"%s\" is a key.", column->name);
	spec->low = 10;
	spec->high = 100;
	if (has(node, "multiplier_range"))
		range_member(node, "multiplier_range", &spec->low, &spec->high);
	return feed;
}

/*
 * The same for a contextual anomaly: both columns are of one feed.
 *
 * It may change the event time if that is a timestamp, but not make it null:
 * the event would lose its place.
 */
static SpindleFeed *
read_contextual(const SpindleJson *node, const SpindleStreamSource *source, SpindleAnomalySpec *spec)
{
	static const char *const legal[] = {"type", "name", "column", "condition_column", "normal_values",
	"anomalous_values", "fraction", NULL};
	SpindleFeed *feed = NULL;
	const SpindleFeedColumn *column;

	spindle_json_expect_object(node, legal);
	spec->column = column_member(node, "column", source, &feed);
	spec->condition = column_member(node, "condition_column", source, &feed);
	column = &feed->column[spec->column];
	spec->moves = feed->time_column == spec->column;
	if (spec->moves && !column->is_timestamp)
		spindle_json_error(node, "An event time that is changed must be a timestamp.",
						   "column \"%s\", the time of the event, has type %s.", column->name, column->type_name);
	spec->normal = values_member(node, "normal_values", feed, spec->condition, true, &spec->nnormal);
	spec->anomalous = values_member(node, "anomalous_values", feed, spec->column, column->is_nullable && !spec->moves,
									&spec->nanomalous);

	/*
	 * where the condition fixes the present value, we can tell that none
	 * differs
	 */
	if (spec->column == spec->condition)
	{
		bool		differs = false;

		for (int a = 0; a < spec->nanomalous; a++)
			for (int b = 0; b < spec->nnormal; b++)
				differs |= spindle_anomaly_value_differs(feed, spec->column, &spec->anomalous[a],
														 spec->normal[b].is_null, spec->normal[b].value);
		if (!differs)
			spindle_json_error(node, NULL, "no anomalous value differs from the normal ones.");
	}
	return feed;
}

/*
 * The same for a collective anomaly: the feed has an event time, and the
 * groups' type an order.
 */
static SpindleFeed *
read_collective(const SpindleJson *node, const SpindleStreamSource *source, SpindleAnomalySpec *spec)
{
	static const char *const legal[] = {"type", "name", "group_column", "timestamp_column", "window_seconds",
	"fraction", NULL};
	SpindleFeed *feed = NULL;

	spindle_json_expect_object(node, legal);
	spec->column = column_member(node, "timestamp_column", source, &feed);
	spec->group = column_member(node, "group_column", source, &feed);
	if (!feed->column[spec->column].is_timestamp)
		spindle_json_error(node, "A timestamp column is needed.", "column \"%s\" has type %s.",
						   feed->column[spec->column].name, feed->column[spec->column].type_name);
	if (!feed->column[spec->group].is_sortable)
		spindle_json_error(node, NULL, "column \"%s\" has type %s, whose values have no order.",
						   feed->column[spec->group].name, feed->column[spec->group].type_name);
	if (!feed->has_event_time)
		spindle_json_error(node, NULL, "%s has no event time.", feed->subject);
	spec->moves = true;
	spec->window_seconds = 600;
	if (has(node, "window_seconds"))
		spec->window_seconds = number_member(node, "window_seconds", 1e-6, 1e9);
	return feed;
}

/*
 * Read the anomaly of a number in the user's list of n, and give it to its
 * feed, whose array has room for all of the list.  Names need not differ.
 */
static void
read_anomaly(const SpindleJson *node, int number, int n, const SpindleStreamSource *source)
{
	static const char *const types[] = {"point", "contextual", "collective", NULL};
	static const double fractions[] = {0.01, 0.01, 0.005};
	SpindleAnomalySpec spec;
	SpindleFeed *feed;
	SpindleJson named = *node;
	SpindleJson m;

	memset(&spec, 0, sizeof(spec));
	spec.number = number;
	expect_built(node, "Use spindle_point_anomaly(), spindle_contextual_anomaly() or spindle_collective_anomaly(), or an object as they make it.");
	spindle_json_expect_object(node, NULL);
	m = required_member(node, "name", "Each anomaly has a name, which stands in its label.");
	spec.name = spindle_json_string(&m);
	if (spec.name[0] == '\0')
		spindle_json_error(&m, NULL, "a name is needed.");

	/* from here on, errors name the anomaly */
	named.subject = psprintf("anomaly \"%s\"", spec.name);
	m = required_member(&named, "type", "Types: point, contextual, collective.");
	spec.kind = spindle_json_choice(&m, types);
	spec.label = psprintf("%s:%s", types[spec.kind], spec.name);
	spec.fraction = fractions[spec.kind];
	if (has(&named, "fraction"))
		spec.fraction = number_member(&named, "fraction", 0, 1);
	if (spec.kind == SPINDLE_ANOMALY_POINT)
		feed = read_point(&named, source, &spec);
	else if (spec.kind == SPINDLE_ANOMALY_COLLECTIVE)
		feed = read_collective(&named, source, &spec);
	else
		feed = read_contextual(&named, source, &spec);
	if (feed->anomaly == NULL)
		feed->anomaly = palloc(sizeof(SpindleAnomalySpec) * n);
	feed->anomaly[feed->nanomalies++] = spec;
}

/*
 * spindle_json_anomalies
 *		Read one anomaly or an array of them, for the feeds of a source;
 *		returns how many.
 *
 * At most SPINDLE_MAX_ANOMALIES.  They are appended to the feeds' arrays,
 * which are palloc'd, in the order of the list; the number of each is its
 * place in the user's list, whatever its feed.  If one is wrong, those before
 * it have been appended.
 */
int
spindle_json_anomalies(Datum jsonb, const SpindleStreamSource *source)
{
	SpindleJson document = read_argument(jsonb, "argument \"anomalies\"");
	int			n = cJSON_IsArray(document.value) ? spindle_json_size(&document) : 1;
	int			i = 0;
	const cJSON *item;

	if (n > SPINDLE_MAX_ANOMALIES)
		spindle_json_error(&document, NULL, "there can be at most %d anomalies.", SPINDLE_MAX_ANOMALIES);
	if (!cJSON_IsArray(document.value))
	{
		read_anomaly(&document, 0, 1, source);
		return 1;
	}
	cJSON_ArrayForEach(item, document.value)
	{
		SpindleJson node = spindle_json_child(&document, item, i);

		read_anomaly(&node, i++, n, source);
	}
	return n;
}

/*
 * spindle_json_check_anomaly
 *		Raise an error if an anomaly is not what it can be for any source.
 *
 * For the builders, which know no source: so a mistake shows where it is
 * made.  name is that of the anomaly, in the server's encoding.  Columns, and
 * values of their types, are left to spindle_json_anomalies().
 */
void
spindle_json_check_anomaly(Datum jsonb, const char *name)
{
	static const char *const lists[] = {"normal_values", "anomalous_values"};
	SpindleJson document = read_argument(jsonb, psprintf("anomaly \"%s\"", name));
	double		low;
	double		high;

	if (name[0] == '\0')
		spindle_json_error(&document, NULL, "a name is needed.");
	if (has(&document, "fraction"))
		(void) number_member(&document, "fraction", 0, 1);
	if (has(&document, "multiplier_range"))
		range_member(&document, "multiplier_range", &low, &high);
	if (has(&document, "window_seconds"))
		(void) number_member(&document, "window_seconds", 1e-6, 1e9);
	for (int i = 0; i < lengthof(lists); i++)
		if (has(&document, lists[i]))
			(void) array_member(&document, lists[i]);
}
