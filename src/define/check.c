/*-------------------------------------------------------------------------
 *
 * check.c
 *		What can be said about a definition only when all of it is read.
 *
 * The order of the checks matters: row counts that form no circle, columns
 * that do not depend on themselves, when rows are inserted, then what the kinds of
 * rule have to say, keys, NULLs, which columns never fall, and last lifecycles.
 * Each relies on those before it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "define/lifecycle.h"
#include "define/rule_reader.h"

/* A walk along the dependencies of columns. */
typedef struct Walk
{
	SpindleDomain *domain;
	const int  *base;			/* first entry of each table in state */
	char	   *state;			/* per column: 0 not yet visited, 1 on the path
								 * to the present one, 2 done */
	int			table;			/* of the rule that is visited */
} Walk;

static void walk_column(Walk *walk, int table, int column);

/*
 * spindle_model_error
 *		Report what is wrong at a place of a definition; hint may be NULL.
 *
 * path is the place, detail and hint are whole sentences.  Does not return:
 * raises invalid_parameter_value.
 */
void
spindle_model_error(const SpindleDomain *domain, const char *path, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid definition of %s", domain->subject),
			 errdetail("%s: %s", path, detail),
			 hint ? errhint("%s", hint) : 0));
}

/* All columns that a path passes are needed, and the one at its end. */
static void
walk_path(void *context, int table, const SpindleColumnRef *ref)
{
	Walk	   *walk = context;

	for (int i = 0; i < ref->nsteps; i++)
	{
		walk_column(walk, table, ref->step[i]);
		table = spindle_column_target(walk->domain, table, ref->step[i]);
	}
	walk_column(walk, table, ref->column);
}

/* Walk the parts of a rule of a column of walk->table. */
static void
walk_rule(void *context, const SpindleRule *rule)
{
	Walk	   *walk = context;
	SpindleRuleVisitor visitor = {.path = walk_path,.rule = walk_rule,.context = walk};

	spindle_rule_visit(walk->domain, walk->table, rule, &visitor);
}

/*
 * The dependencies of columns must not form a circle, neither today nor in another
 * version.
 *
 * A search in depth; a column is looked at once, so the time is that of all
 * paths together.  Raises an error at the rule that closes a circle, and
 * statement_too_complex if a chain is too long for the stack.
 */
static void
walk_column(Walk *walk, int table, int column)
{
	SpindleColumn *c = &walk->domain->table[table].column[column];
	char	   *s = &walk->state[walk->base[table] + column];
	const SpindleLifecycle *lifecycle = walk->domain->table[table].lifecycle;
	const int	set = lifecycle->set_of_column[column];
	Walk		deeper = *walk;

	check_stack_depth();
	if (*s == 2)
		return;
	if (*s == 1)
		spindle_model_error(walk->domain, c->rule->path, "the value depends on itself.", NULL);
	*s = 1;
	deeper.table = table;
	walk_rule(&deeper, c->rule);
	if (set >= 0 && lifecycle->set[set].rule)
		walk_rule(&deeper, lifecycle->set[set].rule);
	*s = 2;
}

/*
 * Row counts must not depend on each other in a circle: a chain that is longer
 * than there are tables is one.
 */
static void
check_row_counts(SpindleDomain *domain)
{
	for (int t = 0; t < domain->ntables; t++)
	{
		int			at = t;

		for (int steps = 0;
			 domain->table[at].rows_kind == SPINDLE_ROWS_RATIO ||
			 domain->table[at].rows_kind == SPINDLE_ROWS_CHILDREN;
			 at = domain->table[at].rows_parent)
		{
			if (steps++ > domain->ntables)
				spindle_model_error(domain, psprintf("tables.%s.rows", domain->table[t].name),
							"the number of rows depends on itself.", NULL);
		}
	}
}

/*
 * spindle_table_max_rows
 *		The largest number of rows that a preset gives a table; PG_INT64_MAX if
 *		more than 10^15.
 *
 * The row counts must not form a circle.  With ratios, each step of a chain
 * takes its largest number, which one preset has for all of them.
 */
int64
spindle_table_max_rows(const SpindleDomain *domain, const SpindleTable *table)
{
	int64		parent;
	int64		result = 0;

	switch (table->rows_kind)
	{
		case SPINDLE_ROWS_PRESET:
			for (int p = 0; p < domain->npresets; p++)
				result = Max(result, domain->preset[p].rows[table->index]);
			return result;
		case SPINDLE_ROWS_FIXED:
			return table->rows_count;
		case SPINDLE_ROWS_PER_YEAR:
			return table->rows_count * spindle_domain_years(domain);
		default:
			parent = spindle_table_max_rows(domain, &domain->table[table->rows_parent]);
			if ((double) parent * table->rows_numerator / table->rows_denominator > SPINDLE_MAX_ROWS)
				return PG_INT64_MAX;
			return (int64) ((__int128) parent * table->rows_numerator / table->rows_denominator);
	}
}

/*
 * A rule and those inside it, which fill the same column and so have the same
 * limits.
 */
static void
check_rule(void *context, const SpindleRule *rule)
{
	RuleCheck  *check = context;
	SpindleRuleVisitor visitor = {.rule = check_rule,.context = check};

	CHECK_FOR_INTERRUPTS();
	spindle_rule_def(rule)->check(check, rule);
	spindle_rule_visit(check->domain, check->table->index, rule, &visitor);
}

/*
 * Mark the columns that never fall from one row to the next and are never
 * NULL. None depends on itself, so there is an end.
 */
static void
mark_monotone(SpindleDomain *domain)
{
	bool		changed = true;

	/* some columns rise with others, so until there is no change */
	while (changed)
	{
		changed = false;
		for (int t = 0; t < domain->ntables; t++)
			for (int c = 0; c < domain->table[t].ncolumns; c++)
			{
				SpindleColumn *column = &domain->table[t].column[c];

				if (!column->monotone && column->null_fraction == 0 &&
					column->rule->ops->never_falls(domain, t, column->rule))
					column->monotone = changed = true;
			}
	}
}

/*
 * What a column is said to refer to must be keys of a type like its own, one of the
 * two holding the other, as a foreign key compares them.  Rules that refer have seen
 * to that.
 */
static void
check_references(const SpindleDomain *domain, const SpindleTable *table)
{
	for (int c = 0; c < table->ncolumns; c++)
	{
		const SpindleColumn *column = &table->column[c];
		const SpindleTable *target;
		const SpindleType *key;

		if (column->references < 0 || column->references == column->target)
			continue;
		target = &domain->table[column->references];
		key = &target->column[spindle_table_single_key(target)].type;
		if (!spindle_type_holds(&column->type, key) && !spindle_type_holds(key, &column->type))
			spindle_model_error(domain, psprintf("tables.%s.columns.%s.references", table->name, column->name),
								psprintf("the key of table \"%s\" has type %s, and the column %s.", target->name,
										 key->name, column->type.name),
								"Take a type of the same kind.");
	}
}

/*
 * spindle_domain_check
 *		Complete a model, or report what is wrong with it as a whole.
 *
 * All rules and presets have been read.  What is computed on the way is freed,
 * or goes with the current memory context after an error.
 */
void
spindle_domain_check(SpindleDomain *domain)
{
	int		   *base = palloc(sizeof(int) * domain->ntables);
	int			n = 0;
	Walk		walk = {.domain = domain,.base = base};

	check_row_counts(domain);
	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];

		base[t] = n;
		n += table->ncolumns;
		if (spindle_table_max_rows(domain, table) > SPINDLE_MAX_ROWS)
			spindle_model_error(domain, psprintf("tables.%s.rows", table->name),
						"a preset gives more than 10^15 rows.", NULL);
		if (table->parent_column >= 0 && table->column[table->parent_column].null_fraction > 0)
			spindle_model_error(domain, table->column[table->parent_column].rule->path,
						"children without a parent are not possible; \"null\" must be absent.", NULL);
	}

	walk.state = palloc0(n);
	for (int t = 0; t < domain->ntables; t++)
		for (int c = 0; c < domain->table[t].ncolumns; c++)
			walk_column(&walk, t, c);
	spindle_lifecycle_settle(domain);

	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];
		RuleCheck	check = {.domain = domain,.table = table,.max_rows = spindle_table_max_rows(domain, table)};

		for (int c = 0; c < table->ncolumns; c++)
			check_rule(&check, table->column[c].rule);
		for (int i = 0; i < table->lifecycle->nsets; i++)
			if (table->lifecycle->set[i].rule)
				check_rule(&check, table->lifecycle->set[i].rule);
		check_references(domain, table);
	}
	spindle_check_keys(domain, base, n);
	spindle_find_foreign_keys(domain);
	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];

		for (int c = 0; c < table->ncolumns; c++)
		{
			const SpindleRule *rule = table->column[c].rule;

			if (!table->column[c].nullable && rule->ops->may_be_null(domain, t, rule, NULL))
				spindle_model_error(domain, rule->path,
									"the rule can give NULL, but the column is not \"nullable\".", NULL);
		}
	}
	mark_monotone(domain);
	spindle_lifecycle_check(domain);
	pfree(walk.state);
	pfree(base);
}
