/*-------------------------------------------------------------------------
 *
 * groups.c
 *		How many groups a query makes of generated rows, told to the planner.
 *
 * The planner takes conditions to leave any of the values by which a query groups its
 * rows: of 25 nations all, where those of a region are asked for, and of seven years
 * all, where two are.  So the conditions of a relation, and what its references are
 * known to lead to (left_rows.c), are tried on some of its rows, and the groups that
 * these make are counted.  If nearly every row makes another group, that says little,
 * and what the planner takes from the statistics of columns is better.
 *
 * Of groups that a condition on aggregates leaves, having.c tells the share.
 *
 * The numbers are set in the paths that the planner has made: what it does with the
 * groups next goes by them.  Only relations of generated tables are looked at, and
 * queries without one stay as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "utils/selfuncs.h"
#include "utils/typcache.h"

#include "compat.h"
#include "scan/groups.h"

/* Rows that are tried to count groups, at most, the time for that in nanoseconds, and rows of a run. */
#define MAX_TRIED		8192
#define TRIED_TIME		3000000.0
#define RUN				8
/* Rows that have to be left to say anything. */
#define MIN_LEFT		30
/* Groups of one row, as a share of the rows, with which most groups have been seen. */
#define MOST_SINGLE		0.1
/* Entries of the table of what was found. */
#define KEPT			64

/* Who had the hook before us; is called first. */
static create_upper_paths_hook_type previous_hook = NULL;

/* What was found: by a hash of what it depends on, 0 if there is nothing. */
typedef struct KeptGroups
{
	uint64		hash;
	double		n;				/* -1 if it could not be found out */
} KeptGroups;

static KeptGroups kept[KEPT];

/* Groups of a trial on their way. */
typedef struct Counter
{
	int			nexprs;
	TypeCacheEntry *type[SPINDLE_TRIAL_EXPRS];
	Oid			collation[SPINDLE_TRIAL_EXPRS];
	int			n;				/* rows that are left */
	uint64	   *hash;			/* of the group of each */
} Counter;

/* A SpindleTrialTake that notes the group. */
static void
note_group(void *arg, int64 i, int64 row, const Datum *values, const bool *nulls)
{
	Counter    *counter = arg;
	uint64		hash = 0;

	for (int k = 0; k < counter->nexprs; k++)
		hash = hash_combine64(hash, nulls[k] ? 0 :
							  DatumGetUInt64(FunctionCall2Coll(&counter->type[k]->hash_extended_proc_finfo,
															   counter->collation[k], values[k], UInt64GetDatum(0))));
	counter->hash[counter->n++] = hash;
}

/* For qsort(). */
static int
compare_hashes(const void *a, const void *b)
{
	const uint64 x = *(const uint64 *) a;
	const uint64 y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * The number of groups among all rows that are left, by those of ntried of nrows;
 * -1 if the sample does not tell.
 */
static double
count_groups(Counter *counter, int64 ntried, int64 nrows)
{
	const int	n = counter->n;
	int			ngroups = 0;
	int			nsingle = 0;

	qsort(counter->hash, n, sizeof(uint64), compare_hashes);
	for (int i = 0, end; i < n; i = end)
	{
		for (end = i + 1; end < n && counter->hash[end] == counter->hash[i]; end++)
			;
		ngroups++;
		nsingle += end == i + 1;
	}
	if (ntried == nrows)
		return Max(ngroups, 1);
	if (n < MIN_LEFT || nsingle > MOST_SINGLE * n)
		return -1;
	/* as ANALYZE does it */
	return (double) n * ngroups / (n - nsingle + nsingle * ((double) ntried / nrows));
}

/* Prepare to count the groups of expressions; false if they cannot be compared. */
static bool
init_counter(Counter *counter, List *exprs)
{
	ListCell   *lc;

	foreach(lc, exprs)
	{
		const int	k = counter->nexprs++;

		counter->type[k] = lookup_type_cache(exprType(lfirst(lc)), TYPECACHE_HASH_EXTENDED_PROC_FINFO);
		counter->collation[k] = exprCollation(lfirst(lc));
		if (!OidIsValid(counter->type[k]->hash_extended_proc))
			return false;
	}
	return true;
}

/* Those of clauses, RestrictInfos, that look at nothing but what expressions do. */
static List *
clauses_on(Index relid, List *clauses, List *exprs)
{
	Bitmapset  *used = NULL;
	List	   *result = NIL;
	ListCell   *lc;

	pull_varattnos((Node *) exprs, relid, &used);
	foreach(lc, clauses)
	{
		Bitmapset  *own = NULL;

		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, relid, &own);
		if (bms_is_subset(own, used))
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * The number of groups that expressions of a relation make of the rows which clauses
 * and references leave, -1 if it is not known.
 */
static double
try_groups(PlannerInfo *root, RelOptInfo *rel, const SpindleScanRows *scan, List *clauses, List *exprs)
{
	SpindleTrial *trial = spindle_trial_begin(root, rel, scan->source);
	SpindleRowChoice choice = {0};
	Counter    *counter = palloc0(sizeof(Counter));
	KeptGroups *entry;
	uint64		hash;
	ListCell   *lc;

	foreach(lc, exprs)
		if (!spindle_trial_add_expr(trial, root, rel, lfirst(lc)))
			return -1;
	spindle_trial_add_references(trial, root, rel, scan->references);
	if (scan->left && scan->left->row)
	{
		choice.row = scan->left->row;
		choice.n = scan->left->n;
	}
	else if (spindle_trial_add_clauses(trial, root, rel, clauses))
		choice = spindle_trial_choice(trial, scan, MAX_TRIED, TRIED_TIME, RUN);
	if (choice.n == 0 || !init_counter(counter, exprs))
		return -1;
	hash = spindle_trial_hash(trial, &choice);
	entry = &kept[hash % KEPT];
	if (entry->hash != hash)
	{
		bool		is_done;

		counter->hash = palloc(sizeof(uint64) * choice.n);
		is_done = spindle_trial_run(trial, &choice, note_group, counter);
		*entry = (KeptGroups) {hash, is_done ? count_groups(counter, choice.n, choice.row ? choice.n : scan->ranges->nrows) : -1};
		pfree(counter->hash);
	}
	return entry->n;
}

/*
 * The same of the rows that all conditions leave; if these are too rare, of those which
 * the conditions leave that look at nothing else.
 */
static double
groups_of_relation(PlannerInfo *root, RelOptInfo *rel, const SpindleScanRows *scan, List *exprs)
{
	double		ngroups;
	List	   *clauses;

	if (scan->ranges->nrows == 0 || scan->source->is_history || !spindle_as_of_today(&scan->source->as_of) ||
		list_length(exprs) > SPINDLE_TRIAL_EXPRS)
		return -1;
	ngroups = try_groups(root, rel, scan, scan->others, exprs);
	if (ngroups >= 0)
		return ngroups;
	clauses = clauses_on(rel->relid, scan->others, exprs);
	if (clauses == NIL || list_length(clauses) == list_length(scan->others))
		return -1;
	return try_groups(root, rel, scan, clauses, exprs);
}

/*
 * spindle_groups_of
 *		The same of any relation: -1 if it is no generated table.
 */
double
spindle_groups_of(PlannerInfo *root, RelOptInfo *rel, List *exprs)
{
	const SpindleScanRows *scan = rel->reloptkind == RELOPT_BASEREL ? spindle_fdw_rel_rows(rel) : NULL;

	return scan ? groups_of_relation(root, rel, scan, exprs) : -1;
}

/*
 * Do the planner's own numbers say all that there is to say of expressions of a relation?
 * So it is of one column of all rows.
 */
static bool
is_plain(const SpindleScanRows *scan, List *exprs)
{
	return list_length(exprs) == 1 && scan->others == NIL && scan->references == NIL &&
		scan->ranges->nrows == scan->source->instance->nrows[scan->source->table];
}

/*
 * The number of groups that expressions make of nrows rows of a relation that may be
 * a join; *known is set if that is not only the planner's own number.
 */
static double
estimate_groups(PlannerInfo *root, RelOptInfo *input, List *exprs, double nrows, bool *known)
{
	double		result = 1;
	int			relid = -1;

	*known = false;
	while ((relid = bms_next_member(input->relids, relid)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[relid];
		const SpindleScanRows *scan = rel && rel->reloptkind == RELOPT_BASEREL ? spindle_fdw_rel_rows(rel) : NULL;
		List	   *own = NIL;
		double		n;
		ListCell   *lc;

		if (scan == NULL)
			continue;
		foreach(lc, exprs)
			if (bms_equal(pull_varnos(root, lfirst(lc)), rel->relids))
			own = lappend(own, lfirst(lc));
		if (own == NIL || is_plain(scan, own))
			continue;
		n = groups_of_relation(root, rel, scan, own);
		if (n < 0)
			continue;
		*known = true;
		result *= n;
		exprs = list_difference_ptr(exprs, own);
	}
	if (exprs != NIL)
		result *= estimate_num_groups(root, exprs, nrows, NULL, NULL);
	return clamp_row_est(Min(result, nrows));
}

/* Is there a generated table in a relation that may be a join? */
static bool
reads_generated(const PlannerInfo *root, const RelOptInfo *input)
{
	int			relid = -1;

	while ((relid = bms_next_member(input->relids, relid)) >= 0)
		if (root->simple_rel_array[relid] && spindle_rel_is_generated(root->simple_rel_array[relid]))
			return true;
	return false;
}

/* Set the number of rows of the paths that group or leave out what they have seen. */
static void
set_rows(RelOptInfo *rel, double nrows)
{
	ListCell   *lc;

	foreach(lc, rel->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (IsA(path, GroupPath) || IsA(path, UpperUniquePath) ||
			(IsA(path, AggPath) && ((AggPath *) path)->aggstrategy != AGG_PLAIN))
			path->rows = nrows;
	}
}

/*
 * create_upper_paths_hook: the number of groups, and of those that a condition on
 * aggregates leaves.
 */
static void
tell_groups(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel, RelOptInfo *output_rel, void *extra)
{
	const Query *query = root->parse;
	List	   *having = NIL;
	List	   *exprs;
	bool		known;
	double		ngroups;

	if (previous_hook)
		previous_hook(root, stage, input_rel, output_rel, extra);
	if (stage == UPPERREL_GROUP_AGG && query->groupClause != NIL && query->groupingSets == NIL)
	{
		exprs = get_sortgrouplist_exprs(query->groupClause, root->processed_tlist);
		having = (List *) ((GroupPathExtraData *) extra)->havingQual;
	}
	else if (stage == UPPERREL_DISTINCT && query->distinctClause != NIL && query->groupClause == NIL &&
			 query->groupingSets == NIL && !query->hasAggs && !root->hasHavingQual && !query->hasTargetSRFs &&
			 !query->hasWindowFuncs)
		exprs = get_sortgrouplist_exprs(query->distinctClause, root->processed_tlist);
	else
		return;
	if ((!IS_SIMPLE_REL(input_rel) && !IS_JOIN_REL(input_rel)) ||	/* of a relation that is empty, say */
		!reads_generated(root, input_rel))
		return;
	ngroups = estimate_groups(root, input_rel, exprs, input_rel->rows, &known);
	if (having != NIL)
	{
		bool		having_known;
		const double share = spindle_having_share(root, input_rel, exprs, having, &having_known);

		known |= having_known;
		ngroups = clamp_row_est(ngroups * share);
	}
	if (known)
		set_rows(output_rel, ngroups);
}

/*
 * spindle_groups_init
 *		Take the hook of the planner; called when the library is loaded.
 */
void
spindle_groups_init(void)
{
	previous_hook = create_upper_paths_hook;
	create_upper_paths_hook = tell_groups;
}
