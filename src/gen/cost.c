/*-------------------------------------------------------------------------
 *
 * cost.c
 *		What it takes to compute columns, for estimates.
 *
 * A column costs what its rule does by itself, and what the columns cost that
 * it is made of: those of the same row, of the rows it refers to, of its
 * children.  A program computes a column once, however many ask for it, and so
 * it is counted once.  The figures are nanoseconds on a processor of 2.5 GHz;
 * what matters are their ratios, to each other and to what the server's own
 * scans take.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"

#include "gen/cost.h"

/* Of a row that is found elsewhere, and of its value that is brought here. */
#define STEP_COST			2.5
/* Of a piece of a pattern. */
#define PIECE_COST			14.0
/* Of a time of a timeline that is far from the one before. */
#define FAR_TIME_COST		3000.0
/* Rows from one to the next, of which nothing is known. */
#define FAR					1e15
/* Of kinds of rule that are not listed below. */
#define OTHER_COST			10.0

/* Nanoseconds that a rule takes for a row, its parts aside. */
static const double rule_cost[] = {
	[SPINDLE_RULE_SEQUENCE] = 1.5,
	[SPINDLE_RULE_CONSTANT] = 1,
	[SPINDLE_RULE_WEIGHTED] = 4,
	[SPINDLE_RULE_NUMBER] = 8,
	[SPINDLE_RULE_TIME] = 10,
	[SPINDLE_RULE_REFERENCE] = 8,
	[SPINDLE_RULE_PARENT] = 4,
	[SPINDLE_RULE_COPY] = 1,
	[SPINDLE_RULE_OFFSET] = 10,
	[SPINDLE_RULE_CORRELATED] = 10,
	[SPINDLE_RULE_FORMULA] = 8,
	[SPINDLE_RULE_CASE] = 6,
	[SPINDLE_RULE_TOTAL] = 5,
	[SPINDLE_RULE_CHILD] = 10,
	[SPINDLE_RULE_FIRST_CHILD] = 5,
	[SPINDLE_RULE_DATA] = 6,
	[SPINDLE_RULE_OBJECT] = 60,
	[SPINDLE_RULE_ARRAY] = 120,
};

/* All that is to be computed for a row. */
typedef struct CostWalk
{
	const SpindleInstance *instance;
	List	   *counted;		/* lists of two: tables and columns */
	double		cost;			/* in nanoseconds, so far */
} CostWalk;

/* A rule of a table whose parts are visited. */
typedef struct RuleParts
{
	CostWalk   *walk;
	int			table;
	const SpindleRule *rule;
	double		rows;			/* computed for a row of the scan */
	double		stride;			/* rows from one of them to the next */
} RuleParts;

static void count_rule(CostWalk *walk, int table, const SpindleRule *rule, double rows, double stride);

/* Count a column, unless it has been. */
static void
count_column(CostWalk *walk, int table, int column, double rows, double stride)
{
	const SpindleColumn *c = &walk->instance->domain->table[table].column[column];
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, walk->counted)
		if (linitial_int(lfirst(lc)) == table && lsecond_int(lfirst(lc)) == column)
		return;
	walk->counted = lappend(walk->counted, list_make2_int(table, column));
	count_rule(walk, table, c->rule, rows, stride);
}

/* Rows of a table per row of another one. */
static double
ratio(const CostWalk *walk, int table, int other)
{
	return (double) walk->instance->nrows[table] / (double) Max(walk->instance->nrows[other], 1);
}

/*
 * The column at the end of a path.  What a rule names of another table, other
 * than its children, is looked at when a program is built, not for each row.
 */
static void
count_path(void *context, int table, const SpindleColumnRef *ref)
{
	RuleParts  *parts = context;
	CostWalk   *walk = parts->walk;
	double		rows = parts->rows;
	double		stride = parts->stride;

	if (table != parts->table)
	{
		if (parts->rule->kind != SPINDLE_RULE_TOTAL && parts->rule->kind != SPINDLE_RULE_CHILD)
			return;
		rows *= ratio(walk, table, walk->instance->domain->table[table].rows_parent);
		walk->cost += STEP_COST * rows;
	}
	for (int i = 0; i < ref->nsteps; i++)
	{
		int			target = spindle_column_target(walk->instance->domain, table, ref->step[i]);

		count_column(walk, table, ref->step[i], rows, stride);
		walk->cost += STEP_COST * rows;

		if (ref->step[i] != walk->instance->domain->table[table].parent_column)
			stride = FAR;
		else
		{
			/* neighbours have the same parent, and compute it once */
			stride *= ratio(walk, target, table);
			rows *= Min(1.0, stride);
			stride = Max(1.0, stride);
		}
		table = target;
	}
	count_column(walk, table, ref->column, rows, stride);
}

/* A rule inside the rule. */
static void
count_inner_rule(void *context, const SpindleRule *rule)
{
	RuleParts  *parts = context;

	count_rule(parts->walk, parts->table, rule, parts->rows, parts->stride);
}

/* Which children a row has. */
static void
count_children(void *context, int child_table)
{
	RuleParts  *parts = context;

	parts->walk->cost += STEP_COST * parts->rows;
}

/* Count a rule for some rows, and its parts. */
static void
count_rule(CostWalk *walk, int table, const SpindleRule *rule, double rows, double stride)
{
	RuleParts	parts = {walk, table, rule, rows, stride};
	const SpindleRuleVisitor visitor = {
		.path = count_path,
		.rule = count_inner_rule,
		.children = count_children,
		.context = &parts,
	};
	double		cost = rule->kind < lengthof(rule_cost) && rule_cost[rule->kind] > 0 ? rule_cost[rule->kind] : OTHER_COST;

	check_stack_depth();
	if ((rule->kind == SPINDLE_RULE_TIME && rule->time.ordered) ||
		(rule->kind == SPINDLE_RULE_REFERENCE && rule->reference.has_after))
		cost = Min(FAR_TIME_COST, cost * stride);
	else if (rule->kind == SPINDLE_RULE_PATTERN)
		cost = PIECE_COST * rule->pattern.npieces;
	walk->cost += cost * rows;
	rule->ops->visit(walk->instance->domain, table, rule, &visitor);
}

/*
 * spindle_columns_cost
 *		The nanoseconds, about, that it takes to compute some columns of a row; an
 *		entry below 0 is no column.
 *
 * is_scattered is for rows that are not neighbours of those computed before.
 * Uses the current memory context.
 */
double
spindle_columns_cost(const SpindleInstance *instance, int table, const int *columns, int ncolumns, bool is_scattered)
{
	CostWalk	walk = {.instance = instance};

	for (int i = 0; i < ncolumns; i++)
	{
		const SpindleType *type;

		if (columns[i] < 0)
			continue;
		count_column(&walk, table, columns[i], 1.0, is_scattered ? FAR : 1.0);

		/* to turn it into a Datum */
		type = &instance->domain->table[table].column[columns[i]].type;
		walk.cost += type->ops->is_text ? 2.0 : type->kind == SPINDLE_DECIMAL ? 6.0 : 1.0;
	}
	return walk.cost;
}
