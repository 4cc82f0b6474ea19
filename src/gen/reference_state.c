/*-------------------------------------------------------------------------
 *
 * reference_state.c
 *		What a rule of kind "reference" needs to choose rows.
 *
 * Popularity follows from row counts, but which rows pass "where" and which
 * periods are open follow from the rows themselves, which are computed here by
 * programs of their own.  So building a program can run another one; a column
 * never depends on itself, so that ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/eval.h"
#include "gen/reference_state.h"

/* Open periods that are listed, over all stretches of time: 16 MB. */
#define MAX_OPEN	2000000

/* A program that computes all rows of a small table, batch by batch. */
typedef struct SmallTable
{
	SpindleEval *eval;
	int64		nrows;
	int64		first;			/* row of the present batch */
	int			n;				/* its rows, 0 before the first one */
} SmallTable;

/*
 * Compute the next rows of a small table; false when there are no more.  Their
 * number is in table->n, the first of them table->first.
 */
static bool
next_batch(SmallTable *table)
{
	int64		rows[SPINDLE_BATCH_ROWS];

	table->first += table->n;
	table->n = (int) Min(SPINDLE_BATCH_ROWS, table->nrows - table->first);
	for (int i = 0; i < table->n; i++)
		rows[i] = table->first + i;
	if (table->n > 0)
		spindle_eval_run(table->eval, rows, table->n);
	return table->n > 0;
}

/*
 * The rows of a small table that pass the rule's "where", in their order.
 * Sets choice and nchoices of the state.
 */
static void
list_choices(const SpindleRule *rule, SpindleReferenceState *state, SmallTable table)
{
	int			handle = spindle_eval_add_test(table.eval, &rule->reference.where);

	state->choice = palloc(sizeof(int64) * Max(table.nrows, 1));
	while (next_batch(&table))
	{
		const int64 *pass = spindle_eval_vector(table.eval, handle)->value;

		for (int i = 0; i < table.n; i++)
			if (pass[i])
				state->choice[state->nchoices++] = table.first + i;
	}
}

/*
 * A time at which a period begins or is over, of the row that has the period.
 */
typedef struct PeriodEnd
{
	Timestamp	time;			/* from this time on */
	int64		row;
	bool		opens;			/* the row's period is open, or no longer */
} PeriodEnd;

/*
 * By time; the rest makes the order a full one, which decides nothing: all
 * ends of one time are applied before the set of open periods is written down.
 */
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
 * The ends of the periods of a small table, in order, palloc'd; sets *n_ends.
 *
 * Periods that end before they begin are left out.
 */
static PeriodEnd *
sort_period_ends(const SpindleRule *rule, SmallTable table, int *n_ends)
{
	int			start = spindle_eval_add_column(table.eval, rule->reference.period_start);
	int			end = spindle_eval_add_column(table.eval, rule->reference.period_end);
	PeriodEnd  *ends = palloc(sizeof(PeriodEnd) * Max(table.nrows * 2, 1));

	*n_ends = 0;
	while (next_batch(&table))
		for (int i = 0; i < table.n; i++)
		{
			/* a period includes both of its ends */
			PeriodEnd	opening = {spindle_eval_vector(table.eval, start)->value[i], table.first + i, true};
			PeriodEnd	closing = {spindle_eval_vector(table.eval, end)->value[i] + 1, table.first + i, false};

			if (opening.time >= closing.time)
				continue;
			ends[(*n_ends)++] = opening;
			ends[(*n_ends)++] = closing;
		}
	qsort(ends, *n_ends, sizeof(PeriodEnd), compare_period_ends);
	return ends;
}

/*
 * For each stretch of time, which periods of a small table are open.
 *
 * Sets nbounds, bound, first_open and open of the state: what is open from
 * bound b on, up to the next one, are the entries of open from first_open[b +
 * 1] to first_open[b + 2]; nothing is open before the first bound.  Raises
 * program_limit_exceeded if the sets of all bounds together have more than
 * MAX_OPEN rows.
 */
static void
list_periods(const SpindleDomain *domain, const SpindleRule *rule, SpindleReferenceState *state, SmallTable table)
{
	int			n_ends;
	PeriodEnd  *ends = sort_period_ends(rule, table, &n_ends);
	bool	   *is_open = palloc0(Max(table.nrows, 1));
	int			n_open = 0;
	int64		open_size = 1024;
	int64		total = 0;

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
					 errmsg("too many periods of table \"%s\" overlap", domain->table[rule->reference.table].name),
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
}

/* The share (0 to 1) of a calendar's times at which a period is open. */
static double
open_share(const SpindleCalendar *calendar, const SpindleReferenceState *state)
{
	double		covered = 0;

	for (int b = 0; b < state->nbounds; b++)
	{
		Timestamp	until = b + 1 < state->nbounds ? state->bound[b + 1] : spindle_calendar_end(calendar);

		if (state->first_open[b + 2] == state->first_open[b + 1])
			continue;
		covered += (double) spindle_calendar_mass(calendar, until) -
			(double) spindle_calendar_mass(calendar, state->bound[b]);
	}
	return covered / 18446744073709551616.0;
}

/*
 * spindle_reference_state
 *		The state of a rule of kind "reference", made on first use.
 *
 * It belongs to the instance.  With "where" and "containing" all rows of the
 * table referred to, at most 65536, are computed by a program, which may make
 * further states; what that raises is raised here, and nothing is kept of the
 * failed attempt.  Raises program_limit_exceeded if too many periods overlap.
 */
SpindleReferenceState *
spindle_reference_state(SpindleInstance *instance, const SpindleRule *rule)
{
	MemoryContext context;
	MemoryContext oldcontext;
	MemoryContext scratch;
	SpindleReferenceState *state = instance->rule_state[rule->index];
	int64		nrows = instance->nrows[rule->reference.table];
	SmallTable	table = {.nrows = nrows};

	if (state)
		return state;

	/* it becomes the instance's only when complete, so that an error frees it */
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle reference", ALLOCSET_DEFAULT_SIZES);
	scratch = AllocSetContextCreate(context, "spindle reference scratch", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(SpindleReferenceState));
	if (rule->reference.has_where || rule->reference.has_containing)
		table.eval = spindle_eval_create(instance, rule->reference.table, scratch);
	if (rule->reference.has_where)
	{
		list_choices(rule, state, table);
		nrows = state->nchoices;
	}
	if (rule->reference.has_containing)
	{
		const SpindleRule *time = spindle_ref_column(instance->domain, &rule->reference.containing)->rule;

		list_periods(instance->domain, rule, state, table);
		state->coverage = time->kind == SPINDLE_RULE_TIME ? open_share(time->time.calendar, state) : 1.0;
	}
	if (rule->reference.has_after)
	{
		const SpindleTable *parent = &instance->domain->table[rule->reference.table];

		state->after = spindle_instance_timeline(instance, parent->index,
												 parent->column[rule->reference.after_parent].rule);
	}
	state->is_empty = nrows == 0;
	state->popularity = spindle_popularity_create(&rule->reference.skew, spindle_instance_key(instance, rule->label),
												  Max(nrows, 1));
	if (rule->reference.distinct != SPINDLE_DISTINCT_NONE && rule->reference.skew.kind != SPINDLE_SKEW_NONE)
		state->sample = spindle_popularity_sample(state->popularity);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
	MemoryContextSetParent(context, instance->context);
	instance->rule_state[rule->index] = state;
	return state;
}
