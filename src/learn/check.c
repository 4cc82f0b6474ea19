/*-------------------------------------------------------------------------
 *
 * check.c
 *		Checks, taken apart.
 *
 * A check is taken apart at its ANDs.  What is about one column becomes a limit of
 * it, as far as that can be read (limit.c); what compares two columns makes one
 * follow the other.  What is left is about several columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "learn/schema.h"

/* A part of a check, with the name of the whole. */
static LearnCheck *
part_of(const LearnCheck *whole, Node *node)
{
	LearnCheck *check = palloc0(sizeof(LearnCheck));

	check->name = whole->name;
	check->expr = (Expr *) node;
	learn_judge(check);
	return check;
}

/* The parts between the ANDs of an expression; a list of nodes. */
static List *
conjuncts(Node *node)
{
	List	   *parts = NIL;
	ListCell   *lc;

	if (!IsA(node, BoolExpr) || ((BoolExpr *) node)->boolop != AND_EXPR)
		return list_make1(node);
	foreach(lc, ((BoolExpr *) node)->args)
		parts = list_concat(parts, conjuncts(lfirst(lc)));
	return parts;
}

/* Take in a condition on one column. */
static void
take_column_check(LearnColumn *column, LearnCheck *check)
{
	Node	   *node = (Node *) check->expr;

	if (IsA(node, NullTest) && learn_is_value((Node *) ((NullTest *) node)->arg))
	{
		if (((NullTest *) node)->nulltesttype == IS_NOT_NULL)
			column->not_null = true;
		else
			column->always_null = true;
		return;
	}
	column->checks = lappend(column->checks, check);
	column->base = column->differing = NULL;
	(void) learn_understand(column, &column->limits, node);
	learn_collect_hints(node, &column->limits);
}

/* The comparison in a part that may say "is null or …" before it, or NULL. */
static OpExpr *
comparison_in(Node *node)
{
	OpExpr	   *found = NULL;
	ListCell   *lc;

	if (IsA(node, OpExpr))
		return (OpExpr *) node;
	if (!IsA(node, BoolExpr) || ((BoolExpr *) node)->boolop != OR_EXPR)
		return NULL;
	foreach(lc, ((BoolExpr *) node)->args)
	{
		if (IsA(lfirst(lc), NullTest) && ((NullTest *) lfirst(lc))->nulltesttype == IS_NULL)
			continue;
		if (found || !IsA(lfirst(lc), OpExpr))
			return NULL;
		found = lfirst(lc);
	}
	return found;
}

/* Can a column follow another one, by an offset or a sum? */
static bool
can_follow(const LearnTable *table, int column, int other)
{
	const LearnColumn *a = &table->column[column];
	const LearnColumn *b = &table->column[other];
	bool		is_number = a->kind == LEARN_INT || a->kind == LEARN_DECIMAL || a->kind == LEARN_FLOAT;

	if (a->follows >= 0 || a->key >= 0 || a->differs != LEARN_REPEATS || a->limits.has_list || a->left_out || b->left_out ||
		a->always_null || b->always_null)
		return false;
	for (int c = other; c >= 0; c = table->column[c].follows)
		if (c == column)
			return false;
	return a->kind == b->kind ? is_number || a->kind == LEARN_DATE || a->kind == LEARN_TIMESTAMP :
		is_number && (b->kind == LEARN_INT || b->kind == LEARN_DECIMAL);
}

/*
 * learn_compared_columns
 *		The name of the operator, of the server's own, that compares two columns as they
 *		are, "<>" of IS DISTINCT FROM; NULL if nothing does.  The first is on the side that
 *		"<" and ">" want to be less.
 */
const char *
learn_compared_columns(const LearnTable *table, const OpExpr *op, int *first, int *second)
{
	const char *name;
	int			column[2];

	if (op->opno >= FirstNormalObjectId || list_length(op->args) != 2)
		return NULL;
	for (int i = 0; i < 2; i++)
	{
		Node	   *side = learn_bare(list_nth(op->args, i), true);

		if (side == NULL || !IsA(side, Var))
			return NULL;
		column[i] = learn_find_column(table, ((Var *) side)->varattno);
	}
	name = IsA(op, DistinctExpr) ? "<>" : learn_operator(op->opno);
	*first = column[name[0] == '>'];
	*second = column[name[0] != '>'];
	return *first >= 0 && *second >= 0 && *first != *second ? name : NULL;
}

/* Is a part a comparison of two columns?  The first is not above the second. */
static bool
compares_columns(const LearnTable *table, const LearnCheck *check, int *first, int *second, bool *is_strict)
{
	OpExpr	   *op = comparison_in((Node *) check->expr);
	const char *name = op && bms_num_members(check->columns) == 2 ? learn_compared_columns(table, op, first, second) : NULL;

	if (name == NULL)
		return false;
	*is_strict = strlen(name) == 1;
	return strcmp(name, "<") == 0 || strcmp(name, ">") == 0 || strcmp(name, "<=") == 0 || strcmp(name, ">=") == 0;
}

/* Make one column of a part follow the other, if the part is a comparison of two that do not go together already. */
static void
find_follower(LearnTable *table, LearnCheck *check)
{
	int			first;
	int			second;
	bool		is_strict;

	if (!compares_columns(table, check, &first, &second, &is_strict))
		return;
	if (table->column[first].differs == LEARN_PERIOD_START && table->column[second].differs == LEARN_PERIOD_END)
	{
		/* periods end behind their start */
		check->is_settled = true;
		return;
	}
	if (!can_follow(table, second, first))
		return;
	table->column[second].follows = first;
	table->column[second].follows_strictly = is_strict;
	check->is_settled = true;
}

/* A column that is not above another one has its upper limit, too, and the other way round. */
static void
share_limits(LearnTable *table)
{
	for (int round = 0; round < 3; round++)
	{
		ListCell   *lc;

		foreach(lc, table->checks)
		{
			LearnColumn *low;
			LearnColumn *high;
			int			first;
			int			second;
			bool		is_strict;

			if (!compares_columns(table, lfirst(lc), &first, &second, &is_strict))
				continue;
			low = &table->column[first];
			high = &table->column[second];
			if (high->limits.has_high)
				learn_limit_high(&low->limits, high->limits.high - (is_strict ? learn_step(low, high->limits.high) : 0));
			if (low->limits.has_low)
				learn_limit_low(&high->limits, low->limits.low + (is_strict ? learn_step(high, low->limits.low) : 0));
		}
	}
}

/* The opposite of a condition, with the NOT as far inside as is easy. */
static Expr *
opposite_of(Expr *expr)
{
	if (IsA(expr, NullTest))
	{
		NullTest   *test = copyObject((NullTest *) expr);

		test->nulltesttype = test->nulltesttype == IS_NULL ? IS_NOT_NULL : IS_NULL;
		return (Expr *) test;
	}
	return makeBoolExpr(NOT_EXPR, list_make1(expr), -1);
}

/* Does the server compute one of some columns? */
static bool
has_generated(const LearnTable *table, const Bitmapset *columns)
{
	int			c = -1;

	while ((c = bms_next_member(columns, c)) >= 0)
		if (table->column[c].is_generated)
			return true;
	return false;
}

/* Take the checks of a table apart. */
static void
understand_table(LearnTable *table)
{
	List	   *several = NIL;
	ListCell   *lc;
	ListCell   *lp;

	for (int c = 0; c < table->ncolumns; c++)
	{
		foreach(lc, table->column[c].domain_checks)
		{
			foreach(lp, conjuncts((Node *) ((LearnCheck *) lfirst(lc))->expr))
				take_column_check(&table->column[c], part_of(lfirst(lc), lfirst(lp)));
		}
		table->column[c].domain_checks = NIL;
	}
	foreach(lc, table->checks)
	{
		foreach(lp, conjuncts((Node *) ((LearnCheck *) lfirst(lc))->expr))
		{
			LearnCheck *part = part_of(lfirst(lc), lfirst(lp));

			part->columns = learn_columns_in(table, lfirst(lp));
			if (has_generated(table, part->columns) && part->unasked == NULL)
				part->unasked = "it is about a column that the server computes";
			if (bms_num_members(part->columns) == 1)
				take_column_check(&table->column[bms_singleton_member(part->columns)], part);
			else
				several = lappend(several, part);
		}
	}
	table->checks = several;
	for (int c = 0; c < table->ncolumns; c++)
	{
		LearnLimits *limits = &table->column[c].limits;

		if (limits->has_list && !table->column[c].left_out)
			limits->list = learn_legal_values(&table->column[c], limits->list);
	}
	share_limits(table);
}

/*
 * learn_find_followers
 *		Let columns follow others that checks compare them with.
 *
 * It is known which columns are keys, or differ.
 */
void
learn_find_followers(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		ListCell   *lc;

		foreach(lc, schema->table[t].checks)
			find_follower(&schema->table[t], lfirst(lc));
	}
}

/*
 * learn_forbid
 *		Let no row be one that a condition holds for, the predicate of an index.
 */
void
learn_forbid(LearnSchema *schema, LearnTable *table, const char *name, Expr *predicate)
{
	LearnCheck *check = palloc0(sizeof(LearnCheck));

	check->name = pstrdup(name);
	check->expr = opposite_of(predicate);
	table->checks = lappend(table->checks, check);
	understand_table(table);
	learn_find_table_values(schema, table);
}

/*
 * learn_understand_checks
 *		Turn checks into limits of columns.
 *
 * Types have been found.  What is left in table->checks is about several columns.
 */
void
learn_understand_checks(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
		understand_table(&schema->table[t]);
}
