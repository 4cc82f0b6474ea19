/*-------------------------------------------------------------------------
 *
 * compare.c
 *		How like each other two schemas are, by their profiles.
 *
 * Measures have the names that others give them where there are such.  What is in one
 * profile alone is told as missing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "json/reader.h"
#include "learn/learn.h"
#include "learn/likeness.h"

/* What a comparison is about, and what it has found. */
typedef struct Compared
{
	const char *level;			/* that is wanted, or "all" */
	MemoryContext context;		/* of the result */
	List	   *result;			/* SpindleLikeness */
	const char *table;			/* that is being looked at, in the server's encoding */
	bool		is_aside;		/* what is found is not summed up */
} Compared;

/* Targets of a measure: of each, of the middle one, and of all but a twentieth; NaN for none. */
typedef struct Target
{
	const char *measure;
	bool		is_at_most;
	double		each;
	double		median;
	double		most;
} Target;

static const Target targets[] = {
	{"KSComplement", false, 0.98, 0.99, NAN},
	{"TVComplement", false, 0.98, 0.99, NAN},
	{"FrequencySimilarity", false, 0.98, 0.99, NAN},
	{"null error", true, 0.005, NAN, NAN},
	{"distinct ratio", true, 1.05, NAN, NAN},
	{"LengthSimilarity", false, NAN, NAN, NAN},
	{"MaskSimilarity", false, NAN, NAN, NAN},
	{"order error", true, NAN, NAN, NAN},
	{"CardinalityShapeSimilarity", false, 0.95, 0.98, NAN},
	{"top 1% error", true, 0.05, NAN, NAN},
	{"top 10% error", true, 0.05, NAN, NAN},
	{"top 20% error", true, 0.02, NAN, NAN},
	{"orphans", true, 0, NAN, NAN},
	{"ContingencySimilarity", false, NAN, 0.95, NAN},
	{"CorrelationSimilarity", false, NAN, 0.95, NAN},
	{"ContingencySimilarity of kin", false, NAN, 0.90, NAN},
	{"CorrelationSimilarity of kin", false, NAN, 0.90, NAN},
	{"q-error", true, NAN, 1.05, 1.3},
	{"q-error of joins", true, NAN, 1.3, NAN},
	{"rows ratio", true, NAN, NAN, NAN},
	{"table bytes per row ratio", true, 1.1, NAN, NAN},
	{"index bytes per row ratio", true, 1.1, NAN, NAN},
};

/* A text of a profile in the server's encoding, in the context of the result. */
static char *
server_text(Compared *compared, const char *utf8)
{
	return MemoryContextStrdup(compared->context, pg_any_to_server(utf8, (int) strlen(utf8), PG_UTF8));
}

/* The targets of a measure. */
static const Target *
find_target(const char *measure)
{
	for (int i = 0; i < lengthof(targets); i++)
		if (strcmp(targets[i].measure, measure) == 0)
			return &targets[i];
	elog(ERROR, "unknown measure \"%s\"", measure);
}

/* Add a line to the result, if its level is wanted. */
static void
add_line(Compared *compared, const char *level, const char *table, const char *column, const char *measure, double value, double target,
		 bool is_at_most)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(compared->context);
	SpindleLikeness *line = palloc(sizeof(SpindleLikeness));

	*line = (SpindleLikeness) {level, table, column, measure, value, target, is_at_most, compared->is_aside};
	if (strcmp(compared->level, "all") == 0 || strcmp(compared->level, level) == 0)
		compared->result = lappend(compared->result, line);
	MemoryContextSwitchTo(oldcontext);
}

/* Add a measure of the table that is being looked at; column is in UTF-8, or NULL. */
static void
add(Compared *compared, const char *level, const char *column, const char *measure, double value)
{
	const Target *target = find_target(measure);

	add_line(compared, level, compared->table, column ? server_text(compared, column) : NULL, measure, value, target->each, target->is_at_most);
}

/* A member of two objects. */
typedef struct Both
{
	SpindleJson source;
	SpindleJson target;
} Both;

/* Find it; false if one has none. */
static bool
both_have(const Both *objects, const char *name, Both *members)
{
	if (!cJSON_IsObject(objects->source.value) || !cJSON_IsObject(objects->target.value) ||
		!spindle_json_has(&objects->source, name) || !spindle_json_has(&objects->target, name))
		return false;
	members->source = spindle_json_member(&objects->source, name);
	members->target = spindle_json_member(&objects->target, name);
	return true;
}

/* A number that is a member; 0 if there is none. */
static double
number_in(const SpindleJson *object, const char *name)
{
	SpindleJson member;

	if (!cJSON_IsObject(object->value) || !spindle_json_has(object, name))
		return 0;
	member = spindle_json_member(object, name);
	return spindle_json_number(&member, -1e18, 1e18);
}

/* The larger of two numbers above 0 by the smaller one; 1 of none. */
static double
ratio(double a, double b)
{
	if (a <= 0 || b <= 0)
		return a <= 0 && b <= 0 ? 1 : INFINITY;
	return Max(a / b, b / a);
}

/* The distribution of a column of numbers: its values, or else its quantiles, each as frequent. */
static Distribution
read_distribution(const SpindleJson *column)
{
	Distribution result = {0};
	bool		has_values = spindle_json_has(column, "values");
	SpindleJson list;
	const cJSON *item;

	if (!has_values && !spindle_json_has(column, "quantiles"))
		return result;
	list = spindle_json_member(column, has_values ? "values" : "quantiles");
	result.value = palloc(sizeof(double) * Max(spindle_json_size(&list), 1));
	result.weight = palloc(sizeof(double) * Max(spindle_json_size(&list), 1));
	cJSON_ArrayForEach(item, list.value)
	{
		SpindleJson node = spindle_json_child(&list, item, result.n);

		result.value[result.n] = has_values ? strtod(item->string ? item->string : "", NULL) : spindle_json_number(&node, -1e300, 1e300);
		result.weight[result.n] = has_values ? spindle_json_number(&node, 0, 1e18) : 1;
		result.sum += result.weight[result.n++];
	}
	return result;
}

/* Numbers that have numbers of others, as "1:5 2:7". */
static Distribution
read_counts(const SpindleJson *node, double zeros)
{
	char	   *text = spindle_json_string(node);
	Distribution result = {0};
	int			n = 2;

	for (const char *p = text; *p; p++)
		n += *p == ' ';
	result.value = palloc(sizeof(double) * n);
	result.weight = palloc(sizeof(double) * n);
	result.value[result.n] = 0;
	result.weight[result.n++] = 0;
	for (char *p = text; *p && result.n < n;)
	{
		result.value[result.n] = strtod(p, &p);
		p += *p == ':';
		result.weight[result.n] = strtod(p, &p);
		result.sum += result.weight[result.n++];
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	result.weight[0] = Max(zeros - result.sum, 0);
	result.sum += result.weight[0];
	return result;
}

/* For qsort(): by name; and by frequency, the highest first, of either sample. */
static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const Frequency *) a)->name, ((const Frequency *) b)->name);
}

static int
compare_falling(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x > y ? -1 : x < y;
}

/* How often values are in two samples, each once; palloc'd, *n of them.  *common is the share of the source that the target has. */
static Frequency *
read_frequencies(const Both *lists, int *n, double *common)
{
	Frequency  *frequency = palloc0(sizeof(Frequency) * (spindle_json_size(&lists->source) + spindle_json_size(&lists->target) + 1));
	double		sum = 0;
	int			all = 0;
	const cJSON *item;

	for (int side = 0; side < 2; side++)
	{
		const SpindleJson *list = side ? &lists->target : &lists->source;

		cJSON_ArrayForEach(item, list->value)
		{
			SpindleJson node = spindle_json_child(list, item, all);

			frequency[all].name = item->string ? item->string : "";
			*(side ? &frequency[all].target : &frequency[all].source) = spindle_json_number(&node, 0, 1e18);
			all++;
		}
	}
	qsort(frequency, all, sizeof(Frequency), compare_names);
	*n = 0;
	*common = 0;
	for (int i = 0; i < all; i++)
	{
		sum += frequency[i].source;
		if (*n > 0 && strcmp(frequency[*n - 1].name, frequency[i].name) == 0)
		{
			frequency[*n - 1].source += frequency[i].source;
			frequency[*n - 1].target += frequency[i].target;
			*common += frequency[*n - 1].source;
		}
		else
			frequency[(*n)++] = frequency[i];
	}
	*common = sum > 0 ? *common / sum : 1;
	return frequency;
}

/* Frequencies by their ranks, whatever they are the frequencies of. */
static void
rank(Frequency *frequency, int n)
{
	double	   *number = palloc(sizeof(double) * Max(n, 1));

	for (int side = 0; side < 2; side++)
	{
		for (int i = 0; i < n; i++)
			number[i] = side ? frequency[i].target : frequency[i].source;
		qsort(number, n, sizeof(double), compare_falling);
		for (int i = 0; i < n; i++)
			*(side ? &frequency[i].target : &frequency[i].source) = number[i];
	}
	pfree(number);
}

/* Compare frequencies by values, or, if the target has others for most, by ranks. */
static void
compare_frequencies(Compared *compared, const Both *columns, const char *member, const char *column, const char *measure)
{
	Both		lists;
	Frequency  *frequency;
	double		common;
	int			n;

	if (!both_have(columns, member, &lists))
		return;
	frequency = read_frequencies(&lists, &n, &common);
	if (measure)
		add(compared, "column", column, measure, learn_tv(frequency, n));
	else if (common >= 0.5)
		add(compared, "column", column, "TVComplement", learn_tv(frequency, n));
	else
	{
		rank(frequency, n);
		add(compared, "column", column, "FrequencySimilarity", learn_tv(frequency, n));
	}
}

/* The share of rows in which a column is null. */
static double
nulls_of(const SpindleJson *column)
{
	double		rows = number_in(column, "rows");

	return rows > 0 ? 1 - number_in(column, "values_not_null") / rows : 0;
}

/* Compare a column. */
static void
compare_column(Compared *compared, const Both *columns, const char *name)
{
	Both		kinds;

	if (!both_have(columns, "kind", &kinds))
		return;
	if (strcmp(spindle_json_string(&kinds.source), "number") == 0 && strcmp(spindle_json_string(&kinds.target), "number") == 0)
	{
		Distribution a = read_distribution(&columns->source);
		Distribution b = read_distribution(&columns->target);

		add(compared, "column", name, "KSComplement", learn_ks(&a, &b));
	}
	compare_frequencies(compared, columns, "frequencies", name, NULL);
	add(compared, "column", name, "null error", fabs(nulls_of(&columns->source) - nulls_of(&columns->target)));
	if (both_have(columns, "distinct", &kinds))
		add(compared, "column", name, "distinct ratio", ratio(number_in(&columns->source, "distinct"), number_in(&columns->target, "distinct")));
	compare_frequencies(compared, columns, "lengths", name, "LengthSimilarity");
	compare_frequencies(compared, columns, "masks", name, "MaskSimilarity");
	if (both_have(columns, "correlation", &kinds))
		add(compared, "column", name, "order error",
			fabs(number_in(&columns->source, "correlation") - number_in(&columns->target, "correlation")));
}

/* Compare a foreign key. */
static void
compare_key(Compared *compared, const Both *keys, const char *name)
{
	static const struct
	{
		const char *measure;
		double		top;
	}			tops[] = {{"top 1% error", 0.01}, {"top 10% error", 0.1}, {"top 20% error", 0.2}};
	Both		counts;
	Distribution a;
	Distribution b;

	if (!both_have(keys, "counts", &counts))
		return;
	a = read_counts(&counts.source, number_in(&keys->source, "parents"));
	b = read_counts(&counts.target, number_in(&keys->target, "parents"));
	add(compared, "reference", name, "CardinalityShapeSimilarity", learn_ks(&a, &b));
	for (int i = 0; i < lengthof(tops); i++)
		add(compared, "reference", name, tops[i].measure, fabs(learn_top_share(&a, tops[i].top) - learn_top_share(&b, tops[i].top)));
	add(compared, "reference", name, "orphans", number_in(&keys->target, "orphans"));
}

/* The cells of a pair, "AB:5 AC:7", as frequencies of two letters; added to those of the other side. */
static void
read_cells(const SpindleJson *node, bool is_target, Frequency *frequency)
{
	char	   *p = spindle_json_string(node);

	while (p[0] >= 'A' && p[0] <= 'Z' && p[1] >= 'A' && p[1] <= 'Z' && p[2] == ':')
	{
		Frequency  *f = &frequency[(p[0] - 'A') * LIKENESS_LETTERS + p[1] - 'A'];

		*(is_target ? &f->target : &f->source) += strtod(p + 3, &p);
		p += *p == ' ';
	}
}

/* Rows of the same parent are not chosen by themselves: let there be as many as parents, at most. */
static void
count_parents(const Both *pairs, Frequency *frequency)
{
	double		parents[] = {number_in(&pairs->source, "parents"), number_in(&pairs->target, "parents")};
	double		sum[] = {0, 0};

	for (int i = 0; i < LIKENESS_CELLS; i++)
	{
		sum[0] += frequency[i].source;
		sum[1] += frequency[i].target;
	}
	for (int i = 0; i < LIKENESS_CELLS; i++)
	{
		frequency[i].source *= parents[0] > 0 && parents[0] < sum[0] ? parents[0] / sum[0] : 1;
		frequency[i].target *= parents[1] > 0 && parents[1] < sum[1] ? parents[1] / sum[1] : 1;
	}
}

/* The two columns of a pair, as one text in UTF-8. */
static char *
columns_of(const SpindleJson *pair)
{
	SpindleJson columns = spindle_json_member(pair, "columns");
	StringInfoData text;
	const cJSON *item;
	int			n = 0;

	initStringInfo(&text);
	cJSON_ArrayForEach(item, columns.value)
	{
		SpindleJson name = spindle_json_child(&columns, item, n);

		appendStringInfo(&text, "%s%s", n++ ? ", " : "", spindle_json_string(&name));
	}
	return text.data;
}

/* Compare how two columns come together. */
static void
compare_pair(Compared *compared, const Both *pairs, const char *name, bool is_kin)
{
	Frequency  *frequency = palloc0(sizeof(Frequency) * LIKENESS_CELLS);
	Both		cells;

	if (!both_have(pairs, "cells", &cells))
		return;
	read_cells(&cells.source, false, frequency);
	read_cells(&cells.target, true, frequency);
	if (is_kin)
		count_parents(pairs, frequency);
	compared->is_aside = !learn_go_together(frequency);
	add(compared, is_kin ? "intertable" : "pair", name, is_kin ? "ContingencySimilarity of kin" : "ContingencySimilarity",
		learn_tv(frequency, LIKENESS_CELLS));
	if (spindle_json_has(&pairs->source, "ordered") && cJSON_IsTrue(spindle_json_member(&pairs->source, "ordered").value))
		add(compared, is_kin ? "intertable" : "pair", name, is_kin ? "CorrelationSimilarity of kin" : "CorrelationSimilarity",
			1 - fabs(learn_correlation(frequency, false) - learn_correlation(frequency, true)) / 2);
	compared->is_aside = false;
	pfree(frequency);
}

/* What identifies an element of a list of pairs, of kin or of queries. */
static char *
identity_of(const SpindleJson *element)
{
	StringInfoData text;
	static const char *const members[] = {"table", "key", "query"};

	initStringInfo(&text);
	for (int i = 0; i < lengthof(members); i++)
		if (cJSON_IsObject(element->value) && spindle_json_has(element, members[i]))
		{
			SpindleJson member = spindle_json_member(element, members[i]);

			appendStringInfo(&text, "%s\n", spindle_json_string(&member));
		}
	if (cJSON_IsObject(element->value) && spindle_json_has(element, "columns"))
		appendStringInfoString(&text, columns_of(element));
	return text.data;
}

/* An element of a list by what identifies it. */
typedef struct Element
{
	char	   *identity;
	SpindleJson node;
} Element;

static int
compare_elements(const void *a, const void *b)
{
	return strcmp(((const Element *) a)->identity, ((const Element *) b)->identity);
}

/* The elements of a list, sorted by their identities; palloc'd, *n of them. */
static Element *
elements_of(const SpindleJson *list, int *n)
{
	Element    *element = palloc(sizeof(Element) * Max(spindle_json_size(list), 1));
	const cJSON *item;

	*n = 0;
	spindle_json_expect_array(list);
	cJSON_ArrayForEach(item, list->value)
	{
		element[*n].node = spindle_json_child(list, item, *n);
		element[*n].identity = identity_of(&element[*n].node);
		(*n)++;
	}
	qsort(element, *n, sizeof(Element), compare_elements);
	return element;
}

/* Compare the rows that are expected of a query. */
static void
compare_query(Compared *compared, const Both *queries, const char *name)
{
	bool		is_join = cJSON_IsTrue(spindle_json_member(&queries->source, "join").value);

	add(compared, "query", name, is_join ? "q-error of joins" : "q-error", ratio(number_in(&queries->source, "rows"), number_in(&queries->target, "rows")));
}

/* Compare the elements of two lists that are the same; how is "pairs", "kinship" or "queries". */
static void
compare_lists(Compared *compared, const Both *objects, const char *how)
{
	Both		lists;
	int			n;
	int			others;
	Element    *target;
	const cJSON *item;

	if (!both_have(objects, how, &lists))
		return;
	target = elements_of(&lists.target, &others);
	spindle_json_expect_array(&lists.source);
	n = 0;
	cJSON_ArrayForEach(item, lists.source.value)
	{
		Both		pair = {.source = spindle_json_child(&lists.source, item, n++)};
		Element		wanted = {.identity = identity_of(&pair.source)};
		const Element *found = bsearch(&wanted, target, others, sizeof(Element), compare_elements);

		CHECK_FOR_INTERRUPTS();
		if (found == NULL)
			continue;
		pair.target = found->node;
		if (strcmp(how, "kinship") == 0)
		{
			SpindleJson table = spindle_json_member(&pair.source, "table");

			compared->table = server_text(compared, spindle_json_string(&table));
			compare_pair(compared, &pair, columns_of(&pair.source), true);
		}
		else if (strcmp(how, "pairs") == 0)
			compare_pair(compared, &pair, columns_of(&pair.source), false);
		else
		{
			SpindleJson query = spindle_json_member(&pair.source, "query");

			compare_query(compared, &pair, spindle_json_string(&query));
		}
	}
}

/* Call compare() for each member that two objects have, and note those that the target lacks. */
static void
compare_members(Compared *compared, const Both *objects, const char *name, const char *level,
				void (*compare) (Compared *compared, const Both *members, const char *name))
{
	Both		lists;
	const cJSON *item;

	if (!both_have(objects, name, &lists))
		return;
	cJSON_ArrayForEach(item, lists.source.value)
	{
		Both		members;

		CHECK_FOR_INTERRUPTS();
		if (item->string == NULL)
			continue;
		if (both_have(&lists, item->string, &members))
			compare(compared, &members, item->string);
		else
			add_line(compared, level, compared->table ? compared->table : server_text(compared, item->string),
					 compared->table ? server_text(compared, item->string) : NULL, "is there", 0, 1, false);
	}
}

/* Compare a table. */
static void
compare_table(Compared *compared, const Both *tables, const char *name)
{
	double		rows[] = {number_in(&tables->source, "rows"), number_in(&tables->target, "rows")};
	static const char *const sizes[][2] = {{"table_bytes", "table bytes per row ratio"}, {"index_bytes", "index bytes per row ratio"}};

	compared->table = server_text(compared, name);
	compare_members(compared, tables, "columns", "column", compare_column);
	compare_members(compared, tables, "keys", "reference", compare_key);
	compare_lists(compared, tables, "pairs");
	compare_lists(compared, tables, "queries");
	add(compared, "size", NULL, "rows ratio", ratio(rows[0], rows[1]));
	for (int i = 0; i < lengthof(sizes); i++)
		if (rows[0] > 0 && rows[1] > 0)
			add(compared, "size", NULL, sizes[i][1], ratio(number_in(&tables->source, sizes[i][0]) / rows[0],
														   number_in(&tables->target, sizes[i][0]) / rows[1]));
	compared->table = NULL;
}

/* For qsort(). */
static int
compare_rising(const void *a, const void *b)
{
	return -compare_falling(a, b);
}

/* Sum a measure up: the middle, and where there is a target for it, what all but a twentieth have. */
static void
sum_up(Compared *compared, const Target *target)
{
	double	   *value = palloc(sizeof(double) * Max(list_length(compared->result), 1));
	const char *level = NULL;
	int			n = 0;
	ListCell   *lc;

	foreach(lc, compared->result)
	{
		const SpindleLikeness *line = lfirst(lc);

		if (line->table && !line->is_aside && strcmp(line->measure, target->measure) == 0)
		{
			value[n++] = line->value;
			level = line->level;
		}
	}
	if (n == 0)
		return;
	qsort(value, n, sizeof(double), compare_rising);
	add_line(compared, level, NULL, NULL, MemoryContextStrdup(compared->context, psprintf("%s, median", target->measure)),
			 value[target->is_at_most ? (n - 1) / 2 : n / 2], target->median, target->is_at_most);
	add_line(compared, level, NULL, NULL, MemoryContextStrdup(compared->context, psprintf("%s, worst", target->measure)),
			 value[target->is_at_most ? n - 1 : 0], target->each, target->is_at_most);
	if (!isnan(target->most))
		add_line(compared, level, NULL, NULL, MemoryContextStrdup(compared->context, psprintf("%s, 95th percentile", target->measure)),
				 value[(int) floor((n - 1) * 0.95)], target->most, target->is_at_most);
}

/* The document of a profile. */
static SpindleJson
parse_profile(const char *text, const char *subject)
{
	char	   *utf8 = pg_server_to_any(unconstify(char *, text), (int) strlen(text), PG_UTF8);
	SpindleJson profile = spindle_json_parse(utf8, (int) strlen(utf8), subject);

	if (!cJSON_IsObject(profile.value) || !spindle_json_has(&profile, "spindle_profile"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is no profile of a schema", subject),
				 errhint("Give what spindle_profile() returns.")));
	return profile;
}

/*
 * spindle_learn_compare
 *		How like each other the schemas of two profiles are, texts in the server's
 *		encoding: a list of SpindleLikeness, palloc'd, of a level, or of "all".
 *
 * Raises invalid_parameter_value for what is no profile, with the place.
 */
List *
spindle_learn_compare(const char *source, const char *target, const char *level)
{
	Compared	compared = {.level = level,.context = CurrentMemoryContext};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle compare", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Both		profiles = {parse_profile(source, "source_profile"), parse_profile(target, "target_profile")};

	compare_members(&compared, &profiles, "tables", "size", compare_table);
	compare_lists(&compared, &profiles, "kinship");
	for (int i = 0; i < lengthof(targets); i++)
		sum_up(&compared, &targets[i]);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return compared.result;
}
