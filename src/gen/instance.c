/*-------------------------------------------------------------------------
 *
 * instance.c
 *		A domain at one scale with one seed.
 *
 * An instance holds what follows from scale and seed but not from a row: row
 * counts, how children are laid out, the upper levels of timelines, profiles of
 * popularity, and for references to small tables the list of rows to choose
 * from.  All of it is a function of (seed, definition, scale), made when first
 * needed and bounded in size whatever the row counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/eval.h"
#include "gen/instance.h"

/* Open periods that are listed, over all stretches of time: 16 MB. */
#define MAX_OPEN	2000000

/* Days beyond any calendar, whose microseconds still fit 64 bits. */
#define MAX_DAY		INT64CONST(10000000)

static int64
count_rows(const SpindleInstance *instance, const SpindleTable *table)
{
	int64		parent;

	switch (table->rows_kind)
	{
		case SPINDLE_ROWS_PRESET:
			return instance->domain->preset[instance->preset].rows[table->index];
		case SPINDLE_ROWS_FIXED:
			return table->rows_count;
		case SPINDLE_ROWS_PER_YEAR:
			return table->rows_count * spindle_domain_years(instance->domain);
		default:
			parent = count_rows(instance, &instance->domain->table[table->rows_parent]);
			return (int64) ((__int128) parent * table->rows_numerator / table->rows_denominator);
	}
}

/*
 * spindle_instance_create
 *		The instance of a domain at a scale, given by its number, with a seed.
 *
 * It lives in a memory context of its own below the current one, and goes when
 * its context is deleted.  The domain has to stay as long.
 */
SpindleInstance *
spindle_instance_create(SpindleDomain *domain, int preset, int64 seed)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle instance",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleInstance *instance = palloc0(sizeof(SpindleInstance));

	instance->domain = domain;
	instance->preset = preset;
	instance->seed = seed;
	instance->context = context;
	instance->key = spindle_key_derive(spindle_key_seed((uint64) seed), spindle_label(domain->name));
	instance->nrows = palloc(sizeof(int64) * domain->ntables);
	instance->layout = palloc0(sizeof(SpindleLayout *) * domain->ntables);
	instance->rule_state = palloc0(sizeof(void *) * domain->nrules);
	for (int t = 0; t < domain->ntables; t++)
		instance->nrows[t] = count_rows(instance, &domain->table[t]);
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];

		if (table->rows_kind == SPINDLE_ROWS_CHILDREN)
			instance->layout[t] =
				spindle_layout_create(table->layout_kind,
									  spindle_instance_key(instance, spindle_mix(table->label)),
									  instance->nrows[table->rows_parent], table->rows_numerator,
									  table->rows_denominator, table->layout_min, table->layout_max,
									  table->layout_weights);
	}
	MemoryContextSwitchTo(oldcontext);
	return instance;
}

/*
 * spindle_instance_timeline
 *		The timeline of a column with an ordered time.
 */
SpindleTimeline *
spindle_instance_timeline(SpindleInstance *instance, int table, int column)
{
	const SpindleRule *rule = instance->domain->table[table].column[column].rule;

	Assert(rule->kind == SPINDLE_RULE_TIME && rule->time.ordered);
	if (instance->rule_state[rule->index] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(instance->context);

		instance->rule_state[rule->index] =
			spindle_timeline_create(rule->time.calendar, spindle_instance_key(instance, rule->label),
									instance->nrows[table], rule->time.first_at_start);
		MemoryContextSwitchTo(oldcontext);
	}
	return instance->rule_state[rule->index];
}

/* The rows of a small table that pass a test. */
static void
list_choices(SpindleInstance *instance, const SpindleRule *rule, SpindleReferenceState *state,
			 MemoryContext scratch)
{
	int			table = rule->reference.table;
	int64		nrows = instance->nrows[table];
	const SpindleTest *test = &rule->reference.where;
	SpindleEval *eval = spindle_eval_create(instance, table, scratch);
	int			handle = spindle_eval_add(eval, &test->ref);

	state->choice = palloc(sizeof(int64) * Max(nrows, 1));
	for (int64 first = 0; first < nrows; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			n = (int) Min(SPINDLE_BATCH_ROWS, nrows - first);
		const SpindleVector *v;

		for (int i = 0; i < n; i++)
			rows[i] = first + i;
		spindle_eval_run(eval, rows, n);
		v = spindle_eval_vector(eval, handle);
		for (int i = 0; i < n; i++)
		{
			bool		is_null = v->is_null && v->is_null[i];
			bool		pass = false;

			switch (test->kind)
			{
				case SPINDLE_TEST_NULL:
					pass = is_null;
					break;
				case SPINDLE_TEST_NOT_NULL:
					pass = !is_null;
					break;
				case SPINDLE_TEST_LESS:
					pass = !is_null && v->value[i] < test->value[0];
					break;
				case SPINDLE_TEST_GREATER:
					pass = !is_null && v->value[i] > test->value[0];
					break;
				default:
					for (int k = 0; k < test->nvalues; k++)
						pass |= test->value[k] == v->value[i];
					pass = !is_null && pass == (test->kind == SPINDLE_TEST_IN);
					break;
			}
			if (pass)
				state->choice[state->nchoices++] = first + i;
		}
	}
}

typedef struct PeriodEnd
{
	Timestamp	time;			/* from this time on */
	int64		row;
	bool		opens;			/* the row's period is open, or no longer */
} PeriodEnd;

static int
compare_period_ends(const void *a, const void *b)
{
	const PeriodEnd *x = a;
	const PeriodEnd *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (int) x->opens - (int) y->opens;
}

/*
 * For each stretch of time, which periods of a small table are open.  A
 * period includes both of its ends.
 */
static void
list_periods(SpindleInstance *instance, const SpindleRule *rule, SpindleReferenceState *state,
			 MemoryContext scratch)
{
	int			table = rule->reference.table;
	int64		nrows = instance->nrows[table];
	const SpindleRule *time_rule = spindle_ref_column(instance->domain, &rule->reference.containing)->rule;
	SpindleEval *eval = spindle_eval_create(instance, table, scratch);
	int			start = spindle_eval_add_column(eval, rule->reference.period_start);
	int			end = spindle_eval_add_column(eval, rule->reference.period_end);
	PeriodEnd  *ends = palloc(sizeof(PeriodEnd) * Max(nrows * 2, 1));
	bool	   *is_open = palloc0(Max(nrows, 1));
	int			n_ends = 0;
	int			n_open = 0;
	int64		open_size = 1024;
	int64		total = 0;
	const SpindleCalendar *calendar;
	double		covered = 0;

	for (int64 first = 0; first < nrows; first += SPINDLE_BATCH_ROWS)
	{
		int64		rows[SPINDLE_BATCH_ROWS];
		int			n = (int) Min(SPINDLE_BATCH_ROWS, nrows - first);

		for (int i = 0; i < n; i++)
			rows[i] = first + i;
		spindle_eval_run(eval, rows, n);
		for (int i = 0; i < n; i++)
		{
			PeriodEnd	opening = {spindle_eval_vector(eval, start)->value[i], first + i, true};
			PeriodEnd	closing = {spindle_eval_vector(eval, end)->value[i] + 1, first + i, false};

			if (opening.time >= closing.time)
				continue;
			ends[n_ends++] = opening;
			ends[n_ends++] = closing;
		}
	}
	qsort(ends, n_ends, sizeof(PeriodEnd), compare_period_ends);

	state->bound = palloc(sizeof(Timestamp) * Max(n_ends, 1));
	state->first_open = palloc0(sizeof(int) * (n_ends + 2));
	state->open = palloc(sizeof(int64) * open_size);
	for (int e = 0; e < n_ends;)
	{
		Timestamp	t = ends[e].time;
		int			k = 0;

		for (; e < n_ends && ends[e].time == t; e++)
		{
			is_open[ends[e].row] = ends[e].opens;
			n_open += ends[e].opens ? 1 : -1;
		}
		state->bound[state->nbounds] = t;
		state->first_open[++state->nbounds] = (int) total;
		CHECK_FOR_INTERRUPTS();
		if (total + n_open > MAX_OPEN)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many periods of table \"%s\" overlap", instance->domain->table[table].name),
					 errdetail("%s chooses among periods that are open at a time; over all times there are more than %d.",
							   rule->path, MAX_OPEN)));
		if (total + n_open > open_size)
		{
			while (open_size < total + n_open)
				open_size *= 2;
			state->open = repalloc_huge(state->open, sizeof(int64) * open_size);
		}
		for (int64 row = 0; k < n_open; row++)
			if (is_open[row])
			{
				state->open[total++] = row;
				k++;
			}
	}
	state->first_open[state->nbounds + 1] = (int) total;
	pfree(ends);
	pfree(is_open);

	/* what share of the rows has a time with an open period */
	state->coverage = 1.0;
	if (time_rule->kind != SPINDLE_RULE_TIME)
		return;
	calendar = time_rule->time.calendar;
	for (int b = 0; b < state->nbounds; b++)
	{
		Timestamp	until = b + 1 < state->nbounds ? state->bound[b + 1] : spindle_calendar_end(calendar);

		if (state->first_open[b + 2] == state->first_open[b + 1])
			continue;
		covered += (double) spindle_calendar_mass(calendar, until) -
			(double) spindle_calendar_mass(calendar, state->bound[b]);
	}
	state->coverage = covered / 18446744073709551616.0;
}

/*
 * spindle_instance_reference
 *		What a rule of kind "reference" needs to choose rows.
 */
SpindleReferenceState *
spindle_instance_reference(SpindleInstance *instance, const SpindleRule *rule)
{
	MemoryContext context;
	MemoryContext oldcontext;
	MemoryContext scratch;
	SpindleReferenceState *state = instance->rule_state[rule->index];
	int64		nrows = instance->nrows[rule->reference.table];

	if (state)
		return state;

	/* it becomes the instance's only when complete, so that an error frees it */
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle reference", ALLOCSET_DEFAULT_SIZES);
	scratch = AllocSetContextCreate(context, "spindle reference scratch", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(SpindleReferenceState));
	if (rule->reference.has_where)
	{
		list_choices(instance, rule, state, scratch);
		nrows = state->nchoices;
	}
	if (rule->reference.has_containing)
		list_periods(instance, rule, state, scratch);
	if (rule->reference.has_after)
		state->after = spindle_instance_timeline(instance, rule->reference.table,
												 rule->reference.after_parent);
	state->is_empty = nrows == 0;
	state->popularity = spindle_popularity_create(rule->reference.skew, rule->reference.top,
												  rule->reference.share,
												  spindle_instance_key(instance, rule->label),
												  Max(nrows, 1));
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
	MemoryContextSetParent(context, instance->context);
	instance->rule_state[rule->index] = state;
	return state;
}

/*
 * spindle_instance_first_row_at
 *		The first row whose value of a monotone column is > value, or >= value
 *		if inclusive; the number of rows if there is none.
 *
 * Keys and parents follow by arithmetic, times by a walk in the timeline.
 */
int64
spindle_instance_first_row_at(SpindleInstance *instance, int table, int column,
							  int64 value, bool inclusive)
{
	const SpindleTable *t = &instance->domain->table[table];
	const SpindleRule *rule = t->column[column].rule;
	int64		low = 0;
	int64		high = instance->nrows[table];
	SpindleTimelineCursor cursor;

	Assert(t->column[column].monotone);
	if (rule->kind == SPINDLE_RULE_SEQUENCE)
	{
		/* the rows before it have start + row * step < value, or <= value */
		__int128	row = (__int128) value - rule->sequence.start;
		__int128	step = rule->sequence.step;

		if (row < 0)
			return 0;
		row = inclusive ? (row + step - 1) / step : row / step + 1;
		return row > high ? high : (int64) row;
	}
	if (rule->kind == SPINDLE_RULE_PARENT)
	{
		const SpindleTable *parent = &instance->domain->table[t->rows_parent];
		int64		row = spindle_instance_first_row_at(instance, parent->index, parent->key, value,
														inclusive);
		SpindleLayoutCursor layout;

		if (row >= instance->nrows[parent->index])
			return high;
		spindle_layout_cursor_init(&layout, instance->layout[table]);
		(void) spindle_layout_children(&layout, row, &low);
		return low;
	}

	if (high == 0)
		return 0;
	spindle_timeline_cursor_init(&cursor, spindle_instance_timeline(instance, table, column));
	if (rule->type->kind == SPINDLE_DATE)
	{
		/* the first instant after that day, or of it */
		value = Max(-MAX_DAY, Min(value, MAX_DAY));
		value = (value + (inclusive ? 0 : 1)) * USECS_PER_DAY;
		inclusive = true;
	}

	/*
	 * All rows counted have a time below the one sought; a few more may, at
	 * the edge of a group of the timeline.
	 */
	if (inclusive && value == PG_INT64_MIN)
		return 0;
	low = spindle_timeline_count_until(&cursor, inclusive ? value - 1 : value);
	while (low < high)
	{
		Timestamp	found = spindle_timeline_time(&cursor, low);

		if (inclusive ? found >= value : found > value)
			break;
		low++;
	}
	return low;
}
