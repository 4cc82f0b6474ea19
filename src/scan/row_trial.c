/*-------------------------------------------------------------------------
 *
 * row_trial.c
 *		Conditions and expressions of a relation, tried on some of its rows while a
 *		query is planned.
 *
 * Only what the server's own functions compute of columns that the user may see is
 * tried, within a time that is not noticed, and nothing is raised by it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "math/rng.h"
#include "scan/row_trial.h"

/* Nanoseconds of an operator of a condition. */
#define OPERATOR_TIME	30.0
/* Bytes that the conditions may take on the way, all together. */
#define MAX_WORK_BYTES	(16 * 1024 * 1024)

/* Add an expression's attributes to those that a trial computes; false if one is not to be looked at. */
static bool
add_attributes(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, Node *expr)
{
	const SpindleSource *source = trial->source;
	Bitmapset  *used = NULL;
	int			att = -1;

	pull_varattnos(expr, rel->relid, &used);
	while ((att = bms_next_member(used, att)) >= 0)
	{
		const AttrNumber attnum = att + FirstLowInvalidHeapAttributeNumber;

		if (attnum > source->natts || source->column[attnum - 1] < 0 ||
			OidIsValid(source->input[attnum - 1].function.fn_oid) || !spindle_may_see_all_rows(root, rel, attnum))
			return false;
		trial->used = bms_add_member(trial->used, attnum);
	}
	return true;
}

/*
 * spindle_trial_begin
 *		A trial of nothing yet, on rows of a relation, palloc'd.
 */
SpindleTrial *
spindle_trial_begin(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source)
{
	SpindleTrial *trial = palloc0(sizeof(SpindleTrial));

	trial->source = source;
	trial->relid = root->simple_rte_array[rel->relid]->relid;
	return trial;
}

/*
 * spindle_trial_add_clauses
 *		Add conditions, RestrictInfos; false if they are not to be tried: what is no
 *		condition on the relation's row alone, or by functions of others, or on what
 *		the user may not see.
 */
bool
spindle_trial_add_clauses(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	QualCost	cost;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);

		if (info->pseudoconstant || !bms_equal(info->clause_relids, rel->relids) ||
			!spindle_is_safe_at_planning((Node *) info->clause))
			return false;
		trial->clauses = lappend(trial->clauses, info->clause);
	}
	cost_qual_eval(&cost, clauses, root);
	trial->time += cost.per_tuple / cpu_operator_cost * OPERATOR_TIME;
	return add_attributes(trial, root, rel, (Node *) trial->clauses);
}

/*
 * spindle_trial_add_expr
 *		Add an expression whose values are wanted of the rows that are left; false if
 *		it is not to be tried, as spindle_trial_add_clauses().
 */
bool
spindle_trial_add_expr(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, Expr *expr)
{
	QualCost	cost;

	if (!spindle_is_safe_at_planning((Node *) expr) || !bms_equal(pull_varnos(root, (Node *) expr), rel->relids))
		return false;
	cost_qual_eval_node(&cost, (Node *) expr, root);
	trial->time += cost.per_tuple / cpu_operator_cost * OPERATOR_TIME;
	trial->exprs = lappend(trial->exprs, expr);
	return add_attributes(trial, root, rel, (Node *) expr);
}

/*
 * spindle_trial_add_references
 *		Add what references of the relation's rows are known to lead to, a list of
 *		SpindleReference, as far as the user may see these.
 */
void
spindle_trial_add_references(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, List *references)
{
	ListCell   *lc;

	foreach(lc, references)
	{
		SpindleReference *reference = lfirst(lc);

		if (!OidIsValid(trial->source->input[reference->attnum - 1].function.fn_oid) &&
			spindle_may_see_all_rows(root, rel, reference->attnum))
		{
			trial->references = lappend(trial->references, reference);
			trial->used = bms_add_member(trial->used, reference->attnum);
			trial->time += OPERATOR_TIME;
		}
	}
}

/* A hash of a choice of rows. */
static uint64
hash_choice(const SpindleRowChoice *choice)
{
	if (choice->row)
		return hash_bytes_extended((const unsigned char *) choice->row, (int) (sizeof(int64) * choice->n), 0);
	return hash_bytes_extended((const unsigned char *) choice->ranges->range,
							   (int) (sizeof(SpindleRange) * choice->ranges->n), (uint64) choice->n);
}

/*
 * spindle_trial_hash
 *		A hash of what is tried on which rows, and of all else that the values of it
 *		depend on; not 0.
 */
uint64
spindle_trial_hash(const SpindleTrial *trial, const SpindleRowChoice *choice)
{
	const SpindleSource *source = trial->source;
	const SpindleDomain *domain = source->instance->domain;
	const char *zone = pg_get_timezone_name(session_timezone);
	const int64 numbers[] = {(int64) domain->fingerprint, (int64) spindle_label(domain->name), source->instance->seed,
	source->instance->preset, source->table, trial->relid};
	char	   *text = nodeToString(stringToNode(nodeToString(list_make2(trial->clauses, trial->exprs)))); /* to read it forgets the place */
	uint64		hash = hash_bytes_extended((const unsigned char *) text, (int) strlen(text), 0);
	ListCell   *lc;

	pfree(text);
	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) zone, (int) strlen(zone), 0));
	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) numbers, sizeof(numbers), 0));
	hash = hash_combine64(hash, hash_choice(choice));
	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) source->column,
													(int) sizeof(int) * source->natts, 0));
	foreach(lc, trial->references)
	{
		const SpindleReference *reference = lfirst(lc);

		hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) reference->key,
														(int) sizeof(int64) * reference->n, reference->attnum));
	}
	return Max(hash, 1);
}

/* A reference as a condition: that it is one of the keys; NULL if its type is no integer. */
static Expr *
condition_of(const SpindleReference *reference, Form_pg_attribute attribute)
{
	const Oid	type = attribute->atttypid;
	ScalarArrayOpExpr *expr = makeNode(ScalarArrayOpExpr);
	Datum	   *keys = palloc(sizeof(Datum) * reference->n);
	ArrayType  *array;

	if (type != INT2OID && type != INT4OID && type != INT8OID)
		return NULL;
	for (int64 i = 0; i < reference->n; i++)
		keys[i] = type == INT2OID ? Int16GetDatum((int16) reference->key[i]) :
			type == INT4OID ? Int32GetDatum((int32) reference->key[i]) : Int64GetDatum(reference->key[i]);
	array = construct_array(keys, (int) reference->n, type, attribute->attlen, attribute->attbyval, attribute->attalign);
	expr->opno = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	expr->useOr = true;
	expr->location = -1;
	expr->args = list_make2(makeVar(1, reference->attnum, type, attribute->atttypmod, InvalidOid, 0),
							makeConst(get_array_type(type), -1, InvalidOid, -1, PointerGetDatum(array), false, false));
	return (Expr *) expr;
}

/* All conditions of a trial, those on references last, as an expression to be run; NULL if there are none. */
static ExprState *
init_conditions(SpindleTrial *trial, TupleDesc desc)
{
	List	   *clauses = copyObject(trial->clauses);
	ListCell   *lc;

	foreach(lc, trial->references)
	{
		const SpindleReference *reference = lfirst(lc);
		Expr	   *condition = condition_of(reference, TupleDescAttr(desc, reference->attnum - 1));

		if (condition)
			clauses = lappend(clauses, condition);
	}
	fix_opfuncids((Node *) clauses);
	convert_saop_to_hashed_saop((Node *) clauses);
	return ExecInitQual(clauses, NULL);
}

/*
 * Try row i of those chosen, in a memory context that is then reset, and hand what is
 * left of it to the taker; the bytes that this took.
 */
static Size
try_row(SpindleTrial *trial, int64 i, int64 row, ExprState *conditions, List *exprs, ExprContext *econtext)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	const Size	empty = MemoryContextMemAllocated(econtext->ecxt_per_tuple_memory, true);
	Size		work;

	if (ExecQual(conditions, econtext))
	{
		Datum		values[SPINDLE_TRIAL_EXPRS];
		bool		nulls[SPINDLE_TRIAL_EXPRS];
		int			n = 0;
		ListCell   *lc;

		foreach(lc, exprs)
		{
			values[n] = ExecEvalExpr((ExprState *) lfirst(lc), econtext, &nulls[n]);
			n++;
		}
		trial->take(trial->arg, i, row, values, nulls);
	}
	work = MemoryContextMemAllocated(econtext->ecxt_per_tuple_memory, true) - empty;
	MemoryContextSwitchTo(oldcontext);
	ResetExprContext(econtext);
	return work;
}

/*
 * The place of row i of those chosen among all rows of the ranges: those of a run lie
 * side by side, and the runs anywhere in equal parts, at random but always the same.
 */
static int64
chosen_place(const SpindleRowChoice *choice, int64 i)
{
	const int64 nrows = choice->ranges->nrows;
	const int64 nparts = (choice->n + choice->run - 1) / choice->run;
	const int64 part = i / choice->run;
	int64		low;
	int64		high;

	if (choice->n == nrows)
		return i;
	low = (int64) ((__int128) nrows * part / nparts);
	high = (int64) ((__int128) nrows * (part + 1) / nparts);
	if (high - low > choice->run)
		low += (int64) spindle_below(spindle_draw(spindle_key_seed(0), part), high - low - choice->run + 1);
	return Min(low + i % choice->run, high - 1);
}

/* Write the numbers of chosen rows from i on into list, as many as a batch takes; how many they are. */
static int
choose_rows(const SpindleRowChoice *choice, int64 i, int64 *list)
{
	const int	n = (int) Min(SPINDLE_BATCH_ROWS, choice->n - i);
	int64		before = 0;		/* rows of the ranges before range r */
	int			r = 0;

	for (int k = 0; k < n; k++)
	{
		int64		place;

		if (choice->row)
		{
			list[k] = choice->row[i + k];
			continue;
		}
		place = chosen_place(choice, i + k);
		while (place - before >= choice->ranges->range[r].end - choice->ranges->range[r].first)
		{
			before += choice->ranges->range[r].end - choice->ranges->range[r].first;
			r++;
		}
		list[k] = choice->ranges->range[r].first + place - before;
	}
	return n;
}

/*
 * Try all rows chosen.  Raises program_limit_exceeded, which is nothing but the end of
 * it, if that takes much memory on the way, which stands for the time.
 */
static void
try_rows(void *arg, MemoryContext caller)
{
	SpindleTrial *trial = arg;
	const SpindleSource *source = trial->source;
	Relation	relation = table_open(trial->relid, NoLock);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(relation)), &TTSOpsVirtual);
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	List	   *exprs = copyObject(trial->exprs);
	int		   *column = palloc(sizeof(int) * source->natts);
	int64		list[SPINDLE_BATCH_ROWS];
	SpindleRows *rows;
	ExprState  *conditions;
	Size		work = 0;

	table_close(relation, NoLock);
	for (int att = 0; att < source->natts; att++)
		column[att] = bms_is_member(att + 1, trial->used) ? source->column[att] : -1;
	rows = spindle_rows_create(source->instance, source->table, column, source->natts, source->input, CurrentMemoryContext);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);
	fix_opfuncids((Node *) exprs);
	exprs = ExecInitExprList(exprs, NULL);
	conditions = init_conditions(trial, slot->tts_tupleDescriptor);
	econtext->ecxt_scantuple = slot;
	for (int64 first = 0; first < trial->choice.n; first += SPINDLE_BATCH_ROWS)
	{
		const int	n = choose_rows(&trial->choice, first, list);

		CHECK_FOR_INTERRUPTS();
		spindle_rows_fill_list(rows, list, n);
		for (int i = 0; i < n; i++)
		{
			ExecClearTuple(slot);
			spindle_rows_get(rows, i, slot->tts_values, slot->tts_isnull);
			ExecStoreVirtualTuple(slot);
			work += try_row(trial, first + i, list[i], conditions, exprs, econtext);
			if (work > MAX_WORK_BYTES)
				ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("conditions take too much memory")));
		}
	}
	FreeExecutorState(estate);
}

/*
 * spindle_trial_choice
 *		Rows for a trial of those that a scan reads, most of them at the most, in runs of
 *		some rows, as far as a time in nanoseconds is enough for them; all if that is so.
 */
SpindleRowChoice
spindle_trial_choice(const SpindleTrial *trial, const SpindleScanRows *scan, int64 most, double time, int64 run)
{
	const int64 nrows = scan->ranges->nrows;
	SpindleRowChoice choice = {.ranges = scan->ranges,.run = run};

	choice.n = (int64) Min((double) most, time / (scan->row_time + trial->time + 1.0));
	if (choice.n >= nrows)
		choice.n = choice.run = nrows;
	else
		choice.n = Min(choice.n, nrows / 2);
	return choice;
}

/*
 * spindle_trial_run
 *		Try the rows of a choice, and hand those that the conditions leave to take;
 *		false if one of them cannot be computed.
 */
bool
spindle_trial_run(SpindleTrial *trial, const SpindleRowChoice *choice, SpindleTrialTake take, void *arg)
{
	trial->choice = *choice;
	trial->take = take;
	trial->arg = arg;
	return spindle_compute_tentatively(try_rows, trial);
}
