/*-------------------------------------------------------------------------
 *
 * data.c
 *		What is read of rows, and what single columns get of that.
 *
 * A table at a time is read, and forgotten before the next one; what stays are
 * findings, shares and quantiles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/data.h"

/* Tables with fewer rows than this many times k say nothing. */
#define LEAST_ROWS	5

/* Look at some rows of a table. */
static void
read_table(LearnSchema *schema, LearnTable *table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle learn rows", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	LearnSample *sample = learn_read_sample(schema, table);

	if (sample)
	{
		learn_find_copies(schema, sample);
		learn_find_formulas(schema, sample);
		learn_find_ratios(schema, sample);
		learn_find_delays(schema, sample);
		learn_find_calendars(schema, sample);
		learn_find_pairs(schema, sample);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

/* Is a table one of which rows are looked at? */
static bool
is_read(const LearnSchema *schema, const LearnTable *table)
{
	return schema->options->carry == SPINDLE_CARRY_ALL || table->tuples >= (double) schema->options->k * LEAST_ROWS;
}

/*
 * learn_read_data
 *		Read some rows of all tables, and note what holds in them.
 *
 * Types, limits and foreign keys are known, guessed ones included.
 */
void
learn_read_data(LearnSchema *schema)
{
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		CHECK_FOR_INTERRUPTS();
		if (!is_read(schema, table))
			continue;
		read_table(schema, table);
		for (int c = 0; c < table->ncolumns; c++)
			if (table->column[c].kind == LEARN_JSON && table->column[c].is_readable)
				table->column[c].document = learn_document_rule(schema, table, &table->column[c]);
	}
	learn_find_totals(schema);
	for (int t = 0; t < schema->ntables; t++)
		learn_verify(schema, &schema->table[t]);
	learn_find_ages(schema);
}

/*
 * learn_decide_by_data
 *		The rules that rows suggest for a column by itself, if there are any.
 *
 * Texts that may be carried, and frequent values, are for the statistics to tell.
 */
List *
learn_decide_by_data(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	char	   *rule = NULL;

	if (column->kind == LEARN_JSON)
		rule = column->document;
	else if (column->kind == LEARN_DATE || column->kind == LEARN_TIMESTAMP)
		rule = learn_calendar_rule(schema, table, column);
	else if (column->kind == LEARN_TEXT && column->masks && column->statistics == NULL && !column->limits.has_list)
		rule = learn_mask_rule(column);
	return rule ? list_make1(rule) : NIL;
}
