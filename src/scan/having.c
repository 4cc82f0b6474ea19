/*-------------------------------------------------------------------------
 *
 * having.c
 *		Which share of its groups a condition on aggregates leaves.
 *
 * The planner takes a third.  Where rows are grouped by a column that never falls, as
 * lines are by their order, those of a group lie side by side.  So some runs of rows
 * are computed, and the aggregates of the groups in them compared as the condition
 * does, as float8, which is near enough.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "common/hashfn.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "scan/groups.h"
#include "server/datum_number.h"

/* Rows that are tried at most, the time for that in nanoseconds, and rows of a run. */
#define MAX_TRIED		32768
#define TRIED_TIME		4000000.0
#define RUN				128
/* Groups that have to be seen. */
#define MIN_GROUPS		30
/* How far the rows of the relation may differ from those that are grouped, by a factor. */
#define ROWS_FACTOR		1.5
/* Conditions that are looked at, at most; more of them are left to the planner. */
#define MAX_CONDITIONS	((SPINDLE_TRIAL_EXPRS - 1) / 2)
/* Entries of the table of what was found. */
#define KEPT			64

/* Aggregates that are known here. */
typedef enum AggregateKind
{
	AGGREGATE_COUNT,
	AGGREGATE_SUM,
	AGGREGATE_AVG,
	AGGREGATE_MIN,
	AGGREGATE_MAX
} AggregateKind;

/* A condition: an aggregate compared with a constant, and the aggregate of the group at hand. */
typedef struct Condition
{
	AggregateKind kind;
	int			strategy;		/* of btree */
	double		constant;
	int			argument;		/* among the expressions of the trial; -1 of count(*) */
	Oid			type;			/* of the argument */
	int			filter;			/* the same of FILTER, -1 if there is none */
	int64		n;				/* values that are not NULL */
	double		sum;
	double		least;
	double		greatest;
} Condition;

/* Groups of a trial on their way. */
typedef struct Groups
{
	int			nconditions;
	Condition	condition[MAX_CONDITIONS];
	TypeCacheEntry *type;		/* of the column of groups */
	bool		is_complete;	/* are all rows tried, in one run? */
	int64		run;			/* of the group at hand ... */
	Datum		group;			/* ... and its value */
	bool		is_whole;		/* has it begun in this run? */
	bool		is_any;			/* is there one? */
	int64		n;				/* whole groups so far ... */
	int64		nleft;			/* ... and those that all conditions leave */
	int64		nrows;			/* rows so far */
} Groups;

/* What was found: by a hash of what it depends on, 0 if there is nothing. */
typedef struct KeptShare
{
	uint64		hash;
	double		share;			/* -1 if it could not be found out */
	double		rows_share;		/* of the rows that the relation's conditions leave */
} KeptShare;

static KeptShare kept[KEPT];

/* Does the aggregate of the group at hand meet a condition? */
static bool
is_met(const Condition *condition)
{
	double		value = (double) condition->n;

	if (condition->n == 0 && condition->kind != AGGREGATE_COUNT)
		return false;
	switch (condition->kind)
	{
		case AGGREGATE_COUNT:
			break;
		case AGGREGATE_SUM:
			value = condition->sum;
			break;
		case AGGREGATE_AVG:
			value = condition->sum / value;
			break;
		case AGGREGATE_MIN:
			value = condition->least;
			break;
		case AGGREGATE_MAX:
			value = condition->greatest;
			break;
	}
	switch (condition->strategy)
	{
		case BTLessStrategyNumber:
			return value < condition->constant;
		case BTLessEqualStrategyNumber:
			return value <= condition->constant;
		case BTEqualStrategyNumber:
			return value == condition->constant;
		case BTGreaterEqualStrategyNumber:
			return value >= condition->constant;
		default:
			return value > condition->constant;
	}
}

/* The group at hand has ended.  The next one is whole, unless another run begins. */
static void
end_group(Groups *groups)
{
	bool		is_left = true;

	for (int c = 0; c < groups->nconditions; c++)
	{
		Condition  *condition = &groups->condition[c];

		is_left &= is_met(condition);
		condition->n = 0;
		condition->sum = 0;
		condition->least = INFINITY;
		condition->greatest = -INFINITY;
	}
	groups->n += groups->is_whole;
	groups->nleft += groups->is_whole && is_left;
}

/* A SpindleTrialTake that adds a row to its group.  The first and the last group of a run may be cut, and are left out. */
static void
add_row(void *arg, int64 i, int64 row, const Datum *values, const bool *nulls)
{
	Groups	   *groups = arg;
	const int64 run = groups->is_complete ? 0 : i / RUN;
	const bool	is_new_run = !groups->is_any || run != groups->run;

	groups->nrows++;
	if (nulls[0])
		return;
	if (is_new_run || !datumIsEqual(values[0], groups->group, true, groups->type->typlen))
	{
		if (is_new_run)
			groups->is_whole = false;	/* the last of a run may go on behind it */
		end_group(groups);
		groups->is_whole = !is_new_run || row == 0 || groups->is_complete;
		groups->run = run;
		groups->group = values[0];
		groups->is_any = true;
	}
	for (int c = 0; c < groups->nconditions; c++)
	{
		Condition  *condition = &groups->condition[c];
		double		number = 0;

		if ((condition->argument >= 0 && nulls[condition->argument]) ||
			(condition->filter >= 0 && (nulls[condition->filter] || !DatumGetBool(values[condition->filter]))))
			continue;
		condition->n++;
		if (condition->kind == AGGREGATE_COUNT)
			continue;
		(void) spindle_datum_number(condition->type, values[condition->argument], &number);
		condition->sum += number;
		condition->least = Min(condition->least, number);
		condition->greatest = Max(condition->greatest, number);
	}
}

/* Which aggregate it is; false if none that is known here. */
static bool
kind_of(const Aggref *aggregate, AggregateKind *kind)
{
	static const char *const names[] = {"count", "sum", "avg", "min", "max"};
	const char *name;

	if (aggregate->agglevelsup != 0 || aggregate->aggdistinct != NIL || aggregate->aggorder != NIL ||
		aggregate->aggkind != AGGKIND_NORMAL || aggregate->aggvariadic || aggregate->aggfnoid >= FirstNormalObjectId ||
		list_length(aggregate->args) > 1)
		return false;
	name = get_func_name(aggregate->aggfnoid);
	for (int k = 0; name && k < lengthof(names); k++)
	{
		if (strcmp(name, names[k]) != 0)
			continue;
		*kind = (AggregateKind) k;
		return k == AGGREGATE_COUNT || (aggregate->args != NIL &&
										spindle_datum_is_number(exprType((Node *) linitial_node(TargetEntry, aggregate->args)->expr)));
	}
	return false;
}

/*
 * Read a clause as a condition, and add what it computes of a row to a trial; false if
 * it is another one.
 */
static bool
read_condition(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, Node *clause, Condition *condition)
{
	OpExpr	   *expr = (OpExpr *) clause;
	Node	   *left;
	Node	   *right;
	Oid			operator;
	Aggref	   *aggregate;

	if (!IsA(clause, OpExpr) || list_length(expr->args) != 2)
		return false;
	operator = expr->opno;
	left = linitial(expr->args);
	right = estimate_expression_value(root, lsecond(expr->args));
	if (!IsA(left, Aggref))
	{
		left = lsecond(expr->args);
		right = estimate_expression_value(root, linitial(expr->args));
		operator = get_commutator(operator);
	}
	if (!IsA(left, Aggref) || !IsA(right, Const) || ((Const *) right)->constisnull || !OidIsValid(operator) ||
		!spindle_datum_is_number(((Const *) right)->consttype) || !spindle_datum_is_number(exprType(left)))
		return false;
	aggregate = (Aggref *) left;
	*condition = (Condition) {.argument = -1,.filter = -1};
	if (!spindle_datum_number(((Const *) right)->consttype, ((Const *) right)->constvalue, &condition->constant))
		return false;
	condition->strategy = get_op_opfamily_strategy(operator,
												   lookup_type_cache(exprType(left), TYPECACHE_BTREE_OPFAMILY)->btree_opf);
	if (condition->strategy == InvalidStrategy || !kind_of(aggregate, &condition->kind))
		return false;
	if (aggregate->args != NIL)
	{
		Expr	   *argument = linitial_node(TargetEntry, aggregate->args)->expr;

		condition->argument = list_length(trial->exprs);
		condition->type = exprType((Node *) argument);
		if (!spindle_trial_add_expr(trial, root, rel, argument))
			return false;
	}
	if (aggregate->aggfilter)
	{
		condition->filter = list_length(trial->exprs);
		return spindle_trial_add_expr(trial, root, rel, aggregate->aggfilter);
	}
	return true;
}

/*
 * Read the clauses that are conditions into groups; by *others, those which the trial
 * does not decide.
 */
static void
read_conditions(SpindleTrial *trial, PlannerInfo *root, RelOptInfo *rel, List *having, Groups *groups, List **others)
{
	ListCell   *lc;

	*others = NIL;
	foreach(lc, having)
	{
		List	   *exprs = list_copy(trial->exprs);

		if (groups->nconditions < MAX_CONDITIONS &&
			read_condition(trial, root, rel, lfirst(lc), &groups->condition[groups->nconditions]))
			groups->nconditions++;
		else
		{
			trial->exprs = exprs;
			*others = lappend(*others, lfirst(lc));
		}
	}
}

/*
 * The relation of an expression, if it is a column of a generated table that never
 * falls, NULL otherwise.
 */
static RelOptInfo *
ordered_relation(PlannerInfo *root, Var *var, const SpindleScanRows **scan)
{
	RelOptInfo *rel;

	if (!IsA(var, Var) || var->varlevelsup != 0 || var->varno >= root->simple_rel_array_size)
		return NULL;
	rel = root->simple_rel_array[var->varno];
	*scan = rel && rel->reloptkind == RELOPT_BASEREL ? spindle_fdw_rel_rows(rel) : NULL;
	if (*scan == NULL || !(*scan)->is_exact || (*scan)->ranges->nrows == 0 ||
		!spindle_as_of_today(&(*scan)->source->as_of) ||
		spindle_monotone_attribute((*scan)->source, var->varno, (Node *) var) == 0)
		return NULL;
	return rel;
}

/* What was found for a trial; it is tried if nothing was. */
static const KeptShare *
find_kept(SpindleTrial *trial, const SpindleRowChoice *choice, Groups *groups)
{
	uint64		hash = spindle_trial_hash(trial, choice);
	KeptShare	share = {.share = -1};
	KeptShare  *entry;

	for (int c = 0; c < groups->nconditions; c++)
	{
		const Condition *condition = &groups->condition[c];
		const double numbers[] = {condition->kind, condition->strategy, condition->constant, condition->argument,
		condition->filter};

		hash = hash_combine64(hash, hash_bytes_extended((const unsigned char *) numbers, sizeof(numbers), 0));
	}
	hash = Max(hash, 1);
	entry = &kept[hash % KEPT];
	if (entry->hash == hash)
		return entry;

	/* it is noted at last: what a cancel breaks off has found nothing out */
	share.hash = hash;
	groups->is_complete = choice->n == choice->ranges->nrows;
	if (spindle_trial_run(trial, choice, add_row, groups))
	{
		if (groups->is_complete)
			end_group(groups);
		share.rows_share = (double) groups->nrows / choice->n;

		/* of what is rarer than the groups seen, half a group */
		if (groups->is_complete && groups->n > 0)
			share.share = (double) groups->nleft / groups->n;
		else if (groups->n >= MIN_GROUPS)
			share.share = (groups->nleft + 0.5) / (groups->n + 1.0);
	}
	*entry = share;
	return entry;
}

/*
 * spindle_having_share
 *		The share of groups that conditions on aggregates leave, as far as rows of a
 *		generated table tell, else as the planner takes it; *known is set if they do.
 *
 * exprs are those by which the rows of input are grouped.  Joins must not repeat the
 * rows of the relation, nor leave out others than is known.
 */
double
spindle_having_share(PlannerInfo *root, RelOptInfo *input, List *exprs, List *having, bool *known)
{
	const SpindleScanRows *scan;
	RelOptInfo *rel = list_length(exprs) == 1 ? ordered_relation(root, linitial(exprs), &scan) : NULL;
	SpindleTrial *trial;
	Groups	   *groups;
	SpindleRowChoice choice;
	List	   *others;
	const KeptShare *found;
	double		nrows;

	*known = false;
	if (rel)
	{
		trial = spindle_trial_begin(root, rel, scan->source);
		groups = palloc0(sizeof(Groups));
		groups->type = lookup_type_cache(exprType(linitial(exprs)), 0);
		if (groups->type->typbyval && spindle_trial_add_expr(trial, root, rel, linitial(exprs)) &&
			spindle_trial_add_clauses(trial, root, rel, scan->others))
		{
			read_conditions(trial, root, rel, having, groups, &others);
			spindle_trial_add_references(trial, root, rel, scan->references);
			choice = spindle_trial_choice(trial, scan, MAX_TRIED, TRIED_TIME, RUN);
			if (groups->nconditions > 0 && choice.n > 0)
			{
				found = find_kept(trial, &choice, groups);
				nrows = found->rows_share * scan->ranges->nrows;
				*known = found->share >= 0 && nrows < input->rows * ROWS_FACTOR && input->rows < nrows * ROWS_FACTOR;
				if (*known)
					return found->share * clauselist_selectivity(root, others, 0, JOIN_INNER, NULL);
			}
		}
	}
	return clauselist_selectivity(root, having, 0, JOIN_INNER, NULL);
}
