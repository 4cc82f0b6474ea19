/*-------------------------------------------------------------------------
 *
 * rule.c
 *		The rules that say how a column's values come about.
 *
 * What is common to all kinds.  Each has an entry, SpindleRuleDef, in one of the
 * files rule_*.c; SPINDLE_RULE_KINDS makes the table of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "define/rule_reader.h"

/* Megabytes of memory that the rules of a domain may need. */
#define MAX_MEMORY_MB	256

static const SpindleRuleDef *const rule_defs[] = {
#define RULE_DEF(symbol, name) [SPINDLE_RULE_##symbol] = &spindle_rule_def_##name,
	SPINDLE_RULE_KINDS(RULE_DEF)
#undef RULE_DEF
};

/* More than there are names of all kinds. */
#define MAX_NAMES	100

/* Columns of a "keyed_by". */
#define MAX_KEYED	8

/*
 * spindle_rule_def
 *		What is known of a rule's kind.  The entry is constant.
 */
const SpindleRuleDef *
spindle_rule_def(const SpindleRule *rule)
{
	return rule_defs[rule->kind];
}

/* The kind and form of a name, NULL if there is none; they are few. */
static const RuleForm *
find_form(const char *name, SpindleRuleKind *kind)
{
	for (int k = 0; k < lengthof(rule_defs); k++)
		for (const RuleForm *form = rule_defs[k]->forms; form->name; form++)
			if (strcmp(form->name, name) == 0)
			{
				*kind = (SpindleRuleKind) k;
				return form;
			}
	return NULL;
}

/* The kind that has a name in definitions, NULL if there is none. */
const SpindleRuleDef *
spindle_rule_def_named(const char *name)
{
	SpindleRuleKind kind;

	return find_form(name, &kind) ? rule_defs[kind] : NULL;
}

/*
 * spindle_rule_may_fill_elements
 *		Is the name that of a rule whose values follow from draws, as those of an
 *		array's elements must?  True for what is no name, which its reader
 *		reports.
 */
bool
spindle_rule_may_fill_elements(const char *name)
{
	SpindleRuleKind kind;
	const RuleForm *form = find_form(name, &kind);

	if (form == NULL || kind == SPINDLE_RULE_CONSTANT || kind == SPINDLE_RULE_TIME || kind == SPINDLE_RULE_POOL ||
		kind == SPINDLE_RULE_OBJECT || kind == SPINDLE_RULE_ARRAY)
		return true;
	for (int i = 0; form->legal[i]; i++)
		if (strcmp(form->legal[i], "keyed_by") == 0)
			return true;
	return false;
}

/* The names of all kinds, ended by NULL, in an array of MAX_NAMES. */
static void
list_names(const char **names)
{
	int			n = 0;

	for (int k = 0; k < lengthof(rule_defs); k++)
		for (const RuleForm *form = rule_defs[k]->forms; form->name; form++)
		{
			if (n == MAX_NAMES - 1)
				elog(ERROR, "too many kinds of rule");
			names[n++] = form->name;
		}
	names[n] = NULL;
}

/* A new kind whose entry is not complete is found by the first rule that is read. */
static void
require_complete(const SpindleRuleDef *def, const char *name)
{
	const SpindleRuleOps *ops = &def->ops;

	if (!def->read || !def->target || !def->check || !def->extent || !def->differs || !def->row_use ||
		!ops->visit || !ops->may_be_null || !ops->never_before || !ops->never_falls || !ops->describe)
		elog(ERROR, "the entry of rule \"%s\" lacks a function", name);
}

/* The answers of kinds that refer to nothing, and of which the whole model shows nothing. */
int
spindle_rule_has_no_target(SpindleParse *parse, const cJSON *json, int table)
{
	return SPINDLE_TARGET_NONE;
}

void
spindle_rule_is_sound(RuleCheck *check, const SpindleRule *rule)
{
}

/* What kinds take the number of their row for, whatever their members say. */
RowUse
spindle_rule_ignores_row(const SpindleRule *rule)
{
	return ROW_IGNORED;
}

RowUse
spindle_rule_draws_by_row(const SpindleRule *rule)
{
	return ROW_FOR_DRAWS;
}

RowUse
spindle_rule_needs_row(const SpindleRule *rule)
{
	return ROW_NEEDED;
}

/* A walk over the rules inside a rule, for the most that one of them needs. */
typedef struct RowUseWalk
{
	const SpindleDomain *domain;
	int			table;
	RowUse		use;
} RowUseWalk;

static void
join_row_use(void *context, const SpindleRule *rule)
{
	RowUseWalk *walk = context;

	walk->use = Max(walk->use, spindle_rule_row_use(walk->domain, walk->table, rule));
}

/* Which children there are, the row tells. */
static void
join_children(void *context, int child_table)
{
	((RowUseWalk *) context)->use = ROW_NEEDED;
}

/*
 * spindle_rule_row_use
 *		What a rule, with those inside it, takes the number of its row for.
 */
RowUse
spindle_rule_row_use(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	RowUseWalk	walk = {domain, table, rule->nkeyed > 0 ? ROW_IGNORED : spindle_rule_def(rule)->row_use(rule)};
	const SpindleRuleVisitor visitor = {.rule = join_row_use,.children = join_children,.context = &walk};

	check_stack_depth();
	spindle_rule_visit(domain, table, rule, &visitor);
	return walk.use;
}

/*
 * spindle_rule_values
 *		Tell all values that a rule can give, NULL aside; false if they are not
 *		known.  No column depends on itself.
 */
bool
spindle_rule_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context)
{
	const SpindleRuleDef *def = spindle_rule_def(rule);

	check_stack_depth();
	return def->values && def->values(domain, rule, add, context);
}

/*
 * spindle_rule_expect_fit
 *		Insist on a type that holds all values of another column.
 *
 * what names that column in the error, from is its type, to the one that is to
 * hold it.
 */
void
spindle_rule_expect_fit(const SpindleJson *node, const char *what, const SpindleType *from, const SpindleType *to)
{
	if (!spindle_type_holds(to, from))
		spindle_json_error(node, "Take the type of the other column, or a wider one of its kind.",
						   "%s has type %s, which type %s does not hold.", what, from->name, to->name);
}

/*
 * spindle_rule_expect_key
 *		Insist on a table whose rows the column of a rule can refer to by value:
 *		it has a key of one column, which the column's type holds.
 *
 * A column of type row refers to the rows of any table.  node is where the error
 * is raised, and what names the key in it.
 */
void
spindle_rule_expect_key(RuleReader *r, const SpindleJson *node, const SpindleTable *table, const char *what)
{
	if (r->rule->type->kind == SPINDLE_ROW)
		return;
	if (table->nkeys == 0)
		spindle_json_error(node, NULL, "table \"%s\" has no key.", table->name);
	if (table->nkeys > 1)
		spindle_json_error(node, "Make the column a hidden one of type \"row\", which chooses a row, and let visible "
						   "columns copy the columns of the key through it.",
						   "table \"%s\" has a key of %d columns, and a column has one value.", table->name, table->nkeys);
	spindle_rule_expect_fit(node, what, &table->column[spindle_table_single_key(table)].type, r->rule->type);
}

/*
 * spindle_parse_check_memory
 *		Refuse a definition when what has been read of it, up to the place path,
 *		needs too much memory.
 *
 * Anybody can have a definition checked, and a short rule can want a megabyte of
 * tables, states some more.  Texts, which are as long as they are written, and data
 * sets, which only the owner of the server's files can add, have memory contexts
 * of their own and do not count.
 */
void
spindle_parse_check_memory(const SpindleDomain *domain, const char *path)
{
	if (MemoryContextMemAllocated(domain->context, false) > (Size) MAX_MEMORY_MB * 1024 * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the rules of %s need more than the limit of %d MB of memory", domain->subject, MAX_MEMORY_MB),
				 errdetail("The limit was reached at %s.", path),
				 errhint("Times over many years and discrete distributions of many values need most, up to 1 MB each: "
						 "set their limits closer, or let columns copy others.  The states of a table need up to 8 MB, "
						 "fewer of them or a smaller \"max_steps\" less.")));
}

/*
 * Digits after the point that a rule may round numbers of a type to, at most; 0 if
 * the type says that itself.
 */
static int
max_round(const SpindleType *type)
{
	if (type->kind == SPINDLE_FLOAT)
		return 15;
	if (type->ops->is_duration)
		return type->scale;
	return type->kind == SPINDLE_DECIMAL && type->digits < 0 ? SPINDLE_MAX_SCALE : 0;
}

/*
 * Read "keyed_by": paths to 1 to MAX_KEYED columns of any type, whose values
 * take the place of the row in the rule's draws.  The kind must ask for nothing
 * of the row but draws; see docs/domain-format.md.
 */
static void
read_keyed(RuleReader *r)
{
	SpindleJson columns = member(r, "keyed_by");
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_array(&columns);
	r->rule->nkeyed = spindle_json_size(&columns);
	if (r->rule->nkeyed < 1 || r->rule->nkeyed > MAX_KEYED)
		spindle_json_error(&columns, NULL, "1 to %d columns are needed.", MAX_KEYED);
	r->rule->keyed = palloc(sizeof(SpindleColumnRef) * r->rule->nkeyed);
	cJSON_ArrayForEach(item, columns.value)
	{
		SpindleJson column = spindle_json_child(&columns, item, i);

		spindle_parse_ref(r->parse, &column, r->table, &r->rule->keyed[i++]);
	}
}

/*
 * spindle_parse_rule
 *		Read a rule for a column of a table, or for a branch of one.
 *
 * label tells the rule's random draws from all others; a rule that is the
 * column's own has that of its path.  The column's name and type are known.
 * Allocates in the domain's memory context, which is the current one.  Raises
 * invalid_parameter_value for what is wrong with the rule, and
 * program_limit_exceeded if the domain's rules need too much memory.
 */
SpindleRule *
spindle_parse_rule(SpindleParse *parse, const SpindleJson *node, int table,
				   const SpindleColumn *column, uint64 label)
{
	SpindleRule *rule = palloc0(sizeof(SpindleRule));
	RuleReader	r = {parse, node, table, column, rule, parse->distinct};
	const char *names[MAX_NAMES];
	const RuleForm *form;
	SpindleJson kind;

	parse->distinct = false;	/* of this rule, not of those inside */
	spindle_json_expect_object(node, NULL);
	kind = spindle_json_member(node, "kind");
	list_names(names);
	form = find_form(names[spindle_json_choice(&kind, names)], &rule->kind);
	require_complete(rule_defs[rule->kind], form->name);
	spindle_json_expect_object(node, form->legal);

	rule->ops = &rule_defs[rule->kind]->ops;
	rule->path = spindle_json_path(node);
	rule->label = label;
	rule->type = &column->type;
	rule->round = -1;
	rule->index = parse->domain->nrules++;
	if (!(form->columns & (1 << column->type.kind)))
		spindle_json_error(&kind, column->type.kind == SPINDLE_ROW ?
						   "Rows are chosen by the rules reference, parent and hierarchy; copy takes the choice of another column." : NULL,
						   "rule \"%s\" cannot fill a column of type %s.",
						   form->name, column->type.name);
	if (spindle_json_has(node, "round"))
	{
		SpindleJson round = spindle_json_member(node, "round");

		int			limit = max_round(&column->type);

		rule->round = (int) spindle_json_int64(&round, 0, limit > 0 ? limit : 15);
		if (limit == 0)
			spindle_json_error(&round, NULL, "only double precision, real, numeric without precision, time and interval "
							   "need rounding; other types round to their own scale.");
	}
	if (parse->elements > 0 && !spindle_rule_may_fill_elements(form->name))
		spindle_json_error(&kind, "Its kind is one of constant, weighted, time, data, pattern, words, shape, regex, pool, object, array or a distribution.",
						   "the elements of an array belong to no row of the table, so rule \"%s\" cannot fill them.", form->name);
	if (parse->elements > 0 && spindle_json_has(node, "keyed_by"))
		spindle_json_error(node, NULL, "\"keyed_by\" names columns of the row, and the elements of an array belong to none.");
	rule_defs[rule->kind]->read(&r);
	if (spindle_json_has(node, "keyed_by"))
		read_keyed(&r);
	spindle_parse_check_memory(parse->domain, rule->path);
	return rule;
}
