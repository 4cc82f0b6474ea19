/*-------------------------------------------------------------------------
 *
 * form.c
 *		Columns that are made of others, found by trying forms.
 *
 * A column can be a copy of one of a row that the table refers to, or arithmetic of
 * some columns, of the row itself or of such rows.  Forms are tried on the rows of
 * a sample from simple ones to those of four operands; most fail in the first row.
 * What would also hold if the operands were those of other rows says nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "learn/data.h"

/* Operands that are tried: in forms of up to two, of three, and of four operands. */
#define MAX_OPERANDS	60
#define MAX_OF_THREE	24
#define MAX_OF_FOUR		14

/* Rows in which a form has to hold, at least, and different values of the column. */
#define LEAST_ROWS		50
#define LEAST_VALUES	4

/* Rows of the sample on which forms are tried. */
#define TRIED_ROWS		3000

/* So many rows fail before a form is given up. */
#define FEW_FAILS		3

/* Factors are told with so many digits after the point, and are not larger than this. */
#define FACTOR_UNIT		10000.0
#define MAX_FACTOR		1000

/* What is computed of operands a, b, c and d, and of a constant R. */
typedef enum Form
{
	FORM_A, FORM_AR, FORM_A_PLUS_R, FORM_ABS,
	FORM_YEAR, FORM_MONTH, FORM_DAY, FORM_WEEKDAY, FORM_HOUR, FORM_DATE,
	FORM_AB, FORM_A_PLUS_B, FORM_A_MINUS_B, FORM_A_OVER_B, FORM_LEAST, FORM_GREATEST, FORM_A_LESS_B, FORM_A_MORE_B,
	FORM_A_LESS_B_PERCENT, FORM_A_MORE_B_PERCENT, FORM_A_B_PERCENT, FORM_DAYS, FORM_HOURS, FORM_MINUTES, FORM_SECONDS,
	FORM_ABC, FORM_AB_LESS_C, FORM_AB_MORE_C, FORM_AB_LESS_C_PERCENT, FORM_AB_MORE_C_PERCENT, FORM_AB_C_PERCENT, FORM_AB_PLUS_C, FORM_AB_MINUS_C,
	FORM_A_PLUS_B_TIMES_C, FORM_A_MINUS_B_TIMES_C, FORM_A_PLUS_B_PLUS_C, FORM_A_PLUS_B_MINUS_C, FORM_A_MINUS_B_MINUS_C, FORM_AB_OVER_C,
	FORM_SUM_OF_4, FORM_SUM_OF_3_MINUS_D, FORM_SUM_OF_2_MINUS_C_MINUS_D, FORM_ABC_LESS_D, FORM_ABC_LESS_D_PERCENT
} Form;

typedef struct FormInfo
{
	Form		form;
	int			noperands;
	bool		is_symmetric;	/* in a and b */
	bool		is_of_times;
	const char *text;			/* as in the rule "formula", and in SQL but for functions of times */
} FormInfo;

static const FormInfo forms[] = {
	{FORM_A, 1, false, false, "a"},
	{FORM_AR, 1, false, false, "a * R"},
	{FORM_A_PLUS_R, 1, false, false, "a + R"},
	{FORM_ABS, 1, false, false, "abs(a)"},
	{FORM_YEAR, 1, false, true, "year(a)"},
	{FORM_MONTH, 1, false, true, "month(a)"},
	{FORM_DAY, 1, false, true, "day(a)"},
	{FORM_WEEKDAY, 1, false, true, "weekday(a)"},
	{FORM_HOUR, 1, false, true, "hour(a)"},
	{FORM_DATE, 1, false, true, "date(a)"},
	{FORM_AB, 2, true, false, "a * b"},
	{FORM_A_PLUS_B, 2, true, false, "a + b"},
	{FORM_A_MINUS_B, 2, false, false, "a - b"},
	{FORM_A_OVER_B, 2, false, false, "a / b"},
	{FORM_LEAST, 2, true, false, "least(a, b)"},
	{FORM_GREATEST, 2, true, false, "greatest(a, b)"},
	{FORM_A_LESS_B, 2, false, false, "a * (1 - b)"},
	{FORM_A_MORE_B, 2, false, false, "a * (1 + b)"},
	{FORM_A_LESS_B_PERCENT, 2, false, false, "a * (1 - b / 100)"},
	{FORM_A_MORE_B_PERCENT, 2, false, false, "a * (1 + b / 100)"},
	{FORM_A_B_PERCENT, 2, true, false, "a * b / 100"},
	{FORM_DAYS, 2, false, true, "a - b"},
	{FORM_HOURS, 2, false, true, "(a - b) / 3600"},
	{FORM_MINUTES, 2, false, true, "(a - b) / 60"},
	{FORM_SECONDS, 2, false, true, "a - b"},
	{FORM_ABC, 3, true, false, "a * b * c"},
	{FORM_AB_LESS_C, 3, true, false, "a * b * (1 - c)"},
	{FORM_AB_MORE_C, 3, true, false, "a * b * (1 + c)"},
	{FORM_AB_LESS_C_PERCENT, 3, true, false, "a * b * (1 - c / 100)"},
	{FORM_AB_MORE_C_PERCENT, 3, true, false, "a * b * (1 + c / 100)"},
	{FORM_AB_C_PERCENT, 3, true, false, "a * b * c / 100"},
	{FORM_AB_PLUS_C, 3, true, false, "a * b + c"},
	{FORM_AB_MINUS_C, 3, true, false, "a * b - c"},
	{FORM_A_PLUS_B_TIMES_C, 3, true, false, "(a + b) * c"},
	{FORM_A_MINUS_B_TIMES_C, 3, false, false, "(a - b) * c"},
	{FORM_A_PLUS_B_PLUS_C, 3, true, false, "a + b + c"},
	{FORM_A_PLUS_B_MINUS_C, 3, true, false, "a + b - c"},
	{FORM_A_MINUS_B_MINUS_C, 3, false, false, "a - b - c"},
	{FORM_AB_OVER_C, 3, true, false, "a * b / c"},
	{FORM_SUM_OF_4, 4, true, false, "a + b + c + d"},
	{FORM_SUM_OF_3_MINUS_D, 4, true, false, "a + b + c - d"},
	{FORM_SUM_OF_2_MINUS_C_MINUS_D, 4, true, false, "a + b - c - d"},
	{FORM_ABC_LESS_D, 4, true, false, "a * b * c * (1 - d)"},
	{FORM_ABC_LESS_D_PERCENT, 4, true, false, "a * b * c * (1 - d / 100)"},
};

/* What is looked for while forms of a column are tried. */
typedef struct Search
{
	const LearnSample *sample;
	int			n;				/* rows of it that are looked at */
	LearnField *field;			/* whose values are made of others */
	int			noperands;
	LearnField *operand[MAX_OPERANDS];
	double		tolerance;
	double		relative;		/* the same, of the value */
	LearnFinding *found;
} Search;

/* A candidate. */
typedef struct Try
{
	const FormInfo *info;
	const LearnField *operand[LEARN_MAX_OPERANDS];
	double		constant;
	bool		null_is_zero;
} Try;

/*
 * learn_is_operand
 *		Is a character of a form the name of an operand, or of the constant?
 */
bool
learn_is_operand(const char *form, const char *p)
{
	bool		is_alone = (p == form || !isalpha((unsigned char) p[-1])) && !isalpha((unsigned char) p[1]);

	return is_alone && ((*p >= 'a' && *p <= 'd') || *p == 'R');
}

/* Parts of a time in days since 2000-01-01, a Saturday. */
static double
part_of_time(Form form, double day)
{
	int			year;
	int			month;
	int			mday;
	int			date = (int) floor(day);

	if (fabs(day) > 1e6)
		return NAN;
	if (form == FORM_DATE)
		return date;
	if (form == FORM_WEEKDAY)
		return ((date + 5) % 7 + 7) % 7 + 1;
	if (form == FORM_HOUR)
		return floor((day - date) * 24 + 1e-9);
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return form == FORM_YEAR ? year : form == FORM_MONTH ? month : mday;
}

/* The value of a form of up to two operands and a constant. */
static double
compute_of_two(Form form, double a, double b, double r)
{
	switch (form)
	{
		case FORM_A:
			return a;
		case FORM_AR:
			return a * r;
		case FORM_A_PLUS_R:
			return a + r;
		case FORM_ABS:
			return fabs(a);
		case FORM_YEAR:
		case FORM_MONTH:
		case FORM_DAY:
		case FORM_WEEKDAY:
		case FORM_HOUR:
		case FORM_DATE:
			return part_of_time(form, a);
		case FORM_AB:
			return a * b;
		case FORM_A_PLUS_B:
			return a + b;
		case FORM_A_MINUS_B:
		case FORM_DAYS:
			return a - b;
		case FORM_A_OVER_B:
			return b == 0 ? NAN : a / b;
		case FORM_LEAST:
			return isnan(a) || isnan(b) ? NAN : Min(a, b);
		case FORM_GREATEST:
			return isnan(a) || isnan(b) ? NAN : Max(a, b);
		case FORM_A_LESS_B:
			return a * (1 - b);
		case FORM_A_MORE_B:
			return a * (1 + b);
		case FORM_A_LESS_B_PERCENT:
			return a * (1 - b / 100);
		case FORM_A_MORE_B_PERCENT:
			return a * (1 + b / 100);
		case FORM_A_B_PERCENT:
			return a * b / 100;
		case FORM_HOURS:
			return (a - b) * 24;
		case FORM_MINUTES:
			return (a - b) * 1440;
		case FORM_SECONDS:
			return (a - b) * 86400;
		default:
			return NAN;
	}
}

/* The value of a form. */
static double
compute(Form form, double a, double b, double c, double d, double r)
{
	switch (form)
	{
		case FORM_ABC:
			return a * b * c;
		case FORM_AB_LESS_C:
			return a * b * (1 - c);
		case FORM_AB_MORE_C:
			return a * b * (1 + c);
		case FORM_AB_LESS_C_PERCENT:
			return a * b * (1 - c / 100);
		case FORM_AB_MORE_C_PERCENT:
			return a * b * (1 + c / 100);
		case FORM_AB_C_PERCENT:
			return a * b * c / 100;
		case FORM_AB_PLUS_C:
			return a * b + c;
		case FORM_AB_MINUS_C:
			return a * b - c;
		case FORM_A_PLUS_B_TIMES_C:
			return (a + b) * c;
		case FORM_A_MINUS_B_TIMES_C:
			return (a - b) * c;
		case FORM_A_PLUS_B_PLUS_C:
			return a + b + c;
		case FORM_A_PLUS_B_MINUS_C:
			return a + b - c;
		case FORM_A_MINUS_B_MINUS_C:
			return a - b - c;
		case FORM_AB_OVER_C:
			return c == 0 ? NAN : a * b / c;
		case FORM_SUM_OF_4:
			return a + b + c + d;
		case FORM_SUM_OF_3_MINUS_D:
			return a + b + c - d;
		case FORM_SUM_OF_2_MINUS_C_MINUS_D:
			return a + b - c - d;
		case FORM_ABC_LESS_D:
			return a * b * c * (1 - d);
		case FORM_ABC_LESS_D_PERCENT:
			return a * b * c * (1 - d / 100);
		default:
			return compute_of_two(form, a, b, r);
	}
}

/*
 * learn_compute
 *		The value of a formula that was found for some operands; NAN if there is none.
 */
double
learn_compute(const LearnFinding *finding, const double *operand)
{
	double		number[LEARN_MAX_OPERANDS] = {0};

	for (int i = 0; i < finding->noperands; i++)
		number[i] = finding->null_is_zero && isnan(operand[i]) ? 0 : operand[i];
	for (int i = 0; i < lengthof(forms); i++)
		if (strcmp(forms[i].text, finding->form) == 0)
			return compute(forms[i].form, number[0], number[1], number[2], number[3], finding->constant);
	return NAN;
}

/* Is a column one of numbers? */
static bool
is_number(const LearnColumn *column)
{
	return column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT;
}

/* Is it one of times? */
static bool
is_time(const LearnColumn *column)
{
	return column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP;
}

/*
 * learn_can_be_found
 *		May the values of a column be made of others, as far as declarations say?
 */
bool
learn_can_be_found(const LearnTable *table, const LearnColumn *column)
{
	return !column->left_out && !column->always_null && !column->counts && !column->limits.has_list &&
		!learn_is_in_set(table, (int) (column - table->column));
}

/*
 * learn_holds_type
 *		Does the type of a column hold all values of another one, so that it can copy it?
 */
bool
learn_holds_type(const LearnColumn *column, const LearnColumn *other)
{
	if (column->kind != other->kind)
		return false;
	switch (column->kind)
	{
		case LEARN_INT:
			return column->max >= other->max;
		case LEARN_DECIMAL:
		case LEARN_FLOAT:
			return column->scale == other->scale && column->max >= other->max &&
				(strcmp(column->format, "numeric") == 0) == (strcmp(other->format, "numeric") == 0);
		case LEARN_TEXT:
			return (column->type == BPCHAROID) == (other->type == BPCHAROID) &&
				(column->type == BPCHAROID ? column->length == other->length :
				 column->length == 0 || (other->length > 0 && other->length <= column->length));
		default:
			return column->type == other->type;
	}
}

/*
 * learn_add_finding
 *		Add a finding about a column, behind those that it has; palloc'd where these are.
 */
LearnFinding *
learn_add_finding(LearnColumn *column, LearnFindingKind kind, double holds, double rows)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(column->sql_name));
	LearnFinding *finding = palloc0(sizeof(LearnFinding));

	finding->kind = kind;
	finding->holds = holds;
	finding->rows = rows;
	column->findings = lappend(column->findings, finding);
	MemoryContextSwitchTo(oldcontext);
	return finding;
}

/*
 * Is a number of rows enough for a rule?  Of fewer than k nothing is told.
 */
static bool
are_enough(const LearnSchema *schema, double rows)
{
	return rows >= Max(LEAST_ROWS, schema->options->k);
}

/* A constant that a column has wherever another one is null; false if there is none that is a number. */
static bool
constant_elsewhere(const LearnSchema *schema, const LearnSample *sample, const LearnField *field, const LearnField *other, double *constant)
{
	int			rows = 0;

	if (!is_number(field->column))
		return false;
	for (int r = 0; r < sample->n; r++)
	{
		if (other->hash[r] != 0)
			continue;
		if (isnan(field->number[r]) || (rows > 0 && field->number[r] != *constant))
			return false;
		*constant = field->number[r];
		rows++;
	}
	return rows >= schema->options->k && (*constant == 0 || learn_may_carry(schema, sample, field));
}

/* Is a field a copy of another one, of a row that is referred to?  If so it is noted. */
static bool
try_copy(const LearnSchema *schema, const LearnSample *sample, LearnField *field, const LearnField *other)
{
	int			rows;
	int			shifted;
	int			same = learn_same_as(sample, field, other, 0, &rows);
	int			nulls = 0;
	double		constant = 0;
	bool		has_constant = false;
	LearnFinding *finding;

	if (!are_enough(schema, rows) || same < LEARN_HOLDS * rows ||
		learn_same_as(sample, field, other, sample->shift, &shifted) > LEARN_BY_CHANCE * shifted)
		return false;
	for (int r = 0; r < sample->n; r++)
		nulls += other->hash[r] == 0 && field->hash[r] != 0;
	if (nulls > (1 - LEARN_HOLDS) * sample->n)
	{
		has_constant = constant_elsewhere(schema, sample, field, other, &constant);
		if (!has_constant)
			return false;
	}
	finding = learn_add_finding(field->column, LEARN_FOUND_COPY, same + (sample->n - rows), sample->n);
	finding->noperands = 1;
	finding->operand[0] = learn_operand(sample, other);
	finding->has_constant = has_constant;
	finding->constant = constant;
	return true;
}

/* Is a field of the key by which its row is referred to?  The column that does so has the same values. */
static bool
is_of_key(const LearnSample *sample, const LearnField *field)
{
	const LearnJoin *join = &sample->join[field->join];
	const LearnKey *key = join->step[join->nsteps - 1];

	for (int i = 0; i < key->n; i++)
		if (key->target_column[i] == field->place)
			return true;
	return false;
}

/*
 * learn_find_copies
 *		Find columns that are copies of columns of rows that the table refers to.
 *
 * Those of nearer rows come first.
 */
void
learn_find_copies(LearnSchema *schema, const LearnSample *sample)
{
	for (int f = 0; f < sample->nown; f++)
	{
		LearnField *field = &sample->field[f];

		if (!learn_can_be_found(sample->table, field->column) || field->distinct < 2)
			continue;
		for (int o = sample->nown; o < sample->nfields; o++)
		{
			const LearnField *other = &sample->field[o];

			CHECK_FOR_INTERRUPTS();
			if (learn_holds_type(field->column, other->column) && other->distinct >= 2 && !other->column->left_out && !is_of_key(sample, other))
				(void) try_copy(schema, sample, field, other);
		}
	}
}

/* The number of an operand in a row; a null can count as 0. */
static inline double
number_in(const Try *try, int operand, int row)
{
	double		number = operand < try->info->noperands ? try->operand[operand]->number[row] : 0;

	return try->null_is_zero && isnan(number) ? 0 : number;
}

/*
 * In how many rows does a form hold?  *rows is set to how many have all operands and
 * the value.  Rows of operands are taken from shift rows away.  Ends early when it
 * has failed too often, with 0.
 */
static int
count_holds(const Search *search, const Try *try, int shift, int *rows)
{
	int			holds = 0;
	int			fails = 0;

	*rows = 0;
	for (int r = 0; r < search->n; r++)
	{
		int			o = (r + shift) % search->n;
		double		value = search->field->number[r];
		double		result;

		if (isnan(value))
			continue;
		result = compute(try->info->form, number_in(try, 0, o), number_in(try, 1, o), number_in(try, 2, o), number_in(try, 3, o), try->constant);
		if (isnan(result))
			continue;
		(*rows)++;
		if (fabs(result - value) <= search->tolerance + search->relative * fabs(result))
			holds++;
		else if (++fails > FEW_FAILS + *rows * 4 * (1 - LEARN_HOLDS) && shift == 0)
			return 0;
	}
	return holds;
}

/* Note what was found, with how the nulls are. */
static void
note_formula(Search *search, const Try *try, int holds, int rows)
{
	LearnFinding *finding = learn_add_finding(search->field->column, LEARN_FOUND_FORMULA, holds, rows);
	int			whole = 0;
	int			nulls = 0;

	finding->form = try->info->text;
	finding->noperands = try->info->noperands;
	finding->constant = try->constant;
	finding->has_constant = strchr(try->info->text, 'R') != NULL;
	finding->null_is_zero = try->null_is_zero;
	for (int i = 0; i < try->info->noperands; i++)
		finding->operand[i] = learn_operand(search->sample, try->operand[i]);
	for (int r = 0; r < search->n; r++)
	{
		bool		is_null = false;

		for (int i = 0; i < try->info->noperands; i++)
			is_null |= isnan(number_in(try, i, r));
		whole += !is_null;
		nulls += !is_null && isnan(search->field->number[r]);
	}
	finding->null_fraction = whole > 0 && nulls > (1 - LEARN_HOLDS) * whole ? floor(1000.0 * nulls / whole + 0.5) / 1000 : 0;
	search->found = finding;
}

/* Does a form hold, and not only by chance?  If so it is noted. */
static bool
try_form(const LearnSchema *schema, Search *search, Try *try)
{
	int			rows;
	int			shifted;
	int			holds;
	int			values = 0;

	holds = count_holds(search, try, 0, &rows);
	if (!are_enough(schema, rows) || holds < LEARN_HOLDS * rows)
		return false;
	for (int r = 0; r < search->n; r++)
		values += !isnan(search->field->number[r]);
	if (rows < LEARN_HOLDS * values && !try->null_is_zero)
	{
		/* there are values where an operand is null: maybe that is 0 */
		try->null_is_zero = true;
		holds = count_holds(search, try, 0, &rows);
		if (rows < LEARN_HOLDS * values || holds < LEARN_HOLDS * rows)
		{
			try->null_is_zero = false;
			return false;
		}
	}
	if (count_holds(search, try, search->n / 2 + 7, &shifted) > LEARN_BY_CHANCE * shifted)
		return false;
	note_formula(search, try, holds, rows);
	return true;
}

/* The constant of a form, from the row in which the operand is largest; false if it is none of few digits. */
static bool
find_constant(const Search *search, Try *try)
{
	int			at = -1;
	double		constant;

	for (int r = 0; r < search->n; r++)
		if (!isnan(search->field->number[r]) && !isnan(try->operand[0]->number[r]) &&
			(at < 0 || fabs(try->operand[0]->number[r]) > fabs(try->operand[0]->number[at])))
			at = r;
	if (at < 0 || try->operand[0]->number[at] == 0)
		return false;
	constant = try->info->form == FORM_AR ? search->field->number[at] / try->operand[0]->number[at] :
		search->field->number[at] - try->operand[0]->number[at];
	try->constant = floor(constant * FACTOR_UNIT + 0.5) / FACTOR_UNIT;
	return fabs(try->constant) <= MAX_FACTOR && try->constant != 0 &&
		!(try->info->form == FORM_AR && (try->constant == 1 || fabs(try->constant) < 0.001));
}

/* Can the operands of a form be these, by their kinds? */
static bool
are_legal(const Search *search, const Try *try)
{
	const LearnColumn *a = try->operand[0]->column;
	const LearnColumn *b = try->info->noperands > 1 ? try->operand[1]->column : a;

	if (!try->info->is_of_times)
	{
		for (int i = 0; i < try->info->noperands; i++)
			if (!is_number(try->operand[i]->column))
				return false;
		return is_number(search->field->column);
	}
	if (!is_time(a) || a->type != b->type)
		return false;
	if (try->info->form == FORM_DATE)
		return search->field->column->kind == LEARN_DATE && a->kind == LEARN_TIMESTAMP;
	if (!is_number(search->field->column) || (try->info->form == FORM_HOUR && a->kind == LEARN_DATE))
		return false;
	return try->info->noperands == 1 || (try->info->form == FORM_DAYS) == (a->kind == LEARN_DATE);
}

/* Try all forms with these operands, of which there are n. */
static bool
try_forms(const LearnSchema *schema, Search *search, Try *try, int n)
{
	for (int i = 0; i < lengthof(forms); i++)
	{
		try->info = &forms[i];
		try->null_is_zero = false;
		try->constant = 0;
		if (forms[i].noperands != n || (forms[i].is_symmetric && try->operand[0] > try->operand[1]) || !are_legal(search, try))
			continue;
		if (strchr(forms[i].text, 'R') && (!learn_may_carry(schema, search->sample, search->field) ||
										   !learn_may_carry(schema, search->sample, try->operand[0]) || !find_constant(search, try)))
			continue;
		if (try_form(schema, search, try))
			return true;
	}
	return false;
}

/*
 * Try operands from place at on, each of the first most ones, none twice.  Returns
 * whether a form was found.
 */
static bool
try_operands(const LearnSchema *schema, Search *search, Try *try, int at, int n, int most)
{
	if (at == n || at == LEARN_MAX_OPERANDS)
		return try_forms(schema, search, try, n);
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < Min(search->noperands, most); i++)
	{
		bool		is_used = false;

		for (int j = 0; j < at; j++)
			is_used |= try->operand[j] == search->operand[i];
		if (is_used)
			continue;
		try->operand[at] = search->operand[i];
		if (try_operands(schema, search, try, at + 1, n, most))
			return true;
	}
	return false;
}

/* The fields that can be operands of a column: numbers and times that are not keys, of the row first. */
static void
find_operands(const LearnSchema *schema, Search *search)
{
	const LearnSample *sample = search->sample;

	for (int f = 0; f < sample->nfields && search->noperands < MAX_OPERANDS; f++)
	{
		LearnField *field = &sample->field[f];
		int			values = 0;

		if (field == search->field || field->distinct < 2 || sample->join[field->join].nsteps > 1 || field->column->counts || field->column->left_out ||
			(!is_number(field->column) && !is_time(field->column)) || field->column->kind == LEARN_FLOAT ||
			learn_is_key(&schema->table[sample->join[field->join].table], field->place))
			continue;
		for (int r = 0; r < search->n; r++)
			values += !isnan(field->number[r]);
		if (values >= LEAST_ROWS)
			search->operand[search->noperands++] = field;
	}
}

/*
 * learn_find_formulas
 *		Find columns that are arithmetic of others.  Copies have been found.
 */
void
learn_find_formulas(LearnSchema *schema, const LearnSample *sample)
{
	static const int most[] = {0, MAX_OPERANDS, MAX_OPERANDS, MAX_OF_THREE, MAX_OF_FOUR};

	for (int f = 0; f < sample->nown; f++)
	{
		Search		search = {.sample = sample,.n = Min(sample->n, TRIED_ROWS),.field = &sample->field[f]};
		LearnColumn *column = sample->field[f].column;

		if ((!is_number(column) && column->kind != LEARN_DATE) || !learn_can_be_found(sample->table, column) || column->findings ||
			sample->field[f].distinct < LEAST_VALUES || learn_is_key(sample->table, sample->field[f].place))
			continue;
		search.tolerance = column->kind == LEARN_FLOAT ? 0 : 0.5 * pow(10, -(column->kind == LEARN_DECIMAL ? column->scale : 0)) * (1 + 1e-9);
		search.relative = column->type == FLOAT4OID ? 1e-6 : 1e-12;
		find_operands(schema, &search);
		for (int n = 1; n <= LEARN_MAX_OPERANDS && search.found == NULL; n++)
		{
			Try			try = {0};

			(void) try_operands(schema, &search, &try, 0, n, most[n]);
		}
	}
}
