/*-------------------------------------------------------------------------
 *
 * constraint.c
 *		What rows must be like, as the catalogue has it.
 *
 * Expressions are taken as the trees that the server keeps, not as text.  What is
 * declared of partitions alone is taken as if all of the table had it, in terms of
 * the table's columns; but for checks, which mostly say what the bounds do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "learn/query.h"
#include "learn/schema.h"

/*
 * The relations of a table r, in relid: itself, and its partitions of all levels.  They are
 * found before anything is joined with them: else the planner, which expects a thousand
 * partitions of each table, reads the catalogue once for each of the tables.
 */
#define RELATIONS \
" FROM (SELECT u.oid, u.place, l.relid FROM unnest($1::oid[]) WITH ORDINALITY u (oid, place)," \
"    LATERAL (SELECT u.oid AS relid UNION ALL SELECT t.relid FROM pg_partition_tree(u.oid) t WHERE t.level > 0) l OFFSET 0) r"

/* For each column of a relation, the number of that column in the table. */
#define NUMBERS_IN_TABLE(relation) \
"  CASE WHEN " relation " <> r.oid THEN" \
"    (SELECT array_agg(coalesce(a.attnum, 0) ORDER BY p.attnum) FROM pg_attribute p LEFT JOIN pg_attribute a" \
"       ON a.attrelid = r.oid AND a.attname = p.attname AND NOT a.attisdropped WHERE p.attrelid = " relation " AND p.attnum > 0) END"

static const char *const constraints_query =
"SELECT r.oid, k.conname, k.contype, k.conkey, k.confrelid, k.confkey, k.confdeltype, k.confmatchtype, k.conbin,"
"  CASE WHEN k.contype = 'f' THEN k.confrelid::regclass END, i.indkey, i.indexprs,"
"  (SELECT array_agg(o.oprname ORDER BY place) FROM unnest(k.conexclop) WITH ORDINALITY x (oid, place) JOIN pg_operator o ON o.oid = x.oid),"
"  i.indpred," NUMBERS_IN_TABLE("k.conrelid")
RELATIONS " JOIN pg_constraint k ON k.conrelid = r.relid"
"  LEFT JOIN pg_index i ON k.contype = 'x' AND i.indexrelid = k.conindid"
" WHERE k.contype IN ('c', 'f', 'x') AND k.conparentid = 0 AND (k.conrelid = r.oid OR k.coninhcount = 0)"
"  AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'"
" ORDER BY r.place, k.conrelid <> r.oid, k.contype, k.conname COLLATE \"C\"";

static const char *const indexes_query =
"SELECT r.oid, c.relname, i.indisprimary AND i.indrelid = r.oid, i.indkey, i.indnkeyatts, i.indexprs, i.indpred,"
"  coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true'," NUMBERS_IN_TABLE("i.indrelid")
RELATIONS " JOIN pg_index i ON i.indrelid = r.relid JOIN pg_class c ON c.oid = i.indexrelid"
" WHERE i.indisunique AND i.indislive AND (i.indrelid = r.oid OR NOT c.relispartition)"
" ORDER BY r.place, i.indrelid <> r.oid, i.indisprimary DESC, i.indnkeyatts, c.relname COLLATE \"C\"";

static const char *const domains_query =
"WITH RECURSIVE chain AS ("
"  SELECT t.oid, t.oid AS declared, t.typbasetype, t.typnotnull FROM pg_type t WHERE t.oid = ANY ($1::oid[])"
"  UNION ALL SELECT t.oid, c.declared, t.typbasetype, t.typnotnull FROM chain c JOIN pg_type t ON t.oid = c.typbasetype WHERE t.typtype = 'd')"
" SELECT c.declared, c.typnotnull, k.conname, k.conbin FROM chain c LEFT JOIN pg_constraint k ON k.contypid = c.oid AND k.contype = 'c'"
" ORDER BY c.declared, k.conname COLLATE \"C\"";

static const char *const triggers_query =
"SELECT DISTINCT ON (r.place, t.tgname COLLATE \"C\") r.oid, t.tgname, t.tgtype & 2 <> 0"
RELATIONS " JOIN pg_trigger t ON t.tgrelid = r.relid"
" WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 4 <> 0"
" ORDER BY r.place, t.tgname COLLATE \"C\", t.tgtype";

static const char *const generated_query =
"SELECT d.adrelid, d.adnum, d.adbin FROM unnest($1::oid[]) r (oid)"
"  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attgenerated <> '' JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
" ORDER BY d.adrelid, d.adnum";

/* The next number of "{1,2}" or "1 2"; false at the end.  *s moves behind it. */
static bool
next_number(const char **s, int *number)
{
	char	   *end;

	*s += strcspn(*s, "-0123456789");
	if (**s == '\0')
		return false;
	*number = (int) strtol(*s, &end, 10);
	*s = end;
	return true;
}

/*
 * The columns of a table whose attribute numbers stand in a text; palloc'd, and
 * their number in *n.
 */
static int *
columns_of(const LearnTable *table, const char *text, int *n)
{
	int		   *columns = palloc(sizeof(int) * Max(strlen(text), 1));
	int			attnum;

	*n = 0;
	while (next_number(&text, &attnum))
		columns[(*n)++] = learn_find_column(table, (AttrNumber) attnum);
	return columns;
}

/*
 * The numbers that the columns of a partition have in its table, 0 for none; NULL if
 * they are those of the table itself.
 */
static int *
numbers_of(const char *text)
{
	int		   *numbers = text ? palloc(sizeof(int) * (strlen(text) + 1)) : NULL;
	int			n = 0;

	while (text && next_number(&text, &numbers[n]))
		n++;
	return numbers;
}

/* The number in the table of a column of one of its relations. */
static int
number_in_table(const int *numbers, int attnum)
{
	return numbers && attnum > 0 ? numbers[attnum - 1] : attnum;
}

/* An expression with the numbers of the table's columns. */
static Node *
renumber(Node *node, int *numbers)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		var->varattno = (AttrNumber) number_in_table(numbers, var->varattno);
		return (Node *) var;
	}
	return expression_tree_mutator(node, renumber, numbers);
}

/* An expression that the catalogue has, in terms of the table's columns. */
static void *
expression_of(const char *text, int *numbers)
{
	Node	   *node = stringToNode(text);

	return numbers ? renumber(node, numbers) : node;
}

/* Collect the columns that an expression uses. */
typedef struct ColumnSearch
{
	const LearnTable *table;
	Bitmapset  *columns;
} ColumnSearch;

static bool
search_columns(Node *node, ColumnSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		int			column = learn_find_column(search->table, ((Var *) node)->varattno);

		if (column >= 0)
			search->columns = bms_add_member(search->columns, column);
		return false;
	}
	return expression_tree_walker(node, search_columns, search);
}

/*
 * learn_columns_in
 *		The columns of a table that an expression uses, by number.
 */
Bitmapset *
learn_columns_in(const LearnTable *table, Node *node)
{
	ColumnSearch search = {table, NULL};

	(void) search_columns(node, &search);
	return search.columns;
}

/* A CHECK of a table. */
static void
read_check(LearnTable *table, char *const *value)
{
	LearnCheck *check = palloc0(sizeof(LearnCheck));

	check->name = pstrdup(value[1]);
	check->expr = stringToNode(value[8]);
	table->checks = lappend(table->checks, check);
}

/* Are two foreign keys the same, of partitions for example? */
static bool
is_same_key(const LearnKey *a, const LearnKey *b)
{
	return a->n == b->n && strcmp(a->target_name, b->target_name) == 0 &&
		memcmp(a->column, b->column, sizeof(int) * a->n) == 0 &&
		(a->target < 0 || memcmp(a->target_column, b->target_column, sizeof(int) * a->n) == 0);
}

/* A foreign key. */
static void
read_key(LearnSchema *schema, LearnTable *table, char *const *value)
{
	LearnKey   *key = palloc0(sizeof(LearnKey));
	int		   *numbers = numbers_of(value[14]);
	const char *own = value[3];
	ListCell   *lc;
	int			attnum;
	int			n;

	key->name = pstrdup(value[1]);
	key->column = palloc(sizeof(int) * strlen(own));
	while (next_number(&own, &attnum))
		key->column[key->n++] = learn_find_column(table, (AttrNumber) number_in_table(numbers, attnum));
	key->target = learn_find_table(schema, learn_oid(value[4]));
	key->target_name = pstrdup(value[9]);
	if (key->target >= 0)
		key->target_column = columns_of(&schema->table[key->target], value[5], &n);
	key->is_cascade = value[6][0] == 'c';
	key->is_full = value[7][0] == 'f';
	key->not_null = true;
	key->grid = -1;
	for (int i = 0; i < key->n; i++)
		key->not_null &= table->column[key->column[i]].not_null;
	foreach(lc, table->keys)
		if (is_same_key(lfirst(lc), key))
			return;
	table->keys = lappend(table->keys, key);
}

/* The arguments of a constructor of ranges of times, if an expression is one. */
static bool
is_range_of_columns(const LearnTable *table, Node *node, int *start, int *end)
{
	FuncExpr   *call = (FuncExpr *) node;

	if (!IsA(node, FuncExpr) || list_length(call->args) < 2 || !type_is_range(call->funcresulttype) ||
		!IsA(linitial(call->args), Var) || !IsA(lsecond(call->args), Var))
		return false;
	*start = learn_find_column(table, ((Var *) linitial(call->args))->varattno);
	*end = learn_find_column(table, ((Var *) lsecond(call->args))->varattno);
	return *start >= 0 && *end >= 0 && list_length(call->args) == 2;
}

/* An exclusion constraint. */
static void
read_exclusion(LearnTable *table, char *const *value)
{
	LearnExclusion *exclusion = palloc0(sizeof(LearnExclusion));
	List	   *expressions = value[11] ? stringToNode(value[11]) : NIL;
	ListCell   *lc = list_head(expressions);
	const char *numbers = value[10];
	const char *operator = value[12] + 1;
	int			attnum;

	exclusion->name = pstrdup(value[1]);
	exclusion->range = exclusion->start = exclusion->end = -1;
	while (next_number(&numbers, &attnum) && *operator)
	{
		size_t		len = strcspn(operator, ",}");
		bool		is_equal = len == 1 && operator[0] == '=';
		bool		is_overlap = len == 2 && strncmp(operator, "&&", 2) == 0;
		int			column = attnum != 0 ? learn_find_column(table, (AttrNumber) attnum) : -1;

		if (is_equal && column >= 0)
			exclusion->equal = bms_add_member(exclusion->equal, column);
		else if (is_overlap && column >= 0 && exclusion->range < 0 && exclusion->start < 0 &&
				 type_is_range(table->column[column].type))
			exclusion->range = column;
		else if (!(is_overlap && attnum == 0 && exclusion->range < 0 && exclusion->start < 0 && lc &&
				   is_range_of_columns(table, lfirst(lc), &exclusion->start, &exclusion->end)))
			exclusion->is_odd = true;
		if (attnum == 0 && lc)
			lc = lnext(expressions, lc);
		operator += len + 1;
	}
	table->exclusions = lappend(table->exclusions, exclusion);
}

/* Say once that partitions have constraints of their own that are not looked at. */
static void
note_of_partition(LearnTable *table, const char *name)
{
	if (!table->has_odd_partition)
		learn_note(table, "its partitions have constraints of their own, such as %s, which values are not fitted to", name);
	table->has_odd_partition = true;
}

/* A row of constraints_query. */
static void
read_constraint(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];

	if (value[14] && value[2][0] != 'f')
		note_of_partition(table, value[1]);
	else if (value[2][0] == 'c' && value[8])
		read_check(table, value);
	else if (value[2][0] == 'f')
		read_key(schema, table, value);
	else if (value[2][0] == 'x')
		read_exclusion(table, value);
}

/* An expression without the changes of type around it that change no text. */
static Node *
bare(Node *node)
{
	while (node && (IsA(node, RelabelType) || IsA(node, CoerceViaIO)))
		node = IsA(node, RelabelType) ? (Node *) ((RelabelType *) node)->arg : (Node *) ((CoerceViaIO *) node)->arg;
	return node;
}

/*
 * The column whose values differ in an expression of an index if they differ beyond
 * upper and lower case, spaces around them and null; -1 if we know of none.
 */
static int
column_of_expression(const LearnTable *table, Node *node, bool *nulls_equal)
{
	node = bare(node);
	if (node && IsA(node, FuncExpr))
	{
		FuncExpr   *call = (FuncExpr *) node;

		/* texts that are too long are refused, not cut off */
		if (call->funcid == F_VARCHAR_VARCHAR_INT4_BOOL && call->funcformat == COERCE_IMPLICIT_CAST)
			return column_of_expression(table, linitial(call->args), nulls_equal);
		if (call->funcid != F_LOWER_TEXT && call->funcid != F_UPPER_TEXT && call->funcid != F_BTRIM_TEXT &&
			call->funcid != F_LTRIM_TEXT && call->funcid != F_RTRIM_TEXT && call->funcid != F_MD5_TEXT)
			return -1;
		return column_of_expression(table, linitial(call->args), nulls_equal);
	}
	if (node && IsA(node, CoalesceExpr))
	{
		*nulls_equal = true;
		return column_of_expression(table, linitial(((CoalesceExpr *) node)->args), nulls_equal);
	}
	return node && IsA(node, Var) ? learn_find_column(table, ((Var *) node)->varattno) : -1;
}

/* Has the table a set of these columns, or of some of them, already? */
static bool
has_set(const LearnTable *table, const char *numbers, const int *in_table, int n)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;
	int			attnum;

	for (int i = 0; i < n && next_number(&numbers, &attnum); i++)
		columns = bms_add_member(columns, learn_find_column(table, (AttrNumber) number_in_table(in_table, attnum)));
	foreach(lc, table->sets)
	{
		const LearnSet *set = lfirst(lc);

		if (set->predicate == NULL && !set->is_odd && bms_is_subset(set->columns, columns))
			return true;
	}
	return false;
}

/* A row of generated_query: how the server computes a column. */
static void
read_generated(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];
	int			column = learn_find_column(table, (AttrNumber) learn_int(value[1]));

	if (column >= 0)
		table->column[column].generation = stringToNode(value[2]);
}

/* A row of indexes_query. */
static void
read_index(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];
	LearnSet   *set = palloc0(sizeof(LearnSet));
	int		   *in_table = numbers_of(value[8]);
	List	   *expressions = value[5] ? expression_of(value[5], in_table) : NIL;
	ListCell   *lc = list_head(expressions);
	const char *numbers = value[3];
	int			attnum;

	if (in_table && value[6] == NULL && value[5] == NULL && has_set(table, value[3], in_table, learn_int(value[4])))
		return;
	set->name = pstrdup(value[1]);
	set->is_primary = learn_bool(value[2]);
	set->nulls_equal = learn_bool(value[7]);
	if (value[6])
		set->predicate = expression_of(value[6], in_table);
	for (int i = 0; i < learn_int(value[4]) && next_number(&numbers, &attnum); i++)
	{
		int			column = attnum != 0 ? learn_find_column(table, (AttrNumber) number_in_table(in_table, attnum)) : -1;
		Node	   *expression = column >= 0 ? table->column[column].generation : attnum == 0 && lc ? lfirst(lc) : NULL;

		/* a generated column is what it is computed from */
		if (expression)
			column = column_of_expression(table, expression, &set->nulls_equal);
		if (expression && column < 0)
		{
			set->is_odd = true;
			set->columns = bms_add_members(set->columns, learn_columns_in(table, expression));
		}
		if (attnum == 0 && lc)
			lc = lnext(expressions, lc);
		if (column >= 0 && !bms_is_member(column, set->columns))
		{
			set->columns = bms_add_member(set->columns, column);
			set->order = lappend_int(set->order, column);
		}
	}
	table->sets = lappend(table->sets, set);
}

/* A row of domains_query: a check of all columns of that type. */
static void
read_domain(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	Oid			declared = learn_oid(value[0]);
	LearnCheck *check = NULL;

	if (value[3])
	{
		check = palloc0(sizeof(LearnCheck));
		check->name = pstrdup(value[2]);
		check->expr = stringToNode(value[3]);
	}
	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
		{
			LearnColumn *column = &schema->table[t].column[c];

			if (column->declared != declared)
				continue;
			column->not_null |= learn_bool(value[1]);
			if (check)
				column->domain_checks = lappend(column->domain_checks, check);
		}
}

/* The domains of columns. */
static void
read_domains(LearnSchema *schema)
{
	StringInfoData oids;

	initStringInfo(&oids);
	for (int t = 0; t < schema->ntables; t++)
		for (int c = 0; c < schema->table[t].ncolumns; c++)
		{
			const LearnColumn *column = &schema->table[t].column[c];

			if (column->declared != column->type)
				appendStringInfo(&oids, "%s%u", oids.len ? "," : "{", column->declared);
		}
	if (oids.len)
	{
		appendStringInfoChar(&oids, '}');
		learn_query(domains_query, oids.data, NULL, read_domain, schema);
	}
}

/* A row of triggers_query. */
static void
read_trigger(char *const *value, void *arg)
{
	LearnSchema *schema = arg;

	learn_note(&schema->table[learn_find_table(schema, learn_oid(value[0]))],
			   learn_bool(value[2]) ? "trigger %s acts before rows are inserted: what it changes or refuses is not known" :
			   "trigger %s acts after rows are inserted: what it writes or refuses is not known", value[1]);
}

/*
 * learn_read_constraints
 *		Read the constraints and unique indexes of all tables.
 *
 * relids is the text of an array with their OIDs.  Domains come first, as they can
 * forbid null.
 */
void
learn_read_constraints(LearnSchema *schema, const char *relids)
{
	read_domains(schema);
	learn_query(constraints_query, relids, NULL, read_constraint, schema);
	learn_query(generated_query, relids, NULL, read_generated, schema);
	learn_query(indexes_query, relids, NULL, read_index, schema);
	learn_query(triggers_query, relids, NULL, read_trigger, schema);
}
