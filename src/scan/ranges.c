/*-------------------------------------------------------------------------
 *
 * ranges.c
 *		Conditions that select ranges of rows.
 *
 * A comparison of a column that never falls from row to row, a key, the key of
 * the parent in a table of children, an ordered time, selects one range of
 * rows; equality with an array selects several.  So does equality of columns
 * whose values lead back to their rows, as those of uuid and texts with the row
 * number do.  The ranges hold
 * exactly the rows that meet the condition.
 *
 * To find a row takes a search, but no scan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/selfuncs.h"
#include "utils/typcache.h"

#include "compat.h"
#include "gen/datum.h"
#include "gen/eval.h"
#include "scan/ranges.h"

/*
 * spindle_source_changes
 *		Can a column of the rows that are looked at have other values than today's?
 */
bool
spindle_source_changes(const SpindleSource *source, int column)
{
	return (source->is_history || source->as_of.time != DT_NOEND) &&
		spindle_column_changes(&source->instance->domain->table[source->table], column);
}

/*
 * spindle_column_is_found
 *		Can rows be found by a column's value?  They can if it never falls, or, for
 *		equality only, if its values lead back to their rows; and if it has no
 *		other value when the table is looked at.
 */
bool
spindle_column_is_found(const SpindleSource *source, int column)
{
	const SpindleDomain *domain = source->instance->domain;

	if (spindle_source_changes(source, column))
		return false;
	return domain->table[source->table].column[column].monotone ||
		spindle_column_has_rows_of_value(domain, source->table, column);
}

/*
 * The attribute, from 1, that an expression is; 0 if it is no column of the
 * definition.
 *
 * A relabelling is looked through, as varchar compares by the operators of
 * text.
 */
static int
attribute_of(const SpindleSource *source, Index relid, Node *node)
{
	Var		   *var;

	if (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL || !IsA(node, Var))
		return 0;
	var = (Var *) node;
	if (var->varno != relid || var->varlevelsup != 0 || var->varattno < 1 || var->varattno > source->natts)
		return 0;
	return source->column[var->varattno - 1] < 0 ? 0 : var->varattno;
}

/*
 * spindle_monotone_attribute
 *		The attribute, from 1, that an expression is, if its column never
 *		falls; else 0.
 */
int
spindle_monotone_attribute(const SpindleSource *source, Index relid, Node *node)
{
	int			attribute = attribute_of(source, relid, node);

	return attribute > 0 && source->instance->domain->table[source->table].column[source->column[attribute - 1]].monotone ?
		attribute : 0;
}

/* The same if rows can be found by its column. */
static int
found_attribute(const SpindleSource *source, Index relid, Node *node)
{
	int			attribute = attribute_of(source, relid, node);

	return attribute > 0 && spindle_column_is_found(source, source->column[attribute - 1]) ? attribute : 0;
}

/*
 * Is a value the same for all rows of a scan of relation relid?
 *
 * It may come from other relations, but not from a subplan or a volatile
 * function, which give another value each time.
 */
static bool
is_row_independent(PlannerInfo *root, Node *node, Index relid)
{
	return !bms_is_member(relid, pull_varnos(root, node)) && !contain_subplans(node) &&
		!contain_volatile_functions(node);
}

/*
 * spindle_condition_match
 *		A clause as a condition on rows of the relation relid, palloc'd, or
 *		NULL if it is not of the form.
 *
 * The operator has to be of the default btree family of the column's type, and
 * the type of the value one that spindle_datum_value() can convert.  A collation
 * has to be one by which texts are equal only if their bytes are.  Of arrays only
 * = ANY is taken.  A value on the left is taken too, by the commutator.
 * attribute, strategy and is_array are all that is kept of the clause; value
 * points into it.
 */
SpindleCondition *
spindle_condition_match(PlannerInfo *root, const SpindleSource *source, Index relid,
						Expr *clause)
{
	SpindleCondition *condition;
	List	   *args;
	Oid			opno;
	Node	   *value;
	int			attribute;
	int			column;
	Oid			value_type;
	Oid			family;
	Oid			collation;
	bool		is_array = false;
	const SpindleType *type;

	if (IsA(clause, OpExpr))
	{
		opno = ((OpExpr *) clause)->opno;
		collation = ((OpExpr *) clause)->inputcollid;
		args = ((OpExpr *) clause)->args;
	}
	else if (IsA(clause, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) clause)->useOr)
	{
		opno = ((ScalarArrayOpExpr *) clause)->opno;
		collation = ((ScalarArrayOpExpr *) clause)->inputcollid;
		args = ((ScalarArrayOpExpr *) clause)->args;
		is_array = true;
	}
	else
		return NULL;
	if (list_length(args) != 2)
		return NULL;

	attribute = found_attribute(source, relid, linitial(args));
	value = lsecond(args);
	if (attribute == 0 && !is_array)
	{
		attribute = found_attribute(source, relid, lsecond(args));
		value = linitial(args);
		opno = get_commutator(opno);
	}
	if (attribute == 0 || !OidIsValid(opno) || !is_row_independent(root, value, relid))
		return NULL;

	column = source->column[attribute - 1];
	type = &source->instance->domain->table[source->table].column[column].type;
	value_type = is_array ? get_element_type(exprType(value)) : exprType(value);
	if (spindle_datum_value(type, value_type) == NULL ||
		(type->ops->is_text && !(OidIsValid(collation) && get_collation_isdeterministic(collation))))
		return NULL;
	family = lookup_type_cache(type->oid, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	if (!op_in_opfamily(opno, family))
		return NULL;

	condition = palloc0(sizeof(SpindleCondition));
	condition->attribute = attribute;
	condition->column = column;
	condition->strategy = get_op_opfamily_strategy(opno, family);
	condition->is_array = is_array;
	condition->value_type = value_type;
	condition->value = (Expr *) value;
	if (condition->strategy != BTEqualStrategyNumber &&
		(is_array || !source->instance->domain->table[source->table].column[column].monotone))
		return NULL;
	return condition;
}

/*
 * spindle_condition_to_list
 *		A condition as a list of integers for the plan, which can be copied and
 *		sent to a worker; the value goes separately, as an expression.
 */
List *
spindle_condition_to_list(const SpindleCondition *condition)
{
	return list_make4_int(condition->attribute, condition->strategy, condition->is_array,
						  (int) condition->value_type);
}

/*
 * A condition as spindle_condition_to_list() wrote it, palloc'd, for
 * execution; value is not set.
 *
 * The column is looked up again, as attributes belong to the relation and
 * columns to the definition.
 */
static SpindleCondition *
condition_from_list(const SpindleSource *source, List *list)
{
	SpindleCondition *condition = palloc0(sizeof(SpindleCondition));

	condition->attribute = linitial_int(list);
	condition->column = source->column[condition->attribute - 1];
	condition->strategy = lsecond_int(list);
	condition->is_array = lthird_int(list);
	condition->value_type = (Oid) lfourth_int(list);
	return condition;
}

/*
 * The rows first .. end - 1, as one range, or none if end <= first; palloc'd.
 */
static SpindleRanges *
one_range(int64 first, int64 end)
{
	SpindleRanges *ranges = palloc0(sizeof(SpindleRanges));

	ranges->nrows = Max(end - first, 0);
	ranges->range = palloc(sizeof(SpindleRange));
	ranges->range[0].first = first;
	ranges->range[0].end = end;
	ranges->n = ranges->nrows > 0 ? 1 : 0;
	return ranges;
}

/*
 * spindle_ranges_all
 *		All rows of a table that may be there at the time at which it is looked at,
 *		as one range, or none if there are none; palloc'd.
 */
SpindleRanges *
spindle_ranges_all(const SpindleSource *source)
{
	return one_range(0, spindle_alive_end(source->instance, source->table, source->as_of.time));
}

/*
 * What turns values of a condition into those of its column.
 * spindle_condition_match() has seen that there is one.
 */
static SpindleDatumValue
value_function(const SpindleSource *source, const SpindleCondition *condition)
{
	return spindle_datum_value(&source->instance->domain->table[source->table].column[condition->column].type,
							   condition->value_type);
}

/*
 * The range that a comparison with one value selects.  Empty, with first >=
 * end, if no row meets it.  Costs one or two searches over the table.
 */
static SpindleRange
range_of(const SpindleSource *source, const SpindleCondition *condition, int64 value)
{
	SpindleInstance *instance = source->instance;
	SpindleRange range = {0, instance->nrows[source->table]};
	int			strategy = condition->strategy;

	if (!instance->domain->table[source->table].column[condition->column].monotone)
	{
		if (!spindle_instance_rows_of_value(instance, source->table, condition->column, value, &range.first, &range.end))
			range.end = range.first;
		return range;
	}
	if (strategy == BTEqualStrategyNumber || strategy == BTGreaterEqualStrategyNumber)
		range.first = spindle_instance_first_row_at(instance, source->table, condition->column, value, true);
	else if (strategy == BTGreaterStrategyNumber)
		range.first = spindle_instance_first_row_at(instance, source->table, condition->column, value, false);
	if (strategy == BTEqualStrategyNumber || strategy == BTLessEqualStrategyNumber)
		range.end = spindle_instance_first_row_at(instance, source->table, condition->column, value, false);
	else if (strategy == BTLessStrategyNumber)
		range.end = spindle_instance_first_row_at(instance, source->table, condition->column, value, true);
	return range;
}

/* For qsort: by their beginning, then by their end. */
static int
compare_ranges(const void *a, const void *b)
{
	const SpindleRange *x = a;
	const SpindleRange *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

/*
 * The ranges that equality with the elements of an array selects.  Null
 * elements select nothing.  The result is palloc'd, sorted, and its ranges do
 * not overlap: different elements have different rows.  nrows is left 0, since
 * the caller intersects the result with other ranges.  Looks for interrupts
 * per element.
 */
static SpindleRanges *
ranges_of_array(const SpindleSource *source, const SpindleCondition *condition, ArrayType *array)
{
	SpindleRanges *ranges = palloc0(sizeof(SpindleRanges));
	int16		len;
	bool		byval;
	char		align;
	Datum	   *value;
	bool	   *is_null;
	int			n;
	int			used = 0;
	SpindleDatumValue value_of = value_function(source, condition);

	get_typlenbyvalalign(condition->value_type, &len, &byval, &align);
	deconstruct_array(array, condition->value_type, len, byval, align, &value, &is_null, &n);
	ranges->range = palloc(sizeof(SpindleRange) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		SpindleRange range;

		CHECK_FOR_INTERRUPTS();
		if (is_null[i])
			continue;
		range = range_of(source, condition, value_of(value[i]));
		if (range.first < range.end)
			ranges->range[used++] = range;
	}
	qsort(ranges->range, used, sizeof(SpindleRange), compare_ranges);

	/* equal elements select one range */
	for (int i = 0; i < used; i++)
	{
		if (ranges->n > 0 && ranges->range[i].first < ranges->range[ranges->n - 1].end)
			continue;
		ranges->range[ranges->n++] = ranges->range[i];
	}
	return ranges;
}

/*
 * spindle_ranges_restrict
 *		The rows of some ranges that a condition leaves, palloc'd anew.
 *
 * A null value leaves none, as all operators concerned are strict.
 *
 * Neither the ranges nor the condition is changed.  value has the type
 * value_type of the condition, or is an array of such values.  Time goes with
 * the number of ranges on both sides, and a search of the table per value.
 */
SpindleRanges *
spindle_ranges_restrict(const SpindleSource *source, SpindleRanges *ranges,
						const SpindleCondition *condition, Datum value, bool is_null)
{
	SpindleRanges *result = palloc0(sizeof(SpindleRanges));
	SpindleRanges single = {0};
	SpindleRanges *selected = &single;
	SpindleRange range;
	int			a = 0;
	int			b = 0;

	if (is_null)
		return result;
	if (condition->is_array)
		selected = ranges_of_array(source, condition, DatumGetArrayTypeP(value));
	else
	{
		range = range_of(source, condition, value_function(source, condition) (value));
		single.range = &range;
		single.n = range.first < range.end ? 1 : 0;
	}

	result->range = palloc(sizeof(SpindleRange) * (ranges->n + selected->n + 1));
	while (a < ranges->n && b < selected->n)
	{
		int64		first = Max(ranges->range[a].first, selected->range[b].first);
		int64		end = Min(ranges->range[a].end, selected->range[b].end);

		if (first < end)
		{
			result->range[result->n].first = first;
			result->range[result->n++].end = end;
			result->nrows += end - first;
		}
		if (ranges->range[a].end < selected->range[b].end)
			a++;
		else
			b++;
	}
	return result;
}

/*
 * spindle_search_create
 *		Prepare to find the rows of a node that begins, palloc'd in the current
 *		context, which has to be that of the query.
 *
 * conditions are lists as spindle_condition_to_list() wrote them, values the
 * expressions that belong to them, one by one.  No value is computed yet: a
 * parameter may have none before the first row is wanted.
 */
SpindleSearch *
spindle_search_create(const SpindleSource *source, List *conditions, List *values, PlanState *node)
{
	SpindleSearch *search = palloc0(sizeof(SpindleSearch));
	ListCell   *lc;
	ListCell   *value;

	Assert(list_length(conditions) == list_length(values));
	search->source = source;
	search->window.end = spindle_alive_end(source->instance, source->table, source->as_of.time);
	search->n = list_length(conditions);
	search->condition = palloc(sizeof(SpindleCondition *) * Max(search->n, 1));
	search->value = palloc(sizeof(ExprState *) * Max(search->n, 1));
	forboth(lc, conditions, value, values)
	{
		int			i = foreach_current_index(lc);

		search->condition[i] = condition_from_list(source, lfirst(lc));
		search->value[i] = ExecInitExpr(lfirst(value), node);
	}
	search->context = AllocSetContextCreate(CurrentMemoryContext, "spindle ranges", ALLOCSET_SMALL_SIZES);
	return search;
}

/*
 * spindle_search_run
 *		Evaluate the conditions: the rows that they leave, until the next call.
 *
 * Takes one search of the table per condition, or one per element of an array.
 * Raises what the values raise.
 */
SpindleRanges *
spindle_search_run(SpindleSearch *search, ExprContext *econtext)
{
	MemoryContext oldcontext;
	SpindleRanges *ranges;

	MemoryContextReset(search->context);
	oldcontext = MemoryContextSwitchTo(search->context);
	ranges = one_range(search->window.first, search->window.end);
	for (int i = 0; i < search->n; i++)
	{
		bool		is_null;
		Datum		value = ExecEvalExprSwitchContext(search->value[i], econtext, &is_null);

		ranges = spindle_ranges_restrict(search->source, ranges, search->condition[i], value, is_null);
	}
	MemoryContextSwitchTo(oldcontext);
	return ranges;
}

/*
 * How many values a column that never falls is probably asked for: as many as
 * there are rows, or rows of the parent that it comes from, of which some may
 * have no row here.  At least 1.
 */
static double
count_values(const SpindleInstance *instance, int table, int column)
{
	const SpindleTable *t = &instance->domain->table[table];
	const SpindleRule *rule = t->column[column].rule;
	double		values = instance->nrows[table];

	if (column == t->parent_column)
		values = (double) instance->nrows[t->rows_parent];
	else if (rule->kind == SPINDLE_RULE_COPY)
		values = count_values(instance, rule->copy.table, rule->copy.column);
	return Max(values, 1.0);
}

/*
 * spindle_search_texts
 *		For EXPLAIN, the conditions in SQL, with the names of the relation's columns, or
 *		of the definition's if there is no relation; a list of palloc'd strings.
 *
 * values are their values in the plan, and context is that of deparsing them.
 */
List *
spindle_search_texts(const SpindleSearch *search, Oid relid, List *values, List *context)
{
	static const char *const operator[] = {
		[BTLessStrategyNumber] = "<",
		[BTLessEqualStrategyNumber] = "<=",
		[BTEqualStrategyNumber] = "=",
		[BTGreaterEqualStrategyNumber] = ">=",
		[BTGreaterStrategyNumber] = ">",
	};
	const SpindleTable *table = &search->source->instance->domain->table[search->source->table];
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, values)
	{
		const SpindleCondition *condition = search->condition[foreach_current_index(lc)];

		const char *name = OidIsValid(relid) ? get_attname(relid, condition->attribute, false) :
			table->column[condition->column].sql_name;

		result = lappend(result, psprintf(condition->is_array ? "%s %s ANY (%s)" : "%s %s %s", quote_identifier(name),
										  operator[condition->strategy],
										  deparse_expression(lfirst(lc), context, false, false)));
	}
	return result;
}

/*
 * spindle_condition_selectivity
 *		The share of the table's rows that a condition probably leaves when its
 *		value is not known in advance.
 *
 * From 0 to 1.  Inequalities leave a third, which is what the planner guesses
 * too.  For equality, keys are distinct, and children share as many keys as
 * their parent has rows, of which some may have none.
 */
double
spindle_condition_selectivity(PlannerInfo *root, const SpindleSource *source, const SpindleCondition *condition)
{
	double		elements = condition->is_array ? spindle_estimate_array_length(root, (Node *) condition->value) : 1.0;

	if (condition->strategy != BTEqualStrategyNumber)
		return 1.0 / 3.0;
	return Min(1.0, elements / count_values(source->instance, source->table, condition->column));
}
