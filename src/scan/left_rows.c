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

#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/selfuncs.h"

#include "math/rng.h"
#include "scan/fdw.h"
#include "scan/row_trial.h"

/* Rows whose numbers are found, at most; of more only how many they are. */
#define MAX_LEFT		2048
/* Rows that conditions are tried on, at most, and the time for that in nanoseconds. */
#define MAX_TRIED		32768
#define TRIED_TIME		4000000.0
/* So many times MAX_LEFT are too many by the planner's own estimate, which is good for many. */
#define MANY_TIMES		4
/* Entries of the table of what was found: a megabyte, at most. */
#define KEPT			64

/* What was found. */
typedef struct KeptRows
{
	uint64		hash;			/* 0 if there is nothing */
	int64		n;				/* -1 if it could not be found out */
	int64	   *row;			/* NULL if n is more than MAX_LEFT */
} KeptRows;

static KeptRows kept[KEPT];

/* An answer on its way. */
typedef struct Answer
{
	int64		n;				/* rows that are left ... */
	int64		row[MAX_LEFT];	/* ... and the first of them */
} Answer;

/* A SpindleTrialTake that notes the row. */
static void
note_row(void *arg, int64 i, int64 row, const Datum *values, const bool *nulls)
{
	Answer	   *answer = arg;

	if (answer->n < MAX_LEFT)
		answer->row[answer->n] = row;
	answer->n++;
}

/* What was found for a trial on all rows of the ranges; it is tried if nothing was. */
static const KeptRows *
find_kept(SpindleTrial *trial, const SpindleRanges *ranges, Answer *answer)
{
	const SpindleRowChoice all = {.ranges = ranges,.n = ranges->nrows,.run = ranges->nrows};
	const uint64 hash = spindle_trial_hash(trial, &all);
	KeptRows   *entry = &kept[hash % KEPT];
	int64	   *row = NULL;

	if (entry->hash == hash)
		return entry;
	if (!spindle_trial_run(trial, &all, note_row, answer))
		answer->n = -1;
	if (answer->n > 0 && answer->n <= MAX_LEFT)
	{
		row = MemoryContextAlloc(TopMemoryContext, sizeof(int64) * answer->n);
		memcpy(row, answer->row, sizeof(int64) * answer->n);
	}
	if (entry->row)
		pfree(entry->row);
	*entry = (KeptRows) {hash, answer->n, row};
	return entry;
}

/*
 * spindle_left_rows
 *		The rows of a relation that its conditions leave, palloc'd; NULL if they are
 *		not known.
 *
 * Only for relations of a join, as it takes some milliseconds the first time.  The
 * planner's own estimate is in rel->rows.
 */
SpindleLeftRows *
spindle_left_rows(PlannerInfo *root, RelOptInfo *rel, const SpindleScanRows *scan)
{
	const SpindleRanges *ranges = scan->ranges;
	SpindleLeftRows *left;
	Answer	   *answer;

	if (rel->reloptkind != RELOPT_BASEREL || bms_membership(root->all_baserels) != BMS_MULTIPLE ||
		!scan->is_exact || !spindle_as_of_today(&scan->source->as_of) || (scan->others == NIL && ranges->nrows > MAX_LEFT))
		return NULL;
	left = palloc0(sizeof(SpindleLeftRows));
	answer = palloc0(sizeof(Answer));
	if (scan->others != NIL)
	{
		SpindleTrial *trial = spindle_trial_begin(root, rel, scan->source);
		const KeptRows *found;

		if (rel->rows > MANY_TIMES * MAX_LEFT || ranges->nrows > MAX_TRIED ||
			!spindle_trial_add_clauses(trial, root, rel, scan->others) ||
			ranges->nrows * (scan->row_time + trial->time) > TRIED_TIME)
			return NULL;
		found = find_kept(trial, ranges, answer);
		if (found->n < 0)
			return NULL;
		left->n = found->n;
		if (found->row)
			left->row = memcpy(palloc(sizeof(int64) * found->n), found->row, sizeof(int64) * found->n);
		return left;
	}
	for (int r = 0; r < ranges->n; r++)
		for (int64 row = ranges->range[r].first; row < ranges->range[r].end; row++)
			answer->row[left->n++] = row;
	left->row = answer->row;
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
		referring = find_base_rel(root, ((Var *) reference)->varno);
		spindle_fdw_note_reference(referring, ((Var *) reference)->varattno, keys->key, keys->n);
		selectivity = share_of_keys(root, reference, keys) / keys->n;
		if (selectivity < 0)
			continue;
		CLAMP_PROBABILITY(selectivity);
		info->norm_selec = selectivity;
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
