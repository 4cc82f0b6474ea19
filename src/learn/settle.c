/*-------------------------------------------------------------------------
 *
 * settle.c
 *		Checks of several columns that a formula meets.
 *
 * A check such as "total = net + tax" holds for any net and tax if the total is made
 * of them.  That it does is tried with values that the rules of the others give.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "learn/data.h"

/* Rows of values by which checks are tried. */
#define TRIED_ROWS		60

/*
 * Rows of values by which checks are tried: of the operands of a formula, which are
 * columns of the row, as their rules give them, and of the column what it makes of them.
 * NULL if an operand has no rule of its own.
 */
static char ***
rows_to_try(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column, const LearnFinding *finding)
{
	char	 ***rows = palloc(sizeof(char **) * TRIED_ROWS);
	List	   *values[LEARN_MAX_OPERANDS];

	for (int i = 0; i < finding->noperands; i++)
	{
		const LearnColumn *operand = &schema->table[finding->operand[i].table].column[finding->operand[i].column];

		values[i] = finding->operand[i].nsteps == 0 && operand->base ? learn_sample(operand, operand->base, TRIED_ROWS + 7 * i) : NIL;
		if (values[i] == NIL || operand->kind == LEARN_DATE || operand->kind == LEARN_TIMESTAMP)
			return NULL;
	}
	for (int r = 0; r < TRIED_ROWS; r++)
	{
		double		number[LEARN_MAX_OPERANDS];
		double		result;

		rows[r] = palloc0(sizeof(char *) * table->ncolumns);
		for (int i = 0; i < finding->noperands; i++)
		{
			char	   *text = list_nth(values[i], (r + 7 * i) % list_length(values[i]));

			rows[r][finding->operand[i].column] = text;
			number[i] = strtod(text, NULL);
		}
		result = learn_compute(finding, number);
		if (column->limits.has_low)
			result = Max(result, column->limits.low);
		if (column->limits.has_high)
			result = Min(result, column->limits.high);
		if (isfinite(result))
			rows[r][column - table->column] = psprintf("%.*f", column->kind == LEARN_DECIMAL ? column->scale : 0, result);
	}
	return rows;
}

/*
 * learn_settles_checks
 *		Do the checks of several columns hold for all rows if a column has the rule of a
 *		formula?  They then are settled by that.
 */
bool
learn_settles_checks(const LearnSchema *schema, LearnTable *table, const LearnColumn *column, const LearnFinding *finding)
{
	int			c = (int) (column - table->column);
	Bitmapset  *own = bms_make_singleton(c);
	List	   *settled = NIL;
	bool		result = true;
	bool	   *passes = palloc(sizeof(bool) * TRIED_ROWS);
	char	 ***rows = NULL;
	LearnAsker *asker;
	ListCell   *lc;

	for (int i = 0; i < finding->noperands; i++)
		if (finding->operand[i].nsteps == 0)
			own = bms_add_member(own, finding->operand[i].column);
	asker = learn_ask_open(table);
	foreach(lc, table->checks)
	{
		LearnCheck *check = lfirst(lc);

		if (check->is_settled || !bms_is_member(c, check->columns))
			continue;
		rows = rows ? rows : rows_to_try(schema, table, column, finding);
		result = result && rows && !check->unasked && bms_is_subset(check->columns, own);
		if (!result)
			break;
		learn_ask(asker, check, rows, TRIED_ROWS, passes);
		for (int r = 0; r < TRIED_ROWS; r++)
			result &= passes[r];
		settled = lappend(settled, check);
	}
	learn_ask_close(asker);
	foreach(lc, result ? settled : NIL)
		((LearnCheck *) lfirst(lc))->is_settled = true;
	return result;
}
