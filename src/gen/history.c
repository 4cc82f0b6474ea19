/*-------------------------------------------------------------------------
 *
 * history.c
 *		All versions of rows, with the times from and until which they are there.
 *
 * The moments of some rows are computed, then the rows at all of these; versions
 * are those that differ from what was before.  Few enough rows are taken at a time
 * that their moments are mostly one batch; a row that has more is computed in
 * pieces, twice: to compare, and to show it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "gen/history.h"
#include "gen/moments.h"

/* Rows that are taken first; the next ones are as many as a batch has room for. */
#define FIRST_BATCH_ROWS	4

/* A row at a moment. */
typedef struct Candidate
{
	int64		row;
	Timestamp	time;
	char		op;				/* 0 if it is no version */
	int			version;
	Timestamp	to;				/* of a version */
} Candidate;

struct SpindleHistory
{
	SpindleInstance *instance;
	const SpindleTable *table;
	MemoryContext context;
	bool		from_start;		/* rows can be there from the start */
	SpindleMoments *moments;
	SpindleEval *eval;
	SpindleRows *rows;
	int			ncompared;		/* columns that change and are not hidden */
	int		   *compared;
	int		   *handle;
	int			alive_handle;
	int			version_handle; /* -1 if it is not asked for */

	/* rows that are left */
	SpindleHistoryRows next_rows;
	void	   *next_arg;
	bool		at_end;			/* there are none */
	int			batch_rows;		/* to take at a time */

	int			capacity;
	int			n;
	int			i;				/* next of the candidates */
	Candidate  *candidate;
	int			computed_first; /* candidates that the program has computed */
	int			computed_n;
	bool		is_converted;	/* to Datums */
};

/*
 * spindle_history_create
 *		A history of some columns of a table, in the order wanted, below a memory
 *		context.
 *
 * columns and inputs are as for spindle_rows_create(), profile is that of deletes,
 * -1 for none.  with_versions says that the numbers of versions are wanted, which
 * are 0 else.  Columns that never change are computed only if they are wanted.
 */
SpindleHistory *
spindle_history_create(SpindleInstance *instance, int table, int profile, const int *columns, int ncolumns,
					   const SpindleInput *inputs, bool with_versions, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle history", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleHistory *history = palloc0(sizeof(SpindleHistory));
	const SpindleTable *t = &instance->domain->table[table];
	const SpindleInsert *insert = &t->lifecycle->insert;

	history->instance = instance;
	history->table = t;
	history->context = context;
	history->from_start = insert->kind == SPINDLE_INSERT_INITIAL || insert->time.may_be_null;
	history->moments = spindle_moments_create(instance, table, profile, SPINDLE_MOMENT_ALL, context);
	history->eval = spindle_eval_create_at(instance, table, profile, context);
	spindle_eval_expect_versions(history->eval, history->moments);
	history->alive_handle = spindle_eval_add_alive(history->eval);
	history->version_handle = with_versions ? spindle_eval_add_version(history->eval) : -1;
	history->compared = palloc(sizeof(int) * Max(t->ncolumns, 1));
	history->handle = palloc(sizeof(int) * Max(t->ncolumns, 1));
	for (int c = 0; c < t->ncolumns; c++)
		if (!t->column[c].hidden && spindle_column_changes(t, c))
		{
			history->compared[history->ncompared] = c;
			history->handle[history->ncompared++] = spindle_eval_add_column(history->eval, c);
		}
	history->rows = spindle_rows_create_for(history->eval, instance, table, columns, ncolumns, inputs, context);
	history->capacity = SPINDLE_BATCH_ROWS;
	history->candidate = palloc(sizeof(Candidate) * history->capacity);
	MemoryContextSwitchTo(oldcontext);
	return history;
}

/*
 * spindle_history_start
 *		Begin with the versions of the first row that a function gives, which is
 *		called with arg.
 */
void
spindle_history_start(SpindleHistory *history, SpindleHistoryRows rows, void *arg)
{
	history->next_rows = rows;
	history->next_arg = arg;
	history->at_end = false;
	history->batch_rows = FIRST_BATCH_ROWS;
	history->n = history->i = 0;
}

/* One more candidate. */
static void
add_candidate(SpindleHistory *history, int64 row, Timestamp time)
{
	if (history->n == history->capacity)
	{
		history->capacity *= 2;
		history->candidate = repalloc_huge(history->candidate, sizeof(Candidate) * history->capacity);
	}
	history->candidate[history->n++] = (Candidate) {.row = row,.time = time,.to = DT_NOEND};
}

/* For qsort(). */
static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *x = a;
	const Candidate *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

/* The moments of the next rows, by row and time, each once. */
static void
collect(SpindleHistory *history)
{
	int64		rows[SPINDLE_BATCH_ROWS];
	const int	n = history->next_rows(history->next_arg, rows, history->batch_rows);

	history->n = history->i = 0;
	history->at_end = n == 0;
	if (history->at_end)
		return;
	spindle_moments_run(history->moments, rows, n);
	for (int i = 0; i < n; i++)
	{
		const int	first = history->n;
		const Timestamp *time;
		const int	ntimes = spindle_moments_get(history->moments, i, &time);
		int			last = first;

		if (history->from_start)
			add_candidate(history, rows[i], DT_NOBEGIN);
		for (int k = 0; k < ntimes; k++)
			add_candidate(history, rows[i], time[k]);
		if (history->n == first)
			continue;
		qsort(history->candidate + first, history->n - first, sizeof(Candidate), compare_candidates);
		for (int k = first + 1; k < history->n; k++)
			if (history->candidate[k].time != history->candidate[last].time)
				history->candidate[++last] = history->candidate[k];
		history->n = last + 1;
	}
	history->computed_n = 0;
	if (history->n > 0)
		history->batch_rows = (int) Max(1, Min(Min((int64) n * 8, SPINDLE_BATCH_ROWS),
											   (int64) n * (SPINDLE_BATCH_ROWS * 15 / 16) / history->n));
}

/* Compute candidates from a number on, as many as a batch has. */
static void
compute(SpindleHistory *history, int first)
{
	const int	n = Min(history->n - first, SPINDLE_BATCH_ROWS);
	int64		rows[SPINDLE_BATCH_ROWS];
	Timestamp	times[SPINDLE_BATCH_ROWS];

	for (int i = 0; i < n; i++)
	{
		rows[i] = history->candidate[first + i].row;
		times[i] = history->candidate[first + i].time;
	}
	spindle_eval_run_at(history->eval, rows, times, n);
	history->computed_first = first;
	history->computed_n = n;
	history->is_converted = false;
}

/* Does any column differ between two candidates, by their places in what is computed? */
static bool
differs(const SpindleHistory *history, int a, int b)
{
	for (int c = 0; c < history->ncompared; c++)
		if (spindle_vector_differs(spindle_eval_vector(history->eval, history->handle[c]),
								   &history->table->column[history->compared[c]].type, a, b))
			return true;
	return false;
}

/*
 * Find out which candidates are versions, and until when.
 */
static void
decide(SpindleHistory *history)
{
	int			open = -1;		/* version that is there at present */

	for (int k = 0; k < history->n; k++)
	{
		Candidate  *candidate = &history->candidate[k];
		const bool	is_next = k > 0 && candidate[-1].row == candidate->row;
		int			at;
		bool		alive;

		/* the one before has to be there to compare with */
		if (k >= history->computed_first + history->computed_n || history->computed_n == 0)
			compute(history, is_next ? k - 1 : k);
		at = k - history->computed_first;
		alive = spindle_eval_vector(history->eval, history->alive_handle)->value[at] != 0;
		if (history->version_handle >= 0)
			candidate->version = (int) spindle_eval_vector(history->eval, history->version_handle)->value[at];
		if (!is_next)
			open = -1;
		if (alive && open < 0)
			candidate->op = candidate->time == DT_NOBEGIN ? 'r' : 'c';
		else if (alive && differs(history, at - 1, at))
			candidate->op = 'u';
		if (open >= 0 && (candidate->op != 0 || !alive))
			history->candidate[open].to = candidate->time;
		open = candidate->op != 0 ? k : alive ? open : -1;
	}
}

/*
 * spindle_history_next
 *		The next version, by row and time; false at the end.
 *
 * values and nulls have an entry for each column; those that are not computed are
 * left as they are.  Datums by reference live until the next call.  Can be
 * cancelled.
 */
bool
spindle_history_next(SpindleHistory *history, SpindleVersion *version, Datum *values, bool *nulls)
{
	for (;;)
	{
		const Candidate *candidate;
		int			k;

		while (history->i < history->n && history->candidate[history->i].op == 0)
			history->i++;
		if (history->i == history->n)
		{
			if (history->at_end)
				return false;
			CHECK_FOR_INTERRUPTS();
			collect(history);
			decide(history);
			continue;
		}
		k = history->i++;
		candidate = &history->candidate[k];
		if (k < history->computed_first || k >= history->computed_first + history->computed_n)
			compute(history, k);
		if (!history->is_converted)
			spindle_rows_convert(history->rows, history->computed_n);
		history->is_converted = true;
		spindle_rows_get(history->rows, k - history->computed_first, values, nulls);
		*version = (SpindleVersion) {
			.row = candidate->row,
			.version = candidate->version,
			.op = candidate->op,
			.from = candidate->time,
			.to = candidate->to,
		};
		return true;
	}
}
