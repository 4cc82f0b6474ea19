/*-------------------------------------------------------------------------
 *
 * verify.c
 *		Findings counted over whole tables.
 *
 * What was found in a sample is put as a question to the server, in exact
 * arithmetic: one query for the copies and formulas of a table, and one for each
 * total.  What does not hold in all of the rows, but for very few, is dropped.
 * Tables of more rows than can be read in a moment are not asked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "learn/data.h"
#include "learn/query.h"

/* Rows of a table that is read as a whole, at most. */
#define CHEAP_ROWS		5e6

/* Findings that are asked for in one query, at most. */
#define MAX_QUESTIONS	100

/* The questions of a query. */
typedef struct Questions
{
	const LearnSchema *schema;
	LearnTable *table;
	int			n;
	LearnFinding *finding[MAX_QUESTIONS];
	List	   *paths;			/* LearnOperand whose steps are joined; alias number i + 1 */
	StringInfoData select;
	StringInfoData from;
} Questions;

/* Have two operands the same steps, as far as the first has any? */
static bool
same_steps(const LearnOperand *a, const LearnOperand *b)
{
	if (a->nsteps != b->nsteps)
		return false;
	for (int i = 0; i < a->nsteps; i++)
		if (a->step[i] != b->step[i])
			return false;
	return true;
}

/* The alias of the table that an operand is of, which is joined if it is not yet. */
static char *
alias_of(Questions *questions, const LearnOperand *operand)
{
	const LearnSchema *schema = questions->schema;
	LearnOperand *path;
	LearnOperand before;
	const LearnKey *key;
	char	   *from;
	char	   *alias;
	ListCell   *lc;

	if (operand->nsteps == 0)
		return "t";
	foreach(lc, questions->paths)
		if (same_steps(lfirst(lc), operand))
			return psprintf("j%d", foreach_current_index(lc));
	before = *operand;
	before.nsteps--;
	key = operand->step[before.nsteps];
	before.table = before.nsteps > 0 ? before.step[before.nsteps - 1]->target : (int) (questions->table - schema->table);
	from = alias_of(questions, &before);
	path = palloc(sizeof(LearnOperand));
	*path = *operand;
	path->table = key->target;
	questions->paths = lappend(questions->paths, path);
	alias = psprintf("j%d", list_length(questions->paths) - 1);
	appendStringInfoString(&questions->from, " LEFT JOIN ");
	learn_append_relation(&questions->from, &schema->table[key->target]);
	appendStringInfo(&questions->from, " AS %s ON ", alias);
	for (int i = 0; i < key->n; i++)
	{
		appendStringInfoString(&questions->from, i ? " AND " : "");
		learn_append_column(&questions->from, alias, &schema->table[key->target].column[key->target_column[i]]);
		appendStringInfoString(&questions->from, " = ");
		learn_append_column(&questions->from, from, &schema->table[before.table].column[key->column[i]]);
		appendStringInfoString(&questions->from, learn_collate(&schema->table[before.table].column[key->column[i]],
															   &schema->table[key->target].column[key->target_column[i]]));
	}
	return alias;
}

/* The SQL of an operand. */
static char *
operand_sql(Questions *questions, const LearnOperand *operand)
{
	StringInfoData sql;

	initStringInfo(&sql);
	learn_append_column(&sql, alias_of(questions, operand), &questions->schema->table[operand->table].column[operand->column]);
	return sql.data;
}

/* The SQL of a formula, of exact numbers; null where it divides by 0. */
static char *
formula_sql(Questions *questions, const LearnFinding *finding)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (const char *p = finding->form; *p; p++)
	{
		bool		divides = p - finding->form >= 2 && p[-2] == '/';
		char	   *operand;

		if (!learn_is_operand(finding->form, p))
		{
			appendStringInfoChar(&sql, *p);
			continue;
		}
		if (*p == 'R')
		{
			appendStringInfo(&sql, "(%s)", learn_number(finding->constant));
			continue;
		}
		operand = psprintf("%s::numeric", operand_sql(questions, &finding->operand[*p - 'a']));
		if (finding->null_is_zero)
			operand = psprintf("coalesce(%s, 0)", operand);
		appendStringInfo(&sql, divides ? "nullif(%s, 0)" : "%s", operand);
	}
	return sql.data;
}

/*
 * The SQL of whether a column is what a formula gives, within a tolerance; and in *other what the formula
 * gives, with the first of its constants.
 */
static char *
formula_test(Questions *questions, const char *own, const LearnFinding *finding, double tolerance, char **other)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = Max(finding->nconstants, 1) - 1; i >= 0; i--)
	{
		LearnFinding one = *finding;

		if (finding->nconstants > 0)
			one.constant = finding->one_of[i];
		*other = formula_sql(questions, &one);
		appendStringInfo(&sql, "%sabs(%s::numeric - (%s)) <= %s", sql.len ? " OR " : "", own, *other, learn_number(tolerance * (1 + 1e-9)));
	}
	return sql.data;
}

/* Is a formula one of numbers, so that it reads in SQL as in the definition? */
static bool
is_arithmetic(const Questions *questions, const LearnFinding *finding)
{
	for (int i = 0; i < finding->noperands; i++)
	{
		LearnKind	kind = questions->schema->table[finding->operand[i].table].column[finding->operand[i].column].kind;

		if (kind != LEARN_INT && kind != LEARN_DECIMAL)
			return false;
	}
	return true;
}

/* Add the question whether a finding holds. */
static void
add_question(Questions *questions, const LearnColumn *column, LearnFinding *finding)
{
	StringInfoData own;
	char	   *other;

	if (questions->n == MAX_QUESTIONS)
		return;
	initStringInfo(&own);
	learn_append_column(&own, "t", column);
	if (finding->kind == LEARN_FOUND_COPY)
	{
		other = operand_sql(questions, &finding->operand[0]);
		if (finding->has_constant)
			other = psprintf("coalesce(%s, %s)", other, learn_number(finding->constant));
		appendStringInfo(&questions->select, "%s count(*), count(*) FILTER (WHERE %s IS NOT DISTINCT FROM %s%s)", questions->n ? "," : "SELECT",
						 own.data, other, learn_collate(&questions->schema->table[finding->operand[0].table].column[finding->operand[0].column], column));
	}
	else
	{
		double		tolerance = column->kind == LEARN_FLOAT ? 1e-6 : 0.5 * pow(10, -(column->kind == LEARN_DECIMAL ? column->scale : 0));

		char	   *test = formula_test(questions, own.data, finding, tolerance, &other);

		appendStringInfo(&questions->select, "%s count(%s::numeric - (%s)), count(*) FILTER (WHERE %s)",
						 questions->n ? "," : "SELECT", own.data, other, test);
	}
	questions->finding[questions->n++] = finding;
}

/* The answers: two numbers for each finding. */
static void
read_answers(char *const *value, void *arg)
{
	Questions  *questions = arg;

	for (int i = 0; i < questions->n; i++)
	{
		questions->finding[i]->rows = strtod(value[2 * i], NULL);
		questions->finding[i]->holds = strtod(value[2 * i + 1], NULL);
	}
}

/* Does a total hold, for all rows?  The answer is set in the finding. */
static void
ask_total(LearnSchema *schema, LearnTable *table, const LearnColumn *column, LearnFinding *finding)
{
	const LearnKey *key = finding->child_key;
	bool		is_sum = strcmp(finding->function, "sum") == 0 || strcmp(finding->function, "count") == 0;
	Questions	questions = {.schema = schema,.table = table,.n = 1};
	StringInfoData query;
	StringInfoData columns;

	questions.finding[0] = finding;
	initStringInfo(&columns);
	for (int i = 0; i < key->n; i++)
	{
		appendStringInfoString(&columns, i ? ", " : "");
		learn_append_column(&columns, "c", &finding->child->column[key->column[i]]);
	}
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT count(*), count(*) FILTER (WHERE ");
	learn_append_column(&query, "t", column);
	appendStringInfo(&query, " IS NOT DISTINCT FROM %s) FROM ", is_sum ? "coalesce(a.spindle_total, 0)" :
					 strcmp(finding->function, "mean") == 0 ? psprintf("round(a.spindle_total, %d)", column->scale) : "a.spindle_total");
	learn_append_relation(&query, table);
	appendStringInfo(&query, " AS t LEFT JOIN (SELECT %s, %s(", columns.data,
					 strcmp(finding->function, "mean") == 0 ? "avg" : finding->function);
	if (finding->child_column >= 0)
		learn_append_column(&query, "c", &finding->child->column[finding->child_column]);
	else
		appendStringInfoChar(&query, '*');
	appendStringInfoChar(&query, ')');
	learn_append_case(&query, finding, "c");
	appendStringInfoString(&query, " AS spindle_total FROM ");
	learn_append_relation(&query, finding->child);
	appendStringInfo(&query, " AS c GROUP BY %s) AS a ON ", columns.data);
	for (int i = 0; i < key->n; i++)
	{
		appendStringInfoString(&query, i ? " AND " : "");
		learn_append_column(&query, "a", &finding->child->column[key->column[i]]);
		appendStringInfoString(&query, learn_collate(&finding->child->column[key->column[i]], &table->column[key->target_column[i]]));
		appendStringInfoString(&query, " = ");
		learn_append_column(&query, "t", &table->column[key->target_column[i]]);
	}
	learn_query(query.data, NULL, NULL, read_answers, &questions);
}

/* Drop the findings of a column that do not hold. */
static void
drop_failed(LearnColumn *column)
{
	ListCell   *lc;

	foreach(lc, column->findings)
	{
		const LearnFinding *finding = lfirst(lc);

		if (finding->rows <= 0 || finding->holds < LEARN_HOLDS * finding->rows)
			column->findings = foreach_delete_current(column->findings, lc);
	}
}

/*
 * learn_verify
 *		Count in how many rows of a table its findings hold, and drop those that fail.
 */
void
learn_verify(LearnSchema *schema, LearnTable *table)
{
	Questions	questions = {.schema = schema,.table = table};
	ListCell   *lc;

	initStringInfo(&questions.select);
	initStringInfo(&questions.from);
	for (int c = 0; c < table->ncolumns; c++)
		foreach(lc, table->column[c].findings)
		{
			LearnFinding *finding = lfirst(lc);

			CHECK_FOR_INTERRUPTS();
			if (finding->kind == LEARN_FOUND_TOTAL && Max(finding->child->tuples, table->tuples) <= CHEAP_ROWS)
				ask_total(schema, table, &table->column[c], finding);
			else if (table->tuples <= CHEAP_ROWS &&
					 (finding->kind == LEARN_FOUND_COPY || (finding->kind == LEARN_FOUND_FORMULA && is_arithmetic(&questions, finding))))
				add_question(&questions, &table->column[c], finding);
		}
	if (questions.n > 0)
	{
		StringInfoData query;

		initStringInfo(&query);
		appendStringInfo(&query, "%s FROM ", questions.select.data);
		learn_append_relation(&query, table);
		appendStringInfo(&query, " AS t%s", questions.from.data);
		learn_query(query.data, NULL, NULL, read_answers, &questions);
	}
	for (int c = 0; c < table->ncolumns; c++)
		drop_failed(&table->column[c]);
}
