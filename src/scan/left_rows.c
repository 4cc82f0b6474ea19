/*-------------------------------------------------------------------------
 *
 * left_rows.c
 *		Which rows the conditions of a relation leave, told to the planner.
 *
 * The planner takes a reference to some of the rows to be as frequent as one to
 * others: of the orders, as many as the stores that are left are of all stores.
 * Stores differ by factors of a hundred, and which ones are left can be computed
 * where they are few to look at.  So that is done for the relations of a join, and
 * the selectivity of the join with whatever refers to the key of one is set to
 * what the statistics of the other side say of these keys.
 *
 * What was found is kept by the session in a table of fixed size, by a hash of all
 * that it depends on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "pgtime.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "math/rng.h"
#include "scan/fdw.h"
#include "scan/statistics.h"

/* Rows whose numbers are found, at most; of more only how many they are. */
#define MAX_LEFT		1024
/* Rows that conditions are tried on, at most, and the time for that in nanoseconds. */
#define MAX_TRIED		32768
#define TRIED_TIME		4000000.0
/* Nanoseconds of an operator of a condition. */
#define OPERATOR_TIME	30.0
/* Bytes that the conditions may take on the way, all together. */
#define MAX_WORK_BYTES	(16 * 1024 * 1024)
/* Entries of the table of what was found: half a megabyte, at most. */
#define KEPT			64

/* What was found. */
typedef struct KeptRows
{
	uint64		hash;			/* 0 if there is nothing */
	int64		n;				/* -1 if it could not be found out */
	int64	   *row;			/* NULL if n is more than MAX_LEFT */
} KeptRows;

static KeptRows kept[KEPT];

/* A question, and what evaluates it. */
typedef struct Trial
{
	const SpindleSource *source;
	const SpindleRanges *ranges;
	List	   *clauses;
	Bitmapset  *used;			/* attributes in the clauses, from 1 */
	Oid			relid;
	int64		n;				/* the answer: rows that are left ... */
	int64		row[MAX_LEFT];	/* ... and the first of them */
} Trial;

/* A hash of all that the answer depends on; not 0. */
static uint64
hash_of(const Trial *trial)
{
	const SpindleSource *source = trial->source;
	const SpindleDomain *domain = source->instance->domain;
	const char *zone = pg_get_timezone_name(session_timezone);
	const int64 numbers[] = {(int64) domain->fingerprint, (int64) spindle_label(domain->name), source->instance->seed,
	source->instance->preset, source->table};
	char	   *text = nodeToString(stringToNode(nodeToString(trial->clauses))); /* to read it forgets the place */
	uint64		hash = hash_bytes_extended((const unsigned char *) text, (int) strlen(text), 0);

	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) zone, (int) strlen(zone), 0));
	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) numbers, sizeof(numbers), 0));
	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) source->column,
													(int) sizeof(int) * source->natts, 0));
	hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) trial->ranges->range,
													(int) sizeof(SpindleRange) * trial->ranges->n, 0));
	pfree(text);
	return Max(hash, 1);
}

/* Try the conditions on a row, in a memory context that is then reset; the bytes that this took. */
static Size
try_row(Trial *trial, int64 row, ExprState *state, ExprContext *econtext)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	const Size	empty = MemoryContextMemAllocated(econtext->ecxt_per_tuple_memory, true);
	const bool	is_left = ExecQual(state, econtext);
	const Size	work = MemoryContextMemAllocated(econtext->ecxt_per_tuple_memory, true) - empty;

	MemoryContextSwitchTo(oldcontext);
	ResetExprContext(econtext);
	if (is_left && trial->n < MAX_LEFT)
		trial->row[trial->n] = row;
	trial->n += is_left;
	return work;
}

/*
 * Try the conditions on all rows of the ranges.  Raises program_limit_exceeded, which
 * is nothing but the end of it, if they take much memory on the way, which stands
 * for the time.
 */
static void
try_rows(void *arg, MemoryContext caller)
{
	Trial	   *trial = arg;
	const SpindleSource *source = trial->source;
	Relation	relation = table_open(trial->relid, NoLock);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(relation)), &TTSOpsVirtual);
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	List	   *clauses = copyObject(trial->clauses);
	int		   *column = palloc(sizeof(int) * source->natts);
	SpindleRows *rows;
	ExprState  *state;
	Size		work = 0;

	table_close(relation, NoLock);
	for (int att = 0; att < source->natts; att++)
		column[att] = bms_is_member(att + 1, trial->used) ? source->column[att] : -1;
	rows = spindle_rows_create(source->instance, source->table, column, source->natts, source->input, CurrentMemoryContext);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);
	fix_opfuncids((Node *) clauses);
	state = ExecInitQual(clauses, NULL);
	econtext->ecxt_scantuple = slot;
	for (int r = 0; r < trial->ranges->n; r++)
	{
		const SpindleRange *range = &trial->ranges->range[r];

		for (int64 first = range->first; first < range->end; first += SPINDLE_BATCH_ROWS)
		{
			int64		list[SPINDLE_BATCH_ROWS];
			const int	n = (int) Min(SPINDLE_BATCH_ROWS, range->end - first);

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < n; i++)
				list[i] = first + i;
			spindle_rows_fill_list(rows, list, n);
			for (int i = 0; i < n; i++)
			{
				ExecClearTuple(slot);
				spindle_rows_get(rows, i, slot->tts_values, slot->tts_isnull);
				ExecStoreVirtualTuple(slot);
				work += try_row(trial, list[i], state, econtext);
				if (work > MAX_WORK_BYTES)
					ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("conditions take too much memory")));
			}
		}
	}
	FreeExecutorState(estate);
}

/*
 * Prepare a trial of clauses, RestrictInfos; false if they are not to be tried: what
 * is no condition on the relation's row alone, or by functions of others, or on what
 * the user may not see; or too much to compute.  row_time is that of computing the
 * attributes of the scan for a row, in nanoseconds.
 */
static bool
prepare(Trial *trial, PlannerInfo *root, RelOptInfo *rel, List *clauses, double row_time)
{
	QualCost	cost;
	int			att = -1;
	Bitmapset  *used = NULL;
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
	if (trial->ranges->nrows > MAX_TRIED ||
		trial->ranges->nrows * (row_time + cost.per_tuple / cpu_operator_cost * OPERATOR_TIME) > TRIED_TIME)
		return false;
	pull_varattnos((Node *) trial->clauses, rel->relid, &used);
	while ((att = bms_next_member(used, att)) >= 0)
	{
		const AttrNumber attnum = att + FirstLowInvalidHeapAttributeNumber;

		if (attnum > trial->source->natts || trial->source->column[attnum - 1] < 0 ||
			OidIsValid(trial->source->input[attnum - 1].function.fn_oid) || !spindle_may_see_all_rows(root, rel, attnum))
			return false;
		trial->used = bms_add_member(trial->used, attnum);
	}
	return true;
}

/* What was found for a trial; it is tried if nothing was. */
static const KeptRows *
find_kept(Trial *trial)
{
	const uint64 hash = hash_of(trial);
	KeptRows   *entry = &kept[hash % KEPT];
	int64	   *row = NULL;

	if (entry->hash == hash)
		return entry;
	if (!spindle_compute_tentatively(try_rows, trial))
		trial->n = -1;
	if (trial->n > 0 && trial->n <= MAX_LEFT)
	{
		row = MemoryContextAlloc(TopMemoryContext, sizeof(int64) * trial->n);
		memcpy(row, trial->row, sizeof(int64) * trial->n);
	}
	if (entry->row)
		pfree(entry->row);
	*entry = (KeptRows) {hash, trial->n, row};
	return entry;
}

/*
 * spindle_left_rows
 *		The rows of a relation that its conditions leave, palloc'd; NULL if they are
 *		not known.
 *
 * ranges are those of the conditions that become ranges, others the other
 * conditions, RestrictInfos.  Only for relations of a join, as it takes some
 * milliseconds the first time.  row_time is that of the attributes to be computed.
 */
SpindleLeftRows *
spindle_left_rows(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source, const SpindleRanges *ranges,
				  List *others, double row_time)
{
	SpindleLeftRows *left;
	Trial	   *trial;

	if (rel->reloptkind != RELOPT_BASEREL || bms_membership(root->all_baserels) != BMS_MULTIPLE ||
		!spindle_as_of_today(&source->as_of) || (others == NIL && ranges->nrows > MAX_LEFT))
		return NULL;
	left = palloc0(sizeof(SpindleLeftRows));
	trial = palloc0(sizeof(Trial));
	trial->source = source;
	trial->ranges = ranges;
	trial->relid = root->simple_rte_array[rel->relid]->relid;
	if (others != NIL)
	{
		const KeptRows *found = prepare(trial, root, rel, others, row_time) ? find_kept(trial) : NULL;

		if (found == NULL || found->n < 0)
			return NULL;
		left->n = found->n;
		if (found->row)
			left->row = memcpy(palloc(sizeof(int64) * found->n), found->row, sizeof(int64) * found->n);
		return left;
	}
	for (int r = 0; r < ranges->n; r++)
		for (int64 row = ranges->range[r].first; row < ranges->range[r].end; row++)
			trial->row[left->n++] = row;
	left->row = trial->row;
	return left;
}

/* An integer of a type of 2, 4 or 8 bytes. */
static int64
integer_of(Oid type, Datum datum)
{
	return type == INT2OID ? DatumGetInt16(datum) : type == INT4OID ? DatumGetInt32(datum) : DatumGetInt64(datum);
}

/* For bsearch(). */
static int
compare_keys(const void *a, const void *b)
{
	const int64 x = *(const int64 *) a;
	const int64 y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* What refers to some keys. */
typedef struct Keys
{
	int64	   *key;			/* rising, every step'th one may be a key */
	int64		step;
	int64		n;
	bool	   *is_listed;		/* is it among the common values? */
} Keys;

/*
 * The share of what a histogram counts that falls on those of the keys which are no
 * common values: in each part, all that could be are equally likely.
 */
static double
share_by_histogram(const Keys *keys, const AttStatsSlot *histogram, Oid type)
{
	double		sum = 0;
	int64		k = 0;

	for (int b = 0; b + 1 < histogram->nvalues; b++)
	{
		const int64 low = integer_of(type, histogram->values[b]);
		const int64 high = integer_of(type, histogram->values[b + 1]) + (b + 2 == histogram->nvalues);
		int64		found = 0;
		int64		listed = 0;

		while (k < keys->n && keys->key[k] < low)
			k++;
		for (; k < keys->n && keys->key[k] < high; k++)
		{
			found++;
			listed += keys->is_listed[k];
		}
		sum += (double) (found - listed) / Max(((double) high - (double) low) / keys->step - listed, 1.0);
	}
	return sum / (histogram->nvalues - 1);
}

/*
 * The share of the rows of another relation that refer to the keys by an expression,
 * by its statistics; -1 if there are none.
 */
static double
share_of_keys(PlannerInfo *root, Node *reference, Keys *keys)
{
	VariableStatData vardata;
	AttStatsSlot common = {0};
	AttStatsSlot histogram = {0};
	double		share = -1;

	examine_variable(root, reference, 0, &vardata);
	if (HeapTupleIsValid(vardata.statsTuple) && vardata.acl_ok && !vardata.isunique && vardata.rel &&
		(vardata.atttype == INT2OID || vardata.atttype == INT4OID || vardata.atttype == INT8OID))
	{
		bool		is_default;
		double		others = 1.0 - ((Form_pg_statistic) GETSTRUCT(vardata.statsTuple))->stanullfrac;
		const double ndistinct = get_variable_numdistinct(&vardata, &is_default);
		int64		nlisted = 0;

		share = 0;
		memset(keys->is_listed, 0, keys->n);
		(void) get_attstatsslot(&common, vardata.statsTuple, STATISTIC_KIND_MCV, InvalidOid,
								ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS);
		(void) get_attstatsslot(&histogram, vardata.statsTuple, STATISTIC_KIND_HISTOGRAM, InvalidOid, ATTSTATSSLOT_VALUES);
		for (int i = 0; i < common.nvalues; i++)
		{
			const int64 value = integer_of(vardata.atttype, common.values[i]);
			const int64 *key = bsearch(&value, keys->key, keys->n, sizeof(int64), compare_keys);

			others -= common.numbers[i];
			if (key == NULL)
				continue;
			share += common.numbers[i];
			keys->is_listed[key - keys->key] = true;
			nlisted++;
		}
		others = Max(others, 0.0);
		if (histogram.nvalues >= 2)
			share += others * share_by_histogram(keys, &histogram, vardata.atttype);
		else
			share += others * Min((keys->n - nlisted) / Max(ndistinct - common.nvalues, 1.0), 1.0);
		free_attstatsslot(&common);
		free_attstatsslot(&histogram);
	}
	ReleaseVariableStats(vardata);
	return share;
}

/* For generate_implied_equalities_for_column(): is a member the expression? */
static bool
is_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec, EquivalenceMember *em, void *arg)
{
	return equal(em->em_expr, arg);
}

/* The side of a clause that is of other relations than one; NULL if it is no comparison of two sides. */
static Node *
other_side(const RestrictInfo *info, const RelOptInfo *rel)
{
	if (!is_opclause(info->clause) || list_length(((OpExpr *) info->clause)->args) != 2)
		return NULL;
	if (bms_equal(info->left_relids, rel->relids))
		return get_rightop(info->clause);
	return bms_equal(info->right_relids, rel->relids) ? get_leftop(info->clause) : NULL;
}

/*
 * Set the selectivity of the comparisons of a relation's column with what refers to
 * it.  They are made here if they are not there yet, one for each order of the two
 * sides, and joins take these.
 */
static void
set_selectivities(PlannerInfo *root, RelOptInfo *rel, Var *column, Keys *keys)
{
	ListCell   *lc;

	foreach(lc, generate_implied_equalities_for_column(root, rel, is_member, column, rel->lateral_referencers))
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);
		Node	   *reference = other_side(info, rel);
		RelOptInfo *referring;
		double		selectivity;
		ListCell   *other;

		if (reference == NULL || !IsA(reference, Var))
			continue;
		selectivity = share_of_keys(root, reference, keys) / keys->n;
		if (selectivity < 0)
			continue;
		CLAMP_PROBABILITY(selectivity);
		info->norm_selec = selectivity;
		referring = find_base_rel(root, ((Var *) reference)->varno);
		foreach(other, generate_implied_equalities_for_column(root, referring, is_member, reference,
															  referring->lateral_referencers))
		{
			RestrictInfo *reversed = lfirst_node(RestrictInfo, other);

			if (equal(other_side(reversed, referring), column))
				reversed->norm_selec = selectivity;
		}
	}
}

/*
 * spindle_left_rows_tell
 *		Tell the planner how often the rows that are left of a relation are referred
 *		to by others.  The sizes of all relations have been set.
 *
 * For keys that count rows.
 */
void
spindle_left_rows_tell(PlannerInfo *root, RelOptInfo *rel, const SpindleSource *source, const SpindleLeftRows *left)
{
	const SpindleTable *table = &source->instance->domain->table[source->table];
	const SpindleRule *rule;
	AttrNumber	attnum;
	Keys		keys;
	Oid			type;
	int32		typmod;
	Oid			collation;

	if (left == NULL || left->row == NULL || left->n == 0 || table->nkeys != 1 || !rel->has_eclass_joins)
		return;
	rule = table->column[table->key[0]].rule;
	attnum = spindle_attribute_of(source, table->key[0]);
	if (rule->kind != SPINDLE_RULE_SEQUENCE || rule->sequence.step <= 0 || attnum == 0)
		return;
	keys.n = left->n;
	keys.step = rule->sequence.step;
	keys.key = palloc(sizeof(int64) * left->n);
	keys.is_listed = palloc(left->n);
	for (int64 i = 0; i < left->n; i++)
		keys.key[i] = rule->sequence.start + rule->sequence.step * left->row[i];
	get_atttypetypmodcoll(root->simple_rte_array[rel->relid]->relid, attnum, &type, &typmod, &collation);
	set_selectivities(root, rel, makeVar(rel->relid, attnum, type, typmod, collation, 0), &keys);
}
