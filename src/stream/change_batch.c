/*-------------------------------------------------------------------------
 *
 * change_batch.c
 *		What becomes of rows at the moments of a batch.
 *
 * The rows of changes that follow each other lie scattered over days of orders, and
 * a scattered row costs ten times as much as a neighbour.  So a batch has thousands
 * of moments, and the rows of each table are computed by rising number.
 *
 * Every table has one program for its rows at times (gen/version.c).  It computes a
 * row at the moment, and again a microsecond before; the second time only what can be
 * another thing then.  What it computes is copied, as the program has room for a
 * part of the batch only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "stream/change_batch.h"

/*
 * Moments of the first batch; the following ones have four times as many each, up to
 * a number that suffices for twenty neighbours or so in what is computed together of
 * a timeline.
 */
#define FIRST_MOMENTS	16
#define MAX_MOMENTS		16384
/* The same if changes are waited for: some tenths of a millisecond's work. */
#define MAX_MOMENTS_IN_TIME	256

/* Values that a batch has room for, and bytes of texts that it should not exceed. */
#define MAX_VALUES		(1024 * 1024)
#define MAX_KEPT		(4 * 1024 * 1024)

struct SpindleBatchTable
{
	SpindleEval *eval;
	int			ncolumns;		/* that are computed, */
	int		   *column;			/* their places among those that are not hidden, */
	int		   *handle;			/* and their vectors */
	int			alive_handle;
	int			version_handle; /* -1 if it is not asked for */

	/* changes per batch */
	int			n[2];			/* moments that are asked what was before, and
								 * others, */
	int			first[2];		/* from these places on */
};

/* A moment of a batch, by its row. */
typedef struct SpindleMomentPlace
{
	int64		row;
	int			moment;
} SpindleMomentPlace;

#define ST_SORT sort_places
#define ST_ELEMENT_TYPE SpindleMomentPlace
#define ST_COMPARE(a, b) ((a)->row != (b)->row ? ((a)->row < (b)->row ? -1 : 1) : (a)->moment - (b)->moment)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * spindle_change_batch_create
 *		A batch without moments, in context.
 *
 * profile is that of deletes, -1 for none.
 */
SpindleChangeBatch *
spindle_change_batch_create(SpindleInstance *instance, int profile, const SpindleChangeNeeds *needs,
							MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleChangeBatch *batch = palloc0(sizeof(SpindleChangeBatch));

	batch->instance = instance;
	batch->profile = profile;
	batch->with_versions = needs->versions;
	batch->with_images = needs->images;
	batch->context = context;
	batch->table = palloc0(sizeof(SpindleChangeTable *) * instance->domain->ntables);
	batch->program = palloc0(sizeof(SpindleBatchTable *) * instance->domain->ntables);
	batch->most = 1;
	for (int t = 0; t < instance->domain->ntables; t++)
		batch->most = Max(batch->most, instance->domain->table[t].ncolumns);
	batch->most = Min(needs->realtime ? MAX_MOMENTS_IN_TIME : MAX_MOMENTS, MAX_VALUES / 2 / batch->most);
	batch->kept = AllocSetContextCreate(context, "spindle changes of a batch", ALLOCSET_DEFAULT_SIZES);
	batch->values_capacity = 1;
	batch->value = palloc(sizeof(int64));
	batch->is_null = palloc(sizeof(bool));
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

/* Let the batch have so many moments. */
static void
set_size(SpindleChangeBatch *batch, int size)
{
	batch->size = size;
	if (batch->moment)
	{
		pfree(batch->moment);
		pfree(batch->place);
	}
	batch->moment = MemoryContextAlloc(batch->context, sizeof(SpindleBatchMoment) * size);
	batch->place = MemoryContextAlloc(batch->context, sizeof(SpindleMomentPlace) * size);
}

/*
 * spindle_change_batch_reset
 *		Begin with a small batch again.
 */
void
spindle_change_batch_reset(SpindleChangeBatch *batch)
{
	batch->n = 0;
	set_size(batch, FIRST_MOMENTS);
}

/*
 * spindle_change_batch_clear
 *		Have no moments, and room for more of them than before, if they did not turn
 *		out to need much memory.
 */
void
spindle_change_batch_clear(SpindleChangeBatch *batch)
{
	const int	n = batch->n;
	const Size	kept = MemoryContextMemAllocated(batch->kept, true);

	batch->n = 0;
	if (n > FIRST_MOMENTS && kept > MAX_KEPT)
		set_size(batch, Max(n / 2, FIRST_MOMENTS));
	else if (n == batch->size && n < batch->most && kept <= MAX_KEPT / 4)
		set_size(batch, Min(n * 4, batch->most));
	MemoryContextReset(batch->kept);
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
	program->column = palloc(sizeof(int) * Max(t->ncolumns, 1));
	program->handle = palloc(sizeof(int) * Max(t->ncolumns, 1));
	for (int c = 0, k = 0; c < t->ncolumns; c++)
	{
		const bool	has_versions = k < t->nversioned && t->versioned[k] == c;

		k += has_versions;
		if (!has_versions && !batch->with_images)
			continue;
		program->column[program->ncolumns] = c;
		program->handle[program->ncolumns++] =
			spindle_eval_add_column(program->eval, (int) (t->column[c] - t->table->column));
	}
	batch->program[table] = program;
	MemoryContextSwitchTo(oldcontext);
	return program;
}

/*
 * A value that outlives what computed it: itself, or the address of a copy in context
 * of what it is the address of.
 */
static int64
keep_value(const SpindleType *type, int64 value, MemoryContext context)
{
	if (type->kind == SPINDLE_UUID)
	{
		pg_uuid_t  *copy = MemoryContextAlloc(context, sizeof(pg_uuid_t));

		memcpy(copy, (const void *) (intptr_t) value, sizeof(pg_uuid_t));
		return (int64) (intptr_t) copy;
	}
	if (type->ops->is_text)
	{
		const SpindleText *text = (const SpindleText *) (intptr_t) value;
		SpindleText *copy;

		if (text->id >= 0)
			return value;		/* the domain's */
		copy = MemoryContextAlloc(context, sizeof(SpindleText) + text->len);
		*copy = (SpindleText) {.data = (char *) (copy + 1),.len = text->len,.id = -1};
		memcpy(copy + 1, text->data, text->len);
		return (int64) (intptr_t) copy;
	}
	return value;
}

/* Is there nothing to be kept but values of a type themselves? */
static inline bool
is_plain(const SpindleType *type)
{
	return type->kind != SPINDLE_UUID && !type->ops->is_text;
}

/*
 * spindle_image_keep
 *		Copy what values of an image are the addresses of, so that they outlive the
 *		batch.
 */
void
spindle_image_keep(const SpindleChangeTable *table, int64 *value, const bool *is_null, MemoryContext context)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (!is_null[c])
			value[c] = keep_value(&table->column[c]->type, value[c], context);
}

/*
 * Copy a column of n rows that were computed to its place in the batch; those before
 * the moments, or at them.
 */
static void
copy_column(SpindleChangeBatch *batch, const SpindleVector *vector, const SpindleMomentPlace *place, int n, int column,
			const SpindleType *type, bool before)
{
	const bool	plain = is_plain(type);

	for (int i = 0; i < n; i++)
	{
		const SpindleBatchMoment *moment = &batch->moment[place[i].moment];
		const int64 at = before ? moment->before : moment->after;

		batch->is_null[at + column] = vector->is_null && vector->is_null[i];
		if (plain)
			batch->value[at + column] = vector->value[i];
		else if (!batch->is_null[at + column])
			batch->value[at + column] = keep_value(type, vector->value[i], batch->kept);
	}
}

/* Copy the columns of n rows at their moments. */
static void
copy_after(SpindleChangeBatch *batch, SpindleBatchTable *program, const SpindleMomentPlace *place, int n)
{
	const SpindleChangeTable *table = batch->table[batch->moment[place->moment].table];
	const int64 *alive = spindle_eval_vector(program->eval, program->alive_handle)->value;

	for (int i = 0; i < n; i++)
		batch->moment[place[i].moment].is_alive = alive[i];
	if (program->version_handle >= 0)
		for (int i = 0; i < n; i++)
			batch->moment[place[i].moment].version =
				(int) spindle_eval_vector(program->eval, program->version_handle)->value[i];
	for (int k = 0; k < program->ncolumns; k++)
		copy_column(batch, spindle_eval_vector(program->eval, program->handle[k]), place, n, program->column[k],
					&table->column[program->column[k]]->type, false);
}

/* The same a microsecond before, where columns without versions are as they are behind it. */
static void
copy_before(SpindleChangeBatch *batch, SpindleBatchTable *program, const SpindleMomentPlace *place, int n)
{
	const SpindleChangeTable *table = batch->table[batch->moment[place->moment].table];
	const int64 *alive = spindle_eval_vector(program->eval, program->alive_handle)->value;

	for (int i = 0; i < n; i++)
	{
		SpindleBatchMoment *moment = &batch->moment[place[i].moment];

		moment->was_alive = alive[i];
		memcpy(batch->value + moment->before, batch->value + moment->after, sizeof(int64) * table->ncolumns);
		memcpy(batch->is_null + moment->before, batch->is_null + moment->after, table->ncolumns);
	}
	for (int k = 0, v = 0; v < table->nversioned; k++)
	{
		if (program->column[k] != table->versioned[v])
			continue;
		copy_column(batch, spindle_eval_vector(program->eval, program->handle[k]), place, n, program->column[k],
					&table->column[program->column[k]]->type, true);
		v++;
	}
}

/*
 * Compute the rows of up to SPINDLE_BATCH_ROWS moments of a table, of which all are
 * asked what was before, or none.
 */
static void
compute(SpindleChangeBatch *batch, SpindleBatchTable *program, const SpindleMomentPlace *place, int n)
{
	int64		row[SPINDLE_BATCH_ROWS];
	Timestamp	time[SPINDLE_BATCH_ROWS];

	for (int i = 0; i < n; i++)
	{
		row[i] = place[i].row;
		time[i] = batch->moment[place[i].moment].time;
	}
	spindle_eval_run_at(program->eval, row, time, n);
	copy_after(batch, program, place, n);
	if (batch->moment[place->moment].before < 0)
		return;
	for (int i = 0; i < n; i++)
		time[i]--;
	spindle_eval_run_again_at(program->eval, time, n);
	copy_before(batch, program, place, n);
}

/*
 * spindle_change_batch_image
 *		The row of a moment as it is then, or was a microsecond before; valid until the
 *		next run.
 *
 * There is none before a moment that is not asked what was.
 */
SpindleImage
spindle_change_batch_image(const SpindleChangeBatch *batch, const SpindleBatchMoment *moment, bool before)
{
	const int64 at = before ? moment->before : moment->after;

	return (SpindleImage) {batch->table[moment->table], moment->row, batch->value + at, batch->is_null + at};
}

/* Does any column differ between the two rows of a moment? */
static bool
differs(const SpindleChangeBatch *batch, const SpindleBatchMoment *moment)
{
	const SpindleChangeTable *table = batch->table[moment->table];
	const SpindleImage before = spindle_change_batch_image(batch, moment, true);
	const SpindleImage after = spindle_change_batch_image(batch, moment, false);

	for (int v = 0; v < table->nversioned; v++)
		if (spindle_image_differs(&before, &after, table->versioned[v]))
			return true;
	return false;
}

/* Find out what happens at a moment whose rows were computed. */
static char
decide(const SpindleChangeBatch *batch, const SpindleBatchMoment *moment)
{
	switch (moment->kind)
	{
		case SPINDLE_MOMENT_IS_THERE:
			return moment->is_alive ? 'r' : 0;
		case SPINDLE_MOMENT_FIRST_INSERT:
			return moment->is_alive ? 'c' : 0;
		case SPINDLE_MOMENT_CHANGE:
			if (moment->is_alive && !moment->was_alive)
				return 'c';
			return moment->is_alive && differs(batch, moment) ? 'u' : 0;
		case SPINDLE_MOMENT_END:
			return moment->was_alive && !moment->is_alive ? 'd' : 0;
	}
	return 0;
}

/* Is it asked what a row was before a moment? */
static inline bool
asks_before(const SpindleBatchMoment *moment)
{
	return moment->kind == SPINDLE_MOMENT_CHANGE || moment->kind == SPINDLE_MOMENT_END;
}

/* Give each moment room for the values of its rows. */
static void
reserve_values(SpindleChangeBatch *batch)
{
	int64		n = 0;

	for (int m = 0; m < batch->n; m++)
	{
		SpindleBatchMoment *moment = &batch->moment[m];
		const int	ncolumns = batch->table[moment->table]->ncolumns;

		moment->after = n;
		moment->before = -1;
		n += ncolumns;
		if (!asks_before(moment))
			continue;
		moment->before = n;
		n += ncolumns;
	}
	if (n <= batch->values_capacity)
		return;
	pfree(batch->value);
	pfree(batch->is_null);
	batch->values_capacity = n;
	batch->value = MemoryContextAllocHuge(batch->context, sizeof(int64) * n);
	batch->is_null = MemoryContextAllocHuge(batch->context, sizeof(bool) * n);
}

/* Give the moments of each table places together. */
static void
place_moments(SpindleChangeBatch *batch)
{
	const int	ntables = batch->instance->domain->ntables;
	int			first = 0;

	for (int m = 0; m < batch->n; m++)
		program_of(batch, batch->moment[m].table)->n[!asks_before(&batch->moment[m])]++;
	for (int t = 0; t < ntables; t++)
	{
		SpindleBatchTable *program = batch->program[t];

		for (int k = 0; program && k < 2; k++)
		{
			program->first[k] = first;
			first += program->n[k];
			program->n[k] = 0;
		}
	}
	for (int m = 0; m < batch->n; m++)
	{
		SpindleBatchTable *program = batch->program[batch->moment[m].table];
		const int	k = !asks_before(&batch->moment[m]);

		batch->place[program->first[k] + program->n[k]++] =
			(SpindleMomentPlace) {.row = batch->moment[m].row,.moment = m};
	}
}

/* Compute the rows of some moments of a table, by rising number. */
static void
compute_sorted(SpindleChangeBatch *batch, SpindleBatchTable *program, SpindleMomentPlace *place, int n)
{
	sort_places(place, n);
	for (int done = 0; done < n; done += SPINDLE_BATCH_ROWS)
		compute(batch, program, place + done, Min(SPINDLE_BATCH_ROWS, n - done));
}

/*
 * spindle_change_batch_run
 *		Find out what happens at each of the batch's moments: their ops and versions,
 *		and how the rows are then.
 */
void
spindle_change_batch_run(SpindleChangeBatch *batch)
{
	place_moments(batch);
	reserve_values(batch);
	for (int t = 0; t < batch->instance->domain->ntables; t++)
	{
		SpindleBatchTable *program = batch->program[t];

		for (int k = 0; program && k < 2; k++)
		{
			compute_sorted(batch, program, batch->place + program->first[k], program->n[k]);
			program->n[k] = 0;
		}
	}
	for (int m = 0; m < batch->n; m++)
		batch->moment[m].op = decide(batch, &batch->moment[m]);
}
