/*-------------------------------------------------------------------------
 *
 * check.c
 *		What can be said about a definition only when all of it is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/datetime.h"

#include "define/parse.h"

/* Tables that are looked through when a plan is made stay small. */
#define MAX_SMALL_TABLE		65536

static void visit_column(SpindleDomain *domain, char *state, const int *base, int table, int column);
static void visit_rule(SpindleDomain *domain, char *state, const int *base, int table,
					   const SpindleRule *rule);

/*
 * spindle_model_error
 *		Report what is wrong at a place of a definition; hint may be NULL.
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

/* Does a parent's ordered time really rise with the row number? */
static bool
is_ordered_time(const SpindleColumn *column)
{
	return column->rule->kind == SPINDLE_RULE_TIME && column->rule->time.ordered &&
		column->null_fraction == 0;
}

/*
 * The dependencies of columns must not form a circle: state is 0 for columns
 * not yet visited, 1 for those on the path to the present one, 2 for done.
 */
static void
visit_ref(SpindleDomain *domain, char *state, const int *base, int table,
		  const SpindleColumnRef *ref)
{
	for (int i = 0; i < ref->nsteps; i++)
	{
		const SpindleColumn *step = &domain->table[table].column[ref->step[i]];
		const SpindleColumn *end = step;

		visit_column(domain, state, base, table, ref->step[i]);

		/* a copied reference leads where the copied column leads */
		while (end->target < 0)
			end = spindle_ref_column(domain, &end->rule->copy);
		table = end->target;
	}
	visit_column(domain, state, base, table, ref->column);
}

static void
visit_test(SpindleDomain *domain, char *state, const int *base, int table, const SpindleTest *test)
{
	if (test->kind != SPINDLE_TEST_HAS_CHILD)
		visit_ref(domain, state, base, table, &test->ref);
}

static void
visit_rule(SpindleDomain *domain, char *state, const int *base, int table, const SpindleRule *rule)
{
	switch (rule->kind)
	{
		case SPINDLE_RULE_REFERENCE:
			{
				const SpindleTable *parent = &domain->table[rule->reference.table];

				visit_column(domain, state, base, parent->index, parent->key);
				if (rule->reference.has_after)
				{
					visit_ref(domain, state, base, table, &rule->reference.after_time);
					visit_column(domain, state, base, parent->index, rule->reference.after_parent);
				}
				if (rule->reference.has_among)
					visit_ref(domain, state, base, table, &rule->reference.among);
				if (rule->reference.has_containing)
				{
					visit_ref(domain, state, base, table, &rule->reference.containing);
					visit_column(domain, state, base, parent->index, rule->reference.period_start);
					visit_column(domain, state, base, parent->index, rule->reference.period_end);
				}
				if (rule->reference.has_where)
					visit_test(domain, state, base, parent->index, &rule->reference.where);
				break;
			}
		case SPINDLE_RULE_PARENT:
			{
				const SpindleTable *parent = &domain->table[domain->table[table].rows_parent];

				if (parent->key < 0)
					spindle_model_error(domain, rule->path,
								psprintf("parent table \"%s\" has no key.", parent->name), NULL);
				visit_column(domain, state, base, parent->index, parent->key);
				break;
			}
		case SPINDLE_RULE_HIERARCHY:
			visit_column(domain, state, base, table, domain->table[table].key);
			break;
		case SPINDLE_RULE_COPY:
			visit_ref(domain, state, base, table, &rule->copy);
			break;
		case SPINDLE_RULE_OFFSET:
			visit_ref(domain, state, base, table, &rule->offset.source);
			break;
		case SPINDLE_RULE_CORRELATED:
			visit_ref(domain, state, base, table, &rule->correlated.source);
			break;
		case SPINDLE_RULE_FORMULA:
			for (int i = 0; i < rule->formula.nops; i++)
				if (rule->formula.op[i].kind == SPINDLE_OP_COLUMN)
					visit_ref(domain, state, base, table, &rule->formula.op[i].ref);
			break;
		case SPINDLE_RULE_CASE:
			for (int i = 0; i <= rule->cases.nbranches; i++)
			{
				if (i < rule->cases.nbranches)
					visit_test(domain, state, base, table, &rule->cases.test[i]);
				visit_rule(domain, state, base, table, rule->cases.then[i]);
			}
			break;
		case SPINDLE_RULE_TOTAL:
		case SPINDLE_RULE_CHILD:
			if (rule->child.has_of)
				visit_ref(domain, state, base, table, &rule->child.of);
			if (rule->kind == SPINDLE_RULE_CHILD || rule->child.function != SPINDLE_TOTAL_COUNT)
				visit_column(domain, state, base, rule->child.child, rule->child.column);
			break;
		case SPINDLE_RULE_DATA:
			if (rule->data.has_match)
				visit_ref(domain, state, base, table, &rule->data.match);
			break;
		case SPINDLE_RULE_PATTERN:
			for (int i = 0; i < rule->pattern.npieces; i++)
				if (rule->pattern.piece[i].kind == SPINDLE_PIECE_COLUMN)
					visit_ref(domain, state, base, table, &rule->pattern.piece[i].ref);
			break;
		default:
			break;
	}
}

static void
visit_column(SpindleDomain *domain, char *state, const int *base, int table, int column)
{
	SpindleColumn *c = &domain->table[table].column[column];
	char	   *s = &state[base[table] + column];

	check_stack_depth();
	if (*s == 2)
		return;
	if (*s == 1)
		spindle_model_error(domain, c->rule->path, "the value depends on itself.", NULL);
	*s = 1;
	visit_rule(domain, state, base, table, c->rule);
	*s = 2;
}

/* Row counts must not depend on each other in a circle. */
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
 * spindle_domain_years
 *		The number of calendar years that a domain's range touches.
 */
int
spindle_domain_years(const SpindleDomain *domain)
{
	int			y1,
				y2,
				m,
				d;

	j2date(domain->first_day + POSTGRES_EPOCH_JDATE, &y1, &m, &d);
	j2date(domain->first_day + domain->ndays - 1 + POSTGRES_EPOCH_JDATE, &y2, &m, &d);
	return y2 - y1 + 1;
}

/*
 * spindle_table_max_rows
 *		The largest number of rows that a preset gives a table; PG_INT64_MAX
 *		if more than 10^15.  The row counts must not form a circle.
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

/* All numbers of a sequence must fit its column. */
static void
check_sequence(const SpindleDomain *domain, const SpindleTable *table, const SpindleRule *rule)
{
	int64		last;

	if (pg_mul_s64_overflow(Max(spindle_table_max_rows(domain, table) - 1, 0), rule->sequence.step, &last) ||
		pg_add_s64_overflow(last, rule->sequence.start, &last) || last > rule->type->max ||
		rule->sequence.start < rule->type->min)
		spindle_model_error(domain, rule->path,
					psprintf("a preset gives more rows than type %s has values from " INT64_FORMAT " on.",
							 rule->type->name, rule->sequence.start), NULL);
}

/* The levels of a table are those of its hierarchy: all agree with *first. */
static void
check_levels(const SpindleDomain *domain, const SpindleRule *rule, const SpindleRule **first)
{
	if (*first && (rule->hierarchy.levels != (*first)->hierarchy.levels ||
				   rule->hierarchy.roots != (*first)->hierarchy.roots))
		spindle_model_error(domain, rule->path, psprintf("levels and roots differ from those of %s.", (*first)->path), NULL);
	*first = rule;
}

static void
check_reference(SpindleDomain *domain, const SpindleRule *rule)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];

	if (rule->reference.has_after &&
		!is_ordered_time(&parent->column[rule->reference.after_parent]))
		spindle_model_error(domain, psprintf("%s.after.parent", rule->path),
					psprintf("column \"%s\" of table \"%s\" is not an ordered time.",
							 parent->column[rule->reference.after_parent].name, parent->name),
					"Only a rule of kind \"time\" with \"ordered\" tells which rows came before.");
	if ((rule->reference.has_containing || rule->reference.has_where) &&
		spindle_table_max_rows(domain, parent) > MAX_SMALL_TABLE)
		spindle_model_error(domain, rule->path,
					psprintf("table \"%s\" can have more than %d rows.", parent->name, MAX_SMALL_TABLE),
					"\"containing\" and \"where\" choose from small tables only.");
}

/*
 * A rule and those inside its branches, which fill the same column and so have
 * the same limits.  levels is the table's rule of levels met last, or NULL.
 */
static void
check_rule(SpindleDomain *domain, const SpindleTable *table, const SpindleRule *rule,
		   const SpindleRule **levels)
{
	CHECK_FOR_INTERRUPTS();
	switch (rule->kind)
	{
		case SPINDLE_RULE_SEQUENCE:
			check_sequence(domain, table, rule);
			break;
		case SPINDLE_RULE_HIERARCHY:
		case SPINDLE_RULE_LEVEL:
			check_levels(domain, rule, levels);
			break;
		case SPINDLE_RULE_REFERENCE:
			check_reference(domain, rule);
			break;
		case SPINDLE_RULE_CASE:
			for (int i = 0; i <= rule->cases.nbranches; i++)
				check_rule(domain, table, rule->cases.then[i], levels);
			break;
		case SPINDLE_RULE_DATA:
			if (rule->data.by_row && spindle_table_max_rows(domain, table) > rule->data.set->nrows)
				spindle_model_error(domain, rule->path,
							psprintf("the table can have more rows than the %d of data set \"%s\".",
									 rule->data.set->nrows, rule->data.set->name), NULL);
			break;
		default:
			break;
	}
}

/*
 * Can the value at the end of a path be NULL, or the path end early?
 *
 * known, if not NULL, is a path that is known not to be NULL.
 */
static bool
ref_may_be_null(const SpindleDomain *domain, int table, const SpindleColumnRef *ref,
				const SpindleColumnRef *known)
{
	bool		on_known = known != NULL;

	for (int i = 0; i < ref->nsteps; i++)
	{
		const SpindleColumn *step = &domain->table[table].column[ref->step[i]];
		bool		is_known = on_known && i <= known->nsteps &&
		ref->step[i] == (i < known->nsteps ? known->step[i] : known->column);

		if (step->nullable && !is_known)
			return true;
		on_known = is_known && i < known->nsteps;
		while (step->target < 0)
			step = spindle_ref_column(domain, &step->rule->copy);
		table = step->target;
	}
	if (on_known && ref->nsteps == known->nsteps && ref->column == known->column)
		return false;
	return spindle_ref_column(domain, ref)->nullable;
}

/* Is a column's time surely never before a day? */
static bool
never_before(const SpindleDomain *domain, const SpindleColumnRef *ref, int day)
{
	const SpindleRule *rule = spindle_ref_column(domain, ref)->rule;

	switch (rule->kind)
	{
		case SPINDLE_RULE_TIME:
			return rule->time.spec.first_day >= day;
		case SPINDLE_RULE_COPY:
			return never_before(domain, &rule->copy, day);
		case SPINDLE_RULE_OFFSET:
			return never_before(domain, &rule->offset.source, day) &&
				(rule->offset.by.kind == SPINDLE_DIST_DISCRETE ? rule->offset.by.first >= 0 :
				 rule->offset.by.min >= 0);
		default:
			return false;
	}
}

/*
 * "after" finds a parent for every row only if there is one at the start of
 * the parents' calendar, and no row has an earlier time.
 */
static bool
after_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
				  const SpindleColumnRef *known)
{
	const SpindleTable *parent = &domain->table[rule->reference.table];
	const SpindleRule *parent_time = parent->column[rule->reference.after_parent].rule;

	return !parent_time->time.first_at_start ||
		!never_before(domain, &rule->reference.after_time, parent_time->time.spec.first_day) ||
		ref_may_be_null(domain, table, &rule->reference.after_time, known);
}

/*
 * Can a rule give NULL where the column has no "null" of its own?  known is as
 * above.
 */
static bool
may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
			const SpindleColumnRef *known)
{
	const SpindleTable *other;
	bool		result = false;

	switch (rule->kind)
	{
		case SPINDLE_RULE_CONSTANT:
			return rule->constant.is_null;
		case SPINDLE_RULE_REFERENCE:
			other = &domain->table[rule->reference.table];
			return rule->reference.has_containing ||
				(rule->reference.has_after && after_may_be_null(domain, table, rule, known)) ||
				(rule->reference.has_among &&
				 (other->layout_min < 1 || ref_may_be_null(domain, table, &rule->reference.among, known)));
		case SPINDLE_RULE_COPY:
			return ref_may_be_null(domain, table, &rule->copy, known);
		case SPINDLE_RULE_OFFSET:
			return ref_may_be_null(domain, table, &rule->offset.source, known);
		case SPINDLE_RULE_CORRELATED:
			return ref_may_be_null(domain, table, &rule->correlated.source, known);
		case SPINDLE_RULE_FORMULA:
			for (int i = 0; i < rule->formula.nops; i++)
				result |= (rule->formula.op[i].kind == SPINDLE_OP_COLUMN &&
						   ref_may_be_null(domain, table, &rule->formula.op[i].ref, known)) ||
					(rule->formula.op[i].kind == SPINDLE_OP_DIVIDE &&
					 rule->formula.op[i - 1].kind != SPINDLE_OP_NUMBER);
			return result;
		case SPINDLE_RULE_CASE:
			for (int i = 0; i <= rule->cases.nbranches; i++)
			{
				const SpindleTest *test = i < rule->cases.nbranches ? &rule->cases.test[i] :
				&rule->cases.test[i - 1];

				/* where a path was tested, it is not NULL in the branch */
				result |= may_be_null(domain, table, rule->cases.then[i],
									  test->kind == (i < rule->cases.nbranches ? SPINDLE_TEST_NOT_NULL :
													 SPINDLE_TEST_NULL) ? &test->ref : NULL);
			}
			return result;
		case SPINDLE_RULE_TOTAL:
			return (rule->child.function >= SPINDLE_TOTAL_MIN &&
					(domain->table[rule->child.child].layout_min < 1 ||
					 domain->table[rule->child.child].column[rule->child.column].nullable)) ||
				(rule->child.has_of && ref_may_be_null(domain, table, &rule->child.of, known));
		case SPINDLE_RULE_CHILD:
			return domain->table[rule->child.child].layout_min < 1 ||
				domain->table[rule->child.child].column[rule->child.column].nullable ||
				(rule->child.has_of && ref_may_be_null(domain, table, &rule->child.of, known));
		case SPINDLE_RULE_DATA:
			for (int i = 0; i < rule->data.set->nrows; i++)
				result |= rule->data.is_null[i];
			return result || (rule->data.has_match &&
							  (rule->data.may_miss || ref_may_be_null(domain, table, &rule->data.match, known)));
		case SPINDLE_RULE_PATTERN:
			for (int i = 0; i < rule->pattern.npieces; i++)
				result |= rule->pattern.piece[i].kind == SPINDLE_PIECE_COLUMN &&
					ref_may_be_null(domain, table, &rule->pattern.piece[i].ref, known);
			return result;
		case SPINDLE_RULE_HIERARCHY:
			return true;
		default:
			return false;
	}
}

/* Mark the columns that never fall from one row to the next. */
static void
mark_monotone(SpindleDomain *domain)
{
	bool		changed = true;

	for (int t = 0; t < domain->ntables; t++)
		for (int c = 0; c < domain->table[t].ncolumns; c++)
		{
			SpindleColumn *column = &domain->table[t].column[c];

			column->monotone = column->null_fraction == 0 &&
				(column->rule->kind == SPINDLE_RULE_SEQUENCE || is_ordered_time(column));
		}

	/* children stand in the order of their parents, so do their parents' keys */
	while (changed)
	{
		changed = false;
		for (int t = 0; t < domain->ntables; t++)
		{
			SpindleTable *table = &domain->table[t];
			SpindleTable *parent;

			if (table->parent_column < 0 || table->column[table->parent_column].monotone ||
				table->column[table->parent_column].null_fraction > 0)
				continue;
			parent = &domain->table[table->rows_parent];
			if (parent->column[parent->key].monotone)
				table->column[table->parent_column].monotone = changed = true;
		}
	}
}

/*
 * spindle_domain_check
 *		Complete a model, or report what is wrong with it as a whole.
 */
void
spindle_domain_check(SpindleDomain *domain)
{
	int		   *base = palloc(sizeof(int) * domain->ntables);
	int			n = 0;
	char	   *state;

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

	state = palloc0(n);
	for (int t = 0; t < domain->ntables; t++)
		for (int c = 0; c < domain->table[t].ncolumns; c++)
			visit_column(domain, state, base, t, c);

	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];
		const SpindleRule *levels = NULL;

		for (int c = 0; c < table->ncolumns; c++)
			check_rule(domain, table, table->column[c].rule, &levels);
	}
	spindle_check_keys(domain, base, n);
	for (int t = 0; t < domain->ntables; t++)
	{
		SpindleTable *table = &domain->table[t];

		for (int c = 0; c < table->ncolumns; c++)
			if (!table->column[c].nullable && may_be_null(domain, t, table->column[c].rule, NULL))
				spindle_model_error(domain, table->column[c].rule->path,
							"the rule can give NULL, but the column is not \"nullable\".", NULL);
	}
	mark_monotone(domain);
	pfree(state);
	pfree(base);
}
