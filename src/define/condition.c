/*-------------------------------------------------------------------------
 *
 * condition.c
 *		Conditions in a definition.
 *
 * A condition compares columns, or is made of others by "and", "or" and "not".
 * NULL makes a comparison unknown as in SQL, and a condition holds if it is
 * true.  As "and" and "or" of what is true or not give the same as with what is
 * unknown, only "not" would have to tell false from unknown: so it is carried to
 * the comparisons and turns these round.  What is left has two values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

/* Conditions inside conditions, and parts of one. */
#define MAX_DEPTH	10
#define MAX_PARTS	100

/* A condition that is being read. */
typedef struct TestReader
{
	SpindleParse *parse;
	int			table;			/* on whose rows it is */
	bool		negate;			/* inside an odd number of "not" */
	int			depth;			/* conditions around it */
} TestReader;

static void read_test(TestReader *r, const SpindleJson *node, SpindleTest *test);

/* A kind, or its opposite where it stands under "not". */
static SpindleTestKind
kind_of(const TestReader *r, SpindleTestKind kind)
{
	return r->negate ? kind ^ 1 : kind;
}

/* {"has_child": TABLE}: the table must be laid out over this one. */
static void
read_has_child(TestReader *r, const SpindleJson *node, SpindleTest *test)
{
	SpindleJson member = spindle_json_member(node, "has_child");
	const SpindleTable *child;

	test->kind = kind_of(r, SPINDLE_TEST_HAS_CHILD);
	test->child = spindle_parse_table(r->parse, &member);
	child = &r->parse->domain->table[test->child];
	if (child->rows_kind != SPINDLE_ROWS_CHILDREN || child->rows_parent != r->table)
		spindle_json_error(&member, NULL, "the rows of \"%s\" are not children of this table.",
						   child->name);
}

/* The conditions of "and" or "or", as parts of *test. */
static void
read_parts(TestReader *r, const SpindleJson *node, SpindleTestKind kind, SpindleTest *test)
{
	SpindleJson member = spindle_json_member(node, kind == SPINDLE_TEST_AND ? "and" : "or");
	TestReader	inside = *r;
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_array(&member);
	test->kind = kind_of(r, kind);
	test->nparts = spindle_json_size(&member);
	if (test->nparts < 1 || test->nparts > MAX_PARTS)
		spindle_json_error(&member, NULL, "1 to %d conditions are needed.", MAX_PARTS);
	test->part = palloc(sizeof(SpindleTest) * test->nparts);
	inside.depth++;
	cJSON_ArrayForEach(item, member.value)
	{
		SpindleJson element = spindle_json_child(&member, item, i);

		read_test(&inside, &element, &test->part[i++]);
	}
}

/* Can values of two types be compared?  Numbers that are exact always can. */
static bool
is_comparable(const SpindleType *a, const SpindleType *b)
{
	return a->kind == b->kind || (a->ops->is_exact && b->ops->is_exact);
}

/*
 * What the column of a test is compared with: a constant of its type, or
 * {"column": PATH}.  Fills value or other of a test whose kind and ref are set;
 * all but equality needs an order.
 */
static void
read_operand(TestReader *r, const SpindleJson *node, SpindleTest *test)
{
	static const char *const legal[] = {"column", NULL};
	const SpindleType *type = &spindle_ref_column(r->parse->domain, &test->ref)->type;

	if (test->kind != SPINDLE_TEST_IN && test->kind != SPINDLE_TEST_NOT_IN &&
		!type->ops->is_ordered && type->kind != SPINDLE_FLOAT)
		spindle_json_error(node, NULL, "columns of type %s have no order here.", type->name);
	if (cJSON_IsObject(node->value))
	{
		SpindleJson column;
		const SpindleType *other;

		spindle_json_expect_object(node, legal);
		column = spindle_json_member(node, "column");
		spindle_parse_ref(r->parse, &column, r->table, &test->other);
		other = &spindle_ref_column(r->parse->domain, &test->other)->type;
		if (!is_comparable(type, other))
			spindle_json_error(&column, NULL, "type %s cannot be compared with type %s.", type->name, other->name);
		test->has_other = true;
		return;
	}
	test->nvalues = 1;
	test->value = palloc(sizeof(int64));
	test->value[0] = spindle_parse_value(r->parse, node, type);
}

/* The constants of "in" and "not_in", of the column's type; there may be none. */
static void
read_values(TestReader *r, const SpindleJson *node, SpindleTest *test)
{
	const SpindleType *type = &spindle_ref_column(r->parse->domain, &test->ref)->type;
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_array(node);
	test->nvalues = spindle_json_size(node);
	test->value = palloc(sizeof(int64) * Max(test->nvalues, 1));
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson element = spindle_json_child(node, item, i);

		test->value[i++] = spindle_parse_value(r->parse, &element, type);
	}
}

/* "between": two operands, both included; it is an "and" of two comparisons. */
static void
read_between(TestReader *r, const SpindleJson *node, SpindleTest *test)
{
	static const SpindleTestKind kinds[] = {SPINDLE_TEST_AT_LEAST, SPINDLE_TEST_AT_MOST};
	SpindleColumnRef ref = test->ref;
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_array(node);
	if (spindle_json_size(node) != 2)
		spindle_json_error(node, NULL, "two values are needed, the least and the largest.");
	test->kind = kind_of(r, SPINDLE_TEST_AND);
	test->nparts = 2;
	test->part = palloc0(sizeof(SpindleTest) * 2);
	cJSON_ArrayForEach(item, node->value)
	{
		SpindleJson element = spindle_json_child(node, item, i);

		test->part[i].kind = kind_of(r, kinds[i]);
		test->part[i].ref = ref;
		read_operand(r, &element, &test->part[i]);
		i++;
	}
}

/* {"column": PATH} with one comparison. */
static void
read_comparison(TestReader *r, const SpindleJson *node, SpindleTest *test)
{
	static const char *const null_words[] = {"null", "not null", NULL};
	static const struct
	{
		const char *name;
		SpindleTestKind kind;
	}			operators[] =
	{
		{"equals", SPINDLE_TEST_IN},
		{"less", SPINDLE_TEST_LESS},
		{"greater", SPINDLE_TEST_GREATER},
		{"at_least", SPINDLE_TEST_AT_LEAST},
		{"at_most", SPINDLE_TEST_AT_MOST},
	};
	SpindleJson member = spindle_json_member(node, "column");

	spindle_parse_ref(r->parse, &member, r->table, &test->ref);
	if (spindle_json_size(node) != 2)
		spindle_json_error(node, "Legal: is, equals, in, not_in, less, greater, at_least, at_most, between.",
						   "exactly one comparison is needed beside \"column\".");
	if (spindle_json_has(node, "is"))
	{
		member = spindle_json_member(node, "is");
		test->kind = kind_of(r, spindle_json_choice(&member, null_words) == 0 ?
							 SPINDLE_TEST_NULL : SPINDLE_TEST_NOT_NULL);
	}
	else if (spindle_json_has(node, "in") || spindle_json_has(node, "not_in"))
	{
		bool		is_in = spindle_json_has(node, "in");

		member = spindle_json_member(node, is_in ? "in" : "not_in");
		test->kind = kind_of(r, is_in ? SPINDLE_TEST_IN : SPINDLE_TEST_NOT_IN);
		read_values(r, &member, test);
	}
	else if (spindle_json_has(node, "between"))
	{
		member = spindle_json_member(node, "between");
		read_between(r, &member, test);
	}
	else
		for (int i = 0; i < lengthof(operators); i++)
			if (spindle_json_has(node, operators[i].name))
			{
				member = spindle_json_member(node, operators[i].name);
				test->kind = kind_of(r, operators[i].kind);
				read_operand(r, &member, test);
			}
}

/* Any condition: fills *test. */
static void
read_test(TestReader *r, const SpindleJson *node, SpindleTest *test)
{
	static const char *const legal[] = {"column", "is", "equals", "in", "not_in", "less",
	"greater", "at_least", "at_most", "between", "has_child", "and", "or", "not", NULL};
	static const char *const alone[] = {"has_child", "and", "or", "not", NULL};

	memset(test, 0, sizeof(*test));
	spindle_json_expect_object(node, legal);
	if (r->depth > MAX_DEPTH)
		spindle_json_error(node, NULL, "conditions are nested more than %d deep.", MAX_DEPTH);
	for (int i = 0; alone[i]; i++)
		if (spindle_json_has(node, alone[i]) && spindle_json_size(node) != 1)
			spindle_json_error(node, NULL, "\"%s\" stands alone.", alone[i]);
	if (spindle_json_has(node, "has_child"))
		read_has_child(r, node, test);
	else if (spindle_json_has(node, "and"))
		read_parts(r, node, SPINDLE_TEST_AND, test);
	else if (spindle_json_has(node, "or"))
		read_parts(r, node, SPINDLE_TEST_OR, test);
	else if (spindle_json_has(node, "not"))
	{
		SpindleJson inside = spindle_json_member(node, "not");
		TestReader	opposite = {r->parse, r->table, !r->negate, r->depth + 1};

		read_test(&opposite, &inside, test);
	}
	else
		read_comparison(r, node, test);
}

/*
 * spindle_parse_test
 *		A condition on rows of a table, see docs/domain-format.md.
 *
 * Fills *test, with values and parts in the current memory context.
 */
void
spindle_parse_test(SpindleParse *parse, const SpindleJson *node, int table, SpindleTest *test)
{
	TestReader	r = {.parse = parse,.table = table};

	read_test(&r, node, test);
}
