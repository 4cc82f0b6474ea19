/*-------------------------------------------------------------------------
 *
 * fdw.c
 *		The foreign-data wrapper: execution of scans over generated tables.
 *
 * A scan turns its conditions into ranges of row numbers, then computes batch
 * after batch of these rows.  The first batch is small, so that LIMIT stays
 * cheap.  In a parallel scan the processes take runs of rows from a counter in
 * shared memory; a run is at most as far ahead as the counter, so each process
 * returns rising row numbers and the order survives a Gather Merge.
 *
 * Nothing is written: without callbacks for it, the server refuses INSERT,
 * UPDATE and DELETE by itself.
 *
 * All that a scan holds is allocated in the query's memory context, and the
 * instance is held by that too.  There is nothing outside that an error would
 * have to undo.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "port/atomics.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "gen/datum.h"
#include "scan/fdw.h"
#include "scan/history_row.h"
#include "server/progress.h"

/*
 * Rows of the first batch of a scan.  Each following batch has four times as
 * many, up to SPINDLE_BATCH_ROWS, so LIMIT 1 computes 16 rows and a long scan
 * loses next to nothing.
 */
#define FIRST_BATCH_ROWS	16
/* Rows that a process of a parallel scan takes at a time, at most. */
#define PARALLEL_RUN_ROWS	16384

/*
 * What the processes of a parallel scan share.  It lies in the dynamic shared
 * memory of the query, which is gone before EXPLAIN prints; see
 * shutdown_scan().
 */
typedef struct SharedScan
{
	pg_atomic_uint64 next;		/* rows handed out so far */
	pg_atomic_uint64 rows_read; /* by processes that are done */
} SharedScan;

/*
 * A scan over a generated table: fdw_state of the node, in the query's
 * context.
 *
 * Rows are counted in two ways: by their number in the table, and by their
 * position, which counts the rows of the ranges from 0 in the order of the
 * scan.  range and range_offset are where position is, so that to go on takes
 * no search.
 */
typedef struct GeneratedScan
{
	/* set when the scan begins */
	SpindleSource *source;
	SpindleRows *rows;
	SpindlePresence presence;	/* which rows are there, if rows is set */
	SpindleHistoryReader *history;	/* in place of rows: all versions; not set
									 * if the scan is only explained */
	SpindleSearch *search;
	bool		backward;
	SharedScan *shared;			/* of a parallel scan, else NULL */

	/* set when the first row of a (re)scan is wanted */
	SpindleRanges *ranges;		/* NULL before */
	int64		run_end;		/* of the rows to read, counted through the
								 * ranges in the order of the scan */
	int64		position;		/* rows of the ranges that are behind us */
	int			range;			/* range of the next row ... */
	int64		range_offset;	/* ... and rows of it that are behind us */

	/* changes per batch and row */
	int			batch_rows;		/* of the next batch */
	int			n;				/* rows in this batch */
	int			i;				/* next of them */
	int64		rows_read;		/* by this process, over all rescans: those
								 * given, versions of a history */
	int			unreported;		/* rows since the last look at the clock */
	SpindleProgress progress;	/* of all scans of the node */
} GeneratedScan;

/*
 * spindle_fingerprint_list
 *		The fingerprint of a definition, as a list of two integers for a plan.
 */
List *
spindle_fingerprint_list(const SpindleDomain *domain)
{
	return list_make2_int((int) (domain->fingerprint >> 32), (int) domain->fingerprint);
}

/*
 * spindle_check_fingerprint
 *		Refuse a plan that was made by another definition of the domain.
 *
 * The plan relies on what the definition said, such as which column never
 * falls.  When another definition has been loaded since, plans of this session
 * are no longer valid, but this one has got past the check for that.  planned is
 * what spindle_fingerprint_list() gave.  Raises
 * object_not_in_prerequisite_state.
 */
void
spindle_check_fingerprint(const SpindleDomain *domain, List *planned)
{
	if (linitial_int(planned) == (int) (domain->fingerprint >> 32) &&
		lsecond_int(planned) == (int) domain->fingerprint)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the definition of spindle domain \"%s\" has changed since the query was planned", domain->name),
			 errhint("Run the query again.")));
}

static int	next_rows_of_history(void *arg, int64 *rows, int most);

/*
 * Read the plan, prepare the computation of the columns it wants.  Ranges are
 * not looked for yet, since the values of conditions may be parameters that
 * have no value yet, and a scan that is only explained has no need of rows.
 * Raises what is wrong with the foreign table's options or columns, and an
 * error if its definition is another one than at planning.
 */
static void
begin_scan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	relation = node->ss.ss_currentRelation;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext context = node->ss.ps.state->es_query_cxt;
	GeneratedScan *state = palloc0(sizeof(GeneratedScan));
	List	   *attributes = list_nth(plan->fdw_private, SPINDLE_PLAN_ATTRIBUTES);
	const int	natts = list_length(attributes);
	int		   *columns = palloc(sizeof(int) * Max(natts, 1));
	int		   *told = palloc(sizeof(int) * Max(natts, 1));
	SpindleInput *inputs = palloc0(sizeof(SpindleInput) * Max(natts, 1));
	ListCell   *lc;

	Assert(natts == slot->tts_tupleDescriptor->natts);
	state->source = spindle_source_of_relation(RelationGetRelid(relation), RelationGetDescr(relation));
	spindle_check_fingerprint(state->source->instance->domain, list_nth(plan->fdw_private, SPINDLE_PLAN_FINGERPRINT));
	state->backward = linitial_int(list_nth(plan->fdw_private, SPINDLE_PLAN_BACKWARD));
	foreach(lc, attributes)
	{
		int			i = foreach_current_index(lc);

		columns[i] = told[i] = -1;
		if (lfirst_int(lc) < 0)
			continue;
		if (state->source->is_history)
			told[i] = state->source->told[lfirst_int(lc)];
		columns[i] = state->source->column[lfirst_int(lc)];
		inputs[i] = state->source->input[lfirst_int(lc)];
	}
	if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY) && state->source->is_history)
		state->history = spindle_history_reader_create(state->source, columns, told, natts, inputs, context);
	else if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY))
	{
		state->rows = spindle_rows_create_at(state->source->instance, state->source->table, &state->source->as_of,
											 columns, natts, inputs, context);
		spindle_presence_init(&state->presence, state->source->instance, state->source->table, &state->source->as_of,
							  context);
	}

	state->search = spindle_search_create(state->source, list_nth(plan->fdw_private, SPINDLE_PLAN_CONDITIONS),
										  plan->fdw_exprs, &node->ss.ps);
	state->batch_rows = FIRST_BATCH_ROWS;
	spindle_progress_start(&state->progress, psprintf("scanning %s", RelationGetRelationName(relation)), 0, "rows");
	memset(slot->tts_values, 0, sizeof(Datum) * natts);
	memset(slot->tts_isnull, true, natts);
	if (state->rows)
		spindle_rows_no_nulls(state->rows, slot->tts_isnull);
	node->fdw_state = state;
}

/*
 * Evaluate the conditions; the scan starts at the first row they leave.  They
 * replace those of an earlier scan.  Takes one search of the table per
 * condition, or one per element of an array.
 */
static void
find_ranges(ForeignScanState *node, GeneratedScan *state)
{
	state->ranges = spindle_search_run(state->search, node->ss.ps.ps_ExprContext);
	state->position = 0;
	state->range = 0;
	state->range_offset = 0;
	state->run_end = state->shared ? 0 : state->ranges->nrows;
	if (state->history)
		spindle_history_start(state->history->history, next_rows_of_history, state);

	/* how many scans there will be is not known */
	state->progress.total = state->rows_read == 0 ? state->ranges->nrows : SPINDLE_PROGRESS_UNKNOWN;
}

/*
 * Move to a row, counted through the ranges, at or after the present one.
 * position is at most the number of rows of all ranges.  Takes time with the
 * number of ranges that are passed, not of rows.
 */
static void
advance_to(GeneratedScan *state, int64 position)
{
	int64		skip = position - state->position;

	while (skip > 0)
	{
		const SpindleRange *range = &state->ranges->range[state->backward ? state->ranges->n - 1 - state->range :
														  state->range];
		int64		left = range->end - range->first - state->range_offset;

		if (skip < left)
		{
			state->range_offset += skip;
			break;
		}
		skip -= left;
		state->range++;
		state->range_offset = 0;
	}
	state->position = position;
}

/*
 * Take the next run of rows of a parallel scan; false at the end.  A scan that
 * is not parallel has only one run, which begins with it, so there the result
 * is always false.
 */
static bool
next_run(GeneratedScan *state)
{
	int64		total = state->ranges->nrows;
	int64		run;
	int64		first;

	if (state->shared == NULL)
		return false;

	/* small runs for small scans, so that no process is left waiting long */
	run = Max(SPINDLE_BATCH_ROWS, Min(PARALLEL_RUN_ROWS, total / 64));
	first = (int64) pg_atomic_fetch_add_u64(&state->shared->next, run);
	if (first >= total)
		return false;
	advance_to(state, first);
	state->run_end = Min(first + run, total);
	return true;
}

/*
 * Tell how far the scans have come, if it is time to.  The processes of a parallel
 * scan tell of what they have taken together.
 */
static void
report_progress(GeneratedScan *state)
{
	int64		rows = state->history ? state->position : state->rows_read;

	if (state->unreported < SPINDLE_PROGRESS_ROWS)
		return;
	state->unreported = 0;
	if (state->shared && state->progress.total >= 0)
		rows = Min((int64) pg_atomic_read_u64(&state->shared->next), state->progress.total);
	spindle_progress_report(&state->progress, rows);
}

/*
 * The numbers of the next rows, `most' at most; 0 if there are no more.  They may
 * lie in several ranges and never beyond the run.
 */
static int
next_rows(GeneratedScan *state, int64 *list, int most)
{
	int			n = 0;

	report_progress(state);
	if (state->position >= state->run_end && !next_run(state))
		return 0;
	while (n < most && state->position < state->run_end)
	{
		const SpindleRange *range = &state->ranges->range[state->backward ? state->ranges->n - 1 - state->range :
														  state->range];
		int64		left = range->end - range->first - state->range_offset;
		int			take = (int) Min(Min(left, most - n), state->run_end - state->position);

		for (int i = 0; i < take; i++)
			list[n + i] = state->backward ? range->end - 1 - state->range_offset - i :
				range->first + state->range_offset + i;
		n += take;
		state->position += take;
		state->range_offset += take;
		if (take == left)
		{
			state->range++;
			state->range_offset = 0;
		}
	}
	state->unreported += n;
	return n;
}

/* A SpindleHistoryRows of the rows of a scan. */
static int
next_rows_of_history(void *arg, int64 *rows, int most)
{
	return next_rows(arg, rows, most);
}

/*
 * Compute the next batch; false if there are no more rows.  Rows that are not there
 * at the time of the scan are passed over.  The others are computed at once, one
 * column after another, and stay until the next batch.
 */
static bool
next_batch(GeneratedScan *state)
{
	int64		list[SPINDLE_BATCH_ROWS];
	int			n;

	do
	{
		CHECK_FOR_INTERRUPTS();
		n = next_rows(state, list, state->batch_rows);
		if (n == 0)
			return false;
		n = spindle_presence_filter(&state->presence, list, n);
		state->batch_rows = Min(state->batch_rows * 4, SPINDLE_BATCH_ROWS);
	} while (n == 0);
	spindle_rows_fill_list(state->rows, list, n);
	state->n = n;
	state->i = 0;
	return true;
}

/*
 * The next version of a row in the slot, or the slot cleared at the end.  What is not
 * passed by value lives until the next one.  Looks for interrupts once per batch.
 */
static TupleTableSlot *
next_version(ForeignScanState *node, GeneratedScan *state, TupleTableSlot *slot)
{
	SpindleVersion version;

	if (state->ranges == NULL)
		find_ranges(node, state);
	ExecClearTuple(slot);
	if (!spindle_history_reader_next(state->history, &version, slot->tts_values, slot->tts_isnull))
		return slot;
	state->rows_read++;
	return ExecStoreVirtualTuple(slot);
}

/*
 * The next row in the node's scan slot, or the slot cleared at the end.
 *
 * What is not passed by value lives until the next batch.  Looks for
 * interrupts once per batch, which is SPINDLE_BATCH_ROWS rows at most.
 */
static TupleTableSlot *
iterate_scan(ForeignScanState *node)
{
	GeneratedScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (state->history)
		return next_version(node, state, slot);
	if (state->i >= state->n)
	{
		if (state->ranges == NULL)
			find_ranges(node, state);
		CHECK_FOR_INTERRUPTS();
		if (!next_batch(state))
			return ExecClearTuple(slot);
	}
	state->rows_read++;

	/*
	 * As ExecClearTuple() and ExecStoreVirtualTuple() do, without their calls
	 * where there is nothing to free: a scan of one column takes 0.95 of the
	 * time.  Columns that are not computed were set to NULL when the scan began.
	 */
	if (unlikely(TTS_SHOULDFREE(slot)))
		ExecClearTuple(slot);
	spindle_rows_get_next(state->rows, state->i++, slot->tts_values, slot->tts_isnull);
	slot->tts_flags &= ~TTS_FLAG_EMPTY;
	slot->tts_nvalid = slot->tts_tupleDescriptor->natts;
	return slot;
}

/*
 * ReScanForeignScan: start again, perhaps with other values of parameters.
 *
 * Ranges are looked for anew with the first row.  Counters for EXPLAIN go on.
 */
static void
rescan(ForeignScanState *node)
{
	GeneratedScan *state = node->fdw_state;

	state->ranges = NULL;
	state->n = state->i = 0;
	state->batch_rows = FIRST_BATCH_ROWS;
}

/* EndForeignScan: the process gets its title back, if progress was told. */
static void
end_scan(ForeignScanState *node)
{
	GeneratedScan *state = node->fdw_state;

	/* all else goes with the query's memory context */
	spindle_progress_end(&state->progress);
}

/*
 * spindle_explain_generates
 *		EXPLAIN: which table is generated, at which scale, by which seed, and as it is
 *		when.
 */
void
spindle_explain_generates(const SpindleSource *source, ExplainState *es)
{
	const SpindleInstance *instance = source->instance;

	ExplainPropertyText("Generates", psprintf("%s.%s (scale %s, seed " INT64_FORMAT "%s)",
											  instance->domain->name, instance->domain->table[source->table].name,
											  instance->domain->preset[instance->preset].name, instance->seed,
											  spindle_source_as_of_text(source)), es);
}

/*
 * Find a node of a plan; those above it are appended to *ancestors, the nearest
 * first.  False if it is not there.
 */
static bool
find_ancestors(Plan *plan, const Plan *wanted, List **ancestors)
{
	List	   *children;
	ListCell   *lc;

	check_stack_depth();
	if (plan == NULL || plan == wanted)
		return plan != NULL;
	children = list_make2(outerPlan(plan), innerPlan(plan));
	if (IsA(plan, Append))
		children = list_concat(children, ((Append *) plan)->appendplans);
	else if (IsA(plan, MergeAppend))
		children = list_concat(children, ((MergeAppend *) plan)->mergeplans);
	else if (IsA(plan, SubqueryScan))
		children = lappend(children, ((SubqueryScan *) plan)->subplan);
	else if (IsA(plan, CustomScan))
		children = list_concat(children, ((CustomScan *) plan)->custom_plans);
	foreach(lc, children)
		if (find_ancestors(lfirst(lc), wanted, ancestors))
		{
			*ancestors = lappend(*ancestors, plan);
			return true;
		}
	return false;
}

/*
 * spindle_explain_context
 *		EXPLAIN: in which expressions of a node are shown.
 *
 * The server does not tell a foreign scan what is above it, from where values may
 * come; so we look.  Values that a subquery is called with stay $0 and the like.
 */
List *
spindle_explain_context(ForeignScan *plan, ExplainState *es)
{
	List	   *ancestors = NIL;
	bool		found = find_ancestors(es->pstmt->planTree, &plan->scan.plan, &ancestors);
	ListCell   *lc;

	foreach(lc, es->pstmt->subplans)
		found = found || find_ancestors(lfirst(lc), &plan->scan.plan, &ancestors);
	return set_deparse_context_plan(es->deparse_cxt, &plan->scan.plan, ancestors);
}

/*
 * EXPLAIN: which table is generated, which columns are computed, by which conditions
 * rows are found, and with ANALYZE how many were made.  Without ANALYZE no row
 * is computed; the plan and the options say all that is shown.
 */
static void
explain_scan(ForeignScanState *node, ExplainState *es)
{
	GeneratedScan *state = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	relation = node->ss.ss_currentRelation;
	List	   *attributes = list_nth(plan->fdw_private, SPINDLE_PLAN_ATTRIBUTES);
	List	   *names = NIL;

	spindle_explain_generates(state->source, es);
	for (int att = 0; att < state->source->natts; att++)
		if (list_member_int(attributes, att))
			names = lappend(names, unconstify(char *, quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation), att)->attname))));
	ExplainPropertyList("Columns Computed", names, es);
	if (plan->fdw_exprs != NIL)
		ExplainPropertyList("Rows Found By",
							spindle_search_texts(state->search, RelationGetRelid(relation), plan->fdw_exprs,
												 spindle_explain_context(plan, es)), es);
	if (state->backward)
		ExplainPropertyText("Direction", "backward", es);
	if (es->analyze)
		ExplainPropertyInteger(state->source->is_history ? "Versions Read" : "Rows Read", NULL, state->rows_read, es);
}

/*
 * IsForeignScanParallelSafe: a worker can do all of a scan, as rows depend on
 * nothing but the instance, which each process makes for itself.
 */
static bool
is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	return true;
}

/*
 * EstimateDSMForeignScan: bytes of shared memory that a parallel scan needs.
 */
static Size
estimate_dsm(ForeignScanState *node, ParallelContext *pcxt)
{
	return sizeof(SharedScan);
}

/*
 * InitializeDSMForeignScan: the leader sets up the counters.  The pointer
 * makes its own scan take runs from them as well.
 */
static void
initialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	GeneratedScan *state = node->fdw_state;

	state->shared = coordinate;
	pg_atomic_init_u64(&state->shared->next, 0);
	pg_atomic_init_u64(&state->shared->rows_read, 0);
}

/*
 * ReInitializeDSMForeignScan: the leader hands out rows from the beginning
 * again.  rows_read goes on, as it counts over all rescans.
 */
static void
reinitialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	GeneratedScan *state = node->fdw_state;

	state->shared = coordinate;
	pg_atomic_write_u64(&state->shared->next, 0);
}

/*
 * InitializeWorkerForeignScan: a worker finds the counters that the leader has
 * set up.
 */
static void
initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate)
{
	GeneratedScan *state = node->fdw_state;

	state->shared = coordinate;
}

/*
 * A worker tells what it read; the leader keeps a copy of the total, as shared
 * memory is gone when EXPLAIN asks.  Called again, it does nothing.
 */
static void
shutdown_scan(ForeignScanState *node)
{
	GeneratedScan *state = node->fdw_state;

	if (state->shared == NULL)
		return;
	if (IsParallelWorker())
		pg_atomic_fetch_add_u64(&state->shared->rows_read, state->rows_read);
	else
		state->rows_read += (int64) pg_atomic_exchange_u64(&state->shared->rows_read, 0);
	state->shared = NULL;
}

/*
 * ImportForeignSchema: the remote schema is the name of a domain.
 *
 * The server itself applies LIMIT TO and EXCEPT to the commands that we
 * return.
 */
static List *
import_schema(ImportForeignSchemaStmt *stmt, Oid serverOid)
{
	return spindle_source_import(stmt->remote_schema, stmt->server_name, stmt->local_schema, stmt->options);
}

/* GetForeignPlan, for scans and for answers (upper.c). */
static ForeignScan *
plan_node(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *best_path, List *tlist, List *scan_clauses,
		  Plan *outer_plan)
{
	if (rel->reloptkind == RELOPT_UPPER_REL)
		return spindle_answer_plan(best_path, tlist);
	return spindle_fdw_plan(root, rel, relid, best_path, tlist, scan_clauses, outer_plan);
}

/*
 * BeginForeignScan.  A node that answers aggregates, which has no relation of
 * its own, goes on with callbacks of its own.
 */
static void
begin_node(ForeignScanState *node, int eflags)
{
	if (((ForeignScan *) node->ss.ps.plan)->scan.scanrelid == 0)
		spindle_answer_begin(node, eflags);
	else
		begin_scan(node, eflags);
}

/*
 * spindle_fdw_routine
 *		The table of callbacks of spindle_fdw, palloc'd.
 *
 * Callbacks that are left NULL make the server refuse what they are for:
 * writing, and joins that the wrapper would have to compute.
 */
FdwRoutine *
spindle_fdw_routine(void)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = spindle_fdw_rel_size;
	routine->GetForeignPaths = spindle_fdw_paths;
	routine->GetForeignUpperPaths = spindle_answer_paths;
	routine->GetForeignPlan = plan_node;
	routine->BeginForeignScan = begin_node;
	routine->IterateForeignScan = iterate_scan;
	routine->ReScanForeignScan = rescan;
	routine->EndForeignScan = end_scan;
	routine->ExplainForeignScan = explain_scan;
	routine->AnalyzeForeignTable = spindle_fdw_analyze;
	routine->IsForeignScanParallelSafe = is_parallel_safe;
	routine->EstimateDSMForeignScan = estimate_dsm;
	routine->InitializeDSMForeignScan = initialize_dsm;
	routine->ReInitializeDSMForeignScan = reinitialize_dsm;
	routine->InitializeWorkerForeignScan = initialize_worker;
	routine->ShutdownForeignScan = shutdown_scan;
	routine->ImportForeignSchema = import_schema;
	return routine;
}
