/*-------------------------------------------------------------------------
 *
 * fill_sample.c
 *		Some rows of each table, with all rows that they refer to.
 *
 * A few rows of each table would not do to try whether they can be inserted: the
 * rows that they refer to would be missing.  So these are added, and those that
 * they refer to in turn.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "gen/eval.h"
#include "seed/fill_schema.h"

/* Rows of all tables together, about; beyond, a smaller sample is taken. */
#define MAX_SAMPLE_ROWS	1000000

/* How to find the row that a row refers to. */
typedef struct Link
{
	int			parent;			/* target */
	const SpindleVector *vector;	/* its row numbers; or values of a key */
	bool		is_key;			/* which counts rows: start, start + step and so on */
	int64		start;
	int64		step;
	int			column;			/* or leads to its row, as this column of the
								 * parent; else -1 */
} Link;

/* The rows of a target that are in the sample. */
typedef struct Part
{
	int64		total;			/* rows that the table has */
	HTAB	   *known;			/* of row numbers */
	int64	   *row;			/* the same in the order in which they came */
	int64		n;
	int64		capacity;
	int64		done;			/* of these, rows whose own references are followed */
	SpindleEval *eval;
	int			nlinks;
	Link	   *link;
} Part;

/* Add a row to a part unless it is there. */
static void
add_row(Part *part, int64 row)
{
	bool		found;

	(void) hash_search(part->known, &row, HASH_ENTER, &found);
	if (found)
		return;
	if (part->n == part->capacity)
	{
		part->capacity *= 2;
		part->row = repalloc_huge(part->row, sizeof(int64) * part->capacity);
	}
	part->row[part->n++] = row;
}

/*
 * Does a column hold the key of a row that it refers to, by its own rule or as a
 * copy of one that does?
 */
static bool
is_referring(const SpindleDomain *domain, int table, int column)
{
	const SpindleColumn *c = &domain->table[table].column[column];

	while (c->target < 0 && c->rule->kind == SPINDLE_RULE_COPY)
		c = spindle_ref_column(domain, &c->rule->copy);
	return c->target >= 0;
}

/*
 * The path to a column that refers to the row of the parent whose column the given
 * one repeats; false if the definition does not say so.
 *
 * The column refers itself, with the key of the parent, or is copied from the row
 * that the last step of a path leads to; copies of copies have the steps of all.
 */
static bool
find_path(const SpindleDomain *domain, int table, int column, const SpindleTable *parent, int parent_column,
		  SpindleColumnRef *ref)
{
	const SpindleColumn *c = &domain->table[table].column[column];

	*ref = (SpindleColumnRef) {.table = table,.column = column};
	if (is_referring(domain, table, column) && spindle_column_target(domain, table, column) == parent->index &&
		parent->nkeys == 1 && spindle_table_single_key(parent) == parent_column)
		return true;
	while (c->rule->kind == SPINDLE_RULE_COPY)
	{
		const SpindleColumnRef *copy = &c->rule->copy;

		ref->step = ref->step ? repalloc(ref->step, sizeof(int) * (ref->nsteps + copy->nsteps + 1)) :
			palloc(sizeof(int) * (copy->nsteps + 1));
		memcpy(ref->step + ref->nsteps, copy->step, sizeof(int) * copy->nsteps);
		ref->nsteps += copy->nsteps;
		if (copy->table == parent->index && copy->column == parent_column && ref->nsteps > 0)
		{
			ref->column = ref->step[--ref->nsteps];
			for (int i = 0; i < ref->nsteps; i++)
				ref->table = spindle_column_target(domain, ref->table, ref->step[i]);
			return true;
		}
		c = spindle_ref_column(domain, copy);
	}
	return false;
}

/* Do values of a column of the parent, which others repeat, lead to one row each? */
static bool
leads_to_row(const SpindleDomain *domain, const SpindleColumn *column, const SpindleTable *parent, int parent_column)
{
	const SpindleColumn *p = &parent->column[parent_column];

	return column->type.kind == p->type.kind && p->rule->kind != SPINDLE_RULE_PARENT &&
		(p->type.kind == SPINDLE_INT || p->type.kind == SPINDLE_TEXT || p->type.kind == SPINDLE_UUID) &&
		spindle_column_has_rows_of_value(domain, parent->index, parent_column);
}

/* Find a way to follow a foreign key; false if there is none. */
static bool
add_link(const SpindleFillPlan *plan, Part *part, int table, const SpindleFillReference *reference)
{
	const SpindleDomain *domain = plan->options->instance->domain;
	const SpindleTable *parent = &domain->table[plan->target[reference->parent].table];
	Link	   *link = &part->link[part->nlinks];

	for (int i = 0; i < reference->key->ncolumns; i++)
	{
		const int	c = reference->column[i];
		const int	p = reference->parent_column[i];
		SpindleColumnRef ref;

		if (c < 0 || p < 0)
			continue;
		*link = (Link) {.parent = reference->parent,.column = -1};
		if (find_path(domain, table, c, parent, p, &ref))
			link->vector = spindle_eval_vector(part->eval, spindle_eval_add_rows(part->eval, &ref));
		else if (parent->column[p].rule->kind == SPINDLE_RULE_SEQUENCE && parent->column[p].rule->sequence.step > 0 &&
				 domain->table[table].column[c].type.ops->is_integer)
		{
			link->vector = spindle_eval_vector(part->eval, spindle_eval_add_column(part->eval, c));
			link->is_key = true;
			link->start = parent->column[p].rule->sequence.start;
			link->step = parent->column[p].rule->sequence.step;
		}
		else if (leads_to_row(domain, &domain->table[table].column[c], parent, p))
		{
			link->vector = spindle_eval_vector(part->eval, spindle_eval_add_column(part->eval, c));
			link->column = p;
		}
		else
			continue;
		part->nlinks++;
		return true;
	}
	return false;
}

/* Prepare a part that has the first rows of its table. */
static void
begin_part(const SpindleFillPlan *plan, int t, Part *part, int64 max_rows)
{
	SpindleInstance *instance = plan->options->instance;
	const SpindleFillTarget *target = &plan->target[t];
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(int64),.hcxt = CurrentMemoryContext};
	ListCell   *lc;

	part->total = instance->nrows[target->table];
	part->known = hash_create("spindle sample", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	part->capacity = 1024;
	part->row = palloc(sizeof(int64) * part->capacity);
	part->link = palloc(sizeof(Link) * Max(list_length(target->references), 1));
	part->eval = spindle_eval_create(instance, target->table, CurrentMemoryContext);
	foreach(lc, target->references)
	{
		SpindleFillReference *reference = lfirst(lc);

		if (reference->parent >= 0)
			reference->is_traced = add_link(plan, part, target->table, reference);
	}
	for (int64 row = 0; row < Min(max_rows, part->total); row++)
		add_row(part, row);
}

/* The row that a value of a link's vector refers to, -1 if there is none. */
static int64
row_of_link(const SpindleFillPlan *plan, const Link *link, int64 value)
{
	int64		row = value;
	int64		end;

	if (link->is_key)
	{
		if (value < link->start || ((uint64) value - (uint64) link->start) % (uint64) link->step != 0)
			return -1;
		row = (int64) (((uint64) value - (uint64) link->start) / (uint64) link->step);
	}
	else if (link->column >= 0 &&
			 !spindle_instance_rows_of_value(plan->options->instance, plan->target[link->parent].table, link->column,
											 value, &row, &end))
		return -1;
	return row;
}

/* Follow the references of the next rows of a part; false if there are none. */
static bool
follow_rows(const SpindleFillPlan *plan, Part *parts, Part *part)
{
	int			n = (int) Min(SPINDLE_BATCH_ROWS, part->n - part->done);

	if (n == 0)
		return false;
	CHECK_FOR_INTERRUPTS();
	if (part->nlinks > 0)
		spindle_eval_run(part->eval, part->row + part->done, n);
	part->done += n;
	for (int k = 0; k < part->nlinks; k++)
	{
		const Link *link = &part->link[k];
		Part	   *parent = &parts[link->parent];

		for (int i = 0; i < n; i++)
		{
			bool		is_null = link->vector->is_null && link->vector->is_null[i];
			int64		row = is_null ? -1 : row_of_link(plan, link, link->vector->value[i]);

			if (row >= 0 && row < parent->total)
				add_row(parent, row);
		}
	}
	return true;
}

/* For qsort */
static int
compare_rows(const void *a, const void *b)
{
	const int64 x = *(const int64 *) a;
	const int64 y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Take a sample with the first max_rows rows of each table; false if it becomes too
 * large.  rows and nrows get the rows of each target, allocated in result.
 */
static bool
take_sample(const SpindleFillPlan *plan, int64 max_rows, int64 **rows, int64 *nrows, MemoryContext result)
{
	const int	n = plan->ntargets;
	Part	   *parts = palloc0(sizeof(Part) * Max(n, 1));
	int64		total = 0;

	for (int t = 0; t < n; t++)
		begin_part(plan, t, &parts[t], max_rows);
	for (bool is_done = false; !is_done;)
	{
		is_done = true;
		total = 0;
		for (int t = 0; t < n; t++)
		{
			while (follow_rows(plan, parts, &parts[t]))
				is_done = false;
			total += parts[t].n;
		}
		if (total > MAX_SAMPLE_ROWS && max_rows > 1)
			return false;
	}
	for (int t = 0; t < n; t++)
	{
		qsort(parts[t].row, parts[t].n, sizeof(int64), compare_rows);
		rows[t] = MemoryContextAllocHuge(result, sizeof(int64) * Max(parts[t].n, 1));
		memcpy(rows[t], parts[t].row, sizeof(int64) * parts[t].n);
		nrows[t] = parts[t].n;
	}
	return true;
}

/*
 * spindle_fill_sample
 *		The first max_rows rows of each target, at least 1, and all rows of other
 *		targets that they refer to: for each target, rising row numbers, and in nrows
 *		how many.
 *
 * Fewer of the first rows are taken if the sample would be larger than a million rows.
 * References that cannot be followed are marked as not traced.  Raises what the
 * computation of rows does.
 */
int64 **
spindle_fill_sample(const SpindleFillPlan *plan, int64 max_rows, int64 *nrows)
{
	MemoryContext result = CurrentMemoryContext;
	int64	  **rows = palloc0(sizeof(int64 *) * Max(plan->ntargets, 1));
	bool		is_done = false;

	while (!is_done)
	{
		MemoryContext context = AllocSetContextCreate(result, "spindle sample", ALLOCSET_DEFAULT_SIZES);

		MemoryContextSwitchTo(context);
		is_done = take_sample(plan, max_rows, rows, nrows, result);
		MemoryContextSwitchTo(result);
		MemoryContextDelete(context);
		max_rows = Max(max_rows / 2, 1);
	}
	return rows;
}
