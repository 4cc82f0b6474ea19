/*-------------------------------------------------------------------------
 *
 * constraint.c
 *		What rows must be like, as the catalogue has it.
 *
 * Expressions are taken as the trees that the server keeps, not as text.
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

static const char *const constraints_query =
"SELECT k.conrelid, k.conname, k.contype, k.conkey, k.confrelid, k.confkey, k.confdeltype, k.confmatchtype, k.conbin,"
"  CASE WHEN k.contype = 'f' THEN k.confrelid::regclass END, i.indkey, i.indexprs,"
"  (SELECT array_agg(o.oprname ORDER BY place) FROM unnest(k.conexclop) WITH ORDINALITY x (oid, place) JOIN pg_operator o ON o.oid = x.oid),"
"  i.indpred"
" FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place) JOIN pg_constraint k ON k.conrelid = r.oid"
"  LEFT JOIN pg_index i ON k.contype = 'x' AND i.indexrelid = k.conindid"
" WHERE k.contype IN ('c', 'f', 'x') AND k.conparentid = 0 AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'"
" ORDER BY r.place, k.contype, k.conname COLLATE \"C\"";

static const char *const indexes_query =
"SELECT i.indrelid, c.relname, i.indisprimary, i.indkey, i.indnkeyatts, i.indexprs, i.indpred,"
"  coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true'"
" FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place) JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid"
" WHERE i.indisunique AND i.indislive ORDER BY r.place, i.indisprimary DESC, i.indnkeyatts, c.relname COLLATE \"C\"";

static const char *const domains_query =
"WITH RECURSIVE chain AS ("
"  SELECT t.oid, t.oid AS declared, t.typbasetype, t.typnotnull FROM pg_type t WHERE t.oid = ANY ($1::oid[])"
"  UNION ALL SELECT t.oid, c.declared, t.typbasetype, t.typnotnull FROM chain c JOIN pg_type t ON t.oid = c.typbasetype WHERE t.typtype = 'd')"
" SELECT c.declared, c.typnotnull, k.conname, k.conbin FROM chain c LEFT JOIN pg_constraint k ON k.contypid = c.oid AND k.contype = 'c'"
" ORDER BY c.declared, k.conname COLLATE \"C\"";

static const char *const triggers_query =
"SELECT t.tgrelid, t.tgname FROM unnest($1::oid[]) WITH ORDINALITY r (oid, place) JOIN pg_trigger t ON t.tgrelid = r.oid"
" WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 7) = 7 ORDER BY r.place, t.tgname COLLATE \"C\"";

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

/* A foreign key. */
static void
read_key(LearnSchema *schema, LearnTable *table, char *const *value)
{
	LearnKey   *key = palloc0(sizeof(LearnKey));
	int			n;

	key->name = pstrdup(value[1]);
	key->column = columns_of(table, value[3], &key->n);
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

/* A row of constraints_query. */
static void
read_constraint(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];

	if (value[2][0] == 'c' && value[8])
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

/* A row of indexes_query. */
static void
read_index(char *const *value, void *arg)
{
	LearnSchema *schema = arg;
	LearnTable *table = &schema->table[learn_find_table(schema, learn_oid(value[0]))];
	LearnSet   *set = palloc0(sizeof(LearnSet));
	List	   *expressions = value[5] ? stringToNode(value[5]) : NIL;
	ListCell   *lc = list_head(expressions);
	const char *numbers = value[3];
	int			attnum;

	set->name = pstrdup(value[1]);
	set->is_primary = learn_bool(value[2]);
	set->nulls_equal = learn_bool(value[7]);
	if (value[6])
		set->predicate = stringToNode(value[6]);
	for (int i = 0; i < learn_int(value[4]) && next_number(&numbers, &attnum); i++)
	{
		int			column = attnum != 0 ? learn_find_column(table, (AttrNumber) attnum) :
			lc ? column_of_expression(table, lfirst(lc), &set->nulls_equal) : -1;

		if (attnum == 0 && column < 0 && lc)
		{
			set->is_odd = true;
			set->columns = bms_add_members(set->columns, learn_columns_in(table, lfirst(lc)));
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
			   "trigger %s acts before rows are inserted: what it changes or refuses is not known", value[1]);
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
	learn_query(indexes_query, relids, NULL, read_index, schema);
	learn_query(triggers_query, relids, NULL, read_trigger, schema);
}
