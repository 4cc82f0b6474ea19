/*-------------------------------------------------------------------------
 *
 * rule_formula.c
 *		The rule "formula": arithmetic over columns of the row.
 *
 * Grammar: numbers, column paths, + - * / with the usual precedence, unary
 * minus, parentheses, least(a, b) and greatest(a, b).  The result is a list
 * of operations in postfix order, each with the number of digits after the
 * point of its exact result.  Dividing by 10, 100 and so on is exact too; any
 * other division rounds, to six digits more than its operands have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "compat.h"
#include "define/rule_reader.h"

/*
 * Operations, nesting and digits after the point.  So many operands at most
 * may be on the stack when the formula is computed.
 */
#define MAX_OPS		100
#define MAX_DEPTH	30
#define MAX_DIGITS	18

/*
 * The state of reading one formula.  scale is the stack that the operations so
 * far would leave, by digits after the point only.
 */
typedef struct Formula
{
	SpindleParse *parse;
	const SpindleJson *node;
	int			table;
	const char *text;
	const char *at;				/* next character */
	int			depth;
	int			nops;
	SpindleOp	op[MAX_OPS];
	int			nscales;		/* digits of the operands on the stack */
	int			scale[MAX_OPS];
} Formula;

static void parse_sum(Formula *f);
pg_noreturn static void fail(Formula *f, const char *what);

/* Report what is wrong at the next character, counted from 1. */
static void
fail(Formula *f, const char *what)
{
	spindle_json_error(f->node, "A formula has numbers, columns, + - * /, parentheses, "
					   "least(a, b) and greatest(a, b).",
					   "%s at character %d of \"%s\".", what, (int) (f->at - f->text) + 1, f->text);
}

/* Only spaces: no other white space is part of the grammar. */
static void
skip_spaces(Formula *f)
{
	while (*f->at == ' ')
		f->at++;
}

/*
 * Append an operation that takes so many operands from the stack and leaves a
 * result with scale digits after the point.  An error if the formula gets too
 * long or the result too precise.  Returns it, to be completed.
 */
static SpindleOp *
push(Formula *f, SpindleOpKind kind, int operands, int scale)
{
	SpindleOp  *op;

	if (f->nops == MAX_OPS)
		fail(f, "formula too long");
	if (scale > MAX_DIGITS)
		fail(f, "more than 18 digits after the point");
	op = &f->op[f->nops++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	op->scale = scale;
	f->nscales -= operands;
	f->scale[f->nscales++] = scale;
	return op;
}

/* The character c, behind spaces, or an error. */
static void
expect(Formula *f, char c)
{
	skip_spaces(f);
	if (*f->at != c)
		fail(f, psprintf("expected \"%c\"", c));
	f->at++;
}

/*
 * A function with its two arguments, or a path to a column of whole numbers or
 * numeric.  Only a parenthesis behind it makes a name that of a function, so
 * columns may have the same names.
 */
static void
parse_name(Formula *f)
{
	const char *start = f->at;
	char	   *name;

	while (isalnum((unsigned char) *f->at) || *f->at == '_' || *f->at == '.')
		f->at++;
	name = pnstrdup(start, f->at - start);
	skip_spaces(f);
	if (*f->at == '(')
	{
		SpindleOpKind kind;

		if (strcmp(name, "least") == 0)
			kind = SPINDLE_OP_MINIMUM;
		else if (strcmp(name, "greatest") == 0)
			kind = SPINDLE_OP_MAXIMUM;
		else
			fail(f, psprintf("unrecognized function \"%s\"", name));
		f->at++;
		parse_sum(f);
		expect(f, ',');
		parse_sum(f);
		expect(f, ')');
		push(f, kind, 2, Max(f->scale[f->nscales - 1], f->scale[f->nscales - 2]));
	}
	else
	{
		SpindleColumnRef ref;
		const SpindleType *type;

		spindle_parse_ref_text(f->parse, f->node, f->table, name, &ref);
		type = &spindle_ref_column(f->parse->domain, &ref)->type;
		if (!type->ops->is_exact)
			spindle_json_error(f->node, "Formulas are exact; use integer or numeric columns.",
							   "column \"%s\" of type %s cannot be used in a formula.",
							   name, type->name);
		push(f, SPINDLE_OP_COLUMN, 0, type->scale)->ref = ref;
	}
}

/*
 * Digits with an optional point, without sign and exponent, that fit 64 bits.
 */
static void
parse_number(Formula *f)
{
	int64		value = 0;
	int			scale = 0;
	bool		point = false;

	for (; isdigit((unsigned char) *f->at) || (*f->at == '.' && !point); f->at++)
	{
		if (*f->at == '.')
		{
			point = true;
			continue;
		}
		if (value > PG_INT64_MAX / 10 - 1)
			fail(f, "number too large");
		value = value * 10 + (*f->at - '0');
		if (point)
			scale++;
	}
	push(f, SPINDLE_OP_NUMBER, 0, scale)->number = value;
}

/*
 * factor: number, path, function, - factor or ( sum ).  Depth counts
 * parentheses, functions and signs, and bounds the recursion.
 */
static void
parse_factor(Formula *f)
{
	if (++f->depth > MAX_DEPTH)
		fail(f, "formula nested too deeply");
	skip_spaces(f);
	if (*f->at == '-')
	{
		f->at++;
		parse_factor(f);
		push(f, SPINDLE_OP_NEGATE, 1, f->scale[f->nscales - 1]);
	}
	else if (*f->at == '(')
	{
		f->at++;
		parse_sum(f);
		expect(f, ')');
	}
	else if (isdigit((unsigned char) *f->at))
		parse_number(f);
	else if (isalpha((unsigned char) *f->at) || *f->at == '_')
		parse_name(f);
	else
		fail(f, *f->at ? "unexpected character" : "unexpected end");
	f->depth--;
}

/* k for the number 10^k, 0 <= k <= MAX_DIGITS; -1 for any other. */
static int
power_of_ten(int64 number)
{
	for (int k = 0; k <= MAX_DIGITS; k++)
		if (spindle_power_of_ten(k) == number)
			return k;
	return -1;
}

/*
 * product: factors between * and /.
 *
 * A division by a constant power of ten moves the point and is exact.  That by
 * a constant 0 is an error here, by any other 0 NULL in the row.
 */
static void
parse_product(Formula *f)
{
	parse_factor(f);
	for (;;)
	{
		char		c;
		int			left;
		int			right;

		skip_spaces(f);
		c = *f->at;
		if (c != '*' && c != '/')
			return;
		f->at++;
		parse_factor(f);
		left = f->scale[f->nscales - 2];
		right = f->scale[f->nscales - 1];
		if (c == '/' && f->op[f->nops - 1].kind == SPINDLE_OP_NUMBER && f->op[f->nops - 1].number == 0)
			fail(f, "division by zero");
		if (c == '*')
			push(f, SPINDLE_OP_MULTIPLY, 2, left + right);
		else if (f->op[f->nops - 1].kind == SPINDLE_OP_NUMBER && right == 0 &&
				 power_of_ten(f->op[f->nops - 1].number) >= 0)
		{
			int			digits = power_of_ten(f->op[f->nops - 1].number);

			f->nops--;
			f->nscales--;
			push(f, SPINDLE_OP_SHIFT, 1, left + digits);
		}
		else
			push(f, SPINDLE_OP_DIVIDE, 2, Max(left, right) + 6);
	}
}

/* sum: products between + and -. */
static void
parse_sum(Formula *f)
{
	parse_product(f);
	for (;;)
	{
		char		c;

		skip_spaces(f);
		c = *f->at;
		if (c != '+' && c != '-')
			return;
		f->at++;
		parse_product(f);
		push(f, c == '+' ? SPINDLE_OP_ADD : SPINDLE_OP_SUBTRACT, 2,
			 Max(f->scale[f->nscales - 2], f->scale[f->nscales - 1]));
	}
}

/*
 * Compile the expression, all of which must be read.  The operations are
 * copied to the rule; the state of reading is freed.
 */
static void
read_formula(RuleReader *r)
{
	SpindleJson expression = member(r, "expression");
	Formula    *f = palloc0(sizeof(Formula));

	f->parse = r->parse;
	f->node = &expression;
	f->table = r->table;
	f->text = f->at = spindle_json_string(&expression);
	parse_sum(f);
	if (*f->at)
		fail(f, "unexpected character");
	r->rule->formula.nops = f->nops;
	r->rule->formula.op = palloc(sizeof(SpindleOp) * f->nops);
	memcpy(r->rule->formula.op, f->op, sizeof(SpindleOp) * f->nops);
	pfree(f);
}

/* The columns in the order in which they stand. */
static void
visit_formula(const SpindleDomain *domain, int table, const SpindleRule *rule,
			  const SpindleRuleVisitor *visitor)
{
	for (int i = 0; i < rule->formula.nops; i++)
		if (rule->formula.op[i].kind == SPINDLE_OP_COLUMN)
			spindle_visit_path(visitor, table, &rule->formula.op[i].ref);
}

/*
 * NULL if a column is, or where a divisor is zero; a divisor that is a
 * constant is not zero.
 */
static bool
formula_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					const SpindleColumnRef *known)
{
	for (int i = 0; i < rule->formula.nops; i++)
	{
		const SpindleOp *op = &rule->formula.op[i];

		if (op->kind == SPINDLE_OP_COLUMN && spindle_path_may_be_null(domain, table, &op->ref, known))
			return true;
		if (op->kind == SPINDLE_OP_DIVIDE && op[-1].kind != SPINDLE_OP_NUMBER)
			return true;
	}
	return false;
}

/* What it is computed from; the expression itself is not kept. */
static void
describe_formula(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfoString(out, "computed from");
	for (int i = 0, n = 0; i < rule->formula.nops; i++)
	{
		if (rule->formula.op[i].kind != SPINDLE_OP_COLUMN)
			continue;
		appendStringInfoString(out, n++ ? ", " : " ");
		spindle_describe_path(out, domain, table, &rule->formula.op[i].ref);
	}
}

/*
 * A double is a legal result, though none can be an operand: the division to
 * it is the last thing done.
 */
const SpindleRuleDef spindle_rule_def_formula = {
	.forms = (const RuleForm[]) {
		{"formula", NUMERIC_KINDS, {"kind", "expression", NULL}},
		{.name = NULL},
	},
	.read = read_formula,
	.target = spindle_rule_has_no_target,
	.check = spindle_rule_is_sound,
	.extent = spindle_extent_of_type,
	.differs = spindle_key_repeats,
	.ops = {
		.visit = visit_formula,
		.may_be_null = formula_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_formula,
	},
};
