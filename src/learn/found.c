/*-------------------------------------------------------------------------
 *
 * found.c
 *		Rules from what was found in rows.
 *
 * Declarations come first: a column that is a key, differs, follows another one or
 * is in a check with others keeps the rule by which that is met, and a rule that is
 * found is held within the limits of its column.  A rule is taken only if no value
 * would depend on itself, and if it cannot give a null that is not allowed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/data.h"

/* Numbers for all columns of all tables. */
typedef struct Decision
{
	LearnSchema *schema;
	int		   *base;			/* by table: number of its first column */
	int			ncolumns;
} Decision;

/* A finding about a column, in the order in which they are decided. */
typedef struct Candidate
{
	LearnTable *table;
	LearnColumn *column;
	const LearnFinding *finding;
	int			rank;
	int			place;			/* among the findings of its column */
} Candidate;

static bool depends_on(const Decision *decision, const LearnTable *table, int c, const LearnTable *other, int o, bool *seen);

/* Does what an operand leads to, or the way to it, depend on a column? */
static bool
operand_depends_on(const Decision *decision, const LearnTable *table, const LearnOperand *operand,
				   const LearnTable *other, int o, bool *seen)
{
	const LearnTable *at = table;

	for (int i = 0; i < operand->nsteps; i++)
	{
		for (int k = 0; k < operand->step[i]->n; k++)
			if (depends_on(decision, at, operand->step[i]->column[k], other, o, seen))
				return true;
		at = &decision->schema->table[operand->step[i]->target];
	}
	return depends_on(decision, at, operand->column, other, o, seen);
}

/* Do the rows that a total is over depend on a column? */
static bool
total_depends_on(const Decision *decision, const LearnFinding *finding, const LearnTable *other, int o, bool *seen)
{
	return finding->child && ((finding->child_column >= 0 && depends_on(decision, finding->child, finding->child_column, other, o, seen)) ||
							  (finding->case_values && depends_on(decision, finding->child, finding->case_column, other, o, seen)));
}

/* Does the value of a column depend on that of another one, by all rules that are known now? */
static bool
depends_on(const Decision *decision, const LearnTable *table, int c, const LearnTable *other, int o, bool *seen)
{
	const LearnSchema *schema = decision->schema;
	const LearnColumn *column = &table->column[c];
	const LearnKey *key = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;
	bool	   *mark = &seen[decision->base[table - schema->table] + c];
	ListCell   *lc;

	check_stack_depth();
	if (table == other && c == o)
		return true;
	if (*mark)
		return false;
	*mark = true;
	if (column->follows >= 0 && depends_on(decision, table, column->follows, other, o, seen))
		return true;
	if (column->found)
	{
		for (int i = 0; i < column->found->noperands; i++)
			if (operand_depends_on(decision, table, &column->found->operand[i], other, o, seen))
				return true;
		if (total_depends_on(decision, column->found, other, o, seen))
			return true;
	}
	foreach(lc, column->keyed_by)
		if (depends_on(decision, table, lfirst_int(lc), other, o, seen))
			return true;
	if (key == NULL)
		return false;
	foreach(lc, key->after ? key->after_columns : NIL)
		if (depends_on(decision, table, lfirst_int(lc), other, o, seen))
			return true;
	if (key->among)
		for (int i = 0; i < table->ncolumns; i++)
			if (table->column[i].key >= 0 && i != c && table->column[i].key != column->key &&
				depends_on(decision, table, i, other, o, seen))
				return true;
	for (int i = 0; i < key->n; i++)
		if (key->column[i] == c && (!key->is_single || schema->table[key->target].column[key->target_column[i]].key >= 0) &&
			depends_on(decision, &schema->table[key->target], key->target_column[i], other, o, seen))
			return true;
	return false;
}

/* Would a column depend on itself if it had a finding's rule? */
static bool
would_circle(const Decision *decision, const Candidate *candidate)
{
	const LearnFinding *finding = candidate->finding;
	int			c = (int) (candidate->column - candidate->table->column);
	bool	   *seen = palloc0(sizeof(bool) * decision->ncolumns);
	bool		result = false;

	for (int i = 0; i < finding->noperands && !result; i++)
		result = operand_depends_on(decision, candidate->table, &finding->operand[i], candidate->table, c, seen);
	result = result || total_depends_on(decision, finding, candidate->table, c, seen);
	pfree(seen);
	return result;
}

/*
 * learn_is_free
 *		Is a column free to have a rule that was found, as far as declarations go, but
 *		for checks of several columns if that rule may meet them?
 */
bool
learn_is_free(const LearnTable *table, const LearnColumn *column, bool meets_checks)
{
	int			c = (int) (column - table->column);
	ListCell   *lc;

	if (table->empty || !learn_can_be_found(table, column) || column->differs != LEARN_REPEATS || column->grid >= 0 ||
		column->follows >= 0 || column->variant >= 0 || column->found_rule)
		return false;
	foreach(lc, meets_checks ? NIL : table->checks)
	{
		const LearnCheck *check = lfirst(lc);

		if (!check->is_settled && bms_is_member(c, check->columns))
			return false;
	}
	return true;
}

/* Are all checks of a column ranges, so that numbers can be held within them? */
static bool
has_range(const LearnTable *table, LearnColumn *column)
{
	ListCell   *lc;

	foreach(lc, column->checks)
	{
		LearnCheck *check = lfirst(lc);
		LearnLimits limits = {.max_length = -1};

		if (!learn_understand(column, &limits, (Node *) check->expr) || limits.has_list || limits.regexes || limits.likes ||
			limits.min_length > 0 || limits.max_length >= 0)
			return false;
	}
	return true;
}

/* Does a foreign key choose a row by a rule, so that paths lead on? */
static bool
leads_on(const LearnSchema *schema, const LearnTable *table, const LearnKey *key)
{
	return (key->place == LEARN_OWN || key->place == LEARN_AMONG || key->place == LEARN_IMPLIED) && key->target >= 0 && !table->empty && !schema->table[key->target].empty;
}

/* Let a column not be null, if that is only a matter of what is declared. */
static bool
make_certain(LearnColumn *column)
{
	if (!column->not_null && !column->always_null && column->variant < 0 && column->statistics &&
		column->statistics->null_fraction == 0)
		column->not_null = true;
	return column->not_null;
}

/* Can the way to an operand, or its value, be null?  What never was is made so. */
static bool
can_be_null(const LearnSchema *schema, LearnTable *table, const LearnOperand *operand)
{
	LearnTable *at = table;
	bool		result = false;

	for (int i = 0; i < operand->nsteps; i++)
	{
		const LearnKey *key = operand->step[i];

		for (int k = 0; k < key->n; k++)
			result |= !make_certain(&at->column[key->column[k]]);
		result |= key->is_tree;
		at = &schema->table[key->target];
	}
	result |= !make_certain(&at->column[operand->column]) || at->column[operand->column].found_null;
	return result;
}

/* Can all operands be reached?  A foreign key that another one implies has no rule yet, but may get one. */
static bool
are_reachable(const LearnSchema *schema, const LearnTable *table, const LearnFinding *finding)
{
	for (int i = 0; i < finding->noperands; i++)
	{
		const LearnTable *at = table;
		const LearnColumn *column;

		for (int s = 0; s < finding->operand[i].nsteps; s++)
		{
			if (!leads_on(schema, at, finding->operand[i].step[s]) ||
				(finding->operand[i].step[s]->place == LEARN_IMPLIED && finding->kind != LEARN_FOUND_OFFSET))
				return false;
			at = &schema->table[finding->operand[i].step[s]->target];
		}
		column = &at->column[finding->operand[i].column];
		if (column->left_out || column->always_null)
			return false;
	}
	return true;
}

/* The path of an operand. */
static char *
path_of(const LearnSchema *schema, LearnTable *table, const LearnOperand *operand)
{
	LearnTable *at = table;
	StringInfoData path;

	initStringInfo(&path);
	for (int i = 0; i < operand->nsteps; i++)
	{
		appendStringInfo(&path, "%s.", learn_key_step(at, operand->step[i]));
		at = &schema->table[operand->step[i]->target];
	}
	appendStringInfoString(&path, at->column[operand->column].name);
	return path.data;
}

/* What the report says of a finding. */
static void
note_finding(LearnColumn *column, const LearnFinding *finding, const char *what)
{
	column->note = psprintf("%s in %.0f of %.0f rows", what, finding->holds, finding->rows);
}

/* A copy of a path where that is not null, and else a constant. */
static char *
copy_or(const char *path, double constant)
{
	return psprintf("{\"kind\": \"case\", \"cases\": [{\"when\": {\"column\": \"%s\", \"is\": \"not null\"}, "
					"\"then\": {\"kind\": \"copy\", \"column\": \"%s\"}}], \"else\": {\"kind\": \"constant\", \"value\": %s}}",
					path, path, learn_number(constant));
}

/*
 * learn_limited_formula
 *		An expression within the limits of a column, as the rule "formula".
 */
char *
learn_limited_formula(const LearnColumn *column, const char *expression)
{
	const LearnLimits *limits = &column->limits;

	if (limits->has_high)
		expression = psprintf("least(%s, %s)", expression, learn_number(limits->high));
	if (limits->has_low)
		expression = psprintf("greatest(%s, %s)", expression, learn_number(limits->low));
	return psprintf("{\"kind\": \"formula\", \"expression\": %s}", learn_quote(expression));
}

/* A column of the constants that a formula has by chance; its name. */
static char *
add_constants(LearnTable *table, const LearnColumn *column, const LearnFinding *finding)
{
	char	   *name = learn_unique_name(&table->names_used, psprintf("%s_factor", column->name));
	StringInfoData rule;

	initStringInfo(&rule);
	for (int i = 0; i < finding->nconstants; i++)
		appendStringInfo(&rule, "%s\"%s\": %s", i ? ", " : "{\"kind\": \"weighted\", \"weights\": {", learn_number(finding->one_of[i]), learn_number(finding->share[i]));
	appendStringInfoString(&rule, "}}");
	(void) learn_add_hidden(table, name, "numeric(10,4)", rule.data);
	return name;
}

/* The rule of a formula; operands that count as 0 where they are null get columns of their own. */
static char *
formula_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding)
{
	char	   *name[LEARN_MAX_OPERANDS];
	StringInfoData expression;

	for (int i = 0; i < finding->noperands; i++)
	{
		const LearnOperand *operand = &finding->operand[i];
		const LearnColumn *of = &schema->table[operand->table].column[operand->column];

		name[i] = path_of(schema, table, operand);
		if (finding->null_is_zero && can_be_null(schema, table, operand))
		{
			char	   *own = learn_unique_name(&table->names_used, psprintf("%s_or_0", of->name));

			(void) learn_add_hidden(table, own, of->format, copy_or(name[i], 0));
			name[i] = own;
		}
	}
	initStringInfo(&expression);
	for (const char *p = finding->form; *p; p++)
	{
		if (!learn_is_operand(finding->form, p))
			appendStringInfoChar(&expression, *p);
		else if (*p == 'R' && finding->nconstants > 0)
			appendStringInfoString(&expression, add_constants(table, column, finding));
		else if (*p == 'R')
			appendStringInfo(&expression, finding->constant < 0 ? "(%s)" : "%s", learn_number(finding->constant));
		else
			appendStringInfoString(&expression, name[*p - 'a']);
	}
	note_finding(column, finding, finding->nconstants == 0 ? expression.data :
				 psprintf("%s by one of %d constants", name[0], finding->nconstants));
	return learn_limited_formula(column, expression.data);
}

/* The rule of a time some way behind another one. */
static char *
offset_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding, const char *path)
{
	static const struct
	{
		const char *name;
		double		to_day;
	}			units[] = {{"days", 1}, {"hours", 24}, {"minutes", 1440}, {"seconds", 86400}};
	int			unit = 0;
	StringInfoData rule;

	if (finding->unit)
		while (strcmp(units[unit].name, finding->unit) != 0)
			unit++;
	else
		while (unit < lengthof(units) - 1 && finding->quantile[finding->nquantiles / 2] * units[unit].to_day < 10)
			unit++;
	initStringInfo(&rule);
	appendStringInfo(&rule, "{\"kind\": \"offset\", \"column\": \"%s\", \"unit\": \"%s\"%s", path, units[unit].name,
					 finding->unit ? "" : ", \"whole\": false");
	if (finding->spread > LEARN_NEAR && column->calendar)
		appendStringInfo(&rule, ", \"not_after\": \"%s\"", learn_day(ceil(column->calendar->day[column->calendar->ndays - 1])));
	for (int i = 0; i < finding->nquantiles; i++)
	{
		double		number = learn_rounded(schema, finding->quantile[i] * units[unit].to_day);

		appendStringInfo(&rule, "%s%s", i ? ", " : ", \"by\": {\"distribution\": \"empirical\", \"quantiles\": [",
						 learn_number(finding->unit ? floor(number + 0.5) : number));
	}
	appendStringInfoString(&rule, "]}}");
	column->carried = finding->nquantiles - 2;
	column->least_rows = floor(finding->between * Max(table->tuples, finding->rows) / finding->rows);
	return rule.data;
}

/* Is a time one that rises with the rows by a rule of calendar days? */
static bool
is_clock(const LearnTable *table, const LearnColumn *column)
{
	return column->kind == LEARN_TIMESTAMP && column->base && column->calendar && column->base == column->calendar->rule &&
		strstr(column->base, "\"ordered\": true") && column->differs == LEARN_REPEATS && column->variant < 0 && column->follows < 0 &&
		column->found_rule == NULL && column->key < 0 && column->not_null;
}

/*
 * Let a foreign key of one column that another one gives choose by itself, and the other
 * one among the descendants of what it chooses; false if that is not possible.
 */
static bool
let_choose(LearnSchema *schema, LearnTable *table, LearnKey *key)
{
	LearnColumn *column = &table->column[key->column[0]];
	LearnKey   *other = column->key >= 0 ? list_nth(table->keys, column->key) : NULL;

	if (key->place == LEARN_OWN)
		return true;
	if (key->place != LEARN_IMPLIED || key->n != 1 || other == NULL || other->place != LEARN_OWN || other->n < 2 || other->is_parent ||
		other->is_distinct || other->grid >= 0 || other->among)
		return false;
	column->key = key->index;
	key->place = LEARN_OWN;
	if (learn_find_among(schema, table, other))
	{
		other->place = LEARN_AMONG;
		return true;
	}
	column->key = other->index;
	key->place = LEARN_IMPLIED;
	return false;
}

/*
 * Let a foreign key choose among rows whose time is not after that of this row; false
 * if that is not possible.  For the first of them to be there in time, both times begin
 * together.
 */
static bool
choose_after(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding)
{
	LearnKey   *key = finding->operand[0].step[0];
	LearnTable *target = &schema->table[key->target];
	LearnColumn *time = &target->column[finding->operand[0].column];

	if (finding->operand[0].nsteps != 1 || (key->place != LEARN_OWN && key->place != LEARN_IMPLIED) || key->is_parent ||
		key->is_distinct || key->grid >= 0 || key->among ||
		key->is_tree || key->after || !key->is_single || !make_certain(column) || !make_certain(time) || !is_clock(table, column) ||
		!is_clock(target, time) || !let_choose(schema, table, key))
		return false;
	time->calendar->day[0] = Min(time->calendar->day[0], column->calendar->day[0]);
	column->calendar->day[0] = Max(time->calendar->day[0], column->calendar->day[0]);
	time->calendar->first_at_start = true;
	time->base = learn_calendar_rule(schema, target, time);
	column->base = learn_calendar_rule(schema, table, column);
	key->after = psprintf(", \"after\": {\"parent\": \"%s\", \"row\": \"%s\"}", time->name, column->name);
	key->after_columns = list_make1_int((int) (column - table->column));
	key->popularity = finding->popularity;
	return true;
}

/* Give a column the rule of a time that goes by another one; false if that is not possible. */
static bool
take_offset(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding)
{
	const LearnKey *key = finding->operand[0].step[0];
	const char *path = path_of(schema, table, &finding->operand[0]);
	bool		is_parents = key->is_parent;

	if (column->checks || column->limits.has_low || column->limits.has_high ||
		learn_why_withheld(schema, table, (int) (column - table->column)))
		return false;
	if (key->place == LEARN_IMPLIED)
	{
		if (choose_after(schema, table, column, finding))
			note_finding(column, finding, psprintf("not before %s", path));
		return false;
	}
	for (int i = 1; i < finding->operand[0].nsteps; i++)
		if (finding->operand[0].step[i]->place == LEARN_IMPLIED)
			return false;
	if (!is_parents && (finding->by_chance > LEARN_BY_CHANCE || finding->spread > LEARN_NEAR))
	{
		if (choose_after(schema, table, column, finding))
		{
			note_finding(column, finding, psprintf("not before %s", path));
			return false;		/* the column keeps its rule */
		}
		if (finding->by_chance > LEARN_BY_CHANCE || finding->spread > 3 * LEARN_NEAR ||
			learn_rises(column->statistics))
			return false;
	}
	column->found_rule = offset_rule(schema, table, column, finding, path);
	note_finding(column, finding, psprintf("not before %s", path));
	return true;
}

/* Give a column the rule of a copy; false if that is not possible. */
static bool
take_copy(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding)
{
	const LearnOperand *operand = &finding->operand[0];
	const LearnColumn *of = &schema->table[operand->table].column[operand->column];
	bool		is_limited = column->limits.has_low || column->limits.has_high;
	bool		is_number = column->kind == LEARN_INT || column->kind == LEARN_DECIMAL;
	const char *path = path_of(schema, table, operand);

	if (column->checks && !is_number)
		return false;
	if (column->key >= 0)
	{
		/* a foreign key is the copy of one to the same target */
		const LearnKey *key = list_nth(table->keys, column->key);
		const LearnKey *other = of->key >= 0 ? list_nth(schema->table[operand->table].keys, of->key) : NULL;

		if (other == NULL || !operand->step[0]->is_parent || !key->is_single || key->row_name || !other->is_single ||
			other->target != key->target || finding->has_constant || key->is_parent || key->is_distinct || key->grid >= 0 || key->is_tree || key->place != LEARN_OWN || key->after)
			return false;
		column->references = schema->table[key->target].name;
	}
	if (finding->has_constant)
	{
		if (is_limited)
			return false;
		column->found_rule = copy_or(path, finding->constant);
		column->carried = finding->constant != 0;
		column->least_rows = column->carried ? schema->options->k : 0;
	}
	else
		column->found_rule = is_limited ? learn_limited_formula(column, path) : psprintf("{\"kind\": \"copy\", \"column\": \"%s\"}", path);
	note_finding(column, finding, psprintf("the same as %s", path));
	return true;
}

/* Take a finding, if that is possible. */
static void
decide(Decision *decision, const Candidate *candidate)
{
	LearnSchema *schema = decision->schema;
	LearnTable *table = candidate->table;
	LearnColumn *column = candidate->column;
	const LearnFinding *finding = candidate->finding;
	bool		is_taken = false;
	const char *form = finding->form ? finding->form : "";
	bool		is_null = strstr(form, "/ b") || strstr(form, "/ c");

	if (learn_is_refused(schema, table, column->name) || !learn_is_free(table, column, finding->kind == LEARN_FOUND_FORMULA && finding->nconstants == 0) ||
		!has_range(table, column) || (column->key >= 0 && finding->kind != LEARN_FOUND_COPY) ||
		!are_reachable(schema, table, finding) || would_circle(decision, candidate) ||
		(finding->kind == LEARN_FOUND_FORMULA && !learn_settles_checks(schema, table, column, finding)))
		return;
	for (int i = 0; i < finding->noperands && !finding->null_is_zero && !(finding->kind == LEARN_FOUND_COPY && finding->has_constant); i++)
		is_null |= can_be_null(schema, table, &finding->operand[i]);
	if (is_null && make_certain(column))
		return;
	column->found_null = is_null;
	switch (finding->kind)
	{
		case LEARN_FOUND_COPY:
			is_taken = take_copy(schema, table, column, finding);
			break;
		case LEARN_FOUND_FORMULA:
			column->found_rule = formula_rule(schema, table, column, finding);
			is_taken = true;
			break;
		case LEARN_FOUND_TOTAL:
			column->found_rule = learn_total_rule(schema, table, column, finding);
			is_taken = column->found_rule != NULL;
			if (is_taken)
				note_finding(column, finding, learn_total_note(finding));
			break;
		case LEARN_FOUND_OFFSET:
			is_taken = take_offset(schema, table, column, finding);
			break;
	}
	if (!is_taken)
	{
		column->found_null = false;
		return;
	}
	column->found = finding;
	column->found_nulls = finding->kind == LEARN_FOUND_OFFSET && !is_null && column->statistics ?
		floor(column->statistics->null_fraction * 1000 + 0.5) / 1000 : finding->null_fraction;
	column->source = "data";
	if (finding->kind != LEARN_FOUND_OFFSET && !(finding->kind == LEARN_FOUND_COPY && finding->has_constant))
		column->carried = 0;
	column->withheld = NULL;
}

/* In which order findings are decided: what can be meant in one way only first. */
static int
rank_of(const LearnTable *table, const LearnColumn *column, const LearnFinding *finding)
{
	static const char *const sums[] = {"total", "sum", "amount", "gross", "subtotal", "balance", "net", "price", "cost", "revenue", NULL};

	ListCell   *lc;

	/* what meets a check frees the other columns of it */
	foreach(lc, finding->kind == LEARN_FOUND_FORMULA ? table->checks : NIL)
	{
		const LearnCheck *check = lfirst(lc);

		if (!check->is_settled && bms_is_member((int) (column - table->column), check->columns))
			return strchr(finding->form, '-') ? 0 : -1;
	}
	switch (finding->kind)
	{
		case LEARN_FOUND_COPY:
			return finding->operand[0].nsteps;
		case LEARN_FOUND_TOTAL:
			return 10;
		case LEARN_FOUND_OFFSET:
			return 100;
		default:
			return 20 + (strchr(finding->form, '*') ? 0 : 20) + (learn_has_word(column->sql_name, sums) ? 0 : 10) +
				(strchr(finding->form, '-') ? 2 : 0);
	}
}

/* For list_sort: by rank, then the last columns first, as what is computed mostly stands behind what it is of. */
static int
compare_candidates(const ListCell *a, const ListCell *b)
{
	const Candidate *x = lfirst(a);
	const Candidate *y = lfirst(b);

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->column != y->column)
		return x->column > y->column ? -1 : 1;
	return x->place - y->place;
}

/* All findings, in the order in which they are decided. */
static List *
candidates_of(LearnSchema *schema)
{
	List	   *candidates = NIL;
	ListCell   *lc;

	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
			foreach(lc, schema->table[t].column[c].findings)
			{
				Candidate  *candidate = palloc(sizeof(Candidate));

				candidate->table = &schema->table[t];
				candidate->column = &schema->table[t].column[c];
				candidate->finding = lfirst(lc);
				candidate->place = foreach_current_index(lc);
				candidate->rank = rank_of(candidate->table, candidate->column, candidate->finding);
				candidates = lappend(candidates, candidate);
			}
	list_sort(candidates, compare_candidates);
	return candidates;
}

/* Be ready to follow what depends on what; palloc'd. */
static Decision *
begin(LearnSchema *schema)
{
	Decision   *decision = palloc(sizeof(Decision));

	decision->schema = schema;
	decision->base = palloc(sizeof(int) * schema->ntables);
	decision->ncolumns = 0;
	for (int t = 0; t < schema->ntables; t++)
	{
		decision->base[t] = decision->ncolumns;
		decision->ncolumns += schema->table[t].ncolumns;
	}
	return decision;
}

/*
 * learn_column_depends_on
 *		Does a column of a table depend on another one of it?
 */
bool
learn_column_depends_on(LearnSchema *schema, const LearnTable *table, int c, int o)
{
	Decision   *decision = begin(schema);
	bool	   *seen = palloc0(sizeof(bool) * decision->ncolumns);
	bool		result = depends_on(decision, table, c, table, o, seen);

	pfree(seen);
	pfree(decision->base);
	pfree(decision);
	return result;
}

/*
 * learn_use_findings
 *		Give columns the rules that were found: those of times, or all others.
 *
 * Foreign keys and unique sets have been met, and columns follow others where checks
 * say so.
 */
void
learn_use_findings(LearnSchema *schema, bool of_times)
{
	Decision   *decision = begin(schema);
	ListCell   *lc;

	foreach(lc, candidates_of(schema))
	{
		const Candidate *candidate = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if ((candidate->finding->kind == LEARN_FOUND_OFFSET) == of_times)
			decide(decision, candidate);
	}
}
