/*-------------------------------------------------------------------------
 *
 * origin.c
 *		Where the value of a column comes from.
 *
 * A copy has the value of what it copies, a reference the value of a key, and a
 * row that was chosen among the descendants of another one leads back to it.  By
 * these three the path to a column is made as long as it goes, so that equal
 * values have equal paths: the tenant of a task's project and the tenant of its
 * assignee, who was chosen among the users of that tenant, are one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/origin.h"
#include "define/rule_reader.h"

/* A path that is worked off: what is still to be looked at, the next one last. */
typedef struct Rest
{
	int			n;
	int			column[MAX_ORIGIN];
} Rest;

/*
 * Put the columns of a path in front of what is to be looked at; false if there
 * is no room.
 */
static bool
push_path(Rest *rest, const SpindleColumnRef *ref)
{
	if (rest->n + ref->nsteps + 1 > MAX_ORIGIN)
		return false;
	rest->column[rest->n++] = ref->column;
	for (int i = ref->nsteps - 1; i >= 0; i--)
		rest->column[rest->n++] = ref->step[i];
	return true;
}

/*
 * Does an origin end in steps to parents that lead from a row chosen among the
 * descendants of another one back to that?  Then they and the choice can be left
 * out, and the result is the path to the other row, from where the choice was
 * made; *left gets the columns before it.  Else the result is NULL.  tables has
 * the table of each column of the origin.
 */
static const SpindleColumnRef *
way_back(const SpindleDomain *domain, const Origin *origin, const int *tables, int *left)
{
	int			steps = 0;
	const SpindleRule *rule;

	while (steps < origin->n && domain->table[tables[origin->n - 1 - steps]].parent_column ==
		   origin->column[origin->n - 1 - steps])
		steps++;

	*left = origin->n - 1 - steps;
	if (*left < 0 || steps == 0)
		return NULL;
	rule = domain->table[tables[*left]].column[origin->column[*left]].rule;
	if (rule->kind != SPINDLE_RULE_REFERENCE || !rule->reference.has_among || rule->reference.among_depth != steps)
		return NULL;
	return &rule->reference.among;
}

/*
 * spindle_origin_of
 *		The origin of the value at the end of a path, n columns that begin in a
 *		row of a table.
 *
 * All rules are read, and no column depends on itself.
 */
void
spindle_origin_of(const SpindleDomain *domain, int table, const int *path, int n, Origin *origin)
{
	int			tables[MAX_ORIGIN + 1] = {table};
	Rest		rest = {0};

	origin->n = 0;
	for (int i = n - 1; i >= 0; i--)
		rest.column[rest.n++] = path[i];
	while (rest.n > 0)
	{
		int			c = rest.column[--rest.n];
		const SpindleColumn *column = &domain->table[tables[origin->n]].column[c];
		const SpindleColumnRef *further = column->rule->kind == SPINDLE_RULE_COPY ? &column->rule->copy : NULL;
		int			left = origin->n;

		if (further == NULL)
		{
			if (origin->n == MAX_ORIGIN)
			{
				origin->n = 0;
				return;
			}
			origin->column[origin->n++] = c;
			if (column->target < 0)
			{
				/* a path goes on by its value only */
				tables[origin->n] = column->references;
				continue;
			}
			tables[origin->n] = column->target;
			further = way_back(domain, origin, tables, &left);
		}
		if (further)
		{
			origin->n = push_path(&rest, further) ? left : 0;
			if (origin->n != left)
				return;
		}

		/* the value of a reference is that of a key */
		else if (rest.n == 0 && column->type.kind != SPINDLE_ROW && domain->table[column->target].nkeys == 1)
			rest.column[rest.n++] = spindle_table_single_key(&domain->table[column->target]);
	}
}

/* Are two origins, of columns of one table, the same? */
bool
spindle_origin_equal(const Origin *a, const Origin *b)
{
	return a->n > 0 && a->n == b->n && memcmp(a->column, b->column, sizeof(int) * a->n) == 0;
}
