/*-------------------------------------------------------------------------
 *
 * find.c
 *		The rows whose keys have some values.
 *
 * For paths through columns that refer to a row by their value alone.  Nothing is
 * searched: the rule of the key leads back to the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "gen/eval_internal.h"

/* Whose rows are found, by which column. */
typedef struct KeyLookup
{
	SpindleInstance *instance;
	int			table;
	int			column;			/* the key */
	bool		is_monotone;	/* it never falls */
	const SpindleRule *sequence;	/* of the key if it is one, else NULL */
	int64		row;			/* that was found last */
} KeyLookup;

/*
 * The row that has a value, in lookup->row; false if there is none.  Of a sequence
 * first_row_at would say the same, with a division of 128 bits.
 */
static bool
find_row(KeyLookup *lookup, int64 value)
{
	int64		end;

	if (lookup->sequence)
	{
		const int64 step = lookup->sequence->sequence.step;

		if (pg_sub_s64_overflow(value, lookup->sequence->sequence.start, &lookup->row) || lookup->row < 0)
			return false;
		if (step > 1)
		{
			if (lookup->row % step != 0)
				return false;
			lookup->row /= step;
		}
		return lookup->row < lookup->instance->nrows[lookup->table];
	}
	if (!lookup->is_monotone)
		return spindle_instance_rows_of_value(lookup->instance, lookup->table, lookup->column, value, &lookup->row, &end);
	lookup->row = spindle_instance_first_row_at(lookup->instance, lookup->table, lookup->column, value, true);
	return lookup->row < spindle_instance_first_row_at(lookup->instance, lookup->table, lookup->column, value, false);
}

/* The row numbers, NULL where there is no such row. */
static void
run_lookup(Step *step)
{
	const SpindleVector *in = &step->input[0]->out;
	KeyLookup  *lookup = step->u.own;
	int64		previous = 0;
	bool		is_found = false;
	bool		is_known = false;	/* of the value before, if there is one */

	Assert(step->holds == STEP_HOLDS_OWN);
	for (int i = 0; i < step->frame->n; i++)
	{
		step->out.value[i] = 0;
		step->out.is_null[i] = true;
		if (in->is_null && in->is_null[i])
			continue;
		if (!is_known || in->value[i] != previous)
			is_found = find_row(lookup, in->value[i]);
		previous = in->value[i];
		is_known = true;
		if (is_found)
		{
			step->out.value[i] = lookup->row;
			step->out.is_null[i] = false;
		}
	}
}

/*
 * spindle_compile_lookup
 *		The step with the numbers of the rows of a table whose keys have the
 *		values of a step of the frame; NULL where none has.
 *
 * The table has a key of one column, whose values lead to rows.
 */
Step *
spindle_compile_lookup(SpindleEval *eval, Frame *frame, Step *values, int table)
{
	const SpindleTable *target = &eval->instance->domain->table[table];
	KeyLookup  *lookup = palloc0(sizeof(KeyLookup));
	Step	   *step = spindle_step_add(eval, frame, run_lookup, NULL, true, 1);

	lookup->instance = eval->instance;
	lookup->table = table;
	lookup->column = spindle_table_single_key(target);
	lookup->is_monotone = target->column[lookup->column].monotone;
	if (target->column[lookup->column].rule->kind == SPINDLE_RULE_SEQUENCE)
		lookup->sequence = target->column[lookup->column].rule;
	step->input[0] = values;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = lookup;
	return spindle_step_finish(eval, step);
}
