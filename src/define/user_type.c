/*-------------------------------------------------------------------------
 *
 * user_type.c
 *		Types of the server in a definition: the section "types", and the member
 *		"sql_type" of columns.
 *
 * Whether a type exists is for those to find out who use the definition: here a
 * name must have the form of one, and the check of a domain that of an expression.
 * Both become parts of statements that users run, so nothing else may stand there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "parser/parser.h"

#include "compat.h"
#include "define/rule_reader.h"

#define MAX_TYPES		1000
#define MAX_LABELS		1000
#define MAX_TYPE_LENGTH	200
#define MAX_CHECK_LENGTH	10000

/* Says where the text stands that the server's parser refuses. */
static void
tell_place(void *arg)
{
	errcontext("definition of domain, %s", spindle_json_path(arg));
}

/*
 * The name of a type, as SQL writes it, palloc'd.  Without comments, which would
 * swallow what stands behind it.
 */
static char *
read_type_name(const SpindleJson *node)
{
	char	   *name = spindle_json_string(node);
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = tell_place,
	.arg = unconstify(SpindleJson *, node)};

	if (strlen(name) < 1 || strlen(name) > MAX_TYPE_LENGTH ||
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_ ()[],.\"") != strlen(name))
		spindle_json_error(node, "Write the name as in CREATE TABLE, with ASCII letters, digits, underscores, spaces, "
						   "quotes, points, commas, parentheses and brackets only.",
						   "\"%s\" is not the name of a type.", name);
	error_context_stack = &callback;
	(void) spindle_typeStringToTypeName(name);
	error_context_stack = callback.previous;
	return name;
}

/* Is a name qualified by a schema other than that of the server's own objects? */
static bool
is_foreign_name(List *names)
{
	return list_length(names) > 1 && strcmp(strVal(linitial(names)), "pg_catalog") != 0;
}

/*
 * Does an expression ask for more than values and the server's own functions and
 * operators?  It is evaluated with the rights of whoever seeds.
 */
static bool
asks_for_more(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_FuncCall:
			if (is_foreign_name(((FuncCall *) node)->funcname))
				return true;
			break;
		case T_A_Expr:
			if (is_foreign_name(((A_Expr *) node)->name))
				return true;
			break;
		case T_TypeCast:
			if (is_foreign_name(((TypeCast *) node)->typeName->names))
				return true;
			break;
		case T_SubLink:
			return true;
		default:
			break;
	}
	return raw_expression_tree_walker(node, asks_for_more, context);
}

/* The check of a domain, palloc'd: one expression of SQL. */
static char *
read_check(const SpindleJson *node)
{
	char	   *check = spindle_json_string(node);
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = tell_place,
	.arg = unconstify(SpindleJson *, node)};
	List	   *statements;
	SelectStmt *select;
	SelectStmt	bare = {.type = T_SelectStmt};

	if (strlen(check) < 1 || strlen(check) > MAX_CHECK_LENGTH || strstr(check, "--") || strstr(check, "/*"))
		spindle_json_error(node, NULL, "a check is an expression of 1 to %d bytes, without comments.", MAX_CHECK_LENGTH);
	error_context_stack = &callback;
	statements = raw_parser(psprintf("SELECT (%s)", check), RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;

	/* nothing may stand in it that ends the expression */
	select = list_length(statements) == 1 ? castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt) : NULL;
	if (select)
	{
		bare.targetList = select->targetList;
		bare.limitOption = select->limitOption;
		bare.op = select->op;
	}
	if (select == NULL || list_length(select->targetList) != 1 || !equal(select, &bare) ||
		linitial_node(ResTarget, select->targetList)->name != NULL)
		spindle_json_error(node, NULL, "a check is one expression.");
	if (asks_for_more(linitial_node(ResTarget, select->targetList)->val, NULL))
		spindle_json_error(node, "Only functions, operators and types of the server itself can be used.",
						   "the check uses what is not part of the server.");
	return check;
}

/* {"enum": [label, ...]}: labels in their order, which differ. */
static void
read_labels(const SpindleJson *node, SpindleUserType *type)
{
	SpindleJson labels = spindle_json_member(node, "enum");
	const cJSON *item;

	spindle_json_expect_array(&labels);
	if (spindle_json_size(&labels) < 1 || spindle_json_size(&labels) > MAX_LABELS)
		spindle_json_error(&labels, NULL, "1 to %d labels are needed.", MAX_LABELS);
	type->label = palloc(sizeof(char *) * spindle_json_size(&labels));
	cJSON_ArrayForEach(item, labels.value)
	{
		SpindleJson element = spindle_json_child(&labels, item, type->nlabels);
		char	   *label = spindle_json_string(&element);

		if (strlen(label) < 1 || strlen(label) >= NAMEDATALEN)
			spindle_json_error(&element, NULL, "a label has 1 to %d bytes.", NAMEDATALEN - 1);
		for (int i = 0; i < type->nlabels; i++)
			if (strcmp(type->label[i], label) == 0)
				spindle_json_error(&element, NULL, "the label \"%s\" stands there twice.", label);
		type->label[type->nlabels++] = label;
	}
}

/*
 * spindle_parse_user_types
 *		The section "types": by name, enums with their labels, and domains with
 *		"domain", the type below them, and maybe a "check".
 */
void
spindle_parse_user_types(SpindleParse *parse, const SpindleJson *document)
{
	static const char *const legal[] = {"enum", "domain", "check", NULL};
	SpindleDomain *domain = parse->domain;
	SpindleJson types;
	const cJSON *item;

	if (!spindle_json_has(document, "types"))
		return;
	types = spindle_json_member(document, "types");
	spindle_json_expect_object(&types, NULL);
	if (spindle_json_size(&types) > MAX_TYPES)
		spindle_json_error(&types, NULL, "a domain has up to %d types.", MAX_TYPES);
	domain->type = palloc0(sizeof(SpindleUserType) * Max(spindle_json_size(&types), 1));
	cJSON_ArrayForEach(item, types.value)
	{
		SpindleJson node = spindle_json_child(&types, item, domain->ntypes);
		SpindleUserType *type = &domain->type[domain->ntypes++];

		spindle_parse_check_name(&node, item->string);
		spindle_json_expect_object(&node, legal);
		type->name = pstrdup(item->string);
		if (spindle_json_has(&node, "enum") == spindle_json_has(&node, "domain"))
			spindle_json_error(&node, NULL, "either \"enum\" or \"domain\" is needed.");
		if (spindle_json_has(&node, "enum"))
		{
			if (spindle_json_has(&node, "check"))
				spindle_json_error(&node, NULL, "only a domain has a \"check\".");
			read_labels(&node, type);
			continue;
		}
		else
		{
			SpindleJson base = spindle_json_member(&node, "domain");

			type->base = read_type_name(&base);
		}
		if (spindle_json_has(&node, "check"))
		{
			SpindleJson check = spindle_json_member(&node, "check");

			type->check = read_check(&check);
		}
	}
}

/*
 * spindle_parse_sql_type
 *		The member "sql_type" of a column whose "type" has been read: a type of
 *		the section "types", an array of one, or any of the server's.
 */
void
spindle_parse_sql_type(SpindleParse *parse, const SpindleJson *node, SpindleType *type)
{
	SpindleJson m = spindle_json_member(node, "sql_type");
	const SpindleDomain *domain = parse->domain;

	if (!type->ops->is_text || type->ops->form)
		spindle_json_error(&m, "The type \"text\" or \"varchar\" goes with it: the rule makes texts, which the type reads.",
						   "a column of type %s cannot have a \"sql_type\".", type->name);
	type->sql_type = read_type_name(&m);
	for (int t = 0; t < domain->ntypes; t++)
	{
		const size_t len = strlen(domain->type[t].name);
		const char *rest = type->sql_type + len;

		if (strncmp(domain->type[t].name, type->sql_type, len) == 0 && (*rest == '\0' || strcmp(rest, "[]") == 0))
		{
			type->user_type = &domain->type[t];
			type->is_user_array = *rest != '\0';
		}
	}
}

/*
 * spindle_parse_scale
 *		A numeric without precision keeps as many digits after the point as its rule
 *		rounds to.  The rule is read later, and what is wrong with that member
 *		is reported there.
 */
void
spindle_parse_scale(const SpindleJson *node, SpindleType *type)
{
	const cJSON *rule = cJSON_GetObjectItemCaseSensitive(node->value, "rule");
	const cJSON *round = rule ? cJSON_GetObjectItemCaseSensitive(rule, "round") : NULL;

	if (type->kind == SPINDLE_DECIMAL && type->digits < 0 && round && cJSON_IsNumber(round) &&
		round->valuedouble >= 0 && round->valuedouble <= SPINDLE_MAX_SCALE)
		spindle_type_set_scale(type, (int) round->valuedouble);
}
