/*-------------------------------------------------------------------------
 *
 * formula.c
 *		The grammar of formulas.
 *
 * Numbers, column paths, + - * / with the usual precedence, unary minus,
 * parentheses and functions.  The result is a list of operations in postfix
 * order, each with the number of digits after the point of its exact result.
 * Dividing by 10, 100 and so on is exact too; any other division rounds, to six
 * digits more than its operands have.
 *
 * Operands are numbers, dates or points of time.  These can be moved by whole
 * days, and their difference is a number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "datatype/timestamp.h"

#include "compat.h"
#include "define/formula.h"
#include "model/formula.h"

/* Nesting, and digits after the point of any result. */
#define MAX_DEPTH	30
#define MAX_DIGITS	18

/* What stands for a number, a date or a point of time as the kind of an operand. */
#define A_NUMBER	SPINDLE_DECIMAL

/* An operand that is on the stack when the formula is computed. */
typedef struct Operand
{
	SpindleKind kind;			/* A_NUMBER, SPINDLE_DATE or SPINDLE_TIMESTAMP */
	int			scale;			/* digits after the point */
} Operand;

/* The state of reading one formula. */
typedef struct Formula
{
	SpindleParse *parse;
	const SpindleJson *node;
	int			table;
	const char *text;
	const char *at;				/* next character */
	int			depth;
	int			nops;
	SpindleOp	op[SPINDLE_MAX_OPS];
	int			noperands;		/* that the operations so far would leave */
	Operand		operand[SPINDLE_MAX_OPS];
} Formula;

/*
 * The functions by their names, with the operation that they are and the kind of
 * their operands.  Those of dates take points of time as well.
 */
static const struct
{
	const char *name;
	int			operands;
	SpindleOpKind kind;
	SpindleKind of;
}			functions[] =
{
	{"least", 2, SPINDLE_OP_MINIMUM, A_NUMBER},
	{"greatest", 2, SPINDLE_OP_MAXIMUM, A_NUMBER},
	{"mod", 2, SPINDLE_OP_MODULO, A_NUMBER},
	{"div", 2, SPINDLE_OP_QUOTIENT, A_NUMBER},
	{"floor", 1, SPINDLE_OP_FLOOR, A_NUMBER},
	{"ceil", 1, SPINDLE_OP_CEILING, A_NUMBER},
	{"round", 1, SPINDLE_OP_ROUND, A_NUMBER},
	{"abs", 1, SPINDLE_OP_ABSOLUTE, A_NUMBER},
	{"row", 0, SPINDLE_OP_ROW, A_NUMBER},
	{"rows", 0, SPINDLE_OP_ROWS, A_NUMBER},
	{"date", 1, SPINDLE_OP_DATE, SPINDLE_TIMESTAMP},
	{"year", 1, SPINDLE_OP_YEAR, SPINDLE_DATE},
	{"month", 1, SPINDLE_OP_MONTH, SPINDLE_DATE},
	{"day", 1, SPINDLE_OP_DAY, SPINDLE_DATE},
	{"weekday", 1, SPINDLE_OP_WEEKDAY, SPINDLE_DATE},
	{"hour", 1, SPINDLE_OP_HOUR, SPINDLE_TIMESTAMP},
	{"minute", 1, SPINDLE_OP_MINUTE, SPINDLE_TIMESTAMP},
};

static void parse_sum(Formula *f);
pg_noreturn static void fail(Formula *f, const char *what);

/* Report what is wrong at the next character, counted from 1. */
static void
fail(Formula *f, const char *what)
{
	spindle_json_error(f->node, "A formula has numbers, columns, + - * /, parentheses, least(a, b), greatest(a, b), "
					   "mod(a, b), div(a, b), floor(a), ceil(a), round(a), round(a, digits), abs(a), row(), rows(table), "
					   "and of times date(a), year(a), month(a), day(a), weekday(a), hour(a), minute(a).",
					   "%s at character %d of \"%s\".", what, (int) (f->at - f->text) + 1, f->text);
}

/* Only spaces: no other white space is part of the grammar. */
static void
skip_spaces(Formula *f)
{
	while (*f->at == ' ')
		f->at++;
}

/* The operand that is n below the top of the stack. */
static Operand *
top(Formula *f, int n)
{
	return &f->operand[f->noperands - 1 - n];
}

/*
 * Append an operation, which leaves an operand of a kind with scale digits after
 * the point in place of those that it takes.  An error if the formula gets too
 * long or the result too precise.  Returns it, to be completed.
 */
static SpindleOp *
push(Formula *f, SpindleOpKind operation, SpindleKind kind, int scale)
{
	SpindleOp  *op;

	if (f->nops == SPINDLE_MAX_OPS)
		fail(f, "formula too long");
	if (scale > MAX_DIGITS)
		fail(f, "more than 18 digits after the point");
	op = &f->op[f->nops++];
	memset(op, 0, sizeof(*op));
	op->kind = operation;
	op->scale = scale;
	f->noperands -= spindle_op_operands(operation);
	f->operand[f->noperands++] = (Operand) {kind, scale};
	return op;
}

/* Insist on a kind of operand, n below the top of the stack. */
static void
expect_kind(Formula *f, int n, SpindleKind kind, const char *what)
{
	if (top(f, n)->kind != kind)
		fail(f, psprintf("%s is needed before what ends", what));
}

/* The last operation, if it pushes a constant number; else NULL. */
static const SpindleOp *
constant_operand(Formula *f)
{
	return f->op[f->nops - 1].kind == SPINDLE_OP_NUMBER ? &f->op[f->nops - 1] : NULL;
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

/* The word at the next character, palloc'd: letters, digits, _ and points. */
static char *
parse_word(Formula *f)
{
	const char *start = f->at;

	while (isalnum((unsigned char) *f->at) || *f->at == '_' || *f->at == '.')
		f->at++;
	return pnstrdup(start, f->at - start);
}

/* A divisor that is the constant 0 is an error here, any other 0 NULL in the row. */
static void
check_divisor(Formula *f)
{
	const SpindleOp *divisor = constant_operand(f);

	if (divisor && divisor->number == 0)
		fail(f, "division by zero");
}

/*
 * The second argument of "round", digits after the point, if there is one; else
 * 0.  A number with fewer digits keeps those it has.
 */
static int
parse_digits(Formula *f)
{
	const SpindleOp *digits;
	int			result;

	skip_spaces(f);
	if (*f->at != ',')
		return 0;
	f->at++;
	parse_sum(f);
	digits = constant_operand(f);
	if (digits == NULL || digits->scale > 0 || digits->number > MAX_DIGITS)
		fail(f, "a number of digits from 0 to 18 is needed");
	result = (int) digits->number;
	f->nops--;
	f->noperands--;
	return result;
}

/* The table in the parentheses of "rows". */
static int
parse_table(Formula *f)
{
	const SpindleDomain *domain = f->parse->domain;
	const char *start;
	int			table;

	skip_spaces(f);
	start = f->at;
	table = spindle_domain_find_table(domain, parse_word(f));
	if (table < 0)
	{
		f->at = start;
		fail(f, "a table of the domain is needed");
	}
	return table;
}

/* Append the operation of a function, whose arguments are on the stack. */
static void
push_function(Formula *f, SpindleOpKind kind, SpindleKind of, int digits)
{
	const int	scale = spindle_op_operands(kind) > 0 ? top(f, 0)->scale : 0;

	switch (kind)
	{
		case SPINDLE_OP_MINIMUM:
		case SPINDLE_OP_MAXIMUM:
			if (top(f, 0)->kind != top(f, 1)->kind)
				fail(f, "two numbers or two times of the same kind are needed before what ends");
			push(f, kind, top(f, 0)->kind, Max(scale, top(f, 1)->scale));
			return;
		case SPINDLE_OP_MODULO:
		case SPINDLE_OP_QUOTIENT:
			expect_kind(f, 0, A_NUMBER, "a number");
			expect_kind(f, 1, A_NUMBER, "a number");
			check_divisor(f);
			push(f, kind, A_NUMBER, kind == SPINDLE_OP_MODULO ? Max(scale, top(f, 1)->scale) : 0);
			return;
		case SPINDLE_OP_ABSOLUTE:
		case SPINDLE_OP_ROUND:
		case SPINDLE_OP_FLOOR:
		case SPINDLE_OP_CEILING:
			expect_kind(f, 0, A_NUMBER, "a number");
			push(f, kind, A_NUMBER, kind == SPINDLE_OP_ABSOLUTE ? scale : Min(digits, scale));
			return;
		case SPINDLE_OP_DATE:
		case SPINDLE_OP_HOUR:
		case SPINDLE_OP_MINUTE:
			expect_kind(f, 0, SPINDLE_TIMESTAMP, "a timestamp");
			push(f, kind, kind == SPINDLE_OP_DATE ? SPINDLE_DATE : A_NUMBER, 0);
			return;
		default:
			if (of == SPINDLE_DATE && top(f, 0)->kind == SPINDLE_TIMESTAMP)
				push(f, SPINDLE_OP_DATE, SPINDLE_DATE, 0);
			if (of == SPINDLE_DATE)
				expect_kind(f, 0, SPINDLE_DATE, "a date or timestamp");
			push(f, kind, A_NUMBER, 0);
			return;
	}
}

/* A function by its name, from the parenthesis behind it on. */
static void
parse_function(Formula *f, const char *name)
{
	int			i = 0;
	int			digits = 0;
	int			table = 0;

	while (i < lengthof(functions) && strcmp(functions[i].name, name) != 0)
		i++;
	if (i == lengthof(functions))
		fail(f, psprintf("unrecognized function \"%s\"", name));
	f->at++;
	for (int k = 0; k < functions[i].operands; k++)
	{
		if (k > 0)
			expect(f, ',');
		parse_sum(f);
	}
	if (functions[i].kind == SPINDLE_OP_ROUND)
		digits = parse_digits(f);
	else if (functions[i].kind == SPINDLE_OP_ROWS)
		table = parse_table(f);
	expect(f, ')');
	push_function(f, functions[i].kind, functions[i].of, digits);
	if (functions[i].kind == SPINDLE_OP_ROWS)
		f->op[f->nops - 1].table = table;
}

/*
 * A function, or a path to a column of whole numbers, numeric or times.  Only a
 * parenthesis behind it makes a name that of a function, so columns may have the
 * same names.
 */
static void
parse_name(Formula *f)
{
	char	   *name = parse_word(f);
	SpindleColumnRef ref;
	const SpindleType *type;
	bool		is_time;

	skip_spaces(f);
	if (*f->at == '(')
	{
		parse_function(f, name);
		return;
	}
	spindle_parse_ref_text(f->parse, f->node, f->table, name, &ref);
	type = &spindle_ref_column(f->parse->domain, &ref)->type;
	is_time = type->kind == SPINDLE_DATE || type->kind == SPINDLE_TIMESTAMP;
	if (!type->ops->is_exact && !is_time)
		spindle_json_error(f->node, "Formulas are exact; use integer or numeric columns.",
						   "column \"%s\" of type %s cannot be used in a formula.",
						   name, type->name);
	push(f, SPINDLE_OP_COLUMN, is_time ? type->kind : A_NUMBER, is_time ? 0 : type->scale)->ref = ref;
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
	push(f, SPINDLE_OP_NUMBER, A_NUMBER, scale)->number = value;
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
		expect_kind(f, 0, A_NUMBER, "a number");
		push(f, SPINDLE_OP_NEGATE, A_NUMBER, top(f, 0)->scale);
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
 * product: factors between * and /.  A division by a constant power of ten moves
 * the point and is exact.
 */
static void
parse_product(Formula *f)
{
	parse_factor(f);
	for (;;)
	{
		const SpindleOp *divisor;
		char		c;
		int			left;
		int			right;

		skip_spaces(f);
		c = *f->at;
		if (c != '*' && c != '/')
			return;
		f->at++;
		parse_factor(f);
		expect_kind(f, 0, A_NUMBER, "a number");
		expect_kind(f, 1, A_NUMBER, "a number");
		left = top(f, 1)->scale;
		right = top(f, 0)->scale;
		if (c == '*')
		{
			push(f, SPINDLE_OP_MULTIPLY, A_NUMBER, left + right);
			continue;
		}
		check_divisor(f);
		divisor = constant_operand(f);
		if (divisor && right == 0 && power_of_ten(divisor->number) >= 0)
		{
			int			digits = power_of_ten(divisor->number);

			f->nops--;
			f->noperands--;
			push(f, SPINDLE_OP_SHIFT, A_NUMBER, left + digits);
		}
		else
			push(f, SPINDLE_OP_DIVIDE, A_NUMBER, Max(left, right) + 6);
	}
}

/*
 * Append a sum or difference in which a time takes part: it is moved by whole
 * days, or another one is taken from it, which gives days or seconds.
 */
static void
push_time_sum(Formula *f, SpindleOpKind operation)
{
	const SpindleKind kind = top(f, 1)->kind;
	const bool	is_moved = top(f, 0)->kind == A_NUMBER;

	if (kind == A_NUMBER || (!is_moved && (top(f, 0)->kind != kind || operation == SPINDLE_OP_ADD)))
		fail(f, "only a number of days, behind a time, can be added to it, and only a time of the same kind "
			 "or a number of days be taken from it, before what ends");
	if (is_moved && top(f, 0)->scale > 0)
		fail(f, "a time can be moved by whole days only, before what ends");
	if (is_moved && kind == SPINDLE_TIMESTAMP)
	{
		push(f, SPINDLE_OP_NUMBER, A_NUMBER, 0)->number = USECS_PER_DAY;
		push(f, SPINDLE_OP_MULTIPLY, A_NUMBER, 0);
	}

	/* microseconds are seconds with six digits after the point */
	push(f, operation, is_moved ? kind : A_NUMBER, !is_moved && kind == SPINDLE_TIMESTAMP ? 6 : 0);
}

/* sum: products between + and -. */
static void
parse_sum(Formula *f)
{
	parse_product(f);
	for (;;)
	{
		SpindleOpKind operation;

		skip_spaces(f);
		if (*f->at != '+' && *f->at != '-')
			return;
		operation = *f->at++ == '+' ? SPINDLE_OP_ADD : SPINDLE_OP_SUBTRACT;
		parse_product(f);
		if (top(f, 0)->kind == A_NUMBER && top(f, 1)->kind == A_NUMBER)
			push(f, operation, A_NUMBER, Max(top(f, 1)->scale, top(f, 0)->scale));
		else
			push_time_sum(f, operation);
	}
}

/*
 * spindle_parse_formula
 *		Compile an expression over columns of a table, all of which must be read,
 *		for a column of a type.
 *
 * Returns the operations, *nops of them, in the current memory context.  What is
 * wrong is an error at node with the character.
 */
SpindleOp *
spindle_parse_formula(SpindleParse *parse, const SpindleJson *node, int table, const SpindleType *type, int *nops)
{
	static const char *const kinds[] = {[A_NUMBER] = "number",[SPINDLE_DATE] = "date",[SPINDLE_TIMESTAMP] = "timestamp"};
	Formula    *f = palloc0(sizeof(Formula));
	SpindleKind kind = type->ops->is_number ? A_NUMBER : type->kind;
	SpindleOp  *result;

	f->parse = parse;
	f->node = node;
	f->table = table;
	f->text = f->at = spindle_json_string(node);
	parse_sum(f);
	if (*f->at)
		fail(f, "unexpected character");
	if (f->operand[0].kind != kind)
		spindle_json_error(node, NULL, "the formula gives a %s, which is no value of type %s.",
						   kinds[f->operand[0].kind], type->name);
	*nops = f->nops;
	result = palloc(sizeof(SpindleOp) * f->nops);
	memcpy(result, f->op, sizeof(SpindleOp) * f->nops);
	pfree(f);
	return result;
}
