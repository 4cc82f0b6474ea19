/*-------------------------------------------------------------------------
 *
 * limit.c
 *		What a condition on one column says about its values.
 *
 * Comparisons with constants, lists, lengths, regular expressions and LIKE are
 * known here.  All else says nothing: this only has to propose values that are
 * likely to pass, as the server is asked about them (ask.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "learn/schema.h"
#include "server/attempt.h"

/* Constants of a check that are kept as hints, at most. */
#define MAX_HINTS	50

/*
 * learn_limit_low, learn_limit_high, learn_limit_list
 *		Narrow what a column can be.
 */
void
learn_limit_low(LearnLimits *limits, double low)
{
	if (!limits->has_low || low > limits->low)
		limits->low = low;
	limits->has_low = true;
}

void
learn_limit_high(LearnLimits *limits, double high)
{
	if (!limits->has_high || high < limits->high)
		limits->high = high;
	limits->has_high = true;
}

void
learn_limit_list(LearnLimits *limits, List *list)
{
	List	   *both = NIL;
	ListCell   *lc;

	if (!limits->has_list)
	{
		limits->has_list = true;
		limits->list = list;
		return;
	}
	foreach(lc, limits->list)
	{
		ListCell   *lo;

		foreach(lo, list)
			if (strcmp(lfirst(lc), lfirst(lo)) == 0)
			{
				both = lappend(both, lfirst(lc));
				break;
			}
	}
	limits->list = both;
}

/* Is a function one of the present? */
static bool
is_present(Oid function)
{
	return function == F_NOW || function == F_TRANSACTION_TIMESTAMP || function == F_STATEMENT_TIMESTAMP || function == F_CLOCK_TIMESTAMP;
}

/* Is a type one of times or durations? */
static bool
is_of_times(Oid type)
{
	return TypeCategory(type) == TYPCATEGORY_DATETIME || TypeCategory(type) == TYPCATEGORY_TIMESPAN;
}

/*
 * Is a function somebody's own, or does it depend on more than its arguments?  What the
 * server has for times depends on settings that learn.c sets.  All else that is not
 * immutable can tell about the session, or read values of types that are somebody's
 * own, and so call his functions.
 */
static bool
function_is_foreign(Oid function, void *context)
{
	Oid		   *args;
	int			nargs;
	Oid			result;
	bool		has_times = false;

	if (function >= FirstNormalObjectId)
		return true;
	if (is_present(function) || func_volatile(function) == PROVOLATILE_IMMUTABLE)
		return false;
	result = get_func_signature(function, &args, &nargs);
	for (int i = 0; i < nargs; i++)
		has_times |= is_of_times(args[i]);
	return func_volatile(function) == PROVOLATILE_VOLATILE || nargs == 0 || !(has_times || is_of_times(result));
}

/* Is anything in an expression more than constants and the server's own functions of them, and the present? */
static bool
is_no_constant(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, Param) || IsA(node, SubLink) || IsA(node, CoerceToDomainValue) || IsA(node, CoerceToDomain) ||
		SPINDLE_IS_JSON_EXPR(node) || (IsA(node, SQLValueFunction) && !is_of_times(((SQLValueFunction *) node)->type)) ||
		check_functions_in_node(node, function_is_foreign, NULL))
		return true;
	return expression_tree_walker(node, is_no_constant, context);
}

/*
 * An expression in which the present is the end of the range, which is past: what is
 * compared with the present then stays what it is, and so does what is learned.
 */
static Node *
fix_present(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, SQLValueFunction) || (IsA(node, FuncExpr) && is_present(((FuncExpr *) node)->funcid)))
	{
		Oid			type = exprType(node);

		if (type == DATEOID)
			return (Node *) makeConst(type, -1, InvalidOid, sizeof(DateADT), DateADTGetDatum(LEARN_END_DAY), false, true);
		if (type == TIMESTAMPOID || type == TIMESTAMPTZOID)
			return (Node *) makeConst(type, -1, InvalidOid, sizeof(Timestamp), TimestampGetDatum(LEARN_END_DAY * USECS_PER_DAY), false,
									  FLOAT8PASSBYVAL);
		return node;
	}
	return expression_tree_mutator(node, fix_present, context);
}

/* An expression to be evaluated. */
typedef struct Folding
{
	Node	   *node;
	MemoryContext context;		/* of the result */
	Const	   *result;
} Folding;

static void
evaluate(void *arg)
{
	Folding    *folding = arg;
	Oid			type = exprType(folding->node);
	EState	   *estate = CreateExecutorState();
	ExprState  *state = ExecPrepareExpr((Expr *) folding->node, estate);
	bool		is_null;
	Datum		value = ExecEvalExprSwitchContext(state, GetPerTupleExprContext(estate), &is_null);
	MemoryContext oldcontext;
	int16		len;
	bool		by_value;

	get_typlenbyval(type, &len, &by_value);
	oldcontext = MemoryContextSwitchTo(folding->context);
	if (!is_null)
		folding->result = makeConst(type, exprTypmod(folding->node), exprCollation(folding->node), len,
									datumCopy(value, by_value, len), false, by_value);
	MemoryContextSwitchTo(oldcontext);
	FreeExecutorState(estate);
}

/*
 * The value of an expression of constants and the present, or NULL if it is none that
 * is not null, or an error.
 */
static Const *
fold(Node *node)
{
	Folding		folding = {.context = CurrentMemoryContext};

	if (node == NULL || is_no_constant(node, NULL))
		return NULL;
	if (IsA(node, Const))
		return ((Const *) node)->constisnull ? NULL : (Const *) node;
	folding.node = fix_present(node, NULL);
	return spindle_attempt(evaluate, &folding, false) == NULL ? folding.result : NULL;
}

/* A value as its type's output has it, palloc'd. */
static char *
text_of(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

/* A constant as a finite number, as learn_number_of() has it; false if it is none. */
static bool
number_of(const Const *constant, double *number)
{
	return learn_number_of(constant->consttype, constant->constvalue, number) && isfinite(*number);
}

/*
 * Is a function call a cast of the server's own that keeps an order?  Exactly, if the
 * server makes it by itself where types differ; else it may round, too.
 */
static bool
keeps_order(const FuncExpr *call, bool exactly)
{
	Oid			to = call->funcresulttype;
	Oid			from;
	Oid			function;

	if (call->funcid >= FirstNormalObjectId || (call->funcformat != COERCE_IMPLICIT_CAST && call->funcformat != COERCE_EXPLICIT_CAST))
		return false;
	from = exprType(linitial(call->args));
	if (exactly)
		return find_coercion_pathway(to, from, COERCION_IMPLICIT, &function) == COERCION_PATH_FUNC && function == call->funcid;
	return from == to || (to != TIMEOID && to != TIMETZOID && to != BOOLOID);
}

/*
 * learn_bare
 *		An expression without what changes its type only; exactly, if values that differ
 *		are to stay different.
 */
Node *
learn_bare(Node *node, bool exactly)
{
	for (;;)
	{
		if (node && IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (node && IsA(node, CoerceToDomain))
			node = (Node *) ((CoerceToDomain *) node)->arg;
		else if (node && IsA(node, FuncExpr) && keeps_order((FuncExpr *) node, exactly))
			node = linitial(((FuncExpr *) node)->args);
		else
			return node;
	}
}

/*
 * learn_is_value
 *		Is an expression the value that is checked?
 */
bool
learn_is_value(Node *node)
{
	node = learn_bare(node, false);
	return node && (IsA(node, Var) || IsA(node, CoerceToDomainValue));
}

/* Is an expression the number of characters, or of bytes, of the value? */
static bool
is_length(Node *node)
{
	FuncExpr   *call;

	node = learn_bare(node, false);
	if (node == NULL || !IsA(node, FuncExpr))
		return false;
	call = (FuncExpr *) node;
	return (call->funcid == F_LENGTH_TEXT || call->funcid == F_CHAR_LENGTH_TEXT || call->funcid == F_CHARACTER_LENGTH_TEXT ||
			call->funcid == F_LENGTH_BPCHAR || call->funcid == F_CHAR_LENGTH_BPCHAR || call->funcid == F_CHARACTER_LENGTH_BPCHAR ||
			call->funcid == F_OCTET_LENGTH_TEXT || call->funcid == F_OCTET_LENGTH_BYTEA || call->funcid == F_LENGTH_BYTEA) &&
		learn_is_value(linitial(call->args));
}

/*
 * learn_operator
 *		The name of an operator of the server's own, or "".
 */
const char *
learn_operator(Oid operator)
{
	char	   *name = get_opname(operator);

	return name == NULL ? "" : operator < FirstNormalObjectId ? name :
		strcmp(name, "=") == 0 || strcmp(name, "<>") == 0 ? name : "";
}

/* The operator with its sides changed. */
static const char *
turned(const char *name)
{
	return strcmp(name, "<") == 0 ? ">" : strcmp(name, "<=") == 0 ? ">=" : strcmp(name, ">") == 0 ? "<" :
		strcmp(name, ">=") == 0 ? "<=" : name;
}

/*
 * learn_step
 *		The distance of the least number beyond another one that a column can hold.
 */
double
learn_step(const LearnColumn *column, double number)
{
	switch (column->kind)
	{
		case LEARN_INT:
		case LEARN_DATE:
			return 1;
		case LEARN_DECIMAL:
			return pow(10, -column->scale);
		case LEARN_TIMESTAMP:
			return 1.0 / SECS_PER_DAY;
		case LEARN_TIME:
		case LEARN_INTERVAL:
			return 1;
		default:
			return Max(fabs(number) * 1e-6, 1e-9);
	}
}

/* Limit a column by a comparison with a number; false if that says nothing. */
static bool
limit_number(const LearnColumn *column, LearnLimits *limits, const char *operator, double number)
{
	double		step = learn_step(column, number);
	bool		is_whole = column->kind == LEARN_INT || column->kind == LEARN_DATE;

	if (strcmp(operator, ">=") == 0)
		learn_limit_low(limits, is_whole ? ceil(number) : number);
	else if (strcmp(operator, ">") == 0)
		learn_limit_low(limits, is_whole ? floor(number) + 1 : number + step);
	else if (strcmp(operator, "<=") == 0)
		learn_limit_high(limits, is_whole ? floor(number) : number);
	else if (strcmp(operator, "<") == 0)
		learn_limit_high(limits, is_whole ? ceil(number) - 1 : number - step);
	else
		return false;
	return true;
}

/* Limit a column by a comparison of its length. */
static bool
limit_length(LearnLimits *limits, const char *operator, double number)
{
	int			n = (int) Max(-1, Min(number, 1e6));
	bool		is_equal = strcmp(operator, "=") == 0;

	if (is_equal || operator[0] == '>')
		limits->min_length = Max(limits->min_length, n + (strcmp(operator, ">") == 0));
	if (is_equal || (operator[0] == '<' && strcmp(operator, "<>") != 0))
	{
		int			max = Max(n - (strcmp(operator, "<") == 0), 0);

		limits->max_length = limits->max_length < 0 ? max : Min(limits->max_length, max);
	}
	if (strcmp(operator, "<>") == 0 && n == 0)
		limits->min_length = Max(limits->min_length, 1);
	return is_equal || operator[0] == '>' || operator[0] == '<';
}

/* What a comparison with a constant says. */
static bool
understand_operator(const LearnColumn *column, LearnLimits *limits, OpExpr *op)
{
	const char *name = learn_operator(op->opno);
	Node	   *left;
	Node	   *right;
	Const	   *constant;
	double		number;

	if (list_length(op->args) != 2)
		return false;
	left = linitial(op->args);
	right = lsecond(op->args);
	constant = fold(right);
	if (constant == NULL && (constant = fold(left)) != NULL)
	{
		left = right;
		name = turned(name);
	}
	if (constant == NULL)
		return false;
	if (is_length(left))
		return number_of(constant, &number) && limit_length(limits, name, number);
	if (!learn_is_value(left))
		return false;
	if (strcmp(name, "=") == 0)
	{
		learn_limit_list(limits, list_make1(text_of(constant->consttype, constant->constvalue)));
		return true;
	}
	if (strcmp(name, "<>") == 0 && column->kind == LEARN_TEXT &&
		text_of(constant->consttype, constant->constvalue)[0] == '\0')
		limits->min_length = Max(limits->min_length, 1);
	if ((strcmp(name, "~") == 0 || strcmp(name, "~*") == 0) && column->kind == LEARN_TEXT)
	{
		limits->regexes = lappend(limits->regexes, text_of(constant->consttype, constant->constvalue));
		return true;
	}
	if ((strcmp(name, "~~") == 0 || strcmp(name, "~~*") == 0) && column->kind == LEARN_TEXT)
	{
		limits->likes = lappend(limits->likes, text_of(constant->consttype, constant->constvalue));
		return true;
	}
	return number_of(constant, &number) && limit_number(column, limits, name, number);
}

/* The elements of a constant array as texts; NIL if it is none. */
static List *
elements_of(const Const *constant)
{
	Oid			element = get_element_type(constant->consttype);
	List	   *values = NIL;
	int16		len;
	bool		by_value;
	char		align;
	Datum	   *datums;
	bool	   *nulls;
	int			n;

	if (!OidIsValid(element))
		return NIL;
	get_typlenbyvalalign(element, &len, &by_value, &align);
	deconstruct_array(DatumGetArrayTypeP(constant->constvalue), element, len, by_value, align, &datums, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			values = lappend(values, text_of(element, datums[i]));
	return values;
}

/* The values of x = ANY (array), as texts; NIL if it is nothing like that. */
static List *
values_of_any(ScalarArrayOpExpr *any)
{
	Const	   *constant = any->useOr && strcmp(learn_operator(any->opno), "=") == 0 && learn_is_value(linitial(any->args)) ?
		fold(lsecond(any->args)) : NULL;

	return constant ? elements_of(constant) : NIL;
}

/* Limit a column by what else than a list other limits are. */
static void
limit_further(LearnLimits *limits, const LearnLimits *other)
{
	if (other->has_low)
		learn_limit_low(limits, other->low);
	if (other->has_high)
		learn_limit_high(limits, other->high);
	limits->min_length = Max(limits->min_length, other->min_length);
	if (other->max_length >= 0)
		limits->max_length = limits->max_length < 0 ? other->max_length : Min(limits->max_length, other->max_length);
	limits->regexes = list_concat(limits->regexes, other->regexes);
	limits->likes = list_concat(limits->likes, other->likes);
}

/*
 * An OR, if all parts are understood: their lists of values together, or else the limits
 * of one of them, which suffice, of numbers those that begin somewhere.  A part that
 * the value is null says nothing, as null passes anyway.
 */
static bool
understand_or(LearnColumn *column, LearnLimits *limits, BoolExpr *or)
{
	List	   *values = NIL;
	LearnLimits one = {.max_length = -1};
	int			parts = 0;
	bool		has_one = false;
	ListCell   *lc;

	foreach(lc, or->args)
	{
		LearnLimits part = {.max_length = -1};

		if (IsA(lfirst(lc), NullTest) && ((NullTest *) lfirst(lc))->nulltesttype == IS_NULL &&
			learn_is_value((Node *) ((NullTest *) lfirst(lc))->arg))
			continue;
		if (!learn_understand(column, &part, lfirst(lc)))
			return false;
		parts++;
		values = list_concat(values, part.list);
		if (!part.has_list && (!has_one || (part.has_low && !one.has_low)))
			one = part;
		else if (parts == 1)
			limit_further(&one, &part);
		has_one |= !part.has_list;
	}
	if (parts == 1 || values == NIL)
		limit_further(limits, &one);
	if (parts > 0 && (values || !has_one))
		learn_limit_list(limits, values);
	return parts > 0;
}

/*
 * learn_understand
 *		Note what a condition on one column says; false if it is nothing that is known.
 */
bool
learn_understand(LearnColumn *column, LearnLimits *limits, Node *node)
{
	List	   *values;

	node = learn_bare(node, false);
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_OpExpr:
			return understand_operator(column, limits, (OpExpr *) node);
		case T_ScalarArrayOpExpr:
			values = values_of_any((ScalarArrayOpExpr *) node);
			if (values)
				learn_limit_list(limits, values);
			return values != NIL;
		case T_Var:
		case T_CoerceToDomainValue:
			learn_limit_list(limits, list_make1("t"));
			return true;
		case T_BoolExpr:
			{
				BoolExpr   *expr = (BoolExpr *) node;
				bool		all = true;
				ListCell   *lc;

				if (expr->boolop == OR_EXPR)
					return understand_or(column, limits, expr);
				if (expr->boolop == NOT_EXPR)
				{
					if (learn_is_value(linitial(expr->args)) && column->kind == LEARN_BOOL)
						learn_limit_list(limits, list_make1("f"));
					return learn_is_value(linitial(expr->args));
				}
				foreach(lc, expr->args)
					all &= learn_understand(column, limits, lfirst(lc));
				return all;
			}
		default:
			return false;
	}
}

/* Collect the constants of an expression as texts. */
static bool
collect_hints(Node *node, LearnLimits *limits)
{
	Const	   *constant;

	if (node == NULL || list_length(limits->hints) > MAX_HINTS)
		return false;
	constant = IsA(node, BoolExpr) || IsA(node, Var) ? NULL : fold(node);
	if (constant)
	{
		limits->hints = lappend(list_concat(limits->hints, elements_of(constant)), text_of(constant->consttype, constant->constvalue));
		return false;
	}
	return expression_tree_walker(node, collect_hints, limits);
}

/* The owner of a function; InvalidOid if it is gone. */
static Oid
function_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * learn_collect_hints
 *		Add the constants of an expression to the hints of limits.
 */
void
learn_collect_hints(Node *node, LearnLimits *limits)
{
	(void) collect_hints(node, limits);
}

/* Is the owner of something one that the caller is, or trusts with everything anyway? */
static bool
is_trusted(Oid owner)
{
	return owner == GetUserId() || superuser_arg(owner) || is_member_of_role_nosuper(GetUserId(), owner);
}

/*
 * May a function be called while a schema is learned?  The server's own ones, and
 * those of people who are trusted.
 */
static bool
function_is_strange(Oid function, void *context)
{
	return function >= FirstNormalObjectId && !is_trusted(function_owner(function));
}

/* May all types that a composite one is made of read texts? */
static bool
trusts_attributes(Oid type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	bool		result = true;

	for (int i = 0; i < desc->natts && result; i++)
		result = TupleDescAttr(desc, i)->attisdropped || learn_trusts_type(TupleDescAttr(desc, i)->atttypid);
	ReleaseTupleDesc(desc);
	return result;
}

/*
 * learn_trusts_type
 *		May a type read texts while a schema is learned?
 *
 * What a type is made of can be domains, whose checks would be evaluated.
 */
bool
learn_trusts_type(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			part = get_element_type(base);
	HeapTuple	tuple;
	bool		result;

	check_stack_depth();
	if (base != type && !learn_trusts_type(base))
		return false;
	if (!OidIsValid(part))
		part = get_multirange_range(base);
	if (!OidIsValid(part))
		part = get_range_subtype(base);
	if (OidIsValid(part) && !learn_trusts_type(part))
		return false;
	if (type < FirstNormalObjectId || OidIsValid(get_element_type(type)))
		return true;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	result = HeapTupleIsValid(tuple) && is_trusted(((Form_pg_type) GETSTRUCT(tuple))->typowner);
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return result && (get_typtype(type) != TYPTYPE_COMPOSITE || trusts_attributes(type));
}

static bool
calls_strange(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink) || IsA(node, CoerceToDomain) || SPINDLE_IS_JSON_EXPR(node) || check_functions_in_node(node, function_is_strange, NULL))
		return true;
	if ((IsA(node, Var) || IsA(node, CoerceToDomainValue)) && !learn_trusts_type(getBaseType(exprType(node))))
		return true;
	return expression_tree_walker(node, calls_strange, context);
}

/*
 * learn_judge
 *		Find out whether the server may be asked about a check.
 */
void
learn_judge(LearnCheck *check)
{
	Bitmapset  *attributes = NULL;

	pull_varattnos((Node *) check->expr, 1, &attributes);
	if (bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, attributes))
		check->unasked = "it is about the row as a whole";
	else if (calls_strange((Node *) check->expr, NULL))
		check->unasked = "it would call functions of another role";
	else if (contain_mutable_functions((Node *) check->expr))
		check->unasked = "it depends on more than the row";
}
