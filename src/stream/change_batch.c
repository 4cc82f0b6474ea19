/*-------------------------------------------------------------------------
 *
 * change_batch.c
 *		What becomes of rows at the moments of a batch.
 *
 * Every table has one program for its rows at times (gen/version.c).  A moment is
 * two of its rows: the row a microsecond before, and at the moment itself.  They
 * stand one behind the other, so that what they have in common is found by both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "stream/change_batch.h"

struct SpindleBatchTable
{
	SpindleEval *eval;
	int		   *handle;			/* of the columns that are not hidden */
	int			alive_handle;
	int			version_handle; /* -1 if it is not asked for */

	/* changes per batch */
	int			n;
	int64		row[SPINDLE_BATCH_ROWS];
	Timestamp	time[SPINDLE_BATCH_ROWS];
};

/*
 * spindle_change_batch_create
 *		A batch without moments, in context.
 *
 * profile is that of deletes, -1 for none.
 */
SpindleChangeBatch *
spindle_change_batch_create(SpindleInstance *instance, int profile, bool with_versions, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleChangeBatch *batch = palloc0(sizeof(SpindleChangeBatch));

	batch->instance = instance;
	batch->profile = profile;
	batch->with_versions = with_versions;
	batch->context = context;
	batch->table = palloc0(sizeof(SpindleChangeTable *) * instance->domain->ntables);
	batch->program = palloc0(sizeof(SpindleBatchTable *) * instance->domain->ntables);
	MemoryContextSwitchTo(oldcontext);
	return batch;
}

/*
 * spindle_change_batch_table
 *		What all images of a table have in common; made on first use.
 */
const SpindleChangeTable *
spindle_change_batch_table(SpindleChangeBatch *batch, int table)
{
	if (batch->table[table] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(batch->context);

		batch->table[table] = spindle_change_table_create(&batch->instance->domain->table[table]);
		MemoryContextSwitchTo(oldcontext);
	}
	return batch->table[table];
}

/* The program of a table, made on first use. */
static SpindleBatchTable *
program_of(SpindleChangeBatch *batch, int table)
{
	const SpindleChangeTable *t = spindle_change_batch_table(batch, table);
	MemoryContext oldcontext;
	SpindleBatchTable *program;

	if (batch->program[table])
		return batch->program[table];
	oldcontext = MemoryContextSwitchTo(batch->context);
	program = palloc0(sizeof(SpindleBatchTable));
	program->eval = spindle_eval_create_at(batch->instance, table, batch->profile, batch->context);
	program->alive_handle = spindle_eval_add_alive(program->eval);
	program->version_handle = batch->with_versions ? spindle_eval_add_version(program->eval) : -1;
	program->handle = palloc(sizeof(int) * Max(t->ncolumns, 1));
	for (int c = 0; c < t->ncolumns; c++)
		program->handle[c] = spindle_eval_add_column(program->eval, (int) (t->column[c] - t->table->column));
	batch->program[table] = program;
	MemoryContextSwitchTo(oldcontext);
	return program;
}

/* Does any column that is not hidden differ between two rows of a program? */
static bool
differs(const SpindleChangeTable *table, const SpindleBatchTable *program, int a, int b)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (spindle_vector_differs(spindle_eval_vector(program->eval, program->handle[c]), &table->column[c]->type, a, b))
			return true;
	return false;
}

/* Find out what happens at a moment whose rows were computed. */
static void
decide(SpindleChangeBatch *batch, SpindleBatchMoment *moment)
{
	const SpindleBatchTable *program = batch->program[moment->table];
	const int64 *alive = spindle_eval_vector(program->eval, program->alive_handle)->value;
	const int	i = moment->place;

	moment->op = 0;
	switch (moment->kind)
	{
		case SPINDLE_MOMENT_IS_THERE:
			moment->op = alive[i] ? 'r' : 0;
			break;
		case SPINDLE_MOMENT_FIRST_INSERT:
			moment->op = alive[i] ? 'c' : 0;
			break;
		case SPINDLE_MOMENT_CHANGE:
			if (alive[i] && !alive[i - 1])
				moment->op = 'c';
			else if (alive[i] && differs(batch->table[moment->table], program, i - 1, i))
				moment->op = 'u';
			break;
		case SPINDLE_MOMENT_END:
			moment->op = alive[i - 1] && !alive[i] ? 'd' : 0;
			break;
	}
	if (program->version_handle >= 0)
		moment->version = (int) spindle_eval_vector(program->eval, program->version_handle)->value[i];
}

/*
 * spindle_change_batch_run
 *		Find out what happens at each of the batch's moments: their ops and versions.
 */
void
spindle_change_batch_run(SpindleChangeBatch *batch)
{
	for (int m = 0; m < batch->n; m++)
		program_of(batch, batch->moment[m].table)->n = 0;
	for (int m = 0; m < batch->n; m++)
	{
		SpindleBatchMoment *moment = &batch->moment[m];
		SpindleBatchTable *program = batch->program[moment->table];

		if (moment->kind == SPINDLE_MOMENT_CHANGE || moment->kind == SPINDLE_MOMENT_END)
		{
			program->row[program->n] = moment->row;
			program->time[program->n++] = moment->time - 1;
		}
		moment->place = program->n;
		program->row[program->n] = moment->row;
		program->time[program->n++] = moment->time;
	}
	for (int m = 0; m < batch->n; m++)
	{
		SpindleBatchTable *program = batch->program[batch->moment[m].table];

		if (program->n > 0)
			spindle_eval_run_at(program->eval, program->row, program->time, program->n);
		program->n = 0;
	}
	for (int m = 0; m < batch->n; m++)
		decide(batch, &batch->moment[m]);
}

/*
 * spindle_change_batch_image
 *		The row before the i'th moment, or at it, as arrays of its columns that are not
 *		hidden.
 *
 * Values live until the next run.  There is none before a moment that is not asked
 * what was before.
 */
void
spindle_change_batch_image(SpindleChangeBatch *batch, int i, bool before, int64 *value, bool *is_null)
{
	const SpindleBatchMoment *moment = &batch->moment[i];
	const SpindleBatchTable *program = batch->program[moment->table];
	const int	k = moment->place - before;

	for (int c = 0; c < batch->table[moment->table]->ncolumns; c++)
	{
		const SpindleVector *vector = spindle_eval_vector(program->eval, program->handle[c]);

		value[c] = vector->value[k];
		is_null[c] = vector->is_null && vector->is_null[k];
	}
}

/*
 * spindle_image_keep
 *		Copy what values of an image are the addresses of, so that they outlive the
 *		batch.
 */
void
spindle_image_keep(const SpindleChangeTable *table, int64 *value, const bool *is_null, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleType *type = &table->column[c]->type;

		if (is_null[c])
			continue;
		if (type->kind == SPINDLE_UUID)
		{
			pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));

			memcpy(copy, (const void *) (intptr_t) value[c], sizeof(pg_uuid_t));
			value[c] = (int64) (intptr_t) copy;
		}
		else if (type->ops->is_text)
		{
			const SpindleText *text = (const SpindleText *) (intptr_t) value[c];
			SpindleText *copy;

			if (text->id >= 0)
				continue;		/* the domain's */
			copy = palloc0(sizeof(SpindleText));
			copy->data = pnstrdup(text->data, text->len);
			copy->len = text->len;
			copy->id = -1;
			value[c] = (int64) (intptr_t) copy;
		}
	}
	MemoryContextSwitchTo(oldcontext);
}
